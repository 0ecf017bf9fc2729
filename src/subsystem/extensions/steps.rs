//! How the machine is brought to what is wanted: archives fetched and installed, extensions uninstalled, and one write
//! of all switches.
//!
//! The running Shell looks for extensions when it starts, so one that is installed now runs after the next log-in.
//! What is uninstalled is kept in Bucket's state, because an undo has to bring it back also where no site has it.

use std::collections::BTreeMap;

use super::disk::{self, Installed};
use super::switches::Switches;
use super::{ENABLED, Machine, VERSION, site};
use crate::core::item::{Record, Value};
use crate::core::names::ExtensionUuid;
use crate::core::plan::{Action, Bundle, Change, Command, Copy, Download, Risk, Step};
use crate::host::shell::{self, Shell};
use crate::host::{Host, http};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

/// What there is to know for planning.
struct Planner<'a> {
    host: &'a Host,
    installed: &'a BTreeMap<ExtensionUuid, Installed>,
    /// The running Shell.
    shell: Option<&'a Shell>,
}

pub(super) fn plan(changes: &[&Change], host: &Host, machine: &Machine) -> anyhow::Result<Steps> {
    let mut switches = machine.switches.clone();
    let planner =
        Planner { host, installed: &machine.installed, shell: machine.shell.as_ref().ok() };
    let mut steps = Steps::default();
    let (mut removals, mut items) = (Vec::new(), Vec::new());
    for change in changes {
        let uuid: ExtensionUuid = change.item.as_str().parse()?;
        match planner.one(change, &uuid, &mut switches) {
            Ok(Done { before, after }) => {
                steps.steps.extend(before);
                removals.extend(after);
                items.push(change.item.clone());
            }
            Err(reason) => steps.blocked.push(Blocked::never(&change.item, reason)),
        }
    }
    let edits = switches.edits();
    if !items.is_empty() && !edits.is_empty() {
        let count = items.len();
        let title = ngettext("Switch {n} extension", "Switch {n} extensions", count);
        steps.steps.push(Step {
            title: fill(&title, &[("n", &count.to_string())]),
            action: Action::Dconf(edits),
            risk: Risk::default(),
            items,
        });
    }
    steps.steps.extend(removals);
    Ok(steps)
}

/// What is done for one change before the switches are written, and after.
#[derive(Default)]
struct Done {
    before: Vec<Step>,
    after: Vec<Step>,
}

impl Planner<'_> {
    /// Plans one change, and switches what it wants switched; or says why it cannot be made.
    fn one(
        &self,
        change: &Change,
        uuid: &ExtensionUuid,
        switches: &mut Switches,
    ) -> Result<Done, String> {
        if switches.locked() {
            return Err(gettext(
                "the administrator of this machine has locked the list of extensions",
            ));
        }
        let installed = self.installed.get(uuid);
        let mut done = Done::default();
        match (&change.after, installed) {
            (None, None) => (),
            (None, Some(installed)) if installed.user => {
                let own = disk::own_dir(self.host, uuid.as_str());
                // The Shell would empty the directory that the link leads to: somebody's work.
                if own.is_symlink() {
                    let why = gettext(
                        "“{path}” is a link, whose directory would be emptied: remove the link",
                    );
                    return Err(fill(&why, &[("path", &self.host.display(&own))]));
                }
                done = self.uninstall(change);
                switches.forget(uuid.as_str());
            }
            // It stays: without a word from the person it is what the system makes of it.
            (None, Some(_)) => switches.reset(uuid.as_str()),
            (Some(after), installed) => {
                if installed.is_none() || other_version(change, after) {
                    done.before = self.install(change, after, switches)?;
                }
                if let Some(Value::Flag(on)) = after.get(ENABLED) {
                    switches.switch(uuid.as_str(), *on);
                }
            }
        }
        Ok(done)
    }

    /// From where it was kept, if that is what is wanted; else from the site.
    fn install(
        &self,
        change: &Change,
        after: &Record,
        switches: &Switches,
    ) -> Result<Vec<Step>, String> {
        let uuid = change.item.as_str();
        if !switches.user_allowed {
            return Err(gettext(
                "the administrator of this machine does not allow installing extensions",
            ));
        }
        let version = version(after);
        if disk::kept(self.host, uuid).is_some_and(|kept| kept.version == version) {
            return Ok(vec![step(
                change,
                &gettext("Bring {extension} back"),
                Action::Copy(Copy {
                    from: text(&disk::kept_dir(self.host, uuid)),
                    to: text(&disk::own_dir(self.host, uuid)),
                    moving: false,
                }),
                Risk { log_out: true, ..Risk::default() },
            )]);
        }
        let shell = version_of(self.host, self.shell);
        if version.is_none() && shell.is_none() {
            return Err(gettext(
                "which version of GNOME Shell this machine has could not be told: log in to GNOME and try again",
            ));
        }
        let archive = http::cache_path(self.host, &format!("{uuid}.shell-extension.zip"));
        // Who names a version gets it, as the Shell would let them.
        let made_for = shell.filter(|_| version.is_none());
        let download = Download {
            url: site::archive(self.host, uuid, version, made_for.as_deref().unwrap_or_default()),
            path: text(&archive),
            sha256: None,
            bundle: Some(Bundle { uuid: uuid.to_owned(), shell: made_for }),
        };
        let install =
            Command::new("gnome-extensions").args(["install", "--force"]).arg(text(&archive));
        Ok(vec![
            step(
                change,
                &gettext("Download {extension}"),
                Action::Download(download),
                Risk { network: true, ..Risk::default() },
            ),
            step(
                change,
                &gettext("Install {extension}"),
                Action::Run(install),
                Risk { log_out: true, ..Risk::default() },
            ),
        ])
    }

    /// The Shell uninstalls what it knows, so that it stops using it first; anything else is moved away.
    fn uninstall(&self, change: &Change) -> Done {
        let uuid = change.item.as_str();
        let known = self.shell.is_some_and(|shell| shell.extensions.contains_key(uuid));
        let copy = Action::Copy(Copy {
            from: text(&disk::own_dir(self.host, uuid)),
            to: text(&disk::kept_dir(self.host, uuid)),
            moving: !known,
        });
        let removes = Risk { removes: true, ..Risk::default() };
        let title = gettext("Uninstall {extension}");
        if !known {
            return Done { before: Vec::new(), after: vec![step(change, &title, copy, removes)] };
        }
        let keep = step(change, &gettext("Keep a copy of {extension}"), copy, Risk::default());
        let run = Action::Run(Command::new("gnome-extensions").args(["uninstall", uuid]));
        Done { before: vec![keep], after: vec![step(change, &title, run, removes)] }
    }
}

/// The version of the Shell: of the running one, or else of the one on the disk.
pub(super) fn version_of(host: &Host, shell: Option<&Shell>) -> Option<String> {
    shell.and_then(|shell| shell.version.clone()).or_else(|| shell::installed(host))
}

fn version(record: &Record) -> Option<i64> {
    match record.get(VERSION) {
        Some(Value::Number(version)) => Some(*version),
        _ => None,
    }
}

/// Whether a change is about the version. One that nobody asks for is only what was seen.
fn other_version(change: &Change, after: &Record) -> bool {
    let had = change.before.as_ref().and_then(version);
    version(after).is_some() && version(after) != had
}

fn step(change: &Change, title: &str, action: Action, risk: Risk) -> Step {
    let title = fill(title, &[("extension", &change.title)]);
    Step { title, action, risk, items: vec![change.item.clone()] }
}

fn text(path: &std::path::Path) -> String {
    path.display().to_string()
}
