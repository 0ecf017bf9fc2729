//! `bkt dev`: the development box, its packages and its toolchains.

mod elsewhere;
mod show;

use clap::Subcommand;

use super::app::{App, Exit};
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
  bkt dev status                   what the box has, what the manifest wants
  bkt dev diff                     both values of every difference, side by side")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Status(show::Status),
    Diff(show::Diff),
    #[command(flatten)]
    Elsewhere(elsewhere::Verb),
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Status(args) => show::status(app, args),
        Verb::Diff(args) => show::diff(app, args),
        Verb::Elsewhere(verb) => Err(elsewhere::instead(verb).into()),
    }
}
