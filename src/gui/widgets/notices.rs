//! Banners for what is worth knowing about a whole page, each with the button that would set it right.
//!
//! Where there is little room, those that nothing can be done about become one.

use std::cell::RefCell;
use std::rc::Rc;

use bucket::core::item::{Notice, Remedy};
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

/// How many that nothing can be done about are shown in full, with room and without.
const WIDE: usize = 2;
const NARROW: usize = 1;

/// The banners of one page, below each other.
pub struct Notices {
    root: gtk::Box,
    /// What is shown, and in how little room.
    shown: RefCell<(Vec<Notice>, bool)>,
    on_remedy: Rc<dyn Fn(Remedy)>,
    on_more: Rc<dyn Fn(String)>,
}

impl Notices {
    /// No banners, which call `on_remedy` when a button is pressed, and `on_more` with texts that have to be read
    /// elsewhere.
    pub fn new(on_remedy: impl Fn(Remedy) + 'static, on_more: impl Fn(String) + 'static) -> Self {
        Self {
            root: gtk::Box::new(gtk::Orientation::Vertical, 0),
            shown: RefCell::default(),
            on_remedy: Rc::new(on_remedy),
            on_more: Rc::new(on_more),
        }
    }

    /// What to put on the page.
    pub fn root(&self) -> &gtk::Box {
        &self.root
    }

    /// Shows these and no others.
    pub fn show(&self, notices: &[Notice], narrow: bool) {
        let shown = (notices.to_vec(), narrow);
        if *self.shown.borrow() == shown {
            return;
        }
        while let Some(banner) = self.root.first_child() {
            self.root.remove(&banner);
        }
        let (plain, open): (Vec<&Notice>, Vec<&Notice>) =
            notices.iter().partition(|notice| notice.remedy.is_none());
        for notice in open {
            let banner = self.add(&notice.text);
            if let Some(remedy) = notice.remedy.clone() {
                banner.set_button_label(Some(&remedy.label));
                let on_remedy = self.on_remedy.clone();
                banner.connect_button_clicked(move |_| on_remedy(remedy.clone()));
            }
        }
        if plain.len() > if narrow { NARROW } else { WIDE } {
            let text = ngettext("{n} thing to know", "{n} things to know", plain.len());
            let banner = self.add(&fill(&text, &[("n", &plain.len().to_string())]));
            banner.set_button_label(Some(&gettext("Read")));
            let all = plain.iter().map(|notice| notice.text.as_str()).collect::<Vec<_>>();
            let (all, on_more) = (all.join("\n\n"), self.on_more.clone());
            banner.connect_button_clicked(move |_| on_more(all.clone()));
        } else {
            plain.into_iter().for_each(|notice| drop(self.add(&notice.text)));
        }
        self.shown.replace(shown);
    }

    fn add(&self, text: &str) -> adw::Banner {
        let banner = adw::Banner::builder().title(text).use_markup(false).revealed(true).build();
        self.root.append(&banner);
        banner
    }
}
