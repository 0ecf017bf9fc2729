//! The running plan: a row for each step, a bar over all of them, and what the programs say.

use std::cell::{Cell, RefCell};

use bucket::core::plan::PlannedStep;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use super::{output_view, set_name};
use crate::backend::Progress;

/// How many lines of a step's words are shown: a failure may take some.
const WORDS: i32 = 4;

/// The view; it is told everything anew each time.
pub struct ProgressView {
    pub root: gtk::Widget,
    bar: gtk::ProgressBar,
    group: adw::PreferencesGroup,
    rows: RefCell<Vec<StepRow>>,
    output: gtk::TextView,
    scrolled: gtk::ScrolledWindow,
    /// The end of the output.
    end: gtk::TextMark,
    /// How many lines of the output are there.
    shown: Cell<usize>,
}

struct StepRow {
    row: adw::ActionRow,
    stack: gtk::Stack,
}

impl ProgressView {
    pub fn new() -> Self {
        let bar = gtk::ProgressBar::builder().show_text(true).build();
        set_name(&bar, &gettext("Progress"));
        let bar_group = adw::PreferencesGroup::new();
        bar_group.add(&bar);
        let group = adw::PreferencesGroup::builder().title(gettext("Steps")).build();
        let text = output_view();
        let scrolled = gtk::ScrolledWindow::builder().min_content_height(160).child(&text).build();
        let row = gtk::ListBoxRow::builder().child(&scrolled).activatable(false).build();
        let log = adw::ExpanderRow::builder().title(gettext("Output")).build();
        log.add_row(&row);
        let log_group = adw::PreferencesGroup::new();
        log_group.add(&log);
        let page = adw::PreferencesPage::new();
        page.add(&bar_group);
        page.add(&group);
        page.add(&log_group);
        let (rows, shown) = (RefCell::default(), Cell::default());
        let buffer = text.buffer();
        let end = buffer.create_mark(None, &buffer.end_iter(), false);
        let mark = end.clone();
        // Before it is seen there is nothing to scroll.
        text.connect_map(move |text| text.scroll_to_mark(&mark, 0.0, false, 0.0, 0.0));
        Self { root: page.upcast(), bar, group, rows, output: text, scrolled, end, shown }
    }

    /// Shows how far it has come.
    pub fn show(&self, steps: &[PlannedStep], progress: &Progress, cancelling: bool) {
        let mut rows = self.rows.borrow_mut();
        // A retry has other steps.
        if rows.len() != steps.len() {
            for old in rows.drain(..) {
                self.group.remove(&old.row);
            }
            rows.extend(steps.iter().map(|planned| StepRow::new(&self.group, planned)));
        }
        for (index, (row, planned)) in rows.iter().zip(steps).enumerate() {
            row.show(&planned.step.title, progress.steps.get(index), progress.now.as_deref());
        }
        let done = progress.steps.iter().filter(|step| step.is_some()).count();
        let total = progress.total.max(steps.len()).max(1);
        self.bar.set_fraction(done as f64 / total as f64);
        let text = match cancelling {
            true => gettext("Stopping after this step"),
            false => fill(
                &gettext("{done} of {total} steps done"),
                &[("done", &done.to_string()), ("total", &total.to_string())],
            ),
        };
        self.bar.set_text(Some(&text));
        self.add_output(progress);
    }

    /// Adds what is new at the end, which stays in view if it was; who has scrolled up is left there.
    fn add_output(&self, progress: &Progress) {
        let buffer = self.output.buffer();
        // A retry begins anew.
        if progress.heard < self.shown.get() {
            buffer.set_text("");
            self.shown.set(0);
        }
        let new = (progress.heard - self.shown.get()).min(progress.lines.len());
        if new == 0 {
            return;
        }
        let place = self.scrolled.vadjustment();
        let at_end = place.value() + place.page_size() >= place.upper() - 1.0;
        let lines: Vec<&str> =
            progress.lines.range(progress.lines.len() - new..).map(String::as_str).collect();
        let first = if self.shown.get() == 0 { "" } else { "\n" };
        buffer.insert(&mut buffer.end_iter(), &format!("{first}{}", lines.join("\n")));
        self.shown.set(progress.heard);
        let extra = buffer.line_count() - i32::try_from(progress.lines.len()).unwrap_or(i32::MAX);
        if let (1.., Some(mut end)) = (extra, buffer.iter_at_line(extra)) {
            buffer.delete(&mut buffer.start_iter(), &mut end);
        }
        if at_end {
            self.output.scroll_to_mark(&self.end, 0.0, false, 0.0, 0.0);
        }
    }
}

impl StepRow {
    fn new(group: &adw::PreferencesGroup, planned: &PlannedStep) -> Self {
        let row = adw::ActionRow::builder().use_markup(false).build();
        row.set_title(&planned.step.title);
        let stack = gtk::Stack::new();
        let icon = |name: &str, class: &str| {
            let icon = gtk::Image::from_icon_name(name);
            icon.add_css_class(class);
            icon
        };
        let waiting = icon("content-loading-symbolic", "dimmed");
        stack.add_named(&waiting, Some("waiting"));
        stack.add_named(&adw::Spinner::new(), Some("running"));
        stack.add_named(&icon("object-select-symbolic", "success"), Some("done"));
        stack.add_named(&icon("dialog-error-symbolic", "error"), Some("failed"));
        row.add_prefix(&stack);
        group.add(&row);
        Self { row, stack }
    }

    /// `now` is what the running step's program said last.
    fn show(&self, title: &str, step: Option<&Option<Result<(), String>>>, now: Option<&str>) {
        let (name, words) = match step {
            None => ("waiting", gettext("Waiting")),
            Some(None) => ("running", now.map_or_else(|| gettext("Running"), str::to_owned)),
            Some(Some(Ok(()))) => ("done", gettext("Done")),
            Some(Some(Err(error))) => ("failed", error.clone()),
        };
        self.row.set_title(title);
        self.row.set_subtitle(&words);
        // What comes and goes does not move what is below it.
        self.row.set_subtitle_lines(if name == "running" { 1 } else { WORDS });
        self.stack.set_visible_child_name(name);
    }
}
