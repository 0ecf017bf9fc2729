//! The application: what the window knows, and what happens when something is asked of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bucket::core::item::{ItemKey, Remedy, SubsystemId};
use bucket::core::plan::{Change, Plan};
use bucket::core::report::Report;
use bucket::engine::{Edit, Pick, Reach, Request, Touched, Verb, Wish};
use bucket::host::Host;
use bucket::subsystem::{About, Page};
use bucket::words::gettext;
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{Sender, adw};

use crate::backend::{self, Backend, Job, Purpose, Reply, RepoInfo};
use crate::editor::Editor;
use crate::first_run::Way;
use crate::flow::Flow;
use crate::model::{PageData, Row, RowKey};
use crate::pages::containerfile::ContainerfileOut;
use crate::pages::detail;
use crate::pages::drift::{DriftMsg, DriftOut, DriftPage};
use crate::pages::history::{HistoryMsg, HistoryPage};
use crate::pages::log::{LogMsg, LogPage};
use crate::pages::overview::{Overview, OverviewMsg, OverviewOut};
use crate::pages::permissions::PermissionsOut;
use crate::pages::review::ReviewMsg;
use crate::pages::settings::{Browser, BrowserMsg};
use crate::repository::Act;
use crate::settings::Settings;
use crate::watch::Watcher;
use crate::widgets::drift_row::RowAct;
use crate::widgets::first_run_dialog::FirstRunOut;
use crate::widgets::plan_dialog::PlanOut;
use crate::widgets::sidebar::Sidebar;
use crate::window::{self, Window};
use crate::{actions, containerfile, dialogs, first_run, layers, review, style};

/// What the window is told or asked.
#[derive(Debug)]
pub enum AppMsg {
    Reply(Reply),
    /// Goes to a page.
    Show(&'static str),
    Drift(DriftOut),
    Overview(OverviewOut),
    Plan(PlanOut),
    Permissions(PermissionsOut),
    Containerfile(ContainerfileOut),
    FirstRun(FirstRunOut),
    Repository(Act),
    /// The person wants a job done all the same.
    Do(Box<Job>),
    /// Wishes to make true at once, on the sides that `reach` names; `local` is the command line of [`Reach::System`].
    Edit {
        wishes: Vec<Wish>,
        reach: Reach,
        local: Option<String>,
    },
    /// A wish cannot be met, for which there is no row to say it at.
    CannotBeSet(String),
    /// The person has used the toast's or a page's button to take an operation back.
    Undo(Option<u64>),
    Redo,
    Refresh,
    /// Something outside has changed.
    Changed(BTreeSet<Touched>),
    Search,
    SelectAll,
    /// Goes to every installed setting.
    AllSettings,
    /// Reads them again.
    ReadSettings,
    Preferences,
    Shortcuts,
    About,
    /// Goes a way to a repository.
    Begin(Way),
    Use(PathBuf),
    /// The person said yes to the repository, and to what was waiting for that.
    Trusted(PathBuf, Option<(Plan, Purpose)>),
    /// The person said yes to what is lost by a plan.
    Recreate(Plan, Purpose),
    /// The person would rather have these as they are.
    CaptureInstead(Vec<RowKey>),
    ShowInSync(bool),
    Close,
    Closing,
}

/// The model of the window.
pub struct App {
    host: Host,
    root: adw::ApplicationWindow,
    window: Window,
    sidebar: Sidebar,
    settings: Settings,
    pub(crate) backend: Backend,
    abouts: Vec<&'static About>,
    overview: Controller<Overview>,
    drift: Vec<(Page, Controller<DriftPage>)>,
    history: Controller<HistoryPage>,
    log: Controller<LogPage>,
    browser: Controller<Browser>,
    repo: Option<RepoInfo>,
    report: Option<Arc<Report>>,
    rows: Vec<Arc<Row>>,
    current: &'static str,
    watcher: Option<Watcher>,
    flow: Flow,
    editor: Editor,
    containerfile: containerfile::Open,
    first_run: first_run::Open,
    review: review::Open,
    input: Sender<AppMsg>,
}

impl Component for App {
    type Init = Host;
    type Input = AppMsg;
    type Output = ();
    type CommandOutput = ();
    type Root = adw::ApplicationWindow;
    type Widgets = ();

