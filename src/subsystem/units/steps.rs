//! Switching units and putting unit files in place, as root, with exact commands.

use anyhow::Result;

use super::manifest::{DISABLED, ENABLED, MASKED};
use super::stand::{Stand, Units};
use super::tree::{CONFIG, VENDOR};
use super::{CONTENT, STATE, unit_of};
use crate::core::item::ItemKey;
use crate::core::plan::{Action, Change, Command, Risk, Step};
use crate::host::{Host, deployment, privilege};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

/// The steps that make `changes`.
pub(super) fn plan(changes: &[&Change], host: &Host) -> Result<Steps> {
    if !deployment::is_image(host) {
        return Ok(Steps::not_from_an_image(changes));
    }
    let units = Units::read(host)?;
    let mut plan = Planner { host, units, steps: Steps::default(), lists: Default::default() };
    let (files, switches): (Vec<&Change>, Vec<&Change>) =
        changes.iter().copied().partition(|change| unit_of(&change.item).1);
    let (put, gone): (Vec<&Change>, Vec<&Change>) =
        files.into_iter().partition(|change| change.after.is_some());
    let mut brought = Vec::new();
    for change in &put {
        plan.put_file(change)?;
        brought.push(unit_of(&change.item).0);
    }
    if !put.is_empty() {
        plan.reload(&put, false);
    }
    for change in switches {
        plan.switch(change, &brought)?;
    }
    plan.run_lists();
    let gone: Vec<&Change> = gone.into_iter().filter(|change| plan.remove_file(change)).collect();
    if !gone.is_empty() {
        plan.reload(&gone, true);
    }
    Ok(plan.steps)
}

/// The commands of systemctl that take many units, in the order they are run.
const VERBS: [&str; 4] = ["unmask", "disable", "enable", "mask"];

struct Planner<'a> {
    host: &'a Host,
    units: Units,
    steps: Steps,
    /// For each of [`VERBS`]: the units, and the items that name them.
    lists: [Vec<(String, ItemKey)>; 4],
}

impl Planner<'_> {
    fn switch(&mut self, change: &Change, brought: &[&str]) -> Result<()> {
        let (unit, _) = unit_of(&change.item);
        let here = self.units.here(unit)?;
        let wanted = match change.after.as_ref().and_then(|after| after.text(STATE)) {
            Some(state) => state.to_owned(),
            None => self.units.default_of(unit, &Stand::NotFound)?.unwrap_or(DISABLED).to_owned(),
        };
        let coming = brought.contains(&unit);
        let obstacle = match (&here, wanted.as_str()) {
            (Stand::Fixed(why), ENABLED) if !coming => Some(Blocked::never(&change.item, why)),
            (Stand::NotFound, ENABLED) if !coming => {
                let text =
                    gettext("There is no {unit} on this machine: the next image may bring it");
                Some(Blocked::later(&change.item, fill(&text, &[("unit", unit)])))
            }
            (_, MASKED) if self.has_own_file(unit) || coming => {
                let text = gettext(
                    "{unit} cannot be masked, because its own file is in {dir}: remove that first",
                );
                let text = fill(&text, &[("unit", unit), ("dir", CONFIG)]);
                Some(Blocked::never(&change.item, text))
            }
            _ => None,
        };
        if let Some(blocked) = obstacle {
            self.steps.blocked.push(blocked);
            return Ok(());
        }
        let masked = here == Stand::Is(MASKED);
        let verbs: &[usize] = match (wanted.as_str(), masked) {
            (MASKED, _) => &[3],
            (ENABLED, true) => &[0, 2],
            (ENABLED, false) => &[2],
            // There is nothing to disable.
            (_, false) if here == Stand::NotFound => &[],
            (_, true) => &[0, 1],
            (_, false) => &[1],
        };
        for verb in verbs {
            self.lists[*verb].push((unit.to_owned(), change.item.clone()));
        }
        Ok(())
    }

    fn has_own_file(&self, unit: &str) -> bool {
        self.units.kept.own_files().any(|name| name == unit)
    }

    fn run_lists(&mut self) {
        let lists = std::mem::take(&mut self.lists);
        for (verb, list) in VERBS.into_iter().zip(lists).filter(|(_, list)| !list.is_empty()) {
            let count = list.len();
            let title = match verb {
                "unmask" => ngettext("Unmask {n} unit", "Unmask {n} units", count),
                "disable" => ngettext("Disable {n} unit", "Disable {n} units", count),
                "enable" => ngettext("Enable {n} unit", "Enable {n} units", count),
                _ => ngettext("Mask {n} unit", "Mask {n} units", count),
            };
            let (units, items): (Vec<String>, Vec<ItemKey>) = list.into_iter().unzip();
            let command = self.systemctl(verb).args(units);
            self.as_root(fill(&title, &[("n", &count.to_string())]), command, items, false);
        }
    }

    /// systemctl, on the machine we look at.
    fn systemctl(&self, verb: &str) -> Command {
        let root = &self.host.env().root;
        let command = Command::new("systemctl");
        let command = match root.parent() {
            None => command,
            Some(_) => command.arg(format!("--root={}", root.display())),
        };
        command.arg(verb)
    }

    fn as_root(&mut self, title: String, command: Command, items: Vec<ItemKey>, removes: bool) {
        self.steps.steps.push(Step {
            title,
            action: Action::Run(privilege::as_root(self.host, command)),
            risk: Risk { password: true, removes, ..Risk::default() },
            items,
        });
    }

    /// Only root writes there, so the text is written where we may, and root is asked to copy it.
    fn put_file(&mut self, change: &Change) -> Result<()> {
        let (unit, _) = unit_of(&change.item);
        let content = change.after.as_ref().and_then(|after| after.text(CONTENT));
        let edit = privilege::keep(self.host, &change.item, content.unwrap_or_default())?;
        let path = edit.path.clone();
        let items = vec![change.item.clone()];
        let fills = [("unit", unit)];
        if edit.before != edit.after {
            self.steps.steps.push(Step {
                title: fill(&gettext("Write down {unit}"), &fills),
                action: Action::Write(vec![edit]),
                risk: Risk::default(),
                items: items.clone(),
            });
        }
        let command = Command::new("install").args(["-D", "-m", "0644", "-T", "--"]);
        let command = command.arg(path).arg(own_path(self.host, unit));
        self.as_root(fill(&gettext("Install the unit file {unit}"), &fills), command, items, false);
        Ok(())
    }

    /// Says whether there is anything to remove.
    fn remove_file(&mut self, change: &Change) -> bool {
        let (unit, _) = unit_of(&change.item);
        let fills = [("unit", unit), ("dir", VENDOR)];
        if !self.has_own_file(unit) {
            let text = gettext("{unit} comes with the image, in {dir}: it goes with the next one");
            self.steps.blocked.push(Blocked::later(&change.item, fill(&text, &fills)));
            return false;
        }
        let command = Command::new("rm").args(["-f", "--"]).arg(own_path(self.host, unit));
        let title = fill(&gettext("Remove the unit file {unit}"), &fills);
        self.as_root(title, command, vec![change.item.clone()], true);
        true
    }

    /// A systemd that runs has to be told of files; one of another root is not running.
    fn reload(&mut self, changes: &[&Change], removes: bool) {
        if self.host.env().root.parent().is_none() {
            let items = changes.iter().map(|change| change.item.clone()).collect();
            let command = self.systemctl("daemon-reload");
            self.as_root(gettext("Let systemd read its unit files again"), command, items, removes);
        }
    }
}

fn own_path(host: &Host, unit: &str) -> String {
    host.path(CONFIG).join(unit).display().to_string()
}
