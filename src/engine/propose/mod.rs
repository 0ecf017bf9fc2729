//! Pull requests: an edit of the manifests, made again on the remote's default branch and asked for on the forge.
//!
//! The person's checkout is left alone: the edit is replayed in a temporary worktree, which shares the repository's
//! objects and nothing else, committed there and pushed to a branch of its own. Whatever fails, the edit is still in the
//! checkout, and the error says how far it came.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::explain::explain;
use super::journal::{Journal, Shared};
use crate::core::digest::sha256;
use crate::core::item::{ItemKey, Layer};
use crate::core::plan::{Change, Command, FileEdit};
use crate::core::secret::without_login;
use crate::host::forge::{Asked, Forge, Made, Program, Readiness};
use crate::host::git::{Git, GitError};
use crate::host::interrupt;
use crate::manifest::Manifests;
use crate::manifest::repo::RepoConfig;
use crate::words::{fill, gettext, ngettext};

mod commit;
mod replay;
mod way;
mod worktree;

pub use way::{Way, Why};
use worktree::Worktree;

/// The remote that requests go to.
const REMOTE: &str = "origin";

/// How long a transfer, or a commit with its hooks and its signature, may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a title may be.
const TITLE: usize = 72;

/// An edit that is to be asked for.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What changes, all in manifests.
    pub changes: Vec<Change>,
    /// Whether each change is of its layer for itself, and not of what this machine sees.
    pub each_layer: bool,
    /// Whether our value is taken where the remote's has moved too.
    pub force: bool,
}

/// What a request says, and of which branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// A line for each change.
    pub body: String,
    /// The branch: `bkt/install-boxes-1a2b3c4`. The same edit always has the same.
    pub branch: String,
}

/// Where we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Fetching the remote's default branch.
    Fetch,
    /// Laying it out in a temporary worktree.
    Worktree,
    /// Making the edit again there.
    Replay,
    /// Committing.
    Commit,
    /// Pushing.
    Push,
    /// Asking for the request.
    Request,
}

impl Stage {
    /// What is being done, for people.
    pub fn doing(self) -> String {
        match self {
            Self::Fetch => gettext("Fetching the default branch"),
            Self::Worktree => gettext("Laying out the default branch"),
            Self::Replay => gettext("Making the edit on the default branch"),
            Self::Commit => gettext("Committing"),
            Self::Push => gettext("Pushing the branch"),
            Self::Request => gettext("Asking for the pull request"),
        }
    }
}

/// An item that somebody has to decide on: the remote's default branch says something else by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The change that was to be made.
    pub change: Change,
    /// The fields that both sides changed; none where one side removed the item.
    pub fields: Vec<String>,
}

/// Why there is no pull request.
#[derive(Debug, Error)]
pub enum ProposeError {
    /// There is no remote to ask at.
    #[error("the repository has no remote “origin”")]
    NoRemote,
    /// What kind of forge the remote is on is not known.
    #[error("what kind of forge “{at}” is on is not known")]
    UnknownForge {
        /// The remote's address, a password left out.
        at: String,
    },
    /// The remote has no branch to ask for.
    #[error("the remote says no default branch")]
    NoBranch,
    /// The default branch was never fetched, and nothing is fetched now.
    #[error("the remote's default branch was never fetched")]
    NotFetched,
    /// There is no commit that changes could be told from.
    #[error("nothing is committed yet")]
    NoCommit,
    /// The remote says something else by now.
    #[error("the remote's manifests have changed meanwhile")]
    Undecided(Vec<Undecided>),
    /// Something failed.
    #[error("{}", stage.doing())]
    Failed {
        /// What was being done.
        stage: Stage,
        /// Why it failed.
        #[source]
        source: anyhow::Error,
    },
}

/// What came of a proposal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Proposed {
    /// The branch that was pushed; `None` where the remote says all of it already.
    pub branch: Option<String>,
    /// The branch that is to get it.
    pub base: String,
    /// The commit, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The files in it, by their paths in the repository.
    pub files: Vec<String>,
    /// Items that the remote has like this already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub already: Vec<String>,
    /// The request's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Whether the request was there before.
    pub existed: bool,
    /// The page where a person asks for the request, where no program could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<String>,
    /// Why no program could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether that is a failure, and not only a program that is not here.
    pub failed: bool,
}

/// What would be done, as far as it can be told from what was fetched last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preview {
    /// The branch that would be pushed.
    pub branch: String,
    /// The branch that would get it.
    pub base: String,
    /// The one line.
    pub title: String,
    /// What would be written, by paths in the repository.
    pub files: Vec<FileEdit>,
    /// Items that the remote has like this already.
    pub already: Vec<String>,
    /// What would be run in the end.
    pub commands: Vec<Command>,
    /// The page where a person would ask for it, where no program can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<String>,
}

