//! From a request to a result: the plan is made, shown, agreed to, carried out, and what came of it is said.

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::app::{App, Exit};
use super::output::{Style, paint};
use super::share::{self, Follow, Shared};
use super::{containerfile, errors, progress, prompt, show};
use crate::core::plan::{Action, BlockedChange, Change, Held, Plan, PlannedStep, Side};
use crate::core::report::{Availability, REPORT_VERSION, Report};
use crate::core::secret;
use crate::engine::execute::Untrusted;
use crate::engine::journal::Ended;
use crate::engine::propose::Preview;
use crate::engine::{Engine, Event, Outcome, Request, Verdict};
use crate::host::{command, interrupt};
use crate::manifest::Manifests;
use crate::subsystem::Page;
use crate::subsystem::toolbox::ID as TOOLBOX;
use crate::words::{self, fill, gettext, ngettext};

/// JSON with the version of its shape.
#[derive(Serialize)]
pub(super) struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    body: T,
}

/// Puts the version of our JSON beside `body`.
pub(super) fn versioned<T>(body: T) -> Versioned<T> {
    Versioned { version: REPORT_VERSION, body }
}

/// What `capture`, `apply`, `resolve`, `undo` and `redo` answer as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    outcome: &'a Outcome,
    held: &'a [Change],
    blocked: &'a [BlockedChange],
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<&'a Shared>,
}

/// What they answer with `-n`.
#[derive(Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Preview>,
}

/// Plans `request` over `report`, asking about what looks secret, and carries the plan out.
pub(super) fn request(
    app: &App,
    engine: &Engine,
    report: &Report,
    request: Request,
    follow: Follow,
) -> anyhow::Result<Exit> {
    request_of(app, engine, report, request, follow, &Ok)
}

/// The same; `narrow` takes out of a plan what is not meant.
pub(super) fn request_of(
    app: &App,
    engine: &Engine,
    report: &Report,
    mut request: Request,
    follow: Follow,
    narrow: &dyn Fn(Plan) -> anyhow::Result<Plan>,
) -> anyhow::Result<Exit> {
    let make = |request: &Request| narrow(engine.plan(report, request)?);
    let mut plan = make(&request)?;
    let secrets: Vec<&Change> =
        plan.held.iter().filter(|change| change.held == Some(Held::Secret)).collect();
    if !secrets.is_empty() && app.may_ask() && !app.global.dry_run {
        app.out.warn(&gettext("These look like secrets, and a repository is read by others:"));
        for change in secrets {
            app.out.warn(&format!("  {}", show::describe(engine, change)));
        }
        if prompt::yes(app, &gettext("Save them to the manifest all the same?"), false) {
            request.secrets = true;
            plan = make(&request)?;
        }
    }
    if plan.held.iter().any(|change| change.held == Some(Held::Loss)) {
        let whole = make(&Request { losses: true, ..request.clone() })?;
        tell_losses(app, &whole);
        let question = gettext("Do it all the same, and lose that?");
        if app.may_ask() && !app.global.dry_run && prompt::yes(app, &question, false) {
            plan = whole;
        }
    }
    let force = request.force;
    carry_out_and(app, engine, plan, follow, force)
}

/// Says what the steps of a plan would lose for good.
fn tell_losses(app: &App, plan: &Plan) {
    let losing = plan.steps.iter().filter(|planned| !planned.step.losses().is_empty());
    for planned in losing {
        app.out.warn(&paint(Style::Yellow, &planned.step.title));
        for loss in planned.step.losses() {
            app.out.warn(&format!("  {loss}"));
        }
    }
}

/// Says which parts of a report could not be read, and returns whether there were any.
pub(super) fn tell_unread(app: &App, engine: &Engine, report: &Report) -> bool {
    for subsystem in report.subsystems.iter().filter(|subsystem| subsystem.failed()) {
        let title = show::title(engine, &subsystem.id);
        match &subsystem.availability {
            Availability::Failed { reason, hint } | Availability::Unavailable { reason, hint } => {
                errors::show(&app.out, &format!("{title}: {reason}"), hint.as_deref());
            }
            Availability::Compared => {
                for reason in &subsystem.unread {
                    errors::show(&app.out, &format!("{title}: {reason}"), None);
                }
                for item in subsystem.unknown() {
                    let text = format!("{title}: {}: {}", item.title, show::state(item));
                    app.out.warn(&text);
                }
            }
        }
    }
    report.failed()
}

/// Shows `plan`, asks, carries it out, and says what came of it. With `-n` only shows it.
pub(super) fn carry_out(app: &App, engine: &Engine, plan: Plan) -> anyhow::Result<Exit> {
    carry_out_and(app, engine, plan, Follow::Nothing, false)
}

