use std::collections::BTreeMap;

use super::*;
use crate::core::ignore::{IgnoreRule, IgnoreRules, Ignored};
use crate::core::item::{Barred, Layer, Live, Reading, Value};
use crate::host::testing::{Machine, database};

const XML: &str = r#"
<schema id="org.gnome.shell" path="/org/gnome/shell/">
  <key name="favorite-apps" type="as"><default>['x.desktop']</default></key>
  <key name="enabled-extensions" type="as"><default>[]</default></key>
  <key name="command-history" type="as"><default>[]</default></key>
</schema>
<schema id="org.t" path="/org/t/">
  <key name="text" type="s"><default>'x'</default></key>
  <key name="count" type="i"><range min="0" max="9"/><default>3</default></key>
  <key name="on" type="b"><default>true</default></key>
</schema>
<schema id="org.t.free">
  <key name="text" type="s"><default>''</default></key>
  <key name="more" type="s"><default>''</default></key>
</schema>
<schema id="org.gnome.desktop.app-folders" path="/org/gnome/desktop/app-folders/">
  <key name="folder-children" type="as"><default>[]</default></key>
</schema>
<schema id="org.gnome.desktop.app-folders.folder">
  <key name="apps" type="as"><default>[]</default></key>
</schema>
"#;

fn machine(dconf: &[(&str, &str)], manifest: &str) -> (Machine, Host, Manifests) {
    let machine = Machine::new();
    machine.schemas(XML);
    machine.dconf(dconf);
    machine.file("repo/manifests/gsettings.json", manifest);
    let manifests = Manifests::new(&machine.dir.path().join("repo/manifests"), "machine");
    let host = machine.host();
    (machine, host, manifests)
}

fn read_live(host: &Host, manifests: &Manifests) -> BTreeMap<String, String> {
    let wanted = Gsettings.wanted(manifests, host).unwrap();
    let live = Gsettings.live(host, &wanted).unwrap();
    let show = |live: &Live| match (&live.barred, &live.reading) {
        (Some(barred), _) => format!("○ {}", barred.reason()),
        (None, Reading::Known(record)) => text(record),
        (None, Reading::Absent) => format!("- {}", live.note.clone().unwrap_or_default()),
        (None, Reading::Unknown(why)) => format!("? {why}"),
    };
    live.items.iter().map(|(key, live)| (key.to_string(), show(live))).collect()
}

fn change(item: &str, side: Side, before: Option<&str>, after: Option<&str>) -> Change {
    let record = |value: &str| Record::new().with(VALUE, value);
    Change {
        subsystem: ABOUT.id.clone(),
        item: ItemKey::new(item),
        title: item.to_owned(),
        side,
        layer: Layer::Shared,
        before: before.map(record),
        after: after.map(record),
        other: None,
        held: None,
    }
}

