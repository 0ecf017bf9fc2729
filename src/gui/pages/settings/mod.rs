//! Every installed setting: groups, the settings of a group, and one setting. A search looks in all of them.

mod keys;
mod results;
mod setting;

use std::rc::Rc;
use std::sync::Arc;

use bucket::core::item::ItemKey;
use bucket::subsystem::gsettings::catalog::{Catalog, Values};
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::prelude::*;
use relm4::{Sender, adw, gtk};

use crate::app::AppMsg;
use crate::browse::{self, Browse};
use crate::model::Row;
use crate::widgets::setting_row::{SettingOut, SettingRow};
use crate::widgets::{Search, loading, name_menu, search, set_name};

use keys::KeysPage;
use results::Results;
use setting::SettingPage;

/// The tag of the page with the groups.
pub const TAG: &str = "all-settings";

/// What the pages are told.
#[derive(Debug)]
pub enum BrowserMsg {
    /// Goes to the groups.
    Show,
    /// All settings were read.
    Read(Read),
    /// They could not be.
    Failed(String),
    /// How settings stand to the manifest.
    Rows(Vec<Arc<Row>>),
    Refused(ItemKey, String),
    /// What was asked for was not done: editors show what is in force again.
    NotDone(Vec<ItemKey>),
    Search,
    SearchText(String),
    OpenGroup(usize),
    OpenSetting(ItemKey),
    Edit(ItemKey, Option<glib::Variant>),
    /// Whether edits are for this machine alone.
    Here(bool),
    /// A page was left.
    Left,
}

/// All settings, and what the machine says of them.
#[derive(Clone)]
pub struct Read {
    pub catalog: Arc<Catalog>,
    pub values: Arc<Values>,
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} settings", self.catalog.settings.len())
    }
}

/// The model. It tells the window what the person does.
pub struct Browser {
    nav: adw::NavigationView,
    window: Sender<AppMsg>,
    browse: Option<Browse>,
    failure: Option<String>,
    rows: Vec<Arc<Row>>,
    text: String,
    here: bool,
    keys: Vec<KeysPage>,
    details: Vec<SettingPage>,
    search_bar: gtk::SearchBar,
    entry: gtk::SearchEntry,
    results: Results,
    /// The groups have to be listed again.
    stale: bool,
}

/// The widgets of the page with the groups.
pub struct BrowserWidgets {
    stack: gtk::Stack,
    groups: gtk::Box,
    failed: adw::StatusPage,
    banner: adw::Banner,
}

