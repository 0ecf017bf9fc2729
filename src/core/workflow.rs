//! How an edit of the manifests gets to others, and on what kind of forge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What follows on an edit of the manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Workflow {
    /// Nothing: the checkout has it, uncommitted.
    Edit,
    /// A commit on the branch that is checked out.
    Commit,
    /// A pull request; the checkout keeps the edit, uncommitted.
    Pr,
}

impl Workflow {
    /// Its name in `repo.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Commit => "commit",
            Self::Pr => "pr",
        }
    }
}

/// What kind of forge a repository is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForgeKind {
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
    /// Forgejo, or Gitea, which it comes from.
    Forgejo,
}

impl ForgeKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Github, Self::Gitlab, Self::Forgejo];

    /// Its name, which is the same in every language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Forgejo => "Forgejo",
        }
    }
}
