//! Boxes to and from a `distrobox.ini`.

use std::path::PathBuf;

use serde::Serialize;

use super::BOXES;
use crate::cli::act::{self, versioned};
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::output::{Style, paint};
use crate::cli::pun::{self, How};
use crate::cli::share::Share;
use crate::core::item::ItemKey;
use crate::core::names::ContainerName;
use crate::engine::{Edit, Reach, Wish};
use crate::host::fs;
use crate::subsystem::distrobox::{ini, json};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
pub(super) struct Import {
    #[arg(value_name = "FILE", help = gettext("The file (default: ./distrobox.ini)"))]
    file: Option<PathBuf>,
    #[arg(long, help = gettext("Also save what looks like a secret"))]
    secrets: bool,
    #[command(flatten)]
    share: Share,
}

#[derive(clap::Args)]
pub(super) struct Export {
    #[arg(value_name = "FILE", help = gettext("Where to write it (default: to standard output)"))]
    file: Option<PathBuf>,
    #[arg(long, help = gettext("Also where there is a file, which is replaced"))]
    force: bool,
}

pub(super) fn import(app: &App, args: &Import) -> anyhow::Result<Exit> {
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from("distrobox.ini"));
    let path = app.host.env().cwd.join(&file);
    let shown = file.display().to_string();
    let wrong = |text: String, why: &str| {
        let message = fill(&text, &[("file", &shown), ("why", why)]);
        Misnamed::Wrong { message, hint: None }
    };
    let text = fs::read(&path)?.ok_or_else(|| Misnamed::Wrong {
        message: fill(&gettext("there is no file {file}"), &[("file", &shown)]),
        hint: Some(gettext("Name it: bkt distrobox import FILE")),
    })?;
    let read =
        ini::read(&text).map_err(|error| wrong(gettext("{file}: {why}"), &error.to_string()))?;
    for note in &read.notes {
        let text = fill(
            &gettext("{file}:{line}: {key} of {box}: {what}"),
            &[
                ("file", &shown),
                ("line", &note.line.to_string()),
                ("key", &note.key),
                ("box", &note.section),
                ("what", &note.why),
            ],
        );
        app.out.warn(&paint(Style::Yellow, &text));
    }
    let follow = args.share.follow();
    // Their volumes and images need not be on this machine, nor the boxes be made on it.
    let how = How { reach: Reach::Manifest, force: true, secrets: args.secrets, follow };
    let (engine, plan) = pun::plan(app, &[BOXES], how, |engine, report| {
        let wish = |(name, entry): &(ContainerName, _)| {
            let set = json::record(entry, engine.host())
                .map_err(|error| wrong(gettext("{file}: {why}"), &format!("{name}: {error:#}")))?;
            let item = ItemKey::new(name.as_str());
            // A new entry says what the file says, and not what this machine has beside that.
            let there = report.item(&BOXES, &item).filter(|item| item.wanted.is_none());
            let live = there.and_then(|item| item.live.as_ref());
            let more = live.into_iter().flat_map(|live| live.0.keys());
            let clear = more.filter(|field| set.get(field).is_none()).cloned().collect();
            Ok(Wish { subsystem: BOXES, item, edit: Edit::Put { set, clear } })
        };
        read.boxes.iter().map(wish).collect()
    })?;
    act::carry_out_and(app, &engine, plan, follow, false)
}

/// What `export` answers as JSON.
#[derive(Serialize)]
struct Exported<'a> {
    text: &'a str,
    left_out: Vec<LeftOut<'a>>,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    name: &'a str,
    key: &'a str,
    why: &'a str,
}

pub(super) fn export(app: &App, args: &Export) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let entries = json::entries(&engine.manifests())?;
    let written = ini::write(&entries);
    for left in &written.left {
        let text = fill(
            &gettext("{key} of {box} is left out: {why}"),
            &[("key", &left.key), ("box", &left.name), ("why", &left.why)],
        );
        app.out.warn(&paint(Style::Yellow, &text));
    }
    if app.global.json {
        let left_out = written.left.iter().map(|left| LeftOut {
            name: &left.name,
            key: &left.key,
            why: &left.why,
        });
        let exported = Exported { text: &written.text, left_out: left_out.collect() };
        app.out.json(&versioned(exported))?;
    }
    match &args.file {
        _ if entries.is_empty() => app.out.say(&gettext("There is no box in the manifest.")),
        None if app.global.json => (),
        None => app.out.raw(&written.text),
        Some(file) => {
            let path = app.host.env().cwd.join(file);
            let shown = app.host.display(&path);
            let there = fs::read(&path)?.is_some_and(|text| text != written.text);
            if there && !args.force {
                let message = fill(&gettext("{file} is there already"), &[("file", &shown)]);
                let hint = Some(gettext("Name another file, or replace it with --force."));
                return Err(Misnamed::Wrong { message, hint }.into());
            }
            let text = match app.global.dry_run {
                true => gettext("{file} would be written."),
                false => {
                    fs::write(&path, Some(&written.text))?;
                    gettext("Written: {file}")
                }
            };
            app.out.say(&fill(&text, &[("file", &shown)]));
        }
    }
    Ok(if written.left.is_empty() { Exit::Done } else { Exit::Partly })
}