impl SimpleComponent for Browser {
    type Init = (adw::NavigationView, Sender<AppMsg>);
    type Input = BrowserMsg;
    type Output = ();
    type Root = adw::NavigationPage;
    type Widgets = BrowserWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("All Settings")).tag(TAG).build()
    }

    fn init(
        (nav, window): Self::Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        nav.insert_action_group("settings", Some(&actions(&sender)));
        let input = sender.input_sender().clone();
        // The window may be closing: nobody is left to hear of it then.
        nav.connect_popped(move |_, _| drop(input.send(BrowserMsg::Left)));
        let input = sender.input_sender().clone();
        let results = Results::new(move |item| drop(input.send(BrowserMsg::OpenSetting(item))));
        let (widgets, search_bar, entry) = build(&root, &results, &sender);
        let model = Self {
            nav,
            window,
            browse: None,
            failure: None,
            rows: Vec::new(),
            text: String::new(),
            here: false,
            keys: Vec::new(),
            details: Vec::new(),
            search_bar,
            entry,
            results,
            stale: false,
        };
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: BrowserMsg, sender: ComponentSender<Self>) {
        self.stale = false;
        match message {
            BrowserMsg::Show => {
                self.failure = None;
                if self.nav.find_page(TAG).is_some() && !self.open() {
                    self.nav.push_by_tag(TAG);
                }
                self.tell(AppMsg::ReadSettings);
            }
            BrowserMsg::Read(Read { catalog, values }) => {
                self.failure = None;
                // What is on screen keeps its widgets where nothing was installed meanwhile.
                let catalog = match &self.browse {
                    Some(old) if old.catalog == catalog => old.catalog.clone(),
                    _ => catalog,
                };
                self.stale = self.browse.as_ref().is_none_or(|old| old.catalog != catalog);
                self.browse = Some(Browse { catalog, values, rows: self.rows.clone() });
                self.refresh(&sender);
            }
            BrowserMsg::Failed(why) => self.failure = Some(why),
            BrowserMsg::Rows(rows) => {
                self.rows = rows.into_iter().filter(|row| browse::is_setting(row)).collect();
                if let Some(browse) = &mut self.browse {
                    browse.rows = self.rows.clone();
                }
                // Values are read after it; who comes here later reads them then.
                if self.open() {
                    self.tell(AppMsg::ReadSettings);
                }
            }
            BrowserMsg::Refused(item, why) => {
                let rows: Vec<_> = self.rows_of(&item).collect();
                for row in &rows {
                    row.refuse(&why);
                }
                if rows.is_empty() {
                    // Its page was left meanwhile.
                    self.tell(AppMsg::CannotBeSet(why));
                }
            }
            BrowserMsg::NotDone(items) => {
                for row in items.iter().flat_map(|item| self.rows_of(item)) {
                    row.put_back();
                }
            }
            BrowserMsg::Search => {
                if self.open() {
                    self.nav.pop_to_tag(TAG);
                    self.search_bar.set_search_mode(true);
                    self.entry.grab_focus();
                }
            }
            BrowserMsg::SearchText(text) => {
                self.text = text;
                self.search();
                self.announce();
            }
            BrowserMsg::OpenGroup(at) => self.open_group(at, &sender),
            BrowserMsg::OpenSetting(item) => self.open_setting(&item, &sender),
            BrowserMsg::Edit(item, value) => {
                if let Some(shown) = self.browse.as_ref().and_then(|browse| browse.of(&item)) {
                    self.tell(browse::edit(&shown.setting, value.as_ref(), self.here));
                }
            }
            BrowserMsg::Here(here) => {
                self.here = here;
                for page in &self.keys {
                    page.banner.set_revealed(here);
                }
                for page in &mut self.details {
                    page.set_here(here, sender.input_sender(), &self.window);
                }
            }
            BrowserMsg::Left => self.let_go(),
        }
    }

    fn update_view(&self, widgets: &mut BrowserWidgets, sender: ComponentSender<Self>) {
        widgets.banner.set_revealed(self.here);
        if let (true, Some(browse)) = (self.stale, &self.browse) {
            list_groups(&widgets.groups, &browse.catalog, &sender);
        }
        let shown = match (&self.browse, &self.failure) {
            (None, Some(why)) => {
                widgets.failed.set_description(Some(&glib::markup_escape_text(why)));
                "failed"
            }
            (None, None) => "loading",
            (Some(browse), _) if browse.catalog.settings.is_empty() => "none",
            (Some(_), _) if self.text.trim().is_empty() => "groups",
            (Some(_), _) if self.results.is_empty() => "no-results",
            (Some(_), _) => "results",
        };
        widgets.stack.set_visible_child_name(shown);
    }
}

impl Browser {
    fn tell(&self, message: AppMsg) {
        // The window may be closing: nobody is left to hear of it then.
        drop(self.window.send(message));
    }

    /// Whether the page with the groups is open, be it below others.
    fn open(&self) -> bool {
        let stack = self.nav.navigation_stack();
        (0..stack.n_items()).any(|at| {
            let page = stack.item(at).and_downcast::<adw::NavigationPage>();
            page.and_then(|page| page.tag()).as_deref() == Some(TAG)
        })
    }

