//! Package managers of boxes: how each is told to install and to remove.

use crate::core::plan::Command;
use crate::host::boxes::Manager;

/// apt knows no package before its lists were fetched, and the lists of an image are old or not there.
const APT_INSTALL: &str = r#"apt-get update && exec apt-get install -y "$@""#;

/// Installs packages, as root in the box, without asking; for dnf also groups, with their `@`.
pub(in crate::subsystem) fn install(manager: Manager, packages: &[impl ToString]) -> Command {
    let command = match manager {
        Manager::Dnf5 => Command::new("dnf5").args(["install", "-y"]),
        Manager::Dnf4 => Command::new("dnf").args(["install", "-y"]),
        Manager::Apt => Command::new("sh")
            .args(["-c", APT_INSTALL, "sh"])
            .env("DEBIAN_FRONTEND", "noninteractive"),
        // Arch has no half of an update.
        Manager::Pacman => Command::new("pacman").args(["-Syu", "--needed", "--noconfirm"]),
        Manager::Apk => Command::new("apk").args(["add", "--update-cache"]),
        Manager::Zypper => Command::new("zypper").args(["--non-interactive", "install"]),
    };
    named(command, packages)
}

/// Removes packages, as root in the box, without asking; what came with them stays.
pub(in crate::subsystem) fn remove(manager: Manager, packages: &[impl ToString]) -> Command {
    let command = match manager {
        Manager::Dnf5 => Command::new("dnf5").args(["remove", "-y", "--no-autoremove"]),
        Manager::Dnf4 => Command::new("dnf").args(["remove", "-y", "--noautoremove"]),
        Manager::Apt => {
            Command::new("apt-get").args(["remove", "-y"]).env("DEBIAN_FRONTEND", "noninteractive")
        }
        Manager::Pacman => Command::new("pacman").args(["-R", "--noconfirm"]),
        Manager::Apk => Command::new("apk").arg("del"),
        Manager::Zypper => Command::new("zypper").args(["--non-interactive", "remove"]),
    };
    named(command, packages)
}

fn named(command: Command, packages: &[impl ToString]) -> Command {
    command.args(packages.iter().map(ToString::to_string))
}
