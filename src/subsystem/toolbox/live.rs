//! How each package stands in the box.

use std::collections::BTreeSet;

use super::dev::{self, Dev, NoBox};
use crate::core::item::{Barred, Live, Notice, Record, Records, WantedItems};
use crate::core::package_list::split_arch;
use crate::host::Host;
use crate::host::boxes::{Installed, Manager};
use crate::subsystem::Unreadable;
use crate::subsystem::packages::entries::Item;
use crate::words::{fill, gettext, ngettext};

/// How many names are listed.
const LISTED: usize = 8;

pub(super) fn read(host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
    let dev = match Dev::read(host) {
        Ok(dev) => dev,
        Err(NoBox::Missing { described: true, .. }) => return Ok(to_come(wanted)),
        Err(no @ (NoBox::NoPodman | NoBox::Missing { .. })) => {
            return Ok(not_here(wanted, &no.reason()));
        }
        Err(NoBox::Failed(error)) => return Err(error.into()),
    };
    let own = dev::own_packages(host, &dev.boxed.name)?;
    let mut records = Records::default();
    match dev.installed(host) {
        Ok(installed) => {
            packages(&mut records, &installed, &own, wanted);
            groups(&mut records, &installed, wanted);
        }
        Err(reason) => {
            for item in [Item::Package(""), Item::Group("")] {
                records.blind.push((item.key().to_string(), reason.clone()));
            }
        }
    }
    Ok(records)
}

/// A machine without the box: nothing of it is gone, and nothing can be had before the box is there.
fn not_here(wanted: &WantedItems, reason: &str) -> Records {
    let mut records = Records::default();
    for key in wanted.keys() {
        let barred = Some(Barred::NotHere(reason.to_owned()));
        records.insert(key.clone(), Live::absent().barred(barred));
    }
    records
}

/// A machine on which the box is going to be made: all of it is missing, whatever was in one that somebody removed.
fn to_come(wanted: &WantedItems) -> Records {
    let mut records = Records::default();
    for key in wanted.keys() {
        records.insert(key.clone(), Live { afresh: true, ..Live::absent() });
    }
    records
}

fn packages(
    records: &mut Records,
    installed: &Installed,
    own: &BTreeSet<String>,
    wanted: &WantedItems,
) {
    for name in &installed.chosen {
        let key = Item::Package(name.as_str()).key();
        if !own.contains(name.as_str()) && !wanted.contains_key(&key) {
            records.insert(key, Live::known(Record::new()));
        }
    }
    for key in wanted.keys() {
        let Ok(Item::Package(name)) = Item::of(key) else { continue };
        if has(installed, name) {
            records.insert(key.clone(), Live::known(Record::new()));
        } else if installed.gone.iter().any(|one| one.as_str() == name) {
            let mut live = Live::absent();
            live.note = Some(gettext("The box's image has it, and it was removed in the box"));
            records.insert(key.clone(), live);
        }
    }
    let gone: Vec<&str> = installed.gone.iter().map(|name| name.as_str()).collect();
    let gone: Vec<&str> =
        gone.into_iter().filter(|name| !wanted.contains_key(&Item::Package(name).key())).collect();
    if !gone.is_empty() {
        let text = ngettext(
            "{n} package of the box's image was removed in the box, and comes back with the next one: {names}",
            "{n} packages of the box's image were removed in the box, and come back with the next one: {names}",
            gone.len(),
        );
        let more = (gone.len() > LISTED).then_some("…");
        let names: Vec<&str> = gone.iter().copied().take(LISTED).chain(more).collect();
        let values = [("n", &*gone.len().to_string()), ("names", &names.join(", "))];
        records.notices.push(Notice { text: fill(&text, &values), remedy: None });
    }
}

/// Whether a package is there, for whatever reason. One that is named with its architecture is there where the box's own
/// list says so, or has the package for no other one.
pub(super) fn has(installed: &Installed, name: &str) -> bool {
    let there = |name: &str| installed.all.iter().any(|one| one.as_str() == name);
    there(name) || matches!(split_arch(name), (stem, Some("noarch")) if there(stem))
}

/// Groups are known where dnf5 has noted them.
fn groups(records: &mut Records, installed: &Installed, wanted: &WantedItems) {
    for key in wanted.keys() {
        let Ok(Item::Group(name)) = Item::of(key) else { continue };
        match &installed.groups {
            Some(groups) if groups.contains(name) => {
                records.insert(key.clone(), Live::known(Record::new()));
            }
            Some(_) => (),
            // A box of another package manager has none.
            None if !is_dnf(installed.manager) => (),
            None => {
                let reason = gettext(
                    "Which groups the development box has cannot be told: it has no records of dnf5",
                );
                records.insert(key.clone(), Live::unknown(reason));
            }
        }
    }
}

/// Whether this is a dnf, of whichever release.
pub(super) fn is_dnf(manager: Manager) -> bool {
    matches!(manager, Manager::Dnf5 | Manager::Dnf4)
}
