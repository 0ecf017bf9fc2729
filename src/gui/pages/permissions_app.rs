//! The permissions of one app, or the overrides for all apps: every permission, and what each layer says of it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use bucket::core::item::ItemKey;
use bucket::host::flatpak::Scope;
use bucket::subsystem::flatpak::edit::Stand;
use bucket::subsystem::flatpak::effective::Permission;
use bucket::words::gettext;
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::prelude::*;
use relm4::{adw, gtk};

use super::permissions::PermissionsOut;
use crate::permissions::rows::rows;
use crate::permissions::{App, Data};
use crate::widgets::app_icon::app_icon;
use crate::widgets::permission_group::PermissionGroup;
use crate::widgets::{loading, name_menu, open_search, search, set_name};

/// The page's tag begins with this.
pub const TAG: &str = "permissions-of";

/// The tag of an app's page.
pub fn tag(key: &ItemKey) -> String {
    format!("{TAG}\n{key}")
}

/// Below this width of the page, controls stand below the words.
const NARROW: f64 = 560.0;

/// What the page is told.
#[derive(Debug)]
pub enum AppPageMsg {
    Data(Arc<Data>),
    Layer(Scope),
    /// Something was chosen in a row.
    Chosen(Permission, Stand),
    /// Whether edits stay on this machine.
    Local(bool),
    SearchText(String),
    Search,
    Narrow(bool),
    OpenFile,
}

/// One permission of an app that is to be otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub app: ItemKey,
    pub layer: Scope,
    pub permission: Permission,
    pub stand: Stand,
    /// On this machine alone.
    pub local: bool,
}

/// The page's model.
pub struct AppPage {
    key: ItemKey,
    data: Option<Arc<Data>>,
    layer: Scope,
    local: bool,
    narrow: bool,
    search: String,
    search_bar: gtk::SearchBar,
}

/// The page's widgets.
pub struct AppWidgets {
    root: adw::NavigationPage,
    stack: gtk::Stack,
    failed: adw::StatusPage,
    page: adw::PreferencesPage,
    head: adw::PreferencesGroup,
    about: adw::ActionRow,
    icon: gtk::Box,
    layers: adw::ToggleGroup,
    file: adw::ActionRow,
    banner: adw::Banner,
    groups: Vec<PermissionGroup>,
    grants: adw::PreferencesGroup,
    grant_rows: Vec<adw::ActionRow>,
    granted: Vec<(String, String)>,
    shown: Option<ItemKey>,
    quiet: Rc<Cell<bool>>,
}

impl SimpleComponent for AppPage {
    type Init = ItemKey;
    type Input = AppPageMsg;
    type Output = PermissionsOut;
    type Root = adw::NavigationPage;
    type Widgets = AppWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("Permissions")).build()
    }

    fn init(key: ItemKey, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        root.set_tag(Some(&tag(&key)));
        let layer = match key.as_str() {
            "global/system" => Scope::System,
            _ => Scope::User,
        };
        let (search_bar, widgets) = build(&root, &sender);
        let (data, search) = (None, String::new());
        let model = Self { key, data, layer, local: false, narrow: false, search, search_bar };
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: AppPageMsg, sender: ComponentSender<Self>) {
        // The window may be closing: nobody is left to hear of it then.
        let tell = |out| drop(sender.output(out));
        match message {
            AppPageMsg::Data(data) => self.data = Some(data),
            AppPageMsg::Layer(layer) => self.layer = layer,
            AppPageMsg::Chosen(permission, stand) => {
                let (app, layer, local) = (self.key.clone(), self.layer, self.local);
                tell(PermissionsOut::Edit(Change { app, layer, permission, stand, local }));
            }
            AppPageMsg::Local(local) => self.local = local,
            AppPageMsg::SearchText(text) => self.search = text,
            AppPageMsg::Search => open_search(&self.search_bar),
            AppPageMsg::Narrow(narrow) => self.narrow = narrow,
            AppPageMsg::OpenFile => tell(PermissionsOut::File(self.key.clone(), self.layer)),
        }
    }

    fn update_view(&self, widgets: &mut AppWidgets, sender: ComponentSender<Self>) {
        let Some(data) = self.data.as_deref() else { return };
        let Some(app) = data.app(&self.key) else {
            if let Some(why) = &data.trouble {
                widgets.failed.set_description(Some(&glib::markup_escape_text(why)));
            }
            let shown = if data.trouble.is_some() { "failed" } else { "gone" };
            widgets.stack.set_visible_child_name(shown);
            return;
        };
        if widgets.shown.as_ref() != Some(&self.key) {
            widgets.shown = Some(self.key.clone());
            widgets.icon.append(&app_icon(app.id()));
        }
        widgets.root.set_title(&app.title);
        self.show_head(widgets, app);
        if let Err(why) = &app.permissions {
            widgets.failed.set_description(Some(&glib::markup_escape_text(why)));
            widgets.stack.set_visible_child_name("failed");
            return;
        }
        let found = self.show_groups(widgets, app, &sender);
        show_grants(widgets, app, data, self.search.is_empty());
        let shown = if found || self.search.is_empty() { "page" } else { "no-results" };
        widgets.stack.set_visible_child_name(shown);
    }
}

