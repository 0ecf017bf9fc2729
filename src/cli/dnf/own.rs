//! Packages in the Containerfile alone, outside of its managed sections: an instruction of the person's own.

use anyhow::Context;

use super::names::{Named, What};
use crate::cli::act;
use crate::cli::app::{App, Exit};
use crate::cli::pun::{Options, Pun};
use crate::core::item::Record;
use crate::core::names::RepoRelPath;
use crate::engine::{Edit, Engine, Wish};
use crate::manifest::containerfile::FILE;
use crate::manifest::containerfile::own::{self, OwnError};
use crate::subsystem::Unfit;
use crate::subsystem::packages::ID as PACKAGES;
use crate::words::{fill, gettext};

pub(super) fn install(app: &App, named: &Named<Pun>) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    if !named.options.how().force {
        let wish = |what: &What| Wish {
            subsystem: PACKAGES,
            item: what.item(),
            edit: Edit::put(Record::new()),
        };
        let _busy = crate::cli::progress::busy(&app.out, gettext("Looking it up"));
        engine.validate(&named.what.iter().map(wish).collect::<Vec<_>>())?;
    }
    change(app, &engine, named, &gettext("Install {packages} in the Containerfile"), own::install)
}

pub(super) fn remove(app: &App, named: &Named<Pun>) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    change(app, &engine, named, &gettext("Take {packages} out of the Containerfile"), own::remove)
}

fn change(
    app: &App,
    engine: &Engine,
    named: &Named<Pun>,
    title: &str,
    edit: impl Fn(&std::path::Path, &str, &[String]) -> Result<String, OwnError>,
) -> anyhow::Result<Exit> {
    let names: Vec<String> = named.what.iter().map(What::to_string).collect();
    let title = fill(title, &[("packages", &names.join(", "))]);
    let path: RepoRelPath = FILE.parse()?;
    let mut plan = engine.plan_edit(title, |manifests| {
        let whole = manifests.root().join(FILE);
        let text = manifests.other(&path)?.with_context(|| {
            let text = gettext("there is no {file}, which the image would be built from");
            fill(&text, &[("file", &app.host.display(&whole))])
        })?;
        let text = edit(&whole, &text, &names).map_err(|error| said(error, &names))?;
        Ok(manifests.put_other(&path, Some(text))?)
    })?;
    // The verb names what it does.
    plan.system_first = true;
    act::carry_out(app, engine, plan)
}

/// What cannot be taken out, in words, with what to do instead.
fn said(error: OwnError, names: &[String]) -> anyhow::Error {
    let (text, name, line) = match error {
        OwnError::Doc(error) => return error.into(),
        OwnError::Managed { name, section: _ } => (
            gettext(
                "{package} stands in a managed section of the Containerfile: bkt dnf remove {packages} --manifest-only takes it out",
            ),
            name,
            0,
        ),
        OwnError::Foreign { name, line } => (
            gettext(
                "{package} stands on line {line} of the Containerfile, in an instruction of somebody's own: take it out there",
            ),
            name,
            line,
        ),
        OwnError::Nowhere { name } => (gettext("{package} is not in the Containerfile"), name, 0),
    };
    let values =
        [("package", name.as_str()), ("line", &line.to_string()), ("packages", &names.join(" "))];
    Unfit::new(fill(&text, &values)).into()
}
