//! How the repository's checkout stands, as far as this machine knows: nothing is fetched for it.

use std::path::Path;

use serde::Serialize;

use super::{Engine, pull};
use crate::host::command::RunError;
use crate::host::git::{Git, GitError, Head, Operation};

/// How the checkout stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checkout {
    /// The branch, also one without a commit; `None` where a commit is checked out without one.
    pub branch: Option<String>,
    /// The commit, in short; `None` where there is none yet.
    pub commit: Option<String>,
    /// The branch that is followed: "origin/main".
    pub upstream: Option<String>,
    /// Commits that only this checkout has.
    pub ahead: Option<usize>,
    /// Commits that only the upstream branch has, as of the last fetch.
    pub behind: Option<usize>,
    /// When anything was fetched last, in RFC 3339.
    pub fetched_at: Option<String>,
    /// Manifests that are not as the last commit has them, below the top.
    pub manifests_changed: Vec<String>,
    /// Other files that are not.
    pub others_changed: Vec<String>,
    /// What is begun and not ended: "rebase", "merge", "cherry-pick", "revert", "bisect".
    pub operation: Option<&'static str>,
    /// Whether a pull was cut off.
    pub pull_interrupted: bool,
}

impl Engine {
    /// How the checkout stands; `None` where the repository is none of git's, or there is no git.
    pub fn checkout(&self) -> anyhow::Result<Option<Checkout>> {
        // It may be a part of another repository, whose state is not ours to tell.
        if !self.repo.root.join(".git").exists() {
            return Ok(None);
        }
        let git = Git::new(&self.host, &self.repo.root);
        let state = match git.state() {
            // What needs git says so.
            Err(GitError::Run(RunError::NotFound { .. })) => return Ok(None),
            state => state?,
        };
        let branch = match state.head {
            Head::Branch(name) | Head::Unborn(name) => Some(name),
            Head::Detached(_) => None,
        };
        let is_manifest = |path: &str| Path::new(path).starts_with("manifests");
        let files = state.files.iter().map(|file| file.path.to_string_lossy().into_owned());
        let (manifests_changed, others_changed) = files.partition(|path| is_manifest(path));
        let fetched = std::fs::metadata(git.dir()?.join("FETCH_HEAD"));
        let fetched = fetched.and_then(|metadata| metadata.modified()).ok();
        let ahead = state.upstream.as_ref();
        Ok(Some(Checkout {
            branch,
            commit: git.ask(["rev-parse", "--short", "--verify", "--quiet", "HEAD"])?,
            ahead: ahead.and_then(|ahead| ahead.ahead),
            behind: ahead.and_then(|ahead| ahead.behind),
            upstream: state.upstream.map(|ahead| ahead.upstream),
            fetched_at: fetched
                .and_then(|time| jiff::Timestamp::try_from(time).ok())
                .map(|time| time.to_string()),
            manifests_changed,
            others_changed,
            operation: state.operation.map(|operation| match operation {
                Operation::Rebase => "rebase",
                Operation::Merge => "merge",
                Operation::CherryPick => "cherry-pick",
                Operation::Revert => "revert",
                Operation::Bisect => "bisect",
            }),
            pull_interrupted: pull::interrupted(&git)?.is_some(),
        }))
    }
}
