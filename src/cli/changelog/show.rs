//! The changelog for people: on the terminal, as Markdown, and at a log-in.

use serde::Serialize;

use super::super::act::versioned;
use super::super::app::{App, Exit};
use super::super::errors::{self, Misnamed};
use super::super::output::{Style, columns, pad, paint};
use super::done;
use crate::core::changelog::{Entry, Kind, PullRequest, Release, Version};
use crate::engine::changelog::ManualStep;
use crate::engine::explain::explain;
use crate::manifest::changelog::{self, Log};
use crate::words::{self, fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Show the changelog, or one version of it"),
    after_help = gettext("\
Examples:
  bkt changelog show                        everything, newest first
  bkt changelog show 2025.01.31.1           one version
  bkt changelog show unreleased             what the next release brings
  bkt changelog show latest --markdown      release notes")
)]
pub(super) struct Show {
    #[arg(value_name = "VERSION", help = gettext("A version, “latest” or “unreleased”"))]
    version: Option<String>,
    #[arg(long, conflicts_with = "json", help = gettext("Print Markdown, as for the notes of a release"))]
    markdown: bool,
}

#[derive(clap::Args)]
#[command(
    about = gettext("Say what is new on this machine since this was last asked"),
    after_help = gettext("\
For a log-in: prints what the image that this machine runs brought, and nothing where nothing is new. The first time, \
only its newest version. With --cli an error is told on standard error and the exit status is 0 all the same, so that \
no log-in fails because of it.

Examples:
  bkt changelog motd                          what is new
  bkt --cli changelog motd --mark-seen        the same, once: a line for /etc/profile.d")
)]
pub(super) struct Motd {
    #[arg(long, help = gettext("Do not show it again on this machine"))]
    mark_seen: bool,
}

/// What `show` answers as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    unreleased: Option<&'a [Entry]>,
    versions: Vec<&'a Release>,
}

/// What `pending` answers as JSON.
#[derive(Serialize)]
struct Pending<'a> {
    unreleased: &'a [Entry],
    manual_steps: &'a [ManualStep],
}

/// What `motd` answers as JSON.
#[derive(Serialize)]
struct News {
    versions: Vec<Release>,
}

pub(super) fn show(app: &App, args: &Show) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let log = changelog::read(&engine.manifests())?;
    let shown = chosen(&log, args.version.as_deref())?;
    if app.global.json {
        app.out.json(&versioned(shown))?;
        return Ok(Exit::Done);
    }
    let unreleased =
        shown.unreleased.filter(|entries| !entries.is_empty() || args.version.is_some());
    let title = gettext("Not released yet");
    if args.markdown {
        for part in unreleased.map(|entries| markdown(&title, entries)).into_iter().chain(
            shown.versions.iter().map(|one| markdown(&one.version.to_string(), &one.entries)),
        ) {
            app.out.line(&part);
        }
        return Ok(Exit::Done);
    }
    if let Some(entries) = unreleased {
        tell(app, &title, entries);
    }
    for release in &shown.versions {
        tell(app, &release.version.to_string(), &release.entries);
    }
    if unreleased.is_none() && shown.versions.is_empty() {
        app.out.say(&gettext("The changelog is empty."));
    }
    Ok(Exit::Done)
}

fn chosen<'a>(log: &'a Log, named: Option<&str>) -> anyhow::Result<Shown<'a>> {
    let all = log.newest_first();
    let unreleased = log.changelog.unreleased.as_slice();
    let name = match named {
        None => return Ok(Shown { unreleased: Some(unreleased), versions: all }),
        Some("unreleased") => {
            return Ok(Shown { unreleased: Some(unreleased), versions: Vec::new() });
        }
        Some(name) => name,
    };
    let wanted = match name {
        "latest" => log.changelog.newest(),
        name => name.strip_prefix('v').unwrap_or(name).parse::<Version>().ok(),
    };
    let found = all.iter().copied().find(|release| Some(release.version) == wanted);
    let Some(release) = found else {
        let text = gettext("the changelog has no version “{name}”");
        let known: Vec<String> =
            all.iter().take(5).map(|release| release.version.to_string()).collect();
        let hint = match known.is_empty() {
            true => {
                gettext("Nothing was released yet. To release what there is: bkt changelog release")
            }
            false => fill(&gettext("There are: {known}"), &[("known", &known.join(", "))]),
        };
        let message = fill(&text, &[("name", name)]);
        return Err(Misnamed::Wrong { message, hint: Some(hint) }.into());
    };
    Ok(Shown { unreleased: None, versions: vec![release] })
}

/// The kinds that entries have, each with its entries.
fn grouped(entries: &[Entry]) -> Vec<(Kind, Vec<&Entry>)> {
    let of = |kind: Kind| entries.iter().filter(move |entry| entry.kind == kind).collect();
    Kind::ALL
        .into_iter()
        .map(|kind| (kind, of(kind)))
        .filter(|(_, entries): &(_, Vec<&Entry>)| !entries.is_empty())
        .collect()
}

