//! `bkt extension`: GNOME Shell extensions, on this machine and in the manifest.

use clap::Subcommand;

use super::act::versioned;
use super::app::{App, Exit};
use super::noun;
use super::output::{Style, columns, pad, paint};
use super::pun::{self, Pun};
use crate::core::item::{ItemKey, Record, WantedItems};
use crate::core::names::ExtensionUuid;
use crate::core::near::nearest;
use crate::core::report::Report;
use crate::engine::{Edit, Reach, Wish};
use crate::manifest::repo::RepoError;
use crate::subsystem::extensions::compat::{self, Compatibility, Fit, Judged};
use crate::subsystem::extensions::{Extensions, ID as EXTENSIONS};
use crate::subsystem::{Subsystem, Unfit};
use crate::words::{fill, gettext, ngettext};

const NOUN: &str = "extension";

#[derive(clap::Args)]
#[command(
    about = gettext("GNOME Shell extensions"),
    after_help = gettext("\
Extensions are installed from https://extensions.gnome.org, or from the site that BKT_EXTENSIONS_URL names.

Examples:
  bkt extension list               what is installed or wanted, and how it stands
  bkt extension add UUID           install it, switch it on, and save that to the manifest
  bkt extension disable UUID       switch it off, here and in the manifest
  bkt extension check --shell 50   what of it works in GNOME 50")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Install extensions and switch them on"))]
    Add(Named),
    #[command(about = gettext("Uninstall extensions, and stop tracking them"))]
    Remove(Named),
    #[command(about = gettext("Switch extensions on"))]
    Enable(Named),
    #[command(about = gettext("Switch extensions off"))]
    Disable(Named),
    #[command(
        about = gettext("Say which extensions work in a version of GNOME"),
        long_about = gettext("\
Say which extensions work in a version of GNOME: those that are yours, switched on or in the manifest, or those named.
Exits with status 3 if one that is switched on works neither as it is installed nor with an update.")
    )]
    Check(Check),
    List(noun::List),
    Sync(noun::Sync),
    Capture(noun::Capture),
}

#[derive(clap::Args)]
struct Named {
    #[arg(value_name = "UUID", required = true, help = gettext("The extension's UUID, as in name@author"))]
    uuids: Vec<ExtensionUuid>,
    #[command(flatten)]
    pun: Pun,
}

#[derive(clap::Args)]
struct Check {
    #[arg(value_name = "UUID", help = gettext("The extension's UUID, as in name@author"))]
    uuids: Vec<ExtensionUuid>,
    #[arg(long, value_name = "VERSION", help = gettext("The version of GNOME Shell (default: this machine's)"))]
    shell: Option<String>,
    #[arg(long, help = gettext("Do not ask the extensions site"))]
    offline: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Add(named) | Verb::Enable(named) => switch(app, named, true),
        Verb::Disable(named) => switch(app, named, false),
        Verb::Remove(named) => wish(app, named, &Edit::Remove, false),
        Verb::Check(args) => check(app, args),
        Verb::List(_) => noun::list(app, NOUN),
        Verb::Sync(args) => noun::sync(app, NOUN, args),
        Verb::Capture(args) => noun::capture(app, NOUN, args),
    }
}

fn switch(app: &App, named: &Named, on: bool) -> anyhow::Result<Exit> {
    wish(app, named, &Edit::put(Record::new().with("enabled", on)), on)
}

/// `installs` says that what is not here is to be had first.
fn wish(app: &App, named: &Named, edit: &Edit, installs: bool) -> anyhow::Result<Exit> {
    pun::act(app, &[EXTENSIONS], &named.pun, |engine, report| {
        let installed = compat::installed(engine.host())?;
        for uuid in named.uuids.iter().filter(|uuid| !installs && !installed.contains(uuid)) {
            if !report_has(report, uuid) {
                return Err(unknown(uuid, &installed).into());
            }
            // Nothing is installed to be switched off.
            if *edit != Edit::Remove && named.pun.reach() != Reach::Manifest {
                return Err(not_installed(uuid).into());
            }
        }
        let mut wishes: Vec<Wish> = Vec::new();
        let mut system = None;
        for uuid in &named.uuids {
            let item = ItemKey::new(uuid.as_str());
            if named.pun.reach() == Reach::System && installed.contains(uuid) {
                let system = match &system {
                    Some(system) => system,
                    None => system.insert(compat::of_the_system(engine.host())?),
                };
                if stays(report, &item, edit, system.get(uuid).copied())? {
                    continue;
                }
            }
            wishes.push(Wish { subsystem: EXTENSIONS, item, edit: edit.clone() });
        }
        Ok(wishes)
    })
}

