//! COPR projects: package repositories that anybody can have.

use clap::Subcommand;

use crate::cli::app::{App, Exit};
use crate::cli::pun::{self, Pun};
use crate::cli::status;
use crate::core::item::{ItemKey, Record};
use crate::core::names::CoprName;
use crate::engine::{Edit, Wish};
use crate::subsystem::copr::ID as COPR;
use crate::words::gettext;

#[derive(Subcommand)]
pub(super) enum Verb {
    #[command(about = gettext("Have packages of COPR projects, here and in the image"))]
    Enable(Named),
    #[command(about = gettext("Switch COPR projects off, here and in the image"))]
    Disable(Named),
    #[command(about = gettext("Forget COPR projects, here and in the image"))]
    Remove(Named),
    #[command(about = gettext("List COPR projects, in the manifest or on this machine, and how they stand"))]
    List,
}

#[derive(clap::Args)]
pub(super) struct Named {
    #[arg(value_name = "OWNER/PROJECT", required = true, help = gettext("The project, as in atim/starship"))]
    projects: Vec<CoprName>,
    #[command(flatten)]
    pun: Pun,
}

pub(super) fn run(app: &App, verb: &Verb) -> anyhow::Result<Exit> {
    let switched = |on: bool| Edit::put(Record::new().with("enabled", on));
    match verb {
        Verb::Enable(named) => wish(app, named, &switched(true)),
        Verb::Disable(named) => wish(app, named, &switched(false)),
        Verb::Remove(named) => wish(app, named, &Edit::Remove),
        Verb::List => status::list(app, COPR.as_str()),
    }
}

fn wish(app: &App, named: &Named, edit: &Edit) -> anyhow::Result<Exit> {
    pun::act_on_machine(app, COPR, &named.pun, |_, _| {
        let wish = |project: &CoprName| Wish {
            subsystem: COPR,
            item: ItemKey::new(project.as_str()),
            edit: edit.clone(),
        };
        Ok(named.projects.iter().map(wish).collect())
    })
}
