//! A box set aside while a new one is made in its place: what does that, what puts it back, and what ends it.

use crate::core::names::ContainerName;
use crate::core::plan::{Action, Away, Command};
use crate::host::boxes::{Boxed, State};

/// What the name of a box ends with meanwhile.
const SUFFIX: &str = ".replaced";

/// What a box is called while a new one is made in its place.
pub fn name(of: &ContainerName) -> String {
    format!("{of}{SUFFIX}")
}

/// The box that was set aside under this name, if it is such a name.
pub(super) fn of(name: &ContainerName) -> Option<&str> {
    name.as_str().strip_suffix(SUFFIX)
}

/// What is done with a box around the making of a new one.
pub struct Aside {
    /// Stops it, where it runs.
    pub stop: Option<Command>,
    /// Sets it aside. Taken back, what was made in its place goes, and it runs again where it did.
    pub set: Action,
    /// Removes it, when all has worked.
    pub remove: Action,
}

impl Aside {
    /// For a box that is there, with what would be lost of it, for people.
    pub fn new(boxed: &Boxed, losses: Vec<String>) -> Self {
        let podman = |args: &[&str]| Command::new("podman").args(args.iter().copied());
        let (name, aside) = (boxed.name.as_str(), name(&boxed.name));
        let runs = matches!(boxed.state, State::Running { .. });
        let mut back = vec![
            podman(&["container", "exists", &aside]),
            podman(&["rm", "--force", "--ignore", "--volumes", name]),
            podman(&["rename", &aside, name]),
        ];
        if runs {
            back.push(podman(&["start", name]));
        }
        let remove = podman(&["rm", "--force", "--volumes", &aside]);
        Self {
            stop: runs.then(|| podman(&["stop", name])),
            set: Action::Away(Away { command: podman(&["rename", name, &aside]), losses, back }),
            remove: Action::Away(Away { command: remove, losses: Vec::new(), back: Vec::new() }),
        }
    }
}
