//! Flatpak apps: `flatpak-apps.json`, and both installations with their overrides.
//!
//! One item is one app in one scope (`user/org.gnome.Boxes`), or the overrides for every app of a scope
//! (`global/user`). What is compared of an app:
//!
//! - `remote`, and `branch` and `commit` where the entry names them. The branch is the one that runs;
//!   others that are installed too are a note.
//! - `user/…` and `system/…`: the overrides of each layer, one field per permission ([`super::overrides`]).
//!   An entry without overrides wants none. The person's layer holds for an app in either scope, so both
//!   items show it; the system's layer holds for system-wide apps only.
//! - `masked` says that updates leave the app alone. An entry says so by naming a `commit`, so a capture of an app
//!   that was masked writes its commit, and of one that was let go takes it out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::entry::{AppEntry, AppsFile, GlobalOverrides};
use super::overrides::{self, Fields, Home};
use super::{Item, check, grants, offers};
use crate::core::item::{
    FieldSpec, ItemKey, LeftOut, Live, Reading, Record, Records, SubsystemId, Wanted, WantedItems,
};
use crate::core::names::AppId;
use crate::core::plan::{Change, Side};
use crate::host::Host;
use crate::host::flatpak::{self, App, Installation, Scope};
use crate::manifest::Manifests;
use crate::subsystem::{
    About, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::words::{fill, gettext, mark};

/// The manifest.
pub(super) const FILE: &str = "flatpak-apps.json";
/// Its list of apps.
pub(super) const LIST: &str = "apps";
/// Its object of overrides for every app.
pub(super) const GLOBAL: &str = "global_overrides";

/// The id of flatpak apps.
pub const ID: SubsystemId = SubsystemId::new("flatpak-apps");

static ABOUT: About = About {
    id: ID,
    noun: "flatpak",
    page: Page::Flatpaks,
    title: mark("Flatpak Apps"),
    icon: "application-x-executable-symbolic",
    fields: &[
        FieldSpec { name: "remote", left_out: LeftOut::NotCompared },
        FieldSpec { name: "branch", left_out: LeftOut::NotCompared },
        FieldSpec { name: "commit", left_out: LeftOut::NotCompared },
        FieldSpec { name: "masked", left_out: LeftOut::Default },
        FieldSpec { name: "user/", left_out: LeftOut::Default },
        FieldSpec { name: "system/", left_out: LeftOut::Default },
    ],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(AppsFile) }],
};

/// The apps of both installations.
pub struct FlatpakApps;

/// What `~` stands for in a layer.
pub(super) fn home(scope: Scope, host: &Host) -> Home {
    match scope {
        Scope::User => Home::of(&host.env().home),
        Scope::System => Home::Nobody,
    }
}

/// The override files of one installation, each read once.
struct Layer<'a> {
    installation: &'a Installation,
    home: Home,
    names: Result<BTreeSet<String>, String>,
    read: BTreeMap<String, Result<Fields, String>>,
}

impl<'a> Layer<'a> {
    fn new(host: &Host, installation: &'a Installation) -> Self {
        let names = installation.override_names().map_err(|error| error.to_string());
        Self {
            installation,
            home: home(installation.scope, host),
            names: names.map(|names| names.into_iter().collect()),
            read: BTreeMap::new(),
        }
    }

    /// The permissions one file gives.
    fn fields(&mut self, name: &str) -> Result<&Fields, String> {
        static NONE: Fields = Fields::new();
        match &self.names {
            Err(reason) => return Err(reason.clone()),
            Ok(names) if !names.contains(name) => return Ok(&NONE),
            Ok(_) => (),
        }
        let (installation, home) = (self.installation, &self.home);
        let read = self
            .read
            .entry(name.to_owned())
            .or_insert_with(|| Ok(overrides::read(&installation.overrides(name)?, home)));
        read.as_ref().map_err(Clone::clone)
    }
}