/// Whether this machine does already with one of the system's extensions what is asked of it alone. `default` is how
/// such a one is where nobody has switched it: it is no item then.
fn stays(
    report: &Report,
    item: &ItemKey,
    edit: &Edit,
    default: Option<bool>,
) -> Result<bool, Unfit> {
    let Some(on) = default else { return Ok(false) };
    match (edit, report.item(&EXTENSIONS, item)) {
        (Edit::Put { set, .. }, None) => Ok(set.get("enabled") == Some(&on.into())),
        (Edit::Remove, Some(one)) if one.wanted.is_some() => {
            let text = gettext(
                "{extension} came with the system and stays: switch it off with bkt extension disable",
            );
            Err(Unfit::new(fill(&text, &[("extension", item.as_str())])))
        }
        _ => Ok(false),
    }
}

fn report_has(report: &Report, uuid: &ExtensionUuid) -> bool {
    report.item(&EXTENSIONS, &ItemKey::new(uuid.as_str())).is_some()
}

fn not_installed(uuid: &ExtensionUuid) -> Unfit {
    let text = gettext(
        "{extension} is not installed; what the manifest says of it is changed by --manifest-only",
    );
    Unfit::new(fill(&text, &[("extension", uuid.as_str())]))
}

fn unknown(uuid: &ExtensionUuid, installed: &[ExtensionUuid]) -> Unfit {
    let text = gettext("{extension} is neither installed nor in the manifest");
    let message = fill(&text, &[("extension", uuid.as_str())]);
    let names = installed.iter().map(|uuid| (uuid.as_str(), Vec::new()));
    Unfit { message, close: nearest(uuid.as_str(), names), unsure: false }
}

fn check(app: &App, args: &Check) -> anyhow::Result<Exit> {
    let wanted = match app.engine() {
        Ok(engine) => Extensions.wanted(&engine.manifests(), engine.host())?,
        // What is installed can be judged without a repository.
        Err(error) if matches!(error.downcast_ref(), Some(RepoError::None)) => WantedItems::new(),
        Err(error) => return Err(error),
    };
    let busy = super::progress::busy(&app.out, gettext("Looking it up"));
    let found =
        compat::check(&app.host, &wanted, &args.uuids, args.shell.as_deref(), args.offline)?;
    drop(busy);
    let breaking = found.breaking().count();
    if app.global.json {
        app.out.json(&versioned(&found))?;
    } else {
        table(app, &found);
        let text = match breaking {
            0 => gettext("Everything that is switched on works in GNOME {version}."),
            n => ngettext(
                "{n} extension that is switched on does not work in GNOME {version}.",
                "{n} extensions that are switched on do not work in GNOME {version}.",
                n,
            ),
        };
        app.out.say(&fill(&text, &[("n", &breaking.to_string()), ("version", &found.shell)]));
    }
    Ok(if breaking > 0 { Exit::Drift } else { Exit::Done })
}

fn table(app: &App, found: &Compatibility) {
    if let Some(why) = &found.site {
        let text = gettext("The extensions site was not asked, so updates are not known: {why}");
        app.out.warn(&paint(Style::Yellow, &fill(&text, &[("why", why)])));
    }
    let width = found.extensions.iter().map(|one| columns(&one.uuid)).max().unwrap_or(0);
    for one in &found.extensions {
        let (sign, style) = match one.fit {
            Fit::Works => ("=", Style::Green),
            Fit::Update => ("↑", Style::Yellow),
            Fit::Breaks => ("×", Style::Red),
            Fit::Unknown => ("?", Style::Red),
        };
        let state = match (one.installed, one.enabled) {
            (false, _) => gettext("not installed"),
            (true, true) => gettext("on"),
            (true, false) => gettext("off"),
        };
        let name = pad(&one.uuid, width.min(60));
        app.out.line(&format!("  {} {name}  {state}, {}", paint(style, sign), words(one)));
    }
}

fn words(one: &Judged) -> String {
    let made_for = one.made_for.join(", ");
    let text = match (one.fit, made_for.is_empty()) {
        (Fit::Works, _) => gettext("works"),
        (Fit::Update, _) if one.installed => gettext("works after an update to version {version}"),
        (Fit::Update, _) => gettext("works: version {version} is on the site"),
        (Fit::Breaks | Fit::Unknown, false) => gettext("made for GNOME {shells} only"),
        (Fit::Breaks, true) => gettext("there is no version that works"),
        (Fit::Unknown, true) => gettext("whether it works is not known"),
    };
    let version = one.available.map(|version| version.to_string()).unwrap_or_default();
    fill(&text, &[("version", &version), ("shells", &made_for)])
}
