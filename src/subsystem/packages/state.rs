//! How each package stands.

use super::entries::Item;
use super::machine::{Contents, Machine};
use crate::core::item::{
    Barred, ItemKey, Live, Notice, Pending, Record, Records, Wanted, WantedItems,
};
use crate::core::names::PackageName;
use crate::words::{fill, gettext, ngettext};

pub(super) fn compare(machine: &Machine<'_>, wanted: &WantedItems) -> Records {
    let mut records = Records::default();
    if let Err(reason) = &machine.next {
        records.blind.push((Item::Package("").key().to_string(), reason.clone()));
        records.blind.push((Item::Excluded("").key().to_string(), reason.clone()));
    } else if let Some(reason) = machine.until_restart_unread() {
        records.blind.push((Item::Package("").key().to_string(), reason.to_owned()));
    }
    if let Err(reason) = &machine.groups {
        records.blind.push((Item::Group("").key().to_string(), reason.clone()));
    }
    for (key, entry) in wanted {
        let live = match Item::of(key) {
            Ok(Item::Package(name)) => package(machine, name, entry),
            Ok(Item::Excluded(name)) => excluded(machine, name, entry),
            Ok(Item::Group(name)) => group(machine, name, entry),
            Err(_) => None,
        };
        if let Some(live) = live {
            records.insert(key.clone(), live);
        }
    }
    // What the person changed is an item of its own, whatever a manifest says of the name: so it can be captured, and
    // taken back.
    let own = |key: &ItemKey, name: &str| {
        name.parse::<PackageName>().is_ok() && !wanted.contains_key(key)
    };
    for name in &machine.origin.requested {
        let (key, opposite) = (Item::Package(name).key(), Item::Excluded(name).key());
        if own(&key, name) {
            let mut live = present(machine, name);
            if wanted.contains_key(&opposite) {
                live.note = Some(gettext("Layered here, and the manifest excludes it"));
            }
            records.insert(key, live);
        }
    }
    for name in machine.asked_until_restart() {
        let (key, opposite) = (Item::Package(name).key(), Item::Excluded(name).key());
        if own(&key, name) && !machine.requested(name) {
            let mut live = until_restart();
            if wanted.contains_key(&opposite) {
                live.note =
                    Some(gettext("Here until the next restart, and the manifest excludes it"));
            }
            records.insert(key, live);
        }
    }
    for name in &machine.origin.removed {
        let (key, opposite) = (Item::Excluded(name).key(), Item::Package(name).key());
        if own(&key, name) {
            let mut live = left_out(machine, name);
            if wanted.contains_key(&opposite) {
                live.note = Some(gettext("Removed here, and the manifest wants it"));
            }
            records.insert(key, live);
        }
    }
    records.notices = notices(machine);
    records
}

/// A package that a manifest wants. `None` where nothing is known of it.
fn package(machine: &Machine<'_>, name: &str, entry: &Wanted) -> Option<Live> {
    if machine.requested(name) {
        return Some(said_once(present(machine, name)));
    }
    let Ok(next) = &machine.next else { return None };
    if next.has(name) {
        return Some(said_once(present(machine, name)));
    }
    // What the next start brings is known; what it drops may not be.
    if machine.until_restart(name)? {
        // What goes by itself is not agreed on: where no image brings it, its going would count as the person's doing.
        let reason = gettext("It is here until the next restart");
        let goes = entry.next_image().is_none().then_some(Barred::NotHere(reason));
        return Some(Live { pending: entry.next_image(), ..until_restart() }.barred(goes));
    }
    let mut live = Live::absent();
    live.pending = entry.next_image();
    if machine.removed(name) && next.in_base(name) {
        // What is to be done about it is told of the removal.
        live.pending = Some(Pending::ImageBuild);
        live.note = Some(gettext("The image has it, and it was removed here"));
    } else if machine.runs(name) == Some(true) {
        live.note = Some(gettext("Here until the next restart"));
    }
    Some(live)
}

/// What a manifest wants and the next restart brings about is pending until then: that says it all.
fn said_once(mut live: Live) -> Live {
    if live.pending == Some(Pending::Reboot) {
        live.note = None;
    }
    live
}

/// A package that dnf put on top of the image until the next restart.
fn until_restart() -> Live {
    let mut live = Live::known(Record::new());
    live.note = Some(gettext("Until the next restart"));
    live
}

