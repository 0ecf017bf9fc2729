//! No text of a manifest becomes a command: whatever it says, it is refused, or a shell and the parsers of what it is
//! written into read it back as it is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::machine::{Machine, write};

/// What means something to a shell, a builder, TOML, an ini file or systemd, and what does not.
const PARTS: [&str; 37] = [
    "a",
    "b c",
    "é",
    "'",
    "\"",
    "\\",
    "`",
    "$",
    "$(touch CANARY)",
    "`touch CANARY`",
    "; touch CANARY;",
    "\n",
    "\ntouch CANARY\n",
    "\r",
    "\t",
    "#",
    "# === END HOST_SHIMS ===",
    "<<EOF",
    "EOF",
    "&& touch CANARY",
    "| touch CANARY",
    "${IFS}",
    "*",
    "?",
    "[x]",
    "%n",
    "=",
    "-rf",
    "../",
    "/",
    "]\nkargs = [",
    "\u{0}",
    "{",
    "!",
    "\"b c\"",
    "\"$(touch CANARY); touch CANARY\"",
    "\"; touch CANARY;",
];

fn text() -> impl Strategy<Value = String> {
    let hostile = prop::collection::vec(prop::sample::select(PARTS.to_vec()), 1..4);
    // One that is refused hides what becomes of the others.
    prop_oneof![4 => Just("a".to_owned()), 1 => hostile.prop_map(|parts| parts.concat())]
}

/// Runs the instructions of a section as a builder does, below `root`, with programs that only note what they are
/// called with. Returns the files that `COPY` puts in place.
fn build(root: &Path, body: &str) -> Vec<(String, String)> {
    let mut copies = Vec::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("COPY ") {
            let (mode, names) = rest.split_once(' ').unwrap();
            assert!(mode.starts_with("--chmod=0"), "{line}");
            let [from, to]: [String; 2] = serde_json::from_str(names).unwrap();
            copies.push((from.replace("[[]", "[").replace("[*]", "*").replace("[?]", "?"), to));
        } else if let Some(mut run) = line.strip_prefix("RUN ").map(str::to_owned) {
            if let Some(end) = run.strip_prefix("<<'").and_then(|end| end.strip_suffix('\'')) {
                let said: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                run = said.join("\n");
            } else {
                while let Some(begun) = run.trim_end().strip_suffix('\\') {
                    run = begun.to_owned() + lines.next().unwrap();
                }
            }
            shell(root, &run);
        } else {
            assert!(
                line.is_empty() || line.starts_with('#') || line.starts_with("ARG "),
                "{line:?} in {body}"
            );
        }
    }
    copies
}

#[allow(clippy::disallowed_methods, reason = "the shell is what is tested against")]
fn shell(root: &Path, run: &str) {
    let below = format!("{}/", root.display());
    // Into the directory, and not into this machine.
    let run = ["/etc/", "/usr/", "/var/", "/opt"]
        .iter()
        .fold(run.to_owned(), |run, top| run.replace(top, &format!("{below}{}", &top[1..])));
    let out = Command::new("sh")
        .arg("-c")
        .arg(&run)
        .current_dir(root)
        .env("PATH", root.join("bin"))
        .output();
    let out = out.unwrap();
    assert!(out.status.success(), "{run}\n{}", String::from_utf8_lossy(&out.stderr));
}

/// Programs that a build calls: those that write are real, the others do nothing.
fn programs(root: &Path) {
    for name in ["dnf", "rpm", "systemctl", "mv"] {
        write(&root.join("bin").join(name), "#!/bin/sh\n");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.join("bin").join(name), mode).unwrap();
    }
    for name in ["mkdir", "chmod", "ln", "rm", "readlink", "sh", "touch", "install"] {
        let real = ["/usr/bin", "/bin"].map(|dir| Path::new(dir).join(name));
        let real = real.into_iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(real, root.join("bin").join(name)).unwrap();
    }
}

