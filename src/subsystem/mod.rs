//! What Bucket compares: one file per subsystem, one line each in [`all`].

use std::fmt;

use anyhow::Result;
use thiserror::Error;

use crate::core::item::{FieldSpec, ItemKey, Record, Records, SubsystemId, WantedItems};
use crate::core::plan::{Change, Command, Step};
use crate::host::Host;
use crate::manifest::Manifests;
use crate::manifest::containerfile::Section;
use crate::words::gettext;

pub mod base;
pub mod copr;
pub mod distrobox;
pub mod etc_files;
pub mod extensions;
pub mod external_repos;
pub mod flatpak;
pub mod gsettings;
pub mod image_config;
pub mod kargs;
pub mod packages;
pub mod shims;
pub mod toolbox;
pub mod toolchains;
pub mod units;

/// The page of the application a subsystem is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Page {
    /// System Packages: everything that the image is built from.
    Packages,
    /// Flatpaks.
    Flatpaks,
    /// Extensions.
    Extensions,
    /// Settings.
    Settings,
    /// Distroboxes: boxes, the development box and its toolchains.
    Boxes,
}

impl Page {
    /// The pages in the order they are shown.
    pub const ALL: [Self; 5] =
        [Self::Packages, Self::Flatpaks, Self::Extensions, Self::Settings, Self::Boxes];

    /// A name that stays the same in every language: the application remembers the last page by it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Flatpaks => "flatpaks",
            Self::Extensions => "extensions",
            Self::Settings => "settings",
            Self::Boxes => "boxes",
        }
    }

    /// Its title.
    pub fn title(self) -> String {
        match self {
            Self::Packages => gettext("System Packages"),
            Self::Flatpaks => gettext("Flatpaks"),
            Self::Extensions => gettext("Extensions"),
            Self::Settings => gettext("Settings"),
            Self::Boxes => gettext("Distroboxes"),
        }
    }

    /// A symbolic icon's name.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Packages => "system-software-install-symbolic",
            Self::Flatpaks => "package-x-generic-symbolic",
            Self::Extensions => "application-x-addon-symbolic",
            Self::Settings => "preferences-system-symbolic",
            Self::Boxes => "utilities-terminal-symbolic",
        }
    }
}

/// What is fixed about a subsystem.
#[derive(Debug)]
pub struct About {
    /// The id in manifests, on the command line and in the journal.
    pub id: SubsystemId,
    /// The command-line noun that acts on it, accepted wherever an id is. Several subsystems may share one.
    pub noun: &'static str,
    /// The page it is shown on.
    pub page: Page,
    /// Its title there, wrapped in [`crate::words::mark`].
    pub title: &'static str,
    /// A symbolic icon's name.
    pub icon: &'static str,
    /// Its fields.
    pub fields: &'static [FieldSpec],
    /// The manifests it reads and writes.
    pub manifests: &'static [ManifestFile],
}

/// A file under `manifests/`.
#[derive(Debug)]
pub struct ManifestFile {
    /// Its name.
    pub name: &'static str,
    /// The JSON Schema of its content, made from the types that read it.
    pub schema: fn() -> schemars::Schema,
}

/// Something outside that means "read again".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watch {
    /// A file or directory, by absolute path; it need not exist.
    Path(std::path::PathBuf),
    /// The same, and so many levels of directories below it.
    Tree(std::path::PathBuf, usize),
    /// The person's settings below a directory of dconf, as its service tells the session.
    Settings(&'static str),
    /// A signal on the session bus.
    Signal {
        /// The sender's well-known name.
        sender: &'static str,
        /// The interface the signal belongs to.
        interface: &'static str,
        /// The signal's name.
        member: &'static str,
    },
    /// A program that runs while somebody watches: each line that it writes means “read again”.
    Program(Command),
}

/// Why a whole subsystem could not be read.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The tool or service is not on this machine.
    #[error("{reason}")]
    Unavailable {
        /// What is missing.
        reason: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Reading failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Something that cannot be added: it does not exist, or a value is not what it may be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Unfit {
    /// What is wrong, with what: one sentence without a full stop.
    pub message: String,
    /// What was probably meant, the likeliest first.
    pub close: Vec<String>,
    /// Whether it could only not be found out: then `--force` goes on without.
    pub unsure: bool,
}

impl Unfit {
    /// One where nothing like it was meant.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), close: Vec::new(), unsure: false }
    }

    /// The same where it could not be found out.
    pub fn unsure(message: impl fmt::Display) -> Self {
        Self { unsure: true, ..Self::new(message) }
    }
}

/// What an item is called before people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name: "Boxes".
    pub title: String,
    /// What tells it from others of that name: "org.gnome.Boxes · user". May be empty.
    pub detail: String,
}

/// What is done for a list of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The changes that cannot be made. They stop no other.
    pub blocked: Vec<Blocked>,
    /// What is not there yet, and has to be there before any of them.
    pub rests_on: Option<RestsOn>,
}

/// An item of an earlier subsystem that has to be made first: the box that packages are installed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestsOn {
    /// Its subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// Why nothing can be done where it is not made, and what to do instead, for people.
    pub reason: String,
}

