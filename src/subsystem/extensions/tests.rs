use std::collections::BTreeMap;

use super::*;
use crate::core::item::{Layer, Reading};
use crate::core::plan::{Action, Bundle, DconfEdit, Step};
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
        Reading::Absent | Reading::Unknown(_) => "?".to_owned(),
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
    let notices =
        |machine: &Machine| Extensions.live(&machine.host(), &WantedItems::new()).unwrap().notices;
    let seen = notices(&machine);
    assert!(seen[0].text.contains("master switch"), "{seen:?}");
    let remedy = seen[0].remedy.clone().unwrap();
    assert_eq!(remedy.item.as_str(), "org.gnome.shell disable-user-extensions");
    assert!(seen[1].text.contains("not known"), "{seen:?}");
    // What the administrator holds cannot be turned on.
    machine.file("etc/dconf/profile/user", "user-db:user\nsystem-db:local\n");
    let locks = ["/org/gnome/shell/disable-user-extensions"];
    let values = [("/org/gnome/shell/disable-user-extensions", "true")];
    machine.file("etc/dconf/db/local", database(&values, &locks));
    assert_eq!(notices(&machine)[0].remedy, None);
    machine.file("etc/dconf/db/local", database(&[], &[]));
    machine.dconf(&[]);
    assert_eq!(notices(&machine).len(), 1, "that the Shell was not asked");
    // With the master switch off nothing waits for a log-out.
    let mut live = Live::known(Record::new());
    remark(&mut live, "mine@x", false, &Shell::default());
    assert_eq!((live.note, live.pending), (None, None));
}

#[test]
fn without_the_shell_the_disk_says_what_is_out_of_date() {
    let machine = machine();
    machine.file("usr/lib/gnome-shell/libshell-16.so", "");
    let text = |shell: &str| json!({"uuid": "mine@x", "shell-version": [shell]}).to_string();
    let path = "home/.local/share/gnome-shell/extensions/mine@x/metadata.json";
    machine.file(path, text("47"));
    let note = |machine: &Machine| read(machine, &[])["mine@x"].note.clone();
    assert_eq!(note(&machine).unwrap(), "It is not made for GNOME Shell 48");
    machine.file(path, text("48"));
    assert_eq!(note(&machine), None);
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
            (
                "stale@x".to_owned(),
                ShellExtension { version: Some(2), ..known(State::Active, None) },
            ),
        ]
        .into(),
    };
    let seen = |uuid: &str, on: bool| {
        let mut live = Live::known(Record::new().with(VERSION, Value::Number(3)));
        remark(&mut live, uuid, on, &shell);
        (live.note.unwrap_or_default(), live.pending)
    };
    assert_eq!(seen("ok@x", true), (String::new(), None));
    assert_eq!(seen("bad@x", true), ("It failed: TypeError".to_owned(), None));
    assert_eq!(seen("old@x", true).0, "It is not made for GNOME Shell 48.7");
    assert_eq!(seen("new@x", true), (String::new(), Some(Pending::LogOut)));
    assert_eq!(seen("new@x", false), (String::new(), None));
    let (note, pending) = seen("stale@x", true);
    assert!(note.contains("Version 2"), "{note}");
    assert_eq!(pending, Some(Pending::LogOut));
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

fn planned(machine: &Machine, changes: &[Change]) -> (Vec<String>, Vec<Step>) {
    let steps = Extensions.steps(&changes.iter().collect::<Vec<_>>(), &machine.host()).unwrap();
    (steps.blocked.into_iter().map(|b| b.reason).collect(), steps.steps)
}

#[test]
fn what_is_missing_is_fetched_installed_and_switched_on() {
    let mut machine = machine();
    machine.vars.insert("BKT_EXTENSIONS_URL".to_owned(), "http://site.test/".to_owned());
    let mut pinned = change("mine@x", Side::System, Some(false), Some(true));
    pinned.after.as_mut().unwrap().set(VERSION, Value::Number(9));
    let changes = [change("gone@x", Side::System, None, Some(true)), pinned];
    let (blocked, steps) = planned(&machine, &changes);
    assert!(blocked[0].contains("version of GNOME Shell"), "{blocked:?}");
    assert!(steps.is_empty() || blocked.len() == 1);
    machine.file("usr/lib/gnome-shell/libshell-16.so", "");
    let (blocked, steps) = planned(&machine, &changes);
    assert_eq!(blocked, Vec::<String>::new());
    let [first, install, second, _, switch] = steps.as_slice() else { panic!("{steps:#?}") };
    let url = |step: &Step| match &step.action {
        Action::Download(download) => (download.url.clone(), download.bundle.clone().unwrap()),
        other => panic!("{other:?}"),
    };
    let bundle = |uuid: &str, shell: Option<&str>| Bundle {
        uuid: uuid.to_owned(),
        shell: shell.map(str::to_owned),
    };
    let newest = "http://site.test/download-extension/gone@x.shell-extension.zip?shell_version=48&disable_version_validation=false";
    assert_eq!(url(first), (newest.to_owned(), bundle("gone@x", Some("48"))));
    let exact = "http://site.test/api/v1/extensions/mine@x/versions/9/?format=zip";
    assert_eq!(url(second), (exact.to_owned(), bundle("mine@x", None)));
    let (Action::Run(run), Action::Download(download)) = (&install.action, &first.action) else {
        panic!("{install:?}")
    };
    assert_eq!(run.program, "gnome-extensions");
    assert_eq!(run.args, ["install", "--force", &download.path]);
    assert!(
        matches!(&switch.action, Action::Dconf(edits) if edits[0].after.as_deref() == Some("['vendor@x', 'gone@x', 'mine@x']"))
    );
}

