//! What is known about single settings beyond their schemas: small tables, each with its reason.

use crate::core::item::{Elements, Value};
use crate::words::mark;

/// Where relocatable schemas are used. No schema says so: these are the programs' own conventions. A `*` is one part.
const PLACES: [(&str, &str); 11] = [
    (
        "org.gnome.settings-daemon.plugins.media-keys.custom-keybinding",
        "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings/*/",
    ),
    (
        "org.gnome.settings-daemon.global-shortcuts.application",
        "/org/gnome/settings-daemon/global-shortcuts/*/",
    ),
    (
        "org.gnome.settings-daemon.plugins.sharing.service",
        "/org/gnome/settings-daemon/plugins/sharing/*/",
    ),
    ("org.gnome.desktop.app-folders.folder", "/org/gnome/desktop/app-folders/folders/*/"),
    (
        "org.gnome.desktop.notifications.application",
        "/org/gnome/desktop/notifications/application/*/",
    ),
    ("org.gnome.desktop.peripherals.tablet", "/org/gnome/desktop/peripherals/tablets/*/"),
    ("org.gnome.desktop.peripherals.tablet.stylus", "/org/gnome/desktop/peripherals/stylus/*/"),
    ("org.gnome.desktop.peripherals.touchscreen", "/org/gnome/desktop/peripherals/touchscreens/*/"),
    ("org.gnome.Ptyxis.Profile", "/org/gnome/Ptyxis/Profiles/*/"),
    ("org.gnome.Terminal.Legacy.Profile", "/org/gnome/terminal/legacy/profiles:/*/"),
    ("com.gexperts.Tilix.Profile", "/com/gexperts/Tilix/profiles/*/"),
];

/// Lists of texts whose elements each stand for themselves: two machines' additions do not conflict.
const SETS: [(&str, &str); 25] = [
    ("org.gnome.shell", "favorite-apps"),
    ("org.gnome.desktop.app-folders", "folder-children"),
    ("org.gnome.desktop.app-folders.folder", "apps"),
    ("org.gnome.desktop.app-folders.folder", "categories"),
    ("org.gnome.desktop.app-folders.folder", "excluded-apps"),
    ("org.gnome.desktop.input-sources", "xkb-options"),
    ("org.gnome.desktop.media-handling", "autorun-x-content-ignore"),
    ("org.gnome.desktop.media-handling", "autorun-x-content-open-folder"),
    ("org.gnome.desktop.media-handling", "autorun-x-content-start-app"),
    ("org.gnome.desktop.notifications", "application-children"),
    ("org.gnome.desktop.search-providers", "disabled"),
    ("org.gnome.desktop.search-providers", "enabled"),
    ("org.gnome.desktop.thumbnailers", "disable"),
    ("org.gnome.mutter", "experimental-features"),
    ("org.gnome.nautilus.list-view", "default-visible-columns"),
    ("org.gnome.settings-daemon.global-shortcuts", "applications"),
    ("org.gnome.settings-daemon.plugins.media-keys", "custom-keybindings"),
    ("org.gnome.system.proxy", "ignore-hosts"),
    ("org.gnome.Ptyxis", "profile-uuids"),
    ("org.gnome.Terminal.ProfilesList", "list"),
    ("com.gexperts.Tilix.ProfilesList", "list"),
    ("org.freedesktop.Tracker3.Miner.Files", "index-recursive-directories"),
    ("org.freedesktop.Tracker3.Miner.Files", "index-single-directories"),
    ("org.freedesktop.Tracker3.Miner.Files", "ignored-directories"),
    ("org.freedesktop.Tracker3.Miner.Files", "ignored-files"),
];

/// Settings that another subsystem looks after: what to say about a manifest's entry for one, and to somebody who
/// wants to set one.
const ELSEWHERE: [(&str, &str, &str, &str); 2] = [
    (
        "org.gnome.shell",
        "enabled-extensions",
        mark("extensions are switched on and off through gnome-extensions.json"),
        mark(
            "“{key}” is not set by hand: use bkt extension enable UUID, or bkt extension disable UUID",
        ),
    ),
    (
        "org.gnome.shell",
        "disabled-extensions",
        mark("extensions are switched on and off through gnome-extensions.json"),
        mark(
            "“{key}” is not set by hand: use bkt extension enable UUID, or bkt extension disable UUID",
        ),
    ),
];

/// The folders that the Shell writes at the first log-in.
const FIRST_FOLDERS: [&str; 4] = ["System", "Utilities", "YaST", "Pardus"];

/// The relocatable schema that is used at `dir`, by convention.
pub fn schema_at(dir: &str) -> Option<&'static str> {
    let matches = |pattern: &str| {
        let (mut parts, mut wanted) = (dir.split('/'), pattern.split('/'));
        loop {
            match (parts.next(), wanted.next()) {
                (None, None) => return true,
                (Some(part), Some("*")) if !part.is_empty() => (),
                (Some(part), Some(want)) if part == want => (),
                _ => return false,
            }
        }
    };
    PLACES.iter().find(|(_, pattern)| matches(pattern)).map(|(schema, _)| *schema)
}

/// Whether a list is compared element by element.
pub fn is_set(schema: &str, key: &str) -> bool {
    SETS.contains(&(schema, key))
}

/// Why a setting is not compared here, if it is not, and what to do instead of setting it. Both to be translated.
pub fn elsewhere(schema: &str, key: &str) -> Option<(&'static str, &'static str)> {
    let one = ELSEWHERE.iter().find(|(s, k, ..)| (*s, *k) == (schema, key));
    one.map(|(_, _, why, instead)| (*why, *instead))
}

/// Whether GNOME writes this value by itself, so that finding it says nothing about the person.
pub fn self_written(schema: &str, key: &str, value: &Value) -> bool {
    let folders = |set: &Elements| set.iter().all(|folder| FIRST_FOLDERS.contains(&folder));
    match value {
        Value::Set(set) => {
            (schema, key) == ("org.gnome.desktop.app-folders", "folder-children") && folders(set)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::schema_at;

    #[test]
    fn a_star_is_exactly_one_part() {
        let folder = Some("org.gnome.desktop.app-folders.folder");
        assert_eq!(schema_at("/org/gnome/desktop/app-folders/folders/Games/"), folder);
        assert_eq!(schema_at("/org/gnome/desktop/app-folders/folders/"), None);
        assert_eq!(schema_at("/org/gnome/desktop/app-folders/folders/a/b/"), None);
        assert_eq!(
            schema_at("/org/gnome/terminal/legacy/profiles:/:b1dcc9dd/"),
            Some("org.gnome.Terminal.Legacy.Profile")
        );
    }
}