/// The same, and what follows on the edit of the manifests. `force` takes our values in a request where the remote's
/// have moved.
pub(super) fn carry_out_and(
    app: &App,
    engine: &Engine,
    plan: Plan,
    follow: Follow,
    force: bool,
) -> anyhow::Result<Exit> {
    let decides = |held| matches!(held, Held::Conflict | Held::Secret | Held::Loss);
    let undecided = plan.held.iter().any(|change| change.held.is_some_and(decides));
    let left = match (undecided, !plan.blocked.iter().any(BlockedChange::never)) {
        (_, false) => Exit::Partly,
        (true, true) => Exit::Decision,
        (false, true) => Exit::Done,
    };
    let way = share::way(app, engine, &plan, follow)?;
    if app.global.dry_run {
        show_plan(app, engine, &plan);
        let request = match &way {
            Some(way) => share::preview(app, engine, &plan, way, force)?,
            None => None,
        };
        app.out.say(&gettext("Nothing was changed: this is a dry run."));
        if app.global.json {
            app.out.json(&versioned(Planned { plan: &plan, request }))?;
        }
        return Ok(left);
    }
    if plan.changes.is_empty() && plan.steps.is_empty() {
        show_plan(app, engine, &plan);
        answer(app, &plan, &Outcome::default(), None)?;
        return Ok(if left == Exit::Partly { Exit::Error } else { left });
    }
    // A verb that names what it does is the yes to it, if what it did can be undone.
    let destroys = plan.steps.iter().any(|planned| planned.step.risk.destructive);
    let ask = app.may_ask() && !app.global.yes && (!plan.system_first || destroys);
    let named = plan.system_first || plan.undoes.is_some();
    if named && destroys && !app.global.yes && !app.may_ask() {
        show_plan(app, engine, &plan);
        app.out.warn(&gettext("Nothing was changed: this cannot be undone, and takes --yes."));
        return Ok(Exit::Decision);
    }
    if ask || !app.global.quiet {
        show_plan(app, engine, &plan);
        way.iter().for_each(|way| share::say_why(app, way));
    }
    if !engine.repo().trusted {
        // A yes to everything is not a yes to a repository that the person may never have looked at.
        return Err(Untrusted { path: engine.repo().root.clone() }.into());
    }
    if ask && !prompt::yes(app, &gettext("Go ahead?"), true) {
        app.out.say(&gettext("Nothing was changed."));
        return Ok(Exit::Error);
    }
    let outcome = execute(app, engine, &plan)?;
    let shared = way.and_then(|way| share::after(app, engine, &plan, &outcome, way, force));
    answer(app, &plan, &outcome, shared.as_ref())?;
    tell_no_section(app, engine, &plan, &outcome)?;
    let exit = exit(&plan, &outcome, left);
    Ok(shared.map_or(exit, |shared| share::tell(app, &shared, exit)))
}

/// Carries a plan out, with progress, until it is done or interrupted.
pub(super) fn execute(app: &App, engine: &Engine, plan: &Plan) -> anyhow::Result<Outcome> {
    let cancel = CancellationToken::new();
    interrupt::cancels(&cancel);
    let mut steps = progress::Steps::new(app);
    engine.execute(plan, &mut |event| steps.hear(event), &cancel)
}

/// Makes an edit of the repository that changes no item, planned when nobody else is at it, and says what came of it.
/// With `-n` only shows it.
pub(super) fn edit(
    app: &App,
    engine: &Engine,
    title: String,
    change: impl FnOnce(&mut Manifests) -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    if app.global.dry_run {
        let plan = Plan { system_first: true, ..engine.plan_edit(title, change)? };
        return carry_out(app, engine, plan);
    }
    let cancel = CancellationToken::new();
    interrupt::cancels(&cancel);
    let mut steps = progress::Steps::new(app);
    let on = &mut |event: Event<'_>| steps.hear(event);
    let (plan, outcome) = engine.execute_edit(title, change, on, &cancel)?;
    if plan.steps.is_empty() && !app.global.json {
        app.out.say(&gettext("There is nothing to do."));
    }
    answer(app, &plan, &outcome, None)?;
    Ok(exit(&plan, &outcome, Exit::Done))
}

