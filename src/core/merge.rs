//! The three-way comparison: manifest, system, and what both said when they last agreed.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::item::{Elements, FieldSpec, LeftOut, Record, Value};

/// How an item, a field or an element of a set stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// Both sides say the same.
    InSync,
    /// The system moved, the manifest did not.
    SystemChanged,
    /// The manifest moved, the system did not.
    ManifestChanged,
    /// Both moved, in different fields or elements: each has a side to take.
    Both,
    /// Both moved, or both are there and nothing tells who did.
    Conflict,
    /// Only on the system, and never agreed on.
    Unmanaged,
    /// Only in the manifest, and never agreed on.
    Missing,
    /// The system could not be read.
    Unknown,
    /// Applied, and in force only later.
    Pending,
    /// The manifest's value is meant for other machines: what it belongs to is not on this one.
    NotHere,
    /// They differ, and the administrator decides.
    Locked,
}

/// What a drift suggests doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Suggestion {
    /// Nothing.
    Nothing,
    /// Save the system's value to the manifest.
    Capture,
    /// Change the system to the manifest's value.
    Apply,
    /// Capture some fields and apply the others.
    Merge,
    /// Ask the person.
    Ask,
}

impl Drift {
    /// The side this drift suggests taking.
    pub fn suggestion(self) -> Suggestion {
        match self {
            Self::InSync | Self::Unknown | Self::Pending | Self::NotHere | Self::Locked => {
                Suggestion::Nothing
            }
            Self::SystemChanged | Self::Unmanaged => Suggestion::Capture,
            Self::ManifestChanged | Self::Missing => Suggestion::Apply,
            Self::Both => Suggestion::Merge,
            Self::Conflict => Suggestion::Ask,
        }
    }

    /// Whether the two sides disagree, as far as is known, and something can be done about it.
    pub fn differs(self) -> bool {
        self.suggestion() != Suggestion::Nothing
    }
}

/// Compares one value. `known` says that `base` was recorded, so that an absent base means "was absent".
pub fn merge<T: PartialEq>(
    known: bool,
    base: Option<&T>,
    wanted: Option<&T>,
    live: Option<&T>,
) -> Drift {
    if wanted == live {
        return Drift::InSync;
    }
    match (base, wanted, live) {
        (None, None, Some(_)) if !known => Drift::Unmanaged,
        (None, Some(_), None) if !known => Drift::Missing,
        (None, Some(_), Some(_)) => Drift::Conflict,
        _ if base == wanted => Drift::SystemChanged,
        _ if base == live => Drift::ManifestChanged,
        _ => Drift::Conflict,
    }
}

/// Sums up the drifts of the parts of one thing.
fn sum(parts: impl IntoIterator<Item = Drift>) -> Drift {
    parts.into_iter().fold(Drift::InSync, |whole, part| match (whole, part) {
        (whole, Drift::InSync) => whole,
        (Drift::InSync, Drift::Unmanaged) => Drift::SystemChanged,
        (Drift::InSync, Drift::Missing) => Drift::ManifestChanged,
        (Drift::InSync, part) => part,
        (Drift::Conflict, _) | (_, Drift::Conflict) => Drift::Conflict,
        (whole, part) if whole.suggestion() == part.suggestion() => whole,
        _ => Drift::Both,
    })
}

/// One element of a set that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ElementDrift {
    /// The element.
    pub element: String,
    /// How it stands.
    pub state: Drift,
}

/// One field of an item, with its values on all three sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldDrift {
    /// The field's name.
    pub name: String,
    /// The field's name for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What the manifest says.
    pub wanted: Option<Value>,
    /// What the system has.
    pub live: Option<Value>,
    /// What both said when they last agreed.
    pub base: Option<Value>,
    /// How it stands.
    pub state: Drift,
    /// For a set on both sides, the elements that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<ElementDrift>,
}

/// The comparison of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// How the item stands as a whole.
    pub state: Drift,
    /// Every compared field, those in sync included.
    pub fields: Vec<FieldDrift>,
}

