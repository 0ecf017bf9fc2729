//! Boxes and `distrobox.json`: the laws of comparing, and what is done to a box and what is not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use bucket::core::item::Value;
use bucket::core::merge::Drift;
use bucket::core::plan::Command;
use bucket::engine::{Request, Verb, Verdict};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

mod machine;
use machine::Machine;

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn everything(verb: Verb) -> Request {
    Request { prune: true, force: true, secrets: true, losses: true, ..Request::all(verb) }
}

#[track_caller]
fn complete(machine: &Machine, verb: Verb) {
    let outcome = machine.act(&everything(verb));
    let report = machine.engine().survey(&[]).unwrap();
    assert!(outcome.complete(), "{outcome:#?}\n{report:#?}");
}

fn set(item: &bucket::core::report::ItemReport, field: &str) -> Vec<String> {
    match item.live.as_ref().unwrap().get(field) {
        Some(Value::Set(set)) => set.clone().sorted().into(),
        other => panic!("{other:?}"),
    }
}

/// Every file below a directory, with its text.
fn files(dir: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push((path.display().to_string(), fs::read_to_string(&path).unwrap())),
        }
    }
    all.sort();
    all
}

/// A box that a person made, installed in and exported from.
fn lived_in(machine: &Machine) {
    machine.program("home/.cargo/bin/cargo", "");
    machine.program("home/.cargo/bin/rustc", "");
    let volume = format!("{}:/src:ro", machine.path("home/src").display());
    machine.by_hand(
        "dev",
        &[
            "--volume",
            &volume,
            "--hostname",
            "box",
            "--unshare-ipc",
            "--additional-flags",
            "'--env=GREETING=it'\\''s $HOME'",
            "--additional-flags",
            "--device /dev/x",
            "--init-hooks",
            "touch /x && echo \"$HOME\"",
            "--pre-init-hooks",
            "echo \\\"\\$(id)\\\"",
        ],
    );
    machine.run(
        &Command::new("distrobox")
            .args(["enter", "--name", "dev", "--", "sudo", "-n", "dnf5", "install", "-y", "htop"]),
    );
    machine.run(&Command::new("distrobox").args([
        "enter",
        "--name",
        "dev",
        "--",
        "sh",
        "-c",
        "distrobox-export --app",
        "sh",
        "editor",
    ]));
    let cargo = machine.path("home/.cargo/bin/cargo").display().to_string();
    let script = format!(
        "#!/bin/sh\n# distrobox_binary\n# name: dev\nif [ -z \"${{CONTAINER_ID}}\" ]; then\n\texec \"distrobox-enter\"  -n dev  --  '{cargo}'  \"$@\"\nelse\n\texec '{cargo}' \"$@\"\nfi\n"
    );
    machine.program("home/.local/bin/cargo", &script);
}

#[test]
fn what_was_made_by_hand_is_captured_and_had_on_another_machine() {
    let dir = scratch();
    let here = Machine::new(dir.path(), "here");
    lived_in(&here);
    assert_eq!(here.item("dev").unwrap().state, Drift::Unmanaged);
    complete(&here, Verb::Capture);
    let expected = json!({ "dev": {
        "image": "registry.example/one:1",
        "packages": ["htop"],
        "exported_apps": ["org.example.editor"],
        "unshare": ["ipc"],
        "bins": { "also": ["~/.cargo/bin/cargo"] },
        "init_hooks": ["touch /x && echo \"$HOME\""],
        "pre_init_hooks": ["echo \"$(id)\""],
        "hostname": "box",
        "env": { "GREETING": "it's $HOME" },
        "volume": ["~/src:/src:ro"],
        "additional_flags": ["--device /dev/x"],
    }});
    assert_eq!(here.says(), expected);
    let id = here.state()["boxes"]["dev"]["id"].clone();
    here.ran();
    for verb in [Verb::Capture, Verb::Apply] {
        let outcome = here.act(&everything(verb));
        assert!(outcome.results.is_empty() && outcome.operation.is_none(), "{outcome:#?}");
    }
    assert_eq!(here.ran(), Vec::<String>::new());
    assert_eq!(here.state()["boxes"]["dev"]["id"], id, "a box that matches is left alone");

    let there = Machine::new(dir.path(), "there");
    there.program("home/.cargo/bin/cargo", "");
    assert_eq!(there.item("dev").unwrap().state, Drift::Missing);
    // Its launcher is found by what it runs.
    let mut entry = expected.clone();
    entry["dev"]["exported_apps"] = json!(["editor"]);
    there.manifest(entry);
    let outcome = there.act(&everything(Verb::Apply));
    assert!(outcome.complete(), "{outcome:#?}");
    let (one, other) = (here.item("dev").unwrap(), there.item("dev").unwrap());
    assert_eq!((one.state, other.state), (Drift::InSync, Drift::InSync));
    assert_eq!(one.live, other.live);
}

