//! The permissions of installed apps as the override editor shows them. No widgets here.

pub mod rows;
pub mod typed;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bucket::core::item::{ItemKey, Record};
use bucket::core::names::AppId;
use bucket::core::plan::Command;
use bucket::core::report::{Availability, Report};
use bucket::host::flatpak::{Installation, Scope};
use bucket::host::{Host, command};
pub use bucket::subsystem::flatpak::APPS;
use bucket::subsystem::flatpak::Item;
use bucket::subsystem::flatpak::catalogue::{self, Form};
use bucket::subsystem::flatpak::edit;
use bucket::subsystem::flatpak::effective::{
    self, Effect, Entry, Permission, Permissions, Said, Source,
};
use bucket::subsystem::flatpak::grants::{Grant, grants};
use bucket::subsystem::flatpak::raw::{self, Raw};
use bucket::words::{fill, gettext};
use rows::Control;

use crate::diff::{self, DiffLine};

/// Every app that is installed, and the overrides for all apps.
#[derive(Debug, PartialEq)]
pub struct Data {
    /// The overrides for all apps first, then the apps by their titles.
    pub apps: Vec<App>,
    /// Apps that are not installed any more, and still have an override file.
    pub left: Vec<App>,
    /// Why there are none, if they could not be read.
    pub trouble: Option<String>,
    /// Where apps' icons are.
    pub icons: Vec<PathBuf>,
    /// What portals have granted at run time, or why that is not known. It is no part of any manifest.
    pub grants: Result<Vec<Grant>, String>,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            apps: Vec::new(),
            left: Vec::new(),
            trouble: None,
            icons: Vec::new(),
            grants: Ok(Vec::new()),
        }
    }
}

/// One app in one scope, or the overrides for all apps.
#[derive(Debug, PartialEq)]
pub struct App {
    pub item: Item,
    pub key: ItemKey,
    pub title: String,
    /// What tells it from others of that title.
    pub subtitle: String,
    /// Whether a manifest has it.
    pub tracked: bool,
    /// What it may do, or why that is not known.
    pub permissions: Result<Permissions, String>,
    /// The override file of each layer that it has, with its path as people write it.
    pub files: Vec<(Scope, String, Result<Raw, String>)>,
    wanted: Option<Record>,
    home: String,
    is_root: bool,
}

impl Data {
    /// Reads what the apps of a report may do.
    pub fn read(host: &Host, report: &Report) -> Self {
        let Some(subsystem) = report.subsystem(&APPS) else { return Self::default() };
        if let Availability::Unavailable { reason, .. } | Availability::Failed { reason, .. } =
            &subsystem.availability
        {
            return Self { trouble: Some(reason.clone()), ..Self::default() };
        }
        let mut apps = Vec::new();
        for scope in [Scope::User, Scope::System] {
            let item = Item::Global(scope);
            let wanted = report.item(&APPS, &item.key()).and_then(|item| item.wanted.clone());
            let (title, subtitle) = match scope {
                Scope::User => (gettext("All Apps"), gettext("For you")),
                Scope::System => (
                    gettext("All Apps, for Every User"),
                    gettext("Only what is installed for every user"),
                ),
            };
            apps.push(App::read(host, item, title, subtitle, wanted));
        }
        let mut rest = Vec::new();
        for found in &subsystem.items {
            let there = found.live.is_some() || found.unknown.is_some();
            if let (Some(item @ Item::App(..)), true) = (Item::parse(&found.key), there) {
                let (title, subtitle) = (found.title.clone(), found.detail.clone());
                rest.push(App::read(host, item, title, subtitle, found.wanted.clone()));
            }
        }
        rest.sort_by_cached_key(|app| (app.title.to_lowercase(), app.key.clone()));
        let left = left(host, report, &rest);
        apps.extend(rest);
        let dir = |scope| Installation::of(host, scope).dir.join("exports/share/icons");
        Self {
            apps,
            left,
            trouble: None,
            icons: Scope::ALL.map(dir).to_vec(),
            grants: grants(host),
        }
    }

    /// One of them.
    pub fn app(&self, key: &ItemKey) -> Option<&App> {
        self.apps.iter().find(|app| app.key == *key)
    }

    /// One of them, or one that is not installed any more.
    pub fn with_file(&self, key: &ItemKey) -> Option<&App> {
        self.app(key).or_else(|| self.left.iter().find(|app| app.key == *key))
    }

    /// Every permission that an override changes, and for which apps: in the order of the editor's groups.
    pub fn by_permission(&self) -> Vec<Changed> {
        let mut all: Vec<Changed> = Vec::new();
        for app in &self.apps {
            for (entry, what) in app.changes() {
                let by = ChangedBy { app: app.key.clone(), title: app.title.clone(), what };
                match all.iter_mut().find(|changed| changed.permission == entry.permission) {
                    Some(changed) => changed.apps.push(by),
                    None => all.push(Changed {
                        permission: entry.permission.clone(),
                        title: catalogue::title(&entry.permission),
                        group: catalogue::Group::of(&entry.permission),
                        apps: vec![by],
                    }),
                }
            }
        }
        all.sort_by_cached_key(|changed| (changed.group, changed.title.to_lowercase()));
        all
    }
}

