//! One entry of `gnome-extensions.json`: a bare UUID, which means enabled, or an object.

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer};
use serde_json::{Value as Json, json};

use super::{ENABLED, VERSION};
use crate::core::item::{ItemKey, Record, Value};
use crate::core::names::ExtensionUuid;
use crate::manifest::plain;

/// One extension.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Entry {
    /// Its UUID: it is enabled.
    Bare(#[schemars(with = "String")] ExtensionUuid),
    /// The same, and more.
    Full(Full),
}

/// One extension, in the long form.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
pub struct Full {
    /// Its UUID.
    #[schemars(with = "String")]
    id: ExtensionUuid,
    /// Whether it is switched on; not compared where it is left out.
    enabled: Option<bool>,
    /// The version to have; not compared where it is left out.
    version: Option<i64>,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        plain::either(
            deserializer,
            "an extension's UUID, or an object with “id”",
            Self::Bare,
            Self::Full,
        )
    }
}

impl Entry {
    /// The item it names and what it wants of it.
    pub fn read(&self) -> (ItemKey, Record) {
        match self {
            Self::Bare(uuid) => (ItemKey::new(uuid.as_str()), Record::new().with(ENABLED, true)),
            Self::Full(full) => {
                let mut record = Record::new();
                if let Some(enabled) = full.enabled {
                    record.set(ENABLED, enabled);
                }
                if let Some(version) = full.version {
                    record.set(VERSION, Value::Number(version));
                }
                (ItemKey::new(full.id.as_str()), record)
            }
        }
    }
}

/// The UUID of an entry in either form.
pub fn uuid(entry: &Json) -> Option<&str> {
    entry.as_str().or_else(|| entry.get("id")?.as_str())
}

/// What the entry for `uuid` becomes. A bare one stays so while it says all there is to say; unknown keys stay.
pub fn write(found: Option<Json>, uuid: &str, after: &Record) -> Json {
    let plain = Record::new().with(ENABLED, true);
    let mut entry = match found {
        Some(Json::String(bare)) if *after == plain => return Json::String(bare),
        // A new entry names no version: whoever wants one writes it.
        None => {
            let enabled = after.get(ENABLED) != Some(&Value::Flag(false));
            return json!({ "id": uuid, "enabled": enabled });
        }
        Some(Json::Object(entry)) => entry,
        Some(_) => [("id".to_owned(), Json::from(uuid))].into_iter().collect(),
    };
    entry.shift_remove("absent");
    match after.get(ENABLED) {
        Some(Value::Flag(enabled)) => drop(entry.insert(ENABLED.to_owned(), (*enabled).into())),
        _ => drop(entry.shift_remove(ENABLED)),
    }
    match after.get(VERSION) {
        Some(Value::Number(version)) => drop(entry.insert(VERSION.to_owned(), (*version).into())),
        _ => drop(entry.shift_remove(VERSION)),
    }
    Json::Object(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let read = |json: Json| serde_json::from_value::<Entry>(json).map(|entry| entry.read().1);
        let on = Record::new().with(ENABLED, true);
        assert_eq!(read(json!("a@b")).unwrap(), on);
        assert_eq!(read(json!({"id": "a@b"})).unwrap(), Record::new());
        assert_eq!(
            read(json!({"id": "a@b", "enabled": false, "version": 3})).unwrap(),
            Record::new().with(ENABLED, false).with(VERSION, Value::Number(3))
        );
        for (wrong, says) in [
            (json!("a/b"), "is not an extension UUID"),
            (json!(3), "an extension's UUID, or an object"),
            (json!({"enabled": true}), "missing field `id`"),
            (json!({"id": "a@b", "enabled": "yes"}), "expected a boolean"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn an_entry_keeps_its_form_where_it_can() {
        let on = Record::new().with(ENABLED, true);
        let off = Record::new().with(ENABLED, false);
        assert_eq!(write(Some(json!("a@b")), "a@b", &on), json!("a@b"));
        assert_eq!(write(Some(json!("a@b")), "a@b", &off), json!({"id": "a@b", "enabled": false}));
        let seen = off.clone().with(VERSION, Value::Number(9));
        assert_eq!(write(None, "a@b", &seen), json!({"id": "a@b", "enabled": false}));
        let kept = json!({"id": "a@b", "why": "x", "enabled": false, "version": 2});
        let all = on.with(VERSION, Value::Number(2));
        assert_eq!(
            write(Some(kept), "a@b", &all),
            json!({"id": "a@b", "why": "x", "enabled": true, "version": 2})
        );
    }
}
