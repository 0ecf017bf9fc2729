//! The person's boxes: as podman said the last time, where nothing of its books has moved since, else asked again.
//!
//! `$XDG_CACHE_HOME/bkt/boxes/list.json` has the list under the stamp of podman's books, and how each box was made under its
//! id, which never changes. It is for the person's eyes alone, as podman's own books are: variables may hold a secret.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::list::{self, Row};
use super::{Boxed, Boxes, BoxesError, Made, State, made, packages, said, storage};
use crate::core::plan::Command;
use crate::host::command::is_installed;
use crate::host::{Host, RunError, fs};
use crate::words::{fill, gettext};

/// The name of the file, less its ending.
pub(super) const LIST: &str = "list";
/// The version of the file; one of another is not read.
const VERSION: u32 = 2;
/// How long podman may take to answer: it waits for whoever else changes its books.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// The stamp of podman's books under which the list is good; none where it is good under no stamp.
    stamp: Option<String>,
    rows: Vec<Row>,
    /// When the first process of each box that runs started, by its number: another one may get that number.
    started: BTreeMap<u32, u64>,
    unread: Vec<String>,
    /// How boxes were made, by their ids.
    made: BTreeMap<String, Known>,
}

/// What never changes of a box.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Known {
    image: String,
    image_id: String,
    image_digest: Option<String>,
    made: Made,
}

/// The boxes of the person, and how each was made. Starts a process only where podman's books have moved.
pub fn read(host: &Host) -> Result<Boxes, BoxesError> {
    let place = storage::place(host)?;
    let there = place.try_exists().with_context(|| host.display(&place))?;
    if !there {
        let installed = is_installed(host, "podman");
        return if installed { Ok(Boxes::default()) } else { Err(BoxesError::NoPodman) };
    }
    let path = host.env().cache.join(format!("bkt/boxes/{LIST}.json"));
    let kept = fs::read(&path).ok().flatten();
    let kept = kept.and_then(|text| serde_json::from_str::<Kept>(&text).ok());
    let kept = kept.filter(|kept| kept.version == VERSION).unwrap_or_default();
    let stamp = storage::stamp(host, &place);
    if stamp.is_some() && kept.stamp == stamp && kept.started == started(host, &kept.rows) {
        return Ok(boxes(kept.rows, &kept.made, kept.unread));
    }
    ask(host, &place, &path, kept.made)
}

/// Asks podman, and keeps what it says.
fn ask(
    host: &Host,
    place: &Path,
    path: &Path,
    mut known: BTreeMap<String, Known>,
) -> Result<Boxes, BoxesError> {
    let mut again = true;
    loop {
        let before = storage::stamp(host, place);
        let (rows, mut unread) = rows(host)?;
        known.retain(|id, _| rows.iter().any(|row| row.id == *id));
        let new: Vec<&Row> = rows.iter().filter(|row| !known.contains_key(&row.id)).collect();
        let inspected = inspect(host, &new);
        let started = started(host, &rows);
        let running = rows.iter().filter(|row| matches!(row.state, State::Running { .. })).count();
        let settled = storage::stamp(host, place) == before && started.len() == running;
        if !settled && again {
            // A box came, went or started in between: what was said of it may be of neither time.
            again = false;
            continue;
        }
        let failed = match inspected {
            Ok(answer) => {
                learn(&answer, &new, &mut known, &mut unread);
                Vec::new()
            }
            // One that is gone keeps the others' answers back.
            Err(_) if new.len() > 1 => new.clone(),
            Err(error) => return Err(failed(error)),
        };
        let whole = failed.is_empty();
        for row in failed {
            match inspect(host, &[row]) {
                Ok(answer) => learn(&answer, &[row], &mut known, &mut unread),
                Err(error) => unread.push(format!("{}: {error}", row.name)),
            }
        }
        let stamp = before.filter(|_| settled && whole);
        let kept = Kept { version: VERSION, stamp, rows, started, unread, made: known };
        keep(host, place, path, &kept);
        return Ok(boxes(kept.rows, &kept.made, kept.unread));
    }
}

fn rows(host: &Host) -> Result<(Vec<Row>, Vec<String>), BoxesError> {
    let ps = Command::new("podman").args(["ps", "--all", "--no-trunc", "--format", "json"]);
    let text = host.run_within(&ps, PATIENCE).map_err(failed)?;
    let said = said::read(&text);
    // Some versions print nothing at all where there is nothing to list.
    if !said.any && (!said.unread.is_empty() || !text.trim().is_empty()) {
        let line: String = text.trim().chars().take(200).collect();
        let what = fill(
            &gettext("podman's list of containers is not understood: {text}"),
            &[("text", &line)],
        );
        return Err(BoxesError::Failed(anyhow::Error::msg(what)));
    }
    Ok(list::read(said))
}

/// What podman says of the boxes, by their ids; asked by one process.
fn inspect(host: &Host, rows: &[&Row]) -> Result<Vec<Map<String, Json>>, RunError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let inspect = Command::new("podman").args(["container", "inspect", "--"]);
    let text = host.run_within(&inspect.args(rows.iter().map(|row| row.id.as_str())), PATIENCE)?;
    Ok(said::read(&text).objects)
}

