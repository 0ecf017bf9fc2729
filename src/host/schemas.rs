//! Settings schemas: what a key is, what it may hold, and where it is kept.
//!
//! GIO is asked, through sources built from this host's directories in GIO's order (`gsettingsschema.c`). GIO
//! aborts the process when asked for a schema or key that is not there; the types here ask first.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use gio::SettingsSchemaSource;
use glib::{Variant, VariantTy};
use thiserror::Error;

use super::{Host, fs};
use crate::words::{fill, gettext};

/// The installed schemas, as they are when first asked for. Reading is cheap: only what is asked for is looked at.
pub struct Schemas {
    source: Option<SettingsSchemaSource>,
    known: RefCell<HashMap<String, Option<Schema>>>,
    paths: OnceCell<HashMap<String, Vec<String>>>,
}

/// A schema.
#[derive(Clone)]
pub struct Schema {
    schema: gio::SettingsSchema,
    path: Option<String>,
}

/// A key of a schema.
pub struct Key {
    key: gio::SettingsSchemaKey,
}

/// What a key may hold, within its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// Anything of its type.
    Any,
    /// One of these texts.
    Choices(Vec<String>),
    /// A list of any of these texts.
    Flags(Vec<String>),
    /// A number from the first to the second, both included.
    Between(String, String),
}

/// A value that a key does not take.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadValue {
    /// It is of another type.
    Type {
        /// The value as it was written.
        value: String,
        /// What it should be: "true or false".
        should: String,
    },
    /// It is of the right type, but not allowed.
    Range {
        /// The value as it was written.
        value: String,
        /// What is allowed: "one of 'a', 'b'".
        should: String,
    },
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Type { value, should } | Self::Range { value, should }) = self;
        // Translators: {value} is what stands there, {expected} what should: "true or false", "one of 'a', 'b'".
        let text = gettext("{value} is not {expected}");
        f.write_str(&fill(&text, &[("value", value), ("expected", should)]))
    }
}

impl Range {
    /// Whether a value of the key's type is in range.
    pub fn allows(&self, value: &Variant) -> bool {
        match self {
            Self::Any => true,
            Self::Choices(choices) => value.str().is_some_and(|v| choices.iter().any(|c| c == v)),
            Self::Flags(flags) => value
                .get::<Vec<String>>()
                .is_some_and(|list| list.iter().all(|one| flags.contains(one))),
            Self::Between(min, max) => {
                let number = |text: &str| Variant::parse(Some(value.type_()), text).ok();
                let [Some(min), Some(max)] = [number(min), number(max)] else { return false };
                let order = |a: &Variant, b: &Variant| a.partial_cmp(b);
                order(&min, value).is_some_and(std::cmp::Ordering::is_le)
                    && order(value, &max).is_some_and(std::cmp::Ordering::is_le)
            }
        }
    }
}

impl Schemas {
    /// The schemas of this host, and of every installed extension that brings its own.
    pub fn open(host: &Host) -> Self {
        let mut source = None;
        // The weakest first: each new source is asked before those added earlier.
        for dir in extension_dirs(host) {
            add(&mut source, dir, false);
        }
        for dir in dirs(host) {
            add(&mut source, dir, true);
        }
        Self { source, known: RefCell::default(), paths: OnceCell::new() }
    }

    /// A schema, if it is installed.
    pub fn schema(&self, id: &str) -> Option<Schema> {
        if let Some(known) = self.known.borrow().get(id) {
            return known.clone();
        }
        let found = self.source.as_ref().and_then(|source| source.lookup(id, true));
        let found = found.map(|schema| Schema {
            path: schema.path().map(String::from).filter(|path| !path.is_empty()),
            schema,
        });
        self.known.borrow_mut().insert(id.to_owned(), found.clone());
        found
    }

