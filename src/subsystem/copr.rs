//! COPR projects that packages come from: `system-packages.json`, and the repositories that `dnf copr` writes.
//!
//! A project that the image has is at its default; what the person has added or switched is theirs. dnf names its
//! repository `copr:HUB:OWNER:PROJECT`, with `group_NAME` for the owner `@NAME`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::external_repos;
use super::packages::section::tidied;
use super::packages::{CoprRepo, FILE, system_packages_schema};
use super::{
    About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::core::item::{
    FieldSpec, ItemKey, Layer, LeftOut, Live, Notice, Record, Records, SubsystemId, Value, Wanted,
    WantedItems,
};
use crate::core::names::CoprName;
use crate::core::plan::{Action, Change, Command, Risk, Side, Step};
use crate::host::yum::{self, RepoSection, RepoSections};
use crate::host::{Host, deployment, privilege};
use crate::manifest::containerfile::write::word;
use crate::manifest::containerfile::{Run, Section};
use crate::manifest::{Manifests, Sheet};
use crate::words::{fill, gettext, mark};

const LIST: &str = "copr_repos";
const ENABLED: &str = "enabled";
const GPG_CHECK: &str = "gpg_check";
const SECTION: &str = "COPR_REPOS";
/// The hub that a name without one belongs to.
const HUB: &str = "copr.fedorainfracloud.org";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("copr");

static ABOUT: About = About {
    id: ID,
    noun: "dnf",
    page: Page::Packages,
    title: mark("COPR Projects"),
    icon: "network-server-symbolic",
    fields: &[
        FieldSpec { name: ENABLED, left_out: LeftOut::NotCompared },
        FieldSpec { name: GPG_CHECK, left_out: LeftOut::NotCompared },
    ],
    manifests: &[ManifestFile { name: FILE, schema: system_packages_schema }],
};

/// COPR projects; keys are `owner/project`.
pub struct Copr;

/// Whether a repository comes with a project: it is the project's own, or one that is there for its sake.
pub(super) fn owns(id: &str) -> bool {
    id.starts_with("coprdep:") || id.starts_with("copr:")
}

/// Whether a repository is of a project on another hub, which a manifest has no name for.
fn is_elsewhere(id: &str) -> bool {
    id.strip_prefix("copr:").is_some_and(|rest| rest.split(':').next() != Some(HUB))
}

/// Adds the repositories that a manifest wants and this machine does not have; `image` are those that the image has.
pub(super) fn add_absent(records: &mut Records, wanted: &WantedItems, image: &BTreeSet<&str>) {
    for (key, entry) in wanted {
        if records.items.contains_key(key) {
            continue;
        }
        let mut live = Live::absent();
        match image.contains(key.as_str()) {
            true => live.note = Some(gettext("The image has it, and it was removed here")),
            false => live.pending = entry.next_image(),
        }
        records.insert(key.clone(), live);
    }
}

/// The project that a repository's id names; `None` for any other repository.
fn project(id: &str) -> Option<CoprName> {
    let rest = id.strip_prefix("copr:")?.strip_prefix(HUB)?.strip_prefix(':')?;
    let (owner, project) = rest.split_once(':')?;
    let owner = match owner.strip_prefix("group_") {
        Some(group) => format!("@{group}"),
        None => owner.to_owned(),
    };
    format!("{owner}/{project}").parse().ok()
}

/// The file that dnf writes for a project.
fn file(name: &CoprName) -> String {
    let name = name.as_str().replace('/', ":");
    let name = match name.strip_prefix('@') {
        Some(group) => format!("group_{group}"),
        None => name,
    };
    format!("{}/_copr:{HUB}:{name}.repo", yum::DIR)
}

fn projects(sections: &RepoSections) -> BTreeMap<CoprName, Record> {
    let named = |(id, section): (&String, &RepoSection)| {
        let mut record = Record::new().with(ENABLED, section.enabled());
        if let Some(checked) = section.flag("gpgcheck") {
            record.set(GPG_CHECK, checked);
        }
        Some((project(id)?, record))
    };
    sections.iter().filter_map(named).collect()
}

fn wanted_record(entry: &CoprRepo) -> (ItemKey, Record) {
    let mut record = Record::new().with(ENABLED, entry.enabled.unwrap_or(true));
    if let Some(checked) = entry.gpg_check {
        record.set(GPG_CHECK, checked);
    }
    (ItemKey::new(entry.name.as_str()), record)
}

/// Whether everything that `wanted` names is so.
fn fits(wanted: &Record, live: &Record) -> bool {
    wanted.0.iter().all(|(name, value)| live.get(name) == Some(value))
}

impl Subsystem for Copr {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        if !deployment::is_image(host) {
            return Ok(deployment::not_here(wanted));
        }
        let (here, image) = yum::read(host).map_err(anyhow::Error::from)?;
        let mut records = Records::default();
        let own = |id: &str| {
            is_elsewhere(id)
                && image.as_ref().is_none_or(|image| {
                    image.get(id).is_none_or(|one| one.enabled() != here[id].enabled())
                })
        };
        let elsewhere: Vec<&str> = here.keys().map(String::as_str).filter(|id| own(id)).collect();
        if !elsewhere.is_empty() {
            let text = gettext(
                "Not compared, because a manifest can name COPR projects of {hub} only: {repositories}",
            );
            let values = [("hub", HUB), ("repositories", &*elsewhere.join(", "))];
            records.notices.push(Notice { text: fill(&text, &values), remedy: None });
        }
        let (here, image) = (projects(&here), image.as_ref().map(projects));
        for (name, record) in &here {
            let key = ItemKey::new(name.as_str());
            // Whose it is cannot be told where the image's own is not known.
            let at_default = image.as_ref().is_none_or(|image| image.get(name) == Some(record));
            let entry = wanted.get(&key);
            if at_default && entry.is_none() {
                continue;
            }
            let mut live = Live::known(record.clone());
            if at_default && image.is_some() {
                live.note = Some(gettext("In the base image"));
                let differs = entry.filter(|wanted| !fits(&wanted.record, record));
                live.pending = differs.and_then(Wanted::next_image);
            }
            records.insert(key, live);
        }
        let image = image.unwrap_or_default();
        let names = image.keys().map(CoprName::as_str).collect();
        add_absent(&mut records, wanted, &names);
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        manifests.items(FILE, LIST, |entry: &CoprRepo| Ok(wanted_record(entry)))
    }

    fn validate(&self, _host: &Host, item: &ItemKey, _set: &Record) -> Result<(), Unfit> {
        item.as_str().parse::<CoprName>().map(drop).map_err(Unfit::new)
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        let sheet = manifests.sheet(&Layer::Shared, FILE)?;
        let body = sheet.map(|sheet| body(&sheet)).transpose()?.unwrap_or_default();
        Ok(Some(Section::new(SECTION, body)?))
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            manifests.capture_named(change, FILE, LIST, |entry, after| {
                for field in [ENABLED, GPG_CHECK] {
                    match after.get(field) {
                        Some(Value::Flag(flag)) => drop(entry.insert(field.into(), (*flag).into())),
                        _ => drop(entry.shift_remove(field)),
                    }
                }
            })?;
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        if !deployment::is_image(host) {
            return Ok(Steps::not_from_an_image(changes));
        }
        let (here, image) = yum::read(host)?;
        let image = image.as_ref().map(projects).unwrap_or_default();
        let mut steps = Steps::default();
        for change in changes {
            let name: CoprName = change.item.as_str().parse()?;
            match words(change, image.contains_key(&name), host) {
                Ok((_, verbs))
                    if !verbs.is_empty()
                        && change.after.is_some()
                        && overridden(&here, &name).is_some() =>
                {
                    let reason = overridden(&here, &name).unwrap_or_default();
                    steps.blocked.push(Blocked::never(&change.item, reason));
                }
                Err(reason) => steps.blocked.push(Blocked::later(&change.item, reason)),
                Ok((program, verbs)) => {
                    let all = verbs.into_iter();
                    steps.steps.extend(all.map(|verb| step(host, change, program, verb, &name)));
                }
            }
        }
        Ok(steps)
    }

    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            ENABLED => gettext("enabled"),
            GPG_CHECK => gettext("signatures checked"),
            _ => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let on = change.after.as_ref().map(|after| after.get(ENABLED) != Some(&Value::Flag(false)));
        let sentence = match (change.side, on) {
            (Side::System, Some(true)) => gettext("Enable the COPR project {name}"),
            (Side::System, Some(false)) => gettext("Disable the COPR project {name}"),
            (Side::System, None) => gettext("Remove the COPR project {name}"),
            (Side::Manifest, Some(true)) => gettext("Track the COPR project {name}"),
            (Side::Manifest, Some(false)) => gettext("Track the COPR project {name} as disabled"),
            (Side::Manifest, None) => gettext("Stop tracking the COPR project {name}"),
        };
        fill(&sentence, &[("name", change.item.as_str())])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        yum::WATCHED.map(|dir| Watch::Tree(host.path(dir), 0)).into()
    }
}

