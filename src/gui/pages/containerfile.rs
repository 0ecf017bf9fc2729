//! The Containerfile's managed sections: how each stands, what writing it would change, and the button that does it.

use bucket::words::{counted, fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::{Sender, adw, gtk};

use crate::containerfile::{Containerfile, Part, Read, Stand};
use crate::widgets::diff_list::{Sides, diff_list};
use crate::widgets::{button_bar, copy_button, loading, set_name};

/// The page's tag.
pub const TAG: &str = "containerfile";

/// What the page is told.
#[derive(Debug)]
pub enum ContainerfileMsg {
    /// How the file stands, or why that is not known.
    Read(Read),
}

/// What the page asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerfileOut {
    /// Writes the sections; those that the file does not have too.
    Write { add_missing: bool },
    /// Reads again.
    Retry,
}

/// The page's model.
pub struct ContainerfilePage {
    read: Option<Read>,
    stale: bool,
}

/// The page's widgets.
pub struct ContainerfileWidgets {
    stack: gtk::Stack,
    failed: adw::StatusPage,
    page: adw::PreferencesPage,
    groups: Vec<adw::PreferencesGroup>,
    toolbar: adw::ToolbarView,
    write: gtk::Button,
    add: gtk::Button,
}

impl SimpleComponent for ContainerfilePage {
    type Init = ();
    type Input = ContainerfileMsg;
    type Output = ContainerfileOut;
    type Root = adw::NavigationPage;
    type Widgets = ContainerfileWidgets;

    fn init_root() -> Self::Root {
        adw::NavigationPage::builder().title(gettext("Containerfile")).tag(TAG).build()
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let widgets = build(&root, sender.output_sender());
        ComponentParts { model: Self { read: None, stale: false }, widgets }
    }

    fn update(&mut self, message: ContainerfileMsg, _: ComponentSender<Self>) {
        let ContainerfileMsg::Read(read) = message;
        // What says the same stays, with what is selected and how far it is scrolled.
        self.stale = self.read.as_ref() != Some(&read);
        self.read = Some(read);
    }

    fn update_view(&self, widgets: &mut ContainerfileWidgets, _: ComponentSender<Self>) {
        let Some(read) = self.read.as_ref().filter(|_| self.stale) else { return };
        for group in widgets.groups.drain(..) {
            widgets.page.remove(&group);
        }
        match read {
            Err(why) => {
                widgets.failed.set_description(Some(&glib::markup_escape_text(why)));
                widgets.stack.set_visible_child_name("failed");
                widgets.toolbar.set_reveal_bottom_bars(false);
            }
            Ok(None) => {
                widgets.stack.set_visible_child_name("none");
                widgets.toolbar.set_reveal_bottom_bars(false);
            }
            Ok(Some(file)) => {
                widgets.groups = groups(file);
                for group in &widgets.groups {
                    widgets.page.add(group);
                }
                let (differs, missing) = (file.count(Stand::Differs), file.count(Stand::Missing));
                widgets.write.set_visible(differs > 0);
                widgets.add.set_visible(missing > 0);
                widgets.toolbar.set_reveal_bottom_bars(differs + missing > 0);
                widgets.stack.set_visible_child_name("list");
            }
        }
    }
}

/// The file itself, each section that is not as it should be with its difference, and the rest.
fn groups(file: &Containerfile) -> Vec<adw::PreferencesGroup> {
    let head = adw::PreferencesGroup::new();
    let about = adw::ActionRow::builder().use_markup(false).subtitle_selectable(true).build();
    about.set_title(&file.path);
    about.set_subtitle(&summary(file));
    head.add(&about);
    let mut groups = vec![head];
    let (settled, open): (Vec<&Part>, Vec<&Part>) =
        file.parts.iter().partition(|part| !matches!(part.stand, Stand::Differs | Stand::Missing));
    for part in open {
        let group = adw::PreferencesGroup::new();
        group.add(&part_row(part));
        let sides = Sides {
            removed: gettext("Only in the file"),
            added: gettext("Only as the manifests say"),
        };
        group.add(&diff_list(&part.name, &part.lines, &sides));
        groups.push(group);
    }
    if !settled.is_empty() {
        let group = adw::PreferencesGroup::new();
        settled.into_iter().for_each(|part| group.add(&part_row(part)));
        groups.push(group);
    }
    groups
}

