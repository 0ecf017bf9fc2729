//! Host layers: what each holds, and how an entry gets from one to another.
//!
//! An entry moves as it is written, with keys that we do not know and the comments inside it, where it means the same in
//! its new place; else as its subsystem writes it. What this machine wants is the same before and after.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use thiserror::Error;

use super::explain::explain;
use super::{Engine, manifest_step};
use crate::core::item::{ItemKey, Layer, Record, SubsystemId};
use crate::core::names::HostLayer;
use crate::core::plan::{Change, Plan, Side};
use crate::manifest::Manifests;
use crate::manifest::sheet::Written;
use crate::subsystem::Subsystem;
use crate::words::{fill, gettext, ngettext};

/// A layer, and how much it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LayerReport {
    /// Which.
    pub layer: Layer,
    /// Whether this machine sees it.
    pub seen_here: bool,
    /// How many items each subsystem has there; those without any are left out.
    pub items: BTreeMap<SubsystemId, usize>,
    /// What of it cannot be read, and a name that no machine can have.
    pub problems: Vec<String>,
}

impl LayerReport {
    /// How many items it has.
    pub fn total(&self) -> usize {
        self.items.values().sum()
    }
}

/// An item that the manifests have for this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// Its subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// Its name for people.
    pub title: String,
    /// The layer that defines it for this machine.
    pub layer: Layer,
}

/// Why an entry is not moved.
#[derive(Debug, Error)]
pub enum MoveError {
    /// What all machines share already has the item, and says something else of it.
    #[error("{title} is in the shared layer too, where it says something else")]
    Overrides {
        /// The item, for people.
        title: String,
    },
    /// Elsewhere it would not say the same.
    #[error("{title} cannot be moved: {why}")]
    Unfit {
        /// The item, for people.
        title: String,
        /// Why.
        why: String,
    },
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    file: &'static str,
    /// The path of names to its list, or, where it is a member of an object, to itself.
    path: String,
    is_member: bool,
}

impl Engine {
    /// The shared layer, this machine's, and those of all others, by name.
    pub fn layers(&self) -> anyhow::Result<Vec<LayerReport>> {
        let manifests = self.manifests();
        let mut hosts: BTreeSet<String> = manifests.hosts()?;
        hosts.insert(self.host.env().hostname.clone());
        let layers = std::iter::once(Layer::Shared).chain(hosts.into_iter().map(Layer::Host));
        Ok(layers.map(|layer| self.layer(&manifests, layer)).collect())
    }

    fn layer(&self, manifests: &Manifests, layer: Layer) -> LayerReport {
        let only = manifests.only(&layer);
        let (mut items, mut problems) = (BTreeMap::new(), Vec::new());
        if let Layer::Host(name) = &layer
            && let Err(error) = name.parse::<HostLayer>()
        {
            problems.push(explain(&error.into()).message);
        }
        for subsystem in self.subsystems() {
            match subsystem.wanted(&only, self.host()) {
                Ok(wanted) if wanted.is_empty() => (),
                Ok(wanted) => drop(items.insert(subsystem.about().id.clone(), wanted.len())),
                Err(error) => problems.push(explain(&error).message),
            }
        }
        problems.dedup();
        let seen_here = manifests.layers().contains(&layer);
        LayerReport { layer, seen_here, items, problems }
    }

    /// Every item that the manifests have for this machine. A subsystem whose manifest cannot be read is left out.
    pub fn defined(&self) -> Vec<Defined> {
        let manifests = self.manifests();
        let mut all = Vec::new();
        for subsystem in self.subsystems() {
            let wanted = subsystem.wanted(&manifests, self.host()).unwrap_or_default();
            all.extend(wanted.into_iter().map(|(item, wanted)| Defined {
                subsystem: subsystem.about().id.clone(),
                title: subsystem.label(&item).title,
                item,
                layer: wanted.layer,
            }));
        }
        all
    }

    /// The plan that moves entries to `to`: the shared layer, or this machine's. Those that are there are left. With
    /// `force`, an entry that all machines share is replaced by this machine's.
    pub fn plan_move(&self, items: &[Defined], to: &Layer, force: bool) -> anyhow::Result<Plan> {
        if let Layer::Host(name) = to {
            name.parse::<HostLayer>()?;
        }
        let mut manifests = self.manifests();
        let mut moved = 0;
        for one in items.iter().filter(|one| one.layer != *to) {
            let Some(subsystem) = self.subsystem(&one.subsystem) else { continue };
            manifests = self.moved(manifests, subsystem, one, to, force)?;
            moved += 1;
        }
        self.sync_containerfiles(&mut manifests)?;
        let text = match to {
            Layer::Shared => ngettext(
                "Move {n} item to the layer of all machines",
                "Move {n} items to the layer of all machines",
                moved,
            ),
            Layer::Host(_) => ngettext(
                "Move {n} item to the layer of this machine",
                "Move {n} items to the layer of this machine",
                moved,
            ),
        };
        let title = fill(&text, &[("n", &moved.to_string())]);
        let steps = manifest_step(title, manifests.edits());
        // Whoever asks for it means it, and can take it back.
        Ok(Plan { system_first: true, steps, ..Plan::default() })
    }

