//! What an app may really do: its own metadata with the layers of overrides laid over it, each permission with what
//! every layer says of it.
//!
//! The rules are those of `flatpak_context_merge`: layers are laid over one another permission by permission, and
//! the higher one wins. `host:reset` takes back every path that a lower layer gives; conditions add to those of
//! lower layers unless they begin with a denial; a variable is set or unset in one place.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Item;
use super::check;
use super::overrides::{self, Fields, Home, field_name, split_field};
use crate::host::Host;
use crate::host::flatpak::{Installation, Scope};
use crate::words::gettext;

/// Who says something about a permission, from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The app's own metadata.
    App,
    /// The overrides for all apps and every user. They hold for system-wide apps only.
    SystemGlobal,
    /// The overrides for this app and every user. They hold for system-wide apps only.
    SystemApp,
    /// The person's overrides for all apps.
    UserGlobal,
    /// The person's overrides for this app.
    UserApp,
}

impl Source {
    /// What to call it before people.
    pub fn title(self) -> String {
        match self {
            Self::App => gettext("the app itself"),
            Self::SystemGlobal => gettext("all apps, for every user"),
            Self::SystemApp => gettext("this app, for every user"),
            Self::UserGlobal => gettext("all apps, for you"),
            Self::UserApp => gettext("this app, for you"),
        }
    }

    /// The scope whose override files it stands in, if it is not the app.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::App => None,
            Self::SystemGlobal | Self::SystemApp => Some(Scope::System),
            Self::UserGlobal | Self::UserApp => Some(Scope::User),
        }
    }
}

/// One permission, named as flatpak's files name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Permission {
    /// The group: `Context`, `Environment`, `Session Bus Policy`.
    pub group: String,
    /// The key in it: `sockets`, a variable, a bus name.
    pub key: String,
    /// In a list, the element: `x11`, `~/Games`.
    pub element: Option<String>,
}

impl Permission {
    /// An element of a list.
    pub fn element(group: &str, key: &str, element: &str) -> Self {
        Self { group: group.to_owned(), key: key.to_owned(), element: Some(element.to_owned()) }
    }

    /// A key with one value.
    pub fn key(group: &str, key: &str) -> Self {
        Self { group: group.to_owned(), key: key.to_owned(), element: None }
    }

    /// The permission that a field of a record is about; `field` is what follows `user/` or `system/`.
    pub fn of_field(field: &str) -> Option<Self> {
        let (group, key, element) = split_field(field)?;
        Some(Self { group, key, element })
    }

    /// Its field in records, behind `user/` or `system/`: `Context/sockets/x11`.
    pub fn field(&self) -> String {
        field_name(&self.group, &self.key, self.element.as_deref())
    }

    /// The part of it that tells it from others of its kind: `x11`, `~/Games`, `EDITOR`, `org.freedesktop.UPower`.
    pub fn token(&self) -> &str {
        self.element.as_deref().unwrap_or(&self.key)
    }
}

/// What holds in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Not granted, not set, or unset.
    Off,
    /// Granted; a path may be written to.
    On,
    /// Granted where any of these conditions holds. Flatpak before 1.17 grants it always.
    If(Vec<String>),
    /// A path's mode, a variable's text, a bus policy, or the value of a key that we do not know.
    Text(String),
}

/// What one layer says of a permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// Nothing.
    Nothing,
    /// A value, in the words of records: `allow`, `deny`, `ro`, `talk`, `reset allow if:has-wayland`, a text.
    Value(String),
    /// That the variable is unset.
    Unset,
    /// Nothing of it alone, but it takes back every path of lower layers.
    Resets,
}

/// One permission, and how it comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The permission. A variable is always in `Environment`, also where it is unset.
    pub permission: Permission,
    /// What holds.
    pub effect: Effect,
    /// The layer that decided it; `None` where no layer says anything.
    pub source: Option<Source>,
    /// What every layer that holds for the app says, the lowest first.
    pub said: Vec<(Source, Said)>,
    /// Whether flatpak knows it. It does nothing with what it does not know, and keeps it.
    pub known: bool,
}

/// What an app may do, or what the overrides for all apps say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Permissions {
    /// Whether the app is installed. If not, only overrides are known of it.
    pub installed: bool,
    /// The layers that hold, the lowest first.
    pub sources: Vec<Source>,
    /// Every permission that a layer says something of, in the order of their names.
    pub entries: Vec<Entry>,
}

impl Permissions {
    /// One permission; where no layer says anything of it, that it is off.
    pub fn get(&self, permission: &Permission) -> Entry {
        let asked = match permission.key.as_str() {
            "unset-environment" => Permission::key("Environment", permission.token()),
            _ => permission.clone(),
        };
        let found = self.entries.iter().find(|entry| entry.permission == asked);
        found.cloned().unwrap_or_else(|| Entry {
            known: check::is_known(&asked, "allow"),
            permission: asked,
            effect: Effect::Off,
            source: None,
            said: self.sources.iter().map(|source| (*source, Said::Nothing)).collect(),
        })
    }
}

/// The groups of an app's metadata that are permissions.
fn is_permission(group: &str) -> bool {
    matches!(
        group,
        "Context"
            | "Environment"
            | "Session Bus Policy"
            | "System Bus Policy"
            | "Accessibility Bus Policy"
            | "USB Devices"
    ) || group.starts_with("Policy ")
}

