//! Settings in a list that is fast however many there are: what a search has found.

use bucket::core::item::ItemKey;
use bucket::words::fill;
use bucket::words::gettext;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::{RelmListItem, TypedListView};
use relm4::{adw, gtk};

use crate::browse::Shown;
use crate::widgets::{label, set_name, set_tooltip};

/// The list.
pub struct Results {
    list: TypedListView<Found, gtk::NoSelection>,
    scrolled: gtk::ScrolledWindow,
    shown: Vec<Shown>,
}

struct Found(Shown);

/// The widgets of a row.
struct FoundWidgets {
    item: gtk::glib::WeakRef<gtk::ListItem>,
    title: gtk::Label,
    subtitle: gtk::Label,
    value: gtk::Label,
}

impl RelmListItem for Found {
    type Root = gtk::Box;
    type Widgets = FoundWidgets;

    fn setup(item: &gtk::ListItem) -> (gtk::Box, FoundWidgets) {
        let title = label(&[]);
        title.set_wrap(true);
        title.set_lines(2);
        let subtitle = label(&["dimmed", "caption"]);
        let texts = gtk::Box::new(gtk::Orientation::Vertical, 3);
        texts.set_hexpand(true);
        texts.append(&title);
        texts.append(&subtitle);
        let value = label(&["dimmed"]);
        value.set_max_width_chars(16);
        let root = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        root.append(&texts);
        root.append(&value);
        root.append(&gtk::Image::from_icon_name("go-next-symbolic"));
        (root, FoundWidgets { item: item.downgrade(), title, subtitle, value })
    }

    fn bind(&mut self, widgets: &mut FoundWidgets, _: &mut gtk::Box) {
        let Self(shown) = self;
        let key = shown.setting.key.to_string();
        let value = shown.value();
        widgets.title.set_text(&shown.setting.title);
        widgets.subtitle.set_text(&key);
        set_tooltip(&widgets.subtitle, &key);
        widgets.value.set_text(&value);
        set_tooltip(&widgets.value, &value);
        if let Some(item) = widgets.item.upgrade() {
            let text = gettext("{item}: {value}");
            let parts = [("item", shown.setting.title.as_str()), ("value", &value)];
            item.set_accessible_label(&fill(&text, &parts));
            item.set_accessible_description(&shown.subtitle());
        }
    }
}

impl Results {
    /// An empty list; `chosen` is called with the setting the person wants to see.
    pub fn new(chosen: impl Fn(ItemKey) + 'static) -> Self {
        let list: TypedListView<Found, gtk::NoSelection> = TypedListView::new();
        list.view.set_single_click_activate(true);
        list.view.add_css_class("drift-list");
        set_name(&list.view, &gettext("Settings"));
        list.view.connect_activate(move |view, at| {
            let found = view.model().and_then(|model| model.item(at));
            let Some(found) = found.and_downcast::<gtk::glib::BoxedAnyObject>() else { return };
            let item = found.borrow::<Found>().0.setting.key.item();
            chosen(item);
        });
        let clamp = adw::ClampScrollable::builder().maximum_size(640).child(&list.view).build();
        let scrolled = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .vexpand(true)
            .child(&clamp)
            .build();
        Self { list, scrolled, shown: Vec::new() }
    }

    pub fn root(&self) -> &gtk::ScrolledWindow {
        &self.scrolled
    }

    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Lists other settings. Where they are the same ones, only those that have changed are drawn anew.
    pub fn set(&mut self, shown: impl Iterator<Item = Shown>) {
        let shown: Vec<Shown> = shown.collect();
        if shown == self.shown {
            return;
        }
        let same = |(new, old): (&Shown, &Shown)| new.setting.key == old.setting.key;
        if shown.len() == self.shown.len() && shown.iter().zip(&self.shown).all(same) {
            for (at, (new, old)) in (0..).zip(shown.iter().zip(&self.shown)) {
                if new != old {
                    self.list.remove(at);
                    self.list.insert(at, Found(new.clone()));
                }
            }
        } else {
            self.list.clear();
            self.list.extend_from_iter(shown.iter().cloned().map(Found));
        }
        self.shown = shown;
    }
}
