//! Pull: what another machine committed comes here, and what is not upstream yet is put on top of it.
//!
//! Everything is worked out in git's object store first: local commits are replayed on the upstream branch, then the
//! uncommitted edits, manifests item by item ([`crate::manifest::merge`]). Only when nothing is left to decide does the
//! checkout change, in one go ([`switch`]); until then there is nothing to take back.

use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::execute::Untrusted;
use crate::core::plan::Change;
use crate::host::fs::Lock;
use crate::host::git::{Git, GitError, Head, Operation};
use crate::manifest::merge::{self, Place};

mod join;
mod switch;

use switch::Record;
pub use switch::{RECORD, interrupted};

/// Two changes of one thing, of which only a person can say which is right. `None` is absence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// What it is about.
    #[serde(flatten)]
    pub place: Place,
    /// What both began with.
    pub base: Option<serde_json::Value>,
    /// What this checkout says.
    pub mine: Option<serde_json::Value>,
    /// What the upstream branch says.
    pub theirs: Option<serde_json::Value>,
}

/// Which side of a conflict is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What this checkout says.
    Mine,
    /// What the upstream branch says.
    Theirs,
}

/// How to pull.
#[derive(Clone, Copy, Debug)]
pub struct PullRequest {
    /// Nobody is there who could type a password.
    pub unattended: bool,
    /// Only say what would come, as of the last fetch.
    pub dry_run: bool,
}

/// What a pull is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// An interrupted pull is brought to its end.
    Finishing,
    /// The remote is asked.
    Fetching(&'a str),
    /// git says something.
    Line(&'a str),
    /// Local commits and edits are put on top.
    Merging,
    /// The checkout changes.
    Writing,
}

/// What came of a pull.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum Pulled {
    /// The upstream branch has nothing new.
    UpToDate {
        /// The branch: "origin/main".
        upstream: String,
        /// Commits that only this checkout has.
        ahead: usize,
    },
    /// A dry run: what would come.
    Would(Coming),
    /// It is here.
    Done(Done),
    /// Nothing was changed: these have to be decided.
    Undecided {
        /// Items, one by one.
        conflicts: Vec<Conflict>,
        /// Files that are no manifests: for an editor.
        files: Vec<PathBuf>,
    },
}

/// What the upstream branch has that this checkout has not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Coming {
    /// The branch: "origin/main".
    pub upstream: String,
    /// How many commits.
    pub commits: usize,
    /// What they change, item by item. Empty, too, where a manifest on either side cannot be read.
    pub changes: Vec<Change>,
    /// Other files that they change.
    pub files: Vec<String>,
}

/// What a pull has done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Done {
    /// What came, as it changed this checkout.
    #[serde(flatten)]
    pub coming: Coming,
    /// Local commits that were put on top.
    pub replayed: usize,
    /// Local commits whose changes upstream has by now.
    pub dropped: usize,
    /// Whether there are uncommitted edits still.
    pub edits: bool,
    /// Whether there were some, which upstream has by now.
    pub edits_dropped: bool,
    /// The reference that keeps the state from before, edits included.
    pub before: String,
    /// The commit that is checked out now.
    pub tip: String,
}

/// Why there is nothing to pull into, or from.
#[derive(Debug, Error)]
pub enum PullError {
    /// git is in the middle of something.
    #[error("the checkout is in the middle of something")]
    Begun(Operation),
    /// A merge left files to the person.
    #[error("“{}” has a conflict that is not settled", .0.display())]
    Unmerged(PathBuf),
    /// No branch is checked out.
    #[error("no branch is checked out")]
    Detached,
    /// The branch has no commit yet.
    #[error("the branch “{0}” has no commit yet")]
    Unborn(String),
    /// There is no remote at all.
    #[error("the repository has no remote")]
    NoRemote,
    /// The branch follows none.
    #[error("the branch “{branch}” follows no branch of a remote")]
    NoUpstream {
        /// The branch.
        branch: String,
        /// One it could follow: "origin/main".
        could: Option<String>,
    },
    /// The branch that is followed is not there.
    #[error("“{0}” is not there (any more)")]
    Gone(String),
    /// The two branches have nothing in common.
    #[error("“{0}” and this branch have no commit in common")]
    Unrelated(String),
    /// The checkout is a part of the repository, or of another one.
    #[error("only a whole checkout can be pulled into")]
    Part,
    /// Something that git does not know is where a file would come.
    #[error("“{}” is in the way of a file that would come", .0.display())]
    InTheWay(PathBuf),
    /// A file changed while it was worked out what to do.
    #[error("“{}” has changed meanwhile", .0.display())]
    Moved(PathBuf),
    /// An earlier pull was cut off, and what it left has been edited since.
    #[error("an earlier pull was interrupted, and “{}” was changed since", path.display())]
    Interrupted {
        /// The file, below the top; empty where it is the branch that moved.
        path: PathBuf,
        /// Where the state from before is kept.
        before: String,
        /// The file that remembers the pull.
        record: PathBuf,
    },
    /// The person cancelled it. Nothing was changed.
    #[error("the pull was cancelled")]
    Cancelled,
}

