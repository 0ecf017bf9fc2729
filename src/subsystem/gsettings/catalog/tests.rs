//! Tests of what is listed, and of what the machine says of it.

use super::*;
use crate::core::item::Value;
use crate::host::testing::{Machine, database};

const XML: &str = r#"
<enum id="org.t.E"><value nick="one" value="0"/><value nick="two" value="1"/></enum>
<schema id="org.gnome.desktop.interface" path="/i/">
  <key name="color-scheme" enum="org.t.E"><default>'one'</default><summary>Color
     scheme.</summary><description>Dark or light</description></key>
  <key name="count" type="i"><range min="0" max="9"/><default>3</default></key>
</schema>
<schema id="org.gnome.desktop.a11y.magnifier" path="/m/">
  <key name="on" type="b"><default>true</default><summary>The colour of the lens</summary></key>
</schema>
<schema id="org.gnome.empty" path="/empty/"></schema>
<schema id="org.gnome.shell" path="/org/gnome/shell/">
  <key name="enabled-extensions" type="as"><default>[]</default></key>
  <key name="favorite-apps" type="as"><default>['a']</default></key>
</schema>
<schema id="org.gnome.desktop.app-folders.folder">
  <key name="name" type="s"><default>''</default></key>
</schema>
"#;

const FOLDER: &str = "/org/gnome/desktop/app-folders/folders/Games/name";

fn load(machine: &Machine, tracked: &[&str]) -> (Catalog, Values) {
    let tracked: Vec<ItemKey> = tracked.iter().map(|item| ItemKey::new(*item)).collect();
    Catalog::load(&machine.host(), &tracked).unwrap()
}

fn machine(dconf: &[(&str, &str)]) -> Machine {
    let machine = Machine::new();
    machine.schemas(XML);
    machine.dconf(dconf);
    machine
}

fn get<'a>(catalog: &'a Catalog, item: &str) -> &'a Arc<Setting> {
    &catalog.settings[catalog.find(&ItemKey::new(item)).unwrap()]
}

#[test]
fn settings_are_listed_by_group_with_summary_and_editor() {
    let machine = machine(&[(FOLDER, "'Games'")]);
    let (catalog, _) = load(&machine, &["org.gnome.desktop.app-folders.folder:/else/ name"]);
    let titles: Vec<String> = catalog
        .groups
        .iter()
        .flat_map(|g| {
            g.places.iter().map(move |p| format!("{} › {} › {}", g.section, g.title, p.title))
        })
        .collect();
    assert_eq!(
        titles,
        [
            "Desktop › Accessibility › Magnifier",
            "Desktop › App Folders › Folder · Games",
            "Desktop › App Folders › Folder · else",
            "Desktop › Appearance › ",
            "Desktop › Shell › ",
        ]
    );
    let scheme = get(&catalog, "org.gnome.desktop.interface color-scheme");
    assert_eq!(scheme.title, "Color scheme");
    assert_eq!(scheme.description.as_deref(), Some("Dark or light"));
    assert_eq!(scheme.editor, Editor::Choice(vec!["one".to_owned(), "two".to_owned()]));
    assert_eq!(scheme.dconf_key, "/i/color-scheme");
    assert_eq!(get(&catalog, "org.gnome.desktop.interface count").title, "Count");
    assert_eq!(get(&catalog, "org.gnome.shell favorite-apps").editor, Editor::List { set: true });
    assert!(get(&catalog, "org.gnome.shell enabled-extensions").elsewhere.is_some());
}

#[test]
fn search_looks_in_summary_schema_and_key_and_prefers_titles() {
    let (catalog, _) = load(&machine(&[]), &[]);
    let found = |text: &str| -> Vec<String> {
        catalog
            .search(text)
            .into_iter()
            .map(|at| catalog.settings[at].key.key.to_string())
            .collect()
    };
    assert_eq!(found("colo"), ["on", "color-scheme"]);
    assert_eq!(found("LENS colour"), ["on"]);
    assert_eq!(found("magnifier"), ["on"]);
    assert_eq!(found("interface count"), ["count"]);
    assert_eq!(found("no such thing"), Vec::<String>::new());
}

