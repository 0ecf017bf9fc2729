//! `bkt distrobox`: boxes that distrobox makes, on this machine and in the manifest.

mod add;
mod exchange;
mod lint;

use clap::Subcommand;

use super::app::{App, Exit};
use super::capture::{self, Choice, Selection};
use super::noun;
use super::share::Share;
use crate::core::plan::{Change, Plan, Side};
use crate::engine::{Engine, Verb as Direction};
use crate::subsystem::distrobox::{ID as BOXES, PACKAGES};
use crate::words::gettext;

const NOUN: &str = "distrobox";

#[derive(clap::Args)]
#[command(
    about = gettext("Distroboxes: containers with a distribution of their own"),
    after_help = gettext("\
Packages and exports of a box are changed in place. Anything else means that the box is made anew: what would be lost \
with the old one is said first, and a box that matches is left alone.

Examples:
  bkt distrobox add dev --image registry.example/fedora-toolbox:42 --package gcc
                                         make it, and save that to the manifest
  bkt distrobox capture --packages dev   save what it is, and what was installed in it by hand
  bkt distrobox apply                    make every box what the manifest says
  bkt distrobox import                   take over the boxes of ./distrobox.ini
  bkt distrobox lint                     look whether its hooks may run again and again")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(
        about = gettext("Make boxes, and save them to the manifest"),
        long_about = gettext("\
Make boxes, and save them to the manifest. Of a box that is there already, packages, exports, volumes, variables and \
options are added to; what else is named takes the place of what it was.")
    )]
    Add(Box<add::Add>),
    #[command(
        about = gettext("Remove boxes, and stop tracking them"),
        long_about = gettext("\
Remove boxes with all that is in them, and stop tracking them. Where nobody can be asked, that takes --yes; what lies \
in the home directory stays.")
    )]
    Remove(add::Remove),
    List(noun::List),
    Capture(Capture),
    Apply(Apply),
    #[command(
        about = gettext("Take over the boxes of a distrobox.ini"),
        long_about = gettext("\
Take over the boxes of a file as distrobox assemble reads it, into the manifest; this machine stays as it is. What has \
no place in the manifest is named.")
    )]
    Import(exchange::Import),
    #[command(
        about = gettext("Write the boxes of the manifest as a distrobox.ini"),
        long_about = gettext("\
Write the boxes of the manifest as a file for distrobox assemble. What has no place in such a file is named, and the \
exit status is 5 then.")
    )]
    Export(exchange::Export),
    #[command(
        about = gettext("Look whether hooks may run again and again, and leave a box as a new one would be"),
        long_about = gettext("\
Look at the hooks of the manifest. A hook runs at each start of its box: it is to change nothing when it is run again, \
and to leave the box as one would be that is made today. What looks as if it did not is shown, with what to write \
instead; the exit status is 3 then. Nothing is run.")
    )]
    Lint(lint::Lint),
}

#[derive(clap::Args)]
#[command(
    about = gettext("Save what boxes are to the manifest"),
    long_about = gettext("\
Save what boxes are to the manifest: image, home, volumes, variables, hooks, exports. What was installed in them by hand \
is saved with --packages: what its package manager says was asked for, less what the image brings. A box that does not \
run is read without being started.")
)]
struct Capture {
    #[arg(value_name = "NAME", help = gettext("Only these boxes, whatever it takes"))]
    names: Vec<String>,
    #[arg(long, help = gettext("Also save which packages were installed in them"))]
    packages: bool,
    #[arg(long, help = gettext("Also remove what the other side no longer has"))]
    prune: bool,
    #[arg(long, help = gettext("Also decide conflicts this way, and undo what the other side changed"))]
    force: bool,
    #[arg(long, help = gettext("Also save what looks like a secret"))]
    secrets: bool,
    #[command(flatten)]
    share: Share,
}

#[derive(clap::Args)]
#[command(
    visible_alias = "sync",
    about = gettext("Make boxes what the manifest says"),
    long_about = gettext("\
Make boxes what the manifest says. Packages and exports are changed in place. A box that has to be made anew is left \
until you say so, here or with --recreate: --yes alone does not.")
)]
struct Apply {
    #[arg(value_name = "NAME", help = gettext("Only these boxes, whatever it takes"))]
    names: Vec<String>,
    #[arg(long, help = gettext("Also make boxes anew that have to be, and lose what is in them"))]
    recreate: bool,
    #[arg(long, help = gettext("Also remove what the other side no longer has"))]
    prune: bool,
    #[arg(long, help = gettext("Also decide conflicts this way, and undo what the other side changed"))]
    force: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Add(args) => add::add(app, args),
        Verb::Remove(args) => add::remove(app, args),
        Verb::List(_) => noun::list(app, NOUN),
        Verb::Capture(args) => capture(app, args),
        Verb::Apply(args) => apply(app, args),
        Verb::Import(args) => exchange::import(app, args),
        Verb::Export(args) => exchange::export(app, args),
        Verb::Lint(args) => lint::lint(app, args),
    }
}

fn capture(app: &App, args: &Capture) -> anyhow::Result<Exit> {
    let choice = Choice::of(&args.names, args.prune, args.force);
    let selection = Selection { follow: args.share.follow(), ..noun::selection(NOUN, &choice) };
    let asked = capture::ask(app, Direction::Capture, &selection, args.secrets, |_, _| Ok(()))?;
    match args.packages {
        true => asked.carry_out(app),
        false => asked.carry_out_of(app, without_packages),
    }
}

/// The same plan, in which the manifest keeps what it says of packages.
fn without_packages(engine: &Engine, plan: Plan) -> anyhow::Result<Plan> {
    let keep = |mut change: Change| {
        if let (true, Side::Manifest, Some(after)) =
            (change.subsystem == BOXES, change.side, &mut change.after)
        {
            let before = change.before.as_ref().and_then(|before| before.get(PACKAGES)).cloned();
            match before {
                Some(packages) => after.set(PACKAGES, packages),
                None => drop(after.0.remove(PACKAGES)),
            }
        }
        (change.before != change.after).then_some(change)
    };
    let kept = |changes: Vec<Change>| changes.into_iter().filter_map(keep).collect();
    engine.plan_changes(kept(plan.changes), kept(plan.held))
}

fn apply(app: &App, args: &Apply) -> anyhow::Result<Exit> {
    let choice = Choice::of(&args.names, args.prune, args.force);
    let selection = Selection { losses: args.recreate, ..noun::selection(NOUN, &choice) };
    capture::go(app, Direction::Apply, &selection, false)
}
