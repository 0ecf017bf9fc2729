//! What to follow so that a report stays true, and what to read again when something has changed.

use super::standing::OUR_DIRS;
use super::{Engine, IGNORE_FILE};
use crate::core::item::SubsystemId;
use crate::manifest::containerfile;
use crate::subsystem::Watch;

/// What a change outside may have touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// One subsystem, on either side.
    Subsystem(SubsystemId),
    /// What is shown of every subsystem.
    Everything,
    /// A Containerfile.
    Containerfile,
    /// The journal.
    History,
    /// What git says of the repository: what is checked out, what is committed, and what is not.
    Repository,
}

/// How deep branches may be named: `me/topic/part`.
const BRANCHES: usize = 8;
/// How deep files lie in the directories that Bucket writes to: `system/etc/a/b/c`.
const FILES: usize = 8;

impl Engine {
    /// Everything to follow, with what each change means.
    pub fn watches(&self) -> Vec<(Watch, Touched)> {
        let mut watches = Vec::new();
        let manifests = self.manifests();
        let layers = manifests.layers();
        for subsystem in self.subsystems() {
            let touched = Touched::Subsystem(subsystem.about().id.clone());
            let here = subsystem.watch(self.host()).into_iter();
            watches.extend(here.map(|watch| (watch, touched.clone())));
            for file in subsystem.about().manifests {
                let paths = layers.iter().map(|layer| manifests.path(layer, file.name));
                watches.extend(paths.map(|path| (Watch::Path(path), touched.clone())));
            }
        }
        let rules = layers.iter().map(|layer| manifests.path(layer, IGNORE_FILE));
        let hidden = rules.chain(std::iter::once(self.skips_path()));
        watches.extend(hidden.map(|path| (Watch::Path(path), Touched::Everything)));
        for file in containerfile::FILES {
            let watch = Watch::Path(self.repo().root.join(file));
            watches.push((watch, Touched::Containerfile));
        }
        let journal = self.state_dir().join("journal");
        watches.push((Watch::Path(journal), Touched::History));
        let repository = self.repository_watches().into_iter();
        watches.extend(repository.map(|watch| (watch, Touched::Repository)));
        watches
    }

    /// What git writes when something is checked out, staged, committed, fetched or begun; and where files lie that may be
    /// committed. A file deep in a directory that is none of ours is heard of when the next thing happens.
    fn repository_watches(&self) -> Vec<Watch> {
        let repo = self.repo();
        let top = repo.root.clone();
        let mut watches: Vec<Watch> =
            OUR_DIRS.iter().map(|dir| Watch::Tree(top.join(dir), FILES)).collect();
        watches.push(Watch::Path(top.join("toolbox")));
        watches.push(Watch::Path(top));
        let Some(git) = repo.git_dir() else { return watches };
        // Branches belong to all checkouts of a repository, and may lie in another one's directory.
        let shared = crate::host::fs::read(&git.join("commondir")).ok().flatten();
        let shared = shared.map_or_else(|| git.clone(), |path| git.join(path.trim()));
        watches.push(Watch::Tree(shared.join("refs"), BRANCHES));
        watches.push(Watch::Path(shared.join("reftable")));
        if shared != git {
            watches.push(Watch::Path(shared));
        }
        watches.push(Watch::Path(git));
        watches
    }
}
