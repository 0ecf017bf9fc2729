//! Component tests: real widgets on a display of their own, without a window manager.
//!
//! `dbus-run-session -- xvfb-run -a cargo test --bin bucket`

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bucket::core::item::{ItemKey, Layer, Record, SubsystemId};
use bucket::core::plan::{Change, Held, Plan, Side};
use bucket::core::report::ItemReport;
use bucket::engine::Verb;
use bucket::subsystem::Page;
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::backend::{Planned, Purpose};
use crate::model::tests::{ABOUT, all_kinds, branch, item, report};
use crate::model::{Filter, PageData};
use crate::pages::drift::{DriftMsg, DriftOut, DriftPage};
use crate::widgets::drift_row::DriftRow;
use crate::widgets::plan_dialog::{PlanDialog, PlanMsg, PlanOut};
use crate::widgets::row_object::RowObject;
use crate::widgets::sidebar::Sidebar;

/// Lets messages and frames through until `done`.
pub fn until(what: &str, done: impl Fn() -> bool) {
    let context = glib::MainContext::default();
    for _ in 0..500 {
        while context.pending() {
            context.iteration(false);
        }
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("there is still no {what}");
}

/// All widgets of a type below another, in order.
pub fn below<T: IsA<gtk::Widget>>(root: &impl IsA<gtk::Widget>) -> Vec<T> {
    let mut found = Vec::new();
    let mut child = root.upcast_ref::<gtk::Widget>().first_child();
    while let Some(widget) = child {
        found.extend(widget.downcast_ref::<T>().cloned());
        found.extend(below::<T>(&widget));
        child = widget.next_sibling();
    }
    found
}

pub fn button(root: &impl IsA<gtk::Widget>, label: &str) -> gtk::Button {
    let all = below::<gtk::Button>(root);
    let found = all.into_iter().find(|button| button.label().as_deref() == Some(label));
    found.unwrap_or_else(|| panic!("no button “{label}”"))
}

fn data() -> Arc<PageData> {
    Arc::new(PageData::new(&[&ABOUT], Page::Flatpaks, &report(all_kinds())))
}

type Outs = Rc<RefCell<Vec<DriftOut>>>;

fn page() -> (Controller<DriftPage>, adw::Window, Outs) {
    adw::init().expect("a display");
    let outs = Outs::default();
    let kept = outs.clone();
    let page = DriftPage::builder().launch((Page::Flatpaks, false));
    let page = page.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let nav = adw::NavigationView::new();
    nav.add(page.widget());
    let window =
        adw::Window::builder().default_width(900).default_height(900).content(&nav).build();
    window.present();
    page.emit(DriftMsg::Data(data()));
    (page, window, outs)
}

fn rows(window: &adw::Window) -> Vec<DriftRow> {
    // The headings are a row too, the first.
    below::<DriftRow>(window).into_iter().skip(1).filter(|row| row.is_mapped()).collect()
}

#[gtk::test]
fn a_page_lists_its_differences_and_asks_for_what_is_pressed() {
    let (page, window, outs) = page();
    until("list", || rows(&window).len() == 6);
    button(&rows(&window)[0], "Capture").emit_clicked();
    until("request", || !outs.borrow().is_empty());
    match &outs.borrow()[0] {
        DriftOut::Resolve(keys, Verb::Capture) => {
            assert_eq!(keys[0].item.as_str(), "system-changed");
        }
        out => panic!("{out:?}"),
    }
    page.emit(DriftMsg::Filter(Filter::InSync));
    until("filtered list", || rows(&window).len() == 1);
    page.emit(DriftMsg::SearchText("nothing like it".to_owned()));
    until("empty list", || {
        below::<adw::StatusPage>(&window)
            .iter()
            .any(|status| status.is_mapped() && status.title() == "No Items Found")
    });
    window.destroy();
}

#[gtk::test]
fn a_selection_offers_what_can_be_done_with_it() {
    let (page, window, outs) = page();
    until("list", || rows(&window).len() == 6);
    page.emit(DriftMsg::SelectAll);
    let labels = || -> Vec<String> {
        let buttons = below::<gtk::Button>(&window).into_iter();
        buttons.filter_map(|button| button.label().map(String::from)).collect()
    };
    // What is unknown can be neither captured nor applied, and is not selected.
    until("action bar", || labels().contains(&"Capture 5".to_owned()));
    assert!(labels().contains(&"Apply 5…".to_owned()));
    button(&window, "Skip").emit_clicked();
    until("skipped rows", || rows(&window).len() == 1);
    assert!(outs.borrow().is_empty());
    window.destroy();
}

#[gtk::test]
fn rows_that_stay_the_same_keep_their_widgets_and_ticks() {
    let (page, window, _outs) = page();
    until("list", || rows(&window).len() == 6);
    page.emit(DriftMsg::SelectAll);
    let mut items = all_kinds();
    items.remove(0);
    let known = Some(bucket::core::item::Live::known(branch("x")));
    items.push(item("zz-new", None, None, known, None));
    let fewer = PageData::new(&[&ABOUT], Page::Flatpaks, &report(items));
    page.emit(DriftMsg::Data(Arc::new(fewer)));
    until("four ticks that are left", || {
        let checks = rows(&window).iter().flat_map(below::<gtk::CheckButton>).collect::<Vec<_>>();
        checks.len() == 6 && checks.iter().filter(|check| check.is_active()).count() == 4
    });
    window.destroy();
}

#[gtk::test]
fn a_narrow_row_fits_a_phone() {
    adw::init().expect("a display");
    relm4::set_global_css(crate::style::CSS);
    let row = DriftRow::new(|_, _| ());
    let running = all_kinds().into_iter().map(|item| ItemReport { running: Some(true), ..item });
    let running = PageData::new(&[&ABOUT], Page::Flatpaks, &report(running.collect()));
    for shown in data().rows.iter().chain(&running.rows) {
        row.bind(&RowObject::new(shown.clone()));
        row.set_narrow(true);
        let (least, ..) = row.measure(gtk::Orientation::Horizontal, -1);
        assert!(least <= 336, "{}: {least}", shown.title);
        row.set_narrow(false);
        let (least, ..) = row.measure(gtk::Orientation::Horizontal, -1);
        assert!(least <= 676, "{}: {least}", shown.title);
        row.unbind();
    }
}

#[gtk::test]
fn a_row_marks_the_suggested_side_and_says_why_not() {
    adw::init().expect("a display");
    let row = DriftRow::new(|_, _| ());
    let of = |name: &str| {
        let shown = data().rows.iter().find(|row| row.title == name).cloned();
        row.unbind();
        row.bind(&RowObject::new(shown.expect("a row")));
        (button(&row, "Capture"), button(&row, "Apply"))
    };
    let (capture, apply) = of("missing");
    assert!(apply.has_css_class("suggested-action") && !capture.has_css_class("suggested-action"));
    let (capture, apply) = of("unknown");
    assert!(!capture.is_sensitive() && !apply.is_sensitive());
    let why = "The system's side could not be read";
    assert_eq!(apply.tooltip_text().as_deref(), Some(why));
}

#[gtk::test]
fn the_sidebar_shows_counts() {
    adw::init().expect("a display");
    let sidebar = Sidebar::new(vec![("one", "One".to_owned(), "go-home-symbolic")], &[], |_| ());
    sidebar.set_count("one", 3, false);
    let labels = below::<gtk::Label>(&sidebar.list);
    let count = labels.iter().find(|label| label.has_css_class("count")).expect("a count");
    assert!(count.get_visible() && count.text() == "3");
    sidebar.set_count("one", 0, false);
    assert!(!count.get_visible());
}

fn change(item: &str, held: Option<Held>) -> Change {
    Change {
        subsystem: SubsystemId::new("toys"),
        item: ItemKey::new(item),
        title: item.to_owned(),
        side: Side::System,
        layer: Layer::Shared,
        before: None,
        after: Some(Record::new()),
        other: None,
        held,
    }
}

#[gtk::test]
fn the_plan_dialog_leaves_what_is_held_to_the_person() {
    adw::init().expect("a display");
    let plan = Plan {
        changes: vec![change("plain", None)],
        held: vec![change("<b>held</b>", Some(Held::Removal))],
        ..Plan::default()
    };
    let lines = vec!["Do plain".to_owned(), "Do <b>held</b>".to_owned()];
    let outs: Rc<RefCell<Vec<PlanOut>>> = Rc::default();
    let kept = outs.clone();
    let dialog = PlanDialog::builder().launch((Planned { plan, lines }, Purpose::Apply));
    let dialog = dialog.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    // A dialog that is not presented has its child, but no place for it yet.
    let content = dialog.widget().child().expect("content");
    let checks = below::<gtk::CheckButton>(&content);
    let ticks: Vec<bool> = checks.iter().map(CheckButtonExt::is_active).collect();
    assert_eq!(ticks, [true, false]);
    let titles = below::<adw::ActionRow>(&content);
    assert!(titles.iter().any(|row| row.title() == "Do <b>held</b>" && !row.uses_markup()));
    checks[1].set_active(true);
    until("another plan", || !outs.borrow().is_empty());
    match &outs.borrow()[0] {
        PlanOut::Replan { changes, held } => assert_eq!((changes.len(), held.len()), (2, 0)),
        out => panic!("{out:?}"),
    }
    // Until the new plan is there, the old one cannot be carried out.
    until("insensitive button", || !button(&content, "Apply").is_sensitive());
    dialog.emit(PlanMsg::Cancel);
}
