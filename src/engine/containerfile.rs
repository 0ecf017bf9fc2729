//! The Containerfiles beside the manifests: how their sections stand, and what brings them in line.
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
use crate::manifest::containerfile::{Containerfile, FILE, FILES, Section};
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

/// One section of a Containerfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SectionReport {
    /// Its name: `SYSTEM_PACKAGES`.
    pub name: String,
    /// The file it belongs to, below the repository's top: `toolbox/Containerfile`.
    pub file: String,
    /// The line of its first marker, from 1, where it is in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// How it stands.
    #[serde(flatten)]
    pub state: SectionState,
    /// What the manifests want of it and it does not do, and why, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One Containerfile, as it is and as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerfileText {
    /// The file.
    pub path: String,
    /// What it says.
    pub text: String,
    /// What it would say, had its sections been made anew. Missing ones are left out.
    pub made: String,
}

/// How the Containerfiles stand to the manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContainerfileReport {
    /// The first of the files, which is the machine's where the repository has one.
    pub path: String,
    /// The files that are there.
    #[serde(skip)]
    pub files: Vec<ContainerfileText>,
    /// Their sections, file by file: those that the manifests make, and then those that nothing here makes.
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
    /// How the Containerfiles stand; `None` where the repository has none. One of them or a manifest that cannot be read
    /// is an error.
    pub fn containerfile(&self) -> anyhow::Result<Option<ContainerfileReport>> {
        let manifests = self.manifests();
        let (mut files, mut reports) = (Vec::new(), Vec::new());
        for name in FILES {
            let Some(text) = manifests.other(&path_of(name)?)? else { continue };
            let path = self.repo.root.join(name);
            let file = Containerfile::parse(&path, &text)?;
            let sections = of_file(self.sections(&manifests)?, name);
            let made = sections.iter().map(|section| compared(&file, name, section));
            let is_made = |name: &str| sections.iter().any(|section| section.name() == name);
            let foreign = file.found().iter().filter(|found| !is_made(&found.name));
            let foreign = foreign.map(|found| SectionReport {
                name: found.name.clone(),
                file: name.to_owned(),
                line: Some(found.line),
                state: SectionState::Foreign,
                notes: Vec::new(),
            });
            reports.extend(made.chain(foreign));
            let path = path.to_string_lossy().into_owned();
            files.push(ContainerfileText { path, made: file.with(&sections), text: text.clone() });
        }
        let Some(first) = files.first() else { return Ok(None) };
        Ok(Some(ContainerfileReport { path: first.path.clone(), files, sections: reports }))
    }

    /// The plan that brings the Containerfiles in line with the manifests; with `add_missing` each gets the sections that
    /// it does not have. Nothing to do where there is no such file.
    pub fn plan_containerfile(&self, add_missing: bool) -> anyhow::Result<Plan> {
        let mut manifests = self.manifests();
        for name in FILES {
            let Some(text) = manifests.other(&path_of(name)?)? else { continue };
            let path = self.repo.root.join(name);
            let file = Containerfile::parse(&path, &text)?;
            let sections = of_file(self.sections(&manifests)?, name);
            let text = match add_missing {
                true => file.with_all(&path, &sections)?,
                false => file.with(&sections),
            };
            manifests.put_other(&path_of(name)?, Some(text))?;
        }
        let edits = manifests.edits();
        let title = match edits.len() > 1 {
            true => gettext("Write the Containerfiles"),
            false => gettext("Write the Containerfile"),
        };
        // Whoever asks for it means it, and can take it back.
        let steps = manifest_step(title, edits);
        Ok(Plan { system_first: true, steps, ..Plan::default() })
    }

    /// Adds the Containerfiles to what is written, where a manifest of an image is. Returns how many change.
    ///
    /// The section of a manifest that cannot be read, and is not written now, is left as it is; so is a file whose markers
    /// are wrong, where nothing that is written now belongs to it.
    pub(super) fn sync_containerfiles(&self, manifests: &mut Manifests) -> anyhow::Result<usize> {
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
        let of_touched: BTreeSet<&str> = sections.iter().map(Section::file).collect();
        let is_edited =
            |name: &str| edited.contains(self.repo.root.join(name).to_string_lossy().as_ref());
        let others = manifests.edits_others();
        if of_touched.is_empty() && !others {
            return Ok(0);
        }
        sections.extend(rest.into_iter().filter_map(|one| readable(&**one, &shared)));
        let mut changed = 0;
        for name in FILES {
            let meant = of_touched.contains(name) || is_edited(name) || others && name == FILE;
            let path = path_of(name)?;
            let text = match manifests.other(&path) {
                Err(error) if meant => return Err(error.into()),
                Err(error) => {
                    tracing::warn!("{error}");
                    continue;
                }
                Ok(None) => continue,
                Ok(Some(text)) => text,
            };
            let file = match Containerfile::parse(&self.repo.root.join(name), &text) {
                Err(error) if meant => return Err(error.into()),
                Err(error) => {
                    tracing::warn!("{error}");
                    continue;
                }
                Ok(file) => file,
            };
            let after = file.with(&of_file(sections.clone(), name));
            changed += usize::from(after != text);
            manifests.put_other(&path, Some(after))?;
        }
        Ok(changed)
    }

    /// The Containerfiles of other manifests, a commit's, as they make them: those that are there. The section of a
    /// manifest that cannot be read is left as it is, and so is a file that cannot be.
    pub(super) fn containerfiles_of(&self, manifests: &Manifests) -> Vec<(&'static str, String)> {
        let shared = manifests.shared();
        let sections = self.subsystems().iter().filter_map(|one| readable(&**one, &shared));
        let sections: Vec<Section> = sections.collect();
        let made = |name: &'static str| -> anyhow::Result<Option<String>> {
            let Some(text) = manifests.other(&path_of(name)?)? else { return Ok(None) };
            let file = Containerfile::parse(&self.repo.root.join(name), &text)?;
            Ok(Some(file.with(&of_file(sections.clone(), name))))
        };
        let read = FILES.map(|name| match made(name) {
            Ok(text) => text.map(|text| (name, text)),
            Err(error) => {
                tracing::warn!("{error:#}");
                None
            }
        });
        read.into_iter().flatten().collect()
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

/// Those of `sections` that belong to one file.
fn of_file(mut sections: Vec<Section>, name: &str) -> Vec<Section> {
    sections.retain(|section| section.file() == name);
    sections
}

/// How a section that the manifests make stands in its file.
fn compared(file: &Containerfile<'_>, name: &str, section: &Section) -> SectionReport {
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
    let notes = section.notes().to_vec();
    SectionReport { name: section.name().to_owned(), file: name.to_owned(), line, state, notes }
}

fn path_of(file: &str) -> anyhow::Result<RepoRelPath> {
    file.parse().context("the Containerfile's name")
}
