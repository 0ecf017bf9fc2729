//! Banners for what is worth knowing about a whole page, each with the button that would set it right.

use std::cell::RefCell;
use std::rc::Rc;

use bucket::core::item::{Notice, Remedy};
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

/// The banners of one page, below each other.
pub struct Notices {
    root: gtk::Box,
    shown: RefCell<Vec<Notice>>,
    on_remedy: Rc<dyn Fn(Remedy)>,
}

impl Notices {
    /// No banners, which call `on_remedy` when a button is pressed.
    pub fn new(on_remedy: impl Fn(Remedy) + 'static) -> Self {
        Self {
            root: gtk::Box::new(gtk::Orientation::Vertical, 0),
            shown: RefCell::default(),
            on_remedy: Rc::new(on_remedy),
        }
    }

    /// What to put on the page.
    pub fn root(&self) -> &gtk::Box {
        &self.root
    }

    /// Shows these and no others.
    pub fn show(&self, notices: &[Notice]) {
        if *self.shown.borrow() == notices {
            return;
        }
        while let Some(banner) = self.root.first_child() {
            self.root.remove(&banner);
        }
        for Notice { text, remedy } in notices {
            let banner =
                adw::Banner::builder().title(text).use_markup(false).revealed(true).build();
            if let Some(remedy) = remedy.clone() {
                banner.set_button_label(Some(&remedy.label));
                let on_remedy = self.on_remedy.clone();
                banner.connect_button_clicked(move |_| on_remedy(remedy.clone()));
            }
            self.root.append(&banner);
        }
        self.shown.replace(notices.to_vec());
    }
}
