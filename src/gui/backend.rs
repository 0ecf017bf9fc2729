//! The application's only door to the engine: one thread that does one job after the other.
//!
//! Jobs go in by a channel, replies come out as messages of the application. What a running plan says is kept in a
//! [`Progress`] that both sides share; only "there is news" is sent, once, so a chatty program cannot flood the
//! window.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use bucket::core::item::{Layer, SubsystemId};
use bucket::core::plan::{Change, Plan};
use bucket::core::report::Report;
use bucket::engine::execute::Untrusted;
use bucket::engine::explain::explain;
use bucket::engine::journal::Operation;
use bucket::engine::{Engine, Event, Outcome, Reach, Request, Touched, Wish};
use bucket::host::command::uncoloured;
use bucket::host::{CommandLog, Host};
use bucket::manifest::Manifests;
use bucket::manifest::repo::RepoError;
use bucket::subsystem::gsettings::catalog::{Catalog, Summaries};
use bucket::subsystem::{About, Unfit, Watch, gsettings};
use bucket::words::{fill, gettext};
use tokio_util::sync::CancellationToken;

use super::containerfile::{self, Containerfile};
use super::model::RowKey;
use super::pages::settings::Read;
use super::repository::{self, Question, Task};
use super::{first_run, layers, permissions, review, steps, task};

/// How many lines of output a running plan keeps.
const LINES: usize = 500;

/// What a plan is for: it decides what is shown when the plan is there, and when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Done at once, unless something is held.
    Capture,
    /// Shown first.
    Apply,
    /// Taking back.
    Undo,
    /// Taking an undo back.
    Redo,
    /// A rule in `ignore.json`.
    Ignore,
    /// The Containerfile's sections.
    Sections,
    /// A move to the layer of this machine, or to that of all: done at once.
    Layer { here: bool },
    /// What the person set on a page: done at once on the machine and then in the manifest, unless something is held.
    Edit,
}

/// Something for the engine to do.
#[derive(Debug)]
pub enum Job {
    /// Finds the repository again.
    Open,
    /// Makes a folder the repository in use.
    Use(PathBuf),
    /// Something on the way to a repository.
    FirstRun(first_run::Task),
    /// Reads these subsystems again; all of them where none is named.
    Survey(BTreeSet<SubsystemId>),
    Plan {
        report: Arc<Report>,
        request: Request,
        purpose: Purpose,
    },
    /// The same plan with other changes ticked.
    Replan {
        changes: Vec<Change>,
        held: Vec<Change>,
    },
    /// Makes wishes true, as the verbs of the command line do.
    Edit {
        wishes: Vec<Wish>,
        reach: Reach,
        /// For [`Reach::System`]: the command line that does the same, kept in the list of local changes.
        local: Option<String>,
    },
    /// Reads what the apps of a report may do.
    Permissions(Arc<Report>),
    /// Reads the Containerfile's sections.
    Containerfile,
    /// Writes them; those that the file does not have too.
    WriteSections {
        add_missing: bool,
    },
    Undo(Option<u64>),
    Redo,
    Ignore(RowKey),
    SkipUntilChanged {
        report: Arc<Report>,
        key: RowKey,
    },
    Execute {
        plan: Plan,
        purpose: Purpose,
        cancel: CancellationToken,
    },
    History,
    /// Reads how the repository stands.
    Standing,
    /// Reads what is not committed.
    Review,
    /// Does something with git.
    Repository {
        task: Task,
        cancel: CancellationToken,
    },
    /// Plans to move an item to the layer of this machine, or to that of all; `force` replaces what is there.
    Move {
        key: RowKey,
        here: bool,
        force: bool,
    },
    /// Reads every installed setting.
    Settings(Option<Arc<Report>>),
}

/// The repository as the window shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoInfo {
    pub root: PathBuf,
    /// The path as people write it.
    pub path: String,
    pub branch: Option<String>,
    pub trusted: bool,
    /// What to follow, and what a change of it means.
    pub watches: Vec<(Watch, Touched)>,
}

/// A plan with one line for each change, held ones last.
#[derive(Clone, Debug)]
pub struct Planned {
    pub plan: Plan,
    pub lines: Vec<String>,
}

