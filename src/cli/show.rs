//! Items, values and changes as lines of text. A symbol never stands alone: words say the same.

use std::fmt::Write;

use super::app::App;
use super::output::{Style, columns, cut, pad, paint, wrap};
use crate::core::ignore::Ignored;
use crate::core::item::{Layer, Value};
use crate::core::merge::{Drift, FieldDrift, Suggestion};
use crate::core::plan::{Change, Side};
use crate::core::report::ItemReport;
use crate::core::secret;
use crate::engine::Engine;
use crate::words::{self, fill, gettext, ngettext, pgettext};

/// The width that tables are made for where there is no terminal.
const WIDTH: usize = 100;
/// A value that takes more columns than this is compared line by line, not side by side.
const LONG: usize = 160;
/// So many lines of a text are shown that only one side has; the rest with `-v`.
const LINES: usize = 20;
/// A sentence with a value in it is cut here: the value in full is what `diff` is for.
const SENTENCE: usize = 200;

/// An item's sign, coloured.
pub(super) fn sign(item: &ItemReport) -> String {
    let (style, sign) = match item.state {
        _ if item.failing => (Style::Red, "×"),
        Drift::InSync => (Style::Dim, "="),
        Drift::Unknown => (Style::Yellow, "?"),
        Drift::Pending => (Style::Cyan, "…"),
        Drift::NotHere | Drift::Locked => (Style::Dim, "○"),
        _ if item.wanted.is_none() => (Style::Green, "+"),
        _ if item.live.is_none() => (Style::Red, "−"),
        _ => (Style::Yellow, "≠"),
    };
    paint(style, sign)
}

/// How an item stands, in words.
pub(super) fn state(item: &ItemReport) -> String {
    if let (Drift::NotHere | Drift::Locked, Some(barred)) = (item.state, &item.barred) {
        if item.failing {
            return fill(&gettext("fails: {why}"), &[("why", barred.reason())]);
        }
        return format!("{}: {}", words::drift(item.state), barred.reason());
    }
    let text = match (&item.unknown, item.pending) {
        (Some(why), _) => return fill(&gettext("could not be read: {why}"), &[("why", why)]),
        (None, Some(pending)) if item.state == Drift::Pending => {
            return fill(&gettext("in force {when}"), &[("when", &words::pending(pending))]);
        }
        _ => words::item(item),
    };
    let fields: Vec<&str> = item
        .fields
        .iter()
        .filter(|field| field.state != Drift::InSync)
        .map(|field| field.title.as_str())
        .collect();
    match item.wanted.is_some() && item.live.is_some() && !fields.is_empty() {
        true => format!("{text} ({})", fields.join(", ")),
        false => text,
    }
}

/// Why an item is not counted, in words.
pub(super) fn ignored(why: &Ignored) -> String {
    match why {
        Ignored::Rule(Some(reason)) => fill(&gettext("ignored: {why}"), &[("why", reason)]),
        Ignored::Rule(None) => gettext("ignored"),
        Ignored::Noise(reason) => fill(&gettext("noise: {why}"), &[("why", reason)]),
        Ignored::Skipped => gettext("skipped until it changes"),
    }
}

/// An item's name, with what tells it from others of that name, and whose layer it comes from, unless all machines'.
pub(super) fn name(item: &ItemReport) -> String {
    let mut name = paint(Style::Bold, &item.title);
    if !item.detail.is_empty() {
        let _ = write!(name, "  {}", paint(Style::Dim, &item.detail));
    }
    if let Some(Layer::Host(host)) = &item.layer {
        let _ = write!(name, "  {}", paint(Style::Dim, &only(host)));
    }
    name
}

/// That something is in one machine's layer.
fn only(host: &str) -> String {
    fill(&gettext("for {host} only"), &[("host", host)])
}

