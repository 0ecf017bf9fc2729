//! One row of a page: an item with both values side by side, and what can be done about it.
//!
//! Wide, values are columns under the page's headings. Narrow, they stack below the title and the row opens the
//! detail page instead of carrying buttons.

use std::cell::{OnceCell, RefCell};

use bucket::core::plan::Side;
use bucket::words::{fill, gettext};
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;
use relm4::gtk::{gio, glib};

use super::row_object::RowObject;
use super::{label, name_menu, no_hyphens, set_name, set_tooltip};
use crate::layers;
use crate::model::{Row, RowKey};
use crate::values::Shown;

/// What a row asks of its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowAct {
    Capture,
    Apply,
    /// What the next image brings, on this machine now.
    ApplyNow,
    Skip,
    SkipUntilChanged,
    Ignore,
    ShowInManifest,
    CopyCommand,
    Details,
    /// What a Flatpak app may do.
    Permissions,
    /// To the layer of all machines, or to that of this one: whichever it is not in.
    Layer,
}

/// How many characters wide the columns are, before they share what is left.
const TITLE_CHARS: i32 = 16;
const VALUE_CHARS: i32 = 7;
/// How many characters a narrow row shows at least: with text at twice its size there is not much room.
const LEAST_CHARS: i32 = 5;

/// The action that opens the permissions.
const PERMISSIONS: &str = "permissions";
/// The action that does not wait for the next image.
const NOW: &str = "now";
/// The actions that move an item to another layer.
const SHARE: &str = "share";
const KEEP: &str = "keep";

type OnAct = Box<dyn Fn(&RowKey, RowAct)>;

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct DriftRow {
        pub check: gtk::CheckButton,
        pub icon: gtk::Image,
        pub title: OnceCell<gtk::Label>,
        pub activity: gtk::Label,
        pub subtitle: OnceCell<gtk::Label>,
        pub values: gtk::Box,
        pub manifest: OnceCell<gtk::Label>,
        pub symbol: gtk::Label,
        pub system: OnceCell<gtk::Label>,
        pub manifest_heading: OnceCell<gtk::Label>,
        pub system_heading: OnceCell<gtk::Label>,
        pub agreed: OnceCell<gtk::Label>,
        pub text: gtk::Box,
        pub buttons: gtk::Box,
        pub capture: gtk::Button,
        pub apply: gtk::Button,
        pub menu: gtk::MenuButton,
        pub chevron: gtk::Image,
        pub object: RefCell<Option<RowObject>>,
        pub checked: RefCell<Option<glib::Binding>>,
        pub on_act: OnceCell<OnAct>,
        pub permissions: OnceCell<gio::SimpleAction>,
        pub now: OnceCell<gio::SimpleAction>,
        pub share: OnceCell<gio::SimpleAction>,
        pub keep: OnceCell<gio::SimpleAction>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for DriftRow {
        const NAME: &'static str = "BucketDriftRow";
        type Type = super::DriftRow;
        type ParentType = gtk::Box;
    }

    impl ObjectImpl for DriftRow {
        fn constructed(&self) {
            self.parent_constructed();
            self.obj().build();
        }
    }

    impl WidgetImpl for DriftRow {}
    impl BoxImpl for DriftRow {}
}

