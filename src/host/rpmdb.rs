//! The rpm database of an image, read without rpm.
//!
//! It is SQLite, with one table per index of rpm's: `Name` has every package's name, and `Packages` its whole header.
//! The tables are those of rpm's own backend, `lib/backend/sqlite.cc`: <https://github.com/rpm-software-management/rpm>.
//!
//! Databases that belong to an image are written by nobody: they are opened as immutable, which takes no lock and leaves
//! no file behind. A reader that opens one in the usual way needs to write beside it, and as root would take the files
//! away that others need. The one of the system that runs is read in the same way, and only while nobody writes it.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Params};
use thiserror::Error;

pub mod cache;
pub mod header;

pub use header::Package;

/// Where an image has its database, below its root: the second is mostly a link to the first, or the other way.
const PLACES: [&str; 2] = ["usr/share/rpm", "usr/lib/sysimage/rpm"];
/// Where rpm-ostree keeps the database that the base has, once packages were layered over it.
const BASE: &str = "usr/lib/sysimage/rpm-ostree-base-db";
/// The database's file.
const FILE: &str = "rpmdb.sqlite";
/// The files of rpm's other formats.
const OTHERS: [(&str, &str); 2] = [("Packages.db", "ndb"), ("Packages", "Berkeley DB")];
/// What rpm keeps as packages beside them: the keys it trusts.
const KEYS: &str = "gpg-pubkey";

/// A database that could not be read.
#[derive(Debug, Error)]
pub enum RpmdbError {
    /// There is none.
    #[error("there is no rpm database in “{}”", .0.display())]
    None(PathBuf),
    /// Whether there is one cannot be seen.
    #[error("the rpm database “{}” could not be read: {source}", path.display())]
    Closed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is in a format that is not read.
    #[error("the rpm database “{}” is in the format {format}, which is not read", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
    },
    /// Somebody was writing it when the image was made.
    #[error("the rpm database “{}” was not closed: the image was made while it was written", .0.display())]
    Open(PathBuf),
    /// A program is writing the one of the system that runs.
    #[error("the rpm database “{}” is being written", .0.display())]
    Busy(PathBuf),
    /// SQLite cannot read it, or it has other tables.
    #[error("the rpm database “{}” could not be read: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A package's header is not one.
    #[error("the rpm database “{}” has a broken header: {what}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
}

/// What tells a database's file from others, and from itself as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    place: (u64, u64),
    content: (u64, i64, i64),
    log: u64,
}

/// The rpm database of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rpmdb {
    path: PathBuf,
}

impl Rpmdb {
    /// The database of the system below `root`, layered packages included.
    pub fn of(root: &Path) -> Result<Self, RpmdbError> {
        let dirs = PLACES.map(|place| inside(root, place));
        Self::in_any(&dirs)?.ok_or_else(|| RpmdbError::None(dirs[0].clone()))
    }

    /// The database of the base below `root`, which is the same one where nothing was layered.
    pub fn of_base(root: &Path) -> Result<Self, RpmdbError> {
        Self::in_any(&[inside(root, BASE)])?.map_or_else(|| Self::of(root), Ok)
    }

