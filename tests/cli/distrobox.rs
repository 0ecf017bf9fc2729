//! Boxes in the manifest: taken over from a distrobox.ini, written as one, changed by name, and their hooks looked at.
//!
//! Boxes that are there are those of the stand-in. What podman and distrobox do with them is seen in the lab.

use std::os::unix::fs::MetadataExt;

use serde_json::{Value as Json, json};

use crate::sandbox::{Run, Sandbox};
use crate::terminal::typing;

const MANIFEST: &str = "repo/manifests/distrobox.json";
const INI: &str = "\
[dev]
image=registry.example/fedora-toolbox:42
additional_packages=\"git vim\"
init_hooks=\"rustup update stable\"
entry=false
additional_flags=\"--env A='b c' --memory=2g\"
volume=~/not-here:/src
exported_bins=\"/usr/bin/htop\"
[other]
image=registry.example/ubuntu
unshare_netns=true
";

fn manifest(sandbox: &Sandbox) -> Json {
    serde_json::from_str(&sandbox.read(MANIFEST)).unwrap()
}

#[test]
fn boxes_of_a_file_are_taken_over_and_written_again() {
    let sandbox = Sandbox::new();
    sandbox.bkt(&["distrobox", "import"]).exits(2).says("there is no file distrobox.ini");
    sandbox.write("repo/distrobox.ini", INI);
    let run = sandbox.bkt(&["distrobox", "import", "-n"]).exits(0);
    run.says("distrobox.ini:5: entry of dev: left out").says("Track the distrobox dev");
    assert!(!sandbox.path(MANIFEST).exists(), "a dry run");
    sandbox.bkt(&["distrobox", "import", "distrobox.ini"]).exits(0).says("2 changes made");
    let said = manifest(&sandbox);
    let dev = &said["containers"]["dev"];
    assert_eq!(dev["image"], "registry.example/fedora-toolbox:42");
    assert_eq!(dev["packages"], json!(["git", "vim"]));
    assert_eq!(dev["init_hooks"], json!(["rustup update stable"]));
    assert_eq!(dev["env"], json!({ "A": "b c" }));
    assert_eq!(dev["volume"], json!(["~/not-here:/src"]));
    assert_eq!(dev["bins"]["also"], json!(["/usr/bin/htop"]));
    assert_eq!(said["containers"]["other"]["unshare"], json!(["netns"]));
    let text = sandbox.read(MANIFEST);
    sandbox.bkt(&["distrobox", "import"]).exits(0).says("nothing to do");

    // Written, and taken over again elsewhere, it is the same.
    sandbox.bkt(&["distrobox", "export", "out.ini"]).exits(0).says("Written: ");
    sandbox.bkt(&["undo"]).exits(0);
    assert!(!sandbox.path(MANIFEST).exists());
    sandbox.bkt(&["distrobox", "import", "out.ini"]).exits(0);
    assert_eq!(sandbox.read(MANIFEST), text);
    let out = sandbox.bkt(&["distrobox", "export"]).exits(0).out;
    assert_eq!(out, sandbox.read("repo/out.ini"));
    // What is there is not replaced without a word.
    sandbox.write("repo/out.ini", "[mine]\n");
    sandbox.bkt(&["distrobox", "export", "out.ini"]).exits(2).says("is there already");
    sandbox.bkt(&["distrobox", "export", "out.ini", "--force", "-n"]).exits(0);
    assert_eq!(sandbox.read("repo/out.ini"), "[mine]\n");
    sandbox.bkt(&["distrobox", "export", "out.ini", "--force"]).exits(0);
    assert_eq!(sandbox.read("repo/out.ini"), out);
}

#[test]
fn what_cannot_be_taken_over_or_written_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("repo/distrobox.ini", "[dev]\nimage=x\n[dev]\nimage=y\n");
    sandbox
        .bkt(&["distrobox", "import"])
        .exits(2)
        .says("distrobox.ini: line 3: “dev” stands here twice");
    sandbox.write(
        "repo/distrobox.ini",
        "[dev]\nimage=x\nadditional_flags=\"--env API_TOKEN=hunter2hunter2\"\n",
    );
    sandbox.bkt(&["distrobox", "import"]).exits(1).says("looks like a secret");
    assert!(!sandbox.path(MANIFEST).exists());
    sandbox.bkt(&["distrobox", "import", "--secrets"]).exits(0);
    sandbox.write(
        MANIFEST,
        "{ \"containers\": { \"dev\": { \"image\": \"x\", \"bins\": { \"from\": [\"~/.cargo/bin\"] } } } }\n",
    );
    let run = sandbox.bkt(&["distrobox", "export"]).exits(5).says("bins.from of dev is left out");
    assert_eq!(run.out, "[dev]\nimage=x\n");
    let answer = sandbox.bkt(&["distrobox", "export", "--json"]).exits(5).json();
    assert_eq!(answer["left_out"][0]["key"], "bins.from");
    assert_eq!(answer["text"], "[dev]\nimage=x\n");
}