glib::wrapper! {
    /// The widget of one row; lists reuse it for other rows.
    pub struct DriftRow(ObjectSubclass<imp::DriftRow>)
        @extends gtk::Widget, gtk::Box,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl DriftRow {
    /// A row that calls `on_act` when something is asked of it.
    pub fn new(on_act: impl Fn(&RowKey, RowAct) + 'static) -> Self {
        let row: Self = glib::Object::new();
        // A new object's cell is empty.
        let _ = row.imp().on_act.set(Box::new(on_act));
        row
    }

    /// The row's buttons, for the page to give its headings the same width.
    pub fn buttons(&self) -> &gtk::Box {
        &self.imp().buttons
    }

    fn build(&self) {
        let imp = self.imp();
        self.set_spacing(12);
        self.add_css_class("drift-row");

        imp.check.set_valign(gtk::Align::Center);
        imp.icon.set_accessible_role(gtk::AccessibleRole::Presentation);
        let title = label(&[]);
        let subtitle = label(&["caption", "dimmed"]);
        for text in [&title, &subtitle] {
            text.set_max_width_chars(TITLE_CHARS);
            text.set_hexpand(true);
            text.set_attributes(Some(&no_hyphens()));
        }
        subtitle.set_wrap(true);
        subtitle.set_lines(2);
        title.set_wrap(true);
        title.set_wrap_mode(gtk::pango::WrapMode::WordChar);
        let titles = gtk::Box::new(gtk::Orientation::Vertical, 2);
        titles.set_valign(gtk::Align::Center);
        let heading = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        imp.activity.add_css_class("tag");
        imp.activity.set_valign(gtk::Align::Start);
        heading.append(&title);
        heading.append(&imp.activity);
        titles.append(&heading);
        titles.append(&subtitle);

        let agreed = label(&["caption", "dimmed"]);
        let column = |heading: &str, value: &gtk::Label| {
            let heading_label = label(&["caption", "dimmed"]);
            heading_label.set_ellipsize(gtk::pango::EllipsizeMode::None);
            heading_label.set_text(heading);
            value.set_max_width_chars(VALUE_CHARS);
            value.set_hexpand(true);
            let column = gtk::Box::new(gtk::Orientation::Horizontal, 6);
            column.set_hexpand(true);
            column.append(&heading_label);
            column.append(value);
            (column, heading_label)
        };
        let (manifest, system) = (label(&["numeric"]), label(&["numeric"]));
        let (manifest_box, manifest_heading) = column(&gettext("Manifest"), &manifest);
        let (system_box, system_heading) = column(&gettext("System"), &system);
        let headings = gtk::SizeGroup::new(gtk::SizeGroupMode::Horizontal);
        headings.add_widget(&manifest_heading);
        headings.add_widget(&system_heading);
        imp.symbol.set_width_chars(2);
        imp.symbol.add_css_class("drift-symbol");
        imp.values.set_spacing(6);
        imp.values.set_hexpand(true);
        imp.values.append(&manifest_box);
        imp.values.append(&imp.symbol);
        imp.values.append(&system_box);
        let values_and_agreed = gtk::Box::new(gtk::Orientation::Vertical, 2);
        values_and_agreed.set_valign(gtk::Align::Center);
        values_and_agreed.append(&imp.values);
        values_and_agreed.append(&agreed);

        imp.text.set_spacing(12);
        imp.text.set_hexpand(true);
        imp.text.append(&titles);
        imp.text.append(&values_and_agreed);

        imp.capture.set_label(&gettext("Capture"));
        imp.apply.set_label(&gettext("Apply"));
        imp.menu.set_icon_name("view-more-symbolic");
        imp.menu.add_css_class("flat");
        imp.menu.set_create_popup_func(|button| {
            button.set_popover(Some(&gtk::PopoverMenu::from_model(Some(&menu()))));
            name_menu(button);
        });
        imp.buttons.set_spacing(6);
        imp.buttons.set_valign(gtk::Align::Center);
        imp.buttons.append(&imp.capture);
        imp.buttons.append(&imp.apply);
        imp.chevron.set_icon_name(Some("go-next-symbolic"));
        imp.chevron.set_accessible_role(gtk::AccessibleRole::Presentation);
        imp.menu.set_valign(gtk::Align::Center);

        for child in [imp.check.upcast_ref::<gtk::Widget>(), imp.icon.upcast_ref()] {
            self.append(child);
        }
        self.append(&imp.text);
        self.append(&imp.buttons);
        self.append(&imp.menu);
        self.append(&imp.chevron);

        // New cells are empty.
        let _ = imp.title.set(title);
        let _ = imp.subtitle.set(subtitle);
        let _ = imp.manifest.set(manifest);
        let _ = imp.system.set(system);
        let _ = imp.manifest_heading.set(manifest_heading);
        let _ = imp.system_heading.set(system_heading);
        let _ = imp.agreed.set(agreed);
        self.set_narrow(false);
        self.connect_acts();
    }

    fn connect_acts(&self) {
        let imp = self.imp();
        for (button, act) in [(&imp.capture, RowAct::Capture), (&imp.apply, RowAct::Apply)] {
            let row = self.downgrade();
            button.connect_clicked(move |_| {
                if let Some(row) = row.upgrade() {
                    row.act(act.clone());
                }
            });
        }
        let group = gio::SimpleActionGroup::new();
        for (name, _, act) in menu_items() {
            let action = gio::SimpleAction::new(name, None);
            let row = self.downgrade();
            action.connect_activate(move |_, _| {
                if let Some(row) = row.upgrade() {
                    row.act(act.clone());
                }
            });
            // New cells are empty.
            let _ = match name {
                PERMISSIONS => imp.permissions.set(action.clone()),
                NOW => imp.now.set(action.clone()),
                SHARE => imp.share.set(action.clone()),
                KEEP => imp.keep.set(action.clone()),
                _ => Ok(()),
            };
            group.add_action(&action);
        }
        self.insert_action_group("row", Some(&group));
    }

    /// Asks something of the page, for the item shown now.
    pub fn act(&self, act: RowAct) {
        let key = self.imp().object.borrow().as_ref().and_then(|o| o.row().map(|r| r.key.clone()));
        if let (Some(key), Some(on_act)) = (key, self.imp().on_act.get()) {
            on_act(&key, act);
        }
    }

    /// Stacks the values and leaves the buttons to the detail page.
    pub fn set_narrow(&self, narrow: bool) {
        let imp = self.imp();
        let stacked =
            if narrow { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal };
        imp.text.set_orientation(stacked);
        imp.text.set_spacing(if narrow { 4 } else { 12 });
        // Half for the title, half for the values: columns stand below each other, however long the titles.
        imp.text.set_homogeneous(!narrow);
        for title in [&imp.title, &imp.subtitle].into_iter().filter_map(OnceCell::get) {
            title.set_width_chars(if narrow { LEAST_CHARS } else { TITLE_CHARS });
        }
        self.fit_title();
        for value in [&imp.manifest, &imp.system].into_iter().filter_map(OnceCell::get) {
            value.set_width_chars(if narrow { LEAST_CHARS } else { VALUE_CHARS });
            value.set_wrap(narrow);
            value.set_lines(if narrow { 2 } else { 1 });
        }
        imp.values.set_orientation(stacked);
        imp.values.set_spacing(if narrow { 2 } else { 6 });
        imp.symbol.set_visible(!narrow);
        imp.buttons.set_visible(!narrow);
        imp.menu.set_visible(!narrow);
        imp.chevron.set_visible(narrow);
        for heading in [&imp.manifest_heading, &imp.system_heading] {
            if let Some(heading) = heading.get() {
                heading.set_visible(narrow);
            }
        }
    }

    /// Beside a word for its activity a title has what room it takes, and gives way sooner.
    fn fit_title(&self) {
        let imp = self.imp();
        let Some(title) = imp.title.get() else { return };
        let alone = !imp.activity.get_visible();
        let wide = imp.text.orientation() == gtk::Orientation::Horizontal;
        title.set_width_chars(if alone && wide { TITLE_CHARS } else { LEAST_CHARS });
        title.set_max_width_chars(if alone { TITLE_CHARS } else { -1 });
        title.set_hexpand(alone);
    }

    /// Shows an item.
    pub fn bind(&self, object: &RowObject) {
        let imp = self.imp();
        let Some(row) = object.row() else { return };
        imp.icon.set_icon_name(Some(row.icon));
        let texts = [(&imp.title, &row.title), (&imp.subtitle, &row.subtitle)];
        for (label, text) in texts {
            if let Some(label) = label.get() {
                label.set_text(text);
                set_tooltip(label, text);
            }
        }
        if let Some(title) = imp.title.get() {
            // A key says most at its end, so all of it has to be there.
            title.set_lines(if row.key.item.as_str().ends_with(&row.title) { 3 } else { 2 });
        }
        for (label, shown) in [(&imp.manifest, &row.manifest), (&imp.system, &row.system)] {
            if let Some(label) = label.get() {
                bind_value(label, shown);
            }
        }
        if let Some(label) = imp.agreed.get() {
            label.set_visible(row.agreed.is_some());
            if let Some(agreed) = &row.agreed {
                label.set_text(&fill(&gettext("Last agreed: {value}"), &[("value", &agreed.text)]));
                set_tooltip(label, &agreed.tooltip());
            }
        }
        imp.activity.set_text(&row.activity().unwrap_or_default());
        imp.activity.set_visible(row.activity().is_some());
        self.fit_title();
        match row.item.running {
            Some(true) => imp.activity.add_css_class("success"),
            _ => imp.activity.remove_css_class("success"),
        }
        imp.symbol.set_text(row.symbol());
        set_tooltip(&imp.symbol, &row.symbol_words());
        set_name(&imp.symbol, &row.symbol_words());
        if let Some(action) = imp.permissions.get() {
            action.set_enabled(row.has_permissions());
        }
        if let Some(action) = imp.now.get() {
            action.set_enabled(row.comes());
        }
        for (action, here) in [(&imp.share, false), (&imp.keep, true)] {
            if let Some(action) = action.get() {
                action.set_enabled(layers::moves(&row.item) == Some(here));
            }
        }
        self.bind_buttons(row);
        let title = [("item", row.title.as_str())];
        set_name(&imp.check, &fill(&gettext("Select {item}"), &title));
        set_name(&imp.menu, &fill(&gettext("More for {item}"), &title));
        imp.menu.set_tooltip_text(Some(&gettext("More")));
        let binding = object
            .bind_property("checked", &imp.check, "active")
            .bidirectional()
            .sync_create()
            .build();
        imp.checked.replace(Some(binding));
        imp.object.replace(Some(object.clone()));
    }

    fn bind_buttons(&self, row: &Row) {
        let imp = self.imp();
        let title = [("item", row.title.as_str())];
        let buttons = [
            (&imp.capture, Side::Manifest, gettext("Capture {item}")),
            (&imp.apply, Side::System, gettext("Apply {item}")),
        ];
        for (button, side, name) in buttons {
            let action = row.action(side);
            button.set_sensitive(action.is_ok());
            let (Ok(words) | Err(words)) = action;
            set_tooltip(button, &words);
            match row.suggests(side) {
                true => button.add_css_class("suggested-action"),
                false => button.remove_css_class("suggested-action"),
            }
            set_name(button, &fill(&name, &title));
        }
    }

    /// Lets go of the item, before the widget is reused.
    pub fn unbind(&self) {
        if let Some(binding) = self.imp().checked.take() {
            binding.unbind();
        }
        // An open menu would be that of another item.
        self.imp().menu.popdown();
        self.imp().object.replace(None);
    }
}

fn bind_value(label: &gtk::Label, shown: &Shown) {
    label.set_text(&shown.text);
    set_tooltip(label, &shown.tooltip());
    match shown.absent {
        true => label.add_css_class("dimmed"),
        false => label.remove_css_class("dimmed"),
    }
}

fn menu_items() -> [(&'static str, String, RowAct); 10] {
    [
        (NOW, gettext("Apply _Now…"), RowAct::ApplyNow),
        ("skip", gettext("_Skip"), RowAct::Skip),
        ("skip-until", gettext("Skip _Until It Changes"), RowAct::SkipUntilChanged),
        ("ignore", gettext("Always _Ignore"), RowAct::Ignore),
        ("show", gettext("Show in _Manifest"), RowAct::ShowInManifest),
        (SHARE, gettext("Share With _All Machines"), RowAct::Layer),
        (KEEP, gettext("_Keep on This Machine Only"), RowAct::Layer),
        ("copy", gettext("_Copy Command"), RowAct::CopyCommand),
        ("details", gettext("_Details"), RowAct::Details),
        (PERMISSIONS, gettext("_Permissions"), RowAct::Permissions),
    ]
}

/// What the button with the three dots offers.
fn menu() -> gio::Menu {
    let menu = gio::Menu::new();
    let [now, skips, layers, rest] = std::array::from_fn(|_| gio::Menu::new());
    for (name, title, act) in menu_items() {
        let section = match act {
            RowAct::ApplyNow => &now,
            RowAct::Skip | RowAct::SkipUntilChanged | RowAct::Ignore => &skips,
            RowAct::Layer => &layers,
            _ => &rest,
        };
        let item = gio::MenuItem::new(Some(&title), Some(&format!("row.{name}")));
        // Few kinds of items have permissions, and few wait for an image; an item is in one layer.
        item.set_attribute_value("hidden-when", Some(&"action-disabled".into()));
        section.append_item(&item);
    }
    for section in [now, skips, layers, rest] {
        menu.append_section(None, &section);
    }
    menu
}

impl DriftRow {
    /// Turns the row into the headings of the columns: the same widgets, so that they line up.
    pub fn become_headings(&self) {
        let imp = self.imp();
        self.remove_css_class("drift-row");
        let ghosts: [&gtk::Widget; 4] = [
            imp.check.upcast_ref(),
            imp.icon.upcast_ref(),
            imp.buttons.upcast_ref(),
            imp.menu.upcast_ref(),
        ];
        for ghost in ghosts {
            ghost.set_opacity(0.0);
            ghost.set_sensitive(false);
            ghost.set_can_target(false);
            ghost.update_state(&[gtk::accessible::State::Hidden(true)]);
        }
        imp.icon.set_icon_name(Some("image-missing-symbolic"));
        imp.activity.set_visible(false);
        self.fit_title();
        let columns = [(&imp.manifest, gettext("Manifest")), (&imp.system, gettext("System"))];
        for (label, text) in columns {
            if let Some(label) = label.get() {
                label.set_text(&text);
                label.add_css_class("dimmed");
            }
        }
        for label in [&imp.subtitle, &imp.agreed] {
            if let Some(label) = label.get() {
                label.set_visible(false);
            }
        }
        // Headings are read with every value already.
        self.update_state(&[gtk::accessible::State::Hidden(true)]);
    }
}
