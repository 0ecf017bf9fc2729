//! Hooks held against the two axioms, and what is found said.

use serde::Serialize;
use serde_json::Value as Json;

use super::{BOXES, add};
use crate::cli::act::versioned;
use crate::cli::app::{App, Exit};
use crate::cli::output::{Style, paint};
use crate::core::item::ItemKey;
use crate::core::names::ContainerName;
use crate::subsystem::distrobox::lint::{Finding, lint as look};
use crate::subsystem::distrobox::{INIT_HOOKS, PRE_INIT_HOOKS, json};
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
pub(super) struct Lint {
    #[arg(value_name = "NAME", help = gettext("Only these boxes; one that no manifest has is looked at as it is here"))]
    names: Vec<ContainerName>,
}

/// A hook, and what was found in it.
#[derive(Serialize)]
struct Hook {
    name: String,
    field: &'static str,
    hook: String,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Answer<'a> {
    hooks: &'a [Hook],
}

pub(super) fn lint(app: &App, args: &Lint) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let entries = json::entries(&engine.manifests())?;
    let mut hooks = Vec::new();
    let mut add_hook = |name: &ContainerName, field, hook: &str| {
        let findings = look(hook);
        hooks.push(Hook { name: name.to_string(), field, hook: hook.to_owned(), findings });
    };
    for (name, entry) in &entries {
        if !args.names.is_empty() && !args.names.contains(name) {
            continue;
        }
        for field in [INIT_HOOKS, PRE_INIT_HOOKS] {
            match entry.get(field) {
                Some(Json::String(hook)) => add_hook(name, field, hook),
                Some(Json::Array(list)) => {
                    list.iter()
                        .filter_map(Json::as_str)
                        .for_each(|hook| add_hook(name, field, hook));
                }
                _ => (),
            }
        }
    }
    let others: Vec<&ContainerName> =
        args.names.iter().filter(|name| !entries.contains_key(*name)).collect();
    if !others.is_empty() {
        let report = app.survey_ids(&engine, &[BOXES])?;
        for name in others {
            let item = report.item(&BOXES, &ItemKey::new(name.as_str()));
            let Some(item) = item else { return Err(add::unknown(&report, name).into()) };
            for field in [INIT_HOOKS, PRE_INIT_HOOKS] {
                if let Some(hook) = item.live.as_ref().and_then(|live| live.text(field)) {
                    add_hook(name, field, hook);
                }
            }
        }
    }
    let count: usize = hooks.iter().map(|hook| hook.findings.len()).sum();
    if app.global.json {
        app.out.json(&versioned(Answer { hooks: &hooks }))?;
    } else {
        for hook in hooks.iter().filter(|hook| !hook.findings.is_empty()) {
            let title = match hook.field {
                INIT_HOOKS => gettext("{name}, at each start"),
                _ => gettext("{name}, before each start"),
            };
            app.out.line(&paint(Style::Bold, &fill(&title, &[("name", &hook.name)])));
            hook.findings.iter().for_each(|finding| app.out.line(&said(finding)));
        }
        let text = match count {
            0 => ngettext(
                "{n} hook was looked at, and nothing was found.",
                "{n} hooks were looked at, and nothing was found.",
                hooks.len(),
            ),
            n => ngettext(
                "{n} place looks as if a hook could not run again and again, or a box were not as a new one.",
                "{n} places look as if a hook could not run again and again, or a box were not as a new one.",
                n,
            ),
        };
        let n = if count == 0 { hooks.len() } else { count };
        app.out.say(&fill(&text, &[("n", &n.to_string())]));
    }
    Ok(if count == 0 { Exit::Done } else { Exit::Drift })
}

/// Says what is found in hooks that are about to be saved. They are saved all the same.
pub(super) fn advise<'h>(app: &App, hooks: impl Iterator<Item = &'h str>) {
    for finding in hooks.flat_map(look) {
        app.out.warn(&said(&finding));
    }
}

fn said(finding: &Finding) -> String {
    let Finding { axiom, words, why, instead } = finding;
    let shown = paint(Style::Yellow, &words.replace('\n', " "));
    format!("  {shown}\n    {why} {}\n    {instead}", axiom.title())
}