    /// The first database in `dirs`, of whichever format. Where there is none, one may be out of sight.
    fn in_any(dirs: &[PathBuf]) -> Result<Option<Self>, RpmdbError> {
        let mut unseen = None;
        for dir in dirs {
            let mut there = |name: &str| {
                let path = dir.join(name);
                match path.try_exists() {
                    Ok(there) => there.then_some(path),
                    Err(source) => {
                        unseen.get_or_insert(RpmdbError::Closed { path, source });
                        None
                    }
                }
            };
            if let Some(path) = there(FILE) {
                return Ok(Some(Self { path }));
            }
            for (name, format) in OTHERS {
                if let Some(path) = there(name) {
                    return Err(RpmdbError::Format { path, format });
                }
            }
        }
        unseen.map_or(Ok(None), Err)
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells the database from the same one written since: device, inode, size, the time of the last write, and the
    /// size of what SQLite has logged beside it.
    fn stamp(&self) -> Result<Stamp, RpmdbError> {
        let closed = |source| RpmdbError::Closed { path: self.path.clone(), source };
        let file = std::fs::metadata(&self.path).map_err(closed)?;
        Ok(Stamp {
            place: (file.dev(), file.ino()),
            content: (file.len(), file.mtime(), file.mtime_nsec()),
            log: self.logged(),
        })
    }

    /// What `read` finds in a database that others may write, and that was as `stamp` says; [`RpmdbError::Busy`] where it
    /// was written meanwhile, since a reader without a lock may have seen half of that.
    fn undisturbed<T>(
        &self,
        stamp: &Stamp,
        read: impl FnOnce() -> Result<T, RpmdbError>,
    ) -> Result<T, RpmdbError> {
        let found = read();
        match self.stamp()? == *stamp {
            true => found,
            false => Err(RpmdbError::Busy(self.path.clone())),
        }
    }

    /// The size of what SQLite has logged and not yet put in its place.
    fn logged(&self) -> u64 {
        std::fs::metadata(self.path.with_extension("sqlite-wal")).map_or(0, |log| log.len())
    }

    /// The names of all packages: one query, of an index.
    pub fn names(&self) -> Result<BTreeSet<String>, RpmdbError> {
        let read = |row: &rusqlite::Row| row.get::<_, String>(0);
        let names = self.query("SELECT DISTINCT key FROM Name", [], read)?;
        if names.iter().any(|name| name.contains(char::is_control)) {
            return Err(RpmdbError::Header { path: self.path.clone(), what: "a name is no name" });
        }
        Ok(names.into_iter().filter(|name| name != KEYS).collect())
    }

    /// All packages, from their headers, sorted; one that is there in two versions or for two architectures is there
    /// twice.
    pub fn packages(&self) -> Result<Vec<Package>, RpmdbError> {
        let mut packages = self.headers("SELECT blob FROM Packages", [])?;
        packages.retain(|package| package.name != KEYS);
        packages.sort();
        Ok(packages)
    }

    /// The packages of one name: one query, by an index.
    pub fn builds(&self, name: &str) -> Result<Vec<Package>, RpmdbError> {
        let of_name =
            "SELECT blob FROM Packages WHERE hnum IN (SELECT hnum FROM Name WHERE key = ?1)";
        self.headers(of_name, [name])
    }

    fn headers(&self, sql: &str, values: impl Params) -> Result<Vec<Package>, RpmdbError> {
        let read = |row: &rusqlite::Row| row.get::<_, Vec<u8>>(0);
        let blobs = self.query(sql, values, read)?;
        let broken = |what| RpmdbError::Header { path: self.path.clone(), what };
        let packages = blobs.iter().map(|blob| header::parse(blob));
        packages.collect::<Result<_, _>>().map_err(broken)
    }

    fn query<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&rusqlite::Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, RpmdbError> {
        // What SQLite has logged and not yet put in its place is not seen by a reader that takes no lock.
        if self.logged() > 0 {
            return Err(RpmdbError::Open(self.path.clone()));
        }
        let all = || -> rusqlite::Result<Vec<T>> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_URI
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(uri(&self.path), flags)?;
            connection.prepare(sql)?.query_map(values, read)?.collect()
        };
        all().map_err(|source| RpmdbError::Sqlite { path: self.path.clone(), source })
    }
}

/// The address of a database that nobody changes, as SQLite takes it.
fn uri(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?immutable=1")
}

/// A directory below `root`. A link that is absolute means a place below `root` too: it was made for that system.
fn inside(root: &Path, place: &str) -> PathBuf {
    let mut dir = root.join(place);
    // As many as are made by anybody; a circle ends as a directory that has no database.
    for _ in 0..4 {
        let Ok(target) = std::fs::read_link(&dir) else { break };
        dir = match target.strip_prefix("/") {
            Ok(below) => root.join(below),
            Err(_) => dir.parent().unwrap_or(root).join(target),
        };
    }
    dir
}

#[cfg(test)]
#[path = "rpmdb_tests.rs"]
mod tests;
