//! `bkt`, the command line: what it understands, and one file per verb.
//!
//! Help texts are translated where they are written: clap takes expressions, so every `about` and `help` is a
//! `gettext` call that runs when the command is put together, after [`words::init`]. What clap says by itself
//! ("Usage", its complaints about arguments) stays English.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::host::{self, Host};
use crate::words::{self, gettext};

mod act;
mod admin;
mod app;
mod apply;
mod base;
mod build_info;
mod capture;
mod changelog;
mod check;
mod completions;
mod containerfile;
mod dev;
mod diff;
mod distrobox;
mod dnf;
mod errors;
mod extension;
mod flatpak;
mod gsetting;
mod gsetting_diff;
mod history;
mod image;
mod init;
mod kargs;
mod local;
mod names;
mod noun;
mod output;
mod progress;
mod prompt;
mod pun;
mod redo;
mod repo;
mod resolve;
mod schema;
mod share;
mod shim;
mod show;
mod status;
mod target;
mod undo;
mod units;

use app::{App, Exit, Global};

#[derive(Parser)]
#[command(
    name = "bkt",
    version,
    about = gettext("See and resolve what your manifests and this machine disagree about"),
    after_help = gettext("\
The manifest is what your repository says, the system is what this machine has. Without a verb, bkt says how they \
stand and what to do next.

Examples:
  bkt                              what differs, and the next step
  bkt diff flatpak                 both values of every difference, side by side
  bkt capture                      save what this machine has to the manifests
  bkt apply -n                     what applying the manifests would do
  bkt undo                         take the last operation back

Exit status:
  0    done
  1    an error
  2    the command line is wrong
  3    there are differences (drift check, containerfile check, changelog validate, distrobox lint, and status and diff with --exit-code)
  4    a decision is needed and may not be asked for
  5    partly done
  130  interrupted before anything was done"),
    args_conflicts_with_subcommands = false,
    infer_subcommands = false
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Status(status::Args),
    Diff(diff::Args),
    Capture(capture::Args),
    Apply(apply::Args),
    Resolve(resolve::Args),
    Drift(check::Args),
    History(history::Args),
    Undo(undo::Args),
    Redo(redo::Args),
    Flatpak(flatpak::Args),
    Extension(extension::Args),
    Gsetting(gsetting::Args),
    Shim(shim::Args),
    Dev(dev::Args),
    Containerfile(containerfile::Args),
    Base(base::Args),
    Changelog(changelog::Args),
    BuildInfo(build_info::Args),
    Distrobox(distrobox::Args),
    Dnf(dnf::Args),
    Image(image::Args),
    Admin(admin::Args),
    Local(local::Args),
    Repo(repo::Args),
    Init(init::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// The whole command line, for help, completions and the reference in `docs/cli.md`.
pub fn command() -> clap::Command {
    Cli::command()
}

/// `bkt`.
pub fn main() -> ExitCode {
    words::init(&host::locale_dir());
    run(std::env::args_os())
}

/// Runs one command line; `args` begins with the program's name. The locale is set up already.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let typed = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let understood = command().try_get_matches_from(&args).and_then(|matches| {
        Cli::from_arg_matches(&matches).map(|cli| (cli, target::verb(&matches)))
    });
    let (cli, verb) = match understood {
        Ok(understood) => understood,
        Err(error) => {
            // A terminal that is gone hears nothing, and the exit status says the same.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let verbose = cli.global.verbose;
    let app = match Host::real() {
        Ok(host) => App::new(host, cli.global, typed),
        Err(error) => return errors::early(&error),
    };
    match target::resolve(&app, &verb, &args) {
        Ok(target::Way::Here) => (),
        Ok(target::Way::Done(ended)) => return target::end(ended),
        Ok(target::Way::Instead(args)) => return run(args),
        Err(error) => {
            let exit = errors::tell(&app.out, &error);
            return app.finish(exit).into();
        }
    }
    let result = match &cli.verb {
        None => status::next(&app),
        Some(Verb::Status(args)) => status::run(&app, args),
        Some(Verb::Diff(args)) => diff::run(&app, args),
        Some(Verb::Capture(args)) => capture::run(&app, args),
        Some(Verb::Apply(args)) => apply::run(&app, args),
        Some(Verb::Resolve(args)) => resolve::run(&app, args),
        Some(Verb::Drift(args)) => check::run(&app, args),
        Some(Verb::History(args)) => history::run(&app, args),
        Some(Verb::Undo(args)) => undo::run(&app, args),
        Some(Verb::Redo(_)) => redo::run(&app),
        Some(Verb::Flatpak(args)) => flatpak::run(&app, args),
        Some(Verb::Extension(args)) => extension::run(&app, args),
        Some(Verb::Gsetting(args)) => gsetting::run(&app, args),
        Some(Verb::Shim(args)) => shim::run(&app, args),
        Some(Verb::Dev(args)) => dev::run(&app, args),
        Some(Verb::Containerfile(args)) => containerfile::run(&app, args),
        Some(Verb::Base(args)) => base::run(&app, args),
        Some(Verb::Changelog(args)) => changelog::run(&app, args),
        Some(Verb::BuildInfo(args)) => build_info::run(&app, args),
        Some(Verb::Distrobox(args)) => distrobox::run(&app, args),
        Some(Verb::Dnf(args)) => dnf::run(&app, args),
        Some(Verb::Image(args)) => image::run(&app, args),
        Some(Verb::Admin(args)) => admin::run(&app, args),
        Some(Verb::Local(args)) => local::run(&app, args),
        Some(Verb::Repo(args)) => repo::run(&app, args),
        Some(Verb::Init(args)) => init::run(&app, args),
        Some(Verb::Schema(args)) => schema::run(&app, args),
        Some(Verb::Completions(args)) => completions::run(&app, args),
    };
    let exit = result.unwrap_or_else(|error| errors::tell(&app.out, &error));
    if verbose {
        app.tell_commands();
    }
    app.finish(exit).into()
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
