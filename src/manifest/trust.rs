//! The repositories this machine knows: which one is in use, and which the person said yes to.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::host::Host;
use crate::host::fs::{self, FsError};

/// A state file that cannot be used.
#[derive(Debug, Error)]
pub enum StateError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// It does not parse.
    #[error("“{}” is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        why: String,
    },
    /// A newer Bucket wrote it.
    #[error("“{}” was written by a newer version of Bucket", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a state file of at most `version`; `None` where there is none.
///
/// State files are JSON objects with a number `version`. An unknown newer one is refused, never rewritten.
pub fn load_state<T: DeserializeOwned>(path: &Path, version: u64) -> Result<Option<T>, StateError> {
    let Some(text) = fs::read(path)? else { return Ok(None) };
    let damaged = |error: serde_json::Error| StateError::Damaged {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let json: serde_json::Value = serde_json::from_str(&text).map_err(damaged)?;
    if json.get("version").and_then(serde_json::Value::as_u64).is_some_and(|found| found > version)
    {
        return Err(StateError::Newer { path: path.to_owned() });
    }
    serde_json::from_value(json).map(Some).map_err(damaged)
}

/// Writes a state file.
pub fn save_state<T: Serialize>(path: &Path, state: &T) -> Result<(), StateError> {
    let mut text = serde_json::to_string_pretty(state)
        .map_err(|error| StateError::Damaged { path: path.to_owned(), why: error.to_string() })?;
    text.push('\n');
    Ok(fs::write(path, Some(&text))?)
}

/// One known repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRepo {
    /// Its top directory.
    pub path: PathBuf,
    /// Its id.
    pub id: String,
    /// Whether the person said yes to it.
    pub trusted: bool,
}

/// `$XDG_STATE_HOME/bkt/repos.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRepos {
    version: u64,
    /// The one that `bkt repo use` named last.
    pub current: Option<PathBuf>,
    known: Vec<KnownRepo>,
}

impl KnownRepos {
    /// Reads the list; empty where there is none.
    pub fn load(host: &Host) -> Result<Self, StateError> {
        let list = load_state(&Self::path(host), 1)?;
        Ok(list.unwrap_or(Self { version: 1, current: None, known: Vec::new() }))
    }

    fn path(host: &Host) -> PathBuf {
        host.state_dir().join("repos.json")
    }

    /// What is known of the repository at `root`.
    pub fn get(&self, root: &Path) -> Option<&KnownRepo> {
        self.known.iter().find(|known| known.path == root)
    }

    /// Makes the repository at `root` the one in use, and trusts it.
    pub fn use_repo(host: &Host, root: &Path) -> Result<(), StateError> {
        let mut list = Self::load(host)?;
        let id = super::repo::identify(host, root);
        list.known.retain(|known| known.path != root);
        list.known.push(KnownRepo { path: root.to_owned(), id, trusted: true });
        list.current = Some(root.to_owned());
        save_state(&Self::path(host), &list)
    }
}
