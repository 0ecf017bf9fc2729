//! `bkt repo review`, `commit` and `push`, with real git, hooks, keys and remotes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::sandbox::{BKT, Run, Sandbox};

/// A repository with a commit and something that is not in it.
fn edited() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "a"), ("k02", "b")]);
    sandbox.write("repo/README.md", "# It\n");
    sandbox.commit();
    sandbox.manifest_of(&[("k02", "c"), ("k03", "d")]);
    sandbox.write("repo/README.md", "# It is\n");
    sandbox
}

fn subject(sandbox: &Sandbox) -> String {
    sandbox.git(&["show", "--no-patch", "--format=%s"]).trim().to_owned()
}

fn in_head(sandbox: &Sandbox) -> Vec<String> {
    let names = sandbox.git(&["show", "--format=", "--name-only", "-z"]);
    names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn hook(sandbox: &Sandbox, name: &str, text: &str) {
    let path = format!("repo/.git/hooks/{name}");
    sandbox.write(&path, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(sandbox.path(&path), PermissionsExt::from_mode(0o755)).unwrap();
}

/// A bare repository to push to.
fn remote(sandbox: &Sandbox) {
    let bare = sandbox.path("bare.git");
    sandbox.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
}

#[test]
fn what_changed_is_said_and_committed_with_a_message_that_says_it() {
    let sandbox = edited();
    let review = sandbox.bkt(&["repo", "review"]).exits(0);
    let review = review.says("On main").says("k01").says("k03").says("Other files");
    assert!(!review.out.contains("@@"), "{review:?}");
    sandbox.bkt(&["repo", "review", "--raw"]).exits(0).says("+# It is").says("--- a/README.md");
    let one = sandbox.bkt(&["repo", "review", "--raw", "README.md"]).exits(0);
    assert!(!one.out.contains("gsettings"), "{one:?}");
    let json = sandbox.bkt(&["repo", "review", "--json"]).exits(0).json();
    assert_eq!(json["changes"].as_array().unwrap().len(), 3);
    assert_eq!(json["checkout"]["name"], "main");
    let files = json["files"].as_array().unwrap();
    assert_eq!((&files[0]["path"], &files[0]["ours"]), (&json!("README.md"), &json!(false)));
    let schema = sandbox.bkt(&["schema", "review"]).exits(0).json();
    let required = schema["required"].as_array().unwrap();
    assert!(required.iter().all(|name| json.get(name.as_str().unwrap()).is_some()), "{schema}");

    let head = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.bkt(&["repo", "commit", "-n"]).exits(0).says("dry run").says("gsettings.json");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
    sandbox.bkt(&["repo", "commit"]).exits(0).says("Committed 1 file").says("1 other file");
    assert_eq!(in_head(&sandbox), ["manifests/gsettings.json"]);
    let message = sandbox.git(&["show", "--no-patch", "--format=%B"]);
    assert!(message.starts_with("Add ") && message.lines().count() >= 5, "{message}");
    assert!(message.lines().next().unwrap().contains("; remove "), "{message}");
    assert_eq!(sandbox.git(&["status", "--short"]), " M README.md\n");
    sandbox.bkt(&["repo", "commit"]).exits(0).says("nothing to commit");
    sandbox.bkt(&["repo", "commit", "--all", "-m", "# kept\n\n# too"]).exits(0);
    assert_eq!(sandbox.git(&["show", "--no-patch", "--format=%B"]).trim(), "# kept\n\n# too");
    sandbox.bkt(&["repo", "review"]).exits(0).says("Everything is committed");
    sandbox.bkt(&["repo", "commit", "nothing-of-it"]).exits(2).says("nothing-of-it");
}

#[test]
fn a_template_a_cleanup_and_a_comment_character_are_no_obstacle() {
    let sandbox = edited();
    sandbox.write("template", "TEMPLATE\n");
    for (name, value) in [
        ("commit.template", sandbox.path("template").to_str().unwrap()),
        ("commit.cleanup", "strip"),
        ("core.commentChar", "A"),
        ("commit.verbose", "true"),
        ("core.autocrlf", "true"),
    ] {
        sandbox.git(&["config", name, value]);
    }
    sandbox.bkt(&["repo", "commit"]).exits(0);
    assert!(subject(&sandbox).starts_with("Add "), "{}", subject(&sandbox));
    let json = sandbox.bkt(&["repo", "review", "--json"]).exits(0).json();
    assert_eq!(json["files"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn an_item_is_committed_with_its_file_and_names_that_are_patterns_are_only_names() {
    let sandbox = edited();
    for name in ["a*", "ab", ":(top)x", "-m"] {
        sandbox.write(&format!("repo/{name}"), "x\n");
    }
    sandbox.bkt(&["repo", "commit", "k03"]).exits(0);
    assert_eq!(in_head(&sandbox), ["manifests/gsettings.json"]);
    sandbox.bkt(&["repo", "commit", "a*", ":(top)x", "-m", "x"]).exits(0);
    assert_eq!(in_head(&sandbox), [":(top)x", "a*"]);
    // A path is also one from here.
    let mut below = sandbox.command(BKT);
    below.current_dir(sandbox.path("repo/manifests")).args(["repo", "commit", "../README.md"]);
    Run::of(below.output().unwrap()).exits(0);
    assert_eq!(in_head(&sandbox), ["README.md"]);
    sandbox.write("repo/manifests/hosts/x/gsettings.json", "{}\n");
    sandbox.write("repo/manifests/gsettings.json", "{}\n");
    let mut below = sandbox.command(BKT);
    below.current_dir(sandbox.path("repo/manifests")).args(["repo", "commit", "gsettings.json"]);
    Run::of(below.output().unwrap()).exits(0);
    assert_eq!(in_head(&sandbox), ["manifests/gsettings.json"]);
}

#[test]
fn hooks_may_refuse_and_may_change_what_is_committed() {
    let sandbox = edited();
    sandbox.write("repo/staged", "x\n");
    sandbox.git(&["add", "staged"]);
    sandbox.write("repo/manifests/new.json", "{}\n");
    hook(&sandbox, "pre-commit", "echo 'line too long' >&2; git add README.md; exit 1");
    let index = fs::read(sandbox.path("repo/.git/index")).unwrap();
    sandbox.bkt(&["repo", "commit"]).exits(1).says("pre-commit").says("line too long");
    assert_eq!(fs::read(sandbox.path("repo/.git/index")).unwrap(), index);
    hook(&sandbox, "pre-commit", "");
    hook(&sandbox, "commit-msg", "grep -q ticket $1");
    sandbox.bkt(&["repo", "commit"]).exits(1).says("commit-msg");
    assert_eq!(fs::read(sandbox.path("repo/.git/index")).unwrap(), index);
    sandbox.bkt(&["repo", "commit", "-m", "ticket"]).exits(0);
    assert_eq!(sandbox.git(&["status", "--short"]), " M README.md\nA  staged\n");
}

#[test]
fn nothing_is_committed_while_something_else_is_going_on() {
    for (mark, what) in [
        ("MERGE_HEAD", "a merge"),
        ("rebase-merge/x", "a rebase"),
        ("CHERRY_PICK_HEAD", "a cherry-pick"),
        ("REVERT_HEAD", "a revert"),
        ("BISECT_LOG", "a bisection"),
    ] {
        let sandbox = edited();
        let head = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.write(&format!("repo/.git/{mark}"), &head);
        sandbox.bkt(&["repo", "commit"]).exits(1).says(what).says("git ");
        assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
    }
    // And a merge that left conflicts.
    let sandbox = edited();
    sandbox.git(&["switch", "-q", "-c", "other"]);
    sandbox.bkt(&["repo", "commit"]).exits(0);
    sandbox.git(&["checkout", "-q", "--", "."]);
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.manifest_of(&[("k01", "z")]);
    sandbox.bkt(&["repo", "commit"]).exits(0);
    Run::of(sandbox.command("git").args(["merge", "other"]).output().unwrap()).exits(1);
    sandbox.bkt(&["repo", "review"]).exits(1).says("merge left it to be decided");
    sandbox.bkt(&["repo", "commit"]).exits(1).says("a merge is in progress");
}

#[test]
fn a_commit_on_no_branch_is_made_and_not_pushed() {
    let sandbox = edited();
    remote(&sandbox);
    sandbox.git(&["checkout", "-q", "--detach"]);
    sandbox.bkt(&["repo", "review"]).exits(0).says("On no branch");
    let run = sandbox.bkt(&["repo", "commit", "--push"]).exits(5).says("lost sight of");
    run.says("no branch is checked out").says("git switch -c");
    assert_eq!(sandbox.git(&["rev-list", "--count", "main..HEAD"]).trim(), "1");
}

#[test]
fn without_an_identity_nothing_is_made_up() {
    let mut sandbox = edited();
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"]
    {
        sandbox.vars.insert(name, "".into());
    }
    sandbox.bkt(&["repo", "commit"]).exits(1).says("git does not know who you are");
    assert_eq!(sandbox.git(&["status", "--short", "manifests"]), " M manifests/gsettings.json\n");
}

#[test]
fn a_push_goes_to_the_upstream_and_says_what_stands_in_its_way() {
    let sandbox = edited();
    sandbox.bkt(&["repo", "push"]).exits(1).says("git remote add");
    remote(&sandbox);
    sandbox
        .bkt(&["repo", "commit", "--push", "-n"])
        .exits(0)
        .says("would be pushed to origin/main");
    let run = sandbox.bkt(&["repo", "commit", "--push"]).exits(0);
    run.says("Pushed to origin/main, which this branch follows");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["rev-parse", "origin/main"]));
    // Somebody else was faster.
    let other = sandbox.path("other");
    sandbox.git(&[
        "clone",
        "-q",
        sandbox.path("bare.git").to_str().unwrap(),
        other.to_str().unwrap(),
    ]);
    let there = other.to_str().unwrap();
    sandbox.git(&["-C", there, "commit", "-q", "--allow-empty", "-m", "first"]);
    sandbox.git(&["-C", there, "push", "-q"]);
    let run = sandbox.bkt(&["repo", "commit", "--all", "--push", "--json"]).exits(5);
    assert!(run.err.contains("bkt repo pull"), "{run:?}");
    let json = run.json();
    assert!(json["committed"]["hash"].is_string() && json["error"].is_string(), "{json}");
    sandbox.bkt(&["repo", "push"]).exits(1).says("bkt repo pull");
    // A branch of another name.
    sandbox.git(&["config", "branch.main.merge", "refs/heads/theirs"]);
    sandbox.bkt(&["repo", "push"]).exits(0).says("Pushed to origin/theirs.");
}

#[test]
fn a_remote_that_asks_for_a_password_gets_none_and_says_so() {
    use std::io::{Read, Write};
    let sandbox = edited();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    sandbox.git(&["remote", "add", "origin", &format!("http://127.0.0.1:{port}/x.git")]);
    sandbox.bkt(&["repo", "push"]).exits(1).says("did not let us in").says("credential helper");
}

#[test]
fn a_broken_manifest_and_a_secret_wait_for_a_word() {
    let sandbox = edited();
    sandbox.write("repo/manifests/flatpak-apps.json", "{\"apps\": [");
    sandbox.bkt(&["repo", "review"]).exits(1).says("flatpak-apps.json:1:");
    sandbox.bkt(&["repo", "commit"]).exits(5).says("Committed 1 file").says("--force");
    sandbox.bkt(&["repo", "commit", "flatpak-apps.json"]).exits(1).says("--force");
    sandbox.bkt(&["repo", "commit", "flatpak-apps.json", "--force"]).exits(0);
    fs::remove_file(sandbox.path("repo/manifests/flatpak-apps.json")).unwrap();
    sandbox.bkt(&["repo", "commit"]).exits(0);
    sandbox.write("repo/systemd/x.service", "[Service]\nEnvironment=API_TOKEN=abc123x\n");
    sandbox.bkt(&["repo", "review"]).exits(0).says("looks like a secret");
    sandbox.bkt(&["repo", "commit"]).exits(4).says("--secrets");
    assert_eq!(sandbox.git(&["status", "--short", "systemd"]), "?? systemd/\n");
    sandbox.bkt(&["repo", "commit", "--secrets"]).exits(0);
}

#[test]
fn signing_works_with_a_key_that_is_open_and_says_where_it_does_not() {
    let sandbox = edited();
    let key = sandbox.path("key");
    let make = |path: &Path, words: &str| {
        let mut command = sandbox.command("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", words, "-f"]).arg(path);
        assert!(command.status().expect("ssh-keygen is needed: openssh-client has it").success());
    };
    make(&key, "");
    sandbox.git(&["config", "gpg.format", "ssh"]);
    sandbox.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    sandbox.git(&["config", "commit.gpgSign", "true"]);
    sandbox.bkt(&["repo", "commit"]).exits(0);
    assert!(sandbox.git(&["cat-file", "commit", "HEAD"]).contains("BEGIN SSH SIGNATURE"));
    let locked = sandbox.path("locked");
    make(&locked, "a long word");
    let index = fs::read(sandbox.path("repo/.git/index")).unwrap();
    for key in [locked.to_str().unwrap(), "/nowhere/at/all"] {
        sandbox.git(&["config", "user.signingKey", key]);
        let run = sandbox.bkt(&["repo", "commit", "--all"]).exits(1);
        run.says("could not be signed").says("Unlock the key");
    }
    sandbox.git(&["config", "gpg.format", "openpgp"]);
    sandbox.git(&["config", "user.signingKey", "ABCDEF01"]);
    sandbox.bkt(&["repo", "commit", "--all"]).exits(1).says("could not be signed");
    sandbox.git(&["config", "gpg.program", "no-such-program"]);
    sandbox.bkt(&["repo", "commit", "--all"]).exits(1).says("could not be signed");
    assert_eq!(fs::read(sandbox.path("repo/.git/index")).unwrap(), index);
}

#[test]
fn gpg_signs_with_an_open_key_and_a_locked_one_is_said() {
    let mut sandbox = edited();
    let home = sandbox.path("gpg");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, PermissionsExt::from_mode(0o700)).unwrap();
    sandbox.vars.insert("GNUPGHOME", home.clone().into());
    let gpg = |words: &str, who: &str| {
        let mut command = sandbox.command("gpg");
        command.args(["--batch", "--quiet", "--pinentry-mode=loopback", "--passphrase", words]);
        command.args(["--quick-generate-key", who, "ed25519", "sign"]);
        assert!(command.status().expect("gpg is needed: install gnupg").success());
    };
    gpg("", "Open <open@example.org>");
    gpg("a long word", "Locked <locked@example.org>");
    sandbox.git(&["config", "commit.gpgSign", "true"]);
    sandbox.git(&["config", "user.signingKey", "open@example.org"]);
    sandbox.bkt(&["repo", "commit"]).exits(0);
    assert!(sandbox.git(&["cat-file", "commit", "HEAD"]).contains("BEGIN PGP SIGNATURE"));
    // The agent that made the key still knows its words.
    let kill = || drop(sandbox.command("gpgconf").args(["--kill", "all"]).status());
    kill();
    sandbox.git(&["config", "user.signingKey", "locked@example.org"]);
    let run = sandbox.bkt(&["--cli", "repo", "commit", "--all", "-m", "x"]);
    kill();
    run.exits(1).says("could not be signed");
    assert_eq!(sandbox.git(&["status", "--short"]), " M README.md\n");
}

#[test]
fn a_worktree_a_shallow_clone_a_sparse_checkout_and_a_submodule_are_repositories_too() {
    let sandbox = edited();
    sandbox.bkt(&["repo", "commit", "--all"]).exits(0);
    let (tree, clone) = (sandbox.path("tree"), sandbox.path("clone"));
    let (at_tree, at_clone) = (tree.to_str().unwrap(), clone.to_str().unwrap());
    sandbox.git(&["worktree", "add", "-q", "-b", "side", at_tree]);
    let url = format!("file://{}", sandbox.repo().display());
    sandbox.git(&["clone", "-q", "--depth=1", &url, at_clone]);
    sandbox.write("clone/files/a", "a\n");
    sandbox.write("clone/docs/b", "b\n");
    sandbox.git(&["-C", at_clone, "add", "."]);
    sandbox.git(&["-C", at_clone, "commit", "-q", "-m", "more"]);
    sandbox.git(&["-C", at_clone, "sparse-checkout", "set", "files"]);
    assert!(!sandbox.path("clone/manifests").exists());
    for (root, name) in [(at_tree, "tree"), (at_clone, "clone")] {
        if name == "clone" {
            fs::create_dir_all(clone.join("manifests")).unwrap();
        }
        let review = sandbox.bkt(&["--repo", root, "repo", "review", "--json"]).exits(0).json();
        assert_eq!(review["changes"], json!([]), "what is left out is no change: {review}");
        sandbox.write(
            &format!("{name}/manifests/host-shims.json"),
            "{\"shims\": [{\"name\": \"x\"}]}\n",
        );
        sandbox.bkt(&["--repo", root, "repo", "commit"]).exits(0);
        let message = sandbox.git(&["-C", root, "show", "--no-patch", "--format=%s"]);
        assert!(message.contains('x'), "{message}");
        assert_eq!(sandbox.git(&["-C", root, "status", "--short"]), "");
    }
    let sub = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", &url, "sub"];
    sandbox.git(&sub);
    sandbox.git(&["commit", "-q", "-m", "with another"]);
    sandbox.git(&["-C", "sub", "commit", "-q", "--allow-empty", "-m", "more"]);
    sandbox.bkt(&["repo", "review"]).exits(0).says("a repository of its own");
    sandbox.bkt(&["repo", "commit"]).exits(0).says("nothing to commit");
    sandbox.bkt(&["repo", "commit", "sub", "-m", "x"]).exits(0);
    assert_eq!(in_head(&sandbox), ["sub"]);
}

#[test]
fn a_pipe_where_a_file_was_keeps_nobody_waiting() {
    let sandbox = edited();
    fs::remove_file(sandbox.path("repo/README.md")).unwrap();
    let pipe = sandbox.path("repo/README.md");
    Run::of(sandbox.command("mkfifo").arg(&pipe).output().unwrap()).exits(0);
    let review = ["20", BKT, "repo", "review"];
    let run = Run::of(sandbox.command("timeout").args(review).output().unwrap()).exits(0);
    run.says("README.md").says("no regular file");
    sandbox.bkt(&["repo", "commit"]).exits(0).says("Committed 1 file");
    let manifest = sandbox.manifest();
    fs::remove_file(&manifest).unwrap();
    Run::of(sandbox.command("mkfifo").arg(&manifest).output().unwrap()).exits(0);
    for args in [&["repo", "review"][..], &["repo", "status"], &["status"]] {
        let args = ["20", BKT].iter().chain(args);
        let run = Run::of(sandbox.command("timeout").args(args).output().unwrap());
        run.exits(1).says("pipe");
    }
}

#[test]
fn files_that_moved_together_are_each_named_once() {
    let sandbox = edited();
    for n in 0..3 {
        sandbox.write(&format!("repo/old/{n}"), if n == 2 { "other\n" } else { "same\n" });
    }
    sandbox.commit();
    fs::rename(sandbox.path("repo/old"), sandbox.path("repo/new")).unwrap();
    let json = sandbox.bkt(&["repo", "review", "--json"]).exits(0).json();
    let became = |file: &serde_json::Value| (file["path"].clone(), file["other"].clone());
    let files: Vec<_> = json["files"].as_array().unwrap().iter().map(became).collect();
    for n in 0..3 {
        let (old, new) = (json!(format!("old/{n}")), json!(format!("new/{n}")));
        assert!(files.contains(&(old.clone(), new.clone())), "{files:?}");
        assert!(files.contains(&(new, old)), "{files:?}");
    }
}

#[test]
fn a_manifest_that_cannot_be_read_is_all_there_was_to_commit() {
    let sandbox = edited();
    sandbox.commit();
    sandbox.write("repo/manifests/gsettings.json", "{");
    let run = sandbox.bkt(&["repo", "commit"]).exits(1).says("Nothing was committed");
    assert!(!run.out.contains("nothing to commit"), "{run:?}");
}

#[test]
fn under_a_hook_of_git_it_is_still_this_repository() {
    let mut sandbox = edited();
    let other = sandbox.path("other");
    sandbox.git(&["init", "-q", other.to_str().unwrap()]);
    sandbox.vars.insert("GIT_DIR", other.join(".git").into());
    sandbox.vars.insert("GIT_INDEX_FILE", other.join(".git/index.x").into());
    sandbox.bkt(&["repo", "commit"]).exits(0);
    sandbox.vars.clear();
    assert_eq!(in_head(&sandbox), ["manifests/gsettings.json"]);
}

#[test]
fn eight_that_commit_at_once_lose_nothing() {
    let sandbox = edited();
    sandbox.bkt(&["repo", "commit", "--all"]).exits(0);
    let before: usize = sandbox.git(&["rev-list", "--count", "HEAD"]).trim().parse().unwrap();
    for number in 0..8 {
        sandbox.write(&format!("repo/systemd/{number}.service"), "[Service]\n");
    }
    sandbox.write("repo/staged", "");
    sandbox.git(&["add", "staged"]);
    let runs: Vec<_> = (0..8)
        .map(|number| {
            let file = format!("systemd/{number}.service");
            let mut command = sandbox.command(BKT);
            command.args(["repo", "commit", &file]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for run in runs {
        Run::of(run.wait_with_output().unwrap()).exits(0).says("Committed 1 file");
    }
    let after: usize = sandbox.git(&["rev-list", "--count", "HEAD"]).trim().parse().unwrap();
    assert_eq!(after, before + 8);
    assert_eq!(sandbox.git(&["status", "--short"]), "A  staged\n");
    // All of them the same file: one does it, the others say so.
    sandbox.write("repo/systemd/0.service", "[Service]\nType=exec\n");
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let mut command = sandbox.command(BKT);
            command.args(["repo", "commit"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut made = 0;
    for run in runs {
        let run = Run::of(run.wait_with_output().unwrap());
        made += usize::from(run.out.contains("Committed"));
        assert!(
            run.out.contains("Committed")
                || run.out.contains("nothing to commit")
                || run.err.contains("nothing to commit"),
            "{run:?}"
        );
    }
    assert_eq!(made, 1);
}
