//! What pages show, worked out of a report. No widgets here, so that all of it is tested as plain values.

use std::collections::BTreeSet;
use std::sync::Arc;

use bucket::core::item::{ItemKey, Layer, Notice, Pending, SubsystemId};
use bucket::core::merge::{Drift, Suggestion};
use bucket::core::plan::{Command, Side};
use bucket::core::report::{Availability, ItemReport, Report, SubsystemReport};
use bucket::host::command;
use bucket::subsystem::{About, Page};
use bucket::words::{self, fill, gettext, ngettext};

use crate::values::{Shown, agreed, is_lone_text, shown};

/// How long a note may be to stand in a column.
const CELL_CHARS: usize = 24;

/// Names one row: an item of a subsystem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    pub subsystem: SubsystemId,
    pub item: ItemKey,
}

/// One row of a page.
#[derive(Debug, PartialEq)]
pub struct Row {
    pub key: RowKey,
    /// Where the row's section stands on its page, and what the section is called.
    pub section: (usize, String),
    pub icon: &'static str,
    pub title: String,
    pub subtitle: String,
    pub manifest: Shown,
    pub system: Shown,
    /// What both said last, where the row is a conflict.
    pub agreed: Option<Shown>,
    pub item: ItemReport,
    /// What the search looks in, in lower case.
    haystack: String,
}

impl Row {
    fn new(about: &About, place: usize, item: &ItemReport) -> Self {
        let reason = match (&item.unknown, item.pending) {
            (Some(reason), _) => reason.clone(),
            _ if matches!(item.state, Drift::NotHere | Drift::Locked) => {
                let why = item.barred.as_ref().map_or("", |barred| barred.reason());
                match item.failing {
                    true => capitalised(why),
                    false => format!("{}: {why}", words::item(item)),
                }
            }
            (None, Some(_)) if item.comes_with_image() => gettext("Waits for the next image"),
            (None, Some(pending)) if item.state == Drift::Pending => words::pending(pending),
            _ => words::item(item),
        };
        // A value needs no name where there is only one it can be.
        let lone = about.fields.len() == 1 || is_lone_text(item);
        let manifest = shown(item, Side::Manifest, lone);
        let mut system = shown(item, Side::System, lone);
        let mut parts = vec![reason];
        let there_or_not = about.fields.is_empty() && item.unknown.is_none();
        if there_or_not && item.live.is_some() && item.pending == Some(Pending::Reboot) {
            system.text = gettext("Staged");
        }
        match &item.note {
            // An item that has no values is there or not; how it is there is what the system says.
            Some(note) if there_or_not && !item.failing && note.chars().count() <= CELL_CHARS => {
                system.text = capitalised(note);
                system.full.clone_from(&system.text);
            }
            note => parts.extend(note.clone()),
        }
        // Of the layers of single machines, a report has this one's alone.
        if matches!(item.layer, Some(Layer::Host(_))) {
            parts.push(gettext("this machine only"));
        }
        if !item.detail.is_empty() {
            parts.push(item.detail.clone());
        }
        let section = gettext(about.title);
        let haystack =
            [&item.title, &item.detail, item.key.as_str(), &section, &manifest.full, &system.full]
                .join("\n")
                .to_lowercase();
        Self {
            key: RowKey { subsystem: about.id.clone(), item: item.key.clone() },
            section: (place, section),
            icon: about.icon,
            title: item.title.clone(),
            subtitle: parts.join(" · "),
            agreed: (item.state == Drift::Conflict).then(|| agreed(item, lone)),
            manifest,
            system,
            item: item.clone(),
            haystack,
        }
    }

    /// Whether the next image brings what the manifest says.
    pub fn comes(&self) -> bool {
        self.item.comes_with_image()
    }

    /// Whether it runs, in a word, where it is something that may.
    pub fn activity(&self) -> Option<String> {
        self.item.running.map(|runs| match runs {
            true => gettext("Running"),
            false => gettext("Stopped"),
        })
    }

