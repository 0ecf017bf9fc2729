//! Toolchains of the development box: Rust by rustup, packages by npm, tools by proto, and what scripts set up.
//!
//! What installs them is baked into the box's image; what they install lives in the home directory, and outlives the
//! box. So it is read from the files there: `~/.rustup`, npm's prefix, `~/.proto`. What a script did cannot be seen
//! anywhere: that it was run, and with which checksum, is kept in Bucket's own state.
//!
//! | key | fields |
//! |---|---|
//! | `rustup/default` | `toolchain` |
//! | `rustup/toolchain/NAME`, `rustup/component/NAME`, `rustup/target/NAME` | |
//! | `npm/NAME`, `proto/NAME` | `version` |
//! | `script/NAME` | `url`, `sha256`, `args` |
//!
//! Components and targets are those of the default toolchain. They go with it: a new default gets what the old one had.

use std::fmt;

use anyhow::{Result, bail};

use super::{
    About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch, toolbox,
};
use crate::core::item::{FieldSpec, ItemKey, LeftOut, Record, Records, SubsystemId, WantedItems};
use crate::core::names::{
    ComponentName, NpmName, ScriptName, TargetName, ToolName, ToolVersion, ToolchainName,
};
use crate::core::plan::{Change, Side};
use crate::host::Host;
use crate::manifest::Manifests;
use crate::manifest::containerfile::Section;
use crate::words::{fill, gettext, mark};

mod capture;
mod entry;
mod npm;
mod place;
mod proto;
pub mod rustup;
mod scripts;
mod section;
mod steps;

/// The file, which has the packages of the development box too.
const FILE: &str = toolbox::FILE;

/// The default toolchain of Rust.
pub const TOOLCHAIN: &str = "toolchain";
/// A version of an npm package, or of a tool of proto.
pub const VERSION: &str = "version";
/// Where a script is.
pub const URL: &str = "url";
/// Its checksum.
pub const SHA256: &str = "sha256";
/// What it is given, as a JSON list; left out where it is given nothing.
pub const ARGS: &str = "args";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("toolchains");

static ABOUT: About = About {
    id: ID,
    noun: "dev",
    page: Page::Boxes,
    title: mark("Toolchains"),
    icon: "applications-engineering-symbolic",
    fields: &[
        FieldSpec { name: TOOLCHAIN, left_out: LeftOut::NotCompared },
        FieldSpec { name: VERSION, left_out: LeftOut::NotCompared },
        FieldSpec { name: URL, left_out: LeftOut::NotCompared },
        FieldSpec { name: SHA256, left_out: LeftOut::NotCompared },
        FieldSpec { name: ARGS, left_out: LeftOut::Default },
    ],
    manifests: &[ManifestFile { name: FILE, schema: toolbox::toolbox_packages_schema }],
};

/// The toolchains subsystem.
pub struct Toolchains;

/// An item's key taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// The toolchain that Rust is built with where nothing says otherwise.
    Default,
    /// A toolchain of Rust.
    Toolchain(ToolchainName),
    /// A component of the default toolchain.
    Component(ComponentName),
    /// A target of the default toolchain.
    Target(TargetName),
    /// A package of npm's, installed for all projects.
    Npm(NpmName),
    /// A tool of proto's.
    Tool(ToolName),
    /// A script that is run once.
    Script(ScriptName),
}

impl Item {
    /// Takes a key apart.
    pub fn of(key: &ItemKey) -> Result<Self> {
        let text = key.as_str();
        let Some((kind, name)) = text.split_once('/') else {
            bail!("“{text}” is not a toolchain");
        };
        Ok(match (kind, name.split_once('/')) {
            ("rustup", None) if name == "default" => Self::Default,
            ("rustup", Some(("toolchain", name))) => Self::Toolchain(name.parse()?),
            ("rustup", Some(("component", name))) => Self::Component(name.parse()?),
            ("rustup", Some(("target", name))) => Self::Target(name.parse()?),
            ("npm", _) => Self::Npm(name.parse()?),
            ("proto", None) => Self::Tool(name.parse()?),
            ("script", None) => Self::Script(name.parse()?),
            _ => bail!("“{text}” is not a toolchain"),
        })
    }

    /// Its key.
    pub fn key(&self) -> ItemKey {
        ItemKey::new(self.to_string())
    }

    fn name(&self) -> &str {
        match self {
            Self::Default => "default",
            Self::Toolchain(name) => name.as_str(),
            Self::Component(name) => name.as_str(),
            Self::Target(name) => name.as_str(),
            Self::Npm(name) => name.as_str(),
            Self::Tool(name) => name.as_str(),
            Self::Script(name) => name.as_str(),
        }
    }

