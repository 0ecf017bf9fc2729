//! Component tests of Review & Commit, and of the repository on the overview.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use bucket::engine::review::{Content, Happened};
use bucket::engine::{Checkout, FileReview, Review};
use bucket::host::git::{Head, Operation};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::gui_tests::{below, until};
use crate::pages::review::{ReviewMsg, ReviewPage};
use crate::repository::{Act, Doing};
use crate::review::{Data, Meaning, Section};
use crate::standing::Shown;
use crate::widgets::repository_group::RepositoryGroup;

fn file(path: &str, ours: bool, before: &str, after: &str) -> FileReview {
    FileReview {
        path: path.into(),
        ours,
        happened: Happened::Changed,
        content: Content::Text {
            diff: "@@".to_owned(),
            before: Some(before.to_owned()),
            after: Some(after.to_owned()),
        },
        modes: None,
        line_endings: false,
        changes: 1,
        error: None,
        error_before: None,
        partly_staged: false,
        secret: false,
    }
}

fn data(files: Vec<FileReview>) -> Data {
    let checkout = Checkout {
        head: Head::Branch("main".to_owned()),
        upstream: None,
        operation: None,
        pull_interrupted: false,
        fetched_at: None,
        remote: Some(bucket::engine::standing::Remote {
            name: "origin".to_owned(),
            url: "../bare".to_owned(),
        }),
        ours: Vec::new(),
        others: Vec::new(),
    };
    let mine = PathBuf::from("manifests/flatpak-apps.json");
    let meaning = Meaning {
        line: "Adds <b>Warp</b>".to_owned(),
        sign: ("+", "Added".to_owned()),
        notes: vec!["This machine only".to_owned()],
        files: vec![mine],
    };
    let sections = match files.is_empty() {
        true => Vec::new(),
        false => vec![Section { title: "Flatpaks & more".to_owned(), changes: vec![meaning] }],
    };
    let problems = Vec::new();
    let review = Review { checkout, changes: Vec::new(), files, problems, message: String::new() };
    Data { review, sections }
}

fn both() -> Data {
    data(vec![
        file("README.md", false, "a\n", "b\n"),
        file("manifests/flatpak-apps.json", true, "1\n2\n", "1\n3\n"),
    ])
}

type Acts = Rc<RefCell<Vec<Act>>>;

fn page(width: i32) -> (Controller<ReviewPage>, adw::Window, Acts) {
    adw::init().expect("a display");
    let acts = Acts::default();
    let kept = acts.clone();
    let page = ReviewPage::builder().launch(());
    let page = page.connect_receiver(move |_, act| kept.borrow_mut().push(act));
    let nav = adw::NavigationView::new();
    nav.add(page.widget());
    let window = adw::Window::builder().default_width(width).default_height(900).build();
    window.set_content(Some(&nav));
    window.present();
    (page, window, acts)
}

fn labelled(window: &adw::Window, label: &str) -> gtk::Button {
    let all = below::<gtk::Button>(window).into_iter();
    let mut found = all.filter(|button| button.label().is_some_and(|text| text == label));
    found.next().unwrap_or_else(|| panic!("no button “{label}”"))
}

fn checks(window: &adw::Window) -> Vec<gtk::CheckButton> {
    below::<gtk::CheckButton>(window)
}

fn message(window: &adw::Window) -> gtk::TextBuffer {
    below::<gtk::TextView>(window).remove(0).buffer()
}

fn text(buffer: &gtk::TextBuffer) -> String {
    let (start, end) = buffer.bounds();
    buffer.text(&start, &end, false).to_string()
}

fn change_row(window: &adw::Window) -> Option<adw::ActionRow> {
    below::<adw::ActionRow>(window).into_iter().find(|row| row.title() == "Adds <b>Warp</b>")
}

fn paths(act: &Act) -> Vec<PathBuf> {
    match act {
        Act::Commit { commit, .. } => commit.paths.clone(),
        act => panic!("{act:?}"),
    }
}

