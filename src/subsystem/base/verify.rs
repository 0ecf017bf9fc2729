//! Whether what is assumed holds: on this machine, in an image, or by a list of packages.

use std::path::PathBuf;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::contents::{Contents, Finding};
use super::entry::{Assumption, REASON};
use super::{FILE, base_image, fails};
use crate::core::item::{Layer, WantedItems};
use crate::core::names::ImageRef;
use crate::host::{Host, images, podman};
use crate::manifest::Manifests;
use crate::words::gettext;

/// What the assumptions are held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The image that this machine was started from.
    Machine,
    /// An image of podman's.
    Image(ImageRef),
    /// A file with a list of packages.
    List(PathBuf),
}

/// What was found out about an assumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// What was looked at says nothing of it.
    NotChecked,
    /// It could not be read.
    Unknown,
}

/// One assumption, and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verified {
    /// `package`, `service` or `path`.
    pub kind: &'static str,
    /// Its name or path.
    pub name: String,
    /// Why it is assumed, as the manifest says.
    pub reason: Option<String>,
    /// What was found.
    pub verdict: Verdict,
    /// Why it is not said to hold, for people.
    pub why: Option<String>,
}

/// All assumptions, and whether they hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verification {
    /// What they were held against: `machine`, an image's reference, a file.
    pub against: String,
    /// The assumptions, in the order of their keys.
    pub assumptions: Vec<Verified>,
}

impl Verification {
    /// How many there are of which this was found.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.assumptions.iter().filter(|one| one.verdict == verdict).count()
    }

    /// Whether every one of them was looked at and holds.
    pub fn passed(&self) -> bool {
        self.count(Verdict::Holds) == self.assumptions.len()
    }
}

/// Holds what is `wanted` of the base image against something. `pull` says that podman may fetch the image.
pub fn verify(
    host: &Host,
    wanted: &WantedItems,
    against: &Against,
    pull: bool,
) -> Result<Verification> {
    let all: Vec<Assumption> = wanted.keys().map(Assumption::of).collect::<Result<_>>()?;
    let found = |contents: &Contents<'_>| all.iter().map(|one| contents.find(one)).collect();
    let (against, findings): (String, Vec<Finding>) = match against {
        Against::Machine => {
            let deployments = images::deployments(host)?;
            let contents = Contents::of_deployment(host, &deployments.booted);
            ("machine".to_owned(), found(&contents))
        }
        Against::Image(image) => {
            podman::have(host, image, pull)?;
            let places: Vec<String> = all.iter().flat_map(Assumption::places).collect();
            let inside = podman::inside(host, image, &places)?;
            (image.to_string(), found(&Contents::of_image(&inside)))
        }
        Against::List(path) => {
            let packages = images::list(host, path)?;
            (host.display(path), found(&Contents::of_list(&packages)))
        }
    };
    let assumptions = all.iter().zip(findings).map(|(one, finding)| {
        let reason = wanted.get(&one.key()).and_then(|wanted| wanted.record.text(REASON));
        let (verdict, why) = match finding {
            Finding::Holds => (Verdict::Holds, None),
            Finding::Fails => (Verdict::Fails, Some(fails(one))),
            Finding::Unknown(why) => (Verdict::Unknown, Some(why)),
            Finding::NotChecked => {
                (Verdict::NotChecked, Some(gettext("a list of packages does not say it")))
            }
        };
        Verified {
            kind: one.kind().name(),
            name: one.name().to_owned(),
            reason: reason.map(str::to_owned),
            verdict,
            why,
        }
    });
    Ok(Verification { against, assumptions: assumptions.collect() })
}

/// Writes down that all of them held, at a time as RFC 3339 has it. An image that was named is from now on the one that
/// is meant; what this machine was started from is mostly built on that one, and does not take its place.
///
/// It is written where the base image is named, else into `layer`.
pub fn record(manifests: &mut Manifests, against: &Against, at: &str, layer: &Layer) -> Result<()> {
    let layer = base_image(manifests)?.map_or_else(|| layer.clone(), |(layer, _)| layer);
    manifests.edit(&layer, FILE, |doc| {
        if let Against::Image(image) = against {
            doc.set("base_image/source", Some(&image.as_str().into()));
        }
        doc.set("base_image/last_verified_at", Some(&at.into()));
        Ok(())
    })
}
