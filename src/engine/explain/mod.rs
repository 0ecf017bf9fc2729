//! What an error says to the person, and what to do about it: the one place where errors become text.

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;

use crate::core::ignore::BadRule;
use crate::core::names::InvalidName;
use crate::engine::execute::Untrusted;
use crate::engine::undo::UndoError;
use crate::engine::wish::{LooksSecret, NotReadable};
use crate::host::command::RunError;
use crate::host::delegate::DelegateError;
use crate::host::dnf::NoAnswer;
use crate::host::fs::{FsError, LockError};
use crate::host::http::{HttpError, Trouble};
use crate::host::images::NoDeployment;
use crate::host::inside::Elsewhere;
use crate::host::podman::PodmanError;
use crate::manifest::changelog::ChangelogError;
use crate::manifest::repo::RepoError;
use crate::manifest::trust::StateError;
use crate::manifest::{DocError, ManifestError};
use crate::subsystem::Unfit;
use crate::subsystem::extensions::compat::NoVersion;
use crate::subsystem::toolbox::NoBox;
use crate::words::{fill, gettext, ngettext};

mod delegate;
mod repository;

/// An error for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What went wrong, with what: one sentence without a full stop.
    pub message: String,
    /// What to do about it, where we know: one or two sentences.
    pub hint: Option<String>,
}

/// Puts an error into words.
pub fn explain(error: &anyhow::Error) -> Told {
    let mut said: Vec<String> = Vec::new();
    for cause in error.chain() {
        if let Some(known) = known(cause) {
            said.push(known.message);
            return Told { message: said.join(": "), hint: known.hint };
        }
        let text = cause.to_string();
        // Some errors repeat their source in their own words.
        if !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
    }
    Told { message: said.join(": "), hint: None }
}

