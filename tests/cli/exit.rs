//! The table of exit statuses, from the outside.

use crate::sandbox::{Sandbox, items};

#[test]
fn nothing_to_say_is_0() {
    let sandbox = Sandbox::new();
    sandbox.bkt(&[]).exits(0).says("Everything matches.");
    for args in [&["status"][..], &["diff"], &["drift", "check"], &["status", "--exit-code"]] {
        sandbox.bkt(args).exits(0);
    }
    sandbox.bkt(&["capture"]).exits(0).says("nothing to do");
    sandbox.bkt(&["apply", "--cli"]).exits(0);
    sandbox.bkt(&["history"]).exits(0);
    sandbox.bkt(&["--help"]).exits(0);
}

#[test]
fn differences_are_3_where_that_was_asked() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.bkt(&[]).exits(0).says("Run `bkt capture` to save 1 change to the manifests.");
    sandbox.bkt(&["status"]).exits(0).says("1 difference").says("Only on the system");
    sandbox.bkt(&["status", "--exit-code"]).exits(3);
    sandbox.bkt(&["diff", "--exit-code"]).exits(3);
    sandbox.bkt(&["drift", "check"]).exits(3).says("There is 1 difference.");
    let quiet = sandbox.bkt(&["-q", "drift", "check"]).exits(3);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}

#[test]
fn a_wrong_command_line_is_2() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.bkt(&["frobnicate"]).exits(2);
    sandbox.bkt(&["status", "--no-such-option"]).exits(2);
    sandbox
        .bkt(&["status", "cats"])
        .exits(2)
        .says("there is no subsystem “cats”")
        .says("gsettings");
    let run = sandbox.bkt(&["capture", "-i", "org.bkt.test k0l"]).exits(2);
    run.says("Did you mean").says("org.bkt.test k01");
    sandbox.bkt(&["schema", "nothing.json"]).exits(2);
    assert!(!sandbox.manifest().exists());
}

#[test]
fn a_true_conflict_is_4_until_it_is_forced() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "one");
    sandbox.bkt(&["capture"]).exits(0);
    sandbox.set("k01", "two");
    sandbox.set("k02", "beside");
    sandbox.manifest_of(&[("k01", "three")]);
    assert_eq!(sandbox.drift(), items(&[("k01", "conflict"), ("k02", "unmanaged")]));
    sandbox.bkt(&[]).exits(0).says("Run `bkt resolve` to decide 1 conflict.");
    sandbox.bkt(&["--cli", "capture", "-n"]).exits(4).says("both sides changed");
    sandbox.bkt(&["--cli", "capture"]).exits(4).says("--force, or -i 'org.bkt.test k01'");
    assert_eq!(sandbox.wanted(), items(&[("k01", "three"), ("k02", "beside")]));
    sandbox.bkt(&["resolve", "--suggested"]).exits(4);
    sandbox.bkt(&["--cli", "resolve"]).exits(4).says("--capture-all");
    sandbox.bkt(&["--cli", "capture", "--force"]).exits(0);
    assert_eq!(sandbox.wanted()["k01"], "two");
}

#[test]
fn pointing_at_a_conflict_decides_it() {
    let mut sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "three")]);
    sandbox.set("k01", "two");
    // Without a base an explicit direction takes its own side; a suggestion has none.
    sandbox.bkt(&["resolve", "--suggested"]).exits(4);
    sandbox.bkt(&["capture", "-i", "k01"]).exits(0);
    assert_eq!(sandbox.wanted()["k01"], "two");
}

#[test]
fn a_repository_that_was_only_walked_into_is_4() {
    let mut sandbox = Sandbox::unused();
    sandbox.set("k01", "here");
    sandbox.bkt(&["status"]).exits(0);
    sandbox.bkt(&["capture", "-n"]).exits(0).says("Track org.bkt.test k01");
    for args in [&["capture"][..], &["capture", "-y"], &["--cli", "apply"], &["undo"], &["resolve"]]
    {
        sandbox.bkt(args).exits(4).says("bkt repo use");
    }
    assert!(!sandbox.manifest().exists());
    sandbox.bkt(&["repo", "use"]).exits(0);
    sandbox.bkt(&["capture"]).exits(0);
    sandbox
        .bkt(&["repo", "status"])
        .exits(0)
        .says("may be applied here")
        .says("manifests/gsettings.json");
}

#[test]
fn no_repository_is_1_with_what_to_do() {
    let sandbox = Sandbox::unused();
    let output = sandbox.command(crate::sandbox::BKT).current_dir("/").output().unwrap();
    crate::sandbox::Run::of(output).exits(1).says("bkt repo use PATH");
    sandbox.bkt(&["--repo", "/nonexistent", "status"]).exits(1).says("/nonexistent");
}

#[test]
fn partly_done_is_5() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.write("repo/manifests/gnome-extensions.json", "{ broken");
    sandbox.bkt(&["capture"]).exits(5).says("gnome-extensions.json:1:3").says("1 change made");
    assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
    // What is named is all that is asked for.
    sandbox.set("k01", "there");
    sandbox.bkt(&["capture", "-i", "k01"]).exits(0);
    sandbox.bkt(&["capture", "gsetting"]).exits(0);
    sandbox.bkt(&["capture"]).exits(1);
}

#[test]
fn a_reader_who_had_enough_is_no_error() {
    let mut sandbox = Sandbox::new();
    for number in 0..20 {
        sandbox.set(&format!("k{number:02}"), "x");
    }
    let script = format!("{} status -v | head -n 1; exit ${{PIPESTATUS[0]}}", crate::sandbox::BKT);
    let output = sandbox.command("bash").args(["-c", &script]).output().unwrap();
    let run = crate::sandbox::Run::of(output).exits(0);
    assert_eq!(run.err, "");
    let full = format!("{} status > /dev/full", crate::sandbox::BKT);
    let output = sandbox.command("bash").args(["-c", &full]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "an answer that was lost is not a success");
}