/// Reads what `item` may do: an app of a scope with every layer that holds for it, or one layer for all apps.
///
/// A layer that cannot be read makes the whole unknown; the error says which file it is.
pub fn permissions(host: &Host, item: &Item) -> Result<Permissions, String> {
    let layer = |scope: Scope, name: &str| {
        Installation::of(host, scope)
            .overrides(name)
            .map(|keyfile| overrides::read(&keyfile, &Home::Nobody))
    };
    let (scope, id) = match item {
        Item::Global(scope) => {
            let source = match scope {
                Scope::System => Source::SystemGlobal,
                Scope::User => Source::UserGlobal,
            };
            let layers = vec![(source, layer(*scope, "global")?)];
            return Ok(Permissions {
                installed: false,
                sources: vec![source],
                entries: merge(&layers),
            });
        }
        Item::App(scope, id) => (*scope, id),
    };
    let metadata = Installation::of(host, scope).metadata(id)?;
    let installed = metadata.is_some();
    let mut own = Fields::new();
    if let Some(metadata) = metadata {
        own = overrides::read(&metadata, &Home::Nobody);
        own.retain(|name, _| split_field(name).is_some_and(|(group, ..)| is_permission(&group)));
    }
    let mut layers = vec![(Source::App, own)];
    if scope == Scope::System {
        layers.push((Source::SystemGlobal, layer(Scope::System, "global")?));
        layers.push((Source::SystemApp, layer(Scope::System, id.as_str())?));
    }
    layers.push((Source::UserGlobal, layer(Scope::User, "global")?));
    layers.push((Source::UserApp, layer(Scope::User, id.as_str())?));
    let sources = layers.iter().map(|(source, _)| *source).collect();
    Ok(Permissions { installed, sources, entries: merge(&layers) })
}

/// What one override file says, as the only layer.
pub fn layer(keyfile: &crate::host::keyfile::Keyfile, scope: Scope) -> Vec<Entry> {
    let source = match scope {
        Scope::System => Source::SystemApp,
        Scope::User => Source::UserApp,
    };
    merge(&[(source, overrides::read(keyfile, &Home::Nobody))])
}

/// What a layer alone says of a permission: a variable is set or unset.
fn says(fields: &Fields, permission: &Permission) -> Said {
    let unset = || field_name("Context", "unset-environment", Some(&permission.key));
    match fields.get(&permission.field()) {
        Some(value) => Said::Value(value.clone()),
        None if permission.group == "Environment" && fields.contains_key(&unset()) => Said::Unset,
        None => Said::Nothing,
    }
}

/// Lays layers over one another, the lowest first.
pub fn merge(layers: &[(Source, Fields)]) -> Vec<Entry> {
    let mut permissions = BTreeSet::new();
    for field in layers.iter().flat_map(|(_, fields)| fields.keys()) {
        let Some(permission) = Permission::of_field(field) else { continue };
        permissions.insert(match (permission.key.as_str(), permission.element) {
            ("unset-environment", Some(variable)) => Permission::key("Environment", &variable),
            (_, element) => Permission { element, ..permission },
        });
    }
    permissions.into_iter().map(|permission| entry(permission, layers)).collect()
}

fn entry(permission: Permission, layers: &[(Source, Fields)]) -> Entry {
    let reset = field_name("Context", "filesystems", Some("host:reset"));
    let is_path = permission.key == "filesystems" && permission.token() != "host:reset";
    let (mut effect, mut source, mut known) = (Effect::Off, None, false);
    let mut said = Vec::new();
    for (layer, fields) in layers {
        let resets = is_path && fields.contains_key(&reset);
        if resets && source.is_some() {
            (effect, source) = (Effect::Off, Some(*layer));
        }
        let says = match says(fields, &permission) {
            Said::Nothing if resets => Said::Resets,
            says => says,
        };
        match &says {
            Said::Unset => (effect, source, known) = (Effect::Off, Some(*layer), true),
            Said::Value(value) => {
                let counts = check::is_known(&permission, value);
                known |= counts;
                // What flatpak does not know changes nothing, and is shown where it is all there is.
                if counts || source.is_none() {
                    effect = after(effect, &permission, value);
                    source = Some(*layer);
                }
            }
            Said::Nothing | Said::Resets => (),
        }
        said.push((*layer, says));
    }
    Entry { permission, effect, source, said, known }
}

/// What holds when a layer says `value` over what held before.
fn after(before: Effect, permission: &Permission, value: &str) -> Effect {
    let group = permission.group.as_str();
    match (group, value) {
        ("Environment", text) => Effect::Text(text.to_owned()),
        ("Session Bus Policy" | "System Bus Policy" | "Accessibility Bus Policy", "none") => {
            Effect::Off
        }
        _ if permission.element.is_none() => Effect::Text(value.to_owned()),
        (_, "deny") => Effect::Off,
        (_, "allow") => Effect::On,
        (_, value) if value.contains("if:") => {
            let words = || value.split(' ');
            let mut conditions = match before {
                Effect::If(conditions) if !words().any(|word| word == "reset") => conditions,
                _ => Vec::new(),
            };
            conditions
                .extend(words().filter_map(|word| word.strip_prefix("if:")).map(str::to_owned));
            conditions.sort();
            conditions.dedup();
            Effect::If(conditions)
        }
        (_, mode) => Effect::Text(mode.to_owned()),
    }
}
