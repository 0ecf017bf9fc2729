//! Entries as JSON, for who has them from elsewhere than the manifests, or wants them as they stand there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::entry::{self, Entry};
use super::{FILE, OBJECT};
use crate::core::item::Record;
use crate::core::names::{ContainerName, InvalidName};
use crate::host::Host;
use crate::manifest::Manifests;

/// What an entry of `distrobox.json` wants, in canonical form.
pub fn record(entry: &Map<String, Json>, host: &Host) -> anyhow::Result<Record> {
    let entry = Entry::deserialize(Json::Object(entry.clone()))?;
    entry::record(&entry, host).map_err(|(_, error)| error)
}

/// Every entry as it is written, keys included that we do not know; the host's layer before the shared one.
pub fn entries(
    manifests: &Manifests,
) -> anyhow::Result<BTreeMap<ContainerName, Map<String, Json>>> {
    let mut entries = BTreeMap::new();
    for layer in manifests.layers() {
        let Some(sheet) = manifests.sheet(&layer, FILE)? else { continue };
        for member in sheet.members::<Map<String, Json>>(OBJECT)? {
            let name: ContainerName = member.name.parse().map_err(|error: InvalidName| {
                sheet.error_in_member(OBJECT, &member.name, "", error.to_string())
            })?;
            match member.value {
                Some(entry) => drop(entries.insert(name, entry)),
                None => drop(entries.remove(&name)),
            }
        }
    }
    Ok(entries)
}
