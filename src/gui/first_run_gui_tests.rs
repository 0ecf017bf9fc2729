//! Component tests of the ways to a repository.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use bucket::core::item::Live;
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::backend::RepoInfo;
use crate::first_run::{Cloned, Created, News, Order, Way};
use crate::gui_tests::{below, button, until};
use crate::model::tests::{ABOUT, all_kinds, branch, item, report};
use crate::pages::overview::{Overview, OverviewMsg, OverviewOut};
use crate::widgets::first_run_dialog::{FirstRunDialog, FirstRunMsg, FirstRunOut};

type Outs<T> = Rc<RefCell<Vec<T>>>;

fn dialog(way: Way) -> (Controller<FirstRunDialog>, gtk::Widget, Outs<FirstRunOut>) {
    adw::init().expect("a display");
    let outs = Outs::default();
    let kept = outs.clone();
    let dialog = FirstRunDialog::builder().launch(way);
    let dialog = dialog.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let base = "registry.example/desktop:stable".parse().ok();
    dialog.emit(FirstRunMsg::News(News::Known { home: PathBuf::from("/home/me"), base }));
    // A dialog that is not presented has its child, but no place for it yet.
    let content = dialog.widget().child().expect("content");
    (dialog, content, outs)
}

fn entry(content: &gtk::Widget, title: &str) -> adw::EntryRow {
    let found = below::<adw::EntryRow>(content).into_iter().find(|row| row.title() == title);
    found.unwrap_or_else(|| panic!("no entry “{title}”"))
}

/// The errors that are to be seen, as they are below their entries.
fn errors(content: &gtk::Widget) -> Vec<String> {
    let rows = below::<gtk::ListBoxRow>(content).into_iter().filter(|row| row.get_visible());
    let labels = rows.filter_map(|row| row.child().and_downcast::<gtk::Label>());
    labels.map(|label| label.text().to_string()).collect()
}

/// Says that the folder that was asked about last can be the one.
fn free(dialog: &Controller<FirstRunDialog>, outs: &Outs<FirstRunOut>, dir: &str) {
    let asked =
        || matches!(outs.borrow().last(), Some(FirstRunOut::Look(_, d)) if d.to_str() == Some(dir));
    until("look at the folder", asked);
    dialog.emit(FirstRunMsg::News(News::Looked(PathBuf::from(dir), None)));
}

#[gtk::test]
fn a_new_distribution_is_asked_for_when_every_row_is_right() {
    let (dialog, content, outs) = dialog(Way::Create);
    until("base image", || {
        entry(&content, "_Base Image").text() == "registry.example/desktop:stable"
    });
    let create = button(&content, "C_reate");
    assert!(!create.is_sensitive());
    entry(&content, "_Name").set_text("my desktop");
    until("error", || errors(&content).iter().any(|why| why.contains("“my desktop” is not")));
    assert!(entry(&content, "_Name").has_css_class("error"));
    entry(&content, "_Name").set_text("my-desktop");
    until("folder", || entry(&content, "_Folder").text() == "~/my-desktop");
    free(&dialog, &outs, "/home/me/my-desktop");
    until("valid form", || create.is_sensitive());
    assert_eq!(errors(&content), Vec::<String>::new());
    let forge = below::<adw::ComboRow>(&content).remove(0);
    forge.set_selected(1);
    create.emit_clicked();
    until("order", || matches!(outs.borrow().last(), Some(FirstRunOut::Go(_))));
    match outs.borrow().last() {
        Some(FirstRunOut::Go(Order::Create { answers, dir })) => {
            assert_eq!((answers.name.as_str(), answers.forge.id()), ("my-desktop", "gitlab"));
            assert_eq!(dir.to_str(), Some("/home/me/my-desktop"));
        }
        out => panic!("{out:?}"),
    }
    // It is not closed under what runs, and stays when that fails.
    until("running", || !dialog.widget().can_close());
    dialog.emit(FirstRunMsg::News(News::Created(Err("no room on the disk".to_owned()))));
    until("reason", || errors(&content) == ["no room on the disk"]);
    free(&dialog, &outs, "/home/me/my-desktop");
    until("form", || create.is_sensitive() && dialog.widget().can_close());
    dialog.emit(FirstRunMsg::News(News::Created(Ok(Created {
        root: PathBuf::from("/home/me/my-desktop"),
        not_committed: None,
    }))));
}

