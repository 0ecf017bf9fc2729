//! How an edit of the manifests gets to others, and on what kind of forge.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::InvalidName;
use crate::words::mark;

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

    /// What it is in `repo.json` and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Forgejo => "forgejo",
        }
    }
}

/// By its id.
impl fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// By its id.
impl FromStr for ForgeKind {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL.into_iter().find(|forge| forge.id() == text).ok_or_else(|| InvalidName {
            text: text.to_owned(),
            kind: mark("a forge"),
            expected: mark("github, gitlab or forgejo"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forge_has_one_id() {
        for forge in ForgeKind::ALL {
            assert_eq!(serde_json::to_value(forge).unwrap(), forge.id());
            assert_eq!(forge.to_string().parse(), Ok(forge));
        }
        assert!("bitbucket".parse::<ForgeKind>().is_err());
    }
}
