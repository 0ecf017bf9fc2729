//! The laws every subsystem is held to, here with the smallest subsystem there is and many machines;
//! the lab tests hold the real subsystems to them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bucket::core::item::{Record, Value};
use bucket::core::merge::Drift;
use bucket::core::report::Report;
use bucket::engine::{Engine, Outcome, Request, Verb, Verdict};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

mod toy;
use toy::Machine;

/// In memory where the machine has such a place: these tests wait for the disk at every write.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

type Items = Vec<(String, Record)>;

fn records() -> impl Strategy<Value = Option<Record>> {
    let color = prop::option::of(prop::sample::select(vec!["red", "green", "blue"]));
    let tags =
        prop::option::of(prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..3));
    let pin = prop::option::of(1..3i64);
    prop::option::of((color, tags, pin).prop_map(|(color, tags, pin)| {
        let mut record = Record::new();
        if let Some(color) = color {
            record.set("color", color);
        }
        if let Some(tags) = tags {
            record.set("tags", Value::Set(tags.into_iter().map(str::to_owned).collect()));
        }
        if let Some(pin) = pin {
            record.set("pin", Value::Number(pin));
        }
        record
    }))
}

/// Three items, each there or not.
fn side() -> impl Strategy<Value = Items> {
    prop::collection::vec(records(), 3).prop_map(|records| {
        ["x", "y", "z"]
            .into_iter()
            .zip(records)
            .filter_map(|(name, record)| Some((name.to_owned(), record?)))
            .collect()
    })
}

/// What both sides agreed on once, and what they say now.
#[derive(Clone, Debug)]
struct Story {
    agreed: Option<Items>,
    manifest: Items,
    system: Items,
}

fn story() -> impl Strategy<Value = Story> {
    (prop::option::of(side()), side(), side()).prop_map(|(agreed, manifest, system)| Story {
        agreed,
        manifest,
        system,
    })
}

fn tell(story: &Story, machine: &Machine) {
    if let Some(agreed) = &story.agreed {
        machine.set_manifest(agreed);
        machine.set_system(agreed);
        machine.engine().survey(&[]).unwrap();
    }
    machine.set_manifest(&story.manifest);
    machine.set_system(&story.system);
}

fn run(engine: &Engine, report: &Report, request: &Request) -> Outcome {
    let plan = engine.plan(report, request).unwrap();
    engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap()
}

fn everything(verb: Verb) -> Request {
    Request { prune: true, force: true, ..Request::all(verb) }
}

