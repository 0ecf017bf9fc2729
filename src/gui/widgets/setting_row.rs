//! A setting with the editor that its schema declares: a switch, a choice, a number, text, a list, or GVariant text.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bucket::subsystem::gsettings::catalog::{Bounds, Editor, Setting, title_of};
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::gtk::glib::{self, Variant};
use relm4::{adw, gtk};

use super::{label, set_name, set_tooltip, setting_list};
use crate::browse::Shown;

/// How long a number has to stand before it is taken: buttons are pressed many times.
const STANDS: Duration = Duration::from_millis(600);

/// How many characters of a number, and of a choice, are always shown.
const NUMBER_CHARS: i32 = 5;
const CHOICE_CHARS: i32 = 6;

/// What the person does to a row.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingOut {
    /// Sets a value.
    Set(Variant),
    /// Wants to know more.
    Open,
}

/// Called with what the person does.
pub type Tell = Rc<dyn Fn(SettingOut)>;

/// Says what is wrong.
type Refuse = Rc<dyn Fn(&str)>;

/// What an editor is made of: its row, and how a value gets into it.
pub struct Parts {
    pub row: adw::PreferencesRow,
    pub put: Rc<dyn Fn(&Variant)>,
}

/// What editors share: whom to tell, and when not to, because a value is being put into them.
#[derive(Clone)]
pub struct Voice {
    tell: Tell,
    quiet: Rc<Cell<bool>>,
    refuse: Rc<RefCell<Option<Refuse>>>,
}

impl Voice {
    /// Takes a value from the person.
    pub fn set(&self, value: Variant) {
        if !self.quiet.get() {
            (self.tell)(SettingOut::Set(value));
        }
    }

    /// Takes GVariant text from the person, or says at the row what it should be.
    pub fn set_text(&self, setting: &Setting, text: &str) {
        match setting.parse(text) {
            Ok(value) => self.set(value),
            Err(bad) => self.refuse(&bad.to_string()),
        }
    }

    fn refuse(&self, why: &str) {
        let refuse = self.refuse.borrow().clone();
        if let Some(refuse) = refuse {
            refuse(why);
        }
    }
}

/// A setting's rows: the one with its editor, and one below it for what is wrong.
pub struct SettingRow {
    pub row: adw::PreferencesRow,
    pub wrong: adw::PreferencesRow,
    message: gtk::Label,
    put: Rc<dyn Fn(&Variant)>,
    quiet: Rc<Cell<bool>>,
    shown: RefCell<Shown>,
    /// Whether it keeps what was typed when that is refused.
    keeps: bool,
}

impl SettingRow {
    /// The rows of a setting. With `opens`, it can be asked for its details.
    pub fn new(shown: &Shown, opens: bool, tell: Tell) -> Rc<Self> {
        let setting = &shown.setting;
        let refuse = Rc::new(RefCell::new(None));
        let quiet = Rc::new(Cell::new(false));
        let voice = Voice { tell: tell.clone(), quiet: quiet.clone(), refuse: refuse.clone() };
        let parts = match (shown.editable(), &setting.editor) {
            (Err(_), _) | (Ok(()), Editor::Unknown) => fixed(shown),
            (_, Editor::Switch) => switch(voice),
            (_, Editor::Choice(choices)) => choice(choices, voice),
            (_, Editor::Number(bounds)) if bounds.exact && bounds.max.is_finite() => {
                number(*bounds, shown, voice)
            }
            (_, Editor::Number(_)) => typed(setting, false, voice),
            (_, Editor::Text) => text(voice),
            (_, Editor::List { set }) => setting_list::list(shown, !*set, voice),
            (_, Editor::Flags(flags)) => setting_list::flags(flags, voice),
            (_, Editor::Raw(why)) => raw(setting, why, voice),
        };
        let Parts { row, put } = parts;
        row.set_use_markup(false);
        row.set_title(&setting.title);
        set_tooltip(&row, &setting.key.to_string());
        if opens {
            add_opener(&row, setting, tell);
        }
        let message = label(&["error", "caption"]);
        message.set_wrap(true);
        message.set_ellipsize(gtk::pango::EllipsizeMode::None);
        message.add_css_class("setting-wrong");
        let wrong = adw::PreferencesRow::builder().child(&message).visible(false).build();
        wrong.set_activatable(false);
        wrong.set_focusable(false);
        let keeps =
            !matches!(setting.editor, Editor::Switch | Editor::Choice(_) | Editor::Flags(_));
        let this = Rc::new(Self {
            row,
            wrong,
            message,
            put,
            quiet,
            shown: RefCell::new(shown.clone()),
            keeps,
        });
        let weak = Rc::downgrade(&this);
        refuse.replace(Some(Rc::new(move |why: &str| {
            if let Some(this) = weak.upgrade() {
                this.refuse(why);
            }
        })));
        this.put(shown);
        this
    }

