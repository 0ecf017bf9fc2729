//! A repository's file in `/etc/yum.repos.d`: what is compared of it, and how it is written.

use super::entry::{ENABLED, FIELDS};
use crate::core::item::{Record, Value};
use crate::core::names::RepoId;
use crate::host::yum::{self, RepoSection};

/// A repository as dnf's file has it.
pub(super) fn record(section: &RepoSection) -> Record {
    let mut record = Record::new();
    for (field, key) in FIELDS {
        if let Some(text) = section.get(key) {
            record.set(field, text);
        }
    }
    if !section.enabled() {
        record.set(ENABLED, false);
    }
    record
}

/// The file of a repository, as an image or a machine gets it.
pub(super) fn text(name: &RepoId, record: &Record) -> String {
    let title = record.text("display_name").unwrap_or(name.as_str());
    let mut text = format!("[{name}]\nname={title}\n");
    if let Some(url) = record.text("baseurl") {
        text += &format!("baseurl={url}\n");
    }
    let enabled = record.get(ENABLED) != Some(&Value::Flag(false));
    text += &format!("enabled={}\n", u8::from(enabled));
    match record.text("gpg_key") {
        Some(key) => text + &format!("gpgcheck=1\ngpgkey={key}\n"),
        None => text + "gpgcheck=0\n",
    }
}

/// Where it stands.
pub(super) fn path(name: &RepoId) -> String {
    format!("{}/{name}.repo", yum::DIR)
}

/// Whether a repository says no more than what is written of it, so that it can be written again as it was.
pub(super) fn is_whole(name: &RepoId, section: &RepoSection) -> bool {
    let again = yum::parse(&section.file, &text(name, &record(section)));
    let mut was = section.clone();
    // So it is where nothing is said.
    was.keys.entry("enabled".to_owned()).or_insert_with(|| "1".to_owned());
    again.get(name.as_str()).is_some_and(|again| again.same(&was))
}
