//! Package repositories of others that the image gets packages from: `external-repos.json`, and `/etc/yum.repos.d`.
//!
//! A repository that the image has is at its default; one the person has added, changed or switched is theirs. COPR
//! projects are another matter: see `copr`. Which packages come from a repository is for the image alone.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde_json::{Map, Value as Json, json};

use super::packages::section::tidied;
use super::{
    About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unfit, Unreadable, Watch,
};
use crate::core::item::{
    FieldSpec, ItemKey, Layer, LeftOut, Live, Notice, Pending, Record, Records, SubsystemId, Value,
    WantedItems,
};
use crate::core::names::{ImagePath, PackageName, RepoId};
use crate::core::plan::{Action, Change, Command, FileEdit, Risk, Side, Step};
use crate::host::yum::{self, RepoSection};
use crate::host::{Host, deployment, fs, privilege};
use crate::manifest::containerfile::write::word;
use crate::manifest::containerfile::{Run, Section};
use crate::manifest::{Manifests, Sheet};
use crate::words::{fill, gettext, mark};

const FILE: &str = "external-repos.json";
const LIST: &str = "repos";
const SECTION: &str = "EXTERNAL_REPOS";
/// Fields, each with the key that a `.repo` file has for it.
const FIELDS: [(&str, &str); 3] =
    [("display_name", "name"), ("baseurl", "baseurl"), ("gpg_key", "gpgkey")];
const ENABLED: &str = "enabled";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("external-repos");

static ABOUT: About = About {
    id: ID,
    noun: "dnf",
    page: Page::Packages,
    title: mark("Package Repositories"),
    icon: "network-server-symbolic",
    fields: &[
        FieldSpec { name: "display_name", left_out: LeftOut::NotCompared },
        FieldSpec { name: "baseurl", left_out: LeftOut::NotCompared },
        FieldSpec { name: "gpg_key", left_out: LeftOut::NotCompared },
        FieldSpec { name: ENABLED, left_out: LeftOut::Default },
    ],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(ReposFile) }],
};

/// `external-repos.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct ReposFile {
    /// The repositories.
    repos: Vec<Entry>,
}

/// One package repository.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
struct Entry {
    /// Its id, and the name of its file.
    #[schemars(with = "String")]
    name: RepoId,
    /// Its name for people.
    display_name: Option<String>,
    /// Where it is; dnf's variables may stand in it.
    baseurl: Option<String>,
    /// Where the key that it signs with is.
    gpg_key: Option<String>,
    /// The packages that the image gets from it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    packages: Vec<PackageName>,
    /// What its packages put below `/opt`, by the name there: it is moved to where an image can have it.
    opt_path: Option<String>,
    /// Repositories of one group are set up in one step of the build.
    layer_group: Option<String>,
    /// Whether packages come from it; yes where it is left out.
    enabled: Option<bool>,
    /// In the layer of one machine: whether the shared entry is dropped there.
    #[serde(default)]
    absent: bool,
}

/// Package repositories; keys are their ids.
pub struct ExternalRepos;

impl Entry {
    /// The item and what is compared of it; an error where it could not be written down as it is meant.
    fn read(&self) -> Result<(ItemKey, Record)> {
        let mut record = Record::new();
        for (field, value) in self.texts() {
            match value {
                Some(text) if text.trim() != text || text.chars().any(char::is_control) => {
                    let text = gettext("“{field}” is to be one line");
                    bail!(fill(&text, &[("field", field)]));
                }
                Some(text) => record.set(field, text),
                None => (),
            }
        }
        if self.enabled == Some(false) {
            record.set(ENABLED, false);
        }
        if !self.absent {
            fit(&record)?;
            self.opt()?;
        }
        Ok((ItemKey::new(self.name.as_str()), record))
    }

