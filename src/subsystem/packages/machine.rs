//! What a deployment has, and what was asked for on top of its base.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::core::package_list::split_arch;
use crate::host::deployment::{Deployment, Deployments, Origin};
use crate::host::rpmdb::RpmdbError;
use crate::host::rpmdb::cache::{self, Build, Names, OnTop};
use crate::host::{Host, fs};
use crate::words::{fill, gettext};

/// dnf5's own records, which belong to the image: `system-state(7)`.
const RECORDS: [(&str, &str); 2] = [
    ("usr/lib/sysimage/libdnf5/groups.toml", "groups"),
    ("usr/lib/sysimage/libdnf5/environments.toml", "environments"),
];

/// Why dnf5 has each package, among its records: by `name.arch`.
const REASONS: &str = "/usr/lib/sysimage/libdnf5/packages.toml";

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

/// The packages that are there until the next restart: dnf put them into an overlay over `/usr`.
pub(super) struct UntilRestart {
    names: OnTop,
    /// Those that are asked for by their architecture.
    builds: BTreeSet<String>,
    /// Those that came because others need them, as far as dnf5 has noted it.
    needed: BTreeSet<String>,
}

impl UntilRestart {
    fn read(
        host: &Host,
        booted: &Deployment,
        asked: &BTreeSet<&str>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(names) = cache::on_top(host, booted)? else { return Ok(None) };
        let mut builds = BTreeSet::new();
        for name in asked {
            let (stem, Some(arch)) = split_arch(name) else { continue };
            let of_image = cache::build(booted, stem, arch)?.here;
            if !of_image && cache::runs_build(host, stem, arch)? {
                builds.insert((*name).to_owned());
            }
        }
        let needed = match names.added.is_empty() {
            true => BTreeSet::new(),
            false => needed(host)?,
        };
        Ok(Some(Self { names, builds, needed }))
    }

    /// Whether a package is there until the next restart.
    fn has(&self, name: &str) -> bool {
        self.names.added.contains(name) || self.builds.contains(name)
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
    /// What is there until the next restart, where there is anything; or why that is not known.
    until_restart: Result<Option<UntilRestart>, String>,
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
            until_restart: UntilRestart::read(host, &deployments.booted, &asked)
                .map_err(|error| format!("{error:#}")),
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

impl Machine<'_> {
    /// Whether a package is there until the next restart, and goes with it; `None` where that is not known.
    pub(super) fn until_restart(&self, name: &str) -> Option<bool> {
        let on_top = self.until_restart.as_ref().ok()?;
        let stays = self.next.as_ref().is_ok_and(|next| next.has(name));
        Some(!stays && on_top.as_ref().is_some_and(|on_top| on_top.has(name)))
    }

    /// The packages that somebody asked for until the next restart; what they need is left out.
    pub(super) fn asked_until_restart(&self) -> impl Iterator<Item = &str> {
        let on_top = self.until_restart.as_ref().ok().and_then(Option::as_ref);
        let added = on_top.into_iter().flat_map(|on_top| on_top.names.added.iter());
        added.filter(|name| self.until_restart(name) == Some(true) && !self.is_needed(name))
    }

    /// Whether what is there until the next restart came because something else needs it.
    pub(super) fn is_needed(&self, name: &str) -> bool {
        let on_top = self.until_restart.as_ref().ok().and_then(Option::as_ref);
        on_top.is_some_and(|on_top| on_top.needed.contains(split_arch(name).0))
    }

    /// Whether a package of the image was removed until the next restart.
    pub(super) fn gone_until_restart(&self, name: &str) -> bool {
        let on_top = self.until_restart.as_ref().ok().and_then(Option::as_ref);
        on_top.is_some_and(|on_top| on_top.names.removed.contains(name))
    }

    /// Why it is not known what is there until the next restart.
    pub(super) fn until_restart_unread(&self) -> Option<&str> {
        self.until_restart.as_ref().err().map(String::as_str)
    }
}

/// The packages that dnf5 has noted as brought by others. Where it has noted nothing, as dnf 4 does not, none are.
fn needed(host: &Host) -> anyhow::Result<BTreeSet<String>> {
    let path = host.path(REASONS);
    let Some(text) = fs::read(&path)? else { return Ok(BTreeSet::new()) };
    let records = records(&path, &text).map_err(anyhow::Error::msg)?;
    let packages = records.get("packages").and_then(toml::Value::as_table);
    let needed = packages.into_iter().flatten().filter(|(_, record)| {
        let reason = record.get("reason").and_then(toml::Value::as_str).unwrap_or_default();
        ["dependency", "weak dependency"].contains(&reason.to_ascii_lowercase().as_str())
    });
    Ok(needed.map(|(name, _)| split_arch(name).0.to_owned()).collect())
}

fn records(path: &Path, text: &str) -> Result<toml::Table, String> {
    text.parse().map_err(|error: toml::de::Error| {
        let text = gettext("dnf's records in “{path}” cannot be read: {why}");
        let path = path.display().to_string();
        fill(&text, &[("path", &path), ("why", error.message())])
    })
}

/// The groups that dnf5 has noted in the deployment; `None` where there are no such notes.
fn groups(deployment: &Deployment) -> Result<Option<BTreeSet<String>>, String> {
    let mut groups = None;
    for (file, table) in RECORDS {
        let path = deployment.dir.join(file);
        let Some(text) = fs::read(&path).map_err(|error| error.to_string())? else { continue };
        let records = records(&path, &text)?;
        let names = records.get(table).and_then(toml::Value::as_table);
        let names = names.into_iter().flat_map(toml::Table::keys).cloned();
        groups.get_or_insert_with(BTreeSet::new).extend(names);
    }
    Ok(groups)
}
