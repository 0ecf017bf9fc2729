//! git, as a program that is never asked a question on a terminal: what it would ask, it fails with instead.
//!
//! Every verb runs with the person's own configuration, hooks and credential helpers. A password comes from a helper or
//! from the desktop's askpass; where there is neither, git says that it may not ask, and [`GitError::Credentials`] tells so.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::Host;
use super::command::RunError;
use crate::core::plan::Command;

mod error;
mod scratch;
mod state;

pub use error::GitError;
pub use scratch::{Blob, Changed, Scratch, Unmerged};
pub use state::{Ahead, FileState, Head, Operation, State, lossy};

/// Where desktops keep a program that asks for a password in a window, when `SSH_ASKPASS` does not say.
const ASKPASS: [&str; 4] = [
    "/usr/libexec/openssh/gnome-ssh-askpass",
    "/usr/libexec/seahorse/ssh-askpass",
    "/usr/lib/seahorse/ssh-askpass",
    "/usr/libexec/openssh/ssh-askpass",
];

/// git, in one checkout.
#[derive(Clone)]
pub struct Git<'h> {
    host: &'h Host,
    root: PathBuf,
    /// Nobody is there who could answer a window.
    unattended: bool,
}

/// A commit's files in a directory of their own, which goes with this value.
#[derive(Debug)]
pub struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    /// The top directory: what the repository's was.
    pub fn root(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    /// `manifests/`.
    pub fn manifests_dir(&self) -> PathBuf {
        self.root().join("manifests")
    }
}

impl<'h> Git<'h> {
    /// git in the checkout at `root`, which need not be one yet.
    pub fn new(host: &'h Host, root: &Path) -> Self {
        Self { host, root: root.to_owned(), unattended: false }
    }

    /// The same, for a service: no window asks for a password either.
    pub fn unattended(mut self, unattended: bool) -> Self {
        self.unattended = unattended;
        self
    }

    /// The same in another checkout.
    pub fn elsewhere(&self, root: &Path) -> Self {
        Self { root: root.to_owned(), ..self.clone() }
    }

    /// The checkout's top directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The command for `args`, with everything set that keeps git from asking or waiting for ever.
    pub fn command<I: IntoIterator<Item = S>, S: Into<String>>(&self, args: I) -> Command {
        let askpass = self.askpass();
        let command = Command::new("git")
            .arg("-C")
            .arg(self.root.to_string_lossy())
            // A transfer that stands still for half a minute is over.
            .args(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"])
            .args(args)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GCM_INTERACTIVE", "never")
            .env("GIT_EDITOR", "true")
            .env("GIT_PAGER", "cat")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("SSH_ASKPASS", askpass);
        match self.unattended {
            // Nothing that signs may wait for a person.
            true => command.env("GPG_TTY", "").env("DISPLAY", "").env("WAYLAND_DISPLAY", ""),
            false => command,
        }
    }

    /// What asks for a password: the person's choice, or the desktop's, or a program that gives none.
    fn askpass(&self) -> String {
        let desktop =
            ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| self.host.var(name).is_some());
        let none = "false".to_owned();
        if self.unattended || !desktop {
            return none;
        }
        let installed = ASKPASS.iter().find(|path| Path::new(path).exists());
        self.host
            .var("SSH_ASKPASS")
            .map(str::to_owned)
            .or_else(|| installed.map(|path| (*path).to_owned()))
            .unwrap_or(none)
    }

    /// Runs git. Returns the lines it wrote to standard output, each trimmed at its end.
    pub fn run<I: IntoIterator<Item = S>, S: Into<String>>(
        &self,
        args: I,
    ) -> Result<String, GitError> {
        self.run_long(args, &mut |_| (), &CancellationToken::new())
    }