#[test]
fn packages_and_exports_change_in_place_and_are_taken_back() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    machine.program("home/.cargo/bin/cargo", "");
    machine.program("home/.cargo/bin/rustc", "");
    let entry = |packages: &[&str], bins: Json| json!({ "dev": { "image": "registry.example/one:1", "packages": packages, "bins": bins, "odd": 1 }});
    machine.manifest(entry(&["htop"], json!({})));
    complete(&machine, Verb::Apply);
    let id = machine.state()["boxes"]["dev"]["id"].clone();
    let before = (
        machine.state()["boxes"]["dev"]["packages"].clone(),
        files(&machine.path("home/.local/bin")),
    );
    machine
        .manifest(entry(&["jq", "gcc"], json!({ "from": ["~/.cargo/bin"], "exclude": ["rustc"] })));
    machine.ran();
    let outcome = machine.act(&everything(Verb::Apply));
    assert!(outcome.complete(), "{outcome:#?}");
    let ran = machine.ran();
    let enter = "distrobox enter --name dev -- sudo -n dnf5";
    assert_eq!(
        ran,
        [format!("{enter} remove -y --no-autoremove htop"), format!("{enter} install -y jq gcc")]
    );
    assert_eq!(machine.state()["boxes"]["dev"]["id"], id);
    let item = machine.item("dev").unwrap();
    assert_eq!(item.state, Drift::InSync);
    assert_eq!(set(&item, "bins"), ["from:~/.cargo/bin", "~/.cargo/bin/cargo"]);
    let script = fs::read_to_string(machine.path("home/.local/bin/cargo")).unwrap();
    let program = machine.path("home/.cargo/bin/cargo").display().to_string();
    assert!(script.starts_with("#!/bin/sh\n# distrobox_binary\n# name: dev\n"), "{script}");
    assert!(
        script.contains(&format!("\texec \"distrobox-enter\"  -n dev  --  '{program}'  \"$@\"\n")),
        "{script}"
    );
    let after = (
        machine.state()["boxes"]["dev"]["packages"].clone(),
        files(&machine.path("home/.local/bin")),
    );
    for (plan, expected) in
        [(Engine::plan_undo as Back, &before), (|engine, _| engine.plan_redo(), &after)]
    {
        let engine = machine.engine();
        let outcome = engine
            .execute(&plan(&engine, None).unwrap(), &mut |_| (), &CancellationToken::new())
            .unwrap();
        assert!(outcome.complete(), "{outcome:#?}");
        let now = (
            machine.state()["boxes"]["dev"]["packages"].clone(),
            files(&machine.path("home/.local/bin")),
        );
        assert_eq!(&now, expected);
    }

    // A program that is new in the directory is wanted too, and one whose script was removed is excluded.
    machine.program("home/.cargo/bin/clippy", "");
    assert_eq!(machine.item("dev").unwrap().state, Drift::ManifestChanged);
    complete(&machine, Verb::Apply);
    fs::remove_file(machine.path("home/.local/bin/clippy")).unwrap();
    assert_eq!(machine.item("dev").unwrap().state, Drift::SystemChanged);
    let outcome = machine.act(&Request::all(Verb::Capture));
    assert!(outcome.complete(), "{outcome:#?}");
    assert_eq!(
        machine.says()["dev"]["bins"],
        json!({ "from": ["~/.cargo/bin"], "exclude": ["rustc", "clippy"] })
    );
    assert_eq!(machine.says()["dev"]["odd"], 1);
    assert_eq!(machine.item("dev").unwrap().state, Drift::InSync);
}

