//! The repository: found by one rule for every command, and given an id that machine state is kept under.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::trust::{KnownRepos, StateError};
use super::{ManifestError, Sheet};
use crate::core::names::ContainerName;
use crate::core::plan::Command;
use crate::core::workflow::{ForgeKind, Workflow};
use crate::host::Host;
use crate::host::fs::FsError;

/// Where the image keeps its own copy of the repository, for boot services.
pub const FALLBACK: &str = "/usr/share/bkt/distribution";

/// What the repository says of itself.
const CONFIG: &str = "repo.json";

/// Why there is no repository to work with.
#[derive(Debug, Error)]
pub enum RepoError {
    /// No rule found one.
    #[error("no repository with manifests was found")]
    None,
    /// The place that was named is not a repository.
    #[error("“{}” is not a repository with manifests: it has no manifests/ beside repo.json or .git", path.display())]
    NotOne {
        /// The place.
        path: PathBuf,
    },
    /// The list of known repositories cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// A file of the repository cannot be used.
    #[error(transparent)]
    File(#[from] FsError),
}

/// How a repository was found; only one found by walking up needs the person's word before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Named by `--repo` or `BKT_REPO`.
    Named,
    /// The working directory is inside it.
    Around,
    /// Remembered by `bkt repo use`.
    Remembered,
    /// The image's copy, which cannot be changed.
    Image,
}

/// A repository with manifests.
#[derive(Clone, Debug)]
pub struct Repo {
    /// Its top directory.
    pub root: PathBuf,
    /// What this machine keeps its state under: the root commit, or a UUID.
    pub id: String,
    /// How it was found.
    pub found: Found,
    /// Whether it may be applied and captured into.
    pub trusted: bool,
}

/// `repo.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RepoConfig {
    /// Who owns the repository on its forge.
    pub owner: Option<String>,
    /// Its name there.
    pub name: Option<String>,
    /// Where it is cloned from.
    pub url: Option<String>,
    /// The branch that images are built from.
    pub default_branch: Option<String>,
    /// What follows on an edit of the manifests. Left out: a pull request where `origin` is on a forge whose program is
    /// signed in, else nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Workflow>,
    /// What kind of forge the repository is on, where its address does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forge: Option<ForgeKind>,
    /// The name of the development box; `bootc-dev` where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub dev_container: Option<ContainerName>,
}

impl RepoConfig {
    /// Reads the file in a repository's top directory; without one, nothing is said.
    pub fn read(root: &Path) -> Result<Self, ManifestError> {
        let path = root.join(CONFIG);
        match crate::host::fs::read(&path)? {
            Some(text) => Ok(Sheet::parse(&path, &text)?.whole()?),
            None => Ok(Self::default()),
        }
    }
}

impl Repo {
    /// Finds the repository: the one named, else the one around the working directory, else the one
    /// remembered, else the image's copy.
    pub fn find(host: &Host, named: Option<&Path>) -> Result<Self, RepoError> {
        let known = KnownRepos::load(host)?;
        if let Some(path) = named.or_else(|| host.var("BKT_REPO").map(Path::new)) {
            let path = host.env().cwd.join(path);
            let path = std::fs::canonicalize(&path).unwrap_or(path);
            return match is_repo(&path) {
                true => Ok(Self::at(host, &known, path, Found::Named)),
                false => Err(RepoError::NotOne { path }),
            };
        }
        if let Some(path) = host.env().cwd.ancestors().find(|dir| is_repo(dir)) {
            return Ok(Self::at(host, &known, path.to_owned(), Found::Around));
        }
        if let Some(path) = &known.current {
            return match is_repo(path) {
                true => Ok(Self::at(host, &known, path.clone(), Found::Remembered)),
                false => Err(RepoError::NotOne { path: path.clone() }),
            };
        }
        let image = host.path(FALLBACK);
        if is_repo(&image) || image.join("manifests").is_dir() {
            return Ok(Self::at(host, &known, image, Found::Image));
        }
        Err(RepoError::None)
    }

