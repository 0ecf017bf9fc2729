//! What stands in `distrobox.json`, and what it means.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::exports::Bins;
use super::{
    APPS, BINS, BINS_TO, ENV, FLAGS, HOME, HOSTNAME, IMAGE, INIT, INIT_HOOKS, NVIDIA, PACKAGES,
    PATH, PRE_INIT_HOOKS, PULL, ROOT, UNSHARE, VOLUME, flags, hooks, lint, place,
};
use crate::core::item::{Record, Value};
use crate::core::names::{BoxPackage, ImageRef};
use crate::host::Host;
use crate::words::{fill, gettext};

/// `distrobox.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
pub(super) struct DistroboxFile {
    /// Where this file's JSON Schema is.
    #[serde(rename = "$schema")]
    schema: Option<String>,
    /// The boxes, by name.
    containers: BTreeMap<String, Entry>,
}

/// One box.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Entry {
    /// The image it is made of. Only an entry that drops another layer's may leave it out.
    #[schemars(with = "Option<String>")]
    pub image: Option<ImageRef>,
    /// Packages that are installed in it, by the names of its own package manager.
    #[schemars(with = "Option<Vec<String>>")]
    pub packages: Option<Vec<BoxPackage>>,
    /// Its programs that the machine has too.
    pub bins: Option<BinsEntry>,
    /// Its applications that the machine has too.
    pub exported_apps: Option<Vec<String>>,
    /// Shell that it runs as root at each start, after it was set up: it changes nothing when it is run again.
    pub init_hooks: Option<Lines>,
    /// Shell that it runs as root at each start, before it is set up.
    pub pre_init_hooks: Option<Lines>,
    /// Directories of the machine that it has beside the home: `~/src:/src:ro`.
    pub volume: Option<Vec<String>>,
    /// Whether the image is fetched anew whenever the box is made.
    pub pull: Option<bool>,
    /// Whether it has an init system of its own.
    pub init: Option<bool>,
    /// Whether it is root's.
    pub root: Option<bool>,
    /// Whether it has the machine's NVIDIA drivers.
    pub nvidia: Option<bool>,
    /// Its home directory, where that is not the person's.
    pub home: Option<String>,
    /// Its host name, where that is not the machine's.
    pub hostname: Option<String>,
    /// What it does not share with the machine: netns, ipc, process, devsys, groups, or all.
    pub unshare: Option<Vec<Unshare>>,
    /// Directories that its programs are looked for in, after those that the machine's are looked for in.
    pub path: Option<Vec<String>>,
    /// Variables that all its programs have.
    pub env: Option<BTreeMap<String, String>>,
    /// Other options for `podman create`.
    pub additional_flags: Option<Lines>,
    /// In a host layer: this machine does not want the box.
    #[allow(dead_code, reason = "read where layers are laid over one another")]
    pub absent: Option<bool>,
}

/// Programs of a box that the machine has too.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(super) struct BinsEntry {
    /// Directories all of whose programs are exported: `~/.cargo/bin`.
    #[serde(default)]
    pub from: Vec<String>,
    /// Programs, by their absolute paths.
    #[serde(default)]
    pub also: Vec<String>,
    /// Names of programs of those directories that are not exported.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Where they are exported to: `~/.local/bin`, unless said otherwise.
    pub to: Option<String>,
}

/// What a box may have of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unshare {
    /// The network.
    Netns,
    /// Shared memory and semaphores.
    Ipc,
    /// Processes.
    Process,
    /// Devices.
    Devsys,
    /// Groups.
    Groups,
    /// All of them.
    All,
}

