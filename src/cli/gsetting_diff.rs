//! `bkt gsetting diff`: what differs from the defaults and from the baseline, and `bkt gsetting baseline`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::act::versioned;
use super::app::{App, Exit};
use super::gsetting::{SETTINGS, wanted};
use super::output::{Style, paint};
use super::{act, show};
use crate::core::item::ItemKey;
use crate::core::report::{ItemReport, Report};
use crate::engine::Engine;
use crate::subsystem::gsettings::{self, Changed, Odd, Oddity, Settings, Since};
use crate::words::{fill, gettext, ngettext, pgettext};

/// What `bkt gsetting diff` answers as JSON.
#[derive(Serialize)]
struct Answer {
    /// Not at their default, and in no manifest.
    untracked: Vec<Changed>,
    /// Not as when Bucket first looked; `null` where there is no baseline.
    since_baseline: Option<Vec<Since>>,
    /// Stored, and not in force as a setting.
    odd: Vec<Odd>,
    /// Changed, and left out because they are noise or ignored.
    ignored: Vec<Ignored>,
}

#[derive(Serialize)]
struct Ignored {
    item: ItemKey,
    why: String,
}

pub(super) fn run(app: &App) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let report = app.survey_ids(&engine, &[SETTINGS])?;
    let unread = act::tell_unread(app, &engine, &report);
    let answer = compare(&engine, &report)?;
    if app.global.json {
        app.out.json(&versioned(&answer))?;
    } else {
        print(app, &answer);
    }
    Ok(if unread { Exit::Error } else { Exit::Done })
}

fn compare(engine: &Engine, report: &Report) -> anyhow::Result<Answer> {
    let settings = Settings::read(engine.host())?;
    let items: Vec<&ItemReport> =
        report.subsystem(&SETTINGS).into_iter().flat_map(|one| &one.items).collect();
    let tracked: BTreeSet<&ItemKey> =
        items.iter().filter(|item| item.wanted.is_some()).map(|item| &item.key).collect();
    let wanted = wanted(report);
    let changed = settings.changed(&wanted);
    let mut untracked: Vec<Changed> = changed.into_values().collect();
    untracked.retain(|one| !tracked.contains(&one.item));
    let baseline = gsettings::baseline::read(engine.host())?;
    let mut since = baseline.map(|baseline| settings.since(&baseline));
    let asked = untracked.iter().map(|one| &one.item);
    let asked = asked.chain(since.iter().flatten().map(|one| &one.item));
    // What is at its default again is not in the report.
    let asked = asked.filter(|item| !tracked.contains(item));
    let mut quiet = engine.ignored(&SETTINGS, asked)?;
    quiet.extend(items.iter().filter_map(|item| Some((item.key.clone(), item.ignored.clone()?))));
    untracked.retain(|one| !quiet.contains_key(&one.item));
    if let Some(since) = &mut since {
        since.retain(|one| !quiet.contains_key(&one.item));
    }
    let ignored =
        quiet.into_iter().map(|(item, why)| Ignored { item, why: show::ignored(&why) }).collect();
    Ok(Answer { untracked, since_baseline: since, odd: settings.odd(&wanted), ignored })
}

