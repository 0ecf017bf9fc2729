//! One page of the registry: its subsystems' items, what can be done about them, and what to say where there are none.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bucket::core::item::Remedy;
use bucket::core::plan::Side;
use bucket::engine::Verb;
use bucket::subsystem::Page;
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::prelude::*;
use relm4::{adw, gtk};

use super::drift_list::{DriftList, ListOut, name_list};
use super::local_time;
use crate::model::{Filter, PageData, PageState, Query, Row, RowKey, page_state};
use crate::widgets::drift_row::RowAct;
use crate::widgets::notices::Notices;
use crate::widgets::{button_bar, label, loading, name_menu, search, set_name};

/// How long reading may take before a spinner says so.
const SPINNER_AFTER: Duration = Duration::from_millis(500);

/// Below this width of the page, rows stack their values.
const NARROW: f64 = 700.0;
/// Below this width of the page, its header has no room for words.
const CRAMPED: f64 = 450.0;

/// How much room the page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// For columns.
    Wide,
    /// Rows stack their values.
    Stacked,
    /// And the header shows icons only.
    Cramped,
}

/// What a page is told.
#[derive(Debug)]
pub enum DriftMsg {
    Data(Arc<PageData>),
    /// A survey failed as a whole.
    Failed(String),
    List(ListOut),
    Filter(Filter),
    SearchText(String),
    /// Opens the search.
    Search,
    SelectAll,
    ClearSelection,
    /// What the person pressed in the action bar.
    Batch(Batch),
    ShowInSync(bool),
    /// The person asked to read again.
    Refresh,
    ShowSpinner,
    Room(Room),
    BannerPressed,
    /// The person pressed the button of a notice.
    Remedy(Remedy),
    Permissions,
    Containerfile,
    /// The person wants to read notices that have no room on the page.
    Notes(String),
}

/// What the action bar offers.
#[derive(Clone, Copy, Debug)]
pub enum Batch {
    Skip,
    Capture,
    Apply,
}

/// What a page asks of the window.
#[derive(Debug)]
pub enum DriftOut {
    Resolve(Vec<RowKey>, Verb),
    /// What the next image brings, on this machine now.
    Now(Vec<RowKey>),
    /// The same, for one field of an item.
    Field(RowKey, Verb, String),
    Act(RowKey, RowAct),
    /// What all apps may do.
    Permissions,
    /// The image's Containerfile.
    Containerfile,
    Refresh,
    Remedy(Remedy),
    /// Something is wrong, and the person wants to know exactly what.
    Explain {
        title: String,
        text: String,
    },
}

/// The page's model.
pub struct DriftPage {
    page: Page,
    data: Option<Arc<PageData>>,
    failure: Option<String>,
    query: Rc<RefCell<Query>>,
    list: DriftList,
    spinner: bool,
    room: Room,
    search_bar: gtk::SearchBar,
}

/// The page's widgets.
pub struct DriftWidgets {
    stack: gtk::Stack,
    spinner: adw::Spinner,
    failed: adw::StatusPage,
    unavailable: adw::StatusPage,
    synced: adw::StatusPage,
    search_bar: gtk::SearchBar,
    filter_button: gtk::MenuButton,
    refresh: gtk::Button,
    banner: adw::Banner,
    notices: Notices,
    toolbar: adw::ToolbarView,
    selected: gtk::Label,
    capture: gtk::Button,
    apply: gtk::Button,
}

