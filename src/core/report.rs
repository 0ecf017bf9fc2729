//! What every front end shows: the outcome of a survey, and its versioned JSON form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ignore::Ignored;
use super::item::{
    Barred, FieldSpec, ItemKey, Layer, Live, Notice, Pending, Reading, Record, SubsystemId, Wanted,
};
use super::merge::{Drift, FieldDrift, Merged, merge_item};

/// The version of the JSON form. It grows when a field changes its meaning or goes away, not when one is added.
pub const REPORT_VERSION: u32 = 1;

/// One item, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemReport {
    /// The item's key inside its subsystem.
    pub key: ItemKey,
    /// A name for people; the key where the system knows no better.
    pub title: String,
    /// What tells it from others of that name; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Something worth knowing beside the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it does not work, as the note says, though nothing need differ.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failing: bool,
    /// Whether it runs, where it is something that may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// How the item stands.
    pub state: Drift,
    /// Why the system's side is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// When what is applied comes into force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// Why the manifest's values cannot be in force on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barred: Option<Barred>,
    /// The fields of the system's side that could not be read: they are not compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Set where the person chose not to be told of this item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Ignored>,
    /// The layer that defines the item, or that says it is absent, where a manifest does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// The manifest's side; absent where no manifest has the item.
    pub wanted: Option<Record>,
    /// The system's side; absent where the system does not have the item or could not be read.
    pub live: Option<Record>,
    /// What both said when they last agreed.
    pub base: Option<Record>,
    /// Every compared field.
    pub fields: Vec<FieldDrift>,
}

impl ItemReport {
    /// Compares one item. `live` is `None` where the system is known not to have it; `skip` names fields to leave out.
    pub fn judge(
        specs: &[FieldSpec],
        key: ItemKey,
        base: Option<&Record>,
        wanted: Option<&Wanted>,
        live: Option<&Live>,
        ignored: Option<Ignored>,
        skip: &dyn Fn(&str) -> bool,
    ) -> Self {
        let (known, mut unknown) = match live.map(|live| &live.reading) {
            Some(Reading::Known(record)) => (Some(record), None),
            Some(Reading::Unknown(reason)) => (None, Some(reason.clone())),
            Some(Reading::Absent) | None => (None, None),
        };
        let base = base.filter(|_| !live.is_some_and(|live| live.afresh));
        let pending = live.and_then(|live| live.pending);
        // What no manifest wants is barred from nothing.
        let barred = live.and_then(|live| live.barred.clone()).filter(|_| wanted.is_some());
        let wanted_record = wanted.map(|wanted| &wanted.record);
        let unread = |field: &str| live.is_some_and(|live| live.unread.contains_key(field));
        let left_out = |field: &str| skip(field) || unread(field);
        let Merged { mut state, fields } = merge_item(specs, base, wanted_record, known, &left_out);
        // What else there is agrees, and whether this does nobody knows.
        let wants =
            |field: &String| wanted_record.is_some_and(|record| record.get(field).is_some());
        let mut open = live.iter().flat_map(|live| &live.unread).filter(|(field, _)| wants(field));
        if let (Drift::InSync, None, Some((_, reason))) = (state, &unknown, open.next()) {
            unknown = Some(reason.clone());
        }
        if unknown.is_some() {
            state = Drift::Unknown;
        } else if let (true, Some(barred)) = (state != Drift::InSync, &barred) {
            state = match barred {
                Barred::NotHere(_) => Drift::NotHere,
                Barred::Locked(_) => Drift::Locked,
            };
        } else if match pending {
            // The machine is as its image made it, and the next image is made from the manifest.
            Some(Pending::ImageBuild) => wanted.is_some(),
            Some(Pending::LogOut | Pending::Reboot) => state == Drift::InSync,
            None => false,
        } {
            state = Drift::Pending;
        }
        Self {
            title: live.and_then(|live| live.title.clone()).unwrap_or_else(|| key.to_string()),
            detail: String::new(),
            note: live.and_then(|live| {
                live.note.clone().or_else(|| live.unread.values().next().cloned())
            }),
            failing: live.is_some_and(|live| live.failing),
            running: live.and_then(|live| live.running),
            key,
            state,
            unknown,
            pending,
            barred,
            unread: live.map_or_else(Vec::new, |live| live.unread.keys().cloned().collect()),
            ignored,
            layer: wanted.map(|wanted| wanted.layer.clone()),
            wanted: wanted_record.cloned(),
            live: known.cloned(),
            base: base.cloned(),
            fields,
        }
    }

