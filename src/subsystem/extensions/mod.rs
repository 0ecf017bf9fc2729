//! GNOME Shell extensions: which are installed, and which of them are switched on.
//!
//! Read from the disk and from dconf; the running Shell adds what only it knows, such as errors. An extension of the
//! person's own is always there to be captured; one of the system's is at its default where nobody has switched it.

use std::collections::BTreeMap;

use anyhow::Result;
use schemars::JsonSchema;
use serde_json::{Value as Json, json};

use super::{About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch};
use crate::core::item::{
    FieldSpec, ItemKey, LeftOut, Live, Pending, Record, Records, SubsystemId, Value, WantedItems,
};
use crate::core::names::ExtensionUuid;
use crate::core::plan::{Change, Side};
use crate::host::bus::BusError;
use crate::host::schemas::Schemas;
use crate::host::shell::{self, Shell, State};
use crate::host::{Host, dconf};
use crate::manifest::Manifests;
use crate::words::{fill, gettext, mark};

pub mod compat;
mod disk;
mod entry;
mod fit;
mod notices;
mod site;
mod steps;
mod switches;

use disk::Installed;
use entry::Entry;
use switches::Switches;

const FILE: &str = "gnome-extensions.json";
const LIST: &str = "extensions";
const ENABLED: &str = "enabled";
const VERSION: &str = "version";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("extensions");

static ABOUT: About = About {
    id: ID,
    noun: "extension",
    page: Page::Extensions,
    title: mark("Extensions"),
    icon: "application-x-addon-symbolic",
    fields: &[
        FieldSpec { name: ENABLED, left_out: LeftOut::NotCompared },
        FieldSpec { name: VERSION, left_out: LeftOut::NotCompared },
    ],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(ExtensionsFile) }],
};

/// `gnome-extensions.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct ExtensionsFile {
    /// The extensions.
    extensions: Vec<Entry>,
}

/// The extensions subsystem.
pub struct Extensions;