    fn texts(&self) -> [(&'static str, Option<&str>); 3] {
        let Self { display_name, baseurl, gpg_key, .. } = self;
        [
            (FIELDS[0].0, display_name.as_deref()),
            (FIELDS[1].0, baseurl.as_deref()),
            (FIELDS[2].0, gpg_key.as_deref()),
        ]
    }

    /// Where its packages put what is moved, and where that goes.
    fn opt(&self) -> Result<Option<(ImagePath, ImagePath)>> {
        let Some(name) = &self.opt_path else { return Ok(None) };
        let places =
            ["/opt", "/usr/lib/opt"].map(|dir| format!("{dir}/{name}").parse::<ImagePath>());
        match places {
            [Ok(from), Ok(to)] if !name.contains('/') => Ok(Some((from, to))),
            _ => bail!(gettext("“opt_path” is to be the name of one directory below /opt")),
        }
    }
}

/// Whether a repository of these values can be used: it is somewhere, and what comes over a network is signed.
fn fit(record: &Record) -> Result<()> {
    let Some(url) = record.text("baseurl").filter(|url| !url.contains(char::is_whitespace)) else {
        bail!(gettext("a repository needs its “baseurl”: one address"));
    };
    let known = ["https://", "http://", "file:///"].iter().any(|scheme| url.starts_with(scheme));
    if !known {
        let text = gettext("“{url}” is no address: it should begin with https:// or file:///");
        bail!(fill(&text, &[("url", url)]));
    }
    let key = record.text("gpg_key");
    if key.is_some_and(|key| key.contains(char::is_whitespace) || key.starts_with('-')) {
        bail!(gettext("“gpg_key” is to be one address"));
    }
    if key.is_none() && !url.starts_with("file:") {
        bail!(gettext("what comes over a network has to be signed: name the key with “gpg_key”"));
    }
    Ok(())
}

/// A repository as dnf's file has it.
fn record(section: &RepoSection) -> Record {
    let mut record = Record::new();
    for (field, key) in FIELDS {
        if let Some(text) = section.get(key) {
            record.set(field, text);
        }
    }
    if !section.enabled() {
        record.set(ENABLED, false);
    }
    record
}

/// The file of a repository, as an image or a machine gets it.
fn file_text(name: &RepoId, record: &Record) -> String {
    let title = record.text("display_name").unwrap_or(name.as_str());
    let mut text = format!("[{name}]\nname={title}\n");
    if let Some(url) = record.text("baseurl") {
        text += &format!("baseurl={url}\n");
    }
    let enabled = record.get(ENABLED) != Some(&Value::Flag(false));
    text += &format!("enabled={}\n", u8::from(enabled));
    match record.text("gpg_key") {
        Some(key) => text + &format!("gpgcheck=1\ngpgkey={key}\n"),
        None => text + "gpgcheck=0\n",
    }
}

fn file_path(name: &RepoId) -> String {
    format!("{}/{name}.repo", yum::DIR)
}

impl Subsystem for ExternalRepos {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        if !deployment::is_image(host) {
            return Ok(deployment::not_here(wanted));
        }
        let (here, image) = yum::read(host).map_err(anyhow::Error::from)?;
        let mut records = Records::default();
        let mut unnamed = Vec::new();
        for (id, section) in &here {
            let key = ItemKey::new(id.as_str());
            // Whose it is cannot be told where the image's own is not known.
            let same = |image: &yum::RepoSections| {
                image.get(id).is_some_and(|one| record(one) == record(section))
            };
            let at_default = image.as_ref().is_none_or(same);
            let entry = wanted.get(&key);
            let in_image = image.as_ref().is_some_and(|image| image.contains_key(id));
            // One that the person added and switched off is in nobody's way.
            let idle = !in_image && !section.enabled();
            if entry.is_none() && (at_default || idle || id.starts_with("copr")) {
                continue;
            }
            let found = record(section);
            if entry.is_none() && (id.parse::<RepoId>().is_err() || fit(&found).is_err()) {
                unnamed.push(id.as_str());
                continue;
            }
            let mut live =
                Live::known(found.clone()).titled(section.get("name").map(str::to_owned));
            if at_default && image.is_some() {
                live.note = Some(gettext("In the base image"));
                let differs = |wanted: &&crate::core::item::Wanted| {
                    let named = |(name, value): (&String, &Value)| found.get(name) == Some(value);
                    wanted.layer == Layer::Shared
                        && (!wanted.record.0.iter().all(named)
                            || found.get(ENABLED) != wanted.record.get(ENABLED))
                };
                live.pending = entry.filter(differs).map(|_| Pending::ImageBuild);
            }
            records.insert(key, live);
        }
        for (key, entry) in wanted {
            if records.items.contains_key(key) {
                continue;
            }
            let mut live = Live::absent();
            if image.as_ref().is_some_and(|image| image.contains_key(key.as_str())) {
                live.note = Some(gettext("The image has it, and it was removed here"));
            } else if entry.layer == Layer::Shared {
                live.pending = Some(Pending::ImageBuild);
            }
            records.insert(key.clone(), live);
        }
        if !unnamed.is_empty() {
            let text = gettext("Not compared, because a manifest cannot say them: {repositories}");
            let text = fill(&text, &[("repositories", &unnamed.join(", "))]);
            records.notices.push(Notice { text, remedy: None });
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        manifests.items(FILE, LIST, Entry::read)
    }

