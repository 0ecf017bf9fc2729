//! The list of pages beside the content, each with a count of what differs.

use bucket::words::gettext;
use relm4::gtk;
use relm4::gtk::prelude::*;

use super::{label, set_name};
use crate::model::row_name;

/// A page as the sidebar lists it.
pub struct Entry {
    /// Its name: also the tag of its navigation page.
    pub name: &'static str,
    title: String,
    row: gtk::ListBoxRow,
    count: gtk::Label,
    warning: gtk::Image,
}

/// The sidebar's list.
pub struct Sidebar {
    pub list: gtk::ListBox,
    pub entries: Vec<Entry>,
}

impl Sidebar {
    /// A list of pages by name, title and icon; `chosen` is called with the name of the page to show.
    pub fn new(
        pages: Vec<(&'static str, String, &'static str)>,
        separators: &'static [&'static str],
        chosen: impl Fn(&'static str) + 'static,
    ) -> Self {
        let list = gtk::ListBox::new();
        list.add_css_class("navigation-sidebar");
        set_name(&list, &gettext("Pages"));
        let entries: Vec<Entry> =
            pages.into_iter().map(|(name, title, icon)| entry(&list, name, title, icon)).collect();
        let names: Vec<&'static str> = entries.iter().map(|entry| entry.name).collect();
        let of = names.clone();
        list.connect_row_activated(move |_, row| {
            let place = usize::try_from(row.index()).ok();
            if let Some(name) = place.and_then(|place| names.get(place)) {
                chosen(name);
            }
        });
        list.set_header_func(move |row, _| {
            let place = usize::try_from(row.index()).ok();
            let name = place.and_then(|place| of.get(place)).copied().unwrap_or_default();
            let separator = separators
                .contains(&name)
                .then(|| gtk::Separator::new(gtk::Orientation::Horizontal));
            row.set_header(separator.as_ref());
        });
        Self { list, entries }
    }

    /// Marks a page as the one shown.
    pub fn select(&self, name: &str) {
        let row = self.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.row);
        self.list.select_row(row);
    }

    /// Shows how many items of a page differ, or that it could not be read.
    pub fn set_count(&self, name: &str, differences: usize, failed: bool) {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else { return };
        entry.count.set_text(&differences.to_string());
        entry.count.set_visible(differences > 0);
        entry.warning.set_visible(failed);
        set_name(&entry.row, &row_name(&entry.title, differences, failed));
    }
}

fn entry(list: &gtk::ListBox, name: &'static str, title: String, icon: &str) -> Entry {
    let text = label(&[]);
    text.set_text(&title);
    text.set_hexpand(true);
    let count = gtk::Label::builder().visible(false).valign(gtk::Align::Center).build();
    count.add_css_class("count");
    let warning = gtk::Image::builder().icon_name("dialog-warning-symbolic").visible(false).build();
    warning.add_css_class("warning");
    let content = gtk::Box::new(gtk::Orientation::Horizontal, 12);
    content.append(&gtk::Image::from_icon_name(icon));
    content.append(&text);
    content.append(&warning);
    content.append(&count);
    let row = gtk::ListBoxRow::builder().child(&content).build();
    set_name(&row, &title);
    list.append(&row);
    Entry { name, title, row, count, warning }
}
