//! Machines made up for tests: a directory with a home, schemas and dconf databases, and no programs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glib::Variant;
use gvdb::write::{FileWriter, HashTableBuilder};
use tokio_util::sync::CancellationToken;

use super::command::RunError;
use super::{Environment, Host, Runner};
use crate::core::plan::Command;

/// A made-up machine; its files go when it is dropped.
pub struct Machine {
    pub dir: tempfile::TempDir,
    pub vars: BTreeMap<String, String>,
}

struct NoPrograms;

impl Runner for NoPrograms {
    fn run(
        &self,
        command: &Command,
        _: &mut dyn FnMut(&str),
        _: &CancellationToken,
    ) -> Result<String, RunError> {
        panic!("{command:?} was started")
    }
}

impl Machine {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), vars: BTreeMap::new() }
    }

    pub fn host(&self) -> Host {
        let root = self.dir.path();
        let runtime = Some(root.join("run/user"));
        let vars = self.vars.clone();
        let env = Environment { runtime, vars, ..Environment::below(root) };
        Host::new(env, Arc::new(NoPrograms))
    }

    /// Writes a file below the machine's root.
    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes the person's dconf database: keys, and values as GVariant text.
    pub fn dconf(&self, values: &[(&str, &str)]) {
        self.file("home/.config/dconf/user", database(values, &[]));
    }

    /// Writes and compiles schemas: the inside of a `<schemalist>`.
    pub fn schemas(&self, xml: &str) {
        self.schemas_in("usr/share/glib-2.0/schemas", xml);
    }

    /// The same in another directory.
    pub fn schemas_in(&self, dir: &str, xml: &str) {
        let xml = format!("<schemalist>{xml}</schemalist>");
        let path = self.file(&format!("{dir}/test.gschema.xml"), xml);
        compile(path.parent().unwrap());
    }
}

/// Runs glib-compile-schemas, which everything that builds against GLib has.
#[allow(clippy::disallowed_methods, reason = "a test's own tool")]
pub fn compile(dir: &Path) {
    let done = std::process::Command::new("glib-compile-schemas").arg("--strict").arg(dir).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The bytes of a dconf database.
pub fn database(values: &[(&str, &str)], locks: &[&str]) -> Vec<u8> {
    let mut table = HashTableBuilder::new();
    for (key, text) in values {
        let value = Variant::parse(None, text).unwrap();
        table.insert_gvariant(key, value).unwrap();
    }
    if !locks.is_empty() {
        let mut locked = HashTableBuilder::with_path_separator(None);
        for key in locks {
            locked.insert_gvariant(key, true.into()).unwrap();
        }
        table.insert_table(".locks", locked).unwrap();
    }
    FileWriter::new().write_to_vec_with_table(table).unwrap()
}
