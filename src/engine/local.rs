//! What was done with `--local`: on this machine only, and until its next boot.
//!
//! `$XDG_DATA_HOME/bkt/ephemeral.json` lists it. The changes themselves stay on the machine; the list says which of
//! them nobody meant for the manifests, and a new boot id empties it. What is captured, undone or changed again
//! leaves the list.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::journal::{Ended, Verdict};
use super::select::is_secret;
use crate::core::item::{ItemKey, Record, SubsystemId};
use crate::core::plan::Side;
use crate::host::Host;
use crate::host::fs::{self, Lock};
use crate::manifest::trust::{load_state, save_state};

/// How long a writer waits for another to finish.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was done to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LocalAction {
    /// The machine did not have it.
    Add,
    /// The machine had it.
    Remove,
    /// The machine had it otherwise.
    Update,
}

/// One change that was meant for this machine alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalChange {
    /// When, RFC 3339.
    pub timestamp: String,
    /// What the person typed.
    pub command: String,
    /// The item's subsystem.
    pub subsystem: SubsystemId,
    /// What was done.
    pub action: LocalAction,
    /// The item.
    pub item: ItemKey,
    /// What the machine says of it since, without what looks like a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Record>,
}

/// `ephemeral.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalChanges {
    /// The boot that the list belongs to: `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
    /// When the list was begun, RFC 3339.
    pub created_at: String,
    /// The changes, oldest first.
    pub changes: Vec<LocalChange>,
}

fn path(host: &Host) -> PathBuf {
    host.env().data.join("bkt/ephemeral.json")
}

fn lock(host: &Host) -> anyhow::Result<Lock> {
    let path = host.state_dir().join("ephemeral.lock");
    Ok(Lock::take(&path, "bkt local", PATIENCE)?)
}

/// What tells this boot from every other.
fn boot_id(host: &Host) -> anyhow::Result<String> {
    let path = host.path("/proc/sys/kernel/random/boot_id");
    let id = fs::read(&path)?.context("the kernel gives no boot id")?;
    Ok(id.trim().to_owned())
}

/// The list of this boot; `None` where there is none, or one of an earlier boot.
fn load(host: &Host) -> anyhow::Result<Option<LocalChanges>> {
    let Some(list) = load_state::<LocalChanges>(&path(host), 1)? else { return Ok(None) };
    Ok((list.boot_id == boot_id(host)?).then_some(list))
}

/// The list, empty if it is of an earlier boot. Nothing is written.
pub fn list(host: &Host) -> anyhow::Result<Vec<LocalChange>> {
    Ok(load(host)?.map(|list| list.changes).unwrap_or_default())
}

/// Empties the list, and says what stood in it. The machine keeps what was done.
pub fn clear(host: &Host) -> anyhow::Result<Vec<LocalChange>> {
    let _lock = lock(host)?;
    let changes = list(host)?;
    fs::write(&path(host), None)?;
    Ok(changes)
}

/// Takes changes out of the list that nothing is left to be done about.
pub fn forget(host: &Host, settled: &[&LocalChange]) -> anyhow::Result<()> {
    let _lock = lock(host)?;
    let Some(mut list) = load(host)? else { return Ok(()) };
    list.changes.retain(|change| !settled.contains(&change));
    Ok(save_state(&path(host), &list)?)
}

fn without_secrets(item: &ItemKey, mut record: Record) -> Record {
    record.0.retain(|field, value| !is_secret(item, field, value));
    record
}

/// Brings the list up to date with an operation that ended: items it changed leave the list, and come back if the
/// operation was for this machine alone; `command` is then what the person typed.
pub(super) fn settle(host: &Host, results: &[Ended], command: Option<&str>) -> anyhow::Result<()> {
    let exists = fs::read(&path(host))?.is_some();
    let done: Vec<&Ended> = results.iter().filter(|one| one.verdict == Verdict::Done).collect();
    if done.is_empty() || !exists && command.is_none() {
        return Ok(());
    }
    let _lock = lock(host)?;
    let now = host.now().to_string();
    let before = load(host)?.unwrap_or_default();
    let mut changes = before.changes.clone();
    changes.retain(|old| {
        !done.iter().any(|e| e.change.subsystem == old.subsystem && e.change.item == old.item)
    });
    if let Some(command) = command {
        changes.extend(done.iter().filter(|e| e.change.side == Side::System).map(|ended| {
            let change = &ended.change;
            LocalChange {
                timestamp: now.clone(),
                command: command.to_owned(),
                subsystem: change.subsystem.clone(),
                action: match (&change.before, &change.after) {
                    (None, _) => LocalAction::Add,
                    (_, None) => LocalAction::Remove,
                    _ => LocalAction::Update,
                },
                item: change.item.clone(),
                value: change.after.clone().map(|record| without_secrets(&change.item, record)),
            }
        }));
    }
    if changes == before.changes {
        return Ok(());
    }
    let created_at = if before.changes.is_empty() { now } else { before.created_at };
    Ok(save_state(&path(host), &LocalChanges { boot_id: boot_id(host)?, created_at, changes })?)
}
