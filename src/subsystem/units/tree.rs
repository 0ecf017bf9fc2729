//! Unit files and the links between them, read as systemd reads them: what `systemctl is-enabled` would say.
//!
//! The rules are those of `systemd.unit(5)` and `systemctl(1)`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::inside::{base_name, resolve};
use super::install::Install;
use super::preset::template_of;
use crate::host::Host;
use crate::host::fs::{self, FsError};

/// Where the machine's own decisions are.
pub(super) const CONFIG: &str = "/etc/systemd/system";
/// Where an image keeps the `/etc` it was made with.
pub(super) const IMAGE_CONFIG: &str = "/usr/etc/systemd/system";
/// Where units come with the image.
pub(super) const VENDOR: &str = "/usr/lib/systemd/system";

/// How a unit stands, in the words of `systemctl is-enabled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Enabled,
    EnabledRuntime,
    Linked,
    LinkedRuntime,
    /// Another name of this unit.
    Alias(String),
    Masked,
    MaskedRuntime,
    Static,
    Disabled,
    Indirect,
    Generated,
    Transient,
    NotFound,
}

impl State {
    /// What systemctl calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::EnabledRuntime => "enabled-runtime",
            Self::Linked => "linked",
            Self::LinkedRuntime => "linked-runtime",
            Self::Alias(_) => "alias",
            Self::Masked => "masked",
            Self::MaskedRuntime => "masked-runtime",
            Self::Static => "static",
            Self::Disabled => "disabled",
            Self::Indirect => "indirect",
            Self::Generated => "generated",
            Self::Transient => "transient",
            Self::NotFound => "not-found",
        }
    }
}

fn error_reading(path: &Path) -> impl FnOnce(std::io::Error) -> FsError {
    let path = path.to_owned();
    move |source| FsError { doing: "read", path, source }
}

/// One directory of units.
struct Dir {
    path: String,
    /// Links in it, by name, with what they say.
    links: BTreeMap<String, String>,
    /// Files in it.
    files: BTreeSet<String>,
    /// The names of links in its `.wants`, `.requires` and `.upholds` directories.
    pulled: BTreeSet<String>,
    /// Its directories of drop-ins.
    dropins: BTreeSet<String>,
}

impl Dir {
    fn read(host: &Host, path: &str) -> Result<Self> {
        let mut dir = Self {
            path: path.to_owned(),
            links: BTreeMap::new(),
            files: BTreeSet::new(),
            pulled: BTreeSet::new(),
            dropins: BTreeSet::new(),
        };
        for (name, entry) in entries(host, path)? {
            match entry {
                Entry::Link(target) => drop(dir.links.insert(name, target)),
                Entry::File => drop(dir.files.insert(name)),
                Entry::Dir if name.ends_with(".d") => drop(dir.dropins.insert(name)),
                Entry::Dir => {
                    let kind = name.rsplit_once('.').map(|(_, kind)| kind);
                    if let Some("wants" | "requires" | "upholds") = kind {
                        let inner = entries(host, &format!("{path}/{name}"))?.into_iter();
                        let links = inner.filter(|(_, entry)| matches!(entry, Entry::Link(_)));
                        dir.pulled.extend(links.map(|(name, _)| name));
                    }
                }
            }
        }
        Ok(dir)
    }

    fn is_runtime(&self) -> bool {
        self.path.starts_with("/run/")
    }
}

enum Entry {
    Link(String),
    File,
    Dir,
}

fn entries(host: &Host, path: &str) -> Result<Vec<(String, Entry)>> {
    let Some(real) = resolve(host, path) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    let read = match std::fs::read_dir(&real) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(all),
        read => read.map_err(error_reading(&real))?,
    };
    for entry in read {
        let entry = entry.map_err(error_reading(&real))?;
        let kind = entry.file_type().map_err(error_reading(&entry.path()))?;
        // A name that is not UTF-8 is no unit's.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let entry = match kind {
            kind if kind.is_symlink() => {
                let target =
                    std::fs::read_link(entry.path()).map_err(error_reading(&entry.path()))?;
                let Some(target) = target.to_str() else { continue };
                Entry::Link(target.to_owned())
            }
            kind if kind.is_dir() => Entry::Dir,
            kind if kind.is_file() => Entry::File,
            _ => continue,
        };
        all.push((name, entry));
    }
    Ok(all)
}

/// A unit's file, found.
struct Found {
    /// The name it was found by in the end.
    name: String,
    /// The directory, as an index; of a linked file, the one that the link is in.
    dir: usize,
    /// The file itself.
    path: PathBuf,
    masked: bool,
}

/// The directories that units are looked for in, the strongest first.
pub(super) struct Tree {
    host: Host,
    /// The directory that `systemctl enable` writes to.
    config: &'static str,
    dirs: Vec<Dir>,
}

