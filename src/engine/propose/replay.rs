//! An edit made again where something else may stand by now: item by item, field by field, as it was meant.

use std::collections::BTreeMap;

use super::{Proposal, ProposeError, Stage, Undecided, at};
use crate::core::changelog::{Described, drafts};
use crate::core::item::{Elements, Layer, Record, SubsystemId, Value, WantedItems};
use crate::core::plan::{Change, FileEdit};
use crate::engine::Engine;
use crate::manifest::{Manifests, changelog};

/// What came of making an edit again.
pub(super) struct Replayed {
    /// What is to be written.
    pub(super) edits: Vec<FileEdit>,
    /// What is there already.
    pub(super) already: Vec<Change>,
}

/// What an item is to say.
#[derive(Debug, PartialEq)]
enum Decided {
    /// What it says.
    Already,
    /// This.
    Put(Option<Record>),
    /// Somebody has to say: these fields have moved on both sides.
    Open(Vec<String>),
}

impl Engine {
    /// Makes the edit in `manifests`, which are the remote's, with what follows from it: the Containerfile's sections
    /// and the drafts of the changelog. Nothing is written.
    pub(super) fn replay(
        &self,
        manifests: &mut Manifests,
        proposal: &Proposal,
    ) -> Result<Replayed, ProposeError> {
        let failed = at::<anyhow::Error>(Stage::Replay);
        let mut said = Said { manifests, each_layer: proposal.each_layer, read: BTreeMap::new() };
        let (mut going, mut already, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for change in &proposal.changes {
            let theirs = said.of(self, change).map_err(&failed)?;
            let (record, layer) = theirs.map_or((None, None), |(r, l)| (Some(r), Some(l)));
            let decided = decide(change.before.as_ref(), change.after.as_ref(), record.as_ref());
            let after = match decided {
                Decided::Already => {
                    already.push(change.clone());
                    continue;
                }
                Decided::Put(after) => after,
                Decided::Open(_) if proposal.force => change.after.clone(),
                Decided::Open(fields) => {
                    open.push(Undecided { change: change.clone(), fields });
                    continue;
                }
            };
            let layer = layer.unwrap_or_else(|| change.layer.clone());
            going.push(Change { before: record, after, layer, ..change.clone() });
        }
        if !open.is_empty() {
            return Err(ProposeError::Undecided(open));
        }
        if !going.is_empty() {
            self.make(manifests, &going).map_err(&failed)?;
        }
        Ok(Replayed { edits: manifests.edits(), already })
    }

    fn make(&self, manifests: &mut Manifests, changes: &[Change]) -> anyhow::Result<()> {
        for subsystem in self.subsystems() {
            let id = &subsystem.about().id;
            let of: Vec<&Change> = changes.iter().filter(|one| one.subsystem == *id).collect();
            if !of.is_empty() {
                subsystem.capture(manifests, &of)?;
            }
        }
        self.sync_containerfiles(manifests)?;
        let described: Vec<Described> = changes
            .iter()
            .filter_map(|change| {
                let subsystem = self.subsystem(&change.subsystem)?;
                Some(Described::new(change, subsystem.describe(change)))
            })
            .collect();
        changelog::add(manifests, drafts(&described, self.host().now()))?;
        Ok(())
    }
}

/// What the manifests say, each subsystem read when it is first asked for.
struct Said<'a> {
    manifests: &'a Manifests,
    each_layer: bool,
    read: BTreeMap<(SubsystemId, Option<Layer>), WantedItems>,
}

impl Said<'_> {
    /// What they say of a change's item, and in which layer.
    fn of(&mut self, engine: &Engine, change: &Change) -> anyhow::Result<Option<(Record, Layer)>> {
        let layer = self.each_layer.then(|| change.layer.clone());
        let key = (change.subsystem.clone(), layer.clone());
        if !self.read.contains_key(&key) {
            let Some(subsystem) = engine.subsystem(&change.subsystem) else { return Ok(None) };
            let items = match &layer {
                Some(layer) => subsystem.wanted(&self.manifests.only(layer), engine.host())?,
                None => subsystem.wanted(self.manifests, engine.host())?,
            };
            self.read.insert(key.clone(), items);
        }
        let wanted = self.read.get(&key).and_then(|items| items.get(&change.item));
        Ok(wanted.map(|wanted| (wanted.record.clone(), wanted.layer.clone())))
    }
}

