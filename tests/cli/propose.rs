//! Pull requests: what they hold, what the checkout is like before and after, and what is said when a step fails.
//!
//! git and the remote, a bare repository, are real; gh, glab and tea are stand-ins in `tests/standins/`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value as Json;

use crate::sandbox::{BKT, Run, SCHEMA, Sandbox, items};

const ADDRESS: &str = "https://github.com/owner/dist.git";

/// A machine whose repository is on a forge, as git sees it at `address`.
fn on_forge(address: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins");
    let path = std::env::var("PATH").unwrap();
    sandbox.vars.insert("PATH", format!("{}:{path}", stand_ins.display()).into());
    fs::create_dir_all(sandbox.path("home/forge")).unwrap();
    sandbox.manifest_of(&[("k01", "one"), ("k02", "two")]);
    sandbox.write("repo/notes.txt", "old\n");
    sandbox.commit();
    let bare = sandbox.path("remote.git");
    sandbox.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
    let instead = format!("url.{}.insteadOf", bare.display());
    sandbox.git(&["config", &instead, address]);
    sandbox.git(&["remote", "add", "origin", address]);
    sandbox.git(&["push", "-q", "-u", "origin", "main"]);
    sandbox.git(&["remote", "set-head", "origin", "main"]);
    sandbox
}

fn signed_in(address: &str, program: &str) -> Sandbox {
    let sandbox = on_forge(address);
    sandbox.write(&format!("home/forge/{program}-signed-in"), "");
    sandbox
}

fn in_bare(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut git = sandbox.command("git");
    Run::of(git.current_dir(sandbox.path("remote.git")).args(args).output().unwrap()).exits(0).out
}

/// The branches of requests on the remote.
fn pushed(sandbox: &Sandbox) -> Vec<String> {
    let said = in_bare(sandbox, &["for-each-ref", "--format=%(refname:short)", "refs/heads/bkt"]);
    said.lines().map(str::to_owned).collect()
}

