//! A subsystem as small as one can be: its system side is a JSON file, its manifest a list of items.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use bucket::core::item::{
    FieldSpec, ItemKey, LeftOut, Live, Record, Records, SubsystemId, WantedItems,
};
use bucket::core::plan::{Action, Change, Command, FileEdit, Risk, Step};
use bucket::engine::Engine;
use bucket::host::command::RunError;
use bucket::host::{Environment, Host, Runner, fs};
use bucket::manifest::Manifests;
use bucket::manifest::containerfile::{Section, write};
use bucket::manifest::repo::{Found, Repo};
use bucket::subsystem::{About, ManifestFile, Page, Steps, Subsystem, Unreadable, Watch};
use serde_json::{Map, Value as Json, json};
use tokio_util::sync::CancellationToken;

const FIELDS: &[FieldSpec] = &[
    FieldSpec { name: "color", left_out: LeftOut::Default },
    FieldSpec { name: "tags", left_out: LeftOut::Default },
    FieldSpec { name: "pin", left_out: LeftOut::NotCompared },
];

macro_rules! about {
    ($id:literal, $file:literal) => {
        About {
            id: SubsystemId::new($id),
            noun: $id,
            page: Page::Settings,
            title: $id,
            icon: "x",
            fields: FIELDS,
            manifests: &[ManifestFile { name: $file, schema: || schemars::schema_for!(Json) }],
        }
    };
}

static ONE: About = about!("toy", "toy.json");
static TWO: About = about!("toy-two", "toy-two.json");

/// With a section for each toy, neither of which says what a manifest does.
const CONTAINERFILE: &str = "\
FROM x
# === COPR_REPOS (managed by bkt) ===
stale
# === END COPR_REPOS ===
RUN mine
# === SYSTEM_PACKAGES (managed by bkt) ===
stale
# === END SYSTEM_PACKAGES ===";

/// The toy; there are two of them, so that one can fail while the other works.
pub struct Toy(&'static About);

impl Toy {
    /// Both toys.
    pub fn both() -> Vec<Box<dyn Subsystem>> {
        vec![Box::new(Self(&ONE)), Box::new(Self(&TWO))]
    }

    fn file(&self) -> &'static str {
        self.0.manifests[0].name
    }

    fn system(&self, host: &Host) -> PathBuf {
        host.path("/system").join(self.file())
    }
}

fn is(key: &str) -> impl Fn(&Json) -> bool + '_ {
    move |entry| entry["name"] == key
}

fn read(record: &Map<String, Json>) -> (ItemKey, Record) {
    let mut fields = record.clone();
    let name = fields.remove("name").unwrap();
    fields.remove("absent");
    (ItemKey::new(name.as_str().unwrap()), serde_json::from_value(Json::Object(fields)).unwrap())
}

fn entry(key: &ItemKey, record: &Record) -> Json {
    let mut entry = json!({ "name": key.as_str() });
    for (name, value) in &record.0 {
        entry[name] = serde_json::to_value(value).unwrap();
    }
    entry
}

