//! Overrides: shown with where they come from, set with flatpak's own flags, and taken back one by one.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, ArgMatches, Command, Subcommand};

use super::{APPS, Whose, add, show};
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::pun::{self, Pun};
use crate::core::item::{ItemKey, Record};
use crate::core::near::nearest;
use crate::core::report::Report;
use crate::engine::{Edit, Wish};
use crate::host::flatpak::Scope;
use crate::subsystem::flatpak::effective::Permission;
use crate::subsystem::flatpak::{Item, edit, flags};
use crate::words::{fill, gettext};

#[derive(Subcommand)]
pub(in crate::cli) enum Verb {
    #[command(
        about = gettext("Say what an app may do, and who says so; without an app, what was changed of which"),
        after_help = gettext("\
Examples:
  bkt flatpak override show org.gnome.Boxes          everything that holds for it
  bkt flatpak override show                          which apps were changed, and how
  bkt flatpak override show --by-permission          the same, by permission
  bkt flatpak override show org.gnome.Boxes --raw    the files as they stand")
    )]
    Show(show::Args),
    #[command(
        about = gettext("Change what an app may do, with the flags of “flatpak override”"),
        after_help = gettext("\
Examples:
  bkt flatpak override set org.gnome.Boxes --nosocket=x11 --filesystem=~/Games:ro
  bkt flatpak override set --global --env=EDITOR=vim")
    )]
    Set {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(
        about = gettext("Take overrides back: all of a layer, or those that are named"),
        after_help = gettext("\
Examples:
  bkt flatpak override reset org.gnome.Boxes x11 '~/Games'
  bkt flatpak override reset --global EDITOR")
    )]
    Reset {
        #[arg(long, help = gettext("The overrides for all apps"))]
        global: bool,
        #[arg(value_name = "APP", help = gettext("The app's id, or its name; with --global, an entry"))]
        app: Option<String>,
        #[arg(value_name = "ENTRY", help = gettext("What to take back: x11, ~/Games, EDITOR, org.freedesktop.UPower"))]
        entries: Vec<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        pun: Pun,
    },
}

#[derive(clap::Args)]
pub(in crate::cli) struct Target {
    #[arg(value_name = "APP", required_unless_present = "global", conflicts_with = "global", help = gettext("The app's id, or its name"))]
    app: Option<String>,
    #[arg(long, help = gettext("The overrides for all apps"))]
    global: bool,
    #[command(flatten)]
    whose: Whose,
}

