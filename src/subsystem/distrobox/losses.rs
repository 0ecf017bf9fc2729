//! What is lost with a box: files in it that no package and no start of it brings back.

use serde::Deserialize;

use super::live::few;
use crate::core::names::BoxPackage;
use crate::core::plan::Command;
use crate::host::Host;
use crate::host::boxes::Boxed;
use crate::words::{fill, gettext, ngettext};

/// How many files are named.
const NAMED: usize = 20;

/// Where packages, the setup of a box and its starts write: what nobody put there by hand. `/usr/local` is not meant.
const BROUGHT: &str = "
    /bin /boot /dev /lib /lib64 /media /mnt /proc /run /sbin /sys /tmp /usr /.containersetupdone
    /var/cache /var/lib/apk /var/lib/apt /var/lib/dnf /var/lib/dpkg /var/lib/pacman /var/lib/rpm /var/lib/systemd
    /var/lib/zypp /var/log /var/tmp
    /etc/.pwd.lock /etc/.updated /etc/alternatives /etc/apt/apt.conf.d/00_distrobox /etc/ca-certificates
    /etc/distrobox-post-hook.sh /etc/distrobox-pre-hook.sh /etc/dpkg/dpkg.cfg.d/00_distrobox
    /etc/fish/conf.d/distrobox_config.fish /etc/group /etc/group- /etc/gshadow /etc/gshadow- /etc/host.conf
    /etc/hostname /etc/hosts /etc/krb5.conf.d /etc/ld.so.cache /etc/locale.gen /etc/localtime /etc/machine-id
    /etc/mtab /etc/nsswitch.conf /etc/passwd /etc/passwd- /etc/pki /etc/profile.d/distrobox_profile.sh
    /etc/resolv.conf /etc/rpm/macros.distrobox /etc/shadow /etc/shadow- /etc/ssl/certs /etc/subgid /etc/subgid-
    /etc/subuid /etc/subuid- /etc/sudoers /etc/sudoers.d/sudoers /etc/pam.d/su /etc/passwd.done
    /home /inaccessible";

/// The same below `/usr/local`.
const BROUGHT_LOCALLY: &str = "
    /usr/local/bin/su /usr/local/bin/xdg-open /usr/local/share/fonts /usr/local/share/icons /usr/local/share/themes";

/// What every system has at its top beside those above, or makes there when it starts.
const TOP: &str =
    "/.dockerenv /afs /efi /etc /lib32 /libx32 /notify /opt /ostree /root /srv /sysroot /var";

/// What `podman diff` says.
#[derive(Default, Deserialize)]
struct Diff {
    #[serde(default)]
    changed: Vec<String>,
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    deleted: Vec<String>,
}

/// What is lost with a box, each in a line for people. Where that cannot be told, the one line says so.
pub(in crate::subsystem) fn of(host: &Host, boxed: &Boxed) -> Vec<String> {
    let command = Command::new("podman").args(["diff", "--format", "json", boxed.name.as_str()]);
    let said = host.output(&command).map_err(|error| error.to_string());
    let diff = said.and_then(|said| read(&said).map_err(|error| error.to_string()));
    match diff {
        Ok(diff) => lines(&diff, &mounts(host, boxed)),
        Err(why) => {
            let text =
                gettext("Files that were made in it: which these are could not be told: {why}");
            vec![fill(&text, &[("why", &why)])]
        }
    }
}

/// Packages that go with a box, in at most one line for people.
pub(super) fn packages(packages: &[BoxPackage]) -> Vec<String> {
    if packages.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = packages.iter().map(BoxPackage::as_str).collect();
    let text = ngettext("{n} package: {names}", "{n} packages: {names}", names.len());
    vec![fill(&text, &[("n", &names.len().to_string()), ("names", &few(&names))])]
}

/// Where the box has directories of the machine: what is there is not the box's.
fn mounts(host: &Host, boxed: &Boxed) -> Vec<String> {
    let of_volume =
        |volume: &String| volume.split(':').nth(1).map(|to| to.trim_end_matches('/').to_owned());
    let volumes = boxed.made.volumes.iter().filter_map(of_volume);
    let home = host.env().home.display().to_string();
    volumes.chain(boxed.made.home.clone()).chain([home]).collect()
}

/// Podman may warn before it answers.
fn read(said: &[u8]) -> serde_json::Result<Diff> {
    let start = said.iter().position(|byte| *byte == b'{').unwrap_or(0);
    serde_json::from_slice(&said[start..])
}

fn lines(diff: &Diff, mounts: &[String]) -> Vec<String> {
    let kinds = [
        (&diff.added, gettext("New in it: {path}"), false),
        (&diff.changed, gettext("Changed in it: {path}"), true),
        (&diff.deleted, gettext("Removed in it: {path}"), false),
    ];
    let mut all: Vec<&String> =
        diff.added.iter().chain(&diff.changed).chain(&diff.deleted).collect();
    all.sort();
    let mut lines = Vec::new();
    for (paths, text, changed) in kinds {
        let own = |path: &&String| !is_brought(path, changed) && !mounts.contains(path);
        let mut paths: Vec<&String> = paths.iter().filter(own).collect();
        paths.sort();
        for path in paths {
            // A directory is named where nothing in it is.
            let below = format!("{path}/");
            let next = all.partition_point(|other| **other < below);
            if !all.get(next).is_some_and(|other| other.starts_with(&below)) {
                lines.push(fill(&text, &[("path", path)]));
            }
        }
    }
    if lines.len() > NAMED {
        let more = lines.len() - NAMED;
        lines.truncate(NAMED);
        let text = ngettext("and {n} more file", "and {n} more files", more);
        lines.push(fill(&text, &[("n", &more.to_string())]));
    }
    lines
}

/// Whether a package or a start of the box brings it.
fn is_brought(path: &str, changed: bool) -> bool {
    let below = |dir: &str| {
        path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // The top directories change with whatever is in them, and a start makes those that every system has.
    let top = path.rfind('/') == Some(0)
        && (changed || TOP.split_ascii_whitespace().any(|one| one == path));
    let brought = if path.starts_with("/usr/local/") { BROUGHT_LOCALLY } else { BROUGHT };
    top || brought.split_ascii_whitespace().any(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_brings_back_is_named() {
        let said = br#"WARN[0000] something
            {"changed": ["/etc", "/etc/hosts", "/etc/foo.conf", "/usr", "/usr/bin", "/opt"],
             "added": ["/opt/tool", "/opt/tool/bin", "/usr/bin/new", "/usr/local/bin/mine", "/root/.bashrc",
                "/etc/passwd.done", "/home/someone", "/inaccessible/sock", "/notify", "/usr/local/bin/xdg-open", "/usr/local/share/themes",
                "/dump.sql", "/src", "/srv", "/data/me"],
             "deleted": ["/etc/issue"], "odd": 1}"#;
        let mounts = ["/src".to_owned(), "/data/me".to_owned()];
        let expected = [
            "New in it: /dump.sql",
            "New in it: /opt/tool/bin",
            "New in it: /root/.bashrc",
            "New in it: /usr/local/bin/mine",
            "Changed in it: /etc/foo.conf",
            "Removed in it: /etc/issue",
        ];
        assert_eq!(lines(&read(said).unwrap(), &mounts), expected);
        let many =
            Diff { added: (0..30).map(|n| format!("/opt/{n}")).collect(), ..Diff::default() };
        assert_eq!(lines(&many, &[]).last().map(String::as_str), Some("and 10 more files"));
        assert!(read(b"").is_err() && lines(&read(b"{}").unwrap(), &[]).is_empty());
    }
}
