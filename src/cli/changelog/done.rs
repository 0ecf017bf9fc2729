//! What a release leaves to do by hand, and noting that it was done on this machine.

use serde::Serialize;

use super::super::act::versioned;
use super::super::app::{App, Exit};
use super::super::errors::Misnamed;
use super::super::output::{Style, paint};
use super::show::one_line;
use crate::engine::changelog::ManualStep;
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Note that what was to do by hand is done on this machine"),
    after_help = gettext("\
Other machines do not hear of it. `bkt changelog pending` lists the steps with their numbers.

Examples:
  bkt changelog done 1                the first step of the list
  bkt changelog done --all")
)]
pub(super) struct Done {
    #[arg(value_name = "STEP", required_unless_present = "all", conflicts_with = "all", help = gettext("A step, by its number in `bkt changelog pending` or by its text"))]
    steps: Vec<String>,
    #[arg(long, help = gettext("All of them"))]
    all: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    done: &'a [ManualStep],
}

pub(super) fn run(app: &App, args: &Done) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let left = engine.changelog()?.map(|standing| standing.manual_steps).unwrap_or_default();
    let chosen = match args.all {
        true => left,
        false => {
            let named = args.steps.iter().map(|typed| named(&left, typed));
            let mut chosen = named.collect::<anyhow::Result<Vec<ManualStep>>>()?;
            chosen.dedup();
            chosen
        }
    };
    if !chosen.is_empty() {
        engine.note_done(&chosen)?;
    }
    if app.global.json {
        app.out.json(&versioned(Answer { done: &chosen }))?;
        return Ok(Exit::Done);
    }
    if chosen.is_empty() {
        app.out.say(&gettext("There is nothing to do by hand."));
    }
    for step in &chosen {
        let text = fill(&gettext("Done: {step}"), &[("step", &one_line(&step.step))]);
        app.out.say(&paint(Style::Green, &text));
    }
    if app.global.dry_run {
        app.out.say(&gettext("Nothing was changed: this is a dry run."));
    }
    Ok(Exit::Done)
}

fn named(left: &[ManualStep], typed: &str) -> anyhow::Result<ManualStep> {
    let number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let found = number
        .and_then(|index| left.get(index))
        .or_else(|| left.iter().find(|step| step.step == typed || one_line(&step.step) == typed));
    found.cloned().ok_or_else(|| {
        let text = gettext("there is no step “{step}” to do by hand");
        let hint = gettext("See which there are: bkt changelog pending");
        let message = fill(&text, &[("step", typed)]);
        Misnamed::Wrong { message, hint: Some(hint) }.into()
    })
}

/// Lists what is left to do by hand, with the numbers that `done` takes.
pub(super) fn list(app: &App, steps: &[ManualStep]) {
    if steps.is_empty() {
        return;
    }
    app.out.line(&paint(Style::Bold, &gettext("To do by hand on this machine")));
    for (index, step) in steps.iter().enumerate() {
        let from = format!("({}, {})", step.version, one_line(&step.entry));
        let text = one_line(&step.step);
        app.out.line(&format!("  {:>3}  {text}  {}", index + 1, paint(Style::Dim, &from)));
    }
    app.out.say(&gettext("To note what is done: bkt changelog done NUMBER"));
}

/// How many steps are named among the next actions.
const NAMED: usize = 3;

/// What is left to do by hand, for a list of next actions.
pub(in crate::cli) fn left(steps: &[ManualStep]) -> Vec<String> {
    let named = steps.iter().take(NAMED).map(|step| {
        let text = gettext("By hand: {step} ({version}; then: bkt changelog done)");
        let values = [("step", &*one_line(&step.step)), ("version", &step.version.to_string())];
        fill(&text, &values)
    });
    let mut lines: Vec<String> = named.collect();
    if let Some(more) = steps.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let text = ngettext(
            "By hand: {n} step more (bkt changelog pending)",
            "By hand: {n} steps more (bkt changelog pending)",
            more,
        );
        lines.push(fill(&text, &[("n", &more.to_string())]));
    }
    lines
}