impl AppPage {
    fn show_head(&self, widgets: &AppWidgets, app: &App) {
        widgets.head.set_visible(self.search.is_empty());
        widgets.about.set_title(&app.title);
        let manifest = match app.tracked {
            true => None,
            false => Some(gettext("not in the manifest")),
        };
        let parts = [Some(app.subtitle.clone()), manifest];
        let subtitle: Vec<String> =
            parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        widgets.about.set_subtitle(&subtitle.join(" · "));
        widgets.layers.set_visible(app.layers().len() > 1);
        widgets.quiet.set(true);
        widgets.layers.set_active(u32::from(self.layer == Scope::System));
        widgets.quiet.set(false);
        let path = app.files.iter().find(|(layer, ..)| *layer == self.layer);
        widgets.file.set_subtitle(path.map_or("", |(_, path, _)| path));
        let writable = app.may_write(self.layer);
        let text = match (writable, self.local) {
            (false, _) => gettext("Only root can change what holds for every user"),
            (true, _) => gettext("Changes stay on this machine"),
        };
        widgets.banner.set_title(&text);
        let button = (writable && self.local).then(|| gettext("Save to Manifest Too"));
        widgets.banner.set_button_label(button.as_deref());
        widgets.banner.set_revealed(!writable || self.local);
    }

    /// Whether the search found anything.
    fn show_groups(
        &self,
        widgets: &mut AppWidgets,
        app: &App,
        sender: &ComponentSender<Self>,
    ) -> bool {
        let groups = rows(app, self.layer);
        let same =
            groups.iter().map(|(group, _)| *group).eq(widgets.groups.iter().map(|g| g.group));
        if !same {
            for group in widgets.groups.drain(..) {
                widgets.page.remove(&group.root);
            }
            // What portals granted stays the last.
            widgets.page.remove(&widgets.grants);
            for (group, _) in &groups {
                let input = sender.input_sender().clone();
                let on_change = move |permission: &Permission, stand| {
                    // The window may be closing: nobody is left to hear of it then.
                    drop(input.send(AppPageMsg::Chosen(permission.clone(), stand)));
                };
                let group = PermissionGroup::new(*group, Rc::new(on_change));
                widgets.page.add(&group.root);
                widgets.groups.push(group);
            }
            widgets.page.add(&widgets.grants);
        }
        let mut found = false;
        for (group, (_, rows)) in widgets.groups.iter_mut().zip(&groups) {
            group.show(rows, app, self.layer);
            group.set_narrow(self.narrow);
            found |= group.search(&self.search);
        }
        found
    }
}

fn show_grants(widgets: &mut AppWidgets, app: &App, data: &Data, visible: bool) {
    let lines: Vec<(String, String)> = match app.grants(data) {
        Err(why) => vec![(gettext("Could Not Be Read"), why.clone())],
        Ok(grants) => grants
            .into_iter()
            .map(|grant| {
                let what = match grant.id.as_str() {
                    id if id.is_empty() || id == grant.table => grant.table.clone(),
                    id => format!("{}: {id}", grant.table),
                };
                (what, grant.permissions.join(", "))
            })
            .collect(),
    };
    widgets.grants.set_visible(visible && app.id().is_some() && !lines.is_empty());
    // What is the same stays, with the focus.
    if lines == widgets.granted {
        return;
    }
    for row in widgets.grant_rows.drain(..) {
        widgets.grants.remove(&row);
    }
    for (title, subtitle) in &lines {
        let row = adw::ActionRow::builder().use_markup(false).build();
        row.set_title(title);
        row.set_subtitle(subtitle);
        widgets.grants.add(&row);
        widgets.grant_rows.push(row);
    }
    widgets.granted = lines;
}

