//! What the rpm databases of a deployment say, kept: its content never changes, so its checksum is the key.
//!
//! `$XDG_CACHE_HOME/bkt/packages/CHECKSUM.names` has the names, and `CHECKSUM.headers` what more is asked for.
//! While a file is there, the database is not even looked at. A file that is not whole is as good as none.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Package, Rpmdb, RpmdbError};
use crate::host::deployment::Deployment;
use crate::host::{Host, fs};

/// The version of the files; those of another are not read.
const VERSION: &str = "1";
/// How many files are kept: those of the deployments that a machine mostly has, and some that are compared with.
const KEPT: usize = 12;

/// The names of a deployment's packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Those of its base.
    pub base: BTreeSet<String>,
    /// Those that are there and not in the base: layered packages, and what they need.
    pub added: BTreeSet<String>,
    /// Those of the base that are not there.
    pub removed: BTreeSet<String>,
}

impl Names {
    /// Whether the deployment has a package of this name.
    pub fn has(&self, name: &str) -> bool {
        self.added.contains(name) || self.base.contains(name) && !self.removed.contains(name)
    }
}

/// The headers of a deployment's packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// Those of its base.
    pub base: Vec<Package>,
    /// All that are there.
    pub all: Vec<Package>,
}

/// The names of a deployment's packages: from the cache, or else by one query of each of its databases.
pub fn names(host: &Host, deployment: &Deployment) -> Result<Names, RpmdbError> {
    cached(host, deployment, "names", || {
        let (base, all) = databases(deployment)?;
        let here = all.names()?;
        let base = if base == all { here.clone() } else { base.names()? };
        Ok(Names {
            added: here.difference(&base).cloned().collect(),
            removed: base.difference(&here).cloned().collect(),
            base,
        })
    })
}

/// The headers of a deployment's packages: from the cache, or else all of its databases.
pub fn headers(host: &Host, deployment: &Deployment) -> Result<Headers, RpmdbError> {
    cached(host, deployment, "headers", || {
        let (base, all) = databases(deployment)?;
        let here = all.packages()?;
        let base = if base == all { here.clone() } else { base.packages()? };
        Ok(Headers { base, all: here })
    })
}

/// The base's database and that of everything, which may be the same.
fn databases(deployment: &Deployment) -> Result<(Rpmdb, Rpmdb), RpmdbError> {
    Ok((Rpmdb::of_base(&deployment.dir)?, Rpmdb::of(&deployment.dir)?))
}

fn dir(host: &Host) -> PathBuf {
    host.env().cache.join("bkt/packages")
}

fn cached<T: Serialize + DeserializeOwned>(
    host: &Host,
    deployment: &Deployment,
    kind: &str,
    read: impl FnOnce() -> Result<T, RpmdbError>,
) -> Result<T, RpmdbError> {
    let key = &deployment.checksum;
    // What names a file is to be nothing else.
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
        return read();
    }
    let path = dir(host).join(format!("{key}.{kind}"));
    if let Some(content) = fs::read(&path).ok().flatten().and_then(|text| whole(&text)) {
        return Ok(content);
    }
    let content = read()?;
    // A cache that cannot be written costs time, not this answer.
    if let Err(error) = keep(host, &path, &content) {
        tracing::debug!("what the rpm database says was not kept: {error:#}");
    }
    Ok(content)
}

fn sum(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a file: one line with the version and the SHA-256 of what follows, in hex, and then the content's JSON.
fn whole<T: DeserializeOwned>(text: &str) -> Option<T> {
    let (head, content) = text.split_once('\n')?;
    let fits = head.split_once(' ') == Some((VERSION, sum(content).as_str()));
    if fits { serde_json::from_str(content).ok() } else { None }
}

fn keep<T: Serialize>(host: &Host, path: &std::path::Path, content: &T) -> anyhow::Result<()> {
    let content = serde_json::to_string(content)?;
    fs::write(path, Some(&format!("{VERSION} {}\n{content}", sum(&content))))?;
    let mut files = Vec::new();
    for name in fs::list(&dir(host))?.unwrap_or_default() {
        let path = dir(host).join(name);
        files.push((std::fs::metadata(&path)?.modified()?, path));
    }
    files.sort();
    let surplus = files.len().saturating_sub(KEPT);
    for (_, path) in &files[..surplus] {
        fs::write(path, None)?;
    }
    Ok(())
}
