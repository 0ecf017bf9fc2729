//! Bringing this machine in line with what the manifests say of packages and where they come from.

use tokio_util::sync::CancellationToken;

use super::NOUN;
use super::packages::{Image, layers, say_until_restart, warn_of_layers};
use crate::cli::app::{App, Exit};
use crate::cli::capture::{self, Choice};
use crate::cli::output::{Style, paint};
use crate::cli::{errors, noun, progress};
use crate::core::item::Pending;
use crate::core::plan::{Action, Command, Risk, Step};
use crate::core::report::{ItemReport, Report};
use crate::engine::Verb;
use crate::engine::explain::explain;
use crate::host::inside::Place;
use crate::host::{act, command, interrupt, privilege};
use crate::subsystem::packages::{self, ID as PACKAGES};
use crate::words::{fill, gettext, ngettext};

/// How many names are listed.
const LISTED: usize = 8;

#[derive(clap::Args)]
#[command(
    about = gettext("Change this machine to what the manifest says"),
    after_help = gettext("\
What the next image brings waits for it. With --now it is layered on this machine, and comes into force without a \
restart where rpm-ostree can do that; what the image has brought since is layered no more. Where nothing can be \
layered, dnf installs it until the next restart.

Examples:
  bkt dnf sync                     package repositories, and what waits for the next image
  bkt dnf sync --now               have it on this machine now
  bkt dnf sync --now -n            what that would do")
)]
pub(super) struct Sync {
    #[command(flatten)]
    choice: Choice,
    #[arg(long, help = gettext("Have what the next image brings on this machine now"))]
    now: bool,
}

pub(super) fn run(app: &App, args: &Sync) -> anyhow::Result<Exit> {
    Place::changes_the_machine(&app.host)?;
    let mut selection = noun::selection(NOUN, &args.choice);
    selection.now = args.now;
    let asked = capture::ask(app, Verb::Apply, &selection, false, |_, _| Ok(()))?;
    if !args.now {
        tell_waiting(app, &asked.report);
        return asked.carry_out(app);
    }
    let plan = asked.engine.plan(&asked.report, &asked.request)?;
    let (layers, nothing) = (layers(&plan), plan.changes.is_empty());
    let staged = waits_for_restart(&asked.report);
    if layers {
        warn_of_layers(app, &Image::read(app)?);
    }
    say_until_restart(app, &plan);
    let exit = asked.carry_out(app)?;
    if app.global.dry_run {
        tidy(app)?;
        if layers || staged {
            go_live(app);
        }
        return Ok(exit);
    }
    if !matches!(exit, Exit::Done | Exit::Partly) {
        return Ok(exit);
    }
    let tidied = tidy(app)?;
    if staged || (layers && layered(app)) {
        go_live(app);
    }
    Ok(match (tidied, nothing) {
        (true, _) => exit,
        (false, true) => Exit::Error,
        (false, false) => Exit::Partly,
    })
}

/// Drops the layers that the image has brought since, and returns whether that went well.
fn tidy(app: &App) -> anyhow::Result<bool> {
    let why = packages::tidy(&app.host)?.and_then(|step| beside(app, &step));
    if let Some(why) = &why {
        errors::show(&app.out, why, None);
    }
    Ok(why.is_none())
}

/// Whether a package that is wanted has been layered, and comes into force with a restart.
fn waits_for_restart(report: &Report) -> bool {
    let mut of = report.subsystem(&PACKAGES).into_iter().flat_map(|one| &one.items);
    of.any(|item| {
        item.key.as_str().starts_with("package/")
            && item.wanted.is_some()
            && item.pending == Some(Pending::Reboot)
    })
}

/// Whether rpm-ostree has layered something in this run.
fn layered(app: &App) -> bool {
    let entries = app.host.log().entries();
    let done = entries.iter().filter(|entry| matches!(entry.outcome, Some(Ok(()))));
    done.into_iter().any(|entry| entry.command.contains("rpm-ostree install"))
}

/// What is layered comes into force without a restart, where rpm-ostree can do that. Nothing is lost where it cannot.
fn go_live(app: &App) {
    let command = Command::new("rpm-ostree").arg("apply-live");
    let step = Step {
        title: gettext("Bring into force what was layered"),
        action: Action::Run(privilege::as_root(&app.host, command)),
        risk: Risk { password: true, ..Risk::default() },
        items: Vec::new(),
    };
    if let Some(why) = beside(app, &step) {
        let text = gettext("It comes into force after a restart: {why}");
        app.out.warn(&paint(Style::Yellow, &fill(&text, &[("why", &why)])));
    }
}

/// Does what changes no item, and so is in no plan: or says it, where nothing is to be changed. Returns why it failed.
fn beside(app: &App, step: &Step) -> Option<String> {
    if app.global.dry_run {
        if let Action::Run(run) = &step.action {
            app.out.line(&format!("{}: {}", step.title, command::display(run)));
        }
        return None;
    }
    let cancel = CancellationToken::new();
    interrupt::cancels(&cancel);
    let _busy = progress::busy(&app.out, step.title.clone());
    let result = act::perform(&app.host, &step.action, &mut |_| (), &cancel);
    result.err().map(|error| explain(&error).message)
}

/// Says which packages the next image brings.
fn tell_waiting(app: &App, report: &Report) {
    let of = report.subsystem(&PACKAGES).into_iter().flat_map(|one| &one.items);
    let waits =
        |item: &&ItemReport| item.pending == Some(Pending::ImageBuild) && item.ignored.is_none();
    // Groups cannot be had now, and what is left out does not come.
    let package = |item: &&ItemReport| item.key.as_str().starts_with("package/");
    let waiting: Vec<&ItemReport> = of.filter(waits).filter(package).collect();
    if waiting.is_empty() {
        return;
    }
    let names = waiting.iter().take(LISTED).map(|item| item.title.as_str());
    let more = (waiting.len() > LISTED).then_some("…");
    let names: Vec<&str> = names.chain(more).collect();
    let text = ngettext(
        "{n} package comes with the next image: {names}. To have it now: bkt dnf sync --now",
        "{n} packages come with the next image: {names}. To have them now: bkt dnf sync --now",
        waiting.len(),
    );
    let n = waiting.len().to_string();
    app.out.say(&fill(&text, &[("n", &n), ("names", &names.join(", "))]));
}
