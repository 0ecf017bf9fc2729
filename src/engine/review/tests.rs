use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::engine::{Commit, CommitError, Committed};
use crate::host::command::Real;
use crate::host::git::Git;
use crate::host::{Environment, Host};
use crate::manifest::repo::{Found, Repo};

/// A repository of its own, with somebody who commits.
struct Place {
    dir: tempfile::TempDir,
    engine: Engine,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::new(Environment::below(dir.path()), Arc::new(Real));
        let root = dir.path().join("repo");
        std::fs::create_dir_all(root.join("manifests")).unwrap();
        let repo = Repo { root, id: "a-repository".into(), found: Found::Named, trusted: true };
        let place = Self { dir, engine: Engine::new(host, repo, crate::subsystem::all()) };
        place.git(&["init", "--quiet", "--initial-branch=main"]);
        place.git(&["config", "user.name", "A"]);
        place.git(&["config", "user.email", "a@example.org"]);
        place.git(&["config", "commit.gpgSign", "false"]);
        place
    }

    fn git(&self, args: &[&str]) -> String {
        let root = self.dir.path().join("repo");
        Git::new(self.engine.host(), &root).run(args.iter().copied()).unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("repo").join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn remotes(&self, names: &[&str]) {
        let list: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({ "name": name, "url": "https://example.org/", "scope": "user" }))
            .collect();
        let json = serde_json::json!({ "remotes": list });
        self.write("manifests/flatpak-remotes.json", serde_json::to_string_pretty(&json).unwrap());
    }

    fn commit_all(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "as it is"]);
    }

    fn commit(&self, paths: &[&str]) -> Result<Committed, CommitError> {
        let paths = paths.iter().map(PathBuf::from).collect();
        let commit = Commit { paths, message: "x\n".to_owned(), ..Commit::default() };
        let done = self.engine.commit(&commit, &mut |_| (), &CancellationToken::new());
        done.map_err(|error| error.downcast().unwrap())
    }
}

#[test]
fn the_meaning_comes_first_and_says_which_file_it_is_in() {
    let place = Place::new();
    place.remotes(&["one", "two"]);
    place.write("Containerfile", "FROM x\n");
    place.commit_all();
    assert!(place.engine.review().unwrap().is_empty());
    place.remotes(&["two", "three"]);
    place.write("Containerfile", "FROM y\n");
    place.write("README.md", "mine\n");
    let review = place.engine.review().unwrap();
    let titles: Vec<&str> = review.changes.iter().map(|one| &*one.change.title).collect();
    assert_eq!(titles, ["one", "three"]);
    let file = Path::new("manifests/flatpak-remotes.json");
    assert!(review.changes.iter().all(|one| one.files == [file]));
    let names: Vec<_> = review.files.iter().map(|file| file.path.to_str().unwrap()).collect();
    assert_eq!(names, ["Containerfile", "README.md", "manifests/flatpak-remotes.json"]);
    assert_eq!(review.files[2].changes, 2);
    assert_eq!((review.files[0].changes, review.files[1].ours), (0, false));
    let Content::Text { diff, .. } = &review.files[0].content else { panic!() };
    assert_eq!(diff, "--- a/Containerfile\n+++ b/Containerfile\n@@ -1 +1 @@\n-FROM x\n+FROM y\n");
    assert_eq!(review.default_paths(), [Path::new("Containerfile"), file]);
    assert!(review.message.starts_with("Add three; remove one\n\n- "), "{}", review.message);
    assert_eq!(review.message.lines().count(), 4);
}

#[test]
fn a_change_that_takes_two_files_is_in_both_and_each_other_one_in_its_own() {
    let place = Place::new();
    place.write("manifests/image-config.json", "{\"modules\": []}");
    place.commit_all();
    let files = r#"{"modules": [{"type": "files", "name": "etc", "files": [
        {"src": "system/etc/a.conf", "dest": "/etc/a.conf"}]}]}"#;
    place.write("manifests/image-config.json", files);
    place.write("system/etc/a.conf", "a = 1\n");
    let review = place.engine.review().unwrap();
    let both = ["manifests/image-config.json", "system/etc/a.conf"];
    assert_eq!(review.changes.len(), 2, "the module and its file: {review:#?}");
    assert_eq!(review.changes[0].files, both.map(PathBuf::from));
    place.commit_all();
    place.write("system/etc/a.conf", "a = 2\n");
    place.write("manifests/image-config.json", files.replace("[\n", "["));
    let review = place.engine.review().unwrap();
    assert_eq!(review.changes[0].files, [Path::new("system/etc/a.conf")]);
    assert_eq!(review.file(Path::new(both[0])).unwrap().changes, 0, "its text alone changed");
}

