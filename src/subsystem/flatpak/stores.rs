//! The places overrides stand in: keyfiles on the machine, and the same as JSON in manifests.

use serde_json::{Map, Value};

use super::overrides::{Content, Store};
use crate::host::keyfile::{Keyfile, decode_list, encode, encode_list};

impl Store for Keyfile {
    fn entries(&self) -> Vec<(String, String)> {
        self.groups()
            .flat_map(|group| {
                self.keys(group).into_iter().map(move |key| (group.to_owned(), key.to_owned()))
            })
            .collect()
    }

    fn list(&self, group: &str, key: &str) -> Vec<String> {
        Keyfile::list(self, group, key).unwrap_or_default()
    }

    fn text(&self, group: &str, key: &str) -> String {
        Keyfile::text(self, group, key).unwrap_or_default()
    }

    fn raw(&self, group: &str, key: &str) -> String {
        Keyfile::raw(self, group, key).unwrap_or_default().to_owned()
    }

    fn set(&mut self, group: &str, key: &str, content: Content<'_>) {
        match content {
            Content::List(list) => self.set_list(group, key, list.iter().map(String::as_str)),
            Content::Text(text) => self.set_text(group, key, text),
            Content::Raw(raw) => self.set_raw(group, key, raw),
        }
    }

    fn remove(&mut self, group: &str, key: &str) {
        Keyfile::remove(self, group, key);
    }
}

/// A keyfile as JSON: groups of keys, each a text or a list of texts.
pub type Groups = Map<String, Value>;

fn find<'a>(groups: &'a Groups, group: &str, key: &str) -> Option<&'a Value> {
    groups.get(group)?.get(key)
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array().map(|list| list.iter().filter_map(Value::as_str).collect())
}

impl Store for Groups {
    fn entries(&self) -> Vec<(String, String)> {
        self.iter()
            .filter_map(|(group, keys)| Some((group, keys.as_object()?)))
            .flat_map(|(group, keys)| keys.keys().map(move |key| (group.clone(), key.clone())))
            .collect()
    }

    fn list(&self, group: &str, key: &str) -> Vec<String> {
        let value = find(self, group, key);
        let list = value.and_then(texts).map(|list| list.into_iter().map(str::to_owned).collect());
        list.unwrap_or_else(|| value.and_then(Value::as_str).map(decode_list).unwrap_or_default())
    }

    fn text(&self, group: &str, key: &str) -> String {
        find(self, group, key).map(plain).unwrap_or_default()
    }

    fn raw(&self, group: &str, key: &str) -> String {
        match find(self, group, key) {
            Some(Value::Array(_)) => {
                encode_list(find(self, group, key).and_then(texts).unwrap_or_default())
            }
            // A text is what stands behind “=”: nothing is known of its escapes.
            Some(Value::String(raw)) if !raw.contains(['\n', '\r']) => raw.clone(),
            Some(value) => encode(&plain(value)),
            None => String::new(),
        }
    }

    fn set(&mut self, group: &str, key: &str, content: Content<'_>) {
        let value = match content {
            Content::List(list) => list.to_vec().into(),
            Content::Text(text) | Content::Raw(text) => text.into(),
        };
        let keys = self.entry(group).or_insert_with(|| Value::Object(Map::new()));
        if let Some(keys) = keys.as_object_mut() {
            keys.insert(key.to_owned(), value);
        }
    }

    fn remove(&mut self, group: &str, key: &str) {
        let Some(keys) = self.get_mut(group).and_then(Value::as_object_mut) else { return };
        if keys.shift_remove(key).is_some() && keys.is_empty() {
            self.shift_remove(group);
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) => encode_list(texts(value).unwrap_or_default()),
        other => other.to_string(),
    }
}
