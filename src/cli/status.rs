//! `bkt status`, and `bkt` alone, which adds the next step.

use schemars::JsonSchema;
use serde::Serialize;

use super::app::{App, Exit};
use super::output::{Style, columns, pad, paint};
use super::{changelog, errors, show};
use crate::core::item::Pending;
use crate::core::merge::{Drift, Suggestion};
use crate::core::report::{Availability, ItemReport, Report, SubsystemReport};
use crate::engine::changelog::Told;
use crate::engine::explain::explain;
use crate::engine::{Engine, local};
use crate::subsystem::Page;
use crate::words::{self, fill, gettext, ngettext};

/// How many items of a subsystem are shown without `-v`.
const SHOWN: usize = 12;

#[derive(clap::Args)]
// Part of `bkt diff` too, where a second group of this name would stand.
#[group(skip)]
#[command(
    about = gettext("Say what differs between the manifests and this machine"),
    after_help = gettext("\
+ only this machine has it   − only the manifest has it   ≠ they differ   ? it could not be read   ○ it cannot be so here

Examples:
  bkt status                       every subsystem
  bkt status flatpak -v            Flatpaks, with what is in sync and what is ignored
  bkt status --no-changelog        without what is pending in the changelog
  bkt status --json                for programs; `bkt schema report` describes it
  bkt status --exit-code           3 if anything differs")
)]
pub(super) struct Args {
    #[arg(value_name = "SUBSYSTEM", help = gettext("Only these subsystems, by id (flatpak-apps) or noun (flatpak)"))]
    pub(super) subsystems: Vec<String>,
    #[arg(long, help = gettext("Exit with status 3 if there are differences"))]
    pub(super) exit_code: bool,
    #[arg(long, help = gettext("Leave out what is pending in the changelog"))]
    pub(super) no_changelog: bool,
}

impl Args {
    /// One noun's, without the rest.
    pub(super) fn of(noun: &str, exit_code: bool) -> Self {
        Self { subsystems: vec![noun.to_owned()], exit_code, no_changelog: true }
    }
}

/// What `status --json` prints.
#[derive(Serialize, JsonSchema)]
pub(super) struct StatusReport {
    #[serde(flatten)]
    report: Report,
    /// How the changelog stands, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    changelog: Option<ChangelogReport>,
}

/// How the changelog stands, or why that is not known.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum ChangelogReport {
    Read(Told),
    Unread {
        /// Why it could not be read, with file and line.
        error: String,
    },
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let report = app.survey(&engine, &args.subsystems)?;
    let changelog = match args.no_changelog || !args.subsystems.is_empty() {
        true => None,
        false => standing(app, &engine),
    };
    let actions = changelog_actions(changelog.as_ref());
    let report = StatusReport { report, changelog };
    print(app, &engine, &report, !args.subsystems.is_empty())?;
    if !actions.is_empty() {
        app.out.say(&paint(Style::Bold, &gettext("Next Actions")));
        actions.iter().for_each(|line| app.out.say(&format!("  {line}")));
    }
    Ok(report.exit(args.exit_code))
}

/// `bkt` without a verb.
pub(super) fn next(app: &App) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let report = app.survey(&engine, &[])?;
    let changelog = standing(app, &engine);
    let mut actions = next_steps(app, &engine, &report);
    actions.extend(changelog_actions(changelog.as_ref()));
    let report = StatusReport { report, changelog };
    print(app, &engine, &report, false)?;
    app.out.say("");
    actions.iter().for_each(|line| app.out.say(line));
    Ok(report.exit(false))
}

impl StatusReport {
    fn exit(&self, drift_counts: bool) -> Exit {
        match &self.changelog {
            Some(ChangelogReport::Unread { .. }) => Exit::Error,
            _ => exit(&self.report, drift_counts),
        }
    }
}

/// How the changelog stands; one that cannot be read is said.
fn standing(app: &App, engine: &Engine) -> Option<ChangelogReport> {
    match engine.changelog() {
        Ok(standing) => standing.map(ChangelogReport::Read),
        Err(error) => {
            let told = explain(&error);
            errors::show(&app.out, &told.message, told.hint.as_deref());
            Some(ChangelogReport::Unread { error: told.message })
        }
    }
}

/// What to do about the changelog, in order.
fn changelog_actions(changelog: Option<&ChangelogReport>) -> Vec<String> {
    let Some(ChangelogReport::Read(standing)) = changelog else { return Vec::new() };
    let mut lines = changelog::left(&standing.manual_steps);
    let n = standing.drafts;
    if n > 0 {
        let text = ngettext(
            "Run `bkt changelog ready` when {n} draft of the changelog is as it should be.",
            "Run `bkt changelog ready` when {n} drafts of the changelog are as they should be.",
            n,
        );
        lines.push(fill(&text, &[("n", &n.to_string())]));
    }
    let n = standing.unreleased - standing.drafts;
    if n > 0 {
        let text = ngettext(
            "Run `bkt changelog release` to release {n} entry of the changelog.",
            "Run `bkt changelog release` to release {n} entries of the changelog.",
            n,
        );
        lines.push(fill(&text, &[("n", &n.to_string())]));
    }
    lines
}

