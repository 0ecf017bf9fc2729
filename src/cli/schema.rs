//! `bkt schema`: the JSON Schemas of every file that Bucket reads or prints.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};

use super::app::{App, Exit};
use super::errors::Misnamed;
use crate::core::build_info::BuildInfo;
use crate::core::ignore::IgnoreRule;
use crate::core::plan::Plan;
use crate::core::report::Report;
use crate::engine::journal::Operation;
use crate::engine::{IGNORE_FILE, Outcome, Review};
use crate::manifest::repo::RepoConfig;
use crate::subsystem;
use crate::subsystem::base::verify::Verification;
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Print the JSON Schema of a file"),
    after_help = gettext("\
Without a name, the names are listed; with --json, all schemas are printed.

Examples:
  bkt schema                       which there are
  bkt schema flatpak-apps.json     that manifest
  bkt schema report                what status --json prints")
)]
pub(super) struct Args {
    #[arg(value_name = "FILE", help = gettext("A manifest, repo.json, or one of: report, plan, outcome, operation, review, build-info, base-verification"))]
    file: Option<String>,
}

/// `ignore.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct IgnoreFile {
    /// What is not shown, on any machine.
    ignore: Vec<IgnoreRule>,
}

fn schemas() -> BTreeMap<String, Schema> {
    let mut all: BTreeMap<String, Schema> = BTreeMap::new();
    for subsystem in subsystem::all() {
        for manifest in subsystem.about().manifests {
            all.insert(manifest.name.to_owned(), (manifest.schema)());
        }
    }
    all.insert(IGNORE_FILE.to_owned(), schema_for!(IgnoreFile));
    all.insert("repo.json".to_owned(), schema_for!(RepoConfig));
    all.insert("report".to_owned(), schema_for!(Report));
    all.insert("build-info".to_owned(), schema_for!(BuildInfo));
    all.insert("base-verification".to_owned(), schema_for!(Verification));
    all.insert("plan".to_owned(), schema_for!(Plan));
    all.insert("outcome".to_owned(), schema_for!(Outcome));
    all.insert("operation".to_owned(), schema_for!(Operation));
    all.insert("review".to_owned(), schema_for!(Review));
    all
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let all = schemas();
    match &args.file {
        Some(name) => {
            let found = all.get(name).or_else(|| all.get(&format!("{name}.json")));
            let known = || all.keys().cloned().collect();
            let schema =
                found.ok_or_else(|| Misnamed::Schema { name: name.clone(), known: known() })?;
            app.out.json(schema)?;
        }
        None if app.global.json => app.out.json(&all)?,
        None => {
            for name in all.keys() {
                app.out.line(name);
            }
        }
    }
    Ok(Exit::Done)
}
