//! `bkt schema`: the JSON Schemas of every file that Bucket reads or prints.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::act::versioned;
use super::app::{App, Exit};
use super::errors::{self, Misnamed};
use super::status::StatusReport;
use crate::core::build_info::BuildInfo;
use crate::core::changelog::Changelog;
use crate::core::ignore::IgnoreRule;
use crate::core::plan::Plan;
use crate::engine::journal::Operation;
use crate::engine::{IGNORE_FILE, Outcome, Review};
use crate::host::fs;
use crate::manifest::changelog;
use crate::manifest::repo::RepoConfig;
use crate::manifest::sheet::Sheet;
use crate::subsystem;
use crate::subsystem::base::verify::Verification;
use crate::words::{fill, gettext, ngettext};

/// What a repository says of itself.
const REPO_FILE: &str = "repo.json";

#[derive(clap::Args)]
#[command(
    about = gettext("Print the JSON Schema of a file"),
    after_help = gettext("\
Without a name, the names are listed; with --json, all schemas are printed. With --check the files of the repository that \
all machines share are held to theirs: a key that is misspelt is found, where it is one that has to be there.

Examples:
  bkt schema                       which there are
  bkt schema flatpak-apps.json     that manifest
  bkt schema report                what status --json prints
  bkt schema --check               whether every file of the repository is as its schema says")
)]
pub(super) struct Args {
    #[arg(value_name = "FILE", help = gettext("A manifest, repo.json, changelog.json, or one of: report, plan, outcome, operation, review, build-info, base-verification"))]
    file: Option<String>,
    #[arg(long, conflicts_with = "file", help = gettext("Check the repository's files instead"))]
    check: bool,
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
    all.insert(changelog::FILE.to_owned(), schema_for!(Changelog));
    all.insert(REPO_FILE.to_owned(), schema_for!(RepoConfig));
    all.insert("report".to_owned(), schema_for!(StatusReport));
    all.insert("build-info".to_owned(), schema_for!(BuildInfo));
    all.insert("base-verification".to_owned(), schema_for!(Verification));
    all.insert("plan".to_owned(), schema_for!(Plan));
    all.insert("outcome".to_owned(), schema_for!(Outcome));
    all.insert("operation".to_owned(), schema_for!(Operation));
    all.insert("review".to_owned(), schema_for!(Review));
    all
}

/// What `bkt schema --check` answers as JSON.
#[derive(Serialize)]
struct Answer {
    /// How many files were checked.
    files: usize,
    /// What is wrong, each with file, line and column.
    problems: Vec<String>,
}

/// Holds every file that is there to its schema. Layers are left out: their entries say only what is different.
fn check(app: &App, all: &BTreeMap<String, Schema>) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let root = &engine.repo().root;
    let (mut files, mut problems) = (0usize, Vec::<String>::new());
    for (name, schema) in all.iter().filter(|(name, _)| name.ends_with(".json")) {
        let top = [REPO_FILE, changelog::FILE].contains(&name.as_str());
        let path = if top { root.join(name) } else { engine.repo().manifests_dir().join(name) };
        let Some(text) = fs::read(&path)? else { continue };
        files += 1;
        let sheet = match Sheet::parse(&path, &text) {
            Ok(sheet) => sheet,
            Err(error) => {
                problems.push(error.to_string());
                continue;
            }
        };
        let validator = jsonschema::validator_for(schema.as_value())?;
        problems.extend(validator.iter_errors(sheet.json()).map(|error| {
            let at = error.instance_path().to_string();
            sheet.error_of(at.trim_start_matches('/'), error.to_string()).to_string()
        }));
    }
    if app.global.json {
        app.out.json(&versioned(Answer { files, problems: problems.clone() }))?;
    } else if problems.is_empty() {
        let text = ngettext(
            "{count} file is as its schema says.",
            "{count} files are as their schemas say.",
            files,
        );
        app.out.say(&fill(&text, &[("count", &files.to_string())]));
    }
    for problem in &problems {
        errors::show(&app.out, problem, None);
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Error })
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let all = schemas();
    if args.check {
        return check(app, &all);
    }
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
