//! What is not committed, as the page shows it, and the page's part of the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bucket::core::item::Layer;
use bucket::engine::review::Content;
use bucket::engine::{Engine, FileReview, Review};
use bucket::host::git::Head;
use bucket::words::{fill, gettext};
use relm4::prelude::*;

use crate::app::{App, AppMsg};
use crate::backend::Job;
use crate::diff::{self, DiffLine};
use crate::pages::review::{ReviewMsg, ReviewPage, TAG};
use crate::repository::words;

/// How many lines are shown before and after each that differs.
const AROUND: usize = 3;

/// How many characters of the first line tools that list commits show.
pub const COLUMNS: usize = 72;

/// What is not committed, and what is made of it for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    pub review: Review,
    /// What changed, by subsystem.
    pub sections: Vec<Section>,
}

/// What changed in a subsystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    pub changes: Vec<Meaning>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// "Adds Warp".
    pub line: String,
    /// Whether something comes, goes or is another: a sign, and the word for it.
    pub sign: (&'static str, String),
    /// Which machine it is for, where that is not all; and why it cannot be committed.
    pub notes: Vec<String>,
    /// The files it is in.
    pub files: Vec<PathBuf>,
}

/// What came of reading it.
pub type Read = Result<Arc<Data>, String>;

impl Data {
    /// Reads it.
    pub fn read(engine: &Engine) -> Read {
        let review =
            engine.review().map_err(|error| words(&bucket::engine::explain::explain(&error)))?;
        let mut sections: Vec<Section> = Vec::new();
        for one in &review.changes {
            let change = &one.change;
            let Some(subsystem) = engine.subsystem(&change.subsystem) else { continue };
            let mut notes = Vec::new();
            match &change.layer {
                Layer::Shared => (),
                Layer::Host(host) if *host == engine.host().env().hostname => {
                    notes.push(gettext("This machine only"));
                }
                Layer::Host(host) => {
                    notes.push(fill(&gettext("For {host} only"), &[("host", host)]));
                }
            }
            if one.files.is_empty() {
                notes.push(gettext("In a file that git has been told to ignore"));
            }
            let sign = match (&change.before, &change.after) {
                (None, _) => ("+", gettext("Added")),
                (_, None) => ("−", gettext("Removed")),
                _ => ("≠", gettext("Changed")),
            };
            let meaning =
                Meaning { line: subsystem.describe(change), sign, notes, files: one.files.clone() };
            let title = gettext(subsystem.about().title);
            match sections.iter_mut().find(|section| section.title == title) {
                Some(section) => section.changes.push(meaning),
                None => sections.push(Section { title, changes: vec![meaning] }),
            }
        }
        Ok(Arc::new(Self { review, sections }))
    }

    /// Whether a commit may be made at all.
    pub fn can_commit(&self) -> bool {
        self.review.checkout.operation.is_none()
    }

    /// Whether there is a branch to push, and somewhere to push it to.
    pub fn can_push(&self) -> bool {
        let checkout = &self.review.checkout;
        checkout.remote.is_some() && !matches!(checkout.head, Head::Detached(_))
    }
}

/// A path as it is shown.
pub fn name(path: &Path) -> String {
    path.to_string_lossy().replace(['\n', '\r'], "\u{fffd}")
}

/// What became of a file, in a few words each.
pub fn notes(file: &FileReview) -> Vec<String> {
    let mut notes = file.notes();
    if file.partly_staged {
        notes.push(gettext("only a part of it is staged; all of it would be committed"));
    }
    notes.extend(file.error.clone());
    notes
}

/// Whether there are lines to show.
pub fn has_lines(file: &FileReview) -> bool {
    matches!(&file.content, Content::Text { diff, .. } if !diff.is_empty())
}

/// What a file had, and has, line by line.
pub fn lines(file: &FileReview) -> Vec<DiffLine> {
    let Content::Text { before, after, .. } = &file.content else { return Vec::new() };
    let plain = |text: &Option<String>| {
        let text = text.clone().unwrap_or_default();
        if file.line_endings { text.replace("\r\n", "\n") } else { text }
    };
    diff::brief(&plain(before), &plain(after), AROUND)
}

impl App {
    /// Opens the page. It stays the same one, with the message that is being written.
    pub(crate) fn open_review(&mut self) {
        if self.shows(TAG) {
            return;
        }
        if self.review().is_none() {
            let page = ReviewPage::builder().launch(()).forward(self.input(), AppMsg::Repository);
            *self.review() = Some(page);
        }
        if let Some(page) = self.review() {
            let widget = page.widget().clone();
            self.nav().push(&widget);
        }
        self.read_review();
    }

    /// Reads what is not committed again, if anyone looks at it.
    pub(crate) fn read_review(&self) {
        if self.shows(TAG) {
            self.backend.send(Job::Review);
        }
    }

    /// Goes back from the page, if it is the one that is shown.
    pub(crate) fn leave_review(&self) {
        if self.nav().visible_page_tag().as_deref() == Some(TAG) {
            self.nav().pop();
        }
    }

    /// Tells the page something, once it was opened.
    pub(crate) fn tell_review(&mut self, message: ReviewMsg) {
        if let Some(page) = self.review() {
            page.emit(message);
        }
    }
}

/// The page, once it was opened.
pub type Open = Option<Controller<ReviewPage>>;
