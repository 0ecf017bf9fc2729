//! Kernel arguments: the verbs of `bkt image kargs` and `bkt admin kargs`.

use clap::Subcommand;

use super::app::{App, Exit};
use super::pun::{self, Options};
use super::status;
use crate::core::item::{ItemKey, Record};
use crate::core::names::Karg;
use crate::core::report::{ItemReport, Report};
use crate::engine::{Edit, Reach, Wish};
use crate::subsystem::kargs::ID as KARGS;
use crate::words::gettext;

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
    decide: fn(&Report, &Karg, Reach) -> Vec<Wish>,
) -> anyhow::Result<Exit> {
    let reach = named.options.how().reach;
    pun::act_on_machine(app, KARGS, &named.options, |_, report| {
        Ok(named.arguments.iter().flat_map(|argument| decide(report, argument, reach)).collect())
    })
}

fn append(report: &Report, argument: &Karg, _: Reach) -> Vec<Wish> {
    let left_out = key("remove", argument);
    let put = to(key("append", argument), Edit::put(Record::new()));
    match report.item(&KARGS, &left_out).is_some_and(there) {
        true => vec![to(left_out, Edit::Remove), put],
        false => vec![put],
    }
}

/// What the manifest adds is added no more; anything else is to be left out, on every machine that the manifest is for.
fn remove(report: &Report, argument: &Karg, reach: Reach) -> Vec<Wish> {
    let added = key("append", argument);
    let here = |item: &ItemReport| reach == Reach::System && item.live.is_some();
    let ours = |item: &ItemReport| item.wanted.is_some() || here(item);
    match report.item(&KARGS, &added).is_some_and(ours) {
        true => vec![to(added, Edit::Remove)],
        false => vec![to(key("remove", argument), Edit::put(Record::new()))],
    }
}

fn there(item: &ItemReport) -> bool {
    item.wanted.is_some() || item.live.is_some()
}

fn key(list: &str, argument: &Karg) -> ItemKey {
    ItemKey::new(format!("{list}/{}", argument.as_read()))
}

fn to(item: ItemKey, edit: Edit) -> Wish {
    Wish { subsystem: KARGS, item, edit }
}
