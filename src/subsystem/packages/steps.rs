//! How packages are had on this machine now: rpm-ostree layers and removes, one command for all of a kind.

use anyhow::{Context, Result};

use super::Item;
use super::machine::Machine;
use crate::core::item::ItemKey;
use crate::core::names::PackageName;
use crate::core::plan::{Action, Change, Command, Risk, Step};
use crate::host::deployment;
use crate::host::keyfile::Keyfile;
use crate::host::{Host, fs, privilege};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

/// Where rpm-ostree's daemon is told what it may do: `rpm-ostreed.conf(5)`.
const SETTINGS: &str = "/etc/rpm-ostreed.conf";
/// A package may be requested again, and one that the base has too.
const INSTALL: &[&str] = &["install", "--idempotent", "--allow-inactive", "-y"];
const UNINSTALL: &[&str] = &["uninstall"];
const REMOVE: &[&str] = &["override", "remove"];
const RESET: &[&str] = &["override", "reset"];

/// What is asked of rpm-ostree, by kind: names, and the items that they carry out.
#[derive(Default)]
struct Asked {
    install: Vec<(String, ItemKey)>,
    uninstall: Vec<(String, ItemKey)>,
    remove: Vec<(String, ItemKey)>,
    reset: Vec<(String, ItemKey)>,
}

