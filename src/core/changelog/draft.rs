//! Entries drafted from what changed in the manifests, and how they join those that are there.
//!
//! A draft is told by its item. While it is a draft and its words are still the ones it was made with, it is ours: what
//! takes its change back takes it away. One that a person has reworded, or made ready, stays as it is.

use jiff::Timestamp;

use super::{Entry, Kind};
use crate::core::item::{ItemKey, SubsystemId};
use crate::core::plan::Change;

/// A change of a manifest, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// Whether it came, went or is another.
    pub kind: Kind,
    /// What its subsystem says of it.
    pub message: String,
}

impl Described {
    /// `change`, of which its subsystem says `message`.
    pub fn new(change: &Change, message: String) -> Self {
        let kind = match (&change.before, &change.after) {
            (None, _) => Kind::Added,
            (Some(_), None) => Kind::Removed,
            (Some(_), Some(_)) => Kind::Changed,
        };
        Self { subsystem: change.subsystem.clone(), item: change.item.clone(), kind, message }
    }
}

/// A draft for each change, written `now`.
pub fn drafts(changes: &[Described], now: Timestamp) -> Vec<Entry> {
    let seconds = now.round(jiff::Unit::Second).unwrap_or(now);
    let draft = |change: &Described| Entry {
        timestamp: Some(seconds.to_string()),
        kind: change.kind,
        category: change.subsystem.to_string(),
        message: change.message.clone(),
        command: None,
        pr: None,
        draft: true,
        manual_steps: Vec::new(),
        item: Some(change.item.to_string()),
        drafted: Some(change.message.clone()),
    };
    changes.iter().map(draft).collect()
}

/// What becomes of the entries that are there when others join them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// Entries that go, by their number.
    pub gone: Vec<usize>,
    /// Entries that say something else from now on, by their number.
    pub renewed: Vec<(usize, Entry)>,
    /// Entries that come, in order.
    pub added: Vec<Entry>,
}

impl Joined {
    /// Whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.renewed.is_empty() && self.added.is_empty()
    }
}

impl Entry {
    /// Whether it is a draft that nobody has touched.
    fn ours(&self) -> bool {
        self.draft && self.item.is_some() && self.drafted.as_ref() == Some(&self.message)
    }

    /// Whether it tells of the same item.
    fn same_item(&self, other: &Self) -> bool {
        self.item.is_some() && self.item == other.item && self.category == other.category
    }

    /// Whether it says what `other` says: in its words now, or in those it was drafted with.
    fn says(&self, other: &Self) -> bool {
        let words = |entry: &Self| entry.drafted.clone().unwrap_or_else(|| entry.message.clone());
        self.category == other.category
            && (self.message == other.message || words(self) == words(other))
    }
}

/// Lets entries join those of the next release, each the last thing that happened to its item.
pub fn join(there: &[Entry], new: &[Entry]) -> Joined {
    let mut entries: Vec<(Option<usize>, Entry)> =
        there.iter().enumerate().map(|(index, entry)| (Some(index), entry.clone())).collect();
    for entry in new {
        let mine = |(_, old): &(Option<usize>, Entry)| old.ours() && old.same_item(entry);
        let kinds: Vec<Kind> =
            entries.iter().filter(|old| mine(old)).map(|(_, old)| old.kind).collect();
        let mut entry = entry.clone();
        let mut wanted = true;
        if entry.draft {
            let was = |kind| kinds.contains(&kind);
            match entry.kind {
                Kind::Removed => {
                    wanted = !was(Kind::Added);
                    entries.retain(|old| !(old.1.ours() && old.1.same_item(&entry)));
                }
                Kind::Added if was(Kind::Removed) => {
                    entries.retain(|old| !(old.1.ours() && old.1.same_item(&entry)));
                    // Whether it came back as it was is not known here; `settle` knows.
                    wanted = !entries.iter().any(|(_, old)| old.says(&entry));
                    entry.kind = Kind::Changed;
                }
                Kind::Changed => entries.retain(|(_, old)| {
                    !(old.ours() && old.same_item(&entry) && old.kind == Kind::Changed)
                        || old.says(&entry)
                }),
                _ => (),
            }
        }
        if wanted && !entries.iter().any(|(_, old)| old.says(&entry)) {
            entries.push((None, entry));
        }
    }
    let kept = |index: usize| entries.iter().any(|(old, _)| *old == Some(index));
    let gone = (0..there.len()).filter(|index| !kept(*index)).collect();
    let added = entries.iter().filter(|(old, _)| old.is_none()).map(|(_, e)| e.clone()).collect();
    Joined { gone, renewed: Vec::new(), added }
}

