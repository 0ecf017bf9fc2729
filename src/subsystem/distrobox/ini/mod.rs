//! `distrobox.ini`, as `distrobox assemble` reads and evaluates it, to entries of `distrobox.json` and back.
//!
//! It is no INI file that a library reads: distrobox (1.8) strips comments with `sed`, lets `sh` evaluate each value, and
//! has `eval` evaluate it once more on the way to `distrobox-create`, which evaluates flags and hooks a third time.
//! Each of these is one function in `layers`, and its inverse. Where `sh` is dash, distrobox's own `echo` also takes
//! backslashes for escapes, which no quoting prevents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use thiserror::Error;

use super::flags;
use crate::core::names::{BoxPackage, ContainerName, ImageRef};
use crate::core::sh;
use crate::words::{fill, gettext};

mod layers;
#[cfg(test)]
mod tests;
mod write;

pub use write::{Left, Written, write};

/// What a box does not share with the machine, as `unshare_…` names it.
const UNSHARE: [&str; 5] = ["devsys", "groups", "ipc", "netns", "process"];

/// A file that cannot be read as a whole.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {what}")]
pub struct IniError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ini {
    /// The boxes in the order of the file, each with its entry as in `distrobox.json`.
    pub boxes: Vec<(ContainerName, Map<String, Json>)>,
    /// What is not taken over, or not as it is written there.
    pub notes: Vec<Note>,
}

/// A line that is not taken over, or not as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// The section it stands in.
    pub section: String,
    /// Its key.
    pub key: String,
    /// What became of it, for people: a part of a sentence.
    pub why: String,
}

/// One line `key=value`.
#[derive(Clone, Copy, Debug)]
struct Line<'t> {
    number: usize,
    /// The section it stands in, by its number.
    section: usize,
    key: &'t str,
    value: &'t str,
}

#[derive(Debug)]
struct Section<'t> {
    number: usize,
    name: String,
    lines: Vec<Line<'t>>,
}

/// Reads a file.
pub fn read(text: &str) -> Result<Ini, IniError> {
    let text: String = text.lines().map(|line| layers::stripped(line) + "\n").collect();
    let sections = sections(&text)?;
    let mut ini = Ini::default();
    let mut seen = BTreeSet::new();
    for (at, section) in sections.iter().enumerate() {
        let error = |what: String| IniError { line: section.number, what };
        let name: ContainerName = section
            .name
            .parse()
            .map_err(|why: crate::core::names::InvalidName| error(why.to_string()))?;
        if !seen.insert(name.clone()) {
            let text = gettext("“{name}” stands here twice");
            return Err(error(fill(&text, &[("name", &section.name)])));
        }
        let mut lines = Vec::new();
        let mut budget = 10_000;
        with_included(&sections, at, &mut budget, &mut Vec::new(), &mut lines)?;
        let mut reader = Reader { section, notes: &mut ini.notes, entry: Map::new() };
        reader.read(&lines);
        let entry = in_order(reader.entry);
        if entry.contains_key("image") {
            ini.boxes.push((name, entry));
        } else if !included(&sections, &section.name) {
            let why = gettext("left out, because it names no image");
            let key = format!("[{name}]");
            ini.notes.push(Note { line: section.number, section: section.name.clone(), key, why });
        }
    }
    Ok(ini)
}

fn sections(text: &str) -> Result<Vec<Section<'_>>, IniError> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.starts_with('[') {
            let name = line.replace(['[', ']', ' '], "");
            sections.push(Section { number, name, lines: Vec::new() });
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let error = |what: String| IniError { line: number, what };
        let Some((key, value)) = line.split_once('=') else {
            return Err(error(gettext("this is neither “[name]” nor “key=value”")));
        };
        let at = sections.len();
        let Some(section) = sections.last_mut() else {
            return Err(error(gettext("this stands before the first “[name]”")));
        };
        let line = Line { number, section: at - 1, key: key.trim(), value: value.trim() };
        section.lines.push(line);
    }
    Ok(sections)
}

