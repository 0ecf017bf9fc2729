//! A release: the entries of the next one move into a version, with every comment that stands among them.

use std::path::Path;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::edit::UNRELEASED;
use super::{ChangelogError, FILE, Log, Spot, file};
use crate::core::changelog::{Changelog, Version};
use crate::manifest::{Doc, Manifests, sheet};

const VERSIONS: &str = "versions";

/// Moves everything that is not released into `version`. Drafts, an empty release and a version that is not newer than
/// every other are refused. The older files of the next release are removed.
pub fn release(
    manifests: &mut Manifests,
    log: &Log,
    version: Version,
    base_digest: Option<&str>,
) -> anyhow::Result<()> {
    let drafts = log.changelog.drafts().count();
    if drafts > 0 {
        return Err(ChangelogError::Drafts { count: drafts }.into());
    }
    if log.changelog.unreleased.is_empty() {
        return Err(ChangelogError::Nothing.into());
    }
    if let Some(newest) = log.changelog.newest().filter(|newest| *newest >= version) {
        return Err(ChangelogError::NotNewer { version, newest }.into());
    }
    let name = file()?;
    let path = manifests.root().join(FILE);
    let text = released(&path, manifests.other(&name)?.as_deref(), log, version, base_digest)?;
    manifests.put_other(&name, Some(text))?;
    for file in &log.pending {
        manifests.put_other(&file.file, None)?;
    }
    Ok(())
}

/// The text of `changelog.json` with everything that `log` has of the next release in `version`; `text` is what it says
/// now.
pub fn released(
    path: &Path,
    text: Option<&str>,
    log: &Log,
    version: Version,
    base_digest: Option<&str>,
) -> anyhow::Result<String> {
    let of_json = log.releases.iter().filter(|(spot, _)| matches!(spot, Spot::Json(_))).count();
    let versions = log.changelog.versions[..of_json].to_vec();
    let newest_first = Changelog { unreleased: Vec::new(), versions }.newest_first();
    let index = if newest_first { 0 } else { of_json };
    let doc = match text {
        Some(text) => Doc::parse(path, text)?,
        None => Doc::new(path)?,
    };
    for file in &log.pending {
        file.move_to(&doc, &|_| false);
    }
    doc.insert(VERSIONS, index, &header(version, base_digest));
    let text = doc.text();
    let text = moved(&text, &format!("{VERSIONS}/{index}/entries")).unwrap_or(text);
    // It is one that can be read again, whatever stood there.
    Doc::parse(path, &text)?;
    Ok(text)
}

fn header(version: Version, base_digest: Option<&str>) -> Value {
    let date: Date = version.date;
    let mut header = Map::new();
    header.insert("version".to_owned(), version.to_string().into());
    header.insert("date".to_owned(), date.to_string().into());
    header.insert("entries".to_owned(), Value::Array(Vec::new()));
    if let Some(digest) = base_digest {
        header.insert("base_digest".to_owned(), digest.into());
    }
    Value::Object(header)
}

/// The text with what stands between the brackets of the next release's list put between those of the empty list at
/// `to`, indented as it is there.
fn moved(text: &str, to: &str) -> Option<String> {
    let from = sheet::span(text, UNRELEASED)?;
    let to = sheet::span(text, to)?;
    let inside = text.get(from.start + 1..from.end - 1)?;
    let deeper = indent(text, to.start).strip_prefix(indent(text, from.start)).unwrap_or_default();
    let mut lines = inside.split('\n');
    let mut put = format!("[{}", lines.next().unwrap_or_default());
    for line in lines {
        put.push('\n');
        if !line.trim().is_empty() || line == inside.rsplit('\n').next().unwrap_or_default() {
            put.push_str(deeper);
        }
        put.push_str(line);
    }
    put.push(']');
    let mut edits = [(from, "[]".to_owned()), (to, put)];
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut text = text.to_owned();
    for (range, new) in edits {
        text.replace_range(range, &new);
    }
    Some(text)
}

/// The white space that the line of this byte begins with.
fn indent(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &text[line..];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
}
