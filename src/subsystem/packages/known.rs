//! Whether a package or group can be had at all.

use super::Item;
use crate::host::dnf::{self, Kind, NoAnswer};
use crate::host::rpmdb::cache;
use crate::host::{Host, deployment};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// Asks the package repositories of this machine. What an image is not to have may be in the present one alone.
pub(super) fn check(host: &Host, item: Item<'_>) -> Result<(), Unfit> {
    let (kind, name) = match item {
        Item::Package(name) => (Kind::Package, name),
        Item::Group(name) => (Kind::Group, name),
        Item::Excluded(name) if in_base(host, name) => return Ok(()),
        Item::Excluded(name) => (Kind::Package, name),
    };
    let missing = dnf::missing(host, kind, &[name]).map_err(|error| unsure(name, &error))?;
    let Some(no_such) = missing.into_iter().next() else { return Ok(()) };
    let text = match kind {
        Kind::Package => gettext("no package repository of this machine has a package “{name}”"),
        Kind::Group => gettext("no package repository of this machine has a group “{name}”"),
    };
    let message = fill(&text, &[("name", name)]);
    Err(Unfit { message, close: no_such.close, unsure: true })
}

/// What cannot be read says nothing here: the repositories are asked then.
fn in_base(host: &Host, name: &str) -> bool {
    let Ok(Some(deployments)) = deployment::read(host) else { return false };
    cache::names(host, deployments.next()).is_ok_and(|names| names.base.contains(name))
}

fn unsure(name: &str, error: &NoAnswer) -> Unfit {
    let text = gettext("whether there is a “{name}” could not be found out: {why}");
    let message = fill(&text, &[("name", name), ("why", &error.to_string())]);
    Unfit { message, close: Vec::new(), unsure: true }
}
