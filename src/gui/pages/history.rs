//! What was done on this machine, newest first, and taking it back.

use bucket::core::item::Value;
use bucket::core::plan::{Change, Side};
use bucket::engine::Verdict;
use bucket::engine::journal::{Kind, Operation};
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{Sender, adw, gtk};

use super::local_time;
use crate::widgets::set_name;

/// How many operations are listed before the person asks for more.
const FIRST: usize = 60;

/// What the page is told.
#[derive(Debug)]
pub enum HistoryMsg {
    Operations(Vec<Operation>),
    More,
    Open(u64),
}

/// The page's model. Its output is the number of an operation to take back.
pub struct HistoryPage {
    nav: adw::NavigationView,
    /// Newest first.
    operations: Vec<Operation>,
    limit: usize,
    stale: bool,
}

/// The page's widgets.
pub struct HistoryWidgets {
    stack: gtk::Stack,
    list: gtk::ListBox,
    more: gtk::Button,
}

impl SimpleComponent for HistoryPage {
    type Init = adw::NavigationView;
    type Input = HistoryMsg;
    type Output = u64;
    type Root = adw::NavigationPage;
    type Widgets = HistoryWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("History")).tag("history").build()
    }

    fn init(
        nav: Self::Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
        list.add_css_class("boxed-list");
        set_name(&list, &gettext("History"));
        let more = gtk::Button::builder().label(gettext("Show Older")).build();
        more.set_halign(gtk::Align::Center);
        more.add_css_class("pill");
        let input = sender.input_sender().clone();
        // The window may be closing: nobody is left to hear of it then.
        more.connect_clicked(move |_| drop(input.send(HistoryMsg::More)));
        let group = adw::PreferencesGroup::new();
        group.add(&list);
        let older = adw::PreferencesGroup::new();
        older.add(&more);
        let page = adw::PreferencesPage::new();
        page.add(&group);
        page.add(&older);
        let empty = adw::StatusPage::builder()
            .icon_name("document-open-recent-symbolic")
            .title(gettext("Nothing Done Yet"))
            .description(gettext("What you capture and apply is listed here, and can be undone"))
            .build();
        let stack = super::list_or_empty(&root, &page, &empty);
        let model = Self { nav, operations: Vec::new(), limit: FIRST, stale: true };
        ComponentParts { model, widgets: HistoryWidgets { stack, list, more } }
    }

    fn update(&mut self, message: HistoryMsg, sender: ComponentSender<Self>) {
        self.stale = false;
        match message {
            HistoryMsg::Operations(mut operations) => {
                operations.reverse();
                self.stale = operations != self.operations;
                self.operations = operations;
            }
            HistoryMsg::More => {
                self.limit += FIRST;
                self.stale = true;
            }
            HistoryMsg::Open(number) => {
                let operation = self.operations.iter().find(|o| o.number == number);
                if let Some(operation) = operation {
                    self.nav.push(&diff_page(operation, sender.output_sender()));
                }
            }
        }
    }

    fn update_view(&self, widgets: &mut HistoryWidgets, sender: ComponentSender<Self>) {
        if !self.stale {
            return;
        }
        widgets.list.remove_all();
        for operation in self.operations.iter().take(self.limit) {
            widgets.list.append(&row(operation, &sender));
        }
        widgets.more.set_visible(self.operations.len() > self.limit);
        let name = if self.operations.is_empty() { "empty" } else { "list" };
        widgets.stack.set_visible_child_name(name);
    }
}

/// What an operation did, in a few words.
pub fn title(operation: &Operation) -> String {
    let changes = &operation.changes;
    let count = crate::steps::items(changes);
    let one = changes.first().map(|change| change.title.as_str()).unwrap_or_default();
    let all = |side: Side| changes.iter().all(|change| change.side == side);
    let text = match operation.kind {
        Kind::Do if changes.is_empty() => match operation.steps.first() {
            Some(planned) => return planned.step.title.clone(),
            None => gettext("Nothing"),
        },
        Kind::Do if all(Side::Manifest) => ngettext("Captured {item}", "Captured {n} items", count),
        Kind::Do if all(Side::System) => ngettext("Applied {item}", "Applied {n} items", count),
        Kind::Do => {
            ngettext("Captured and applied {item}", "Captured and applied {n} items", count)
        }
        Kind::Undo if changes.is_empty() => gettext("Undid an edit of the manifests"),
        Kind::Undo => ngettext("Undid {item}", "Undid {n} items", count),
        Kind::Redo if changes.is_empty() => gettext("Redid an edit of the manifests"),
        Kind::Redo => ngettext("Redid {item}", "Redid {n} items", count),
    };
    fill(&text, &[("item", one), ("n", &count.to_string())])
}

