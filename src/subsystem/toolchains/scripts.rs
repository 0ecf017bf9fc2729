//! Which scripts were run: a file for each in Bucket's own state, below the name of the box.

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::entry::{Script, of_script};
use super::{Item, SHA256, URL, place};
use crate::core::item::{ItemKey, Live, Record, Records, WantedItems};
use crate::core::names::{ScriptName, Sha256, WebAddress};
use crate::host::{Host, fs};
use crate::words::{fill, gettext};

const VERSION: u32 = 1;

/// What is kept of a script that was run.
#[derive(Debug, Serialize, Deserialize)]
struct Run {
    version: u32,
    url: WebAddress,
    sha256: Sha256,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    /// Podman's id of the box: another one of the same name has nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_in: Option<String>,
}

/// Where that is kept, of all boxes.
pub(super) fn dir(host: &Host) -> PathBuf {
    host.state_dir().join("scripts")
}

/// Where that is kept of one script, in the development box.
pub(super) fn record(host: &Host, name: &ScriptName) -> Result<PathBuf, String> {
    Ok(dir(host).join(host.dev_box()?.as_str()).join(format!("{name}.json")))
}

/// Where a script is put to be run: below the home directory, which the box has too.
pub(super) fn fetched(host: &Host, sha256: &Sha256) -> PathBuf {
    dir(host).join("fetched").join(sha256.as_str())
}

/// The text of what is kept of a script that was run in the box of this id.
pub(super) fn text(script: &Script, id: &str) -> Result<String> {
    let Script { url, sha256, args, .. } = script.clone();
    let made_in = Some(id.to_owned());
    Ok(serde_json::to_string_pretty(&Run { version: VERSION, url, sha256, args, made_in })? + "\n")
}

/// Adds the scripts that were run in the box of this id; where there is none, those that were run in the last one.
pub(super) fn live(host: &Host, id: Option<&str>, wanted: &WantedItems, records: &mut Records) {
    let blind = |why: String| ("script/".to_owned(), why);
    let dir = match host.dev_box() {
        Ok(name) => dir(host).join(name.as_str()),
        Err(why) => return records.blind.push(blind(why)),
    };
    let names = match fs::list(&dir) {
        Ok(names) => names.unwrap_or_default(),
        Err(error) => return records.blind.push(blind(error.to_string())),
    };
    let names = names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok());
    for name in names {
        let key = Item::Script(name).key();
        let live = match read(host, id, &key) {
            Ok(Some(record)) => Live::known(same_file(record, wanted, &key)),
            Ok(None) => continue,
            Err(why) => Live::unknown(why),
        };
        records.insert(key, live);
    }
}

/// What was run as a script; `None` where it was not.
fn read(host: &Host, id: Option<&str>, key: &ItemKey) -> Result<Option<Record>, String> {
    let Ok(Item::Script(name)) = Item::of(key) else { return Ok(None) };
    let path = record(host, &name)?;
    let Some(text) = fs::read(&path).map_err(|error| error.to_string())? else { return Ok(None) };
    let run: Run = serde_json::from_str(&text)
        .map_err(|error| place::broken(host, &path, error.line(), &error.to_string()))?;
    if run.version > VERSION {
        let text = gettext("“{path}” was written by a newer version of Bucket");
        return Err(fill(&text, &[("path", &host.display(&path))]));
    }
    if let (Some(made_in), Some(id)) = (&run.made_in, id)
        && made_in != id
    {
        return Ok(None);
    }
    Ok(Some(of_script(&run.url, &run.sha256, &run.args)))
}

/// A script that has moved is the same script.
fn same_file(mut record: Record, wanted: &WantedItems, key: &ItemKey) -> Record {
    let Some(wanted) = wanted.get(key).map(|wanted| &wanted.record) else { return record };
    if wanted.text(SHA256) == record.text(SHA256)
        && let Some(url) = wanted.text(URL)
    {
        record.set(URL, url);
    }
    record
}
