//! How a checkout stands: `git status --porcelain=v2 --branch -z`, whose format `git-status(1)` documents, and the files
//! in the git directory that say what is going on.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::{Git, GitError};

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "head", content = "name")]
pub enum Head {
    /// A branch.
    Branch(String),
    /// A branch without a commit yet.
    Unborn(String),
    /// A commit, by its full hash.
    Detached(String),
}

/// What somebody began in the checkout and has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `git rebase`, or `git am`.
    Rebase,
    /// `git merge`.
    Merge,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

impl Operation {
    /// What git calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rebase => "rebase",
            Self::Merge => "merge",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => "bisect",
        }
    }
}

/// How a branch stands to the one it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ahead {
    /// The branch that is followed: "origin/main".
    pub upstream: String,
    /// Commits that only we have; `None` where the upstream was never fetched.
    pub ahead: Option<usize>,
    /// Commits that only the upstream has, as far as fetched.
    pub behind: Option<usize>,
}

/// A file that is not as the last commit has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileState {
    /// Its path below the top; one that ends in “/” is a directory with a repository of its own, which git does not look
    /// into.
    #[serde(serialize_with = "lossy")]
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// Whether a part of the change is in the index.
    pub staged: bool,
    /// Whether a part of the change is in the checkout alone.
    pub unstaged: bool,
    /// Whether git does not know the file.
    pub untracked: bool,
    /// Whether a merge left it to the person.
    pub unmerged: bool,
    /// Whether it is gone from the checkout.
    pub deleted: bool,
    /// Whether it is another repository inside this one.
    pub submodule: bool,
    /// The mode that the last commit has it with, as git writes them: `0o100644`; 0 where it does not have it.
    pub mode_before: u32,
    /// The mode that it has in the checkout; 0 where it is not there, or git does not know the file.
    pub mode: u32,
}

/// A path as text, for programs; what is not UTF-8 in it is replaced.
pub fn lossy<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

/// How a checkout stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What is checked out.
    pub head: Head,
    /// What the branch follows, if anything.
    pub upstream: Option<Ahead>,
    /// What is begun and not ended.
    pub operation: Option<Operation>,
    /// The files that differ from the last commit, in path order; ignored ones are left out.
    pub files: Vec<FileState>,
}

impl Git<'_> {
    /// How the checkout stands. Reads only: not even the index is refreshed.
    pub fn state(&self) -> Result<State, GitError> {
        let answer = self.bytes([
            "--no-optional-locks",
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--untracked-files=all",
            "--no-renames",
        ])?;
        let mut state = parse(&answer)?;
        state.operation = self.operation()?;
        Ok(state)
    }

    /// The directory where git keeps what belongs to this checkout alone.
    pub fn dir(&self) -> Result<PathBuf, GitError> {
        let dir = self.bytes(["rev-parse", "--absolute-git-dir"])?;
        Ok(PathBuf::from(OsStr::from_bytes(dir.strip_suffix(b"\n").unwrap_or(&dir))))
    }

    fn operation(&self) -> Result<Option<Operation>, GitError> {
        let dir = self.dir()?;
        let marks = [
            ("rebase-merge", Operation::Rebase),
            ("rebase-apply", Operation::Rebase),
            ("MERGE_HEAD", Operation::Merge),
            ("CHERRY_PICK_HEAD", Operation::CherryPick),
            ("REVERT_HEAD", Operation::Revert),
            ("BISECT_LOG", Operation::Bisect),
        ];
        Ok(marks.into_iter().find(|(mark, _)| dir.join(mark).exists()).map(|(_, what)| what))
    }
}

