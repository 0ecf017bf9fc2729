//! What `ask.sh` prints: sections of lines, each a package as one package manager names it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::Manager;
use crate::core::names::BoxPackage;

/// What is installed in one place: a box, or an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its package manager.
    pub manager: Manager,
    /// What was asked for by name.
    pub chosen: BTreeSet<BoxPackage>,
    /// Everything that is there.
    pub all: BTreeSet<BoxPackage>,
    /// The groups of packages that were installed, where dnf5 has noted them.
    pub groups: Option<BTreeSet<String>>,
    /// Commands that distrobox looks for and that are not there.
    pub lacks: BTreeSet<String>,
    /// Lines that are no package, and no message either.
    pub unread: Vec<String>,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It has none of the package managers that can be asked.
    #[error("none of the package managers dnf, apt, pacman, apk and zypper is there")]
    NoManager,
    /// The answer has no end.
    #[error("the answer ends too early")]
    Short,
}

/// Reads what `ask.sh` printed. Where a package should be, a line that has no mark, or several words where there are no
/// marks, is a message of the package manager.
pub fn parse(said: &str) -> Result<Listed, Wrong> {
    let sections = Sections::of(said);
    if !sections.ended {
        return Err(Wrong::Short);
    }
    let manager = sections.lines("manager").find_map(manager).ok_or(Wrong::NoManager)?;
    let native = sections.lines("native").find(|line| is_word(line)).unwrap_or_default();
    let (mut all, mut chosen, mut unread) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (section, line) in &sections.lines {
        let to = match *section {
            "all" => &mut all,
            "chosen" => &mut chosen,
            _ => continue,
        };
        match package(manager, native, line) {
            Ok(Some(one)) => {
                // dnf5 tells everything in one list.
                if one.by_name {
                    chosen.insert(one.package.clone());
                    all.insert(one.package);
                } else {
                    to.insert(one.package);
                }
            }
            Ok(None) => (),
            Err(line) => unread.push(line),
        }
    }
    if manager == Manager::Zypper {
        // The file has names without architectures.
        let auto: BTreeSet<&str> = sections.lines("auto").map(str::trim).collect();
        let is_auto = |name: &str| {
            auto.contains(name)
                || name.rsplit_once('.').is_some_and(|(name, _)| auto.contains(name))
        };
        chosen = all.iter().filter(|one| !is_auto(one.as_str())).cloned().collect();
    }
    let lacks = sections.lines("lacks").map(|line| line.trim().to_owned()).collect();
    let groups = match groups(&sections) {
        Ok(groups) => groups,
        Err(why) => {
            unread.push(why);
            None
        }
    };
    Ok(Listed { manager, chosen, all, groups, lacks, unread })
}

/// The groups and environments that dnf5 has noted, each file a section; none where it has noted nothing.
fn groups(sections: &Sections<'_>) -> Result<Option<BTreeSet<String>>, String> {
    let mut groups = None;
    for name in ["groups", "environments"] {
        let lines: Vec<&str> = sections.lines(name).collect();
        if lines.is_empty() {
            continue;
        }
        let table: toml::Table = lines
            .join("\n")
            .parse()
            .map_err(|error: toml::de::Error| format!("{name}.toml: {}", error.message()))?;
        let names = table.get(name).and_then(toml::Value::as_table);
        let names = names.into_iter().flat_map(toml::Table::keys).cloned();
        groups.get_or_insert_with(BTreeSet::new).extend(names);
    }
    Ok(groups)
}

/// A package of a line.
struct Found {
    package: BoxPackage,
    /// Whether the line says that it was asked for by name.
    by_name: bool,
}

/// The package of a line: none where the line is a message, or tells of what is no package; the line where it is odd.
fn package(manager: Manager, native: &str, line: &str) -> Result<Option<Found>, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, arch, by_name) = match (manager, &words[..]) {
        (Manager::Dnf5 | Manager::Dnf4 | Manager::Zypper, ["=", KEYS, ..]) => return Ok(None),
        (Manager::Dnf5, ["=", name, arch, reason @ ..]) => {
            (*name, Some(*arch), BY_NAME.contains(&reason.join(" ").as_str()))
        }
        (Manager::Dnf4 | Manager::Zypper, ["=", name, arch]) => (*name, Some(*arch), false),
        // What is removed may leave its settings behind.
        (Manager::Apt, ["=", status, _, _]) if !THERE.contains(status) => return Ok(None),
        (Manager::Apt, ["=", _, name, arch]) => (*name, Some(*arch), false),
        (_, ["=", ..]) => return Err(line.to_owned()),
        // apt names the architecture only where it is a foreign one.
        (Manager::Apt, [name]) => match name.split_once(':') {
            Some((name, arch)) => (name, Some(arch), false),
            None => (*name, None, false),
        },
        (Manager::Apk, [wish]) => match wished(wish) {
            Some(name) => (name, None, false),
            None => return Ok(None),
        },
        (Manager::Pacman, [name]) => (*name, None, false),
        _ => return Ok(None),
    };
    let package = named(manager, name, arch, native).ok_or_else(|| line.to_owned())?;
    Ok(Some(Found { package, by_name }))
}

