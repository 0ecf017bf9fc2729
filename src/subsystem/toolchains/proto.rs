//! What proto has: a directory for each version of each tool, and the versions that `~/.proto/.prototools` pins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Item, VERSION, fits, place, told_as, version_wanted, with_version};
use crate::core::item::{Live, Record, Records, WantedItems};
use crate::core::names::{ToolName, ToolVersion};
use crate::core::versions;
use crate::host::{Host, fs};
use crate::words::{fill, gettext};

/// Tables of `.prototools` that are no tools.
const TABLES: [&str; 5] = ["plugins", "tools", "settings", "env", "shell"];
/// proto's own, in the list of its tools.
const OWN: &str = "proto";

/// Where proto keeps what it installs.
pub(super) fn dir(host: &Host, home: &Path) -> PathBuf {
    place::own(host, "PROTO_HOME", home, ".proto")
}

/// Adds what proto has.
pub(super) fn live(host: &Host, home: &Path, wanted: &WantedItems, records: &mut Records) {
    let dir = dir(host, home);
    let tools = dir.join("tools");
    let names = match fs::list(&tools) {
        Ok(names) => names.unwrap_or_default(),
        Err(error) => {
            records.blind.push(("proto/".to_owned(), error.to_string()));
            return;
        }
    };
    let pins = place::toml::<toml::Table>(host, &dir.join(".prototools"));
    for name in names.into_iter().filter_map(|name| name.parse::<ToolName>().ok()) {
        let key = Item::Tool(name.clone()).key();
        if name.as_str() == OWN && !wanted.contains_key(&key) {
            continue;
        }
        let live = match versions(&tools.join(name.as_str())) {
            // What was uninstalled leaves its directory.
            Ok(versions) if versions.is_empty() => continue,
            Ok(versions) => match &pins {
                Ok(pins) => {
                    let pin = pins.as_ref().and_then(|pins| pin(pins, name.as_str()));
                    told(version_wanted(wanted, &key), pin.as_deref(), &versions)
                }
                Err(why) => Live::known(Record::new()).without(VERSION, why),
            },
            Err(why) => Live::unknown(why),
        };
        records.insert(key, live);
    }
}

/// The versions of a tool that are there. Directories beside them have other names.
fn versions(tool: &Path) -> Result<BTreeSet<ToolVersion>, String> {
    let names = fs::list(tool).map_err(|error| error.to_string())?.unwrap_or_default();
    let is_version =
        |name: &str| name == "canary" || name.starts_with(|c: char| c.is_ascii_digit());
    let versions = names.into_iter().filter(|name| is_version(name) && tool.join(name).is_dir());
    Ok(versions.filter_map(|name| name.parse().ok()).collect())
}

/// The version that a file pins for a tool. “~20” is what older versions of proto made of 20.
fn pin(pins: &toml::Table, name: &str) -> Option<String> {
    let said = match pins.get(name)? {
        toml::Value::String(version) => version,
        toml::Value::Table(table) if !TABLES.contains(&name) => table.get(VERSION)?.as_str()?,
        _ => return None,
    };
    Some(said.strip_prefix('~').unwrap_or(said).to_owned())
}

/// How a tool stands: the version that is pinned counts, and where none is, the newest of those that are there.
fn told(wanted: Option<&str>, pin: Option<&str>, versions: &BTreeSet<ToolVersion>) -> Live {
    let there = versions.iter().map(ToolVersion::as_str);
    let version = match pin {
        Some(pin) => pin,
        None => {
            let fitting = there.clone().find(|one| wanted.is_some_and(|wanted| fits(wanted, one)));
            let newest = there.max_by(|a, b| versions::compare(a, b));
            fitting.or(newest).unwrap_or_default()
        }
    };
    if version.parse::<ToolVersion>().is_err() {
        let text = gettext("it is pinned to “{range}”, which is more than one version");
        return Live::known(Record::new()).without(VERSION, fill(&text, &[("range", version)]));
    }
    Live::known(with_version(&told_as(wanted, version)))
}
