//! Which machines an item is for: moving it between the layer of all and that of this one.

use bucket::core::item::Layer;
use bucket::core::report::ItemReport;
use bucket::engine::Engine;
use bucket::engine::explain::explain;
use bucket::engine::layers::MoveError;
use bucket::words::{fill, gettext};

use crate::backend::{Job, Purpose, Reply};
use crate::model::RowKey;
use crate::repository::{Question, words};

/// Plans to move an item to the layer of this machine, or to that of all.
pub fn plan_move(engine: &Engine, key: &RowKey, here: bool, force: bool) -> Reply {
    let defined = engine.defined();
    let found =
        defined.into_iter().find(|one| one.subsystem == key.subsystem && one.item == key.item);
    let Some(one) = found else {
        let why = gettext("The manifests do not have it any more");
        return Reply::Failed { job: "move", why };
    };
    let to = match here {
        true => Layer::Host(engine.host().env().hostname.clone()),
        false => Layer::Shared,
    };
    match engine.plan_move(std::slice::from_ref(&one), &to, force) {
        Ok(plan) => Reply::planned(engine, plan, Purpose::Layer { here }),
        Err(error) => match error.downcast_ref::<MoveError>() {
            Some(MoveError::Overrides { title }) => {
                let text = gettext(
                    "All machines have another value of {item} in common. This machine’s replaces it.",
                );
                Reply::Ask(Box::new(Question {
                    heading: gettext("Replace It on All Machines?"),
                    body: fill(&text, &[("item", title)]),
                    verb: gettext("_Replace"),
                    job: Job::Move { key: key.clone(), here, force: true },
                }))
            }
            _ => Reply::Failed { job: "move", why: words(&explain(&error)) },
        },
    }
}

/// Which layer an item can be moved to: `Some(true)` is that of this machine.
pub fn moves(item: &ItemReport) -> Option<bool> {
    item.wanted.as_ref()?;
    Some(matches!(item.layer.as_ref()?, Layer::Shared))
}