    /// A sign for how the two sides stand, beside the words that say it.
    pub fn symbol(&self) -> &'static str {
        match (self.item.state, &self.item.wanted, &self.item.live) {
            _ if self.item.failing => "×",
            (Drift::Unknown, ..) => "?",
            (Drift::Pending, ..) if self.comes() => "…",
            (Drift::InSync | Drift::Pending, ..) => "=",
            (Drift::NotHere | Drift::Locked, ..) => "○",
            (_, None, _) => "+",
            (_, _, None) => "−",
            _ => "≠",
        }
    }

    /// What the symbol means.
    pub fn symbol_words(&self) -> String {
        match self.symbol() {
            "×" => gettext("It does not work"),
            "?" => gettext("The system could not be read"),
            "=" => gettext("Both say the same"),
            "…" => gettext("Waits for the next image"),
            "○" => gettext("It cannot be so on this machine"),
            "+" => gettext("Only on the system"),
            "−" => gettext("Only in the manifest"),
            _ => gettext("The two differ"),
        }
    }

    /// Whether one verb is the one to take.
    pub fn suggests(&self, side: Side) -> bool {
        match self.item.state.suggestion() {
            Suggestion::Capture => side == Side::Manifest,
            Suggestion::Apply => side == Side::System,
            _ => false,
        }
    }

    /// What pressing Capture or Apply would do, or why it cannot be pressed.
    pub fn action(&self, side: Side) -> Result<String, String> {
        match self.item.state {
            Drift::InSync => Err(gettext("Both sides say the same")),
            Drift::Unknown => Err(gettext("The system's side could not be read")),
            Drift::Pending if self.comes() => {
                Err(gettext("It waits for the next image: there is nothing to do"))
            }
            Drift::Pending => Err(gettext("Already applied")),
            Drift::NotHere | Drift::Locked => {
                Err(self.item.barred.as_ref().map_or_else(String::new, |b| b.reason().to_owned()))
            }
            _ => Ok(match (side, &self.item.wanted, &self.item.live) {
                (Side::Manifest, _, None) => gettext("Remove it from the manifest"),
                (Side::Manifest, ..) => gettext("Save the system's value to the manifest"),
                (Side::System, None, _) => gettext("Remove it from the system"),
                (Side::System, ..) => gettext("Change the system to the manifest's value"),
            }),
        }
    }

    /// Whether a selection of everything takes this row: something can be done about it, or it can be had `now`.
    pub fn selectable(&self, now: bool) -> bool {
        self.action(Side::Manifest).is_ok() || now && self.comes()
    }

    /// Whether it is an installed Flatpak app, or the overrides for all apps: something that has permissions.
    pub fn has_permissions(&self) -> bool {
        self.key.subsystem == crate::permissions::APPS && self.item.live.is_some()
    }

    /// The command line that takes the suggested side; Apply where none is.
    pub fn command(&self) -> String {
        let verb = if self.suggests(Side::Manifest) { "capture" } else { "apply" };
        let args = [verb, self.key.subsystem.as_str(), "-i", self.key.item.as_str()];
        let now = self.comes().then_some("--now");
        command::display(&Command::new("bkt").args(args).args(now))
    }

    /// The row in one sentence, for screen readers: beside its title, how it stands and both values.
    pub fn spoken(&self) -> String {
        let text = gettext("{state}. Manifest: {manifest}. System: {system}.");
        let state = match self.activity() {
            Some(activity) => format!("{activity} · {}", self.subtitle),
            None => self.subtitle.clone(),
        };
        let values = [
            ("state", state.as_str()),
            ("manifest", self.manifest.spoken()),
            ("system", self.system.spoken()),
        ];
        fill(&text, &values)
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// Which rows a page lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    #[default]
    Differs,
    ManifestOnly,
    SystemOnly,
    Pending,
    InSync,
    Ignored,
}

