//! Entries written into `distrobox.json`: only what changed is written anew, and what we do not know stays.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::exports::{Bins, FROM, NOT};
use super::{
    APPS, BINS, BINS_TO, ENV, FLAGS, HOME, HOSTNAME, IMAGE, INIT, INIT_HOOKS, NVIDIA, PACKAGES,
    PATH, PRE_INIT_HOOKS, PULL, ROOT, UNSHARE, VOLUME, flags, place,
};
use crate::core::item::{Elements, Record, Value};

type Entry = Map<String, Json>;

/// Puts what a record says into an entry that said `before`.
pub(super) fn write(entry: &mut Entry, before: Option<&Record>, after: &Record) {
    let blank = Record::new();
    let before = before.unwrap_or(&blank);
    let moved = |field: &str| before.get(field) != after.get(field);
    if moved(IMAGE) || !entry.contains_key(IMAGE) {
        put(entry, IMAGE, after.text(IMAGE).map(Json::from));
    }
    for field in [PACKAGES, APPS, UNSHARE] {
        if moved(field) {
            write_set(entry, field, set(after, field));
        }
    }
    if moved(BINS) || moved(BINS_TO) {
        write_bins(entry, before, after);
    }
    for field in [INIT_HOOKS, PRE_INIT_HOOKS] {
        if moved(field) {
            put(entry, field, after.text(field).map(|line| json!([line])));
        }
    }
    for field in [INIT, ROOT, NVIDIA, PULL] {
        if moved(field) {
            let on = matches!(after.get(field), Some(Value::Flag(true)));
            // A switch that was written down stays written down.
            let off = entry.contains_key(field).then_some(Json::Bool(false));
            put(entry, field, if on { Some(Json::Bool(true)) } else { off });
        }
    }
    for field in [HOME, HOSTNAME] {
        if moved(field) {
            put(entry, field, after.text(field).map(Json::from));
        }
    }
    if moved(PATH) {
        let dirs = |path: &str| path.split(':').map(Json::from).collect::<Vec<_>>().into();
        put(entry, PATH, after.text(PATH).map(dirs));
    }
    write_options(entry, before, after);
}

fn put(entry: &mut Entry, name: &str, value: Option<Json>) {
    match value {
        Some(value) => drop(entry.insert(name.to_owned(), value)),
        None => drop(entry.shift_remove(name)),
    }
}

fn set<'r>(record: &'r Record, field: &str) -> Option<&'r Elements> {
    match record.get(field) {
        Some(Value::Set(elements)) => Some(elements),
        _ => None,
    }
}

