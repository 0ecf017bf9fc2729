//! Relocatable schemas, found by what tells where they are used.

use std::collections::BTreeMap;

use super::*;
use crate::host::testing::{Machine, database};

const XML: &str = r#"
<schema id="org.p" path="/org/p/">
  <key name="children" type="as"><default>['preset']</default></key>
  <key name="level" type="i"><range min="0" max="9"/><default>3</default></key>
</schema>
<schema id="org.p.child"><key name="name" type="s"><default>''</default></key></schema>
<schema id="org.q.other"><key name="name" type="s"><default>''</default></key></schema>
<schema id="org.q.pair">
  <key name="left" type="i"><default>0</default></key>
  <key name="right" type="i"><default>0</default></key>
  <key name="up" type="i"><default>0</default></key>
</schema>
<schema id="org.q.lone.deprecated"><key name="size" type="u"><default>0</default></key></schema>
<schema id="org.q.lone"><key name="size" type="u"><default>0</default></key></schema>
<schema id="org.gnome.desktop.app-folders.folder">
  <key name="apps" type="as"><default>[]</default></key>
</schema>
<schema id="org.s.Profiles" path="/org/s/profiles:/">
  <key name="list" type="as"><default>[]</default></key>
</schema>
<schema id="org.s.Profile">
  <key name="name" type="s"><default>''</default></key>
</schema>
"#;

/// What each key of the database is: a setting, `unsure` with the schemas, or `unknown`.
fn stored(values: &[(&str, &str)], wanted: &[&str]) -> BTreeMap<String, String> {
    let machine = Machine::new();
    machine.schemas(XML);
    machine.dconf(values);
    let host = machine.host();
    let wanted: WantedItems = wanted
        .iter()
        .map(|item| {
            let wanted = crate::core::item::Wanted {
                record: Record::new().with(VALUE, "'x'"),
                layer: Default::default(),
            };
            (ItemKey::new(*item), wanted)
        })
        .collect();
    let mut found = BTreeMap::new();
    let (dconf, schemas) = (dconf::read(&host).unwrap(), Schemas::open(&host));
    live::walk(&dconf, &schemas, &wanted, &mut |key, _, stored| {
        let what = match stored {
            live::Stored::Setting(key, _) => key.place(),
            live::Stored::Unsure(schemas) => format!("unsure: {}", schemas.join(" ")),
            live::Stored::Unknown => "unknown".to_owned(),
        };
        found.insert(key.to_owned(), what);
    });
    found
}

