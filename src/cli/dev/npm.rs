//! `bkt dev npm`: packages that npm installs for all projects.

use std::ffi::OsString;
use std::str::FromStr;

use clap::Subcommand;

use super::{rustup, tools};
use crate::cli::app::{App, Exit};
use crate::cli::pun::Pun;
use crate::core::item::Record;
use crate::core::names::{InvalidName, NpmName, ToolVersion};
use crate::subsystem::toolchains::{Item, VERSION};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Packages in the development box for all projects, with npm"),
    after_help = gettext("\
Packages go where ~/.npmrc says (prefix=), else to ~/.local: into the home directory, where they outlive the box. A \
version is compared only where one is named.

Examples:
  bkt dev npm install -g typescript               the newest, and whatever it becomes
  bkt dev npm install -g typescript@5.9 @scope/x  any 5.9, and another one
  bkt dev npm uninstall -g typescript
  bkt dev npm list                                what is there or wanted, and how it stands")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(visible_aliases = ["i", "add"], about = gettext("Install packages for all projects"))]
    Install {
        #[arg(short = 'g', long = "global", required = true, help = gettext("For all projects: those of one belong to its package.json"))]
        global: bool,
        #[arg(value_name = "NAME[@VERSION]", required = true, help = gettext("The package, and a version where one is meant"))]
        specs: Vec<Spec>,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(visible_aliases = ["remove", "rm"], about = gettext("Uninstall packages that were installed for all projects"))]
    Uninstall {
        #[arg(short = 'g', long = "global", required = true, help = gettext("For all projects: those of one belong to its package.json"))]
        global: bool,
        #[arg(value_name = "NAME", required = true, help = gettext("The package"))]
        names: Vec<NpmName>,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(visible_alias = "ls", about = gettext("List packages, and how they stand"))]
    List {
        #[arg(short = 'g', long = "global", hide = true)]
        global: bool,
    },
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// A package, and its version where one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spec {
    name: NpmName,
    version: Option<ToolVersion>,
}

impl FromStr for Spec {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        // The first “@” may be a scope's.
        match text.char_indices().skip(1).find(|(_, c)| *c == '@') {
            Some((at, _)) => {
                let version = text[at + 1..].parse()?;
                Ok(Self { name: text[..at].parse()?, version: Some(version) })
            }
            None => Ok(Self { name: text.parse()?, version: None }),
        }
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Install { global: _, specs, pun } => {
            let item = |spec: &Spec| {
                let version = spec.version.as_ref();
                let set = version.map(|version| Record::new().with(VERSION, version.as_str()));
                (Item::Npm(spec.name.clone()), set.unwrap_or_default())
            };
            tools::put_versions(app, pun, &specs.iter().map(item).collect::<Vec<_>>())
        }
        Verb::Uninstall { global: _, names, pun } => {
            let items: Vec<Item> = names.iter().cloned().map(Item::Npm).collect();
            tools::remove(app, pun, &items)
        }
        Verb::List { global: _ } => tools::list(app, "npm"),
        Verb::Other(words) => Err(rustup::not_here("npm", words).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_no_version() {
        let told = |text: &str| {
            let spec = text.parse::<Spec>().map_err(|error| error.to_string())?;
            Ok::<_, String>((spec.name.to_string(), spec.version.map(String::from)))
        };
        let of =
            |name: &str, version: Option<&str>| Ok((name.to_owned(), version.map(str::to_owned)));
        assert_eq!(told("a"), of("a", None));
        assert_eq!(told("a@1.2"), of("a", Some("1.2")));
        assert_eq!(told("@s/a"), of("@s/a", None));
        assert_eq!(told("@s/a@latest"), of("@s/a", Some("latest")));
        for wrong in ["", "@", "a@", "a@b@c", "git+ssh://x", "./a", "a@file:../x", "é", "é@1"] {
            assert!(told(wrong).is_err(), "{wrong}");
        }
    }
}
