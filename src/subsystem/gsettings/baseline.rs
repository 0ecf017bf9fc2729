//! The baseline: what the person had set when Bucket first looked. What is set since stands out against it.
//!
//! `$XDG_DATA_HOME/bkt/gsettings-baseline.txt` has one line a setting, `schema[:path] key value`, the value as GVariant
//! text. Empty lines and lines that begin with `#` mean nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use glib::Variant;

use super::{SettingKey, live};
use crate::core::item::ItemKey;
use crate::host::Host;
use crate::host::dconf::{self, Dconf};
use crate::host::fs;
use crate::host::schemas::Schemas;
use crate::manifest::trust::StateError;
use crate::words::{fill, gettext};

/// Settings as they once were: GVariant text.
pub type Baseline = BTreeMap<ItemKey, String>;

/// Where the baseline is kept.
pub fn path(host: &Host) -> PathBuf {
    host.env().data.join("bkt/gsettings-baseline.txt")
}

/// Reads it; `None` where there is none yet. A line that cannot be read is an error: what it said is not known, which
/// is not the same as nothing.
pub fn read(host: &Host) -> Result<Option<Baseline>, StateError> {
    let path = path(host);
    let Some(text) = fs::read(&path)? else { return Ok(None) };
    let damaged = |number: usize, why: &str| {
        let text = fill(
            &gettext("line {number}: {why}"),
            &[("number", &number.to_string()), ("why", why)],
        );
        StateError::Damaged { path: path.clone(), why: text }
    };
    let mut baseline = Baseline::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = parse(line).ok_or_else(|| {
            damaged(at + 1, &gettext("it is not “schema key value” or “schema:/path/ key value”"))
        })?;
        if baseline.insert(key.item(), value).is_some() {
            return Err(damaged(at + 1, &gettext("the key stands there twice")));
        }
    }
    Ok(Some(baseline))
}

/// A line's key and value. A path may hold blanks, a schema and a key may not: the first way to read it is the one.
fn parse(line: &str) -> Option<(SettingKey, String)> {
    line.match_indices(' ').find_map(|(at, _)| {
        let (place, rest) = line.split_at(at);
        let (key, value) = rest[1..].split_once(' ')?;
        let key = SettingKey::parse(&ItemKey::new(format!("{place} {key}")))?;
        let value = Variant::parse(None, value).ok()?;
        Some((key, value.print(true).into()))
    })
}

/// What the person has set now, as a baseline would keep it.
pub fn now(dconf: &Dconf, schemas: &Schemas) -> Baseline {
    let records = live::records(dconf, schemas, &Default::default());
    let text = |live: &crate::core::item::Live| live.record().map(super::text);
    records.items.iter().filter_map(|(key, live)| Some((key.clone(), text(live)?))).collect()
}

/// The same of a whole machine.
#[cfg(test)]
pub(super) fn now_of(host: &Host) -> Baseline {
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    now(&dconf::read(host).unwrap(), &Schemas::open(host))
}

/// Makes the baseline from what is set now, in place of an earlier one. Returns how many settings it holds.
pub fn reset(host: &Host) -> anyhow::Result<usize> {
    let baseline = now(&dconf::read(host)?, &Schemas::open(host));
    let lines: String = baseline.iter().map(|(key, value)| format!("{key} {value}\n")).collect();
    fs::write(&path(host), Some(&lines))?;
    Ok(baseline.len())
}

/// Makes the baseline if there is none.
pub fn ensure(host: &Host) -> anyhow::Result<()> {
    if fs::read(&path(host))?.is_none() {
        reset(host)?;
    }
    Ok(())
}
