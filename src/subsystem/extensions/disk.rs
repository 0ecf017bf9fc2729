//! Extensions as they lie on the disk, and the session mode's own list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value as Json;

use crate::core::names::ExtensionUuid;
use crate::host::{Host, fs, shell};
use crate::words::{fill, gettext};

/// One installed extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Whether it is in the person's own directory.
    pub user: bool,
    /// What its `metadata.json` says, or why that cannot be told.
    pub metadata: Result<Metadata, String>,
}

/// What we read of a `metadata.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its name for people.
    pub name: Option<String>,
    /// The version number that the extensions site gave it.
    pub version: Option<i64>,
    /// The versions of the Shell it is made for.
    pub made_for: Vec<String>,
}

/// The directories that hold extensions, the stronger first, each with whether it is the person's own.
pub fn places(host: &Host) -> Vec<(PathBuf, bool)> {
    let env = host.env();
    std::iter::once((&env.data, true))
        .chain(env.data_dirs.iter().map(|dir| (dir, false)))
        .map(|(dir, user)| (dir.join("gnome-shell/extensions"), user))
        .collect()
}

/// All installed extensions. Of two with one UUID the Shell takes the first, the person's own before all others.
pub fn installed(host: &Host, user_too: bool) -> Result<BTreeMap<ExtensionUuid, Installed>> {
    let mut found = BTreeMap::new();
    for (place, user) in places(host) {
        if user && !user_too {
            continue;
        }
        for name in fs::list(&place)?.unwrap_or_default() {
            let Ok(uuid) = name.parse::<ExtensionUuid>() else { continue };
            if found.contains_key(&uuid) {
                continue;
            }
            let Some(metadata) = metadata(&place, &name) else { continue };
            found.insert(uuid, Installed { user, metadata });
        }
    }
    Ok(found)
}

/// What the extension in `place` says of itself; `None` where there is none.
fn metadata(place: &Path, name: &str) -> Option<Result<Metadata, String>> {
    match fs::read(&place.join(name).join("metadata.json")) {
        Ok(Some(text)) => Some(parse_metadata(&text, name)),
        // The Shell passes over a directory without metadata, too.
        Ok(None) => None,
        Err(error) if error.source.kind() == std::io::ErrorKind::NotADirectory => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

/// The person's own directory of an extension.
pub fn own_dir(host: &Host, uuid: &str) -> PathBuf {
    host.env().data.join("gnome-shell/extensions").join(uuid)
}

/// Where an extension is kept that was uninstalled, so that it can be brought back.
pub fn kept_dir(host: &Host, uuid: &str) -> PathBuf {
    kept_place(host).join(uuid)
}

/// The extension that is kept from an uninstallation, if there is one that can be read.
pub fn kept(host: &Host, uuid: &str) -> Option<Metadata> {
    metadata(&kept_place(host), uuid)?.ok()
}

fn kept_place(host: &Host) -> PathBuf {
    host.state_dir().join("extensions")
}

/// Reads a `metadata.json`; `dir` is the name of its directory, which has to be its UUID.
fn parse_metadata(text: &str, dir: &str) -> Result<Metadata, String> {
    let json: Json = serde_json::from_str(text).map_err(|error| {
        fill(&gettext("its metadata.json does not parse: {why}"), &[("why", &error.to_string())])
    })?;
    let field = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    match field("uuid") {
        Some(uuid) if uuid == dir => Ok(Metadata {
            name: field("name"),
            version: json.get("version").and_then(Json::as_i64),
            made_for: shell::made_for(&json),
        }),
        other => Err(fill(
            &gettext("its metadata.json says that it is “{uuid}”"),
            &[("uuid", &other.unwrap_or_default())],
        )),
    }
}

/// The UUIDs of updates that are downloaded and come into force at the next log-in.
pub fn updates(host: &Host) -> BTreeSet<String> {
    let dir = host.env().data.join("gnome-shell/extension-updates");
    // Only a remark depends on this.
    fs::list(&dir).ok().flatten().unwrap_or_default().into_iter().collect()
}

/// The extensions that a session mode switches on by itself.
pub fn mode_extensions(host: &Host, mode: &str) -> Result<Vec<String>> {
    let mut mode = mode.to_owned();
    // A mode takes what it does not say itself from its parent; the depth is bounded against loops.
    for _ in 0..8 {
        let Some(json) = read_mode(host, &mode)? else { return Ok(Vec::new()) };
        if let Some(list) = json.get("enabledExtensions").and_then(Json::as_array) {
            return Ok(list.iter().filter_map(Json::as_str).map(str::to_owned).collect());
        }
        match json.get("parentMode").and_then(Json::as_str) {
            Some(parent) => parent.clone_into(&mut mode),
            None => break,
        }
    }
    Ok(Vec::new())
}

/// A mode's description; the modes built into the Shell, `user` first of all, have none and switch nothing on.
fn read_mode(host: &Host, mode: &str) -> Result<Option<Json>> {
    if Path::new(mode).components().count() != 1 || mode.starts_with('.') {
        return Ok(None);
    }
    for dir in &host.env().data_dirs {
        let path = dir.join("gnome-shell/modes").join(format!("{mode}.json"));
        if let Some(text) = fs::read(&path)? {
            return Ok(Some(serde_json::from_str(&text)?));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_or_says_what_is_wrong() {
        let good = r#"{"uuid":"a@b","name":"A","version":3,"shell-version":["48"]}"#;
        let metadata = Metadata {
            name: Some("A".to_owned()),
            version: Some(3),
            made_for: vec!["48".to_owned()],
        };
        assert_eq!(parse_metadata(good, "a@b"), Ok(metadata));
        assert!(parse_metadata(good, "c@d").unwrap_err().contains("a@b"));
        assert!(parse_metadata("{", "a@b").unwrap_err().contains("does not parse"));
        // Some authors number their versions themselves, in their own way.
        let odd = parse_metadata(r#"{"uuid":"a@b","version":"1.2"}"#, "a@b").unwrap();
        assert_eq!(odd, Metadata::default());
    }
}