/// Opens the repository for changes. One that was only walked into is asked about, once.
pub(super) fn open(app: &App) -> anyhow::Result<Engine> {
    let engine = app.engine()?;
    if engine.repo().trusted || app.global.dry_run {
        return Ok(engine);
    }
    let root = engine.repo().root.clone();
    let shown = app.host.display(&root);
    if !app.may_ask() {
        return Err(Untrusted { path: root }.into());
    }
    let question = fill(&gettext("Use {path} as your repository?"), &[("path", &shown)]);
    if !prompt::yes(app, &question, false) {
        return Err(Untrusted { path: root }.into());
    }
    Engine::use_repo(&app.host, &root)?;
    app.engine()
}

fn exit(plan: &Plan, outcome: &Outcome, left: Exit) -> Exit {
    let all = plan.changes.is_empty() && outcome.errors.is_empty() && !outcome.cancelled;
    match (outcome.complete() || all, outcome.done()) {
        (true, _) => left,
        (false, 0) if outcome.cancelled => Exit::Interrupted,
        (false, 0) => Exit::Error,
        (false, _) => Exit::Partly,
    }
}

/// Says what a plan does.
pub(super) fn show_plan(app: &App, engine: &Engine, plan: &Plan) {
    let sides = [
        (Side::Manifest, gettext("Capture: the manifests will say what this machine has")),
        (Side::System, gettext("Apply: this machine will be what the manifests say")),
    ];
    for (side, title) in sides {
        let title = match plan.undoes {
            None if !plan.system_first => title,
            _ if side == Side::Manifest => gettext("In the manifests"),
            _ => gettext("On this machine"),
        };
        let of: Vec<&Change> = plan.changes.iter().filter(|change| change.side == side).collect();
        if !of.is_empty() {
            app.out.line(&paint(Style::Bold, &title));
        }
        for change in of {
            show::change(app, engine, change);
        }
    }
    let steps = !plan.system_first || app.global.dry_run || app.out.verbose;
    if !plan.steps.is_empty() && steps {
        app.out.line(&paint(Style::Bold, &gettext("Steps")));
        for (index, step) in plan.steps.iter().enumerate() {
            show_step(app, index + 1, step);
        }
    }
    show_blocked(app, engine, &plan.blocked);
    show_held(app, engine, &plan.held);
    if plan.changes.is_empty() && plan.steps.is_empty() && plan.blocked.is_empty() {
        app.out.say(&gettext("There is nothing to do."));
    }
}

