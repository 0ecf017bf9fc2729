//! What changed, item by item, and which files each change is in.

use std::path::{Path, PathBuf};

use super::{Reviewed, told};
use crate::core::item::{Layer, WantedItems};
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
                    if changes.is_empty() {
                        continue;
                    }
                    let both = (&was, &is);
                    let candidates = Candidates::of(engine, subsystem, &layer, both, tree, changed);
                    let told = changes.into_iter().filter_map(|change| {
                        reviewed(engine, subsystem, &candidates, tree, change)
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

/// The files that a subsystem reads in one layer, as far as git says that they differ.
struct Candidates {
    /// Its manifests, whether or not they differ.
    manifests: Vec<PathBuf>,
    /// Those that differ, with what the subsystem would want were the file as the last commit has it; `None` where the
    /// rest could not even be read then.
    files: Vec<(PathBuf, Option<WantedItems>)>,
}

impl Candidates {
    fn of(
        engine: &Engine,
        subsystem: &dyn Subsystem,
        layer: &Layer,
        (was, is): (&Manifests, &Manifests),
        tree: &Path,
        changed: &[&Path],
    ) -> Self {
        let below = |name: &str| {
            Some(is.path(layer, name).strip_prefix(&engine.repo().root).ok()?.to_owned())
        };
        let names = subsystem.about().manifests.iter();
        let manifests: Vec<PathBuf> = names.filter_map(|one| below(one.name)).collect();
        let read = is.others_read().into_iter().chain(was.others_read()).map(PathBuf::from);
        let mut files: Vec<PathBuf> = manifests.iter().cloned().chain(read).collect();
        files.retain(|file| changed.contains(&&**file));
        files.sort();
        files.dedup();
        // Where there is one, every change is in it.
        let several = files.len() > 1;
        let without = |file: &PathBuf| match several {
            true => without(engine, subsystem, layer, is, tree, file),
            false => None,
        };
        let files = files.into_iter().map(|file| (file.clone(), without(&file))).collect();
        Self { manifests, files }
    }

    /// The files that a change is in: without which the item would be another one. One that no single file makes is in
    /// all of them.
    fn holding(&self, change: &Change) -> Vec<PathBuf> {
        let holds = |items: &Option<WantedItems>| match items {
            Some(items) => {
                items.get(&change.item).map(|wanted| &wanted.record) != change.after.as_ref()
            }
            None => true,
        };
        let all = || self.files.iter();
        let some: Vec<PathBuf> =
            all().filter(|(_, items)| holds(items)).map(|(file, _)| file.clone()).collect();
        match some.is_empty() {
            true => all().map(|(file, _)| file.clone()).collect(),
            false => some,
        }
    }
}

/// What a subsystem would want of a layer if the file were as the last commit has it.
fn without(
    engine: &Engine,
    subsystem: &dyn Subsystem,
    layer: &Layer,
    is: &Manifests,
    tree: &Path,
    file: &Path,
) -> Option<WantedItems> {
    let before = fs::read(&tree.join(file)).ok()?;
    let mut as_before = is.only(layer);
    let mut names = subsystem.about().manifests.iter().map(|manifest| manifest.name);
    let named = |name: &&str| {
        is.path(layer, name).strip_prefix(&engine.repo().root).is_ok_and(|path| path == file)
    };
    match names.find(named) {
        Some(name) => as_before.pretend(layer, name, before),
        None => as_before.put_other(&file.to_str()?.parse().ok()?, before).ok()?,
    }
    subsystem.wanted(&as_before, engine.host()).ok()
}

/// A change with its files; `None` where git knows of no change: the file is left out of a sparse checkout.
fn reviewed(
    engine: &Engine,
    subsystem: &dyn Subsystem,
    candidates: &Candidates,
    tree: &Path,
    change: Change,
) -> Option<Reviewed> {
    let files = candidates.holding(&change);
    // A file that git ignores differs from the commit, which does not have it, without being a change.
    let ignored =
        |file: &PathBuf| engine.repo().root.join(file).exists() && !tree.join(file).exists();
    if files.is_empty() && !candidates.manifests.iter().any(ignored) {
        return None;
    }
    Some(Reviewed { line: line(subsystem, &change), files, change })
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