    fn init_root() -> Self::Root {
        adw::ApplicationWindow::builder().build()
    }

    fn init(host: Host, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        relm4::set_global_css(style::CSS);
        let settings = Settings::open();
        let abouts = backend::abouts();
        let pages: Vec<Page> = Page::ALL
            .into_iter()
            .filter(|page| abouts.iter().any(|about| about.page == *page))
            .collect();
        let mut entries = vec![("overview", gettext("Overview"), "view-grid-symbolic")];
        entries.extend(pages.iter().map(|page| (page.name(), page.title(), page.icon())));
        entries.push(("history", gettext("History"), "document-open-recent-symbolic"));
        entries.push(("log", gettext("Command Log"), "view-list-bullet-symbolic"));
        let names: Vec<&'static str> = entries.iter().map(|(name, ..)| *name).collect();

        let input = sender.input_sender().clone();
        // The window may be closing: nobody is left to hear of it then.
        let sidebar = Sidebar::new(entries, &["history"], move |name| {
            drop(input.send(AppMsg::Show(name)));
        });
        let flow = Flow::default();
        let window = window::build(&root, &sidebar, &settings, flow.busy(), sender.input_sender());
        actions::add(&root, &names, sender.input_sender());

        let input = sender.input_sender();
        let overview = Overview::builder().launch(abouts.clone()).forward(input, AppMsg::Overview);
        let show_in_sync = settings.bool("show-in-sync");
        let drift: Vec<(Page, Controller<DriftPage>)> = pages
            .into_iter()
            .map(|page| {
                let launched = DriftPage::builder().launch((page, show_in_sync));
                (page, launched.forward(input, AppMsg::Drift))
            })
            .collect();
        let history = HistoryPage::builder()
            .launch(window.nav.clone())
            .forward(input, |number| AppMsg::Undo(Some(number)));
        let editor = Editor::new(host.clone());
        let backend = {
            let input = input.clone();
            Backend::start(host.clone(), move |reply| drop(input.send(AppMsg::Reply(reply))))
        };
        let log = LogPage::builder().launch(backend.clone()).detach();
        let browser = Browser::builder().launch((window.nav.clone(), input.clone())).detach();
        window.nav.add(overview.widget());
        for (_, page) in &drift {
            window.nav.add(page.widget());
        }
        window.nav.add(history.widget());
        window.nav.add(log.widget());
        window.nav.add(browser.widget());

        let last = settings.text("last-page");
        let current = names.iter().find(|name| **name == last).copied().unwrap_or("overview");
        backend.send(Job::Open);
        // GApplication has no window to raise when it is only started as a service.
        let raised = root.downgrade();
        relm4::main_application().connect_activate(move |_| {
            if let Some(window) = raised.upgrade() {
                window.present();
            }
        });
        let mut model = Self {
            host,
            root,
            window,
            sidebar,
            settings,
            backend,
            abouts,
            overview,
            drift,
            history,
            log,
            browser,
            repo: None,
            report: None,
            rows: Vec::new(),
            current: "overview",
            watcher: None,
            flow,
            editor,
            containerfile: None,
            first_run: None,
            review: None,
            input: sender.input_sender().clone(),
        };
        model.show(current);
        ComponentParts { model, widgets: () }
    }

