//! dnf, as far as it is asked and not only run: which of its programs is here, and which packages and groups there are.
//!
//! dnf5 and dnf 4 take the same words for all of this. Their query formats differ in who ends the lines: dnf5 leaves it to
//! the format, dnf 4 does it too. Where neither is, `rpm-ostree search` knows the packages, and no groups.

use tokio_util::sync::CancellationToken;

use super::{Host, RunError};
use crate::core::near::nearest;
use crate::core::package_list::split_arch;
use crate::core::plan::Command;

/// The programs, the one that is preferred first.
const PROGRAMS: [&str; 2] = ["dnf5", "dnf"];
/// The option that makes a transaction last until the next start.
pub const TRANSIENT: &str = "--transient";
/// How many letters of a name that is not known a similar one begins with.
const BEGINNING: usize = 2;

/// What can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A package.
    Package,
    /// A group, or an environment made of groups.
    Group,
}

/// Something that is in no package repository of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuch {
    /// Its name.
    pub name: String,
    /// The most similar names there are, the likeliest first.
    pub close: Vec<String>,
}

/// Why it could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// There is no program here that knows.
    #[error("neither dnf5 nor dnf is installed")]
    NoProgram,
    /// The program gave no answer.
    #[error(transparent)]
    Failed(#[from] RunError),
}

/// What runs a command that only tells, and returns what it says.
pub type Ask<'a> = dyn Fn(Command) -> Result<String, RunError> + 'a;

/// The program that stands for dnf here, if there is one.
pub fn program(host: &Host) -> Option<&'static str> {
    PROGRAMS.into_iter().find(|name| super::command::is_installed(host, name))
}

/// The program that can put packages on top of a running image until the next start, if there is one: a dnf that knows
/// `--transient`, beside the bootc that it makes the overlay with. dnf5 and dnf 4 learned it in releases that
/// distributions have taken back into older ones, so the program is asked; and it is the system's own that root runs.
pub fn transient(host: &Host) -> Option<&'static str> {
    let is_there = |name: &str| host.path("/usr/bin").join(name).exists();
    if !is_there("bootc") {
        return None;
    }
    PROGRAMS.into_iter().filter(|name| is_there(name)).find(|name| {
        let help = ask(host, &Command::new(*name).arg("--help"));
        help.is_ok_and(|text| text.split_whitespace().any(|word| word == TRANSIENT))
    })
}

/// Of `names`, those that no package repository of this machine has. Uses the network, and takes no root.
pub fn missing(host: &Host, kind: Kind, names: &[&str]) -> Result<Vec<NoSuch>, NoAnswer> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    match (program(host), kind) {
        (Some(program), _) => missing_for(program, kind, names, &|command| ask(host, &command)),
        (None, Kind::Package) if super::command::is_installed(host, "rpm-ostree") => {
            names.iter().filter_map(|name| searched(host, name).transpose()).collect()
        }
        (None, _) => Err(NoAnswer::NoProgram),
    }
}

/// The same, where `program` stands for dnf and is run by `ask`: in a box.
pub fn missing_for(
    program: &str,
    kind: Kind,
    names: &[&str],
    ask: &Ask<'_>,
) -> Result<Vec<NoSuch>, NoAnswer> {
    match kind {
        _ if names.is_empty() => Ok(Vec::new()),
        Kind::Package => packages(program, names, ask),
        Kind::Group => groups(program, names, ask),
    }
}

/// Runs a program that only tells, and returns what it says.
pub fn ask(host: &Host, command: &Command) -> Result<String, RunError> {
    host.run(command, &mut |_| (), &CancellationToken::new())
}

fn packages(program: &str, names: &[&str], ask: &Ask<'_>) -> Result<Vec<NoSuch>, NoAnswer> {
    let query = |specs: &[&str]| {
        let command = Command::new(program)
            .args(["-q", "repoquery", "--qf", r"%{name}.%{arch}\n"])
            .args(specs.iter().copied());
        ask(command).map(|text| lines(&text))
    };
    let found = query(names)?;
    let has = |name: &str| {
        found.iter().any(|line| line == name || line.rsplit_once('.').is_some_and(|l| l.0 == name))
    };
    let missing: Vec<&str> = names.iter().copied().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let globs =
        missing.iter().flat_map(|name| [format!("*{name}*"), format!("{}*", beginning(name))]);
    let globs: Vec<String> = globs.collect();
    let like = query(&globs.iter().map(String::as_str).collect::<Vec<_>>())?;
    let like: Vec<&str> =
        like.iter().filter_map(|line| line.rsplit_once('.')).map(|line| line.0).collect();
    let no_such =
        |name: &str| NoSuch { name: name.to_owned(), close: close(name, like.iter().copied()) };
    Ok(missing.into_iter().map(no_such).collect())
}

/// What one name comes to in `rpm-ostree search`, whose lines are "name : summary" below headings.
fn searched(host: &Host, name: &str) -> Result<Option<NoSuch>, NoAnswer> {
    let search = |glob: &str| {
        let text = ask(host, &Command::new("rpm-ostree").args(["search", glob]))?;
        let names = text.lines().filter_map(|line| line.split_once(" : "));
        Ok::<Vec<String>, NoAnswer>(names.map(|(name, _)| name.trim().to_owned()).collect())
    };
    // It knows no architectures.
    let bare = split_arch(name).0;
    let mut like = search(bare)?;
    if like.iter().any(|found| found == bare) {
        return Ok(None);
    }
    like.extend(search(&format!("{}*", beginning(bare)))?);
    let close = close(bare, like.iter().map(String::as_str));
    Ok(Some(NoSuch { name: name.to_owned(), close }))
}

