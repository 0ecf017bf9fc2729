//! What the manifests assume of the base image: packages, services and paths that others build on.
//!
//! An assumption is no wish: nothing brings it about here. Where it does not hold, apply has nothing to do, and capture
//! would only forget it, so it is shown as something that fails, as other things that are not for this machine are shown.

use anyhow::Result;
use schemars::JsonSchema;
use serde_json::Value as Json;

use super::{
    About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::core::item::{
    Barred, FieldSpec, ItemKey, Layer, LeftOut, Live, Record, Records, SubsystemId, Wanted,
    WantedItems,
};
use crate::core::near::nearest;
use crate::core::plan::Change;
use crate::host::deployment::{self, Deployment};
use crate::host::{Host, fs};
use crate::manifest::Manifests;
use crate::words::{fill, gettext, mark, pgettext};

pub mod contents;
pub mod entry;
pub mod verify;

use contents::{Contents, Finding};
use entry::{Assumption, Entry, Kind, REASON};

/// The manifest.
pub const FILE: &str = "base-image-assumptions.json";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("base");

static ABOUT: About = About {
    id: ID,
    noun: "base",
    page: Page::Packages,
    title: mark("Base Image"),
    icon: "drive-optical-symbolic",
    fields: &[FieldSpec { name: REASON, left_out: LeftOut::NotCompared }],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(BaseFile) }],
};

/// `base-image-assumptions.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct BaseFile {
    /// The image that is meant.
    base_image: Option<BaseImage>,
    /// The packages it has to have.
    packages: Vec<Entry>,
    /// The systemd units it has to have.
    services: Option<Vec<Entry>>,
    /// The paths it has to have.
    paths: Option<Vec<Entry>>,
}

/// The image that is meant, and when it was last as it is assumed to be.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
pub struct BaseImage {
    /// Its reference.
    pub source: Option<String>,
    /// When all assumptions held, RFC 3339.
    pub last_verified_at: Option<String>,
}

/// The base image subsystem.
pub struct Base;

impl Subsystem for Base {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        let mut records = Records::default();
        if wanted.is_empty() {
            return Ok(records);
        }
        let deployments = match deployment::read(host) {
            Ok(Some(deployments)) => deployments,
            Ok(None) => return Ok(deployment::not_here(wanted)),
            // The manifest can be changed all the same.
            Err(error) => {
                records.blind.push((String::new(), error.to_string()));
                return Ok(records);
            }
        };
        let contents = Contents::of_deployment(host, &deployments.booted);
        for (key, wanted) in wanted {
            let assumption = Assumption::of(key)?;
            records.insert(key.clone(), live(&contents.find(&assumption), &assumption, wanted));
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _: &Host) -> Result<WantedItems> {
        let mut all = WantedItems::new();
        for kind in Kind::ALL {
            all.extend(manifests.items(FILE, kind.list(), |entry: &Entry| entry.read(kind))?);
        }
        Ok(all)
    }

