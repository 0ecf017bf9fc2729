//! The package repositories that dnf knows: `/etc/yum.repos.d/*.repo` and the like, and the same as the image has them.
//!
//! dnf looks into several directories: that of the person, that of the distribution, and, if it is dnf5, the one below
//! `/usr` that packages put theirs into. Of two repositories of one id the one that is found first counts.
//!
//! The format is the one of `dnf.conf(5)`: groups, `key = value`, a value that goes on where a line begins with a space,
//! and comments that begin with `#` or `;`.
//!
//! What dnf5 calls overrides is laid over that: files of the same format in `repos.override.d`, whose groups name
//! repositories by their ids or by patterns of them. `dnf config-manager setopt` writes there instead of into the
//! repository's own file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Host;
use super::fs::{self, FsError};

/// Where this machine has its repositories.
pub const DIR: &str = "/etc/yum.repos.d";
/// Where a distribution may have its own.
const DISTRIBUTION: &str = "/etc/distro.repos.d";
/// Where packages put theirs, as dnf5 has it: only an image changes them.
const SHIPPED: &str = "/usr/share/dnf5/repos.d";
/// The directories that dnf5 looks into, in its order.
const DIRS: [&str; 3] = [DIR, DISTRIBUTION, SHIPPED];
/// What `/etc` is made from.
const IMAGE_ETC: &str = "/usr/etc";
/// The same directories as the image has them.
const IMAGE_DIRS: [&str; 3] = ["/usr/etc/yum.repos.d", "/usr/etc/distro.repos.d", SHIPPED];
/// The directories, with those of [`OVERRIDES`], in which repositories change while a machine runs.
pub const WATCHED: [&str; 3] = [DIR, DISTRIBUTION, OVERRIDES];

/// Where this machine has its overrides.
pub const OVERRIDES: &str = "/etc/dnf/repos.override.d";
/// Where its image has them.
const IMAGE_OVERRIDES: &str = "/usr/etc/dnf/repos.override.d";
/// Where packages put overrides of their own: a file of the same name in the directory above stands for one there.
const SHIPPED_OVERRIDES: &str = "/usr/share/dnf5/repos.override.d";

/// One package repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepoSection {
    /// The path of the file it stands in, on the machine.
    pub file: String,
    /// Its keys; a value of several lines has them joined by spaces.
    pub keys: BTreeMap<String, String>,
    /// The keys whose values are of an override, each with the override's file.
    pub overridden: BTreeMap<String, String>,
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

    /// Whether it stands where only an image can change it.
    pub fn is_shipped(&self) -> bool {
        Path::new(&self.file).starts_with(SHIPPED)
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
    parse_in_order(file, text).into_iter().collect()
}

/// Reads one file; the groups in its order.
fn parse_in_order(file: &str, text: &str) -> Vec<(String, RepoSection)> {
    let mut sections: Vec<(String, RepoSection)> = Vec::new();
    let mut here: Option<(usize, Option<String>)> = None;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(id) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let at = sections.iter().position(|one| one.0 == id.0).unwrap_or(sections.len());
            if at == sections.len() {
                let section = RepoSection { file: file.to_owned(), ..RepoSection::default() };
                sections.push((id.0.to_owned(), section));
            }
            here = Some((at, None));
            continue;
        }
        let Some((at, last)) = &mut here else { continue };
        let Some((_, section)) = sections.get_mut(*at) else { continue };
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

/// This machine's repositories, and those its image has; `None` where nothing is there of what `/etc` was made from, so
/// that whose they are cannot be told.
pub fn read(host: &Host) -> Result<(RepoSections, Option<RepoSections>), FsError> {
    let mut here = read_dirs(host, DIRS)?.unwrap_or_default();
    override_with(host, &mut here, OVERRIDES)?;
    let mut image = match host.path(IMAGE_ETC).exists() {
        true => read_dirs(host, IMAGE_DIRS)?,
        false => None,
    };
    if let Some(image) = &mut image {
        override_with(host, image, IMAGE_OVERRIDES)?;
    }
    Ok((here, image))
}

/// Lays the overrides in `own`, and those that packages ship, over repositories: in the order of the files' names.
fn override_with(host: &Host, sections: &mut RepoSections, own: &str) -> Result<(), FsError> {
    let names_in = |dir: &str| fs::list(&host.path(dir)).map(Option::unwrap_or_default);
    let (first, second) = (names_in(own)?, names_in(SHIPPED_OVERRIDES)?);
    let names: BTreeSet<&String> = first.iter().chain(&second).collect();
    for name in names.into_iter().filter(|name| name.ends_with(".repo")) {
        let dir = if first.contains(name) { own } else { SHIPPED_OVERRIDES };
        let path = format!("{dir}/{name}");
        let text = fs::read(&host.path(&path))?.unwrap_or_default();
        for (pattern, says) in parse_in_order(name, &text) {
            for (_, section) in sections.iter_mut().filter(|one| matches(&pattern, one.0)) {
                for (key, value) in &says.keys {
                    section.keys.insert(key.clone(), value.clone());
                    section.overridden.insert(key.clone(), path.clone());
                }
            }
        }
    }
    Ok(())
}

