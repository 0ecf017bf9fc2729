//! The commands this process has run, newest first.

use bucket::host::command::LogEntry;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use super::local_time;
use crate::backend::Backend;
use crate::widgets::{code_row, copy_button, set_name};

/// How many commands are listed.
const SHOWN: usize = 60;

/// What the page is told.
#[derive(Debug)]
pub enum LogMsg {
    /// Commands may have run.
    Refresh,
}

/// The page's model.
pub struct LogPage {
    backend: Backend,
    entries: Vec<LogEntry>,
    stale: bool,
}

/// The page's widgets.
pub struct LogWidgets {
    stack: gtk::Stack,
    list: gtk::ListBox,
}

impl SimpleComponent for LogPage {
    type Init = Backend;
    type Input = LogMsg;
    type Output = ();
    type Root = adw::NavigationPage;
    type Widgets = LogWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("Command Log")).tag("log").build()
    }

    fn init(backend: Backend, root: Self::Root, _: ComponentSender<Self>) -> ComponentParts<Self> {
        let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
        list.add_css_class("boxed-list");
        set_name(&list, &gettext("Command Log"));
        let group = adw::PreferencesGroup::new();
        group.add(&list);
        let page = adw::PreferencesPage::new();
        page.add(&group);
        let empty = adw::StatusPage::builder()
            .icon_name("view-list-bullet-symbolic")
            .title(gettext("No Commands Yet"))
            .description(gettext("Programs that Bucket runs for you are listed here"))
            .build();
        let stack = super::list_or_empty(&root, &page, &empty);
        let model = Self { backend, entries: Vec::new(), stale: false };
        ComponentParts { model, widgets: LogWidgets { stack, list } }
    }

    fn update(&mut self, LogMsg::Refresh: LogMsg, _: ComponentSender<Self>) {
        let entries = self.backend.log().entries();
        let ends = |entries: &[LogEntry]| -> Vec<_> {
            entries.iter().map(|entry| (entry.at, entry.outcome.clone())).collect()
        };
        self.stale = ends(&entries) != ends(&self.entries);
        self.entries = entries;
    }

    fn update_view(&self, widgets: &mut LogWidgets, _: ComponentSender<Self>) {
        let name = if self.entries.is_empty() { "empty" } else { "list" };
        widgets.stack.set_visible_child_name(name);
        if self.stale {
            widgets.list.remove_all();
            for entry in self.entries.iter().rev().take(SHOWN) {
                widgets.list.append(&row(entry));
            }
        }
    }
}

fn row(entry: &LogEntry) -> adw::ExpanderRow {
    let (icon, class, words) = match &entry.outcome {
        None => ("content-loading-symbolic", "dimmed", gettext("Running")),
        Some(Ok(())) => ("object-select-symbolic", "success", gettext("Worked")),
        Some(Err(_)) => ("dialog-error-symbolic", "error", gettext("Failed")),
    };
    let row = adw::ExpanderRow::builder().use_markup(false).title_lines(2).build();
    row.set_title(&entry.command);
    let time = local_time(&entry.at.to_string(), "%H:%M:%S");
    let text = gettext("{time} · {outcome}");
    row.set_subtitle(&fill(&text, &[("time", &time), ("outcome", &words)]));
    let icon = gtk::Image::from_icon_name(icon);
    icon.add_css_class(class);
    row.add_prefix(&icon);
    let copy = gettext("Copy Command");
    row.add_suffix(&copy_button(&copy, &copy, &entry.command));
    let failure = entry.outcome.as_ref().and_then(|outcome| outcome.as_ref().err());
    let output = match (entry.output.trim(), failure) {
        ("", Some(failure)) => failure.clone(),
        ("", None) => gettext("No output"),
        (output, _) => output.to_owned(),
    };
    row.add_row(&code_row(&output));
    row
}
