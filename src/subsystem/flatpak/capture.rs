//! Writing what the machine has into `flatpak-apps.json`, in the form each entry already has.

use anyhow::Result;
use serde_json::{Map, Value as Json, json};

use super::Item;
use super::apps::{FILE, GLOBAL, LIST};
use super::flags;
use super::overrides::{self, Changes, Home, changes};
use super::stores::Groups;
use crate::core::item::{Layer, Record, Value};
use crate::core::names::AppId;
use crate::core::plan::Change;
use crate::host::flatpak::Scope;
use crate::manifest::{Doc, Manifests};

/// Edits the manifests for one change.
pub fn capture(manifests: &mut Manifests, change: &Change) -> Result<()> {
    match Item::parse(&change.item) {
        Some(Item::App(scope, id)) => app(manifests, change, scope, &id),
        Some(Item::Global(scope)) => global(manifests, change, scope),
        None => anyhow::bail!("“{}” is not an app", change.item),
    }
}

fn is(scope: Scope, id: &AppId) -> impl Fn(&Json) -> bool + '_ {
    move |entry| entry["id"] == id.as_str() && entry["scope"] == scope.as_str()
}

fn app(manifests: &mut Manifests, change: &Change, scope: Scope, id: &AppId) -> Result<()> {
    let is_it = is(scope, id);
    let order = |entry: &Json| format!("{}\0{}", entry["id"], entry["scope"]);
    let Some(after) = &change.after else {
        let identity = json!({ "id": id.as_str(), "scope": scope.as_str() });
        return manifests.remove(&change.layer, FILE, LIST, &is_it, identity, &order);
    };
    manifests.edit(&change.layer, FILE, |doc| {
        let found = doc.find(LIST, &is_it);
        // An entry that takes another layer's away is replaced.
        let found = found.filter(|entry| entry.get("absent").is_none());
        let new = found.is_none();
        let entry = found
            .unwrap_or_else(|| json!({ "id": id.as_str(), "remote": "", "scope": scope.as_str() }));
        let Json::Object(mut entry) = entry else { return Ok(()) };
        plain_fields(&mut entry, change, after, new);
        if !sibling_has_user_layer(doc, &entry, scope, id) {
            layer(&mut entry, "overrides", change, after, "user", new);
        }
        layer(&mut entry, "system_overrides", change, after, "system", new);
        doc.put(LIST, &is_it, &Json::Object(entry), &order);
        Ok(())
    })
}

/// Whether the entry for the other scope is where the person's overrides stand.
fn sibling_has_user_layer(doc: &Doc, entry: &Map<String, Json>, scope: Scope, id: &AppId) -> bool {
    !entry.contains_key("overrides")
        && doc
            .find(LIST, &is(scope.other(), id))
            .is_some_and(|entry| entry.get("overrides").is_some())
}

/// Remote, branch and commit. A new entry names its branch, so that another machine takes the same one, and
/// its commit only if updates leave it alone here.
fn plain_fields(entry: &mut Map<String, Json>, change: &Change, after: &Record, new: bool) {
    let masked = |record: Option<&Record>| {
        record.is_some_and(|record| record.get("masked") == Some(&Value::Flag(true)))
    };
    let live = change.other.as_ref().and_then(|other| other.get("commit"));
    for field in ["remote", "branch", "commit"] {
        let before = change.before.as_ref().and_then(|record| record.get(field));
        let mut value = after.get(field);
        if field == "commit" {
            value = match (masked(Some(after)), masked(change.before.as_ref())) {
                (true, _) => value.or(live),
                // It was let go.
                (false, true) => None,
                // What happens to be there is not what is wanted.
                (false, false) if new && live == value => None,
                (false, false) => value,
            };
        }
        if !new && before == value {
            continue;
        }
        match value {
            Some(value) => drop(entry.insert(field.to_owned(), value.to_string().into())),
            None => drop(entry.shift_remove(field)),
        }
    }
}

/// One layer's overrides.
fn layer(
    entry: &mut Map<String, Json>,
    name: &str,
    change: &Change,
    after: &Record,
    layer: &str,
    new: bool,
) {
    let old = match new {
        true => None,
        false => change.before.as_ref(),
    };
    let changes =
        changes(&overrides::of_record(old, layer), &overrides::of_record(Some(after), layer));
    if !changes.is_empty() {
        set(entry, name, &changes);
    }
}

/// How the entry may spell what changes. The person's home is “~” in every field, so a path below `/home` is
/// somebody else's.
fn spelling(changes: &Changes) -> Home {
    let others = |name: &String| {
        ["/filesystems//home/", "/filesystems//var/home/"].iter().any(|part| name.contains(part))
    };
    match changes.keys().any(others) {
        true => Home::Nobody,
        false => Home::Anybody,
    }
}

/// Makes `changes` to the overrides under `name`, in the form they have; new ones are an object.
fn set(object: &mut Map<String, Json>, name: &str, changes: &Changes) {
    let home = spelling(changes);
    let edited = match object.get(name) {
        Some(Json::Array(list)) => {
            let list: Vec<String> =
                list.iter().filter_map(|flag| flag.as_str().map(str::to_owned)).collect();
            match flags::write(&list, changes, &home) {
                Some(list) => Json::from(list),
                // What no flag can say needs the other form.
                None => {
                    let mut groups = Groups::new();
                    let all = flags::read(&list, &Home::Nobody);
                    let all = all.into_iter().map(|(name, value)| (name, Some(value))).collect();
                    overrides::write(&mut groups, &all, &Home::Nobody);
                    overrides::write(&mut groups, changes, &home);
                    groups.into()
                }
            }
        }
        found => {
            let mut groups = found.and_then(Json::as_object).cloned().unwrap_or_default();
            overrides::write(&mut groups, changes, &home);
            groups.into()
        }
    };
    let empty = match &edited {
        Json::Array(list) => list.is_empty(),
        Json::Object(groups) => groups.is_empty(),
        _ => false,
    };
    match empty {
        true => drop(object.shift_remove(name)),
        false => drop(object.insert(name.to_owned(), edited)),
    }
}

fn global(manifests: &mut Manifests, change: &Change, scope: Scope) -> Result<()> {
    let name = scope.as_str();
    let shared_shows_through = match &change.layer {
        Layer::Shared => false,
        Layer::Host(_) => {
            let shared =
                manifests.sheet(&Layer::Shared, FILE)?.and_then(|sheet| sheet.get(GLOBAL).cloned());
            shared.is_some_and(|global| global.get(name).is_some())
        }
    };
    manifests.edit(&change.layer, FILE, |doc| {
        let mut global = match doc.get(GLOBAL) {
            Some(Json::Object(global)) => global,
            _ => Map::new(),
        };
        let old = match global.get(name) {
            Some(_) => overrides::of_record(change.before.as_ref(), name),
            None => overrides::Fields::new(),
        };
        let new = overrides::of_record(change.after.as_ref(), name);
        set(&mut global, name, &changes(&old, &new));
        if new.is_empty() {
            match shared_shows_through {
                true => drop(global.insert(name.to_owned(), json!({}))),
                false => drop(global.shift_remove(name)),
            }
        }
        doc.set(GLOBAL, (!global.is_empty()).then(|| Json::Object(global)).as_ref());
        Ok(())
    })
}
