//! `bkt repo pull`: what other machines committed, brought here.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::cli::act::{self, versioned};
use crate::cli::app::{App, Exit};
use crate::cli::output::{Style, paint};
use crate::cli::{progress, prompt, show};
use crate::engine::Engine;
use crate::engine::pull::{Choice, Coming, Conflict, Done, PullRequest, Pulled, Stage};
use crate::host::interrupt;
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Bring what is new upstream here"),
    after_help = gettext("\
Commits that are not upstream yet are put on top of what is, and so are uncommitted edits; what upstream has by now \
is dropped from them. Manifests are brought together item by item. Where both sides changed the same field, it is asked which \
is right; where that is not possible, nothing is changed and the exit status is 4.

Examples:
  bkt repo pull                    asks where both sides changed the same thing
  bkt repo pull --mine             what this checkout says is right
  bkt repo pull --theirs           what upstream says is right
  bkt repo pull -n                 what would come, as of the last fetch")
)]
pub(super) struct Args {
    #[arg(long, conflicts_with = "theirs", help = gettext("Where both sides changed the same thing, keep what this checkout says"))]
    mine: bool,
    #[arg(long, help = gettext("Where both sides changed the same thing, take what upstream says"))]
    theirs: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let cancel = CancellationToken::new();
    interrupt::cancels(&cancel);
    let mut busy = Some(progress::busy(&app.out, gettext("Starting")));
    let mut finished = false;
    let request = PullRequest { unattended: app.global.cli, dry_run: app.global.dry_run };
    let mut skipped = false;
    let mut decide = |conflict: &Conflict| {
        match (args.mine, args.theirs) {
            (true, _) => return Some(Choice::Mine),
            (_, true) => return Some(Choice::Theirs),
            _ if skipped || !app.may_ask() => return None,
            _ => (),
        }
        let choice = ask(app, conflict);
        skipped |= choice.is_none();
        choice
    };
    let bar = std::cell::RefCell::new(&mut busy);
    let pulled = engine.pull(
        request,
        &mut |conflict| {
            // A question and a moving line do not go together.
            if app.may_ask() {
                **bar.borrow_mut() = None;
            }
            decide(conflict)
        },
        &mut |stage| {
            finished |= stage == Stage::Finishing;
            hear(app, bar.borrow().as_ref(), &stage);
        },
        &cancel,
    );
    drop(busy);
    if finished && pulled.is_ok() {
        app.out.say(&gettext("An earlier pull that was interrupted is finished now."));
    }
    answer(app, &engine, &pulled?)
}

fn hear(app: &App, busy: Option<&progress::Busy>, stage: &Stage<'_>) {
    let text = match stage {
        Stage::Finishing => gettext("Finishing an earlier pull"),
        Stage::Fetching(remote) => {
            fill(&gettext("Asking {remote} what is new"), &[("remote", remote)])
        }
        Stage::Merging => gettext("Bringing both sides together"),
        Stage::Writing => gettext("Writing the files"),
        Stage::Line(line) => {
            if app.out.verbose {
                app.out.aside(&format!("      {line}"));
            }
            if let Some(busy) = busy {
                busy.now((*line).to_owned());
            }
            return;
        }
    };
    app.status(&text);
    if app.out.verbose || app.global.cli {
        app.out.aside(&text);
    }
    if let Some(busy) = busy {
        busy.now(text);
    }
}

fn ask(app: &App, conflict: &Conflict) -> Option<Choice> {
    tell_conflict(app, conflict);
    let question = gettext("  mine, theirs, or skip: leave everything as it was");
    loop {
        match prompt::answer(app, &question)?.as_str() {
            "m" | "mine" => return Some(Choice::Mine),
            "t" | "theirs" => return Some(Choice::Theirs),
            "s" | "skip" | "q" | "quit" => return None,
            _ => (),
        }
    }
}

