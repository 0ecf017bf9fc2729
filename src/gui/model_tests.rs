//! Tests of what pages show.

use bucket::core::ignore::Ignored;
use bucket::core::item::{Barred, FieldSpec, LeftOut, Live, Pending, Record, Wanted};
use bucket::core::report::REPORT_VERSION;
use bucket::words::mark;

use super::*;

/// A subsystem for tests.
pub static ABOUT: About = About {
    id: SubsystemId::new("toys"),
    noun: "toy",
    page: Page::Flatpaks,
    title: mark("Toys"),
    icon: "package-x-generic-symbolic",
    fields: &[
        FieldSpec { name: "branch", left_out: LeftOut::NotCompared },
        FieldSpec { name: "colours", left_out: LeftOut::NotCompared },
    ],
    manifests: &[],
};

/// A subsystem of the image, whose items are there or not.
pub static IMAGE: About = About {
    id: SubsystemId::new("parts"),
    noun: "part",
    page: Page::Packages,
    title: mark("Parts"),
    icon: "package-x-generic-symbolic",
    fields: &[],
    manifests: &[],
};

/// One of its items: what a manifest wants, and what is read of it with words for where it comes from.
pub fn part(key: &str, wanted: bool, live: Option<Live>, note: &str) -> ItemReport {
    let live = live.map(|live| Live { note: (!note.is_empty()).then(|| note.to_owned()), ..live });
    item(key, None, wanted.then(Record::new), live, None)
}

/// Something that the next image brings.
pub fn coming() -> Option<Live> {
    Some(Live { pending: Some(Pending::ImageBuild), ..Live::absent() })
}

/// A part of each kind.
pub fn parts() -> Vec<ItemReport> {
    let here = || Some(Live::known(Record::new()));
    let mut held = Live::known(Record::new());
    held.pending = Some(Pending::Reboot);
    vec![
        part("image", true, here(), "in the base image"),
        part("layered", false, here(), "layered here"),
        part("staged", true, Some(held), ""),
        part("wanted", true, coming(), ""),
        part("wanted-too", true, coming(), ""),
    ]
}

/// A report over these parts.
pub fn parts_report(items: Vec<ItemReport>) -> Report {
    let mut report = report(items);
    report.subsystems[0].id = IMAGE.id.clone();
    report
}

/// A record with a branch.
pub fn branch(branch: &str) -> Record {
    Record::new().with("branch", branch)
}

/// An item out of its three sides.
pub fn item(
    key: &str,
    base: Option<Record>,
    wanted: Option<Record>,
    live: Option<Live>,
    ignored: Option<Ignored>,
) -> ItemReport {
    let wanted = wanted.map(|record| Wanted { record, layer: Layer::Shared });
    let key = ItemKey::new(key);
    let (base, wanted) = (base.as_ref(), wanted.as_ref());
    ItemReport::judge(ABOUT.fields, key, base, wanted, live.as_ref(), ignored, &|_| false)
}

/// A report over these items.
pub fn report(items: Vec<ItemReport>) -> Report {
    let availability = Availability::Compared;
    Report {
        version: REPORT_VERSION,
        repository: "/repo".to_owned(),
        host: "lab".to_owned(),
        checked_at: "2026-01-02T03:04:05Z".to_owned(),
        subsystems: vec![SubsystemReport {
            id: ABOUT.id.clone(),
            availability,
            notices: Vec::new(),
            unread: Vec::new(),
            items,
        }],
    }
}

/// One item of each kind.
pub fn all_kinds() -> Vec<ItemReport> {
    let known = |text: &str| Some(Live::known(branch(text)));
    vec![
        item("system-changed", Some(branch("a")), Some(branch("a")), known("b"), None),
        item("manifest-changed", Some(branch("a")), Some(branch("b")), known("a"), None),
        item("conflict", None, Some(branch("a")), known("b"), None),
        item("unmanaged", None, None, known("a"), None),
        item("missing", None, Some(branch("a")), None, None),
        item("in-sync", None, Some(branch("a")), known("a"), None),
        item("unknown", None, Some(branch("a")), Some(Live::unknown("no permission")), None),
        item("ignored", None, None, known("a"), Some(Ignored::Skipped)),
    ]
}

