//! `bkt shim`: the host's commands, in the development box.

use clap::Subcommand;

use super::app::{App, Exit};
use super::noun;
use super::pun::{self, Pun};
use crate::core::item::{ItemKey, Record};
use crate::core::names::ShimName;
use crate::engine::{Edit, Wish};
use crate::subsystem::Unfit;
use crate::subsystem::shims::{HOST, ID as SHIMS};
use crate::words::{fill, gettext};

const NOUN: &str = "shim";

#[derive(clap::Args)]
#[command(
    about = gettext("The host's commands, in the development box"),
    after_help = gettext("\
A shim is a command that runs the host's when it is called in a container. It is a script in ~/.local/toolbox/shims and \
a link to it in ~/.local/bin; the image has the same for new accounts.

Examples:
  bkt shim list                       what is there or wanted, and how it stands
  bkt shim add podman                 podman, from inside the development box
  bkt shim add docker --host podman   docker, which is the host's podman
  bkt shim remove docker              take it away again")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Make shims, and save that to the manifest"))]
    Add(Add),
    #[command(about = gettext("Remove shims, and stop tracking them"))]
    Remove(Remove),
    List(noun::List),
    Sync(noun::Sync),
    Capture(noun::Capture),
}

#[derive(clap::Args)]
struct Add {
    #[arg(value_name = "NAME", required = true, help = gettext("The command, as it is called in the development box"))]
    names: Vec<ShimName>,
    #[arg(long = "host", value_name = "CMD", help = gettext("The host's command, where it has another name"))]
    command: Option<ShimName>,
    #[command(flatten)]
    pun: Pun,
}

#[derive(clap::Args)]
struct Remove {
    #[arg(value_name = "NAME", required = true, help = gettext("The command, as it is called in the development box"))]
    names: Vec<ShimName>,
    #[command(flatten)]
    pun: Pun,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Add(args) => add(app, args),
        Verb::Remove(args) => remove(app, args),
        Verb::List(_) => noun::list(app, NOUN),
        Verb::Sync(args) => noun::sync(app, NOUN, args),
        Verb::Capture(args) => noun::capture(app, NOUN, args),
    }
}

fn add(app: &App, args: &Add) -> anyhow::Result<Exit> {
    pun::act(app, &[SHIMS], &args.pun, |_, _| {
        let wishes = args.names.iter().map(|name| {
            let item = ItemKey::new(name.as_str());
            let command = args.command.as_ref().unwrap_or(name);
            let edit = Edit::put(Record::new().with(HOST, command.as_str()));
            Wish { subsystem: SHIMS, item, edit }
        });
        Ok(wishes.collect())
    })
}

fn remove(app: &App, args: &Remove) -> anyhow::Result<Exit> {
    pun::act(app, &[SHIMS], &args.pun, |_, report| {
        let wishes = args.names.iter().map(|name| {
            let item = ItemKey::new(name.as_str());
            if report.item(&SHIMS, &item).is_none() {
                let message = gettext("there is no shim “{name}”, here or in the manifest");
                let message = fill(&message, &[("name", name.as_str())]);
                let all = report.subsystem(&SHIMS).into_iter().flat_map(|one| &one.items);
                let names = all.map(|item| (item.key.as_str(), Vec::new()));
                let close = crate::core::near::nearest(name.as_str(), names);
                return Err(Unfit { message, close, unsure: false }.into());
            }
            Ok(Wish { subsystem: SHIMS, item, edit: Edit::Remove })
        });
        wishes.collect()
    })
}
