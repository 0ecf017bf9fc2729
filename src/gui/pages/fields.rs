//! The fields of an item side by side: what the manifest says on the left, what the system has on the right. What differs
//! comes first, and of a set, however long, its differences.

use std::cell::Cell;

use bucket::core::plan::Side;
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::{Sender, adw, gtk};

use super::detail::{text_row, verbs};
use super::drift::DriftOut;
use crate::app::AppMsg;
use crate::diff;
use crate::model::Row;
use crate::values::{FieldShown, SetShown, entry_count};
use crate::widgets::diff_list::{Sides, diff_list};
use crate::widgets::{copy_button, label, no_hyphens, set_name};

/// How many lines of a file are shown before and after each that differs.
const AROUND: usize = 3;
/// How many elements of a set one column shows, before all are asked for.
const ELEMENTS: usize = 20;
/// Below this width of the page, the columns stack.
const NARROW: f64 = 450.0;

/// Makes the groups of one item's page.
pub struct FieldTable<'a> {
    row: &'a Row,
    sender: &'a Sender<AppMsg>,
    /// What stacks where there is no room for two columns.
    columns: Vec<gtk::Box>,
}

impl<'a> FieldTable<'a> {
    pub fn new(row: &'a Row, sender: &'a Sender<AppMsg>) -> Self {
        Self { row, sender, columns: Vec::new() }
    }

    /// What differs or is unknown, each file apart, and what both sides say the same of.
    pub fn groups(&mut self, fields: &[FieldShown]) -> Vec<adw::PreferencesGroup> {
        // A group's title and description are markup: what comes from outside goes where it is not.
        let (several, item) = (fields.len() > 1, &self.row.item);
        let both = item.wanted.is_some() && item.live.is_some();
        let (open, same, mut files) =
            (adw::PreferencesGroup::new(), adw::PreferencesGroup::new(), Vec::new());
        if both {
            same.set_title(&gettext("In Sync"));
        }
        let (mut opens, mut sames) = (0, 0);
        for field in fields {
            if field.is_long() {
                files.push(self.file_group(field, several));
            } else if several && !field.unread && (!field.differs || !both) {
                sames += 1;
                self.add_one_sided(&same, field);
            } else {
                opens += 1;
                self.add_side_by_side(&open, field, several);
            }
        }
        let with = |n: usize, group| (n > 0).then_some(group);
        with(opens, open).into_iter().chain(files).chain(with(sames, same)).collect()
    }

    /// `content`, with the columns stacked wherever it is too narrow for them.
    pub fn in_columns(self, content: &impl IsA<gtk::Widget>) -> adw::BreakpointBin {
        let bin = adw::BreakpointBin::builder().width_request(300).height_request(200).build();
        bin.set_child(Some(content));
        let condition = adw::BreakpointCondition::new_length(
            adw::BreakpointConditionLengthType::MaxWidth,
            NARROW,
            adw::LengthUnit::Sp,
        );
        let narrow = adw::Breakpoint::new(condition);
        for columns in &self.columns {
            let vertical = gtk::Orientation::Vertical.to_value();
            narrow.add_setter(columns, "orientation", Some(&vertical));
            narrow.add_setter(columns, "homogeneous", Some(&false.to_value()));
        }
        bin.add_breakpoint(narrow);
        bin
    }

    /// A value that both sides have, or that only one could have.
    fn add_one_sided(&mut self, group: &adw::PreferencesGroup, field: &FieldShown) {
        if let Some(set) = field.set.as_ref().filter(|set| set.is_big()) {
            let one = set.manifest.as_ref().or(set.system.as_ref());
            let row = adw::ExpanderRow::builder().use_markup(false).title(&field.title).build();
            row.set_subtitle(&entry_count(one.map_or(0, Vec::len)));
            let columns = self.columns_box();
            fill_when_open(&row, &columns, vec![(None, one.cloned().unwrap_or_default())]);
            group.add(&row);
            return;
        }
        let value = field.manifest.as_deref().or(field.system.as_deref());
        let value = value.map(|text| if text.is_empty() { none() } else { text.to_owned() });
        group.add(&text_row(&field.title, value.as_deref(), Some(&field.name)));
    }

