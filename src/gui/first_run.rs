//! The ways to a repository, where there is none or another is wanted: a folder that is there, a clone, a new one.

pub mod form;

use std::path::{Path, PathBuf};

use bucket::core::names::ImageRef;
use bucket::engine::Engine;
use bucket::engine::clone::{self, CloneError};
use bucket::engine::explain::{Told, explain};
use bucket::engine::init::{self, Commit};
use bucket::host::Host;
use bucket::manifest::template::Answers;
use bucket::words::gettext;
use relm4::adw;
use relm4::adw::prelude::*;
use relm4::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::app::{App, AppMsg};
use crate::backend::{Job, Progress};
use crate::dialogs;
use crate::pages::overview::OverviewMsg;
use crate::widgets::first_run_dialog::{FirstRunDialog, FirstRunMsg, FirstRunOut};

/// A way to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A folder of this machine.
    Choose,
    /// One that is hosted somewhere.
    Clone,
    /// A new distribution.
    Create,
}

impl Way {
    /// All of them, the most frequent first.
    pub const ALL: [Self; 3] = [Self::Choose, Self::Clone, Self::Create];

    /// What starts it, with a mnemonic.
    pub fn title(self) -> String {
        match self {
            Self::Choose => gettext("Choose a _Folder…"),
            Self::Clone => gettext("C_lone a Repository…"),
            Self::Create => gettext("Create a _New One…"),
        }
    }

    /// When to take it.
    pub fn subtitle(self) -> String {
        match self {
            Self::Choose => gettext("The repository is on this machine already"),
            Self::Clone => gettext("It is hosted somewhere, such as on a forge"),
            Self::Create => gettext("Your own image, built from manifests that this machine fills"),
        }
    }

    /// The window's action that starts it.
    pub fn action(self) -> &'static str {
        match self {
            Self::Choose => "win.choose",
            Self::Clone => "win.clone",
            Self::Create => "win.create",
        }
    }

    /// The icon beside it.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Choose => "folder-symbolic",
            Self::Clone => "folder-download-symbolic",
            Self::Create => "document-new-symbolic",
        }
    }
}

/// What is asked for, valid in all its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Clone { address: String, dir: PathBuf },
    Create { answers: Answers, dir: PathBuf },
}

/// Something that takes no repository.
#[derive(Debug)]
pub enum Task {
    /// What a dialog starts from.
    Know,
    /// Whether a folder can be the one.
    Look(Way, PathBuf),
    Go(Order, CancellationToken),
}

/// A distribution that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    pub root: PathBuf,
    /// Why it has no first commit.
    pub not_committed: Option<String>,
}

/// A repository that was cloned, and is not used by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloned {
    pub root: PathBuf,
    /// The path as people write it.
    pub path: String,
    /// What it asks for: the kind, and how many of it; `None` where that cannot be read.
    pub contents: Vec<(String, Option<usize>)>,
}

/// What came of a task.
#[derive(Clone, Debug)]
pub enum News {
    Known {
        home: PathBuf,
        /// The image that this machine was started from.
        base: Option<ImageRef>,
    },
    /// A folder, and why it cannot be the one.
    Looked(PathBuf, Option<String>),
    Created(Result<Created, String>),
    Cloned(Result<Cloned, String>),
}

impl Task {
    /// Does it. `line` hears what git says.
    pub fn run(self, host: &Host, line: &mut dyn FnMut(&str)) -> News {
        match self {
            Self::Know => {
                News::Known { home: host.env().home.clone(), base: init::own_image(host) }
            }
            Self::Look(way, dir) => {
                let trouble = look(host, way, &dir).err().map(|error| explain(&error).message);
                News::Looked(dir, trouble)
            }
            Self::Go(Order::Create { answers, dir }, _) => {
                let made = init::init(host, &answers, &dir, true, false);
                News::Created(made.map_err(|error| words(&error)).map(|made| Created {
                    root: made.repo.root,
                    not_committed: match made.commit {
                        Commit::Made(_) | Commit::Left => None,
                        Commit::Failed(error) => Some(words(&error)),
                    },
                }))
            }
            Self::Go(Order::Clone { address, dir }, cancel) => {
                let root = clone::clone(host, &address, Some(&dir), false, line, &cancel);
                let cloned = root.and_then(|root| cloned(host, root));
                News::Cloned(cloned.map_err(|error| words(&error)))
            }
        }
    }
}

