//! What the two manifests say of units, which may name one unit between them once.

use std::collections::BTreeMap;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{CONTENT, FILE, STATE, file_key, unit_of};
use crate::core::item::{ItemKey, Layer, Record, Wanted, WantedItems};
use crate::core::names::{RepoRelPath, UnitName};
use crate::core::plan::Change;
use crate::manifest::plain::{self, Plain};
use crate::manifest::{DocError, Manifests, Sheet};
use crate::subsystem::kargs::Kargs;
use crate::words::{fill, gettext};

/// The other file that units stand in.
pub(super) const SERVICES: &str = "systemd-services.json";
const MAP: &str = "services";
const CUSTOM: &str = "systemd/custom";
pub(super) const ENABLED: &str = "enabled";
pub(super) const DISABLED: &str = "disabled";
pub(super) const MASKED: &str = "masked";
/// The states, each with its list in `system-config.json`.
pub(super) const LISTS: [(&str, &str); 3] =
    [(ENABLED, "systemd/enable"), (DISABLED, "systemd/disable"), (MASKED, "systemd/mask")];
/// What a machine's own layer says of a unit that the shared one names and that is none of its business.
const ABSENT: &str = "absent";

/// `system-config.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
pub(super) struct SystemConfig {
    /// Arguments of the kernel.
    kargs: Option<Kargs>,
    /// Units of systemd.
    systemd: Option<Systemd>,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct Systemd {
    /// Units that start by themselves.
    enable: Option<Vec<plain::Name>>,
    /// Units that do not.
    disable: Option<Vec<plain::Name>>,
    /// Units that cannot be started.
    mask: Option<Vec<plain::Name>>,
    /// Unit files of the repository.
    custom: Option<Vec<Custom>>,
}

/// `systemd-services.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
pub(super) struct SystemdServices {
    /// Units, each with its state.
    services: BTreeMap<String, Switch>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "describes the file")]
enum Switch {
    Enabled,
    Disabled,
    Masked,
}

/// A unit file of the repository.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct Custom {
    /// The unit.
    #[schemars(with = "String")]
    pub unit: UnitName,
    /// Its file, by its path below the repository's top directory.
    #[schemars(with = "String")]
    pub file: Option<RepoRelPath>,
}

/// What one layer says of one unit.
struct Mention {
    /// The state, or [`ABSENT`].
    state: &'static str,
    file: &'static str,
    /// File, line and column.
    place: String,
}

fn place(error: &DocError) -> String {
    format!("{}:{}:{}", error.path.display(), error.line, error.column)
}

/// What one layer says of units. A unit that is given two states is an error that names both places.
fn mentions(manifests: &Manifests, layer: &Layer) -> Result<BTreeMap<UnitName, Mention>> {
    let mut all: BTreeMap<UnitName, Mention> = BTreeMap::new();
    let mut add =
        |unit: &UnitName, new: Mention, at: &dyn Fn(String) -> DocError| match all.get(unit) {
            Some(old) if old.state != new.state => {
                let text = gettext(
                    "“{unit}” is {state} here, and {other} in {place}: one of the two has to go",
                );
                let values = [
                    ("unit", unit.as_str()),
                    ("state", new.state),
                    ("other", old.state),
                    ("place", &old.place),
                ];
                Err(at(fill(&text, &values)))
            }
            Some(old) if old.file == new.file => {
                let text = gettext("“{unit}” stands here twice: first in {place}");
                Err(at(fill(&text, &[("unit", unit.as_str()), ("place", &old.place)])))
            }
            Some(_) => Ok(()),
            None => {
                all.insert(unit.clone(), new);
                Ok(())
            }
        };
    if let Some(sheet) = manifests.sheet(layer, FILE)? {
        for (state, list) in LISTS {
            for entry in sheet.entries::<Plain<UnitName>>(list)? {
                let at = |what: String| sheet.error_at(list, &entry, what);
                let state = if entry.absent { ABSENT } else { state };
                let mention = Mention { state, file: FILE, place: place(&at(String::new())) };
                add(entry.value.name(), mention, &at)?;
            }
        }
    }
    if let Some(sheet) = manifests.sheet(layer, SERVICES)? {
        for (unit, state) in services(&sheet)? {
            let at = |what: String| sheet.error_of(&format!("{MAP}/{unit}"), what);
            let mention = Mention { state, file: SERVICES, place: place(&at(String::new())) };
            add(&unit, mention, &at)?;
        }
    }
    Ok(all)
}

