//! How a setting is named: in a manifest, as an item, and in dconf.

use std::fmt;

use serde_json::Value as Json;

use crate::core::item::ItemKey;
use crate::core::names::{DconfDir, KeyName, SchemaId};

/// One key of one schema, with the path of a relocatable one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingKey {
    /// The schema.
    pub schema: SchemaId,
    /// The key.
    pub key: KeyName,
    /// Where the schema is, for one that has no place of its own.
    pub path: Option<DconfDir>,
}

impl SettingKey {
    /// Takes an item's key apart; `None` for one that this subsystem did not make.
    pub fn parse(item: &ItemKey) -> Option<Self> {
        // Neither a schema nor a key holds a blank; a path may.
        let (place, key) = item.as_str().rsplit_once(' ')?;
        let (schema, path) = match place.split_once(':') {
            Some((schema, path)) => (schema, Some(path.parse().ok()?)),
            None => (place, None),
        };
        Some(Self { schema: schema.parse().ok()?, key: key.parse().ok()?, path })
    }

    /// The item's key: `schema key` or `schema:/path/ key`.
    pub fn item(&self) -> ItemKey {
        ItemKey::new(self.to_string())
    }

    /// The schema, with its path: `schema` or `schema:/path/`.
    pub fn place(&self) -> String {
        match &self.path {
            Some(path) => format!("{}:{path}", self.schema),
            None => self.schema.to_string(),
        }
    }

    /// Whether a manifest's entry is about this key. An entry may name the path of a schema that has a fixed one.
    pub fn is(&self, entry: &Json) -> bool {
        let text = |name: &str| entry.get(name).and_then(Json::as_str);
        let path = self.path.as_ref().map(DconfDir::as_str);
        text("schema") == Some(self.schema.as_str())
            && text("key") == Some(self.key.as_str())
            && (path.is_none() || text("path") == path)
    }

    /// A new entry for this key: its identity, to which a value is added.
    pub fn entry(&self) -> serde_json::Map<String, Json> {
        let mut entry = serde_json::Map::new();
        entry.insert("schema".to_owned(), self.schema.as_str().into());
        entry.insert("key".to_owned(), self.key.as_str().into());
        if let Some(path) = &self.path {
            entry.insert("path".to_owned(), path.as_str().into());
        }
        entry
    }
}

impl fmt::Display for SettingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}:{path} {}", self.schema, self.key),
            None => write!(f, "{} {}", self.schema, self.key),
        }
    }
}

/// What sorted lists of settings are sorted by.
pub fn order(entry: &Json) -> String {
    let text = |name: &str| entry.get(name).and_then(Json::as_str).unwrap_or_default();
    // A blank sorts before everything a schema or a path holds.
    format!("{} {} {}", text("schema"), text("path"), text("key"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_survive_being_written_and_read() {
        for text in ["org.x.y a-key", "org.x.y:/a/b c/ key"] {
            let key = SettingKey::parse(&ItemKey::new(text)).unwrap();
            assert_eq!(key.to_string(), text);
        }
        for text in ["org.x.y", "org.x:path key", "org.x.y a/b", " key"] {
            assert_eq!(SettingKey::parse(&ItemKey::new(text)), None, "{text}");
        }
    }

    #[test]
    fn an_entry_may_name_a_path_that_is_fixed_anyway() {
        let key = SettingKey::parse(&ItemKey::new("org.x k")).unwrap();
        assert!(key.is(&json!({"schema": "org.x", "key": "k"})));
        assert!(key.is(&json!({"schema": "org.x", "key": "k", "path": "/org/x/"})));
        let key = SettingKey::parse(&ItemKey::new("org.x:/a/ k")).unwrap();
        assert!(!key.is(&json!({"schema": "org.x", "key": "k"})));
        assert!(!key.is(&json!({"schema": "org.x", "key": "k", "path": "/b/"})));
    }
}