    /// Shows what is said of the setting now. What the person is typing stays, unless the value itself has moved.
    pub fn show(&self, shown: &Shown) {
        let before = self.shown.replace(shown.clone());
        if before.state.value != shown.state.value {
            self.put(shown);
        } else if before != *shown {
            self.describe(shown);
        }
    }

    /// Whether `shown` takes another editor than the one that is here.
    pub fn fits(&self, shown: &Shown) -> bool {
        let old = self.shown.borrow();
        old.setting == shown.setting && old.editable() == shown.editable()
    }

    /// Says why a value is not taken.
    pub fn refuse(&self, why: &str) {
        self.row.add_css_class("error");
        self.message.set_text(why);
        self.wrong.set_visible(true);
        self.message.announce(why, gtk::AccessibleAnnouncementPriority::High);
        if !self.keeps {
            let shown = self.shown.borrow().clone();
            self.put_quietly(&shown);
        }
    }

    /// Shows what is in force again, after what the person asked for was not done.
    pub fn put_back(&self) {
        let shown = self.shown.borrow().clone();
        self.put(&shown);
    }

    fn put(&self, shown: &Shown) {
        self.row.remove_css_class("error");
        self.wrong.set_visible(false);
        self.put_quietly(shown);
        self.describe(shown);
    }

    fn put_quietly(&self, shown: &Shown) {
        self.quiet.set(true);
        (self.put)(&shown.state.value);
        self.quiet.set(false);
    }

    fn describe(&self, shown: &Shown) {
        let text = shown.subtitle();
        if let Some(row) = self.row.downcast_ref::<adw::ActionRow>() {
            row.set_subtitle(&text);
        } else if let Some(row) = self.row.downcast_ref::<adw::ExpanderRow>() {
            row.set_subtitle(&text);
        } else {
            set_tooltip(&self.row, &format!("{}\n{text}", shown.setting.key));
        }
    }
}

fn add_opener(row: &adw::PreferencesRow, setting: &Setting, tell: Tell) {
    let button = gtk::Button::from_icon_name("go-next-symbolic");
    button.set_valign(gtk::Align::Center);
    button.add_css_class("flat");
    button.set_tooltip_text(Some(&gettext("Details")));
    set_name(&button, &fill(&gettext("Details of {item}"), &[("item", &setting.title)]));
    button.connect_clicked(move |_| tell(SettingOut::Open));
    if let Some(row) = row.downcast_ref::<adw::ActionRow>() {
        row.add_suffix(&button);
    } else if let Some(row) = row.downcast_ref::<adw::ExpanderRow>() {
        row.add_suffix(&button);
    } else if let Some(row) = row.downcast_ref::<adw::EntryRow>() {
        row.add_suffix(&button);
    }
}

