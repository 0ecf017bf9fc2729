//! `bkt build-info`: what changed between two images.

use super::act::versioned;
use super::app::{App, Exit};
use super::errors::Misnamed;
use super::output::{Style, columns, pad, paint};
use crate::core::build_info::{BuildInfo, Kind, Labels, PackageChange, Side, code};
use crate::host::images::{self, Source};
use crate::words::{fill, gettext, ngettext, pgettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Say what changed between two images"),
    long_about = gettext("\
Say what changed between two images: packages that were added, removed, upgraded and downgraded, and the base images they \
were built on."),
    after_help = gettext("\
An image is “booted”, “staged” or “rollback” (deployments of this machine), the name of an image that podman has, or a \
file with a list of packages: a name on each line, or name and version as rpm -qa or dnf list print them.

Without names, the image that runs is compared with the one that is staged, else the one before with the one that runs. \
With one name, it is compared with the image that runs.

Examples:
  bkt build-info                                   what the next restart changes, or what the last one did
  bkt build-info rollback booted
  bkt build-info localhost/os:old localhost/os:new --markdown
  bkt build-info booted saved-list.txt")
)]
pub(super) struct Args {
    #[arg(value_name = "OLD", help = gettext("The older image"))]
    old: Option<String>,
    #[arg(value_name = "NEW", help = gettext("The newer image"))]
    new: Option<String>,
    #[arg(long, help = gettext("Fetch images first that are not on this machine"))]
    pull: bool,
    #[arg(long, conflicts_with = "json", help = gettext("Print Markdown, for release notes"))]
    markdown: bool,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let (old, new) = chosen(app, args)?;
    let busy = super::progress::busy(&app.out, gettext("Looking at the images"));
    let old = images::read(&app.host, &old, args.pull)?;
    let new = images::read(&app.host, &new, args.pull)?;
    drop(busy);
    let info = BuildInfo::compare(&old, &new);
    match () {
        () if app.global.json => app.out.json(&versioned(&info))?,
        () if args.markdown => app.out.raw(&markdown(&info)),
        () => text(app, &info),
    }
    Ok(Exit::Done)
}

/// The two images that are meant.
fn chosen(app: &App, args: &Args) -> anyhow::Result<(Source, Source)> {
    let parse = |text: &String| Source::parse(&app.host, text);
    let old = args.old.as_ref().map(parse).transpose()?;
    let new = args.new.as_ref().map(parse).transpose()?;
    Ok(match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (Some(Source::Staged | Source::Booted), None) => (Source::Booted, Source::Staged),
        (Some(old), None) => (old, Source::Booted),
        (None, _) => {
            let all = images::deployments(&app.host)?;
            match (&all.staged, all.rollback()) {
                (Some(_), _) => (Source::Booted, Source::Staged),
                (None, Some(_)) => (Source::Rollback, Source::Booted),
                (None, None) => {
                    return Err(Misnamed::Wrong {
                        message: gettext(
                            "this machine has one image, and nothing to compare it with",
                        ),
                        hint: Some(gettext("Name two images: bkt build-info OLD NEW")),
                    }
                    .into());
                }
            }
        }
    })
}

fn title(kind: Kind) -> String {
    match kind {
        Kind::Added => pgettext("packages", "Added"),
        Kind::Removed => pgettext("packages", "Removed"),
        Kind::Upgraded => pgettext("packages", "Upgraded"),
        Kind::Downgraded => pgettext("packages", "Downgraded"),
        Kind::Changed => pgettext("packages", "Changed otherwise"),
    }
}

/// "12 upgraded, 1 added".
fn counts(info: &BuildInfo) -> String {
    let said: Vec<String> = Kind::ALL
        .into_iter()
        .filter_map(|kind| {
            let n = info.of(kind).count();
            let text = match kind {
                Kind::Added => ngettext("{n} added", "{n} added", n),
                Kind::Removed => ngettext("{n} removed", "{n} removed", n),
                Kind::Upgraded => ngettext("{n} upgraded", "{n} upgraded", n),
                Kind::Downgraded => ngettext("{n} downgraded", "{n} downgraded", n),
                Kind::Changed => ngettext("{n} changed otherwise", "{n} changed otherwise", n),
            };
            (n > 0).then(|| fill(&text, &[("n", &n.to_string())]))
        })
        .collect();
    match said.is_empty() {
        true => gettext("no package changed"),
        false => said.join(", "),
    }
}

/// What the images say of their base, in one line.
fn base(info: &BuildInfo) -> String {
    let digest = |side: &Side| side.labels.as_ref()?.base_digest.clone();
    match (digest(&info.old), digest(&info.new), info.same_base) {
        (Some(_), Some(new), Some(true)) => {
            fill(&gettext("the same, {digest}"), &[("digest", &new)])
        }
        (old, new, _) => {
            let text = |digest: Option<String>| digest.unwrap_or_else(|| gettext("not known"));
            format!("{} → {}", text(old), text(new))
        }
    }
}

