//! Shims as they are on the disk: a script each, and a link to it on the path.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::script;
use crate::core::names::ShimName;
use crate::core::plan::{Node, Placed};
use crate::host::fs::FsError;
use crate::host::{Host, fs, place};

/// What is in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum There<T> {
    Nothing,
    Ours(T),
    /// Something that we did not make, and do not touch.
    Foreign,
}

impl<T> There<T> {
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self, Self::Foreign)
    }
}

/// A script of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// The host's command.
    pub command: ShimName,
    /// Whether it may be executed.
    pub runs: bool,
}

/// The two places of a shim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shim {
    pub script: There<Script>,
    pub link: There<()>,
}

/// Where the scripts are.
pub(super) fn scripts(host: &Host) -> PathBuf {
    host.env().home.join(".local/toolbox/shims")
}

/// Where the links are.
pub(super) fn links(host: &Host) -> PathBuf {
    host.env().home.join(".local/bin")
}

pub(super) fn script(host: &Host, name: &ShimName) -> PathBuf {
    scripts(host).join(name.as_str())
}

pub(super) fn link(host: &Host, name: &ShimName) -> PathBuf {
    links(host).join(name.as_str())
}

/// Where a shim's link leads.
pub(super) fn target(name: &ShimName) -> String {
    format!("../toolbox/shims/{name}")
}

/// What may be shims, by their scripts.
pub(super) fn names(host: &Host) -> Result<BTreeSet<ShimName>, FsError> {
    let names = fs::list(&scripts(host))?.unwrap_or_default();
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Looks at both places of a shim.
pub(super) fn read(host: &Host, name: &ShimName) -> Result<Shim, FsError> {
    let shim = script(host, name);
    let script = match node(&shim)? {
        There::Nothing => There::Nothing,
        There::Ours(Node::File { text, mode }) => match script::command(&text) {
            Some(command) => There::Ours(Script { command, runs: mode & 0o111 != 0 }),
            None => There::Foreign,
        },
        There::Ours(Node::Link { .. }) | There::Foreign => There::Foreign,
    };
    let link = match node(&link(host, name))? {
        There::Nothing => There::Nothing,
        There::Ours(Node::Link { target: to })
            if to == target(name) || Path::new(&to) == shim.as_path() =>
        {
            There::Ours(())
        }
        There::Ours(_) | There::Foreign => There::Foreign,
    };
    Ok(Shim { script, link })
}

/// What is put in place for a shim.
pub(super) fn making(
    host: &Host,
    name: &ShimName,
    command: &ShimName,
) -> Result<Vec<Placed>, FsError> {
    let file = Node::File { text: script::text(command), mode: 0o755 };
    let link_to = Node::Link { target: target(name) };
    let wanted = [(script(host, name), file), (link(host, name), link_to)];
    let placed = wanted.into_iter().map(|(path, node)| placed(&path, Some(node)));
    let placed: Result<Vec<Placed>, FsError> = placed.collect();
    Ok(placed?.into_iter().filter(|one| one.before != one.after).collect())
}

/// What is taken away of a shim: the link first, which would lead nowhere.
pub(super) fn removal(host: &Host, name: &ShimName, shim: &Shim) -> Result<Vec<Placed>, FsError> {
    let link = matches!(shim.link, There::Ours(())).then(|| link(host, name));
    let script = matches!(shim.script, There::Ours(_)).then(|| script(host, name));
    link.into_iter().chain(script).map(|path| placed(&path, None)).collect()
}

fn placed(path: &Path, after: Option<Node>) -> Result<Placed, FsError> {
    let before = place::read(path)?;
    Ok(Placed { path: path.to_string_lossy().into_owned(), before, after })
}

/// A text file or a link, which may be ours; anything else is not.
fn node(path: &Path) -> Result<There<Node>, FsError> {
    match place::read(path) {
        Ok(None) => Ok(There::Nothing),
        Ok(Some(node)) => Ok(There::Ours(node)),
        // A program, or a directory.
        Err(e) if matches!(e.source.kind(), ErrorKind::InvalidData | ErrorKind::IsADirectory) => {
            Ok(There::Foreign)
        }
        Err(e) => Err(e),
    }
}
