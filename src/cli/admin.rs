//! `bkt admin`: kernel arguments and systemd units, of this machine and of the image.

use clap::Subcommand;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::act::versioned;
use super::app::{App, Exit};
use super::errors::Misnamed;
use super::pun::{Pun, Recorded};
use super::units::Unit;
use super::{kargs, progress, units};
use crate::core::plan::Command;
use crate::host::inside::Place;
use crate::host::{command, interrupt, privilege};
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Kernel arguments and systemd units of this machine and its image"),
    after_help = gettext("\
kargs and systemctl change this machine now and save that to the manifest, so that the next image has it too; systemd \
is about the image alone. What is changed on the machine may ask for a password.

Examples:
  bkt admin kargs append mitigations=off     from the next start on, and in the image
  bkt admin kargs remove quiet --local       on this machine alone
  bkt admin systemd mask abrtd.service       in the image alone
  bkt admin systemctl enable sshd.service    now, and in the image
  bkt admin systemctl restart sshd.service   now; nothing is saved")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Kernel arguments, here from the next start on and in the image"))]
    Kargs {
        #[command(subcommand)]
        verb: kargs::Verb<Pun>,
    },
    #[command(about = gettext("Systemd units of the image: manifest and Containerfile alone"))]
    Systemd {
        #[command(subcommand)]
        verb: units::Verb<Recorded>,
    },
    #[command(
        about = gettext("Systemd units, here now and in the image"),
        after_help = gettext("\
start, stop and restart last until the next boot at most: they are no difference to any manifest, are not saved, and \
bkt undo does not take them back.")
    )]
    Systemctl {
        #[command(subcommand)]
        verb: Systemctl,
    },
}

#[derive(Subcommand)]
enum Systemctl {
    #[command(flatten)]
    Switch(units::Verb<Pun>),
    #[command(about = gettext("Start units now; nothing is saved"))]
    Start(Units),
    #[command(about = gettext("Stop units now; nothing is saved"))]
    Stop(Units),
    #[command(about = gettext("Restart units now; nothing is saved"))]
    Restart(Units),
    #[command(about = gettext("Show how units are doing, with systemctl"))]
    Status(Units),
}

#[derive(clap::Args)]
struct Units {
    #[arg(value_name = "UNIT", required = true, help = gettext("The unit, as in sshd.service; without a type a service is meant"))]
    units: Vec<Unit>,
}

/// What `start`, `stop` and `restart` answer as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    command: &'a str,
    done: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Kargs { verb } => kargs::run(app, verb),
        Verb::Systemd { verb } => units::run(app, verb),
        Verb::Systemctl { verb } => match verb {
            Systemctl::Switch(verb) => units::run(app, verb),
            Systemctl::Start(units) => at_once(app, "start", units),
            Systemctl::Stop(units) => at_once(app, "stop", units),
            Systemctl::Restart(units) => at_once(app, "restart", units),
            Systemctl::Status(units) => look(app, units),
        },
    }
}

fn systemctl(verb: &str, units: &Units) -> Command {
    Command::new("systemctl")
        .arg(verb)
        .arg("--")
        .args(units.units.iter().map(|unit| unit.0.as_str()))
}

/// Does what leaves no trace beyond the next boot.
fn at_once(app: &App, verb: &str, units: &Units) -> anyhow::Result<Exit> {
    Place::changes_the_machine(&app.host)?;
    let command = privilege::as_root(&app.host, systemctl(verb, units));
    let line = command::display(&command);
    if app.global.dry_run {
        app.out.line(&line);
        app.out.say(&gettext("Nothing was changed: this is a dry run."));
    } else {
        let cancel = CancellationToken::new();
        interrupt::cancels(&cancel);
        let busy = progress::busy(&app.out, line.clone());
        app.host.run(&command, &mut |_| (), &cancel)?;
        drop(busy);
        app.out.say(&fill(&gettext("Done: {command}"), &[("command", &line)]));
    }
    if app.global.json {
        app.out.json(&versioned(Answer { command: &line, done: !app.global.dry_run }))?;
    }
    Ok(Exit::Done)
}

/// Becomes systemctl: what it prints and how it ends is the answer.
fn look(app: &App, units: &Units) -> anyhow::Result<Exit> {
    let command = systemctl("status", units);
    if app.global.json {
        let message = gettext("status prints what systemctl prints, and has no JSON");
        let hint =
            Some(gettext("How units stand against the manifest: bkt admin systemctl list --json"));
        return Err(Misnamed::Wrong { message, hint }.into());
    }
    if app.global.dry_run {
        app.out.line(&command::display(&command));
        return Ok(Exit::Done);
    }
    if app.out.verbose {
        app.out.aside(&format!("$ {}", command::display(&command)));
    }
    Err(app.host.become_program(&command).into())
}
