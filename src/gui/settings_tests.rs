//! Component tests of the editors of settings, each with a setting of its kind.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bucket::host::schemas::Range;
use bucket::subsystem::gsettings::SettingKey;
use bucket::subsystem::gsettings::catalog::{Catalog, Editor, Setting, Source, State};
use relm4::adw::prelude::*;
use relm4::gtk::glib::Variant;
use relm4::{adw, gtk};

use crate::browse::Shown;
use crate::gui_tests::{below, until};
use crate::widgets::setting_row::{SettingOut, SettingRow};

const XML: &str = r#"<schemalist>
<enum id="org.t.E"><value nick="one" value="0"/><value nick="two-more" value="1"/></enum>
<flags id="org.t.F"><value nick="one" value="1"/><value nick="two" value="2"/></flags>
<schema id="org.t" path="/org/t/">
  <key name="on" type="b"><default>false</default><summary>On &lt;b&gt;or off</summary></key>
  <key name="choice" enum="org.t.E"><default>'one'</default></key>
  <key name="flags" flags="org.t.F"><default>['one']</default></key>
  <key name="scale" type="d"><range min="0.5" max="3.0"/><default>1.0</default></key>
  <key name="count" type="i"><range min="0" max="9"/><default>3</default></key>
  <key name="huge" type="t"><default>18446744073709551615</default></key>
  <key name="text" type="s"><default>'x'</default></key>
  <key name="list" type="as"><default>['a', 'b']</default></key>
  <key name="raw" type="a{sv}"><default>{}</default></key>
</schema></schemalist>"#;

/// A setting of the schema above, as it comes.
fn shown(name: &str) -> Shown {
    let place = tempfile::tempdir().expect("a folder");
    let schemas = place.path().join("usr/share/glib-2.0/schemas");
    std::fs::create_dir_all(&schemas).expect("a folder");
    std::fs::write(schemas.join("t.gschema.xml"), XML).expect("a file");
    #[allow(clippy::disallowed_methods, reason = "a test's own tool")]
    let done =
        std::process::Command::new("glib-compile-schemas").arg("--strict").arg(&schemas).status();
    assert!(done.expect("glib-compile-schemas").success());
    let env = bucket::host::Environment::below(place.path());
    let host = bucket::host::Host::new(env, Arc::new(bucket::host::command::Real));
    let (catalog, values) = Catalog::load(&host, []).expect("a catalogue");
    let setting = catalog.settings.iter().find(|one| one.key.key.as_str() == name);
    let setting = setting.expect("the setting").clone();
    let state = values.state(&setting);
    Shown { setting, state, row: None }
}

fn with(shown: &Shown, value: &str) -> Shown {
    let value = shown.setting.parse(value).expect("a value");
    let state = State { value, source: Source::Person, ..shown.state.clone() };
    Shown { state, ..shown.clone() }
}

struct Bench {
    row: Rc<SettingRow>,
    outs: Rc<RefCell<Vec<SettingOut>>>,
    window: gtk::Window,
}

impl Bench {
    fn new(shown: &Shown) -> Self {
        adw::init().expect("a display");
        let outs: Rc<RefCell<Vec<SettingOut>>> = Rc::default();
        let kept = outs.clone();
        let row = SettingRow::new(shown, true, Rc::new(move |out| kept.borrow_mut().push(out)));
        let list = gtk::ListBox::new();
        list.append(&row.row);
        list.append(&row.wrong);
        let window = gtk::Window::builder().child(&list).build();
        window.present();
        Self { row, outs, window }
    }

    fn find<T: IsA<gtk::Widget>>(&self) -> T {
        below::<T>(&self.window).into_iter().next().expect("a widget")
    }

    fn entry(&self, title: &str) -> adw::EntryRow {
        let all = below::<adw::EntryRow>(&self.window);
        all.into_iter().find(|entry| entry.title() == title).expect("an entry")
    }

    fn button(&self, tooltip: &str, nth: usize) -> gtk::Button {
        let all = below::<gtk::Button>(&self.window).into_iter();
        let mut fitting = all.filter(|button| button.tooltip_text().as_deref() == Some(tooltip));
        fitting.nth(nth).expect("a button")
    }

    /// The only value it asked for since it was last asked.
    fn set(&self) -> String {
        let outs = self.outs.take();
        match outs.as_slice() {
            [SettingOut::Set(value)] => value.print(true).into(),
            outs => panic!("{outs:?}"),
        }
    }

    fn wrong(&self) -> Option<String> {
        let label: gtk::Label = self.row.wrong.child().and_downcast().expect("a label");
        self.row.wrong.is_visible().then(|| label.text().into())
    }
}

