//! An entry of a list of names: the bare name, or, in a layer that drops a shared one, an object with it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Value as Json, json};

use super::{DocError, Entry, Sheet};
use crate::core::item::{ItemKey, Layer, WantedItems};

/// How an entry may be written, for the files' schemas.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the file")]
pub enum Name {
    /// The name.
    Bare(String),
    /// The same, and more.
    Full {
        /// The name.
        name: String,
        /// In the layer of one machine: whether the shared entry of that name is dropped there.
        absent: Option<bool>,
    },
}

/// One entry of a list of names of the type `T`.
#[derive(Clone, Debug)]
pub enum Plain<T> {
    /// The name.
    Bare(T),
    /// The same, and more.
    Full(Full<T>),
}

/// The long form. Whether it drops a shared entry is read where layers are laid over one another.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Full<T> {
    name: T,
}

impl<T> Plain<T> {
    /// The name.
    pub fn name(&self) -> &T {
        match self {
            Self::Bare(name) | Self::Full(Full { name }) => name,
        }
    }
}

impl<'de, T> Deserialize<'de> for Plain<T>
where
    T: FromStr + Deserialize<'de>,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        either(deserializer, "a name, or an object with “name”", Self::Bare, Self::Full)
    }
}

/// Reads an entry that is a bare name or an object; `expected` says so where it is neither. serde's own words for such a
/// choice are "did not match any variant", without a place.
pub fn either<'de, N, F, V, D>(
    deserializer: D,
    expected: &'static str,
    bare: fn(N) -> V,
    full: fn(F) -> V,
) -> Result<V, D::Error>
where
    N: FromStr,
    N::Err: fmt::Display,
    F: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Either { expected, bare, full })
}

struct Either<N, F, V> {
    expected: &'static str,
    bare: fn(N) -> V,
    full: fn(F) -> V,
}

impl<'de, N, F, V> Visitor<'de> for Either<N, F, V>
where
    N: FromStr,
    N::Err: fmt::Display,
    F: Deserialize<'de>,
{
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V, E> {
        name.parse().map(self.bare).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V, A::Error> {
        F::deserialize(MapAccessDeserializer::new(map)).map(self.full)
    }
}

/// The names in one list of one file, in its order.
pub fn listed<T, C>(sheet: &Sheet, list: &str) -> Result<C, DocError>
where
    T: FromStr + DeserializeOwned + Clone,
    T::Err: fmt::Display,
    C: FromIterator<T>,
{
    let entries = sheet.entries::<Plain<T>>(list)?.into_iter().filter(|entry| !entry.absent);
    Ok(entries.map(|entry| entry.value.name().clone()).collect())
}

/// The first entry of the second list of one file whose name stands in the first one too. Names with the same `key` are
/// the same.
pub fn in_both<T, K>(
    sheet: &Sheet,
    [first, second]: [&str; 2],
    key: impl Fn(&T) -> K,
) -> Result<Option<Entry<Plain<T>>>, DocError>
where
    T: FromStr + DeserializeOwned + Clone,
    T::Err: fmt::Display,
    K: Ord,
{
    let names: Vec<T> = listed(sheet, first)?;
    let names: BTreeSet<K> = names.iter().map(&key).collect();
    let stands =
        |entry: &Entry<Plain<T>>| !entry.absent && names.contains(&key(entry.value.name()));
    Ok(sheet.entries(second)?.into_iter().find(stands))
}

/// Of two layers that disagree, the machine's own has its way: what is shared goes where its `opposite` is wanted too.
pub fn overrule(wanted: &mut WantedItems, opposite: impl Fn(&ItemKey) -> Option<ItemKey>) {
    let overruled: Vec<ItemKey> = wanted
        .iter()
        .filter(|(_, one)| one.layer == Layer::Shared)
        .filter(|(key, _)| opposite(key).is_some_and(|other| wanted.contains_key(&other)))
        .map(|(key, _)| key.clone())
        .collect();
    wanted.retain(|key, _| !overruled.contains(key));
}

/// The name of an entry in either form.
pub fn name(entry: &Json) -> Option<&str> {
    entry.as_str().or_else(|| entry.get("name")?.as_str())
}

/// What the entry for `wanted` becomes: one that says more stays as it is, but for saying that it is absent.
pub fn write(found: Option<Json>, wanted: &str) -> Json {
    match found {
        Some(Json::Object(mut entry)) => match entry.shift_remove("absent") {
            Some(_) if entry.len() == 1 => json!(wanted),
            _ => Json::Object(entry),
        },
        _ => json!(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::names::Karg;

    #[test]
    fn both_forms_are_read_and_a_form_is_kept() {
        let read = |json: Json| {
            serde_json::from_value::<Plain<Karg>>(json).map(|entry| entry.name().to_string())
        };
        assert_eq!(read(json!("quiet")).unwrap(), "quiet");
        assert_eq!(read(json!({"name": "quiet", "absent": true})).unwrap(), "quiet");
        for (wrong, says) in [
            (json!("a b"), "is not a kernel argument"),
            (json!({"name": "-x"}), "is not a kernel argument"),
            (json!(3), "a name, or an object with “name”"),
            (json!({"absent": true}), "missing field `name`"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(write(None, "a"), json!("a"));
        assert_eq!(write(Some(json!({"name": "a", "absent": true})), "a"), json!("a"));
        let noted = json!({"name": "a", "why": "b"});
        assert_eq!(write(Some(noted.clone()), "a"), noted);
        assert_eq!((name(&noted), name(&json!("b"))), (Some("a"), Some("b")));
    }
}
