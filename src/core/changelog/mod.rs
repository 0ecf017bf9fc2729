//! The changelog: what each release of the distribution brought, and what is written down for the next one.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod draft;
mod version;

pub use draft::{Described, Joined, drafts, join, settle};
pub use version::{InvalidVersion, Version};

/// What kind of change an entry tells of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something new.
    Added,
    /// Something is other than it was.
    Changed,
    /// Something will go away.
    Deprecated,
    /// Something is gone.
    Removed,
    /// Something that did not work does.
    Fixed,
    /// Something that was not safe is.
    Security,
}

impl Kind {
    /// All kinds, in the order they are shown.
    pub const ALL: [Self; 6] =
        [Self::Security, Self::Added, Self::Changed, Self::Deprecated, Self::Removed, Self::Fixed];

    /// How it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Deprecated => "deprecated",
            Self::Removed => "removed",
            Self::Fixed => "fixed",
            Self::Security => "security",
        }
    }
}

/// The pull request that an entry came with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PullRequest {
    /// Its number on the forge.
    Number(u64),
    /// Its address.
    Address(String),
}

/// One change, told to the people who get the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// When it was written, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What kind of change it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The subsystem it belongs to: `flatpak-apps`.
    pub category: String,
    /// What changed, in one sentence.
    pub message: String,
    /// The command that made the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The pull request it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pr: Option<PullRequest>,
    /// Whether somebody still has to look at it: a draft is not released.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// What everybody who gets the image has to do by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manual_steps: Vec<String>,
    /// The item whose change was described, where that was done for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The words that the change was described with, which `message` may have been since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafted: Option<String>,
}

/// A version that was released, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// The day, or the time, of the release: `2025-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What came with it.
    #[serde(default, alias = "changes")]
    pub entries: Vec<Entry>,
    /// The digest of the base image that it was built on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_digest: Option<String>,
}

/// `changelog.json`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changelog {
    /// What the next release brings.
    #[serde(default)]
    pub unreleased: Vec<Entry>,
    /// What was released.
    #[serde(default)]
    pub versions: Vec<Release>,
}

/// Where in a changelog something is wrong, by the numbers of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// An entry of the next release.
    Unreleased(usize),
    /// A release itself.
    Release(usize),
    /// An entry of a release.
    Released(usize, usize),
}

/// What is wrong with an entry or a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The message says nothing.
    NoMessage,
    /// The category is empty, or no single word.
    NoCategory,
    /// A manual step says nothing.
    NoStep,
    /// The time cannot be read.
    BadTime(String),
    /// The release's date is no day.
    BadDate(String),
    /// The release's date is another day than its version says.
    OtherDay(Version),
    /// The version stands there twice.
    Twice(Version),
    /// The versions are neither in the order of their release nor in the opposite one.
    OutOfOrder(Version),
    /// A draft was released.
    DraftReleased,
}

impl Flaw {
    /// The field it is about; empty for all of the entry.
    pub fn field(&self) -> &'static str {
        match self {
            Self::NoMessage => "message",
            Self::NoCategory => "category",
            Self::NoStep => "manual_steps",
            Self::BadTime(_) => "timestamp",
            Self::BadDate(_) | Self::OtherDay(_) => "date",
            Self::Twice(_) | Self::OutOfOrder(_) => "version",
            Self::DraftReleased => "draft",
        }
    }
}

impl Entry {
    /// What is wrong with it.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.message.trim().is_empty() {
            flaws.push(Flaw::NoMessage);
        }
        if !is_category(&self.category) {
            flaws.push(Flaw::NoCategory);
        }
        if self.manual_steps.iter().any(|step| step.trim().is_empty()) {
            flaws.push(Flaw::NoStep);
        }
        if let Some(time) = self.timestamp.as_ref().filter(|time| day(time).is_none()) {
            flaws.push(Flaw::BadTime(time.clone()));
        }
        flaws
    }
}

impl Changelog {
    /// The newest version that was released.
    pub fn newest(&self) -> Option<Version> {
        self.versions.iter().map(|release| release.version).max()
    }

    /// One release.
    pub fn release(&self, version: Version) -> Option<&Release> {
        self.versions.iter().find(|release| release.version == version)
    }

    /// The entries that somebody still has to look at.
    pub fn drafts(&self) -> impl Iterator<Item = &Entry> {
        self.unreleased.iter().filter(|entry| entry.draft)
    }

    /// Everything that is wrong with it, in its own order. A draft of the next release is not: [`Self::drafts`].
    pub fn flaws(&self) -> Vec<(At, Flaw)> {
        let mut flaws = Vec::new();
        let mut note = |at: At, found: Vec<Flaw>| {
            flaws.extend(found.into_iter().map(|flaw| (at, flaw)));
        };
        for (index, entry) in self.unreleased.iter().enumerate() {
            note(At::Unreleased(index), entry.flaws());
        }
        for (index, release) in self.versions.iter().enumerate() {
            note(At::Release(index), release.flaws());
            let twice = self.versions[..index].iter().any(|other| other.version == release.version);
            if twice {
                note(At::Release(index), vec![Flaw::Twice(release.version)]);
            } else if self.out_of_order(index) {
                note(At::Release(index), vec![Flaw::OutOfOrder(release.version)]);
            }
            for (entry_index, entry) in release.entries.iter().enumerate() {
                let at = At::Released(index, entry_index);
                note(at, entry.flaws());
                if entry.draft {
                    note(at, vec![Flaw::DraftReleased]);
                }
            }
        }
        flaws
    }