type Back = fn(&Engine, Option<u64>) -> anyhow::Result<bucket::core::plan::Plan>;
use bucket::engine::Engine;

#[test]
fn a_box_is_made_anew_and_put_back_where_that_fails() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    let entry =
        |image: &str, packages: &[&str]| json!({ "dev": { "image": image, "packages": packages }});
    machine.manifest(entry("registry.example/one:1", &["htop"]));
    complete(&machine, Verb::Apply);
    machine.set(|state| state["boxes"]["dev"]["files"] = json!(["/opt/mine", "/usr/bin/htop"]));
    let old = machine.state()["boxes"]["dev"].clone();

    // The new one cannot be set up.
    machine.manifest(entry("registry.example/two:2", &["htop", "nowhere"]));
    let engine = machine.engine();
    let plan = engine.plan(&engine.survey(&[]).unwrap(), &everything(Verb::Apply)).unwrap();
    let losses: Vec<&String> = plan.steps.iter().flat_map(|step| step.step.losses()).collect();
    assert_eq!(losses, ["New in it: /opt/mine"], "{plan:#?}");
    let titles: Vec<&str> = plan.steps.iter().map(|step| step.step.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Pull registry.example/two:2",
            "Stop the distrobox dev",
            "Set the distrobox dev aside, to make it anew",
            "Make the distrobox dev",
            "Set dev up and install 2 packages",
            "Remove what dev was before",
        ]
    );
    for fragile in [Json::Null, "dev".into()] {
        machine.set(|state| state["fragile"] = fragile);
        let outcome = machine.act(&everything(Verb::Apply));
        let Verdict::Failed(why) = &outcome.results[0].verdict else { panic!("{outcome:#?}") };
        assert!(why.contains("has been put back"), "{why}");
        assert_eq!(machine.state()["boxes"], json!({ "dev": old }));
    }
    // Stopped by the person, it is put back too.
    machine.set(|state| state["fragile"] = Json::Null);
    let engine = machine.engine();
    let plan = engine.plan(&engine.survey(&[]).unwrap(), &everything(Verb::Apply)).unwrap();
    let stop = CancellationToken::new();
    let mut on = |event: bucket::engine::Event<'_>| {
        if matches!(&event, bucket::engine::Event::Start { step, .. } if step.step.title == "Make the distrobox dev")
        {
            stop.cancel();
        }
    };
    assert!(engine.execute(&plan, &mut on, &stop).unwrap().cancelled);
    assert_eq!(machine.state()["boxes"], json!({ "dev": old }));

    machine.manifest(entry("registry.example/two:2", &["htop"]));
    let outcome = machine.act(&everything(Verb::Apply));
    assert!(outcome.complete(), "{outcome:#?}");
    let new = machine.state()["boxes"].clone();
    assert_eq!(new.as_object().unwrap().len(), 1);
    assert!(new["dev"]["id"] != old["id"] && new["dev"]["image_id"] == "b2");
    assert_eq!(set(&machine.item("dev").unwrap(), "packages"), ["htop"]);
    // Cut off in the middle, what is there is neither what it was nor what it is to be.
    for there in [true, false] {
        machine.set(|state| {
            state["boxes"]["dev.replaced"] = old.clone();
            if !there {
                state["boxes"].as_object_mut().unwrap().remove("dev");
            }
        });
        let report = machine.engine().survey(&[]).unwrap();
        assert_eq!(report.subsystems[0].items.len(), 1);
        let item = machine.item("dev").unwrap();
        assert_eq!(item.state, Drift::Unknown);
        let reason = item.unknown.unwrap();
        assert!(reason.contains("podman rename dev.replaced dev"), "{reason}");
        assert_eq!(reason.contains("podman rm --force dev”"), there, "{reason}");
        let (says, boxes) = (machine.says(), machine.state()["boxes"].clone());
        for verb in [Verb::Capture, Verb::Apply] {
            assert!(machine.act(&everything(verb)).results.is_empty());
        }
        assert_eq!((machine.says(), machine.state()["boxes"].clone()), (says, boxes));
    }
}