/// The errors we know what to say about. Whatever they carry inside is told with them.
fn known(error: &(dyn Error + 'static)) -> Option<Told> {
    if let Some(error) = error.downcast_ref::<FsError>() {
        return Some(file(error));
    }
    if let Some(error) = error.downcast_ref::<DocError>() {
        let hint = gettext("Correct the file: until then nothing it holds is changed anywhere.");
        return Some(told(error.to_string(), hint));
    }
    // Errors that only pass another one on stand in the chain in its place.
    match error.downcast_ref::<ManifestError>() {
        Some(ManifestError::File(error)) => return known(error),
        Some(ManifestError::Doc(error)) => return known(error),
        None => (),
    }
    if let Some(error) = error.downcast_ref::<RepoError>() {
        return repository(error);
    }
    if let Some(error) = error.downcast_ref::<StateError>() {
        return state(error);
    }
    if let Some(error) = error.downcast_ref::<Untrusted>() {
        let path = error.path.display().to_string();
        let message = gettext(
            "“{path}” is not in use on this machine, so nothing of it is applied or changed",
        );
        let hint = gettext("Look at what it does, then say so once: bkt repo use {path}");
        let at: &[(&str, &str)] = &[("path", &path)];
        return Some(told(fill(&message, at), fill(&hint, at)));
    }
    if let Some(LockError::File(error)) = error.downcast_ref::<LockError>() {
        return known(error);
    }
    if let Some(LockError::Held { holder }) = error.downcast_ref::<LockError>() {
        let message = gettext("another program is changing this repository: {holder}");
        let hint = gettext("Try again when it is done. A lock never outlives its program.");
        return Some(told(fill(&message, &[("holder", holder)]), hint));
    }
    if let Some(error) = error.downcast_ref::<UndoError>() {
        return undo(error);
    }
    if let Some(error) = error.downcast_ref::<RunError>() {
        return Some(program(error));
    }
    if let Some(told) = repository::known(error) {
        return Some(told);
    }
    if let Some(NoAnswer::NoProgram) = error.downcast_ref::<NoAnswer>() {
        let message = gettext("neither dnf5 nor dnf is installed here");
        let hint =
            gettext("Ask in a box that has it, such as a toolbox: toolbox run dnf search NAME");
        return Some(told(message, hint));
    }
    if let Some(error) = error.downcast_ref::<DelegateError>() {
        return delegate::known(error);
    }
    if let Some(Elsewhere { within }) = error.downcast_ref::<Elsewhere>() {
        let message =
            gettext("this runs {within}, and what is to be changed is the machine itself");
        let hint = gettext(
            "Run it outside of the container; or change the manifest alone, for the next image: --manifest-only",
        );
        return Some(told(fill(&message, &[("within", within)]), hint));
    }
    match error.downcast_ref::<NoBox>() {
        Some(NoBox::Failed(error)) => return Some(explain(error)),
        Some(no) => return Some(Told { message: no.reason(), hint: no.hint() }),
        None => (),
    }
    if error.is::<NoVersion>() {
        let message = gettext("which version of GNOME Shell this machine has could not be told");
        return Some(told(message, gettext("Name one: --shell VERSION")));
    }
    if let Some(error) = error.downcast_ref::<HttpError>() {
        return Some(transfer(error));
    }
    if let Some(InvalidName { text, kind, expected }) = error.downcast_ref::<InvalidName>() {
        let message = gettext("“{text}” is not {kind}: {expected}");
        let values: &[(&str, &str)] =
            &[("text", text), ("kind", &gettext(*kind)), ("expected", &gettext(*expected))];
        return Some(Told { message: fill(&message, values), hint: None });
    }
    if let Some(error) = error.downcast_ref::<ChangelogError>() {
        return Some(changelog(error));
    }
    if let Some(error) = error.downcast_ref::<PodmanError>() {
        return podman(error);
    }
    if let Some(error) = error.downcast_ref::<NoDeployment>() {
        return Some(deployment(error));
    }
    if let Some(Unfit { message, close, unsure }) = error.downcast_ref::<Unfit>() {
        let mut hint = Vec::new();
        if !close.is_empty() {
            let items = close.join("\n  ");
            hint.push(fill(
                &gettext("Did you mean one of these?\n  {items}"),
                &[("items", &items)],
            ));
        }
        if *unsure {
            hint.push(gettext("To go on without looking it up: --force"));
        }
        let hint = (!hint.is_empty()).then(|| hint.join("\n"));
        return Some(Told { message: message.clone(), hint });
    }
    if let Some(NotReadable { reason, hint }) = error.downcast_ref::<NotReadable>() {
        return Some(Told { message: reason.clone(), hint: hint.clone() });
    }
    if let Some(LooksSecret { item, field }) = error.downcast_ref::<LooksSecret>() {
        let message =
            gettext("“{field}” of {item} looks like a secret, and a repository is read by others");
        let hint = gettext(
            "To save it to the manifest all the same: --secrets. To keep it on this machine: --local.",
        );
        return Some(told(fill(&message, &[("field", field), ("item", item)]), hint));
    }
    if let Some(BadRule { glob, why }) = error.downcast_ref::<BadRule>() {
        let message = gettext("the ignore rule “{glob}” is not a valid pattern: {why}");
        let hint =
            gettext("Correct it in ignore.json: “*” stands for anything, and “[” needs its “]”.");
        return Some(told(fill(&message, &[("glob", glob), ("why", why)]), hint));
    }
    None
}

fn changelog(error: &ChangelogError) -> Told {
    match error {
        ChangelogError::Drafts { count } => {
            let text = ngettext("{n} entry is a draft", "{n} entries are drafts", *count);
            let hint =
                gettext("Look at what they say (bkt changelog pending), then: bkt changelog ready");
            told(fill(&text, &[("n", &count.to_string())]), hint)
        }
        ChangelogError::Nothing => told(
            gettext("the next release has no entry"),
            gettext("To draft one for each change since the last release: bkt changelog generate"),
        ),
        ChangelogError::NotNewer { version, newest } => {
            let text = gettext("{version} is not newer than {newest}, which was released");
            let values = [("version", &*version.to_string()), ("newest", &newest.to_string())];
            told(fill(&text, &values), gettext("Leave the version out, and the next one is taken."))
        }
        ChangelogError::Flaw(words) => Told { message: words.clone(), hint: None },
        ChangelogError::Shallow => told(
            gettext(
                "the repository was cloned without its history, in which the last release stands",
            ),
            gettext("Fetch it: git fetch --unshallow"),
        ),
    }
}

fn podman(error: &PodmanError) -> Option<Told> {
    match error {
        PodmanError::NotHere(image) => {
            let text = gettext("the image {image} is not on this machine");
            let message = fill(&text, &[("image", image.as_str())]);
            Some(told(message, gettext("To fetch it first: --pull")))
        }
        PodmanError::Run(error) => known(error),
        PodmanError::Answer { .. } => None,
    }
}

fn deployment(error: &NoDeployment) -> Told {
    match error {
        NoDeployment::NoImage => told(
            gettext("this machine was not started from an image"),
            gettext(
                "Name an image that podman has, or a file with a list of packages: “bkt base verify --image IMAGE” or “--packages FILE”, “bkt build-info OLD NEW”.",
            ),
        ),
        NoDeployment::Staged => told(
            gettext("no deployment is staged for the next start"),
            gettext(
                "It is there once an update has been made ready. To compare others: bkt build-info OLD NEW",
            ),
        ),
        NoDeployment::Rollback => told(
            gettext("there is no deployment to roll back to"),
            gettext(
                "It is there once another image has been started. To compare others: bkt build-info OLD NEW",
            ),
        ),
    }
}

fn told(message: String, hint: String) -> Told {
    Told { message, hint: Some(hint) }
}

fn file(error: &FsError) -> Told {
    let path = error.path.display().to_string();
    let why = reason(&error.source);
    let message = match error.doing {
        "read" => gettext("“{path}” could not be read: {why}"),
        "written" => gettext("“{path}” could not be written: {why}"),
        "removed" => gettext("“{path}” could not be removed: {why}"),
        "locked" => gettext("“{path}” could not be locked: {why}"),
        _ => gettext("“{path}” could not be used: {why}"),
    };
    let message = fill(&message, &[("path", &path), ("why", &why)]);
    let hint = match error.source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            gettext("Make room and try again: the file is as it was.")
        }
        ErrorKind::PermissionDenied => {
            gettext("Check whose it is and what its permissions are: ls -ld {path}")
        }
        ErrorKind::ReadOnlyFilesystem => gettext(
            "The file system it is on can only be read: it is part of the image, or was mounted read-only after a fault.",
        ),
        ErrorKind::IsADirectory => gettext("A directory is where a file should be: move it away."),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            gettext("A file is where a directory should be: move it away.")
        }
        ErrorKind::InvalidData => gettext("It is not text in UTF-8: correct it, or move it away."),
        _ => return Told { message, hint: None },
    };
    told(message, fill(&hint, &[("path", &path)]))
}

