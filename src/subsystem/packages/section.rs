//! `SYSTEM_PACKAGES`: one dnf transaction for what goes and one for what comes.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{FILE, contradictions};
use crate::core::item::Layer;
use crate::core::names::{GroupName, PackageName};
use crate::manifest::Manifests;
use crate::manifest::containerfile::{Run, Section, Unwritable};
use crate::manifest::plain;

const NAME: &str = "SYSTEM_PACKAGES";

/// What dnf leaves in `/var` beside its cache. An image's `/var` is only where a machine's begins, and bootc's lint
/// wants nothing there.
const LEFT: &str =
    "rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf* /var/log/hawkey.log";

/// Adds the commands after which dnf has left nothing behind that an image should not have.
pub(in crate::subsystem) fn tidied(run: Run) -> Result<Run, Unwritable> {
    run.command("dnf clean all")?.command(LEFT)
}

/// Makes the section, of what is meant for every machine.
pub(super) fn make(manifests: &Manifests) -> Result<Section> {
    let Some(sheet) = manifests.sheet(&Layer::Shared, FILE)? else {
        return Ok(Section::new(NAME, "")?);
    };
    contradictions(&sheet)?;
    let packages = plain::listed(&sheet, "packages")?;
    let groups = plain::listed(&sheet, "groups")?;
    let excluded = plain::listed(&sheet, "excluded")?;
    Ok(Section::new(NAME, body(&packages, &groups, &excluded)?)?)
}

/// The section's body: one `RUN` instruction, or nothing.
pub(in crate::subsystem) fn body(
    packages: &BTreeSet<PackageName>,
    groups: &BTreeSet<GroupName>,
    excluded: &BTreeSet<PackageName>,
) -> Result<String, Unwritable> {
    let mut run = Run::new();
    if !excluded.is_empty() {
        // What only they needed stays: in an image nobody knows what else is there for a reason.
        let remove = "dnf remove -y --setopt=clean_requirements_on_remove=0";
        run = run.list(remove, excluded.iter().map(PackageName::as_str))?;
    }
    let groups = groups.iter().map(|group| format!("@{group}"));
    let wanted: Vec<String> = groups.chain(packages.iter().map(ToString::to_string)).collect();
    if !wanted.is_empty() {
        // Then a package that needs an excluded one ends the build, and does not come without a word.
        let without = excluded.iter().map(|name| format!("--exclude={name}"));
        run = run.list("dnf install -y", without.chain(wanted))?;
    }
    match run == Run::new() {
        true => Ok(String::new()),
        false => Ok(tidied(run)?.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<T: std::str::FromStr<Err: std::fmt::Debug> + Ord>(names: &[&str]) -> BTreeSet<T> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn the_section_is_sorted_and_has_everything_once() {
        let body = body(
            &names(&["vim", "gcc-c++", "glibc.i686"]),
            &names(&["c-development"]),
            &names(&["nano", "firefox"]),
        );
        let expected = "RUN set -eu; \\
    dnf remove -y --setopt=clean_requirements_on_remove=0 \\
      firefox \\
      nano; \\
    dnf install -y \\
      --exclude=firefox \\
      --exclude=nano \\
      @c-development \\
      gcc-c++ \\
      glibc.i686 \\
      vim; \\
    dnf clean all; \\
    rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf* /var/log/hawkey.log
";
        assert_eq!(body.unwrap(), expected);
    }

    #[test]
    fn nothing_wanted_is_an_empty_section() {
        assert_eq!(body(&names(&[]), &names(&[]), &names(&[])).unwrap(), "");
        assert!(body(&names(&[]), &names(&["x"]), &names(&[])).unwrap().contains("dnf clean all"));
    }
}
