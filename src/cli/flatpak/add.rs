//! Installing and uninstalling apps, and keeping them at a version.

use std::collections::BTreeSet;

use super::{APPS, REMOTES, Whose, names_app};
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::cli::pun::{self, Pun};
use crate::core::item::{ItemKey, Record};
use crate::core::names::{AppId, Branch, Commit, RemoteName};
use crate::core::near::nearest;
use crate::core::report::{ItemReport, Report};
use crate::engine::{Edit, Wish};
use crate::host::Host;
use crate::host::flatpak::Scope;
use crate::subsystem::Unfit;
use crate::subsystem::flatpak::{Item, offers};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
pub(in crate::cli) struct Add {
    #[arg(value_name = "APP", required = true, help = gettext("The app's id, as in org.gnome.Boxes"))]
    apps: Vec<String>,
    #[arg(long, value_name = "REMOTE", help = gettext("The remote to install from"))]
    remote: Option<RemoteName>,
    #[arg(long, value_name = "BRANCH", help = gettext("The branch to install"))]
    branch: Option<Branch>,
    #[arg(long, value_name = "COMMIT", help = gettext("The version to stay at; updates pass the app over"))]
    commit: Option<Commit>,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    pun: Pun,
}

#[derive(clap::Args)]
pub(in crate::cli) struct Named {
    #[arg(value_name = "APP", required = true, help = gettext("The app's id, or its name"))]
    apps: Vec<String>,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    pun: Pun,
}

pub(super) fn add(app: &App, args: &Add) -> anyhow::Result<Exit> {
    pun::act(app, &[REMOTES, APPS], &args.pun, |engine, _| {
        args.apps
            .iter()
            .map(|typed| wish(engine.host(), args, &id(engine.host(), args, typed)?))
            .collect()
    })
}

/// The id that was typed. Of what is none, the closest ids are named.
fn id(host: &Host, args: &Add, typed: &str) -> anyhow::Result<AppId> {
    typed.parse::<AppId>().or_else(|error| {
        if !args.pun.force() {
            offers::find(host, &args.whose.scopes(), args.remote.as_ref(), typed)?;
        }
        Err(error.into())
    })
}

/// Finds out where an app comes from, as far as the command line leaves it open.
fn wish(host: &Host, args: &Add, id: &AppId) -> anyhow::Result<Wish> {
    let (scope, remote, offered) = match (&args.remote, args.whose.scope(), args.pun.force()) {
        (Some(remote), Some(scope), true) => (scope, remote.clone(), BTreeSet::new()),
        (remote, _, _) => place(host, &args.whose.scopes(), remote.as_ref(), id)?,
    };
    let branch = match &args.branch {
        Some(branch) => Some(branch.to_string()),
        None if offered.contains("stable") => Some("stable".to_owned()),
        None if offered.len() > 1 => {
            let text = gettext("{app} has several branches: name one with --branch");
            let message = fill(&text, &[("app", id.as_str())]);
            return Err(
                Unfit { message, close: offered.into_iter().collect(), unsure: false }.into()
            );
        }
        None => offered.into_iter().next(),
    };
    let mut set = Record::new().with("remote", remote.as_str());
    if let Some(branch) = branch {
        set.set("branch", branch.as_str());
    }
    if let Some(commit) = &args.commit {
        set.set("commit", commit.as_str());
        set.set("masked", true);
    }
    let item = Item::App(scope, id.clone()).key();
    Ok(Wish { subsystem: APPS, item, edit: Edit::put(set) })
}

/// Where an app can be had: in the person's own installation, if a remote of it has the app.
fn place(
    host: &Host,
    scopes: &[Scope],
    remote: Option<&RemoteName>,
    id: &AppId,
) -> anyhow::Result<(Scope, RemoteName, BTreeSet<String>)> {
    let mut found = offers::find(host, scopes, remote, id.as_str())?;
    let scope = found.first().map(|(scope, ..)| *scope);
    found.retain(|(of, ..)| Some(*of) == scope);
    let names: Vec<String> = found.iter().map(|(_, name, _)| name.to_string()).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => {
            let text = gettext("several remotes have {app}: name one with --remote");
            let message = fill(&text, &[("app", id.as_str())]);
            Err(Unfit { message, close: names, unsure: false }.into())
        }
    }
}

