//! The changelog as the repository has it: `changelog.json`, and the YAML files that earlier versions wrote.

use std::path::{Path, PathBuf};

use anyhow::Context;
use thiserror::Error;

use super::{DocError, Manifests, Sheet};
use crate::core::changelog::{At, Changelog, Entry, Flaw, Release, Version};
use crate::core::names::RepoRelPath;
use crate::host::fs::{self, FsError};
use crate::words::{fill, gettext};

mod edit;
mod release;
mod yaml;

pub use edit::{add, ready, take};
pub use release::{release, released};

/// The file's name in the repository.
pub const FILE: &str = "changelog.json";
/// Where earlier versions wrote an entry each.
const PENDING: &str = ".changelog/pending";
/// Where earlier versions wrote a release each.
const VERSIONS: &str = ".changelog/versions";

/// Why the changelog cannot be changed like that.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangelogError {
    /// Somebody still has to look at entries of the next release.
    #[error("{count} entries are drafts")]
    Drafts {
        /// How many.
        count: usize,
    },
    /// There is nothing to release.
    #[error("there is no entry to release")]
    Nothing,
    /// The version is not newer than what was released.
    #[error("{version} is not newer than {newest}")]
    NotNewer {
        /// The version.
        version: Version,
        /// What was released.
        newest: Version,
    },
    /// An entry cannot be written like that.
    #[error("{0}")]
    Flaw(String),
    /// The history that would have to be looked at is not here.
    #[error("the repository was cloned without its history")]
    Shallow,
}

/// A changelog, and which of its files each part of it stands in.
#[derive(Default)]
pub struct Log {
    /// All of it. The versions are those of `changelog.json` in its order, then those of older files, newest first.
    pub changelog: Changelog,
    /// What could not be read, with the place, and is missing here.
    pub unread: Vec<DocError>,
    json: Option<Sheet>,
    /// Of each entry of the next release, in their order.
    unreleased: Vec<Spot>,
    /// Of each release, and of each of its entries.
    releases: Vec<(Spot, Vec<Spot>)>,
    /// The older files of the next release, by what they say.
    pending: Vec<Pending>,
}

/// Where a part of the changelog stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spot {
    /// In `changelog.json`, by its number in its list.
    Json(usize),
    /// In a file of an earlier version, from this line on.
    Older(PathBuf, usize),
}

/// An older file of the next release.
struct Pending {
    file: RepoRelPath,
    /// What it says, unknown keys and all.
    entries: Vec<serde_json::Value>,
    /// Where its entries begin in the list of the next release's.
    first: usize,
}

/// The texts that a changelog is read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Of `changelog.json`.
    json: Option<String>,
    /// Of the older files of the next release.
    pending: Vec<(RepoRelPath, String)>,
    /// Of the older files of releases.
    versions: Vec<(RepoRelPath, String)>,
}

impl Texts {
    /// Gets them, without a look at what they say.
    pub fn get(manifests: &Manifests) -> Result<Self, FsError> {
        let json = file().ok().map(|file| manifests.other(&file)).transpose()?.flatten();
        let (pending, versions) = (older(manifests, PENDING)?, older(manifests, VERSIONS)?);
        Ok(Self { json, pending, versions })
    }

    /// The changelog that they make, for a repository at `root`. What cannot be read of it is an error.
    pub fn read(self, root: &Path) -> anyhow::Result<Log> {
        let mut log = self.look(root);
        match log.unread.is_empty() {
            true => Ok(log),
            false => Err(log.unread.remove(0).into()),
        }
    }

    /// Whether both have the same `changelog.json`.
    pub fn same_json(&self, other: &Self) -> bool {
        self.json.is_some() && self.json == other.json
    }

    /// The others alone.
    pub fn without_json(self) -> Self {
        Self { json: None, ..self }
    }

    fn look(self, root: &Path) -> Log {
        Log::of(root, self.json.as_deref(), self.pending, self.versions)
    }
}

/// Reads the changelog. What cannot be read of it is an error.
pub fn read(manifests: &Manifests) -> anyhow::Result<Log> {
    Texts::get(manifests)?.read(manifests.root())
}

/// Reads what can be read of the changelog, and notes what cannot.
pub fn look(manifests: &Manifests) -> Result<Log, FsError> {
    Ok(Texts::get(manifests)?.look(manifests.root()))
}

/// The YAML files of a directory that earlier versions wrote, in the order of their names.
fn older(manifests: &Manifests, dir: &str) -> Result<Vec<(RepoRelPath, String)>, FsError> {
    let names = fs::list(&manifests.root().join(dir))?.unwrap_or_default();
    let mut files = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")) {
        let Ok(name) = format!("{dir}/{name}").parse::<RepoRelPath>() else { continue };
        files.extend(manifests.other(&name)?.map(|text| (name, text)));
    }
    Ok(files)
}