fn learn(
    answer: &[Map<String, Json>],
    rows: &[&Row],
    known: &mut BTreeMap<String, Known>,
    unread: &mut Vec<String>,
) {
    let node = rustix::system::uname();
    let node = node.nodename().to_string_lossy();
    for row in rows {
        let of = |one: &&Map<String, Json>| said::text(one, &["Id", "ID"]) == Some(&row.id);
        let one = answer.iter().find(of).ok_or_else(|| gettext("podman says nothing of it"));
        let made = one.and_then(|one| Ok((one, made::read(row.maker, one, &node)?)));
        match made {
            Ok((one, made)) => {
                let text = |keys: &[&str]| said::text(one, keys).map(str::to_owned);
                let image_id = text(&["Image"]).unwrap_or_default();
                let image = text(&["ImageName"]).unwrap_or_else(|| image_id.clone());
                let image_digest = text(&["ImageDigest"]);
                known.insert(row.id.clone(), Known { image, image_id, image_digest, made });
            }
            Err(why) => unread.push(fill(
                &gettext("the box {name} is left out: {reason}"),
                &[("name", row.name.as_str()), ("reason", &why)],
            )),
        }
    }
}

/// When the first process of each box that runs started, by its number.
fn started(host: &Host, rows: &[Row]) -> BTreeMap<u32, u64> {
    let started = |row: &Row| match row.state {
        State::Running { pid } => Some((pid, storage::started(host, pid)?)),
        _ => None,
    };
    rows.iter().filter_map(started).collect()
}

fn boxes(rows: Vec<Row>, known: &BTreeMap<String, Known>, unread: Vec<String>) -> Boxes {
    let boxed = |row: Row| {
        let Known { image, image_id, image_digest, made } = known.get(&row.id)?.clone();
        let Row { name, id, maker, state } = row;
        Some(Boxed { name, id, maker, state, image, image_id, image_digest, made })
    };
    Boxes { boxes: rows.into_iter().filter_map(boxed).collect(), unread }
}

fn failed(error: RunError) -> BoxesError {
    match error {
        RunError::NotFound { .. } => BoxesError::NoPodman,
        error => BoxesError::Failed(error.into()),
    }
}

/// A cache that cannot be written costs time, not the answer.
fn keep(host: &Host, place: &Path, path: &Path, kept: &Kept) {
    if host.is_dry() {
        return;
    }
    packages::forget(host, place, &kept.rows.iter().map(|row| row.id.as_str()).collect());
    let Ok(text) = serde_json::to_string(kept) else { return };
    if let Err(error) = fs::write_as(path, Some(&text), Some(0o600)) {
        tracing::debug!("what podman said of the boxes was not kept: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::boxes::Maker;
    use crate::host::testing::Machine;

    #[test]
    fn a_machine_without_containers_has_no_boxes_and_starts_nothing() {
        // Here every program that is started is a panic.
        let mut machine = Machine::new();
        assert!(matches!(read(&machine.host()), Err(BoxesError::NoPodman)));
        let podman = machine.file("bin/podman", "");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&podman, mode).unwrap();
        machine.vars.insert("PATH".to_owned(), podman.parent().unwrap().display().to_string());
        assert_eq!(read(&machine.host()).unwrap(), Boxes::default());
    }

    #[test]
    fn the_list_is_good_while_nothing_moves() {
        let machine = Machine::new();
        let host = machine.host();
        let database = "home/.local/share/containers/storage/db.sql";
        machine.file(database, "a");
        let stat = |start: u64| format!("7 (x) S 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 {start} 9");
        machine.file("proc/7/stat", stat(100));
        let row = Row {
            name: "box".parse().unwrap(),
            id: "ab12".to_owned(),
            maker: Maker::Distrobox,
            state: State::Running { pid: 7 },
        };
        let place = storage::place(&host).unwrap();
        let kept = || Kept {
            version: VERSION,
            stamp: storage::stamp(&host, &place),
            started: started(&host, std::slice::from_ref(&row)),
            rows: vec![row.clone()],
            unread: vec!["why".to_owned()],
            made: BTreeMap::from([("ab12".to_owned(), Known::default())]),
        };
        let path = host.env().cache.join("bkt/boxes/list.json");
        keep(&host, &place, &path, &kept());
        let boxes = read(&host).unwrap();
        assert_eq!(boxes.boxes.len(), 1);
        assert_eq!(boxes.unread, ["why"]);
        assert_eq!(fs::mode(&path), Some(0o600));
        // Any of these has podman asked, which is a panic here.
        let asks = |host: Host| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&host))).is_err()
        };
        assert!(!asks(machine.host()));
        machine.file("proc/7/stat", stat(200));
        assert!(asks(machine.host()), "another process has its number");
        machine.file("proc/7/stat", stat(100));
        assert!(!asks(machine.host()));
        machine.file(database, "ab");
        assert!(asks(machine.host()), "podman's books have moved");
        keep(&host, &place, &path, &Kept { version: VERSION + 1, ..kept() });
        assert!(asks(machine.host()), "another version wrote it");
    }
}
