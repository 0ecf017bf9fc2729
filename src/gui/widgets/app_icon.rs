//! Icons of installed apps.

use std::path::PathBuf;

use relm4::gtk;
use relm4::gtk::prelude::*;

/// Makes the icons of these directories known: those of the person's apps are not always on the desktop's own path.
pub fn add_dirs(dirs: &[PathBuf]) {
    let Some(display) = gtk::gdk::Display::default() else { return };
    let theme = gtk::IconTheme::for_display(&display);
    let known = theme.search_path();
    for dir in dirs {
        if !known.contains(dir) {
            theme.add_search_path(dir);
        }
    }
}

/// The icon of an app, or of all apps.
pub fn app_icon(id: Option<&str>) -> gtk::Image {
    let image = gtk::Image::builder().pixel_size(32).valign(gtk::Align::Center).build();
    image.set_accessible_role(gtk::AccessibleRole::Presentation);
    let theme = gtk::gdk::Display::default().map(|d| gtk::IconTheme::for_display(&d));
    match id.filter(|id| theme.is_some_and(|theme| theme.has_icon(id))) {
        Some(id) => {
            image.set_icon_name(Some(id));
            image.add_css_class("lowres-icon");
        }
        None => {
            let all = id.is_none();
            let name =
                if all { "view-app-grid-symbolic" } else { "application-x-executable-symbolic" };
            image.set_icon_name(Some(name));
            image.set_pixel_size(24);
            image.set_margin_start(4);
            image.set_margin_end(4);
        }
    }
    image
}
