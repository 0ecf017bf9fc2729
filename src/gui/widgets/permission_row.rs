//! One permission: what it is, what every layer says of it, and how it is changed.
//!
//! Wide, the controls stand beside the words; narrow, below them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bucket::subsystem::flatpak::edit::Stand;
use bucket::subsystem::flatpak::effective::Permission;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use super::{label, set_name, set_tooltip};
use crate::permissions::rows::{Control, Shown};

/// The page's action that copies a command.
pub const COPY: &str = "permissions.copy";

/// What a row asks for.
pub type OnChange = Rc<dyn Fn(&Permission, Stand)>;

enum Widget {
    Three(adw::ToggleGroup),
    Choice(gtk::DropDown, Vec<Stand>),
    Text(gtk::Entry),
    Keep,
}

/// The row.
pub struct PermissionRow {
    pub root: adw::PreferencesRow,
    outer: gtk::Box,
    controls: gtk::Box,
    subtitle: gtk::Label,
    provenance: gtk::Label,
    note: gtk::Label,
    widget: Widget,
    reset: gtk::Button,
    unset: Option<gtk::Button>,
    copy: gtk::Button,
    shown: RefCell<Shown>,
    /// The row is being brought up to date: nobody has chosen anything.
    quiet: Rc<Cell<bool>>,
    /// Nothing can be changed.
    locked: Cell<bool>,
}

/// A label whose text goes on in the next line, and never is markup.
fn wrapped(classes: &[&str]) -> gtk::Label {
    let text = label(classes);
    text.set_ellipsize(gtk::pango::EllipsizeMode::None);
    text.set_wrap(true);
    text.set_wrap_mode(gtk::pango::WrapMode::WordChar);
    text.set_width_chars(5);
    text
}

fn icon_button(icon: &str) -> gtk::Button {
    let button = gtk::Button::from_icon_name(icon);
    button.set_valign(gtk::Align::Center);
    button.add_css_class("flat");
    button
}

/// The name of one of a row's controls: "Network: Deny".
fn control_name(title: &str, what: &str) -> String {
    fill(&gettext("{permission}: {choice}"), &[("permission", title), ("choice", what)])
}

impl PermissionRow {
    /// A row for `shown`, which calls `on_change` when the person chooses something else.
    pub fn new(shown: &Shown, on_change: &OnChange) -> Self {
        let title = wrapped(&[]);
        title.set_text(&shown.title);
        let subtitle = wrapped(&["caption", "dimmed"]);
        let provenance = wrapped(&["caption"]);
        let note = wrapped(&["caption", "warning"]);
        let texts = gtk::Box::new(gtk::Orientation::Vertical, 2);
        texts.set_hexpand(true);
        texts.set_valign(gtk::Align::Center);
        for text in [&title, &subtitle, &provenance, &note] {
            texts.append(text);
        }
        let quiet = Rc::new(Cell::new(false));
        let controls = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        controls.set_valign(gtk::Align::Center);
        let widget = control(shown, on_change, &quiet);
        match &widget {
            Widget::Three(group) => controls.append(group),
            Widget::Choice(choice, _) => controls.append(choice),
            Widget::Text(entry) => controls.append(entry),
            Widget::Keep => (),
        }
        let on = |stand: Stand| {
            let (on_change, permission) = (on_change.clone(), shown.permission.clone());
            move |_: &gtk::Button| on_change(&permission, stand.clone())
        };
        let unset = matches!(widget, Widget::Text(_)).then(|| {
            let unset = icon_button("edit-clear-symbolic");
            set_tooltip(&unset, &gettext("Unset"));
            set_name(&unset, &control_name(&shown.title, &gettext("Unset")));
            unset.connect_clicked(on(Stand::Deny));
            controls.append(&unset);
            unset
        });
        let copy = icon_button("edit-copy-symbolic");
        set_name(&copy, &control_name(&shown.title, &gettext("Copy Command")));
        copy.set_visible(false);
        copy.connect_clicked(|button| {
            let command = button.tooltip_text().unwrap_or_default();
            // The page knows how to say that it was copied; without a page there is nobody to tell.
            drop(button.activate_action(COPY, Some(&command.as_str().to_variant())));
        });
        controls.append(&copy);
        let reset = icon_button("edit-undo-symbolic");
        set_tooltip(&reset, &gettext("Reset"));
        set_name(&reset, &control_name(&shown.title, &gettext("Reset")));
        reset.connect_clicked(on(Stand::Inherit));
        controls.append(&reset);

        let outer = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        outer.add_css_class("permission");
        outer.append(&texts);
        outer.append(&controls);
        let root = adw::PreferencesRow::builder().activatable(false).child(&outer).build();
        let row = Self {
            root,
            outer,
            controls,
            subtitle,
            provenance,
            note,
            widget,
            reset,
            unset,
            copy,
            shown: RefCell::new(shown.clone()),
            quiet,
            locked: Cell::new(false),
        };
        row.show(shown);
        row
    }

