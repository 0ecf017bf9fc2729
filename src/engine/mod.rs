//! Survey → plan → execute → record: once, for the command line, the application and the timers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::core::item::{ItemKey, Layer, SubsystemId};
use crate::core::plan::{Action, FileEdit, Plan, PlannedStep, Risk, Step};
use crate::core::report::ItemReport;
use crate::host::Host;
use crate::host::fs::{self, FsError, Lock, LockError};
use crate::manifest::repo::{Repo, RepoConfig, RepoError};
use crate::manifest::trust::{load_state, save_state};
use crate::manifest::{Manifests, trust};
use crate::subsystem::{self, Subsystem};
use crate::words::{fill, gettext};

pub mod base;
pub mod changelog;
pub mod clone;
pub mod commit;
pub mod containerfile;
pub mod difference;
pub mod execute;
pub mod explain;
pub mod follow;
pub mod init;
pub mod journal;
pub mod layers;
pub mod local;
pub mod propose;
pub mod pull;
pub mod review;
pub mod select;
pub mod standing;
pub mod survey;
pub mod undo;
pub mod wish;

pub use commit::{Commit, CommitError, Committed, Pushed};
pub use containerfile::{ContainerfileReport, ContainerfileText, SectionReport, SectionState};
pub use execute::{Event, Outcome, Verdict};
pub use follow::Touched;
pub use review::{FileReview, Review, Reviewed};
pub use select::{Pick, Request, Verb};
pub use standing::{Checkout, Standing};
pub use wish::{Edit, Reach, Wish};

/// The file of ignore rules.
pub const IGNORE_FILE: &str = "ignore.json";

/// How long a writer waits for another to finish.
const PATIENCE: Duration = Duration::from_secs(30);

/// One repository on this machine, and everything that can be done with it.
pub struct Engine {
    host: Host,
    repo: Repo,
    subsystems: Vec<Box<dyn Subsystem>>,
    /// Nothing may be written, not even what a survey learns.
    dry_run: bool,
    /// Nobody is there who could answer what git's helpers ask.
    unattended: bool,
}

impl Engine {
    /// Opens the repository that `named` or the rules of [`Repo::find`] lead to.
    pub fn open(host: Host, named: Option<&Path>) -> Result<Self, RepoError> {
        let repo = Repo::find(&host, named)?;
        Ok(Self::new(host, repo, subsystem::all()))
    }

    /// An engine over the given subsystems.
    pub fn new(host: Host, repo: Repo, subsystems: Vec<Box<dyn Subsystem>>) -> Self {
        let config = RepoConfig::read(&repo.root);
        let name = config.map(|config| config.dev_container).map_err(|error| error.to_string());
        let host = host.with_dev_box(name).beside(&repo.root);
        Self { host, repo, subsystems, dry_run: false, unattended: false }
    }

    /// The same engine, which learns and writes nothing when it surveys.
    pub fn dry(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self.host = self.host.dry(dry_run);
        self
    }

    /// The same engine, for a service: no window asks for a password.
    pub fn unattended(mut self, unattended: bool) -> Self {
        self.unattended = unattended;
        self
    }

    /// The machine.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The repository.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Every subsystem, in order.
    pub fn subsystems(&self) -> &[Box<dyn Subsystem>] {
        &self.subsystems
    }

    /// One subsystem.
    pub fn subsystem(&self, id: &SubsystemId) -> Option<&dyn Subsystem> {
        self.subsystems
            .iter()
            .find(|subsystem| &subsystem.about().id == id)
            .map(|subsystem| &**subsystem)
    }

    /// The manifests as they are now.
    pub fn manifests(&self) -> Manifests {
        Manifests::new(&self.repo.manifests_dir(), &self.host.env().hostname)
    }

    fn state_dir(&self) -> PathBuf {
        self.repo.state_dir(&self.host)
    }

    fn skips_path(&self) -> PathBuf {
        self.state_dir().join("skips.json")
    }

