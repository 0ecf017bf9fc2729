//! `bkt repo clone`: a distribution that is somewhere else, brought here.

use std::path::PathBuf;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};
use crate::cli::output::{Style, paint};
use crate::cli::{progress, prompt, show};
use crate::core::secret::without_login;
use crate::engine::Engine;
use crate::engine::clone::{self, Content};
use crate::host::interrupt;
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Clone a distribution, look at it, and use it after a yes"),
    after_help = gettext("\
Examples:
  bkt repo clone https://forge.example/me/distribution.git   to ~/distribution
  bkt repo clone URL ~/src/mine                               to a directory of another name
  bkt repo clone -y URL                                       and use it without being asked")
)]
pub(super) struct Args {
    #[arg(value_name = "URL", help = gettext("Its address, as git takes it"))]
    url: String,
    #[arg(value_name = "PATH", help = gettext("Where to; a directory of its name in your home directory where it is left out"))]
    path: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    path: PathBuf,
    contents: Vec<Content>,
    used: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    if app.global.dry_run {
        let name = clone::name_of(&args.url)?;
        let place = args.path.clone().unwrap_or_else(|| app.host.env().home.join(name));
        let text = gettext("It would be cloned to {path}. Nothing was changed: this is a dry run.");
        app.out.say(&fill(&text, &[("path", &app.host.display(&place))]));
        return Ok(Exit::Done);
    }
    let cancel = CancellationToken::new();
    interrupt::cancels(&cancel);
    let busy = progress::busy(
        &app.out,
        fill(&gettext("Cloning {url}"), &[("url", &without_login(&args.url))]),
    );
    let mut line = |line: &str| match app.out.verbose {
        true => app.out.aside(&format!("      {line}")),
        false => busy.now(line.to_owned()),
    };
    let (path, cli) = (args.path.as_deref(), app.global.cli);
    let root = clone::clone(&app.host, &args.url, path, cli, &mut line, &cancel)?;
    drop(busy);
    let engine = Engine::open(app.host.clone(), Some(&root))?;
    let contents = engine.contents();
    let shown = app.host.display(&root);
    app.out.line(&paint(Style::Bold, &shown));
    for content in &contents {
        let title = show::title(&engine, &content.subsystem);
        let count = match content.items {
            Some(n) => fill(&ngettext("{n} item", "{n} items", n), &[("n", &n.to_string())]),
            None => gettext("cannot be read"),
        };
        app.out.line(&format!("  {title}: {count}"));
    }
    let question = fill(&gettext("Use {path} as your repository?"), &[("path", &shown)]);
    let used = app.global.yes || app.may_ask() && prompt::yes(app, &question, false);
    if used {
        Engine::use_repo(&app.host, &root)?;
        app.out.say(&gettext(
            "This repository is in use from now on: its manifests may be applied here.",
        ));
    } else {
        let text = gettext("It is there, and not in use. To use it: bkt repo use {path}");
        app.out.say(&fill(&text, &[("path", &shown)]));
    }
    if app.global.json {
        app.out.json(&versioned(Answer { path: root, contents, used }))?;
    }
    Ok(Exit::Done)
}
