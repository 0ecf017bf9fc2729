//! What changed, item by item, and which files each change is in.

use std::path::{Path, PathBuf};

use super::{Reviewed, told};
use crate::core::item::Layer;
use crate::core::plan::Change;
use crate::engine::Engine;
use crate::engine::difference::every_layer;
use crate::host::fs::{self, FsError};
use crate::manifest::{DocError, ManifestError, Manifests};
use crate::subsystem::Subsystem;
use crate::words::{fill, gettext};

/// What is known of what changed.
pub(super) struct Meaning {
    pub(super) changes: Vec<Reviewed>,
    /// Files of the checkout that cannot be read, by their paths below the top.
    pub(super) broken: Vec<(PathBuf, String)>,
    /// The same of the last commit.
    pub(super) broken_before: Vec<(PathBuf, String)>,
    /// What could not be read, without a file.
    pub(super) problems: Vec<String>,
}

/// Compares the manifests of the last commit, whose files are below `tree`, with those of the checkout, of which git says
/// that the files `changed` differ.
pub(super) fn read(
    engine: &Engine,
    old: &Manifests,
    new: &Manifests,
    tree: &Path,
    changed: &[&Path],
) -> anyhow::Result<Meaning> {
    let mut meaning = Meaning {
        changes: Vec::new(),
        broken: Vec::new(),
        broken_before: Vec::new(),
        problems: Vec::new(),
    };
    for layer in every_layer(old, new)? {
        for subsystem in engine.subsystems() {
            let subsystem = &**subsystem;
            let (was, is) = (old.only(&layer), new.only(&layer));
            match engine.between(subsystem, &layer, &was, &is) {
                Ok(changes) => {
                    let both = (&was, &is);
                    let told = changes.into_iter().filter_map(|change| {
                        reviewed(engine, subsystem, both, tree, changed, change)
                    });
                    meaning.changes.extend(told);
                }
                Err(_) => {
                    for (manifests, top, broken) in [
                        (&was, tree, &mut meaning.broken_before),
                        (&is, &*engine.repo().root, &mut meaning.broken),
                    ] {
                        let Err(error) = subsystem.wanted(manifests, engine.host()) else {
                            continue;
                        };
                        let place = place(&error).and_then(|path| path.strip_prefix(top).ok());
                        match place {
                            Some(path) if broken.iter().any(|(known, _)| known == path) => (),
                            Some(path) => broken.push((path.to_owned(), told(&error))),
                            None => meaning.problems.push(told(&error)),
                        }
                    }
                }
            }
        }
    }
    Ok(meaning)
}

/// The file that an error is about.
fn place(error: &anyhow::Error) -> Option<&Path> {
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<ManifestError>() {
            return Some(match error {
                ManifestError::File(error) => &*error.path,
                ManifestError::Doc(error) => &*error.path,
            });
        }
        let doc = cause.downcast_ref::<DocError>().map(|error| &*error.path);
        doc.or_else(|| cause.downcast_ref::<FsError>().map(|error| &*error.path))
    })
}

/// A change with its files; `None` where git knows of no change: the file is left out of a sparse checkout.
fn reviewed(
    engine: &Engine,
    subsystem: &dyn Subsystem,
    (was, is): (&Manifests, &Manifests),
    tree: &Path,
    changed: &[&Path],
    change: Change,
) -> Option<Reviewed> {
    let root = &engine.repo().root;
    let manifests: Vec<PathBuf> = subsystem
        .about()
        .manifests
        .iter()
        .filter_map(|one| {
            Some(is.path(&change.layer, one.name).strip_prefix(root).ok()?.to_owned())
        })
        .collect();
    let read = is.others_read().into_iter().chain(was.others_read()).map(PathBuf::from);
    let mut files: Vec<PathBuf> = manifests.iter().cloned().chain(read).collect();
    files.retain(|file| changed.contains(&&**file));
    files.sort();
    files.dedup();
    if files.is_empty() {
        // A file that git ignores differs from the commit, which does not have it, without being a change.
        let ignored =
            manifests.iter().any(|file| root.join(file).exists() && !tree.join(file).exists());
        return ignored.then(|| Reviewed { line: line(subsystem, &change), files, change });
    }
    if files.len() > 1 {
        let inside = |file: &PathBuf| is_in(engine, subsystem, is, tree, file, &change);
        let some: Vec<PathBuf> = files.iter().filter(|file| inside(file)).cloned().collect();
        // A change that no single file makes is in all of them.
        files = if some.is_empty() { files } else { some };
    }
    Some(Reviewed { line: line(subsystem, &change), files, change })
}

/// Whether the item would be another one if the file were as the last commit has it.
fn is_in(
    engine: &Engine,
    subsystem: &dyn Subsystem,
    is: &Manifests,
    tree: &Path,
    file: &Path,
    change: &Change,
) -> bool {
    let Ok(before) = fs::read(&tree.join(file)) else { return true };
    let mut as_before = is.only(&change.layer);
    let named = |name: &&'static str| {
        is.path(&change.layer, name)
            .strip_prefix(&engine.repo().root)
            .is_ok_and(|path| path == file)
    };
    let names = subsystem.about().manifests.iter().map(|manifest| manifest.name);
    match names.into_iter().find(|name| named(name)) {
        Some(name) => as_before.pretend(&change.layer, name, before),
        None => {
            let Some(Ok(path)) = file.to_str().map(str::parse) else { return true };
            if as_before.put_other(&path, before).is_err() {
                return true;
            }
        }
    }
    match subsystem.wanted(&as_before, engine.host()) {
        Ok(items) => items.get(&change.item).map(|wanted| &wanted.record) != change.after.as_ref(),
        // Without it, the rest cannot even be read.
        Err(_) => true,
    }
}

/// A change in one line, with the machine that it is for alone.
fn line(subsystem: &dyn Subsystem, change: &Change) -> String {
    let text = subsystem.describe(change);
    match &change.layer {
        Layer::Shared => text,
        Layer::Host(host) => {
            fill(&gettext("{change} (for {host} only)"), &[("change", &text), ("host", host)])
        }
    }
}