fn show_step(app: &App, number: usize, planned: &PlannedStep) {
    let step = &planned.step;
    let tags: Vec<String> = [
        (step.risk.password, gettext("may ask for a password")),
        (step.risk.network, gettext("downloads")),
        (step.risk.log_out, gettext("takes a log-out")),
        (step.risk.reboot, gettext("takes a restart")),
        (step.risk.destructive, gettext("cannot be undone")),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .map(|(_, tag)| format!("[{tag}]"))
    .collect();
    let tags = match tags.is_empty() {
        true => String::new(),
        false => format!("  {}", paint(Style::Yellow, &tags.join(" "))),
    };
    app.out.line(&format!("  {number}. {}{tags}", step.title));
    for loss in step.losses() {
        app.out.line(&format!("       {}", paint(Style::Yellow, loss)));
    }
    if !app.out.verbose {
        return;
    }
    let details: Vec<String> = match &step.action {
        Action::Run(run) => vec![format!("$ {}", command::display(run))],
        Action::Away(away) => vec![format!("$ {}", command::display(&away.command))],
        Action::Write(edits) => {
            edits.iter().map(|e| app.host.display(std::path::Path::new(&e.path))).collect()
        }
        Action::Dconf(edits) => edits.iter().map(|edit| edit.key.clone()).collect(),
        Action::Download(download) => vec![secret::shown_address(&download.url)],
        Action::Copy(copy) => {
            let shown = |path: &str| app.host.display(std::path::Path::new(path));
            vec![format!("{} → {}", shown(&copy.from), shown(&copy.to))]
        }
        Action::Place(placed) => {
            placed.iter().map(|one| app.host.display(std::path::Path::new(&one.path))).collect()
        }
    };
    for detail in details {
        app.out.line(&paint(Style::Dim, &format!("       {detail}")));
    }
}

fn show_blocked(app: &App, engine: &Engine, blocked: &[BlockedChange]) {
    for one in blocked {
        let what = show::describe(engine, &one.change);
        let (text, style) = match one.later {
            true => (gettext("Not now: {what}: {why}"), Style::Yellow),
            false => (gettext("Cannot be done: {what}: {why}"), Style::Red),
        };
        let text = fill(&text, &[("what", &what), ("why", &one.reason)]);
        app.out.warn(&paint(style, &text));
    }
}

fn show_held(app: &App, engine: &Engine, held: &[Change]) {
    if held.is_empty() {
        return;
    }
    app.out.line(&paint(Style::Bold, &gettext("Left as it is, unless you say so")));
    for change in held {
        let Some(why) = change.held else { continue };
        let how = match why {
            Held::Removal => {
                fill(&gettext("--prune, or -i '{item}'"), &[("item", change.item.as_str())])
            }
            Held::AgainstSuggestion | Held::Conflict => {
                fill(&gettext("--force, or -i '{item}'"), &[("item", change.item.as_str())])
            }
            Held::Secret => gettext("--secrets"),
            Held::Loss => gettext("--recreate"),
        };
        let text = fill(
            &gettext("{what}: {why} (to include it: {how})"),
            &[("what", &show::describe(engine, change)), ("why", &words::held(why)), ("how", &how)],
        );
        app.out.line(&format!("  {} {text}", paint(Style::Yellow, "!")));
    }
}

/// Says what came of a plan, condensed: what worked is counted, what did not is named.
fn answer(
    app: &App,
    plan: &Plan,
    outcome: &Outcome,
    shared: Option<&Shared>,
) -> anyhow::Result<()> {
    if app.global.json {
        let Plan { held, blocked, .. } = plan;
        return app.out.json(&versioned(Answer { outcome, held, blocked, shared }));
    }
    for ended in &outcome.results {
        let title = &ended.change.title;
        let text = match &ended.verdict {
            Verdict::Done => continue,
            Verdict::Moved => gettext("{title}: left alone, because it has moved since"),
            Verdict::Failed(_) => gettext("{title}: {why}"),
            Verdict::NotDone => gettext("{title}: not done"),
        };
        let why = match &ended.verdict {
            Verdict::Failed(why) => why.as_str(),
            _ => "",
        };
        app.out.error(&fill(&text, &[("title", title), ("why", why)]));
    }
    let told = |error: &String| {
        outcome.results.iter().any(|e| e.verdict == Verdict::Failed(error.clone()))
    };
    for error in outcome.errors.iter().filter(|error| !told(error)) {
        errors::show(&app.out, error, None);
    }
    if outcome.cancelled {
        app.out
            .warn(&gettext("Interrupted: what was begun is finished, the rest was not started."));
    }
    let done = outcome.done();
    // An edit of the repository that changes no item.
    let edited = plan.changes.is_empty() && outcome.operation.is_some() && outcome.complete();
    let edited = plan.steps.first().filter(|_| edited);
    if done > 0 || edited.is_some() {
        let text = match edited {
            Some(planned) => planned.step.title.clone(),
            None => ngettext("{n} change made", "{n} changes made", done),
        };
        let text = fill(&text, &[("n", &done.to_string())]);
        let undo = outcome.operation.filter(|_| plan.undoes.is_none()).map(|number| {
            let undo = gettext("to take it back: bkt undo {number}");
            fill(&undo, &[("number", &number.to_string())])
        });
        let undo = undo.map_or(String::new(), |undo| format!(" ({undo})"));
        app.out.say(&format!("{}{undo}", paint(Style::Green, &text)));
    }
    // Where the steps were shown, each has said so.
    if plan.system_first && !app.out.verbose && takes_restart(plan, outcome) {
        app.out.say(&gettext("It is in force on this machine after a restart."));
    }
    Ok(())
}

/// Whether something was done that comes into force after a restart.
fn takes_restart(plan: &Plan, outcome: &Outcome) -> bool {
    let mut done = outcome.results.iter().filter(|ended| ended.verdict == Verdict::Done);
    done.any(|Ended { change, .. }| {
        let carries = |one: &&PlannedStep| {
            one.subsystems.contains(&change.subsystem) && one.step.items.contains(&change.item)
        };
        change.side == Side::System
            && plan.steps.iter().filter(carries).any(|one| one.step.risk.reboot)
    })
}

/// The image does not get what the manifests say for it where the Containerfile has no place for that.
fn tell_no_section(
    app: &App,
    engine: &Engine,
    plan: &Plan,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    let of_image = |ended: &Ended| {
        let subsystem = engine.subsystem(&ended.change.subsystem);
        ended.change.side == Side::Manifest
            && ended.verdict == Verdict::Done
            && subsystem
                .is_some_and(|one| one.about().page == Page::Packages || one.about().id == TOOLBOX)
    };
    if plan.undoes.is_some() || !outcome.results.iter().any(of_image) {
        return Ok(());
    }
    if let Some(report) = engine.containerfile()? {
        containerfile::tell_missing(app, &report);
    }
    Ok(())
}
