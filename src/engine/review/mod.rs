//! What is not committed in the repository: what it means first, and then the files it is in.
//!
//! The last commit's files are laid beside the checkout, and both are read as manifests. What differs is told item by
//! item; a file of which nothing differs but its text has no meaning that we know.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::standing::{Checkout, Standing};
use super::{Engine, explain};
use crate::core::plan::Change;
use crate::host::git::{FileState, GitError, Head, lossy};

mod file;
mod meaning;
mod message;

use meaning::Meaning;

/// What is not committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Review {
    /// How the repository stands.
    pub checkout: Checkout,
    /// What changed, by item and layer, in the order of subsystems.
    pub changes: Vec<Reviewed>,
    /// Every file that is not as the last commit has it, in the order of their paths.
    pub files: Vec<FileReview>,
    /// What could not be read and is in none of these files: then some changes may be missing.
    pub problems: Vec<String>,
    /// A message for the commit of [`Review::default_paths`]: a subject, and a line for each change.
    pub message: String,
}

/// A change and the files it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reviewed {
    /// The change in one line, for people and for the message.
    pub line: String,
    /// The files it is in, below the repository's top. Empty where git has been told to ignore them.
    #[serde(serialize_with = "all_lossy")]
    #[schemars(with = "Vec<String>")]
    pub files: Vec<PathBuf>,
    /// The change itself.
    pub change: Change,
}

/// A file that is not as the last commit has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileReview {
    /// Its path below the repository's top.
    #[serde(serialize_with = "lossy")]
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// Whether Bucket reads or writes it: see [`super::standing::is_ours`].
    pub ours: bool,
    /// What became of it.
    #[serde(flatten)]
    pub happened: Happened,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
    /// Its permissions before and now, as git writes them (`100755`), where they differ.
    pub modes: Option<(String, String)>,
    /// Whether the ends of its lines changed as a whole; the difference leaves that out.
    pub line_endings: bool,
    /// How many of [`Review::changes`] are in it. None for one that changed in its text alone.
    pub changes: usize,
    /// Why it cannot be read as what it is: then it is not committed unless it is forced.
    pub error: Option<String>,
    /// Why the last commit's could not be read: then what changed cannot be told item by item.
    pub error_before: Option<String>,
    /// Whether a part of it is in the index, and another part is not: both are committed.
    pub partly_staged: bool,
    /// Whether what is new in it looks like a secret.
    pub secret: bool,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "happened", content = "other")]
pub enum Happened {
    /// The last commit does not have it.
    New,
    /// It is another, or has other permissions.
    Changed,
    /// It is gone.
    Deleted,
    /// It is new, and what the file of this name was.
    RenamedFrom(String),
    /// It is gone, and is now the file of this name.
    RenamedTo(String),
    /// A merge left it to be decided.
    Unmerged,
}

/// What a file says, and said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "content")]
pub enum Content {
    /// Text.
    Text {
        /// The difference, as `diff -u` writes it; empty where the text is the same.
        diff: String,
        /// What the last commit has.
        #[serde(skip)]
        before: Option<String>,
        /// What the checkout has.
        #[serde(skip)]
        after: Option<String>,
    },
    /// A link, on at least one side: where it leads, as it is written.
    Link {
        /// Where it led.
        before: Option<String>,
        /// Where it leads.
        after: Option<String>,
    },
    /// No text.
    Binary,
    /// Text, but not in UTF-8.
    NotUtf8,
    /// Text that is too long to be compared.
    TooLarge,
    /// A directory with a repository of its own.
    Repository,
    /// It could not be read.
    Unreadable {
        /// Why not.
        why: String,
    },
}

impl FileReview {
    /// Whether it is committed where nothing else is said: it is ours, can be read, and waits for no decision.
    pub fn by_default(&self) -> bool {
        self.ours && self.can_commit() && self.error.is_none()
    }

    /// Whether it can be committed at all.
    pub fn can_commit(&self) -> bool {
        self.happened != Happened::Unmerged && !matches!(self.content, Content::Unreadable { .. })
    }
}

