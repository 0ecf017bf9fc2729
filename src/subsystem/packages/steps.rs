//! How packages are had on this machine now: rpm-ostree layers and removes, one command for all of a kind. Where it
//! cannot, dnf puts packages on top of the running image until the next restart.

use std::cell::OnceCell;

use anyhow::{Context, Result};

use super::entries::Item;
use super::machine::Machine;
use crate::core::item::ItemKey;
use crate::core::names::PackageName;
use crate::core::plan::{Action, Change, Command, Risk, Step};
use crate::host::deployment::{self, Deployments};
use crate::host::keyfile::Keyfile;
use crate::host::{Host, dnf, fs, privilege};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

/// Where rpm-ostree's daemon is told what it may do: `rpm-ostreed.conf(5)`.
const SETTINGS: &str = "/etc/rpm-ostreed.conf";
/// A package may be requested again, and one that the base has too.
const INSTALL: &[&str] = &["install", "--idempotent", "--allow-inactive", "-y"];
const UNINSTALL: &[&str] = &["uninstall"];
const REMOVE: &[&str] = &["override", "remove"];
const RESET: &[&str] = &["override", "reset"];
/// What dnf does until the next restart.
const PUT: &[&str] = &["install", dnf::TRANSIENT, "-y"];
const TAKE: &[&str] = &["remove", dnf::TRANSIENT, "-y"];

/// What is asked of rpm-ostree and dnf, by kind: names, and the items that they carry out.
#[derive(Default)]
struct Asked {
    install: Vec<(String, ItemKey)>,
    uninstall: Vec<(String, ItemKey)>,
    remove: Vec<(String, ItemKey)>,
    reset: Vec<(String, ItemKey)>,
    /// Of dnf, which is the program's name.
    dnf: Option<&'static str>,
    put: Vec<(String, ItemKey)>,
    take: Vec<(String, ItemKey)>,
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
    let means = Means::of(host, &deployments)?;
    let (mut asked, mut blocked) = (Asked::default(), Vec::new());
    for (item, wanted) in items {
        match one(item, wanted, &machine, &means) {
            Ok(Some(ask)) => ask.add(&mut asked, item),
            Ok(None) => (),
            Err(reason) => blocked.push(Blocked::later(&item.key(), reason)),
        }
    }
    if !(asked.put.is_empty() && asked.take.is_empty()) {
        asked.dnf = means.dnf();
    }
    Ok(Steps { steps: asked.steps(host), blocked, ..Steps::default() })
}

/// One thing that rpm-ostree or dnf is asked for.
#[derive(Clone, Copy)]
enum Ask {
    Install,
    Uninstall,
    Remove,
    Reset,
    /// On top until the next restart.
    Put,
    /// What is on top, before that.
    Take,
}

impl Ask {
    fn add(self, asked: &mut Asked, item: Item<'_>) {
        let list = match self {
            Self::Install => &mut asked.install,
            Self::Uninstall => &mut asked.uninstall,
            Self::Remove => &mut asked.remove,
            Self::Reset => &mut asked.reset,
            Self::Put => &mut asked.put,
            Self::Take => &mut asked.take,
        };
        list.push((item.name().to_owned(), item.key()));
    }
}

/// What makes one item be there, or not; or why that has to wait for the next image.
fn one(
    item: Item<'_>,
    wanted: bool,
    machine: &Machine<'_>,
    means: &Means<'_>,
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
        (Item::Package(_), true) if machine.until_restart(name) == Some(true) => None,
        (Item::Package(_), true) => Some(Ask::Install),
        (Item::Package(_), false) if requested => Some(Ask::Uninstall),
        (Item::Package(_), false) if machine.until_restart(name) == Some(true) => {
            if machine.is_needed(name) {
                return Err(gettext("what was installed until the next restart needs it"));
            }
            Some(Ask::Take)
        }
        (Item::Package(_), false) if in_base == Some(true) && !removed => {
            return Err(gettext(
                "the image brings it, so it stays until an image is built without it: exclude it if a base image has it",
            ));
        }
        (Item::Package(_), false) if has == Some(true) => {
            return Err(gettext("a layered package needs it"));
        }
        (Item::Package(_), false) => match machine.until_restart_unread() {
            Some(reason) => return Err(reason.to_owned()),
            None => None,
        },
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
    match (ask, means.obstacle) {
        (Some(Ask::Take), _) if means.dnf().is_none() => Err(gettext(
            "no dnf with “--transient” is here to take it off again, so it goes with the next restart",
        )),
        (None | Some(Ask::Take), _) | (_, None) => Ok(ask),
        (Some(Ask::Install), Some(_)) if means.dnf().is_some() => Ok(Some(Ask::Put)),
        (_, Some(obstacle)) => Err(obstacle.reason()),
    }
}

