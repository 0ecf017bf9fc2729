//! Moving an entry from one layer to another and back changes nothing that this machine wants, whatever the entry is: the
//! law for every subsystem and every shape of list, with what an undo makes of it.

use std::collections::BTreeMap;

use bucket::core::item::{Layer, Record, SubsystemId};
use bucket::engine::layers::{Defined, MoveError};
use bucket::engine::{Engine, Request, Verb};
use serde_json::Value as Json;

use super::all::{by_hand, bytes, execute, machine, plan};
use super::machine::Machine;

fn host() -> Layer {
    Layer::Host("machine".to_owned())
}

type Everything = BTreeMap<(SubsystemId, String), Record>;

/// All that this machine wants. A module that only holds files is no more than they are.
fn wanted(engine: &Engine) -> Everything {
    let manifests = engine.manifests();
    let each = engine.subsystems().iter().flat_map(|subsystem| {
        let items = subsystem.wanted(&manifests, engine.host()).unwrap();
        let id = subsystem.about().id.clone();
        items.into_iter().map(move |(key, wanted)| ((id.clone(), key.to_string()), wanted.record))
    });
    let holds = |record: &Record| record.text("type") == Some("files");
    each.filter(|(_, record)| !holds(record)).collect()
}

fn layer(engine: &Engine, one: &Defined) -> Layer {
    let defined = engine.defined();
    let same = |other: &&Defined| other.subsystem == one.subsystem && other.item == one.item;
    defined.iter().find(same).unwrap().layer.clone()
}

/// Moves each item to this machine's layer and back.
fn there_and_back(machine: &Machine) -> usize {
    let all = machine.engine().defined();
    for one in &all {
        let engine = machine.engine();
        // A module goes with the last file in it.
        if !engine.defined().contains(one) {
            continue;
        }
        let (want, repo) = (wanted(&engine), bytes(&machine.path("repo")));
        let plan = engine.plan_move(std::slice::from_ref(one), &host(), false);
        execute(&engine, &plan.unwrap_or_else(|error| panic!("{one:?}: {error:#}")));
        assert_eq!(wanted(&engine), want, "{one:?}");
        assert_eq!(layer(&engine, one), host());
        if let Some(report) = engine.containerfile().unwrap() {
            assert!(!report.drifts(), "{one:?}: {report:?}");
        }
        let moved = bytes(&machine.path("repo"));
        assert_ne!(moved, repo);
        execute(&engine, &engine.plan_undo(None).unwrap());
        assert_eq!(bytes(&machine.path("repo")), repo, "{one:?}");
        execute(&engine, &engine.plan_redo().unwrap());
        assert_eq!(bytes(&machine.path("repo")), moved, "{one:?}");

        let one = Defined { layer: host(), ..one.clone() };
        let plan = engine.plan_move(std::slice::from_ref(&one), &Layer::Shared, false);
        execute(&engine, &plan.unwrap_or_else(|error| panic!("back: {one:?}: {error:#}")));
        assert_eq!(wanted(&engine), want, "back: {one:?}");
        assert_eq!(layer(&engine, &one), Layer::Shared);
        let odd = |texts: &BTreeMap<String, String>| -> usize {
            let manifests = texts.iter().filter(|(path, _)| path.ends_with(".json"));
            manifests.map(|(_, text)| text.matches("\"odd\"").count()).sum()
        };
        assert_eq!(odd(&bytes(&machine.path("repo"))), odd(&repo), "{one:?} lost what it said");
    }
    all.len()
}

#[test]
fn what_was_captured_moves_and_means_the_same() {
    let machine = machine(&["gimp"]);
    by_hand(&machine);
    execute(&machine.engine(), &plan(&machine, &Request::all(Verb::Capture)));
    // The eight that were captured, and the module that holds the files.
    assert_eq!(there_and_back(&machine), 9);
}