#[test]
fn boxes_are_added_to_the_manifest_by_name() {
    let sandbox = Sandbox::new();
    sandbox.bkt(&["distrobox", "add", "dev", "--manifest-only"]).exits(2).says("--image");
    for name in ["../x", "a b", "-rf", "a;b", ""] {
        sandbox.bkt(&["distrobox", "add", "--image", "x", "--", name]).exits(2);
    }
    let add = |args: &[&str]| {
        let verb = ["distrobox", "add", "dev", "--manifest-only", "--force"];
        sandbox.bkt(&[&verb, args].concat())
    };
    let run = add(&[
        "--image",
        "registry.example/x:1",
        "--package",
        "git",
        "--env",
        "A=b=c",
        "--init-hook",
        "mkdir /x",
    ]);
    run.exits(0).says("Write mkdir -p.");
    add(&["--package", "vim", "--flag=--memory=2g", "--volume", "/a:/b"]).exits(0);
    let entry = manifest(&sandbox)["containers"]["dev"].clone();
    assert_eq!(
        entry,
        json!({
            "image": "registry.example/x:1",
            "packages": ["git", "vim"],
            "init_hooks": ["mkdir /x"],
            "env": { "A": "b=c" },
            "volume": ["/a:/b"],
            "additional_flags": ["--memory=2g"],
        })
    );
    add(&["--env", "novalue"]).exits(2).says("NAME=VALUE");
    add(&["--unshare", "everything"]).exits(1);
    sandbox.bkt(&["distrobox", "remove", "dve", "--manifest-only"]).exits(1).says("  dev");
    sandbox.bkt(&["distrobox", "remove", "dev", "--manifest-only"]).exits(0);
    assert_eq!(manifest(&sandbox)["containers"], json!({}));
}

#[test]
fn hooks_are_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.bkt(&["distrobox", "lint"]).exits(0).says("0 hooks were looked at");
    let hooks = json!(["rustup update stable", "echo x >> ~/.bashrc"]);
    let boxes = json!({ "containers": {
        "dev": { "image": "x", "init_hooks": hooks, "pre_init_hooks": "proto install node" },
        "old": { "image": "x", "init_hooks": ["rustup install 1.70.0"] },
        "good": { "image": "x", "init_hooks": ["rustup default stable"] },
    } });
    sandbox.write(MANIFEST, &boxes.to_string());
    let run = sandbox.bkt(&["distrobox", "lint"]).exits(3);
    run.says("dev, at each start").says("echo x >> ~/.bashrc").says("1.70.0").says("2 places");
    sandbox.bkt(&["distrobox", "lint", "good"]).exits(0).says("1 hook was looked at");
    let answer = sandbox.bkt(&["distrobox", "lint", "dev", "--json"]).exits(3).json();
    assert_eq!(answer["hooks"].as_array().unwrap().len(), 3);
    assert_eq!(answer["hooks"][1]["findings"][0]["axiom"], "idempotent");
    sandbox.bkt(&["distrobox", "lint", "nope"]).exits(1).says("there is no box “nope”");
}

const ONE: &str = "registry.example/one:1";
const TWO: &str = "registry.example/two:2";

/// A machine with a box `work`, in which somebody installed htop.
fn lived_in() -> Sandbox {
    let sandbox = crate::dev::bare();
    let image = |id: &str| json!({ "id": id, "packages": { "bash": "User" } });
    let state = json!({
        "images": { ONE: image("a1"), TWO: image("b2") }, "registry": {},
        "repositories": ["bash", "gcc", "htop"], "boxes": {},
    });
    sandbox.write("boxes.json", &state.to_string());
    let create = ["create", "--yes", "--name", "work", "--image", ONE];
    by_hand(&sandbox, &create);
    install(&sandbox, "htop");
    sandbox
}

fn by_hand(sandbox: &Sandbox, args: &[&str]) {
    Run::of(sandbox.command("distrobox").args(args).output().unwrap()).exits(0);
}

fn install(sandbox: &Sandbox, package: &str) {
    let enter = ["enter", "--name", "work", "--", "sudo", "-n", "dnf5", "install", "-y"];
    by_hand(sandbox, &[&enter[..], &[package]].concat());
}

