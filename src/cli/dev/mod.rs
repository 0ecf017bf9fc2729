//! `bkt dev`: the development box, its packages and its toolchains.

pub(super) mod dnf;
mod elsewhere;
mod enter;
mod npm;
mod proto;
mod rustup;
mod script;
mod show;
mod tools;
mod update;

use clap::Subcommand;

use super::app::{App, Exit};
use super::noun;
use crate::host::inside::Place;
use crate::subsystem::toolbox::Dev;
use crate::words::gettext;

/// What the development box's subsystems are called on the command line.
const NOUN: &str = "dev";

#[derive(clap::Args)]
#[command(
    about = gettext("The development box: its packages and toolchains"),
    after_help = gettext("\
The development box is the container that you work in. repo.json names it (dev_container); without a name there it is \
bootc-dev. What is said here acts in the box, from inside and from outside of it. Apps, extensions, settings and the \
packages of the image belong to the machine, and have verbs of their own.

Examples:
  bkt dev enter                    a shell in the box
  bkt dev status                   what the box has, what the manifest wants
  bkt dev dnf install gcc          the box has it now, and the manifest and the box's Containerfile say so
  bkt dev update                   to the newest image of the box, with everything that is in it
  bkt dev rustup default stable    Rust in the box; and npm, proto and script likewise
  bkt dev capture                  save what was installed in the box by hand
  bkt apply dev                    install in the box what the manifest wants")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Enter(enter::Args),
    Update(update::Args),
    Status(show::Status),
    Diff(show::Diff),
    #[command(about = gettext("Packages of the development box"))]
    Dnf {
        #[command(subcommand)]
        verb: dnf::Verb,
    },
    Capture(noun::Capture),
    Rustup(rustup::Args),
    Npm(npm::Args),
    Proto(proto::Args),
    Script(script::Args),
    #[command(flatten)]
    Elsewhere(elsewhere::Verb),
}

/// Whether this was called in the development box, and handed over to the machine.
fn called_in(app: &App, dev: &Dev) -> bool {
    match Place::called_in(&app.host) {
        Some(Place::Toolbox(Some(name)) | Place::Distrobox(Some(name))) => {
            name == dev.boxed.name.as_str()
        }
        _ => false,
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Enter(args) => enter::run(app, args),
        Verb::Update(args) => update::run(app, args),
        Verb::Status(args) => show::status(app, args),
        Verb::Diff(args) => show::diff(app, args),
        Verb::Dnf { verb } => dnf::run(app, verb),
        Verb::Capture(args) => noun::capture(app, NOUN, args),
        Verb::Rustup(args) => rustup::run(app, args),
        Verb::Npm(args) => npm::run(app, args),
        Verb::Proto(args) => proto::run(app, args),
        Verb::Script(args) => script::run(app, args),
        Verb::Elsewhere(verb) => Err(elsewhere::instead(verb).into()),
    }
}
