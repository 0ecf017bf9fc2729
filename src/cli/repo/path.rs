//! `bkt repo path`: where the repository is.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};

#[derive(Serialize)]
struct PathAnswer {
    path: PathBuf,
}

pub(super) fn run(app: &App) -> anyhow::Result<Exit> {
    let path = app.engine()?.repo().root.clone();
    match app.global.json {
        true => app.out.json(&versioned(PathAnswer { path }))?,
        // As it is, for `cd "$(bkt repo path)"`.
        false => app.out.raw(&format!("{}\n", path.display())),
    }
    Ok(Exit::Done)
}