fn read_app(
    installation: &Installation,
    masks: &Result<Vec<String>, String>,
    languages: &[String],
    id: &AppId,
    layers: &mut [Layer<'_>],
) -> Option<Live> {
    let app = match installation.app(id, languages) {
        Ok(Some(app)) => app,
        Ok(None) => return None,
        Err(reason) => return Some(Live::unknown(reason)),
    };
    let reading = record(installation.scope, &app, masks, id, layers);
    let note = note(&app);
    Some(Live {
        reading: reading.map_or_else(Reading::Unknown, Reading::Known),
        pending: None,
        barred: None,
        title: app.current.title,
        note,
        failing: false,
        running: None,
        unread: BTreeMap::new(),
        afresh: false,
    })
}

fn record(
    scope: Scope,
    app: &App,
    masks: &Result<Vec<String>, String>,
    id: &AppId,
    layers: &mut [Layer<'_>],
) -> Result<Record, String> {
    let now = &app.current;
    let mut record = Record::new()
        .with("remote", now.origin.as_str())
        .with("branch", now.branch.as_str())
        .with("commit", now.commit.as_str());
    let masks = masks.as_ref().map_err(Clone::clone)?;
    if masks.iter().any(|mask| flatpak::mask_covers(mask, id, &now.arch, &now.branch)) {
        record.set("masked", true);
    }
    for layer in layers {
        let of = layer.installation.scope;
        if of == Scope::User || scope == Scope::System {
            overrides::into_record(&mut record, of.as_str(), layer.fields(id.as_str())?);
        }
    }
    Ok(record)
}

fn note(app: &App) -> Option<String> {
    let others: Vec<&str> = app.others.iter().map(|(_, branch)| branch.as_str()).collect();
    let mut notes = Vec::new();
    if !others.is_empty() {
        let text = gettext("Also installed: {branches}");
        notes.push(fill(&text, &[("branches", &others.join(", "))]));
    }
    if let Some(why) = &app.current.end_of_life {
        notes.push(fill(&gettext("No longer maintained: {why}"), &[("why", why)]));
    }
    (!notes.is_empty()).then(|| notes.join(" · "))
}

fn wanted_app(entry: &AppEntry, host: &Host) -> Result<(ItemKey, Record)> {
    let mut record = Record::new();
    match &entry.remote {
        Some(remote) => record.set("remote", remote.as_str()),
        None if entry.absent => (),
        None => bail!(gettext("an app needs its “remote”")),
    }
    if let Some(branch) = &entry.branch {
        record.set("branch", branch.as_str());
    }
    if let Some(commit) = &entry.commit {
        record.set("commit", commit.as_str());
        record.set("masked", true);
    }
    if let Some(overrides) = &entry.overrides {
        let fields = overrides.read(&home(Scope::User, host));
        overrides::into_record(&mut record, "user", &fields);
    }
    if let (Some(overrides), Scope::System) = (&entry.system_overrides, entry.scope) {
        let fields = overrides.read(&home(Scope::System, host));
        overrides::into_record(&mut record, "system", &fields);
    }
    Ok((Item::App(entry.scope, entry.id.clone()).key(), record))
}

/// An app wanted in both scopes has one person's layer between them: that of the entry for the person's own
/// installation, or else that of the system's.
fn share_user_layer(items: &mut WantedItems) {
    let both: Vec<(ItemKey, ItemKey)> = items
        .keys()
        .filter_map(|key| match Item::parse(key)? {
            Item::App(Scope::User, id) => Some((key.clone(), Item::App(Scope::System, id).key())),
            _ => None,
        })
        .filter(|(_, system)| items.contains_key(system))
        .collect();
    for (user, system) in both {
        let layer = |key: &ItemKey| {
            overrides::of_record(items.get(key).map(|wanted| &wanted.record), "user")
        };
        let fields = match layer(&user) {
            own if own.is_empty() => layer(&system),
            own => own,
        };
        for key in [user, system] {
            if let Some(wanted) = items.get_mut(&key) {
                wanted.record.0.retain(|name, _| !name.starts_with("user/"));
                overrides::into_record(&mut wanted.record, "user", &fields);
            }
        }
    }
}

impl Subsystem for FlatpakApps {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, _: &WantedItems) -> Result<Records, Unreadable> {
        check(host)?;
        let mut records = Records::default();
        let installations = Scope::ALL.map(|scope| Installation::of(host, scope));
        let mut layers: Vec<Layer<'_>> =
            installations.iter().map(|installation| Layer::new(host, installation)).collect();
        let languages = flatpak::languages(host);
        for installation in &installations {
            let scope = installation.scope;
            let masks = installation.config().map(|config| flatpak::masks(&config));
            match installation.app_ids() {
                Err(error) => {
                    records.blind.push((format!("{}/", scope.as_str()), error.to_string()));
                }
                Ok(ids) => {
                    for id in ids {
                        let live = read_app(installation, &masks, &languages, &id, &mut layers);
                        if let Some(live) = live {
                            records.insert(Item::App(scope, id).key(), live);
                        }
                    }
                }
            }
        }
        for layer in &mut layers {
            let scope = layer.installation.scope;
            let live = match layer.fields("global") {
                Ok(fields) if fields.is_empty() => continue,
                Ok(fields) => {
                    let mut record = Record::new();
                    overrides::into_record(&mut record, scope.as_str(), fields);
                    Live::known(record)
                }
                Err(reason) => Live::unknown(reason),
            };
            records.insert(Item::Global(scope).key(), live.titled(Some(global_title(scope))));
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, host: &Host) -> Result<WantedItems> {
        let mut items = manifests.items(FILE, LIST, |entry: &AppEntry| wanted_app(entry, host))?;
        share_user_layer(&mut items);
        for layer in manifests.layers() {
            let Some(sheet) = manifests.sheet(&layer, FILE)? else { continue };
            let global: GlobalOverrides = sheet.value(GLOBAL)?.unwrap_or_default();
            for scope in Scope::ALL {
                let Some(overrides) = global.get(scope) else { continue };
                let fields = overrides.read(&home(scope, host));
                let key = Item::Global(scope).key();
                // Empty overrides are none: a host's layer takes the shared ones away with them.
                if fields.is_empty() {
                    items.remove(&key);
                    continue;
                }
                let mut record = Record::new();
                overrides::into_record(&mut record, scope.as_str(), &fields);
                items.insert(key, Wanted { record, layer: layer.clone() });
            }
        }
        Ok(items)
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        match (Item::parse(item), set.text("remote").map(str::parse)) {
            (Some(Item::App(scope, id)), Some(Ok(remote))) => {
                offers::check(host, scope, &remote, &id, set.text("branch"))
            }
            _ => Ok(()),
        }
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        changes.iter().try_for_each(|change| super::capture::capture(manifests, change))
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        Ok(super::steps::steps(changes, host))
    }

    fn label(&self, item: &ItemKey) -> Label {
        match Item::parse(item) {
            Some(Item::App(scope, id)) => {
                let title = id.as_str().rsplit('.').next().unwrap_or_default().to_owned();
                Label { title, detail: format!("{id} · {}", scope.title()) }
            }
            Some(Item::Global(scope)) => {
                Label { title: global_title(scope), detail: String::new() }
            }
            None => Label { title: item.to_string(), detail: String::new() },
        }
    }

    fn field_title(&self, field: &str) -> String {
        match field.split_once('/') {
            Some(("user", name)) => overrides::title(name),
            Some((_, name)) => fill(
                &gettext("{permission} (for every user)"),
                &[("permission", &overrides::title(name))],
            ),
            None => match field {
                "remote" => gettext("remote"),
                "branch" => gettext("branch"),
                "commit" => gettext("commit"),
                "masked" => gettext("kept from updates"),
                _ => field.to_owned(),
            },
        }
    }

    fn describe(&self, change: &Change) -> String {
        let fields = change.fields();
        let only_overrides = fields
            .iter()
            .all(|(name, ..)| name.starts_with("user/") || name.starts_with("system/"));
        let text = match (&change.before, &change.after) {
            _ if change.item.as_str().starts_with("global/") => {
                gettext("Change the overrides for all apps")
            }
            (None, _) if change.side == Side::Manifest => gettext("Track {app}"),
            (_, None) if change.side == Side::Manifest => gettext("Stop tracking {app}"),
            (None, _) => gettext("Install {app}"),
            (_, None) => gettext("Uninstall {app}"),
            _ if only_overrides => gettext("Change the overrides of {app}"),
            (_, Some(after)) => match fields.as_slice() {
                [("branch", ..)] => fill(
                    &gettext("Switch {app} to the branch {branch}"),
                    &[("app", "{app}"), ("branch", after.text("branch").unwrap_or_default())],
                ),
                _ if fields.iter().all(|(name, ..)| matches!(*name, "commit" | "masked")) => {
                    match fields.iter().any(|(_, _, new)| new.is_some()) {
                        true => gettext("Pin {app} to a version"),
                        false => gettext("Let {app} update again"),
                    }
                }
                _ => gettext("Change {app}"),
            },
        };
        fill(&text, &[("app", name(change))])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        Scope::ALL
            .iter()
            .flat_map(|scope| {
                let dir = Installation::of(host, *scope).dir;
                [".changed", "overrides", "repo/config"].map(|name| Watch::Path(dir.join(name)))
            })
            // Grants are no drift, but shown beside the permissions.
            .chain(std::iter::once(Watch::Path(grants::dir(host))))
            .collect()
    }
}

fn global_title(scope: Scope) -> String {
    match scope {
        Scope::User => gettext("All apps"),
        Scope::System => gettext("All apps, for every user"),
    }
}

/// What to call an item: its title, or its id without the scope.
pub(super) fn name(change: &Change) -> &str {
    let key = change.item.as_str();
    match change.title.as_str() {
        title if title.is_empty() || title == key => key.rsplit('/').next().unwrap_or(key),
        title => title,
    }
}
