//! What every noun offers: its items listed and captured, and the machine brought in line with the manifests.

use super::app::{App, Exit};
use super::capture::{self, Choice, Selection};
use super::share::{Follow, Share};
use super::status;
use crate::engine::Verb;
use crate::words::gettext;

#[derive(clap::Args)]
#[command(about = gettext("List everything, in the manifest or on this machine, and how it stands"))]
pub(super) struct List {}

#[derive(clap::Args)]
#[command(about = gettext("Change this machine to what the manifest says"))]
pub(super) struct Sync {
    #[command(flatten)]
    pub(super) choice: Choice,
}

#[derive(clap::Args)]
// Flattened by a verb that would give its group the same name.
#[group(skip)]
#[command(about = gettext("Save what this machine has to the manifest"))]
pub(super) struct Capture {
    #[command(flatten)]
    choice: Choice,
    #[arg(long, help = gettext("Also save what looks like a secret"))]
    pub(super) secrets: bool,
    #[command(flatten)]
    share: Share,
}

pub(super) fn list(app: &App, noun: &str) -> anyhow::Result<Exit> {
    status::list(app, noun)
}

pub(super) fn sync(app: &App, noun: &str, args: &Sync) -> anyhow::Result<Exit> {
    capture::go(app, Verb::Apply, &selection(noun, &args.choice), false)
}

impl Capture {
    /// What of `noun` is captured.
    pub(super) fn selection(&self, noun: &str) -> Selection {
        Selection { follow: self.share.follow(), ..selection(noun, &self.choice) }
    }
}

pub(super) fn capture(app: &App, noun: &str, args: &Capture) -> anyhow::Result<Exit> {
    capture::go(app, Verb::Capture, &args.selection(noun), args.secrets)
}

/// What a choice means of `noun`.
pub(super) fn selection(noun: &str, choice: &Choice) -> Selection {
    Selection {
        subsystems: vec![noun.to_owned()],
        choice: choice.clone(),
        now: false,
        losses: false,
        follow: Follow::default(),
    }
}