/// The remote's branches: the default one with its commit, and the names of all.
struct Branches {
    base: String,
    commit: String,
    all: Vec<String>,
}

impl Engine {
    /// What `repo.json` says.
    pub fn config(&self) -> Result<RepoConfig, crate::manifest::ManifestError> {
        RepoConfig::read(&self.repo().root)
    }

    /// The forge that requests are made on.
    pub fn forge(&self, config: &RepoConfig) -> anyhow::Result<Forge> {
        let git = self.git();
        match Forge::of_remote(&git, REMOTE, config.forge, config.url.as_deref())? {
            Some(forge) => Ok(forge),
            None => {
                let key = format!("remote.{REMOTE}.url");
                let at = git.ask(["config", "--get", &key])?.ok_or(ProposeError::NoRemote)?;
                Err(ProposeError::UnknownForge { at: without_login(&at) }.into())
            }
        }
    }

    /// What a proposal says of itself.
    pub fn words(&self, proposal: &Proposal) -> Words {
        let describe = |change: &Change| {
            let text = match self.subsystem(&change.subsystem) {
                Some(subsystem) => subsystem.describe(change),
                None => change.title.clone(),
            };
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match &change.layer {
                Layer::Host(host) => {
                    fill(&gettext("{what} (only on {host})"), &[("what", &text), ("host", host)])
                }
                Layer::Shared => text,
            }
        };
        let lines: Vec<String> = proposal.changes.iter().map(describe).collect();
        let first = lines.first().cloned().unwrap_or_default();
        let title = match lines.len() {
            0 | 1 => cut(&first, TITLE),
            n => {
                let more =
                    ngettext("{first} and {n} more change", "{first} and {n} more changes", n - 1);
                let more = fill(&more, &[("n", &(n - 1).to_string())]);
                let room = TITLE.saturating_sub(more.chars().count() - "{first}".len());
                fill(&more, &[("first", &cut(&first, room))])
            }
        };
        let body = lines.iter().map(|line| format!("- {line}\n")).collect();
        let branch = format!("bkt/{}-{}", slug(&title), id(proposal));
        Words { title, body, branch }
    }

    /// Asks for an edit: replays it, commits it, pushes it, and asks the forge. `on` hears how far we are, `cancel` stops.
    pub fn propose(
        &self,
        proposal: &Proposal,
        on: &mut dyn FnMut(Stage),
        cancel: &CancellationToken,
    ) -> anyhow::Result<Proposed> {
        let config = self.config()?;
        let forge = self.forge(&config)?;
        let git = self.git();
        let mut words = self.words(proposal);

        on(Stage::Fetch);
        let branches = branches(&git, &config, cancel)?;
        fetch(&git, &branches, cancel)?;
        // A branch that was taken in already is not used again.
        words.branch = free_name(&git, &branches, words.branch, cancel)?;

        on(Stage::Worktree);
        let place = self.host().env().cache.join("bkt/proposals").join(&self.repo().id);
        let worktree =
            Worktree::open(&git, &place, &branches.commit, cancel).map_err(at(Stage::Worktree))?;

        on(Stage::Replay);
        let mut manifests = self.manifests_at(worktree.root());
        let replayed = self.replay(&mut manifests, proposal)?;
        let mut proposed = Proposed {
            base: branches.base.clone(),
            already: replayed.already.iter().map(|change| change.title.clone()).collect(),
            ..Proposed::default()
        };
        if replayed.edits.is_empty() {
            return Ok(proposed);
        }
        let files = worktree.write(&replayed.edits)?;
        proposed.files = files.iter().map(|path| path.to_string_lossy().into_owned()).collect();

        if !branches.all.contains(&words.branch) {
            on(Stage::Commit);
            let git = worktree.git();
            let commit =
                commit::of_worktree(git, &files, &words, cancel).map_err(at(Stage::Commit))?;
            proposed.commit = Some(commit);
            on(Stage::Push);
            let to = format!("HEAD:refs/heads/{}", words.branch);
            run(git, &push(&to), cancel).map_err(at(Stage::Push))?;
        }
        proposed.branch = Some(words.branch.clone());
        drop(worktree);

        on(Stage::Request);
        let Words { title, body, branch } = words;
        let asked = Asked { branch, base: branches.base, title, body };
        self.ask_forge(&forge, &asked, &mut proposed);
        Ok(proposed)
    }

    fn ask_forge(&self, forge: &Forge, asked: &Asked, proposed: &mut Proposed) {
        let program: Program = match forge.readiness(self.host()) {
            Readiness::Ready(program) => program,
            not => {
                proposed.why = why_not(&not);
                proposed.compare = Some(forge.compare_url(asked));
                return;
            }
        };
        match program.request(self.host(), &self.repo().root, asked) {
            Ok(Made { url, existed }) => {
                proposed.request = Some(url);
                proposed.existed = existed;
            }
            Err(error) => {
                proposed.why = Some(explain(&error.into()).message);
                proposed.failed = true;
                proposed.compare = Some(forge.compare_url(asked));
            }
        }
    }

