//! Boxes: containers that distrobox and toolbox made, as podman has them and as they are inside.
//!
//! How a box was made never changes under its id, and what is installed in it changes only while it runs: what podman and
//! the box's package manager said is kept in the cache, and asked again only where their own files have changed since.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::core::names::{BoxPackage, ContainerName};
use crate::core::plan::Command;
use crate::host::{Host, RunError};
use crate::words::{fill, gettext};

mod ask;
pub mod installing;
pub mod list;
pub mod made;
pub mod packages;
pub mod progress;
pub mod said;
pub mod storage;

pub use ask::read;
pub use packages::{all_installed, installed};

/// What made a box, and enters it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Maker {
    /// `distrobox`
    Distrobox,
    /// `toolbox`
    Toolbox,
}

/// Whether a box runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It runs, and its first process is this one of ours.
    Running {
        /// The process.
        pid: u32,
    },
    /// It does not run.
    Stopped {
        /// When it ended, in seconds since 1970; 0 where it never ran.
        since: i64,
    },
    /// What podman calls it otherwise: `paused`.
    Other(String),
}

/// How a box was made: what its maker was told, in the maker's own terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Whether it has an init system of its own.
    pub init: bool,
    /// Whether it has the host's NVIDIA drivers.
    pub nvidia: bool,
    /// Its home directory, where that is not the person's.
    pub home: Option<String>,
    /// Its host name, where that was given.
    pub hostname: Option<String>,
    /// Volumes that the person added, as podman takes them: `/data:/data:ro`.
    pub volumes: Vec<String>,
    /// Variables that the person added.
    pub env: BTreeMap<String, String>,
    /// Other options that were handed to podman, each a word; `--env` and `--volume` are above.
    pub flags: Vec<String>,
    /// What it does not share with the machine: `netns`, `ipc`, `process`, `devsys`, `groups`.
    pub unshare: BTreeSet<String>,
    /// The name of the person's shell, which distrobox installs with what it needs itself.
    pub shell: Option<String>,
    /// Packages that its maker was told to install.
    pub packages: Vec<String>,
    /// Shell that runs at each start, after the setup; empty where there is none.
    pub init_hooks: String,
    /// Shell that runs at each start, before the setup.
    pub pre_init_hooks: String,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boxed {
    /// Its name.
    pub name: ContainerName,
    /// Podman's id of it.
    pub id: String,
    /// What made it.
    pub maker: Maker,
    /// Whether it runs.
    pub state: State,
    /// Its image, as it was named: `registry.example/fedora-toolbox:42`.
    pub image: String,
    /// Podman's id of the image.
    pub image_id: String,
    /// The image's digest, where podman knows it: `sha256:…`.
    pub image_digest: Option<String>,
    /// How it was made.
    pub made: Made,
}

/// All boxes of the person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boxes {
    /// The boxes, by name.
    pub boxes: Vec<Boxed>,
    /// What podman has and could not be read, each with the reason, for people.
    pub unread: Vec<String>,
}

impl Boxes {
    /// The box of that name.
    pub fn get(&self, name: &ContainerName) -> Option<&Boxed> {
        self.boxes.iter().find(|one| one.name == *name)
    }
}

/// The boxes could not be read.
#[derive(Debug, Error)]
pub enum BoxesError {
    /// Podman is not on this machine.
    #[error("Podman is not installed")]
    NoPodman,
    /// Podman failed, or what it said is not understood.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The package managers that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Manager {
    /// `dnf5`
    Dnf5,
    /// `dnf`, as it was before
    Dnf4,
    /// `apt`
    Apt,
    /// `pacman`
    Pacman,
    /// `apk`
    Apk,
    /// `zypper`
    Zypper,
}

/// What is installed in a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its package manager.
    pub manager: Manager,
    /// What the person installed: what was asked for by name, less what its image brings and what its maker installs.
    pub chosen: BTreeSet<BoxPackage>,
    /// Everything that is there, for whatever reason.
    pub all: BTreeSet<BoxPackage>,
    /// The groups of packages that were installed, where dnf5 has noted them.
    pub groups: Option<BTreeSet<String>>,
    /// What its image brings and is no more there.
    pub gone: BTreeSet<BoxPackage>,
    /// What its package manager said and is no package's name; nothing else is missing for that.
    pub unread: Vec<String>,
}

/// Who a command in a box runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// The person, with their environment in the box.
    Person,
    /// The box's root.
    Root,
}

/// A program that writes a line whenever a container is made, starts, ends, gets another name or goes; `None` where podman
/// keeps nothing yet, which it is not started for. Commands that run in boxes and checks of their health are no news.
pub fn events(host: &Host) -> Option<Command> {
    let kept = storage::place(host).is_ok_and(|place| place.is_dir());
    let news = ["create", "start", "died", "pause", "unpause", "rename", "remove"];
    let news = news.map(|event| format!("event={event}"));
    let filters = ["type=container"].into_iter().chain(news.iter().map(String::as_str));
    let filters = filters.flat_map(|filter| ["--filter", filter]);
    kept.then(|| Command::new("podman").args(["events", "--format", "json"]).args(filters))
}

