//! A verb acts on the system and on the manifest in one go: "punning". A wish says what an item is to be.

use thiserror::Error;

use super::Engine;
use super::select::{keep_together, secret_field, set_aside};
use crate::core::item::{ItemKey, Layer, Record, SubsystemId};
use crate::core::plan::{BlockedChange, Change, Plan, Side};
use crate::core::report::{Availability, ItemReport, Report};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// Which sides a verb acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The machine, and then the manifest.
    Both,
    /// The machine alone: `--local`.
    System,
    /// The manifest alone: `--manifest-only`.
    Manifest,
}

/// What is to become of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It is there, with these fields set and those cleared; every other field stays as each side has it.
    Put {
        /// Fields with their new values.
        set: Record,
        /// Fields that go away.
        clear: Vec<String>,
    },
    /// It is gone.
    Remove,
}

impl Edit {
    /// The item is there, with these fields set.
    pub fn put(set: Record) -> Self {
        Self::Put { set, clear: Vec::new() }
    }
}

/// One item, and what is to become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The item's subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// What is to become of it.
    pub edit: Edit,
}

/// A side that has to be known before a verb can act could not be read.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct NotReadable {
    /// Why not.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A verb would put something into the repository that looks like a secret.
#[derive(Debug, Error)]
#[error("“{field}” of {item} looks like a secret, and a repository is read by others")]
pub struct LooksSecret {
    /// The item, for people.
    pub item: String,
    /// The field.
    pub field: String,
}

