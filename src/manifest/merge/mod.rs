//! Two sets of edits to one file, brought together item by item: the table of [`crate::core::merge`] for whole files.
//!
//! *Ours* is the file that is edited, *theirs* the one whose changes are brought into it, *base* what both began with.
//! JSON is merged by what it says, never line by line: the result always parses, and has no conflict markers. Where the
//! lines tell the same, they are taken, because comments and spacing of both sides survive in them.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use similar::TextMerge;

use super::containerfile::Containerfile;
use super::{Doc, DocError, Sheet};

mod identity;
#[cfg(test)]
mod tests;
mod value;

pub use identity::identity;

/// What a conflict is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file, below the repository's top.
    pub file: String,
    /// The list and the entry in it: "apps: org.example.App user"; empty for the whole file.
    pub item: String,
    /// The field, or a path of names; empty for the whole item.
    pub field: String,
}

/// Two changes of one thing, of which only a person can say which is right. `None` is absence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// What it is about.
    #[serde(flatten)]
    pub place: Place,
    /// What both began with.
    pub base: Option<Value>,
    /// What ours says.
    pub ours: Option<Value>,
    /// What theirs says.
    pub theirs: Option<Value>,
}

/// Which side is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pick {
    /// Ours.
    Ours,
    /// Theirs.
    Theirs,
}

/// What came of a merge.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The file's text; `None` where it is gone. What is undecided is as ours has it.
    pub text: Option<String>,
    /// What is undecided.
    pub conflicts: Vec<Conflict>,
}

impl Merged {
    fn of(text: Option<&str>) -> Self {
        Self { text: text.map(str::to_owned), conflicts: Vec::new() }
    }
}

/// Merges one JSON file of a repository. `path` is for errors and conflicts; `None` says that there is no such file.
/// `decide` is asked about every conflict. A text that does not parse, where it has to be looked into, is an error.
pub fn merge(
    path: &str,
    base: Option<&str>,
    ours: Option<&str>,
    theirs: Option<&str>,
    decide: &mut dyn FnMut(&Conflict) -> Option<Pick>,
) -> Result<Merged, DocError> {
    if ours == theirs || base == theirs {
        return Ok(Merged::of(ours));
    }
    if base == ours {
        return Ok(Merged::of(theirs));
    }
    let json = |text: Option<&str>| text.map(|text| parse(path, text)).transpose();
    let (b, o, t) = (json(base)?, json(ours)?, json(theirs)?);
    // A file that is new on both sides has an empty one for its base, so that what it holds is compared.
    let b = b.or_else(|| ours.and(theirs).map(|_| Value::Object(serde_json::Map::new())));
    let mut merger = value::Merger::new(path, decide);
    let merged = merger.value(b.as_ref(), o.as_ref(), t.as_ref());
    let conflicts = merger.conflicts;
    let text = match (&merged, ours, theirs) {
        (None, _, _) => None,
        (Some(merged), Some(ours), Some(theirs)) => {
            Some(written(path, merged, (base, ours, theirs))?)
        }
        // It was removed on one side, and what the other says of it stays.
        (Some(_), ours, theirs) => ours.or(theirs).map(str::to_owned),
    };
    Ok(Merged { text, conflicts })
}

fn parse(path: &str, text: &str) -> Result<Value, DocError> {
    Ok(Sheet::parse(Path::new(path), text)?.into_json())
}

/// The text that says `merged`, with as much as possible of what both sides wrote.
fn written(
    path: &str,
    merged: &Value,
    (base, ours, theirs): (Option<&str>, &str, &str),
) -> Result<String, DocError> {
    if let Some(text) = base.and_then(|base| lines(base, ours, theirs))
        && parse(path, &text).is_ok_and(|said| said == *merged)
    {
        return Ok(text);
    }
    let doc = Doc::parse(Path::new(path), ours)?;
    doc.become_value(merged, &identity);
    Ok(doc.text())
}

/// Merges three texts line by line; `None` where both sides changed the same lines.
pub fn lines(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let merge = TextMerge::from_lines(base, ours, theirs);
    (!merge.is_conflicted()).then(|| merge.to_string())
}

/// Merges three states of the Containerfile `file` line by line, outside of the sections that are made from the manifests; those are as ours
/// has them, for the caller to make anew. `None` where both sides changed the same lines.
pub fn containerfile(file: &str, base: Option<&str>, ours: &str, theirs: &str) -> Option<String> {
    let base = base.unwrap_or_default();
    let path = Path::new(file);
    let alike = |text: &str| {
        let ours = Containerfile::parse(path, ours).ok()?;
        Some(Containerfile::parse(path, text).ok()?.with_bodies_of(&ours, file))
    };
    let alike = |text: &str| alike(text).unwrap_or_else(|| text.to_owned());
    lines(&alike(base), ours, &alike(theirs))
}
