//! The person's settings in dconf: which database, what is in it, and one transaction to change it.
//!
//! The order in which profiles are looked for and their lines are dconf's own (`dconf-engine-profile.c`); the
//! database is a GVDB file whose keys are absolute dconf keys. Writing goes through dconf's service, which is the
//! only one that may write the file.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use glib::Variant;
use thiserror::Error;

use super::bus::{self, Service};
use super::{Host, fs};
use crate::core::plan::DconfEdit;
use crate::words::{fill, gettext};

/// The service that writes databases. The bus starts it on demand.
const WRITER: Service =
    Service { name: "ca.desrt.dconf", start: true, patience: Duration::from_secs(10) };

/// Settings that cannot be read.
#[derive(Debug, Error)]
pub enum DconfError {
    /// A file could not be read.
    File(#[from] fs::FsError),
    /// `DCONF_PROFILE` names a profile that does not exist.
    NoProfile(String),
    /// The profile keeps the person's settings where only its service can read them.
    Source(String),
    /// A database is not what it should be.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for DconfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::File(error) => error.to_string(),
            Self::NoProfile(name) => {
                fill(&gettext("the dconf profile “{name}” does not exist"), &[("name", name)])
            }
            Self::Source(source) => fill(
                &gettext("the dconf profile keeps settings in “{source}”, which cannot be read"),
                &[("source", source)],
            ),
            Self::Damaged { path, why } => fill(
                &gettext("the settings database “{path}” is damaged: {why}"),
                &[("path", &path.display().to_string()), ("why", why)],
            ),
        };
        f.write_str(&text)
    }
}

/// The databases that a profile names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name of the person's database.
    pub user: String,
    /// The files below it, the stronger first: they give defaults and locks.
    pub system: Vec<PathBuf>,
}

/// What is in the databases.
#[derive(Default)]
pub struct Dconf {
    user: BTreeMap<String, Variant>,
    locks: HashSet<String>,
    system: Vec<gvdb::read::File<'static>>,
}

impl Dconf {
    /// Every key the person has set, in key order.
    pub fn user(&self) -> &BTreeMap<String, Variant> {
        &self.user
    }

    /// Whether the administrator has locked `key`: what the person has set is not in force then.
    pub fn locked(&self, key: &str) -> bool {
        self.locks.contains(key)
    }

    /// What the system's databases give for `key`: the strongest one that has it.
    pub fn system(&self, key: &str) -> Option<Variant> {
        self.system.iter().find_map(|file| inner(&file.hash_table().ok()?.get_gvariant(key).ok()?))
    }

    /// The value in force, apart from the schema's default.
    pub fn effective(&self, key: &str) -> Option<Variant> {
        let user = || self.user.get(key).cloned();
        if self.locked(key) { self.system(key) } else { user().or_else(|| self.system(key)) }
    }
}

/// Finds out which databases are in use.
pub fn profile(host: &Host) -> Result<Profile, DconfError> {
    let uid = rustix::process::getuid().as_raw();
    if let Some(text) = fs::read(&host.path(&format!("/run/dconf/user/{uid}")))? {
        return parse_profile(&text, host);
    }
    if let Some(name) = host.var("DCONF_PROFILE") {
        let text = match name.starts_with('/') {
            true => fs::read(Path::new(name))?,
            false => named_profile(host, name)?,
        };
        return parse_profile(&text.ok_or_else(|| DconfError::NoProfile(name.to_owned()))?, host);
    }
    if let Some(runtime) = &host.env().runtime
        && let Some(text) = fs::read(&runtime.join("dconf/profile"))?
    {
        return parse_profile(&text, host);
    }
    let text = named_profile(host, "user")?;
    parse_profile(text.as_deref().unwrap_or("user-db:user"), host)
}