#[test]
fn what_was_set_aside_is_put_back_or_not_needed_any_more() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    machine.program("home/.cargo/bin/cargo", "");
    machine.program("home/.cargo/bin/rustc", "");
    let entry =
        |image: &str, bins: &[&str]| json!({ "dev": { "image": image, "bins": { "also": bins } }});
    let both = ["~/.cargo/bin/cargo", "~/.cargo/bin/rustc"];
    machine.manifest(entry("registry.example/one:1", &both));
    complete(&machine, Verb::Apply);
    let old = machine.state()["boxes"]["dev"].clone();
    // The rename is told to have failed, and happened.
    machine.manifest(entry("registry.example/two:2", &both));
    machine.set(|state| state["fails"] = "podman rename dev dev.replaced".into());
    let outcome = machine.act(&everything(Verb::Apply));
    assert!(!outcome.complete());
    assert_eq!(machine.state()["boxes"], json!({ "dev": old }));
    // The new box is there when the old one cannot be removed to the end: it is not thrown away for what is left of that.
    machine.set(|state| state["fails"] = "podman rm --force --volumes dev.replaced".into());
    let outcome = machine.act(&everything(Verb::Apply));
    assert!(!outcome.errors.is_empty(), "{outcome:#?}");
    let boxes = machine.state()["boxes"].clone();
    assert_eq!(boxes.as_object().unwrap().len(), 1);
    assert_eq!(boxes["dev"]["image_id"], "b2");
    // Nor for an export that stays because another box failed.
    machine.set(|state| {
        state["fails"] = Json::Null;
        state["fragile"] = "other".into();
        state["images"]["registry.example/one:1"] = json!({ "id": "a1", "packages": {} });
    });
    let mut both = entry("registry.example/one:1", &["~/.cargo/bin/cargo"]);
    both["other"] = json!({ "image": "registry.example/one:1" });
    machine.manifest(both);
    let outcome = machine.act(&everything(Verb::Apply));
    assert!(!outcome.complete());
    assert!(!outcome.errors.iter().any(|error| error.contains("put back")), "{outcome:#?}");
    let boxes = machine.state()["boxes"].clone();
    assert_eq!(boxes.as_object().unwrap().len(), 1);
    assert_eq!(boxes["dev"]["image_id"], "a1");
}

#[test]
fn exports_move_with_the_place_that_they_are_told() {
    let dir = scratch();
    let mut machine = Machine::new(dir.path(), "here");
    let tools = machine.path("home/.tools").display().to_string();
    machine.vars.insert("PATH".to_owned(), format!("/usr/bin:{tools}"));
    machine.program("home/.cargo/bin/cargo", "");
    machine.program("home/.tools/mine", "#!/bin/sh\n");
    let at = |to: Option<&str>| {
        let mut bins = json!({ "also": ["~/.cargo/bin/cargo"] });
        if let Some(to) = to {
            bins["to"] = to.into();
        }
        json!({ "dev": { "image": "registry.example/one:1", "bins": bins }})
    };
    let mut id = Json::Null;
    for to in [Some("~/.tools"), Some("~/bin"), Some("~/.tools"), None, Some("~/.tools")] {
        machine.manifest(at(to));
        complete(&machine, Verb::Apply);
        assert_eq!(machine.item("dev").unwrap().state, Drift::InSync, "{to:?}");
        let there: Vec<&str> = ["home/.tools/cargo", "home/bin/cargo", "home/.local/bin/cargo"]
            .into_iter()
            .filter(|path| machine.path(path).exists())
            .collect();
        let expected = to.map_or("home/.local/bin/cargo".to_owned(), |to| {
            format!("{}/cargo", to.replace('~', "home"))
        });
        assert_eq!(there, [expected]);
        let now = machine.state()["boxes"]["dev"]["id"].clone();
        assert!(id.is_null() || id == now);
        id = now;
    }
    assert!(machine.path("home/.tools/mine").exists());
}