fn parse(answer: &[u8]) -> Result<State, GitError> {
    let mut oid = None;
    let mut name = None;
    let mut upstream = None;
    let mut counts = None;
    let mut files = Vec::new();
    for line in answer.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let odd = || GitError::Odd { said: String::from_utf8_lossy(line).into_owned() };
        let text = String::from_utf8_lossy(line);
        if let Some(header) = text.strip_prefix("# ") {
            match header.split_once(' ') {
                Some(("branch.oid", value)) => oid = Some(value.to_owned()),
                Some(("branch.head", value)) => name = Some(value.to_owned()),
                Some(("branch.upstream", value)) => upstream = Some(value.to_owned()),
                Some(("branch.ab", value)) => counts = Some(ahead_behind(value).ok_or_else(odd)?),
                _ => (),
            }
            continue;
        }
        files.push(file(line).ok_or_else(odd)?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let head = match (name.as_deref(), oid.as_deref()) {
        (Some("(detached)"), Some(oid)) => Head::Detached(oid.to_owned()),
        (Some(name), Some("(initial)")) => Head::Unborn(name.to_owned()),
        (Some(name), Some(_)) => Head::Branch(name.to_owned()),
        _ => return Err(GitError::Odd { said: String::from_utf8_lossy(answer).into_owned() }),
    };
    let upstream = upstream.map(|upstream| Ahead {
        upstream,
        ahead: counts.map(|(ahead, _)| ahead),
        behind: counts.map(|(_, behind)| behind),
    });
    Ok(State { head, upstream, operation: None, files })
}

/// `+1 -2`.
fn ahead_behind(text: &str) -> Option<(usize, usize)> {
    let (ahead, behind) = text.split_once(' ')?;
    Some((ahead.strip_prefix('+')?.parse().ok()?, behind.strip_prefix('-')?.parse().ok()?))
}

/// `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path` or `? path`.
fn file(line: &[u8]) -> Option<FileState> {
    let (kind, rest) = line.split_first()?;
    let fields = match kind {
        b'1' => 7,
        b'u' => 9,
        b'?' => 0,
        _ => return None,
    };
    let mut rest = rest.strip_prefix(b" ")?;
    let mut letters = (b'.', b'.');
    let mut submodule = false;
    let mut modes = Vec::new();
    for number in 0..fields {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let field = &rest[..space];
        match number {
            0 => letters = (*field.first()?, *field.get(1)?),
            1 => submodule = field.first() == Some(&b'S'),
            // Three modes for a change, four for what a merge left.
            2.. if number < fields - if *kind == b'u' { 3 } else { 2 } => {
                modes.push(u32::from_str_radix(std::str::from_utf8(field).ok()?, 8).ok()?);
            }
            _ => (),
        }
        rest = &rest[space + 1..];
    }
    let deleted = letters.1 == b'D' || (letters.0 == b'D' && letters.1 == b'.');
    Some(FileState {
        path: Path::new(OsStr::from_bytes(rest)).to_owned(),
        staged: *kind == b'1' && letters.0 != b'.',
        unstaged: *kind != b'1' || letters.1 != b'.',
        untracked: *kind == b'?',
        unmerged: *kind == b'u',
        deleted,
        submodule: submodule || rest.ends_with(b"/"),
        mode_before: modes.first().copied().unwrap_or(0),
        mode: modes.last().copied().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_lines_are_read() {
        let answer = b"# branch.oid 0123456789abcdef0123456789abcdef01234567\0# branch.head main\0\
            # branch.upstream origin/main\0# branch.ab +2 -1\0\
            1 .M N... 100644 100644 100644 aaaa aaaa manifests/a b.json\0\
            1 A. N... 000000 100644 100644 0000 bbbb new\0\
            u UU N... 100644 100644 100644 100644 a b c both\0? odd\xffname\0";
        let state = parse(answer).unwrap();
        assert_eq!(state.head, Head::Branch("main".to_owned()));
        let upstream = state.upstream.unwrap();
        assert_eq!((upstream.ahead, upstream.behind), (Some(2), Some(1)));
        let paths: Vec<_> =
            state.files.iter().map(|file| file.path.as_os_str().as_bytes()).collect();
        assert_eq!(paths, [&b"both"[..], b"manifests/a b.json", b"new", b"odd\xffname"]);
        assert!(state.files[0].unmerged && state.files[2].staged && state.files[3].untracked);
        assert!(!state.files[1].staged && state.files[1].unstaged && !state.files[2].unstaged);
        assert_eq!((state.files[1].mode_before, state.files[2].mode_before), (0o100_644, 0));
        assert_eq!((state.files[0].mode, state.files[2].mode), (0o100_644, 0o100_644));
    }

    #[test]
    fn a_checkout_without_a_commit_and_one_without_a_branch() {
        let unborn = parse(b"# branch.oid (initial)\0# branch.head main\0").unwrap();
        assert_eq!(unborn.head, Head::Unborn("main".to_owned()));
        let detached = parse(b"# branch.oid 0123\0# branch.head (detached)\0").unwrap();
        assert_eq!(detached.head, Head::Detached("0123".to_owned()));
        assert!(parse(b"3 what\0").is_err());
    }
}
