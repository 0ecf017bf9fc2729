//! Where a schema is looked for: a section, a group in it, and a part of that.

use crate::words::{gettext, mark};

/// Where a schema belongs, the way a person looks for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    /// The section's place among the sections, and its title.
    pub section: (usize, String),
    /// The group's title.
    pub group: String,
    /// What tells the schema from others of its group; empty for the one that the group is named after.
    pub part: String,
}

const DESKTOP: &str = mark("Desktop");
const DEVICES: &str = mark("Devices");
const SYSTEM: &str = mark("System");
const EXTENSIONS: &str = mark("Extensions");
const PROGRAMS: &str = mark("Apps and Services");
const SECTIONS: [&str; 5] = [DESKTOP, DEVICES, SYSTEM, EXTENSIONS, PROGRAMS];

/// Beginnings of schema ids, whole parts of them: where they belong. The longest that fits counts. Where the group is
/// empty, it is the part that follows.
const HOMES: [(&str, &str, &str); 41] = [
    ("org.freedesktop.pulseaudio", DEVICES, mark("Sound")),
    ("org.gnome.Settings", SYSTEM, mark("Settings App")),
    ("org.gnome.desktop", DESKTOP, ""),
    ("org.gnome.desktop.a11y", DESKTOP, mark("Accessibility")),
    ("org.gnome.desktop.background", DESKTOP, mark("Background")),
    ("org.gnome.desktop.break-reminders", DESKTOP, mark("Wellbeing")),
    ("org.gnome.desktop.calendar", SYSTEM, mark("Date and Time")),
    ("org.gnome.desktop.datetime", SYSTEM, mark("Date and Time")),
    ("org.gnome.desktop.input-sources", DEVICES, mark("Keyboard")),
    ("org.gnome.desktop.interface", DESKTOP, mark("Appearance")),
    ("org.gnome.desktop.lockdown", SYSTEM, mark("Lockdown")),
    ("org.gnome.desktop.media-handling", DEVICES, mark("Removable Media")),
    ("org.gnome.desktop.peripherals", DEVICES, mark("Mouse, Touchpad and Tablet")),
    ("org.gnome.desktop.peripherals.keyboard", DEVICES, mark("Keyboard")),
    ("org.gnome.desktop.privacy", SYSTEM, mark("Privacy")),
    ("org.gnome.desktop.screen-time-limits", DESKTOP, mark("Wellbeing")),
    ("org.gnome.desktop.screensaver", DESKTOP, mark("Lock Screen")),
    ("org.gnome.desktop.search-providers", DESKTOP, mark("Search")),
    ("org.gnome.desktop.sound", DEVICES, mark("Sound")),
    ("org.gnome.desktop.wm", DESKTOP, mark("Windows and Workspaces")),
    ("org.gnome.login-screen", DESKTOP, mark("Login Screen")),
    ("org.gnome.mutter", DESKTOP, mark("Windows and Workspaces")),
    ("org.gnome.nm-applet", SYSTEM, mark("Network")),
    ("org.gnome.online-accounts", SYSTEM, mark("Online Accounts")),
    ("org.gnome.settings-daemon", SYSTEM, mark("Settings Services")),
    ("org.gnome.settings-daemon.global-shortcuts", DEVICES, mark("Keyboard Shortcuts")),
    ("org.gnome.settings-daemon.peripherals", DEVICES, mark("Mouse, Touchpad and Tablet")),
    ("org.gnome.settings-daemon.peripherals.keyboard", DEVICES, mark("Keyboard")),
    ("org.gnome.settings-daemon.plugins.color", DEVICES, mark("Displays and Night Light")),
    ("org.gnome.settings-daemon.plugins.media-keys", DEVICES, mark("Keyboard Shortcuts")),
    ("org.gnome.settings-daemon.plugins.power", DEVICES, mark("Power")),
    ("org.gnome.settings-daemon.plugins.sharing", SYSTEM, mark("Sharing")),
    ("org.gnome.settings-daemon.plugins.wwan", SYSTEM, mark("Network")),
    ("org.gnome.shell", DESKTOP, mark("Shell")),
    ("org.gnome.shell.extensions", EXTENSIONS, ""),
    ("org.gnome.system.locale", SYSTEM, mark("Region and Language")),
    ("org.gnome.system.location", SYSTEM, mark("Location")),
    ("org.gnome.system.proxy", SYSTEM, mark("Network")),
    ("org.gtk.Settings", PROGRAMS, mark("GTK 3 Dialogs")),
    ("org.gtk.gtk4.Inspector", PROGRAMS, mark("GTK 4 Dialogs")),
    ("org.gtk.gtk4.Settings", PROGRAMS, mark("GTK 4 Dialogs")),
];