/// Whether an id is one that a pattern means: `*` stands for any letters, `?` for one.
fn matches(pattern: &str, id: &str) -> bool {
    let (pattern, id) = (pattern.as_bytes(), id.as_bytes());
    let (mut at, mut here) = (0, 0);
    // Where the last “*” stands, and how far it has been stretched.
    let mut star = None;
    while here < id.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(letter) if *letter == b'?' || *letter == id[here] => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((place, stretched)) = star else { return false };
                star = Some((place, stretched + 1));
                (at, here) = (place + 1, stretched + 1);
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

/// The repositories of several directories, the first one having its way; `None` where none of them is there.
fn read_dirs(host: &Host, dirs: [&str; 3]) -> Result<Option<RepoSections>, FsError> {
    let mut sections = None;
    for dir in dirs {
        let Some(names) = fs::list(&host.path(dir))? else { continue };
        let sections = sections.get_or_insert_with(RepoSections::new);
        for name in names.iter().filter(|name| name.ends_with(".repo")) {
            let file = format!("{dir}/{name}");
            let text = fs::read(&host.path(&file))?.unwrap_or_default();
            for (id, section) in parse(&file, &text) {
                sections.entry(id).or_insert(section);
            }
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;

    #[test]
    fn patterns_mean_what_they_say() {
        for (pattern, id) in [
            ("*", ""),
            ("fedora", "fedora"),
            ("*-source", "updates-source-source"),
            ("a?c*e*", "abcdxe"),
            ("**", "x"),
        ] {
            assert!(matches(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in [("fedora", "fedora-x"), ("?", ""), ("a*b", "acbd"), ("*ab", "aab-")] {
            assert!(!matches(pattern, id), "{pattern} {id}");
        }
    }

    #[test]
    fn overrides_are_laid_over_repositories_in_the_order_of_their_names() {
        let machine = Machine::new();
        machine.file("etc/yum.repos.d/a.repo", "[a-1]\nenabled=1\ncost=1\n[a-2]\n[b]\n");
        machine.file("usr/etc/yum.repos.d/a.repo", "[a-1]\n");
        machine.file("etc/dnf/repos.override.d/50-x.repo", "[b]\nenabled=1\n[*]\nenabled=0\n");
        machine.file("etc/dnf/repos.override.d/99-y.repo", "[a-?]\nenabled=1\n[no]\nenabled=1\n");
        machine.file("etc/dnf/repos.override.d/99-y.conf", "[*]\nenabled=0\n");
        machine.file("usr/share/dnf5/repos.override.d/60-z.repo", "[a-1]\ncost=2\n[b]\ncost=3\n");
        machine.file("usr/share/dnf5/repos.override.d/99-y.repo", "[*]\nenabled=0\n");
        let (here, image) = read(&machine.host()).unwrap();
        let on: Vec<_> = here.iter().map(|(id, one)| (id.as_str(), one.enabled())).collect();
        assert_eq!(on, [("a-1", true), ("a-2", true), ("b", false)]);
        assert_eq!((here["a-1"].get("cost"), here["b"].get("cost")), (Some("2"), Some("3")));
        let of = |key: &str| here["b"].overridden.get(key).map(String::as_str);
        assert_eq!(of("enabled"), Some("/etc/dnf/repos.override.d/50-x.repo"));
        assert_eq!(of("cost"), Some("/usr/share/dnf5/repos.override.d/60-z.repo"));
        // What the image ships counts for it too, and nothing of /etc does.
        assert!(!image.unwrap()["a-1"].enabled());
    }

    #[test]
    fn repositories_are_read_from_every_directory_that_dnf_reads() {
        let machine = Machine::new();
        machine.file("etc/yum.repos.d/z.repo", "[a]\nenabled=0\n");
        machine.file("usr/share/dnf5/repos.d/a.repo", "[a]\n[b]\n[c]\n");
        // Whose they are cannot be told without the image's own `/etc`.
        assert_eq!(read(&machine.host()).unwrap().1, None);
        machine.file("etc/distro.repos.d/a.repo", "[b]\ncost=1\n");
        machine.file("usr/etc/distro.repos.d/a.repo", "[b]\ncost=2\n");
        machine.file("etc/dnf/repos.override.d/1.repo", "[c]\nenabled=0\n");
        let (here, image) = read(&machine.host()).unwrap();
        let image = image.unwrap();
        let files: Vec<_> = here.values().map(|one| one.file.as_str()).collect();
        assert_eq!(
            files,
            [
                "/etc/yum.repos.d/z.repo",
                "/etc/distro.repos.d/a.repo",
                "/usr/share/dnf5/repos.d/a.repo"
            ]
        );
        assert_eq!((here["a"].enabled(), here["c"].enabled()), (false, false));
        assert_eq!(here["b"].get("cost"), Some("1"));
        assert_eq!((image["a"].enabled(), image["c"].enabled()), (true, true));
        assert_eq!(image["b"].get("cost"), Some("2"));
        assert!(image["a"].is_shipped() && here["c"].is_shipped() && !here["b"].is_shipped());
    }

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