/// A package that is there, or was asked for.
fn present(machine: &Machine<'_>, name: &str) -> Live {
    let mut live = Live::known(Record::new());
    if machine.runs(name) == Some(false) {
        live.pending = Some(Pending::Reboot);
        live.note = Some(gettext("Staged: it comes at the next restart"));
        return live;
    }
    let in_base = machine.next.as_ref().is_ok_and(|next| next.in_base(name));
    live.note = Some(match (machine.requested(name), in_base) {
        (true, true) => gettext("The image has it now: the layered request can go"),
        (true, false) => gettext("Layered here"),
        (false, true) if machine.gone_until_restart(name) => {
            gettext("In the base image, and removed until the next restart")
        }
        (false, true) => gettext("In the base image"),
        (false, false) => gettext("It came with what is layered here"),
    });
    live
}

/// A package that a manifest wants the image not to have: the item is there where the package is not.
fn excluded(machine: &Machine<'_>, name: &str, entry: &Wanted) -> Option<Live> {
    if machine.requested(name) {
        // What is to be done about it is told of the request.
        let mut live = Live::absent();
        live.pending = Some(Pending::ImageBuild);
        live.note = Some(gettext("It is layered here"));
        return Some(live);
    }
    let next = machine.next.as_ref().ok()?;
    if !next.has(name) {
        return Some(said_once(left_out(machine, name)));
    }
    let mut live = Live::absent();
    match next.in_base(name) {
        true => {
            live.pending = entry.next_image();
            live.note = Some(gettext("In the base image"));
        }
        false => {
            live.pending = Some(Pending::ImageBuild);
            live.note = Some(gettext("It came with what is layered here"));
        }
    }
    Some(live)
}

/// A package that is not there, as it should be or because the person removed it.
fn left_out(machine: &Machine<'_>, name: &str) -> Live {
    let mut live = Live::known(Record::new());
    if machine.runs(name) == Some(true) {
        live.pending = Some(Pending::Reboot);
        live.note = Some(gettext("Staged: it goes at the next restart"));
    } else if machine.removed(name) {
        let has = |next: &Contents| next.in_base(name);
        live.note = Some(match machine.next.as_ref().is_ok_and(has) {
            true => gettext("Removed here"),
            false => gettext("Removed here; the image does not have it any more"),
        });
    } else {
        live.note = Some(gettext("Not in the image"));
    }
    live
}

/// A group, which comes with an image or not at all: rpm-ostree layers none. Which ones an image was made with, only
/// dnf5 notes in it.
fn group(machine: &Machine<'_>, name: &str, entry: &Wanted) -> Option<Live> {
    let groups = machine.groups.as_ref().ok()?;
    if groups.as_ref().is_some_and(|groups| groups.contains(name)) {
        let mut live = Live::known(Record::new());
        live.note = Some(gettext("In the base image"));
        return Some(live);
    }
    let mut live = Live::absent();
    match entry.next_image() {
        None => {
            let reason = gettext(
                "A group comes with an image only, and what is meant for one machine is in no image",
            );
            return Some(live.barred(Some(Barred::NotHere(reason))));
        }
        pending => live.pending = pending,
    }
    if groups.is_none() {
        live.note = Some(gettext(
            "Which groups the present image has cannot be told: it has no records of dnf5",
        ));
    }
    Some(live)
}

fn notices(machine: &Machine<'_>) -> Vec<Notice> {
    let origin = machine.origin;
    let mut notices = Vec::new();
    let mut say = |text: String| notices.push(Notice { text, remedy: None });
    let mut list = |text: String, names: Vec<&str>| {
        if !names.is_empty() {
            say(fill(&text, &[("packages", &names.join(", "))]));
        }
    };
    list(
        gettext("Installed from files, which no manifest can name: {packages}"),
        origin.requested_local.iter().map(String::as_str).collect(),
    );
    list(
        gettext("Of other versions than in the image, which no manifest can say: {packages}"),
        origin.replaced.iter().map(String::as_str).collect(),
    );
    let odd = |name: &&str| name.parse::<PackageName>().is_err();
    let asked = origin.requested.iter().chain(&origin.removed).map(String::as_str);
    list(
        gettext(
            "Asked for by something else than a package's name, and so not compared: {packages}",
        ),
        asked.filter(odd).collect(),
    );
    let superfluous = match &machine.next {
        Ok(next) => origin.requested.iter().filter(|name| next.in_base(name)).count(),
        Err(_) => 0,
    };
    if superfluous > 0 {
        let text = ngettext(
            "The image has {n} package now that is layered too: “bkt dnf sync --now” drops the request",
            "The image has {n} packages now that are layered too: “bkt dnf sync --now” drops the requests",
            superfluous,
        );
        say(fill(&text, &[("n", &superfluous.to_string())]));
    }
    if origin.holds_back_bootc {
        say(gettext(
            "What was layered or changed on top of the image holds “bootc upgrade” back: while it is there, upgrade with “rpm-ostree upgrade”",
        ));
    }
    notices
}
