//! The trees of a pull: what is here, what upstream has, and both together.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Choice, Conflict, PullError};
use crate::engine::Engine;
use crate::host::git::{Blob, Git, GitError, Scratch, Unmerged};
use crate::manifest::Sheet;
use crate::manifest::merge::{self, Pick};
use crate::words::gettext;

/// The checkout as it is, in git's object store.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// The tree of all files that git knows or that upstream brings.
    pub(super) work: String,
    /// The tree of the index.
    pub(super) index: String,
}

/// The local commits, on top of upstream.
pub(super) struct Replayed {
    pub(super) tip: String,
    pub(super) replayed: usize,
    pub(super) dropped: usize,
}

/// What is left to decide.
pub(super) struct Open {
    pub(super) conflicts: Vec<Conflict>,
    pub(super) files: Vec<PathBuf>,
}

/// Merges of trees in one pull: a decision counts for all of them.
pub(super) struct Join<'a> {
    engine: &'a Engine,
    git: &'a Git<'a>,
    decide: &'a mut dyn FnMut(&Conflict) -> Option<Choice>,
    decided: Vec<(merge::Conflict, Option<Pick>)>,
    files: Vec<PathBuf>,
    /// Nobody is asked now.
    silent: bool,
}

/// How a file that both sides changed is settled.
enum Settled {
    Text(String, String),
    Gone,
    /// A person has to.
    Open,
}

