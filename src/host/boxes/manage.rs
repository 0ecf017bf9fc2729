//! What the package managers of boxes are called with, to install and to remove. Nothing is asked.

use super::Manager;
use crate::core::plan::Command;

impl Manager {
    /// Reads the package lists anew, where installing does not do so itself.
    pub fn refresh(self) -> Option<Command> {
        match self {
            Self::Apt => Some(Command::new("apt-get").arg("update")),
            Self::Dnf5 | Self::Dnf4 | Self::Pacman | Self::Apk | Self::Zypper => None,
        }
    }

    /// Installs packages: names, and for dnf groups with their `@`. What is there already is left.
    pub fn install(self, names: &[String]) -> Command {
        let install = match self {
            Self::Dnf5 => Command::new("dnf5").args(["install", "-y"]),
            Self::Dnf4 => Command::new("dnf").args(["install", "-y"]),
            Self::Apt => apt().args(["install", "-y"]),
            Self::Pacman => Command::new("pacman").args(["-Sy", "--needed", "--noconfirm"]),
            Self::Apk => Command::new("apk").arg("add"),
            Self::Zypper => Command::new("zypper").args(["--non-interactive", "install"]),
        };
        install.args(names)
    }

    /// Removes packages, with what cannot be without them.
    pub fn remove(self, names: &[String]) -> Command {
        let remove = match self {
            Self::Dnf5 => Command::new("dnf5").args(["remove", "-y"]),
            Self::Dnf4 => Command::new("dnf").args(["remove", "-y"]),
            Self::Apt => apt().args(["remove", "-y"]),
            Self::Pacman => Command::new("pacman").args(["-R", "--noconfirm"]),
            Self::Apk => Command::new("apk").arg("del"),
            Self::Zypper => Command::new("zypper").args(["--non-interactive", "remove"]),
        };
        remove.args(names)
    }
}

fn apt() -> Command {
    Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive")
}
