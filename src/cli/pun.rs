//! What every verb that changes something has in common: it acts on the machine and on the manifest, unless told
//! otherwise.

use super::act;
use super::app::{App, Exit};
use crate::core::item::SubsystemId;
use crate::core::report::Report;
use crate::engine::{Engine, Reach, Wish};
use crate::words::gettext;

/// Which sides a verb acts on, and what it may do.
#[derive(clap::Args)]
pub(super) struct Pun {
    #[arg(long, conflicts_with = "manifest_only", help = gettext("Change this machine alone, and list the change as local until the next boot"))]
    local: bool,
    #[arg(long, help = gettext("Change the manifest alone"))]
    manifest_only: bool,
    #[arg(long, help = gettext("Open no pull request"))]
    no_pr: bool,
    #[arg(long, help = gettext("Do not look up whether it exists"))]
    force: bool,
    #[arg(long, help = gettext("Also save what looks like a secret"))]
    secrets: bool,
}

impl Pun {
    /// Whether nothing is to be looked up.
    pub(super) fn force(&self) -> bool {
        self.force
    }

    /// The sides to act on.
    pub(super) fn reach(&self) -> Reach {
        match (self.local, self.manifest_only) {
            (true, _) => Reach::System,
            (_, true) => Reach::Manifest,
            _ => Reach::Both,
        }
    }
}

/// Surveys `subsystems`, lets `wishes` say what is to become of which item, and carries that out on the sides that
/// `pun` names: first on the machine, and then, if that worked, in the manifests.
pub(super) fn act(
    app: &App,
    subsystems: &[SubsystemId],
    pun: &Pun,
    wishes: impl FnOnce(&Engine, &Report) -> anyhow::Result<Vec<Wish>>,
) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let report = app.survey_ids(&engine, subsystems)?;
    let wishes = wishes(&engine, &report)?;
    if !pun.force {
        let _busy = super::progress::busy(&app.out, gettext("Looking it up"));
        engine.validate(&wishes)?;
    }
    let mut plan = engine.plan_wishes(&report, &wishes, pun.reach(), &app.layer(), pun.secrets)?;
    plan.local = pun.local.then(|| app.typed());
    act::carry_out(app, &engine, plan)
}
