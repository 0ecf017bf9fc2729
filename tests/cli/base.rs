//! What is assumed of the base image, and what changed between images, on a machine whose rpm database rpm made and
//! whose commits ostree made. Images of podman's are looked at in `tests/lab/test_base.py`.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value as Json;

use crate::sandbox::{BKT, Run, Sandbox};

const RPMDB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rpmdb/rpmdb.sqlite");
const OSTREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ostree");
const MANIFEST: &str = "repo/manifests/base-image-assumptions.json";
const OTHER: &str = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

/// A machine that was started from an image, with the deployment before it, and one that waits if `staged`.
struct Machine {
    sandbox: Sandbox,
    booted: String,
}

impl Machine {
    fn new(staged: bool) -> Self {
        let sandbox = Sandbox::new();
        let commits = fs::read_to_string(format!("{OSTREE}/commits")).unwrap();
        let booted = commits.lines().next().unwrap().to_owned();
        sandbox.write("run/ostree-booted", "");
        sandbox.write("proc/cmdline", "ostree=/ostree/boot.1/os/f00/0\n");
        fs::create_dir_all(sandbox.path("ostree/boot.1/os/f00")).unwrap();
        symlink(OSTREE, sandbox.path("ostree/repo")).unwrap();
        let machine = Self { sandbox, booted };
        machine.deployment(&machine.booted, Some(0));
        machine.deployment(OTHER, (!staged).then_some(1));
        if staged {
            machine.sandbox.write("run/ostree/staged-deployment", "");
        }
        for file in ["usr/bin/own", "usr/etc/own.conf", "usr/lib/systemd/system/own.service"] {
            machine.sandbox.write(&format!("{}/{file}", dir(&machine.booted)), "");
        }
        machine
    }

    fn deployment(&self, checksum: &str, entry: Option<u32>) {
        let place = self.sandbox.path(&format!("{}/usr/share/rpm", dir(checksum)));
        fs::create_dir_all(&place).unwrap();
        fs::copy(RPMDB, place.join("rpmdb.sqlite")).unwrap();
        self.sandbox.write(&format!("{}.origin", dir(checksum)), "[origin]\n");
        if let Some(number) = entry {
            let link = format!("../../../deploy/os/deploy/{checksum}.0");
            let entry = self.sandbox.path(&format!("ostree/boot.1/os/f00/{number}"));
            symlink(link, entry).unwrap();
        }
    }

    fn bkt(&self, args: &[&str]) -> Run {
        let mut command = self.sandbox.command(BKT);
        Run::of(command.env("BKT_ROOT", self.sandbox.path("")).args(args).output().unwrap())
    }

    fn manifest(&self) -> Json {
        serde_json::from_str(&self.sandbox.read(MANIFEST)).unwrap()
    }
}

fn dir(checksum: &str) -> String {
    format!("ostree/deploy/os/deploy/{checksum}.0")
}

