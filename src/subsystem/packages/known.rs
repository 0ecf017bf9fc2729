//! Whether a package or group can be had at all.

use std::cell::LazyCell;

use super::entries::Item;
use crate::host::dnf::{self, Kind, NoAnswer};
use crate::host::rpmdb::cache::{self, Names};
use crate::host::{Host, deployment};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// Asks the package repositories of this machine, once for the packages and once for the groups. What an image is not to
/// have may be in the present one alone.
pub(super) fn check(host: &Host, items: &[Item<'_>]) -> Result<(), Unfit> {
    let image = LazyCell::new(|| in_image(host));
    let in_base = |name: &str| image.as_ref().is_some_and(|names| names.base.contains(name));
    let (mut packages, mut groups) = (Vec::new(), Vec::new());
    for item in items {
        match *item {
            Item::Package(name) => packages.push(name),
            Item::Group(name) => groups.push(name),
            Item::Excluded(name) if in_base(name) => (),
            Item::Excluded(name) => packages.push(name),
        }
    }
    all_known(host, Kind::Package, &packages)?;
    all_known(host, Kind::Group, &groups)
}

fn all_known(host: &Host, kind: Kind, names: &[&str]) -> Result<(), Unfit> {
    let missing = dnf::missing(host, kind, names).map_err(|error| unsure(names, &error))?;
    let Some(no_such) = missing.into_iter().next() else { return Ok(()) };
    let text = match kind {
        Kind::Package => gettext("no package repository of this machine has a package “{name}”"),
        Kind::Group => gettext("no package repository of this machine has a group “{name}”"),
    };
    let message = fill(&text, &[("name", &no_such.name)]);
    Err(Unfit { message, close: no_such.close, unsure: true })
}

/// What cannot be read says nothing here: the repositories are asked then.
fn in_image(host: &Host) -> Option<Names> {
    let deployments = deployment::read(host).ok()??;
    cache::names(host, deployments.next()).ok()
}

fn unsure(names: &[&str], error: &NoAnswer) -> Unfit {
    let name = names.first().copied().unwrap_or_default();
    let text = gettext("whether there is a “{name}” could not be found out: {why}");
    Unfit::unsure(fill(&text, &[("name", name), ("why", &error.to_string())]))
}