/// A machine with one manifest entry of each kind that takes free text.
fn manifests(machine: &Machine, texts: &[String]) {
    let [title, url, key, opt, group, karg, module, comment, file, about, unit, slice] = texts
    else {
        panic!("too few")
    };
    let all: [(&str, Json); 5] = [
        (
            "external-repos.json",
            json!({ "repos": [{ "name": "one", "display_name": title, "baseurl": format!("https://x/{url}"),
            "gpg_key": format!("https://x/{key}"), "packages": ["a"], "opt_path": opt, "layer_group": group }] }),
        ),
        (
            "system-config.json",
            json!({ "kargs": { "append": [format!("a={karg}")], "remove": [] } }),
        ),
        (
            "image-config.json",
            json!({ "modules": [
            { "name": module, "comment": comment, "type": "files", "files": [{ "src": "own/it", "dest": format!("/etc/x{file}"), "comment": about }] },
            { "name": "w", "type": "wrapper", "target": "/usr/bin/x", "slice": slice, "output": "/usr/bin/w", "description": about }
        ] }),
        ),
        ("host-shims.json", json!({ "shims": [{ "name": "x", "host": unit }] })),
        ("systemd-services.json", json!({ "services": { format!("{unit}.service"): "enabled" } })),
    ];
    for (name, json) in all {
        machine.manifest(name, &json);
    }
    machine.file("repo/own/it", "x");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_manifest_says_stays_a_text(texts in prop::collection::vec(text(), 12)) {
        let machine = Machine::bare();
        manifests(&machine, &texts);
        let root = machine.path("built");
        programs(&root);
        let canary = root.join("canary").display().to_string();
        for name in ["external-repos.json", "system-config.json", "image-config.json", "host-shims.json", "systemd-services.json"] {
            let path = machine.path("repo/manifests").join(name);
            let text = fs::read_to_string(&path).unwrap().replace("CANARY", &canary);
            fs::write(path, text).unwrap();
        }
        let manifests = machine.engine().manifests();
        let mut made = BTreeMap::new();
        for subsystem in bucket::subsystem::all() {
            // What is refused is refused with a reason.
            match subsystem.section(&manifests) {
                Ok(section) => made.extend(section.map(|one| (one.name(), one.body().to_owned()))),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
        for (name, body) in &made {
            let copies = build(&root, body);
            prop_assert!(!Path::new(&canary).exists(), "{name}: {body}");
            if *name == "IMAGE_CONFIG" && !copies.is_empty() {
                let file = format!("/etc/x{}", texts[8].replace("CANARY", &canary));
                let place = match file.strip_suffix('/') {
                    Some(dir) => format!("{}/it", dir.trim_end_matches('/')),
                    None => file,
                };
                prop_assert_eq!(&copies, &[("own/it".to_owned(), place)]);
            }
        }
        let read = |path: &str| fs::read_to_string(root.join(path)).ok();
        let moved = |text: &str| {
            let below = format!("{}/", root.display());
            ["/etc/", "/usr/", "/var/", "/opt"].iter().fold(text.to_owned(), |text, top| text.replace(top, &format!("{below}{}", &top[1..])))
        };
        if let Some(text) = read("etc/yum.repos.d/one.repo") {
            // One section, and each key once, on its line.
            let title = moved(&texts[0].replace("CANARY", &canary));
            let lines: Vec<&str> = text.lines().collect();
            prop_assert_eq!(lines.len(), 6, "{}", text);
            prop_assert_eq!(lines[1], format!("name={title}"));
        }
        let kargs = fs::read_dir(root.join("usr/lib/bootc/kargs.d")).ok().and_then(|mut dir| dir.next());
        if let Some(file) = kargs {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let table: toml::Table = text.parse().unwrap();
            let wanted = moved(&format!("a={}", texts[5]).replace("CANARY", &canary));
            prop_assert_eq!(table["kargs"].as_array().unwrap(), &[toml::Value::from(wanted)]);
            prop_assert_eq!(table.len(), 1);
        }
    }
}

/// Kernel arguments that have quotes are read back as they are, by a shell and by TOML, or are refused.
#[test]
fn a_kernel_argument_s_quotes_hold_only_its_value() {
    let kept = |argument: &str| {
        let machine = Machine::bare();
        let json = json!({ "kargs": { "append": ["before", argument, "after"] } });
        machine.manifest("system-config.json", &json);
        let root = machine.path("built");
        programs(&root);
        let section = bucket::subsystem::all()
            .iter()
            .find(|subsystem| subsystem.about().id == bucket::subsystem::kargs::ID)
            .unwrap()
            .section(&machine.engine().manifests());
        let Ok(section) = section else { return None };
        build(&root, section.unwrap().body());
        assert!(!root.join("CANARY").exists(), "{argument}");
        let files = fs::read_dir(root.join("usr/lib/bootc/kargs.d")).unwrap();
        let texts: Vec<String> =
            files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        let table: toml::Table = texts.concat().parse().unwrap();
        assert_eq!(table.len(), 1);
        let kargs = table["kargs"].as_array().unwrap();
        Some(kargs.iter().map(|arg| arg.as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    for argument in [
        "dyndbg=\"file x +p\"",
        "a=\"b c; touch CANARY\"",
        "a=\"$(touch CANARY) && touch CANARY\"",
        "a=\"# === END KERNEL_ARGUMENTS ===\"",
        "a=\"] kargs = [\"",
        "a=\"${IFS} *\"",
        "a=\"<<EOF\"",
        "a=\"\"",
    ] {
        let expected = Some(vec!["before".to_owned(), argument.to_owned(), "after".to_owned()]);
        assert_eq!(kept(argument), expected);
    }
    for argument in [
        "a=\"b c",
        "a=b c\"",
        "a=\"b\" touch CANARY",
        "a=\"b\"; touch CANARY",
        "a=\"b\nc\"",
        "a=\"\u{0}\"",
        "a=\"\u{1b}\"",
        "a=\"\t\"",
        "a=\"`touch CANARY`\"",
        "a=\"b\\\" touch CANARY\"",
        "a=\"b' touch CANARY '\"",
        "-a=\"b c\"",
        "--append=\"b c\"",
        "\"a b\"",
    ] {
        assert_eq!(kept(argument), None, "{argument:?}");
    }
}
