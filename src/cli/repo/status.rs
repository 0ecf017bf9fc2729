//! `bkt repo status`: which repository it is, and what state it is in.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};
use crate::cli::errors;
use crate::cli::output::{Style, paint};
use crate::core::item::Layer;
use crate::engine::explain::explain;
use crate::engine::{Engine, IGNORE_FILE};
use crate::manifest::repo::Found;
use crate::words::{fill, gettext};

pub(super) fn run(app: &App) -> anyhow::Result<Exit> {
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
pub(super) struct State {
    path: PathBuf,
    id: String,
    pub(super) found: &'static str,
    trusted: bool,
    layers: Vec<String>,
    manifests: Vec<String>,
    problems: Vec<Problem>,
}

impl State {
    pub(super) fn of(engine: &Engine) -> Self {
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

    pub(super) fn exit(&self) -> Exit {
        if self.problems.is_empty() { Exit::Done } else { Exit::Error }
    }

    pub(super) fn print(&self, app: &App) -> anyhow::Result<()> {
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