#[gtk::test]
fn a_switch_tells_what_it_is_switched_to_and_goes_back_when_refused() {
    let setting = shown("on");
    let bench = Bench::new(&setting);
    let row: adw::SwitchRow = bench.find();
    assert!(row.title() == "On <b>or off" && !row.uses_markup());
    row.set_active(true);
    assert_eq!(bench.set(), "true");
    bench.row.refuse("not now");
    assert!(!row.is_active() && row.has_css_class("error"));
    assert_eq!(bench.wrong().as_deref(), Some("not now"));
    // What others change is shown, and not told back; it settles what was wrong.
    bench.row.show(&with(&setting, "true"));
    assert!(row.is_active() && bench.outs.borrow().is_empty() && bench.wrong().is_none());
    assert_eq!(row.subtitle().as_deref(), Some("on · changed"));
    bench.button("Details", 0).emit_clicked();
    assert_eq!(bench.outs.take(), [SettingOut::Open]);
}

#[gtk::test]
fn a_choice_is_one_of_those_the_schema_has() {
    let bench = Bench::new(&shown("choice"));
    let row: adw::ComboRow = bench.find();
    assert_eq!(row.model().map(|model| model.n_items()), Some(2));
    assert!(bench.outs.borrow().is_empty(), "showing a value is no choice");
    row.set_selected(1);
    assert_eq!(bench.set(), "'two-more'");
}

#[gtk::test]
fn flags_are_ticked_one_by_one() {
    let bench = Bench::new(&shown("flags"));
    let checks = below::<gtk::CheckButton>(&bench.window);
    assert_eq!(checks.iter().map(CheckButtonExt::is_active).collect::<Vec<_>>(), [true, false]);
    checks[1].set_active(true);
    assert_eq!(bench.set(), "['one', 'two']");
    checks[0].set_active(false);
    assert_eq!(bench.set(), "['two']");
}

#[gtk::test]
fn a_number_stays_in_its_range_and_is_told_once_it_stands() {
    let bench = Bench::new(&shown("count"));
    let row: gtk::SpinButton = bench.find();
    assert_eq!((row.adjustment().lower(), row.adjustment().upper()), (0.0, 9.0));
    for value in [4.0, 5.0, 99.0] {
        row.set_value(value);
    }
    assert!(bench.outs.borrow().is_empty());
    until("a number", || !bench.outs.borrow().is_empty());
    assert_eq!(bench.set(), "9");
}

#[gtk::test]
fn a_number_is_taken_even_when_its_page_is_left_at_once() {
    let Bench { row, outs, window } = Bench::new(&shown("count"));
    below::<gtk::SpinButton>(&window).remove(0).set_value(7.0);
    window.destroy();
    drop((row, window));
    until("a number", || !outs.borrow().is_empty());
    assert!(matches!(outs.borrow().as_slice(), [SettingOut::Set(value)] if value.get() == Some(7)));
}

#[gtk::test]
fn what_was_not_done_is_put_back() {
    let bench = Bench::new(&shown("on"));
    let row: adw::SwitchRow = bench.find();
    row.set_active(true);
    assert_eq!(bench.set(), "true");
    bench.row.put_back();
    assert!(!row.is_active() && bench.outs.borrow().is_empty());
}

#[gtk::test]
fn a_fraction_keeps_its_decimals_and_moves_in_round_steps() {
    let setting = shown("scale");
    let bench = Bench::new(&with(&setting, "1.125"));
    let row: gtk::SpinButton = bench.find();
    assert_eq!((row.digits(), row.adjustment().step_increment()), (3, 0.1));
    assert_eq!(row.value(), 1.125);
    row.set_value(1.25);
    until("a number", || !bench.outs.borrow().is_empty());
    assert_eq!(bench.set(), "1.25");
}

#[gtk::test]
fn a_number_that_a_button_could_not_count_is_typed() {
    let bench = Bench::new(&shown("huge"));
    let row: adw::EntryRow = bench.find();
    assert_eq!(row.text(), "18446744073709551615");
    row.set_text("-1");
    row.emit_by_name::<()>("apply", &[]);
    assert!(bench.outs.borrow().is_empty());
    assert_eq!(bench.wrong().as_deref(), Some("-1 is not a whole number"));
    assert!(row.text() == "-1" && row.has_css_class("error"), "what was typed stays");
    row.set_text("18446744073709551614");
    row.emit_by_name::<()>("apply", &[]);
    assert_eq!(bench.set(), "uint64 18446744073709551614");
}

#[gtk::test]
fn a_text_is_told_when_it_is_applied() {
    let setting = shown("text");
    let bench = Bench::new(&setting);
    let row: adw::EntryRow = bench.find();
    row.set_text("it's");
    assert!(bench.outs.borrow().is_empty());
    // What else is said of it does not take away what is being typed.
    bench.row.show(&Shown {
        state: State { source: Source::Person, ..setting.state.clone() },
        ..setting.clone()
    });
    assert_eq!(row.text(), "it's");
    row.emit_by_name::<()>("apply", &[]);
    assert_eq!(bench.set(), "\"it's\"");
}