/// One text, or several.
#[derive(Clone, Debug, JsonSchema)]
#[serde(untagged)]
pub(super) enum Lines {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> serde::de::Visitor<'de> for Read {
            type Value = Lines;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Lines, E> {
                Ok(Lines::One(text.to_owned()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Lines, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = seq.next_element()? {
                    list.push(text);
                }
                Ok(Lines::Many(list))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl Lines {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let list = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(list) => list.as_slice(),
        };
        list.iter().map(String::as_str)
    }
}

/// What is wrong with an entry, and where in it.
type Wrong = (String, anyhow::Error);

/// What an entry wants, in canonical form.
pub(super) fn record(entry: &Entry, host: &Host) -> Result<Record, Wrong> {
    let home = &host.env().home;
    let Some(image) = &entry.image else {
        return Err((
            String::new(),
            anyhow!(gettext("“image” is missing: what the box is made of")),
        ));
    };
    let mut record = Record::new().with(IMAGE, image.as_str());
    let mut set = |name: &str, elements: Option<Vec<String>>| {
        if let Some(elements) = elements {
            record.set(name, Value::Set(elements.into()));
        }
    };
    let packages =
        |list: &Vec<BoxPackage>| list.iter().map(|name| name.as_str().to_owned()).collect();
    set(PACKAGES, entry.packages.as_ref().map(packages));
    let bins = entry.bins.as_ref().map(|bins| read_bins(bins, host)).transpose()?;
    set(BINS, bins.as_ref().map(|bins| bins.elements(host)));
    set(APPS, entry.exported_apps.clone());

    let flags = flags::parse(entry.additional_flags.iter().flat_map(Lines::iter))
        .map_err(|why| ("additional_flags".to_owned(), anyhow!(why)))?;
    let volumes = entry.volume.iter().flatten().chain(&flags.volumes);
    let volumes: Vec<String> = volumes.map(|volume| place::volume(home, volume)).collect();
    set(VOLUME, (entry.volume.is_some() || !volumes.is_empty()).then_some(volumes));
    let init = entry.init == Some(true);
    set(UNSHARE, entry.unshare.as_ref().map(|unshare| unshared(unshare, init)));

    if let Some(to) = bins.map(|bins| bins.to).filter(|to| to != super::exports::BIN) {
        record.set(BINS_TO, to.as_str());
    }
    for (name, lines) in [(INIT_HOOKS, &entry.init_hooks), (PRE_INIT_HOOKS, &entry.pre_init_hooks)]
    {
        let several = |hook: &&str| hook.trim().contains('\n') && lint::is_other_in_one_line(hook);
        if let Some(hook) = lines.iter().flat_map(Lines::iter).find(several) {
            let text = gettext(
                "distrobox makes one line of the hook “{hook}”, which is something else then: end each command with “;”, or write one hook for each",
            );
            let shown = hook.trim().replace('\n', "\\n");
            return Err((name.to_owned(), anyhow!(fill(&text, &[("hook", &shown)]))));
        }
        let line = hooks::joined(lines.iter().flat_map(Lines::iter));
        if !line.is_empty() {
            record.set(name, line.as_str());
        }
    }
    let switches =
        [(INIT, entry.init), (ROOT, entry.root), (NVIDIA, entry.nvidia), (PULL, entry.pull)];
    for (name, _) in switches.into_iter().filter(|(_, on)| *on == Some(true)) {
        record.set(name, true);
    }
    for (name, text) in [(HOME, &entry.home), (HOSTNAME, &entry.hostname)] {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        match text {
            // The person's own home is none of the box's.
            Some(text) if name == HOME && place::short(home, text) == "~" => (),
            Some(text) if name == HOME => record.set(name, place::short(home, text).as_str()),
            Some(text) => record.set(name, text),
            None => (),
        }
    }
    if let Some(path) = entry.path.as_ref().filter(|path| !path.is_empty()) {
        record.set(PATH, read_path(path, home)?.as_str());
    }
    let written = entry.env.iter().flatten().map(|(name, value)| ("env", name, value));
    let given = flags.env.iter().map(|(name, value)| ("additional_flags", name, value));
    for (inside, name, value) in written.chain(given) {
        check_variable(name).map_err(|error| (inside.to_owned(), error))?;
        record.set(format!("{ENV}{name}"), value.as_str());
    }
    if !flags.rest.is_empty() {
        record.set(FLAGS, flags::join(flags.rest.iter().map(String::as_str)).as_str());
    }
    Ok(record)
}

fn read_bins(bins: &BinsEntry, host: &Host) -> Result<Bins, Wrong> {
    let home = &host.env().home;
    let absolute = |list: &[String], name: &str| -> Result<Vec<String>, Wrong> {
        let one = |(index, path): (usize, &String)| {
            let path = place::short(home, path);
            match path.starts_with('/') || place::is_below_home(&path) {
                true => Ok(path),
                false => {
                    let text = gettext(
                        "“{path}” is no absolute path: it should be like /usr/bin/tool or ~/bin/tool",
                    );
                    let text = fill(&text, &[("path", &path)]);
                    Err((format!("bins/{name}/{index}"), anyhow!(text)))
                }
            }
        };
        list.iter().enumerate().map(one).collect()
    };
    let to = bins
        .to
        .as_deref()
        .map_or_else(|| super::exports::BIN.to_owned(), |to| place::short(home, to));
    if !to.starts_with('/') && !place::is_below_home(&to) {
        let text = gettext("“{path}” is no absolute path: it should be like ~/.local/bin");
        return Err(("bins/to".to_owned(), anyhow!(fill(&text, &[("path", &to)]))));
    }
    Ok(Bins {
        from: absolute(&bins.from, "from")?,
        also: absolute(&bins.also, "also")?,
        not: bins.exclude.iter().map(|name| place::name_of(name).to_owned()).collect(),
        to,
    })
}

/// The names of what is not shared. An init system has its own processes and groups without being told.
pub(super) fn unshared(unshare: &[Unshare], init: bool) -> Vec<String> {
    let all = unshare.contains(&Unshare::All);
    let names = [
        (Unshare::Devsys, "devsys", true),
        (Unshare::Groups, "groups", !init),
        (Unshare::Ipc, "ipc", true),
        (Unshare::Netns, "netns", true),
        (Unshare::Process, "process", !init),
    ];
    let named =
        names.into_iter().filter(|(one, _, counts)| *counts && (all || unshare.contains(one)));
    named.map(|(_, name, _)| name.to_owned()).collect()
}

fn read_path(path: &[String], home: &std::path::Path) -> Result<String, Wrong> {
    let mut dirs = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, dir) in path.iter().enumerate() {
        let short = place::short(home, dir);
        if short.contains(':') || !short.starts_with('/') && !place::is_below_home(&short) {
            let text = gettext("“{path}” is no absolute path without a colon");
            return Err((format!("path/{index}"), anyhow!(fill(&text, &[("path", dir)]))));
        }
        if seen.insert(short.clone()) {
            dirs.push(short);
        }
    }
    Ok(dirs.join(":"))
}

/// Makes sure that a variable can be given to a box.
fn check_variable(name: &str) -> anyhow::Result<()> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name == "PATH" {
        anyhow::bail!(gettext("PATH is set by “path”: a list of directories"));
    }
    if name.is_empty() || !name.bytes().all(word) || name.as_bytes()[0].is_ascii_digit() {
        let text = gettext(
            "“{name}” is no variable’s name: letters, digits and “_”, not starting with a digit",
        );
        anyhow::bail!(fill(&text, &[("name", name)]));
    }
    Ok(())
}
