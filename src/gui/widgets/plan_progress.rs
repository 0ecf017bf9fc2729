//! The running plan: a row for each step, a bar over all of them, and what the programs say.

use std::cell::RefCell;

use bucket::core::plan::PlannedStep;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use super::{output_view, set_name};
use crate::backend::Progress;

/// The view; it is told everything anew each time.
pub struct ProgressView {
    pub root: gtk::Widget,
    bar: gtk::ProgressBar,
    group: adw::PreferencesGroup,
    rows: RefCell<Vec<StepRow>>,
    output: gtk::TextBuffer,
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
        let output = text.buffer();
        Self { root: page.upcast(), bar, group, rows: RefCell::default(), output }
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
            row.show(&planned.step.title, progress.steps.get(index));
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
        let lines: Vec<&str> = progress.lines.iter().map(String::as_str).collect();
        let text = lines.join("\n");
        let (start, end) = self.output.bounds();
        if self.output.text(&start, &end, false) != text {
            self.output.set_text(&text);
        }
    }
}

impl StepRow {
    fn new(group: &adw::PreferencesGroup, planned: &PlannedStep) -> Self {
        let row = adw::ActionRow::builder().use_markup(false).subtitle_lines(4).build();
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

    fn show(&self, title: &str, step: Option<&Option<Result<(), String>>>) {
        let (name, words) = match step {
            None => ("waiting", gettext("Waiting")),
            Some(None) => ("running", gettext("Running")),
            Some(Some(Ok(()))) => ("done", gettext("Done")),
            Some(Some(Err(error))) => ("failed", error.clone()),
        };
        self.row.set_title(title);
        self.row.set_subtitle(&words);
        self.stack.set_visible_child_name(name);
    }
}
