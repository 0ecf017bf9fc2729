//! GSettings: every key a person has set, compared with `gsettings.json`.
//!
//! Live values come from the person's dconf database alone: a key that is only in the schema or in the
//! administrator's databases is at its default, and so absent.

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::core::item::{FieldSpec, ItemKey, LeftOut, Record, Records, SubsystemId, WantedItems};
use crate::core::names::{DconfDir, KeyName, SchemaId};
use crate::core::plan::{Action, Change, DconfEdit, Risk, Side, Step};
use crate::host::Host;
use crate::host::dconf::{self, Dconf};
use crate::host::schemas::{self, Schemas};
use crate::manifest::Manifests;
use crate::words::{fill, gettext, mark, ngettext};

pub mod baseline;
pub mod catalog;
mod changed;
mod check;
mod key;
mod known;
mod live;
mod places;

pub use changed::{Changed, Odd, Oddity, Settings, Since};
pub use check::{look_up, own, typed, unchecked};
pub use key::SettingKey;

const FILE: &str = "gsettings.json";
const LIST: &str = "settings";
/// The one field: GVariant text with type annotations, or, for some lists, a set.
const VALUE: &str = "value";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("gsettings");

static ABOUT: About = About {
    id: ID,
    noun: "gsetting",
    page: Page::Settings,
    title: mark("Settings"),
    icon: "preferences-system-symbolic",
    fields: &[FieldSpec { name: VALUE, left_out: LeftOut::Default }],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(SettingsFile) }],
};

/// `gsettings.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct SettingsFile {
    /// The settings, each named by schema and key, and by path where the schema is relocatable.
    settings: Vec<Entry>,
}

/// One setting.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Entry {
    /// The settings schema: `org.gnome.desktop.interface`.
    #[schemars(with = "String")]
    schema: SchemaId,
    /// The key: `color-scheme`.
    #[schemars(with = "String")]
    key: KeyName,
    /// Where a relocatable schema is kept, with a slash at both ends.
    #[schemars(with = "Option<String>")]
    path: Option<DconfDir>,
    /// The value as GVariant text, as `gsettings get` prints it: `'prefer-dark'`.
    value: Option<String>,
    /// For whoever reads this next.
    #[allow(dead_code, reason = "kept, and not read")]
    comment: Option<String>,
    /// In a host layer: this machine does not want the shared entry.
    #[serde(default)]
    absent: bool,
}

/// The settings subsystem.
pub struct Gsettings;

