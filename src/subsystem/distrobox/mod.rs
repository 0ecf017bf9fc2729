//! Distroboxes: containers with a distribution of their own, made and entered by distrobox.
//!
//! One item is one box, by its name. What is installed in it and what it exports is changed in place; anything else means
//! that the box is made anew.

use anyhow::Result;

use super::{About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch};
use crate::core::item::{FieldSpec, ItemKey, LeftOut, Record, Records, SubsystemId, WantedItems};
use crate::core::names::ContainerName;
use crate::core::plan::{Change, Side};
use crate::host::{Host, boxes};
use crate::manifest::Manifests;
use crate::words::{fill, gettext, mark};

pub(super) mod aside;
mod capture;
mod check;
mod entry;
mod exports;
mod flags;
mod hooks;
mod image;
pub mod ini;
pub mod json;
pub mod lint;
mod live;
pub(super) mod losses;
mod make;
pub(super) mod manager;
mod place;
mod scripts;
mod steps;

pub use steps::renewed;

/// The home directory of its own that an entry gives its box, as a path.
pub(super) fn home_of(host: &Host, entry: &serde_json::Value) -> Option<std::path::PathBuf> {
    entry[HOME].as_str().map(|short| place::full(host, short).into())
}

const FILE: &str = "distrobox.json";
const OBJECT: &str = "containers";

/// What the box is made of.
pub const IMAGE: &str = "image";
/// The packages in it that somebody asked for: a set.
pub const PACKAGES: &str = "packages";
/// Its programs that the machine has too: a set of `from:DIR`, of absolute paths and of `not:NAME`.
pub const BINS: &str = "bins";
/// Where they are exported to.
pub const BINS_TO: &str = "bins_to";
/// Its applications that the machine has too: a set.
pub const APPS: &str = "exported_apps";
/// Shell that it runs at each start, after it was set up: one line.
pub const INIT_HOOKS: &str = "init_hooks";
/// The same, before it is set up.
pub const PRE_INIT_HOOKS: &str = "pre_init_hooks";
/// Directories of the machine that it has: a set.
pub const VOLUME: &str = "volume";
/// Whether its image is fetched whenever it is made; not compared.
pub const PULL: &str = "pull";
/// Whether it has an init system.
pub const INIT: &str = "init";
/// Whether it is root's.
pub const ROOT: &str = "root";
/// Whether it has the machine's NVIDIA drivers.
pub const NVIDIA: &str = "nvidia";
/// Its home directory, where that is its own.
pub const HOME: &str = "home";
/// Its host name, where that is its own.
pub const HOSTNAME: &str = "hostname";
/// What it does not share with the machine: a set.
pub const UNSHARE: &str = "unshare";
/// Directories that its programs are looked for in, joined by colons.
pub const PATH: &str = "path";
/// What the fields of its variables begin with.
pub const ENV: &str = "env/";
/// Other options that podman made it with, as one text.
pub const FLAGS: &str = "additional_flags";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("distrobox");

const fn compared(name: &'static str) -> FieldSpec {
    FieldSpec { name, left_out: LeftOut::Default }
}

static ABOUT: About = About {
    id: ID,
    noun: "distrobox",
    page: Page::Boxes,
    title: mark("Distroboxes"),
    icon: "utilities-terminal-symbolic",
    fields: &[
        compared(IMAGE),
        compared(PACKAGES),
        compared(BINS),
        compared(BINS_TO),
        compared(APPS),
        compared(INIT_HOOKS),
        compared(PRE_INIT_HOOKS),
        compared(VOLUME),
        FieldSpec { name: PULL, left_out: LeftOut::NotCompared },
        compared(INIT),
        compared(ROOT),
        compared(NVIDIA),
        compared(HOME),
        compared(HOSTNAME),
        compared(UNSHARE),
        compared(PATH),
        compared(ENV),
        compared(FLAGS),
    ],
    manifests: &[ManifestFile {
        name: FILE,
        schema: || schemars::schema_for!(entry::DistroboxFile),
    }],
};

/// The distroboxes subsystem.
pub struct Distroboxes;

impl Subsystem for Distroboxes {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        live::records(host, wanted)
    }

    fn wanted(&self, manifests: &Manifests, host: &Host) -> Result<WantedItems> {
        manifests.members(FILE, OBJECT, |name, entry: &entry::Entry| {
            let name: ContainerName = name.parse().map_err(|error| {
                let error: crate::core::names::InvalidName = error;
                (String::new(), error.into())
            })?;
            Ok((ItemKey::new(name.as_str()), entry::record(entry, host)?))
        })
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let before = change.before.as_ref();
            manifests.capture_member(change, FILE, OBJECT, |entry, after| {
                capture::write(entry, before, after);
            })?;
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host)
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        item.as_str().parse::<ContainerName>().map_err(Unfit::new)?;
        check::validate(host, set)
    }

    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    fn field_title(&self, field: &str) -> String {
        if let Some(name) = field.strip_prefix(ENV) {
            return fill(&gettext("variable {name}"), &[("name", name)]);
        }
        match field {
            IMAGE => gettext("image"),
            PACKAGES => gettext("packages"),
            BINS => gettext("exported programs"),
            BINS_TO => gettext("directory of exported programs"),
            APPS => gettext("exported applications"),
            INIT_HOOKS => gettext("commands at each start"),
            PRE_INIT_HOOKS => gettext("commands before each start"),
            VOLUME => gettext("directories of this machine"),
            PULL => gettext("image fetched anew"),
            INIT => gettext("own init system"),
            ROOT => gettext("root’s box"),
            NVIDIA => gettext("NVIDIA drivers"),
            HOME => gettext("own home directory"),
            HOSTNAME => gettext("host name"),
            UNSHARE => gettext("not shared"),
            PATH => gettext("search path"),
            FLAGS => gettext("options for podman"),
            field => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let name = change.item.as_str();
        let sentence = match (change.side, &change.before, &change.after) {
            (Side::System, None, _) => gettext("Make the distrobox {name}"),
            (Side::System, _, None) => gettext("Remove the distrobox {name}"),
            (Side::System, ..) => gettext("Change the distrobox {name}"),
            (Side::Manifest, None, _) => gettext("Track the distrobox {name}"),
            (Side::Manifest, _, None) => gettext("Stop tracking the distrobox {name}"),
            (Side::Manifest, ..) => gettext("Update the entry of the distrobox {name}"),
        };
        fill(&sentence, &[("name", name)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        let bin = host.env().home.join(".local/bin");
        vec![news(host), Watch::Tree(bin, 0), Watch::Tree(exports::launchers(host), 0)]
    }
}

/// What tells that a box was made, started, ended or removed. Before podman has ever kept something, its storage does.
pub(super) fn news(host: &Host) -> Watch {
    match boxes::events(host) {
        Some(events) => Watch::Program(events),
        None => Watch::Path(host.env().data.join("containers/storage")),
    }
}
