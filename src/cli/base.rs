//! `bkt base`: what the manifests assume of the base image, and whether it holds.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::act::{self, versioned};
use super::app::{App, Exit};
use super::errors::Misnamed;
use super::noun;
use super::output::{Style, paint};
use super::share::Share;
use crate::core::item::{ItemKey, Record};
use crate::core::names::{ImagePath, ImageRef, InvalidName, PackageName, UnitName};
use crate::core::near::nearest;
use crate::core::report::Report;
use crate::engine::{Edit, Engine, Reach, Wish};
use crate::host::deployment;
use crate::subsystem::Subsystem;
use crate::subsystem::base::entry::{Assumption, Kind, REASON};
use crate::subsystem::base::verify::{self, Against, Verdict, Verification, Verified};
use crate::subsystem::base::{Base, ID, kind_title};
use crate::words::{self, fill, gettext, ngettext};

const NOUN: &str = "base";

#[derive(clap::Args)]
#[command(
    about = gettext("What you assume of the base image, and whether it holds"),
    after_help = gettext("\
The base image brings packages, services and files that your own image builds on. Write down those that have to be \
there, and be told before a new base image breaks something.

Examples:
  bkt base assume gnome-shell --reason \"the extensions need it\"
  bkt base assume --service sshd.service --path /usr/bin/bootc
  bkt base verify                                  whether this machine's image has all of it
  bkt base verify --image registry.example/desktop:43 --pull
  bkt base list                                    what is assumed, and how it stands")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(
        about = gettext("Say whether everything that is assumed holds"),
        long_about = gettext("\
Say whether everything that is assumed holds: in the image that this machine was started from, without what was layered \
over it, in another image, or by a list of packages. Exits with status 3 if something does not."),
        after_help = gettext("\
An image is looked at with podman, in a container without a network. A list has a package's name on each line, or its \
name and version as rpm -qa or dnf list print them; it says nothing of services and paths.

Examples:
  bkt base verify                                  this machine's image
  bkt base verify --image localhost/os --record    an image, and write down when it was as it should be
  rpm -qa > list; bkt base verify --packages list  by a list")
    )]
    Verify(Verify),
    #[command(
        about = gettext("Write down what the base image has to have"),
        after_help = gettext("\
Examples:
  bkt base assume gnome-shell mutter
  bkt base assume --service sshd.service --reason \"remote help\"
  bkt base assume --remove mutter                  stop assuming it")
    )]
    Assume(Assume),
    List(noun::List),
}

#[derive(clap::Args)]
struct Verify {
    #[arg(long, value_name = "IMAGE", help = gettext("Look at this image, with podman"))]
    image: Option<ImageRef>,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["image", "record"], help = gettext("Look at this list of packages"))]
    packages: Option<PathBuf>,
    #[arg(long, requires = "image", help = gettext("Fetch the image first, where it is not on this machine"))]
    pull: bool,
    #[arg(long, help = gettext("Where everything holds, write down when, and of which image"))]
    record: bool,
}

#[derive(clap::Args)]
struct Assume {
    #[arg(value_name = "PACKAGE", required_unless_present_any = ["services", "paths"], help = gettext("Packages that the base image has to have"))]
    packages: Vec<PackageName>,
    #[arg(long = "service", value_name = "UNIT", value_parser = unit, help = gettext("A systemd unit that it has to have"))]
    services: Vec<UnitName>,
    #[arg(long = "path", value_name = "PATH", help = gettext("A file or directory that it has to have"))]
    paths: Vec<ImagePath>,
    #[arg(long, value_name = "TEXT", conflicts_with = "remove", help = gettext("Why it has to be there"))]
    reason: Option<String>,
    #[arg(long, help = gettext("Stop assuming it"))]
    remove: bool,
    #[arg(long, help = gettext("Do not look up whether it is there"))]
    force: bool,
    #[command(flatten)]
    share: Share,
}

