//! Units of systemd: which are enabled, disabled or masked, and unit files of one's own.
//!
//! Read from files, as `systemctl is-enabled` reads them. The image decides how a unit stands; what somebody switched
//! on this machine, and unit files that lie in `/etc/systemd/system` alone, are local.

use anyhow::Result;

use super::{About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch};
use crate::core::item::{
    Barred, FieldSpec, ItemKey, LeftOut, Live, Pending, Record, Records, SubsystemId, Wanted,
    WantedItems,
};
use crate::core::names::UnitName;
use crate::core::near;
use crate::core::plan::{Change, Side};
use crate::host::{Host, deployment, fs};
use crate::manifest::Manifests;
use crate::manifest::containerfile::Section;
use crate::manifest::containerfile::write::{Run, copy};
use crate::words::{fill, gettext, mark};

mod inside;
mod install;
mod manifest;
#[cfg(test)]
mod parity_tests;
mod preset;
mod stand;
mod steps;
#[cfg(test)]
mod tests;
mod tree;

use manifest::{DISABLED, ENABLED, LISTS, MASKED, SERVICES, SystemConfig, SystemdServices};
use stand::{Stand, Units};
use tree::{CONFIG, VENDOR};

use super::kargs::FILE;

const STATE: &str = "state";
const CONTENT: &str = "content";
/// What the keys of unit files begin with.
const OWN: &str = "file/";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("units");

static ABOUT: About = About {
    id: ID,
    noun: "admin",
    page: Page::Packages,
    title: mark("Units"),
    icon: "system-run-symbolic",
    fields: &[
        FieldSpec { name: STATE, left_out: LeftOut::NotCompared },
        FieldSpec { name: CONTENT, left_out: LeftOut::NotCompared },
    ],
    manifests: &[
        ManifestFile { name: FILE, schema: system_config_schema },
        ManifestFile { name: SERVICES, schema: || schemars::schema_for!(SystemdServices) },
    ],
};

/// The JSON Schema of `system-config.json`, which has kernel arguments too.
pub(super) fn system_config_schema() -> schemars::Schema {
    schemars::schema_for!(SystemConfig)
}

/// The units subsystem.
pub struct SystemdUnits;

fn file_key(unit: &str) -> ItemKey {
    ItemKey::new(format!("{OWN}{unit}"))
}

/// The unit of an item, and whether the item is its file.
fn unit_of(item: &ItemKey) -> (&str, bool) {
    match item.as_str().strip_prefix(OWN) {
        Some(unit) => (unit, true),
        None => (item.as_str(), false),
    }
}

