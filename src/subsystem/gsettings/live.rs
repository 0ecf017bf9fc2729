//! From dconf's keys to items.

use std::collections::BTreeMap;

use glib::Variant;

use super::places::{Owner, Places};
use super::{SettingKey, VALUE, known};
use crate::core::item::{Barred, Live, Record, Records, Value, WantedItems};
use crate::core::names::{KeyName, SchemaId};
use crate::host::dconf::Dconf;
use crate::host::schemas::{Key, Schema, Schemas};
use crate::words::{fill, gettext};

/// What a key of the database is.
pub enum Stored {
    /// A setting; its schema need not allow the value.
    Setting(SettingKey, Key),
    /// It may be a setting of one of these relocatable schemas.
    Unsure(Vec<String>),
    /// No installed schema has it.
    Unknown,
}

/// What the system has: all that the person has set under a known schema, and whatever `wanted` asks about.
pub fn records(dconf: &Dconf, schemas: &Schemas, wanted: &WantedItems) -> Records {
    let mut records = Records::default();
    for item in wanted.keys() {
        let Some(key) = SettingKey::parse(item) else { continue };
        if let Some(live) = asked(&key, dconf, schemas, wanted[item].record.get(VALUE)) {
            records.insert(item.clone(), live);
        }
    }
    walk(dconf, schemas, wanted, &mut |dconf_key, stored, what| {
        let Stored::Setting(key, schema_key) = what else { return };
        // What is locked is the administrator's, whatever the person once set.
        if dconf.locked(dconf_key) || !schema_key.accepts(stored) {
            return;
        }
        let (item, value) = (key.item(), value(&key, &schema_key, stored));
        let (schema, name) = (key.schema.as_str(), key.key.as_str());
        if !wanted.contains_key(&item)
            && known::elsewhere(schema, name).is_none()
            && !known::self_written(schema, name, &value)
        {
            records.insert(item, Live::known(Record::new().with(VALUE, value)));
        }
    });
    records
}

/// Tells `found` of every key that the person's database holds: its place in dconf, its value, and what it is.
pub fn walk(
    dconf: &Dconf,
    schemas: &Schemas,
    wanted: &WantedItems,
    found: &mut dyn FnMut(&str, &Variant, Stored),
) {
    let mut dirs: BTreeMap<&str, Vec<(&str, &Variant)>> = BTreeMap::new();
    for (path, value) in dconf.user() {
        if let Some(at) = path.rfind('/') {
            let (dir, name) = path.split_at(at + 1);
            dirs.entry(dir).or_default().push((name, value));
        }
    }
    let places = Places::new(dconf, schemas, wanted);
    for (dir, keys) in dirs {
        let at = schemas.at(dir);
        let owner = places.owner(dir, &keys, !at.is_empty());
        for (name, value) in &keys {
            found(&format!("{dir}{name}"), value, stored(dir, &at, &owner, name, value, wanted));
        }
    }
}

fn stored(
    dir: &str,
    at: &[Schema],
    owner: &Owner,
    name: &str,
    value: &Variant,
    wanted: &WantedItems,
) -> Stored {
    let free = match owner {
        Owner::Schema(schema) => Some(schema),
        Owner::Unsure(_) | Owner::Nobody => None,
    };
    let mut candidates: Vec<(SettingKey, Key)> = at
        .iter()
        .chain(free)
        .filter_map(|schema| Some((setting(schema, name, dir)?, schema.key(name)?)))
        .collect();
    // Two schemas may share a key of the database; where a manifest names one of them, that one it is.
    let named = candidates.iter().position(|(key, _)| wanted.contains_key(&key.item()));
    let allowed = || candidates.iter().position(|(_, key)| key.accepts(value));
    let first = || (!candidates.is_empty()).then_some(0);
    match (named.or_else(allowed).or_else(first), owner) {
        (Some(place), _) => {
            let (setting, key) = candidates.swap_remove(place);
            Stored::Setting(setting, key)
        }
        (None, Owner::Unsure(schemas)) => Stored::Unsure(schemas.clone()),
        (None, _) => Stored::Unknown,
    }
}