/// What an item says once the edit from `before` to `after` was made on `theirs`.
fn decide(before: Option<&Record>, after: Option<&Record>, theirs: Option<&Record>) -> Decided {
    if theirs == after {
        return Decided::Already;
    }
    if theirs == before {
        return Decided::Put(after.cloned());
    }
    let (Some(after), Some(theirs)) = (after, theirs) else {
        // One side removed what the other one changed.
        return Decided::Open(Vec::new());
    };
    let blank = Record::new();
    let before = before.unwrap_or(&blank);
    let mut result = theirs.clone();
    let mut open = Vec::new();
    let names = before.0.keys().chain(after.0.keys()).chain(theirs.0.keys());
    for name in names.collect::<std::collections::BTreeSet<_>>() {
        match field(before.get(name), after.get(name), theirs.get(name)) {
            Some(Some(value)) => result.set(name.as_str(), value),
            Some(None) => {
                result.0.remove(name);
            }
            None => open.push(name.clone()),
        }
    }
    match open.is_empty() {
        true if result == *theirs => Decided::Already,
        true => Decided::Put(Some(result)),
        false => Decided::Open(open),
    }
}

/// One field's value; the outer `None` says that both moved it, each elsewhere.
fn field(
    before: Option<&Value>,
    after: Option<&Value>,
    theirs: Option<&Value>,
) -> Option<Option<Value>> {
    if after == theirs || before == after {
        return Some(theirs.cloned());
    }
    if before == theirs {
        return Some(after.cloned());
    }
    let (Some(Value::Set(after)), Some(Value::Set(theirs))) = (after, theirs) else { return None };
    let blank = Elements::default();
    let before = match before {
        Some(Value::Set(before)) => before,
        _ => &blank,
    };
    let mut result = theirs.clone();
    before.iter().filter(|one| !after.contains(one)).for_each(|one| result.remove(one));
    after.iter().filter(|one| !before.contains(one)).for_each(|one| result.insert(one));
    Some(Some(Value::Set(result)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, &str)]) -> Record {
        fields.iter().fold(Record::new(), |record, (name, value)| record.with(*name, *value))
    }

    fn set(elements: &[&str]) -> Record {
        let elements: Elements = elements.iter().map(|one| (*one).to_owned()).collect();
        let mut record = Record::new();
        record.0.insert("s".to_owned(), Value::Set(elements));
        record
    }

    #[test]
    fn what_moved_here_is_made_there_and_what_moved_there_stays() {
        let (old, new) = (record(&[("a", "1"), ("b", "1")]), record(&[("a", "2"), ("b", "1")]));
        let theirs = record(&[("a", "1"), ("b", "3")]);
        let put = |record: Record| Decided::Put(Some(record));
        assert_eq!(decide(Some(&old), Some(&new), Some(&old)), put(new.clone()));
        assert_eq!(decide(Some(&old), Some(&new), Some(&new)), Decided::Already);
        let both = record(&[("a", "2"), ("b", "3")]);
        assert_eq!(decide(Some(&old), Some(&new), Some(&theirs)), put(both.clone()));
        assert_eq!(decide(Some(&old), Some(&new), Some(&both)), Decided::Already);
        let other = record(&[("a", "9"), ("b", "1")]);
        let open = |names: &[&str]| Decided::Open(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(decide(Some(&old), Some(&new), Some(&other)), open(&["a"]));
    }

    #[test]
    fn an_item_that_came_or_went_on_one_side() {
        let (a, b) = (record(&[("a", "1")]), record(&[("a", "2")]));
        assert_eq!(decide(None, Some(&a), None), Decided::Put(Some(a.clone())));
        assert_eq!(decide(None, Some(&a), Some(&a)), Decided::Already);
        assert_eq!(decide(None, Some(&a), Some(&b)), Decided::Open(vec!["a".to_owned()]));
        assert_eq!(decide(Some(&a), None, Some(&a)), Decided::Put(None));
        assert_eq!(decide(Some(&a), None, None), Decided::Already);
        assert_eq!(decide(Some(&a), None, Some(&b)), Decided::Open(Vec::new()));
        assert_eq!(decide(Some(&a), Some(&b), None), Decided::Open(Vec::new()));
        // A field of its own joins a new item.
        let wide = record(&[("a", "1"), ("c", "1")]);
        assert_eq!(decide(None, Some(&a), Some(&wide)), Decided::Already);
    }

    #[test]
    fn sets_are_edited_element_by_element() {
        let edit =
            decide(Some(&set(&["a", "b"])), Some(&set(&["a", "c"])), Some(&set(&["x", "a", "b"])));
        assert_eq!(edit, Decided::Put(Some(set(&["x", "a", "c"]))));
    }
}