fn print(app: &App, answer: &Answer) {
    let heading = |text: String| app.out.line(&paint(Style::Bold, &text));
    heading(gettext("Not at their default, and not tracked"));
    for one in &answer.untracked {
        line(app, &one.item, Some(&one.default), Some(&one.value));
    }
    nothing(app, answer.untracked.is_empty());
    heading(gettext("Changed since the baseline"));
    match &answer.since_baseline {
        Some(since) => {
            for one in since {
                line(app, &one.item, one.before.as_deref(), one.value.as_deref());
            }
            nothing(app, since.is_empty());
        }
        None => app.out.line(&gettext("  There is no baseline yet.")),
    }
    // What no installed program knows is of interest to few.
    let odd = |one: &&Odd| app.out.verbose || one.oddity != Oddity::Unknown;
    let shown: Vec<&Odd> = answer.odd.iter().filter(odd).collect();
    if !shown.is_empty() {
        heading(gettext("Stored, but not in force"));
    }
    for Odd { key, value, oddity } in shown {
        let why = match oddity {
            Oddity::NotAllowed { reason, .. } => reason.clone(),
            Oddity::Locked { .. } => gettext("the administrator has locked it"),
            Oddity::Unsure { schemas } => fill(
                &gettext(
                    "several schemas fit, or one by chance: {schemas}. Track it by its schema, as in {first}:{path}/",
                ),
                &[
                    ("schemas", &schemas.join(", ")),
                    ("first", schemas.first().map_or("", String::as_str)),
                    ("path", key.rsplit_once('/').map_or("", |(dir, _)| dir)),
                ],
            ),
            Oddity::Unknown => gettext("no installed schema has it"),
        };
        app.out.line(&format!("  {} {key} {value}", paint(Style::Yellow, "○")));
        app.out.line(&paint(Style::Dim, &format!("      {why}")));
    }
    if app.out.verbose {
        for Ignored { item, why } in &answer.ignored {
            app.out.line(&paint(Style::Dim, &format!("  = {item}  {why}")));
        }
    } else if !answer.ignored.is_empty() {
        let n = answer.ignored.len();
        let text = ngettext("{n} is left out (-v shows it)", "{n} are left out (-v shows them)", n);
        app.out.say(&paint(Style::Dim, &fill(&text, &[("n", &n.to_string())])));
    }
}

fn line(app: &App, item: &ItemKey, before: Option<&str>, after: Option<&str>) {
    let value = |side: Option<&str>| {
        side.map_or_else(|| pgettext("a value that is not there", "—"), str::to_owned)
    };
    app.out.line(&format!("  {} {item}", paint(Style::Yellow, "≠")));
    let values = format!("      {} → {}", value(before), value(after));
    app.out.line(&paint(Style::Dim, &values));
}

fn nothing(app: &App, empty: bool) {
    if empty {
        app.out.line(&paint(Style::Dim, &gettext("  nothing")));
    }
}

/// `bkt gsetting baseline`
pub(super) mod baseline {
    use std::collections::BTreeMap;

    use clap::Subcommand;
    use serde::Serialize;

    use super::super::act::versioned;
    use super::super::app::{App, Exit};
    use crate::subsystem::gsettings::baseline;
    use crate::words::{fill, gettext, ngettext};

    #[derive(Subcommand)]
    pub(in super::super) enum Verb {
        #[command(about = gettext("Show it"))]
        Show,
        #[command(about = gettext("Make it anew from what is set now"))]
        Reset,
    }

    #[derive(Serialize)]
    struct Answer {
        path: String,
        /// `null` where there is none yet.
        settings: Option<BTreeMap<crate::core::item::ItemKey, String>>,
    }

    pub(in super::super) fn run(app: &App, verb: &Verb) -> anyhow::Result<Exit> {
        let path = baseline::path(&app.host);
        if let (Verb::Reset, false) = (verb, app.global.dry_run) {
            let n = baseline::reset(&app.host)?;
            let text = ngettext(
                "The baseline has {n} setting now: {path}",
                "The baseline has {n} settings now: {path}",
                n,
            );
            let path = app.host.display(&path);
            app.out.say(&fill(&text, &[("n", &n.to_string()), ("path", &path)]));
        } else if let Verb::Reset = verb {
            app.out.say(&gettext("Nothing was changed: this is a dry run."));
        }
        if matches!(verb, Verb::Reset) && !app.global.json {
            return Ok(Exit::Done);
        }
        let settings = baseline::read(&app.host)?;
        if app.global.json {
            let path = path.display().to_string();
            app.out.json(&versioned(Answer { path, settings }))?;
            return Ok(Exit::Done);
        }
        match settings {
            None => app.out.say(&gettext("There is no baseline yet: bkt status makes it.")),
            Some(settings) if settings.is_empty() => {
                app.out.say(&gettext("Nothing was set when the baseline was made."));
            }
            Some(settings) => {
                for (item, value) in settings {
                    app.out.line(&format!("{item} {value}"));
                }
            }
        }
        Ok(Exit::Done)
    }
}