impl Engine {
    /// Brings what the upstream branch has into this checkout. `decide` is asked about each conflict; where it does not
    /// answer, nothing is changed and [`Pulled::Undecided`] says what is open. `on` hears what is done.
    pub fn pull(
        &self,
        request: PullRequest,
        decide: &mut dyn FnMut(&Conflict) -> Option<Choice>,
        on: &mut dyn FnMut(Stage<'_>),
        cancel: &CancellationToken,
    ) -> anyhow::Result<Pulled> {
        if !self.repo.trusted && !request.dry_run {
            return Err(Untrusted { path: self.repo.root.clone() }.into());
        }
        let git = Git::new(&self.host, &self.repo.root).unattended(request.unattended);
        if !request.dry_run {
            // Two fetches of the same branch get into each other's way; nobody else has to wait for the network.
            let _fetching =
                Lock::take(&self.state_dir().join("fetch"), "bkt repo pull", super::PATIENCE)?;
            self.finish_pull(&git, on)?;
            let follows = follows(&git)?;
            if let Some(remote) = &follows.remote {
                on(Stage::Fetching(remote));
                let args =
                    ["fetch", "--progress", "--no-recurse-submodules", "--", remote.as_str()];
                git.run_long(args, &mut |line| on(Stage::Line(line)), cancel)?;
            }
        }
        let _lock = match request.dry_run {
            true => None,
            false => Some(self.lock("bkt repo pull")?),
        };
        let Follows { branch, upstream, .. } = follows(&git)?;
        let commit = |name: &str| -> Result<Option<String>, GitError> { git.commit(name) };
        let head = commit("HEAD")?.ok_or_else(|| PullError::Unborn(branch.clone()))?;
        let full = format!("refs/heads/{branch}");
        let theirs = commit("@{upstream}")?.ok_or_else(|| PullError::Gone(upstream.clone()))?;
        let count = |range: String| -> anyhow::Result<usize> {
            Ok(git.run(["rev-list", "--count", &range])?.trim().parse()?)
        };
        let commits = count(format!("{head}..{theirs}"))?;
        if commits == 0 {
            return Ok(Pulled::UpToDate { upstream, ahead: count(format!("{theirs}..{head}"))? });
        }
        let Some(base) = git.ask(["merge-base", &head, &theirs])? else {
            return Err(PullError::Unrelated(upstream).into());
        };
        if request.dry_run {
            let coming = self.coming(&git, upstream, commits, &base, &theirs)?;
            return Ok(Pulled::Would(coming));
        }
        on(Stage::Merging);
        let mut join = join::Join::new(self, &git, decide);
        let snapshot = join.snapshot(&head, &theirs)?;
        let replayed = join.replay(&base, &head, &theirs, &upstream)?;
        let edits = join.edits(&head, &replayed.tip, &snapshot)?;
        let join::Open { conflicts, files } = join.open();
        if !conflicts.is_empty() || !files.is_empty() {
            return Ok(Pulled::Undecided { conflicts, files });
        }
        if cancel.is_cancelled() {
            return Err(PullError::Cancelled.into());
        }
        on(Stage::Writing);
        let before = keep_before(&git, &head, &snapshot)?;
        let record = Record {
            version: 1,
            before: before.clone(),
            branch: full,
            head: head.clone(),
            tip: replayed.tip.clone(),
            work: snapshot.work.clone(),
            to: edits.work.clone(),
            index: edits.index.clone(),
        };
        switch::begin(&git, &record)?;
        let tree_of = |commit: &str| git.run(["rev-parse", &format!("{commit}^{{tree}}")]);
        let had_edits = snapshot.work != tree_of(&head)?.trim();
        let has_edits = edits.work != tree_of(&replayed.tip)?.trim();
        Ok(Pulled::Done(Done {
            coming: self.coming(&git, upstream, commits, &snapshot.work, &edits.work)?,
            replayed: replayed.replayed,
            dropped: replayed.dropped,
            edits: has_edits,
            edits_dropped: had_edits && !has_edits,
            before,
            tip: replayed.tip,
        }))
    }

    /// Brings an interrupted pull to its end, if there is one.
    fn finish_pull(&self, git: &Git<'_>, on: &mut dyn FnMut(Stage<'_>)) -> anyhow::Result<()> {
        if interrupted(git)?.is_none() {
            return Ok(());
        }
        let _lock = self.lock("bkt repo pull")?;
        // Another one may have done it meanwhile.
        if let Some(record) = interrupted(git)? {
            on(Stage::Finishing);
            switch::finish(git, &record)?;
        }
        Ok(())
    }