    /// The schemas that live at a fixed dconf directory, in the order of their ids.
    ///
    /// The first call looks at every schema there is.
    pub fn at(&self, dir: &str) -> Vec<Schema> {
        let paths = self.paths.get_or_init(|| {
            let mut paths: HashMap<String, Vec<String>> = HashMap::new();
            let (mut fixed, _) = self.list();
            fixed.sort();
            for id in fixed {
                if let Some(path) = self.schema(&id).and_then(|schema| schema.path) {
                    paths.entry(path).or_default().push(id);
                }
            }
            paths
        });
        let ids = paths.get(dir).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.schema(id)).collect()
    }

    /// The ids of all schemas: those with a fixed path, then the relocatable ones.
    pub fn list(&self) -> (Vec<String>, Vec<String>) {
        let Some(source) = &self.source else { return Default::default() };
        let (fixed, relocatable) = source.list_schemas(true);
        let text = |list: Vec<glib::GString>| list.into_iter().map(String::from).collect();
        (text(fixed), text(relocatable))
    }
}

/// The directories that schemas are installed in, the weakest first; they need not exist.
pub fn dirs(host: &Host) -> Vec<PathBuf> {
    let shared = host.env().data_dirs.iter().rev();
    let data = shared.chain(std::iter::once(&host.env().data));
    let named = host.var("GSETTINGS_SCHEMA_DIR").unwrap_or_default().split(':').rev();
    let named = named.filter(|dir| !dir.is_empty()).map(PathBuf::from);
    data.map(|dir| dir.join("glib-2.0/schemas")).chain(named).collect()
}

/// The schema directories that extensions bring along, the person's own last.
fn extension_dirs(host: &Host) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let places = std::iter::once(&host.env().data).chain(&host.env().data_dirs);
    for place in places.collect::<Vec<_>>().into_iter().rev() {
        let dir = place.join("gnome-shell/extensions");
        // A directory that cannot be read leaves its schemas unknown, and with them their items.
        for name in fs::list(&dir).ok().flatten().unwrap_or_default() {
            found.push(dir.join(name).join("schemas"));
        }
    }
    found
}

fn add(source: &mut Option<SettingsSchemaSource>, dir: PathBuf, trusted: bool) {
    if !dir.join("gschemas.compiled").exists() {
        return;
    }
    match SettingsSchemaSource::from_directory(&dir, source.as_ref(), trusted) {
        Ok(new) => *source = Some(new),
        // GIO leaves such a directory out as well; its schemas are then not installed.
        Err(error) => tracing::warn!("the schemas in {} were left out: {error}", dir.display()),
    }
}

impl Schema {
    /// Its id.
    pub fn id(&self) -> String {
        self.schema.id().into()
    }

    /// Where it is kept in dconf, with a slash at both ends; `None` for a relocatable schema.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// One of its keys, if it has it.
    pub fn key(&self, name: &str) -> Option<Key> {
        self.schema.has_key(name).then(|| Key { key: self.schema.key(name) })
    }

    /// The names of all its keys.
    pub fn keys(&self) -> Vec<String> {
        self.schema.list_keys().into_iter().map(String::from).collect()
    }
}

impl Key {
    /// The default: the schema's, a vendor's override of it counted in. The administrator's dconf databases are not.
    pub fn default_value(&self) -> Variant {
        self.key.default_value()
    }

    /// One line about it, translated. Slow: GIO parses the schema's source for it.
    pub fn summary(&self) -> Option<String> {
        self.key.summary().map(String::from)
    }

    /// What its schema says about it, translated. As slow as [`Key::summary`].
    pub fn description(&self) -> Option<String> {
        self.key.description().map(String::from)
    }

    /// Its type, as a GVariant type string.
    pub fn type_string(&self) -> String {
        self.key.value_type().as_str().to_owned()
    }

    /// What it may hold, within its type.
    pub fn range(&self) -> Range {
        let range = self.key.range();
        let (kind, detail) = (range.child_value(0), range.child_value(1).as_variant());
        let texts = |v: &Variant| v.iter().filter_map(|t| t.str().map(str::to_owned)).collect();
        match (kind.str(), detail) {
            (Some("enum"), Some(detail)) => Range::Choices(texts(&detail)),
            (Some("flags"), Some(detail)) => Range::Flags(texts(&detail)),
            (Some("range"), Some(detail)) => Range::Between(
                detail.child_value(0).print(false).into(),
                detail.child_value(1).print(false).into(),
            ),
            _ => Range::Any,
        }
    }