    fn update(&mut self, message: AppMsg, sender: ComponentSender<Self>, _: &Self::Root) {
        match message {
            AppMsg::Reply(reply) => self.reply(reply),
            AppMsg::Show(name) => {
                self.show(name);
                self.window.split.set_show_content(true);
            }
            AppMsg::Drift(out) => self.drift_out(out),
            AppMsg::Overview(out) => self.overview_out(out),
            AppMsg::Plan(out) => self.plan_out(out),
            AppMsg::Permissions(out) => self.permissions_out(out),
            AppMsg::Containerfile(out) => self.containerfile_out(out),
            AppMsg::FirstRun(out) => self.first_run_out(out),
            AppMsg::Repository(act) => self.repository_act(act),
            AppMsg::Do(job) => self.do_job(*job),
            AppMsg::Edit { wishes, reach, local } => {
                self.backend.send(Job::Edit { wishes, reach, local });
            }
            AppMsg::CannotBeSet(why) => {
                dialogs::failure(&self.root, &gettext("That Cannot Be Set"), &why);
            }
            AppMsg::Undo(number) => self.backend.send(Job::Undo(number)),
            AppMsg::Redo => self.backend.send(Job::Redo),
            AppMsg::Refresh => match self.current_drift() {
                Some(page) => page.emit(DriftMsg::Refresh),
                None => self.refresh(),
            },
            AppMsg::Changed(touched) => self.changed(&touched),
            AppMsg::AllSettings => self.browser.emit(BrowserMsg::Show),
            AppMsg::ReadSettings => self.backend.send(Job::Settings(self.report.clone())),
            AppMsg::Search => self.search(),
            AppMsg::SelectAll => self.tell_current(DriftMsg::SelectAll),
            AppMsg::Preferences => {
                let in_sync = self.settings.bool("show-in-sync");
                let repo = self.repo.as_ref().map(|repo| repo.path.clone());
                dialogs::preferences(&self.root, in_sync, repo, sender.input_sender());
            }
            AppMsg::Shortcuts => dialogs::shortcuts(&self.root),
            AppMsg::About => dialogs::about(&self.root, self.repo.as_ref()),
            AppMsg::Begin(way) => self.begin(way),
            AppMsg::Use(root) => self.backend.send(Job::Use(root)),
            AppMsg::Trusted(root, waiting) => {
                self.backend.send(Job::Use(root));
                if let Some((plan, purpose)) = waiting {
                    self.execute(plan, purpose);
                }
            }
            AppMsg::Recreate(plan, purpose) => self.recreate(plan, purpose),
            AppMsg::CaptureInstead(keys) => self.capture_instead(keys),
            AppMsg::ShowInSync(show) => {
                self.settings.set("show-in-sync", show);
                for (_, page) in &self.drift {
                    page.emit(DriftMsg::ShowInSync(show));
                }
            }
            AppMsg::Close => self.root.close(),
            AppMsg::Closing => self.flow.close(),
        }
    }
}

impl App {
    pub(crate) fn root(&self) -> &adw::ApplicationWindow {
        &self.root
    }

    pub(crate) fn flow(&mut self) -> &mut Flow {
        &mut self.flow
    }

    pub(crate) fn editor(&mut self) -> &mut Editor {
        &mut self.editor
    }

    pub(crate) fn containerfile(&mut self) -> &mut containerfile::Open {
        &mut self.containerfile
    }

    pub(crate) fn first_run(&mut self) -> &mut first_run::Open {
        &mut self.first_run
    }

    pub(crate) fn review(&mut self) -> &mut review::Open {
        &mut self.review
    }

    pub(crate) fn tell_overview(&self, message: OverviewMsg) {
        self.overview.emit(message);
    }

    pub(crate) fn nav(&self) -> &adw::NavigationView {
        &self.window.nav
    }

    pub(crate) fn input(&self) -> &Sender<AppMsg> {
        &self.input
    }

    pub(crate) fn report(&self) -> Option<Arc<Report>> {
        self.report.clone()
    }

    pub(crate) fn repo(&self) -> Option<&RepoInfo> {
        self.repo.as_ref()
    }

    pub(crate) fn toast(&self, toast: adw::Toast) {
        // Titles hold names from outside.
        toast.set_use_markup(false);
        self.window.toasts.add_toast(toast);
    }

    /// Reads everything again; opens the repository first where there was none.
    pub(crate) fn refresh(&self) {
        self.backend.send(match self.repo {
            Some(_) => Job::Survey(BTreeSet::new()),
            None => Job::Open,
        });
        self.backend.send(Job::History);
        self.read_repository();
    }

