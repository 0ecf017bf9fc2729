use std::collections::BTreeMap;

use super::*;
use crate::core::item::{Layer, Reading};
use crate::core::plan::DconfEdit;
use crate::host::shell::ShellExtension;
use crate::host::testing::{Machine, database};

const XML: &str = r#"
<schema id="org.gnome.shell" path="/org/gnome/shell/">
  <key name="enabled-extensions" type="as"><default>['vendor@x']</default></key>
  <key name="disabled-extensions" type="as"><default>[]</default></key>
  <key name="disable-user-extensions" type="b"><default>false</default></key>
  <key name="allow-extension-installation" type="b"><default>true</default></key>
</schema>
"#;

fn machine() -> Machine {
    let machine = Machine::new();
    machine.schemas(XML);
    for uuid in ["mine@x", "both@x"] {
        install(&machine, "home/.local/share", uuid, 3);
    }
    for uuid in ["vendor@x", "spare@x", "both@x"] {
        install(&machine, "usr/share", uuid, 7);
    }
    machine
}

fn install(machine: &Machine, place: &str, uuid: &str, version: i64) {
    let text = json!({"uuid": uuid, "name": uuid.to_uppercase(), "version": version}).to_string();
    machine.file(&format!("{place}/gnome-shell/extensions/{uuid}/metadata.json"), text);
}

fn wanting(uuids: &[&str]) -> WantedItems {
    let wanted = crate::core::item::Wanted {
        record: Record::new().with(ENABLED, true),
        layer: Layer::Shared,
    };
    uuids.iter().map(|uuid| (ItemKey::new(*uuid), wanted.clone())).collect()
}

fn read(machine: &Machine, wanted: &[&str]) -> BTreeMap<String, Live> {
    let records = Extensions.live(&machine.host(), &wanting(wanted)).unwrap();
    records.items.into_iter().map(|(key, live)| (key.to_string(), live)).collect()
}

fn states(machine: &Machine, wanted: &[&str]) -> String {
    let state = |live: &Live| match &live.reading {
        Reading::Known(record) => record.get(ENABLED).map(ToString::to_string).unwrap_or_default(),
        Reading::Unknown(_) => "?".to_owned(),
    };
    let live = read(machine, wanted);
    live.iter().map(|(key, live)| format!("{key} {}", state(live))).collect::<Vec<_>>().join(", ")
}

fn change(uuid: &str, side: Side, before: Option<bool>, after: Option<bool>) -> Change {
    let record = |on: bool| Record::new().with(ENABLED, on);
    Change {
        subsystem: ABOUT.id.clone(),
        item: ItemKey::new(uuid),
        title: uuid.to_owned(),
        side,
        layer: Layer::Shared,
        before: before.map(record),
        after: after.map(record),
        other: None,
        held: None,
    }
}

fn switch(machine: &Machine, changes: &[Change]) -> (Vec<DconfEdit>, Vec<String>) {
    let steps = Extensions.steps(&changes.iter().collect::<Vec<_>>(), &machine.host()).unwrap();
    assert!(steps.steps.len() <= 1);
    let edits = steps.steps.into_iter().flat_map(|step| match step.action {
        Action::Dconf(edits) => edits,
        other => panic!("{other:?}"),
    });
    (edits.collect(), steps.blocked.into_iter().map(|b| b.reason).collect())
}

#[test]
fn own_extensions_show_and_the_systems_only_where_switched() {
    let machine = machine();
    assert_eq!(states(&machine, &[]), "both@x false, mine@x false");
    assert_eq!(
        states(&machine, &["vendor@x", "spare@x", "gone@x"]),
        "both@x false, mine@x false, spare@x false, vendor@x true"
    );
    machine.dconf(&[
        ("/org/gnome/shell/enabled-extensions", "['mine@x', 'spare@x', 'gone@x', 'both@x']"),
        ("/org/gnome/shell/disabled-extensions", "['both@x', 'vendor@x']"),
    ]);
    assert_eq!(states(&machine, &[]), "both@x false, mine@x true, spare@x true, vendor@x false");
    let both = &read(&machine, &[])["both@x"];
    assert_eq!(both.title.as_deref(), Some("BOTH@X"));
    // The person's own copy wins.
    let own = Record::new().with(ENABLED, false).with(VERSION, Value::Number(3));
    assert_eq!(both.reading, Reading::Known(own));
}