/// What came of a job.
#[derive(Debug)]
pub enum Reply {
    Opened(RepoInfo),
    /// There is no repository yet.
    NoRepository,
    /// There is one, but it cannot be used.
    BadRepository(String),
    /// What came of something on the way to a repository.
    FirstRun(first_run::News),
    /// The whole report, and which of its subsystems have just been read; none are all of them.
    Surveyed(Arc<Report>, BTreeSet<SubsystemId>),
    SurveyFailed(String),
    Planned(Planned, Purpose),
    Replanned(Planned),
    /// [`Backend::progress`] has news.
    Progress,
    Ended {
        plan: Plan,
        outcome: Outcome,
        purpose: Purpose,
    },
    /// The person has to say yes to the repository first.
    Untrusted {
        plan: Plan,
        purpose: Purpose,
    },
    History(Vec<Operation>),
    /// Every installed setting, or why they could not be read.
    Settings(Result<Read, String>),
    Permissions(Arc<permissions::Data>),
    /// How the Containerfile stands, or why that is not known.
    Containerfile(containerfile::Read),
    Standing(repository::Read),
    Review(review::Read),
    /// What came of a task, or how far it has come.
    Repository(repository::Answer),
    /// A job is done only if the person wants it all the same.
    Ask(Box<Question>),
    /// Wishes that cannot be met, and why. Nothing was changed.
    Refused {
        wishes: Vec<Wish>,
        why: String,
    },
    /// A job could not be done: which, and why.
    Failed {
        job: &'static str,
        why: String,
    },
}

impl Reply {
    /// A plan, with its changes in words.
    pub fn planned(engine: &Engine, plan: Plan, purpose: Purpose) -> Self {
        Self::Planned(planned(engine, plan), purpose)
    }
}

/// How far a running plan has come.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// By step: `None` while it runs, then whether it worked.
    pub steps: Vec<Option<Result<(), String>>>,
    pub total: usize,
    /// The end of what the programs said, and how many lines that were with those before.
    pub lines: VecDeque<String>,
    pub heard: usize,
    /// What the program of the running step said last.
    pub now: Option<String>,
}

#[derive(Default)]
struct Shared {
    progress: Mutex<Progress>,
    told: AtomicBool,
}

