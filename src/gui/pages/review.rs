//! Review & Commit: what is not committed by its meaning, then file by file; a message; and the buttons that commit it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bucket::engine::{Commit, FileReview};
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::{Sender, adw, gtk};

use crate::repository::{Act, Doing};
use crate::review::{COLUMNS, Data, Read};
use crate::standing;
use crate::widgets::review_files::FileRows;
use crate::widgets::{button_bar, loading, set_name};

/// The page's tag.
pub const TAG: &str = "review";

/// What the page is told.
#[derive(Debug)]
pub enum ReviewMsg {
    /// What is not committed, or why that is not known.
    Read(Read),
    /// The person ticked or unticked a file.
    Tick(PathBuf, bool),
    /// What the message says now.
    Typed(String),
    /// The person wants to commit; and to push after it.
    Commit { push: bool },
    /// The person wants to ask for what is ticked.
    Propose,
    /// What goes on; nothing.
    Doing(Option<Doing>),
    /// What was ticked is committed: the message is not needed any more.
    Committed,
}

/// The page's model.
#[derive(Default)]
pub struct ReviewPage {
    read: Option<Read>,
    /// What the person ticked and unticked.
    ticks: BTreeMap<PathBuf, bool>,
    message: String,
    /// The message that was made of what is ticked, last.
    made: String,
    doing: Option<Doing>,
    /// The list has to be built anew.
    stale: bool,
    /// The message on show is not the one of the model.
    put_message: bool,
}

/// The page's widgets.
pub struct ReviewWidgets {
    title: adw::WindowTitle,
    banner: adw::Banner,
    stack: gtk::Stack,
    failed: adw::StatusPage,
    list: adw::PreferencesPage,
    groups: Vec<adw::PreferencesGroup>,
    /// Each change's row, with the files that it is in and what else is said of it.
    changes: Vec<(adw::ActionRow, Vec<PathBuf>, Vec<String>)>,
    files: FileRows,
    message_group: adw::PreferencesGroup,
    buffer: gtk::TextBuffer,
    text: gtk::TextView,
    long: gtk::Label,
    toolbar: adw::ToolbarView,
    bar: gtk::Stack,
    doing: gtk::Label,
    commit: gtk::Button,
    push: gtk::Button,
    propose: gtk::Button,
}

impl SimpleComponent for ReviewPage {
    type Init = ();
    type Input = ReviewMsg;
    type Output = Act;
    type Root = adw::NavigationPage;
    type Widgets = ReviewWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("Review & Commit")).tag(TAG).build()
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let widgets = build(&root, &sender);
        ComponentParts { model: Self::default(), widgets }
    }

    fn update(&mut self, message: ReviewMsg, sender: ComponentSender<Self>) {
        self.stale = false;
        self.put_message = false;
        match message {
            ReviewMsg::Read(read) => {
                // What says the same stays, with what is unfolded and how far it is scrolled.
                self.stale = self.read.as_ref() != Some(&read);
                self.read = Some(read);
                self.make_message();
            }
            ReviewMsg::Tick(path, ticked) => {
                self.ticks.insert(path, ticked);
                self.make_message();
            }
            ReviewMsg::Typed(text) => self.message = text,
            ReviewMsg::Commit { push } => {
                if self.ready() {
                    let commit = Commit {
                        paths: self.paths(),
                        message: self.message.clone(),
                        ..Commit::default()
                    };
                    // The window may be closing: nobody is left to hear of it then.
                    drop(sender.output(Act::Commit { commit, push }));
                }
            }
            ReviewMsg::Propose => drop(sender.output(Act::Propose(self.paths()))),
            ReviewMsg::Doing(doing) => self.doing = doing,
            ReviewMsg::Committed => {
                self.ticks.clear();
                self.message.clear();
                self.make_message();
                self.put_message = true;
            }
        }
    }

    fn update_view(&self, widgets: &mut ReviewWidgets, sender: ComponentSender<Self>) {
        if self.stale {
            self.rebuild(widgets, &sender);
        }
        if self.put_message {
            widgets.buffer.set_text(&self.message);
        }
        if let Some(data) = self.data() {
            let paths = self.paths();
            for (row, files, notes) in &widgets.changes {
                let left = !files.iter().any(|file| paths.contains(file));
                let left_out = left.then(|| gettext("Left out")).filter(|_| !files.is_empty());
                let said: Vec<&str> = notes.iter().chain(&left_out).map(String::as_str).collect();
                row.set_subtitle(&said.join(" · "));
                match left {
                    true => row.add_css_class("dimmed"),
                    false => row.remove_css_class("dimmed"),
                }
            }
            widgets.push.set_visible(data.can_push());
            widgets.propose.set_visible(data.can_push());
            // A request is of items of manifests, and of what comes with them.
            let some = data.review.changes_in(&paths).next().is_some();
            widgets.propose.set_sensitive(some && self.doing.is_none());
        }
        let first = self.message.lines().next().unwrap_or_default().chars().count();
        widgets.long.set_visible(first > COLUMNS);
        let text = gettext("The first line has {n} characters. Lists of commits show 72.");
        widgets.long.set_text(&fill(&text, &[("n", &first.to_string())]));
        for button in [&widgets.commit, &widgets.push] {
            button.set_sensitive(self.ready());
        }
        widgets.files.set_sensitive(self.doing.is_none());
        widgets.text.set_editable(self.doing.is_none());
        match self.doing {
            Some(doing) => {
                widgets.doing.set_text(&doing.words());
                widgets.bar.set_visible_child_name("doing");
            }
            None => widgets.bar.set_visible_child_name("buttons"),
        }
    }
}

