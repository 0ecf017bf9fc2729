//! Widgets that more than one page uses, or that are big enough to stand alone.

pub mod app_icon;
pub mod drift_row;
pub mod notices;
pub mod permission_group;
pub mod permission_row;
pub mod plan_dialog;
pub mod plan_progress;
pub mod row_object;
pub mod setting_list;
pub mod setting_row;
pub mod sidebar;

use relm4::gtk::glib::prelude::*;
use relm4::gtk::prelude::*;
use relm4::{adw, gtk};

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

/// What is shown while something is read.
pub fn loading() -> adw::Spinner {
    let spinner = adw::Spinner::builder().width_request(32).height_request(32).build();
    spinner.set_halign(gtk::Align::Center);
    spinner.set_valign(gtk::Align::Center);
    set_name(&spinner, &bucket::words::gettext("Reading"));
    spinner
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
