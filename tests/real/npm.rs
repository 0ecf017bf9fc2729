//! Packages of npm, from a registry that is served here.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::dev_box::{dev, drift, said};
use crate::sandbox::{Run, Sandbox, items};
use crate::{itself, pack, sandbox_with, there};

/// What the registry has. `@scope/tool` has a program, and depends on another package.
const PACKAGES: [(&str, &[&str]); 3] = [
    ("is-odd", &["5.0.0", "6.1.0", "6.2.3"]),
    ("is-even", &["1.0.0"]),
    ("@scope/tool", &["1.2.3"]),
];

/// A machine with npm, whose person uses the registry.
fn sandbox() -> Sandbox {
    let sandbox = sandbox_with("npm");
    let registry = registry(&sandbox.path("registry"));
    sandbox.write("home/.npmrc", &format!("registry={registry}/\nfetch-retries=0\n"));
    sandbox
}

/// Serves the packages on this machine alone, until the test ends.
fn registry(dir: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, versions) in PACKAGES {
        let mut all = serde_json::Map::new();
        for version in versions {
            let mut package = json!({"name": name, "version": version});
            if name == "@scope/tool" {
                package["bin"] = json!({"tool": "tool.js"});
                package["dependencies"] = json!({"is-even": "^1.0.0"});
            }
            let place = dir.join(name).join(version);
            fs::create_dir_all(place.join("package")).unwrap();
            fs::write(place.join("package/package.json"), package.to_string()).unwrap();
            let program = "#!/usr/bin/env node\nconsole.log('the tool runs');\n";
            fs::write(place.join("package/tool.js"), program).unwrap();
            pack(&place, &place.join("package.tgz"), &["package"]);
            let file = format!("/{name}/-/{version}.tgz");
            package["dist"] = json!({"tarball": format!("{address}{file}")});
            all.insert((*version).to_owned(), package);
            files.insert(file, fs::read(place.join("package.tgz")).unwrap());
        }
        let all = json!({"name": name, "dist-tags": {"latest": versions.last()}, "versions": all});
        files.insert(format!("/{name}"), all.to_string().into_bytes());
    }
    let files = Arc::new(files);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let files = Arc::clone(&files);
            std::thread::spawn(move || answer(stream.unwrap(), &files));
        }
    });
    address
}

