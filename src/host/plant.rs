//! A tree of new files: put in its place whole or not at all, and never over anything that is there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::fs::{FsError, error, file_name, sync_parent};

/// A file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its path below the top, with `/` between the parts, none of which is `..`.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Whether it is a program.
    pub program: bool,
}

/// Puts `files` below `dir`, which is made where it is not there. Where anything fails, nothing of them is left.
///
/// A directory that is not there appears at once; one that is there gets its entries one by one, so that whoever is in it
/// stays in it. What has the name of one of them already is an error and stays.
pub fn plant(dir: &Path, files: &[NewFile]) -> Result<(), FsError> {
    let failed = |e| error("written", dir)(e);
    if fs::symlink_metadata(dir).is_err() {
        let (top, below) = first_missing(dir);
        let beside = temporary(&top, top.parent().unwrap_or(Path::new("/")));
        return fill(&beside.join(below), files)
            .and_then(|()| rename(&beside, &top))
            .and_then(|()| sync_parent(&top))
            .map_err(|e| discard(&beside, failed(e)));
    }
    let inside = temporary(dir, dir);
    let mut moved: Vec<PathBuf> = Vec::new();
    let put = |moved: &mut Vec<PathBuf>| {
        fill(&inside, files)?;
        for entry in fs::read_dir(&inside)? {
            let entry = entry?;
            let place = dir.join(entry.file_name());
            rename(&entry.path(), &place)?;
            moved.push(place);
        }
        fs::remove_dir(&inside)?;
        fs::File::open(dir)?.sync_all()
    };
    put(&mut moved).map_err(|e| {
        for place in &moved {
            // Ours, and made a moment ago. The error that matters is the one that is told.
            let _ = if place.is_dir() { fs::remove_dir_all(place) } else { fs::remove_file(place) };
        }
        discard(&inside, failed(e))
    })
}

/// The first directory on the way to `dir` that is not there, and the rest of the way.
fn first_missing(dir: &Path) -> (PathBuf, PathBuf) {
    let there = |path: &&Path| fs::symlink_metadata(path).is_err();
    let top = dir.ancestors().take_while(there).last().unwrap_or(dir);
    (top.to_owned(), dir.strip_prefix(top).unwrap_or(Path::new("")).to_owned())
}

fn temporary(named: &Path, parent: &Path) -> PathBuf {
    parent.join(format!(".{}.{}", file_name(named), uuid::Uuid::new_v4().simple()))
}

fn discard(dir: &Path, error: FsError) -> FsError {
    // What could not be made may not be there to be removed.
    let _ = fs::remove_dir_all(dir);
    error
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// Writes all files below `dir`, and waits until they are on the disk.
fn fill(dir: &Path, files: &[NewFile]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for file in files {
        let path = dir.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mode = if file.program { 0o755 } else { 0o644 };
        let mut open = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        open.write_all(file.text.as_bytes())?;
        open.sync_all()?;
        sync_parent(&path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(path: &str, program: bool) -> NewFile {
        NewFile { path: path.to_owned(), text: format!("{path}\n"), program }
    }

    fn names(dir: &Path) -> Vec<String> {
        crate::host::fs::list(dir).unwrap().unwrap_or_default()
    }

    #[test]
    fn a_tree_appears_where_there_was_none_or_nothing_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("there");
        fs::create_dir(&there).unwrap();
        fs::write(there.join("mine"), "").unwrap();
        for place in [dir.path().join("a/b/c"), there.clone()] {
            plant(&place, &[file("x/y", true), file(".z", false)]).unwrap();
            assert_eq!(fs::read_to_string(place.join("x/y")).unwrap(), "x/y\n");
            let mode = |path: &str| place.join(path).metadata().unwrap().permissions().mode();
            assert_eq!((mode("x/y") & 0o111, mode(".z") & 0o111), (0o111, 0));
        }
        assert_eq!(names(&there), [".z", "mine", "x"]);
        assert_eq!(names(dir.path()), ["a", "there"]);
    }

    #[test]
    fn nothing_is_left_of_a_tree_that_has_no_room() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("there");
        fs::create_dir(&there).unwrap();
        fs::write(there.join("b"), "mine").unwrap();
        let error = plant(&there, &[file("a", false), file("b", false), file("c/d", false)]);
        assert!(error.is_err());
        assert_eq!(names(&there), ["b"]);
        assert_eq!(fs::read_to_string(there.join("b")).unwrap(), "mine");
        // A file cannot be a directory too.
        let new = dir.path().join("new/one");
        assert!(plant(&new, &[file("a", false), file("a/b", false)]).is_err());
        assert_eq!(names(dir.path()), ["there"]);
        std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
        assert!(plant(&dir.path().join("link"), &[file("a", false)]).is_err());
        assert_eq!(names(dir.path()), ["link", "there"]);
    }
}
