//! Kernel arguments: those the image gives, and what this machine adds to them or leaves out.
//!
//! What the next start has beyond what its image gives is local. Arguments that every machine has of its own, such as
//! where its root is, are noise. The image can only add arguments; one is taken away on the machine.

use anyhow::Result;
use schemars::JsonSchema;
use serde_json::{Value as Json, json};

use super::{
    About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::core::item::{
    ItemKey, Layer, Live, Notice, Pending, Record, Records, SubsystemId, WantedItems,
};
use crate::core::names::{Karg, karg_as_read};
use crate::core::plan::{Action, Change, Command, Risk, Side, Step};
use crate::host::{Host, deployment, privilege};
use crate::manifest::Manifests;
use crate::manifest::containerfile::{Section, write};
use crate::manifest::plain::{self, Plain};
use crate::words::{fill, gettext, mark, ngettext};

mod read;
#[cfg(test)]
mod tests;

use read::Arguments;

/// The file that these lists stand in.
pub(super) const FILE: &str = "system-config.json";
const APPEND: &str = "append";
const REMOVE: &str = "remove";
/// Late among the files of that directory: of two arguments that disagree, the later one counts.
const IMAGE_FILE: &str = "/usr/lib/bootc/kargs.d/90-bkt.toml";
const LISTS: [(&str, &str); 2] = [(APPEND, "kargs/append"), (REMOVE, "kargs/remove")];

/// What ostree and composefs are told their deployment by.
const DEPLOYMENT: [&str; 2] = ["ostree=", "composefs="];

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("kargs");

static ABOUT: About = About {
    id: ID,
    noun: "admin",
    page: Page::Packages,
    title: mark("Kernel Arguments"),
    icon: "utilities-terminal-symbolic",
    fields: &[],
    manifests: &[ManifestFile { name: FILE, schema: super::units::system_config_schema }],
};

/// `kargs` of `system-config.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
pub(super) struct Kargs {
    /// Arguments that the image is started with.
    append: Option<Vec<plain::Name>>,
    /// Arguments that the machine is started without. An image can only add, so this is done on the machine.
    remove: Option<Vec<plain::Name>>,
}

/// The kernel arguments subsystem.
pub struct KernelArguments;

/// An item's key taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item<'a> {
    Append(&'a str),
    Remove(&'a str),
}

impl<'a> Item<'a> {
    fn of(key: &'a ItemKey) -> Self {
        match key.as_str().split_once('/') {
            Some((REMOVE, argument)) => Self::Remove(argument),
            Some((_, argument)) => Self::Append(argument),
            None => Self::Append(key.as_str()),
        }
    }

    fn argument(self) -> &'a str {
        let (Self::Append(argument) | Self::Remove(argument)) = self;
        argument
    }

    fn list(self) -> &'static str {
        match self {
            Self::Append(_) => LISTS[0].1,
            Self::Remove(_) => LISTS[1].1,
        }
    }
}

fn key(kind: &str, argument: &str) -> ItemKey {
    ItemKey::new(format!("{kind}/{argument}"))
}

