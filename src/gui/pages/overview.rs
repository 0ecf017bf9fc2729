//! The first page: the repository, and how each subsystem stands. Without a repository, a welcome.

use std::path::PathBuf;
use std::sync::Arc;

use bucket::core::report::Report;
use bucket::engine::Verb;
use bucket::subsystem::{About, Page};
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::{adw, gtk};

use super::local_time;
use crate::backend::RepoInfo;
use crate::first_run::Way;
use crate::model::{elsewhere, row_name, trouble};
use crate::repository::{self, Act, Doing};
use crate::standing::Shown;
use crate::widgets::repository_group::RepositoryGroup;
use crate::widgets::set_name;

/// What the page is told.
#[derive(Debug)]
pub enum OverviewMsg {
    Repository(RepoInfo),
    NoRepository,
    BadRepository(String),
    /// The repository here was just made, and knows nothing of this machine.
    New(PathBuf),
    /// The banner's button was pressed.
    Banner,
    Report(Arc<Report>),
    Failed(String),
    /// How the repository stands, or why that is not known.
    Standing(repository::Read),
    /// What goes on in it; nothing.
    Doing(Option<Doing>),
}

/// What the page asks of the window.
#[derive(Clone, Debug)]
pub enum OverviewOut {
    Begin(Way),
    /// The person says yes to the repository that is shown.
    Trust,
    Retry,
    Open(Page),
    All(Verb),
    Repository(Act),
}

enum State {
    Loading,
    Welcome,
    Bad(String),
    Repository,
}

/// The page's model.
pub struct Overview {
    abouts: Vec<&'static About>,
    state: State,
    repo: Option<RepoInfo>,
    report: Option<Arc<Report>>,
    failure: Option<String>,
    standing: Option<repository::Read>,
    doing: Option<Doing>,
    /// The repository that was just made, until something of this machine is captured into it.
    new: Option<New>,
}

/// A repository that was just made.
struct New {
    root: PathBuf,
    /// How many items its manifests had, once that is known.
    wanted: Option<usize>,
}

/// The page's widgets.
pub struct OverviewWidgets {
    stack: gtk::Stack,
    bad: adw::StatusPage,
    banner: adw::Banner,
    repository: RepositoryGroup,
    group: adw::PreferencesGroup,
    rows: Vec<(adw::ActionRow, gtk::Label)>,
    actions: gtk::Widget,
}

impl SimpleComponent for Overview {
    type Init = Vec<&'static About>;
    type Input = OverviewMsg;
    type Output = OverviewOut;
    type Root = adw::NavigationPage;
    type Widgets = OverviewWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("Overview")).tag("overview").build()
    }

    fn init(
        abouts: Self::Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let widgets = build(&root, &abouts, &sender);
        let state = State::Loading;
        let model = Self {
            abouts,
            state,
            repo: None,
            report: None,
            failure: None,
            standing: None,
            doing: None,
            new: None,
        };
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: OverviewMsg, sender: ComponentSender<Self>) {
        match message {
            OverviewMsg::Repository(repo) => {
                // What another one said is not so here.
                self.standing = None;
                self.repo = Some(repo);
                self.state = State::Repository;
            }
            OverviewMsg::NoRepository => self.state = State::Welcome,
            OverviewMsg::BadRepository(why) => self.state = State::Bad(why),
            OverviewMsg::New(root) => self.new = Some(New { root, wanted: None }),
            OverviewMsg::Banner => {
                let out = match self.banner() {
                    Some(Banner::Untrusted) => OverviewOut::Trust,
                    Some(Banner::New) => OverviewOut::All(Verb::Capture),
                    None => return,
                };
                // The window may be closing: nobody is left to hear of it then.
                drop(sender.output(out));
            }
            OverviewMsg::Report(report) => {
                self.failure = None;
                let here = self.repo.as_ref().map(|repo| &repo.root);
                if let Some(new) = self.new.as_mut().filter(|new| here == Some(&new.root)) {
                    let now = wanted(&report);
                    // Somebody has begun: what is left is a difference like any other.
                    if new.wanted.replace(now).is_some_and(|before| before != now) {
                        self.new = None;
                    }
                }
                self.report = Some(report);
            }
            OverviewMsg::Failed(why) => self.failure = Some(why),
            OverviewMsg::Standing(read) => self.standing = Some(read),
            OverviewMsg::Doing(doing) => self.doing = doing,
        }
    }

    fn update_view(&self, widgets: &mut OverviewWidgets, _: ComponentSender<Self>) {
        widgets.stack.set_visible_child_name(match &self.state {
            State::Loading => "loading",
            State::Welcome => "welcome",
            State::Bad(why) => {
                widgets.bad.set_description(Some(&glib::markup_escape_text(why)));
                "bad"
            }
            State::Repository => "repository",
        });
        if let Some(repo) = &self.repo {
            widgets.repository.set_place(&repo.path);
            let branch = repo.branch.as_deref();
            let shown = match &self.standing {
                Some(Ok(standing)) => Shown::new(standing, branch),
                Some(Err(why)) => Shown::unknown(why, branch),
                None => Shown::unread(branch),
            };
            widgets.repository.show(&shown, self.doing);
        }
        let banner = self.banner();
        if let Some(banner) = banner {
            let (title, button) = banner.words();
            widgets.banner.set_title(&title);
            widgets.banner.set_button_label(Some(&button));
        }
        widgets.banner.set_revealed(banner.is_some());
        if let Some(report) = &self.report {
            let time = local_time(&report.checked_at, "%H:%M");
            let text = fill(&gettext("Checked at {time}"), &[("time", &time)]);
            widgets.group.set_description(Some(&text));
            for (about, (row, count)) in self.abouts.iter().zip(&widgets.rows) {
                let (text, drifted, failed) = summary(about, report);
                row.set_subtitle(&text);
                count.set_text(&drifted.to_string());
                count.set_visible(drifted > 0);
                set_name(row, &row_name(&gettext(about.title), drifted, failed));
            }
            widgets.actions.set_visible(report.drifted() > 0);
        }
        if let Some(why) = &self.failure {
            widgets.group.set_description(Some(&glib::markup_escape_text(why)));
        }
    }
}