fn data(items: Vec<ItemReport>) -> PageData {
    PageData::new(&[&ABOUT], Page::Flatpaks, &report(items))
}

fn listed(data: &PageData, query: &Query) -> Vec<String> {
    let rows = data.rows.iter().filter(|row| query.shows(row));
    rows.map(|row| row.key.item.to_string()).collect()
}

#[test]
fn each_filter_lists_its_own() {
    let data = data(all_kinds());
    let with = |filter| listed(&data, &Query { filter, ..Query::default() });
    assert_eq!(
        with(Filter::Differs),
        ["system-changed", "manifest-changed", "conflict", "unmanaged", "missing", "unknown"]
    );
    assert_eq!(with(Filter::ManifestOnly), ["missing"]);
    assert_eq!(with(Filter::SystemOnly), ["unmanaged"]);
    assert_eq!(with(Filter::InSync), ["in-sync"]);
    assert_eq!(with(Filter::Ignored), ["ignored"]);
}

#[test]
fn what_is_skipped_moves_to_the_ignored() {
    let data = data(all_kinds());
    let key = data.rows[0].key.clone();
    let mut query = Query { skipped: BTreeSet::from([key]), ..Query::default() };
    assert!(!listed(&data, &query).contains(&"system-changed".to_owned()));
    query.filter = Filter::Ignored;
    assert_eq!(listed(&data, &query), ["system-changed", "ignored"]);
}

#[test]
fn search_looks_in_names_and_values() {
    let data = data(all_kinds());
    let with = |text: &str| listed(&data, &Query { text: text.to_owned(), ..Query::default() });
    assert_eq!(with("conf"), ["conflict"]);
    assert_eq!(with("no permission"), ["unknown"]);
    assert!(with("nothing like it").is_empty());
}

#[test]
fn badges_count_what_asks_for_attention() {
    let data = data(all_kinds());
    assert_eq!(data.differences(), 5);
    assert_eq!(row_name("Flatpaks", 5, false), "Flatpaks, 5 differences");
    assert_eq!(row_name("Flatpaks", 1, false), "Flatpaks, 1 difference");
    assert_eq!(row_name("Flatpaks", 0, false), "Flatpaks");
    assert_eq!(row_name("Flatpaks", 0, true), "Flatpaks, could not be read");
}

#[test]
fn a_row_says_both_values_and_which_side_to_take() {
    let data = data(all_kinds());
    let row = |name: &str| {
        let found = data.rows.iter().find(|row| row.title == name);
        found.map(Arc::clone).unwrap_or_else(|| panic!("no row {name}"))
    };
    let changed = row("system-changed");
    assert_eq!((changed.manifest.text.as_str(), changed.system.text.as_str()), ("a", "b"));
    assert_eq!(changed.symbol(), "≠");
    assert!(changed.suggests(Side::Manifest) && !changed.suggests(Side::System));
    assert!(changed.agreed.is_none());
    assert_eq!(changed.command(), "bkt capture toys -i system-changed");
    assert_eq!(row("unmanaged").symbol(), "+");
    assert!(row("unmanaged").manifest.absent);
    assert_eq!(row("missing").symbol(), "−");
    assert_eq!(row("missing").command(), "bkt apply toys -i missing");
    let conflict = row("conflict");
    assert!(!conflict.suggests(Side::Manifest) && !conflict.suggests(Side::System));
    assert!(conflict.agreed.is_some());
    let unknown = row("unknown");
    assert_eq!((unknown.symbol(), unknown.system.full.as_str()), ("?", "no permission"));
    assert!(unknown.action(Side::Manifest).is_err() && unknown.action(Side::System).is_err());
}

#[test]
fn removals_are_called_so() {
    let data = data(all_kinds());
    let tooltip = |name: &str, side| {
        let row = data.rows.iter().find(|row| row.title == name);
        row.and_then(|row| row.action(side).ok()).unwrap_or_default()
    };
    assert_eq!(tooltip("unmanaged", Side::System), "Remove it from the system");
    assert_eq!(tooltip("missing", Side::Manifest), "Remove it from the manifest");
}

#[test]
fn a_settled_item_has_no_row() {
    assert!(data(vec![item("gone", Some(branch("a")), None, None, None)]).rows.is_empty());
}

