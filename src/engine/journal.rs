//! The journal: every operation, written down before it happens, in one file each.
//!
//! `journal/000042.jsonl` holds a `begin` line with the changes, the steps and the bases they replace, a line for
//! every step that ended, and an `end` line. A file without `end` is an operation that was cut off.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::core::item::{ItemKey, Record, SubsystemId};
use crate::core::plan::{Change, PlannedStep};
use crate::host::fs::{self, FsError};
use crate::manifest::trust::StateError;

/// How many operations are kept.
const KEPT: usize = 500;

const VERSION: u64 = 1;

/// How one change ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "verdict", content = "reason")]
pub enum Verdict {
    /// The changed side says what it should.
    Done,
    /// Left alone: one side had moved since the plan was made.
    Moved,
    /// It did not work.
    Failed(String),
    /// Not reached, because the operation was cancelled.
    NotDone,
}

/// A change and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ended {
    /// The change; once done, `after` is what the changed side really said afterwards.
    pub change: Change,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What the operation was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something new.
    Do,
    /// Taking an earlier operation back.
    Undo,
    /// Taking an undo back.
    Redo,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "line")]
enum Line {
    Begin(Begin),
    Step { index: usize, error: Option<String> },
    End { at: String, results: Vec<Ended> },
    Shared(Shared),
}

/// What the edit of an operation became for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Shared {
    /// The branch that was pushed.
    pub branch: String,
    /// The pull request's page, where one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Begin {
    version: u64,
    at: String,
    undoes: Option<u64>,
    changes: Vec<Change>,
    steps: Vec<PlannedStep>,
    bases: Vec<OldBase>,
}

/// An item's base before the operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OldBase {
    /// The subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// Its base; `None` where there was none.
    pub base: Option<Record>,
}

/// One operation as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Operation {
    /// Its number.
    pub number: u64,
    /// When it began, RFC 3339.
    pub at: String,
    /// What it was for.
    pub kind: Kind,
    /// The operation it takes back.
    pub undoes: Option<u64>,
    /// The operation that took this one back, where one did.
    pub undone_by: Option<u64>,
    /// Whether it ran to its end; if not, it was cut off, and `results` is empty.
    pub ended: bool,
    /// What it set out to change.
    pub changes: Vec<Change>,
    /// How each change ended.
    pub results: Vec<Ended>,
    /// What it did.
    pub steps: Vec<PlannedStep>,
    /// Which of the steps ended well.
    pub steps_done: Vec<usize>,
    /// The bases it replaced.
    pub bases: Vec<OldBase>,
    /// What was pushed of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<Shared>,
}

/// The journal of one repository on this machine.
pub struct Journal {
    dir: PathBuf,
}

/// An operation being written down.
pub struct Open {
    path: PathBuf,
    /// Its number.
    pub number: u64,
}

impl Journal {
    /// The journal below a state directory.
    pub fn new(state_dir: &Path) -> Self {
        Self { dir: state_dir.join("journal") }
    }

    /// Writes down what is about to happen. The caller holds the lock.
    pub fn begin(
        &self,
        at: String,
        undoes: Option<u64>,
        changes: Vec<Change>,
        steps: Vec<PlannedStep>,
        bases: Vec<OldBase>,
    ) -> Result<Open, FsError> {
        let numbers = self.numbers()?;
        let number = numbers.last().copied().unwrap_or(0) + 1;
        let open = Open { path: self.file(number), number };
        open.write(&Line::Begin(Begin { version: VERSION, at, undoes, changes, steps, bases }))?;
        for old in numbers.iter().rev().skip(KEPT - 1) {
            fs::write(&self.file(*old), None)?;
        }
        Ok(open)
    }

    /// An operation that was cut off, to be noted further. Half a line at its end is taken off first.
    pub fn resume(&self, number: u64) -> Result<Open, FsError> {
        let path = self.file(number);
        let text = fs::read(&path)?.unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        fs::write(&path, Some(whole))?;
        Ok(Open { path, number })
    }