impl SimpleComponent for DriftPage {
    type Init = (Page, bool);
    type Input = DriftMsg;
    type Output = DriftOut;
    type Root = adw::NavigationPage;
    type Widgets = DriftWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("Bucket")).build()
    }

    fn init(
        (page, show_in_sync): Self::Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        root.set_title(&page.title());
        root.set_tag(Some(page.name()));
        let query = Rc::new(RefCell::new(Query { show_in_sync, ..Query::default() }));
        let input = sender.input_sender().clone();
        // The window may be closing: nobody is left to hear of it then.
        let list = DriftList::new(query.clone(), move |out| drop(input.send(DriftMsg::List(out))));
        name_list(&list, &page.title());
        let widgets = build(&root, page, &list, &sender);
        let input = sender.input_sender().clone();
        glib::timeout_add_local_once(SPINNER_AFTER, move || {
            drop(input.send(DriftMsg::ShowSpinner))
        });
        let search_bar = widgets.search_bar.clone();
        let model = Self {
            page,
            data: None,
            failure: None,
            query,
            list,
            spinner: false,
            room: Room::Wide,
            search_bar,
        };
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: DriftMsg, sender: ComponentSender<Self>) {
        // The window may be closing: nobody is left to hear of it then.
        let tell = |out| drop(sender.output(out));
        match message {
            DriftMsg::Data(data) => {
                self.failure = None;
                self.list.set_data(&data);
                self.data = Some(data);
            }
            DriftMsg::Failed(why) => self.failure = Some(why),
            DriftMsg::List(ListOut::Selection) => (),
            DriftMsg::Search => self.search_bar.set_search_mode(true),
            DriftMsg::List(ListOut::Act(key, act)) => match act {
                RowAct::Capture => tell(DriftOut::Resolve(vec![key], Verb::Capture)),
                RowAct::Apply => tell(DriftOut::Resolve(vec![key], Verb::Apply)),
                RowAct::ApplyNow => tell(DriftOut::Now(vec![key])),
                RowAct::Skip => self.skip(vec![key]),
                act => tell(DriftOut::Act(key, act)),
            },
            DriftMsg::Filter(filter) => {
                self.query.borrow_mut().filter = filter;
                self.list.refilter();
            }
            DriftMsg::SearchText(text) => {
                self.query.borrow_mut().text = text.to_lowercase();
                self.list.refilter();
                self.announce();
            }
            DriftMsg::SelectAll => self.list.check_all(true),
            DriftMsg::ClearSelection => self.list.check_all(false),
            DriftMsg::Batch(batch) => {
                let rows = self.list.checked();
                let keys = |rows: Vec<&Arc<Row>>| -> Vec<RowKey> {
                    rows.into_iter().map(|row| row.key.clone()).collect()
                };
                match batch {
                    Batch::Skip => self.skip(keys(rows.iter().collect())),
                    Batch::Capture => {
                        let rows = able(&rows, Side::Manifest);
                        tell(DriftOut::Resolve(keys(rows), Verb::Capture));
                    }
                    Batch::Apply => match able(&rows, Side::System) {
                        none if none.is_empty() => tell(DriftOut::Now(keys(coming(&rows)))),
                        rows => tell(DriftOut::Resolve(keys(rows), Verb::Apply)),
                    },
                }
            }
            DriftMsg::ShowInSync(show) => {
                self.query.borrow_mut().show_in_sync = show;
                self.list.refilter();
            }
            DriftMsg::Refresh => {
                self.query.borrow_mut().skipped.clear();
                self.list.refilter();
                tell(DriftOut::Refresh);
            }
            DriftMsg::ShowSpinner => self.spinner = true,
            DriftMsg::Room(room) => {
                self.room = room;
                self.list.set_narrow(room != Room::Wide);
            }
            DriftMsg::BannerPressed => tell(self.explain()),
            DriftMsg::Remedy(remedy) => tell(DriftOut::Remedy(remedy)),
            DriftMsg::Permissions => tell(DriftOut::Permissions),
            DriftMsg::Notes(text) => tell(DriftOut::Explain { title: self.page.title(), text }),
            DriftMsg::Containerfile => tell(DriftOut::Containerfile),
        }
    }

    fn update_view(&self, widgets: &mut DriftWidgets, _: ComponentSender<Self>) {
        let query = self.query.borrow();
        let state = match (&self.failure, &self.data) {
            (Some(why), None) => PageState::Failed { message: why.clone() },
            (_, data) => page_state(data.as_deref(), &query, self.list.visible()),
        };
        widgets.spinner.set_visible(self.spinner);
        let shown = match &state {
            PageState::Loading => "loading",
            PageState::Failed { message } => {
                widgets.failed.set_description(Some(&glib::markup_escape_text(message)));
                "failed"
            }
            PageState::Unavailable { reason, hint } => {
                widgets.unavailable.set_title(&glib::markup_escape_text(reason));
                let hint = hint.as_deref().map(glib::markup_escape_text);
                widgets.unavailable.set_description(hint.as_deref());
                "unavailable"
            }
            PageState::Empty if self.page == Page::Boxes => "empty",
            PageState::Empty | PageState::InSync => "synced",
            PageState::NoResults => "no-results",
            PageState::List => "list",
        };
        widgets.stack.set_visible_child_name(shown);
        if let Some(data) = &self.data {
            let checked = fill(
                &gettext("Checked at {time}"),
                &[("time", &local_time(&data.checked_at, "%H:%M"))],
            );
            widgets.synced.set_description(Some(&checked));
        }
        // The main menu and F5 do the same.
        widgets.refresh.set_visible(self.room != Room::Cramped);
        match self.room {
            Room::Cramped => widgets.filter_button.set_icon_name("view-sort-descending-symbolic"),
            _ => widgets.filter_button.set_label(&query.filter.title()),
        }
        let name = fill(&gettext("Filter: {filter}"), &[("filter", &query.filter.title())]);
        set_name(&widgets.filter_button, &name);
        let banner = self.banner();
        widgets.banner.set_revealed(banner.is_some() && !matches!(shown, "failed" | "unavailable"));
        if let Some(text) = banner {
            widgets.banner.set_title(&text);
        }
        if let Some(data) = &self.data {
            widgets.notices.show(&data.notices, self.room != Room::Wide);
        }
        self.update_bar(widgets);
    }
}