    /// Whether it is a list of flags, whose order means nothing.
    pub fn is_flags(&self) -> bool {
        // Only a list of texts can be one: all other keys are spared the question.
        self.key.value_type().as_str() == "as" && matches!(self.range(), Range::Flags(_))
    }

    /// Whether `value` is of its type, whether in range or not.
    pub fn is_type_of(&self, value: &Variant) -> bool {
        value.is_type(&self.key.value_type())
    }

    /// What is wrong with a value in the database, if GSettings would not take it.
    pub fn complaint(&self, value: &Variant) -> Option<BadValue> {
        match self.is_type_of(value) {
            true => self.check_range(value).err(),
            false => {
                let text = value.print(true);
                let should = words(&self.key.value_type(), &text);
                Some(BadValue::Type { value: text.into(), should })
            }
        }
    }

    /// Parses what a person typed, as `gsettings set` does: GVariant text, or a text without its quotes.
    pub fn parse_typed(&self, text: &str) -> Result<Variant, BadValue> {
        let bare = self.key.value_type().as_str() == "s" && !text.trim().starts_with(['\'', '"']);
        if bare { Ok(Variant::from(text)) } else { self.parse(text) }
    }

    /// Whether GSettings would take `value` from the database: it has the key's type and is in range.
    pub fn accepts(&self, value: &Variant) -> bool {
        self.is_type_of(value) && self.key.range_check(value)
    }

    /// Parses GVariant text as this key's type, whether in range or not.
    pub fn parse(&self, text: &str) -> Result<Variant, BadValue> {
        parse(&self.key.value_type(), text)
    }

    /// Parses GVariant text as this key's type and makes sure that it is in range.
    pub fn check(&self, text: &str) -> Result<Variant, BadValue> {
        let value = self.parse(text)?;
        self.check_range(&value)?;
        Ok(value)
    }

    /// Makes sure that a value of the right type is in range.
    pub fn check_range(&self, value: &Variant) -> Result<(), BadValue> {
        if self.key.range_check(value) {
            return Ok(());
        }
        let quote = |list: Vec<String>| {
            list.iter().map(|text| format!("'{text}'")).collect::<Vec<_>>().join(", ")
        };
        let should = match self.range() {
            Range::Choices(list) => fill(&gettext("one of {list}"), &[("list", &quote(list))]),
            Range::Flags(list) => {
                fill(&gettext("a list of any of {list}"), &[("list", &quote(list))])
            }
            Range::Between(min, max) => {
                fill(&gettext("a number from {min} to {max}"), &[("min", &min), ("max", &max)])
            }
            Range::Any => gettext("allowed"),
        };
        Err(BadValue::Range { value: value.print(false).into(), should })
    }
}

/// Parses GVariant text as a value of the type that `kind` names, which a key gave.
pub fn parse_as(kind: &str, text: &str) -> Result<Variant, BadValue> {
    match VariantTy::new(kind) {
        Ok(kind) => parse(kind, text),
        Err(_) => Err(BadValue::Type { value: text.to_owned(), should: kind.to_owned() }),
    }
}

fn parse(kind: &VariantTy, text: &str) -> Result<Variant, BadValue> {
    Variant::parse(Some(kind), text)
        .map_err(|_| BadValue::Type { value: text.to_owned(), should: words(kind, text) })
}

/// What a value of this type looks like, for people; `text` is what stands there instead.
fn words(kind: &VariantTy, text: &str) -> String {
    match kind.as_str() {
        "b" => gettext("true or false"),
        "y" | "n" | "q" | "i" | "u" | "x" | "t" => gettext("a whole number"),
        "d" => gettext("a number"),
        "s" => {
            let quoted = Variant::from(text).print(false);
            fill(&gettext("text in quotes, such as {example}"), &[("example", &quoted)])
        }
        "as" => gettext("a list of texts in quotes, such as ['one', 'two']"),
        other => fill(&gettext("a value of the GVariant type “{type}”"), &[("type", other)]),
    }
}

#[cfg(test)]
mod tests;