impl Asked {
    fn steps(self, host: &Host) -> Vec<Step> {
        let (back, layered) = (self.reset.len(), self.install.len());
        let (dropped, gone) = (self.uninstall.len(), self.remove.len());
        let (put, taken) = (self.put.len(), self.take.len());
        let (layers, dnf) = ("rpm-ostree", self.dnf.unwrap_or("dnf"));
        let all = [
            (
                self.reset,
                (layers, RESET),
                ngettext(
                    "Bring a package back that was removed here",
                    "Bring {n} packages back that were removed here",
                    back,
                ),
            ),
            (
                self.install,
                (layers, INSTALL),
                ngettext("Layer a package", "Layer {n} packages", layered),
            ),
            (
                self.put,
                (dnf, PUT),
                ngettext(
                    "Install a package until the next restart",
                    "Install {n} packages until the next restart",
                    put,
                ),
            ),
            (
                self.take,
                (dnf, TAKE),
                ngettext(
                    "Remove a package that was installed until the next restart",
                    "Remove {n} packages that were installed until the next restart",
                    taken,
                ),
            ),
            (
                self.uninstall,
                (layers, UNINSTALL),
                ngettext("Drop a layered package", "Drop {n} layered packages", dropped),
            ),
            (
                self.remove,
                (layers, REMOVE),
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

fn step(
    host: &Host,
    mut asked: Vec<(String, ItemKey)>,
    (program, words): (&str, &[&str]),
    title: &str,
) -> Step {
    asked.sort();
    let (mut names, items): (Vec<String>, Vec<ItemKey>) = asked.into_iter().unzip();
    // What was removed and is wanted is told of twice.
    names.dedup();
    let count = names.len().to_string();
    let command = Command::new(program).args(words.iter().copied()).args(names);
    Step {
        title: fill(title, &[("n", &count)]),
        action: Action::Run(privilege::as_root(host, command)),
        risk: Risk {
            password: true,
            reboot: ![PUT, TAKE].contains(&words),
            network: words != TAKE,
            removes: [UNINSTALL, REMOVE, TAKE].contains(&words),
            ..Risk::default()
        },
        items,
    }
}

/// By which means packages can be had on this machine now.
struct Means<'a> {
    host: &'a Host,
    /// Why rpm-ostree cannot be asked.
    obstacle: Option<Obstacle>,
    /// Whether what dnf puts on top can be told from the image.
    told_apart: bool,
    dnf: OnceCell<Option<&'static str>>,
}

impl<'a> Means<'a> {
    fn of(host: &'a Host, deployments: &Deployments) -> Result<Self> {
        let told_apart = !deployments.booted.stateroot.is_empty();
        Ok(Self { host, obstacle: cannot_layer(host)?, told_apart, dnf: OnceCell::new() })
    }

    /// The program that installs until the next restart. It is asked once, and only where it is needed.
    fn dnf(&self) -> Option<&'static str> {
        *self.dnf.get_or_init(|| dnf::transient(self.host).filter(|_| self.told_apart))
    }
}

/// Why rpm-ostree cannot be asked.
#[derive(Clone, Copy)]
enum Obstacle {
    /// Its settings forbid it.
    Locked,
    /// It is not installed.
    NotHere,
}

fn cannot_layer(host: &Host) -> Result<Option<Obstacle>> {
    if !host.path("/usr/bin/rpm-ostree").exists() {
        return Ok(Some(Obstacle::NotHere));
    }
    let path = host.path(SETTINGS);
    let settings = Keyfile::parse(&fs::read(&path)?.unwrap_or_default())
        .with_context(|| path.display().to_string())?;
    let locked = settings.flag("Daemon", "LockLayering") == Some(true);
    Ok(locked.then_some(Obstacle::Locked))
}

impl Obstacle {
    fn reason(self) -> String {
        match self {
            Self::Locked => gettext(
                "layering is locked on this machine (LockLayering in /etc/rpm-ostreed.conf), so it takes the next image",
            ),
            Self::NotHere => {
                gettext("there is no rpm-ostree on this machine, so it takes the next image")
            }
        }
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