/// The one branch of a request on the remote.
#[track_caller]
fn branch(sandbox: &Sandbox) -> String {
    let all = pushed(sandbox);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

/// What the manifest says on a branch of the remote.
fn says(sandbox: &Sandbox, branch: &str) -> String {
    in_bare(sandbox, &["show", &format!("{branch}:manifests/gsettings.json")])
}

/// The command lines that a stand-in got.
fn ran(sandbox: &Sandbox, program: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(sandbox.path(&format!("home/forge/{program}-ran")));
    let lines = text.unwrap_or_default();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Everything of the person's in the checkout: what is staged and what is not, branches, stashes, settings, files.
fn everything(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let git = |args: &[&str]| sandbox.git(args);
    let hash = "find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum; sha256sum .git/index .git/config .git/HEAD; cat .git/FETCH_HEAD 2>/dev/null";
    let files = sandbox.command("sh").args(["-c", hash]).output().unwrap();
    vec![
        ("status", git(&["--no-optional-locks", "status", "--porcelain=v2", "--branch"])),
        ("head", git(&["rev-parse", "HEAD"])),
        // A request's own branch, and what was fetched, is what may be new.
        (
            "refs",
            git(&[
                "for-each-ref",
                "--exclude=refs/remotes/origin/bkt",
                "--format=%(refname) %(objectname)",
            ]),
        ),
        ("stash", git(&["stash", "list"])),
        ("reflog", git(&["reflog"])),
        ("worktrees", git(&["worktree", "list"])),
        ("files", String::from_utf8(files.stdout).unwrap()),
    ]
}

/// Nothing is left of temporary worktrees.
#[track_caller]
fn tidy(sandbox: &Sandbox) {
    let find = "find home/.cache/bkt -mindepth 1 ! -name lock ! -type d 2>/dev/null; ls -d home/.cache/bkt/proposals/*/*/ 2>/dev/null; true";
    let found = sandbox.command("sh").current_dir(sandbox.path("")).args(["-c", find]).output();
    assert_eq!(String::from_utf8(found.unwrap().stdout).unwrap(), "");
    assert!(!sandbox.repo().join(".git/worktrees").exists());
}

/// A person in the middle of something else: another branch, staged, unstaged and new files, a stash.
fn busy(sandbox: &Sandbox) {
    sandbox.write("repo/notes.txt", "stashed\n");
    sandbox.git(&["stash", "-q"]);
    sandbox.git(&["checkout", "-q", "-b", "feature"]);
    sandbox.write("repo/feature.txt", "mine\n");
    sandbox.commit();
    sandbox.write("repo/staged.txt", "staged\n");
    sandbox.git(&["add", "staged.txt"]);
    sandbox.write("repo/staged.txt", "staged and changed\n");
    sandbox.write("repo/notes.txt", "changed\n");
    sandbox.write("repo/new file", "new\n");
}

fn hook(sandbox: &Sandbox, place: &str, text: &str) {
    let path = sandbox.path(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn set<'a>(key: &'a str, value: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["gsetting", "set", SCHEMA, key, value];
    args.extend(rest);
    args
}

#[test]
fn a_request_has_the_edit_and_nothing_else_and_the_checkout_keeps_everything() {
    let sandbox = signed_in(ADDRESS, "gh");
    busy(&sandbox);
    sandbox.manifest_of(&[("k01", "one"), ("k02", "new"), ("k03", "three")]);
    let before = everything(&sandbox);
    let run = sandbox.bkt(&["repo", "pr"]).exits(0);
    run.says("https://github.com/owner/dist/pull/12");
    assert_eq!(everything(&sandbox), before);
    tidy(&sandbox);

    let branch = branch(&sandbox);
    let log = in_bare(&sandbox, &["log", "--format=%s%n%b%an", &format!("main..{branch}")]);
    assert_eq!(log.matches("Test").count(), 1, "one commit: {log}");
    let files = in_bare(&sandbox, &["diff", "--name-only", "main", &branch]);
    assert_eq!(files, "changelog.json\nmanifests/gsettings.json\n");
    assert!(says(&sandbox, &branch).contains("three"));
    let changelog: Json =
        serde_json::from_str(&in_bare(&sandbox, &["show", &format!("{branch}:changelog.json")]))
            .unwrap();
    assert_eq!(changelog["unreleased"].as_array().unwrap().len(), 2);
    assert_eq!(changelog["unreleased"][0]["draft"], true);

    let asked = ran(&sandbox, "gh").pop().unwrap();
    assert_eq!(
        asked[..8],
        ["pr", "create", "--repo", "github.com/owner/dist", "--base", "main", "--head", &branch]
    );
    assert!(asked[8].starts_with("--title=") && asked[9].starts_with("--body=- "), "{asked:?}");

    // Once more: the branch and the request are found.
    let commit = in_bare(&sandbox, &["rev-parse", &branch]);
    sandbox
        .bkt(&["repo", "pr"])
        .exits(0)
        .says("open already: https://github.com/owner/dist/pull/12");
    assert_eq!(self::branch(&sandbox), branch);
    assert_eq!(in_bare(&sandbox, &["rev-parse", &branch]), commit);
    assert_eq!(everything(&sandbox), before);
}

#[test]
fn whatever_fails_the_checkout_stays_as_it_is_and_it_is_said_how_far_it_came() {
    let no_branch = "No branch was pushed";
    type Step<'a> = (&'a str, fn(&Sandbox), i32, &'a [&'a str]);
    let steps: [Step<'_>; 8] = [
        (
            "fetch",
            |s| fs::rename(s.path("remote.git"), s.path("gone")).unwrap(),
            1,
            &["could not be reached", no_branch],
        ),
        (
            "worktree",
            |s| s.write("home/.cache/bkt/proposals", "a file where a directory should be"),
            1,
            &["proposals", no_branch],
        ),
        (
            "hook",
            |s| hook(s, "repo/.git/hooks/pre-commit", "echo the hook says no >&2; exit 1"),
            1,
            &["the hook says no", no_branch],
        ),
        (
            "sign",
            |s| {
                s.git(&["config", "commit.gpgSign", "true"]);
                s.git(&["config", "gpg.program", "false"]);
            },
            1,
            &["could not be signed", no_branch],
        ),
        (
            "push hook",
            |s| hook(s, "repo/.git/hooks/pre-push", "echo not to be pushed >&2; exit 1"),
            1,
            &["not to be pushed", no_branch],
        ),
        (
            "refused",
            |s| hook(s, "remote.git/hooks/pre-receive", "echo go away >&2; exit 1"),
            1,
            &["the remote refused", "go away", no_branch],
        ),
        (
            "request",
            |s| s.write("home/forge/gh-fails", "GraphQL: no"),
            5,
            &[
                "is pushed, but the pull request could not be made",
                "GraphQL: no",
                "https://github.com/owner/dist/compare/main...bkt/",
            ],
        ),
        (
            "link",
            |s| {
                // Somebody has put a link that leads out into the remote's default branch.
                let committed = s.git(&["show", "HEAD:manifests/gsettings.json"]);
                fs::write(s.path("outside.json"), committed).unwrap();
                let kept = fs::read(s.manifest()).unwrap();
                s.git(&["stash", "-q", "-u"]);
                fs::remove_file(s.manifest()).unwrap();
                std::os::unix::fs::symlink(s.path("outside.json"), s.manifest()).unwrap();
                s.commit();
                s.git(&["push", "-q", "origin", "HEAD:main"]);
                s.git(&["reset", "-q", "--hard", "HEAD~"]);
                s.git(&["stash", "pop", "-q", "--index"]);
                assert_eq!(fs::read(s.manifest()).unwrap(), kept);
            },
            1,
            &["leads out of the repository", no_branch],
        ),
    ];
    for (name, break_it, code, words) in steps {
        let sandbox = signed_in(ADDRESS, "gh");
        sandbox.write("repo/staged.txt", "staged\n");
        sandbox.git(&["add", "staged.txt"]);
        sandbox.write("repo/notes.txt", "changed\n");
        sandbox.manifest_of(&[("k01", "edited"), ("k02", "two")]);
        break_it(&sandbox);
        let before = everything(&sandbox);
        let mut run = sandbox.bkt(&["--cli", "repo", "pr"]);
        assert_eq!(run.code, code, "{name}: {run:#?}");
        for word in words {
            run = run.says(word);
        }
        assert_eq!(everything(&sandbox), before, "{name}");
        assert!(!sandbox.repo().join(".git/worktrees").exists(), "{name}");
        if name == "link" {
            let committed = sandbox.git(&["show", "HEAD:manifests/gsettings.json"]);
            assert_eq!(sandbox.read("outside.json"), committed);
        }
        if name == "request" {
            // The branch is there: only the request is missing, and is all that is made.
            let commit = in_bare(&sandbox, &["rev-parse", &branch(&sandbox)]);
            fs::remove_file(sandbox.path("home/forge/gh-fails")).unwrap();
            sandbox.bkt(&["repo", "pr"]).exits(0).says("/pull/12");
            assert_eq!(in_bare(&sandbox, &["rev-parse", &branch(&sandbox)]), commit);
        } else if name != "fetch" {
            assert_eq!(pushed(&sandbox), [""; 0], "{name}");
        }
    }
}

#[test]
fn a_verb_acts_on_the_machine_then_on_the_manifest_and_then_asks() {
    let sandbox = signed_in(ADDRESS, "gh");
    sandbox.write("repo/notes.txt", "mine\n");
    let run = sandbox.in_session(&set("k03", "'new'", &["--pr"])).exits(0);
    run.says("2 changes made").says("Pull request: https://github.com/owner/dist/pull/12");
    assert_eq!(sandbox.value("k03").as_deref(), Some("new"));
    assert_eq!(sandbox.wanted()["k03"], "new");
    assert!(says(&sandbox, &branch(&sandbox)).contains("k03"));
    let status = sandbox.git(&["status", "--porcelain"]);
    assert_eq!(status, " M manifests/gsettings.json\n M notes.txt\n", "the edit stays uncommitted");
    // What others can see stays; the rest is taken back.
    let run = sandbox.in_session(&["undo", "-y"]).exits(0);
    run.says(&branch(&sandbox)).says("/pull/12");
    assert_eq!(sandbox.value("k03"), None);
    assert!(!sandbox.wanted().contains_key("k03"));
    assert_eq!(pushed(&sandbox).len(), 1);
}

#[test]
fn the_manifest_and_a_request_without_the_machine() {
    let sandbox = signed_in(ADDRESS, "gh");
    sandbox.bkt(&set("k03", "'new'", &["--pr-only"])).exits(0).says("/pull/12");
    assert_eq!(sandbox.value("k03"), None);
    assert_eq!(sandbox.wanted()["k03"], "new");
    assert!(says(&sandbox, &branch(&sandbox)).contains("k03"));
    let answer = sandbox.bkt(&set("k04", "'x'", &["--pr-only", "--json"])).exits(0).json();
    assert_eq!(answer["shared"]["proposed"]["request"], "https://github.com/owner/dist/pull/12");
    assert_eq!(answer["shared"]["workflow"], "pr");
}

#[test]
fn where_the_machine_cannot_be_changed_nothing_is_asked_for() {
    let sandbox = signed_in(ADDRESS, "gh");
    let before = everything(&sandbox);
    // Without a bus nothing can be written to dconf.
    sandbox.bkt(&set("k03", "'new'", &["--pr"])).exits(1);
    assert_eq!(everything(&sandbox), before);
    assert_eq!(pushed(&sandbox), [""; 0]);
    assert!(ran(&sandbox, "gh").is_empty());
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let sandbox = on_forge(ADDRESS);
    for two in [
        ["--local", "--pr"],
        ["--local", "--pr-only"],
        ["--local", "--manifest-only"],
        ["--manifest-only", "--pr"],
        ["--manifest-only", "--pr-only"],
        ["--pr", "--pr-only"],
        ["--pr", "--no-pr"],
        ["--pr-only", "--no-pr"],
    ] {
        sandbox.bkt(&set("k03", "'new'", &two)).exits(2);
    }
    sandbox.bkt(&["capture", "--pr", "--no-pr"]).exits(2);
    sandbox.bkt(&["image", "kargs", "append", "quiet", "--pr", "--no-pr"]).exits(2);
    sandbox.bkt(&["dnf", "install", "htop", "--containerfile-only", "--pr"]).exits(2);
}

#[test]
fn the_workflow_is_the_repositorys_or_follows_from_who_is_signed_in() {
    let mut sandbox = on_forge(ADDRESS);
    sandbox.set("k03", "a");
    sandbox.bkt(&["capture", "-i", "k03"]).exits(0).says("gh is not signed in there");
    assert_eq!(pushed(&sandbox), [""; 0]);
    sandbox.write("home/forge/gh-signed-in", "");
    sandbox.set("k04", "a");
    sandbox.bkt(&["capture", "-i", "k04", "--no-pr"]).exits(0);
    assert_eq!(pushed(&sandbox), [""; 0]);
    sandbox.set("k05", "a");
    let run = sandbox.bkt(&["capture", "-i", "k05"]).exits(0);
    run.says("because gh is signed in").says("/pull/12");
    let said = says(&sandbox, &branch(&sandbox));
    assert!(said.contains("k05") && !said.contains("k04"), "only what was captured now: {said}");
    sandbox.bkt(&set("k06", "'x'", &["--manifest-only"])).exits(0);
    assert_eq!(pushed(&sandbox).len(), 1);

    sandbox.write("repo/repo.json", "{ \"name\": \"d\", \"workflow\": \"edit\", \"later\": 1 }\n");
    sandbox.set("k07", "a");
    sandbox.bkt(&["capture", "-i", "k07"]).exits(0);
    assert_eq!(pushed(&sandbox).len(), 1);
    sandbox.write("repo/repo.json", "{ \"workflow\": \"often\" }\n");
    sandbox.set("k08", "a");
    sandbox.bkt(&["capture", "-i", "k08"]).exits(1).says("repo.json:1:15");
    assert!(!sandbox.wanted().contains_key("k08"));
}

#[test]
fn a_workflow_of_commits_commits_exactly_what_was_edited() {
    let mut sandbox = on_forge(ADDRESS);
    sandbox.write("repo/repo.json", "{ \"workflow\": \"commit\" }\n");
    sandbox.commit();
    sandbox.write("repo/staged.txt", "staged\n");
    sandbox.git(&["add", "staged.txt"]);
    sandbox.write("repo/notes.txt", "mine\n");
    sandbox.set("k03", "a");
    sandbox.bkt(&["capture", "-i", "k03"]).exits(0).says("Committed as");
    let files = sandbox.git(&["show", "--name-only", "--format="]);
    assert_eq!(files, "manifests/gsettings.json\n");
    let status = "A  staged.txt\n M notes.txt\n";
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(sandbox.git(&["status", "--porcelain"])), sorted(status.to_owned()));
    // A file that git does not know yet, and a hook that refuses: the index is as it was.
    hook(&sandbox, "repo/.git/hooks/pre-commit", "exit 1");
    sandbox.set("k04", "a");
    let run = sandbox.bkt(&["capture", "-i", "k04", "--layer", "host"]).exits(5);
    run.says("in your checkout, uncommitted");
    let mut now = sorted(sandbox.git(&["status", "--porcelain"]));
    now.retain(|line| line != "?? manifests/hosts/");
    assert_eq!(now, sorted(status.to_owned()));
}

