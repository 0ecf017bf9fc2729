//! A distribution that is somewhere else is brought here: cloned, looked at, and only used after a yes.

use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::core::item::SubsystemId;
use crate::core::secret::without_login;
use crate::host::command::RunError;
use crate::host::git::{Git, GitError};
use crate::host::{Host, fs};
use crate::manifest::repo::Repo;

/// Why a repository was not cloned.
#[derive(Debug, Error)]
pub enum CloneError {
    /// What was given is no address, or none that a directory's name can be told from.
    #[error("“{0}” is not an address of a repository")]
    Address(String),
    /// Something is there already.
    #[error("“{}” is there already", .0.display())]
    There(PathBuf),
    /// What was cloned has no manifests.
    #[error("{0} is not a distribution: it has no “manifests” directory")]
    NotOne(String),
    /// git did not clone it.
    #[error("{address} could not be cloned: {source}")]
    Failed {
        /// The address, without a password.
        address: String,
        /// Why.
        #[source]
        source: GitError,
    },
}

/// What a repository asks for of one kind of thing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Content {
    /// The subsystem.
    pub subsystem: SubsystemId,
    /// How many items this machine would have of it; `None` where the manifest cannot be read.
    pub items: Option<usize>,
}

/// The directory's name that goes with an address: "distribution" for `https://forge.example/me/distribution.git`.
pub fn name_of(address: &str) -> Result<&str, CloneError> {
    let wrong = || CloneError::Address(address.to_owned());
    if address.starts_with('-') || address.chars().any(char::is_control) {
        return Err(wrong());
    }
    let path = address.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    let name = path.rsplit(['/', ':']).next().unwrap_or_default();
    match name {
        "" | "." | ".." | "~" => Err(wrong()),
        name if name.starts_with('-') => Err(wrong()),
        name => Ok(name),
    }
}

/// Clones the distribution at `address` to `path`, or to a directory of its name in the home directory, which must not be
/// there. It is not used by that. `line` hears what git says.
pub fn clone(
    host: &Host,
    address: &str,
    path: Option<&Path>,
    unattended: bool,
    line: &mut dyn FnMut(&str),
    cancel: &CancellationToken,
) -> anyhow::Result<PathBuf> {
    let name = name_of(address)?;
    let cwd = &host.env().cwd;
    let place = path.map_or_else(|| host.env().home.join(name), |path| cwd.join(path));
    if place.symlink_metadata().is_ok() {
        return Err(CloneError::There(place).into());
    }
    let parent = place.parent().unwrap_or(Path::new("/"));
    let failed = |source| fs::FsError { doing: "written", path: place.clone(), source };
    std::fs::create_dir_all(parent).map_err(failed)?;
    // Beside its place until it is known what it is.
    let beside =
        tempfile::Builder::new().prefix(".bkt-clone-").tempdir_in(parent).map_err(failed)?;
    let cloned = beside.path().join(name);
    let git = Git::new(host, cwd).unattended(unattended);
    let to = cloned.to_string_lossy().into_owned();
    // Quiet, so that the directory that goes again is not told of.
    let cloned_it =
        git.run_long(["clone", "--quiet", "--progress", "--", address, &to], line, cancel);
    match cloned_it {
        Err(GitError::Run(error @ (RunError::Cancelled { .. } | RunError::NotFound { .. }))) => {
            return Err(GitError::Run(error).into());
        }
        Err(source) => {
            return Err(CloneError::Failed { address: without_login(address), source }.into());
        }
        Ok(_) => (),
    }
    if Repo::find(host, Some(&cloned)).is_err() {
        return Err(CloneError::NotOne(without_login(address)).into());
    }
    std::fs::rename(&cloned, &place).map_err(failed)?;
    Ok(std::fs::canonicalize(&place).unwrap_or(place))
}

impl Engine {
    /// What the manifests ask for, kind by kind; what they do not mention is left out.
    pub fn contents(&self) -> Vec<Content> {
        let manifests = self.manifests();
        let content = |subsystem: &dyn crate::subsystem::Subsystem| {
            let items = subsystem.wanted(&manifests, &self.host).map(|items| items.len()).ok();
            Content { subsystem: subsystem.about().id.clone(), items }
        };
        let all = self.subsystems.iter().map(|subsystem| content(&**subsystem));
        all.filter(|content| content.items != Some(0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_or_is_refused() {
        let name = |address| name_of(address).ok();
        assert_eq!(name("https://forge.example/me/dist.git"), Some("dist"));
        assert_eq!(name("git@forge.example:dist"), Some("dist"));
        assert_eq!(name("../here/dist/"), Some("dist"));
        for address in ["", "--upload-pack=x", "https://forge.example/..", "/", "a/-b", "a\nb"] {
            assert_eq!(name(address), None, "{address:?}");
        }
    }
}
