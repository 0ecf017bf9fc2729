//! The message of a commit, made of what the commit means.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Happened, Review, Reviewed};
use crate::words::{fill, gettext, ngettext};

/// A subject has at most so many characters.
const LENGTH: usize = 72;
/// Where not all names have room, those of a kind are named if they are at most so many.
const NAMED: usize = 2;

/// What happens to items: which ones, and the words for it with their names and with their number.
struct Group {
    names: Vec<String>,
    named: String,
    counted: fn(usize) -> String,
}

/// A subject, and, where it does not say everything, an empty line and a line for each change.
pub(super) fn of(review: &Review, paths: &[PathBuf]) -> String {
    let changes: Vec<&Reviewed> = review.changes_in(paths).collect();
    let subject = match &changes[..] {
        [] => of_files(review, paths),
        [one] if one.line.chars().count() <= LENGTH && !one.line.contains('\n') => one.line.clone(),
        several => of_changes(several),
    };
    let lines: Vec<String> = changes.iter().map(|one| one.line.replace('\n', " ")).collect();
    if lines.is_empty() || lines == [subject.as_str()] {
        return subject + "\n";
    }
    format!(
        "{subject}\n\n{}\n",
        lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
    )
}

fn of_changes(changes: &[&Reviewed]) -> String {
    let groups = groups(changes);
    let short = |text: &String| text.chars().count() <= LENGTH;
    let joined = |words: Vec<String>| {
        let text = words.join(&gettext("; "));
        // What follows the first word is not at the beginning any more.
        capitalised(&text)
    };
    let all = joined(groups.iter().map(named).collect());
    if short(&all) {
        return all;
    }
    let some = joined(
        groups
            .iter()
            .map(|group| match group.names.len() <= NAMED {
                true => named(group),
                false => (group.counted)(group.names.len()),
            })
            .collect(),
    );
    if short(&some) {
        return some;
    }
    let counts = joined(groups.iter().map(|group| (group.counted)(group.names.len())).collect());
    if short(&counts) {
        return counts;
    }
    let n = changes.len();
    fill(&ngettext("Change {n} item", "Change {n} items", n), &[("n", &n.to_string())])
}

fn groups(changes: &[&Reviewed]) -> Vec<Group> {
    let names = |which: &dyn Fn(&Reviewed) -> bool| {
        let mut seen = BTreeSet::new();
        let titles = changes.iter().filter(|one| which(one)).map(|one| &one.change.title);
        titles.filter(|title| seen.insert(*title)).map(|title| title.replace('\n', " ")).collect()
    };
    let groups = [
        Group {
            names: names(&|one| one.change.before.is_none()),
            named: gettext("add {names}"),
            counted: |n| {
                fill(&ngettext("add {n} item", "add {n} items", n), &[("n", &n.to_string())])
            },
        },
        Group {
            names: names(&|one| one.change.before.is_some() && one.change.after.is_some()),
            named: gettext("change {names}"),
            counted: |n| {
                fill(&ngettext("change {n} item", "change {n} items", n), &[("n", &n.to_string())])
            },
        },
        Group {
            names: names(&|one| one.change.after.is_none()),
            named: gettext("remove {names}"),
            counted: |n| {
                fill(&ngettext("remove {n} item", "remove {n} items", n), &[("n", &n.to_string())])
            },
        },
    ];
    groups.into_iter().filter(|group| !group.names.is_empty()).collect()
}

fn named(group: &Group) -> String {
    let names = match &group.names[..] {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => {
            let text = gettext("{names} and {last}");
            fill(&text, &[("names", &first.join(&gettext(", "))), ("last", last)])
        }
    };
    fill(&group.named, &[("names", &names)])
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// Files of which nothing is known but that they changed.
fn of_files(review: &Review, paths: &[PathBuf]) -> String {
    let files = || review.files.iter().filter(|file| paths.contains(&file.path));
    let name = |path: &std::path::Path| path.to_string_lossy().replace(['\n', '\r'], " ");
    let mut here = files();
    let text = match (here.next(), here.next()) {
        (None, _) => String::new(),
        (Some(one), None) => {
            let text = match one.happened {
                Happened::New | Happened::RenamedFrom(_) => gettext("Add {file}"),
                Happened::Deleted | Happened::RenamedTo(_) => gettext("Remove {file}"),
                Happened::Changed | Happened::Unmerged => gettext("Update {file}"),
            };
            fill(&text, &[("file", &name(&one.path))])
        }
        (Some(_), Some(_)) => {
            let all: Vec<String> = files().map(|file| name(&file.path)).collect();
            fill(&gettext("Update {files}"), &[("files", &all.join(&gettext(", ")))])
        }
    };
    match text.chars().count() <= LENGTH {
        true => text,
        false => {
            let n = files().count();
            fill(&ngettext("Update {n} file", "Update {n} files", n), &[("n", &n.to_string())])
        }
    }
}
