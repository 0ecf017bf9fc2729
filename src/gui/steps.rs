//! What the plan dialog and the history say of plans. No widgets here.

use std::collections::BTreeSet;

use bucket::core::plan::{
    Action, Away, BlockedChange, Change, Node, Plan, PlannedStep, Risk, Side,
};
use bucket::engine::{Outcome, Verdict};
use bucket::host::command;
use bucket::words::{self, fill, gettext, ngettext};
use similar::TextDiff;

use super::backend::{Planned, Purpose};
use super::model::RowKey;

/// A word of warning on a step, and how loud it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub text: String,
    pub class: Option<&'static str>,
}

/// What a step may cost.
pub fn tags(risk: &Risk) -> Vec<Tag> {
    let all = [
        (risk.password, gettext("Password"), Some("warning")),
        (risk.network, gettext("Download"), None),
        (risk.log_out, gettext("Log Out"), Some("warning")),
        (risk.reboot, gettext("Restart"), Some("warning")),
        (risk.removes, gettext("Removal"), Some("warning")),
        (risk.destructive, gettext("Cannot Be Undone"), Some("error")),
    ];
    all.into_iter().filter(|(set, ..)| *set).map(|(_, text, class)| Tag { text, class }).collect()
}

/// What a step does, exactly: a command line, the difference in files, or dconf keys.
pub fn exact(action: &Action) -> String {
    match action {
        Action::Run(run) => command::display(run),
        Action::Away(away) => {
            let line = command::display(&away.command);
            std::iter::once(line).chain(away.losses.iter().cloned()).collect::<Vec<_>>().join("\n")
        }
        Action::Write(edits) => {
            let diffs = edits.iter().map(|edit| {
                let (before, after) = (edit.before.as_deref(), edit.after.as_deref());
                let diff = TextDiff::from_lines(before.unwrap_or(""), after.unwrap_or(""));
                let text = diff.unified_diff().context_radius(1).to_string();
                format!("{}\n{}", edit.path, text.trim_end())
            });
            diffs.collect::<Vec<_>>().join("\n\n")
        }
        Action::Dconf(edits) => {
            let unset = gettext("not set");
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| unset.clone());
            let lines = edits.iter().map(|edit| {
                format!("{}\n{} → {}", edit.key, value(&edit.before), value(&edit.after))
            });
            lines.collect::<Vec<_>>().join("\n\n")
        }
        Action::Download(download) => format!("{}\n→ {}", download.url, download.path),
        Action::Copy(copy) => format!("{}\n→ {}", copy.from, copy.to),
        Action::Place(placed) => {
            let said = |node: &Option<Node>| match node {
                None => String::new(),
                Some(Node::Link { target }) => format!("→ {target}\n"),
                Some(Node::File { text, .. }) => text.clone(),
            };
            let diffs = placed.iter().map(|one| {
                let (before, after) = (said(&one.before), said(&one.after));
                let diff = TextDiff::from_lines(&before, &after);
                let text = diff.unified_diff().context_radius(1).to_string();
                format!("{}\n{}", one.path, text.trim_end())
            });
            diffs.collect::<Vec<_>>().join("\n\n")
        }
    }
}

/// One change of a plan that the person may tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub change: Change,
    pub line: String,
    /// Why it is not ticked from the start.
    pub reason: Option<String>,
    pub ticked: bool,
}

/// The choices of a plan: what would be done, what waits for a yes, and what cannot be undone.
pub fn choices(planned: &Planned) -> Vec<Choice> {
    let plan = &planned.plan;
    // What is lost is shown before anything is done: who asks for this one item need not tick it first.
    let shown = plan.changes.len() + plan.held.len() == 1 && !losses(plan).is_empty();
    let choice = |(index, change): (usize, &Change)| {
        let held = change.held.map(words::held);
        let lost = (plan.undoes.is_none() && !shown && is_lost(plan, change))
            .then(|| gettext("cannot be undone"));
        let reason = held.or(lost);
        Choice {
            change: change.clone(),
            line: planned.lines.get(index).cloned().unwrap_or_else(|| change.title.clone()),
            ticked: reason.is_none(),
            reason,
        }
    };
    plan.changes.iter().chain(&plan.held).enumerate().map(choice).collect()
}

/// Whether a step that carries the change out loses something for good.
fn is_lost(plan: &Plan, change: &Change) -> bool {
    change.side == Side::System
        && plan.steps.iter().any(|planned| {
            planned.step.risk.destructive
                && planned.subsystems.contains(&change.subsystem)
                && planned.step.items.contains(&change.item)
        })
}

