//! What a deployment has, and what was asked for on top of its base.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::package_list::split_arch;
use crate::host::deployment::{Deployment, Deployments, Origin};
use crate::host::rpmdb::RpmdbError;
use crate::host::rpmdb::cache::{self, Build, Names};
use crate::host::{Host, fs};
use crate::words::{fill, gettext};

/// dnf5's own records, which belong to the image: `system-state(7)`.
const RECORDS: [(&str, &str); 2] = [
    ("usr/lib/sysimage/libdnf5/groups.toml", "groups"),
    ("usr/lib/sysimage/libdnf5/environments.toml", "environments"),
];

/// The packages of one deployment.
pub(super) struct Contents {
    names: Names,
    /// Those that are asked for by their architecture: `glibc.i686`.
    builds: BTreeMap<String, Build>,
}

impl Contents {
    fn read(
        host: &Host,
        deployment: &Deployment,
        asked: &BTreeSet<&str>,
    ) -> Result<Self, RpmdbError> {
        let names = cache::names(host, deployment)?;
        let mut builds = BTreeMap::new();
        for name in asked {
            if let (stem, Some(arch)) = split_arch(name) {
                builds.insert((*name).to_owned(), cache::build(deployment, stem, arch)?);
            }
        }
        Ok(Self { names, builds })
    }

    /// Whether it is there when this deployment is started.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.has(name) || self.builds.get(name).is_some_and(|build| build.here)
    }

    /// Whether its base has it, removed on this machine or not.
    pub(super) fn in_base(&self, name: &str) -> bool {
        self.names.base.contains(name) || self.builds.get(name).is_some_and(|build| build.base)
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
        names: impl Iterator<Item = &'n str>,
    ) -> Self {
        let deployment = deployments.next();
        let requested = deployment.origin.requested.iter().map(String::as_str);
        let mut asked: BTreeSet<&str> = requested.collect();
        for name in names {
            asked.insert(name);
        }
        let read = |one| Contents::read(host, one, &asked).map_err(|error| error.to_string());
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