/// A change that cannot be made on this machine now, or not by Bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The item.
    pub item: ItemKey,
    /// Why, and what to do instead, for people.
    pub reason: String,
    /// Whether it comes about by itself with the next image: then the manifest may say so now.
    pub later: bool,
}

impl Blocked {
    /// A change that cannot be made.
    pub fn never(item: &ItemKey, reason: impl Into<String>) -> Self {
        Self { item: item.clone(), reason: reason.into(), later: false }
    }

    /// A change that the next image makes, once the manifest says so.
    pub fn later(item: &ItemKey, reason: impl Into<String>) -> Self {
        Self { item: item.clone(), reason: reason.into(), later: true }
    }
}

impl Steps {
    /// Nothing of `changes` is made on a machine that was not started from an image.
    pub fn not_from_an_image(changes: &[&Change]) -> Self {
        let reason = gettext("this machine was not started from an image, and is not changed");
        let later = |change: &&Change| Blocked::later(&change.item, reason.as_str());
        let blocked = changes.iter().map(later).collect();
        Self { blocked, ..Self::default() }
    }
}

impl From<Vec<Step>> for Steps {
    fn from(steps: Vec<Step>) -> Self {
        Self { steps, ..Self::default() }
    }
}

/// One kind of thing that has a manifest and a place on the machine.
pub trait Subsystem: Send + Sync {
    /// What is fixed about it.
    fn about(&self) -> &'static About;

    /// Reads the machine: no network, no change, and no process. Only where a program alone can tell may one be started,
    /// and then not again until what it told of has changed: podman's boxes.
    ///
    /// An item at its default is left out. What cannot be read is unknown or a blind spot, never left out.
    /// `wanted` is where else to look: an item that only a manifest names, or that is compared at its default too.
    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable>;

    /// Reads the manifests, in the same canonical form. `host` gives types and places, not values.
    fn wanted(&self, manifests: &Manifests, host: &Host) -> Result<WantedItems>;

    /// Makes sure that `item` can be had with the fields in `set`, on add: it exists where it comes from, and the
    /// values are in their ranges. May use the network. The error names the closest matches.
    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        let _ = (host, item, set);
        Ok(())
    }

    /// The same for several items. The error is about one of them.
    fn validate_all(&self, host: &Host, items: &[(&ItemKey, &Record)]) -> Result<(), Unfit> {
        items.iter().try_for_each(|(item, set)| self.validate(host, item, set))
    }

    /// Called after a survey that may write, to keep what only a first look at a machine can tell. Cheap when there is
    /// nothing to do.
    fn first_look(&self, host: &Host) -> Result<()> {
        let _ = host;
        Ok(())
    }

    /// What the manifests make of an image: its managed section of the Containerfile, also where that is empty. `None`
    /// for a subsystem that has none. Deterministic, and of the manifests and the repository's files alone.
    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        let _ = manifests;
        Ok(None)
    }

    /// Edits the manifests so that each changed item says what its change says.
    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()>;

    /// The steps that bring the machine from each change's `before` to its `after`, batched.
    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps>;

    /// What to call an item before people, where the machine gives it no name.
    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    /// What to call a field before people.
    fn field_title(&self, field: &str) -> String {
        field.to_owned()
    }

    /// One line for people, commits and changelogs: "Install Boxes".
    fn describe(&self, change: &Change) -> String;

    /// What to watch for changes made by others.
    fn watch(&self, host: &Host) -> Vec<Watch>;
}

/// Every subsystem, in the order they are shown, and in the order they are applied.
pub fn all() -> Vec<Box<dyn Subsystem>> {
    vec![
        // Repositories before the packages that come from them.
        Box::new(copr::Copr),
        Box::new(external_repos::ExternalRepos),
        Box::new(packages::Packages),
        Box::new(kargs::KernelArguments),
        Box::new(units::SystemdUnits),
        Box::new(etc_files::EtcFiles),
        Box::new(image_config::ImageConfig),
        Box::new(shims::Shims),
        Box::new(base::Base),
        Box::new(distrobox::Distroboxes),
        Box::new(toolbox::Toolbox),
        Box::new(toolchains::Toolchains),
        Box::new(flatpak::FlatpakRemotes),
        Box::new(flatpak::FlatpakApps),
        Box::new(extensions::Extensions),
        Box::new(gsettings::Gsettings),
    ]
}

/// The subsystems an id or noun names.
pub fn named<'a>(all: &'a [Box<dyn Subsystem>], name: &str) -> Vec<&'a dyn Subsystem> {
    all.iter()
        .map(|subsystem| &**subsystem)
        .filter(|subsystem| subsystem.about().id.as_str() == name || subsystem.about().noun == name)
        .collect()
}

/// Whether `text`, as typed by a person, names the item `key`: the key itself, its last part, or its title.
pub fn names_item(text: &str, key: &ItemKey, title: &str) -> bool {
    let key = key.as_str();
    text == key || text.eq_ignore_ascii_case(title) || key.rsplit(['/', ' ']).next() == Some(text)
}
