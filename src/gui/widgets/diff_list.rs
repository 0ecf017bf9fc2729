//! A difference of two texts as a list, one row a line, that a screen reader reads line by line.

use bucket::words::{fill, gettext, ngettext};
use relm4::gtk;
use relm4::gtk::prelude::*;

use super::{no_hyphens, set_name};
use crate::diff::DiffLine;

/// How many lines are shown at most: each is a widget.
const LINES: usize = 1000;
/// How many characters of a line are shown at most: wrapping takes time.
const CHARS: usize = 2000;

/// What the two texts are, for screen readers.
pub struct Sides {
    /// "Only in the manifest".
    pub removed: String,
    /// "Only on the system".
    pub added: String,
}

impl Sides {
    /// The manifest first, the system second.
    pub fn manifest_and_system() -> Self {
        Self { removed: gettext("Only in the manifest"), added: gettext("Only on the system") }
    }
}

/// A list of the lines, called `name`, that stands alone.
pub fn diff_list(name: &str, lines: &[DiffLine], sides: &Sides) -> gtk::ListBox {
    let list = lines_list(name, lines, sides);
    list.add_css_class("boxed-list");
    list.set_margin_top(6);
    list
}

/// The same, to go inside another list.
pub fn lines_list(name: &str, lines: &[DiffLine], sides: &Sides) -> gtk::ListBox {
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
    list.add_css_class("file-lines");
    set_name(&list, name);
    for line in lines.iter().take(LINES) {
        list.append(&line_row(line, sides));
    }
    if lines.len() > LINES {
        list.append(&line_row(&DiffLine::LeftOut(lines.len() - LINES), sides));
    }
    list
}

fn line_row(line: &DiffLine, sides: &Sides) -> gtk::ListBoxRow {
    let (sign, shown, class) = match line {
        DiffLine::Same(text) => (" ", text.clone(), None),
        DiffLine::Removed(text) => ("−", text.clone(), Some("removed")),
        DiffLine::Added(text) => ("+", text.clone(), Some("added")),
        DiffLine::LeftOut(n) => {
            let text = ngettext("{n} more line", "{n} more lines", *n);
            ("⋯", fill(&text, &[("n", &n.to_string())]), Some("left-out"))
        }
    };
    let shown = match shown.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    };
    let text = gtk::Label::builder().label(&shown).xalign(0.0).wrap(true).selectable(true).build();
    text.set_wrap_mode(gtk::pango::WrapMode::WordChar);
    text.set_hexpand(true);
    text.set_attributes(Some(&no_hyphens()));
    let mark = gtk::Label::builder().label(sign).width_chars(2).valign(gtk::Align::Start).build();
    let content = gtk::Box::new(gtk::Orientation::Horizontal, 6);
    content.append(&mark);
    content.append(&text);
    content.add_css_class("monospace");
    let row = gtk::ListBoxRow::builder().child(&content).activatable(false).build();
    if let Some(class) = class {
        row.add_css_class(class);
    }
    let whose = match line {
        DiffLine::Removed(_) => Some(&sides.removed),
        DiffLine::Added(_) => Some(&sides.added),
        DiffLine::Same(_) | DiffLine::LeftOut(_) => None,
    };
    match whose {
        Some(whose) => set_name(&row, &format!("{whose}: {shown}")),
        None => set_name(&row, &shown),
    }
    row
}