impl ReviewPage {
    fn data(&self) -> Option<&Arc<Data>> {
        self.read.as_ref()?.as_ref().ok()
    }

    fn is_ticked(&self, file: &FileReview) -> bool {
        file.can_commit() && self.ticks.get(&file.path).copied().unwrap_or(file.by_default())
    }

    /// What would be committed.
    fn paths(&self) -> Vec<PathBuf> {
        let files = self.data().into_iter().flat_map(|data| &data.review.files);
        files.filter(|file| self.is_ticked(file)).map(|file| file.path.clone()).collect()
    }

    fn ready(&self) -> bool {
        let can = self.data().is_some_and(|data| data.can_commit());
        can && self.doing.is_none() && !self.message.trim().is_empty() && !self.paths().is_empty()
    }

    /// Makes the message that goes with what is ticked. One that the person has written stays.
    fn make_message(&mut self) {
        let Some(data) = self.data() else { return };
        let made = data.review.message_for(&self.paths());
        let own = self.message.trim() != self.made.trim() && !self.message.trim().is_empty();
        self.made = made;
        if !own && self.message.trim() != self.made.trim() {
            self.message = self.made.trim_end().to_owned();
            self.put_message = true;
        }
    }

    fn rebuild(&self, widgets: &mut ReviewWidgets, sender: &ComponentSender<Self>) {
        let Some(read) = &self.read else { return };
        for group in widgets.groups.drain(..) {
            widgets.list.remove(&group);
        }
        widgets.list.remove(&widgets.message_group);
        widgets.changes.clear();
        let shown = match read {
            Err(why) => {
                widgets.failed.set_description(Some(&glib::markup_escape_text(why)));
                "failed"
            }
            Ok(data) if data.review.is_empty() => "empty",
            Ok(data) => {
                self.fill(widgets, data, sender);
                "list"
            }
        };
        if let Ok(data) = read {
            let trouble = standing::trouble(&data.review.checkout);
            widgets.banner.set_title(&trouble.as_ref().map_or_else(String::new, |(what, text)| {
                fill(&gettext("{what}. {text}"), &[("what", what), ("text", text)])
            }));
            widgets.banner.set_revealed(trouble.is_some());
            widgets.title.set_subtitle(data.review.checkout.branch().unwrap_or_default());
        }
        widgets.stack.set_visible_child_name(shown);
        widgets.toolbar.set_reveal_bottom_bars(shown == "list");
    }