/// Makes the drafts of the next release those of `net`, which is everything that changed since the last one.
pub fn settle(there: &[Entry], net: &[Entry]) -> Joined {
    let mut joined = Joined::default();
    let mut told: Vec<&Entry> = Vec::new();
    for (index, old) in there.iter().enumerate().filter(|(_, old)| old.ours()) {
        let now = net.iter().find(|new| old.same_item(new));
        let elsewhere = |new: &Entry| there.iter().any(|other| !other.ours() && other.says(new));
        match now.filter(|new| !elsewhere(new) && !told.contains(new)) {
            None => joined.gone.push(index),
            Some(new) => {
                told.push(new);
                if (new.kind, &new.message) != (old.kind, &old.message) {
                    joined.renewed.push((index, new.clone()));
                }
            }
        }
    }
    let said =
        |new: &Entry| told.contains(&new) || there.iter().any(|old| !old.ours() && old.says(new));
    joined.added = net.iter().filter(|new| !said(new)).cloned().collect();
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(item: &str, kind: Kind, message: &str) -> Described {
        Described {
            subsystem: SubsystemId::new("gsettings"),
            item: ItemKey::new(item),
            kind,
            message: message.to_owned(),
        }
    }

    fn draft(item: &str, kind: Kind, message: &str) -> Entry {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        drafts(&[described(item, kind, message)], now).remove(0)
    }

    /// The messages and kinds after `joined` was carried out.
    fn after(there: &[Entry], joined: &Joined) -> Vec<(Kind, String)> {
        let mut left: Vec<Entry> = there.to_vec();
        for (index, entry) in &joined.renewed {
            left[*index] = entry.clone();
        }
        let mut index = 0;
        left.retain(|_| {
            index += 1;
            !joined.gone.contains(&(index - 1))
        });
        left.extend(joined.added.clone());
        left.into_iter().map(|entry| (entry.kind, entry.message)).collect()
    }

    fn joined(there: &[Entry], new: &[Entry]) -> Vec<(Kind, String)> {
        after(there, &join(there, new))
    }

    fn says(list: &[(Kind, &str)]) -> Vec<(Kind, String)> {
        list.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect()
    }

    use Kind::{Added, Changed, Removed};

    #[test]
    fn what_is_said_is_not_said_twice() {
        let there = [draft("a", Added, "Track a")];
        assert!(join(&there, &there).is_empty());
        // Also where somebody said it better, or without naming an item.
        let mut reworded = draft("a", Added, "Track a");
        reworded.message = "The letter a".to_owned();
        reworded.draft = false;
        assert!(join(&[reworded.clone()], &[draft("a", Added, "Track a")]).is_empty());
        assert!(settle(&[reworded], &[draft("a", Added, "Track a")]).is_empty());
        let mut plain = draft("a", Added, "Track a");
        (plain.item, plain.drafted, plain.draft) = (None, None, false);
        assert!(join(&[plain], &[draft("a", Added, "Track a")]).is_empty());
        // One call with the same entry twice.
        let twice = [draft("a", Added, "Track a"), draft("a", Added, "Track a")];
        assert_eq!(joined(&[], &twice), says(&[(Added, "Track a")]));
        // Another subsystem says the same words of something else.
        let mut other = draft("a", Added, "Track a");
        other.category = "shims".to_owned();
        assert_eq!(joined(&[other], &[draft("a", Added, "Track a")]).len(), 2);
    }

    #[test]
    fn what_is_taken_back_takes_its_draft_along() {
        let there = [draft("b", Added, "Track b"), draft("a", Added, "Track a")];
        let new = [draft("a", Removed, "Stop tracking a")];
        assert_eq!(joined(&there, &new), says(&[(Added, "Track b")]));
        // All in one call.
        let all = [there[1].clone(), draft("a", Changed, "Change a"), new[0].clone()];
        assert_eq!(joined(&[], &all), []);
        // And back again.
        let gone = [draft("a", Removed, "Stop tracking a")];
        assert_eq!(joined(&gone, &[draft("a", Added, "Track a")]), says(&[(Changed, "Track a")]));
        // What was there before the drafts is removed.
        let changed = [draft("a", Changed, "Change a")];
        assert_eq!(joined(&changed, &gone), says(&[(Removed, "Stop tracking a")]));
    }

    #[test]
    fn of_two_changes_the_later_one_is_told() {
        let there = [draft("a", Changed, "Change a to 1")];
        let new = [draft("a", Changed, "Change a to 2")];
        assert_eq!(joined(&there, &new), says(&[(Changed, "Change a to 2")]));
        let there = [draft("a", Added, "Track a as 1")];
        assert_eq!(
            joined(&there, &new),
            says(&[(Added, "Track a as 1"), (Changed, "Change a to 2")])
        );
        // The difference since the release knows better.
        let net = [draft("a", Added, "Track a as 2")];
        let both = [there[0].clone(), new[0].clone()];
        assert_eq!(after(&both, &settle(&both, &net)), says(&[(Added, "Track a as 2")]));
    }

    #[test]
    fn the_words_of_a_person_stay() {
        let mut reworded = draft("a", Added, "Track a");
        reworded.message = "The letter a".to_owned();
        let mut ready = draft("b", Added, "Track b");
        ready.draft = false;
        let there = [reworded, ready];
        let gone = [draft("a", Removed, "Stop tracking a"), draft("b", Removed, "Stop tracking b")];
        let both = says(&[(Added, "The letter a"), (Added, "Track b")]);
        assert_eq!(after(&there, &settle(&there, &[])), both);
        assert_eq!(joined(&there, &gone)[..2], both);
        assert_eq!(joined(&there, &gone).len(), 4);
    }

    #[test]
    fn drafts_settle_on_what_changed_since_the_release() {
        let there = [
            draft("a", Added, "Track a"),
            draft("b", Changed, "Change b to 1"),
            draft("c", Added, "Track c"),
        ];
        let net = [
            draft("b", Changed, "Change b to 2"),
            draft("c", Added, "Track c"),
            draft("d", Added, "Track d"),
        ];
        let result = settle(&there, &net);
        assert_eq!((result.gone.as_slice(), result.renewed.len()), (&[0][..], 1));
        assert_eq!(
            after(&there, &result),
            says(&[(Changed, "Change b to 2"), (Added, "Track c"), (Added, "Track d")])
        );
        let settled = [net[0].clone(), net[1].clone(), net[2].clone()];
        assert!(settle(&settled, &net).is_empty());
    }
}
