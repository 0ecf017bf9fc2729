//! `bkt repo layer`: what the layers hold, and entries that move between them.

use std::fs;

use serde_json::json;

use crate::sandbox::Sandbox;

#[test]
fn an_item_says_which_layer_it_comes_from_and_moves_to_the_other_and_back() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    sandbox.set("k02", "b");
    sandbox.manifest_of(&[("k01", "a"), ("k02", "b")]);
    let host = Sandbox::hostname();
    let before = sandbox.read("repo/manifests/gsettings.json");
    sandbox.bkt(&["repo", "layer", "move", "k02", "--to", "host", "-n"]).exits(0).says("dry run");
    assert_eq!(sandbox.read("repo/manifests/gsettings.json"), before);
    let run = sandbox.bkt(&["repo", "layer", "move", "k02", "--to", "host"]).exits(0);
    run.says(&format!("shared → host {host}")).says("bkt undo");
    assert_eq!(sandbox.wanted().keys().collect::<Vec<_>>(), ["k01"]);
    assert_eq!(sandbox.wanted_in(&format!("hosts/{host}/")).get("k02").unwrap(), "b");
    assert!(sandbox.drift().is_empty(), "this machine wants the same");
    sandbox.bkt(&["status", "-v"]).exits(0).says(&format!("for {host} only"));
    sandbox.bkt(&["gsetting", "list"]).exits(0).says(&format!("for {host} only"));

    let layers = sandbox.bkt(&["repo", "layer", "list", "--json"]).exits(0).json();
    let layers = layers["layers"].as_array().unwrap();
    assert_eq!(layers[0]["layer"], json!("shared"));
    assert_eq!(layers[0]["items"], json!({"gsettings": 1}));
    assert_eq!(layers[1]["layer"], json!({"host": host}));
    assert_eq!(layers[1]["seen_here"], json!(true));
    sandbox.bkt(&["repo", "layer", "list"]).exits(0).says("this machine").says("1 item");

    sandbox.bkt(&["repo", "layer", "move", "k02", "--to", "host"]).exits(0).says("already");
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!(sandbox.read("repo/manifests/gsettings.json"), before);
    sandbox.bkt(&["redo"]).exits(0);
    sandbox.bkt(&["repo", "layer", "move", "k02", "--to", "shared"]).exits(0);
    assert_eq!(sandbox.read("repo/manifests/gsettings.json"), before);
}

#[test]
fn a_move_that_would_override_or_means_nothing_is_one_clear_error() {
    let sandbox = Sandbox::new();
    let host = Sandbox::hostname();
    sandbox.manifest_of(&[("k01", "all")]);
    let own = sandbox.read("repo/manifests/gsettings.json").replace("'all'", "'mine'");
    sandbox.write(&format!("repo/manifests/hosts/{host}/gsettings.json"), &own);
    let to_shared = ["repo", "layer", "move", "k01", "--to", "shared"];
    sandbox.bkt(&to_shared).exits(4).says("says something else").says("--force");
    assert_eq!(sandbox.wanted().get("k01").unwrap(), "all");
    sandbox.bkt(&[&to_shared[..], &["--force"]].concat()).exits(0);
    assert_eq!(sandbox.wanted().get("k01").unwrap(), "mine");
    sandbox.bkt(&["repo", "layer", "move", "k09", "--to", "host"]).exits(2).says("no item “k09”");
    sandbox.bkt(&["repo", "layer", "move", "k01", "--to", "laptop"]).exits(2).says("shared");
    fs::create_dir_all(sandbox.path("repo/manifests/hosts/two words")).unwrap();
    sandbox.bkt(&["repo", "layer", "list"]).exits(1).says("“two words” is not a host name");
    sandbox.write("repo/manifests/gsettings.json", "{");
    sandbox.bkt(&["repo", "layer", "list"]).exits(1).says("gsettings.json:1:");
}

#[test]
fn what_two_subsystems_have_in_one_file_moves_apart() {
    const FILE: &str = "toolbox-packages.json";
    const IMAGE: &str = "repo/toolbox/Containerfile";
    let sandbox = Sandbox::new();
    let shared = format!("repo/manifests/{FILE}");
    let own = format!("repo/manifests/hosts/{}/{FILE}", Sandbox::hostname());
    let text = "{\n  \"packages\": [\"gcc\", \"gdb\"],\n  \"toolchains\": {\n    \"rustup\": { \"default\": \"stable\" },\n    \
                \"npm\": [{ \"name\": \"prettier\" }]\n  }\n}\n";
    sandbox.write(&shared, text);
    let sections = ["TOOLBOX_PACKAGES", "TOOLCHAINS"]
        .map(|name| format!("# === {name} (managed by bkt) ===\n# === END {name} ===\n"));
    sandbox.write(IMAGE, &sections.concat());
    sandbox.bkt(&["containerfile", "sync"]).exits(0);
    let image = sandbox.read(IMAGE);
    let json =
        |path: &str| -> serde_json::Value { serde_json::from_str(&sandbox.read(path)).unwrap() };
    sandbox.bkt(&["repo", "layer", "move", "package/gcc", "--to", "host"]).exits(0);
    assert_eq!(json(&own), json!({"packages": ["gcc"]}));
    assert_eq!(json(&shared)["packages"], json!(["gdb"]));
    assert_eq!(json(&shared)["toolchains"]["npm"], json!([{"name": "prettier"}]));
    assert!(!sandbox.read(IMAGE).contains("gcc") && sandbox.read(IMAGE).contains("rustup"));
    sandbox.bkt(&["repo", "layer", "move", "npm/prettier", "--to", "host"]).exits(0);
    sandbox.bkt(&["repo", "layer", "move", "rustup/default", "--to", "host"]).exits(0);
    assert_eq!(json(&own)["packages"], json!(["gcc"]));
    assert_eq!(json(&own)["toolchains"]["npm"], json!([{"name": "prettier"}]));
    assert_eq!(json(&own)["toolchains"]["rustup"]["default"], json!("stable"));
    assert!(!sandbox.read(IMAGE).contains("rustup"), "of one machine alone");
    sandbox.bkt(&["containerfile", "check"]).exits(0);
    for _ in 0..3 {
        sandbox.bkt(&["undo"]).exits(0);
    }
    assert_eq!((sandbox.read(&shared), sandbox.read(IMAGE)), (text.to_owned(), image));
}
