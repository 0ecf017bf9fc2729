//! What is going to be done: changes, the steps that carry them out, and what each step risks.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::item::{ItemKey, Layer, Record, SubsystemId, Value};

/// The side a change is made on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The manifests: a capture.
    Manifest,
    /// The machine: an apply.
    System,
}

/// Why a change is in the plan but not carried out unless the person asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// It removes an item.
    Removal,
    /// It would undo what the other side changed since both last agreed.
    AgainstSuggestion,
    /// Both sides changed: somebody has to decide.
    Conflict,
    /// It would put something that looks like a secret into the repository.
    Secret,
    /// It takes something away that nothing brings back: what is in a box that has to be made anew.
    Loss,
}

/// One item of one side going from one record to another. `None` is absence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The item's subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// Its name for people.
    pub title: String,
    /// The side that is changed.
    pub side: Side,
    /// For a manifest: the layer that is edited.
    #[serde(default)]
    pub layer: Layer,
    /// What the changed side says now.
    pub before: Option<Record>,
    /// What it is going to say.
    pub after: Option<Record>,
    /// What the other side says. Where it, or `before`, has moved since, the change is skipped.
    pub other: Option<Record>,
    /// Set where the change waits for a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

impl Change {
    /// The fields whose values differ, with old and new value, in name order.
    pub fn fields(&self) -> Vec<(&str, Option<&Value>, Option<&Value>)> {
        let sides = [&self.before, &self.after];
        let names: BTreeSet<&String> =
            sides.into_iter().flatten().flat_map(|record| record.0.keys()).collect();
        names
            .into_iter()
            .map(|name| {
                let [old, new] =
                    sides.map(|side| side.as_ref().and_then(|record| record.get(name)));
                (name.as_str(), old, new)
            })
            .filter(|(_, old, new)| old != new)
            .collect()
    }

    /// The change that takes this one back.
    pub fn inverse(&self) -> Self {
        Self { before: self.after.clone(), after: self.before.clone(), held: None, ..self.clone() }
    }
}

/// What a step may cost the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Risk {
    /// It may ask for a password.
    pub password: bool,
    /// It comes into force at the next log-in.
    pub log_out: bool,
    /// It comes into force at the next boot.
    pub reboot: bool,
    /// It cannot be undone, or loses data.
    pub destructive: bool,
    /// It downloads.
    pub network: bool,
    /// It removes something: it runs after what others put in place, in the opposite order of subsystems.
    pub removes: bool,
}

impl Risk {
    /// What two steps may cost together.
    pub fn and(self, other: Self) -> Self {
        Self {
            password: self.password || other.password,
            log_out: self.log_out || other.log_out,
            reboot: self.reboot || other.reboot,
            destructive: self.destructive || other.destructive,
            network: self.network || other.network,
            removes: self.removes || other.removes,
        }
    }
}

/// A program to run: never a shell line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// The program, looked up on the path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables it gets beside those that we have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The directory it runs in, where that is not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
}

impl Command {
    /// A command without arguments.
    pub fn new(program: impl Into<String>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: BTreeMap::new(), dir: None }
    }

    /// The same command with a variable set; empty is as good as unset for most programs.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// The same command, run in another directory.
    pub fn dir(mut self, dir: impl Into<String>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// The same command with one argument more.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The same command with more arguments.
    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
}

/// A file going from one content to another. `None` is absence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEdit {
    /// Absolute path.
    pub path: String,
    /// The content it has now.
    pub before: Option<String>,
    /// The content it gets.
    pub after: Option<String>,
    /// The permissions of a file that is removed, and of one that is made: without them, those of any new file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

impl FileEdit {
    /// The edit that takes this one back.
    pub fn inverse(&self) -> Self {
        let Self { path, before, after, mode } = self.clone();
        Self { path, before: after, after: before, mode }
    }

    /// Makes the edit take `old` back, of which it starts where that ended.
    pub fn take_back(&mut self, old: &Self) {
        self.after.clone_from(&old.before);
        self.mode = old.mode;
    }
}

/// One dconf key going from one value to another, in GVariant text with type annotations; `None` is unset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DconfEdit {
    /// Absolute dconf key: `/org/gnome/desktop/interface/color-scheme`.
    pub key: String,
    /// The value the user has set now.
    pub before: Option<String>,
    /// The value to set.
    pub after: Option<String>,
}

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Download {
    /// Where it is.
    pub url: String,
    /// The absolute path it gets.
    pub path: String,
    /// Its checksum, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The extension it has to hold, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Bundle>,
}

