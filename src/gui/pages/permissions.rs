//! Which apps' permissions were changed: every installed app, or every changed permission with its apps.

use std::sync::Arc;

use bucket::core::item::ItemKey;
use bucket::subsystem::flatpak::Item;
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::{Sender, adw, gtk};

use crate::permissions::{App, Changed, Data};
use crate::widgets::app_icon::app_icon;
use crate::widgets::{loading, open_search, search, set_name};

/// The page's tag.
pub const TAG: &str = "permissions";

/// What the page is told.
#[derive(Debug)]
pub enum ListMsg {
    Data(Arc<Data>),
    ByPermission(bool),
    SearchText(String),
    Search,
}

/// What the pages of permissions ask of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum PermissionsOut {
    /// The permissions of an app.
    Open(ItemKey),
    /// One permission of an app is to be otherwise.
    Edit(super::permissions_app::Change),
    /// A command goes to the clipboard.
    Copy(String),
    /// The override file of a layer.
    File(ItemKey, bucket::host::flatpak::Scope),
}

/// The page's model.
pub struct ListPage {
    data: Option<Arc<Data>>,
    by_permission: bool,
    search: String,
    stale: bool,
    search_bar: gtk::SearchBar,
}

/// The page's widgets.
pub struct ListWidgets {
    stack: gtk::Stack,
    failed: adw::StatusPage,
    page: adw::PreferencesPage,
    groups: Vec<adw::PreferencesGroup>,
}

impl SimpleComponent for ListPage {
    type Init = ();
    type Input = ListMsg;
    type Output = PermissionsOut;
    type Root = adw::NavigationPage;
    type Widgets = ListWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("Permissions")).tag(TAG).build()
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let (search_bar, widgets) = build(&root, &sender);
        let (data, search) = (None, String::new());
        let model = Self { data, by_permission: false, search, stale: true, search_bar };
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: ListMsg, _: ComponentSender<Self>) {
        self.stale = true;
        match message {
            ListMsg::Data(data) => {
                // Grants are not in the list.
                self.stale = self.data.as_ref().is_none_or(|old| {
                    (&old.apps, &old.left, &old.trouble) != (&data.apps, &data.left, &data.trouble)
                });
                self.data = Some(data);
            }
            ListMsg::ByPermission(by) => self.by_permission = by,
            ListMsg::SearchText(text) => self.search = text.to_lowercase(),
            ListMsg::Search => {
                self.stale = false;
                open_search(&self.search_bar);
            }
        }
    }

    fn update_view(&self, widgets: &mut ListWidgets, sender: ComponentSender<Self>) {
        let Some(data) = self.data.as_deref().filter(|_| self.stale) else { return };
        for group in widgets.groups.drain(..) {
            widgets.page.remove(&group);
        }
        let output = sender.output_sender();
        widgets.groups = match self.by_permission {
            false => self.app_groups(data, output),
            true => self.permission_groups(data, output),
        };
        for group in &widgets.groups {
            widgets.page.add(group);
        }
        let shown = match &data.trouble {
            Some(why) => {
                widgets.failed.set_description(Some(&glib::markup_escape_text(why)));
                "failed"
            }
            None if !widgets.groups.is_empty() => "list",
            None if !self.search.is_empty() => "no-results",
            None => "unchanged",
        };
        widgets.stack.set_visible_child_name(shown);
    }
}

impl ListPage {
    fn finds(&self, texts: &[&str]) -> bool {
        self.search.is_empty()
            || texts.iter().any(|text| text.to_lowercase().contains(&self.search))
    }

