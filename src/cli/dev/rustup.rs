//! `bkt dev rustup`: Rust in the development box.

use std::ffi::OsString;

use clap::Subcommand;

use super::tools;
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::pun::Pun;
use crate::core::item::Record;
use crate::core::names::{ComponentName, TargetName, ToolchainName};
use crate::core::plan::Command;
use crate::engine::Reach;
use crate::host::command;
use crate::subsystem::toolchains::rustup::{Default, Rustup};
use crate::subsystem::toolchains::{Item, TOOLCHAIN, canonical};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Rust in the development box, with rustup"),
    after_help = gettext("\
What rustup installs is in the home directory, and outlives the box. Each verb is run in the box by rustup, and then \
saved to the manifest. Components and targets are those of the default toolchain; another default gets them too.

Examples:
  bkt dev rustup default stable                   stable is the default toolchain
  bkt dev rustup toolchain install nightly        have another one beside it
  bkt dev rustup component add rust-analyzer      a component of the default toolchain
  bkt dev rustup target add wasm32-unknown-unknown
  bkt dev rustup show                             what is there or wanted, and how it stands")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Choose the default toolchain, which is installed where it is not there"))]
    Default {
        #[arg(value_name = "TOOLCHAIN", help = gettext("stable, beta, nightly or a version, with a date or a host where one is meant"))]
        name: ToolchainName,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("Install and uninstall toolchains"))]
    Toolchain {
        #[command(subcommand)]
        verb: Toolchain,
    },
    #[command(about = gettext("Add and remove components of the default toolchain"))]
    Component {
        #[command(subcommand)]
        verb: Component,
    },
    #[command(about = gettext("Add and remove targets of the default toolchain"))]
    Target {
        #[command(subcommand)]
        verb: Target,
    },
    #[command(about = gettext("List toolchains, components and targets, and how they stand"))]
    Show,
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Subcommand)]
enum Toolchain {
    #[command(about = gettext("Install toolchains"))]
    Install {
        #[arg(value_name = "TOOLCHAIN", required = true, help = gettext("stable, beta, nightly or a version, with a date or a host where one is meant"))]
        names: Vec<ToolchainName>,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("Uninstall toolchains"))]
    Uninstall {
        #[arg(value_name = "TOOLCHAIN", required = true, help = gettext("The toolchain, as it was installed"))]
        names: Vec<ToolchainName>,
        #[command(flatten)]
        pun: Pun,
    },
}

#[derive(Subcommand)]
enum Component {
    #[command(about = gettext("Add components"))]
    Add {
        #[arg(value_name = "COMPONENT", required = true, help = gettext("The component, such as rust-src"))]
        names: Vec<ComponentName>,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("Remove components"))]
    Remove {
        #[arg(value_name = "COMPONENT", required = true, help = gettext("The component, such as rust-src"))]
        names: Vec<ComponentName>,
        #[command(flatten)]
        pun: Pun,
    },
}