#[test]
fn what_was_written_by_hand_moves_and_means_the_same() {
    let machine = Machine::bare();
    let manifest = |name: &str, text: &str| machine.file(&format!("repo/manifests/{name}"), text);
    manifest(
        "flatpak-remotes.json",
        r#"{"remotes": [{"name": "hub", "url": "https://example.org/", "scope": "user", "odd": 1}]}"#,
    );
    manifest(
        "flatpak-apps.json",
        r#"{"apps": [
  {"id": "org.a.A", "remote": "hub", "scope": "user", "overrides": ["--filesystem=~/Games", "--nosocket=x11"], "odd": 1},
  {"id": "org.a.A", "remote": "hub", "scope": "system", "system_overrides": {"Context": {"sockets": ["!x11"]}, "Odd": {"a": "b"}}},
  {"id": "org.b.B", "remote": "hub", "scope": "user", "branch": "stable", "commit": "0000000000000000000000000000000000000000000000000000000000000000"}
], "global_overrides": {"user": ["--env=A=b"]}}"#,
    );
    manifest(
        "gnome-extensions.json",
        r#"{"extensions": ["a@b", {"id": "c@d", "enabled": false, "odd": [1.50]}]}"#,
    );
    manifest(
        "gsettings.json",
        r#"{"settings": [{"schema": "org.x", "key": "k", "value": "'v'", "comment": "why"},
  {"schema": "org.y", "path": "/org/y/", "key": "k", "value": "1"}]}"#,
    );
    manifest(
        "system-packages.json",
        r#"{"packages": ["bash", {"name": "vim", "odd": 1}], "groups": ["core"], "excluded": ["nano"],
  "copr_repos": [{"name": "a/b", "enabled": true, "gpg_check": true, "odd": 1}]}"#,
    );
    manifest(
        "external-repos.json",
        r#"{"repos": [{"name": "r", "display_name": "R", "baseurl": "https://example.org/r", "gpg_key": "https://example.org/k", "packages": ["rp"], "odd": 1}]}"#,
    );
    manifest(
        "system-config.json",
        r#"{"kargs": {"append": ["quiet", "a=b"], "remove": ["rhgb"]},
  "systemd": {"enable": ["a.service"], "disable": ["b.service"], "mask": ["c.service"], "custom": [{"unit": "d.service", "file": "systemd/system/d.service", "odd": 1}]}, "odd": {}}"#,
    );
    machine.file("repo/systemd/system/d.service", "[Service]\nExecStart=/bin/true\n");
    manifest(
        "systemd-services.json",
        r#"{"services": {"e.service": "enabled", "f.timer": "masked"}}"#,
    );
    manifest(
        "host-shims.json",
        r#"{"shims": [{"name": "s"}, {"name": "t", "host": "u", "odd": 1}]}"#,
    );
    machine.file("repo/system/etc/a.conf", "a\n");
    machine.file("repo/files/b.conf", "b\n");
    manifest(
        "image-config.json",
        r#"{"modules": [
  {"type": "files", "name": "etc", "files": [{"src": "system/etc/a.conf", "dest": "/etc/a.conf"}], "odd": 1},
  {"type": "files", "name": "mine", "files": [{"src": "files/b.conf", "dest": "/etc/b.conf"}]},
  {"type": "run", "name": "once", "commands": ["true"], "odd": {"a": [1]}}
]}"#,
    );
    manifest(
        "base-image-assumptions.json",
        r#"{"base_image": {"source": "registry.example/os:1"}, "packages": ["glibc", {"name": "bash", "reason": "x", "odd": 1}], "services": ["a.service"], "paths": ["/usr/bin/env"]}"#,
    );
    let containerfile = bucket::manifest::containerfile::SECTIONS
        .iter()
        .fold("FROM base\n".to_owned(), |text, name| {
            text + &format!("# === {name} (managed by bkt) ===\n# === END {name} ===\n")
        });
    machine.file("repo/Containerfile", containerfile);
    let count = there_and_back(&machine);
    assert!(count > 25, "{count}");
}

#[test]
fn an_entry_keeps_its_keys_its_short_form_and_the_comments_inside_it() {
    let machine = Machine::bare();
    machine.file(
        "repo/manifests/host-shims.json",
        "{\n\t\"shims\": [\n\t\t{\n\t\t\t\"name\": \"a\", // the first\n\t\t\t\"odd\": 2.50 /* kept */\n\t\t},\n\t\t{\"name\": \"b\"}\n\t]\n}\n",
    );
    machine.file("repo/manifests/gnome-extensions.json", "{\"extensions\": [\"x@y\", \"z@y\"]}\n");
    let engine = machine.engine();
    let all = engine.defined();
    let of =
        |key: &str| all.iter().filter(|one| one.item.as_str() == key).cloned().collect::<Vec<_>>();
    for key in ["a", "x@y"] {
        execute(&engine, &engine.plan_move(&of(key), &host(), false).unwrap());
    }
    let read = |path: &str| std::fs::read_to_string(machine.path(path)).unwrap();
    let shims = read("repo/manifests/hosts/machine/host-shims.json");
    assert_eq!(
        shims,
        "{\n  \"shims\": [\n    {\n    \t\"name\": \"a\", // the first\n    \t\"odd\": 2.50 /* kept */\n    }\n  ]\n}\n"
    );
    let extensions: Json =
        serde_json::from_str(&read("repo/manifests/hosts/machine/gnome-extensions.json")).unwrap();
    assert_eq!(extensions, serde_json::json!({"extensions": ["x@y"]}));
    let left: Json = serde_json::from_str(&read("repo/manifests/gnome-extensions.json")).unwrap();
    assert_eq!(left, serde_json::json!({"extensions": ["z@y"]}));
}

#[test]
fn a_shared_entry_that_says_something_else_is_replaced_only_by_force() {
    let machine = Machine::bare();
    let shims = |layer: &str, text: &str| {
        machine.file(&format!("repo/manifests/{layer}host-shims.json"), text)
    };
    shims("", r#"{"shims": [{"name": "a", "host": "one"}, {"name": "b"}, {"name": "c"}]}"#);
    shims(
        "hosts/machine/",
        r#"{"shims": [{"name": "a", "host": "two"}, {"name": "b"}, {"name": "c", "absent": true}]}"#,
    );
    let engine = machine.engine();
    let want = wanted(&engine);
    let all = engine.defined();
    assert_eq!(all.len(), 2, "what is absent here is not there to be moved: {all:?}");
    let error = engine.plan_move(&all, &Layer::Shared, false).unwrap_err();
    assert!(matches!(error.downcast(), Ok(MoveError::Overrides { .. })));
    execute(&engine, &engine.plan_move(&all, &Layer::Shared, true).unwrap());
    assert_eq!(wanted(&engine), want);
    let text =
        std::fs::read_to_string(machine.path("repo/manifests/hosts/machine/host-shims.json"));
    let json: Json = serde_json::from_str(&text.unwrap()).unwrap();
    assert_eq!(json["shims"], serde_json::json!([{"name": "c", "absent": true}]));
    // There already: nothing to do.
    assert!(engine.plan_move(&engine.defined(), &Layer::Shared, false).unwrap().steps.is_empty());
}
