//! The package repositories that dnf knows: `/etc/yum.repos.d/*.repo`, and the same directory as the image has it.
//!
//! The format is the one of `dnf.conf(5)`: groups, `key = value`, a value that goes on where a line begins with a space,
//! and comments that begin with `#` or `;`.

use std::collections::BTreeMap;
use std::path::Path;

use super::Host;
use super::fs::{self, FsError};

/// Where this machine has its repositories.
pub const DIR: &str = "/etc/yum.repos.d";
/// Where its image has them: what `/etc` is made from.
const IMAGE_DIR: &str = "/usr/etc/yum.repos.d";

/// One package repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepoSection {
    /// The name of the file it stands in.
    pub file: String,
    /// Its keys; a value of several lines has them joined by spaces.
    pub keys: BTreeMap<String, String>,
}

impl RepoSection {
    /// A value that is not empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A yes-or-no value; `None` also where it is neither.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)?.to_ascii_lowercase().as_str() {
            "1" | "yes" | "true" | "on" | "enabled" | "always" => Some(true),
            "0" | "no" | "false" | "off" | "disabled" | "never" => Some(false),
            _ => None,
        }
    }

    /// Whether packages come from it: as dnf has it where nothing is said.
    pub fn enabled(&self) -> bool {
        self.flag("enabled").unwrap_or(true)
    }

    /// The same but for where it stands.
    pub fn same(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

/// Repositories by their ids.
pub type RepoSections = BTreeMap<String, RepoSection>;

/// Reads one file. A line that is nothing dnf knows is passed over, as dnf does.
pub fn parse(file: &str, text: &str) -> RepoSections {
    let mut sections = RepoSections::new();
    let mut here: Option<(String, Option<String>)> = None;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(id) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let section = RepoSection { file: file.to_owned(), ..RepoSection::default() };
            sections.entry(id.0.to_owned()).or_insert(section);
            here = Some((id.0.to_owned(), None));
            continue;
        }
        let Some((id, last)) = &mut here else { continue };
        let Some(section) = sections.get_mut(id) else { continue };
        match (line.starts_with([' ', '\t']), &last, bare.split_once('=')) {
            (true, Some(key), _) => {
                let value = section.keys.entry(key.clone()).or_default();
                value.push(' ');
                value.push_str(bare);
            }
            (_, _, Some((key, value))) => {
                let key = key.trim().to_owned();
                section.keys.insert(key.clone(), value.trim().to_owned());
                *last = Some(key);
            }
            (_, _, None) => *last = None,
        }
    }
    sections
}

/// This machine's repositories, and those its image has; `None` where the image has no such directory, so that whose
/// they are cannot be told.
pub fn read(host: &Host) -> Result<(RepoSections, Option<RepoSections>), FsError> {
    Ok((read_dir(&host.path(DIR))?.unwrap_or_default(), read_dir(&host.path(IMAGE_DIR))?))
}

fn read_dir(dir: &Path) -> Result<Option<RepoSections>, FsError> {
    let Some(names) = fs::list(dir)? else { return Ok(None) };
    let mut sections = RepoSections::new();
    for name in names.iter().filter(|name| name.ends_with(".repo")) {
        let text = fs::read(&dir.join(name))?.unwrap_or_default();
        for (id, section) in parse(name, &text) {
            sections.entry(id).or_insert(section);
        }
    }
    Ok(Some(sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_read_as_dnf_reads_them() {
        let text = "# a\n[one]\nname = One\nbaseurl=https://a/\n  https://b/\n; c\nenabled=No\n\n[two]\nnonsense\n more\nenabled=maybe\ngpgkey=\n";
        let all = parse("x.repo", text);
        let one = &all["one"];
        assert_eq!(one.get("baseurl"), Some("https://a/ https://b/"));
        assert_eq!(
            (one.get("name"), one.enabled(), one.file.as_str()),
            (Some("One"), false, "x.repo")
        );
        let two = &all["two"];
        assert_eq!((two.enabled(), two.get("gpgkey"), two.flag("enabled")), (true, None, None));
        assert_eq!(two.keys.len(), 2);
        assert!(parse("x", "no=group\n").is_empty());
    }
}
