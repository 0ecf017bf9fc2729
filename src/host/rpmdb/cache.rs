//! The names of a deployment's packages, kept: its content never changes, so its checksum is the key.
//!
//! `$XDG_CACHE_HOME/bkt/packages/CHECKSUM.names` has them sorted, each on a line of its own, and a name is looked up in
//! that text as it is. While the file is there, the database is not even looked at.
//!
//! `CHECKSUM.on-top` has what was put on top of it until the next start. That changes while the machine runs: the file
//! begins with what tells one state of the running system's database from every other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Rpmdb, RpmdbError, Stamp};
use crate::host::deployment::Deployment;
use crate::host::{Host, fs};

/// The version of the files; those of another are not read.
const VERSION: &str = "2";
/// How many files are kept: those of the deployments that a machine mostly has, and some that are compared with.
const KEPT: usize = 12;

/// Sorted names, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameList {
    /// The names, each with a line's end.
    text: String,
}

impl NameList {
    /// Whether a name is among them.
    pub fn contains(&self, name: &str) -> bool {
        let mut rest = self.text.as_str();
        // What the middle falls into is compared, and half of the rest is left out.
        while !rest.is_empty() {
            let half = &rest.as_bytes()[..rest.len() / 2];
            let start = half.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let Some((line, after)) = rest[start..].split_once('\n') else { break };
            match name.cmp(line) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => rest = &rest[..start],
                std::cmp::Ordering::Greater => rest = after,
            }
        }
        false
    }

    /// All of them.
    pub fn iter(&self) -> std::str::Lines<'_> {
        self.text.lines()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl<'a> FromIterator<&'a str> for NameList {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let sorted: BTreeSet<&str> = names.into_iter().collect();
        Self { text: sorted.into_iter().flat_map(|name| [name, "\n"]).collect() }
    }
}

/// The names of a deployment's packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Those of its base.
    pub base: NameList,
    /// Those that are there and not in the base: layered packages, and what they need.
    pub added: NameList,
    /// Those of the base that are not there.
    pub removed: NameList,
}

impl Names {
    /// Whether the deployment has a package of this name.
    pub fn has(&self, name: &str) -> bool {
        self.added.contains(name) || self.base.contains(name) && !self.removed.contains(name)
    }

    fn read(deployment: &Deployment) -> Result<Self, RpmdbError> {
        let (base, all) = databases(deployment)?;
        Self::between(&base, &all)
    }

    /// What one database has, and how another differs from it.
    fn between(base: &Rpmdb, all: &Rpmdb) -> Result<Self, RpmdbError> {
        let here = all.names()?;
        let base = if base == all { here.clone() } else { base.names()? };
        let list = |names: &mut dyn Iterator<Item = &String>| names.map(String::as_str).collect();
        Ok(Self {
            added: list(&mut here.difference(&base)),
            removed: list(&mut base.difference(&here)),
            base: list(&mut base.iter()),
        })
    }

    /// Reads a file: one line with the version and the length of each list in bytes, and then the lists. `None` for one
    /// that is not whole.
    fn parse(text: &str) -> Option<Self> {
        let (head, mut rest) = text.split_once('\n')?;
        let lengths = head.strip_prefix(VERSION)?.strip_prefix(' ')?;
        let mut lists = lengths.split(' ').map(|length| {
            let (list, after) = rest.split_at_checked(length.parse().ok()?)?;
            rest = after;
            let whole = list.is_empty() || list.ends_with('\n');
            whole.then(|| NameList { text: list.to_owned() })
        });
        let names = Self { base: lists.next()??, added: lists.next()??, removed: lists.next()?? };
        let more = lists.next().is_some();
        (!more && rest.is_empty()).then_some(names)
    }

    fn text(&self) -> String {
        let [base, added, removed] =
            [&self.base, &self.added, &self.removed].map(|list| &list.text);
        let lengths = format!("{} {} {}", base.len(), added.len(), removed.len());
        format!("{VERSION} {lengths}\n{base}{added}{removed}")
    }
}

/// The names of a deployment's packages: from the cache, or else by one query of each of its databases.
pub fn names(host: &Host, deployment: &Deployment) -> Result<Names, RpmdbError> {
    let Some(path) = file(host, deployment, "names") else { return Names::read(deployment) };
    if let Some(names) = fs::read(&path).ok().flatten().and_then(|text| Names::parse(&text)) {
        return Ok(names);
    }
    let names = Names::read(deployment)?;
    keep(host, &path, &names.text());
    Ok(names)
}

