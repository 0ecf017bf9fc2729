//! How the repository stands, in words. No widgets here.

use bucket::engine::{Checkout, Standing};
use bucket::host::git::{Ahead, Head, Operation};
use bucket::words::{counted, fill, gettext, ngettext};
use relm4::gtk::glib;

/// What the overview says of a checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// What is checked out: "Branch main".
    pub head: String,
    /// What keeps it from being used as usual, and what to do about it.
    pub trouble: Option<(String, String)>,
    /// The branch that is followed, or what is missing for that; and how far apart the two are. `None` without git.
    pub remote: Option<(String, String)>,
    /// Whether there may be something to push.
    pub push: bool,
    /// Whether there is something to pull from.
    pub pull: bool,
    /// How many files are not committed, and that in words. `None` without git.
    pub files: Option<(usize, String)>,
}

impl Shown {
    /// Puts it into words; `branch` is what the files say where git cannot be asked.
    pub fn new(standing: &Standing, branch: Option<&str>) -> Self {
        match standing {
            Standing::NotGit => Self {
                head: gettext("Not a git repository"),
                trouble: Some((
                    gettext("Nothing Is Committed Here"),
                    gettext("To keep what is captured, and to share it: git init"),
                )),
                ..Self::default()
            },
            Standing::NoProgram => Self {
                head: on_branch(branch),
                trouble: Some((
                    gettext("git Is Not Installed"),
                    gettext("Without it, nothing can be reviewed, committed, pulled or pushed."),
                )),
                ..Self::default()
            },
            Standing::Checkout(checkout) => Self::checkout(checkout),
        }
    }

    /// Before it is read.
    pub fn unread(branch: Option<&str>) -> Self {
        Self { head: on_branch(branch), ..Self::default() }
    }

    /// When it cannot be read.
    pub fn unknown(why: &str, branch: Option<&str>) -> Self {
        let trouble = Some((gettext("What Is Committed Is Not Known"), why.to_owned()));
        Self { head: on_branch(branch), trouble, ..Self::default() }
    }

    fn checkout(checkout: &Checkout) -> Self {
        let head = match &checkout.head {
            Head::Branch(name) => on_branch(Some(name)),
            Head::Unborn(name) => {
                fill(&gettext("Branch {branch}, without a commit yet"), &[("branch", name)])
            }
            Head::Detached(hash) => {
                let hash = hash.get(..7).unwrap_or(hash);
                fill(&gettext("On no branch, at {commit}"), &[("commit", hash)])
            }
        };
        let trouble = trouble(checkout);
        let n = checkout.ours.len() + checkout.others.len();
        let text = ngettext("{n} file not committed", "{n} files not committed", n);
        let files = match n {
            0 => gettext("Everything is committed"),
            _ => fill(&text, &[("n", &n.to_string())]),
        };
        let commits = matches!(checkout.head, Head::Branch(_));
        let ahead = checkout.upstream.as_ref().is_none_or(|up| up.ahead != Some(0));
        let push = commits && ahead && checkout.remote.is_some() && checkout.operation.is_none();
        let files = Some((n, files));
        let pull = commits && checkout.upstream.is_some() && checkout.operation.is_none();
        Self { head, trouble, remote: Some(remote(checkout)), push, pull, files }
    }
}

fn on_branch(branch: Option<&str>) -> String {
    let text = gettext("Branch {branch}");
    branch.map(|branch| fill(&text, &[("branch", branch)])).unwrap_or_default()
}

/// What is begun, or that no branch is checked out; and the way out of it.
pub fn trouble(checkout: &Checkout) -> Option<(String, String)> {
    if let Some(operation) = checkout.operation {
        let (what, command) = match operation {
            Operation::Rebase => (gettext("A Rebase Is Going On"), "git rebase --continue"),
            Operation::Merge => (gettext("A Merge Is Going On"), "git merge --continue"),
            Operation::CherryPick => {
                (gettext("A Cherry-Pick Is Going On"), "git cherry-pick --continue")
            }
            Operation::Revert => (gettext("A Revert Is Going On"), "git revert --continue"),
            Operation::Bisect => (gettext("A Bisection Is Going On"), "git bisect reset"),
        };
        let text = gettext("Nothing is committed meanwhile. To end it: {command}");
        return Some((what, fill(&text, &[("command", command)])));
    }
    if checkout.pull_interrupted {
        return Some((
            gettext("A Pull Was Interrupted"),
            gettext("Pull again: that brings it to its end."),
        ));
    }
    match &checkout.head {
        Head::Detached(_) => Some((
            gettext("No Branch Is Checked Out"),
            gettext("A commit is lost sight of when another is. To keep it: git switch -c NAME"),
        )),
        Head::Branch(_) | Head::Unborn(_) => None,
    }
}

fn remote(checkout: &Checkout) -> (String, String) {
    let detached = matches!(checkout.head, Head::Detached(_));
    match (&checkout.upstream, &checkout.remote) {
        (Some(ahead), _) => {
            let apart = apart(ahead);
            let text = match &checkout.fetched_at {
                Some(time) => {
                    let time = when(&time.to_string());
                    fill(&gettext("{apart}, as of {time}"), &[("apart", &apart), ("time", &time)])
                }
                None => apart,
            };
            (ahead.upstream.clone(), text)
        }
        (None, Some(remote)) if !detached => {
            (remote.name.clone(), gettext("The branch is not pushed yet"))
        }
        (None, Some(remote)) => (remote.name.clone(), remote.url.clone()),
        (None, None) => (
            gettext("No Remote"),
            gettext(
                "What is committed stays on this machine. To add one: git remote add origin ADDRESS",
            ),
        ),
    }
}