#[test]
fn live_is_what_the_person_has_set() {
    let (_machine, host, manifests) = machine(
        &[
            ("/org/t/text", "'set'"),
            // Of the wrong type, and out of range: GSettings takes no notice of either.
            ("/org/t/on", "'yes'"),
            ("/org/t/count", "99"),
            ("/org/t/unknown-key", "1"),
            ("/no/schema/here", "1"),
            ("/org/gnome/shell/favorite-apps", "['b.desktop', 'a.desktop']"),
            ("/org/gnome/shell/enabled-extensions", "['a@b']"),
            ("/org/gnome/desktop/app-folders/folder-children", "['Utilities', 'YaST']"),
            ("/org/gnome/desktop/app-folders/folders/Games/apps", "['g.desktop']"),
            // One key that several schemas may have says nothing about which it is.
            ("/some/where/text", "'free'"),
        ],
        r#"{"settings":[]}"#,
    );
    let live = read_live(&host, &manifests);
    let expected = [
        (
            "org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/Games/ apps",
            "['g.desktop']",
        ),
        ("org.gnome.shell favorite-apps", "['b.desktop', 'a.desktop']"),
        ("org.t text", "'set'"),
    ];
    assert_eq!(live, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}

#[test]
fn a_manifest_says_where_else_to_look() {
    let (_machine, host, manifests) = machine(
        &[("/some/where/text", "'free'"), ("/org/t/count", "99")],
        r#"{"settings":[
            {"schema":"org.t.free","key":"text","path":"/some/where/","value":"'other'"},
            {"schema":"org.t.free","key":"text","path":"/else/where/","value":"'other'"},
            {"schema":"org.t","key":"count","path":"/org/t/","value":"4"},
            {"schema":"org.t","key":"gone","value":"4"},
            {"schema":"org.absent","key":"k","value":"whatever"},
            {"schema":"org.gnome.shell","key":"enabled-extensions","value":"['a@b']"}
        ]}"#,
    );
    let live = read_live(&host, &manifests);
    let expected = [
        ("org.absent k", "○ the schema org.absent is not installed"),
        (
            "org.gnome.shell enabled-extensions",
            "○ extensions are switched on and off through gnome-extensions.json",
        ),
        ("org.t count", "- What is stored is not in force: 99 is not a number from 0 to 9"),
        ("org.t gone", "○ the schema org.t has no key “gone”"),
        ("org.t.free:/some/where/ text", "'free'"),
    ];
    assert_eq!(live, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}

#[test]
fn a_value_out_of_range_is_that_items_own_trouble() {
    let (_machine, host, manifests) = machine(
        &[("/org/t/count", "3"), ("/org/t/text", "'y'")],
        r#"{"settings":[{"schema":"org.t","key":"count","value":"12"}]}"#,
    );
    let live = read_live(&host, &manifests);
    assert_eq!(live["org.t count"], "○ 12 is not a number from 0 to 9");
    assert_eq!(live["org.t text"], "'y'");
}

