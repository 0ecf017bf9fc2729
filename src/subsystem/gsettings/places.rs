//! Which schema a directory of the database belongs to, where the schema has no place of its own.
//!
//! No schema says where it is used. What tells is asked in this order: a manifest that names the place, the programs'
//! own conventions, a list in a schema above that names its children, and last the keys that stand there. Where
//! several schemas would do, none is taken.

use std::cell::OnceCell;
use std::collections::HashMap;

use glib::Variant;

use super::{SettingKey, known};
use crate::core::item::WantedItems;
use crate::host::dconf::Dconf;
use crate::host::schemas::{Schema, Schemas};

/// Whose a directory is.
pub enum Owner {
    /// This relocatable schema's.
    Schema(Schema),
    /// Nothing tells which of these it is; it may be none of them.
    Unsure(Vec<String>),
    /// No installed schema fits.
    Nobody,
}

/// The keys of one directory, with what is stored there.
pub type Keys<'a> = [(&'a str, &'a Variant)];

/// Finds the owners of directories.
pub struct Places<'a> {
    dconf: &'a Dconf,
    schemas: &'a Schemas,
    named: HashMap<String, String>,
    relocatable: OnceCell<Vec<Schema>>,
}

impl<'a> Places<'a> {
    /// `wanted` names places too.
    pub fn new(dconf: &'a Dconf, schemas: &'a Schemas, wanted: &WantedItems) -> Self {
        let named = wanted.keys().filter_map(|item| {
            let key = SettingKey::parse(item)?;
            Some((key.path?.to_string(), key.schema.to_string()))
        });
        Self { dconf, schemas, named: named.collect(), relocatable: OnceCell::new() }
    }

    /// The relocatable schema that is used at `dir`; `taken` says that a schema has its fixed place there.
    pub fn owner(&self, dir: &str, keys: &Keys<'_>, taken: bool) -> Owner {
        let said = self.named.get(dir).map(String::as_str).or_else(|| known::schema_at(dir));
        if let Some(id) = said {
            // Where the schema it has to be is not installed, nothing else is guessed.
            let schema = self.schemas.schema(id).filter(|schema| schema.path().is_none());
            return schema.map_or(Owner::Nobody, Owner::Schema);
        }
        if taken {
            return Owner::Nobody;
        }
        let fitting: Vec<&Schema> =
            self.relocatable().iter().filter(|schema| fits(schema, keys)).collect();
        let children = self.children(dir, &fitting);
        let alike: Vec<&Schema> =
            fitting.iter().copied().filter(|schema| resembles(&schema.id(), dir)).collect();
        let telling = fitting.iter().all(|schema| keys.len() > 1 || schema.keys().len() == 1);
        for (candidates, telling) in [(children, true), (alike, true), (fitting, telling)] {
            match candidates.as_slice() {
                [] => (),
                [one] if telling => return Owner::Schema((*one).clone()),
                several => return Owner::Unsure(several.iter().map(|s| s.id()).collect()),
            }
        }
        Owner::Nobody
    }

    fn relocatable(&self) -> &[Schema] {
        self.relocatable.get_or_init(|| {
            let (_, mut ids) = self.schemas.list();
            ids.sort();
            // What is deprecated has a successor with the same keys, which would only make it unsure.
            ids.retain(|id| !id.ends_with(".deprecated"));
            ids.iter().filter_map(|id| self.schemas.schema(id)).collect()
        })
    }

    /// Those of `fitting` that belong to the nearest schema above `dir` with a list that names it.
    fn children<'s>(&self, dir: &str, fitting: &[&'s Schema]) -> Vec<&'s Schema> {
        if fitting.is_empty() {
            return Vec::new();
        }
        let mut above = dir.trim_end_matches('/');
        while let Some(at) = above.rfind('/') {
            let (parent, _) = dir.split_at(at + 1);
            above = &above[..at];
            for schema in self.schemas.at(parent) {
                if !self.lists(&schema, parent, dir) {
                    continue;
                }
                let id = schema.id();
                let family = id.rsplit_once('.').map_or("", |(family, _)| family);
                for prefix in [format!("{id}."), format!("{family}.")] {
                    let found: Vec<&Schema> =
                        fitting.iter().copied().filter(|s| s.id().starts_with(&prefix)).collect();
                    if !found.is_empty() {
                        return found;
                    }
                }
            }
        }
        Vec::new()
    }

    /// Whether one of the schema's lists names `dir`: by its path, or by its last part.
    fn lists(&self, schema: &Schema, parent: &str, dir: &str) -> bool {
        let last = dir.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let names = |child: &String| {
            child == dir || child == last || last.strip_prefix(':').is_some_and(|l| l == child)
        };
        schema.keys().iter().filter_map(|name| Some((name, schema.key(name)?))).any(
            |(name, key)| {
                let value = self.dconf.effective(&format!("{parent}{name}"));
                let value = value.filter(|v| key.accepts(v)).unwrap_or_else(|| key.default_value());
                value.get::<Vec<String>>().is_some_and(|list| list.iter().any(names))
            },
        )
    }
}

/// Whether the schema has all these keys, with these types.
fn fits(schema: &Schema, keys: &Keys<'_>) -> bool {
    keys.iter().all(|(name, value)| schema.key(name).is_some_and(|key| key.is_type_of(value)))
}

/// Whether a path begins as the id does: `/org/gnome/nm-applet/eap/1/` and `org.gnome.nm-applet.eap`.
fn resembles(id: &str, dir: &str) -> bool {
    dir.to_lowercase().starts_with(&format!("/{}/", id.to_lowercase().replace('.', "/")))
}