impl Subsystem for Gsettings {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        let dconf = dconf::read(host).map_err(anyhow::Error::from)?;
        Ok(live::records(&dconf, &Schemas::open(host), wanted))
    }

    fn wanted(&self, manifests: &Manifests, host: &Host) -> Result<WantedItems> {
        let schemas = Schemas::open(host);
        manifests.items(FILE, LIST, |entry: &Entry| read(entry, &schemas))
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        let Some(key) = SettingKey::parse(item) else { return Ok(()) };
        check::own(&key)?;
        let (_, known) = check::look_up(host, &key)?;
        check::value(&known, set)
    }

    fn first_look(&self, host: &Host) -> Result<()> {
        baseline::ensure(host)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let key = parse(&change.item)?;
            let is = |entry: &serde_json::Value| key.is(entry);
            let Some(after) = &change.after else {
                let identity = key.entry().into();
                manifests.remove(&change.layer, FILE, LIST, &is, identity, &key::order)?;
                continue;
            };
            let text = text(after);
            manifests.edit(&change.layer, FILE, |doc| {
                let found = doc.find(LIST, &is);
                let mut entry =
                    found.and_then(|e| e.as_object().cloned()).unwrap_or_else(|| key.entry());
                entry.shift_remove("absent");
                entry.insert(VALUE.to_owned(), text.into());
                doc.put(LIST, &is, &entry.into(), &key::order);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        let (dconf, schemas) = (dconf::read(host)?, Schemas::open(host));
        let mut steps = Steps::default();
        let (mut edits, mut items) = (Vec::new(), Vec::new());
        for change in changes {
            match edit(change, &dconf, &schemas)? {
                Ok(edit) => {
                    edits.push(edit);
                    items.push(change.item.clone());
                }
                Err(reason) => {
                    steps.blocked.push(Blocked::never(&change.item, reason));
                }
            }
        }
        if !edits.is_empty() {
            let count = edits.len();
            let title = ngettext("Change {n} setting", "Change {n} settings", count);
            steps.steps.push(Step {
                title: fill(&title, &[("n", &count.to_string())]),
                action: Action::Dconf(edits),
                risk: Risk::default(),
                items,
            });
        }
        Ok(steps)
    }

    fn label(&self, item: &ItemKey) -> Label {
        match SettingKey::parse(item) {
            Some(SettingKey { schema, key, path: None }) => {
                Label { title: key.to_string(), detail: schema.to_string() }
            }
            Some(SettingKey { schema, key, path: Some(path) }) => {
                Label { title: key.to_string(), detail: format!("{schema} · {path}") }
            }
            None => Label { title: item.to_string(), detail: String::new() },
        }
    }

    fn field_title(&self, _: &str) -> String {
        gettext("value")
    }

    fn describe(&self, change: &Change) -> String {
        let key = change.item.as_str();
        let value = change.after.as_ref().map(text).unwrap_or_default();
        let sentence = match (change.side, &change.before, &change.after) {
            (Side::System, _, Some(_)) => gettext("Set {key} to {value}"),
            (Side::System, _, None) => gettext("Reset {key} to its default"),
            (Side::Manifest, None, _) => gettext("Track {key} as {value}"),
            (Side::Manifest, Some(_), Some(_)) => gettext("Change {key} to {value}"),
            (Side::Manifest, Some(_), None) => gettext("Stop tracking {key}"),
        };
        fill(&sentence, &[("key", key), ("value", &value)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        let schemas = schemas::dirs(host).into_iter().map(|dir| dir.join("gschemas.compiled"));
        let files = dconf::watched(host).into_iter().chain(schemas).map(Watch::Path);
        // An extension's own are two levels below: UUID/schemas/gschemas.compiled.
        let data = std::iter::once(&host.env().data).chain(&host.env().data_dirs);
        let extensions = data.map(|dir| Watch::Tree(dir.join("gnome-shell/extensions"), 2));
        files.chain(extensions).collect()
    }
}

/// An entry's key and record. A value under a schema or key that is not installed stays as it is written.
fn read(entry: &Entry, schemas: &Schemas) -> Result<(ItemKey, Record)> {
    let Entry { schema, key, path, value, absent, .. } = entry;
    let mut key = SettingKey { schema: schema.clone(), key: key.clone(), path: path.clone() };
    let schema = schemas.schema(schema.as_str());
    if let Some(schema) = &schema {
        match (schema.path(), &key.path) {
            (Some(fixed), Some(path)) if fixed != path.as_str() => bail!(fill(
                &gettext("the schema {schema} is kept at {path}, and nowhere else"),
                &[("schema", key.schema.as_str()), ("path", fixed)]
            )),
            (Some(_), _) => key.path = None,
            (None, None) => bail!(fill(
                &gettext("the schema {schema} needs a “path”"),
                &[("schema", key.schema.as_str())]
            )),
            (None, Some(_)) => (),
        }
    }
    let Some(text) = value else {
        if *absent {
            return Ok((key.item(), Record::new()));
        }
        bail!(gettext("“value” is missing"));
    };
    let value = match schema.and_then(|schema| schema.key(key.key.as_str())) {
        Some(known) => live::value(&key, &known, &known.parse(text)?),
        None => text.as_str().into(),
    };
    Ok((key.item(), Record::new().with(VALUE, value)))
}

fn parse(item: &ItemKey) -> Result<SettingKey> {
    match SettingKey::parse(item) {
        Some(key) => Ok(key),
        None => bail!(fill(&gettext("“{item}” is not a setting"), &[("item", item.as_str())])),
    }
}

/// A record's value as GVariant text.
fn text(record: &Record) -> String {
    record.get(VALUE).map(live::text).unwrap_or_default()
}

/// The edit that carries a change out, or why there is none.
fn edit(change: &Change, dconf: &Dconf, schemas: &Schemas) -> Result<Result<DconfEdit, String>> {
    let key = parse(&change.item)?;
    if let Err(unfit) = check::own(&key) {
        return Ok(Err(unfit.message));
    }
    let (dconf_key, known) = match live::find(&key, schemas) {
        Ok(found) => found,
        Err(reason) => return Ok(Err(reason)),
    };
    if dconf.locked(&dconf_key) {
        return Ok(Err(gettext("the administrator of this machine has locked this setting")));
    }
    let after = match &change.after {
        Some(after) => match known.check(&text(after)) {
            Ok(value) => Some(value.print(true).into()),
            Err(bad) => return Ok(Err(bad.to_string())),
        },
        None => None,
    };
    let before = dconf.user().get(&dconf_key).map(|value| value.print(true).into());
    Ok(Ok(DconfEdit { key: dconf_key, before, after }))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod places_tests;
