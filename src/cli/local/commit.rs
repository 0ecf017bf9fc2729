//! `bkt local commit`: what was done on this machine alone is meant for the manifests after all.

use crate::cli::app::{App, Exit};
use crate::cli::output::{Style, paint};
use crate::cli::share::Follow;
use crate::cli::{act, errors, prompt, show};
use crate::core::merge::Drift;
use crate::core::near::nearest;
use crate::core::plan::Held;
use crate::core::report::Report;
use crate::engine::local::{self, LocalChange};
use crate::engine::{Engine, Pick, Request, Verb};
use crate::subsystem::names_item;
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Save local changes to the manifests, in one commit or pull request"),
    after_help = gettext("\
What the machine says of them now is saved. Where the manifest has changed meanwhile, somebody has to decide; where nobody \
may be asked, that change stays in the list, with exit status 4. What is saved leaves the list.

A pull request follows where that is the repository's workflow, else a commit.

Examples:
  bkt local commit                 all of them
  bkt local commit org.gnome.Boxes one of them
  bkt local commit --pr            with a pull request
  bkt local commit -n              what would be saved")
)]
pub(super) struct Args {
    #[arg(value_name = "ITEM", help = gettext("Only these items"))]
    items: Vec<String>,
    #[arg(long, help = gettext("Take this machine's value where the manifest has changed meanwhile"))]
    force: bool,
    #[arg(long, help = gettext("Also save what looks like a secret"))]
    secrets: bool,
    #[arg(long, conflicts_with_all = ["no_pr", "manifest_only"], help = gettext("Open a pull request with the edit"))]
    pr: bool,
    #[arg(long, help = gettext("Open no pull request, but commit"))]
    no_pr: bool,
    #[arg(long, help = gettext("Change the manifests alone, in the checkout, without a commit"))]
    manifest_only: bool,
}

impl Args {
    fn follow(&self) -> Follow {
        match () {
            () if self.manifest_only => Follow::Nothing,
            () if self.pr => Follow::Request,
            () if self.no_pr => Follow::Commit,
            () => Follow::CommitOrRequest,
        }
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let all = local::list(&app.host)?;
    let chosen = chosen(&all, &args.items)?;
    if chosen.is_empty() {
        app.out.say(&gettext("There are no local changes."));
        if app.global.json {
            app.out.json(&act::versioned(crate::engine::Outcome::default()))?;
        }
        return Ok(Exit::Done);
    }
    let engine = act::open(app)?;
    let mut subsystems: Vec<_> = chosen.iter().map(|change| change.subsystem.clone()).collect();
    subsystems.sort();
    subsystems.dedup();
    let mut report = app.survey_ids(&engine, &subsystems)?;
    only(&mut report, &chosen);
    let unread = act::tell_unread(app, &engine, &report);
    settled(app, &report, &chosen)?;
    // What a person removed on purpose is removed.
    let mut request = Request {
        prune: true,
        force: args.force,
        secrets: args.secrets,
        layer: app.layer(),
        ..Request::all(Verb::Capture)
    };
    request.picks = ask(app, &engine, &report, &request)?;
    let exit = act::request(app, &engine, &report, request, args.follow())?;
    if exit != Exit::Done || app.global.dry_run {
        return Ok(exit);
    }
    // Whatever the reason it was left for, it is still to be decided on.
    let left = local::list(&app.host)?;
    let waits = chosen.iter().any(|change| left.contains(change));
    Ok(match (unread, waits) {
        (true, _) => Exit::Partly,
        (false, true) => Exit::Decision,
        (false, false) => Exit::Done,
    })
}

/// The changes that the person named, or all.
fn chosen<'a>(
    all: &'a [LocalChange],
    typed: &[String],
) -> Result<Vec<&'a LocalChange>, errors::Misnamed> {
    let fits = |name: &str, change: &LocalChange| {
        change.subsystem.as_str() == name || names_item(name, &change.item, change.item.as_str())
    };
    for name in typed {
        if !all.iter().any(|change| fits(name, change)) {
            let keys = all.iter().map(|change| (change.item.as_str(), Vec::new()));
            let close = nearest(name, keys);
            return Err(errors::Misnamed::Item { name: name.clone(), close });
        }
    }
    let named =
        |change: &&LocalChange| typed.is_empty() || typed.iter().any(|name| fits(name, change));
    Ok(all.iter().filter(named).collect())
}

/// Leaves only what the list names; the rest of the machine is not what this is about, even where it cannot be read.
fn only(report: &mut Report, chosen: &[&LocalChange]) {
    for subsystem in &mut report.subsystems {
        let id = &subsystem.id;
        subsystem
            .items
            .retain(|item| chosen.iter().any(|one| one.subsystem == *id && one.item == item.key));
        for item in &mut subsystem.items {
            // Whoever names it means it, whatever a rule says.
            item.ignored = None;
        }
        subsystem.unread.clear();
    }
}

/// What both sides say already leaves the list: nothing is left to be saved.
fn settled(app: &App, report: &Report, chosen: &[&LocalChange]) -> anyhow::Result<()> {
    let agreed = |change: &&&LocalChange| {
        let Some(subsystem) = report.subsystem(&change.subsystem) else { return false };
        let item = subsystem.items.iter().find(|item| item.key == change.item);
        let compared = subsystem.availability == crate::core::report::Availability::Compared;
        compared && item.is_none_or(|item| item.state == Drift::InSync)
    };
    let agreed: Vec<&LocalChange> = chosen.iter().filter(agreed).copied().collect();
    for change in &agreed {
        let text = gettext("{item}: the manifest says so already");
        app.out.say(&fill(&text, &[("item", change.item.as_str())]));
    }
    if !app.global.dry_run && !agreed.is_empty() {
        local::forget(&app.host, &agreed)?;
    }
    Ok(())
}

/// The items of which the manifest has changed meanwhile and for which the person takes this machine's value.
fn ask(
    app: &App,
    engine: &Engine,
    report: &Report,
    request: &Request,
) -> anyhow::Result<Vec<Pick>> {
    if app.global.dry_run || !app.may_ask() {
        return Ok(Vec::new());
    }
    let mut picks = Vec::new();
    for change in engine.plan(report, request)?.held {
        if !matches!(change.held, Some(Held::Conflict | Held::AgainstSuggestion)) {
            continue;
        }
        app.out.line(&paint(Style::Bold, &change.title));
        show::change(app, engine, &change);
        let question = gettext("The manifest has changed meanwhile. Save this machine's value?");
        if prompt::yes(app, &question, false) {
            let (subsystem, item) = (change.subsystem, change.item);
            picks.push(Pick { subsystem, item, fields: None, verb: Verb::Capture });
        }
    }
    Ok(picks)
}
