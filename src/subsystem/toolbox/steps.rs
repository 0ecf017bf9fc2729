//! How packages come into the box and go again: its own package manager does it, in one transaction of each kind.

use anyhow::Result;

use super::dev::{Dev, NoBox, first};
use super::live::is_dnf;
use crate::core::item::ItemKey;
use crate::core::names::ContainerName;
use crate::core::plan::{Action, Change, Command, Risk, Step};
use crate::host::Host;
use crate::host::boxes::{self, As, Maker};
use crate::subsystem::distrobox::manager;
use crate::subsystem::packages::entries::Item;
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

pub(super) fn plan(changes: &[&Change], host: &Host) -> Result<Steps> {
    let none = |reason: &str| {
        let blocked = changes.iter().map(|change| Blocked::never(&change.item, reason)).collect();
        Steps { blocked, ..Steps::default() }
    };
    let dev = match Dev::read(host) {
        Ok(dev) => dev,
        Err(NoBox::Missing { name, described: true }) => return to_come(changes, &name),
        Err(no) => return Ok(none(&no.reason())),
    };
    let manager = match dev.installed(host) {
        Ok(installed) => installed.manager,
        Err(reason) => return Ok(none(&reason)),
    };
    let (mut come, mut go, mut blocked) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let list = if change.after.is_some() { &mut come } else { &mut go };
        match Item::of(&change.item)? {
            Item::Group(_) if !is_dnf(manager) => {
                let reason =
                    gettext("only dnf knows groups, and this box has another package manager");
                blocked.push(Blocked::never(&change.item, reason));
            }
            Item::Group(name) => list.push((format!("@{name}"), change.item.clone())),
            item => list.push((item.name().to_owned(), change.item.clone())),
        }
    }
    let mut steps = Vec::new();
    if !come.is_empty() {
        let install = |names: &[String]| dev.inside(As::Root, manager::install(manager, names));
        steps.push(installing(come, &install));
    }
    if !go.is_empty() {
        let text = ngettext(
            "Remove a package from the development box",
            "Remove {n} packages from the development box",
            go.len(),
        );
        let (names, items, title) = told(go, &text);
        steps.push(Step {
            title,
            action: Action::Run(dev.inside(As::Root, manager::remove(manager, &names))),
            risk: Risk { removes: true, ..Risk::default() },
            items,
        });
    }
    Ok(Steps { steps, blocked, ..Steps::default() })
}

/// What is installed in a box that is made first. Its package manager is known only then, and whether it knows groups: they
/// come by themselves.
fn to_come(changes: &[&Change], name: &ContainerName) -> Result<Steps> {
    let (mut packages, mut groups, mut blocked) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let key = change.item.clone();
        match Item::of(&change.item)? {
            _ if change.after.is_none() => blocked.push(Blocked::never(&key, first(name).reason)),
            Item::Group(name) => groups.push((format!("@{name}"), key)),
            item => packages.push((item.name().to_owned(), key)),
        }
    }
    let install = |names: &[String]| {
        let command = manager::install_with_any(names);
        boxes::inside(Maker::Distrobox, name, As::Root, command)
    };
    let all = [packages, groups].into_iter().filter(|some| !some.is_empty());
    let steps = all.map(|some| installing(some, &install)).collect();
    Ok(Steps { steps, blocked, rests_on: Some(first(name)) })
}

fn installing(come: Vec<(String, ItemKey)>, install: &dyn Fn(&[String]) -> Command) -> Step {
    let text = ngettext(
        "Install a package in the development box",
        "Install {n} packages in the development box",
        come.len(),
    );
    let (names, items, title) = told(come, &text);
    let risk = Risk { network: true, ..Risk::default() };
    Step { title, action: Action::Run(install(&names)), risk, items }
}

fn told(mut asked: Vec<(String, ItemKey)>, title: &str) -> (Vec<String>, Vec<ItemKey>, String) {
    asked.sort();
    let title = fill(title, &[("n", &asked.len().to_string())]);
    let (names, items) = asked.into_iter().unzip();
    (names, items, title)
}
