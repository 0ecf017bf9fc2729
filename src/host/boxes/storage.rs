//! Where podman keeps its containers, and what tells one state of its books from every other.
//!
//! The place is that of containers-storage.conf(5). Podman's database is written when a container is made, renamed or
//! removed, and when one starts or ends, or runs a command; never when podman only tells of them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::host::{Host, fs};

/// Podman's databases, below its storage: SQLite, and BoltDB as before podman 5.
const DATABASES: [&str; 2] = ["db.sql", "libpod/bolt_state.db"];
/// What lies beside SQLite's while it is written.
const BESIDE: [&str; 2] = ["db.sql-wal", "db.sql-journal"];
/// The drivers whose folder of containers has a list of them.
const DRIVERS: [&str; 4] = ["overlay", "vfs", "btrfs", "zfs"];
/// The lists of containers in a driver's folder.
const LISTS: [&str; 2] = ["containers.json", "volatile-containers.json"];

/// The directory of the containers of whoever we are, which need not be there.
pub fn place(host: &Host) -> anyhow::Result<PathBuf> {
    let env = host.env();
    let system = ["/etc/containers/storage.conf", "/usr/share/containers/storage.conf"];
    let system = system.map(|path| host.path(path));
    let named = host.var("CONTAINERS_STORAGE_CONF").map(|path| host.path(path));
    if env.is_root {
        let default = || host.path("/var/lib/containers/storage");
        let files = named.as_ref().map_or(&system[..], std::slice::from_ref);
        return Ok(first(host, files, &["graphroot"])?.unwrap_or_else(default));
    }
    let own = named.unwrap_or_else(|| env.config.join("containers/storage.conf"));
    if let Some(place) = first(host, &[own], &["graphroot", "rootless_storage_path"])? {
        return Ok(place);
    }
    let place = first(host, &system, &["rootless_storage_path"])?;
    Ok(place.unwrap_or_else(|| env.data.join("containers/storage")))
}

/// What the first of the files that is there has under one of the keys.
fn first(host: &Host, files: &[PathBuf], keys: &[&str]) -> anyhow::Result<Option<PathBuf>> {
    for file in files {
        let Some(text) = fs::read(file)? else { continue };
        let wrong = || format!("“{}” is not what podman reads there", host.display(file));
        let table: toml::Table = text.parse().with_context(wrong)?;
        let storage = table.get("storage");
        let value = |key: &&str| storage?.get(*key)?.as_str().filter(|value| !value.is_empty());
        return keys.iter().find_map(value).map(|path| expand(host, path)).transpose();
    }
    Ok(None)
}