    fn app_groups(
        &self,
        data: &Data,
        output: &Sender<PermissionsOut>,
    ) -> Vec<adw::PreferencesGroup> {
        let (global, apps): (Vec<&App>, Vec<&App>) = data
            .apps
            .iter()
            .filter(|app| self.finds(&[&app.title, &app.subtitle, app.key.as_str()]))
            .partition(|app| matches!(app.item, Item::Global(_)));
        let mut groups = Vec::new();
        for (title, apps) in [(None, global), (Some(gettext("Apps")), apps)] {
            if apps.is_empty() {
                continue;
            }
            let group = adw::PreferencesGroup::new();
            if let Some(title) = title {
                group.set_title(&title);
            }
            for app in apps {
                group.add(&app_row(app, output));
            }
            groups.push(group);
        }
        if data.apps.iter().all(|app| app.id().is_none()) && self.search.is_empty() {
            let group = adw::PreferencesGroup::builder().title(gettext("Apps")).build();
            let row = adw::ActionRow::builder().title(gettext("No apps are installed")).build();
            row.add_css_class("dimmed");
            group.add(&row);
            groups.push(group);
        }
        let left: Vec<&App> = data.left.iter().filter(|app| self.finds(&[&app.title])).collect();
        if !left.is_empty() {
            let group = adw::PreferencesGroup::builder()
                .title(gettext("Not Installed"))
                .description(gettext("Apps that are gone, whose overrides are still there"))
                .build();
            for app in left {
                for (layer, path) in app.overridden() {
                    group.add(&left_row(app, layer, path, output));
                }
            }
            groups.push(group);
        }
        groups
    }

