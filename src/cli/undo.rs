//! `bkt undo`: take an operation back.

use super::act;
use super::app::{App, Exit};
use crate::engine::journal::Shared;
use crate::words::{fill, gettext};

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
    let history = engine.history()?;
    let undone = history.into_iter().find(|operation| plan.undoes == Some(operation.number));
    let exit = act::carry_out(app, &engine, plan)?;
    if let Some(shared) = undone.and_then(|operation| operation.shared) {
        tell_shared(app, &shared);
    }
    Ok(exit)
}

/// What others can see is not taken back here.
fn tell_shared(app: &App, shared: &Shared) {
    let text = match &shared.request {
        Some(_) => gettext("The branch {branch} and the pull request stay as they are: {url}"),
        None => gettext("The branch {branch} stays on the remote as it is."),
    };
    let url = shared.request.as_deref().unwrap_or_default();
    app.out.say(&fill(&text, &[("branch", &shared.branch), ("url", url)]));
}