    /// Whether it can show `shown` with the widgets it has.
    pub fn fits(&self, shown: &Shown) -> bool {
        let fits = match (&self.widget, &shown.control) {
            (Widget::Choice(_, stands), Control::Choice(options, _)) => {
                stands.len() == options.len()
            }
            (Widget::Three(_), Control::Three(_))
            | (Widget::Text(_), Control::Text { .. })
            | (Widget::Keep, Control::Keep) => true,
            _ => false,
        };
        fits && self.shown.borrow().permission == shown.permission
    }

    /// Brings it up to date.
    pub fn show(&self, shown: &Shown) {
        let parts = [shown.token.as_deref(), shown.description.as_deref()];
        let subtitle = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        self.subtitle.set_visible(!subtitle.is_empty());
        self.subtitle.set_text(&subtitle);
        self.provenance.set_text(&shown.provenance());
        self.provenance.set_attributes(Some(&emphasis(shown)));
        self.note.set_visible(shown.note.is_some());
        self.note.set_text(shown.note.as_deref().unwrap_or_default());
        set_name(&self.root, &shown.title);
        let spoken = [Some(shown.provenance()), shown.note.clone()];
        let spoken = spoken.into_iter().flatten().collect::<Vec<_>>().join(". ");
        let root = self.root.upcast_ref::<gtk::Widget>();
        root.update_property(&[gtk::accessible::Property::Description(&spoken)]);
        self.quiet.set(true);
        match (&self.widget, &shown.control) {
            (Widget::Three(group), Control::Three(at)) => {
                let at = at.unwrap_or(gtk::INVALID_LIST_POSITION);
                if group.active() != at {
                    group.set_active(at);
                }
            }
            (Widget::Choice(choice, _), Control::Choice(_, at)) => {
                choice.set_selected(at.unwrap_or(gtk::INVALID_LIST_POSITION));
            }
            (Widget::Text(entry), Control::Text { value, unset }) => {
                let before = match &self.shown.borrow().control {
                    Control::Text { value, .. } => value.clone(),
                    _ => String::new(),
                };
                // What is being typed stays.
                if (entry.text() == before || *value != before) && entry.text() != *value {
                    entry.set_text(value);
                    entry.set_secondary_icon_name(None);
                }
                let hint = if *unset { gettext("Unset") } else { gettext("Inherit") };
                entry.set_placeholder_text(Some(&hint));
                if let Some(button) = &self.unset {
                    button.set_sensitive(!*unset);
                }
            }
            _ => (),
        }
        self.quiet.set(false);
        self.reset.set_sensitive(shown.set);
        self.reset.set_opacity(if shown.set { 1.0 } else { 0.0 });
        self.shown.replace(shown.clone());
    }

    /// Lets nothing be changed; `command` is what a person can do instead.
    pub fn set_locked(&self, locked: bool, command: Option<&str>) {
        match &self.widget {
            Widget::Three(group) => {
                group.set_sensitive(!locked);
                // Screen readers do not hear of what is insensitive because of its group.
                for button in choices(group) {
                    button.update_state(&[gtk::accessible::State::Disabled(locked)]);
                }
            }
            Widget::Choice(choice, _) => choice.set_sensitive(!locked),
            Widget::Text(entry) => entry.set_sensitive(!locked),
            Widget::Keep => (),
        }
        self.locked.set(locked);
        if locked {
            self.reset.set_visible(false);
            if let Some(unset) = &self.unset {
                unset.set_sensitive(false);
            }
        }
        self.copy.set_visible(command.is_some());
        set_tooltip(&self.copy, command.unwrap_or_default());
    }

