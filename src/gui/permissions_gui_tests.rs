//! Component tests of the override editor: real widgets on a display of their own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bucket::core::item::ItemKey;
use bucket::host::flatpak::Scope;
use bucket::subsystem::flatpak::edit::Stand;
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::gui_tests::{below, until};
use crate::pages::permissions::{ListMsg, ListPage, PermissionsOut};
use crate::pages::permissions_app::{AppPage, AppPageMsg};
use crate::pages::permissions_file;
use crate::permissions::Data;
use crate::permissions::rows::rows;
use crate::permissions::tests::sample;
use crate::widgets::permission_row::PermissionRow;

const APP: &str = "user/org.example.App1";

type Outs = Rc<RefCell<Vec<PermissionsOut>>>;

fn data() -> (tempfile::TempDir, Arc<Data>) {
    let root = tempfile::tempdir().unwrap();
    let data = Arc::new(sample(root.path()));
    (root, data)
}

fn window(page: &adw::NavigationPage) -> adw::Window {
    let nav = adw::NavigationView::new();
    nav.add(page);
    let window = adw::Window::builder().default_width(900).default_height(900).build();
    window.set_content(Some(&nav));
    window.present();
    window
}

fn app_page(key: &str) -> (Controller<AppPage>, adw::Window, Outs) {
    adw::init().expect("a display");
    let outs = Outs::default();
    let kept = outs.clone();
    let page = AppPage::builder().launch(ItemKey::new(key));
    let page = page.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let window = window(page.widget());
    (page, window, outs)
}

/// The three choices of a permission.
fn three(window: &adw::Window, title: &str) -> adw::ToggleGroup {
    let row = below::<gtk::ListBoxRow>(window)
        .into_iter()
        .find(|row| below::<gtk::Label>(row).first().is_some_and(|label| label.text() == title));
    below(&row.expect("a row")).remove(0)
}

#[gtk::test]
fn a_choice_asks_for_one_permission_and_new_data_asks_for_nothing() {
    let (_root, data) = data();
    let (page, window, outs) = app_page(APP);
    page.emit(AppPageMsg::Data(data.clone()));
    until("rows", || below::<adw::ToggleGroup>(&window).len() > 10);
    assert_eq!(three(&window, "Network").active(), 2);
    // A conditional permission is none of the three.
    assert_eq!(three(&window, "X11 windows").active(), gtk::INVALID_LIST_POSITION);
    page.emit(AppPageMsg::Data(data));
    three(&window, "Network").set_active(1);
    until("request", || !outs.borrow().is_empty());
    match outs.borrow().as_slice() {
        [PermissionsOut::Edit(change)] => {
            assert_eq!((change.permission.token(), &change.stand), ("network", &Stand::Allow));
            assert!(change.layer == Scope::User && !change.local);
        }
        outs => panic!("{outs:?}"),
    }
    window.destroy();
}

#[gtk::test]
fn an_entry_row_refuses_what_is_wrong_and_says_why() {
    let (_root, data) = data();
    let (page, window, outs) = app_page(APP);
    page.emit(AppPageMsg::Data(data));
    until("rows", || below::<adw::EntryRow>(&window).len() > 5);
    let entry = below::<adw::EntryRow>(&window).remove(0);
    let error = || {
        let labels = below::<gtk::Label>(&window);
        labels.into_iter().find(|label| label.has_css_class("error") && label.is_mapped())
    };
    entry.set_text("../x");
    assert!(!entry.has_css_class("error"), "nobody has said yet that this is all");
    entry.emit_by_name::<()>("apply", &[]);
    until("a reason", || error().is_some());
    assert!(entry.has_css_class("error") && outs.borrow().is_empty());
    entry.set_text("~/x:create");
    until("no reason", || error().is_none());
    assert!(!entry.has_css_class("error"));
    entry.emit_by_name::<()>("apply", &[]);
    until("request", || !outs.borrow().is_empty());
    match outs.borrow().as_slice() {
        [PermissionsOut::Edit(change)] => {
            assert_eq!(change.permission.field(), "Context/filesystems/~/x");
            assert_eq!(change.stand, Stand::Value("create".to_owned()));
        }
        outs => panic!("{outs:?}"),
    }
    assert_eq!(entry.text(), "");
    window.destroy();
}

#[gtk::test]
fn what_takes_root_cannot_be_chosen() {
    let (_root, data) = data();
    let (page, window, _outs) = app_page("global/system");
    page.emit(AppPageMsg::Data(data));
    until("rows", || below::<adw::ToggleGroup>(&window).len() > 10);
    let group = three(&window, "Network");
    assert!(!group.is_sensitive() && group.active() == 0);
    let command = "sudo flatpak override --system --share=network";
    let buttons = below::<gtk::Button>(&window);
    assert!(
        buttons.iter().any(|b| b.tooltip_text().as_deref() == Some(command) && b.get_visible())
    );
    window.destroy();
}