#[gtk::test]
fn what_is_ticked_is_committed_with_the_message_on_show() {
    let (page, window, acts) = page(360);
    page.emit(ReviewMsg::Read(Ok(Arc::new(both()))));
    until("list", || checks(&window).len() == 2);
    let row = change_row(&window).expect("the change, and no markup");
    assert_eq!(row.subtitle().as_deref(), Some("This machine only"));
    // Ours is first and ticked, the other is not.
    let ticked: Vec<bool> = checks(&window).iter().map(CheckButtonExt::is_active).collect();
    assert_eq!(ticked, [true, false]);
    assert_eq!(text(&message(&window)), "Update manifests/flatpak-apps.json");
    let (least, ..) = window.measure(gtk::Orientation::Horizontal, -1);
    assert!(least <= 360, "{least}");
    let ask = labelled(&window, "Open Pull _Request");
    assert!(!ask.is_sensitive(), "there is no item to ask for");
    labelled(&window, "Commit & _Push").emit_clicked();
    until("request", || acts.borrow().len() == 1);
    assert!(matches!(acts.borrow()[0], Act::Commit { push: true, .. }));
    assert_eq!(paths(&acts.borrow()[0]), [PathBuf::from("manifests/flatpak-apps.json")]);

    // Nothing is ticked: nothing can be committed, and the change says that it stays.
    checks(&window)[0].set_active(false);
    until("nothing to commit", || !labelled(&window, "_Commit").is_sensitive());
    let left = change_row(&window).expect("a row").subtitle();
    assert_eq!(left.as_deref(), Some("This machine only · Left out"));
    checks(&window)[1].set_active(true);
    until("another message", || text(&message(&window)) == "Update README.md");
    assert!(labelled(&window, "_Commit").is_sensitive());
    window.destroy();
}

#[gtk::test]
fn a_message_that_was_written_stays_until_it_is_committed() {
    let (page, window, _acts) = page(700);
    page.emit(ReviewMsg::Read(Ok(Arc::new(both()))));
    until("list", || checks(&window).len() == 2);
    message(&window).set_text("For the new laptop");
    until("typed", || labelled(&window, "_Commit").is_sensitive());
    checks(&window)[1].set_active(true);
    page.emit(ReviewMsg::Read(Ok(Arc::new(data(vec![file("manifests/x.json", true, "", "x\n")])))));
    until("another list", || checks(&window).len() == 1);
    assert_eq!(text(&message(&window)), "For the new laptop");
    message(&window).set_text("");
    until("no message", || !labelled(&window, "_Commit").is_sensitive());
    message(&window).set_text(&"x".repeat(73));
    let long =
        || below::<gtk::Label>(&window).iter().any(|l| l.is_visible() && l.text().contains("73"));
    until("a word on its length", long);
    page.emit(ReviewMsg::Committed);
    until("a new message", || text(&message(&window)) == "Update manifests/x.json");
    assert!(!long());
    window.destroy();
}

#[gtk::test]
fn lines_are_unfolded_and_stay_so() {
    let (page, window, _acts) = page(700);
    page.emit(ReviewMsg::Read(Ok(Arc::new(both()))));
    until("list", || checks(&window).len() == 2);
    let added = || {
        below::<gtk::ListBoxRow>(&window).iter().filter(|row| row.has_css_class("added")).count()
    };
    assert_eq!(added(), 0);
    let first = below::<adw::ExpanderRow>(&window).remove(0);
    assert_eq!(first.title(), "manifests/flatpak-apps.json");
    first.set_expanded(true);
    until("lines", || added() == 1);
    let mut more = both();
    more.review.files.push(file("manifests/z.json", true, "", "z\n"));
    page.emit(ReviewMsg::Read(Ok(Arc::new(more))));
    until("another list", || checks(&window).len() == 3);
    assert_eq!(added(), 1);
    window.destroy();
}

