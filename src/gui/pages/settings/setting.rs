//! One setting: its editor, what it is about, and what each side says.

use std::rc::Rc;

use bucket::core::item::ItemKey;
use bucket::subsystem::gsettings::catalog::Source;
use bucket::words::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::{Sender, adw, gtk};

use super::{BrowserMsg, ask, frame, here_banner};
use crate::app::AppMsg;
use crate::browse::{self, Browse, Shown};
use crate::pages::detail;
use crate::widgets::setting_row::SettingRow;
use crate::widgets::{label, set_name, set_tooltip};

/// An open page of a setting.
pub struct SettingPage {
    pub page: adw::NavigationPage,
    pub banner: adw::Banner,
    toolbar: adw::ToolbarView,
    bar: Option<gtk::Widget>,
    item: ItemKey,
    editor: gtk::ListBox,
    row: Rc<SettingRow>,
    facts: adw::PreferencesGroup,
    listed: Vec<adw::ActionRow>,
    shown: Shown,
    /// Edits are for this machine alone.
    here: bool,
}

impl SettingPage {
    pub fn new(
        shown: &Shown,
        here: bool,
        sender: &Sender<BrowserMsg>,
        window: &Sender<AppMsg>,
    ) -> Self {
        let setting = &shown.setting;
        let item = setting.key.item();
        let content = adw::PreferencesPage::new();
        let editor = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
        editor.add_css_class("boxed-list");
        set_name(&editor, &setting.title);
        let row = edit_row(shown, &editor, sender);
        let head = adw::PreferencesGroup::new();
        head.add(&editor);
        if let Some(text) = &setting.description {
            let about = label(&["dimmed"]);
            about.set_text(&text.split_whitespace().collect::<Vec<_>>().join(" "));
            about.set_wrap(true);
            about.set_wrap_mode(gtk::pango::WrapMode::WordChar);
            about.set_ellipsize(gtk::pango::EllipsizeMode::None);
            about.set_selectable(true);
            about.set_margin_top(12);
            about.set_margin_start(6);
            about.set_margin_end(6);
            head.add(&about);
        }
        let facts = adw::PreferencesGroup::new();
        content.add(&head);
        content.add(&facts);
        let banner = here_banner();
        let toolbar = frame(&content, &banner);
        let page = adw::NavigationPage::builder().title(&setting.title).child(&toolbar).build();
        let mut this = Self {
            page,
            banner,
            toolbar,
            bar: None,
            item,
            editor,
            row,
            facts,
            listed: Vec::new(),
            shown: shown.clone(),
            here,
        };
        this.set_here(here, sender, window);
        this
    }

    /// Whether it is still somewhere in the window.
    pub fn is_open(&self, nav: &adw::NavigationView) -> bool {
        is_open(&self.page, nav)
    }

    pub fn row(&self, item: &ItemKey) -> Option<&Rc<SettingRow>> {
        (self.item == *item).then_some(&self.row)
    }

    /// Brings it up to date. A setting that is gone stays as it was last seen.
    pub fn show(&mut self, browse: &Browse, sender: &Sender<BrowserMsg>, window: &Sender<AppMsg>) {
        let Some(shown) = browse.of(&self.item).filter(|shown| *shown != self.shown) else {
            return;
        };
        if self.row.fits(&shown) {
            self.row.show(&shown);
        } else {
            self.editor.remove_all();
            self.row = edit_row(&shown, &self.editor, sender);
        }
        self.shown = shown;
        self.list(sender, window);
    }

    /// Says whether edits are for this machine alone.
    pub fn set_here(&mut self, here: bool, sender: &Sender<BrowserMsg>, window: &Sender<AppMsg>) {
        self.here = here;
        self.banner.set_revealed(here);
        self.list(sender, window);
    }