impl Filter {
    pub const ALL: [Self; 6] = [
        Self::Differs,
        Self::ManifestOnly,
        Self::SystemOnly,
        Self::Pending,
        Self::InSync,
        Self::Ignored,
    ];

    /// The name its action target has.
    pub fn name(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::ManifestOnly => "manifest-only",
            Self::SystemOnly => "system-only",
            Self::Pending => "pending",
            Self::InSync => "in-sync",
            Self::Ignored => "ignored",
        }
    }

    pub fn title(self) -> String {
        match self {
            Self::Differs => gettext("Differences"),
            Self::ManifestOnly => gettext("Manifest Only"),
            Self::SystemOnly => gettext("System Only"),
            Self::Pending => gettext("Pending"),
            Self::InSync => gettext("In Sync"),
            Self::Ignored => gettext("Ignored"),
        }
    }

    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|filter| filter.name() == name).unwrap_or_default()
    }
}

/// What the person asked to see.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub filter: Filter,
    /// Lower case.
    pub text: String,
    /// Rows put aside until the next refresh.
    pub skipped: BTreeSet<RowKey>,
    /// The default filter lists what is in sync too.
    pub show_in_sync: bool,
}

impl Query {
    pub fn shows(&self, row: &Row) -> bool {
        self.lists(row) && (self.text.is_empty() || row.haystack.contains(&self.text))
    }

    /// Whether the filter, search aside, lists the row.
    fn lists(&self, row: &Row) -> bool {
        let item = &row.item;
        let aside = item.ignored.is_some() || self.skipped.contains(&row.key);
        let in_sync = item.state == Drift::InSync;
        match self.filter {
            Filter::Ignored => aside && !in_sync,
            _ if aside => false,
            // What is unknown or pending, or has failed, is no difference, but nothing to keep quiet about either.
            Filter::Differs => !in_sync || item.failing || self.show_in_sync,
            Filter::ManifestOnly => item.live.is_none() && item.unknown.is_none() && !in_sync,
            Filter::SystemOnly => item.wanted.is_none() && item.unknown.is_none() && !in_sync,
            Filter::Pending => item.state == Drift::Pending,
            Filter::InSync => in_sync,
        }
    }
}

/// A subsystem of a page that could not be read, or not all of it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub title: String,
    pub reason: String,
    pub hint: Option<String>,
    /// It is not on this machine at all, which is nobody's mistake.
    pub unavailable: bool,
}

/// What one page shows of a report.
#[derive(Clone, Debug, Default)]
pub struct PageData {
    pub rows: Vec<Arc<Row>>,
    pub troubles: Vec<Trouble>,
    /// What is worth knowing about all of a subsystem.
    pub notices: Vec<Notice>,
    /// How many subsystems the page has.
    pub sections: usize,
    /// RFC 3339.
    pub checked_at: String,
}

