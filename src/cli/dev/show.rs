//! How the development box stands: its items, and both values of what differs.

use super::NOUN;
use crate::cli::app::{App, Exit};
use crate::cli::{diff, status};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(about = gettext("Say what differs between the manifest and the development box"))]
pub(super) struct Status {
    #[arg(long, help = gettext("Exit with status 3 if there are differences"))]
    exit_code: bool,
}

#[derive(clap::Args)]
#[command(about = gettext("Show both values of every difference, side by side"))]
pub(super) struct Diff {
    #[arg(short, long = "item", value_name = "ITEM", help = gettext("Only this item; may be given again"))]
    items: Vec<String>,
    #[arg(long, help = gettext("Exit with status 3 if there are differences"))]
    exit_code: bool,
}

pub(super) fn status(app: &App, args: &Status) -> anyhow::Result<Exit> {
    status::run(app, &status::Args::of(NOUN, args.exit_code))
}

pub(super) fn diff(app: &App, args: &Diff) -> anyhow::Result<Exit> {
    diff::run(app, &diff::Args::of(NOUN, args.exit_code, &args.items))
}
