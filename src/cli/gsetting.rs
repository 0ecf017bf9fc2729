//! `bkt gsetting`: GNOME settings, on this machine and in the manifest.

use std::collections::BTreeMap;

use clap::Subcommand;

use super::app::{App, Exit};
use super::capture;
use super::gsetting_diff::{self, baseline};
use super::noun;
use super::pun::{self, Pun};
use crate::core::item::{ItemKey, Wanted};
use crate::core::names::{DconfDir, KeyName, SchemaId};
use crate::core::report::Report;
use crate::engine::{self, Edit, Engine, Wish};
use crate::host::Host;
use crate::subsystem::gsettings::{self, SettingKey, Settings};
use crate::words::gettext;

pub(super) use crate::subsystem::gsettings::ID as SETTINGS;

const NOUN: &str = "gsetting";

#[derive(clap::Args)]
#[command(
    about = gettext("GNOME settings"),
    after_help = gettext("\
SCHEMA and KEY are as gsettings takes them. A relocatable schema takes its path too: SCHEMA:/path/.

Examples:
  bkt gsetting set org.gnome.desktop.interface color-scheme prefer-dark
  bkt gsetting unset org.gnome.desktop.interface color-scheme
  bkt gsetting list                what is set or wanted, and how it stands
  bkt gsetting diff                what is not at its default, and what changed since Bucket first looked
  bkt gsetting capture --all-changed -n")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Set a key, here and in the manifest"))]
    Set {
        #[command(flatten)]
        key: Key,
        #[arg(value_name = "VALUE", allow_hyphen_values = true, help = gettext("The value, as GVariant text; a text may go without its quotes"))]
        value: String,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("Reset a key to its default, and stop tracking it"))]
    Unset {
        #[command(flatten)]
        key: Key,
        #[command(flatten)]
        pun: Pun,
    },
    List(noun::List),
    #[command(visible_alias = "sync")]
    Apply(noun::Sync),
    #[command(
        about = gettext("Say which keys are not at their default and not tracked, and which changed since the baseline"),
        after_help = gettext("\
The default is what a key would be had you not set it: what its schema, a vendor's override and the administrator's \
databases say. The baseline is what was set when Bucket first looked at this machine. Noise and what ignore.json names \
are left out (-v shows them).")
    )]
    Diff,
    #[command(
        after_help = gettext("\
Without --all-changed, everything is saved that is stored for you and is not ignored, as with bkt capture gsettings. \
Programs also store values that are the default anyway; --all-changed leaves those out, unless the manifest has the key \
already: what remains was set to something else than what this machine would do by itself.")
    )]
    Capture {
        #[command(flatten)]
        what: noun::Capture,
        #[arg(long, help = gettext("Only what is not at its default"))]
        all_changed: bool,
    },
    #[command(about = gettext("What was set when Bucket first looked at this machine"))]
    Baseline {
        #[command(subcommand)]
        verb: baseline::Verb,
    },
}

#[derive(clap::Args)]
struct Key {
    #[arg(value_name = "SCHEMA", help = gettext("The schema, with :/path/ after it where it is relocatable"))]
    schema: String,
    #[arg(value_name = "KEY", help = gettext("The key"))]
    key: KeyName,
}

impl Key {
    fn parse(&self) -> anyhow::Result<SettingKey> {
        let (schema, path) = match self.schema.split_once(':') {
            Some((schema, path)) => (schema, Some(path.parse::<DconfDir>()?)),
            None => (self.schema.as_str(), None),
        };
        let schema: SchemaId = schema.parse()?;
        Ok(SettingKey { schema, key: self.key.clone(), path })
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Set { key, value, pun } => {
            let key = key.parse()?;
            pun::act(app, &[SETTINGS], pun, |engine, _| {
                Ok(vec![set(engine.host(), &key, value, pun.force())?])
            })
        }
        Verb::Unset { key, pun } => {
            let key = key.parse()?;
            pun::act(app, &[SETTINGS], pun, |engine, report| {
                Ok(vec![unset(engine.host(), &key, report, pun.force())?])
            })
        }
        Verb::List(_) => noun::list(app, NOUN),
        Verb::Apply(args) => noun::sync(app, NOUN, args),
        Verb::Diff => gsetting_diff::run(app),
        Verb::Capture { what, all_changed } => {
            let selection = what.selection(NOUN);
            capture::go_with(
                app,
                engine::Verb::Capture,
                &selection,
                what.secrets,
                |engine, report| {
                    if *all_changed {
                        only_changed(engine, report)?;
                    }
                    Ok(())
                },
            )
        }
        Verb::Baseline { verb } => baseline::run(app, verb),
    }
}

fn set(host: &Host, key: &SettingKey, value: &str, force: bool) -> anyhow::Result<Wish> {
    let (key, record) = match gsettings::typed(host, key, value) {
        Err(unfit) if unfit.unsure && force => (key.clone(), gsettings::unchecked(key, value)?),
        typed => typed?,
    };
    Ok(wish(&key, Edit::put(record)))
}

fn unset(host: &Host, key: &SettingKey, report: &Report, force: bool) -> anyhow::Result<Wish> {
    gsettings::own(key)?;
    // What a side has goes away, whether its schema is installed or not.
    let listed = report.item(&SETTINGS, &key.item()).is_some();
    let key = match gsettings::look_up(host, key) {
        Ok((key, _)) => key,
        Err(unfit) if listed || unfit.unsure && force => key.clone(),
        Err(unfit) => return Err(unfit.into()),
    };
    Ok(wish(&key, Edit::Remove))
}

fn wish(key: &SettingKey, edit: Edit) -> Wish {
    Wish { subsystem: SETTINGS, item: key.item(), edit }
}

/// Leaves out what is at its default although it is stored, and that no manifest has.
fn only_changed(engine: &Engine, report: &mut Report) -> anyhow::Result<()> {
    let settings = Settings::read(engine.host())?;
    let changed = settings.changed(&wanted(report));
    for subsystem in report.subsystems.iter_mut().filter(|one| one.id == SETTINGS) {
        subsystem.items.retain(|item| item.wanted.is_some() || changed.contains_key(&item.key));
    }
    Ok(())
}

/// The manifest's side of a report.
pub(super) fn wanted(report: &Report) -> BTreeMap<ItemKey, Wanted> {
    let items = report.subsystem(&SETTINGS).into_iter().flat_map(|one| &one.items);
    items
        .filter_map(|item| {
            let (record, layer) = (item.wanted.clone()?, item.layer.clone().unwrap_or_default());
            Some((item.key.clone(), Wanted { record, layer }))
        })
        .collect()
}