/// What an extension's archive has to say of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    /// Its UUID.
    pub uuid: String,
    /// A version of GNOME Shell that it has to be made for.
    pub shell: Option<String>,
}

/// A directory to copy or to move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Copy {
    /// Absolute path.
    pub from: String,
    /// Absolute path.
    pub to: String,
    /// Whether it is gone from its old place afterwards.
    pub moving: bool,
}

/// A file that is more than its text, or a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// A text file.
    File {
        /// Its text.
        text: String,
        /// Its permissions: `0o755`.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it leads, as it is written there.
        target: String,
    },
}

/// A path going from one file or link to another. `None` is absence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// Absolute path.
    pub path: String,
    /// What is there now.
    pub before: Option<Node>,
    /// What is to be there.
    pub after: Option<Node>,
}

impl Placed {
    /// What takes this back.
    pub fn inverse(&self) -> Self {
        let Self { path, before, after } = self.clone();
        Self { path, before: after, after: before }
    }
}

/// A program that takes something away, for good or until something better has its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Away {
    /// The program.
    pub command: Command,
    /// What is lost with it, each in a line for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<String>,
    /// What puts it back, in this order, where a later step of the same items does not work or is not reached; the first
    /// that fails ends it. The first one only looks whether there is something to put back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub back: Vec<Command>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Runs a program.
    Run(Command),
    /// Writes files, each durably and atomically.
    Write(Vec<FileEdit>),
    /// Writes settings, all in one dconf transaction.
    Dconf(Vec<DconfEdit>),
    /// Fetches a file, which is there durably and as a whole, or not at all.
    Download(Download),
    /// Copies or moves a directory; what was in its new place goes.
    Copy(Copy),
    /// Puts files with their permissions, and links, in their places, each durably and atomically.
    Place(Vec<Placed>),
    /// Takes something away.
    Away(Away),
}

/// One step of a plan. A step happens as a whole or, where it runs a program, may be interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// What it does, for people: "Install 3 applications from flathub".
    pub title: String,
    /// What it does, exactly.
    pub action: Action,
    /// What it may cost.
    pub risk: Risk,
    /// The items it carries out, as the subsystem's changes name them.
    pub items: Vec<ItemKey>,
}

impl Step {
    /// What is lost with it, each in a line for people.
    pub fn losses(&self) -> &[String] {
        match &self.action {
            Action::Away(away) => &away.losses,
            _ => &[],
        }
    }
}

/// A step and the subsystems it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    /// Whose step it is: several for settings that are written together, none for the write of all manifests.
    pub subsystems: Vec<SubsystemId>,
    /// The step.
    #[serde(flatten)]
    pub step: Step,
}

/// A change that cannot be made on this machine, or not by Bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockedChange {
    /// The change.
    pub change: Change,
    /// Why, and what to do instead, for people.
    pub reason: String,
    /// Whether it comes about by itself with the next image.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub later: bool,
}

/// Everything that is going to be done, in order. Shown as it is, executed as shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The operation this plan takes back, for undo and redo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<u64>,
    /// A verb acts on both sides: the manifests are written after the machine, and only if all of that worked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub system_first: bool,
    /// The command of a verb that means this machine alone, until the next boot: it is kept in the list of such changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// What changes.
    pub changes: Vec<Change>,
    /// What would change too, if the person said so.
    pub held: Vec<Change>,
    /// What was asked for and cannot be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<BlockedChange>,
    /// How.
    pub steps: Vec<PlannedStep>,
}

impl BlockedChange {
    /// Whether nobody will make it: not the next image either.
    pub fn never(&self) -> bool {
        !self.later
    }
}

impl PlannedStep {
    /// Whether this is the write of all manifests.
    pub fn is_manifests(&self) -> bool {
        self.subsystems.is_empty()
    }
}

impl Plan {
    /// The steps in the order of this plan.
    pub fn in_order(&self, mut steps: Vec<PlannedStep>) -> Vec<PlannedStep> {
        if self.system_first {
            steps.sort_by_key(PlannedStep::is_manifests);
        }
        steps
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Tells two plans apart: SHA-256 over the plan's JSON, in hex.
    pub fn fingerprint(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        super::digest::sha256(json)
    }
}
