//! `bkt undo`: take an operation back.

use super::act;
use super::app::{App, Exit};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Take an operation back"),
    after_help = gettext("\
What has moved since the operation is left alone, and said.

Examples:
  bkt undo                         the last operation that stands
  bkt undo 12                      operation 12 of `bkt history`
  bkt undo -n                      what that would do")
)]
pub(super) struct Args {
    #[arg(value_name = "OPERATION", help = gettext("The operation's number; the last one where it is left out"))]
    operation: Option<u64>,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let plan = engine.plan_undo(args.operation)?;
    act::carry_out(app, &engine, plan)
}
