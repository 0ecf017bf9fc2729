//! A well-used desktop, brought to an empty machine: the plan does not grow by a program per item.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use bucket::core::plan::{Action, Plan};
use bucket::engine::{Request, Verb};

#[allow(dead_code, reason = "the benchmark uses more of it")]
mod machine;
use machine::{Machine, Size};

/// The plan that applies everything to a machine that has lost its apps, overrides and settings.
fn plan(times: usize) -> Plan {
    let dir = tempfile::tempdir().unwrap();
    let machine = Machine::make(dir.path(), Size::times(times));
    machine.forget();
    let engine = machine.engine();
    let report = engine.survey(&[]).unwrap();
    assert!(!report.failed(), "{report:?}");
    let plan = engine.plan(&report, &Request::all(Verb::Apply)).unwrap();
    assert!(plan.held.is_empty() && plan.blocked.is_empty(), "{:?} {:?}", plan.held, plan.blocked);
    plan
}

#[test]
fn one_flatpak_and_one_dconf_write_for_everything() {
    let plan = plan(1);
    assert_eq!(plan.changes.len(), 80 + 20 + 500);
    let of = |is: fn(&Action) -> bool| plan.steps.iter().filter(|s| is(&s.step.action)).count();
    assert_eq!(of(|action| matches!(action, Action::Run(_))), 1, "one scope, one remote");
    assert_eq!(of(|action| matches!(action, Action::Dconf(_))), 1);
    assert_eq!(of(|action| matches!(action, Action::Write(_))), 1);
    let Some(Action::Run(install)) =
        plan.steps.iter().map(|s| &s.step.action).find(|a| matches!(a, Action::Run(_)))
    else {
        panic!("nothing is run");
    };
    assert_eq!(install.program, "flatpak");
    assert_eq!(install.args.iter().filter(|arg| arg.contains("org.example.App")).count(), 80);
}

#[test]
fn ten_times_as_much_takes_as_many_steps() {
    assert_eq!(plan(10).steps.len(), plan(1).steps.len());
}
