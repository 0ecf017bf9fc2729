//! A new distribution, from nothing to what every other verb takes.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::sandbox::{BKT, Run, Sandbox};
use crate::terminal::typing;

const BASE: &str = "registry.example/os:42";

/// Every file below a directory but git's, by its path.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut ways = vec![dir.to_owned()];
    while let Some(way) = ways.pop() {
        for entry in std::fs::read_dir(way).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".git") {
            } else if path.is_dir() {
                ways.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// `bkt ARGS` in a directory of the machine that is no repository.
fn elsewhere(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command(BKT);
    Run::of(command.current_dir(sandbox.path("home")).args(args).output().unwrap())
}

fn in_new(sandbox: &Sandbox, program: &str, args: &[&str]) -> Run {
    let mut command = sandbox.command(program);
    Run::of(command.current_dir(sandbox.path("home/mine")).args(args).output().unwrap())
}

fn names(dir: &Path) -> Vec<String> {
    bucket::host::fs::list(dir).unwrap().unwrap()
}

#[test]
fn what_is_made_is_in_order_committed_and_in_use() {
    for forge in ["github", "gitlab", "forgejo"] {
        let sandbox = Sandbox::new();
        let args = ["init", "mine", "--base", BASE, "--forge", forge, "--owner", "me"];
        let dry = elsewhere(&sandbox, &[&args[..], &["-n"]].concat()).exits(0).says("dry run");
        assert!(!sandbox.path("home/mine").exists());
        elsewhere(&sandbox, &args).exits(0).says("~/mine is a distribution now");
        let made = files(&sandbox.path("home/mine"));
        for path in made.keys() {
            assert!(dry.out.contains(&format!("\n  {path}\n")), "{path} was not told: {dry:#?}");
        }
        assert_eq!(dry.out.lines().filter(|line| line.starts_with("  ")).count(), made.len());
        elsewhere(&sandbox, &["schema", "--check"]).exits(0).says("15 files are");
        assert_eq!(in_new(&sandbox, "git", &["status", "--porcelain"]).exits(0).out, "");
        assert_eq!(in_new(&sandbox, "git", &["branch", "--show-current"]).out, "main\n");
        let tracked = in_new(&sandbox, "git", &["ls-files"]).out;
        assert_eq!(tracked.lines().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
        let log = in_new(&sandbox, "git", &["log", "--format=%an %s"]).out;
        assert_eq!(log, "Test A new distribution\n");
        let status = elsewhere(&sandbox, &["repo", "status", "--json"]).exits(0).json();
        assert_eq!(status["path"], sandbox.path("home/mine").to_str().unwrap());
        assert_eq!(
            (status["found"].as_str(), status["trusted"].as_bool()),
            (Some("remembered"), Some(true))
        );
        assert_eq!(status["id"], in_new(&sandbox, "git", &["rev-parse", "HEAD"]).out.trim());
        elsewhere(&sandbox, &["containerfile", "check"])
            .exits(0)
            .says("says what the manifests say");
        // An empty machine lacks what the manifests say, and nothing in them is wrong.
        let report = elsewhere(&sandbox, &["status", "--json"]).json();
        for subsystem in report["subsystems"].as_array().unwrap() {
            for item in subsystem["items"].as_array().unwrap() {
                assert_ne!(item["state"], "conflict", "{item}");
            }
            let reason = subsystem["availability"]["reason"].as_str().unwrap_or_default();
            assert!(!reason.contains("json"), "{subsystem}");
        }
        // A verb that changes the image finds the place of its section.
        elsewhere(&sandbox, &["image", "dnf", "install", "--force", "fish", "-y"]).exits(0);
        assert!(sandbox.read("home/mine/Containerfile").contains("      fish \\\n"));
    }
}

#[test]
fn nothing_is_overwritten() {
    let sandbox = Sandbox::new();
    let refused = |path: &str, why: &str| {
        let run = elsewhere(&sandbox, &["init", path, "--base", BASE]).exits(1).says(why);
        run.says("Nothing is ever overwritten");
    };
    sandbox.write("home/full/b", "mine");
    sandbox.write("home/full/c", "mine");
    refused("full", "/full” is not empty: it has “b”");
    assert_eq!(names(&sandbox.path("home/full")), ["b", "c"]);
    sandbox.write("home/file", "mine");
    refused("file", "/file” is not a directory");
    // A repository whose files somebody removed.
    std::fs::create_dir(sandbox.path("home/mine")).unwrap();
    in_new(&sandbox, "git", &["init", "-q"]).exits(0);
    in_new(&sandbox, "git", &["commit", "-q", "--allow-empty", "-m", "x"]).exits(0);
    refused("mine", "/mine” has commits already");
    assert_eq!(names(&sandbox.path("home/mine")), [".git"]);
    assert_eq!(elsewhere(&sandbox, &["repo", "path"]).out.trim(), sandbox.repo().to_str().unwrap());
    // A place that cannot be written to.
    let run = elsewhere(&sandbox, &["init", "/proc/mine", "--base", BASE]);
    run.exits(1).says("could not be written");
}

#[test]
fn what_a_forge_made_becomes_one() {
    let sandbox = Sandbox::new();
    let url = "https://forge.example/me/mine.git";
    std::fs::create_dir(sandbox.path("home/mine")).unwrap();
    in_new(&sandbox, "git", &["init", "-q", "-b", "trunk"]).exits(0);
    in_new(&sandbox, "git", &["remote", "add", "origin", url]).exits(0);
    // The working directory, which stays the same directory.
    let args = ["init", "--base", BASE, "--json"];
    let answer = in_new(&sandbox, BKT, &args).exits(0).json();
    assert_eq!(answer["commit"], in_new(&sandbox, "git", &["rev-parse", "trunk"]).out.trim());
    let config: serde_json::Value =
        serde_json::from_str(&sandbox.read("home/mine/repo.json")).unwrap();
    assert_eq!((config["url"].as_str(), config["name"].as_str()), (Some(url), Some("mine")));
    assert_eq!(config["default_branch"], "trunk");
    assert!(sandbox.read("home/mine/.github/workflows/images.yml").contains("[\"trunk\"]"));
}

#[test]
fn without_git_or_a_name_the_files_are_there_and_the_rest_is_said() {
    let sandbox = Sandbox::new();
    let run = elsewhere(&sandbox, &["init", "plain", "--base", BASE, "--no-git"]).exits(0);
    assert!(!sandbox.path("home/plain/.git").exists(), "{run:?}");
    elsewhere(&sandbox, &["repo", "status"]).exits(0).says("~/plain");
    let mut command = sandbox.command(BKT);
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"]
    {
        command.env_remove(name);
    }
    // Whatever this machine is called, git guesses nothing.
    let vars = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "user.useConfigOnly"),
        ("GIT_CONFIG_VALUE_0", "true"),
    ];
    command.envs(vars).current_dir(sandbox.path("home")).args(["init", "mine", "--base", BASE]);
    let run = Run::of(command.output().unwrap()).exits(5);
    let run = run.says("The first commit was not made: git does not know who you are");
    run.says("git config --global user.name");
    let staged = in_new(&sandbox, "git", &["diff", "--cached", "--name-only"]).out;
    assert!(staged.lines().any(|line| line == "Containerfile"), "{staged}");
    elsewhere(&sandbox, &["repo", "status"]).exits(0).says("~/mine");
    let mut command = sandbox.command(BKT);
    command.env("PATH", "/nowhere").current_dir(sandbox.path("home"));
    let run = Run::of(command.args(["init", "bare", "--base", BASE]).output().unwrap());
    run.exits(5).says("git").says("not installed");
}