    /// Makes sure that no file of the repository is written by way of a link that leads out of it.
    fn stays_inside(&self, action: &Action) -> Result<(), FsError> {
        let root = &self.repo.root;
        let paths: Vec<&str> = match action {
            Action::Write(edits) => edits.iter().map(|edit| edit.path.as_str()).collect(),
            Action::Copy(copy) => vec![&copy.to],
            Action::Place(placed) => placed.iter().map(|one| one.path.as_str()).collect(),
            Action::Run(_) | Action::Away(_) | Action::Dconf(_) | Action::Download(_) => Vec::new(),
        };
        let mut paths = paths.into_iter().map(Path::new).filter(|path| path.starts_with(root));
        paths.try_for_each(|path| fs::stays_below(root, path, "written"))
    }

    /// Keeps other writers out; `doing` is what they are told we do.
    fn lock(&self, doing: &str) -> Result<Lock, LockError> {
        Lock::take(&self.lock_path(), doing, PATIENCE)
    }

    fn lock_path(&self) -> PathBuf {
        self.state_dir().join("lock")
    }

    /// Hides an item until either side changes. Machine state: no other machine hears of it.
    pub fn skip_until_changed(
        &self,
        subsystem: &SubsystemId,
        item: &ItemReport,
    ) -> anyhow::Result<()> {
        let _lock = self.lock("bkt skip")?;
        let mut skips: survey::Skips = load_state(&self.skips_path(), 1)?.unwrap_or_default();
        skips.version = 1;
        skips.skips.retain(|skip| skip.subsystem != *subsystem || skip.item != item.key);
        skips.skips.push(crate::core::ignore::Skip {
            subsystem: subsystem.clone(),
            item: item.key.clone(),
            wanted: item.wanted.clone(),
            live: item.live.clone(),
        });
        Ok(save_state(&self.skips_path(), &skips)?)
    }

    /// The plan that adds a rule to `ignore.json`, so that an item is never shown again on any machine.
    pub fn plan_ignore(
        &self,
        subsystem: &SubsystemId,
        item: &ItemKey,
        reason: Option<&str>,
    ) -> anyhow::Result<Plan> {
        let mut rule = json!({ "subsystem": subsystem.as_str(), "item": literally(item) });
        if let Some(reason) = reason {
            rule["reason"] = reason.into();
        }
        let title = fill(&gettext("Ignore {item}"), &[("item", item.as_str())]);
        self.plan_edit(title, |manifests| {
            manifests.edit(&Layer::Shared, IGNORE_FILE, |doc| {
                doc.put("ignore", &|entry| *entry == rule, &rule, &|_| String::new());
                Ok(())
            })
        })
    }

    /// The plan that makes an edit of the repository that changes no item; `title` says what it does.
    pub fn plan_edit(
        &self,
        title: String,
        edit: impl FnOnce(&mut Manifests) -> anyhow::Result<()>,
    ) -> anyhow::Result<Plan> {
        let mut manifests = self.manifests();
        edit(&mut manifests)?;
        Ok(Plan { steps: manifest_step(title, manifests.edits()), ..Plan::default() })
    }

    /// Makes `root` the repository in use, and trusts it from now on.
    pub fn use_repo(host: &Host, root: &Path) -> Result<Repo, RepoError> {
        let root =
            std::fs::canonicalize(host.env().cwd.join(root)).unwrap_or_else(|_| root.to_owned());
        // Looked at first, so that a directory without manifests is refused.
        let repo = Repo::find(host, Some(&root))?;
        trust::KnownRepos::use_repo(host, &repo.root)?;
        Repo::find(host, Some(&root))
    }
}

/// A pattern that only `item` matches.
fn literally(item: &ItemKey) -> String {
    // A backslash escapes in a pattern, which `escape` leaves to us.
    item.as_str().split('\\').map(globset::escape).collect::<Vec<_>>().join("\\\\")
}

/// The one step that writes manifests, if there is anything to write.
fn manifest_step(title: String, edits: Vec<FileEdit>) -> Vec<PlannedStep> {
    if edits.is_empty() {
        return Vec::new();
    }
    let step =
        Step { title, action: Action::Write(edits), risk: Risk::default(), items: Vec::new() };
    vec![PlannedStep { subsystems: Vec::new(), step }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_item_is_matched_to_the_letter() {
        for key in ["a*b", "x[1]/{y}?", r"back\slash", "org.gnome.x key"] {
            let pattern = literally(&ItemKey::new(key));
            let glob = globset::Glob::new(&pattern).unwrap().compile_matcher();
            assert!(glob.is_match(key), "{pattern}");
            assert!(!glob.is_match(format!("{key}x")), "{pattern}");
        }
    }
}
