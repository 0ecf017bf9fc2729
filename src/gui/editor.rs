//! The override editor's part of the window: its pages, and what they ask for.

use std::sync::Arc;

use bucket::core::item::ItemKey;
use bucket::engine::{Edit, Reach, Wish};
use bucket::host::Host;
use bucket::subsystem::flatpak::edit;
use bucket::words::gettext;
use relm4::adw;
use relm4::adw::prelude::*;
use relm4::prelude::*;

use crate::app::{App, AppMsg};
use crate::backend::Job;
use crate::dialogs;
use crate::pages::permissions::{ListMsg, ListPage, PermissionsOut, TAG};
use crate::pages::permissions_app::{AppPage, AppPageMsg, Change};
use crate::pages::{permissions_app, permissions_file};
use crate::permissions::Data;
use crate::widgets::app_icon;

/// The pages that are open, and what they show.
pub struct Editor {
    host: Host,
    list: Option<Controller<ListPage>>,
    apps: Vec<(ItemKey, Controller<AppPage>)>,
    data: Option<Arc<Data>>,
}

impl Editor {
    pub fn new(host: Host) -> Self {
        Self { host, list: None, apps: Vec::new(), data: None }
    }

    /// Lets go of pages that are no longer in the window.
    fn prune(&mut self) {
        self.list.take_if(|page| page.widget().parent().is_none());
        self.apps.retain(|(_, page)| page.widget().parent().is_some());
    }

    fn is_open(&self) -> bool {
        self.list.is_some() || !self.apps.is_empty()
    }
}

impl App {
    /// Whether a page is open already: a second press must not open it twice.
    pub(crate) fn shows(&self, tag: &str) -> bool {
        let stack = self.nav().navigation_stack();
        (0..stack.n_items()).any(|at| {
            let page = stack.item(at).and_downcast::<adw::NavigationPage>();
            page.and_then(|page| page.tag()).as_deref() == Some(tag)
        })
    }

    /// Opens the list of apps with their permissions.
    pub(crate) fn open_permissions(&mut self) {
        if self.shows(TAG) {
            return;
        }
        let list = ListPage::builder().launch(()).forward(self.input(), AppMsg::Permissions);
        if let Some(data) = &self.editor().data {
            list.emit(ListMsg::Data(data.clone()));
        }
        self.nav().push(list.widget());
        self.editor().list = Some(list);
        self.read_permissions();
    }

    /// Opens the permissions of one app.
    pub(crate) fn open_permissions_of(&mut self, key: &ItemKey) {
        if self.shows(&permissions_app::tag(key)) {
            return;
        }
        let page =
            AppPage::builder().launch(key.clone()).forward(self.input(), AppMsg::Permissions);
        if let Some(data) = &self.editor().data {
            page.emit(AppPageMsg::Data(data.clone()));
        }
        self.nav().push(page.widget());
        self.editor().apps.push((key.clone(), page));
        self.read_permissions();
    }

    /// Reads the permissions again, if anyone looks at them.
    pub(crate) fn read_permissions(&mut self) {
        self.editor().prune();
        if let (true, Some(report)) = (self.editor().is_open(), self.report()) {
            self.backend.send(Job::Permissions(report));
        }
    }

    /// Shows permissions that were read.
    pub(crate) fn permissions_read(&mut self, data: Arc<Data>) {
        app_icon::add_dirs(&data.icons);
        let editor = self.editor();
        if let Some(list) = &editor.list {
            list.emit(ListMsg::Data(data.clone()));
        }
        for (_, page) in &editor.apps {
            page.emit(AppPageMsg::Data(data.clone()));
        }
        let before = editor.data.replace(data.clone());
        if let Some(page) = self.nav().visible_page() {
            permissions_file::fill_page(&page, &data, before.as_deref());
        }
    }

    /// Searches on the page that is shown, if it is one of these.
    pub(crate) fn search_permissions(&mut self) -> bool {
        let Some(shown) = self.nav().visible_page() else { return false };
        let editor = self.editor();
        if let Some(list) = editor.list.as_ref().filter(|_| shown.tag().as_deref() == Some(TAG)) {
            list.emit(ListMsg::Search);
            return true;
        }
        let page = editor.apps.iter().find(|(_, page)| *page.widget() == shown);
        if let Some((_, page)) = page {
            page.emit(AppPageMsg::Search);
        }
        page.is_some()
    }

    /// What the pages ask for.
    pub(crate) fn permissions_out(&mut self, out: PermissionsOut) {
        match out {
            PermissionsOut::Open(key) => self.open_permissions_of(&key),
            PermissionsOut::Edit(change) => self.edit_permission(change),
            PermissionsOut::Copy(command) => {
                self.root().clipboard().set_text(&command);
                self.toast(adw::Toast::new(&gettext("Command copied")));
            }
            PermissionsOut::File(key, layer) => {
                let page = permissions_file::new_page(&key, layer);
                if page.tag().is_some_and(|tag| self.shows(&tag)) {
                    return;
                }
                if let Some(data) = self.editor().data.clone() {
                    permissions_file::fill_page(&page, &data, None);
                }
                self.nav().push(&page);
            }
        }
    }

    fn edit_permission(&mut self, change: Change) {
        let Change { app: key, layer, permission, stand, local } = change;
        let editor = self.editor();
        let Some(app) = editor.data.as_ref().and_then(|data| data.app(&key)) else { return };
        let wanted = (permission, stand);
        let made = edit::fields(&editor.host, &app.item, layer, std::slice::from_ref(&wanted));
        let fields = match made {
            Ok(fields) => fields,
            Err(why) => {
                dialogs::failure(self.root(), &gettext("That Cannot Be Set"), &why);
                // What was chosen is not so: the row shows what is.
                self.read_permissions();
                return;
            }
        };
        let command = local.then(|| app.local_command(layer, &wanted.0, &fields));
        let wish = Wish {
            subsystem: crate::permissions::APPS,
            item: key,
            edit: Edit::Put { set: fields.set, clear: fields.clear },
        };
        let reach = if local { Reach::System } else { Reach::Both };
        self.backend.send(Job::Edit { wishes: vec![wish], reach, local: command });
    }
}
