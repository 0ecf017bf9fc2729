//! From dconf's keys to items.

use std::collections::BTreeMap;

use glib::Variant;

use super::{SettingKey, VALUE, known};
use crate::core::item::{ItemKey, Live, Record, Records, Value, WantedItems};
use crate::core::names::{KeyName, SchemaId};
use crate::host::dconf::Dconf;
use crate::host::schemas::{Key, Schema, Schemas};
use crate::words::{fill, gettext};

/// What the system has: all that the person has set under a known schema, and whatever `wanted` asks about.
pub fn records(dconf: &Dconf, schemas: &Schemas, wanted: &WantedItems) -> Records {
    let mut records = Records::default();
    for item in wanted.keys() {
        let Some(key) = SettingKey::parse(item) else { continue };
        if let Some(live) = asked(&key, dconf, schemas, wanted[item].record.get(VALUE)) {
            records.insert(item.clone(), live);
        }
    }
    let mut dirs: BTreeMap<&str, Vec<(&str, &Variant)>> = BTreeMap::new();
    for (path, value) in dconf.user() {
        if let Some(at) = path.rfind('/') {
            let (dir, name) = path.split_at(at + 1);
            dirs.entry(dir).or_default().push((name, value));
        }
    }
    for (dir, keys) in dirs {
        let at = schemas.at(dir);
        for (name, value) in keys {
            // What is locked is the administrator's, whatever the person once set.
            if dconf.locked(&format!("{dir}{name}")) {
                continue;
            }
            if let Some((item, live)) = found(dir, &at, name, value, schemas, wanted) {
                records.insert(item, live);
            }
        }
    }
    records
}

/// What a key that a manifest names says on the system; `None` where it is not set.
fn asked(
    key: &SettingKey,
    dconf: &Dconf,
    schemas: &Schemas,
    wanted: Option<&Value>,
) -> Option<Live> {
    if let Some(why) = known::elsewhere(key.schema.as_str(), key.key.as_str()) {
        return Some(Live::unknown(gettext(why)));
    }
    let (dconf_key, schema_key) = match find(key, schemas) {
        Ok(found) => found,
        Err(reason) => return Some(Live::unknown(reason)),
    };
    // Whether a value is in range may differ from one version of a program to the next: the manifest is not wrong
    // for another machine, but cannot be meant for this one.
    if let Some(Value::Text(text)) = wanted
        && let Err(bad) = schema_key.check(text)
    {
        return Some(Live::unknown(bad.to_string()));
    }
    let locked = dconf.locked(&dconf_key);
    let in_force = match locked {
        true => Some(dconf.system(&dconf_key).unwrap_or_else(|| schema_key.default_value())),
        false => dconf.user().get(&dconf_key).cloned(),
    };
    // GSettings takes no notice of a value that its schema does not allow.
    let in_force = in_force.filter(|in_force| schema_key.accepts(in_force))?;
    let mut live = Live::known(Record::new().with(VALUE, value(key, &in_force)));
    live.note = locked.then(|| gettext("Locked by the administrator of this machine"));
    Some(live)
}

/// The item that a key of the database is, where a schema has it and allows its value.
fn found(
    dir: &str,
    at: &[Schema],
    name: &str,
    stored: &Variant,
    schemas: &Schemas,
    wanted: &WantedItems,
) -> Option<(ItemKey, Live)> {
    let by_convention = known::schema_at(dir).and_then(|id| schemas.schema(id));
    let relocatable = by_convention.filter(|schema| schema.path().is_none());
    let candidates: Vec<SettingKey> = at
        .iter()
        .chain(&relocatable)
        .filter(|schema| schema.key(name).is_some_and(|key| key.accepts(stored)))
        .filter_map(|schema| setting(schema, name, dir))
        .collect();
    // Two schemas may share a key of the database; where a manifest names one of them, that one it is.
    if candidates.iter().any(|key| wanted.contains_key(&key.item())) {
        return None;
    }
    let key = candidates.into_iter().next()?;
    let (schema, name) = (key.schema.as_str(), key.key.as_str());
    let value = value(&key, stored);
    if known::elsewhere(schema, name).is_some() || known::self_written(schema, name, &value) {
        return None;
    }
    Some((key.item(), Live::known(Record::new().with(VALUE, value))))
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
pub fn value(key: &SettingKey, variant: &Variant) -> Value {
    if known::is_set(key.schema.as_str(), key.key.as_str())
        && let Some(list) = variant.get::<Vec<String>>()
    {
        return Value::Set(list.into());
    }
    Value::Text(variant.print(true).into())
}
