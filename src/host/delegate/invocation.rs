//! What is asked of the host: which program, with what, where, and by which bus.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::DelegateError;
use crate::host::Host;
use crate::host::inside::{CALLED_IN, Place};

/// The program, where its path here means nothing on the host.
const PROGRAM: &str = "bkt";
/// Where a box has the host's files.
const RUN_HOST: &str = "/run/host";
/// What a sandbox that has them has from the host under the same path; the rest is its runtime's.
const SANDBOX_SHARES: [&str; 4] = ["/mnt", "/media", "/srv", "/run/media"];

/// The variables that go along. All others are those of the person's session on the host: paths, the search path and
/// where configuration is are not the same there. Tokens stay where they are; the host's programs have their own.
const CARRIED: [&str; 24] = [
    // How to write on the terminal that is handed over.
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    // The language that was asked for here.
    "LANG",
    "LANGUAGE",
    // What a session's settings depend on, and the helper's own environment may lack.
    "XDG_CURRENT_DESKTOP",
    "GNOME_SHELL_SESSION_MODE",
    // Who a commit is by, where the person says so for one call.
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
    // How the network is reached, which boxes share.
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    // Which repository is meant.
    "BKT_REPO",
];
/// Whole families of them.
const CARRIED_FAMILY: &str = "LC_";
/// A socket: it goes along where the host has it under the same path.
const AGENT: &str = "SSH_AUTH_SOCK";

/// What is asked of the host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// The working directory, ended by a zero byte.
    pub dir: Vec<u8>,
    /// The program and its arguments, each ended by a zero byte.
    pub argv: Vec<Vec<u8>>,
    /// The program, for people.
    pub program: String,
    /// The variables that are set there beside those of the session.
    pub env: BTreeMap<String, String>,
}

impl Invocation {
    pub fn of(host: &Host, place: &Place, args: &[OsString]) -> Result<Self, DelegateError> {
        let dir = directory(host, place)?;
        let program = program(host, place, std::env::current_exe().ok());
        let argv = std::iter::once(program.as_os_str()).chain(args.iter().map(OsString::as_os_str));
        Ok(Self {
            dir: ended(dir.as_os_str()),
            argv: argv.map(ended).collect(),
            program: program.to_string_lossy().into_owned(),
            env: env(host, place),
        })
    }
}

/// Sockets on which the host's session bus may be beside the usual one: a box with an init system has a bus of its own,
/// and where a box was entered without the person's variables none is named.
pub(super) fn buses(host: &Host) -> Vec<PathBuf> {
    let usual = || PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw()));
    let (dir, named) = match &host.env().runtime {
        Some(dir) => (dir.clone(), true),
        None => (usual(), false),
    };
    let below = |root: &str| host.path(&format!("{root}{}/bus", dir.display()));
    // What is named was asked already.
    let mut sockets = if named { vec![] } else { vec![below("")] };
    sockets.push(below(RUN_HOST));
    sockets
}

/// The path that a file of ours has on the host, where it is known to have it.
fn on_host(host: &Host, place: &Place, path: &Path) -> Option<PathBuf> {
    if let Ok(below) = path.strip_prefix(RUN_HOST) {
        return Some(Path::new("/").join(below));
    }
    let home = &host.env().home;
    let home = std::fs::canonicalize(home).unwrap_or_else(|_| home.clone());
    let shared = matches!(place, Place::Sandbox(_))
        && SANDBOX_SHARES.iter().any(|dir| path.starts_with(dir));
    (path.starts_with(home) || shared || is_same(host, path)).then(|| path.to_owned())
}

