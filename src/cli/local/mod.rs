//! `bkt local`: what was done with `--local`, for this machine alone and until its next boot.

mod commit;

use clap::Subcommand;
use serde::Serialize;

use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};
use crate::cli::history;
use crate::cli::output::{Style, paint};
use crate::engine::local::{self, LocalAction, LocalChange};
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("List what was changed on this machine alone, and save it to the manifests"),
    after_help = gettext("\
A verb with --local changes this machine and no manifest. The list says which changes nobody meant to keep; the next boot \
empties it. What is captured, undone or changed again leaves it.

Examples:
  bkt gsetting set org.gnome.desktop.interface clock-show-weekday true --local
  bkt local list                   what was done so, and with which command
  bkt local commit                 save it to the manifests after all
  bkt local clear                  forget the list; the machine stays as it is")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("List the local changes"))]
    List,
    Commit(commit::Args),
    #[command(about = gettext("Forget the list; what was done stays"))]
    Clear,
}

#[derive(Serialize)]
struct Answer<'a> {
    changes: &'a [LocalChange],
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let changes = match &args.verb {
        Verb::Commit(args) => return commit::run(app, args),
        Verb::Clear if !app.global.dry_run => local::clear(&app.host)?,
        Verb::List | Verb::Clear => local::list(&app.host)?,
    };
    if app.global.json {
        app.out.json(&versioned(Answer { changes: &changes }))?;
        return Ok(Exit::Done);
    }
    if changes.is_empty() {
        app.out.say(&gettext("There are no local changes."));
        return Ok(Exit::Done);
    }
    for change in &changes {
        let sign = match change.action {
            LocalAction::Add => paint(Style::Green, "+"),
            LocalAction::Remove => paint(Style::Red, "−"),
            LocalAction::Update => paint(Style::Yellow, "≠"),
        };
        let when = history::when(&change.timestamp);
        let item = format!("{} {}", change.subsystem, paint(Style::Bold, change.item.as_str()));
        app.out.line(&format!("  {sign} {item}"));
        app.out.line(&paint(Style::Dim, &format!("      {when}  {}", change.command)));
    }
    if matches!(args.verb, Verb::Clear) && app.global.dry_run {
        app.out.say(&gettext("Nothing was changed: this is a dry run."));
    } else if matches!(args.verb, Verb::Clear) {
        let n = changes.len();
        let text =
            ngettext("{n} local change is forgotten.", "{n} local changes are forgotten.", n);
        app.out.say(&fill(&text, &[("n", &n.to_string())]));
    }
    Ok(Exit::Done)
}
