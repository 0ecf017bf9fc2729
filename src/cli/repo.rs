//! `bkt repo`: which repository is in use, and what state it is in.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::act::versioned;
use super::app::{App, Exit};
use super::errors;
use super::output::{Style, paint};
use crate::core::item::Layer;
use crate::engine::explain::explain;
use crate::engine::{Engine, IGNORE_FILE};
use crate::manifest::repo::Found;
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Choose the repository, or see which it is"),
    after_help = gettext("\
The repository is the one of --repo, or of BKT_REPO, or the one around the working directory, or the one in use, or the \
image's copy, in this order.

Examples:
  bkt repo use ~/distribution      use it from now on; this is the yes that applying its manifests takes
  cd \"$(bkt repo path)\"            go there
  bkt repo status                  what it is, and whether its manifests can be read")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Use a repository from now on, and trust it on this machine"))]
    Use {
        #[arg(value_name = "PATH", help = gettext("Its directory; the working directory where it is left out"))]
        path: Option<PathBuf>,
    },
    #[command(about = gettext("Print the repository's directory"))]
    Path,
    #[command(about = gettext("Say which repository it is, and whether its manifests can be read"))]
    Status,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Use { path } => choose(app, path.as_deref()),
        Verb::Path => path(app),
        Verb::Status => status(app),
    }
}

#[derive(Serialize)]
struct PathAnswer {
    path: PathBuf,
}

fn path(app: &App) -> anyhow::Result<Exit> {
    let path = app.engine()?.repo().root.clone();
    match app.global.json {
        true => app.out.json(&versioned(PathAnswer { path }))?,
        // As it is, for `cd "$(bkt repo path)"`.
        false => app.out.raw(&format!("{}\n", path.display())),
    }
    Ok(Exit::Done)
}

fn choose(app: &App, path: Option<&Path>) -> anyhow::Result<Exit> {
    let root = path.or(app.global.repo.as_deref()).unwrap_or(Path::new("."));
    let mut state = match app.global.dry_run {
        true => State::of(&Engine::open(app.host.clone(), Some(root))?),
        false => {
            let repo = Engine::use_repo(&app.host, root)?;
            State::of(&Engine::open(app.host.clone(), Some(&repo.root))?)
        }
    };
    state.found = "named";
    state.print(app)?;
    app.out.say(&match app.global.dry_run {
        true => gettext("Nothing was changed: this is a dry run."),
        false => {
            gettext("This repository is in use from now on: its manifests may be applied here.")
        }
    });
    Ok(state.exit())
}

fn status(app: &App) -> anyhow::Result<Exit> {
    let state = State::of(&app.engine()?);
    state.print(app)?;
    Ok(state.exit())
}

/// Something in the repository that cannot be read, and what to do about it.
#[derive(Serialize)]
struct Problem {
    message: String,
    hint: Option<String>,
}

/// What there is to say of a repository.
#[derive(Serialize)]
struct State {
    path: PathBuf,
    id: String,
    found: &'static str,
    trusted: bool,
    layers: Vec<String>,
    manifests: Vec<String>,
    problems: Vec<Problem>,
}

impl State {
    fn of(engine: &Engine) -> Self {
        let repo = engine.repo();
        let manifests = engine.manifests();
        let files: Vec<&'static str> = engine
            .subsystems()
            .iter()
            .flat_map(|subsystem| subsystem.about().manifests)
            .map(|manifest| manifest.name)
            .chain([IGNORE_FILE])
            .collect();
        let (mut layers, mut present) = (Vec::new(), Vec::new());
        let mut problems: Vec<Problem> = Vec::new();
        let mut note = |error: anyhow::Error| {
            let told = explain(&error);
            if !problems.iter().any(|known| known.message == told.message) {
                problems.push(Problem { message: told.message, hint: told.hint });
            }
        };
        for layer in manifests.layers() {
            let before = present.len();
            for file in &files {
                let shown = match &layer {
                    Layer::Shared => format!("manifests/{file}"),
                    Layer::Host(host) => format!("manifests/hosts/{host}/{file}"),
                };
                match manifests.sheet(&layer, file) {
                    Ok(Some(_)) if !present.contains(&shown) => present.push(shown),
                    Ok(_) => (),
                    Err(error) => note(error.into()),
                }
            }
            match &layer {
                Layer::Shared => layers.push("shared".to_owned()),
                Layer::Host(host) if present.len() > before => layers.push(format!("host {host}")),
                Layer::Host(_) => (),
            }
        }
        for subsystem in engine.subsystems() {
            if let Err(error) = subsystem.wanted(&manifests, engine.host()) {
                note(error);
            }
        }
        let found = match repo.found {
            Found::Named => "named",
            Found::Around => "around",
            Found::Remembered => "remembered",
            Found::Image => "image",
        };
        Self {
            path: repo.root.clone(),
            id: repo.id.clone(),
            found,
            trusted: repo.trusted,
            layers,
            manifests: present,
            problems,
        }
    }

    fn exit(&self) -> Exit {
        if self.problems.is_empty() { Exit::Done } else { Exit::Error }
    }

    fn print(&self, app: &App) -> anyhow::Result<()> {
        if app.global.json {
            return app.out.json(&versioned(self));
        }
        let found = match self.found {
            "named" => gettext("named on the command line or by BKT_REPO"),
            "around" => gettext("the working directory is inside it"),
            "remembered" => gettext("in use on this machine"),
            _ => gettext("the image's copy"),
        };
        let trusted = match self.trusted {
            true => gettext("its manifests may be applied here"),
            false => gettext("may only be read until you say: bkt repo use"),
        };
        app.out.line(&paint(Style::Bold, &app.host.display(&self.path)));
        let rows = [
            (gettext("Id: {value}"), self.id.clone()),
            (gettext("Found: {value}"), found),
            (gettext("Trust: {value}"), trusted),
            (gettext("Layers: {value}"), self.layers.join(", ")),
        ];
        for (text, value) in rows {
            app.out.line(&format!("  {}", fill(&text, &[("value", &value)])));
        }
        for manifest in &self.manifests {
            app.out.line(&format!("  {manifest}"));
        }
        for problem in &self.problems {
            errors::show(&app.out, &problem.message, problem.hint.as_deref());
        }
        Ok(())
    }
}
