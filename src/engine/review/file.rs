//! One file that is not as the last commit has it.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::{Content, FileReview, Happened};
use crate::core::secret;
use crate::engine::standing::is_ours;
use crate::host::fs::plain;
use crate::host::git::FileState;
use crate::words::{fill, gettext, ngettext};

impl FileReview {
    /// What became of it, in a few words each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![match &self.happened {
            Happened::New => gettext("new"),
            Happened::Changed => gettext("changed"),
            Happened::Deleted => gettext("deleted"),
            Happened::RenamedFrom(from) => fill(&gettext("was {file}"), &[("file", from)]),
            Happened::RenamedTo(to) => fill(&gettext("is now {file}"), &[("file", to)]),
            Happened::Unmerged => gettext("a merge left it to be decided"),
        }];
        match &self.content {
            Content::Text { diff, .. } if diff.is_empty() && self.modes.is_some() => notes.clear(),
            Content::Text { .. } => (),
            Content::Link { after: Some(to), .. } => {
                notes.push(fill(&gettext("a link to {file}"), &[("file", to)]));
            }
            Content::Link { .. } => notes.push(gettext("was a link")),
            Content::Binary => notes.push(gettext("not text")),
            Content::NotUtf8 => notes.push(gettext("text, but not in UTF-8")),
            Content::TooLarge => notes.push(gettext("too large to be compared")),
            Content::Repository => notes.push(gettext("a repository of its own")),
            Content::Unreadable { why } => {
                notes.push(fill(&gettext("could not be read: {why}"), &[("why", why)]));
            }
        }
        if let Some((before, now)) = &self.modes {
            let text = gettext("permissions {before} → {now}");
            notes.push(fill(&text, &[("before", before), ("now", now)]));
        }
        if self.line_endings {
            notes.push(gettext("other line endings"));
        }
        if self.error_before.is_some() {
            notes.push(gettext("what it was could not be read"));
        } else if self.changes > 0 {
            let n = self.changes;
            notes.push(fill(&ngettext("{n} item", "{n} items", n), &[("n", &n.to_string())]));
        }
        notes
    }
}

/// Longer files are not compared line by line.
const LONGEST: u64 = 1024 * 1024;
/// How long the shortest difference is looked for; after that, a longer one does.
const PATIENCE: Duration = Duration::from_millis(500);
/// So many lines stand around what differs.
const AROUND: usize = 3;

/// What one side of a file is.
enum Side {
    None,
    Bytes(Vec<u8>),
    Link(String),
    Large,
    Odd(String),
}

fn side(path: &Path) -> Side {
    let odd = |error: std::io::Error| Side::Odd(plain(&error));
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Side::None;
        }
        Err(error) => return odd(error),
    };
    if metadata.is_symlink() {
        return match std::fs::read_link(path) {
            Ok(target) => Side::Link(target.to_string_lossy().into_owned()),
            Err(error) => odd(error),
        };
    }
    if metadata.is_dir() {
        // Files below it are files of their own.
        return Side::None;
    }
    if !metadata.is_file() {
        // Whoever reads from a pipe may wait for ever.
        return Side::Odd(gettext("it is no regular file"));
    }
    if metadata.len() > LONGEST {
        return Side::Large;
    }
    match std::fs::read(path) {
        Ok(bytes) => Side::Bytes(bytes),
        Err(error) => odd(error),
    }
}

/// Compares a file below `tree`, where the last commit's files are, with the one below `root`.
pub(super) fn review(state: &FileState, tree: &Path, root: &Path) -> FileReview {
    let path = &state.path;
    let happened = match () {
        () if state.unmerged => Happened::Unmerged,
        () if state.deleted => Happened::Deleted,
        () if state.untracked || state.mode_before == 0 => Happened::New,
        () => Happened::Changed,
    };
    let (content, line_endings, secret) = match state.submodule {
        true => (Content::Repository, false, false),
        false => content(path, side(&tree.join(path)), side(&root.join(path))),
    };
    let (before, now) = (state.mode_before, state.mode);
    let kind = |mode: u32| mode >> 12;
    let modes = before != 0 && now != 0 && before != now && kind(before) == kind(now);
    FileReview {
        path: path.clone(),
        ours: is_ours(path) && !state.submodule,
        happened,
        content,
        modes: modes.then(|| (format!("{before:o}"), format!("{now:o}"))),
        line_endings,
        changes: 0,
        error: None,
        error_before: None,
        partly_staged: state.staged && state.unstaged,
        secret,
    }
}

