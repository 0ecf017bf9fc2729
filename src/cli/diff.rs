//! `bkt diff`: both values of every difference, side by side.

use super::app::{App, Exit};
use super::output::{Style, paint};
use super::{act, names, show, status};
use crate::core::report::{ItemReport, Report};
use crate::words::gettext;

#[derive(clap::Args)]
#[command(
    about = gettext("Show both values of every difference, side by side"),
    after_help = gettext("\
Examples:
  bkt diff                         every difference
  bkt diff gsetting                only settings
  bkt diff -i org.gnome.Boxes      one item
  bkt diff -v                      also fields and items that agree")
)]
pub(super) struct Args {
    #[command(flatten)]
    status: status::Args,
    #[arg(short, long = "item", value_name = "ITEM", help = gettext("Only this item; may be given again"))]
    items: Vec<String>,
}

impl Args {
    /// One noun's, or some of its items.
    pub(super) fn of(noun: &str, exit_code: bool, items: &[String]) -> Self {
        Self { status: status::Args::of(noun, exit_code), items: items.to_vec() }
    }
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = app.engine()?;
    let mut report = app.survey(&engine, &args.status.subsystems)?;
    if !args.items.is_empty() {
        keep(&mut report, &args.items)?;
    }
    if app.global.json {
        app.out.json(&report)?;
        return Ok(status::exit(&report, args.status.exit_code));
    }
    act::tell_unread(app, &engine, &report);
    let mut any = false;
    for subsystem in &report.subsystems {
        let shown: Vec<&ItemReport> = subsystem
            .items
            .iter()
            .filter(|item| item.counts() || app.out.verbose || !args.items.is_empty())
            .collect();
        if shown.is_empty() {
            continue;
        }
        any = true;
        app.out.line(&paint(Style::Bold, &show::title(&engine, &subsystem.id)));
        for item in shown {
            show::item(app, item);
        }
    }
    if !any {
        app.out.say(&gettext("There are no differences."));
    }
    Ok(status::exit(&report, args.status.exit_code))
}

/// Leaves only the named items in the report.
fn keep(report: &mut Report, typed: &[String]) -> anyhow::Result<()> {
    let picked: Vec<_> = names::items(report, typed)?
        .into_iter()
        .map(|(subsystem, item)| (subsystem, item.key.clone()))
        .collect();
    for subsystem in &mut report.subsystems {
        let id = &subsystem.id;
        subsystem.items.retain(|item| picked.iter().any(|(s, key)| s == id && *key == item.key));
    }
    report.subsystems.retain(|subsystem| !subsystem.items.is_empty());
    Ok(())
}