impl Review {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// One file.
    pub fn file(&self, path: &Path) -> Option<&FileReview> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files that are committed where nothing else is said.
    pub fn default_paths(&self) -> Vec<PathBuf> {
        let ours = self.files.iter().filter(|file| file.by_default());
        ours.map(|file| file.path.clone()).collect()
    }

    /// The changes that come with a commit of `paths`: those that are in any of them.
    pub fn changes_in<'a>(&'a self, paths: &'a [PathBuf]) -> impl Iterator<Item = &'a Reviewed> {
        let among = |one: &&Reviewed| one.files.iter().any(|file| paths.contains(file));
        self.changes.iter().filter(among)
    }

    /// A message for a commit of `paths`: a subject of at most 72 columns, and a line for each change.
    pub fn message_for(&self, paths: &[PathBuf]) -> String {
        message::of(self, paths)
    }
}

impl Engine {
    /// What is not committed. Starts git, uses no network, and changes nothing.
    pub fn review(&self) -> anyhow::Result<Review> {
        let git = self.git();
        let checkout = match self.standing()? {
            Standing::Checkout(checkout) => *checkout,
            // git says itself that it is not installed.
            Standing::NoProgram => {
                return Err(git.dir().map_or_else(Into::into, Self::no_checkout));
            }
            Standing::NotGit => return Err(Self::no_checkout(self.repo().root.clone())),
        };
        let tree = match checkout.head {
            Head::Unborn(_) => git.no_tree()?,
            Head::Branch(_) | Head::Detached(_) => git.tree("HEAD")?,
        };
        let (old, new) = (self.manifests_of(&tree), self.manifests());
        let states = states(&checkout);
        let ours: Vec<&Path> = states.iter().map(|state| &*state.path).collect();
        let Meaning { changes, broken, broken_before, problems } =
            meaning::read(self, &old, &new, &tree.root(), &ours)?;
        let mut files: Vec<FileReview> = states
            .iter()
            .map(|state| file::review(state, &tree.root(), &self.repo().root))
            .collect();
        file::renames(&mut files, &tree.root(), &self.repo().root);
        for file in &mut files {
            let here = changes.iter().filter(|one| one.files.contains(&file.path));
            file.changes = here.clone().count();
            file.secret |=
                here.clone().any(|one| super::select::secret_field(&one.change).is_some());
            file.error = error_of(&broken, &file.path);
            file.error_before = error_of(&broken_before, &file.path);
        }
        let elsewhere = |path: &Path| !files.iter().any(|file| file.path == path);
        let others = broken.iter().chain(&broken_before).filter(|(path, _)| elsewhere(path));
        let others = others.map(|(_, why)| why.clone());
        let mut problems: Vec<String> = problems.into_iter().chain(others).collect();
        problems.dedup();
        let mut review = Review { checkout, changes, files, problems, message: String::new() };
        review.message = review.message_for(&review.default_paths());
        Ok(review)
    }

    fn no_checkout(path: PathBuf) -> anyhow::Error {
        let said = "there is no .git in it".to_owned();
        GitError::NotOne { path, said }.into()
    }
}

/// Every file once: one that was taken out of the index and is still there comes twice.
fn states(checkout: &Checkout) -> Vec<FileState> {
    let mut states: BTreeMap<&Path, FileState> = BTreeMap::new();
    for state in checkout.ours.iter().chain(&checkout.others) {
        match states.entry(&state.path) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.deleted &= state.deleted;
                known.untracked = false;
                known.unstaged = true;
            }
            Entry::Vacant(new) => {
                new.insert(state.clone());
            }
        }
    }
    states.into_values().collect()
}

fn error_of(broken: &[(PathBuf, String)], path: &Path) -> Option<String> {
    broken.iter().find(|(broken, _)| broken == path).map(|(_, why)| why.clone())
}

/// An error in one line, for people.
fn told(error: &anyhow::Error) -> String {
    explain::explain(error).message
}

fn all_lossy<S: Serializer>(paths: &[PathBuf], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

#[cfg(test)]
mod tests;