    fn fill(&self, widgets: &mut ReviewWidgets, data: &Data, sender: &ComponentSender<Self>) {
        for section in &data.sections {
            // A group's title is markup.
            let title = glib::markup_escape_text(&section.title);
            let group = adw::PreferencesGroup::builder().title(title).build();
            for change in &section.changes {
                let row = adw::ActionRow::builder().use_markup(false).title(&change.line).build();
                let (sign, word) = &change.sign;
                let mark = gtk::Label::builder().label(*sign).width_chars(2).build();
                mark.add_css_class("drift-symbol");
                mark.set_tooltip_text(Some(word));
                set_name(&mark, word);
                row.add_prefix(&mark);
                group.add(&row);
                widgets.changes.push((row, change.files.clone(), change.notes.clone()));
            }
            widgets.groups.push(group);
        }
        if !data.review.problems.is_empty() {
            let title = gettext("Could Not Be Read");
            let group = adw::PreferencesGroup::builder().title(title).build();
            for problem in &data.review.problems {
                let row = adw::ActionRow::builder().use_markup(false).title(problem).build();
                row.set_title_selectable(true);
                row.add_prefix(&gtk::Image::from_icon_name("dialog-error-symbolic"));
                group.add(&row);
            }
            widgets.groups.push(group);
        }
        let (ours, others): (Vec<&FileReview>, Vec<&FileReview>) =
            data.review.files.iter().partition(|file| file.ours);
        let files = gettext("Files");
        let other = (
            gettext("Other Files"),
            gettext(
                "Bucket neither reads nor writes these. They are committed only if you tick them.",
            ),
        );
        widgets.files.clear();
        for (title, about, files) in [(files, String::new(), ours), (other.0, other.1, others)] {
            if files.is_empty() {
                continue;
            }
            let group = adw::PreferencesGroup::builder().title(title).description(about).build();
            for file in files {
                let input = sender.input_sender().clone();
                let path = file.path.clone();
                let row = widgets.files.row(file, self.is_ticked(file), move |ticked| {
                    // The page may be closing: nobody is left to hear of it then.
                    drop(input.send(ReviewMsg::Tick(path.clone(), ticked)));
                });
                group.add(&row);
            }
            widgets.groups.push(group);
        }
        for group in &widgets.groups {
            widgets.list.add(group);
        }
        widgets.list.add(&widgets.message_group);
    }
}

fn build(root: &adw::NavigationPage, sender: &ComponentSender<ReviewPage>) -> ReviewWidgets {
    let title = adw::WindowTitle::new(&gettext("Review & Commit"), "");
    let header = adw::HeaderBar::builder().title_widget(&title).build();
    let banner = adw::Banner::new("");
    let failed = adw::StatusPage::builder()
        .icon_name("dialog-error-symbolic")
        .title(gettext("What Changed Is Not Known"))
        .child(&retry(sender.output_sender()))
        .build();
    let empty = adw::StatusPage::builder()
        .icon_name("object-select-symbolic")
        .title(gettext("Nothing to Commit"))
        .description(gettext("Everything is committed."))
        .build();
    let list = adw::PreferencesPage::new();
    let (message_group, text, long) = message(sender.input_sender());
    list.add(&message_group);
    let stack = gtk::Stack::new();
    stack.set_vhomogeneous(false);
    stack.add_named(&loading(), Some("loading"));
    stack.add_named(&failed, Some("failed"));
    stack.add_named(&empty, Some("empty"));
    stack.add_named(&list, Some("list"));

    let button = |label: &str, tooltip: &str, message: fn() -> ReviewMsg| {
        let button = gtk::Button::with_mnemonic(label);
        button.set_can_shrink(true);
        button.set_tooltip_text(Some(tooltip));
        let input = sender.input_sender().clone();
        button.connect_clicked(move |_| drop(input.send(message())));
        button
    };
    let propose = button(
        &gettext("Open Pull _Request"),
        &gettext(
            "Ask for the ticked changes of manifests on a branch of their own; nothing is committed here",
        ),
        || ReviewMsg::Propose,
    );
    let push = button(
        &gettext("Commit & _Push"),
        &gettext("Commit what is ticked, and send it to the remote"),
        || ReviewMsg::Commit { push: true },
    );
    let commit =
        button(&gettext("_Commit"), &gettext("Commit what is ticked (Ctrl+Return)"), || {
            ReviewMsg::Commit { push: false }
        });
    commit.add_css_class("suggested-action");
    let buttons = button_bar(&[propose.upcast_ref(), push.upcast_ref(), commit.upcast_ref()]);
    let (doing_bar, doing) = doing_bar(sender.output_sender());
    let bar = gtk::Stack::new();
    bar.set_vhomogeneous(false);
    bar.add_named(&buttons, Some("buttons"));
    bar.add_named(&doing_bar, Some("doing"));

    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&header);
    toolbar.add_top_bar(&banner);
    toolbar.add_bottom_bar(&bar);
    toolbar.set_reveal_bottom_bars(false);
    toolbar.add_controller(commit_key(sender.input_sender()));
    root.set_child(Some(&toolbar));
    ReviewWidgets {
        title,
        banner,
        stack,
        failed,
        list,
        groups: Vec::new(),
        changes: Vec::new(),
        files: FileRows::default(),
        message_group,
        buffer: text.buffer(),
        text,
        long,
        toolbar,
        bar,
        doing,
        commit,
        push,
        propose,
    }
}

