//! The window: a sidebar of pages beside the page that is shown.
//!
//! ```text
//! ApplicationWindow › ToastOverlay › NavigationSplitView
//!     sidebar: ToolbarView › Sidebar
//!     content: NavigationView › one NavigationPage per entry, detail pages on top
//! ```

use std::cell::Cell;
use std::rc::Rc;

use bucket::words::gettext;
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::{Sender, adw, gtk};

use crate::actions;
use crate::app::AppMsg;
use crate::settings::Settings;
use crate::widgets::sidebar::Sidebar;
use crate::widgets::{name_menu, set_name};

/// Narrower than this, sidebar and content take turns.
const COLLAPSE: f64 = 550.0;

/// The parts of the window that the application changes.
pub struct Window {
    pub toasts: adw::ToastOverlay,
    pub split: adw::NavigationSplitView,
    pub content: adw::NavigationPage,
    pub nav: adw::NavigationView,
}

/// Puts the window together.
pub fn build(
    window: &adw::ApplicationWindow,
    sidebar: &Sidebar,
    settings: &Settings,
    busy: &Rc<Cell<bool>>,
    sender: &Sender<AppMsg>,
) -> Window {
    window.set_title(Some(&gettext("Bucket")));
    window.set_size_request(360, 294);
    window.set_default_size(settings.int("window-width", 980), settings.int("window-height", 640));
    window.set_maximized(settings.bool("is-maximized"));

    let menu = gtk::MenuButton::builder()
        .icon_name("open-menu-symbolic")
        .menu_model(&actions::menu())
        .primary(true)
        .tooltip_text(gettext("Main Menu"))
        .build();
    set_name(&menu, &gettext("Main Menu"));
    name_menu(&menu);
    let header = adw::HeaderBar::new();
    header.pack_end(&menu);
    let scrolled = gtk::ScrolledWindow::builder()
        .hscrollbar_policy(gtk::PolicyType::Never)
        .child(&sidebar.list)
        .build();
    let toolbar = adw::ToolbarView::builder().content(&scrolled).build();
    toolbar.add_top_bar(&header);
    let side = adw::NavigationPage::builder().title(gettext("Bucket")).child(&toolbar).build();

    let nav = adw::NavigationView::new();
    let content = adw::NavigationPage::builder().title(gettext("Overview")).child(&nav).build();
    let split = adw::NavigationSplitView::builder()
        .sidebar(&side)
        .content(&content)
        .min_sidebar_width(180.0)
        .max_sidebar_width(260.0)
        .build();
    let toasts = adw::ToastOverlay::new();
    toasts.set_child(Some(&split));
    window.set_content(Some(&toasts));

    let condition = adw::BreakpointCondition::new_length(
        adw::BreakpointConditionLengthType::MaxWidth,
        COLLAPSE,
        adw::LengthUnit::Sp,
    );
    let breakpoint = adw::Breakpoint::new(condition);
    breakpoint.add_setter(&split, "collapsed", Some(&true.into()));
    window.add_breakpoint(breakpoint);

    let (remembered, input, busy) = (settings.clone(), sender.clone(), busy.clone());
    window.connect_close_request(move |window| {
        let (width, height) = window.default_size();
        remembered.set("window-width", width.max(360));
        remembered.set("window-height", height.max(294));
        remembered.set("is-maximized", window.is_maximized());
        if !busy.get() {
            return glib::Propagation::Proceed;
        }
        // A step must not be cut off: the window closes once it has stopped.
        drop(input.send(AppMsg::Closing));
        glib::Propagation::Stop
    });
    Window { toasts, split, content, nav }
}
