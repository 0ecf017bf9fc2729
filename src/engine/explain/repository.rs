//! What the errors of git, of forges and of what is done with the repository as a whole say to the person.

use std::error::Error;
use std::path::Path;

use super::{Told, program, reason, told};
use crate::engine::clone::CloneError;
use crate::engine::commit::CommitError;
use crate::engine::init::NoRoom;
use crate::engine::layers::MoveError;
use crate::engine::propose::{ProposeError, Stage, Undecided};
use crate::engine::pull::PullError;
use crate::host::command::RunError;
use crate::host::forge::ForgeError;
use crate::host::git::{GitError, Operation};
use crate::words::{fill, gettext};

/// The errors we know what to say about.
pub(super) fn known(error: &(dyn Error + 'static)) -> Option<Told> {
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
    if let Some(error) = error.downcast_ref::<ProposeError>() {
        return propose(error);
    }
    if let Some(error) = error.downcast_ref::<ForgeError>() {
        return forge(error);
    }
    if let Some(error) = error.downcast_ref::<CommitError>() {
        return commit(error);
    }
    error.downcast_ref::<MoveError>().map(layer)
}

fn layer(error: &MoveError) -> Told {
    match error {
        MoveError::Overrides { title } => {
            let message =
                gettext("{item} is in the shared layer too, where it says something else");
            let hint = gettext("To have every machine get what this one has: --force");
            told(fill(&message, &[("item", title)]), hint)
        }
        MoveError::Unfit { title, why } => {
            let message = gettext("{item} cannot be moved to that layer: {why}");
            let message = fill(&message, &[("item", title), ("why", why)]);
            Told { message, hint: None }
        }
    }
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
        CloneError::Failed { address, source } => {
            let (why, hint) = match source {
                GitError::Credentials { said } => (
                    said.clone(),
                    gettext(
                        "Sign in once in a terminal, with: git ls-remote {address}. A credential helper or an SSH agent keeps it.",
                    ),
                ),
                GitError::Unreachable { said } => (
                    said.clone(),
                    gettext("Look at the connection and at the address; nothing was kept here."),
                ),
                GitError::Run(RunError::Failed { tail, .. }) if !tail.is_empty() => {
                    (GitError::said(tail), gettext("Nothing of it was kept here."))
                }
                other => (other.to_string(), gettext("Nothing of it was kept here.")),
            };
            let message = gettext("{address} could not be cloned: {why}");
            let at: &[(&str, &str)] = &[("address", address), ("why", &why)];
            told(fill(&message, at), fill(&hint, at))
        }
    }
}

fn pull(error: &PullError) -> Told {
    let about = |text: String, name: &str, value: &str| fill(&text, &[(name, value)]);
    match error {
        PullError::Begun(operation) => during(*operation),
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

fn propose(error: &ProposeError) -> Option<Told> {
    Some(match error {
        ProposeError::NoRemote => told(
            gettext("the repository has no remote “origin”, where a pull request could be made"),
            gettext("Add it: git remote add origin ADDRESS. To go on without a request: --no-pr"),
        ),
        ProposeError::UnknownForge { at } => {
            let message = gettext("what kind of forge “{at}” is on is not known");
            let hint = gettext(
                "Say so in repo.json: \"forge\": \"github\", \"gitlab\" or \"forgejo\". To go on without a request: --no-pr",
            );
            told(fill(&message, &[("at", at)]), hint)
        }
        ProposeError::NoBranch => told(
            gettext("the remote has no default branch, so that there is nothing to ask for"),
            gettext("Push one: git push origin HEAD. Or name it in repo.json: \"default_branch\""),
        ),
        ProposeError::NotFetched => told(
            gettext("the remote's default branch was never fetched, and a dry run fetches nothing"),
            gettext("Fetch it: git fetch origin"),
        ),
        ProposeError::NoCommit => told(
            gettext("nothing is committed yet that changes could be told from"),
            gettext("Commit what is there first: git commit"),
        ),
        ProposeError::Undecided(items) => {
            let item = |one: &Undecided| match one.fields.is_empty() {
                true => one.change.title.clone(),
                false => format!("{} ({})", one.change.title, one.fields.join(", ")),
            };
            let items: Vec<String> = items.iter().map(item).collect();
            let message =
                gettext("the remote's default branch says something else by now of: {items}");
            let hint = gettext(
                "Look at what it says: bkt repo pull. Or ask for your value all the same: bkt repo pr --force",
            );
            told(fill(&message, &[("items", &items.join("; "))]), hint)
        }
        // Its source is told after it, and has a hint of its own.
        ProposeError::Failed { stage: Stage::Push, source } => {
            let told = super::explain(source);
            let message = gettext("pushing the branch failed: {why}");
            let refused = matches!(source.downcast_ref(), Some(GitError::Refused { .. }));
            Told {
                message: fill(&message, &[("why", &told.message)]),
                hint: told.hint.filter(|_| !refused),
            }
        }
        ProposeError::Failed { .. } => return None,
    })
}

fn forge(error: &ForgeError) -> Option<Told> {
    match error {
        ForgeError::Run(error) => Some(program(error)),
        ForgeError::NoRequest { program } => {
            let message = gettext("“{program}” ended well, and yet named no request");
            Some(Told { message: fill(&message, &[("program", program)]), hint: None })
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

/// Why nothing is committed or pulled while something is going on, and how to end that.
fn during(operation: Operation) -> Told {
    let (what, end) = match operation {
        Operation::Rebase => (gettext("a rebase is in progress"), "git rebase --continue"),
        Operation::Merge => (gettext("a merge is in progress"), "git merge --continue"),
        Operation::CherryPick => {
            (gettext("a cherry-pick is in progress"), "git cherry-pick --continue")
        }
        Operation::Revert => (gettext("a revert is in progress"), "git revert --continue"),
        Operation::Bisect => (gettext("a bisection is in progress"), "git bisect reset"),
    };
    let hint = match operation {
        Operation::Bisect => gettext("End it first: {command}"),
        _ => gettext("End it first: {command}. To take it back: --abort instead"),
    };
    told(what, fill(&hint, &[("command", end)]))
}
