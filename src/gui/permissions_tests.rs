//! Tests of what the override editor shows, over a machine of files.

use std::path::Path;

use bucket::engine::Engine;
use bucket::subsystem::flatpak::edit::Stand;

use super::rows::{Shown, rows};
use super::typed::parse;
use super::*;

#[path = "../../tests/machine/mod.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests use some of it"
)]
mod machine;

/// The first app, whose overrides deny the home and allow games, and the second, which has none.
const FIRST: &str = "user/org.example.App0";
const SECOND: &str = "user/org.example.App1";

/// A machine with two apps, and its engine.
fn two_apps(root: &Path) -> Engine {
    let size = machine::Size { apps: 2, extensions: 0, settings: 0 };
    machine::Machine::make(root, size).engine()
}

fn overrides(root: &Path, app: &str, text: &str) {
    let dir = root.join("home/.local/share/flatpak/overrides");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(app), text).unwrap();
}

fn read(engine: &Engine) -> Data {
    Data::read(engine.host(), &engine.survey(&[]).unwrap())
}

/// What the editor shows of two apps, for tests of its widgets.
pub fn sample(root: &Path) -> Data {
    let engine = two_apps(root);
    overrides(
        root,
        "org.example.App1",
        "[Context]\nshared=!network;\nsockets=!x11;x11;if:x11:!has-wayland;\n",
    );
    overrides(
        root,
        "global",
        "[Context]\nsockets=!cups;\n[Environment]\nLONG=a very <b>long</b> value that goes on and on and on\n",
    );
    read(&engine)
}

fn row(data: &Data, key: &str, token: &str) -> Shown {
    let app = data.app(&ItemKey::new(key)).unwrap();
    let all = rows(app, app.layers()[0]).into_iter().flat_map(|(_, rows)| rows);
    let mut found = all.filter(|row| row.permission.token() == token);
    found.next().unwrap_or_else(|| panic!("no {token}"))
}

#[test]
fn a_row_says_what_every_layer_says() {
    let root = tempfile::tempdir().unwrap();
    let data = sample(root.path());
    let network = row(&data, SECOND, "network");
    assert_eq!(network.control, Control::Three(Some(2)));
    let said = "App default on · Global – · Manifest – (differs) · You off";
    assert_eq!((network.provenance().as_str(), network.set), (said, true));
    let decides: Vec<&str> =
        network.parts.iter().filter(|part| part.decides).map(|part| part.text.as_str()).collect();
    assert_eq!(decides, ["You off"]);
    assert_eq!(
        (network.title.as_str(), network.token.as_deref()),
        ("Network", Some("shared=network"))
    );
    // Nobody says anything of it, and all apps are denied it.
    assert_eq!(
        row(&data, FIRST, "cups").provenance(),
        "App default – · Global off · Manifest – · You –"
    );
    // What both say does not differ; a path has more than three positions.
    let games = row(&data, FIRST, "~/Games");
    assert_eq!(games.provenance(), "App default – · Global – · Manifest on · You on");
    assert!(matches!(games.control, Control::Choice(_, Some(1))));
    let mode = row(&data, FIRST, "MODE");
    assert_eq!(mode.control, Control::Text { value: "quiet".into(), unset: false });
}

#[test]
fn a_condition_is_none_of_the_three_and_is_said() {
    let root = tempfile::tempdir().unwrap();
    let x11 = row(&sample(root.path()), SECOND, "x11");
    assert_eq!(x11.control, Control::Three(None));
    assert!(x11.provenance().ends_with("You on if !has-wayland"), "{}", x11.provenance());
    assert!(x11.note.unwrap().contains("granted if !has-wayland"));
}

#[test]
fn what_flatpak_does_not_know_can_only_be_taken_out() {
    let root = tempfile::tempdir().unwrap();
    let engine = two_apps(root.path());
    overrides(root.path(), "org.example.App1", "[Context]\nsockets=hologram;\n[New]\na=b\n");
    let data = read(&engine);
    for token in ["hologram", "a"] {
        let row = row(&data, SECOND, token);
        assert!(row.control == Control::Keep && row.set, "{row:?}");
        assert!(row.note.is_some());
    }
}

#[test]
fn what_only_the_manifest_wants_has_a_row_too() {
    let root = tempfile::tempdir().unwrap();
    let engine = two_apps(root.path());
    overrides(root.path(), "org.example.App0", "[Context]\nfilesystems=!home;\n");
    let data = read(&engine);
    let games = row(&data, FIRST, "~/Games");
    assert_eq!(games.provenance(), "App default – · Global – · Manifest on (differs) · You –");
    assert!(!games.set);
}

#[test]
fn a_path_in_the_home_is_one_row_however_it_is_spelled() {
    let root = tempfile::tempdir().unwrap();
    let engine = two_apps(root.path());
    let home = root.path().join("home");
    let text = format!(
        "[Context]\nfilesystems={}/Games;!home;\n[Environment]\nMODE=quiet\n",
        home.display()
    );
    overrides(root.path(), "org.example.App0", &text);
    let data = read(&engine);
    let app = data.app(&ItemKey::new(FIRST)).unwrap();
    let paths: Vec<Shown> = rows(app, Scope::User)
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .filter(|row| row.permission.token().ends_with("/Games"))
        .collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    assert_eq!(paths[0].provenance(), "App default – · Global – · Manifest on · You on");
}