/// The rows that images say of themselves: title, old value, new value.
fn rows(info: &BuildInfo) -> Vec<(String, String, String)> {
    let value = |side: &Side, get: fn(&Labels) -> &Option<String>| {
        side.labels.as_ref().and_then(|labels| get(labels).clone())
    };
    let row = |title: String, get: fn(&Labels) -> &Option<String>| {
        let (old, new) = (value(&info.old, get), value(&info.new, get));
        let known = old.is_some() || new.is_some();
        known.then(|| (title, old.unwrap_or_default(), new.unwrap_or_default()))
    };
    [
        row(gettext("Version"), |labels| &labels.version),
        row(gettext("Built"), |labels| &labels.created),
        row(gettext("Built from"), |labels| &labels.revision),
        row(gettext("Digest"), |labels| &labels.digest),
        row(gettext("Base image"), |labels| &labels.base_digest),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn versions(change: &PackageChange) -> String {
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{old} → {new}"),
        (one, other) => one.clone().or_else(|| other.clone()).unwrap_or_default(),
    }
}

fn name(change: &PackageChange) -> String {
    match &change.arch {
        Some(arch) => format!("{}.{arch}", change.name),
        None => change.name.clone(),
    }
}

fn text(app: &App, info: &BuildInfo) {
    let heading = format!("{} → {}", info.old.name, info.new.name);
    app.out.line(&format!("{}: {}", paint(Style::Bold, &heading), counts(info)));
    for side in [&info.old, &info.new] {
        let n = side.packages;
        let said = ngettext("{n} package", "{n} packages", n);
        let mut line = format!("  {}: {}", side.name, fill(&said, &[("n", &n.to_string())]));
        if let Some(labels) = &side.labels {
            for (text, value) in [
                (gettext("version {value}"), &labels.version),
                (gettext("built {value}"), &labels.created),
                (gettext("built from {value}"), &labels.revision),
            ] {
                if let Some(value) = value {
                    line = format!("{line}, {}", fill(&text, &[("value", value)]));
                }
            }
        }
        if let Some(why) = &side.labels_unknown {
            let text = gettext("what it says of itself is not known: {why}");
            line = format!("{line}, {}", fill(&text, &[("why", why)]));
        }
        app.out.say(&paint(Style::Dim, &line));
    }
    app.out.line(&format!("  {}: {}", gettext("Base image"), base(info)));
    if let Some(text) = not_compared(info) {
        app.out.warn(&text);
    }
    let width = info.packages.iter().map(|one| columns(&name(one))).max().unwrap_or(0).min(50);
    for kind in Kind::ALL {
        let n = info.of(kind).count();
        if n > 0 {
            app.out.line(&paint(Style::Bold, &format!("{} ({n})", title(kind))));
        }
        for one in info.of(kind) {
            app.out.line(format!("  {}  {}", pad(&name(one), width), versions(one)).trim_end());
        }
    }
}

fn not_compared(info: &BuildInfo) -> Option<String> {
    let n = info.not_compared;
    let text = ngettext(
        "The version of {n} package is not known on one side, and was not compared.",
        "The versions of {n} packages are not known on one side, and were not compared.",
        n,
    );
    (n > 0).then(|| fill(&text, &[("n", &n.to_string())]))
}

/// A section for release notes.
fn markdown(info: &BuildInfo) -> String {
    let heading = gettext("Changes from {old} to {new}");
    let names = [("old", code(&info.old.name)), ("new", code(&info.new.name))];
    let names = names.each_ref().map(|(key, value)| (*key, value.as_str()));
    let mut out = format!("## {}\n\n", fill(&heading, &names));
    let cell = |text: &String| if text.is_empty() { String::new() } else { code(text) };
    let rows = rows(info);
    if !rows.is_empty() {
        out += &format!("| | {} | {} |\n|---|---|---|\n", names[0].1, names[1].1);
        for (title, old, new) in rows {
            out += &format!("| {title} | {} | {} |\n", cell(&old), cell(&new));
        }
        out.push('\n');
    }
    out += &format!("{}: {}.\n", gettext("Packages"), counts(info));
    if let Some(text) = not_compared(info) {
        out += &format!("\n{text}\n");
    }
    for kind in Kind::ALL {
        let n = info.of(kind).count();
        if n == 0 {
            continue;
        }
        out += &format!("\n### {} ({n})\n\n", title(kind));
        out += &format!("| {} | {} |\n|---|---|\n", gettext("Package"), gettext("Version"));
        for one in info.of(kind) {
            let versions: Vec<String> =
                [&one.old, &one.new].into_iter().flatten().map(|v| code(v)).collect();
            out += &format!("| {} | {} |\n", code(&name(one)), versions.join(" → "));
        }
    }
    out
}
