//! Package repositories of others that the image gets packages from: `external-repos.json`, and `/etc/yum.repos.d`.
//!
//! A repository that the image has is at its default; one the person has added, changed or switched is theirs. COPR
//! projects are another matter: see `copr`. Which packages come from a repository is for the image alone.

use anyhow::Result;
use serde_json::json;

use super::{About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch, copr};
use crate::core::item::{
    FieldSpec, ItemKey, Layer, LeftOut, Live, Notice, Record, Records, SubsystemId, Value, Wanted,
    WantedItems,
};
use crate::core::names::RepoId;
use crate::core::plan::{Change, Side};
use crate::host::yum;
use crate::host::{Host, deployment};
use crate::manifest::Manifests;
use crate::manifest::containerfile::Section;
use crate::words::{fill, gettext, mark};

mod entry;
mod file;
mod section;
pub(super) mod steps;

use entry::{ENABLED, Entry, FIELDS, ReposFile, fit};
use file::record;

const FILE: &str = "external-repos.json";
const LIST: &str = "repos";
const SECTION: &str = "EXTERNAL_REPOS";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("external-repos");

static ABOUT: About = About {
    id: ID,
    noun: "dnf",
    page: Page::Packages,
    title: mark("Package Repositories"),
    icon: "network-server-symbolic",
    fields: &[
        FieldSpec { name: "display_name", left_out: LeftOut::NotCompared },
        FieldSpec { name: "baseurl", left_out: LeftOut::NotCompared },
        FieldSpec { name: "gpg_key", left_out: LeftOut::NotCompared },
        FieldSpec { name: ENABLED, left_out: LeftOut::Default },
    ],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(ReposFile) }],
};

/// Package repositories; keys are their ids.
pub struct ExternalRepos;

impl Subsystem for ExternalRepos {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        if !deployment::is_image(host) {
            return Ok(deployment::not_here(wanted));
        }
        let (here, image) = yum::read(host).map_err(anyhow::Error::from)?;
        let mut records = Records::default();
        let mut unnamed = Vec::new();
        for (id, section) in &here {
            let key = ItemKey::new(id.as_str());
            // Whose it is cannot be told where the image's own is not known.
            let same = |image: &yum::RepoSections| {
                image.get(id).is_some_and(|one| record(one) == record(section))
            };
            let at_default = image.as_ref().is_none_or(same);
            let entry = wanted.get(&key);
            let in_image = image.as_ref().is_some_and(|image| image.contains_key(id));
            // One that the person added and switched off is in nobody's way.
            let idle = !in_image && !section.enabled();
            if entry.is_none() && (at_default || idle || copr::owns(id)) {
                continue;
            }
            let found = record(section);
            if entry.is_none() && (id.parse::<RepoId>().is_err() || fit(&found).is_err()) {
                unnamed.push(id.as_str());
                continue;
            }
            let mut live =
                Live::known(found.clone()).titled(section.get("name").map(str::to_owned));
            if at_default && image.is_some() {
                live.note = Some(gettext("In the base image"));
                let differs = |wanted: &&Wanted| {
                    let named = |(name, value): (&String, &Value)| found.get(name) == Some(value);
                    !wanted.record.0.iter().all(named)
                        || found.get(ENABLED) != wanted.record.get(ENABLED)
                };
                live.pending = entry.filter(differs).and_then(Wanted::next_image);
            }
            records.insert(key, live);
        }
        let image = image.unwrap_or_default();
        let names = image.keys().map(String::as_str).collect();
        copr::add_absent(&mut records, wanted, &names);
        if !unnamed.is_empty() {
            let text = gettext("Not compared, because a manifest cannot say them: {repositories}");
            let text = fill(&text, &[("repositories", &unnamed.join(", "))]);
            records.notices.push(Notice { text, remedy: None });
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        manifests.items(FILE, LIST, Entry::read)
    }

    fn validate(&self, _host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        item.as_str().parse::<RepoId>().map_err(Unfit::new)?;
        match set.text("baseurl") {
            Some(_) => fit(set).map_err(Unfit::new),
            None => Ok(()),
        }
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        let sheet = manifests.sheet(&Layer::Shared, FILE)?;
        let body = sheet.map(|sheet| section::body(&sheet)).transpose()?.unwrap_or_default();
        Ok(Some(Section::new(SECTION, body)?))
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            manifests.capture_named(change, FILE, LIST, |entry, after| {
                for (field, _) in FIELDS {
                    match after.text(field) {
                        Some(text) => drop(entry.insert(field.to_owned(), text.into())),
                        None => drop(entry.shift_remove(field)),
                    }
                }
                match after.get(ENABLED) {
                    Some(Value::Flag(false)) => drop(entry.insert(ENABLED.into(), false.into())),
                    _ => drop(entry.shift_remove(ENABLED)),
                }
                entry.entry("packages").or_insert_with(|| json!([]));
            })?;
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host)
    }

    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            "display_name" => gettext("name"),
            "baseurl" => gettext("address"),
            "gpg_key" => gettext("key"),
            ENABLED => gettext("enabled"),
            _ => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let sentence = match (change.side, &change.before, &change.after) {
            (Side::System, None, _) => gettext("Add the package repository {name}"),
            (Side::System, _, Some(_)) => gettext("Change the package repository {name}"),
            (Side::System, _, None) => gettext("Remove the package repository {name}"),
            (Side::Manifest, _, Some(_)) => gettext("Track the package repository {name}"),
            (Side::Manifest, _, None) => gettext("Stop tracking the package repository {name}"),
        };
        fill(&sentence, &[("name", change.item.as_str())])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        yum::WATCHED.map(|dir| Watch::Tree(host.path(dir), 0)).into()
    }
}
