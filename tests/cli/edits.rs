//! What captures, applies, skips and ignores leave behind, byte by byte.

use std::fs;

use crate::sandbox::{SCHEMA, Sandbox, items};

const COMMENTED: &str = r#"// What this machine looks like.
{
	"$schema": "https://example.org/gsettings.json",
	"later": { "not": ["ours"] },
	"settings": [
		// the first
		{ "value": "'a'", "key": "k01", "schema": "org.bkt.test", "comment": "why" },
		{ "schema": "org.bkt.test", "key": "k03", "value": "'c'" }, // the last
	],
}
"#;

#[test]
fn a_capture_changes_exactly_one_object() {
    let mut sandbox = Sandbox::new();
    fs::write(sandbox.manifest(), COMMENTED).unwrap();
    sandbox.set("k01", "a");
    sandbox.set("k03", "changed");
    sandbox.bkt(&["capture", "-i", "k03"]).exits(0);
    assert_eq!(
        sandbox.read("repo/manifests/gsettings.json"),
        COMMENTED.replace("'c'", "'changed'")
    );
    sandbox.set("k02", "b");
    sandbox.bkt(&["capture"]).exits(0);
    let text = sandbox.read("repo/manifests/gsettings.json");
    let first = text.find("k01").unwrap();
    let (second, third) = (text.find("k02").unwrap(), text.find("k03").unwrap());
    assert!(first < second && second < third, "a sorted list stays sorted: {text}");
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("k02")).collect();
    assert!(
        COMMENTED.lines().all(|line| line.contains("k03") || without.contains(&line)),
        "{text}"
    );
}

#[test]
fn untouched_files_keep_every_byte() {
    let mut sandbox = Sandbox::new();
    let odd = "\u{feff}{\"extensions\":[ ],\r\n\"x\":1e2}";
    sandbox.write("repo/manifests/gnome-extensions.json", odd);
    sandbox.write("repo/manifests/of-another-tool.json", "{ \"packages\": [");
    sandbox.set("k01", "a");
    sandbox.bkt(&["capture"]).exits(0);
    assert_eq!(sandbox.read("repo/manifests/gnome-extensions.json"), odd);
    assert_eq!(sandbox.read("repo/manifests/of-another-tool.json"), "{ \"packages\": [");
    sandbox.commit();
    let before = fs::metadata(sandbox.manifest()).unwrap().modified().unwrap();
    sandbox.bkt(&["capture", "--force", "--prune"]).exits(0);
    sandbox.in_session(&["apply", "--force", "--prune"]).exits(0);
    assert_eq!(fs::metadata(sandbox.manifest()).unwrap().modified().unwrap(), before);
    assert_eq!(sandbox.git(&["status", "--short"]), "");
}

#[test]
fn an_apply_changes_the_system_and_not_the_manifest() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "kept");
    sandbox.set("k02", "mine");
    sandbox.manifest_of(&[("k02", "theirs"), ("k03", "new")]);
    let before = fs::read(sandbox.manifest()).unwrap();
    let plan = sandbox.bkt(&["apply", "-n"]).exits(0);
    plan.says("Change 2 settings").says("dry run");
    assert_eq!(sandbox.value("k03"), None, "a dry run changes nothing");
    sandbox.in_session(&["apply"]).exits(0).says("2 changes made");
    assert_eq!(sandbox.value("k01").as_deref(), Some("kept"));
    assert_eq!(sandbox.value("k02").as_deref(), Some("theirs"));
    assert_eq!(sandbox.value("k03").as_deref(), Some("new"));
    assert_eq!(fs::read(sandbox.manifest()).unwrap(), before);
    assert_eq!(sandbox.drift(), items(&[("k01", "unmanaged")]));
}

#[test]
fn a_dry_run_writes_nothing_at_all() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    sandbox.manifest_of(&[("k01", "a"), ("k02", "b")]);
    let before = snapshot(&sandbox);
    for args in [
        &["-n"][..],
        &["status", "-n"],
        &["capture", "-n", "--force", "--prune"],
        &["apply", "-n"],
        &["resolve", "--apply-all", "-n"],
    ] {
        sandbox.bkt(args).exits(0);
    }
    assert_eq!(snapshot(&sandbox), before);
    sandbox.bkt(&["status"]).exits(0);
    assert_ne!(snapshot(&sandbox), before, "a status learns what both sides agree on");
}

/// Every file below the machine, with its content.
fn snapshot(sandbox: &Sandbox) -> String {
    let find =
        "find . -path ./repo/.git -prune -o -type f -print | sort | xargs -d '\\n' sha256sum";
    let output = sandbox.command("sh").current_dir(sandbox.path("")).args(["-c", find]).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn removals_wait_until_they_are_meant() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    sandbox.set("k02", "b");
    sandbox.bkt(&["capture"]).exits(0);
    sandbox.unset("k01");
    sandbox.unset("k02");
    sandbox.bkt(&["capture"]).exits(0).says("--prune, or -i 'org.bkt.test k01'");
    assert_eq!(sandbox.wanted().len(), 2);
    sandbox.bkt(&["capture", "-i", "k01"]).exits(0);
    assert_eq!(sandbox.wanted(), items(&[("k02", "b")]));
    sandbox.bkt(&["capture", "--prune"]).exits(0);
    assert!(sandbox.wanted().is_empty());
    // The other direction.
    sandbox.set("k03", "c");
    sandbox.bkt(&["capture"]).exits(0);
    sandbox.manifest_of(&[]);
    sandbox.in_session(&["apply"]).exits(0).says("removes it");
    assert_eq!(sandbox.value("k03").as_deref(), Some("c"));
    sandbox.in_session(&["apply", "--prune"]).exits(0);
    assert_eq!(sandbox.value("k03"), None);
}

