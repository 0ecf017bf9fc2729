//! `bkt capture`: save the system's values to the manifests. Its options are those of `bkt apply` too.

use super::app::{App, Exit};
use super::share::{Follow, Share};
use super::{act, names};
use crate::core::plan::Plan;
use crate::core::report::Report;
use crate::engine::{Engine, Pick, Request, Verb};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Save what this machine has to the manifests"),
    after_help = gettext("\
The plan is shown first. What would remove an entry, or take back what the manifest changed, is left out unless it is \
named with -i, or --prune or --force is given. Without a terminal the plan is carried out without asking; what needs a \
decision is left, with exit status 4.

Examples:
  bkt capture                      everything that only this machine has or changed
  bkt capture flatpak              only Flatpak remotes and applications
  bkt capture -i org.gnome.Boxes   one item, by its id, its title or its whole key
  bkt capture --layer host         new entries are for this machine alone
  bkt capture flatpak --pr         and a pull request with what was saved
  bkt capture -n                   what would be saved, without saving it")
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) selection: Selection,
    #[arg(long, help = gettext("Also save what looks like a secret"))]
    secrets: bool,
    #[command(flatten)]
    share: Share,
}

/// What `capture` and `apply` act on.
#[derive(Clone, Default, clap::Args)]
pub(super) struct Selection {
    #[arg(value_name = "SUBSYSTEM", help = gettext("Only these subsystems, by id (flatpak-apps) or noun (flatpak)"))]
    pub(super) subsystems: Vec<String>,
    #[command(flatten)]
    pub(super) choice: Choice,
    /// What the next image brings is to be had now.
    #[arg(skip)]
    pub(super) now: bool,
    /// What cannot be brought back may be lost.
    #[arg(skip)]
    pub(super) losses: bool,
    /// What follows on an edit of the manifests.
    #[arg(skip)]
    pub(super) follow: Follow,
}

/// What of the named subsystems is meant, and what may be done to it.
#[derive(Clone, Default, clap::Args)]
pub(super) struct Choice {
    #[arg(short, long = "item", value_name = "ITEM", help = gettext("Only this item, whatever it takes; may be given again"))]
    items: Vec<String>,
    #[arg(long, help = gettext("Also remove what the other side no longer has"))]
    prune: bool,
    #[arg(long, help = gettext("Also decide conflicts this way, and undo what the other side changed"))]
    force: bool,
}

impl Choice {
    /// These items, or all where none is named.
    pub(super) fn of(items: &[String], prune: bool, force: bool) -> Self {
        Self { items: items.to_vec(), prune, force }
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let selection = Selection { follow: args.share.follow(), ..args.selection.clone() };
    go(app, Verb::Capture, &selection, args.secrets)
}

/// Surveys, picks, and carries out in the direction of `verb`.
pub(super) fn go(
    app: &App,
    verb: Verb,
    selection: &Selection,
    secrets: bool,
) -> anyhow::Result<Exit> {
    go_with(app, verb, selection, secrets, |_, _| Ok(()))
}

/// The same; `narrow` takes out of the report what is not meant.
pub(super) fn go_with(
    app: &App,
    verb: Verb,
    selection: &Selection,
    secrets: bool,
    narrow: impl FnOnce(&Engine, &mut Report) -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    ask(app, verb, selection, secrets, narrow)?.carry_out(app)
}

/// `bkt capture` without options, into a repository that is open already.
pub(super) fn everything(app: &App, engine: Engine) -> anyhow::Result<Exit> {
    let selection = Selection::default();
    ask_of(app, engine, Verb::Capture, &selection, false, |_, _| Ok(()))?.carry_out(app)
}

/// What was found, and what is asked for of it.
pub(super) struct Asked {
    pub(super) engine: Engine,
    pub(super) report: Report,
    pub(super) request: Request,
    follow: Follow,
}

/// Surveys and picks.
pub(super) fn ask(
    app: &App,
    verb: Verb,
    selection: &Selection,
    secrets: bool,
    narrow: impl FnOnce(&Engine, &mut Report) -> anyhow::Result<()>,
) -> anyhow::Result<Asked> {
    ask_of(app, act::open(app)?, verb, selection, secrets, narrow)
}

/// The same of a repository that is open already.
fn ask_of(
    app: &App,
    engine: Engine,
    verb: Verb,
    selection: &Selection,
    secrets: bool,
    narrow: impl FnOnce(&Engine, &mut Report) -> anyhow::Result<()>,
) -> anyhow::Result<Asked> {
    let choice = &selection.choice;
    let mut report = app.survey(&engine, &selection.subsystems)?;
    narrow(&engine, &mut report)?;
    let mut request = match choice.items.is_empty() {
        true => Request::all(verb),
        false => {
            let picked = names::items(&report, &choice.items)?;
            let picks: Vec<Pick> = picked
                .into_iter()
                .map(|(subsystem, item)| Pick {
                    subsystem,
                    item: item.key.clone(),
                    fields: None,
                    verb,
                })
                .collect();
            // The rest of the machine is not what this is about, even where it cannot be read.
            report.subsystems.retain(|s| picks.iter().any(|pick| pick.subsystem == s.id));
            for subsystem in &mut report.subsystems {
                let id = &subsystem.id;
                subsystem
                    .items
                    .retain(|i| picks.iter().any(|p| p.subsystem == *id && p.item == i.key));
                subsystem.unread.clear();
            }
            Request::picks(picks)
        }
    };
    request.prune = choice.prune;
    request.force = choice.force;
    request.secrets = secrets;
    request.now = selection.now;
    request.losses = selection.losses;
    request.layer = app.layer();
    Ok(Asked { engine, report, request, follow: selection.follow })
}

impl Asked {
    /// Plans it and carries it out.
    pub(super) fn carry_out(self, app: &App) -> anyhow::Result<Exit> {
        self.carry_out_of(app, |_, plan| Ok(plan))
    }

    /// The same; `narrow` takes out of a plan what is not meant.
    pub(super) fn carry_out_of(
        self,
        app: &App,
        narrow: impl Fn(&Engine, Plan) -> anyhow::Result<Plan>,
    ) -> anyhow::Result<Exit> {
        let Self { engine, report, request, follow } = self;
        let unread = act::tell_unread(app, &engine, &report);
        let narrow = |plan| narrow(&engine, plan);
        let exit = act::request_of(app, &engine, &report, request, follow, &narrow)?;
        Ok(match (exit, unread, report.drifted()) {
            (Exit::Done, true, 0) => Exit::Error,
            (Exit::Done, true, _) => Exit::Partly,
            (exit, ..) => exit,
        })
    }
}
