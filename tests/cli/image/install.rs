//! `bkt dnf install` and `remove`, and `bkt image dnf`.

use super::atomic::{Atomic, CONTAINERFILE};

const INSTALL: &str = "rpm-ostree install --idempotent --allow-inactive -y";

#[test]
fn a_package_is_layered_and_saved_and_taken_back() {
    let machine = Atomic::new();
    let plan = machine.bkt(&["dnf", "install", "htop", "-n", "-v"]).exits(0);
    plan.says("rpm-ostree install").says("dry run").says("bootc does not upgrade");
    machine.untouched();
    assert!(machine.ran().is_empty());
    machine.bkt(&["dnf", "install", "htop"]).exits(0).says("2 changes made");
    assert_eq!(machine.ran(), [format!("{INSTALL} htop")]);
    assert_eq!(machine.packages(), ["htop"]);
    assert!(machine.containerfile().contains("htop"), "{}", machine.containerfile());
    // Once is enough.
    machine.bkt(&["dnf", "install", "htop"]).exits(0).says("nothing to do");
    machine.bkt(&["dnf", "install", "ripgrep", "git"]).exits(0);
    assert_eq!(machine.ran(), [format!("{INSTALL} git ripgrep")]);
    assert_eq!(machine.packages(), ["git", "htop", "ripgrep"]);
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree uninstall git ripgrep"]);
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree uninstall htop"]);
    machine.untouched();
}

#[test]
fn what_fails_on_the_machine_is_not_saved() {
    let machine = Atomic::new();
    machine.sandbox.write("fails", "Transaction in progress: upgrade");
    machine.bkt(&["dnf", "install", "htop"]).exits(1).says("Transaction in progress: upgrade");
    machine.untouched();
    machine.bkt(&["admin", "kargs", "append", "mitigations=off"]).exits(1).says("in progress");
    machine.untouched();
}

#[test]
fn local_is_here_alone_and_listed() {
    let machine = Atomic::new();
    machine.bkt(&["dnf", "install", "htop", "--local"]).exits(0);
    assert_eq!(machine.ran(), [format!("{INSTALL} htop")]);
    machine.untouched();
    machine
        .bkt(&["local", "list"])
        .exits(0)
        .says("package/htop")
        .says("bkt dnf install htop --local");
    // Captured, it is local no more.
    machine.bkt(&["dnf", "capture"]).exits(0);
    assert_eq!(machine.packages(), ["htop"]);
    machine.bkt(&["local", "list"]).exits(0).says("no local changes");
    machine.bkt(&["undo"]).exits(0);
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree uninstall htop"]);
}

#[test]
fn manifest_only_and_image_change_the_repository_alone() {
    for verb in [
        &["dnf", "install", "htop", "@editors", "--manifest-only"][..],
        &["image", "dnf", "install", "htop", "@editors"],
    ] {
        let machine = Atomic::new();
        machine.bkt(verb).exits(0);
        assert!(machine.ran().is_empty());
        assert_eq!(machine.packages(), ["htop"]);
        assert_eq!(machine.says("system-packages.json", "groups"), ["editors"]);
        let file = machine.containerfile();
        assert!(file.contains("htop") && file.contains("@editors"), "{file}");
        machine.bkt(&["undo"]).exits(0);
        machine.untouched();
        assert_eq!(machine.containerfile(), CONTAINERFILE);
    }
    let machine = Atomic::new();
    machine.bkt(&["image", "dnf", "install", "htop"]).exits(0);
    machine.bkt(&["image", "dnf", "remove", "htop"]).exits(0);
    assert!(machine.packages().is_empty());
    assert!(!machine.containerfile().contains("htop"));
}

/// What the image has cannot be told: the manifest can be changed all the same, and nothing else is claimed.
#[test]
fn without_a_readable_database_the_manifest_can_be_changed() {
    let machine = Atomic::new();
    for entry in std::fs::read_dir(machine.sandbox.path("ostree/deploy/os/deploy")).unwrap() {
        let database = entry.unwrap().path().join("usr/share/rpm/rpmdb.sqlite");
        if database.exists() {
            std::fs::write(database, "no database").unwrap();
        }
    }
    machine.bkt(&["image", "dnf", "install", "htop"]).exits(0);
    assert_eq!(machine.packages(), ["htop"]);
    machine.bkt(&["image", "dnf", "remove", "htop"]).exits(0);
    assert!(machine.packages().is_empty());
    let run = machine.bkt(&["dnf", "remove", "vim"]);
    assert_ne!(run.code, 0, "{run:?}");
    run.says("whether the image has vim could not be found out");
}

