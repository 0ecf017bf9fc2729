//! Bringing this machine in line with what the manifests say of packages and where they come from.

use super::NOUN;
use super::packages::{Image, PACKAGES, warn_of_layers};
use crate::cli::app::{App, Exit};
use crate::cli::capture::{self, Choice};
use crate::cli::noun;
use crate::core::item::Pending;
use crate::core::report::{ItemReport, Report};
use crate::engine::Verb;
use crate::host::inside::Place;
use crate::words::{fill, gettext, ngettext};

/// How many names are listed.
const LISTED: usize = 8;

#[derive(clap::Args)]
#[command(
    about = gettext("Change this machine to what the manifest says"),
    after_help = gettext("\
What the next image brings waits for it. With --now it is layered on this machine, and comes into force without a \
restart where rpm-ostree can do that; what the image has brought since is layered no more.

Examples:
  bkt dnf sync                     package repositories, and what waits for the next image
  bkt dnf sync --now               have it on this machine now
  bkt dnf sync --now -n            what that would do")
)]
pub(super) struct Sync {
    #[command(flatten)]
    choice: Choice,
    #[arg(long, help = gettext("Have what the next image brings on this machine now"))]
    now: bool,
}

pub(super) fn run(app: &App, args: &Sync) -> anyhow::Result<Exit> {
    Place::changes_the_machine(&app.host)?;
    let mut selection = noun::selection(NOUN, &args.choice);
    selection.now = args.now;
    let image = Image::read(app)?;
    capture::go_with(app, Verb::Apply, &selection, false, |_, report| {
        let waiting: Vec<&ItemReport> = waiting(report).collect();
        match args.now {
            true if !waiting.is_empty() => warn_of_layers(app, &image),
            false if !waiting.is_empty() => tell(app, &waiting),
            _ => (),
        }
        Ok(())
    })
}

/// The packages that the next image brings.
fn waiting(report: &Report) -> impl Iterator<Item = &ItemReport> {
    let of = report.subsystem(&PACKAGES).into_iter().flat_map(|one| &one.items);
    of.filter(|item| item.pending == Some(Pending::ImageBuild) && item.ignored.is_none())
}

fn tell(app: &App, waiting: &[&ItemReport]) {
    let mut names: Vec<&str> =
        waiting.iter().take(LISTED).map(|item| item.title.as_str()).collect();
    if waiting.len() > LISTED {
        names.push("…");
    }
    let n = waiting.len();
    let text = ngettext(
        "{n} comes with the next image: {names}. To have it now: bkt dnf sync --now",
        "{n} come with the next image: {names}. To have them now: bkt dnf sync --now",
        n,
    );
    app.out.say(&fill(&text, &[("n", &n.to_string()), ("names", &names.join(", "))]));
}