/// Another machine changes the manifest on the remote.
fn elsewhere(sandbox: &Sandbox, settings: &[(&str, &str)]) {
    let kept = fs::read(sandbox.manifest()).unwrap();
    let tip = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["checkout", "-q", "--", "manifests"]);
    sandbox.manifest_of(settings);
    sandbox.git(&["commit", "-q", "-am", "elsewhere"]);
    sandbox.git(&["push", "-q", "origin", "+HEAD:main"]);
    sandbox.git(&["reset", "-q", "--hard", tip.trim()]);
    fs::write(sandbox.manifest(), kept).unwrap();
}

#[test]
fn what_moved_on_the_remote_is_joined_and_a_real_conflict_is_decided_by_a_person() {
    let sandbox = signed_in(ADDRESS, "gh");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    elsewhere(&sandbox, &[("k01", "one"), ("k02", "theirs"), ("k09", "new")]);
    sandbox.bkt(&["repo", "pr"]).exits(0);
    let said = says(&sandbox, &branch(&sandbox));
    assert!(said.contains("mine") && said.contains("theirs") && said.contains("k09"), "{said}");

    elsewhere(&sandbox, &[("k01", "other"), ("k02", "theirs")]);
    sandbox.manifest_of(&[("k01", "again"), ("k02", "two")]);
    let before = everything(&sandbox);
    let run = sandbox.bkt(&["repo", "pr"]).exits(4);
    run.says("k01 (value)").says("--force");
    assert_eq!(everything(&sandbox), before);
    assert_eq!(pushed(&sandbox).len(), 1);
    sandbox.bkt(&["repo", "pr", "--force"]).exits(0);
    let now = pushed(&sandbox).into_iter().find(|name| says(&sandbox, name).contains("again"));
    assert!(says(&sandbox, &now.unwrap()).contains("theirs"));

    sandbox.manifest_of(&[("k01", "other"), ("k02", "two")]);
    let count = pushed(&sandbox).len();
    sandbox.bkt(&["repo", "pr"]).exits(0).says("says all of it already");
    assert_eq!(pushed(&sandbox).len(), count);
    tidy(&sandbox);
}

