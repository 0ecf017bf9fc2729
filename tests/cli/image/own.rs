//! `--containerfile-only`: an instruction outside of the managed sections, and no manifest.

use super::atomic::{Atomic, CONTAINERFILE};

#[test]
fn an_instruction_is_written_found_again_and_undone() {
    let machine = Atomic::new();
    machine
        .bkt(&["dnf", "install", "htop", "git", "--containerfile-only", "-n"])
        .exits(0)
        .says("Containerfile");
    machine.untouched();
    machine
        .bkt(&["dnf", "install", "htop", "git", "--containerfile-only"])
        .exits(0)
        .says("bkt undo 1");
    let marker = "# === END SYSTEM_PACKAGES ===\n";
    let block = "\nRUN dnf install -y \\\n    htop \\\n    git \\\n    && dnf clean all\n";
    assert_eq!(machine.containerfile(), CONTAINERFILE.replace(marker, &format!("{marker}{block}")));
    assert!(machine.packages().is_empty() && machine.ran().is_empty());
    machine.bkt(&["dnf", "install", "git", "--containerfile-only"]).exits(0).says("nothing to do");
    // What is managed leaves it alone.
    machine.bkt(&["image", "dnf", "install", "ripgrep"]).exits(0);
    assert!(machine.containerfile().contains(block));
    machine.bkt(&["undo"]).exits(0);
    machine.bkt(&["dnf", "remove", "git", "--containerfile-only"]).exits(0);
    assert_eq!(
        machine.containerfile(),
        CONTAINERFILE.replace(marker, &format!("{marker}{}", block.replace("    git \\\n", "")))
    );
    machine.bkt(&["undo"]).exits(0);
    machine.bkt(&["undo", "1"]).exits(0);
    machine.untouched();
}

#[test]
fn what_is_somebody_elses_is_named() {
    let machine = Atomic::new();
    machine
        .bkt(&["dnf", "remove", "htop", "--containerfile-only"])
        .exits(1)
        .says("htop is not in the Containerfile");
    machine.bkt(&["image", "dnf", "install", "htop"]).exits(0);
    machine
        .bkt(&["dnf", "remove", "htop", "--containerfile-only"])
        .exits(1)
        .says("bkt dnf remove htop --manifest-only");
    machine.bkt(&["dnf", "install", "htpo", "--containerfile-only"]).exits(1).says("htop");
    machine.bkt(&["dnf", "install", "htop", "--containerfile-only", "--local"]).exits(2);
    machine.sandbox.write("repo/Containerfile", "FROM x\n# === END SYSTEM_PACKAGES ===\n");
    machine
        .bkt(&["dnf", "install", "git", "--containerfile-only"])
        .exits(1)
        .says("Containerfile:2:1");
    std::fs::remove_file(machine.sandbox.path("repo/Containerfile")).unwrap();
    machine.bkt(&["dnf", "install", "git", "--containerfile-only"]).exits(1).says("there is no");
}
