//! Every installed setting, for browsing: what it is called, how it is edited, and what it says.
//!
//! Loading asks GIO for summaries, which parses the sources of all schemas: tens of milliseconds for a GNOME desktop,
//! so not for the thread that draws.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use anyhow::Result;
use glib::Variant;

use super::live::Stored;
use super::{SettingKey, VALUE, known, live};
use crate::core::item::{ItemKey, Record, WantedItems};
use crate::core::names::DconfDir;
use crate::host::dconf::{self, Dconf};
use crate::host::keyfile::Keyfile;
use crate::host::schemas::{Range, Schema, Schemas, parse_as};
use crate::host::{Host, fs};
use crate::words::gettext;

mod editor;
mod groups;
mod summaries;

pub use editor::{Bounds, Editor, RAW};
pub use groups::title_of;
pub use summaries::Summaries;

/// One key of one schema at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Which.
    pub key: SettingKey,
    /// Its summary; the key as a title where the schema has none.
    pub title: String,
    /// What the schema says about it.
    pub description: Option<String>,
    /// Its GVariant type.
    pub kind: String,
    /// What it may hold.
    pub range: Range,
    /// How it is edited.
    pub editor: Editor,
    /// Why it is not edited here, where that is so: another manifest looks after it.
    pub elsewhere: Option<String>,
    /// The default, a vendor's override counted in.
    pub default: Variant,
    /// Whether a vendor's override gives the default.
    pub vendor: bool,
    /// Where it is kept in dconf.
    pub dconf_key: String,
    /// What the search looks in, in lower case.
    haystack: String,
}

/// One schema at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What tells it from others of its group; may be empty.
    pub title: String,
    /// The schema, with the path of a relocatable one.
    pub detail: String,
    /// Its settings: places in [`Catalog::settings`].
    pub settings: std::ops::Range<usize>,
}

/// A group of schemas that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its title.
    pub title: String,
    /// The title of its section.
    pub section: String,
    /// Its schemas that have keys.
    pub places: Vec<Place>,
}

impl Group {
    /// How many settings it has.
    pub fn count(&self) -> usize {
        self.places.iter().map(|place| place.settings.len()).sum()
    }
}

/// All settings, in groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// In the order they are shown.
    pub settings: Vec<Arc<Setting>>,
    /// In the order they are shown, those of one section one after the other.
    pub groups: Vec<Group>,
}

/// Who gives a setting its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The schema: the program's own default.
    Schema,
    /// An override that came with the system.
    Vendor,
    /// The administrator's database.
    Administrator,
    /// The person.
    Person,
}

/// What the machine says of a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The value in force.
    pub value: Variant,
    /// Whose it is.
    pub source: Source,
    /// The value it would have if the person had set none.
    pub default: Variant,
    /// Whose that is.
    pub default_source: Source,
    /// The administrator lets nobody change it.
    pub locked: bool,
}

/// What the machine says of all settings.
pub struct Values(Dconf);

impl Values {
    /// Reads them.
    pub fn read(host: &Host) -> Result<Self> {
        Ok(Self(dconf::read(host)?))
    }

    /// What is said of one of them.
    pub fn state(&self, setting: &Setting) -> State {
        let allowed =
            |value: &Variant| value.type_().as_str() == setting.kind && setting.range.allows(value);
        let locked = self.0.locked(&setting.dconf_key);
        let (default, default_source) = match self.0.system(&setting.dconf_key).filter(allowed) {
            Some(value) => (value, Source::Administrator),
            None if setting.vendor => (setting.default.clone(), Source::Vendor),
            None => (setting.default.clone(), Source::Schema),
        };
        let own = self.0.user().get(&setting.dconf_key).filter(|value| !locked && allowed(value));
        let (value, source) = match own {
            Some(own) => (own.clone(), Source::Person),
            None => (default.clone(), default_source),
        };
        State { value, source, default, default_source, locked }
    }
}

impl Setting {
    /// Reads GVariant text as a value of this setting's type; the error says what it should be. Whether it is in
    /// range is asked when it is planned.
    pub fn parse(&self, text: &str) -> Result<Variant, crate::host::schemas::BadValue> {
        parse_as(&self.kind, text)
    }

    /// The item's record with this value.
    pub fn record(&self, value: &Variant) -> Record {
        let flags = matches!(self.range, Range::Flags(_));
        Record::new().with(VALUE, live::value_of(&self.key, flags, value))
    }

    /// The value in a record of this setting, as GVariant text.
    pub fn text(&self, record: &Record) -> Option<String> {
        record.get(VALUE).map(live::text)
    }
}

