//! What is done with git, on the engine's thread.

use bucket::engine::Engine;
use bucket::engine::commit::{Commit, CommitError, Committed};
use bucket::engine::execute::Untrusted;
use bucket::engine::explain::explain;
use bucket::engine::propose::Stage;
use bucket::engine::pull::PullError;
use bucket::host::command::RunError;
use bucket::host::git::GitError;
use bucket::words::{fill, gettext};
use tokio_util::sync::CancellationToken;

use crate::backend::{Job, Reply};
use crate::repository::{Answer, Doing, Failure, Question, Task};
use crate::{propose, pull};

/// How many lines of what git and its hooks say are kept.
const LINES: usize = 500;

/// Does a task. `tell` hears how far it has come.
pub fn carry_out(
    engine: &Engine,
    task: Task,
    cancel: &CancellationToken,
    tell: &dyn Fn(Answer),
) -> Reply {
    let mut output: Vec<String> = Vec::new();
    let mut line = |said: &str| {
        if output.len() < LINES {
            output.push(said.to_owned());
        }
    };
    if let Task::Pull(choices) = &task {
        let answer = match pull::pull(engine, choices, &mut line, cancel, tell) {
            Ok(pulled) => Answer::Pulled(pulled),
            Err(error) => failed(&error, Doing::Fetching, output, None),
        };
        return Reply::Repository(answer);
    }
    if let Task::Propose { paths, force } = &task {
        let answer = match propose::propose(engine, paths, *force, cancel, tell) {
            Ok(proposed) => Answer::Proposed(proposed),
            Err(error) => match propose::undecided(&error, paths) {
                Some(question) => return Reply::Ask(Box::new(question)),
                None => failed(&error, Doing::Proposing(Stage::Request), output, None),
            },
        };
        return Reply::Repository(answer);
    }
    let (mut doing, mut committed) = (Doing::Committing, None);
    let result = (|| {
        let push = match &task {
            Task::Commit { commit, push } => {
                tell(Answer::Doing(doing));
                committed = Some(engine.commit(commit, &mut line, cancel)?);
                *push
            }
            Task::Push | Task::Pull(_) | Task::Propose { .. } => true,
        };
        doing = Doing::Pushing;
        match push {
            true => {
                tell(Answer::Doing(doing));
                engine.push(&mut line, cancel).map(Some)
            }
            false => Ok(None),
        }
    })();
    let answer = match (result, committed) {
        (Ok(pushed), Some(committed)) => Answer::Committed(committed, pushed),
        (Ok(Some(pushed)), None) => Answer::Pushed(pushed),
        (Ok(None), None) => return Reply::Repository(Answer::Cancelled(None)),
        (Err(error), committed) => {
            if let Some(question) = all_the_same(&error, &task, cancel) {
                return Reply::Ask(Box::new(question));
            }
            failed(&error, doing, output, committed)
        }
    };
    Reply::Repository(answer)
}

fn failed(
    error: &anyhow::Error,
    doing: Doing,
    output: Vec<String>,
    committed: Option<Committed>,
) -> Answer {
    if error.is::<Untrusted>() {
        return Answer::Untrusted;
    }
    let git = error.chain().find_map(|cause| match cause.downcast_ref::<CommitError>() {
        Some(CommitError::Git(error)) => Some(error),
        Some(_) => None,
        None => cause.downcast_ref::<GitError>(),
    });
    if matches!(git, Some(GitError::Run(RunError::Cancelled { .. }))) {
        return Answer::Cancelled(committed);
    }
    if matches!(error.downcast_ref(), Some(PullError::Cancelled)) {
        return Answer::Cancelled(None);
    }
    let refused = doing == Doing::Pushing && matches!(git, Some(GitError::Refused { .. }));
    let told = explain(error);
    Answer::Failed(Box::new(Failure { doing, told, output, refused, committed }))
}

/// What the person may want done all the same.
fn all_the_same(
    error: &anyhow::Error,
    task: &Task,
    cancel: &CancellationToken,
) -> Option<Question> {
    let Task::Commit { commit, push } = task else { return None };
    let again = |commit: Commit| {
        let task = Task::Commit { commit, push: *push };
        Job::Repository { task, cancel: cancel.clone() }
    };
    match error.downcast_ref::<CommitError>()? {
        CommitError::Secret { paths } => {
            let names: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
            let text = gettext(
                "What is committed stays readable in the repository’s history, also when it is removed later. Look at what is new in:\n{files}",
            );
            Some(Question {
                heading: gettext("Commit What Looks Like a Secret?"),
                body: fill(&text, &[("files", &names.join("\n"))]),
                verb: gettext("Commit _Anyway"),
                job: again(Commit { secrets: true, ..commit.clone() }),
            })
        }
        CommitError::Broken { why, .. } => Some(Question {
            heading: gettext("Commit a File That Cannot Be Read?"),
            body: why.clone(),
            verb: gettext("Commit _Anyway"),
            job: again(Commit { force: true, ..commit.clone() }),
        }),
        _ => None,
    }
}
