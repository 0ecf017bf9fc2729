//! Carrying a plan out, as shown: under the lock, journaled first, checked afterwards against the machine.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::Engine;
use super::base::Base;
use super::explain::explain;
use super::journal::{Ended, Journal, OldBase};
use super::local;
use super::select::{keep_together, set_aside};
use crate::core::item::{FieldSpec, Record, SubsystemId};
use crate::core::merge::uncompared;
use crate::core::plan::{Action, Away, BlockedChange, Change, Plan, PlannedStep, Side};
use crate::core::report::Report;
use crate::host::act;
use crate::manifest::Manifests;
use crate::words::{fill, gettext};

pub use super::journal::Verdict;

/// What happens while a plan is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A step begins.
    Start {
        /// Its number, from 0.
        index: usize,
        /// How many there are.
        total: usize,
        /// The step.
        step: &'a PlannedStep,
    },
    /// The program that the step runs said something.
    Line(&'a str),
    /// The step ended.
    End {
        /// Its number, from 0.
        index: usize,
        /// What went wrong, if something did.
        error: Option<&'a str>,
    },
}

/// How a plan ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Outcome {
    /// The operation's number in the journal; `None` where nothing was to be done.
    pub operation: Option<u64>,
    /// How each change ended, in the plan's order.
    pub results: Vec<Ended>,
    /// Steps that failed, each with the reason; a failed step's items may still be done, and the other way round.
    pub errors: Vec<String>,
    /// Whether the person cancelled it.
    pub cancelled: bool,
}

impl Outcome {
    /// Whether every change was made and every step worked.
    pub fn complete(&self) -> bool {
        self.errors.is_empty()
            && !self.cancelled
            && self.results.iter().all(|r| r.verdict == Verdict::Done)
    }

    /// How many changes were made.
    pub fn done(&self) -> usize {
        self.results.iter().filter(|result| result.verdict == Verdict::Done).count()
    }
}

/// The repository was found, but the person has not said yes to it.
#[derive(Debug, thiserror::Error)]
#[error("the repository “{}” is not in use on this machine, so nothing of it is applied or changed", path.display())]
pub struct Untrusted {
    /// The repository.
    pub path: std::path::PathBuf,
}

