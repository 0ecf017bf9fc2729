//! From what was found and what was asked for to a plan.

use super::{Engine, manifest_step};
use crate::core::item::{ItemKey, Layer, SubsystemId, Value};
use crate::core::merge::{Drift, Suggestion};
use crate::core::plan::{Action, BlockedChange, Change, Held, Plan, PlannedStep, Side};
use crate::core::report::{ItemReport, Report};
use crate::core::resolve::{Take, after};
use crate::core::secret;
use crate::subsystem::{Blocked, RestsOn};
use crate::words::{fill, ngettext};

/// What is to be done with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Save the system's values to the manifest.
    Capture,
    /// Change the system to the manifest's values.
    Apply,
    /// Whatever the item's drift suggests.
    Suggested,
}

/// One item the person pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Its subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// Only these fields; all of them where it is `None`.
    pub fields: Option<Vec<String>>,
    /// What to do.
    pub verb: Verb,
}

/// What the person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// For every item of the report: what to do. What is risky is held back.
    pub all: Option<Verb>,
    /// For single items: pointing at one is saying yes to it, also to its removal.
    pub picks: Vec<Pick>,
    /// Removals are meant.
    pub prune: bool,
    /// Conflicts and changes against the suggestion are meant.
    pub force: bool,
    /// What looks like a secret may go into the repository.
    pub secrets: bool,
    /// What cannot be brought back may be lost: what is in a box that has to be made anew.
    pub losses: bool,
    /// What the next image brings is to be had on this machine now, where it can be.
    pub now: bool,
    /// The layer for items that no manifest has yet.
    pub layer: Layer,
}

impl Request {
    /// Everything, in one direction.
    pub fn all(verb: Verb) -> Self {
        Self {
            all: Some(verb),
            picks: Vec::new(),
            prune: false,
            force: false,
            secrets: false,
            losses: false,
            now: false,
            layer: Layer::Shared,
        }
    }

    /// Only the given items.
    pub fn picks(picks: Vec<Pick>) -> Self {
        Self { all: None, picks, ..Self::all(Verb::Suggested) }
    }
}

impl Engine {
    /// Plans what `request` asks for of what `report` found.
    pub fn plan(&self, report: &Report, request: &Request) -> anyhow::Result<Plan> {
        let mut plan = Plan::default();
        let mut add = |change: Change, held: Option<Held>| match held {
            Some(held) => plan.held.push(Change { held: Some(held), ..change }),
            None => plan.changes.push(change),
        };
        for subsystem in &report.subsystems {
            for item in &subsystem.items {
                let pick = request
                    .picks
                    .iter()
                    .find(|pick| pick.subsystem == subsystem.id && pick.item == item.key);
                let (verb, fields) = match (pick, request.all) {
                    (Some(pick), _) => (pick.verb, pick.fields.as_deref()),
                    (None, Some(verb))
                        if item.counts()
                            || request.now && item.comes_with_image() && item.ignored.is_none() =>
                    {
                        (verb, None)
                    }
                    _ => continue,
                };
                let explicit = pick.is_some() || request.force;
                for (side, take) in directions(item, verb, explicit, request.now) {
                    let Some(change) =
                        change(&subsystem.id, item, side, take, fields, &request.layer)
                    else {
                        continue;
                    };
                    if pick.is_none() && is_foreign_removal(item, &change) {
                        continue;
                    }
                    let held = match pick {
                        // Pointing at a conflict without a side to take decides nothing.
                        Some(Pick { verb: Verb::Suggested, .. })
                            if item.state == Drift::Conflict =>
                        {
                            Some(Held::Conflict)
                        }
                        Some(_) => None,
                        None => hold(item, &change, verb, request),
                    };
                    let held = held
                        .or_else(|| (!request.secrets && leaks(&change)).then_some(Held::Secret));
                    add(change, held);
                }
            }
        }
        let (mut steps, mut blocked) = self.steps(&plan.changes)?;
        let loses = |change: &Change| !request.losses && loses(&steps, change);
        let (losing, keeping): (Vec<_>, Vec<_>) = plan.changes.iter().cloned().partition(loses);
        if !losing.is_empty() {
            plan.changes = keeping;
            let held = losing.into_iter();
            plan.held.extend(held.map(|change| Change { held: Some(Held::Loss), ..change }));
            (steps, blocked) = self.steps(&plan.changes)?;
        }
        plan.steps = steps;
        plan.blocked = set_aside(&mut plan.changes, blocked);
        Ok(plan)
    }