impl DriftPage {
    fn skip(&mut self, keys: Vec<RowKey>) {
        for key in &keys {
            self.list.uncheck(key);
        }
        self.query.borrow_mut().skipped.extend(keys);
        self.list.refilter();
    }

    /// Says how many items a search has left.
    fn announce(&self) {
        let n = self.list.visible();
        let text = ngettext("{n} item found", "{n} items found", n);
        let text = fill(&text, &[("n", &n.to_string())]);
        self.search_bar.announce(&text, gtk::AccessibleAnnouncementPriority::Medium);
    }

    /// What stands above the list where part of the page could not be read.
    fn banner(&self) -> Option<String> {
        if self.failure.is_some() && self.data.is_some() {
            return Some(gettext("The last check failed"));
        }
        let data = self.data.as_ref()?;
        let troubles: Vec<&str> = data.troubles.iter().map(|t| t.title.as_str()).collect();
        // Without a row the page itself says so.
        let all = data.rows.is_empty();
        let parts = [("parts", troubles.join(", "))];
        let parts = [(parts[0].0, parts[0].1.as_str())];
        match (troubles.is_empty() || all, data.failed()) {
            (true, _) => None,
            (false, true) => Some(fill(&gettext("Could not be read: {parts}"), &parts)),
            (false, false) => Some(fill(&gettext("Not available: {parts}"), &parts)),
        }
    }