#[test]
fn pending_is_listed_but_not_counted() {
    let mut live = Live::known(branch("a"));
    live.pending = Some(Pending::LogOut);
    let data = data(vec![item("later", None, Some(branch("a")), Some(live), None)]);
    assert_eq!(data.differences(), 0);
    assert_eq!(listed(&data, &Query::default()), ["later"]);
    assert_eq!(data.rows[0].subtitle, "after the next log-in");
}

#[test]
fn a_page_says_what_it_is_without_rows() {
    let query = Query::default();
    assert_eq!(page_state(None, &query, 0), PageState::Loading);
    let synced = data(vec![]);
    assert_eq!(page_state(Some(&synced), &query, 0), PageState::Empty);
    let same =
        data(vec![item("same", None, Some(branch("a")), Some(Live::known(branch("a"))), None)]);
    assert_eq!(page_state(Some(&same), &query, 0), PageState::InSync);
    let searched = Query { text: "x".to_owned(), ..Query::default() };
    assert_eq!(page_state(Some(&synced), &searched, 0), PageState::NoResults);
    assert_eq!(page_state(Some(&synced), &query, 3), PageState::List);

    let mut unreadable = report(vec![]);
    unreadable.subsystems[0].availability =
        Availability::Failed { reason: "line 3".to_owned(), hint: None };
    let failed = PageData::new(&[&ABOUT], Page::Flatpaks, &unreadable);
    assert!(failed.failed());
    let message = "line 3".to_owned();
    assert_eq!(page_state(Some(&failed), &query, 0), PageState::Failed { message });

    unreadable.subsystems[0].availability =
        Availability::Unavailable { reason: "no flatpak".to_owned(), hint: None };
    let missing = PageData::new(&[&ABOUT], Page::Flatpaks, &unreadable);
    assert!(!missing.failed());
    let unavailable = PageState::Unavailable { reason: "no flatpak".to_owned(), hint: None };
    assert_eq!(page_state(Some(&missing), &query, 0), unavailable);
}

/// What cannot be so on this machine is no difference, offers no verb, and says why.
#[test]
fn what_is_barred_says_why() {
    let barred = |by: Barred, live: Live| {
        let item = item("x", None, Some(branch("a")), Some(live.barred(Some(by))), None);
        Row::new(&ABOUT, 0, &item)
    };
    let row = barred(Barred::NotHere("it is not installed".to_owned()), Live::absent());
    assert!(row.subtitle.starts_with("Not on this machine: it is not installed"), "{row:?}");
    assert_eq!((row.symbol(), row.system.absent), ("○", true));
    let row = barred(Barred::Locked("by the administrator".to_owned()), Live::known(branch("b")));
    assert!(row.subtitle.starts_with("Locked: by the administrator"), "{row:?}");
    assert_eq!(row.system.text, "b");
    for side in [Side::Manifest, Side::System] {
        assert_eq!(row.action(side), Err("by the administrator".to_owned()));
    }
    assert!(!row.item.counts());
}

/// What fails is no matter of another machine: it says so in its own row, also where every one of them fails.
#[test]
fn what_fails_is_seen_to_fail() {
    let gone = || Live {
        failing: true,
        ..Live::absent().barred(Some(Barred::NotHere("the image has no x".to_owned())))
    };
    let one = |name: &str| item(name, None, Some(branch("a")), Some(gone()), None);
    let row = Row::new(&ABOUT, 0, &one("x"));
    assert_eq!((row.symbol(), row.symbol_words().as_str()), ("×", "It does not work"));
    assert!(row.subtitle.starts_with("The image has no x"), "{row:?}");
    assert!(Query::default().shows(&row));
    let all = report(vec![one("x"), one("y")]);
    assert_eq!(elsewhere(&all.subsystems[0]), None);
}

