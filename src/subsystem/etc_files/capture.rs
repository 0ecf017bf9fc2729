//! What is captured, written down: the file in the repository, and an entry of a `files` module that names it.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value as Json, json};

use super::{CONTENT, MODE, below};
use crate::core::item::{Layer, Record};
use crate::core::names::RepoRelPath;
use crate::core::plan::Change;
use crate::manifest::Manifests;
use crate::subsystem::image_config::module::{self, Kind};
use crate::subsystem::image_config::sources::{self, Placed};
use crate::subsystem::image_config::{FILE, LIST, last};
use crate::words::{fill, gettext};

/// The module that captured files go into.
const MODULE: &str = "etc";

/// Makes the manifests say what a change says of its file.
pub fn one(manifests: &mut Manifests, change: &Change) -> Result<()> {
    let dest = change.item.as_str();
    let placed = find(manifests, &change.layer, dest)?;
    match (&change.after, placed) {
        (Some(after), Some(placed)) => update(manifests, change, after, &placed),
        (Some(after), None) => add(manifests, change, after),
        (None, Some(placed)) => remove(manifests, change, &placed),
        (None, None) => drop_shared(manifests, change),
    }
}

/// The entry of a layer that puts a file at `dest`.
fn find(manifests: &Manifests, layer: &Layer, dest: &str) -> Result<Option<Placed>> {
    Ok(of_layer(manifests, layer)?.into_iter().rfind(|placed| placed.dest.as_str() == dest))
}

/// All files that a layer puts in place.
fn of_layer(manifests: &Manifests, layer: &Layer) -> Result<Vec<Placed>> {
    let mut all = Vec::new();
    for module in module::of_layer(manifests, layer)?.modules {
        if let Kind::Files { files, .. } = &module.kind {
            for file in files {
                all.extend(sources::of_entry(manifests, &module.name, layer, file)?);
            }
        }
    }
    Ok(all)
}

fn content<'a>(change: &Change, after: &'a Record) -> Result<&'a str> {
    let text = gettext("{file} is not a text that can be kept in the repository");
    after.text(CONTENT).with_context(|| fill(&text, &[("file", change.item.as_str())]))
}

/// The permissions a record says, also where it leaves them out.
fn mode(record: &Record) -> &str {
    record.text(MODE).unwrap_or("0644")
}

fn update(
    manifests: &mut Manifests,
    change: &Change,
    after: &Record,
    placed: &Placed,
) -> Result<()> {
    let said = format!("{:04o}", placed.mode);
    let moves = shared(manifests, &change.layer, placed)?;
    if !placed.named && (said != mode(after) || moves) {
        // The directory's entry cannot say it of one file; one of its own after it counts.
        return add(manifests, change, after);
    }
    let src = if moves { place(manifests, change)? } else { placed.src.clone() };
    manifests.put_other(&src, Some(content(change, after)?.to_owned()))?;
    if said == mode(after) && !moves {
        return Ok(());
    }
    edit(manifests, &change.layer, &placed.module, |files| {
        for file in files.iter_mut().filter(|file| names(file, placed)) {
            if said != mode(after) {
                file["mode"] = mode(after).into();
            }
            if moves {
                file["src"] = src.as_str().into();
            }
        }
    })
}

/// Whether the same file of the repository goes somewhere else too, which a change of one is not about.
fn shared(manifests: &Manifests, layer: &Layer, placed: &Placed) -> Result<bool> {
    let mut all = of_layer(manifests, layer)?;
    if let Layer::Host(_) = layer {
        all.extend(of_layer(manifests, &Layer::Shared)?);
    }
    let other = |one: &Placed| {
        one.src == placed.src && (one.dest != placed.dest || one.layer != placed.layer)
    };
    Ok(all.iter().any(other))
}

/// Where a new file goes in the repository: where nothing else is.
fn place(manifests: &Manifests, change: &Change) -> Result<RepoRelPath> {
    let top = match &change.layer {
        Layer::Shared => "system".to_owned(),
        Layer::Host(host) => format!("system/hosts/{host}"),
    };
    let mut all = of_layer(manifests, &Layer::Shared)?;
    all.extend(of_layer(manifests, &manifests.own_layer())?);
    for dir in ["etc".to_owned(), "files/etc".to_owned()] {
        let src: RepoRelPath = format!("{top}/{dir}/{}", below(&change.item)).parse()?;
        if !all.iter().any(|placed| placed.src == src) {
            return Ok(src);
        }
    }
    let text = gettext("there is no free place in the repository for {file}");
    bail!(fill(&text, &[("file", change.item.as_str())]))
}

