//! Component tests of what boxes brought: long sets, fields side by side, progress that names what goes on, and a page
//! without rows.

use std::sync::Arc;

use bucket::core::item::{FieldSpec, ItemKey, LeftOut, Live, Record, SubsystemId, Value};
use bucket::core::plan::{Action, Command, PlannedStep, Risk, Step};
use bucket::core::report::{Availability, ItemReport, Report};
use bucket::engine::{Outcome, Verb};
use bucket::subsystem::{About, Page};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::app::AppMsg;
use crate::backend::{Progress, Purpose};
use crate::dialogs;
use crate::gui_tests::{below, button, until};
use crate::model::tests::report;
use crate::model::{PageData, RowKey};
use crate::pages::detail;
use crate::pages::drift::{DriftMsg, DriftOut, DriftPage};
use crate::steps::{self, Loss};
use crate::widgets::plan_dialog::PlanOut;
use crate::widgets::plan_progress::ProgressView;

static BOXES: About = About {
    id: SubsystemId::new("boxes-under-test"),
    noun: "box",
    page: Page::Boxes,
    title: "Boxes",
    icon: "utilities-terminal-symbolic",
    fields: &[
        FieldSpec { name: "image", left_out: LeftOut::NotCompared },
        FieldSpec { name: "packages", left_out: LeftOut::Default },
        FieldSpec { name: "volume", left_out: LeftOut::Default },
    ],
    manifests: &[],
};

fn boxed(key: &str, wanted: Option<Record>, live: Option<Live>) -> ItemReport {
    let wanted = wanted.map(|record| bucket::core::item::Wanted {
        record,
        layer: bucket::core::item::Layer::Shared,
    });
    let none = |_: &str| false;
    let (wanted, live) = (wanted.as_ref(), live.as_ref());
    ItemReport::judge(BOXES.fields, ItemKey::new(key), None, wanted, live, None, &none)
}

fn boxes(items: Vec<ItemReport>) -> Report {
    let mut report = report(items);
    report.subsystems[0].id = BOXES.id.clone();
    report
}

fn set(elements: impl IntoIterator<Item = String>) -> Value {
    Value::Set(elements.into_iter().collect())
}

fn packages(n: usize) -> impl Iterator<Item = String> {
    (0..n).map(|n| format!("package-with-a-long-name-{n:03}"))
}

fn image(tag: &str) -> Record {
    Record::new().with("image", format!("registry.example/a/long/way/to/a/toolbox:{tag}").as_str())
}

/// A box that differs in its image and in its packages, of which it has many.
fn big() -> PageData {
    let volume = || set(["/data:/data:ro".to_owned()]);
    let extra = |name: &str| set(packages(300).chain([name.to_owned()]));
    let wanted = image("42").with("packages", extra("vim")).with("volume", volume());
    let live = image("43").with("packages", extra("emacs")).with("volume", volume());
    let item = boxed("dev", Some(wanted), Some(Live::known(live)));
    PageData::new(&[&BOXES], Page::Boxes, &boxes(vec![item]))
}

fn texts(root: &impl IsA<gtk::Widget>) -> Vec<String> {
    below::<gtk::Label>(root).iter().map(|label| label.text().to_string()).collect()
}

#[gtk::test]
fn a_row_names_the_few_elements_that_differ() {
    let data = big();
    let row = &data.rows[0];
    assert!(row.manifest.text.contains("301 entries (−vim)"), "{}", row.manifest.text);
    assert!(row.system.text.contains("301 entries (+emacs)"), "{}", row.system.text);
    let many = set(packages(9));
    let live = Live::known(Record::new().with("packages", many));
    let item = boxed("b", Some(Record::new().with("packages", set(packages(2)))), Some(live));
    let data = PageData::new(&[&BOXES], Page::Boxes, &boxes(vec![item]));
    assert_eq!(data.rows[0].system.text, "packages: 9 entries (+7)");
    assert!(data.rows[0].manifest.text.starts_with("packages: package-with"));
}