    /// Reads again what others have changed, and nothing else.
    fn changed(&mut self, touched: &BTreeSet<Touched>) {
        let only: BTreeSet<SubsystemId> = touched
            .iter()
            .filter_map(|touched| match touched {
                Touched::Subsystem(id) => Some(id.clone()),
                _ => None,
            })
            .collect();
        if touched.contains(&Touched::Everything) {
            self.backend.send(Job::Survey(BTreeSet::new()));
        } else if !only.is_empty() {
            self.backend.send(Job::Survey(only));
        }
        if touched.contains(&Touched::Containerfile) {
            self.read_containerfile();
        }
        if touched.contains(&Touched::Repository) {
            self.read_repository();
        }
        if touched.contains(&Touched::History) {
            self.backend.send(Job::History);
        }
    }

    fn show(&mut self, name: &'static str) {
        self.current = name;
        self.window.nav.replace_with_tags(&[name]);
        self.sidebar.select(name);
        if let Some(page) = self.window.nav.visible_page() {
            self.window.content.set_title(&page.title());
        }
        self.settings.set("last-page", name);
        match name {
            "log" => self.log.emit(LogMsg::Refresh),
            "history" => self.backend.send(Job::History),
            _ => (),
        }
    }

    fn current_drift(&self) -> Option<&Controller<DriftPage>> {
        self.drift.iter().find(|(page, _)| page.name() == self.current).map(|(_, page)| page)
    }

    /// Opens the search of the page that is shown. One that lies over the list has its own, or none.
    fn search(&mut self) {
        if self.search_permissions() {
            return;
        }
        match self.window.nav.visible_page_tag().is_none_or(|tag| tag != self.current) {
            true => self.browser.emit(BrowserMsg::Search),
            false => self.tell_current(DriftMsg::Search),
        }
    }

    fn tell_current(&self, message: DriftMsg) {
        if let Some(page) = self.current_drift() {
            page.emit(message);
        }
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Opened(repo) => self.opened(repo),
            Reply::NoRepository => {
                self.overview.emit(OverviewMsg::NoRepository);
                self.show("overview");
                self.window.split.set_show_content(true);
            }
            Reply::BadRepository(why) => match &self.repo {
                // The one in use stays in use.
                Some(_) => dialogs::failure(&self.root, &gettext("Not a Repository"), &why),
                None => {
                    self.overview.emit(OverviewMsg::BadRepository(why));
                    self.show("overview");
                    self.window.split.set_show_content(true);
                }
            },
            Reply::FirstRun(news) => self.first_run_news(news),
            Reply::Surveyed(report, read) => self.surveyed(report, &read),
            Reply::SurveyFailed(why) => {
                self.overview.emit(OverviewMsg::Failed(why.clone()));
                for (page, controller) in &self.drift {
                    controller.emit(DriftMsg::Failed(why.clone()));
                    self.sidebar.set_count(page.name(), 0, true);
                }
                // It is made of the same manifests, and no longer says what they say.
                self.read_containerfile();
            }
            Reply::Settings(Ok(read)) => self.browser.emit(BrowserMsg::Read(read)),
            Reply::Settings(Err(why)) => self.browser.emit(BrowserMsg::Failed(why)),
            Reply::Permissions(data) => self.permissions_read(data),
            Reply::Containerfile(read) => self.containerfile_read(read),
            Reply::Standing(read) => self.overview.emit(OverviewMsg::Standing(read)),
            Reply::Review(read) => self.tell_review(ReviewMsg::Read(read)),
            Reply::Repository(answer) => {
                self.repository_answer(answer);
                self.log.emit(LogMsg::Refresh);
            }
            Reply::Ask(question) => self.ask(*question),
            Reply::History(operations) => self.history.emit(HistoryMsg::Operations(operations)),
            reply => {
                let input = self.input.clone();
                self.plan_reply(reply, &input);
                self.log.emit(LogMsg::Refresh);
            }
        }
    }

