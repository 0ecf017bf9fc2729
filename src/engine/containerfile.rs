//! The Containerfile beside the manifests: how its sections stand, and what brings them in line.
//!
//! The sections are made of what all machines share. Whatever edits a manifest that an image is made of regenerates
//! all of them in the same write, so that journal, undo and dry run have both or neither.

use std::collections::BTreeSet;

use anyhow::Context;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Engine, manifest_step};
use crate::core::names::RepoRelPath;
use crate::core::plan::Plan;
use crate::manifest::Manifests;
use crate::manifest::containerfile::{Containerfile, FILE, Section};
use crate::subsystem::Subsystem;
use crate::words::gettext;

/// How a section stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum SectionState {
    /// The file says what the manifests say.
    InSync,
    /// They differ.
    Differs {
        /// What the file says between the markers.
        file: String,
        /// What the manifests make of it.
        manifests: String,
    },
    /// The file has no such section.
    Missing {
        /// What the manifests would put there.
        manifests: String,
        /// Whether that does anything: an empty section need not be there.
        needed: bool,
    },
    /// The file has a section of this name, and nothing here makes one.
    Foreign,
}

/// One section of the Containerfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SectionReport {
    /// Its name: `SYSTEM_PACKAGES`.
    pub name: String,
    /// The line of its first marker, from 1, where it is in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// How it stands.
    #[serde(flatten)]
    pub state: SectionState,
}

/// How the Containerfile stands to the manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContainerfileReport {
    /// The file.
    pub path: String,
    /// What it says.
    #[serde(skip)]
    pub text: String,
    /// What it would say, had its sections been made anew. Missing ones are left out.
    #[serde(skip)]
    pub made: String,
    /// Its sections: those that the manifests make, and then those that nothing here makes.
    pub sections: Vec<SectionReport>,
}

impl SectionReport {
    /// Whether the image would be another one than the manifests say.
    pub fn drifts(&self) -> bool {
        match &self.state {
            SectionState::InSync | SectionState::Foreign => false,
            SectionState::Differs { .. } => true,
            SectionState::Missing { needed, .. } => *needed,
        }
    }
}

impl ContainerfileReport {
    /// Whether the image would be another one than the manifests say.
    pub fn drifts(&self) -> bool {
        self.sections.iter().any(SectionReport::drifts)
    }
}

impl Engine {
    /// How the Containerfile stands; `None` where the repository has none. It or a manifest that cannot be read is an
    /// error.
    pub fn containerfile(&self) -> anyhow::Result<Option<ContainerfileReport>> {
        let manifests = self.manifests();
        let Some(text) = manifests.other(&file()?)? else { return Ok(None) };
        let path = self.repo.root.join(FILE);
        let file = Containerfile::parse(&path, &text)?;
        let sections = self.sections(&manifests)?;
        let made = sections.iter().map(|section| {
            let found = file.section(section.name());
            let state = match found {
                None => SectionState::Missing {
                    manifests: section.body().to_owned(),
                    needed: does_something(section),
                },
                Some(found) => {
                    let (said, made) = (file.body(found), file.made(found, section));
                    match said == made {
                        true => SectionState::InSync,
                        false => SectionState::Differs { file: said.to_owned(), manifests: made },
                    }
                }
            };
            let line = found.map(|found| found.line);
            SectionReport { name: section.name().to_owned(), line, state }
        });
        let is_made = |name: &str| sections.iter().any(|section| section.name() == name);
        let foreign = file.found().iter().filter(|found| !is_made(&found.name));
        let foreign = foreign.map(|found| SectionReport {
            name: found.name.clone(),
            line: Some(found.line),
            state: SectionState::Foreign,
        });
        Ok(Some(ContainerfileReport {
            path: path.to_string_lossy().into_owned(),
            sections: made.chain(foreign).collect(),
            made: file.with(&sections),
            text: text.clone(),
        }))
    }