fn planned(machine: &Machine, verb: Verb) -> usize {
    let engine = machine.engine();
    let plan = engine.plan(&engine.survey(&[]).unwrap(), &everything(verb)).unwrap();
    plan.changes.len() + plan.held.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Law 1: after a capture, or an apply, neither has anything left to do. What was never agreed on and is
    /// only on one side is not removed by a sweep over the other; it stays, as drift with one side to take.
    #[test]
    fn capture_and_apply_settle(story in story(), capture in any::<bool>()) {
        let dir = scratch();
        let machine = Machine::new(dir.path(), "here", &dir.path().join("repo"));
        tell(&story, &machine);
        let verb = if capture { Verb::Capture } else { Verb::Apply };
        let outcome = run(&machine.engine(), &machine.engine().survey(&[]).unwrap(), &everything(verb));
        prop_assert!(outcome.complete(), "{outcome:?}");
        let left = machine.engine().survey(&[]).unwrap();
        for item in left.subsystems.iter().flat_map(|s| &s.items).filter(|item| item.counts()) {
            let foreign = if capture { Drift::Missing } else { Drift::Unmanaged };
            prop_assert_eq!(item.state, foreign, "{:?}", item);
        }
        prop_assert_eq!(planned(&machine, verb), 0);
    }

    /// Law 2: what is captured here and applied to an empty machine reads the same there.
    #[test]
    fn a_capture_carries_to_the_next_machine(story in story()) {
        let dir = scratch();
        let repo = dir.path().join("repo");
        let (here, there) = (Machine::new(dir.path(), "here", &repo), Machine::new(dir.path(), "there", &repo));
        tell(&Story { manifest: Vec::new(), ..story.clone() }, &here);
        run(&here.engine(), &here.engine().survey(&[]).unwrap(), &everything(Verb::Capture));
        run(&there.engine(), &there.engine().survey(&[]).unwrap(), &everything(Verb::Apply));
        let sides = |machine: &Machine| {
            let report = machine.engine().survey(&[]).unwrap();
            prop_assert_eq!(report.drifted(), 0);
            Ok(report.subsystems.into_iter().map(|s| s.items).collect::<Vec<_>>())
        };
        prop_assert_eq!(sides(&here)?, sides(&there)?);
    }

    /// Law 4: undo, from a new process, puts back every byte of both sides and the agreed values; redo does it again.
    #[test]
    fn undo_puts_everything_back(story in story(), verb in prop::sample::select(vec![Verb::Capture, Verb::Apply, Verb::Suggested])) {
        let dir = scratch();
        let machine = Machine::new(dir.path(), "here", &dir.path().join("repo"));
        tell(&story, &machine);
        let report = machine.engine().survey(&[]).unwrap();
        let before = machine.bytes();
        let outcome = run(&machine.engine(), &report, &everything(verb));
        prop_assume!(outcome.operation.is_some());
        let after = machine.bytes();
        let again = |plan| machine.engine().execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();

        let undone = again(machine.engine().plan_undo(None).unwrap());
        prop_assert!(undone.complete(), "{undone:?}");
        prop_assert_eq!(machine.bytes(), before);
        let redone = again(machine.engine().plan_redo().unwrap());
        prop_assert!(redone.complete(), "{redone:?}");
        prop_assert_eq!(machine.bytes(), after);
    }

    /// Law 4, the other half: what has moved since is not put back.
    #[test]
    fn undo_refuses_what_has_moved(story in story(), verb in prop::sample::select(vec![Verb::Capture, Verb::Apply])) {
        let dir = scratch();
        let machine = Machine::new(dir.path(), "here", &dir.path().join("repo"));
        tell(&story, &machine);
        let outcome = run(&machine.engine(), &machine.engine().survey(&[]).unwrap(), &everything(verb));
        prop_assume!(outcome.operation.is_some());
        let plan = machine.engine().plan_undo(None).unwrap();
        let moved: Items = ["x", "y", "z"].map(|name| (name.to_owned(), Record::new().with("color", "moved"))).into();
        match verb {
            Verb::Capture => machine.set_manifest(&moved),
            _ => machine.set_system(&moved),
        }
        let before = machine.bytes();
        let undone = machine.engine().execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
        prop_assert!(undone.results.iter().all(|ended| ended.verdict == Verdict::Moved));
        prop_assert_eq!(&machine.bytes()[..2], &before[..2]);
    }

    /// Law 5: a plan does not depend on when it is made, and making it changes nothing.
    #[test]
    fn a_plan_is_a_pure_function(story in story(), verb in prop::sample::select(vec![Verb::Capture, Verb::Apply, Verb::Suggested])) {
        let dir = scratch();
        let machine = Machine::new(dir.path(), "here", &dir.path().join("repo"));
        tell(&story, &machine);
        let before = machine.bytes();
        let plan = || {
            let engine = machine.engine().dry(true);
            engine.plan(&engine.survey(&[]).unwrap(), &everything(verb)).unwrap().fingerprint()
        };
        prop_assert_eq!(plan(), plan());
        prop_assert_eq!(machine.bytes(), before);
    }

    /// Law 3: a source that cannot be read changes nothing in its subsystem, and stops no other.
    #[test]
    fn an_unreadable_source_is_not_empty(story in story(), manifest in any::<bool>()) {
        let dir = scratch();
        let repo = dir.path().join("repo");
        let machine = Machine::new(dir.path(), "here", &repo);
        tell(&story, &machine);
        let other = r#"{"items": [{"name": "other", "color": "red"}]}"#;
        std::fs::write(repo.join("manifests/toy-two.json"), other).unwrap();
        let broken = if manifest { repo.join("manifests/toy.json") } else { machine.root.join("system/toy.json") };
        std::fs::write(&broken, "{ not json").unwrap();
        let before = machine.bytes();
        for verb in [Verb::Capture, Verb::Apply] {
            run(&machine.engine(), &machine.engine().survey(&[]).unwrap(), &everything(verb));
        }
        prop_assert_eq!(&machine.bytes()[..2], &before[..2]);
        let report = machine.engine().survey(&[]).unwrap();
        prop_assert!(report.failed());
        prop_assert_eq!(report.subsystems[1].items[0].state, Drift::InSync);
    }
}

