//! Writing what the machine has into `toolbox-packages.json`, in the form that each entry has.

use anyhow::Result;
use serde_json::{Map, Value as Json, json};

use super::entry::{
    self, COMPONENTS, DEFAULT, NPM, PROTO, SCRIPTS, TARGETS, TOOLCHAINS, canonical, said_default,
};
use super::{ARGS, FILE, Item, SHA256, TOOLCHAIN, URL, VERSION};
use crate::core::item::{Layer, Record};
use crate::core::names::ToolchainName;
use crate::core::plan::Change;
use crate::manifest::{Manifests, plain};

/// Makes each changed item say what its change says.
pub(super) fn capture(manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
    let mut items = Vec::new();
    for change in changes {
        items.push((Item::of(&change.item)?, *change));
    }
    let goes = |name: &ToolchainName| {
        let item = Item::Toolchain(name.clone());
        items.iter().any(|(one, change)| *one == item && change.after.is_none())
    };
    // The default first: it says which toolchains need not be listed.
    for (_, change) in items.iter().filter(|(item, _)| *item == Item::Default) {
        let before = entry::default(manifests)?.map(|(name, _)| name);
        write_default(manifests, change)?;
        // What was wanted only because it was the default is wanted still, unless it goes too.
        if let Some(before) = before.filter(|name| !goes(name))
            && entry::default(manifests)?.is_none_or(|(now, _)| now != before)
        {
            list(manifests, &change.layer, TOOLCHAINS, before.as_str())?;
        }
    }
    for (item, change) in &items {
        let (after, layer) = (change.after.as_ref(), &change.layer);
        match (item, after) {
            (Item::Default, _) => (),
            (Item::Toolchain(name), Some(_)) => {
                let sheet = manifests.sheet(layer, FILE)?;
                let said = sheet.map(|sheet| said_default(&sheet)).transpose()?.flatten().flatten();
                if said.map(|said| canonical(&said)).as_ref() != Some(name) {
                    list(manifests, layer, TOOLCHAINS, name.as_str())?;
                }
            }
            (Item::Toolchain(name), None) => unlist(manifests, layer, TOOLCHAINS, name.as_str())?,
            (Item::Component(name), Some(_)) => list(manifests, layer, COMPONENTS, name.as_str())?,
            (Item::Component(name), None) => unlist(manifests, layer, COMPONENTS, name.as_str())?,
            (Item::Target(name), Some(_)) => list(manifests, layer, TARGETS, name.as_str())?,
            (Item::Target(name), None) => unlist(manifests, layer, TARGETS, name.as_str())?,
            (Item::Npm(name), Some(after)) => {
                versioned(manifests, change, NPM, name.as_str(), after)?
            }
            (Item::Npm(name), None) => unlist(manifests, layer, NPM, name.as_str())?,
            (Item::Tool(name), Some(after)) => {
                versioned(manifests, change, PROTO, name.as_str(), after)?;
            }
            (Item::Tool(name), None) => unlist(manifests, layer, PROTO, name.as_str())?,
            (Item::Script(name), Some(after)) => script(manifests, layer, name.as_str(), after)?,
            (Item::Script(name), None) => unlist(manifests, layer, SCRIPTS, name.as_str())?,
        }
    }
    Ok(())
}

fn write_default(manifests: &mut Manifests, change: &Change) -> Result<()> {
    let after = change.after.as_ref().and_then(|after| after.text(TOOLCHAIN));
    let said = match &change.layer {
        Layer::Shared => None,
        Layer::Host(_) => manifests.sheet(&Layer::Shared, FILE)?,
    };
    let shared = said.map(|sheet| said_default(&sheet)).transpose()?.flatten().flatten();
    let value = match (after, shared) {
        (Some(name), _) => Some(json!(name)),
        // Else the shared one would show through.
        (None, Some(_)) => Some(Json::Null),
        (None, None) => None,
    };
    manifests.edit(&change.layer, FILE, |doc| {
        doc.set(DEFAULT, value.as_ref());
        Ok(())
    })
}

/// Whether an entry is the one of that name. A toolchain may be written with this machine's host.
fn is<'a>(list: &str, name: &'a str) -> impl Fn(&Json) -> bool + 'a {
    let toolchains = list == TOOLCHAINS;
    move |json| match plain::name(json) {
        Some(said) if toolchains => {
            said.parse().is_ok_and(|said: ToolchainName| canonical(&said).as_str() == name)
        }
        said => said == Some(name),
    }
}

fn order(json: &Json) -> String {
    plain::name(json).unwrap_or_default().to_owned()
}

/// Puts a name into a list of names.
fn list(manifests: &mut Manifests, layer: &Layer, list: &str, name: &str) -> Result<()> {
    let is = is(list, name);
    manifests.edit(layer, FILE, |doc| {
        let entry = match doc.find(list, &is) {
            Some(Json::String(said)) => Json::String(said),
            found => plain::write(found, name),
        };
        doc.put(list, &is, &entry, &order);
        Ok(())
    })
}

fn unlist(manifests: &mut Manifests, layer: &Layer, list: &str, name: &str) -> Result<()> {
    manifests.remove(layer, FILE, list, &is(list, name), json!({ "name": name }), &order)
}

/// Writes a package or a tool. A new entry names a version only where somebody named it: what happens to be there is not
/// what is wanted.
fn versioned(
    manifests: &mut Manifests,
    change: &Change,
    list: &str,
    name: &str,
    after: &Record,
) -> Result<()> {
    let is = is(list, name);
    let seen = change.other.as_ref().and_then(|live| live.text(VERSION));
    manifests.edit(&change.layer, FILE, |doc| {
        let found = doc.find(list, &is);
        let found = found.filter(|entry| entry.get("absent").is_none());
        let new = found.is_none();
        let version = after.text(VERSION).filter(|version| !new || Some(*version) != seen);
        let mut entry = match found {
            Some(Json::Object(entry)) => entry,
            Some(bare) if version.is_none() => {
                doc.put(list, &is, &bare, &order);
                return Ok(());
            }
            _ => Map::from_iter([("name".to_owned(), name.into())]),
        };
        match version {
            Some(version) => drop(entry.insert(VERSION.to_owned(), version.into())),
            None => drop(entry.shift_remove(VERSION)),
        }
        doc.put(list, &is, &Json::Object(entry), &order);
        Ok(())
    })
}

fn script(manifests: &mut Manifests, layer: &Layer, name: &str, after: &Record) -> Result<()> {
    let is = is(SCRIPTS, name);
    // They may build on one another: a new one comes last.
    let order = |json: &Json| if is(json) { "1" } else { "0" }.to_owned();
    manifests.edit(layer, FILE, |doc| {
        let mut entry = match doc.find(SCRIPTS, &is) {
            Some(Json::Object(entry)) => entry,
            _ => Map::from_iter([("name".to_owned(), name.into())]),
        };
        entry.shift_remove("absent");
        for field in [URL, SHA256] {
            entry.insert(field.to_owned(), after.text(field).unwrap_or_default().into());
        }
        match after.text(ARGS) {
            Some(args) => drop(entry.insert(ARGS.to_owned(), serde_json::from_str(args)?)),
            None => drop(entry.shift_remove(ARGS)),
        }
        doc.put(SCRIPTS, &is, &Json::Object(entry), &order);
        Ok(())
    })
}