/// Groups, and the environments that dnf5 lists apart. dnf5's lines begin with the id, dnf 4's end in it, in brackets.
fn groups(program: &str, names: &[&str], ask: &Ask<'_>) -> Result<Vec<NoSuch>, NoAnswer> {
    let lists: &[&[&str]] = match program {
        "dnf5" => &[&["group", "list", "--hidden"], &["environment", "list"]],
        _ => &[&["group", "list", "--hidden", "--ids"]],
    };
    let mut ids = Vec::new();
    for list in lists {
        let text = ask(Command::new(program).arg("-q").args(list.iter().copied()))?;
        ids.extend(text.lines().filter_map(|line| {
            let id = match program {
                "dnf5" => line.split_whitespace().next()?,
                _ => line.trim_end().strip_suffix(')')?.rsplit_once('(')?.1,
            };
            Some(id.to_owned())
        }));
    }
    let missing = names.iter().filter(|name| !ids.iter().any(|id| id == *name));
    let no_such = |name: &&str| NoSuch {
        name: (*name).to_owned(),
        close: close(name, ids.iter().map(String::as_str)),
    };
    Ok(missing.map(no_such).collect())
}

fn beginning(name: &str) -> &str {
    name.char_indices().nth(BEGINNING).map_or(name, |(end, _)| &name[..end])
}

fn close<'a>(name: &str, like: impl Iterator<Item = &'a str>) -> Vec<String> {
    nearest(name, like.map(|like| (like, Vec::new())))
}

/// The lines that can be names: what else dnf says has spaces.
fn lines(text: &str) -> Vec<String> {
    let names = text.lines().map(str::trim);
    names.filter(|line| !line.is_empty() && !line.contains(' ')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;
    use crate::host::{Environment, Runner};
    use std::sync::Arc;

    /// Answers what a program of these releases prints.
    struct Replay(&'static [(&'static str, &'static str)]);

    impl Runner for Replay {
        fn run(
            &self,
            command: &Command,
            _: &mut dyn FnMut(&str),
            _: &CancellationToken,
        ) -> Result<String, RunError> {
            let line = super::super::command::display(command);
            let answer = self.0.iter().find(|(asked, _)| *asked == line);
            Ok(answer.unwrap_or_else(|| panic!("{line}")).1.to_owned())
        }
    }

    fn host(machine: &mut Machine, program: &str, said: &'static [(&str, &str)]) -> Host {
        use std::os::unix::fs::PermissionsExt;
        let file = machine.file(&format!("bin/{program}"), "");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = machine.dir.path().join("bin").display().to_string();
        machine.vars.insert("PATH".to_owned(), path);
        let vars = machine.vars.clone();
        Host::new(
            Environment { vars, ..Environment::below(machine.dir.path()) },
            Arc::new(Replay(said)),
        )
    }

    #[test]
    fn a_package_is_known_by_its_name_with_and_without_architecture() {
        let mut machine = Machine::new();
        let said = &[
            (
                r"dnf5 -q repoquery --qf '%{name}.%{arch}\n' htop glibc.i686 htpo",
                "htop.x86_64\nglibc.i686\nglibc.x86_64\n",
            ),
            (
                r"dnf5 -q repoquery --qf '%{name}.%{arch}\n' '*htpo*' 'ht*'",
                "htpdate.x86_64\nhtop.x86_64\n",
            ),
        ];
        let host = host(&mut machine, "dnf5", said);
        let missing = missing(&host, Kind::Package, &["htop", "glibc.i686", "htpo"]).unwrap();
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].name, "htpo");
        assert_eq!(missing[0].close[0], "htop");
    }

    #[test]
    fn groups_are_read_of_both_programs() {
        let mut machine = Machine::new();
        let said = &[
            (
                "dnf5 -q group list --hidden",
                "ID            Name               Installed\ndevelopment-tools Development Tools no\n",
            ),
            ("dnf5 -q environment list", "kde-desktop-environment KDE Plasma no\n"),
        ];
        let host5 = host(&mut machine, "dnf5", said);
        let names = ["development-tools", "kde-desktop-environment", "development-tool"];
        let no = missing(&host5, Kind::Group, &names).unwrap();
        assert_eq!(no.len(), 1);
        assert_eq!(no[0].close, ["development-tools"]);
        let mut machine = Machine::new();
        let said = &[(
            "dnf -q group list --hidden --ids",
            "Available Groups:\n   Development Tools (development-tools)\n",
        )];
        let host4 = host(&mut machine, "dnf", said);
        assert!(missing(&host4, Kind::Group, &["development-tools"]).unwrap().is_empty());
    }

    #[test]
    fn without_dnf_rpm_ostree_is_asked_and_without_that_nothing_is_known() {
        let mut machine = Machine::new();
        let said = &[
            (
                "rpm-ostree search htop",
                "\n===== Name Matched =====\nhtop : Interactive process viewer\nibutop : x\n",
            ),
            ("rpm-ostree search htpo", "No matches found.\n"),
            ("rpm-ostree search 'ht*'", "===== Name Matched =====\nhtpdate : Time over HTTP\n"),
        ];
        let host = host(&mut machine, "rpm-ostree", said);
        let no = missing(&host, Kind::Package, &["htop.x86_64", "htpo"]).unwrap();
        assert_eq!(no.iter().map(|no| no.name.as_str()).collect::<Vec<_>>(), ["htpo"]);
        assert!(matches!(missing(&host, Kind::Group, &["x"]), Err(NoAnswer::NoProgram)));
        let bare = Machine::new().host();
        assert!(matches!(missing(&bare, Kind::Package, &["x"]), Err(NoAnswer::NoProgram)));
    }
}
