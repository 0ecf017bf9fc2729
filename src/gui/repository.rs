//! The repository's part of the window: what is asked of git and of layers, and what is said of how that went.

use std::path::PathBuf;

use bucket::engine::Standing;
use bucket::engine::commit::{Commit, Committed, Pushed};
use bucket::engine::explain::Told;
use bucket::engine::propose::{Proposed, Stage};
use bucket::engine::pull::Pulled;
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::{Sender, adw, gtk};

use crate::app::{App, AppMsg};
use crate::backend::Job;
use crate::dialogs;
use crate::pages::overview::OverviewMsg;
use crate::pages::review::ReviewMsg;
use crate::pull::Choices;

/// Something to do with git that may take long.
#[derive(Clone, Debug)]
pub enum Task {
    /// Commits; and pushes after it.
    Commit {
        commit: Commit,
        push: bool,
    },
    Push,
    Pull(Choices),
    /// Asks for what changed in these files; `force` takes ours where the remote has changed the same.
    Propose {
        paths: Vec<PathBuf>,
        force: bool,
    },
}

/// What goes on in the repository now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Committing,
    Pushing,
    Fetching,
    Merging,
    Writing,
    Proposing(Stage),
}

impl Doing {
    /// What is said beside the spinner.
    pub fn words(self) -> String {
        match self {
            Self::Committing => gettext("Committing"),
            Self::Pushing => gettext("Pushing"),
            Self::Fetching => gettext("Asking the remote what is new"),
            Self::Merging => gettext("Bringing both sides together"),
            Self::Writing => gettext("Writing the files"),
            Self::Proposing(stage) => stage.doing(),
        }
    }
}

/// What came of a task.
#[derive(Debug)]
pub enum Answer {
    /// It has come so far.
    Doing(Doing),
    Committed(Committed, Option<Pushed>),
    Pushed(Pushed),
    Pulled(Pulled),
    Proposed(Proposed),
    Failed(Box<Failure>),
    /// The person stopped it. What was committed before that is committed.
    Cancelled(Option<Committed>),
    /// The person has to say yes to the repository first.
    Untrusted,
}

/// Why something was not done.
#[derive(Debug)]
pub struct Failure {
    pub doing: Doing,
    pub told: Told,
    /// What git and the hooks said, line by line.
    pub output: Vec<String>,
    /// Whether the remote has what is not here: a pull is the way out.
    pub refused: bool,
    /// What was committed before it went wrong.
    pub committed: Option<Committed>,
}

/// What is asked back before a job is done all the same.
#[derive(Debug)]
pub struct Question {
    pub heading: String,
    pub body: String,
    /// What the button says that does it.
    pub verb: String,
    pub job: Job,
}

/// What a page asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Opens the page of what is not committed.
    Review,
    /// Reads that again.
    Read,
    Commit {
        commit: Commit,
        push: bool,
    },
    Push,
    /// With what was chosen where both sides changed the same.
    Pull(Choices),
    /// Asks for what changed in these files.
    Propose(Vec<PathBuf>),
    /// Stops what goes on.
    Cancel,
}

/// An error and what to do about it.
pub fn words(told: &Told) -> String {
    match &told.hint {
        Some(hint) => format!("{}\n\n{hint}", told.message),
        None => told.message.clone(),
    }
}

/// The start of a commit's hash, as git shows it.
pub fn short(hash: &str) -> &str {
    hash.get(..7).unwrap_or(hash)
}

/// What a toast says of a commit.
pub fn committed(committed: &Committed, pushed: Option<&Pushed>) -> String {
    let n = committed.files.len();
    let text = match pushed {
        None => ngettext("Committed {n} file as {hash}", "Committed {n} files as {hash}", n),
        Some(_) => ngettext(
            "Committed {n} file as {hash}, and pushed to {branch}",
            "Committed {n} files as {hash}, and pushed to {branch}",
            n,
        ),
    };
    let branch = pushed.map(branch).unwrap_or_default();
    let values = [("n", &*n.to_string()), ("hash", short(&committed.hash)), ("branch", &branch)];
    fill(&text, &values)
}

fn branch(pushed: &Pushed) -> String {
    format!("{}/{}", pushed.remote, pushed.branch)
}

impl App {
    /// What a page asks of the repository.
    pub(crate) fn repository_act(&mut self, act: Act) {
        match act {
            Act::Review => self.open_review(),
            Act::Read => self.backend.send(Job::Review),
            Act::Commit { commit, push } => self.begin_task(Task::Commit { commit, push }),
            Act::Push => self.begin_task(Task::Push),
            Act::Propose(paths) => self.begin_task(Task::Propose { paths, force: false }),
            Act::Pull(choices) => self.begin_task(Task::Pull(choices)),
            Act::Cancel => self.flow().cancel(),
        }
    }

    fn begin_task(&mut self, task: Task) {
        let cancel = self.flow().begin();
        self.backend.send(Job::Repository { task, cancel });
    }

    /// Reads again how the repository stands, and what is not committed if anyone looks at that.
    pub(crate) fn read_repository(&self) {
        self.backend.send(Job::Standing);
        self.read_review();
    }