/// What to do about an item, in one word.
pub(super) fn suggestion(suggestion: Suggestion) -> String {
    match suggestion {
        Suggestion::Nothing => String::new(),
        Suggestion::Capture => gettext("capture"),
        Suggestion::Apply => gettext("apply"),
        Suggestion::Merge => gettext("capture and apply"),
        Suggestion::Ask => gettext("decide"),
    }
}

/// Every difference of an item, both values side by side.
pub(super) fn item(app: &App, item: &ItemReport) {
    app.out.line(&format!("  {} {}", sign(item), name(item)));
    app.out.line(&format!("    {}", state(item)));
    if let Some(note) = &item.note {
        app.out.line(&format!("    {}", paint(Style::Dim, note)));
    }
    let shown: Vec<&FieldDrift> = item
        .fields
        .iter()
        .filter(|field| field.state != Drift::InSync || app.out.verbose)
        .collect();
    if item.unknown.is_some() || shown.is_empty() {
        return;
    }
    let base = item.state == Drift::Conflict && item.base.is_some();
    let (long, short): (Vec<&FieldDrift>, Vec<&FieldDrift>) =
        shown.into_iter().partition(|field| is_long(field));
    if !short.is_empty() {
        table(app, &short, base);
    }
    for field in long {
        app.out.line(&format!("    {}", paint(Style::Bold, &field.title)));
        let header = fill(
            &gettext("      − {manifest}  + {system}"),
            &[("manifest", &gettext("manifest")), ("system", &gettext("system"))],
        );
        app.out.line(&paint(Style::Dim, &header));
        text_diff(app, field.wanted.as_ref(), field.live.as_ref());
    }
}

/// A field whose values are long texts.
fn is_long(field: &FieldDrift) -> bool {
    both_long(field.wanted.as_ref(), field.live.as_ref())
}

/// Whether two values are compared line by line: long texts, or one of several lines where the other side has none.
fn both_long(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Text(one)), Some(Value::Text(other))) => {
            [one, other].into_iter().any(|text| text.contains('\n') || text.len() > LONG)
        }
        (Some(Value::Text(text)), None) | (None, Some(Value::Text(text))) => text.contains('\n'),
        _ => false,
    }
}

fn text_diff(app: &App, old: Option<&Value>, new: Option<&Value>) {
    let text = |value: Option<&Value>| {
        let text = value.map(Value::to_string).unwrap_or_default();
        // A long line is compared piece by piece.
        if text.contains('\n') { text } else { text.replace(", ", ",\n") }
    };
    let (was, is) = (text(old), text(new));
    let diff = similar::TextDiff::from_lines(&was, &is);
    let lines: Vec<String> = diff
        .grouped_ops(1)
        .iter()
        .flat_map(|group| group.iter().flat_map(|op| diff.iter_changes(op)))
        .map(|change| {
            let line = change.value().trim_end_matches('\n');
            match change.tag() {
                similar::ChangeTag::Delete => paint(Style::Red, &format!("      − {line}")),
                similar::ChangeTag::Insert => paint(Style::Green, &format!("      + {line}")),
                similar::ChangeTag::Equal => format!("        {line}"),
            }
        })
        .collect();
    // A text that is new as a whole is no difference that has to be read line by line.
    let whole = old.is_none() || new.is_none();
    let shown = if whole && !app.out.verbose { lines.len().min(LINES) } else { lines.len() };
    for line in &lines[..shown] {
        app.out.line(line);
    }
    if let rest @ 1.. = lines.len() - shown {
        let more = ngettext("      … and {n} line more", "      … and {n} lines more", rest);
        app.out.line(&paint(Style::Dim, &fill(&more, &[("n", &rest.to_string())])));
    }
}