/// The system's words without "(os error 13)".
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(words, _)| words.to_owned())
}

fn repository(error: &RepoError) -> Option<Told> {
    Some(match error {
        RepoError::None => told(
            gettext("there is no repository with manifests here"),
            gettext(
                "Go to its directory, name it with --repo PATH, or make it the one in use: bkt repo use PATH",
            ),
        ),
        RepoError::NotOne { path } => {
            let message = gettext(
                "“{path}” is not a repository: it has no “manifests” directory beside repo.json or .git",
            );
            let path = path.display().to_string();
            told(
                fill(&message, &[("path", &path)]),
                gettext(
                    "Name another with --repo PATH, or make another the one in use: bkt repo use PATH",
                ),
            )
        }
        RepoError::State(error) => state(error)?,
        RepoError::File(error) => file(error),
    })
}

fn state(error: &StateError) -> Option<Told> {
    let path = |path: &Path| path.display().to_string();
    Some(match error {
        StateError::File(error) => file(error),
        StateError::Damaged { path: at, why } => {
            let message = gettext("“{path}” is damaged: {why}");
            let hint = gettext(
                "Move it away. It is this machine's memory of what was agreed and done; the manifests and the system are not touched by that.",
            );
            told(fill(&message, &[("path", &path(at)), ("why", why)]), hint)
        }
        StateError::Newer { path: at } => {
            let message = gettext("“{path}” was written by a newer version of Bucket");
            let hint = gettext("Update Bucket. Nothing was changed.");
            told(fill(&message, &[("path", &path(at))]), hint)
        }
    })
}

