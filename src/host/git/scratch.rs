//! An index of git's in a directory of its own, in which trees are put together without touching the checkout.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{Git, GitError};

/// A file's content in a tree: its mode, "100644", and the id of its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The mode in octal.
    pub mode: String,
    /// The object's full hash.
    pub id: String,
}

impl Blob {
    /// Whether it is a file, and neither a link nor another repository.
    pub fn is_file(&self) -> bool {
        self.mode.starts_with("100")
    }
}

/// A file that both sides of a merge changed. `None` is absence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmerged {
    /// Its path below the top.
    pub path: PathBuf,
    /// What both began with.
    pub base: Option<Blob>,
    /// What ours has.
    pub ours: Option<Blob>,
    /// What theirs has.
    pub theirs: Option<Blob>,
}

/// A file that is not the same in two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its path below the top.
    pub path: String,
    /// What the first tree has.
    pub old: Option<Blob>,
    /// What the second tree has.
    pub new: Option<Blob>,
}

/// The index. It and what is written for it go with this value; the objects stay in the repository.
pub struct Scratch<'g, 'h> {
    git: &'g Git<'h>,
    dir: tempfile::TempDir,
}

impl<'h> Git<'h> {
    /// An empty index.
    pub fn scratch(&self) -> Result<Scratch<'_, 'h>, GitError> {
        Ok(Scratch { git: self, dir: self.temporary()? })
    }

    /// The files that are not the same in two trees, in path order. A name that is not UTF-8 is an error.
    pub fn changed(&self, old: &str, new: &str) -> Result<Vec<Changed>, GitError> {
        let answer = self.bytes(["diff-tree", "-r", "-z", "--raw", "--no-renames", old, new])?;
        let mut parts = answer.split(|byte| *byte == 0);
        let mut changed = Vec::new();
        while let (Some(head @ [b':', ..]), Some(path)) = (parts.next(), parts.next()) {
            let head = String::from_utf8_lossy(head).into_owned();
            let odd =
                || GitError::Odd { said: format!("{head} {}", String::from_utf8_lossy(path)) };
            let fields: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
            let [old_mode, new_mode, old_id, new_id, _] = fields[..] else { return Err(odd()) };
            let blob = |mode: &str, id: &str| {
                (mode != "000000").then(|| Blob { mode: mode.to_owned(), id: id.to_owned() })
            };
            let path = String::from_utf8(path.to_vec()).map_err(|_| odd())?;
            let (old, new) = (blob(old_mode, old_id), blob(new_mode, new_id));
            changed.push(Changed { path, old, new });
        }
        Ok(changed)
    }

    /// What an object holds.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, GitError> {
        self.bytes(["cat-file", "blob", id])
    }
}

impl Scratch<'_, '_> {
    fn index(&self) -> PathBuf {
        self.dir.path().join("index")
    }

    /// Runs git with this index.
    pub fn run<I: IntoIterator<Item = S>, S: Into<String>>(
        &self,
        args: I,
    ) -> Result<String, GitError> {
        let command = self.git.command(args).env("GIT_INDEX_FILE", self.index().to_string_lossy());
        Ok(self.git.host.run(&command, &mut |_| (), &CancellationToken::new())?)
    }

    fn bytes<const N: usize>(&self, args: [&str; N]) -> Result<Vec<u8>, GitError> {
        let command = self.git.command(args).env("GIT_INDEX_FILE", self.index().to_string_lossy());
        Ok(self.git.host.output(&command)?)
    }

    /// Begins with a copy of the checkout's own index.
    pub fn copy_own(&self) -> Result<(), GitError> {
        let own = self.git.dir()?.join("index");
        let copied = std::fs::copy(&own, self.index()).and_then(|_| {
            // By its time git tells which files may have changed in the moment it was written.
            let time = std::fs::metadata(&own)?.modified()?;
            std::fs::File::options().write(true).open(self.index())?.set_modified(time)
        });
        match copied {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(GitError::Directory { path: own, source: error })
            }
            // A checkout without a file has none.
            _ => Ok(()),
        }
    }

    /// Begins with a tree.
    pub fn read(&self, tree: &str) -> Result<(), GitError> {
        self.run(["read-tree", tree]).map(drop)
    }

    /// Merges three trees, and leaves what both sides changed for [`Self::put`] and [`Self::remove`] to settle.
    pub fn merge(&self, base: &str, ours: &str, theirs: &str) -> Result<Vec<Unmerged>, GitError> {
        self.run(["read-tree", "-i", "-m", "--aggressive", base, ours, theirs])?;
        let answer = self.bytes(["ls-files", "--unmerged", "-z"])?;
        let mut files: Vec<Unmerged> = Vec::new();
        for line in answer.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let odd = || GitError::Odd { said: String::from_utf8_lossy(line).into_owned() };
            let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(odd)?;
            let head = String::from_utf8_lossy(&line[..tab]).into_owned();
            let path = PathBuf::from(OsStr::from_bytes(&line[tab + 1..]));
            let [mode, id, stage] = head.split(' ').collect::<Vec<_>>()[..] else {
                return Err(odd());
            };
            let blob = Some(Blob { mode: mode.to_owned(), id: id.to_owned() });
            if files.last().is_none_or(|last| last.path != path) {
                files.push(Unmerged { path, ..Unmerged::default() });
            }
            let Some(file) = files.last_mut() else { return Err(odd()) };
            match stage {
                "1" => file.base = blob,
                "2" => file.ours = blob,
                "3" => file.theirs = blob,
                _ => return Err(odd()),
            }
        }
        Ok(files)
    }

    /// Gives a file this content.
    pub fn put(&self, path: &str, mode: &str, bytes: &[u8]) -> Result<(), GitError> {
        let file = self.dir.path().join("content");
        std::fs::write(&file, bytes)
            .map_err(|source| GitError::Directory { path: file.clone(), source })?;
        let file = file.to_string_lossy().into_owned();
        let id = self.run(["hash-object", "-w", "--no-filters", "--", &file])?;
        let entry = format!("{mode},{},{path}", id.trim());
        self.run(["update-index", "--add", "--cacheinfo", &entry]).map(drop)
    }

    /// Takes a file out.
    pub fn remove(&self, path: &str) -> Result<(), GitError> {
        self.run(["update-index", "--force-remove", "--", path]).map(drop)
    }

    /// The tree of what the index holds, kept in the repository.
    pub fn tree(&self) -> Result<String, GitError> {
        Ok(self.run(["write-tree"])?.trim().to_owned())
    }

    /// The files of the checkout that are not as the index has them.
    pub fn moved(&self) -> Result<BTreeSet<String>, GitError> {
        // It fails where something has moved, which is what is asked next.
        let _ = self.run(["update-index", "-q", "--refresh"]);
        let answer = self.bytes(["diff-files", "-z", "--name-only"])?;
        let names = answer.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Writes these files of the index into the checkout, over what is there.
    pub fn check_out(&self, paths: &[&str]) -> Result<(), GitError> {
        for some in paths.chunks(200) {
            let args = ["checkout-index", "--force", "--quiet", "--"];
            self.run(args.into_iter().chain(some.iter().copied()))?;
        }
        Ok(())
    }
}
