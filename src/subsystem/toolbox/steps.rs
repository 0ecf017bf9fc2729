//! How packages come into the box and go again: its own package manager does it, in one transaction of each kind.

use anyhow::Result;

use super::dev::Dev;
use super::live::is_dnf;
use crate::core::item::ItemKey;
use crate::core::plan::{Action, Change, Risk, Step};
use crate::host::Host;
use crate::host::boxes::As;
use crate::subsystem::distrobox::manager;
use crate::subsystem::packages::entries::Item;
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

pub(super) fn plan(changes: &[&Change], host: &Host) -> Result<Steps> {
    let none = |reason: &str| {
        let blocked = changes.iter().map(|change| Blocked::never(&change.item, reason)).collect();
        Steps { steps: Vec::new(), blocked }
    };
    let dev = match Dev::read(host) {
        Ok(dev) => dev,
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
        let text = ngettext(
            "Install a package in the development box",
            "Install {n} packages in the development box",
            come.len(),
        );
        let (names, items, title) = told(come, &text);
        steps.push(Step {
            title,
            action: Action::Run(dev.inside(As::Root, manager::install(manager, &names))),
            risk: Risk { network: true, ..Risk::default() },
            items,
        });
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
    Ok(Steps { steps, blocked })
}

fn told(mut asked: Vec<(String, ItemKey)>, title: &str) -> (Vec<String>, Vec<ItemKey>, String) {
    asked.sort();
    let title = fill(title, &[("n", &asked.len().to_string())]);
    let (names, items) = asked.into_iter().unzip();
    (names, items, title)
}
