//! Taking operations back, and taking that back.

use super::Engine;
use super::base::Base;
use super::journal::{Ended, Journal, Kind, Operation, Verdict};
use super::select::{NotPossible, set_aside};
use crate::core::plan::{Action, Change, FileEdit, Placed, Plan, PlannedStep};
use crate::host::{fs, place};
use crate::manifest::trust::StateError;
use crate::words::{fill, gettext};

/// Why an operation cannot be taken back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// There is nothing to take back.
    #[error("there is nothing to undo")]
    NothingToUndo,
    /// There is nothing to do again.
    #[error("there is nothing to redo")]
    NothingToRedo,
    /// The number is not in the journal.
    #[error("there is no operation {0} in the history")]
    Unknown(u64),
    /// It was taken back before.
    #[error("operation {number} was already undone by operation {by}")]
    Already {
        /// The operation.
        number: u64,
        /// What undid it.
        by: u64,
    },
    /// It changed no item and did more than write files, which has no inverse.
    #[error("operation {0} did more than write files, and cannot be taken back")]
    NotFiles(u64),
    /// The journal cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Engine {
    /// All operations, oldest first.
    pub fn history(&self) -> Result<Vec<Operation>, StateError> {
        Journal::new(&self.state_dir()).operations()
    }

    /// The plan that takes back operation `number`, or else the last one that stands.
    pub fn plan_undo(&self, number: Option<u64>) -> anyhow::Result<Plan> {
        let history = self.history()?;
        let operation = match number {
            Some(number) => original(&history, number).ok_or(UndoError::Unknown(number))?,
            // What was done again stands as the operation that it was first.
            None => history
                .iter()
                .rev()
                .find(|operation| {
                    operation.kind == Kind::Do
                        && operation.undone_by.is_none()
                        && took_effect(operation)
                })
                .ok_or(UndoError::NothingToUndo)?,
        };
        self.plan_inverse(operation)
    }

    /// The plan that does again what was undone last, unless something new was done since.
    pub fn plan_redo(&self) -> anyhow::Result<Plan> {
        let history = self.history()?;
        let operation = history
            .iter()
            .rev()
            .filter(|operation| took_effect(operation))
            .take_while(|operation| operation.kind != Kind::Do || operation.undone_by.is_some())
            .find(|operation| operation.kind == Kind::Undo && operation.undone_by.is_none())
            .ok_or(UndoError::NothingToRedo)?;
        self.plan_inverse(operation)
    }

    fn plan_inverse(&self, operation: &Operation) -> anyhow::Result<Plan> {
        if let Some(by) = operation.undone_by {
            return Err(UndoError::Already { number: operation.number, by }.into());
        }
        let mut changes: Vec<Change> = done(operation).map(Change::inverse).collect();
        let (steps, blocked) = match operation.changes.is_empty() {
            // An edit that changed no item, such as an ignore rule: the files go back to what they were.
            true => {
                let steps = inverse_files(operation);
                (steps.ok_or(UndoError::NotFiles(operation.number))?, Vec::new())
            }
            false => self.undo_steps(operation.number, &changes, true)?,
        };
        let blocked = set_aside(&mut changes, blocked);
        let undoes = Some(operation.number);
        Ok(Plan { undoes, changes, blocked, steps, ..Plan::default() })
    }

    /// The steps that carry `changes` out. Files that still are what the operation left get their old bytes
    /// back, comments and all; `whole` says that nothing of the operation is left out.
    pub(super) fn undo_steps(
        &self,
        number: u64,
        changes: &[Change],
        whole: bool,
    ) -> anyhow::Result<(Vec<PlannedStep>, Vec<NotPossible>)> {
        let (mut steps, blocked) = self.steps(changes)?;
        let history = self.history()?;
        let Some(operation) = history.iter().find(|operation| operation.number == number) else {
            return Ok((steps, blocked));
        };
        if !whole {
            return Ok((steps, blocked));
        }
        steps.retain(|step| !only_wrote(operation, step));
        let written: Vec<&FileEdit> = operation.steps.iter().flat_map(file_edits).collect();
        steps.extend(left_behind(operation, &steps));
        let placed: Vec<&Placed> = operation.steps.iter().flat_map(places).collect();
        for step in &mut steps {
            match &mut step.step.action {
                Action::Write(edits) => {
                    for edit in edits {
                        let same =
                            |old: &&&FileEdit| old.path == edit.path && old.after == edit.before;
                        if let Some(old) = written.iter().find(same) {
                            edit.take_back(old);
                        }
                    }
                }
                Action::Place(places) => {
                    for one in places {
                        let same = |old: &&&Placed| old.path == one.path && old.after == one.before;
                        if let Some(old) = placed.iter().find(same) {
                            one.after.clone_from(&old.before);
                        }
                    }
                }
                _ => (),
            }
        }
        Ok((steps, blocked))
    }

    /// After an undo, the items it took back get the base they had before; what was left alone keeps its own.
    pub(super) fn restore_bases(
        &self,
        number: u64,
        results: &[Ended],
        base: &mut Base,
    ) -> Result<(), StateError> {
        let history = self.history()?;
        let operation = history.iter().filter(|operation| operation.number == number);
        for old in operation.flat_map(|operation| &operation.bases) {
            let mut mine = results.iter().filter(|ended| {
                ended.change.subsystem == old.subsystem && ended.change.item == old.item
            });
            if mine.all(|ended| ended.verdict == Verdict::Done) {
                base.set(&old.subsystem, &old.item, old.base.clone());
            }
        }
        Ok(())
    }

    /// Finishes what a crash cut off: manifests that were to be written together, and are not all written.
    ///
    /// Called under the lock. A file that is neither what it was nor what it was to become is left alone.
    pub(super) fn roll_forward(&self) -> anyhow::Result<()> {
        let history = self.history()?;
        let Some(last) = history.last().filter(|operation| !operation.ended) else { return Ok(()) };
        for edit in last.steps.iter().flat_map(file_edits) {
            fs::tidy(std::path::Path::new(&edit.path))?;
        }
        // Once it is noted as written, whoever takes a manifest back to what it was means it.
        let journal = Journal::new(&self.state_dir());
        for (index, step) in last.steps.iter().enumerate() {
            if !step.is_manifests() || last.steps_done.contains(&index) {
                continue;
            }
            self.stays_inside(&step.step.action)?;
            let mut begun = false;
            let mut left = Vec::new();
            for edit in file_edits(step) {
                let now = fs::read(std::path::Path::new(&edit.path))?;
                begun |= now == edit.after;
                left.extend((now == edit.before).then_some(edit));
            }
            // Nothing written is as good as not begun: it may be wanted no more.
            for edit in left.into_iter().filter(|_| begun) {
                fs::write_as(std::path::Path::new(&edit.path), edit.after.as_deref(), edit.mode)?;
            }
            journal.resume(last.number)?.step(index, None)?;
        }
        Ok(())
    }
}

