//! Pull in the window: what it asks of the engine, what a person has to choose, and what is said of how it went.

use std::path::PathBuf;

use bucket::engine::Engine;
use bucket::engine::pull::{Choice, Conflict, Done, PullRequest, Pulled, Stage};
use bucket::words::{fill, gettext, ngettext};
use relm4::adw;
use tokio_util::sync::CancellationToken;

use crate::app::{App, AppMsg};
use crate::dialogs;
use crate::repository::{Act, Answer, Doing};
use crate::widgets::pull_dialog;

/// Values that a person chose, each with what it decides.
pub type Choices = Vec<(Conflict, Choice)>;

/// Pulls, with what was chosen. Where more is to be chosen, nothing is changed.
pub fn pull(
    engine: &Engine,
    choices: &Choices,
    line: &mut dyn FnMut(&str),
    cancel: &CancellationToken,
    tell: &dyn Fn(Answer),
) -> anyhow::Result<Pulled> {
    let request = PullRequest { unattended: false, dry_run: false };
    let mut decide = |conflict: &Conflict| {
        choices.iter().find(|(known, _)| known == conflict).map(|(_, choice)| *choice)
    };
    let mut on = |stage: Stage<'_>| match stage {
        Stage::Line(said) => line(said),
        Stage::Fetching(_) => tell(Answer::Doing(Doing::Fetching)),
        Stage::Merging => tell(Answer::Doing(Doing::Merging)),
        Stage::Finishing | Stage::Writing => tell(Answer::Doing(Doing::Writing)),
    };
    engine.pull(request, &mut decide, &mut on, cancel)
}

/// What a toast says of a pull.
fn done(done: &Done) -> String {
    let (items, files) = (done.coming.changes.len(), done.coming.files.len());
    let commits = done.coming.commits;
    let (text, n) = match (items, files) {
        (0, 0) => (ngettext("Pulled {n} commit", "Pulled {n} commits", commits), commits),
        (0, n) => (ngettext("Pulled: {n} file changed", "Pulled: {n} files changed", n), n),
        (n, _) => (ngettext("Pulled: {n} item changed", "Pulled: {n} items changed", n), n),
    };
    fill(&text, &[("n", &n.to_string())])
}

impl App {
    /// What came of a pull.
    pub(crate) fn pulled(&mut self, pulled: Pulled) {
        match pulled {
            Pulled::UpToDate { upstream, .. } => {
                let text = fill(&gettext("{branch} has nothing new"), &[("branch", &upstream)]);
                self.toast(adw::Toast::new(&text));
            }
            Pulled::Done(what) => {
                self.toast(adw::Toast::new(&done(&what)));
                self.refresh();
            }
            Pulled::Undecided { conflicts, files } if files.is_empty() => {
                let input = self.input().clone();
                pull_dialog::present(self.root(), conflicts, move |choices| {
                    // The window may be closing: nobody is left to hear of it then.
                    drop(input.send(AppMsg::Repository(Act::Pull(choices))));
                });
            }
            Pulled::Undecided { files, .. } => tell_files(self, &files),
            Pulled::Would(_) => (),
        }
    }
}

/// Says which files a person has to bring together in an editor.
fn tell_files(app: &App, files: &[PathBuf]) {
    let names: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    let text = gettext(
        "These were changed on both sides in the same lines:\n{files}\n\nBring them together with git, or in an editor, and commit them first. Everything is as it was.",
    );
    let text = fill(&text, &[("files", &names.join("\n"))]);
    dialogs::failure(app.root(), &gettext("Not Pulled"), &text);
}

#[cfg(test)]
mod tests {
    use bucket::engine::pull::Coming;

    use super::*;

    #[test]
    fn a_toast_counts_what_came() {
        let coming = |files: &[&str]| Done {
            coming: Coming {
                commits: 2,
                files: files.iter().map(ToString::to_string).collect(),
                ..Coming::default()
            },
            ..Done::default()
        };
        assert_eq!(done(&coming(&[])), "Pulled 2 commits");
        assert_eq!(done(&coming(&["a"])), "Pulled: 1 file changed");
    }
}
