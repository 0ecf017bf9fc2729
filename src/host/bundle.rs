//! An extension as it is handed out: a zip archive with `metadata.json` at its top.

use std::io::Read;
use std::path::Path;

use crate::core::plan::Bundle;
use crate::words::{fill, gettext};

/// The most a `metadata.json` may hold.
const LIMIT: u64 = 1 << 20;

/// Makes sure that the archive at `path` is what `wanted` says, before anything unpacks it.
pub fn check(path: &Path, wanted: &Bundle) -> Result<(), String> {
    let metadata = metadata(path).map_err(|why| {
        fill(&gettext("it is not an archive with an extension: {why}"), &[("why", &why)])
    })?;
    let uuid = metadata.get("uuid").and_then(serde_json::Value::as_str).unwrap_or_default();
    if uuid != wanted.uuid {
        let text = gettext("it holds the extension “{uuid}”");
        return Err(fill(&text, &[("uuid", uuid)]));
    }
    let made_for = super::shell::made_for(&metadata);
    match &wanted.shell {
        Some(shell) if !super::shell::supports(&made_for, shell) => {
            let text = gettext("it is made for GNOME {versions}, and this is GNOME {version}");
            let versions = made_for.join(", ");
            Err(fill(&text, &[("versions", &versions), ("version", shell)]))
        }
        _ => Ok(()),
    }
}

fn metadata(path: &Path) -> Result<serde_json::Value, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    let entry = archive.by_name("metadata.json").map_err(|error| error.to_string())?;
    let mut text = String::new();
    entry.take(LIMIT).read_to_string(&mut text).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
