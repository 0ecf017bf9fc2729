//! What is installed in boxes: asked of their own package managers, once per change.
//!
//! A box that runs is asked by `podman exec`, and again only where the files of its package database have moved, which are seen
//! through `/proc`. One that does not run is not started for that: its package manager runs in its files, which only it
//! sees, and which it can only read; it is asked again only where it ran since. What an image brings is asked once, in a
//! container that has no network and goes again.
//!
//! `$XDG_CACHE_HOME/bkt/boxes` has a file for each box and for each image, by their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Boxed, Installed, State, storage};
use crate::core::plan::Command;
use crate::host::{Host, RunError, fs};
use crate::words::{fill, gettext};

pub mod parse;
mod setup;

use parse::Listed;

/// The script that asks, wherever packages are.
const ASK: &str = include_str!("ask.sh");
/// The script that runs it in a box that does not run.
const STOPPED: &str = include_str!("stopped.sh");
/// The version of the files; one of another is not read.
const VERSION: u32 = 2;
/// How long one box may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one image may take, which is asked once: a container is made of it.
const PATIENCE_ONCE: Duration = Duration::from_secs(60);
/// How many are asked at once.
const AT_ONCE: usize = 8;
/// The files that tell of packages, below a root; a change to any package moves one of them.
const FILES: [&str; 18] = [
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite-wal",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/libdnf5/packages.toml",
    "usr/lib/sysimage/libdnf5/nevras.toml",
    "usr/lib/sysimage/libdnf5/groups.toml",
    "usr/lib/sysimage/libdnf5/environments.toml",
    "var/lib/dpkg/status",
    "var/lib/apt/extended_states",
    // Each transaction of pacman leaves a lock there for a while.
    "var/lib/pacman",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "etc/apk/world",
    "var/lib/zypp/AutoInstalled",
];
/// Those that move when they are only read, too: what dnf 4 chose.
const TOUCHED: [&str; 2] = ["var/lib/dnf/history.sqlite", "var/lib/dnf/history.sqlite-wal"];

/// A file of the cache.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// What the answer is good under; of an image it is good for ever.
    under: String,
    listed: Listed,
}

/// What is installed in a box. It is not started for that: where it cannot be told without, the error says so, for people.
pub fn installed(host: &Host, boxed: &Boxed) -> Result<Installed, String> {
    let mut all = all_installed(host, std::slice::from_ref(boxed));
    all.pop().unwrap_or_else(|| Err(String::new()))
}

/// The same of several boxes, in their order; those that have to be asked are asked at the same time.
pub fn all_installed(host: &Host, boxes: &[Boxed]) -> Vec<Result<Installed, String>> {
    let images: BTreeSet<&str> = boxes.iter().map(|one| one.image_id.as_str()).collect();
    let images: Vec<&str> = images.into_iter().collect();
    let jobs: Vec<Job<'_>> =
        images.iter().map(|id| Job::Image(id)).chain(boxes.iter().map(Job::Boxed)).collect();
    let mut answers = at_once(host, &jobs);
    let own = answers.split_off(images.len());
    let images: BTreeMap<&str, Result<Listed, String>> = images.into_iter().zip(answers).collect();
    let both = |(boxed, own): (&Boxed, Result<Listed, String>)| {
        let image = images.get(boxed.image_id.as_str());
        let image = image.cloned().unwrap_or_else(|| Err(String::new()));
        Ok(minus(boxed, own?, &image?))
    };
    boxes.iter().zip(own).map(both).collect()
}

/// What a box has beyond its image and what its maker put there.
fn minus(boxed: &Boxed, own: Listed, image: &Listed) -> Installed {
    let mut chosen: BTreeSet<_> = own.chosen.difference(&image.chosen).cloned().collect();
    setup::less(&mut chosen, boxed.maker, &boxed.made, own.manager, &image.lacks);
    let gone = image.all.difference(&own.all).cloned().collect();
    let Listed { manager, all, groups, unread, .. } = own;
    Installed { manager, chosen, all, groups, gone, unread }
}

