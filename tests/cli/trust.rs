//! One rule for every verb: what may only be read is only read, and nothing leads out of the repository.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::sandbox::{SCHEMA, Sandbox};

/// Every file of the machine with its content, beside what a survey remembers.
fn everything(dir: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let ours = [".cache", ".local/state", ".local/share/bkt", ".git"];
        if ours.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let name = path.display().to_string();
        match path.symlink_metadata().unwrap() {
            metadata if metadata.is_dir() => {
                all.insert(name, Vec::new());
                everything(&path, all);
            }
            metadata if metadata.is_file() => drop(all.insert(name, std::fs::read(&path).unwrap())),
            _ => drop(all.insert(name, b"link".to_vec())),
        }
    }
}

fn all(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    everything(&sandbox.path(""), &mut all);
    all
}

/// The verbs without further ones, each with a word for every argument that it must have.
fn verbs(command: &clap::Command, way: &[String], found: &mut Vec<Vec<String>>) {
    let further: Vec<_> =
        command.get_subcommands().filter(|one| one.get_name() != "help").collect();
    for one in &further {
        let way = [way, &[one.get_name().to_owned()]].concat();
        verbs(one, &way, found);
    }
    if further.is_empty() {
        let words = command.get_arguments().filter(|arg| arg.is_required_set());
        let words = words.flat_map(|arg| {
            let value = arg
                .get_possible_values()
                .first()
                .map_or("org.example.X/x".to_owned(), |v| v.get_name().to_owned());
            match arg.get_long() {
                Some(long) if !arg.is_positional() => vec![format!("--{long}"), value],
                _ => vec![value],
            }
        });
        found.push(way.iter().cloned().chain(words).collect());
    }
}

#[test]
fn no_verb_does_anything_in_a_repository_that_was_only_walked_into() {
    let mut sandbox = Sandbox::unused();
    sandbox.manifest_of(&[("k01", "wanted")]);
    sandbox.set("k02", "set");
    let host = "{\"shims\": [{\"name\": \"true\"}]}\n";
    sandbox.write("repo/manifests/host-shims.json", host);
    sandbox.commit();
    let mut found = Vec::new();
    verbs(&bucket::cli::command(), &[], &mut found);
    assert!(found.len() > 60, "{}", found.len());
    // What a survey remembers of this machine is not what the manifests say.
    sandbox.bkt(&["status"]).exits(0);
    let before = all(&sandbox);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    for verb in found {
        // These say themselves which directory they are about, which is the yes to it; or speak to the whole machine.
        let named =
            [&["repo", "use"][..], &["repo", "clone"], &["repo", "merge-driver"], &["init"]];
        if named
            .iter()
            .any(|name| verb.starts_with(&name.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()))
        {
            continue;
        }
        let mut args: Vec<&str> = verb.iter().map(String::as_str).collect();
        args.push("-y");
        let output = sandbox
            .command("timeout")
            .arg("60")
            .arg(crate::sandbox::BKT)
            .args(&args)
            .output()
            .unwrap();
        let now = all(&sandbox);
        let changed: Vec<_> = now
            .iter()
            .filter(|(name, text)| before.get(*name) != Some(text))
            .map(|(name, _)| name)
            .collect();
        assert!(now == before, "{verb:?} changed {changed:?}: {output:?}");
        assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head, "{verb:?}");
    }
    // The same once it is in use.
    sandbox.bkt(&["repo", "use", "."]).exits(0);
    sandbox.bkt(&["capture", "-i", "k02"]).exits(0);
    assert_ne!(all(&sandbox), before, "and with a yes, something does happen");
}

#[test]
fn nothing_is_read_or_written_by_way_of_a_link_out_of_the_repository() {
    let text = format!(
        "{{\"settings\":[{{\"schema\":\"{SCHEMA}\",\"key\":\"k01\",\"value\":\"'a'\"}}]}}\n"
    );
    let own = format!("repo/manifests/hosts/{}", Sandbox::hostname());
    // The file, this machine's layer, and the whole directory of manifests.
    for link in ["repo/manifests/gsettings.json", &own, "repo/manifests"] {
        let mut sandbox = Sandbox::new();
        sandbox.write("outside/gsettings.json", &text);
        sandbox.set("k02", "new");
        let from = sandbox.path(link);
        std::fs::create_dir_all(from.parent().unwrap()).unwrap();
        let target = match link.ends_with(".json") {
            true => sandbox.path("outside/gsettings.json"),
            false => sandbox.path("outside"),
        };
        if from.is_dir() {
            std::fs::remove_dir_all(&from).unwrap();
        }
        symlink(&target, &from).unwrap();
        for layer in ["shared", "host"] {
            let run = sandbox.bkt(&["capture", "gsettings", "--layer", layer]);
            assert_ne!(run.code, 0, "{link}: {run:?}");
            run.says("leads out of the repository");
        }
        assert_eq!(sandbox.read("outside/gsettings.json"), text, "{link}");
        assert_eq!(std::fs::read_dir(sandbox.path("outside")).unwrap().count(), 1, "{link}");
    }
    // A link that stays inside is as good as any file.
    let mut sandbox = Sandbox::new();
    sandbox.write("repo/elsewhere/gsettings.json", &text);
    symlink("../elsewhere/gsettings.json", sandbox.manifest()).unwrap();
    sandbox.set("k01", "a");
    sandbox.set("k02", "new");
    sandbox.bkt(&["capture"]).exits(0);
    assert!(
        sandbox.read("repo/elsewhere/gsettings.json").contains("k02")
            && sandbox.manifest().is_symlink()
    );
}
