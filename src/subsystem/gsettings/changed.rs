//! What differs from the defaults, and what from the baseline.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::{SettingKey, baseline, live};
use crate::core::item::{ItemKey, Value, WantedItems};
use crate::host::Host;
use crate::host::dconf::{self, Dconf};
use crate::host::schemas::Schemas;

/// A setting that is not at its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Changed {
    /// The setting.
    pub item: ItemKey,
    /// What it would be if the person had not set it: what the schema, the vendor and the administrator say. GVariant text.
    pub default: String,
    /// What it is.
    pub value: String,
}

/// A setting that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Since {
    /// The setting.
    pub item: ItemKey,
    /// What it was, as GVariant text; `None` where it was at its default.
    pub before: Option<String>,
    /// What it is; `None` where it is at its default.
    pub value: Option<String>,
}

/// Something in the person's database that is not a setting in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Odd {
    /// Its key in dconf.
    pub key: String,
    /// Its value, as GVariant text.
    pub value: String,
    /// What is odd about it.
    #[serde(flatten)]
    pub oddity: Oddity,
}

/// Why something that is stored is not a setting in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Oddity {
    /// Its schema does not allow the value, so that the default is in force.
    NotAllowed {
        /// The setting.
        item: ItemKey,
        /// What is wrong with the value.
        reason: String,
    },
    /// The administrator has locked the setting.
    Locked {
        /// The setting.
        item: ItemKey,
    },
    /// One of these relocatable schemas may be meant, and nothing tells which.
    Unsure {
        /// Their ids.
        schemas: Vec<String>,
    },
    /// No installed schema has it.
    Unknown,
}

/// The settings of this machine, read once.
pub struct Settings {
    dconf: Dconf,
    schemas: Schemas,
}

impl Settings {
    /// Reads them.
    pub fn read(host: &Host) -> Result<Self> {
        Ok(Self { dconf: dconf::read(host)?, schemas: Schemas::open(host) })
    }

    /// What `item` would be if the person had not set it: the administrator's value, or else the schema's default,
    /// a vendor's override counted in.
    pub fn default(&self, item: &ItemKey) -> Option<Value> {
        let key = SettingKey::parse(item)?;
        let (dconf_key, known) = live::find(&key, &self.schemas).ok()?;
        let given = self.dconf.system(&dconf_key).filter(|value| known.accepts(value));
        let given = given.unwrap_or_else(|| known.default_value());
        Some(live::value(&key, &known, &given))
    }

    /// Every setting that the person has set to something else than its default. `wanted` names places of
    /// relocatable schemas.
    pub fn changed(&self, wanted: &WantedItems) -> BTreeMap<ItemKey, Changed> {
        let records = live::records(&self.dconf, &self.schemas, wanted);
        let changed = records.items.into_iter().filter_map(|(item, live)| {
            let value = live.record()?.get(super::VALUE)?;
            let default = self.default(&item)?;
            let changed = Changed {
                item: item.clone(),
                default: live::text(&default),
                value: live::text(value),
            };
            (*value != default).then_some((item, changed))
        });
        changed.collect()
    }

    /// Every setting that is not as `baseline` has it.
    pub fn since(&self, baseline: &baseline::Baseline) -> Vec<Since> {
        let now = baseline::now(&self.dconf, &self.schemas);
        let all: BTreeSet<&ItemKey> = baseline.keys().chain(now.keys()).collect();
        all.into_iter()
            .filter(|item| {
                let [before, value] = [baseline, &now]
                    .map(|side| side.get(item).map(|text| self.canonical(item, text)));
                before != value
            })
            .map(|item| Since {
                item: item.clone(),
                before: baseline.get(item).cloned(),
                value: now.get(item).cloned(),
            })
            .collect()
    }

    fn canonical(&self, item: &ItemKey, text: &str) -> Value {
        let known = SettingKey::parse(item).and_then(|key| {
            let (_, known) = live::find(&key, &self.schemas).ok()?;
            Some(live::value(&key, &known, &known.parse(text).ok()?))
        });
        known.unwrap_or_else(|| text.into())
    }

    /// What the person's database holds beside settings that are in force.
    pub fn odd(&self, wanted: &WantedItems) -> Vec<Odd> {
        let mut odd = Vec::new();
        live::walk(&self.dconf, &self.schemas, wanted, &mut |dconf_key, value, stored| {
            let oddity = match stored {
                live::Stored::Setting(key, known) => match known.complaint(value) {
                    Some(bad) => Oddity::NotAllowed { item: key.item(), reason: bad.to_string() },
                    None if self.dconf.locked(dconf_key) => Oddity::Locked { item: key.item() },
                    None => return,
                },
                live::Stored::Unsure(schemas) => Oddity::Unsure { schemas },
                live::Stored::Unknown => Oddity::Unknown,
            };
            odd.push(Odd { key: dconf_key.to_owned(), value: value.print(true).into(), oddity });
        });
        odd
    }
}