/// The map of `systemd-services.json`.
fn services(sheet: &Sheet) -> Result<Vec<(UnitName, &'static str)>, DocError> {
    let map = match sheet.get(MAP) {
        None => return Ok(Vec::new()),
        Some(Json::Object(map)) => map,
        Some(_) => {
            let text = gettext("“services” should be units, each with its state: “{” … “}”");
            return Err(sheet.error_of(MAP, text));
        }
    };
    let read = |(name, value): (&String, &Json)| {
        let at = |what: String| sheet.error_of(&format!("{MAP}/{name}"), what);
        let unit = name.parse::<UnitName>().map_err(|error| at(error.to_string()))?;
        let known = LISTS.iter().map(|(state, _)| *state).find(|state| value == state);
        let dropped = (value.get(ABSENT) == Some(&Json::Bool(true))).then_some(ABSENT);
        let state = known
            .or(dropped)
            .ok_or_else(|| at(gettext("a unit’s state is “enabled”, “disabled” or “masked”")))?;
        Ok((unit, state))
    };
    map.iter().map(read).collect()
}

/// Everything the manifests want of units.
pub(super) fn wanted(manifests: &Manifests) -> Result<WantedItems> {
    let mut wanted = WantedItems::new();
    for layer in manifests.layers() {
        for (unit, mention) in mentions(manifests, &layer)? {
            let key = ItemKey::new(unit.as_str());
            if mention.state == ABSENT {
                wanted.remove(&key);
                manifests.hide(mention.file, key);
            } else {
                let record = Record::new().with(STATE, mention.state);
                wanted.insert(key, Wanted { record, layer: layer.clone() });
            }
        }
        let Some(sheet) = manifests.sheet(&layer, FILE)? else { continue };
        let mut here = Vec::new();
        for entry in sheet.entries::<Custom>(CUSTOM)? {
            let at = |what: String| sheet.error_at(CUSTOM, &entry, what);
            let Custom { unit, file } = &entry.value;
            let key = file_key(unit.as_str());
            if here.contains(&key) {
                let text = gettext("“{unit}” stands here twice");
                return Err(at(fill(&text, &[("unit", unit.as_str())])).into());
            }
            here.push(key.clone());
            if entry.absent {
                wanted.remove(&key);
                manifests.hide(FILE, key);
                continue;
            }
            let Some(file) = file else {
                return Err(at(gettext(
                    "“file” is missing: the unit file’s path in the repository",
                ))
                .into());
            };
            let Some(text) = manifests.other(file)? else {
                let text = gettext("“{file}” is not in the repository");
                return Err(at(fill(&text, &[("file", file.as_str())])).into());
            };
            let record = Record::new().with(CONTENT, text.as_str());
            wanted.insert(key, Wanted { record, layer: layer.clone() });
        }
    }
    Ok(wanted)
}

/// How every machine is to have units, in the order of their names.
pub(super) fn shared_states(manifests: &Manifests) -> Result<BTreeMap<UnitName, &'static str>> {
    let said = mentions(manifests, &Layer::Shared)?.into_iter();
    let said = said.filter(|(_, mention)| mention.state != ABSENT);
    Ok(said.map(|(unit, mention)| (unit, mention.state)).collect())
}

/// The unit files that every machine is to have, in the order of the units' names.
pub(super) fn shared_files(manifests: &Manifests) -> Result<BTreeMap<UnitName, RepoRelPath>> {
    let Some(sheet) = manifests.sheet(&Layer::Shared, FILE)? else { return Ok(BTreeMap::new()) };
    let entries = sheet.entries::<Custom>(CUSTOM)?.into_iter().filter(|entry| !entry.absent);
    Ok(entries.filter_map(|entry| Some((entry.value.unit, entry.value.file?))).collect())
}

/// Makes the manifests say what `change` says.
pub(super) fn capture(manifests: &mut Manifests, change: &Change) -> Result<()> {
    let field = |name| change.after.as_ref().and_then(|after| after.text(name));
    match unit_of(&change.item) {
        (unit, true) => put_file(manifests, &change.layer, unit, field(CONTENT)),
        (unit, false) => put_state(manifests, &change.layer, unit, field(STATE)),
    }
}

fn order(json: &Json) -> String {
    plain::name(json).unwrap_or_default().to_owned()
}

