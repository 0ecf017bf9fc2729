//! Whether a package or group can be had in the box at all: its own dnf is asked.

use super::dev::Dev;
use super::live::has;
use crate::core::plan::Command;
use crate::host::Host;
use crate::host::boxes::{As, Manager};
use crate::host::dnf::{self, Kind, NoAnswer};
use crate::subsystem::Unfit;
use crate::subsystem::packages::entries::Item;
use crate::words::{fill, gettext};

/// Asks once for the packages and once for the groups. What is there already can be had. Where the box has another package
/// manager, that one says so when it installs.
pub(super) fn check(host: &Host, items: &[Item<'_>]) -> Result<(), Unfit> {
    let Some(first) = items.first() else { return Ok(()) };
    let unsure = |why: &str| {
        let text = gettext("whether there is a “{name}” could not be found out: {why}");
        Unfit::unsure(fill(&text, &[("name", first.name()), ("why", why)]))
    };
    let dev = Dev::read(host).map_err(|no| unsure(&no.reason()))?;
    let installed = dev.installed(host).map_err(|why| unsure(&why))?;
    let program = match installed.manager {
        Manager::Dnf5 => "dnf5",
        Manager::Dnf4 => "dnf",
        Manager::Apt | Manager::Pacman | Manager::Apk | Manager::Zypper => return Ok(()),
    };
    let ask = |command: Command| dnf::ask(host, &dev.inside(As::Root, command));
    for kind in [Kind::Package, Kind::Group] {
        let of_kind = items.iter().filter(|item| match item {
            Item::Group(_) => kind == Kind::Group,
            item => kind == Kind::Package && !has(&installed, item.name()),
        });
        let names: Vec<&str> = of_kind.map(|item| item.name()).collect();
        let missing = dnf::missing_for(program, kind, &names, &ask);
        let missing = missing.map_err(|error: NoAnswer| unsure(&error.to_string()))?;
        let Some(no_such) = missing.into_iter().next() else { continue };
        let text = match kind {
            Kind::Package => gettext("no package repository of {box} has a package “{name}”"),
            Kind::Group => gettext("no package repository of {box} has a group “{name}”"),
        };
        let values = [("box", dev.boxed.name.as_str()), ("name", &no_such.name)];
        return Err(Unfit { message: fill(&text, &values), close: no_such.close, unsure: true });
    }
    Ok(())
}
