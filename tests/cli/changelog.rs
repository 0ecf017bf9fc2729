//! The changelog: drafted from what changed since the last release, released, and told on the machine.

use std::fs;

use serde_json::{Value as Json, json};

use crate::sandbox::{BKT, Run, SCHEMA, Sandbox};

const FILE: &str = "repo/changelog.json";

/// A changelog that a person has written into, with what only a person writes.
const KEPT: &str = r#"{
  // Read by everyone.
  "mine": {"b": 1, "a": [2.50]},
  "unreleased": [
    // For the next one.
    {"type": "fixed", "category": "units", "message": "Sound", "odd": true, "draft": true} // loud
  ],
  "versions": [
    /* the first */
    {"version": "2025.01.31.1", "date": "2025-01-31", "entries": []}
  ]
}
"#;

fn file(sandbox: &Sandbox) -> Json {
    serde_json::from_str(&sandbox.read(FILE)).unwrap()
}

fn messages(sandbox: &Sandbox) -> Vec<String> {
    let run = sandbox.bkt(&["changelog", "show", "unreleased", "--json"]).exits(0);
    let json = run.json();
    let entries = json["unreleased"].as_array().unwrap().iter();
    entries.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
}

/// What is said of a setting that came.
fn track(setting: &str) -> String {
    format!("Track {SCHEMA} {setting}")
}

/// A machine whose image has this copy of the changelog.
fn image(sandbox: &Sandbox, changelog: &str) {
    sandbox.write("usr/share/bkt/distribution/changelog.json", changelog);
}

fn bkt(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command(BKT);
    command.env("BKT_ROOT", sandbox.path(""));
    Run::of(command.args(args).output().unwrap())
}

#[test]
fn entries_are_drafted_from_what_changed_since_the_last_release() {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "a"), ("k02", "b")]);
    let run = sandbox.bkt(&["changelog", "generate", "-n"]).exits(0).says("dry run");
    run.says(&track("k01 as 'a'"));
    assert!(!sandbox.path(FILE).exists());
    sandbox.bkt(&["changelog", "generate"]).exits(0).says("bkt undo");
    let json = file(&sandbox);
    let entry = &json["unreleased"][0];
    assert_eq!(
        (&entry["type"], &entry["category"], &entry["draft"], &entry["item"]),
        (&json!("added"), &json!("gsettings"), &json!(true), &json!("org.bkt.test k01"))
    );
    let all = [track("k01 as 'a'"), track("k02 as 'b'")];
    assert_eq!(messages(&sandbox), all);
    // Once more says nothing more.
    sandbox.bkt(&["changelog", "generate"]).exits(0).says("nothing to do");
    assert_eq!(file(&sandbox), json);
    // Taken back before the release, and changed before it.
    sandbox.manifest_of(&[("k02", "c")]);
    sandbox.bkt(&["changelog", "generate"]).exits(0);
    assert_eq!(messages(&sandbox), [track("k02 as 'c'")]);

    sandbox.bkt(&["changelog", "release"]).exits(4).says("1 entry is a draft");
    sandbox.bkt(&["changelog", "ready", "1"]).exits(0).says("1 entry is ready");
    sandbox.bkt(&["changelog", "release", "--date", "2025-01-31"]).exits(0);
    sandbox.commit();
    sandbox.bkt(&["changelog", "generate"]).exits(0).says("nothing to do");
    // What a later commit, or nobody yet, has changed is new since the release.
    sandbox.manifest_of(&[("k02", "c"), ("k03", "d")]);
    sandbox.commit();
    sandbox.manifest_of(&[("k02", "e"), ("k03", "d")]);
    sandbox.bkt(&["changelog", "generate"]).exits(0);
    let mut said = messages(&sandbox);
    said.sort();
    let changed = format!("Change {SCHEMA} k02 to 'e'");
    assert_eq!(said, [changed, track("k03 as 'd'")]);
    assert_eq!(file(&sandbox)["unreleased"][0]["type"], "changed");
    // A version that is in no commit was released just now.
    sandbox.bkt(&["changelog", "ready", "--all"]).exits(0);
    sandbox.bkt(&["changelog", "release", "--date", "2025-01-31"]).exits(0);
    let versions = file(&sandbox)["versions"].clone();
    let names: Vec<&Json> = versions.as_array().unwrap().iter().map(|v| &v["version"]).collect();
    assert_eq!(names, ["2025.01.31.2", "2025.01.31.1"]);
    assert_eq!(versions[0]["date"], "2025-01-31");
}