/// Whether the host's file of that name is this one.
fn is_same(host: &Host, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix("/") else { return false };
    let theirs = std::fs::metadata(host.path(RUN_HOST).join(below));
    let ours = std::fs::metadata(path);
    matches!((theirs, ours), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

fn directory(host: &Host, place: &Place) -> Result<PathBuf, DelegateError> {
    let here = &host.env().cwd;
    // Every host has this one, and what is looked for from there is named by its full path.
    if here == Path::new("/") {
        return Ok(here.clone());
    }
    on_host(host, place, here)
        .ok_or_else(|| DelegateError::OnlyHere { dir: here.clone(), within: place.within() })
}

/// The same program that runs here where the host has it, else the one that is installed there.
fn program(host: &Host, place: &Place, ours: Option<PathBuf>) -> OsString {
    let same = ours.filter(|path| path.exists()).and_then(|path| on_host(host, place, &path));
    same.map_or_else(|| PROGRAM.into(), PathBuf::into_os_string)
}

fn env(host: &Host, place: &Place) -> BTreeMap<String, String> {
    let carried = |name: &str| CARRIED.contains(&name) || name.starts_with(CARRIED_FAMILY);
    let agent =
        |name: &str, value: &str| name == AGENT && on_host(host, place, Path::new(value)).is_some();
    let vars = host.env().vars.iter();
    let vars = vars.filter(|(name, value)| carried(name) || agent(name, value));
    let mut env: BTreeMap<String, String> =
        vars.map(|(name, value)| (name.clone(), value.clone())).collect();
    env.insert(CALLED_IN.to_owned(), place.mark());
    env
}

fn ended(text: &OsStr) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;

    fn toolbox() -> Place {
        Place::Toolbox(Some("bootc-dev".to_owned()))
    }

    #[test]
    fn a_path_is_the_hosts_below_the_home_or_where_both_have_the_same_file() {
        let machine = Machine::new();
        let host = machine.host();
        let ask = |place: &Place, path: &Path| on_host(&host, place, path);
        let home = machine.file("home/dev/tool", "");
        assert_eq!(ask(&toolbox(), &home), Some(home.clone()));
        assert_eq!(ask(&toolbox(), Path::new("/run/host/etc/x")), Some("/etc/x".into()));
        assert_eq!(ask(&toolbox(), Path::new("/run/hostile")), None);
        // Both have it, and it is not the same.
        machine.file("run/host/usr/bin/env", "");
        assert_eq!(ask(&toolbox(), Path::new("/usr/bin/env")), None);
        let shared = machine.file("shared/file", "");
        assert_eq!(ask(&toolbox(), &shared), None);
        let theirs = format!("run/host{}", shared.display());
        let theirs = machine.file(&theirs, "");
        std::fs::remove_file(&theirs).unwrap();
        std::fs::hard_link(&shared, theirs).unwrap();
        assert_eq!(ask(&toolbox(), &shared), Some(shared));
        let sandbox = Place::Sandbox("org.example.App".to_owned());
        assert_eq!(ask(&sandbox, Path::new("/mnt/data")), Some("/mnt/data".into()));
        assert_eq!(ask(&toolbox(), Path::new("/mnt/data")), None);
        assert_eq!(ask(&sandbox, Path::new("/app/bin/bkt")), None);
    }

    #[test]
    fn the_program_is_the_same_one_where_the_host_has_it() {
        let machine = Machine::new();
        let host = machine.host();
        let ours = machine.file("home/.local/bin/bkt", "");
        assert_eq!(program(&host, &toolbox(), Some(ours.clone())), ours);
        let gone = ours.with_file_name("bkt (deleted)");
        for other in [Some(gone), Some("/usr/bin/env".into()), None] {
            assert_eq!(program(&host, &toolbox(), other), "bkt");
        }
    }

    #[test]
    fn few_variables_go_along() {
        let mut machine = Machine::new();
        let agent = machine.file("home/agent", "");
        let socket = agent.display().to_string();
        let all = [
            ("LC_TIME", "de_DE.UTF-8"),
            ("NO_COLOR", ""),
            ("BKT_REPO", "/r"),
            ("BKT_ROOT", "/box"),
            ("PATH", "/usr/bin"),
            ("XDG_CONFIG_HOME", "/home/u/.var/app/x/config"),
            ("GH_TOKEN", "secret"),
            ("SSH_AUTH_SOCK", &socket),
        ];
        machine.vars.extend(all.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let carried = env(&machine.host(), &toolbox());
        let names: Vec<&str> = carried.keys().map(String::as_str).collect();
        assert_eq!(names, ["BKT_CALLED_IN", "BKT_REPO", "LC_TIME", "NO_COLOR", "SSH_AUTH_SOCK"]);
        assert_eq!(carried["BKT_CALLED_IN"], "toolbox bootc-dev");
        machine.vars.insert("SSH_AUTH_SOCK".to_owned(), "/run/flatpak/ssh-auth".to_owned());
        assert!(!env(&machine.host(), &toolbox()).contains_key("SSH_AUTH_SOCK"));
    }
}
