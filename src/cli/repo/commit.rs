//! `bkt repo commit` and `bkt repo push`.

use std::path::PathBuf;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::review;
use crate::cli::act::{self, versioned};
use crate::cli::app::{App, Exit};
use crate::cli::output::{Style, paint};
use crate::cli::{errors, progress, prompt};
use crate::engine::explain::explain;
use crate::engine::{Commit, CommitError, Committed, Engine, Pushed, Review};
use crate::host::git::Head;
use crate::host::interrupt;
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Commit what is not committed, with a message that says what it means"),
    after_help = gettext("\
Without a name, the files that Bucket reads and writes are committed, each as a whole and as it is in the checkout. \
Other files are left, and so is what is staged of them.

Examples:
  bkt repo commit                            the manifests and what belongs to them
  bkt repo commit --push                     the same, and push it
  bkt repo commit -m \"For the new laptop\"    with a message of your own
  bkt repo commit org.gnome.Boxes            only the files that this item is in
  bkt repo commit README.md                  only this file
  bkt repo commit --all -n                   what a commit of everything would be")
)]
pub(super) struct Args {
    #[arg(short, long, value_name = "MESSAGE", help = gettext("The message, instead of the one made of the changes"))]
    message: Option<String>,
    #[arg(value_name = "FILE|ITEM", conflicts_with = "all", help = gettext("Only these files, and those that these items are in"))]
    names: Vec<String>,
    #[arg(long, help = gettext("Also commit files that are none of Bucket's"))]
    all: bool,
    #[arg(long, help = gettext("Push the branch afterwards"))]
    push: bool,
    #[arg(long, help = gettext("Also commit manifests that cannot be read"))]
    force: bool,
    #[arg(long, help = gettext("Also commit what looks like a secret"))]
    secrets: bool,
}

#[derive(clap::Args)]
#[command(
    about = gettext("Push the branch to the one it follows, or to one of its name at origin"),
    after_help = gettext("\
Examples:
  bkt repo push                    push what is committed
  bkt repo push -n                 say where to")
)]
pub(super) struct PushArgs {}

/// What a commit would be.
#[derive(Serialize)]
struct Planned {
    files: Vec<String>,
    message: String,
    push: Option<Pushed>,
}

/// What came of it.
#[derive(Default, Serialize)]
struct Answer {
    committed: Option<Committed>,
    message: Option<String>,
    pushed: Option<Pushed>,
    error: Option<String>,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let review = engine.review()?;
    if let Some(operation) = review.checkout.operation {
        return Err(CommitError::Operation { operation }.into());
    }
    let paths = chosen(app, &engine, &review, args)?;
    let message = args.message.clone().unwrap_or_else(|| review.message_for(&paths));
    let left = tell_left(app, &review, args, &paths);
    if app.global.dry_run {
        return dry(app, &engine, &review, args, paths, message, left);
    }
    let mut answer = Answer::default();
    if paths.is_empty() {
        match left {
            Exit::Done => app.out.say(&gettext("There is nothing to commit.")),
            _ => app.out.say(&gettext("Nothing was committed.")),
        }
    } else {
        let Some(secrets) = agreed(app, &review, args, &paths, &message) else {
            app.out.say(&gettext("Nothing was changed."));
            return Ok(Exit::Error);
        };
        let commit = Commit { paths, message, force: args.force, secrets };
        let committed = {
            let _busy = progress::busy(&app.out, gettext("Committing"));
            engine.commit(&commit, &mut |line| say(app, line), &cancel())?
        };
        tell(app, &commit.message, &committed);
        answer.committed = Some(committed);
        answer.message = Some(commit.message);
    }
    let mut exit = left;
    if args.push {
        match push_now(app, &engine) {
            Ok(pushed) => answer.pushed = Some(pushed),
            // A commit stays one, whatever becomes of the push.
            Err(error) if answer.committed.is_some() => {
                let told = explain(&error);
                errors::show(&app.out, &told.message, told.hint.as_deref());
                answer.error = Some(told.message);
                exit = Exit::Partly;
            }
            Err(error) => return Err(error),
        }
    }
    if app.global.json {
        app.out.json(&versioned(answer))?;
    }
    Ok(exit)
}

/// `bkt repo push`.
pub(super) fn push(app: &App) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    if app.global.dry_run {
        let target = engine.push_target()?;
        would_push(app, &target);
        if app.global.json {
            app.out.json(&versioned(target))?;
        }
        return Ok(Exit::Done);
    }
    let pushed = push_now(app, &engine)?;
    if app.global.json {
        app.out.json(&versioned(pushed))?;
    }
    Ok(Exit::Done)
}

fn cancel() -> CancellationToken {
    let cancel = CancellationToken::new();
    interrupt::cancels(&cancel);
    cancel
}

/// What git and the hooks say: of a failure, the error says it.
fn say(app: &App, line: &str) {
    if app.out.verbose {
        app.out.aside(line);
    }
}