#[test]
fn a_verbs_request_that_nobody_can_decide_on_ends_with_four() {
    let sandbox = signed_in(ADDRESS, "gh");
    elsewhere(&sandbox, &[("k01", "theirs"), ("k02", "two")]);
    let run = sandbox.bkt(&set("k01", "'mine'", &["--pr-only", "--cli"])).exits(4);
    run.says("the remote's default branch says something else by now");
    assert_eq!(sandbox.wanted()["k01"], "mine", "the checkout has it");
    assert_eq!(pushed(&sandbox), [""; 0]);
}

#[test]
fn the_containerfile_is_made_anew_on_the_remotes() {
    let sandbox = signed_in(ADDRESS, "gh");
    let file = "FROM registry.example/base\n# === KERNEL_ARGUMENTS (managed by bkt) ===\n# === END KERNEL_ARGUMENTS ===\n";
    sandbox.write("repo/Containerfile", &format!("{file}RUN one\n"));
    sandbox.commit();
    sandbox.git(&["push", "-q", "origin", "main"]);
    sandbox.write("repo/Containerfile", &format!("{file}RUN something else of mine\n"));
    sandbox.bkt(&["image", "kargs", "append", "quiet", "--pr"]).exits(0).says("/pull/12");
    let branch = branch(&sandbox);
    let made = in_bare(&sandbox, &["show", &format!("{branch}:Containerfile")]);
    assert!(made.contains("quiet") && made.contains("RUN one"), "{made}");
    let files = in_bare(&sandbox, &["diff", "--name-only", "main", &branch]);
    assert_eq!(files, "Containerfile\nchangelog.json\nmanifests/system-config.json\n");
}