/// The operation of that number; for a redo, the one that it did again.
fn original(history: &[Operation], number: u64) -> Option<&Operation> {
    let find = |number| history.iter().find(|operation| operation.number == number);
    let operation = find(number)?;
    match operation.kind {
        Kind::Redo => find(find(operation.undoes?)?.undoes?),
        Kind::Do | Kind::Undo => Some(operation),
    }
}

fn file_edits(step: &PlannedStep) -> &[FileEdit] {
    match &step.step.action {
        Action::Write(edits) => edits,
        _ => &[],
    }
}

fn places(step: &PlannedStep) -> &[Placed] {
    match &step.step.action {
        Action::Place(placed) => placed,
        _ => &[],
    }
}

/// Files that the operation wrote and that `steps` leave alone, still as it left them: they go back too. An app's
/// overrides stay when it is uninstalled, but not those that came with the install that is taken back.
fn left_behind(operation: &Operation, steps: &[PlannedStep]) -> Vec<PlannedStep> {
    let covered = |path: &str| {
        steps.iter().flat_map(file_edits).any(|edit| edit.path == path)
            || steps.iter().flat_map(places).any(|one| one.path == path)
    };
    let is_left = |edit: &&FileEdit| {
        let now = fs::read(std::path::Path::new(&edit.path));
        !covered(&edit.path) && edit.before != edit.after && now.is_ok_and(|now| now == edit.after)
    };
    let stays = |one: &&Placed| {
        let now = place::read(std::path::Path::new(&one.path));
        !covered(&one.path) && one.before != one.after && now.is_ok_and(|now| now == one.after)
    };
    let back = |planned: &PlannedStep| {
        let action = match &planned.step.action {
            Action::Write(edits) => {
                Action::Write(edits.iter().filter(is_left).map(FileEdit::inverse).collect())
            }
            Action::Place(placed) => {
                Action::Place(placed.iter().filter(stays).map(Placed::inverse).collect())
            }
            _ => return None,
        };
        let mut planned = planned.clone();
        planned.step.action = action;
        let does = !file_edits(&planned).is_empty() || !places(&planned).is_empty();
        does.then_some(planned)
    };
    operation.steps.iter().filter_map(back).collect()
}