impl<'a> Join<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        git: &'a Git<'a>,
        decide: &'a mut dyn FnMut(&Conflict) -> Option<Choice>,
    ) -> Self {
        Self { engine, git, decide, decided: Vec::new(), files: Vec::new(), silent: false }
    }

    /// What nobody decided, each thing once.
    pub(super) fn open(self) -> Open {
        let open = self.decided.into_iter().filter(|(_, pick)| pick.is_none());
        let mut conflicts: Vec<Conflict> = Vec::new();
        for conflict in open.map(|(conflict, _)| Conflict::from(conflict)) {
            if !conflicts.iter().any(|known| known.place == conflict.place) {
                conflicts.push(conflict);
            }
        }
        let mut files = self.files;
        files.sort();
        files.dedup();
        Open { conflicts, files }
    }

    /// The checkout as it is. A file that git does not know belongs to it where upstream brings one of its name.
    pub(super) fn snapshot(&self, head: &str, theirs: &str) -> anyhow::Result<Snapshot> {
        let scratch = self.git.scratch()?;
        scratch.copy_own()?;
        let index = scratch.tree()?;
        scratch.run(["add", "--update"])?;
        for changed in self.git.changed(head, theirs)? {
            let path = Path::new(&changed.path);
            if let Some(obstacle) = obstacle(self.git.root(), path) {
                return Err(PullError::InTheWay(obstacle).into());
            }
            if changed.old.is_none() && self.git.root().join(path).symlink_metadata().is_ok() {
                scratch.run(["--literal-pathspecs", "add", "--force", "--", &changed.path])?;
            }
        }
        Ok(Snapshot { work: scratch.tree()?, index })
    }

    /// Puts the commits that only we have on top of `theirs`, each with its author and message. A branch with merges of
    /// its own is merged as a whole.
    pub(super) fn replay(
        &mut self,
        base: &str,
        head: &str,
        theirs: &str,
        upstream: &str,
    ) -> anyhow::Result<Replayed> {
        let range = format!("{theirs}..{head}");
        if !self.git.run(["rev-list", "--merges", &range])?.is_empty() {
            let tree = self.trees(base, theirs, head)?;
            let message = format!("Merge {upstream}\n");
            let tip = commit(self.git, &tree, &[head, theirs], &message, &[])?;
            return Ok(Replayed { tip, replayed: 0, dropped: 0 });
        }
        let commits = self.git.run(["rev-list", "--reverse", "--topo-order", &range])?;
        let mut replayed = Replayed { tip: theirs.to_owned(), replayed: 0, dropped: 0 };
        for one in commits.lines() {
            let tree = self.trees(&format!("{one}^"), &replayed.tip, one)?;
            if tree == tree_of(self.git, &replayed.tip)?
                && tree_of(self.git, one)? != tree_of(self.git, &format!("{one}^"))?
            {
                replayed.dropped += 1;
                continue;
            }
            replayed.tip = self.again(one, &tree, &replayed.tip)?;
            replayed.replayed += 1;
        }
        Ok(replayed)
    }

    /// A commit anew, with another tree and another parent.
    fn again(&self, old: &str, tree: &str, parent: &str) -> anyhow::Result<String> {
        let said = |format: &str| {
            let format = format!("--format={format}");
            self.git.bytes([
                "-c",
                "i18n.logOutputEncoding=UTF-8",
                "log",
                "-1",
                "--date=raw",
                &format,
                old,
            ])
        };
        let line = |format: &str| -> Result<String, GitError> {
            Ok(String::from_utf8_lossy(&said(format)?).trim_end_matches('\n').to_owned())
        };
        let author = [
            ("GIT_AUTHOR_NAME", line("%an")?),
            ("GIT_AUTHOR_EMAIL", line("%ae")?),
            ("GIT_AUTHOR_DATE", line("%ad")?),
        ];
        let message = line("%B")?;
        Ok(commit(self.git, tree, &[parent], &format!("{message}\n"), &author)?)
    }

    /// The uncommitted edits on top of `tip`.
    pub(super) fn edits(
        &mut self,
        head: &str,
        tip: &str,
        snapshot: &Snapshot,
    ) -> anyhow::Result<Snapshot> {
        let work = self.trees(head, tip, &snapshot.work)?;
        let clean = tree_of(self.git, tip)?;
        // What was staged stays so where that needs no further decision.
        let index = match &snapshot.index {
            index if *index == tree_of(self.git, head)? => clean,
            index if *index == snapshot.work => work.clone(),
            index => {
                let (decided, files) = (self.decided.len(), self.files.len());
                self.silent = true;
                let merged = self.trees(head, tip, index)?;
                self.silent = false;
                let open = self.decided.iter().skip(decided).any(|(_, pick)| pick.is_none());
                let open = open || self.files.len() > files;
                self.files.truncate(files);
                self.decided.truncate(decided);
                if open { clean } else { merged }
            }
        };
        Ok(Snapshot { work, index })
    }

    /// The tree that has the changes of both; what is open is as ours has it.
    fn trees(&mut self, base: &str, ours: &str, theirs: &str) -> anyhow::Result<String> {
        let git = self.git;
        let scratch = git.scratch()?;
        let mut sections = false;
        for file in scratch.merge(base, ours, theirs)? {
            let Some(path) = file.path.to_str() else {
                self.files.push(file.path);
                // Its name cannot be given to git here; the tree is not used.
                return Ok(tree_of(git, ours)?);
            };
            match self.settle(path, &file)? {
                Settled::Text(mode, text) => scratch.put(path, &mode, text.as_bytes())?,
                Settled::Gone => scratch.remove(path)?,
                Settled::Open => {
                    self.files.push(file.path.clone());
                    match &file.ours {
                        Some(blob) => {
                            let entry = format!("{},{},{path}", blob.mode, blob.id);
                            scratch.run(["update-index", "--add", "--cacheinfo", &entry])?;
                        }
                        None => scratch.remove(path)?,
                    }
                }
            }
            sections |= is_manifest(path) || is_containerfile(path);
        }
        let tree = scratch.tree()?;
        match sections {
            true => self.with_sections(&scratch, &tree),
            false => Ok(tree),
        }
    }

    /// The tree with the sections of its Containerfiles made anew from its manifests. Where one cannot be read, the
    /// sections stay as they are: whoever reads it next says what is wrong.
    fn with_sections(&self, scratch: &Scratch<'_, '_>, tree: &str) -> anyhow::Result<String> {
        let laid = self.git.tree(tree)?;
        for (file, text) in self.engine.containerfiles_of(&self.engine.manifests_of(&laid)) {
            let line = scratch.run(["ls-files", "--stage", "--", file])?;
            let mode = line.split(' ').next().unwrap_or("100644");
            scratch.put(file, mode, text.as_bytes())?;
        }
        Ok(scratch.tree()?)
    }

    fn settle(&mut self, path: &str, file: &Unmerged) -> anyhow::Result<Settled> {
        let blobs = [&file.base, &file.ours, &file.theirs];
        if blobs.into_iter().flatten().any(|blob| !blob.is_file()) {
            return Ok(Settled::Open);
        }
        let text = |blob: &Option<Blob>| -> Result<Option<Result<String, ()>>, GitError> {
            let Some(blob) = blob else { return Ok(None) };
            Ok(Some(String::from_utf8(self.git.blob(&blob.id)?).map_err(drop)))
        };
        let (base, ours, theirs) = (text(&file.base)?, text(&file.ours)?, text(&file.theirs)?);
        let (Ok(base), Ok(ours), Ok(theirs)) =
            (base.transpose(), ours.transpose(), theirs.transpose())
        else {
            return Ok(Settled::Open);
        };
        let mode = |blob: &Option<Blob>| blob.as_ref().map(|blob| blob.mode.clone());
        // Where upstream did not touch the mode, ours is the one that changed it.
        let mode = match mode(&file.base) == mode(&file.ours) {
            true => mode(&file.theirs).or(mode(&file.ours)),
            false => mode(&file.ours).or(mode(&file.theirs)),
        };
        let mode = mode.unwrap_or_else(|| "100644".to_owned());
        if is_json(path) {
            let (decide, decided) = (&mut *self.decide, &mut self.decided);
            let silent = self.silent;
            let mut ask = |conflict: &merge::Conflict| {
                let same = |known: &merge::Conflict| {
                    known.place == conflict.place
                        && known.ours == conflict.ours
                        && known.theirs == conflict.theirs
                };
                if let Some((_, pick)) = decided.iter().find(|(known, _)| same(known)) {
                    return *pick;
                }
                let choice = match silent {
                    true => None,
                    false => decide(&Conflict::from(conflict.clone())),
                };
                let pick = choice.map(|choice| match choice {
                    Choice::Mine => Pick::Theirs,
                    Choice::Theirs => Pick::Ours,
                });
                decided.push((conflict.clone(), pick));
                pick
            };
            let (b, o, t) = (base.as_deref(), ours.as_deref(), theirs.as_deref());
            let merged = merge::merge(path, b, o, t, &mut ask).with_context(|| {
                let broken = |text: Option<&str>| {
                    text.is_some_and(|text| Sheet::parse(Path::new(path), text).is_err())
                };
                match (broken(o), broken(t)) {
                    (true, _) => gettext("what upstream has cannot be merged"),
                    (_, true) => gettext("what is here cannot be merged"),
                    _ => gettext("what both sides began with cannot be merged"),
                }
            })?;
            return Ok(merged.text.map_or(Settled::Gone, |text| Settled::Text(mode, text)));
        }
        let (Some(ours), Some(theirs)) = (ours, theirs) else { return Ok(Settled::Open) };
        let merged = match is_containerfile(path) {
            true => merge::containerfile(path, base.as_deref(), &ours, &theirs),
            false => merge::lines(base.as_deref().unwrap_or_default(), &ours, &theirs),
        };
        Ok(merged.map_or(Settled::Open, |text| Settled::Text(mode, text)))
    }
}

