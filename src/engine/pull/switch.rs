//! The moment of a pull at which the checkout changes: files, branch, index, in this order, each step repeatable.
//!
//! A record in git's directory says what is being done. Where it is still there the next time, the pull was cut off, and
//! is brought to its end, if nobody has edited since what it had begun.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::PullError;
use crate::host::fs;
use crate::host::git::{Changed, Git};
use crate::manifest::trust::{load_state, save_state};

/// The record's name in git's directory.
pub const RECORD: &str = "bkt-pull.json";

/// A pull that is being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub(super) version: u64,
    /// The reference that keeps the state from before.
    pub before: String,
    /// The branch, as a full reference.
    pub(super) branch: String,
    /// Its commit before.
    pub(super) head: String,
    /// Its commit afterwards.
    pub(super) tip: String,
    /// The tree of the checkout before.
    pub(super) work: String,
    /// The tree of the checkout afterwards.
    pub(super) to: String,
    /// The tree of the index afterwards.
    pub(super) index: String,
}

/// The pull that was cut off here, if any.
pub fn interrupted(git: &Git<'_>) -> anyhow::Result<Option<Record>> {
    Ok(load_state(&git.dir()?.join(RECORD), 1)?)
}

/// Changes the checkout, which must be as the record has it.
pub(super) fn begin(git: &Git<'_>, record: &Record) -> anyhow::Result<()> {
    let lock = git.dir()?.join("index.lock");
    if lock.exists() {
        let said = format!("{}.lock': File exists", git.dir()?.join("index").display());
        return Err(crate::host::git::GitError::Busy { said }.into());
    }
    let changed = git.changed(&record.work, &record.to)?;
    let moved = moved(git, &record.work)?;
    let meanwhile = changed.iter().find(|one| match one.old {
        Some(_) => moved.contains(&one.path),
        None => git.root().join(&one.path).symlink_metadata().is_ok(),
    });
    if let Some(one) = meanwhile {
        return Err(PullError::Moved(PathBuf::from(&one.path)).into());
    }
    if git.commit(&record.branch)?.as_ref() != Some(&record.head) {
        return Err(PullError::Moved(PathBuf::from(&record.branch)).into());
    }
    save_state(&git.dir()?.join(RECORD), record)?;
    write(git, record, &changed)
}

/// Brings a pull that was cut off to its end.
pub(super) fn finish(git: &Git<'_>, record: &Record) -> anyhow::Result<()> {
    let path = git.dir()?.join(RECORD);
    let edited = |at: &str| PullError::Interrupted {
        path: PathBuf::from(at),
        before: record.before.clone(),
        record: path.clone(),
    };
    let at = git.commit(&record.branch)?;
    let here = git.ask(["symbolic-ref", "--quiet", "HEAD"])?;
    let known = [&record.head, &record.tip];
    if here.as_ref() != Some(&record.branch) || !at.is_some_and(|at| known.contains(&&at)) {
        return Err(edited("").into());
    }
    let changed = git.changed(&record.work, &record.to)?;
    let not_old = moved(git, &record.work)?;
    let not_new = moved(git, &record.to)?;
    let laid = git.tree(&record.to)?;
    for one in &changed {
        let there = git.root().join(&one.path);
        let exists = there.symlink_metadata().is_ok();
        let old = match one.old {
            Some(_) => !not_old.contains(&one.path),
            None => !exists,
        };
        let new = match one.new {
            Some(_) => !not_new.contains(&one.path),
            None => !exists,
        };
        // git takes a file away before it writes the new one, from its beginning.
        let torn = !exists
            || fs::read_bytes(&there)?.is_some_and(|begun| {
                fs::read_bytes(&laid.root().join(&one.path))
                    .is_ok_and(|whole| whole.is_some_and(|whole| whole.starts_with(&begun)))
            });
        if !(old || new || torn) {
            return Err(edited(&one.path).into());
        }
    }
    write(git, record, &changed)
}

/// The files of the checkout that are not as `tree` has them.
fn moved(git: &Git<'_>, tree: &str) -> anyhow::Result<BTreeSet<String>> {
    let scratch = git.scratch()?;
    scratch.read(tree)?;
    Ok(scratch.moved()?)
}

fn write(git: &Git<'_>, record: &Record, changed: &[Changed]) -> anyhow::Result<()> {
    let scratch = git.scratch()?;
    scratch.read(&record.to)?;
    // What goes away may be in the way of what comes.
    for gone in changed.iter().filter(|one| one.new.is_none()) {
        remove(git.root(), Path::new(&gone.path))?;
    }
    let come: Vec<&str> =
        changed.iter().filter(|one| one.new.is_some()).map(|one| one.path.as_str()).collect();
    scratch.check_out(&come)?;
    if git.commit(&record.branch)?.as_ref() != Some(&record.tip) {
        git.run(["update-ref", "-m", "bkt repo pull", &record.branch, &record.tip, &record.head])?;
    }
    git.run(["read-tree", &record.index])?;
    // It fails where there are uncommitted edits, which is no failure here.
    let _ = git.run(["update-index", "-q", "--refresh"]);
    Ok(fs::write(&git.dir()?.join(RECORD), None)?)
}

/// Removes a file, and the directories that are empty then.
fn remove(root: &Path, path: &Path) -> Result<(), fs::FsError> {
    let file = root.join(path);
    match std::fs::remove_file(&file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(fs::FsError { doing: "removed", path: file, source });
        }
        _ => (),
    }
    let dirs = path.ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty());
    for dir in dirs {
        // One that is not empty stays.
        if std::fs::remove_dir(root.join(dir)).is_err() {
            break;
        }
    }
    Ok(())
}
