//! Boxes as they are, in the terms of an entry that would make them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::exports::{self, Bins, FROM, NOT, Scripts};
use super::{
    APPS, BINS, BINS_TO, ENV, FLAGS, HOME, HOSTNAME, IMAGE, INIT, INIT_HOOKS, NVIDIA, PACKAGES,
    PATH, PRE_INIT_HOOKS, PULL, ROOT, UNSHARE, VOLUME, aside, flags, hooks, image, lint, place,
    steps,
};
use crate::core::item::{Elements, ItemKey, Live, Notice, Record, Records, Value, WantedItems};
use crate::core::names::ContainerName;
use crate::host::Host;
use crate::host::boxes::{self, Boxed, Boxes, BoxesError, Installed, Maker, State};
use crate::subsystem::Unreadable;
use crate::words::{fill, gettext, ngettext};

/// The directories that every box looks for programs in.
pub(super) const STANDARD_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// How many names a sentence has.
const NAMED: usize = 5;
/// How much of a hook a sentence has, in characters.
const SHOWN: usize = 60;

/// All boxes, and what is to be said of those that are wanted and not to be had.
pub(super) fn records(host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
    let Boxes { boxes, unread } = match boxes::read(host) {
        Ok(boxes) => boxes,
        // Without podman there is no box.
        Err(BoxesError::NoPodman) if wanted.is_empty() => return Ok(Records::default()),
        Err(BoxesError::NoPodman) => {
            return Err(Unreadable::Unavailable {
                reason: gettext("Podman is not installed"),
                hint: Some(gettext(
                    "distroboxes are containers of Podman: install it with the image’s packages",
                )),
            });
        }
        Err(BoxesError::Failed(error)) => return Err(Unreadable::Failed(error)),
    };
    let mut records = Records::default();
    // Of a box that was being made anew, what is here is neither what it was nor what it is to be.
    let set_aside = |boxed: &Boxed| {
        let name = aside::of(&boxed.name).filter(|_| !wanted.contains_key(&key_of(boxed)));
        name.and_then(|name| name.parse::<ContainerName>().ok())
    };
    let half: Vec<(ContainerName, String)> = boxes
        .iter()
        .filter_map(set_aside)
        .filter_map(|name| steps::cut_off(&name, &boxes).map(|reason| (name, reason)))
        .collect();
    let boxes = boxes.into_iter().filter(|boxed| {
        set_aside(boxed).is_none() && !half.iter().any(|(name, _)| *name == boxed.name)
    });
    let (own, toolboxes): (Vec<Boxed>, Vec<Boxed>) =
        boxes.partition(|boxed| boxed.maker == Maker::Distrobox);
    let scripts = Scripts::default();
    for (boxed, packages) in own.iter().zip(all_packages(host, &own, wanted)) {
        let key = key_of(boxed);
        let entry = wanted.get(&key).map(|wanted| &wanted.record);
        records.insert(key, live(host, boxed, entry, packages, &scripts));
    }
    for key in toolboxes.iter().map(key_of).filter(|key| wanted.contains_key(key)) {
        let mut live = Live::absent();
        live.note = Some(gettext("A box of this name was made by toolbox"));
        records.insert(key, live);
    }
    for (key, wanted) in wanted {
        records.notices.extend(doubtful(key, &wanted.record));
    }
    for (key, wanted) in wanted {
        if let Some(reason) = elsewhere(host, &wanted.record) {
            records.insert(key.clone(), Live::unknown(reason));
        }
    }
    for (name, reason) in half {
        records.insert(ItemKey::new(name.as_str()), Live::unknown(reason));
    }
    records.blind = unread.into_iter().map(|reason| (String::new(), reason)).collect();
    Ok(records)
}

/// Why a box that an entry wants cannot be seen by who we are.
pub(super) fn elsewhere(host: &Host, entry: &Record) -> Option<String> {
    match (entry.get(ROOT).is_some(), host.env().is_root) {
        (true, false) => Some(gettext("boxes of root can only be read by root")),
        (false, true) => Some(gettext("boxes of a person cannot be read by root")),
        _ => None,
    }
}