#[test]
fn wrong_entries_are_errors_at_their_place() {
    for (entry, says) in [
        (r#"{"schema":"org.t","key":"on","value":"'yes'"}"#, "2:1: 'yes' is not true or false"),
        (r#"{"schema":"org.t","key":"text","value":"dark"}"#, "such as 'dark'"),
        (r#"{"schema":"org.t","key":"text","path":"/x/","value":"''"}"#, "is kept at /org/t/"),
        (r#"{"schema":"org.t.free","key":"text","value":"''"}"#, "needs a “path”"),
        (r#"{"schema":"org.t","key":"text"}"#, "“value” is missing"),
        (r#"{"schema":"org t","key":"text","value":"''"}"#, "is not a settings schema"),
        (r#"{"schema":"org.t","key":"text","value":3}"#, "expected a string"),
    ] {
        let (_machine, host, manifests) = machine(&[], &format!("{{\"settings\":[\n{entry}\n]}}"));
        let error = format!("{:#}", Gsettings.wanted(&manifests, &host).unwrap_err());
        assert!(error.contains("gsettings.json:2:") && error.contains(says), "{error}");
    }
}

#[test]
fn spelling_is_no_difference() {
    let (_machine, host, manifests) = machine(
        &[],
        r#"{"settings":[
            {"schema":"org.t","key":"text","value":"  \"a\" "},
            {"schema":"org.gnome.shell","key":"favorite-apps","value":"['b','a','b']"}
        ]}"#,
    );
    let wanted = Gsettings.wanted(&manifests, &host).unwrap();
    assert_eq!(wanted[&ItemKey::new("org.t text")].record.text(VALUE), Some("'a'"));
    let apps = Value::Set(vec!["a".to_owned(), "b".to_owned()].into());
    let favorites = &wanted[&ItemKey::new("org.gnome.shell favorite-apps")].record;
    assert_eq!(favorites.get(VALUE), Some(&apps));
    assert_eq!(text(favorites), "['b', 'a']");
}

#[test]
fn flags_and_known_lists_are_sets_and_other_lists_are_not() {
    let machine = Machine::new();
    machine.schemas(
        r#"<flags id="org.f.F"><value nick="aa" value="1"/><value nick="bb" value="2"/></flags>
        <schema id="org.f" path="/org/f/">
          <key name="flags" flags="org.f.F"><default>[]</default></key>
          <key name="order" type="as"><default>[]</default></key>
        </schema>
        <schema id="org.gnome.desktop.input-sources" path="/org/gnome/desktop/input-sources/">
          <key name="xkb-options" type="as"><default>[]</default></key>
        </schema>"#,
    );
    let host = machine.host();
    let value = |item: &str, text: &str| {
        let key = SettingKey::parse(&ItemKey::new(item)).unwrap();
        typed(&host, &key, text).unwrap().1.get(VALUE).cloned().unwrap()
    };
    let sets = ["org.f flags", "org.gnome.desktop.input-sources xkb-options"];
    for item in sets {
        assert_eq!(value(item, "['aa', 'bb']"), value(item, "['bb', 'aa']"));
        assert_eq!(live::text(&value(item, "[]")), "@as []");
    }
    assert_ne!(value("org.f order", "['a', 'b']"), value("org.f order", "['b', 'a']"));
}

#[test]
fn capture_touches_one_value_and_keeps_the_rest() {
    let before = r#"{
  "settings": [
    {"schema": "org.t", "key": "count", "value": "1"},
    // why
    {"schema": "org.t", "path": "/org/t/", "key": "text", "value": "'old'", "comment": "mine", "more": 1}
  ]
}
"#;
    let (_machine, _, mut manifests) = machine(&[], before);
    let changes = [
        change("org.t text", Side::Manifest, Some("'old'"), Some("'new'")),
        change("org.t.free:/a/ text", Side::Manifest, None, Some("'it'")),
    ];
    Gsettings.capture(&mut manifests, &changes.iter().collect::<Vec<_>>()).unwrap();
    let after = manifests.edits()[0].after.clone().unwrap();
    assert!(
        after.contains(r#""key": "text", "value": "'new'", "comment": "mine", "more": 1}"#),
        "{after}"
    );
    assert!(
        after.contains("// why") && after.contains(r#""key": "count", "value": "1"}"#),
        "{after}"
    );
    let json: serde_json::Value = serde_json::from_str(&after.replace("// why", "")).unwrap();
    assert_eq!(
        json["settings"][2],
        serde_json::json!({"schema": "org.t.free", "key": "text", "path": "/a/", "value": "'it'"})
    );
    let gone = change("org.t text", Side::Manifest, Some("'new'"), None);
    Gsettings.capture(&mut manifests, &[&gone]).unwrap();
    let after = manifests.edits()[0].after.clone().unwrap();
    assert!(!after.contains("'new'") && after.contains("'it'"), "{after}");
}

#[test]
fn an_apply_is_one_write_and_names_what_it_cannot_do() {
    let (machine, host, _) = machine(&[("/org/t/text", "'old'")], "{}");
    machine.file("etc/dconf/profile/user", "user-db:user\nsystem-db:local\n");
    machine.file("etc/dconf/db/local", database(&[("/org/t/on", "false")], &["/org/t/on"]));
    let changes = [
        change("org.t text", Side::System, Some("'old'"), None),
        change("org.t count", Side::System, None, Some("4")),
        change("org.t.free:/a/ text", Side::System, None, Some("'it'")),
        change("org.t on", Side::System, None, Some("true")),
        change("org.absent k", Side::System, None, Some("1")),
    ];
    let steps = Gsettings.steps(&changes.iter().collect::<Vec<_>>(), &host).unwrap();
    let [step] = &steps.steps[..] else { panic!("{steps:?}") };
    let edit = |key: &str, before: Option<&str>, after: Option<&str>| DconfEdit {
        key: key.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    let edits = vec![
        edit("/org/t/text", Some("'old'"), None),
        edit("/org/t/count", None, Some("4")),
        edit("/a/text", None, Some("'it'")),
    ];
    assert_eq!(step.action, Action::Dconf(edits));
    let blocked: Vec<&str> = steps.blocked.iter().map(|b| b.reason.as_str()).collect();
    assert_eq!(
        blocked,
        [
            "the administrator of this machine has locked this setting",
            "the schema org.absent is not installed"
        ]
    );
}

#[test]
fn a_locked_key_says_what_is_in_force() {
    let (machine, host, manifests) = machine(
        &[("/org/t/on", "true"), ("/org/t/text", "'mine'")],
        r#"{"settings":[{"schema":"org.t","key":"on","value":"true"}]}"#,
    );
    machine.file("etc/dconf/profile/user", "user-db:user\nsystem-db:local\n");
    let locks = ["/org/t/on", "/org/t/text"];
    machine.file("etc/dconf/db/local", database(&[("/org/t/on", "false")], &locks));
    let wanted = Gsettings.wanted(&manifests, &host).unwrap();
    let live = Gsettings.live(&host, &wanted).unwrap();
    let on = &live.items[&ItemKey::new("org.t on")];
    assert_eq!(on.reading, Reading::Known(Record::new().with(VALUE, "false")));
    assert!(on.note.as_deref().unwrap().contains("Locked"));
    let why = "the administrator has locked it at false".to_owned();
    assert_eq!(on.barred, Some(Barred::Locked(why)));
    assert_eq!(live.items.len(), 1);
}

#[test]
fn noise_is_ignored_and_choices_are_not() {
    #[derive(serde::Deserialize)]
    struct Noise {
        ignore: Vec<IgnoreRule>,
    }
    let noise: Noise = serde_json::from_str(include_str!("../../../data/noise.json")).unwrap();
    assert!(noise.ignore.iter().all(|rule| rule.reason.as_ref().is_some_and(|r| !r.is_empty())));
    let rules = IgnoreRules::new(&[], &noise.ignore, Vec::new()).unwrap();
    let ignored = |item: &str| {
        matches!(
            rules.item(&ABOUT.id, &ItemKey::new(item), None, Some(&Record::new())),
            Some(Ignored::Noise(_))
        )
    };
    for item in [
        "org.gnome.shell command-history",
        "org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/YaST/ apps",
        "org.gnome.software check-timestamp",
        "org.gnome.evolution-data-server migrated",
        "org.gnome.evolution-data-server.calendar notify-window-x",
        "org.gtk.gtk4.Settings.FileChooser window-size",
        "org.gtk.Settings.ColorChooser custom-colors",
        "org.example.App window-maximized",
        "org.gnome.shell.weather locations",
        "org.gnome.evolution-data-server.calendar reminders-past",
        "org.gtk.gtk4.Settings.EmojiChooser recently-used-emoji",
        "org.gnome.Settings last-panel",
        "org.example.App.state.window size",
        "org.example.Portal:/org/gnome/portal/filechooser/org.x/ show-hidden",
        "org.example.App fullscreen",
        "org.example.App search-history",
    ] {
        assert!(ignored(item), "{item}");
    }
    for item in [
        "org.gnome.desktop.interface color-scheme",
        "org.gnome.desktop.privacy recent-files-max-age",
        "org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/Games/ apps",
        "org.gtk.gtk4.Settings.FileChooser show-hidden",
        "org.gnome.desktop.notifications show-banners",
        "org.gnome.desktop.notifications.application:/org/gnome/desktop/notifications/application/x/ enable",
        "org.gnome.shell favorite-apps",
        "org.gnome.desktop.wm.keybindings toggle-fullscreen",
        "org.gnome.desktop.privacy remember-app-usage",
        "org.gnome.desktop.wm.preferences button-layout",
    ] {
        assert!(!ignored(item), "{item}");
    }
}