    /// Puts the controls below the words, or beside them.
    pub fn set_narrow(&self, narrow: bool) {
        let direction =
            if narrow { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal };
        self.outer.set_orientation(direction);
        self.outer.set_spacing(if narrow { 6 } else { 12 });
        let wide: Option<&gtk::Widget> = match &self.widget {
            Widget::Three(group) => Some(group.upcast_ref()),
            Widget::Choice(choice, _) => Some(choice.upcast_ref()),
            Widget::Text(entry) => Some(entry.upcast_ref()),
            Widget::Keep => None,
        };
        if let Some(wide) = wide {
            wide.set_hexpand(narrow);
        }
        if let Widget::Three(group) = &self.widget {
            group.set_can_shrink(narrow);
        }
        // One of three does the same, and there is no room for both.
        let three = matches!(self.shown.borrow().control, Control::Three(Some(_)));
        self.reset.set_visible(!(self.locked.get() || narrow && three));
        let end = if narrow && wide.is_some() { gtk::Align::Fill } else { gtk::Align::End };
        self.controls.set_halign(end);
        // Nothing to press needs no line of its own.
        self.controls.set_visible(!narrow || wide.is_some() || self.shown.borrow().set);
    }
}

/// The buttons of a group: they are its own, and found below it, in order.
fn choices(group: &adw::ToggleGroup) -> Vec<gtk::Widget> {
    let children = std::iter::successors(group.first_child(), gtk::Widget::next_sibling);
    children.filter(|child| child.accessible_role() == gtk::AccessibleRole::Radio).collect()
}

fn control(shown: &Shown, on_change: &OnChange, quiet: &Rc<Cell<bool>>) -> Widget {
    let (on_change, permission, quiet) =
        (on_change.clone(), shown.permission.clone(), quiet.clone());
    match &shown.control {
        Control::Three(_) => {
            let group = adw::ToggleGroup::builder().homogeneous(true).build();
            group.set_valign(gtk::Align::Center);
            let titles = [gettext("Inherit"), gettext("Allow"), gettext("Deny")];
            for title in &titles {
                group.add(adw::Toggle::builder().label(title.as_str()).build());
            }
            for (button, title) in choices(&group).iter().zip(&titles) {
                set_name(button, &control_name(&shown.title, title));
            }
            set_name(&group, &shown.title);
            group.connect_active_notify(move |group| {
                let stand = match group.active() {
                    0 => Stand::Inherit,
                    1 => Stand::Allow,
                    2 => Stand::Deny,
                    _ => return,
                };
                if !quiet.get() {
                    on_change(&permission, stand);
                }
            });
            Widget::Three(group)
        }
        Control::Choice(options, _) => {
            let titles: Vec<&str> = options.iter().map(|(title, _)| title.as_str()).collect();
            let stands: Vec<Stand> = options.iter().map(|(_, stand)| stand.clone()).collect();
            let choice = gtk::DropDown::from_strings(&titles);
            choice.set_valign(gtk::Align::Center);
            set_name(&choice, &shown.title);
            let of = stands.clone();
            choice.connect_selected_notify(move |choice| {
                let at = usize::try_from(choice.selected()).ok();
                if let (Some(stand), false) = (at.and_then(|at| of.get(at)), quiet.get()) {
                    on_change(&permission, stand.clone());
                }
            });
            Widget::Choice(choice, stands)
        }
        Control::Text { .. } => {
            let entry = gtk::Entry::builder().valign(gtk::Align::Center).width_chars(8).build();
            set_name(&entry, &shown.title);
            entry.connect_changed(move |entry| {
                if !quiet.get() {
                    entry.set_secondary_icon_name(Some("object-select-symbolic"));
                    entry.set_secondary_icon_tooltip_text(Some(&gettext("Set")));
                }
            });
            let apply = Rc::new(move |entry: &gtk::Entry| {
                entry.set_secondary_icon_name(None);
                on_change(&permission, Stand::Value(entry.text().to_string()));
            });
            let pressed = apply.clone();
            entry.connect_activate(move |entry| apply(entry));
            entry.connect_icon_press(move |entry, _| pressed(entry));
            Widget::Text(entry)
        }
        Control::Keep => Widget::Keep,
    }
}

/// What holds is bold, and what differs from the manifest is marked: both are in words too.
fn emphasis(shown: &Shown) -> gtk::pango::AttrList {
    let attributes = gtk::pango::AttrList::new();
    let mut at = 0;
    for part in &shown.parts {
        let end = at + part.text.len();
        if part.decides {
            let mut bold = gtk::pango::AttrInt::new_weight(gtk::pango::Weight::Bold);
            bold.set_start_index(u32::try_from(at).unwrap_or_default());
            bold.set_end_index(u32::try_from(end).unwrap_or_default());
            attributes.insert(bold);
        }
        at = end + " · ".len();
    }
    attributes
}