    /// The plan that makes exactly `changes`, and has `held` waiting: for a person who ticks and unticks.
    pub fn plan_changes(
        &self,
        mut changes: Vec<Change>,
        held: Vec<Change>,
    ) -> anyhow::Result<Plan> {
        let (steps, blocked) = self.steps(&changes)?;
        let blocked = set_aside(&mut changes, blocked);
        Ok(Plan { changes, held, blocked, steps, ..Plan::default() })
    }

    /// The steps that carry `changes` out: the manifests and the Containerfile first, then each subsystem in order, and last the steps
    /// that remove, in the opposite order, so that nothing is removed that something else still needs. Changes that
    /// cannot be made come back beside them.
    pub(super) fn steps(
        &self,
        changes: &[Change],
    ) -> anyhow::Result<(Vec<PlannedStep>, Vec<NotPossible>)> {
        let mut manifests = self.manifests();
        let (mut steps, mut removals, mut blocked) = (Vec::new(), Vec::new(), Vec::new());
        for subsystem in self.subsystems() {
            let id = &subsystem.about().id;
            let of = |side: Side| -> Vec<&Change> {
                changes
                    .iter()
                    .filter(|change| change.subsystem == *id && change.side == side)
                    .collect()
            };
            let captures = of(Side::Manifest);
            if !captures.is_empty() {
                subsystem.capture(&mut manifests, &captures)?;
            }
            let applies = of(Side::System);
            if !applies.is_empty() {
                let planned = subsystem.steps(&applies, self.host())?;
                if let Some(rests_on) = planned.rests_on
                    && !is_made(&rests_on, changes, &blocked)
                {
                    let never = |one: &&Change| Blocked::never(&one.item, &*rests_on.reason);
                    blocked.extend(applies.iter().map(|one| (id.clone(), never(one))));
                    continue;
                }
                blocked.extend(planned.blocked.into_iter().map(|one| (id.clone(), one)));
                let planned = planned
                    .steps
                    .into_iter()
                    .map(|step| PlannedStep { subsystems: vec![id.clone()], step });
                let (late, now): (Vec<_>, Vec<_>) =
                    planned.partition(|planned| planned.step.risk.removes);
                steps.extend(now);
                removals.splice(0..0, late);
            }
        }
        let images = self.sync_containerfiles(&mut manifests)?;
        let edits = manifests.edits();
        let count = edits.len() - images;
        let title = match images > 0 {
            true => ngettext(
                "Write {n} manifest and the Containerfile",
                "Write {n} manifests and the Containerfile",
                count,
            ),
            false => ngettext("Write {n} manifest", "Write {n} manifests", count),
        };
        let mut all = manifest_step(fill(&title, &[("n", &count.to_string())]), edits);
        all.extend(one_dconf_write(steps));
        all.extend(removals);
        Ok((all, blocked))
    }
}

/// Whether what something rests on is made by one of `changes`.
fn is_made(rests_on: &RestsOn, changes: &[Change], blocked: &[NotPossible]) -> bool {
    let RestsOn { subsystem, item, .. } = rests_on;
    let makes = |one: &Change| {
        one.side == Side::System
            && one.subsystem == *subsystem
            && one.item == *item
            && one.after.is_some()
    };
    let is = |(id, one): &NotPossible| id == subsystem && one.item == *item;
    changes.iter().any(makes) && !blocked.iter().any(is)
}

