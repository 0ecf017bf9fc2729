//! What settings are called, for lists of a few of them: read schema by schema, when a schema is first asked for.

use std::collections::HashMap;

use super::{SettingKey, groups};
use crate::core::item::ItemKey;
use crate::host::Host;
use crate::host::schemas::Schemas;

/// The summaries of the schemas that were asked for so far.
#[derive(Default)]
pub struct Summaries(HashMap<String, HashMap<String, String>>);

impl Summaries {
    /// Reads the summaries of the schemas of these items, where that was not done yet.
    pub fn read<'a>(&mut self, host: &Host, items: impl IntoIterator<Item = &'a ItemKey>) {
        let mut schemas = None;
        for item in items {
            let Some(SettingKey { schema, .. }) = SettingKey::parse(item) else { continue };
            if self.0.contains_key(schema.as_str()) {
                continue;
            }
            let schemas = schemas.get_or_insert_with(|| Schemas::open(host));
            // A schema that is not installed may be so later.
            let Some(found) = schemas.schema(schema.as_str()) else { continue };
            let titles = found.keys().into_iter().filter_map(|name| {
                let title = title(&name, found.key(&name)?.summary().as_deref());
                Some((name, title))
            });
            self.0.insert(schema.to_string(), titles.collect());
        }
    }

    /// What an item's setting is called, and its schema and key: title and detail.
    pub fn title(&self, item: &ItemKey) -> Option<(String, String)> {
        let key = SettingKey::parse(item)?;
        let title = self.0.get(key.schema.as_str())?.get(key.key.as_str())?;
        Some((title.clone(), key.to_string()))
    }
}

/// A summary in one line; the key as a title where there is none.
pub(super) fn title(name: &str, summary: Option<&str>) -> String {
    let words = summary.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    // A summary is a title, which ends without a full stop.
    let words = words.strip_suffix('.').unwrap_or(&words).to_owned();
    if words.is_empty() { groups::title_of(name) } else { words }
}
