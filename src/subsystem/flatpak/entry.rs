//! What stands in `flatpak-apps.json` and `flatpak-remotes.json`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::overrides::{self, Fields, Home};
use super::stores::Groups;
use super::{flags, openpgp};
use crate::core::names::{AppId, Branch, Commit, RemoteName};
use crate::host::flatpak::Scope;
use crate::words::{fill, gettext};

/// `flatpak-apps.json`.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "the schema is made from it; its parts are read one by one")]
pub struct AppsFile {
    /// Where this file's JSON Schema is.
    #[serde(rename = "$schema")]
    schema: Option<String>,
    /// The apps.
    apps: Vec<AppEntry>,
    /// Overrides for every app.
    global_overrides: Option<GlobalOverrides>,
}

/// One app.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AppEntry {
    /// The app's id.
    #[schemars(with = "String")]
    pub id: AppId,
    /// Whose installation it is in.
    pub scope: Scope,
    /// The remote it comes from. Only an entry that drops another layer's may leave it out.
    #[schemars(with = "Option<String>")]
    pub remote: Option<RemoteName>,
    /// The branch, where it matters.
    #[schemars(with = "Option<String>")]
    pub branch: Option<Branch>,
    /// The commit to stay at: applying it also masks the app, so that updates leave it alone.
    #[schemars(with = "Option<String>")]
    pub commit: Option<Commit>,
    /// The person's own overrides, also where the app is installed for every user.
    pub overrides: Option<Overrides>,
    /// Overrides for every user. Flatpak minds them only for apps with scope “system”; elsewhere they are kept
    /// and not compared.
    pub system_overrides: Option<Overrides>,
    /// In a host's layer: this machine does not want the app.
    #[serde(default)]
    pub absent: bool,
}

/// Overrides for every app.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct GlobalOverrides {
    /// The person's own.
    pub user: Option<Overrides>,
    /// Every user's.
    pub system: Option<Overrides>,
}

impl GlobalOverrides {
    /// One scope's.
    pub fn get(&self, scope: Scope) -> Option<&Overrides> {
        match scope {
            Scope::System => self.system.as_ref(),
            Scope::User => self.user.as_ref(),
        }
    }
}

/// Overrides, in either of their written forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overrides {
    /// As `flatpak override` takes them.
    Flags(Vec<String>),
    /// The keyfile as JSON.
    Groups(Groups),
}

impl Overrides {
    /// The permissions, in canonical form.
    pub fn read(&self, home: &Home) -> Fields {
        match self {
            Self::Flags(flags) => flags::read(flags, home),
            Self::Groups(groups) => overrides::read(groups, home),
        }
    }
}

/// A flag of `flatpak override`.
struct Flag(String);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flag = String::deserialize(deserializer)?;
        if flags::is_known(&flag) {
            return Ok(Self(flag));
        }
        let text = gettext(
            "“{flag}” is no flag of “flatpak override” that Bucket knows: it should be like --filesystem=~/Games, or the overrides be written as an object",
        );
        Err(D::Error::custom(fill(&text, &[("flag", &flag)])))
    }
}

/// A keyfile's value: a text, or a list of texts.
struct KeyValue(Value);

impl<'de> Deserialize<'de> for KeyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = KeyValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<KeyValue, E> {
                Ok(KeyValue(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<KeyValue, A::Error> {
                let mut list: Vec<String> = Vec::new();
                while let Some(element) = seq.next_element()? {
                    list.push(element);
                }
                Ok(KeyValue(list.into()))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for Overrides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Overrides;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of flags or an object of groups")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Overrides, A::Error> {
                let mut list = Vec::new();
                while let Some(Flag(flag)) = seq.next_element()? {
                    list.push(flag);
                }
                Ok(Overrides::Flags(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Overrides, A::Error> {
                let mut groups = Groups::new();
                while let Some((group, keys)) =
                    map.next_entry::<String, BTreeMap<String, KeyValue>>()?
                {
                    let keys: Map<String, Value> =
                        keys.into_iter().map(|(key, KeyValue(value))| (key, value)).collect();
                    groups.insert(group, Value::Object(keys));
                }
                Ok(Overrides::Groups(groups))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl JsonSchema for Overrides {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Overrides".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Permissions: flags as “flatpak override” takes them, or the override keyfile as JSON.",
            "oneOf": [
                { "type": "array", "items": { "type": "string", "pattern": "^--[a-z0-9-]+=" } },
                {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "additionalProperties": {
                            "oneOf": [
                                { "type": "string" },
                                { "type": "array", "items": { "type": "string" } }
                            ]
                        }
                    }
                }
            ]
        })
    }
}

/// `flatpak-remotes.json`.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "the schema is made from it; its parts are read one by one")]
pub struct RemotesFile {
    /// Where this file's JSON Schema is.
    #[serde(rename = "$schema")]
    schema: Option<String>,
    /// The remotes.
    remotes: Vec<RemoteEntry>,
}

/// One remote.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RemoteEntry {
    /// Its name.
    #[schemars(with = "String")]
    pub name: RemoteName,
    /// Whose installation it is in.
    pub scope: Scope,
    /// Where it is. Only an entry that drops another layer's may leave it out.
    pub url: Option<String>,
    /// Its name for people.
    pub title: Option<String>,
    /// Whether a filter hides part of what it offers.
    pub filtered: Option<bool>,
    /// The filter's file on the machine.
    pub filter: Option<String>,
    /// The key its offers are signed with: an OpenPGP key, in base64 or ASCII armour.
    #[schemars(with = "Option<String>")]
    pub gpg_key: Option<GpgKey>,
    /// Whether what it offers must be signed.
    pub gpg_verify: Option<bool>,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// In a host's layer: this machine does not want the remote.
    #[serde(default)]
    pub absent: bool,
}

/// An OpenPGP key in the one spelling that [`openpgp::canonical`] gives it.
#[derive(Debug)]
pub struct GpgKey(pub String);

impl<'de> Deserialize<'de> for GpgKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        openpgp::canonical_text(&text).map(Self).ok_or_else(|| {
            D::Error::custom(gettext("expected an OpenPGP public key, in base64 or ASCII armour"))
        })
    }
}