#[test]
fn a_dry_run_shows_it_all_and_touches_nothing() {
    let sandbox = signed_in(ADDRESS, "gh");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    elsewhere(&sandbox, &[("k01", "one"), ("k02", "theirs")]);
    let before = everything(&sandbox);
    let refs = sandbox.git(&["for-each-ref"]);
    let run = sandbox.bkt(&["repo", "pr", "-n"]).exits(0);
    run.says("manifests/gsettings.json")
        .says("+")
        .says("'mine'")
        .says("git push")
        .says("gh pr create");
    sandbox.bkt(&set("k03", "'x'", &["--pr", "-n"])).exits(0).says("Branch: bkt/").says("dry run");
    assert_eq!(everything(&sandbox), before);
    assert_eq!(sandbox.git(&["for-each-ref"]), refs);
    assert_eq!(pushed(&sandbox), [""; 0]);
    tidy(&sandbox);
}

#[test]
fn without_a_program_that_is_signed_in_the_page_is_named() {
    let sandbox = on_forge(ADDRESS);
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    let run = sandbox.bkt(&["repo", "pr"]).exits(0).says("gh is not signed in there");
    let branch = branch(&sandbox);
    run.says(&format!("https://github.com/owner/dist/compare/main...{branch}?quick_pull=1&title="));
}