#[test]
fn a_part_of_the_image_says_where_it_comes_from() {
    let data = PageData::new(&[&IMAGE], Page::Packages, &parts_report(parts()));
    let row = |name: &str| {
        let found = data.rows.iter().find(|row| row.title == name);
        found.map(Arc::clone).unwrap_or_else(|| panic!("no row {name}"))
    };
    let said = |name: &str| {
        let row = row(name);
        (row.symbol(), row.manifest.text.clone(), row.system.text.clone(), row.subtitle.clone())
    };
    let four = |a: &'static str, b: &str, c: &str, d: &str| (a, b.into(), c.into(), d.into());
    assert_eq!(said("image"), four("=", "Listed", "In the base image", "In sync"));
    assert_eq!(said("layered"), four("+", "Not listed", "Layered here", "Only on the system"));
    assert_eq!(said("staged"), four("=", "Listed", "Staged", "after a restart"));
    let comes = "Waits for the next image";
    assert_eq!(said("wanted"), four("…", "Listed", "Not present", comes));
    // What dnf has put on top of the image says so where the system's side stands, wanted or not.
    let on_top = |wanted, pending| {
        let live = Live { pending, ..Live::known(Record::new()) };
        let item = part("top", wanted, Some(live), "Until the next restart");
        let row = Row::new(&IMAGE, 0, &item);
        (row.symbol(), row.system.text.clone(), row.subtitle.clone())
    };
    let until = "Until the next restart".to_owned();
    assert_eq!(on_top(false, None), ("+", until.clone(), "Only on the system".to_owned()));
    assert_eq!(on_top(true, Some(Pending::ImageBuild)), ("…", until, comes.to_owned()));
    assert_eq!(data.differences(), 1, "what comes by itself asks for nothing");
    assert!(row("layered").suggests(Side::Manifest));
    for name in ["image", "staged", "wanted"] {
        assert!(!row(name).suggests(Side::System) && row(name).action(Side::System).is_err());
    }
    assert!(row("wanted").comes() && !row("staged").comes());
    assert_eq!(row("wanted").command(), "bkt apply parts -i wanted --now");
    assert!(row("wanted").selectable(true) && !row("wanted").selectable(false));
    let pending = Query { filter: Filter::Pending, ..Query::default() };
    assert_eq!(listed(&data, &pending), ["staged", "wanted", "wanted-too"]);
    let section = Query { text: "parts".to_owned(), show_in_sync: true, ..Query::default() };
    assert_eq!(listed(&data, &section).len(), 5, "a section is found by its title");
}

/// On a machine without an image a page says so once, and not at each row.
#[test]
fn what_holds_for_all_is_said_once() {
    let (why, said) = ("this machine was not started", "This machine was not started");
    let barred = |key: &str, why: &str| {
        let live = Live::absent().barred(Some(Barred::NotHere(why.to_owned())));
        part(key, true, Some(live), "")
    };
    let page = |items| PageData::new(&[&IMAGE], Page::Packages, &parts_report(items));
    let all = page(vec![barred("a", why), barred("b", why)]);
    assert_eq!(all.notices, [Notice { text: said.to_owned(), remedy: None }]);
    assert!(all.rows.iter().all(|row| row.subtitle == "Not on this machine"));
    assert_eq!((all.differences(), all.failed()), (0, false));
    // Reasons of their own stay with the rows.
    let two = page(vec![barred("a", why), barred("b", "no such thing")]);
    assert!(two.notices.is_empty());
    assert_eq!(two.rows[1].subtitle, "Not on this machine: no such thing");
    assert!(page(vec![barred("a", why)]).notices.is_empty());
}

#[test]
fn a_file_is_summed_up_in_its_cell() {
    let file = |text: &str| Record::new().with("branch", text);
    let old = "one\ntwo\nthree\n";
    let live = Live::known(file("one\n2\nthree\n"));
    let about = About { fields: &ABOUT.fields[..1], id: IMAGE.id.clone(), ..IMAGE };
    let row = Row::new(&about, 0, &item("x", None, Some(file(old)), Some(live), None));
    assert_eq!(
        (row.manifest.text.as_str(), row.system.text.as_str()),
        ("3 lines", "3 lines (+1 −1)")
    );
    assert_eq!(row.manifest.full, old);
    let long = (0..50).map(|n| format!("line {n}\n")).collect::<String>();
    let row = Row::new(&about, 0, &item("x", None, Some(file(&long)), None, None));
    assert_eq!(row.manifest.text, "50 lines");
    assert_eq!(row.manifest.tooltip().lines().count(), 13);
    assert!(row.spoken().contains("Manifest: 50 lines."), "{}", row.spoken());
}
