//! Component tests of what belongs to the image: its page, its rows, its Containerfile and its plans.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bucket::core::item::{ItemKey, Layer, Live, Notice, Record, SubsystemId};
use bucket::core::plan::{BlockedChange, Change, Plan, Side};
use bucket::subsystem::Page;
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::backend::{Planned, Purpose};
use crate::containerfile::{Containerfile, Part, Stand};
use crate::diff;
use crate::gui_tests::{below, button, until};
use crate::model::tests::{IMAGE, part, parts, parts_report};
use crate::model::{Filter, PageData, Row};
use crate::pages::containerfile::{ContainerfileMsg, ContainerfileOut, ContainerfilePage};
use crate::pages::detail;
use crate::pages::drift::{DriftMsg, DriftOut, DriftPage};
use crate::widgets::drift_row::DriftRow;
use crate::widgets::notices::Notices;
use crate::widgets::plan_dialog::PlanDialog;
use crate::widgets::row_object::RowObject;

fn data() -> PageData {
    PageData::new(&[&IMAGE], Page::Packages, &parts_report(parts()))
}

fn row(data: &PageData, name: &str) -> Arc<Row> {
    data.rows.iter().find(|row| row.title == name).cloned().expect("a row")
}

fn window(page: &impl IsA<gtk::Widget>, width: i32) -> adw::Window {
    let window = adw::Window::builder().default_width(width).default_height(800).build();
    window.set_content(Some(page));
    window.present();
    window
}

fn page() -> (Controller<DriftPage>, adw::Window, Rc<RefCell<Vec<DriftOut>>>) {
    adw::init().expect("a display");
    let outs: Rc<RefCell<Vec<DriftOut>>> = Rc::default();
    let kept = outs.clone();
    let page = DriftPage::builder().launch((Page::Packages, false));
    let page = page.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let nav = adw::NavigationView::new();
    nav.add(page.widget());
    let window = window(&nav, 900);
    page.emit(DriftMsg::Data(Arc::new(data())));
    (page, window, outs)
}

fn named(window: &adw::Window, tooltip: &str) -> gtk::Button {
    let all = below::<gtk::Button>(window).into_iter();
    let mut found = all.filter(|button| button.tooltip_text().as_deref() == Some(tooltip));
    found.next().unwrap_or_else(|| panic!("no button with “{tooltip}”"))
}

#[gtk::test]
fn everything_that_waits_is_had_now_only_when_asked() {
    let (page, window, outs) = page();
    let rows = || below::<DriftRow>(&window).iter().skip(1).filter(|row| row.is_mapped()).count();
    until("list without what is in sync", || rows() == 4);
    page.emit(DriftMsg::SelectAll);
    // Of the differences only one can be captured or applied; what waits is left alone.
    until("selection", || {
        below::<gtk::Label>(&window).iter().any(|label| label.text() == "1 selected")
    });
    page.emit(DriftMsg::ClearSelection);
    page.emit(DriftMsg::Filter(Filter::Pending));
    until("what is pending", || rows() == 3);
    page.emit(DriftMsg::SelectAll);
    let labels = || -> Vec<String> {
        below::<gtk::Button>(&window).iter().filter_map(|b| b.label().map(String::from)).collect()
    };
    until("a button that says so", || labels().contains(&"Apply 2 Now…".to_owned()));
    assert!(!button(&window, "Capture 0").get_visible());
    button(&window, "Apply 2 Now…").emit_clicked();
    until("request", || !outs.borrow().is_empty());
    match outs.borrow().as_slice() {
        [DriftOut::Now(keys)] => assert_eq!(keys.len(), 2),
        outs => panic!("{outs:?}"),
    }
    window.destroy();
}

#[gtk::test]
fn the_header_leads_to_the_containerfile() {
    let (_page, window, outs) = page();
    named(&window, "Containerfile").emit_clicked();
    until("request", || !outs.borrow().is_empty());
    assert!(matches!(outs.borrow()[0], DriftOut::Containerfile));
    window.destroy();
}

#[gtk::test]
fn the_menu_of_what_waits_offers_to_have_it_now() {
    adw::init().expect("a display");
    let (data, asked) = (data(), Rc::new(RefCell::new(Vec::new())));
    let kept = asked.clone();
    let widget = DriftRow::new(move |key, act| kept.borrow_mut().push((key.clone(), act)));
    let now = |name: &str| {
        widget.unbind();
        widget.bind(&RowObject::new(row(&data, name)));
        assert!(!button(&widget, "Apply").has_css_class("suggested-action"), "{name}");
        widget.activate_action("row.now", None).is_ok() && !asked.borrow().is_empty()
    };
    assert!(!now("layered"));
    assert!(!now("staged"));
    assert!(now("wanted"));
    assert_eq!(asked.borrow()[0].0.item.as_str(), "wanted");
    let (least, ..) = widget.measure(gtk::Orientation::Horizontal, -1);
    assert!(least <= 676, "{least}");
}

