//! `bkt redo`: do again what was undone last.

use super::act;
use super::app::{App, Exit};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Do again what was undone last"),
    after_help = gettext("\
Examples:
  bkt redo                         take the last undo back
  bkt redo -n                      what that would do")
)]
pub(super) struct Args {}

pub(super) fn run(app: &App) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let plan = engine.plan_redo()?;
    act::carry_out(app, &engine, plan)
}
