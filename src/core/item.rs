//! What is compared: items, each a record of named fields in canonical form.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which subsystem, as written in manifests, on the command line and in the journal: `flatpak-apps`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SubsystemId(Cow<'static, str>);

impl SubsystemId {
    /// An id known when the program is built.
    pub const fn new(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubsystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SubsystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Names one item inside its subsystem, in the subsystem's own canonical spelling: `user/org.gnome.Boxes`.
///
/// Only the subsystem that made a key may take it apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ItemKey(String);

impl ItemKey {
    /// Wraps a key that the subsystem has made from parsed parts.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Distinct texts compared as a set; the order they came in is kept for writing them back.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Elements(Vec<String>);

impl Elements {
    /// The elements in the order they came in.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the set holds `element`.
    pub fn contains(&self, element: &str) -> bool {
        self.0.iter().any(|e| e == element)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds `element` at the end unless it is there.
    pub fn insert(&mut self, element: &str) {
        if !self.contains(element) {
            self.0.push(element.to_owned());
        }
    }

    /// The same set in alphabetical order, for where the order means nothing.
    pub fn sorted(mut self) -> Self {
        self.0.sort();
        self
    }

    /// Drops `element` if it is there.
    pub fn remove(&mut self, element: &str) {
        self.0.retain(|e| e != element);
    }
}

impl From<Vec<String>> for Elements {
    fn from(list: Vec<String>) -> Self {
        list.into_iter().collect()
    }
}

impl From<Elements> for Vec<String> {
    fn from(elements: Elements) -> Self {
        elements.0
    }
}

impl FromIterator<String> for Elements {
    fn from_iter<I: IntoIterator<Item = String>>(iter: I) -> Self {
        let mut elements = Self::default();
        for element in iter {
            elements.insert(&element);
        }
        elements
    }
}

impl PartialEq for Elements {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|e| other.contains(e))
    }
}

impl Eq for Elements {}

/// The canonical value of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Text, in the one spelling the subsystem gives it (GVariant text is parsed and printed again).
    Text(String),
    /// A set, merged element by element.
    Set(Elements),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Set(elements) => f.write_str(&elements.iter().collect::<Vec<_>>().join(", ")),
        }
    }
}

/// One item's fields by name. An item without fields is its presence alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Record(pub BTreeMap<String, Value>);

impl Record {
    /// A record without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same record with one field more.
    pub fn with(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(field, value);
        self
    }

    /// Sets one field.
    pub fn set(&mut self, field: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(field.into(), value.into());
    }

    /// One field's value.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// A text field's text; `None` also where the field is of another kind.
    pub fn text(&self, field: &str) -> Option<&str> {
        match self.get(field) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The fields whose names start with `prefix`, with the prefix taken off.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }
}

/// What an entry means when it leaves a field out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The manifest does not care: the field is not compared.
    NotCompared,
    /// The manifest wants the default: the system's value, if any, is a difference.
    Default,
}

/// Declares the fields of a subsystem's records.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// The field's name, or, ending in `/`, what a family of field names starts with.
    pub name: &'static str,
    /// What an entry means that leaves it out.
    pub left_out: LeftOut,
}

/// When an applied value comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pending {
    /// At the next log-in.
    LogOut,
    /// At the next boot.
    Reboot,
    /// When the image has been built and booted: the machine has what its present image gives it, which the reading
    /// says as it is.
    ImageBuild,
}

/// What was read of one item on the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The item is there, with these values.
    Known(Record),
    /// The item is known not to be there, and there is something to say about that.
    Absent,
    /// The item may be there, but could not be read; the text says why.
    Unknown(String),
}

/// Why what a manifest says of an item cannot be in force on this machine. The text says it in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "by", content = "reason")]
pub enum Barred {
    /// What it belongs to is not installed, or knows no such value: the manifest is meant for other machines. Or nothing
    /// on this machine tells of it.
    NotHere(String),
    /// The administrator has decided otherwise.
    Locked(String),
}

impl Barred {
    /// Why, for people.
    pub fn reason(&self) -> &str {
        let (Self::NotHere(reason) | Self::Locked(reason)) = self;
        reason
    }
}

/// One item as found on the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its values, or why there are none.
    pub reading: Reading,
    /// Set where what the manifest says is not in force yet, and comes into force without anything being done.
    pub pending: Option<Pending>,
    /// Set where no apply can bring the manifest's values into force.
    pub barred: Option<Barred>,
    /// A name for people, where the system knows one.
    pub title: Option<String>,
    /// Something worth knowing beside the values: an extension's error.
    pub note: Option<String>,
    /// Whether that is a failure, which is shown also where nothing differs.
    pub failing: bool,
    /// Whether it runs, where it is something that may: that is no part of what is compared.
    pub running: Option<bool>,
    /// Fields that could not be read, each with the reason. They are not compared, and are not in the record.
    pub unread: BTreeMap<String, String>,
    /// Whether it is gone with what it was in, so that nobody took it away: what both sides agreed on does not count.
    pub afresh: bool,
}

