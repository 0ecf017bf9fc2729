//! The dialog that clones a repository, or makes a new distribution.
//!
//! A form whose every row is checked as it is typed; then, while it runs, what git says; then, of a clone, what it
//! asks for and whether to use it. What fails leads back to the form.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use bucket::core::workflow::ForgeKind;
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::prelude::*;
use relm4::{adw, gtk};

use super::checked_row::CheckedRow;
use super::set_name;
use crate::first_run::form::Form;
use crate::first_run::{Cloned, News, Order, Way};

/// Below this width of the dialog, its header has room for its two buttons, and for no title between them.
const CRAMPED: f64 = 300.0;

/// What the dialog is told.
#[derive(Debug)]
pub enum FirstRunMsg {
    What(String),
    Base(String),
    Forge(u32),
    Folder(String),
    /// Asks for a folder.
    Browse,
    Chosen(PathBuf),
    News(News),
    /// What git said last.
    Line(String),
    Go,
    Cancel,
}

/// What the dialog asks for.
#[derive(Debug)]
pub enum FirstRunOut {
    Look(Way, PathBuf),
    Go(Order),
    Cancel,
    Use(PathBuf),
    /// What was cloned stays where it is, and is not used.
    Leave,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Form,
    Running,
    Cancelling,
    Cloned(Cloned),
}

/// The dialog's model.
pub struct FirstRunDialog {
    dialog: adw::Dialog,
    form: Form,
    stage: Stage,
    /// Why it did not work.
    failure: Option<String>,
    line: String,
    /// The folder that was last asked about.
    asked: Option<PathBuf>,
}

/// The dialog's widgets.
pub struct FirstRunWidgets {
    stage: Stage,
    stack: gtk::Stack,
    cancel: gtk::Button,
    go: gtk::Button,
    what: CheckedRow,
    base: CheckedRow,
    folder: CheckedRow,
    running: adw::StatusPage,
    cloned: adw::PreferencesPage,
    /// The program writes into an entry, not the person.
    quiet: Rc<Cell<bool>>,
}

impl SimpleComponent for FirstRunDialog {
    type Init = Way;
    type Input = FirstRunMsg;
    type Output = FirstRunOut;
    type Root = adw::Dialog;
    type Widgets = FirstRunWidgets;

    fn init_root() -> Self::Root {
        adw::Dialog::builder().content_width(480).width_request(300).height_request(200).build()
    }

    fn init(way: Way, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        root.set_title(&match way {
            Way::Clone => gettext("Clone a Repository"),
            _ => gettext("New Distribution"),
        });
        root.set_content_height(if way == Way::Clone { 340 } else { 440 });
        let model = Self {
            dialog: root.clone(),
            form: Form::new(way),
            stage: Stage::Form,
            failure: None,
            line: String::new(),
            asked: None,
        };
        let mut widgets = build(&root, way, &sender);
        SimpleComponent::update_view(&model, &mut widgets, sender);
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: FirstRunMsg, sender: ComponentSender<Self>) {
        // The window may be closing: nobody is left to hear of it then.
        let tell = |out| drop(sender.output(out));
        match message {
            FirstRunMsg::What(text) => {
                self.failure = None;
                self.form.set_what(text.trim().to_owned());
            }
            FirstRunMsg::Base(text) => self.form.base = text.trim().to_owned(),
            FirstRunMsg::Forge(index) => {
                let forge = usize::try_from(index).ok().and_then(|index| ForgeKind::ALL.get(index));
                self.form.forge = forge.copied().unwrap_or(ForgeKind::Github);
            }
            FirstRunMsg::Folder(text) => {
                self.failure = None;
                self.form.set_folder(text);
            }
            FirstRunMsg::Browse => self.browse(&sender),
            FirstRunMsg::Chosen(dir) => {
                self.failure = None;
                self.asked = None;
                self.form.choose(dir);
            }
            FirstRunMsg::News(news) => self.news(news),
            FirstRunMsg::Line(line) => self.line = line,
            FirstRunMsg::Go => match (&self.stage, self.form.order()) {
                (Stage::Form, Some(order)) => {
                    self.stage = Stage::Running;
                    self.failure = None;
                    self.line.clear();
                    // Closing now would hide what goes on: Cancel first.
                    self.dialog.set_can_close(false);
                    tell(FirstRunOut::Go(order));
                }
                (Stage::Cloned(cloned), _) => {
                    tell(FirstRunOut::Use(cloned.root.clone()));
                    self.dialog.close();
                }
                _ => (),
            },
            FirstRunMsg::Cancel => match self.stage {
                Stage::Form => drop(self.dialog.close()),
                Stage::Cloned(_) => {
                    tell(FirstRunOut::Leave);
                    self.dialog.close();
                }
                // A distribution is made in a moment, and is never left half made.
                Stage::Running if self.form.way == Way::Clone => {
                    self.stage = Stage::Cancelling;
                    tell(FirstRunOut::Cancel);
                }
                Stage::Running | Stage::Cancelling => (),
            },
        }
        let dir = self.form.dir();
        if self.asked != dir {
            self.asked.clone_from(&dir);
            if let Some(dir) = dir {
                tell(FirstRunOut::Look(self.form.way, dir));
            }
        }
    }

