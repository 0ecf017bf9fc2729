//! `bkt init`: a new distribution.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::act::versioned;
use super::app::{App, Exit};
use super::errors::{self, Misnamed};
use super::{capture, prompt};
use crate::core::names::{ImageRef, InvalidName, RepoName, RepoOwner};
use crate::core::workflow::ForgeKind;
use crate::engine::Engine;
use crate::engine::explain::{Told, explain};
use crate::engine::init::{self, Commit, Made, Room};
use crate::manifest::template::Answers;
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Make a new distribution: a repository that your image is built from"),
    long_about = gettext("\
Make a new distribution: manifests, a Containerfile, and scripts that your forge runs to build, check, publish and sign \
images of it. It becomes the repository in use. The first commit is yours, by the name that git knows you by."),
    after_help = gettext("\
What is not said is asked for; where nobody may be asked, the name is the directory's, the base the image that this \
machine was started from, the forge GitHub, and nothing is captured. Nothing that is there is overwritten: the directory \
is new or empty, or a git repository without files and commits, as a forge makes it.

Examples:
  bkt init ~/distribution
  bkt init ~/distribution --base registry.example/desktop:stable --forge gitlab
  bkt init . --capture -y          in the repository that was just cloned, with what this machine has
  bkt init ~/distribution -n       what would be written")
)]
pub(super) struct Args {
    #[arg(value_name = "PATH", default_value = ".", help = gettext("Where to make it"))]
    path: PathBuf,
    #[arg(long, value_name = "NAME", help = gettext("What it is called, on its forge and as an image"))]
    name: Option<RepoName>,
    #[arg(long, value_name = "OWNER", help = gettext("Whose it is on its forge"))]
    owner: Option<RepoOwner>,
    #[arg(long, value_name = "IMAGE", help = gettext("The image that its own is built on"))]
    base: Option<ImageRef>,
    #[arg(long, value_name = "FORGE", value_parser = forges(), help = gettext("Where it will be hosted, and so whose workflow files it gets"))]
    forge: Option<ForgeKind>,
    #[arg(long, help = gettext("Make no commit, and no git repository where there is none"))]
    no_git: bool,
    #[arg(long, overrides_with = "no_capture", help = gettext("Save what this machine has to its manifests"))]
    capture: bool,
    #[arg(long, help = gettext("Do not save what this machine has, and do not ask"))]
    no_capture: bool,
}

fn forges() -> impl TypedValueParser<Value = ForgeKind> {
    PossibleValuesParser::new(ForgeKind::ALL.map(ForgeKind::id)).try_map(|id| id.parse())
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    if app.global.json && args.capture {
        let hint = gettext("Capture afterwards: bkt capture --json");
        let message =
            gettext("--capture gives an answer of its own, so --json has no place for it");
        return Err(Misnamed::Wrong { message, hint: Some(hint) }.into());
    }
    // First, so that nobody answers questions in vain.
    let room = init::room(&app.host, &args.path)?;
    let answers = ask(app, args, &room)?;
    if app.global.dry_run {
        return preview(app, &answers, &room);
    }
    let made = init::init(&app.host, &answers, &room.dir, !args.no_git, app.global.cli)?;
    tell(app, &answers, &room, &made)?;
    let exit = match made.commit {
        Commit::Made(_) | Commit::Left => Exit::Done,
        Commit::Failed(_) => Exit::Partly,
    };
    let capture =
        args.capture || (!args.no_capture && app.may_ask() && !app.global.yes && wanted(app));
    if !capture {
        next(app, &made.repo.root);
        return Ok(exit);
    }
    let engine = Engine::open(app.host.clone(), Some(&made.repo.root))?;
    let captured = capture::everything(app, engine)?;
    next(app, &made.repo.root);
    Ok(if captured == Exit::Done { exit } else { captured })
}

fn wanted(app: &App) -> bool {
    prompt::yes(app, &gettext("Save what this machine has to its manifests now?"), true)
}

/// What is said, asked for, or taken for granted.
fn ask(app: &App, args: &Args, room: &Room) -> anyhow::Result<Answers> {
    let may_ask = app.may_ask() && !app.global.yes;
    let from_dir = room.dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = match &args.name {
        Some(name) => name.clone(),
        None if may_ask => {
            one(app, &gettext("What is it called?"), from_dir.parse::<RepoName>().ok())?
        }
        None => from_dir.parse()?,
    };
    let base = match &args.base {
        Some(base) => base.clone(),
        None => {
            let own = init::own_image(&app.host);
            match own {
                own if may_ask => one(app, &gettext("Which image is its own built on?"), own)?,
                Some(own) => own,
                None => return Err(no_base().into()),
            }
        }
    };
    let forge = match args.forge {
        Some(forge) => forge,
        None if may_ask => {
            let question = gettext("Where will it be hosted: github, gitlab or forgejo?");
            one(app, &question, Some(ForgeKind::Github))?
        }
        None => ForgeKind::Github,
    };
    Ok(Answers { name, owner: args.owner.clone(), base, forge })
}