    fn validate(&self, host: &Host, item: &ItemKey, _: &Record) -> Result<(), Unfit> {
        let assumption = Assumption::of(item).map_err(Unfit::unsure)?;
        let deployments = deployment::read(host).map_err(Unfit::unsure)?;
        // Assumptions may be written down anywhere; `bkt base verify` says whether they hold.
        let Some(deployments) = deployments else { return Ok(()) };
        let contents = Contents::of_deployment(host, &deployments.booted);
        match contents.find(&assumption) {
            Finding::Holds | Finding::NotChecked => Ok(()),
            Finding::Unknown(why) => Err(Unfit::unsure(why)),
            Finding::Fails => Err(Unfit {
                message: fails(&assumption),
                close: close(&deployments.booted, &contents, &assumption),
                unsure: true,
            }),
        }
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let assumption = Assumption::of(&change.item)?;
            let list = assumption.kind().list();
            let is = |json: &Json| entry::is(json, &assumption);
            let order = |json: &Json| entry::name(json).unwrap_or_default().to_owned();
            match &change.after {
                Some(after) => manifests.edit(&change.layer, FILE, |doc| {
                    let entry = entry::write(doc.find(list, &is), &assumption, after);
                    doc.put(list, &is, &entry, &order);
                    Ok(())
                })?,
                None => {
                    let identity = entry::identity(&assumption);
                    manifests.remove(&change.layer, FILE, list, &is, identity, &order)?;
                }
            }
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], _: &Host) -> Result<Steps> {
        let reason = gettext("what the base image has is changed where it is built");
        let blocked = changes.iter().map(|change| Blocked::never(&change.item, &reason)).collect();
        Ok(Steps { blocked, ..Steps::default() })
    }

    fn label(&self, item: &ItemKey) -> Label {
        match Assumption::of(item) {
            Ok(assumption) => {
                Label { title: assumption.name().to_owned(), detail: kind_title(assumption.kind()) }
            }
            Err(_) => Label { title: item.to_string(), detail: String::new() },
        }
    }

    fn field_title(&self, field: &str) -> String {
        if field == REASON { gettext("reason") } else { field.to_owned() }
    }

    fn describe(&self, change: &Change) -> String {
        let sentence = match (&change.before, &change.after) {
            (None, _) => gettext("Assume that the base image has {name}"),
            (Some(_), Some(_)) => gettext("Say why the base image has to have {name}"),
            (_, None) => gettext("Stop assuming that the base image has {name}"),
        };
        fill(&sentence, &[("name", &change.title)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        // An image's content never changes: only another one has another.
        vec![Watch::Path(host.path("/run/ostree-booted"))]
    }
}

fn live(finding: &Finding, assumption: &Assumption, wanted: &Wanted) -> Live {
    match finding {
        // The reason is the manifest's alone.
        Finding::Holds | Finding::NotChecked => Live::known(wanted.record.clone()),
        Finding::Unknown(why) => Live::unknown(why.clone()),
        Finding::Fails => {
            let mut live = Live::absent().barred(Some(Barred::NotHere(fails(assumption))));
            live.failing = true;
            live.note = wanted
                .record
                .text(REASON)
                .map(|reason| fill(&gettext("it is needed: {reason}"), &[("reason", reason)]));
            live
        }
    }
}

/// What is to be said of an assumption that does not hold.
pub fn fails(assumption: &Assumption) -> String {
    let text = match assumption.kind() {
        Kind::Package => gettext("the image has no package {name}"),
        Kind::Service => gettext("the image has no unit {name}"),
        Kind::Path => gettext("the image has no {name}"),
    };
    fill(&text, &[("name", assumption.name())])
}

/// A kind of assumptions before people.
pub fn kind_title(kind: Kind) -> String {
    match kind {
        Kind::Package => pgettext("of a base image", "package"),
        Kind::Service => pgettext("of a base image", "service"),
        Kind::Path => pgettext("of a base image", "path"),
    }
}

/// What is there with a similar name.
fn close(deployment: &Deployment, contents: &Contents<'_>, assumption: &Assumption) -> Vec<String> {
    let in_dir = |dir: &str| {
        let path = deployment.dir.join(deployment::in_image(dir).trim_start_matches('/'));
        fs::list(&path).ok().flatten().unwrap_or_default()
    };
    let near = |typed: &str, names: &[String]| {
        nearest(typed, names.iter().map(|name| (name.as_str(), Vec::new())))
    };
    match assumption {
        Assumption::Package(name) => {
            let names = contents.packages().into_iter().flat_map(|names| names.iter());
            nearest(name.as_str(), names.map(|name| (name, Vec::new())))
        }
        Assumption::Service(unit) => near(unit.as_str(), &in_dir("/usr/lib/systemd/system")),
        Assumption::Path(path) => {
            let (dir, name) = path.as_str().rsplit_once('/').unwrap_or_default();
            let here = near(name, &in_dir(if dir.is_empty() { "/" } else { dir }));
            here.into_iter().map(|name| format!("{dir}/{name}")).collect()
        }
    }
}

/// The image that the manifest names, from the strongest layer that does, and that layer.
pub fn base_image(manifests: &Manifests) -> Result<Option<(Layer, BaseImage)>> {
    for layer in manifests.layers().into_iter().rev() {
        if let Some(sheet) = manifests.sheet(&layer, FILE)?
            && let Some(image) = sheet.value("base_image")?
        {
            return Ok(Some((layer, image)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