#[gtk::test]
fn what_cannot_be_committed_says_so() {
    let (page, window, acts) = page(360);
    let status = |title: &str| {
        let pages = below::<adw::StatusPage>(&window);
        pages.iter().any(|page| page.is_mapped() && page.title() == title)
    };
    page.emit(ReviewMsg::Read(Err("git is <not> there".to_owned())));
    until("error", || status("What Changed Is Not Known"));
    labelled(&window, "Retry").emit_clicked();
    until("request", || *acts.borrow() == [Act::Read]);
    page.emit(ReviewMsg::Read(Ok(Arc::new(data(Vec::new())))));
    until("nothing", || status("Nothing to Commit"));

    let mut broken = both();
    broken.review.files[1].error = Some("flatpak-apps.json:3: expected a comma".to_owned());
    broken.review.files[0].content = Content::Unreadable { why: "no permission".to_owned() };
    broken.review.files[0].ours = true;
    page.emit(ReviewMsg::Read(Ok(Arc::new(broken))));
    until("list", || checks(&window).len() == 2);
    let states: Vec<(bool, bool)> =
        checks(&window).iter().map(|check| (check.is_active(), check.is_sensitive())).collect();
    assert_eq!(states, [(false, false), (false, true)]);
    let said = below::<adw::ExpanderRow>(&window)[0].subtitle();
    assert!(said.contains("expected a comma"), "{said}");

    let mut begun = both();
    begun.review.checkout.operation = Some(Operation::Rebase);
    page.emit(ReviewMsg::Read(Ok(Arc::new(begun))));
    until("banner", || below::<adw::Banner>(&window).iter().any(adw::Banner::is_revealed));
    assert!(!labelled(&window, "_Commit").is_sensitive());
    window.destroy();
}

#[gtk::test]
fn while_it_runs_it_can_only_be_cancelled() {
    let (page, window, acts) = page(360);
    page.emit(ReviewMsg::Read(Ok(Arc::new(both()))));
    until("list", || checks(&window).len() == 2);
    page.emit(ReviewMsg::Doing(Some(Doing::Pushing)));
    until("cancel", || labelled(&window, "Cancel").is_mapped());
    assert!(checks(&window).iter().all(|check| !check.is_sensitive()));
    labelled(&window, "Cancel").emit_clicked();
    until("request", || *acts.borrow() == [Act::Cancel]);
    page.emit(ReviewMsg::Doing(None));
    until("buttons", || labelled(&window, "_Commit").is_mapped());
    assert!(labelled(&window, "_Commit").is_sensitive());
    window.destroy();
}

#[gtk::test]
fn the_overview_offers_what_the_repository_allows() {
    adw::init().expect("a display");
    let acts = Acts::default();
    let kept = acts.clone();
    let group = RepositoryGroup::new(move |act| kept.borrow_mut().push(act));
    let window = adw::Window::builder().default_width(360).content(&group.root).build();
    window.present();
    let row =
        |title: &str| below::<adw::ActionRow>(&group.root).into_iter().find(|r| r.title() == title);
    let shown = Shown {
        head: "Branch main".to_owned(),
        remote: Some(("origin/main".to_owned(), "2 to push, as of 14:02".to_owned())),
        push: true,
        pull: true,
        files: Some((3, "3 files not committed".to_owned())),
        trouble: None,
    };
    group.set_place("~/a-repository-with-a-rather-long-name/and-a-folder");
    group.show(&shown, None);
    let review = row("Review Changes").expect("a row");
    assert_eq!(review.subtitle().as_deref(), Some("3 files not committed"));
    review.emit_by_name::<()>("activated", &[]);
    labelled(&window, "Push").emit_clicked();
    labelled(&window, "Pull").emit_clicked();
    assert_eq!(*acts.borrow(), [Act::Review, Act::Push, Act::Pull(Vec::new())]);
    let (least, ..) = window.measure(gtk::Orientation::Horizontal, -1);
    assert!(least <= 360, "{least}");
    group.show(&shown, Some(Doing::Pushing));
    assert!(!labelled(&window, "Push").is_mapped());
    assert_eq!(row("origin/main").expect("a row").subtitle().as_deref(), Some("Pushing"));
    labelled(&window, "Cancel").emit_clicked();
    assert_eq!(acts.borrow().last(), Some(&Act::Cancel));
    group.show(&Shown { trouble: Some(("A".into(), "b".into())), ..Shown::default() }, None);
    assert!(row("A").is_some_and(|row| row.get_visible()));
    assert!(!review.get_visible());
    window.destroy();
}
