//! What is dnf's own, handed over.

use super::atomic::Atomic;

#[test]
fn dnf_answers_and_its_status_is_ours() {
    let machine = Atomic::not_atomic();
    let run = machine.bkt(&["dnf", "search", "an editor"]).exits(0);
    assert_eq!(run.out, "dnf5 search an editor\n");
    assert!(run.err.contains("Packages on this machine, with dnf5:"), "{run:?}");
    assert!(run.err.contains("dnf5 speaks for itself"), "{run:?}");
    machine.sandbox.write("dnf-ends", "42\n");
    machine.bkt(&["dnf", "provides", "/usr/bin/vim"]).exits(42).says("dnf5 provides /usr/bin/vim");
    assert_eq!(
        machine.bkt(&["dnf", "list", "--installed", "vi*"]).exits(42).out,
        "dnf5 list --installed vi*\n"
    );
    assert_eq!(
        machine.bkt(&["dnf", "info", "--", "-n", "vim"]).exits(42).out,
        "dnf5 info -n vim\n"
    );
}

#[test]
fn a_dry_run_prints_the_command_and_json_is_refused() {
    let machine = Atomic::not_atomic();
    let run = machine.bkt(&["-n", "dnf", "search", "an editor"]).exits(0);
    assert_eq!(run.out, "dnf5 search 'an editor'\n");
    machine.bkt(&["--json", "dnf", "list"]).exits(2).says("has no JSON of its own");
}

#[test]
fn whose_packages_are_meant_is_said() {
    let machine = Atomic::not_atomic();
    machine.sandbox.write("run/.containerenv", "name=\"bootc-dev\"\n");
    machine.sandbox.write("run/.toolboxenv", "");
    machine
        .bkt(&["dnf", "info", "vim"])
        .exits(0)
        .says("Packages in the toolbox bootc-dev, with dnf5:");
}

#[test]
fn without_dnf_it_is_said_what_to_do() {
    let machine = Atomic::new().without("dnf5");
    machine
        .bkt(&["dnf", "search", "vim"])
        .exits(1)
        .says("neither dnf5 nor dnf is installed")
        .says("toolbox run");
}
