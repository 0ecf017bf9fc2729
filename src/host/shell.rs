//! GNOME Shell, asked over D-Bus: which extensions it knows, and how they are.
//!
//! The Shell exports `org.gnome.Shell.Extensions` under its own name too, so asking it starts nothing; the name
//! `org.gnome.Shell.Extensions` would start a proxy process.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use zbus::OwnedVariant;

use super::bus::{self, BusError, Service};
use super::{Host, fs};

/// A Shell that is busy is not waited for any longer: everything but errors is on the disk.
const SHELL: Service =
    Service { name: "org.gnome.Shell", start: false, patience: Duration::from_secs(1) };
const PATH: &str = "/org/gnome/Shell";

/// What the running Shell makes of an extension (`ExtensionState` in the Shell's `extensionUtils.js`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// 1: running.
    Active,
    /// 2: not running.
    Inactive,
    /// 3: failed, with an error text.
    Error,
    /// 4: not made for this version of the Shell.
    OutOfDate,
    /// 5: being downloaded.
    Downloading,
    /// 6: loaded, and not run yet.
    Initialized,
    /// 7: being stopped.
    Deactivating,
    /// 8: being started.
    Activating,
    /// 99: removed in this session.
    Uninstalled,
    /// A number we do not know.
    Other(i64),
}

impl From<i64> for State {
    fn from(number: i64) -> Self {
        match number {
            1 => Self::Active,
            2 => Self::Inactive,
            3 => Self::Error,
            4 => Self::OutOfDate,
            5 => Self::Downloading,
            6 => Self::Initialized,
            7 => Self::Deactivating,
            8 => Self::Activating,
            99 => Self::Uninstalled,
            other => Self::Other(other),
        }
    }
}

/// One extension as the running Shell sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellExtension {
    /// What the Shell makes of it.
    pub state: State,
    /// What went wrong, where something did.
    pub error: Option<String>,
    /// Whether an update waits for the next log-in.
    pub has_update: bool,
    /// The version that runs, which need not be the one on the disk.
    pub version: Option<i64>,
}

/// The running Shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shell {
    /// Its version: `48.7`.
    pub version: Option<String>,
    /// The session mode it runs in: `user`, `classic`.
    pub mode: Option<String>,
    /// The extensions it knows, by UUID.
    pub extensions: BTreeMap<String, ShellExtension>,
}

/// One `a{sv}`.
type Dict = HashMap<String, OwnedVariant>;

/// Asks the Shell. An error says why there is no answer; nothing is started for it.
pub fn ask(host: &Host) -> Result<Shell, BusError> {
    let asked = bus::block_on(async {
        let bus = bus::session(host).await?;
        let properties = "org.freedesktop.DBus.Properties";
        let (extensions, about) = tokio::join!(
            bus::call(&bus, SHELL, PATH, "org.gnome.Shell.Extensions", "ListExtensions", &()),
            bus::call(&bus, SHELL, PATH, properties, "GetAll", &("org.gnome.Shell",)),
        );
        let extensions: HashMap<String, Dict> = extensions?;
        // The version and the mode are worth having, and nothing depends on them.
        let about: Dict = about.unwrap_or_default();
        Ok(Shell {
            version: text(&about, "ShellVersion"),
            mode: text(&about, "Mode"),
            extensions: extensions.into_iter().map(|(id, info)| (id, extension(&info))).collect(),
        })
    });
    asked.unwrap_or_else(|error| {
        Err(BusError::Unreachable(Box::new(zbus::Error::InputOutput(error.into()))))
    })
}

/// The version of the Shell that is on the disk, as far as it can be told without starting it: `48`.
///
/// Its library carries the version of Mutter's interface, which is 16 for GNOME 48 and grows with it.
pub fn installed(host: &Host) -> Option<String> {
    let triplet = |arch: &str| format!("/usr/lib/{arch}-linux-gnu/gnome-shell");
    let places = ["/usr/lib/gnome-shell".to_owned(), "/usr/lib64/gnome-shell".to_owned()];
    let names = places
        .into_iter()
        .chain(std::iter::once(triplet(std::env::consts::ARCH)))
        .filter_map(|place| fs::list(&host.path(&place)).ok().flatten())
        .flatten();
    let api =
        |name: String| name.strip_prefix("libshell-")?.strip_suffix(".so")?.parse::<u32>().ok();
    names.filter_map(api).max().map(|api| (api + 32).to_string())
}

/// The part of a Shell's version that extensions are made for: `48` of `48.7`, `3.38` of `3.38.4`.
pub fn major(version: &str) -> &str {
    let parts = if version.starts_with("3.") { 2 } else { 1 };
    let end = version.match_indices('.').nth(parts - 1).map(|(at, _)| at);
    end.map_or(version, |end| &version[..end])
}

/// The Shell's versions that an extension's metadata names.
pub fn made_for(metadata: &serde_json::Value) -> Vec<String> {
    let list = metadata.get("shell-version").and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// Whether an extension made for `versions` runs in this Shell. The rule is the Shell's: a number alone stands for
/// all of that release.
pub fn supports(versions: &[String], shell: &str) -> bool {
    versions.iter().any(|version| major(version) == major(shell))
}

fn extension(info: &Dict) -> ShellExtension {
    ShellExtension {
        state: number(info, "state").map_or(State::Other(0), State::from),
        error: text(info, "error").filter(|error| !error.is_empty()),
        has_update: matches!(info.get("hasUpdate").map(|v| &**v), Some(zbus::Variant::Bool(true))),
        version: number(info, "version"),
    }
}

fn text(dict: &Dict, key: &str) -> Option<String> {
    match &**dict.get(key)? {
        zbus::Variant::Str(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The Shell is written in JavaScript: its numbers are doubles.
fn number(dict: &Dict, key: &str) -> Option<i64> {
    match &**dict.get(key)? {
        #[allow(clippy::cast_possible_truncation, reason = "a state is a small whole number")]
        zbus::Variant::F64(number) => Some(*number as i64),
        zbus::Variant::I32(number) => Some((*number).into()),
        zbus::Variant::U32(number) => Some((*number).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_the_shell_does() {
        let made_for = |list: &[&str]| list.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        assert!(supports(&made_for(&["47", "48"]), "48.7"));
        assert!(supports(&made_for(&["48.1"]), "48"));
        assert!(!supports(&made_for(&["4", "47"]), "48.7"));
        assert!(supports(&made_for(&["3.38"]), "3.38.4"));
        assert!(!supports(&made_for(&["3.36"]), "3.38.4"));
        assert!(!supports(&[], "48"));
    }

    #[test]
    fn the_version_on_the_disk_needs_no_running_shell() {
        let machine = crate::host::testing::Machine::new();
        assert_eq!(installed(&machine.host()), None);
        machine.file("usr/lib64/gnome-shell/libshell-18.so", "");
        machine.file("usr/lib64/gnome-shell/libst-18.so", "");
        assert_eq!(installed(&machine.host()).as_deref(), Some("50"));
    }

    #[test]
    fn an_extension_is_read_from_what_the_shell_says() {
        let info: Dict = [
            ("state", zbus::Variant::from(3.0)),
            ("error", zbus::Variant::from("TypeError: x")),
            ("hasUpdate", zbus::Variant::from(false)),
            ("version", zbus::Variant::from(3.0)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), OwnedVariant::try_from(value).unwrap()))
        .collect();
        assert_eq!(
            extension(&info),
            ShellExtension {
                state: State::Error,
                error: Some("TypeError: x".to_owned()),
                has_update: false,
                version: Some(3),
            }
        );
        assert_eq!(extension(&Dict::new()).state, State::Other(0));
    }
}