/// What is said above everything, with a button to do about it.
#[derive(Clone, Copy)]
enum Banner {
    Untrusted,
    New,
}

impl Banner {
    fn words(self) -> (String, String) {
        match self {
            Self::Untrusted => {
                (gettext("This repository is not in use on this machine yet"), gettext("Use…"))
            }
            Self::New => (
                gettext("The new manifests do not know what this machine has"),
                gettext("Capture All…"),
            ),
        }
    }
}

impl Overview {
    fn banner(&self) -> Option<Banner> {
        let repo = self.repo.as_ref().filter(|_| matches!(self.state, State::Repository))?;
        if !repo.trusted {
            return Some(Banner::Untrusted);
        }
        let new = self.new.as_ref().filter(|new| new.root == repo.root)?;
        let drifted = self.report.as_ref().is_some_and(|report| report.drifted() > 0);
        (drifted && new.wanted.is_some()).then_some(Banner::New)
    }
}

/// How many items the manifests have.
fn wanted(report: &Report) -> usize {
    let items = report.subsystems.iter().flat_map(|subsystem| &subsystem.items);
    items.filter(|item| item.wanted.is_some()).count()
}

/// How a subsystem stands, in words; how many items differ; whether it could not be read.
fn summary(about: &About, report: &Report) -> (String, usize, bool) {
    let Some(subsystem) = report.subsystem(&about.id) else { return (String::new(), 0, false) };
    if let Some(trouble) = trouble(about, subsystem) {
        return (trouble.reason, 0, !trouble.unavailable);
    }
    let drifted = subsystem.drifted().count();
    let comes = subsystem.items.iter().filter(|item| item.comes_with_image()).count();
    let text = match (drifted, elsewhere(subsystem)) {
        (0, Some(why)) => why.to_owned(),
        (0, None) if comes > 0 => {
            let text =
                ngettext("{n} waits for the next image", "{n} wait for the next image", comes);
            fill(&text, &[("n", &comes.to_string())])
        }
        (0, None) => gettext("Everything matches"),
        (n, _) => {
            let text = ngettext("{n} difference", "{n} differences", n);
            fill(&text, &[("n", &n.to_string())])
        }
    };
    (text, drifted, false)
}