#[test]
fn a_value_says_whose_it_is() {
    let mut machine = machine(&[("/i/count", "5"), ("/m/on", "false"), ("/i/color-scheme", "'x'")]);
    machine.vars.insert("DCONF_PROFILE".to_owned(), "both".to_owned());
    machine.file("etc/dconf/profile/both", "user-db:user\nsystem-db:local\n");
    let system = [("/i/count", "7"), ("/m/on", "true")];
    machine.file("etc/dconf/db/local", database(&system, &["/m/on"]));
    machine.file(
        "usr/share/glib-2.0/schemas/90.gschema.override",
        "[org.gnome.shell]\nfavorite-apps=['b']\n[org.gnome.desktop.interface:Other]\ncolor-scheme='two'\n",
    );
    crate::host::testing::compile(&machine.dir.path().join("usr/share/glib-2.0/schemas"));
    let (catalog, values) = load(&machine, &[]);
    let state = |item: &str| values.state(get(&catalog, item));
    let count = state("org.gnome.desktop.interface count");
    assert_eq!((count.source, count.default_source), (Source::Person, Source::Administrator));
    assert_eq!((count.value.get::<i32>(), count.default.get::<i32>()), (Some(5), Some(7)));
    // A locked key has the administrator's value, whatever the person has set.
    let on = state("org.gnome.desktop.a11y.magnifier on");
    assert!(on.locked && on.value.get::<bool>() == Some(true));
    assert_eq!(on.source, Source::Administrator);
    let apps = state("org.gnome.shell favorite-apps");
    assert_eq!((apps.source, apps.value.print(false).as_str()), (Source::Vendor, "['b']"));
    // GSettings takes no notice of a value that is out of range, nor of another desktop's override.
    let scheme = state("org.gnome.desktop.interface color-scheme");
    assert_eq!((scheme.source, scheme.value.str()), (Source::Schema, Some("one")));
}

#[test]
fn a_value_becomes_the_record_that_the_manifest_has() {
    let (catalog, _) = load(&machine(&[]), &[]);
    let apps = get(&catalog, "org.gnome.shell favorite-apps");
    let value = apps.parse("['b', 'a']").unwrap();
    assert!(matches!(apps.record(&value).get(VALUE), Some(Value::Set(set)) if set.len() == 2));
    assert_eq!(apps.text(&apps.record(&value)).as_deref(), Some("['b', 'a']"));
    let count = get(&catalog, "org.gnome.desktop.interface count");
    assert_eq!(count.parse("'a'").unwrap_err().to_string(), "'a' is not a whole number");
}

/// The build root has the schemas of the lab's desktop; a machine without any has nothing to walk.
#[test]
fn every_installed_key_has_an_editor_or_a_type_that_is_listed() {
    let mut env = crate::host::Environment::below(std::path::Path::new("/"));
    env.data_dirs = vec!["/usr/local/share".into(), "/usr/share".into()];
    let host = Host::new(env, Arc::new(crate::host::command::Real));
    let schemas = Schemas::open(&host);
    let (fixed, relocatable) = schemas.list();
    let mut walked = 0;
    for id in fixed.iter().chain(&relocatable) {
        let schema = schemas.schema(id).unwrap();
        for name in schema.keys() {
            let key = schema.key(&name).unwrap();
            let kind = key.type_string();
            match Editor::of(&key, false) {
                Editor::Unknown => panic!("{id} {name}: {kind} is neither edited nor listed"),
                Editor::Raw(_) => assert!(RAW.iter().any(|(raw, _)| *raw == kind), "{id} {name}"),
                _ => (),
            }
            walked += 1;
        }
    }
    println!("{walked} keys in {} schemas", fixed.len() + relocatable.len());
    // Where the desktop is installed, the walk is not over an empty directory.
    assert!(!fixed.contains(&"org.gnome.shell".to_owned()) || walked > 500);
}

#[test]
fn summaries_name_items_of_installed_schemas() {
    let machine = machine(&[]);
    let item = ItemKey::new("org.gnome.desktop.interface color-scheme");
    let (missing, none) = (ItemKey::new("org.absent key"), ItemKey::new("org.gnome.shell absent"));
    let mut summaries = Summaries::default();
    summaries.read(&machine.host(), [&item, &missing, &none]);
    let detail = "org.gnome.desktop.interface color-scheme".to_owned();
    assert_eq!(summaries.title(&item), Some(("Color scheme".to_owned(), detail)));
    assert_eq!((summaries.title(&missing), summaries.title(&none)), (None, None));
}
