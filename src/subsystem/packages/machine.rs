//! What a deployment has, and what was asked for on top of its base.

use std::collections::BTreeSet;

use crate::host::deployment::{Deployment, Deployments, Origin};
use crate::host::rpmdb::cache::{self, Headers, Names};
use crate::host::rpmdb::{Package, RpmdbError};
use crate::host::{Host, fs};
use crate::words::{fill, gettext};

/// What ends a name that asks for a package of one architecture.
const ARCHITECTURES: [&str; 8] =
    ["noarch", "x86_64", "i686", "aarch64", "armv7hl", "ppc64le", "riscv64", "s390x"];
/// dnf5's own records, which belong to the image: `system-state(7)`.
const RECORDS: [(&str, &str); 2] = [
    ("usr/lib/sysimage/libdnf5/groups.toml", "groups"),
    ("usr/lib/sysimage/libdnf5/environments.toml", "environments"),
];

/// A name taken apart: `glibc.i686` asks for an architecture, `python3.12` does not.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, arch)) if ARCHITECTURES.contains(&arch) => (stem, Some(arch)),
        _ => (name, None),
    }
}

/// The packages of one deployment.
pub(super) struct Contents {
    names: Names,
    /// Read only where a name asks for an architecture.
    headers: Option<Headers>,
}

impl Contents {
    fn read(host: &Host, deployment: &Deployment, deep: bool) -> Result<Self, RpmdbError> {
        let names = cache::names(host, deployment)?;
        let headers = deep.then(|| cache::headers(host, deployment)).transpose()?;
        Ok(Self { names, headers })
    }

    /// Whether it is there when this deployment is started.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.has(name) || self.one(name, |headers| &headers.all)
    }

    /// Whether its base has it, removed on this machine or not.
    pub(super) fn in_base(&self, name: &str) -> bool {
        self.names.base.contains(name) || self.one(name, |headers| &headers.base)
    }

    fn one(&self, name: &str, of: fn(&Headers) -> &Vec<Package>) -> bool {
        let (stem, Some(arch)) = split(name) else { return false };
        let Some(headers) = &self.headers else { return false };
        of(headers).iter().any(|package| package.name == stem && package.arch == arch)
    }
}

/// What this machine has now and what it has after the next start.
pub(super) struct Machine<'a> {
    /// What was asked for.
    pub(super) origin: &'a Origin,
    /// What the next start brings, or why that is not known.
    pub(super) next: Result<Contents, String>,
    /// What runs, where that is another deployment.
    pub(super) running: Option<Result<Contents, String>>,
    /// The groups that dnf5 has noted in the image; `None` where there are no such notes.
    pub(super) groups: Result<Option<BTreeSet<String>>, String>,
}

impl<'a> Machine<'a> {
    /// Reads it; `names` are those that will be asked about.
    pub(super) fn read<'n>(
        host: &Host,
        deployments: &'a Deployments,
        mut names: impl Iterator<Item = &'n str>,
    ) -> Self {
        let deployment = deployments.next();
        let of_one = |name: &str| split(name).1.is_some();
        let deep = names.any(of_one) || deployment.origin.requested.iter().any(|name| of_one(name));
        let read = |one| Contents::read(host, one, deep).map_err(|error| error.to_string());
        Self {
            origin: &deployment.origin,
            next: read(deployment),
            running: deployments.staged.is_some().then(|| read(&deployments.booted)),
            groups: groups(deployment),
        }
    }

    /// Whether the person asked rpm-ostree for it.
    pub(super) fn requested(&self, name: &str) -> bool {
        self.origin.requested.iter().any(|one| one == name)
    }

    /// Whether the person had rpm-ostree take it out of the base.
    pub(super) fn removed(&self, name: &str) -> bool {
        self.origin.removed.iter().any(|one| one == name)
    }

    /// Whether what runs has it; `None` where that does not differ from what comes, or is not known.
    pub(super) fn runs(&self, name: &str) -> Option<bool> {
        match &self.running {
            Some(Ok(contents)) => Some(contents.has(name)),
            Some(Err(_)) | None => None,
        }
    }
}

fn groups(deployment: &Deployment) -> Result<Option<BTreeSet<String>>, String> {
    let mut groups = None;
    for (file, table) in RECORDS {
        let path = deployment.dir.join(file);
        let Some(text) = fs::read(&path).map_err(|error| error.to_string())? else { continue };
        let records: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let text = gettext("dnf's records in “{path}” cannot be read: {why}");
            let path = path.display().to_string();
            fill(&text, &[("path", &path), ("why", error.message())])
        })?;
        let names = records.get(table).and_then(toml::Value::as_table);
        let names = names.into_iter().flat_map(toml::Table::keys).cloned();
        groups.get_or_insert_with(BTreeSet::new).extend(names);
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn only_an_architecture_is_one() {
        assert_eq!(split("glibc.i686"), ("glibc", Some("i686")));
        assert_eq!(split("python3.12"), ("python3.12", None));
        assert_eq!(split("bash"), ("bash", None));
    }
}
