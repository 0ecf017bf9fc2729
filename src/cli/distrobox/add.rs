//! Making and removing boxes by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::BOXES;
use super::lint;
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::pun::{self, Pun};
use crate::core::item::{Elements, ItemKey, Record, Value};
use crate::core::names::{BoxPackage, ContainerName, ImageRef};
use crate::core::near::nearest;
use crate::core::report::Report;
use crate::engine::{Edit, Wish};
use crate::subsystem::Unfit;
use crate::subsystem::distrobox::{IMAGE, json};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
pub(super) struct Add {
    #[arg(value_name = "NAME", required = true, help = gettext("What the box is called"))]
    names: Vec<ContainerName>,
    #[arg(long, value_name = "IMAGE", help = gettext("What it is made of, as in registry.example/fedora-toolbox:42"))]
    image: Option<ImageRef>,
    #[arg(long = "package", value_name = "PACKAGE", help = gettext("Install a package in it; may be given again"))]
    packages: Vec<BoxPackage>,
    #[arg(long = "volume", value_name = "VOLUME", help = gettext("Give it a directory of this machine, as in ~/src:/src:ro; may be given again"))]
    volumes: Vec<String>,
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable, help = gettext("Set a variable in it; may be given again"))]
    env: Vec<(String, String)>,
    #[arg(long, value_name = "DIR", help = gettext("Give it a home directory of its own"))]
    home: Option<String>,
    #[arg(long, value_name = "NAME", help = gettext("Give it a host name of its own"))]
    hostname: Option<String>,
    #[arg(long = "path", value_name = "DIR", help = gettext("Look for its programs in this directory too; may be given again"))]
    path: Vec<String>,
    #[arg(long = "bin", value_name = "PATH", help = gettext("Export a program of it to this machine; may be given again"))]
    bins: Vec<String>,
    #[arg(long = "bins-from", value_name = "DIR", help = gettext("Export all programs of a directory; may be given again"))]
    bins_from: Vec<String>,
    #[arg(long, value_name = "DIR", help = gettext("Where programs are exported to (default: ~/.local/bin)"))]
    bins_to: Option<String>,
    #[arg(long = "app", value_name = "APP", help = gettext("Export an application of it to this machine; may be given again"))]
    apps: Vec<String>,
    #[arg(long = "init-hook", value_name = "COMMAND", help = gettext("Run this in it at each start; may be given again"))]
    init_hooks: Vec<String>,
    #[arg(long = "pre-init-hook", value_name = "COMMAND", help = gettext("Run this in it at each start, before it is set up; may be given again"))]
    pre_init_hooks: Vec<String>,
    #[arg(long, value_name = "WHAT", help = gettext("What it does not share with this machine: netns, ipc, process, devsys, groups or all; may be given again"))]
    unshare: Vec<String>,
    #[arg(long = "flag", value_name = "OPTION", allow_hyphen_values = true, help = gettext("Another option for podman, as in --flag=--memory=2g; may be given again"))]
    flags: Vec<String>,
    #[arg(long, help = gettext("Give it an init system of its own"))]
    init: bool,
    #[arg(long, help = gettext("Give it this machine's NVIDIA drivers"))]
    nvidia: bool,
    #[arg(long, help = gettext("Make it root's"))]
    root: bool,
    #[arg(long, help = gettext("Fetch its image anew whenever it is made"))]
    pull: bool,
    #[command(flatten)]
    pun: Pun,
}

