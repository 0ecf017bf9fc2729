//! `bkt dnf`: the packages of the image, on this machine and in the manifests.

mod copr;
mod names;
mod own;
mod packages;
mod pass;
mod sync;

use clap::Subcommand;

use super::app::{App, Exit};
use super::noun;
use super::pun::{Pun, Recorded};
use crate::words::gettext;

const NOUN: &str = "dnf";

#[derive(clap::Args)]
#[command(
    about = gettext("Packages of the image, on this machine and in the manifests"),
    after_help = gettext("\
Packages belong to the image: what is installed is saved to the manifest and to the Containerfile, and the next image \
has it. This machine gets it at once where it can: as a layer that rpm-ostree puts on top of its image, or, where it \
cannot, by dnf until the next restart. Where the image brings a package, removing it excludes it from the next image.

search, info, provides and list are dnf's own: they answer for the place they are called in, a toolbox as well. What \
stands after the verb is handed over; what begins with a dash goes behind “--”. In a toolbox or a distrobox, install and \
remove are about that box: in the development box they are those of bkt dev dnf.

Examples:
  bkt dnf search editor                which packages there are
  bkt dnf install htop                 this machine, the manifest and the Containerfile get it
  bkt dnf install htop --manifest-only the next image has it
  bkt dnf remove htop                  and it goes again
  bkt dnf sync --now                   have what the next image brings without waiting for it
  bkt status dnf -v                    what is wanted and what is here")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Search packages, with dnf"))]
    Search(pass::Handed),
    #[command(about = gettext("Describe packages, with dnf"))]
    Info(pass::Handed),
    #[command(about = gettext("Say which packages bring a file or a command, with dnf"))]
    Provides(pass::Handed),
    #[command(about = gettext("List packages, with dnf"))]
    List(pass::Handed),
    #[command(about = gettext("Install packages and groups, here and in the image"))]
    Install(Here),
    #[command(about = gettext("Remove packages and groups, here and from the image"))]
    Remove(Here),
    Sync(sync::Sync),
    Capture(noun::Capture),
    #[command(about = gettext("Package repositories of COPR"))]
    Copr {
        #[command(subcommand)]
        verb: copr::Verb,
    },
}

/// Names, and how to act on them where this machine is one of the sides.
#[derive(clap::Args)]
struct Here {
    #[command(flatten)]
    named: names::Named<Pun>,
    #[arg(
        long,
        conflicts_with_all = ["local", "manifest_only", "pr", "pr_only"],
        help = gettext("Change the Containerfile alone, outside of its managed sections")
    )]
    containerfile_only: bool,
}

/// What `bkt image dnf` does: the manifest and the Containerfile alone.
#[derive(Subcommand)]
pub(super) enum ImageVerb {
    #[command(about = gettext("Have packages and groups in the next image"))]
    Install(names::Named<Recorded>),
    #[command(about = gettext("Have packages and groups no more in the next image"))]
    Remove(names::Named<Recorded>),
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Search(handed) => pass::on(app, "search", handed),
        Verb::Info(handed) => pass::on(app, "info", handed),
        Verb::Provides(handed) => pass::on(app, "provides", handed),
        Verb::List(handed) => pass::on(app, "list", handed),
        Verb::Install(Here { named, containerfile_only: true }) => own::install(app, named),
        Verb::Remove(Here { named, containerfile_only: true }) => own::remove(app, named),
        Verb::Install(Here { named, .. }) => packages::install(app, named),
        Verb::Remove(Here { named, .. }) => packages::remove(app, named),
        Verb::Sync(args) => sync::run(app, args),
        Verb::Capture(args) => noun::capture(app, NOUN, args),
        Verb::Copr { verb } => copr::run(app, verb),
    }
}

pub(super) fn image(app: &App, verb: &ImageVerb) -> anyhow::Result<Exit> {
    match verb {
        ImageVerb::Install(named) => packages::install(app, named),
        ImageVerb::Remove(named) => packages::remove(app, named),
    }
}