#[test]
fn nothing_that_signs_may_wait_for_a_person_where_nobody_is() {
    for (args, display) in [(&["--cli"][..], ""), (&[][..], ":9")] {
        let sandbox = Sandbox::new();
        let (signer, asked) = (sandbox.path("signer"), sandbox.path("asked"));
        let text =
            format!("#!/bin/sh\nprintf '%s.' \"$DISPLAY\" > '{}'\nexit 1\n", asked.display());
        std::fs::write(&signer, text).unwrap();
        std::fs::set_permissions(&signer, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = sandbox.command(BKT);
        command.env("DISPLAY", ":9").env("GIT_CONFIG_COUNT", "2");
        command.env("GIT_CONFIG_KEY_0", "commit.gpgsign").env("GIT_CONFIG_VALUE_0", "true");
        command.env("GIT_CONFIG_KEY_1", "gpg.program").env("GIT_CONFIG_VALUE_1", &signer);
        command.current_dir(sandbox.path("home")).args(["init", "mine", "--base", BASE]).args(args);
        Run::of(command.output().unwrap()).exits(5).says("The first commit was not made");
        assert_eq!(std::fs::read_to_string(asked).unwrap(), format!("{display}."));
    }
}

#[test]
fn the_image_that_the_machine_was_started_from_is_the_base() {
    let sandbox = Sandbox::new();
    let run = elsewhere(&sandbox, &["init", "mine", "--cli"]).exits(2);
    run.says("--base registry.example/desktop:stable");
    elsewhere(&sandbox, &["init", "mine", "--base", "a b"]).exits(2);
    elsewhere(&sandbox, &["init", "my mine", "--base", BASE]).exits(2).says("“my mine” is not");
    assert_eq!(names(&sandbox.path("home")), [".local"]);
}

#[test]
fn what_is_not_said_is_asked_for() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    let path = sandbox.path("home/new one");
    let answers = format!("Mine\n\na b\n{BASE}\ngitlap\ngitlab\nn\n");
    let run = typing(&sandbox, &answers, &format!("init '{}'", path.display())).exits(0);
    let run = run.says("What is it called?").says("Which image is its own built on?");
    let run = run.says("“a b” is not an image reference").says("“gitlap” is not a forge");
    run.says("[github]").says("now? [Y/n]");
    let made = files(&path);
    assert!(made.contains_key(".gitlab-ci.yml") && made["README.md"].starts_with("# Mine\n"));
    assert!(made["Containerfile"].contains(&format!("ARG BASE_IMAGE={BASE}\n")));
    assert!(!made["manifests/gsettings.json"].contains("k01"));
    // Nobody answers: what has no answer of its own is not made up.
    let run = typing(&sandbox, "", &format!("init '{}'", sandbox.path("home/none").display()));
    run.exits(2).says("nobody answers");
    assert!(!sandbox.path("home/none").exists());
}

#[test]
fn what_the_machine_has_is_saved_where_that_is_wanted() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    let saved =
        |name: &str| sandbox.read(&format!("home/{name}/manifests/gsettings.json")).contains("k01");
    elsewhere(&sandbox, &["init", "one", "--base", BASE]).exits(0);
    assert!(!saved("one"));
    // From inside of another repository: what is captured goes to the new one.
    let before = sandbox.git(&["status", "--porcelain"]);
    let two = sandbox.path("home/two");
    let two = two.to_str().unwrap();
    let run = sandbox.bkt(&["init", two, "--base", BASE, "--capture"]);
    let run = run.says("k01").says("1 change made");
    assert!(saved("two"), "{run:?}");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), before);
    let run = sandbox.bkt(&["init", two, "--base", BASE, "--capture", "--json"]).exits(2);
    assert!(run.json()["error"]["message"].as_str().unwrap().contains("--capture"));
    let three = sandbox.path("home/three");
    let line = format!("init {} --base {BASE} --name three --forge github", three.display());
    typing(&sandbox, "y\ny\n", &line).says("Go ahead?");
    assert!(saved("three"));
}
