//! What rows and detail pages show of the two sides' values. No widgets here.

use std::collections::HashSet;

use bucket::core::item::{Elements, Record, Value};
use bucket::core::merge::{Drift, FieldDrift};
use bucket::core::plan::Side;
use bucket::core::report::ItemReport;
use bucket::words::{self, fill, gettext, ngettext};

use crate::diff;

/// How many lines of a value a tooltip shows.
const TOOLTIP_LINES: usize = 12;

/// How many elements of a set stand for themselves in a cell; more are counted.
const FEW: usize = 3;

/// One side's value as a row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// In a few words.
    pub text: String,
    /// All of it, for the detail page and the clipboard.
    pub full: String,
    /// This side does not have the item.
    pub absent: bool,
}

impl Shown {
    /// All of it where that is not much, for tooltips.
    pub fn tooltip(&self) -> String {
        let mut lines = self.full.lines();
        let mut shown = lines.by_ref().take(TOOLTIP_LINES).collect::<Vec<_>>().join("\n");
        if lines.next().is_some() {
            shown.push_str("\n…");
        }
        shown
    }

    /// For a screen reader: a file is not read out, what it is in a few words is.
    pub fn spoken(&self) -> &str {
        if self.full.lines().nth(TOOLTIP_LINES).is_some() { &self.text } else { &self.full }
    }
}

/// What one side has of an item. Where `lone`, a value needs no name, as there is only one it can be.
pub fn shown(item: &ItemReport, side: Side, lone: bool) -> Shown {
    let (own, words) = match side {
        Side::Manifest => (&item.wanted, (gettext("Not listed"), gettext("Not in the manifest"))),
        Side::System => (&item.live, (gettext("Not present"), gettext("Not on the system"))),
    };
    if let (Side::System, Some(reason)) = (side, &item.unknown) {
        return Shown { text: gettext("Unknown"), full: reason.clone(), absent: true };
    }
    let Some(own) = own else { return Shown { text: words.0, full: words.1, absent: true } };
    let presence = match side {
        Side::Manifest => gettext("Listed"),
        Side::System => gettext("Present"),
    };
    let full = record_lines(item, own, lone).unwrap_or_else(|| presence.clone());
    let differing: Vec<&FieldDrift> =
        item.fields.iter().filter(|field| field.state != Drift::InSync).collect();
    let both = item.wanted.is_some() && item.live.is_some();
    let text = match (both, differing.as_slice()) {
        // Nothing to tell apart: few values stand for themselves, more than that for the item's presence.
        (false, _) | (true, []) => match own.0.len() {
            1 | 2 => record_words(item, own, lone),
            _ => presence,
        },
        (true, [field]) => value_of(field, side, lone),
        (true, fields) => {
            let parts = fields.iter().map(|f| value_of(f, side, lone)).collect::<Vec<_>>();
            parts.join(", ")
        }
    };
    Shown { text: one_line(&text), full, absent: false }
}

/// Whether an item has one value, and that a text, which says what it is of itself: “enabled”.
pub fn is_lone_text(item: &ItemReport) -> bool {
    let sides = [&item.wanted, &item.live, &item.base];
    let mut records = sides.into_iter().flatten();
    let mut names: Vec<&String> = records.clone().flat_map(|record| record.0.keys()).collect();
    names.sort();
    names.dedup();
    names.len() == 1 && records.all(|r| r.0.values().all(|value| matches!(value, Value::Text(_))))
}

/// What both said when they last agreed.
pub fn agreed(item: &ItemReport, lone: bool) -> Shown {
    match &item.base {
        None => {
            Shown { text: gettext("Nothing yet"), full: gettext("They never agreed"), absent: true }
        }
        Some(base) => {
            let full = record_lines(item, base, lone).unwrap_or_else(|| gettext("Listed"));
            let text = match base.0.is_empty() {
                true => full.clone(),
                false => record_words(item, base, lone),
            };
            Shown { text: one_line(&text), full, absent: false }
        }
    }
}

/// Whether a text is too long for a cell: a file's content, of which a difference says more.
pub fn is_long(text: &str) -> bool {
    text.trim_end().contains('\n')
}

/// A value in a few words.
fn brief(value: &Value) -> String {
    match value {
        Value::Text(text) if is_long(text) => line_count(text),
        Value::Set(set) if set.is_empty() => gettext("none"),
        Value::Set(set) if set.len() > FEW => entry_count(set.len()),
        value => value.to_string(),
    }
}

/// How many elements a set has, in words.
pub fn entry_count(n: usize) -> String {
    fill(&ngettext("{n} entry", "{n} entries", n), &[("n", &n.to_string())])
}

/// A set on one side beside that of the other: those few that this one alone has are named.
fn set_beside(own: &Elements, other: &Elements, sign: char) -> String {
    let extra = only(own, other);
    if own.len() <= FEW {
        return brief(&Value::Set(own.clone()));
    }
    let words = match extra.len() {
        0 => return entry_count(own.len()),
        1..=FEW => extra.iter().map(|one| format!("{sign}{one}")).collect::<Vec<_>>().join(" "),
        n => format!("{sign}{n}"),
    };
    // Translators: {entries} is “12 entries”; {more} names or counts those that the other side does not have: “+vim”.
    let text = gettext("{entries} ({more})");
    fill(&text, &[("entries", &entry_count(own.len())), ("more", &words)])
}

/// What one set has and another has not, in its order.
fn only(own: &Elements, other: &Elements) -> Vec<String> {
    let other: HashSet<&str> = other.iter().collect();
    own.iter().filter(|element| !other.contains(element)).map(str::to_owned).collect()
}

fn line_count(text: &str) -> String {
    let n = text.lines().count();
    fill(&ngettext("{n} line", "{n} lines", n), &[("n", &n.to_string())])
}

