//! What npm has installed for all projects: `lib/node_modules` below its prefix, as `npm root --global` says.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Item, VERSION, place, told_as, version_wanted, with_version};
use crate::core::item::{Live, Record, Records, WantedItems};
use crate::core::names::NpmName;
use crate::host::{Host, fs};
use crate::words::{fill, gettext};

/// What comes with Node.js itself.
const OWN: [&str; 2] = ["npm", "corepack"];

#[derive(Deserialize)]
struct Package {
    version: Option<String>,
}

/// Where npm installs for all projects: where `~/.npmrc` says, else `~/.local`, which needs no rights. The error says,
/// for people, why that cannot be told.
pub(super) fn prefix(host: &Host, home: &Path) -> Result<PathBuf, String> {
    let path = home.join(".npmrc");
    let text = fs::read(&path).map_err(|error| error.to_string())?.unwrap_or_default();
    let mut prefix = None;
    for (line, text) in text.lines().enumerate() {
        let Some((name, value)) = text.split_once('=') else { continue };
        if name.trim() != "prefix" {
            continue;
        }
        let value = value.trim().trim_matches(['"', '\'']);
        let said = value.replace("${HOME}", &home.display().to_string());
        let said = match said.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(said),
        };
        if !said.is_absolute() || value.replace("${HOME}", "").contains("${") {
            let what = gettext("the prefix is not a path that can be told here: “{value}”");
            return Err(place::broken(host, &path, line + 1, &fill(&what, &[("value", value)])));
        }
        prefix = Some(said);
    }
    Ok(prefix.unwrap_or_else(|| home.join(".local")))
}

/// Where its packages are.
pub(super) fn modules(prefix: &Path) -> PathBuf {
    prefix.join("lib/node_modules")
}

/// Adds what npm has.
pub(super) fn live(host: &Host, home: &Path, wanted: &WantedItems, records: &mut Records) {
    let found = prefix(host, home).and_then(|prefix| {
        let modules = modules(&prefix);
        Ok((installed(&modules)?, modules))
    });
    let (names, modules) = match found {
        Ok(found) => found,
        Err(why) => {
            records.blind.push(("npm/".to_owned(), why));
            return;
        }
    };
    for name in names {
        let dir = modules.join(name.as_str());
        let key = Item::Npm(name.clone()).key();
        let wanted_here = wanted.contains_key(&key);
        // What `npm link` has put there leads to somebody's work.
        if (OWN.contains(&name.as_str()) || dir.is_symlink()) && !wanted_here {
            continue;
        }
        let live = match version(host, &dir) {
            Ok(Some(version)) => {
                let told = told_as(version_wanted(wanted, &key), &version);
                Live::known(with_version(&told))
            }
            Ok(None) if dir.join("package.json").exists() => {
                let why = gettext("its package.json names no version");
                Live::known(Record::new()).without(VERSION, why)
            }
            // A directory without a package is none, as npm has it.
            Ok(None) => continue,
            Err(why) => Live::unknown(why),
        };
        records.insert(key, live);
    }
}

/// The names of all packages.
fn installed(modules: &Path) -> Result<Vec<NpmName>, String> {
    let list = |dir: &Path| fs::list(dir).map_err(|error| error.to_string());
    let mut names = Vec::new();
    for name in list(modules)?.unwrap_or_default() {
        if name.starts_with('@') {
            let scoped = list(&modules.join(&name))?.unwrap_or_default();
            names.extend(scoped.into_iter().filter_map(|one| format!("{name}/{one}").parse().ok()));
        } else {
            names.extend(name.parse().ok());
        }
    }
    Ok(names)
}

/// The version of the package in a directory; `None` where there is no package, or none is named.
fn version(host: &Host, dir: &Path) -> Result<Option<String>, String> {
    let path = dir.join("package.json");
    let Some(text) = fs::read(&path).map_err(|error| error.to_string())? else { return Ok(None) };
    match serde_json::from_str::<Package>(&text) {
        Ok(package) => Ok(package.version),
        Err(error) => Err(place::broken(host, &path, error.line(), &error.to_string())),
    }
}
