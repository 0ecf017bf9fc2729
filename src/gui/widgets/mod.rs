//! Widgets that more than one page uses, or that are big enough to stand alone.

pub mod app_icon;
pub mod at_top;
pub mod checked_row;
pub mod diff_list;
pub mod drift_row;
pub mod first_run_dialog;
pub mod notices;
pub mod permission_group;
pub mod permission_row;
pub mod plan_dialog;
pub mod plan_progress;
pub mod pull_dialog;
pub mod repository_group;
pub mod review_files;
pub mod row_object;
pub mod setting_list;
pub mod setting_row;
pub mod sidebar;

use bucket::words::gettext;
use relm4::gtk::glib::prelude::*;
use relm4::gtk::prelude::*;
use relm4::{adw, gtk};

/// A place for what programs say, as a terminal shows it.
pub fn output_view() -> gtk::TextView {
    let text = gtk::TextView::builder()
        .editable(false)
        .monospace(true)
        .wrap_mode(gtk::WrapMode::WordChar)
        .left_margin(12)
        .right_margin(12)
        .top_margin(12)
        .bottom_margin(12)
        .build();
    set_name(&text, &gettext("Output"));
    text
}

/// Gives a widget that shows text a name of its own for screen readers: "Capture Notes" on a button that says
/// "Capture".
pub fn set_name(widget: &impl IsA<gtk::Widget>, name: &str) {
    let widget = widget.upcast_ref::<gtk::Widget>();
    // A button is labelled by the text in it, and that relation would win.
    widget.reset_relation(gtk::AccessibleRelation::LabelledBy);
    widget.update_property(&[gtk::accessible::Property::Label(name)]);
}

/// Gives the items of a button's menu their names for screen readers, each time it opens: GTK 4.18 leaves them
/// without any.
pub fn name_menu(button: &gtk::MenuButton) {
    if let Some(popover) = button.popover() {
        popover.connect_map(|popover| name_items(popover.upcast_ref()));
    }
}

fn name_items(widget: &gtk::Widget) {
    let mut child = widget.first_child();
    while let Some(widget) = child {
        // The type is GTK's own; its property is what there is to know it by.
        if widget.type_().name() == "GtkModelButton" && widget.has_property("text") {
            let text: Option<String> = widget.property("text");
            set_name(&widget, &text.unwrap_or_default().replace('_', ""));
        }
        name_items(&widget);
        child = widget.next_sibling();
    }
}

/// A label that gives way where there is no room, and never reads its text as markup.
pub fn label(classes: &[&str]) -> gtk::Label {
    let label = gtk::Label::builder().xalign(0.0).ellipsize(gtk::pango::EllipsizeMode::End).build();
    for class in classes {
        label.add_css_class(class);
    }
    label
}

/// What is broken over two lines gets no hyphen that is not in it: a key, a line of a file.
pub fn no_hyphens() -> gtk::pango::AttrList {
    let attributes = gtk::pango::AttrList::new();
    attributes.insert(gtk::pango::AttrInt::new_insert_hyphens(false));
    attributes
}

/// A bar of buttons below a page, which takes more lines where there is no room for one.
pub fn button_bar(children: &[&gtk::Widget]) -> adw::WrapBox {
    let bar = adw::WrapBox::builder().child_spacing(6).line_spacing(6).align(1.0).build();
    bar.add_css_class("toolbar");
    for child in children {
        bar.append(*child);
    }
    bar
}

/// What is shown while something is read.
pub fn loading() -> adw::Spinner {
    let spinner = adw::Spinner::builder().width_request(32).height_request(32).build();
    spinner.set_halign(gtk::Align::Center);
    spinner.set_valign(gtk::Align::Center);
    set_name(&spinner, &gettext("Reading"));
    spinner
}

/// A search that a page opens.
pub struct Search {
    /// Goes below the header.
    pub bar: gtk::SearchBar,
    /// Goes into the header, and opens the bar.
    pub button: gtk::ToggleButton,
    /// What is typed into.
    pub entry: gtk::SearchEntry,
}

/// A closed search; `changed` is called with what is typed. Keys typed on `capture` go to it.
pub fn search(
    capture: Option<&adw::NavigationPage>,
    hint: &str,
    changed: impl Fn(String) + 'static,
) -> Search {
    let button = gtk::ToggleButton::builder().icon_name("edit-find-symbolic").build();
    button.set_tooltip_text(Some(&gettext("Search")));
    set_name(&button, &gettext("Search"));
    let entry = gtk::SearchEntry::builder().hexpand(true).placeholder_text(hint).build();
    set_name(&entry, &gettext("Search"));
    entry.connect_search_changed(move |entry| changed(entry.text().to_string()));
    let clamp = adw::Clamp::builder().maximum_size(400).child(&entry).build();
    let bar = gtk::SearchBar::builder().child(&clamp).build();
    bar.connect_entry(&entry);
    bar.bind_property("search-mode-enabled", &button, "active")
        .bidirectional()
        .sync_create()
        .build();
    bar.set_key_capture_widget(capture);
    Search { bar, button, entry }
}

/// Opens a search, or goes back to it.
pub fn open_search(bar: &gtk::SearchBar) {
    bar.set_search_mode(true);
    bar.child_focus(gtk::DirectionType::TabForward);
}

/// A button that copies `text`; `name` tells a screen reader of which it is.
pub fn copy_button(tooltip: &str, name: &str, text: &str) -> gtk::Button {
    let copy = gtk::Button::from_icon_name("edit-copy-symbolic");
    copy.set_valign(gtk::Align::Center);
    copy.add_css_class("flat");
    copy.set_tooltip_text(Some(tooltip));
    set_name(&copy, name);
    let text = text.to_owned();
    copy.connect_clicked(move |button| button.clipboard().set_text(&text));
    copy
}

/// Shows `full` in a tooltip, as plain text.
pub fn set_tooltip(widget: &impl IsA<gtk::Widget>, full: &str) {
    widget.set_tooltip_text(Some(full).filter(|text| !text.is_empty()));
}

/// A row with text as a terminal shows it, which can be selected and copied.
pub fn code_row(text: &str) -> gtk::ListBoxRow {
    let label = gtk::Label::builder()
        .label(text)
        .xalign(0.0)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .selectable(true)
        .build();
    label.add_css_class("monospace");
    label.add_css_class("output");
    gtk::ListBoxRow::builder().child(&label).activatable(false).build()
}

/// A small word of warning.
pub fn tag(text: &str, class: Option<&str>) -> gtk::Label {
    let label = gtk::Label::builder().label(text).valign(gtk::Align::Center).build();
    label.add_css_class("tag");
    if let Some(class) = class {
        label.add_css_class(class);
    }
    label
}