#[test]
fn gitlab_and_forgejo_are_asked_by_their_own_programs() {
    let sandbox = signed_in("git@gitlab.com:group/sub/dist.git", "glab");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    let url = "https://gitlab.com/group/sub/dist/-/merge_requests/7";
    sandbox.bkt(&["repo", "pr"]).exits(0).says(url);
    let asked = ran(&sandbox, "glab").pop().unwrap();
    assert_eq!(asked.last().unwrap(), "projects/group%2Fsub%2Fdist/merge_requests");
    assert!(asked.contains(&format!("--raw-field=source_branch={}", branch(&sandbox))));

    let sandbox = signed_in("ssh://git@codeberg.org/owner/dist.git", "tea");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    let elsewhere = sandbox.path("home");
    let mut command = sandbox.command(crate::sandbox::BKT);
    let repo = sandbox.repo();
    command.current_dir(elsewhere).args(["repo", "pr", "--repo", repo.to_str().unwrap()]);
    Run::of(command.output().unwrap()).exits(0).says("https://codeberg.org/owner/dist/pulls/3");
}

#[test]
fn a_remote_that_is_on_no_forge_is_said_before_anything_is_done() {
    let sandbox = on_forge(ADDRESS);
    sandbox.git(&["remote", "set-url", "origin", "https://me:secret@forge.example/o/r"]);
    let run = sandbox.bkt(&set("k03", "'x'", &["--pr-only"])).exits(1);
    assert!(!run.err.contains("secret"), "{run:?}");
    run.says("https://forge.example/o/r").says("\"forge\"");
    assert!(!sandbox.wanted().contains_key("k03"));
    sandbox.git(&["remote", "remove", "origin"]);
    sandbox.bkt(&set("k03", "'x'", &["--pr-only"])).exits(1).says("git remote add origin");
    // Nobody has asked for a request.
    sandbox.bkt(&set("k03", "'x'", &["--manifest-only"])).exits(0);
}

