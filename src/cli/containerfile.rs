//! `bkt containerfile`: the sections of the Containerfiles that the manifests fill.

use clap::Subcommand;
use serde::Serialize;
use similar::TextDiff;

use super::act::{self, versioned};
use super::app::{App, Exit};
use super::output::{Style, paint};
use crate::engine::{ContainerfileReport, SectionReport, SectionState};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("The sections of the Containerfiles that the manifests fill"),
    after_help = gettext("\
A section stands between “# === NAME (managed by bkt) ===” and “# === END NAME ===”. What is between these lines is made \
from the manifests, by every verb that changes one; everything else is left as it is, to the byte. The machine's image \
is built from Containerfile, and the development box's from toolbox/Containerfile.

Examples:
  bkt containerfile check               exit status 3 if a section does not say what the manifests say
  bkt containerfile sync                make all sections anew
  bkt containerfile sync --add-missing  the same, and add the sections that are not there
  bkt containerfile sync -n             only say what would be written")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Make all sections say what the manifests say"))]
    Sync {
        #[arg(long, help = gettext("Also add the sections that are not in their file"))]
        add_missing: bool,
    },
    #[command(about = gettext("Say whether the sections say what the manifests say: exit status 0 or 3"))]
    Check,
    #[command(about = gettext("Show what sync would change, line by line"))]
    Diff,
}

/// What `check` and `diff` answer as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    report: &'a ContainerfileReport,
    drift: bool,
    diff: String,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Sync { add_missing } => sync(app, *add_missing),
        Verb::Check => show(app, true),
        Verb::Diff => show(app, false),
    }
}

fn show(app: &App, check: bool) -> anyhow::Result<Exit> {
    let Some(report) = app.engine()?.containerfile()? else { return none(app) };
    let exit = if check && report.drifts() { Exit::Drift } else { Exit::Done };
    let diff = unified(&report);
    if app.global.json {
        app.out.json(&versioned(Answer { report: &report, drift: report.drifts(), diff }))?;
        return Ok(exit);
    }
    if !(check && app.global.quiet) {
        tell(app, &diff);
        tell_missing(app, &report);
        tell_notes(app, &report);
    }
    let differs = |one: &SectionReport| matches!(one.state, SectionState::Differs { .. });
    if !report.drifts() {
        app.out.say(&gettext("The Containerfile says what the manifests say."));
    } else if check && report.sections.iter().any(differs) {
        app.out.say(&gettext("The Containerfile does not say what the manifests say. To mend it: bkt containerfile sync"));
    }
    Ok(exit)
}

fn sync(app: &App, add_missing: bool) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let Some(report) = engine.containerfile()? else { return none(app) };
    let plan = engine.plan_containerfile(add_missing)?;
    let changes = !plan.steps.is_empty();
    if changes && (app.global.dry_run || app.out.verbose) {
        tell(app, &unified(&report));
    }
    if !add_missing {
        tell_missing(app, &report);
    }
    if !changes && !app.global.json {
        app.out.say(&gettext("The Containerfile says what the manifests say."));
        return Ok(Exit::Done);
    }
    let exit = act::carry_out(app, &engine, plan)?;
    if exit == Exit::Done && !app.global.dry_run && changes {
        app.out.say(&gettext(
            "The Containerfile says what the manifests say now. (to take it back: bkt undo)",
        ));
    }
    Ok(exit)
}

fn none(app: &App) -> anyhow::Result<Exit> {
    if app.global.json {
        app.out.json(&versioned(serde_json::json!({ "path": null, "drift": false })))?;
    }
    app.out.say(&gettext("The repository has no Containerfile."));
    Ok(Exit::Done)
}

/// What would change in the sections that are there, with line numbers, file by file.
fn unified(report: &ContainerfileReport) -> String {
    let made = gettext("as the manifests make it");
    let diffs = report.files.iter().map(|file| {
        let diff = TextDiff::from_lines(file.text.as_str(), file.made.as_str());
        diff.unified_diff().header(&file.path, &format!("{} ({made})", file.path)).to_string()
    });
    diffs.collect()
}

fn tell(app: &App, diff: &str) {
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => Style::Green,
            Some(b'-') => Style::Red,
            Some(b'@') => Style::Cyan,
            _ => Style::Dim,
        };
        app.out.line(&paint(style, line));
    }
}

/// Says what the sections do not do of what the manifests want.
fn tell_notes(app: &App, report: &ContainerfileReport) {
    for section in &report.sections {
        for note in &section.notes {
            let text = format!("{}, {}: {note}", section.file, section.name);
            app.out.warn(&paint(Style::Yellow, &text));
        }
    }
}

/// Says which sections the file has no place for: those that the image needs, and with `-v` the others.
pub(super) fn tell_missing(app: &App, report: &ContainerfileReport) {
    for section in &report.sections {
        let text = match &section.state {
            SectionState::Missing { needed: true, .. } => gettext(
                "The section {name} is missing in {file}, so the image does not get what it is for. To add it: bkt containerfile sync --add-missing",
            ),
            SectionState::Missing { needed: false, .. } if app.out.verbose => {
                gettext("The section {name} is missing in {file}, and nothing is wanted of it.")
            }
            _ => continue,
        };
        let text = fill(&text, &[("name", &section.name), ("file", &section.file)]);
        match section.drifts() {
            true => app.out.warn(&paint(Style::Yellow, &text)),
            false => app.out.say(&text),
        }
    }
}