#[test]
fn changed_permissions_name_their_apps_and_apps_their_changes() {
    let root = tempfile::tempdir().unwrap();
    let data = sample(root.path());
    let by: Vec<(String, Vec<String>)> = data
        .by_permission()
        .into_iter()
        .map(|changed| {
            let apps = changed.apps.into_iter().map(|by| format!("{}: {}", by.title, by.what));
            (changed.title, apps.collect())
        })
        .collect();
    let expected = [
        ("Network", vec!["App 1: off"]),
        ("Printers", vec!["All Apps: off"]),
        ("X11 windows", vec!["App 1: on if !has-wayland"]),
        ("Home", vec!["App 0: off"]),
        ("~/Games", vec!["App 0: on"]),
        ("LONG", vec!["All Apps: “a very <b>long</b> value that goes on and on and on”"]),
        ("MODE", vec!["App 0: “quiet”"]),
    ];
    let expected: Vec<(String, Vec<String>)> = expected
        .into_iter()
        .map(|(title, apps)| (title.to_owned(), apps.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(by, expected);
    let counts: Vec<usize> = data.apps.iter().map(|app| app.changes().len()).collect();
    assert_eq!(counts, [2, 0, 3, 2]);
}

#[test]
fn a_file_that_cannot_be_read_is_said_and_hides_no_other_app() {
    let root = tempfile::tempdir().unwrap();
    let engine = two_apps(root.path());
    overrides(root.path(), "org.example.App1", "nonsense");
    let data = read(&engine);
    let of = |key| data.app(&ItemKey::new(key)).unwrap();
    assert!(of(SECOND).permissions.as_ref().unwrap_err().contains("org.example.App1"));
    assert!(of(FIRST).permissions.is_ok());
}

#[test]
fn what_is_typed_becomes_an_entry_or_a_reason() {
    use catalogue::Group;
    let ok = |group, typed: &str| {
        let (permission, stand) = parse(group, typed).unwrap();
        (permission.field(), stand)
    };
    let value = |text: &str| Stand::Value(text.to_owned());
    let field = |text: &str| text.to_owned();
    assert_eq!(
        ok(Group::Filesystem, "~/Games:ro"),
        (field("Context/filesystems/~/Games"), value("ro"))
    );
    assert_eq!(
        ok(Group::Filesystem, "xdg-music"),
        (field("Context/filesystems/xdg-music"), Stand::Allow)
    );
    assert_eq!(ok(Group::Environment, "A=b=c"), (field("Environment/A"), value("b=c")));
    assert_eq!(
        ok(Group::SessionBus, "org.x.y"),
        (field("Session Bus Policy/org.x.y"), value("talk"))
    );
    assert_eq!(
        ok(Group::SystemBus, "org.x.y=own"),
        (field("System Bus Policy/org.x.y"), value("own"))
    );
    assert_eq!(
        ok(Group::SystemBus, "org.x.y=none"),
        (field("System Bus Policy/org.x.y"), Stand::Deny)
    );
    assert_eq!(ok(Group::AccessibilityBus, "org.x.y").1, value("own"));
    assert_eq!(
        ok(Group::HiddenUsb, "all"),
        (field("USB Devices/hidden-devices/all"), Stand::Allow)
    );
    for (group, typed) in [
        (Group::Filesystem, "../x"),
        (Group::Filesystem, "~/a/../b"),
        (Group::Environment, "A"),
        (Group::SessionBus, "org"),
        (Group::SessionBus, "org.x.y=all"),
        (Group::Usb, "vnd:1"),
        (Group::Persistent, "/abs"),
        (Group::Policy, "a"),
        (Group::Share, "network"),
    ] {
        assert!(parse(group, typed).is_err(), "{typed}");
    }
}

#[test]
fn commands_say_what_an_edit_does() {
    let root = tempfile::tempdir().unwrap();
    let engine = two_apps(root.path());
    let data = read(&engine);
    let command = |key: &str, layer, stand: Stand| {
        let app = data.app(&ItemKey::new(key)).unwrap();
        let x11 = Permission::element("Context", "sockets", "x11");
        let wanted = [(x11.clone(), stand)];
        let fields = edit::fields(engine.host(), &app.item, layer, &wanted).unwrap();
        app.local_command(layer, &x11, &fields)
    };
    let text = command(FIRST, Scope::User, Stand::Deny);
    assert_eq!(text, "bkt flatpak override set org.example.App0 --nosocket=x11 --user --local");
    let text = command("global/user", Scope::User, Stand::Inherit);
    assert_eq!(text, "bkt flatpak override reset --global x11 --user --local");
    let global = data.app(&ItemKey::new("global/system")).unwrap();
    let x11 = row(&data, "global/system", "x11");
    let text = "sudo flatpak override --system --socket=x11";
    assert_eq!(global.command_for_root(&x11).as_deref(), Some(text));
    assert!(!global.may_write(Scope::System));
}

#[test]
fn a_file_is_compared_line_by_line() {
    let raw = Raw { now: "[A]\nx=1\n".into(), wanted: Some("[A]\ny=2\n".into()) };
    let [same, removed, added] = diff(&raw).try_into().unwrap();
    assert_eq!(same, DiffLine::Same("[A]".to_owned()));
    assert_eq!(removed, DiffLine::Removed("y=2".to_owned()));
    assert_eq!(added, DiffLine::Added("x=1".to_owned()));
    let alone = Raw { wanted: None, ..raw };
    assert!(!diff(&alone).iter().any(DiffLine::differs));
}
