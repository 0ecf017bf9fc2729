//! Where a verb acts: on the host, nearly always, and in which box of it. Called in another place, it is handed over.
//!
//! What reads or writes the machine, the repository in use or what is kept of it is the host's: a box may have another
//! home directory, a sandbox certainly has, and the same question must not have two answers. [`TABLE`] has the others.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use super::app::App;
use super::errors::Misnamed;
use crate::host::delegate::{self, DelegateError, Ended};
use crate::host::inside::Place;
use crate::words::{fill, gettext};

/// Where a verb acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// On the host.
    Host,
    /// Wherever it is called.
    Here,
    /// Wherever it is called, if that has packages of its own: in a box, but not in a sandbox.
    Packages,
    /// In the box it is called in, which the host's `bkt dev` does; else on the host.
    Box,
}

/// The verbs that do not act on the host, and why.
const TABLE: [(&str, Target); 9] = [
    // They say what this program is, and read nothing.
    ("completions", Target::Here),
    ("schema", Target::Here),
    // Git calls it where git runs, with files of its own.
    ("repo merge-driver", Target::Here),
    // They are dnf's, and are asked of this place's packages.
    ("dnf search", Target::Packages),
    ("dnf info", Target::Packages),
    ("dnf provides", Target::Packages),
    ("dnf list", Target::Packages),
    // Whoever installs something in a box wants it in that box.
    ("dnf install", Target::Box),
    ("dnf remove", Target::Box),
];

/// What is to be done with a command line.
#[derive(Debug)]
pub(super) enum Way {
    /// It is carried out here.
    Here,
    /// The host has carried it out.
    Done(Ended),
    /// Another one is meant.
    Instead(Vec<OsString>),
}

/// The verb of a command line, with its own verbs: "dnf install".
pub(super) fn verb(matches: &ArgMatches) -> String {
    let mut names = Vec::new();
    let mut next = matches.subcommand();
    while let Some((name, matches)) = next {
        names.push(name);
        next = matches.subcommand();
    }
    names.join(" ")
}

fn target(verb: &str) -> Target {
    let known = TABLE.iter().find(|(one, _)| *one == verb);
    known.map_or(Target::Host, |(_, target)| *target)
}

/// Finds out where a command line is carried out, and if that is not here, has it carried out there.
pub(super) fn resolve(app: &App, verb: &str, args: &[OsString]) -> anyhow::Result<Way> {
    let target = target(verb);
    let place = Place::of(&app.host);
    let has_packages = !matches!(place, Place::Sandbox(_));
    let from = Place::called_in(&app.host);
    match target {
        Target::Here => Ok(Way::Here),
        Target::Packages if has_packages => Ok(Way::Here),
        _ if place.has_host() => match from {
            Some(_) => Err(DelegateError::Circle { within: place.within() }.into()),
            None => {
                let args = args.get(1..).unwrap_or_default();
                Ok(Way::Done(delegate::to_host(&app.host, &place, args)?))
            }
        },
        Target::Box => match from {
            Some(boxed @ (Place::Toolbox(_) | Place::Distrobox(_))) => {
                let dev = development_box(app)?;
                of_box(verb, args, &boxed, &dev).map(Way::Instead)
            }
            _ => Ok(Way::Here),
        },
        Target::Host | Target::Packages => Ok(Way::Here),
    }
}

/// The process's exit, as the host's program ended.
pub(super) fn end(ended: Ended) -> ExitCode {
    match ended {
        Ended::Code(code) => ExitCode::from(code),
        Ended::Signal(signal) => {
            delegate::end_by(signal);
            // As a shell says it.
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(1))
        }
    }
}

fn development_box(app: &App) -> anyhow::Result<String> {
    let engine = app.engine()?;
    Ok(engine.host().dev_box().map_err(anyhow::Error::msg)?.to_string())
}

/// The command line that does for the development box what was asked for in it.
fn of_box(
    verb: &str,
    args: &[OsString],
    boxed: &Place,
    development: &str,
) -> anyhow::Result<Vec<OsString>> {
    if let Place::Toolbox(Some(name)) | Place::Distrobox(Some(name)) = boxed
        && name == development
    {
        return Ok(with_noun(args, "dev", verb.split(' ').next().unwrap_or_default()));
    }
    let message =
        gettext("“bkt {verb}” was called {within}, which is not the development box {development}");
    let hint = match boxed {
        Place::Distrobox(_) => gettext(
            "Use the box's own package manager, and save it: bkt distrobox capture --packages. \
             For the development box: bkt dev {verb}. For this machine's image: bkt image {verb}",
        ),
        _ => gettext(
            "Use the box's own package manager. For the development box: bkt dev {verb}. For this machine's image: bkt image {verb}",
        ),
    };
    let within = boxed.within();
    let values = [("verb", verb), ("within", &within), ("development", development)];
    Err(Misnamed::Wrong { message: fill(&message, &values), hint: Some(fill(&hint, &values)) }
        .into())
}

/// The same command line with `noun` before `verb`, which may also be the value of an option before it.
fn with_noun(args: &[OsString], noun: &str, verb: &str) -> Vec<OsString> {
    let complete = |at: &usize| super::command().try_get_matches_from(&args[..*at]).is_ok();
    let at = (1..args.len()).filter(|at| args[*at] == verb).find(complete).unwrap_or(1);
    let (before, after) = args.split_at(at.min(args.len()));
    [before, &[noun.into()], after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_table_names_verbs_that_there_are() {
        for (verb, _) in TABLE {
            let mut command = crate::cli::command();
            for name in verb.split(' ') {
                let found = command.find_subcommand(name).unwrap_or_else(|| panic!("{verb}"));
                command = found.clone();
                assert_eq!(command.get_name(), name);
            }
            assert!(!command.has_subcommands(), "{verb}");
        }
    }

    #[test]
    fn a_verb_is_found_whatever_stands_before_it() {
        let of =
            |line: &str| verb(&crate::cli::command().try_get_matches_from(words(line)).unwrap());
        assert_eq!(of("bkt --repo dnf dnf install htop"), "dnf install");
        assert_eq!(of("bkt -n"), "");
        assert_eq!(target("dnf install"), Target::Box);
        assert_eq!(target("dnf sync"), Target::Host);
        assert_eq!(target(""), Target::Host);
    }

    #[test]
    fn in_the_development_box_its_packages_are_meant() {
        let dev = Place::Toolbox(Some("bootc-dev".to_owned()));
        let line = |text: &str| of_box("dnf install", &words(text), &dev, "bootc-dev").unwrap();
        assert_eq!(line("bkt dnf install htop"), words("bkt dev dnf install htop"));
        assert_eq!(
            line("bkt --repo dnf -n dnf install dnf"),
            words("bkt --repo dnf -n dev dnf install dnf")
        );
        for other in [Place::Distrobox(Some("debian".to_owned())), Place::Toolbox(None)] {
            let error = of_box("dnf install", &words("bkt dnf install x"), &other, "bootc-dev");
            assert!(error.unwrap_err().to_string().contains("is not the development box"));
        }
    }
}
