//! `bkt dnf sync`, and COPR projects.

use super::atomic::Atomic;

#[test]
fn what_waits_for_the_next_image_is_said_and_had_now_when_that_is_asked_for() {
    let machine = Atomic::new();
    machine.bkt(&["image", "dnf", "install", "htop", "git"]).exits(0);
    machine
        .bkt(&["dnf", "sync"])
        .exits(0)
        .says("2 packages come with the next image: git, htop")
        .says("bkt dnf sync --now");
    assert!(machine.ran().is_empty());
    let plan = machine.bkt(&["dnf", "sync", "--now", "-n"]).exits(0);
    plan.says("bootc does not upgrade").says("apply-live");
    assert!(machine.ran().is_empty());
    machine.bkt(&["dnf", "sync", "--now"]).exits(0).says("2 changes made");
    let install = "rpm-ostree install --idempotent --allow-inactive -y git htop";
    assert_eq!(machine.ran(), [install, "rpm-ostree apply-live"]);
    // The stand-in leaves it waiting for the restart.
    machine.bkt(&["dnf", "sync", "--now"]).exits(0).says("nothing to do");
    assert_eq!(machine.ran(), ["rpm-ostree apply-live"]);
    machine.bkt(&["undo"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree uninstall git htop"]);
}

#[test]
fn what_cannot_be_applied_live_comes_with_a_restart() {
    let machine = Atomic::new();
    machine.sandbox.write("no-live", "");
    machine.bkt(&["image", "dnf", "install", "htop"]).exits(0);
    machine
        .bkt(&["dnf", "sync", "--now"])
        .exits(0)
        .says("after a restart")
        .says("would be replaced");
    assert_eq!(machine.ran().len(), 2);
    assert_eq!(machine.items("packages"), [("package/htop".to_owned(), "pending".to_owned())]);
    machine.stand_in(&["restart"]);
    assert_eq!(machine.items("packages"), [("package/htop".to_owned(), "in-sync".to_owned())]);
}

#[test]
fn what_the_image_has_brought_since_is_layered_no_more() {
    let machine = Atomic::new();
    machine.bkt(&["dnf", "install", "htop"]).exits(0);
    machine.stand_in(&["restart"]);
    machine.stand_in(&["new-image", "bash", "vim", "firefox", "htop"]);
    machine.stand_in(&["restart"]);
    machine.ran();
    machine.bkt(&["dnf", "sync", "--now", "-n"]).exits(0).says("htop");
    assert!(machine.ran().is_empty());
    machine.sandbox.write("fails", "Transaction in progress: upgrade");
    machine.bkt(&["dnf", "sync", "--now"]).exits(1).says("Transaction in progress");
    std::fs::remove_file(machine.sandbox.path("fails")).unwrap();
    machine.ran();
    machine.bkt(&["dnf", "sync", "--now"]).exits(0);
    assert_eq!(machine.ran(), ["rpm-ostree uninstall htop"]);
    assert_eq!(machine.items("packages"), [("package/htop".to_owned(), "in-sync".to_owned())]);
    machine.bkt(&["dnf", "sync", "--now"]).exits(0);
    assert!(machine.ran().is_empty());
}

#[test]
fn copr_projects_are_switched_and_forgotten() {
    let machine = Atomic::new();
    let file = "system-packages.json";
    machine.bkt(&["dnf", "copr", "enable", "atim/starship", "--manifest-only"]).exits(0);
    assert_eq!(machine.says(file, "copr_repos").len(), 1, "{:?}", machine.says(file, "copr_repos"));
    assert!(machine.says(file, "copr_repos")[0].contains("atim/starship"));
    machine.bkt(&["dnf", "copr", "list"]).exits(0).says("atim/starship");
    machine.bkt(&["dnf", "copr", "disable", "atim/starship", "--manifest-only"]).exits(0);
    assert!(
        machine.says(file, "copr_repos")[0].contains("\"enabled\":false"),
        "{:?}",
        machine.says(file, "copr_repos")
    );
    machine.bkt(&["dnf", "copr", "remove", "atim/starship", "--manifest-only"]).exits(0);
    assert!(machine.says(file, "copr_repos").is_empty());
}