    fn opened(&mut self, repo: RepoInfo) {
        self.overview.emit(OverviewMsg::Repository(repo.clone()));
        let input = self.input.clone();
        self.watcher = Some(Watcher::new(&self.host, &repo.watches, move |touched| {
            drop(input.send(AppMsg::Changed(touched)));
        }));
        self.repo = Some(repo);
        self.refresh();
    }

    /// Shows a report; pages of which nothing was `read` again stay as they are.
    fn surveyed(&mut self, report: Arc<Report>, read: &BTreeSet<SubsystemId>) {
        self.overview.emit(OverviewMsg::Report(report.clone()));
        let before = std::mem::take(&mut self.rows);
        for (page, controller) in &self.drift {
            let on_page = |about: &About| about.page == *page && read.contains(&about.id);
            if !read.is_empty() && !self.abouts.iter().any(|about| on_page(about)) {
                let there = |row: &&Arc<Row>| page_of(&self.abouts, &row.key) == Some(*page);
                self.rows.extend(before.iter().filter(there).cloned());
                continue;
            }
            let data = Arc::new(PageData::new(&self.abouts, *page, &report));
            self.sidebar.set_count(page.name(), data.differences(), data.failed());
            self.rows.extend(data.rows.iter().cloned());
            controller.emit(DriftMsg::Data(data));
        }
        self.report = Some(report);
        self.update_detail(&before);
        let again = |id: &SubsystemId| read.is_empty() || read.contains(id);
        if again(&bucket::subsystem::gsettings::ID) {
            self.browser.emit(BrowserMsg::Rows(self.rows.clone()));
        }
        if again(&crate::permissions::APPS) {
            self.read_permissions();
        }
        self.read_containerfile();
    }

    /// Brings an open detail page up to date, and leaves it where its item is gone. One that says the same stays,
    /// with its focus and scroll position.
    fn update_detail(&self, before: &[Arc<Row>]) {
        let Some(page) = self.window.nav.visible_page() else { return };
        let Some(key) = detail::key_of(&page) else { return };
        match self.row(&key) {
            Some(row) if before.contains(row) => (),
            Some(row) => detail::fill_page(&page, row, &self.input),
            None => drop(self.window.nav.pop()),
        }
    }

    /// Shows what is in force again, where an edit was not done.
    pub(crate) fn put_back(&mut self, changes: &[Change]) {
        let settings = changes.iter().filter(|c| c.subsystem == bucket::subsystem::gsettings::ID);
        let items: Vec<ItemKey> = settings.map(|change| change.item.clone()).collect();
        if !items.is_empty() {
            self.browser.emit(BrowserMsg::NotDone(items));
        }
        self.read_permissions();
    }

    /// Says why a wish cannot be met at the row where it was made, if that is here.
    pub(crate) fn refuse_at_row(&self, subsystem: &SubsystemId, item: &ItemKey, why: &str) -> bool {
        let ours = *subsystem == bucket::subsystem::gsettings::ID;
        if ours {
            self.browser.emit(BrowserMsg::Refused(item.clone(), why.to_owned()));
        }
        ours
    }

    fn row(&self, key: &RowKey) -> Option<&Arc<Row>> {
        self.rows.iter().find(|row| row.key == *key)
    }

    fn drift_out(&mut self, out: DriftOut) {
        match out {
            DriftOut::Refresh => self.refresh(),
            DriftOut::Explain { title, text } => dialogs::failure(&self.root, &title, &text),
            DriftOut::Resolve(keys, verb) => self.resolve(keys, verb, None),
            DriftOut::Now(keys) => self.plan(keys, Verb::Apply, None, true),
            DriftOut::Containerfile => self.open_containerfile(),
            DriftOut::Field(key, verb, field) => self.resolve(vec![key], verb, Some(vec![field])),
            DriftOut::Act(key, act) => self.act(key, act),
            DriftOut::Remedy(remedy) => self.set_right(remedy),
            DriftOut::Permissions => self.open_permissions(),
        }
    }

