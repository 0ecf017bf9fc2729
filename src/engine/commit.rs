//! Committing some files, exactly as they are in the checkout, and pushing what is committed.
//!
//! git does both, with the person's hooks, signing and identity. What is in the index of other files stays there, and a
//! commit that comes to nothing leaves the index as it was, byte for byte.

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::execute::Untrusted;
use super::review::Review;
use super::standing::{Standing, remote};
use crate::host::command::RunError;
use crate::host::fs::plain;
use crate::host::git::{Git, GitError, Head, Operation};

/// What is to be committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// The files, below the repository's top. One that is as the last commit has it is passed over.
    pub paths: Vec<PathBuf>,
    /// The message. Every line of it is kept, also one that begins with git's comment character.
    pub message: String,
    /// Also commits a manifest that cannot be read.
    pub force: bool,
    /// Also commits what looks like a secret.
    pub secrets: bool,
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Committed {
    /// Its full hash.
    pub hash: String,
    /// The files in it.
    #[serde(serialize_with = "all_lossy")]
    #[schemars(with = "Vec<String>")]
    pub files: Vec<PathBuf>,
    /// Those of them that a hook added: nobody asked for them.
    #[serde(serialize_with = "all_lossy")]
    #[schemars(with = "Vec<String>")]
    pub added_by_hook: Vec<PathBuf>,
    /// Whether it is on no branch, and so is lost sight of when another is checked out.
    pub detached: bool,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pushed {
    /// The remote's name.
    pub remote: String,
    /// Its branch.
    pub branch: String,
    /// Whether the branch followed nothing before, and follows this from now on.
    pub new: bool,
}

/// Why nothing was committed or pushed.
#[derive(Debug, Error)]
pub enum CommitError {
    /// The message has no text.
    #[error("the message is empty")]
    NoMessage,
    /// All of it is as the last commit has it.
    #[error("there is nothing to commit")]
    Nothing,
    /// Something is begun and not ended.
    #[error("{operation:?} is going on in this repository")]
    Operation {
        /// What it is.
        operation: Operation,
    },
    /// A merge left a file to be decided, or it cannot be read.
    #[error("“{}” cannot be committed as it is", path.display())]
    Undecided {
        /// The file.
        path: PathBuf,
    },
    /// A manifest cannot be read.
    #[error("{why}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the file.
        why: String,
    },
    /// Something looks like a secret.
    #[error("this looks like a secret: {}", paths.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>().join(", "))]
    Secret {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A hook of the repository said no.
    #[error("the hook {name} refused: {said}")]
    Hook {
        /// Which: "pre-commit".
        name: String,
        /// The end of what it said.
        said: String,
    },
    /// A file that git needs for it could not be written.
    #[error("“{}” could not be written: {}", path.display(), plain(source))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No branch is checked out, so that there is nothing to push to.
    #[error("no branch is checked out")]
    Detached,
    /// There is no commit yet.
    #[error("there is no commit yet")]
    NoCommit,
    /// There is no remote, or there are several and none is the branch's.
    #[error("it is not known where to push to")]
    NoRemote,
    /// git did not do it.
    #[error(transparent)]
    Git(#[from] GitError),
}

fn all_lossy<S: Serializer>(paths: &[PathBuf], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

impl Engine {
    /// Commits files exactly as they are in the checkout, and nothing else. `line` hears what git and the hooks say.
    ///
    /// Other writers wait meanwhile. Where it fails, the index is as it was.
    pub fn commit(
        &self,
        commit: &Commit,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> anyhow::Result<Committed> {
        if !self.repo().trusted {
            return Err(Untrusted { path: self.repo().root.clone() }.into());
        }
        if commit.message.trim().is_empty() {
            return Err(CommitError::NoMessage.into());
        }
        let _lock = self.lock("bkt repo commit")?;
        let review = self.review()?;
        let paths = allowed(&review, commit)?;
        let git = self.git();
        let staged: Vec<PathBuf> =
            files(&review).filter(|f| f.staged).map(|f| f.path.clone()).collect();
        let scratch = Scratch::new(&git, commit, &paths)?;
        let mut index = Index::keep(&git)?;
        let new: Vec<&PathBuf> = files(&review)
            .filter(|file| file.untracked && paths.contains(&file.path))
            .map(|file| &file.path)
            .collect();
        let made = match index.intend(&git, &scratch, &new) {
            Ok(()) => scratch.commit(&git, line, cancel),
            Err(error) => Err(error),
        };
        if let Err(error) = made {
            index.restore(&git, &scratch, &new);
            return Err(error.into());
        }
        let hash = git.commit("HEAD")?.ok_or(CommitError::NoCommit)?;
        let names = git.bytes([
            "diff-tree",
            "--no-commit-id",
            "--name-only",
            "-r",
            "-z",
            "--root",
            "HEAD",
        ])?;
        let files = split(&names);
        let added_by_hook: Vec<PathBuf> =
            files.iter().filter(|file| !paths.contains(file)).cloned().collect();
        settle(&git, &scratch, &files, &|file| paths.contains(file) || !staged.contains(file))?;
        let detached = matches!(review.checkout.head, Head::Detached(_));
        Ok(Committed { hash, files, added_by_hook, detached })
    }

    /// Where [`Self::push`] pushes the branch that is checked out: to the one it follows, or, where it follows none, to
    /// one of the same name, which it follows from then on.
    pub fn push_target(&self) -> anyhow::Result<Pushed> {
        Ok(self.refs()?.0)
    }

    /// Pushes the branch that is checked out. `line` hears what git says.
    pub fn push(
        &self,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> anyhow::Result<Pushed> {
        if !self.repo().trusted {
            return Err(Untrusted { path: self.repo().root.clone() }.into());
        }
        let (target, refs) = self.refs()?;
        let upstream: &[&str] = if target.new { &["--set-upstream"] } else { &[] };
        let args = ["push"].into_iter().chain(upstream.iter().copied());
        self.git().run_long(args.chain(["--", &target.remote, &refs]), line, cancel)?;
        Ok(target)
    }

    /// Where the branch is pushed to, and that as git takes it.
    fn refs(&self) -> anyhow::Result<(Pushed, String)> {
        let git = self.git();
        let head = match self.standing()? {
            Standing::Checkout(checkout) => checkout.head,
            // Says what is missing.
            Standing::NotGit | Standing::NoProgram => git.state()?.head,
        };
        let local = match head {
            Head::Branch(branch) => branch,
            Head::Unborn(_) => return Err(CommitError::NoCommit.into()),
            Head::Detached(_) => return Err(CommitError::Detached.into()),
        };
        let merge = git.ask(["config", "--get", &format!("branch.{local}.merge")])?;
        let own = git.ask(["config", "--get", &format!("branch.{local}.pushRemote")])?;
        let own = match own {
            Some(own) => Some(own),
            None => git.ask(["config", "--get", "remote.pushDefault"])?,
        };
        // Whoever pulls from one remote and pushes to another has branches of the same name there.
        let (remote, branch, new) = match own {
            Some(own) => (own, local.clone(), false),
            None => {
                let remote = remote(&git, Some(&local))?.ok_or(CommitError::NoRemote)?.name;
                let branch = merge.as_deref().map(|name| name.trim_start_matches("refs/heads/"));
                (remote, branch.unwrap_or(&local).to_owned(), merge.is_none())
            }
        };
        let refs = format!("refs/heads/{local}:refs/heads/{branch}");
        Ok((Pushed { remote, branch, new }, refs))
    }
}

fn files(review: &Review) -> impl Iterator<Item = &crate::host::git::FileState> {
    review.checkout.ours.iter().chain(&review.checkout.others)
}

/// The files to commit, where nothing stands against it.
fn allowed(review: &Review, commit: &Commit) -> Result<Vec<PathBuf>, CommitError> {
    if let Some(operation) = review.checkout.operation {
        return Err(CommitError::Operation { operation });
    }
    let chosen: Vec<_> =
        review.files.iter().filter(|file| commit.paths.contains(&file.path)).collect();
    if chosen.is_empty() {
        return Err(CommitError::Nothing);
    }
    if let Some(file) = chosen.iter().find(|file| !file.can_commit()) {
        return Err(CommitError::Undecided { path: file.path.clone() });
    }
    let broken = chosen.iter().find_map(|file| Some((file, file.error.clone()?)));
    if let (Some((file, why)), false) = (broken, commit.force) {
        return Err(CommitError::Broken { path: file.path.clone(), why });
    }
    let secret = chosen.iter().filter(|file| file.secret);
    let secret: Vec<PathBuf> = secret.map(|file| file.path.clone()).collect();
    if !secret.is_empty() && !commit.secrets {
        return Err(CommitError::Secret { paths: secret });
    }
    Ok(chosen.into_iter().map(|file| file.path.clone()).collect())
}

/// What git reads and writes beside the repository for one commit.
struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    fn new(git: &Git<'_>, commit: &Commit, paths: &[PathBuf]) -> Result<Self, CommitError> {
        // Below the same directory as the files of commits.
        let dir = git.temporary()?;
        let scratch = Self { dir };
        scratch.write("message", commit.message.as_bytes())?;
        scratch.write("paths", &joined(paths))?;
        Ok(scratch)
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_string_lossy().into_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CommitError> {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).map_err(|source| CommitError::File { path, source })
    }

    /// Runs git on a list of paths, whatever is in their names.
    fn run(&self, git: &Git<'_>, args: &[&str], paths: &[&PathBuf]) -> Result<(), CommitError> {
        self.write("list", &joined(paths))?;
        let list = format!("--pathspec-from-file={}", self.path("list"));
        let args = args.iter().copied().chain([list.as_str(), "--pathspec-file-nul"]);
        let command = git.command(args).env("GIT_LITERAL_PATHSPECS", "1");
        let done = git.carry_out(&command, &mut |_| (), &CancellationToken::new());
        Ok(done.map(drop).map_err(GitError::from)?)
    }

    fn commit(
        &self,
        git: &Git<'_>,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<(), CommitError> {
        let message = format!("--file={}", self.path("message"));
        let paths = format!("--pathspec-from-file={}", self.path("paths"));
        // A name made up of the machine's is none to be published; and no line of the message is a comment.
        let args = [
            "-c",
            "user.useConfigOnly=true",
            "commit",
            "--quiet",
            "--only",
            "--cleanup=whitespace",
        ];
        let command = git
            .command(args.into_iter().chain([&*message, &*paths, "--pathspec-file-nul"]))
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_TRACE2_EVENT", self.path("trace"));
        match git.carry_out(&command, line, cancel) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.why(error)),
        }
    }

    /// Which of the programs that git started said no.
    fn why(&self, error: RunError) -> CommitError {
        let RunError::Failed { tail, .. } = &error else { return GitError::from(error).into() };
        let said = GitError::said(tail);
        let trace = fs::read_to_string(self.dir.path().join("trace")).unwrap_or_default();
        match failed_child(&trace) {
            Some(Child::Hook(name)) => CommitError::Hook { name, said },
            Some(Child::Signing) => GitError::Signing { said }.into(),
            None => GitError::from(error).into(),
        }
    }
}

/// A program that git started, and that failed.
#[derive(Debug, PartialEq, Eq)]
enum Child {
    /// A hook, by its name.
    Hook(String),
    /// What signs.
    Signing,
}

/// The last program that failed under git itself, of git's own account of a run, whose format is documented in
/// `api-trace2`. What programs below it ran is no concern of ours.
fn failed_child(trace: &str) -> Option<Child> {
    let events: Vec<Json> =
        trace.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let own = |event: &&Json| event["sid"].as_str().is_some_and(|sid| !sid.contains('/'));
    let failed = events.iter().filter(own).rev().find(|event| {
        event["event"] == "child_exit" && event["code"].as_i64().is_some_and(|code| code != 0)
    })?;
    let started = events
        .iter()
        .filter(own)
        .find(|event| event["event"] == "child_start" && event["child_id"] == failed["child_id"])?;
    if let Some(hook) = started["hook_name"].as_str() {
        return Some(Child::Hook(hook.to_owned()));
    }
    let signs = |word: &Json| word == "--status-fd=2" || word == "-bsau" || word == "sign";
    started["argv"].as_array()?.iter().any(signs).then_some(Child::Signing)
}

/// The index, as it was before.
struct Index {
    path: PathBuf,
    before: Option<Vec<u8>>,
    /// What it was when we had added to it; `None` where we have not.
    ours: Option<Vec<u8>>,
}

impl Index {
    fn keep(git: &Git<'_>) -> Result<Self, CommitError> {
        let path = git.dir()?.join("index");
        let before = read(&path)?;
        Ok(Self { path, before, ours: None })
    }

    /// Tells git of new files, of which it then knows no more than their names.
    fn intend(
        &mut self,
        git: &Git<'_>,
        scratch: &Scratch,
        new: &[&PathBuf],
    ) -> Result<(), CommitError> {
        if new.is_empty() {
            return Ok(());
        }
        // Whoever names an ignored file means it, and one outside of a sparse checkout too.
        let done = scratch.run(git, &["add", "--intent-to-add", "--force", "--sparse"], new);
        self.ours = read(&self.path)?;
        done
    }

    /// Makes the index what it was. Where somebody else has changed it meanwhile, only our own additions go.
    fn restore(&self, git: &Git<'_>, scratch: &Scratch, new: &[&PathBuf]) {
        let Some(ours) = &self.ours else { return };
        if let Err(error) = self.put_back(ours)
            && let Err(again) =
                scratch.run(git, &["rm", "--cached", "--force", "--quiet", "--ignore-unmatch"], new)
        {
            // Why nothing was committed matters more.
            tracing::warn!("{error}; {again}");
        }
    }

    /// As git itself writes it: beside its place, under the name that keeps others out.
    fn put_back(&self, ours: &[u8]) -> io::Result<()> {
        let lock = self.path.with_extension("lock");
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&lock)?;
        let put = |file: &mut fs::File| {
            if fs::read(&self.path)? != ours {
                return Err(io::Error::other("the index was changed meanwhile"));
            }
            match &self.before {
                Some(before) => {
                    file.write_all(before)?;
                    fs::rename(&lock, &self.path)
                }
                None => fs::remove_file(&self.path).and_then(|()| fs::remove_file(&lock)),
            }
        };
        put(&mut file).inspect_err(|_| {
            // It is ours, and what went wrong is said.
            let _ = fs::remove_file(&lock);
        })
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, CommitError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CommitError::File { path: path.to_owned(), source }),
    }
}

