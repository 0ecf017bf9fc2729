//! What the person types to add an entry: judged before anything is done.

use bucket::subsystem::flatpak::catalogue::{Form, Group};
use bucket::subsystem::flatpak::check;
use bucket::subsystem::flatpak::edit::Stand;
use bucket::subsystem::flatpak::effective::Permission;
use bucket::words::{fill, gettext};

/// What an entry row of a group asks for; `None` where entries are not typed.
pub fn prompt(group: Group) -> Option<String> {
    Some(match group {
        Group::Filesystem => gettext("Add a Path"),
        Group::Persistent => gettext("Add a Directory"),
        Group::Environment => gettext("Add a Variable"),
        Group::SessionBus => gettext("Add a Session Bus Name"),
        Group::SystemBus => gettext("Add a System Bus Name"),
        Group::AccessibilityBus => gettext("Add an Accessibility Bus Name"),
        Group::Usb => gettext("Add a USB Device"),
        Group::HiddenUsb => gettext("Hide a USB Device"),
        Group::Policy => gettext("Add a Policy"),
        Group::Share | Group::Socket | Group::Device | Group::Feature | Group::Other => {
            return None;
        }
    })
}

/// How such an entry looks.
pub fn example(group: Group) -> &'static str {
    match group.form() {
        Form::Path => "~/Games:ro",
        Form::Directory => ".config/app",
        Form::Variable => "EDITOR=vim",
        Form::Bus if group == Group::AccessibilityBus => "org.example.Reader=own",
        Form::Bus if group == Group::SystemBus => "org.freedesktop.UPower=talk",
        Form::Bus => "org.freedesktop.secrets=talk",
        Form::Usb => "vnd:046d+dev:c52b",
        Form::Policy => "Tracker3.dataset=music",
        Form::Toggle | Form::Raw => "",
    }
}

/// The permission that is meant, and what it is to be; or why it cannot be.
pub fn parse(group: Group, typed: &str) -> Result<(Permission, Stand), String> {
    let element = |token: &str| {
        let (place, key) = group.place().unwrap_or_default();
        Permission::element(place, key, token)
    };
    match group.form() {
        Form::Path => {
            let (path, mode) = check::path(typed)?;
            let stand = match mode {
                "allow" => Stand::Allow,
                mode => Stand::Value(mode.to_owned()),
            };
            Ok((element(&path), stand))
        }
        Form::Directory => Ok((element(&check::directory(typed)?), Stand::Allow)),
        Form::Usb => Ok((element(&check::usb(typed)?), Stand::Allow)),
        Form::Variable => {
            let (name, value) = check::assignment(typed)?;
            Ok((Permission::key("Environment", &name), Stand::Value(value)))
        }
        Form::Bus => bus(group, typed),
        Form::Policy => Ok((check::policy(typed)?, Stand::Allow)),
        Form::Toggle | Form::Raw => Err(gettext("this cannot be typed in")),
    }
}

/// A bus name, perhaps with its policy: `org.x`, `org.x=own`.
fn bus(group: Group, typed: &str) -> Result<(Permission, Stand), String> {
    let (bus, otherwise) = match group {
        Group::SystemBus => ("System Bus Policy", "talk"),
        // There, a name is all that an app can be given.
        Group::AccessibilityBus => ("Accessibility Bus Policy", "own"),
        _ => ("Session Bus Policy", "talk"),
    };
    let (name, policy) = typed.split_once('=').unwrap_or((typed, otherwise));
    let policy = policy.trim();
    let name = check::bus_name(name)?;
    if !check::POLICIES.contains(&policy) {
        let text = gettext("“{policy}” is no policy: there are {known}");
        let known = check::POLICIES.join(", ");
        return Err(fill(&text, &[("policy", policy), ("known", &known)]));
    }
    let stand = match policy {
        "none" => Stand::Deny,
        policy => Stand::Value(policy.to_owned()),
    };
    Ok((Permission::key(bus, &name), stand))
}
