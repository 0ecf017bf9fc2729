//! How the repository stands: its branch, what it follows, when that was last looked at, and what is not committed.
//! Everything is read here; nothing is fetched.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Engine, pull};
use crate::core::secret::without_login;
use crate::host::command::RunError;
use crate::host::git::{Ahead, FileState, Git, GitError, Head, Operation};

/// How the repository stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Standing {
    /// It is no git repository: a plain directory, or the image's copy.
    NotGit,
    /// git is not installed, so that nothing can be told.
    NoProgram,
    /// It is a git checkout.
    Checkout(Box<Checkout>),
}

impl Standing {
    /// The checkout, where it is one.
    pub fn checkout(&self) -> Option<&Checkout> {
        match self {
            Self::Checkout(checkout) => Some(checkout),
            Self::NotGit | Self::NoProgram => None,
        }
    }
}

/// How a git checkout stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Checkout {
    /// What is checked out.
    #[serde(flatten)]
    pub head: Head,
    /// What the branch follows, and how far apart they are, as far as fetched.
    pub upstream: Option<Ahead>,
    /// What is begun and not ended: while it lasts, nothing is committed.
    pub operation: Option<Operation>,
    /// When anything was last fetched; `None` where nothing ever was.
    #[schemars(with = "Option<String>")]
    pub fetched_at: Option<Timestamp>,
    /// Where it is pushed to and pulled from.
    pub remote: Option<Remote>,
    /// What is not committed of the files that Bucket reads and writes: see [`is_ours`].
    pub ours: Vec<FileState>,
    /// What is not committed of all others.
    pub others: Vec<FileState>,
    /// Whether a pull was cut off while it wrote: the next one finishes it.
    pub pull_interrupted: bool,
}

/// A remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Remote {
    /// Its name: "origin".
    pub name: String,
    /// Its address, as configured; a password or token in it is left out.
    pub url: String,
}

impl Checkout {
    /// The branch that is checked out, with or without a commit.
    pub fn branch(&self) -> Option<&str> {
        match &self.head {
            Head::Branch(name) | Head::Unborn(name) => Some(name),
            Head::Detached(_) => None,
        }
    }

    /// Whether everything is committed.
    pub fn is_clean(&self) -> bool {
        self.ours.is_empty() && self.others.is_empty()
    }
}

/// Directories at the repository's top whose files are all ours: see [`is_ours`].
pub(super) const OUR_DIRS: [&str; 5] = ["manifests", "upstream", "system", "systemd", ".changelog"];

/// Whether a file of the repository, by its path below the top, is one that Bucket reads and writes: the manifests, what
/// they name, and what is made of them.
pub fn is_ours(path: &Path) -> bool {
    const FILES: [&str; 4] =
        ["Containerfile", "toolbox/Containerfile", "changelog.json", "repo.json"];
    OUR_DIRS.iter().any(|dir| path.starts_with(dir))
        || FILES.iter().any(|file| path == Path::new(file))
}

impl Engine {
    /// git in this repository.
    pub(super) fn git(&self) -> Git<'_> {
        Git::new(self.host(), &self.repo().root).unattended(self.unattended)
    }

    /// How the repository stands. Uses no network, and changes nothing.
    pub fn standing(&self) -> anyhow::Result<Standing> {
        // A directory inside another repository is not one for that.
        if !self.repo().root.join(".git").exists() {
            return Ok(Standing::NotGit);
        }
        let git = self.git();
        let state = match git.state() {
            Ok(state) => state,
            Err(GitError::Run(RunError::NotFound { .. })) => return Ok(Standing::NoProgram),
            Err(error) => return Err(error.into()),
        };
        let (ours, others) = state.files.into_iter().partition(|file| is_ours(&file.path));
        let mut checkout = Checkout {
            head: state.head,
            upstream: state.upstream,
            operation: state.operation,
            fetched_at: fetched_at(&git)?,
            remote: None,
            ours,
            others,
            pull_interrupted: pull::interrupted(&git)?.is_some(),
        };
        checkout.remote = remote(&git, checkout.branch())?;
        Ok(Standing::Checkout(Box::new(checkout)))
    }
}

/// When anything was last fetched: git writes a file then, into the checkout's own directory.
fn fetched_at(git: &Git<'_>) -> Result<Option<Timestamp>, GitError> {
    let Ok(metadata) = std::fs::metadata(git.dir()?.join("FETCH_HEAD")) else { return Ok(None) };
    Ok(Timestamp::from_second(metadata.mtime()).ok())
}

/// The remote of a branch: the one it follows, else `origin`, else the only one.
pub(super) fn remote(git: &Git<'_>, branch: Option<&str>) -> Result<Option<Remote>, GitError> {
    let configured = match branch {
        Some(branch) => git.ask(["config", "--get", &format!("branch.{branch}.remote")])?,
        None => None,
    };
    let names = git.run(["remote"])?;
    let names: Vec<&str> = names.lines().collect();
    let name = match configured {
        // A branch may follow another one of this very repository.
        Some(name) if name != "." => name,
        _ if names.contains(&"origin") => "origin".to_owned(),
        _ => match names[..] {
            [only] => only.to_owned(),
            _ => return Ok(None),
        },
    };
    // A branch may also name an address instead of a remote.
    let url = git.ask(["config", "--get", &format!("remote.{name}.url")])?;
    let url = without_login(url.as_deref().unwrap_or(&name));
    Ok(Some(Remote { name, url }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_told_by_its_place() {
        for ours in ["manifests/x.json", "Containerfile", "system/etc/a", "upstream/manifest.json"]
        {
            assert!(is_ours(Path::new(ours)), "{ours}");
        }
        for other in ["README.md", "a/Containerfile", "manifests-old/x.json", "sub/manifests/x"] {
            assert!(!is_ours(Path::new(other)), "{other}");
        }
    }
}