impl Engine {
    /// Carries `plan` out. `on` hears what happens; `cancel` stops after the current atomic step.
    ///
    /// Changes whose item has moved since the plan was made are skipped. What fails does not stop the rest.
    pub fn execute(
        &self,
        plan: &Plan,
        on: &mut dyn FnMut(Event<'_>),
        cancel: &CancellationToken,
    ) -> anyhow::Result<Outcome> {
        if plan.steps.is_empty() && plan.changes.is_empty() {
            return Ok(Outcome::default());
        }
        if !self.repo.trusted {
            return Err(Untrusted { path: self.repo.root.clone() }.into());
        }
        let _lock = self.lock("bkt")?;
        self.execute_locked(plan, on, cancel)
    }

    /// Makes an edit of the repository that changes no item, as [`Self::plan_edit`] plans it, but planned under the lock:
    /// of two at once, the later one edits what the earlier one left. Returns the plan and what came of it.
    pub fn execute_edit(
        &self,
        title: String,
        edit: impl FnOnce(&mut Manifests) -> anyhow::Result<()>,
        on: &mut dyn FnMut(Event<'_>),
        cancel: &CancellationToken,
    ) -> anyhow::Result<(Plan, Outcome)> {
        if !self.repo.trusted {
            return Err(Untrusted { path: self.repo.root.clone() }.into());
        }
        let _lock = self.lock("bkt")?;
        self.roll_forward()?;
        let plan = Plan { system_first: true, ..self.plan_edit(title, edit)? };
        let outcome = match plan.steps.is_empty() {
            true => Outcome::default(),
            false => self.execute_locked(&plan, on, cancel)?,
        };
        Ok((plan, outcome))
    }

    /// The same as [`Self::execute`], where the caller holds the lock.
    fn execute_locked(
        &self,
        plan: &Plan,
        on: &mut dyn FnMut(Event<'_>),
        cancel: &CancellationToken,
    ) -> anyhow::Result<Outcome> {
        self.roll_forward()?;
        Base::tidy(&self.state_dir())?;
        let mut base = Base::load(&self.state_dir())?;
        let touched: Vec<SubsystemId> = plan
            .changes
            .iter()
            .map(|change| change.subsystem.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let now = self.compare_touched(&touched, &base)?;
        let (mut going, moved): (Vec<Change>, Vec<Change>) =
            plan.changes.iter().cloned().partition(|change| self.still(&now, change, plan));
        if plan.system_first {
            keep_together(&mut going, moved.iter());
        }
        let (steps, blocked) = match plan.undoes {
            _ if plan.changes.is_empty() => (plan.steps.clone(), Vec::new()),
            None => self.steps(&going)?,
            Some(operation) => self.undo_steps(operation, &going, moved.is_empty())?,
        };
        let mut steps = plan.in_order(steps);
        let blocked = set_aside(&mut going, blocked);
        if plan.system_first && blocked.iter().any(BlockedChange::never) {
            // What the machine cannot do any more is not written down either.
            let never = blocked.iter().filter(|one| one.never());
            keep_together(&mut going, never.map(|one| &one.change));
            steps = plan.in_order(self.steps(&going)?.0);
        }
        // What ended before it began.
        let moved = moved.into_iter().map(|change| {
            // Somebody else, or an operation that was cut off, did it first.
            let already = plan.undoes.is_none() && self.already(&now, &change);
            Ended { change, verdict: if already { Verdict::Done } else { Verdict::Moved } }
        });
        let blocked = blocked
            .into_iter()
            .map(|b| Ended { change: b.change, verdict: Verdict::Failed(b.reason) });
        let never: Vec<Ended> = moved.chain(blocked).collect();
        if steps.is_empty() && going.is_empty() {
            return Ok(Outcome { results: never, ..Outcome::default() });
        }
        let bases = going.iter().map(|change| OldBase {
            subsystem: change.subsystem.clone(),
            item: change.item.clone(),
            base: base.get(&change.subsystem, &change.item).cloned(),
        });
        let journal = Journal::new(&self.state_dir());
        let open = journal.begin(
            self.host.now().to_string(),
            plan.undoes,
            going.clone(),
            steps.clone(),
            bases.collect(),
        )?;
        let _awake = crate::host::logind::inhibit(&self.host, &going);

        let mut outcome = Outcome { operation: Some(open.number), ..Outcome::default() };
        let mut failed: Vec<(&PlannedStep, String)> = Vec::new();
        let mut done: BTreeSet<usize> = BTreeSet::new();
        let mut begun: BTreeSet<usize> = BTreeSet::new();
        for (index, step) in steps.iter().enumerate() {
            if cancel.is_cancelled() {
                outcome.cancelled = true;
                break;
            }
            on(Event::Start { index, total: steps.len(), step });
            // Its own words are those of the step that failed before it.
            let follows = baseless(step, &failed);
            let result = match spared(step, &failed) {
                true => Err(gettext("nothing is removed after an earlier step failed")),
                false if follows => {
                    Err(gettext("what it needs is not there, because an earlier step failed"))
                }
                false if plan.system_first && step.is_manifests() && !failed.is_empty() => {
                    Err(gettext(
                        "the manifests are left as they are, because the machine could not be changed",
                    ))
                }
                false => self
                    .stays_inside(&step.step.action)
                    .map_err(anyhow::Error::from)
                    .and_then(|()| {
                        begun.insert(index);
                        let line = &mut |line: &str| on(Event::Line(line));
                        act::perform(&self.host, &step.step.action, line, cancel)
                    })
                    .map_err(|error| explain(&error).message),
            };
            let error = result.err();
            on(Event::End { index, error: error.as_deref() });
            open.step(index, error.clone())?;
            if let Some(error) = error {
                if cancel.is_cancelled() {
                    outcome.cancelled = true;
                } else if !follows && !outcome.errors.contains(&error) {
                    outcome.errors.push(error.clone());
                }
                failed.push((step, error));
            } else {
                done.insert(index);
            }
        }
        self.put_back(&steps, (&begun, &done), &mut failed, &mut outcome, on);

        let after = self.compare_touched(&touched, &base)?;
        for mut change in going {
            let own = own_side(&after, &change);
            let verdict = match &own {
                Some(own) if self.says(&change.subsystem, own.as_ref(), &change) => Verdict::Done,
                _ if outcome.cancelled => Verdict::NotDone,
                _ => Verdict::Failed(reason(&failed, &change)),
            };
            if verdict == Verdict::Done {
                change.after = own.flatten();
            }
            outcome.results.push(Ended { change, verdict });
        }
        open.end(self.host.now().to_string(), outcome.results.clone())?;
        // What was done is done, whether or not the list of local changes can say so.
        if let Err(error) = local::settle(&self.host, &outcome.results, plan.local.as_deref()) {
            outcome.errors.push(explain(&error).message);
        }
        outcome.results.extend(never);

        let settled = match plan.undoes {
            Some(number) => {
                // What is learned now stands beside the bases that come back.
                self.restore_bases(number, &outcome.results, &mut base)?;
                self.compare_touched(&touched, &base)?
            }
            None => after,
        };
        for subsystem in &settled.subsystems {
            for item in &subsystem.items {
                base.learn(&subsystem.id, item);
            }
        }
        base.save()?;
        Ok(outcome)
    }

    /// Puts back what was taken away for something better that did not come: a box that was set aside, where the new one
    /// could not be made. What was there before is needed no more once its own removal has begun.
    fn put_back(
        &self,
        steps: &[PlannedStep],
        (begun, done): (&BTreeSet<usize>, &BTreeSet<usize>),
        failed: &mut [(&PlannedStep, String)],
        outcome: &mut Outcome,
        on: &mut dyn FnMut(Event<'_>),
    ) {
        for (index, step) in steps.iter().enumerate().filter(|(index, _)| begun.contains(index)) {
            let Action::Away(away) = &step.step.action else { continue };
            let same = |other: &PlannedStep| {
                other.subsystems == step.subsystems && other.step.items == step.step.items
            };
            let later = || steps.iter().enumerate().skip(index).filter(|(_, other)| same(other));
            let short = later().any(|(at, _)| !done.contains(&at));
            let replaced = later().any(|(at, other)| {
                let ends = |away: &Away| away.back.is_empty();
                begun.contains(&at)
                    && matches!(&other.step.action, Action::Away(away) if ends(away))
            });
            if away.back.is_empty() || !short || replaced {
                continue;
            }
            if !done.contains(&index) {
                // It failed or was stopped, and may have done its work all the same: the first tells.
                let first = away.back.first().map(|command| self.host.output(command));
                if !matches!(first, Some(Ok(_))) {
                    continue;
                }
            }
            // Also where the person has stopped everything else.
            let never = CancellationToken::new();
            let mut back = away.back.iter();
            let result = back.try_for_each(|command| {
                let line = &mut |line: &str| on(Event::Line(line));
                self.host.run(command, line, &never).map(drop)
            });
            match result {
                Ok(()) => {
                    let text = gettext("{error}. What was there before has been put back");
                    for (_, error) in failed.iter_mut().filter(|(other, _)| same(other)) {
                        let said = fill(&text, &[("error", error.as_str())]);
                        let old = std::mem::replace(error, said.clone());
                        outcome.errors.iter_mut().filter(|one| **one == old).for_each(|one| {
                            one.clone_from(&said);
                        });
                    }
                }
                Err(error) => {
                    let text = gettext("what was there before could not be put back: {error}");
                    let error = explain(&error.into()).message;
                    outcome.errors.push(fill(&text, &[("error", &error)]));
                }
            }
        }
    }

    fn compare_touched(&self, touched: &[SubsystemId], base: &Base) -> anyhow::Result<Report> {
        match touched {
            // No subsystem named would mean all of them.
            [] => Ok(Report {
                version: crate::core::report::REPORT_VERSION,
                repository: String::new(),
                host: String::new(),
                checked_at: String::new(),
                subsystems: Vec::new(),
            }),
            touched => self.compare(touched, base),
        }
    }

    /// Whether both sides still say what the change expects. An undo minds only the side it changes, and what a verb
    /// does to the manifest does not follow from what could not be read of the machine.
    fn still(&self, now: &Report, change: &Change, plan: &Plan) -> bool {
        let specs = self.specs(&change.subsystem);
        let Some(own) = own_side(now, change) else { return false };
        let other = match other_side(now, change) {
            Some(other) => {
                let (entry, expected) = (change.before.as_ref(), change.other.as_ref());
                plan.undoes.is_some() || same(specs, entry, other.as_ref(), expected)
            }
            None => plan.undoes.is_some() || plan.system_first && change.other.is_none(),
        };
        other && same(specs, change.other.as_ref(), own.as_ref(), change.before.as_ref())
    }

    /// Whether the changed side says what the change wants of it, for the reason the change has.
    fn already(&self, now: &Report, change: &Change) -> bool {
        let (Some(own), Some(other)) = (own_side(now, change), other_side(now, change)) else {
            return false;
        };
        let specs = self.specs(&change.subsystem);
        self.says(&change.subsystem, own.as_ref(), change)
            && same(specs, change.before.as_ref(), other.as_ref(), change.other.as_ref())
    }

    /// Whether the changed side now says what the change wanted of it.
    fn says(&self, subsystem: &SubsystemId, own: Option<&Record>, change: &Change) -> bool {
        let specs = self.specs(subsystem);
        match (own, &change.after) {
            (None, None) => true,
            // What is not compared need not be as it was: a flatpak's commit. A new entry need not even name it.
            (Some(own), Some(_)) => change.fields().iter().all(|(name, _, new)| {
                let now = own.get(name);
                let names = |side: &Option<Record>| {
                    side.as_ref().is_some_and(|record| record.get(name).is_some())
                };
                // What an entry names is compared, whether or not the machine has it.
                let named =
                    names(&change.other) || change.side == Side::Manifest && names(&change.before);
                // And what a verb takes away of it, the machine may have all the same.
                let gone = new.is_none() && change.side == Side::System;
                let loose = !named || gone || change.before.is_none() && now.is_none();
                now == *new || loose && uncompared(specs, name)
            }),
            _ => false,
        }
    }

    fn specs(&self, subsystem: &SubsystemId) -> &'static [FieldSpec] {
        self.subsystem(subsystem).map_or(&[], |subsystem| subsystem.about().fields)
    }
}

/// The changed side of an item now; the outer `None` says that it could not be read.
fn own_side(report: &Report, change: &Change) -> Option<Option<Record>> {
    side_of(report, change, change.side)
}

fn other_side(report: &Report, change: &Change) -> Option<Option<Record>> {
    side_of(report, change, if change.side == Side::System { Side::Manifest } else { Side::System })
}

fn side_of(report: &Report, change: &Change, side: Side) -> Option<Option<Record>> {
    use crate::core::report::Availability;
    let subsystem = report.subsystem(&change.subsystem)?;
    match (&subsystem.availability, side) {
        // What a manifest says is read without the tool that it is for.
        (Availability::Compared, _) | (Availability::Unavailable { .. }, Side::Manifest) => (),
        _ => return None,
    }
    let Some(item) = report.item(&change.subsystem, &change.item) else { return Some(None) };
    match side {
        Side::Manifest => Some(item.wanted.clone()),
        Side::System if item.unknown.is_some() => None,
        Side::System => Some(item.live.clone()),
    }
}

/// Whether two records are the same in all fields that are compared beside `entry`.
fn same(
    specs: &[FieldSpec],
    entry: Option<&Record>,
    a: Option<&Record>,
    b: Option<&Record>,
) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            a.0.keys()
                .chain(b.0.keys())
                .filter(|name| {
                    entry.is_some_and(|entry| entry.get(name).is_some()) || !uncompared(specs, name)
                })
                .all(|name| a.get(name) == b.get(name))
        }
        _ => false,
    }
}

/// Whether a step must not remove what it is to remove: what was to take its place may not be there.
fn spared(step: &PlannedStep, failed: &[(&PlannedStep, String)]) -> bool {
    let shares =
        |other: &PlannedStep| other.subsystems.iter().any(|id| step.subsystems.contains(id));
    step.step.risk.removes && failed.iter().any(|(other, _)| shares(other))
}

/// Whether each item of a step had an earlier step of its own that failed: what was not fetched is not installed, and
/// what was not installed is not switched on. A step of several items may have done some of them.
fn baseless(step: &PlannedStep, failed: &[(&PlannedStep, String)]) -> bool {
    let fell = |item| {
        failed.iter().any(|(other, _)| {
            other.subsystems == step.subsystems && other.step.items == std::slice::from_ref(item)
        })
    };
    !step.step.items.is_empty() && step.step.items.iter().all(fell)
}

/// Why a change was not made: what its subsystem's failed steps said.
fn reason(failed: &[(&PlannedStep, String)], change: &Change) -> String {
    let mine = |(step, _): &&(&PlannedStep, String)| match change.side {
        Side::Manifest => step.is_manifests(),
        Side::System => step.subsystems.contains(&change.subsystem),
    };
    let own = |failed: &&(&PlannedStep, String)| failed.0.step.items.contains(&change.item);
    let first = failed.iter().filter(mine).find(own).or_else(|| failed.iter().find(mine));
    match first {
        Some((_, error)) => error.clone(),
        None => gettext("every step worked, and yet it does not say what it should"),
    }
}