pub(super) fn remove(app: &App, args: &Named) -> anyhow::Result<Exit> {
    let mut gone = Vec::new();
    let exit = pun::act(app, &[APPS], &args.pun, |_, report| {
        let items = named(report, args)?;
        gone.extend(items.iter().map(|item| last(&item.key).to_owned()));
        let wish = |item: &&ItemReport| Wish {
            subsystem: APPS,
            item: item.key.clone(),
            edit: Edit::Remove,
        };
        Ok(items.iter().map(wish).collect())
    })?;
    let data = app.host.env().home.join(".var/app");
    for id in gone.iter().filter(|id| exit == Exit::Done && data.join(id).exists()) {
        let text = gettext("The data of {app} stays: {path}");
        let path = app.host.display(&data.join(id));
        app.out.say(&fill(&text, &[("app", id), ("path", &path)]));
    }
    Ok(exit)
}

/// Keeps apps at the version they have, or lets them go on.
pub(super) fn mask(app: &App, args: &Named, on: bool) -> anyhow::Result<Exit> {
    pun::act(app, &[APPS], &args.pun, |_, report| {
        let mut wishes = Vec::new();
        for item in named(report, args)? {
            let commit = item.live.as_ref().and_then(|live| live.get("commit"));
            let edit = match (on, commit) {
                (true, Some(commit)) => {
                    let set = Record::new().with("masked", true).with("commit", commit.clone());
                    Edit::put(set)
                }
                (true, None) => {
                    let text = gettext("{app} is not installed, so it has no version to stay at");
                    let message = fill(&text, &[("app", last(&item.key))]);
                    return Err(Misnamed::Wrong { message, hint: None }.into());
                }
                (false, _) => {
                    let clear = vec!["masked".to_owned(), "commit".to_owned()];
                    Edit::Put { set: Record::new(), clear }
                }
            };
            wishes.push(Wish { subsystem: APPS, item: item.key.clone(), edit });
        }
        Ok(wishes)
    })
}

fn last(key: &ItemKey) -> &str {
    key.as_str().rsplit('/').next().unwrap_or_default()
}

/// The apps that were named, installed or wanted.
fn named<'a>(report: &'a Report, args: &Named) -> Result<Vec<&'a ItemReport>, Misnamed> {
    args.apps.iter().map(|typed| find(report, typed, args.whose.scope())).collect()
}

/// The app that `typed` names, in `scope` or, if it is in one only, in either.
pub(super) fn find<'a>(
    report: &'a Report,
    typed: &str,
    scope: Option<Scope>,
) -> Result<&'a ItemReport, Misnamed> {
    let items = report.subsystem(&APPS).map(|one| one.items.as_slice()).unwrap_or_default();
    let apps: Vec<&ItemReport> = items
        .iter()
        .filter(|item| match Item::parse(&item.key) {
            Some(Item::App(of, _)) => scope.is_none_or(|scope| scope == of),
            _ => false,
        })
        .collect();
    let fits = |item: &&&ItemReport| names_app(typed, &item.key, &item.title);
    let found: Vec<&&ItemReport> = apps.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let names = apps.iter().map(|item| {
                let id = last(&item.key);
                (id, vec![item.title.as_str(), id.rsplit('.').next().unwrap_or(id)])
            });
            Err(Misnamed::Item { name: typed.to_owned(), close: nearest(typed, names) })
        }
        several => {
            let items = several.iter().map(|item| match Item::parse(&item.key) {
                Some(Item::App(of, id)) => format!("{id} {}", of.flag()),
                _ => item.key.to_string(),
            });
            Err(Misnamed::Ambiguous { name: typed.to_owned(), items: items.collect() })
        }
    }
}
