//! What both this checkout and the remote changed: three values for each, and a choice that the person makes.

use std::cell::RefCell;
use std::rc::Rc;

use bucket::engine::pull::{Choice, Conflict};
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::{adw, gtk};
use serde_json::Value;

use super::set_name;

/// Shows the dialog. `decided` is called with a choice for each conflict; nothing is, where the person cancels.
pub fn present(
    parent: &impl IsA<gtk::Widget>,
    conflicts: Vec<Conflict>,
    decided: impl Fn(Vec<(Conflict, Choice)>) + 'static,
) {
    let (dialog, content) = build(conflicts, decided);
    dialog.set_child(Some(&content));
    dialog.present(Some(parent));
}

/// The dialog and what is in it.
fn build(
    conflicts: Vec<Conflict>,
    decided: impl Fn(Vec<(Conflict, Choice)>) + 'static,
) -> (adw::Dialog, adw::ToolbarView) {
    let dialog = adw::Dialog::builder()
        .title(gettext("Changed on Both Sides"))
        .content_width(560)
        .content_height(560)
        .build();
    let cancel = gtk::Button::builder().label(gettext("Cancel")).can_shrink(true).build();
    let pull = gtk::Button::builder().label(gettext("Pull")).can_shrink(true).build();
    pull.set_sensitive(false);
    pull.add_css_class("suggested-action");
    let header = adw::HeaderBar::builder()
        .show_start_title_buttons(false)
        .show_end_title_buttons(false)
        .build();
    header.pack_start(&cancel);
    header.pack_end(&pull);

    let choices: Rc<RefCell<Vec<Option<Choice>>>> =
        Rc::new(RefCell::new(vec![None; conflicts.len()]));
    let page = adw::PreferencesPage::new();
    let n = conflicts.len();
    let text = ngettext(
        "{n} value was changed here and on the remote. Nothing is changed before you choose.",
        "{n} values were changed here and on the remote. Nothing is changed before you choose for each.",
        n,
    );
    page.set_description(&fill(&text, &[("n", &n.to_string())]));
    for (index, conflict) in conflicts.iter().enumerate() {
        let (choices, pull) = (choices.clone(), pull.clone());
        page.add(&group(conflict, move |choice| {
            choices.borrow_mut()[index] = Some(choice);
            pull.set_sensitive(choices.borrow().iter().all(Option::is_some));
        }));
    }
    let weak = dialog.downgrade();
    cancel.connect_clicked(move |_| {
        if let Some(dialog) = weak.upgrade() {
            dialog.close();
        }
    });
    let weak = dialog.downgrade();
    pull.connect_clicked(move |_| {
        let all: Option<Vec<Choice>> = choices.borrow().iter().copied().collect();
        if let Some(all) = all {
            decided(conflicts.iter().cloned().zip(all).collect());
        }
        if let Some(dialog) = weak.upgrade() {
            dialog.close();
        }
    });
    dialog.set_default_widget(Some(&pull));
    let content = adw::ToolbarView::builder().content(&page).build();
    content.add_top_bar(&header);
    (dialog, content)
}

/// One conflict: what it is about, what both began with, and the two values to choose from.
fn group(conflict: &Conflict, chosen: impl Fn(Choice) + Clone + 'static) -> adw::PreferencesGroup {
    let place = &conflict.place;
    let names = [place.item.as_str(), place.field.as_str()];
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let title = match names.is_empty() {
        true => place.file.clone(),
        false => names.join(" › "),
    };
    // A group's title and description are markup.
    let group = adw::PreferencesGroup::builder().title(glib::markup_escape_text(&title)).build();
    if !names.is_empty() {
        group.set_description(Some(&glib::markup_escape_text(&place.file)));
    }
    let row = |title: &str, value: &Option<Value>| {
        let row = adw::ActionRow::builder().use_markup(false).title(title).build();
        row.set_subtitle(&shown(value.as_ref()));
        row.add_css_class("property");
        row
    };
    group.add(&row(&gettext("Before"), &conflict.base));
    // One check button alone is a box to tick: with a group it is one of several, and none need be chosen.
    let first = gtk::CheckButton::new();
    for (choice, words, value) in [
        (Choice::Mine, gettext("Mine"), &conflict.mine),
        (Choice::Theirs, gettext("Theirs"), &conflict.theirs),
    ] {
        let check = gtk::CheckButton::builder().group(&first).valign(gtk::Align::Center).build();
        let name = gettext("{side} of {item}: {value}");
        let name =
            fill(&name, &[("side", &words), ("item", &title), ("value", &shown(value.as_ref()))]);
        let chosen = chosen.clone();
        check.connect_toggled(move |check| {
            if check.is_active() {
                chosen(choice);
            }
        });
        let row = row(&words, value);
        row.add_prefix(&check);
        row.set_activatable_widget(Some(&check));
        // After that: the row has labelled it with its title.
        set_name(&check, &name);
        group.add(&row);
    }
    group
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => gettext("not there"),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use bucket::manifest::merge::Place;
    use serde_json::json;

    use super::*;
    use crate::gui_tests::{below, button};

    fn conflict(item: &str) -> Conflict {
        let place = Place {
            file: "flatpak-apps.json".to_owned(),
            item: item.to_owned(),
            field: "branch".to_owned(),
        };
        Conflict { place, base: Some(json!("<a>")), mine: Some(json!("b")), theirs: None }
    }

    #[gtk::test]
    fn nothing_is_chosen_before_the_person_does() {
        adw::init().expect("a display");
        let decided: Rc<RefCell<Vec<(Conflict, Choice)>>> = Rc::default();
        let kept = decided.clone();
        let both = vec![conflict("org.x.One"), conflict("org.x.Two")];
        let (_dialog, content) = build(both.clone(), move |all| *kept.borrow_mut() = all);
        let checks = below::<gtk::CheckButton>(&content);
        assert_eq!(checks.len(), 4);
        assert!(checks.iter().all(|check| !check.is_active()));
        let pull = button(&content, "Pull");
        assert!(!pull.is_sensitive());
        checks[0].set_active(true);
        assert!(!pull.is_sensitive());
        checks[3].set_active(true);
        assert!(pull.is_sensitive());
        pull.emit_clicked();
        let [one, two] = both.try_into().expect("two");
        assert_eq!(*decided.borrow(), [(one, Choice::Mine), (two, Choice::Theirs)]);
        let (least, ..) = content.measure(gtk::Orientation::Horizontal, -1);
        assert!(least <= 360, "{least}");
    }
}