fn is_containerfile(path: &str) -> bool {
    crate::manifest::containerfile::FILES.contains(&path)
}

fn is_manifest(path: &str) -> bool {
    path.starts_with("manifests/") && path.ends_with(".json")
}

/// The files that are merged item by item.
fn is_json(path: &str) -> bool {
    is_manifest(path) || ["changelog.json", "repo.json", "upstream/manifest.json"].contains(&path)
}

/// What is in the way of a file of this name: a link, or a file where a directory has to be, or the other way round.
fn obstacle(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut dirs: Vec<&Path> = path.ancestors().skip(1).collect();
    dirs.retain(|dir| !dir.as_os_str().is_empty());
    let is_dir = |metadata: std::fs::Metadata| metadata.is_dir();
    let other =
        |dir: &&&Path| root.join(dir).symlink_metadata().is_ok_and(|metadata| !is_dir(metadata));
    if let Some(dir) = dirs.iter().find(other) {
        return Some(dir.to_path_buf());
    }
    root.join(path).symlink_metadata().is_ok_and(is_dir).then(|| path.to_owned())
}

fn tree_of(git: &Git<'_>, commit: &str) -> Result<String, GitError> {
    let name = format!("{commit}^{{tree}}");
    Ok(git
        .run(["rev-parse", "--verify", "--end-of-options", &name])?
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned())
}

/// A commit that is nobody's work: neither signed nor in anybody's name.
pub(super) fn commit_ours(
    git: &Git<'_>,
    tree: &str,
    parents: &[&str],
    message: &str,
) -> Result<String, GitError> {
    let mut command = git.command(["commit-tree", "-m", message]);
    for parent in parents {
        command = command.args(["-p", parent]);
    }
    for who in ["AUTHOR", "COMMITTER"] {
        command = command
            .env(format!("GIT_{who}_NAME"), "Bucket")
            .env(format!("GIT_{who}_EMAIL"), "bucket@localhost");
    }
    git.run_command(&command.arg(tree))
}

/// A commit of the person's, signed where they sign.
fn commit(
    git: &Git<'_>,
    tree: &str,
    parents: &[&str],
    message: &str,
    author: &[(&str, String)],
) -> Result<String, GitError> {
    let signs = git.ask(["config", "--type=bool", "--default=false", "--get", "commit.gpgSign"])?;
    let mut command = git.command(["commit-tree", "-m", message.trim_end_matches('\n')]);
    if signs.as_deref() == Some("true") {
        command = command.arg("-S");
    }
    for parent in parents {
        command = command.args(["-p", parent]);
    }
    for (name, value) in author {
        command = command.env(*name, value.as_str());
    }
    git.run_command(&command.arg(tree))
}
