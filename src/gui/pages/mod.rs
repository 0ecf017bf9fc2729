//! The pages of the window.

pub mod containerfile;
pub mod detail;
pub mod drift;
pub mod drift_list;
pub mod fields;
pub mod history;
pub mod log;
pub mod overview;
pub mod permissions;
pub mod permissions_app;
pub mod permissions_file;
pub mod review;
pub mod settings;

use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::{adw, gtk};

/// Fills `page` with a header and a stack of `empty` and `list`, under these names, and returns the stack.
fn list_or_empty(
    page: &adw::NavigationPage,
    list: &adw::PreferencesPage,
    empty: &adw::StatusPage,
) -> gtk::Stack {
    let stack = gtk::Stack::new();
    stack.add_named(empty, Some("empty"));
    stack.add_named(list, Some("list"));
    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&adw::HeaderBar::new());
    page.set_child(Some(&toolbar));
    stack
}

/// A time of the journal or of a report, as people here write it; `format` is as in `date`.
pub fn local_time(rfc3339: &str, format: &str) -> String {
    let time = glib::DateTime::from_iso8601(rfc3339, None).and_then(|time| time.to_local());
    match time.and_then(|time| time.format(format)) {
        Ok(text) => text.to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}
