//! The repository's files that modules put into the image: which file goes where, with what permissions.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::bail;

use super::module::{self, File, Kind};
use crate::core::item::Layer;
use crate::core::names::{ImagePath, RepoRelPath};
use crate::host::fs as files;
use crate::manifest::Manifests;
use crate::words::{fill, gettext};

/// A text up to this many bytes is compared line by line; anything else is compared by its checksum.
pub const LARGEST: usize = 256 * 1024;

/// One file of the repository that goes into the image.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The module that says so.
    pub module: String,
    /// The layer it stands in.
    pub layer: Layer,
    /// Where it is in the repository.
    pub src: RepoRelPath,
    /// Where it goes.
    pub dest: ImagePath,
    /// Its permissions there.
    pub mode: u32,
    /// Whether the entry names this file, and not a directory it is in.
    pub named: bool,
    /// What is in it.
    pub content: Content,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text of up to [`LARGEST`] bytes.
    Text(String),
    /// Anything else, by its [`checksum`].
    Checksum(String),
}

impl Content {
    /// Tells which it is.
    pub fn of(bytes: Vec<u8>) -> Self {
        if bytes.len() > LARGEST || bytes.contains(&0) {
            return Self::Checksum(checksum(&bytes));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Checksum(checksum(error.as_bytes())),
        }
    }

    /// Its checksum.
    pub fn checksum(&self) -> String {
        match self {
            Self::Text(text) => checksum(text.as_bytes()),
            Self::Checksum(sum) => sum.clone(),
        }
    }
}

/// `sha256:` and the checksum in hex.
pub fn checksum(bytes: &[u8]) -> String {
    format!("sha256:{}", crate::core::digest::sha256(bytes))
}

/// Why a module cannot take `src`: it is not there, or it leads elsewhere.
pub fn unfit(manifests: &Manifests, src: &RepoRelPath) -> anyhow::Result<Option<String>> {
    let mut path = manifests.root().to_owned();
    for part in src.as_str().split('/') {
        path.push(part);
        if path.is_symlink() {
            let what = gettext(
                "“{path}” is a link, or below one: only files of the repository itself are taken",
            );
            return Ok(Some(fill(&what, &[("path", src.as_str())])));
        }
    }
    let there = path.is_dir() || content(manifests, src)?.is_some();
    let what = gettext("“{path}” is not in the repository");
    Ok((!there).then(|| fill(&what, &[("path", src.as_str())])))
}

/// What is in a file of the repository, edits included.
fn content(manifests: &Manifests, src: &RepoRelPath) -> anyhow::Result<Option<Content>> {
    match manifests.other(src) {
        Ok(text) => Ok(text.map(|text| Content::of(text.into_bytes()))),
        Err(error) if error.source.kind() == ErrorKind::InvalidData => {
            let bytes = files::read_bytes(&manifests.root().join(src.as_str()))?;
            Ok(bytes.map(Content::of))
        }
        Err(error) => Err(error.into()),
    }
}

/// The permissions that a file of the repository has in an image: git keeps no more of them than this.
pub fn mode(manifests: &Manifests, src: &RepoRelPath) -> u32 {
    let path = manifests.root().join(src.as_str());
    let runs = fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0);
    if runs { 0o755 } else { 0o644 }
}

/// The files that an entry puts in place: one, or all of a directory, in the order of their names.
pub fn of_entry(
    manifests: &Manifests,
    module: &str,
    layer: &Layer,
    entry: &File,
) -> anyhow::Result<Vec<Placed>> {
    let Some(src) = &entry.src else { return Ok(Vec::new()) };
    let root = manifests.root().join(src.as_str());
    let is_dir = root.is_dir();
    let mut found = Vec::new();
    if is_dir {
        below(&root, "", &mut found)?;
    } else if entry.into {
        found.push(src.as_str().rsplit('/').next().unwrap_or_default().to_owned());
    } else {
        found.push(String::new());
    }
    let joined = |start: &str, rest: &str| match rest {
        "" => start.to_owned(),
        rest => format!("{start}/{rest}"),
    };
    let mut placed = Vec::new();
    for rest in found {
        let src = if is_dir { joined(src.as_str(), &rest).parse()? } else { src.clone() };
        let dest = joined(entry.dest.as_str(), &rest).parse()?;
        let content = match content(manifests, &src)? {
            Some(content) => content,
            // Taken out of the directory by an edit that is not written yet.
            None if is_dir => continue,
            None => {
                let text = gettext("“{path}” is not in the repository");
                bail!(fill(&text, &[("path", src.as_str())]));
            }
        };
        let mode = entry.mode.map_or_else(|| mode(manifests, &src), |mode| mode.0);
        placed.push(Placed {
            module: module.to_owned(),
            layer: layer.clone(),
            src,
            dest,
            mode,
            named: !is_dir,
            content,
        });
    }
    Ok(placed)
}

/// The files below a directory, by their paths in it. Links lead elsewhere, and are left out.
fn below(dir: &Path, at: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    for name in files::list(dir)?.unwrap_or_default() {
        let path = dir.join(&name);
        let here = if at.is_empty() { name } else { format!("{at}/{name}") };
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            below(&path, &here, found)?;
        } else if metadata.is_file() {
            found.push(here);
        }
    }
    Ok(())
}

/// Every file that the manifests put into the image as it is, by its place there. Of two for one place, the later one
/// counts, as it does when the image is built.
///
/// A host's layer adds files and takes shared ones away; see [`super`].
pub fn all(manifests: &Manifests) -> anyhow::Result<BTreeMap<ImagePath, Placed>> {
    let mut all = BTreeMap::new();
    for module in module::all(manifests)? {
        let Kind::Files { files, .. } = &module.kind else { continue };
        for file in files {
            if file.src.is_none() {
                all.remove(&file.dest);
                manifests.hide(super::FILE, crate::core::item::ItemKey::new(file.dest.as_str()));
            }
            for placed in of_entry(manifests, &module.name, &module.layer, file)? {
                all.insert(placed.dest.clone(), placed);
            }
        }
    }
    Ok(all)
}