fn named_profile(host: &Host, name: &str) -> Result<Option<String>, DconfError> {
    let shared = host.env().data_dirs.iter().map(|dir| dir.join("dconf/profile"));
    for dir in std::iter::once(host.path("/etc/dconf/profile")).chain(shared) {
        if let Some(text) = fs::read(&dir.join(name))? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// Reads a profile: one database a line, the person's own first, comments from `#` on.
fn parse_profile(text: &str, host: &Host) -> Result<Profile, DconfError> {
    let mut lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty());
    // Only the first database is ever written; where it is not the person's own, nothing of ours is in it.
    let first = lines.next().unwrap_or_default();
    let user = first
        .strip_prefix("user-db:")
        .filter(|name| !name.is_empty() && !name.contains('/'))
        .ok_or_else(|| DconfError::Source(first.to_owned()))?;
    let system = lines.filter_map(|line| {
        let (kind, rest) = line.split_once(':')?;
        match kind {
            "system-db" => Some(host.path("/etc/dconf/db").join(rest)),
            "file-db" => Some(host.path(rest)),
            _ => None,
        }
    });
    Ok(Profile { user: user.to_owned(), system: system.collect() })
}

/// The file of the person's database; it need not exist.
pub fn user_path(host: &Host, profile: &Profile) -> PathBuf {
    host.env().config.join("dconf").join(&profile.user)
}

/// The databases: the file that changes whenever the person's settings do, and those that hold defaults and locks.
pub fn watched(host: &Host) -> Vec<PathBuf> {
    // Where the profile cannot be read, the usual place is as good as any: reading says what is wrong.
    let usual = Profile { user: "user".to_owned(), system: Vec::new() };
    let profile = profile(host).unwrap_or(usual);
    std::iter::once(user_path(host, &profile)).chain(profile.system).collect()
}

/// Reads the databases. One that does not exist is empty; one that cannot be read is an error.
pub fn read(host: &Host) -> Result<Dconf, DconfError> {
    let profile = profile(host)?;
    let mut dconf = Dconf::default();
    let path = user_path(host, &profile);
    if let Some(bytes) = fs::read_bytes(&path)? {
        dconf.user = values(&path, bytes)?;
    }
    for path in &profile.system {
        let Some((path, file)) = open(path)? else { continue };
        let table = file.hash_table().map_err(damaged(&path))?;
        if let Ok(locks) = table.get_hash_table(".locks") {
            for key in locks.keys() {
                dconf.locks.insert(key.map_err(damaged(&path))?);
            }
        }
        dconf.system.push(file);
    }
    Ok(dconf)
}

fn open(path: &Path) -> Result<Option<(PathBuf, gvdb::read::File<'static>)>, DconfError> {
    let Some(bytes) = fs::read_bytes(path)? else { return Ok(None) };
    let file = gvdb::read::File::from_bytes(Cow::Owned(bytes)).map_err(damaged(path))?;
    Ok(Some((path.to_owned(), file)))
}

fn damaged<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> DconfError {
    let path = path.to_owned();
    move |error| DconfError::Damaged { path: path.clone(), why: error.to_string() }
}

/// All values of a database, by their absolute keys; `path` is for errors only.
pub fn values(path: &Path, bytes: Vec<u8>) -> Result<BTreeMap<String, Variant>, DconfError> {
    let file = gvdb::read::File::from_bytes(Cow::Owned(bytes)).map_err(damaged(path))?;
    let table = file.hash_table().map_err(damaged(path))?;
    // All names first: listing them finds loops, which looking a name up would follow.
    let keys = table.keys().collect::<Result<Vec<_>, _>>().map_err(damaged(path))?;
    // The other entries are directories, which end in `/`.
    keys.into_iter()
        .filter(|key| key.starts_with('/') && !key.ends_with('/'))
        .map(|key| {
            let value = table.get_gvariant(&key).map_err(damaged(path))?;
            let value = inner(&value).ok_or_else(|| damaged(path)(&key))?;
            Ok((key, value))
        })
        .collect()
}

/// What a stored value holds; `None` where its bytes are not a value in normal form.
fn inner(stored: &Variant) -> Option<Variant> {
    stored.as_variant().filter(Variant::is_normal_form)
}

/// Parses GVariant text that carries its own types.
pub fn parse(text: &str) -> Result<Variant> {
    Variant::parse(None, text).with_context(|| format!("“{text}” is not a setting's value"))
}

/// Writes settings, all of them in one transaction, and makes sure that they are there.
///
/// Nothing is written if one of them has moved from what its edit expects.
pub fn write(host: &Host, edits: &[DconfEdit]) -> Result<()> {
    if edits.is_empty() {
        return Ok(());
    }
    let profile = profile(host)?;
    let now = read(host)?;
    let mut changes = Vec::with_capacity(edits.len());
    for edit in edits {
        let [before, after] = [&edit.before, &edit.after].map(|text| text.as_deref().map(parse));
        let (before, after) = (before.transpose()?, after.transpose()?);
        let have = now.user().get(&edit.key);
        if have != before.as_ref() && have != after.as_ref() {
            bail!(fill(&gettext("“{key}” has changed meanwhile"), &[("key", &edit.key)]));
        }
        changes.push((edit.key.as_str(), after));
    }
    let body = change_set(&changes);
    let path = format!("/ca/desrt/dconf/Writer/{}", profile.user);
    let tag: Result<String, bus::BusError> = bus::block_on(async {
        let bus = bus::session(host).await?;
        bus::call(&bus, WRITER, &path, "ca.desrt.dconf.Writer", "Change", &(body,)).await
    })?;
    tag.context(gettext("settings could not be written"))?;
    let now = read(host)?;
    for (key, after) in &changes {
        if now.user().get(*key) != after.as_ref() {
            bail!(fill(&gettext("dconf did not keep the value of “{key}”"), &[("key", key)]));
        }
    }
    Ok(())
}

/// The serialised `a{smv}` that `Change` takes: *nothing* resets a key.
fn change_set(changes: &[(&str, Option<Variant>)]) -> Vec<u8> {
    let entries = changes.iter().map(|(key, value)| {
        let value = match value {
            Some(value) => Variant::from_some(&Variant::from_variant(value)),
            None => Variant::from_none(glib::VariantTy::VARIANT),
        };
        Variant::from_dict_entry(&Variant::from(*key), &value)
    });
    let entry = glib::VariantTy::new("{smv}");
    let set = match entry {
        Ok(entry) => Variant::array_from_iter_with_type(entry, entries),
        Err(_) => return Vec::new(),
    };
    set.normal_form().data().to_vec()
}

#[cfg(test)]
mod tests;