impl Tree {
    /// Everything, as the running system has it.
    pub fn running(host: &Host) -> Result<Self> {
        let dirs = [
            "/etc/systemd/system.control",
            "/run/systemd/system.control",
            "/run/systemd/transient",
            "/run/systemd/generator.early",
            CONFIG,
            "/etc/systemd/system.attached",
            "/run/systemd/system",
            "/run/systemd/system.attached",
            "/run/systemd/generator",
            "/usr/local/lib/systemd/system",
            VENDOR,
            "/run/systemd/generator.late",
        ];
        Self::read(host, CONFIG, &dirs)
    }

    /// What a restart keeps.
    pub fn kept(host: &Host) -> Result<Self> {
        Self::read(host, CONFIG, &[CONFIG, "/usr/local/lib/systemd/system", VENDOR])
    }

    /// What the image brings; `None` where it does not keep its `/etc`.
    pub fn image(host: &Host) -> Result<Option<Self>> {
        if !host.path("/usr/etc").is_dir() {
            return Ok(None);
        }
        let dirs = [IMAGE_CONFIG, "/usr/local/lib/systemd/system", VENDOR];
        Self::read(host, IMAGE_CONFIG, &dirs).map(Some)
    }

    fn read(host: &Host, config: &'static str, dirs: &[&str]) -> Result<Self> {
        let dirs = dirs.iter().map(|path| Dir::read(host, path)).collect::<Result<_>>()?;
        Ok(Self { host: host.clone(), config, dirs })
    }

    /// How the unit `name` stands.
    pub fn state(&self, name: &str) -> Result<State> {
        let Some(found) = self.find(name)? else { return Ok(State::NotFound) };
        let dir = &self.dirs[found.dir];
        if found.masked {
            return Ok(if dir.is_runtime() { State::MaskedRuntime } else { State::Masked });
        }
        if found.name != name && template_of(&found.name).is_none() {
            return Ok(State::Alias(found.name));
        }
        if dir.path.starts_with("/run/systemd/generator") {
            return Ok(State::Generated);
        }
        if dir.path == "/run/systemd/transient" {
            return Ok(State::Transient);
        }
        let install = self.install(&found)?;
        if let Some(state) = self.links(&found, &install, true) {
            return Ok(state);
        }
        if self.links(&found, &install, false).is_some() {
            // It is in use under another name.
            return Ok(State::Indirect);
        }
        Ok(match () {
            () if install.makes_links() => State::Disabled,
            () if !install.also.is_empty() => State::Indirect,
            () => State::Static,
        })
    }

    /// What the unit's file and its drop-ins say of installing it; `None` where there is no such unit.
    pub fn install_of(&self, name: &str) -> Result<Option<Install>> {
        let found = self.find(name)?.filter(|found| !found.masked);
        found.map(|found| self.install(&found)).transpose()
    }

    /// Whether the image itself pulls the unit in, without anybody having enabled it.
    pub fn pulled_by_vendor(&self, name: &str) -> bool {
        let vendor = self.dirs.iter().filter(|dir| dir.path != self.config && !dir.is_runtime());
        vendor.into_iter().any(|dir| dir.pulled.contains(name))
    }

    /// Every unit that something was decided about where `systemctl enable` writes.
    pub fn decided(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for dir in self.dirs.iter().filter(|dir| dir.path == self.config) {
            names.extend(dir.pulled.iter().cloned());
            for (name, target) in &dir.links {
                names.extend([name.clone(), base_name(target).to_owned()]);
            }
            names.extend(dir.files.iter().cloned());
        }
        names
    }

    /// Every unit there is a file of.
    pub fn all(&self) -> BTreeSet<String> {
        let files = self.dirs.iter().flat_map(|dir| dir.files.iter().chain(dir.links.keys()));
        files.cloned().collect()
    }

    /// Whether a unit's file, or the link in its place, stands where `systemctl enable` writes.
    pub fn is_own(&self, name: &str) -> bool {
        self.entry(name).is_some_and(|(index, _, _)| self.dirs[index].path == self.config)
    }

    /// The names of the files where `systemctl enable` writes.
    pub fn own_files(&self) -> impl Iterator<Item = &str> {
        let own = self.dirs.iter().filter(|dir| dir.path == self.config);
        own.flat_map(|dir| dir.files.iter().map(String::as_str))
    }

