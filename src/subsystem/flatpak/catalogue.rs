//! Every permission that flatpak has a name for, with words for people, and the kinds of those that are typed in.

use serde::Serialize;

use super::effective::Permission;
use crate::words::{gettext, mark};

/// Permissions that belong together: a group of an editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// What is shared with the host.
    Share,
    /// Sockets of the desktop and its services.
    Socket,
    /// Devices.
    Device,
    /// What the sandbox lets happen inside.
    Feature,
    /// Paths.
    Filesystem,
    /// Directories of the app's own home that are kept.
    Persistent,
    /// Variables, set or unset.
    Environment,
    /// Names on the session bus.
    SessionBus,
    /// Names on the system bus.
    SystemBus,
    /// Names on the accessibility bus.
    AccessibilityBus,
    /// USB devices that are offered through the portal.
    Usb,
    /// USB devices that are kept from it.
    HiddenUsb,
    /// Policies of other services.
    Policy,
    /// What we do not know. It is shown, kept, and can be taken out.
    Other,
}

/// How an entry of a group is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One of the [`KNOWN`] permissions: inherit, allow or deny.
    Toggle,
    /// A path with a mode: [`super::check::path`].
    Path,
    /// A directory in the app's home: [`super::check::directory`].
    Directory,
    /// `NAME=value`, or a name to be unset: [`super::check::assignment`], [`super::check::variable`].
    Variable,
    /// A bus name with a policy: [`super::check::bus_name`].
    Bus,
    /// A USB query: [`super::check::usb`].
    Usb,
    /// `SUBSYSTEM.KEY=VALUE`: [`super::check::policy`].
    Policy,
    /// The value as it is written. Not made, only kept or taken out.
    Raw,
}

impl Group {
    /// The groups in the order they are shown.
    pub const ALL: [Self; 14] = [
        Self::Share,
        Self::Socket,
        Self::Device,
        Self::Feature,
        Self::Filesystem,
        Self::Persistent,
        Self::Environment,
        Self::SessionBus,
        Self::SystemBus,
        Self::AccessibilityBus,
        Self::Usb,
        Self::HiddenUsb,
        Self::Policy,
        Self::Other,
    ];

    /// The group a permission belongs to.
    pub fn of(permission: &Permission) -> Self {
        match (permission.group.as_str(), permission.key.as_str()) {
            ("Context", "shared") => Self::Share,
            ("Context", "sockets") => Self::Socket,
            ("Context", "devices") => Self::Device,
            ("Context", "features") => Self::Feature,
            ("Context", "filesystems") => Self::Filesystem,
            ("Context", "persistent") => Self::Persistent,
            ("Context", "unset-environment") | ("Environment", _) => Self::Environment,
            ("Session Bus Policy", _) => Self::SessionBus,
            ("System Bus Policy", _) => Self::SystemBus,
            ("Accessibility Bus Policy", _) => Self::AccessibilityBus,
            ("USB Devices", "enumerable-devices") => Self::Usb,
            ("USB Devices", "hidden-devices") => Self::HiddenUsb,
            (group, _) if group.starts_with("Policy ") => Self::Policy,
            _ => Self::Other,
        }
    }

    /// How an entry of it is made.
    pub fn form(self) -> Form {
        match self {
            Self::Share | Self::Socket | Self::Device | Self::Feature => Form::Toggle,
            Self::Filesystem => Form::Path,
            Self::Persistent => Form::Directory,
            Self::Environment => Form::Variable,
            Self::SessionBus | Self::SystemBus | Self::AccessibilityBus => Form::Bus,
            Self::Usb | Self::HiddenUsb => Form::Usb,
            Self::Policy => Form::Policy,
            Self::Other => Form::Raw,
        }
    }