/// The flags of `flatpak override`, in the order they were typed.
pub(in crate::cli) struct Flags(Vec<String>);

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut typed: Vec<(usize, String)> = Vec::new();
        for name in flags::names() {
            let values = matches.get_many::<String>(name).into_iter().flatten();
            let places = matches.indices_of(name).into_iter().flatten();
            typed.extend(places.zip(values).map(|(at, value)| (at, format!("--{name}={value}"))));
        }
        typed.sort();
        Ok(Self(typed.into_iter().map(|(_, flag)| flag).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        flags::names().fold(command, |command, name| {
            let value = match name {
                "env" => "NAME=VALUE",
                "unset-env" => "NAME",
                "filesystem" | "nofilesystem" => "PATH",
                "persist" => "DIRECTORY",
                "add-policy" | "remove-policy" => "SUBSYSTEM.KEY=VALUE",
                "usb" | "nousb" => "DEVICE",
                name if name.ends_with("-name") => "BUS_NAME",
                name if name.ends_with("-if") => "PERMISSION:CONDITION",
                _ => "PERMISSION",
            };
            let arg = Arg::new(name).long(name).value_name(value).action(ArgAction::Append);
            command.arg(arg.help(gettext("As “flatpak override” takes it")))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

pub(super) fn run(app: &App, verb: &Verb) -> anyhow::Result<Exit> {
    match verb {
        Verb::Show(args) => show::run(app, args),
        Verb::Set { target, flags, pun } => set(app, target, flags, pun),
        Verb::Reset { global: true, app: first, entries, whose, pun } => {
            let entries: Vec<String> = first.iter().chain(entries).cloned().collect();
            reset(app, None, &entries, *whose, pun)
        }
        Verb::Reset { app: Some(name), entries, whose, pun, .. } => {
            reset(app, Some(name), entries, *whose, pun)
        }
        Verb::Reset { .. } => {
            let message = gettext("name an app, or say --global");
            Err(Misnamed::Wrong { message, hint: None }.into())
        }
    }
}

fn set(app: &App, target: &Target, flags: &Flags, pun: &Pun) -> anyhow::Result<Exit> {
    if flags.0.is_empty() {
        let message = gettext("say what to change, as “flatpak override” takes it");
        let hint =
            Some(gettext("For example: --nosocket=x11, --filesystem=~/Games:ro, --env=EDITOR=vim"));
        return Err(Misnamed::Wrong { message, hint }.into());
    }
    pun::act(app, &[APPS], pun, |engine, report| {
        let (item, layer) = item(report, target.app.as_deref(), target.whose)?;
        let fields = edit::of_flags(engine.host(), &item, layer, &flags.0)
            .map_err(|message| Misnamed::Wrong { message, hint: None })?;
        let edit = Edit::Put { set: fields.set, clear: fields.clear };
        Ok(vec![Wish { subsystem: APPS, item: item.key(), edit }])
    })
}

fn reset(
    app: &App,
    name: Option<&str>,
    entries: &[String],
    whose: Whose,
    pun: &Pun,
) -> anyhow::Result<Exit> {
    pun::act(app, &[APPS], pun, |_, report| {
        let (item, layer) = item(report, name, whose)?;
        let fields = said(report, &item.key(), layer);
        let clear = match entries {
            [] if fields.is_empty() => return Ok(Vec::new()),
            [] => fields.into_iter().collect(),
            entries => named(&fields, entries, layer)?,
        };
        let gone = Edit::Put { set: Record::new(), clear };
        Ok(vec![Wish { subsystem: APPS, item: item.key(), edit: gone }])
    })
}

/// The item and the layer of it that are meant.
fn item(report: &Report, name: Option<&str>, whose: Whose) -> Result<(Item, Scope), Misnamed> {
    let layer = whose.scope().unwrap_or(Scope::User);
    let Some(name) = name else { return Ok((Item::Global(layer), layer)) };
    // Every user's overrides hold for system-wide apps; the person's own are kept with the app wherever it is.
    let scope = match layer {
        Scope::System => Some(Scope::System),
        Scope::User => None,
    };
    let found = match add::find(report, name, scope) {
        Err(Misnamed::Ambiguous { .. }) => add::find(report, name, Some(Scope::User)),
        found => found,
    }?;
    match Item::parse(&found.key) {
        Some(item) => Ok((item, layer)),
        None => Err(Misnamed::Item { name: name.to_owned(), close: Vec::new() }),
    }
}

/// The fields of one layer of an item, on either side.
fn said(report: &Report, key: &ItemKey, layer: Scope) -> BTreeSet<String> {
    let item = report.item(&APPS, key);
    let prefix = format!("{}/", layer.as_str());
    item.into_iter()
        .flat_map(|item| [&item.wanted, &item.live])
        .flatten()
        .flat_map(|record| record.0.keys())
        .filter(|name| name.starts_with(&prefix))
        .cloned()
        .collect()
}

/// The fields that entries name: by what flatpak calls them, or by the whole field.
fn named(
    fields: &BTreeSet<String>,
    entries: &[String],
    layer: Scope,
) -> anyhow::Result<Vec<String>> {
    let prefix = format!("{}/", layer.as_str());
    let all: Vec<(&String, Permission)> = fields
        .iter()
        .filter_map(|name| Some((name, Permission::of_field(name.strip_prefix(&prefix)?)?)))
        .collect();
    let mut clear = Vec::new();
    for entry in entries {
        let found = all.iter().filter(|(name, permission)| {
            permission.token() == entry || name.strip_prefix(&prefix) == Some(entry)
        });
        let before = clear.len();
        clear.extend(found.map(|(name, _)| (*name).clone()));
        if clear.len() == before {
            let text = gettext("nothing is overridden that is called “{entry}”");
            let names = all.iter().map(|(_, permission)| (permission.token(), Vec::new()));
            let close = nearest(entry, names);
            let hint = (!all.is_empty()).then(|| {
                let tokens: Vec<&str> = match close.is_empty() {
                    true => all.iter().map(|(_, permission)| permission.token()).collect(),
                    false => close.iter().map(String::as_str).collect(),
                };
                fill(&gettext("There are: {known}"), &[("known", &tokens.join(", "))])
            });
            let message = fill(&text, &[("entry", entry)]);
            return Err(Misnamed::Wrong { message, hint }.into());
        }
    }
    Ok(clear)
}
