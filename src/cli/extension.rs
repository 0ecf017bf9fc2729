//! `bkt extension`: GNOME Shell extensions, on this machine and in the manifest.

use clap::Subcommand;

use super::app::{App, Exit};
use super::noun::{self, Common};
use super::pun::{self, Pun};
use crate::core::item::{ItemKey, Record, SubsystemId};
use crate::core::names::ExtensionUuid;
use crate::engine::{Edit, Wish};
use crate::words::gettext;

const NOUN: &str = "extension";
const EXTENSIONS: SubsystemId = SubsystemId::new("extensions");

#[derive(clap::Args)]
#[command(
    about = gettext("GNOME Shell extensions"),
    after_help = gettext("\
Examples:
  bkt extension list               what is installed or wanted, and how it stands
  bkt extension disable UUID       switch it off, here and in the manifest")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Switch extensions on"))]
    Enable(Named),
    #[command(about = gettext("Switch extensions off"))]
    Disable(Named),
    #[command(flatten)]
    Common(Common),
}

#[derive(clap::Args)]
struct Named {
    #[arg(value_name = "UUID", required = true, help = gettext("The extension's UUID, as in name@author"))]
    uuids: Vec<ExtensionUuid>,
    #[command(flatten)]
    pun: Pun,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Enable(named) => switch(app, named, true),
        Verb::Disable(named) => switch(app, named, false),
        Verb::Common(verb) => noun::run(app, NOUN, verb),
    }
}

fn switch(app: &App, named: &Named, on: bool) -> anyhow::Result<Exit> {
    pun::act(app, &[EXTENSIONS], &named.pun, |_, _| {
        let wish = |uuid: &ExtensionUuid| Wish {
            subsystem: EXTENSIONS,
            item: ItemKey::new(uuid.as_str()),
            edit: Edit::put(Record::new().with("enabled", on)),
        };
        Ok(named.uuids.iter().map(wish).collect())
    })
}