/// `command`, run in the box of that name, which has to be there: distrobox asks whether to make one that is not, or makes
/// it unasked. Starts the box where it does not run, and waits until it is set up.
///
/// Arguments and exit status are the command's own. Its variables are set in the box; its directory is the machine's, which
/// a box has at the same place below the home directory, and a distrobox below `/run/host` otherwise. Both makers let the
/// person become root in the box without a password; where one does not, nothing is asked and it fails.
pub fn inside(maker: Maker, name: &ContainerName, who: As, command: Command) -> Command {
    let enter = match maker {
        // By its option: a name in `$DBX_CONTAINER_NAME` would make the word the command's.
        Maker::Distrobox => {
            Command::new("distrobox").args(["enter", "--name", name.as_str(), "--"])
        }
        Maker::Toolbox => Command::new("toolbox").args(["run", "--container", name.as_str()]),
    };
    let enter = match who {
        As::Person => enter,
        As::Root => enter.args(["sudo", "-n"]),
    };
    // Neither maker lets every variable through, nor does sudo.
    let enter = match command.env.is_empty() {
        true => enter,
        false => {
            enter.arg("env").args(command.env.iter().map(|(name, value)| format!("{name}={value}")))
        }
    };
    let inside = enter.arg(command.program).args(command.args);
    Command { dir: command.dir, ..inside }
}

/// The box that a command of [`inside`] is run in.
fn entered(command: &Command) -> Option<&str> {
    let args: Vec<&str> = command.args.iter().map(String::as_str).collect();
    match (command.program.as_str(), &*args) {
        ("distrobox", ["enter", "--name", name, "--", ..])
        | ("toolbox", ["run", "--container", name, ..]) => Some(*name),
        _ => None,
    }
}

/// Makes sure that the box a command of [`inside`] is run in is there: distrobox would make one that is not. Any other
/// command needs none.
pub fn there(host: &Host, command: &Command) -> anyhow::Result<()> {
    let Some(name) = entered(command) else { return Ok(()) };
    if exists(host, name)? {
        return Ok(());
    }
    let text = gettext("there is no box “{name}”, so nothing is run in it");
    Err(anyhow::Error::msg(fill(&text, &[("name", name)])))
}

/// Whether there is a container of that name, whatever made it.
pub fn exists(host: &Host, name: &str) -> Result<bool, RunError> {
    match host.output(&Command::new("podman").args(["container", "exists", name])) {
        Ok(_) => Ok(true),
        // 1 says no; anything else says that podman itself failed.
        Err(RunError::Failed { status, .. }) if status == "exit status: 1" => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_in_a_box_is_no_news_and_without_boxes_nothing_is_started() {
        let machine = crate::host::testing::Machine::new();
        assert_eq!(events(&machine.host()), None);
        machine.file("home/.local/share/containers/storage/db.sql", "");
        let command = events(&machine.host()).expect("a program");
        let filters: Vec<&String> =
            command.args.iter().filter(|word| word.starts_with("event=")).collect();
        assert!(filters.iter().any(|filter| *filter == "event=died"), "{filters:?}");
        assert!(!filters.iter().any(|filter| filter.contains("exec") || filter.contains("health")));
    }

    #[test]
    fn a_command_goes_into_its_box_with_all_it_has() {
        let name: ContainerName = "a-box".parse().unwrap();
        let words = |maker, who, command| {
            let command = inside(maker, &name, who, command);
            assert_eq!(entered(&command), Some("a-box"));
            let Command { program, args, env, dir } = command;
            assert!(env.is_empty());
            (format!("{program} {}", args.join(" ")), dir)
        };
        let plain = || Command::new("ls").args(["-l", "a b"]);
        for (maker, who, expected) in [
            (Maker::Distrobox, As::Person, "distrobox enter --name a-box -- ls -l a b"),
            (Maker::Distrobox, As::Root, "distrobox enter --name a-box -- sudo -n ls -l a b"),
            (Maker::Toolbox, As::Person, "toolbox run --container a-box ls -l a b"),
            (Maker::Toolbox, As::Root, "toolbox run --container a-box sudo -n ls -l a b"),
        ] {
            assert_eq!(words(maker, who, plain()), (expected.to_owned(), None));
        }
        let whole = plain().env("A", "b c").env("D", "").dir("/home/ada");
        let (line, dir) = words(Maker::Distrobox, As::Root, whole);
        assert_eq!(line, "distrobox enter --name a-box -- sudo -n env A=b c D= ls -l a b");
        assert_eq!(dir.as_deref(), Some("/home/ada"));
    }
}