#[gtk::test]
fn a_box_is_shown_side_by_side_with_the_differences_of_its_sets() {
    adw::init().expect("a display");
    relm4::set_global_css(crate::style::CSS);
    let data = big();
    let (sender, receiver) = relm4::channel();
    let page = detail::new_page(&data.rows[0].key);
    detail::fill_page(&page, &data.rows[0], &sender);
    let said = texts(&page);
    let has = |text: &str| said.iter().any(|said| said == text);
    assert!(has("− vim") && has("+ emacs"), "{said:?}");
    assert!(has("registry.example/a/long/way/to/a/toolbox:42"));
    assert!(has("registry.example/a/long/way/to/a/toolbox:43"));
    // What both say is said once.
    assert_eq!(said.iter().filter(|text| *text == "/data:/data:ro").count(), 1, "{said:?}");
    let long = |said: &[String]| said.iter().filter(|text| text.lines().count() > 30).count();
    assert_eq!(long(&said), 0, "three hundred packages are not shown before they are asked for");
    let all = below::<adw::ExpanderRow>(&page);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].subtitle(), "301 in the manifest · 301 on the system");
    all[0].set_expanded(true);
    assert_eq!(long(&texts(&page)), 2);
    all[0].set_expanded(false);
    all[0].set_expanded(true);
    assert_eq!(long(&texts(&page)), 2, "opened again it is the same");
    let (least, ..) = page.measure(gtk::Orientation::Horizontal, -1);
    assert!(least <= 360, "{least}");

    let capture = below::<gtk::Button>(&page)
        .into_iter()
        .filter(|button| button.label().as_deref() == Some("Capture"))
        .collect::<Vec<_>>();
    // One for each field that differs, and that of the item.
    assert_eq!(capture.len(), 3);
    capture[1].emit_clicked();
    match receiver.recv_sync() {
        Some(AppMsg::Drift(DriftOut::Field(key, Verb::Capture, field))) => {
            assert_eq!((key.item.as_str(), field.as_str()), ("dev", "packages"));
        }
        out => panic!("{out:?}"),
    }
}

#[gtk::test]
fn what_only_one_side_has_and_what_nobody_could_read_is_said() {
    adw::init().expect("a display");
    let (sender, _receiver) = relm4::channel();
    let page = |item: ItemReport| {
        let data = PageData::new(&[&BOXES], Page::Boxes, &boxes(vec![item]));
        let page = detail::new_page(&data.rows[0].key);
        detail::fill_page(&page, &data.rows[0], &sender);
        page
    };
    let only = page(boxed("a", Some(image("1").with("packages", set(packages(40)))), None));
    let rows = below::<adw::ExpanderRow>(&only);
    assert_eq!((rows.len(), rows[0].subtitle().as_str()), (1, "40 entries"));
    assert!(!texts(&only).contains(&"Not set".to_owned()));
    let live = Live::known(image("2")).without("packages", "it does not run");
    let wanted = image("1").with("packages", set(packages(1)));
    let unread = texts(&page(boxed("b", Some(wanted), Some(live))));
    assert!(unread.contains(&"Could not be read".to_owned()), "{unread:?}");
    assert!(unread.contains(&"package-with-a-long-name-000".to_owned()));
}

#[gtk::test]
fn a_page_without_boxes_says_so_and_why() {
    adw::init().expect("a display");
    let page = DriftPage::builder().launch((Page::Boxes, false)).detach();
    let window = adw::Window::builder().default_width(700).default_height(700).build();
    let nav = adw::NavigationView::new();
    nav.add(page.widget());
    window.set_content(Some(&nav));
    window.present();
    let shown = |title: &str| {
        let pages = below::<adw::StatusPage>(&window);
        pages.into_iter().find(|page| page.is_mapped() && page.title() == title)
    };
    let mut report = boxes(Vec::new());
    let tell = |report: &Report| {
        let data = PageData::new(&[&BOXES], Page::Boxes, report);
        page.emit(DriftMsg::Data(Arc::new(data)));
    };
    tell(&report);
    until("empty page", || shown("No Boxes").is_some());
    report.subsystems[0].availability = Availability::Unavailable {
        reason: "Podman is not installed".to_owned(),
        hint: Some("Add podman <to> the image".to_owned()),
    };
    tell(&report);
    until("reason", || shown("Podman is not installed").is_some());
    let hint = shown("Podman is not installed").and_then(|page| page.description());
    assert_eq!(hint.as_deref(), Some("Add podman &lt;to&gt; the image"));
    assert!(button(&shown("Podman is not installed").unwrap(), "Check Again").is_sensitive());
    window.destroy();
}

fn pulls() -> PlannedStep {
    let command = Command::new("podman").args(["pull", "registry.example/toolbox"]);
    PlannedStep {
        subsystems: vec![BOXES.id.clone()],
        step: Step {
            title: "Pull the image".to_owned(),
            action: Action::Run(command),
            risk: Risk::default(),
            items: vec![ItemKey::new("dev")],
        },
    }
}