    /// The same for what may take long: `line` hears what git says, `cancel` stops it.
    pub fn run_long<I: IntoIterator<Item = S>, S: Into<String>>(
        &self,
        args: I,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<String, GitError> {
        self.host.run(&self.command(args), line, cancel).map_err(GitError::from)
    }

    /// Runs a command of [`Self::command`]. Returns what it wrote, without the line's end.
    pub fn run_command(&self, command: &Command) -> Result<String, GitError> {
        let said = self.host.run(command, &mut |_| (), &CancellationToken::new())?;
        Ok(said.trim_end().to_owned())
    }

    /// Runs git, and returns what it wrote byte for byte.
    pub fn bytes<I: IntoIterator<Item = S>, S: Into<String>>(
        &self,
        args: I,
    ) -> Result<Vec<u8>, GitError> {
        self.host.output(&self.command(args)).map_err(GitError::from)
    }

    /// The one line that git answers with; `None` where it has no answer, and says so by failing quietly.
    pub fn ask<I: IntoIterator<Item = S>, S: Into<String>>(
        &self,
        args: I,
    ) -> Result<Option<String>, GitError> {
        match self.host.run(&self.command(args), &mut |_| (), &CancellationToken::new()) {
            Ok(text) => Ok(text.lines().next().map(str::to_owned).filter(|line| !line.is_empty())),
            Err(RunError::Failed { status, tail, .. })
                if tail.is_empty() && status.ends_with(": 1") =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The full hash of the commit that `revision` names; `None` where it names none.
    pub fn commit(&self, revision: &str) -> Result<Option<String>, GitError> {
        let revision = format!("{revision}^{{commit}}");
        self.ask(["rev-parse", "--verify", "--quiet", "--end-of-options", &revision])
    }

    /// The branch that the remote says is its own: "origin/main". `configured` is `repo.json`'s, for a remote whose HEAD
    /// was never fetched.
    pub fn default_branch(
        &self,
        remote: &str,
        configured: Option<&str>,
    ) -> Result<Option<String>, GitError> {
        let head = format!("refs/remotes/{remote}/HEAD");
        if let Some(branch) = self.ask(["symbolic-ref", "--quiet", "--short", &head])? {
            return Ok(Some(branch));
        }
        for name in configured.into_iter().chain(["main", "master"]) {
            let branch = format!("{remote}/{name}");
            if self.commit(&format!("refs/remotes/{branch}"))?.is_some() {
                return Ok(Some(branch));
            }
        }
        Ok(None)
    }

    /// A commit's files, as a checkout would have them, in a directory of their own. Touches neither the checkout nor its
    /// index.
    pub fn tree(&self, commit: &str) -> Result<Tree, GitError> {
        let dir = self.temporary()?;
        let index = dir.path().join("index").to_string_lossy().into_owned();
        let prefix = format!("--prefix={}/tree/", dir.path().display());
        let with_index = |args: &[&str]| {
            let command = self.command(args.iter().copied()).env("GIT_INDEX_FILE", &index);
            self.host.run(&command, &mut |_| (), &CancellationToken::new())
        };
        with_index(&["read-tree", commit])?;
        with_index(&["checkout-index", "--all", "--quiet", &prefix])?;
        Ok(Tree { dir })
    }

    /// The files of no commit: none.
    pub fn no_tree(&self) -> Result<Tree, GitError> {
        Ok(Tree { dir: self.temporary()? })
    }

    /// A directory for files that git is to read or write, which goes with the value.
    pub fn temporary(&self) -> Result<tempfile::TempDir, GitError> {
        let cache = self.host.env().cache.join("bkt");
        std::fs::create_dir_all(&cache)
            .and_then(|()| tempfile::Builder::new().prefix("tree-").tempdir_in(&cache))
            .map_err(|source| GitError::Directory { path: cache, source })
    }

    /// Runs a command made by [`Self::command`], and leaves it to the caller what its failure means.
    pub fn carry_out(
        &self,
        command: &Command,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<String, RunError> {
        self.host.run(command, line, cancel)
    }
}

#[cfg(test)]
mod tests;
