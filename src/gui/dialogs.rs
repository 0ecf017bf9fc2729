//! The small dialogs: preferences, shortcuts, about, questions and failures.

use std::cell::RefCell;
use std::path::Path;

use bucket::core::plan::Plan;
use bucket::words::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::{Sender, adw, gtk};

use crate::app::AppMsg;
use crate::backend::{Purpose, RepoInfo};
use crate::first_run::Way;
use crate::settings::APP_ID;
use crate::steps::Loss;
use crate::widgets::plan_dialog::PlanOut;
use crate::widgets::{label, no_hyphens, set_name};
use crate::{actions, steps};

/// Says what went wrong, until the person has read it.
pub fn failure(parent: &impl IsA<gtk::Widget>, title: &str, text: &str) {
    let dialog = adw::AlertDialog::builder().heading(title).body(text).build();
    dialog.add_response("close", &gettext("_Close"));
    dialog.set_close_response("close");
    dialog.present(Some(parent));
}

/// Asks whether a repository may be applied and captured into; `waiting` goes on after a yes.
pub fn trust(
    parent: &adw::ApplicationWindow,
    repo: &RepoInfo,
    waiting: Option<(Plan, Purpose)>,
    sender: &Sender<AppMsg>,
) {
    let text = gettext(
        "Manifests decide what is installed and run on this machine. Use “{path}” only if you trust where it comes from.",
    );
    let dialog = adw::AlertDialog::builder()
        .heading(gettext("Use This Repository?"))
        .body(fill(&text, &[("path", &repo.path)]))
        .build();
    dialog.add_responses(&[("cancel", &gettext("_Cancel")), ("use", &gettext("_Use Repository"))]);
    dialog.set_response_appearance("use", adw::ResponseAppearance::Suggested);
    dialog.set_close_response("cancel");
    let (root, sender) = (repo.root.clone(), sender.clone());
    dialog.connect_response(Some("use"), move |_, _| {
        // The window may be closing: nobody is left to hear of it then.
        drop(sender.send(AppMsg::Trusted(root.clone(), waiting.clone())));
    });
    dialog.present(Some(parent));
}

/// Shows what is lost with what is made anew or removed, and asks whether to go on; instead, it can be captured as it is.
pub fn recreate(
    parent: &adw::ApplicationWindow,
    losses: &[Loss],
    plan: Plan,
    purpose: Purpose,
    sender: &Sender<AppMsg>,
) {
    let n = losses.len();
    let one = losses.first().map_or("", |loss| loss.title.as_str());
    let nothing = losses.iter().all(|loss| loss.lost.is_empty());
    let (heading, verb, body) = match losses.iter().any(|loss| loss.anew) {
        true => (
            ngettext("Recreate “{item}”?", "Recreate {n} Boxes?", n),
            gettext("_Recreate"),
            match nothing {
                true => gettext(
                    "A new box takes its place. Nothing was found in the old one that the new one will not have.",
                ),
                false => gettext(
                    "A new box takes its place. What is only in the old one is lost, and cannot be brought back.",
                ),
            },
        ),
        false => (
            ngettext("Remove “{item}”?", "Remove {n} Boxes?", n),
            gettext("_Remove"),
            gettext("What is only in it is lost, and cannot be brought back."),
        ),
    };
    let instead = gettext("Capture keeps it, and saves what it is to the manifest.");
    let dialog = adw::AlertDialog::builder()
        .heading(fill(&heading, &[("item", one), ("n", &n.to_string())]))
        .body(format!("{body} {instead}"))
        .build();
    if !nothing {
        dialog.set_extra_child(Some(&lost_list(losses)));
    }
    dialog.add_responses(&[
        ("cancel", &gettext("_Cancel")),
        ("capture", &gettext("C_apture")),
        ("recreate", &verb),
    ]);
    dialog.set_response_appearance("recreate", adw::ResponseAppearance::Destructive);
    dialog.set_default_response(Some("cancel"));
    dialog.set_close_response("cancel");
    let (sender, keys) = (sender.clone(), losses.iter().map(|loss| loss.key.clone()).collect());
    let answer = RefCell::new(Some((plan, purpose, keys)));
    dialog.connect_response(None, move |_, response| {
        let Some((plan, purpose, keys)) = answer.take() else { return };
        // The window may be closing: nobody is left to hear of it then.
        drop(sender.send(match response {
            "recreate" => AppMsg::Recreate(plan, purpose),
            "capture" => AppMsg::CaptureInstead(keys),
            _ => AppMsg::Plan(PlanOut::Back),
        }));
    });
    dialog.present(Some(parent));
}

/// What is lost of each, in a list of its own size that scrolls.
fn lost_list(losses: &[Loss]) -> gtk::ScrolledWindow {
    let list = gtk::Box::new(gtk::Orientation::Vertical, 6);
    list.add_css_class("output");
    for loss in losses.iter().filter(|loss| !loss.lost.is_empty()) {
        if losses.len() > 1 {
            let title = label(&["heading"]);
            title.set_text(&loss.title);
            list.append(&title);
        }
        // Not selectable: it would take the focus, and be selected as a whole.
        let text = gtk::Label::builder().xalign(0.0).wrap(true).build();
        text.set_wrap_mode(gtk::pango::WrapMode::WordChar);
        text.set_attributes(Some(&no_hyphens()));
        text.set_text(&steps::lost_lines(loss).join("\n"));
        list.append(&text);
    }
    let scrolled = gtk::ScrolledWindow::builder()
        .hscrollbar_policy(gtk::PolicyType::Never)
        .min_content_height(80)
        .max_content_height(240)
        .propagate_natural_height(true)
        .focusable(true)
        .child(&list)
        .build();
    scrolled.add_css_class("card");
    set_name(&scrolled, &gettext("What is lost"));
    scrolled
}

