//! What every verb that changes something has in common: it acts on the machine and on the manifest, unless told
//! otherwise.

use super::act;
use super::app::{App, Exit};
use super::share::{Follow, Share};
use crate::core::item::SubsystemId;
use crate::core::plan::Plan;
use crate::core::report::Report;
use crate::engine::{Engine, Reach, Wish};
use crate::host::inside::Place;
use crate::words::gettext;

/// Which sides a verb acts on, and what it may do.
#[derive(clap::Args)]
pub(super) struct Pun {
    #[arg(long, conflicts_with_all = ["manifest_only", "pr", "pr_only"], help = gettext("Change this machine alone, and list the change as local until the next boot"))]
    local: bool,
    #[arg(long, conflicts_with_all = ["pr", "pr_only"], help = gettext("Change the manifest alone, in the checkout"))]
    manifest_only: bool,
    #[arg(long, conflicts_with_all = ["pr_only", "no_pr"], help = gettext("Also open a pull request with the edit of the manifest"))]
    pr: bool,
    #[arg(long, conflicts_with = "no_pr", help = gettext("Edit the manifest and open a pull request; leave this machine as it is"))]
    pr_only: bool,
    #[arg(long, help = gettext("Open no pull request"))]
    no_pr: bool,
    #[arg(long, help = gettext("Do not look up whether it exists"))]
    force: bool,
    #[arg(long, help = gettext("Also save what looks like a secret"))]
    secrets: bool,
}

/// The same for a verb that is about the next image alone: it changes the manifest, and with it the Containerfile.
#[derive(clap::Args)]
pub(super) struct Recorded {
    #[command(flatten)]
    share: Share,
    #[arg(long, help = gettext("Do not look up whether it exists"))]
    force: bool,
}

/// What a verb's options say about how it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct How {
    /// The sides to act on.
    pub(super) reach: Reach,
    /// Whether nothing is to be looked up.
    pub(super) force: bool,
    /// Whether what looks like a secret may be saved.
    pub(super) secrets: bool,
    /// What follows on the edit of the manifest.
    pub(super) follow: Follow,
}

/// The options of a verb that say how it acts: one verb may stand in several places, with different ones.
pub(super) trait Options: clap::Args {
    /// What they say.
    fn how(&self) -> How;
}

impl Options for Pun {
    fn how(&self) -> How {
        let follow = match (self.pr || self.pr_only, self.no_pr) {
            _ if self.local || self.manifest_only => Follow::Nothing,
            (true, _) => Follow::Request,
            (_, true) => Follow::NoRequest,
            _ => Follow::Workflow,
        };
        How { reach: self.reach(), force: self.force, secrets: self.secrets, follow }
    }
}

impl Options for Recorded {
    fn how(&self) -> How {
        let follow = self.share.follow();
        How { reach: Reach::Manifest, force: self.force, secrets: false, follow }
    }
}

impl Pun {
    /// Whether nothing is to be looked up.
    pub(super) fn force(&self) -> bool {
        self.force
    }

    /// The sides to act on.
    pub(super) fn reach(&self) -> Reach {
        match (self.local, self.manifest_only || self.pr_only) {
            (true, _) => Reach::System,
            (_, true) => Reach::Manifest,
            _ => Reach::Both,
        }
    }
}

/// Surveys `subsystems`, lets `wishes` say what is to become of which item, and carries that out on the sides that
/// `options` name: first on the machine, and then, if that worked, in the manifests.
pub(super) fn act(
    app: &App,
    subsystems: &[SubsystemId],
    options: &impl Options,
    wishes: impl FnOnce(&Engine, &Report) -> anyhow::Result<Vec<Wish>>,
) -> anyhow::Result<Exit> {
    let how = options.how();
    let (engine, plan) = plan(app, subsystems, how, wishes)?;
    act::carry_out_and(app, &engine, plan, how.follow, how.force)
}

/// The same for what is changed on the machine itself, which is out of reach from within a container.
pub(super) fn act_on_machine(
    app: &App,
    subsystem: SubsystemId,
    options: &impl Options,
    wishes: impl FnOnce(&Engine, &Report) -> anyhow::Result<Vec<Wish>>,
) -> anyhow::Result<Exit> {
    if options.how().reach != Reach::Manifest {
        Place::changes_the_machine(&app.host)?;
    }
    act(app, &[subsystem], options, wishes)
}

/// The plan that [`act`] carries out.
pub(super) fn plan(
    app: &App,
    subsystems: &[SubsystemId],
    how: How,
    wishes: impl FnOnce(&Engine, &Report) -> anyhow::Result<Vec<Wish>>,
) -> anyhow::Result<(Engine, Plan)> {
    let engine = act::open(app)?;
    let report = app.survey_ids(&engine, subsystems)?;
    let wishes = wishes(&engine, &report)?;
    if !how.force {
        let _busy = super::progress::busy(&app.out, gettext("Looking it up"));
        engine.validate(&wishes)?;
    }
    let mut plan = engine.plan_wishes(&report, &wishes, how.reach, &app.layer(), how.secrets)?;
    plan.local = (how.reach == Reach::System).then(|| app.typed());
    Ok((engine, plan))
}
