//! A row of a page as the list model holds it.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use relm4::gtk::glib;
use relm4::gtk::glib::prelude::*;
use relm4::gtk::glib::subclass::prelude::*;

use crate::model::Row;

mod imp {
    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::RowObject)]
    pub struct RowObject {
        pub row: OnceCell<Arc<Row>>,
        /// Whether the person has ticked it.
        #[property(get, set)]
        pub checked: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for RowObject {
        const NAME: &'static str = "BucketRowObject";
        type Type = super::RowObject;
    }

    #[glib::derived_properties]
    impl ObjectImpl for RowObject {}
}

glib::wrapper! {
    /// One row: what it shows never changes, only whether it is ticked.
    pub struct RowObject(ObjectSubclass<imp::RowObject>);
}

impl RowObject {
    pub fn new(row: Arc<Row>) -> Self {
        let object: Self = glib::Object::new();
        // A new object's cell is empty.
        let _ = object.imp().row.set(row);
        object
    }

    /// What it shows; `None` only for an object that was not made by [`RowObject::new`].
    pub fn row(&self) -> Option<&Arc<Row>> {
        self.imp().row.get()
    }
}