/// Makes one transaction of all that is written to dconf, in the place of the first.
fn one_dconf_write(steps: Vec<PlannedStep>) -> Vec<PlannedStep> {
    let mut all: Vec<PlannedStep> = Vec::with_capacity(steps.len());
    for planned in steps {
        let is_dconf = |other: &&mut PlannedStep| matches!(other.step.action, Action::Dconf(_));
        let first = all.iter_mut().find(is_dconf);
        let (Some(first), Action::Dconf(more)) = (first, &planned.step.action) else {
            all.push(planned);
            continue;
        };
        if let Action::Dconf(edits) = &mut first.step.action {
            edits.extend_from_slice(more);
            let count = edits.len();
            let title = ngettext("Change {n} setting", "Change {n} settings", count);
            first.step.title = fill(&title, &[("n", &count.to_string())]);
        }
        first.step.risk = first.step.risk.and(planned.step.risk);
        first.step.items.extend(planned.step.items);
        first.subsystems.extend(planned.subsystems);
    }
    all
}

/// Whether a change of what stays is made by a step that cannot be taken back. One that removes an item says so itself.
fn loses(steps: &[PlannedStep], change: &Change) -> bool {
    let carries = |planned: &PlannedStep| {
        planned.step.risk.destructive
            && planned.subsystems.contains(&change.subsystem)
            && planned.step.items.contains(&change.item)
    };
    change.side == Side::System && change.after.is_some() && steps.iter().any(carries)
}

/// A change on the system that a subsystem says cannot be made.
pub(super) type NotPossible = (SubsystemId, Blocked);

/// Takes the changes that cannot be made out of `changes`.
pub(super) fn set_aside(
    changes: &mut Vec<Change>,
    blocked: Vec<NotPossible>,
) -> Vec<BlockedChange> {
    let mut aside = Vec::new();
    for (subsystem, Blocked { item, reason, later }) in blocked {
        let is = |c: &Change| c.side == Side::System && c.subsystem == subsystem && c.item == item;
        if let Some(at) = changes.iter().position(is) {
            aside.push(BlockedChange { change: changes.remove(at), reason, later });
        }
    }
    aside
}

/// What a verb does to an item it does on both sides: an item that is left alone on one is left alone on the other.
pub(super) fn keep_together<'a>(
    going: &mut Vec<Change>,
    left: impl Iterator<Item = &'a Change> + Clone,
) {
    going.retain(|change| {
        !left.clone().any(|one| one.subsystem == change.subsystem && one.item == change.item)
    });
}

/// Which sides change, and whether by all differences or only by those that suggest it.
fn directions(item: &ItemReport, verb: Verb, explicit: bool, now: bool) -> Vec<(Side, Take)> {
    if now && verb == Verb::Apply && item.comes_with_image() {
        return vec![(Side::System, Take::All)];
    }
    if !item.state.differs() {
        return Vec::new();
    }
    let take = if item.state == Drift::Both && !explicit { Take::Suggested } else { Take::All };
    match (verb, item.state.suggestion()) {
        (Verb::Capture, _) => vec![(Side::Manifest, take)],
        (Verb::Apply, _) => vec![(Side::System, take)],
        (Verb::Suggested, Suggestion::Capture) => vec![(Side::Manifest, Take::Suggested)],
        (Verb::Suggested, Suggestion::Apply) => vec![(Side::System, Take::Suggested)],
        (Verb::Suggested, Suggestion::Merge) => {
            vec![(Side::Manifest, Take::Suggested), (Side::System, Take::Suggested)]
        }
        // Shown as waiting for a decision, whichever it will be.
        (Verb::Suggested, Suggestion::Ask) => vec![(Side::Manifest, Take::All)],
        (Verb::Suggested, Suggestion::Nothing) => Vec::new(),
    }
}

fn change(
    subsystem: &SubsystemId,
    item: &ItemReport,
    side: Side,
    take: Take,
    fields: Option<&[String]>,
    layer: &Layer,
) -> Option<Change> {
    let (before, other) = match side {
        Side::Manifest => (&item.wanted, &item.live),
        Side::System => (&item.live, &item.wanted),
    };
    let after = after(item, side, take, fields);
    (*before != after).then(|| Change {
        subsystem: subsystem.clone(),
        item: item.key.clone(),
        title: item.title.clone(),
        side,
        layer: item.layer.clone().unwrap_or_else(|| layer.clone()),
        before: before.clone(),
        after,
        other: other.clone(),
        held: None,
    })
}

