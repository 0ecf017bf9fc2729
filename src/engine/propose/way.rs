//! Which workflow an edit follows, and why.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ProposeError, why_not};
use crate::core::workflow::Workflow;
use crate::engine::Engine;
use crate::host::forge::Readiness;
use crate::words::{fill, gettext};

/// The workflow that an edit follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Way {
    /// The workflow.
    pub workflow: Workflow,
    /// What decided that.
    pub why: Why,
}

/// What decided on a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The command line.
    Asked,
    /// `repo.json`.
    Configured,
    /// The forge's program is signed in.
    SignedIn(String),
    /// It is not, for this reason.
    NotReady(String),
    /// There is no remote, or no git, or no forge that is known.
    NoForge,
}

impl Way {
    /// The workflow that the command line names.
    pub fn asked(workflow: Workflow) -> Self {
        Self { workflow, why: Why::Asked }
    }

    /// In words, where nobody has said so: an edit that goes nowhere because nothing could take it needs none.
    pub fn words(&self) -> Option<String> {
        let text = match (&self.why, self.workflow) {
            (Why::SignedIn(program), _) => {
                let text = gettext(
                    "A pull request follows, because {program} is signed in (--no-pr, or “workflow” in repo.json, says otherwise)",
                );
                fill(&text, &[("program", program)])
            }
            (Why::NotReady(why), _) => {
                let text =
                    gettext("No pull request follows: {why} (“workflow” in repo.json decides it)");
                fill(&text, &[("why", why)])
            }
            (Why::Configured, Workflow::Pr) => {
                gettext("A pull request follows, as repo.json says (--no-pr for none)")
            }
            (Why::Configured, Workflow::Commit) => gettext("A commit follows, as repo.json says"),
            (Why::Configured | Why::Asked, _) | (Why::NoForge, _) => return None,
        };
        Some(text)
    }
}

impl Engine {
    /// The workflow where the command line names none: what `repo.json` says, else a pull request where the forge's
    /// program is signed in. Asks the forge then.
    pub fn way(&self) -> anyhow::Result<Way> {
        let config = self.config()?;
        if let Some(workflow) = config.workflow {
            return Ok(Way { workflow, why: Why::Configured });
        }
        let edit = |why| Way { workflow: Workflow::Edit, why };
        let forge = match self.forge(&config) {
            Ok(forge) => forge,
            Err(error) => {
                // Where git cannot be asked, there is nobody to ask for a request either.
                if !error.is::<ProposeError>() {
                    tracing::debug!("no forge: {error:#}");
                }
                return Ok(edit(Why::NoForge));
            }
        };
        Ok(match forge.readiness(self.host()) {
            Readiness::Ready(program) => {
                Way { workflow: Workflow::Pr, why: Why::SignedIn(program.name().to_owned()) }
            }
            not => edit(Why::NotReady(why_not(&not).unwrap_or_default())),
        })
    }
}
