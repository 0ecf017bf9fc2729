//! Keeps a list that is at its top there: when its rows get other places, its view would keep the first row where it
//! is, and scroll the heading above it away.

use std::cell::Cell;
use std::rc::Rc;

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

/// After so many frames the rows have their places.
const FRAMES: u8 = 3;

/// Whether a list is at its top, and what keeps it there.
pub struct AtTop {
    view: glib::WeakRef<gtk::ListView>,
    place: gtk::Adjustment,
    /// The person has left it at the top.
    is: Cell<bool>,
    /// The rows get their places: what moves now, the person has not moved.
    settling: Cell<bool>,
    /// How wide and high the list was when it moved last.
    size: Cell<(i32, i32)>,
}

impl AtTop {
    /// Looks after `view`, which `scrolled` scrolls.
    pub fn new(view: &gtk::ListView, scrolled: &gtk::ScrolledWindow) -> Rc<Self> {
        let top = Rc::new(Self {
            view: view.downgrade(),
            place: scrolled.vadjustment(),
            is: Cell::new(true),
            settling: Cell::new(false),
            size: Cell::default(),
        });
        let weak = Rc::downgrade(&top);
        top.place.connect_value_changed(move |place| {
            let Some(top) = weak.upgrade() else { return };
            // In another width, rows have other heights.
            if top.has_new_size() {
                top.keep();
            } else if !top.settling.get() {
                top.is.set(place.value() < 1.0);
            }
        });
        for side in [scrolled.hadjustment(), scrolled.vadjustment()] {
            let weak = Rc::downgrade(&top);
            side.connect_page_size_notify(move |_| {
                let Some(top) = weak.upgrade() else { return };
                if top.has_new_size() {
                    top.keep();
                }
            });
        }
        // Nor does larger text leave rows where they were.
        let weak = Rc::downgrade(&top);
        view.settings().connect_gtk_xft_dpi_notify(move |_| {
            if let Some(top) = weak.upgrade() {
                top.keep();
            }
        });
        top
    }

    fn has_new_size(&self) -> bool {
        let size = self.view.upgrade().map_or((0, 0), |view| (view.width(), view.height()));
        self.size.replace(size) != size
    }

    /// Rows are about to get other places: a list that is at its top stays there.
    pub fn keep(self: &Rc<Self>) {
        let Some(view) = self.view.upgrade().filter(|_| self.is.get()) else { return };
        if self.settling.replace(true) {
            return;
        }
        let (top, frames) = (Rc::downgrade(self), Cell::new(0));
        view.add_tick_callback(move |_, _| {
            frames.set(frames.get() + 1);
            if frames.get() < FRAMES {
                return glib::ControlFlow::Continue;
            }
            if let Some(top) = top.upgrade() {
                top.place.set_value(0.0);
                top.settling.set(false);
            }
            glib::ControlFlow::Break
        });
    }
}
