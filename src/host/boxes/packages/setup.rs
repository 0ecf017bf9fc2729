//! What distrobox installs in a box when it sets it up: nobody chose it, and a box that is made anew gets it again.
//!
//! Its `distrobox-init` (1.7 to 1.8) looks for commands, and where one is missing, installs a list of packages by name, and the
//! person's shell. To the package manager they look chosen. A name that a distribution does not have is passed over.

use std::collections::BTreeSet;

use super::super::{Made, Maker, Manager};
use crate::core::names::BoxPackage;

/// The commands that distrobox looks for; `ask.sh` tells which of them an image does not have.
const COMMANDS: [&str; 31] = [
    "bc", "bzip2", "chpasswd", "curl", "diff", "find", "findmnt", "gpg", "hostname", "less",
    "lsof", "man", "mount", "passwd", "pigz", "pinentry", "ping", "ps", "rsync", "script", "ssh",
    "sudo", "time", "tree", "umount", "unzip", "useradd", "wc", "wget", "xauth", "zip",
];

const APT: &str = "apt-utils bash-completion bc bzip2 curl dialog diffutils findutils gnupg gnupg2 gpgsm hostname iproute2
    iputils-ping keyutils language-pack-en less libcap2-bin libegl-mesa0 libegl1 libegl1-mesa libgl1 libgl1-mesa-glx
    libglx-mesa0 libkrb5-3 libnss-mdns libnss-myhostname libvte-2.9* libvte-common libvulkan1 locales lsof man-db manpages
    mesa-vulkan-drivers mtr ncurses-base openssh-client passwd pigz pinentry-curses procps rsync sudo tcpdump time
    traceroute tree tzdata unzip util-linux wget xauth xz-utils zip";
const DNF: &str = "bash-completion bc bzip2 cracklib-dicts curl diffutils dnf-plugins-core findutils glibc-all-langpacks
    glibc-common glibc-locale-source gnupg2 gnupg2-smime hostname iproute iputils keyutils krb5-libs less lsof man-db
    man-pages mesa-dri-drivers mesa-vulkan-drivers mtr ncurses nss-mdns openssh-clients pam passwd pigz pinentry procps-ng
    rsync shadow-utils sudo tcpdump time traceroute tree tzdata unzip util-linux vte-profile vulkan wget which whois words
    xorg-x11-xauth xz zip";
const PACMAN: &str = "bash-completion bc curl diffutils findutils glibc glibc-locales gnupg inetutils iputils keyutils less
    lsof man-db man-pages mesa mlocate mtr ncurses nss-mdns openssh pigz pinentry procps-ng rsync shadow sudo tcpdump time
    traceroute tree tzdata unzip util-linux util-linux-libs vte-common vulkan-intel vulkan-radeon wget words xorg-xauth zip";
const APK: &str = "alpine-base bash bash-completion bc busybox bzip2 coreutils curl diffutils docs findmnt findutils gcompat
    gnupg gnutar gpg iproute2 iputils keyutils less libc-utils libcap lsof man-db man-pages mandoc mesa mesa-dri*
    mesa-vulkan* mount musl-utils ncurses ncurses-terminfo net-tools openssh-client openssh-client-default pigz pinentry
    posix-libc-utils procps* rsync shadow sudo tar tcpdump tree tzdata umount unzip util-linux util-linux-login
    util-linux-misc vte3 vulkan-loader wget which wolfi-base xauth xz zip";
const ZYPPER: &str = "Mesa-dri bash-completion bc bzip2 curl diffutils findutils glibc-locale glibc-locale-base gnupg hostname
    iputils keyutils less libvte-2* libvulkan1 libvulkan_intel libvulkan_radeon lsof man man-pages mtr ncurses nss-mdns
    openssh-clients pam pam-extra pigz pinentry procps rsync shadow sudo system-group-wheel systemd time timezone tree unzip
    util-linux util-linux-systemd wget words xauth zip";

/// Takes away from what seems chosen in a box what its maker installed. `lacks` are the commands that its image does not
/// have.
pub fn less(
    chosen: &mut BTreeSet<BoxPackage>,
    maker: Maker,
    made: &Made,
    manager: Manager,
    lacks: &BTreeSet<String>,
) {
    let shell = made.shell.as_deref().unwrap_or("bash");
    let lacking = |one: &&str| lacks.contains(*one);
    let needed = COMMANDS.iter().chain([&shell]).any(lacking);
    // It installs the list, too, before what it is told to install.
    if maker != Maker::Distrobox || !needed && made.packages.is_empty() {
        return;
    }
    let list = match manager {
        Manager::Apt => APT,
        Manager::Dnf5 | Manager::Dnf4 => DNF,
        Manager::Pacman => PACMAN,
        Manager::Apk => APK,
        Manager::Zypper => ZYPPER,
    };
    // What somebody asked for by name stays theirs.
    let asked = |name: &str| made.packages.iter().any(|one| one == name);
    let own = |name: &str| {
        name == shell
            || name == "bash"
            || list.split_whitespace().any(|one| one == name || begins(name, one))
    };
    chosen.retain(|one| asked(one.as_str()) || !own(one.as_str()));
}

fn begins(name: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(made: &Made, maker: Maker, manager: Manager, lacks: &[&str], chosen: &str) -> String {
        let mut chosen: BTreeSet<BoxPackage> =
            chosen.split_whitespace().map(|one| one.parse().unwrap()).collect();
        let lacks = lacks.iter().map(|one| (*one).to_owned()).collect();
        less(&mut chosen, maker, made, manager, &lacks);
        chosen.iter().map(BoxPackage::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_distrobox_installs_is_nobodys_choice() {
        let plain = Made { shell: Some("zsh".to_owned()), ..Made::default() };
        let all = "dialog fish hello libvte-2.91-common tree zsh";
        let apt = |made: &Made, maker, lacks: &[&str]| left(made, maker, Manager::Apt, lacks, all);
        assert_eq!(apt(&plain, Maker::Distrobox, &["bc"]), "fish hello");
        assert_eq!(apt(&plain, Maker::Distrobox, &["zsh"]), "fish hello");
        // An image that has it all is not added to.
        assert_eq!(apt(&plain, Maker::Distrobox, &[]), all);
        assert_eq!(apt(&plain, Maker::Distrobox, &["fish"]), all);
        assert_eq!(apt(&plain, Maker::Toolbox, &["bc"]), all);
        let asked = Made { packages: vec!["tree".to_owned()], ..plain };
        assert_eq!(apt(&asked, Maker::Distrobox, &[]), "fish hello tree");
    }

    #[test]
    fn every_package_manager_has_its_list() {
        let all = [
            (Manager::Dnf5, "xorg-x11-xauth vulkan"),
            (Manager::Dnf4, "xorg-x11-xauth vulkan"),
            (Manager::Pacman, "inetutils glibc-locales"),
            (Manager::Apk, "alpine-base mesa-dri-gallium"),
            (Manager::Zypper, "libvte-2_91-0 Mesa-dri"),
        ];
        for (manager, names) in all {
            let chosen = format!("hello {names}");
            assert_eq!(
                left(&Made::default(), Maker::Distrobox, manager, &["xauth"], &chosen),
                "hello"
            );
        }
        // The script asks for each of the commands.
        let script = super::super::ASK;
        for command in COMMANDS {
            assert!(script.split_whitespace().any(|word| word == command), "{command}");
        }
    }
}
