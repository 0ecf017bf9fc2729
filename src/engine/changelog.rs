//! The changelog beside the manifests and the machine: what is not told yet, what is new here, and what is left to do by
//! hand.

use std::path::PathBuf;

use anyhow::bail;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::core::changelog::{Described, Entry, Kind, Release, Version, drafts};
use crate::core::item::Layer;
use crate::core::plan::{Change, Side};
use crate::host::git::Git;
use crate::manifest::Manifests;
use crate::manifest::changelog::{self, ChangelogError, Log, Texts};
use crate::manifest::repo::FALLBACK;
use crate::manifest::trust::{load_state, save_state};
use crate::words::{fill, gettext};

/// Something to do by hand that came with a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ManualStep {
    /// The release.
    pub version: Version,
    /// The category of its entry.
    pub category: String,
    /// The message of its entry.
    pub entry: String,
    /// What to do.
    pub step: String,
}

/// How the changelog stands on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Told {
    /// The version that this machine runs, where its image says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<Version>,
    /// How many entries the next release has so far.
    pub unreleased: usize,
    /// How many of these are drafts.
    pub drafts: usize,
    /// What is left to do by hand here, the oldest release first.
    pub manual_steps: Vec<ManualStep>,
}

/// What this machine has noted about the changelog: `changelog.json` in its state of the repository.
#[derive(Default, Serialize, Deserialize)]
struct Notes {
    version: u64,
    /// The manual steps that were done.
    #[serde(default)]
    done: Vec<ManualStep>,
    /// The newest version whose news were shown.
    #[serde(default)]
    seen: Option<Version>,
}

/// What changed since the last release.
#[derive(Debug)]
pub struct Since {
    /// The commit of the last release; `None` where there was none, so that everything is new.
    pub commit: Option<String>,
    /// A draft for each change.
    pub drafts: Vec<Entry>,
}

/// The releases that this machine knows of.
struct Known {
    repository: Log,
    /// The image's copy, where there is one beside the repository, without what both say.
    image: Option<Log>,
    /// The newest version of the image's copy: what this machine runs. The outer `None` says that it is not known.
    running: Option<Option<Version>>,
}

impl Known {
    /// The releases that have arrived on this machine, the newest first: all that there are where that is not known.
    fn arrived(&self) -> Vec<&Release> {
        let mut releases = self.repository.newest_first();
        for release in self.image.iter().flat_map(Log::newest_first) {
            if !releases.iter().any(|other| other.version == release.version) {
                releases.push(release);
            }
        }
        releases.sort_by_key(|release| std::cmp::Reverse(release.version));
        releases.retain(|release| match self.running {
            None => true,
            Some(running) => Some(release.version) <= running,
        });
        releases
    }

    fn is_there(&self) -> bool {
        self.repository.is_there() || self.image.is_some()
    }
}

impl Engine {
    fn notes_path(&self) -> PathBuf {
        self.state_dir().join("changelog.json")
    }

    fn notes(&self) -> anyhow::Result<Notes> {
        Ok(load_state(&self.notes_path(), 1)?.unwrap_or_default())
    }

    /// Lets `change` edit this machine's notes, under the lock; a dry run only tries.
    fn note<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> anyhow::Result<T> {
        if self.dry_run {
            return Ok(change(&mut self.notes()?));
        }
        let _lock = self.lock("bkt changelog")?;
        let mut notes = self.notes()?;
        notes.version = 1;
        let result = change(&mut notes);
        save_state(&self.notes_path(), &notes)?;
        Ok(result)
    }

    fn known(&self) -> anyhow::Result<Known> {
        let copy = self.host.path(FALLBACK);
        let texts = Texts::get(&self.manifests())?;
        let image = match copy == self.repo.root {
            true => None,
            false => Some(Texts::get(&Manifests::new(&copy.join("manifests"), ""))?),
        };
        let same = image.as_ref().is_some_and(|image| image.same_json(&texts));
        let repository = texts.read(&self.repo.root)?;
        let Some(image) = image else {
            let running = repository.is_there().then(|| repository.changelog.newest());
            return Ok(Known { repository, image: None, running });
        };
        if same {
            // The usual case: reading it again would take as long again.
            let image = image.without_json().read(&copy)?;
            let newest = image.changelog.newest().max(repository.newest_of_json());
            return Ok(Known { repository, image: Some(image), running: Some(newest) });
        }
        let image = image.read(&copy)?;
        let image = image.is_there().then_some(image);
        let running = image.as_ref().map(|log| log.changelog.newest());
        Ok(Known { repository, image, running })
    }

    /// How the changelog stands here; `None` where there is none. Starts no process.
    pub fn changelog(&self) -> anyhow::Result<Option<Told>> {
        let known = self.known()?;
        if !known.is_there() {
            return Ok(None);
        }
        let log = &known.repository.changelog;
        Ok(Some(Told {
            running: known.running.flatten(),
            unreleased: log.unreleased.len(),
            drafts: log.drafts().count(),
            manual_steps: self.left(&known)?,
        }))
    }

