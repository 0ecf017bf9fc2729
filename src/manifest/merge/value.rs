//! The merge of three values: objects name by name, lists element by element, everything else as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::identity::{has_name, identities, lifted, shown};
use super::{Conflict, Pick, Place};

/// What belongs together: a version from one side with the other's checksum would be neither's.
const WHOLE: [&str; 3] = ["pinned", "source", "install"];
/// And so does everything in an entry that has this: a script's address from one side, and what it has to be from the other.
const CHECKSUM: &str = "sha256";
/// When something was last looked at: the later one is right on both sides.
const LATER: [&str; 1] = ["last_verified_at"];

/// Whether the two values of a name are taken or left as a whole.
fn is_whole(name: &str, ours: &Map<String, Value>, theirs: &Map<String, Value>) -> bool {
    WHOLE.contains(&name) || [ours, theirs].iter().all(|side| side.contains_key(CHECKSUM))
}

/// Merges the values of one file, noting what only a person can decide.
pub(super) struct Merger<'a> {
    pub(super) file: &'a str,
    pub(super) decide: &'a mut dyn FnMut(&Conflict) -> Option<Pick>,
    pub(super) conflicts: Vec<Conflict>,
    /// The names and elements that lead to the value; for an element also how many lead to it.
    way: Vec<String>,
    item: Option<usize>,
}

impl<'a> Merger<'a> {
    pub(super) fn new(file: &'a str, decide: &'a mut dyn FnMut(&Conflict) -> Option<Pick>) -> Self {
        Self { file, decide, conflicts: Vec::new(), way: Vec::new(), item: None }
    }

    /// The table of [`crate::core::merge`], on any value. What is undecided stays as ours.
    pub(super) fn value(
        &mut self,
        base: Option<&Value>,
        ours: Option<&Value>,
        theirs: Option<&Value>,
    ) -> Option<Value> {
        if ours == theirs || base == theirs {
            return ours.cloned();
        }
        if base == ours {
            return theirs.cloned();
        }
        let last = self.way.last().map_or("", String::as_str);
        match (ours, theirs) {
            (Some(Value::Object(o)), Some(Value::Object(t)))
                if !is_whole(last, o, t) && o.get("absent") == t.get("absent") =>
            {
                let lifted = base.zip(ours).and_then(|(base, ours)| lifted(base, ours));
                let base = lifted.as_ref().or(base).and_then(Value::as_object);
                Some(Value::Object(self.object(base, o, t)))
            }
            // A short form on one side, the long one on the other, of what was there before.
            (Some(o @ Value::String(_)), Some(t @ Value::Object(_))) if base.is_some() => {
                match lifted(o, t) {
                    Some(o) => self.value(base, Some(&o), theirs),
                    None => self.conflict(base, ours, theirs),
                }
            }
            (Some(o @ Value::Object(_)), Some(t @ Value::String(_))) if base.is_some() => {
                match lifted(t, o) {
                    Some(t) => self.value(base, ours, Some(&t)),
                    None => self.conflict(base, ours, theirs),
                }
            }
            (Some(Value::Array(o)), Some(Value::Array(t))) => {
                let none = Vec::new();
                let b = base.and_then(Value::as_array).unwrap_or(&none);
                match (List::of(b), List::of(o), List::of(t)) {
                    (Some(b), Some(o), Some(t)) => Some(Value::Array(self.list(&b, &o, &t))),
                    _ => self.conflict(base, ours, theirs),
                }
            }
            (Some(Value::String(o)), Some(Value::String(t))) if LATER.contains(&last) => {
                Some(o.max(t).as_str().into())
            }
            _ => self.conflict(base, ours, theirs),
        }
    }