/// A permission that overrides change.
#[derive(Debug, PartialEq)]
pub struct Changed {
    pub permission: Permission,
    pub group: catalogue::Group,
    pub title: String,
    /// The apps it is changed for.
    pub apps: Vec<ChangedBy>,
}

/// What one app's overrides make of a permission.
#[derive(Debug, PartialEq)]
pub struct ChangedBy {
    pub app: ItemKey,
    pub title: String,
    /// In words: "off", "on · for every user".
    pub what: String,
}

impl App {
    fn read(
        host: &Host,
        item: Item,
        title: String,
        subtitle: String,
        wanted: Option<Record>,
    ) -> Self {
        let permissions = effective::permissions(host, &item);
        let file = |layer: Scope| {
            let path = raw::path(host, &item, layer);
            (layer, host.display(&path), raw::raw(host, &item, layer, wanted.as_ref()))
        };
        let files = layers(&item).into_iter().map(file).collect();
        Self {
            key: item.key(),
            title,
            subtitle,
            tracked: wanted.is_some(),
            permissions,
            files,
            wanted,
            home: host.env().home.display().to_string(),
            is_root: host.env().is_root,
            item,
        }
    }

    /// The layers that can be edited for it.
    pub fn layers(&self) -> Vec<Scope> {
        layers(&self.item)
    }

    /// Its id, where it is one app.
    pub fn id(&self) -> Option<&str> {
        match &self.item {
            Item::App(_, id) => Some(id.as_str()),
            Item::Global(_) => None,
        }
    }

    /// Whether we may write a layer's file.
    pub fn may_write(&self, layer: Scope) -> bool {
        layer == Scope::User || self.is_root
    }

    /// Who a layer of this app is, among those that say something of its permissions.
    pub fn source(&self, layer: Scope) -> Source {
        match (&self.item, layer) {
            (Item::Global(_), Scope::User) => Source::UserGlobal,
            (Item::Global(_), Scope::System) => Source::SystemGlobal,
            (Item::App(..), Scope::User) => Source::UserApp,
            (Item::App(..), Scope::System) => Source::SystemApp,
        }
    }

    /// What its own overrides change, each with what they say: those for all apps are not its own.
    pub fn changes(&self) -> Vec<(&Entry, String)> {
        let Ok(permissions) = &self.permissions else { return Vec::new() };
        let mut changes = Vec::new();
        for entry in &permissions.entries {
            let mut words = Vec::new();
            for layer in self.layers() {
                let own = self.source(layer);
                let said = entry.said.iter().find(|(source, _)| *source == own);
                if let Some((_, said @ (Said::Value(_) | Said::Unset))) = said {
                    let word = rows::said(&entry.permission, said);
                    let every = gettext("{value} · for every user");
                    words.push(match (self.id(), layer) {
                        (Some(_), Scope::System) => fill(&every, &[("value", &word)]),
                        _ => word,
                    });
                }
            }
            if !words.is_empty() {
                words.reverse();
                changes.push((entry, words.join(" · ")));
            }
        }
        changes
    }

    /// What the manifest says of a permission in a layer, in the words of records.
    fn manifest(&self, layer: Scope, permission: &Permission) -> Said {
        let get = |permission: &Permission| {
            let field = format!("{}/{}", layer.as_str(), permission.field());
            self.wanted.as_ref()?.text(&field).map(str::to_owned)
        };
        let unset = Permission::element("Context", "unset-environment", permission.token());
        match get(&self.as_recorded(layer, permission)) {
            Some(value) => Said::Value(value),
            None if permission.group == "Environment" && get(&unset).is_some() => Said::Unset,
            None => Said::Nothing,
        }
    }

    /// A permission as records name it: in the person's own layer, their home is “~”.
    fn as_recorded(&self, layer: Scope, permission: &Permission) -> Permission {
        let below = |path: &str| {
            let rest = path.strip_prefix(&self.home)?;
            rest.starts_with('/').then(|| format!("~{rest}"))
        };
        let found = match (layer, &permission.element) {
            (Scope::User, Some(path)) if permission.key == "filesystems" => below(path),
            _ => None,
        };
        match found {
            Some(path) => Permission { element: Some(path), ..permission.clone() },
            None => permission.clone(),
        }
    }

    /// Permissions that only the manifest speaks of, in a layer.
    fn only_in_manifest(&self, layer: Scope) -> Vec<Permission> {
        let prefix = format!("{}/", layer.as_str());
        let fields = self.wanted.iter().flat_map(|record| record.0.keys());
        let fields = fields.filter_map(|name| Permission::of_field(name.strip_prefix(&prefix)?));
        fields
            .map(|permission| match permission.key.as_str() {
                "unset-environment" => Permission::key("Environment", permission.token()),
                _ => permission,
            })
            .collect()
    }