/// What a key that a manifest names says on the system; `None` where it is not set.
fn asked(
    key: &SettingKey,
    dconf: &Dconf,
    schemas: &Schemas,
    wanted: Option<&Value>,
) -> Option<Live> {
    if let Some((why, _)) = known::elsewhere(key.schema.as_str(), key.key.as_str()) {
        return Some(Live::absent().barred(Some(Barred::NotHere(gettext(why)))));
    }
    let (dconf_key, schema_key) = match find(key, schemas) {
        Ok(found) => found,
        Err(reason) => return Some(Live::absent().barred(Some(Barred::NotHere(reason)))),
    };
    let locked = dconf.locked(&dconf_key);
    let stored = match locked {
        true => Some(dconf.system(&dconf_key).unwrap_or_else(|| schema_key.default_value())),
        false => dconf.user().get(&dconf_key).cloned(),
    };
    // GSettings takes no notice of a value that its schema does not allow.
    let in_force = stored.as_ref().filter(|stored| schema_key.accepts(stored));
    let shown = in_force.map(|in_force| value(key, &schema_key, in_force));
    let barred = match wanted.and_then(|wanted| schema_key.check(&text(wanted)).err()) {
        // Whether a value is in range may differ from one version of a program to the next: the manifest is not
        // wrong for another machine, but cannot be meant for this one.
        Some(bad) => Some(Barred::NotHere(bad.to_string())),
        None if locked => {
            let text = gettext("the administrator has locked it at {value}");
            let value = shown.as_ref().map(self::text).unwrap_or_default();
            Some(Barred::Locked(fill(&text, &[("value", &value)])))
        }
        None => None,
    };
    let note = match (&stored, in_force) {
        _ if locked => Some(gettext("Locked by the administrator of this machine")),
        (Some(stored), None) => schema_key.complaint(stored).map(|bad| {
            let text = gettext("What is stored is not in force: {why}");
            fill(&text, &[("why", &bad.to_string())])
        }),
        _ => None,
    };
    let live = match shown {
        Some(value) => Live::known(Record::new().with(VALUE, value)),
        None if barred.is_none() && note.is_none() => return None,
        None => Live::absent(),
    };
    Some(Live { note, ..live.barred(barred) })
}

fn setting(schema: &Schema, name: &str, dir: &str) -> Option<SettingKey> {
    let id: SchemaId = schema.id().parse().ok()?;
    let key: KeyName = name.parse().ok()?;
    let path = match schema.path() {
        Some(_) => None,
        None => Some(dir.parse().ok()?),
    };
    Some(SettingKey { schema: id, key, path })
}

/// Where a setting is kept in dconf, and what its schema says of it; or else what is not installed.
pub fn find(key: &SettingKey, schemas: &Schemas) -> Result<(String, Key), String> {
    let names = [("schema", key.schema.as_str()), ("key", key.key.as_str())];
    let schema = schemas
        .schema(key.schema.as_str())
        .ok_or_else(|| fill(&gettext("the schema {schema} is not installed"), &names))?;
    let known = schema
        .key(key.key.as_str())
        .ok_or_else(|| fill(&gettext("the schema {schema} has no key “{key}”"), &names))?;
    let dir = schema
        .path()
        .or_else(|| key.path.as_ref().map(|path| path.as_str()))
        .ok_or_else(|| fill(&gettext("the schema {schema} needs a “path”"), &names))?;
    Ok((format!("{dir}{}", key.key), known))
}

/// The canonical form of a value.
pub fn value(key: &SettingKey, schema_key: &Key, variant: &Variant) -> Value {
    value_of(key, schema_key.is_flags(), variant)
}

/// The canonical form of a value, where it is known whether the key holds flags.
pub fn value_of(key: &SettingKey, flags: bool, variant: &Variant) -> Value {
    if (flags || known::is_set(key.schema.as_str(), key.key.as_str()))
        && let Some(list) = variant.get::<Vec<String>>()
    {
        return Value::Set(list.into());
    }
    Value::Text(variant.print(true).into())
}

/// A value as GVariant text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Set(set) => Variant::from(set.iter().collect::<Vec<_>>()).print(true).into(),
        value => value.to_string(),
    }
}