/// Finds where a schema belongs.
pub fn home(id: &str) -> Home {
    let fits = |start: &str| id == start || id.starts_with(&format!("{start}."));
    let known =
        HOMES.iter().filter(|(start, ..)| fits(start)).max_by_key(|(start, ..)| start.len());
    let (section, group, rest) = match known {
        Some((start, section, "")) => {
            let rest = id[start.len()..].trim_start_matches('.');
            let (group, rest) = rest.split_once('.').unwrap_or((rest, ""));
            (*section, title_of(group), rest)
        }
        Some((start, section, group)) => {
            // The part that tells two beginnings of one group apart says more than what follows it.
            let shared = HOMES.iter().filter(|(_, _, other)| other == group).count() > 1;
            let from = if shared { start.rfind('.').unwrap_or(0) } else { start.len() };
            (*section, gettext(*group), id[from..].trim_start_matches('.'))
        }
        None => {
            // org.example.Program.part: who made it says little.
            let parts: Vec<&str> = id.split('.').collect();
            let at = if parts.len() > 2 { 2 } else { parts.len() - 1 };
            let before: usize = parts[..=at].iter().map(|part| part.len() + 1).sum();
            (PROGRAMS, title_of(parts[at]), id.get(before..).unwrap_or_default())
        }
    };
    let place = SECTIONS.iter().position(|one| *one == section).unwrap_or(SECTIONS.len());
    let part = rest.split('.').map(title_of).collect::<Vec<_>>().join(" · ");
    Home { section: (place, gettext(section)), group, part }
}

/// A name of a program as a title: `color-scheme` is "Color Scheme", `FileChooser` "File Chooser".
pub fn title_of(name: &str) -> String {
    let mut title = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for character in name.chars() {
        let starts = before == ' ' || (before.is_lowercase() && character.is_uppercase());
        match character {
            '-' | '_' | ' ' => {
                before = ' ';
                continue;
            }
            _ if starts => {
                if !title.is_empty() {
                    title.push(' ');
                }
                title.extend(character.to_uppercase());
            }
            _ => title.push(character),
        }
        before = character;
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(id: &str) -> String {
        let Home { section: (_, section), group, part } = home(id);
        format!("{section} › {group} › {part}")
    }

    #[test]
    fn schemas_are_where_a_person_looks_for_them() {
        for (id, wanted) in [
            ("org.gnome.desktop.interface", "Desktop › Appearance › "),
            ("org.gnome.desktop.a11y.magnifier", "Desktop › Accessibility › Magnifier"),
            (
                "org.gnome.desktop.wm.keybindings",
                "Desktop › Windows and Workspaces › Wm · Keybindings",
            ),
            ("org.gnome.mutter", "Desktop › Windows and Workspaces › Mutter"),
            ("org.gnome.desktop.thumbnailers", "Desktop › Thumbnailers › "),
            ("org.gnome.desktop.app-folders.folder", "Desktop › App Folders › Folder"),
            ("org.gnome.shell.extensions.dash-to-dock", "Extensions › Dash To Dock › "),
            ("org.gnome.shell.keybindings", "Desktop › Shell › Keybindings"),
            ("org.gnome.shellfish", "Apps and Services › Shellfish › "),
            ("org.gnome.Ptyxis.Profile", "Apps and Services › Ptyxis › Profile"),
            ("org.freedesktop.ibus.panel.emoji", "Apps and Services › Ibus › Panel · Emoji"),
            ("short", "Apps and Services › Short › "),
            ("ca.desrt", "Apps and Services › Desrt › "),
        ] {
            assert_eq!(words(id), wanted, "{id}");
        }
    }

    #[test]
    fn names_become_titles() {
        for (name, title) in [
            ("color-scheme", "Color Scheme"),
            ("FileChooser", "File Chooser"),
            ("a11y", "A11y"),
            ("", ""),
            ("with_line", "With Line"),
            ("éa-b", "Éa B"),
        ] {
            assert_eq!(title_of(name), title);
        }
    }

    #[test]
    fn beginnings_are_sorted() {
        assert!(HOMES.is_sorted_by(|(a, ..), (b, ..)| a < b));
    }
}