/// A bulk apply does not remove what no manifest ever had, nor a bulk capture what this machine never had.
fn is_foreign_removal(item: &ItemReport, change: &Change) -> bool {
    change.after.is_none() && item.base.is_none()
}

/// Why a change of a bulk request waits for a yes.
fn hold(item: &ItemReport, change: &Change, verb: Verb, request: &Request) -> Option<Held> {
    let suggested = item.state.suggestion();
    let against = matches!(
        (change.side, suggested),
        (Side::Manifest, Suggestion::Apply) | (Side::System, Suggestion::Capture)
    );
    // Without a base nobody moved: an explicit direction takes its own side, a suggestion has none.
    let conflict =
        item.state == Drift::Conflict && (item.base.is_some() || verb == Verb::Suggested);
    match () {
        () if conflict && !request.force => Some(Held::Conflict),
        () if against && !request.force => Some(Held::AgainstSuggestion),
        () if change.after.is_none() && !request.prune => Some(Held::Removal),
        () => None,
    }
}

/// Whether a capture would put something new into the repository that looks like a secret.
fn leaks(change: &Change) -> bool {
    change.side == Side::Manifest && secret_field(change).is_some()
}

/// The first field that a change gives a value that looks like a secret.
pub(super) fn secret_field(change: &Change) -> Option<&str> {
    change.fields().into_iter().find_map(|(name, _, new)| {
        new.is_some_and(|new| is_secret(&change.item, name, new)).then_some(name)
    })
}

/// Whether a field holds what looks like a secret: by its own name, for a setting by that of its key, or, where it is
/// an address or the text of a file, by what that says.
pub(super) fn is_secret(item: &ItemKey, field: &str, value: &Value) -> bool {
    // A switch or a number beside a password is none.
    let said = |text: &str| text.starts_with(['\'', '"']) && text.len() > 2;
    let key = item.as_str().rsplit_once(' ').map(|(_, key)| key);
    // The text of a file may be one line without an end.
    let is_file = |text: &str| text.contains('\n') || item.as_str().starts_with('/');
    secret::is_secret(field.rsplit('/').next().unwrap_or(field))
        || key.is_some_and(secret::is_secret) && matches!(value, Value::Text(t) if said(t))
        || matches!(value, Value::Text(t) if is_file(t) && secret::in_text(t))
        || matches!(value, Value::Text(t) if secret::in_address(t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::item::Record;
    use crate::core::plan::{Command, Risk, Step};

    #[test]
    fn what_is_made_anew_waits_and_what_is_removed_says_so_itself() {
        let change = |item: &str, after: Option<Record>, side| Change {
            subsystem: SubsystemId::new("boxes"),
            item: ItemKey::new(item),
            title: item.to_owned(),
            side,
            layer: Layer::Shared,
            before: Some(Record::new()),
            after,
            other: None,
            held: None,
        };
        let step = |item: &str, destructive| PlannedStep {
            subsystems: vec![SubsystemId::new("boxes")],
            step: Step {
                title: String::new(),
                action: Action::Run(Command::new("true")),
                risk: Risk { destructive, ..Risk::default() },
                items: vec![ItemKey::new(item)],
            },
        };
        let steps = [step("a", false), step("a", true), step("b", false)];
        let there = || Some(Record::new().with("image", "x"));
        assert!(loses(&steps, &change("a", there(), Side::System)));
        assert!(!loses(&steps, &change("a", there(), Side::Manifest)));
        assert!(!loses(&steps, &change("a", None, Side::System)));
        assert!(!loses(&steps, &change("b", there(), Side::System)));
        let other =
            Change { subsystem: SubsystemId::new("x"), ..change("a", there(), Side::System) };
        assert!(!loses(&steps, &other));
    }
}
