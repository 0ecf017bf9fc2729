//! `bkt image`: what the next image has, in the manifests and the Containerfile; this machine is left as it is.

use clap::Subcommand;

use super::app::{App, Exit};
use super::pun::Recorded;
use super::{dnf, kargs, units};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("What the next image has: manifests and Containerfile alone"),
    after_help = gettext("\
These verbs change nothing on this machine. What they change comes with the next image, on every machine that is \
started from it.

Examples:
  bkt image dnf install htop              the next image has it
  bkt image kargs append mitigations=off  the next image is started with it
  bkt image systemd mask abrtd.service    the next image never starts it
  bkt containerfile diff                  what the image is built from, and what would change")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Packages of the image"))]
    Dnf {
        #[command(subcommand)]
        verb: dnf::ImageVerb,
    },
    #[command(about = gettext("Kernel arguments of the image"))]
    Kargs {
        #[command(subcommand)]
        verb: kargs::Verb<Recorded>,
    },
    #[command(about = gettext("Systemd units of the image"))]
    Systemd {
        #[command(subcommand)]
        verb: units::Verb<Recorded>,
    },
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Dnf { verb } => dnf::image(app, verb),
        Verb::Kargs { verb } => kargs::run(app, verb),
        Verb::Systemd { verb } => units::run(app, verb),
    }
}
