//! Pull requests in the window: an edit is asked for on the forge, and the checkout stays as it is.

use std::path::PathBuf;

use bucket::engine::Engine;
use bucket::engine::explain::explain;
use bucket::engine::propose::{Proposal, ProposeError, Proposed};
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::gtk::gio;
use relm4::{adw, gtk};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::backend::Job;
use crate::dialogs;
use crate::repository::{Answer, Doing, Question, Task};

/// Asks for what changed in these files.
pub fn propose(
    engine: &Engine,
    paths: &[PathBuf],
    force: bool,
    cancel: &CancellationToken,
    tell: &dyn Fn(Answer),
) -> anyhow::Result<Proposed> {
    let review = engine.review()?;
    let changes = review.changes_in(paths).map(|one| one.change.clone()).collect();
    let proposal = Proposal { changes, each_layer: true, force };
    engine.propose(&proposal, &mut |stage| tell(Answer::Doing(Doing::Proposing(stage))), cancel)
}

/// What is asked where the remote says something else by now.
pub fn undecided(error: &anyhow::Error, paths: &[PathBuf]) -> Option<Question> {
    let Some(ProposeError::Undecided(_)) = error.downcast_ref() else { return None };
    let task = Task::Propose { paths: paths.to_vec(), force: true };
    Some(Question {
        heading: gettext("The Remote Changed the Same"),
        body: explain(error).message,
        verb: gettext("_Ask for Mine"),
        job: Job::Repository { task, cancel: CancellationToken::new() },
    })
}

impl App {
    /// What came of a pull request.
    pub(crate) fn proposed(&self, proposed: &Proposed) {
        match (&proposed.branch, &proposed.request, &proposed.compare) {
            (None, ..) => {
                let text =
                    fill(&gettext("{branch} has all of it already"), &[("branch", &proposed.base)]);
                self.toast(adw::Toast::new(&text));
            }
            (_, Some(url), _) => {
                let text = match proposed.existed {
                    true => gettext("The pull request was there already"),
                    false => gettext("Pull request opened"),
                };
                let toast = adw::Toast::new(&text);
                toast.set_timeout(8);
                toast.set_button_label(Some(&gettext("Show")));
                let (root, url) = (self.root().clone(), url.clone());
                toast.connect_button_clicked(move |_| show_page(&root, &url));
                self.toast(toast);
            }
            (Some(branch), None, compare) => self.tell_pushed(branch, compare.as_deref(), proposed),
        }
    }

    /// The branch is pushed, and the rest is the person's to do.
    fn tell_pushed(&self, branch: &str, compare: Option<&str>, proposed: &Proposed) {
        let text =
            gettext("The branch {branch} is pushed. The pull request is asked for on its page.");
        let text = fill(&text, &[("branch", branch)]);
        let said: Vec<&str> =
            [Some(text.as_str()), proposed.why.as_deref(), compare].into_iter().flatten().collect();
        let heading = match proposed.failed {
            true => gettext("Pushed, but Not Asked For"),
            false => gettext("One More Step"),
        };
        let dialog = adw::AlertDialog::builder().heading(heading).body(said.join("\n\n")).build();
        dialog.add_response("close", &gettext("_Close"));
        dialog.set_close_response("close");
        if let Some(url) = compare {
            dialog.add_response("show", &gettext("_Open Page"));
            dialog.set_response_appearance("show", adw::ResponseAppearance::Suggested);
            let (root, url) = (self.root().clone(), url.to_owned());
            dialog.connect_response(Some("show"), move |_, _| show_page(&root, &url));
        }
        dialog.present(Some(self.root()));
    }
}

/// Opens a page in the browser.
fn show_page(parent: &adw::ApplicationWindow, url: &str) {
    let (parent, shown) = (parent.clone(), url.to_owned());
    let launcher = gtk::UriLauncher::new(url);
    launcher.launch(Some(&parent.clone()), gio::Cancellable::NONE, move |result| {
        if let Err(error) = result
            && !error.matches(gtk::DialogError::Dismissed)
        {
            let text = format!("{shown}\n\n{}", error.message());
            dialogs::failure(&parent, &gettext("The Page Could Not Be Opened"), &text);
        }
    });
}
