//! What apps may do, and who says so.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{NOUN, Whose, names_app};
use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::output::{Style, columns, pad, paint};
use crate::cli::status;
use crate::core::item::ItemKey;
use crate::core::names::AppId;
use crate::core::near::nearest;
use crate::host::flatpak::{self, Installation, Scope};
use crate::host::{Host, fs};
use crate::subsystem::flatpak::Item;
use crate::subsystem::flatpak::catalogue::{self, Group};
use crate::subsystem::flatpak::effective::{self, Effect, Entry, Permissions, Said, Source};
use crate::subsystem::flatpak::grants::{self, Grant};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[arg(value_name = "APP", help = gettext("The app's id, or its name"))]
    app: Option<String>,
    #[command(flatten)]
    whose: Whose,
    #[arg(long, help = gettext("Show the override files as they stand"))]
    raw: bool,
    #[arg(long, conflicts_with_all = ["app", "raw"], help = gettext("Group by permission, not by app"))]
    by_permission: bool,
}

/// What `override show APP` answers as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    app: &'a AppId,
    scope: Scope,
    #[serde(flatten)]
    permissions: &'a Permissions,
    /// What portals were allowed at run time.
    grants: &'a [Grant],
}

/// One override of one app, or of all.
#[derive(Serialize)]
struct Changed {
    app: Option<String>,
    layer: Scope,
    permission: effective::Permission,
    said: Said,
}

#[derive(Serialize)]
struct AllChanged<'a> {
    overrides: &'a [Changed],
}

pub(super) fn list(app: &App, runtimes: bool) -> anyhow::Result<Exit> {
    let exit = status::list(app, NOUN)?;
    if runtimes && !app.global.json {
        app.out.line(&paint(Style::Bold, &gettext("Runtimes, which apps bring along")));
        for scope in Scope::ALL {
            for name in Installation::of(&app.host, scope).runtimes()? {
                app.out.line(&format!("  {name}  {}", paint(Style::Dim, &scope.title())));
            }
        }
    }
    Ok(exit)
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.app {
        Some(name) => {
            let (scope, id) = find(&app.host, name, args.whose.scope())?;
            match args.raw {
                true => raw(app, &[id.as_str(), "global"], args.whose),
                false => one(app, scope, &id),
            }
        }
        None if args.raw => {
            let mut names = vec!["global".to_owned()];
            for scope in args.whose.scopes() {
                names.extend(Installation::of(&app.host, scope).override_names()?);
            }
            let mut seen = std::collections::BTreeSet::new();
            names.retain(|name| seen.insert(name.clone()));
            raw(app, &names.iter().map(String::as_str).collect::<Vec<_>>(), args.whose)
        }
        None => all(app, args),
    }
}

/// The app that `typed` names: installed, or with overrides of its own.
fn find(host: &Host, typed: &str, scope: Option<Scope>) -> anyhow::Result<(Scope, AppId)> {
    let languages = flatpak::languages(host);
    let mut known: BTreeMap<String, (Scope, Option<String>)> = BTreeMap::new();
    for of in [Scope::User, Scope::System] {
        if scope.is_some_and(|scope| scope != of) {
            continue;
        }
        let installation = Installation::of(host, of);
        for id in installation.app_ids()? {
            let app = installation.app(&id, &languages).map_err(anyhow::Error::msg)?;
            if let Some(app) = app {
                known.entry(id.to_string()).or_insert((of, app.current.title));
            }
        }
    }
    for of in [Scope::User, Scope::System] {
        for name in Installation::of(host, of).override_names()? {
            if name != "global" && name.parse::<AppId>().is_ok() {
                known.entry(name).or_insert((of, None));
            }
        }
    }
    let fits = |id: &str, title: &Option<String>| {
        names_app(typed, &ItemKey::new(id), title.as_deref().unwrap_or(id))
    };
    let found: Vec<_> = known.iter().filter(|(id, (_, title))| fits(id, title)).collect();
    match found.as_slice() {
        [(id, (scope, _))] => Ok((*scope, id.parse()?)),
        [] => {
            let names = known.iter().map(|(id, (_, title))| {
                let last = id.rsplit('.').next();
                (id.as_str(), title.iter().map(String::as_str).chain(last).collect::<Vec<_>>())
            });
            Err(Misnamed::Item { name: typed.to_owned(), close: nearest(typed, names) }.into())
        }
        several => {
            let items = several.iter().map(|(id, _)| (*id).clone()).collect();
            Err(Misnamed::Ambiguous { name: typed.to_owned(), items }.into())
        }
    }
}

/// The override files as they stand.
fn raw(app: &App, names: &[&str], whose: Whose) -> anyhow::Result<Exit> {
    for scope in whose.scopes() {
        let installation = Installation::of(&app.host, scope);
        for name in names {
            let path = installation.override_path(name);
            if let Some(text) = fs::read(&path)? {
                app.out.say(&paint(Style::Dim, &format!("# {}", app.host.display(&path))));
                text.lines().for_each(|line| app.out.line(line));
            }
        }
    }
    Ok(Exit::Done)
}