impl Subsystem for SystemdUnits {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        if !deployment::is_image(host) {
            return Ok(deployment::not_here(wanted));
        }
        let units = Units::read(host)?;
        let mut records = Records::default();
        for unit in units.candidates() {
            // One file that only root may read says nothing of the other units.
            let live = local(&units, unit.as_str());
            let live = live.unwrap_or_else(|error| Some(Live::unknown(format!("{error:#}"))));
            if let Some(live) = live {
                records.insert(ItemKey::new(unit.as_str()), live);
            }
        }
        for unit in units.own_files() {
            records.insert(file_key(unit.as_str()), read_file(host, CONFIG, unit.as_str()));
        }
        for (item, wanted) in wanted {
            let live = match unit_of(item) {
                (unit, true) => match records.items.get(item) {
                    Some(own) => Some(own.clone()),
                    None => wanted_file(host, unit, wanted),
                },
                (unit, false) => wanted_unit(&units, unit, wanted)
                    .unwrap_or_else(|error| Some(Live::unknown(format!("{error:#}")))),
            };
            match live {
                Some(live) => records.insert(item.clone(), live),
                None => drop(records.items.remove(item)),
            }
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        manifest::wanted(manifests)
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        validate(host, item, set)
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        section(manifests).map(Some)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        changes.iter().try_for_each(|change| manifest::capture(manifests, change))
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host)
    }

    fn label(&self, item: &ItemKey) -> Label {
        let (unit, file) = unit_of(item);
        let detail = if file { gettext("unit file") } else { String::new() };
        Label { title: unit.to_owned(), detail }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            STATE => gettext("state"),
            CONTENT => gettext("content"),
            _ => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let (unit, file) = unit_of(&change.item);
        let state = change.after.as_ref().map(|after| after.text(STATE).unwrap_or_default());
        let sentence = match (change.side, file, state) {
            (Side::System, true, Some(_)) => gettext("Install the unit file {unit}"),
            (Side::System, true, None) => gettext("Remove the unit file {unit}"),
            (Side::Manifest, true, Some(_)) => gettext("Track the unit file {unit}"),
            (Side::Manifest, true, None) => gettext("Stop tracking the unit file {unit}"),
            (Side::System, false, Some(ENABLED)) => gettext("Enable {unit}"),
            (Side::System, false, Some(MASKED)) => gettext("Mask {unit}"),
            (Side::System, false, Some(_)) => gettext("Disable {unit}"),
            (Side::System, false, None) => gettext("Switch {unit} as the image has it"),
            (Side::Manifest, false, Some(ENABLED)) => gettext("Track {unit} as enabled"),
            (Side::Manifest, false, Some(MASKED)) => gettext("Track {unit} as masked"),
            (Side::Manifest, false, Some(_)) => gettext("Track {unit} as disabled"),
            (Side::Manifest, false, None) => gettext("Stop tracking {unit}"),
        };
        fill(&sentence, &[("unit", unit)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        vec![Watch::Tree(host.path(CONFIG), 1), Watch::Path(host.path("/ostree/deploy"))]
    }
}

/// How a unit stands that was switched on this machine; `None` where it is as the image has it.
fn local(units: &Units, unit: &str) -> Result<Option<Live>> {
    let here = units.here(unit)?;
    let Stand::Is(state) = here else { return Ok(None) };
    let default = units.default_of(unit, &here)?;
    if default == Some(state) || units.is_alias(unit)? {
        return Ok(None);
    }
    let mut live = Live::known(Record::new().with(STATE, state));
    let (text, default) = match default {
        Some(default) => (gettext("It is {state} here, and {default} in the image"), default),
        None => (gettext("It is {state} here, and the image has no such unit"), ""),
    };
    live.note = Some(fill(&text, &[("state", state), ("default", default)]));
    Ok(Some(live))
}

/// How a unit stands that a manifest wants something of; `None` where it is to be brought about on this machine.
fn wanted_unit(units: &Units, unit: &str, wanted: &Wanted) -> Result<Option<Live>> {
    let state = wanted.record.text(STATE).unwrap_or_default();
    let here = units.here(unit)?;
    let known = |state: &str| Live::known(Record::new().with(STATE, state));
    let shared = wanted.next_image().is_some();
    let later = |note: String| {
        let mut live = Live::absent();
        live.pending = Some(Pending::ImageBuild);
        live.note = Some(note);
        live
    };
    let in_image =
        |now: &str| fill(&gettext("It is {state} in the image of this machine"), &[("state", now)]);
    Ok(match here {
        Stand::Is(now) if now == state => Some(known(now)),
        Stand::Is(now) => match units.default_of(unit, &here)? {
            Some(default) if default == now => shared.then(|| later(in_image(now))),
            _ => Some(known(now)),
        },
        Stand::Fixed(_) if state == DISABLED => Some(known(DISABLED)),
        Stand::Fixed(why) if state == ENABLED => {
            Some(Live::absent().barred(Some(Barred::NotHere(why))))
        }
        Stand::Fixed(_) => shared.then(|| later(in_image(DISABLED))),
        Stand::NotFound => {
            let text = fill(&gettext("There is no {unit} on this machine"), &[("unit", unit)]);
            Some(match (shared, state) {
                (_, DISABLED) => {
                    let mut live = known(DISABLED);
                    live.note = Some(text);
                    live
                }
                (true, _) => later(text),
                (false, MASKED) => return Ok(None),
                (false, _) => Live::absent().barred(Some(Barred::NotHere(text))),
            })
        }
    })
}

/// How a unit file stands that a manifest wants and that this machine has none of its own of.
fn wanted_file(host: &Host, unit: &str, wanted: &Wanted) -> Option<Live> {
    if fs::read_bytes(&host.path(VENDOR).join(unit)).is_ok_and(|file| file.is_some()) {
        let live = read_file(host, VENDOR, unit);
        if live.record().is_none_or(|record| *record == wanted.record) {
            return Some(live);
        }
    }
    wanted.next_image().map(|pending| Live { pending: Some(pending), ..Live::absent() })
}

/// A unit file's text.
fn read_file(host: &Host, dir: &str, unit: &str) -> Live {
    let path = format!("{dir}/{unit}");
    let circle = || Live::unknown(gettext("It is a link that leads nowhere"));
    let Some(real) = inside::resolve(host, &path) else { return circle() };
    match fs::read_bytes(&real) {
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => Live::known(Record::new().with(CONTENT, text.as_str())),
            Err(_) => {
                Live::unknown(fill(&gettext("“{path}” is not UTF-8 text"), &[("path", &path)]))
            }
        },
        Ok(None) => circle(),
        Err(error) => Live::unknown(error.to_string()),
    }
}