fn no_base() -> Misnamed {
    Misnamed::Wrong {
        message: gettext(
            "which image to build on cannot be told: this machine was not started from one that a registry has",
        ),
        hint: Some(gettext("Name it: --base registry.example/desktop:stable")),
    }
}

fn nobody() -> Misnamed {
    Misnamed::Wrong {
        message: gettext("nobody answers"),
        hint: Some(gettext("Say it with an option: --name, --base, --forge")),
    }
}

/// Asks until the answer is one. An empty line is `default`; whoever ends the input wants none of it.
fn one<T>(app: &App, question: &str, default: Option<T>) -> anyhow::Result<T>
where
    T: FromStr<Err = InvalidName> + Display + Clone,
{
    let shown = default.as_ref().map_or_else(String::new, |default| format!(" [{default}]"));
    loop {
        let line = prompt::line(app, &format!("{question}{shown}"));
        match (line.as_deref(), &default) {
            (None, _) => return Err(nobody().into()),
            (Some(""), Some(default)) => return Ok(default.clone()),
            (Some(""), None) => (),
            (Some(text), _) => match text.parse() {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let error: InvalidName = error;
                    app.out.warn(&explain(&error.into()).message);
                }
            },
        }
    }
}

/// What `bkt init` answers as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    path: &'a Path,
    name: &'a str,
    base: &'a str,
    forge: &'a str,
    files: Vec<String>,
    /// The first commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    /// Why there is none, where there was to be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_committed: Option<String>,
}

fn answer<'a>(answers: &'a Answers, room: &'a Room) -> Answer<'a> {
    Answer {
        path: &room.dir,
        name: answers.name.as_str(),
        base: answers.base.as_str(),
        forge: answers.forge.id(),
        files: init::files(answers, room).into_iter().map(|file| file.path).collect(),
        commit: None,
        not_committed: None,
    }
}

fn preview(app: &App, answers: &Answers, room: &Room) -> anyhow::Result<Exit> {
    let answer = answer(answers, room);
    if app.global.json {
        app.out.json(&versioned(answer))?;
        return Ok(Exit::Done);
    }
    let values: &[(&str, &str)] = &[
        ("path", &app.host.display(&room.dir)),
        ("base", answer.base),
        ("forge", answer.forge),
        ("name", answer.name),
    ];
    let text = gettext("{path} would be the distribution {name}, on {base}, for {forge}:");
    app.out.say(&fill(&text, values));
    for file in &answer.files {
        app.out.line(&format!("  {file}"));
    }
    app.out.say(&gettext("Nothing was changed: this is a dry run."));
    Ok(Exit::Done)
}

fn tell(app: &App, answers: &Answers, room: &Room, made: &Made) -> anyhow::Result<()> {
    let mut answer = answer(answers, room);
    answer.path = &made.repo.root;
    match &made.commit {
        Commit::Made(hash) => answer.commit = Some(hash),
        Commit::Failed(error) => answer.not_committed = Some(explain(error).message),
        Commit::Left => (),
    }
    if app.global.json {
        return app.out.json(&versioned(answer));
    }
    let count = answer.files.len();
    let text = ngettext(
        "{path} is a distribution now: {count} file, on {base}.",
        "{path} is a distribution now: {count} files, on {base}.",
        count,
    );
    let path = app.host.display(&made.repo.root);
    let count = count.to_string();
    app.out.say(&fill(&text, &[("path", &path), ("count", &count), ("base", answer.base)]));
    app.out
        .say(&gettext("This repository is in use from now on: its manifests may be applied here."));
    if let Commit::Failed(error) = &made.commit {
        let Told { message, hint } = explain(error);
        let text = gettext("The first commit was not made: {why}");
        errors::show(&app.out, &fill(&text, &[("why", &message)]), hint.as_deref());
        let text =
            gettext("Then commit it yourself: git -C {path} add --all, and git -C {path} commit");
        app.out.error(&fill(&text, &[("path", &path)]));
    }
    Ok(())
}

fn next(app: &App, root: &Path) {
    let text = gettext("What to set at the forge, so that it builds the image: {path}");
    app.out.say(&fill(&text, &[("path", &app.host.display(&root.join("README.md")))]));
}