    /// Does what a notice offers, on this machine; a manifest that says otherwise is changed too, or it would be
    /// applied again.
    fn set_right(&mut self, remedy: Remedy) {
        let Remedy { subsystem, item, set, command, .. } = remedy;
        let known = self.report.as_ref().and_then(|report| report.item(&subsystem, &item));
        let (reach, local) = match known.is_some_and(|item| item.wanted.is_some()) {
            true => (Reach::Both, None),
            false => (Reach::System, Some(command)),
        };
        let edit = set.map_or(Edit::Remove, Edit::put);
        let wishes = vec![Wish { subsystem, item, edit }];
        self.backend.send(Job::Edit { wishes, reach, local });
    }

    pub(crate) fn resolve(&mut self, keys: Vec<RowKey>, verb: Verb, fields: Option<Vec<String>>) {
        self.plan(keys, verb, fields, false);
    }

    /// Plans a verb for some items; `now` takes what the next image brings too.
    fn plan(&mut self, keys: Vec<RowKey>, verb: Verb, fields: Option<Vec<String>>, now: bool) {
        let Some(report) = self.report.clone() else { return };
        // What one item costs is shown before anything is done; among others it waits for a tick.
        let losses = keys.len() == 1;
        let picks = keys.into_iter().map(|key| Pick {
            subsystem: key.subsystem,
            item: key.item,
            fields: fields.clone(),
            verb,
        });
        let purpose = if verb == Verb::Capture { Purpose::Capture } else { Purpose::Apply };
        let request = Request { now, losses, ..Request::picks(picks.collect()) };
        self.backend.send(Job::Plan { report, request, purpose });
    }

    fn act(&mut self, key: RowKey, act: RowAct) {
        let (Some(row), Some(report)) = (self.row(&key).cloned(), self.report.clone()) else {
            return;
        };
        match act {
            RowAct::SkipUntilChanged => self.backend.send(Job::SkipUntilChanged { report, key }),
            RowAct::Ignore => self.backend.send(Job::Ignore(key)),
            RowAct::Details => {
                let page = detail::new_page(&key);
                detail::fill_page(&page, &row, &self.input);
                self.window.nav.push(&page);
            }
            RowAct::CopyCommand => {
                self.root.clipboard().set_text(&row.command());
                self.toast(adw::Toast::new(&gettext("Command copied")));
            }
            RowAct::ShowInManifest => {
                let about = self.abouts.iter().find(|about| about.id == key.subsystem);
                let path = about.and_then(|about| backend::manifest_path(&report, about, &key));
                if let Some(path) = path {
                    dialogs::show_file(&self.root, &path);
                }
            }
            RowAct::Layer => {
                if let Some(here) = layers::moves(&row.item) {
                    self.backend.send(Job::Move { key, here, force: false });
                }
            }
            RowAct::Permissions => self.open_permissions_of(&key.item),
            RowAct::Capture => self.resolve(vec![key], Verb::Capture, None),
            RowAct::Apply => self.resolve(vec![key], Verb::Apply, None),
            RowAct::ApplyNow => self.plan(vec![key], Verb::Apply, None, true),
            // A page does this by itself.
            RowAct::Skip => (),
        }
    }

    fn overview_out(&mut self, out: OverviewOut) {
        match out {
            OverviewOut::Begin(way) => self.begin(way),
            OverviewOut::Repository(act) => self.repository_act(act),
            OverviewOut::Retry => self.refresh(),
            OverviewOut::Open(page) => self.input.emit(AppMsg::Show(page.name())),
            OverviewOut::Trust => {
                if let Some(repo) = &self.repo {
                    dialogs::trust(&self.root, repo, None, &self.input);
                }
            }
            OverviewOut::All(verb) => {
                let Some(report) = self.report.clone() else { return };
                let request = Request::all(verb);
                self.backend.send(Job::Plan { report, request, purpose: Purpose::Apply });
            }
        }
    }
}

fn page_of(abouts: &[&'static About], key: &RowKey) -> Option<Page> {
    abouts.iter().find(|about| about.id == key.subsystem).map(|about| about.page)
}
