//! `bkt repo`: which repository is in use, and what state it is in.

use std::path::PathBuf;

use clap::Subcommand;

use super::app::{App, Exit};
use crate::words::gettext;

mod clone;
mod commit;
mod layer;
mod merge_driver;
mod path;
mod pr;
mod pull;
mod review;
mod status;
mod use_;

#[derive(clap::Args)]
#[command(
    about = gettext("Choose the repository, see how it stands, and bring in what is new"),
    after_help = gettext("\
The repository is the one of --repo, or of BKT_REPO, or the one around the working directory, or the one in use, or the \
image's copy, in this order.

Examples:
  bkt repo use ~/distribution      use it from now on; this is the yes that applying its manifests takes
  cd \"$(bkt repo path)\"            go there
  bkt repo clone URL               bring a distribution here
  bkt repo status                  what it is, how it stands, and whether its manifests can be read
  bkt repo review                  what is not committed, and what it means
  bkt repo commit --push           commit that, and push it
  bkt repo pull                    bring what is new upstream here

  bkt repo pr                      a pull request with what is not committed in its manifests")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Use a repository from now on, and trust it on this machine"))]
    Use {
        #[arg(value_name = "PATH", help = gettext("Its directory; the working directory where it is left out"))]
        path: Option<PathBuf>,
    },
    Clone(clone::Args),
    Pull(pull::Args),
    #[command(about = gettext("Print the repository's directory"))]
    Path,
    #[command(about = gettext("Say which repository it is, how it stands, and whether its manifests can be read"))]
    Status,
    Pr(pr::Args),
    Review(review::Args),
    Commit(commit::Args),
    Push(commit::PushArgs),
    Layer(layer::Args),
    MergeDriver(merge_driver::Args),
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Use { path } => use_::run(app, path.as_deref()),
        Verb::Clone(args) => clone::run(app, args),
        Verb::Pull(args) => pull::run(app, args),
        Verb::Path => path::run(app),
        Verb::Status => status::run(app),
        Verb::Pr(args) => pr::run(app, args),
        Verb::Review(args) => review::run(app, args),
        Verb::Commit(args) => commit::run(app, args),
        Verb::Push(_) => commit::push(app),
        Verb::Layer(args) => layer::run(app, args),
        Verb::MergeDriver(args) => merge_driver::run(app, args),
    }
}