/// What could not be read is an error, also where nothing differs in the rest.
pub(super) fn exit(report: &Report, drift_counts: bool) -> Exit {
    match (report.failed(), drift_counts && report.drifted() > 0) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Drift,
        (false, false) => Exit::Done,
    }
}

/// `bkt NOUN list`: every item of the noun's subsystems.
pub(super) fn list(app: &App, noun: &str) -> anyhow::Result<Exit> {
    list_some(app, noun, &|_| true)
}

/// The same for the items whose keys are of the kind that is meant.
pub(super) fn list_some(
    app: &App,
    noun: &str,
    is_meant: &dyn Fn(&str) -> bool,
) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let mut report = app.survey(&engine, &[noun.to_owned()])?;
    for subsystem in &mut report.subsystems {
        subsystem.items.retain(|item| is_meant(item.key.as_str()));
    }
    if app.global.json {
        app.out.json(&report)?;
    } else {
        for subsystem in &report.subsystems {
            one(app, &engine, subsystem, true);
        }
    }
    Ok(exit(&report, false))
}

fn print(app: &App, engine: &Engine, report: &StatusReport, named: bool) -> anyhow::Result<()> {
    if app.global.json {
        return app.out.json(report);
    }
    let report = &report.report;
    let root = app.host.display(&engine.repo().root);
    app.out.say(&paint(Style::Dim, &fill(&gettext("Repository: {path}"), &[("path", &root)])));
    let all = named || app.out.verbose;
    for subsystem in report.subsystems.iter().filter(|one| all || !of_no_image(engine, one)) {
        one(app, engine, subsystem, app.out.verbose);
    }
    let local = local::list(engine.host())?.len();
    if local > 0 {
        let text = ngettext(
            "{n} change is for this machine alone, until its next boot: bkt local list",
            "{n} changes are for this machine alone, until its next boot: bkt local list",
            local,
        );
        app.out.say(&fill(&text, &[("n", &local.to_string())]));
    }
    Ok(())
}

/// Whether this is a part of images that nobody here has anything to do with.
fn of_no_image(engine: &Engine, report: &SubsystemReport) -> bool {
    let of_image = engine
        .subsystem(&report.id)
        .is_some_and(|subsystem| subsystem.about().page == Page::Packages);
    of_image
        && report.availability == Availability::Compared
        && report.items.is_empty()
        && report.notices.is_empty()
        && report.unread.is_empty()
}

fn one(app: &App, engine: &Engine, subsystem: &SubsystemReport, all: bool) {
    let title = paint(Style::Bold, &show::title(engine, &subsystem.id));
    match &subsystem.availability {
        Availability::Compared => (),
        Availability::Unavailable { reason, hint } | Availability::Failed { reason, hint } => {
            let text = format!("{}: {reason}", show::title(engine, &subsystem.id));
            match subsystem.failed() {
                true => errors::show(&app.out, &text, hint.as_deref()),
                false => app.out.say(&format!("{title}: {reason}")),
            }
            if subsystem.items.is_empty() {
                return;
            }
        }
    }
    app.out.line(&format!("{title}: {}", counts(subsystem)));
    for reason in &subsystem.unread {
        errors::show(&app.out, reason, None);
    }
    for notice in &subsystem.notices {
        let remedy = notice.remedy.as_ref().map(|remedy| format!(" ({})", remedy.command));
        let text = format!("  ! {}{}", notice.text, remedy.unwrap_or_default());
        app.out.say(&paint(Style::Yellow, &text));
    }
    let items: Vec<&ItemReport> = match all {
        true => subsystem.items.iter().collect(),
        false => subsystem
            .items
            .iter()
            .filter(|item| item.ignored.is_none())
            .filter(|item| item.state != Drift::InSync || item.failing)
            .collect(),
    };
    if app.global.quiet {
        return;
    }
    let shown = if all { items.len() } else { items.len().min(SHOWN) };
    let width = items.iter().take(shown).map(|item| columns(&show::name(item))).max().unwrap_or(0);
    for item in items.iter().take(shown) {
        let name = pad(&show::name(item), width.min(60));
        let mut words = show::state(item);
        if let Some(note) = &item.note {
            words = format!("{words}, {note}");
        }
        if let Some(why) = &item.ignored {
            words = format!("{words}, {}", show::ignored(why));
        }
        app.out.line(format!("  {} {name}  {words}", show::sign(item)).trim_end());
    }
    if let Some(more) = items.len().checked_sub(shown).filter(|more| *more > 0) {
        let text = ngettext("  and {n} more (-v shows it)", "  and {n} more (-v shows them)", more);
        app.out.line(&fill(&text, &[("n", &more.to_string())]));
    }
}