    fn update_view(&self, widgets: &mut FirstRunWidgets, _: ComponentSender<Self>) {
        if widgets.stage != self.stage {
            if let Stage::Cloned(cloned) = &self.stage {
                show_cloned(&widgets.cloned, cloned);
                self.dialog.set_title(&gettext("Use This Repository?"));
                self.dialog.set_content_height(480);
            }
            widgets.stage = self.stage.clone();
            // The entry that had the focus may be gone, and without a focus Escape goes nowhere.
            widgets.cancel.set_sensitive(true);
            match self.stage {
                Stage::Form => drop(widgets.what.entry.grab_focus()),
                _ => drop(widgets.cancel.grab_focus()),
            }
        }
        let (name, cancel, go) = match &self.stage {
            Stage::Form => ("form", gettext("_Cancel"), self.form.order().is_some()),
            Stage::Running => ("running", gettext("_Cancel"), false),
            Stage::Cancelling => ("running", gettext("Cancelling"), false),
            Stage::Cloned(_) => ("cloned", gettext("_Not Now"), true),
        };
        widgets.stack.set_visible_child_name(name);
        widgets.cancel.set_label(&cancel);
        let stoppable = self.stage != Stage::Running || self.form.way == Way::Clone;
        widgets.cancel.set_sensitive(stoppable && self.stage != Stage::Cancelling);
        widgets.go.set_label(&match (&self.stage, self.form.way) {
            (Stage::Cloned(_), _) => gettext("_Use"),
            (_, Way::Clone) => gettext("C_lone"),
            _ => gettext("C_reate"),
        });
        widgets.go.set_sensitive(go);
        widgets.go.set_visible(matches!(self.stage, Stage::Form | Stage::Cloned(_)));
        widgets.running.set_description(Some(&glib::markup_escape_text(&self.line)));

        widgets.put(&widgets.base.entry, &self.form.base);
        widgets.put(&widgets.folder.entry, &self.form.folder);
        let failure = |way| self.failure.clone().filter(|_| self.form.way == way);
        let what = failure(Way::Clone).or_else(|| self.form.what_trouble());
        widgets.what.say(what.as_deref());
        widgets.base.say(self.form.base_trouble().as_deref());
        let folder = failure(Way::Create).or_else(|| self.form.folder_trouble());
        widgets.folder.say(folder.as_deref());
    }
}

impl FirstRunDialog {
    fn news(&mut self, news: News) {
        match news {
            News::Known { home, base } => self.form.know(home, base.as_ref()),
            News::Looked(dir, trouble) => self.form.look(dir, trouble),
            // The window goes on from here.
            News::Created(Ok(_)) => (),
            News::Cloned(Ok(cloned)) => {
                self.dialog.set_can_close(true);
                self.stage = Stage::Cloned(cloned);
            }
            News::Created(Err(why)) | News::Cloned(Err(why)) => {
                self.dialog.set_can_close(true);
                // Who cancels knows why.
                self.failure = Some(why).filter(|_| self.stage != Stage::Cancelling);
                self.stage = Stage::Form;
                self.asked = None;
            }
        }
    }

    fn browse(&self, sender: &ComponentSender<Self>) {
        let chooser = gtk::FileDialog::builder()
            .title(gettext("Choose Folder"))
            .accept_label(gettext("_Choose"))
            .modal(true)
            .build();
        let window = self.dialog.root().and_downcast::<gtk::Window>();
        let input = sender.input_sender().clone();
        chooser.select_folder(window.as_ref(), gio::Cancellable::NONE, move |result| {
            // An error here is the person's “no”.
            if let Some(path) = result.ok().and_then(|file| file.path()) {
                drop(input.send(FirstRunMsg::Chosen(path)));
            }
        });
    }
}

impl FirstRunWidgets {
    /// Writes into an entry what is not there; the cursor stays where nothing changes.
    fn put(&self, entry: &adw::EntryRow, text: &str) {
        // What is typed with a space around it stays.
        if entry.text().trim() != text.trim() {
            self.quiet.set(true);
            entry.set_text(text);
            self.quiet.set(false);
        }
    }
}

