//! Assumptions on a machine whose rpm database rpm made, and whose commits ostree made.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::core::item::{Reading, Wanted};
use crate::core::merge::Drift;
use crate::core::plan::Side;
use crate::core::report::ItemReport;
use crate::host::testing::Machine;

/// Made by `tests/rpmdb/make`, `tests/ostree/make`.
const RPMDB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rpmdb/rpmdb.sqlite");
const OSTREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ostree");

/// A machine started from the image's commit, or from the one that was layered over it. Its deployment has what the
/// commit has.
fn machine(layered: bool) -> Machine {
    let machine = Machine::new();
    let commits = fs::read_to_string(format!("{OSTREE}/commits")).unwrap();
    let checksum = commits.lines().nth(usize::from(layered)).unwrap();
    let root = machine.dir.path();
    let below = format!("ostree/deploy/os/deploy/{checksum}.0");
    machine.file("run/ostree-booted", "");
    machine.file("proc/cmdline", "ostree=/ostree/boot.1/os/f00/0\n");
    machine.file(&format!("{below}.origin"), "[origin]\n");
    fs::create_dir_all(root.join("ostree/boot.1/os/f00")).unwrap();
    let link = format!("../../../deploy/os/deploy/{checksum}.0");
    symlink(link, root.join("ostree/boot.1/os/f00/0")).unwrap();
    symlink(OSTREE, root.join("ostree/repo")).unwrap();
    for file in ["usr/bin/own", "usr/etc/own.conf", "usr/lib/systemd/system/own.service"] {
        machine.file(&format!("{below}/{file}"), "");
    }
    machine.file(&format!("{below}/usr/share/rpm/rpmdb.sqlite"), fs::read(RPMDB).unwrap());
    if layered {
        machine.file(&format!("{below}/usr/bin/layered"), "");
        machine.file(&format!("{below}/usr/lib/systemd/system/layered.service"), "");
        let base = format!("{below}/usr/lib/sysimage/rpm-ostree-base-db/rpmdb.sqlite");
        let base = machine.file(&base, fs::read(RPMDB).unwrap());
        let database = rusqlite::Connection::open(base).unwrap();
        database.execute("DELETE FROM Name WHERE key = 'plain'", []).unwrap();
    }
    machine
}

fn wanted(keys: &[&str]) -> WantedItems {
    let one = |key: &&str| {
        let record = Record::new().with(REASON, "x");
        (ItemKey::new(*key), Wanted { record, layer: Layer::Shared })
    };
    keys.iter().map(one).collect()
}

fn state(machine: &Machine, key: &str) -> (Drift, bool) {
    let wanted = wanted(&[key]);
    let records = Base.live(&machine.host(), &wanted).unwrap();
    let key = ItemKey::new(key);
    let live = records.get(&key).map(|live| live.into_owned());
    let specs = ABOUT.fields;
    let wanted = wanted.get(&key);
    let item = ItemReport::judge(specs, key, None, wanted, live.as_ref(), None, &|_| false);
    (item.state, item.failing)
}

#[test]
fn what_the_image_has_holds_and_the_rest_fails() {
    let machine = machine(false);
    for key in ["package/plain", "service/own.service", "path//usr/bin/own", "path//etc/own.conf"] {
        assert_eq!(state(&machine, key), (Drift::InSync, false), "{key}");
    }
    for key in ["package/nothing", "service/nothing.service", "path//usr/nothing", "path//own.conf"]
    {
        assert_eq!(state(&machine, key), (Drift::NotHere, true), "{key}");
    }
    // Somebody who edits /etc does not change the image.
    machine.file("etc/local.conf", "");
    assert_eq!(state(&machine, "path//etc/local.conf"), (Drift::NotHere, true));
}

#[test]
fn what_was_layered_over_the_image_is_not_of_it() {
    let machine = machine(true);
    for key in ["package/plain", "path//usr/bin/layered", "service/layered.service"] {
        assert_eq!(state(&machine, key), (Drift::NotHere, true), "{key}");
    }
    for key in ["path//usr/bin/own", "service/own.service"] {
        assert_eq!(state(&machine, key), (Drift::InSync, false), "{key}");
    }
    // Without the repository nobody can tell.
    fs::remove_file(machine.dir.path().join("ostree/repo")).unwrap();
    assert_eq!(state(&machine, "path//usr/bin/layered"), (Drift::Unknown, false));
    assert_eq!(state(&machine, "path//usr/bin/nothing"), (Drift::NotHere, true));
}

#[test]
fn what_was_taken_out_of_the_image_here_is_of_it_all_the_same() {
    let machine = machine(true);
    let all = machine.dir.path().join("ostree/deploy/os/deploy");
    let mut below = fs::read_dir(&all).unwrap().map(|entry| entry.unwrap().path());
    let below = below.find(|path| path.is_dir()).unwrap();
    let database = rusqlite::Connection::open(below.join("usr/share/rpm/rpmdb.sqlite")).unwrap();
    database.execute("DELETE FROM Name WHERE key = 'zero'", []).unwrap();
    drop(database);
    fs::remove_file(below.join("usr/bin/own")).unwrap();
    for key in ["package/zero", "path//usr/bin/own"] {
        assert_eq!(state(&machine, key), (Drift::InSync, false), "{key}");
    }
    assert_eq!(state(&machine, "path//usr/bin/nothing"), (Drift::NotHere, true));
}