fn boxes(sandbox: &Sandbox) -> Json {
    serde_json::from_str::<Json>(&sandbox.read("boxes.json")).unwrap()["boxes"].clone()
}

/// What the manifest says of the box; root's boxes are root's.
fn work(sandbox: &Sandbox) -> Json {
    let mut entry = manifest(sandbox)["containers"]["work"].clone();
    let root = std::fs::metadata(sandbox.path("")).unwrap().uid() == 0;
    assert_eq!(entry["root"] == true, root, "{entry:#}");
    entry.as_object_mut().unwrap().remove("root");
    entry
}

#[test]
fn what_was_installed_by_hand_is_saved_only_where_that_is_asked_for() {
    let sandbox = lived_in();
    let capture = |args: &[&str]| sandbox.bkt(&[&["distrobox", "capture", "work"], args].concat());
    let before = boxes(&sandbox);
    capture(&["-n"]).exits(0).says("Track the distrobox work");
    assert!(!sandbox.path(MANIFEST).exists());
    capture(&[]).exits(0);
    assert_eq!(work(&sandbox), json!({ "image": ONE }));
    capture(&["--packages"]).exits(0);
    assert_eq!(work(&sandbox), json!({ "image": ONE, "packages": ["htop"] }));
    install(&sandbox, "gcc");
    capture(&[]).exits(0);
    assert_eq!(work(&sandbox)["packages"], json!(["htop"]));
    capture(&["--packages"]).exits(0);
    assert_eq!(work(&sandbox)["packages"], json!(["gcc", "htop"]));
    capture(&["--packages"]).exits(0).says("nothing to do");
    assert_eq!(boxes(&sandbox)["work"]["id"], before["work"]["id"]);
}

#[test]
fn a_box_is_made_anew_and_back_only_with_a_yes_to_what_is_lost() {
    let sandbox = lived_in();
    sandbox.bkt(&["distrobox", "capture", "--packages", "work"]).exits(0);
    let mut state: Json = serde_json::from_str(&sandbox.read("boxes.json")).unwrap();
    state["boxes"]["work"]["files"] = json!(["/opt/mine", "/dump.sql"]);
    sandbox.write("boxes.json", &state.to_string());
    let text = sandbox.read(MANIFEST).replace(ONE, TWO);
    sandbox.write(MANIFEST, &text);
    sandbox.commit();
    let old = boxes(&sandbox);
    for args in [
        &["distrobox", "apply", "--yes"][..],
        &["distrobox", "apply", "work", "--yes"],
        &["distrobox", "apply", "--force", "--prune", "--yes"],
        &["apply", "--yes"],
        &["distrobox", "apply", "-n"],
    ] {
        let run = sandbox.bkt(args).exits(4);
        run.says("New in it: /opt/mine").says("New in it: /dump.sql").says("--recreate");
        assert_eq!(boxes(&sandbox), old, "{args:?}");
    }
    sandbox.bkt(&["distrobox", "apply", "--recreate", "-n"]).exits(0);
    assert_eq!(boxes(&sandbox), old);
    // On a terminal it is asked for, and a yes to all is no answer to that.
    for (answers, args) in [("n\n", "distrobox apply"), ("\n", "distrobox apply -y")] {
        let run = typing(&sandbox, answers, args).exits(4);
        run.says("New in it: /opt/mine").says("lose that? [y/N]");
        assert_eq!(boxes(&sandbox), old, "{args}");
    }
    typing(&sandbox, "y\ny\n", "distrobox apply").exits(0).says("Go ahead?");
    let new = boxes(&sandbox);
    assert_eq!(new.as_object().unwrap().len(), 1);
    assert_ne!(new["work"]["id"], old["work"]["id"]);
    assert_eq!(new["work"]["image"], TWO);
    assert_eq!(new["work"]["packages"]["htop"], "User");
    // One that matches is left alone, whatever is said.
    sandbox.bkt(&["distrobox", "apply", "--recreate", "--force"]).exits(0).says("nothing to do");
    assert_eq!(boxes(&sandbox), new);
    // Taken back, the new one goes with what is in it.
    sandbox.bkt(&["undo"]).exits(4).says("takes --yes");
    assert_eq!(boxes(&sandbox), new);
    sandbox.bkt(&["undo", "--yes"]).exits(0);
    let back = boxes(&sandbox);
    assert_eq!(
        (&back["work"]["image"], &back["work"]["packages"]["htop"]),
        (&json!(ONE), &json!("User"))
    );
}
