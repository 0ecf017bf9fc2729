//! Two machines and the remote between them: real repositories, real git.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::sandbox::{BKT, Run, Sandbox, items};

/// Two machines that have cloned the same remote.
struct Two {
    here: Sandbox,
    there: Sandbox,
}

impl Two {
    /// Both have `settings`, committed and pushed.
    fn with(settings: &[(&str, &str)]) -> Self {
        let here = Sandbox::new();
        here.git(&["init", "-q", "--bare", "-b", "main", "../remote.git"]);
        here.manifest_of(settings);
        here.write("repo/notes.txt", "one\ntwo\nthree\nfour\nfive\n");
        here.commit();
        here.git(&["remote", "add", "origin", "../remote.git"]);
        here.git(&["push", "-q", "-u", "origin", "main"]);
        let there = Sandbox::new();
        std::fs::remove_dir_all(there.repo()).unwrap();
        let remote = here.path("remote.git");
        let clone = there
            .command("git")
            .current_dir(there.path(""))
            .args(["clone", "-q"])
            .arg(&remote)
            .arg("repo")
            .output();
        Run::of(clone.unwrap()).exits(0);
        there.bkt(&["repo", "use", there.repo().to_str().unwrap()]).exits(0);
        Self { here, there }
    }

    /// The other machine has `settings`, and everybody may have them.
    fn publishes(&self, settings: &[(&str, &str)]) {
        self.there.manifest_of(settings);
        self.there.commit();
        self.there.git(&["push", "-q"]);
    }
}

/// Everything of a checkout that a pull may touch: files, index, branch, stash.
fn everything(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    walk(&sandbox.repo(), &mut all);
    for state in [
        &["rev-parse", "HEAD"][..],
        &["symbolic-ref", "HEAD"],
        &["ls-files", "--stage"],
        &["status", "--porcelain"],
        &["stash", "list"],
    ] {
        all.insert(state.join(" "), sandbox.git(state).into_bytes());
    }
    all
}

fn walk(dir: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == ".git" {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => walk(&entry.path(), all),
            false => {
                let text = std::fs::read(entry.path()).unwrap();
                all.insert(entry.path().display().to_string(), text);
            }
        }
    }
}

#[test]
fn what_is_new_comes_and_nothing_new_is_said() {
    let two = Two::with(&[("k01", "a")]);
    two.here.bkt(&["repo", "pull"]).exits(0).says("origin/main has nothing new");
    two.publishes(&[("k01", "a"), ("k02", "b")]);
    let before = everything(&two.here);
    let dry = two.here.bkt(&["repo", "pull", "-n"]).exits(0);
    dry.says("has nothing new").says("as of the last fetch");
    two.here.git(&["fetch", "-q"]);
    two.here.bkt(&["repo", "pull", "-n"]).exits(0).says("1 commit from origin/main").says("k02");
    assert_eq!(everything(&two.here), before);
    let run = two.here.bkt(&["repo", "pull"]).exits(0);
    run.says("1 commit from origin/main").says("k02").says("1 item changed");
    assert_eq!(two.here.wanted(), items(&[("k01", "a"), ("k02", "b")]));
    assert_eq!(two.here.git(&["status", "--porcelain"]), "");
    assert_eq!(two.here.git(&["rev-parse", "HEAD"]), two.there.git(&["rev-parse", "HEAD"]));
    let json = two.here.bkt(&["repo", "pull", "--json"]).exits(0).json();
    assert_eq!((&json["result"], &json["ahead"]), (&json!("up-to-date"), &json!(0)));
}

