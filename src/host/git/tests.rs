use std::sync::Arc;

use super::*;
use crate::host::{Environment, command::Real};

struct Place {
    dir: tempfile::TempDir,
    host: Host,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::new(Environment::below(dir.path()), Arc::new(Real));
        let place = Self { dir, host };
        std::fs::create_dir(place.root()).unwrap();
        place.git().run(["init", "--quiet", "--initial-branch=main"]).unwrap();
        place
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    fn git(&self) -> Git<'_> {
        Git::new(&self.host, &self.root())
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.git().run(["add", "--all"]).unwrap();
        let who =
            ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false"];
        self.git().run(who.into_iter().chain(["commit", "--quiet", "-m", "x"])).unwrap();
    }
}

#[test]
fn a_checkout_is_read_as_it_stands() {
    let place = Place::new();
    assert_eq!(place.git().state().unwrap().head, Head::Unborn("main".to_owned()));
    assert_eq!(place.git().commit("HEAD").unwrap(), None);
    place.write("manifests/a.json", "{}\n");
    place.commit();
    place.write("manifests/a.json", "{ }\n");
    place.write("wéird \r name ", "");
    let state = place.git().state().unwrap();
    assert_eq!(state.head, Head::Branch("main".to_owned()));
    assert_eq!(state.upstream, None);
    let names: Vec<_> = state.files.iter().map(|file| file.path.to_str().unwrap()).collect();
    assert_eq!(names, ["manifests/a.json", "wéird \r name "]);
    place.write(".git/MERGE_HEAD", "");
    assert_eq!(place.git().state().unwrap().operation, Some(Operation::Merge));
}

#[test]
fn the_files_of_a_commit_stand_beside_the_checkout() {
    let place = Place::new();
    place.write("manifests/hosts/a/b.json", "{}  \r\n");
    place.commit();
    place.write("manifests/hosts/a/b.json", "changed");
    place.write("new", "");
    let before = place.git().state().unwrap();
    let tree = place.git().tree("HEAD").unwrap();
    let text = std::fs::read_to_string(tree.manifests_dir().join("hosts/a/b.json")).unwrap();
    assert_eq!(text, "{}  \r\n");
    assert!(!tree.root().join("new").exists());
    assert_eq!(place.git().state().unwrap(), before);
    let dir = tree.root();
    drop(tree);
    assert!(!dir.exists());
}

#[test]
fn what_git_refuses_is_told_apart() {
    let place = Place::new();
    place.write("a", "");
    place.git().run(["add", "a"]).unwrap();
    let who = ["-c", "user.name=", "-c", "user.email=", "commit", "-m", "x"];
    assert!(matches!(place.git().run(who), Err(GitError::Identity)));
    let elsewhere = Git::new(&place.host, place.dir.path());
    let error = elsewhere.state().unwrap_err();
    assert!(
        matches!(&error, GitError::NotOne { path, .. } if path == place.dir.path()),
        "{error:?}"
    );
    let error = place.git().run(["fetch", "/nowhere/at/all"]).unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error:?}");
    place.write(".git/index.lock", "");
    let error = place.git().run(["add", "a"]).unwrap_err();
    assert!(matches!(error, GitError::Busy { .. }), "{error:?}");
}
