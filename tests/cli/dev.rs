//! The development box: what it has, what it wants, and what it cannot have.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::sandbox::{Run, Sandbox, items};

#[test]
fn what_a_box_cannot_have_says_what_to_use() {
    let sandbox = Sandbox::new();
    let refused = |args: &[&str], instead: &str| {
        sandbox.bkt(args).exits(2).says(instead);
    };
    refused(&["dev", "flatpak", "add", "org.gnome.Boxes"], "bkt flatpak add org.gnome.Boxes");
    refused(&["dev", "flatpak"], "Use: bkt flatpak");
    refused(&["dev", "flatpak", "--help"], "bkt flatpak --help");
    refused(&["dev", "extension", "enable", "a@b"], "bkt extension enable a@b");
    refused(&["dev", "gsetting", "set", "a", "b", "--", "-1"], "bkt gsetting set a b -- -1");
    refused(&["dev", "shim", "add", "podman"], "bkt shim add podman");
    refused(&["dev", "image", "dnf", "install", "x"], "bkt dev dnf install");
    refused(&["dev", "admin", "bootc", "status"], "bkt admin bootc status");
}

const MANIFEST: &str = "repo/manifests/toolbox-packages.json";
const CONTAINERFILE: &str = "repo/toolbox/Containerfile";
const IMAGE: &str = "registry.example/dev:1";

/// A machine with a development box, made by `maker` from an image that brings bash and make.
fn machine(maker: &str) -> Sandbox {
    let sandbox = bare();
    let made = |packages: &[&str]| -> Json {
        packages
            .iter()
            .map(|name| ((*name).to_owned(), json!("User")))
            .collect::<Map<_, _>>()
            .into()
    };
    let image = json!({ "id": "a1", "packages": made(&["bash", "make"]) });
    let state = json!({
        "images": { IMAGE: image },
        "registry": { IMAGE: image },
        "repositories": ["bash", "make", "gcc", "gdb", "gdbm", "htop", "strace"],
        "groups": ["c-development"],
        "boxes": {
            "bootc-dev": {
                "id": "b1", "maker": maker, "image": IMAGE, "image_id": "a1", "running": true, "pid": 1001,
                "packages": made(&["bash", "make"]), "volumes": ["/data:/data:ro"],
            },
        },
    });
    sandbox.write("boxes.json", &state.to_string());
    in_box(&sandbox, &["true"]);
    // The stand-in lays out what podman leaves on a disk.
    by_hand(&sandbox, &["dnf5", "install", "-y", "bash"]);
    sandbox.write("ran", "");
    sandbox
}