    /// What [`Self::propose`] would do, told from what was fetched last. Nothing is fetched, and nothing written.
    pub fn preview(&self, proposal: &Proposal) -> anyhow::Result<Preview> {
        let config = self.config()?;
        let forge = self.forge(&config)?;
        let git = self.git();
        let words = self.words(proposal);
        let followed = git.default_branch(REMOTE, config.default_branch.as_deref())?;
        let followed = followed.ok_or(ProposeError::NotFetched)?;
        let base = followed.strip_prefix("origin/").unwrap_or(&followed).to_owned();
        let tree = git.tree(&followed)?;
        let mut manifests = self.manifests_of(&tree);
        let replayed = self.replay(&mut manifests, proposal)?;
        worktree::inside(&tree.root(), &replayed.edits)?;
        let Words { title, body, branch } = words;
        let asked = Asked { branch, base, title, body };
        let (mut commands, mut compare) = (Vec::new(), None);
        if !replayed.edits.is_empty() {
            commands
                .push(Command::new("git").args(push(&format!("HEAD:refs/heads/{}", asked.branch))));
            match forge.readiness(self.host()) {
                Readiness::Ready(program) => commands.push(program.request_command(&asked)),
                _ => compare = Some(forge.compare_url(&asked)),
            }
        }
        let root = tree.root();
        let relative = |edit: FileEdit| FileEdit {
            path: below(&root, &edit.path).to_string_lossy().into_owned(),
            ..edit
        };
        let Asked { branch, base, title, .. } = asked;
        Ok(Preview {
            branch,
            base,
            title,
            files: replayed.edits.into_iter().map(relative).collect(),
            already: replayed.already.into_iter().map(|change| change.title).collect(),
            commands,
            compare,
        })
    }

    /// What is not committed in the manifests: each layer of every machine for itself. Beside it the files there in which
    /// something else is not committed, by their paths in the repository.
    pub fn uncommitted(&self) -> anyhow::Result<(Vec<Change>, Vec<PathBuf>)> {
        let git = self.git();
        if git.commit("HEAD")?.is_none() {
            return Err(ProposeError::NoCommit.into());
        }
        let tree = git.tree("HEAD")?;
        let changes = self.difference(&self.manifests_of(&tree), &self.manifests())?;
        let subsystems = changes.iter().filter_map(|change| self.subsystem(&change.subsystem));
        let names = subsystems.flat_map(|one| one.about().manifests).map(|file| file.name);
        let names: BTreeSet<&OsStr> = names.map(OsStr::new).collect();
        let files = git.state()?.files.into_iter().map(|file| file.path);
        let others = files.filter(|path| {
            let known = path.file_name().is_some_and(|name| names.contains(name));
            path.starts_with("manifests") && !known
        });
        Ok((changes, others.collect()))
    }

    /// Notes in the journal what became of an operation's edit, for whoever takes it back.
    pub fn note_shared(&self, operation: u64, proposed: &Proposed) -> anyhow::Result<()> {
        let Some(branch) = proposed.branch.clone() else { return Ok(()) };
        let _lock = self.lock("bkt")?;
        let shared = Shared { branch, request: proposed.request.clone() };
        Ok(Journal::new(&self.state_dir()).resume(operation)?.shared(shared)?)
    }

    fn manifests_at(&self, root: &Path) -> Manifests {
        Manifests::new(&root.join("manifests"), &self.host().env().hostname)
    }
}

/// Why a forge's program cannot be used, for people.
pub fn why_not(readiness: &Readiness) -> Option<String> {
    let (text, program) = match readiness {
        Readiness::Ready(_) => return None,
        Readiness::NotInstalled { program } => (gettext("{program} is not installed"), program),
        Readiness::NotSignedIn { program } => {
            (gettext("{program} is not signed in there"), program)
        }
    };
    Some(fill(&text, &[("program", program)]))
}

fn at<E: Into<anyhow::Error>>(stage: Stage) -> impl Fn(E) -> ProposeError {
    move |source| ProposeError::Failed { stage, source: source.into() }
}

/// Runs git until it is done, is cancelled, or has taken too long.
fn run(git: &Git<'_>, args: &[String], cancel: &CancellationToken) -> Result<String, GitError> {
    let cancel = cancel.child_token();
    let _limit = interrupt::limit(&cancel, PATIENCE);
    git.run_long(args.iter().map(String::as_str), &mut |_| (), &cancel)
}

