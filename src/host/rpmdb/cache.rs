//! What the rpm databases of a deployment say, kept: its content never changes, so its checksum is the key.
//!
//! `$XDG_CACHE_HOME/bkt/packages/CHECKSUM.names.json` has the names, and `CHECKSUM.headers.json` what more is asked for.
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
const VERSION: u32 = 1;
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

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    version: u32,
    /// SHA-256 of the content's JSON, in hex.
    sum: String,
    content: T,
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
    let path = dir(host).join(format!("{key}.{kind}.json"));
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

fn sum<T: Serialize>(content: &T) -> serde_json::Result<String> {
    let json = serde_json::to_vec(content)?;
    Ok(Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn whole<T: Serialize + DeserializeOwned>(text: &str) -> Option<T> {
    let kept: Kept<T> = serde_json::from_str(text).ok()?;
    let fits = kept.version == VERSION && sum(&kept.content).ok()? == kept.sum;
    fits.then_some(kept.content)
}

fn keep<T: Serialize>(host: &Host, path: &std::path::Path, content: &T) -> anyhow::Result<()> {
    let kept = Kept { version: VERSION, sum: sum(content)?, content };
    fs::write(path, Some(&serde_json::to_string(&kept)?))?;
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