#[gtk::test]
fn a_clone_is_looked_at_before_it_is_used() {
    let (dialog, content, outs) = dialog(Way::Clone);
    entry(&content, "_Address").set_text("https://forge.example/me/desktop.git");
    until("folder", || entry(&content, "_Folder").text() == "~/desktop");
    free(&dialog, &outs, "/home/me/desktop");
    until("valid form", || button(&content, "C_lone").is_sensitive());
    button(&content, "C_lone").emit_clicked();
    until("order", || matches!(outs.borrow().last(), Some(FirstRunOut::Go(Order::Clone { .. }))));
    dialog.emit(FirstRunMsg::Line("Receiving objects: 50%".to_owned()));
    let status = below::<adw::StatusPage>(&content).remove(0);
    until("progress", || status.description().as_deref() == Some("Receiving objects: 50%"));
    button(&content, "_Cancel").emit_clicked();
    until("cancel", || matches!(outs.borrow().last(), Some(FirstRunOut::Cancel)));
    dialog.emit(FirstRunMsg::News(News::Cloned(Err("it was cancelled".to_owned()))));
    until("form", || button(&content, "C_lone").get_visible());
    assert_eq!(errors(&content), Vec::<String>::new());

    free(&dialog, &outs, "/home/me/desktop");
    until("valid form", || button(&content, "C_lone").is_sensitive());
    button(&content, "C_lone").emit_clicked();
    dialog.emit(FirstRunMsg::News(News::Cloned(Err("no such repository".to_owned()))));
    until("reason", || errors(&content) == ["no such repository"]);
    free(&dialog, &outs, "/home/me/desktop");
    until("valid form", || button(&content, "C_lone").is_sensitive());
    button(&content, "C_lone").emit_clicked();
    dialog.emit(FirstRunMsg::News(News::Cloned(Ok(Cloned {
        root: PathBuf::from("/home/me/desktop"),
        path: "~/desktop".to_owned(),
        contents: vec![("<b>Apps</b>".to_owned(), Some(3)), ("Settings".to_owned(), None)],
    }))));
    until("question", || {
        let rows = below::<adw::ActionRow>(&content);
        rows.iter().any(|row| row.title() == "<b>Apps</b>" && !row.uses_markup())
    });
    let used = |out: Option<&FirstRunOut>| matches!(out, Some(FirstRunOut::Use(_)));
    assert!(!outs.borrow().iter().any(|out| used(Some(out))));
    button(&content, "_Use").emit_clicked();
    until("use", || outs.borrow().iter().any(|out| used(Some(out))));
}

#[gtk::test]
fn the_forms_fit_a_phone() {
    relm4::set_global_css(crate::style::CSS);
    for way in [Way::Clone, Way::Create] {
        let (_dialog, content, _) = dialog(way);
        let (least, ..) = content.measure(gtk::Orientation::Horizontal, -1);
        assert!(least <= 360, "{way:?}: {least}");
    }
}

#[gtk::test]
fn the_welcome_offers_every_way_and_a_new_distribution_to_capture() {
    adw::init().expect("a display");
    let outs: Outs<OverviewOut> = Outs::default();
    let kept = outs.clone();
    let page = Overview::builder().launch(vec![&ABOUT]);
    let page = page.connect_receiver(move |_, out| kept.borrow_mut().push(out));
    let nav = adw::NavigationView::new();
    nav.add(page.widget());
    let window =
        adw::Window::builder().default_width(900).default_height(900).content(&nav).build();
    window.present();
    page.emit(OverviewMsg::NoRepository);
    let row = |title: &str| {
        let rows = below::<adw::ActionRow>(&window).into_iter();
        rows.filter(|row| row.is_mapped()).find(|row| row.title() == title)
    };
    until("welcome", || row("Create a _New One…").is_some());
    for way in Way::ALL {
        row(&way.title()).expect("a row").emit_by_name::<()>("activated", &[]);
        until(
            "request",
            || matches!(outs.borrow().last(), Some(OverviewOut::Begin(w)) if *w == way),
        );
    }
    let root = PathBuf::from("/home/me/desktop");
    page.emit(OverviewMsg::New(root.clone()));
    let path = "~/desktop".to_owned();
    page.emit(OverviewMsg::Repository(RepoInfo {
        root,
        path,
        branch: None,
        trusted: true,
        watches: vec![],
    }));
    page.emit(OverviewMsg::Report(std::sync::Arc::new(report(all_kinds()))));
    let banner = below::<adw::Banner>(&window).remove(0);
    until("offer", || banner.is_revealed());
    banner.emit_by_name::<()>("button-clicked", &[]);
    until("capture", || {
        matches!(outs.borrow().last(), Some(OverviewOut::All(bucket::engine::Verb::Capture)))
    });
    // Not by the question: the plan may be closed again.
    assert!(banner.is_revealed());
    let mut more = all_kinds();
    more.push(item("captured", None, Some(branch("a")), Some(Live::known(branch("a"))), None));
    page.emit(OverviewMsg::Report(std::sync::Arc::new(report(more))));
    until("end of the offer", || !banner.is_revealed());
    window.destroy();
}

#[gtk::test]
fn every_icon_of_a_way_exists() {
    adw::init().expect("a display");
    let display = gtk::gdk::Display::default().expect("a display");
    let theme = gtk::IconTheme::for_display(&display);
    let icons = Way::ALL.iter().map(|way| way.icon()).chain(["folder-open-symbolic"]);
    let missing: Vec<&str> = icons.filter(|icon| !theme.has_icon(icon)).collect();
    assert_eq!(missing, [""; 0]);
}