/// Something that a plan makes anew or removes, and what is lost with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub key: RowKey,
    pub title: String,
    /// Another one takes its place.
    pub anew: bool,
    /// One line each, for people.
    pub lost: Vec<String>,
}

/// How many lines of what is lost are shown.
const LOST: usize = 500;

/// What is lost by a plan, by item. What is made anew is among it also where nothing is known to be lost.
pub fn losses(plan: &Plan) -> Vec<Loss> {
    let away = plan.steps.iter().filter_map(|planned| match &planned.step.action {
        Action::Away(away) if !away.back.is_empty() || !away.losses.is_empty() => {
            Some((planned, away))
        }
        _ => None,
    });
    let loss = |(planned, away): (&PlannedStep, &Away)| {
        let change = plan.changes.iter().find(|change| {
            change.side == Side::System
                && planned.subsystems.contains(&change.subsystem)
                && planned.step.items.contains(&change.item)
        })?;
        Some(Loss {
            key: RowKey { subsystem: change.subsystem.clone(), item: change.item.clone() },
            title: change.title.clone(),
            anew: change.after.is_some(),
            lost: away.losses.clone(),
        })
    };
    away.filter_map(loss).collect()
}

/// The lines of a loss, as many as are worth reading.
pub fn lost_lines(loss: &Loss) -> Vec<String> {
    let mut lines: Vec<String> = loss.lost.iter().take(LOST).cloned().collect();
    if loss.lost.len() > LOST {
        let more = loss.lost.len() - LOST;
        let text = ngettext("… and {n} more", "… and {n} more", more);
        lines.push(fill(&text, &[("n", &more.to_string())]));
    }
    lines
}

/// Changes for the plan that has exactly the ticked ones, and the others held.
pub fn ticked(choices: &[Choice]) -> (Vec<Change>, Vec<Change>) {
    let (ticked, held): (Vec<&Choice>, Vec<&Choice>) = choices.iter().partition(|c| c.ticked);
    let taken = ticked.into_iter().map(|c| Change { held: None, ..c.change.clone() });
    (taken.collect(), held.into_iter().map(|c| c.change.clone()).collect())
}

/// Whether carrying the changes out removes something from the system.
pub fn removes(steps: &[PlannedStep]) -> bool {
    steps.iter().any(|planned| planned.step.risk.removes || planned.step.risk.destructive)
}

/// Whether a plan is to be shown before it is carried out.
pub fn ask_first(plan: &Plan, purpose: &Purpose) -> bool {
    // What the next image does needs no decision.
    let waits = !plan.held.is_empty() || plan.blocked.iter().any(BlockedChange::never);
    match purpose {
        Purpose::Apply => true,
        Purpose::Capture | Purpose::Ignore | Purpose::Sections | Purpose::Layer { .. } => waits,
        Purpose::Edit => waits || plan.steps.iter().any(|planned| planned.step.risk.destructive),
        // What is quick and harmless is taken back at once; programs are shown before they run.
        // And what waits for an image is not undone, whatever became of the rest.
        Purpose::Undo | Purpose::Redo => {
            !plan.held.is_empty()
                || !plan.blocked.is_empty()
                || plan.steps.iter().any(|planned| {
                    let risk = planned.step.risk;
                    matches!(
                        planned.step.action,
                        Action::Run(_) | Action::Away(_) | Action::Download(_)
                    ) || risk.password
                        || risk.reboot
                        || risk.destructive
                })
        }
    }
}

/// What of a plan is not done now, because the next image does it: what was asked for, and the reason of each.
pub fn later(plan: &Plan) -> impl Iterator<Item = &BlockedChange> {
    plan.blocked.iter().filter(|blocked| blocked.later)
}

/// Whether all that was asked for comes with the next image, without anything being done.
pub fn all_later(plan: &Plan) -> bool {
    plan.changes.is_empty()
        && plan.held.is_empty()
        && plan.steps.is_empty()
        && later(plan).next().is_some()
        && !plan.blocked.iter().any(BlockedChange::never)
}

/// What waits for the next image, in one sentence: something that comes with it, or goes.
pub fn waits(plan: &Plan) -> String {
    let count = items(later(plan).map(|blocked| &blocked.change));
    let one = later(plan).next().map_or("", |blocked| blocked.change.title.as_str());
    let text =
        ngettext("{item} waits for the next image", "{n} items wait for the next image", count);
    fill(&text, &[("item", one), ("n", &count.to_string())])
}