    /// Both values, and the field's own buttons where the item has several that differ.
    fn add_side_by_side(
        &mut self,
        group: &adw::PreferencesGroup,
        field: &FieldShown,
        several: bool,
    ) {
        let content = gtk::Box::new(gtk::Orientation::Vertical, 6);
        content.add_css_class("field-name");
        if several {
            content.append(&self.name_line(field));
        }
        let columns = self.columns_box();
        let set = field.set.as_ref().filter(|_| field.differs);
        let [manifest, system] = match set {
            Some(set) => [
                set_column(&gettext("Only in the manifest"), '−', &set.only_manifest),
                set_column(&gettext("Only on the system"), '+', &set.only_system),
            ],
            None => {
                let missing = match field.unread {
                    true => gettext("Could not be read"),
                    false => gettext("Not set"),
                };
                let not_set = gettext("Not set");
                [
                    column(&field.title, &gettext("Manifest"), field.manifest.as_deref(), &not_set),
                    column(&field.title, &gettext("System"), field.system.as_deref(), &missing),
                ]
            }
        };
        columns.append(&manifest);
        columns.append(&system);
        content.append(&columns);
        if let (true, None, Some(agreed)) = (field.differs, set, &field.agreed) {
            let line = text_label(&["caption", "dimmed"]);
            line.set_text(&fill(&gettext("Last agreed: {value}"), &[("value", agreed)]));
            content.append(&line);
        }
        let line = adw::PreferencesRow::builder().child(&content).activatable(false).build();
        let name = match several {
            true => format!("{}: {}", field.title, field.state),
            false => gettext("Manifest and System"),
        };
        set_name(&line, &name);
        group.add(&line);
        if let Some(set) = set.filter(|set| set.is_big()) {
            group.add(&self.all_row(field, set));
        }
    }

    /// Everything that a set has, on both sides.
    fn all_row(&mut self, field: &FieldShown, set: &SetShown) -> adw::ExpanderRow {
        let row = adw::ExpanderRow::builder().title(gettext("Show All")).build();
        let [manifest, system] =
            [&set.manifest, &set.system].map(|side| side.clone().unwrap_or_default());
        let counts = [&manifest, &system].map(|side| side.len().to_string());
        let text = gettext("{n} in the manifest · {m} on the system");
        row.set_subtitle(&fill(&text, &[("n", &counts[0]), ("m", &counts[1])]));
        set_name(&row, &fill(&gettext("Show all of {field}"), &[("field", &field.title)]));
        let columns = self.columns_box();
        let sides = vec![(Some(gettext("Manifest")), manifest), (Some(gettext("System")), system)];
        fill_when_open(&row, &columns, sides);
        row
    }

    fn columns_box(&mut self) -> gtk::Box {
        let columns = gtk::Box::builder().spacing(12).homogeneous(true).build();
        self.columns.push(columns.clone());
        columns
    }

    /// A field's name, how it stands, and its buttons: below it where there is no room beside it.
    fn name_line(&self, field: &FieldShown) -> adw::WrapBox {
        let (title, state) = (label(&["heading"]), label(&["caption", "dimmed"]));
        title.set_text(&field.title);
        state.set_text(&field.state);
        let name = gtk::Box::new(gtk::Orientation::Vertical, 2);
        name.set_valign(gtk::Align::Center);
        name.append(&title);
        name.append(&state);
        let content = adw::WrapBox::builder().child_spacing(12).line_spacing(6).build();
        content.set_justify(adw::JustifyMode::Spread);
        content.set_justify_last_line(true);
        content.append(&name);
        let both = self.row.item.wanted.is_some() && self.row.item.live.is_some();
        if field.differs && both {
            content.append(&self.field_buttons(field));
        }
        content
    }

    fn field_buttons(&self, field: &FieldShown) -> gtk::Box {
        let buttons = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        for (side, verb, label) in verbs() {
            let button = gtk::Button::builder().label(label).build();
            button.set_valign(gtk::Align::Center);
            button.add_css_class("flat");
            let text = match side {
                Side::Manifest => gettext("Capture {field}"),
                Side::System => gettext("Apply {field}"),
            };
            set_name(&button, &fill(&text, &[("field", &field.title)]));
            let (sender, key, field) =
                (self.sender.clone(), self.row.key.clone(), field.name.clone());
            button.connect_clicked(move |_| {
                // The window may be closing: nobody is left to hear of it then.
                let out = DriftOut::Field(key.clone(), verb, field.clone());
                drop(sender.send(AppMsg::Drift(out)));
            });
            buttons.append(&button);
        }
        buttons
    }