#[test]
fn uninstalling_keeps_what_an_undo_brings_back() {
    let machine = machine();
    machine.dconf(&[("/org/gnome/shell/enabled-extensions", "['mine@x', 'vendor@x']")]);
    let mut away = change("mine@x", Side::System, Some(true), None);
    away.before.as_mut().unwrap().set(VERSION, Value::Number(3));
    let (blocked, steps) = planned(&machine, std::slice::from_ref(&away));
    assert_eq!(blocked, Vec::<String>::new());
    let [switch, remove] = steps.as_slice() else { panic!("{steps:#?}") };
    assert!(
        matches!(&switch.action, Action::Dconf(edits) if edits[0].after.as_deref() == Some("['vendor@x']"))
    );
    let Action::Copy(copy) = &remove.action else { panic!("{remove:?}") };
    assert!(copy.moving && remove.risk.removes && !remove.risk.destructive);
    crate::host::tree::copy(copy.from.as_ref(), copy.to.as_ref(), true).unwrap();
    assert!(!states(&machine, &[]).contains("mine@x"));
    // Back comes the same version, without a site. A manifest that names none gets the newest.
    let (_, steps) = planned(&machine, &[away.inverse()]);
    let Action::Copy(back) = &steps[0].action else { panic!("{steps:?}") };
    assert_eq!((&back.from, &back.to, back.moving), (&copy.to, &copy.from, false));
    machine.file("usr/lib/gnome-shell/libshell-16.so", "");
    let (_, steps) = planned(&machine, &[change("mine@x", Side::System, None, Some(true))]);
    assert!(matches!(steps[0].action, Action::Download(_)));
}

#[test]
fn what_lies_behind_a_link_is_not_uninstalled() {
    let machine = machine();
    let own = disk::own_dir(&machine.host(), "mine@x");
    let source = own.with_file_name("source");
    std::fs::rename(&own, &source).unwrap();
    std::os::unix::fs::symlink(&source, &own).unwrap();
    let (blocked, steps) = planned(&machine, &[change("mine@x", Side::System, Some(true), None)]);
    assert!(blocked[0].contains("is a link") && steps.is_empty(), "{blocked:?} {steps:?}");
}

#[test]
fn an_extension_of_the_systems_goes_back_to_its_default() {
    let machine = machine();
    machine.dconf(&[
        ("/org/gnome/shell/enabled-extensions", "['spare@x']"),
        ("/org/gnome/shell/disabled-extensions", "['vendor@x']"),
    ]);
    let changes = [
        change("spare@x", Side::System, Some(true), None),
        change("vendor@x", Side::System, Some(false), None),
    ];
    let (edits, blocked) = switch(&machine, &changes);
    assert_eq!(blocked, Vec::<String>::new());
    let after: Vec<&str> = edits.iter().map(|edit| edit.after.as_deref().unwrap()).collect();
    assert_eq!(after, ["['vendor@x']", "@as []"]);
}

#[test]
fn what_cannot_be_done_says_so_and_stops_nothing() {
    let machine = machine();
    let changes = [
        change("mine@x", Side::System, Some(false), Some(true)),
        change("gone@x", Side::System, None, Some(true)),
    ];
    let (edits, blocked) = switch(&machine, &changes);
    assert_eq!((edits.len(), blocked.len()), (1, 1));
    machine.file("etc/dconf/profile/user", "user-db:user\nsystem-db:local\n");
    let locks = ["/org/gnome/shell/enabled-extensions"];
    machine.file("etc/dconf/db/local", database(&[("/a/b", "1")], &locks));
    let (edits, blocked) = switch(&machine, &changes[..1]);
    assert!(edits.is_empty() && blocked[0].contains("locked"), "{blocked:?}");
    let locks = ["/org/gnome/shell/allow-extension-installation"];
    let values = [("/org/gnome/shell/allow-extension-installation", "false")];
    machine.file("etc/dconf/db/local", database(&values, &locks));
    let (_, blocked) = switch(&machine, &changes[1..]);
    assert!(blocked[0].contains("does not allow installing"), "{blocked:?}");
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
