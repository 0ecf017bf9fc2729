//! What rustup has: `settings.toml`, and a directory for each toolchain.
//!
//! A toolchain says in `lib/rustlib/multirust-config.toml` which components it has, each a package and, but for those
//! that are the same everywhere, a target. A directory whose name is none that can be installed was linked by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::entry::{canonical, triple};
use super::{Item, TOOLCHAIN, place};
use crate::core::item::{Live, Record, Records, WantedItems};
use crate::core::names::{ComponentName, TargetName, ToolchainName};
use crate::host::{Host, fs};
use crate::words::{fill, gettext};

/// What every toolchain comes with.
const ALWAYS: [&str; 3] = ["rustc", "cargo", "rust-std"];
/// What it comes with too, unless the profile is the minimal one.
const USUALLY: [&str; 3] = ["rust-docs", "rustfmt", "clippy"];

/// `settings.toml`, as far as it is read.
#[derive(Debug, Default, Deserialize)]
struct Settings {
    default_toolchain: Option<String>,
    profile: Option<String>,
}

/// `multirust-config.toml`
#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default)]
    components: Vec<Part>,
}

#[derive(Debug, Deserialize)]
struct Part {
    pkg: String,
    target: Option<String>,
}

/// The default toolchain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Default {
    /// None is set.
    None,
    /// One that can be installed.
    Named(ToolchainName),
    /// One that somebody linked by hand: no manifest can name it.
    Linked(String),
}

/// What one toolchain has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Components beside those that its profile brings.
    pub components: BTreeSet<ComponentName>,
    /// Components that its profile brings.
    pub brought: BTreeSet<ComponentName>,
    /// Targets beside the machine itself.
    pub targets: BTreeSet<TargetName>,
}

/// All that rustup has.
#[derive(Clone, Debug)]
pub struct Rustup {
    /// The default toolchain, or why it cannot be told.
    pub default: Result<Default, String>,
    /// The toolchains that are there, each with its directory, or why that cannot be told.
    pub toolchains: Result<BTreeMap<ToolchainName, PathBuf>, String>,
    profile: Option<String>,
}

/// Where rustup keeps what it installs.
pub(super) fn dir(host: &Host, home: &Path) -> PathBuf {
    place::own(host, "RUSTUP_HOME", home, ".rustup")
}

impl Rustup {
    /// Reads what is in the box's home directory.
    pub fn read(host: &Host) -> Self {
        Self::below(host, &place::home(host))
    }

    pub(super) fn below(host: &Host, home: &Path) -> Self {
        let dir = dir(host, home);
        let settings = place::toml::<Settings>(host, &dir.join("settings.toml"));
        let settings = settings.map(Option::unwrap_or_default);
        let profile = settings.as_ref().ok().and_then(|settings| settings.profile.clone());
        let default = settings.map(|settings| match settings.default_toolchain {
            None => Default::None,
            Some(name) => match name.parse::<ToolchainName>() {
                Ok(name) => Default::Named(canonical(&name)),
                Err(_) => Default::Linked(name),
            },
        });
        let place = dir.join("toolchains");
        let toolchains = fs::list(&place).map_err(|error| error.to_string()).map(|names| {
            let installed = names.unwrap_or_default().into_iter().filter_map(|name| {
                let dir = place.join(&name);
                let name = name.parse::<ToolchainName>().ok().filter(|_| dir.is_dir())?;
                Some((canonical(&name), dir))
            });
            installed.collect()
        });
        Self { default, toolchains, profile }
    }

    /// Whether a toolchain is there, as far as that can be told.
    pub fn has(&self, name: &ToolchainName) -> bool {
        self.toolchains.as_ref().is_ok_and(|all| all.contains_key(name))
    }

    /// What a toolchain has; the error says, for people, why it cannot be told.
    pub fn parts(&self, host: &Host, name: &ToolchainName) -> Result<Parts, String> {
        let toolchains = self.toolchains.as_ref().map_err(Clone::clone)?;
        let Some(dir) = toolchains.get(name) else { return Ok(Parts::default()) };
        let path = dir.join("lib/rustlib/multirust-config.toml");
        let Some(config) = place::toml::<Config>(host, &path)? else {
            let text = gettext("“{path}” is not there, so its components cannot be told");
            return Err(fill(&text, &[("path", &host.display(&path))]));
        };
        Ok(self.sorted(config.components))
    }

    fn sorted(&self, all: Vec<Part>) -> Parts {
        let own = triple();
        let usually = match self.profile.as_deref() {
            Some("minimal") => &[][..],
            _ => &USUALLY[..],
        };
        let mut parts = Parts::default();
        for Part { pkg, target } in all {
            // Their packages have another name than they are asked for by.
            let name = pkg.strip_suffix("-preview").unwrap_or(&pkg);
            let elsewhere = target.filter(|target| *target != own && target != "*");
            match (name, elsewhere) {
                ("rust-std", Some(target)) => parts.targets.extend(target.parse().ok()),
                (_, Some(target)) => {
                    parts.components.extend(format!("{name}-{target}").parse().ok())
                }
                _ if ALWAYS.contains(&name) => (),
                _ if usually.contains(&name) || self.profile.as_deref() == Some("complete") => {
                    parts.brought.extend(name.parse().ok());
                }
                _ => parts.components.extend(name.parse().ok()),
            }
        }
        parts
    }
}

/// Adds what rustup has. Nothing where it has nothing.
pub(super) fn live(host: &Host, home: &Path, wanted: &WantedItems, records: &mut Records) {
    let rustup = Rustup::below(host, home);
    match &rustup.toolchains {
        Ok(toolchains) => {
            for name in toolchains.keys() {
                records.insert(Item::Toolchain(name.clone()).key(), Live::known(Record::new()));
            }
        }
        Err(why) => records.blind.push(("rustup/toolchain/".to_owned(), why.clone())),
    }
    let default = match &rustup.default {
        Ok(Default::Named(name)) => name,
        Ok(Default::None) => return,
        Ok(Default::Linked(name)) => {
            let text = gettext(
                "the default toolchain, “{name}”, was linked by hand: no manifest can say where from",
            );
            let why = fill(&text, &[("name", name)]);
            records.insert(Item::Default.key(), Live::unknown(why.clone()));
            blind_parts(records, &why);
            return;
        }
        Err(why) => {
            records.insert(Item::Default.key(), Live::unknown(why.clone()));
            blind_parts(records, why);
            return;
        }
    };
    if rustup.toolchains.is_ok() && !rustup.has(default) {
        let mut live = Live::absent();
        let text = gettext("rustup’s default is {name}, which is not installed");
        live.note = Some(fill(&text, &[("name", default.as_str())]));
        records.insert(Item::Default.key(), live);
        return;
    }
    let record = Record::new().with(TOOLCHAIN, default.as_str());
    records.insert(Item::Default.key(), Live::known(record));
    match rustup.parts(host, default) {
        Ok(parts) => {
            let brought = parts.brought.into_iter().map(Item::Component);
            let brought = brought.filter(|item| wanted.contains_key(&item.key()));
            let chosen = parts.components.into_iter().map(Item::Component).chain(brought);
            for item in chosen.chain(parts.targets.into_iter().map(Item::Target)) {
                records.insert(item.key(), Live::known(Record::new()));
            }
        }
        Err(why) => blind_parts(records, &why),
    }
}

fn blind_parts(records: &mut Records, why: &str) {
    for prefix in ["rustup/component/", "rustup/target/"] {
        records.blind.push((prefix.to_owned(), why.to_owned()));
    }
}
