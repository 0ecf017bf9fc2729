//! `bkt repo use`: which repository this machine follows.

use std::path::Path;

use super::status::State;
use crate::cli::app::{App, Exit};
use crate::engine::Engine;
use crate::words::gettext;

pub(super) fn run(app: &App, path: Option<&Path>) -> anyhow::Result<Exit> {
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
