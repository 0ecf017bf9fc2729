//! Why git did not do what it was asked, told apart by what it says in its own language, English.

use std::path::PathBuf;

use thiserror::Error;

use crate::host::command::RunError;

/// Why git did not do what it was asked.
#[derive(Debug, Error)]
pub enum GitError {
    /// git does not know who the person is.
    #[error("git does not know who you are")]
    Identity,
    /// A commit was to be signed, and was not.
    #[error("the commit could not be signed: {said}")]
    Signing {
        /// What git said.
        said: String,
    },
    /// The remote wants a password, or a key that it knows.
    #[error("the remote did not let us in: {said}")]
    Credentials {
        /// What git said.
        said: String,
    },
    /// The remote did not answer.
    #[error("the remote could not be reached: {said}")]
    Unreachable {
        /// What git said.
        said: String,
    },
    /// The remote has commits that are not here, or takes none of this kind.
    #[error("the remote refused: {said}")]
    Refused {
        /// What git said.
        said: String,
    },
    /// Another git is at work here.
    #[error("another git is at work in this repository: {said}")]
    Busy {
        /// What git said.
        said: String,
    },
    /// The directory is no git repository, or one that git will not touch.
    #[error("“{}” is not a git repository that can be used: {said}", path.display())]
    NotOne {
        /// The directory.
        path: PathBuf,
        /// What git said.
        said: String,
    },
    /// What git answered does not have the shape that is documented.
    #[error("git answered what could not be read: {said}")]
    Odd {
        /// The answer.
        said: String,
    },
    /// A directory for a commit's files could not be made.
    #[error("a directory could not be made in “{}”", path.display())]
    Directory {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Anything else.
    #[error(transparent)]
    Run(RunError),
}

/// What git says, and what that means; the first that is found wins.
const SAYS: [(&str, Kind); 31] = [
    ("Please tell me who you are", Kind::Identity),
    ("empty ident name", Kind::Identity),
    ("unable to auto-detect email address", Kind::Identity),
    ("no email was given and auto-detection is disabled", Kind::Identity),
    ("failed to sign the data", Kind::Signing),
    ("Couldn't load public key", Kind::Signing),
    ("user.signingkey needs to be set", Kind::Signing),
    ("Terminal is dumb", Kind::Signing),
    ("terminal prompts disabled", Kind::Credentials),
    ("could not read Username", Kind::Credentials),
    ("could not read Password", Kind::Credentials),
    ("Authentication failed", Kind::Credentials),
    ("Permission denied (", Kind::Credentials),
    ("Host key verification failed", Kind::Credentials),
    ("The requested URL returned error: 403", Kind::Credentials),
    ("The requested URL returned error: 401", Kind::Credentials),
    ("Could not resolve host", Kind::Unreachable),
    ("Connection refused", Kind::Unreachable),
    ("Connection timed out", Kind::Unreachable),
    ("Operation too slow", Kind::Unreachable),
    ("Network is unreachable", Kind::Unreachable),
    ("does not appear to be a git repository", Kind::Unreachable),
    ("Could not read from remote repository", Kind::Unreachable),
    ("unable to access", Kind::Unreachable),
    ("fatal: repository '", Kind::Unreachable),
    ("[rejected]", Kind::Refused),
    ("[remote rejected]", Kind::Refused),
    (".lock': File exists", Kind::Busy),
    ("not a git repository", Kind::NotOne),
    ("dubious ownership", Kind::NotOne),
    ("must be run in a work tree", Kind::NotOne),
];

/// How lines begin that say what one could do about anything.
const ADVICE: [&str; 3] =
    ["hint:", "Please make sure you have the correct access rights", "and the repository exists."];

#[derive(Clone, Copy)]
enum Kind {
    Identity,
    Signing,
    Credentials,
    Unreachable,
    Refused,
    Busy,
    NotOne,
}

impl From<RunError> for GitError {
    fn from(error: RunError) -> Self {
        let RunError::Failed { tail, .. } = &error else { return Self::Run(error) };
        let Some((_, kind)) = SAYS.iter().find(|(says, _)| tail.contains(says)) else {
            return Self::Run(error);
        };
        let said = Self::said(tail);
        match kind {
            Kind::Identity => Self::Identity,
            Kind::Signing => Self::Signing { said },
            Kind::Credentials => Self::Credentials { said },
            Kind::Unreachable => Self::Unreachable { said },
            Kind::Refused => Self::Refused { said },
            Kind::Busy => Self::Busy { said },
            Kind::NotOne => Self::NotOne { path: PathBuf::from(dir_of(&error)), said },
        }
    }
}

impl GitError {
    /// The lines that say what is wrong, without git's advice.
    pub fn said(tail: &str) -> String {
        let lines = tail.lines().map(str::trim);
        let said = lines.filter(|line| {
            !line.is_empty() && !ADVICE.iter().any(|advice| line.starts_with(advice))
        });
        said.collect::<Vec<_>>().join(" · ")
    }
}

/// The directory that the command names after `-C`.
fn dir_of(error: &RunError) -> String {
    let RunError::Failed { command, .. } = error else { return String::new() };
    let rest = command.split_once("-C ").map_or("", |(_, rest)| rest);
    rest.split(" -c ").next().unwrap_or_default().trim_matches('\'').to_owned()
}