/// Whatever edits a manifest regenerates all sections in the same write; the section of a manifest that cannot be read
/// stays as it is, and stops no other.
#[test]
fn a_capture_brings_the_containerfile_with_it() {
    let dir = scratch();
    let repo = dir.path().join("repo");
    let machine = Machine::new(dir.path(), "here", &repo);
    let item = |color: &str| vec![("x".to_owned(), Record::new().with("color", color))];
    let capture = |color: &str| {
        machine.set_system(&item(color));
        let report = machine.engine().survey(&[]).unwrap();
        let outcome = run(&machine.engine(), &report, &everything(Verb::Capture));
        assert!(outcome.complete(), "{outcome:?}");
        machine.bytes()[3].clone().unwrap()
    };
    let lines = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("managed by"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let said = lines(&capture("red"));
    assert_eq!((said[1].as_str(), said[2].as_str()), ("# === END COPR_REPOS ===", "RUN mine"));
    assert!(said[3].contains("x Record") && said[3].contains("red"), "{said:?}");
    assert!(!machine.engine().containerfile().unwrap().unwrap().drifts());

    let other = r#"{"items": [{"name": "other", "color": "green"}]}"#;
    std::fs::write(repo.join("manifests/toy-two.json"), other).unwrap();
    assert!(machine.engine().containerfile().unwrap().unwrap().drifts());
    assert!(capture("blue").contains("other Record"));
    std::fs::write(repo.join("manifests/toy-two.json"), "{ not json").unwrap();
    let said = capture("green");
    assert!(said.contains("other Record"), "{said}");
    assert!(said.lines().any(|line| line.contains("x Record") && line.contains("green")), "{said}");
    let error = machine.engine().containerfile().unwrap_err().to_string();
    assert!(error.contains("toy-two.json:1:"), "{error}");

    // What does not parse stops an edit before anything is written.
    std::fs::write(repo.join("Containerfile"), "# === END COPR_REPOS ===\n").unwrap();
    machine.set_system(&item("white"));
    let before = machine.bytes();
    let report = machine.engine().survey(&[]).unwrap();
    let error = machine.engine().plan(&report, &everything(Verb::Capture)).unwrap_err();
    assert!(error.to_string().contains("Containerfile:1:1: "), "{error}");
    assert_eq!(machine.bytes()[..2], before[..2]);
    assert!(machine.engine().plan(&report, &everything(Verb::Apply)).is_ok());
}

/// What this machine's layer drops is captured into that layer: other machines keep what they share.
#[test]
fn a_capture_of_what_this_machine_drops_stays_here() {
    let dir = scratch();
    let repo = dir.path().join("repo");
    let machine = Machine::new(dir.path(), "here", &repo);
    machine.set_manifest(&[("x".to_owned(), Record::new().with("color", "red"))]);
    let own = repo.join("manifests/hosts/toy/toy.json");
    std::fs::create_dir_all(own.parent().unwrap()).unwrap();
    let dropped = r#"{"items": [{"name": "x", "absent": true}]}"#;
    std::fs::write(&own, dropped).unwrap();
    let shared = machine.bytes()[1].clone();
    machine.set_system(&[("x".to_owned(), Record::new().with("color", "blue"))]);
    let report = machine.engine().survey(&[]).unwrap();
    assert_eq!(report.subsystems[0].items[0].state, Drift::Unmanaged);
    let outcome = run(&machine.engine(), &report, &Request::all(Verb::Capture));
    assert!(outcome.complete(), "{outcome:?}");
    assert_eq!(machine.bytes()[1], shared);
    let kept = std::fs::read_to_string(&own).unwrap();
    assert!(kept.contains("blue") && !kept.contains("absent"), "{kept}");
    assert_eq!(machine.engine().survey(&[]).unwrap().drifted(), 0);
    let plan = machine.engine().plan_undo(None).unwrap();
    machine.engine().execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
    assert_eq!(std::fs::read_to_string(&own).unwrap(), dropped);
}

/// What an undo leaves alone keeps what both sides agreed on last, and so who moved.
#[test]
fn an_undo_forgets_nothing_of_what_it_leaves_alone() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here", &dir.path().join("repo"));
    let item = |color: &str| vec![("x".to_owned(), Record::new().with("color", color))];
    machine.set_manifest(&item("red"));
    machine.set_system(&item("red"));
    machine.engine().survey(&[]).unwrap();
    machine.set_manifest(&item("blue"));
    let report = machine.engine().survey(&[]).unwrap();
    run(&machine.engine(), &report, &everything(Verb::Apply));
    machine.set_system(&item("green"));
    let plan = machine.engine().plan_undo(None).unwrap();
    machine.engine().execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
    let report = machine.engine().survey(&[]).unwrap();
    assert_eq!(report.subsystems[0].items[0].state, Drift::SystemChanged);
}

