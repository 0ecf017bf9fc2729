//! Files: read whole, written durably and atomically, locked with a message that names the holder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use thiserror::Error;

use crate::words::gettext;

/// A file operation that failed.
#[derive(Debug, Error)]
#[error("“{}” could not be {doing}: {}", path.display(), plain(source))]
pub struct FsError {
    /// "read", "written", "removed", "locked".
    pub doing: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// The system's words without "(os error 13)".
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

pub(super) fn error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FsError {
    let path = path.to_owned();
    move |source| FsError { doing, path, source }
}

/// A text file's content; `None` where there is no such file.
pub fn read(path: &Path) -> Result<Option<String>, FsError> {
    let whole = |mut file: File| {
        let mut text = String::new();
        file.read_to_string(&mut text).map(|_| text)
    };
    match open(path).and_then(whole) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(error("read", path)(e)),
    }
}

/// A file's bytes; `None` where there is no such file.
pub fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, FsError> {
    let whole = |mut file: File| {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map(|_| bytes)
    };
    match open(path).and_then(whole) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(error("read", path)(e)),
    }
}

/// Opens a file to be read. A pipe is refused: whoever opens one may wait for ever.
fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let file =
        File::options().read(true).custom_flags(flags.try_into().unwrap_or_default()).open(path)?;
    match file.metadata()?.file_type().is_fifo() {
        true => Err(io::Error::other(gettext("it is a pipe, and no file"))),
        false => Ok(file),
    }
}

/// The names in a directory, sorted; `None` where there is no such directory.
pub fn list(path: &Path) -> Result<Option<Vec<String>>, FsError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(error("read", path)(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(error("read", path))?;
        // A name that is not UTF-8 cannot be one of ours.
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort();
    Ok(Some(names))
}

/// Where a link leads, also one whose target is not there now; any other path as it is.
fn follow(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many links as the kernel follows; a circle ends there, and writing into it fails.
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    path
}

/// Makes sure that `path` is below `root`, whatever links are on the way. Neither the file nor its directories need be
/// there. `doing` is for the error: "read" or "written".
pub fn stays_below(root: &Path, path: &Path, doing: &'static str) -> Result<(), FsError> {
    let out = || io::Error::other(gettext("it leads out of the repository"));
    let below = path.strip_prefix(root).unwrap_or(path);
    if below.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return Err(error(doing, path)(out()));
    }
    // Without a link on the way there is nothing to follow.
    if !below.ancestors().any(|part| root.join(part).is_symlink() && part != Path::new("")) {
        return Ok(());
    }
    let real = |path: &Path| fs::canonicalize(path).map_err(error(doing, path));
    let target = follow(path);
    // What is not there yet is made below what is.
    let there = target.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let made = target.strip_prefix(there).unwrap_or(&target);
    let climbs = made.components().any(|part| part == std::path::Component::ParentDir);
    match real(there)?.starts_with(real(root)?) && !climbs {
        true => Ok(()),
        false => Err(error(doing, path)(out())),
    }
}

/// Gives `path` the content `text`, or removes it, so that a crash leaves either the old file or the new one.
///
/// Directories are made as needed. A link is followed, and the file behind it replaced. An unchanged file is
/// not written. A replaced file keeps its permissions; a new one gets `0644`, less the umask.
pub fn write(path: &Path, text: Option<&str>) -> Result<(), FsError> {
    write_as(path, text, None)
}

/// A file's permissions; `None` where there is no such file, or where they cannot be read.
pub fn mode(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(metadata.permissions().mode() & 0o777)
}

/// The same as [`write`], where a new file gets the permissions `mode`, whatever the umask is.
pub fn write_as(path: &Path, text: Option<&str>, mode: Option<u32>) -> Result<(), FsError> {
    let path = &follow(path);
    match (fs::read(path), text) {
        (Ok(now), Some(text)) if now == text.as_bytes() => return Ok(()),
        (Err(e), None) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        _ => (),
    }
    let Some(text) = text else {
        fs::remove_file(path).map_err(error("removed", path))?;
        return sync_parent(path).map_err(error("removed", path));
    };
    let parent = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(error("written", path))?;
    let temporary = parent.join(format!(".{}.{}", file_name(path), uuid::Uuid::new_v4().simple()));
    let written =
        write_new(&temporary, path, text, mode).and_then(|()| fs::rename(&temporary, path));
    if let Err(e) = written {
        // The error that matters is the one above; what is left is a temporary file.
        let _ = fs::remove_file(&temporary);
        return Err(error("written", path)(e));
    }
    sync_parent(path).map_err(error("written", path))
}

/// Removes what a crash in [`write`] left beside `path`. The caller keeps other writers out.
pub fn tidy(path: &Path) -> Result<(), FsError> {
    tidy_beside(&follow(path))
}