/// What cannot be edited: its value, greyed out.
fn fixed(shown: &Shown) -> Parts {
    let row = adw::ActionRow::builder().title_lines(3).subtitle_lines(5).build();
    if shown.setting.editor == Editor::Switch {
        let switch = gtk::Switch::builder().valign(gtk::Align::Center).sensitive(false).build();
        set_name(&switch, &shown.setting.title);
        row.add_suffix(&switch);
        let put = move |value: &Variant| switch.set_active(value.get().unwrap_or_default());
        return Parts { row: row.upcast(), put: Rc::new(put) };
    }
    let value = label(&["dimmed"]);
    value.set_max_width_chars(24);
    value.set_sensitive(false);
    row.add_suffix(&value);
    let put = move |variant: &Variant| value.set_text(&crate::browse::words(variant));
    Parts { row: row.upcast(), put: Rc::new(put) }
}

fn switch(voice: Voice) -> Parts {
    let row = adw::SwitchRow::builder().title_lines(3).subtitle_lines(5).build();
    row.connect_active_notify(move |row| voice.set(row.is_active().to_variant()));
    let weak = row.downgrade();
    let put = move |value: &Variant| {
        if let (Some(row), Some(value)) = (weak.upgrade(), value.get()) {
            row.set_active(value);
        }
    };
    Parts { row: row.upcast(), put: Rc::new(put) }
}

fn choice(choices: &[String], voice: Voice) -> Parts {
    let titles: Vec<String> = choices.iter().map(|choice| title_of(choice)).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let model = gtk::StringList::new(&titles);
    let row = adw::ComboRow::builder().title_lines(3).subtitle_lines(5).model(&model).build();
    row.set_list_factory(row.factory().as_ref());
    row.set_factory(Some(&short_texts()));
    let choices = choices.to_vec();
    let of = choices.clone();
    row.connect_selected_notify(move |row| {
        if let Some(choice) = of.get(row.selected() as usize) {
            voice.set(choice.to_variant());
        }
    });
    let weak = row.downgrade();
    let put = move |value: &Variant| {
        let place = choices.iter().position(|choice| Some(choice.as_str()) == value.str());
        if let (Some(row), Some(place)) = (weak.upgrade(), place) {
            row.set_selected(place as u32);
        }
    };
    Parts { row: row.upcast(), put: Rc::new(put) }
}

/// Shows texts that give way to a title beside them, but not all of it.
fn short_texts() -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_setup(|_, item| {
        if let Some(item) = item.downcast_ref::<gtk::ListItem>() {
            let text = label(&[]);
            text.set_width_chars(CHOICE_CHARS);
            text.set_xalign(1.0);
            item.set_child(Some(&text));
        }
    });
    factory.connect_bind(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let text = item.item().and_downcast::<gtk::StringObject>();
        if let (Some(text), Some(label)) = (text, item.child().and_downcast::<gtk::Label>()) {
            label.set_text(&text.string());
        }
    });
    factory
}

fn number(bounds: Bounds, shown: &Shown, voice: Voice) -> Parts {
    let step = bounds.step();
    let now = as_number(&shown.state.value).unwrap_or_default();
    let adjustment = gtk::Adjustment::new(now, bounds.min, bounds.max, step, step * 10.0, 0.0);
    // Not an AdwSpinRow: it has room for the longest number there could be, and no place in the accessibility tree.
    let spin = gtk::SpinButton::new(Some(&adjustment), 0.0, bounds.digits(now));
    spin.set_valign(gtk::Align::Center);
    spin.set_numeric(true);
    spin.set_width_chars(NUMBER_CHARS);
    spin.set_max_width_chars(NUMBER_CHARS);
    spin.set_update_policy(gtk::SpinButtonUpdatePolicy::IfValid);
    set_name(&spin, &shown.setting.title);
    let row = adw::ActionRow::builder().title_lines(3).subtitle_lines(5).build();
    row.add_suffix(&spin);
    row.set_activatable_widget(Some(&spin));
    let (kind, last) = (shown.setting.kind.clone(), Rc::new(Cell::new(now)));
    let (waiting, taken): (Rc<Cell<u64>>, _) = (Rc::default(), last.clone());
    spin.connect_value_changed(move |spin| {
        if voice.quiet.get() {
            return;
        }
        let mine = waiting.get().wrapping_add(1);
        waiting.set(mine);
        // It is kept until then: who leaves the page at once wants the number all the same.
        let (spin, voice) = (spin.clone(), voice.clone());
        let (waiting, last, kind) = (waiting.clone(), last.clone(), kind.clone());
        glib::timeout_add_local_once(STANDS, move || {
            if waiting.get() != mine {
                return;
            }
            // Only what the person moved is written, not what showing it has rounded.
            let slack = 10_f64.powi(-(spin.digits() as i32)) / 2.0;
            if (spin.value() - last.get()).abs() < slack {
                return;
            }
            if let Some(value) = of_number(spin.value(), &kind) {
                last.set(spin.value());
                voice.set(value);
            }
        });
    });
    let weak = spin.downgrade();
    let put = move |value: &Variant| {
        if let (Some(spin), Some(value)) = (weak.upgrade(), as_number(value)) {
            taken.set(value);
            spin.set_digits(bounds.digits(value));
            spin.set_value(value);
        }
    };
    Parts { row: row.upcast(), put: Rc::new(put) }
}