#[gtk::test]
fn a_running_step_says_what_goes_on_and_all_of_it_is_in_the_output() {
    adw::init().expect("a display");
    let view = ProgressView::new();
    let steps = [pulls()];
    let mut progress = Progress { steps: vec![None], total: 1, ..Progress::default() };
    let mut say = |line: &str| {
        progress.lines.push_back(line.to_owned());
        progress.heard += 1;
        progress.now = Some(line.to_owned());
        if progress.lines.len() > 3 {
            progress.lines.pop_front();
        }
        view.show(&steps, &progress, false);
    };
    say("pulling 1/7 layers");
    let row = below::<adw::ActionRow>(&view.root)
        .into_iter()
        .find(|row| row.title() == "Pull the image")
        .expect("a step");
    assert_eq!(row.subtitle().as_deref(), Some("pulling 1/7 layers"));
    let output = || {
        let buffer = below::<gtk::TextView>(&view.root)[0].buffer();
        buffer.text(&buffer.start_iter(), &buffer.end_iter(), false).to_string()
    };
    say("pulling 2/7 layers");
    assert_eq!(output(), "pulling 1/7 layers\npulling 2/7 layers");
    ["a", "b", "c", "d"].into_iter().for_each(&mut say);
    assert_eq!(output(), "b\nc\nd", "as much is kept as there is");
    // Another run has nothing of the last.
    let progress =
        Progress { steps: vec![Some(Err("it <b>failed".to_owned()))], ..Progress::default() };
    view.show(&steps, &progress, true);
    assert_eq!((output().as_str(), row.subtitle().as_deref()), ("", Some("it <b>failed")));
}

#[test]
fn a_stop_is_called_so() {
    let stopped = Outcome { cancelled: true, ..Outcome::default() };
    let said = |outcome: &Outcome| {
        let (title, text) = steps::summary(outcome);
        format!("{title}: {text}")
    };
    assert_eq!(said(&stopped), "Stopped: No change was made");
    assert_eq!(said(&Outcome::default()), "Not Everything Was Done: No change was made");
}

#[gtk::test]
fn what_is_lost_is_shown_before_a_box_is_made_anew() {
    adw::init().expect("a display");
    relm4::set_global_css(crate::style::CSS);
    let window = adw::ApplicationWindow::builder().default_width(360).default_height(640).build();
    window.set_content(Some(&adw::Bin::new()));
    window.present();
    let key = RowKey { subsystem: BOXES.id.clone(), item: ItemKey::new("dev") };
    let loss =
        |lost: Vec<String>| Loss { key: key.clone(), title: "<b>dev".to_owned(), anew: true, lost };
    let ask = |losses: &[Loss], press: &str| {
        let (sender, receiver) = relm4::channel();
        let plan = bucket::core::plan::Plan::default();
        dialogs::recreate(&window, losses, plan, Purpose::Apply, &sender);
        let find = || {
            let dialog = window.visible_dialog().and_downcast::<adw::AlertDialog>()?;
            let buttons = below::<gtk::Button>(&dialog);
            let button = buttons.into_iter().find(|one| one.label().as_deref() == Some(press));
            button.filter(|button| button.is_mapped()).map(|button| (dialog, button))
        };
        until("dialog", || find().is_some());
        let (dialog, button) = find().expect("a dialog");
        let said = texts(&dialog).join("\n");
        button.emit_clicked();
        until("no dialog", || window.visible_dialog().is_none());
        (said, receiver.recv_sync())
    };
    let paths =
        |n: usize| (0..n).map(|n| format!("New in it: /opt/a/long/way/to/a/file-{n}")).collect();
    let (said, answer) = ask(&[loss(paths(300))], "_Recreate");
    assert!(said.contains("Recreate “<b>dev”?") && said.contains("file-299"), "{said}");
    assert!(matches!(answer, Some(AppMsg::Recreate(..))), "{answer:?}");
    let (said, answer) = ask(&[loss(Vec::new())], "_Cancel");
    assert!(said.contains("Nothing was found"), "{said}");
    assert!(matches!(answer, Some(AppMsg::Plan(PlanOut::Back))), "{answer:?}");
    let two = [loss(paths(1)), Loss { title: "other".to_owned(), ..loss(paths(2)) }];
    let (said, answer) = ask(&two, "C_apture");
    assert!(said.contains("Recreate 2 Boxes?") && said.contains("\nother\n"), "{said}");
    match answer {
        Some(AppMsg::CaptureInstead(keys)) => assert_eq!(keys, [key.clone(), key.clone()]),
        answer => panic!("{answer:?}"),
    }
    window.destroy();
}
