//! From one state of a box to another: in place where that can be, else by making it anew.

use std::collections::BTreeSet;

use super::aside::{self, Aside};
use super::exports::Scripts;
use super::scripts::{self, Exports};
use super::{APPS, BINS, BINS_TO, IMAGE, PACKAGES, PULL, live, losses, make, manager};
use crate::core::item::{ItemKey, Layer, Record, Value};
use crate::core::names::{BoxPackage, ContainerName, ImageRef};
use crate::core::plan::{Action, Away, Change, Command, Risk, Side, Step};
use crate::host::Host;
use crate::host::boxes::{self, As, Boxed, Installed, Maker};
use crate::host::podman::{self, PodmanError};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

/// The fields that are changed in place.
const IN_PLACE: [&str; 5] = [PACKAGES, BINS, BINS_TO, APPS, PULL];

/// What to do about a box that is not made anew to the end: what it was before is still there, set aside.
pub(super) fn cut_off(name: &ContainerName, boxes: &[Boxed]) -> Option<String> {
    let aside = aside::name(name);
    if !boxes.iter().any(|boxed| boxed.name.as_str() == aside) {
        return None;
    }
    let text = match boxes.iter().any(|boxed| boxed.name == *name) {
        true => gettext(
            "making the distrobox {name} anew was cut off: what it was before is called {aside}. “podman rm --force {name}” and then “podman rename {aside} {name}” put that back; if the new one is as it should be, “podman rm --force {aside}” removes the old one",
        ),
        false => gettext(
            "making the distrobox {name} anew was cut off: what it was before is called {aside}, and “podman rename {aside} {name}” puts it back",
        ),
    };
    Some(fill(&text, &[("aside", &aside), ("name", name.as_str())]))
}

/// The steps for changes of boxes.
pub(super) fn plan(changes: &[&Change], host: &Host) -> anyhow::Result<Steps> {
    let boxes = boxes::read(host).map_err(anyhow::Error::from)?.boxes;
    let mut steps = Steps::default();
    for change in changes {
        let planned = change
            .item
            .as_str()
            .parse::<ContainerName>()
            .map_err(|error| error.to_string())
            .and_then(|name| Plan::new(change, name, host, &boxes)?.steps());
        match planned {
            Ok(planned) => steps.steps.extend(planned),
            Err(reason) => steps.blocked.push(Blocked::never(&change.item, reason)),
        }
    }
    Ok(steps)
}

/// The steps that make a box anew from `image`, which is here, and leave all else of it as it is. The error is for people.
pub fn renewed(host: &Host, boxed: &Boxed, image: &ImageRef) -> Result<Vec<Step>, String> {
    let boxes = boxes::read(host).map_err(|error| error.to_string())?.boxes;
    let live = live::live(host, boxed, None, Ok(None), &Scripts::default());
    if let Some((field, reason)) = live.unread.first_key_value() {
        return Err(format!("{field}: {reason}"));
    }
    let before = live.record().cloned().unwrap_or_default();
    let change = Change {
        subsystem: super::ID,
        item: ItemKey::new(boxed.name.as_str()),
        title: boxed.name.to_string(),
        side: Side::System,
        layer: Layer::Shared,
        after: Some(before.clone().with(IMAGE, image.as_str())),
        other: Some(before.clone()),
        before: Some(before),
        held: None,
    };
    let plan = Plan::new(&change, boxed.name.clone(), host, &boxes)?;
    plan.make_anew(&change.after.clone().unwrap_or_default())
}

/// One change, and what there is.
struct Plan<'p> {
    change: &'p Change,
    name: ContainerName,
    host: &'p Host,
    /// The box, where it is there.
    there: Option<&'p Boxed>,
}

impl<'p> Plan<'p> {
    fn new(
        change: &'p Change,
        name: ContainerName,
        host: &'p Host,
        boxes: &'p [Boxed],
    ) -> Result<Self, String> {
        let records = [&change.before, &change.after];
        if let Some(reason) =
            records.into_iter().flatten().find_map(|record| live::elsewhere(host, record))
        {
            return Err(reason);
        }
        if let Some(reason) = cut_off(&name, boxes) {
            return Err(reason);
        }
        let there = boxes.iter().find(|boxed| boxed.name == name);
        if there.is_some_and(|boxed| boxed.maker == Maker::Toolbox) {
            return Err(gettext("a box of this name was made by toolbox"));
        }
        Ok(Self { change, name, host, there })
    }

    fn steps(&self) -> Result<Vec<Step>, String> {
        let (before, after) = (self.change.before.as_ref(), self.change.after.as_ref());
        match (before, after) {
            (None, Some(after)) => self.make(after, &wanted(Some(after))?),
            (Some(before), None) => self.remove(before),
            (Some(_), Some(after)) => {
                let anew = |field: &str| !IN_PLACE.contains(&field);
                match self.change.fields().into_iter().any(|(field, ..)| anew(field)) {
                    true => self.make_anew(after),
                    false => self.change_in_place(),
                }
            }
            (None, None) => Ok(Vec::new()),
        }
    }

