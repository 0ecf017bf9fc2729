//! `/etc` beside `/usr/etc`: what a deployment was made with, and what has become of it since.
//!
//! Both trees are walked once, side by side. Links are never followed, and only what everyone may read is looked into,
//! also by root: what is kept from others does not belong into a repository. Files of the same size are compared byte
//! by byte, because all files of an image have the same time; what was found equal, and is as it was, is not read again.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, SeekFrom, Stat, openat, readlinkat, statat,
};
use rustix::io::Errno;

use super::LARGEST;
use super::cache::Cache;
use crate::host::Host;

/// A walk ends here: no `/etc` has as much.
const MOST: usize = 200_000;

/// Parts of `/etc` that other subsystems compare, without `/etc/`.
const OTHERS: [&str; 4] = ["systemd/system", "systemd/user", "yum.repos.d", "distro.repos.d"];

/// How a file of `/etc` differs from the image's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It is a file that everyone may read, and is new or says something else.
    File,
    /// It is a link, a device, or a file that not everyone may read or whose name is no text.
    Other,
    /// The image has it, and it is gone.
    Gone,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The differences, by path without `/etc/`.
    pub found: BTreeSet<(String, How)>,
    /// Directories that should be readable and are not, by path without `/etc/`, each with the reason.
    pub unread: Vec<(String, io::Error)>,
    /// Whether there was more than can be looked at.
    pub too_much: bool,
    seen: usize,
}

/// Both trees, open.
pub struct Trees {
    etc: OwnedFd,
    image: OwnedFd,
    /// Who owns `/etc`: root.
    owner: Owner,
}

/// Who a file belongs to: user and group.
type Owner = (u32, u32);

fn owner(stat: &Stat) -> Owner {
    (stat.st_uid, stat.st_gid)
}

fn open_dir(at: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

impl Trees {
    /// Opens both; `None` where the machine has no `/usr/etc`.
    pub fn open(host: &Host) -> io::Result<Option<Self>> {
        // The first part of the way may be a link: only what is below is not followed.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |path: &str| openat(CWD, host.path(path), flags, Mode::empty());
        let image = match open("/usr/etc") {
            Err(Errno::NOENT) => return Ok(None),
            image => image?,
        };
        let etc = open("/etc")?;
        let owner = owner(&rustix::fs::fstat(&etc)?);
        Ok(Some(Self { etc, image, owner }))
    }

    /// Looks for everything that differs, and reads what `cache` does not know.
    pub fn walk(&self, cache: &mut Cache) -> Walk {
        let mut walk = Walk::default();
        let mut at = String::new();
        let mut reader = Reader { buffers: Buffers::default(), cache };
        walk.dir(self.etc.as_fd(), Some(self.image.as_fd()), &mut at, &mut reader);
        walk
    }

    /// What is at a path, without `/etc/`, on this machine.
    pub fn here(&self, path: &str) -> Found {
        look(self.etc.as_fd(), path, self.owner)
    }

    /// What the image has at that path.
    pub fn in_image(&self, path: &str) -> Found {
        look(self.image.as_fd(), path, self.owner)
    }
}

/// What is at one path.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file, with its permissions.
    File {
        /// Its permissions.
        mode: u32,
        /// Whether everyone may read it and what it is in.
        open: bool,
        /// Whether it has another owner than `/etc`, an access list or attributes: no manifest can say so.
        more: bool,
        /// Its content, if it is of a size that is compared.
        bytes: io::Result<Vec<u8>>,
    },
    /// A link, and where it leads.
    Link(String),
    /// Something else, or something below a link.
    Other,
    /// It cannot be told.
    Unreadable(io::Error),
}

