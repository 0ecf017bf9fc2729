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

/// Finds the package manager of a box, as what asks for its packages does, and installs with it. It never changes, and what is
/// installed is arguments of it. One line, as makers hand it on.
const ANY: &str = concat!(
    r#"like=$(. /etc/os-release 2>/dev/null && echo "$ID ${ID_LIKE-}"); "#,
    r#"case $like in *fedora* | *rhel* | *centos*) first="dnf5 dnf" ;; *suse*) first=zypper ;; "#,
    r#"*debian* | *ubuntu*) first=apt-get ;; *arch*) first=pacman ;; *alpine* | *wolfi*) first=apk ;; *) first= ;; esac; "#,
    r#"for one in $first dnf5 dnf apt-get pacman apk zypper; do command -v "$one" >/dev/null 2>&1 || continue; "#,
    r#"case $one,$1 in dnf*) ;; *,@*) echo "only dnf knows groups, and this box has $one" >&2; exit 1 ;; esac; "#,
    r#"case $one in dnf5 | dnf) exec "$one" install -y "$@" ;; "#,
    r#"apt-get) export DEBIAN_FRONTEND=noninteractive; apt-get update && exec apt-get install -y "$@"; exit 1 ;; "#,
    r#"pacman) exec pacman -Syu --needed --noconfirm "$@" ;; apk) exec apk add --update-cache "$@" ;; "#,
    r#"zypper) exec zypper --non-interactive install "$@" ;; esac; done; "#,
    r#"echo "this box has none of the package managers dnf, apt, pacman, apk and zypper" >&2; exit 1"#,
);

/// The same as [`install`] where the box is not there yet, so that its package manager is not known.
pub(in crate::subsystem) fn install_with_any(packages: &[impl ToString]) -> Command {
    named(Command::new("sh").args(["-c", ANY, "sh"]), packages)
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::host::Runner;
    use crate::host::command::Real;

    const PROGRAMS: [(Manager, &str); 6] = [
        (Manager::Dnf5, "dnf5"),
        (Manager::Dnf4, "dnf"),
        (Manager::Apt, "apt-get"),
        (Manager::Pacman, "pacman"),
        (Manager::Apk, "apk"),
        (Manager::Zypper, "zypper"),
    ];

    #[test]
    fn a_package_manager_that_is_found_is_told_the_same_as_one_that_is_known() {
        assert!(!ANY.contains('\n'));
        for (manager, program) in PROGRAMS {
            let dir = tempfile::tempdir().unwrap();
            let says = "#!/bin/sh\nprintf '%s|' \"$0\" \"$DEBIAN_FRONTEND\" \"$@\"; echo\n";
            let path = dir.path().join(program);
            std::fs::write(&path, says).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            std::os::unix::fs::symlink("/bin/sh", dir.path().join("sh")).unwrap();
            let run = |command: Command| {
                let command = command.env("PATH", dir.path().display().to_string());
                let inside = Command::new("/usr/bin/env")
                    .args(command.env.iter().map(|(name, value)| format!("{name}={value}")));
                let inside = inside.arg(command.program).args(command.args);
                Real.run(&inside, &mut |_| (), &CancellationToken::new())
            };
            let names = ["a b", "$(touch x)", "c"];
            let known = run(install(manager, &names)).unwrap();
            assert!(known.contains("|a b|$(touch x)|c|"), "{known}");
            assert_eq!(run(install_with_any(&names)).unwrap(), known);
            let group = run(install_with_any(&["@group"]));
            match manager {
                Manager::Dnf5 | Manager::Dnf4 => assert!(group.unwrap().contains("|@group|")),
                _ => assert!(group.unwrap_err().to_string().contains("only dnf knows groups")),
            }
        }
    }
}
