//! The steps that change installed apps and their overrides, batched: one process per scope and remote for
//! installs, one per scope for removals and for masks, and one write for all of the person's override files.
//!
//! Two things flatpak does one app at a time: going to a commit, and making another branch the current one.

use std::collections::{BTreeMap, BTreeSet};

use super::apps::{home, name};
use super::overrides::{self, Changes, Fields};
use super::{Item, asks, limits, run, transaction};
use crate::core::item::{ItemKey, Record, Value};
use crate::core::names::AppId;
use crate::core::plan::{Action, Change, Command, FileEdit, Risk, Step};
use crate::host::Host;
use crate::host::flatpak::{self, Installation, Scope};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

/// Refs and the items they belong to.
type Batch = Vec<(String, ItemKey)>;

#[derive(Default)]
struct Plan {
    /// By scope, remote and whether what is there is to be replaced.
    install: BTreeMap<(Scope, String, bool), Batch>,
    make_current: Vec<Step>,
    pin: Vec<Step>,
    mask: BTreeMap<(Scope, bool), Batch>,
    uninstall: BTreeMap<Scope, Batch>,
    /// The override files to write, by layer.
    edits: BTreeMap<Scope, (Vec<FileEdit>, Vec<ItemKey>)>,
}

/// The steps for `changes`.
///
/// A change that needs an override file that cannot be written is set aside whole: an app is not installed
/// without the permissions that were asked for it.
pub fn steps(changes: &[&Change], host: &Host) -> Steps {
    let mut parsed: Vec<(Item, &Change)> =
        changes.iter().filter_map(|change| Some((Item::parse(&change.item)?, *change))).collect();
    let mut blocked = Vec::new();
    let (edits, mut reasons) = edits(&targets(&parsed), host);
    limits::find(&parsed, host, &mut reasons);
    parsed.retain(|(_, change)| match reasons.get(&change.item) {
        Some(reason) => {
            blocked.push(Blocked::never(&change.item, reason.clone()));
            false
        }
        None => true,
    });
    let mut plan = Plan { edits, ..Plan::default() };
    for (item, change) in &parsed {
        if let Item::App(scope, id) = item {
            plan.app(*scope, id, change, host);
        }
    }
    Steps { steps: plan.finish(host), blocked, ..Steps::default() }
}

/// The commit a change wants to stay at. A commit that no manifest names is only what happened to be there.
pub(super) fn pinned<'a>(change: &Change, after: &'a Record) -> Option<&'a str> {
    let named = change.other.as_ref().is_some_and(|other| other.get("commit").is_some());
    let masked = after.get("masked") == Some(&Value::Flag(true));
    after.text("commit").filter(|_| masked || named)
}

impl Plan {
    fn app(&mut self, scope: Scope, id: &AppId, change: &Change, host: &Host) {
        let key = &change.item;
        let installation = Installation::of(host, scope);
        // What cannot be read is no item with changes; an app that went meanwhile is one without branches.
        let there = installation.app(id, &[]).ok().flatten();
        let Some(after) = &change.after else {
            let mut branches: BTreeSet<String> = BTreeSet::new();
            if let Some(app) = &there {
                branches.insert(format!("{id}/{}/{}", app.current.arch, app.current.branch));
                branches.extend(app.others.iter().map(|(arch, b)| format!("{id}/{arch}/{b}")));
            }
            let batch = self.uninstall.entry(scope).or_default();
            batch.extend(branches.into_iter().map(|branch| (branch, key.clone())));
            return;
        };
        let remote = after.text("remote").unwrap_or_default();
        let moved = |field: &str| {
            change.before.as_ref().is_none_or(|before| before.get(field) != after.get(field))
        };
        let target = match after.text("branch") {
            Some(branch) => format!("{id}//{branch}"),
            None => match default_branch(&installation, remote) {
                Some(branch) => format!("{id}//{branch}"),
                None => id.to_string(),
            },
        };
        let mut installs = false;
        if moved("remote") || moved("branch") {
            let branch = after.text("branch");
            let deployed = there.as_ref().and_then(|app| {
                std::iter::once((&app.current.arch, &app.current.branch))
                    .chain(app.others.iter().map(|(arch, branch)| (arch, branch)))
                    .find(|(_, deployed)| Some(deployed.as_str()) == branch)
            });
            let origin = deployed.and_then(|(arch, branch)| installation.origin(id, arch, branch));
            installs = origin.as_ref().is_none_or(|origin| origin.as_str() != remote);
            if installs {
                let batch = (scope, remote.to_owned(), deployed.is_some());
                self.install.entry(batch).or_default().push((target.clone(), key.clone()));
            }
            if let (Some(app), Some(branch)) = (&there, branch)
                && app.current.branch.as_str() != branch
            {
                if deployed.is_some() {
                    self.make_current(scope, id, branch, change, host);
                } else {
                    // A switch: the branch that is left goes, unless both were there before.
                    let old = format!("{id}/{}/{}", app.current.arch, app.current.branch);
                    self.uninstall.entry(scope).or_default().push((old, key.clone()));
                }
            }
        }
        self.pin(scope, id, change, after, installs, &target, &installation, host);
    }

