//! Rows of files that are not committed: a tick, what became of the file, and its lines to unfold.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use bucket::engine::FileReview;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use super::diff_list::{Sides, lines_list};
use super::{set_name, tag};
use crate::review::{self, has_lines, lines, notes};

/// The rows of a page. Which of them are unfolded is remembered by their paths.
#[derive(Default)]
pub struct FileRows {
    unfolded: Rc<RefCell<BTreeSet<PathBuf>>>,
    checks: Vec<(gtk::CheckButton, bool)>,
}

impl FileRows {
    /// Forgets the rows that were made.
    pub fn clear(&mut self) {
        self.checks.clear();
    }

    /// Whether files can be ticked.
    pub fn set_sensitive(&self, sensitive: bool) {
        for (check, can) in &self.checks {
            check.set_sensitive(sensitive && *can);
        }
    }

    /// The row of a file; `tick` hears of each change of its tick.
    pub fn row(
        &mut self,
        file: &FileReview,
        ticked: bool,
        tick: impl Fn(bool) + 'static,
    ) -> adw::PreferencesRow {
        let shown = review::name(&file.path);
        let can = file.can_commit();
        let check = gtk::CheckButton::builder().active(ticked).sensitive(can).build();
        check.set_valign(gtk::Align::Center);
        let name = fill(&gettext("Commit {file}"), &[("file", &shown)]);
        set_name(&check, &name);
        check.connect_toggled(move |check| tick(check.is_active()));
        let said = notes(file).join(" · ");
        let secret = file.secret.then(|| tag(&gettext("Secret?"), Some("warning")));
        if let Some(secret) = &secret {
            secret.set_tooltip_text(Some(&gettext("What is new in it looks like a secret")));
        }
        let icon = file.error.is_some().then(|| {
            let icon = gtk::Image::from_icon_name("dialog-error-symbolic");
            icon.add_css_class("error");
            icon.set_tooltip_text(Some(&gettext("It cannot be read")));
            icon
        });
        self.checks.push((check.clone(), can));
        if !has_lines(file) {
            let row = adw::ActionRow::builder().use_markup(false).title(&shown).build();
            row.set_subtitle(&said);
            row.add_prefix(&check);
            icon.iter().for_each(|icon| row.add_suffix(icon));
            secret.iter().for_each(|secret| row.add_suffix(secret));
            row.set_activatable_widget(Some(&check));
            // The row has labelled it with its title.
            set_name(&check, &name);
            return row.upcast();
        }
        let row = adw::ExpanderRow::builder().use_markup(false).title(&shown).build();
        row.set_subtitle(&said);
        row.add_prefix(&check);
        icon.iter().for_each(|icon| row.add_suffix(icon));
        secret.iter().for_each(|secret| row.add_suffix(secret));
        self.unfold_later(&row, file);
        row.upcast()
    }

    /// Lines are put below the row when it is unfolded: there may be thousands.
    fn unfold_later(&self, row: &adw::ExpanderRow, file: &FileReview) {
        let open = self.unfolded.borrow().contains(&file.path);
        let (unfolded, file) = (self.unfolded.clone(), file.clone());
        let filled = std::cell::Cell::new(false);
        let toggled = move |row: &adw::ExpanderRow| {
            if !row.is_expanded() {
                unfolded.borrow_mut().remove(&file.path);
                return;
            }
            unfolded.borrow_mut().insert(file.path.clone());
            if !filled.replace(true) {
                let sides = Sides { removed: gettext("Removed"), added: gettext("Added") };
                let list = lines_list(&review::name(&file.path), &lines(&file), &sides);
                let line = gtk::ListBoxRow::builder().child(&list).activatable(false).build();
                line.set_focusable(false);
                row.add_row(&line);
            }
        };
        row.connect_expanded_notify(toggled);
        row.set_expanded(open);
    }
}