    /// The group and key that its entries stand under in a keyfile; `None` where each has its own.
    pub fn place(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Share => Some(("Context", "shared")),
            Self::Socket => Some(("Context", "sockets")),
            Self::Device => Some(("Context", "devices")),
            Self::Feature => Some(("Context", "features")),
            Self::Filesystem => Some(("Context", "filesystems")),
            Self::Persistent => Some(("Context", "persistent")),
            Self::Usb => Some(("USB Devices", "enumerable-devices")),
            Self::HiddenUsb => Some(("USB Devices", "hidden-devices")),
            _ => None,
        }
    }

    /// Its title.
    pub fn title(self) -> String {
        match self {
            Self::Share => gettext("Share"),
            Self::Socket => gettext("Sockets"),
            Self::Device => gettext("Devices"),
            Self::Feature => gettext("Features"),
            Self::Filesystem => gettext("Files"),
            Self::Persistent => gettext("Kept Directories"),
            Self::Environment => gettext("Environment"),
            Self::SessionBus => gettext("Session Bus"),
            Self::SystemBus => gettext("System Bus"),
            Self::AccessibilityBus => gettext("Accessibility Bus"),
            Self::Usb => gettext("USB Devices"),
            Self::HiddenUsb => gettext("Hidden USB Devices"),
            Self::Policy => gettext("Other Policies"),
            Self::Other => gettext("Unknown to Bucket"),
        }
    }

    /// What it is about, in a sentence.
    pub fn description(self) -> String {
        match self {
            Self::Share => gettext("What the app shares with the rest of the machine"),
            Self::Socket => gettext("Services of the desktop that the app may talk to"),
            Self::Device => gettext("Hardware that the app may use"),
            Self::Feature => gettext("What the app may do inside its sandbox"),
            Self::Filesystem => gettext("Files that the app may see, read or write"),
            Self::Persistent => {
                gettext("Directories that the app sees in its home and that are kept for it")
            }
            Self::Environment => gettext("Variables that are set or unset for the app"),
            Self::SessionBus => gettext("Services of your session that the app may talk to or be"),
            Self::SystemBus => gettext("Services of the system that the app may talk to or be"),
            Self::AccessibilityBus => gettext("Names that the app may have for assistive tools"),
            Self::Usb => gettext("USB devices that the app may ask for"),
            Self::HiddenUsb => gettext("USB devices that the app never sees"),
            Self::Policy => gettext("What other services let the app do"),
            Self::Other => gettext("Entries that stay as they are"),
        }
    }
}

/// A permission with a name of its own.
#[derive(Debug)]
pub struct Known {
    /// The group it is shown in.
    pub group: Group,
    /// Its key in `[Context]`.
    pub key: &'static str,
    /// What flatpak calls it.
    pub token: &'static str,
    title: &'static str,
    description: &'static str,
}

impl Known {
    /// The permission.
    pub fn permission(&self) -> Permission {
        Permission::element("Context", self.key, self.token)
    }

    /// Its title.
    pub fn title(&self) -> String {
        gettext(self.title)
    }

    /// What it lets the app do.
    pub fn description(&self) -> String {
        gettext(self.description)
    }
}

const fn known_as(
    group: Group,
    key: &'static str,
    token: &'static str,
    title: &'static str,
    description: &'static str,
) -> Known {
    Known { group, key, token, title, description }
}