/// Why what dnf writes for a project would not count.
fn overridden(here: &RepoSections, name: &CoprName) -> Option<String> {
    let (id, section) = here.iter().find(|(id, _)| project(id).as_ref() == Some(name))?;
    let path = section.overridden.get(ENABLED)?;
    Some(external_repos::steps::overridden(id, ENABLED, path))
}

/// What dnf is asked for, or why that has to wait for the next image.
fn words(
    change: &Change,
    in_image: bool,
    host: &Host,
) -> Result<(&'static str, Vec<&'static str>), String> {
    let on = |record: &Record| record.get(ENABLED) != Some(&Value::Flag(false));
    let verbs = match (&change.before, &change.after) {
        (None, Some(after)) if on(after) => vec!["enable"],
        (None, Some(_)) => vec!["enable", "disable"],
        (Some(_), None) if in_image => {
            return Err(gettext(
                "the image brings it, so it stays until an image is built without it",
            ));
        }
        (Some(_), None) => vec!["remove"],
        (Some(before), Some(after)) => {
            if after.get(GPG_CHECK).is_some() && after.get(GPG_CHECK) != before.get(GPG_CHECK) {
                return Err(gettext(
                    "dnf does not switch the checking of signatures: the next image does",
                ));
            }
            match (on(before), on(after)) {
                (false, true) => vec!["enable"],
                (true, false) => vec!["disable"],
                _ => Vec::new(),
            }
        }
        (None, None) => Vec::new(),
    };
    let is_there = |name: &&str| host.path("/usr/bin").join(name).exists();
    match ["dnf", "dnf5"].into_iter().find(is_there) {
        Some(program) => Ok((program, verbs)),
        None => Err(gettext("there is no dnf on this machine, so it takes the next image")),
    }
}

