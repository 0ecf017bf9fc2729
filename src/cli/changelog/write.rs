//! Entries drafted, added and made ready, and the release of all of them.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::act;
use super::super::app::{App, Exit};
use super::super::errors::Misnamed;
use super::super::output::{Style, paint};
use super::show::one_line;
use crate::core::changelog::{Entry, Joined, Kind, Version, settle};
use crate::manifest::changelog::{self, Log};
use crate::words::{self, fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Add an entry to the next release"),
    after_help = gettext("\
Examples:
  bkt changelog add fixed units \"Sound after suspend\"
  bkt changelog add changed gsettings \"Seconds in the clock\" --manual-step \"Log out and in again\"
  bkt changelog add added packages \"Vim\" --command \"bkt dnf install vim\" --draft")
)]
pub(super) struct Add {
    #[arg(value_name = "TYPE", value_parser = kinds(), help = gettext("What kind of change it is"))]
    kind: Kind,
    #[arg(value_name = "CATEGORY", help = gettext("The subsystem it belongs to, or another word"))]
    category: String,
    #[arg(value_name = "MESSAGE", help = gettext("What changed, in one sentence"))]
    message: String,
    #[arg(long, value_name = "COMMAND", help = gettext("The command that made the change"))]
    command: Option<String>,
    #[arg(long = "manual-step", value_name = "STEP", help = gettext("What everybody who gets the image has to do by hand; may be given again"))]
    manual_steps: Vec<String>,
    #[arg(long, help = gettext("Somebody still has to look at it"))]
    draft: bool,
}

#[derive(clap::Args)]
#[command(
    about = gettext("Say that drafts are as they should be"),
    after_help = gettext("\
`bkt changelog pending` lists the entries with their numbers. What an older YAML file says moves to changelog.json.

Examples:
  bkt changelog ready 1 3
  bkt changelog ready --all")
)]
pub(super) struct Ready {
    #[arg(value_name = "ENTRY", required_unless_present = "all", conflicts_with = "all", help = gettext("An entry, by its number in `bkt changelog pending` or by its message"))]
    entries: Vec<String>,
    #[arg(long, help = gettext("All of them"))]
    all: bool,
}

#[derive(clap::Args)]
#[command(
    about = gettext("Move the entries of the next release to a version"),
    after_help = gettext("\
The version is that of today, by Coordinated Universal Time, and the next number within the day. Drafts are refused.

Examples:
  bkt changelog release
  bkt changelog release --date 2025-01-31
  bkt changelog release --version 2025.01.31.1 --base-digest sha256:…")
)]
pub(super) struct Release {
    #[arg(long, value_name = "DATE", help = gettext("The day of the release, such as 2025-01-31"))]
    date: Option<Date>,
    #[arg(long, value_name = "VERSION", conflicts_with = "date", help = gettext("The version, such as 2025.01.31.1"))]
    version: Option<Version>,
    #[arg(long, value_name = "DIGEST", help = gettext("The digest of the base image that it is built on"))]
    base_digest: Option<String>,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    let names = PossibleValuesParser::new(Kind::ALL.map(Kind::as_str));
    names.map(|name| {
        let named = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
        named.unwrap_or(Kind::Changed)
    })
}

pub(super) fn generate(app: &App) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let log = changelog::read(&engine.manifests())?;
    let net = engine.since_release(&log)?.drafts;
    tell(app, &log, &settle(&log.changelog.unreleased, &net));
    act::edit(app, &engine, gettext("Draft entries of the changelog"), |manifests| {
        let log = changelog::read(manifests)?;
        let joined = settle(&log.changelog.unreleased, &net);
        changelog::take(manifests, &log, &joined)
    })
}

/// Says which drafts come, go, and say something else.
fn tell(app: &App, log: &Log, joined: &Joined) {
    let line = |sign: String, entry: &Entry| {
        let category = paint(Style::Dim, &entry.category);
        app.out.say(&format!("  {sign} {category}  {}", one_line(&entry.message)));
    };
    for index in &joined.gone {
        if let Some(entry) = log.changelog.unreleased.get(*index) {
            line(paint(Style::Red, "−"), entry);
        }
    }
    joined.renewed.iter().for_each(|(_, entry)| line(paint(Style::Yellow, "≠"), entry));
    joined.added.iter().for_each(|entry| line(paint(Style::Green, "+"), entry));
}

pub(super) fn add(app: &App, args: &Add) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let now = app.host.now();
    let entry = Entry {
        timestamp: Some(now.round(jiff::Unit::Second).unwrap_or(now).to_string()),
        kind: args.kind,
        category: args.category.clone(),
        message: args.message.clone(),
        command: args.command.clone(),
        pr: None,
        draft: args.draft,
        manual_steps: args.manual_steps.clone(),
        item: None,
        drafted: None,
    };
    let text = gettext("Add to the changelog: {message}");
    let title = fill(&text, &[("message", &one_line(&args.message))]);
    act::edit(app, &engine, title, |manifests| changelog::add(manifests, vec![entry]).map(drop))
}

pub(super) fn ready(app: &App, args: &Ready) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let log = changelog::read(&engine.manifests())?;
    let chosen: Vec<Entry> = match args.all {
        true => log.changelog.drafts().cloned().collect(),
        false => {
            let entries = args.entries.iter().map(|typed| named(&log, typed));
            entries.collect::<anyhow::Result<_>>()?
        }
    };
    let drafts: Vec<Entry> = chosen.into_iter().filter(|entry| entry.draft).collect();
    let n = drafts.len();
    let text = ngettext("{n} entry is ready", "{n} entries are ready", n);
    let title = fill(&text, &[("n", &n.to_string())]);
    act::edit(app, &engine, title, |manifests| {
        let log = changelog::read(manifests)?;
        let all = log.changelog.unreleased.iter().enumerate();
        // Numbers may have moved since they were typed, entries have not.
        let indices: Vec<usize> =
            all.filter(|(_, entry)| drafts.contains(entry)).map(|(index, _)| index).collect();
        match indices.is_empty() {
            true => Ok(()),
            false => changelog::ready(manifests, &log, &indices),
        }
    })
}

fn named(log: &Log, typed: &str) -> anyhow::Result<Entry> {
    let entries = &log.changelog.unreleased;
    let number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let found = number.and_then(|index| entries.get(index)).or_else(|| {
        entries.iter().find(|entry| entry.message == typed || one_line(&entry.message) == typed)
    });
    found.cloned().ok_or_else(|| {
        let text = gettext("the next release has no entry “{entry}”");
        let hint = gettext("See which there are: bkt changelog pending");
        let message = fill(&text, &[("entry", typed)]);
        Misnamed::Wrong { message, hint: Some(hint) }.into()
    })
}

pub(super) fn release(app: &App, args: &Release) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let log = changelog::read(&engine.manifests())?;
    let version = args.version.unwrap_or_else(|| {
        let today = || app.host.now().to_zoned(TimeZone::UTC).date();
        let others = log.changelog.versions.iter().map(|release| release.version);
        Version::next(args.date.unwrap_or_else(today), others)
    });
    if app.global.dry_run || app.out.verbose {
        for entry in &log.changelog.unreleased {
            let kind = words::entry_kind(entry.kind);
            app.out.say(&format!("  {kind}  {}", one_line(&entry.message)));
        }
    }
    let text = gettext("Release {version}");
    let title = fill(&text, &[("version", &version.to_string())]);
    act::edit(app, &engine, title, |manifests| {
        let log = changelog::read(manifests)?;
        changelog::release(manifests, &log, version, args.base_digest.as_deref())
    })
}