    fn permission_groups(
        &self,
        data: &Data,
        output: &Sender<PermissionsOut>,
    ) -> Vec<adw::PreferencesGroup> {
        let mut groups: Vec<(bucket::subsystem::flatpak::catalogue::Group, _)> = Vec::new();
        for changed in data.by_permission() {
            let titles: Vec<&str> = changed.apps.iter().map(|by| by.title.as_str()).collect();
            let texts =
                [&[changed.title.as_str(), changed.permission.token()], &titles[..]].concat();
            if !self.finds(&texts) {
                continue;
            }
            if groups.last().is_none_or(|(group, _)| *group != changed.group) {
                let title = changed.group.title();
                let group = adw::PreferencesGroup::builder().title(title).build();
                groups.push((changed.group, group));
            }
            if let Some((_, group)) = groups.last() {
                group.add(&changed_row(&changed, data, output));
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// "2 changed".
fn count_words(n: usize) -> String {
    fill(&ngettext("{n} changed", "{n} changed", n), &[("n", &n.to_string())])
}

fn app_row(app: &App, output: &Sender<PermissionsOut>) -> adw::ActionRow {
    let row = adw::ActionRow::builder().use_markup(false).activatable(true).build();
    row.set_title(&app.title);
    row.set_subtitle(&app.subtitle);
    row.set_title_lines(2);
    row.set_subtitle_lines(2);
    row.add_prefix(&app_icon(app.id()));
    match &app.permissions {
        Err(why) => {
            let icon = gtk::Image::from_icon_name("dialog-warning-symbolic");
            icon.add_css_class("warning");
            set_name(&icon, &gettext("Could not be read"));
            icon.set_tooltip_text(Some(why));
            row.add_suffix(&icon);
        }
        Ok(_) => {
            let n = app.changes().len();
            if n > 0 {
                let count = gtk::Label::builder().valign(gtk::Align::Center).build();
                count.set_text(&n.to_string());
                count.set_tooltip_text(Some(&count_words(n)));
                count.add_css_class("count");
                row.add_suffix(&count);
                set_name(&row, &format!("{}, {}", app.title, count_words(n)));
            }
        }
    }
    row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
    open_on_activate(&row, &app.key, output);
    row
}

/// An override file of an app that is gone: it can be looked at.
fn left_row(
    app: &App,
    layer: bucket::host::flatpak::Scope,
    path: &str,
    output: &Sender<PermissionsOut>,
) -> adw::ActionRow {
    let row = adw::ActionRow::builder().use_markup(false).activatable(true).build();
    row.set_title(&app.title);
    row.set_subtitle(path);
    row.set_title_lines(2);
    row.set_subtitle_lines(2);
    row.add_prefix(&app_icon(app.id()));
    row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
    let (output, key) = (output.clone(), app.key.clone());
    // The window may be closing: nobody is left to hear of it then.
    row.connect_activated(move |_| drop(output.send(PermissionsOut::File(key.clone(), layer))));
    row
}

fn open_on_activate(row: &adw::ActionRow, key: &ItemKey, output: &Sender<PermissionsOut>) {
    let (output, key) = (output.clone(), key.clone());
    // The window may be closing: nobody is left to hear of it then.
    row.connect_activated(move |_| drop(output.send(PermissionsOut::Open(key.clone()))));
}

fn changed_row(
    changed: &Changed,
    data: &Data,
    output: &Sender<PermissionsOut>,
) -> adw::ExpanderRow {
    let row = adw::ExpanderRow::builder().use_markup(false).title_lines(2).build();
    row.set_title(&changed.title);
    let titles: Vec<&str> = changed.apps.iter().map(|by| by.title.as_str()).collect();
    row.set_subtitle(&titles.join(", "));
    row.set_subtitle_lines(2);
    let n = changed.apps.len();
    let words = fill(&ngettext("{n} app", "{n} apps", n), &[("n", &n.to_string())]);
    set_name(&row, &format!("{}, {words}", changed.title));
    let count = gtk::Label::builder().valign(gtk::Align::Center).label(n.to_string()).build();
    count.set_tooltip_text(Some(&words));
    count.add_css_class("count");
    row.add_suffix(&count);
    for by in &changed.apps {
        let line = adw::ActionRow::builder().use_markup(false).activatable(true).build();
        line.set_title(&by.title);
        line.set_subtitle(&by.what);
        line.add_prefix(&app_icon(data.app(&by.app).and_then(App::id)));
        line.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
        open_on_activate(&line, &by.app, output);
        row.add_row(&line);
    }
    row
}

fn build(
    root: &adw::NavigationPage,
    sender: &ComponentSender<ListPage>,
) -> (gtk::SearchBar, ListWidgets) {
    let header = adw::HeaderBar::new();
    let input = sender.input_sender().clone();
    let search = search(Some(root), &gettext("Search apps and permissions"), move |text| {
        drop(input.send(ListMsg::SearchText(text)));
    });
    header.pack_start(&search.button);

    let view = adw::ToggleGroup::builder().can_shrink(true).build();
    for title in [gettext("By App"), gettext("By Permission")] {
        view.add(adw::Toggle::builder().label(title).build());
    }
    view.add_css_class("round");
    set_name(&view, &gettext("Group"));
    let input = sender.input_sender().clone();
    view.connect_active_notify(move |view| {
        drop(input.send(ListMsg::ByPermission(view.active() == 1)));
    });
    let clamp = adw::Clamp::builder().maximum_size(360).child(&view).build();
    clamp.set_margin_top(12);
    clamp.set_margin_start(12);
    clamp.set_margin_end(12);
    view.add_css_class("permission-views");

    let page = adw::PreferencesPage::new();
    let failed = adw::StatusPage::builder()
        .icon_name("dialog-error-symbolic")
        .title(gettext("Could Not Be Read"))
        .build();
    let no_results = adw::StatusPage::builder()
        .icon_name("edit-find-symbolic")
        .title(gettext("Nothing Found"))
        .description(gettext("Try another search"))
        .build();
    let unchanged = adw::StatusPage::builder()
        .icon_name("object-select-symbolic")
        .title(gettext("No Permissions Changed"))
        .description(gettext("Every app has the permissions that it comes with"))
        .build();
    let stack = gtk::Stack::new();
    stack.set_vhomogeneous(false);
    stack.set_hhomogeneous(false);
    stack.set_vexpand(true);
    stack.add_named(&loading(), Some("loading"));
    stack.add_named(&page, Some("list"));
    stack.add_named(&failed, Some("failed"));
    stack.add_named(&no_results, Some("no-results"));
    stack.add_named(&unchanged, Some("unchanged"));
    let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
    content.append(&clamp);
    content.append(&stack);
    let toolbar = adw::ToolbarView::builder().content(&content).build();
    toolbar.add_top_bar(&header);
    toolbar.add_top_bar(&search.bar);
    root.set_child(Some(&toolbar));
    (search.bar, ListWidgets { stack, failed, page, groups: Vec::new() })
}
