//! The Containerfiles' part of the window: how its managed sections stand, and the page that shows it.

use std::sync::Arc;

use bucket::engine::Engine;
use bucket::engine::containerfile::{
    ContainerfileReport, ContainerfileText, SectionReport, SectionState,
};
use bucket::manifest::containerfile::FILE;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::prelude::*;

use crate::app::{App, AppMsg};
use crate::backend::Job;
use crate::diff::{self, DiffLine};
use crate::pages::containerfile::{ContainerfileMsg, ContainerfileOut, ContainerfilePage, TAG};

/// How a managed section stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It says what the manifests say.
    InSync,
    /// It says something else.
    Differs,
    /// The file does not have it.
    Missing,
    /// The file does not have it, and it would do nothing.
    NotNeeded,
    /// Nothing here makes it: it stays as it is.
    Foreign,
}

/// How many lines are shown before and after each that differs.
const AROUND: usize = 3;

/// One managed section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name: `SYSTEM_PACKAGES`.
    pub name: String,
    pub stand: Stand,
    /// Where in the file it is, for people; may be empty.
    pub place: String,
    /// What the manifests make of it.
    pub wanted: String,
    /// What writing it would change, with some lines around.
    pub lines: Vec<DiffLine>,
}

/// The Containerfiles of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Containerfile {
    /// As people write them.
    pub path: String,
    pub parts: Vec<Part>,
}

impl Containerfile {
    /// Reads it; `None` where the repository has none.
    pub fn read(engine: &Engine) -> anyhow::Result<Option<Self>> {
        let report = engine.containerfile()?;
        Ok(report.map(|report| Self {
            path: paths(engine, &report),
            parts: report.sections.iter().map(Part::new).collect(),
        }))
    }

    /// How many sections stand so.
    pub fn count(&self, stand: Stand) -> usize {
        self.parts.iter().filter(|part| part.stand == stand).count()
    }
}

/// Where the files are, for people.
fn paths(engine: &Engine, report: &ContainerfileReport) -> String {
    let shown = |file: &ContainerfileText| engine.host().display(std::path::Path::new(&file.path));
    report.files.iter().map(shown).collect::<Vec<_>>().join(" · ")
}

/// Where a section is, for people: the file is named where it is not the machine's.
fn place(section: &SectionReport) -> String {
    let line = section.line.map(|line| line.to_string()).unwrap_or_default();
    let text = match (section.line.is_some(), section.file == FILE) {
        (true, true) => gettext("Line {line}"),
        (true, false) => gettext("{file}, line {line}"),
        (false, true) => String::new(),
        (false, false) => section.file.clone(),
    };
    fill(&text, &[("file", &section.file), ("line", &line)])
}

impl Part {
    fn new(section: &SectionReport) -> Self {
        let (stand, file, manifests) = match &section.state {
            SectionState::InSync => (Stand::InSync, "", ""),
            SectionState::Foreign => (Stand::Foreign, "", ""),
            SectionState::Differs { file, manifests } => (Stand::Differs, &**file, &**manifests),
            SectionState::Missing { manifests, needed: true } => (Stand::Missing, "", &**manifests),
            SectionState::Missing { .. } => (Stand::NotNeeded, "", ""),
        };
        Self {
            name: section.name.clone(),
            stand,
            place: place(section),
            wanted: manifests.to_owned(),
            lines: diff::brief(file, manifests, AROUND),
        }
    }
}

/// What came of reading the file: it, or that there is none, or why that is not known.
pub type Read = Result<Option<Arc<Containerfile>>, String>;

impl App {
    /// Opens the page of the Containerfile.
    pub(crate) fn open_containerfile(&mut self) {
        if self.shows(TAG) {
            return;
        }
        let page =
            ContainerfilePage::builder().launch(()).forward(self.input(), AppMsg::Containerfile);
        self.nav().push(page.widget());
        *self.containerfile() = Some(page);
        self.read_containerfile();
    }

    /// Reads the file again, if anyone looks at it.
    pub(crate) fn read_containerfile(&mut self) {
        self.containerfile().take_if(|page| page.widget().parent().is_none());
        if self.containerfile().is_some() {
            self.backend.send(Job::Containerfile);
        }
    }

    /// Shows what was read.
    pub(crate) fn containerfile_read(&mut self, read: Read) {
        if let Some(page) = self.containerfile() {
            page.emit(ContainerfileMsg::Read(read));
        }
    }

    /// What the page asks for.
    pub(crate) fn containerfile_out(&mut self, out: ContainerfileOut) {
        match out {
            ContainerfileOut::Write { add_missing } => {
                self.backend.send(Job::WriteSections { add_missing });
            }
            ContainerfileOut::Retry => self.backend.send(Job::Containerfile),
        }
    }
}

/// The page, while it is open.
pub type Open = Option<Controller<ContainerfilePage>>;
