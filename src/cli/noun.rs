//! What every noun offers: its items listed, captured, and the machine brought in line with the manifests.

use super::app::{App, Exit};
use super::capture::{self, Choice, Selection};
use super::status;
use crate::engine::Verb;
use crate::words::gettext;

/// The verbs that are the same for every noun; a noun flattens them into its own.
#[derive(clap::Subcommand)]
pub(super) enum Common {
    #[command(about = gettext("List everything, in the manifest or on this machine, and how it stands"))]
    List,
    #[command(about = gettext("Change this machine to what the manifest says"))]
    Sync(Choice),
    #[command(about = gettext("Save what this machine has to the manifest"))]
    Capture {
        #[command(flatten)]
        choice: Choice,
        #[arg(long, help = gettext("Also save what looks like a secret"))]
        secrets: bool,
    },
}

/// Runs one of them for the subsystems of `noun`.
pub(super) fn run(app: &App, noun: &str, verb: &Common) -> anyhow::Result<Exit> {
    let selection =
        |choice: &Choice| Selection { subsystems: vec![noun.to_owned()], choice: choice.clone() };
    match verb {
        Common::List => status::list(app, noun),
        Common::Sync(choice) => capture::go(app, Verb::Apply, &selection(choice), false),
        Common::Capture { choice, secrets } => {
            capture::go(app, Verb::Capture, &selection(choice), *secrets)
        }
    }
}