fn chosen(
    app: &App,
    engine: &Engine,
    review: &Review,
    args: &Args,
) -> anyhow::Result<Vec<PathBuf>> {
    if !args.names.is_empty() {
        return Ok(review::named(app, &engine.repo().root, review, &args.names)?);
    }
    let all = review.files.iter().filter(|file| {
        let readable = args.force || file.error.is_none();
        file.can_commit() && readable && (file.ours || args.all)
    });
    Ok(all.map(|file| file.path.clone()).collect())
}

/// Says what stays uncommitted although it was meant, or may have been; and how that ends.
fn tell_left(app: &App, review: &Review, args: &Args, paths: &[PathBuf]) -> Exit {
    let left = || review.files.iter().filter(|file| !paths.contains(&file.path));
    if !args.names.is_empty() {
        return Exit::Done;
    }
    let others = left().filter(|file| !file.ours).count();
    if others > 0 && !args.all {
        let text = ngettext(
            "{n} other file is not committed either; to include it: --all",
            "{n} other files are not committed either; to include them: --all",
            others,
        );
        app.out.say(&fill(&text, &[("n", &others.to_string())]));
    }
    let broken: Vec<_> = left().filter_map(|file| file.error.as_ref()).collect();
    for why in &broken {
        let hint = gettext("It is not committed. Correct it first; to commit it as it is: --force");
        errors::show(&app.out, why, Some(&hint));
    }
    match (broken.is_empty(), paths.is_empty()) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Error,
        (false, false) => Exit::Partly,
    }
}

fn dry(
    app: &App,
    engine: &Engine,
    review: &Review,
    args: &Args,
    paths: Vec<PathBuf>,
    message: String,
    left: Exit,
) -> anyhow::Result<Exit> {
    if paths.is_empty() {
        app.out.say(&gettext("There is nothing to commit."));
    } else {
        review::show(app, review, &paths);
        review::message(app, &message);
    }
    let push = args.push.then(|| engine.push_target()).transpose()?;
    if let Some(target) = &push {
        would_push(app, target);
    }
    app.out.say(&gettext("Nothing was changed: this is a dry run."));
    if app.global.json {
        let files = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        app.out.json(&versioned(Planned { files, message, push }))?;
    }
    Ok(left)
}

/// Shows what will be committed, and asks. Returns whether secrets may go along; `None` where the answer is no.
fn agreed(
    app: &App,
    review: &Review,
    args: &Args,
    paths: &[PathBuf],
    message: &str,
) -> Option<bool> {
    // Whoever names what is to be committed has said yes to it.
    let ask = app.may_ask() && !app.global.yes && args.names.is_empty();
    if ask || !app.global.quiet {
        review::show(app, review, paths);
        review::message(app, message);
    }
    if matches!(review.checkout.head, Head::Detached(_)) {
        app.out.warn(&gettext(
            "No branch is checked out: the commit is lost sight of when another is. To keep it: git switch -c NAME",
        ));
    }
    if ask && !prompt::yes(app, &gettext("Commit this?"), true) {
        return None;
    }
    let secret = review.files.iter().any(|file| file.secret && paths.contains(&file.path));
    if !secret || args.secrets || !app.may_ask() {
        return Some(args.secrets);
    }
    prompt::yes(
        app,
        &gettext("What looks like a secret would be read by others. Commit it all the same?"),
        false,
    )
    .then_some(true)
}

fn tell(app: &App, message: &str, committed: &Committed) {
    let n = committed.files.len();
    let text = ngettext(
        "Committed {n} file as {hash}: {subject}",
        "Committed {n} files as {hash}: {subject}",
        n,
    );
    let subject = message.trim().lines().next().unwrap_or_default();
    let hash = committed.hash.get(..10).unwrap_or(&committed.hash);
    let text = fill(&text, &[("n", &n.to_string()), ("hash", hash), ("subject", subject)]);
    app.out.say(&paint(Style::Green, &text));
    for file in &committed.added_by_hook {
        let text = gettext("A hook of the repository added {file} to the commit.");
        app.out.warn(&fill(&text, &[("file", &file.to_string_lossy())]));
    }
}

fn push_now(app: &App, engine: &Engine) -> anyhow::Result<Pushed> {
    let pushed = {
        let _busy = progress::busy(&app.out, gettext("Pushing"));
        engine.push(&mut |line| say(app, line), &cancel())?
    };
    let text = match pushed.new {
        true => gettext("Pushed to {remote}/{branch}, which this branch follows from now on."),
        false => gettext("Pushed to {remote}/{branch}."),
    };
    app.out.say(&fill(&text, &[("remote", &pushed.remote), ("branch", &pushed.branch)]));
    Ok(pushed)
}

fn would_push(app: &App, target: &Pushed) {
    let text = match target.new {
        true => gettext(
            "The branch would be pushed to {remote}/{branch}, which it would follow from then on.",
        ),
        false => gettext("The branch would be pushed to {remote}/{branch}."),
    };
    app.out.say(&fill(&text, &[("remote", &target.remote), ("branch", &target.branch)]));
}
