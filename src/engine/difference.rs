//! What lies between two states of the manifests: of a commit and the checkout, or of two commits.

use std::collections::BTreeSet;

use super::Engine;
use crate::core::item::{ItemKey, Layer, WantedItems};
use crate::core::plan::{Change, Side};
use crate::host::git::Tree;
use crate::manifest::Manifests;
use crate::subsystem::Subsystem;

impl Engine {
    /// The manifests of a commit.
    pub fn manifests_of(&self, tree: &Tree) -> Manifests {
        Manifests::new(&tree.manifests_dir(), &self.host.env().hostname)
    }

    /// What changed from `old` to `new`, item by item, in each layer for itself: those of all machines that either side
    /// knows. A manifest that cannot be read on either side is an error.
    pub fn difference(&self, old: &Manifests, new: &Manifests) -> anyhow::Result<Vec<Change>> {
        let mut changes = Vec::new();
        for layer in every_layer(old, new)? {
            let (old, new) = (old.only(&layer), new.only(&layer));
            for subsystem in &self.subsystems {
                changes.extend(self.between(&**subsystem, &layer, &old, &new)?);
            }
        }
        Ok(changes)
    }

    /// What changed of one subsystem in one layer, which both sides hold alone.
    pub(super) fn between(
        &self,
        subsystem: &dyn Subsystem,
        layer: &Layer,
        old: &Manifests,
        new: &Manifests,
    ) -> anyhow::Result<Vec<Change>> {
        let old = subsystem.wanted(old, &self.host)?;
        let new = subsystem.wanted(new, &self.host)?;
        let keys: BTreeSet<&ItemKey> = old.keys().chain(new.keys()).collect();
        let record =
            |items: &WantedItems, key: &ItemKey| items.get(key).map(|wanted| wanted.record.clone());
        let change = |key: &ItemKey| {
            let (before, after) = (record(&old, key), record(&new, key));
            (before != after).then(|| Change {
                subsystem: subsystem.about().id.clone(),
                item: key.clone(),
                title: subsystem.label(key).title,
                side: Side::Manifest,
                layer: layer.clone(),
                before,
                after,
                other: None,
                held: None,
            })
        };
        Ok(keys.into_iter().filter_map(change).collect())
    }
}

/// The shared layer, and each machine's that either side has.
pub(super) fn every_layer(old: &Manifests, new: &Manifests) -> anyhow::Result<Vec<Layer>> {
    let mut hosts = old.hosts()?;
    hosts.extend(new.hosts()?);
    Ok(std::iter::once(Layer::Shared).chain(hosts.into_iter().map(Layer::Host)).collect())
}