    /// Whether the next image brings what the manifest says of it.
    pub fn comes_with_image(&self) -> bool {
        self.state == Drift::Pending && self.pending == Some(Pending::ImageBuild)
    }

    /// Whether this item asks for attention: it differs and is not ignored.
    pub fn counts(&self) -> bool {
        self.state.differs() && self.ignored.is_none()
    }
}

/// Whether a subsystem could be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum Availability {
    /// Both sides were read.
    Compared,
    /// The tool or service it belongs to is not on this machine.
    Unavailable {
        /// What is missing.
        reason: String,
        /// What to do about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// One side could not be read.
    Failed {
        /// What went wrong, with file, line and column where they are known.
        reason: String,
        /// What to do about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
}

/// One subsystem, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubsystemReport {
    /// The subsystem.
    pub id: SubsystemId,
    /// Whether it could be compared. Where it is unavailable, the items are those that a manifest wants, all
    /// unknown; where it failed, there are none.
    pub availability: Availability,
    /// Parts of the system's side that could not be read, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// What is worth knowing about all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// All items of either side, in key order.
    pub items: Vec<ItemReport>,
}

impl SubsystemReport {
    /// The items that ask for attention.
    pub fn drifted(&self) -> impl Iterator<Item = &ItemReport> {
        self.items.iter().filter(|item| item.counts())
    }

    /// The items that could not be read, and are not ignored.
    pub fn unknown(&self) -> impl Iterator<Item = &ItemReport> {
        self.items.iter().filter(|item| item.state == Drift::Unknown && item.ignored.is_none())
    }

    /// Whether something could not be read. A tool that is missing is no failure while no manifest wants it.
    pub fn failed(&self) -> bool {
        matches!(self.availability, Availability::Failed { .. })
            || !self.unread.is_empty()
            || self.unknown().next().is_some()
    }
}

/// The outcome of a survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The repository's directory.
    pub repository: String,
    /// The host name whose layer was used.
    pub host: String,
    /// When the system was read, RFC 3339.
    pub checked_at: String,
    /// The subsystems, in the registry's order.
    pub subsystems: Vec<SubsystemReport>,
}

impl Report {
    /// One subsystem's part.
    pub fn subsystem(&self, id: &SubsystemId) -> Option<&SubsystemReport> {
        self.subsystems.iter().find(|report| &report.id == id)
    }

    /// One item.
    pub fn item(&self, id: &SubsystemId, key: &ItemKey) -> Option<&ItemReport> {
        self.subsystem(id)?.items.iter().find(|item| &item.key == key)
    }

    /// The same report, with the subsystems of a later one in the place of its own.
    pub fn updated(mut self, later: Self) -> Self {
        for new in later.subsystems {
            match self.subsystems.iter_mut().find(|old| old.id == new.id) {
                Some(old) => *old = new,
                None => self.subsystems.push(new),
            }
        }
        Self { subsystems: self.subsystems, ..later }
    }

    /// How many items ask for attention.
    pub fn drifted(&self) -> usize {
        self.subsystems.iter().map(|s| s.drifted().count()).sum()
    }

    /// Whether part of the machine or of the manifests could not be read that somebody wants something of.
    pub fn failed(&self) -> bool {
        self.subsystems.iter().any(SubsystemReport::failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::item::LeftOut;

    const SPECS: &[FieldSpec] = &[
        FieldSpec { name: "image", left_out: LeftOut::Default },
        FieldSpec { name: "packages", left_out: LeftOut::Default },
    ];

    fn judge(wanted: Record, live: Record) -> ItemReport {
        let wanted = Wanted { record: wanted, layer: Layer::Shared };
        let live = Live::known(live).without("packages", "it does not run");
        let none = |_: &str| false;
        ItemReport::judge(SPECS, ItemKey::new("a"), None, Some(&wanted), Some(&live), None, &none)
    }

    #[test]
    fn a_field_that_cannot_be_read_is_unknown_where_all_else_agrees() {
        let of = |image: &str| Record::new().with("image", image);
        let item = judge(of("x").with("packages", "vim"), of("x"));
        assert_eq!(item.state, Drift::Unknown);
        assert_eq!(item.unknown.as_deref(), Some("it does not run"));
        // What differs is said, and the field is no part of it.
        let item = judge(of("x").with("packages", "vim"), of("y"));
        assert_eq!(item.state, Drift::Conflict);
        assert_eq!((item.fields.len(), item.note.as_deref()), (1, Some("it does not run")));
        // Nobody asked for it.
        assert_eq!(judge(of("x"), of("x")).state, Drift::InSync);
    }
}
