//! `bkt gsetting`: GNOME settings, on this machine and in the manifest.

use clap::Subcommand;

use super::app::{App, Exit};
use super::noun::{self, Common};
use super::pun::{self, Pun};
use crate::core::item::SubsystemId;
use crate::core::names::{DconfDir, KeyName, SchemaId};
use crate::engine::{Edit, Wish};
use crate::subsystem::gsettings::{SettingKey, record};
use crate::words::gettext;

const NOUN: &str = "gsetting";
const SETTINGS: SubsystemId = SubsystemId::new("gsettings");

#[derive(clap::Args)]
#[command(
    about = gettext("GNOME settings"),
    after_help = gettext("\
Examples:
  bkt gsetting set org.gnome.desktop.interface color-scheme \"'prefer-dark'\"
  bkt gsetting unset org.gnome.desktop.interface color-scheme
  bkt gsetting list                what is set or wanted, and how it stands")
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
        #[arg(value_name = "VALUE", allow_hyphen_values = true, help = gettext("The value, as GVariant text"))]
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
    #[command(flatten)]
    Common(Common),
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
                let set = record(engine.host(), &key, value)?;
                Ok(vec![wish(&key, Edit::put(set))])
            })
        }
        Verb::Unset { key, pun } => {
            let key = key.parse()?;
            pun::act(app, &[SETTINGS], pun, |_, _| Ok(vec![wish(&key, Edit::Remove)]))
        }
        Verb::Common(verb) => noun::run(app, NOUN, verb),
    }
}

fn wish(key: &SettingKey, edit: Edit) -> Wish {
    Wish { subsystem: SETTINGS, item: key.item(), edit }
}