#[test]
fn where_layering_is_locked_the_next_image_has_it() {
    let machine = Atomic::new();
    machine.sandbox.write("etc/rpm-ostreed.conf", "[Daemon]\nLockLayering=true\n");
    let run = machine.bkt(&["dnf", "install", "htop"]).exits(0);
    run.says("Not now: Install the package htop").says("LockLayering").says("1 change made");
    assert!(machine.ran().is_empty());
    assert_eq!(machine.packages(), ["htop"]);
    machine.bkt(&["dnf", "install", "git", "--local"]).exits(1).says("LockLayering");
    assert!(!machine.packages().contains(&"git".to_owned()));
    let machine = Atomic::new().without("rpm-ostree");
    machine.bkt(&["dnf", "install", "htop"]).exits(0).says("no rpm-ostree on this machine");
    assert_eq!(machine.packages(), ["htop"]);
}

/// Where nothing can be layered, dnf5 beside bootc installs until the next restart.
#[test]
fn where_nothing_can_be_layered_dnf_installs_until_the_next_restart() {
    let install = "dnf5 install --transient -y";
    for machine in [Atomic::new(), Atomic::new().without("rpm-ostree")] {
        machine.sandbox.write("etc/rpm-ostreed.conf", "[Daemon]\nLockLayering=true\n");
        machine.sandbox.write("usr/bin/bootc", "");
        let plan = machine.bkt(&["dnf", "install", "htop", "-n", "-v"]).exits(0);
        plan.says("dnf5 install --transient -y htop")
            .says("until the next restart")
            .says("dry run");
        assert!(machine.ran().is_empty());
        machine.untouched();
        let run = machine.bkt(&["dnf", "install", "htop"]).exits(0);
        run.says("2 changes made").says("until the next restart. The next image has it");
        assert_eq!(machine.ran(), [format!("{install} htop")]);
        assert_eq!(machine.packages(), ["htop"]);
        assert!(machine.containerfile().contains("htop"), "{}", machine.containerfile());
        machine
            .bkt(&["status", "dnf", "-v"])
            .exits(0)
            .says("in force with the next image")
            .says("Until the next restart");
        let report = machine.bkt(&["status", "packages", "--json"]).json();
        let item = &report["subsystems"][0]["items"][0];
        assert_eq!(
            (&item["note"], &item["pending"]),
            (&"Until the next restart".into(), &"image-build".into())
        );
        // Once is enough, also for those who do not want to wait.
        machine.bkt(&["dnf", "install", "htop"]).exits(0).says("nothing to do");
        machine.bkt(&["dnf", "sync", "--now"]).exits(0);
        assert!(machine.ran().is_empty());
        machine.bkt(&["undo"]).exits(0);
        assert_eq!(machine.ran(), ["dnf5 remove --transient -y htop"]);
        machine.untouched();
        machine.bkt(&["redo"]).exits(0);
        assert_eq!(
            (machine.ran(), machine.packages()),
            (vec![format!("{install} htop")], vec!["htop".to_owned()])
        );
    }
}