#[test]
fn what_cannot_be_read_is_unknown_and_other_machines_are_not_meant() {
    let machine = machine(false);
    let other = Machine::new();
    assert_eq!(state(&other, "package/plain"), (Drift::NotHere, false));
    machine.file("proc/cmdline", "quiet");
    assert_eq!(state(&machine, "package/plain"), (Drift::Unknown, false));
    let records = Base.live(&machine.host(), &WantedItems::new()).unwrap();
    assert!(records.items.is_empty() && records.blind.is_empty(), "nobody asked for anything");
}

#[test]
fn what_is_assumed_is_looked_up_with_what_may_have_been_meant() {
    let machine = machine(false);
    let fit = |key: &str| Base.validate(&machine.host(), &ItemKey::new(key), &Record::new());
    assert_eq!(fit("package/plain"), Ok(()));
    assert_eq!(fit("package/plan").unwrap_err().close, ["plain"]);
    assert_eq!(fit("service/ownn.service").unwrap_err().close, ["own.service"]);
    assert_eq!(fit("path//usr/bin/owm").unwrap_err().close, ["/usr/bin/own"]);
    assert_eq!(fit("path//etc/own.con").unwrap_err().close, ["/etc/own.conf"]);
}

fn manifests(dir: &Path, text: &str) -> Manifests {
    fs::create_dir_all(dir.join("manifests")).unwrap();
    fs::write(dir.join("manifests").join(FILE), text).unwrap();
    Manifests::new(&dir.join("manifests"), "machine")
}

fn change(key: &str, after: Option<Record>, layer: Layer) -> Change {
    Change {
        subsystem: ID,
        item: ItemKey::new(key),
        title: key.into(),
        side: Side::Manifest,
        layer,
        before: None,
        after,
        other: None,
        held: None,
    }
}

#[test]
fn the_manifest_is_read_in_every_form_and_edited_without_loss() {
    let dir = tempfile::tempdir().unwrap();
    let text = "{\n  \"base_image\": { \"source\": \"a/b:1\" }, // ours\n  \"packages\": [\n    \
                { \"name\": \"bash\", \"since\": 1 }\n  ],\n  \"services\": [\"dbus.service\"],\n  \
                \"paths\": [\"/usr/bin/bootc\", { \"path\": \"/usr/bin/x\", \"reason\": \"y\" }]\n}\n";
    let mut repo = manifests(dir.path(), text);
    let machine = Machine::new();
    let host = machine.host();
    let keys: Vec<String> =
        Base.wanted(&repo, &host).unwrap().keys().map(ToString::to_string).collect();
    let all = ["package/bash", "path//usr/bin/bootc", "path//usr/bin/x", "service/dbus.service"];
    assert_eq!(keys, all);
    let (layer, image) = base_image(&repo).unwrap().unwrap();
    assert_eq!((layer, image.source.as_deref()), (Layer::Shared, Some("a/b:1")));

    let own = Layer::Host("machine".into());
    let changes = [
        change("package/bash", Some(Record::new().with(REASON, "a shell")), Layer::Shared),
        change("service/sshd.service", Some(Record::new()), Layer::Shared),
        change("path//usr/bin/x", None, Layer::Shared),
        change("path//usr/bin/bootc", None, own.clone()),
    ];
    Base.capture(&mut repo, &changes.iter().collect::<Vec<_>>()).unwrap();
    let edits = repo.edits();
    let shared = edits[0].after.as_ref().unwrap();
    assert!(shared.contains("// ours") && shared.contains("\"since\": 1"), "{shared}");
    assert!(shared.contains("\"reason\": \"a shell\"") && shared.contains("\"sshd.service\""));
    assert!(!shared.contains("/usr/bin/x"));
    let host_layer = edits[1].after.as_ref().unwrap();
    assert!(host_layer.contains("\"absent\": true"), "{host_layer}");
    let left = Base.wanted(&repo, &host).unwrap();
    let left: Vec<&str> = left.keys().map(ItemKey::as_str).collect();
    assert_eq!(left, ["package/bash", "service/dbus.service", "service/sshd.service"]);
}

#[test]
fn an_error_names_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let machine = Machine::new();
    let says = |text: &str| {
        let repo = manifests(dir.path(), text);
        Base.wanted(&repo, &machine.host()).unwrap_err().to_string()
    };
    let error = says("{\n\"packages\": [\n{ \"name\": \"../x\" }]}");
    assert!(error.contains(":3:") && error.contains("is not a package name"), "{error}");
    let error = says("{\n\"services\": [\"dbus\",\n\"dbus.service\"]}");
    assert!(error.contains(":3:") && error.contains("stands here twice"), "{error}");
    let error = says("{\"paths\": [\"usr/bin\"]}");
    assert!(error.contains("is not a path in the image"), "{error}");
}

#[test]
fn nothing_is_done_on_the_machine() {
    let machine = Machine::new();
    let change = change("package/plain", Some(Record::new()), Layer::Shared);
    let steps = Base.steps(&[&change], &machine.host()).unwrap();
    assert!(steps.steps.is_empty());
    assert!(!steps.blocked[0].later);
    let reading = Base.live(&machine.host(), &wanted(&["package/plain"])).unwrap();
    let live = reading.get(&ItemKey::new("package/plain")).unwrap().into_owned();
    assert_eq!(live.reading, Reading::Absent);
}