    fn file(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:06}.jsonl"))
    }

    fn numbers(&self) -> Result<Vec<u64>, FsError> {
        let names = fs::list(&self.dir)?.unwrap_or_default();
        let mut numbers: Vec<u64> =
            names.iter().filter_map(|name| name.strip_suffix(".jsonl")?.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// All operations, oldest first.
    pub fn operations(&self) -> Result<Vec<Operation>, StateError> {
        let mut operations: Vec<Operation> = Vec::new();
        for number in self.numbers()? {
            if let Some(operation) = self.read(number)? {
                operations.push(operation);
            }
        }
        for index in 0..operations.len() {
            let Some(undoes) = operations[index].undoes else { continue };
            let by = operations[index].number;
            let took_effect = operations[index].results.is_empty()
                && !operations[index].steps_done.is_empty()
                || operations[index].results.iter().any(|ended| ended.verdict == Verdict::Done);
            let target = operations.iter().position(|operation| operation.number == undoes);
            operations[index].kind = match target.map(|target| operations[target].kind) {
                Some(Kind::Undo) => Kind::Redo,
                _ => Kind::Undo,
            };
            if let (Some(target), true, true) = (target, operations[index].ended, took_effect) {
                operations[target].undone_by = Some(by);
                // An operation whose undo was undone stands again.
                if operations[index].kind == Kind::Redo
                    && let Some(first) = operations[target].undoes
                    && let Some(original) = operations.iter_mut().find(|o| o.number == first)
                {
                    original.undone_by = None;
                }
            }
        }
        Ok(operations)
    }

    /// One operation; `None` where its `begin` line was cut off, so that nothing of it can have happened.
    fn read(&self, number: u64) -> Result<Option<Operation>, StateError> {
        let path = self.file(number);
        let text = fs::read(&path)?.unwrap_or_default();
        let mut operation: Option<Operation> = None;
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let line = serde_json::from_str(line).map_err(|error| StateError::Damaged {
                path: path.clone(),
                why: error.to_string(),
            })?;
            match (line, &mut operation) {
                (Line::Begin(begin), _) if begin.version > VERSION => {
                    return Err(StateError::Newer { path });
                }
                (Line::Begin(begin), operation) => *operation = Some(begin.operation(number)),
                (Line::Step { index, error: None }, Some(operation)) => {
                    operation.steps_done.push(index)
                }
                (Line::End { results, .. }, Some(operation)) => {
                    operation.ended = true;
                    operation.results = results;
                }
                (Line::Shared(shared), Some(operation)) => operation.shared = Some(shared),
                _ => (),
            }
        }
        Ok(operation)
    }
}

impl Begin {
    fn operation(self, number: u64) -> Operation {
        Operation {
            number,
            at: self.at,
            kind: Kind::Do,
            undoes: self.undoes,
            undone_by: None,
            ended: false,
            changes: self.changes,
            results: Vec::new(),
            steps: self.steps,
            steps_done: Vec::new(),
            bases: self.bases,
            shared: None,
        }
    }
}

impl Open {
    /// Notes that a step ended.
    pub fn step(&self, index: usize, error: Option<String>) -> Result<(), FsError> {
        self.write(&Line::Step { index, error })
    }

    /// Notes that the operation ended.
    pub fn end(&self, at: String, results: Vec<Ended>) -> Result<(), FsError> {
        self.write(&Line::End { at, results })
    }

    /// Notes what was pushed of the operation, which has ended.
    pub fn shared(&self, shared: Shared) -> Result<(), FsError> {
        self.write(&Line::Shared(shared))
    }

    fn write(&self, line: &Line) -> Result<(), FsError> {
        let mut text = serde_json::to_string(line).map_err(|error| FsError {
            doing: "written",
            path: self.path.clone(),
            source: error.into(),
        })?;
        text.push('\n');
        fs::append(&self.path, &text)
    }
}