fn words_of(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

fn push(to: &str) -> Vec<String> {
    words_of(&["push", "--quiet", "--no-follow-tags", "--recurse-submodules=no", REMOTE, to])
}

/// Asks the remote for its branches: `git ls-remote --symref`, which names the branch of its HEAD.
fn branches(
    git: &Git<'_>,
    config: &RepoConfig,
    cancel: &CancellationToken,
) -> anyhow::Result<Branches> {
    let asks = words_of(&["ls-remote", "--symref", REMOTE, "HEAD", "refs/heads/*"]);
    let said = run(git, &asks, cancel).map_err(at(Stage::Fetch))?;
    let mut head = None;
    let mut all: Vec<(String, String)> = Vec::new();
    for line in said.lines() {
        let Some((what, name)) = line.split_once('\t') else { continue };
        match (what.strip_prefix("ref: refs/heads/"), name.strip_prefix("refs/heads/")) {
            (Some(branch), _) if name == "HEAD" => head = Some(branch.to_owned()),
            (None, Some(branch)) => all.push((branch.to_owned(), what.to_owned())),
            _ => (),
        }
    }
    let candidates = head.into_iter().chain(config.default_branch.clone());
    let mut candidates = candidates.chain(["main".to_owned(), "master".to_owned()]);
    let found = candidates.find_map(|name| all.iter().find(|(branch, _)| *branch == name).cloned());
    let (base, commit) = found.ok_or(ProposeError::NoBranch)?;
    Ok(Branches { base, commit, all: all.into_iter().map(|(name, _)| name).collect() })
}

/// Fetches the default branch. What the person fetched last into `FETCH_HEAD` stays there.
fn fetch(git: &Git<'_>, branches: &Branches, cancel: &CancellationToken) -> anyhow::Result<()> {
    let from = format!("refs/heads/{}", branches.base);
    fetch_ref(git, &from, cancel)?;
    Ok(())
}

fn fetch_ref(git: &Git<'_>, from: &str, cancel: &CancellationToken) -> Result<(), ProposeError> {
    let asks = words_of(&[
        "-c",
        "gc.auto=0",
        "-c",
        "maintenance.auto=false",
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        // The person's own record of the remote stays, so that two of us are not in each other's way.
        "--refmap=",
        REMOTE,
        from,
    ]);
    run(git, &asks, cancel).map_err(at(Stage::Fetch))?;
    Ok(())
}

/// A name for the branch: the edit's own, unless the remote has it and has taken it in, as with an edit that was made,
/// merged, taken back and made again.
fn free_name(
    git: &Git<'_>,
    branches: &Branches,
    name: String,
    cancel: &CancellationToken,
) -> Result<String, ProposeError> {
    let names = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name}-{n}")));
    for name in names.take(100) {
        if !branches.all.contains(&name) {
            return Ok(name);
        }
        let from = format!("refs/heads/{name}");
        let kept = format!("refs/remotes/{REMOTE}/{name}");
        fetch_ref(git, &format!("+{from}:{kept}"), cancel)?;
        let ancestor = ["merge-base", "--is-ancestor", kept.as_str(), branches.commit.as_str()];
        if run(git, &words_of(&ancestor), cancel).is_err() {
            return Ok(name);
        }
    }
    Ok(name)
}

/// What tells one edit from every other.
fn id(proposal: &Proposal) -> String {
    type Told<'a> = (&'a str, &'a ItemKey, &'a Layer, serde_json::Value, serde_json::Value);
    let json = |record: &Option<crate::core::item::Record>| {
        serde_json::to_value(record).unwrap_or_default()
    };
    let told = |change: &'_ Change| -> String {
        let told: Told<'_> = (
            change.subsystem.as_str(),
            &change.item,
            &change.layer,
            json(&change.before),
            json(&change.after),
        );
        serde_json::to_string(&told).unwrap_or_default()
    };
    let mut all: Vec<String> = proposal.changes.iter().map(told).collect();
    all.sort();
    sha256(all.join("\n")).chars().take(8).collect()
}

/// A title as a part of a branch's name: small letters, digits and single dashes.
fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if out.ends_with('-') || out.is_empty() => (),
            _ => out.push('-'),
        }
        if out.len() >= 40 {
            break;
        }
    }
    let out = out.trim_matches('-');
    if out.is_empty() { "edit".to_owned() } else { out.to_owned() }
}

/// `text` in at most `length` characters.
fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let kept: String = text.chars().take(length.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A path without the directory that it is in.
fn below(root: &Path, path: &str) -> PathBuf {
    let path = Path::new(path);
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_named_after_what_it_does() {
        assert_eq!(slug("Install “Boxes” & more"), "install-boxes-more");
        assert_eq!(slug("日本"), "edit");
        assert_eq!(slug("--a..b//c@{x}"), "a-b-c-x");
        assert!(slug(&"long ".repeat(40)).len() <= 40);
        assert_eq!(cut("äöü", 2), "ä…");
    }
}