impl Engine {
    /// Asks each wish's subsystem whether it can be met at all: the app is in the remote, the key exists and the value
    /// is in its range. Removing is always possible. May use the network.
    pub fn validate(&self, wishes: &[Wish]) -> Result<(), Unfit> {
        for wishes in wishes.chunk_by(|one, next| one.subsystem == next.subsystem) {
            let subsystem = wishes.first().and_then(|wish| self.subsystem(&wish.subsystem));
            let Some(subsystem) = subsystem else { continue };
            let put = wishes.iter().filter_map(|wish| match &wish.edit {
                Edit::Put { set, .. } => Some((&wish.item, set)),
                Edit::Remove => None,
            });
            subsystem.validate_all(self.host(), &put.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Plans what makes the wishes true on the sides that `reach` names. `report` has surveyed their subsystems; new
    /// entries go to `layer`. A side that says so already does not change.
    ///
    /// `secrets` says that what looks like a secret may go into the repository.
    pub fn plan_wishes(
        &self,
        report: &Report,
        wishes: &[Wish],
        reach: Reach,
        layer: &Layer,
        secrets: bool,
    ) -> anyhow::Result<Plan> {
        let mut changes = Vec::new();
        let mut unknown = Vec::new();
        for (at, wish) in wishes.iter().enumerate() {
            // One item may be named twice.
            if wishes[..at].contains(wish) {
                continue;
            }
            readable(report, &wish.subsystem, reach)?;
            let item = report.item(&wish.subsystem, &wish.item);
            if reach != Reach::System {
                let change = self.wish_change(wish, item, Side::Manifest, layer);
                if let (Some(change), false) = (&change, secrets) {
                    check_secrets(change)?;
                }
                changes.extend(change);
            }
            if reach != Reach::Manifest {
                let reason = item.and_then(|item| item.unknown.clone());
                let mut change = self.wish_change(wish, item, Side::System, layer);
                if reason.is_some() && change.is_none() {
                    // What nobody can see may be there to be removed.
                    let seen = item.map(|item| ItemReport {
                        live: item.wanted.clone().or_else(|| Some(Record::new())),
                        ..item.clone()
                    });
                    change = self.wish_change(wish, seen.as_ref(), Side::System, layer);
                }
                match (change, reason) {
                    (Some(change), Some(reason)) => {
                        unknown.push(BlockedChange { change, reason, later: false });
                    }
                    (change, _) => changes.extend(change),
                }
            }
        }
        let (mut steps, blocked) = self.steps(&changes)?;
        let mut blocked = set_aside(&mut changes, blocked);
        blocked.extend(unknown);
        if reach == Reach::System {
            // No manifest asks the next image for it.
            blocked.iter_mut().for_each(|one| one.later = false);
        }
        if blocked.iter().any(BlockedChange::never) {
            // What the machine cannot do is not written down either.
            let never = blocked.iter().filter(|one| one.never());
            keep_together(&mut changes, never.map(|one| &one.change));
            steps = self.steps(&changes)?.0;
        }
        let mut plan = Plan { system_first: true, changes, blocked, ..Plan::default() };
        plan.steps = plan.in_order(steps);
        Ok(plan)
    }

    fn wish_change(
        &self,
        wish: &Wish,
        item: Option<&ItemReport>,
        side: Side,
        layer: &Layer,
    ) -> Option<Change> {
        let wanted = item.and_then(|item| item.wanted.clone());
        let live = item.and_then(|item| item.live.clone());
        let (before, other) = match side {
            Side::Manifest => (wanted, live),
            Side::System => (live, wanted),
        };
        let after = match &wish.edit {
            Edit::Remove => None,
            // What only takes away makes nothing.
            Edit::Put { set, clear }
                if set.0.is_empty() && !clear.is_empty() && before.is_none() =>
            {
                None
            }
            Edit::Put { set, clear } => {
                // A side that does not have the item begins with what the other one says of it.
                let mut record = before.clone().or_else(|| other.clone()).unwrap_or_default();
                let had = !record.0.is_empty();
                record.0.retain(|name, _| !clear.contains(name));
                record.0.extend(set.0.clone());
                // An item that loses its last field is gone.
                (!had || !record.0.is_empty()).then_some(record)
            }
        };
        let title = match item {
            Some(item) => item.title.clone(),
            None => self
                .subsystem(&wish.subsystem)
                .map_or_else(|| wish.item.to_string(), |one| one.label(&wish.item).title),
        };
        (before != after).then(|| Change {
            subsystem: wish.subsystem.clone(),
            item: wish.item.clone(),
            title,
            side,
            layer: item.and_then(|item| item.layer.clone()).unwrap_or_else(|| layer.clone()),
            before,
            after,
            other,
            held: None,
        })
    }
}

fn readable(report: &Report, subsystem: &SubsystemId, reach: Reach) -> Result<(), NotReadable> {
    match report.subsystem(subsystem).map(|one| &one.availability) {
        Some(Availability::Compared) => Ok(()),
        // What a manifest says is read without the tool that it is for.
        Some(Availability::Unavailable { .. }) if reach == Reach::Manifest => Ok(()),
        Some(
            Availability::Unavailable { reason, hint } | Availability::Failed { reason, hint },
        ) => Err(NotReadable { reason: reason.clone(), hint: hint.clone() }),
        None => Err(NotReadable {
            reason: fill(
                &gettext("{subsystem} was not read"),
                &[("subsystem", subsystem.as_str())],
            ),
            hint: None,
        }),
    }
}

fn check_secrets(change: &Change) -> Result<(), LooksSecret> {
    match secret_field(change) {
        Some(field) => Err(LooksSecret { item: change.title.clone(), field: field.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plan::Command;
    use crate::host::testing::Machine;
    use crate::host::{Environment, Host, RunError, Runner, command};
    use crate::manifest::repo::{Found, Repo};
    use crate::subsystem::packages::ID as PACKAGES;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::{Arc, Mutex};
    use tokio_util::sync::CancellationToken;

    /// Answers as dnf5 does where there are the packages “a” and “b” and the groups “g” and “h”, and keeps what it was
    /// asked.
    #[derive(Default)]
    struct Asked(Mutex<Vec<String>>);

    impl Runner for Asked {
        fn run(
            &self,
            asked: &Command,
            _: &mut dyn FnMut(&str),
            _: &CancellationToken,
        ) -> Result<String, RunError> {
            self.0.lock().unwrap().push(command::display(asked));
            let has = |kind: &str| asked.args.iter().any(|arg| arg == kind);
            Ok(match (has("repoquery"), has("group")) {
                (true, _) => "a.x86_64\nb.x86_64\n".to_owned(),
                (_, true) => "ID Name Installed\ng G no\nh H no\n".to_owned(),
                _ => String::new(),
            })
        }
    }

    #[test]
    fn many_packages_are_asked_for_at_once() {
        let mut machine = Machine::new();
        let dnf = machine.file("bin/dnf5", "");
        std::fs::set_permissions(&dnf, std::fs::Permissions::from_mode(0o755)).unwrap();
        machine.vars.insert("PATH".into(), machine.dir.path().join("bin").display().to_string());
        let asked = Arc::new(Asked::default());
        let env =
            Environment { vars: machine.vars.clone(), ..Environment::below(machine.dir.path()) };
        let repo = Repo {
            root: machine.dir.path().join("repo"),
            id: "repository".into(),
            found: Found::Named,
            trusted: true,
        };
        let engine = Engine::new(Host::new(env, asked.clone()), repo, crate::subsystem::all());
        let wish = |key: &str, edit| Wish { subsystem: PACKAGES, item: ItemKey::new(key), edit };
        let put = |key: &&str| wish(key, Edit::put(Record::new()));
        let mut wishes: Vec<Wish> =
            ["package/a", "group/g", "excluded/b", "group/h"].iter().map(put).collect();
        wishes.push(wish("package/x", Edit::Remove));
        assert_eq!(engine.validate(&wishes), Ok(()));
        assert_eq!(
            std::mem::take(&mut *asked.0.lock().unwrap()),
            [
                r"dnf5 -q repoquery --qf '%{name}.%{arch}\n' a b",
                "dnf5 -q group list --hidden",
                "dnf5 -q environment list",
            ]
        );
        // A name that can be none is told of before anything is asked.
        let hostile = ["package/a", "package/-x"].each_ref().map(put);
        assert!(engine.validate(&hostile).unwrap_err().message.contains("-x"));
        assert!(asked.0.lock().unwrap().is_empty());
        // What there is not is named, and what it is like is asked once for all.
        let unknown = ["package/aa", "package/a", "package/bb"].each_ref().map(put);
        assert!(engine.validate(&unknown).unwrap_err().message.contains("“aa”"));
        assert_eq!(asked.0.lock().unwrap().len(), 2);
    }
}