fn file() -> anyhow::Result<RepoRelPath> {
    FILE.parse().context("the changelog's name")
}

/// A release of `changelog.json` without its entries, which are read one by one.
#[derive(serde::Deserialize)]
struct Header {
    version: Version,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    base_digest: Option<String>,
}

impl Log {
    /// The changelog of these texts: of `changelog.json`, and of older files of the next release and of releases.
    pub fn of(
        root: &Path,
        json: Option<&str>,
        pending: Vec<(RepoRelPath, String)>,
        versions: Vec<(RepoRelPath, String)>,
    ) -> Self {
        let mut log = Self::default();
        if let Some(text) = json {
            log.read_json(&root.join(FILE), text);
        }
        for (name, text) in pending {
            log.read_pending(root, name, &text);
        }
        let mut read = Vec::new();
        for (name, text) in versions {
            let path = root.join(name.as_str());
            match yaml::release(&path, &text) {
                Ok(release) => read.push((path, release)),
                Err(error) => log.unread.push(error),
            }
        }
        read.sort_by_key(|(_, release)| std::cmp::Reverse(release.version));
        for (path, release) in read {
            let spot = |line| Spot::Older(path.clone(), line);
            let spots = release.entries.iter().map(|(line, _)| spot(*line)).collect();
            log.releases.push((spot(release.line), spots));
            log.changelog.versions.push(Release {
                version: release.version,
                date: release.date,
                entries: release.entries.into_iter().map(|(_, entry)| entry).collect(),
                base_digest: release.base_digest,
            });
        }
        log
    }

    fn read_json(&mut self, path: &Path, text: &str) {
        let sheet = match Sheet::parse(path, text) {
            Ok(sheet) => sheet,
            Err(error) => return self.unread.push(error),
        };
        let (spots, entries) = self.json_entries(&sheet, "unreleased");
        (self.unreleased, self.changelog.unreleased) = (spots, entries);
        let headers = sheet.each::<Header>("versions").unwrap_or_else(|error| vec![Err(error)]);
        for (index, header) in headers.into_iter().enumerate() {
            let Header { version, date, base_digest } = match header {
                Ok(header) => header.value,
                Err(error) => {
                    self.unread.push(error);
                    continue;
                }
            };
            let (spots, entries) = self.json_entries(&sheet, &format!("versions/{index}/entries"));
            self.releases.push((Spot::Json(index), spots));
            self.changelog.versions.push(Release { version, date, entries, base_digest });
        }
        self.json = Some(sheet);
    }

    fn json_entries(&mut self, sheet: &Sheet, list: &str) -> (Vec<Spot>, Vec<Entry>) {
        let read = sheet.each::<Entry>(list).unwrap_or_else(|error| vec![Err(error)]);
        let mut found = (Vec::new(), Vec::new());
        for (index, entry) in read.into_iter().enumerate() {
            match entry {
                Ok(entry) => {
                    found.0.push(Spot::Json(index));
                    found.1.push(entry.value);
                }
                Err(error) => self.unread.push(error),
            }
        }
        found
    }

    fn read_pending(&mut self, root: &Path, file: RepoRelPath, text: &str) {
        let path = root.join(file.as_str());
        match yaml::entries(&path, text) {
            Err(error) => self.unread.push(error),
            Ok(read) => {
                let first = self.unreleased.len();
                let mut entries = Vec::new();
                for (line, entry, json) in read {
                    self.unreleased.push(Spot::Older(path.clone(), line));
                    self.changelog.unreleased.push(entry);
                    entries.push(json);
                }
                self.pending.push(Pending { file, entries, first });
            }
        }
    }

    /// Everything that is wrong, with file and line: what could not be read, and what should not stand there.
    pub fn problems(&self) -> Vec<DocError> {
        let mut problems = self.unread.clone();
        let of_json =
            self.releases.iter().filter(|(spot, _)| matches!(spot, Spot::Json(_))).count();
        let versions = &self.changelog.versions;
        let json = Changelog {
            unreleased: self.changelog.unreleased.clone(),
            versions: versions[..of_json].to_vec(),
        };
        let mut flaws = json.flaws();
        for index in of_json..versions.len() {
            let one = Changelog { unreleased: Vec::new(), versions: vec![versions[index].clone()] };
            flaws.extend(one.flaws().into_iter().map(|(at, flaw)| match at {
                At::Released(_, entry) => (At::Released(index, entry), flaw),
                _ => (At::Release(index), flaw),
            }));
            let version = versions[index].version;
            if versions[..index].iter().any(|other| other.version == version) {
                flaws.push((At::Release(index), Flaw::Twice(version)));
            }
        }
        problems.extend(flaws.iter().map(|(at, flaw)| self.error(*at, flaw.field(), words(flaw))));
        problems
    }