fn summary(file: &Containerfile) -> String {
    let (differs, missing) = (file.count(Stand::Differs), file.count(Stand::Missing));
    let said = [
        (differs, ngettext("{n} section differs", "{n} sections differ", differs)),
        (missing, ngettext("{n} section is missing", "{n} sections are missing", missing)),
    ];
    let said = counted(said);
    match said.is_empty() {
        true => gettext("Every section says what the manifests say"),
        false => {
            let legend = gettext("− only in the file · + only as the manifests say");
            format!("{}\n{legend}", said.join(" · "))
        }
    }
}

/// A section's name and how it stands.
fn part_row(part: &Part) -> adw::ActionRow {
    let row = adw::ActionRow::builder().use_markup(false).title(&part.name).build();
    let (state, icon) = match part.stand {
        Stand::InSync => (gettext("In sync"), "object-select-symbolic"),
        Stand::Differs => (gettext("Differs"), "dialog-warning-symbolic"),
        Stand::Missing => (gettext("Missing from the file"), "dialog-warning-symbolic"),
        Stand::NotNeeded => (gettext("Not needed"), "object-select-symbolic"),
        Stand::Foreign => {
            (gettext("Left alone: nothing here makes it"), "action-unavailable-symbolic")
        }
    };
    let said = [state.as_str(), part.place.as_str()].into_iter().filter(|text| !text.is_empty());
    row.set_subtitle(&said.collect::<Vec<_>>().join(" · "));
    let icon = gtk::Image::from_icon_name(icon);
    icon.set_accessible_role(gtk::AccessibleRole::Presentation);
    row.add_prefix(&icon);
    if !part.wanted.is_empty() {
        let copy = fill(&gettext("Copy {section}"), &[("section", &part.name)]);
        row.add_suffix(&copy_button(&gettext("Copy as the Manifests Say"), &copy, &part.wanted));
    }
    set_name(&row, &format!("{}: {state}", part.name));
    row
}

fn build(root: &adw::NavigationPage, output: &Sender<ContainerfileOut>) -> ContainerfileWidgets {
    let on = |out: ContainerfileOut| {
        let output = output.clone();
        // The window may be closing: nobody is left to hear of it then.
        move || drop(output.send(out.clone()))
    };
    let status = |icon: &str, title: &str, label: &str| {
        let again = gtk::Button::builder().label(label).halign(gtk::Align::Center).build();
        again.add_css_class("pill");
        let pressed = on(ContainerfileOut::Retry);
        again.connect_clicked(move |_| pressed());
        adw::StatusPage::builder().icon_name(icon).title(title).child(&again).build()
    };
    let title = gettext("The Containerfile Cannot Be Used");
    let failed = status("dialog-error-symbolic", &title, &gettext("Retry"));
    let title = gettext("No Containerfile");
    let none = status("text-x-generic-symbolic", &title, &gettext("Check Again"));
    none.set_description(Some(&gettext("The repository has none: no image is built from it.")));
    let page = adw::PreferencesPage::new();
    let stack = gtk::Stack::new();
    stack.set_vhomogeneous(false);
    stack.add_named(&loading(), Some("loading"));
    stack.add_named(&failed, Some("failed"));
    stack.add_named(&none, Some("none"));
    stack.add_named(&page, Some("list"));

    let write = gtk::Button::builder().label(gettext("Write Sections")).can_shrink(true).build();
    write.add_css_class("suggested-action");
    write.set_tooltip_text(Some(&gettext("Make the file's sections say what the manifests say")));
    let pressed = on(ContainerfileOut::Write { add_missing: false });
    write.connect_clicked(move |_| pressed());
    let add =
        gtk::Button::builder().label(gettext("Add Missing Sections")).can_shrink(true).build();
    let words = gettext("Write the sections, and add those that the file does not have");
    add.set_tooltip_text(Some(&words));
    let pressed = on(ContainerfileOut::Write { add_missing: true });
    add.connect_clicked(move |_| pressed());
    let bar = button_bar(&[add.upcast_ref(), write.upcast_ref()]);

    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&adw::HeaderBar::new());
    toolbar.add_bottom_bar(&bar);
    toolbar.set_reveal_bottom_bars(false);
    root.set_child(Some(&toolbar));
    ContainerfileWidgets { stack, failed, page, groups: Vec::new(), toolbar, write, add }
}
