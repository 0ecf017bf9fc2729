//! What a person may type for a permission, judged as flatpak judges it, with one clear reason where it may not be.

use super::catalogue;
use super::effective::Permission;
use super::overrides::{self, Home};
use crate::words::{fill, gettext};

/// Conditions that flatpak knows.
pub const CONDITIONS: [&str; 6] =
    ["true", "false", "has-input-device", "has-usb-device", "has-wayland", "has-usb-portal"];
/// What a policy for a bus name may be, from the least to the most.
pub const POLICIES: [&str; 4] = ["none", "see", "talk", "own"];
/// Places that have names of their own.
pub const PLACES: [&str; 18] = [
    "home",
    "host",
    "host-os",
    "host-etc",
    "host-root",
    "xdg-desktop",
    "xdg-documents",
    "xdg-download",
    "xdg-music",
    "xdg-pictures",
    "xdg-public-share",
    "xdg-videos",
    "xdg-templates",
    "xdg-data",
    "xdg-cache",
    "xdg-config",
    "xdg-run",
    "host:reset",
];

fn no(text: String, values: &[(&str, &str)]) -> String {
    fill(&text, values)
}

/// A path with its mode, as typed: `~/Games:ro`. Gives the path as records have it, and its value there.
pub fn path(typed: &str) -> Result<(String, &'static str), String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(gettext("type a path, such as ~/Games or xdg-music"));
    }
    if typed.chars().any(char::is_control) {
        return Err(gettext("a path cannot have line breaks or other control characters"));
    }
    let Some((place, mode)) = overrides::canonical_path(typed, &Home::Nobody) else {
        return Err(gettext("leave the “!” out: whether a path is allowed is chosen beside it"));
    };
    if place == "/" {
        return Err(gettext("the whole file system is called “host”"));
    }
    if place.split('/').any(|part| part == "..") {
        return Err(gettext("a path cannot have “..”"));
    }
    let (first, below) =
        place.split_once('/').map_or((place.as_str(), None), |(a, b)| (a, Some(b)));
    let (bare, suffix) = first.split_once(':').unwrap_or((first, ""));
    let last = place.rsplit_once(':').map(|(before, suffix)| (before.ends_with('\\'), suffix));
    if place == "host:reset" {
        return Err(gettext("“host:reset” can only be denied"));
    }
    if let Some((false, suffix)) = last {
        let text = gettext("“{suffix}” is no mode: a path ends in :ro, :create or nothing");
        return Err(no(text, &[("suffix", suffix)]));
    }
    let named = PLACES.contains(&bare) && suffix.is_empty();
    let fits = match (first, below) {
        ("xdg-run", None) => {
            return Err(gettext("name what is in it: xdg-run/pipewire-0, for example"));
        }
        ("", Some(_)) | ("~", Some(_)) => true,
        (_, Some(_)) => named && first.starts_with("xdg-"),
        (_, None) => named,
    };
    if !fits {
        let text = gettext(
            "“{path}” is no place: it should be like ~/Games, /srv/data, xdg-music, home or host",
        );
        return Err(no(text, &[("path", typed)]));
    }
    Ok((place, mode))
}

/// A directory in the app's home that is kept: `.mozilla`.
pub fn directory(typed: &str) -> Result<String, String> {
    let typed = typed.trim().trim_start_matches("~/");
    if typed.is_empty() {
        return Err(gettext("type a directory in the app's home, such as .config/app"));
    }
    if typed.starts_with('/') || typed.split('/').any(|part| part == "..") {
        return Err(gettext("the directory has to be in the app's home: leave “/” and “..” out"));
    }
    if typed.chars().any(char::is_control) {
        return Err(gettext("a path cannot have line breaks or other control characters"));
    }
    Ok(typed.to_owned())
}

/// A variable's name.
pub fn variable(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    let mut chars = typed.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !first || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(gettext(
            "a variable's name has letters, digits and “_”, and does not start with a digit",
        ));
    }
    Ok(typed.to_owned())
}

