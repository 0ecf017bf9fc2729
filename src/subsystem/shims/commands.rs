//! Whether the host has a command.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::disk;
use crate::core::near::nearest;
use crate::host::{Host, fs};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// Makes sure that the host has `command`, other than as a shim.
pub(super) fn validate(host: &Host, command: &str) -> Result<(), Unfit> {
    let Some(dirs) = dirs(host) else {
        let message = gettext("whether the host has “{command}” could not be looked up");
        return Err(Unfit::unsure(fill(&message, &[("command", command)])));
    };
    let shims = host.env().home.join(".local/bin");
    let runs = |dir: &PathBuf| {
        let path = dir.join(command);
        let is_shim = *dir == shims && command.parse().is_ok_and(|name| is_shim(host, &name));
        let mode =
            std::fs::metadata(&path).map(|m| if m.is_file() { m.permissions().mode() } else { 0 });
        !is_shim && mode.is_ok_and(|mode| mode & 0o111 != 0)
    };
    if dirs.iter().any(runs) {
        return Ok(());
    }
    let names: BTreeSet<String> =
        dirs.iter().filter_map(|dir| fs::list(dir).ok().flatten()).flatten().collect();
    let message = gettext("the host has no command “{command}” on its path");
    Err(Unfit {
        message: fill(&message, &[("command", command)]),
        close: nearest(command, names.iter().map(|name| (name.as_str(), Vec::new()))),
        unsure: true,
    })
}

fn is_shim(host: &Host, name: &crate::core::names::ShimName) -> bool {
    disk::read(host, name).is_ok_and(|shim| matches!(shim.link, disk::There::Ours(())))
}

/// The directories that the host looks for commands in; `None` where we are in a container that does not show them.
fn dirs(host: &Host) -> Option<Vec<PathBuf>> {
    let contained =
        host.path("/run/.containerenv").exists() || host.path("/.flatpak-info").exists();
    let below = if contained { "/run/host" } else { "" };
    if contained && !host.path("/run/host/usr").is_dir() {
        return None;
    }
    let usual = "/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin";
    let path = if contained { usual } else { host.var("PATH").unwrap_or(usual) };
    let home = &host.env().home;
    let dirs =
        path.split(':').filter(|dir| dir.starts_with('/')).map(|dir| match PathBuf::from(dir) {
            own if own.starts_with(home) => own,
            _ => host.path(&format!("{below}{dir}")),
        });
    Some(dirs.collect())
}