/// A machine with the programs and without a box.
pub fn bare() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins/boxes");
    std::fs::create_dir_all(sandbox.path("bin")).unwrap();
    for name in ["podman", "toolbox", "distrobox"] {
        symlink(&stand_in, sandbox.path("bin").join(name)).unwrap();
    }
    let mut path = OsString::from(sandbox.path("bin"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    sandbox.vars.insert("PATH", path);
    sandbox.vars.insert("BKT_ROOT", sandbox.path("").into());
    sandbox
        .write("boxes.json", r#"{"images": {}, "registry": {}, "repositories": [], "boxes": {}}"#);
    sandbox.write("proc/sys/kernel/random/boot_id", "0b7f-1\n");
    sandbox.write(MANIFEST, "{\n  \"packages\": []\n}\n");
    sandbox.write(
        CONTAINERFILE,
        "FROM x\n# mine\n\n# === TOOLBOX_PACKAGES (managed by bkt) ===\n# === END TOOLBOX_PACKAGES ===\n",
    );
    sandbox.commit();
    sandbox
}

fn state(sandbox: &Sandbox) -> Json {
    serde_json::from_str(&sandbox.read("boxes.json")).unwrap()
}

/// What is in the box, beside what its image brings.
fn in_it(sandbox: &Sandbox) -> Vec<String> {
    let state = state(sandbox);
    let packages = state["boxes"]["bootc-dev"]["packages"].as_object().unwrap();
    let names = packages.keys().filter(|name| !["bash", "make"].contains(&name.as_str()));
    let mut names: Vec<String> = names.cloned().collect();
    names.sort();
    names
}

/// The person runs something in the box themselves.
fn in_box(sandbox: &Sandbox, command: &[&str]) {
    let mut args = vec!["run", "--container", "bootc-dev"];
    args.extend(command);
    let output = sandbox.command("toolbox").args(args).output().unwrap();
    Run::of(output).exits(0);
}

fn by_hand(sandbox: &Sandbox, command: &[&str]) {
    in_box(sandbox, &[&["sudo", "-n"], command].concat());
}

fn ran(sandbox: &Sandbox) -> Vec<String> {
    sandbox.read("ran").lines().map(str::to_owned).collect()
}

/// What differs of the box's packages. How the box was made is no part of it.
fn drift(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let mut drift = sandbox.drift();
    drift.remove("bootc-dev");
    drift
}

fn packages(sandbox: &Sandbox) -> Json {
    serde_json::from_str::<Json>(&sandbox.read(MANIFEST)).unwrap()["packages"].clone()
}

#[test]
fn a_package_is_installed_in_the_box_and_recorded_and_taken_back() {
    for maker in ["toolbox", "distrobox"] {
        let sandbox = machine(maker);
        sandbox.bkt(&["dev", "dnf", "install", "gcc"]).exits(0);
        assert_eq!(in_it(&sandbox), ["gcc"]);
        assert_eq!(packages(&sandbox), json!(["gcc"]));
        assert!(sandbox.read(CONTAINERFILE).contains("dnf install -y \\\n      gcc;"));
        let run = sandbox.bkt(&["dev", "status", "--json"]).exits(0);
        assert!(run.out.contains("package/gcc"), "{run:#?}");
        assert_eq!(drift(&sandbox), items(&[]));
        sandbox.bkt(&["undo"]).exits(0);
        assert_eq!((in_it(&sandbox), packages(&sandbox)), (vec![], json!([])));
        assert!(!sandbox.read(CONTAINERFILE).contains("gcc"));
        sandbox.bkt(&["redo"]).exits(0);
        assert_eq!(in_it(&sandbox), ["gcc"]);
        sandbox.bkt(&["dev", "dnf", "remove", "gcc"]).exits(0);
        assert_eq!((in_it(&sandbox), packages(&sandbox)), (vec![], json!([])));
    }
}

#[test]
fn what_fails_in_the_box_changes_no_manifest() {
    let sandbox = machine("toolbox");
    let before = (sandbox.read(MANIFEST), sandbox.read(CONTAINERFILE));
    let run = sandbox.bkt(&["dev", "dnf", "install", "--force", "gcc", "broken"]).exits(1);
    run.says("No match for argument: broken");
    assert_eq!((sandbox.read(MANIFEST), sandbox.read(CONTAINERFILE)), before);
    assert!(in_it(&sandbox).is_empty());
    // A name that there is not is told of before, with those that are like it.
    sandbox.bkt(&["dev", "dnf", "install", "gdx"]).exits(1).says("gdb").says("--force");
    sandbox.bkt(&["dev", "dnf", "install", "@c-develop"]).exits(1).says("c-development");
    sandbox.bkt(&["dev", "dnf", "install", "a b"]).exits(2);
    sandbox.bkt(&["dev", "dnf", "remove", "make"]).exits(1).says("its image brings it");
    sandbox.bkt(&["dev", "dnf", "remove", "nothing"]).exits(1).says("neither in the manifest");
    assert_eq!((sandbox.read(MANIFEST), sandbox.read(CONTAINERFILE)), before);
}

#[test]
fn one_side_alone_can_be_meant() {
    let sandbox = machine("toolbox");
    sandbox.bkt(&["dev", "dnf", "install", "gcc", "--manifest-only"]).exits(0);
    assert_eq!((in_it(&sandbox), packages(&sandbox)), (vec![], json!(["gcc"])));
    assert_eq!(drift(&sandbox), items(&[("package/gcc", "missing")]));
    sandbox.bkt(&["dev", "dnf", "install", "strace", "--local"]).exits(0);
    assert_eq!((in_it(&sandbox), packages(&sandbox)), (vec!["strace".into()], json!(["gcc"])));
    sandbox.bkt(&["dev", "dnf", "install", "make", "--local"]).exits(0).says("already");
    sandbox.bkt(&["apply", "dev"]).exits(0);
    assert_eq!(in_it(&sandbox), ["gcc", "strace"]);
    // What the image brings counts as there.
    sandbox.write(MANIFEST, r#"{"packages": ["gcc", "make"]}"#);
    assert_eq!(drift(&sandbox).get("package/make"), None);
    let run = sandbox.bkt(&["dev", "dnf", "install", "-nv", "gdb"]).exits(0);
    run.says("toolbox run --container bootc-dev").says("Nothing was changed");
    assert_eq!(in_it(&sandbox), ["gcc", "strace"]);
}

#[test]
fn what_was_installed_by_hand_is_captured_and_had_elsewhere() {
    let here = machine("distrobox");
    by_hand(&here, &["dnf5", "install", "-y", "gcc", "strace", "@c-development"]);
    let found = drift(&here);
    assert_eq!(found.get("package/gcc").map(String::as_str), Some("unmanaged"), "{found:?}");
    here.bkt(&["dev", "capture"]).exits(0);
    assert_eq!(packages(&here), json!(["gcc", "strace"]));
    for verb in ["capture", "apply"] {
        here.bkt(&[verb, "toolbox"]).exits(0).says("nothing to do");
    }
    // Law 4: an undo from another process puts back what was there.
    here.bkt(&["undo"]).exits(0);
    assert_eq!(packages(&here), json!([]));
    here.bkt(&["redo"]).exits(0);

    let there = machine("toolbox");
    for file in [MANIFEST, CONTAINERFILE] {
        there.write(file, &here.read(file));
    }
    there.bkt(&["apply", "dev"]).exits(0);
    assert_eq!(in_it(&there), ["gcc", "strace"]);
    assert_eq!(drift(&there), items(&[]));
    // What goes from the manifest goes from the box, where that is asked for.
    there.write(MANIFEST, r#"{"packages": ["gcc"]}"#);
    there.bkt(&["apply", "dev"]).exits(0).says("--prune");
    there.bkt(&["apply", "dev", "--prune"]).exits(0);
    assert_eq!(in_it(&there), ["gcc"]);
}

#[test]
fn groups_are_known_where_dnf_noted_them() {
    let sandbox = machine("toolbox");
    sandbox.bkt(&["dev", "dnf", "install", "@c-development"]).exits(0);
    let manifest: Json = serde_json::from_str(&sandbox.read(MANIFEST)).unwrap();
    assert_eq!(manifest["groups"], json!(["c-development"]));
    assert_eq!(drift(&sandbox), items(&[]));
    let stop = sandbox.command("podman").args(["stop", "bootc-dev"]).output().unwrap();
    Run::of(stop).exits(0);
    // It is told of a box that does not run, too, and that one is not started for it.
    assert_eq!(drift(&sandbox), items(&[]));
    sandbox.bkt(&["dev", "status"]).exits(0);
    assert_eq!(state(&sandbox)["boxes"]["bootc-dev"]["running"], false);
}

#[test]
fn a_box_that_is_not_there_says_what_to_do_and_stops_nothing_else() {
    let sandbox = bare();
    sandbox.write(MANIFEST, r#"{"packages": ["gcc"]}"#);
    assert_eq!(drift(&sandbox), items(&[("package/gcc", "not-here")]));
    sandbox.bkt(&["dev", "status"]).exits(0);
    sandbox.bkt(&["apply"]).exits(0);
    for verb in [&["dev", "enter"][..], &["dev", "update"], &["dev", "dnf", "install", "gdb"]] {
        sandbox.bkt(verb).exits(1).says("bootc-dev").says("toolbox create");
    }
    assert_eq!(packages(&sandbox), json!(["gcc"]));
    sandbox.write("repo/repo.json", r#"{ "dev_container": "work" }"#);
    sandbox.bkt(&["dev", "enter"]).exits(1).says("toolbox create work");
    sandbox.write("repo/repo.json", r#"{ "dev_container": "-rf" }"#);
    sandbox.bkt(&["dev", "enter"]).exits(1).says("repo.json");
}

#[test]
fn the_box_is_entered_with_the_terminal() {
    let sandbox = machine("toolbox");
    sandbox.bkt(&["dev", "enter"]).exits(0).says("entered by toolbox bootc-dev");
    sandbox.bkt(&["dev", "enter", "--", "echo", "-n", "a b"]).exits(0).says("-n a b");
    sandbox.bkt(&["dev", "enter", "--", "exit", "42"]).exits(42);
    sandbox.bkt(&["dev", "enter", "-n"]).exits(0).says("toolbox enter bootc-dev");
    let sandbox = machine("distrobox");
    sandbox.bkt(&["dev", "enter"]).exits(0).says("entered by distrobox --name bootc-dev");
}

/// The registry has another image of the same name, which brings gdb.
fn new_image(sandbox: &Sandbox) {
    let mut state = state(sandbox);
    state["registry"][IMAGE] =
        json!({ "id": "a2", "packages": { "bash": "User", "make": "User", "gdb": "User" } });
    state["boxes"]["bootc-dev"]["files"] = json!(["/opt/tool"]);
    sandbox.write("boxes.json", &state.to_string());
}

#[test]
fn an_update_moves_the_box_to_a_newer_image_with_what_is_in_it() {
    for maker in ["toolbox", "distrobox"] {
        let sandbox = machine(maker);
        sandbox.write(MANIFEST, r#"{"packages": ["gcc"]}"#);
        by_hand(&sandbox, &["dnf5", "install", "-y", "strace"]);
        // Nothing newer: the manifest alone.
        let id = || state(&sandbox)["boxes"]["bootc-dev"]["id"].clone();
        let first = id();
        sandbox.bkt(&["dev", "update"]).exits(0);
        assert_eq!(
            (in_it(&sandbox), id()),
            (vec!["gcc".to_owned(), "strace".to_owned()], first.clone())
        );

        new_image(&sandbox);
        let before = ran(&sandbox).len();
        sandbox.bkt(&["dev", "update", "-n"]).exits(0).says("podman pull");
        assert_eq!(ran(&sandbox).len(), before, "a dry run changed something");
        // Nobody is there to be asked, and files would be lost.
        sandbox.bkt(&["dev", "update"]).exits(4).says("/opt/tool").says("--yes");
        assert_eq!(id(), first);
        sandbox.bkt(&["dev", "update", "--yes"]).exits(0).says("made anew");
        assert_ne!(id(), first);
        assert_eq!(in_it(&sandbox), ["gcc", "gdb", "strace"]);
        let now = state(&sandbox);
        assert_eq!(now["boxes"].as_object().unwrap().len(), 1, "{now}");
        assert_eq!(now["boxes"]["bootc-dev"]["image_id"], "a2");
        if maker == "distrobox" {
            assert_eq!(now["boxes"]["bootc-dev"]["volumes"], json!(["/data:/data:ro"]));
        }
        // And then it is up to date.
        let second = id();
        sandbox.bkt(&["dev", "update", "--yes"]).exits(0).says("newest");
        assert_eq!(id(), second);
    }
}

#[test]
fn a_box_that_cannot_be_made_anew_is_put_back() {
    for maker in ["toolbox", "distrobox"] {
        let sandbox = machine(maker);
        by_hand(&sandbox, &["dnf5", "install", "-y", "strace"]);
        new_image(&sandbox);
        let mut broken = state(&sandbox);
        broken["fragile"] = json!(["bootc-dev"]);
        sandbox.write("boxes.json", &broken.to_string());
        let first = broken["boxes"]["bootc-dev"]["id"].clone();
        sandbox.bkt(&["dev", "update", "--yes"]).exits(1).says("put back");
        let now = state(&sandbox);
        assert_eq!(now["boxes"].as_object().unwrap().len(), 1, "{now}");
        assert_eq!(now["boxes"]["bootc-dev"]["id"], first);
        assert_eq!(now["boxes"]["bootc-dev"]["running"], true);
        assert_eq!(in_it(&sandbox), ["strace"]);
        // A registry that cannot be reached changes nothing either.
        let mut broken = state(&sandbox);
        broken["registry"] = json!({});
        sandbox.write("boxes.json", &broken.to_string());
        sandbox.bkt(&["dev", "update", "--yes"]).exits(1).says("connection refused");
        sandbox.bkt(&["dev", "update", "--no-image"]).exits(0);
        assert_eq!(state(&sandbox)["boxes"]["bootc-dev"]["id"], first);
    }
}

#[test]
fn what_cannot_be_read_is_unknown_and_stops_nothing_else() {
    let sandbox = machine("toolbox");
    sandbox.write(MANIFEST, r#"{"packages": ["gcc"]}"#);
    assert_eq!(drift(&sandbox), items(&[("package/gcc", "missing")]));
    // Podman's books have moved, and podman does not answer any more.
    sandbox.write("boxes.json", "no JSON");
    let books = match rustix::process::geteuid().is_root() {
        true => "var/lib/containers/storage/db.sql",
        false => "home/.local/share/containers/storage/db.sql",
    };
    sandbox.write(books, "moved");
    sandbox.bkt(&["dev", "status"]).exits(1);
    // Which home directory its toolchains are in is not known either, and not guessed.
    sandbox.bkt(&["status", "toolchains"]).exits(1);
    sandbox.write(
        "repo/manifests/host-shims.json",
        r#"{"shims": [{"name": "mine", "host": "podman"}]}"#,
    );
    sandbox.bkt(&["apply"]).exits(5);
    assert!(sandbox.path("home/.local/bin/mine").symlink_metadata().is_ok());
    sandbox.bkt(&["capture", "dev", "--prune"]).exits(1);
    assert_eq!(packages(&sandbox), json!(["gcc"]));
    for verb in ["install", "remove"] {
        sandbox.bkt(&["dev", "dnf", verb, "gcc"]).exits(1);
    }
    assert_eq!(packages(&sandbox), json!(["gcc"]));
}

#[test]
fn names_that_dnf_cannot_have_are_left_out_of_the_image_and_said() {
    let sandbox = bare();
    sandbox.write(MANIFEST, r#"{"packages": ["gcc", "libc6:amd64"]}"#);
    sandbox.bkt(&["containerfile", "sync"]).exits(0);
    let text = sandbox.read(CONTAINERFILE);
    assert!(text.contains("dnf install -y \\\n      gcc;") && text.contains("# dnf"), "{text}");
    assert!(!text.contains("      libc6"), "{text}");
    sandbox.bkt(&["containerfile", "check"]).exits(0).says("left out: libc6:amd64");
    let report = sandbox.bkt(&["containerfile", "check", "--json"]).exits(0).json();
    assert!(
        report["sections"][0]["notes"][0].as_str().unwrap().contains("libc6:amd64"),
        "{report}"
    );
}

#[test]
fn what_an_update_that_was_cut_off_has_left_is_not_touched() {
    for maker in ["toolbox", "distrobox"] {
        let sandbox = machine(maker);
        new_image(&sandbox);
        let mut left = state(&sandbox);
        left["boxes"]["bootc-dev.replaced"] = left["boxes"]["bootc-dev"].clone();
        left["boxes"]["bootc-dev.replaced"]["id"] = json!("b0");
        sandbox.write("boxes.json", &left.to_string());
        by_hand(&sandbox, &["dnf5", "install", "-y", "strace"]);
        let run = sandbox.bkt(&["dev", "update", "--yes"]).exits(1);
        run.says("podman rename bootc-dev.replaced bootc-dev");
        let now = state(&sandbox);
        let id = |name: &str| now["boxes"][name]["id"].clone();
        assert_eq!((id("bootc-dev"), id("bootc-dev.replaced")), (json!("b1"), json!("b0")));
        assert_eq!(now["boxes"]["bootc-dev"]["running"], true);
    }
}

const TOOLS: [(&str, &str); 3] =
    [(".cargo/bin", "rustup"), (".proto/bin", "proto"), (".proto/shims", "npm")];

/// A machine without a box, whose manifests make one and want something of each kind in it.
fn described() -> Sandbox {
    let sandbox = bare();
    let image = json!({ "id": "a1", "packages": { "bash": "User", "make": "User" } });
    let state = json!({
        "images": {}, "registry": { IMAGE: image }, "repositories": ["gcc", "gdb"], "groups": ["c-development"],
        "boxes": {},
    });
    sandbox.write("boxes.json", &state.to_string());
    sandbox.write("ran", "");
    let is_root = rustix::process::geteuid().is_root();
    let boxes = json!({ "containers": { "bootc-dev": { "image": IMAGE, "root": is_root } } });
    sandbox.write("repo/manifests/distrobox.json", &boxes.to_string());
    let wanted = json!({
        "packages": ["gcc", "gdb"],
        "groups": ["c-development"],
        "toolchains": {
            "rustup": { "default": "stable", "targets": ["wasm32-unknown-unknown"] },
            "npm": [{ "name": "is-number" }],
            "proto": [{ "name": "bun", "version": "1.2.0" }],
        },
    });
    sandbox.write(MANIFEST, &wanted.to_string());
    let standins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins");
    for (place, name) in TOOLS {
        let place = sandbox.path("home").join(place);
        std::fs::create_dir_all(&place).unwrap();
        symlink(standins.join(name), place.join(name)).unwrap();
    }
    sandbox.commit();
    sandbox
}

/// What programs of toolchains were asked.
fn tools_ran(sandbox: &Sandbox) -> usize {
    let log = |name: &str| sandbox.path("home").join(format!("{name}-ran"));
    let lines = |name| std::fs::read_to_string(log(name)).unwrap_or_default().lines().count();
    TOOLS.iter().map(|(_, name)| lines(name)).sum()
}

fn all_missing() -> BTreeMap<String, String> {
    let keys = [
        "bootc-dev",
        "group/c-development",
        "npm/is-number",
        "package/gcc",
        "package/gdb",
        "proto/bun",
        "rustup/default",
        "rustup/target/wasm32-unknown-unknown",
        "rustup/toolchain/stable",
    ];
    keys.iter().map(|key| ((*key).to_owned(), "missing".to_owned())).collect()
}

#[test]
fn an_empty_machine_gets_the_box_and_all_that_is_in_it_by_one_apply() {
    let sandbox = described();
    assert_eq!(sandbox.drift(), all_missing());
    let plan = sandbox.bkt(&["apply", "-n", "--json"]).exits(0).json();
    assert_eq!((ran(&sandbox), tools_ran(&sandbox)), (vec![], 0), "a dry run");
    sandbox.bkt(&["apply"]).exits(0);
    assert_eq!(sandbox.drift(), items(&[]));
    assert_eq!(in_it(&sandbox), ["gcc", "gdb"]);
    assert_eq!(state(&sandbox)["boxes"]["bootc-dev"]["groups"], json!(["c-development"]));
    // Law 5: what was shown is what was done, and all of it was seen on the machine.
    let history = sandbox.bkt(&["history", "--json"]).exits(0).json();
    let done = &history["operations"][0];
    assert_eq!(done["steps"], plan["steps"]);
    let results = done["results"].as_array().unwrap();
    assert_eq!(results.len(), all_missing().len());
    assert!(results.iter().all(|one| one["verdict"] == "done"), "{results:#?}");
    let before = (ran(&sandbox).len(), tools_ran(&sandbox));
    sandbox.bkt(&["apply"]).exits(0).says("nothing to do");
    assert_eq!((ran(&sandbox).len(), tools_ran(&sandbox)), before);

    // A box that somebody removes takes its packages along, which nobody took away.
    let rm = sandbox.command("podman").args(["rm", "bootc-dev"]).output().unwrap();
    Run::of(rm).exits(0);
    let wanted = sandbox.read(MANIFEST);
    assert_eq!(
        sandbox.drift(),
        items(&[
            ("bootc-dev", "system-changed"),
            ("group/c-development", "missing"),
            ("package/gcc", "missing"),
            ("package/gdb", "missing"),
        ])
    );
    sandbox.bkt(&["capture", "dev", "--prune"]).exits(0);
    assert_eq!(sandbox.read(MANIFEST), wanted);
    sandbox.bkt(&["apply", "--force"]).exits(0);
    assert_eq!((in_it(&sandbox), sandbox.drift()), (vec!["gcc".into(), "gdb".into()], items(&[])));
}

#[test]
fn nothing_is_run_in_a_box_that_could_not_be_made() {
    let sandbox = described();
    let mut broken = state(&sandbox);
    broken["fragile"] = json!(["bootc-dev"]);
    sandbox.write("boxes.json", &broken.to_string());
    let run = sandbox.bkt(&["apply", "--json"]).exits(1);
    let outcome = run.json();
    let of = |key: &str| {
        let results = outcome["results"].as_array().unwrap();
        let one = results.iter().find(|one| one["change"]["item"] == key).unwrap();
        one["reason"].as_str().unwrap().to_owned()
    };
    assert!(of("bootc-dev").contains("could not be made"), "{outcome:#}");
    for key in all_missing().keys().filter(|key| *key != "bootc-dev") {
        assert_eq!(of(key), "there is no box “bootc-dev”, so nothing is run in it");
    }
    assert_eq!(tools_ran(&sandbox), 0);
    let done: Vec<String> = ran(&sandbox);
    assert!(!done.iter().any(|line| line.contains("dnf5")), "{done:?}");
    assert_eq!(sandbox.drift(), all_missing());

    // Without the box nothing of it can be had, and that is said before.
    let sandbox = described();
    let run = sandbox.bkt(&["apply", "dev"]).exits(1);
    run.says("the development box bootc-dev is not on this machine").says("bkt dev update");
    assert_eq!((ran(&sandbox), tools_ran(&sandbox)), (vec![], 0));
    // And an undo takes all of it back.
    sandbox.bkt(&["apply"]).exits(0);
    sandbox.bkt(&["undo", "--yes"]).exits(0);
    assert_eq!(state(&sandbox)["boxes"], json!({}));
    sandbox.bkt(&["redo"]).exits(0);
    assert_eq!((in_it(&sandbox), sandbox.drift()), (vec!["gcc".into(), "gdb".into()], items(&[])));
}