/// A field's value on one side, with its name unless it is the only one.
fn value_of(field: &FieldDrift, side: Side, lone: bool) -> String {
    let value = match side {
        Side::Manifest => &field.wanted,
        Side::System => &field.live,
    };
    let mut text = value.as_ref().map_or_else(|| gettext("not set"), brief);
    if let (Side::System, Some(Value::Text(manifest)), Some(Value::Text(system))) =
        (side, &field.wanted, &field.live)
        && (is_long(manifest) || is_long(system))
    {
        // As many lines on both sides would look the same.
        let (added, removed) = diff::count(manifest, system);
        let [added, removed] = [added, removed].map(|n| n.to_string());
        // Translators: {lines} is “12 lines”; the numbers are those of lines only here, and only there.
        let words = gettext("{lines} (+{added} −{removed})");
        let lines = line_count(system);
        text = fill(&words, &[("lines", &lines), ("added", &added), ("removed", &removed)]);
    }
    if let (Some(Value::Set(manifest)), Some(Value::Set(system))) = (&field.wanted, &field.live) {
        text = match side {
            Side::Manifest => set_beside(manifest, system, '−'),
            Side::System => set_beside(system, manifest, '+'),
        };
    }
    let file = [&field.wanted, &field.live].into_iter().flatten().any(is_file);
    match lone || file {
        true => text,
        false => named(&field.title, &text),
    }
}

/// What is counted in lines needs no name either.
fn is_file(value: &Value) -> bool {
    matches!(value, Value::Text(text) if is_long(text))
}

fn named(name: &str, value: &str) -> String {
    fill(&gettext("{field}: {value}"), &[("field", name), ("value", value)])
}

/// A record's fields, each as `say` has its value.
fn lines(
    item: &ItemReport,
    record: &Record,
    lone: bool,
    say: impl Fn(&Value) -> String,
) -> Vec<String> {
    let title = |name: &String| {
        let field = item.fields.iter().find(|field| field.name == *name);
        field.map_or_else(|| name.clone(), |field| field.title.clone())
    };
    let line = |(name, value): (&String, &Value)| match lone {
        true => say(value),
        false => named(&title(name), &say(value)),
    };
    record.0.iter().map(line).collect()
}

/// A record, one line a field; `None` where it has no fields.
fn record_lines(item: &ItemReport, record: &Record, lone: bool) -> Option<String> {
    let lines = lines(item, record, lone, Value::to_string);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The same in a few words.
fn record_words(item: &ItemReport, record: &Record, lone: bool) -> String {
    let lone = lone || record.0.values().any(is_file);
    lines(item, record, lone, brief).join(", ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One field of an item as the detail page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldShown {
    pub name: String,
    /// Its name for people.
    pub title: String,
    pub state: String,
    pub differs: bool,
    pub manifest: Option<String>,
    pub system: Option<String>,
    pub agreed: Option<String>,
    /// Where it is a set.
    pub set: Option<SetShown>,
    /// The system's side could not be read.
    pub unread: bool,
}

/// A set, element by element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetShown {
    /// What each side has; `None` where it does not say.
    pub manifest: Option<Vec<String>>,
    pub system: Option<Vec<String>>,
    /// What one side alone has.
    pub only_manifest: Vec<String>,
    pub only_system: Vec<String>,
}

impl SetShown {
    fn new(manifest: Option<&Value>, system: Option<&Value>) -> Option<Self> {
        let sets = [manifest, system].map(|value| match value {
            None => Some(None),
            Some(Value::Set(set)) => Some(Some(set)),
            Some(_) => None,
        });
        let [Some(manifest), Some(system)] = sets else { return None };
        let empty = Elements::default();
        let (own, other) = (manifest.unwrap_or(&empty), system.unwrap_or(&empty));
        let list = |set: Option<&Elements>| set.map(|set| set.iter().map(str::to_owned).collect());
        (manifest.is_some() || system.is_some()).then(|| Self {
            manifest: list(manifest),
            system: list(system),
            only_manifest: only(own, other),
            only_system: only(other, own),
        })
    }

    /// Whether it is more than its differences, or than fits a line.
    pub fn is_big(&self) -> bool {
        [&self.manifest, &self.system].into_iter().flatten().any(|set| set.len() > FEW)
    }
}

impl FieldShown {
    /// Whether it is best shown as a difference of lines.
    pub fn is_long(&self) -> bool {
        [&self.manifest, &self.system].into_iter().flatten().any(|text| is_long(text))
    }
}

/// The compared fields of an item, those that differ first; then those that the manifest names and nobody could read.
pub fn fields(item: &ItemReport, title: &dyn Fn(&str) -> String) -> Vec<FieldShown> {
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    let mut fields: Vec<FieldShown> = item
        .fields
        .iter()
        .map(|field| FieldShown {
            name: field.name.clone(),
            title: field.title.clone(),
            state: words::drift(field.state),
            differs: field.state != Drift::InSync,
            manifest: text(&field.wanted),
            system: text(&field.live),
            agreed: text(&field.base),
            set: SetShown::new(field.wanted.as_ref(), field.live.as_ref()),
            unread: false,
        })
        .collect();
    fields.sort_by_key(|field| !field.differs);
    let unread = item.unread.iter().filter_map(|name| {
        let value = item.wanted.as_ref()?.get(name)?;
        Some(FieldShown {
            name: name.clone(),
            title: title(name),
            state: words::drift(Drift::Unknown),
            differs: false,
            manifest: Some(value.to_string()),
            system: None,
            agreed: None,
            set: SetShown::new(Some(value), None),
            unread: true,
        })
    });
    fields.extend(unread);
    fields
}