fn key_of(boxed: &Boxed) -> ItemKey {
    ItemKey::new(boxed.name.as_str())
}

/// What is installed in a box, and whether that is the development box; nothing where it is not asked for.
pub(super) type Packages = Result<Option<(Installed, bool)>, String>;

/// The packages of all boxes, of which those that have to be asked are asked at the same time.
fn all_packages(host: &Host, boxes: &[Boxed], wanted: &WantedItems) -> Vec<Packages> {
    let dev = host.dev_box();
    // What is installed in the development box is the toolbox's, but for what the entry asks for.
    let is_asked = |boxed: &&Boxed| {
        let entry = wanted.get(&key_of(boxed)).map(|wanted| &wanted.record);
        match &dev {
            Ok(dev) => boxed.name != **dev || names(entry, PACKAGES).is_some(),
            Err(_) => false,
        }
    };
    let asked: Vec<Boxed> = boxes.iter().filter(is_asked).cloned().collect();
    let mut answers = boxes::all_installed(host, &asked).into_iter();
    let answer = |boxed: &Boxed| {
        let is_dev = dev.as_ref().map(|dev| **dev == boxed.name).map_err(Clone::clone)?;
        match is_asked(&boxed) {
            true => answers.next().transpose().map(|one| one.map(|one| (one, is_dev))),
            false => Ok(None),
        }
    };
    boxes.iter().map(answer).collect()
}

/// What is said of hooks that look as if they did not what hooks are to do.
fn doubtful(key: &ItemKey, entry: &Record) -> Option<Notice> {
    let hooks = [INIT_HOOKS, PRE_INIT_HOOKS].into_iter().filter_map(|field| entry.text(field));
    let found = hooks.flat_map(lint::lint).next()?;
    let text = gettext(
        "A hook of {name}, “{words}”, may not do what hooks are to do, and “bkt distrobox lint” says why",
    );
    let words = match found.words.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &found.words[..at]),
        None => found.words,
    };
    let text = fill(&text, &[("name", key.as_str()), ("words", &words)]);
    Some(Notice { text, remedy: None })
}

/// One box, beside the entry that names it.
pub(super) fn live(
    host: &Host,
    boxed: &Boxed,
    entry: Option<&Record>,
    installed: Packages,
    scripts: &Scripts,
) -> Live {
    let mut record = made(host, boxed, entry);
    let mut notes = Vec::new();
    let mut unread = Vec::new();
    match installed {
        Ok(Some((installed, is_dev))) => {
            put_set(&mut record, PACKAGES, packages(&installed, entry, is_dev), entry);
            notes.extend(gone(&installed));
        }
        Ok(None) => (),
        Err(reason) => unread.push((PACKAGES, reason)),
    }
    match exported(host, boxed, entry, scripts) {
        Ok((bins, to)) => {
            put_set(&mut record, BINS, bins, entry);
            if let Some(to) = to {
                record.set(BINS_TO, to.as_str());
            }
        }
        Err(reason) => unread.push((BINS, reason)),
    }
    match apps(host, &boxed.name, entry) {
        Ok(apps) => put_set(&mut record, APPS, apps, entry),
        Err(reason) => unread.push((APPS, reason)),
    }
    let mut live = Live::known(record);
    for (field, reason) in unread {
        live = live.without(field, reason);
    }
    live.note = (!notes.is_empty()).then(|| notes.join("; "));
    live.running = match boxed.state {
        State::Running { .. } => Some(true),
        State::Stopped { .. } => Some(false),
        State::Other(_) => None,
    };
    live
}

