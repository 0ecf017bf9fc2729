//! What the pages that browse settings say. No widgets here.

use std::sync::Arc;

use bucket::core::item::ItemKey;
use bucket::core::plan::Command;
use bucket::engine::{Edit, Reach, Wish};
use bucket::host::command;
use bucket::host::schemas::Range;
use bucket::subsystem::gsettings::catalog::{Catalog, Setting, Source, State, Values};
use bucket::words::{fill, gettext};
use relm4::gtk::glib::Variant;

use crate::app::AppMsg;
use crate::model::Row;

/// All settings and what is said of them, as of one moment.
#[derive(Clone)]
pub struct Browse {
    pub catalog: Arc<Catalog>,
    pub values: Arc<Values>,
    /// The rows of the page with the differences: what a manifest says, and how it stands.
    pub rows: Vec<Arc<Row>>,
}

impl Browse {
    /// A setting and all that is known of it.
    pub fn shown(&self, at: usize) -> Option<Shown> {
        let setting = self.catalog.settings.get(at)?.clone();
        let state = self.values.state(&setting);
        let item = setting.key.item();
        let row = self.rows.iter().find(|row| row.key.item == item && is_setting(row)).cloned();
        Some(Shown { setting, state, row })
    }

    /// The same, by its item.
    pub fn of(&self, item: &ItemKey) -> Option<Shown> {
        self.shown(self.catalog.find(item)?)
    }
}

/// Whether a row is of the subsystem that has the settings.
pub fn is_setting(row: &Row) -> bool {
    row.key.subsystem == bucket::subsystem::gsettings::ID
}

/// A setting, what the machine says of it, and how it stands to the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub setting: Arc<Setting>,
    pub state: State,
    pub row: Option<Arc<Row>>,
}

impl Shown {
    /// Whether it can be edited here, or else why not.
    pub fn editable(&self) -> Result<(), String> {
        match &self.setting.elsewhere {
            Some(why) => Err(why.clone()),
            None if self.state.locked => {
                Err(gettext("Locked by the administrator of this machine"))
            }
            None => Ok(()),
        }
    }

    /// What the manifest says, as GVariant text.
    pub fn manifest(&self) -> Option<String> {
        let wanted = self.row.as_ref()?.item.wanted.as_ref()?;
        self.setting.text(wanted)
    }

    /// Below its title: the key, and what is not as it comes.
    pub fn subtitle(&self) -> String {
        let mut parts = vec![self.setting.key.key.to_string()];
        if let Err(why) = self.editable() {
            parts.push(why);
        } else {
            match self.state.source {
                Source::Person => parts.push(gettext("changed")),
                Source::Administrator => parts.push(gettext("set by the administrator")),
                Source::Schema | Source::Vendor => (),
            }
        }
        if self.row.as_ref().is_some_and(|row| row.item.wanted.is_some()) {
            parts.push(gettext("in the manifest"));
        }
        parts.join(" · ")
    }

    /// The value in force, in a few words.
    pub fn value(&self) -> String {
        words(&self.state.value)
    }
}

/// A value in a few words: texts without quotes, yes or no.
pub fn words(value: &Variant) -> String {
    if let Some(flag) = value.get::<bool>() {
        return if flag { gettext("On") } else { gettext("Off") };
    }
    match (value.str(), value.get::<Vec<String>>()) {
        (Some(""), _) => gettext("Empty"),
        (Some(text), _) => text.to_owned(),
        (_, Some(list)) if list.is_empty() => gettext("Empty"),
        (_, Some(list)) => list.join(", "),
        _ => value.print(false).into(),
    }
}

/// Whose a value is.
pub fn source(source: Source) -> String {
    match source {
        Source::Schema => gettext("the default"),
        Source::Vendor => gettext("from this system's vendor"),
        Source::Administrator => gettext("from the administrator of this machine"),
        Source::Person => gettext("set by you"),
    }
}

/// What a setting may hold.
pub fn range(setting: &Setting) -> String {
    let list = |list: &[String]| list.join(", ");
    match (&setting.range, setting.kind.as_str()) {
        (Range::Choices(choices), _) => {
            fill(&gettext("One of: {list}"), &[("list", &list(choices))])
        }
        (Range::Flags(flags), _) => fill(&gettext("Any of: {list}"), &[("list", &list(flags))]),
        (Range::Between(min, max), _) => {
            fill(&gettext("A number from {min} to {max}"), &[("min", min), ("max", max)])
        }
        (Range::Any, "b") => gettext("On or off"),
        (Range::Any, "s") => gettext("Text"),
        (Range::Any, "as") => gettext("A list of texts"),
        (Range::Any, "d") => gettext("A number"),
        (Range::Any, "y" | "n" | "q" | "i" | "u" | "x" | "t") => gettext("A whole number"),
        (Range::Any, kind) => {
            fill(&gettext("A value of the GVariant type {type}"), &[("type", kind)])
        }
    }
}

/// Asks for a new value of a setting, or for its default; `here` means this machine alone.
pub fn edit(setting: &Setting, value: Option<&Variant>, here: bool) -> AppMsg {
    let edit = match value {
        Some(value) => Edit::put(setting.record(value)),
        None => Edit::Remove,
    };
    let subsystem = bucket::subsystem::gsettings::ID;
    let wishes = vec![Wish { subsystem, item: setting.key.item(), edit }];
    let reach = if here { Reach::System } else { Reach::Both };
    let local = here.then(|| command_line(setting, value));
    AppMsg::Edit { wishes, reach, local }
}

/// The command line that does the same on this machine alone.
fn command_line(setting: &Setting, value: Option<&Variant>) -> String {
    let key = &setting.key;
    let schema = match &key.path {
        Some(path) => format!("{}:{path}", key.schema),
        None => key.schema.to_string(),
    };
    let verb = if value.is_some() { "set" } else { "unset" };
    let mut line = Command::new("bkt").args(["gsetting", verb, &schema, key.key.as_str()]);
    if let Some(value) = value {
        line = line.arg(value.print(false).as_str());
    }
    command::display(&line.arg("--local"))
}