fn build(
    root: &adw::NavigationPage,
    abouts: &[&'static About],
    sender: &ComponentSender<Overview>,
) -> OverviewWidgets {
    let on = |out: OverviewOut| {
        let output = sender.output_sender().clone();
        // The window may be closing: nobody is left to hear of it then.
        move || drop(output.send(out.clone()))
    };
    let pill = |text: &str, out: OverviewOut| {
        let button = gtk::Button::with_mnemonic(text);
        button.set_can_shrink(true);
        button.add_css_class("pill");
        let pressed = on(out);
        button.connect_clicked(move |_| pressed());
        button
    };
    let welcome = adw::StatusPage::builder()
        .icon_name(crate::settings::APP_ID)
        .title(gettext("Welcome to Bucket"))
        .description(gettext(
            "Your desktop is kept in a repository of manifests. Nothing is changed by looking at one.",
        ))
        .child(&ways(sender))
        .build();
    let bad_buttons = gtk::Box::new(gtk::Orientation::Vertical, 12);
    bad_buttons.append(&ways(sender));
    let retry = pill(&gettext("_Retry"), OverviewOut::Retry);
    retry.set_halign(gtk::Align::Center);
    bad_buttons.append(&retry);
    let bad = adw::StatusPage::builder()
        .icon_name("dialog-error-symbolic")
        .title(gettext("Repository Cannot Be Used"))
        .child(&bad_buttons)
        .build();

    let output = sender.output_sender().clone();
    let repository = RepositoryGroup::new(move |act| {
        drop(output.send(OverviewOut::Repository(act)));
    });

    let group = adw::PreferencesGroup::builder().title(gettext("This Machine")).build();
    let mut rows = Vec::new();
    for about in abouts {
        let row = adw::ActionRow::builder()
            .use_markup(false)
            .title(gettext(about.title))
            .subtitle(gettext("Reading"))
            .subtitle_lines(2)
            .activatable(true)
            .build();
        row.add_prefix(&gtk::Image::from_icon_name(about.icon));
        let count = gtk::Label::builder().visible(false).valign(gtk::Align::Center).build();
        count.add_css_class("count");
        row.add_suffix(&count);
        row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
        let pressed = on(OverviewOut::Open(about.page));
        row.connect_activated(move |_| pressed());
        group.add(&row);
        rows.push((row, count));
    }

    let actions = adw::WrapBox::builder()
        .child_spacing(12)
        .line_spacing(12)
        .align(0.5)
        .visible(false)
        .build();
    let suggested = pill(&gettext("Take _Suggestions…"), OverviewOut::All(Verb::Suggested));
    suggested.add_css_class("suggested-action");
    suggested.set_tooltip_text(Some(&gettext("Capture or apply, whichever each item suggests")));
    let capture = pill(&gettext("_Capture All…"), OverviewOut::All(Verb::Capture));
    capture.set_tooltip_text(Some(&gettext("Save the system's values to the manifests")));
    let apply = pill(&gettext("_Apply All…"), OverviewOut::All(Verb::Apply));
    apply.set_tooltip_text(Some(&gettext("Change the system to the manifests' values")));
    for button in [&suggested, &capture, &apply] {
        actions.append(button);
    }
    let actions_group = adw::PreferencesGroup::new();
    actions_group.add(&actions);

    let page = adw::PreferencesPage::new();
    page.add(&repository.root);
    page.add(&group);
    page.add(&actions_group);

    let stack = gtk::Stack::new();
    stack.set_vhomogeneous(false);
    stack.add_named(&adw::Bin::new(), Some("loading"));
    stack.add_named(&welcome, Some("welcome"));
    stack.add_named(&bad, Some("bad"));
    stack.add_named(&page, Some("repository"));

    let banner = adw::Banner::new("");
    let input = sender.input_sender().clone();
    banner.connect_button_clicked(move |_| drop(input.send(OverviewMsg::Banner)));
    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&adw::HeaderBar::new());
    toolbar.add_top_bar(&banner);
    root.set_child(Some(&toolbar));
    OverviewWidgets { stack, bad, banner, repository, group, rows, actions: actions.upcast() }
}

/// The ways to a repository, as a list.
fn ways(sender: &ComponentSender<Overview>) -> adw::Clamp {
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
    list.add_css_class("boxed-list");
    for way in Way::ALL {
        let row = adw::ActionRow::builder()
            .use_markup(false)
            .use_underline(true)
            .title(way.title())
            .subtitle(way.subtitle())
            .activatable(true)
            .build();
        row.add_prefix(&gtk::Image::from_icon_name(way.icon()));
        row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
        set_name(&row, &way.title().replace('_', ""));
        let output = sender.output_sender().clone();
        // The window may be closing: nobody is left to hear of it then.
        row.connect_activated(move |_| drop(output.send(OverviewOut::Begin(way))));
        list.append(&row);
    }
    adw::Clamp::builder().maximum_size(440).child(&list).build()
}
