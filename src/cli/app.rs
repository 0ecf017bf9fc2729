//! One run of `bkt`: the options every verb takes, the machine, and where output goes.

use std::path::PathBuf;

use clap::ValueEnum;

use super::output::{Colour, Output};
use super::{names, progress};
use crate::core::item::{Layer, SubsystemId};
use crate::core::plan::Command;
use crate::core::report::Report;
use crate::core::secret;
use crate::engine::Engine;
use crate::host::{Host, command, notify};
use crate::words::gettext;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything that was asked for.
    Done,
    /// Nothing of it, because of an error.
    Error,
    /// The command line is wrong.
    Usage,
    /// There are differences, and the verb was asked to say so.
    Drift,
    /// A decision is needed and may not be asked for.
    Decision,
    /// A part of it.
    Partly,
    /// Interrupted before anything was done.
    Interrupted,
}

impl Exit {
    /// The process's exit status.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Drift => 3,
            Self::Decision => 4,
            Self::Partly => 5,
            Self::Interrupted => 130,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LayerName {
    Shared,
    Host,
}

#[derive(clap::Args)]
pub(super) struct Global {
    #[arg(short = 'n', long, global = true, help = gettext("Show what would be done, and change nothing"))]
    pub(super) dry_run: bool,
    #[arg(long, global = true, help = gettext("Print JSON, for programs"))]
    pub(super) json: bool,
    #[arg(short, long, global = true, help = gettext("Show everything, and every command that was run"))]
    pub(super) verbose: bool,
    #[arg(short, long, global = true, conflicts_with = "verbose", help = gettext("Show only what matters"))]
    pub(super) quiet: bool,
    #[arg(short, long, global = true, help = gettext("Carry the plan out without asking"))]
    pub(super) yes: bool,
    #[arg(long, global = true, value_name = "PATH", help = gettext("Use the repository at PATH (also: BKT_REPO)"))]
    pub(super) repo: Option<PathBuf>,
    #[arg(long, global = true, value_name = "LAYER", help = gettext("Save new entries for all machines (shared) or for this one (host)"))]
    pub(super) layer: Option<LayerName>,
    #[arg(long, global = true, help = gettext("Run as a service: never ask, no colour, lines for the journal"))]
    pub(super) cli: bool,
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true, help = gettext("Colour the output: auto, always or never"))]
    pub(super) color: Colour,
}

/// One run of `bkt`.
pub(super) struct App {
    pub(super) host: Host,
    pub(super) global: Global,
    pub(super) out: Output,
    /// The command line.
    args: Vec<String>,
}

impl App {
    pub(super) fn new(host: Host, global: Global, args: Vec<String>) -> Self {
        let out = Output::new(&host, &global);
        let host = host.dry(global.dry_run);
        Self { host, global, out, args }
    }

    /// The command line as the person typed it, quoted where a shell needs that, secrets left out.
    pub(super) fn typed(&self) -> String {
        let args = self.args.iter().skip(1);
        let before = std::iter::once("").chain(args.clone().map(String::as_str));
        let shown = args.zip(before).map(|(word, before)| secret::redact_after(before, word));
        command::display(&Command::new("bkt").args(shown))
    }

    /// The engine over the repository that the options and the working directory lead to.
    pub(super) fn engine(&self) -> anyhow::Result<Engine> {
        let engine = Engine::open(self.host.clone(), self.global.repo.as_deref())?;
        Ok(engine.dry(self.global.dry_run).unattended(self.global.cli))
    }

    /// Compares the subsystems that `named` names, or all.
    pub(super) fn survey(&self, engine: &Engine, named: &[String]) -> anyhow::Result<Report> {
        self.survey_ids(engine, &names::subsystems(engine, named)?)
    }

    /// Compares the given subsystems, or all.
    pub(super) fn survey_ids(
        &self,
        engine: &Engine,
        only: &[SubsystemId],
    ) -> anyhow::Result<Report> {
        let _busy = progress::busy(&self.out, gettext("Looking at this machine"));
        engine.survey(only)
    }

    /// Whether a question may be asked: never as a service, nor where nobody would see it.
    pub(super) fn may_ask(&self) -> bool {
        !self.global.cli && !self.global.json && self.out.interactive()
    }

    /// Where `--layer` says new entries go.
    pub(super) fn layer(&self) -> Layer {
        match self.global.layer {
            Some(LayerName::Host) => Layer::Host(self.host.env().hostname.clone()),
            Some(LayerName::Shared) | None => Layer::Shared,
        }
    }

    /// Tells systemd, where it asked to be told, what is being done.
    pub(super) fn status(&self, text: &str) {
        if self.global.cli {
            notify::send(&self.host, &format!("STATUS={text}"));
        }
    }

    /// Every command that was run, and how it ended.
    pub(super) fn tell_commands(&self) {
        for entry in self.host.log().entries() {
            let end = match entry.outcome {
                Some(Ok(())) | None => String::new(),
                Some(Err(error)) => format!("  # {error}"),
            };
            self.out.aside(&format!("$ {}{end}", entry.command));
        }
    }

    /// The last word: a result that could not be printed is not a success.
    pub(super) fn finish(&self, exit: Exit) -> Exit {
        let exit = if self.out.lost() && exit == Exit::Done { Exit::Error } else { exit };
        if self.global.cli && exit == Exit::Done {
            // At the end, so that units ordered after this one find the work done.
            notify::send(&self.host, "READY=1");
        }
        exit
    }
}
