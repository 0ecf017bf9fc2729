//! Machines of any size, as files: Flatpak apps with overrides, Shell extensions and settings, in the layouts the
//! real tools leave behind, and a repository whose manifests say the same.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bucket::core::plan::Command;
use bucket::engine::Engine;
use bucket::host::command::RunError;
use bucket::host::{Environment, Host, Runner};
use bucket::manifest::repo::{Found, Repo};
use glib::variant::ToVariant;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Flatpak apps of the user; every fourth has an override.
    pub apps: usize,
    /// Shell extensions of the user, all enabled.
    pub extensions: usize,
    /// Settings that differ from their default.
    pub settings: usize,
}

impl Size {
    /// The size a well-used desktop has, so many times.
    pub fn times(factor: usize) -> Self {
        Self { apps: 80 * factor, extensions: 20 * factor, settings: 500 * factor }
    }
}

/// Surveys start no program.
struct NoPrograms;

impl Runner for NoPrograms {
    fn run(
        &self,
        command: &Command,
        _: &mut dyn FnMut(&str),
        _: &CancellationToken,
    ) -> Result<String, RunError> {
        panic!("{command:?} was started");
    }
}

/// One machine below a directory.
pub struct Machine {
    root: PathBuf,
}

impl Machine {
    /// Makes a machine of `size` below `root`.
    pub fn make(root: &Path, size: Size) -> Self {
        let machine = Self { root: root.to_owned() };
        fs::create_dir_all(machine.repo().join("manifests")).unwrap();
        machine.flatpaks(size.apps);
        machine.settings(size.settings, size.extensions);
        machine.extensions(size.extensions);
        machine
    }

    fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    /// A new process on this machine.
    pub fn engine(&self) -> Engine {
        let env = Environment::below(&self.root);
        let repo = Repo {
            root: self.repo(),
            id: "machine-repository".into(),
            found: Found::Named,
            trusted: true,
        };
        Engine::new(Host::new(env, Arc::new(NoPrograms)), repo, bucket::subsystem::all())
    }

    /// Takes the apps, the overrides and the settings away; remotes and what the extensions are made of stay.
    pub fn forget(&self) {
        let flatpak = self.home().join(".local/share/flatpak");
        for gone in [flatpak.join("app"), flatpak.join("overrides"), self.home().join(".config")] {
            fs::remove_dir_all(gone).unwrap();
        }
    }

