//! The development box: which one it is, and what is in it.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value as Json;
use thiserror::Error;

use crate::core::item::ItemKey;
use crate::core::names::ContainerName;
use crate::core::plan::Command;
use crate::host::Host;
use crate::host::boxes::{self, As, Boxed, BoxesError, Installed, State};
use crate::manifest::Manifests;
use crate::subsystem::{RestsOn, Watch, distrobox};
use crate::words::{fill, gettext};

/// The file that says how boxes are made.
const BOXES: &str = "distrobox.json";

/// Where package managers keep what is installed, below a box's root.
const DATABASES: [&str; 5] =
    ["usr/lib/sysimage/rpm", "var/lib/rpm", "var/lib/dpkg", "var/lib/pacman", "lib/apk/db"];

/// The development box, which is there.
#[derive(Clone, Debug)]
pub struct Dev {
    /// As podman has it.
    pub boxed: Boxed,
}

/// There is no development box to act in.
#[derive(Debug, Error)]
pub enum NoBox {
    /// Podman is not on this machine.
    #[error("Podman is not installed")]
    NoPodman,
    /// No box has its name.
    #[error("there is no box “{name}” on this machine")]
    Missing {
        /// The name that the repository gives it.
        name: ContainerName,
        /// Whether `distrobox.json` says how it is made, so that it can be made here.
        described: bool,
    },
    /// It could not be found out.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl NoBox {
    /// What is to be done about it, for people.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPodman => {
                Some(gettext("Boxes are containers of Podman: bkt dnf install podman"))
            }
            Self::Missing { described: true, .. } => {
                Some(gettext("Make it, as distrobox.json says: bkt dev update"))
            }
            Self::Missing { name, .. } => Some(fill(
                &gettext(
                    "Make it with “distrobox create --name {name} --image IMAGE” or “toolbox create {name}”, or say in \
                     repo.json how another one is called: “dev_container”.",
                ),
                &[("name", name.as_str())],
            )),
            Self::Failed(_) => None,
        }
    }

    /// What is wrong and what is to be done about it, in one sentence for people.
    pub fn reason(&self) -> String {
        match self {
            Self::Missing { name, described } => {
                let text = match described {
                    true => gettext(
                        "the development box {name} is not on this machine: “bkt dev update” makes it",
                    ),
                    false => gettext(
                        "the development box {name} is not on this machine, and distrobox.json does not say how it is made",
                    ),
                };
                fill(&text, &[("name", name.as_str())])
            }
            Self::NoPodman => gettext("Podman is not installed, so there is no development box"),
            Self::Failed(error) => format!("{error:#}"),
        }
    }
}

impl Dev {
    /// The box that the repository names. Starts a process only where podman's own files have changed since the last time.
    pub fn read(host: &Host) -> Result<Self, NoBox> {
        let name = host.dev_box().map_err(anyhow::Error::msg)?;
        let all = match boxes::read(host) {
            Ok(all) => all,
            Err(BoxesError::NoPodman) => return Err(NoBox::NoPodman),
            Err(BoxesError::Failed(error)) => return Err(error.into()),
        };
        match all.boxes.into_iter().find(|one| one.name == *name) {
            Some(boxed) => Ok(Self { boxed }),
            // One that could not be read may be this one.
            None if !all.unread.is_empty() => Err(anyhow::Error::msg(all.unread.join("; ")).into()),
            None => {
                // A box of root is made by root, and a person's by the person.
                let ours = |entry: &Json| (entry["root"] == true) == host.env().is_root;
                let described = entry(host, name)?.as_ref().is_some_and(ours);
                Err(NoBox::Missing { name: name.clone(), described })
            }
        }
    }

    /// What is installed in it; the error is for people.
    pub fn installed(&self, host: &Host) -> Result<Installed, String> {
        boxes::installed(host, &self.boxed)
    }

    /// `command`, run in the box.
    pub fn inside(&self, who: As, command: Command) -> Command {
        boxes::inside(self.boxed.maker, &self.boxed.name, who, command)
    }
}

/// What has to be done before anything else, where `distrobox.json` makes the box of that name and it is not there yet.
pub(in crate::subsystem) fn first(name: &ContainerName) -> RestsOn {
    let missing = NoBox::Missing { name: name.clone(), described: true };
    let item = ItemKey::new(name.as_str());
    RestsOn { subsystem: distrobox::ID, item, reason: missing.reason() }
}

/// The packages that `distrobox.json` names for the box: they are compared there.
pub(super) fn own_packages(host: &Host, name: &ContainerName) -> Result<BTreeSet<String>> {
    let entry = entry(host, name)?;
    let listed = entry.as_ref().and_then(|entry| entry["packages"].as_array());
    let names = listed.into_iter().flatten().filter_map(Json::as_str);
    Ok(names.map(str::to_owned).collect())
}

/// What `distrobox.json` says of the box, this machine's layer before the shared one.
pub(in crate::subsystem) fn entry(host: &Host, name: &ContainerName) -> Result<Option<Json>> {
    let Some(root) = host.repository() else { return Ok(None) };
    let manifests = Manifests::new(&root.join("manifests"), &host.env().hostname);
    for layer in manifests.layers().iter().rev() {
        let Some(sheet) = manifests.sheet(layer, BOXES)? else { continue };
        match sheet.json()["containers"].get(name.as_str()) {
            Some(entry) if entry["absent"] == true => return Ok(None),
            Some(entry) => return Ok(Some(entry.clone())),
            None => (),
        }
    }
    Ok(None)
}

/// What tells that something has changed in a box.
pub(super) fn watch(host: &Host) -> Vec<Watch> {
    let mut watches = vec![crate::subsystem::distrobox::news(host)];
    // What is installed moves these while the box runs.
    if let Ok(dev) = Dev::read(host)
        && let State::Running { pid } = dev.boxed.state
    {
        let root = host.path(&format!("/proc/{pid}/root"));
        watches.extend(DATABASES.map(|dir| Watch::Path(root.join(dir))));
    }
    watches
}
