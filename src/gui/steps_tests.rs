//! Tests of what is said of plans.

use bucket::core::item::{ItemKey, Layer, Record, SubsystemId};
use bucket::core::plan::{Command, Held, Step};
use bucket::engine::execute::Verdict;
use bucket::engine::journal::Ended;

use super::*;

fn change(item: &str, side: Side, removal: bool) -> Change {
    Change {
        subsystem: SubsystemId::new("toys"),
        item: ItemKey::new(item),
        title: item.to_owned(),
        side,
        layer: Layer::Shared,
        before: removal.then(Record::new),
        after: (!removal).then(Record::new),
        other: None,
        held: None,
    }
}

fn step(item: &str, risk: Risk) -> PlannedStep {
    let action = Action::Run(Command::new("toy").arg(item));
    let items = vec![ItemKey::new(item)];
    let step = Step { title: format!("Do {item}"), action, risk, items };
    PlannedStep { subsystems: vec![SubsystemId::new("toys")], step }
}

fn planned(plan: Plan) -> Planned {
    let lines = plan.changes.iter().chain(&plan.held).map(|c| c.title.clone()).collect();
    Planned { plan, lines }
}

#[test]
fn held_and_irreversible_changes_wait_unticked() {
    let destructive = Risk { destructive: true, removes: true, ..Risk::default() };
    let held = Change { held: Some(Held::Conflict), ..change("held", Side::System, false) };
    let plan = Plan {
        changes: vec![change("plain", Side::System, false), change("lost", Side::System, true)],
        held: vec![held],
        steps: vec![step("plain", Risk::default()), step("lost", destructive)],
        ..Plan::default()
    };
    let choices = choices(&planned(plan));
    let ticks: Vec<bool> = choices.iter().map(|choice| choice.ticked).collect();
    assert_eq!(ticks, [true, false, false]);
    assert_eq!(choices[1].reason.as_deref(), Some("cannot be undone"));
    assert_eq!(choices[2].reason.as_deref(), Some("both sides changed"));
    let (taken, left) = ticked(&choices);
    assert_eq!((taken.len(), left.len()), (1, 2));
}

#[test]
fn a_ticked_change_is_held_no_longer() {
    let held = Change { held: Some(Held::Removal), ..change("held", Side::System, true) };
    let plan = Plan { held: vec![held], ..Plan::default() };
    let mut choices = choices(&planned(plan));
    choices[0].ticked = true;
    assert_eq!(ticked(&choices).0[0].held, None);
}

#[test]
fn the_button_names_the_direction() {
    let capture = change("a", Side::Manifest, false);
    let apply = change("a", Side::System, false);
    assert_eq!(verb(std::slice::from_ref(&capture), &Purpose::Capture), "Capture");
    assert_eq!(verb(std::slice::from_ref(&apply), &Purpose::Apply), "Apply");
    assert_eq!(verb(&[capture.clone(), apply.clone()], &Purpose::Apply), "Proceed");
    assert_eq!(verb(std::slice::from_ref(&apply), &Purpose::Undo), "Undo");
    assert_eq!(done(&[&capture], &Purpose::Capture), "Captured a");
    let other = change("b", Side::System, false);
    assert_eq!(done(&[&apply, &other], &Purpose::Apply), "Applied 2 items");
}

#[test]
fn an_edit_says_which_sides_it_changed_and_counts_items_once() {
    let [machine, mut manifest] =
        [Side::System, Side::Manifest].map(|side| change("a", side, false));
    let said = done(&[&machine, &manifest], &Purpose::Edit);
    assert_eq!(said, "Changed a, which is in the manifest from now on");
    manifest.before = Some(Record::new());
    assert_eq!(done(&[&machine, &manifest], &Purpose::Edit), "Changed a, also in the manifest");
    assert_eq!(done(&[&machine], &Purpose::Edit), "Changed a on this machine");
    assert_eq!(done(&[&manifest], &Purpose::Edit), "Saved a to the manifest");
    let changes = vec![machine, manifest];
    let quick = Plan { changes, steps: vec![step("a", Risk::default())], ..Plan::default() };
    assert!(!ask_first(&quick, &Purpose::Edit));
    let risk = Risk { destructive: true, ..Risk::default() };
    let lost = Plan { steps: vec![step("a", risk)], ..quick };
    assert!(ask_first(&lost, &Purpose::Edit));
}