impl Catalog {
    /// Reads the schemas. `tracked` are the items that a manifest or the machine has: where relocatable schemas are in
    /// use that no convention leads to.
    pub fn load<'a>(
        host: &Host,
        tracked: impl IntoIterator<Item = &'a ItemKey>,
    ) -> Result<(Self, Values)> {
        let schemas = Schemas::open(host);
        let values = Values::read(host)?;
        let overridden = overridden(host);
        let mut homes: BTreeMap<(groups::Home, String), (Schema, Option<DconfDir>)> =
            BTreeMap::new();
        let (fixed, _) = schemas.list();
        // Two directories may bring the same schema.
        let fixed: BTreeSet<String> = fixed.into_iter().collect();
        for schema in fixed.iter().filter_map(|id| schemas.schema(id)) {
            homes.insert((groups::home(&schema.id()), schema.id()), (schema, None));
        }
        for (id, path) in instances(&values.0, &schemas, tracked) {
            let Some(schema) = schemas.schema(&id).filter(|schema| schema.path().is_none()) else {
                continue;
            };
            let mut home = groups::home(&id);
            let name = path.as_str().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            home.part = if home.part.is_empty() {
                name.to_owned()
            } else {
                format!("{} · {name}", home.part)
            };
            homes.insert((home, format!("{id}:{path}")), (schema, Some(path)));
        }
        let mut catalog = Self::default();
        for ((home, detail), (schema, path)) in homes {
            let from = catalog.settings.len();
            let mut found: Vec<Setting> = schema
                .keys()
                .iter()
                .filter_map(|name| setting(&schema, name, path.as_ref(), &overridden))
                .collect();
            found.sort_by_cached_key(|setting| (setting.title.to_lowercase(), setting.key.clone()));
            catalog.settings.extend(found.into_iter().map(Arc::new));
            let settings = from..catalog.settings.len();
            if settings.is_empty() {
                continue;
            }
            let place = Place { title: home.part, detail, settings };
            let (section, title) = (home.section.1, home.group);
            match catalog.groups.last_mut() {
                Some(last) if last.title == title && last.section == section => {
                    last.places.push(place);
                }
                _ => catalog.groups.push(Group { title, section, places: vec![place] }),
            }
        }
        Ok((catalog, values))
    }

    /// The settings in which every word of `text` occurs: in summary, schema or key. Those that have them in their
    /// titles come first.
    pub fn search(&self, text: &str) -> Vec<usize> {
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let has = |setting: &Setting| words.iter().all(|word| setting.haystack.contains(word));
        let titled = |setting: &Setting| {
            let title = setting.title.to_lowercase();
            words.iter().all(|word| title.contains(word))
        };
        let mut found: Vec<usize> =
            (0..self.settings.len()).filter(|at| has(&self.settings[*at])).collect();
        found.sort_by_key(|at| !titled(&self.settings[*at]));
        found
    }

    /// The place of a setting.
    pub fn find(&self, item: &ItemKey) -> Option<usize> {
        let key = SettingKey::parse(item)?;
        self.settings.iter().position(|setting| setting.key == key)
    }
}

fn setting(
    schema: &Schema,
    name: &str,
    path: Option<&DconfDir>,
    overridden: &HashSet<(String, String)>,
) -> Option<Setting> {
    let (id, known_key) = (schema.id(), schema.key(name)?);
    let dir = schema.path().or(path.map(DconfDir::as_str))?;
    let key = SettingKey { schema: id.parse().ok()?, key: name.parse().ok()?, path: path.cloned() };
    let title = summaries::title(name, known_key.summary().as_deref());
    let haystack = format!("{title}\n{key}").to_lowercase();
    Some(Setting {
        dconf_key: format!("{dir}{name}"),
        title,
        description: known_key.description(),
        kind: known_key.type_string(),
        range: known_key.range(),
        editor: Editor::of(&known_key, known::is_set(&id, name)),
        elsewhere: known::elsewhere(&id, name).map(|(why, _)| gettext(why)),
        default: known_key.default_value(),
        vendor: overridden.contains(&(id, name.to_owned())),
        haystack,
        key,
    })
}

/// Where relocatable schemas are in use: where dconf has keys that are theirs, and where an item names them.
fn instances<'a>(
    dconf: &Dconf,
    schemas: &Schemas,
    tracked: impl IntoIterator<Item = &'a ItemKey>,
) -> BTreeSet<(String, DconfDir)> {
    let mut found = BTreeSet::new();
    for item in tracked {
        if let Some(SettingKey { schema, path: Some(path), .. }) = SettingKey::parse(item) {
            found.insert((schema.to_string(), path));
        }
    }
    live::walk(dconf, schemas, &WantedItems::default(), &mut |_, _, stored| {
        if let Stored::Setting(SettingKey { schema, path: Some(path), .. }, _) = stored {
            found.insert((schema.to_string(), path));
        }
    });
    found
}

/// The keys whose defaults an override gives: schema and key.
fn overridden(host: &Host) -> HashSet<(String, String)> {
    let desktops: Vec<&str> =
        host.var("XDG_CURRENT_DESKTOP").unwrap_or_default().split(':').collect();
    let mut found = HashSet::new();
    let places = host.env().data_dirs.iter().chain(std::iter::once(&host.env().data));
    for dir in places.map(|place| place.join("glib-2.0/schemas")) {
        // What cannot be read here is no default of a vendor's as far as anybody can tell; its value is right anyway.
        for name in fs::list(&dir).ok().flatten().unwrap_or_default() {
            if !name.ends_with(".gschema.override") {
                continue;
            }
            let Ok(Some(text)) = fs::read(&dir.join(name)) else { continue };
            let Ok(file) = Keyfile::parse(&text) else { continue };
            for group in file.groups() {
                let (schema, desktop) = match group.split_once(':') {
                    Some((schema, desktop)) => (schema, Some(desktop)),
                    None => (group, None),
                };
                if desktop.is_none_or(|desktop| desktops.contains(&desktop)) {
                    let keys = file.keys(group).into_iter();
                    found.extend(keys.map(|key| (schema.to_owned(), key.to_owned())));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