    /// Forgets pages that are no longer in the window.
    fn let_go(&mut self) {
        self.keys.retain(|page| page.is_open(&self.nav));
        self.details.retain(|page| page.is_open(&self.nav));
    }

    fn rows_of<'a>(&'a self, item: &'a ItemKey) -> impl Iterator<Item = &'a Rc<SettingRow>> {
        let rows = self.keys.iter().filter_map(|page| page.row(item));
        rows.chain(self.details.iter().filter_map(|page| page.row(item)))
    }

    fn refresh(&mut self, sender: &ComponentSender<Self>) {
        self.let_go();
        let Some(browse) = &self.browse else { return };
        for page in &mut self.keys {
            page.show(browse, sender.input_sender());
        }
        for page in &mut self.details {
            page.show(browse, sender.input_sender(), &self.window);
        }
        self.search();
    }

    fn search(&mut self) {
        let Some(browse) = &self.browse else { return };
        let found = match self.text.trim() {
            "" => Vec::new(),
            text => browse.catalog.search(text),
        };
        self.results.set(found.into_iter().filter_map(|at| browse.shown(at)));
    }

    /// Says how many settings a search has found.
    fn announce(&self) {
        let n = self.results.len();
        let text = ngettext("{n} setting found", "{n} settings found", n);
        let text = fill(&text, &[("n", &n.to_string())]);
        if !self.text.trim().is_empty() {
            self.search_bar.announce(&text, gtk::AccessibleAnnouncementPriority::Medium);
        }
    }

    fn open_group(&mut self, at: usize, sender: &ComponentSender<Self>) {
        let Some(browse) = &self.browse else { return };
        let Some(group) = browse.catalog.groups.get(at) else { return };
        let page = KeysPage::new(browse, group, sender.input_sender());
        page.banner.set_revealed(self.here);
        self.nav.push(&page.page);
        self.keys.push(page);
    }

    fn open_setting(&mut self, item: &ItemKey, sender: &ComponentSender<Self>) {
        let Some(browse) = &self.browse else { return };
        let Some(shown) = browse.of(item) else { return };
        let page = SettingPage::new(&shown, self.here, sender.input_sender(), &self.window);
        self.nav.push(&page.page);
        self.details.push(page);
    }
}

/// What a row of a setting asks of the browser.
fn ask(item: &ItemKey, sender: &Sender<BrowserMsg>) -> Rc<dyn Fn(SettingOut)> {
    let (item, sender) = (item.clone(), sender.clone());
    Rc::new(move |out| {
        // The window may be closing: nobody is left to hear of it then.
        drop(sender.send(match out {
            SettingOut::Set(value) => BrowserMsg::Edit(item.clone(), Some(value)),
            SettingOut::Open => BrowserMsg::OpenSetting(item.clone()),
        }));
    })
}

fn actions(sender: &ComponentSender<Browser>) -> gio::SimpleActionGroup {
    let group = gio::SimpleActionGroup::new();
    let here = gio::SimpleAction::new_stateful("here", None, &false.to_variant());
    let input = sender.input_sender().clone();
    here.connect_change_state(move |action, state| {
        let Some(state) = state else { return };
        action.set_state(state);
        drop(input.send(BrowserMsg::Here(state.get().unwrap_or_default())));
    });
    group.add_action(&here);
    group
}

/// The menu of these pages.
fn menu_button() -> gtk::MenuButton {
    let menu = gio::Menu::new();
    menu.append(Some(&gettext("Only on This _Machine")), Some("settings.here"));
    let button =
        gtk::MenuButton::builder().icon_name("view-more-symbolic").menu_model(&menu).build();
    button.set_tooltip_text(Some(&gettext("More")));
    set_name(&button, &gettext("More"));
    name_menu(&button);
    button
}

/// What says that edits are for this machine alone.
fn here_banner() -> adw::Banner {
    let text = gettext("Changes are made on this machine only, not in the manifest");
    let banner = adw::Banner::builder().title(text).button_label(gettext("Also Save")).build();
    banner.set_action_name(Some("settings.here"));
    banner
}