fn step(host: &Host, change: &Change, program: &str, verb: &str, name: &CoprName) -> Step {
    let title = match verb {
        "enable" => gettext("Enable the COPR project {name}"),
        "disable" => gettext("Disable the COPR project {name}"),
        _ => gettext("Remove the COPR project {name}"),
    };
    let command = Command::new(program).args(["copr", verb, "-y", name.as_str()]);
    Step {
        title: fill(&title, &[("name", name.as_str())]),
        action: Action::Run(privilege::as_root(host, command)),
        risk: Risk {
            password: true,
            network: verb == "enable",
            removes: verb == "remove",
            ..Risk::default()
        },
        items: vec![change.item.clone()],
    }
}

fn body(sheet: &Sheet) -> Result<String> {
    let entries = sheet.entries::<CoprRepo>(LIST)?.into_iter().filter(|entry| !entry.absent);
    let all: BTreeMap<String, CoprRepo> =
        entries.map(|entry| (entry.value.name.to_string(), entry.value)).collect();
    let mut run = Run::new();
    for (name, entry) in &all {
        run = run.command(format!("dnf copr enable -y {}", word(name)?))?;
        if entry.enabled == Some(false) {
            run = run.command(format!("dnf copr disable -y {}", word(name)?))?;
        }
        if let Some(checked) = entry.gpg_check {
            let set = format!("sed -i 's/^gpgcheck *=.*/gpgcheck={}/'", u8::from(checked));
            run = run.command(format!("{set} {}", word(&file(&entry.name))?))?;
        }
    }
    match all.is_empty() {
        true => Ok(String::new()),
        false => Ok(tidied(run)?.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_repository_names_its_project() {
        let name = |id: &str| project(id).map(String::from);
        assert_eq!(
            name("copr:copr.fedorainfracloud.org:atim:starship").as_deref(),
            Some("atim/starship")
        );
        let group = "copr:copr.fedorainfracloud.org:group_asahi:kernel";
        assert_eq!(name(group).as_deref(), Some("@asahi/kernel"));
        for other in ["copr:copr.fedorainfracloud.org:a:b:ml", "coprdep:x"] {
            assert!(owns(other));
        }
        assert!(!owns("copr-tools"));
        for other in ["copr:other.example.org:a:b", "copr:copr.fedorainfracloud.org.example:a:b"] {
            assert!(is_elsewhere(other), "{other} would be passed over");
        }
        assert!(!is_elsewhere(group) && !is_elsewhere("coprdep:a"));
        for other in [
            "fedora",
            "copr:other.example.org:a:b",
            "coprdep:a",
            "copr:copr.fedorainfracloud.org:a:b:ml",
        ] {
            assert_eq!(name(other), None);
        }
        let file = file(&"@asahi/kernel".parse().unwrap());
        assert_eq!(
            file,
            "/etc/yum.repos.d/_copr:copr.fedorainfracloud.org:group_asahi:kernel.repo"
        );
    }

    #[test]
    fn the_section_has_every_project_in_order() {
        let text = r#"{"copr_repos": [{"name": "b/c", "enabled": false, "gpg_check": true}, {"name": "@a/b", "enabled": true}]}"#;
        let sheet = Sheet::parse(Path::new("x.json"), text).unwrap();
        let expected = "RUN set -eu; \\
    dnf copr enable -y @a/b; \\
    dnf copr enable -y b/c; \\
    dnf copr disable -y b/c; \\
    sed -i 's/^gpgcheck *=.*/gpgcheck=1/' /etc/yum.repos.d/_copr:copr.fedorainfracloud.org:b:c.repo; \\
    dnf clean all; \\
    rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf* /var/log/hawkey.log
";
        assert_eq!(body(&sheet).unwrap(), expected);
        assert_eq!(body(&Sheet::parse(Path::new("x.json"), "{}").unwrap()).unwrap(), "");
    }
}