impl Subsystem for Toy {
    fn about(&self) -> &'static About {
        self.0
    }

    fn live(&self, host: &Host, _: &WantedItems) -> Result<Records, Unreadable> {
        let mut records = Records::default();
        let text =
            fs::read(&self.system(host)).map_err(anyhow::Error::from)?.unwrap_or("{}".into());
        let items: Map<String, Json> = serde_json::from_str(&text).map_err(anyhow::Error::from)?;
        for (name, fields) in items {
            let record = serde_json::from_value(fields).map_err(anyhow::Error::from)?;
            records.insert(ItemKey::new(name), Live::known(record));
        }
        Ok(records)
    }

    fn wanted(&self, manifests: &Manifests, _: &Host) -> Result<WantedItems> {
        manifests.items(self.file(), "items", |entry: &Map<String, Json>| Ok(read(entry)))
    }

    fn section(&self, manifests: &Manifests) -> Result<Option<Section>> {
        let items =
            manifests.items(self.file(), "items", |entry: &Map<String, Json>| Ok(read(entry)))?;
        let body: String = items
            .iter()
            .map(|(key, wanted)| write::comment(&format!("{key} {:?}", wanted.record)))
            .collect();
        let name = if self.0.id == ONE.id { "SYSTEM_PACKAGES" } else { "COPR_REPOS" };
        Ok(Some(Section::new(name, body)?))
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        let order = |entry: &Json| entry["name"].to_string();
        for change in changes {
            let key = change.item.as_str();
            match &change.after {
                Some(after) => manifests.edit(&change.layer, self.file(), |doc| {
                    doc.put("items", &is(key), &entry(&change.item, after), &order);
                    Ok(())
                })?,
                None => {
                    let identity = json!({ "name": key });
                    manifests.remove(
                        &change.layer,
                        self.file(),
                        "items",
                        &is(key),
                        identity,
                        &order,
                    )?;
                }
            }
        }
        Ok(())
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        let path = self.system(host);
        let before = fs::read(&path)?;
        let mut items: Map<String, Json> = serde_json::from_str(before.as_deref().unwrap_or("{}"))?;
        for change in changes {
            match &change.after {
                Some(after) => {
                    items.insert(change.item.to_string(), serde_json::to_value(after)?);
                }
                None => {
                    items.remove(change.item.as_str());
                }
            }
        }
        let after = Some(serde_json::to_string(&items)?);
        let edit = FileEdit { path: path.display().to_string(), before, after, mode: None };
        let step = Step {
            title: "write".into(),
            action: Action::Write(vec![edit]),
            risk: Risk::default(),
            items: changes.iter().map(|change| change.item.clone()).collect(),
        };
        Ok(vec![step].into())
    }

    fn describe(&self, change: &Change) -> String {
        change.title.clone()
    }

    fn watch(&self, _: &Host) -> Vec<Watch> {
        Vec::new()
    }
}

/// Nothing here may start a program.
struct NoPrograms;

impl Runner for NoPrograms {
    fn run(
        &self,
        command: &Command,
        _: &mut dyn FnMut(&str),
        _: &CancellationToken,
    ) -> Result<String, RunError> {
        // The one program that changes nothing.
        assert_eq!(command.program, "true", "{command:?} was started");
        Ok(String::new())
    }
}

/// One machine in a directory of its own, with a repository that others may share.
pub struct Machine {
    /// The machine's root.
    pub root: PathBuf,
    repo: PathBuf,
}

impl Machine {
    /// A machine named `name` below `dir`, with its repository at `repo`.
    pub fn new(dir: &Path, name: &str, repo: &Path) -> Self {
        std::fs::create_dir_all(repo.join("manifests")).unwrap();
        std::fs::write(repo.join("Containerfile"), CONTAINERFILE).unwrap();
        let root = dir.join(name);
        std::fs::create_dir_all(root.join("system")).unwrap();
        Self { root, repo: repo.to_owned() }
    }

    /// A new process on this machine.
    pub fn engine(&self) -> Engine {
        let env = Environment { hostname: "toy".into(), ..Environment::below(&self.root) };
        let repo = Repo {
            root: self.repo.clone(),
            id: "toy-repository".into(),
            found: Found::Named,
            trusted: true,
        };
        Engine::new(Host::new(env, Arc::new(NoPrograms)), repo, Toy::both())
    }

    /// Gives the system side of the first toy these items.
    pub fn set_system(&self, items: &[(String, Record)]) {
        let map: Map<String, Json> = items
            .iter()
            .map(|(name, record)| (name.clone(), serde_json::to_value(record).unwrap()))
            .collect();
        std::fs::write(self.root.join("system/toy.json"), serde_json::to_string(&map).unwrap())
            .unwrap();
    }

    /// Gives the manifest of the first toy these items.
    pub fn set_manifest(&self, items: &[(String, Record)]) {
        let list: Vec<Json> =
            items.iter().map(|(name, r)| entry(&ItemKey::new(name.clone()), r)).collect();
        let text = serde_json::to_string_pretty(&json!({ "items": list })).unwrap();
        std::fs::write(self.repo.join("manifests/toy.json"), text).unwrap();
    }

    /// Every byte of both sides, the agreed values, and the Containerfile.
    pub fn bytes(&self) -> [Option<String>; 4] {
        let read = |path: PathBuf| std::fs::read_to_string(path).ok();
        let base =
            read(self.root.join("home/.local/state/bkt/toy-repository/base.json")).map(|text| {
                let base: Json = serde_json::from_str(&text).unwrap();
                base["items"].to_string()
            });
        [
            read(self.root.join("system/toy.json")),
            read(self.repo.join("manifests/toy.json")),
            base.filter(|items| items != "{}"),
            read(self.repo.join("Containerfile")),
        ]
    }
}
