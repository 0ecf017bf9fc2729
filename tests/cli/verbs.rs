//! Verbs that act on the machine and on the manifest in one go.

use std::fs;

use crate::sandbox::{SCHEMA, Sandbox, items};

/// One verb of `gsetting` on one key.
fn verb<'a>(verb: &'a str, key: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["gsetting", verb, SCHEMA, key];
    args.extend(rest);
    args
}

#[test]
fn both_sides_change_and_one_undo_takes_both_back() {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "kept")]);
    let before = fs::read(sandbox.manifest()).unwrap();
    sandbox.in_session(&verb("set", "k02", &["'new'"])).exits(0).says("2 changes made");
    assert_eq!(sandbox.value("k02").as_deref(), Some("new"));
    assert_eq!(sandbox.wanted()["k02"], "new");
    assert_eq!(sandbox.drift(), items(&[("k01", "missing")]), "what the verb did not name stays");
    sandbox.in_session(&verb("set", "k02", &["'new'"])).exits(0).says("nothing to do");
    sandbox.in_session(&["undo", "-y"]).exits(0);
    assert_eq!(sandbox.value("k02"), None);
    assert_eq!(fs::read(sandbox.manifest()).unwrap(), before);
}

#[test]
fn one_side_is_enough_where_the_other_says_so_already() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.bkt(&verb("set", "k01", &["'here'"])).exits(0).says("1 change made");
    assert_eq!(sandbox.wanted()["k01"], "here");
    sandbox.in_session(&verb("unset", "k01", &[])).exits(0).says("2 changes made");
    assert_eq!(sandbox.value("k01"), None);
    assert!(sandbox.wanted().is_empty());
}

#[test]
fn the_manifest_alone() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "mine");
    sandbox.bkt(&verb("set", "k01", &["'theirs'", "--manifest-only"])).exits(0);
    assert_eq!(sandbox.value("k01").as_deref(), Some("mine"));
    assert_eq!(sandbox.wanted()["k01"], "theirs");
    sandbox.bkt(&verb("set", "k01", &["'x'", "--manifest-only", "--local"])).exits(2);
}

#[test]
fn a_machine_that_cannot_be_changed_leaves_the_manifest_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "kept")]);
    let before = fs::read(sandbox.manifest()).unwrap();
    // Without a bus nothing can be written to dconf.
    sandbox.bkt(&verb("set", "k02", &["'new'"])).exits(1).says("no session bus");
    assert_eq!(fs::read(sandbox.manifest()).unwrap(), before);
    assert_eq!(sandbox.value("k02"), None);
}