fn look(root: BorrowedFd<'_>, path: &str, own: Owner) -> Found {
    let mut open = true;
    let mut dir: Option<OwnedFd> = None;
    let (way, name) = path.rsplit_once('/').unwrap_or(("", path));
    let result = (|| -> rustix::io::Result<Found> {
        for part in way.split('/').filter(|part| !part.is_empty()) {
            let at = dir.as_ref().map_or(root, AsFd::as_fd);
            let stat = statat(at, part, AtFlags::SYMLINK_NOFOLLOW)?;
            if kind(&stat) != FileType::Directory {
                return Ok(Found::Other);
            }
            open &= stat.st_mode & 0o005 == 0o005;
            let name = CString::new(part).map_err(|_| Errno::INVAL)?;
            dir = Some(open_dir(at, &name)?);
        }
        let at = dir.as_ref().map_or(root, AsFd::as_fd);
        let stat = statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match kind(&stat) {
            FileType::RegularFile => Found::File {
                mode: stat.st_mode & 0o7777,
                open: open && stat.st_mode & 0o004 != 0,
                more: owner(&stat) != own || has_attributes(at, name),
                bytes: read(at, name),
            },
            FileType::Symlink => {
                let target = readlinkat(at, name, Vec::new())?;
                Found::Link(target.to_string_lossy().into_owned())
            }
            _ => Found::Other,
        })
    })();
    match result {
        Ok(found) => found,
        Err(Errno::NOENT) => Found::Nothing,
        Err(error) => Found::Unreadable(error.into()),
    }
}

