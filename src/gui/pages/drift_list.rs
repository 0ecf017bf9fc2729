//! The list of a page: rows under pinned headings, in sections, fast with thousands of them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use bucket::words::gettext;
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::{adw, gtk};

use crate::model::{Filter, PageData, Query, Row, RowKey};
use crate::widgets::at_top::AtTop;
use crate::widgets::drift_row::{DriftRow, RowAct};
use crate::widgets::row_object::RowObject;
use crate::widgets::{label, set_name};

/// How wide the list grows.
const WIDEST: i32 = 1400;

/// What the list tells its page.
#[derive(Clone, Debug)]
pub enum ListOut {
    Act(RowKey, RowAct),
    /// Other rows are ticked than before.
    Selection,
}

type Tell = Rc<dyn Fn(ListOut)>;

/// The list with its model.
pub struct DriftList {
    pub root: gtk::Widget,
    headings: adw::Clamp,
    store: gtk::gio::ListStore,
    filter: gtk::CustomFilter,
    shown: gtk::SortListModel,
    view: gtk::ListView,
    query: Rc<RefCell<Query>>,
    tell: Tell,
    /// Rows are ticked one after the other, and the page hears of it once.
    bulk: Rc<Cell<bool>>,
    narrow: Rc<Cell<bool>>,
    top: Rc<AtTop>,
    /// The row widgets there are, whichever items they show.
    rows: Rc<RefCell<Vec<glib::WeakRef<DriftRow>>>>,
}

impl DriftList {
    pub fn new(query: Rc<RefCell<Query>>, tell: impl Fn(ListOut) + 'static) -> Self {
        let tell: Tell = Rc::new(tell);
        let store = gtk::gio::ListStore::new::<RowObject>();
        let asked = query.clone();
        let filter = gtk::CustomFilter::new(move |object| {
            let row = object.downcast_ref::<RowObject>().and_then(RowObject::row);
            row.is_some_and(|row| asked.borrow().shows(row))
        });
        let filtered = gtk::FilterListModel::new(Some(store.clone()), Some(filter.clone()));
        let shown = gtk::SortListModel::new(Some(filtered), None::<gtk::Sorter>);
        let selection = gtk::NoSelection::new(Some(shown.clone()));

        let narrow = Rc::new(Cell::new(false));
        let rows: Rc<RefCell<Vec<glib::WeakRef<DriftRow>>>> = Rc::default();
        let headings = DriftRow::new(|_, _| ());
        headings.become_headings();
        let factory = row_factory(&tell, &narrow, &rows);
        let view = gtk::ListView::new(Some(selection), Some(factory));
        view.set_show_separators(true);
        view.add_css_class("drift-list");
        let (list, act) = (shown.clone(), tell.clone());
        view.connect_activate(move |_, position| {
            let object = list.item(position).and_downcast::<RowObject>();
            if let Some(row) = object.as_ref().and_then(RowObject::row) {
                act(ListOut::Act(row.key.clone(), RowAct::Details));
            }
        });

        let clamp = adw::ClampScrollable::builder().maximum_size(WIDEST).child(&view).build();
        let scrolled = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .vexpand(true)
            .child(&clamp)
            .build();
        let top = AtTop::new(&view, &scrolled);
        let heading_clamp = adw::Clamp::builder().maximum_size(WIDEST).child(&headings).build();
        heading_clamp.add_css_class("drift-headings");
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&heading_clamp);
        content.append(&scrolled);
        let bulk = Rc::default();
        let (root, headings) = (content.upcast(), heading_clamp);
        Self { root, headings, store, filter, shown, view, query, tell, bulk, narrow, top, rows }
    }

    /// Stacks the values of every row, or puts them side by side under the headings.
    pub fn set_narrow(&self, narrow: bool) {
        self.top.keep();
        self.narrow.set(narrow);
        self.rows.borrow_mut().retain(|row| row.upgrade().is_some());
        let rows: Vec<DriftRow> = self.rows.borrow().iter().filter_map(|r| r.upgrade()).collect();
        for row in rows {
            row.set_narrow(narrow);
        }
        self.view.set_single_click_activate(narrow);
        self.headings.set_visible(!narrow);
    }

    /// How many rows pass the filter and the search.
    pub fn visible(&self) -> usize {
        self.shown.n_items() as usize
    }

    /// Shows other rows. Those that are the same stay where they are, with focus and scroll position.
    pub fn set_data(&self, data: &PageData) {
        self.top.keep();
        let several = data.sections > 1;
        if several != self.view.header_factory().is_some() {
            self.view.set_header_factory(several.then(header_factory).as_ref());
            self.shown.set_section_sorter(several.then(section_sorter).as_ref());
        }
        let old: Vec<RowObject> = self.objects();
        let by_key: BTreeMap<&RowKey, &RowObject> =
            old.iter().filter_map(|object| Some((&object.row()?.key, object))).collect();
        let new: Vec<RowObject> = data
            .rows
            .iter()
            .map(|row| match by_key.get(&row.key) {
                Some(object) if object.row() == Some(row) => (*object).clone(),
                before => {
                    let object = self.object(row);
                    object.set_checked(before.is_some_and(|object| object.checked()));
                    object
                }
            })
            .collect();
        // From the end, so that the places before stay what they are.
        for (was, is) in changed_runs(&old, &new).into_iter().rev() {
            self.store.splice(was.start as u32, was.len() as u32, &new[is]);
        }
        (self.tell)(ListOut::Selection);
    }

    fn object(&self, row: &Arc<Row>) -> RowObject {
        let object = RowObject::new(row.clone());
        let (tell, bulk) = (self.tell.clone(), self.bulk.clone());
        object.connect_checked_notify(move |_| {
            if !bulk.get() {
                tell(ListOut::Selection);
            }
        });
        object
    }

    fn objects(&self) -> Vec<RowObject> {
        (0..self.store.n_items()).filter_map(|i| self.store.item(i).and_downcast()).collect()
    }

    /// The filter or the search has changed.
    pub fn refilter(&self) {
        self.top.keep();
        self.filter.changed(gtk::FilterChange::Different);
    }

    /// The ticked rows.
    pub fn checked(&self) -> Vec<Arc<Row>> {
        let objects = self.objects();
        objects.iter().filter(|o| o.checked()).filter_map(|o| o.row().cloned()).collect()
    }

    /// Ticks every listed row that can be acted on, or unticks all.
    pub fn check_all(&self, checked: bool) {
        let now = self.query.borrow().filter == Filter::Pending;
        self.bulk.set(true);
        for object in self.objects() {
            let Some(row) = object.row() else { continue };
            let shown = self.query.borrow().shows(row) && row.selectable(now);
            if !checked || shown {
                object.set_checked(checked);
            }
        }
        self.bulk.set(false);
        (self.tell)(ListOut::Selection);
    }

    /// Unticks one row.
    pub fn uncheck(&self, key: &RowKey) {
        for object in self.objects() {
            if object.row().is_some_and(|row| row.key == *key) {
                object.set_checked(false);
            }
        }
    }
}