    /// What lies between two commits or trees.
    fn coming(
        &self,
        git: &Git<'_>,
        upstream: String,
        commits: usize,
        old: &str,
        new: &str,
    ) -> anyhow::Result<Coming> {
        let (before, after) = (git.tree(old)?, git.tree(new)?);
        // What cannot be read is said by whoever reads it next; the pull itself worked.
        let changes = self.difference(&self.manifests_of(&before), &self.manifests_of(&after));
        let changes = changes.unwrap_or_else(|error| {
            tracing::warn!("{error:#}");
            Vec::new()
        });
        let files = git.changed(old, new)?.into_iter().map(|one| one.path);
        let files = files.filter(|path| !Path::new(path).starts_with("manifests")).collect();
        Ok(Coming { upstream, commits, changes, files })
    }
}

/// What the branch that is checked out follows.
struct Follows {
    branch: String,
    /// "origin/main"
    upstream: String,
    /// The remote's name; `None` where a local branch is followed.
    remote: Option<String>,
}

/// Makes sure that the checkout is in a state to pull into, and tells what it follows.
fn follows(git: &Git<'_>) -> anyhow::Result<Follows> {
    let state = git.state()?;
    if let Some(operation) = state.operation {
        return Err(PullError::Begun(operation).into());
    }
    if let Some(file) = state.files.iter().find(|file| file.unmerged) {
        return Err(PullError::Unmerged(file.path.clone()).into());
    }
    let sparse =
        git.ask(["config", "--type=bool", "--default=false", "--get", "core.sparseCheckout"])?;
    if sparse.as_deref() == Some("true") || git.ask(["rev-parse", "--show-prefix"])?.is_some() {
        return Err(PullError::Part.into());
    }
    let remotes = git.run(["remote"])?;
    let (branch, unborn) = match state.head {
        Head::Branch(branch) => (branch, false),
        Head::Unborn(branch) => (branch, true),
        Head::Detached(_) => return Err(PullError::Detached.into()),
    };
    if unborn {
        return Err(PullError::Unborn(branch).into());
    }
    let Some(ahead) = state.upstream else {
        if remotes.trim().is_empty() {
            return Err(PullError::NoRemote.into());
        }
        let mut could = None;
        for remote in remotes.lines() {
            let name = format!("{remote}/{branch}");
            if could.is_none() && git.commit(&format!("refs/remotes/{name}"))?.is_some() {
                could = Some(name);
            }
        }
        return Err(PullError::NoUpstream { branch, could }.into());
    };
    let remote = git.ask(["config", "--get", &format!("branch.{branch}.remote")])?;
    let remote = remote.filter(|remote| remote != ".");
    Ok(Follows { branch, upstream: ahead.upstream, remote })
}

/// Keeps the state from before under a reference of its own, in the shape of a stash; the last ten stay.
fn keep_before(git: &Git<'_>, head: &str, snapshot: &join::Snapshot) -> Result<String, GitError> {
    let index = join::commit_ours(git, &snapshot.index, &[head], "What was staged before a pull")?;
    let work =
        join::commit_ours(git, &snapshot.work, &[head, &index], "The checkout before a pull")?;
    let all = git.run(["for-each-ref", "--format=%(refname)", "refs/bkt/before-pull/"])?;
    let mut numbers: Vec<u64> =
        all.lines().filter_map(|name| name.rsplit('/').next()?.parse().ok()).collect();
    numbers.sort_unstable();
    let name = |number: u64| format!("refs/bkt/before-pull/{number}");
    let before = name(numbers.last().map_or(1, |last| last + 1));
    git.run(["update-ref", &before, &work, ""])?;
    let old = numbers.len().saturating_sub(9);
    for number in numbers.into_iter().take(old) {
        git.run(["update-ref", "-d", &name(number)])?;
    }
    Ok(before)
}

impl From<merge::Conflict> for Conflict {
    /// Upstream's file is the one that is edited, so that little differs from it.
    fn from(conflict: merge::Conflict) -> Self {
        let merge::Conflict { place, base, ours, theirs } = conflict;
        Self { place, base, mine: theirs, theirs: ours }
    }
}