impl Live {
    /// An item that was read.
    pub fn known(record: Record) -> Self {
        Self::read(Reading::Known(record))
    }

    /// An item that is not there, although there is something to say about it.
    pub fn absent() -> Self {
        Self::read(Reading::Absent)
    }

    /// An item that could not be read.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::read(Reading::Unknown(reason.into()))
    }

    fn read(reading: Reading) -> Self {
        Self {
            reading,
            pending: None,
            barred: None,
            title: None,
            note: None,
            failing: false,
            running: None,
            unread: BTreeMap::new(),
            afresh: false,
        }
    }

    /// The record, where it is known and there.
    pub fn record(&self) -> Option<&Record> {
        match &self.reading {
            Reading::Known(record) => Some(record),
            Reading::Absent | Reading::Unknown(_) => None,
        }
    }

    /// The same item, kept from being what the manifest says.
    pub fn barred(mut self, barred: Option<Barred>) -> Self {
        self.barred = barred;
        self
    }

    /// The same item, of which a field could not be read.
    pub fn without(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.unread.insert(field.into(), reason.into());
        self
    }

    /// The same item with a name for people.
    pub fn titled(mut self, title: Option<String>) -> Self {
        self.title = title;
        self
    }
}

/// What the system has of one subsystem. An item that is not listed is absent, unless a blind spot covers it.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// The items found.
    pub items: BTreeMap<ItemKey, Live>,
    /// Keys below which nothing could be read, each with the reason: one that is empty covers all keys, and any other
    /// those that begin with its parts, where “/” stands between two.
    pub blind: Vec<(String, String)>,
    /// What is worth knowing about all of them.
    pub notices: Vec<Notice>,
}

/// Something worth knowing about a whole subsystem: it is no difference, and changes what the items mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// One sentence without a full stop.
    pub text: String,
    /// What would end it, where that is one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// One item that would have to be given other values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// In two words, as on a button.
    pub label: String,
    /// The command line that does it.
    pub command: String,
    /// The item's subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// The values; none where the item goes back to its default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Record>,
}

impl Records {
    /// Adds one item.
    pub fn insert(&mut self, key: ItemKey, live: Live) {
        self.items.insert(key, live);
    }

    /// What is known of `key`: `None` means it is known to be absent.
    pub fn get(&self, key: &ItemKey) -> Option<Cow<'_, Live>> {
        if let Some(live) = self.items.get(key) {
            return Some(Cow::Borrowed(live));
        }
        self.blind
            .iter()
            .find(|(prefix, _)| covers(prefix, key.as_str()))
            .map(|(_, reason)| Cow::Owned(Live::unknown(reason.clone())))
    }
}

/// Whether a key is a prefix or below it: `/etc/foo` covers `/etc/foo/bar`, and not `/etc/foobar`.
fn covers(prefix: &str, key: &str) -> bool {
    let parts = prefix.strip_suffix('/').unwrap_or(prefix);
    let below = |rest: &str| rest.starts_with('/') || parts == prefix && rest.is_empty();
    prefix.is_empty() || key.strip_prefix(parts).is_some_and(below)
}

/// Which part of the repository an entry stands in.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// `manifests/`, for every machine.
    #[default]
    Shared,
    /// `manifests/hosts/<name>/`, for the machine of that name.
    Host(String),
}

/// One item as the manifests want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its fields; those left out are not in the record.
    pub record: Record,
    /// The layer that defines it.
    pub layer: Layer,
}

impl Wanted {
    /// When it comes about, where an image makes it so: with the next one. What is meant for one machine is in none.
    pub fn next_image(&self) -> Option<Pending> {
        (self.layer == Layer::Shared).then_some(Pending::ImageBuild)
    }
}

/// What the manifests say of one subsystem, layers already laid over one another.
pub type WantedItems = BTreeMap<ItemKey, Wanted>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blind_spot_covers_what_is_below_it() {
        for (prefix, key, covered) in [
            ("", "a", true),
            ("/etc/foo", "/etc/foo", true),
            ("/etc/foo", "/etc/foo/bar", true),
            ("/etc/foo", "/etc/foobar", false),
            ("/etc/foo", "/etc/fo", false),
            ("/etc/", "/etc/a", true),
            ("/etc/", "/etc", false),
            ("/etc/", "/etcetera", false),
            ("package/", "package/vim", true),
            ("package/", "packages/vim", false),
            ("/", "/etc", true),
        ] {
            let blind = vec![(prefix.to_owned(), "why".to_owned())];
            let records = Records { blind, ..Records::default() };
            assert_eq!(records.get(&ItemKey::new(key)).is_some(), covered, "{prefix} {key}");
        }
    }
}