fn build(
    root: &adw::Dialog,
    way: Way,
    sender: &ComponentSender<FirstRunDialog>,
) -> FirstRunWidgets {
    let quiet = Rc::new(Cell::new(false));
    let row = |title: &str, message: fn(String) -> FirstRunMsg| {
        let row = CheckedRow::new(title);
        row.entry.set_activates_default(true);
        let (input, quiet) = (sender.input_sender().clone(), quiet.clone());
        row.entry.connect_changed(move |entry| {
            if !quiet.get() {
                drop(input.send(message(entry.text().to_string())));
            }
        });
        row
    };
    let what = match way {
        Way::Clone => row(&gettext("_Address"), FirstRunMsg::What),
        _ => row(&gettext("_Name"), FirstRunMsg::What),
    };
    let base = row(&gettext("_Base Image"), FirstRunMsg::Base);
    let folder = row(&gettext("_Folder"), FirstRunMsg::Folder);
    let browse = folder.add_button("folder-open-symbolic", &gettext("Choose Folder…"));
    let input = sender.input_sender().clone();
    browse.connect_clicked(move |_| drop(input.send(FirstRunMsg::Browse)));

    let form = adw::PreferencesPage::new();
    let first = adw::PreferencesGroup::new();
    first.set_description(Some(&match way {
        Way::Clone => gettext("The address of a repository with manifests, as git takes it."),
        _ => gettext("A repository with manifests, and all that the forge which hosts it needs to build your image from them."),
    }));
    what.add_to(&first);
    if way == Way::Create {
        base.add_to(&first);
        first.add(&forge_row(sender));
    }
    folder.add_to(&first);
    form.add(&first);

    let running = adw::StatusPage::new();
    running.set_title(&match way {
        Way::Clone => gettext("Cloning"),
        _ => gettext("Creating"),
    });
    running.set_paintable(Some(&adw::SpinnerPaintable::new(Some(&running))));
    let cloned = adw::PreferencesPage::new();
    let stack = gtk::Stack::new();
    stack.set_vhomogeneous(false);
    stack.add_named(&form, Some("form"));
    stack.add_named(&running, Some("running"));
    stack.add_named(&cloned, Some("cloned"));

    let button = |message: fn() -> FirstRunMsg| {
        let button = gtk::Button::builder().use_underline(true).can_shrink(true).build();
        let input = sender.input_sender().clone();
        button.connect_clicked(move |_| drop(input.send(message())));
        button
    };
    let (cancel, go) = (button(|| FirstRunMsg::Cancel), button(|| FirstRunMsg::Go));
    go.add_css_class("suggested-action");
    let header = adw::HeaderBar::builder()
        .show_start_title_buttons(false)
        .show_end_title_buttons(false)
        .build();
    header.pack_start(&cancel);
    header.pack_end(&go);
    let toolbar = adw::ToolbarView::builder().content(&stack).build();
    toolbar.add_top_bar(&header);
    root.set_child(Some(&toolbar));
    root.set_default_widget(Some(&go));
    root.set_focus(Some(&what.entry));
    let condition = adw::BreakpointCondition::new_length(
        adw::BreakpointConditionLengthType::MaxWidth,
        CRAMPED,
        adw::LengthUnit::Sp,
    );
    let cramped = adw::Breakpoint::new(condition);
    cramped.add_setter(&header, "show-title", Some(&false.to_value()));
    root.add_breakpoint(cramped);
    let input = sender.input_sender().clone();
    // Escape while it runs: the same as Cancel.
    root.connect_close_attempt(move |_| drop(input.send(FirstRunMsg::Cancel)));
    let output = sender.output_sender().clone();
    root.connect_closed(move |_| drop(output.send(FirstRunOut::Closed)));
    let stage = Stage::Form;
    FirstRunWidgets { stage, stack, cancel, go, what, base, folder, running, cloned, quiet }
}

fn forge_row(sender: &ComponentSender<FirstRunDialog>) -> adw::ComboRow {
    let titles = ForgeKind::ALL.map(ForgeKind::name);
    let row = adw::ComboRow::builder()
        .use_underline(true)
        .title(gettext("F_orge"))
        .model(&gtk::StringList::new(&titles))
        .build();
    let input = sender.input_sender().clone();
    row.connect_selected_notify(move |row| drop(input.send(FirstRunMsg::Forge(row.selected()))));
    row
}

/// What a clone asks for, before it is used.
fn show_cloned(page: &adw::PreferencesPage, cloned: &Cloned) {
    let text = gettext(
        "Manifests decide what is installed and run on this machine. Use “{path}” only if you trust where it comes from.",
    );
    let text = fill(&text, &[("path", &cloned.path)]);
    let group = adw::PreferencesGroup::builder().title(gettext("It Asks For")).build();
    group.set_description(Some(&glib::markup_escape_text(&text)));
    for (title, items) in &cloned.contents {
        let count = match items {
            Some(n) => fill(&ngettext("{n} item", "{n} items", *n), &[("n", &n.to_string())]),
            None => gettext("cannot be read"),
        };
        let row = adw::ActionRow::builder().use_markup(false).title(title).build();
        set_name(&row, &format!("{title}, {count}"));
        let label = gtk::Label::new(Some(&count));
        label.add_css_class("dimmed");
        row.add_suffix(&label);
        group.add(&row);
    }
    if cloned.contents.is_empty() {
        let row = adw::ActionRow::builder().title(gettext("Nothing: its manifests are empty"));
        group.add(&row.build());
    }
    page.add(&group);
}