#[test]
fn what_is_installed_until_the_next_restart_is_local_or_had_again() {
    let machine = Atomic::new();
    machine.sandbox.write("etc/rpm-ostreed.conf", "[Daemon]\nLockLayering=true\n");
    machine.sandbox.write("usr/bin/bootc", "");
    let run = machine.bkt(&["dnf", "install", "git", "--local"]).exits(0);
    assert!(!run.out.contains("The next image has it"), "{run:?}");
    machine.untouched();
    machine.bkt(&["local", "list"]).exits(0).says("package/git");
    // Asked for outside of Bucket, it is as much a change of this machine.
    machine.stand_in_of("dnf5", &["install", "--transient", "-y", "ripgrep"]);
    machine.bkt(&["status", "dnf", "-v"]).exits(0).says("ripgrep").says("Until the next restart");
    machine.bkt(&["dnf", "remove", "ripgrep"]).exits(0);
    machine.bkt(&["dnf", "capture"]).exits(0);
    assert_eq!(machine.packages(), ["git"]);
    machine.ran();
    machine.stand_in(&["restart"]);
    assert_eq!(machine.items("packages"), [("package/git".to_owned(), "pending".to_owned())]);
    machine.bkt(&["dnf", "sync"]).exits(0).says("1 package comes with the next image: git");
    machine.bkt(&["dnf", "sync", "--now"]).exits(0).says("installed until the next restart");
    assert_eq!(machine.ran(), ["dnf5 install --transient -y git"]);
    // What dnf cannot do is said, and not saved.
    machine.sandbox.write("repositories", "git\n");
    machine.bkt(&["dnf", "install", "no-such", "--force"]).exits(1);
    assert_eq!(machine.packages(), ["git"]);
}

#[test]
fn a_dnf_that_cannot_do_it_is_not_asked_to() {
    let machine = Atomic::new();
    machine.sandbox.write("etc/rpm-ostreed.conf", "[Daemon]\nLockLayering=true\n");
    machine.sandbox.write("usr/bin/bootc", "");
    machine.sandbox.write("dnf-of-old", "");
    let run = machine.bkt(&["dnf", "install", "htop"]).exits(0);
    run.says("Not now: Install the package htop").says("LockLayering");
    assert!(machine.ran().is_empty());
    assert_eq!(machine.packages(), ["htop"]);
}

#[test]
fn outside_of_an_image_machine_the_manifest_is_what_is_changed() {
    let machine = Atomic::not_atomic();
    machine.bkt(&["dnf", "install", "htop"]).exits(0).says("not started from an image");
    assert!(machine.ran().is_empty());
    assert_eq!(machine.packages(), ["htop"]);
    machine.bkt(&["status", "packages"]).exits(0).says("not on this machine");
    machine.bkt(&["dnf", "remove", "htop"]).exits(0);
    assert!(machine.packages().is_empty());
    // Whether the base brings it cannot be told here.
    machine.bkt(&["image", "dnf", "remove", "firefox"]).exits(0).says("in no manifest");
    assert_eq!(machine.excluded(), ["firefox"]);
}

#[test]
fn in_a_container_the_manifest_alone_can_be_changed() {
    let machine = Atomic::not_atomic();
    machine.sandbox.write("run/.containerenv", "engine=\"podman-5.4.2\"\nname=\"bootc-dev\"\n");
    for verb in [
        &["dnf", "install", "htop"][..],
        &["dnf", "remove", "htop"],
        &["dnf", "sync", "--now"],
        &["admin", "kargs", "append", "quiet"],
    ] {
        machine.bkt(verb).exits(1).says("in the container bootc-dev").says("--manifest-only");
    }
    machine.untouched();
    machine.bkt(&["dnf", "install", "htop", "--manifest-only"]).exits(0);
    assert_eq!(machine.packages(), ["htop"]);
}

#[test]
fn what_the_image_brings_is_said_and_not_saved_unless_that_is_asked_for() {
    let machine = Atomic::new();
    machine.bkt(&["dnf", "install", "vim"]).exits(0).says("vim is in the image already");
    machine.untouched();
    machine.bkt(&["dnf", "install", "vim", "--manifest-only"]).exits(0);
    assert_eq!(machine.packages(), ["vim"]);
    assert!(machine.ran().is_empty());
}