#[test]
fn a_draft_that_was_reworded_is_kept_and_said_once() {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "a")]);
    sandbox.bkt(&["changelog", "generate"]).exits(0);
    let words = track("k01 as 'a'");
    let text = sandbox.read(FILE).replacen(&words, "The letter a", 1);
    sandbox.write(FILE, &text);
    for _ in 0..2 {
        sandbox.bkt(&["changelog", "generate"]).exits(0).says("nothing to do");
        sandbox.bkt(&["changelog", "ready", "--all"]).exits(0);
        assert_eq!(messages(&sandbox), ["The letter a"]);
    }
    // Not even the change's end takes a person's words away.
    sandbox.manifest_of(&[]);
    sandbox.bkt(&["changelog", "generate"]).exits(0);
    assert_eq!(messages(&sandbox), ["The letter a"]);
}

#[test]
fn what_only_a_person_writes_survives_every_verb() {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, KEPT);
    sandbox.commit();
    let kept = |text: &str| {
        for part in [
            "// Read by everyone.",
            "\"mine\": {\"b\": 1, \"a\": [2.50]}",
            "// For the next one.",
            "\"odd\": true",
            "// loud",
            "/* the first */",
        ] {
            assert!(text.contains(part), "{part} is gone:\n{text}");
        }
    };
    for verb in [
        &["add", "added", "shims", "Podman", "--manual-step", "Log out", "--command", "x y"][..],
        &["ready", "Sound"],
        &["generate"],
        &["done", "--all"],
        &["validate"],
        &["pending"],
        &["motd", "--mark-seen"],
        &["show"],
        &["release"],
    ] {
        sandbox.bkt(&[&["changelog"], verb].concat()).exits(0);
        kept(&sandbox.read(FILE));
    }
    let undone = sandbox.read(FILE);
    let shown = sandbox.bkt(&["changelog", "show", "--json"]).exits(0).json();
    assert_eq!(shown["unreleased"], json!([]));
    let entry = &shown["versions"][0]["entries"][1];
    assert_eq!(entry["manual_steps"], json!(["Log out"]));
    assert_eq!((&entry["command"], &entry["message"]), (&json!("x y"), &json!("Podman")));
    for _ in 0..3 {
        sandbox.bkt(&["undo"]).exits(0);
    }
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{}", sandbox.read(FILE));
    for _ in 0..3 {
        sandbox.bkt(&["redo"]).exits(0);
    }
    assert_eq!(sandbox.read(FILE), undone);
}

#[test]
fn older_files_are_released_with_the_rest_and_undone_with_it() {
    let sandbox = Sandbox::new();
    let pending = "repo/.changelog/pending/001-flatpak.yaml";
    let text = "# by hand\ntimestamp: 2025-01-02T10:30:00Z\ntype: added\ncategory: flatpak\nmessage: \"Calculator\"\npr: 12\nextra: 1\n";
    sandbox.write(pending, text);
    let version = "version: 2025.01.02.10\ndate: 2025-01-02\nchanges:\n- type: added\n  category: shim\n  message: old\n";
    sandbox.write("repo/.changelog/versions/2025.01.02.10.yaml", version);
    let version = "version: 2025.01.02.9\ndate: 2025-01-02\nchanges: []\n";
    sandbox.write("repo/.changelog/versions/2025.01.02.9.yaml", version);
    sandbox.commit();
    sandbox.bkt(&["changelog", "validate", "--no-drafts"]).exits(0);
    let shown = sandbox.bkt(&["changelog", "show", "latest"]).exits(0);
    shown.says("2025.01.02.10").says("old  (shim)");
    sandbox.bkt(&["changelog", "add", "fixed", "units", "Sound"]).exits(0);
    assert_eq!(messages(&sandbox), ["Sound", "Calculator"]);
    sandbox.bkt(&["changelog", "release", "--version", "2025.01.02.10"]).exits(2);
    sandbox.bkt(&["changelog", "release", "--date", "2025-01-02"]).exits(0);
    assert!(!sandbox.path(pending).exists());
    let json = file(&sandbox);
    assert_eq!(json["versions"][0]["version"], "2025.01.02.11");
    assert_eq!(json["versions"][0]["entries"][1]["extra"], 1);
    let notes = sandbox.bkt(&["changelog", "show", "v2025.01.02.11", "--markdown"]).exits(0);
    assert_eq!(
        notes.out,
        "## 2025.01.02.11\n\n### Added\n\n- Calculator (#12)\n\n### Fixed\n\n- Sound\n\n"
    );
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!(sandbox.read(pending), text);
    // The commit of the last release is the one that brought the file of the newest version.
    sandbox.manifest_of(&[("k01", "a")]);
    sandbox.bkt(&["changelog", "generate"]).exits(0);
    assert_eq!(messages(&sandbox).len(), 3);
}