    fn find(&self, name: &str) -> Result<Option<Found>> {
        let mut name = name.to_owned();
        // As many aliases as systemd follows.
        for _ in 0..64 {
            let direct = self.entry(&name);
            let template = || template_of(&name).and_then(|(template, _)| self.entry(&template));
            let Some((index, file, target)) = direct.or_else(template) else { return Ok(None) };
            let at = format!("{}/{file}", self.dirs[index].path);
            let Some(path) = resolve(&self.host, &at) else { return Ok(None) };
            let target = match target {
                Some(target) if target == "/dev/null" => {
                    return Ok(Some(Found { name, dir: index, path, masked: true }));
                }
                target => target.map(|target| base_name(&target).to_owned()),
            };
            match target {
                Some(other) if other != file => {
                    // An instance stays one when its template has another name.
                    name = match (template_of(&name), other.split_once("@.")) {
                        (Some((_, instance)), Some((prefix, kind))) => {
                            format!("{prefix}@{instance}.{kind}")
                        }
                        _ => other,
                    };
                }
                _ => {
                    let size = match std::fs::metadata(&path) {
                        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                        size => size.map_err(error_reading(&path))?.len(),
                    };
                    return Ok(Some(Found { name, dir: index, path, masked: size == 0 }));
                }
            }
        }
        Ok(None)
    }

    /// The strongest file or link of a name: its directory, its name, and what it says if it is a link.
    fn entry(&self, name: &str) -> Option<(usize, String, Option<String>)> {
        self.dirs.iter().enumerate().find_map(|(index, dir)| {
            let target = dir.links.get(name).cloned();
            let there = target.is_some() || dir.files.contains(name);
            there.then(|| (index, name.to_owned(), target))
        })
    }

    fn install(&self, found: &Found) -> Result<Install> {
        let mut install = Install::default();
        let read = |path: &PathBuf| -> Result<String> {
            // Only ASCII matters of it.
            let bytes = fs::read_bytes(path)?.unwrap_or_default();
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        install.read(&read(&found.path)?);
        let mut dropins: BTreeMap<String, PathBuf> = BTreeMap::new();
        let template = template_of(&found.name).map(|(template, _)| template);
        for name in [Some(&found.name), template.as_ref()].into_iter().flatten() {
            let folder = format!("{name}.d");
            for dir in self.dirs.iter().filter(|dir| dir.dropins.contains(&folder)) {
                let folder = format!("{}/{folder}", dir.path);
                for (name, _) in entries(&self.host, &folder)? {
                    let path = resolve(&self.host, &format!("{folder}/{name}"));
                    if let (true, Some(path)) = (name.ends_with(".conf"), path) {
                        dropins.entry(name).or_insert(path);
                    }
                }
            }
        }
        for path in dropins.values().filter(|path| path.is_file()) {
            install.read(&read(path)?);
        }
        let prefix = found.name.split(['@', '.']).next().unwrap_or_default().to_owned();
        let instance = template_of(&found.name).map(|(_, instance)| instance.to_owned());
        for alias in &mut install.aliases {
            *alias = alias
                .replace("%n", &found.name)
                .replace("%p", &prefix)
                .replace("%i", instance.as_deref().unwrap_or_default());
        }
        Ok(install)
    }

    /// Which links a unit has. `known` asks only for those that enabling it would make.
    fn links(&self, found: &Found, install: &Install, known: bool) -> Option<State> {
        let name = found.name.as_str();
        let default = match (name.split_once("@."), &install.default_instance) {
            (Some((prefix, kind)), Some(instance)) => Some(format!("{prefix}@{instance}.{kind}")),
            _ => None,
        };
        let counts = |link: &str| {
            !known
                || link == name
                || install.aliases.iter().any(|alias| alias == link)
                || default.as_deref() == Some(link)
        };
        let instance_of = |link: &str| template_of(link).is_some_and(|(of, _)| of == name);
        let (mut runtime, mut elsewhere) = (false, false);
        let (mut linked, mut linked_runtime) = (false, false);
        for (index, dir) in self.dirs.iter().enumerate() {
            // What is weaker than the file itself cannot give it its name.
            let below = index > found.dir;
            let pulls = dir.pulled.iter().any(|l| (l == name || instance_of(l)) && counts(l));
            let mut same = false;
            let top = dir.links.iter().any(|(link, target)| {
                let leads = base_name(target) == name;
                let is = !below && link == name;
                same |= is && leads;
                (is != leads) && counts(link)
            });
            if pulls || top {
                if dir.path == self.config {
                    return Some(State::Enabled);
                }
                runtime |= dir.is_runtime();
                elsewhere |= !dir.is_runtime();
            } else if same {
                linked |= dir.path == self.config;
                linked_runtime |= dir.is_runtime();
            }
        }
        match () {
            () if runtime => Some(State::EnabledRuntime),
            () if elsewhere && template_of(name).is_some() => Some(State::Static),
            () if linked => Some(State::Linked),
            () if linked_runtime => Some(State::LinkedRuntime),
            () => None,
        }
    }
}