fn apart(ahead: &Ahead) -> String {
    let (Some(push), Some(pull)) = (ahead.ahead, ahead.behind) else {
        return gettext("Not there, or never fetched");
    };
    let said = [
        (push, ngettext("{n} to push", "{n} to push", push)),
        (pull, ngettext("{n} to pull", "{n} to pull", pull)),
    ];
    let said = counted(said);
    match said.is_empty() {
        true => gettext("Nothing to push or pull"),
        false => said.join(&gettext(", ")),
    }
}

/// A time of today by its clock time, and any other by its day.
fn when(rfc3339: &str) -> String {
    let time = glib::DateTime::from_iso8601(rfc3339, None).and_then(|time| time.to_local());
    let (Ok(time), Ok(now)) = (time, glib::DateTime::now_local()) else {
        return rfc3339.to_owned();
    };
    let format = if time.ymd() == now.ymd() { "%H:%M" } else { "%x" };
    time.format(format).map_or_else(|_| rfc3339.to_owned(), |text| text.to_string())
}

#[cfg(test)]
mod tests {
    use bucket::engine::standing::Remote;
    use bucket::host::git::FileState;

    use super::*;

    fn checkout(head: Head, upstream: Option<(Option<usize>, Option<usize>)>) -> Checkout {
        Checkout {
            head,
            upstream: upstream.map(|(ahead, behind)| Ahead {
                upstream: "origin/main".to_owned(),
                ahead,
                behind,
            }),
            operation: None,
            pull_interrupted: false,
            fetched_at: None,
            remote: Some(Remote { name: "origin".to_owned(), url: "../bare".to_owned() }),
            ours: Vec::new(),
            others: Vec::new(),
        }
    }

    fn shown(checkout: Checkout) -> Shown {
        Shown::new(&Standing::Checkout(Box::new(checkout)), None)
    }

    fn file(path: &str) -> FileState {
        FileState {
            path: path.into(),
            staged: false,
            unstaged: true,
            untracked: false,
            unmerged: false,
            deleted: false,
            submodule: false,
            mode_before: 0o100_644,
            mode: 0o100_644,
        }
    }

    #[test]
    fn a_branch_says_how_far_it_is_from_what_it_follows() {
        let main = || Head::Branch("main".to_owned());
        for (apart, words, push) in [
            ((Some(2), Some(1)), "2 to push, 1 to pull", true),
            ((Some(0), Some(1)), "1 to pull", false),
            ((Some(0), Some(0)), "Nothing to push or pull", false),
            ((None, None), "Not there, or never fetched", true),
        ] {
            let shown = shown(checkout(main(), Some(apart)));
            assert_eq!(shown.head, "Branch main");
            assert_eq!(shown.remote, Some(("origin/main".to_owned(), words.to_owned())));
            assert_eq!(shown.push, push, "{words}");
        }
        let mut fetched = checkout(main(), Some((Some(0), Some(1))));
        fetched.fetched_at = Some("2001-02-03T04:05:06Z".parse().expect("a time"));
        let text = shown(fetched).remote.expect("a remote").1;
        assert!(text.starts_with("1 to pull, as of "), "{text}");
        assert_eq!(shown(checkout(main(), None)).remote.expect("a remote").0, "origin");
        let alone = Checkout { remote: None, ..checkout(main(), None) };
        let alone = shown(alone);
        assert_eq!((alone.remote.expect("words").0.as_str(), alone.push), ("No Remote", false));
    }

    #[test]
    fn what_is_in_the_way_is_said_plainly() {
        let detached = shown(checkout(Head::Detached("0123456789".repeat(4)), None));
        assert_eq!(detached.head, "On no branch, at 0123456");
        assert!(detached.trouble.expect("a trouble").0.contains("No Branch") && !detached.push);
        let mut begun = checkout(Head::Branch("main".to_owned()), None);
        begun.operation = Some(Operation::Rebase);
        let begun = shown(begun);
        assert!(begun.trouble.expect("a trouble").1.contains("git rebase --continue"));
        assert!(!begun.push);
        let main = Head::Branch("main".to_owned());
        let cut = Checkout { pull_interrupted: true, ..checkout(main, Some((Some(0), Some(1)))) };
        let cut = shown(cut);
        assert!(cut.trouble.expect("a trouble").0.contains("Pull") && cut.pull);
        let none = Shown::new(&Standing::NotGit, None);
        assert_eq!(
            (none.head.as_str(), none.remote, none.files),
            ("Not a git repository", None, None)
        );
        let missing = Shown::new(&Standing::NoProgram, Some("main"));
        assert_eq!((missing.head.as_str(), missing.files), ("Branch main", None));
    }

    #[test]
    fn files_are_counted() {
        let mut dirty = checkout(Head::Unborn("main".to_owned()), None);
        assert_eq!(shown(dirty.clone()).files, Some((0, "Everything is committed".to_owned())));
        dirty.ours.push(file("manifests/a.json"));
        assert_eq!(shown(dirty.clone()).files, Some((1, "1 file not committed".to_owned())));
        dirty.others.push(file("README.md"));
        let dirty = shown(dirty);
        assert_eq!(dirty.files, Some((2, "2 files not committed".to_owned())));
        assert!(!dirty.push, "there is no commit to push");
    }
}
