//! `bkt completions`: what a shell needs to complete our command lines.

use clap::ValueEnum;

use super::app::{App, Exit};
use crate::words::gettext;

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(clap::Args)]
#[command(
    about = gettext("Print a shell's completions"),
    after_help = gettext("\
Examples:
  bkt completions bash > ~/.local/share/bash-completion/completions/bkt
  bkt completions zsh > ~/.local/share/zsh/site-functions/_bkt
  bkt completions fish > ~/.config/fish/completions/bkt.fish")
)]
pub(super) struct Args {
    #[arg(value_name = "SHELL", help = gettext("bash, zsh or fish"))]
    shell: Shell,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    use clap_complete::{Shell as Kind, generate};
    let kind = match args.shell {
        Shell::Bash => Kind::Bash,
        Shell::Zsh => Kind::Zsh,
        Shell::Fish => Kind::Fish,
    };
    let mut script = Vec::new();
    generate(kind, &mut super::command(), "bkt", &mut script);
    app.out.raw(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
