//! `bkt repo pr`: a pull request from what is not committed in the manifests.

use std::path::PathBuf;

use crate::cli::act::{self, versioned};
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::share;
use crate::core::near::nearest;
use crate::core::plan::Change;
use crate::core::workflow::Workflow;
use crate::engine::Engine;
use crate::engine::propose::{Proposal, ProposeError};
use crate::subsystem::{named, names_item};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Open a pull request with what is not committed in the manifests"),
    after_help = gettext("\
The edit is made again on the remote's default branch, in a worktree of its own, and committed and pushed there as a new \
branch. Your checkout, its branch and its index stay as they are, and keep the edit. What the remote changed meanwhile is \
joined field by field; where both changed the same field, somebody has to decide, with exit status 4.

The request is made with gh, glab or tea, where that is signed in; else the address is printed where you can ask for it.

Examples:
  bkt repo pr                      with all of it
  bkt repo pr org.gnome.Boxes      with one item, by its id, its title or its whole key
  bkt repo pr flatpak              with everything of a subsystem
  bkt repo pr -n                   what would be asked for")
)]
pub(super) struct Args {
    #[arg(value_name = "ITEM", help = gettext("Only these items, or everything of these subsystems"))]
    items: Vec<String>,
    #[arg(long, help = gettext("Ask for your value where the remote has changed the same"))]
    force: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let (all, others) = engine.uncommitted()?;
    tell_others(app, &others);
    let changes = chosen(&engine, all, &args.items)?;
    if changes.is_empty() {
        app.out.say(&gettext("Everything in the manifests is committed."));
        if app.global.json {
            app.out.json(&versioned(crate::engine::propose::Proposed::default()))?;
        }
        return Ok(Exit::Done);
    }
    let proposal = Proposal { changes, each_layer: true, force: args.force };
    if app.global.dry_run {
        let preview = engine.preview(&proposal)?;
        share::show_preview(app, &preview);
        app.out.say(&gettext("Nothing was changed: this is a dry run."));
        if app.global.json {
            app.out.json(&versioned(preview))?;
        }
        return Ok(Exit::Done);
    }
    let proposed = share::propose(app, &engine, &proposal).inspect_err(|error| {
        if let Some(ProposeError::Failed { .. }) = error.downcast_ref() {
            share::tell_edit_stays(app, Workflow::Pr);
        }
    })?;
    if app.global.json {
        app.out.json(&versioned(&proposed))?;
    }
    Ok(share::tell_proposed(app, &proposed, Exit::Done))
}

/// What is no item has no place in a request of items.
fn tell_others(app: &App, others: &[PathBuf]) {
    if !others.is_empty() {
        let names: Vec<String> = others.iter().map(|path| path.display().to_string()).collect();
        let text = gettext("Not in the request, because no item changes in it: {files}");
        app.out.warn(&fill(&text, &[("files", &names.join(", "))]));
    }
}

/// The changes that the person named, or all.
fn chosen(engine: &Engine, all: Vec<Change>, typed: &[String]) -> Result<Vec<Change>, Misnamed> {
    let fits = |name: &str, change: &Change| {
        let of_subsystem = named(engine.subsystems(), name);
        of_subsystem.iter().any(|one| one.about().id == change.subsystem)
            || names_item(name, &change.item, &change.title)
    };
    for name in typed {
        if !all.iter().any(|change| fits(name, change)) {
            let keys = all.iter().map(|change| (change.item.as_str(), vec![change.title.as_str()]));
            return Err(Misnamed::Item { name: name.clone(), close: nearest(name, keys) });
        }
    }
    Ok(all
        .into_iter()
        .filter(|change| typed.is_empty() || typed.iter().any(|name| fits(name, change)))
        .collect())
}