fn undo(error: &UndoError) -> Option<Told> {
    let number = |text: String, name: &str, n: u64| fill(&text, &[(name, &n.to_string())]);
    Some(match error {
        UndoError::NothingToUndo => {
            Told { message: gettext("there is nothing to undo"), hint: None }
        }
        UndoError::NothingToRedo => told(
            gettext("there is nothing to redo"),
            gettext(
                "Only an undo can be taken back this way, and only while nothing new was done since.",
            ),
        ),
        UndoError::Unknown(n) => told(
            number(gettext("there is no operation {n} in the history"), "n", *n),
            gettext("See which there are: bkt history"),
        ),
        UndoError::Already { number: n, by } => {
            let message = gettext("operation {n} was already undone, by operation {by}");
            told(
                number(number(message, "n", *n), "by", *by),
                number(gettext("To take the undo back: bkt undo {by}"), "by", *by),
            )
        }
        UndoError::NotFiles(n) => told(
            number(
                gettext("operation {n} did more than write files, and cannot be taken back"),
                "n",
                *n,
            ),
            gettext("See what it did, and take that back by hand: bkt history"),
        ),
        UndoError::State(error) => state(error)?,
    })
}

fn transfer(error: &HttpError) -> Told {
    let text = gettext("{address} could not be fetched: {why}");
    let message = fill(&text, &[("address", &error.address), ("why", &error.reason())]);
    let hint = match &error.trouble {
        Trouble::Unreachable(_) | Trouble::TooSlow => {
            Some(gettext("Look at the network connection, then try again."))
        }
        Trouble::Status(500..) => Some(gettext("Try again later.")),
        _ => None,
    };
    Told { message, hint }
}

fn program(error: &RunError) -> Told {
    match error {
        RunError::NotFound { program } => {
            let message = gettext("“{program}” is not installed");
            let hint = gettext("Install it, or take what needs it out of the manifests.");
            told(fill(&message, &[("program", program)]), hint)
        }
        RunError::Io { command, source } => {
            let message = gettext("“{command}” could not be run: {why}");
            let why = reason(source);
            let message = fill(&message, &[("command", command), ("why", &why)]);
            Told { message, hint: None }
        }
        RunError::Failed { command, status, tail } => {
            let message = match tail.is_empty() {
                true => gettext("“{command}” failed ({status})"),
                false => gettext("“{command}” failed ({status}): {tail}"),
            };
            let values: &[(&str, &str)] =
                &[("command", command), ("status", status), ("tail", tail)];
            Told { message: fill(&message, values), hint: None }
        }
        RunError::Cancelled { command } => {
            let message = fill(&gettext("“{command}” was cancelled"), &[("command", command)]);
            Told { message, hint: None }
        }
        RunError::Terminal { command } => {
            let message =
                gettext("“{command}” wanted to ask something on the terminal, and was ended");
            let hint = gettext(
                "It, or a hook or helper that it starts, asks questions: run it yourself in a terminal.",
            );
            told(fill(&message, &[("command", command)]), hint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn nothing_is_said_twice_and_the_context_stays() {
        let source = std::io::Error::from_raw_os_error(rustix::io::Errno::ISDIR.raw_os_error());
        let error = FsError { doing: "read", path: "/a".into(), source };
        let told = explain(&Err::<(), _>(error).context("manifests").unwrap_err());
        assert_eq!(told.message, "manifests: “/a” could not be read: Is a directory");
        assert_eq!(told.hint.unwrap(), "A directory is where a file should be: move it away.");
    }

    #[test]
    fn an_error_that_is_passed_on_is_known_all_the_same() {
        let source = std::io::Error::from_raw_os_error(rustix::io::Errno::NOTDIR.raw_os_error());
        let error = FsError { doing: "read", path: "/a".into(), source };
        let told = explain(&ManifestError::from(error).into());
        assert_eq!(told.message, "“/a” could not be read: Not a directory");
        assert!(told.hint.is_some());
    }

    #[test]
    fn an_error_we_do_not_know_is_told_in_its_own_words() {
        let told = explain(&anyhow::anyhow!("inner").context("outer"));
        assert_eq!(told, Told { message: "outer: inner".to_owned(), hint: None });
    }
}
