//! What follows on an edit of the manifests: nothing, a commit, or a pull request; and saying what came of it.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::app::{App, Exit};
use super::output::{Style, paint};
use super::{errors, progress};
use crate::core::plan::{Action, Change, Plan, Side};
use crate::core::workflow::Workflow;
use crate::engine::explain::explain;
use crate::engine::propose::{Preview, Proposal, ProposeError, Proposed, Way, Words};
use crate::engine::{Commit, Engine, Outcome, Verdict};
use crate::host::{command, interrupt};
use crate::words::{fill, gettext, ngettext};

/// The options of a verb that edits manifests and has no other words for what follows.
#[derive(Clone, Copy, clap::Args)]
#[group(skip)]
pub(super) struct Share {
    #[arg(long, conflicts_with = "no_pr", help = gettext("Open a pull request with the edit"))]
    pr: bool,
    #[arg(long, help = gettext("Open no pull request"))]
    no_pr: bool,
}

/// What is to follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Follow {
    /// What the repository's workflow says.
    #[default]
    Workflow,
    /// The same, but no request.
    NoRequest,
    /// A request.
    Request,
    /// A commit.
    Commit,
    /// A request where that is the workflow, else a commit.
    CommitOrRequest,
    /// Nothing.
    Nothing,
}

impl Share {
    /// What they say.
    pub(super) fn follow(self) -> Follow {
        match (self.pr, self.no_pr) {
            (true, _) => Follow::Request,
            (_, true) => Follow::NoRequest,
            _ => Follow::Workflow,
        }
    }
}

/// What came of the edit beside the checkout, as JSON has it.
#[derive(Debug, Serialize)]
pub(super) struct Shared {
    #[serde(flatten)]
    way: Way,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed: Option<Proposed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
    #[serde(skip)]
    exit: Option<Exit>,
}

#[derive(Debug, Serialize)]
struct Problem {
    message: String,
    hint: Option<String>,
}

/// What follows on the edit of a plan; `None` where it edits no item of a manifest, or nothing is to follow. An error
/// where a request is meant and cannot be made: nothing is begun then.
pub(super) fn way(
    app: &App,
    engine: &Engine,
    plan: &Plan,
    follow: Follow,
) -> anyhow::Result<Option<Way>> {
    let edits = plan.changes.iter().any(|change| change.side == Side::Manifest);
    if follow == Follow::Request && !edits {
        app.out.say(&gettext("The manifests are not edited, so that no pull request follows. What is not committed in them: bkt repo pr"));
    }
    if !edits || plan.undoes.is_some() {
        return Ok(None);
    }
    let way = match follow {
        Follow::Nothing => return Ok(None),
        Follow::Request => Way::asked(Workflow::Pr),
        Follow::Commit => Way::asked(Workflow::Commit),
        Follow::CommitOrRequest => match engine.way()? {
            way if way.workflow == Workflow::Edit => Way::asked(Workflow::Commit),
            way => way,
        },
        Follow::NoRequest => match engine.config()?.workflow {
            Some(Workflow::Commit) => engine.way()?,
            _ => return Ok(None),
        },
        Follow::Workflow => {
            let _busy = progress::busy(&app.out, gettext("Looking at the forge"));
            engine.way()?
        }
    };
    if way.workflow == Workflow::Pr {
        engine.forge(&engine.config()?)?;
    }
    Ok(Some(way))
}

/// The edit of manifests in these changes.
pub(super) fn proposal<'a>(changes: impl Iterator<Item = &'a Change>, force: bool) -> Proposal {
    let changes = changes.filter(|change| change.side == Side::Manifest).cloned().collect();
    Proposal { changes, each_layer: false, force }
}