/// A unit's state goes to the file that names it, else to `system-config.json`.
fn put_state(
    manifests: &mut Manifests,
    layer: &Layer,
    unit: &str,
    state: Option<&str>,
) -> Result<()> {
    let is = |json: &Json| plain::name(json) == Some(unit);
    let entry = format!("{MAP}/{unit}");
    let in_map = |manifests: &Manifests, layer: &Layer| -> Result<bool> {
        Ok(manifests.sheet(layer, SERVICES)?.is_some_and(|sheet| sheet.get(&entry).is_some()))
    };
    let list_of = |manifests: &Manifests, layer: &Layer| -> Result<Option<&'static str>> {
        let sheet = manifests.sheet(layer, FILE)?;
        let list = |sheet: Sheet| {
            LISTS.iter().map(|(_, list)| *list).find(|list| sheet.find(list, &is).is_some())
        };
        Ok(sheet.and_then(list))
    };
    let (mapped, listed) = (in_map(manifests, layer)?, list_of(manifests, layer)?);
    let target = state.and_then(|state| LISTS.iter().find(|(one, _)| *one == state));
    match target {
        Some((state, list)) => {
            if mapped {
                manifests.edit(layer, SERVICES, |doc| {
                    doc.set(&entry, Some(&json!(state)));
                    Ok(())
                })?;
            }
            if listed.is_some() || !mapped {
                manifests.edit(layer, FILE, |doc| {
                    let new = plain::write(doc.find(list, &is), unit);
                    for (_, other) in LISTS.iter().filter(|(_, other)| other != list) {
                        doc.remove(other, &is);
                    }
                    doc.put(list, &is, &new, &order);
                    Ok(())
                })?;
            }
        }
        None => {
            // Where the shared layer would show through, the machine's own says so instead.
            let (shared_map, shared_list) = match layer {
                Layer::Shared => (false, None),
                Layer::Host(_) => {
                    (in_map(manifests, &Layer::Shared)?, list_of(manifests, &Layer::Shared)?)
                }
            };
            if mapped || shared_map {
                let gone = shared_map.then(|| json!({ ABSENT: true }));
                manifests.edit(layer, SERVICES, |doc| {
                    doc.set(&entry, gone.as_ref());
                    Ok(())
                })?;
            }
            if let Some(list) = listed {
                manifests.edit(layer, FILE, |doc| {
                    doc.remove(list, &is);
                    Ok(())
                })?;
            }
            if let Some(list) = shared_list {
                let identity = json!({ "name": unit });
                manifests.remove(layer, FILE, list, &is, identity, &order)?;
            }
        }
    }
    Ok(())
}

/// A unit file goes where its entry says, else to `systemd/system/`.
fn put_file(
    manifests: &mut Manifests,
    layer: &Layer,
    unit: &str,
    content: Option<&str>,
) -> Result<()> {
    let is = |json: &Json| json["unit"] == unit;
    let order = |json: &Json| json["unit"].as_str().unwrap_or_default().to_owned();
    let entries = match manifests.sheet(layer, FILE)? {
        Some(sheet) => sheet.entries::<Custom>(CUSTOM)?,
        None => Vec::new(),
    };
    let entry = entries.iter().find(|entry| entry.value.unit.as_str() == unit);
    let there = entry.and_then(|entry| entry.value.file.clone());
    match content {
        Some(content) => {
            let file = match (there, layer) {
                (Some(file), _) => file,
                (None, Layer::Shared) => format!("systemd/system/{unit}").parse()?,
                (None, Layer::Host(host)) => format!("systemd/hosts/{host}/{unit}").parse()?,
            };
            manifests.put_other(&file, Some(content.to_owned()))?;
            manifests.edit(layer, FILE, |doc| {
                let mut new = doc.find(CUSTOM, &is).unwrap_or_else(|| json!({}));
                new["unit"] = json!(unit);
                new["file"] = json!(file.as_str());
                new.as_object_mut().map(|new| new.shift_remove(ABSENT));
                doc.put(CUSTOM, &is, &new, &order);
                Ok(())
            })?;
        }
        None => {
            let others = entries.iter().filter(|entry| entry.value.unit.as_str() != unit);
            let used: Vec<_> = others.filter_map(|entry| entry.value.file.as_ref()).collect();
            if let Some(file) = there.filter(|file| !used.contains(&file)) {
                manifests.put_other(&file, None)?;
            }
            let identity = json!({ "unit": unit });
            manifests.remove(layer, FILE, CUSTOM, &is, identity, &order)?;
        }
    }
    Ok(())
}