/// Whether a unit can be had: it has a unit's name, and is on this machine.
fn validate(host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
    let (unit, file) = unit_of(item);
    unit.parse::<UnitName>().map_err(Unfit::new)?;
    if file {
        return Ok(());
    }
    let state = set.text(STATE).unwrap_or(ENABLED);
    if !LISTS.iter().any(|(known, _)| *known == state) {
        let message = gettext("a unit’s state is “enabled”, “disabled” or “masked”");
        return Err(Unfit::new(message));
    }
    if !deployment::is_image(host) {
        return Ok(());
    }
    let unsure = |error: anyhow::Error| Unfit::unsure(format!("{error:#}"));
    let units = Units::read(host).map_err(unsure)?;
    match (units.here(unit).map_err(unsure)?, state) {
        (Stand::NotFound, _) => {
            let all = units.kept.all();
            let close = near::nearest(unit, all.iter().map(|name| (name.as_str(), Vec::new())));
            let text = gettext("there is no {unit} on this machine");
            Err(Unfit { close, ..Unfit::unsure(fill(&text, &[("unit", unit)])) })
        }
        (Stand::Fixed(why), ENABLED) => Err(Unfit::unsure(why)),
        _ => Ok(()),
    }
}

/// Makes sure that there is such a unit, on a machine that was started from an image; the error has the closest names.
pub fn exists(host: &Host, unit: &UnitName) -> Result<(), Unfit> {
    // Whatever there is can be disabled.
    let set = Record::new().with(STATE, DISABLED);
    validate(host, &ItemKey::new(unit.as_str()), &set)
}

/// The unit files, and how units are switched, as every machine is to have them.
fn section(manifests: &Manifests) -> Result<Section> {
    let states = manifest::shared_states(manifests)?;
    let mut body = String::new();
    for (unit, file) in &manifest::shared_files(manifests)? {
        body += &copy(file, &format!("{VENDOR}/{unit}").parse()?, 0o644);
    }
    let of = |wanted: &'static str| {
        let units = states.iter().filter(move |(_, state)| **state == wanted);
        units.map(|(unit, _)| unit.as_str()).collect::<Vec<_>>()
    };
    let mut run = Run::new();
    // What the base has masked cannot be enabled.
    for (verb, units) in [
        ("unmask", of(ENABLED)),
        ("enable", of(ENABLED)),
        ("disable", of(DISABLED)),
        ("mask", of(MASKED)),
    ] {
        if !units.is_empty() {
            run = run.list(format!("systemctl {verb}"), units)?;
        }
    }
    Ok(Section::new("SYSTEMD_UNITS", body + &run.text())?)
}