/// Whether a section is another's, by `include`.
fn included(sections: &[Section<'_>], name: &str) -> bool {
    let mut lines = sections.iter().flat_map(|section| &section.lines);
    lines.any(|line| line.key == "include" && layers::sourced(line.value).as_deref() == Ok(name))
}

/// The lines of a section, each `include` replaced by the lines of the section that it names.
fn with_included<'t>(
    sections: &[Section<'t>],
    at: usize,
    budget: &mut usize,
    way: &mut Vec<usize>,
    lines: &mut Vec<Line<'t>>,
) -> Result<(), IniError> {
    way.push(at);
    for line in sections.get(at).map(|section| section.lines.as_slice()).unwrap_or_default() {
        if line.key != "include" {
            lines.push(*line);
            continue;
        }
        let error = |what: String| IniError { line: line.number, what };
        let name = layers::sourced(line.value).map_err(|why| error(why.to_string()))?;
        match sections.iter().position(|section| section.name == name) {
            Some(other) if way.contains(&other) => {
                let text = gettext("“{name}” includes itself");
                return Err(error(fill(&text, &[("name", &name)])));
            }
            Some(other) => {
                // Each of many may include the next one twice.
                *budget = budget
                    .checked_sub(1)
                    .ok_or_else(|| error(gettext("more is included than can be meant")))?;
                with_included(sections, other, budget, way, lines)?;
            }
            None => {
                let text = gettext("there is no section “{name}” to include");
                return Err(error(fill(&text, &[("name", &name)])));
            }
        }
    }
    way.pop();
    Ok(())
}

/// The keys of an entry in the order that `distrobox.json` is written in.
fn in_order(mut entry: Map<String, Json>) -> Map<String, Json> {
    const ORDER: [&str; 17] = [
        "image",
        "packages",
        "bins",
        "exported_apps",
        "init_hooks",
        "pre_init_hooks",
        "volume",
        "pull",
        "init",
        "root",
        "nvidia",
        "home",
        "hostname",
        "unshare",
        "path",
        "env",
        "additional_flags",
    ];
    ORDER.into_iter().filter_map(|key| entry.remove_entry(key)).collect()
}

/// Reads the lines of one section into an entry.
struct Reader<'r, 't> {
    section: &'r Section<'t>,
    notes: &'r mut Vec<Note>,
    entry: Map<String, Json>,
}

impl Reader<'_, '_> {
    fn note(&mut self, line: &Line<'_>, why: String) {
        let section = self.section.name.clone();
        self.notes.push(Note { line: line.number, section, key: line.key.to_owned(), why });
    }

    /// Adds to a list, each element once.
    fn add(&mut self, list: &str, element: &str) {
        let list = self.entry.entry(list).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut()
            && !list.iter().any(|one| one == element)
        {
            list.push(element.into());
        }
    }

    /// Takes a value that a shell has evaluated; where it cannot be told, it is named.
    fn told(&mut self, line: &Line<'_>, value: Result<String, sh::NotPlain>) -> Option<String> {
        match value {
            Ok(value) => Some(value),
            Err(why) => {
                let text = gettext("left out: {why}");
                self.note(line, fill(&text, &[("why", &why.to_string())]));
                None
            }
        }
    }

    fn read(&mut self, lines: &[Line<'_>]) {
        let mut flags = Vec::new();
        let mut single: BTreeMap<&str, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.value.is_empty()) {
            match line.key {
                "image" | "home" | "hostname" | "exported_bins_path" => {
                    let before = single.insert(line.key, line.section);
                    // What a section says after what it includes is meant to take its place.
                    if before == Some(line.section) {
                        self.note(line, gettext("stands here twice: the last one counts"));
                    }
                    self.text(line);
                }
                "init" | "nvidia" | "pull" | "root" => {
                    if let Some(on) = self.switch(line) {
                        self.entry.insert(line.key.to_owned(), on.into());
                    }
                }
                "additional_packages" => {
                    for package in self.evaluated(line) {
                        match package.parse::<BoxPackage>() {
                            Ok(package) => self.add("packages", package.as_str()),
                            Err(why) => self.note(line, left_out(&why)),
                        }
                    }
                }
                "volume" | "volumes" => self.volumes(line),
                "exported_apps" => {
                    for app in self.sourced_words(line) {
                        self.add("exported_apps", &app);
                    }
                }
                "exported_bins" => self.bins(line),
                "additional_flags" => {
                    let text =
                        layers::sourced(line.value).and_then(|text| layers::evaluated(&text));
                    flags.extend(self.told(line, text).map(|text| (line, text)));
                }
                // Together, below.
                "init_hooks" | "pre_init_hooks" => (),
                key => match key.strip_prefix("unshare_") {
                    Some(what) if what == "all" || UNSHARE.contains(&what) => {
                        let all = UNSHARE.into_iter().filter(|one| what == "all" || what == *one);
                        if self.switch(line) == Some(true) {
                            all.for_each(|one| self.add("unshare", one));
                        }
                    }
                    _ => self.note(line, no_place(key)),
                },
            }
        }
        for (line, text) in flags {
            self.flags(line, &text);
        }
        for key in ["init_hooks", "pre_init_hooks"] {
            self.hooks(lines, key);
        }
    }

    fn text(&mut self, line: &Line<'_>) {
        let once = layers::sourced(line.value);
        // The path alone is evaluated once.
        let value = match line.key {
            "exported_bins_path" => once,
            _ => once.and_then(|once| layers::evaluated(&once)),
        };
        let Some(value) = self.told(line, value) else { return };
        match line.key {
            "image" if value.parse::<ImageRef>().is_err() => {
                let why = gettext("left out: it is no image reference");
                self.note(line, why);
            }
            "exported_bins_path" => {
                let bins = self.entry.entry("bins").or_insert_with(|| json!({}));
                bins["to"] = value.into();
            }
            "home" => {
                let bare = value.trim_end_matches('/');
                self.entry
                    .insert("home".to_owned(), if bare.is_empty() { "/" } else { bare }.into());
            }
            key => drop(self.entry.insert(key.to_owned(), value.into())),
        }
    }

    fn switch(&mut self, line: &Line<'_>) -> Option<bool> {
        match layers::sourced(line.value).as_deref() {
            Ok("true" | "1") => Some(true),
            Ok("false" | "0") => Some(false),
            _ => {
                self.note(line, gettext("left out: it is neither true nor false"));
                None
            }
        }
    }

    /// The words of a value that is evaluated twice.
    fn evaluated(&mut self, line: &Line<'_>) -> Vec<String> {
        let value = layers::sourced(line.value).and_then(|value| layers::evaluated(&value));
        let value = self.told(line, value).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    }

    /// The words of a value that is evaluated once.
    fn sourced_words(&mut self, line: &Line<'_>) -> Vec<String> {
        let value = self.told(line, layers::sourced(line.value)).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    }

    fn volumes(&mut self, line: &Line<'_>) {
        for volume in self.evaluated(line) {
            if let Some(volume) = self.told(line, sh::word(&volume)) {
                self.add("volume", &volume);
            }
        }
    }

    fn bins(&mut self, line: &Line<'_>) {
        for bin in self.sourced_words(line) {
            if !bin.starts_with(['/', '~']) {
                let text = gettext("left out: “{program}” is not the path of a program");
                self.note(line, fill(&text, &[("program", &bin)]));
                continue;
            }
            let bins = self.entry.entry("bins").or_insert_with(|| json!({}));
            match &mut bins["also"] {
                Json::Array(also) if also.contains(&bin.as_str().into()) => (),
                Json::Array(also) => also.push(bin.into()),
                also => *also = json!([bin]),
            }
        }
    }

    /// Flags for podman: what there is an own key for is not kept among them.
    fn flags(&mut self, line: &Line<'_>, text: &str) {
        let words = match sh::words(text) {
            Ok(words) => words,
            Err(why) => return drop(self.told(line, Err(why))),
        };
        let text = flags::join(words.iter().map(String::as_str));
        let flags = match flags::parse([text.as_str()]) {
            Ok(flags) => flags,
            Err(why) => return self.note(line, left_out(&why)),
        };
        for volume in flags.volumes {
            self.add("volume", &volume);
        }
        for (name, value) in flags.env {
            let env = self.entry.entry("env").or_insert_with(|| json!({}));
            env[name] = value.into();
        }
        if !flags.rest.is_empty() {
            let text = flags::join(flags.rest.iter().map(String::as_str));
            let list = self.entry.entry("additional_flags").or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(text.into());
            }
        }
    }

    fn hooks(&mut self, lines: &[Line<'_>], key: &str) {
        let lines: Vec<&Line<'_>> = lines.iter().filter(|line| line.key == key).collect();
        let texts: Vec<&str> = lines.iter().map(|line| layers::unwrapped(line.value)).collect();
        for (line, hook) in lines.iter().zip(layers::hooks_read(&texts, key == "pre_init_hooks")) {
            if hook.text.trim().is_empty() {
                continue;
            }
            if let Some(why) = hook.note {
                self.note(line, why);
            }
            let list = self.entry.entry(key).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(hook.text.into());
            }
        }
    }
}

fn left_out(why: &impl std::fmt::Display) -> String {
    fill(&gettext("left out: {why}"), &[("why", &why.to_string())])
}

fn no_place(key: &str) -> String {
    match key {
        "clone" => gettext("left out: a box is made from its image, and not from another box"),
        "entry" => gettext("left out: whether a box has an entry in the menu is not managed"),
        "start_now" => gettext("left out: a box is started when it is needed"),
        "replace" => gettext("left out: a box is made again where it has to be, and asked about"),
        _ => gettext("left out: there is no such key in the manifest"),
    }
}
