//! The repository on the overview: where it is, what is checked out, how far it is from its remote, and what is not committed.

use bucket::words::gettext;
use relm4::adw::prelude::*;
use relm4::{adw, gtk};

use super::{name_menu, set_name};
use crate::actions;
use crate::repository::{Act, Doing};
use crate::standing::Shown;

/// The group of rows.
pub struct RepositoryGroup {
    pub root: adw::PreferencesGroup,
    place: adw::ActionRow,
    trouble: adw::ActionRow,
    remote: adw::ActionRow,
    buttons: gtk::Box,
    push: gtk::Button,
    pull: gtk::Button,
    doing: gtk::Box,
    review: adw::ActionRow,
    count: gtk::Label,
}

impl RepositoryGroup {
    /// An empty group; `act` is called for what is asked of the repository.
    pub fn new(act: impl Fn(Act) + Clone + 'static) -> Self {
        let row = || adw::ActionRow::builder().use_markup(false).visible(false).build();
        let button = |label: &str, name: &str| {
            let button = gtk::Button::builder().label(label).valign(gtk::Align::Center).build();
            set_name(&button, name);
            button
        };
        let on = |wanted: Act| {
            let act = act.clone();
            move || act(wanted.clone())
        };
        let place = row();
        place.set_visible(true);
        place.add_css_class("property");
        let change = gtk::MenuButton::builder()
            .label(gettext("Change"))
            .menu_model(&actions::ways())
            .valign(gtk::Align::Center)
            .build();
        set_name(&change, &gettext("Change Repository"));
        name_menu(&change);
        place.add_suffix(&change);

        let trouble = row();
        let icon = gtk::Image::from_icon_name("dialog-warning-symbolic");
        icon.add_css_class("warning");
        icon.set_accessible_role(gtk::AccessibleRole::Presentation);
        trouble.add_prefix(&icon);
        trouble.set_subtitle_selectable(true);

        let remote = row();
        let push = button(&gettext("Push"), &gettext("Push"));
        push.set_tooltip_text(Some(&gettext("Send what is committed to the remote")));
        let pressed = on(Act::Push);
        push.connect_clicked(move |_| pressed());
        let buttons = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        buttons.append(&push);
        let pull = button(&gettext("Pull"), &gettext("Pull"));
        pull.set_tooltip_text(Some(&gettext("Bring what is new on the remote here")));
        let pressed = on(Act::Pull(Vec::new()));
        pull.connect_clicked(move |_| pressed());
        buttons.append(&pull);
        let cancel = button(&gettext("Cancel"), &gettext("Cancel"));
        let pressed = on(Act::Cancel);
        cancel.connect_clicked(move |_| pressed());
        let doing = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        doing.set_visible(false);
        doing.append(&adw::Spinner::new());
        doing.append(&cancel);
        remote.add_suffix(&buttons);
        remote.add_suffix(&doing);

        let review = row();
        review.set_title(&gettext("Review Changes"));
        review.set_activatable(true);
        let count = gtk::Label::builder().visible(false).valign(gtk::Align::Center).build();
        count.add_css_class("count");
        review.add_suffix(&count);
        review.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
        let pressed = on(Act::Review);
        review.connect_activated(move |_| pressed());

        let root = adw::PreferencesGroup::builder().title(gettext("Repository")).build();
        for one in [&place, &trouble, &review, &remote] {
            root.add(one);
        }
        Self { root, place, trouble, remote, buttons, push, pull, doing, review, count }
    }

    /// Shows where the repository is.
    pub fn set_place(&self, path: &str) {
        self.place.set_title(path);
    }

    /// Shows how it stands, and what goes on.
    pub fn show(&self, shown: &Shown, doing: Option<Doing>) {
        self.place.set_subtitle(&shown.head);
        self.trouble.set_visible(shown.trouble.is_some());
        if let Some((what, text)) = &shown.trouble {
            self.trouble.set_title(what);
            self.trouble.set_subtitle(text);
        }
        self.remote.set_visible(shown.remote.is_some());
        if let Some((name, apart)) = &shown.remote {
            let text = doing.map_or_else(|| apart.clone(), Doing::words);
            self.remote.set_title(name);
            self.remote.set_subtitle(&text);
        }
        self.push.set_visible(shown.push);
        self.pull.set_visible(shown.pull);
        self.buttons.set_visible(doing.is_none());
        self.doing.set_visible(doing.is_some());
        self.review.set_visible(shown.files.is_some());
        if let Some((n, words)) = &shown.files {
            self.review.set_subtitle(words);
            self.count.set_text(&n.to_string());
            self.count.set_visible(*n > 0);
            set_name(&self.review, &format!("{}, {words}", gettext("Review Changes")));
        }
    }
}