    /// The plan that brings the Containerfile in line with the manifests; with `add_missing` it gets the sections that
    /// it does not have. Nothing to do where there is no such file.
    pub fn plan_containerfile(&self, add_missing: bool) -> anyhow::Result<Plan> {
        let mut manifests = self.manifests();
        let name = file()?;
        if let Some(text) = manifests.other(&name)? {
            let path = self.repo.root.join(FILE);
            let file = Containerfile::parse(&path, &text)?;
            let sections = self.sections(&manifests)?;
            let text = match add_missing {
                true => file.with_all(&path, &sections)?,
                false => file.with(&sections),
            };
            manifests.put_other(&name, Some(text))?;
        }
        let title = gettext("Write the Containerfile");
        // Whoever asks for it means it, and can take it back.
        let steps = manifest_step(title, manifests.edits());
        Ok(Plan { system_first: true, steps, ..Plan::default() })
    }

    /// Adds the Containerfile to what is written, where a manifest of an image is. Returns whether it changes.
    ///
    /// The section of a manifest that cannot be read, and is not written now, is left as it is.
    pub(super) fn sync_containerfile(&self, manifests: &mut Manifests) -> anyhow::Result<bool> {
        let edited: BTreeSet<String> =
            manifests.edits().into_iter().map(|edit| edit.path).collect();
        let of_image = |subsystem: &dyn Subsystem| {
            let layer = crate::core::item::Layer::Shared;
            subsystem.about().manifests.iter().any(|one| {
                edited.contains(manifests.path(&layer, one.name).to_string_lossy().as_ref())
            })
        };
        let shared = manifests.shared();
        let (touched, rest): (Vec<_>, Vec<_>) =
            self.subsystems().iter().partition(|subsystem| of_image(&***subsystem));
        let mut sections = Vec::new();
        for subsystem in touched {
            sections.extend(subsystem.section(&shared)?);
        }
        if sections.is_empty() && !manifests.edits_others() {
            return Ok(false);
        }
        let name = file()?;
        let Some(text) = manifests.other(&name)? else { return Ok(false) };
        let file = Containerfile::parse(&self.repo.root.join(FILE), &text)?;
        sections.extend(rest.into_iter().filter_map(|one| readable(&**one, &shared)));
        let after = file.with(&sections);
        let changes = after != text;
        manifests.put_other(&name, Some(after))?;
        Ok(changes)
    }

    /// The Containerfile of other manifests, a commit's, as they make it; `None` where there is none. The section of a
    /// manifest that cannot be read is left as it is.
    pub(super) fn containerfile_of(&self, manifests: &Manifests) -> anyhow::Result<Option<String>> {
        let Some(text) = manifests.other(&file()?)? else { return Ok(None) };
        let file = Containerfile::parse(&self.repo.root.join(FILE), &text)?;
        let shared = manifests.shared();
        let sections = self.subsystems().iter().filter_map(|one| readable(&**one, &shared));
        Ok(Some(file.with(&sections.collect::<Vec<_>>())))
    }

    /// The sections of all subsystems, of what all machines share.
    fn sections(&self, manifests: &Manifests) -> anyhow::Result<Vec<Section>> {
        let shared = manifests.shared();
        let sections = self.subsystems().iter().filter_map(|one| one.section(&shared).transpose());
        sections.collect()
    }
}

/// A subsystem's section, where its manifest can be read: every survey says what is wrong with one that cannot.
fn readable(subsystem: &dyn Subsystem, shared: &Manifests) -> Option<Section> {
    subsystem.section(shared).unwrap_or_else(|error| {
        tracing::warn!("{error:#}");
        None
    })
}

/// Whether a section has more than comments.
fn does_something(section: &Section) -> bool {
    section
        .body()
        .lines()
        .any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

fn file() -> anyhow::Result<RepoRelPath> {
    FILE.parse().context("the Containerfile's name")
}
