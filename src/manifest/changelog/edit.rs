//! Entries written, made ready and taken away, without disturbing what stands around them.

use serde_json::Value;

use super::{ChangelogError, FILE, Log, Pending, Spot, file, read, words};
use crate::core::changelog::{Entry, Joined, join};
use crate::manifest::{Doc, Manifests};

/// The list of the next release's entries.
pub(super) const UNRELEASED: &str = "unreleased";

/// Adds entries to the next release, in `changelog.json`, which is made if it is not there. What is said already is not
/// said twice, and a draft whose change a new one takes back goes. Returns what became of them.
pub fn add(manifests: &mut Manifests, entries: Vec<Entry>) -> anyhow::Result<Joined> {
    if let Some(flaw) = entries.iter().flat_map(Entry::flaws).next() {
        return Err(ChangelogError::Flaw(words(&flaw)).into());
    }
    let log = read(manifests)?;
    let joined = join(&log.changelog.unreleased, &entries);
    take(manifests, &log, &joined)?;
    Ok(joined)
}

/// Writes down what becomes of the entries that `log` has.
pub fn take(manifests: &mut Manifests, log: &Log, joined: &Joined) -> anyhow::Result<()> {
    if joined.is_empty() {
        return Ok(());
    }
    edit(manifests, |doc| {
        for (index, entry) in &joined.renewed {
            if let Some(Spot::Json(index)) = log.unreleased.get(*index) {
                let json = serde_json::to_value(entry)?;
                // What somebody noted beside the words stays.
                for name in ["timestamp", "type", "message", "drafted"] {
                    doc.set_at(UNRELEASED, *index, name, json.get(name));
                }
            }
        }
        for index in joined.gone.iter().rev() {
            if let Some(Spot::Json(index)) = log.unreleased.get(*index) {
                doc.remove_at(UNRELEASED, *index);
            }
        }
        for entry in &joined.added {
            doc.insert(UNRELEASED, usize::MAX, &serde_json::to_value(entry)?);
        }
        Ok(())
    })
}

/// Makes entries of the next release ready, by their numbers. An older file whose entry becomes ready moves to
/// `changelog.json` as a whole.
pub fn ready(manifests: &mut Manifests, log: &Log, entries: &[usize]) -> anyhow::Result<()> {
    edit(manifests, |doc| {
        for index in entries {
            let (Some(Spot::Json(number)), Some(entry)) =
                (log.unreleased.get(*index), log.changelog.unreleased.get(*index))
            else {
                continue;
            };
            doc.set_at(UNRELEASED, *number, "draft", None);
            if entry.drafted.as_ref() == Some(&entry.message) {
                doc.set_at(UNRELEASED, *number, "drafted", None);
            }
        }
        for file in &log.pending {
            if file.indices().any(|index| entries.contains(&index)) {
                file.move_to(doc, &|index| entries.contains(&index));
            }
        }
        Ok(())
    })?;
    for file in &log.pending {
        if file.indices().any(|index| entries.contains(&index)) {
            manifests.put_other(&file.file, None)?;
        }
    }
    Ok(())
}

impl Pending {
    /// The numbers of its entries in the list of the next release's.
    fn indices(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.entries.len()
    }

    /// Writes its entries to the end of the next release's; those that `ready` accepts are no drafts from then on.
    pub(super) fn move_to(&self, doc: &Doc, ready: &dyn Fn(usize) -> bool) {
        for (index, entry) in self.indices().zip(&self.entries) {
            let mut entry = entry.clone();
            if let (true, Value::Object(entry)) = (ready(index), &mut entry) {
                entry.shift_remove("draft");
            }
            doc.insert(UNRELEASED, usize::MAX, &entry);
        }
    }
}

/// Lets `change` edit `changelog.json`.
fn edit(
    manifests: &mut Manifests,
    change: impl FnOnce(&Doc) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let name = file()?;
    let path = manifests.root().join(FILE);
    let doc = match manifests.other(&name)? {
        Some(text) => Doc::parse(&path, &text)?,
        None => Doc::new(&path)?,
    };
    change(&doc)?;
    if doc.changed() {
        manifests.put_other(&name, Some(doc.text()))?;
    }
    Ok(())
}