/// Whether, and how far, it still stands.
pub fn state(operation: &Operation) -> Option<String> {
    if let Some(by) = operation.undone_by {
        let text = gettext("undone by operation {number}");
        return Some(fill(&text, &[("number", &by.to_string())]));
    }
    if !operation.ended {
        return Some(gettext("cut off before its end"));
    }
    let missed = operation.results.iter().filter(|ended| ended.verdict != Verdict::Done).count();
    let text = ngettext("{n} change was not made", "{n} changes were not made", missed);
    (missed > 0).then(|| fill(&text, &[("n", &missed.to_string())]))
}

fn subtitle(operation: &Operation) -> String {
    let number = fill(&gettext("No. {number}"), &[("number", &operation.number.to_string())]);
    let time = local_time(&operation.at, "%x, %H:%M");
    [Some(time), Some(number), state(operation)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

fn row(operation: &Operation, sender: &ComponentSender<HistoryPage>) -> adw::ActionRow {
    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(title(operation))
        .subtitle(subtitle(operation))
        .activatable(true)
        .build();
    let icon = match operation.kind {
        Kind::Undo => "edit-undo-symbolic",
        Kind::Redo => "edit-redo-symbolic",
        Kind::Do => "object-select-symbolic",
    };
    row.add_prefix(&gtk::Image::from_icon_name(icon));
    row.add_suffix(&undo_button(operation, sender.output_sender()));
    row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
    let (input, number) = (sender.input_sender().clone(), operation.number);
    row.connect_activated(move |_| drop(input.send(HistoryMsg::Open(number))));
    row
}

fn undo_button(operation: &Operation, output: &Sender<u64>) -> gtk::Button {
    let button = gtk::Button::builder().label(gettext("Undo")).valign(gtk::Align::Center).build();
    if let Some(by) = operation.undone_by {
        button.set_sensitive(false);
        let text = gettext("Already undone by operation {number}");
        button.set_tooltip_text(Some(&fill(&text, &[("number", &by.to_string())])));
    }
    set_name(&button, &fill(&gettext("Undo: {what}"), &[("what", &title(operation))]));
    let (output, number) = (output.clone(), operation.number);
    // The window may be closing: nobody is left to hear of it then.
    button.connect_clicked(move |_| output.send(number).unwrap_or_default());
    button
}

/// Everything one operation changed.
fn diff_page(operation: &Operation, output: &Sender<u64>) -> adw::NavigationPage {
    let content = adw::PreferencesPage::new();
    let head = adw::PreferencesGroup::new();
    let about = adw::ActionRow::builder().use_markup(false).build();
    about.set_title(&title(operation));
    about.set_subtitle(&subtitle(operation));
    about.add_suffix(&undo_button(operation, output));
    head.add(&about);
    content.add(&head);
    for change in &operation.changes {
        let ended = operation.results.iter().find(|ended| {
            ended.change.subsystem == change.subsystem
                && ended.change.item == change.item
                && ended.change.side == change.side
        });
        content.add(&change_group(change, ended.map(|ended| &ended.verdict)));
    }
    if operation.changes.is_empty() {
        for planned in &operation.steps {
            let group = adw::PreferencesGroup::new();
            group.add(&crate::widgets::code_row(&crate::steps::exact(&planned.step.action)));
            content.add(&group);
        }
    }
    let toolbar = adw::ToolbarView::builder().content(&content).build();
    toolbar.add_top_bar(&adw::HeaderBar::new());
    let title = fill(&gettext("Operation {number}"), &[("number", &operation.number.to_string())]);
    adw::NavigationPage::builder().title(title).child(&toolbar).build()
}

fn change_group(change: &Change, verdict: Option<&Verdict>) -> adw::PreferencesGroup {
    let group = adw::PreferencesGroup::new();
    let name = adw::ActionRow::builder().use_markup(false).build();
    name.set_title(&change.title);
    let side = match change.side {
        Side::Manifest => gettext("Manifest"),
        Side::System => gettext("System"),
    };
    let what = match (&change.before, &change.after) {
        (None, _) => gettext("added"),
        (_, None) => gettext("removed"),
        _ => gettext("changed"),
    };
    let verdict = match verdict {
        None | Some(Verdict::Done) => None,
        Some(Verdict::Moved) => Some(gettext("left alone: it had changed meanwhile")),
        Some(Verdict::Failed(why)) => Some(why.clone()),
        Some(Verdict::NotDone) => Some(gettext("not reached")),
    };
    let parts = [Some(side), Some(what), verdict];
    name.set_subtitle(&parts.into_iter().flatten().collect::<Vec<_>>().join(" · "));
    group.add(&name);
    for (field, old, new) in change.fields() {
        let text =
            |value: Option<&Value>| value.map_or_else(|| gettext("not set"), Value::to_string);
        let row = adw::ActionRow::builder().use_markup(false).subtitle_selectable(true).build();
        row.set_title(field);
        row.set_subtitle(&format!("{} → {}", text(old), text(new)));
        row.add_css_class("property");
        group.add(&row);
    }
    group
}