    fn validate(&self, _host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        let unfit = |message: String| Unfit { message, close: Vec::new(), unsure: false };
        item.as_str().parse::<RepoId>().map_err(|error| unfit(error.to_string()))?;
        match set.text("baseurl") {
            Some(_) => fit(set).map_err(|error| unfit(error.to_string())),
            None => Ok(()),
        }
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        let sheet = manifests.sheet(&Layer::Shared, FILE)?;
        let body = sheet.map(|sheet| body(&sheet)).transpose()?.unwrap_or_default();
        Ok(Some(Section::new(SECTION, body)?))
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let name = change.item.as_str();
            let is = |json: &Json| json["name"] == name;
            let order = |json: &Json| json["name"].as_str().unwrap_or_default().to_owned();
            let Some(after) = &change.after else {
                let identity = json!({ "name": name });
                manifests.remove(&change.layer, FILE, LIST, &is, identity, &order)?;
                continue;
            };
            manifests.edit(&change.layer, FILE, |doc| {
                let mut entry = match doc.find(LIST, &is) {
                    Some(Json::Object(entry)) => entry,
                    _ => Map::from_iter([("name".to_owned(), Json::from(name))]),
                };
                entry.shift_remove("absent");
                for (field, _) in FIELDS {
                    match after.text(field) {
                        Some(text) => drop(entry.insert(field.to_owned(), text.into())),
                        None => drop(entry.shift_remove(field)),
                    }
                }
                match after.get(ENABLED) {
                    Some(Value::Flag(false)) => drop(entry.insert(ENABLED.into(), false.into())),
                    _ => drop(entry.shift_remove(ENABLED)),
                }
                entry.entry("packages").or_insert_with(|| json!([]));
                doc.put(LIST, &is, &Json::Object(entry), &order);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        let (here, image) = yum::read(host)?;
        let image = image.unwrap_or_default();
        let mut steps = Steps::default();
        for change in changes {
            let name: RepoId = change.item.as_str().parse()?;
            let own = format!("{name}.repo");
            let elsewhere = here.get(name.as_str()).filter(|section| section.file != own);
            let shares = here.iter().any(|(id, one)| one.file == own && *id != name.as_str());
            if !deployment::is_image(host) {
                let why = gettext("this machine was not started from an image, and is not changed");
                steps.blocked.push(Blocked::later(&change.item, why));
            } else if change.after.is_none() && image.contains_key(name.as_str()) {
                let why =
                    gettext("the image brings it, so it stays until an image is built without it");
                steps.blocked.push(Blocked::later(&change.item, why));
            } else if shares || elsewhere.is_some() {
                let file = elsewhere.map_or(own.as_str(), |section| section.file.as_str());
                let path = format!("{}/{file}", yum::DIR);
                let why =
                    gettext("it stands in a file of its own making or with others: edit “{path}”");
                steps.blocked.push(Blocked::never(&change.item, fill(&why, &[("path", &path)])));
            } else {
                steps.steps.extend(write(host, change, &name)?);
            }
        }
        Ok(steps)
    }

    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            "display_name" => gettext("name"),
            "baseurl" => gettext("address"),
            "gpg_key" => gettext("key"),
            ENABLED => gettext("enabled"),
            _ => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let sentence = match (change.side, &change.before, &change.after) {
            (Side::System, None, _) => gettext("Add the package repository {name}"),
            (Side::System, _, Some(_)) => gettext("Change the package repository {name}"),
            (Side::System, _, None) => gettext("Remove the package repository {name}"),
            (Side::Manifest, _, Some(_)) => gettext("Track the package repository {name}"),
            (Side::Manifest, _, None) => gettext("Stop tracking the package repository {name}"),
        };
        fill(&sentence, &[("name", change.item.as_str())])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        vec![Watch::Tree(host.path(yum::DIR), 0)]
    }
}

/// Puts the repository's file where dnf reads it, or takes it away. Root takes it from where we may write.
fn write(host: &Host, change: &Change, name: &RepoId) -> Result<Vec<Step>> {
    let place = host.path(&file_path(name)).display().to_string();
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
    let draft = host.env().cache.join("bkt/repos").join(format!("{name}.repo"));
    let draft = draft.display().to_string();
    let before = fs::read(Path::new(&draft))?;
    let edit = FileEdit { path: draft.clone(), before, after: Some(file_text(name, after)) };
    let words = ["-D", "-p", "-m", "0644", "--", &draft, &place];
    let command = privilege::as_root(host, Command::new("install").args(words));
    let prepare = gettext("Write the package repository {name} where root can take it from");
    Ok(vec![
        step(&prepare, Action::Write(vec![edit]), Risk::default()),
        step(&title, Action::Run(command), password),
    ])
}

fn body(sheet: &Sheet) -> Result<String> {
    let mut groups: BTreeMap<(&str, &str), Vec<(&Entry, Record)>> = BTreeMap::new();
    let entries = sheet.entries::<Entry>(LIST)?;
    for entry in entries.iter().filter(|entry| !entry.absent) {
        let one = &entry.value;
        let (_, record) =
            one.read().map_err(|error| sheet.error_at(LIST, entry, format!("{error:#}")))?;
        // One without a group is a group of its own.
        let own = if one.layer_group.is_some() { "" } else { one.name.as_str() };
        let group = one.layer_group.as_deref().unwrap_or_default();
        groups.entry((group, own)).or_default().push((one, record));
    }
    let mut text = String::new();
    for mut group in groups.into_values() {
        group.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        let mut run = Run::new();
        for (entry, record) in group {
            run = set_up(run, entry, &record)?;
        }
        text += &tidied(run)?.text();
    }
    Ok(text)
}

/// The commands that set one repository up, and install what comes from it.
fn set_up(run: Run, entry: &Entry, record: &Record) -> Result<Run> {
    let name = &entry.name;
    let mut run = run.file(&file_path(name).parse()?, 0o644, &file_text(name, record))?;
    if let Some(key) = record.text("gpg_key") {
        run = run.command(format!("rpm --import {}", word(key)?))?;
    }
    let opt = entry.opt()?;
    if opt.is_some() {
        // Where `/opt` is a link into `/var`, what it leads to need not be there while the image is built.
        run = run.command("mkdir -p /usr/lib/opt \"$(readlink -m /opt)\"")?;
    }
    let mut packages: Vec<&str> = entry.packages.iter().map(PackageName::as_str).collect();
    packages.sort_unstable();
    packages.dedup();
    if !packages.is_empty() {
        run = run.list("dnf install -y", packages)?;
    }
    if let (Some((from, to)), Some(opt)) = (opt, &entry.opt_path) {
        let (from_word, to_word) = (word(from.as_str())?, word(to.as_str())?);
        run = run.command(format!("mv -T -- {from_word} {to_word}"))?;
        // Where it is a directory, it belongs to the image.
        run = run.command(format!("[ -L /opt ] || ln -s -- {to_word} {from_word}"))?;
        let quoted = |path: String| match path.contains(' ') {
            true => format!("\"{path}\""),
            false => path,
        };
        let place = quoted(format!("/var/opt/{opt}"));
        let line = format!("L+ {place} - - - - {to}\n");
        let file = format!("/usr/lib/tmpfiles.d/bkt-opt-{name}.conf").parse()?;
        run = run.file(&file, 0o644, &line)?;
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(json: &Json) -> Result<String> {
        body(&Sheet::parse(Path::new("x.json"), &json.to_string()).unwrap())
    }

    #[test]
    fn the_section_sets_up_installs_and_moves() {
        let body = section(&json!({ "repos": [{
            "name": "1password", "display_name": "1Password Stable Channel", "baseurl": "https://example.org/rpm/$basearch",
            "gpg_key": "https://example.org/key.asc", "packages": ["1password"], "opt_path": "1Password", "later": 1
        }] }));
        let expected = "RUN set -eu; \\
    mkdir -p /etc/yum.repos.d; \\
    printf '%s\\n' \\
      '[1password]' \\
      'name=1Password Stable Channel' \\
      'baseurl=https://example.org/rpm/$basearch' \\
      'enabled=1' \\
      'gpgcheck=1' \\
      'gpgkey=https://example.org/key.asc' \\
      > /etc/yum.repos.d/1password.repo; \\
    chmod 0644 /etc/yum.repos.d/1password.repo; \\
    rpm --import https://example.org/key.asc; \\
    mkdir -p /usr/lib/opt \"$(readlink -m /opt)\"; \\
    dnf install -y \\
      1password; \\
    mv -T -- /opt/1Password /usr/lib/opt/1Password; \\
    [ -L /opt ] || ln -s -- /usr/lib/opt/1Password /opt/1Password; \\
    mkdir -p /usr/lib/tmpfiles.d; \\
    printf '%s\\n' \\
      'L+ /var/opt/1Password - - - - /usr/lib/opt/1Password' \\
      > /usr/lib/tmpfiles.d/bkt-opt-1password.conf; \\
    chmod 0644 /usr/lib/tmpfiles.d/bkt-opt-1password.conf; \\
    dnf clean all; \\
    rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf* /var/log/hawkey.log
";
        assert_eq!(body.unwrap(), expected);
        assert_eq!(section(&json!({})).unwrap(), "");
    }

    #[test]
    fn groups_are_set_up_together_whatever_their_order() {
        let repo = |name: &str, group: Option<&str>| {
            let mut repo = json!({ "name": name, "baseurl": "file:///r", "packages": [] });
            if let Some(group) = group {
                repo["layer_group"] = group.into();
            }
            repo
        };
        let [a, b, c] = [repo("a", Some("g")), repo("b", None), repo("c", Some("g"))];
        let one = section(&json!({ "repos": [a.clone(), b.clone(), c.clone()] })).unwrap();
        assert_eq!(one, section(&json!({ "repos": [c, b, a] })).unwrap());
        assert_eq!(one.matches("RUN ").count(), 2);
        assert!(one.contains("gpgcheck=0"));
    }

    #[test]
    fn what_cannot_be_written_or_trusted_is_refused() {
        for (entry, says) in [
            (json!({ "name": "a" }), "needs its “baseurl”"),
            (json!({ "name": "a", "baseurl": "https://a" }), "has to be signed"),
            (json!({ "name": "a", "baseurl": "ftp://a", "gpg_key": "k" }), "is no address"),
            (json!({ "name": "a", "baseurl": "https://a\nenabled=0", "gpg_key": "k" }), "one line"),
            (json!({ "name": "a", "baseurl": "file:///a", "gpg_key": "-k" }), "one address"),
            (
                json!({ "name": "a", "baseurl": "file:///a", "opt_path": "../x" }),
                "directory below /opt",
            ),
            (json!({ "name": "../a", "baseurl": "file:///a" }), "is not a package repository"),
            (
                json!({ "name": "a", "baseurl": "file:///a", "packages": ["-x"] }),
                "is not a package name",
            ),
        ] {
            let error = section(&json!({ "repos": [entry] })).unwrap_err().to_string();
            assert!(error.starts_with("x.json:1:") && error.contains(says), "{error}");
        }
    }
}
