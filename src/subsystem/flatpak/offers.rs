//! What remotes offer: from what flatpak keeps of them on disk, or else from the remote itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gio::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::core::names::{AppId, RemoteName};
use crate::core::near::nearest;
use crate::core::plan::Command;
use crate::host::flatpak::{self, Installation, Remote, Scope};
use crate::host::{Host, fs};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// Apps by id, with the branches that are offered.
pub type Offers = BTreeMap<String, BTreeSet<String>>;

/// The remotes of a scope that are switched on and made for more than one app.
pub fn remotes(host: &Host, scope: Scope) -> Result<Vec<(String, Remote)>, String> {
    let config = Installation::of(host, scope).config()?;
    let mut remotes = flatpak::remotes(&config);
    remotes.retain(|(_, remote)| !remote.disabled && !remote.hidden);
    Ok(remotes)
}

/// What is kept on disk of a remote's offer: the application catalogue, and the summaries that flatpak fetched
/// last. It may be old: what is in it was there, what is not may be new.
pub fn kept(host: &Host, scope: Scope, remote: &str) -> Offers {
    let dir = Installation::of(host, scope).dir;
    let mut offers = Offers::new();
    let catalogue = dir.join("appstream").join(remote).join(std::env::consts::ARCH).join("active");
    let text = plain(&catalogue.join("appstream.xml"))
        .or_else(|| packed(&catalogue.join("appstream.xml.gz")));
    // `<bundle type="flatpak" …>app/ID/ARCH/BRANCH</bundle>`
    for part in text.iter().flat_map(|text| text.split("</bundle>")) {
        add(&mut offers, part.rsplit('>').next().unwrap_or_default());
    }
    let mut summaries = vec![dir.join("repo/tmp/cache/summaries")];
    if scope == Scope::System {
        summaries.push(host.env().cache.join("flatpak/system-cache/summaries"));
    }
    let mine = |name: &String| {
        name.strip_prefix(remote).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(&format!("-{}-", std::env::consts::ARCH))
        }) && !name.ends_with(".sig")
    };
    for dir in &summaries {
        for name in fs::list(dir).ok().flatten().unwrap_or_default().iter().filter(|n| mine(n)) {
            summary(&dir.join(name), &mut offers);
        }
    }
    offers
}

fn plain(path: &Path) -> Option<String> {
    fs::read(path).ok().flatten()
}

fn packed(path: &Path) -> Option<String> {
    let bytes = fs::read_bytes(path).ok().flatten()?;
    let unpack = gio::ZlibDecompressor::new(gio::ZlibCompressorFormat::Gzip);
    let raw = gio::MemoryInputStream::from_bytes(&glib::Bytes::from_owned(bytes));
    let stream = gio::ConverterInputStream::new(&raw, &unpack);
    let mut text = Vec::new();
    loop {
        let chunk = stream.read_bytes(1 << 16, gio::Cancellable::NONE).ok()?;
        if chunk.is_empty() {
            return String::from_utf8(text).ok();
        }
        text.extend_from_slice(&chunk);
    }
}

/// Adds `app/ID/ARCH/BRANCH`, if that is what `name` is.
fn add(offers: &mut Offers, name: &str) {
    let parts: Vec<&str> = name.trim().split('/').collect();
    if let ["app", id, arch, branch] = parts.as_slice()
        && *arch == std::env::consts::ARCH
    {
        offers.entry((*id).to_owned()).or_default().insert((*branch).to_owned());
    }
}

/// Adds the refs of an OSTree summary.
fn summary(path: &Path, offers: &mut Offers) {
    let Ok(Some(bytes)) = fs::read_bytes(path) else { return };
    let Ok(kind) = glib::VariantTy::new("(a(s(taya{sv}))a{sv})") else { return };
    let data = glib::Variant::from_bytes_with_type(&glib::Bytes::from_owned(bytes), kind);
    for one in data.child_value(0).iter() {
        if let Some(name) = one.child_value(0).str() {
            add(offers, name);
        }
    }
}

/// Answers of remotes, by installation and remote.
type Answers = BTreeMap<(PathBuf, String), (jiff::Timestamp, Offers)>;

/// What remotes answered a moment ago: one verb asks for several apps, and before and when it acts.
static ANSWERS: Mutex<Answers> = Mutex::new(BTreeMap::new());

/// How long an answer holds, in seconds.
const MOMENT: i64 = 60;

/// Asks a remote what it offers.
pub fn ask(host: &Host, scope: Scope, remote: &str) -> Result<Offers, String> {
    let key = (Installation::of(host, scope).dir, remote.to_owned());
    let answers = || ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    let now = host.now();
    if let Some((at, offers)) = answers().get(&key)
        && now.as_second() - at.as_second() < MOMENT
    {
        return Ok(offers.clone());
    }
    let offers = ask_now(host, scope, remote)?;
    answers().insert(key, (now, offers.clone()));
    Ok(offers)
}

