//! The window's actions, their keys, and the menu that lists them.

use bucket::words::gettext;
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::{Sender, adw, gtk};

use crate::app::AppMsg;
use crate::first_run::Way;

const UNDO: &str = "<Control>z";
const REDO: &str = "<Control><Shift>z";
const SELECT_ALL: &str = "<Control>a";

/// A group of shortcuts as the shortcuts dialog lists them: title, and keys with what they do.
pub type ShortcutGroup = (String, Vec<(&'static str, String)>);

/// An action without a parameter: its name, its keys, and what it asks for.
type Plain = (&'static str, &'static [&'static str], fn() -> AppMsg);

/// Every shortcut, for the dialog; keys in GTK's notation.
pub fn shortcuts() -> Vec<ShortcutGroup> {
    vec![
        (
            gettext("General"),
            vec![
                ("<Control>f", gettext("Search")),
                ("F5", gettext("Refresh")),
                ("<Control>z", gettext("Undo")),
                ("<Control><Shift>z", gettext("Redo")),
                ("F10", gettext("Main Menu")),
                ("<Control>comma", gettext("Preferences")),
                ("<Control>question", gettext("Keyboard Shortcuts")),
                ("<Control>w", gettext("Close Window")),
                ("<Control>q", gettext("Quit")),
            ],
        ),
        (
            gettext("Selection"),
            vec![
                ("<Control>a", gettext("Select All")),
                ("Escape", gettext("Clear Selection")),
                ("Return", gettext("Show Details")),
            ],
        ),
        (gettext("Review & Commit"), vec![("<Control>Return", gettext("Commit What Is Ticked"))]),
        (gettext("Pages"), vec![("<Control>1…9", gettext("Go to a Page"))]),
    ]
}

/// Adds the actions to the window, and their keys to the application.
pub fn add(window: &adw::ApplicationWindow, pages: &[&'static str], sender: &Sender<AppMsg>) {
    let app = relm4::main_application();
    let plain: [Plain; 13] = [
        ("search", &["<Control>f"], || AppMsg::Search),
        ("refresh", &["F5", "<Control>r"], || AppMsg::Refresh),
        ("undo", &[], || AppMsg::Undo(None)),
        ("redo", &[], || AppMsg::Redo),
        ("select-all", &[], || AppMsg::SelectAll),
        ("preferences", &["<Control>comma"], || AppMsg::Preferences),
        ("shortcuts", &["<Control>question"], || AppMsg::Shortcuts),
        ("about", &[], || AppMsg::About),
        ("choose", &[], || AppMsg::Begin(Way::Choose)),
        ("clone", &[], || AppMsg::Begin(Way::Clone)),
        ("create", &[], || AppMsg::Begin(Way::Create)),
        ("all-settings", &[], || AppMsg::AllSettings),
        ("close", &["<Control>w"], || AppMsg::Close),
    ];
    for (name, keys, message) in plain {
        let action = gio::SimpleAction::new(name, None);
        let sender = sender.clone();
        // The window may be closing: nobody is left to hear of it then.
        action.connect_activate(move |_, _| drop(sender.send(message())));
        window.add_action(&action);
        app.set_accels_for_action(&format!("win.{name}"), keys);
    }
    let quit = gio::SimpleAction::new("quit", None);
    let input = sender.clone();
    quit.connect_activate(move |_, _| drop(input.send(AppMsg::Close)));
    app.add_action(&quit);
    app.set_accels_for_action("app.quit", &["<Control>q"]);

    let show = gio::SimpleAction::new("show", Some(glib::VariantTy::STRING));
    let (input, names) = (sender.clone(), pages.to_vec());
    show.connect_activate(move |_, name| {
        let name = name.and_then(|name| name.str());
        if let Some(name) = names.iter().find(|page| Some(**page) == name) {
            drop(input.send(AppMsg::Show(name)));
        }
    });
    window.add_action(&show);
    for (place, name) in pages.iter().take(9).enumerate() {
        let keys = format!("<Control>{}", place + 1);
        app.set_accels_for_action(&format!("win.show::{name}"), &[&keys]);
    }
    add_late_keys(window);
}

/// Keys that mean something else in an entry or a dialog. As accelerators they would come before everything, and
/// Ctrl+Z in the search would undo an operation; after everything, lists would have taken Ctrl+A for themselves.
fn add_late_keys(window: &adw::ApplicationWindow) {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let weak = window.downgrade();
    keys.connect_key_pressed(move |_, key, _, modifiers| {
        let Some(window) = weak.upgrade() else { return glib::Propagation::Proceed };
        let writing = gtk::prelude::GtkWindowExt::focus(&window).is_some_and(|focus| {
            focus.is::<gtk::Text>() || focus.is::<gtk::TextView>() || focus.is::<gtk::Label>()
        });
        if writing || window.visible_dialog().is_some() {
            return glib::Propagation::Proceed;
        }
        let pressed = modifiers & gtk::accelerator_get_default_mod_mask();
        let found = [(UNDO, "win.undo"), (REDO, "win.redo"), (SELECT_ALL, "win.select-all")]
            .into_iter()
            .find(|(keys, _)| gtk::accelerator_parse(*keys) == Some((key.to_lower(), pressed)));
        match found.map(|(_, action)| WidgetExt::activate_action(&window, action, None)) {
            Some(Ok(())) => glib::Propagation::Stop,
            _ => glib::Propagation::Proceed,
        }
    });
    window.add_controller(keys);
}

/// The main menu.
pub fn menu() -> gio::Menu {
    let menu = gio::Menu::new();
    let section = |items: &[(String, &str)]| {
        let section = gio::Menu::new();
        for (title, action) in items {
            let item = gio::MenuItem::new(Some(title), Some(action));
            let keys = [("win.undo", UNDO), ("win.redo", REDO)];
            if let Some((_, key)) = keys.iter().find(|(name, _)| name == action) {
                item.set_attribute_value("accel", Some(&key.into()));
            }
            section.append_item(&item);
        }
        menu.append_section(None, &section);
    };
    section(&[(gettext("_Undo"), "win.undo"), (gettext("_Redo"), "win.redo")]);
    section(&[(gettext("Refresh"), "win.refresh")]);
    menu.append_submenu(Some(&gettext("R_epository")), &ways());
    section(&[
        (gettext("_Preferences"), "win.preferences"),
        (gettext("_Keyboard Shortcuts"), "win.shortcuts"),
        (gettext("_About Bucket"), "win.about"),
    ]);
    menu
}

/// The ways to a repository.
pub fn ways() -> gio::Menu {
    let menu = gio::Menu::new();
    for way in Way::ALL {
        menu.append(Some(&way.title()), Some(way.action()));
    }
    menu
}
