//! How toolchains are brought to what is wanted: by their own programs, as the person, in the development box.
//!
//! Scripts come first, because they may bring what the rest is run with; then tools, which may be Node.js; then Rust and
//! npm. What goes, goes in the opposite order.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;

use super::place::DevBox;
use super::rustup::{Default, Parts, Rustup};
use super::{Item, TOOLCHAIN, Toolchains, VERSION, entry, npm, scripts};
use crate::core::item::ItemKey;
use crate::core::names::{ComponentName, NpmName, ScriptName, TargetName, ToolName, ToolchainName};
use crate::core::plan::{Action, Change, Command, Download, FileEdit, Risk, Step};
use crate::host::{Host, fs};
use crate::subsystem::{Blocked, Steps, Subsystem};
use crate::words::{fill, gettext};

/// Plans all of it. `dev_box` is where it is run, or why it cannot be.
pub(super) fn plan(
    changes: &[&Change],
    host: &Host,
    dev_box: Result<DevBox, String>,
) -> Result<Steps> {
    let mut items = Vec::new();
    for change in changes {
        items.push((Item::of(&change.item)?, *change));
    }
    let forgets =
        |item: &Item, change: &Change| matches!(item, Item::Script(_)) && change.after.is_none();
    let mut planned = Steps::default();
    let dev_box = match dev_box {
        Ok(dev_box) => dev_box,
        Err(why) => {
            for (item, change) in &items {
                match item {
                    Item::Script(name) if forgets(item, change) => {
                        planned.steps.extend(forget(host, name, change)?);
                    }
                    _ => planned.blocked.push(Blocked::never(&change.item, why.as_str())),
                }
            }
            return Ok(planned);
        }
    };
    let home = dev_box.home.clone();
    // What is only forgotten needs no box.
    if !items.iter().all(|(item, change)| forgets(item, change)) {
        planned.rests_on.clone_from(&dev_box.rests_on);
    }
    let mut planner = Planner {
        host,
        rustup: Rustup::below(host, &home),
        prefix: npm::prefix(host, &home),
        dev_box,
        planned,
        removals: Vec::new(),
    };
    planner.scripts(&items)?;
    planner.tools(&items);
    planner.rust(&items);
    planner.npm(&items);
    planner.removals.reverse();
    planner.planned.steps.append(&mut planner.removals);
    Ok(planner.planned)
}

struct Planner<'a> {
    host: &'a Host,
    dev_box: DevBox,
    rustup: Rustup,
    prefix: Result<PathBuf, String>,
    planned: Steps,
    /// What goes, the last first.
    removals: Vec<Step>,
}

/// The changes of one kind, by the names of what they are about.
struct Kind<'a, N> {
    comes: Vec<(&'a N, &'a Change)>,
    goes: Vec<(&'a N, &'a Change)>,
}

fn kind<'a, N>(
    items: &'a [(Item, &'a Change)],
    of: impl Fn(&'a Item) -> Option<&'a N>,
) -> Kind<'a, N> {
    let of_kind = items.iter().filter_map(|(item, change)| Some((of(item)?, *change)));
    let (comes, goes) = of_kind.partition(|(_, change)| change.after.is_some());
    Kind { comes, goes }
}

fn names<N: ToString>(some: &[(&N, &Change)]) -> Vec<String> {
    some.iter().map(|(name, _)| name.to_string()).collect()
}

fn keys<N>(some: &[(&N, &Change)]) -> Vec<ItemKey> {
    some.iter().map(|(_, change)| change.item.clone()).collect()
}