/// "3 differences, 1 pending, 12 in sync, 2 ignored".
fn counts(subsystem: &SubsystemReport) -> String {
    let count = |which: &dyn Fn(&ItemReport) -> bool| {
        subsystem.items.iter().filter(|item| which(item)).count()
    };
    let seen =
        |state: Drift| move |item: &ItemReport| item.state == state && item.ignored.is_none();
    let differing = count(&ItemReport::counts);
    let fails = |item: &ItemReport| item.failing && item.ignored.is_none();
    let elsewhere = |item: &ItemReport| seen(Drift::NotHere)(item) && !item.failing;
    let parts = [
        (differing, ngettext("{n} difference", "{n} differences", differing)),
        (count(&fails), gettext("{n} failing")),
        (count(&seen(Drift::Unknown)), gettext("{n} unknown")),
        (count(&seen(Drift::Pending)), gettext("{n} pending")),
        (count(&elsewhere), gettext("{n} not on this machine")),
        (count(&seen(Drift::Locked)), gettext("{n} locked")),
        (count(&seen(Drift::InSync)), gettext("{n} in sync")),
        (
            count(&|item| item.ignored.is_some() && item.state != Drift::InSync),
            gettext("{n} ignored"),
        ),
    ];
    let said = words::counted(parts);
    match said.is_empty() {
        true => gettext("nothing on either side"),
        false => said.join(", "),
    }
}

/// What to do now, in order.
fn next_steps(app: &App, engine: &Engine, report: &Report) -> Vec<String> {
    let count = |wanted: &[Suggestion]| {
        let all = report.subsystems.iter().flat_map(SubsystemReport::drifted);
        all.filter(|item| wanted.contains(&item.state.suggestion())).count()
    };
    let capture = count(&[Suggestion::Capture, Suggestion::Merge]);
    let apply = count(&[Suggestion::Apply, Suggestion::Merge]);
    let ask = count(&[Suggestion::Ask]);
    let texts = [
        (
            capture,
            ngettext(
                "Run `bkt capture` to save {n} change to the manifests.",
                "Run `bkt capture` to save {n} changes to the manifests.",
                capture,
            ),
        ),
        (
            apply,
            ngettext(
                "Run `bkt apply` to make {n} change on this machine.",
                "Run `bkt apply` to make {n} changes on this machine.",
                apply,
            ),
        ),
        (
            ask,
            ngettext(
                "Run `bkt resolve` to decide {n} conflict.",
                "Run `bkt resolve` to decide {n} conflicts.",
                ask,
            ),
        ),
    ];
    let mut lines: Vec<String> = Vec::new();
    if !engine.repo().trusted {
        let path = app.host.display(&engine.repo().root);
        let text =
            gettext("This repository is not in use on this machine yet: bkt repo use {path}");
        lines.push(fill(&text, &[("path", &path)]));
    }
    lines.extend(words::counted(texts));
    let items = report.subsystems.iter().flat_map(|one| &one.items);
    let failing = items.filter(|item| item.failing && item.ignored.is_none()).count();
    if failing > 0 {
        let text = ngettext(
            "{n} item fails: its line above says why.",
            "{n} items fail: their lines above say why.",
            failing,
        );
        lines.push(fill(&text, &[("n", &failing.to_string())]));
    }
    if lines.is_empty() {
        lines.push(match report.failed() {
            false => gettext("Everything matches."),
            true => gettext("What could be read matches."),
        });
    }
    lines.extend(
        [Pending::LogOut, Pending::Reboot, Pending::ImageBuild]
            .map(|when| waiting(report, when))
            .into_iter()
            .flatten(),
    );
    lines
}

/// How much is done as far as it can be now, and comes into force later.
fn waiting(report: &Report, when: Pending) -> Option<String> {
    let all = report.subsystems.iter().flat_map(|subsystem| &subsystem.items);
    let waits = |item: &&ItemReport| {
        item.state == Drift::Pending && item.pending == Some(when) && item.ignored.is_none()
    };
    let n = all.filter(waits).count();
    let text = ngettext("{n} change is in force {when}.", "{n} changes are in force {when}.", n);
    let values = [("n", &*n.to_string()), ("when", &words::pending(when))];
    (n > 0).then(|| fill(&text, &values))
}
