//! Commits: one in a temporary worktree for a request, and one of a few files on the branch that is checked out.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::{Proposal, Words, run, words_of};
use crate::engine::Engine;
use crate::host::git::{Git, GitError};

/// Commits `files`, which are all that changed in a worktree. Hooks and signing are the person's. Returns the commit.
pub(super) fn of_worktree(
    git: &Git<'_>,
    files: &[PathBuf],
    words: &Words,
    cancel: &CancellationToken,
) -> Result<String, GitError> {
    run(git, &with_paths(&["add", "--all", "--"], files), cancel)?;
    let mut commit =
        words_of(&["-c", "gc.auto=0", "-c", "maintenance.auto=false", "commit", "--quiet"]);
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

impl Engine {
    /// Commits `files` (absolute paths in the repository), as they are in the checkout, on the branch that is checked
    /// out. What else is in the index stays there, uncommitted. Returns the commit.
    pub fn commit_files(
        &self,
        files: &[PathBuf],
        proposal: &Proposal,
        unattended: bool,
        cancel: &CancellationToken,
    ) -> Result<String, GitError> {
        let git = self.git(unattended);
        let words = self.words(proposal);
        let root = &self.repo().root;
        let below = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).to_owned();
        let files: Vec<PathBuf> = files.iter().map(below).collect();
        // git commits only what it knows the name of.
        let known = run(&git, &with_paths(&["ls-files", "--"], &files), cancel)?;
        let known: Vec<&Path> = known.lines().map(Path::new).collect();
        let new = |path: &&PathBuf| !known.contains(&path.as_path()) && root.join(path).exists();
        let new: Vec<PathBuf> = files.iter().filter(new).cloned().collect();
        if !new.is_empty() {
            run(&git, &with_paths(&["add", "--intent-to-add", "--"], &new), cancel)?;
        }
        let mut commit = words_of(&["commit", "--quiet", "--only"]);
        commit.extend(messages(&words));
        commit.push("--".to_owned());
        let commit: Vec<&str> = commit.iter().map(String::as_str).collect();
        let done = run(&git, &with_paths(&commit, &files), cancel);
        if done.is_err() && !new.is_empty() {
            // The index is as it was; the error that matters is the one above.
            let _ = run(
                &git,
                &with_paths(&["reset", "--quiet", "--"], &new),
                &CancellationToken::new(),
            );
        }
        done?;
        head(&git)
    }
}
