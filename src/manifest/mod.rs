//! The repository's manifests: read as they are, laid over one another, edited without loss.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::core::item::{ItemKey, Layer, Record, Wanted, WantedItems};
use crate::core::names::RepoRelPath;
use crate::core::plan::{Change, FileEdit};
use crate::host::fs::{self, FsError};

pub mod changelog;
pub mod containerfile;
pub mod doc;
pub mod merge;
pub mod plain;
pub mod repo;
pub mod sheet;
pub mod template;
pub mod trust;

pub use doc::Doc;
pub use sheet::{DocError, Entry, Member, Sheet};

/// A manifest that could not be read or does not say what it should.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The file does not say what it should.
    #[error(transparent)]
    Doc(#[from] DocError),
}

/// All manifests of a repository as one process sees them, edits included, until they are written.
pub struct Manifests {
    dir: PathBuf,
    host: String,
    /// The layers that are looked at, the stronger last.
    layers: Vec<Layer>,
    /// By layer and name; each is read when it is first asked for.
    files: RefCell<BTreeMap<(Layer, &'static str), File>>,
    /// Other files of the repository that were asked for.
    others: RefCell<BTreeMap<RepoRelPath, Other>>,
    /// What this machine's layer says is absent, noted as manifests are read.
    hidden: RefCell<BTreeSet<(&'static str, ItemKey)>>,
}

struct File {
    read: Option<String>,
    /// Set by the first edit.
    doc: Option<Doc>,
}

/// A file of the repository that is no manifest: as it was read, and as it is to be.
struct Other {
    read: Option<String>,
    now: Option<String>,
}

impl File {
    fn text(&self) -> Option<String> {
        self.doc.as_ref().map(Doc::text).or_else(|| self.read.clone())
    }
}

impl Manifests {
    /// The manifests under `dir` (the repository's `manifests/`), as the machine called `host` sees them.
    pub fn new(dir: &Path, host: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            host: host.to_owned(),
            layers: vec![Layer::Shared, Layer::Host(host.to_owned())],
            files: RefCell::default(),
            others: RefCell::default(),
            hidden: RefCell::default(),
        }
    }

    /// The same manifests, edits included, as they are for every machine: an image is built of what they share.
    pub fn shared(&self) -> Self {
        self.only(&Layer::Shared)
    }

    /// The same manifests, edits included, with nothing but one layer, which may be another machine's.
    pub fn only(&self, layer: &Layer) -> Self {
        let files = self.files.borrow();
        let files = files.iter().map(|(key, file)| {
            let read = file.text();
            (key.clone(), File { read, doc: None })
        });
        let others = self.others.borrow();
        let others = others.iter().map(|(path, other)| {
            let now = other.now.clone();
            (path.clone(), Other { read: now.clone(), now })
        });
        Self {
            dir: self.dir.clone(),
            host: self.host.clone(),
            layers: vec![layer.clone()],
            files: RefCell::new(files.collect()),
            others: RefCell::new(others.collect()),
            hidden: RefCell::default(),
        }
    }

    /// The same manifests with their edits, and nothing remembered of what was read in them.
    pub fn again(&self) -> Self {
        let files = self.files.borrow();
        let files = files.iter().filter_map(|(key, file)| {
            let doc = file.doc.as_ref().map(Doc::again).transpose().ok()?;
            Some((key.clone(), File { read: file.read.clone(), doc }))
        });
        let others = self.others.borrow();
        let others = others.iter().map(|(path, other)| {
            (path.clone(), Other { read: other.read.clone(), now: other.now.clone() })
        });
        Self {
            dir: self.dir.clone(),
            host: self.host.clone(),
            layers: self.layers.clone(),
            files: RefCell::new(files.collect()),
            others: RefCell::new(others.collect()),
            hidden: RefCell::default(),
        }
    }

    /// Writes the entry of a list that says `json` letter by letter as `text`, which says the same, but for the room
    /// before its lines.
    pub fn put_as_written(
        &mut self,
        layer: &Layer,
        file: &'static str,
        list: &str,
        json: &Value,
        text: &str,
    ) -> anyhow::Result<()> {
        let path = self.path(layer, file);
        let mut file = self.file(layer, file)?;
        let Some(now) = file.text() else { return Ok(()) };
        let Some(new) = Sheet::parse(&path, &now)?.with_entry(list, json, text) else {
            return Ok(());
        };
        let doc = match file.doc.take() {
            Some(doc) => doc,
            None => Doc::parse(&path, &now)?,
        };
        file.doc = Some(doc.saying(&path, &new)?);
        Ok(())
    }

    /// The layers this machine sees, the stronger last.
    pub fn layers(&self) -> Vec<Layer> {
        self.layers.clone()
    }

    /// The layer for this machine alone.
    pub fn own_layer(&self) -> Layer {
        Layer::Host(self.host.clone())
    }

    /// The machines that have a layer, by name.
    pub fn hosts(&self) -> Result<BTreeSet<String>, FsError> {
        let dir = self.dir.join("hosts");
        let names = fs::list(&dir)?.unwrap_or_default();
        Ok(names.into_iter().filter(|name| dir.join(name).is_dir()).collect())
    }

    /// The repository's top directory.
    pub fn root(&self) -> &Path {
        self.dir.parent().unwrap_or(&self.dir)
    }

    /// The text of another file of the repository, edits included; `None` where there is none.
    pub fn other(&self, path: &RepoRelPath) -> Result<Option<String>, FsError> {
        let mut others = self.others.borrow_mut();
        if !others.contains_key(path) {
            let file = self.root().join(path.as_str());
            fs::stays_below(self.root(), &file, "read")?;
            let read = fs::read(&file)?;
            others.insert(path.clone(), Other { now: read.clone(), read });
        }
        Ok(others.get(path).and_then(|other| other.now.clone()))
    }

    /// Gives another file of the repository this text; `None` removes it. A link that leads out of the repository is an
    /// error: what is behind it is not ours to write.
    pub fn put_other(&mut self, path: &RepoRelPath, text: Option<String>) -> Result<(), FsError> {
        self.other(path)?;
        fs::stays_below(self.root(), &self.root().join(path.as_str()), "written")?;
        if let Some(other) = self.others.borrow_mut().get_mut(path) {
            other.now = text;
        }
        Ok(())
    }

    /// The other files of the repository that were asked for, below its top.
    pub fn others_read(&self) -> Vec<String> {
        self.others.borrow().keys().map(ToString::to_string).collect()
    }

    /// Takes `text` for what one manifest says, whatever is there; `None` takes it for none.
    pub fn pretend(&mut self, layer: &Layer, file: &'static str, text: Option<String>) {
        self.files.borrow_mut().insert((layer.clone(), file), File { read: text, doc: None });
    }

    /// Whether a file that is no manifest is edited.
    pub fn edits_others(&self) -> bool {
        self.others.borrow().values().any(|other| other.read != other.now)
    }

    /// Where one manifest is.
    pub fn path(&self, layer: &Layer, file: &str) -> PathBuf {
        match layer {
            Layer::Shared => self.dir.join(file),
            Layer::Host(host) => self.dir.join("hosts").join(host).join(file),
        }
    }

    /// What one manifest says, edits included; `None` where there is no such file.
    pub fn sheet(&self, layer: &Layer, file: &'static str) -> Result<Option<Sheet>, ManifestError> {
        let path = self.path(layer, file);
        let text = self.file(layer, file)?.text();
        Ok(text.map(|text| Sheet::parse(&path, &text)).transpose()?)
    }

    fn file(&self, layer: &Layer, file: &'static str) -> Result<RefMut<'_, File>, FsError> {
        let mut files = self.files.borrow_mut();
        let key = (layer.clone(), file);
        if !files.contains_key(&key) {
            let path = self.path(layer, file);
            fs::stays_below(self.root(), &path, "read")?;
            let read = fs::read(&path)?;
            files.insert(key.clone(), File { read, doc: None });
        }
        let absent = || File { read: None, doc: None };
        Ok(RefMut::map(files, |files| files.entry(key).or_insert_with(absent)))
    }

    /// Lets `change` edit one manifest, which is made if it does not exist.
    pub fn edit(
        &mut self,
        layer: &Layer,
        file: &'static str,
        change: impl FnOnce(&Doc) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let path = self.path(layer, file);
        let mut file = self.file(layer, file)?;
        let doc = match (file.doc.take(), &file.read) {
            (Some(doc), _) => doc,
            (None, Some(text)) => Doc::parse(&path, text)?,
            (None, None) => Doc::new(&path)?,
        };
        change(file.doc.insert(doc))
    }

    /// All edits made so far, as file edits.
    pub fn edits(&self) -> Vec<FileEdit> {
        let files = self.files.borrow();
        let changed = files.iter().filter(|(_, file)| file.doc.as_ref().is_some_and(Doc::changed));
        let manifests = changed.map(|((layer, name), file)| FileEdit {
            path: self.path(layer, name).to_string_lossy().into_owned(),
            before: file.read.clone(),
            after: file.text(),
            mode: None,
        });
        let others = self.others.borrow();
        let others = others.iter().filter(|(_, other)| other.read != other.now);
        let others = others.map(|(path, other)| {
            let path = self.root().join(path.as_str());
            FileEdit {
                // An undo gives back what goes with the file: that it can be run.
                mode: if other.now.is_none() { fs::mode(&path) } else { None },
                path: path.to_string_lossy().into_owned(),
                before: other.read.clone(),
                after: other.now.clone(),
            }
        });
        manifests.chain(others).collect()
    }

    /// The items of one list, the host's layer laid over the shared one, entry by entry.
    ///
    /// `read` gives an entry's key and record; an entry that it rejects is an error at the entry's place, and so
    /// is a key that stands twice in one file.
    pub fn items<T: DeserializeOwned>(
        &self,
        file: &'static str,
        list: &str,
        read: impl Fn(&T) -> anyhow::Result<(ItemKey, Record)>,
    ) -> anyhow::Result<WantedItems> {
        let mut items = WantedItems::new();
        for layer in self.layers() {
            let Some(sheet) = self.sheet(&layer, file)? else { continue };
            let mut here = BTreeSet::new();
            for entry in sheet.entries::<T>(list)? {
                let (key, record) = read(&entry.value)
                    .map_err(|error| sheet.error_at(list, &entry, format!("{error:#}")))?;
                if !here.insert(key.clone()) {
                    return Err(sheet
                        .error_at(list, &entry, format!("“{key}” stands here twice"))
                        .into());
                }
                if entry.absent {
                    items.remove(&key);
                    self.hidden.borrow_mut().insert((file, key));
                } else {
                    items.insert(key, Wanted { record, layer: layer.clone() });
                }
            }
        }
        Ok(items)
    }

    /// The items of an object whose members are entries, by their names, the host's layer laid over the shared one, entry
    /// by entry.
    ///
    /// `read` gives an entry's key and record. What it rejects is an error at the place inside the entry that it names.
    pub fn members<T: DeserializeOwned>(
        &self,
        file: &'static str,
        object: &str,
        read: impl Fn(&str, &T) -> Result<(ItemKey, Record), (String, anyhow::Error)>,
    ) -> anyhow::Result<WantedItems> {
        let mut items = WantedItems::new();
        for layer in self.layers() {
            let Some(sheet) = self.sheet(&layer, file)? else { continue };
            for Member { name, value } in sheet.members::<T>(object)? {
                let Some(value) = value else {
                    let key = ItemKey::new(name);
                    items.remove(&key);
                    self.hide(file, key);
                    continue;
                };
                let (key, record) = read(&name, &value).map_err(|(inside, error)| {
                    sheet.error_in_member(object, &name, &inside, format!("{error:#}"))
                })?;
                items.insert(key, Wanted { record, layer: layer.clone() });
            }
        }
        Ok(items)
    }

    /// Makes the member of `object` with the item's key as its name say what `change` says.
    ///
    /// `write` puts the fields of the record into the entry, which has its other keys, or is new and empty. A new one stands
    /// where the names have their order, if they had one.
    pub fn capture_member(
        &mut self,
        change: &Change,
        file: &'static str,
        object: &str,
        write: impl FnOnce(&mut Map<String, Value>, &Record),
    ) -> anyhow::Result<()> {
        let name = change.item.as_str();
        let path = format!("{object}/{name}");
        let Some(after) = &change.after else {
            let shared = match &change.layer {
                Layer::Shared => false,
                Layer::Host(_) => self
                    .sheet(&Layer::Shared, file)?
                    .is_some_and(|sheet| sheet.get(&path).is_some()),
            };
            let gone = shared.then(|| json!({ "absent": true }));
            return self.edit(&change.layer, file, |doc| {
                doc.set(&path, gone.as_ref());
                Ok(())
            });
        };
        self.edit(&change.layer, file, |doc| {
            let mut entry = match doc.get(&path) {
                Some(Value::Object(entry)) => entry,
                _ => Map::new(),
            };
            // The keys keep their order.
            entry.shift_remove("absent");
            write(&mut entry, after);
            doc.set_member(object, name, &Value::Object(entry));
            Ok(())
        })
    }

    /// Whether this machine's layer says that an item of a manifest is absent; known once the items were read.
    pub fn hides(&self, file: &'static str, key: &ItemKey) -> bool {
        self.hidden.borrow().contains(&(file, key.clone()))
    }

    /// Notes that this machine's layer says that an item is absent, for what is not read by [`Self::items`].
    pub fn hide(&self, file: &'static str, key: ItemKey) {
        self.hidden.borrow_mut().insert((file, key));
    }

    /// Takes an entry out of `layer`; where the shared layer would show through, the host's layer says so instead.
    pub fn remove(
        &mut self,
        layer: &Layer,
        file: &'static str,
        list: &str,
        is: &dyn Fn(&Value) -> bool,
        identity: Value,
        order: &dyn Fn(&Value) -> String,
    ) -> anyhow::Result<()> {
        let shared = match layer {
            Layer::Shared => false,
            Layer::Host(_) => self
                .sheet(&Layer::Shared, file)?
                .is_some_and(|sheet| sheet.find(list, is).is_some()),
        };
        self.edit(layer, file, |doc| {
            if shared {
                let mut absent = identity;
                absent["absent"] = Value::Bool(true);
                doc.put(list, is, &absent, order);
            } else {
                doc.remove(list, is);
            }
            Ok(())
        })
    }

    /// Makes the entry of `list` with the item's key as its `name` say what `change` says.
    ///
    /// `write` puts the fields of the record into the entry, which has its other keys, or is new and has its name alone.
    pub fn capture_named(
        &mut self,
        change: &Change,
        file: &'static str,
        list: &str,
        write: impl FnOnce(&mut Map<String, Value>, &Record),
    ) -> anyhow::Result<()> {
        let name = change.item.as_str();
        let is = |entry: &Value| entry["name"] == name;
        let order = |entry: &Value| entry["name"].as_str().unwrap_or_default().to_owned();
        let Some(after) = &change.after else {
            let identity = json!({ "name": name });
            return self.remove(&change.layer, file, list, &is, identity, &order);
        };
        self.edit(&change.layer, file, |doc| {
            let mut entry = match doc.find(list, &is) {
                Some(Value::Object(entry)) => entry,
                _ => Map::from_iter([("name".to_owned(), name.into())]),
            };
            // The keys keep their order.
            entry.shift_remove("absent");
            write(&mut entry, after);
            doc.put(list, &is, &Value::Object(entry), &order);
            Ok(())
        })
    }
}