/// Everything that holds for one app.
fn one(app: &App, scope: Scope, id: &AppId) -> anyhow::Result<Exit> {
    let item = Item::App(scope, id.clone());
    let permissions = effective::permissions(&app.host, &item).map_err(anyhow::Error::msg)?;
    let mut grants = grants::grants(&app.host).map_err(anyhow::Error::msg)?;
    grants.retain(|grant| grant.app == id.as_str());
    if app.global.json {
        let answer = Answer { app: id, scope, permissions: &permissions, grants: &grants };
        app.out.json(&versioned(answer))?;
        return Ok(Exit::Done);
    }
    let title = paint(Style::Bold, id.as_str());
    app.out.line(&format!("{title}  {}", paint(Style::Dim, &scope.title())));
    if !permissions.installed {
        app.out.say(&gettext("It is not installed: this is what overrides say."));
    }
    for group in Group::ALL {
        let of = |entry: &&Entry| Group::of(&entry.permission) == group;
        let entries: Vec<&Entry> = permissions.entries.iter().filter(of).collect();
        if !entries.is_empty() {
            app.out.line(&paint(Style::Bold, &group.title()));
            show_entries(app, &entries);
        }
    }
    if permissions.entries.is_empty() {
        app.out.say(&gettext("It may do nothing beyond its sandbox."));
    }
    if !grants.is_empty() {
        app.out.line(&paint(Style::Bold, &gettext("Granted at run time, not captured")));
        for grant in &grants {
            let said = grant.permissions.join(", ");
            app.out.line(&format!("  {}: {}  {said}", grant.table, grant.id));
        }
    }
    Ok(Exit::Done)
}

fn show_entries(app: &App, entries: &[&Entry]) {
    let name = |entry: &Entry| match entry.permission.group.starts_with("Policy ") {
        true => catalogue::title(&entry.permission),
        false => entry.permission.token().to_owned(),
    };
    let widest = |texts: &mut dyn Iterator<Item = String>| {
        texts.map(|text| columns(&text)).max().unwrap_or(0).min(48)
    };
    let names = widest(&mut entries.iter().map(|entry| name(entry)));
    let effects = widest(&mut entries.iter().map(|entry| effect(entry)));
    for entry in entries {
        let source = entry.source.map(Source::title).unwrap_or_default();
        let name = pad(&name(entry), names);
        let said = pad(&effect(entry), effects);
        app.out.line(format!("  {name}  {said}  {}", paint(Style::Dim, &source)).trim_end());
        let speak: Vec<String> = entry
            .said
            .iter()
            .filter(|(_, said)| *said != Said::Nothing)
            .map(|(source, said)| format!("{}: {}", source.title(), word(said)))
            .collect();
        if speak.len() > 1 {
            app.out.line(&paint(Style::Dim, &format!("      {}", speak.join(" · "))));
        }
    }
}

fn effect(entry: &Entry) -> String {
    let text = match &entry.effect {
        Effect::Off if entry.permission.group == "Environment" => gettext("unset"),
        Effect::Off => gettext("off"),
        Effect::On => gettext("on"),
        Effect::If(conditions) => {
            fill(&gettext("if {conditions}"), &[("conditions", &conditions.join(", "))])
        }
        Effect::Text(text) if text.is_empty() => gettext("(empty)"),
        Effect::Text(text) => text.clone(),
    };
    match entry.known {
        true => text,
        false => fill(&gettext("{value}, which flatpak passes over"), &[("value", &text)]),
    }
}

fn word(said: &Said) -> String {
    match said {
        Said::Nothing => String::new(),
        Said::Value(value) => value.clone(),
        Said::Unset => gettext("unset"),
        Said::Resets => gettext("takes back all paths"),
    }
}

/// Which apps were changed, and how.
fn all(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let mut changed = Vec::new();
    for layer in args.whose.scopes() {
        let installation = Installation::of(&app.host, layer);
        let mut names = installation.override_names()?;
        names.sort_by_key(|name| (name != "global", name.clone()));
        for name in names {
            let keyfile = installation.overrides(&name).map_err(anyhow::Error::msg)?;
            let id = (name != "global").then_some(name);
            for entry in effective::layer(&keyfile, layer) {
                let said = entry.said.into_iter().next().map_or(Said::Nothing, |(_, said)| said);
                let permission = entry.permission;
                changed.push(Changed { app: id.clone(), layer, permission, said });
            }
        }
    }
    if app.global.json {
        app.out.json(&versioned(AllChanged { overrides: &changed }))?;
        return Ok(Exit::Done);
    }
    if changed.is_empty() {
        app.out.say(&gettext("No app was changed."));
        return Ok(Exit::Done);
    }
    let whose = |one: &Changed| {
        let name = one.app.clone().unwrap_or_else(|| gettext("All apps"));
        match one.layer {
            Scope::User => name,
            Scope::System => fill(&gettext("{app}, for every user"), &[("app", &name)]),
        }
    };
    let what = |one: &Changed| match &one.permission.element {
        Some(element) => format!("{}: {element}", one.permission.key),
        None => one.permission.key.clone(),
    };
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for one in &changed {
        let (head, line) = match args.by_permission {
            true => (what(one), format!("{}: {}", whose(one), word(&one.said))),
            false => (whose(one), format!("{}: {}", what(one), word(&one.said))),
        };
        match groups.iter_mut().find(|(known, _)| *known == head) {
            Some((_, lines)) => lines.push(line),
            None => groups.push((head, vec![line])),
        }
    }
    if args.by_permission {
        groups.sort();
    }
    for (head, lines) in groups {
        app.out.line(&paint(Style::Bold, &head));
        lines.iter().for_each(|line| app.out.line(&format!("  {line}")));
    }
    Ok(Exit::Done)
}