impl Planner<'_> {
    fn run(&self, title: String, command: Command, items: Vec<ItemKey>, risk: Risk) -> Step {
        Step { title, action: Action::Run(self.dev_box.run(self.host, command)), risk, items }
    }

    /// A step that puts something in place, by a program that may download.
    fn comes(&mut self, title: String, command: Command, items: Vec<ItemKey>) {
        let step = self.run(title, command, items, Risk { network: true, ..Risk::default() });
        self.planned.steps.push(step);
    }

    /// A step that takes something away, after everything that puts something in place.
    fn goes(&mut self, title: String, command: Command, items: Vec<ItemKey>) {
        let step = self.run(title, command, items, Risk { removes: true, ..Risk::default() });
        self.removals.push(step);
    }

    fn block(&mut self, changes: &[&Change], why: &str) {
        self.planned.blocked.extend(changes.iter().map(|one| Blocked::never(&one.item, why)));
    }

    fn scripts(&mut self, items: &[(Item, &Change)]) -> Result<()> {
        let Kind { comes, goes } = kind(items, |item| match item {
            Item::Script(name) => Some(name),
            _ => None,
        });
        for (name, change) in comes {
            let Some(after) = &change.after else { continue };
            let script = entry::script(name, after)?;
            let path = scripts::fetched(self.host, &script.sha256).display().to_string();
            let of_script = |text: &str| fill(text, &[("name", name.as_str())]);
            self.planned.steps.push(Step {
                title: of_script(&gettext("Download the script {name}")),
                action: Action::Download(Download {
                    url: script.url.to_string(),
                    path: path.clone(),
                    sha256: Some(script.sha256.to_string()),
                    bundle: None,
                }),
                risk: Risk { network: true, ..Risk::default() },
                items: vec![change.item.clone()],
            });
            let command = Command::new("sh").arg(path).args(script.args.clone());
            // Whoever named its checksum, or looked at it, has said yes to it.
            let risk = Risk { network: true, ..Risk::default() };
            let title = of_script(&gettext("Run the script {name}"));
            let run = self.run(title, command, vec![change.item.clone()], risk);
            self.planned.steps.push(run);
            let title = of_script(&gettext("Keep that the script {name} was run"));
            let text = scripts::text(&script)?;
            self.planned.steps.extend(keep(self.host, name, change, title, Some(text))?);
        }
        for (name, change) in goes {
            self.removals.extend(forget(self.host, name, change)?);
        }
        Ok(())
    }

    fn tools(&mut self, items: &[(Item, &Change)]) {
        let Kind { comes, goes } = kind::<ToolName>(items, |item| match item {
            Item::Tool(name) => Some(name),
            _ => None,
        });
        for (name, change) in comes {
            let Some(version) = asked(change) else { continue };
            // Without a version, proto would take the one that the working directory pins.
            let version = version.unwrap_or("latest");
            let command = Command::new("proto");
            let command = command.args(["install", name.as_str(), version, "--pin=global"]);
            self.comes(Toolchains.describe(change), command, vec![change.item.clone()]);
        }
        for (name, change) in goes {
            let command = Command::new("proto").args(["uninstall", name.as_str(), "--yes"]);
            self.goes(Toolchains.describe(change), command, vec![change.item.clone()]);
        }
    }

    fn rust(&mut self, items: &[(Item, &Change)]) {
        let toolchains = kind::<ToolchainName>(items, |item| match item {
            Item::Toolchain(name) => Some(name),
            _ => None,
        });
        let components = kind::<ComponentName>(items, |item| match item {
            Item::Component(name) => Some(name),
            _ => None,
        });
        let targets = kind::<TargetName>(items, |item| match item {
            Item::Target(name) => Some(name),
            _ => None,
        });
        let rustup = || Command::new("rustup");
        let installs: Vec<_> =
            toolchains.comes.iter().copied().filter(|(name, _)| !self.rustup.has(name)).collect();
        if !installs.is_empty() {
            let names = names(&installs);
            let title = listing(&gettext("Install with rustup: {names}"), &names);
            let command = rustup().args(["toolchain", "install", "--no-self-update"]).args(names);
            self.comes(title, command, keys(&installs));
        }
        let before = match &self.rustup.default {
            Ok(Default::Named(name)) => Some(name.clone()),
            _ => None,
        };
        let changed =
            items.iter().find(|(item, _)| *item == Item::Default).map(|(_, change)| *change);
        let default = match changed {
            Some(change) => {
                let name = change.after.as_ref().and_then(|after| after.text(TOOLCHAIN));
                name.and_then(|name| name.parse().ok())
            }
            None => before.clone(),
        };
        let unset = matches!(self.rustup.default, Ok(Default::None));
        if !installs.is_empty() && unset && changed.is_none() {
            // rustup makes the first toolchain that it installs the default one, unasked.
            let command = rustup().args(["default", "none"]);
            self.comes(gettext("Leave the default Rust toolchain unset"), command, keys(&installs));
        }
        // Last of what goes, so that nothing is looked for in it in vain.
        let goes = self.uninstall(&toolchains.goes, default.as_ref());
        if let Some(change) = changed {
            let name = default.as_ref().map_or("none", ToolchainName::as_str);
            let command = rustup().args(["default", name]);
            let (title, items) = (Toolchains.describe(change), vec![change.item.clone()]);
            match default {
                Some(_) => self.comes(title, command, items),
                None => self.goes(title, command, items),
            }
        }
        self.parts_come(&components, &targets, before.as_ref(), default.as_ref(), changed);
        let stay = [default, before].into_iter().flatten().filter(|name| !goes.contains(name));
        let stay: BTreeSet<ToolchainName> = stay.collect();
        for name in &stay {
            self.parts_go(&components.goes, &targets.goes, name);
        }
    }

    /// Uninstalls toolchains, but not the default one. Returns those that go.
    fn uninstall(
        &mut self,
        goes: &[(&ToolchainName, &Change)],
        default: Option<&ToolchainName>,
    ) -> Vec<ToolchainName> {
        let there = goes.iter().copied().filter(|(name, _)| self.rustup.has(name));
        let (kept, goes): (Vec<_>, Vec<_>) = there.partition(|(name, _)| default == Some(*name));
        for (name, change) in kept {
            let text = gettext(
                "{name} is the default toolchain: choose another one first, with “bkt dev rustup default NAME”",
            );
            self.block(&[change], &fill(&text, &[("name", name.as_str())]));
        }
        if !goes.is_empty() {
            let names = names(&goes);
            let title = listing(&gettext("Uninstall with rustup: {names}"), &names);
            let command = Command::new("rustup").args(["toolchain", "uninstall"]).args(names);
            self.goes(title, command, keys(&goes));
        }
        goes.into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// Components and targets that come, and those that a new default takes over from the one before.
    fn parts_come(
        &mut self,
        components: &Kind<'_, ComponentName>,
        targets: &Kind<'_, TargetName>,
        before: Option<&ToolchainName>,
        default: Option<&ToolchainName>,
        changed: Option<&Change>,
    ) {
        let mut all: [(&str, Vec<String>, Vec<ItemKey>); 2] = [
            ("component", names(&components.comes), keys(&components.comes)),
            ("target", names(&targets.comes), keys(&targets.comes)),
        ];
        let gone: BTreeSet<String> =
            names(&components.goes).into_iter().chain(names(&targets.goes)).collect();
        if let (Some(before), Some(default), Some(change)) = (before, default, changed)
            && before != default
        {
            let had = self.rustup.parts(self.host, before).unwrap_or_default();
            let has = self.rustup.parts(self.host, default).unwrap_or_default();
            let Parts { components, targets, .. } = had;
            let components = components.difference(&has.components).map(ToString::to_string);
            let targets = targets.difference(&has.targets).map(ToString::to_string);
            let over: [Vec<String>; 2] = [components.collect(), targets.collect()];
            for ((_, names, items), over) in all.iter_mut().zip(over) {
                let over: Vec<String> = over
                    .into_iter()
                    .filter(|name| !gone.contains(name) && !names.contains(name))
                    .collect();
                if !over.is_empty() {
                    items.push(change.item.clone());
                }
                names.extend(over);
            }
        }
        for (kind, names, items) in all {
            if names.is_empty() {
                continue;
            }
            let Some(default) = default else {
                let why = gettext(
                    "there is no default toolchain that it could belong to: choose one, with “bkt dev rustup default stable”",
                );
                self.planned
                    .blocked
                    .extend(items.iter().map(|item| Blocked::never(item, why.as_str())));
                continue;
            };
            let text = match kind {
                "component" => gettext("Add Rust components to {toolchain}: {names}"),
                _ => gettext("Add Rust targets to {toolchain}: {names}"),
            };
            let title = listing(&fill(&text, &[("toolchain", default.as_str())]), &names);
            let command =
                Command::new("rustup").args([kind, "add", "--toolchain", default.as_str()]);
            self.comes(title, command.args(names), items);
        }
    }

    /// Takes components and targets from a toolchain that has them.
    fn parts_go(
        &mut self,
        components: &[(&ComponentName, &Change)],
        targets: &[(&TargetName, &Change)],
        from: &ToolchainName,
    ) {
        let has = match self.rustup.parts(self.host, from) {
            Ok(has) => has,
            Err(why) => {
                let all = components.iter().map(|(_, one)| *one);
                let all: Vec<&Change> = all.chain(targets.iter().map(|(_, one)| *one)).collect();
                return self.block(&all, &why);
            }
        };
        let targets: Vec<_> =
            targets.iter().copied().filter(|(name, _)| has.targets.contains(*name)).collect();
        let components = components.iter().copied();
        let components: Vec<_> = components
            .filter(|(name, _)| has.components.contains(*name) || has.brought.contains(*name))
            .collect();
        let lists = [
            ("target", names(&targets), keys(&targets)),
            ("component", names(&components), keys(&components)),
        ];
        for (kind, names, items) in lists {
            if names.is_empty() {
                continue;
            }
            let text = match kind {
                "component" => gettext("Remove Rust components from {toolchain}: {names}"),
                _ => gettext("Remove Rust targets from {toolchain}: {names}"),
            };
            let title = listing(&fill(&text, &[("toolchain", from.as_str())]), &names);
            let command =
                Command::new("rustup").args([kind, "remove", "--toolchain", from.as_str()]);
            self.goes(title, command.args(names), items);
        }
    }

    fn npm(&mut self, items: &[(Item, &Change)]) {
        let Kind { mut comes, goes } = kind::<NpmName>(items, |item| match item {
            Item::Npm(name) => Some(name),
            _ => None,
        });
        comes.retain(|(_, change)| asked(change).is_some());
        if comes.is_empty() && goes.is_empty() {
            return;
        }
        let prefix = match &self.prefix {
            Ok(prefix) => prefix.display().to_string(),
            Err(why) => {
                let all: Vec<&Change> = comes.iter().chain(&goes).map(|(_, one)| *one).collect();
                let why = why.clone();
                return self.block(&all, &why);
            }
        };
        let npm =
            |verb: &str| Command::new("npm").args([verb, "--global", "--prefix", prefix.as_str()]);
        if !comes.is_empty() {
            let specs: Vec<String> = comes
                .iter()
                .map(|(name, change)| match asked(change).flatten() {
                    Some(version) => format!("{name}@{version}"),
                    None => name.to_string(),
                })
                .collect();
            let title = listing(&gettext("Install with npm: {names}"), &specs);
            self.comes(title, npm("install").args(specs), keys(&comes));
        }
        if !goes.is_empty() {
            let names = names(&goes);
            let title = listing(&gettext("Uninstall with npm: {names}"), &names);
            self.goes(title, npm("uninstall").args(names), keys(&goes));
        }
    }
}