/// The texts of a list, or of one text.
fn texts(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(list)) => {
            list.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// A list that has what it should: what stays keeps its place, what is new comes where a sorted list has it, else last.
fn list(old: Vec<String>, wanted: impl IntoIterator<Item = String>) -> Json {
    let wanted: BTreeSet<String> = wanted.into_iter().collect();
    let sorted = old.is_sorted();
    let mut new: Vec<String> = old.into_iter().filter(|text| wanted.contains(text)).collect();
    let more: Vec<String> = wanted.into_iter().filter(|text| !new.contains(text)).collect();
    new.extend(more);
    if sorted {
        new.sort();
    }
    new.into()
}

fn write_set(entry: &mut Entry, field: &str, wanted: Option<&Elements>) {
    let there = entry.contains_key(field);
    match wanted {
        None => put(entry, field, None),
        Some(wanted) if wanted.is_empty() && !there => (),
        Some(wanted) => {
            let new = list(texts(entry.get(field)), wanted.iter().map(str::to_owned));
            put(entry, field, Some(new));
        }
    }
}

/// A program that is no more exported is excluded where its directory is exported, and one that is exported is named only
/// where no directory brings it.
fn write_bins(entry: &mut Entry, before: &Record, after: &Record) {
    let elements = |record: &Record| set(record, BINS).cloned().unwrap_or_default();
    let (old, new) = (elements(before), elements(after));
    let mut bins = match entry.get("bins") {
        Some(Json::Object(bins)) => bins.clone(),
        _ => Entry::new(),
    };
    let wanted = Bins::of(new.iter(), None);
    let written = |bins: &Entry, name: &str| texts(bins.get(name));
    let canonical = |path: &String| place::short(std::path::Path::new("/nonexistent"), path);
    let mut from: Vec<String> = written(&bins, "from");
    from.retain(|dir| {
        wanted.from.contains(&canonical(dir)) || !old.contains(&format!("{FROM}{}", canonical(dir)))
    });
    let missing: Vec<String> = wanted
        .from
        .iter()
        .filter(|dir| {
            !from.iter().any(|one| canonical(one) == **dir)
                && !old.contains(&format!("{FROM}{dir}"))
        })
        .cloned()
        .collect();
    from.extend(missing);
    let mut also: Vec<String> = written(&bins, "also");
    let mut not: Vec<String> = written(&bins, "exclude");
    let is_path = |element: &&str| !element.starts_with(FROM) && !element.starts_with(NOT);
    let covered = |path: &str| wanted.from.iter().any(|dir| dir == place::dir_of(path));
    let gone: Vec<&str> = old.iter().filter(is_path).filter(|path| !new.contains(path)).collect();
    let come: Vec<&str> = new.iter().filter(is_path).filter(|path| !old.contains(path)).collect();
    let same_name = |paths: &[&str], path: &str| {
        paths.iter().any(|one| place::name_of(one) == place::name_of(path))
    };
    for path in &gone {
        let named = also.iter().any(|one| canonical(one) == *path);
        also.retain(|one| canonical(one) != *path);
        let name = place::name_of(path);
        if !named && covered(path) && !same_name(&come, path) && !not.iter().any(|one| one == name)
        {
            not.push(name.to_owned());
        }
    }
    for path in &come {
        let name = place::name_of(path);
        let excluded = not.iter().any(|one| one == name);
        // One of another directory that is exported too would come first.
        match covered(path) && excluded && !same_name(&gone, path) {
            true => not.retain(|one| one != name),
            false => also.push((*path).to_owned()),
        }
    }
    for element in old.iter().filter(|element| !new.contains(element)) {
        if let Some(name) = element.strip_prefix(NOT) {
            not.retain(|one| place::name_of(one) != name);
        }
    }
    for name in
        new.iter().filter(|element| !old.contains(element)).filter_map(|one| one.strip_prefix(NOT))
    {
        if !not.iter().any(|one| one == name) {
            not.push(name.to_owned());
        }
    }
    for (name, texts) in [("from", from), ("also", also), ("exclude", not)] {
        match texts.is_empty() && !bins.contains_key(name) {
            true => (),
            false => put(&mut bins, name, Some(texts.into())),
        }
    }
    put(&mut bins, "to", after.text(BINS_TO).map(Json::from));
    match set(after, BINS).is_none() && after.get(BINS_TO).is_none() {
        true => put(entry, "bins", None),
        false => put(entry, "bins", Some(Json::Object(bins))),
    }
}

/// Variables and volumes may stand among the options too: where one of those changes, all of them go to their own place.
fn write_options(entry: &mut Entry, before: &Record, after: &Record) {
    let lines = texts(entry.get(FLAGS));
    let given = flags::parse(lines.iter().map(String::as_str)).unwrap_or_default();
    let env = |record: &Record| -> Vec<(String, String)> {
        let pairs = record.under(ENV).filter_map(|(name, value)| match value {
            Value::Text(value) => Some((name.to_owned(), value.clone())),
            _ => None,
        });
        pairs.collect()
    };
    let (old, new) = (env(before), env(after));
    let volumes_move = before.get(VOLUME) != after.get(VOLUME);
    let mixed = !given.env.is_empty() && old != new || !given.volumes.is_empty() && volumes_move;
    if old != new || mixed {
        let mut variables = match entry.get("env") {
            Some(Json::Object(variables)) => variables.clone(),
            _ => Entry::new(),
        };
        variables.retain(|name, _| new.iter().any(|(one, _)| one == name));
        for (name, value) in new {
            variables.insert(name, value.into());
        }
        let there = entry.contains_key("env");
        let some = there || !variables.is_empty();
        put(entry, "env", some.then_some(Json::Object(variables)));
    }
    if volumes_move || mixed {
        let wanted = set(after, VOLUME).cloned().unwrap_or_default();
        let there = entry.contains_key(VOLUME);
        let new = list(texts(entry.get(VOLUME)), wanted.iter().map(str::to_owned));
        let some = set(after, VOLUME).is_some() && (there || !wanted.is_empty());
        put(entry, VOLUME, some.then_some(new));
    }
    if before.get(FLAGS) != after.get(FLAGS) || mixed {
        put(entry, FLAGS, after.text(FLAGS).map(|text| json!([text])));
    }
}
