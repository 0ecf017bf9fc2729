//! What a person asks for, looked up before it is done: the schema, the key, the path and the value.

use glib::Variant;

use super::{SettingKey, VALUE, known, live};
use crate::core::item::{Record, Value};
use crate::core::near::nearest;
use crate::host::Host;
use crate::host::dconf;
use crate::host::schemas::{BadValue, Key, Range, Schema, Schemas};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// Refuses a setting that another subsystem looks after.
pub fn own(key: &SettingKey) -> Result<(), Unfit> {
    match known::elsewhere(key.schema.as_str(), key.key.as_str()) {
        Some((_, instead)) => {
            Err(Unfit::new(fill(&gettext(instead), &[("key", key.key.as_str())])))
        }
        None => Ok(()),
    }
}

/// Looks a setting up: its own spelling, with a path only where the schema is relocatable, and what its schema says.
pub fn look_up(host: &Host, key: &SettingKey) -> Result<(SettingKey, Key), Unfit> {
    let schemas = Schemas::open(host);
    let Some(schema) = schemas.schema(key.schema.as_str()) else {
        let (fixed, relocatable) = schemas.list();
        let ids: Vec<&str> = fixed.iter().chain(&relocatable).map(String::as_str).collect();
        let close = nearest(key.schema.as_str(), ids.into_iter().map(|id| (id, Vec::new())));
        let text = gettext("the schema {schema} is not installed");
        let message = fill(&text, &[("schema", key.schema.as_str())]);
        return Err(Unfit { message, close, unsure: true });
    };
    let key = placed(host, &schemas, &schema, key)?;
    let Some(known) = schema.key(key.key.as_str()) else {
        let names = schema.keys();
        let close = nearest(key.key.as_str(), names.iter().map(|name| (name.as_str(), Vec::new())));
        let close = close.iter().map(|name| format!("{} {name}", key.place())).collect();
        let text = gettext("the schema {schema} has no key “{key}”");
        let values = [("schema", key.schema.as_str()), ("key", key.key.as_str())];
        return Err(Unfit { message: fill(&text, &values), close, unsure: true });
    };
    Ok((key, known))
}

/// The key with the path that its schema takes.
fn placed(
    host: &Host,
    schemas: &Schemas,
    schema: &Schema,
    key: &SettingKey,
) -> Result<SettingKey, Unfit> {
    match (schema.path(), &key.path) {
        (Some(fixed), Some(path)) if fixed != path.as_str() => Err(Unfit::new(fill(
            &gettext("the schema {schema} is kept at {path}, and nowhere else"),
            &[("schema", key.schema.as_str()), ("path", fixed)],
        ))),
        (Some(_), _) => Ok(SettingKey { path: None, ..key.clone() }),
        (None, Some(_)) => Ok(key.clone()),
        (None, None) => Err(Unfit {
            close: places(host, schemas, key),
            ..Unfit::new(fill(
                &gettext(
                    "the schema {schema} is used in several places: say which, as in {schema}:/path/",
                ),
                &[("schema", key.schema.as_str())],
            ))
        }),
    }
}

/// Where a relocatable schema is used on this machine.
fn places(host: &Host, schemas: &Schemas, key: &SettingKey) -> Vec<String> {
    // Only a help: without it the error says all there is to say.
    let Ok(dconf) = dconf::read(host) else { return Vec::new() };
    let mut places = std::collections::BTreeSet::new();
    live::walk(&dconf, schemas, &Default::default(), &mut |_, _, stored| {
        if let live::Stored::Setting(found, _) = stored
            && found.schema == key.schema
        {
            places.insert(format!("{} {}", found.place(), key.key));
        }
    });
    places.into_iter().take(5).collect()
}

/// The setting and its record, from a value as `gsettings set` takes it: GVariant text, or a text without its quotes.
pub fn typed(host: &Host, key: &SettingKey, text: &str) -> Result<(SettingKey, Record), Unfit> {
    own(key)?;
    let (key, known) = look_up(host, key)?;
    let value = known.parse_typed(text).map_err(|bad| bad_value(&known, &bad))?;
    let record = Record::new().with(VALUE, live::value(&key, &known, &value));
    Ok((key, record))
}

/// The same without looking the schema up: the value has to carry its own type then.
pub fn unchecked(key: &SettingKey, text: &str) -> Result<Record, Unfit> {
    own(key)?;
    let value = Variant::parse(None, text).map_err(|_| {
        let message = gettext(
            "{value} is not GVariant text, which it has to be where the schema is not installed: 'text' in quotes, uint32 3",
        );
        Unfit::new(fill(&message, &[("value", text)]))
    })?;
    Ok(Record::new().with(VALUE, Value::Text(value.print(true).into())))
}

/// Makes sure that a record's value is of the key's type and in its range.
pub fn value(known: &Key, record: &Record) -> Result<(), Unfit> {
    let Some(value) = record.get(VALUE) else { return Ok(()) };
    known.check(&live::text(value)).map(drop).map_err(|bad| bad_value(known, &bad))
}

fn bad_value(known: &Key, bad: &BadValue) -> Unfit {
    let (BadValue::Type { value, .. } | BadValue::Range { value, .. }) = bad;
    let typed = value.trim_matches(['\'', '"']);
    let close = match known.range() {
        Range::Choices(list) | Range::Flags(list) => {
            nearest(typed, list.iter().map(|choice| (choice.as_str(), Vec::new())))
        }
        Range::Any | Range::Between(..) => Vec::new(),
    };
    Unfit { close, ..Unfit::new(bad) }
}
