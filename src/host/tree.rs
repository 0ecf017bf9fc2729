//! Whole directories, copied and moved so that a crash leaves the old one or the new one, never half of either.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::fs::{FsError, error, file_name, sync_parent};

/// Makes `to` the same as the directory `from`; what was there goes. With `moving`, `from` is gone afterwards.
pub fn copy(from: &Path, to: &Path, moving: bool) -> Result<(), FsError> {
    let parent = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(error("written", to))?;
    tidy(to)?;
    let beside = |what: &str| beside(to, what);
    let (new, old) = (beside("new"), beside("old"));
    // What is moved is whole from the first moment, and then nowhere else.
    let moved = beside("moved");
    let renamed = moving && fs::rename(from, &moved).is_ok();
    if !renamed && let Err(e) = copy_all(from, &new) {
        // The error that matters is this one; what is left is a temporary directory.
        let _ = fs::remove_dir_all(&new);
        return Err(error("copied", from)(e));
    }
    put(if renamed { &moved } else { &new }, &old, to).map_err(error("written", to))?;
    if moving && !renamed {
        fs::remove_dir_all(from).map_err(error("removed", from))?;
    }
    tidy(to)
}

/// A name of our own beside `to`.
fn beside(to: &Path, what: &str) -> PathBuf {
    let name = format!(".{}.{what}.{}", file_name(to), uuid::Uuid::new_v4().simple());
    to.with_file_name(name)
}

/// Puts `new` in the place of `to`, which becomes `old`.
fn put(new: &Path, old: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(to, old) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => fs::rename(new, to)?,
    }
    sync_parent(to)
}

/// Ends what a crash left half-way: what was moved comes to its place, what was replaced comes back where nothing took
/// its place, and the rest goes.
fn tidy(to: &Path) -> Result<(), FsError> {
    let parent = to.parent().unwrap_or(Path::new("/"));
    let left = |what: &str| -> Result<Vec<PathBuf>, FsError> {
        let ours = format!(".{}.{what}.", file_name(to));
        let names = super::fs::list(parent)?.unwrap_or_default().into_iter();
        Ok(names.filter(|name| name.starts_with(&ours)).map(|name| parent.join(name)).collect())
    };
    for moved in left("moved")? {
        put(&moved, &beside(to, "old"), to).map_err(error("written", to))?;
    }
    if let (Err(_), Some(old)) = (fs::symlink_metadata(to), left("old")?.first()) {
        fs::rename(old, to).map_err(error("written", to))?;
    }
    for left in left("new")?.into_iter().chain(left("old")?) {
        fs::remove_dir_all(&left).map_err(error("removed", &left))?;
    }
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o755).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_all(&source, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
            File::open(&target)?.sync_all()?;
        }
    }
    // Last: a directory that may not be written into could not be filled.
    let mode = fs::metadata(from)?.permissions().mode() & 0o7777;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    File::open(to)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_directory_is_copied_and_moved_whole() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to, third] = ["from", "deep/to", "third"].map(|name| dir.path().join(name));
        fs::create_dir_all(from.join("inner")).unwrap();
        fs::write(from.join("inner/file"), "one").unwrap();
        symlink("inner/file", from.join("link")).unwrap();
        copy(&from, &to, false).unwrap();
        assert_eq!(text(&to.join("inner/file")), "one");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("inner/file"));
        fs::write(from.join("inner/file"), "two").unwrap();
        fs::write(to.join("stale"), "").unwrap();
        copy(&from, &to, true).unwrap();
        assert!(!from.exists() && !to.join("stale").exists());
        assert_eq!(text(&to.join("link")), "two");
        copy(&to, &third, true).unwrap();
        assert_eq!(super::super::fs::list(dir.path()).unwrap().unwrap(), ["deep", "third"]);
        assert_eq!(super::super::fs::list(&dir.path().join("deep")).unwrap().unwrap().len(), 0);
    }

    #[test]
    fn what_cannot_be_copied_leaves_the_target_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let [gone, to] = ["gone", "to"].map(|name| dir.path().join(name));
        fs::create_dir(&to).unwrap();
        fs::write(to.join("file"), "kept").unwrap();
        assert!(copy(&gone, &to, false).is_err() && copy(&gone, &to, true).is_err());
        assert_eq!(text(&to.join("file")), "kept");
        assert_eq!(super::super::fs::list(dir.path()).unwrap().unwrap(), ["to"]);
    }

    #[test]
    fn what_a_crash_left_half_way_is_not_lost() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        let left = |what: &str, text: &str| {
            let at = dir.path().join(format!(".to.{what}.{}", uuid::Uuid::new_v4().simple()));
            fs::create_dir(&at).unwrap();
            fs::write(at.join("file"), text).unwrap();
        };
        // The old one was moved aside, and the new one, a copy, not yet put in its place.
        left("old", "old");
        left("new", "half");
        assert!(copy(&from, &to, false).is_err());
        assert_eq!(text(&to.join("file")), "old");
        // What was being moved is nowhere else.
        left("moved", "moved");
        assert!(copy(&from, &to, true).is_err());
        assert_eq!(text(&to.join("file")), "moved");
        assert_eq!(super::super::fs::list(dir.path()).unwrap().unwrap(), ["to"]);
    }
}
