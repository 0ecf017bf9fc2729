//! Into the development box: the terminal is handed over.

use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::core::plan::Command;
use crate::host::boxes::{As, Maker};
use crate::host::command;
use crate::subsystem::toolbox::Dev;
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Enter the development box, or run one command in it"),
    after_help = gettext("\
Examples:
  bkt dev enter                    a shell in the box
  bkt dev enter -- cargo build     one command; its exit status is the answer")
)]
pub(super) struct Args {
    #[arg(value_name = "COMMAND", last = true, help = gettext("What to run instead of a shell"))]
    command: Vec<String>,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let dev = Dev::read(engine.host())?;
    let name = dev.boxed.name.as_str();
    if args.command.is_empty() && super::called_in(app, &dev) {
        app.out.say(&gettext("You are in the development box already."));
        return Ok(Exit::Done);
    }
    let command = match (args.command.split_first(), dev.boxed.maker) {
        (Some((program, rest)), _) => {
            dev.inside(As::Person, Command::new(program.as_str()).args(rest))
        }
        (None, Maker::Distrobox) => Command::new("distrobox").args(["enter", "--name", name]),
        (None, Maker::Toolbox) => Command::new("toolbox").args(["enter", name]),
    };
    if app.global.json {
        let message = gettext("what is entered has no JSON of its own");
        return Err(Misnamed::Wrong { message, hint: None }.into());
    }
    let line = command::display(&command);
    if app.global.dry_run {
        app.out.line(&line);
        return Ok(Exit::Done);
    }
    if app.out.verbose {
        app.out.aside(&format!("$ {line}"));
    }
    Err(app.host.become_program(&command).into())
}