    /// Tells the pages what goes on.
    fn tell_doing(&mut self, doing: Option<Doing>) {
        self.tell_overview(OverviewMsg::Doing(doing));
        self.tell_review(ReviewMsg::Doing(doing));
    }

    /// What came of a task.
    pub(crate) fn repository_answer(&mut self, answer: Answer) {
        if let Answer::Doing(doing) = answer {
            self.tell_doing(Some(doing));
            return;
        }
        self.tell_doing(None);
        if self.over() {
            return;
        }
        match answer {
            Answer::Doing(_) => (),
            Answer::Committed(committed, pushed) => {
                self.tell_committed(&committed, pushed.as_ref())
            }
            Answer::Pushed(pushed) => {
                let text = fill(&gettext("Pushed to {branch}"), &[("branch", &branch(&pushed))]);
                self.toast(adw::Toast::new(&text));
            }
            Answer::Proposed(proposed) => self.proposed(&proposed),
            Answer::Pulled(pulled) => self.pulled(pulled),
            Answer::Cancelled(Some(committed)) => self.tell_committed(&committed, None),
            Answer::Cancelled(None) => self.toast(adw::Toast::new(&gettext("Cancelled"))),
            Answer::Untrusted => {
                if let Some(repo) = self.repo() {
                    dialogs::trust(self.root(), repo, None, self.input());
                }
            }
            Answer::Failed(failure) => {
                if let Some(committed) = &failure.committed {
                    self.tell_committed(committed, None);
                }
                tell_failure(self.root(), &failure, self.input());
            }
        }
        self.read_repository();
    }

    fn tell_committed(&mut self, made: &Committed, pushed: Option<&Pushed>) {
        self.tell_review(ReviewMsg::Committed);
        self.leave_review();
        self.toast(adw::Toast::new(&committed(made, pushed)));
        if !made.added_by_hook.is_empty() {
            let names: Vec<_> =
                made.added_by_hook.iter().map(|path| path.to_string_lossy()).collect();
            let heading = gettext("A Hook Added to the Commit");
            dialogs::failure(self.root(), &heading, &names.join("\n"));
        }
    }

    /// Asks whether a job is to be done all the same.
    pub(crate) fn ask(&mut self, question: Question) {
        self.tell_doing(None);
        if self.over() {
            return;
        }
        let Question { heading, body, verb, job } = question;
        let dialog = adw::AlertDialog::builder().heading(heading).body(body).build();
        dialog.add_responses(&[("cancel", &gettext("_Cancel")), ("go", &verb)]);
        dialog.set_response_appearance("go", adw::ResponseAppearance::Destructive);
        dialog.set_close_response("cancel");
        dialog.set_default_response(Some("cancel"));
        let (input, job) = (self.input().clone(), std::cell::RefCell::new(Some(job)));
        dialog.connect_response(Some("go"), move |_, _| {
            if let Some(job) = job.take() {
                // The window may be closing: nobody is left to hear of it then.
                drop(input.send(AppMsg::Do(Box::new(job))));
            }
        });
        dialog.present(Some(self.root()));
    }

    /// Does what was asked about.
    pub(crate) fn do_job(&mut self, job: Job) {
        match job {
            Job::Repository { task, .. } => self.begin_task(task),
            job => self.backend.send(job),
        }
    }
}

/// Says why something was not done, with all that was said meanwhile.
fn tell_failure(parent: &impl IsA<gtk::Widget>, failure: &Failure, input: &Sender<AppMsg>) {
    let heading = match (failure.doing, &failure.committed) {
        (Doing::Committing, _) => gettext("Not Committed"),
        (Doing::Pushing, None) => gettext("Not Pushed"),
        (Doing::Pushing, Some(_)) => gettext("Committed, but Not Pushed"),
        (Doing::Proposing(_), _) => gettext("No Pull Request"),
        (Doing::Fetching | Doing::Merging | Doing::Writing, _) => gettext("Not Pulled"),
    };
    let dialog = adw::AlertDialog::builder().heading(heading).body(words(&failure.told)).build();
    if !failure.output.is_empty() {
        dialog.set_extra_child(Some(&output(&failure.output)));
    }
    dialog.add_response("close", &gettext("_Close"));
    dialog.set_close_response("close");
    if failure.refused {
        dialog.add_response("pull", &gettext("_Pull"));
        dialog.set_response_appearance("pull", adw::ResponseAppearance::Suggested);
        let input = input.clone();
        dialog.connect_response(Some("pull"), move |_, _| {
            // The window may be closing: nobody is left to hear of it then.
            drop(input.send(AppMsg::Repository(Act::Pull(Vec::new()))));
        });
    }
    dialog.present(Some(parent));
}

/// Lines as a terminal shows them.
fn output(lines: &[String]) -> gtk::ScrolledWindow {
    let text = crate::widgets::output_view();
    text.buffer().set_text(&lines.join("\n"));
    let scrolled = gtk::ScrolledWindow::builder()
        .hscrollbar_policy(gtk::PolicyType::Never)
        .propagate_natural_height(true)
        .max_content_height(240)
        .child(&text)
        .build();
    scrolled.add_css_class("card");
    scrolled
}

/// How the repository stands, or why that is not known.
pub type Read = Result<Standing, String>;