    fn explain(&self) -> DriftOut {
        let troubles = self.data.iter().flat_map(|data| &data.troubles);
        let mut lines: Vec<String> = troubles
            .map(|t| {
                [Some(t.reason.clone()), t.hint.clone()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("\n")
            })
            .collect();
        lines.extend(self.failure.clone());
        DriftOut::Explain { title: self.page.title(), text: lines.join("\n\n") }
    }

    fn update_bar(&self, widgets: &DriftWidgets) {
        let checked = self.list.checked();
        widgets.toolbar.set_reveal_bottom_bars(!checked.is_empty());
        let n = checked.len();
        let text = ngettext("{n} selected", "{n} selected", n);
        widgets.selected.set_text(&fill(&text, &[("n", &n.to_string())]));
        let (captures, applies) = (able(&checked, Side::Manifest), able(&checked, Side::System));
        let comes = coming(&checked);
        // What only the next image would bring is asked for by the same button, which then says so.
        let apply = match applies.is_empty() && !comes.is_empty() {
            true => (gettext("Apply {n} Now…"), comes.len()),
            false => (gettext("Apply {n}…"), applies.len()),
        };
        let capture = (gettext("Capture {n}"), captures.len());
        for (button, (text, n)) in [(&widgets.capture, capture), (&widgets.apply, apply)] {
            button.set_label(&fill(&text, &[("n", &n.to_string())]));
            button.set_visible(n > 0);
        }
    }
}

/// The rows that can be captured, or applied.
fn able(rows: &[Arc<Row>], side: Side) -> Vec<&Arc<Row>> {
    rows.iter().filter(|row| row.action(side).is_ok()).collect()
}

/// The rows that the next image brings.
fn coming(rows: &[Arc<Row>]) -> Vec<&Arc<Row>> {
    rows.iter().filter(|row| row.comes()).collect()
}

fn build(
    root: &adw::NavigationPage,
    page: Page,
    list: &DriftList,
    sender: &ComponentSender<DriftPage>,
) -> DriftWidgets {
    let on = |message: fn() -> DriftMsg| {
        let input = sender.input_sender().clone();
        move || drop(input.send(message()))
    };
    let header = adw::HeaderBar::new();
    let input = sender.input_sender().clone();
    let search = search(Some(root), &gettext("Search items and values"), move |text| {
        drop(input.send(DriftMsg::SearchText(text)));
    });
    let refresh = gtk::Button::from_icon_name("view-refresh-symbolic");
    refresh.set_tooltip_text(Some(&gettext("Refresh")));
    set_name(&refresh, &gettext("Refresh"));
    let pressed = on(|| DriftMsg::Refresh);
    refresh.connect_clicked(move |_| pressed());
    let filter_button = gtk::MenuButton::builder().menu_model(&filter_menu()).build();
    filter_button.set_tooltip_text(Some(&gettext("Which items are listed")));
    name_menu(&filter_button);
    header.pack_start(&search.button);
    let browse = gtk::Button::builder().icon_name("view-list-symbolic").build();
    browse.set_action_name(Some("win.all-settings"));
    browse.set_tooltip_text(Some(&gettext("All Settings")));
    set_name(&browse, &gettext("All Settings"));
    browse.set_visible(page == Page::Settings);
    header.pack_start(&browse);
    header.pack_end(&refresh);
    header.pack_end(&filter_button);
    let more = match page {
        Page::Flatpaks => {
            let title = gettext("Permissions of All Apps");
            Some(("security-high-symbolic", title, on(|| DriftMsg::Permissions)))
        }
        Page::Packages => {
            let title = gettext("Containerfile");
            Some(("text-x-generic-symbolic", title, on(|| DriftMsg::Containerfile)))
        }
        Page::Extensions | Page::Settings | Page::Boxes => None,
    };
    if let Some((icon, title, pressed)) = more {
        let button = gtk::Button::from_icon_name(icon);
        button.set_tooltip_text(Some(&title));
        set_name(&button, &title);
        button.connect_clicked(move |_| pressed());
        header.pack_start(&button);
    }
    root.insert_action_group("drift", Some(&filter_actions(sender)));

    let banner = adw::Banner::builder().button_label(gettext("Details")).use_markup(false).build();
    let pressed = on(|| DriftMsg::BannerPressed);
    banner.connect_button_clicked(move |_| pressed());

    let stack = gtk::Stack::new();
    stack.set_hhomogeneous(false);
    stack.set_vhomogeneous(false);
    stack.set_transition_type(gtk::StackTransitionType::Crossfade);
    let spinner = loading();
    let status = |icon: &str, title: &str, button: &str, message: fn() -> DriftMsg| {
        let again = gtk::Button::builder().label(button).halign(gtk::Align::Center).build();
        again.add_css_class("pill");
        let pressed = on(message);
        again.connect_clicked(move |_| pressed());
        adw::StatusPage::builder().icon_name(icon).title(title).child(&again).build()
    };
    let again = gettext("Check Again");
    let failed =
        status("dialog-error-symbolic", &gettext("Could Not Be Read"), &gettext("Retry"), || {
            DriftMsg::Refresh
        });
    let unavailable = status("action-unavailable-symbolic", "", &again, || DriftMsg::Refresh);
    let synced = status("object-select-symbolic", &gettext("Everything Matches"), &again, || {
        DriftMsg::Refresh
    });
    let empty = status(page.icon(), &gettext("No Boxes"), &again, || DriftMsg::Refresh);
    empty.set_description(Some(&gettext("What was made with Distrobox or Toolbox is listed here")));
    let no_results =
        status("edit-find-symbolic", &gettext("No Items Found"), &again, || DriftMsg::Refresh);
    no_results.set_description(Some(&gettext("Try another search or filter")));
    stack.add_named(&spinner, Some("loading"));
    stack.add_named(&failed, Some("failed"));
    stack.add_named(&unavailable, Some("unavailable"));
    stack.add_named(&synced, Some("synced"));
    stack.add_named(&empty, Some("empty"));
    stack.add_named(&no_results, Some("no-results"));
    stack.add_named(&list.root, Some("list"));

    // Not a gtk::ActionBar: with large text its ends would lie over each other.
    let selected = label(&[]);
    selected.set_margin_start(6);
    selected.set_margin_end(6);
    let action = |label: &str, message: fn() -> DriftMsg| {
        let button = gtk::Button::builder().label(label).can_shrink(true).build();
        let pressed = on(message);
        button.connect_clicked(move |_| pressed());
        button
    };
    let apply = action("", || DriftMsg::Batch(Batch::Apply));
    let capture = action("", || DriftMsg::Batch(Batch::Capture));
    let skip = action(&gettext("Skip"), || DriftMsg::Batch(Batch::Skip));
    let bar = button_bar(&[
        selected.upcast_ref(),
        skip.upcast_ref(),
        capture.upcast_ref(),
        apply.upcast_ref(),
    ]);

    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&header);
    toolbar.add_top_bar(&search.bar);
    toolbar.add_top_bar(&banner);
    let input = sender.input_sender().clone();
    // The window may be closing: nobody is left to hear of it then.
    let more = input.clone();
    let notices = Notices::new(
        move |remedy| drop(input.send(DriftMsg::Remedy(remedy))),
        move |text| drop(more.send(DriftMsg::Notes(text))),
    );
    toolbar.add_top_bar(notices.root());
    toolbar.add_bottom_bar(&bar);
    toolbar.set_reveal_bottom_bars(false);
    add_escape(&toolbar, sender);
    root.set_child(Some(&breakpoint_bin(&toolbar, sender)));
    DriftWidgets {
        stack,
        spinner,
        failed,
        unavailable,
        synced,
        search_bar: search.bar,
        filter_button,
        refresh,
        banner,
        notices,
        toolbar,
        selected,
        capture,
        apply,
    }
}