/// Whether a change installs something, and which version; nothing where it only no longer names one.
fn asked(change: &Change) -> Option<Option<&str>> {
    let version = change.after.as_ref()?.text(VERSION);
    match &change.before {
        None => Some(version),
        Some(before) if version.is_some() && before.text(VERSION) != version => Some(version),
        Some(_) => None,
    }
}

fn listing(text: &str, names: &[String]) -> String {
    fill(text, &[("names", &names.join(", "))])
}

/// Writes, or removes, what is kept of a script.
fn keep(
    host: &Host,
    name: &ScriptName,
    change: &Change,
    title: String,
    after: Option<String>,
) -> Result<Option<Step>> {
    let path = scripts::record(host, name).map_err(anyhow::Error::msg)?;
    let before = fs::read(&path)?;
    if before == after {
        return Ok(None);
    }
    let risk = Risk { removes: after.is_none(), ..Risk::default() };
    let edit = FileEdit { path: path.display().to_string(), before, after, mode: None };
    let items = vec![change.item.clone()];
    Ok(Some(Step { title, action: Action::Write(vec![edit]), risk, items }))
}

fn forget(host: &Host, name: &ScriptName, change: &Change) -> Result<Option<Step>> {
    keep(host, name, change, Toolchains.describe(change), None)
}
