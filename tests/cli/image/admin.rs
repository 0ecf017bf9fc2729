//! Kernel arguments and units: `bkt image` and `bkt admin`.

use super::atomic::Atomic;

const CONFIG: &str = "system-config.json";

#[test]
fn kernel_arguments_are_changed_here_and_in_the_image() {
    let machine = Atomic::new();
    machine
        .bkt(&["admin", "kargs", "append", "mitigations=off", "-n", "-v"])
        .exits(0)
        .says("--append-if-missing=mitigations=off");
    assert!(machine.ran().is_empty());
    machine.bkt(&["admin", "kargs", "append", "mitigations=off"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --append-if-missing=mitigations=off"]);
    assert_eq!(machine.says(CONFIG, "kargs/append"), ["mitigations=off"]);
    assert!(machine.containerfile().contains("mitigations=off"));
    machine.bkt(&["admin", "kargs", "list"]).exits(0).says("mitigations=off");
    machine.bkt(&["admin", "kargs", "remove", "mitigations=off"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --delete-if-present=mitigations=off"]);
    assert!(machine.says(CONFIG, "kargs/append").is_empty());
    assert!(machine.says(CONFIG, "kargs/remove").is_empty());
    machine.bkt(&["undo"]).exits(0);
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran().len(), 2);
    machine.untouched();
}

#[test]
fn an_argument_from_elsewhere_is_left_out() {
    let machine = Atomic::new();
    machine.bkt(&["admin", "kargs", "remove", "quiet"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --delete-if-present=quiet"]);
    assert_eq!(machine.says(CONFIG, "kargs/remove"), ["quiet"]);
    machine.bkt(&["admin", "kargs", "append", "quiet"]).exits(0);
    assert!(machine.says(CONFIG, "kargs/remove").is_empty());
    assert_eq!(machine.says(CONFIG, "kargs/append"), ["quiet"]);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --append-if-missing=quiet"]);
}

#[test]
fn arguments_of_the_image_alone() {
    let machine = Atomic::new();
    machine.bkt(&["image", "kargs", "append", "mitigations=off"]).exits(0);
    assert!(machine.ran().is_empty());
    assert_eq!(machine.says(CONFIG, "kargs/append"), ["mitigations=off"]);
    machine.bkt(&["image", "kargs", "remove", "mitigations=off"]).exits(0);
    assert!(machine.says(CONFIG, "kargs/append").is_empty());
    machine.bkt(&["admin", "kargs", "append", "debug", "--local"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --append-if-missing=debug"]);
    machine.bkt(&["local", "list"]).exits(0).says("append/debug");
    assert!(machine.says(CONFIG, "kargs/append").is_empty());
    machine.bkt(&["admin", "kargs", "remove", "debug", "--local"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --delete-if-present=debug"]);
    assert!(machine.says(CONFIG, "kargs/remove").is_empty());
    machine.bkt(&["admin", "kargs", "remove", "quiet", "--local"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --delete-if-present=quiet"]);
    assert!(machine.says(CONFIG, "kargs/remove").is_empty());
}

/// What the image has from the manifests goes with the next one; that it goes here before is nobody's own doing.
#[test]
fn an_argument_of_the_image_that_nobody_wants_any_more_goes_at_both_places() {
    let machine = Atomic::new();
    let list = "kargs";
    machine.bkt(&["image", "kargs", "append", "quiet"]).exits(0);
    for entry in std::fs::read_dir(machine.sandbox.path("ostree/deploy/os/deploy")).unwrap() {
        let dir = entry.unwrap().path();
        if dir.is_dir() {
            let given = dir.join("usr/lib/bootc/kargs.d");
            std::fs::create_dir_all(&given).unwrap();
            std::fs::write(given.join("90-bkt.toml"), "kargs = [\"quiet\"]\n").unwrap();
            std::fs::write(given.join("10-base.toml"), "kargs = [\"splash\"]\n").unwrap();
        }
    }
    machine.bkt(&["admin", "kargs", "remove", "quiet"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --delete-if-present=quiet"]);
    let listed = machine.items(list);
    assert!(listed.iter().all(|(key, _)| key != "remove/quiet"), "{listed:?}");
    // What the base gives and this machine leaves out is its own doing.
    assert!(listed.contains(&("remove/splash".to_owned(), "unmanaged".to_owned())), "{listed:?}");
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree kargs --append-if-missing=quiet"]);
}

fn with_unit() -> Atomic {
    let machine = Atomic::new();
    machine.sandbox.write(
        "usr/lib/systemd/system/probe.service",
        "[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    );
    machine.sandbox.write("usr/lib/systemd/system/multi-user.target", "[Unit]\nDescription=x\n");
    machine.sandbox.write("usr/lib/systemd/system-preset/99-default.preset", "disable *\n");
    std::fs::create_dir_all(machine.sandbox.path("etc/systemd/system")).unwrap();
    machine
}

#[test]
fn units_of_the_image_are_manifest_and_containerfile() {
    for verb in ["image", "admin"] {
        let machine = with_unit();
        machine.bkt(&[verb, "systemd", "enable", "probe"]).exits(0);
        assert_eq!(machine.says(CONFIG, "systemd/enable"), ["probe.service"]);
        assert!(machine.containerfile().contains("probe.service"));
        machine.bkt(&[verb, "systemd", "list"]).exits(0).says("probe.service");
        machine.bkt(&[verb, "systemd", "mask", "probe.service"]).exits(0);
        assert_eq!(machine.says(CONFIG, "systemd/mask"), ["probe.service"]);
        assert!(machine.says(CONFIG, "systemd/enable").is_empty());
        machine.bkt(&[verb, "systemd", "reset", "probe.service"]).exits(0);
        assert!(machine.says(CONFIG, "systemd/mask").is_empty());
        assert!(!machine.sandbox.path("etc/systemd/system/probe.service").is_symlink());
        for unknown in ["enable", "reset"] {
            let run = machine.bkt(&[verb, "systemd", unknown, "prob.service"]).exits(1);
            run.says("there is no prob.service").says("probe.service");
        }
        machine.bkt(&[verb, "systemd", "reset", "probe"]).exits(0).says("nothing to do");
    }
}

#[test]
fn units_are_switched_here_with_systemctl_itself() {
    let machine = with_unit();
    let link = machine.sandbox.path("etc/systemd/system/multi-user.target.wants/probe.service");
    machine.bkt(&["admin", "systemctl", "enable", "probe"]).exits(0);
    assert!(link.is_symlink());
    assert_eq!(machine.says(CONFIG, "systemd/enable"), ["probe.service"]);
    machine.bkt(&["undo"]).exits(0);
    assert!(!link.is_symlink());
    machine.untouched();
    machine.bkt(&["admin", "systemctl", "enable", "probe", "--local"]).exits(0);
    assert!(link.is_symlink());
    machine.untouched();
    machine.bkt(&["local", "list"]).exits(0).says("probe.service");
    machine.bkt(&["admin", "systemctl", "reset", "prob"]).exits(1).says("probe.service");
    // What only a manifest knows can be forgotten.
    machine.bkt(&["admin", "systemd", "enable", "gone.service", "--force"]).exits(0);
    machine.bkt(&["admin", "systemctl", "reset", "gone"]).exits(0);
    assert!(machine.says(CONFIG, "systemd/enable").is_empty());
}

#[test]
fn what_leaves_no_trace_is_not_saved() {
    let machine = with_unit();
    let run = machine.bkt(&["-n", "admin", "systemctl", "restart", "probe", "a.timer"]).exits(0);
    assert!(run.out.contains("systemctl restart -- probe.service a.timer\n"), "{run:?}");
    let answer =
        machine.bkt(&["-n", "--json", "admin", "systemctl", "stop", "probe"]).exits(0).json();
    assert_eq!(answer["done"], false);
    machine.bkt(&["--json", "admin", "systemctl", "status", "probe"]).exits(2);
    // What systemctl says is what is said, and its status is ours.
    let args = ["status", "--", "no-such-unit-anywhere.service"];
    let real = machine.sandbox.command("systemctl").args(args).output().unwrap();
    let ours = machine.bkt(&["admin", "systemctl", "status", "no-such-unit-anywhere"]);
    assert_eq!(Some(ours.code), real.status.code());
    assert_eq!(ours.err.as_bytes(), real.stderr);
    machine.untouched();
}
