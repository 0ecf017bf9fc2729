//! `bkt apply`: change the system to what the manifests say.

use super::app::{App, Exit};
use super::capture::{Selection, go};
use crate::engine::Verb;
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Change this machine to what the manifests say"),
    after_help = gettext("\
The plan is shown first. What would remove something, or take back what was changed on this machine, is left out \
unless it is named with -i, or --prune or --force is given. Ctrl-C finishes the step that was begun, and says what was done.

Examples:
  bkt apply                        everything the manifests have or changed
  bkt apply extension gsetting     only extensions and settings
  bkt apply -i org.gnome.Boxes     one item, by its id, its title or its whole key
  bkt apply --prune                also remove what the manifests no longer have
  bkt apply --now packages         also what the next image brings
  bkt --cli apply                  as a service does it: without questions, for the journal")
)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[arg(long, help = gettext("Have what the next image brings on this machine now"))]
    now: bool,
    #[arg(long, help = gettext("Also make boxes anew that have to be, and lose what is in them"))]
    recreate: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let selection = Selection { now: args.now, losses: args.recreate, ..args.selection.clone() };
    go(app, Verb::Apply, &selection, false)
}