/// What rpm keeps as packages beside them: the keys it trusts.
const KEYS: &str = "gpg-pubkey";
/// The states of dpkg in which a package is there and works.
const THERE: [&str; 3] = ["installed", "triggers-awaited", "triggers-pending"];
/// The reasons of dnf5 for packages that somebody named: to dnf5, or to rpm itself.
const BY_NAME: [&str; 2] = ["User", "External User"];

fn manager(line: &str) -> Option<Manager> {
    Some(match line.trim() {
        "dnf5" => Manager::Dnf5,
        "dnf" => Manager::Dnf4,
        "apt-mark" => Manager::Apt,
        "pacman" => Manager::Pacman,
        "apk" => Manager::Apk,
        "zypper" => Manager::Zypper,
        _ => return None,
    })
}

fn is_word(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// A package, with its architecture where that is not the system's own.
fn named(manager: Manager, name: &str, arch: Option<&str>, native: &str) -> Option<BoxPackage> {
    let name: BoxPackage = name.parse().ok()?;
    match arch {
        None | Some("noarch" | "all" | "(none)") => Some(name),
        Some(arch) if arch == native => Some(name),
        Some(arch) if !is_word(arch) => None,
        Some(arch) if manager == Manager::Apt => format!("{name}:{arch}").parse().ok(),
        Some(arch) => format!("{name}.{arch}").parse().ok(),
    }
}

/// The package of a line in apk's `world`, which may ask for versions or a repository: `name>=1.2@edge`. What is not
/// wanted, `!name`, and groups that only exist there, `.name`, are none.
fn wished(wish: &str) -> Option<&str> {
    let name = wish.split(['=', '<', '>', '~', '@']).next().unwrap_or_default();
    (!name.is_empty() && !name.starts_with(['!', '.', '#'])).then_some(name)
}

/// The lines of an answer, by their sections.
struct Sections<'a> {
    lines: Vec<(&'a str, &'a str)>,
    ended: bool,
}

impl<'a> Sections<'a> {
    fn of(said: &'a str) -> Self {
        let mut sections = Self { lines: Vec::new(), ended: false };
        let mut section = "";
        for line in said.lines() {
            match line.strip_prefix("# ") {
                Some("end") => {
                    sections.ended = true;
                    break;
                }
                Some(name) if NAMES.contains(&name) => section = name,
                _ => sections.lines.push((section, line)),
            }
        }
        sections
    }

    fn lines(&self, section: &str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(move |(name, _)| *name == section).map(|(_, line)| *line)
    }
}

