//! `bkt changelog validate`: what a pull request has to pass.

use std::path::Path;

use serde::Serialize;

use super::super::act::versioned;
use super::super::app::{App, Exit};
use super::super::output::{Style, paint};
use crate::manifest::DocError;
use crate::manifest::changelog;
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Say whether the changelog is as it should be: exit status 0, 1 or 3"),
    after_help = gettext("\
Exit status 1: something is wrong, each with its file and line. 3: nothing is wrong, but drafts are left and may not be, \
or manifests changed since a commit and no entry tells of it. Where the branches have parted since then, the commit at \
which they did counts.

Examples:
  bkt changelog validate
  bkt changelog validate --no-drafts --since origin/main     what a pull request has to pass")
)]
pub(super) struct Validate {
    #[arg(long, help = gettext("Drafts may not be left"))]
    no_drafts: bool,
    #[arg(long, value_name = "COMMIT", help = gettext("Where manifests have changed since COMMIT, an entry was to be added"))]
    since: Option<String>,
}

/// Something with its place.
#[derive(Serialize)]
struct Place<'a> {
    file: String,
    line: usize,
    column: usize,
    what: &'a str,
}

/// What `validate` answers as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    problems: Vec<Place<'a>>,
    drafts: Vec<Place<'a>>,
    /// Changes of manifests that no entry tells of.
    untold: &'a [String],
}

fn place<'a>(root: &Path, error: &'a DocError) -> Place<'a> {
    let file = error.path.strip_prefix(root).unwrap_or(&error.path);
    let DocError { line, column, what, .. } = error;
    Place { file: file.to_string_lossy().into_owned(), line: *line, column: *column, what }
}

pub(super) fn run(app: &App, args: &Validate) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let root = &engine.repo().root;
    let log = changelog::look(&engine.manifests())?;
    let (problems, drafts) = (log.problems(), log.draft_places());
    let untold = match &args.since {
        // It may be the unreadable entry that tells of the change.
        Some(commit) if problems.is_empty() => engine.untold_since(&log, commit)?,
        _ => Vec::new(),
    };
    let exit = match () {
        () if !problems.is_empty() => Exit::Error,
        () if args.no_drafts && !drafts.is_empty() || !untold.is_empty() => Exit::Drift,
        () => Exit::Done,
    };
    let places = |errors: &'_ [DocError]| -> Vec<String> {
        errors
            .iter()
            .map(|error| place(root, error))
            .map(|at| format!("{}:{}:{}: {}", at.file, at.line, at.column, at.what))
            .collect()
    };
    if app.global.json {
        app.out.json(&versioned(Answer {
            problems: problems.iter().map(|error| place(root, error)).collect(),
            drafts: drafts.iter().map(|error| place(root, error)).collect(),
            untold: &untold,
        }))?;
        return Ok(exit);
    }
    for line in places(&problems) {
        app.out.line(&paint(Style::Red, &line));
    }
    if args.no_drafts || app.out.verbose {
        for line in places(&drafts) {
            app.out.line(&paint(Style::Yellow, &line));
        }
    }
    for change in &untold {
        app.out.line(&format!("  + {change}"));
    }
    if !untold.is_empty() {
        let n = untold.len();
        let text = ngettext(
            "{n} change of the manifests is told by no entry. To draft one: bkt changelog generate",
            "{n} changes of the manifests are told by no entry. To draft them: bkt changelog generate",
            n,
        );
        app.out.say(&fill(&text, &[("n", &n.to_string())]));
    }
    if args.no_drafts && !drafts.is_empty() {
        app.out.say(&gettext(
            "Drafts are left. When they are as they should be: bkt changelog ready --all",
        ));
    }
    if exit == Exit::Done {
        app.out.say(&gettext("The changelog is as it should be."));
    }
    Ok(exit)
}