impl PageData {
    /// Picks what belongs on `page` out of a report.
    pub fn new(abouts: &[&'static About], page: Page, report: &Report) -> Self {
        let mut data = Self { checked_at: report.checked_at.clone(), ..Self::default() };
        for about in abouts.iter().filter(|about| about.page == page) {
            let place = data.sections;
            data.sections += 1;
            let Some(subsystem) = report.subsystem(&about.id) else { continue };
            data.troubles.extend(trouble(about, subsystem));
            let elsewhere =
                elsewhere(subsystem).map(|text| Notice { text: capitalised(text), remedy: None });
            for notice in subsystem.notices.iter().chain(&elsewhere) {
                // Several subsystems of a page may have the same to say.
                if !data.notices.contains(notice) {
                    data.notices.push(notice.clone());
                }
            }
            // An item that neither side has, and that could be read, is settled.
            let items = subsystem.items.iter().filter(|item| {
                item.wanted.is_some() || item.live.is_some() || item.unknown.is_some()
            });
            data.rows.extend(items.map(|item| {
                let mut row = Row::new(about, place, item);
                if elsewhere.is_some() && item.state == Drift::NotHere {
                    // The page says why, once.
                    row.subtitle = words::item(item);
                }
                Arc::new(row)
            }));
        }
        data
    }

    /// How many rows ask for attention.
    pub fn differences(&self) -> usize {
        self.rows.iter().filter(|row| row.item.counts()).count()
    }

    /// Whether part of the page could not be read although it should be there.
    pub fn failed(&self) -> bool {
        self.troubles.iter().any(|trouble| !trouble.unavailable)
    }
}

/// Why nothing that a manifest wants of a subsystem can be on this machine, where that is one reason for all of it.
pub fn elsewhere(report: &SubsystemReport) -> Option<&str> {
    let mut wanted = report.items.iter().filter(|item| item.wanted.is_some()).map(not_here);
    let reason = wanted.next()??;
    let mut others = wanted.peekable();
    (others.peek().is_some() && others.all(|why| why == Some(reason))).then_some(reason)
}

fn not_here(item: &ItemReport) -> Option<&str> {
    // What fails here is meant for here.
    let here = item.state != Drift::NotHere || item.failing;
    let barred = item.barred.as_ref().filter(|_| !here);
    barred.map(|barred| barred.reason())
}

/// Why a subsystem, or part of it, could not be read.
pub fn trouble(about: &About, report: &SubsystemReport) -> Option<Trouble> {
    let (reason, hint, unavailable) = match &report.availability {
        Availability::Compared if report.unread.is_empty() => return None,
        Availability::Compared => (&report.unread.join("\n"), &None, false),
        Availability::Unavailable { reason, hint } => (reason, hint, true),
        Availability::Failed { reason, hint } => (reason, hint, false),
    };
    let (reason, hint) = (reason.clone(), hint.clone());
    Some(Trouble { title: gettext(about.title), reason, hint, unavailable })
}

/// What takes the place of a page's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageState {
    /// Nothing has been read yet.
    Loading,
    /// Nothing could be read.
    Failed { message: String },
    /// Nothing of it is on this machine.
    Unavailable { reason: String, hint: Option<String> },
    /// Neither side has anything of it.
    Empty,
    /// No difference.
    InSync,
    /// The filter or the search leaves nothing.
    NoResults,
    /// Rows.
    List,
}

/// What a page shows for `query`; `data` is `None` before the first survey, `visible` counts the rows that pass.
pub fn page_state(data: Option<&PageData>, query: &Query, visible: usize) -> PageState {
    let Some(data) = data else { return PageState::Loading };
    if visible > 0 {
        return PageState::List;
    }
    if data.rows.is_empty() {
        if data.failed() {
            return PageState::Failed { message: reasons(data) };
        }
        if let Some(first) = data.troubles.first() {
            let (reason, hint) = (first.reason.clone(), first.hint.clone());
            return PageState::Unavailable { reason, hint };
        }
    }
    let plain = query.text.is_empty() && query.filter == Filter::Differs;
    if plain && data.failed() {
        // What could be read matches; that is no reason to call the rest so.
        return PageState::Failed { message: reasons(data) };
    }
    if plain && data.rows.is_empty() {
        return PageState::Empty;
    }
    match plain && query.skipped.is_empty() {
        true => PageState::InSync,
        false => PageState::NoResults,
    }
}

fn reasons(data: &PageData) -> String {
    data.troubles.iter().map(|trouble| trouble.reason.as_str()).collect::<Vec<_>>().join("\n")
}

/// A sidebar row's name for screen readers: "Flatpaks, 3 differences".
pub fn row_name(title: &str, differences: usize, failed: bool) -> String {
    if failed {
        return fill(&gettext("{page}, could not be read"), &[("page", title)]);
    }
    match differences {
        0 => title.to_owned(),
        n => {
            let text = ngettext("{page}, {n} difference", "{page}, {n} differences", n);
            fill(&text, &[("page", title), ("n", &n.to_string())])
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
pub mod tests;
