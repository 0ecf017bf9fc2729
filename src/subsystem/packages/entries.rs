//! Lists of packages and groups in a manifest: the image's and the development box's have the same shapes.

use anyhow::{Result, bail};
use serde_json::{Value as Json, json};

use crate::core::item::ItemKey;
use crate::core::plan::Change;
use crate::manifest::{Manifests, plain};

/// An item's key taken apart: a package that is to be there, a group, or a package that is not to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::subsystem) enum Item<'a> {
    Package(&'a str),
    Group(&'a str),
    Excluded(&'a str),
}

impl<'a> Item<'a> {
    /// Takes a key apart.
    pub(in crate::subsystem) fn of(key: &'a ItemKey) -> Result<Self> {
        match key.as_str().split_once('/') {
            Some(("package", name)) => Ok(Self::Package(name)),
            Some(("group", name)) => Ok(Self::Group(name)),
            Some(("excluded", name)) => Ok(Self::Excluded(name)),
            _ => bail!("“{key}” is neither a package nor a group"),
        }
    }

    /// Its name.
    pub(in crate::subsystem) fn name(self) -> &'a str {
        let (Self::Package(name) | Self::Group(name) | Self::Excluded(name)) = self;
        name
    }

    /// The list it stands in.
    pub(in crate::subsystem) fn list(self) -> &'static str {
        match self {
            Self::Package(_) => "packages",
            Self::Group(_) => "groups",
            Self::Excluded(_) => "excluded",
        }
    }

    /// The list it cannot stand in at the same time.
    pub(in crate::subsystem) fn opposite(self) -> Option<&'static str> {
        match self {
            Self::Package(_) => Some("excluded"),
            Self::Group(_) => None,
            Self::Excluded(_) => Some("packages"),
        }
    }

    /// Its key.
    pub(in crate::subsystem) fn key(self) -> ItemKey {
        let kind = match self {
            Self::Package(_) => "package",
            Self::Group(_) => "group",
            Self::Excluded(_) => "excluded",
        };
        ItemKey::new(format!("{kind}/{}", self.name()))
    }
}

/// Makes the entry of a change's item in `file` say what the change says. Returns the item.
pub(in crate::subsystem) fn capture<'a>(
    manifests: &mut Manifests,
    file: &'static str,
    change: &'a Change,
) -> Result<Item<'a>> {
    let item = Item::of(&change.item)?;
    let (list, name) = (item.list(), item.name());
    let is = |json: &Json| plain::name(json) == Some(name);
    let order = |json: &Json| plain::name(json).unwrap_or_default().to_owned();
    match &change.after {
        Some(_) => manifests.edit(&change.layer, file, |doc| {
            let entry = plain::write(doc.find(list, &is), name);
            doc.put(list, &is, &entry, &order);
            Ok(())
        })?,
        None => {
            let identity = json!({ "name": name });
            manifests.remove(&change.layer, file, list, &is, identity, &order)?;
        }
    }
    Ok(item)
}
