//! `bkt changelog`: what each release brought, and what the next one is going to bring.

use clap::Subcommand;

use super::app::{App, Exit};
use crate::words::gettext;

mod check;
mod done;
mod show;
mod write;

pub(super) use done::left;

#[derive(clap::Args)]
#[command(
    about = gettext("What each release brought, and what the next one will"),
    after_help = gettext("\
Entries of the next release stand in changelog.json. A draft is one that somebody still has to look at: no release has \
any. A release moves all entries to a version, YYYY.MM.DD.N, of which N counts up within a day.

Examples:
  bkt changelog generate              draft an entry for each change since the last release
  bkt changelog pending               what the next release brings, and what to do by hand here
  bkt changelog ready 1 2             these drafts are as they should be
  bkt changelog add fixed units \"Sound after suspend\" --manual-step \"Log out and in again\"
  bkt changelog validate --no-drafts  exit status 1 if something is wrong, 3 if drafts are left
  bkt changelog release               today's next version
  bkt changelog show latest --markdown
  bkt changelog done --all            what was to do by hand is done on this machine")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Show(show::Show),
    #[command(about = gettext("List the entries of the next release, and what to do by hand on this machine"))]
    Pending,
    #[command(
        about = gettext("Draft an entry for each change of the manifests since the last release"),
        after_help = gettext("\
The last release is the commit that brought the newest version into the changelog; without one, everything is new. \
What an entry says already gets no second one. Drafts whose change is no more go, unless somebody has reworded them. \
Only what all machines share counts.

Examples:
  bkt changelog generate -n           say what would be drafted
  bkt changelog generate")
    )]
    Generate,
    Add(write::Add),
    Ready(write::Ready),
    Done(done::Done),
    Validate(check::Validate),
    Release(write::Release),
    Motd(show::Motd),
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Show(args) => show::show(app, args),
        Verb::Pending => show::pending(app),
        Verb::Generate => write::generate(app),
        Verb::Add(args) => write::add(app, args),
        Verb::Ready(args) => write::ready(app, args),
        Verb::Done(args) => done::run(app, args),
        Verb::Validate(args) => check::run(app, args),
        Verb::Release(args) => write::release(app, args),
        Verb::Motd(args) => show::motd(app, args),
    }
}