fn build(
    root: &adw::NavigationPage,
    sender: &ComponentSender<AppPage>,
) -> (gtk::SearchBar, AppWidgets) {
    let header = adw::HeaderBar::new();
    let input = sender.input_sender().clone();
    let search = search(None, &gettext("Search permissions"), move |text| {
        // The window may be closing: nobody is left to hear of it then.
        drop(input.send(AppPageMsg::SearchText(text)));
    });
    header.pack_start(&search.button);
    let menu = gtk::MenuButton::builder().icon_name("view-more-symbolic").build();
    menu.set_menu_model(Some(&more()));
    menu.set_tooltip_text(Some(&gettext("More")));
    set_name(&menu, &gettext("More"));
    name_menu(&menu);
    header.pack_end(&menu);
    let local = gio::SimpleAction::new_stateful("local", None, &false.into());
    let input = sender.input_sender().clone();
    local.connect_change_state(move |action, state| {
        let Some(state) = state else { return };
        action.set_state(state);
        drop(input.send(AppPageMsg::Local(state.get().unwrap_or_default())));
    });
    let actions = gio::SimpleActionGroup::new();
    actions.add_action(&local);
    let open = gio::SimpleAction::new("file", None);
    let input = sender.input_sender().clone();
    open.connect_activate(move |_, _| drop(input.send(AppPageMsg::OpenFile)));
    actions.add_action(&open);
    let copy = gio::SimpleAction::new("copy", Some(glib::VariantTy::STRING));
    let output = sender.output_sender().clone();
    copy.connect_activate(move |_, command| {
        let command = command.and_then(|command| command.get::<String>());
        drop(output.send(PermissionsOut::Copy(command.unwrap_or_default())));
    });
    actions.add_action(&copy);
    root.insert_action_group("permissions", Some(&actions));

    let banner = adw::Banner::builder().use_markup(false).build();
    banner.connect_button_clicked(move |_| local.change_state(&false.into()));

    let about = adw::ActionRow::builder().use_markup(false).title_lines(2).build();
    about.set_subtitle_lines(3);
    let icon = gtk::Box::new(gtk::Orientation::Horizontal, 0);
    about.add_prefix(&icon);
    let file = adw::ActionRow::builder().use_markup(false).activatable(true).build();
    file.set_title(&gettext("Override File"));
    file.set_subtitle_lines(2);
    file.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
    let input = sender.input_sender().clone();
    file.connect_activated(move |_| drop(input.send(AppPageMsg::OpenFile)));
    let head = adw::PreferencesGroup::new();
    head.add(&about);
    head.add(&file);
    let layers = adw::ToggleGroup::builder().can_shrink(true).build();
    for title in [gettext("For You"), gettext("For Every User")] {
        layers.add(adw::Toggle::builder().label(title).build());
    }
    layers.add_css_class("round");
    layers.add_css_class("permission-views");
    layers.set_margin_top(18);
    set_name(&layers, &gettext("Whose Overrides"));
    let quiet = Rc::new(Cell::new(false));
    let (input, silent) = (sender.input_sender().clone(), quiet.clone());
    layers.connect_active_notify(move |layers| {
        let layer = if layers.active() == 1 { Scope::System } else { Scope::User };
        if !silent.get() {
            drop(input.send(AppPageMsg::Layer(layer)));
        }
    });
    head.add(&layers);
    let grants = adw::PreferencesGroup::builder()
        .title(gettext("Granted at Run Time, Not Captured"))
        .description(gettext("What you allowed when the app asked. It belongs to no manifest."))
        .build();
    let page = adw::PreferencesPage::new();
    page.add(&head);
    page.add(&grants);

    let status = |icon: &str, title: String, text: Option<String>| {
        let page = adw::StatusPage::builder().icon_name(icon).title(title).build();
        page.set_description(text.as_deref());
        page
    };
    let failed = status("dialog-error-symbolic", gettext("Could Not Be Read"), None);
    let (title, text) = (gettext("No Permissions Found"), gettext("Try another search"));
    let no_results = status("edit-find-symbolic", title, Some(text));
    let gone = status("action-unavailable-symbolic", gettext("No Longer Installed"), None);
    let stack = gtk::Stack::new();
    stack.set_vhomogeneous(false);
    stack.set_hhomogeneous(false);
    stack.add_named(&loading(), Some("loading"));
    stack.add_named(&page, Some("page"));
    stack.add_named(&failed, Some("failed"));
    stack.add_named(&no_results, Some("no-results"));
    stack.add_named(&gone, Some("gone"));
    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&header);
    toolbar.add_top_bar(&search.bar);
    toolbar.add_top_bar(&banner);
    root.set_child(Some(&breakpoint_bin(&toolbar, sender)));
    let widgets = AppWidgets {
        root: root.clone(),
        stack,
        failed,
        page,
        head,
        about,
        icon,
        layers,
        file,
        banner,
        groups: Vec::new(),
        grants,
        grant_rows: Vec::new(),
        granted: Vec::new(),
        shown: None,
        quiet,
    };
    (search.bar, widgets)
}

fn breakpoint_bin(
    toolbar: &adw::ToolbarView,
    sender: &ComponentSender<AppPage>,
) -> adw::BreakpointBin {
    let bin = adw::BreakpointBin::builder().width_request(300).height_request(200).build();
    bin.set_child(Some(toolbar));
    let breakpoint = adw::Breakpoint::new(adw::BreakpointCondition::new_length(
        adw::BreakpointConditionLengthType::MaxWidth,
        NARROW,
        adw::LengthUnit::Sp,
    ));
    let (input, output) = (sender.input_sender().clone(), sender.input_sender().clone());
    breakpoint.connect_apply(move |_| drop(input.send(AppPageMsg::Narrow(true))));
    breakpoint.connect_unapply(move |_| drop(output.send(AppPageMsg::Narrow(false))));
    bin.add_breakpoint(breakpoint);
    bin
}

/// What the button with the three dots offers.
fn more() -> gio::Menu {
    let menu = gio::Menu::new();
    menu.append(Some(&gettext("Only on _This Machine")), Some("permissions.local"));
    menu.append(Some(&gettext("Show Override _File")), Some("permissions.file"));
    menu
}
