//! Flatpak overrides and lookups, as far as no flatpak is needed: the files are what counts.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use glib::variant::ToVariant;
use serde_json::json;

use crate::sandbox::Sandbox;

const DIR: &str = "home/.local/share/flatpak";
const BY_HAND: &str = "# by hand\n[Context]\nsockets=cups;!x11;x11;if:x11:!has-wayland;\nlater=some;\n\n[X Future]\nkey=value\n\n[Session Bus Policy]\norg.lab.Seen=see\n";

/// A machine with one app of the person's own, deployed as flatpak deploys it.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    let commit = "a".repeat(64);
    let app = format!("{DIR}/app/org.lab.Notes");
    let none: Vec<String> = Vec::new();
    let more: BTreeMap<String, glib::Variant> = BTreeMap::new();
    let deploy = ("hub", commit.as_str(), none, 1u64, more).to_variant();
    let metadata = "[Application]\nname=org.lab.Notes\n[Context]\nsockets=x11;wayland;\nfilesystems=home;\n[Environment]\nMODE=normal\n";
    sandbox.write(&format!("{app}/x86_64/stable/{commit}/metadata"), metadata);
    let files = sandbox.path(&format!("{app}/x86_64/stable"));
    fs::write(files.join(&commit).join("deploy"), deploy.data()).unwrap();
    symlink(&commit, files.join("active")).unwrap();
    symlink("x86_64/stable", sandbox.path(&app).join("current")).unwrap();
    let config = "[core]\nrepo_version=1\n\n[remote \"hub\"]\nurl=https://hub.example/\n";
    sandbox.write(&format!("{DIR}/repo/config"), config);
    sandbox.bkt(&["capture", "flatpak"]).exits(0);
    sandbox
}

fn override_of(sandbox: &Sandbox, name: &str) -> String {
    let path = sandbox.path(&format!("{DIR}/overrides/{name}"));
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn an_override_is_set_on_both_sides_and_taken_back() {
    let sandbox = machine();
    sandbox.write(&format!("{DIR}/overrides/org.lab.Notes"), BY_HAND);
    sandbox.bkt(&["capture", "flatpak"]).exits(0);
    sandbox.bkt(&["flatpak", "override", "set", "notes", "--nosocket=cups", "--env=A=b"]).exits(0);
    let expected = BY_HAND.replace("sockets=cups;", "sockets=!cups;") + "\n[Environment]\nA=b\n";
    assert_eq!(override_of(&sandbox, "org.lab.Notes"), expected);
    let manifest = sandbox.read("repo/manifests/flatpak-apps.json");
    assert!(manifest.contains("!cups") && manifest.contains("\"A\": \"b\""), "{manifest}");
    sandbox.bkt(&["flatpak", "override", "reset", "notes", "cups", "A"]).exits(0);
    assert_eq!(
        override_of(&sandbox, "org.lab.Notes"),
        BY_HAND.replace("sockets=cups;", "sockets=")
    );
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!(override_of(&sandbox, "org.lab.Notes").matches("cups").count(), 1);
    sandbox.bkt(&["status", "--exit-code", "flatpak"]).exits(0);
}

#[test]
fn overrides_for_all_apps_begin_and_end() {
    let sandbox = machine();
    let before = sandbox.read("repo/manifests/flatpak-apps.json");
    let set = ["flatpak", "override", "set", "--global", "--filesystem=~/Games:ro"];
    sandbox.bkt(&set).exits(0);
    assert_eq!(override_of(&sandbox, "global"), "[Context]\nfilesystems=~/Games:ro;\n");
    sandbox.bkt(&["flatpak", "override", "reset", "--global", "--local"]).exits(0);
    assert_eq!(override_of(&sandbox, "global"), "");
    assert!(sandbox.read("repo/manifests/flatpak-apps.json").contains("~/Games:ro"));
    sandbox.bkt(&["flatpak", "override", "reset", "--global"]).exits(0);
    assert_eq!(sandbox.read("repo/manifests/flatpak-apps.json"), before);
    sandbox.bkt(&["flatpak", "override", "reset", "--global"]).exits(0).says("nothing to do");
}

#[test]
fn what_is_wrong_is_said_once_and_nothing_changes() {
    let sandbox = machine();
    sandbox.commit();
    for (args, why) in [
        (&["notes", "--socket=x12"][..], "flatpak knows no “x12” here: there are wayland"),
        (&["notes", "--filesystem=games"], "“games” is no place"),
        (&["notes", "--filesystem=/a:rx"], "“rx” is no mode"),
        (&["notes", "--env=A"], "“--env=A” says nothing"),
        (&["notes", "--env=1=b"], "does not start with a digit"),
        (&["notes", "--talk-name=org"], "“org” is no bus name"),
        (&["notes", "--usb=dev:1234"], "name the vendor too"),
        (&["notes", "--socket-if=x11:maybe"], "“maybe” is no condition"),
        (&["notes", "--system", "--socket=x11"], "have an item “notes”"),
        (&["notes"], "say what to change"),
        (&["nots", "--socket=x11"], "org.lab.Notes"),
        (&["--socket=x11"], "<APP>"),
    ] {
        let args = [&["flatpak", "override", "set"][..], args].concat();
        sandbox.bkt(&args).exits(2).says(why);
    }
    sandbox.bkt(&["flatpak", "override", "reset", "notes", "x11"]).exits(2).says("“x11”");
    sandbox.bkt(&["flatpak", "remove", "--delete-data", "notes"]).exits(2);
    sandbox.bkt(&["flatpak", "add", "org.lab.Maps", "--remote=hup"]).exits(1).says("there are hub");
    assert_eq!(sandbox.git(&["status", "--short"]), "");
    assert!(!sandbox.path(&format!("{DIR}/overrides")).exists());
}

#[test]
fn what_an_app_may_do_is_shown_with_who_says_so() {
    let sandbox = machine();
    sandbox.write(&format!("{DIR}/overrides/global"), "[Context]\nsockets=!x11;\n");
    sandbox.write(&format!("{DIR}/overrides/org.lab.Notes"), BY_HAND);
    let show = |args: &[&str]| sandbox.bkt(&[&["flatpak", "override", "show"][..], args].concat());
    show(&["notes"])
        .exits(0)
        .says("if !has-wayland")
        .says("the app itself: allow · all apps, for you: deny · this app, for you: reset allow if:!has-wayland")
        .says("value, which flatpak passes over");
    let answer = show(&["notes", "--json"]).exits(0).json();
    assert_eq!((&answer["version"], &answer["app"]), (&json!(1), &json!("org.lab.Notes")));
    let entries = answer["entries"].as_array().unwrap();
    let x11 = entries.iter().find(|entry| entry["permission"]["element"] == "x11").unwrap();
    assert_eq!(x11["source"], "user-app");
    assert_eq!(x11["effect"], json!({ "if": ["!has-wayland"] }));
    show(&["notes", "--raw"]).exits(0).says(BY_HAND.trim());
    show(&[]).exits(0).says("All apps\n  sockets: x11: deny\norg.lab.Notes\n");
    show(&["--by-permission"]).exits(0).says("sockets: cups\n  org.lab.Notes: allow\n");
    show(&["nots"]).exits(2).says("org.lab.Notes");
}
