//! Extensions, from a site on this machine that answers as the real one does. Installing takes a desktop's own tool,
//! so it is tested in the lab.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

use crate::sandbox::{BKT, Run, Sandbox};

/// The stand-in for the extensions site.
struct Site {
    child: Child,
    address: String,
}

impl Site {
    fn start(sandbox: &Sandbox, catalog: &Json) -> Self {
        sandbox.write("catalog.json", &catalog.to_string());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/extensions-site.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args([sandbox.path("catalog.json"), sandbox.path("requests")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed");
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { child, address: address.trim().to_owned() }
    }

    fn bkt(&self, sandbox: &Sandbox, args: &[&str]) -> Run {
        let mut command = sandbox.command(BKT);
        Run::of(command.env("BKT_EXTENSIONS_URL", &self.address).args(args).output().unwrap())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn install(sandbox: &Sandbox, uuid: &str, shells: &[&str]) {
    let metadata =
        json!({ "uuid": uuid, "name": uuid.to_uppercase(), "version": 3, "shell-version": shells });
    let place = format!("home/.local/share/gnome-shell/extensions/{uuid}/metadata.json");
    sandbox.write(&place, &metadata.to_string());
}

fn catalog() -> Json {
    json!({
        "dash-to-lab@lab.test": { "name": "Dash to Lab", "builds": { "47": 8, "48": 9 } },
        "clock@lab.test": { "name": "Clock", "builds": { "48": 1, "50": 2 } },
    })
}

#[test]
fn a_uuid_that_does_not_exist_is_refused_with_what_may_be_meant() {
    let sandbox = Sandbox::new();
    install(&sandbox, "here@lab.test", &["48"]);
    let site = Site::start(&sandbox, &catalog());
    let run = site.bkt(&sandbox, &["extension", "add", "dash-to-laab@lab.test"]).exits(1);
    run.says("there is no extension “dash-to-laab@lab.test”").says("dash-to-lab@lab.test");
    site.bkt(&sandbox, &["extension", "enable", "heer@lab.test"]).exits(1).says("  here@lab.test");
    for verb in ["disable", "remove"] {
        let run = sandbox.bkt(&["extension", verb, "heer@lab.test"]).exits(1);
        run.says("neither installed nor in the manifest").says("  here@lab.test");
    }
    site.bkt(&sandbox, &["extension", "add", "../etc"]).exits(2).says("is not an extension UUID");
    assert!(!sandbox.path("repo/manifests/gnome-extensions.json").exists());
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_site_that_does_not_answer_is_no_verdict() {
    let sandbox = Sandbox::new();
    let bkt = |args: &[&str]| {
        let mut command = sandbox.command(BKT);
        command.env("BKT_EXTENSIONS_URL", "http://127.0.0.1:9").args(args);
        Run::of(command.output().unwrap())
    };
    bkt(&["extension", "add", "a@b"]).exits(1).says("could not be looked up").says("--force");
    bkt(&["extension", "add", "--force", "--manifest-only", "a@b"]).exits(0);
    assert!(sandbox.read("repo/manifests/gnome-extensions.json").contains("a@b"));
    let run = bkt(&["extension", "check", "--shell", "48"]).exits(3);
    run.says("The extensions site was not asked").says("whether it works is not known");
}

#[test]
fn extensions_are_checked_against_a_version_of_gnome_in_one_request() {
    let mut sandbox = Sandbox::new();
    install(&sandbox, "clock@lab.test", &["48"]);
    install(&sandbox, "dash-to-lab@lab.test", &["47", "48"]);
    install(&sandbox, "own@lab.test", &["50"]);
    sandbox.enable(&["clock@lab.test", "own@lab.test"]);
    let site = Site::start(&sandbox, &catalog());
    let check = |args: &[&str]| site.bkt(&sandbox, &[&["extension", "check"], args].concat());
    let run = check(&["--shell", "50"]).exits(0).says("Everything that is switched on works");
    run.says("dash-to-lab@lab.test  off, made for GNOME 47, 48 only")
        .says("on, works after an update to version 2");
    assert_eq!(sandbox.read("requests").lines().count(), 1);
    let json = check(&["--shell", "50.1", "--json"]).exits(0).json();
    let fits: Vec<&str> =
        json["extensions"].as_array().unwrap().iter().map(|e| e["fit"].as_str().unwrap()).collect();
    assert_eq!((json["shell"].as_str(), fits), (Some("50"), vec!["update", "breaks", "works"]));
    check(&["--shell", "51"]).exits(3).says("2 extensions that are switched on do not work");
    check(&["--shell", "51", "dash-to-lab@lab.test"]).exits(0);
    let before = sandbox.read("requests");
    check(&["--shell", "50", "--offline"])
        .exits(3)
        .says("clock@lab.test")
        .says("made for GNOME 48 only");
    check(&["--shell", "48", "--offline", "clock@lab.test"]).exits(0);
    assert_eq!(sandbox.read("requests"), before, "offline means that nothing is asked");
    // Without a repository what is installed is judged all the same.
    let mut command = sandbox.command(BKT);
    command.current_dir("/").args(["extension", "check", "--offline", "--shell", "48"]);
    std::fs::remove_dir_all(sandbox.path("home/.local/state")).unwrap();
    Run::of(command.output().unwrap()).exits(3).says("own@lab.test");
}

#[test]
fn the_master_switch_is_told_apart_from_a_disabled_extension() {
    let mut sandbox = Sandbox::new();
    install(&sandbox, "clock@lab.test", &["48"]);
    sandbox.enable(&["clock@lab.test"]);
    sandbox.bkt(&["extension", "capture"]).exits(0);
    sandbox.set_raw("/org/gnome/shell/disable-user-extensions", true.into());
    let run = sandbox.bkt(&["extension", "list"]).exits(0);
    run.says("switched off by the master switch")
        .says("1 in sync")
        .says("bkt gsetting unset --local");
    let report = sandbox.bkt(&["status", "--json", "extension"]).json();
    let notices = report["subsystems"][0]["notices"].as_array().unwrap();
    assert_eq!(notices[0]["remedy"]["item"], "org.gnome.shell disable-user-extensions");
    let switch = ["gsetting", "unset", "--local", "org.gnome.shell", "disable-user-extensions"];
    sandbox.in_session(&switch).exits(0);
    let run = sandbox.bkt(&["extension", "list"]).exits(0);
    assert!(!run.out.contains("master switch"), "{run:?}");
}

#[test]
fn what_cannot_be_fetched_is_neither_switched_on_nor_saved() {
    let sandbox = Sandbox::new();
    let mut entries = catalog();
    for trouble in ["cut", "broken", "other"] {
        entries[format!("bad-{trouble}@lab.test")] =
            json!({ "name": trouble, "trouble": trouble, "builds": { "48": 4 } });
    }
    let site = Site::start(&sandbox, &entries);
    for (trouble, says) in [
        ("cut", "could not be fetched"),
        ("broken", "it is not an archive with an extension"),
        ("other", "it holds the extension “other@lab.test”"),
    ] {
        // A version that is named needs no Shell that says which it is.
        let uuid = format!("bad-{trouble}@lab.test");
        let wanted = json!({ "extensions": [{ "id": uuid, "enabled": true, "version": 4 }] });
        sandbox.write("repo/manifests/gnome-extensions.json", &wanted.to_string());
        let mut command = sandbox.command("dbus-run-session");
        command.env("BKT_EXTENSIONS_URL", &site.address).args(["--", BKT, "apply"]);
        Run::of(command.output().unwrap()).exits(1).says(says);
        assert!(!sandbox.path("home/.local/share/gnome-shell/extensions").exists());
        assert!(!sandbox.path("home/.config/dconf/user").exists(), "nothing was switched");
        let left = std::fs::read_dir(sandbox.path("home/.cache/bkt/downloads")).unwrap().count();
        assert_eq!(left, 0, "{trouble}");
    }
}

#[test]
fn what_is_not_installed_is_not_installed_to_be_switched_off() {
    let sandbox = Sandbox::new();
    let manifest = "repo/manifests/gnome-extensions.json";
    sandbox.write(manifest, "{\"extensions\": [\"clock@lab.test\"]}\n");
    let site = Site::start(&sandbox, &catalog());
    let run = site.bkt(&sandbox, &["extension", "disable", "clock@lab.test"]).exits(1);
    run.says("clock@lab.test is not installed");
    assert!(!sandbox.read(manifest).contains("false"), "nothing was changed");
    site.bkt(&sandbox, &["extension", "disable", "clock@lab.test", "--manifest-only"]).exits(0);
    assert!(sandbox.read(manifest).contains("\"enabled\": false"));
}

#[test]
fn an_extension_of_the_systems_is_switched_here_alone() {
    let sandbox = Sandbox::new();
    let metadata = r#"{ "uuid": "sys@x", "name": "Sys", "shell-version": ["48"] }"#;
    sandbox.write("usr/share/gnome-shell/extensions/sys@x/metadata.json", metadata);
    let local = |verb: &str| sandbox.in_session(&["extension", verb, "sys@x", "--local"]);
    local("disable").exits(0).says("nothing to do");
    local("enable").exits(0).says("1 change made");
    local("remove").exits(0).says("1 change made");
    sandbox.in_session(&["extension", "enable", "sys@x"]).exits(0).says("2 changes made");
    local("remove").exits(1).says("bkt extension disable");
}