#[test]
fn validate_says_what_a_pull_request_has_to_mend() {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "a")]);
    sandbox.commit();
    sandbox.git(&["switch", "-q", "-c", "change"]);
    let validate = |args: &[&str]| sandbox.bkt(&[&["changelog", "validate"], args].concat());
    validate(&["--no-drafts", "--since", "main"]).exits(0);
    // Its layout is not what a manifest says.
    let manifest = sandbox.read("repo/manifests/gsettings.json");
    sandbox.write("repo/manifests/gsettings.json", &format!("\n{manifest}\n"));
    validate(&["--since", "main"]).exits(0);
    sandbox.manifest_of(&[("k01", "b")]);
    validate(&[]).exits(0);
    let run = validate(&["--since", "main"]).exits(3).says("1 change of the manifests is told");
    run.says(&format!("Change {SCHEMA} k01 to 'b'"));
    // What main goes on to change is not this branch's to tell.
    sandbox.commit();
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.manifest_of(&[("k01", "a"), ("k02", "x")]);
    sandbox.commit();
    sandbox.git(&["switch", "-q", "change"]);
    assert_eq!(
        validate(&["--since", "main", "--json"]).exits(3).json()["untold"],
        json!([format!("Change {SCHEMA} k01 to 'b'")])
    );
    sandbox.bkt(&["changelog", "generate"]).exits(0);
    validate(&["--since", "main"]).exits(0);
    let run = validate(&["--no-drafts", "--since", "main"]).exits(3);
    run.says("changelog.json:8:16: “Track").says("bkt changelog ready --all");
    sandbox.bkt(&["changelog", "ready", "--all"]).exits(0);
    validate(&["--no-drafts", "--since", "main"]).exits(0).says("as it should be");
    validate(&["--since", "nowhere"]).exits(1).says("no commit “nowhere”");

    let broken = "{\"unreleased\": [\n{\"type\": \"added\", \"category\": \"units\", \"message\": \"\"},\n{\"type\": \"x\", \"category\": \"units\", \"message\": \"m\"}]}";
    sandbox.write(FILE, broken);
    let run = validate(&["--no-drafts", "--since", "main"]).exits(1);
    run.says("changelog.json:3:10: unknown variant `x`")
        .says("changelog.json:2:51: the message says nothing");
    let json = validate(&["--json"]).exits(1).json();
    assert_eq!(
        (json["problems"][0]["line"].as_u64(), &json["problems"][0]["file"]),
        (Some(3), &json!("changelog.json"))
    );
    for verb in [
        &["show"][..],
        &["pending"],
        &["generate"],
        &["release"],
        &["add", "fixed", "units", "x"],
        &["ready", "--all"],
        &["done", "--all"],
    ] {
        let run = sandbox.bkt(&[&["changelog"], verb].concat()).exits(1);
        run.says("changelog.json:3:10: unknown variant `x`");
    }
    assert_eq!(sandbox.read(FILE), broken);
}