    /// The manual steps of the releases that have arrived here which were not done, the oldest release first.
    fn left(&self, known: &Known) -> anyhow::Result<Vec<ManualStep>> {
        let mut steps: Vec<ManualStep> = Vec::new();
        for release in known.arrived().into_iter().rev() {
            for entry in &release.entries {
                steps.extend(entry.manual_steps.iter().map(|step| ManualStep {
                    version: release.version,
                    category: entry.category.clone(),
                    entry: entry.message.clone(),
                    step: step.clone(),
                }));
            }
        }
        if !steps.is_empty() {
            let done = self.notes()?.done;
            steps.retain(|step| !done.contains(step));
        }
        Ok(steps)
    }

    /// Notes that manual steps were done on this machine.
    pub fn note_done(&self, steps: &[ManualStep]) -> anyhow::Result<()> {
        self.note(|notes| {
            notes.done.extend(steps.iter().cloned());
            notes.done.sort();
            notes.done.dedup();
        })
    }

    /// The releases that arrived here since [`Self::note_seen`] was called, the newest first; the first time, only the
    /// newest.
    pub fn news(&self) -> anyhow::Result<Vec<Release>> {
        let known = self.known()?;
        let arrived = known.arrived();
        if arrived.is_empty() {
            return Ok(Vec::new());
        }
        let seen = self.notes()?.seen;
        let count = match seen {
            Some(seen) => arrived.iter().filter(|release| release.version > seen).count(),
            None => 1,
        };
        Ok(arrived.into_iter().take(count).cloned().collect())
    }

    /// Notes that the news of everything up to `version` were shown.
    pub fn note_seen(&self, version: Version) -> anyhow::Result<()> {
        self.note(|notes| notes.seen = notes.seen.max(Some(version)))
    }

    /// What the manifests of all machines say otherwise than at the last release. That is the commit that brought the
    /// newest version into the changelog; a version that is in no commit was released just now.
    pub fn since_release(&self, log: &Log) -> anyhow::Result<Since> {
        let git = self.git();
        let commit = match log.changelog.newest() {
            None => None,
            Some(version) => self.commit_of(&git, log, version)?,
        };
        let now = self.manifests();
        let changes = match &commit {
            Some(commit) => self.difference(&self.manifests_of(&git.tree(commit)?), &now)?,
            None => {
                let nothing = tempfile::tempdir()?;
                let hostname = &self.host.env().hostname;
                self.difference(&Manifests::new(&nothing.path().join("manifests"), hostname), &now)?
            }
        };
        Ok(Since { commit, drafts: self.drafted(&changes) })
    }

    /// A draft for each of `changes` that is one of the manifests of all machines, for [`changelog::add`].
    pub fn drafted(&self, changes: &[Change]) -> Vec<Entry> {
        drafts(&self.described(changes), self.host.now())
    }

    fn commit_of(
        &self,
        git: &Git<'_>,
        log: &Log,
        version: Version,
    ) -> anyhow::Result<Option<String>> {
        if git.ask(["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true") {
            return Err(ChangelogError::Shallow.into());
        }
        let head = git.commit("HEAD")?;
        let Some((file, text)) = log.written(&self.repo.root, version).filter(|_| head.is_some())
        else {
            return Ok(head);
        };
        let looked = format!("-S{text}");
        let args = ["log", "-1", "--format=%H", &looked, "HEAD", "--", &file];
        Ok(git.ask(args)?.or(head))
    }

    /// What changed in the manifests of all machines since a commit, in words, where no entry was added since. Where
    /// the branches have parted, since the commit at which they did.
    pub fn untold_since(&self, log: &Log, commit: &str) -> anyhow::Result<Vec<String>> {
        let git = self.git();
        let Some(named) = git.commit(commit)? else {
            let text = gettext("there is no commit “{commit}” in this repository");
            bail!(fill(&text, &[("commit", commit)]));
        };
        let common = git.ask(["merge-base", &named, "HEAD"])?;
        let tree = git.tree(common.as_deref().unwrap_or(&named))?;
        let old = self.manifests_of(&tree);
        let changes = self.difference(&old, &self.manifests())?;
        // What was wrong with it then is of no interest now.
        let before = changelog::look(&old)?;
        let keys = |log: &Log| -> Vec<(Kind, String, String)> {
            let released = log.changelog.versions.iter().flat_map(|release| &release.entries);
            let all = log.changelog.unreleased.iter().chain(released);
            all.map(|entry| (entry.kind, entry.category.clone(), entry.message.clone())).collect()
        };
        let before = keys(&before);
        if keys(log).iter().any(|entry| !before.contains(entry)) {
            return Ok(Vec::new());
        }
        Ok(self.described(&changes).into_iter().map(|change| change.message).collect())
    }

    /// The changes of what all machines share, in words: an image is built of nothing else.
    fn described(&self, changes: &[Change]) -> Vec<Described> {
        let shared = changes
            .iter()
            .filter(|change| change.side == Side::Manifest && change.layer == Layer::Shared);
        shared
            .filter_map(|change| {
                let subsystem = self.subsystem(&change.subsystem)?;
                Some(Described::new(change, subsystem.describe(change)))
            })
            .collect()
    }
}