/// Columns: field, manifest, system, and what both said before where that matters.
fn table(app: &App, fields: &[&FieldDrift], base: bool) {
    let sides = if base { 3 } else { 2 };
    let names = fields.iter().map(|field| columns(&field.title)).max().unwrap_or(0).clamp(5, 30);
    let room = app.out.width().unwrap_or(WIDTH).max(50).saturating_sub(4 + names + 2 * sides);
    let width = (room / sides).max(10);
    let mut heading = format!("    {}  ", pad("", names));
    let mut titles = vec![gettext("Manifest"), gettext("System")];
    if base {
        titles.push(gettext("Before"));
    }
    for title in &titles {
        let _ = write!(heading, "{}  ", pad(title, width));
    }
    app.out.line(&paint(Style::Dim, heading.trim_end()));
    for field in fields {
        let mut cells = vec![value(field, &field.wanted), value(field, &field.live)];
        if base {
            cells.push(value(field, &field.base));
        }
        let cells: Vec<Vec<String>> = cells.iter().map(|cell| wrap(cell, width)).collect();
        for row in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let name = if row == 0 { cut(&field.title, names) } else { String::new() };
            let mut line = format!("    {}  ", pad(&name, names));
            for cell in &cells {
                let part = cell.get(row).map_or("", String::as_str);
                let _ = write!(line, "{}  ", pad(part, width));
            }
            app.out.line(line.trim_end());
        }
    }
}

/// A side's value; of sets that are on both sides, only the elements that differ.
fn value(field: &FieldDrift, side: &Option<Value>) -> String {
    match side {
        None => pgettext("a value that is not there", "—"),
        Some(Value::Set(set)) if !field.elements.is_empty() => {
            let differing = field.elements.iter().map(|drift| drift.element.as_str());
            let here: Vec<&str> = differing.filter(|element| set.contains(element)).collect();
            let rest = set.len() - here.len();
            match (here.is_empty(), rest) {
                (true, 0) => pgettext("a value that is not there", "—"),
                (true, _) => pgettext("the rest of a set, which is the same on both sides", "…"),
                (false, 0) => here.join("\n"),
                (false, _) => format!("{}\n…", here.join("\n")),
            }
        }
        Some(Value::Set(set)) => set.iter().collect::<Vec<_>>().join("\n"),
        Some(value) => value.to_string(),
    }
}

/// A change of a plan: what it is, and with `-v` each value.
pub(super) fn change(app: &App, engine: &Engine, change: &Change) {
    let (style, sign) = match (&change.before, &change.after) {
        (None, _) => (Style::Green, "+"),
        (_, None) => (Style::Red, "−"),
        _ => (Style::Yellow, "≠"),
    };
    app.out.line(&format!("  {} {}", paint(style, sign), describe(engine, change)));
    let both = change.before.is_some() && change.after.is_some();
    if !both && !app.out.verbose {
        return;
    }
    for (name, old, new) in change.fields() {
        if both_long(old, new) {
            app.out.line(&paint(Style::Dim, &format!("      {name}:")));
            text_diff(app, old, new);
            continue;
        }
        let text = |value: Option<&Value>| {
            let text = value.map_or_else(
                || pgettext("a value that is not there", "—"),
                |value| secret::shown_value(&value.to_string()).replace('\n', " "),
            );
            if app.out.verbose { text } else { cut(&text, 40) }
        };
        app.out.line(&paint(Style::Dim, &format!("      {name}: {} → {}", text(old), text(new))));
    }
}

/// A change in one line, and where it goes if that is not every machine's manifest.
pub(super) fn describe(engine: &Engine, change: &Change) -> String {
    let text = engine
        .subsystem(&change.subsystem)
        .map_or_else(|| change.title.clone(), |subsystem| subsystem.describe(change));
    let text = cut(&text, SENTENCE);
    match (&change.layer, change.side) {
        (Layer::Host(host), Side::Manifest) => {
            format!("{text}  {}", paint(Style::Dim, &only(host)))
        }
        _ => text,
    }
}

/// A subsystem's title.
pub(super) fn title(engine: &Engine, id: &crate::core::item::SubsystemId) -> String {
    engine.subsystem(id).map_or_else(|| id.to_string(), |s| gettext(s.about().title))
}