#[test]
fn every_kind_of_evidence_counts_and_chance_does_not() {
    let found = stored(
        &[
            // A convention.
            ("/org/gnome/desktop/app-folders/folders/Games/apps", "['a']"),
            // A list of the parent, set or by default, by name, by path, and with a colon.
            ("/org/p/children", "['one', '/org/p/deep/two/']"),
            ("/org/p/one/name", "'1'"),
            ("/org/p/deep/two/name", "'2'"),
            ("/org/s/profiles:/list", "['b1dc']"),
            ("/org/s/profiles:/:b1dc/name", "'3'"),
            // Not in any list, but the place is spelt as the schema is.
            ("/org/p/child/three/name", "'3'"),
            // Only one schema has these two keys with these types.
            ("/x/y/left", "1"),
            ("/x/y/right", "2"),
            // One has all the keys, and no more.
            ("/x/z/size", "uint32 1"),
            // One key of a schema with several proves nothing, nor does a name that several have.
            ("/x/u/left", "1"),
            ("/x/v/name", "'4'"),
            // Of another type, unheard of, or beside keys it does not belong to.
            ("/x/w/size", "'big'"),
            ("/x/q/nothing", "1"),
            ("/org/p/gone", "1"),
            ("/org/p/one-more/name", "'5'"),
            ("/org/p/one-more/left", "1"),
        ],
        &[],
    );
    let expected = [
        (
            "/org/gnome/desktop/app-folders/folders/Games/apps",
            "org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/Games/",
        ),
        ("/org/p/child/three/name", "org.p.child:/org/p/child/three/"),
        ("/org/p/children", "org.p"),
        ("/org/p/deep/two/name", "org.p.child:/org/p/deep/two/"),
        ("/org/p/gone", "unknown"),
        ("/org/p/one-more/left", "unknown"),
        ("/org/p/one-more/name", "unknown"),
        ("/org/p/one/name", "org.p.child:/org/p/one/"),
        ("/org/s/profiles:/:b1dc/name", "org.s.Profile:/org/s/profiles:/:b1dc/"),
        ("/org/s/profiles:/list", "org.s.Profiles"),
        ("/x/q/nothing", "unknown"),
        ("/x/u/left", "unsure: org.q.pair"),
        ("/x/v/name", "unsure: org.p.child org.q.other org.s.Profile"),
        ("/x/w/size", "unknown"),
        ("/x/y/left", "org.q.pair:/x/y/"),
        ("/x/y/right", "org.q.pair:/x/y/"),
        ("/x/z/size", "org.q.lone:/x/z/"),
    ];
    assert_eq!(found, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}

#[test]
fn a_manifest_settles_what_is_unsure() {
    let keys = [("/x/v/name", "'4'"), ("/org/p/preset/name", "'5'")];
    assert!(stored(&keys, &[])["/x/v/name"].starts_with("unsure"));
    let found = stored(&keys, &["org.q.other:/x/v/ name"]);
    assert_eq!(found["/x/v/name"], "org.q.other:/x/v/");
    assert_eq!(found["/org/p/preset/name"], "org.p.child:/org/p/preset/");
}

#[test]
fn an_extension_brings_its_own_schemas() {
    let machine = Machine::new();
    machine.schemas_in(
        "home/.local/share/gnome-shell/extensions/a@b/schemas",
        r#"<schema id="org.gnome.shell.extensions.a" path="/org/gnome/shell/extensions/a/">
            <key name="greeting" type="s"><default>'hello'</default></key></schema>
           <schema id="org.gnome.shell.extensions.a.desk">
            <key name="colour" type="s"><default>''</default></key>
            <key name="width" type="i"><default>0</default></key></schema>"#,
    );
    machine.dconf(&[
        ("/org/gnome/shell/extensions/a/greeting", "'hi'"),
        ("/org/gnome/shell/extensions/a/desk/1/colour", "'red'"),
    ]);
    let host = machine.host();
    let live = Gsettings.live(&host, &WantedItems::new()).unwrap();
    let keys: Vec<String> = live.items.keys().map(ToString::to_string).collect();
    assert_eq!(
        keys,
        [
            "org.gnome.shell.extensions.a greeting",
            "org.gnome.shell.extensions.a.desk:/org/gnome/shell/extensions/a/desk/1/ colour",
        ]
    );
}

fn since(before: &[(&str, &str)], now: &[(&str, &str)]) -> Vec<Since> {
    let machine = Machine::new();
    machine.schemas(XML);
    machine.dconf(before);
    let host = machine.host();
    baseline::ensure(&host).unwrap();
    machine.dconf(now);
    // Made once: what is set later does not get into it.
    baseline::ensure(&host).unwrap();
    let baseline = baseline::read(&host).unwrap().unwrap();
    assert!(Settings::read(&host).unwrap().since(&baseline::now_of(&host)).is_empty());
    Settings::read(&host).unwrap().since(&baseline)
}

#[test]
fn the_baseline_tells_what_came_went_and_changed() {
    let found = since(
        &[
            ("/org/p/level", "1"),
            ("/org/p/preset/name", "'a b'"),
            ("/org/p/children", "['preset', 'y']"),
        ],
        &[
            ("/org/p/level", "2"),
            ("/x/y/left", "1"),
            ("/x/y/right", "1"),
            ("/org/p/children", "['preset', 'y']"),
        ],
    );
    let one = |item: &str, before: Option<&str>, value: Option<&str>| Since {
        item: ItemKey::new(item),
        before: before.map(str::to_owned),
        value: value.map(str::to_owned),
    };
    assert_eq!(
        found,
        [
            one("org.p level", Some("1"), Some("2")),
            one("org.p.child:/org/p/preset/ name", Some("'a b'"), None),
            one("org.q.pair:/x/y/ left", None, Some("1")),
            one("org.q.pair:/x/y/ right", None, Some("1")),
        ]
    );
}

#[test]
fn a_damaged_baseline_is_an_error_and_never_empty() {
    let machine = Machine::new();
    machine.schemas(XML);
    let host = machine.host();
    assert_eq!(baseline::read(&host).unwrap(), None);
    let good = "# mine\n\norg.p level 4\norg.x:/a b/ c/ key 'one  two'\norg.gone k uint32 3\n";
    let path = machine.file("home/.local/share/bkt/gsettings-baseline.txt", good);
    let read = baseline::read(&host).unwrap().unwrap();
    let expected =
        [("org.gone k", "uint32 3"), ("org.p level", "4"), ("org.x:/a b/ c/ key", "'one  two'")];
    assert_eq!(read, expected.map(|(k, v)| (ItemKey::new(k), v.to_owned())).into());
    for bad in
        ["org.p level", "org.p", "nonsense", "org.p level 'open", "org.p level 4\norg.p level 5"]
    {
        std::fs::write(&path, format!("org.p children ['a']\n{bad}\n")).unwrap();
        let error = baseline::read(&host).unwrap_err().to_string();
        assert!(error.contains("line "), "{bad}: {error}");
        // What is there is not written over on the way.
        baseline::ensure(&host).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains(bad));
    }
    baseline::reset(&host).unwrap();
    assert_eq!(baseline::read(&host).unwrap().unwrap().len(), 0);
}