fn ask_now(host: &Host, scope: Scope, remote: &str) -> Result<Offers, String> {
    let columns = "--columns=application,branch";
    let command =
        Command::new("flatpak").args(["remote-ls", scope.flag(), "--app", columns, remote]);
    let said = host
        .run(&command, &mut |_| (), &CancellationToken::new())
        .map_err(|error| error.to_string())?;
    let mut offers = Offers::new();
    for line in said.lines() {
        if let Some((id, branch)) = line.split_once('\t') {
            offers.entry(id.trim().to_owned()).or_default().insert(branch.trim().to_owned());
        }
    }
    Ok(offers)
}

/// Where an app can be had: remotes with the branches they offer, by what is kept of them, or else by asking.
///
/// An app that no remote has is an error that names the closest.
pub fn find(
    host: &Host,
    scopes: &[Scope],
    remote: Option<&RemoteName>,
    id: &str,
) -> Result<Vec<(Scope, RemoteName, BTreeSet<String>)>, Unfit> {
    let mut asked = Vec::new();
    let mut names = Vec::new();
    for scope in scopes {
        let known = remotes(host, *scope).map_err(Unfit::unsure)?;
        names.extend(known.iter().map(|(name, _)| name.clone()));
        let meant = |name: &str| remote.is_none_or(|remote| remote.as_str() == name);
        asked.extend(known.into_iter().filter(|(n, _)| meant(n)).map(|(name, _)| (*scope, name)));
    }
    names.sort();
    names.dedup();
    if asked.is_empty() {
        return Err(no_remote(remote.map(RemoteName::as_str), names));
    }
    let found = |look: &mut dyn FnMut(Scope, &str) -> Offers| {
        let mut found = Vec::new();
        for (scope, name) in &asked {
            if let (Some(branches), Ok(name)) = (look(*scope, name).remove(id), name.parse()) {
                found.push((*scope, name, branches));
            }
        }
        found
    };
    let mut known = Offers::new();
    let on_disk = found(&mut |scope, name| {
        let offers = kept(host, scope, name);
        known.extend(offers.clone());
        offers
    });
    if !on_disk.is_empty() {
        return Ok(on_disk);
    }
    let mut failed = None;
    let online = found(&mut |scope, name| match ask(host, scope, name) {
        Ok(offers) => {
            known.extend(offers.clone());
            offers
        }
        Err(error) => {
            failed = Some(error);
            Offers::new()
        }
    });
    match (online.is_empty(), failed) {
        (false, _) => Ok(online),
        (true, Some(error)) => Err(Unfit::unsure(error)),
        (true, None) => {
            let text = match remote {
                Some(_) => gettext("the remote “{remote}” has no app “{app}”"),
                None => gettext("no remote has an app “{app}”: looked in {remote}"),
            };
            let places: BTreeSet<&str> = asked.iter().map(|(_, name)| name.as_str()).collect();
            let places = places.into_iter().collect::<Vec<_>>().join(", ");
            let message = fill(&text, &[("remote", &places), ("app", id)]);
            Err(Unfit { message, close: closest(id, &known), unsure: false })
        }
    }
}

/// The ids most like `typed`; the last part alone counts too.
fn closest(typed: &str, known: &Offers) -> Vec<String> {
    nearest(typed, known.keys().map(|id| (id.as_str(), vec![id.rsplit('.').next().unwrap_or(id)])))
}

fn no_remote(remote: Option<&str>, known: Vec<String>) -> Unfit {
    let text = match (remote, known.is_empty()) {
        (_, true) => {
            gettext("there is no remote to install from: add one with “bkt flatpak remote add”")
        }
        (Some(_), false) => gettext("there is no remote “{remote}” here: there are {known}"),
        (None, false) => gettext("none of the remotes can be used: {known}"),
    };
    let values = [("remote", remote.unwrap_or_default()), ("known", &known.join(", "))];
    let message = fill(&text, &values);
    let close = remote.map(|r| nearest(r, known.iter().map(|n| (n.as_str(), Vec::new()))));
    Unfit { message, close: close.unwrap_or_default(), unsure: false }
}

/// Makes sure that a remote has an app, and the branch that is asked for.
pub fn check(
    host: &Host,
    scope: Scope,
    remote: &RemoteName,
    id: &AppId,
    branch: Option<&str>,
) -> Result<(), Unfit> {
    let found = find(host, &[scope], Some(remote), id.as_str())?;
    let has = |offers: &BTreeSet<String>| branch.is_none_or(|branch| offers.contains(branch));
    if found.iter().any(|(_, _, branches)| has(branches)) {
        return Ok(());
    }
    // What is kept may be old.
    let fresh = ask(host, scope, remote.as_str()).map_err(Unfit::unsure)?;
    let branches = fresh.get(id.as_str()).cloned().unwrap_or_default();
    if has(&branches) && !branches.is_empty() {
        return Ok(());
    }
    let text =
        gettext("the remote “{remote}” has no branch “{branch}” of {app}: there are {known}");
    let known = branches.iter().cloned().collect::<Vec<_>>();
    let values = [
        ("remote", remote.as_str()),
        ("branch", branch.unwrap_or_default()),
        ("app", id.as_str()),
        ("known", &known.join(", ")),
    ];
    Err(Unfit::new(fill(&text, &values)))
}