#[gtk::test]
fn a_search_leaves_what_it_finds() {
    let (_root, data) = data();
    let (page, window, _outs) = app_page(APP);
    page.emit(AppPageMsg::Data(data));
    until("rows", || below::<adw::ToggleGroup>(&window).len() > 10);
    let mapped = || below::<adw::ToggleGroup>(&window).iter().filter(|g| g.is_mapped()).count();
    page.emit(AppPageMsg::SearchText("smart".to_owned()));
    until("one row", || mapped() == 1);
    page.emit(AppPageMsg::SearchText("nothing like it".to_owned()));
    until("an empty page", || {
        let pages = below::<adw::StatusPage>(&window);
        pages.iter().any(|page| page.is_mapped() && page.title() == "No Permissions Found")
    });
    window.destroy();
}

#[gtk::test]
fn the_list_goes_by_app_or_by_permission() {
    adw::init().expect("a display");
    let (_root, data) = data();
    let outs = Outs::default();
    let kept = outs.clone();
    let page = ListPage::builder().launch(());
    let page = page.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let window = window(page.widget());
    page.emit(ListMsg::Data(data));
    let titles = || -> Vec<String> {
        let rows = below::<adw::ActionRow>(&window).into_iter();
        rows.filter(|row| row.is_mapped()).map(|row| row.title().to_string()).collect()
    };
    until("apps", || titles() == ["All Apps", "All Apps, for Every User", "App 0", "App 1"]);
    let row = below::<adw::ActionRow>(&window).into_iter().find(|row| row.title() == "App 1");
    row.expect("a row").emit_by_name::<()>("activated", &[]);
    until("request", || *outs.borrow() == [PermissionsOut::Open(ItemKey::new(APP))]);
    page.emit(ListMsg::ByPermission(true));
    until("permissions", || {
        let rows = below::<adw::ExpanderRow>(&window);
        rows.iter().any(|row| row.title() == "Network" && row.subtitle() == "App 1")
    });
    page.emit(ListMsg::SearchText("printers".to_owned()));
    until("one permission", || below::<adw::ExpanderRow>(&window).len() == 1);
    window.destroy();
}

#[gtk::test]
fn a_narrow_row_fits_a_phone_and_reads_no_markup() {
    adw::init().expect("a display");
    relm4::set_global_css(crate::style::CSS);
    let (_root, data) = data();
    for app in &data.apps {
        let all = rows(app, app.layers()[0]);
        for shown in all.iter().flat_map(|(_, rows)| rows) {
            let row = PermissionRow::new(shown, &(Rc::new(|_: &_, _| ()) as _));
            row.set_narrow(true);
            let (least, ..) = row.root.measure(gtk::Orientation::Horizontal, -1);
            assert!(least <= 312, "{}: {least}", shown.title);
            assert!(below::<gtk::Label>(&row.root).iter().all(|label| !label.uses_markup()));
        }
    }
}

#[gtk::test]
fn what_an_app_that_is_gone_leaves_is_listed_and_can_be_looked_at() {
    adw::init().expect("a display");
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("home/.local/share/flatpak/overrides");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("org.example.Gone"), "[Context]\nshared=!network;\n").unwrap();
    let data = Arc::new(sample(root.path()));
    let outs = Outs::default();
    let kept = outs.clone();
    let page = ListPage::builder().launch(());
    let page = page.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let list = window(page.widget());
    page.emit(ListMsg::Data(data.clone()));
    let row = || {
        let rows = below::<adw::ActionRow>(&list).into_iter();
        rows.into_iter().find(|row| row.title() == "org.example.Gone")
    };
    until("the app that is gone", || row().is_some());
    assert!(row().unwrap().subtitle().unwrap().ends_with("overrides/org.example.Gone"));
    row().unwrap().emit_by_name::<()>("activated", &[]);
    let key = ItemKey::new("user/org.example.Gone");
    until("request", || *outs.borrow() == [PermissionsOut::File(key.clone(), Scope::User)]);
    assert!(data.app(&key).is_none(), "it cannot be edited");
    let file = permissions_file::new_page(&key, Scope::User);
    permissions_file::fill_page(&file, &data, None);
    let texts: Vec<String> =
        below::<gtk::Label>(&file).iter().map(|label| label.text().into()).collect();
    assert!(texts.iter().any(|text| text == "shared=!network;"), "{texts:?}");
    assert!(texts.iter().any(|text| text == "flatpak override --user --reset org.example.Gone"));
    // What says the same is not built anew.
    let child = file.child();
    permissions_file::fill_page(&file, &data, Some(&data));
    assert_eq!(file.child(), child);
    list.destroy();
}

#[gtk::test]
fn apps_that_could_not_be_read_are_not_called_gone() {
    let (page, window, _outs) = app_page(APP);
    let data = Data { trouble: Some("no <b>reason".to_owned()), ..Data::default() };
    page.emit(AppPageMsg::Data(Arc::new(data)));
    until("an error", || {
        let pages = below::<adw::StatusPage>(&window);
        pages.iter().any(|page| page.is_mapped() && page.title() == "Could Not Be Read")
    });
    window.destroy();
}
