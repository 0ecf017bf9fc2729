//! Flatpak remotes: added, removed and listed.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{REMOTES, Whose};
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::pun::{self, Pun};
use crate::cli::status;
use crate::core::item::{ItemKey, Record};
use crate::core::names::RemoteName;
use crate::core::near::nearest;
use crate::core::report::Report;
use crate::engine::{Edit, Wish};
use crate::host::flatpak::Scope;
use crate::host::fs;
use crate::host::keyfile::Keyfile;
use crate::subsystem::flatpak::openpgp;
use crate::words::{fill, gettext};

#[derive(Subcommand)]
pub(in crate::cli) enum Verb {
    #[command(about = gettext("Add a remote, here and in the manifest"))]
    Add(Add),
    #[command(about = gettext("Remove a remote that no app comes from"))]
    Remove {
        #[arg(value_name = "NAME", help = gettext("The remote's name"))]
        name: String,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("List remotes, and how they stand"))]
    List,
}

#[derive(clap::Args)]
pub(in crate::cli) struct Add {
    #[arg(value_name = "NAME", help = gettext("A name for it"))]
    name: RemoteName,
    #[arg(value_name = "URL", help = gettext("Its address, or a .flatpakrepo file"))]
    url: String,
    #[arg(long, value_name = "FILE", help = gettext("The key it signs with"))]
    gpg_import: Option<PathBuf>,
    #[arg(long, conflicts_with = "gpg_import", help = gettext("Take what is not signed"))]
    no_gpg_verify: bool,
    #[arg(long, value_name = "FILE", help = gettext("A filter that hides part of it"))]
    filter: Option<PathBuf>,
    #[arg(long, value_name = "TITLE", help = gettext("A name for people"))]
    title: Option<String>,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    pun: Pun,
}

pub(super) fn run(app: &App, verb: &Verb) -> anyhow::Result<Exit> {
    match verb {
        Verb::Add(add) => {
            let scope = add.whose.scope().unwrap_or(Scope::User);
            let set = record(app, add)?;
            let item = ItemKey::new(format!("{}/{}", scope.as_str(), add.name));
            pun::act(app, &[REMOTES], &add.pun, |_, _| {
                Ok(vec![Wish { subsystem: REMOTES, item, edit: Edit::put(set) }])
            })
        }
        Verb::Remove { name, whose, pun } => pun::act(app, &[REMOTES], pun, |_, report| {
            let item = find(report, name, whose.scope())?;
            Ok(vec![Wish { subsystem: REMOTES, item, edit: Edit::Remove }])
        }),
        Verb::List => status::list(app, REMOTES.as_str()),
    }
}

fn find(report: &Report, name: &str, scope: Option<Scope>) -> Result<ItemKey, Misnamed> {
    let items = report.subsystem(&REMOTES).map(|one| one.items.as_slice()).unwrap_or_default();
    let split = |key: &ItemKey| {
        let (of, name) = key.as_str().split_once('/')?;
        Some((Scope::parse(of)?, name.to_owned()))
    };
    let all: Vec<(Scope, String, &ItemKey)> = items
        .iter()
        .filter_map(|item| split(&item.key).map(|(of, name)| (of, name, &item.key)))
        .filter(|(of, ..)| scope.is_none_or(|scope| scope == *of))
        .collect();
    let found: Vec<_> = all.iter().filter(|(_, known, _)| known == name).collect();
    match found.as_slice() {
        [(_, _, key)] => Ok((*key).clone()),
        [] => {
            let names = all.iter().map(|(_, name, _)| (name.as_str(), Vec::new()));
            Err(Misnamed::Item { name: name.to_owned(), close: nearest(name, names) })
        }
        several => Err(Misnamed::Ambiguous {
            name: name.to_owned(),
            items: several.iter().map(|(of, name, _)| format!("{name} {}", of.flag())).collect(),
        }),
    }
}

/// What the command line says of a remote.
fn record(app: &App, add: &Add) -> anyhow::Result<Record> {
    let mut set = match described(app, &add.url)? {
        Some(set) => set,
        None => Record::new().with("url", add.url.trim_end_matches('/')),
    };
    if let Some(title) = &add.title {
        set.set("title", title.as_str());
    }
    if let Some(filter) = &add.filter {
        let path = full(app, filter);
        if !path.is_file() {
            return Err(wrong(gettext("there is no file “{path}”"), &path));
        }
        set.set("filtered", true);
        set.set("filter", path.display().to_string().as_str());
    }
    if let Some(file) = &add.gpg_import {
        let path = full(app, file);
        let bytes = fs::read_bytes(&path)?.unwrap_or_default();
        let armour = std::str::from_utf8(&bytes).ok().and_then(openpgp::canonical_text);
        let Some(key) = armour.or_else(|| openpgp::canonical(&bytes)) else {
            return Err(wrong(gettext("“{path}” has no OpenPGP public key"), &path));
        };
        set.set("gpg_key", key.as_str());
    }
    if set.text("gpg_key").is_some() || add.no_gpg_verify {
        set.set("gpg_verify", !add.no_gpg_verify);
    }
    Ok(set)
}

/// What a `.flatpakrepo` file says, if that is what was named.
fn described(app: &App, url: &str) -> anyhow::Result<Option<Record>> {
    let path = full(app, Path::new(url));
    if !url.ends_with(".flatpakrepo") || !path.is_file() {
        return Ok(None);
    }
    let text = fs::read(&path)?.unwrap_or_default();
    let no = || wrong(gettext("“{path}” does not describe a remote"), &path);
    let file = Keyfile::parse(&text).map_err(|_| no())?;
    let get = |key| file.text("Flatpak Repo", key).filter(|text| !text.is_empty());
    let address = get("Url").ok_or_else(no)?;
    let mut set = Record::new().with("url", address.trim_end_matches('/'));
    if let Some(title) = get("Title") {
        set.set("title", title.as_str());
    }
    if let Some(key) = get("GPGKey").and_then(|key| openpgp::canonical_text(&key)) {
        set.set("gpg_key", key.as_str());
    }
    Ok(Some(set))
}

fn full(app: &App, path: &Path) -> PathBuf {
    app.host.env().cwd.join(path)
}

fn wrong(text: String, path: &Path) -> anyhow::Error {
    let message = fill(&text, &[("path", &path.display().to_string())]);
    Misnamed::Wrong { message, hint: None }.into()
}