#[test]
fn what_a_killed_program_left_goes_with_the_next_request() {
    let sandbox = signed_in(ADDRESS, "gh");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    hook(&sandbox, "repo/.git/hooks/pre-commit", "kill -9 $(cat \"$HOME/pid\"); sleep 1; exit 1");
    let script = "echo $$ > \"$HOME/pid\"; exec \"$0\" repo pr";
    sandbox.command("sh").args(["-c", script, crate::sandbox::BKT]).output().unwrap();
    assert_eq!(
        sandbox.git(&["worktree", "list"]).lines().count(),
        2,
        "it was killed in the middle"
    );
    fs::remove_file(sandbox.path("repo/.git/hooks/pre-commit")).unwrap();
    sandbox.bkt(&["repo", "pr"]).exits(0);
    tidy(&sandbox);
}

#[test]
fn local_changes_become_one_commit_or_one_request() {
    let sandbox = on_forge(ADDRESS);
    sandbox.set_both(&[("k01", "one"), ("k02", "two")]);
    for key in ["k03", "k04", "k01"] {
        sandbox.in_session(&set(key, "'local'", &["--local"])).exits(0);
    }
    let list =
        || sandbox.bkt(&["local", "list", "--json"]).json()["changes"].as_array().unwrap().len();
    assert_eq!(list(), 3);
    sandbox.bkt(&["local", "commit", "-n"]).exits(0);
    assert_eq!(list(), 3);
    sandbox.bkt(&["local", "commit", &format!("{SCHEMA} k03")]).exits(0).says("Committed as");
    assert_eq!(list(), 2);
    assert_eq!(sandbox.git(&["show", "--name-only", "--format="]), "manifests/gsettings.json\n");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");

    // The manifest says something else of k01 by now.
    sandbox.manifest_of(&[("k01", "changed"), ("k02", "two"), ("k03", "local")]);
    sandbox.write("home/forge/gh-signed-in", "");
    sandbox.bkt(&["local", "commit", "--cli"]).exits(4).says("/pull/12");
    assert_eq!(
        sandbox.wanted(),
        items(&[("k01", "changed"), ("k02", "two"), ("k03", "local"), ("k04", "local")])
    );
    assert_eq!(list(), 1, "what has to be decided stays");
    sandbox.bkt(&["local", "commit", "--force", "--manifest-only"]).exits(0);
    assert_eq!(sandbox.wanted()["k01"], "local");
    assert_eq!(list(), 0);
    sandbox.bkt(&["local", "commit"]).exits(0).says("no local changes");
    sandbox.bkt(&["local", "commit", "nothing"]).exits(2);
}

