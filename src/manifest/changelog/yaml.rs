//! The YAML files that earlier versions wrote: `.changelog/pending/*.yaml` with an entry each, `.changelog/versions/*.yaml`
//! with a release each. They are read; what is written goes to `changelog.json`.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::{MessageFormatter, Spanned, UserMessageFormatter};

use super::super::DocError;
use crate::core::changelog::{Entry, Version};

/// A release, each entry with its line.
pub(super) struct OldRelease {
    pub(super) version: Version,
    pub(super) date: Option<String>,
    pub(super) base_digest: Option<String>,
    pub(super) entries: Vec<(usize, Entry)>,
    pub(super) line: usize,
}

#[derive(Deserialize)]
struct Raw {
    version: Spanned<Version>,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    base_digest: Option<String>,
    #[serde(default, alias = "changes")]
    entries: Vec<Spanned<Entry>>,
}

/// The entries of a file of the next release, each with its line and all its keys. One file may hold a list.
pub(super) fn entries(path: &Path, text: &str) -> Result<Vec<(usize, Entry, Value)>, DocError> {
    let json = parse::<Value>(path, text)?;
    let (read, json) = match json {
        Value::Array(list) => (parse::<Vec<Spanned<Entry>>>(path, text)?, list),
        one => (vec![parse::<Spanned<Entry>>(path, text)?], vec![one]),
    };
    let read = read.into_iter().map(lined);
    let all = read.zip(json).map(|((line, entry), json)| {
        let json = as_read(without_nulls(json), &entry);
        (line, entry, json)
    });
    Ok(all.collect())
}

/// A file of a release.
pub(super) fn release(path: &Path, text: &str) -> Result<OldRelease, DocError> {
    let Raw { version, date, base_digest, entries } = parse(path, text)?;
    Ok(OldRelease {
        line: line(&version),
        version: version.value,
        date,
        base_digest,
        entries: entries.into_iter().map(lined).collect(),
    })
}

fn line<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.defined.line()).unwrap_or(1).max(1)
}

/// What tells our drafts from a person's words is never in these files.
fn lined(entry: Spanned<Entry>) -> (usize, Entry) {
    (line(&entry), Entry { item: None, drafted: None, ..entry.value })
}

/// The same without `pr: null`, which says no more than leaving it out.
fn without_nulls(mut json: Value) -> Value {
    if let Value::Object(map) = &mut json {
        map.retain(|_, value| !value.is_null());
    }
    json
}

/// The same with the fields we know as they were read: `message: 1` is a text here, and a number where nobody knows better.
fn as_read(mut json: Value, entry: &Entry) -> Value {
    if let (Value::Object(map), Ok(Value::Object(read))) = (&mut json, serde_json::to_value(entry))
    {
        for (name, value) in read {
            if let Some(known) = map.get_mut(&name) {
                *known = value;
            }
        }
    }
    json
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, DocError> {
    // The place is told beside the message, and the line itself can be looked up there.
    // As in YAML 1.2, which earlier versions wrote, `no` and `on` are words.
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location();
        let place = |number: Option<u64>| {
            number.and_then(|number| usize::try_from(number).ok()).unwrap_or(1).max(1)
        };
        DocError {
            path: path.to_owned(),
            line: place(at.map(|at| at.line())),
            column: place(at.map(|at| at.column())),
            what: UserMessageFormatter.format_message(&error).into_owned(),
        }
    })
}