/// Whether an entry that leaves `field` out leaves it uncompared.
pub fn uncompared(specs: &[FieldSpec], field: &str) -> bool {
    specs
        .iter()
        .find(|spec| spec.name == field || spec.name.ends_with('/') && field.starts_with(spec.name))
        .is_none_or(|spec| spec.left_out == LeftOut::NotCompared)
}

/// `record` with only the fields that `wanted` has or that are compared where it leaves them out.
pub fn compared(specs: &[FieldSpec], wanted: &Record, record: &Record) -> Record {
    let fields = record
        .0
        .iter()
        .filter(|(name, _)| wanted.get(name).is_some() || !uncompared(specs, name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Record(fields)
}

/// Compares one item, field by field and, in sets, element by element. Fields that `skip` names are left out.
pub fn merge_item(
    specs: &[FieldSpec],
    base: Option<&Record>,
    wanted: Option<&Record>,
    live: Option<&Record>,
    skip: &dyn Fn(&str) -> bool,
) -> Merged {
    let blank = Record::new();
    let names: BTreeSet<&String> = [base, wanted, live]
        .into_iter()
        .flatten()
        .flat_map(|record| record.0.keys())
        .filter(|name| !skip(name))
        .filter(|name| wanted.is_none_or(|w| w.get(name).is_some() || !uncompared(specs, name)))
        .collect();
    let fields: Vec<FieldDrift> = names
        .into_iter()
        .map(|name| {
            let side = |record: Option<&Record>| record.unwrap_or(&blank).get(name).cloned();
            merge_field(name, base.is_some(), side(base), side(wanted), side(live))
        })
        .filter(|field| field.wanted.is_some() || field.live.is_some())
        .collect();
    // What is left out of the fields does not tell who moved either.
    let kept = |record: &Record| {
        let fields = record.0.iter().filter(|(name, _)| !skip(name));
        Record(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let [base, wanted, live] = [base, wanted, live].map(|record| record.map(kept));
    let (base, wanted, live) = (base.as_ref(), wanted.as_ref(), live.as_ref());
    let state = match (wanted, live) {
        (Some(_), Some(_)) => sum(fields.iter().map(|field| field.state)),
        (None, Some(live)) => {
            // Fields that the lost entry did not name were never compared; they do not make a conflict now.
            let live = base.map_or_else(|| live.clone(), |base| compared(specs, base, live));
            merge(base.is_some(), base, None, Some(&live))
        }
        (wanted, None) => merge(base.is_some(), base, wanted, None),
    };
    Merged { state, fields }
}

fn merge_field(
    name: &str,
    known: bool,
    base: Option<Value>,
    wanted: Option<Value>,
    live: Option<Value>,
) -> FieldDrift {
    let mut state = merge(known, base.as_ref(), wanted.as_ref(), live.as_ref());
    let mut elements = Vec::new();
    if let (Some(Value::Set(w)), Some(Value::Set(l))) = (&wanted, &live) {
        let base = match &base {
            Some(Value::Set(base)) => Some(base),
            _ => None,
        };
        elements = merge_elements(base, w, l);
        state = sum(elements.iter().map(|e| e.state));
    }
    FieldDrift {
        name: name.to_owned(),
        title: name.to_owned(),
        wanted,
        live,
        base,
        state,
        elements,
    }
}

fn merge_elements(
    base: Option<&Elements>,
    wanted: &Elements,
    live: &Elements,
) -> Vec<ElementDrift> {
    let all: Elements = wanted.iter().chain(live.iter()).map(str::to_owned).collect();
    all.iter()
        .filter_map(|element| {
            let has = |set: &Elements| set.contains(element).then_some(&());
            let state = merge(base.is_some(), base.and_then(has), has(wanted), has(live));
            (state != Drift::InSync).then(|| ElementDrift { element: element.to_owned(), state })
        })
        .collect()
}