pub(super) fn plan(changes: &[&Change], host: &Host) -> Result<Steps> {
    let Some(deployments) = deployment::read(host)? else {
        return Ok(Steps::not_from_an_image(changes));
    };
    let items: Vec<(Item<'_>, bool)> = changes
        .iter()
        .map(|change| Ok((Item::of(&change.item)?, change.after.is_some())))
        .collect::<Result<_>>()?;
    let machine = Machine::read(host, &deployments, items.iter().map(|(item, _)| item.name()));
    let cannot = cannot_layer(host)?;
    let (mut asked, mut blocked) = (Asked::default(), Vec::new());
    for (item, wanted) in items {
        match one(item, wanted, &machine, cannot.as_ref()) {
            Ok(Some(ask)) => ask.add(&mut asked, item),
            Ok(None) => (),
            Err(reason) => blocked.push(Blocked::later(&item.key(), reason)),
        }
    }
    Ok(Steps { steps: asked.steps(host), blocked })
}

/// One thing that rpm-ostree is asked for.
#[derive(Clone, Copy)]
enum Ask {
    Install,
    Uninstall,
    Remove,
    Reset,
}

impl Ask {
    fn add(self, asked: &mut Asked, item: Item<'_>) {
        let list = match self {
            Self::Install => &mut asked.install,
            Self::Uninstall => &mut asked.uninstall,
            Self::Remove => &mut asked.remove,
            Self::Reset => &mut asked.reset,
        };
        list.push((item.name().to_owned(), item.key()));
    }
}

/// What makes one item be there, or not; or why that has to wait for the next image.
fn one(
    item: Item<'_>,
    wanted: bool,
    machine: &Machine<'_>,
    cannot: Option<&Obstacle>,
) -> Result<Option<Ask>, String> {
    let name = item.name();
    let (requested, removed) = (machine.requested(name), machine.removed(name));
    // Where the database cannot be read, rpm-ostree knows.
    let next = machine.next.as_ref().ok();
    let has = next.map(|next| next.has(name));
    let in_base = next.map(|next| next.in_base(name));
    let ask = match (item, wanted) {
        (Item::Group(_), true) => {
            return Err(gettext(
                "rpm-ostree layers packages, and no groups: it comes with the next image",
            ));
        }
        (Item::Group(_), false) => return Err(gettext("it goes with the next image")),
        (Item::Package(_), true) if removed => Some(Ask::Reset),
        (Item::Package(_), true) if requested || has == Some(true) => None,
        (Item::Package(_), true) => Some(Ask::Install),
        (Item::Package(_), false) if requested => Some(Ask::Uninstall),
        (Item::Package(_), false) if in_base == Some(true) && !removed => {
            return Err(gettext(
                "the image brings it, so it stays until an image is built without it: exclude it if a base image has it",
            ));
        }
        (Item::Package(_), false) if has == Some(true) => {
            return Err(gettext("a layered package needs it"));
        }
        (Item::Package(_), false) => None,
        (Item::Excluded(_), true) if requested => {
            let text = gettext("it is layered here: “bkt dnf remove {name}” drops it");
            return Err(fill(&text, &[("name", name)]));
        }
        (Item::Excluded(_), true) if has == Some(true) && in_base == Some(true) => {
            Some(Ask::Remove)
        }
        (Item::Excluded(_), true) if has == Some(true) => {
            return Err(gettext("a layered package needs it"));
        }
        (Item::Excluded(_), true) => None,
        (Item::Excluded(_), false) if removed => Some(Ask::Reset),
        // What the image leaves out comes with another image.
        (Item::Excluded(_), false) => None,
    };
    match cannot {
        Some(obstacle) if ask.is_some() => Err(obstacle.reason(item, wanted)),
        _ => Ok(ask),
    }
}

impl Asked {
    fn steps(self, host: &Host) -> Vec<Step> {
        let (back, layered) = (self.reset.len(), self.install.len());
        let (dropped, gone) = (self.uninstall.len(), self.remove.len());
        let all = [
            (
                self.reset,
                RESET,
                ngettext(
                    "Bring a package back that was removed here",
                    "Bring {n} packages back that were removed here",
                    back,
                ),
            ),
            (self.install, INSTALL, ngettext("Layer a package", "Layer {n} packages", layered)),
            (
                self.uninstall,
                UNINSTALL,
                ngettext("Drop a layered package", "Drop {n} layered packages", dropped),
            ),
            (
                self.remove,
                REMOVE,
                ngettext(
                    "Remove a package of the image here",
                    "Remove {n} packages of the image here",
                    gone,
                ),
            ),
        ];
        let all = all.into_iter().filter(|(asked, ..)| !asked.is_empty());
        all.map(|(asked, words, title)| step(host, asked, words, &title)).collect()
    }
}

fn step(host: &Host, mut asked: Vec<(String, ItemKey)>, words: &[&str], title: &str) -> Step {
    asked.sort();
    let (mut names, items): (Vec<String>, Vec<ItemKey>) = asked.into_iter().unzip();
    // What was removed and is wanted is told of twice.
    names.dedup();
    let count = names.len().to_string();
    let command = Command::new("rpm-ostree").args(words.iter().copied()).args(names);
    Step {
        title: fill(title, &[("n", &count)]),
        action: Action::Run(privilege::as_root(host, command)),
        risk: Risk {
            password: true,
            reboot: true,
            network: true,
            removes: [UNINSTALL, REMOVE].contains(&words),
            ..Risk::default()
        },
        items,
    }
}

/// Why rpm-ostree cannot be asked.
struct Obstacle {
    locked: bool,
    /// Whether dnf can install until the next restart.
    transient: bool,
}

fn cannot_layer(host: &Host) -> Result<Option<Obstacle>> {
    let is_there = |name: &str| host.path("/usr/bin").join(name).exists();
    let transient = is_there("bootc") && (is_there("dnf5") || is_there("dnf"));
    if !is_there("rpm-ostree") {
        return Ok(Some(Obstacle { locked: false, transient }));
    }
    let path = host.path(SETTINGS);
    let settings = Keyfile::parse(&fs::read(&path)?.unwrap_or_default())
        .with_context(|| path.display().to_string())?;
    let locked = settings.flag("Daemon", "LockLayering") == Some(true);
    Ok(locked.then_some(Obstacle { locked, transient }))
}

impl Obstacle {
    fn reason(&self, item: Item<'_>, wanted: bool) -> String {
        let mut text = match self.locked {
            true => gettext(
                "layering is locked on this machine (LockLayering in /etc/rpm-ostreed.conf), so it takes the next image",
            ),
            false => gettext("there is no rpm-ostree on this machine, so it takes the next image"),
        };
        if let (Item::Package(name), true, true) = (item, wanted, self.transient) {
            let until =
                gettext("until the next restart “sudo dnf install --transient {name}” has it");
            text.push_str("; ");
            text.push_str(&fill(&until, &[("name", name)]));
        }
        text
    }
}

/// The packages that are layered and that the image has now: their requests can go, and nothing changes but that.
pub fn superfluous(host: &Host) -> Result<Vec<PackageName>> {
    let Some(deployments) = deployment::read(host)? else { return Ok(Vec::new()) };
    let machine = Machine::read(host, &deployments, std::iter::empty());
    let next = machine.next.as_ref().map_err(|reason| anyhow::Error::msg(reason.clone()))?;
    let requested = machine.origin.requested.iter().filter(|name| next.in_base(name));
    Ok(requested.filter_map(|name| name.parse().ok()).collect())
}

/// The step that drops the requests of [`superfluous`]; `None` where there are none, or where layering is locked.
pub fn tidy(host: &Host) -> Result<Option<Step>> {
    if cannot_layer(host)?.is_some() {
        return Ok(None);
    }
    let named = |name: PackageName| (name.to_string(), Item::Package(name.as_str()).key());
    let uninstall: Vec<_> = superfluous(host)?.into_iter().map(named).collect();
    Ok(Asked { uninstall, ..Asked::default() }.steps(host).pop())
}
