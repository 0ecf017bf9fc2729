//! A group of permissions: their rows, and a row to add one where that is how entries come about.

use std::cell::Cell;
use std::rc::Rc;

use bucket::host::flatpak::Scope;
use bucket::subsystem::flatpak::catalogue::Group;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use super::checked_row::CheckedRow;
use super::permission_row::{OnChange, PermissionRow};
use super::set_name;
use crate::permissions::rows::Shown;
use crate::permissions::{App, typed};

/// The group.
pub struct PermissionGroup {
    pub root: adw::PreferencesGroup,
    pub group: Group,
    list: gtk::ListBox,
    rows: Vec<PermissionRow>,
    shown: Vec<Shown>,
    add: Option<AddRow>,
    /// Nothing can be changed.
    locked: bool,
    on_change: OnChange,
}

impl PermissionGroup {
    /// An empty group, which calls `on_change` when the person chooses something.
    pub fn new(group: Group, on_change: OnChange) -> Self {
        let root = adw::PreferencesGroup::builder()
            .title(group.title())
            .description(group.description())
            .build();
        let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
        list.add_css_class("boxed-list");
        set_name(&list, &group.title());
        let add = typed::prompt(group).map(|prompt| AddRow::new(group, &prompt, &on_change));
        if let Some(add) = &add {
            list.append(&add.row.entry);
            list.append(&add.row.error);
        }
        root.add(&list);
        Self {
            root,
            group,
            list,
            rows: Vec::new(),
            shown: Vec::new(),
            add,
            locked: false,
            on_change,
        }
    }

    /// Brings the rows up to date. Those that are still there keep their place and focus.
    pub fn show(&mut self, shown: &[Shown], app: &App, layer: Scope) {
        self.rows.retain(|row| {
            let stays = shown.iter().any(|shown| row.fits(shown));
            if !stays {
                self.list.remove(&row.root);
            }
            stays
        });
        for (at, shown) in shown.iter().enumerate() {
            match self.rows.get(at).filter(|row| row.fits(shown)) {
                Some(row) => row.show(shown),
                None => {
                    // One that stands further down has lost its place to it.
                    if let Some(old) = self.rows.iter().position(|row| row.fits(shown)) {
                        self.list.remove(&self.rows.remove(old).root);
                    }
                    let row = PermissionRow::new(shown, &self.on_change);
                    self.list.insert(&row.root, i32::try_from(at).unwrap_or(-1));
                    self.rows.insert(at.min(self.rows.len()), row);
                }
            }
        }
        let locked = !app.may_write(layer);
        for (row, shown) in self.rows.iter().zip(shown) {
            let command = match locked {
                true => app.command_for_root(shown),
                false => None,
            };
            row.set_locked(locked, command.as_deref());
        }
        if let Some(add) = &self.add {
            add.row.entry.set_visible(!locked);
        }
        self.locked = locked;
        self.shown = shown.to_vec();
    }

    /// Puts controls below their words, or beside them.
    pub fn set_narrow(&self, narrow: bool) {
        for row in &self.rows {
            row.set_narrow(narrow);
        }
    }

    /// Hides what a search does not find; whether anything is left.
    pub fn search(&self, text: &str) -> bool {
        let mut found = false;
        for (row, shown) in self.rows.iter().zip(&self.shown) {
            let matches = text.is_empty() || shown.matches(text);
            row.root.set_visible(matches);
            found |= matches;
        }
        let adds = self.add.as_ref().filter(|_| !self.locked).is_some_and(|add| {
            let asked = add.prompt.to_lowercase().contains(&text.to_lowercase());
            add.row.entry.set_visible(found || asked);
            asked
        });
        found |= adds;
        self.root.set_visible(found);
        found
    }
}

/// A row to type an entry in. What is not right is said below it, and goes nowhere.
struct AddRow {
    prompt: String,
    row: Rc<CheckedRow>,
}

impl AddRow {
    fn new(group: Group, prompt: &str, on_change: &OnChange) -> Self {
        let title = gettext("{what}, such as {example}");
        let title = fill(&title, &[("what", prompt), ("example", typed::example(group))]);
        let row = Rc::new(CheckedRow::new(""));
        let entry = &row.entry;
        entry.set_use_underline(false);
        entry.set_show_apply_button(true);
        entry.set_title(&title);
        set_name(entry, prompt);

        // Nothing is called wrong before the person says that it is done.
        let refused = Rc::new(Cell::new(false));
        let judge = {
            // The entry is a part of it.
            let (row, refused) = (Rc::downgrade(&row), refused.clone());
            move |entry: &adw::EntryRow, say: bool| {
                let typed = entry.text();
                let judged = typed::parse(group, &typed);
                let why = judged.as_ref().err().filter(|_| say && !typed.is_empty());
                refused.set(why.is_some());
                if let Some(row) = row.upgrade() {
                    row.say(why.map(String::as_str));
                }
                judged.ok()
            }
        };
        let judge = Rc::new(judge);
        let again = judge.clone();
        entry.connect_changed(move |entry| drop(again(entry, refused.get())));
        let on_change = on_change.clone();
        let done = move |entry: &adw::EntryRow| {
            if let Some((permission, stand)) = judge(entry, true) {
                entry.set_text("");
                on_change(&permission, stand);
            }
        };
        let pressed = done.clone();
        entry.connect_apply(pressed);
        // Without a change there is no button to apply, and Return only activates.
        entry.connect_entry_activated(done);
        Self { prompt: prompt.to_owned(), row }
    }
}
