//! `bkt history`: what was done here, newest first.

use serde::Serialize;

use super::act::versioned;
use super::app::{App, Exit};
use super::output::{Style, paint};
use super::show;
use crate::engine::journal::{Kind, Operation};
use crate::engine::undo::UndoError;
use crate::engine::{Engine, Verdict};
use crate::words::{fill, gettext, ngettext};

/// How many operations are shown without `-v`.
const SHOWN: usize = 20;

#[derive(clap::Args)]
#[command(
    about = gettext("List what was done, newest first"),
    after_help = gettext("\
Examples:
  bkt history                      the last operations
  bkt history -v                   all of them, with every change
  bkt history 12                   one operation with all its changes")
)]
pub(super) struct Args {
    #[arg(value_name = "OPERATION", help = gettext("Only this operation, in full"))]
    operation: Option<u64>,
}

#[derive(Serialize)]
struct Operations<'a> {
    operations: Vec<&'a Operation>,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let history = engine.history()?;
    let chosen: Vec<&Operation> = match args.operation {
        None => history.iter().rev().collect(),
        Some(number) => {
            let found = history.iter().find(|operation| operation.number == number);
            vec![found.ok_or(UndoError::Unknown(number))?]
        }
    };
    if app.global.json {
        app.out.json(&versioned(Operations { operations: chosen }))?;
        return Ok(Exit::Done);
    }
    if chosen.is_empty() {
        app.out.say(&gettext("Nothing was done here yet."));
    }
    let full = app.out.verbose || args.operation.is_some();
    let shown = if full { chosen.len() } else { SHOWN };
    for operation in chosen.iter().take(shown) {
        one(app, &engine, operation, full);
    }
    if chosen.len() > shown {
        let more = chosen.len() - shown;
        let text = ngettext("and {n} more (-v shows it)", "and {n} more (-v shows them)", more);
        app.out.line(&fill(&text, &[("n", &more.to_string())]));
    }
    Ok(Exit::Done)
}

fn one(app: &App, engine: &Engine, operation: &Operation, full: bool) {
    let number = paint(Style::Bold, &format!("{:>4}", operation.number));
    let notes = notes(operation);
    let notes = match notes.is_empty() {
        true => String::new(),
        false => format!("  {}", paint(Style::Dim, &format!("({})", notes.join(", ")))),
    };
    app.out.line(&format!("{number}  {}  {}{notes}", when(&operation.at), what(engine, operation)));
    if !full {
        return;
    }
    for ended in &operation.results {
        show::change(app, engine, &ended.change);
        let text = match &ended.verdict {
            Verdict::Done => continue,
            Verdict::Moved => gettext("left alone, because it has moved since"),
            Verdict::Failed(why) => why.clone(),
            Verdict::NotDone => gettext("not done"),
        };
        app.out.line(&format!("      {}", paint(Style::Red, &text)));
    }
}

/// An operation's time, by this machine's clock.
pub(super) fn when(at: &str) -> String {
    match at.parse::<jiff::Timestamp>() {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.to_owned(),
    }
}

fn what(engine: &Engine, operation: &Operation) -> String {
    let undoes = operation.undoes.map(|number| number.to_string()).unwrap_or_default();
    match operation.kind {
        Kind::Undo => return fill(&gettext("Undo of {number}"), &[("number", &undoes)]),
        Kind::Redo => {
            return fill(&gettext("Redo: undo of {number} taken back"), &[("number", &undoes)]);
        }
        Kind::Do => (),
    }
    let Some(first) = operation.changes.first() else {
        let first = operation.steps.first();
        return first.map(|planned| planned.step.title.clone()).unwrap_or_default();
    };
    let first = show::describe(engine, first);
    match operation.changes.len() - 1 {
        0 => first,
        n => {
            let text = ngettext("{first} and {n} more change", "{first} and {n} more changes", n);
            fill(&text, &[("first", &first), ("n", &n.to_string())])
        }
    }
}

fn notes(operation: &Operation) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(by) = operation.undone_by {
        notes.push(fill(&gettext("undone by {number}"), &[("number", &by.to_string())]));
    }
    if !operation.ended {
        notes.push(gettext("cut off"));
    }
    let missed = operation.results.iter().filter(|ended| ended.verdict != Verdict::Done).count();
    if missed > 0 {
        let text = ngettext("{n} change not made", "{n} changes not made", missed);
        notes.push(fill(&text, &[("n", &missed.to_string())]));
    }
    notes
}