/// A unit; one without a type is a service.
fn unit(text: &str) -> Result<UnitName, InvalidName> {
    match Assumption::new(Kind::Service, text)? {
        Assumption::Service(unit) => Ok(unit),
        Assumption::Package(_) | Assumption::Path(_) => text.parse(),
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Verify(args) => verify(app, args),
        Verb::Assume(args) => assume(app, args),
        Verb::List(_) => noun::list(app, NOUN),
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    verification: &'a Verification,
    passed: bool,
    /// When it was written down, where it was.
    recorded_at: Option<&'a str>,
}

fn verify(app: &App, args: &Verify) -> anyhow::Result<Exit> {
    let engine = if args.record { act::open(app)? } else { app.engine()? };
    let against = match (&args.image, &args.packages) {
        (Some(image), _) => Against::Image(image.clone()),
        (_, Some(path)) => Against::List(app.host.env().cwd.join(path)),
        (None, None) => Against::Machine,
    };
    let wanted = Base.wanted(&engine.manifests(), &app.host)?;
    let busy = super::progress::busy(&app.out, gettext("Looking at the image"));
    let found = verify::verify(&app.host, &wanted, &against, args.pull)?;
    drop(busy);
    let at = app.host.now().to_string();
    let fits = args.record && found.passed() && !found.assumptions.is_empty();
    let record = if fits { record(app, &engine, &against, &at)? } else { None };
    if app.global.json {
        let recorded_at = record.map(|()| at.as_str());
        app.out.json(&versioned(Answer {
            verification: &found,
            passed: found.passed(),
            recorded_at,
        }))?;
    } else {
        tell(app, &found);
        if args.record {
            app.out.say(&match (record, app.global.dry_run && fits) {
                (Some(()), _) => gettext("That they hold was written down."),
                (None, true) => gettext("Nothing was changed: this is a dry run."),
                (None, false) => gettext("Nothing was written down."),
            });
        }
    }
    Ok(match (found.count(Verdict::Unknown), found.count(Verdict::Fails)) {
        (_, 1..) => Exit::Drift,
        (1.., 0) => Exit::Error,
        (0, 0) => Exit::Done,
    })
}

/// Writes down that everything held. Says whether it did.
fn record(app: &App, engine: &Engine, against: &Against, at: &str) -> anyhow::Result<Option<()>> {
    let layer = app.layer();
    let title = gettext("Write down that the base image is as it is assumed to be");
    let plan =
        engine.plan_edit(title, |manifests| verify::record(manifests, against, at, &layer))?;
    if app.global.dry_run {
        return Ok(None);
    }
    let outcome = act::execute(app, engine, &plan)?;
    match outcome.errors.first() {
        Some(error) => Err(anyhow::anyhow!(error.clone())),
        None => Ok(outcome.complete().then_some(())),
    }
}

fn tell(app: &App, found: &Verification) {
    for one in &found.assumptions {
        if one.verdict != Verdict::Holds || !app.global.quiet {
            app.out.line(&line(one));
        }
    }
    let against = match found.against.as_str() {
        "machine" => gettext("this machine's image"),
        other => other.to_owned(),
    };
    let count = |verdict| found.count(verdict);
    let parts = [
        (count(Verdict::Holds), ngettext("{n} holds", "{n} hold", count(Verdict::Holds))),
        (count(Verdict::Fails), ngettext("{n} does not", "{n} do not", count(Verdict::Fails))),
        (count(Verdict::Unknown), gettext("{n} could not be read")),
        (count(Verdict::NotChecked), gettext("{n} not checked")),
    ];
    let said = words::counted(parts);
    let text = match said.is_empty() {
        true => gettext("Nothing is assumed of the base image: bkt base assume"),
        false => fill(
            &gettext("Assumptions about {image}: {counts}."),
            &[("image", &against), ("counts", &said.join(", "))],
        ),
    };
    app.out.say(&text);
}

/// One assumption, what it is needed for, and what was found.
fn line(one: &Verified) -> String {
    let (sign, style, words) = match one.verdict {
        Verdict::Holds => ("=", Style::Green, gettext("holds")),
        Verdict::Fails => ("×", Style::Red, gettext("does not hold")),
        Verdict::NotChecked => ("○", Style::Dim, gettext("not checked")),
        Verdict::Unknown => ("?", Style::Yellow, gettext("could not be read")),
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == one.kind).map(kind_title);
    let mut text = format!(
        "  {} {}  {}  {words}",
        paint(style, sign),
        paint(Style::Bold, &one.name),
        paint(Style::Dim, &kind.unwrap_or_default()),
    );
    if let Some(why) = &one.why {
        text = format!("{text}: {why}");
    }
    if let Some(reason) = &one.reason {
        let needed = fill(&gettext("it is needed: {reason}"), &[("reason", reason)]);
        text = format!("{text}, {needed}");
    }
    text
}

fn assume(app: &App, args: &Assume) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let report = app.survey_ids(&engine, &[ID])?;
    let packages = args.packages.iter().cloned().map(Assumption::Package);
    let services = args.services.iter().cloned().map(Assumption::Service);
    let paths = args.paths.iter().cloned().map(Assumption::Path);
    let mut wishes: Vec<Wish> = Vec::new();
    for one in packages.chain(services).chain(paths) {
        let edit = match (args.remove, &args.reason) {
            (true, _) => {
                named(&report, &one)?;
                Edit::Remove
            }
            (false, Some(reason)) => Edit::put(Record::new().with(REASON, reason.as_str())),
            (false, None) => Edit::put(Record::new()),
        };
        wishes.push(Wish { subsystem: ID, item: one.key(), edit });
    }
    if !args.force && !args.remove {
        if !deployment::is_image(&app.host) {
            app.out.warn(&gettext("This machine was not started from an image, so nothing was looked up. To look into an image: bkt base verify --image IMAGE"));
        }
        engine.validate(&wishes)?;
    }
    let plan = engine.plan_wishes(&report, &wishes, Reach::Manifest, &app.layer(), false)?;
    act::carry_out_and(app, &engine, plan, args.share.follow(), args.force)
}

/// Makes sure that something is assumed.
fn named(report: &Report, assumption: &Assumption) -> Result<(), Misnamed> {
    let wanted = |key: &ItemKey| report.item(&ID, key).is_some_and(|item| item.wanted.is_some());
    if wanted(&assumption.key()) {
        return Ok(());
    }
    let items = report.subsystem(&ID).map(|one| &one.items[..]).unwrap_or_default();
    let names = items.iter().map(|item| (item.title.as_str(), Vec::new()));
    let close = nearest(assumption.name(), names);
    Err(Misnamed::Item { name: assumption.name().to_owned(), close })
}