#[derive(clap::Args)]
pub(super) struct Remove {
    #[arg(value_name = "NAME", required = true, help = gettext("What the box is called"))]
    names: Vec<ContainerName>,
    #[command(flatten)]
    pun: Pun,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| gettext("it should be like NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Add {
    /// What was typed as an entry of the manifest.
    fn entry(&self, image: &str) -> Map<String, Json> {
        let mut entry = Map::new();
        let mut put = |key: &str, value: Json| drop(entry.insert(key.to_owned(), value));
        put("image", image.into());
        let packages: Vec<&str> = self.packages.iter().map(BoxPackage::as_str).collect();
        let lists = [
            ("packages", json!(packages)),
            ("volume", json!(self.volumes)),
            ("exported_apps", json!(self.apps)),
            ("init_hooks", json!(self.init_hooks)),
            ("pre_init_hooks", json!(self.pre_init_hooks)),
            ("path", json!(self.path)),
            ("unshare", json!(self.unshare)),
            ("additional_flags", json!(self.flags)),
        ];
        for (key, list) in lists {
            if list.as_array().is_some_and(|list| !list.is_empty()) {
                put(key, list);
            }
        }
        if !self.bins.is_empty() || !self.bins_from.is_empty() || self.bins_to.is_some() {
            let mut bins = json!({ "from": self.bins_from, "also": self.bins });
            if let Some(to) = &self.bins_to {
                bins["to"] = to.as_str().into();
            }
            put("bins", bins);
        }
        if !self.env.is_empty() {
            let env: BTreeMap<&String, &String> = self.env.iter().map(|(n, v)| (n, v)).collect();
            put("env", json!(env));
        }
        for (key, text) in [("home", &self.home), ("hostname", &self.hostname)] {
            if let Some(text) = text {
                put(key, text.as_str().into());
            }
        }
        let switches = [
            ("init", self.init),
            ("nvidia", self.nvidia),
            ("root", self.root),
            ("pull", self.pull),
        ];
        for (key, _) in switches.into_iter().filter(|(_, on)| *on) {
            put(key, true.into());
        }
        entry
    }
}

pub(super) fn add(app: &App, args: &Add) -> anyhow::Result<Exit> {
    let hooks = args.init_hooks.iter().chain(&args.pre_init_hooks);
    lint::advise(app, hooks.map(String::as_str));
    pun::act(app, &[BOXES], &args.pun, |engine, report| {
        let wish = |name: &ContainerName| {
            let item = ItemKey::new(name.as_str());
            let there = report.item(&BOXES, &item);
            let said = there.and_then(|item| item.wanted.as_ref().or(item.live.as_ref()));
            let image = match (&args.image, said.and_then(|said| said.text(IMAGE))) {
                (Some(image), _) => image.to_string(),
                (None, Some(image)) => image.to_owned(),
                (None, None) => {
                    let text = gettext("what {name} is to be made of is not said");
                    let message = fill(&text, &[("name", name.as_str())]);
                    let hint = Some(gettext("Name an image: --image registry.example/name:tag"));
                    return Err(Misnamed::Wrong { message, hint }.into());
                }
            };
            let mut set = json::record(&args.entry(&image), engine.host())?;
            if let Some(said) = said {
                set = added_to(said, set);
            }
            Ok(Wish { subsystem: BOXES, item, edit: Edit::put(set) })
        };
        args.names.iter().map(wish).collect()
    })
}

/// What is set, beside what was said before: of a set, what it had stays.
fn added_to(said: &Record, set: Record) -> Record {
    let both = |(name, value): (String, Value)| match (said.get(&name), value) {
        (Some(Value::Set(old)), Value::Set(new)) => {
            let all: Elements = old.iter().chain(new.iter()).map(str::to_owned).collect();
            (name, Value::Set(all))
        }
        (_, value) => (name, value),
    };
    Record(set.0.into_iter().map(both).collect())
}

pub(super) fn remove(app: &App, args: &Remove) -> anyhow::Result<Exit> {
    pun::act(app, &[BOXES], &args.pun, |_, report| {
        let wish = |name: &ContainerName| {
            let item = ItemKey::new(name.as_str());
            match report.item(&BOXES, &item) {
                Some(_) => Ok(Wish { subsystem: BOXES, item, edit: Edit::Remove }),
                None => Err(unknown(report, name).into()),
            }
        };
        args.names.iter().map(wish).collect()
    })
}

/// There is no such box.
pub(super) fn unknown(report: &Report, name: &ContainerName) -> Unfit {
    let message = gettext("there is no box “{name}”, here or in the manifest");
    let all = report.subsystem(&BOXES).into_iter().flat_map(|one| &one.items);
    let names = all.map(|item| (item.key.as_str(), Vec::new()));
    Unfit {
        message: fill(&message, &[("name", name.as_str())]),
        close: nearest(name.as_str(), names),
        unsure: false,
    }
}
