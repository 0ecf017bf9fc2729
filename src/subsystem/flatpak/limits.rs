//! Changes that cannot be made on this machine, and what a person can do instead.

use std::collections::BTreeMap;

use super::overrides::{self, Changes};
use super::steps::pinned;
use super::{Item, asks, flags};
use crate::core::item::ItemKey;
use crate::core::names::AppId;
use crate::core::plan::{Change, Command};
use crate::host::flatpak::{self, Installation, Scope};
use crate::host::{Host, command};
use crate::words::{fill, gettext};

/// Adds to `reasons` why changes cannot be made.
pub(super) fn find(
    changes: &[(Item, &Change)],
    host: &Host,
    reasons: &mut BTreeMap<ItemKey, String>,
) {
    versions_for_root(changes, host, reasons);
    masks_of_others(changes, host, reasons);
    stay_for_others(changes, reasons);
}

/// An app that moves to the other scope does not leave this one before it can arrive there.
fn stay_for_others(changes: &[(Item, &Change)], reasons: &mut BTreeMap<ItemKey, String>) {
    for (item, change) in changes {
        let Item::App(scope, id) = item else { continue };
        let other = Item::App(scope.other(), id.clone()).key();
        if change.after.is_none()
            && let Some(reason) = reasons.get(&other).cloned()
        {
            reasons.insert(change.item.clone(), reason);
        }
    }
}

/// An app for every user is brought to another version by root alone: flatpak before 1.19 asks nobody.
fn versions_for_root(
    changes: &[(Item, &Change)],
    host: &Host,
    reasons: &mut BTreeMap<ItemKey, String>,
) {
    for (item, change) in changes {
        let (Item::App(Scope::System, id), Some(after)) = (item, &change.after) else { continue };
        let before = change.before.as_ref().and_then(|before| before.text("commit"));
        let moves = pinned(change, after).filter(|commit| before != Some(*commit));
        if let (Some(commit), true) = (moves, asks(Scope::System, host)) {
            let commit = format!("--commit={commit}");
            let args = ["flatpak", "update", "--system", &commit, id.as_str()];
            let text = match change.before {
                Some(_) => gettext(
                    "only root can bring an app for every user to a version: run “{command}” first",
                ),
                None => gettext(
                    "only root can bring an app for every user to a version: install it with “flatpak install --system”, and run “{command}”",
                ),
            };
            let command = command::display(&Command::new("sudo").args(args));
            reasons.insert(change.item.clone(), fill(&text, &[("command", &command)]));
        }
    }
}

/// An app is not let go where a mask covers it that covers others too.
fn masks_of_others(
    changes: &[(Item, &Change)],
    host: &Host,
    reasons: &mut BTreeMap<ItemKey, String>,
) {
    for (item, change) in changes {
        let (Item::App(scope, id), Some(before), Some(after)) =
            (item, &change.before, &change.after)
        else {
            continue;
        };
        if before.get("masked").is_none() || after.get("masked").is_some() {
            continue;
        }
        let installation = Installation::of(host, *scope);
        let Ok(Some(app)) = installation.app(id, &[]) else { continue };
        let masks = installation.config().map(|config| flatpak::masks(&config)).unwrap_or_default();
        let other = masks.iter().find(|mask| {
            flatpak::mask_covers(mask, id, &app.current.arch, &app.current.branch)
                && !own_masks(id).contains(mask)
        });
        if let Some(mask) = other {
            let command = Command::new("flatpak").args(["mask", scope.flag(), "--remove", mask]);
            let text = gettext("the mask “{mask}” keeps it from updates: run “{command}” first");
            let values = [("mask", mask.as_str()), ("command", &command::display(&command))];
            reasons.insert(change.item.clone(), fill(&text, &values));
        }
    }
}

/// The masks that are an app's own.
pub(super) fn own_masks(id: &AppId) -> [String; 2] {
    [id.to_string(), format!("app/{id}")]
}

/// What a person can do where only root may write: the command that does the same, or else the file to edit.
///
/// `flatpak override` cannot take a single permission back, and before 1.17 loses conditions.
pub(super) fn by_hand(file: &str, path: &str, changes: &Changes) -> String {
    let adds = changes.values().flatten().all(|value| !value.contains("if:"))
        && changes.values().all(Option::is_some);
    let flags = adds.then(|| flags::write(&[], changes, &overrides::Home::Nobody)).flatten();
    let Some(flags) = flags else {
        let text = gettext("only root can change overrides for every user: edit “{path}” as root");
        return fill(&text, &[("path", path)]);
    };
    let app = (file != "global").then(|| file.to_owned());
    let command =
        Command::new("sudo").args(["flatpak", "override", "--system"]).args(flags).args(app);
    let text = gettext("only root can change overrides for every user: run “{command}” first");
    fill(&text, &[("command", &command::display(&command))])
}
