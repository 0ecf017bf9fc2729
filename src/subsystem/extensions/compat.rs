//! Whether extensions work in a given version of GNOME: the one that runs, or one that is about to.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

use super::steps::version_of;
use super::{ENABLED, Machine, disk, site};
use crate::core::item::{ItemKey, Value, WantedItems};
use crate::core::names::ExtensionUuid;
use crate::host::Host;
use crate::host::shell::{major, supports};
use crate::words::{fill, gettext};

/// How an extension stands to a version of the Shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// What is installed is made for it.
    Works,
    /// What is installed is not made for it, or nothing is, and the site has a build that is.
    Update,
    /// Neither what is installed nor a build on the site is made for it.
    Breaks,
    /// What is installed is not made for it, and the site could not be asked.
    Unknown,
}

/// One extension, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Judged {
    /// Its UUID.
    pub uuid: String,
    /// Its name for people, where one is known.
    pub title: String,
    /// Whether it is switched on, or a manifest wants it on.
    pub enabled: bool,
    /// Whether it is installed.
    pub installed: bool,
    /// The version that is installed, as the site numbers it.
    pub version: Option<i64>,
    /// The versions of the Shell that what is installed is made for.
    pub made_for: Vec<String>,
    /// The version of the site's build for this Shell.
    pub available: Option<i64>,
    /// Whether it works.
    pub fit: Fit,
}

/// A list of extensions, judged for one version of the Shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Compatibility {
    /// The version of the Shell: `50`.
    pub shell: String,
    /// Why the site was not asked, or could not be.
    pub site: Option<String>,
    /// The extensions, by UUID.
    pub extensions: Vec<Judged>,
}

impl Compatibility {
    /// The extensions that are switched on and would not work.
    pub fn breaking(&self) -> impl Iterator<Item = &Judged> {
        let bad = |judged: &&Judged| matches!(judged.fit, Fit::Breaks | Fit::Unknown);
        self.extensions.iter().filter(|judged| judged.enabled).filter(bad)
    }
}

/// Which version of the Shell could not be told.
#[derive(Debug, thiserror::Error)]
#[error("which version of GNOME Shell this machine has could not be told")]
pub struct NoVersion;

/// The UUIDs of all that is installed.
pub fn installed(host: &Host) -> anyhow::Result<Vec<ExtensionUuid>> {
    Ok(disk::installed(host, true)?.into_keys().collect())
}

/// The extensions that came with the system, each with whether it is on where nobody has switched it.
pub fn of_the_system(host: &Host) -> anyhow::Result<BTreeMap<ExtensionUuid, bool>> {
    let Machine { switches, installed, .. } = Machine::read(host)?;
    let system = installed.into_iter().filter(|(_, one)| !one.user).map(|(uuid, _)| uuid);
    Ok(system.map(|uuid| (uuid.clone(), switches.is_on_by_default(uuid.as_str()))).collect())
}

/// Judges the extensions named by `only`, or else all that are the person's own, switched on or wanted, for the Shell
/// `version`, or else for this machine's. With `offline` the site is not asked.
pub fn check(
    host: &Host,
    wanted: &WantedItems,
    only: &[ExtensionUuid],
    version: Option<&str>,
    offline: bool,
) -> anyhow::Result<Compatibility> {
    let Machine { shell, switches, installed } = Machine::read(host)?;
    let version = match version {
        Some(version) => version.to_owned(),
        None => version_of(host, shell.as_ref().ok()).ok_or(NoVersion)?,
    };
    let wants = |uuid: &str| {
        let wanted = wanted.get(&ItemKey::new(uuid));
        wanted.is_some_and(|wanted| wanted.record.get(ENABLED) == Some(&Value::Flag(true)))
    };
    let mut uuids: BTreeSet<&str> = only.iter().map(ExtensionUuid::as_str).collect();
    if only.is_empty() {
        let own = installed.iter().filter(|(uuid, one)| one.user || switches.is_on(uuid.as_str()));
        uuids.extend(own.map(|(uuid, _)| uuid.as_str()));
        uuids.extend(wanted.keys().map(ItemKey::as_str));
    }
    // A system's extension comes with the image, not from the site; asking about it does no harm.
    let uuids: Vec<&str> = uuids.into_iter().collect();
    let offers = match offline {
        true => Err(gettext("it was not to be asked")),
        false => site::offers(host, &uuids).map_err(|error| {
            let text = gettext("{address}: {why}");
            fill(&text, &[("address", &error.address), ("why", &error.reason())])
        }),
    };
    let judge = |uuid: &str| {
        let here = uuid.parse::<ExtensionUuid>().ok().and_then(|uuid| installed.get(&uuid));
        let metadata = here.and_then(|here| here.metadata.as_ref().ok());
        let offer = offers.as_ref().ok().and_then(|offers| offers.get(uuid));
        let available = offer.and_then(|offer| offer.build_for(&version));
        let works = metadata.is_some_and(|metadata| supports(&metadata.made_for, &version));
        let fit = match (works, available, &offers) {
            (true, ..) => Fit::Works,
            (false, Some(_), _) => Fit::Update,
            (false, None, Ok(_)) => Fit::Breaks,
            (false, None, Err(_)) => Fit::Unknown,
        };
        let name = metadata.and_then(|metadata| metadata.name.clone());
        let name = name.or_else(|| offer.map(|offer| offer.name.clone()));
        Judged {
            uuid: uuid.to_owned(),
            title: name.filter(|name| !name.is_empty()).unwrap_or_else(|| uuid.to_owned()),
            enabled: here.is_some() && switches.is_on(uuid) || wants(uuid),
            installed: here.is_some(),
            version: metadata.and_then(|metadata| metadata.version),
            made_for: metadata.map(|metadata| metadata.made_for.clone()).unwrap_or_default(),
            available,
            fit,
        }
    };
    Ok(Compatibility {
        extensions: uuids.iter().map(|uuid| judge(uuid)).collect(),
        site: offers.as_ref().err().cloned(),
        shell: major(&version).to_owned(),
    })
}