fn retry(output: &Sender<Act>) -> gtk::Button {
    let retry = gtk::Button::builder().label(gettext("Retry")).halign(gtk::Align::Center).build();
    retry.add_css_class("pill");
    let output = output.clone();
    retry.connect_clicked(move |_| drop(output.send(Act::Read)));
    retry
}

/// Ctrl+Return, also while the message is written, where Return alone begins a line.
fn commit_key(input: &Sender<ReviewMsg>) -> gtk::ShortcutController {
    let keys = gtk::ShortcutController::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    for name in ["<Control>Return", "<Control>KP_Enter"] {
        let input = input.clone();
        let action = gtk::CallbackAction::new(move |_, _| {
            drop(input.send(ReviewMsg::Commit { push: false }));
            glib::Propagation::Stop
        });
        let trigger = gtk::ShortcutTrigger::parse_string(name);
        keys.add_shortcut(gtk::Shortcut::new(trigger, Some(action)));
    }
    keys
}

/// The editor of the message, and a word on a first line that is too long.
fn message(input: &Sender<ReviewMsg>) -> (adw::PreferencesGroup, gtk::TextView, gtk::Label) {
    let text = gtk::TextView::builder()
        .monospace(true)
        .accepts_tab(false)
        .wrap_mode(gtk::WrapMode::WordChar)
        .left_margin(12)
        .right_margin(12)
        .top_margin(12)
        .bottom_margin(12)
        .build();
    set_name(&text, &gettext("Message"));
    let input = input.clone();
    text.buffer().connect_changed(move |buffer| {
        let (start, end) = buffer.bounds();
        let text = buffer.text(&start, &end, false).to_string();
        drop(input.send(ReviewMsg::Typed(text)));
    });
    let scrolled = gtk::ScrolledWindow::builder()
        .hscrollbar_policy(gtk::PolicyType::Never)
        .min_content_height(120)
        .max_content_height(320)
        .propagate_natural_height(true)
        .child(&text)
        .build();
    scrolled.add_css_class("card");
    scrolled.add_css_class("message");
    let long = crate::widgets::label(&["caption", "dimmed"]);
    long.set_wrap(true);
    long.set_ellipsize(gtk::pango::EllipsizeMode::None);
    long.set_margin_top(6);
    long.set_visible(false);
    let group = adw::PreferencesGroup::builder().title(gettext("Message")).build();
    group.add(&scrolled);
    group.add(&long);
    (group, text, long)
}

/// What goes on, and the button that stops it.
fn doing_bar(output: &Sender<Act>) -> (gtk::Box, gtk::Label) {
    let doing = crate::widgets::label(&[]);
    doing.set_hexpand(true);
    let cancel = gtk::Button::builder().label(gettext("Cancel")).can_shrink(true).build();
    let output = output.clone();
    cancel.connect_clicked(move |_| drop(output.send(Act::Cancel)));
    let bar = gtk::Box::new(gtk::Orientation::Horizontal, 12);
    bar.add_css_class("toolbar");
    bar.append(&adw::Spinner::new());
    bar.append(&doing);
    bar.append(&cancel);
    (bar, doing)
}
