//! Flatpak remotes: `flatpak-remotes.json`, and the `repo/config` of both installations.
//!
//! A capture writes what another machine needs to add the same remote: its address, its title, its filter's
//! file, and either the key it signs with or the fact that it does not sign.

use anyhow::{Result, bail};
use serde_json::{Map, Value as Json, json};

use super::entry::{RemoteEntry, RemotesFile};
use super::{asks, check, openpgp, run};
use crate::core::item::{
    FieldSpec, ItemKey, LeftOut, Live, Record, Records, SubsystemId, Value, WantedItems,
};
use crate::core::names::RemoteName;
use crate::core::plan::{Action, Change, Command, FileEdit, Risk, Side, Step};
use crate::host::flatpak::{self, Installation, Remote, Scope};
use crate::host::{Host, fs};
use crate::manifest::Manifests;
use crate::subsystem::{
    About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::words::{fill, gettext, mark};

const FILE: &str = "flatpak-remotes.json";
const LIST: &str = "remotes";

/// The id of flatpak remotes.
pub const ID: SubsystemId = SubsystemId::new("flatpak-remotes");

static ABOUT: About = About {
    id: ID,
    noun: "flatpak",
    page: Page::Flatpaks,
    title: mark("Flatpak Remotes"),
    icon: "network-server-symbolic",
    fields: &[
        FieldSpec { name: "url", left_out: LeftOut::NotCompared },
        FieldSpec { name: "title", left_out: LeftOut::NotCompared },
        FieldSpec { name: "filtered", left_out: LeftOut::NotCompared },
        FieldSpec { name: "filter", left_out: LeftOut::NotCompared },
        FieldSpec { name: "gpg_key", left_out: LeftOut::NotCompared },
        FieldSpec { name: "gpg_verify", left_out: LeftOut::NotCompared },
        FieldSpec { name: "disabled", left_out: LeftOut::Default },
    ],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(RemotesFile) }],
};

/// The remotes of both installations; keys are `scope/name`.
pub struct FlatpakRemotes;

fn split(key: &ItemKey) -> Result<(Scope, RemoteName)> {
    let parts = key.as_str().split_once('/');
    match parts.and_then(|(scope, name)| Some((Scope::parse(scope)?, name.parse().ok()?))) {
        Some(parts) => Ok(parts),
        None => bail!("“{key}” is not a remote"),
    }
}

fn key(scope: Scope, name: &str) -> ItemKey {
    ItemKey::new(format!("{}/{name}", scope.as_str()))
}

/// An address without the final slash, which OSTree does not mind.
fn plain_url(url: &str) -> &str {
    match url.trim_end_matches('/') {
        bare if bare.ends_with(':') => url,
        bare => bare,
    }
}

fn record(remote: &Remote, keyring: Option<String>) -> Record {
    let mut record = Record::new()
        .with("url", plain_url(&remote.url))
        .with("filtered", remote.filter.is_some())
        .with("gpg_verify", remote.gpg_verify);
    for (field, text) in
        [("title", &remote.title), ("filter", &remote.filter), ("gpg_key", &keyring)]
    {
        if let Some(text) = text {
            record.set(field, text.as_str());
        }
    }
    if remote.disabled {
        record.set("disabled", true);
    }
    record
}

fn wanted_record(entry: &RemoteEntry) -> Result<(ItemKey, Record)> {
    let mut record = Record::new();
    match &entry.url {
        Some(url) if !url.is_empty() => record.set("url", plain_url(url)),
        _ if entry.absent => (),
        _ => bail!(gettext("a remote needs its “url”")),
    }
    for (field, flag) in [("filtered", entry.filtered), ("gpg_verify", entry.gpg_verify)] {
        if let Some(flag) = flag {
            record.set(field, flag);
        }
    }
    let gpg_key = entry.gpg_key.as_ref().map(|key| &key.0);
    for (field, text) in
        [("title", entry.title.as_ref()), ("filter", entry.filter.as_ref()), ("gpg_key", gpg_key)]
    {
        if let Some(text) = text {
            record.set(field, text.as_str());
        }
    }
    if entry.disabled {
        record.set("disabled", true);
    }
    Ok((key(entry.scope, entry.name.as_str()), record))
}

