//! What manifest and system said when they last agreed, per item: the third side of the comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::core::item::{Elements, ItemKey, Record, SubsystemId, Value};
use crate::core::merge::{Drift, FieldDrift};
use crate::core::report::ItemReport;
use crate::manifest::trust::{StateError, load_state, save_state};

/// `base.json`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize, Clone)]
struct File {
    version: u64,
    items: BTreeMap<SubsystemId, BTreeMap<ItemKey, Record>>,
}

/// The base values of one repository on this machine.
pub struct Base {
    path: PathBuf,
    read: File,
    now: File,
}

impl Base {
    /// Reads `base.json` in `dir`; empty where there is none.
    pub fn load(dir: &Path) -> Result<Self, StateError> {
        let path = dir.join("base.json");
        let read: File =
            load_state(&path, 1)?.unwrap_or(File { version: 1, items: BTreeMap::new() });
        Ok(Self { path, now: read.clone(), read })
    }

    /// Removes what a crash left beside `base.json`. The caller holds the lock.
    pub fn tidy(dir: &Path) -> Result<(), StateError> {
        Ok(crate::host::fs::tidy(&dir.join("base.json"))?)
    }

    /// Whether `base.json` still is what was read, and something was learned since.
    pub fn may_be_saved(&self) -> Result<bool, StateError> {
        if self.now == self.read {
            return Ok(false);
        }
        let now: Option<File> = load_state(&self.path, 1)?;
        let now = now.unwrap_or(File { version: 1, items: BTreeMap::new() });
        Ok(now == self.read)
    }

    /// The last agreed values of an item.
    pub fn get(&self, subsystem: &SubsystemId, item: &ItemKey) -> Option<&Record> {
        self.now.items.get(subsystem)?.get(item)
    }

    /// All items of a subsystem that were ever agreed on.
    pub fn keys(&self, subsystem: &SubsystemId) -> impl Iterator<Item = &ItemKey> {
        self.now.items.get(subsystem).into_iter().flat_map(BTreeMap::keys)
    }

    /// Sets or forgets an item's base.
    pub fn set(&mut self, subsystem: &SubsystemId, item: &ItemKey, record: Option<Record>) {
        let items = self.now.items.entry(subsystem.clone()).or_default();
        match record {
            Some(record) => drop(items.insert(item.clone(), record)),
            None => drop(items.remove(item)),
        }
    }

    /// Takes over what a survey found both sides to agree on.
    pub fn learn(&mut self, subsystem: &SubsystemId, item: &ItemReport) {
        // What is barred did not come about by agreement: it stays as it was for when the bar is gone.
        if item.state == Drift::Unknown || item.barred.is_some() {
            return;
        }
        match (&item.wanted, &item.live) {
            (None, None) => self.set(subsystem, &item.key, None),
            (Some(_), Some(_)) => {
                let mut base = item.base.clone().unwrap_or_default();
                let field = |name: &String| item.fields.iter().any(|field| field.name == *name);
                base.0.retain(|name, _| field(name) || item.unread.contains(name));
                for field in &item.fields {
                    match agreed(field) {
                        Some(value) => drop(base.0.insert(field.name.clone(), value)),
                        None => drop(base.0.remove(&field.name)),
                    }
                }
                self.set(subsystem, &item.key, Some(base));
            }
            _ => (),
        }
    }

    /// Writes what was learned, if anything.
    pub fn save(&mut self) -> Result<(), StateError> {
        self.now.items.retain(|_, items| !items.is_empty());
        if self.now != self.read {
            save_state(&self.path, &self.now)?;
            self.read = self.now.clone();
        }
        Ok(())
    }
}

/// A field's new base: what both sides say, the old base where they differ; in a set, element by element,
/// in alphabetical order.
fn agreed(field: &FieldDrift) -> Option<Value> {
    if field.state == Drift::InSync {
        return match field.wanted.clone() {
            Some(Value::Set(elements)) => Some(Value::Set(elements.sorted())),
            value => value,
        };
    }
    let (Some(Value::Set(wanted)), Some(Value::Set(live))) = (&field.wanted, &field.live) else {
        return field.base.clone();
    };
    let before =
        |element: &str| matches!(&field.base, Some(Value::Set(base)) if base.contains(element));
    let both = wanted.iter().filter(|element| live.contains(element) || before(element));
    let lost = live.iter().filter(|element| !wanted.contains(element) && before(element));
    let elements: Elements = both.chain(lost).map(str::to_owned).collect();
    Some(Value::Set(elements.sorted()))
}
