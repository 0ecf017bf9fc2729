//! How files get into `/etc` now: written into Bucket's state first, so that what is installed is what was planned, and
//! then put in place as root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::walk::{Found, Trees};
use super::{CONTENT, MODE, below};
use crate::core::item::ItemKey;
use crate::core::names::ImagePath;
use crate::core::plan::{Action, Change, Command, Risk, Step};
use crate::host::Host;
use crate::host::privilege::{as_root, keep};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext, ngettext};

/// Files that one command puts in place: those of one directory with the same permissions.
type Groups = BTreeMap<(PathBuf, String), Vec<(PathBuf, ItemKey)>>;

/// Plans all changes.
pub fn plan(changes: &[&Change], host: &Host) -> Result<Steps> {
    let trees = Trees::open(host)?;
    let mut steps = Steps::default();
    let (mut edits, mut staged) = (Vec::new(), Vec::new());
    let (mut groups, mut links, mut removals) = (Groups::new(), Vec::new(), Vec::new());
    for change in changes {
        let path: ImagePath = change.item.as_str().parse()?;
        let place = host.path(path.as_str());
        let dir = place.parent().context("a file has a directory")?.to_owned();
        match &change.after {
            Some(after) => {
                let Some(text) = after.text(CONTENT) else {
                    let why =
                        gettext("it is no text, or a large one, and comes with the image alone");
                    steps.blocked.push(Blocked::later(&change.item, why));
                    continue;
                };
                let edit = keep(host, &change.item, text)?;
                let source = PathBuf::from(&edit.path);
                edits.push(edit);
                staged.push(change.item.clone());
                let mode = after.text(MODE).unwrap_or("0644").to_owned();
                groups.entry((dir, mode)).or_default().push((source, change.item.clone()));
            }
            None => {
                let source = host.path("/usr/etc").join(below(&change.item));
                match in_image(trees.as_ref(), change) {
                    Some(Found::File { mode, .. }) => {
                        let group = groups.entry((dir, format!("{mode:04o}"))).or_default();
                        group.push((source, change.item.clone()));
                    }
                    Some(Found::Link(_)) => links.push((source, place, change)),
                    _ => removals.push((place, change)),
                }
            }
        }
    }
    if !edits.is_empty() {
        let count = edits.len();
        let title = ngettext(
            "Keep {n} file, ready to be installed",
            "Keep {n} files, ready to be installed",
            count,
        );
        steps.steps.push(Step {
            title: fill(&title, &[("n", &count.to_string())]),
            action: Action::Write(edits),
            risk: Risk::default(),
            items: staged,
        });
    }
    for ((dir, mode), files) in groups {
        steps.steps.push(install(host, &dir, &mode, files));
    }
    for (source, place, change) in links {
        // The link itself, in the place of what is there.
        let copy = Command::new("cp").args(["-P", "--remove-destination", "--"]);
        steps.steps.push(Step {
            title: fill(
                &gettext("Take {file} back to what the image has"),
                &[("file", &change.title)],
            ),
            action: Action::Run(as_root(host, copy.arg(text(&source)).arg(text(&place)))),
            risk: Risk { password: !host.env().is_root, ..Risk::default() },
            items: vec![change.item.clone()],
        });
    }
    for (place, change) in removals {
        let remove = Command::new("rm").arg("--").arg(text(&place));
        steps.steps.push(Step {
            title: fill(&gettext("Remove {file}"), &[("file", &change.title)]),
            action: Action::Run(as_root(host, remove)),
            risk: Risk { password: !host.env().is_root, removes: true, ..Risk::default() },
            items: vec![change.item.clone()],
        });
    }
    Ok(steps)
}

/// What the image itself has, where a change goes back to that.
///
/// What is taken back while a manifest wants the file is what was installed where nothing was: it goes.
fn in_image(trees: Option<&Trees>, change: &Change) -> Option<Found> {
    match change.other {
        None => Some(trees?.in_image(below(&change.item))),
        Some(_) => None,
    }
}

fn install(host: &Host, dir: &Path, mode: &str, files: Vec<(PathBuf, ItemKey)>) -> Step {
    let count = files.len();
    let title = ngettext("Install {file}", "Install {n} files in {directory}", count);
    let first = files.first().map(|(_, item)| item.to_string()).unwrap_or_default();
    let shown = first.rsplit_once('/').map_or("/", |(dir, _)| dir).to_owned();
    let values = [("file", &*first), ("n", &count.to_string()), ("directory", &shown)];
    let mut command = Command::new("install").args(["-D", &format!("-m{mode}")]);
    if host.path("/sys/fs/selinux/enforce").exists() {
        // A new file would else have the label of its directory.
        command = command.arg("-Z");
    }
    command = command.arg("-t").arg(text(dir)).arg("--");
    command = command.args(files.iter().map(|(source, _)| text(source)));
    Step {
        title: fill(&title, &values),
        action: Action::Run(as_root(host, command)),
        risk: Risk { password: !host.env().is_root, ..Risk::default() },
        items: files.into_iter().map(|(_, item)| item).collect(),
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
