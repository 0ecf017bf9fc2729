//! Packages of the development box: those that the manifest wants in it, and those the person installed there.
//!
//! A box's image has hundreds of packages that nobody asked for, so a package is listed only where the manifest names it, or
//! where the person asked the box's package manager for it. What `distrobox.json` says of the same box is another
//! subsystem's, and is left out here.

use std::collections::BTreeSet;

use anyhow::Result;

use super::packages::entries::{self, Item};
use super::packages::section::body;
use super::{About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch};
use crate::core::item::{ItemKey, Layer, Record, Records, SubsystemId, WantedItems};
use crate::core::names::{BoxPackage, GroupName, PackageName};
use crate::core::plan::{Change, Side};
use crate::host::Host;
use crate::manifest::Manifests;
use crate::manifest::containerfile::Section;
use crate::manifest::plain::{self, Plain};
use crate::words::{fill, gettext, mark};

mod dev;
mod known;
mod live;
pub mod renew;
mod steps;

pub use dev::{Dev, NoBox};
pub(super) use dev::{entry, first};

/// The file that the lists stand in, and the toolchains.
pub const FILE: &str = "toolbox-packages.json";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("toolbox");

/// The managed section of the box's Containerfile.
const SECTION: &str = "TOOLBOX_PACKAGES";

static ABOUT: About = About {
    id: ID,
    noun: "dev",
    page: Page::Boxes,
    title: mark("Development Box"),
    icon: "package-x-generic-symbolic",
    fields: &[],
    manifests: &[ManifestFile { name: FILE, schema: toolbox_packages_schema }],
};

/// The JSON Schema of `toolbox-packages.json`.
pub fn toolbox_packages_schema() -> schemars::Schema {
    schemars::schema_for!(ToolboxPackages)
}

/// `toolbox-packages.json`
#[derive(schemars::JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct ToolboxPackages {
    /// Packages that the development box has.
    packages: Vec<plain::Name>,
    /// Groups of packages that it has, without “@”.
    groups: Option<Vec<plain::Name>>,
    /// What its toolchains have.
    toolchains: Option<super::toolchains::ToolchainsFile>,
}

/// The packages of the development box.
pub struct Toolbox;

impl Subsystem for Toolbox {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        live::read(host, wanted)
    }

    fn wanted(&self, manifests: &Manifests, _: &Host) -> Result<WantedItems> {
        let mut wanted = manifests.items(FILE, "packages", |entry: &Plain<BoxPackage>| {
            Ok((Item::Package(entry.name().as_str()).key(), Record::new()))
        })?;
        wanted.extend(manifests.items(FILE, "groups", |entry: &Plain<GroupName>| {
            Ok((Item::Group(entry.name().as_str()).key(), Record::new()))
        })?);
        Ok(wanted)
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        self.validate_all(host, &[(item, set)])
    }

    fn validate_all(&self, host: &Host, items: &[(&ItemKey, &Record)]) -> Result<(), Unfit> {
        let items: Result<Vec<Item<'_>>, Unfit> = items.iter().map(|(key, _)| fit(key)).collect();
        known::check(host, &items?)
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        let Some(sheet) = manifests.sheet(&Layer::Shared, FILE)? else {
            return Ok(Some(Section::new(SECTION, "")?));
        };
        let packages: BTreeSet<BoxPackage> = plain::listed(&sheet, "packages")?;
        let groups = plain::listed(&sheet, "groups")?;
        // No guess is made how another package manager is called in an image.
        let (packages, others): (Vec<_>, Vec<_>) = packages
            .iter()
            .map(|name| name.as_str().parse::<PackageName>().map_err(|_| name))
            .partition(Result::is_ok);
        let packages = packages.into_iter().flatten().collect();
        let section = Section::new(SECTION, body(&packages, &groups, &BTreeSet::new())?)?;
        let others: Vec<&str> =
            others.into_iter().filter_map(Result::err).map(BoxPackage::as_str).collect();
        if others.is_empty() {
            return Ok(Some(section));
        }
        let text = gettext(
            "dnf, which installs here, has no packages of such names, so they are left out: {names}",
        );
        Ok(Some(section.noting(fill(&text, &[("names", &others.join(", "))]))))
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        changes.iter().try_for_each(|change| entries::capture(manifests, FILE, change).map(drop))
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host)
    }

    fn label(&self, item: &ItemKey) -> Label {
        let (title, detail) = match Item::of(item) {
            Ok(Item::Group(name)) => (name, gettext("group")),
            Ok(item) => (item.name(), String::new()),
            Err(_) => (item.as_str(), String::new()),
        };
        Label { title: title.to_owned(), detail }
    }

    fn describe(&self, change: &Change) -> String {
        let Ok(item) = Item::of(&change.item) else { return change.item.to_string() };
        let group = matches!(item, Item::Group(_));
        let sentence = match (change.side, group, change.after.is_some()) {
            (Side::System, false, true) => {
                gettext("Install the package {name} in the development box")
            }
            (Side::System, false, false) => {
                gettext("Remove the package {name} from the development box")
            }
            (Side::System, true, true) => {
                gettext("Install the group {name} in the development box")
            }
            (Side::System, true, false) => {
                gettext("Remove the group {name} from the development box")
            }
            (Side::Manifest, false, true) => {
                gettext("Track the package {name} of the development box")
            }
            (Side::Manifest, false, false) => {
                gettext("Stop tracking the package {name} of the development box")
            }
            (Side::Manifest, true, true) => {
                gettext("Track the group {name} of the development box")
            }
            (Side::Manifest, true, false) => {
                gettext("Stop tracking the group {name} of the development box")
            }
        };
        fill(&sentence, &[("name", item.name())])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        dev::watch(host)
    }
}

/// An item whose name can be one of its kind.
fn fit(key: &ItemKey) -> Result<Item<'_>, Unfit> {
    let item = Item::of(key).map_err(Unfit::new)?;
    let parsed = match item {
        Item::Package(name) => name.parse::<BoxPackage>().map(drop),
        Item::Group(name) => name.parse::<GroupName>().map(drop),
        Item::Excluded(_) => {
            return Err(Unfit::new(gettext("a development box excludes no packages")));
        }
    };
    parsed.map(|()| item).map_err(Unfit::new)
}
