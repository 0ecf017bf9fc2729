//! What a person is told: of what waits, of what a machine cannot do, and nothing of what nobody wants.

use super::atomic::Atomic;

#[test]
fn a_machine_without_images_hears_nothing_of_them() {
    let machine = Atomic::not_atomic();
    for args in [&[][..], &["status"]] {
        let run = machine.bkt(args).exits(0).says("Settings");
        for title in ["COPR", "Packages", "Package Rep", "Kernel", "Units", "/etc", "Shims", "Base"]
        {
            assert!(!run.out.contains(&format!("{title}:")), "{title}: {run:#?}");
            assert!(!run.out.contains(&format!("{title} ")), "{title}: {run:#?}");
        }
    }
    machine.bkt(&["status", "dnf"]).exits(0).says("Packages: nothing on either side");
    machine.bkt(&["status", "-v"]).exits(0).says("Kernel Arguments: nothing on either side");
    machine.bkt(&["dnf", "install", "htop"]).exits(0).says("Not now");
    machine.bkt(&["status"]).exits(0).says("Packages: 1 not on this machine");
}

#[test]
fn a_machine_without_an_image_is_not_changed() {
    let machine = Atomic::not_atomic();
    machine.bkt(&["admin", "kargs", "append", "debug"]).exits(0).says("Not now");
    machine.bkt(&["admin", "kargs", "remove", "quiet"]).exits(0).says("Not now");
    assert_eq!(machine.says("system-config.json", "kargs/append"), ["debug"]);
    assert_eq!(machine.says("system-config.json", "kargs/remove"), ["quiet"]);
    machine.sandbox.write(
        "usr/lib/systemd/system/sshd.service",
        "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    );
    machine.bkt(&["admin", "systemctl", "enable", "sshd"]).exits(0).says("Not now");
    assert!(!machine.sandbox.path("etc/systemd/system/multi-user.target.wants").exists());
    assert_eq!(machine.says("system-config.json", "systemd/enable"), ["sshd.service"]);
    let run = machine.bkt(&["admin", "kargs", "append", "debug", "--local"]).exits(1);
    assert!(!run.says("Cannot be done").err.contains("nothing to do"));
    assert!(machine.ran().is_empty());
    machine.bkt(&["dnf", "remove", "vim"]).exits(1).says("bkt dnf remove vim --manifest-only");
}

#[test]
fn what_waits_is_said_and_what_is_left_out_does_not_come() {
    let machine = Atomic::new();
    machine.bkt(&["image", "dnf", "remove", "vim"]).exits(0);
    machine.bkt(&["image", "dnf", "install", "@editors"]).exits(0);
    let run = machine.bkt(&["dnf", "sync"]).exits(0);
    assert!(!format!("{run:?}").contains("with the next image"), "{run:#?}");
    machine.bkt(&["dnf", "install", "htop"]).exits(0).says("after a restart");
    let run = machine.bkt(&[]).exits(0).says("Everything matches.");
    run.says("1 change is in force after a restart.")
        .says("2 changes are in force with the next image.");
    machine.ran();
    machine.bkt(&["dnf", "sync", "--now"]).exits(0);
    assert_eq!(machine.ran().last().map(String::as_str), Some("rpm-ostree apply-live"));
}

#[test]
fn which_deployment_is_started_is_no_manifest_s_business() {
    let machine = Atomic::new();
    for verb in ["image", "admin"] {
        machine
            .bkt(&[verb, "kargs", "append", "ostree=/ostree/boot.0/x"])
            .exits(1)
            .says("which deployment is started");
    }
    machine.untouched();
}

#[test]
fn an_edit_that_is_taken_back_is_not_said_to_be_made() {
    let machine = Atomic::new();
    machine.bkt(&["dnf", "install", "git", "--containerfile-only"]).exits(0);
    machine.bkt(&["undo"]).exits(0).says("Take back: Install git in the Containerfile");
    machine.untouched();
    machine.bkt(&["redo"]).exits(0).says("Put the files back as they were");
    assert!(machine.containerfile().contains("git"));
}