    /// The manifests with one entry moved: as it is written, or else with what we do not know of it, or else as its
    /// subsystem writes it; whichever means the same first.
    fn moved(
        &self,
        manifests: Manifests,
        subsystem: &dyn Subsystem,
        one: &Defined,
        to: &Layer,
        force: bool,
    ) -> anyhow::Result<Manifests> {
        let record = |layer: &Layer| -> anyhow::Result<Option<Record>> {
            let mut items = subsystem.wanted(&manifests.only(layer), self.host())?;
            Ok(items.remove(&one.item).map(|wanted| wanted.record))
        };
        let Some(own) = record(&one.layer)? else {
            let why = gettext("it is put together of several layers");
            return Err(MoveError::Unfit { title: one.title.clone(), why }.into());
        };
        let there = record(to)?;
        if there.as_ref().is_some_and(|there| *there != own) && !force {
            return Err(MoveError::Overrides { title: one.title.clone() }.into());
        }
        let change = |layer: &Layer, before: Option<&Record>, after: Option<&Record>| Change {
            subsystem: one.subsystem.clone(),
            item: one.item.clone(),
            title: one.title.clone(),
            side: Side::Manifest,
            layer: layer.clone(),
            before: before.cloned(),
            after: after.cloned(),
            other: None,
            held: None,
        };
        let entries = self.entries(&manifests, subsystem, &one.layer, &one.item)?;
        let goes = change(&one.layer, Some(&own), None);
        let clears = there.as_ref().map(|there| change(to, Some(there), None));
        let comes = change(to, None, Some(&own));
        let mut why = None;
        let every: &[How] = match entries.is_empty() {
            true => &[How::Plain],
            false => &[How::AsWritten, How::WithUnknown, How::Plain],
        };
        for how in every.iter().copied() {
            let mut new = manifests.again();
            let done = (|| {
                // In this order nothing shines through that would have to be hidden.
                if let Some(clears) = &clears {
                    subsystem.capture(&mut new, &[clears])?;
                }
                if *to == Layer::Shared {
                    subsystem.capture(&mut new, &[&goes])?;
                    self.put(&mut new, subsystem, &comes, &entries, how)
                } else {
                    self.put(&mut new, subsystem, &comes, &entries, how)?;
                    // The shared layer is not looked at by whoever does not see it.
                    subsystem.capture(&mut new, &[&goes])
                }
            })();
            match done.and_then(|()| self.same(&manifests, &new, subsystem, one, to)) {
                Ok(None) => return Ok(new),
                Ok(Some(reason)) => why = why.or(Some(reason)),
                Err(error) => why = why.or(Some(explain(&error).message)),
            }
        }
        let why = why.unwrap_or_else(|| gettext("it would not say the same there"));
        Err(MoveError::Unfit { title: one.title.clone(), why }.into())
    }

    /// Gives `to` the entry.
    fn put(
        &self,
        manifests: &mut Manifests,
        subsystem: &dyn Subsystem,
        comes: &Change,
        entries: &[(Place, Written)],
        how: How,
    ) -> anyhow::Result<()> {
        let written = subsystem.capture(manifests, &[comes]);
        if how == How::Plain || entries.is_empty() {
            return written;
        }
        let now = self.entries(manifests, subsystem, &comes.layer, &comes.item)?;
        for (place, entry) in entries {
            let there = now.iter().find(|(other, _)| other == place);
            let there = there.map(|(_, entry)| &entry.json);
            let Place { file, path: list, is_member } = place;
            let new = match (how, there) {
                (How::WithUnknown, Some(there)) => with_unknown(there, &entry.json),
                _ => entry.json.clone(),
            };
            let is = |json: &Json| Some(json) == there;
            manifests.edit(&comes.layer, file, |doc| {
                if *is_member {
                    doc.set(list, Some(&new));
                    return Ok(());
                }
                // To the end of its list, where its subsystem did not say where it goes.
                doc.put(list, &is, &new, &|json| if *json == new { "1" } else { "0" }.to_owned());
                Ok(())
            })?;
        }
        // What the entry says of files that belong to a layer is put right.
        subsystem.capture(manifests, &[comes])?;
        for (place, entry) in entries.iter().filter(|_| how == How::AsWritten) {
            let (json, text) = (&entry.json, &entry.text);
            manifests.put_as_written(&comes.layer, place.file, &place.path, json, text)?;
        }
        Ok(())
    }