/// Shows what would follow.
pub(super) fn preview(
    app: &App,
    engine: &Engine,
    plan: &Plan,
    way: &Way,
    force: bool,
) -> anyhow::Result<Option<Preview>> {
    say_why(app, way);
    match way.workflow {
        Workflow::Edit => Ok(None),
        Workflow::Commit => {
            app.out.line(&paint(Style::Bold, &gettext("Commit")));
            for file in files(plan) {
                app.out.line(&format!("  {}", app.host.display(&file)));
            }
            Ok(None)
        }
        Workflow::Pr => {
            let preview = engine.preview(&proposal(plan.changes.iter(), force))?;
            show_preview(app, &preview);
            Ok(Some(preview))
        }
    }
}

/// Shows what a request would be.
pub(super) fn show_preview(app: &App, preview: &Preview) {
    app.out.line(&paint(Style::Bold, &gettext("Pull request")));
    let rows = [
        (gettext("Title: {value}"), &preview.title),
        (gettext("Branch: {value}"), &preview.branch),
        (gettext("Into: {value}, as it was fetched last"), &preview.base),
    ];
    for (text, value) in rows {
        app.out.line(&format!("  {}", fill(&text, &[("value", value)])));
    }
    tell_already(app, &preview.already, preview.files.is_empty());
    for file in &preview.files {
        app.out.line(&paint(Style::Bold, &format!("  {}", file.path)));
        let (old, new) = (file.before.as_deref(), file.after.as_deref());
        let diff = similar::TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
        for line in diff.unified_diff().context_radius(2).to_string().lines() {
            let style = match line.as_bytes().first() {
                Some(b'+') => Style::Green,
                Some(b'-') => Style::Red,
                _ => Style::Dim,
            };
            app.out.line(&paint(style, &format!("    {line}")));
        }
    }
    for one in &preview.commands {
        app.out.line(&paint(Style::Dim, &format!("  $ {}", command::display(one))));
    }
    if let Some(url) = &preview.compare {
        app.out.line(&fill(&gettext("  To be asked for here: {url}"), &[("url", url)]));
    }
}

/// Does what follows on an operation that has ended: commits or proposes what it changed in the manifests.
pub(super) fn after(
    app: &App,
    engine: &Engine,
    plan: &Plan,
    outcome: &Outcome,
    way: Way,
    force: bool,
) -> Option<Shared> {
    let done = outcome.results.iter().filter(|ended| ended.verdict == Verdict::Done);
    let proposal = proposal(done.map(|ended| &ended.change), force);
    if proposal.changes.is_empty() || outcome.cancelled {
        return None;
    }
    let mut shared = Shared { way, proposed: None, commit: None, error: None, exit: None };
    let result = match shared.way.workflow {
        Workflow::Edit => Ok(()),
        Workflow::Commit => {
            let _busy = progress::busy(&app.out, gettext("Committing"));
            let Words { title, body, .. } = engine.words(&proposal);
            let root = &engine.repo().root;
            let below = |path: PathBuf| path.strip_prefix(root).unwrap_or(&path).to_owned();
            let commit = Commit {
                paths: files(plan).into_iter().map(below).collect(),
                message: format!("{title}\n\n{body}"),
                force: false,
                // Whoever saved it has said so.
                secrets: true,
            };
            let made = engine.commit(&commit, &mut |_| (), &cancelled_by_signals());
            made.map(|made| shared.commit = Some(made.hash))
        }
        Workflow::Pr => propose(app, engine, &proposal).map(|proposed| {
            if let Some(number) = outcome.operation
                && let Err(error) = engine.note_shared(number, &proposed)
            {
                // What was pushed is pushed; an undo cannot name it then.
                tracing::warn!("{error:#}");
            }
            shared.proposed = Some(proposed);
        }),
    };
    if let Err(error) = result {
        let told = explain(&error);
        shared.exit = Some(exit_of(&error));
        shared.error = Some(Problem { message: told.message, hint: told.hint });
    }
    Some(shared)
}

fn exit_of(error: &anyhow::Error) -> Exit {
    match error.downcast_ref() {
        Some(ProposeError::Undecided(_)) => Exit::Decision,
        _ => Exit::Partly,
    }
}

fn cancelled_by_signals() -> CancellationToken {
    let cancel = CancellationToken::new();
    interrupt::cancels(&cancel);
    cancel
}