/// How the box was made.
fn made(host: &Host, boxed: &Boxed, entry: Option<&Record>) -> Record {
    let (made, home) = (&boxed.made, &host.env().home);
    let wanted = entry.and_then(|entry| entry.text(IMAGE));
    let name = image::canonical(wanted, &boxed.image, boxed.image_digest.as_deref());
    let mut record = Record::new().with(IMAGE, name.as_str());
    for (field, on) in [(INIT, made.init), (ROOT, host.env().is_root), (NVIDIA, made.nvidia)] {
        if on {
            record.set(field, true);
        }
    }
    // It is a wish for when a box is made, and leaves no trace.
    if let Some(pull) = entry.and_then(|entry| entry.get(PULL)) {
        record.set(PULL, pull.clone());
    }
    let own = made.home.as_deref().map(|path| place::short(home, path)).filter(|path| path != "~");
    if let Some(path) = own {
        record.set(HOME, path.as_str());
    }
    if let Some(hostname) = &made.hostname {
        record.set(HOSTNAME, hostname.as_str());
    }
    for (field, text) in [(INIT_HOOKS, &made.init_hooks), (PRE_INIT_HOOKS, &made.pre_init_hooks)] {
        let line = hooks::of_box(text);
        if !line.is_empty() {
            record.set(field, line.as_str());
        }
    }
    let volumes = made.volumes.iter().map(|volume| place::volume(home, volume)).collect();
    put_set(&mut record, VOLUME, volumes, entry);
    let implied = |name: &&String| made.init && matches!(name.as_str(), "process" | "groups");
    let unshare = made.unshare.iter().filter(|name| !implied(name)).cloned().collect();
    put_set(&mut record, UNSHARE, unshare, entry);
    for (name, value) in &made.env {
        if name != "PATH" {
            record.set(format!("{ENV}{name}"), value.as_str());
        }
    }
    let dirs = made.env.get("PATH").into_iter().flat_map(|path| path.split(':'));
    let own: Vec<String> = dirs
        .filter(|dir| !dir.is_empty() && !STANDARD_PATH.contains(dir))
        .map(|dir| place::short(home, dir))
        .collect();
    if !own.is_empty() {
        record.set(PATH, own.join(":").as_str());
    }
    if !made.flags.is_empty() {
        record.set(FLAGS, flags::join(made.flags.iter().map(String::as_str)).as_str());
    }
    record
}

/// A set is there where it has elements, or where the entry says something of it.
fn put_set(record: &mut Record, field: &str, elements: Vec<String>, entry: Option<&Record>) {
    if !elements.is_empty() || names(entry, field).is_some() {
        record.set(field, Value::Set(elements.into_iter().collect()));
    }
}

/// The set that an entry has.
fn names<'r>(entry: Option<&'r Record>, field: &str) -> Option<&'r Elements> {
    match entry.and_then(|entry| entry.get(field)) {
        Some(Value::Set(elements)) => Some(elements),
        _ => None,
    }
}

/// What somebody asked for, and what the entry asks for and came with something else. Of the development box only that:
/// the rest is the toolbox's.
fn packages(installed: &Installed, entry: Option<&Record>, is_dev: bool) -> Vec<String> {
    let chosen = installed.chosen.iter().filter(|_| !is_dev).map(|package| package.as_str());
    let mut all: BTreeSet<&str> = chosen.collect();
    let wanted = names(entry, PACKAGES).into_iter().flat_map(Elements::iter);
    all.extend(wanted.filter(|name| installed.all.iter().any(|package| package.as_str() == *name)));
    all.into_iter().map(str::to_owned).collect()
}