#[test]
fn the_layer_of_this_machine() {
    let mut sandbox = Sandbox::new();
    let layer = format!("hosts/{}/", Sandbox::hostname());
    sandbox.manifest_of(&[("k01", "shared"), ("k02", "everywhere")]);
    sandbox.set("k01", "shared");
    sandbox.set("k02", "everywhere");
    sandbox.set("k03", "here");
    sandbox.bkt(&["capture", "--layer", "host"]).exits(0).says("only");
    assert_eq!(sandbox.wanted_in(&layer), items(&[("k03", "here")]));
    // An entry stays in the layer that has it.
    sandbox.set("k03", "changed");
    sandbox.set("k01", "changed too");
    sandbox.bkt(&["capture", "--layer", "shared"]).exits(0);
    assert_eq!(sandbox.wanted_in(&layer), items(&[("k03", "changed")]));
    assert_eq!(sandbox.wanted(), items(&[("k01", "changed too"), ("k02", "everywhere")]));
    // This machine does without a shared entry.
    let absent = format!(
        "{{\"settings\":[{{\"schema\":\"{SCHEMA}\",\"key\":\"k02\",\"absent\":true}},{{\"schema\":\"{SCHEMA}\",\"key\":\"k03\",\"value\":\"'changed'\"}}]}}"
    );
    sandbox.write(&format!("repo/manifests/{layer}gsettings.json"), &absent);
    assert_eq!(sandbox.drift(), items(&[("k02", "manifest-changed")]));
    sandbox.in_session(&["apply", "--prune"]).exits(0);
    assert_eq!(sandbox.value("k02"), None);
    assert_eq!(sandbox.wanted()["k02"], "everywhere");
}

#[test]
fn deciding_one_by_one() {
    let mut sandbox = Sandbox::new();
    for key in ["k01", "k02", "k03", "k04", "k05"] {
        sandbox.set(key, "x");
    }
    // Capture, skip, skip until it changes, ignore, quit.
    let run = sandbox.answering("c\n?\nd\ns\nu\ni\nq\n", &["resolve"]).exits(0);
    run.says("1 change made").says("is skipped until it changes").says("ignore.json");
    assert_eq!(sandbox.wanted(), items(&[("k01", "x")]));
    assert_eq!(sandbox.drift(), items(&[("k02", "unmanaged"), ("k05", "unmanaged")]));
    let rules = sandbox.read("repo/manifests/ignore.json");
    assert!(rules.contains("org.bkt.test k04"), "{rules}");
    sandbox.bkt(&["status", "-v"]).exits(0).says("skipped until it changes").says("ignored");
    sandbox.bkt(&["capture"]).exits(0);
    assert_eq!(sandbox.wanted(), items(&[("k01", "x"), ("k02", "x"), ("k05", "x")]));
    // What was skipped has changed; what is ignored stays so.
    sandbox.set("k03", "y");
    sandbox.set("k04", "y");
    assert_eq!(sandbox.drift(), items(&[("k03", "unmanaged")]));
}

#[test]
fn nobody_answering_changes_nothing() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "x");
    sandbox.answering("", &["resolve"]).exits(0);
    sandbox.answering("d\n", &["resolve"]).exits(0);
    assert!(!sandbox.manifest().exists());
    sandbox.answering("\n", &["resolve"]).exits(0).says("1 change made");
    assert_eq!(sandbox.wanted(), items(&[("k01", "x")]));
}

#[test]
fn an_ignore_rule_can_be_any_glob_and_can_be_undone() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "x");
    sandbox.set("k11", "x");
    sandbox.write(
        "repo/manifests/ignore.json",
        "{\"ignore\":[{\"subsystem\":\"gsettings\",\"item\":\"org.bkt.test k0*\",\"reason\":\"mine\"}]}",
    );
    assert_eq!(sandbox.drift(), items(&[("k11", "unmanaged")]));
    sandbox.bkt(&["status", "-v"]).exits(0).says("ignored: mine");
    sandbox.answering("i\n", &["resolve"]).exits(0);
    assert!(sandbox.drift().is_empty());
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!(sandbox.drift(), items(&[("k11", "unmanaged")]));
}

#[test]
fn a_value_cannot_command_the_terminal() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "\x1b[2Jgone");
    let run = sandbox.bkt(&["diff", "--color", "always"]).exits(0);
    assert!(!run.out.contains("\x1b[2J"), "{run:?}");
    assert!(run.out.contains("\x1b["), "colour was asked for");
    let plain = sandbox.bkt(&["diff"]).exits(0);
    assert!(!plain.out.contains('\x1b'), "{plain:?}");
}
