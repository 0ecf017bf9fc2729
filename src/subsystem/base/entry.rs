//! What is assumed of a base image: a package, a service or a path, as the manifest has it.

use anyhow::Result;
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer};
use serde_json::{Value as Json, json};

use crate::core::item::{ItemKey, Record, Value};
use crate::core::names::{ImagePath, InvalidName, PackageName, UnitName};
use crate::manifest::plain;

/// The field with the reason for an assumption.
pub const REASON: &str = "reason";

/// What an assumption is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// The image has this package.
    Package(PackageName),
    /// The image has this unit's file.
    Service(UnitName),
    /// The image has this path.
    Path(ImagePath),
}

/// The kinds of assumptions: each has its list in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A package.
    Package,
    /// A service.
    Service,
    /// A path.
    Path,
}

impl Kind {
    /// All kinds, in the order of the manifest.
    pub const ALL: [Self; 3] = [Self::Package, Self::Service, Self::Path];

    /// Its list in the manifest.
    pub fn list(self) -> &'static str {
        match self {
            Self::Package => "packages",
            Self::Service => "services",
            Self::Path => "paths",
        }
    }

    /// How its keys begin, and what it is called for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Service => "service",
            Self::Path => "path",
        }
    }

    /// The key that names it in an entry's long form.
    fn field(self) -> &'static str {
        if self == Self::Path { "path" } else { "name" }
    }
}

impl Assumption {
    /// Parses what is assumed. A service without a type is one of type service.
    pub fn new(kind: Kind, text: &str) -> Result<Self, InvalidName> {
        Ok(match kind {
            Kind::Package => Self::Package(text.parse()?),
            Kind::Service => {
                let whole = || format!("{text}.service").parse();
                Self::Service(text.parse().or_else(|error| whole().map_err(|_| error))?)
            }
            Kind::Path => Self::Path(text.trim_end_matches('/').parse()?),
        })
    }

    /// What an item's key says.
    pub fn of(key: &ItemKey) -> Result<Self> {
        let (kind, name) = key.as_str().split_once('/').unwrap_or_default();
        let kind = Kind::ALL.into_iter().find(|one| one.name() == kind);
        let kind = kind.ok_or_else(|| anyhow::anyhow!("“{key}” is no assumption"))?;
        Ok(Self::new(kind, name)?)
    }

    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Package(_) => Kind::Package,
            Self::Service(_) => Kind::Service,
            Self::Path(_) => Kind::Path,
        }
    }

    /// The package, unit or path.
    pub fn name(&self) -> &str {
        match self {
            Self::Package(name) => name.as_str(),
            Self::Service(name) => name.as_str(),
            Self::Path(path) => path.as_str(),
        }
    }

    /// Its key: `package/NAME`, `service/NAME`, `path//absolute`.
    pub fn key(&self) -> ItemKey {
        ItemKey::new(format!("{}/{}", self.kind().name(), self.name()))
    }

    /// The paths of which one has to be in the image; none for a package.
    pub fn places(&self) -> Vec<String> {
        match self {
            Self::Package(_) => Vec::new(),
            Self::Path(path) => vec![path.to_string()],
            Self::Service(unit) => {
                let mut names = vec![unit.to_string()];
                // What runs as getty@tty1.service has its file as getty@.service.
                if let (Some((name, _)), Some((_, kind))) =
                    (unit.as_str().split_once('@'), unit.as_str().rsplit_once('.'))
                {
                    names.push(format!("{name}@.{kind}"));
                }
                let dirs = ["/usr/lib/systemd/system", "/etc/systemd/system"];
                let in_dirs = |name: &String| dirs.map(|dir| format!("{dir}/{name}"));
                names.iter().flat_map(in_dirs).collect()
            }
        }
    }
}

/// One entry: a name, or an object with the name and why it is assumed.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Entry {
    /// The name or path.
    Bare(String),
    /// The same, and more.
    Full(#[schemars(with = "Long")] Full),
}

/// One entry, in the long form, as its schema has it: under which key its name stands is free.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "describes the file")]
enum Long {
    /// A package or a service, or a path.
    Named {
        /// Its name.
        name: String,
        /// Why it is assumed.
        reason: Option<String>,
    },
    /// A path.
    Placed {
        /// The path.
        path: String,
        /// Why it is assumed.
        reason: Option<String>,
    },
}

/// One entry, in the long form.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Full {
    /// The package's or service's name; a path may stand under “path”.
    #[serde(alias = "path")]
    name: String,
    /// Why it is assumed.
    reason: Option<String>,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        plain::either(
            deserializer,
            "a name or path, or an object with “name” or “path”",
            Self::Bare,
            Self::Full,
        )
    }
}