    fn object(
        &mut self,
        base: Option<&Map<String, Value>>,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
    ) -> Map<String, Value> {
        let new = theirs.keys().filter(|name| !ours.contains_key(*name));
        let mut merged = Map::new();
        for name in ours.keys().chain(new) {
            self.way.push(name.clone());
            let base = base.and_then(|base| base.get(name));
            if let Some(value) = self.value(base, ours.get(name), theirs.get(name)) {
                merged.insert(name.clone(), value);
            }
            self.way.pop();
        }
        merged
    }

    fn list(&mut self, base: &List<'_>, ours: &List<'_>, theirs: &List<'_>) -> Vec<Value> {
        let new = theirs.ids.iter().filter(|id| !ours.has(id));
        let mut merged: BTreeMap<&str, Value> = BTreeMap::new();
        for id in ours.ids.iter().chain(new) {
            self.way.push(shown(id));
            let outer = self.item.replace(self.way.len());
            if let Some(value) = self.value(base.get(id), ours.get(id), theirs.get(id)) {
                merged.insert(id, value);
            }
            self.item = outer;
            self.way.pop();
        }
        let order = order(base, ours, theirs, &merged);
        order.iter().filter_map(|id| merged.remove(id.as_str())).collect()
    }

    fn conflict(
        &mut self,
        base: Option<&Value>,
        ours: Option<&Value>,
        theirs: Option<&Value>,
    ) -> Option<Value> {
        let (item, field) = self.way.split_at(self.item.unwrap_or(self.way.len()));
        let place =
            Place { file: self.file.to_owned(), item: item.join(": "), field: field.join("/") };
        let [base, ours, theirs] = [base, ours, theirs].map(Option::<&Value>::cloned);
        let conflict = Conflict { place, base, ours, theirs };
        match (self.decide)(&conflict) {
            Some(Pick::Ours) => conflict.ours,
            Some(Pick::Theirs) => conflict.theirs,
            None => {
                self.conflicts.push(conflict.clone());
                conflict.ours
            }
        }
    }
}

/// A list whose elements are told apart.
struct List<'v> {
    ids: Vec<String>,
    values: BTreeMap<String, &'v Value>,
}

impl<'v> List<'v> {
    fn of(list: &'v [Value]) -> Option<Self> {
        let ids = identities(list)?;
        let values = ids.iter().cloned().zip(list).collect();
        Some(Self { ids, values })
    }

    fn has(&self, id: &str) -> bool {
        self.values.contains_key(id)
    }

    fn get(&self, id: &str) -> Option<&'v Value> {
        self.values.get(id).copied()
    }
}

/// The order of what is left: as ours has it, or as theirs where only they changed it. What only the other side has
/// comes where a sorted list has its place for it, else after what it follows there.
fn order(
    base: &List<'_>,
    ours: &List<'_>,
    theirs: &List<'_>,
    merged: &BTreeMap<&str, Value>,
) -> Vec<String> {
    let everywhere: BTreeSet<&String> =
        base.ids.iter().filter(|id| ours.has(id) && theirs.has(id)).collect();
    let common = |list: &List<'_>| -> Vec<String> {
        list.ids.iter().filter(|id| everywhere.contains(id)).cloned().collect()
    };
    let was = common(base);
    let (first, second) = match common(ours) == was && common(theirs) != was {
        true => (theirs, ours),
        false => (ours, theirs),
    };
    let stays = |id: &&String| merged.contains_key(id.as_str());
    let mut order: Vec<String> = first.ids.iter().filter(stays).cloned().collect();
    let named = first.ids.iter().all(|id| has_name(id));
    let sorted = named && first.ids.len() > 1 && first.ids.is_sorted();
    let mut before: Option<&String> = None;
    for id in second.ids.iter().filter(stays) {
        if !first.has(id) {
            let place = match sorted {
                true => order.partition_point(|other| other < id),
                false => {
                    let at = before.and_then(|before| order.iter().position(|one| one == before));
                    at.map_or(0, |at| at + 1)
                }
            };
            order.insert(place, id.clone());
        }
        before = Some(id);
    }
    order
}