/// The sides a plan changes, in one word for its button.
pub fn verb(changes: &[Change], purpose: &Purpose) -> String {
    let all = |side: Side| changes.iter().all(|change| change.side == side);
    match purpose {
        Purpose::Undo => gettext("Undo"),
        Purpose::Redo => gettext("Redo"),
        _ if all(Side::System) => gettext("Apply"),
        _ if all(Side::Manifest) => gettext("Capture"),
        _ => gettext("Proceed"),
    }
}

/// The title of the dialog that shows a plan.
pub fn title(changes: &[Change], purpose: &Purpose) -> String {
    let all = |side: Side| changes.iter().all(|change| change.side == side);
    match purpose {
        Purpose::Undo => gettext("Undo"),
        Purpose::Redo => gettext("Redo"),
        _ if changes.is_empty() => gettext("Changes"),
        _ if all(Side::System) => gettext("Apply to System"),
        _ if all(Side::Manifest) => gettext("Capture to Manifest"),
        _ => gettext("Capture and Apply"),
    }
}

/// What was done, in the past tense: "Captured Notes".
pub fn done(changes: &[&Change], purpose: &Purpose) -> String {
    let count = items(changes.iter().copied());
    let one = changes.first().map(|change| change.title.as_str()).unwrap_or_default();
    let all = |side: Side| changes.iter().all(|change| change.side == side);
    let text = match purpose {
        Purpose::Edit if all(Side::System) => {
            ngettext("Changed {item} on this machine", "Changed {n} items on this machine", count)
        }
        Purpose::Edit if all(Side::Manifest) => {
            ngettext("Saved {item} to the manifest", "Saved {n} items to the manifest", count)
        }
        Purpose::Edit if changes.iter().any(|change| begins(change)) => ngettext(
            "Changed {item}, which is in the manifest from now on",
            "Changed {n} items, which are in the manifest from now on",
            count,
        ),
        Purpose::Edit => ngettext(
            "Changed {item}, also in the manifest",
            "Changed {n} items, also in the manifest",
            count,
        ),
        Purpose::Undo => gettext("Undone"),
        Purpose::Redo => gettext("Done again"),
        Purpose::Ignore => gettext("Always ignored from now on"),
        Purpose::Sections => gettext("Wrote the Containerfile"),
        Purpose::Layer { here: true } => gettext("Kept on this machine only"),
        Purpose::Layer { here: false } => gettext("Shared with all machines"),
        _ if all(Side::System) => ngettext("Applied {item}", "Applied {n} items", count),
        _ if all(Side::Manifest) => ngettext("Captured {item}", "Captured {n} items", count),
        _ => ngettext("Captured and applied {item}", "Captured and applied {n} items", count),
    };
    fill(&text, &[("item", one), ("n", &count.to_string())])
}

/// Whether the manifest gets an entry for an item that it did not have.
fn begins(change: &Change) -> bool {
    change.side == Side::Manifest && change.before.is_none()
}

/// How many items are changed: one that changes on both sides is one.
pub fn items<'a>(changes: impl IntoIterator<Item = &'a Change>) -> usize {
    let items: BTreeSet<_> = changes.into_iter().map(|c| (&c.subsystem, &c.item)).collect();
    items.len()
}

/// What became of a change that was not made.
#[derive(Clone, Debug, PartialEq)]
pub struct Undone {
    pub change: Change,
    pub why: String,
    /// It was not reached, because the person cancelled.
    pub not_reached: bool,
}

/// What came of a plan of which not everything was done: in two words, and how much of it was.
pub fn summary(outcome: &Outcome) -> (String, String) {
    let title = match outcome.cancelled {
        true => gettext("Stopped"),
        false => gettext("Not Everything Was Done"),
    };
    let done = outcome.done();
    let text = match done {
        0 => gettext("No change was made"),
        _ => ngettext("{n} change was made", "{n} changes were made", done),
    };
    (title, fill(&text, &[("n", &done.to_string())]))
}

/// The changes of an outcome that were not made, with the reason.
pub fn not_made(outcome: &Outcome) -> Vec<Undone> {
    outcome
        .results
        .iter()
        .filter_map(|ended| {
            let (why, not_reached) = match &ended.verdict {
                Verdict::Done => return None,
                Verdict::Moved => (gettext("Left alone: it has changed meanwhile"), false),
                Verdict::Failed(why) => (why.clone(), false),
                Verdict::NotDone => (gettext("Stopped before it was done"), true),
            };
            Some(Undone { change: ended.change.clone(), why, not_reached })
        })
        .collect()
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