#[test]
fn what_the_image_brings_is_excluded_and_comes_back() {
    let machine = Atomic::new();
    machine.bkt(&["dnf", "remove", "firefox"]).exits(0).says("firefox comes with the image");
    assert_eq!(machine.ran(), ["rpm-ostree override remove firefox"]);
    assert_eq!(machine.excluded(), ["firefox"]);
    machine.bkt(&["dnf", "install", "firefox"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree override reset firefox"]);
    assert!(machine.excluded().is_empty() && machine.packages().is_empty());
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree override remove firefox"]);
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree override reset firefox"]);
    machine.untouched();
    let locked = Atomic::new();
    locked.sandbox.write("etc/rpm-ostreed.conf", "[Daemon]\nLockLayering=true\n");
    locked.bkt(&["dnf", "remove", "firefox"]).exits(0).says("Not now");
    assert_eq!(locked.excluded(), ["firefox"]);
}

#[test]
fn a_layered_package_is_uninstalled_and_one_of_the_manifest_goes_with_the_next_image() {
    let machine = Atomic::new();
    machine.bkt(&["dnf", "install", "htop"]).exits(0);
    machine.ran();
    machine.bkt(&["dnf", "remove", "htop"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree uninstall htop"]);
    assert!(machine.packages().is_empty());
    machine.bkt(&["image", "dnf", "install", "vim"]).exits(0);
    machine.bkt(&["dnf", "remove", "vim"]).exits(0).says("Not now");
    assert!(machine.packages().is_empty() && machine.ran().is_empty());
}

#[test]
fn what_there_is_not_is_not_installed_nor_removed_and_what_is_like_it_is_named() {
    let machine = Atomic::new();
    machine.bkt(&["dnf", "install", "htpo"]).exits(1).says("htpo").says("htop");
    machine.bkt(&["dnf", "install", "@editor"]).exits(1).says("editors");
    machine
        .bkt(&["dnf", "remove", "firefoks"])
        .exits(1)
        .says("neither in the image")
        .says("firefox");
    machine.bkt(&["image", "dnf", "remove", "@editors"]).exits(1).says("@editors");
    machine.sandbox.write("offline", "");
    machine
        .bkt(&["image", "dnf", "install", "htop"])
        .exits(1)
        .says("Failed to download")
        .says("--force");
    machine.untouched();
    machine.bkt(&["image", "dnf", "install", "htop", "--force"]).exits(0);
    assert_eq!(machine.packages(), ["htop"]);
    // rpm-ostree knows packages too.
    let machine = Atomic::new().without("dnf5");
    machine.bkt(&["dnf", "install", "htpo"]).exits(1).says("htop");
    machine.bkt(&["dnf", "install", "htop"]).exits(0);
    let machine = Atomic::not_atomic().without("dnf5").without("rpm-ostree");
    machine
        .bkt(&["image", "dnf", "install", "htop"])
        .exits(1)
        .says("neither dnf5 nor dnf")
        .says("--force");
}

#[test]
fn names_that_are_none_are_refused_by_every_verb() {
    let machine = Atomic::new();
    let hostile = [
        "../x",
        "a\nb",
        "a;b",
        "a'b",
        "a\"b",
        "a b",
        "$(a)",
        "/usr/bin/x",
        "./x.rpm",
        "https://example.org/x.rpm",
        "x-1.0-1.fc42.x86_64",
        "@",
        "@../x",
    ];
    for name in hostile {
        for verb in [
            &["dnf", "install"][..],
            &["dnf", "remove"],
            &["image", "dnf", "install"],
            &["image", "dnf", "remove"],
            &["dnf", "install", "--containerfile-only"],
        ] {
            machine.bkt(&[verb, &["--", name]].concat()).exits(2);
        }
    }
    for name in ["../x", "a\nb", "a;b", "owner", "a/b/c", "-x/y", "a b/c"] {
        machine.bkt(&["dnf", "copr", "enable", "--", name]).exits(2);
    }
    for name in ["../x", "a\nb", "a b", "a;b", "-x", "--root=/", "a'b"] {
        machine.bkt(&["admin", "kargs", "append", "--", name]).exits(2);
        machine.bkt(&["image", "systemd", "mask", "--", name]).exits(2);
        machine.bkt(&["admin", "systemctl", "start", "--", name]).exits(2);
    }
    machine.bkt(&["dnf", "install", "-y"]).exits(2);
    machine.untouched();
    assert!(machine.ran().is_empty());
}

#[test]
fn a_service_and_a_program_are_answered_too() {
    let machine = Atomic::new();
    let answer = machine.bkt(&["--cli", "--json", "dnf", "install", "htop"]).exits(0).json();
    assert_eq!(answer["results"].as_array().unwrap().len(), 2, "{answer:#}");
    let plan = machine.bkt(&["--json", "-n", "dnf", "remove", "htop"]).exits(0).json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 2, "{plan:#}");
    assert_eq!(machine.packages(), ["htop"]);
}