#[test]
fn uncommitted_edits_stay_item_by_item_and_what_is_upstream_is_dropped() {
    let two = Two::with(&[("k01", "a"), ("k02", "b"), ("k03", "c")]);
    // The same list, neighbouring lines; k04 on both sides, k05 only here, k03 gone there.
    two.here.manifest_of(&[
        ("k01", "a"),
        ("k02", "mine"),
        ("k03", "c"),
        ("k04", "d"),
        ("k05", "e"),
    ]);
    two.here.write("repo/new.txt", "not known to git\n");
    two.publishes(&[("k01", "theirs"), ("k02", "b"), ("k04", "d")]);
    two.here.bkt(&["repo", "pull"]).exits(0).says("What is not committed was kept");
    let both = items(&[("k01", "theirs"), ("k02", "mine"), ("k04", "d"), ("k05", "e")]);
    assert_eq!(two.here.wanted(), both);
    assert_eq!(two.here.read("repo/new.txt"), "not known to git\n");
    let diff = two.here.git(&["diff", "HEAD"]);
    assert!(!diff.contains("k04") || !diff.contains("+      \"key\": \"k04\""), "{diff}");
    // And all that is left, once that is upstream as well.
    two.publishes(&[("k01", "theirs"), ("k02", "mine"), ("k04", "d"), ("k05", "e")]);
    two.here.bkt(&["repo", "pull"]).exits(0).says("is upstream by now");
    assert_eq!(two.here.git(&["status", "--porcelain"]), "?? new.txt\n");
}

#[test]
fn local_commits_come_on_top_with_author_and_message() {
    let two = Two::with(&[("k01", "a")]);
    two.here.manifest_of(&[("k01", "a"), ("k02", "mine")]);
    two.here.git(&["add", "-A"]);
    two.here.git(&[
        "commit",
        "-q",
        "--author",
        "Wéra <w@example.org>",
        "--date",
        "2020-02-03T04:05:06+0700",
        "-m",
        "Adds k02\n\nBecause.",
    ]);
    two.here.manifest_of(&[("k01", "a"), ("k02", "mine"), ("k03", "too")]);
    two.here.git(&["commit", "-q", "-a", "-m", "Adds k03"]);
    two.here.manifest_of(&[("k01", "a"), ("k02", "mine"), ("k03", "too"), ("k04", "edit")]);
    two.here.write("repo/staged.txt", "staged\n");
    two.here.git(&["add", "staged.txt"]);
    // k03 is there as well, by another commit.
    two.publishes(&[("k00", "theirs"), ("k01", "a"), ("k03", "too")]);
    let run = two.here.bkt(&["repo", "pull"]).exits(0);
    run.says("1 commit of yours is on top").says("1 commit of yours is there already");
    let log = two.here.git(&["log", "-1", "--format=%an|%ae|%aI|%B|%P"]);
    let upstream = two.there.git(&["rev-parse", "HEAD"]);
    assert_eq!(
        log,
        format!("Wéra|w@example.org|2020-02-03T04:05:06+07:00|Adds k02\n\nBecause.\n|{upstream}")
    );
    let all = [("k00", "theirs"), ("k01", "a"), ("k02", "mine"), ("k03", "too"), ("k04", "edit")];
    assert_eq!(two.here.wanted(), items(&all));
    assert_eq!(
        two.here.git(&["status", "--porcelain"]),
        " M manifests/gsettings.json\nA  staged.txt\n"
    );
    two.here.git(&["push", "-q"]);
}