/// The same, where a link stands for itself.
pub(super) fn tidy_beside(path: &Path) -> Result<(), FsError> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let ours = format!(".{}.", file_name(path));
    for name in list(parent)?.unwrap_or_default() {
        let id = name.strip_prefix(&ours).unwrap_or_default();
        if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
            let left = parent.join(&name);
            fs::remove_file(&left).map_err(error("removed", &left))?;
        }
    }
    Ok(())
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn write_new(temporary: &Path, replaced: &Path, text: &str, mode: Option<u32>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(temporary)?;
    match fs::metadata(replaced) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) => file
            .set_permissions(fs::Permissions::from_mode(metadata.permissions().mode() & 0o7777))?,
        Err(_) => {
            if let Some(mode) = mode {
                file.set_permissions(fs::Permissions::from_mode(mode & 0o777))?;
            }
        }
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// A file that is written piece by piece beside its place, and stands there only when it is whole. One that is not
/// kept leaves nothing behind.
#[derive(Debug)]
pub struct NewFile {
    place: PathBuf,
    temporary: PathBuf,
    file: File,
    kept: bool,
}

impl NewFile {
    /// Begins the file for `place`, and makes its directory.
    pub fn create(place: &Path) -> Result<Self, FsError> {
        let parent = place.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(error("written", place))?;
        let temporary =
            parent.join(format!(".{}.{}", file_name(place), uuid::Uuid::new_v4().simple()));
        // What an earlier program that was killed left of the same file.
        tidy(place)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&temporary)
            .map_err(error("written", place))?;
        Ok(Self { place: place.to_owned(), temporary, file, kept: false })
    }

    /// Adds to its end.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        self.file.write_all(bytes).map_err(error("written", &self.place))
    }

    /// Where what was written so far can be read.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Puts the file in its place, durably.
    pub fn keep(mut self) -> Result<(), FsError> {
        let done = self.file.sync_all().and_then(|()| fs::rename(&self.temporary, &self.place));
        done.map_err(error("written", &self.place))?;
        self.kept = true;
        sync_parent(&self.place).map_err(error("written", &self.place))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            // It is a temporary file, and what matters more has been said.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Appends `text` to a file and waits until it is on the disk.
pub fn append(path: &Path, text: &str) -> Result<(), FsError> {
    let existed = path.exists();
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(error("written", path))?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(error("written", path))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_data())
        .map_err(error("written", path))?;
    if existed { Ok(()) } else { sync_parent(path).map_err(error("written", path)) }
}

/// A lock that is held by someone else.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody holds it, and did not let go in time.
    #[error("another program is changing this repository: {holder}")]
    Held {
        /// "bkt capture (process 4711)", as the holder wrote it.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error(transparent)]
    File(#[from] FsError),
}

/// An exclusive lock, let go when dropped, also by a crash.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "holding the file open is holding the lock")] File);

impl Lock {
    /// Takes the lock at `path`, waiting up to `patience`. `holder` says who we are, for others to read.
    pub fn take(
        path: &Path,
        holder: &str,
        patience: std::time::Duration,
    ) -> Result<Self, LockError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(error("locked", path))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(error("locked", path))?;
        let step = std::time::Duration::from_millis(20);
        let mut waited = std::time::Duration::ZERO;
        while let Err(e) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if e != rustix::io::Errno::WOULDBLOCK && e != rustix::io::Errno::INTR {
                return Err(error("locked", path)(e.into()).into());
            }
            if waited >= patience {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(error("read", path))?;
                return Err(LockError::Held { holder });
            }
            std::thread::sleep(step);
            waited += step;
        }
        let note = || -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(format!("{holder} (process {})", std::process::id()).as_bytes())
        };
        // On a full disk the lock still holds; only its message is lost.
        let mut note = note;
        let _ = note();
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_whatever_becomes_of_its_target() {
        let dir = tempfile::tempdir().unwrap();
        let (link, target) = (dir.path().join("link"), dir.path().join("away/target"));
        fs::create_dir(dir.path().join("away")).unwrap();
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink("away/target", &link).unwrap();
        for text in [Some("new"), None, Some("again")] {
            write(&link, text).unwrap();
            assert!(link.is_symlink());
            assert_eq!(read(&target).unwrap().as_deref(), text);
        }
    }

    #[test]
    fn a_way_out_is_seen_before_anything_is_written() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("in")).unwrap();
        fs::create_dir(dir.path().join("out")).unwrap();
        fs::write(dir.path().join("out/file"), "x").unwrap();
        for (link, target) in [
            ("in/a", "../../out/file"),
            ("b", "../out"),
            ("c", "../out/new"),
            ("d", "new/../../out/file"),
            ("e", "/etc/passwd"),
            ("f", "b/file"),
            ("g", "in/here"),
            ("h", "in/new"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        fs::write(root.join("in/here"), "x").unwrap();
        for path in ["in/a", "b", "b/file", "b/new/file", "c", "d", "e", "f"] {
            assert!(stays_below(&root, &root.join(path), "written").is_err(), "{path}");
        }
        for path in ["in/here", "in/new", "new/new", "g", "h", "."] {
            stays_below(&root, &root.join(path), "written").unwrap();
        }
        // A root that is a link itself is what it leads to.
        symlink(&root, dir.path().join("alias")).unwrap();
        stays_below(&dir.path().join("alias"), &dir.path().join("alias/in/new"), "written")
            .unwrap();
    }

    #[test]
    fn what_cannot_be_removed_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("nothing"), None).unwrap();
        fs::create_dir(dir.path().join("dir")).unwrap();
        assert!(write(&dir.path().join("dir"), None).is_err());
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        write(&path, Some("new")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(list(dir.path()).unwrap().unwrap(), ["file"], "nothing is left beside it");
    }
}
