//! `bkt dev proto`: tools that proto installs.

use std::ffi::OsString;

use clap::Subcommand;

use super::{rustup, tools};
use crate::cli::app::{App, Exit};
use crate::cli::pun::Pun;
use crate::core::item::Record;
use crate::core::names::{ToolName, ToolVersion};
use crate::subsystem::toolchains::{Item, VERSION};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Tools in the development box, with proto"),
    after_help = gettext("\
What proto installs is in ~/.proto, and outlives the box. A tool is pinned for all directories that name no version of \
their own; its version is compared only where one is named here.

Examples:
  bkt dev proto install node                      the newest
  bkt dev proto install node 22                   any 22
  bkt dev proto pin node 20.11.1                  exactly this one from now on
  bkt dev proto uninstall node
  bkt dev proto list                              what is there or wanted, and how it stands")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Install a tool"))]
    Install {
        #[arg(value_name = "TOOL", help = gettext("The tool, such as node"))]
        name: ToolName,
        #[arg(value_name = "VERSION", help = gettext("A version, or the beginning of one"))]
        version: Option<ToolVersion>,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("Choose the version of a tool, which is installed where it is not there"))]
    Pin {
        #[arg(value_name = "TOOL", help = gettext("The tool, such as node"))]
        name: ToolName,
        #[arg(value_name = "VERSION", help = gettext("A version, or the beginning of one"))]
        version: ToolVersion,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("Uninstall a tool, in all its versions"))]
    Uninstall {
        #[arg(value_name = "TOOL", help = gettext("The tool, such as node"))]
        name: ToolName,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("List tools, and how they stand"))]
    List,
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let put = |pun: &Pun, name: &ToolName, version: Option<&ToolVersion>| {
        let set = version.map(|version| Record::new().with(VERSION, version.as_str()));
        tools::put_versions(app, pun, &[(Item::Tool(name.clone()), set.unwrap_or_default())])
    };
    match &args.verb {
        Verb::Install { name, version, pun } => put(pun, name, version.as_ref()),
        Verb::Pin { name, version, pun } => put(pun, name, Some(version)),
        Verb::Uninstall { name, pun } => tools::remove(app, pun, &[Item::Tool(name.clone())]),
        Verb::List => tools::list(app, "proto"),
        Verb::Other(words) => Err(rustup::not_here("proto", words).into()),
    }
}