/// Every permission with a name of its own, in the order they are shown.
#[rustfmt::skip]
pub static KNOWN: [Known; 38] = [
    known_as(Group::Share, "shared", "network", mark("Network"), mark("Reach other machines and services on this one")),
    known_as(Group::Share, "shared", "ipc", mark("Inter-process memory"), mark("Share memory with other programs, which X11 needs to be fast")),
    known_as(Group::Socket, "sockets", "wayland", mark("Wayland windows"), mark("Show windows")),
    known_as(Group::Socket, "sockets", "x11", mark("X11 windows"), mark("Show windows, and see what is typed into other X11 windows")),
    known_as(Group::Socket, "sockets", "fallback-x11", mark("X11 windows without Wayland"), mark("Show windows over X11 only where there is no Wayland")),
    known_as(Group::Socket, "sockets", "inherit-wayland-socket", mark("Inherited Wayland connection"), mark("Use a connection that was opened before the app was started")),
    known_as(Group::Socket, "sockets", "pulseaudio", mark("Sound"), mark("Play sound and listen to the microphone")),
    known_as(Group::Socket, "sockets", "session-bus", mark("Whole session bus"), mark("Talk to every service of your session, which leaves no sandbox to speak of")),
    known_as(Group::Socket, "sockets", "system-bus", mark("Whole system bus"), mark("Talk to every service of the system")),
    known_as(Group::Socket, "sockets", "ssh-auth", mark("SSH keys"), mark("Sign in elsewhere with your SSH agent")),
    known_as(Group::Socket, "sockets", "pcsc", mark("Smart cards"), mark("Use smart cards")),
    known_as(Group::Socket, "sockets", "cups", mark("Printers"), mark("Talk to the printing service directly")),
    known_as(Group::Socket, "sockets", "gpg-agent", mark("GPG keys"), mark("Sign and decrypt with your GPG agent")),
    known_as(Group::Device, "devices", "dri", mark("Graphics card"), mark("Draw with the graphics card")),
    known_as(Group::Device, "devices", "input", mark("Input devices"), mark("Read game controllers, keyboards and pointers directly")),
    known_as(Group::Device, "devices", "usb", mark("Raw USB"), mark("Use every USB device directly")),
    known_as(Group::Device, "devices", "kvm", mark("Virtualization"), mark("Run virtual machines at full speed")),
    known_as(Group::Device, "devices", "shm", mark("Shared memory"), mark("See the shared memory of the whole machine")),
    known_as(Group::Device, "devices", "all", mark("All devices"), mark("Use every device, cameras included")),
    known_as(Group::Feature, "features", "devel", mark("Debugging"), mark("Trace and examine other processes of the app")),
    known_as(Group::Feature, "features", "multiarch", mark("Other architectures"), mark("Run programs built for related processors, such as 32-bit ones")),
    known_as(Group::Feature, "features", "bluetooth", mark("Bluetooth"), mark("Use Bluetooth directly")),
    known_as(Group::Feature, "features", "canbus", mark("CAN bus"), mark("Use the controller area network")),
    known_as(Group::Feature, "features", "per-app-dev-shm", mark("Shared memory among its processes"), mark("Share memory between the app's own sandboxes")),
    known_as(Group::Filesystem, "filesystems", "host", mark("All files"), mark("Everything you may see, but for the system itself")),
    known_as(Group::Filesystem, "filesystems", "host-os", mark("System files"), mark("The programs and libraries of the system")),
    known_as(Group::Filesystem, "filesystems", "host-etc", mark("System configuration"), mark("The system's configuration files")),
    known_as(Group::Filesystem, "filesystems", "home", mark("Home"), mark("All your files")),
    known_as(Group::Filesystem, "filesystems", "xdg-desktop", mark("Desktop"), mark("The Desktop directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-documents", mark("Documents"), mark("The Documents directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-download", mark("Downloads"), mark("The Downloads directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-music", mark("Music"), mark("The Music directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-pictures", mark("Pictures"), mark("The Pictures directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-public-share", mark("Public"), mark("The Public directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-templates", mark("Templates"), mark("The Templates directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-videos", mark("Videos"), mark("The Videos directory")),
    known_as(Group::Filesystem, "filesystems", "xdg-config", mark("Configuration of all apps"), mark("The directory where programs keep their settings")),
    known_as(Group::Filesystem, "filesystems", "xdg-data", mark("Data of all apps"), mark("The directory where programs keep their data")),
];

/// The permission that flatpak calls `token` under `key` of `[Context]`.
pub fn known(key: &str, token: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.key == key && known.token == token)
}

/// What to call a permission before people: its title where it has one, or else what flatpak calls it.
pub fn title(permission: &Permission) -> String {
    match permission.group.as_str() {
        "Context" => known(&permission.key, permission.token())
            .map_or_else(|| permission.token().to_owned(), Known::title),
        group => match (group.strip_prefix("Policy "), &permission.element) {
            (Some(subsystem), Some(value)) => format!("{subsystem}.{}={value}", permission.key),
            (_, Some(element)) => element.clone(),
            (None, None) if Group::of(permission) == Group::Other => {
                format!("[{group}] {}", permission.key)
            }
            _ => permission.key.clone(),
        },
    }
}