/// What can be asked.
enum Job<'a> {
    /// An image, by its id.
    Image(&'a str),
    Boxed(&'a Boxed),
}

/// Does some jobs at the same time. The answers are in the order of the jobs.
fn at_once(host: &Host, jobs: &[Job<'_>]) -> Vec<Result<Listed, String>> {
    let mut answers = Vec::new();
    for some in jobs.chunks(AT_ONCE) {
        let mut open: Vec<Option<Result<Listed, String>>> =
            some.iter().map(|job| job.known(host)).collect();
        std::thread::scope(|scope| {
            for (job, answer) in some.iter().zip(&mut open) {
                if answer.is_none() {
                    scope.spawn(|| *answer = Some(job.ask(host)));
                }
            }
        });
        answers.extend(open.into_iter().map(|one| one.unwrap_or_else(|| Err(String::new()))));
    }
    answers
}

impl Job<'_> {
    fn file(&self, host: &Host) -> PathBuf {
        let name = match self {
            Self::Image(id) => format!("image-{id}.json"),
            Self::Boxed(boxed) => format!("{}.json", boxed.id),
        };
        dir(host).join(name)
    }

    /// What an answer given now is good under; none where that cannot be told, so that it has to be asked each time.
    fn under(&self, host: &Host, touched: bool) -> Option<String> {
        match self {
            Self::Image(_) => Some(String::new()),
            Self::Boxed(boxed) => match boxed.state {
                State::Running { pid } => stamp(&host.path(&format!("/proc/{pid}/root")), touched),
                // Podman forgets when it ended where the machine did, and it may have run before that.
                State::Stopped { since: 0 } => {
                    Some(format!("stopped before {}", storage::start(host)))
                }
                State::Stopped { since } => Some(format!("stopped {since}")),
                State::Other(_) => None,
            },
        }
    }

    /// What was answered before, and is still good.
    fn known(&self, host: &Host) -> Option<Result<Listed, String>> {
        let text = fs::read(&self.file(host)).ok().flatten()?;
        let kept: Kept = serde_json::from_str(&text).ok()?;
        let good = kept.version == VERSION && self.under(host, true)? == kept.under;
        good.then_some(Ok(kept.listed))
    }

    fn command(&self) -> Result<Command, String> {
        let podman = Command::new("podman");
        Ok(match self {
            Self::Image(id) => podman
                .args(["run", "--rm", "--network", "none", "--pull", "never", "--user", "root"])
                .args(["--entrypoint", "/bin/sh", id, "-c", ASK]),
            Self::Boxed(boxed) => match &boxed.state {
                State::Running { .. } => {
                    podman.args(["exec", "--user", "root", &boxed.id, "/bin/sh", "-c", ASK])
                }
                State::Stopped { .. } => {
                    podman.args(["unshare", "sh", "-c", STOPPED, "sh", &boxed.id, ASK])
                }
                State::Other(state) => {
                    let text = gettext("what is installed in a box that is {state} cannot be told");
                    return Err(fill(&text, &[("state", state)]));
                }
            },
        })
    }

    fn ask(&self, host: &Host) -> Result<Listed, String> {
        let before = self.under(host, false);
        let patience = if matches!(self, Self::Image(_)) { PATIENCE_ONCE } else { PATIENCE };
        let said = host.run_within(&self.command()?, patience).map_err(|error| match error {
            RunError::Cancelled { .. } => fill(
                &gettext("it did not say within {seconds} seconds what is installed"),
                &[("seconds", &patience.as_secs().to_string())],
            ),
            error => failed(&error),
        })?;
        let listed = parse::parse(&said).map_err(|wrong| match wrong {
            parse::Wrong::NoManager => {
                gettext("it has none of the package managers dnf, apt, pacman, apk and zypper")
            }
            parse::Wrong::Short => gettext("its package manager did not answer to the end"),
        })?;
        if before.is_some() && before == self.under(host, false) {
            self.keep(host, &listed);
        }
        Ok(listed)
    }

    /// A cache that cannot be written costs time, not the answer.
    fn keep(&self, host: &Host, listed: &Listed) {
        let Some(under) = self.under(host, true).filter(|_| !host.is_dry()) else { return };
        let kept = Kept { version: VERSION, under, listed: listed.clone() };
        let Ok(text) = serde_json::to_string(&kept) else { return };
        if let Err(error) = fs::write(&self.file(host), Some(&text)) {
            tracing::debug!("what is installed in boxes was not kept: {error}");
        }
    }
}

/// The last words of a program that failed, without the script that it was given.
fn failed(error: &RunError) -> String {
    match error {
        RunError::Failed { tail, .. } if !tail.is_empty() => tail.clone(),
        RunError::Failed { status, .. } => status.clone(),
        RunError::Io { source, .. } => source.to_string(),
        error => error.to_string(),
    }
}

/// One state of a package database; none where it cannot be seen, or there is none.
fn stamp(root: &Path, touched: bool) -> Option<String> {
    let mut stamp = String::new();
    let more: &[&str] = if touched { &TOUCHED } else { &[] };
    for name in FILES.iter().chain(more) {
        match std::fs::metadata(root.join(name)) {
            Ok(file) => stamp.push_str(&format!(" {name} {}", storage::of(&file))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (),
            // A part of it that is out of sight may be what moves.
            Err(_) => return None,
        }
    }
    (!stamp.is_empty()).then_some(stamp)
}

fn dir(host: &Host) -> PathBuf {
    host.env().cache.join("bkt/boxes")
}

/// Forgets boxes and images that podman has no more.
pub(super) fn forget(host: &Host, place: &Path, boxes: &BTreeSet<&str>) {
    let names = fs::list(&dir(host)).ok().flatten().unwrap_or_default();
    for name in names {
        let Some(id) = name.strip_suffix(".json") else { continue };
        let gone = match id.strip_prefix("image-") {
            Some(image) => !storage::has_image(place, image),
            None => id != super::ask::LIST && !boxes.contains(id),
        };
        if gone {
            // It is read for nothing, which costs a few bytes.
            let _ = fs::write(&dir(host).join(name), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::names::BoxPackage;
    use crate::host::boxes::{Made, Maker, Manager};
    use crate::host::testing::Machine;

    fn boxed(state: State) -> Boxed {
        Boxed {
            name: "box".parse().unwrap(),
            id: "ab12".to_owned(),
            maker: Maker::Distrobox,
            state,
            image: "registry.example/image:1".to_owned(),
            image_id: "cd34".to_owned(),
            image_digest: None,
            made: Made::default(),
        }
    }

    fn set(names: &str) -> BTreeSet<BoxPackage> {
        names.split_whitespace().map(|name| name.parse().unwrap()).collect()
    }

    fn listed(chosen: &str, all: &str, lacks: &[&str]) -> Listed {
        let lacks = lacks.iter().map(|one| (*one).to_owned()).collect();
        let (chosen, all) = (set(chosen), set(all));
        Listed { manager: Manager::Apt, chosen, all, groups: None, lacks, unread: Vec::new() }
    }

    #[test]
    fn what_is_chosen_is_neither_the_images_nor_its_makers() {
        let image = listed("base nano", "base libc nano", &["bc"]);
        let own = listed("base bc dialog hello", "base bc dialog hello libc libhello", &[]);
        let installed = minus(&boxed(State::Stopped { since: 1 }), own, &image);
        assert_eq!(installed.chosen, set("hello"));
        assert_eq!(installed.gone, set("nano"));
        assert_eq!(installed.all, set("base bc dialog hello libc libhello"));
    }

    #[test]
    fn what_was_said_is_good_until_packages_move() {
        let machine = Machine::new();
        let host = machine.host();
        let answer = listed("hello", "hello", &[]);
        let known = |one: &Boxed| Job::Boxed(one).known(&host).is_some();
        let keep = |one: &Boxed| Job::Boxed(one).keep(&host, &answer);
        // A box that runs, by the files of its packages.
        let runs = boxed(State::Running { pid: 7 });
        keep(&runs);
        assert!(!known(&runs), "there is no database");
        machine.file("proc/7/root/var/lib/dpkg/status", "a");
        assert!(!known(&runs));
        keep(&runs);
        assert!(known(&runs));
        machine.file("proc/7/root/var/lib/apt/extended_states", "b");
        assert!(!known(&runs));
        // One that does not, by the time since when.
        let stopped = boxed(State::Stopped { since: 5 });
        assert!(!known(&stopped));
        keep(&stopped);
        assert!(known(&stopped));
        assert!(!known(&boxed(State::Stopped { since: 6 })));
        let never = boxed(State::Stopped { since: 0 });
        keep(&never);
        assert!(known(&never));
        machine.file("proc/sys/kernel/random/boot_id", "another start");
        assert!(!known(&never), "it may have run until the machine stopped");
        assert!(!known(&boxed(State::Other("paused".to_owned()))));
        // Nothing is written in a dry run.
        machine.file("proc/sys/kernel/random/boot_id", "a third");
        Job::Boxed(&never).keep(&machine.host().dry(true), &answer);
        assert!(!known(&never));
    }

    #[test]
    fn boxes_that_are_known_start_no_process() {
        // Here every program that is started is a panic.
        let machine = Machine::new();
        let host = machine.host();
        let one = boxed(State::Stopped { since: 5 });
        Job::Image("cd34").keep(&host, &listed("base", "base nano", &[]));
        Job::Boxed(&one).keep(&host, &listed("base hello", "base hello", &[]));
        let two = [one.clone(), one.clone()];
        for installed in all_installed(&host, &two) {
            let installed = installed.unwrap();
            assert_eq!((installed.chosen, installed.gone), (set("hello"), set("nano")));
        }
        // What cannot be told is an error, and never nothing.
        let paused = boxed(State::Other("paused".to_owned()));
        assert!(installed(&host, &paused).unwrap_err().contains("paused"));
        // Boxes and images that are gone are forgotten.
        let place = machine.dir.path().join("storage");
        machine.file("home/.cache/bkt/boxes/list.json", "{}");
        machine.file("storage/overlay-images/cd34/manifest", "");
        forget(&host, &place, &BTreeSet::from(["ab12"]));
        assert!(installed(&host, &one).is_ok());
        forget(&host, &machine.dir.path().join("elsewhere"), &BTreeSet::new());
        assert_eq!(fs::list(&dir(&host)).unwrap().unwrap(), ["list.json"]);
    }
}