/// Whether a step would run or fetch something for items of which the operation only wrote files, which still are as it
/// left them: those go back, and that is all of it. A script that was forgotten is remembered, and not run again.
fn only_wrote(operation: &Operation, step: &PlannedStep) -> bool {
    let writes = |planned: &PlannedStep| !file_edits(planned).is_empty();
    let as_left = |planned: &PlannedStep| {
        file_edits(planned).iter().all(|edit| {
            fs::read(std::path::Path::new(&edit.path)).is_ok_and(|now| now == edit.after)
        })
    };
    let of = |item| {
        let mut own = operation.steps.iter().filter(|planned| {
            planned.subsystems == step.subsystems && planned.step.items.contains(item)
        });
        let mut any = false;
        own.all(|planned| {
            any = true;
            writes(planned) && as_left(planned)
        }) && any
    };
    let runs = matches!(step.step.action, Action::Run(_) | Action::Download(_));
    runs && !step.step.items.is_empty() && step.step.items.iter().all(of)
}

/// The changes of an operation that were made. One that was cut off may have made any of them: the check
/// against the machine sorts that out.
fn done(operation: &Operation) -> Box<dyn Iterator<Item = &Change> + '_> {
    if !operation.ended {
        return Box::new(operation.changes.iter());
    }
    Box::new(
        operation
            .results
            .iter()
            .filter(|ended| ended.verdict == Verdict::Done)
            .map(|ended| &ended.change),
    )
}

fn took_effect(operation: &Operation) -> bool {
    match operation.changes.is_empty() {
        true => !operation.ended || !operation.steps_done.is_empty(),
        false => done(operation).next().is_some(),
    }
}

/// The steps of an operation that only wrote files, backwards; `None` where it did anything else, which would only be
/// done again.
fn inverse_files(operation: &Operation) -> Option<Vec<PlannedStep>> {
    let back = |planned: &PlannedStep| {
        let action = match &planned.step.action {
            Action::Write(edits) => Action::Write(edits.iter().map(FileEdit::inverse).collect()),
            Action::Place(placed) => Action::Place(placed.iter().map(Placed::inverse).collect()),
            Action::Run(_)
            | Action::Away(_)
            | Action::Dconf(_)
            | Action::Download(_)
            | Action::Copy(_) => return None,
        };
        let mut planned = planned.clone();
        planned.step.action = action;
        planned.step.title = match operation.kind {
            Kind::Do => fill(&gettext("Take back: {what}"), &[("what", &planned.step.title)]),
            Kind::Undo | Kind::Redo => gettext("Put the files back as they were"),
        };
        Some(planned)
    };
    operation.steps.iter().rev().map(back).collect()
}