/// A page's header with the menu, the banner, and its content.
fn frame(content: &impl IsA<gtk::Widget>, banner: &adw::Banner) -> adw::ToolbarView {
    let header = adw::HeaderBar::new();
    header.pack_end(&menu_button());
    let toolbar = adw::ToolbarView::builder().content(content).build();
    toolbar.add_top_bar(&header);
    toolbar.add_top_bar(banner);
    toolbar
}

fn build(
    root: &adw::NavigationPage,
    results: &Results,
    sender: &ComponentSender<Browser>,
) -> (BrowserWidgets, gtk::SearchBar, gtk::SearchEntry) {
    let input = sender.input_sender().clone();
    let Search { bar: search_bar, button, entry } =
        search(Some(root), &gettext("Search all settings"), move |text| {
            drop(input.send(BrowserMsg::SearchText(text)));
        });

    let retry = gtk::Button::builder().label(gettext("Retry")).halign(gtk::Align::Center).build();
    retry.add_css_class("pill");
    let input = sender.input_sender().clone();
    retry.connect_clicked(move |_| drop(input.send(BrowserMsg::Show)));
    let failed = adw::StatusPage::builder()
        .icon_name("dialog-error-symbolic")
        .title(gettext("Could Not Be Read"))
        .child(&retry)
        .build();
    let nothing = adw::StatusPage::builder()
        .icon_name("edit-find-symbolic")
        .title(gettext("No Settings Found"))
        .description(gettext("Search for a word of its name, its schema or its key"))
        .build();
    let none = adw::StatusPage::builder()
        .icon_name("action-unavailable-symbolic")
        .title(gettext("No Settings Installed"))
        .description(gettext("Programs bring their settings along"))
        .build();
    let groups = gtk::Box::new(gtk::Orientation::Vertical, 0);
    let stack = gtk::Stack::builder().hhomogeneous(false).vhomogeneous(false).build();
    stack.add_named(&loading(), Some("loading"));
    stack.add_named(&failed, Some("failed"));
    stack.add_named(&none, Some("none"));
    stack.add_named(&groups, Some("groups"));
    stack.add_named(results.root(), Some("results"));
    stack.add_named(&nothing, Some("no-results"));

    let banner = here_banner();
    let header = adw::HeaderBar::new();
    header.pack_start(&button);
    header.pack_end(&menu_button());
    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&header);
    toolbar.add_top_bar(&search_bar);
    toolbar.add_top_bar(&banner);
    root.set_child(Some(&toolbar));
    (BrowserWidgets { stack, groups, failed, banner }, search_bar, entry)
}

fn list_groups(place: &gtk::Box, catalog: &Catalog, sender: &ComponentSender<Browser>) {
    while let Some(child) = place.first_child() {
        place.remove(&child);
    }
    let page = adw::PreferencesPage::new();
    let mut section: Option<(String, adw::PreferencesGroup)> = None;
    for (at, group) in catalog.groups.iter().enumerate() {
        let list = match &section {
            Some((title, list)) if *title == group.section => list.clone(),
            _ => {
                // Sections are ours, so their titles hold no markup.
                let list = adw::PreferencesGroup::builder().title(&group.section).build();
                page.add(&list);
                section = Some((group.section.clone(), list.clone()));
                list
            }
        };
        let count = group.count();
        let text = ngettext("{n} setting", "{n} settings", count);
        let row = adw::ActionRow::builder().use_markup(false).activatable(true).build();
        row.set_title(&group.title);
        row.set_subtitle(&fill(&text, &[("n", &count.to_string())]));
        row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
        let input = sender.input_sender().clone();
        row.connect_activated(move |_| drop(input.send(BrowserMsg::OpenGroup(at))));
        list.add(&row);
    }
    page.set_vexpand(true);
    place.append(&page);
}