/// The sections that there are.
const NAMES: [&str; 8] =
    ["manager", "native", "all", "chosen", "auto", "groups", "environments", "lacks"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(packages: &BTreeSet<BoxPackage>) -> String {
        packages.iter().map(BoxPackage::as_str).collect::<Vec<_>>().join(" ")
    }

    fn said(manager: &str, native: &str, all: &str, chosen: &str, auto: &str) -> String {
        let mut said = format!("# manager\n{manager}\n");
        for (name, lines) in [("native", native), ("all", all), ("chosen", chosen), ("auto", auto)]
        {
            if !lines.is_empty() {
                said.push_str(&format!("# {name}\n{lines}\n"));
            }
        }
        said + "# lacks\nbc\nzsh\n# end\n"
    }

    #[test]
    fn each_package_manager_is_understood() {
        // As each of them prints it.
        let dnf5 = "Updating and loading repositories:\nRepositories loaded.\n= bash x86_64 External User\n\
                    = vim-enhanced x86_64 User\n= vim-common x86_64 Dependency\n= glibc i686 Weak Dependency\n\
                    = gpg-pubkey (none) External User\n= httpd noarch Group\n= novel x86_64 Some New Reason\n= odd x86_64";
        let rpm =
            "= bash x86_64\n= gpg-pubkey (none)\n= glibc i686\n= tzdata noarch\n= git-core x86_64";
        let dpkg = "= installed bash amd64\n= installed libc6 amd64\n= installed libc6 i386\n\
                    = config-files gone amd64\n= installed tzdata all\n= half-configured broken amd64";
        for (manager, said, chosen, all) in [
            (
                Manager::Dnf5,
                said("dnf5", "x86_64", dnf5, "", ""),
                "bash vim-enhanced",
                "bash glibc.i686 httpd novel odd vim-common vim-enhanced",
            ),
            (
                Manager::Dnf4,
                said(
                    "dnf",
                    "x86_64",
                    rpm,
                    "Last metadata expiration check: now\n= bash x86_64\n= glibc i686",
                    "",
                ),
                "bash glibc.i686",
                "bash git-core glibc.i686 tzdata",
            ),
            (
                Manager::Apt,
                said("apt-mark", "amd64", dpkg, "bash\nlibc6:i386\ntzdata", ""),
                "bash libc6:i386 tzdata",
                "bash libc6 libc6:i386 tzdata",
            ),
            (
                Manager::Pacman,
                said("pacman", "", "bash\ngtk4\nlib32-glibc\npython-six", "bash\nlib32-glibc", ""),
                "bash lib32-glibc",
                "bash gtk4 lib32-glibc python-six",
            ),
            (
                Manager::Apk,
                said(
                    "apk",
                    "",
                    "WARNING: opening from cache https://dl.example/x: No such file or directory\nbusybox\nmusl\nvim",
                    "alpine-base\nvim=~9.1\nnodejs@edge\nzig>0.11\n!bash\n.build-deps=20240101.120000",
                    "",
                ),
                "alpine-base nodejs vim zig",
                "busybox musl vim",
            ),
            (
                Manager::Zypper,
                said("zypper", "x86_64", rpm, "", "# Generated by zypp\n\nglibc\ntzdata"),
                "bash git-core",
                "bash git-core glibc.i686 tzdata",
            ),
        ] {
            let listed = parse(&said).unwrap();
            assert_eq!(listed.manager, manager);
            assert_eq!(list(&listed.chosen), chosen, "{manager:?}");
            assert_eq!(list(&listed.all), all, "{manager:?}");
            assert_eq!(listed.unread, [""; 0], "{manager:?}");
            assert_eq!(listed.lacks.iter().collect::<Vec<_>>(), ["bc", "zsh"]);
        }
    }

    #[test]
    fn groups_are_those_that_dnf5_has_noted() {
        let of = |noted: &str| {
            let said = said("dnf5", "x86_64", "= a x86_64 User", "", "");
            parse(&said.replace("# lacks", &format!("{noted}# lacks"))).unwrap()
        };
        assert_eq!(of("").groups, None);
        assert_eq!(of("# groups\nversion = \"1.0\"\n\n").groups, Some(BTreeSet::new()));
        let both = "# groups\nversion = \"1.0\"\n[groups.c-development]\nuserinstalled = true\n\n\
                    # environments\nversion = \"1.0\"\n[environments.\"a.b\"]\n\n";
        assert_eq!(of(both).groups, Some(["a.b", "c-development"].map(str::to_owned).into()));
        let broken = of("# groups\n[groups\n\n");
        assert_eq!((broken.groups, list(&broken.all)), (None, "a".to_owned()));
        assert!(broken.unread[0].starts_with("groups.toml: "), "{:?}", broken.unread);
    }

    #[test]
    fn what_is_odd_is_said_and_loses_nothing() {
        let all =
            "= good x86_64\n= -rf x86_64\n= three words x86_64\n= good2 x86;64\nsome warning\n=\n";
        let listed = parse(&said("dnf", "x86_64", all, "", "")).unwrap();
        assert_eq!(list(&listed.all), "good");
        assert_eq!(listed.unread.len(), 4, "{:?}", listed.unread);
        let listed = parse(&said("pacman", "", "good\n../x\n$(x)\n", "", "")).unwrap();
        assert_eq!(list(&listed.all), "good");
        assert_eq!(listed.unread, ["../x", "$(x)"]);
    }

    #[test]
    fn an_answer_without_end_or_manager_is_none() {
        let whole = said("dnf", "x86_64", "= a noarch", "", "");
        assert_eq!(parse(whole.strip_suffix("# end\n").unwrap()), Err(Wrong::Short));
        assert_eq!(parse(""), Err(Wrong::Short));
        assert_eq!(parse("# end"), Err(Wrong::NoManager));
        assert_eq!(parse("# manager\n\n# end"), Err(Wrong::NoManager));
    }

    proptest! {
        #[test]
        fn anything_may_be_printed(said in "((# (manager|all|chosen|auto|end)|dnf5?|apk|= a b|\\PC{0,9})\n){0,30}") {
            let _ = parse(&said);
        }

        #[test]
        fn odd_lines_lose_nothing(
            odd in prop::collection::vec("[^\n#]{0,20}", 0..6),
            at in any::<prop::sample::Index>(),
            which in 0..3_usize,
        ) {
            let (manager, mark) = [("dnf5", "= pkg x86_64 User"), ("apt-mark", "= installed pkg amd64"), ("apk", "pkg")][which];
            let mut lines: Vec<&str> = odd.iter().map(String::as_str).collect();
            lines.insert(at.index(lines.len() + 1), mark);
            let listed = parse(&said(manager, "x86_64", &lines.join("\n"), "", "")).unwrap();
            let found = listed.all.iter().any(|one| one.as_str().starts_with("pkg"));
            prop_assert!(found, "{:?}", listed);
        }
    }
}