/// A path with the variables that containers-storage.conf(5) allows in it.
fn expand(host: &Host, path: &str) -> anyhow::Result<PathBuf> {
    let home = host.env().home.display().to_string();
    let uid = rustix::process::getuid().as_raw().to_string();
    let user = host.var("USER").unwrap_or_default();
    let mut full = path.to_owned();
    for (name, value) in [("HOME", home.as_str()), ("UID", &uid), ("USER", user)] {
        full = full.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    if full.contains('$') || !full.starts_with('/') {
        bail!("where podman keeps its containers, “{path}”, is not understood");
    }
    // What was below the home directory already is.
    let full = PathBuf::from(full);
    Ok(match full.starts_with(&host.env().home) {
        true => full,
        false => host.path(&full.to_string_lossy()),
    })
}

/// One state of podman's books; `None` where they are not where they should be, so that nothing can be said of them.
///
/// With the machine's start: what ran before it runs no more, and no file says so.
pub fn stamp(host: &Host, place: &Path) -> Option<String> {
    let mut stamp = start(host);
    let mut database = false;
    let lists =
        DRIVERS.iter().flat_map(|driver| LISTS.map(|list| format!("{driver}-containers/{list}")));
    let fixed = DATABASES.iter().chain(&BESIDE).map(|name| (*name).to_owned());
    for name in fixed.chain(lists) {
        let Ok(file) = std::fs::metadata(place.join(&name)) else { continue };
        database |= DATABASES.contains(&name.as_str());
        stamp.push_str(&format!(" {name} {}", of(&file)));
    }
    database.then_some(stamp)
}

/// What tells one start of the machine from every other.
pub fn start(host: &Host) -> String {
    let id = fs::read(&host.path("/proc/sys/kernel/random/boot_id")).ok().flatten();
    id.unwrap_or_default().trim().to_owned()
}

/// What tells one state of a file from every other: its number, size, and the time of its content. That of the file itself
/// is left out, since SQLite moves it when it only reads.
pub(super) fn of(file: &Metadata) -> String {
    format!("{}:{}:{}.{:09}", file.ino(), file.size(), file.mtime(), file.mtime_nsec())
}

/// Whether podman has an image of that id.
pub fn has_image(place: &Path, id: &str) -> bool {
    DRIVERS.iter().any(|driver| place.join(format!("{driver}-images")).join(id).exists())
}

/// When a process started, in ticks since the machine did; `None` where there is no such process, or it has ended.
pub fn started(host: &Host, pid: u32) -> Option<u64> {
    let stat = fs::read(&host.path(&format!("/proc/{pid}/stat"))).ok().flatten()?;
    // The name, in parentheses, may hold anything: proc_pid_stat(5).
    let (_, after) = stat.rsplit_once(')')?;
    let mut words = after.split_ascii_whitespace();
    let ended = matches!(words.next()?, "Z" | "X");
    words.nth(18)?.parse().ok().filter(|_| !ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;

    #[test]
    fn the_place_is_the_one_that_podman_takes() {
        let machine = Machine::new();
        let root = machine.dir.path();
        let home = root.join("home");
        let host = machine.host();
        assert_eq!(place(&host).unwrap(), home.join(".local/share/containers/storage"));
        let system = "[storage]\ngraphroot = \"/var/rootful\"\n";
        machine.file("etc/containers/storage.conf", system);
        assert_eq!(place(&host).unwrap(), home.join(".local/share/containers/storage"));
        let rootless = "[storage]\nrootless_storage_path = \"/srv/$UID/containers\"\n";
        machine.file("etc/containers/storage.conf", rootless);
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(place(&host).unwrap(), root.join(format!("srv/{uid}/containers")));
        let own = "[storage]\ngraphroot = \"${HOME}/boxes\"\n";
        machine.file("home/.config/containers/storage.conf", own);
        assert_eq!(place(&host).unwrap(), home.join("boxes"));
        for wrong in ["no toml", "[storage]\ngraphroot = \"$ELSEWHERE/x\"\n"] {
            machine.file("home/.config/containers/storage.conf", wrong);
            assert!(place(&host).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stamp_is_of_the_database() {
        let machine = Machine::new();
        let storage = machine.dir.path().join("storage");
        machine.file("storage/overlay-containers/containers.json", "[]");
        assert_eq!(stamp(&machine.host(), &storage), None);
        machine.file("storage/db.sql", "a");
        let first = stamp(&machine.host(), &storage).unwrap();
        assert_eq!(stamp(&machine.host(), &storage), Some(first.clone()));
        machine.file("storage/db.sql", "ab");
        let second = stamp(&machine.host(), &storage).unwrap();
        machine.file("storage/overlay-containers/containers.json", "[{}]");
        let third = stamp(&machine.host(), &storage).unwrap();
        machine.file("proc/sys/kernel/random/boot_id", "another\n");
        let fourth = stamp(&machine.host(), &storage).unwrap();
        let all = std::collections::BTreeSet::from([first, second, third, fourth]);
        assert_eq!(all.len(), 4, "{all:?}");
    }

    #[test]
    fn a_process_is_told_by_its_start() {
        let machine = Machine::new();
        machine.file(
            "proc/7/stat",
            "7 (a) b) c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9",
        );
        assert_eq!(started(&machine.host(), 7), Some(4711));
        machine.file("proc/9/stat", "9 (x) Z 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9");
        assert_eq!(started(&machine.host(), 9), None);
        assert_eq!(started(&machine.host(), 8), None);
    }
}