    /// A file's content on both sides, line by line.
    fn file_group(&self, field: &FieldShown, named: bool) -> adw::PreferencesGroup {
        let group = adw::PreferencesGroup::new();
        if named {
            let line = self.name_line(field);
            line.add_css_class("field-name");
            let row = adw::PreferencesRow::builder().child(&line).activatable(false).build();
            set_name(&row, &format!("{}: {}", field.title, field.state));
            group.add(&row);
        }
        let [manifest, system] = [&field.manifest, &field.system].map(Option::as_deref);
        let (before, after) = (manifest.unwrap_or_default(), system.unwrap_or_default());
        let head = adw::ActionRow::builder().use_markup(false).build();
        head.set_title(&if named { gettext("Line by Line") } else { field.title.clone() });
        head.set_subtitle(&match (manifest, system) {
            (Some(_), None) => gettext("Only in the manifest"),
            (None, Some(_)) => gettext("Only on the system"),
            _ if before == after => gettext("Both say the same"),
            _ => gettext("− only in the manifest · + only on this machine"),
        });
        let copies = [
            (manifest, gettext("Copy the Manifest's"), gettext("Copy the manifest's {field}")),
            (system, gettext("Copy the System's"), gettext("Copy the system's {field}")),
        ];
        for (text, tooltip, name) in copies {
            if let Some(text) = text {
                let name = fill(&name, &[("field", &field.title)]);
                head.add_suffix(&copy_button(&tooltip, &name, text));
            }
        }
        group.add(&head);
        let lines = match manifest.is_some() && system.is_some() {
            true => diff::brief(before, after, AROUND),
            // What one side alone has is no difference of lines.
            false => diff::whole(before, after),
        };
        group.add(&diff_list(&field.title, &lines, &Sides::manifest_and_system()));
        group
    }
}

fn none() -> String {
    gettext("None")
}

/// Text from outside, which can be selected, and wraps anywhere.
fn text_label(classes: &[&str]) -> gtk::Label {
    let text = gtk::Label::builder().xalign(0.0).yalign(0.0).wrap(true).selectable(true).build();
    text.set_wrap_mode(gtk::pango::WrapMode::WordChar);
    text.set_hexpand(true);
    text.set_attributes(Some(&no_hyphens()));
    for class in classes {
        text.add_css_class(class);
    }
    text
}

/// One side's value below its heading.
fn column(field: &str, heading: &str, value: Option<&str>, missing: &str) -> gtk::Box {
    let text = text_label(&[]);
    match value {
        Some("") => text.set_text(&none()),
        Some(value) => text.set_text(value),
        None => {
            text.set_text(missing);
            text.add_css_class("dimmed");
        }
    }
    let names = [("side", heading), ("field", field)];
    let copy = value.filter(|value| !value.is_empty()).map(|value| {
        // Translators: {side} is “Manifest” or “System”.
        let name = fill(&gettext("Copy {field}: {side}"), &names);
        copy_button(&gettext("Copy"), &name, value)
    });
    under(heading, &text, copy.as_ref())
}

/// What of a set one side alone has, one line each.
fn set_column(heading: &str, sign: char, elements: &[String]) -> gtk::Box {
    let text = text_label(&[]);
    let mut lines: Vec<String> =
        elements.iter().take(ELEMENTS).map(|element| format!("{sign} {element}")).collect();
    if elements.len() > ELEMENTS {
        let more = elements.len() - ELEMENTS;
        let words = ngettext("… and {n} more", "… and {n} more", more);
        lines.push(fill(&words, &[("n", &more.to_string())]));
    }
    text.set_text(&lines.join("\n"));
    if elements.is_empty() {
        text.set_text(&gettext("Nothing"));
        text.add_css_class("dimmed");
    }
    let copy = (!elements.is_empty()).then(|| {
        copy_button(
            &gettext("Copy"),
            &format!("{}: {heading}", gettext("Copy")),
            &elements.join("\n"),
        )
    });
    under(heading, &text, copy.as_ref())
}

fn under(heading: &str, text: &gtk::Label, copy: Option<&gtk::Button>) -> gtk::Box {
    let title = label(&["caption", "dimmed"]);
    title.set_text(heading);
    let words = gtk::Box::new(gtk::Orientation::Vertical, 2);
    words.set_hexpand(true);
    words.append(&title);
    words.append(text);
    let column = gtk::Box::new(gtk::Orientation::Horizontal, 6);
    column.append(&words);
    if let Some(copy) = copy {
        copy.set_valign(gtk::Align::Start);
        column.append(copy);
    }
    column
}

/// Puts lists beside each other into `columns` below `row`, the first time it is opened.
fn fill_when_open(
    row: &adw::ExpanderRow,
    columns: &gtk::Box,
    sides: Vec<(Option<String>, Vec<String>)>,
) {
    columns.add_css_class("field-name");
    let below = gtk::ListBoxRow::builder().child(columns).activatable(false).build();
    row.add_row(&below);
    let (columns, sides) = (columns.downgrade(), Cell::new(sides));
    row.connect_expanded_notify(move |_| {
        let Some(columns) = columns.upgrade() else { return };
        for (heading, elements) in sides.take() {
            let text = text_label(&[]);
            text.set_text(&elements.join("\n"));
            match heading {
                Some(heading) => columns.append(&under(&heading, &text, None)),
                None => columns.append(&text),
            }
        }
    });
}