impl Subsystem for KernelArguments {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        if !deployment::is_image(host) {
            return Ok(deployment::not_here(wanted));
        }
        Ok(compare(&Arguments::read(host)?, wanted))
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        let mut wanted = WantedItems::new();
        for (kind, list) in LISTS {
            wanted.extend(manifests.items(FILE, list, |entry: &Plain<Karg>| {
                Ok((key(kind, &entry.name().as_read()), Record::new()))
            })?);
        }
        contradictions(manifests)?;
        plain::overrule(&mut wanted, |item| {
            Some(match Item::of(item) {
                Item::Append(argument) => key(REMOVE, argument),
                Item::Remove(argument) => key(APPEND, argument),
            })
        });
        Ok(wanted)
    }

    fn validate(&self, _host: &Host, item: &ItemKey, _set: &Record) -> Result<(), Unfit> {
        let argument = Item::of(item).argument();
        argument.parse::<Karg>().map_err(Unfit::new)?;
        // No machine would start that is told of another one's deployment.
        match DEPLOYMENT.iter().any(|name| argument.starts_with(name)) {
            true => {
                let text = gettext(
                    "{argument} says which deployment is started: the machine itself sets that, anew for each",
                );
                Err(Unfit::new(fill(&text, &[("argument", argument)])))
            }
            false => Ok(()),
        }
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        section(manifests).map(Some)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let item = Item::of(&change.item);
            let (list, argument) = (item.list(), item.argument());
            let is = |json: &Json| {
                plain::name(json).is_some_and(|name| karg_as_read(name) == karg_as_read(argument))
            };
            // Their order can mean something: a new one goes to the end.
            let order = |json: &Json| if is(json) { "1" } else { "0" }.to_owned();
            match &change.after {
                Some(_) => manifests.edit(&change.layer, FILE, |doc| {
                    let entry = plain::write(doc.find(list, &is), argument);
                    // The last word counts: no list says the opposite.
                    for (_, other) in LISTS.iter().filter(|(_, other)| *other != list) {
                        doc.remove(other, &is);
                    }
                    doc.put(list, &is, &entry, &order);
                    Ok(())
                })?,
                None => {
                    let identity = json!({ "name": argument });
                    manifests.remove(&change.layer, FILE, list, &is, identity, &order)?;
                }
            }
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        if !deployment::is_image(host) {
            return Ok(Steps::not_from_an_image(changes));
        }
        let arguments = Arguments::read(host)?;
        let able = host.path("/usr/bin/rpm-ostree").exists();
        let mut planned = Steps::default();
        let (mut options, mut items) = (Vec::new(), Vec::new());
        for change in changes {
            let item = Item::of(&change.item);
            let argument = item.argument();
            let adds = matches!(item, Item::Append(_)) == change.after.is_some();
            if let Some(blocked) = obstacle(change, item, &arguments, able) {
                planned.blocked.push(blocked);
                continue;
            }
            // rpm-ostree compares letters, and not what the kernel reads.
            let asked: Vec<String> = match adds {
                true => vec![format!("--append-if-missing={argument}")],
                false => arguments
                    .spellings(argument)
                    .map(|word| format!("--delete-if-present={word}"))
                    .collect(),
            };
            for option in asked {
                // What is left out no more and added is added once.
                if !options.contains(&option) {
                    options.push(option);
                }
            }
            items.push(change.item.clone());
        }
        if !options.is_empty() {
            let count = items.len();
            let title =
                ngettext("Change {n} kernel argument", "Change {n} kernel arguments", count);
            let command = Command::new("rpm-ostree").arg("kargs").args(options);
            planned.steps.push(Step {
                title: fill(&title, &[("n", &count.to_string())]),
                action: Action::Run(privilege::as_root(host, command)),
                risk: Risk { password: true, reboot: true, ..Risk::default() },
                items,
            });
        }
        Ok(planned)
    }

    fn label(&self, item: &ItemKey) -> Label {
        let detail = match Item::of(item) {
            Item::Append(_) => String::new(),
            Item::Remove(_) => gettext("left out"),
        };
        Label { title: Item::of(item).argument().to_owned(), detail }
    }

    fn describe(&self, change: &Change) -> String {
        let sentence = match (change.side, Item::of(&change.item), change.after.is_some()) {
            (Side::System, Item::Append(_), true) | (Side::System, Item::Remove(_), false) => {
                gettext("Add the kernel argument {argument}")
            }
            (Side::System, _, _) => gettext("Remove the kernel argument {argument}"),
            (Side::Manifest, Item::Append(_), true) => {
                gettext("Track the kernel argument {argument}")
            }
            (Side::Manifest, Item::Append(_), false) => {
                gettext("Stop tracking the kernel argument {argument}")
            }
            (Side::Manifest, Item::Remove(_), true) => {
                gettext("Track that the kernel argument {argument} is left out")
            }
            (Side::Manifest, Item::Remove(_), false) => {
                gettext("Stop tracking that the kernel argument {argument} is left out")
            }
        };
        fill(&sentence, &[("argument", Item::of(&change.item).argument())])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        ["/ostree/deploy", "/run/ostree", "/boot/loader/entries"]
            .map(|path| Watch::Path(host.path(path)))
            .into()
    }
}

/// An argument that is to be added and to be left out, in one layer, is a mistake.
fn contradictions(manifests: &Manifests) -> Result<()> {
    let lists = LISTS.map(|(_, list)| list);
    for layer in manifests.layers() {
        let Some(sheet) = manifests.sheet(&layer, FILE)? else { continue };
        let Some(entry) = plain::in_both(&sheet, lists, Karg::as_read)? else { continue };
        let text = gettext(
            "“{argument}” is to be added and to be left out: one of “kargs.append” and “kargs.remove” has to go",
        );
        let text = fill(&text, &[("argument", entry.value.name().as_str())]);
        return Err(sheet.error_at(LISTS[1].1, &entry, text).into());
    }
    Ok(())
}