    /// Every file a survey may read, for knowing what reading alone costs.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut dirs = vec![self.root.clone()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => dirs.push(entry.path()),
                    kind if kind.is_file() => files.push(entry.path()),
                    _ => (),
                }
            }
        }
        files
    }

    fn manifest(&self, name: &str, json: &Json) {
        write(
            &self.repo().join("manifests").join(name),
            serde_json::to_string_pretty(json).unwrap(),
        );
    }

    fn flatpaks(&self, count: usize) {
        let user = self.home().join(".local/share/flatpak");
        let url = "https://example.org/repo/";
        write(
            &user.join("repo/config"),
            format!(
                "[core]\nrepo_version=1\nmode=bare-user-only\n\n[remote \"hub\"]\nurl={url}\ngpg-verify=true\n"
            ),
        );
        write(&user.join(".changed"), "");
        let mut apps = Vec::new();
        for number in 0..count {
            let id = format!("org.example.App{number}");
            let commit = format!("{number:064x}");
            let branch = user.join("app").join(&id).join("x86_64/stable");
            let deployed = branch.join(&commit);
            let extra = BTreeMap::from([
                ("deploy-version", 4i32.to_variant()),
                ("appdata-name", BTreeMap::from([("C", format!("App {number}"))]).to_variant()),
            ]);
            let no_paths: Vec<String> = Vec::new();
            let size = 1_000_000u64.swap_bytes();
            let deploy = ("hub", commit.as_str(), no_paths, size, extra).to_variant();
            fs::create_dir_all(&deployed).unwrap();
            fs::write(deployed.join("deploy"), deploy.data()).unwrap();
            write(
                &deployed.join("metadata"),
                format!(
                    "[Application]\nname={id}\nruntime=org.example.Platform/x86_64/1\n\n[Context]\nshared=network;ipc;\nsockets=wayland;fallback-x11;\n"
                ),
            );
            symlink(&commit, branch.join("active")).unwrap();
            symlink("x86_64/stable", user.join("app").join(&id).join("current")).unwrap();
            let mut entry =
                json!({ "id": id, "remote": "hub", "scope": "user", "branch": "stable" });
            if number % 4 == 0 {
                write(
                    &user.join("overrides").join(&id),
                    "[Context]\nfilesystems=~/Games;!home;\n\n[Environment]\nMODE=quiet\n",
                );
                entry["overrides"] = json!({ "Context": { "filesystems": ["~/Games", "!home"] }, "Environment": { "MODE": "quiet" } });
            }
            apps.push(entry);
        }
        self.manifest(
            "flatpak-remotes.json",
            &json!({ "remotes": [{ "name": "hub", "url": url, "scope": "user" }] }),
        );
        self.manifest("flatpak-apps.json", &json!({ "apps": apps }));
    }

    fn settings(&self, count: usize, extensions: usize) {
        let schemas = self.root.join("usr/share/glib-2.0/schemas");
        let mut keys = String::new();
        let mut table = gvdb::write::HashTableBuilder::new();
        let mut entries = Vec::new();
        for number in 0..count {
            let (kind, default, value) = match number % 3 {
                0 => ("b", "false", true.to_variant()),
                1 => ("s", "''", format!("value {number}").to_variant()),
                _ => ("u", "0", u32::try_from(number).unwrap().to_variant()),
            };
            keys += &format!(
                "<key name='key-{number}' type='{kind}'><default>{default}</default></key>\n"
            );
            table
                .insert_gvariant(&format!("/org/example/settings/key-{number}"), value.clone())
                .unwrap();
            let key = format!("key-{number}");
            entries.push(
                json!({ "schema": "org.example.settings", "key": key, "value": value.print(true).as_str() }),
            );
        }
        let uuids: Vec<String> = (0..extensions).map(uuid).collect();
        table.insert_gvariant("/org/gnome/shell/enabled-extensions", uuids.to_variant()).unwrap();
        let shell = ["enabled-extensions", "disabled-extensions"]
            .map(|key| format!("<key name='{key}' type='as'><default>[]</default></key>"))
            .concat();
        let switch = "<key name='disable-user-extensions' type='b'><default>false</default></key>";
        write(
            &schemas.join("machine.gschema.xml"),
            format!(
                "<schemalist><schema id='org.example.settings' path='/org/example/settings/'>{keys}</schema>\
                 <schema id='org.gnome.shell' path='/org/gnome/shell/'>{shell}{switch}</schema></schemalist>"
            ),
        );
        compile_schemas(&schemas);
        let database = gvdb::write::FileWriter::new().write_to_vec_with_table(table).unwrap();
        let file = self.home().join(".config/dconf/user");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, database).unwrap();
        self.manifest("gsettings.json", &json!({ "settings": entries }));
    }

    fn extensions(&self, count: usize) {
        let dir = self.home().join(".local/share/gnome-shell/extensions");
        for number in 0..count {
            let uuid = uuid(number);
            let metadata = json!({
                "uuid": uuid, "name": format!("Extension {number}"), "description": "", "shell-version": ["48"], "version": 3
            });
            write(&dir.join(&uuid).join("metadata.json"), metadata.to_string());
        }
        let uuids: Vec<String> = (0..count).map(uuid).collect();
        self.manifest("gnome-extensions.json", &json!({ "extensions": uuids }));
    }
}

fn uuid(number: usize) -> String {
    format!("extension-{number}@example.org")
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[allow(clippy::disallowed_methods, reason = "GLib has no library call that compiles schemas")]
fn compile_schemas(dir: &Path) {
    let done = std::process::Command::new("glib-compile-schemas").arg("--strict").arg(dir).status();
    assert!(
        done.expect("glib-compile-schemas is needed: Debian's libglib2.0-dev-bin has it").success()
    );
}