    fn make_current(
        &mut self,
        scope: Scope,
        id: &AppId,
        branch: &str,
        change: &Change,
        host: &Host,
    ) {
        let title = fill(
            &gettext("Make {branch} the branch of {app} that runs"),
            &[("branch", branch), ("app", name(change))],
        );
        let command =
            Command::new("flatpak").args(["make-current", scope.flag(), id.as_str(), branch]);
        let risk = Risk { password: asks(scope, host), ..Risk::default() };
        self.make_current.push(run(title, command, risk, vec![change.item.clone()]));
    }

    #[allow(clippy::too_many_arguments, reason = "all of it is known where it is called")]
    fn pin(
        &mut self,
        scope: Scope,
        id: &AppId,
        change: &Change,
        after: &Record,
        installs: bool,
        target: &str,
        installation: &Installation,
        host: &Host,
    ) {
        let masked = |record: Option<&Record>| {
            record.is_some_and(|record| record.get("masked") == Some(&Value::Flag(true)))
        };
        let was_masked = masked(change.before.as_ref());
        let commit = pinned(change, after);
        let before = change.before.as_ref().and_then(|before| before.text("commit"));
        let moves = commit.filter(|commit| installs || before != Some(*commit));
        if let Some(commit) = moves {
            let title =
                fill(&gettext("Bring {app} to its pinned version"), &[("app", name(change))]);
            let command =
                transaction("update", scope, host).arg(format!("--commit={commit}")).arg(target);
            let risk = Risk { network: true, password: asks(scope, host), ..Risk::default() };
            self.pin.push(run(title, command, risk, vec![change.item.clone()]));
        }
        // What is pinned is masked, or the next update undoes it; taking a pin back takes its mask back.
        let unmask = was_masked && !masked(Some(after));
        let masks = installation.config().map(|config| flatpak::masks(&config)).unwrap_or_default();
        if unmask {
            let own = limits::own_masks(id);
            let batch = self.mask.entry((scope, false)).or_default();
            let found = masks.into_iter().filter(|mask| own.contains(mask));
            batch.extend(found.map(|mask| (mask, change.item.clone())));
        } else if (moves.is_some() || masked(Some(after))) && !was_masked {
            let batch = self.mask.entry((scope, true)).or_default();
            batch.push((id.to_string(), change.item.clone()));
        }
    }

    fn finish(self, host: &Host) -> Vec<Step> {
        let mut steps = Vec::new();
        for ((scope, remote, again), batch) in self.install {
            let n = batch.len();
            let text =
                ngettext("Install {n} app from {remote}", "Install {n} apps from {remote}", n);
            let mut command = transaction("install", scope, host).arg("--or-update");
            if again {
                command = command.arg("--reinstall");
            }
            let (refs, items) = split(batch);
            let title = fill(&text, &[("n", &n.to_string()), ("remote", &remote)]);
            let risk = Risk { network: true, password: asks(scope, host), ..Risk::default() };
            steps.push(run(title, command.arg(remote).args(refs), risk, items));
        }
        steps.extend(self.make_current);
        steps.extend(self.pin);
        for ((scope, on), batch) in self.mask {
            let (patterns, items) = split(batch);
            if patterns.is_empty() {
                continue;
            }
            let mut command = Command::new("flatpak").args(["mask", scope.flag()]);
            if !on {
                command = command.arg("--remove");
            }
            let title = match on {
                true => gettext("Keep updates away from pinned apps"),
                false => gettext("Let apps update again"),
            };
            let risk = Risk { password: asks(scope, host), ..Risk::default() };
            steps.push(run(title, command.args(patterns), risk, items));
        }
        for (scope, (edits, items)) in self.edits {
            steps.push(write_step(scope, edits, items));
        }
        for (scope, batch) in self.uninstall {
            let (refs, items) = split(batch);
            if refs.is_empty() {
                continue;
            }
            let n = items.len();
            let text = ngettext("Uninstall {n} app", "Uninstall {n} apps", n);
            let title = fill(&text, &[("n", &n.to_string())]);
            let command = transaction("uninstall", scope, host).args(refs);
            let risk = Risk { removes: true, password: asks(scope, host), ..Risk::default() };
            steps.push(run(title, command, risk, items));
        }
        steps
    }
}