#[test]
fn a_conflict_changes_nothing_until_it_is_decided() {
    let two = Two::with(&[("k01", "a"), ("k02", "b")]);
    two.here.manifest_of(&[("k01", "commit"), ("k02", "b")]);
    two.here.git(&["commit", "-q", "-a", "-m", "Mine"]);
    two.here.manifest_of(&[("k01", "commit"), ("k02", "edit")]);
    two.here.write("repo/notes.txt", "edited\n");
    two.here.git(&["add", "notes.txt"]);
    two.here.write("repo/notes.txt", "edited again\n");
    two.publishes(&[("k01", "theirs"), ("k02", "theirs too")]);
    let before = everything(&two.here);
    let run = two.here.bkt(&["repo", "pull"]).exits(4);
    run.says("manifests/gsettings.json › settings: org.bkt.test k01 › value")
        .says("before: 'a'")
        .says("mine:   'commit'")
        .says("theirs: 'theirs'")
        .says("mine:   'edit'")
        .says("--mine or --theirs")
        .says("Everything is as it was");
    assert_eq!(everything(&two.here), before);
    let json = two.here.bkt(&["repo", "pull", "--json"]).exits(4).json();
    assert_eq!(json["result"], "undecided");
    assert_eq!(json["conflicts"].as_array().unwrap().len(), 2);
    assert_eq!(json["conflicts"][0]["mine"], "'commit'");
    assert_eq!(everything(&two.here), before);
    two.here.bkt(&["repo", "pull", "--mine"]).exits(0);
    assert_eq!(two.here.wanted(), items(&[("k01", "commit"), ("k02", "edit")]));
    assert_eq!(two.here.read("repo/notes.txt"), "edited again\n");
    // What was staged is, as it was; what was before is kept.
    assert_eq!(two.here.git(&["show", ":notes.txt"]), "edited\n");
    let kept = two.here.git(&["show", "refs/bkt/before-pull/1:manifests/gsettings.json"]);
    assert_eq!(kept.as_bytes(), before[&two.here.manifest().display().to_string()]);
    // The other way round.
    let two = Two::with(&[("k01", "a")]);
    two.here.manifest_of(&[("k01", "mine")]);
    two.publishes(&[("k01", "theirs")]);
    two.here.bkt(&["repo", "pull", "--theirs"]).exits(0).says("is upstream by now");
    assert_eq!(two.here.wanted(), items(&[("k01", "theirs")]));
    assert_eq!(two.here.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_removal_against_a_change_is_asked_about() {
    let two = Two::with(&[("k01", "a"), ("k02", "b")]);
    two.here.manifest_of(&[("k02", "b")]);
    two.publishes(&[("k01", "theirs"), ("k02", "b")]);
    two.here.bkt(&["repo", "pull"]).exits(4).says("mine:   not there");
    two.here.bkt(&["repo", "pull", "--theirs"]).exits(0);
    assert_eq!(two.here.wanted(), items(&[("k01", "theirs"), ("k02", "b")]));
}

#[test]
fn a_manifest_that_is_new_on_both_sides_has_the_items_of_both() {
    let two = Two::with(&[]);
    let apps =
        |id: &str| json!({"apps": [{"id": id, "remote": "flathub", "scope": "user"}]}).to_string();
    two.here.write("repo/manifests/flatpak-apps.json", &apps("org.example.Here"));
    two.there.write("repo/manifests/flatpak-apps.json", &apps("org.example.There"));
    two.there.commit();
    two.there.git(&["push", "-q"]);
    two.here.bkt(&["repo", "pull"]).exits(0);
    let text = two.here.read("repo/manifests/flatpak-apps.json");
    assert!(text.contains("org.example.Here") && text.contains("org.example.There"), "{text}");
    // Something else in the way is not touched.
    two.there.write("repo/other/file", "new\n");
    two.there.commit();
    two.there.git(&["push", "-q"]);
    two.here.write("away", "");
    std::os::unix::fs::symlink("../away", two.here.path("repo/other")).unwrap();
    let before = everything(&two.here);
    two.here.bkt(&["repo", "pull"]).exits(1).says("“other” is in the way");
    assert_eq!(everything(&two.here), before);
}

#[test]
fn other_files_are_merged_by_lines_or_left_to_the_person() {
    let two = Two::with(&[]);
    two.here.write("repo/notes.txt", "ONE\ntwo\nthree\nfour\nfive\n");
    two.there.write("repo/notes.txt", "one\ntwo\nthree\nfour\nFIVE\n");
    two.there.commit();
    two.there.git(&["push", "-q"]);
    two.here.bkt(&["repo", "pull"]).exits(0);
    assert_eq!(two.here.read("repo/notes.txt"), "ONE\ntwo\nthree\nfour\nFIVE\n");
    two.there.write("repo/notes.txt", "uno\ntwo\nthree\nfour\nFIVE\n");
    two.there.commit();
    two.there.git(&["push", "-q"]);
    let before = everything(&two.here);
    two.here
        .bkt(&["repo", "pull", "--mine"])
        .exits(4)
        .says("“notes.txt” was changed on both sides");
    assert_eq!(everything(&two.here), before);
}

const CONTAINERFILE: &str = "FROM base\n# === SYSTEM_PACKAGES (managed by bkt) ===\n# === END SYSTEM_PACKAGES ===\n\n# why\n\nRUN true\n";

#[test]
fn the_sections_of_the_containerfile_are_made_anew() {
    let two = Two::with(&[]);
    let packages = |list: &[&str]| json!({ "packages": list }).to_string();
    two.here.write("repo/manifests/system-packages.json", &packages(&["a", "z"]));
    two.here.write("repo/Containerfile", CONTAINERFILE);
    two.here.bkt(&["containerfile", "sync"]).exits(0);
    two.here.commit();
    two.here.git(&["push", "-q"]);
    two.there.git(&["pull", "-q"]);
    for (sandbox, package, from, to) in [
        (&two.there, "there", "FROM base", "FROM other"),
        (&two.here, "here", "RUN true", "RUN false"),
    ] {
        sandbox.write("repo/manifests/system-packages.json", &packages(&["a", package, "z"]));
        let text = sandbox.read("repo/Containerfile").replace(from, to);
        sandbox.write("repo/Containerfile", &text);
        sandbox.bkt(&["containerfile", "sync"]).exits(0);
        sandbox.commit();
    }
    two.there.git(&["push", "-q"]);
    two.here.bkt(&["repo", "pull"]).exits(0);
    let text = two.here.read("repo/Containerfile");
    for word in ["here", "there", "FROM other", "RUN false"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    two.here.bkt(&["containerfile", "check"]).exits(0);
    assert_eq!(two.here.git(&["status", "--porcelain"]), "", "all of it in the commit");
}

#[test]
fn what_is_no_state_to_pull_into_is_said() {
    let sandbox = Sandbox::new();
    sandbox.bkt(&["repo", "pull"]).exits(1).says("has no remote");
    let two = Two::with(&[("k01", "a")]);
    two.publishes(&[("k01", "b")]);
    let says = |text: &str| {
        let before = everything(&two.here);
        two.here.bkt(&["repo", "pull"]).exits(1).says(text);
        assert_eq!(everything(&two.here), before);
    };
    two.here.git(&["branch", "-q", "--unset-upstream"]);
    says("--set-upstream-to=origin/main");
    two.here.git(&["branch", "-q", "--set-upstream-to=origin/main"]);
    two.here.write("repo/.git/index.lock", "");
    says("another git is at work");
    std::fs::remove_file(two.here.path("repo/.git/index.lock")).unwrap();
    two.here.write("repo/.git/rebase-merge/x", "");
    two.here
        .bkt(&["repo", "pull"])
        .exits(1)
        .says("a rebase is in progress")
        .says("git rebase --continue");
    std::fs::remove_dir_all(two.here.path("repo/.git/rebase-merge")).unwrap();
    two.here.git(&["remote", "set-url", "origin", "../gone.git"]);
    says("could not be reached");
    two.here.git(&["remote", "set-url", "origin", "../remote.git"]);
    let head = two.here.git(&["rev-parse", "HEAD"]);
    two.here.git(&["checkout", "-q", "--detach"]);
    two.here.bkt(&["repo", "pull"]).exits(1).says("no branch is checked out");
    two.here.git(&["checkout", "-q", "--orphan", "new"]);
    two.here.bkt(&["repo", "pull"]).exits(1).says("has no commit yet");
    two.here.git(&["checkout", "-q", "-f", "main"]);
    assert_eq!(two.here.git(&["rev-parse", "HEAD"]), head);
    // A manifest that does not parse, on both sides of a change.
    two.here.write("repo/manifests/gsettings.json", "{ \"settings\": [");
    two.here
        .bkt(&["repo", "pull"])
        .exits(1)
        .says("what is here cannot be merged")
        .says("gsettings.json:1:");
    two.here.git(&["checkout", "-q", "."]);
    two.here.bkt(&["repo", "pull"]).exits(0);
    // History made anew, with nothing in common.
    two.there.git(&["checkout", "-q", "--orphan", "other"]);
    two.there.commit();
    two.there.git(&["push", "-q", "-f", "origin", "other:main"]);
    two.here.bkt(&["repo", "pull"]).exits(1).says("have no commit in common");
}

#[test]
fn an_untrusted_repository_is_not_pulled_into() {
    let two = Two::with(&[("k01", "a")]);
    two.publishes(&[("k01", "b")]);
    std::fs::remove_dir_all(two.here.path("home/.local/state")).unwrap();
    let fetched = two.here.git(&["rev-parse", "origin/main"]);
    let before = everything(&two.here);
    two.here.bkt(&["repo", "pull"]).exits(4).says("is not in use on this machine");
    assert_eq!(everything(&two.here), before);
    assert_eq!(two.here.git(&["rev-parse", "origin/main"]), fetched);
}

#[test]
fn a_branch_with_merges_is_merged() {
    let two = Two::with(&[("k01", "a")]);
    two.here.git(&["checkout", "-q", "-b", "side"]);
    two.here.manifest_of(&[("k01", "a"), ("k02", "side")]);
    two.here.git(&["commit", "-q", "-a", "-m", "Side"]);
    two.here.git(&["checkout", "-q", "main"]);
    two.here.git(&["merge", "-q", "--no-ff", "-m", "Merges side", "side"]);
    let mine = two.here.git(&["rev-parse", "HEAD"]);
    two.publishes(&[("k00", "theirs"), ("k01", "a")]);
    two.here.bkt(&["repo", "pull"]).exits(0);
    assert_eq!(two.here.git(&["rev-parse", "HEAD^1"]), mine);
    let all = items(&[("k00", "theirs"), ("k01", "a"), ("k02", "side")]);
    assert_eq!(two.here.wanted(), all);
    assert_eq!(two.here.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_pull_killed_anywhere_is_finished_by_the_next_one() {
    let two = Two::with(&[("k01", "a"), ("k02", "b")]);
    two.here.manifest_of(&[("k01", "a"), ("k02", "mine")]);
    two.here.git(&["commit", "-q", "-a", "-m", "Mine"]);
    two.here.manifest_of(&[("k01", "a"), ("k02", "mine"), ("k03", "edit")]);
    two.there.write("repo/new/file.txt", "new\n");
    std::fs::remove_file(two.there.path("repo/notes.txt")).unwrap();
    two.publishes(&[("k01", "theirs"), ("k02", "b")]);
    let keep = |from: &str, to: &str| {
        let copy = format!("rm -rf {to} && mkdir {to} && cp -a {from}/repo {from}/home {to}/");
        let done =
            two.here.command("sh").current_dir(two.here.path("")).args(["-c", &copy]).status();
        assert!(done.unwrap().success());
    };
    keep(".", "kept");
    let wanted = items(&[("k01", "theirs"), ("k02", "mine"), ("k03", "edit")]);
    let log = two.here.path("strace");
    let (mut deaths, mut said) = (0, 0);
    // Before it starts a program, which takes two pipes each, and where it changes something itself.
    for (call, step) in [("pipe2", 13), ("rename", 1), ("unlink", 3), ("flock", 1), ("fsync", 2)] {
        for number in (1..).step_by(step) {
            let restore = "rm -rf repo home && cp -a kept/repo kept/home .";
            let done = two
                .here
                .command("sh")
                .current_dir(two.here.path(""))
                .args(["-c", restore])
                .status();
            assert!(done.unwrap().success());
            let trace = format!("trace={call}");
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let mut command = two.here.command("strace");
            // Only bkt itself: what it began in git is there as it is.
            command.args(["-qq", "-o"]).arg(&log).args(["-e", &trace, "-e", &inject]);
            let output = command.arg(BKT).args(["repo", "pull"]).output().unwrap();
            if output.status.success() {
                break;
            }
            deaths += 1;
            let place = format!("killed at {call} number {number}: {output:?}");
            let again = two.here.bkt(&["repo", "pull"]);
            assert_eq!(again.code, 0, "{place}: {again:?}");
            said += usize::from(again.out.contains("interrupted is finished"));
            assert_eq!(two.here.wanted(), wanted, "{place}: {again:?}");
            assert!(!two.here.path("repo/notes.txt").exists(), "{place}");
            assert!(two.here.path("repo/new/file.txt").exists(), "{place}");
            let status = two.here.git(&["status", "--porcelain"]);
            assert_eq!(status, " M manifests/gsettings.json\n", "{place}");
            let log = two.here.git(&["log", "--format=%s", "-1"]);
            assert_eq!(log, "Mine\n", "{place}");
            assert!(!two.here.path("repo/.git/bkt-pull.json").exists(), "{place}");
        }
    }
    assert!(deaths > 12 && said > 0, "{deaths} deaths, {said} finished");
}

#[test]
fn what_was_edited_after_an_interrupted_pull_is_not_written_over() {
    let two = Two::with(&[("k01", "a")]);
    two.publishes(&[("k01", "b")]);
    two.here.bkt(&["repo", "pull"]).exits(0);
    let commit = |name: &str| two.here.git(&["rev-parse", name]).trim().to_owned();
    let record = json!({
        "version": 1, "before": "refs/bkt/before-pull/1", "branch": "refs/heads/main",
        "head": commit("HEAD^"), "tip": commit("HEAD"),
        "work": commit("HEAD^^{tree}"), "to": commit("HEAD^{tree}"), "index": commit("HEAD^{tree}"),
    });
    two.here.git(&["reset", "-q", "--hard", "HEAD^"]);
    two.here.write("repo/.git/bkt-pull.json", &record.to_string());
    two.here.manifest_of(&[("k01", "edited since")]);
    let before = everything(&two.here);
    two.here.bkt(&["repo", "status"]).exits(0).says("a pull was interrupted");
    let run = two.here.bkt(&["repo", "pull"]).exits(1);
    run.says("“manifests/gsettings.json” was changed since").says("refs/bkt/before-pull/1");
    assert_eq!(everything(&two.here), before);
}

#[test]
fn eight_at_once_all_succeed_or_say_why() {
    let two = Two::with(&[("k01", "a")]);
    let mut here = two.here;
    for number in 2..6 {
        here.set(&format!("k0{number}"), "captured");
    }
    two.there.manifest_of(&[("k01", "theirs"), ("k20", "new")]);
    two.there.commit();
    two.there.git(&["push", "-q"]);
    let children: Vec<_> = (0..8)
        .map(|number| {
            let mut command = here.command(BKT);
            match number % 2 {
                0 => command.args(["repo", "pull"]),
                _ => command.args(["capture", "-i", &format!("k0{}", 2 + number / 2)]),
            };
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut captured = Vec::new();
    let mut pulled = 0;
    for (number, child) in children.into_iter().enumerate() {
        let run = Run::of(child.wait_with_output().unwrap());
        let why = run.err.contains("meanwhile") || run.err.contains("another program");
        assert!(run.code == 0 || why, "{run:?}");
        match number % 2 {
            0 => pulled += usize::from(run.code == 0),
            _ if run.code == 0 => captured.push(format!("k0{}", 2 + number / 2)),
            _ => (),
        }
    }
    assert!(pulled > 0);
    let wanted = here.wanted();
    assert_eq!((wanted["k01"].as_str(), wanted["k20"].as_str()), ("theirs", "new"));
    assert!(captured.iter().all(|key| wanted[key] == "captured"), "{captured:?} {wanted:?}");
    assert_eq!(here.git(&["rev-parse", "HEAD"]), two.there.git(&["rev-parse", "HEAD"]));
    assert_eq!(here.git(&["status", "--porcelain"]), " M manifests/gsettings.json\n");
}

#[test]
fn a_distribution_is_cloned_shown_and_used_after_a_yes() {
    let two = Two::with(&[("k01", "a"), ("k02", "b")]);
    let new = Sandbox::new();
    let remote = two.here.path("remote.git").display().to_string();
    new.bkt(&["repo", "clone", &remote])
        .exits(0)
        .says("~/remote")
        .says("2 items")
        .says("not in use");
    assert!(new.path("home/remote/manifests/gsettings.json").exists());
    let used = new.bkt(&["repo", "path"]).exits(0).out;
    new.bkt(&["repo", "clone", &remote]).exits(1).says("is there already");
    let json = new.bkt(&["repo", "clone", "-y", "--json", &remote, "../mine"]).exits(0).json();
    assert_eq!((&json["used"], &json["contents"][0]["items"]), (&json!(true), &json!(2)));
    let known = new.read("home/.local/state/bkt/repos.json");
    let current = serde_json::from_str::<serde_json::Value>(&known).unwrap()["current"].clone();
    assert_eq!(current, new.path("mine").canonicalize().unwrap().to_str().unwrap(), "was {used}");
    new.bkt(&["repo", "clone", "--", "--upload-pack=touch"]).exits(1).says("not an address");
    new.git(&["init", "-q", "--bare", "../empty.git"]);
    new.bkt(&["repo", "clone", "../empty.git"]).exits(1).says("is not a distribution");
    assert!(!new.path("home/empty").exists());
    let run = new.bkt(&["repo", "clone", "../none.git"]).exits(1);
    let run = run.says("../none.git could not be cloned").says("at the address");
    for wrong in ["bkt-clone", "Cloning into", "git remote"] {
        assert!(!run.err.contains(wrong), "{run:?}");
    }
    let left = std::fs::read_dir(new.path("home")).unwrap();
    assert!(
        left.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with(".bkt-clone"))
    );
}

#[test]
fn status_says_how_the_checkout_stands_and_fetches_nothing() {
    let two = Two::with(&[("k01", "a")]);
    two.publishes(&[("k01", "b")]);
    two.here.manifest_of(&[("k01", "c")]);
    two.here.write("repo/notes.txt", "x\n");
    let json = two.here.bkt(&["repo", "status", "--json"]).exits(0).json();
    let git = &json["git"];
    assert_eq!(
        (&git["name"], &git["upstream"]["upstream"], &git["upstream"]["behind"]),
        (&json!("main"), &json!("origin/main"), &json!(0))
    );
    assert_eq!(git["ours"][0]["path"], json!("manifests/gsettings.json"));
    assert_eq!(git["others"][0]["path"], json!("notes.txt"));
    two.here.git(&["fetch", "-q"]);
    let run = two.here.bkt(&["repo", "status"]).exits(0);
    run.says("main")
        .says("1 behind")
        .says("Not committed: 1 file of Bucket's")
        .says("1 other file");
}

#[test]
fn git_itself_can_merge_with_it() {
    let two = Two::with(&[("k01", "a")]);
    let missing = two.here.bkt(&["repo", "merge-driver", "a", "b", "c", "d"]).exits(1);
    missing.says("could not be read");
    assert!(!two.here.path("repo/b").exists());
    let driver = format!("{BKT} repo merge-driver %O %A %B %P");
    two.here.git(&["config", "merge.bkt.driver", &driver]);
    two.here.write("repo/.git/info/attributes", "manifests/**/*.json merge=bkt\n");
    two.here.manifest_of(&[("k01", "a"), ("k02", "mine")]);
    two.here.git(&["commit", "-q", "-a", "-m", "Mine"]);
    two.publishes(&[("k01", "a"), ("k03", "theirs")]);
    two.here.git(&["pull", "-q", "--rebase"]);
    assert_eq!(two.here.wanted(), items(&[("k01", "a"), ("k02", "mine"), ("k03", "theirs")]));
}

#[test]
fn the_development_boxs_sections_are_made_of_both_sides() {
    const FILE: &str = "repo/toolbox/Containerfile";
    let two = Two::with(&[]);
    let manifest = |sandbox: &Sandbox, packages: &[&str], npm: &[&str]| {
        let npm: Vec<_> = npm.iter().map(|name| json!({ "name": name })).collect();
        let toolchains = json!({ "rustup": { "default": "stable" }, "npm": npm });
        let text = json!({ "packages": packages, "toolchains": toolchains }).to_string();
        sandbox.write("repo/manifests/toolbox-packages.json", &text);
    };
    manifest(&two.here, &["a", "z"], &[]);
    let sections = ["TOOLBOX_PACKAGES", "TOOLCHAINS"]
        .map(|name| format!("# === {name} (managed by bkt) ===\n# === END {name} ===\n\n"));
    two.here.write(FILE, &format!("FROM base\n\n{}# why\n\nRUN true\n", sections.concat()));
    two.here.bkt(&["containerfile", "sync"]).exits(0);
    two.here.commit();
    two.here.git(&["push", "-q"]);
    two.there.git(&["pull", "-q"]);
    manifest(&two.there, &["a", "there", "z"], &[]);
    two.there.write(FILE, &two.there.read(FILE).replace("FROM base", "FROM other"));
    manifest(&two.here, &["a", "here", "z"], &["typescript"]);
    two.here.write(FILE, &two.here.read(FILE).replace("RUN true", "RUN false"));
    for sandbox in [&two.there, &two.here] {
        sandbox.bkt(&["containerfile", "sync"]).exits(0);
        sandbox.commit();
    }
    two.there.git(&["push", "-q"]);
    two.here.bkt(&["repo", "pull"]).exits(0);
    let text = two.here.read(FILE);
    for word in
        ["      here \\\n      there \\\n", "      npm;", "rustup", "FROM other", "RUN false"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    two.here.bkt(&["containerfile", "check"]).exits(0);
    assert_eq!(two.here.git(&["status", "--porcelain"]), "", "all of it in the commit");
}