#[test]
fn what_is_assumed_is_looked_up_written_down_and_verified() {
    let machine = Machine::new(false);
    let run = machine.bkt(&["base", "assume", "plan"]).exits(1);
    run.says("the image has no package plan").says("  plain").says("--force");
    machine.bkt(&["base", "assume", "../x"]).exits(2);
    machine.bkt(&["base", "assume"]).exits(2);
    assert!(!machine.sandbox.path(MANIFEST).exists());

    let own = ["--service", "own", "--path", "/usr/bin/own", "--path", "/etc/own.conf"];
    machine.bkt(&[&["base", "assume", "plain", "multi.i686"], &own[..]].concat()).exits(0);
    assert_eq!(machine.manifest()["services"][0], "own.service");
    assert_eq!(machine.manifest()["packages"][0]["name"], "plain");
    let run = machine.bkt(&["base", "verify"]).exits(0).says("this machine's image: 5 hold.");
    assert!(!run.out.contains("not checked"), "{run:?}");
    let run = machine.bkt(&["status", "base"]).exits(0);
    run.says("5 in sync");

    // Written down with the time, and taken back.
    let run = machine.bkt(&["base", "verify", "--record", "-n"]).exits(0);
    run.says("dry run");
    assert!(machine.manifest().get("base_image").is_none());
    let json = machine.bkt(&["base", "verify", "--record", "--json"]).exits(0).json();
    let at = machine.manifest()["base_image"]["last_verified_at"].clone();
    assert_eq!(
        (&json["recorded_at"], &json["passed"], &json["version"]),
        (&at, &true.into(), &1.into())
    );
    assert!(at.as_str().unwrap().ends_with('Z'), "{at}");
    machine.bkt(&["undo"]).exits(0);
    assert!(machine.manifest().get("base_image").is_none());

    let why = ["base", "assume", "--force", "gone", "--reason", "the shell starts it"];
    machine.bkt(&why).exits(0);
    let run = machine.bkt(&["base", "verify", "--record"]).exits(3);
    let run = run.says("gone").says("does not hold: the image has no package gone");
    run.says("it is needed: the shell starts it").says("Nothing was written down.");
    let json = machine.bkt(&["base", "verify", "--json"]).exits(3).json();
    let failing: Vec<&Json> = json["assumptions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["verdict"] == "fails")
        .collect();
    assert_eq!(failing.len(), 1);
    assert_eq!(failing[0]["reason"], "the shell starts it");
    let run = machine.bkt(&["status", "base"]).exits(0);
    let run = run.says("1 failing, 5 in sync").says("× gone");
    let run = run.says("fails: the image has no package gone").says("the shell starts it");
    assert!(!run.out.contains("not on this machine"), "{run:?}");
    machine.bkt(&[]).exits(0).says("1 item fails: its line above says why.");
    let run = machine.bkt(&["status", "base", "--color", "always"]).exits(0);
    assert!(run.out.contains("\u{1b}[31m×"), "{run:?}");
    machine.bkt(&["base", "list"]).exits(0).says("own.service").says("5 in sync");
    // There is nothing to apply, and nothing that a capture would save.
    machine.bkt(&["apply", "base", "--json"]).exits(0);
    machine.bkt(&["capture", "base", "--prune", "--json"]).exits(0);
    assert!(machine.sandbox.read(MANIFEST).contains("gone"));

    machine.bkt(&["base", "assume", "--remove", "gon"]).exits(2).says("gone");
    machine.bkt(&["base", "assume", "--remove", "gone"]).exits(0);
    machine.bkt(&["base", "verify"]).exits(0);
    machine.bkt(&["undo"]).exits(0);
    machine.bkt(&["base", "verify"]).exits(3);
}

#[test]
fn a_saved_list_says_what_it_can() {
    let machine = Machine::new(false);
    let own = ["base", "assume", "plain", "--service", "own"];
    machine.bkt(&own).exits(0);
    machine.sandbox.write("repo/list", "plain-1.0-1.noarch\nmany 6.6.1-1\n");
    let run = machine.bkt(&["base", "verify", "--packages", "list"]).exits(0);
    run.says("1 holds, 1 not checked").says("a list of packages does not say it");
    // Nor does it say which architectures, where it names none.
    machine.bkt(&["base", "assume", "multi.i686"]).exits(0);
    machine.sandbox.write("repo/list", "plain\nmulti\n");
    let run = machine.bkt(&["base", "verify", "--packages", "list"]).exits(0);
    run.says("1 holds, 2 not checked");
    machine.sandbox.write("repo/list", "plain\nmulti.x86_64\n");
    machine.bkt(&["base", "verify", "--packages", "list"]).exits(3).says("no package multi.i686");
    machine.bkt(&["base", "assume", "--remove", "multi.i686"]).exits(0);
    machine.sandbox.write("repo/list", "many\n");
    machine.bkt(&["base", "verify", "--packages", "list"]).exits(3).says("1 does not");
    machine.sandbox.write("repo/list", "many\na;b\n");
    let run = machine.bkt(&["base", "verify", "--packages", "list"]).exits(1);
    run.says("line 2: “a;b” is no package").says("list");
    machine.bkt(&["base", "verify", "--packages", "nowhere"]).exits(1).says("there is no file");
    machine.bkt(&["base", "verify", "--packages", "list", "--record"]).exits(2);
}

#[test]
fn another_machine_writes_assumptions_down_and_cannot_verify_them() {
    let sandbox = Sandbox::new();
    let bkt = |args: &[&str]| {
        let mut command = sandbox.command(BKT);
        Run::of(command.env("BKT_ROOT", sandbox.path("")).args(args).output().unwrap())
    };
    bkt(&["base", "assume", "plain"]).exits(0).says("nothing was looked up");
    bkt(&["base", "verify"]).exits(1).says("was not started from an image");
    bkt(&["status", "base"]).exits(0).says("1 not on this machine");
    bkt(&["build-info"]).exits(1).says("was not started from an image").says("Name an image");
    bkt(&["build-info", "--", "-rf", "booted"]).exits(2).says("is not an image reference");
    let run = bkt(&["base", "verify", "--image", "localhost/none"]);
    assert_ne!(run.code, 0, "{run:?}");
}

#[test]
fn deployments_are_compared_without_being_named() {
    let machine = Machine::new(false);
    let run = machine.bkt(&["build-info"]).exits(0);
    run.says("rollback → booted: no package changed").says("version 42.1, built 2026-11-01");
    machine.bkt(&["build-info", "staged"]).exits(1).says("no deployment is staged");
    let staged = Machine::new(true);
    let run = staged.bkt(&["build-info"]).exits(0).says("booted → staged: no package changed");
    let run = run.says("what it says of itself is not known: the ostree repository has no such");
    run.says("Base image: sha256:base → not known");
    staged.bkt(&["build-info", "rollback"]).exits(1).says("no deployment to roll back to");
}

#[test]
fn a_saved_list_is_compared_with_what_runs() {
    let machine = Machine::new(false);
    let list = "plain-0.9-1.noarch\nepochal-1:9-1.noarch\nzero-0:1.0-1.noarch\nold-1-1.noarch\n\
                multi-2.39-5.i686\nmulti-2.39-5.x86_64\nmany-6.6.1-1.x86_64\nsprachen\n\
                gcc-c++-14.3-1.x86_64\n";
    machine.sandbox.write("repo/list", list);
    let run = machine.bkt(&["build-info", "list"]).exits(0);
    let run = run.says("list → booted: 2 upgraded, 1 downgraded, 1 added, 1 removed");
    let run = run.says("  plain.noarch").says("0.9-1 → 1.0-1").says("1:9-1 → 3:2.5-1.fc41");
    let run =
        run.says("14.3-1 → 14.2.1~rc1-3^git.fc41").says("Base image: not known → sha256:base");
    run.says("The version of 1 package is not known");
    let json = machine.bkt(&["build-info", "list", "--json"]).exits(0).json();
    assert_eq!((&json["version"], &json["not_compared"]), (&1.into(), &1.into()));
    assert_eq!(json["same_base"], Json::Null);
    let kinds: Vec<String> = json["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["kind"].as_str().unwrap(), one["name"].as_str().unwrap()))
        .collect();
    let expected =
        ["upgraded epochal", "downgraded gcc-c++", "added many", "removed old", "upgraded plain"];
    assert_eq!(kinds, expected);
    let run = machine.bkt(&["build-info", "list", "booted", "--markdown"]).exits(0);
    assert!(run.out.starts_with("## Changes from `"), "{run:?}");
    run.says("### Upgraded (2)")
        .says("| `plain.noarch` | `0.9-1` → `1.0-1` |")
        .says("`sha256:base`");
    machine.bkt(&["build-info", "booted", "booted"]).exits(0).says("the same, sha256:base");
}