/// The branch a remote offers where none is asked for, if it says so.
fn default_branch(installation: &Installation, remote: &str) -> Option<String> {
    let config = installation.config().ok()?;
    config.text(&format!("remote \"{remote}\""), "xa.default-branch").filter(|b| !b.is_empty())
}

/// The refs, and the items without repetition.
fn split(batch: Batch) -> (Vec<String>, Vec<ItemKey>) {
    let (refs, mut items): (Vec<String>, Vec<ItemKey>) = batch.into_iter().unzip();
    items.dedup();
    (refs, items)
}

fn write_step(scope: Scope, edits: Vec<FileEdit>, items: Vec<ItemKey>) -> Step {
    let count = edits.len();
    let text = match scope {
        Scope::User => ngettext("Write {n} override file", "Write {n} override files", count),
        Scope::System => ngettext(
            "Write {n} override file for every user",
            "Write {n} override files for every user",
            count,
        ),
    };
    let title = fill(&text, &[("n", &count.to_string())]);
    Step { title, action: Action::Write(edits), risk: Risk::default(), items }
}

/// By layer and file name: the permissions it is to give, and for whom.
type Targets = BTreeMap<(Scope, String), Target>;

#[derive(Default)]
struct Target {
    fields: Fields,
    /// The items that need the file to say this.
    items: Vec<ItemKey>,
}

/// What each override file is to say when all changes are made.
///
/// The overrides of an app that goes stay, as they do with `flatpak uninstall`.
fn targets(changes: &[(Item, &Change)]) -> Targets {
    let mut targets = Targets::new();
    for (item, change) in changes {
        let (layers, file) = match item {
            Item::App(..) if change.after.is_none() => continue,
            Item::Global(scope) => (vec![*scope], "global".to_owned()),
            Item::App(Scope::User, id) => (vec![Scope::User], id.to_string()),
            Item::App(Scope::System, id) => (Scope::ALL.to_vec(), id.to_string()),
        };
        for layer in layers {
            let of = |record: Option<&Record>| overrides::of_record(record, layer.as_str());
            let (old, new) = (of(change.before.as_ref()), of(change.after.as_ref()));
            if change.before.is_some() && old == new {
                continue;
            }
            // Where both scopes give the person's layer, that of the person's own installation counts.
            let own = !matches!(item, Item::App(Scope::System, _)) || layer == Scope::System;
            let target = targets.entry((layer, file.clone())).or_default();
            if own || target.fields.is_empty() {
                target.fields = new;
            }
            target.items.push(change.item.clone());
        }
    }
    targets
}

/// The files of one layer to write, and for whom.
type Edits = BTreeMap<Scope, (Vec<FileEdit>, Vec<ItemKey>)>;

/// The files to write, and why items that need another file cannot have it.
fn edits(targets: &Targets, host: &Host) -> (Edits, BTreeMap<ItemKey, String>) {
    let (mut possible, mut reasons) = (Vec::new(), BTreeMap::new());
    for ((scope, file), target) in targets {
        let installation = Installation::of(host, *scope);
        let reason = match edit(&installation, file, &target.fields, &home(*scope, host)) {
            Ok(None) => continue,
            Ok(Some((edit, changes))) if asks(*scope, host) => {
                limits::by_hand(file, &edit.path, &changes)
            }
            Ok(Some((edit, _))) => {
                possible.push((*scope, edit, &target.items));
                continue;
            }
            Err(reason) => reason,
        };
        reasons.extend(target.items.iter().map(|item| (item.clone(), reason.clone())));
    }
    let mut edits = Edits::new();
    for (scope, edit, items) in possible {
        if items.iter().all(|item| reasons.contains_key(item)) {
            continue;
        }
        let (files, of) = edits.entry(scope).or_default();
        files.push(edit);
        of.extend(items.iter().cloned());
    }
    (edits, reasons)
}

/// The edit that makes one file give exactly `wanted`, if it does not yet.
fn edit(
    installation: &Installation,
    file: &str,
    wanted: &Fields,
    home: &overrides::Home,
) -> Result<Option<(FileEdit, Changes)>, String> {
    let path = installation.override_path(file);
    let mut keyfile = installation.overrides(file)?;
    let existed = path.exists();
    let before = existed.then(|| keyfile.to_string());
    let changes = overrides::changes(&overrides::read(&keyfile, home), wanted);
    if changes.is_empty() {
        return Ok(None);
    }
    overrides::write(&mut keyfile, &changes, home);
    let after = (!keyfile.is_blank()).then(|| keyfile.to_string());
    Ok(Some((FileEdit { path: path.display().to_string(), before, after, mode: None }, changes)))
}
