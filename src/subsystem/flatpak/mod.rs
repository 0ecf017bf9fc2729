//! Flatpak: remotes, and apps with their overrides.

mod apps;
mod capture;
pub mod catalogue;
pub mod check;
pub mod edit;
pub mod effective;
mod entry;
pub mod flags;
pub mod grants;
mod limits;
pub mod offers;
pub mod openpgp;
mod overrides;
pub mod raw;
mod remotes;
mod steps;
mod stores;

pub use apps::{FlatpakApps, ID as APPS};
pub use remotes::{FlatpakRemotes, ID as REMOTES};

use crate::core::item::ItemKey;
use crate::core::names::AppId;
use crate::core::plan::{Action, Command, Risk, Step};
use crate::host::Host;
use crate::host::flatpak::{self, Scope};
use crate::subsystem::Unreadable;
use crate::words::gettext;

/// What a key of `flatpak-apps` names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// `user/org.gnome.Boxes`
    App(Scope, AppId),
    /// `global/user`: the overrides for every app.
    Global(Scope),
}

impl Item {
    /// The item of a key.
    pub fn parse(key: &ItemKey) -> Option<Self> {
        let (scope, id) = key.as_str().split_once('/')?;
        match scope {
            "global" => Scope::parse(id).map(Self::Global),
            scope => Some(Self::App(Scope::parse(scope)?, id.parse().ok()?)),
        }
    }

    /// The item's key.
    pub fn key(&self) -> ItemKey {
        match self {
            Self::App(scope, id) => ItemKey::new(format!("{}/{id}", scope.as_str())),
            Self::Global(scope) => ItemKey::new(format!("global/{}", scope.as_str())),
        }
    }
}

/// Unavailable where there is nothing of flatpak on this machine.
fn check(host: &Host) -> Result<(), Unreadable> {
    match flatpak::is_there(host) {
        true => Ok(()),
        false => Err(Unreadable::Unavailable {
            reason: gettext("Flatpak is not installed"),
            hint: Some(gettext("Install the package “flatpak”, then check again.")),
        }),
    }
}

/// Whether `flatpak` has to ask for a password before it changes `scope`.
fn asks(scope: Scope, host: &Host) -> bool {
    scope == Scope::System && !host.env().is_root
}

/// `flatpak VERB` on a scope, which asks nothing.
///
/// `--noninteractive` also forbids polkit to ask for a password, so where a desktop can show that dialog it is
/// `--assumeyes`.
fn transaction(verb: &str, scope: Scope, host: &Host) -> Command {
    let desktop = host.var("WAYLAND_DISPLAY").or_else(|| host.var("DISPLAY")).is_some();
    let quiet = match asks(scope, host) && desktop {
        true => "--assumeyes",
        false => "--noninteractive",
    };
    Command::new("flatpak").args([verb, scope.flag(), quiet])
}

/// A step that runs `command`.
fn run(title: String, command: Command, risk: Risk, items: Vec<ItemKey>) -> Step {
    Step { title, action: Action::Run(command), risk, items }
}

#[cfg(test)]
mod tests;