/// A file's bytes, of which there are at most one more than are compared.
fn read(at: BorrowedFd<'_>, name: &str) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = std::fs::File::from(openat(at, name, flags, Mode::empty())?);
    let mut bytes = Vec::new();
    file.take(super::MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file has attributes that somebody gave it: an access list, capabilities, notes. Labels come by themselves.
fn has_attributes(at: BorrowedFd<'_>, name: &str) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = openat(at, name, flags, Mode::empty()) else { return false };
    let mut names = vec![0; 4096];
    match rustix::fs::flistxattr(&file, &mut names) {
        Ok(length) => names[..length].split(|byte| *byte == 0).any(|name| {
            !name.is_empty()
                && !matches!(name, b"security.selinux" | b"security.ima" | b"security.evm")
        }),
        // More names than fit; and a file system without attributes has none.
        Err(error) => error == Errno::RANGE,
    }
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// One directory's names, sorted.
fn names(dir: BorrowedFd<'_>) -> rustix::io::Result<Vec<CString>> {
    let mut names = Vec::new();
    let mut buffer = [MaybeUninit::uninit(); 8 * 1024];
    // What reads a directory by its descriptor goes on where another left off.
    rustix::fs::seek(dir, SeekFrom::Start(0))?;
    let mut entries = RawDir::new(dir, &mut buffer);
    while let Some(entry) = entries.next() {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What tells whether two files say the same.
struct Reader<'a> {
    buffers: Buffers,
    cache: &'a mut Cache,
}

impl Reader<'_> {
    /// Whether two files of one size say the same, each given by its directory and what was seen of it.
    fn same(
        &mut self,
        (etc, mine): (BorrowedFd<'_>, &Stat),
        (image, theirs): (BorrowedFd<'_>, &Stat),
        name: &CStr,
    ) -> rustix::io::Result<bool> {
        let size = mine.st_size.unsigned_abs();
        let buffers = &mut self.buffers;
        self.cache.same(mine, theirs, || buffers.same(etc, image, name, size))
    }
}

/// What two files are read into.
struct Buffers([Vec<u8>; 2]);

impl Default for Buffers {
    fn default() -> Self {
        Self([vec![0; 32 * 1024], vec![0; 32 * 1024]])
    }
}

impl Buffers {
    /// Whether two files of that size say the same.
    fn same(
        &mut self,
        etc: BorrowedFd<'_>,
        image: BorrowedFd<'_>,
        name: &CStr,
        size: u64,
    ) -> rustix::io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Self([mine, theirs]) = self;
        let mut left = usize::try_from(size).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(true);
        }
        let [one, other] =
            [openat(etc, name, flags, Mode::empty())?, openat(image, name, flags, Mode::empty())?];
        while left > 0 {
            let length = left.min(mine.len());
            if !fill(&one, &mut mine[..length])? || !fill(&other, &mut theirs[..length])? {
                return Ok(false);
            }
            if mine[..length] != theirs[..length] {
                return Ok(false);
            }
            left -= length;
        }
        Ok(true)
    }
}

/// Reads as much as fits, and says whether there was as much.
fn fill(file: &OwnedFd, mut buffer: &mut [u8]) -> rustix::io::Result<bool> {
    while !buffer.is_empty() {
        match rustix::io::read(file, &mut *buffer)? {
            0 => return Ok(false),
            n => buffer = buffer.split_at_mut(n).1,
        }
    }
    Ok(true)
}

impl Walk {
    /// Compares one directory. Where the image does not have it, everything in it is new.
    fn dir(
        &mut self,
        etc: BorrowedFd<'_>,
        image: Option<BorrowedFd<'_>>,
        at: &mut String,
        reader: &mut Reader<'_>,
    ) {
        let (mine, theirs) = match (names(etc), image.map_or(Ok(Vec::new()), names)) {
            (Ok(mine), Ok(theirs)) => (mine, theirs),
            (Err(error), _) | (_, Err(error)) => {
                self.unread.push((at.clone(), error.into()));
                return;
            }
        };
        let mut theirs = theirs.into_iter().peekable();
        for name in mine {
            while theirs.peek().is_some_and(|other| *other < name) {
                if let Some(gone) = theirs.next() {
                    self.gone(at, &gone);
                }
            }
            let both = theirs.next_if_eq(&name).is_some();
            self.seen += 1;
            if self.seen > MOST {
                self.too_much = true;
                return;
            }
            let length = at.len();
            if !at.is_empty() {
                at.push('/');
            }
            match name.to_str() {
                Ok(text) => at.push_str(text),
                Err(_) => at.push_str(&name.to_string_lossy()),
            }
            if !OTHERS.contains(&at.as_str())
                && let Err(error) = self.entry(etc, image.filter(|_| both), &name, at, reader)
            {
                self.unread.push((at.clone(), error.into()));
            }
            at.truncate(length);
        }
        for gone in theirs {
            self.gone(at, &gone);
        }
    }

    fn gone(&mut self, at: &str, name: &CStr) {
        let name = name.to_string_lossy();
        let path = if at.is_empty() { name.into_owned() } else { format!("{at}/{name}") };
        if !OTHERS.contains(&path.as_str()) {
            self.found.insert((path, How::Gone));
        }
    }

    fn entry(
        &mut self,
        etc: BorrowedFd<'_>,
        image: Option<BorrowedFd<'_>>,
        name: &CStr,
        at: &mut String,
        reader: &mut Reader<'_>,
    ) -> rustix::io::Result<()> {
        let mine = statat(etc, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let theirs = match image {
            Some(image) => Some(statat(image, name, AtFlags::SYMLINK_NOFOLLOW)?),
            None => None,
        };
        let kind_here = kind(&mine);
        let mut differs = |how| {
            self.found.insert((at.clone(), how));
        };
        if kind_here == FileType::Directory {
            if mine.st_mode & 0o005 != 0o005 {
                return Ok(());
            }
            let dir = open_dir(etc, name)?;
            let other = match (image, &theirs) {
                (Some(image), Some(theirs)) if kind(theirs) == FileType::Directory => {
                    if theirs.st_mode & 0o005 != 0o005 {
                        return Ok(());
                    }
                    Some(open_dir(image, name)?)
                }
                _ => None,
            };
            self.dir(dir.as_fd(), other.as_ref().map(AsFd::as_fd), at, reader);
            return Ok(());
        }
        let same_kind = theirs.filter(|theirs| kind(theirs) == kind_here);
        let (Some(image), Some(theirs)) = (image, same_kind) else {
            differs(how(&mine, name));
            return Ok(());
        };
        match kind_here {
            FileType::RegularFile => {
                let open = mine.st_mode & 0o004 != 0;
                let same = (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)
                    || mine.st_mode == theirs.st_mode
                        && mine.st_size == theirs.st_size
                        && (!open || reader.same((etc, &mine), (image, &theirs), name)?);
                if !same {
                    differs(how(&mine, name));
                }
            }
            FileType::Symlink => {
                let [here, there] =
                    [readlinkat(etc, name, Vec::new())?, readlinkat(image, name, Vec::new())?];
                if here != there {
                    differs(How::Other);
                }
            }
            _ => (),
        }
        Ok(())
    }
}

/// Whether a file can be kept in a repository, by what is known without reading it.
fn how(stat: &Stat, name: &CStr) -> How {
    let plain = stat.st_mode & 0o7000 == 0 && stat.st_mode & 0o004 != 0;
    let small = u64::try_from(stat.st_size).is_ok_and(|size| size <= LARGEST as u64);
    match kind(stat) == FileType::RegularFile && plain && small && name.to_str().is_ok() {
        true => How::File,
        false => How::Other,
    }
}