    /// The entries of lists and objects that make an item in a layer, each with its text: those that alone give it.
    fn entries(
        &self,
        manifests: &Manifests,
        subsystem: &dyn Subsystem,
        layer: &Layer,
        item: &ItemKey,
    ) -> anyhow::Result<Vec<(Place, Written)>> {
        let mut found = Vec::new();
        let names: Vec<&'static str> =
            subsystem.about().manifests.iter().map(|manifest| manifest.name).collect();
        for name in &names {
            let Some(sheet) = manifests.sheet(layer, name)? else { continue };
            let gives = |only: Json| {
                let mut alone = manifests.only(layer);
                for other in &names {
                    alone.pretend(layer, other, None);
                }
                alone.pretend(layer, name, Some(only.to_string()));
                let gives = subsystem.wanted(&alone, self.host());
                gives.is_ok_and(|items| items.contains_key(item))
            };
            for (list, entries) in sheet.lists() {
                for entry in entries.into_iter().filter(|entry| is_about(&entry.json, item)) {
                    if gives(alone_in(&list, Json::Array(vec![entry.json.clone()]))) {
                        let path = list.clone();
                        found.push((Place { file: name, path, is_member: false }, entry));
                    }
                }
            }
            for (path, member, entry) in sheet.objects() {
                if member == item.as_str() && gives(alone_in(&path, entry.json.clone())) {
                    found.push((Place { file: name, path, is_member: true }, entry));
                }
            }
        }
        Ok(found)
    }

    /// Whether everything that this machine wants is as before, but for the layer of the item that moved; if not, why.
    fn same(
        &self,
        old: &Manifests,
        new: &Manifests,
        subsystem: &dyn Subsystem,
        one: &Defined,
        to: &Layer,
    ) -> anyhow::Result<Option<String>> {
        // As it will be read: nothing of it is remembered from before.
        let new = new.again();
        for each in self.subsystems().iter().map(|each| &**each) {
            let Ok(before) = each.wanted(&old.again(), self.host()) else { continue };
            let after = each.wanted(&new, self.host())?;
            let records = |items: &crate::core::item::WantedItems| -> BTreeMap<ItemKey, Record> {
                items.iter().map(|(key, wanted)| (key.clone(), wanted.record.clone())).collect()
            };
            let (mut before, mut after) = (records(&before), records(&after));
            if shares_file(each, subsystem) {
                // What holds the entry there is made or goes with it: a module for files.
                let (old, new): (BTreeSet<_>, BTreeSet<_>) =
                    (before.keys().cloned().collect(), after.keys().cloned().collect());
                before.retain(|key, _| new.contains(key));
                after.retain(|key, _| old.contains(key));
            }
            if before != after {
                return Ok(Some(gettext("this machine would want something else then")));
            }
        }
        let there = subsystem.wanted(&new, self.host())?;
        let arrived = there.get(&one.item).is_some_and(|wanted| wanted.layer == *to);
        let left = subsystem.wanted(&new.only(&one.layer), self.host())?;
        match arrived && !left.contains_key(&one.item) {
            true => Ok(None),
            false => Ok(Some(gettext("it would be in both layers then"))),
        }
    }
}

/// How an entry is written in its new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// As in its old one, letter by letter.
    AsWritten,
    /// As its subsystem writes it, with the keys that it does not know.
    WithUnknown,
    /// As its subsystem writes it.
    Plain,
}

/// Whether two subsystems, which are not the same, have a manifest in common.
fn shares_file(one: &dyn Subsystem, other: &dyn Subsystem) -> bool {
    let names = |subsystem: &dyn Subsystem| -> Vec<&str> {
        subsystem.about().manifests.iter().map(|manifest| manifest.name).collect()
    };
    one.about().id != other.about().id && names(one).iter().any(|name| names(other).contains(name))
}

/// Whether an entry has the last part of an item's key in it: one that only holds others, like a module with files, has
/// not.
fn is_about(entry: &Json, item: &ItemKey) -> bool {
    let ends = |json: &Json| {
        json.as_str().is_some_and(|text| !text.is_empty() && item.as_str().ends_with(text))
    };
    ends(entry) || entry.as_object().is_some_and(|object| object.values().any(ends))
}

/// A manifest with nothing but one value, by its path.
fn alone_in(path: &str, value: Json) -> Json {
    path.rsplit('/')
        .fold(value, |inner, name| Json::Object([(name.to_owned(), inner)].into_iter().collect()))
}

/// What `new` says, with what only `old` says, in the order of `old`.
fn with_unknown(new: &Json, old: &Json) -> Json {
    let (Json::Object(new), Json::Object(old)) = (new, old) else { return new.clone() };
    let mut both = old.clone();
    for (name, value) in new {
        both.insert(name.clone(), value.clone());
    }
    Json::Object(both)
}