impl Subsystem for Extensions {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        let Machine { shell, switches, installed } = Machine::read(host)?;
        let updates = disk::updates(host);
        // Only where the Shell cannot say itself what it can run.
        let version = if shell.is_err() { shell::installed(host) } else { None };
        let mut records = Records::default();
        for (uuid, installed) in installed {
            let item = ItemKey::new(uuid.as_str());
            let on = switches.is_on(uuid.as_str());
            let at_default = !installed.user && on == switches.is_on_by_default(uuid.as_str());
            if at_default && !wanted.contains_key(&item) {
                continue;
            }
            let mut live = live(&installed, on);
            match &shell {
                Ok(shell) => remark(&mut live, uuid.as_str(), on && switches.on, shell),
                Err(_) => judge(&mut live, &installed, on, version.as_deref()),
            }
            if live.note.is_none() && updates.contains(uuid.as_str()) {
                live.note = Some(gettext("An update comes into force at the next log-in"));
            }
            records.insert(item, live);
        }
        records.notices = notices::all(&records, &shell, &switches);
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        manifests.items(FILE, LIST, |entry: &Entry| Ok(entry.read()))
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let uuid = change.item.as_str();
            let is = |json: &Json| entry::uuid(json) == Some(uuid);
            let order = |json: &Json| entry::uuid(json).unwrap_or_default().to_owned();
            match &change.after {
                Some(after) => manifests.edit(&change.layer, FILE, |doc| {
                    let entry = entry::write(doc.find(LIST, &is), uuid, after);
                    doc.put(LIST, &is, &entry, &order);
                    Ok(())
                })?,
                None => {
                    let identity = json!({ "id": uuid });
                    manifests.remove(&change.layer, FILE, LIST, &is, identity, &order)?;
                }
            }
        }
        Ok(())
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        fit::validate(host, item, set)
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host, &Machine::read(host)?)
    }

    fn label(&self, item: &ItemKey) -> Label {
        // The name stands in the extension's own metadata: without it, its UUID without the author's part.
        let title = item.as_str().split('@').next().unwrap_or_default();
        Label { title: title.to_owned(), detail: item.to_string() }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            "enabled" => gettext("enabled"),
            "version" => gettext("version"),
            _ => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let on = change.after.as_ref().map(|after| after.get(ENABLED) != Some(&Value::Flag(false)));
        let sentence = match (change.side, on) {
            (Side::System, Some(_)) if change.before.is_none() => gettext("Install {extension}"),
            (Side::System, Some(true)) => gettext("Enable {extension}"),
            (Side::System, Some(false)) => gettext("Disable {extension}"),
            (Side::System, None) => gettext("Uninstall {extension}"),
            (Side::Manifest, Some(true)) => gettext("Track {extension} as enabled"),
            (Side::Manifest, Some(false)) => gettext("Track {extension} as disabled"),
            (Side::Manifest, None) => gettext("Stop tracking {extension}"),
        };
        fill(&sentence, &[("extension", &change.title)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        // An extension is no extension before its metadata are there.
        let places = disk::places(host).into_iter().map(|(place, _)| Watch::Tree(place, 1));
        let mut watch: Vec<Watch> = places.collect();
        watch.push(Watch::Settings("/org/gnome/shell/"));
        watch.push(Watch::Signal {
            sender: "org.gnome.Shell",
            interface: "org.gnome.Shell.Extensions",
            member: "ExtensionStateChanged",
        });
        watch
    }
}

/// All there is to read about extensions.
struct Machine {
    /// The running Shell, or why it cannot be asked.
    shell: Result<Shell, BusError>,
    switches: Switches,
    installed: BTreeMap<ExtensionUuid, Installed>,
}

impl Machine {
    fn read(host: &Host) -> Result<Self, Unreadable> {
        let dconf = dconf::read(host).map_err(anyhow::Error::from)?;
        let schemas = Schemas::open(host);
        let Some(schema) = switches::shell_schema(&schemas) else { return Err(no_shell()) };
        let shell = shell::ask(host);
        let mode = shell.as_ref().ok().and_then(|shell| shell.mode.as_deref());
        let switches = Switches::read(host, &dconf, &schema, mode)?;
        let installed = disk::installed(host, switches.user_allowed)?;
        Ok(Self { shell, switches, installed })
    }
}

fn no_shell() -> Unreadable {
    Unreadable::Unavailable {
        reason: gettext("GNOME Shell is not installed"),
        hint: Some(gettext("Extensions are compared on machines with a GNOME desktop")),
    }
}

/// One installed extension, as the disk and the switches have it.
fn live(installed: &Installed, on: bool) -> Live {
    match &installed.metadata {
        Ok(metadata) => {
            let mut record = Record::new().with(ENABLED, on);
            if let Some(version) = metadata.version {
                record.set(VERSION, Value::Number(version));
            }
            Live::known(record).titled(metadata.name.clone())
        }
        Err(why) => Live::unknown(why.clone()),
    }
}

/// Adds what the running Shell knows; `on` says that it should run, which it never does with the master switch off.
fn remark(live: &mut Live, uuid: &str, on: bool, shell: &Shell) {
    let Some(known) = shell.extensions.get(uuid) else {
        // The Shell looks for extensions when it starts, and only then.
        live.pending = on.then_some(Pending::LogOut);
        return;
    };
    let on_disk = live.record().and_then(|record| record.get(VERSION));
    if let (Some(Value::Number(on_disk)), Some(runs)) = (on_disk, known.version)
        && *on_disk != runs
    {
        live.pending = on.then_some(Pending::LogOut);
        let text = gettext("Version {version} runs until then");
        live.note = Some(fill(&text, &[("version", &runs.to_string())]));
        return;
    }
    live.failing = on && matches!(known.state, State::Error | State::OutOfDate);
    live.note = match (known.state, &known.error) {
        (State::Error, Some(error)) => {
            Some(fill(&gettext("It failed: {error}"), &[("error", error)]))
        }
        (State::Error, None) => Some(gettext("It failed")),
        (State::OutOfDate, _) => Some(out_of_date(shell.version.as_deref().unwrap_or_default())),
        _ if known.has_update => Some(gettext("An update is available")),
        _ => None,
    };
}

/// Adds what can be told without the Shell.
fn judge(live: &mut Live, installed: &Installed, on: bool, shell: Option<&str>) {
    if let (Ok(metadata), Some(shell)) = (&installed.metadata, shell)
        && !shell::supports(&metadata.made_for, shell)
    {
        live.note = Some(out_of_date(shell));
        live.failing = on;
    }
}

fn out_of_date(shell: &str) -> String {
    fill(&gettext("It is not made for GNOME Shell {version}"), &[("version", shell)])
}

#[cfg(test)]
mod tests;