#[test]
fn programs_are_shown_before_an_undo_runs_them() {
    let quick = Plan { changes: vec![change("a", Side::Manifest, false)], ..Plan::default() };
    assert!(!ask_first(&quick, &Purpose::Undo));
    assert!(!ask_first(&quick, &Purpose::Capture));
    assert!(ask_first(&quick, &Purpose::Apply));
    let program = Plan { steps: vec![step("a", Risk::default())], ..quick };
    assert!(ask_first(&program, &Purpose::Undo));
}

#[test]
fn what_only_an_image_can_undo_is_said_and_not_called_undone() {
    let change = change("a", Side::System, true);
    let later = BlockedChange { change, reason: "no rpm-ostree".into(), later: true };
    let plan = Plan { undoes: Some(1), blocked: vec![later], ..Plan::default() };
    assert!(ask_first(&plan, &Purpose::Undo));
    assert!(ask_first(&plan, &Purpose::Redo));
    assert!(!ask_first(&plan, &Purpose::Edit));
    assert_eq!(waits(&plan), "a waits for the next image");
}

#[test]
fn what_was_not_made_says_why() {
    let ended = |verdict| Ended { change: change("a", Side::System, false), verdict };
    let results = vec![
        ended(Verdict::Done),
        ended(Verdict::Failed("no network".to_owned())),
        ended(Verdict::NotDone),
    ];
    let not_made = not_made(&Outcome { results, ..Outcome::default() });
    assert_eq!(not_made.len(), 2);
    assert_eq!(not_made[0].why, "no network");
    assert!(!not_made[0].not_reached && not_made[1].not_reached);
}

#[test]
fn a_step_shows_exactly_what_it_does() {
    assert_eq!(exact(&step("a b", Risk::default()).step.action), "toy 'a b'");
    let edit = bucket::core::plan::FileEdit {
        path: "/m.json".to_owned(),
        before: Some("a\nb\n".to_owned()),
        after: Some("a\nc\n".to_owned()),
        mode: None,
    };
    let text = exact(&Action::Write(vec![edit]));
    assert!(text.starts_with("/m.json\n") && text.contains("-b") && text.contains("+c"), "{text}");
}

#[test]
fn what_is_made_anew_or_removed_says_what_is_lost() {
    let away = |item: &str, losses: &[&str], back: bool| {
        let command = Command::new("toy").arg(item);
        let mut planned = step(item, Risk { destructive: true, ..Risk::default() });
        planned.step.action = Action::Away(Away {
            back: back.then(|| command.clone()).into_iter().collect(),
            losses: losses.iter().map(|loss| (*loss).to_owned()).collect(),
            command,
        });
        planned
    };
    let mut anew = change("anew", Side::System, false);
    anew.before = Some(Record::new());
    let plan =
        |steps: Vec<PlannedStep>| Plan { changes: vec![anew.clone()], steps, ..Plan::default() };
    // Set aside, made, and the old one removed for good: that is one loss.
    let alone = plan(vec![away("anew", &["/opt/x"], true), away("anew", &[], false)]);
    let loss = losses(&alone);
    assert_eq!(loss.len(), 1);
    assert_eq!(
        (loss[0].title.as_str(), loss[0].anew, &loss[0].lost[..]),
        ("anew", true, &["/opt/x".to_owned()][..])
    );
    // Made anew, it is asked about even if nothing is known to be lost.
    assert_eq!(losses(&plan(vec![away("anew", &[], true)])).len(), 1);
    assert_eq!(losses(&plan(vec![step("anew", Risk::default())])), []);
    // Who asks for one item is shown what it costs; among others it waits for a tick.
    assert!(choices(&planned(alone.clone()))[0].ticked);
    let mut among = alone;
    among.changes.push(change("plain", Side::System, false));
    let choices = choices(&planned(among));
    assert_eq!(choices.iter().map(|choice| choice.ticked).collect::<Vec<_>>(), [false, true]);
    // Nobody reads thousands of lines.
    let many = Loss { lost: (0..2000).map(|n| n.to_string()).collect(), ..loss[0].clone() };
    let lines = lost_lines(&many);
    assert_eq!((lines.len(), lines[500].as_str()), (501, "… and 1500 more"));
}