    /// It, inside of a sentence.
    fn noun(&self) -> String {
        let text = match self {
            Self::Default => gettext("the default Rust toolchain"),
            Self::Toolchain(_) => gettext("the Rust toolchain {name}"),
            Self::Component(_) => gettext("the Rust component {name}"),
            Self::Target(_) => gettext("the Rust target {name}"),
            Self::Npm(_) => gettext("the npm package {name}"),
            Self::Tool(_) => gettext("{name}, a tool of proto"),
            Self::Script(_) => gettext("the script {name}"),
        };
        fill(&text, &[("name", self.name())])
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Default => f.write_str("rustup/default"),
            Self::Toolchain(_) => write!(f, "rustup/toolchain/{name}"),
            Self::Component(_) => write!(f, "rustup/component/{name}"),
            Self::Target(_) => write!(f, "rustup/target/{name}"),
            Self::Npm(_) => write!(f, "npm/{name}"),
            Self::Tool(_) => write!(f, "proto/{name}"),
            Self::Script(_) => write!(f, "script/{name}"),
        }
    }
}

impl Subsystem for Toolchains {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        let mut records = Records::default();
        let (home, id) = place::told(host)?;
        rustup::live(host, &home, wanted, &mut records);
        npm::live(host, &home, wanted, &mut records);
        proto::live(host, &home, wanted, &mut records);
        scripts::live(host, id.as_deref(), wanted, &mut records);
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        entry::wanted(manifests)
    }

    fn validate(&self, _host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        let fit = Item::of(item).and_then(|_| entry::check(set));
        fit.map_err(Unfit::new)
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        section::make(manifests).map(Some)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        capture::capture(manifests, changes)
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host, place::DevBox::find(host))
    }

    fn label(&self, item: &ItemKey) -> Label {
        let Ok(item) = Item::of(item) else {
            return Label { title: item.to_string(), detail: String::new() };
        };
        let detail = match &item {
            Item::Default => {
                return Label { title: gettext("Default Rust toolchain"), detail: String::new() };
            }
            Item::Toolchain(_) => gettext("Rust toolchain"),
            Item::Component(_) => gettext("Rust component"),
            Item::Target(_) => gettext("Rust target"),
            Item::Npm(_) => gettext("npm package"),
            Item::Tool(_) => gettext("proto"),
            Item::Script(_) => gettext("script"),
        };
        Label { title: item.name().to_owned(), detail }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            TOOLCHAIN => gettext("toolchain"),
            VERSION => gettext("version"),
            URL => gettext("address"),
            SHA256 => gettext("SHA-256"),
            ARGS => gettext("arguments"),
            _ => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let Ok(item) = Item::of(&change.item) else { return change.item.to_string() };
        let sentence = match (change.side, &item, change.after.is_some()) {
            (Side::System, Item::Default, true) => {
                let name = change.after.as_ref().and_then(|after| after.text(TOOLCHAIN));
                let text = gettext("Make {name} the default Rust toolchain");
                return fill(&text, &[("name", name.unwrap_or_default())]);
            }
            (Side::System, Item::Default, false) => gettext("Have no default Rust toolchain"),
            (Side::System, Item::Script(_), true) => gettext("Run {item}"),
            (Side::System, Item::Script(_), false) => {
                gettext("Forget that {item} was run; what it set up stays")
            }
            (Side::System, Item::Component(_) | Item::Target(_), true) => gettext("Add {item}"),
            (Side::System, Item::Component(_) | Item::Target(_), false) => gettext("Remove {item}"),
            (Side::System, _, true) => gettext("Install {item}"),
            (Side::System, _, false) => gettext("Uninstall {item}"),
            (Side::Manifest, _, true) => gettext("Track {item}"),
            (Side::Manifest, _, false) => gettext("Stop tracking {item}"),
        };
        fill(&sentence, &[("item", &item.noun())])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        let home = place::home(host);
        let rustup = rustup::dir(host, &home);
        let proto = proto::dir(host, &home);
        let mut watch = vec![
            Watch::Path(rustup.join("settings.toml")),
            Watch::Tree(rustup.join("toolchains"), 0),
            Watch::Path(proto.join(".prototools")),
            Watch::Tree(proto.join("tools"), 1),
            Watch::Path(home.join(".npmrc")),
            Watch::Tree(scripts::dir(host), 1),
        ];
        if let Ok(prefix) = npm::prefix(host, &home) {
            watch.push(Watch::Tree(npm::modules(&prefix), 1));
        }
        watch
    }
}

/// How what is there is told as a version that `wanted` names: a beginning that fits, and a word that only its tool can
/// resolve, are met by what is there.
fn told_as(wanted: Option<&str>, there: &str) -> String {
    let is_word = |text: &str| !text.starts_with(|c: char| c.is_ascii_digit());
    match wanted {
        Some(wanted) if is_word(wanted) || fits(wanted, there) => wanted.to_owned(),
        _ => there.to_owned(),
    }
}

/// Whether a version is the one named, or begins with it: 20 is any 20.x.
fn fits(named: &str, version: &str) -> bool {
    let rest = version.strip_prefix(named);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn version_wanted<'a>(wanted: &'a WantedItems, item: &ItemKey) -> Option<&'a str> {
    wanted.get(item)?.record.text(VERSION)
}

/// A record with a version, where it is one that a manifest can name.
fn with_version(version: &str) -> Record {
    match version.parse::<ToolVersion>() {
        Ok(version) => Record::new().with(VERSION, version.as_str()),
        Err(_) => Record::new(),
    }
}

pub use entry::{ToolchainsFile, canonical};

#[cfg(test)]
mod tests;
