//! What to follow so that a report stays true, and what to read again when something has changed.

use super::{Engine, IGNORE_FILE};
use crate::core::item::SubsystemId;
use crate::manifest::containerfile::FILE;
use crate::subsystem::Watch;

/// What a change outside may have touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// One subsystem, on either side.
    Subsystem(SubsystemId),
    /// What is shown of every subsystem.
    Everything,
    /// The Containerfile.
    Containerfile,
    /// The journal.
    History,
}

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
        let containerfile = Watch::Path(self.repo().root.join(FILE));
        watches.push((containerfile, Touched::Containerfile));
        let journal = self.state_dir().join("journal");
        watches.push((Watch::Path(journal), Touched::History));
        watches
    }
}
