//! An entry with what is wrong with it below.

use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use super::set_name;

/// The two rows of it, both for the same list.
pub struct CheckedRow {
    pub entry: adw::EntryRow,
    pub error: adw::PreferencesRow,
    text: gtk::Label,
}

impl CheckedRow {
    /// An empty entry. Its title may have a mnemonic, and is never read as markup.
    pub fn new(title: &str) -> Self {
        let entry = adw::EntryRow::builder().use_markup(false).use_underline(true).build();
        entry.set_title(title);
        let text = gtk::Label::builder().xalign(0.0).wrap(true).build();
        text.set_wrap_mode(gtk::pango::WrapMode::WordChar);
        text.add_css_class("error");
        text.add_css_class("caption");
        text.add_css_class("entry-error");
        // A group puts any other row below its list.
        let error = adw::PreferencesRow::builder().child(&text).visible(false).build();
        error.set_activatable(false);
        error.set_focusable(false);
        Self { entry, error, text }
    }

    /// Puts both into a group.
    pub fn add_to(&self, group: &adw::PreferencesGroup) {
        group.add(&self.entry);
        group.add(&self.error);
    }

    /// A button at the end of the entry.
    pub fn add_button(&self, icon: &str, name: &str) -> gtk::Button {
        let button = gtk::Button::builder().icon_name(icon).valign(gtk::Align::Center).build();
        button.add_css_class("flat");
        button.set_tooltip_text(Some(name));
        set_name(&button, name);
        self.entry.add_suffix(&button);
        button
    }

    /// Says what is wrong, if anything is.
    pub fn say(&self, why: Option<&str>) {
        match why.is_some() {
            true => self.entry.add_css_class("error"),
            false => self.entry.remove_css_class("error"),
        }
        let changed = why.is_some_and(|why| why != self.text.text());
        self.text.set_text(why.unwrap_or_default());
        self.error.set_visible(why.is_some());
        if let (true, Some(why)) = (changed, why) {
            let entry = self.entry.upcast_ref::<gtk::Widget>();
            entry.announce(why, gtk::AccessibleAnnouncementPriority::Medium);
        }
    }
}