/// Where two lists differ: the runs of the old one that give way, each to a run of the new one. What both have in the
/// same order lies between the runs, and is left alone.
fn changed_runs<T: Clone + Eq + Hash>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let places: HashMap<&T, usize> = old.iter().enumerate().map(|(at, one)| (one, at)).collect();
    let mut runs = Vec::new();
    let (mut was, mut is) = (0, 0);
    let kept = new.iter().enumerate().filter_map(|(at, one)| Some((*places.get(one)?, at)));
    for (in_old, in_new) in kept.chain(std::iter::once((old.len(), new.len()))) {
        if in_old < was {
            // Moved to behind one that was kept: it comes as if it were new.
            continue;
        }
        if in_old > was || in_new > is {
            runs.push((was..in_old, is..in_new));
        }
        (was, is) = (in_old + 1, in_new + 1);
    }
    runs
}

fn row_factory(
    tell: &Tell,
    narrow: &Rc<Cell<bool>>,
    rows: &Rc<RefCell<Vec<glib::WeakRef<DriftRow>>>>,
) -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    let (tell, narrow, rows) = (tell.clone(), narrow.clone(), rows.clone());
    factory.connect_setup(move |_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let tell = tell.clone();
        let row = DriftRow::new(move |key, act| tell(ListOut::Act(key.clone(), act)));
        row.set_narrow(narrow.get());
        rows.borrow_mut().push(row.downgrade());
        item.set_child(Some(&row));
    });
    factory.connect_bind(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let object = item.item().and_downcast::<RowObject>();
        let widget = item.child().and_downcast::<DriftRow>();
        if let (Some(object), Some(widget)) = (object, widget) {
            widget.bind(&object);
            if let Some(row) = object.row() {
                // The list item is what has the focus, and it takes no name from its child.
                item.set_accessible_label(&row.title);
                item.set_accessible_description(&row.spoken());
            }
        }
    });
    factory.connect_unbind(|_, item| {
        let item = item.downcast_ref::<gtk::ListItem>();
        if let Some(row) = item.and_then(gtk::ListItem::child).and_downcast::<DriftRow>() {
            row.unbind();
        }
    });
    factory
}

fn header_factory() -> gtk::ListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_setup(|_, header| {
        if let Some(header) = header.downcast_ref::<gtk::ListHeader>() {
            header.set_child(Some(&label(&["heading"])));
        }
    });
    factory.connect_bind(|_, header| {
        let Some(header) = header.downcast_ref::<gtk::ListHeader>() else { return };
        let object = header.item().and_downcast::<RowObject>();
        let title = header.child().and_downcast::<gtk::Label>();
        if let (Some(row), Some(title)) = (object.as_ref().and_then(RowObject::row), title) {
            title.set_text(&row.section.1);
        }
    });
    factory.upcast()
}

fn section_sorter() -> gtk::CustomSorter {
    gtk::CustomSorter::new(|a, b| {
        let place = |object: &glib::Object| {
            object.downcast_ref::<RowObject>().and_then(|o| o.row()).map(|row| row.section.0)
        };
        place(a).cmp(&place(b)).into()
    })
}

/// The name of the list for screen readers.
pub fn name_list(list: &DriftList, page: &str) {
    let text = gettext("Items of {page}");
    set_name(&list.view, &bucket::words::fill(&text, &[("page", page)]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stays_is_left_alone() {
        let runs = |old: &str, new: &str| {
            let of = |text: &str| text.chars().collect::<Vec<_>>();
            changed_runs(&of(old), &of(new))
        };
        assert_eq!(runs("abcdef", "abcdef"), []);
        assert_eq!(runs("", "ab"), [(0..0, 0..2)]);
        assert_eq!(runs("abcdef", "aXcdYZ"), [(1..2, 1..2), (4..6, 4..6)]);
        assert_eq!(runs("abcdef", "acdXef"), [(1..2, 1..1), (4..4, 3..4)]);
    }

    proptest! {
        #[test]
        fn splicing_the_runs_makes_the_new_list(
            old in prop::sample::subsequence((0..9).collect::<Vec<u8>>(), 0..9).prop_shuffle(),
            new in prop::sample::subsequence((0..9).collect::<Vec<u8>>(), 0..9).prop_shuffle(),
        ) {
            let mut list = old.clone();
            for (was, is) in changed_runs(&old, &new).into_iter().rev() {
                list.splice(was, new[is].iter().copied());
            }
            prop_assert_eq!(list, new);
        }
    }
}