/// Asks for a folder.
pub fn choose_repository(parent: &adw::ApplicationWindow, sender: &Sender<AppMsg>) {
    let dialog = gtk::FileDialog::builder()
        .title(gettext("Choose Repository"))
        .accept_label(gettext("_Choose"))
        .modal(true)
        .build();
    let sender = sender.clone();
    dialog.select_folder(Some(parent), gio::Cancellable::NONE, move |result| {
        // An error here is the person's “no”.
        if let Some(path) = result.ok().and_then(|file| file.path()) {
            drop(sender.send(AppMsg::Use(path)));
        }
    });
}

/// Opens a file in the program that edits such files.
pub fn show_file(parent: &adw::ApplicationWindow, path: &Path) {
    let parent = parent.clone();
    let launcher = gtk::FileLauncher::new(Some(&gio::File::for_path(path)));
    let shown = path.display().to_string();
    launcher.launch(Some(&parent.clone()), gio::Cancellable::NONE, move |result| {
        let Err(error) = result else { return };
        if !error.matches(gtk::DialogError::Dismissed) {
            let text = format!("{shown}\n\n{}", error.message());
            failure(&parent, &gettext("The Manifest Could Not Be Opened"), &text);
        }
    });
}

/// The preferences.
pub fn preferences(
    parent: &adw::ApplicationWindow,
    show_in_sync: bool,
    repo: Option<String>,
    sender: &Sender<AppMsg>,
) {
    let in_sync = adw::SwitchRow::builder()
        .title(gettext("Show What Is in Sync"))
        .subtitle(gettext("List matching items beside the differences"))
        .active(show_in_sync)
        .build();
    let input = sender.clone();
    in_sync.connect_active_notify(move |row| {
        drop(input.send(AppMsg::ShowInSync(row.is_active())));
    });
    let lists = adw::PreferencesGroup::builder().title(gettext("Lists")).build();
    lists.add(&in_sync);

    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(gettext("Repository"))
        .subtitle(repo.unwrap_or_else(|| gettext("None chosen")))
        .build();
    row.add_css_class("property");
    let choose = gtk::Button::builder().label(gettext("Choose…")).build();
    choose.set_valign(gtk::Align::Center);
    set_name(&choose, &gettext("Choose Repository…"));
    row.add_suffix(&choose);
    let repository = adw::PreferencesGroup::new();
    repository.add(&row);

    let page = adw::PreferencesPage::new();
    page.add(&lists);
    page.add(&repository);
    let dialog = adw::PreferencesDialog::new();
    dialog.add(&page);
    let (input, weak) = (sender.clone(), dialog.downgrade());
    choose.connect_clicked(move |_| {
        if let Some(dialog) = weak.upgrade() {
            dialog.close();
        }
        drop(input.send(AppMsg::Begin(Way::Choose)));
    });
    dialog.present(Some(parent));
}

/// The keyboard shortcuts.
pub fn shortcuts(parent: &adw::ApplicationWindow) {
    let page = adw::PreferencesPage::new();
    for (title, keys) in actions::shortcuts() {
        let group = adw::PreferencesGroup::builder().title(title).build();
        for (accelerator, what) in keys {
            let row = adw::ActionRow::builder().title(what).build();
            let label = gtk::Label::new(Some(&key_words(accelerator)));
            label.add_css_class("dimmed");
            row.add_suffix(&label);
            group.add(&row);
        }
        page.add(&group);
    }
    let toolbar = adw::ToolbarView::builder().content(&page).build();
    toolbar.add_top_bar(&adw::HeaderBar::new());
    let dialog = adw::Dialog::builder()
        .title(gettext("Keyboard Shortcuts"))
        .content_width(420)
        .content_height(560)
        .child(&toolbar)
        .build();
    dialog.present(Some(parent));
}

/// An accelerator as the keyboard has it: "Ctrl+F".
fn key_words(accelerator: &str) -> String {
    match gtk::accelerator_parse(accelerator) {
        Some((key, modifiers)) => gtk::accelerator_get_label(key, modifiers).to_string(),
        None => accelerator.replace("<Control>", "Ctrl+"),
    }
}

/// Who made it, and what a bug report should say.
pub fn about(parent: &adw::ApplicationWindow, repo: Option<&RepoInfo>) {
    let version = env!("CARGO_PKG_VERSION");
    let os = |key| glib::os_info(key).map(|text| text.to_string()).unwrap_or_default();
    let debug = [
        format!("Bucket {version}"),
        format!("{} {}", os("NAME"), os("VERSION_ID")),
        format!("GTK {}.{}.{}", gtk::major_version(), gtk::minor_version(), gtk::micro_version()),
        format!(
            "libadwaita {}.{}.{}",
            adw::major_version(),
            adw::minor_version(),
            adw::micro_version()
        ),
        format!("Repository: {}", repo.map_or("none", |repo| repo.path.as_str())),
    ];
    let dialog = adw::AboutDialog::builder()
        .application_name(gettext("Bucket"))
        .application_icon(APP_ID)
        .version(version)
        .developer_name(gettext("The Bucket maintainers"))
        .comments(gettext("Keep your desktop and its manifests in step"))
        .license_type(gtk::License::Gpl30)
        .debug_info(debug.join("\n"))
        .debug_info_filename("bucket-debug-info.txt")
        .build();
    dialog.present(Some(parent));
}
