//! The detail page of one item: every field with what manifest and system say, and said last.

use std::sync::Arc;

use bucket::core::item::{ItemKey, SubsystemId};
use bucket::core::plan::Side;
use bucket::engine::Verb;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::{Sender, adw, gtk};

use super::drift::DriftOut;
use super::fields::FieldTable;
use crate::app::AppMsg;
use crate::layers;
use crate::model::{Row, RowKey};
use crate::values::fields;
use crate::widgets::drift_row::RowAct;
use crate::widgets::{button_bar, copy_button, set_name, set_tooltip, tag};

/// Detail pages are told from others by how their tags start.
const TAG: &str = "item";

/// An empty page for an item.
pub fn new_page(key: &RowKey) -> adw::NavigationPage {
    let tag = format!("{TAG}\n{}\n{}", key.subsystem, key.item);
    adw::NavigationPage::builder().title(key.item.as_str()).tag(tag).build()
}

/// The item whose detail page this is, if it is one.
pub fn key_of(page: &adw::NavigationPage) -> Option<RowKey> {
    let tag = page.tag()?;
    let (subsystem, item) = tag.strip_prefix(TAG)?.strip_prefix('\n')?.split_once('\n')?;
    let subsystem = bucket::subsystem::all()
        .iter()
        .map(|one| one.about().id.clone())
        .find(|id: &SubsystemId| id.as_str() == subsystem)?;
    Some(RowKey { subsystem, item: ItemKey::new(item) })
}

/// Puts an item on its page.
pub fn fill_page(page: &adw::NavigationPage, row: &Arc<Row>, sender: &Sender<AppMsg>) {
    page.set_title(&row.title);
    let content = adw::PreferencesPage::new();
    let head = adw::PreferencesGroup::new();
    let status = text_row(&gettext("Status"), Some(&row.subtitle), None);
    if let Some(activity) = row.activity() {
        let class = if row.item.running == Some(true) { Some("success") } else { None };
        status.add_suffix(&tag(&activity, class));
    }
    head.add(&status);
    if row.has_permissions() {
        head.add(&permissions_row(row, sender));
    }
    if let Some(here) = layers::moves(&row.item) {
        head.add(&layer_row(row, here, sender));
    }
    content.add(&head);
    let fields = fields(&row.item, &|name| field_title(row, name));
    let mut table = FieldTable::new(row, sender);
    match fields.is_empty() {
        true => content.add(&presence_group(row)),
        false => table.groups(&fields).iter().for_each(|group| content.add(group)),
    }
    let toolbar = adw::ToolbarView::builder().content(&content).build();
    toolbar.add_top_bar(&adw::HeaderBar::new());
    toolbar.add_bottom_bar(&buttons(row, sender));
    page.set_child(Some(&table.in_columns(&toolbar)));
}

/// What to call a field of which a report has but the name.
fn field_title(row: &Row, field: &str) -> String {
    let all = bucket::subsystem::all();
    let ours = all.iter().find(|one| one.about().id == row.key.subsystem);
    ours.map_or_else(|| field.to_owned(), |one| one.field_title(field))
}

/// Leads to what the app may do.
fn permissions_row(row: &Row, sender: &Sender<AppMsg>) -> adw::ActionRow {
    let line = adw::ActionRow::builder().title(gettext("Permissions")).activatable(true).build();
    line.set_subtitle(&gettext("What it may do, and who says so"));
    line.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
    let (sender, key) = (sender.clone(), row.key.clone());
    line.connect_activated(move |_| {
        // The window may be closing: nobody is left to hear of it then.
        drop(sender.send(AppMsg::Drift(DriftOut::Act(key.clone(), RowAct::Permissions))));
    });
    line
}

/// Which machines the item is for, and the way to change that; `here` is to this one alone.
fn layer_row(row: &Row, here: bool, sender: &Sender<AppMsg>) -> adw::ActionRow {
    let (title, now) = match here {
        true => (gettext("Keep on This Machine Only"), gettext("For all machines now")),
        false => (gettext("Share With All Machines"), gettext("For this machine only now")),
    };
    let line = adw::ActionRow::builder().title(title).subtitle(now).activatable(true).build();
    let (sender, key) = (sender.clone(), row.key.clone());
    line.connect_activated(move |_| {
        // The window may be closing: nobody is left to hear of it then.
        drop(sender.send(AppMsg::Drift(DriftOut::Act(key.clone(), RowAct::Layer))));
    });
    line
}

fn presence_group(row: &Row) -> adw::PreferencesGroup {
    let group = adw::PreferencesGroup::new();
    group.add(&text_row(&gettext("Manifest"), Some(&row.manifest.full), None));
    group.add(&text_row(&gettext("System"), Some(&row.system.full), None));
    group
}

/// The two verbs, and the side that each changes.
pub fn verbs() -> [(Side, Verb, String); 2] {
    [
        (Side::Manifest, Verb::Capture, gettext("Capture")),
        (Side::System, Verb::Apply, gettext("Apply")),
    ]
}

/// A row with a value that can be copied; `None` is a value that is not there.
pub fn text_row(title: &str, value: Option<&str>, field: Option<&str>) -> adw::ActionRow {
    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(title)
        .subtitle(value.map_or_else(|| gettext("Not set"), str::to_owned))
        .subtitle_selectable(true)
        .build();
    row.add_css_class("property");
    if let (Some(value), Some(_)) = (value, field) {
        let name = fill(&gettext("Copy {field}"), &[("field", title)]);
        row.add_suffix(&copy_button(&gettext("Copy"), &name, value));
    }
    row
}

/// What can be done about the item, below everything.
pub fn buttons(row: &Arc<Row>, sender: &Sender<AppMsg>) -> gtk::Widget {
    let buttons = verbs().map(|(side, _, label)| {
        let now = side == Side::System && row.comes();
        let (act, label, name, action) = match side {
            Side::Manifest => (RowAct::Capture, label, gettext("Capture {item}"), row.action(side)),
            Side::System if now => {
                let words = gettext("Have it on this machine before the next image");
                (RowAct::ApplyNow, gettext("Apply Now…"), gettext("Apply {item} now"), Ok(words))
            }
            Side::System => (RowAct::Apply, label, gettext("Apply {item}"), row.action(side)),
        };
        let button = gtk::Button::builder().label(label).can_shrink(true).build();
        button.set_sensitive(action.is_ok());
        let (Ok(words) | Err(words)) = action;
        set_tooltip(&button, &words);
        if row.suggests(side) {
            button.add_css_class("suggested-action");
        }
        set_name(&button, &fill(&name, &[("item", &row.title)]));
        let (sender, key) = (sender.clone(), row.key.clone());
        button.connect_clicked(move |_| {
            drop(sender.send(AppMsg::Drift(DriftOut::Act(key.clone(), act.clone()))));
        });
        button
    });
    let [capture, apply] = &buttons;
    // Not a gtk::ActionBar: with large text its buttons would be cut off.
    button_bar(&[capture.upcast_ref(), apply.upcast_ref()]).upcast()
}