fn answer(mut stream: TcpStream, files: &BTreeMap<String, Vec<u8>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let _ = lines.find(String::is_empty);
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.replace("%2f", "/").replace("%2F", "/");
    let (status, body) = match files.get(&path) {
        Some(file) => ("200 OK", file.as_slice()),
        None => ("404 Not Found", &b"{}"[..]),
    };
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// What npm says is installed for all projects: each package with its version.
fn listed(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let prefix = sandbox.path("home/.local");
    // npm lists a prefix once something made it.
    fs::create_dir_all(prefix.join("lib")).unwrap();
    let args = ["ls", "--global", "--prefix", prefix.to_str().unwrap(), "--json"];
    let list: Json = serde_json::from_str(&itself(sandbox, "npm", &args)).unwrap();
    let all = list["dependencies"].as_object().into_iter().flatten();
    all.map(|(name, one)| (name.clone(), one["version"].as_str().unwrap().to_owned())).collect()
}

/// The survey tells the packages that npm tells, and of each the version, as far as the manifest names one.
#[track_caller]
fn agrees(sandbox: &Sandbox, expected: &[(&str, &str)]) {
    let listed = listed(sandbox);
    assert_eq!(listed, items(expected));
    let there = there(sandbox, "npm/");
    assert_eq!(there.keys().collect::<Vec<_>>(), listed.keys().collect::<Vec<_>>());
    for (name, version) in listed {
        let told = there[&name]["version"].as_str().unwrap();
        assert!(version == told || version.starts_with(&format!("{told}.")), "{name}: {told}");
    }
}

#[test]
#[ignore = "takes the real npm: `build-aux/dev test unit` runs it"]
fn the_survey_is_what_npm_has_after_every_verb() {
    let sandbox = sandbox();
    agrees(&sandbox, &[]);
    dev(&sandbox, &["npm", "install", "-g", "@scope/tool", "is-odd@5"]).exits(0);
    // What a package depends on is its own.
    agrees(&sandbox, &[("@scope/tool", "1.2.3"), ("is-odd", "5.0.0")]);
    let named = json!([{"name": "@scope/tool"}, {"name": "is-odd", "version": "5"}]);
    assert_eq!(said(&sandbox)["npm"], named);
    assert_eq!(drift(&sandbox), items(&[]));
    let tool = sandbox.path("home/.local/bin/tool");
    let ran = Run::of(sandbox.command(tool.to_str().unwrap()).output().unwrap());
    ran.exits(0).says("the tool runs");
    // Up, within what is named, and to a version.
    dev(&sandbox, &["npm", "install", "-g", "is-odd@6.1"]).exits(0);
    agrees(&sandbox, &[("@scope/tool", "1.2.3"), ("is-odd", "6.1.0")]);
    dev(&sandbox, &["npm", "install", "-g", "is-odd@latest"]).exits(0);
    agrees_with_a_word(&sandbox);
    dev(&sandbox, &["npm", "uninstall", "-g", "is-odd"]).exits(0);
    agrees(&sandbox, &[("@scope/tool", "1.2.3")]);
    assert_eq!(said(&sandbox)["npm"], json!([{"name": "@scope/tool"}]));
    // Behind our back, with npm itself.
    let prefix = sandbox.path("home/.local").display().to_string();
    itself(&sandbox, "npm", &["install", "--global", "--prefix", &prefix, "is-even"]);
    assert_eq!(drift(&sandbox), items(&[("npm/is-even", "unmanaged")]));
    itself(&sandbox, "npm", &["uninstall", "--global", "--prefix", &prefix, "@scope/tool"]);
    assert_eq!(
        drift(&sandbox),
        items(&[("npm/@scope/tool", "system-changed"), ("npm/is-even", "unmanaged")])
    );
    sandbox.bkt(&["apply", "toolchains", "--force"]).exits(0);
    agrees(&sandbox, &[("@scope/tool", "1.2.3"), ("is-even", "1.0.0")]);
    sandbox.bkt(&["capture", "toolchains", "-y"]).exits(0);
    assert_eq!(said(&sandbox)["npm"], json!([{"name": "@scope/tool"}, {"name": "is-even"}]));
}

/// “latest” is met by whatever is there.
#[track_caller]
fn agrees_with_a_word(sandbox: &Sandbox) {
    assert_eq!(listed(sandbox)["is-odd"], "6.2.3");
    assert_eq!(there(sandbox, "npm/")["is-odd"]["version"], "latest");
    assert_eq!(drift(sandbox), items(&[]));
}

#[test]
#[ignore = "takes the real npm: `build-aux/dev test unit` runs it"]
fn an_undo_takes_back_what_npm_did() {
    let sandbox = sandbox();
    dev(&sandbox, &["npm", "install", "-g", "is-odd@5.0.0"]).exits(0);
    dev(&sandbox, &["npm", "install", "-g", "is-odd@6.2.3"]).exits(0);
    agrees(&sandbox, &[("is-odd", "6.2.3")]);
    sandbox.bkt(&["undo"]).exits(0);
    agrees(&sandbox, &[("is-odd", "5.0.0")]);
    assert_eq!(said(&sandbox)["npm"], json!([{"name": "is-odd", "version": "5.0.0"}]));
    dev(&sandbox, &["npm", "uninstall", "-g", "is-odd"]).exits(0);
    agrees(&sandbox, &[]);
    sandbox.bkt(&["undo"]).exits(0);
    agrees(&sandbox, &[("is-odd", "5.0.0")]);
    dev(&sandbox, &["npm", "install", "-g", "@scope/tool"]).exits(0);
    sandbox.bkt(&["undo"]).exits(0);
    agrees(&sandbox, &[("is-odd", "5.0.0")]);
    assert_eq!(drift(&sandbox), items(&[]));
}

#[test]
#[ignore = "takes the real npm: `build-aux/dev test unit` runs it"]
fn what_npm_refuses_is_not_recorded() {
    let sandbox = sandbox();
    let before = said(&sandbox);
    dev(&sandbox, &["npm", "install", "-g", "no-such-package"]).exits(1).says("404");
    dev(&sandbox, &["npm", "install", "-g", "is-odd@99"]).exits(1).says("No matching version");
    agrees(&sandbox, &[]);
    assert_eq!((said(&sandbox), drift(&sandbox)), (before, items(&[])));
}
