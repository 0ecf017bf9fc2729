//! `bkt dev rustup`, `npm`, `proto` and `script`: run in the box, and then recorded.
//!
//! The programs are stand-ins in `tests/standins/`; `tests/real/` has the real ones.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::dev_box::{self, MANIFEST, dev, drift, said};
use crate::sandbox::{Sandbox, items};
use crate::terminal::typing;

const NO_BOX: &str = "the development box bootc-dev is not on this machine";
const INSTALL: &str = "#!/bin/sh\n# \u{1b}[31mhostile\necho \"$0|$*\" >> ~/script-ran\n";

/// A machine with a development box, in whose home the stand-ins are.
fn sandbox() -> Sandbox {
    let sandbox = without_a_box();
    dev_box::add_box(&sandbox);
    sandbox
}

fn without_a_box() -> Sandbox {
    let sandbox = dev_box::no_box();
    let standins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins");
    for (place, name) in
        [(".cargo/bin", "rustup"), (".proto/bin", "proto"), (".proto/shims", "npm")]
    {
        let place = sandbox.path("home").join(place);
        fs::create_dir_all(&place).unwrap();
        symlink(standins.join(name), place.join(name)).unwrap();
    }
    sandbox
}

/// What a program was asked, one list a line.
fn asked(sandbox: &Sandbox, program: &str) -> Vec<Json> {
    let path = sandbox.path("home").join(format!("{program}-ran"));
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A server that answers every request with this.
fn server(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

fn sha256(text: &str) -> String {
    bucket::core::digest::sha256(text)
}

#[test]
fn rust_is_run_in_the_box_and_recorded() {
    let sandbox = sandbox();
    dev(&sandbox, &["rustup", "default", "stable"]).exits(0).says("default Rust toolchain");
    dev(&sandbox, &["rustup", "toolchain", "install", "nightly", "1.85.0"]).exits(0);
    dev(&sandbox, &["rustup", "component", "add", "rust-src", "clippy"])
        .exits(0)
        .says("clippy came with");
    dev(&sandbox, &["rustup", "target", "add", "wasm32-unknown-unknown"]).exits(0);
    let all = json!({"rustup": {"default": "stable", "toolchains": ["nightly", "1.85.0"], "components": ["rust-src", "clippy"], "targets": ["wasm32-unknown-unknown"]}});
    assert_eq!(said(&sandbox), all);
    assert_eq!(drift(&sandbox), items(&[]));
    assert_eq!(
        asked(&sandbox, "rustup"),
        [
            json!(["toolchain", "install", "--no-self-update", "stable"]),
            json!(["default", "stable"]),
            json!(["toolchain", "install", "--no-self-update", "nightly", "1.85.0"]),
            json!(["component", "add", "--toolchain", "stable", "rust-src"]),
            json!(["target", "add", "--toolchain", "stable", "wasm32-unknown-unknown"]),
        ]
    );
    let shown = dev(&sandbox, &["rustup", "show"]).exits(0);
    for name in ["nightly", "rust-src", "wasm32-unknown-unknown", "Default Rust toolchain"] {
        assert!(shown.out.contains(name), "{shown:#?}");
    }
    // What the toolchain came with is only written down, and so only taken out of the manifest again.
    sandbox.bkt(&["undo"]).exits(0);
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!(asked(&sandbox, "rustup").len(), 6);
    assert_eq!(said(&sandbox)["rustup"]["components"], json!(["rust-src"]));
    dev(&sandbox, &["rustup", "component", "remove", "rust-src"]).exits(0);
    dev(&sandbox, &["rustup", "toolchain", "uninstall", "nightly"]).exits(0);
    assert_eq!(
        said(&sandbox)["rustup"],
        json!({"default": "stable", "toolchains": ["1.85.0"], "components": []})
    );
    assert_eq!(drift(&sandbox), items(&[]));
    dev(&sandbox, &["rustup", "toolchain", "uninstall", "stable"])
        .exits(1)
        .says("bkt dev rustup default NAME");
    dev(&sandbox, &["rustup", "toolchain", "uninstall", "beta"]).exits(1).says("“beta” is neither");
    dev(&sandbox, &["rustup", "update", "x y"])
        .exits(2)
        .says("bkt dev enter -- rustup update 'x y'");
    dev(&sandbox, &["rustup", "default", "../x"]).exits(2);
}

#[test]
fn the_first_toolchain_is_the_default_as_rustup_has_it() {
    let sandbox = sandbox();
    dev(&sandbox, &["rustup", "toolchain", "install", "nightly"]).exits(0);
    assert_eq!(said(&sandbox)["rustup"], json!({"default": "nightly"}));
    assert_eq!(drift(&sandbox), items(&[]));
}

#[test]
fn packages_of_npm_keep_the_version_that_was_named() {
    let sandbox = sandbox();
    dev(&sandbox, &["npm", "install", "-g", "@scope/tool", "is-number@6"]).exits(0);
    let named = json!([{"name": "@scope/tool"}, {"name": "is-number", "version": "6"}]);
    assert_eq!(said(&sandbox)["npm"], named);
    assert_eq!(drift(&sandbox), items(&[]));
    let prefix = sandbox.path("home/.local").display().to_string();
    assert_eq!(
        asked(&sandbox, "npm"),
        [json!(["install", "--global", "--prefix", prefix, "@scope/tool", "is-number@6"])]
    );
    dev(&sandbox, &["npm", "list"]).exits(0).says("is-number");
    dev(&sandbox, &["npm", "uninstall", "-g", "@scope/tool"]).exits(0);
    assert_eq!(said(&sandbox)["npm"], json!([{"name": "is-number", "version": "6"}]));
    // It is there, and nobody has asked for a version of it yet.
    sandbox
        .write("home/.local/lib/node_modules/typescript/package.json", "{\"version\": \"5.4.5\"}");
    assert_eq!(drift(&sandbox), items(&[("npm/typescript", "unmanaged")]));
    dev(&sandbox, &["npm", "install", "-g", "typescript@5.4.5"]).exits(0);
    assert_eq!(said(&sandbox)["npm"][1], json!({"name": "typescript", "version": "5.4.5"}));
    assert_eq!(drift(&sandbox), items(&[]));
    dev(&sandbox, &["npm", "install", "prettier"]).exits(2).says("-g");
    dev(&sandbox, &["npm", "outdated"]).exits(2).says("bkt dev enter -- npm outdated");
}

#[test]
fn tools_of_proto_are_pinned() {
    let sandbox = sandbox();
    dev(&sandbox, &["proto", "install", "bun"]).exits(0);
    dev(&sandbox, &["proto", "install", "node", "22"]).exits(0);
    assert_eq!(
        said(&sandbox)["proto"],
        json!([{"name": "bun"}, {"name": "node", "version": "22"}])
    );
    dev(&sandbox, &["proto", "pin", "node", "20.11.1"]).exits(0);
    assert_eq!(said(&sandbox)["proto"][1], json!({"name": "node", "version": "20.11.1"}));
    assert_eq!(drift(&sandbox), items(&[]));
    dev(&sandbox, &["proto", "list"]).exits(0).says("node");
    dev(&sandbox, &["proto", "uninstall", "node"]).exits(0);
    assert_eq!(said(&sandbox)["proto"], json!([{"name": "bun"}]));
    assert!(!sandbox.read("home/.proto/.prototools").contains("node"));
}

#[test]
fn what_fails_is_not_recorded_and_a_manifest_can_be_changed_alone() {
    let sandbox = sandbox();
    let before = sandbox.read(MANIFEST);
    dev(&sandbox, &["npm", "install", "-g", "no-such-package"]).exits(1).says("404 Not Found");
    dev(&sandbox, &["rustup", "default", "1.99.0"]).exits(1).says("nonexistent rust version");
    dev(&sandbox, &["proto", "install", "node", "99"]).exits(1).says("Failed to resolve");
    dev(&sandbox, &["rustup", "component", "add", "rust-src"])
        .exits(1)
        .says("no default toolchain");
    dev(&sandbox, &["-n", "npm", "install", "-g", "is-number"])
        .exits(0)
        .says("Install with npm: is-number");
    assert_eq!(sandbox.read(MANIFEST), before);
    assert_eq!(asked(&sandbox, "npm").len(), 1);
    dev(&sandbox, &["npm", "install", "-g", "is-number", "--manifest-only"]).exits(0);
    assert_eq!(said(&sandbox)["npm"], json!([{"name": "is-number"}]));
    assert_eq!(drift(&sandbox), items(&[("npm/is-number", "missing")]));
    sandbox.bkt(&["apply", "toolchains", "-y"]).exits(0);
    assert_eq!(drift(&sandbox), items(&[]));
    dev(&sandbox, &["npm", "install", "-g", "typescript", "--local"]).exits(0);
    assert_eq!(drift(&sandbox), items(&[("npm/typescript", "unmanaged")]));
}

#[test]
fn without_a_box_nothing_is_done_and_what_to_do_is_said() {
    let sandbox = without_a_box();
    let before = sandbox.read(MANIFEST);
    dev(&sandbox, &["npm", "install", "-g", "is-number"]).exits(1).says(NO_BOX);
    dev(&sandbox, &["rustup", "default", "stable"]).exits(1).says(NO_BOX);
    assert_eq!(sandbox.read(MANIFEST), before);
    dev(&sandbox, &["npm", "install", "-g", "is-number", "--manifest-only"]).exits(0);
    assert_eq!(said(&sandbox)["npm"], json!([{"name": "is-number"}]));
}

#[test]
fn a_script_is_run_once_it_was_looked_at_and_only_as_it_was() {
    let sandbox = sandbox();
    let before = sandbox.read(MANIFEST);
    let url = format!("{}/a/install.sh?x=1", server(INSTALL));
    let url = url.as_str();
    let ran = || fs::read_to_string(sandbox.path("home/script-ran")).unwrap_or_default();
    // Over http, only what is known; else only what somebody has seen.
    dev(&sandbox, &["script", "add", url]).exits(2).says("--sha256");
    let wrong = "0f".repeat(32);
    let refused = dev(&sandbox, &["script", "add", url, "--sha256", &wrong]).exits(1);
    assert!(refused.err.contains(&sha256(INSTALL)) && refused.err.contains(&wrong), "{refused:#?}");
    dev(&sandbox, &["script", "add", "https://127.0.0.1:1/"]).exits(2).says("--name");
    assert_eq!((sandbox.read(MANIFEST), ran()), (before.clone(), String::new()));
    let good = sha256(INSTALL);
    let seen = dev(&sandbox, &["script", "add", url, "--sha256", &good, "-n"]).exits(0);
    assert!(
        seen.out.contains(&good) && seen.out.contains("#!/bin/sh") && !seen.out.contains('\u{1b}'),
        "{seen:#?}"
    );
    assert_eq!((sandbox.read(MANIFEST), ran()), (before, String::new()));
    dev(&sandbox, &["script", "add", url, "--sha256", &good, "--", "-y", "a b'c"]).exits(0);
    let file = sandbox.path("home/.local/state/bkt/scripts/fetched").join(&good);
    assert_eq!(ran(), format!("{}|-y a b'c\n", file.display()));
    let entry = json!({"name": "install", "url": url, "sha256": good, "args": ["-y", "a b'c"]});
    assert_eq!(said(&sandbox)["scripts"], json!([entry]));
    assert_eq!(drift(&sandbox), items(&[]));
    dev(&sandbox, &["script", "list"]).exits(0).says("install");
    // It is not run again, unless it is another one.
    sandbox.bkt(&["apply", "toolchains", "-y"]).exits(0);
    assert_eq!(ran().lines().count(), 1);
    dev(&sandbox, &["script", "remove", "install"]).exits(0).says("what it set up stays");
    assert_eq!((said(&sandbox)["scripts"].clone(), drift(&sandbox)), (json!([]), items(&[])));
    // It was only forgotten, and is remembered again; so it is with what an undo forgets.
    let note = || sandbox.read("home/.local/state/bkt/scripts/bootc-dev/install.json");
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!((ran().lines().count(), drift(&sandbox)), (1, items(&[])));
    assert_eq!(said(&sandbox)["scripts"], json!([entry]));
    let noted = note();
    sandbox.bkt(&["redo"]).exits(0);
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!((ran().lines().count(), note()), (1, noted));
    // What has changed on the server is not run.
    let text = sandbox.read(MANIFEST).replace(&good, &wrong);
    sandbox.write(MANIFEST, &text);
    assert_eq!(drift(&sandbox), items(&[("script/install", "manifest-changed")]));
    sandbox.bkt(&["apply", "toolchains", "-y"]).exits(1).says("checksum");
    assert_eq!(ran().lines().count(), 1);
}

#[test]
fn what_cannot_be_fetched_is_not_asked_about() {
    let sandbox = sandbox();
    let add = "dev script add https://127.0.0.1:1/x.sh";
    let asked = typing(&sandbox, "y\n", add).exits(1).says("127.0.0.1");
    assert!(!asked.out.contains("[y/N]"), "{asked:#?}");
    sandbox.bkt(&add.split(' ').collect::<Vec<_>>()).exits(1).says("127.0.0.1");
    assert!(!sandbox.path("home/script-ran").exists());
}

#[test]
fn the_boxes_image_has_what_installs_toolchains() {
    let sandbox = sandbox();
    let text = "FROM registry.example/dev\n# === TOOLCHAINS (managed by bkt) ===\n# === END TOOLCHAINS ===\n";
    sandbox.write("repo/toolbox/Containerfile", text);
    dev(&sandbox, &["rustup", "default", "stable"]).exits(0);
    let url = format!("{}/proto.sh", server(INSTALL));
    let good = sha256(INSTALL);
    dev(&sandbox, &["script", "add", &url, "--sha256", &good, "--manifest-only", "--", "$(id)"])
        .exits(0);
    let file = sandbox.read("repo/toolbox/Containerfile");
    for line in [
        "      rustup; \\\n".to_owned(),
        format!("    echo '{good}  /tmp/bkt-script' | sha256sum -c -; \\\n"),
        " sh /tmp/bkt-script '$(id)'; \\\n".to_owned(),
    ] {
        assert!(file.contains(&line), "{line}: {file}");
    }
    sandbox.bkt(&["containerfile", "check"]).exits(0);
}

#[test]
fn an_address_with_a_secret_is_not_shown_nor_saved() {
    let sandbox = sandbox();
    let before = sandbox.read(MANIFEST);
    let plain = server(INSTALL);
    let good = sha256(INSTALL);
    for address in [
        plain.replace("http://", "http://me:hunter2@") + "/x.sh",
        format!("{plain}/x.sh?access_token=hunter2"),
    ] {
        let add = ["script", "add", &address, "--sha256", &good, "--name", "x"];
        for more in [&[][..], &["-n"], &["--manifest-only"]] {
            let run = dev(&sandbox, &[&add[..], more].concat()).exits(1).says("--secrets");
            assert!(!format!("{run:?}").contains("hunter2"), "{run:#?}");
        }
        assert_eq!(sandbox.read(MANIFEST), before);
        assert!(!sandbox.path("home/script-ran").exists());
        let run = dev(&sandbox, &[&add[..], &["--local", "-nv"]].concat()).exits(0);
        assert!(!format!("{run:?}").contains("hunter2"), "{run:#?}");
    }
}
