//! The box made anew from a newer image, with everything that was in it.

use anyhow::{Context, Result};

use super::dev::{self, Dev};
use crate::core::item::ItemKey;
use crate::core::names::{BoxPackage, ImageRef};
use crate::core::plan::{Action, Command, PlannedStep, Risk, Step};
use crate::host::Host;
use crate::host::boxes::{self, As, Maker};
use crate::subsystem::distrobox::{
    self,
    aside::{self, Aside},
};
use crate::words::{fill, gettext, ngettext};

/// Where images are that were built here: no registry has them.
const LOCAL: &str = "localhost/";

/// The image that the box should have: the one that `distrobox.json` names, else the one that it was made from.
pub fn image(host: &Host, dev: &Dev) -> Result<ImageRef> {
    let entry = dev::entry(host, &dev.boxed.name)?;
    let named = entry.as_ref().and_then(|entry| entry["image"].as_str());
    let name = named.unwrap_or(&dev.boxed.image);
    name.parse().with_context(|| gettext("the development box's image"))
}

/// What fetches an image, where it is from elsewhere.
pub fn fetch(image: &ImageRef) -> Option<Command> {
    let local = image.as_str().starts_with(LOCAL);
    (!local).then(|| Command::new("podman").args(["pull", "--", image.as_str()]))
}

/// Whether the box was made from another image than the one of this name that is here now.
pub fn is_newer(host: &Host, dev: &Dev, image: &ImageRef) -> Result<bool> {
    let args = ["image", "inspect", "--format", "{{.Id}}", "--", image.as_str()];
    let said = host.output(&Command::new("podman").args(args))?;
    let said = String::from_utf8_lossy(&said);
    // Podman may warn before it answers.
    let id = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let bare = |id: &str| id.strip_prefix("sha256:").unwrap_or(id).to_owned();
    Ok(bare(id) != bare(&dev.boxed.image_id))
}

/// The steps that make the box anew from `image`, which is here: with what it was made with, and with what is installed in it.
/// The old one is set aside until all has worked. The error is for people.
pub fn steps(host: &Host, dev: &Dev, image: &ImageRef) -> Result<Vec<PlannedStep>, String> {
    let (id, steps) = match dev.boxed.maker {
        Maker::Distrobox => (distrobox::ID, distrobox::renewed(host, &dev.boxed, image)?),
        Maker::Toolbox => (super::ID, of_toolbox(host, dev, image)?),
    };
    let planned = |step| PlannedStep { subsystems: vec![id.clone()], step };
    Ok(steps.into_iter().map(planned).collect())
}

fn of_toolbox(host: &Host, dev: &Dev, image: &ImageRef) -> Result<Vec<Step>, String> {
    let boxed = &dev.boxed;
    let name = boxed.name.as_str();
    let aside = aside::name(&boxed.name);
    // Else what is put back, should this one fail, would be that one.
    if boxes::exists(host, &aside).map_err(|error| error.to_string())? {
        let text = gettext(
            "making it anew was cut off before: what it was is called {aside} now. Remove that (podman rm {aside}), or put it back (podman rename {aside} {name})",
        );
        return Err(fill(&text, &[("aside", &aside), ("name", name)]));
    }
    let installed = dev.installed(host)?;
    let titled = |text: &str| fill(text, &[("name", name)]);
    let step = |title: String, action: Action, risk: Risk| Step {
        title,
        action,
        risk,
        items: vec![ItemKey::new(name)],
    };
    let run = |title, command, risk| step(title, Action::Run(command), risk);
    let lost = Risk { destructive: true, ..Risk::default() };
    let network = Risk { network: true, ..Risk::default() };
    let aside = Aside::new(boxed, distrobox::losses::of(host, boxed));
    let mut steps = Vec::new();
    if let Some(stop) = aside.stop {
        let title = titled(&gettext("Stop the toolbox {name}"));
        steps.push(run(title, stop, Risk::default()));
    }
    let title = titled(&gettext("Set the toolbox {name} aside, to make it anew"));
    steps.push(step(title, aside.set, lost));
    let create = ["--assumeyes", "create", "--image", image.as_str(), name];
    let title = titled(&gettext("Make the toolbox {name}"));
    steps.push(run(title, Command::new("toolbox").args(create), Risk::default()));
    let title = titled(&gettext("Set {name} up"));
    steps.push(run(title, dev.inside(As::Person, Command::new("true")), Risk::default()));
    let names: Vec<String> = installed.chosen.iter().map(BoxPackage::to_string).collect();
    if !names.is_empty() {
        let text = ngettext(
            "Install the package in {name} that was installed in it before",
            "Install the {n} packages in {name} that were installed in it before",
            names.len(),
        );
        let title = fill(&text, &[("name", name), ("n", &names.len().to_string())]);
        let command = dev.inside(As::Root, distrobox::manager::install(installed.manager, &names));
        steps.push(run(title, command, network));
    }
    let title = titled(&gettext("Remove what {name} was before"));
    steps.push(step(title, aside.remove, lost));
    Ok(steps)
}
