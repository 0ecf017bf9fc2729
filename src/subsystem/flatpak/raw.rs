//! One layer's overrides as its file has them, and as the manifest would have that file.

use std::path::PathBuf;

use super::apps::home;
use super::edit::Fields;
use super::{Item, flags, overrides};
use crate::core::item::Record;
use crate::host::Host;
use crate::host::flatpak::{Installation, Scope};

/// An override file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Its text; empty where there is no file.
    pub now: String,
    /// What its text would be if it said what the manifest says; `None` where the manifest has no such item.
    pub wanted: Option<String>,
}

fn name(item: &Item) -> &str {
    match item {
        Item::App(_, id) => id.as_str(),
        Item::Global(_) => "global",
    }
}

/// Where the file is that `layer` has for `item`, or would be.
pub fn path(host: &Host, item: &Item, layer: Scope) -> PathBuf {
    Installation::of(host, layer).override_path(name(item))
}

/// The file that `layer` has for `item`. `wanted` is what the manifest says of the item.
pub fn raw(host: &Host, item: &Item, layer: Scope, wanted: Option<&Record>) -> Result<Raw, String> {
    let installation = Installation::of(host, layer);
    let mut keyfile = installation.overrides(name(item))?;
    let now = keyfile.to_string();
    let wanted = wanted.map(|record| {
        let home = home(layer, host);
        let fields = overrides::of_record(Some(record), layer.as_str());
        let changes = overrides::changes(&overrides::read(&keyfile, &home), &fields);
        overrides::write(&mut keyfile, &changes, &home);
        keyfile.to_string()
    });
    Ok(Raw { now, wanted })
}

/// The flags that make `flatpak override` say what an edit sets; `None` where no flag can, and where the edit only
/// takes away.
pub fn flags(fields: &Fields) -> Option<Vec<String>> {
    let changes: overrides::Changes = fields
        .set
        .0
        .iter()
        .filter_map(|(name, value)| {
            let (_, name) = name.split_once('/')?;
            Some((name.to_owned(), Some(value.to_string())))
        })
        .collect();
    if changes.is_empty() {
        return None;
    }
    flags::write(&[], &changes, &overrides::Home::Nobody)
}