/// A number's value, of whatever type.
pub fn as_number(value: &Variant) -> Option<f64> {
    value.get::<f64>().or_else(|| value.print(false).parse().ok()).or_else(|| {
        // Bytes are printed in hexadecimal.
        value.get::<u8>().map(f64::from)
    })
}

fn of_number(number: f64, kind: &str) -> Option<Variant> {
    let text = match kind {
        "d" => number.to_variant().print(false).to_string(),
        _ => format!("{}", number.round()),
    };
    Variant::parse(glib::VariantTy::new(kind).ok(), &text).ok()
}

fn text(voice: Voice) -> Parts {
    let row = adw::EntryRow::builder().show_apply_button(true).build();
    row.connect_apply(move |row| voice.set(row.text().to_variant()));
    let weak = row.downgrade();
    let put = move |value: &Variant| {
        if let (Some(row), Some(text)) = (weak.upgrade(), value.str()) {
            put_text(&row, text);
        }
    };
    Parts { row: row.upcast(), put: Rc::new(put) }
}

/// GVariant text in an entry.
fn typed(setting: &Setting, monospace: bool, voice: Voice) -> Parts {
    let row = adw::EntryRow::builder().show_apply_button(true).build();
    if monospace {
        row.add_css_class("monospace");
    }
    let setting = setting.clone();
    row.connect_apply(move |row| voice.set_text(&setting, &row.text()));
    let weak = row.downgrade();
    let put = move |value: &Variant| {
        if let Some(row) = weak.upgrade() {
            put_text(&row, &value.print(false));
        }
    };
    Parts { row: row.upcast(), put: Rc::new(put) }
}

/// Puts text into an entry that it can be applied from, as if it had just been applied.
pub fn put_text(row: &adw::EntryRow, text: &str) {
    if row.text() != text {
        // Otherwise the row would offer to apply what is in force already.
        row.set_show_apply_button(false);
        row.set_text(text);
        row.set_show_apply_button(true);
    }
}

/// What has no editor of its own: GVariant text, in a row that says why.
fn raw(setting: &Setting, why: &str, voice: Voice) -> Parts {
    let entry = typed(setting, true, voice);
    let kind = fill(&gettext("GVariant text of the type {type}"), &[("type", &setting.kind)]);
    entry.row.set_use_markup(false);
    entry.row.set_title(&kind);
    let note = adw::ActionRow::builder().use_markup(false).subtitle(gettext(why)).build();
    note.add_css_class("property");
    note.set_title(&gettext("Edited as Text"));
    let row = adw::ExpanderRow::builder().title_lines(3).subtitle_lines(5).build();
    row.add_row(&entry.row);
    row.add_row(&note);
    Parts { row: row.upcast(), put: entry.put }
}
