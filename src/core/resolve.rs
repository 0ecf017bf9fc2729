//! What each side becomes when a difference is captured, applied or merged.

use super::item::{Elements, Record, Value};
use super::merge::{Drift, FieldDrift, Suggestion};
use super::plan::Side;
use super::report::ItemReport;

/// Which differences of an item are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// All of them, for the given side.
    All,
    /// Only those whose drift suggests changing the given side.
    Suggested,
}

/// The record that `side` gets, or `None` where that side loses the item.
///
/// Fields outside `only` (where it is given) and fields that are not compared keep the side's own value.
pub fn after(item: &ItemReport, side: Side, take: Take, only: Option<&[String]>) -> Option<Record> {
    let (own, other) = match side {
        Side::Manifest => (item.wanted.as_ref(), item.live.as_ref()),
        Side::System => (item.live.as_ref(), item.wanted.as_ref()),
    };
    let (Some(own), Some(other)) = (own, other) else {
        return if take == Take::All || suggests(item.state, side) { other } else { own }.cloned();
    };
    let mut result = own.clone();
    for field in &item.fields {
        if only.is_some_and(|only| !only.contains(&field.name)) {
            continue;
        }
        match field_after(field, side, take, own, other) {
            Some(value) => {
                result.0.insert(field.name.clone(), value);
            }
            None => {
                result.0.remove(&field.name);
            }
        }
    }
    Some(result)
}

fn suggests(state: Drift, side: Side) -> bool {
    matches!(
        (state.suggestion(), side),
        (Suggestion::Capture, Side::Manifest) | (Suggestion::Apply, Side::System)
    )
}

fn field_after(
    field: &FieldDrift,
    side: Side,
    take: Take,
    own: &Record,
    other: &Record,
) -> Option<Value> {
    let (mine, theirs) = (own.get(&field.name), other.get(&field.name));
    if let (Some(Value::Set(mine)), Some(Value::Set(theirs))) = (mine, theirs) {
        return Some(Value::Set(set_after(field, side, take, mine, theirs)));
    }
    let taken = take == Take::All || suggests(field.state, side);
    if taken { theirs } else { mine }.cloned()
}

/// A set keeps its own order; what it gains stands at its end.
fn set_after(
    field: &FieldDrift,
    side: Side,
    take: Take,
    mine: &Elements,
    theirs: &Elements,
) -> Elements {
    let mut result = mine.clone();
    for drift in &field.elements {
        if take == Take::All || suggests(drift.state, side) {
            if theirs.contains(&drift.element) {
                result.insert(&drift.element);
            } else {
                result.remove(&drift.element);
            }
        }
    }
    result
}