impl Shared {
    fn with<T>(&self, f: impl FnOnce(&mut Progress) -> T) -> T {
        f(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The application's handle to the engine's thread, which ends when the last handle is gone.
#[derive(Clone)]
pub struct Backend {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
    log: Arc<CommandLog>,
}

impl Backend {
    /// Starts the thread. `reply` is called on it.
    pub fn start(host: Host, reply: impl Fn(Reply) + Send + 'static) -> Self {
        let (jobs, queue) = channel();
        let shared = Arc::new(Shared::default());
        let log = host.log().clone();
        let worker = Worker {
            host,
            engine: None,
            report: None,
            summaries: Summaries::default(),
            shared: shared.clone(),
            reply: Box::new(reply),
        };
        std::thread::spawn(move || worker.run(&queue));
        Self { jobs, shared, log }
    }

    /// Queues a job.
    pub fn send(&self, job: Job) {
        // The thread ends only after the last handle: a job that is not taken has nobody waiting for it.
        let _ = self.jobs.send(job);
    }

    /// How far the running plan has come. The next news is told after this.
    pub fn progress(&self) -> Progress {
        self.shared.told.store(false, Ordering::Release);
        self.shared.with(|progress| progress.clone())
    }

    /// The commands this process has run.
    pub fn log(&self) -> &CommandLog {
        &self.log
    }
}

/// What is fixed about every subsystem, in order.
pub fn abouts() -> Vec<&'static About> {
    bucket::subsystem::all().iter().map(|subsystem| subsystem.about()).collect()
}

/// The manifest that has an item, or would get it.
pub fn manifest_path(report: &Report, about: &About, key: &RowKey) -> Option<PathBuf> {
    let file = about.manifests.first()?;
    let item = report.item(&key.subsystem, &key.item)?;
    let manifests =
        Manifests::new(&PathBuf::from(&report.repository).join("manifests"), &report.host);
    Some(manifests.path(&item.layer.clone().unwrap_or_default(), file.name))
}

struct Worker {
    host: Host,
    engine: Option<Engine>,
    /// The last report, which surveys of single subsystems bring up to date.
    report: Option<Arc<Report>>,
    /// What settings are called.
    summaries: Summaries,
    shared: Arc<Shared>,
    reply: Box<dyn Fn(Reply) + Send>,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Job>) {
        let mut waiting: VecDeque<Job> = VecDeque::new();
        loop {
            let job = match waiting.pop_front() {
                Some(job) => job,
                None => match queue.recv() {
                    Ok(job) => job,
                    Err(_) => return,
                },
            };
            waiting.extend(queue.try_iter());
            if let Some(job) = merged(job, &mut waiting) {
                self.job(job);
            }
        }
    }

    fn job(&mut self, job: Job) {
        let mut reply = match job {
            Job::Open => self.open(None),
            Job::Use(root) => self.open(Some(root)),
            Job::FirstRun(task) => {
                self.shared.with(|progress| *progress = Progress::default());
                let mut line = |line: &str| self.note(&Event::Line(line));
                Reply::FirstRun(task.run(&self.host, &mut line))
            }
            job => match &self.engine {
                Some(engine) => self.with_engine(engine, job),
                // A page waits for this one.
                None if matches!(job, Job::Settings(_)) => {
                    Reply::Settings(Err(gettext("Choose a repository first")))
                }
                None => return,
            },
        };
        self.name_settings(&mut reply);
        match &reply {
            Reply::Surveyed(report, _) => self.report = Some(report.clone()),
            // Pages show the failure now: all of them want a report afterwards.
            Reply::SurveyFailed(_) => self.report = None,
            _ => (),
        }
        (self.reply)(reply);
    }

    /// Calls settings what their schemas call them. On the command line they are called by their keys.
    fn name_settings(&mut self, reply: &mut Reply) {
        match reply {
            Reply::Surveyed(report, _) => {
                let report = Arc::make_mut(report);
                let found = report.subsystems.iter_mut().find(|one| one.id == gsettings::ID);
                let Some(settings) = found else { return };
                // All at once: the schemas are opened at most once.
                self.summaries.read(&self.host, settings.items.iter().map(|item| &item.key));
                for item in &mut settings.items {
                    if let Some((title, detail)) = self.summaries.title(&item.key) {
                        (item.title, item.detail) = (title, detail);
                    }
                }
            }
            Reply::Planned(planned, _) => {
                let ours = |change: &&mut Change| change.subsystem == gsettings::ID;
                let changes: Vec<&mut Change> =
                    planned.plan.changes.iter_mut().filter(ours).collect();
                self.summaries.read(&self.host, changes.iter().map(|change| &change.item));
                for change in changes {
                    if let Some((title, _)) = self.summaries.title(&change.item) {
                        change.title = title;
                    }
                }
            }
            _ => (),
        }
    }

    fn open(&mut self, used: Option<PathBuf>) -> Reply {
        let opened = match &used {
            Some(root) => Engine::use_repo(&self.host, root)
                .and_then(|repo| Engine::open(self.host.clone(), Some(&repo.root))),
            None => Engine::open(self.host.clone(), None),
        };
        match opened {
            Ok(engine) => {
                let info = info(&engine);
                self.engine = Some(engine);
                self.report = None;
                Reply::Opened(info)
            }
            Err(RepoError::None) => Reply::NoRepository,
            Err(error) => Reply::BadRepository(chain(&error)),
        }
    }

    fn with_engine(&self, engine: &Engine, job: Job) -> Reply {
        let (name, result) = match job {
            Job::Open | Job::Use(_) | Job::FirstRun(_) => return Reply::NoRepository,
            Job::Survey(only) => {
                return match self.survey(engine, only) {
                    Ok((report, read)) => Reply::Surveyed(report, read),
                    Err(error) => Reply::SurveyFailed(format!("{error:#}")),
                };
            }
            Job::Plan { report, request, purpose } => (
                "plan",
                engine.plan(&report, &request).map(|p| Reply::Planned(planned(engine, p), purpose)),
            ),
            Job::Replan { changes, held } => (
                "plan",
                engine.plan_changes(changes, held).map(|p| Reply::Replanned(planned(engine, p))),
            ),
            Job::Edit { wishes, reach, local } => {
                let result = edit(engine, &wishes, reach, local);
                let result = result.and_then(|plan| {
                    if plan.changes.is_empty() || steps::ask_first(&plan, &Purpose::Edit) {
                        return Ok(Reply::Planned(planned(engine, plan), Purpose::Edit));
                    }
                    // At once: an edit that waits behind this one is planned from what this one leaves.
                    self.execute(engine, plan, Purpose::Edit, &CancellationToken::new())
                });
                return match result {
                    Ok(reply) => reply,
                    Err(error) => Reply::Refused { wishes, why: why(&error) },
                };
            }
            Job::Settings(report) => {
                let known = report.as_ref().and_then(|r| r.subsystem(&gsettings::ID));
                let tracked = known.into_iter().flat_map(|known| &known.items).map(|one| &one.key);
                let read = Catalog::load(engine.host(), tracked).map(|(catalog, values)| Read {
                    catalog: Arc::new(catalog),
                    values: Arc::new(values),
                });
                return Reply::Settings(read.map_err(|error| format!("{error:#}")));
            }
            Job::Permissions(report) => {
                let data = permissions::Data::read(engine.host(), &report);
                return Reply::Permissions(Arc::new(data));
            }
            Job::Containerfile => {
                let read = Containerfile::read(engine).map(|file| file.map(Arc::new));
                return Reply::Containerfile(read.map_err(|error| format!("{error:#}")));
            }
            Job::WriteSections { add_missing } => (
                "sections",
                engine
                    .plan_containerfile(add_missing)
                    .map(|plan| Reply::Planned(planned(engine, plan), Purpose::Sections)),
            ),
            Job::Standing => {
                let standing = engine.standing();
                return Reply::Standing(standing.map_err(|e| repository::words(&explain(&e))));
            }
            Job::Review => return Reply::Review(review::Data::read(engine)),
            Job::Repository { task, cancel } => {
                let tell = |answer| (self.reply)(Reply::Repository(answer));
                return task::carry_out(engine, task, &cancel, &tell);
            }
            Job::Move { key, here, force } => {
                return layers::plan_move(engine, &key, here, force);
            }
            Job::Undo(number) => (
                "undo",
                engine
                    .plan_undo(number)
                    .map(|plan| Reply::Planned(planned(engine, plan), Purpose::Undo)),
            ),
            Job::Redo => (
                "redo",
                engine.plan_redo().map(|p| Reply::Planned(planned(engine, p), Purpose::Redo)),
            ),
            Job::Ignore(key) => (
                "ignore",
                engine
                    .plan_ignore(&key.subsystem, &key.item, None)
                    .map(|plan| Reply::Planned(planned(engine, plan), Purpose::Ignore)),
            ),
            Job::SkipUntilChanged { report, key } => match report.item(&key.subsystem, &key.item) {
                None => return Reply::Surveyed(report, BTreeSet::new()),
                Some(item) => (
                    "skip",
                    engine
                        .skip_until_changed(&key.subsystem, item)
                        .and_then(|()| self.survey(engine, BTreeSet::from([key.subsystem])))
                        .map(|(report, read)| Reply::Surveyed(report, read)),
                ),
            },
            Job::Execute { plan, purpose, cancel } => {
                ("execute", self.execute(engine, plan, purpose, &cancel))
            }
            Job::History => ("history", engine.history().map(Reply::History).map_err(Into::into)),
        };
        result.unwrap_or_else(|error| Reply::Failed { job: name, why: format!("{error:#}") })
    }

    /// Reads some subsystems again, and the rest from the last report.
    fn survey(
        &self,
        engine: &Engine,
        only: BTreeSet<SubsystemId>,
    ) -> anyhow::Result<(Arc<Report>, BTreeSet<SubsystemId>)> {
        let Some(last) = self.report.as_ref().filter(|_| !only.is_empty()) else {
            return Ok((Arc::new(engine.survey(&[])?), BTreeSet::new()));
        };
        let read: Vec<SubsystemId> = only.iter().cloned().collect();
        let later = engine.survey(&read)?;
        Ok((Arc::new(Report::clone(last).updated(later)), only))
    }

    fn execute(
        &self,
        engine: &Engine,
        plan: Plan,
        purpose: Purpose,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Reply> {
        self.shared.with(|progress| *progress = Progress::default());
        let result = engine.execute(&plan, &mut |event| self.note(&event), cancel);
        match result {
            Ok(outcome) => Ok(Reply::Ended { plan, outcome, purpose }),
            Err(error) if error.is::<Untrusted>() => Ok(Reply::Untrusted { plan, purpose }),
            Err(error) => Err(error),
        }
    }

    fn note(&self, event: &Event<'_>) {
        self.shared.with(|progress| match event {
            Event::Start { total, .. } => {
                progress.total = *total;
                progress.steps.push(None);
                progress.now = None;
            }
            Event::Line(line) => {
                if progress.lines.len() == LINES {
                    progress.lines.pop_front();
                }
                let line = uncoloured(line);
                progress.heard += 1;
                if !line.trim().is_empty() {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    progress.now = Some(words.join(" "));
                }
                progress.lines.push_back(line);
            }
            Event::End { index, error } => {
                if let Some(step) = progress.steps.get_mut(*index) {
                    *step = Some(error.map_or(Ok(()), |error| Err(error.to_owned())));
                }
            }
        });
        if !self.shared.told.swap(true, Ordering::AcqRel) {
            (self.reply)(Reply::Progress);
        }
    }
}

/// The job, or nothing where a later one does the same: a survey that another follows would be out of date when it
/// is shown, so that one reads what both were to read.
fn merged(job: Job, waiting: &mut VecDeque<Job>) -> Option<Job> {
    let same = |other: &&mut Job| std::mem::discriminant(*other) == std::mem::discriminant(&job);
    match (&job, waiting.iter_mut().find(same)) {
        (Job::Survey(only), Some(Job::Survey(later))) => {
            if only.is_empty() || later.is_empty() {
                later.clear();
            } else {
                later.extend(only.iter().cloned());
            }
            None
        }
        (
            Job::History
            | Job::Permissions(_)
            | Job::Settings(_)
            | Job::Containerfile
            | Job::Standing
            | Job::Review,
            Some(_),
        ) => None,
        _ => Some(job),
    }
}

/// Plans what makes the wishes true, from what both sides say this moment.
fn edit(
    engine: &Engine,
    wishes: &[Wish],
    reach: Reach,
    local: Option<String>,
) -> anyhow::Result<Plan> {
    let mut subsystems: Vec<SubsystemId> = wishes.iter().map(|w| w.subsystem.clone()).collect();
    subsystems.sort();
    subsystems.dedup();
    engine.validate(wishes)?;
    let report = engine.survey(&subsystems)?;
    let mut plan = engine.plan_wishes(&report, wishes, reach, &Layer::default(), false)?;
    // What cannot be done at all is not worth a dialog that says that nothing is going to be done.
    let never = plan.blocked.iter().find(|blocked| blocked.never());
    if let (true, Some(blocked)) = (plan.changes.is_empty(), never) {
        bail!(blocked.reason.clone());
    }
    plan.local = local.filter(|_| reach == Reach::System);
    Ok(plan)
}

/// Why wishes cannot be met, with what was probably meant.
fn why(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    match error.downcast_ref::<Unfit>() {
        Some(unfit) if !unfit.close.is_empty() => {
            let close = unfit.close.join(", ");
            // Translators: {problem} is a sentence without a full stop, {names} are names that exist.
            let hint = gettext("{problem}. Similar: {names}");
            fill(&hint, &[("problem", &text), ("names", &close)])
        }
        _ => text,
    }
}

fn planned(engine: &Engine, plan: Plan) -> Planned {
    let describe = |change: &Change| match engine.subsystem(&change.subsystem) {
        Some(subsystem) => subsystem.describe(change),
        None => change.title.clone(),
    };
    let lines = plan.changes.iter().chain(&plan.held).map(describe).collect();
    Planned { plan, lines }
}

fn info(engine: &Engine) -> RepoInfo {
    let (host, repo) = (engine.host(), engine.repo());
    RepoInfo {
        root: repo.root.clone(),
        path: host.display(&repo.root),
        branch: repo.branch(),
        trusted: repo.trusted,
        watches: engine.watches(),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(ids: &[&'static str]) -> Job {
        Job::Survey(ids.iter().map(|id| SubsystemId::new(id)).collect())
    }

    fn reads(waiting: &VecDeque<Job>) -> Vec<Vec<String>> {
        waiting
            .iter()
            .map(|job| match job {
                Job::Survey(only) => only.iter().map(ToString::to_string).collect(),
                job => vec![format!("{job:?}")],
            })
            .collect()
    }

    #[test]
    fn surveys_that_wait_become_one_that_reads_what_all_would() {
        let mut waiting = VecDeque::from([Job::History, survey(&["b"])]);
        assert!(merged(survey(&["a"]), &mut waiting).is_none());
        assert_eq!(reads(&waiting), [vec!["History"], vec!["a", "b"]]);
        assert!(merged(Job::History, &mut waiting).is_none());
        // Everything, whichever of the two asks for it.
        assert!(merged(survey(&[]), &mut waiting).is_none());
        assert!(merged(survey(&["c"]), &mut waiting).is_none());
        assert_eq!(reads(&waiting)[1], Vec::<String>::new());
        assert!(merged(survey(&["a"]), &mut VecDeque::new()).is_some());
    }
}