#[test]
fn packages_that_cannot_be_read_are_left_as_they_are_and_all_else_is_compared() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    lived_in(&machine);
    complete(&machine, Verb::Capture);
    machine.set(|state| {
        state["mute"] = true.into();
        state["boxes"]["dev"]["packages"]["jq"] = "User".into();
    });
    // All else agrees, so that nothing can be said of it.
    let item = machine.item("dev").unwrap();
    assert_eq!(item.state, Drift::Unknown, "{item:#?}");
    assert!(item.unknown.unwrap().contains("the package manager is broken"));
    // What was exported by hand since is saved, and what was installed stays as it was written.
    let script = fs::read_to_string(machine.path("home/.local/bin/cargo")).unwrap();
    machine.program("home/.local/bin/rustc", &script.replace("cargo/bin/cargo", "cargo/bin/rustc"));
    let item = machine.item("dev").unwrap();
    assert_eq!(item.state, Drift::SystemChanged, "{item:#?}");
    complete(&machine, Verb::Capture);
    let says = machine.says();
    assert_eq!(says["dev"]["packages"], json!(["htop"]));
    assert_eq!(says["dev"]["bins"]["also"].as_array().unwrap().len(), 2, "{says:#}");
    // It is not made anew: what is in it would be lost.
    let mut other = says.clone();
    other["dev"]["hostname"] = "another".into();
    machine.manifest(other);
    let boxes = machine.state()["boxes"].clone();
    let engine = machine.engine();
    let plan = engine.plan(&engine.survey(&[]).unwrap(), &everything(Verb::Apply)).unwrap();
    assert!(plan.steps.is_empty(), "{plan:#?}");
    assert!(plan.blocked[0].reason.contains("the package manager is broken"), "{plan:#?}");
    assert_eq!(machine.state()["boxes"], boxes);
}

#[test]
fn nobody_s_file_is_written_over_and_only_exports_go_with_a_box() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    machine.program("home/.cargo/bin/cargo", "");
    machine.program("home/.local/bin/cargo", "#!/bin/sh\n");
    machine.program("home/.local/bin/mine", "#!/bin/sh\n");
    machine.manifest(json!({ "dev": { "image": "registry.example/one:1", "bins": { "from": ["~/.cargo/bin"] } }}));
    let engine = machine.engine();
    let plan = engine.plan(&engine.survey(&[]).unwrap(), &everything(Verb::Apply)).unwrap();
    assert!(
        plan.steps.is_empty() && plan.blocked[0].reason.contains("~/.local/bin/cargo"),
        "{plan:#?}"
    );
    fs::remove_file(machine.path("home/.local/bin/cargo")).unwrap();
    complete(&machine, Verb::Apply);
    let script = fs::read_to_string(machine.path("home/.local/bin/cargo")).unwrap();
    machine.program("home/bin/cargo", &script);
    machine.program("home/bin/other", &script.replace("# name: dev", "# name: other"));
    machine.manifest(json!({}));
    complete(&machine, Verb::Apply);
    let left = files(&machine.path("home/.local/bin"));
    assert_eq!(left.len(), 1, "{left:?}");
    let left = files(&machine.path("home/bin"));
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(machine.state()["boxes"], json!({}));
    let engine = machine.engine();
    let plan = engine.plan_undo(None).unwrap();
    let outcome = engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
    assert!(outcome.complete(), "{outcome:#?}");
    assert!(machine.path("home/.local/bin/cargo").exists());
}

#[test]
fn what_cannot_be_read_is_unknown_and_changes_nothing() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    lived_in(&machine);
    complete(&machine, Verb::Capture);
    let (says, boxes) = (machine.says(), machine.state()["boxes"].clone());
    machine.set(|state| state["broken"] = "podman fails".into());
    for verb in [Verb::Capture, Verb::Apply] {
        assert!(machine.act(&everything(verb)).results.is_empty());
    }
    assert!(machine.engine().survey(&[]).unwrap().failed());
    machine.set(|state| state["broken"] = Json::Null);
    // Podman says of a box how it was made, and nobody can tell what is in it.
    machine.set(|state| {
        state["boxes"]["dev"]["packages"] = json!({});
        state["boxes"]["dev"]["running"] = false.into();
        state["images"] = json!({ "registry.example/one:1": { "id": "a1", "packages": {} } });
    });
    assert_eq!(
        (machine.says(), &machine.state()["boxes"]["dev"]["id"]),
        (says, &boxes["dev"]["id"])
    );
    // A box of root is none of ours.
    machine.manifest(json!({ "deep": { "image": "registry.example/one:1", "root": true }}));
    let item = machine.item("deep").unwrap();
    assert_eq!(item.state, Drift::Unknown);
    assert!(item.unknown.unwrap().contains("root"));
}