    fn at(host: &Host, known: &KnownRepos, root: PathBuf, found: Found) -> Self {
        let entry = known.get(&root);
        let trusted = match found {
            Found::Named | Found::Remembered | Found::Image => true,
            Found::Around => entry.is_some_and(|entry| entry.trusted),
        };
        let id = entry.map_or_else(|| identify(host, &root), |entry| entry.id.clone());
        Self { root, id, found, trusted }
    }

    /// `manifests/`.
    pub fn manifests_dir(&self) -> PathBuf {
        self.root.join("manifests")
    }

    /// The branch that is checked out, or the start of the commit where none is; read from git's files.
    pub fn branch(&self) -> Option<String> {
        let head = crate::host::fs::read(&self.git_dir()?.join("HEAD")).ok().flatten()?;
        Some(branch_of(&head).to_owned())
    }

    /// Where git keeps what belongs to this checkout; `None` where it is none. Starts no process.
    pub fn git_dir(&self) -> Option<PathBuf> {
        let git = self.root.join(".git");
        if git.is_dir() {
            return Some(git);
        }
        // A worktree's `.git` is a file that says where its folder is.
        let file = crate::host::fs::read(&git).ok().flatten()?;
        Some(self.root.join(file.strip_prefix("gitdir:")?.trim()))
    }

    /// Where this machine keeps its state of this repository.
    pub fn state_dir(&self, host: &Host) -> PathBuf {
        match host.env().is_root && self.found == Found::Image {
            true => host.path("/var/lib/bkt").join(&self.id),
            false => host.state_dir().join(&self.id),
        }
    }
}

/// The branch that the text of a `HEAD` file names, or the start of the commit.
fn branch_of(head: &str) -> &str {
    let head = head.trim();
    match head.strip_prefix("ref: ") {
        Some(reference) => reference.strip_prefix("refs/heads/").unwrap_or(reference),
        None => head.get(..12).unwrap_or(head),
    }
}

fn is_repo(dir: &Path) -> bool {
    dir.join("manifests").is_dir() && (dir.join(CONFIG).exists() || dir.join(".git").exists())
}

/// The repository's id: `.git/bkt-id`, else its first root commit, else a new UUID written to `.git/bkt-id`.
///
/// Asking git starts a process; `bkt repo use` keeps the answer, so that a survey does not ask.
pub fn identify(host: &Host, root: &Path) -> String {
    let git = |args: &[&str]| {
        let command =
            Command::new("git").arg("-C").arg(root.to_string_lossy()).args(args.iter().copied());
        let output = host.run(&command, &mut |_| (), &CancellationToken::new()).ok()?;
        output.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
    };
    let git_dir = root.join(".git");
    let kept = match git_dir.is_dir() {
        true => Some(git_dir.join("bkt-id")),
        false => {
            git(&["rev-parse", "--absolute-git-dir"]).map(|dir| Path::new(&dir).join("bkt-id"))
        }
    };
    let read = kept.as_deref().and_then(|path| crate::host::fs::read(path).ok().flatten());
    if let Some(id) = read.map(|id| id.trim().to_owned()).filter(|id| is_id(id)) {
        return id;
    }
    if let Some(commit) = git(&["rev-list", "--max-parents=0", "HEAD"]).filter(|id| is_id(id)) {
        return commit;
    }
    let id = uuid::Uuid::new_v4().to_string();
    match kept {
        Some(path) if crate::host::fs::write(&path, Some(&format!("{id}\n"))).is_ok() => id,
        // No place to keep a new id: the directory itself has to do.
        _ => format!(
            "dir-{}",
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, root.as_os_str().as_encoded_bytes())
        ),
    }
}

/// An id names a directory below the state directory: nothing else may come of it.
fn is_id(id: &str) -> bool {
    id.len() >= 8 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::branch_of;

    #[test]
    fn head_names_a_branch_or_a_commit() {
        assert_eq!(branch_of("ref: refs/heads/feature/x\n"), "feature/x");
        assert_eq!(branch_of("0123456789abcdef0123456789abcdef01234567\n"), "0123456789ab");
        assert_eq!(branch_of("odd"), "odd");
    }
}