#[derive(Subcommand)]
enum Target {
    #[command(about = gettext("Add targets"))]
    Add {
        #[arg(value_name = "TARGET", required = true, help = gettext("The target, such as wasm32-unknown-unknown"))]
        names: Vec<TargetName>,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("Remove targets"))]
    Remove {
        #[arg(value_name = "TARGET", required = true, help = gettext("The target, such as wasm32-unknown-unknown"))]
        names: Vec<TargetName>,
        #[command(flatten)]
        pun: Pun,
    },
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let toolchains = |names: &[ToolchainName]| -> Vec<Item> {
        names.iter().map(|name| Item::Toolchain(canonical(name))).collect()
    };
    let targets =
        |names: &[TargetName]| -> Vec<Item> { names.iter().cloned().map(Item::Target).collect() };
    match &args.verb {
        Verb::Default { name, pun } => {
            let name = canonical(name);
            let set = Record::new().with(TOOLCHAIN, name.as_str());
            // Whoever has a default has it installed.
            let items = [(Item::Toolchain(name), Record::new()), (Item::Default, set)];
            tools::put(app, pun, &items)
        }
        Verb::Toolchain { verb: Toolchain::Install { names, pun } } => {
            let mut items = bare(toolchains(names));
            // The first one becomes the default, as rustup has it.
            if let (Ok(Default::None), Some(first)) = (&rustup(app)?.default, names.first()) {
                let set = Record::new().with(TOOLCHAIN, canonical(first).as_str());
                items.push((Item::Default, set));
            }
            tools::put(app, pun, &items)
        }
        Verb::Toolchain { verb: Toolchain::Uninstall { names, pun } } => {
            tools::remove(app, pun, &toolchains(names))
        }
        Verb::Component { verb: Component::Add { names, pun } } => add(app, pun, names),
        Verb::Component { verb: Component::Remove { names, pun } } => {
            let items: Vec<Item> = names.iter().cloned().map(Item::Component).collect();
            tools::remove(app, pun, &items)
        }
        Verb::Target { verb: Target::Add { names, pun } } => {
            tools::put(app, pun, &bare(targets(names)))
        }
        Verb::Target { verb: Target::Remove { names, pun } } => {
            tools::remove(app, pun, &targets(names))
        }
        Verb::Show => tools::list(app, "rustup"),
        Verb::Other(words) => Err(not_here("rustup", words).into()),
    }
}

fn rustup(app: &App) -> anyhow::Result<Rustup> {
    Ok(Rustup::read(app.engine()?.host()))
}

fn bare(items: Vec<Item>) -> Vec<(Item, Record)> {
    items.into_iter().map(|item| (item, Record::new())).collect()
}

/// What the default toolchain's profile brings of some components.
fn brought(app: &App, names: &[ComponentName]) -> anyhow::Result<Vec<ComponentName>> {
    let engine = app.engine()?;
    let rustup = Rustup::read(engine.host());
    let Ok(Default::Named(default)) = &rustup.default else { return Ok(Vec::new()) };
    let parts = rustup.parts(engine.host(), default).unwrap_or_default();
    Ok(names.iter().filter(|name| parts.brought.contains(*name)).cloned().collect())
}

/// Adds components. One that the toolchain came with is there, and is only written down: so that an undo does not take
/// from the toolchain what it came with.
fn add(app: &App, pun: &Pun, names: &[ComponentName]) -> anyhow::Result<Exit> {
    let there = brought(app, names)?;
    let items = |names: Vec<ComponentName>| bare(names.into_iter().map(Item::Component).collect());
    let rest: Vec<ComponentName> =
        names.iter().filter(|name| !there.contains(name)).cloned().collect();
    if !rest.is_empty() {
        let exit = tools::put(app, pun, &items(rest))?;
        if exit != Exit::Done || there.is_empty() {
            return Ok(exit);
        }
    }
    for name in &there {
        let text = gettext("{name} came with the toolchain.");
        app.out.say(&fill(&text, &[("name", name.as_str())]));
    }
    match pun.reach() {
        Reach::System => Ok(Exit::Done),
        Reach::Both | Reach::Manifest => tools::record(app, pun, &items(there)),
    }
}

/// A verb of the program that changes nothing that is tracked, or that nobody knows.
pub(super) fn not_here(program: &str, words: &[OsString]) -> Misnamed {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let verb = words.first().map(String::as_str).unwrap_or_default();
    let text = gettext("“{program} {verb}” changes nothing that the manifest could say");
    let enter = Command::new("bkt").args(["dev", "enter", "--", program]).args(words.clone());
    let hint = gettext("Run it in the box itself: {command}");
    Misnamed::Wrong {
        message: fill(&text, &[("program", program), ("verb", verb)]),
        hint: Some(fill(&hint, &[("command", &command::display(&enter))])),
    }
}