/// Escape gives the selection up, before it leaves the page.
fn add_escape(toolbar: &adw::ToolbarView, sender: &ComponentSender<DriftPage>) {
    let keys = gtk::EventControllerKey::new();
    let (input, weak) = (sender.input_sender().clone(), toolbar.downgrade());
    keys.connect_key_pressed(move |_, key, _, _| {
        let selecting = weak.upgrade().is_some_and(|toolbar| toolbar.reveals_bottom_bars());
        if key != gtk::gdk::Key::Escape || !selecting {
            return glib::Propagation::Proceed;
        }
        // The window may be closing: nobody is left to hear of it then.
        drop(input.send(DriftMsg::ClearSelection));
        glib::Propagation::Stop
    });
    toolbar.add_controller(keys);
}

/// Tells the page when it gets too narrow for columns. It is the page that counts: the sidebar may be beside it.
fn breakpoint_bin(
    toolbar: &adw::ToolbarView,
    sender: &ComponentSender<DriftPage>,
) -> adw::BreakpointBin {
    let bin = adw::BreakpointBin::builder().width_request(300).height_request(200).build();
    bin.set_child(Some(toolbar));
    let condition = adw::BreakpointCondition::new_length(
        adw::BreakpointConditionLengthType::MaxWidth,
        NARROW,
        adw::LengthUnit::Sp,
    );
    let columns = adw::Breakpoint::new(condition);
    let condition = adw::BreakpointCondition::new_length(
        adw::BreakpointConditionLengthType::MaxWidth,
        CRAMPED,
        adw::LengthUnit::Sp,
    );
    let header = adw::Breakpoint::new(condition);
    // Of two breakpoints that match, only the later one holds.
    for (breakpoint, room) in [(columns, Room::Stacked), (header, Room::Cramped)] {
        let input = sender.input_sender().clone();
        // The window may be closing: nobody is left to hear of it then.
        breakpoint.connect_apply(move |_| drop(input.send(DriftMsg::Room(room))));
        let input = sender.input_sender().clone();
        breakpoint.connect_unapply(move |_| drop(input.send(DriftMsg::Room(Room::Wide))));
        bin.add_breakpoint(breakpoint);
    }
    bin
}

fn filter_menu() -> gio::Menu {
    let menu = gio::Menu::new();
    for filter in Filter::ALL {
        let target = format!("drift.filter::{}", filter.name());
        menu.append(Some(&filter.title()), Some(&target));
    }
    menu
}

fn filter_actions(sender: &ComponentSender<DriftPage>) -> gio::SimpleActionGroup {
    let group = gio::SimpleActionGroup::new();
    let filter = gio::SimpleAction::new_stateful(
        "filter",
        Some(glib::VariantTy::STRING),
        &Filter::default().name().into(),
    );
    let input = sender.input_sender().clone();
    filter.connect_activate(move |action, target| {
        let Some(target) = target else { return };
        action.set_state(target);
        let filter = Filter::named(target.str().unwrap_or_default());
        drop(input.send(DriftMsg::Filter(filter)));
    });
    group.add_action(&filter);
    group
}