fn content(path: &Path, before: Side, now: Side) -> (Content, bool, bool) {
    let (before, now) = match (before, now) {
        (Side::Odd(why), _) | (_, Side::Odd(why)) => {
            return (Content::Unreadable { why }, false, false);
        }
        (Side::Link(before), Side::Link(after)) => {
            let (before, after) = (Some(before), Some(after));
            return (Content::Link { before, after }, false, false);
        }
        (Side::Link(before), _) => {
            return (Content::Link { before: Some(before), after: None }, false, false);
        }
        (_, Side::Link(after)) => {
            return (Content::Link { before: None, after: Some(after) }, false, false);
        }
        (Side::Large, _) | (_, Side::Large) => return (Content::TooLarge, false, false),
        (before, now) => (bytes(before), bytes(now)),
    };
    if [&before, &now].into_iter().flatten().any(|bytes| bytes.contains(&0)) {
        return (Content::Binary, false, false);
    }
    let text = |bytes: Option<Vec<u8>>| bytes.map(String::from_utf8).transpose();
    let (Ok(before), Ok(after)) = (text(before), text(now)) else {
        return (Content::NotUtf8, false, false);
    };
    let (old, new) = (before.as_deref().unwrap_or(""), after.as_deref().unwrap_or(""));
    let ends = before.is_some() && after.is_some() && is_dos(old) != is_dos(new);
    let plain = |text: &str| if ends { text.replace("\r\n", "\n") } else { text.to_owned() };
    let (old, new) = (plain(old), plain(new));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(&*old, &*new);
    let name = |side: &str, there: bool| match there {
        true => format!("{side}/{}", path.to_string_lossy()),
        false => "/dev/null".to_owned(),
    };
    let (a, b) = (name("a", before.is_some()), name("b", after.is_some()));
    let unified = diff.unified_diff().context_radius(AROUND).header(&a, &b).to_string();
    let added: String = diff
        .iter_all_changes()
        .filter(|change| change.tag() == ChangeTag::Insert)
        .map(|change| change.value())
        .collect();
    (Content::Text { diff: unified, before, after }, ends, secret::in_text(&added))
}

fn bytes(side: Side) -> Option<Vec<u8>> {
    match side {
        Side::Bytes(bytes) => Some(bytes),
        Side::None | Side::Link(_) | Side::Large | Side::Odd(_) => None,
    }
}

/// Whether every line ends as on Windows.
fn is_dos(text: &str) -> bool {
    text.contains('\n') && text.lines().count() == text.matches("\r\n").count()
}

/// Finds new files that are what a deleted one was, byte for byte.
pub(super) fn renames(files: &mut [FileReview], tree: &Path, root: &Path) {
    let gone = |file: &FileReview| {
        file.happened == Happened::Deleted && file.content != Content::Repository
    };
    if !files.iter().any(gone) {
        return;
    }
    // Each is read once. The first one of a content comes last.
    let mut new: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (at, file) in files.iter().enumerate().rev() {
        if file.happened == Happened::New
            && let Some(is) = whole(&root.join(&file.path))
        {
            new.entry(is).or_default().push(at);
        }
    }
    for gone in 0..files.len() {
        if files[gone].happened != Happened::Deleted || files[gone].content == Content::Repository {
            continue;
        }
        let Some(was) = whole(&tree.join(&files[gone].path)) else { continue };
        if let Some(new) = new.get_mut(&was).and_then(Vec::pop) {
            let name = |file: &FileReview| file.path.to_string_lossy().into_owned();
            let (from, to) = (name(&files[gone]), name(&files[new]));
            files[gone].happened = Happened::RenamedTo(to);
            files[new].happened = Happened::RenamedFrom(from);
        }
    }
}

/// The bytes of a file that has any, or where a link leads.
fn whole(path: &Path) -> Option<Vec<u8>> {
    match side(path) {
        Side::Bytes(bytes) if !bytes.is_empty() => Some(bytes),
        Side::Link(target) => Some(std::ffi::OsStr::new(&target).as_bytes().to_owned()),
        _ => None,
    }
}
