//! Shims: commands in the development box that run the host's.
//!
//! On a machine a shim is a script in `~/.local/toolbox/shims` and a link to it in `~/.local/bin`; a container that
//! shares the home has both. An image has the same in `/etc/skel`, for whoever gets an account on it.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::core::item::{
    FieldSpec, ItemKey, LeftOut, Live, Record, Records, SubsystemId, WantedItems,
};
use crate::core::names::{ImagePath, ShimName};
use crate::core::plan::{Action, Change, Placed, Risk, Side, Step};
use crate::host::Host;
use crate::manifest::Manifests;
use crate::manifest::containerfile::{Run, Section, write};
use crate::words::{fill, gettext, mark};

mod commands;
mod disk;
mod script;

use disk::{Shim, There};

const FILE: &str = "host-shims.json";
const LIST: &str = "shims";
/// The command of the host that a shim runs.
pub const HOST: &str = "host";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("shims");

static ABOUT: About = About {
    id: ID,
    noun: "shim",
    page: Page::Packages,
    title: mark("Host Shims"),
    icon: "utilities-terminal-symbolic",
    fields: &[FieldSpec { name: HOST, left_out: LeftOut::Default }],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(ShimsFile) }],
};

/// `host-shims.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct ShimsFile {
    /// The shims.
    shims: Vec<Entry>,
}

/// One shim.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Entry {
    /// The command, as it is called in the development box.
    #[schemars(with = "String")]
    name: ShimName,
    /// The command of the host that it runs, where that has another name.
    #[schemars(with = "Option<String>")]
    host: Option<ShimName>,
}

/// The shims subsystem.
pub struct Shims;

impl Subsystem for Shims {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        let mut records = Records::default();
        let mut names = disk::names(host).map_err(anyhow::Error::from)?;
        names.extend(wanted.keys().filter_map(|key| key.as_str().parse::<ShimName>().ok()));
        for name in names {
            let item = ItemKey::new(name.as_str());
            match disk::read(host, &name) {
                Ok(shim) => {
                    if let Some(live) = live(&shim, wanted.contains_key(&item)) {
                        records.insert(item, live);
                    }
                }
                Err(error) => records.insert(item, Live::unknown(error.to_string())),
            }
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _: &Host) -> Result<WantedItems> {
        wanted(manifests)
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        commands::validate(host, set.text(HOST).unwrap_or(item.as_str()))
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        let mut run = Run::new();
        let shims = wanted(manifests)?;
        for (item, shim) in &shims {
            let name: ShimName = item.as_str().parse()?;
            let command = shim.record.text(HOST).unwrap_or(name.as_str()).parse()?;
            let script: ImagePath = format!("/etc/skel/.local/toolbox/shims/{name}").parse()?;
            let link: ImagePath = format!("/etc/skel/.local/bin/{name}").parse()?;
            run = run.file(&script, 0o755, &script::text(&command))?;
            run = run.link(&link, &disk::target(&name))?;
        }
        let body = match shims.is_empty() {
            true => write::comment("No shims are wanted."),
            false => run.text(),
        };
        Ok(Some(Section::new("HOST_SHIMS", body)?))
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let name = change.item.as_str();
            manifests.capture_named(change, FILE, LIST, |entry, after| {
                match after.text(HOST).filter(|command| *command != name) {
                    Some(command) => drop(entry.insert(HOST.to_owned(), command.into())),
                    None => drop(entry.shift_remove(HOST)),
                }
            })?;
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        let mut steps = Steps::default();
        for change in changes {
            match placed(change, host)? {
                Ok(placed) if placed.is_empty() => (),
                Ok(placed) => steps.steps.push(Step {
                    title: self.describe(change),
                    action: Action::Place(placed),
                    risk: Risk { removes: change.after.is_none(), ..Risk::default() },
                    items: vec![change.item.clone()],
                }),
                Err(reason) => steps.blocked.push(Blocked::never(&change.item, reason)),
            }
        }
        Ok(steps)
    }

    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    fn field_title(&self, _: &str) -> String {
        gettext("host command")
    }

    fn describe(&self, change: &Change) -> String {
        let name = change.item.as_str();
        let command = change.after.as_ref().and_then(|after| after.text(HOST)).unwrap_or(name);
        let sentence = match (change.side, &change.before, &change.after) {
            (Side::System, None, _) => gettext("Make the shim {name} for the host’s {command}"),
            (Side::System, _, Some(_)) => gettext("Let the shim {name} run the host’s {command}"),
            (Side::System, _, None) => gettext("Remove the shim {name}"),
            (Side::Manifest, None, _) => gettext("Track the shim {name} for the host’s {command}"),
            (Side::Manifest, _, Some(_)) => {
                gettext("Track the shim {name} for the host’s {command}")
            }
            (Side::Manifest, _, None) => gettext("Stop tracking the shim {name}"),
        };
        fill(&sentence, &[("name", name), ("command", command)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        vec![Watch::Tree(disk::scripts(host), 0), Watch::Tree(disk::links(host), 0)]
    }
}

fn wanted(manifests: &Manifests) -> Result<WantedItems> {
    manifests.items(FILE, LIST, |Entry { name, host }: &Entry| {
        Ok((ItemKey::new(name.as_str()), record(host.as_ref().unwrap_or(name))))
    })
}

/// The command is always named, also where it is the shim's own name and an entry leaves it out.
fn record(command: &ShimName) -> Record {
    Record::new().with(HOST, command.as_str())
}

/// What there is to say of a shim; nothing where it is not there, and nobody asks.
fn live(shim: &Shim, wanted: bool) -> Option<Live> {
    if let (There::Ours(script), There::Ours(_)) = (&shim.script, &shim.link)
        && script.runs
    {
        return Some(Live::known(record(&script.command)));
    }
    if !wanted {
        return None;
    }
    let note = match (&shim.script, &shim.link) {
        (There::Foreign, _) | (_, There::Foreign) => gettext("Something else has its place"),
        (There::Ours(_), There::Ours(_)) => gettext("Its script is not executable"),
        (There::Ours(_), There::Nothing) => gettext("Its link in ~/.local/bin is not there"),
        (There::Nothing, There::Ours(_)) => gettext("Its link in ~/.local/bin leads nowhere"),
        (There::Nothing, There::Nothing) => return None,
    };
    let mut live = Live::absent();
    live.note = Some(note);
    Some(live)
}

/// What is put in place, or taken away, for a change; or why not.
fn placed(change: &Change, host: &Host) -> Result<Result<Vec<Placed>, String>> {
    let name: ShimName = change.item.as_str().parse()?;
    let shim = disk::read(host, &name)?;
    let Some(after) = &change.after else {
        // Only what we made goes.
        return Ok(Ok(disk::removal(host, &name, &shim)?));
    };
    let (script, link) = (disk::script(host, &name), disk::link(host, &name));
    for (there, path) in [(shim.script.is_foreign(), script), (shim.link.is_foreign(), link)] {
        if there {
            let why = gettext("“{path}” is not one of Bucket’s shims: move it away first");
            return Ok(Err(fill(&why, &[("path", &host.display(&path))])));
        }
    }
    let command = after.text(HOST).unwrap_or(name.as_str()).parse()?;
    Ok(Ok(disk::making(host, &name, &command)?))
}