#[test]
fn vendor_and_administrator_give_defaults() {
    let machine = Machine::new();
    machine.schemas(XML);
    machine.file("usr/share/glib-2.0/schemas/50_vendor.gschema.override", "[org.p]\nlevel=5\n");
    crate::host::testing::compile(&machine.dir.path().join("usr/share/glib-2.0/schemas"));
    let changed = |values: &[(&str, &str)]| {
        machine.dconf(values);
        let settings = Settings::read(&machine.host()).unwrap();
        let changed = settings.changed(&WantedItems::new());
        changed.into_values().map(|one| (one.default, one.value)).collect::<Vec<_>>()
    };
    let pair = |a: &str, b: &str| vec![(a.to_owned(), b.to_owned())];
    assert_eq!(changed(&[("/org/p/level", "5")]), []);
    assert_eq!(changed(&[("/org/p/level", "3")]), pair("5", "3"));
    machine.file("etc/dconf/profile/user", "user-db:user\nsystem-db:local\n");
    machine.file("etc/dconf/db/local", database(&[("/org/p/level", "7")], &[]));
    assert_eq!(changed(&[("/org/p/level", "7")]), []);
    assert_eq!(changed(&[("/org/p/level", "5")]), pair("7", "5"));
    // A value that is not allowed is not in force, and no change; it is said all the same.
    assert_eq!(changed(&[("/org/p/level", "50")]), []);
    let odd = Settings::read(&machine.host()).unwrap().odd(&WantedItems::new());
    let [Odd { oddity: Oddity::NotAllowed { reason, .. }, .. }] = &odd[..] else {
        panic!("{odd:?}")
    };
    assert_eq!(reason, "50 is not a number from 0 to 9");
}

#[test]
fn what_is_asked_for_is_looked_up() {
    let machine = Machine::new();
    machine.schemas(XML);
    machine.dconf(&[("/org/p/preset/name", "'a'")]);
    let host = machine.host();
    let key = |text: &str| SettingKey::parse(&ItemKey::new(text)).unwrap();
    let typed = |item: &str, text: &str| typed(&host, &key(item), text);
    let (found, record) = typed("org.p:/org/p/ level", "4").unwrap();
    assert_eq!((found.to_string(), text(&record)), ("org.p level".to_owned(), "4".to_owned()));
    let (_, record) = typed("org.p.child:/org/p/preset/ name", "it's bare").unwrap();
    assert_eq!(text(&record), "\"it's bare\"");
    for (item, value, says, close) in [
        ("org.pp level", "4", "the schema org.pp is not installed", "org.p"),
        ("org.p levl", "4", "has no key “levl”", "org.p level"),
        ("org.p:/x/ level", "4", "is kept at /org/p/, and nowhere else", ""),
        ("org.p.child name", "x", "is used in several places", "org.p.child:/org/p/preset/ name"),
        ("org.p level", "four", "four is not a whole number", ""),
        ("org.gnome.shell enabled-extensions", "[]", "use bkt extension enable", ""),
    ] {
        let unfit = typed(item, value).unwrap_err();
        assert!(unfit.message.contains(says), "{}", unfit.message);
        assert_eq!(unfit.close.first().map_or("", String::as_str), close, "{item}");
    }
    let record = Record::new().with(VALUE, "10");
    let unfit = Gsettings.validate(&host, &ItemKey::new("org.p level"), &record).unwrap_err();
    assert_eq!(unfit.message, "10 is not a number from 0 to 9");
    assert_eq!(text(&unchecked(&key("org.absent k"), " uint32  3").unwrap()), "uint32 3");
    assert!(unchecked(&key("org.absent k"), "bare").is_err());
}