/// Whether a folder can be cloned to, or made a distribution of.
fn look(host: &Host, way: Way, dir: &Path) -> anyhow::Result<()> {
    match way {
        Way::Choose => (),
        Way::Create => drop(init::room(host, dir)?),
        Way::Clone if dir.symlink_metadata().is_ok() => {
            return Err(CloneError::There(dir.to_owned()).into());
        }
        Way::Clone => (),
    }
    Ok(())
}

fn cloned(host: &Host, root: PathBuf) -> anyhow::Result<Cloned> {
    let engine = Engine::open(host.clone(), Some(&root))?;
    let titled = engine.contents().into_iter().filter_map(|content| {
        let title = gettext(engine.subsystem(&content.subsystem)?.about().title);
        Some((title, content.items))
    });
    let contents = titled.collect();
    Ok(Cloned { path: host.display(&root), root, contents })
}

/// What went wrong, and what to do about it.
fn words(error: &anyhow::Error) -> String {
    let Told { message, hint } = explain(error);
    match hint {
        Some(hint) => format!("{message}\n{hint}"),
        None => message,
    }
}

impl App {
    /// Goes one of the ways to a repository.
    pub(crate) fn begin(&mut self, way: Way) {
        if way == Way::Choose {
            dialogs::choose_repository(self.root(), self.input());
            return;
        }
        let dialog = FirstRunDialog::builder().launch(way).forward(self.input(), AppMsg::FirstRun);
        dialog.widget().present(Some(self.root()));
        *self.first_run() = Some(dialog);
        self.backend.send(Job::FirstRun(Task::Know));
    }

    /// What the dialog asks for.
    pub(crate) fn first_run_out(&mut self, out: FirstRunOut) {
        match out {
            FirstRunOut::Look(way, dir) => self.backend.send(Job::FirstRun(Task::Look(way, dir))),
            FirstRunOut::Go(order) => {
                let cancel = self.flow().begin();
                self.backend.send(Job::FirstRun(Task::Go(order, cancel)));
            }
            FirstRunOut::Cancel => self.flow().cancel(),
            FirstRunOut::Use(root) => self.backend.send(Job::Use(root)),
            FirstRunOut::Leave => {
                self.toast(adw::Toast::new(&gettext("Cloned, and not in use")));
            }
            FirstRunOut::Closed => *self.first_run() = None,
        }
    }

    /// Shows how far it has come.
    pub(crate) fn first_run_progress(&mut self, progress: &Progress) {
        if let (Some(dialog), Some(line)) = (self.first_run(), progress.lines.back()) {
            dialog.emit(FirstRunMsg::Line(line.clone()));
        }
    }

    /// What came of a task. A new distribution is used at once; a cloned one when the person has seen what it is.
    pub(crate) fn first_run_news(&mut self, news: News) {
        if matches!(news, News::Created(_) | News::Cloned(_)) && self.over() {
            return;
        }
        let created = match news {
            News::Created(Ok(created)) => created,
            news => {
                if let Some(dialog) = self.first_run() {
                    dialog.emit(FirstRunMsg::News(news));
                }
                return;
            }
        };
        if let Some(dialog) = self.first_run().take() {
            dialog.widget().force_close();
        }
        self.tell_overview(OverviewMsg::New(created.root.clone()));
        self.backend.send(Job::Use(created.root));
        match created.not_committed {
            Some(why) => {
                dialogs::failure(self.root(), &gettext("Created, but Not Committed"), &why)
            }
            None => self.toast(adw::Toast::new(&gettext("Distribution created"))),
        }
    }
}

/// The dialog, while it is open.
pub type Open = Option<Controller<FirstRunDialog>>;
