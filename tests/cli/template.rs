//! What stands at the top level of this project: an example of a distribution, and what `bkt init` makes others of.

use std::path::{Path, PathBuf};
use std::process::Command;

use bucket::core::workflow::ForgeKind;
use bucket::host::plant::NewFile;
use bucket::manifest::template::{Answers, files};
use serde_json::Value as Json;

use crate::sandbox::{Run, Sandbox};

const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// The distribution that stands here, in a repository of its own.
pub fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::remove_dir(sandbox.path("repo/manifests")).unwrap();
    for part in [
        "Containerfile",
        "changelog.json",
        "ci",
        "manifests",
        "repo.json",
        "systemd",
        "toolbox",
        "upstream",
    ] {
        let from = Path::new(TOP).join(part);
        let done = Command::new("cp").arg("-a").arg(from).arg(sandbox.repo()).status().unwrap();
        assert!(done.success());
    }
    sandbox.commit();
    sandbox
}

#[test]
fn the_example_is_in_order() {
    let sandbox = example();
    sandbox.bkt(&["repo", "status"]).exits(0);
    sandbox.bkt(&["schema", "--check"]).exits(0);
    sandbox.bkt(&["changelog", "validate"]).exits(0);
    let run = sandbox.bkt(&["containerfile", "check"]).exits(0).says("says what the manifests say");
    assert!(!run.out.contains("missing"), "{run:?}");
    sandbox.git(&["diff", "--exit-code"]);
}

#[test]
fn a_file_that_does_not_fit_its_schema_is_found() {
    let sandbox = example();
    sandbox.bkt(&["schema", "--check"]).exits(0).says("15 files are as their schemas say");
    let text = sandbox.read("repo/manifests/gsettings.json");
    sandbox.write("repo/manifests/gsettings.json", &text.replace("\"settings\"", "\"setings\""));
    let apps = "{ // mine\n  \"apps\": [\n    { \"id\": 3 }]}";
    sandbox.write("repo/manifests/flatpak-apps.json", apps);
    sandbox.write("repo/manifests/ignore.json", "{");
    let run = sandbox.bkt(&["schema", "--check"]).exits(1);
    let run = run.says("gsettings.json:1:1: \"settings\" is a required property");
    run.says("flatpak-apps.json:3:13: 3 is not of type").says("ignore.json:1:");
    let json = sandbox.bkt(&["schema", "--check", "--json"]).exits(1).json();
    assert_eq!(json["files"], 15);
    assert!(json["problems"].as_array().unwrap().len() >= 3, "{json}");
}

fn of(forge: ForgeKind) -> Vec<NewFile> {
    let answers = Answers {
        name: "desktop".parse().unwrap(),
        owner: None,
        base: "registry.example/os:42".parse().unwrap(),
        forge,
    };
    files(&answers, "trunk", None)
}

/// What a step runs: of GitHub's workflows every `run`, of GitLab's every line of a script.
fn steps(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("run", Json::String(line)) => found.push(line.clone()),
                    ("script" | "before_script" | "after_script", Json::Array(lines)) => {
                        found.extend(lines.iter().map(|line| line.as_str().unwrap().to_owned()));
                    }
                    _ => steps(value, found),
                }
            }
        }
        Json::Array(list) => list.iter().for_each(|value| steps(value, found)),
        _ => (),
    }
}

#[test]
fn every_step_of_a_workflow_is_a_script_that_is_there() {
    for forge in ForgeKind::ALL {
        let files = of(forge);
        let mut called = Vec::new();
        for file in files.iter().filter(|file| file.path.ends_with(".yml")) {
            let yaml: Json = serde_saphyr::from_str(&file.text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.path));
            let before = called.len();
            steps(&yaml, &mut called);
            assert!(called.len() > before, "{} does nothing", file.path);
        }
        for step in &called {
            let script = files.iter().find(|file| file.path == *step);
            assert!(script.is_some_and(|file| file.program), "{forge}: {step} is no script of its");
        }
        for script in files.iter().filter(|file| file.program) {
            // What another script calls is called too.
            let named =
                |other: &&NewFile| other.path != script.path && other.text.contains(&script.path);
            let by_script = files.iter().filter(|file| file.program).any(|file| named(&file));
            assert!(called.contains(&script.path) || by_script, "nobody calls {}", script.path);
        }
    }
}

/// A script of `ci/` in the example, with these programs before all others.
fn ci(sandbox: &Sandbox, script: &str, vars: &[(&str, &str)]) -> Run {
    let mut command = sandbox.command(sandbox.repo().join("ci").join(script).to_str().unwrap());
    let bkt = Path::new(crate::sandbox::BKT).parent().unwrap();
    let mut path = std::ffi::OsString::from(sandbox.path("bin"));
    for dir in [bkt.as_os_str(), &std::env::var_os("PATH").unwrap()] {
        path.push(":");
        path.push(dir);
    }
    Run::of(command.env("PATH", path).envs(vars.iter().copied()).output().unwrap())
}

fn program(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    sandbox.write(&format!("bin/{name}"), text);
    let path = sandbox.path("bin").join(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn what_is_not_set_is_named() {
    let sandbox = example();
    ci(&sandbox, "build", &[]).exits(1).says("build: NAME is not set");
    let named = ("GITHUB_REPOSITORY", "Me/Desktop");
    for script in ["publish", "release-notes"] {
        ci(&sandbox, script, &[named]).exits(1).says(&format!("{script}: REGISTRY is not set"));
    }
    program(&sandbox, "cosign", "#!/bin/sh\nexit 9\n");
    ci(&sandbox, "sign", &[named]).exits(1).says("there is nothing to sign with");
    let key = ("COSIGN_PRIVATE_KEY", "key");
    let registry = ("REGISTRY", "registry.example");
    ci(&sandbox, "sign", &[named, key]).exits(1).says("sign: REGISTRY is not set");
    ci(&sandbox, "sign", &[named, key, registry]).exits(1).says("sign: desktop was not published");
    sandbox.write("repo/Containerfile", "FROM registry.example/os\n");
    ci(&sandbox, "base-digest", &[]).exits(1).says("Containerfile names no base image");
}

#[test]
fn programs_are_downloaded_and_checked() {
    let sandbox = example();
    program(&sandbox, "podman", "#!/bin/sh\n");
    let place = sandbox.path("served");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("bkt"), "#!/bin/sh\necho downloaded\n").unwrap();
    let url = format!("file://{}/bkt", place.display());
    let sum = bucket::core::digest::sha256(b"#!/bin/sh\necho downloaded\n");
    ci(&sandbox, "setup", &[("BKT_URL", &url)]).exits(1).says("the checksum of bkt is not set");
    let wrong = "0".repeat(64);
    ci(&sandbox, "setup", &[("BKT_URL", &url), ("BKT_SHA256", &wrong)])
        .exits(1)
        .says(&format!("{url} is not what {wrong} says"));
    assert!(!sandbox.path("repo/out/bin/bkt").exists());
    ci(&sandbox, "setup", &[("BKT_URL", &url), ("BKT_SHA256", &sum)]).exits(0);
    let run = sandbox.command(sandbox.path("repo/out/bin/bkt").to_str().unwrap()).output();
    assert_eq!(Run::of(run.unwrap()).out, "downloaded\n");
    // It is the one that the other scripts call.
    ci(&sandbox, "check", &[]).exits(0);
}
