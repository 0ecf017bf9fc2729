//! `bkt repo layer`: which layers there are, and moving entries between them.

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use crate::cli::act::{self, versioned};
use crate::cli::app::{App, Exit};
use crate::cli::errors::{self, Misnamed};
use crate::cli::output::{Style, paint};
use crate::cli::show;
use crate::core::item::Layer;
use crate::core::near::nearest;
use crate::engine::layers::{Defined, LayerReport};
use crate::subsystem::names_item;
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("See the layers of the manifests, and move entries between them"),
    after_help = gettext("\
manifests/ is for every machine. manifests/hosts/NAME/ adds to that and overrides it on the machine of that name; which \
layer an item comes from says: bkt status -v

Examples:
  bkt repo layer list                                   the layers, and how many items each has
  bkt repo layer move org.gnome.Boxes --to host         have it on this machine alone
  bkt repo layer move org.gnome.Boxes --to shared       have it on every machine")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("List the layers, and how many items each has"))]
    List,
    #[command(about = gettext("Move entries to the layer of all machines, or to that of this one"))]
    Move {
        #[arg(value_name = "ITEM", required = true, help = gettext("What to move"))]
        items: Vec<String>,
        #[arg(long, value_name = "LAYER", help = gettext("Where to: shared or host"))]
        to: To,
        #[arg(long, help = gettext("Also where the shared layer says something else, which is replaced"))]
        force: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    Shared,
    Host,
}

#[derive(Serialize)]
struct Layers {
    layers: Vec<LayerReport>,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List => list(app),
        Verb::Move { items, to, force } => transfer(app, items, *to, *force),
    }
}

/// A layer's name for people.
fn name(layer: &Layer) -> String {
    match layer {
        Layer::Shared => gettext("shared"),
        Layer::Host(host) => fill(&gettext("host {host}"), &[("host", host)]),
    }
}

fn list(app: &App) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let layers = engine.layers()?;
    let exit = match layers.iter().all(|layer| layer.problems.is_empty()) {
        true => Exit::Done,
        false => Exit::Error,
    };
    if app.global.json {
        app.out.json(&versioned(Layers { layers }))?;
        return Ok(exit);
    }
    for layer in &layers {
        let n = layer.total();
        let count = fill(&ngettext("{n} item", "{n} items", n), &[("n", &n.to_string())]);
        let here = match (&layer.layer, layer.seen_here) {
            (Layer::Host(_), true) => format!("  {}", paint(Style::Dim, &gettext("this machine"))),
            _ => String::new(),
        };
        app.out.line(&format!("{}  {count}{here}", paint(Style::Bold, &name(&layer.layer))));
        for (id, n) in &layer.items {
            let count = fill(&ngettext("{n} item", "{n} items", *n), &[("n", &n.to_string())]);
            app.out.line(&format!("  {}  {count}", show::title(&engine, id)));
        }
        for problem in &layer.problems {
            errors::show(&app.out, problem, None);
        }
    }
    Ok(exit)
}

fn transfer(app: &App, names: &[String], to: To, force: bool) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let to = match to {
        To::Shared => Layer::Shared,
        To::Host => Layer::Host(app.host.env().hostname.clone()),
    };
    let defined = engine.defined();
    let mut items: Vec<Defined> = Vec::new();
    for name in names {
        let one = named(&defined, name)?;
        if !items.contains(one) {
            items.push(one.clone());
        }
    }
    for one in &items {
        let text = match one.layer == to {
            true => gettext("{item}: is in the layer {to} already"),
            false => gettext("{item}: {from} → {to}"),
        };
        let values: &[(&str, &str)] =
            &[("item", &one.title), ("from", &name(&one.layer)), ("to", &name(&to))];
        app.out.say(&format!("  {}", fill(&text, values)));
    }
    let plan = engine.plan_move(&items, &to, force)?;
    act::carry_out(app, &engine, plan)
}

/// The item that `name` means, of those that the manifests have for this machine.
fn named<'a>(defined: &'a [Defined], name: &str) -> Result<&'a Defined, Misnamed> {
    let full = |one: &Defined| format!("{} {}", one.subsystem, one.item);
    let exact: Vec<&Defined> =
        defined.iter().filter(|one| one.item.as_str() == name || full(one) == name).collect();
    let fitting: Vec<&Defined> = match exact.is_empty() {
        true => defined.iter().filter(|one| names_item(name, &one.item, &one.title)).collect(),
        false => exact,
    };
    match fitting[..] {
        [one] => Ok(one),
        [] => {
            let known = defined.iter().map(|one| {
                let key = one.item.as_str();
                let last = key.rsplit(['/', ' ']).next().unwrap_or_default();
                (key, vec![last, one.title.as_str()])
            });
            let close = nearest(name, known);
            let message = gettext("the manifests have no item “{name}” for this machine");
            let hint = match close.is_empty() {
                true => gettext("See what there is: bkt status -v"),
                false => fill(
                    &gettext("Did you mean one of these?\n  {items}"),
                    &[("items", &close.join("\n  "))],
                ),
            };
            let message = fill(&message, &[("name", name)]);
            Err(Misnamed::Wrong { message, hint: Some(hint) })
        }
        _ => Err(Misnamed::Wrong {
            message: fill(&gettext("“{name}” can mean several items"), &[("name", name)]),
            hint: Some(fill(
                &gettext("Say which, with its subsystem, in quotes:\n  {items}"),
                &[("items", &fitting.iter().map(|one| full(one)).collect::<Vec<_>>().join("\n  "))],
            )),
        }),
    }
}