    /// Whether the release at `index` stands on the wrong side of the one before it, by the direction that the first two
    /// that differ go.
    fn out_of_order(&self, index: usize) -> bool {
        let newest_first = self.newest_first();
        let Some(before) = index.checked_sub(1).map(|before| self.versions[before].version) else {
            return false;
        };
        let here = self.versions[index].version;
        if newest_first { here > before } else { here < before }
    }

    /// Whether the newest version is the first one: so unless the first two say otherwise.
    pub fn newest_first(&self) -> bool {
        match self.versions.as_slice() {
            [first, second, ..] => first.version >= second.version,
            _ => true,
        }
    }
}

impl Release {
    fn flaws(&self) -> Vec<Flaw> {
        match self.date.as_ref().map(|date| (date, day(date))) {
            None => Vec::new(),
            Some((date, None)) => vec![Flaw::BadDate(date.clone())],
            Some((_, Some(day))) if day != self.version.date => {
                vec![Flaw::OtherDay(self.version)]
            }
            Some(_) => Vec::new(),
        }
    }
}

/// Whether a text can be a category: one word, so that it can be typed and looked for.
pub fn is_category(text: &str) -> bool {
    let fit = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().all(fit)
}

/// The day of a date or of a time; a time with a zone is the day it was in UTC.
fn day(text: &str) -> Option<Date> {
    match text.parse::<Timestamp>() {
        Ok(time) => Some(time.to_zoned(TimeZone::UTC).date()),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changelog(json: serde_json::Value) -> Changelog {
        serde_json::from_value(json).unwrap()
    }

    fn entry() -> serde_json::Value {
        json!({ "timestamp": "2025-01-02T10:30:00Z", "type": "added", "category": "shims", "message": "x" })
    }

    #[test]
    fn what_is_wrong_is_found_where_it_is() {
        let mut bad = entry();
        bad["message"] = " ".into();
        bad["category"] = "two words".into();
        bad["timestamp"] = "yesterday".into();
        bad["manual_steps"] = json!(["one", ""]);
        let mut draft = entry();
        draft["draft"] = true.into();
        let log = changelog(json!({
            "unreleased": [entry(), bad, draft],
            "versions": [
                { "version": "2025.01.10.2", "date": "2025-01-10", "entries": [draft] },
                { "version": "2025.01.10.1", "date": "2025-01-11", "entries": [] },
                { "version": "2025.01.10.10", "date": "soon" },
                { "version": "2025.01.10.2", "date": "2025-01-10T23:00:00Z" },
            ],
        }));
        let v = |text: &str| text.parse::<Version>().unwrap();
        assert_eq!(
            log.flaws(),
            [
                (At::Unreleased(1), Flaw::NoMessage),
                (At::Unreleased(1), Flaw::NoCategory),
                (At::Unreleased(1), Flaw::NoStep),
                (At::Unreleased(1), Flaw::BadTime("yesterday".to_owned())),
                (At::Released(0, 0), Flaw::DraftReleased),
                (At::Release(1), Flaw::OtherDay(v("2025.01.10.1"))),
                (At::Release(2), Flaw::BadDate("soon".to_owned())),
                (At::Release(2), Flaw::OutOfOrder(v("2025.01.10.10"))),
                (At::Release(3), Flaw::Twice(v("2025.01.10.2"))),
            ]
        );
        assert_eq!(log.newest(), Some(v("2025.01.10.10")));
        assert_eq!(log.drafts().count(), 1);
    }

    #[test]
    fn versions_may_stand_in_either_order() {
        let release = |version: &str| json!({ "version": version, "date": null, "entries": [] });
        let of = |versions: &[&str]| {
            let versions: Vec<_> = versions.iter().map(|version| release(version)).collect();
            changelog(json!({ "versions": versions }))
        };
        assert_eq!(of(&["2025.01.10.10", "2025.01.10.9", "2024.12.31.1"]).flaws(), []);
        assert_eq!(of(&["2024.12.31.1", "2025.01.10.9", "2025.01.10.10"]).flaws(), []);
        assert_eq!(of(&["2025.01.10.9", "2025.01.10.10", "2024.12.31.1"]).flaws().len(), 1);
    }

    #[test]
    fn a_type_that_there_is_not_is_an_error() {
        let mut bad = entry();
        bad["type"] = "improved".into();
        let error = serde_json::from_value::<Entry>(bad).unwrap_err();
        assert!(error.to_string().contains("unknown variant `improved`"), "{error}");
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
