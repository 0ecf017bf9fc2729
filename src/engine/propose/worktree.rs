//! A temporary worktree: a commit's files in the cache, with an index and a HEAD of their own.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::{ProposeError, Stage, at, run, words_of};
use crate::core::plan::FileEdit;
use crate::host::fs::{self, FsError, Lock};
use crate::host::git::Git;

/// How long another process may take to set up or tidy away its own.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A worktree that goes with this value. One whose program was killed goes with the next one.
pub(super) struct Worktree<'h> {
    /// git in the checkout that it belongs to.
    of: Git<'h>,
    git: Git<'h>,
    lock_path: PathBuf,
    _lock: Lock,
}

impl<'h> Worktree<'h> {
    /// Lays `commit` out in a directory of its own in `place`. Hooks do not hear of it.
    pub(super) fn open(
        of: &Git<'h>,
        place: &Path,
        commit: &str,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(place).map_err(|source| fs::FsError {
            doing: "written",
            path: place.to_owned(),
            source,
        })?;
        // As git will name it, and as the paths of edits are told from.
        let place = &std::fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let _alone = Lock::take(&place.join("lock"), "bkt", PATIENCE)?;
        tidy(of, place)?;
        let name = uuid::Uuid::new_v4().simple().to_string();
        let lock_path = place.join(format!("{name}.lock"));
        let lock = Lock::take(&lock_path, "bkt", PATIENCE)?;
        let dir = place.join(name);
        let git = of.elsewhere(&dir);
        let worktree = Self { of: of.clone(), git, lock_path, _lock: lock };
        let path = dir.to_string_lossy();
        let add = [
            "-c",
            "core.hooksPath=/dev/null",
            "worktree",
            "add",
            "--quiet",
            "--detach",
            &path,
            commit,
        ];
        run(of, &words_of(&add), cancel)?;
        Ok(worktree)
    }

    /// Its top directory.
    pub(super) fn root(&self) -> &Path {
        self.git.root()
    }

    /// git in it.
    pub(super) fn git(&self) -> &Git<'h> {
        &self.git
    }

    /// Writes files in it, after looking that each is in it. Returns their paths below its top, links followed.
    pub(super) fn write(&self, edits: &[FileEdit]) -> Result<Vec<PathBuf>, ProposeError> {
        let paths = inside(self.root(), edits).map_err(at(Stage::Replay))?;
        for edit in edits {
            fs::write_as(Path::new(&edit.path), edit.after.as_deref(), edit.mode)
                .map_err(at(Stage::Replay))?;
        }
        Ok(paths)
    }
}

impl Drop for Worktree<'_> {
    fn drop(&mut self) {
        remove(&self.of, self.git.root());
        // What is left is found by the next one.
        let _ = std::fs::remove_file(&self.lock_path);
    }
}

/// Takes away what programs that were killed left in `place`: nobody holds the lock of theirs.
fn tidy(of: &Git<'_>, place: &Path) -> anyhow::Result<()> {
    for name in fs::list(place)?.unwrap_or_default() {
        let Some(stem) = name.strip_suffix(".lock") else { continue };
        let path = place.join(&name);
        if let Ok(_lock) = Lock::take(&path, "bkt", std::time::Duration::ZERO) {
            remove(of, &place.join(stem));
            fs::write(&path, None)?;
        }
    }
    Ok(())
}

/// Takes a worktree away, as far as it was made.
fn remove(of: &Git<'_>, dir: &Path) {
    let path = dir.to_string_lossy();
    // It may never have become a worktree; git forgets one whose directory is gone.
    let _ = of.run(["worktree", "remove", "--force", "--force", &path]);
    let _ = std::fs::remove_dir_all(dir);
}

/// Makes sure that no file to be written is outside of `root`, also by way of a link, or in git's own directory. Returns
/// their paths below it, links followed.
pub(super) fn inside(root: &Path, edits: &[FileEdit]) -> Result<Vec<PathBuf>, FsError> {
    let root = &std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    edits
        .iter()
        .map(|edit| {
            let path = Path::new(&edit.path);
            fs::stays_below(root, path, "written")?;
            let real = real(path).unwrap_or_else(|| path.to_owned());
            let below = real.strip_prefix(root).unwrap_or(&real);
            match below.starts_with(".git") {
                true => Err(FsError {
                    doing: "written",
                    path: path.to_owned(),
                    source: std::io::ErrorKind::PermissionDenied.into(),
                }),
                false => Ok(below.to_owned()),
            }
        })
        .collect()
}

/// Where a path leads, which need not be there. `None` for a link to nowhere.
fn real(path: &Path) -> Option<PathBuf> {
    if std::fs::symlink_metadata(path).is_ok() {
        return std::fs::canonicalize(path).ok();
    }
    Some(real(path.parent()?)?.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("manifests")).unwrap();
        std::fs::create_dir_all(dir.path().join("away")).unwrap();
        std::fs::write(root.join("real.json"), "").unwrap();
        let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, root.join(at)).unwrap();
        link("../away", "out");
        link("../../away/file", "manifests/out.json");
        link("../real.json", "manifests/in.json");
        let look = |path: &str| {
            let path = root.join(path).to_string_lossy().into_owned();
            inside(&root, &[FileEdit { path, before: None, after: None, mode: None }])
        };
        assert_eq!(look("manifests/new/a.json").unwrap(), [Path::new("manifests/new/a.json")]);
        assert_eq!(look("manifests/in.json").unwrap(), [Path::new("real.json")]);
        for path in ["out/a.json", "manifests/out.json", ".git/config"] {
            assert!(look(path).is_err(), "{path}");
        }
    }
}
