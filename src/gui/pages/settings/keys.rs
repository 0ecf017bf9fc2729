//! The settings of one group, each with its editor.

use std::rc::Rc;
use std::sync::Arc;

use bucket::core::item::ItemKey;
use bucket::subsystem::gsettings::catalog::{Catalog, Group};
use relm4::adw::prelude::*;
use relm4::{Sender, adw, gtk};

use super::results::Results;
use super::{BrowserMsg, ask, frame, here_banner};
use crate::browse::{Browse, Shown};
use crate::widgets::setting_row::SettingRow;
use crate::widgets::{label, set_name};

/// More settings than this are listed without their editors, which would take too long to make.
const EDITORS: usize = 200;

/// An open page of a group.
pub struct KeysPage {
    pub page: adw::NavigationPage,
    pub banner: adw::Banner,
    place: adw::Bin,
    group: Group,
    catalog: Arc<Catalog>,
    rows: Vec<(ItemKey, Rc<SettingRow>)>,
    results: Option<Results>,
}

impl KeysPage {
    pub fn new(browse: &Browse, group: &Group, sender: &Sender<BrowserMsg>) -> Self {
        let (banner, place) = (here_banner(), adw::Bin::new());
        let page = adw::NavigationPage::builder()
            .title(&group.title)
            .child(&frame(&place, &banner))
            .build();
        let mut this = Self {
            page,
            banner,
            place,
            group: group.clone(),
            catalog: browse.catalog.clone(),
            rows: Vec::new(),
            results: None,
        };
        this.fill(browse, sender);
        this
    }

    /// Whether it is still somewhere in the window.
    pub fn is_open(&self, nav: &adw::NavigationView) -> bool {
        super::setting::is_open(&self.page, nav)
    }

    pub fn row(&self, item: &ItemKey) -> Option<&Rc<SettingRow>> {
        self.rows.iter().find(|(key, _)| key == item).map(|(_, row)| row)
    }

    /// Brings it up to date.
    pub fn show(&mut self, browse: &Browse, sender: &Sender<BrowserMsg>) {
        if !Arc::ptr_eq(&self.catalog, &browse.catalog) {
            let same = |group: &&Group| {
                (&group.title, &group.section) == (&self.group.title, &self.group.section)
            };
            let Some(group) = browse.catalog.groups.iter().find(same) else { return };
            (self.group, self.catalog) = (group.clone(), browse.catalog.clone());
            self.fill(browse, sender);
            return;
        }
        if let Some(results) = &mut self.results {
            results.set(shown(browse, &self.group));
            return;
        }
        let all: Vec<Shown> = shown(browse, &self.group).collect();
        if all.iter().zip(&self.rows).any(|(shown, (_, row))| !row.fits(shown)) {
            self.fill(browse, sender);
            return;
        }
        for (shown, (_, row)) in all.iter().zip(&self.rows) {
            row.show(shown);
        }
    }

    fn fill(&mut self, browse: &Browse, sender: &Sender<BrowserMsg>) {
        self.rows.clear();
        self.results = None;
        if self.group.count() > EDITORS {
            let sender = sender.clone();
            let mut results = Results::new(move |item| {
                // The window may be closing: nobody is left to hear of it then.
                drop(sender.send(BrowserMsg::OpenSetting(item)));
            });
            results.set(shown(browse, &self.group));
            self.place.set_child(Some(results.root()));
            self.results = Some(results);
            return;
        }
        let page = adw::PreferencesPage::new();
        for place in &self.group.places {
            let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
            list.add_css_class("boxed-list");
            for shown in place.settings.clone().filter_map(|at| browse.shown(at)) {
                let item = shown.setting.key.item();
                let row = SettingRow::new(&shown, true, ask(&item, sender));
                list.append(&row.row);
                list.append(&row.wrong);
                self.rows.push((item, row));
            }
            // A group's own title and description are markup; these come from outside.
            let head = gtk::Box::new(gtk::Orientation::Vertical, 3);
            let title = if place.title.is_empty() { &self.group.title } else { &place.title };
            for (text, classes) in
                [(title, &["heading"][..]), (&place.detail, &["dimmed", "caption"])]
            {
                let line = label(classes);
                line.set_text(text);
                line.set_wrap(true);
                line.set_wrap_mode(gtk::pango::WrapMode::WordChar);
                line.set_ellipsize(gtk::pango::EllipsizeMode::None);
                head.append(&line);
            }
            set_name(&list, title);
            head.set_margin_bottom(9);
            let group = adw::PreferencesGroup::new();
            group.add(&head);
            group.add(&list);
            page.add(&group);
        }
        self.place.set_child(Some(&page));
    }
}

fn shown<'a>(browse: &'a Browse, group: &'a Group) -> impl Iterator<Item = Shown> + 'a {
    group.places.iter().flat_map(|place| place.settings.clone()).filter_map(|at| browse.shown(at))
}