#[gtk::test]
fn an_open_menu_does_not_become_that_of_another_item() {
    adw::init().expect("a display");
    let data = data();
    let widget = DriftRow::new(|_, _| ());
    let window = window(&widget, 900);
    widget.bind(&RowObject::new(row(&data, "wanted")));
    let menu = below::<gtk::MenuButton>(&widget).remove(0);
    let open = || menu.popover().is_some_and(|popover| popover.is_visible());
    menu.popup();
    until("open menu", open);
    widget.unbind();
    widget.bind(&RowObject::new(row(&data, "layered")));
    until("closed menu", || !open());
    window.destroy();
}

#[gtk::test]
fn a_detail_page_offers_what_the_row_does() {
    adw::init().expect("a display");
    let (sender, _receiver) = relm4::channel();
    let data = data();
    let wanted = detail::buttons(&row(&data, "wanted"), &sender);
    let now = button(&wanted, "Apply Now…");
    assert!(now.is_sensitive() && !now.has_css_class("suggested-action"));
    assert!(!button(&wanted, "Capture").is_sensitive());
    let layered = detail::buttons(&row(&data, "layered"), &sender);
    assert!(button(&layered, "Apply").is_sensitive());
}

#[gtk::test]
fn a_file_is_shown_as_a_difference() {
    adw::init().expect("a display");
    let file = |text: &str| Record::new().with("content", text);
    let (old, new) = ("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\n<b>\nf\n");
    let live = Live::known(file(new));
    let item = crate::model::tests::item("etc", None, Some(file(old)), Some(live), None);
    let about = bucket::subsystem::About {
        id: IMAGE.id.clone(),
        fields: &[bucket::core::item::FieldSpec {
            name: "content",
            left_out: bucket::core::item::LeftOut::NotCompared,
        }],
        ..IMAGE
    };
    let about: &'static bucket::subsystem::About = Box::leak(Box::new(about));
    let data = PageData::new(&[about], Page::Packages, &parts_report(vec![item]));
    let (sender, _receiver) = relm4::channel();
    let page = detail::new_page(&data.rows[0].key);
    detail::fill_page(&page, &data.rows[0], &sender);
    let lines: Vec<String> = below::<gtk::ListBoxRow>(&page)
        .iter()
        .filter(|row| row.has_css_class("added"))
        .map(text)
        .collect();
    assert_eq!(lines, ["+ <b>"]);
    let left_out = below::<gtk::ListBoxRow>(&page).iter().any(|row| row.has_css_class("left-out"));
    assert!(left_out, "what is far from the change is not shown");
}