fn read(host: &Host, scope: Scope, records: &mut Records) {
    let installation = Installation::of(host, scope);
    let config = match installation.config() {
        Ok(config) => config,
        Err(reason) => {
            records.blind.push((format!("{}/", scope.as_str()), reason));
            return;
        }
    };
    for (name, remote) in flatpak::remotes(&config) {
        let live = match name.parse::<RemoteName>() {
            Err(error) => Live::unknown(error.to_string()),
            Ok(name) => match installation.keyring(&name) {
                Err(reason) => Live::unknown(reason),
                // A keyring that we cannot take apart is not compared; the rest still is.
                Ok(keyring) => Live::known(record(
                    &remote,
                    keyring.and_then(|keyring| openpgp::canonical(&keyring)),
                )),
            },
        };
        let mut live = live.titled(remote.title.clone().or_else(|| Some(name.clone())));
        if remote.hidden {
            live.note = Some(gettext("Made for one app that was installed from a file"));
        }
        records.insert(key(scope, &name), live);
    }
}

impl Subsystem for FlatpakRemotes {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, _: &WantedItems) -> Result<Records, Unreadable> {
        check(host)?;
        let mut records = Records::default();
        for scope in Scope::ALL {
            read(host, scope, &mut records);
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _: &Host) -> Result<WantedItems> {
        manifests.items(FILE, LIST, wanted_record)
    }

