//! Kernel arguments: the verbs of `bkt image kargs` and `bkt admin kargs`.

use clap::Subcommand;

use super::app::{App, Exit};
use super::pun::{self, Options};
use super::status;
use crate::core::item::{ItemKey, Record, SubsystemId};
use crate::core::names::Karg;
use crate::core::report::{ItemReport, Report};
use crate::engine::{Edit, Reach, Wish};
use crate::host::inside::Place;
use crate::words::gettext;

const KARGS: SubsystemId = SubsystemId::new("kargs");

#[derive(Subcommand)]
pub(super) enum Verb<O: Options> {
    #[command(about = gettext("Start with these arguments"))]
    Append(Named<O>),
    #[command(about = gettext("Start without these arguments"))]
    Remove(Named<O>),
    #[command(about = gettext("List kernel arguments, in the manifest or on this machine, and how they stand"))]
    List,
}

#[derive(clap::Args)]
pub(super) struct Named<O: Options> {
    #[arg(value_name = "ARGUMENT", required = true, help = gettext("The argument, as in quiet or mitigations=off"))]
    arguments: Vec<Karg>,
    #[command(flatten)]
    options: O,
}

pub(super) fn run(app: &App, verb: &Verb<impl Options>) -> anyhow::Result<Exit> {
    match verb {
        Verb::Append(named) => wish(app, named, append),
        Verb::Remove(named) => wish(app, named, remove),
        Verb::List => status::list(app, KARGS.as_str()),
    }
}

fn wish<O: Options>(
    app: &App,
    named: &Named<O>,
    decide: fn(&Report, &Karg) -> Vec<Wish>,
) -> anyhow::Result<Exit> {
    if named.options.how().reach != Reach::Manifest {
        Place::changes_the_machine(&app.host)?;
    }
    pun::act(app, &[KARGS], &named.options, |_, report| {
        Ok(named.arguments.iter().flat_map(|argument| decide(report, argument)).collect())
    })
}

fn append(report: &Report, argument: &Karg) -> Vec<Wish> {
    let left_out = key("remove", argument);
    let put = to(key("append", argument), Edit::put(Record::new()));
    match report.item(&KARGS, &left_out).is_some_and(there) {
        true => vec![to(left_out, Edit::Remove), put],
        false => vec![put],
    }
}

/// What somebody added is taken away; what comes from elsewhere is left out on every machine.
fn remove(report: &Report, argument: &Karg) -> Vec<Wish> {
    let added = key("append", argument);
    match report.item(&KARGS, &added).is_some_and(there) {
        true => vec![to(added, Edit::Remove)],
        false => vec![to(key("remove", argument), Edit::put(Record::new()))],
    }
}

fn there(item: &ItemReport) -> bool {
    item.wanted.is_some() || item.live.is_some()
}

fn key(list: &str, argument: &Karg) -> ItemKey {
    ItemKey::new(format!("{list}/{argument}"))
}

fn to(item: ItemKey, edit: Edit) -> Wish {
    Wish { subsystem: KARGS, item, edit }
}
