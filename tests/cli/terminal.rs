//! On a terminal: questions, colours, and what an answer leads to. `script` of util-linux makes the terminal.

use std::io::Write;
use std::process::Stdio;

use crate::sandbox::{BKT, Run, Sandbox, items};

/// `bkt ARGS` on a terminal, with `answers` typed.
pub fn typing(sandbox: &Sandbox, answers: &str, args: &str) -> Run {
    let mut child = sandbox
        .command("script")
        .args(["-qefc", &format!("{BKT} {args}"), "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script is needed to have a terminal: Debian's bsdutils has it");
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    Run::of(child.wait_with_output().unwrap())
}

#[test]
fn a_plan_is_carried_out_when_it_is_agreed_to() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    typing(&sandbox, "n\n", "capture")
        .exits(1)
        .says("Go ahead? [Y/n]")
        .says("Nothing was changed.");
    assert!(!sandbox.manifest().exists());
    typing(&sandbox, "what\ny\n", "capture").exits(0).says("1 change made");
    assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
    sandbox.set("k01", "there");
    typing(&sandbox, "\n", "capture").exits(0);
    assert_eq!(sandbox.wanted(), items(&[("k01", "there")]));
    sandbox.set("k01", "elsewhere");
    let run = typing(&sandbox, "", "capture -y").exits(0);
    assert!(!run.out.contains("Go ahead?"), "{run:?}");
}

#[test]
fn a_repository_is_asked_about_once_and_yes_to_all_is_no_answer() {
    let mut sandbox = Sandbox::unused();
    sandbox.set("k01", "here");
    typing(&sandbox, "\n", "capture -y").exits(4).says("as your repository? [y/N]");
    assert!(!sandbox.manifest().exists());
    typing(&sandbox, "y\n", "capture -y").exits(0).says("1 change made");
    sandbox.set("k02", "here");
    let run = typing(&sandbox, "y\n", "capture").exits(0);
    assert!(!run.out.contains("as your repository?"), "{run:?}");
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    assert!(typing(&sandbox, "", "status").exits(0).out.contains("\x1b[1m"));
    for plain in ["--color never status", "--cli status", "status --json"] {
        assert!(!typing(&sandbox, "", plain).exits(0).out.contains('\x1b'), "{plain}");
    }
    let script = format!("NO_COLOR=1 {BKT} status");
    let output = sandbox.command("script").args(["-qefc", &script, "/dev/null"]).output();
    assert!(!Run::of(output.unwrap()).exits(0).out.contains('\x1b'));
}

#[test]
fn going_through_the_differences() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.set("k02", "here");
    let run = typing(&sandbox, "c\nq\ny\n", "resolve").exits(0);
    run.says("[1/2]").says("Go ahead?").says("1 change made");
    assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
}

#[test]
fn a_hook_that_asks_on_the_terminal_ends_the_commit_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "a")]);
    sandbox.commit();
    sandbox.manifest_of(&[("k01", "b")]);
    let before = sandbox.git(&["rev-parse", "HEAD"]);
    let hook = "repo/.git/hooks/pre-commit";
    sandbox.write(hook, "#!/bin/sh\nread answer < /dev/tty\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path(hook), mode).unwrap();
    let run = typing(&sandbox, "", "repo commit -y -m x").exits(1);
    run.says("wanted to ask something on the terminal");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), before);
    assert!(!sandbox.path("repo/.git/index.lock").exists());
}