/// Only what the system changed is captured and only what the manifest changed is applied, also inside one item.
#[test]
fn suggestions_merge_both_sides() {
    let dir = scratch();
    let machine = Machine::new(dir.path(), "here", &dir.path().join("repo"));
    let item = |color: &str, tags: &[&str]| vec![("x".to_owned(), record(color, tags))];
    machine.set_manifest(&item("red", &["a", "b"]));
    machine.set_system(&item("red", &["a", "b"]));
    machine.engine().survey(&[]).unwrap();
    machine.set_manifest(&item("blue", &["a", "b", "m"]));
    machine.set_system(&item("red", &["b", "s"]));
    let report = machine.engine().survey(&[]).unwrap();
    assert_eq!(report.subsystems[0].items[0].state, Drift::Both);
    let outcome = run(&machine.engine(), &report, &Request::all(Verb::Suggested));
    assert!(outcome.complete(), "{outcome:?}");
    let item = &machine.engine().survey(&[]).unwrap().subsystems[0].items[0];
    assert_eq!(item.state, Drift::InSync, "{item:?}");
    assert_eq!(item.live, Some(record("blue", &["b", "m", "s"])));
}

fn record(color: &str, tags: &[&str]) -> Record {
    let tags = Value::Set(tags.iter().map(|tag| tag.to_string()).collect());
    Record::new().with("color", color).with("tags", tags)
}

/// An ignore rule that could not be written is nothing that an undo could take back.
#[test]
fn a_failed_edit_is_not_undone() {
    let dir = scratch();
    let repo = dir.path().join("repo");
    let machine = Machine::new(dir.path(), "here", &repo);
    let toy = bucket::core::item::SubsystemId::new("toy");
    let item = bucket::core::item::ItemKey::new("x");
    let plan = machine.engine().plan_ignore(&toy, &item, None).unwrap();
    std::fs::write(repo.join("manifests/ignore.json"), "{}").unwrap();
    let token = CancellationToken::new();
    assert!(!machine.engine().execute(&plan, &mut |_| (), &token).unwrap().complete());
    assert!(machine.engine().plan_undo(None).is_err());
}

/// What an operation of programs did has no inverse, and nothing of it is run again.
#[test]
fn an_operation_of_programs_is_not_undone() {
    use bucket::core::plan::{Action, Command, FileEdit, Plan, PlannedStep, Risk, Step};
    let dir = scratch();
    let repo = dir.path().join("repo");
    let machine = Machine::new(dir.path(), "here", &repo);
    let path = repo.join("manifests/ignore.json");
    let edit = FileEdit {
        path: path.display().to_string(),
        before: None,
        after: Some("{}".to_owned()),
        mode: None,
    };
    let step = |action: Action| PlannedStep {
        subsystems: Vec::new(),
        step: Step { title: "x".to_owned(), action, risk: Risk::default(), items: Vec::new() },
    };
    let run = || step(Action::Run(Command::new("true")));
    for steps in [vec![run()], vec![step(Action::Write(vec![edit])), run()]] {
        let plan = Plan { steps, ..Plan::default() };
        machine.engine().execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
        let error = machine.engine().plan_undo(None).unwrap_err().to_string();
        assert!(error.contains("did more than write files"), "{error}");
    }
    assert!(path.exists(), "nor is the file that it wrote too");
}
