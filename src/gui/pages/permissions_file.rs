//! The override file of one layer as it stands, beside what the manifest would make of it.

use bucket::core::item::ItemKey;
use bucket::host::flatpak::Scope;
use bucket::words::gettext;
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use crate::diff::DiffLine;
use crate::pages::detail;
use crate::permissions::{App, Data, diff};
use crate::widgets::copy_button;
use crate::widgets::diff_list::{Sides, diff_list};

/// The page's tag begins with this.
const TAG: &str = "override-file";

/// An empty page for the file of a layer.
pub fn new_page(key: &ItemKey, layer: Scope) -> adw::NavigationPage {
    let tag = format!("{TAG}\n{}\n{key}", layer.as_str());
    adw::NavigationPage::builder().title(gettext("Override File")).tag(tag).build()
}

/// The app and layer whose file this page shows, if it is such a page.
fn of_page(page: &adw::NavigationPage) -> Option<(ItemKey, Scope)> {
    let tag = page.tag()?;
    let (layer, key) = tag.strip_prefix(TAG)?.strip_prefix('\n')?.split_once('\n')?;
    Some((ItemKey::new(key), Scope::parse(layer)?))
}

/// Brings the page up to date, if it is such a page. One that says the same as `before` stays, with what is selected.
pub fn fill_page(page: &adw::NavigationPage, data: &Data, before: Option<&Data>) {
    let Some((key, layer)) = of_page(page) else { return };
    let same = |before: &Data| matches!((before.with_file(&key), data.with_file(&key)), (Some(old), Some(new)) if old == new);
    if page.child().is_some() && before.is_some_and(same) {
        return;
    }
    let left = data.app(&key).is_none();
    let content = match (data.with_file(&key), &data.trouble) {
        (Some(app), _) => content(app, layer, left),
        (None, Some(why)) => {
            status("dialog-error-symbolic", &gettext("Could Not Be Read"), Some(why))
        }
        (None, None) => {
            status("action-unavailable-symbolic", &gettext("No Longer Installed"), None)
        }
    };
    let toolbar = adw::ToolbarView::builder().content(&content).build();
    toolbar.add_top_bar(&adw::HeaderBar::new());
    page.set_child(Some(&toolbar));
}

fn status(icon: &str, title: &str, text: Option<&str>) -> gtk::Widget {
    let page = adw::StatusPage::builder().icon_name(icon).title(title).build();
    page.set_description(text.map(relm4::gtk::glib::markup_escape_text).as_deref());
    page.upcast()
}

fn content(app: &App, layer: Scope, left: bool) -> gtk::Widget {
    let Some((_, path, file)) = app.files.iter().find(|(of, ..)| *of == layer) else {
        return status("action-unavailable-symbolic", &gettext("There Is No Such File"), None);
    };
    let raw = match file {
        Ok(raw) => raw,
        Err(why) => {
            return status("dialog-error-symbolic", &gettext("Could Not Be Read"), Some(why));
        }
    };
    let lines = diff(raw);
    if lines.is_empty() {
        let text = gettext("There is no file: nothing is overridden.");
        return status("document-open-symbolic", &gettext("No Overrides"), Some(&text));
    }
    let differs = lines.iter().any(DiffLine::differs);
    let about = adw::ActionRow::builder().use_markup(false).subtitle_selectable(true).build();
    about.set_title(path);
    about.set_subtitle(&match (app.tracked, differs) {
        (false, _) => gettext("Not in the manifest"),
        (true, false) => gettext("The manifest says the same"),
        (true, true) => gettext("− only in the manifest · + only on this machine"),
    });
    about.add_suffix(&copy_button(&gettext("Copy"), &gettext("Copy Override File"), &raw.now));
    let head = adw::PreferencesGroup::new();
    head.add(&about);
    if let Some(command) = app.reset_command(layer).filter(|_| left) {
        head.add(&detail::text_row(&gettext("To Remove It, Run"), Some(&command), Some("")));
    }
    let sides = Sides::manifest_and_system();
    let group = adw::PreferencesGroup::new();
    group.add(&diff_list(&gettext("Override File"), &lines, &sides));
    let page = adw::PreferencesPage::new();
    page.add(&head);
    page.add(&group);
    page.upcast()
}