fn add(manifests: &mut Manifests, change: &Change, after: &Record) -> Result<()> {
    let src = place(manifests, change)?;
    manifests.put_other(&src, Some(content(change, after)?.to_owned()))?;
    let mut entry = json!({ "src": src.as_str(), "dest": change.item.as_str() });
    if format!("{:04o}", sources::mode(manifests, &src)) != mode(after) {
        entry["mode"] = mode(after).into();
    }
    put(manifests, &change.layer, entry)
}

/// Adds an entry to the module that captured files go into, which is made if it is not there. In the place of one
/// that says the file is absent, the entry takes its place.
fn put(manifests: &mut Manifests, layer: &Layer, entry: Json) -> Result<()> {
    let said = module::of_layer(manifests, layer)?;
    // A host's module of a shared one's name would take its place.
    let base = match layer {
        Layer::Shared => MODULE.to_owned(),
        Layer::Host(host) => format!("{MODULE}-{host}"),
    };
    let taken = |name: &String| {
        said.absent.contains(name)
            || said.modules.iter().any(|m| m.name == *name && !matches!(m.kind, Kind::Files { .. }))
    };
    let names = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}-{n}")));
    let name = names.into_iter().find(|name| !taken(name)).unwrap_or(base);
    edit(manifests, layer, &name, |files| {
        files.retain(|file| file["dest"] != entry["dest"] || file["absent"] != true);
        let order = |file: &Json| file["dest"].as_str().unwrap_or_default().to_owned();
        let at = match files.is_sorted_by_key(order) {
            true => files.partition_point(|file| order(file) <= order(&entry)),
            false => files.len(),
        };
        files.insert(at, entry);
    })
}

/// Whether an entry of a module is the one that places that file.
fn names(file: &Json, placed: &Placed) -> bool {
    let text = |name: &str| file[name].as_str().unwrap_or_default();
    let dest = text("dest");
    let dest = if dest.starts_with("/usr/etc/") { &dest[4..] } else { dest };
    let name = placed.src.as_str().rsplit('/').next().unwrap_or_default();
    let at = match dest.strip_suffix('/') {
        Some(dir) => format!("{}/{name}", dir.trim_end_matches('/')),
        None => dest.to_owned(),
    };
    text("src").trim_start_matches("./") == placed.src.as_str() && at == placed.dest.as_str()
}

/// Edits the `files` of a module, and drops one that is left with nothing to do.
fn edit(
    manifests: &mut Manifests,
    layer: &Layer,
    name: &str,
    change: impl FnOnce(&mut Vec<Json>),
) -> Result<()> {
    let is = |json: &Json| json["name"] == name;
    manifests.edit(layer, FILE, |doc| {
        let made = || json!({ "name": name, "type": "files", "files": [] });
        let mut module = doc.find(LIST, &is).unwrap_or_else(made);
        let Some(files) = module["files"].as_array_mut() else { return Ok(()) };
        change(files);
        let empty = files.is_empty();
        let plain = |module: &Map<String, Json>| {
            module.keys().all(|key| matches!(key.as_str(), "name" | "type" | "files" | "comment"))
        };
        if empty && module.as_object().is_some_and(plain) {
            doc.remove(LIST, &is);
        } else {
            doc.put(LIST, &is, &module, &last(name));
        }
        Ok(())
    })
}

fn remove(manifests: &mut Manifests, change: &Change, placed: &Placed) -> Result<()> {
    if !placed.named {
        // The rest of the directory stays.
        if !shared(manifests, &change.layer, placed)? {
            manifests.put_other(&placed.src, None)?;
        }
        return Ok(());
    }
    let alone = !shared(manifests, &change.layer, placed)?;
    edit(manifests, &change.layer, &placed.module, |files| {
        files.retain(|file| !names(file, placed));
    })?;
    if alone {
        manifests.put_other(&placed.src, None)?;
    }
    if let Layer::Host(_) = change.layer {
        drop_shared(manifests, change)?;
    }
    Ok(())
}

/// Says in a host's layer that a file of the shared one is absent there.
fn drop_shared(manifests: &mut Manifests, change: &Change) -> Result<()> {
    let shows = find(manifests, &Layer::Shared, change.item.as_str())?.is_some();
    match &change.layer {
        Layer::Host(_) if shows => {
            let entry = json!({ "dest": change.item.as_str(), "absent": true });
            put(manifests, &change.layer, entry)
        }
        _ => Ok(()),
    }
}