/// The words of a line.
fn text(row: &gtk::ListBoxRow) -> String {
    below::<gtk::Label>(row)
        .iter()
        .map(|label| label.text().to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

fn file(parts: Vec<Part>) -> Arc<Containerfile> {
    Arc::new(Containerfile { path: "~/distribution/Containerfile".to_owned(), parts })
}

fn section(name: &str, stand: Stand, old: &str, new: &str) -> Part {
    Part {
        name: name.to_owned(),
        stand,
        place: String::new(),
        wanted: new.to_owned(),
        lines: diff::brief(old, new, 3),
    }
}

#[gtk::test]
fn the_containerfile_shows_what_writing_it_would_change() {
    adw::init().expect("a display");
    let outs: Rc<RefCell<Vec<ContainerfileOut>>> = Rc::default();
    let kept = outs.clone();
    let page = ContainerfilePage::builder().launch(());
    let page = page.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let window = window(page.widget(), 360);
    let shown = |label: &str| button(&window, label).is_mapped();
    let broken = "Containerfile:7: the section SYSTEM_PACKAGES has no end";
    page.emit(ContainerfileMsg::Read(Err(broken.to_owned())));
    until("error", || shown("Retry"));
    let status = below::<adw::StatusPage>(&window).remove(0);
    assert_eq!(status.description().as_deref(), Some(broken));
    button(&window, "Retry").emit_clicked();
    page.emit(ContainerfileMsg::Read(Ok(Some(file(vec![
        section("COPR_REPOS", Stand::InSync, "# none\n", "# none\n"),
        section("SYSTEM_PACKAGES", Stand::Differs, "RUN dnf a\n", "RUN dnf a b\n"),
        section("HOST_SHIMS", Stand::Missing, "", "RUN x\n"),
    ])))));
    until("difference", || shown("Write Sections") && shown("Add Missing Sections"));
    let lines = || -> Vec<String> {
        let rows = below::<gtk::ListBoxRow>(&window).into_iter();
        rows.filter(|row| row.has_css_class("added") || row.has_css_class("removed"))
            .map(|row| text(&row))
            .collect()
    };
    assert_eq!(lines(), ["− RUN dnf a", "+ RUN dnf a b", "+ RUN x"]);
    let (least, ..) = window.measure(gtk::Orientation::Horizontal, -1);
    assert!(least <= 360, "{least}");
    button(&window, "Write Sections").emit_clicked();
    button(&window, "Add Missing Sections").emit_clicked();
    until("requests", || outs.borrow().len() == 3);
    let write = |add_missing| ContainerfileOut::Write { add_missing };
    assert_eq!(*outs.borrow(), [ContainerfileOut::Retry, write(false), write(true)]);
    let settled = section("SYSTEM_PACKAGES", Stand::InSync, "x\n", "x\n");
    page.emit(ContainerfileMsg::Read(Ok(Some(file(vec![settled])))));
    until("nothing to write", || !shown("Write Sections") && lines().is_empty());
    page.emit(ContainerfileMsg::Read(Ok(None)));
    until("no file", || {
        let pages = below::<adw::StatusPage>(&window);
        pages.iter().any(|page| page.is_mapped() && page.title() == "No Containerfile")
    });
    window.destroy();
}

#[gtk::test]
fn what_comes_later_is_not_called_impossible() {
    adw::init().expect("a display");
    let change = |item: &str| Change {
        subsystem: SubsystemId::new("parts"),
        item: ItemKey::new(item),
        title: item.to_owned(),
        side: Side::System,
        layer: Layer::Shared,
        before: None,
        after: Some(Record::new()),
        other: None,
        held: None,
    };
    let blocked = |item: &str, later| BlockedChange {
        change: change(item),
        reason: format!("why {item}"),
        later,
    };
    let dialog = |plan: Plan| {
        let dialog = PlanDialog::builder()
            .launch((Planned { plan, lines: vec!["Do it".to_owned()] }, Purpose::Apply));
        let dialog = dialog.detach();
        (dialog.widget().child().expect("content"), dialog)
    };
    let both = vec![blocked("later", true), blocked("never", false)];
    let plan = Plan { changes: vec![change("x")], blocked: both, ..Plan::default() };
    let (content, _dialog) = dialog(plan);
    let titles: Vec<String> =
        below::<adw::PreferencesGroup>(&content).iter().map(|g| g.title().to_string()).collect();
    let at = |title: &str| titles.iter().position(|one| one == title);
    assert!(
        at("With the Next Image") < at("Not Possible") && at("With the Next Image").is_some(),
        "{titles:?}"
    );
    assert!(button(&content, "Apply").get_visible());
    // With nothing to do but wait there is nothing to press but Close.
    let (content, _dialog) =
        dialog(Plan { blocked: vec![blocked("later", true)], ..Plan::default() });
    assert!(!button(&content, "Apply").get_visible());
    assert!(button(&content, "Close").get_visible());
}

/// The page is not empty or broken where nothing of it can be here: it says why, once.
#[gtk::test]
fn a_machine_without_an_image_has_one_banner() {
    let (page, window, _outs) = page();
    let why = "This machine was not started from an image";
    let barred = bucket::core::item::Barred::NotHere(why.to_owned());
    let here = |key: &str| part(key, true, Some(Live::absent().barred(Some(barred.clone()))), "");
    let report = parts_report(vec![here("a"), here("b")]);
    let data = PageData::new(&[&IMAGE], Page::Packages, &report);
    page.emit(DriftMsg::Data(Arc::new(data)));
    until("banner", || {
        let banners = below::<adw::Banner>(&window);
        banners.iter().filter(|banner| banner.is_revealed() && banner.title() == why).count() == 1
    });
    let said = below::<gtk::Label>(&window)
        .iter()
        .filter(|l| l.is_mapped() && l.text().contains(why))
        .count();
    assert_eq!(said, 1);
    window.destroy();
}

#[gtk::test]
fn many_notices_become_one_where_there_is_little_room() {
    adw::init().expect("a display");
    let read = Rc::new(RefCell::new(String::new()));
    let kept = read.clone();
    let notices = Notices::new(|_| (), move |text| *kept.borrow_mut() = text);
    let notice = |text: &str| Notice { text: text.to_owned(), remedy: None };
    let titles = || -> Vec<String> {
        below::<adw::Banner>(notices.root())
            .iter()
            .map(|banner| banner.title().to_string())
            .collect()
    };
    let both = [notice("one"), notice("two")];
    notices.show(&both, false);
    assert_eq!(titles(), ["one", "two"]);
    notices.show(&both, true);
    assert_eq!(titles(), ["2 things to know"]);
    below::<adw::Banner>(notices.root())[0].emit_by_name::<()>("button-clicked", &[]);
    assert_eq!(*read.borrow(), "one\n\ntwo");
    notices.show(&both[..1], true);
    assert_eq!(titles(), ["one"]);
}

#[gtk::test]
fn every_icon_exists() {
    adw::init().expect("a display");
    let display = gtk::gdk::Display::default().expect("a display");
    let theme = gtk::IconTheme::for_display(&display);
    let pages = Page::ALL.iter().map(|page| page.icon());
    let subsystems = bucket::subsystem::all();
    let icons = pages.chain(subsystems.iter().map(|one| one.about().icon));
    let missing: Vec<&str> = icons.filter(|icon| !theme.has_icon(icon)).collect();
    assert_eq!(missing, [""; 0]);
}