/// What this machine has beside its image, and how what the manifests want stands.
fn compare(arguments: &Arguments, wanted: &WantedItems) -> Records {
    let Arguments { running, next, sure, image, built, .. } = arguments;
    let has = |list: &[String], argument: &str| list.iter().any(|one| one == argument);
    let known = |pending: bool| {
        let mut live = Live::known(Record::new());
        live.pending = pending.then_some(Pending::Reboot);
        live
    };
    let mut records = Records::default();
    let mut odd = Vec::new();
    // What is to be left out is no argument to capture.
    let unwanted = |argument: &str| wanted.contains_key(&key(REMOVE, argument));
    for argument in next.iter().filter(|argument| !has(image, argument) && !unwanted(argument)) {
        match argument.parse::<Karg>() {
            Ok(_) => records.insert(key(APPEND, argument), known(!has(running, argument))),
            Err(_) => odd.push(argument.as_str()),
        }
    }
    // What the image has from the manifests alone goes with the next one, where they do not want it any more: that it
    // went here before is no change of this machine's own.
    let of_base = |argument: &&String| !has(built, argument);
    let dropped = image.iter().filter(|argument| *sure && !has(next, argument));
    for argument in dropped.filter(of_base) {
        let append = key(APPEND, argument);
        if argument.parse::<Karg>().is_ok() && !wanted.contains_key(&append) {
            records.insert(key(REMOVE, argument), known(has(running, argument)));
        }
    }
    for (item, entry) in wanted {
        let live = match Item::of(item) {
            Item::Append(argument) if has(next, argument) => known(!has(running, argument)),
            // The image gives it, so whoever starts the image has it.
            Item::Append(argument) if has(image, argument) && !*sure => known(true),
            Item::Append(argument) if has(image, argument) => {
                let mut live = Live::absent();
                live.note = Some(gettext("The image gives it, and this machine leaves it out"));
                live
            }
            Item::Append(_) => match entry.next_image() {
                Some(pending) => Live { pending: Some(pending), ..Live::absent() },
                None => continue,
            },
            Item::Remove(argument) if has(next, argument) => continue,
            Item::Remove(argument) => known(has(running, argument)),
        };
        records.insert(item.clone(), live);
    }
    if !odd.is_empty() {
        let text = gettext("Not compared, because a manifest cannot say them: {arguments}");
        let text = fill(&text, &[("arguments", &odd.join(" "))]);
        records.notices.push(Notice { text, remedy: None });
    }
    records
}

/// Why a change cannot be made here.
fn obstacle(change: &Change, item: Item<'_>, arguments: &Arguments, able: bool) -> Option<Blocked> {
    if able {
        return None;
    }
    let given = arguments.image.iter().any(|one| one == item.argument());
    let (later, reason) = match (item, change.after.is_some()) {
        (Item::Append(_), true) => (
            true,
            gettext(
                "There is no rpm-ostree here that could change the kernel's arguments: {argument} comes with the next image",
            ),
        ),
        (Item::Append(_), false) if given => (
            true,
            gettext(
                "There is no rpm-ostree here that could change the kernel's arguments: {argument} goes with the next image",
            ),
        ),
        (Item::Remove(_), true) => (
            false,
            gettext(
                "An image can only add kernel arguments, and there is no rpm-ostree here that could remove {argument}: edit the boot loader's entry",
            ),
        ),
        _ => (
            false,
            gettext(
                "There is no rpm-ostree here that could change the kernel argument {argument}: edit the boot loader's entry",
            ),
        ),
    };
    let reason = fill(&reason, &[("argument", item.argument())]);
    Some(Blocked { item: change.item.clone(), reason, later })
}

/// The file that bootc reads: what every machine is started with, in the manifest's order.
fn section(manifests: &Manifests) -> Result<Section> {
    let arguments = match manifests.sheet(&Layer::Shared, FILE)? {
        Some(sheet) => plain::listed(&sheet, LISTS[0].1)?,
        None => Vec::new(),
    };
    let body = match arguments.is_empty() {
        true => String::new(),
        false => write::file(&IMAGE_FILE.parse()?, 0o644, &table(&arguments))?,
    };
    Ok(Section::new("KERNEL_ARGUMENTS", body)?)
}

/// The text of a file of `kargs.d`.
fn table(arguments: &[Karg]) -> String {
    let quoted = |argument: &Karg| toml::Value::from(argument.as_str()).to_string();
    let lines: Vec<String> =
        arguments.iter().map(|argument| format!("  {},\n", quoted(argument))).collect();
    format!("kargs = [\n{}]\n", lines.concat())
}
