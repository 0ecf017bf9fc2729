//! A new distribution: looked whether there is room for it, written, committed, and made the repository in use.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Engine;
use crate::core::names::ImageRef;
use crate::host::fs::FsError;
use crate::host::git::{Git, GitError, Head};
use crate::host::plant::{NewFile, plant};
use crate::host::{Host, deployment};
use crate::manifest::repo::Repo;
use crate::manifest::template::{self, Answers};

/// The branch of a repository that is made new.
const BRANCH: &str = "main";
/// What the first commit says.
const MESSAGE: &str = "A new distribution";

/// There is no room for a new distribution.
#[derive(Debug, Error)]
pub enum NoRoom {
    /// Something is there, and nothing is ever overwritten.
    #[error("“{}” is not empty: it has “{first}”", dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// What it has, or the first of it.
        first: String,
    },
    /// It is a file.
    #[error("“{}” is not a directory", dir.display())]
    NotDirectory {
        /// The path.
        dir: PathBuf,
    },
    /// An empty directory, and yet a repository with a history.
    #[error("the git repository “{}” has commits already", dir.display())]
    HasCommits {
        /// The directory.
        dir: PathBuf,
    },
    /// It cannot be looked into.
    #[error(transparent)]
    File(#[from] FsError),
    /// git does not say how it stands.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// A place that has room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The directory, absolute. It is made where it is not there.
    pub dir: PathBuf,
    /// Whether it is a git repository already.
    pub git: bool,
    /// The branch that images are built from.
    pub branch: String,
    /// Where it was cloned from.
    pub url: Option<String>,
}

/// What became of the first commit.
#[derive(Debug)]
pub enum Commit {
    /// It was made; its hash.
    Made(String),
    /// It was not to be made.
    Left,
    /// git did not make it. The files are there all the same.
    Failed(anyhow::Error),
}

/// A distribution that was made.
#[derive(Debug)]
pub struct Made {
    /// Its repository, which is in use from now on.
    pub repo: Repo,
    /// What became of its first commit.
    pub commit: Commit,
}

/// Whether `dir` can take a new distribution: it is not there, is empty, or is a git repository without files and commits.
pub fn room(host: &Host, dir: &Path) -> Result<Room, NoRoom> {
    let dir = host.env().cwd.join(dir);
    let new = Room { dir: dir.clone(), git: false, branch: BRANCH.to_owned(), url: None };
    if std::fs::symlink_metadata(&dir).is_err_and(|e| e.kind() == ErrorKind::NotFound) {
        return Ok(new);
    }
    let (dir, names) = entries(&dir).map_err(|source| match source.kind() {
        ErrorKind::NotADirectory => NoRoom::NotDirectory { dir: dir.clone() },
        _ => NoRoom::File(FsError { doing: "read", path: dir.clone(), source }),
    })?;
    let mut others = names.iter().filter(|name| *name != ".git");
    if let Some(first) = others.next() {
        let first = first.to_string_lossy().into_owned();
        return Err(NoRoom::NotEmpty { dir, first });
    }
    if names.is_empty() {
        return Ok(Room { dir, ..new });
    }
    let git = Git::new(host, &dir);
    match git.state()?.head {
        Head::Unborn(branch) => {
            let url = git.ask(["config", "--get", "remote.origin.url"])?;
            Ok(Room { git: true, branch, url, dir })
        }
        Head::Branch(_) | Head::Detached(_) => Err(NoRoom::HasCommits { dir }),
    }
}

/// A directory by its real path, and the names in it.
fn entries(dir: &Path) -> io::Result<(PathBuf, Vec<OsString>)> {
    let dir = std::fs::canonicalize(dir)?;
    let names = std::fs::read_dir(&dir)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok((dir, names))
}

/// The files that are written there, by their paths.
pub fn files(answers: &Answers, room: &Room) -> Vec<NewFile> {
    template::files(answers, &room.branch, room.url.as_deref())
}

/// Makes a distribution in `dir`, and makes it the repository in use. With `commit` it gets a git repository, where it is
/// none, and a first commit by the person. `unattended` is for a service: git asks nobody, and no window does.
///
/// Where this fails before the files are there, nothing is; a commit that fails is not an error of it.
pub fn init(
    host: &Host,
    answers: &Answers,
    dir: &Path,
    commit: bool,
    unattended: bool,
) -> anyhow::Result<Made> {
    let room = room(host, dir)?;
    plant(&room.dir, &files(answers, &room))?;
    let commit = match commit {
        true => match first_commit(&Git::new(host, &room.dir).unattended(unattended), &room) {
            Ok(hash) => Commit::Made(hash),
            Err(error) => Commit::Failed(error.into()),
        },
        false => Commit::Left,
    };
    Ok(Made { repo: Engine::use_repo(host, &room.dir)?, commit })
}

fn first_commit(git: &Git<'_>, room: &Room) -> Result<String, GitError> {
    if !room.git {
        git.run(["init", "--quiet", &format!("--initial-branch={BRANCH}")])?;
    }
    // Whatever the person has git ignore elsewhere.
    git.run(["add", "--all", "--force"])?;
    git.run(["commit", "--quiet", "--message", MESSAGE])?;
    git.commit("HEAD")?.ok_or_else(|| GitError::Odd { said: "HEAD".to_owned() })
}

/// The image that this machine was started from, where it was and where that has a name that others can use.
pub fn own_image(host: &Host) -> Option<ImageRef> {
    let read = deployment::read(host).inspect_err(|error| tracing::warn!("{error:#}"));
    read.ok()??.booted.origin.published()
}
