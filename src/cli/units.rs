//! Systemd units: the verbs of `bkt image systemd`, `bkt admin systemd` and `bkt admin systemctl`.

use std::str::FromStr;

use clap::Subcommand;

use super::app::{App, Exit};
use super::pun::{self, Options};
use super::status;
use crate::core::item::{ItemKey, Record};
use crate::core::names::{InvalidName, UnitName};
use crate::engine::{Edit, Wish};
use crate::subsystem::units::{self, ID as UNITS};
use crate::words::gettext;

#[derive(Subcommand)]
pub(super) enum Verb<O: Options> {
    #[command(about = gettext("Start units by themselves"))]
    Enable(Named<O>),
    #[command(about = gettext("Start units only when something asks for them"))]
    Disable(Named<O>),
    #[command(about = gettext("Never start units, whatever asks for them"))]
    Mask(Named<O>),
    #[command(about = gettext("Leave units to what the image says of them"))]
    Reset(Named<O>),
    #[command(about = gettext("List units, in the manifest or on this machine, and how they stand"))]
    List,
}

#[derive(clap::Args)]
pub(super) struct Named<O: Options> {
    #[arg(value_name = "UNIT", required = true, help = gettext("The unit, as in sshd.service; without a type a service is meant"))]
    units: Vec<Unit>,
    #[command(flatten)]
    options: O,
}

/// A unit as a person types it: `sshd` is `sshd.service`, as systemctl has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit(pub(super) UnitName);

impl FromStr for Unit {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let whole = |error| format!("{text}.service").parse().map_err(|_| error);
        text.parse().or_else(whole).map(Self)
    }
}

pub(super) fn run(app: &App, verb: &Verb<impl Options>) -> anyhow::Result<Exit> {
    let state = |state: &str| Edit::put(Record::new().with("state", state));
    match verb {
        Verb::Enable(named) => wish(app, named, &state("enabled")),
        Verb::Disable(named) => wish(app, named, &state("disabled")),
        Verb::Mask(named) => wish(app, named, &state("masked")),
        Verb::Reset(named) => wish(app, named, &Edit::Remove),
        Verb::List => status::list(app, UNITS.as_str()),
    }
}

fn wish<O: Options>(app: &App, named: &Named<O>, edit: &Edit) -> anyhow::Result<Exit> {
    pun::act_on_machine(app, UNITS, &named.options, |_, report| {
        // What is put is looked up by all verbs; what goes has to have been somewhere.
        if *edit == Edit::Remove && !named.options.how().force {
            for Unit(unit) in &named.units {
                if report.item(&UNITS, &ItemKey::new(unit.as_str())).is_none() {
                    units::exists(&app.host, unit)?;
                }
            }
        }
        let wish = |Unit(unit): &Unit| Wish {
            subsystem: UNITS,
            item: ItemKey::new(unit.as_str()),
            edit: edit.clone(),
        };
        Ok(named.units.iter().map(wish).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_without_a_type_is_a_service() {
        let name = |text: &str| text.parse::<Unit>().map(|unit| unit.0.to_string());
        assert_eq!(name("sshd").as_deref(), Ok("sshd.service"));
        assert_eq!(name("fstrim.timer").as_deref(), Ok("fstrim.timer"));
        assert_eq!(name("foo.bar").as_deref(), Ok("foo.bar.service"));
        for text in ["", "-x", "../x", "a b", "a;b", "a\nb", "--root=/x.service"] {
            assert!(name(text).is_err(), "{text:?}");
        }
        assert_eq!(name("a b").unwrap_err().text, "a b");
    }
}