    /// Lists what is known.
    fn list(&mut self, sender: &Sender<BrowserMsg>, window: &Sender<AppMsg>) {
        for row in self.listed.drain(..) {
            self.facts.remove(&row);
        }
        let Shown { setting, state, row } = &self.shown;
        let whose = |title: String, source: Source| {
            // Translators: "System" or "Default", and where the value comes from.
            let text = gettext("{title} · {source}");
            fill(&text, &[("title", &title), ("source", &browse::source(source))])
        };
        let default = match state.default_source {
            Source::Schema => gettext("Default"),
            source => whose(gettext("Default"), source),
        };
        let text = |value: &gtk::glib::Variant| value.print(false).to_string();
        let lock = if state.locked {
            gettext("Locked by the administrator of this machine")
        } else {
            gettext("Not locked")
        };
        let mut facts = Vec::new();
        if let Some(why) = &setting.elsewhere {
            facts.push((gettext("Not Edited Here"), Some(why.clone())));
        }
        facts.extend([
            (
                gettext("Manifest"),
                Some(self.shown.manifest().unwrap_or_else(|| gettext("Not listed"))),
            ),
            (whose(gettext("System"), state.source), Some(text(&state.value))),
            (default, Some(text(&state.default))),
            (gettext("Allowed Values"), Some(browse::range(setting))),
            (gettext("Lock"), Some(lock)),
            (gettext("Schema and Key"), Some(setting.key.to_string())),
        ]);
        for (title, value) in facts {
            let row = detail::text_row(&title, value.as_deref(), Some(""));
            self.facts.add(&row);
            self.listed.push(row);
        }
        let reset = reset_row(&self.shown, self.here, sender);
        self.facts.add(&reset);
        self.listed.push(reset);
        if let Some(bar) = self.bar.take() {
            self.toolbar.remove(&bar);
        }
        if let Some(row) = row.as_ref().filter(|row| row.item.state.differs()) {
            let bar = detail::buttons(row, window);
            self.toolbar.add_bottom_bar(&bar);
            self.bar = Some(bar);
        }
    }
}

/// Whether a page is still somewhere in the window.
pub fn is_open(page: &adw::NavigationPage, nav: &adw::NavigationView) -> bool {
    let stack = nav.navigation_stack();
    (0..stack.n_items()).any(|at| stack.item(at).as_ref() == Some(page.upcast_ref()))
}

fn edit_row(shown: &Shown, list: &gtk::ListBox, sender: &Sender<BrowserMsg>) -> Rc<SettingRow> {
    let row = SettingRow::new(shown, false, ask(&shown.setting.key.item(), sender));
    if let Some(row) = row.row.downcast_ref::<adw::ExpanderRow>() {
        row.set_expanded(true);
    }
    list.append(&row.row);
    list.append(&row.wrong);
    row
}

/// Gives the setting its default back, and stops tracking it unless that is for this machine alone.
fn reset_row(shown: &Shown, here: bool, sender: &Sender<BrowserMsg>) -> adw::ActionRow {
    let row = adw::ActionRow::builder().use_markup(false).build();
    row.set_title(&gettext("Reset to Default"));
    let tracked = shown.manifest().is_some();
    row.set_subtitle(&match (tracked, here) {
        (true, false) => gettext("The manifest stops tracking it"),
        (true, true) => gettext("The manifest keeps its value"),
        (false, _) => gettext("As if it had never been changed"),
    });
    let button = gtk::Button::builder().label(gettext("Reset")).build();
    button.set_valign(gtk::Align::Center);
    set_name(&button, &fill(&gettext("Reset {item}"), &[("item", &shown.setting.title)]));
    let why = match shown.editable() {
        Err(why) => Some(why),
        Ok(()) if shown.state.source != Source::Person && (here || !tracked) => {
            Some(gettext("It is at its default"))
        }
        Ok(()) => None,
    };
    button.set_sensitive(why.is_none());
    set_tooltip(&button, &why.unwrap_or_default());
    let (item, sender) = (shown.setting.key.item(), sender.clone());
    // The window may be closing: nobody is left to hear of it then.
    button.connect_clicked(move |_| drop(sender.send(BrowserMsg::Edit(item.clone(), None))));
    row.add_suffix(&button);
    row
}
