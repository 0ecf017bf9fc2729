//! How a repository is added, changed and taken away on this machine: root puts its file there, or takes it away.

use anyhow::Result;

use super::file;
use crate::core::names::RepoId;
use crate::core::plan::{Action, Change, Command, Risk, Step};
use crate::host::yum::{self, RepoSections};
use crate::host::{Host, deployment, privilege};
use crate::subsystem::{Blocked, Steps};
use crate::words::{fill, gettext};

pub(super) fn plan(changes: &[&Change], host: &Host) -> Result<Steps> {
    if !deployment::is_image(host) {
        return Ok(Steps::not_from_an_image(changes));
    }
    let (here, image) = yum::read(host)?;
    let image = image.unwrap_or_default();
    let mut steps = Steps::default();
    for change in changes {
        let name: RepoId = change.item.as_str().parse()?;
        if change.after.is_none() && image.contains_key(name.as_str()) {
            let why =
                gettext("the image brings it, so it stays until an image is built without it");
            steps.blocked.push(Blocked::later(&change.item, why));
        } else if let Some(why) = obstacle(&here, &name) {
            steps.blocked.push(Blocked::never(&change.item, why));
        } else {
            steps.steps.extend(write(host, change, &name)?);
        }
    }
    Ok(steps)
}

/// Why a repository's file is not ours to write: what cannot be written again as it was is not taken away.
fn obstacle(here: &RepoSections, name: &RepoId) -> Option<String> {
    let own = file::path(name);
    let section = here.get(name.as_str());
    let elsewhere = section.filter(|section| section.file != own);
    let shares = here.iter().any(|(id, one)| one.file == own && *id != name.as_str());
    if let Some((key, path)) = section.and_then(|section| section.overridden.first_key_value()) {
        return Some(overridden(name.as_str(), key, path));
    }
    if let Some(section) = elsewhere.filter(|section| section.is_shipped()) {
        let text = gettext(
            "“{path}” is the image's alone to change: “sudo dnf5 config-manager setopt {id}.OPTION=VALUE” has its way over it here",
        );
        return Some(fill(&text, &[("path", &section.file), ("id", name.as_str())]));
    }
    let text = if shares || elsewhere.is_some() {
        gettext("it stands in a file of its own making or with others: edit “{path}”")
    } else if section.is_some_and(|section| !file::is_whole(name, section)) {
        gettext("its file says more than a manifest can, which would be lost: edit “{path}”")
    } else {
        return None;
    };
    let file = elsewhere.map_or(own.as_str(), |section| section.file.as_str());
    Some(fill(&text, &[("path", file)]))
}

/// Why what a repository's own file says would not count.
pub(in crate::subsystem) fn overridden(id: &str, key: &str, path: &str) -> String {
    let text = gettext(
        "“{path}” has its way over the repository's own file: “sudo dnf5 config-manager unsetopt {option}” takes that back, or edit it",
    );
    let option = format!("{id}.{key}");
    fill(&text, &[("path", path), ("option", &option)])
}

/// Puts the repository's file where dnf reads it, or takes it away. Root takes it from where we may write.
fn write(host: &Host, change: &Change, name: &RepoId) -> Result<Vec<Step>> {
    let place = host.path(&file::path(name)).display().to_string();
    let title = match (&change.before, &change.after) {
        (None, _) => gettext("Add the package repository {name}"),
        (_, Some(_)) => gettext("Change the package repository {name}"),
        (_, None) => gettext("Remove the package repository {name}"),
    };
    let step = |title: &str, action, risk| Step {
        title: fill(title, &[("name", name.as_str())]),
        action,
        risk,
        items: vec![change.item.clone()],
    };
    let password = Risk { password: true, ..Risk::default() };
    let Some(after) = &change.after else {
        let command = privilege::as_root(host, Command::new("rm").args(["-f", "--", &place]));
        let risk = Risk { removes: true, ..password };
        return Ok(vec![step(&title, Action::Run(command), risk)]);
    };
    let edit = privilege::keep(host, &change.item, &file::text(name, after))?;
    let words = ["-D", "-m", "0644", "-T", "--", &edit.path, &place];
    let command = privilege::as_root(host, Command::new("install").args(words));
    let prepare = gettext("Write the package repository {name} where root can take it from");
    Ok(vec![
        step(&prepare, Action::Write(vec![edit]), Risk::default()),
        step(&title, Action::Run(command), password),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;

    #[test]
    fn what_packages_ship_is_not_said_to_be_edited() {
        let machine = Machine::new();
        machine.file("usr/share/dnf5/repos.d/fedora.repo", "[fedora]\n[updates]\n");
        machine.file("etc/distro.repos.d/x.repo", "[x]\n");
        machine.file("etc/yum.repos.d/updates.repo", "[updates]\nname=u\nbaseurl=https://a/\n");
        let (here, _) = yum::read(&machine.host()).unwrap();
        let why = |id: &str| obstacle(&here, &id.parse().unwrap()).unwrap_or_default();
        let fedora = why("fedora");
        assert!(fedora.contains("/usr/share/dnf5/repos.d/fedora.repo"), "{fedora}");
        assert!(fedora.contains("setopt fedora.") && !fedora.contains("edit"), "{fedora}");
        assert!(why("x").contains("edit “/etc/distro.repos.d/x.repo”"), "{}", why("x"));
        assert_eq!(obstacle(&here, &"new".parse().unwrap()), None);
    }
}
