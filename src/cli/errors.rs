//! Errors of a command line: their text is the engine's, the hint's place and the exit status are decided here.

use serde_json::json;
use thiserror::Error;

use super::app::Exit;
use super::output::{Output, Style, paint};
use crate::core::names::InvalidName;
use crate::core::report::REPORT_VERSION;
use crate::engine::commit::CommitError;
use crate::engine::execute::Untrusted;
use crate::engine::explain::{Told, explain};
use crate::engine::layers::MoveError;
use crate::engine::propose::ProposeError;
use crate::manifest::changelog::ChangelogError;
use crate::words::{fill, gettext};

/// A command line that is well-formed and yet cannot be meant.
#[derive(Debug, Error)]
pub(super) enum Misnamed {
    #[error("there is no subsystem “{name}”")]
    Subsystem { name: String, known: Vec<String> },
    #[error("there is no item “{name}”")]
    Item { name: String, close: Vec<String> },
    #[error("“{name}” can mean several items")]
    Ambiguous { name: String, items: Vec<String> },
    #[error("there is no file “{name}”")]
    Schema { name: String, known: Vec<String> },
    #[error("{message}")]
    Wrong { message: String, hint: Option<String> },
}

/// A question came up where none may be asked.
#[derive(Debug, Error)]
#[error("the items have to be decided on one by one, and nobody may be asked")]
pub(super) struct MayNotAsk;

fn misnamed(error: &Misnamed) -> Told {
    let list = |items: &[String]| items.join("\n  ");
    let (message, name, hint) = match error {
        Misnamed::Subsystem { name, known } => {
            let hint = fill(&gettext("There are: {known}"), &[("known", &known.join(", "))]);
            (gettext("there is no subsystem “{name}”"), name, Some(hint))
        }
        Misnamed::Item { name, close } => {
            let hint = match close.is_empty() {
                true => gettext("See what there is: bkt status -v"),
                false => fill(
                    &gettext("Did you mean one of these?\n  {items}"),
                    &[("items", &list(close))],
                ),
            };
            (
                gettext("neither the manifests nor this machine have an item “{name}”"),
                name,
                Some(hint),
            )
        }
        Misnamed::Ambiguous { name, items } => {
            let hint = gettext("Say which, or name its subsystem before it:\n  {items}");
            (
                gettext("“{name}” can mean several items"),
                name,
                Some(fill(&hint, &[("items", &list(items))])),
            )
        }
        Misnamed::Wrong { message, hint } => {
            return Told { message: message.clone(), hint: hint.clone() };
        }
        Misnamed::Schema { name, known } => {
            let hint = fill(&gettext("There are: {known}"), &[("known", &known.join(", "))]);
            (gettext("there is no schema for “{name}”"), name, Some(hint))
        }
    };
    Told { message: fill(&message, &[("name", name)]), hint }
}

fn may_not_ask() -> Told {
    Told {
        message: gettext("the items have to be decided on one by one, and nobody may be asked"),
        hint: Some(gettext(
            "Decide for all of them with --capture-all, --apply-all or --suggested.",
        )),
    }
}

/// An error in words, and the status to exit with.
fn judge(error: &anyhow::Error) -> (Told, Exit) {
    if let Some(error) = error.downcast_ref::<Misnamed>() {
        return (misnamed(error), Exit::Usage);
    }
    if error.is::<MayNotAsk>() {
        return (may_not_ask(), Exit::Decision);
    }
    let has = |is: fn(&(dyn std::error::Error + 'static)) -> bool| error.chain().any(is);
    let exit = match () {
        () if has(|e| e.is::<Untrusted>()) => Exit::Decision,
        () if has(undecided) => Exit::Decision,
        () if has(|e| matches!(e.downcast_ref(), Some(CommitError::Secret { .. }))) => {
            Exit::Decision
        }
        () if has(|e| matches!(e.downcast_ref(), Some(MoveError::Overrides { .. }))) => {
            Exit::Decision
        }
        () if has(is_draft) => Exit::Decision,
        () if has(is_flaw) => Exit::Usage,
        () if has(|e| e.is::<InvalidName>()) => Exit::Usage,
        () => Exit::Error,
    };
    (explain(error), exit)
}

/// Whether a request waits for somebody's decision.
fn undecided(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(ProposeError::Undecided(_)))
}

fn is_draft(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(ChangelogError::Drafts { .. }))
}

fn is_flaw(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(ChangelogError::Flaw(_) | ChangelogError::NotNewer { .. }))
}

/// Tells an error and says how to exit.
pub(super) fn tell(out: &Output, error: &anyhow::Error) -> Exit {
    let (told, exit) = judge(error);
    show(out, &told.message, told.hint.as_deref());
    let body = json!({
        "version": REPORT_VERSION,
        "error": { "message": told.message, "hint": told.hint, "exit": exit.code() },
    });
    if out.is_json() {
        // Nothing is left to tell where even this cannot be printed.
        let _ = out.json(&body);
    }
    exit
}

/// Shows what went wrong and what to do about it.
pub(super) fn show(out: &Output, message: &str, hint: Option<&str>) {
    out.error(&format!("{} {message}", paint(Style::Red, &gettext("Error:"))));
    if let Some(hint) = hint {
        out.error(hint);
    }
}

/// An error from before there is anything to write it with.
pub(super) fn early(error: &anyhow::Error) -> std::process::ExitCode {
    let Told { message, .. } = explain(error);
    eprintln!("{} {message}", gettext("Error:"));
    Exit::Error.into()
}
