//! Packages of the image: those a manifest wants in it or not in it, and those the person has layered or removed.
//!
//! An image has thousands of packages that nobody asked for, so a package is listed only where a manifest names it, or
//! where the person asked rpm-ostree for it. What counts is the deployment that the next start brings.

use anyhow::Result;
use schemars::JsonSchema;
use serde_json::Value as Json;

use super::{About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch};
use crate::core::item::{ItemKey, Layer, Record, Records, SubsystemId, WantedItems};
use crate::core::names::{CoprName, GroupName, PackageName};
use crate::core::plan::{Change, Side};
use crate::host::{Host, deployment};
use crate::manifest::containerfile::Section;
use crate::manifest::plain::{self, Name, Plain};
use crate::manifest::{Manifests, Sheet};
use crate::words::{fill, gettext, mark};

pub(super) mod entries;
mod known;
pub(super) mod machine;
pub(super) mod section;
mod state;
mod steps;

pub use steps::{superfluous, tidy};

use entries::Item;
use machine::Machine;

/// The file that these lists stand in, and the COPR projects.
pub(super) const FILE: &str = "system-packages.json";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("packages");

static ABOUT: About = About {
    id: ID,
    noun: "dnf",
    page: Page::Packages,
    title: mark("Packages"),
    icon: "package-x-generic-symbolic",
    fields: &[],
    manifests: &[ManifestFile { name: FILE, schema: system_packages_schema }],
};

/// The JSON Schema of `system-packages.json`.
pub(super) fn system_packages_schema() -> schemars::Schema {
    schemars::schema_for!(SystemPackages)
}

/// `system-packages.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct SystemPackages {
    /// Packages that the image has.
    packages: Vec<Name>,
    /// Groups of packages that the image has, without “@”.
    groups: Option<Vec<Name>>,
    /// Packages that the image does not have.
    excluded: Option<Vec<Name>>,
    /// COPR projects that the image gets packages from.
    copr_repos: Option<Vec<CoprRepo>>,
}

/// A COPR project, in the long form.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
pub(super) struct CoprRepo {
    /// `owner/project`
    #[schemars(with = "String")]
    pub(super) name: CoprName,
    /// Whether packages come from it; yes where it is left out.
    pub(super) enabled: Option<bool>,
    /// Whether the signatures of its packages are checked; not compared where it is left out.
    pub(super) gpg_check: Option<bool>,
}

/// The packages subsystem.
pub struct Packages;

impl Subsystem for Packages {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        let Some(deployments) = deployment::read(host).map_err(anyhow::Error::from)? else {
            return Ok(deployment::not_here(wanted));
        };
        let names = wanted.keys().filter_map(|key| Item::of(key).ok()).map(Item::name);
        let machine = Machine::read(host, &deployments, names);
        Ok(state::compare(&machine, wanted))
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        let mut wanted = manifests.items(FILE, "packages", |entry: &Plain<PackageName>| {
            Ok((Item::Package(entry.name().as_str()).key(), Record::new()))
        })?;
        wanted.extend(manifests.items(FILE, "groups", |entry: &Plain<GroupName>| {
            Ok((Item::Group(entry.name().as_str()).key(), Record::new()))
        })?);
        wanted.extend(manifests.items(FILE, "excluded", |entry: &Plain<PackageName>| {
            Ok((Item::Excluded(entry.name().as_str()).key(), Record::new()))
        })?);
        for layer in manifests.layers() {
            if let Some(sheet) = manifests.sheet(&layer, FILE)? {
                contradictions(&sheet)?;
            }
        }
        plain::overrule(&mut wanted, |key| match Item::of(key).ok()? {
            Item::Package(name) => Some(Item::Excluded(name).key()),
            Item::Excluded(name) => Some(Item::Package(name).key()),
            Item::Group(_) => None,
        });
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
        section::make(manifests).map(Some)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let item = entries::capture(manifests, FILE, change)?;
            if change.after.is_some() {
                retract(manifests, &change.layer, item)?;
            }
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host)
    }

    fn label(&self, item: &ItemKey) -> Label {
        let (title, detail) = match Item::of(item) {
            Ok(Item::Package(name)) => (name, String::new()),
            Ok(Item::Group(name)) => (name, gettext("group")),
            Ok(Item::Excluded(name)) => (name, gettext("excluded")),
            Err(_) => (item.as_str(), String::new()),
        };
        Label { title: title.to_owned(), detail }
    }

    fn describe(&self, change: &Change) -> String {
        let Ok(item) = Item::of(&change.item) else { return change.item.to_string() };
        let sentence = match (change.side, item, change.after.is_some()) {
            (Side::System, Item::Package(_), true) => gettext("Install the package {name}"),
            (Side::System, Item::Excluded(_), false) => gettext("Bring the package {name} back"),
            (Side::System, Item::Package(_), false) | (Side::System, Item::Excluded(_), true) => {
                gettext("Remove the package {name}")
            }
            (Side::System, Item::Group(_), true) => gettext("Install the group {name}"),
            (Side::System, Item::Group(_), false) => gettext("Remove the group {name}"),
            (Side::Manifest, Item::Package(_), true) => gettext("Track the package {name}"),
            (Side::Manifest, Item::Package(_), false) => {
                gettext("Stop tracking the package {name}")
            }
            (Side::Manifest, Item::Group(_), true) => gettext("Track the group {name}"),
            (Side::Manifest, Item::Group(_), false) => gettext("Stop tracking the group {name}"),
            (Side::Manifest, Item::Excluded(_), true) => {
                gettext("Track that the package {name} is excluded")
            }
            (Side::Manifest, Item::Excluded(_), false) => {
                gettext("Stop tracking that the package {name} is excluded")
            }
        };
        fill(&sentence, &[("name", item.name())])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        ["/ostree/deploy", "/run/ostree", "/usr/share/rpm"]
            .map(|path| Watch::Path(host.path(path)))
            .into()
    }
}

/// An item whose name can be one of its kind.
fn fit(key: &ItemKey) -> Result<Item<'_>, Unfit> {
    let item = Item::of(key).map_err(Unfit::new)?;
    let parsed = match item {
        Item::Package(name) | Item::Excluded(name) => name.parse::<PackageName>().map(drop),
        Item::Group(name) => name.parse::<GroupName>().map(drop),
    };
    parsed.map(|()| item).map_err(Unfit::new)
}

/// Takes the opposite of `item` out of `layer`, and out of the stronger one, where it would have its way.
fn retract(manifests: &mut Manifests, layer: &Layer, item: Item<'_>) -> Result<()> {
    let Some(opposite) = item.opposite() else { return Ok(()) };
    let is = |json: &Json| plain::name(json) == Some(item.name());
    let layers = match layer {
        Layer::Shared => manifests.layers().to_vec(),
        Layer::Host(_) => vec![layer.clone()],
    };
    for layer in layers {
        let sheet = manifests.sheet(&layer, FILE)?;
        if sheet.is_some_and(|sheet| sheet.find(opposite, &is).is_some()) {
            manifests.edit(&layer, FILE, |doc| {
                doc.remove(opposite, &is);
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// A package that one file wants and excludes is a mistake.
fn contradictions(sheet: &Sheet) -> Result<()> {
    let lists = ["packages", "excluded"];
    let Some(entry) = plain::in_both(sheet, lists, PackageName::clone)? else { return Ok(()) };
    let text = gettext(
        "“{name}” is to be in the image and to be excluded: one of “packages” and “excluded” has to go",
    );
    let text = fill(&text, &[("name", entry.value.name().as_str())]);
    Err(sheet.error_at("excluded", &entry, text).into())
}