    fn values<'v>(&'v self, more: &[(&'v str, &'v str)]) -> Vec<(&'v str, &'v str)> {
        let mut values = vec![("name", self.name.as_str())];
        values.extend_from_slice(more);
        values
    }

    fn step(&self, title: String, action: Action, risk: Risk) -> Step {
        Step { title, action, risk, items: vec![self.change.item.clone()] }
    }

    fn run(&self, title: String, command: Command, risk: Risk) -> Step {
        self.step(title, Action::Run(command), risk)
    }

    fn inside(&self, who: As, command: Command) -> Command {
        boxes::inside(Maker::Distrobox, &self.name, who, command)
    }

    fn installed(&self, boxed: &Boxed) -> Result<Installed, String> {
        boxes::installed(self.host, boxed).map_err(|why| {
            let text = gettext("what is installed in it could not be read: {why}");
            fill(&text, &[("why", &why)])
        })
    }

    /// The image is fetched where it is not here, or where the entry wants it anew each time.
    fn pull(&self, after: &Record) -> Result<Option<Step>, String> {
        let image = after.text(IMAGE).unwrap_or_default();
        let image: ImageRef =
            image.parse().map_err(|error: crate::core::names::InvalidName| error.to_string())?;
        let always = after.get(PULL).is_some();
        let missing = match podman::have(self.host, &image, false) {
            Ok(()) => false,
            Err(PodmanError::NotHere(_)) => true,
            Err(error) => return Err(error.to_string()),
        };
        if !missing && (!always || image.as_str().starts_with("localhost/")) {
            return Ok(None);
        }
        let title = fill(&gettext("Pull {image}"), &[("image", image.as_str())]);
        let command = Command::new("podman").args(["pull", "--", image.as_str()]);
        Ok(Some(self.run(title, command, Risk { network: true, ..Risk::default() })))
    }

    /// A box where there is none.
    fn make(&self, after: &Record, packages: &[BoxPackage]) -> Result<Vec<Step>, String> {
        make::fits(self.host, after)?;
        if self.there.is_none()
            && boxes::exists(self.host, self.name.as_str()).map_err(|error| error.to_string())?
        {
            return Err(gettext("a container of this name is there, which distrobox did not make"));
        }
        let mut steps: Vec<Step> = self.pull(after)?.into_iter().collect();
        steps.extend(self.making(after, packages));
        let exports = scripts::change(self.host, &self.name, None, Some(after))?;
        steps.extend(self.exporting(exports));
        Ok(steps)
    }

    /// Makes the box, and starts it for the first time, which sets it up.
    fn making(&self, after: &Record, packages: &[BoxPackage]) -> [Step; 2] {
        let title = fill(&gettext("Make the distrobox {name}"), &self.values(&[]));
        let command = make::command(self.host, &self.name, after, packages);
        let network = Risk { network: true, ..Risk::default() };
        let count = packages.len().to_string();
        let text = match packages.len() {
            0 => gettext("Set {name} up"),
            n => ngettext(
                "Set {name} up and install {n} package",
                "Set {name} up and install {n} packages",
                n,
            ),
        };
        let set_up = fill(&text, &self.values(&[("n", &count)]));
        [
            self.run(title, command, Risk::default()),
            self.run(set_up, self.inside(As::Person, Command::new("true")), network),
        ]
    }

    fn change_in_place(&self) -> Result<Vec<Step>, String> {
        let (before, after) = (self.change.before.as_ref(), self.change.after.as_ref());
        let mut steps = Vec::new();
        let (old, new) = (wanted(before)?, wanted(after)?);
        let (come, go) = (beyond(&new, &old), beyond(&old, &new));
        if !come.is_empty() || !go.is_empty() {
            let boxed = self.there.ok_or_else(|| gettext("the box is no more there"))?;
            let installed = self.installed(boxed)?;
            let go: Vec<BoxPackage> =
                go.into_iter().filter(|name| installed.chosen.contains(name)).collect();
            if !go.is_empty() {
                let text = ngettext(
                    "Remove {n} package from {name}",
                    "Remove {n} packages from {name}",
                    go.len(),
                );
                let title = fill(&text, &self.values(&[("n", &go.len().to_string())]));
                let command = self.inside(As::Root, manager::remove(installed.manager, &go));
                steps.push(self.run(title, command, Risk::default()));
            }
            if !come.is_empty() {
                let text = ngettext(
                    "Install {n} package in {name}",
                    "Install {n} packages in {name}",
                    come.len(),
                );
                let title = fill(&text, &self.values(&[("n", &come.len().to_string())]));
                let command = self.inside(As::Root, manager::install(installed.manager, &come));
                steps.push(self.run(title, command, Risk { network: true, ..Risk::default() }));
            }
        }
        let exports = scripts::change(self.host, &self.name, before, after)?;
        steps.extend(self.exporting(exports));
        Ok(steps)
    }

    /// What is exported and what is no more.
    fn exporting(&self, exports: Exports) -> Vec<Step> {
        let mut steps = Vec::new();
        if !exports.come.is_empty() {
            let n = exports.come.len();
            let dir = exports.dirs.first().filter(|_| exports.dirs.len() == 1);
            let text = match dir {
                Some(_) => {
                    ngettext("Export {n} program from {dir}", "Export {n} programs from {dir}", n)
                }
                None => {
                    ngettext("Export {n} program of {name}", "Export {n} programs of {name}", n)
                }
            };
            let count = n.to_string();
            let dir = dir.map_or("", String::as_str);
            let title = fill(&text, &self.values(&[("n", &count), ("dir", dir)]));
            steps.push(self.step(title, Action::Place(exports.come), Risk::default()));
        }
        if let Some((command, dirs)) = exports.all {
            let text = gettext("Export the programs of {dirs} in {name}");
            let title = fill(&text, &self.values(&[("dirs", &dirs.join(", "))]));
            steps.push(self.run(title, self.inside(As::Person, command), Risk::default()));
        }
        if let Some((command, apps)) = exports.apps {
            let text = ngettext(
                "Export {n} application of {name}: {apps}",
                "Export {n} applications of {name}: {apps}",
                apps.len(),
            );
            let names: Vec<&str> = apps.iter().map(String::as_str).collect();
            let (count, names) = (apps.len().to_string(), live::few(&names));
            let title = fill(&text, &self.values(&[("n", &count), ("apps", &names)]));
            steps.push(self.run(title, self.inside(As::Person, command), Risk::default()));
        }
        if !exports.go.is_empty() {
            let n = exports.go.len();
            let text =
                ngettext("Take back {n} export of {name}", "Take back {n} exports of {name}", n);
            let title = fill(&text, &self.values(&[("n", &n.to_string())]));
            let risk = Risk { removes: true, ..Risk::default() };
            steps.push(self.step(title, Action::Place(exports.go), risk));
        }
        steps
    }

    /// A box in the place of one that is there: that is set aside, and goes only when all has worked.
    fn make_anew(&self, after: &Record) -> Result<Vec<Step>, String> {
        make::fits(self.host, after)?;
        let boxed = self.there.ok_or_else(|| gettext("the box is no more there"))?;
        // What somebody installed and neither side names is the toolbox's, and stays too.
        let installed = self.installed(boxed)?;
        let before = wanted(self.change.before.as_ref())?;
        let mut packages = wanted(Some(after))?;
        let others = installed.chosen.iter().filter(|name| !before.contains(name));
        packages
            .extend(others.filter(|name| !packages.contains(name)).cloned().collect::<Vec<_>>());

        let mut losses = losses::of(self.host, boxed);
        losses.splice(0..0, losses::packages(&beyond(&before, &packages)));
        let aside = Aside::new(boxed, losses);
        let mut steps: Vec<Step> = self.pull(after)?.into_iter().collect();
        if let Some(stop) = aside.stop {
            let title = fill(&gettext("Stop the distrobox {name}"), &self.values(&[]));
            steps.push(self.run(title, stop, Risk::default()));
        }
        let lost = Risk { destructive: true, ..Risk::default() };
        steps.push(self.step(
            fill(&gettext("Set the distrobox {name} aside, to make it anew"), &self.values(&[])),
            aside.set,
            lost,
        ));
        steps.extend(self.making(after, &packages));
        let before = self.change.before.as_ref();
        let mut exports = scripts::change(self.host, &self.name, before, Some(after))?;
        let gone = std::mem::take(&mut exports.go);
        steps.extend(self.exporting(exports));
        steps.push(self.step(
            fill(&gettext("Remove what {name} was before"), &self.values(&[])),
            aside.remove,
            lost,
        ));
        steps.extend(self.exporting(Exports { go: gone, ..Exports::default() }));
        Ok(steps)
    }

    fn remove(&self, before: &Record) -> Result<Vec<Step>, String> {
        let exports = scripts::change(self.host, &self.name, Some(before), None)?;
        let mut steps = self.exporting(exports);
        let mut losses = losses::packages(&wanted(Some(before))?);
        losses.extend(self.there.into_iter().flat_map(|boxed| losses::of(self.host, boxed)));
        steps.push(self.step(
            fill(&gettext("Remove the distrobox {name}"), &self.values(&[])),
            Action::Away(Away {
                command: Command::new("distrobox").args(["rm", "--force", self.name.as_str()]),
                losses,
                back: Vec::new(),
            }),
            Risk { destructive: true, removes: true, ..Risk::default() },
        ));
        Ok(steps)
    }
}

/// The packages of a record. The error is for people.
fn wanted(record: Option<&Record>) -> Result<Vec<BoxPackage>, String> {
    match record.and_then(|record| record.get(PACKAGES)) {
        Some(Value::Set(set)) => set
            .iter()
            .map(|name| name.parse().map_err(|e: crate::core::names::InvalidName| e.to_string()))
            .collect(),
        _ => Ok(Vec::new()),
    }
}

/// What one list has beyond another.
fn beyond(one: &[BoxPackage], other: &[BoxPackage]) -> Vec<BoxPackage> {
    let other: BTreeSet<&BoxPackage> = other.iter().collect();
    one.iter().filter(|name| !other.contains(name)).cloned().collect()
}
