//! What is worth knowing about all extensions together.

use super::switches::{MASTER, Switches};
use crate::core::item::{ItemKey, Notice, Pending, Record, Records, Remedy};
use crate::host::bus::BusError;
use crate::host::shell::Shell;
use crate::subsystem::gsettings;
use crate::words::{fill, gettext};

const SCHEMA: &str = "org.gnome.shell";

pub(super) fn all(
    records: &Records,
    shell: &Result<Shell, BusError>,
    switches: &Switches,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    if !switches.on {
        notices.push(Notice {
            text: gettext("All extensions are switched off by the master switch"),
            remedy: (!switches.master_locked).then(|| Remedy {
                label: gettext("Turn On"),
                command: match switches.on_by_default {
                    true => format!("bkt gsetting unset --local {SCHEMA} {MASTER}"),
                    false => format!("bkt gsetting set --local {SCHEMA} {MASTER} false"),
                },
                subsystem: gsettings::ID,
                item: ItemKey::new(format!("{SCHEMA} {MASTER}")),
                set: (!switches.on_by_default).then(|| Record::new().with("value", "false")),
            }),
        });
    }
    if let Err(why) = shell {
        let text = gettext("Read from the disk, so whether extensions work is not known: {why}");
        let text = fill(&text, &[("why", &why.to_string())]);
        notices.push(Notice { text, remedy: None });
    }
    if records.items.values().any(|live| live.pending == Some(Pending::LogOut)) {
        let text = gettext("Log out and in again to start using what was installed");
        notices.push(Notice { text, remedy: None });
    }
    notices
}