    /// What to run as root to turn a permission round for every user: to deny what is allowed, to allow what is not.
    pub fn command_for_root(&self, shown: &rows::Shown) -> Option<String> {
        let permissions = self.permissions.as_ref().ok()?;
        let on = permissions.get(&shown.permission).effect != Effect::Off;
        let permission = &shown.permission;
        let bus = matches!(shown.group.form(), Form::Bus);
        let (permission, value) = match (&shown.control, on) {
            (Control::Keep, _) | (Control::Text { .. }, false) => return None,
            (Control::Text { .. }, true) => {
                let unset = Permission::element("Context", "unset-environment", permission.token());
                (unset, "unset")
            }
            (_, true) if bus => (permission.clone(), "none"),
            (_, false) if bus => (permission.clone(), "talk"),
            (_, true) => (permission.clone(), "deny"),
            (_, false) => (permission.clone(), "allow"),
        };
        let fields = Record::new().with(format!("system/{}", permission.field()), value);
        let fields = edit::Fields { set: fields, clear: Vec::new() };
        let mut command = Command::new("sudo").args(["flatpak", "override", "--system"]);
        command = command.args(raw::flags(&fields)?);
        if let Some(id) = self.id() {
            command = command.arg(id);
        }
        Some(command::display(&command))
    }

    /// The command line that does an edit on this machine alone.
    pub fn local_command(
        &self,
        layer: Scope,
        permission: &Permission,
        fields: &edit::Fields,
    ) -> String {
        let mut command = Command::new("bkt").args(["flatpak", "override"]);
        let flags = raw::flags(fields);
        command = command.arg(if flags.is_some() { "set" } else { "reset" });
        command = match self.id() {
            Some(id) => command.arg(id),
            None => command.arg("--global"),
        };
        command = match flags {
            Some(flags) => command.args(flags),
            None => command.arg(permission.token()),
        };
        command::display(&command.args([layer.flag(), "--local"]))
    }

    /// The layers that have a file for it.
    pub fn overridden(&self) -> impl Iterator<Item = (Scope, &str)> {
        let there =
            |raw: &Result<Raw, String>| raw.as_ref().map_or(true, |raw| !raw.now.is_empty());
        let there = self.files.iter().filter(move |(.., raw)| there(raw));
        there.map(|(layer, path, _)| (*layer, path.as_str()))
    }

    /// What to run to take the file of a layer away.
    pub fn reset_command(&self, layer: Scope) -> Option<String> {
        let command = match self.may_write(layer) {
            true => Command::new("flatpak"),
            false => Command::new("sudo").arg("flatpak"),
        };
        let args = ["override", layer.flag(), "--reset", self.id()?];
        Some(command::display(&command.args(args)))
    }

    /// What portals have granted it at run time.
    pub fn grants<'a>(&self, data: &'a Data) -> Result<Vec<&'a Grant>, &'a String> {
        let all = data.grants.as_ref()?;
        Ok(all.iter().filter(|grant| Some(grant.app.as_str()) == self.id()).collect())
    }
}

/// The apps that have an override file and are not installed where it would hold.
fn left(host: &Host, report: &Report, installed: &[App]) -> Vec<App> {
    // Where it is not known what is installed, nothing is called left over.
    if Scope::ALL.iter().any(|scope| Installation::of(host, *scope).app_ids().is_err()) {
        return Vec::new();
    }
    let mut found: BTreeMap<AppId, Scope> = BTreeMap::new();
    for layer in [Scope::User, Scope::System] {
        // A directory that cannot be read is an error of the apps themselves already.
        for name in Installation::of(host, layer).override_names().unwrap_or_default() {
            let Ok(id) = name.parse::<AppId>() else { continue };
            let holds = installed.iter().any(|app| match &app.item {
                Item::App(scope, of) => *of == id && (layer == Scope::User || layer == *scope),
                Item::Global(_) => false,
            });
            if !holds {
                found.insert(id, layer);
            }
        }
    }
    let apps = found.into_iter().map(|(id, layer)| {
        let title = id.to_string();
        let item = Item::App(layer, id);
        let wanted = report.item(&APPS, &item.key()).and_then(|item| item.wanted.clone());
        App::read(host, item, title, String::new(), wanted)
    });
    apps.filter(|app| app.overridden().next().is_some()).collect()
}

fn layers(item: &Item) -> Vec<Scope> {
    match item {
        Item::App(Scope::User, _) => vec![Scope::User],
        Item::App(Scope::System, _) => vec![Scope::User, Scope::System],
        Item::Global(scope) => vec![*scope],
    }
}

/// A file beside what the manifest would make of it: every line, marked where they differ.
pub fn diff(raw: &Raw) -> Vec<DiffLine> {
    diff::whole(raw.wanted.as_deref().unwrap_or(&raw.now), &raw.now)
}

#[cfg(test)]
#[path = "permissions_tests.rs"]
pub mod tests;