#[test]
fn what_is_no_text_or_no_file_is_said_as_such() {
    let place = Place::new();
    for name in ["binary", "latin", "mode", "gone", "moved", "manifests/link"] {
        place.write(name, name);
    }
    place.commit_all();
    place.write("binary", b"a\0b");
    place.write("latin", b"\xe9t\xe9");
    std::fs::set_permissions(place.path("mode"), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::remove_file(place.path("gone")).unwrap();
    std::fs::rename(place.path("moved"), place.path("moved here")).unwrap();
    std::fs::remove_file(place.path("manifests/link")).unwrap();
    symlink("/etc/passwd", place.path("manifests/link")).unwrap();
    place.write("large", "x\n".repeat(1 << 20));
    place.git(&["init", "--quiet", "nested"]);
    place.write("nested/file", "");
    let review = place.engine.review().unwrap();
    let file = |name: &str| review.file(Path::new(name)).unwrap();
    assert_eq!(file("binary").content, Content::Binary);
    assert_eq!(file("latin").content, Content::NotUtf8);
    assert_eq!(file("mode").modes, Some(("100644".to_owned(), "100755".to_owned())));
    assert!(matches!(&file("mode").content, Content::Text { diff, .. } if diff.is_empty()));
    assert_eq!(file("gone").happened, Happened::Deleted);
    assert_eq!(file("moved").happened, Happened::RenamedTo("moved here".to_owned()));
    assert_eq!(file("moved here").happened, Happened::RenamedFrom("moved".to_owned()));
    let Content::Link { before: None, after: Some(to) } = &file("manifests/link").content else {
        panic!("{review:#?}");
    };
    assert_eq!(to, "/etc/passwd");
    assert_eq!(file("large").content, Content::TooLarge);
    assert_eq!(file("nested/").content, Content::Repository);
    assert!(serde_json::to_string(&review).unwrap().contains("\"happened\":\"renamed-to\""));
}

#[test]
fn a_manifest_that_cannot_be_read_is_shown_and_not_committed_by_itself() {
    let place = Place::new();
    place.remotes(&["one"]);
    place.commit_all();
    place.write("manifests/flatpak-remotes.json", "{\"remotes\": [");
    place.write("manifests/kargs.txt", "x");
    let review = place.engine.review().unwrap();
    let broken = review.file(Path::new("manifests/flatpak-remotes.json")).unwrap();
    let why = broken.error.as_deref().unwrap();
    assert!(why.contains("flatpak-remotes.json:1:"), "{why}");
    assert_eq!(review.default_paths(), [Path::new("manifests/kargs.txt")]);
    assert!(review.problems.is_empty(), "{:?}", review.problems);
    let error = place.commit(&["manifests/flatpak-remotes.json"]).unwrap_err();
    assert!(matches!(error, CommitError::Broken { .. }), "{error:?}");
    // Once it is committed, what it was cannot be told; and that is no obstacle to making it good.
    place.commit_all();
    place.remotes(&["one"]);
    let review = place.engine.review().unwrap();
    assert!(review.files[0].error_before.is_some() && review.files[0].error.is_none());
    place.commit(&["manifests/flatpak-remotes.json"]).unwrap();
}

#[test]
fn exactly_the_named_files_are_committed_and_what_is_staged_stays_staged() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.write(name, "0\n");
    }
    place.commit_all();
    for name in ["a", "b", "c", "new", "other"] {
        place.write(name, "1\n");
    }
    place.git(&["add", "b", "other"]);
    place.write("b", "2\n");
    place.git(&["rm", "--quiet", "--cached", "c"]);
    let before = place.git(&["ls-files", "--stage", "b", "c", "other"]);
    let committed = place.commit(&["a", "new", "as-it-was"]).unwrap();
    assert_eq!(committed.files, ["a", "new"].map(PathBuf::from));
    assert_eq!(place.git(&["show", "--no-patch", "--format=%H"]).trim(), committed.hash);
    assert_eq!(place.git(&["ls-files", "--stage", "b", "c", "other"]), before);
    assert_eq!(place.git(&["status", "--short"]), "MM b\nD  c\nA  other\n?? c\n");
    assert!(place.engine.review().unwrap().file(Path::new("b")).unwrap().partly_staged);
    place.commit(&["b", "c"]).unwrap();
    assert_eq!(place.git(&["show", "HEAD:b"]), "2\n");
    assert_eq!(place.git(&["status", "--short"]), "A  other\n");
}

#[test]
fn a_commit_that_comes_to_nothing_leaves_the_index_as_it_was() {
    let place = Place::new();
    place.write("a", "0\n");
    place.commit_all();
    place.write("a", "1\n");
    place.write("staged", "");
    place.git(&["add", "staged"]);
    place.write("new", "");
    place.write(".git/hooks/pre-commit", "#!/bin/sh\necho Connection refused\ngit add a\nexit 1\n");
    std::fs::set_permissions(place.path(".git/hooks/pre-commit"), PermissionsExt::from_mode(0o755))
        .unwrap();
    let index = std::fs::read(place.path(".git/index")).unwrap();
    let CommitError::Hook { name, said } = place.commit(&["a", "new"]).unwrap_err() else {
        panic!();
    };
    assert_eq!((&*name, &*said), ("pre-commit", "Connection refused"));
    assert_eq!(std::fs::read(place.path(".git/index")).unwrap(), index);
    // One that changes what is committed, and adds to it.
    let hook = "#!/bin/sh\necho 2 > a\necho 3 > generated\ngit add a generated\n";
    place.write(".git/hooks/pre-commit", hook);
    let committed = place.commit(&["a", "new"]).unwrap();
    assert_eq!(committed.added_by_hook, [Path::new("generated")]);
    assert_eq!(place.git(&["show", "HEAD:a"]), "2\n");
    assert_eq!(place.git(&["status", "--short"]), "A  staged\n");
}

#[test]
fn the_first_commit_and_one_in_a_repository_without_git() {
    let place = Place::new();
    place.remotes(&["one"]);
    let review = place.engine.review().unwrap();
    assert_eq!(review.changes.len(), 1);
    place.commit(&["manifests/flatpak-remotes.json"]).unwrap();
    assert!(place.engine.review().unwrap().is_empty());
    std::fs::rename(place.path(".git"), place.path("git")).unwrap();
    assert_eq!(place.engine.standing().unwrap(), Standing::NotGit);
    assert!(place.engine.review().unwrap_err().is::<GitError>());
}