    /// The drafts of the next release, with file and line.
    pub fn draft_places(&self) -> Vec<DocError> {
        let all = self.changelog.unreleased.iter().enumerate();
        all.filter(|(_, entry)| entry.draft)
            .map(|(index, entry)| {
                let text = gettext("“{message}” is a draft");
                let text = fill(&text, &[("message", &entry.message)]);
                self.error(At::Unreleased(index), "draft", text)
            })
            .collect()
    }

    fn error(&self, at: At, field: &str, what: String) -> DocError {
        let (spot, list) = match at {
            At::Unreleased(index) => (self.unreleased.get(index), "unreleased".to_owned()),
            At::Release(index) => {
                (self.releases.get(index).map(|(spot, _)| spot), "versions".to_owned())
            }
            At::Released(index, entry) => {
                let release = self.releases.get(index);
                let number = match release {
                    Some((Spot::Json(number), _)) => *number,
                    _ => index,
                };
                let spot = release.and_then(|(_, spots)| spots.get(entry));
                (spot, format!("versions/{number}/entries"))
            }
        };
        match (spot, &self.json) {
            (Some(Spot::Json(index)), Some(json)) => {
                json.error_of(&format!("{list}/{index}/{field}"), what)
            }
            (Some(Spot::Older(path, line)), _) => {
                DocError { path: path.clone(), line: *line, column: 1, what }
            }
            _ => DocError { path: FILE.into(), line: 1, column: 1, what },
        }
    }

    /// The releases, the newest first.
    pub fn newest_first(&self) -> Vec<&Release> {
        let mut releases: Vec<&Release> = self.changelog.versions.iter().collect();
        releases.sort_by_key(|release| std::cmp::Reverse(release.version));
        releases
    }

    /// The newest version that `changelog.json` has.
    pub fn newest_of_json(&self) -> Option<Version> {
        let all = self.releases.iter().zip(&self.changelog.versions);
        let json = all.filter(|((spot, _), _)| matches!(spot, Spot::Json(_)));
        json.map(|(_, release)| release.version).max()
    }

    /// The file that a version stands in, and how it is written there, as it can be looked for in the history.
    pub fn written(&self, root: &Path, version: Version) -> Option<(String, String)> {
        let index =
            self.changelog.versions.iter().position(|release| release.version == version)?;
        match &self.releases.get(index)?.0 {
            Spot::Json(index) => {
                let path = format!("versions/{index}/version");
                let text = self.json.as_ref()?.get(&path)?.as_str()?;
                Some((FILE.to_owned(), format!("\"{text}\"")))
            }
            Spot::Older(path, _) => {
                let path = path.strip_prefix(root).ok()?;
                Some((path.to_string_lossy().into_owned(), "version".to_owned()))
            }
        }
    }

    /// How many entries of the next release, the last ones, stand in older files.
    pub fn older(&self) -> usize {
        self.pending.iter().map(|file| file.entries.len()).sum()
    }

    /// Whether there is a changelog at all.
    pub fn is_there(&self) -> bool {
        self.json.is_some() || !self.pending.is_empty() || !self.releases.is_empty()
    }
}

/// What is wrong, for people.
pub fn words(flaw: &Flaw) -> String {
    let (text, value) = match flaw {
        Flaw::NoMessage => (gettext("the message says nothing"), String::new()),
        Flaw::NoCategory => (
            gettext("the category should be one word, such as a subsystem’s: flatpak-apps"),
            String::new(),
        ),
        Flaw::NoStep => (gettext("a manual step says nothing"), String::new()),
        Flaw::BadTime(text) => {
            (gettext("“{value}” is not a time, such as 2025-01-31T10:30:00Z"), text.clone())
        }
        Flaw::BadDate(text) => {
            (gettext("“{value}” is not a day, such as 2025-01-31"), text.clone())
        }
        Flaw::OtherDay(version) => {
            (gettext("the version {value} is of another day"), version.to_string())
        }
        Flaw::Twice(version) => {
            (gettext("the version {value} stands here twice"), version.to_string())
        }
        Flaw::OutOfOrder(version) => {
            (gettext("the version {value} is not in the order of the others"), version.to_string())
        }
        Flaw::DraftReleased => (gettext("a draft was released"), String::new()),
    };
    fill(&text, &[("value", &value)])
}

#[cfg(test)]
mod tests;