#[test]
fn two_at_once_both_add_their_entry() {
    let sandbox = Sandbox::new();
    let mut running: Vec<_> = (0..6)
        .map(|n| {
            let mut command = sandbox.command(BKT);
            command.args(["changelog", "add", "fixed", "units", &format!("Number {n}")]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in running.drain(..) {
        Run::of(child.wait_with_output().unwrap()).exits(0);
    }
    let mut said = messages(&sandbox);
    said.sort();
    assert_eq!(said, (0..6).map(|n| format!("Number {n}")).collect::<Vec<_>>());
    let json = sandbox.bkt(&["history", "--json"]).exits(0).json();
    assert_eq!(json["operations"].as_array().unwrap().len(), 6);
}

/// Two versions with something to do by hand each, and one draft.
fn with_steps() -> String {
    let entry = |message: &str, step: &str| json!({ "type": "changed", "category": "gsettings", "message": message, "manual_steps": [step] });
    let release = |version: &str, entry: Json| json!({ "version": version, "entries": [entry] });
    let json = json!({
        "unreleased": [
            { "type": "added", "category": "shims", "message": "Podman" },
            { "type": "added", "category": "shims", "message": "Docker", "draft": true },
        ],
        "versions": [
            release("2025.01.31.10", entry("Third", "Do\nthe third")),
            release("2025.01.31.9", entry("Second", "Do the second")),
            release("2025.01.30.1", entry("First", "Do the first")),
        ],
    });
    serde_json::to_string_pretty(&json).unwrap()
}

#[test]
fn status_says_what_is_pending_and_what_to_do_by_hand() {
    let sandbox = Sandbox::new();
    let none = bkt(&sandbox, &["status", "--json"]).exits(0).json();
    assert_eq!(none.get("changelog"), None);
    assert!(!bkt(&sandbox, &["status"]).exits(0).out.contains("Next Actions"));
    sandbox.write(FILE, &with_steps());
    for args in [&["status"][..], &[]] {
        let run = bkt(&sandbox, args).exits(0);
        let run = run.says("By hand: Do the first (2025.01.30.1").says("By hand: Do the third");
        let run = run.says("bkt changelog ready").says("bkt changelog release");
        assert_eq!(run.err, "");
    }
    let run = bkt(&sandbox, &["status", "-v"]).says("Next Actions");
    assert!(!run.err.contains("$ "), "a program was run: {run:?}");
    for args in [&["status", "--no-changelog"][..], &["status", "gsettings"]] {
        assert!(!bkt(&sandbox, args).exits(0).out.contains("By hand"), "{args:?}");
    }
    let json = bkt(&sandbox, &["status", "--json"]).exits(0).json();
    let changelog = &json["changelog"];
    assert_eq!((&changelog["unreleased"], &changelog["drafts"]), (&json!(2), &json!(1)));
    assert_eq!(changelog["manual_steps"].as_array().unwrap().len(), 3);
    assert_eq!(bkt(&sandbox, &["--json"]).exits(0).json()["changelog"], *changelog);
    // The image says which version this machine runs: what is newer has not arrived.
    image(&sandbox, r#"{"versions": [{"version": "2025.01.31.9", "entries": []}]}"#);
    let json = bkt(&sandbox, &["status", "--json"]).exits(0).json();
    let steps = json["changelog"]["manual_steps"].as_array().unwrap().clone();
    let steps: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["Do the first", "Do the second"]);
    assert_eq!(json["changelog"]["running"], "2025.01.31.9");

    bkt(&sandbox, &["changelog", "done", "1", "-n"]).exits(0).says("Done: Do the first");
    bkt(&sandbox, &["changelog", "done", "1"]).exits(0).says("Done: Do the first");
    let run = bkt(&sandbox, &["changelog", "pending"]).exits(0).says("  1  Do the second");
    let run = run.says("The next release: 2 entries").says("Docker  draft");
    assert!(!run.out.contains("Do the first"), "{run:?}");
    bkt(&sandbox, &["changelog", "done", "7"]).exits(2).says("no step “7”");
    bkt(&sandbox, &["changelog", "done"]).exits(2);
    bkt(&sandbox, &["changelog", "done", "Do the second"]).exits(0);
    bkt(&sandbox, &["changelog", "done", "--all"]).exits(0).says("nothing to do by hand");
    // A newer image brings its own.
    image(&sandbox, &with_steps());
    bkt(&sandbox, &["status"]).exits(0).says("By hand: Do the third");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? changelog.json\n");

    sandbox.write(FILE, "{\n\"unreleased\": 3}");
    for args in [&["status"][..], &[], &["status", "--json"]] {
        bkt(&sandbox, args).exits(1).says("changelog.json:2:15: ");
    }
    bkt(&sandbox, &["status", "--no-changelog"]).exits(0);
}

#[test]
fn the_news_of_an_image_are_told_once() {
    let sandbox = Sandbox::new();
    let motd = |args: &[&str]| bkt(&sandbox, &[&["changelog", "motd"], args].concat());
    assert_eq!(motd(&[]).exits(0).out, "");
    sandbox.write(FILE, &with_steps());
    image(&sandbox, r#"{"versions": [{"version": "2025.01.30.1", "entries": []}]}"#);
    // Nothing was seen before: the newest that has arrived, which the repository tells more of.
    let run = motd(&[]).exits(0).says("What’s New in 2025.01.30.1").says("First");
    assert!(!run.out.contains("Second") && run.out.contains("By hand: Do the first"), "{run:?}");
    motd(&["--mark-seen", "-n"]).exits(0).says("First");
    motd(&["--mark-seen"]).exits(0).says("First");
    assert_eq!(motd(&["--mark-seen"]).exits(0).out, "");
    // Two releases later.
    image(&sandbox, &with_steps());
    fs::remove_file(sandbox.path(FILE)).unwrap();
    let run = motd(&[]).exits(0).says("2025.01.31.10").says("2025.01.31.9");
    assert!(run.out.find("Third") < run.out.find("Second") && !run.out.contains("First"));
    let json = motd(&["--json", "--mark-seen"]).exits(0).json();
    assert_eq!(json["versions"].as_array().unwrap().len(), 2);
    // Back to an older image is nothing new, and forward again neither.
    image(&sandbox, r#"{"versions": [{"version": "2025.01.30.1", "entries": []}]}"#);
    assert_eq!(motd(&[]).exits(0).out, "");
    image(&sandbox, &with_steps());
    assert_eq!(motd(&[]).exits(0).out, "");
    // No log-in fails because of it.
    image(&sandbox, "{");
    let run = motd(&[]).exits(1);
    assert_eq!(run.out, "");
    let run = bkt(&sandbox, &["--cli", "changelog", "motd", "--mark-seen"]).exits(0);
    assert!(run.out.is_empty() && run.err.contains("changelog.json:1:"), "{run:?}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let sandbox = Sandbox::new();
    let bkt = |args: &[&str]| sandbox.bkt(&[&["changelog"], args].concat());
    bkt(&["add", "better", "units", "x"]).exits(2).says("security");
    bkt(&["add", "fixed", "two words", "x"]).exits(2).says("one word");
    bkt(&["add", "fixed", "units", " "]).exits(2).says("the message says nothing");
    bkt(&["add", "fixed", "units", "x", "--manual-step", ""]).exits(2).says("step");
    bkt(&["release"]).exits(1).says("bkt changelog generate");
    bkt(&["release", "--version", "2025.02.30.1"]).exits(2).says("is not a version");
    bkt(&["show", "2025.01.31.1"]).exits(2).says("Nothing was released yet");
    bkt(&["ready", "1"]).exits(2).says("no entry “1”");
    bkt(&["ready"]).exits(2);
    assert!(!sandbox.path(FILE).exists());
    bkt(&["add", "fixed", "units", "x", "-n"]).exits(0).says("dry run");
    assert!(!sandbox.path(FILE).exists());
    // A link that leads out of the repository is not written through.
    sandbox.write("home/mine.json", "{}\n");
    std::os::unix::fs::symlink(sandbox.path("home/mine.json"), sandbox.path(FILE)).unwrap();
    bkt(&["add", "fixed", "units", "x"]).exits(1).says("leads out of the repository");
    assert_eq!(sandbox.read("home/mine.json"), "{}\n");
    // And a repository that nobody said yes to is not changed.
    let unused = Sandbox::unused();
    unused.bkt(&["changelog", "add", "fixed", "units", "x"]).exits(4);
    assert!(!unused.path(FILE).exists());
}
