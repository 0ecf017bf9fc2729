//! Which extensions are switched on: the two lists in dconf, their defaults, and the session mode.
//!
//! The rule is the Shell's (`extensionSystem.js`): what the mode or `enabled-extensions` has and
//! `disabled-extensions` has not.

use glib::Variant;

use super::disk;
use crate::core::plan::DconfEdit;
use crate::host::Host;
use crate::host::dconf::Dconf;
use crate::host::schemas::{Schema, Schemas};

const DIR: &str = "/org/gnome/shell/";
const ENABLED: &str = "enabled-extensions";
const DISABLED: &str = "disabled-extensions";
/// The master switch.
pub(super) const MASTER: &str = "disable-user-extensions";
const INSTALL: &str = "allow-extension-installation";

/// The schema of GNOME Shell; where it is not installed, neither is the Shell.
pub fn shell_schema(schemas: &Schemas) -> Option<Schema> {
    schemas.schema("org.gnome.shell")
}

/// One of the two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
struct List {
    key: &'static str,
    /// What the person has set; `None` where the default is in force.
    set: Option<Variant>,
    /// The list in force.
    now: Vec<String>,
    /// The list that is in force where the person has set none.
    default: Vec<String>,
    locked: bool,
}

/// The state of all switches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    enabled: List,
    disabled: List,
    mode: Vec<String>,
    /// The master switch: whether extensions run at all.
    pub on: bool,
    /// Whether they would run if the person had set nothing.
    pub on_by_default: bool,
    /// Whether the administrator holds the master switch.
    pub master_locked: bool,
    /// Whether the Shell loads extensions from the person's own directory.
    pub user_allowed: bool,
}

impl Switches {
    /// Reads them. `mode` is the session mode, where the running Shell has told it.
    pub fn read(
        host: &Host,
        dconf: &Dconf,
        shell: &Schema,
        mode: Option<&str>,
    ) -> anyhow::Result<Self> {
        let list = |key: &'static str| {
            let path = format!("{DIR}{key}");
            let known = shell.key(key);
            let strings = |value: Variant| value.get::<Vec<String>>();
            let schema = || known.as_ref().and_then(|known| strings(known.default_value()));
            let default = dconf.system(&path).and_then(strings).or_else(schema).unwrap_or_default();
            List {
                key,
                set: dconf.user().get(&path).cloned(),
                now: dconf.effective(&path).and_then(strings).unwrap_or_else(|| default.clone()),
                default,
                locked: dconf.locked(&path),
            }
        };
        // A flag that was said, or else what the schema makes of it.
        let flag = |said: Option<Variant>, key: &str, otherwise: bool| {
            let default = || shell.key(key).and_then(|known| known.default_value().get());
            said.and_then(|value| value.get()).or_else(default).unwrap_or(otherwise)
        };
        let (master, install) = (format!("{DIR}{MASTER}"), format!("{DIR}{INSTALL}"));
        let mode = mode.or_else(|| host.var("GNOME_SHELL_SESSION_MODE")).unwrap_or("user");
        Ok(Self {
            enabled: list(ENABLED),
            disabled: list(DISABLED),
            mode: disk::mode_extensions(host, mode)?,
            on: !flag(dconf.effective(&master), MASTER, false),
            on_by_default: !flag(dconf.system(&master), MASTER, false),
            master_locked: dconf.locked(&master),
            user_allowed: flag(dconf.effective(&install), INSTALL, true),
        })
    }

    /// Whether `uuid` is switched on, leaving the master switch aside.
    pub fn is_on(&self, uuid: &str) -> bool {
        is_on(uuid, &self.mode, &self.enabled.now, &self.disabled.now)
    }

    /// Whether `uuid` would be on if the person had set nothing.
    pub fn is_on_by_default(&self, uuid: &str) -> bool {
        is_on(uuid, &self.mode, &self.enabled.default, &self.disabled.default)
    }

    /// Whether the administrator holds the switches.
    pub fn locked(&self) -> bool {
        self.enabled.locked || self.disabled.locked
    }

    /// Switches `uuid` as the Shell does: each list loses or gains it, and everything else stays.
    pub fn switch(&mut self, uuid: &str, on: bool) {
        let (gains, loses) = match on {
            true => (&mut self.enabled.now, &mut self.disabled.now),
            false => (&mut self.disabled.now, &mut self.enabled.now),
        };
        loses.retain(|other| other != uuid);
        if !gains.iter().any(|other| other == uuid) {
            gains.push(uuid.to_owned());
        }
    }

    /// Takes `uuid` out of both lists.
    pub fn forget(&mut self, uuid: &str) {
        for list in [&mut self.enabled, &mut self.disabled] {
            list.now.retain(|other| other != uuid);
        }
    }

    /// Puts `uuid` back to how it is where nobody has switched it.
    pub fn reset(&mut self, uuid: &str) {
        for list in [&mut self.enabled, &mut self.disabled] {
            let has = list.default.iter().any(|other| other == uuid);
            match list.now.iter().any(|other| other == uuid) {
                true if !has => list.now.retain(|other| other != uuid),
                false if has => list.now.push(uuid.to_owned()),
                _ => (),
            }
        }
    }

    /// The edits that turn the lists in dconf into these.
    pub fn edits(&self) -> Vec<DconfEdit> {
        [&self.enabled, &self.disabled]
            .into_iter()
            .filter(|list| match &list.set {
                Some(set) => set.get::<Vec<String>>().as_ref() != Some(&list.now),
                None => list.default != list.now,
            })
            .map(|list| DconfEdit {
                key: format!("{DIR}{}", list.key),
                before: list.set.as_ref().map(|set| set.print(true).into()),
                after: Some(Variant::from(&list.now).print(true).into()),
            })
            .collect()
    }
}

fn is_on(uuid: &str, mode: &[String], enabled: &[String], disabled: &[String]) -> bool {
    let has = |list: &[String]| list.iter().any(|other| other == uuid);
    (has(mode) || has(enabled)) && !has(disabled)
}