#[gtk::test]
fn a_list_is_added_to_changed_moved_and_removed_from() {
    let setting = shown("list");
    let bench = Bench::new(&setting);
    let add = bench.entry("Add an Entry");
    add.set_text("c");
    add.emit_by_name::<()>("apply", &[]);
    assert_eq!((bench.set().as_str(), add.text().as_str()), ("['a', 'b', 'c']", ""));
    bench.row.show(&with(&setting, "['a', 'b', 'c']"));
    let second = bench.entry("Entry 2");
    assert_eq!(second.text(), "b");
    second.set_text("z");
    second.emit_by_name::<()>("apply", &[]);
    assert_eq!(bench.set(), "['a', 'z', 'c']");
    bench.button("Move Up", 2).emit_clicked();
    // Each adds to what the one before asked for, which nobody has answered yet.
    assert_eq!(bench.set(), "['a', 'c', 'z']");
    assert!(!bench.button("Move Up", 0).is_sensitive());
    assert!(!bench.button("Move Down", 2).is_sensitive());
    bench.button("Move Down", 0).emit_clicked();
    assert_eq!(bench.set(), "['c', 'a', 'z']");
    bench.button("Remove", 0).emit_clicked();
    assert_eq!(bench.set(), "['a', 'z']");
    bench.entry("Entry 2").set_text("half ty");
    bench.row.show(&with(&setting, "['q', 'z']"));
    assert_eq!(bench.entry("Entry 1").text(), "q");
    assert_eq!(bench.entry("Entry 2").text(), "half ty");
    bench.row.show(&with(&setting, "[]"));
    assert_eq!(below::<adw::EntryRow>(&bench.window).len(), 1);
    // The list of a set has no order of its own.
    let mut set = Setting::clone(&setting.setting);
    set.editor = Editor::List { set: true };
    let bench = Bench::new(&Shown { setting: Arc::new(set), ..setting });
    let moves = below::<gtk::Button>(&bench.window).into_iter();
    assert_eq!(moves.filter(|b| b.tooltip_text().as_deref() == Some("Move Up")).count(), 0);
}

#[gtk::test]
fn gvariant_text_is_refused_at_the_row_until_it_is_of_the_type() {
    let bench = Bench::new(&shown("raw"));
    let entry = bench.entry("GVariant text of the type a{sv}");
    entry.set_text("{'a'");
    entry.emit_by_name::<()>("apply", &[]);
    assert!(bench.outs.borrow().is_empty());
    assert!(bench.wrong().is_some_and(|why| why.contains("a{sv}")));
    entry.set_text("{'a': <1>}");
    entry.emit_by_name::<()>("apply", &[]);
    assert_eq!(bench.set(), "{'a': <1>}");
}

#[gtk::test]
fn a_locked_setting_says_so_and_cannot_be_edited() {
    let setting = shown("on");
    let locked = State { locked: true, ..setting.state.clone() };
    let locked = Shown { state: locked, ..setting.clone() };
    let bench = Bench::new(&locked);
    assert!(!bench.find::<gtk::Switch>().is_sensitive());
    let row: adw::ActionRow = bench.row.row.clone().downcast().expect("a row");
    let why = "on · Locked by the administrator of this machine";
    assert_eq!(row.subtitle().as_deref(), Some(why));
    assert!(!bench.row.fits(&setting), "unlocked, it takes another editor");
    assert!(bench.button("Details", 0).is_sensitive());
}

#[gtk::test]
fn rows_fit_a_phone() {
    for name in ["on", "choice", "flags", "scale", "count", "huge", "text", "list", "raw"] {
        let mut setting = shown(name);
        let long = "A summary that goes on and on as summaries do ".repeat(4);
        Arc::make_mut(&mut setting.setting).title = long;
        let bench = Bench::new(&setting);
        let settings = gtk::Settings::default().expect("settings");
        for percent in [100, 200] {
            settings.set_gtk_xft_dpi(96 * 1024 * percent / 100);
            let (least, ..) = bench.row.row.measure(gtk::Orientation::Horizontal, -1);
            assert!(least <= 336, "{name} at {percent} %: {least}");
        }
        settings.set_gtk_xft_dpi(96 * 1024);
    }
}

#[test]
fn a_local_edit_names_the_command_that_does_the_same() {
    use crate::app::AppMsg;
    use bucket::engine::Reach;
    let mut setting = Setting::clone(&shown("text").setting);
    setting.key = path_key();
    let value = Variant::from("a b");
    match crate::browse::edit(&setting, Some(&value), true) {
        AppMsg::Edit { reach: Reach::System, local: Some(local), wishes } => {
            assert_eq!(local, r#"bkt gsetting set org.t:/a/ text ''\''a b'\''' --local"#);
            assert_eq!(wishes[0].item.as_str(), "org.t:/a/ text");
        }
        out => panic!("{out:?}"),
    }
    match crate::browse::edit(&setting, None, false) {
        AppMsg::Edit { reach: Reach::Both, local: None, .. } => (),
        out => panic!("{out:?}"),
    }
    assert_eq!(setting.range, Range::Any);
}

fn path_key() -> SettingKey {
    let item = bucket::core::item::ItemKey::new("org.t:/a/ text");
    SettingKey::parse(&item).expect("a key")
}
