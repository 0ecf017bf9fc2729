//! What the toolchains' verbs have in common: wishes about their items, and lists of them.

use crate::cli::app::{App, Exit};
use crate::cli::pun::{self, Options, Pun};
use crate::cli::{act, status};
use crate::core::item::{Record, Value};
use crate::core::report::Report;
use crate::engine::{Edit, Reach, Wish};
use crate::subsystem::Unfit;
use crate::subsystem::toolchains::{ID as TOOLCHAINS, Item, VERSION};
use crate::words::{fill, gettext};

/// Has items, with these fields.
pub(super) fn put(app: &App, pun: &Pun, items: &[(Item, Record)]) -> anyhow::Result<Exit> {
    pun::act(app, &[TOOLCHAINS], pun, |_, _| Ok(items.iter().map(wish).collect()))
}

fn wish((item, set): &(Item, Record)) -> Wish {
    Wish { subsystem: TOOLCHAINS, item: item.key(), edit: Edit::put(set.clone()) }
}

/// Writes down items that are there already.
pub(super) fn record(app: &App, pun: &Pun, items: &[(Item, Record)]) -> anyhow::Result<Exit> {
    let mut how = pun.how();
    how.reach = Reach::Manifest;
    let wishes = |_: &_, _: &_| Ok(items.iter().map(wish).collect());
    let (engine, plan) = pun::plan(app, &[TOOLCHAINS], how, wishes)?;
    act::carry_out_and(app, &engine, plan, how.follow, how.force)
}

/// Has items that may name a version. A version that is there already, of what no manifest has, is written down after
/// the rest: else it would be taken for one that only happens to be there.
pub(super) fn put_versions(app: &App, pun: &Pun, items: &[(Item, Record)]) -> anyhow::Result<Exit> {
    let mut there = Vec::new();
    let exit = pun::act(app, &[TOOLCHAINS], pun, |_, report| {
        there = items.iter().filter(|one| happens_to_be_there(report, one)).cloned().collect();
        Ok(items.iter().map(wish).collect())
    })?;
    match exit == Exit::Done && !there.is_empty() && pun.reach() != Reach::System {
        true => record(app, pun, &there),
        false => Ok(exit),
    }
}

fn happens_to_be_there(report: &Report, (item, set): &(Item, Record)) -> bool {
    let version =
        |record: &Option<Record>| record.as_ref().and_then(|one| one.get(VERSION)).cloned();
    let asked: Option<Value> = set.get(VERSION).cloned();
    report
        .item(&TOOLCHAINS, &item.key())
        .is_some_and(|one| one.wanted.is_none() && asked.is_some() && version(&one.live) == asked)
}

/// Takes items away.
pub(super) fn remove(app: &App, pun: &Pun, items: &[Item]) -> anyhow::Result<Exit> {
    pun::act(app, &[TOOLCHAINS], pun, |_, report| {
        let wishes = items.iter().map(|item| {
            let key = item.key();
            if report.item(&TOOLCHAINS, &key).is_none() {
                return Err(unknown(report, item).into());
            }
            Ok(Wish { subsystem: TOOLCHAINS, item: key, edit: Edit::Remove })
        });
        wishes.collect()
    })
}

/// Nothing of that name is there or wanted.
fn unknown(report: &Report, item: &Item) -> Unfit {
    let key = item.key();
    let (kind, name) = split(key.as_str());
    let text = gettext("“{name}” is neither in the development box's home nor in the manifest");
    let all = report.subsystem(&TOOLCHAINS).into_iter().flat_map(|one| &one.items);
    let names = all.map(|one| split(one.key.as_str())).filter(|(of, _)| *of == kind);
    let close = crate::core::near::nearest(name, names.map(|(_, name)| (name, Vec::new())));
    Unfit { message: fill(&text, &[("name", name)]), close, unsure: false }
}

/// A key's kind, and the name behind it, which of npm's packages may have a “/”.
fn split(key: &str) -> (&str, &str) {
    match key.split_once('/') {
        Some(("rustup", rest)) => rest.split_once('/').unwrap_or(("rustup", rest)),
        Some(parts) => parts,
        None => ("", key),
    }
}

/// Lists the items of one kind, and how they stand.
pub(super) fn list(app: &App, kind: &str) -> anyhow::Result<Exit> {
    let of_kind = |key: &str| key.split_once('/').is_some_and(|(of, _)| of == kind);
    status::list_some(app, TOOLCHAINS.as_str(), &of_kind)
}
