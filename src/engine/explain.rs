//! What an error says to the person, and what to do about it: the one place where errors become text.

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;

use super::clone::CloneError;
use super::commit::CommitError;
use super::execute::Untrusted;
use super::init::NoRoom;
use super::layers::MoveError;
use super::pull::PullError;
use super::undo::UndoError;
use super::wish::{LooksSecret, NotReadable};
use crate::core::ignore::BadRule;
use crate::core::names::InvalidName;
use crate::host::command::RunError;
use crate::host::dnf::NoAnswer;
use crate::host::fs::{FsError, LockError};
use crate::host::git::{GitError, Operation};
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
use crate::words::{fill, gettext, ngettext};

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
    if let Some(error) = error.downcast_ref::<GitError>() {
        return git(error);
    }
    if let Some(error) = error.downcast_ref::<NoRoom>() {
        return no_room(error);
    }
    if let Some(error) = error.downcast_ref::<PullError>() {
        return Some(pull(error));
    }
    if let Some(error) = error.downcast_ref::<CloneError>() {
        return Some(clone(error));
    }
    if let Some(error) = error.downcast_ref::<CommitError>() {
        return commit(error);
    }
    match error.downcast_ref::<MoveError>() {
        Some(MoveError::Overrides { title }) => {
            let message =
                gettext("{item} is in the shared layer too, where it says something else");
            let hint = gettext("To have every machine get what this one has: --force");
            return Some(told(fill(&message, &[("item", title)]), hint));
        }
        Some(MoveError::Unfit { title, why }) => {
            let message = gettext("{item} cannot be moved to that layer: {why}");
            let message = fill(&message, &[("item", title), ("why", why)]);
            return Some(Told { message, hint: None });
        }
        None => (),
    }
    if let Some(NoAnswer::NoProgram) = error.downcast_ref::<NoAnswer>() {
        let message = gettext("neither dnf5 nor dnf is installed here");
        let hint =
            gettext("Ask in a box that has it, such as a toolbox: toolbox run dnf search NAME");
        return Some(told(message, hint));
    }
    if let Some(Elsewhere { within }) = error.downcast_ref::<Elsewhere>() {
        let message =
            gettext("this runs {within}, and what is to be changed is the machine itself");
        let hint = gettext(
            "Run it outside of the box; or change the manifest alone, for the next image: --manifest-only",
        );
        return Some(told(fill(&message, &[("within", within)]), hint));
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

fn git(error: &GitError) -> Option<Told> {
    let hint = match error {
        GitError::Run(error) => return Some(program(error)),
        GitError::Odd { .. } | GitError::Directory { .. } => return None,
        GitError::Identity => gettext(
            "Tell it once: git config --global user.name NAME, and git config --global user.email ADDRESS",
        ),
        GitError::Signing { .. } => gettext(
            "Unlock the key, or sign in a terminal with: git commit. Whether commits are signed says: git config commit.gpgSign",
        ),
        GitError::Credentials { .. } => gettext(
            "Sign in once in a terminal, with: git fetch. A credential helper or an SSH agent keeps it.",
        ),
        GitError::Unreachable { .. } => {
            gettext("Look at the connection and at the remote's address: git remote -v")
        }
        GitError::Refused { .. } => {
            gettext("Pull what is new there first: bkt repo pull. Then try again.")
        }
        GitError::Busy { .. } => gettext(
            "Try again when it is done. If no git is running, remove the file that is named.",
        ),
        GitError::NotOne { .. } => {
            gettext("Make it one with: git init. Or use another repository: bkt repo use PATH")
        }
    };
    Some(told(error.to_string(), hint))
}

fn no_room(error: &NoRoom) -> Option<Told> {
    let (message, dir, first) = match error {
        NoRoom::File(error) => return known(error),
        NoRoom::Git(error) => return known(error),
        NoRoom::NotEmpty { dir, first } => {
            (gettext("“{path}” is not empty: it has “{first}”"), dir, first.as_str())
        }
        NoRoom::NotDirectory { dir } => (gettext("“{path}” is not a directory"), dir, ""),
        NoRoom::HasCommits { dir } => {
            (gettext("the git repository “{path}” has commits already"), dir, "")
        }
    };
    let message = fill(&message, &[("path", &dir.display().to_string()), ("first", first)]);
    let hint = gettext(
        "Nothing is ever overwritten: choose a new or empty directory, or a git repository without files and commits. \
         A repository that has manifests already is taken into use with: bkt repo use PATH",
    );
    Some(told(message, hint))
}

fn clone(error: &CloneError) -> Told {
    match error {
        CloneError::Address(address) => told(
            fill(
                &gettext("“{address}” is not an address of a repository"),
                &[("address", address)],
            ),
            gettext(
                "It is written as git takes it: https://HOST/OWNER/NAME.git, or git@HOST:OWNER/NAME.git",
            ),
        ),
        CloneError::There(path) => {
            let path = path.display().to_string();
            let hint = gettext(
                "Name another place after the address; or use what is there: bkt repo use {path}",
            );
            let at: &[(&str, &str)] = &[("path", &path)];
            told(fill(&gettext("“{path}” is there already"), at), fill(&hint, at))
        }
        CloneError::NotOne(address) => told(
            fill(
                &gettext("{address} is not a distribution: it has no “manifests” directory"),
                &[("address", address)],
            ),
            gettext("Nothing of it was kept here."),
        ),
    }
}

fn pull(error: &PullError) -> Told {
    let about = |text: String, name: &str, value: &str| fill(&text, &[(name, value)]);
    match error {
        PullError::Begun(operation) => {
            let (what, go_on, stop) = match operation {
                Operation::Rebase => (
                    gettext("a rebase is in progress"),
                    "git rebase --continue",
                    "git rebase --abort",
                ),
                Operation::Merge => {
                    (gettext("a merge is in progress"), "git merge --continue", "git merge --abort")
                }
                Operation::CherryPick => (
                    gettext("a cherry-pick is in progress"),
                    "git cherry-pick --continue",
                    "git cherry-pick --abort",
                ),
                Operation::Revert => (
                    gettext("a revert is in progress"),
                    "git revert --continue",
                    "git revert --abort",
                ),
                Operation::Bisect => {
                    let hint = gettext("End it first: git bisect reset");
                    return told(gettext("a bisection is in progress"), hint);
                }
            };
            let hint = gettext("Go on with it: {go_on}. Or give it up: {stop}. Then pull again.");
            told(what, fill(&hint, &[("go_on", go_on), ("stop", stop)]))
        }
        PullError::Unmerged(path) => {
            let text = gettext("“{path}” has a conflict that is not settled");
            let path = path.display().to_string();
            let hint = gettext("Settle it, and say so with: git add {path}. Then pull again.");
            told(about(text, "path", &path), about(hint, "path", &path))
        }
        PullError::Detached => told(
            gettext("no branch is checked out, so there is nothing to pull into"),
            gettext("Check one out: git switch BRANCH"),
        ),
        PullError::Unborn(branch) => told(
            about(gettext("the branch “{branch}” has no commit yet"), "branch", branch),
            gettext("Make the first one, or fetch the branch of a remote and check it out."),
        ),
        PullError::NoRemote => told(
            gettext("the repository has no remote, so there is nothing to pull from"),
            gettext("Name one: git remote add origin URL"),
        ),
        PullError::NoUpstream { branch, could } => {
            let text = gettext("the branch “{branch}” follows no branch of a remote");
            let hint = match could {
                Some(could) => about(
                    gettext("Let it follow one: git branch --set-upstream-to={could}"),
                    "could",
                    could,
                ),
                None => gettext("Publish it: git push -u REMOTE BRANCH"),
            };
            told(about(text, "branch", branch), hint)
        }
        PullError::Gone(upstream) => told(
            about(gettext("“{upstream}” is not there (any more)"), "upstream", upstream),
            gettext(
                "Let the branch follow another one: git branch --set-upstream-to=REMOTE/BRANCH",
            ),
        ),
        PullError::Unrelated(upstream) => told(
            about(
                gettext("“{upstream}” and this branch have no commit in common"),
                "upstream",
                upstream,
            ),
            gettext(
                "It is another repository, or its history was made anew. Look at it first: git log --all --graph",
            ),
        ),
        PullError::Part => told(
            gettext("only a whole checkout can be pulled into"),
            gettext("This one is sparse, or below the top of another repository: use git there."),
        ),
        PullError::InTheWay(path) => told(
            about(
                gettext("“{path}” is in the way of a file that would come"),
                "path",
                &path.display().to_string(),
            ),
            gettext("Move it away. Nothing was changed."),
        ),
        PullError::Moved(path) => told(
            about(gettext("“{path}” has changed meanwhile"), "path", &path.display().to_string()),
            gettext("Pull again. Nothing was changed."),
        ),
        PullError::Interrupted { path, before, record } => {
            let (path, record) = (path.display().to_string(), record.display().to_string());
            let message = match path.is_empty() {
                true => gettext("an earlier pull was interrupted, and the branch was moved since"),
                false => gettext("an earlier pull was interrupted, and “{path}” was changed since"),
            };
            let hint = gettext(
                "The state from before is kept: git diff {before}. Put the files in order, remove “{record}”, then pull again.",
            );
            told(
                about(message, "path", &path),
                fill(&hint, &[("before", before), ("record", &record)]),
            )
        }
        PullError::Cancelled => {
            Told { message: gettext("cancelled: nothing was changed"), hint: None }
        }
    }
}

fn commit(error: &CommitError) -> Option<Told> {
    let paths = |text: String, path: &Path| fill(&text, &[("path", &path.to_string_lossy())]);
    Some(match error {
        CommitError::Git(error) => return git(error),
        CommitError::NoMessage => {
            told(gettext("the message is empty"), gettext("Say what the commit is for: -m MESSAGE"))
        }
        CommitError::Nothing => Told {
            message: gettext("there is nothing to commit: all of it is as the last commit has it"),
            hint: None,
        },
        CommitError::Operation { operation } => during(*operation),
        CommitError::Undecided { path } => told(
            paths(gettext("“{path}” cannot be committed as it is"), path),
            gettext("A merge has left it to you, or it cannot be read. See: git status"),
        ),
        CommitError::Broken { path, why } => {
            let message = gettext("“{path}” is not committed, because it cannot be read: {why}");
            let hint = gettext("Correct it first. To commit it as it is: --force");
            told(fill(&paths(message, path), &[("why", why)]), hint)
        }
        CommitError::Secret { paths } => {
            let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
            let message =
                gettext("this looks like a secret, and a repository is read by others: {paths}");
            let hint = gettext("To commit it all the same: --secrets");
            told(fill(&message, &[("paths", &paths.join(", "))]), hint)
        }
        CommitError::Hook { name, said } => {
            let message = match said.is_empty() {
                true => gettext("the repository's hook {name} refused, and did not say why"),
                false => gettext("the repository's hook {name} refused: {said}"),
            };
            let hint = gettext(
                "Nothing was committed, and what was staged is as it was. Correct what the hook minds.",
            );
            told(fill(&message, &[("name", name), ("said", said)]), hint)
        }
        CommitError::File { path, source } => {
            let message = paths(gettext("“{path}” could not be written: {why}"), path);
            Told { message: fill(&message, &[("why", &reason(source))]), hint: None }
        }
        CommitError::Detached => told(
            gettext("no branch is checked out, so that there is nothing to push to"),
            gettext("Make one here: git switch -c NAME. Then push again."),
        ),
        CommitError::NoCommit => {
            told(gettext("there is no commit yet"), gettext("Make one: bkt repo commit"))
        }
        CommitError::NoRemote => told(
            gettext("it is not known where to push to"),
            gettext("Add a remote: git remote add origin ADDRESS"),
        ),
    })
}

/// Why nothing is committed while something is going on, and how to end that.
fn during(operation: Operation) -> Told {
    let (what, end) = match operation {
        Operation::Rebase => {
            (gettext("a rebase is going on in this repository"), "git rebase --continue")
        }
        Operation::Merge => {
            (gettext("a merge is going on in this repository"), "git merge --continue")
        }
        Operation::CherryPick => {
            (gettext("a cherry-pick is going on in this repository"), "git cherry-pick --continue")
        }
        Operation::Revert => {
            (gettext("a revert is going on in this repository"), "git revert --continue")
        }
        Operation::Bisect => {
            (gettext("a bisection is going on in this repository"), "git bisect reset")
        }
    };
    let hint = match operation {
        Operation::Bisect => gettext("End it first: {command}"),
        _ => gettext("End it first: {command}. To take it back: --abort instead"),
    };
    told(what, fill(&hint, &[("command", end)]))
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