    fn validate(&self, _: &Host, _: &ItemKey, set: &Record) -> Result<(), Unfit> {
        let no = |message: String| Err(Unfit::new(message));
        let Some(url) = set.text("url") else { return Ok(()) };
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let known = ["http", "https", "file", "oci+http", "oci+https"];
        let host = rest.split('/').next().unwrap_or_default();
        let whole = if scheme == "file" { rest.starts_with('/') } else { !host.is_empty() };
        if !known.contains(&scheme) || !whole || url.contains(|c: char| c.is_whitespace()) {
            let text = gettext("“{url}” is no address: it should begin with https:// or file:///");
            return no(fill(&text, &[("url", url)]));
        }
        if url.ends_with(".flatpakrepo") {
            return no(gettext(
                "this is the description of a remote: download it, and name the file instead of the address",
            ));
        }
        let signed = set.text("gpg_key").is_some() || flag(set, "gpg_verify") == Some(false);
        if !signed && is_remote(set) {
            return no(gettext(
                "what comes over a network has to be signed: name the key with --gpg-import, or say --no-gpg-verify",
            ));
        }
        Ok(())
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let (scope, name) = split(&change.item)?;
            let is =
                |entry: &Json| entry["name"] == name.as_str() && entry["scope"] == scope.as_str();
            let identity = json!({ "name": name.as_str(), "scope": scope.as_str() });
            let order = |entry: &Json| format!("{}\0{}", entry["name"], entry["scope"]);
            let Some(after) = &change.after else {
                manifests.remove(&change.layer, FILE, LIST, &is, identity, &order)?;
                continue;
            };
            manifests.edit(&change.layer, FILE, |doc| {
                let found = doc.find(LIST, &is);
                let new = found.is_none();
                let entry = found.unwrap_or_else(
                    || json!({ "name": name.as_str(), "url": "", "scope": scope.as_str() }),
                );
                let Json::Object(mut entry) = entry else { return Ok(()) };
                edit(&mut entry, change, after, new);
                doc.put(LIST, &is, &Json::Object(entry), &order);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        let (mut steps, mut blocked) = (Vec::new(), Vec::new());
        for change in changes {
            let (scope, name) = split(&change.item)?;
            if let Some(reason) = impossible(&name, change) {
                blocked.push(Blocked::never(&change.item, reason));
                continue;
            }
            let risk = Risk { password: asks(scope, host), ..Risk::default() };
            let items = vec![change.item.clone()];
            let named = |text: String| fill(&text, &[("remote", name.as_str())]);
            match (&change.before, &change.after) {
                (_, None) => steps.push(run(
                    named(gettext("Remove the remote {remote}")),
                    Command::new("flatpak").args(["remote-delete", scope.flag(), name.as_str()]),
                    Risk { removes: true, ..risk },
                    items,
                )),
                (None, Some(after)) => {
                    let risk = Risk { network: is_remote(after), ..risk };
                    steps.extend(add(host, scope, &name, after, risk, items));
                }
                (Some(before), Some(after)) => {
                    steps.extend(modify(scope, &name, before, after, risk, items));
                }
            }
        }
        Ok(Steps { steps, blocked, ..Steps::default() })
    }

    fn label(&self, item: &ItemKey) -> Label {
        let (scope, name) = item.as_str().split_once('/').unwrap_or(("", item.as_str()));
        let scope = Scope::parse(scope).map(Scope::title).unwrap_or_default();
        Label { title: name.to_owned(), detail: format!("{name} · {scope}") }
    }

    fn describe(&self, change: &Change) -> String {
        let text = match (&change.before, &change.after) {
            (None, _) if change.side == Side::Manifest => gettext("Track the remote {remote}"),
            (_, None) if change.side == Side::Manifest => {
                gettext("Stop tracking the remote {remote}")
            }
            (None, _) => gettext("Add the remote {remote}"),
            (_, None) => gettext("Remove the remote {remote}"),
            _ => gettext("Change the remote {remote}"),
        };
        let name = change.item.as_str().rsplit('/').next().unwrap_or_default();
        fill(&text, &[("remote", name)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        Scope::ALL
            .iter()
            .map(|scope| Watch::Path(Installation::of(host, *scope).dir.join("repo/config")))
            .collect()
    }
}

/// Makes an entry say what a change says. A new one leaves out what is as it mostly is.
fn edit(entry: &mut Map<String, Json>, change: &Change, after: &Record, new: bool) {
    let from_live = new && change.other.as_ref() == Some(after);
    let mostly = |field: &str, value: &Value| match field {
        "filtered" => *value == Value::Flag(false),
        "gpg_verify" => *value == Value::Flag(true),
        _ => false,
    };
    let fields = match new {
        true => after.0.iter().map(|(name, value)| (name.as_str(), Some(value))).collect(),
        false => {
            change.fields().into_iter().map(|(name, _, value)| (name, value)).collect::<Vec<_>>()
        }
    };
    for (field, value) in fields {
        match value {
            Some(value) if from_live && mostly(field, value) => (),
            Some(Value::Flag(flag)) => drop(entry.insert(field.to_owned(), (*flag).into())),
            Some(value) => drop(entry.insert(field.to_owned(), value.to_string().into())),
            None => drop(entry.shift_remove(field)),
        }
    }
}

fn is_remote(record: &Record) -> bool {
    record.text("url").is_some_and(|url| !url.starts_with("file:"))
}

fn flag(record: &Record, field: &str) -> Option<bool> {
    match record.get(field) {
        Some(Value::Flag(flag)) => Some(*flag),
        _ => None,
    }
}

/// The steps that add a remote: one, or, with a key, two, for flatpak takes keys from files only.
fn add(
    host: &Host,
    scope: Scope,
    name: &RemoteName,
    after: &Record,
    risk: Risk,
    items: Vec<ItemKey>,
) -> Vec<Step> {
    let named = |text: String| fill(&text, &[("remote", name.as_str())]);
    let title = named(gettext("Add the remote {remote}"));
    let url = after.text("url").unwrap_or_default();
    let mut command = Command::new("flatpak").args(["remote-add", scope.flag()]);
    if let Some(title) = after.text("title") {
        command = command.arg(format!("--title={title}"));
    }
    if flag(after, "disabled") == Some(true) {
        command = command.arg("--disable");
    }
    match (flag(after, "filtered"), after.text("filter")) {
        (Some(false), _) | (None, None) => (),
        (_, Some(filter)) => command = command.arg(format!("--filter={filter}")),
        // Without a file nothing can be filtered; see `impossible`.
        (Some(true), None) => (),
    }
    let Some(gpg_key) = after.text("gpg_key") else {
        // Files of the person's own machine need no signature; what comes over a network does, unless the
        // manifest says otherwise.
        let verify = flag(after, "gpg_verify").unwrap_or(is_remote(after));
        if !verify {
            command = command.arg("--no-gpg-verify");
        }
        return vec![run(title, command.args([name.as_str(), url]), risk, items)];
    };
    let path = host
        .env()
        .cache
        .join("bkt/flatpakrepo")
        .join(format!("{}-{name}.flatpakrepo", scope.as_str()));
    let text = format!("[Flatpak Repo]\nTitle={name}\nUrl={url}\nGPGKey={gpg_key}\n");
    let path = path.display().to_string();
    // A file left by an earlier run is ours to replace; one that cannot be read stops the write.
    let before = fs::read(std::path::Path::new(&path)).ok().flatten();
    let command = command.args(["--from", name.as_str(), &path]);
    let edit = FileEdit { path, before, after: Some(text), mode: None };
    let write = Step {
        title: named(gettext("Write the key of the remote {remote} where flatpak can read it")),
        action: Action::Write(vec![edit]),
        risk: Risk::default(),
        items: items.clone(),
    };
    let verify = match flag(after, "gpg_verify") {
        Some(false) => Some(run(
            title.clone(),
            Command::new("flatpak").args([
                "remote-modify",
                scope.flag(),
                "--no-gpg-verify",
                name.as_str(),
            ]),
            risk,
            items.clone(),
        )),
        _ => None,
    };
    [write, run(title, command, risk, items)].into_iter().chain(verify).collect()
}

fn modify(
    scope: Scope,
    name: &RemoteName,
    before: &Record,
    after: &Record,
    risk: Risk,
    items: Vec<ItemKey>,
) -> Option<Step> {
    let title = fill(&gettext("Change the remote {remote}"), &[("remote", name.as_str())]);
    let moved = |field: &str| before.get(field) != after.get(field);
    let mut options = Vec::new();
    if moved("url") {
        options.push(format!("--url={}", after.text("url").unwrap_or_default()));
    }
    if moved("title") {
        options.push(format!("--title={}", after.text("title").unwrap_or_default()));
    }
    if moved("gpg_verify") {
        let verify = flag(after, "gpg_verify").unwrap_or(true);
        options.push(if verify { "--gpg-verify" } else { "--no-gpg-verify" }.to_owned());
    }
    if moved("disabled") {
        let disabled = flag(after, "disabled") == Some(true);
        options.push(if disabled { "--disable" } else { "--enable" }.to_owned());
    }
    if moved("filter") || moved("filtered") {
        match (flag(after, "filtered"), after.text("filter")) {
            (None | Some(true), Some(filter)) => options.push(format!("--filter={filter}")),
            (Some(true), None) => (),
            _ => options.push("--no-filter".to_owned()),
        }
    }
    if options.is_empty() {
        return None;
    }
    let command = Command::new("flatpak").args(["remote-modify", scope.flag()]);
    // A new address is asked for its summary.
    let risk = Risk { network: moved("url") && is_remote(after), ..risk };
    Some(run(title, command.args(options).arg(name.as_str()), risk, items))
}

/// Why a change cannot be made with `flatpak`, if it cannot.
fn impossible(name: &RemoteName, change: &Change) -> Option<String> {
    let after = change.after.as_ref()?;
    let moved = |before: &Record, field| before.get(field) != after.get(field);
    let filters = change.before.as_ref().is_none_or(|b| moved(b, "filter") || moved(b, "filtered"));
    if filters && flag(after, "filtered") == Some(true) && after.text("filter").is_none() {
        let why = gettext(
            "the manifest wants the remote {remote} filtered and does not name the filter: add \"filter\": \"/its/path\" to the entry",
        );
        return Some(fill(&why, &[("remote", name.as_str())]));
    }
    if change.before.as_ref().is_some_and(|before| moved(before, "gpg_key")) {
        let why = gettext(
            "the remote {remote} signs with another key than the manifest has. Capture it if you trust this machine's; else remove it with “flatpak remote-delete --force {remote}” and apply again",
        );
        return Some(fill(&why, &[("remote", name.as_str())]));
    }
    None
}
