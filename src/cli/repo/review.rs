//! `bkt repo review`: what is not committed, its meaning first, and the difference of each file with `--raw`.

use std::path::{Path, PathBuf};

use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};
use crate::cli::errors::{self, Misnamed};
use crate::cli::output::{Style, paint};
use crate::core::near::nearest;
use crate::engine::review::{Content, Happened};
use crate::engine::{Checkout, FileReview, Review, Reviewed};
use crate::host::git::{Head, Operation};
use crate::subsystem::names_item;
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Show what is not committed: what it means, and with --raw each line of it"),
    after_help = gettext("\
Examples:
  bkt repo review                            what changed, item by item, and the message that a commit would get
  bkt repo review --raw                      the same, with the lines of every file
  bkt repo review manifests/gsettings.json   one file
  bkt repo review org.gnome.Boxes            one item")
)]
pub(super) struct Args {
    #[arg(long, help = gettext("Show the lines of every file"))]
    raw: bool,
    #[arg(value_name = "FILE|ITEM", help = gettext("Only these files, and those that these items are in"))]
    names: Vec<String>,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let mut review = engine.review()?;
    if !args.names.is_empty() {
        let paths = named(app, &engine.repo().root, &review, &args.names)?;
        review.files.retain(|file| paths.contains(&file.path));
        review.changes.retain(|one| one.files.iter().any(|file| paths.contains(file)));
        review.message = review.message_for(&review.default_paths());
    }
    let exit = match review.problems.is_empty() && review.files.iter().all(|f| f.error.is_none()) {
        true => Exit::Done,
        false => Exit::Error,
    };
    if app.global.json {
        app.out.json(&versioned(&review))?;
        return Ok(exit);
    }
    standing(app, &review.checkout);
    if review.is_empty() {
        app.out.say(&gettext("Everything is committed."));
    }
    let all: Vec<PathBuf> = review.files.iter().map(|file| file.path.clone()).collect();
    show(app, &review, &all);
    ignored(app, &review);
    for problem in &review.problems {
        errors::show(&app.out, problem, None);
    }
    if args.raw {
        review.files.iter().for_each(|file| raw(app, file));
    }
    if !review.default_paths().is_empty() {
        message(app, &review.message);
        app.out.say(&gettext("To commit it: bkt repo commit"));
    }
    Ok(exit)
}

