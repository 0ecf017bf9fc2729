//! What programs read: every verb's JSON has a version, and says what the words say.

use crate::sandbox::Sandbox;

#[test]
fn every_verb_answers_in_json() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    let answers: [&[&str]; 11] = [
        &[],
        &["status"],
        &["diff"],
        &["drift", "check"],
        &["capture", "-n"],
        &["capture"],
        &["history"],
        &["undo"],
        &["redo"],
        &["repo", "status"],
        &["repo", "path"],
    ];
    for args in answers {
        let run = sandbox.bkt(&[args, &["--json"]].concat());
        assert_eq!(run.json()["version"], 1, "{args:?}: {run:?}");
        assert_eq!(run.err, "", "{args:?}");
    }
}

#[test]
fn plans_and_outcomes_can_be_followed() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    let plan = sandbox.bkt(&["--json", "-n", "capture"]).exits(0).json();
    assert_eq!(plan["changes"][0]["item"], "org.bkt.test k01");
    assert_eq!(plan["steps"].as_array().unwrap().len(), 1);
    let outcome = sandbox.bkt(&["capture", "--json"]).exits(0).json();
    assert_eq!(outcome["operation"], 1);
    assert_eq!(outcome["results"][0]["verdict"], "done");
    let history = sandbox.bkt(&["history", "--json"]).exits(0).json();
    assert_eq!(history["operations"][0]["changes"], plan["changes"]);
    sandbox.unset("k01");
    let outcome = sandbox.bkt(&["capture", "--json"]).exits(0).json();
    assert_eq!(outcome["held"][0]["held"], "removal");
}

#[test]
fn an_error_is_json_too() {
    let sandbox = Sandbox::new();
    let run = sandbox.bkt(&["undo", "--json"]).exits(1);
    assert_eq!(run.json()["error"]["message"], "there is nothing to undo");
    assert_eq!(run.json()["error"]["exit"], 1);
}

#[test]
fn schemas_of_everything() {
    let sandbox = Sandbox::new();
    let names = sandbox.bkt(&["schema"]).exits(0);
    for name in names.out.lines() {
        let schema = sandbox.bkt(&["schema", name]).exits(0).json();
        assert!(schema["$schema"].is_string(), "{name}");
    }
    for name in ["gsettings.json", "gnome-extensions.json", "ignore.json", "repo.json", "report"] {
        assert!(names.out.lines().any(|line| line == name), "{name}: {names:?}");
    }
}

#[test]
fn completions_for_three_shells() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = sandbox.bkt(&["completions", shell]).exits(0);
        assert!(run.out.contains("capture"), "{shell}");
    }
}