/// Where something about a deployment is kept.
fn file(host: &Host, deployment: &Deployment, ending: &str) -> Option<PathBuf> {
    let key = &deployment.checksum;
    // What names a file is to be nothing else. Without ostree the root is all there is to see, and what was written into
    // an overlay for a while is seen with it.
    let fit = !key.is_empty() && key.bytes().all(|b| b.is_ascii_hexdigit());
    (fit && !deployment.stateroot.is_empty()).then(|| dir(host).join(format!("{key}.{ending}")))
}

/// By which packages the system that runs differs from the deployment it was started from: what was written into an
/// overlay over `/usr`, which the next start drops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnTop {
    /// Names that are there, and not in the deployment.
    pub added: NameList,
    /// Names of the deployment that are not there.
    pub removed: NameList,
}

/// The packages on top of the deployment that runs; `None` where there are none: where nobody has written a database
/// since the start, which two looks at files tell. Without ostree what is on top cannot be told from what is below.
pub fn on_top(host: &Host, booted: &Deployment) -> Result<Option<OnTop>, RpmdbError> {
    let Some(path) = file(host, booted, "on-top") else { return Ok(None) };
    let running = match Rpmdb::of(&host.path("/")) {
        // No system runs without `/usr`: this is a deployment that was looked at from elsewhere.
        Err(RpmdbError::None(_)) => return Ok(None),
        running => running?,
    };
    let own = Rpmdb::of(&booted.dir)?;
    let (now, was) = (running.stamp()?, own.stamp()?);
    // The overlay shows the deployment's own file, of another device, until it is written.
    if (now.content, now.log) == (was.content, was.log) {
        return Ok(None);
    }
    if now.log > 0 {
        return Err(RpmdbError::Busy(running.path));
    }
    let head = mark(&now);
    let kept = fs::read(&path).ok().flatten();
    let kept = kept.as_deref().and_then(|text| Names::parse(text.strip_prefix(&head)?));
    let names = match kept {
        Some(names) => names,
        None => {
            let between = running.undisturbed(&now, || Names::between(&own, &running))?;
            let names = Names { base: NameList::default(), ..between };
            keep(host, &path, &(head + &names.text()));
            names
        }
    };
    Ok(Some(OnTop { added: names.added, removed: names.removed }))
}

/// The line that one state of a database is known by.
fn mark(stamp: &Stamp) -> String {
    let Stamp { place, content, .. } = stamp;
    format!("{} {} {} {} {}\n", place.0, place.1, content.0, content.1, content.2)
}

/// Whether the system that runs has a package of one architecture now.
pub fn runs_build(host: &Host, name: &str, arch: &str) -> Result<bool, RpmdbError> {
    let running = Rpmdb::of(&host.path("/"))?;
    let builds = running.undisturbed(&running.stamp()?, || running.builds(name))?;
    Ok(builds.iter().any(|one| one.arch == arch))
}

/// Where a package of one architecture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// Whether the base has it.
    pub base: bool,
    /// Whether it is there, layered or not.
    pub here: bool,
}

/// Where a deployment has a package of one architecture: by one query of each of its databases, since the names that
/// are kept say nothing of it.
pub fn build(deployment: &Deployment, name: &str, arch: &str) -> Result<Build, RpmdbError> {
    let (base, all) = databases(deployment)?;
    let has = |database: &Rpmdb| Ok(database.builds(name)?.iter().any(|one| one.arch == arch));
    let here = has(&all)?;
    Ok(Build { base: if base == all { here } else { has(&base)? }, here })
}

/// The base's database and that of everything, which may be the same.
fn databases(deployment: &Deployment) -> Result<(Rpmdb, Rpmdb), RpmdbError> {
    Ok((Rpmdb::of_base(&deployment.dir)?, Rpmdb::of(&deployment.dir)?))
}

fn dir(host: &Host) -> PathBuf {
    host.env().cache.join("bkt/packages")
}

/// A cache that cannot be written costs time, not the answer.
fn keep(host: &Host, path: &Path, text: &str) {
    if host.is_dry() {
        return;
    }
    if let Err(error) = write(host, path, text) {
        tracing::debug!("what the rpm database says was not kept: {error:#}");
    }
}

fn write(host: &Host, path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, Some(text))?;
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