fn tell_conflict(app: &App, conflict: &Conflict) {
    let place = &conflict.place;
    let parts = [&place.file, &place.item, &place.field];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    app.out.line(&paint(Style::Bold, &parts.join(" › ")));
    let rows = [
        (gettext("before: {value}"), &conflict.base),
        (gettext("mine:   {value}"), &conflict.mine),
        (gettext("theirs: {value}"), &conflict.theirs),
    ];
    for (text, value) in rows {
        app.out.line(&format!("  {}", fill(&text, &[("value", &shown(value.as_ref()))])));
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => gettext("not there"),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn answer(app: &App, engine: &Engine, pulled: &Pulled) -> anyhow::Result<Exit> {
    if app.global.json {
        app.out.json(&versioned(pulled))?;
    }
    match pulled {
        Pulled::UpToDate { upstream, ahead } => {
            let text = fill(&gettext("{upstream} has nothing new."), &[("upstream", upstream)]);
            app.out.say(&text);
            if *ahead > 0 {
                let text = ngettext(
                    "{n} commit of yours is not there yet.",
                    "{n} commits of yours are not there yet.",
                    *ahead,
                );
                app.out.say(&fill(&text, &[("n", &ahead.to_string())]));
            }
            not_asked(app);
        }
        Pulled::Would(coming) => {
            tell_coming(app, engine, coming);
            not_asked(app);
            app.out.say(&gettext("Nothing was changed: this is a dry run."));
        }
        Pulled::Done(done) => tell_done(app, engine, done),
        Pulled::Undecided { conflicts, files } => {
            if !app.global.json && !app.may_ask() {
                for conflict in conflicts {
                    tell_conflict(app, conflict);
                }
            }
            for file in files {
                let text = gettext(
                    "“{path}” was changed on both sides in the same lines: bring it together with git, or in an editor, and commit it first.",
                );
                app.out.error(&fill(&text, &[("path", &file.display().to_string())]));
            }
            if !conflicts.is_empty() {
                app.out.error(&gettext(
                    "Both sides changed the same. Decide for all of them with --mine or --theirs, or one by one in a terminal.",
                ));
            }
            app.out.say(&gettext("Everything is as it was."));
            return Ok(Exit::Decision);
        }
    }
    Ok(Exit::Done)
}

/// Says of a dry run how old its answer may be.
fn not_asked(app: &App) {
    if app.global.dry_run {
        app.out.say(&gettext("A dry run does not ask the remote: this is as of the last fetch."));
    }
}

fn tell_coming(app: &App, engine: &Engine, coming: &Coming) {
    let text =
        ngettext("{n} commit from {upstream}", "{n} commits from {upstream}", coming.commits);
    let n = coming.commits.to_string();
    app.out.line(&paint(Style::Bold, &fill(&text, &[("n", &n), ("upstream", &coming.upstream)])));
    for change in &coming.changes {
        app.out.line(&format!("  {}", show::describe(engine, change)));
    }
    for file in &coming.files {
        app.out.line(&format!("  {file}"));
    }
}

fn tell_done(app: &App, engine: &Engine, done: &Done) {
    tell_coming(app, engine, &done.coming);
    let count = |n: usize, text: String| {
        if n > 0 {
            app.out.say(&fill(&text, &[("n", &n.to_string())]));
        }
    };
    count(
        done.replayed,
        ngettext(
            "{n} commit of yours is on top of it now.",
            "{n} commits of yours are on top of it now.",
            done.replayed,
        ),
    );
    count(
        done.dropped,
        ngettext(
            "{n} commit of yours is there already, and was dropped.",
            "{n} commits of yours are there already, and were dropped.",
            done.dropped,
        ),
    );
    if done.edits_dropped {
        app.out.say(&gettext("What was not committed here is upstream by now."));
    } else if done.edits {
        app.out.say(&gettext("What is not committed was kept."));
    }
    let n = done.coming.changes.len();
    let text = ngettext("{n} item changed", "{n} items changed", n);
    app.out.say(&paint(Style::Green, &fill(&text, &[("n", &n.to_string())])));
    let text = gettext(
        "What was here before is kept as {reference}. To see what the pull changed: git diff {reference}",
    );
    app.out.say(&fill(&text, &[("reference", &done.before)]));
    if n > 0 {
        app.out.say(&gettext("To bring this machine in line: bkt apply"));
    }
}