/// A variable with its value, as typed: `NAME=value`.
pub fn assignment(typed: &str) -> Result<(String, String), String> {
    let Some((name, value)) = typed.split_once('=') else {
        return Err(gettext("type a name and a value, such as EDITOR=vim"));
    };
    if value.contains(['\n', '\0']) {
        return Err(gettext("a value cannot have line breaks"));
    }
    Ok((variable(name)?, value.to_owned()))
}

/// A name on a bus, perhaps with all names below it: `org.gnome.*`.
pub fn bus_name(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    let name = typed.strip_suffix(".*").unwrap_or(typed);
    if gio::dbus_is_name(name) && !gio::dbus_is_unique_name(name) {
        return Ok(typed.to_owned());
    }
    let text = gettext(
        "“{name}” is no bus name: it should be like org.freedesktop.Notifications or org.gnome.*",
    );
    Err(no(text, &[("name", typed)]))
}

/// Which USB devices: `all`, `cls:03:*`, `vnd:046d`, `vnd:046d+dev:c52b`. Gives flatpak's spelling.
pub fn usb(typed: &str) -> Result<String, String> {
    let typed = typed.trim().to_ascii_lowercase();
    let hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let mut rules: Vec<(&str, &str)> = Vec::new();
    for rule in typed.split('+') {
        let (kind, value) = rule.split_once(':').unwrap_or((rule, ""));
        let fits = match kind {
            "all" => rule == "all",
            "vnd" | "dev" => hex(value, 4),
            "cls" => value
                .split_once(':')
                .is_some_and(|(class, sub)| hex(class, 2) && (sub == "*" || hex(sub, 2))),
            _ => false,
        };
        if !fits {
            let text = gettext(
                "“{rule}” is no USB device: it should be like vnd:046d+dev:c52b, cls:03:* or all",
            );
            return Err(no(text, &[("rule", rule)]));
        }
        if rules.iter().any(|(known, _)| *known == kind) {
            return Err(no(gettext("“{kind}:” stands there twice"), &[("kind", kind)]));
        }
        rules.push((kind, value));
    }
    let has = |kind: &str| rules.iter().any(|(known, _)| *known == kind);
    if has("dev") && !has("vnd") {
        return Err(gettext("name the vendor too: vnd:046d+dev:c52b"));
    }
    if has("all") && rules.len() > 1 {
        return Err(gettext("“all” stands alone"));
    }
    Ok(typed)
}

/// An element of another policy: `SUBSYSTEM.KEY=VALUE`.
pub fn policy(typed: &str) -> Result<Permission, String> {
    let parts = typed.trim().split_once('=').and_then(|(place, value)| {
        let (subsystem, key) = place.split_once('.')?;
        Some((subsystem, key, value))
    });
    match parts {
        Some((subsystem, key, value))
            if ![subsystem, key, value].contains(&"") && !value.starts_with('!') =>
        {
            Ok(Permission::element(&format!("Policy {subsystem}"), key, value))
        }
        _ => Err(gettext("type SUBSYSTEM.KEY=VALUE, such as Tracker3.dataset=music")),
    }
}

/// A condition, perhaps negated: `!has-wayland`.
pub fn condition(typed: &str) -> Result<String, String> {
    let name = typed.strip_prefix('!').unwrap_or(typed);
    if CONDITIONS.contains(&name) {
        return Ok(typed.to_owned());
    }
    let text = gettext("“{condition}” is no condition: there are {known}");
    Err(no(text, &[("condition", typed), ("known", &CONDITIONS.join(", "))]))
}

/// Whether flatpak would take `value` for `permission`. What it does not know it passes over.
pub(super) fn is_known(permission: &Permission, value: &str) -> bool {
    let token = permission.token();
    match (permission.group.as_str(), permission.key.as_str()) {
        ("Context", "filesystems") => {
            path(token).is_ok() || token == "host:reset" && value == "deny"
        }
        ("Context", "persistent" | "unset-environment") => true,
        ("Context", key) => catalogue::known(key, token).is_some(),
        ("Environment", _) => true,
        ("Session Bus Policy" | "System Bus Policy" | "Accessibility Bus Policy", name) => {
            bus_name(name).is_ok() && (POLICIES.contains(&value) || value == "allow")
        }
        ("USB Devices", _) => usb(token).is_ok(),
        (group, _) => group.starts_with("Policy ") && permission.element.is_some(),
    }
}
