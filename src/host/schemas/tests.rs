use super::*;
use crate::host::testing::Machine;

const XML: &str = r#"
<enum id="org.t.E"><value nick="one" value="0"/><value nick="two" value="1"/></enum>
<schema id="org.t" path="/org/t/">
  <key name="text" type="s"><default>'x'</default><summary>A text</summary></key>
  <key name="choice" enum="org.t.E"><default>'one'</default></key>
  <key name="count" type="i"><range min="0" max="9"/><default>3</default></key>
  <key name="big" type="u"><default>1</default></key>
  <key name="on" type="b"><default>true</default></key>
  <key name="list" type="as"><default>[]</default></key>
</schema>
<schema id="org.t.also" path="/org/t/"><key name="other" type="s"><default>''</default></key></schema>
<schema id="org.t.free"><key name="text" type="s"><default>''</default></key></schema>
"#;

#[test]
fn keys_are_described_and_values_checked() {
    let machine = Machine::new();
    machine.schemas(XML);
    let schemas = Schemas::open(&machine.host());
    let schema = schemas.schema("org.t").unwrap();
    assert_eq!((schema.id().as_str(), schema.path()), ("org.t", Some("/org/t/")));
    assert!(schemas.schema("org.absent").is_none() && schema.key("absent").is_none());
    assert_eq!(schemas.schema("org.t.free").unwrap().path(), None);
    let key = |name: &str| schema.key(name).unwrap();
    assert_eq!(key("choice").range(), Range::Choices(vec!["one".to_owned(), "two".to_owned()]));
    assert_eq!(key("count").range(), Range::Between("0".to_owned(), "9".to_owned()));
    assert_eq!(key("text").range(), Range::Any);
    assert_eq!(key("text").summary().as_deref(), Some("A text"));
    assert_eq!(key("count").default_value().get::<i32>(), Some(3));
    assert_eq!(key("big").check("7").unwrap().print(true), "uint32 7");
    assert_eq!(key("list").check("[]").unwrap().print(true), "@as []");
    for (name, text, says) in [
        ("text", "dark", "dark is not text in quotes, such as 'dark'"),
        ("on", "yes", "yes is not true or false"),
        ("count", "10", "10 is not a number from 0 to 9"),
        ("count", "'a'", "'a' is not a whole number"),
        ("choice", "'three'", "'three' is not one of 'one', 'two'"),
        ("list", "'a'", "'a' is not a list of texts in quotes, such as ['one', 'two']"),
    ] {
        assert_eq!(key(name).check(text).unwrap_err().to_string(), says);
    }
}

#[test]
fn several_schemas_may_share_a_path() {
    let machine = Machine::new();
    machine.schemas(XML);
    let schemas = Schemas::open(&machine.host());
    let at = |dir: &str| schemas.at(dir).iter().map(Schema::id).collect::<Vec<_>>();
    assert_eq!(at("/org/t/"), ["org.t", "org.t.also"]);
    assert!(at("/org/").is_empty());
}

#[test]
fn stronger_places_come_first() {
    let simple = |default: &str| {
        format!(
            r#"<schema id="org.t" path="/t/"><key name="k" type="s"><default>'{default}'</default></key></schema>"#
        )
    };
    let mut machine = Machine::new();
    let default = |machine: &Machine| {
        let schemas = Schemas::open(&machine.host());
        schemas.schema("org.t").unwrap().key("k").unwrap().default_value().get::<String>().unwrap()
    };
    machine
        .schemas_in("home/.local/share/gnome-shell/extensions/a@b/schemas", &simple("extension"));
    assert_eq!(default(&machine), "extension");
    machine.schemas(&simple("shared"));
    assert_eq!(default(&machine), "shared");
    machine.schemas_in("home/.local/share/glib-2.0/schemas", &simple("own"));
    assert_eq!(default(&machine), "own");
    machine.schemas_in("first", &simple("named"));
    let dirs = format!("{}:/absent", machine.dir.path().join("first").display());
    machine.vars.insert("GSETTINGS_SCHEMA_DIR".to_owned(), dirs);
    assert_eq!(default(&machine), "named");
}

#[test]
fn without_schemas_nothing_is_known() {
    let schemas = Schemas::open(&Machine::new().host());
    assert!(schemas.schema("org.t").is_none() && schemas.at("/t/").is_empty());
    assert_eq!(schemas.list(), (Vec::new(), Vec::new()));
}
