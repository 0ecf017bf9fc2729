//! Rust, from a release server that is a directory.

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bucket::core::digest;
use serde_json::json;

use crate::dev_box::{dev, drift, said};
use crate::sandbox::{Sandbox, items};
use crate::{itself, pack, sandbox_with, there};

const WASM: &str = "wasm32-unknown-unknown";
/// What every toolchain has with the profile that is the default.
const PROFILE: [&str; 6] = ["rustc", "cargo", "rust-std", "rust-docs", "rustfmt", "clippy"];

fn host() -> String {
    format!("{ARCH}-unknown-linux-gnu")
}

/// A machine with rustup, and a server with three releases.
fn sandbox() -> Sandbox {
    let mut sandbox = sandbox_with("rustup");
    let server = Server { dir: sandbox.path("releases") };
    server.fill();
    let address = format!("file://{}", server.dir.display());
    sandbox.vars.insert("RUSTUP_DIST_SERVER", address.into());
    sandbox
}

/// A release server, in the form that rustup's own documentation calls manifest version 2.
struct Server {
    dir: PathBuf,
}

impl Server {
    fn fill(&self) {
        fs::create_dir_all(self.dir.join("dist")).unwrap();
        let host = host();
        let host = host.as_str();
        let mut packages = String::new();
        for (package, target) in [
            ("rustc", host),
            ("cargo", host),
            ("rust-std", host),
            ("rust-std", WASM),
            ("rust-docs", host),
            ("rustfmt-preview", host),
            ("clippy-preview", host),
            ("rust-analyzer-preview", host),
            ("rust-src", "*"),
        ] {
            let header = format!("[pkg.{package}]\nversion = \"VERSION\"\n");
            if !packages.contains(&header) {
                packages += &header;
            }
            packages += &self.package(package, target);
        }
        for (channel, version) in
            [("stable", "1.90.0"), ("nightly", "1.92.0-nightly"), ("1.85.0", "1.85.0")]
        {
            let text = channel_text(host, version) + &packages.replace("VERSION", version);
            let file = self.dir.join(format!("dist/channel-rust-{channel}.toml"));
            let sum = format!("{}  channel-rust-{channel}.toml\n", digest::sha256(&text));
            fs::write(file.with_extension("toml.sha256"), sum).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    /// Makes a package of one component, and says what a channel says of it.
    fn package(&self, package: &str, target: &str) -> String {
        let component = match target {
            "*" => package.to_owned(),
            target => format!("{package}-{target}"),
        };
        let file = match package {
            "rustc" | "cargo" => format!("bin/{package}"),
            _ => format!("lib/rustlib/{component}"),
        };
        let top = self.dir.join(&component);
        let within = top.join(&component);
        write(&top.join("rust-installer-version"), "3\n");
        write(&top.join("components"), &format!("{component}\n"));
        write(&within.join("manifest.in"), &format!("file:{file}\n"));
        write(
            &within.join(&file),
            &format!("#!/bin/sh\necho '{package} 1.90.0 (made for tests)'\n"),
        );
        fs::set_permissions(within.join(&file), fs::Permissions::from_mode(0o755)).unwrap();
        let archive = self.dir.join(format!("dist/{component}.tar.gz").replace('*', "all"));
        pack(&self.dir, &archive, &[&component]);
        let sum = digest::sha256(fs::read(&archive).unwrap());
        let archive = archive.display();
        format!(
            "[pkg.{package}.target.\"{target}\"]\navailable = true\nurl = \"file://{archive}\"\nhash = \"{sum}\"\n"
        )
    }
}

/// What a channel says of the whole release.
fn channel_text(host: &str, version: &str) -> String {
    let part = |list: &str, package: &str, target: &str| {
        format!("[[pkg.rust.target.{host}.{list}]]\npkg = \"{package}\"\ntarget = \"{target}\"\n")
    };
    let mut text = format!(
        "manifest-version = \"2\"\ndate = \"2026-01-02\"\n\n[profiles]\nminimal = [\"rustc\", \"cargo\", \"rust-std\"]\n\
         default = [\"rustc\", \"cargo\", \"rust-std\", \"rust-docs\", \"rustfmt-preview\", \"clippy-preview\"]\n\n\
         [pkg.rust]\nversion = \"{version}\"\n[pkg.rust.target.{host}]\navailable = true\nurl = \"file:///none\"\nhash = \"0\"\n"
    );
    for package in ["rustc", "cargo", "rust-std", "rust-docs"] {
        text += &part("components", package, host);
    }
    for package in ["rustfmt-preview", "clippy-preview", "rust-analyzer-preview"] {
        text += &part("extensions", package, host);
    }
    text += &part("extensions", "rust-std", WASM);
    text += &part("extensions", "rust-src", "*");
    for name in ["rustfmt", "clippy", "rust-analyzer"] {
        text += &format!("[renames.{name}]\nto = \"{name}-preview\"\n");
    }
    text
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What the survey tells is what rustup tells.
#[track_caller]
fn agrees(sandbox: &Sandbox) {
    let suffix = format!("-{}", host());
    let names = |prefix: &str| there(sandbox, prefix).into_keys().collect::<BTreeSet<String>>();
    let mut default = None;
    let mut toolchains = BTreeSet::new();
    for line in itself(sandbox, "rustup", &["toolchain", "list"]).lines() {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let name = name.strip_suffix(&suffix).unwrap();
        toolchains.insert(name.to_owned());
        if rest.contains("default") {
            default = Some(json!(name));
        }
    }
    assert_eq!(names("rustup/toolchain/"), toolchains);
    let told = there(sandbox, "rustup/default");
    assert_eq!(told.get("").map(|live| live["toolchain"].clone()), default);
    let installed = |kind: &str| -> BTreeSet<String> {
        let list = itself(sandbox, "rustup", &[kind, "list", "--installed"]);
        list.lines().map(|line| line.trim_end_matches(&suffix).to_owned()).collect()
    };
    let wasm = format!("rust-std-{WASM}");
    let components = installed("component").into_iter();
    let wanted = names("rustup/component/");
    let beside = components
        .filter(|name| !PROFILE.contains(&name.as_str()) || wanted.contains(name))
        .filter(|name| *name != wasm);
    assert_eq!(wanted, beside.collect());
    let targets = itself(sandbox, "rustup", &["target", "list", "--installed"]);
    let targets = targets.lines().filter(|name| *name != host()).map(str::to_owned);
    assert_eq!(names("rustup/target/"), targets.collect());
}

#[test]
#[ignore = "takes the real rustup: `build-aux/dev test unit` runs it"]
fn the_survey_is_what_rustup_has_after_every_verb() {
    let sandbox = sandbox();
    dev(&sandbox, &["rustup", "default", "stable"]).exits(0);
    agrees(&sandbox);
    dev(&sandbox, &["rustup", "toolchain", "install", "1.85.0"]).exits(0);
    agrees(&sandbox);
    dev(&sandbox, &["rustup", "component", "add", "rust-src", "rust-analyzer", "clippy"])
        .exits(0)
        .says("clippy came with");
    agrees(&sandbox);
    dev(&sandbox, &["rustup", "target", "add", WASM]).exits(0);
    agrees(&sandbox);
    let all = json!({"default": "stable", "toolchains": ["1.85.0"], "components": ["rust-src", "rust-analyzer", "clippy"], "targets": [WASM]});
    assert_eq!(said(&sandbox)["rustup"], all);
    assert_eq!(drift(&sandbox), items(&[]));
    // The new default is given what the old one had.
    dev(&sandbox, &["rustup", "default", "nightly"]).exits(0);
    agrees(&sandbox);
    let has = itself(&sandbox, "rustup", &["component", "list", "--installed"]);
    assert!(has.contains("rust-src") && has.contains("rust-analyzer"), "{has}");
    assert_eq!(drift(&sandbox), items(&[]));
    dev(&sandbox, &["rustup", "component", "remove", "rust-analyzer"]).exits(0);
    dev(&sandbox, &["rustup", "target", "remove", WASM]).exits(0);
    dev(&sandbox, &["rustup", "toolchain", "uninstall", "1.85.0"]).exits(0);
    agrees(&sandbox);
    assert_eq!(
        said(&sandbox)["rustup"],
        json!({"default": "nightly", "toolchains": ["stable"], "components": ["rust-src", "clippy"], "targets": []})
    );
    assert_eq!(drift(&sandbox), items(&[]));
}

#[test]
#[ignore = "takes the real rustup: `build-aux/dev test unit` runs it"]
fn an_undo_takes_back_what_rustup_did() {
    let sandbox = sandbox();
    dev(&sandbox, &["rustup", "default", "stable"]).exits(0);
    let (manifest, before) = (said(&sandbox), there(&sandbox, "rustup/"));
    for verb in [
        &["rustup", "component", "add", "rust-src"][..],
        &["rustup", "target", "add", WASM],
        &["rustup", "toolchain", "install", "nightly"],
    ] {
        dev(&sandbox, verb).exits(0);
        assert_ne!(there(&sandbox, "rustup/"), before);
        sandbox.bkt(&["undo"]).exits(0);
        agrees(&sandbox);
        assert_eq!((there(&sandbox, "rustup/"), drift(&sandbox)), (before.clone(), items(&[])));
        assert_eq!(said(&sandbox)["rustup"]["default"], manifest["rustup"]["default"]);
    }
    dev(&sandbox, &["rustup", "component", "add", "rust-src"]).exits(0);
    dev(&sandbox, &["rustup", "component", "remove", "rust-src"]).exits(0);
    sandbox.bkt(&["undo"]).exits(0);
    agrees(&sandbox);
    assert!(there(&sandbox, "rustup/component/").contains_key("rust-src"));
}

#[test]
#[ignore = "takes the real rustup: `build-aux/dev test unit` runs it"]
fn what_rustup_refuses_is_not_recorded() {
    let sandbox = sandbox();
    dev(&sandbox, &["rustup", "toolchain", "install", "1.99.0"]).exits(1).says("1.99.0");
    assert_eq!(there(&sandbox, "rustup/"), Default::default());
    dev(&sandbox, &["rustup", "default", "stable"]).exits(0);
    let before = said(&sandbox);
    dev(&sandbox, &["rustup", "component", "add", "no-such-part"]).exits(1).says("no-such-part");
    dev(&sandbox, &["rustup", "target", "add", "no-such-target"]).exits(1).says("no-such-target");
    dev(&sandbox, &["rustup", "default", "1.99.0"]).exits(1).says("1.99.0");
    agrees(&sandbox);
    assert_eq!((said(&sandbox), drift(&sandbox)), (before, items(&[])));
}