#[test]
fn whoever_stops_it_finds_everything_as_it_was() {
    let sandbox = signed_in(ADDRESS, "gh");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    hook(&sandbox, "repo/.git/hooks/pre-commit", "touch \"$HOME/waits\"; exec sleep 300");
    let before = everything(&sandbox);
    let mut child = sandbox.command(crate::sandbox::BKT).args(["repo", "pr"]).spawn().unwrap();
    while !sandbox.path("home/waits").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let stop = sandbox.command("kill").arg(child.id().to_string()).status().unwrap();
    assert!(stop.success());
    assert!(!child.wait().unwrap().success());
    assert_eq!(everything(&sandbox), before);
    assert_eq!(pushed(&sandbox), [""; 0]);
    tidy(&sandbox);
}

#[test]
fn several_at_once_and_without_a_branch_all_get_their_request() {
    let sandbox = signed_in(ADDRESS, "gh");
    let keys = ["k01", "k02", "k03", "k04"];
    sandbox.git(&["checkout", "-q", "--detach"]);
    sandbox.manifest_of(&keys.map(|key| (key, "new")));
    let before = everything(&sandbox);
    let items = keys.map(|key| format!("{SCHEMA} {key}"));
    let start =
        |item: &String| sandbox.command(crate::sandbox::BKT).args(["repo", "pr", item]).spawn();
    let children: Vec<_> = items.iter().map(|item| start(item).unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(pushed(&sandbox).len(), keys.len());
    assert_eq!(everything(&sandbox), before);
    tidy(&sandbox);
}

#[test]
fn nobody_is_asked_for_a_password_or_a_name() {
    use std::io::{Read, Write};
    let mut sandbox = signed_in(ADDRESS, "gh");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "two")]);
    sandbox.vars.insert("GIT_AUTHOR_NAME", "".into());
    let before = everything(&sandbox);
    sandbox.bkt(&["repo", "pr"]).exits(1).says("git does not know who you are");
    // Nor is a name made up for what everybody reads.
    let mut made_up = sandbox.command(BKT);
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"]
    {
        made_up.env_remove(name);
    }
    let made_up = made_up.args(["repo", "pr"]).env("EMAIL", "me@example.org").output();
    Run::of(made_up.unwrap()).exits(1).says("git does not know who you are");
    // A server that lets nobody in.
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    assert_eq!(everything(&sandbox), before);
    let bare = format!("url.{}.insteadOf", sandbox.path("remote.git").display());
    sandbox.git(&["config", "--unset", &bare]);
    sandbox.git(&["config", &format!("url.{address}.insteadOf"), "https://github.com/"]);
    let before = everything(&sandbox);
    sandbox.bkt(&["repo", "pr"]).exits(1).says("did not let us in").says("credential helper");
    assert_eq!(everything(&sandbox), before);
    tidy(&sandbox);
}

#[test]
fn what_is_no_item_is_named_and_left_out() {
    let sandbox = signed_in(ADDRESS, "gh");
    sandbox.write("repo/manifests/ignore.json", "{\"ignore\":[]}\n");
    sandbox.bkt(&["repo", "pr"]).exits(0).says("manifests/ignore.json").says("is committed");
    sandbox.manifest_of(&[("k01", "mine"), ("k02", "other")]);
    sandbox.bkt(&["repo", "pr", &format!("{SCHEMA} k01")]).exits(0).says("manifests/ignore.json");
    let said = says(&sandbox, &branch(&sandbox));
    assert!(said.contains("mine") && said.contains("two"), "{said}");
    sandbox.bkt(&["repo", "pr", "k77"]).exits(2);
}

trait Both {
    fn set_both(&self, settings: &[(&str, &str)]);
}

impl Both for Sandbox {
    /// The machine and the manifest say the same, and both know.
    fn set_both(&self, settings: &[(&str, &str)]) {
        self.manifest_of(settings);
        self.in_session(&["apply", "-y"]).exits(0);
    }
}