impl Entry {
    /// The item it names and what it says of it.
    pub fn read(&self, kind: Kind) -> Result<(ItemKey, Record)> {
        let (name, reason) = match self {
            Self::Bare(name) => (name, None),
            Self::Full(full) => (&full.name, full.reason.as_deref()),
        };
        let mut record = Record::new();
        if let Some(reason) = reason {
            record.set(REASON, reason);
        }
        Ok((Assumption::new(kind, name)?.key(), record))
    }
}

/// The name or path of an entry in either form.
pub fn name(entry: &Json) -> Option<&str> {
    let full = || entry.get("name").or_else(|| entry.get("path"))?.as_str();
    entry.as_str().or_else(full)
}

/// Whether an entry of a kind's list says `assumption`.
pub fn is(entry: &Json, assumption: &Assumption) -> bool {
    let named = name(entry).map(|text| Assumption::new(assumption.kind(), text));
    matches!(named, Some(Ok(named)) if named == *assumption)
}

/// What names an entry among others.
pub fn identity(assumption: &Assumption) -> Json {
    json!({ assumption.kind().field(): assumption.name() })
}

/// What the entry becomes. A bare one stays so while it says all there is to say; unknown keys stay. A new service or
/// path without a reason is a bare one, as such lists are mostly written.
pub fn write(found: Option<Json>, assumption: &Assumption, after: &Record) -> Json {
    let reason = after.get(REASON).map(Value::to_string);
    let mut entry = match (found, &reason) {
        (Some(Json::String(bare)), None) => return Json::String(bare),
        (None, None) if assumption.kind() != Kind::Package => return assumption.name().into(),
        (Some(Json::Object(entry)), _) => entry,
        _ => match identity(assumption) {
            Json::Object(entry) => entry,
            other => return other,
        },
    };
    entry.shift_remove("absent");
    match reason {
        Some(reason) => drop(entry.insert(REASON.to_owned(), reason.into())),
        None => drop(entry.shift_remove(REASON)),
    }
    Json::Object(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assume(kind: Kind, name: &str) -> Assumption {
        Assumption::new(kind, name).unwrap()
    }

    #[test]
    fn keys_lead_back_to_what_they_name() {
        for (kind, name, key) in [
            (Kind::Package, "gnome-shell", "package/gnome-shell"),
            (Kind::Service, "dbus.service", "service/dbus.service"),
            (Kind::Service, "dbus", "service/dbus.service"),
            (Kind::Path, "/usr/bin/bootc", "path//usr/bin/bootc"),
        ] {
            let assumption = assume(kind, name);
            assert_eq!(assumption.key().as_str(), key);
            assert_eq!(Assumption::of(&assumption.key()).unwrap(), assumption);
        }
        for hostile in ["../x", "a\nb", "-rf", "a;b", "\"", ""] {
            for kind in Kind::ALL {
                assert!(Assumption::new(kind, hostile).is_err(), "{kind:?} {hostile:?}");
            }
        }
        assert!(Assumption::of(&ItemKey::new("other/x")).is_err());
    }

    #[test]
    fn a_service_is_where_units_are_and_an_instance_has_its_template() {
        let places = assume(Kind::Service, "getty@tty1.service").places();
        assert!(places.contains(&"/usr/lib/systemd/system/getty@.service".to_owned()));
        assert!(places.contains(&"/etc/systemd/system/getty@tty1.service".to_owned()));
        assert_eq!(assume(Kind::Path, "/usr/bin/bootc").places(), ["/usr/bin/bootc"]);
    }

    #[test]
    fn every_form_is_read_and_kept_where_it_can_be() {
        let read = |kind, json: Json| {
            let entry = serde_json::from_value::<Entry>(json)?;
            anyhow::Ok(entry.read(kind)?)
        };
        let why = Record::new().with(REASON, "x");
        let (key, record) = read(Kind::Path, json!({ "path": "/a", "reason": "x" })).unwrap();
        assert_eq!((key.as_str(), &record), ("path//a", &why));
        let (key, record) = read(Kind::Package, json!("bash")).unwrap();
        assert_eq!((key.as_str(), record), ("package/bash", Record::new()));
        for wrong in [json!(3), json!({}), json!({ "name": "../x" }), json!("a b")] {
            assert!(read(Kind::Package, wrong.clone()).is_err(), "{wrong}");
        }

        let (bash, dbus) = (assume(Kind::Package, "bash"), assume(Kind::Service, "dbus"));
        let none = Record::new();
        assert_eq!(write(None, &bash, &none), json!({ "name": "bash" }));
        assert_eq!(write(None, &dbus, &none), json!("dbus.service"));
        assert_eq!(write(Some(json!("dbus")), &dbus, &none), json!("dbus"));
        let told = json!({ "name": "dbus.service", "reason": "x" });
        assert_eq!(write(Some(json!("dbus")), &dbus, &why), told);
        let kept = json!({ "name": "bash", "since": 3, "reason": "old" });
        assert_eq!(write(Some(kept), &bash, &none), json!({ "name": "bash", "since": 3 }));
    }
}