#[test]
fn a_search_path_reaches_the_box_and_errors_have_their_place() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    machine.manifest(json!({ "dev": { "image": "one:1", "path": ["~/.cargo/bin", "/opt/bin"] }}));
    machine
        .set(|state| state["images"]["one:1"] = state["images"]["registry.example/one:1"].clone());
    complete(&machine, Verb::Apply);
    let item = machine.item("dev").unwrap();
    assert_eq!(item.state, Drift::InSync);
    assert_eq!(item.live.unwrap().text("path"), Some("~/.cargo/bin:/opt/bin"));
    for (entry, at, what) in [
        (json!({ "image": "one:1", "env": { "PATH": "/x" } }), "4:14", "path"),
        (json!({ "image": "one:1", "packages": ["a b"] }), "5:9", "package"),
        (json!({ "packages": [] }), "3:12", "image"),
        (json!({ "image": "one:1", "init_hooks": ["true;\nfalse", "a\nb"] }), "5:9", "one line"),
        (json!({ "image": "one:1", "bins": { "from": ["x"] } }), "6:11", "absolute"),
    ] {
        machine.manifest(json!({ "dev": entry }));
        let report = machine.engine().survey(&[]).unwrap();
        let said = serde_json::to_string(&report.subsystems[0].availability).unwrap();
        assert!(said.contains(what) && said.contains("distrobox.json:"), "{at} {said}");
    }
    // What a shell would read is refused, and never handed on.
    for entry in [
        json!({ "image": "one:1", "volume": ["/a b:/b"] }),
        json!({ "image": "one:1", "volume": ["/$(id):/b"] }),
        json!({ "image": "one:1", "home": "/x`id`" }),
        json!({ "image": "one:1", "hostname": "$(id)" }),
        json!({ "image": "one:1", "env": { "A": "b  c" } }),
    ] {
        machine.manifest(json!({ "odd": entry }));
        let engine = machine.engine();
        let plan = engine.plan(&engine.survey(&[]).unwrap(), &Request::all(Verb::Apply)).unwrap();
        assert!(plan.steps.is_empty() && plan.blocked.len() == 1, "{plan:#?}");
    }
}

#[test]
fn an_entry_moves_to_another_layer_with_all_that_it_says() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here");
    let shared = dir.path().join("repo/manifests/distrobox.json");
    let own = dir.path().join("repo/manifests/hosts/machine/distrobox.json");
    let entry = "{\n      // Where I work.\n      \"image\": \"registry.example/one:1\",\n      \"odd\": [1]\n    }";
    let before = format!(
        "{{\n  \"containers\": {{\n    \"dev\": {entry},\n    \"other\": {{ \"image\": \"x:1\" }}\n  }}\n}}\n"
    );
    fs::write(&shared, &before).unwrap();
    let move_to = |layer: &bucket::core::item::Layer| {
        let engine = machine.engine();
        let items: Vec<_> =
            engine.defined().into_iter().filter(|one| one.item.as_str() == "dev").collect();
        let plan = engine.plan_move(&items, layer, false).unwrap();
        engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap()
    };
    assert!(move_to(&bucket::core::item::Layer::Host("machine".to_owned())).complete());
    let text = fs::read_to_string(&own).unwrap();
    assert!(text.contains("// Where I work.") && text.contains("\"odd\": [1]"), "{text}");
    assert!(!fs::read_to_string(&shared).unwrap().contains("dev"));
    assert!(move_to(&bucket::core::item::Layer::Shared).complete());
    let text = fs::read_to_string(&shared).unwrap();
    assert!(text.contains("// Where I work.") && text.contains("\"odd\": [1]"), "{text}");
    // Dropped on one machine, it is wanted on all others.
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, r#"{"containers": {"dev": {"absent": true}}}"#).unwrap();
    assert!(machine.item("dev").is_none() && machine.item("other").is_some());
}
