//! What a person typed, and which subsystems and items it names.

use super::errors::Misnamed;
use crate::core::item::SubsystemId;
use crate::core::near::nearest;
use crate::core::report::{ItemReport, Report};
use crate::engine::Engine;
use crate::subsystem::{named, names_item};

/// The subsystems that ids and nouns name, each once; none for none.
pub(super) fn subsystems(engine: &Engine, typed: &[String]) -> Result<Vec<SubsystemId>, Misnamed> {
    let mut ids: Vec<SubsystemId> = Vec::new();
    for name in typed {
        let found = named(engine.subsystems(), name);
        if found.is_empty() {
            let known = engine.subsystems().iter().map(|s| s.about().id.to_string()).collect();
            return Err(Misnamed::Subsystem { name: name.clone(), known });
        }
        ids.extend(found.into_iter().map(|subsystem| subsystem.about().id.clone()));
    }
    ids.dedup();
    Ok(ids)
}

/// The items that `typed` names. Where a name fits several, those that differ are meant.
pub(super) fn items<'a>(
    report: &'a Report,
    typed: &[String],
) -> Result<Vec<(SubsystemId, &'a ItemReport)>, Misnamed> {
    typed.iter().map(|name| item(report, name)).collect()
}

fn item<'a>(report: &'a Report, name: &str) -> Result<(SubsystemId, &'a ItemReport), Misnamed> {
    let all = || report.subsystems.iter().flat_map(|s| s.items.iter().map(|i| (s.id.clone(), i)));
    let exact: Vec<_> = all().filter(|(_, item)| item.key.as_str() == name).collect();
    let fitting: Vec<_> = match exact.is_empty() {
        true => all().filter(|(_, item)| names_item(name, &item.key, &item.title)).collect(),
        false => exact,
    };
    let differing: Vec<_> =
        fitting.iter().filter(|(_, item)| item.state.differs()).cloned().collect();
    match (fitting.as_slice(), differing.as_slice()) {
        ([], _) => Err(Misnamed::Item { name: name.to_owned(), close: close(report, name) }),
        (_, [one]) | ([one], _) | ([one, ..], []) => Ok(one.clone()),
        _ => Err(Misnamed::Ambiguous {
            name: name.to_owned(),
            items: differing.iter().map(|(id, item)| format!("{id} -i '{}'", item.key)).collect(),
        }),
    }
}

/// The keys most like `name`, the likeliest first.
fn close(report: &Report, name: &str) -> Vec<String> {
    let items = report.subsystems.iter().flat_map(|subsystem| &subsystem.items);
    nearest(
        name,
        items.map(|item| {
            let key = item.key.as_str();
            let last = key.rsplit(['/', ' ']).next().unwrap_or_default();
            (key, vec![last, item.title.as_str()])
        }),
    )
}
