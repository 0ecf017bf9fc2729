//! What is dnf's own: handed over, with everything that was typed.

use super::NOUN;
use crate::cli::app::{App, Exit};
use crate::cli::errors::Misnamed;
use crate::core::plan::Command;
use crate::host::inside::Place;
use crate::host::{command, dnf};
use crate::words::{fill, gettext};

/// What is handed over as it was typed.
#[derive(clap::Args)]
pub(super) struct Handed {
    #[arg(value_name = "ARG", trailing_var_arg = true, allow_hyphen_values = true, help = gettext("What dnf is to be given"))]
    args: Vec<String>,
}

/// Becomes dnf: what it prints and how it ends is the answer.
pub(super) fn on(app: &App, verb: &str, handed: &Handed) -> anyhow::Result<Exit> {
    let Some(program) = dnf::program(&app.host) else {
        return Err(dnf::NoAnswer::NoProgram.into());
    };
    let command = Command::new(program).arg(verb).args(&handed.args);
    let line = command::display(&command);
    if app.global.json {
        let message =
            gettext("bkt {noun} {verb} prints what {program} prints, and has no JSON of its own");
        let hint =
            gettext("What {program} itself takes goes behind “--”: bkt {noun} {verb} -- --json");
        let values = [("noun", NOUN), ("verb", verb), ("program", program)];
        return Err(Misnamed::Wrong {
            message: fill(&message, &values),
            hint: Some(fill(&hint, &values)),
        }
        .into());
    }
    if app.global.dry_run {
        app.out.line(&line);
        return Ok(Exit::Done);
    }
    let text = gettext("Packages {within}, with {program}:");
    app.out
        .aside(&fill(&text, &[("within", &Place::of(&app.host).within()), ("program", program)]));
    if app.out.verbose {
        app.out.aside(&format!("$ {line}"));
    }
    Err(app.host.become_program(&command).into())
}
