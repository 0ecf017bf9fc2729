//! The modules of `image-config.json`: files, commands, links and scripts that the image is built with.
//!
//! They are written by hand, and nothing on a machine is ever captured into one here. What they put outside `/etc` is
//! looked for in the running image; what is there as the module makes it is in force, and the rest comes with the next
//! image. Files that go below `/etc` belong to [`super::etc_files`], because people edit those. Of commands nothing can
//! be told by looking: they are compared with the manifest the image was built from, where it has kept it
//! (`/usr/share/bkt/distribution`). Where it has not, a module that is seen by its commands alone is not compared.
//!
//! One image is made for every machine, so it is built from the shared manifest alone. A host's layer can drop a module
//! for that machine's comparison, but what it adds reaches no image.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, bail};
use serde_json::{Value as Json, json};

use super::{About, Blocked, Label, ManifestFile, Page, Steps, Subsystem, Unreadable, Watch};
use crate::core::item::{
    Barred, FieldSpec, ItemKey, Layer, LeftOut, Live, Pending, Record, Records, SubsystemId, Value,
    Wanted, WantedItems,
};
use crate::core::plan::{Change, Side};
use crate::host::{Host, deployment};
use crate::manifest::Manifests;
use crate::manifest::containerfile::Section;
use crate::words::{fill, gettext, mark};

pub mod module;
mod section;
pub mod sources;

use module::{ImageConfigFile, Kind, Module};
use sources::checksum;

/// The manifest.
pub const FILE: &str = "image-config.json";
/// Its list.
pub const LIST: &str = "modules";
/// Where an image keeps the manifests it was built from.
const BUILT_FROM: &str = "/usr/share/bkt/distribution/manifests";

const TYPE: &str = "type";
const COMMANDS: &str = "commands";
const IN_FILE: &str = "file/";
const IN_LINK: &str = "link/";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("image-config");

static ABOUT: About = About {
    id: ID,
    noun: "image-config",
    page: Page::Packages,
    title: mark("Image Modules"),
    icon: "application-x-executable-symbolic",
    fields: &[
        FieldSpec { name: TYPE, left_out: LeftOut::Default },
        FieldSpec { name: COMMANDS, left_out: LeftOut::Default },
        FieldSpec { name: IN_FILE, left_out: LeftOut::Default },
        FieldSpec { name: IN_LINK, left_out: LeftOut::Default },
    ],
    manifests: &[ManifestFile { name: FILE, schema: || schemars::schema_for!(ImageConfigFile) }],
};

/// The modules of the image; keys are their names.
pub struct ImageConfig;

impl Subsystem for ImageConfig {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        if !deployment::is_image(host) {
            return Ok(deployment::not_here(wanted));
        }
        let built = built_from(host);
        let mut records = Records::default();
        for (key, Wanted { record, layer }) in wanted {
            let live = match layer {
                Layer::Shared => found(host, key, record, &built),
                Layer::Host(_) => {
                    let why = gettext(
                        "The image is built for every machine, from the shared manifest alone",
                    );
                    Live::absent().barred(Some(Barred::NotHere(why)))
                }
            };
            records.insert(key.clone(), live);
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        let mut items = WantedItems::new();
        for module in module::all(manifests)? {
            let record = record(manifests, &module)?;
            items.insert(ItemKey::new(module.name), Wanted { record, layer: module.layer });
        }
        Ok(items)
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        section::section(manifests).map(Some)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        for change in changes {
            let name = change.item.as_str();
            let is = |json: &Json| json["name"] == name;
            let there = |sheet: crate::manifest::Sheet| sheet.find(LIST, &is).is_some();
            match &change.after {
                None => {
                    let identity = json!({ "name": name });
                    manifests.remove(&change.layer, FILE, LIST, &is, identity, &last(name))?;
                }
                // What it says is more than what is compared.
                Some(_) if manifests.sheet(&change.layer, FILE)?.is_some_and(there) => (),
                Some(_) => {
                    let text = gettext("the module “{name}” is written by hand, in {file}");
                    bail!(fill(&text, &[("name", name), ("file", FILE)]));
                }
            }
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], _host: &Host) -> Result<Steps> {
        let why = gettext("what is in the image changes when it is built");
        let blocked = changes.iter().map(|change| Blocked::later(&change.item, why.clone()));
        Ok(Steps { blocked: blocked.collect(), ..Steps::default() })
    }

    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            TYPE => gettext("type"),
            COMMANDS => gettext("commands"),
            _ => match field.split_once('/') {
                Some((_, path)) => path.to_owned(),
                None => field.to_owned(),
            },
        }
    }

    fn describe(&self, change: &Change) -> String {
        let sentence = match (change.side, &change.after) {
            (Side::System, Some(_)) => gettext("Build the image with {module}"),
            (Side::System, None) => gettext("Build the image without {module}"),
            (Side::Manifest, Some(_)) => gettext("Track {module}"),
            (Side::Manifest, None) => gettext("Stop tracking {module}"),
        };
        fill(&sentence, &[("module", &change.title)])
    }

    fn watch(&self, _host: &Host) -> Vec<Watch> {
        // An image does not change while it runs.
        Vec::new()
    }
}

/// Modules stand in the order they are built in: a new one comes last.
pub fn last(name: &str) -> impl Fn(&Json) -> String + '_ {
    move |json| if json["name"] == name { "1".to_owned() } else { "0".to_owned() }
}