#[test]
fn local_changes_are_listed_until_they_are_captured_undone_or_the_machine_boots() {
    let sandbox = Sandbox::new();
    sandbox.bkt(&["local", "list"]).exits(0).says("no local changes");
    sandbox.in_session(&verb("set", "k01", &["'a b'", "--local"])).exits(0);
    sandbox.in_session(&verb("set", "k02", &["'b'", "--local"])).exits(0);
    assert!(!sandbox.manifest().exists());
    let list = sandbox.bkt(&["local", "list"]).exits(0);
    list.says(r"bkt gsetting set org.bkt.test k01 ''\''a b'\''' --local").says("k02");
    sandbox.bkt(&["status"]).exits(0).says("2 changes are for this machine alone");

    sandbox.bkt(&["capture", "-i", "k01"]).exits(0);
    let left = |sandbox: &Sandbox| -> Vec<String> {
        let list = sandbox.bkt(&["local", "list", "--json"]).exits(0).json();
        let changes = list["changes"].as_array().unwrap().iter();
        changes.map(|change| change["item"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(left(&sandbox), [format!("{SCHEMA} k02")]);
    sandbox.in_session(&["undo", "2", "-y"]).exits(0);
    assert!(left(&sandbox).is_empty());

    sandbox.in_session(&verb("set", "k03", &["'c'", "--local"])).exits(0);
    let file = "home/.local/share/bkt/ephemeral.json";
    let text = sandbox.read(file);
    sandbox.write(file, &text.replace("\"boot_id\": \"", "\"boot_id\": \"another-"));
    assert!(left(&sandbox).is_empty(), "another boot");
    sandbox.in_session(&verb("set", "k04", &["'d'", "--local"])).exits(0);
    assert_eq!(left(&sandbox), [format!("{SCHEMA} k04")]);
    sandbox.bkt(&["local", "clear", "-n"]).exits(0);
    assert_eq!(left(&sandbox).len(), 1, "a dry run clears nothing");
    sandbox.bkt(&["local", "clear"]).exits(0).says("1 local change is forgotten");
    assert_eq!(sandbox.value("k04").as_deref(), Some("d"), "the machine keeps it");
    assert!(left(&sandbox).is_empty());
}

#[test]
fn a_damaged_list_is_said_and_kept() {
    let sandbox = Sandbox::new();
    let file = "home/.local/share/bkt/ephemeral.json";
    sandbox.write(file, "{ half");
    sandbox.bkt(&["local", "list"]).exits(1).says("is damaged");
    assert_eq!(sandbox.read(file), "{ half");
}

#[test]
fn what_was_typed_wrong_is_one_error() {
    let sandbox = Sandbox::new();
    sandbox.bkt(&["gsetting", "set", "not a schema", "k01", "1"]).exits(2).says("not a schema");
    sandbox.bkt(&["extension", "enable", "no-uuid/"]).exits(2).says("no-uuid/");
    let dry = sandbox.bkt(&verb("set", "k01", &["'x'", "-n"])).exits(0);
    dry.says("dry run").says("Change 1 setting");
    assert!(!sandbox.manifest().exists());
}

#[test]
fn an_entry_that_another_subsystem_looks_after_is_shown_and_left_alone() {
    let sandbox = Sandbox::new();
    let entry =
        r#"{ "schema": "org.gnome.shell", "key": "enabled-extensions", "value": "['a@b']" }"#;
    sandbox.write("repo/manifests/gsettings.json", &format!("{{ \"settings\": [{entry}] }}\n"));
    let before = fs::read(sandbox.manifest()).unwrap();
    sandbox.bkt(&["status", "--exit-code"]).exits(0).says("through gnome-extensions.json");
    for verb in ["capture", "apply"] {
        sandbox.in_session(&[verb, "gsettings", "-y", "--prune", "--force"]).exits(0);
        assert_eq!(fs::read(sandbox.manifest()).unwrap(), before);
    }
}

#[test]
fn the_same_item_named_twice_is_one_wish() {
    let sandbox = Sandbox::new();
    let place = "home/.local/share/gnome-shell/extensions/a@b/metadata.json";
    sandbox.write(place, r#"{ "uuid": "a@b", "name": "A", "shell-version": ["48"] }"#);
    let run = sandbox.bkt(&["extension", "remove", "a@b", "a@b"]).exits(0).says("1 change made");
    assert!(!run.out.contains("2."), "{run:#?}");
    assert!(!sandbox.path(place).exists());
}

#[test]
fn a_key_that_is_named_like_a_secret_is_not_saved_unasked() {
    let sandbox = Sandbox::new();
    let keys = "<key name='api-token' type='s'><default>''</default></key>\
        <key name='show-password' type='b'><default>false</default></key>";
    let schema =
        format!("<schemalist><schema id='org.s' path='/org/s/'>{keys}</schema></schemalist>");
    sandbox.write("usr/share/glib-2.0/schemas/secret.gschema.xml", &schema);
    sandbox.schemas(true);
    let set = |key: &str, value: &str, more: &[&str]| {
        sandbox.in_session(&[&["gsetting", "set", "org.s", key, value], more].concat())
    };
    set("api-token", "hush", &[]).exits(1).says("looks like a secret");
    set("show-password", "true", &[]).exits(0);
    set("api-token", "hush", &["--local"]).exits(0);
    sandbox.bkt(&["local", "clear", "-n"]).exits(0).says("this is a dry run");
    assert!(!sandbox.read("home/.local/share/bkt/ephemeral.json").contains("hush"));
    sandbox.bkt(&["capture", "-y"]).exits(4).says("--secrets");
    assert!(!fs::read_to_string(sandbox.manifest()).unwrap().contains("hush"));
}

#[test]
fn a_damaged_list_of_local_changes_does_not_hide_what_was_done() {
    let sandbox = Sandbox::new();
    sandbox.write("home/.local/share/bkt/ephemeral.json", "{");
    let run = sandbox.in_session(&verb("set", "k02", &["'new'"])).exits(5);
    run.says("2 changes made").says("ephemeral.json");
}

#[test]
fn what_cannot_be_read_here_can_still_leave_the_manifest() {
    let sandbox = Sandbox::new();
    sandbox.write("home/.local/share/gnome-shell/extensions/a@b/metadata.json", "{");
    let text = r#"{ "extensions": [{ "id": "a@b", "enabled": true }] }"#;
    sandbox.write("repo/manifests/gnome-extensions.json", text);
    sandbox.bkt(&["extension", "remove", "a@b", "--manifest-only"]).exits(0);
    assert!(!sandbox.read("repo/manifests/gnome-extensions.json").contains("a@b"));
}