/// What becomes of packages of the image that were removed.
fn gone(installed: &Installed) -> Option<String> {
    let names: Vec<&str> = installed.gone.iter().map(|package| package.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let text = ngettext(
        "{n} package of its image was removed here, and is back when the box is made anew: {names}",
        "{n} packages of its image were removed here, and are back when the box is made anew: {names}",
        names.len(),
    );
    Some(fill(&text, &[("n", &names.len().to_string()), ("names", &few(&names))]))
}

/// Some names, and that there are more.
pub(super) fn few(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len() > NAMED {
        true => format!("{shown}, …"),
        false => shown,
    }
}

/// The root directory of a box that runs, as this machine sees it.
pub(super) fn root_of(host: &Host, boxed: &Boxed) -> Option<PathBuf> {
    match boxed.state {
        State::Running { pid } => Some(host.path(&format!("/proc/{pid}/root"))),
        State::Stopped { .. } | State::Other(_) => None,
    }
}

/// The programs that a box exports, and where to where that is not the usual place. The error is for people.
fn exported(
    host: &Host,
    boxed: &Boxed,
    entry: Option<&Record>,
    scripts: &Scripts,
) -> Result<(Vec<String>, Option<String>), String> {
    let elements = names(entry, BINS).into_iter().flat_map(Elements::iter);
    let to = entry.and_then(|entry| entry.text(BINS_TO));
    let wanted = Bins::of(elements, to);
    let read = |to: &str| {
        let all = scripts.of(Path::new(&place::full(host, to))).map_err(|e| e.to_string())?;
        let home = &host.env().home;
        let own = all.iter().filter(|(_, script)| script.name == boxed.name.as_str());
        Ok::<BTreeSet<String>, String>(
            own.map(|(_, script)| place::short(home, &script.program)).collect(),
        )
    };
    let mut programs = read(&wanted.to)?;
    let mut to = to.map(str::to_owned);
    if programs.is_empty() {
        // They are where they were before the entry named another place, or where the person has them.
        for other in exports::places(host).into_iter().filter(|other| *other != wanted.to) {
            programs = match read(&other) {
                Err(error) if other == exports::BIN => return Err(error),
                // Nobody said that there are any.
                found => found.unwrap_or_default(),
            };
            if !programs.is_empty() {
                to = Some(other).filter(|other| other != exports::BIN);
                break;
            }
        }
    }
    let mut elements: Vec<String> = Vec::new();
    for dir in &wanted.from {
        let inside = |path: &String| place::dir_of(path) == dir;
        let place = match place::is_below_home(dir) {
            true => PathBuf::from(place::full(host, dir)),
            false => match root_of(host, boxed) {
                Some(root) => root.join(dir.trim_start_matches('/')),
                None => {
                    let text =
                        gettext("which programs “{dir}” has is seen only while the box runs");
                    return Err(fill(&text, &[("dir", dir)]));
                }
            },
        };
        let there = exports::programs(&place).map_err(|error| error.to_string())?;
        if there.is_empty() || programs.iter().any(inside) {
            elements.push(format!("{FROM}{dir}"));
        }
        if place::is_below_home(dir) || !programs.iter().any(inside) {
            continue;
        }
        // Below the home the entry has each of them, and here only the directory.
        let named = |name: &String| programs.iter().any(|path| place::name_of(path) == name);
        let missing = there.iter().filter(|name| !named(name) && !wanted.not.contains(*name));
        elements.extend(missing.map(|name| format!("{NOT}{name}")));
        programs.retain(|path| !inside(path) || wanted.also.contains(path));
    }
    let is_exported = |name: &str| programs.iter().any(|path| place::name_of(path) == name);
    let left: Vec<String> = wanted
        .not
        .iter()
        .filter(|name| !is_exported(name))
        .map(|name| format!("{NOT}{name}"))
        .collect();
    elements.extend(programs);
    elements.extend(left);
    Ok((elements, to))
}

/// The applications that a box exports, each by the entry's name for it where it has one.
fn apps(host: &Host, name: &ContainerName, entry: Option<&Record>) -> Result<Vec<String>, String> {
    let mut apps = exports::apps(host, name).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    let wanted: Vec<&str> = names(entry, APPS).into_iter().flat_map(Elements::iter).collect();
    for wanted in &wanted {
        if apps.iter().any(|app| app.is(wanted)) {
            all.push((*wanted).to_owned());
        }
    }
    apps.retain(|app| !wanted.iter().any(|wanted| app.is(wanted)));
    all.extend(apps.into_iter().map(|app| app.id));
    Ok(all)
}
