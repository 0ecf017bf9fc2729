//! `bkt drift check`, `status` and `resolve`: the same three questions under one noun, for scripts and timers.

use clap::Subcommand;

use super::app::{App, Exit};
use super::{resolve, status};
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(about = gettext("Check for differences, show them, or resolve them"))]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(
        about = gettext("Say only whether anything differs: exit status 0 or 3"),
        after_help = gettext("\
Examples:
  bkt drift check                  one line, and exit status 3 if anything differs
  bkt -q drift check flatpak       no line either")
    )]
    Check {
        #[arg(value_name = "SUBSYSTEM", help = gettext("Only these subsystems, by id (flatpak-apps) or noun (flatpak)"))]
        subsystems: Vec<String>,
    },
    Status(status::Args),
    Resolve(resolve::Args),
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Check { subsystems } => check(app, subsystems),
        Verb::Status(args) => status::run(app, args),
        Verb::Resolve(args) => resolve::run(app, args),
    }
}

fn check(app: &App, subsystems: &[String]) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let report = app.survey(&engine, subsystems)?;
    if app.global.json {
        app.out.json(&report)?;
    } else {
        super::act::tell_unread(app, &engine, &report);
    }
    let n = report.drifted();
    let text = match n {
        0 if report.failed() => gettext("What could be read matches."),
        0 => gettext("Everything matches."),
        n => ngettext("There is {n} difference.", "There are {n} differences.", n),
    };
    app.out.say(&fill(&text, &[("n", &n.to_string())]));
    Ok(status::exit(&report, true))
}
