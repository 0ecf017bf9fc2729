//! Follows files and directories through the kernel's inotify: no polling and no timer, also for what does not exist yet.
//!
//! Every directory on the way to a path is watched for the next name on it, so that a path may come, go and come
//! again. Files are followed by their directory, which sees them replaced by a rename.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// What comes and goes in a directory.
const NAMES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO);
/// The same, and files that were written. A file is no news while it is still being written.
const CONTENT: WatchFlags = NAMES.union(WatchFlags::CLOSE_WRITE).union(WatchFlags::ATTRIB);
const STRUCTURE: ReadFlags = ReadFlags::CREATE
    .union(ReadFlags::DELETE)
    .union(ReadFlags::MOVED_FROM)
    .union(ReadFlags::MOVED_TO);

/// A path that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed<T> {
    /// A file or directory, by absolute path; it need not exist.
    pub path: PathBuf,
    /// How many levels of directories below it are followed too.
    pub depth: usize,
    /// What [`Follower::changes`] gives when it changes.
    pub tag: T,
}

/// Why a directory is watched.
#[derive(Clone, Debug)]
enum Role {
    /// It is on the way: only this name in it counts, and only that it comes or goes.
    Way(OsString),
    /// It holds what is followed: only this name in it counts.
    Holder(OsString),
    /// It is followed itself: every name in it counts. Whether directories in it are followed too.
    Inside(bool),
}

/// Keeps its watches as long as it lives. Its descriptor becomes readable when something has changed.
pub struct Follower<T> {
    inotify: OwnedFd,
    followed: Vec<Followed<T>>,
    /// By index of `followed`: whether it was there when last looked for.
    there: Vec<bool>,
    /// By watch: whom it serves (an index of `followed`), and how.
    watches: HashMap<i32, Vec<(usize, Role)>>,
}

impl<T: Clone + Ord> Follower<T> {
    /// Follows these paths. What is to be missed on some of them, for want of permission, say, is logged.
    pub fn new(followed: Vec<Followed<T>>) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let there = vec![false; followed.len()];
        let mut new = Self { inotify, followed, there, watches: HashMap::new() };
        for index in 0..new.followed.len() {
            new.arm(index);
        }
        Ok(new)
    }

    /// What has changed since it was last asked; empty where nothing has. Does not wait.
    pub fn changes(&mut self) -> io::Result<BTreeSet<T>> {
        // By index: what has changed itself, and what is to be looked for again.
        let (mut touched, mut moved) = (BTreeSet::new(), BTreeSet::new());
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                // What happened is lost: it may have been anything.
                touched.extend(0..self.followed.len());
                moved.extend(0..self.followed.len());
            } else if event.events().contains(ReadFlags::IGNORED) {
                let served = self.watches.remove(&event.wd()).unwrap_or_default();
                moved.extend(served.into_iter().map(|(index, _)| index));
            } else if let (Some(name), Some(served)) =
                (event.file_name(), self.watches.get(&event.wd()))
            {
                let name = OsStr::from_bytes(name.to_bytes());
                let structure = event.events().intersects(STRUCTURE);
                let is_dir = event.events().contains(ReadFlags::ISDIR);
                for (index, role) in served {
                    let (touches, moves) = match role {
                        Role::Way(wanted) => (false, structure && name == wanted),
                        Role::Holder(wanted) => (name == wanted, structure && name == wanted),
                        Role::Inside(deeper) => (true, *deeper && structure && is_dir),
                    };
                    if touches {
                        touched.insert(*index);
                    }
                    if moves {
                        moved.insert(*index);
                    }
                }
            }
        }
        for index in moved {
            let before = self.there[index];
            self.arm(index);
            // What comes or goes on the way matters where it brings or takes what is followed.
            if before || self.there[index] {
                touched.insert(index);
            }
        }
        Ok(touched.iter().map(|index| self.followed[*index].tag.clone()).collect())
    }

    /// Watches every directory that is on the way to a path now, and no other for its sake.
    fn arm(&mut self, index: usize) {
        for served in self.watches.values_mut() {
            served.retain(|(other, _)| *other != index);
        }
        let Followed { path, depth, .. } = &self.followed[index];
        let (path, depth) = (path.clone(), *depth);
        self.walk(index, &path, depth);
        self.there[index] = path.symlink_metadata().is_ok();
        // Behind a link the file itself changes elsewhere.
        if let Ok(real) = path.canonicalize()
            && real != path
        {
            self.walk(index, &real, depth);
        }
        let idle: Vec<i32> = self
            .watches
            .iter()
            .filter(|(_, served)| served.is_empty())
            .map(|(watch, _)| *watch)
            .collect();
        for watch in idle {
            self.watches.remove(&watch);
            // It may be gone with its directory.
            let _ = inotify::remove_watch(&self.inotify, watch);
        }
    }

    fn walk(&mut self, index: usize, path: &Path, depth: usize) {
        let names: Vec<&OsStr> = path
            .components()
            .filter_map(|part| match part {
                Component::Normal(name) => Some(name),
                _ => None,
            })
            .collect();
        let mut dir = PathBuf::from("/");
        for (at, name) in names.iter().enumerate() {
            let last = at + 1 == names.len();
            let name = (*name).to_owned();
            let next = dir.join(&name);
            let role = if last { Role::Holder(name) } else { Role::Way(name) };
            // A directory that may be passed through need not be one that may be listed.
            if !self.watch(index, &dir, role) && !next.exists() {
                return;
            }
            dir = next;
        }
        self.inside(index, &dir, depth);
    }

    fn inside(&mut self, index: usize, dir: &Path, depth: usize) {
        if !self.watch(index, dir, Role::Inside(depth > 0)) || depth == 0 {
            return;
        }
        // Watched first: what is made meanwhile is either listed or heard of.
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink()) {
                self.inside(index, &entry.path(), depth - 1);
            }
        }
    }

    /// Says whether `dir` is a directory, and now watched.
    fn watch(&mut self, index: usize, dir: &Path, role: Role) -> bool {
        let what = if matches!(role, Role::Way(_)) { NAMES } else { CONTENT };
        let flags = what | WatchFlags::ONLYDIR | WatchFlags::MASK_ADD;
        match inotify::add_watch(&self.inotify, dir, flags) {
            Ok(watch) => {
                self.watches.entry(watch).or_default().push((index, role));
                true
            }
            Err(Errno::NOENT | Errno::NOTDIR) => false,
            Err(error) => {
                tracing::warn!("“{}” is not followed: {error}", dir.display());
                false
            }
        }
    }
}

impl<T> AsFd for Follower<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
