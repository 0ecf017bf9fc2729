//! What can be installed, as a person types it.

use std::str::FromStr;

use crate::cli::pun::Options;
use crate::core::item::ItemKey;
use crate::core::names::{GroupName, InvalidName, PackageName};
use crate::words::gettext;

/// A package, or with an `@` a group of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Package(PackageName),
    Group(GroupName),
}

/// Names, and how to act on them.
#[derive(clap::Args)]
pub(in crate::cli) struct Named<O: Options> {
    #[arg(value_name = "NAME", required = true, help = gettext("A package's name, or @ and a group's"))]
    pub(super) what: Vec<What>,
    #[command(flatten)]
    pub(super) options: O,
}

impl What {
    /// Its name, without the `@`.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Package(name) => name.as_str(),
            Self::Group(name) => name.as_str(),
        }
    }

    /// Its item in the manifests.
    pub(super) fn item(&self) -> ItemKey {
        match self {
            Self::Package(name) => ItemKey::new(format!("package/{name}")),
            Self::Group(name) => ItemKey::new(format!("group/{name}")),
        }
    }
}

impl FromStr for What {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.strip_prefix('@') {
            Some(group) => group.parse().map(Self::Group),
            None if is_build(text) => Err(InvalidName {
                text: text.to_owned(),
                kind: "a package name",
                expected: "a name without version and release: an image always has the newest",
            }),
            None => text.parse().map(Self::Package),
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Package(name) => name.fmt(f),
            Self::Group(name) => write!(f, "@{name}"),
        }
    }
}

/// Whether this names one build, as `htop-3.3.0-1.fc42.x86_64` does, and not a package.
fn is_build(text: &str) -> bool {
    let mut parts = text.rsplitn(3, '-');
    let number = |part: Option<&str>| {
        part.is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()))
    };
    let release = parts.next();
    release.is_some_and(|release| release.contains('.'))
        && number(release)
        && number(parts.next())
        && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_groups_are_taken_and_files_builds_and_addresses_are_not() {
        for text in [
            "htop",
            "glibc.i686",
            "java-21-openjdk",
            "python3.12",
            "@development-tools",
            "compat-libstdc++-33",
            "gtk-2-3",
        ] {
            assert_eq!(text.parse::<What>().map(|what| what.to_string()).as_deref(), Ok(text));
        }
        for text in [
            "htop-3.3.0-1.fc42.x86_64",
            "htop-3.3.0-1.fc42",
            "./htop.rpm",
            "/usr/bin/htop",
            "https://example.org/htop.rpm",
            "",
            "@",
            "@a/b",
            "-y",
            "a;b",
            "a b",
            "../x",
            "a\nb",
            "htop>=3",
            "@^desktop",
        ] {
            assert!(text.parse::<What>().is_err(), "{text:?}");
        }
    }
}