/// A hook may have committed something else than the checkout had: then the index has what was there before it, which
/// would look like a change that somebody made.
fn settle(
    git: &Git<'_>,
    scratch: &Scratch,
    committed: &[PathBuf],
    mine: &dyn Fn(&PathBuf) -> bool,
) -> Result<(), CommitError> {
    let differs = split(&git.bytes(["diff-index", "--cached", "--name-only", "-z", "HEAD"])?);
    let stale: Vec<&PathBuf> =
        differs.iter().filter(|file| committed.contains(file) && mine(file)).collect();
    match stale.is_empty() {
        true => Ok(()),
        false => scratch.run(git, &["reset", "--quiet"], &stale),
    }
}

fn joined<P: AsRef<Path>>(paths: &[P]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.as_ref().as_os_str().as_bytes());
        bytes.push(0);
    }
    bytes
}

fn split(names: &[u8]) -> Vec<PathBuf> {
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| PathBuf::from(std::ffi::OsStr::from_bytes(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_that_failed_is_found_in_gits_own_account() {
        let trace = r#"{"event":"child_start","sid":"1","child_id":0,"child_class":"hook","hook_name":"pre-commit","argv":[".git/hooks/pre-commit"]}
{"event":"child_start","sid":"1/2","child_id":0,"argv":["git","x"]}
{"event":"child_exit","sid":"1/2","child_id":0,"code":3}
{"event":"child_exit","sid":"1","child_id":0,"code":1}
half a li"#;
        assert_eq!(failed_child(trace), Some(Child::Hook("pre-commit".to_owned())));
        let trace = trace.replace("\"code\":1", "\"code\":0");
        assert_eq!(failed_child(&trace), None);
    }
}
