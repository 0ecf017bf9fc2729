//! `bkt flatpak`: apps, their overrides and remotes, on this machine and in the manifests.

mod add;
mod overrides;
mod remote;
mod show;

use clap::Subcommand;

use super::app::{App, Exit};
use super::noun;
use crate::core::item::ItemKey;
use crate::host::flatpak::Scope;
use crate::subsystem::flatpak::{APPS, REMOTES};
use crate::subsystem::names_item;
use crate::words::gettext;

const NOUN: &str = "flatpak";

#[derive(clap::Args)]
#[command(
    about = gettext("Flatpak apps, their overrides and remotes"),
    after_help = gettext("\
Removing an app never removes its data: that stays in ~/.var/app until you delete it.

Examples:
  bkt flatpak add org.gnome.Boxes            install it, here and in the manifest
  bkt flatpak remove org.gnome.Boxes --local uninstall it on this machine alone
  bkt flatpak override show org.gnome.Boxes  what it may do, and who says so
  bkt flatpak remote list                    remotes, and how they stand")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Install apps, here and in the manifest"))]
    Add(add::Add),
    #[command(about = gettext("Uninstall apps; their data stays"))]
    Remove(add::Named),
    #[command(about = gettext("Keep apps at the version they have: updates pass them over"))]
    Mask(add::Named),
    #[command(about = gettext("Let apps update again"))]
    Unmask(add::Named),
    #[command(about = gettext("What apps may do: show and change it"))]
    Override {
        #[command(subcommand)]
        verb: overrides::Verb,
    },
    #[command(about = gettext("Where apps come from"))]
    Remote {
        #[command(subcommand)]
        verb: remote::Verb,
    },
    #[command(about = gettext("List everything, in the manifest or on this machine, and how it stands"))]
    List {
        #[arg(long, help = gettext("Show the runtimes too, which apps bring along and no manifest has"))]
        runtimes: bool,
    },
    Sync(noun::Sync),
    Capture(noun::Capture),
}

/// Whether `typed` names an app: by its id, its title, or the last part of its id.
fn names_app(typed: &str, key: &ItemKey, title: &str) -> bool {
    let last = key.as_str().rsplit('.').next().unwrap_or_default();
    names_item(typed, key, title) || last.eq_ignore_ascii_case(typed)
}

/// Whose installation, or whose overrides.
#[derive(clap::Args, Clone, Copy)]
pub(super) struct Whose {
    #[arg(long, conflicts_with = "system", help = gettext("Your own"))]
    user: bool,
    #[arg(long, help = gettext("Every user's"))]
    system: bool,
}

impl Whose {
    /// The scope that was named, if one was.
    fn scope(self) -> Option<Scope> {
        match (self.user, self.system) {
            (true, _) => Some(Scope::User),
            (_, true) => Some(Scope::System),
            _ => None,
        }
    }

    /// The scopes to look in.
    fn scopes(self) -> Vec<Scope> {
        self.scope().map_or_else(|| vec![Scope::User, Scope::System], |scope| vec![scope])
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Add(add) => add::add(app, add),
        Verb::Remove(named) => add::remove(app, named),
        Verb::Mask(named) => add::mask(app, named, true),
        Verb::Unmask(named) => add::mask(app, named, false),
        Verb::Override { verb } => overrides::run(app, verb),
        Verb::Remote { verb } => remote::run(app, verb),
        Verb::List { runtimes } => show::list(app, *runtimes),
        Verb::Sync(args) => noun::sync(app, NOUN, args),
        Verb::Capture(args) => noun::capture(app, NOUN, args),
    }
}
