//! `bkt repo status`: which repository it is, and what state it is in.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};
use crate::cli::errors;
use crate::cli::output::{Style, paint};
use crate::core::item::Layer;
use crate::core::workflow::{ForgeKind, Workflow};
use crate::engine::explain::explain;
use crate::engine::{Checkout, Engine, IGNORE_FILE, Standing};
use crate::host::git::Head;
use crate::manifest::repo::{Found, RepoConfig};
use crate::words::{fill, gettext, ngettext};

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
    /// How the checkout stands; `None` where that cannot be read.
    git: Option<Standing>,
    /// `repo.json`: what follows on an edit, and what kind of forge it is on.
    workflow: Option<Workflow>,
    forge: Option<ForgeKind>,
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
        let git = engine.standing().map_err(&mut note).ok();
        let config = RepoConfig::read(&repo.root).unwrap_or_else(|error| {
            note(error.into());
            RepoConfig::default()
        });
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
            git,
            workflow: config.workflow,
            forge: config.forge,
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
        for (text, value) in [
            (gettext("Workflow: {value}"), self.workflow.map(Workflow::name)),
            (gettext("Forge: {value}"), self.forge.map(ForgeKind::name)),
        ] {
            if let Some(value) = value {
                app.out.line(&format!("  {}", fill(&text, &[("value", value)])));
            }
        }
        if let Some(checkout) = self.git.as_ref().and_then(Standing::checkout) {
            print_checkout(app, checkout);
        }
        if !self.manifests.is_empty() {
            app.out.line(&format!("  {}", gettext("Manifests:")));
        }
        for manifest in &self.manifests {
            app.out.line(&format!("    {manifest}"));
        }
        for problem in &self.problems {
            errors::show(&app.out, &problem.message, problem.hint.as_deref());
        }
        Ok(())
    }
}

fn print_checkout(app: &App, git: &Checkout) {
    let count = |one: String, n: usize| fill(&one, &[("n", &n.to_string())]);
    let line = |text: &str| app.out.line(&format!("  {text}"));
    let branch = match &git.head {
        Head::Branch(branch) => branch.clone(),
        Head::Unborn(branch) => {
            fill(&gettext("{branch}, without a commit yet"), &[("branch", branch)])
        }
        Head::Detached(commit) => {
            let commit = commit.get(..12).unwrap_or(commit);
            fill(&gettext("none; the commit {commit} is checked out"), &[("commit", commit)])
        }
    };
    line(&fill(&gettext("Branch: {value}"), &[("value", &branch)]));
    if let Some(upstream) = &git.upstream {
        let mut parts = vec![upstream.upstream.clone()];
        match (upstream.ahead, upstream.behind) {
            (Some(0), Some(0)) => parts.push(gettext("nothing new on either side")),
            (Some(ahead), Some(behind)) => {
                let text = |n, text| (n > 0).then(|| count(text, n));
                parts.extend(text(ahead, gettext("{n} ahead")));
                parts.extend(text(behind, gettext("{n} behind")));
            }
            _ => parts.push(gettext("never fetched, or gone")),
        }
        if let Some(at) = git.fetched_at {
            let at = at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
            parts.push(fill(&gettext("as fetched {time}"), &[("time", &at)]));
        }
        line(&fill(&gettext("Follows: {value}"), &[("value", &parts.join(", "))]));
    }
    let (ours, others) = (git.ours.len(), git.others.len());
    let mut dirty = Vec::new();
    if ours > 0 {
        dirty.push(count(ngettext("{n} file of Bucket's", "{n} files of Bucket's", ours), ours));
    }
    if others > 0 {
        dirty.push(count(ngettext("{n} other file", "{n} other files", others), others));
    }
    if !dirty.is_empty() {
        line(&fill(&gettext("Not committed: {value}"), &[("value", &dirty.join(", "))]));
    }
    if let Some(operation) = git.operation {
        line(&fill(&gettext("In the middle of: git {value}"), &[("value", operation.name())]));
    }
    if git.pull_interrupted {
        app.out.warn(&gettext("  a pull was interrupted; to finish it: bkt repo pull"));
    }
}