/// The files that `names` mean: by their paths, from the repository's top or from here, or by the items in them.
pub(super) fn named(
    app: &App,
    root: &Path,
    review: &Review,
    names: &[String],
) -> Result<Vec<PathBuf>, Misnamed> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in names {
        let here = resolved(&app.host.env().cwd.join(name));
        let here = here.strip_prefix(root).unwrap_or(Path::new(name));
        let files = |is: &dyn Fn(&Path) -> bool| -> Vec<PathBuf> {
            let files = review.files.iter().map(|file| &file.path);
            files.filter(|path| is(path)).cloned().collect()
        };
        let mut found = files(&|path| {
            path.starts_with(here) || path.starts_with(name) || path.to_string_lossy() == **name
        });
        if found.is_empty() {
            found = files(&|path| path.file_name().is_some_and(|last| last == name.as_str()));
        }
        if found.is_empty() {
            let items = review.changes.iter();
            let items = items.filter(|one| names_item(name, &one.change.item, &one.change.title));
            found = items.flat_map(|one| one.files.iter().cloned()).collect();
        }
        if found.is_empty() {
            return Err(unknown(review, name));
        }
        paths.extend(found);
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// A path without “..” in it; its last part need not be there any more, and stays a link where it is one.
fn resolved(path: &Path) -> PathBuf {
    let dir = path.parent().and_then(|dir| std::fs::canonicalize(dir).ok());
    match (dir, path.file_name()) {
        (Some(dir), Some(last)) => dir.join(last),
        _ => path.to_owned(),
    }
}

fn unknown(review: &Review, name: &str) -> Misnamed {
    let files: Vec<String> =
        review.files.iter().map(|file| file.path.to_string_lossy().into_owned()).collect();
    let files = files.iter().map(|file| (file.as_str(), vec![file.as_str()]));
    let items = review.changes.iter().map(|one| {
        (one.change.item.as_str(), vec![one.change.item.as_str(), one.change.title.as_str()])
    });
    let close = nearest(name, files.chain(items));
    let message = gettext("nothing that is not committed is called “{name}”");
    let hint = match close.is_empty() {
        true => gettext("See what there is: bkt repo review"),
        false => fill(
            &gettext("Did you mean one of these?\n  {items}"),
            &[("items", &close.join("\n  "))],
        ),
    };
    Misnamed::Wrong { message: fill(&message, &[("name", name)]), hint: Some(hint) }
}

/// Where the checkout stands, in one line, and what keeps it from being committed to.
fn standing(app: &App, checkout: &Checkout) {
    let head = match &checkout.head {
        Head::Branch(name) => fill(&gettext("On {branch}"), &[("branch", name)]),
        Head::Unborn(name) => {
            fill(&gettext("On {branch}, which has no commit yet"), &[("branch", name)])
        }
        Head::Detached(hash) => {
            let hash = hash.get(..12).unwrap_or(hash);
            fill(&gettext("On no branch, at {commit}"), &[("commit", hash)])
        }
    };
    app.out.line(&paint(Style::Bold, &head));
    if let Some(operation) = checkout.operation {
        app.out.warn(&match operation {
            Operation::Rebase => gettext("A rebase is going on: nothing is committed meanwhile."),
            Operation::Merge => gettext("A merge is going on: nothing is committed meanwhile."),
            Operation::CherryPick => {
                gettext("A cherry-pick is going on: nothing is committed meanwhile.")
            }
            Operation::Revert => gettext("A revert is going on: nothing is committed meanwhile."),
            Operation::Bisect => {
                gettext("A bisection is going on: nothing is committed meanwhile.")
            }
        });
    }
}

/// What a commit of `paths` would hold: what it means, and then each file.
pub(super) fn show(app: &App, review: &Review, paths: &[PathBuf]) {
    for one in review.changes_in(paths) {
        line(app, one);
    }
    let (ours, others): (Vec<&FileReview>, Vec<&FileReview>) =
        review.files.iter().filter(|file| paths.contains(&file.path)).partition(|file| file.ours);
    for (title, files) in [(gettext("Files"), ours), (gettext("Other files"), others)] {
        if files.is_empty() {
            continue;
        }
        app.out.line(&paint(Style::Bold, &title));
        for file in files {
            app.out.line(&format!("  {}", one(file)));
            if let Some(why) = &file.error {
                app.out.warn(&paint(Style::Red, &format!("    {why}")));
            }
            if file.partly_staged {
                app.out.line(&format!(
                    "    {}",
                    gettext("only a part of it is staged; all of it would be committed")
                ));
            }
            if file.secret {
                app.out.warn(&format!("    {}", gettext("what is new in it looks like a secret")));
            }
        }
    }
}

fn line(app: &App, one: &Reviewed) {
    let (style, sign) = match (&one.change.before, &one.change.after) {
        (None, _) => (Style::Green, "+"),
        (_, None) => (Style::Red, "−"),
        _ => (Style::Yellow, "≠"),
    };
    let names: Vec<_> = one.files.iter().map(|file| file.to_string_lossy()).collect();
    let names = match app.out.verbose {
        true => format!("  {}", paint(Style::Dim, &names.join(", "))),
        false => String::new(),
    };
    app.out.line(&format!("  {} {}{names}", paint(style, sign), one.line.replace('\n', " ")));
}

/// Changes that no commit can have.
fn ignored(app: &App, review: &Review) {
    for one in review.changes.iter().filter(|one| one.files.is_empty()) {
        let text = gettext("{change}: in a file that git has been told to ignore");
        app.out.warn(&fill(&text, &[("change", &one.line)]));
    }
}

/// A file in one line.
fn one(file: &FileReview) -> String {
    let mut notes = file.notes();
    if file.error_before.is_none()
        && file.changes == 0
        && matches!(&file.content, Content::Text { diff, .. } if !diff.is_empty())
        && file.path.starts_with("manifests")
        && file.happened == Happened::Changed
    {
        notes.push(gettext("no item differs: its text alone"));
    }
    let path = file.path.to_string_lossy().replace('\n', "\u{fffd}");
    format!("{path}  {}", paint(Style::Dim, &notes.join(", ")))
}

fn raw(app: &App, file: &FileReview) {
    let Content::Text { diff, .. } = &file.content else { return };
    for line in diff.lines() {
        let shown = match line.as_bytes().first() {
            _ if line.starts_with("--- ") || line.starts_with("+++ ") => paint(Style::Bold, line),
            Some(b'-') => paint(Style::Red, line),
            Some(b'+') => paint(Style::Green, line),
            Some(b'@') => paint(Style::Cyan, line),
            _ => line.to_owned(),
        };
        app.out.line(&shown);
    }
}

/// The message of a commit.
pub(super) fn message(app: &App, message: &str) {
    app.out.line(&paint(Style::Bold, &gettext("Message")));
    message.lines().for_each(|line| app.out.line(&format!("  {line}")));
}
