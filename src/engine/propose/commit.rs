//! The commit of a request, in its temporary worktree.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{Words, run, words_of};
use crate::host::git::{Git, GitError};

/// Commits `files`, which are all that changed in a worktree. Hooks and signing are the person's. Returns the commit.
pub(super) fn of_worktree(
    git: &Git<'_>,
    files: &[PathBuf],
    words: &Words,
    cancel: &CancellationToken,
) -> Result<String, GitError> {
    run(git, &with_paths(&["add", "--all", "--"], files), cancel)?;
    // A name made up of the machine's is none to be published.
    let mut commit = words_of(&[
        "-c",
        "user.useConfigOnly=true",
        "-c",
        "gc.auto=0",
        "-c",
        "maintenance.auto=false",
        "commit",
        "--quiet",
    ]);
    commit.extend(messages(words));
    run(git, &commit, cancel)?;
    head(git)
}

fn head(git: &Git<'_>) -> Result<String, GitError> {
    git.commit("HEAD")?.ok_or_else(|| GitError::Odd { said: "HEAD".to_owned() })
}

fn messages(words: &Words) -> [String; 2] {
    [format!("--message={}", words.title), format!("--message={}", words.body)]
}

fn with_paths(args: &[&str], files: &[PathBuf]) -> Vec<String> {
    let mut all = words_of(args);
    // A name is a name, and no pattern.
    all.insert(0, "--literal-pathspecs".to_owned());
    all.extend(files.iter().map(|path| path.to_string_lossy().into_owned()));
    all
}
