//! Settings with several texts: lists, and sets of flags.

use std::cell::RefCell;
use std::rc::Rc;

use bucket::subsystem::gsettings::catalog::title_of;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::gtk::glib::Variant;
use relm4::{adw, gtk};

use super::set_name;
use super::setting_row::{Parts, Voice, put_text};
use crate::browse::Shown;

/// A list of texts, each in an entry, with one more to add another. `ordered` says that they can be moved.
pub fn list(shown: &Shown, ordered: bool, voice: Voice) -> Parts {
    let row = adw::ExpanderRow::builder().title_lines(3).subtitle_lines(5).build();
    let add =
        adw::EntryRow::builder().title(gettext("Add an Entry")).show_apply_button(true).build();
    let list = Rc::new(List {
        title: shown.setting.title.clone(),
        row: row.downgrade(),
        add: add.downgrade(),
        ordered,
        entries: RefCell::default(),
        texts: RefCell::default(),
        voice,
    });
    let of = list.clone();
    add.connect_apply(move |add| {
        let text = add.text().to_string();
        put_text(add, "");
        if !text.is_empty() {
            of.change(|texts| texts.push(text));
        }
    });
    row.add_row(&add);
    let put = move |value: &Variant| list.put(value.get().unwrap_or_default());
    Parts { row: row.upcast(), put: Rc::new(put) }
}

struct List {
    title: String,
    row: gtk::glib::WeakRef<adw::ExpanderRow>,
    add: gtk::glib::WeakRef<adw::EntryRow>,
    ordered: bool,
    entries: RefCell<Vec<adw::EntryRow>>,
    texts: RefCell<Vec<String>>,
    voice: Voice,
}

impl List {
    /// Changes the list as the person wants it. It is shown at once, so that a second change adds to the first.
    fn change(self: &Rc<Self>, change: impl FnOnce(&mut Vec<String>)) {
        let mut texts = self.texts.borrow().clone();
        change(&mut texts);
        self.put(texts.clone());
        self.voice.set(texts.to_variant());
    }

    fn put(self: &Rc<Self>, texts: Vec<String>) {
        let Some(row) = self.row.upgrade() else { return };
        let entries = self.entries.borrow().clone();
        if entries.len() == texts.len() {
            let before = self.texts.replace(texts.clone());
            for ((entry, text), before) in entries.iter().zip(&texts).zip(&before) {
                // What is being typed into one stays when it is another that has changed.
                if text != before {
                    put_text(entry, text);
                }
            }
            return;
        }
        self.entries.replace(Vec::new());
        for entry in entries {
            row.remove(&entry);
        }
        // New rows come last, so the one that adds comes after them anew.
        if let Some(add) = self.add.upgrade() {
            let typing = add.state_flags().contains(gtk::StateFlags::FOCUS_WITHIN);
            row.remove(&add);
            let entries: Vec<adw::EntryRow> =
                (0..texts.len()).map(|at| self.entry(at, &texts)).collect();
            for entry in &entries {
                row.add_row(entry);
            }
            row.add_row(&add);
            if typing {
                add.grab_focus();
            }
            self.entries.replace(entries);
        }
        self.texts.replace(texts);
    }

    fn entry(self: &Rc<Self>, at: usize, texts: &[String]) -> adw::EntryRow {
        let entry = adw::EntryRow::builder().use_markup(false).build();
        let number = (at + 1).to_string();
        entry.set_title(&fill(&gettext("Entry {number}"), &[("number", &number)]));
        entry.set_text(&texts[at]);
        entry.set_show_apply_button(true);
        let list = Rc::downgrade(self);
        entry.connect_apply(move |entry| {
            if let Some(list) = list.upgrade() {
                let text = entry.text().to_string();
                list.change(|texts| {
                    if let Some(old) = texts.get_mut(at) {
                        *old = text;
                    }
                });
            }
        });
        let last = texts.len() - 1;
        if self.ordered {
            let up = self.button("go-up-symbolic", &gettext("Move Up"), &number, move |texts| {
                if at < texts.len() {
                    texts.swap(at, at.saturating_sub(1));
                }
            });
            up.set_sensitive(at > 0);
            let down =
                self.button("go-down-symbolic", &gettext("Move Down"), &number, move |texts| {
                    if at + 1 < texts.len() {
                        texts.swap(at, at + 1);
                    }
                });
            down.set_sensitive(at < last);
            entry.add_suffix(&up);
            entry.add_suffix(&down);
        }
        let remove =
            self.button("user-trash-symbolic", &gettext("Remove"), &number, move |texts| {
                if at < texts.len() {
                    texts.remove(at);
                }
            });
        entry.add_suffix(&remove);
        entry
    }

    fn button(
        self: &Rc<Self>,
        icon: &str,
        verb: &str,
        number: &str,
        change: impl Fn(&mut Vec<String>) + 'static,
    ) -> gtk::Button {
        let button = gtk::Button::from_icon_name(icon);
        button.set_valign(gtk::Align::Center);
        button.add_css_class("flat");
        button.set_tooltip_text(Some(verb));
        // Translators: a button's name, such as "Remove: entry 2 of Favorite apps".
        let name = gettext("{verb}: entry {number} of {item}");
        let parts = [("verb", verb), ("number", number), ("item", self.title.as_str())];
        set_name(&button, &fill(&name, &parts));
        let list = Rc::downgrade(self);
        button.connect_clicked(move |_| {
            if let Some(list) = list.upgrade() {
                list.change(&change);
            }
        });
        button
    }
}

/// Any of a few texts, each with a tick.
pub fn flags(flags: &[String], voice: Voice) -> Parts {
    let row = adw::ExpanderRow::builder().title_lines(3).subtitle_lines(5).build();
    let checks: Rc<Vec<(String, gtk::CheckButton)>> = Rc::new(
        flags
            .iter()
            .map(|flag| {
                let title = title_of(flag);
                let check = gtk::CheckButton::builder().valign(gtk::Align::Center).build();
                set_name(&check, &title);
                let one = adw::ActionRow::builder().use_markup(false).build();
                one.set_title(&title);
                one.add_prefix(&check);
                one.set_activatable_widget(Some(&check));
                row.add_row(&one);
                (flag.clone(), check)
            })
            .collect(),
    );
    for (_, check) in checks.iter() {
        let (all, voice) = (Rc::downgrade(&checks), voice.clone());
        check.connect_toggled(move |_| {
            let Some(all) = all.upgrade() else { return };
            let on = all.iter().filter(|(_, check)| check.is_active());
            voice.set(on.map(|(flag, _)| flag.clone()).collect::<Vec<_>>().to_variant());
        });
    }
    let put = move |value: &Variant| {
        let on: Vec<String> = value.get().unwrap_or_default();
        for (flag, check) in checks.iter() {
            check.set_active(on.contains(flag));
        }
    };
    Parts { row: row.upcast(), put: Rc::new(put) }
}