#[test]
fn a_session_mode_switches_its_own_on() {
    let mut machine = machine();
    machine.file(
        "usr/share/gnome-shell/modes/classic.json",
        r#"{"parentMode":"user","enabledExtensions":["spare@x"]}"#,
    );
    machine.file("usr/share/gnome-shell/modes/derived.json", r#"{"parentMode":"classic"}"#);
    machine.vars.insert("GNOME_SHELL_SESSION_MODE".to_owned(), "derived".to_owned());
    assert_eq!(states(&machine, &["spare@x"]), "both@x false, mine@x false, spare@x true");
    machine.dconf(&[("/org/gnome/shell/disabled-extensions", "['spare@x']")]);
    assert_eq!(states(&machine, &[]), "both@x false, mine@x false, spare@x false");
}

#[test]
fn the_master_switch_is_not_every_switch() {
    let machine = machine();
    machine.dconf(&[
        ("/org/gnome/shell/enabled-extensions", "['mine@x']"),
        ("/org/gnome/shell/disable-user-extensions", "true"),
    ]);
    assert_eq!(states(&machine, &[]), "both@x false, mine@x true, vendor@x false");
    let mut live = Live::known(Record::new());
    remark(&mut live, "mine@x", true, false, &Ok(Shell::default()));
    assert!(live.note.unwrap().contains("master switch"));
    assert_eq!(live.pending, None);
}

#[test]
fn what_cannot_be_told_is_unknown() {
    let machine = machine();
    machine.file("home/.local/share/gnome-shell/extensions/mine@x/metadata.json", "{");
    assert_eq!(states(&machine, &[]), "both@x false, mine@x ?");
    machine.file("home/.config/dconf/user", "broken");
    let error = Extensions.live(&machine.host(), &WantedItems::new()).unwrap_err();
    assert!(matches!(error, Unreadable::Failed(_)), "{error}");
    let bare = Machine::new();
    let error = Extensions.live(&bare.host(), &WantedItems::new()).unwrap_err();
    assert!(matches!(error, Unreadable::Unavailable { .. }), "{error}");
}

#[test]
fn the_shell_adds_what_only_it_knows() {
    let known = |state, error: Option<&str>| ShellExtension {
        state,
        error: error.map(str::to_owned),
        has_update: false,
        version: None,
    };
    let shell = Shell {
        version: Some("48.7".to_owned()),
        mode: None,
        extensions: [
            ("ok@x".to_owned(), known(State::Active, None)),
            ("bad@x".to_owned(), known(State::Error, Some("TypeError"))),
            ("old@x".to_owned(), known(State::OutOfDate, None)),
        ]
        .into(),
    };
    let seen = |uuid: &str, on: bool, shell: &Result<Shell, BusError>| {
        let mut live = Live::known(Record::new());
        remark(&mut live, uuid, on, true, shell);
        (live.note.unwrap_or_default(), live.pending)
    };
    let running = Ok(shell);
    assert_eq!(seen("ok@x", true, &running), (String::new(), None));
    assert_eq!(seen("bad@x", true, &running), ("It failed: TypeError".to_owned(), None));
    assert_eq!(seen("old@x", true, &running).0, "It is not made for GNOME Shell 48.7");
    assert_eq!(seen("new@x", true, &running), (String::new(), Some(Pending::LogOut)));
    assert_eq!(seen("new@x", false, &running), (String::new(), None));
    let silent = Err(BusError::NotRunning("org.gnome.Shell".to_owned()));
    let (note, pending) = seen("new@x", true, &silent);
    assert!(note.contains("org.gnome.Shell is not running"), "{note}");
    assert_eq!(pending, None);
    assert_eq!(seen("new@x", false, &silent).0, "");
}

#[test]
fn switching_starts_from_what_is_in_force_and_drops_nothing() {
    let machine = machine();
    let on = change("mine@x", Side::System, Some(false), Some(true));
    let off = change("vendor@x", Side::System, Some(true), Some(false));
    let edit = |key: &str, before: Option<&str>, after: &str| DconfEdit {
        key: format!("/org/gnome/shell/{key}"),
        before: before.map(str::to_owned),
        after: Some(after.to_owned()),
    };
    // The vendor's default is what is in force until the person has a list of their own.
    let expected = vec![edit("enabled-extensions", None, "['vendor@x', 'mine@x']")];
    assert_eq!(switch(&machine, std::slice::from_ref(&on)), (expected, Vec::new()));
    machine.dconf(&[
        ("/org/gnome/shell/enabled-extensions", "['gone@x', 'vendor@x']"),
        ("/org/gnome/shell/disabled-extensions", "['mine@x', 'lost@x']"),
    ]);
    let expected = vec![
        edit("enabled-extensions", Some("['gone@x', 'vendor@x']"), "['gone@x', 'mine@x']"),
        edit("disabled-extensions", Some("['mine@x', 'lost@x']"), "['lost@x', 'vendor@x']"),
    ];
    assert_eq!(switch(&machine, &[on, off]), (expected, Vec::new()));
}

#[test]
fn what_cannot_be_done_says_so_and_stops_nothing() {
    let machine = machine();
    let mut version = change("both@x", Side::System, Some(false), Some(true));
    version.after.as_mut().unwrap().set(VERSION, Value::Number(9));
    let changes = [
        change("mine@x", Side::System, Some(false), Some(true)),
        change("gone@x", Side::System, None, Some(true)),
        change("both@x", Side::System, Some(false), None),
        version,
    ];
    let (edits, blocked) = switch(&machine, &changes);
    assert_eq!(edits.len(), 1);
    assert!(blocked[0].contains("gone@x is not installed"), "{blocked:?}");
    assert!(blocked[1].contains("is not uninstalled from here"), "{blocked:?}");
    assert!(blocked[2].contains("version 9 of both@x is not installed"), "{blocked:?}");
    machine.file("etc/dconf/profile/user", "user-db:user\nsystem-db:local\n");
    let locks = ["/org/gnome/shell/enabled-extensions"];
    machine.file("etc/dconf/db/local", database(&[("/a/b", "1")], &locks));
    let (edits, blocked) = switch(&machine, &changes[..1]);
    assert!(edits.is_empty() && blocked[0].contains("locked"), "{blocked:?}");
}

#[test]
fn capture_changes_one_entry() {
    let machine = machine();
    let text = "{\n  \"extensions\": [\n    \"a@x\",\n    \"mine@x\", // dear\n    {\"id\": \"z@x\", \"enabled\": true, \"note\": 1}\n  ]\n}\n";
    machine.file("m/gnome-extensions.json", text);
    let mut manifests = Manifests::new(&machine.dir.path().join("m"), "machine");
    let changes = [
        change("mine@x", Side::Manifest, Some(true), Some(false)),
        change("both@x", Side::Manifest, None, Some(true)),
    ];
    Extensions.capture(&mut manifests, &changes.iter().collect::<Vec<_>>()).unwrap();
    let after = manifests.edits()[0].after.clone().unwrap();
    assert!(after.contains("\"a@x\",\n") && after.contains("// dear"), "{after}");
    assert!(after.contains("{\"id\": \"z@x\", \"enabled\": true, \"note\": 1}"), "{after}");
    let wanted = Extensions.wanted(&manifests, &machine.host()).unwrap();
    let says = |uuid: &str| wanted[&ItemKey::new(uuid)].record.clone();
    assert_eq!(says("mine@x"), Record::new().with(ENABLED, false));
    assert_eq!(says("both@x"), Record::new().with(ENABLED, true));
    assert_eq!(wanted.len(), 4);
    let gone = change("a@x", Side::Manifest, Some(true), None);
    Extensions.capture(&mut manifests, &[&gone]).unwrap();
    assert!(!manifests.edits()[0].after.clone().unwrap().contains("a@x\""));
}