/// What can be compared of a module.
fn record(manifests: &Manifests, module: &Module) -> Result<Record> {
    let mut record = Record::new().with(TYPE, module.kind.of().as_str());
    let commands = commands(&module.kind);
    if !commands.is_empty() {
        record.set(COMMANDS, commands.as_str());
    }
    match &module.kind {
        Kind::Files { files, .. } => {
            for file in files {
                let placed = sources::of_entry(manifests, &module.name, &module.layer, file)?;
                for placed in placed.iter().filter(|p| !p.dest.as_str().starts_with("/etc/")) {
                    let is = is(placed.mode, &placed.content.checksum());
                    record.set(format!("{IN_FILE}{}", placed.dest), is);
                }
            }
        }
        Kind::OptionalFeature { src, staging, .. } => {
            let file = module::File::plain(src, staging);
            for placed in sources::of_entry(manifests, &module.name, &module.layer, &file)? {
                let is = is(placed.mode, &placed.content.checksum());
                record.set(format!("{IN_FILE}{}", placed.dest), is);
            }
        }
        Kind::SystemdEnable { scope, unit, target } => {
            let link = section::wants(*scope, unit, target)?;
            record.set(format!("{IN_LINK}{link}"), section::wanted_unit(unit).as_str());
        }
        Kind::Wrapper(wrapper) => {
            let is = is(0o755, &checksum(section::script(wrapper).as_bytes()));
            record.set(format!("{IN_FILE}{}", wrapper.output), is);
        }
        Kind::Run(_) => (),
    }
    Ok(record)
}

/// A file as it is compared: permissions and checksum.
fn is(mode: u32, checksum: &str) -> Value {
    Value::Text(format!("{:04o} {checksum}", mode & 0o7777))
}

/// All that a module runs, in order.
fn commands(kind: &Kind) -> String {
    let all: Vec<&[String]> = match kind {
        Kind::Files { pre_run, post_run, .. } => vec![pre_run, post_run],
        Kind::Run(commands) => vec![commands],
        Kind::OptionalFeature { staging_pre_run, post_install, .. } => {
            vec![staging_pre_run, post_install]
        }
        Kind::SystemdEnable { .. } | Kind::Wrapper(_) => Vec::new(),
    };
    all.concat().join("\n")
}

/// What each module ran when the running image was built, where the image has kept that.
fn built_from(host: &Host) -> Option<BTreeMap<String, String>> {
    let manifests = Manifests::new(&host.path(BUILT_FROM), &host.env().hostname);
    manifests.sheet(&Layer::Shared, FILE).ok().flatten()?;
    let said = module::of_manifest_alone(&manifests, &Layer::Shared).ok()?;
    let modules = said.modules.into_iter();
    Some(modules.map(|module| (module.name, commands(&module.kind))).collect())
}

/// What the running image has of a module.
fn found(
    host: &Host,
    key: &ItemKey,
    wanted: &Record,
    built: &Option<BTreeMap<String, String>>,
) -> Live {
    let mut record = wanted.clone();
    for field in wanted.0.keys() {
        let there = match field.split_once('/') {
            Some(("file", path)) => file(host, path),
            Some(("link", path)) => link(host, path),
            _ => continue,
        };
        match there {
            Ok(Some(is)) => record.set(field.clone(), is),
            Ok(None) => drop(record.0.remove(field)),
            Err(why) => return Live::unknown(why),
        }
    }
    let mut missing = record != *wanted && record.0.keys().all(|field| !field.contains('/'));
    let seen = wanted.0.keys().any(|field| field.contains('/'));
    if built.is_none() && wanted.get(COMMANDS).is_some() && !seen {
        let why = gettext(
            "Whether its commands were run cannot be seen: the image keeps no manifests to compare with",
        );
        return Live::absent().barred(Some(Barred::NotHere(why)));
    }
    if let Some(built) = built {
        match built.get(key.as_str()).map(String::as_str) {
            Some("") => drop(record.0.remove(COMMANDS)),
            Some(commands) => record.set(COMMANDS, commands),
            None => missing = true,
        }
    }
    let mut live = match missing {
        true => Live::absent(),
        false => Live::known(record),
    };
    if live.record() != Some(wanted) {
        live.pending = Some(Pending::ImageBuild);
    }
    live
}

fn file(host: &Host, path: &str) -> Result<Option<Value>, String> {
    let place = host.path(path);
    let read = || -> std::io::Result<Option<Value>> {
        let metadata = fs::metadata(&place)?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let bytes = fs::read(&place)?;
        Ok(Some(is(metadata.permissions().mode(), &checksum(&bytes))))
    };
    absent_or(path, read())
}

fn link(host: &Host, path: &str) -> Result<Option<Value>, String> {
    let read = match fs::read_link(host.path(path)) {
        Ok(target) => Ok(Some(Value::Text(target.to_string_lossy().into_owned()))),
        // Something else is there.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(None),
        Err(error) => Err(error),
    };
    absent_or(path, read)
}

fn absent_or(path: &str, read: std::io::Result<Option<Value>>) -> Result<Option<Value>, String> {
    match read {
        Ok(found) => Ok(found),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => {
            let why = crate::host::fs::plain(&error);
            let text = gettext("“{path}” could not be read: {why}");
            Err(fill(&text, &[("path", path), ("why", &why)]))
        }
    }
}

#[cfg(test)]
mod tests;