/// A release, or what is going to be one, on the terminal.
fn tell(app: &App, title: &str, entries: &[Entry]) {
    app.out.line(&paint(Style::Bold, title));
    for (kind, entries) in grouped(entries) {
        app.out.line(&format!("  {}", words::entry_kind(kind)));
        for entry in entries {
            app.out.line(&format!("    • {}{}", one_line(&entry.message), beside(entry)));
            for step in &entry.manual_steps {
                let text = fill(&gettext("By hand: {step}"), &[("step", &one_line(step))]);
                app.out.line(&format!("      {}", paint(Style::Yellow, &text)));
            }
        }
    }
    if entries.is_empty() {
        app.out.line(&format!("  {}", gettext("nothing")));
    }
}

/// What stands after an entry's message.
fn beside(entry: &Entry) -> String {
    let draft = entry.draft.then(|| gettext("draft"));
    let pr = entry.pr.as_ref().map(pull_request);
    let notes: Vec<String> =
        std::iter::once(entry.category.clone()).chain(pr).chain(draft).collect();
    format!("  {}", paint(Style::Dim, &format!("({})", notes.join(", "))))
}

fn pull_request(pr: &PullRequest) -> String {
    match pr {
        PullRequest::Number(number) => format!("#{number}"),
        PullRequest::Address(address) => address.clone(),
    }
}

/// A message on one line, whatever it holds.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A release as Markdown.
fn markdown(title: &str, entries: &[Entry]) -> String {
    let mut text = format!("## {title}\n");
    for (kind, entries) in grouped(entries) {
        text.push_str(&format!("\n### {}\n\n", words::entry_kind(kind)));
        for entry in entries {
            let pr = entry.pr.as_ref().map(|pr| format!(" ({})", pull_request(pr)));
            let message = one_line(&entry.message);
            text.push_str(&format!("- {message}{}\n", pr.unwrap_or_default()));
        }
    }
    let steps: Vec<&String> = entries.iter().flat_map(|entry| &entry.manual_steps).collect();
    if !steps.is_empty() {
        text.push_str(&format!("\n### {}\n\n", gettext("To do by hand")));
        steps.iter().for_each(|step| text.push_str(&format!("- [ ] {}\n", one_line(step))));
    }
    text
}

pub(super) fn pending(app: &App) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let log = changelog::read(&engine.manifests())?;
    let steps = engine.changelog()?.map(|standing| standing.manual_steps).unwrap_or_default();
    let entries = &log.changelog.unreleased;
    if app.global.json {
        app.out.json(&versioned(Pending { unreleased: entries, manual_steps: &steps }))?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        app.out.say(&gettext("The next release brings nothing yet."));
    } else {
        let n = entries.len();
        let text = ngettext("The next release: {n} entry", "The next release: {n} entries", n);
        app.out.line(&paint(Style::Bold, &fill(&text, &[("n", &n.to_string())])));
    }
    let width = |text: &dyn Fn(&Entry) -> String| {
        entries.iter().map(|entry| columns(&text(entry))).max().unwrap_or(0)
    };
    let kind = |entry: &Entry| words::entry_kind(entry.kind);
    let category = |entry: &Entry| entry.category.clone();
    let widths = (width(&kind), width(&category));
    for (index, entry) in entries.iter().enumerate() {
        let draft = match entry.draft {
            true => format!("  {}", paint(Style::Yellow, &gettext("draft"))),
            false => String::new(),
        };
        let kind = pad(&kind(entry), widths.0);
        let category = paint(Style::Dim, &pad(&category(entry), widths.1));
        let message = one_line(&entry.message);
        app.out.line(&format!("  {:>3}  {kind}  {category}  {message}{draft}", index + 1));
    }
    done::list(app, &steps);
    Ok(Exit::Done)
}

pub(super) fn motd(app: &App, args: &Motd) -> anyhow::Result<Exit> {
    match news(app, args) {
        Err(error) if app.global.cli => {
            let told = explain(&error);
            errors::show(&app.out, &told.message, told.hint.as_deref());
            Ok(Exit::Done)
        }
        result => result,
    }
}

fn news(app: &App, args: &Motd) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let versions = engine.news()?;
    let newest = versions.first().map(|release| release.version);
    if app.global.json {
        app.out.json(&versioned(News { versions }))?;
    } else {
        for release in &versions {
            let text = gettext("What’s New in {version}");
            tell(app, &fill(&text, &[("version", &release.version.to_string())]), &release.entries);
        }
    }
    if let Some(version) = newest.filter(|_| args.mark_seen && !app.out.lost()) {
        engine.note_seen(version)?;
    }
    Ok(Exit::Done)
}