/// Asks for a request, with progress.
pub(super) fn propose(app: &App, engine: &Engine, proposal: &Proposal) -> anyhow::Result<Proposed> {
    let busy = progress::busy(&app.out, gettext("Asking for the pull request"));
    let mut on = |stage: crate::engine::propose::Stage| {
        let doing = stage.doing();
        app.status(&doing);
        busy.now(doing);
    };
    engine.propose(proposal, &mut on, &cancelled_by_signals())
}

/// Says what came of an edit beside the checkout, and how that changes the exit.
pub(super) fn tell(app: &App, shared: &Shared, exit: Exit) -> Exit {
    if let Some(commit) = &shared.commit {
        let short = commit.get(..12).unwrap_or(commit);
        app.out.say(&fill(&gettext("Committed as {commit}."), &[("commit", short)]));
    }
    let exit = match &shared.proposed {
        Some(proposed) => tell_proposed(app, proposed, exit),
        None => exit,
    };
    let Some(problem) = &shared.error else { return exit };
    errors::show(&app.out, &problem.message, problem.hint.as_deref());
    tell_edit_stays(app, shared.way.workflow);
    match (exit, shared.exit) {
        (Exit::Done, Some(worse)) => worse,
        _ => exit,
    }
}

/// Says what is left of an edit that could not be shared.
pub(super) fn tell_edit_stays(app: &App, workflow: Workflow) {
    app.out.error(&match workflow {
        Workflow::Pr => gettext("No branch was pushed. The edit is in your checkout, uncommitted. To try again: bkt repo pr"),
        _ => gettext("The edit is in your checkout, uncommitted."),
    });
}

/// Says what came of a proposal.
pub(super) fn tell_proposed(app: &App, proposed: &Proposed, exit: Exit) -> Exit {
    tell_already(app, &proposed.already, proposed.branch.is_none());
    let Some(branch) = &proposed.branch else { return exit };
    if let Some(url) = &proposed.request {
        let text = match proposed.existed {
            true => gettext("The pull request is open already: {url}"),
            false => gettext("Pull request: {url}"),
        };
        app.out.line(&paint(Style::Green, &fill(&text, &[("url", url)])));
        return exit;
    }
    let why = proposed.why.as_deref().unwrap_or_default();
    let text = match proposed.failed {
        true => {
            gettext("The branch {branch} is pushed, but the pull request could not be made: {why}")
        }
        false => gettext("The branch {branch} is pushed; {why}."),
    };
    let text = fill(&text, &[("branch", branch), ("why", why)]);
    if proposed.failed {
        app.out.error(&text);
    } else {
        app.out.line(&text);
    }
    if let Some(url) = &proposed.compare {
        app.out.line(&fill(&gettext("Ask for the pull request here: {url}"), &[("url", url)]));
    }
    if proposed.failed && exit == Exit::Done { Exit::Partly } else { exit }
}

fn tell_already(app: &App, already: &[String], all: bool) {
    if all {
        app.out.say(&gettext(
            "The remote's default branch says all of it already: nothing is to be asked for.",
        ));
    } else if !already.is_empty() {
        let n = already.len();
        let text = ngettext(
            "The remote's default branch has {n} of the changes already: {items}",
            "The remote's default branch has {n} of the changes already: {items}",
            n,
        );
        let values = [("n", n.to_string()), ("items", already.join(", "))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        app.out.say(&fill(&text, &values));
    }
}

/// Says what follows on an edit, and why, where the command line does not say it.
pub(super) fn say_why(app: &App, way: &Way) {
    if let Some(words) = way.words() {
        app.out.say(&paint(Style::Dim, &words));
    }
}

/// The files that a plan's edit of the manifests writes.
fn files(plan: &Plan) -> Vec<PathBuf> {
    let manifests = plan.steps.iter().filter(|one| one.is_manifests());
    let edits = manifests.filter_map(|one| match &one.step.action {
        Action::Write(edits) => Some(edits),
        _ => None,
    });
    edits.flatten().map(|edit| Path::new(&edit.path).to_owned()).collect()
}
