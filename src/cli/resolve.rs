//! `bkt resolve`: walk the differences and decide on each, or decide on all of them at once.

use super::app::{App, Exit};
use super::errors::MayNotAsk;
use super::output::{Style, paint};
use super::share::{Follow, Share};
use super::{act, names, prompt, show};
use crate::core::item::SubsystemId;
use crate::core::merge::Suggestion;
use crate::core::report::{ItemReport, Report};
use crate::engine::{Engine, Pick, Request, Verb};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Decide on each difference: capture, apply, skip or ignore"),
    after_help = gettext("\
Nothing happens until all are decided, or until you quit: then the plan of what you chose is shown.

Examples:
  bkt resolve                      go through all differences
  bkt resolve flatpak              go through those of Flatpak
  bkt resolve --suggested          take the suggested side of each; conflicts are left
  bkt resolve --apply-all -n       what it would take to be as the manifests say")
)]
pub(super) struct Args {
    #[arg(value_name = "SUBSYSTEM", help = gettext("Only these subsystems, by id (flatpak-apps) or noun (flatpak)"))]
    subsystems: Vec<String>,
    #[arg(short, long = "item", value_name = "ITEM", help = gettext("Only this item; may be given again"))]
    items: Vec<String>,
    #[arg(long, group = "batch", help = gettext("Capture every difference"))]
    capture_all: bool,
    #[arg(long, group = "batch", help = gettext("Apply every difference"))]
    apply_all: bool,
    #[arg(long, group = "batch", help = gettext("Take the side that has moved; leave conflicts"))]
    suggested: bool,
    #[arg(long, help = gettext("Also remove what the other side no longer has"))]
    prune: bool,
    #[command(flatten)]
    share: Share,
}

/// What the person decided.
#[derive(Default)]
struct Decisions<'a> {
    picks: Vec<Pick>,
    ignore: Vec<(&'a SubsystemId, &'a ItemReport)>,
    skip: Vec<(&'a SubsystemId, &'a ItemReport)>,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let report = app.survey(&engine, &args.subsystems)?;
    let unread = act::tell_unread(app, &engine, &report);
    let picked = names::items(&report, &args.items)?;
    let verb = match (args.capture_all, args.apply_all, args.suggested) {
        (true, ..) => Some(Verb::Capture),
        (_, true, _) => Some(Verb::Apply),
        (.., true) => Some(Verb::Suggested),
        _ => None,
    };
    let asked: Vec<(&SubsystemId, &ItemReport)> = report
        .subsystems
        .iter()
        .flat_map(|subsystem| subsystem.drifted().map(move |item| (&subsystem.id, item)))
        .filter(|(id, item)| {
            picked.is_empty() || picked.iter().any(|(i, p)| i == *id && p.key == item.key)
        })
        .collect();
    let exit = match verb {
        Some(verb) => {
            // Deciding on all of them with one word is not deciding on a conflict or a removal.
            let all = Request { prune: args.prune, layer: app.layer(), ..Request::all(verb) };
            let mut only = report.clone();
            for subsystem in &mut only.subsystems {
                let id = &subsystem.id;
                subsystem
                    .items
                    .retain(|item| asked.iter().any(|(i, a)| *i == id && a.key == item.key));
            }
            act::request(app, &engine, &only, all, args.share.follow())?
        }
        None if asked.is_empty() => {
            app.out.say(&gettext("There is nothing to decide."));
            Exit::Done
        }
        None if app.global.cli || app.global.json => return Err(MayNotAsk.into()),
        None => {
            let decisions = walk(app, &engine, &asked);
            carry_out(app, &engine, &report, decisions, args.share.follow())?
        }
    };
    Ok(if unread && exit == Exit::Done { Exit::Partly } else { exit })
}

fn walk<'a>(
    app: &App,
    engine: &Engine,
    asked: &[(&'a SubsystemId, &'a ItemReport)],
) -> Decisions<'a> {
    let mut decisions = Decisions::default();
    let mut shown = None;
    for (index, (id, item)) in asked.iter().enumerate() {
        if shown != Some(*id) {
            app.out.line(&paint(Style::Bold, &show::title(engine, id)));
            shown = Some(*id);
        }
        app.out.line(&format!("  {} {}", show::sign(item), show::name(item)));
        app.out.line(&format!("    {}", show::state(item)));
        let number = (index + 1).to_string();
        let total = asked.len().to_string();
        let suggestion = item.state.suggestion();
        let question = fill(
            &gettext(
                "  [{number}/{total}] capture, apply, skip, ignore, diff, quit, or ? for help [{suggestion}]",
            ),
            &[
                ("number", &number),
                ("total", &total),
                ("suggestion", &show::suggestion(suggestion)),
            ],
        );
        loop {
            let Some(answer) = prompt::answer(app, &question) else { return decisions };
            let mut take = |verb| {
                let (subsystem, item) = ((*id).clone(), item.key.clone());
                decisions.picks.push(Pick { subsystem, item, fields: None, verb });
            };
            match answer.as_str() {
                "" if suggestion != Suggestion::Ask => take(Verb::Suggested),
                "c" | "capture" => take(Verb::Capture),
                "a" | "apply" => take(Verb::Apply),
                "s" | "skip" => (),
                "u" => decisions.skip.push((id, item)),
                "i" | "ignore" => decisions.ignore.push((id, item)),
                "q" | "quit" => return decisions,
                "d" | "diff" => {
                    show::item(app, item);
                    continue;
                }
                _ => {
                    help(app);
                    continue;
                }
            }
            break;
        }
    }
    decisions
}

fn help(app: &App) {
    app.out.line(&gettext(
        "\
    c  capture: save the system's value to the manifest
    a  apply: change the system to the manifest's value
    s  skip: leave both as they are, for now
    u  skip it until it changes: this machine does not ask again before then
    i  ignore it always: a rule is added to ignore.json, for every machine
    d  diff: show both values
    q  quit: ask about nothing more, and go on with what was decided
    Enter takes the suggestion in brackets, if there is one.",
    ));
}

/// First what is to be remembered, then what is to be changed.
fn carry_out(
    app: &App,
    engine: &Engine,
    report: &Report,
    decisions: Decisions<'_>,
    follow: Follow,
) -> anyhow::Result<Exit> {
    for (id, item) in decisions.skip {
        let text = gettext("{item} is skipped until it changes.");
        app.out.say(&fill(&text, &[("item", &item.title)]));
        if !app.global.dry_run {
            engine.skip_until_changed(id, item)?;
        }
    }
    for (id, item) in decisions.ignore {
        let plan = engine.plan_ignore(id, &item.key, None)?;
        let text = gettext("{item} is ignored from now on, by a rule in ignore.json.");
        app.out.say(&fill(&text, &[("item", &item.title)]));
        if !app.global.dry_run {
            let outcome = act::execute(app, engine, &plan)?;
            if let Some(error) = outcome.errors.first() {
                anyhow::bail!(error.clone());
            }
        }
    }
    if decisions.picks.is_empty() {
        return Ok(Exit::Done);
    }
    let request = Request { layer: app.layer(), ..Request::picks(decisions.picks) };
    act::request(app, engine, report, request, follow)
}
