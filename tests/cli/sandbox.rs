//! A machine of one person, with a repository, below a directory that goes away.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use glib::Variant;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// The program under test.
pub const BKT: &str = env!("CARGO_BIN_EXE_bkt");
/// The schema whose keys the scenarios set.
pub const SCHEMA: &str = "org.bkt.test";
/// How many keys of the kind `k07` there are.
pub const KEYS: usize = 40;

/// What a run of `bkt` came to.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same run, which must have ended like this.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// The same run, which must have said this, wherever.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "not said: {text}\n{self:#?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The machine.
pub struct Sandbox {
    dir: TempDir,
    set: BTreeMap<String, Variant>,
    /// Further variables of its environment.
    pub vars: BTreeMap<&'static str, std::ffi::OsString>,
}

impl Sandbox {
    /// A machine with GNOME Shell's schema and an empty repository that is in use.
    pub fn new() -> Self {
        let sandbox = Self::unused();
        sandbox.bkt(&["repo", "use", sandbox.repo().to_str().unwrap()]).exits(0);
        sandbox
    }

    /// The same, but the person has not said yes to the repository.
    pub fn unused() -> Self {
        let dir = TempDir::with_prefix("bkt-cli-").unwrap();
        let sandbox = Self { dir, set: BTreeMap::new(), vars: BTreeMap::new() };
        for dir in ["home", "repo/manifests", "run"] {
            fs::create_dir_all(sandbox.path(dir)).unwrap();
        }
        sandbox.schemas(true);
        let service = "[D-BUS Service]\nName=ca.desrt.dconf\nExec=/usr/libexec/dconf-service\n";
        sandbox.write("usr/share/dbus-1/services/ca.desrt.dconf.service", service);
        // Where the tests run as root, not this machine's own containers.
        let containers =
            format!("[storage]\ngraphroot = \"{}\"\n", sandbox.path("containers").display());
        sandbox.write("storage.conf", &containers);
        sandbox.write("repo/repo.json", "{ \"name\": \"distribution\" }\n");
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.commit();
        sandbox
    }

    /// Compiles the schemas, with GNOME Shell's or without.
    pub fn schemas(&self, shell: bool) {
        let keys: String = (0..KEYS)
            .map(|n| format!("<key name='k{n:02}' type='s'><default>''</default></key>"))
            .collect();
        let lists = ["enabled-extensions", "disabled-extensions"]
            .map(|key| format!("<key name='{key}' type='as'><default>[]</default></key>"))
            .concat();
        let switch = "<key name='disable-user-extensions' type='b'><default>false</default></key>";
        let shell = match shell {
            true => format!(
                "<schema id='org.gnome.shell' path='/org/gnome/shell/'>{lists}{switch}</schema>"
            ),
            false => String::new(),
        };
        self.write(
            "usr/share/glib-2.0/schemas/test.gschema.xml",
            &format!("<schemalist><schema id='{SCHEMA}' path='/org/bkt/test/'>{keys}</schema>{shell}</schemalist>"),
        );
        let done = Command::new("glib-compile-schemas")
            .args(["--strict"])
            .arg(self.path("usr/share/glib-2.0/schemas"))
            .status();
        let done =
            done.expect("glib-compile-schemas is needed: Debian's libglib2.0-dev-bin has it");
        assert!(done.success());
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    pub fn manifest(&self) -> PathBuf {
        self.path("repo/manifests/gsettings.json")
    }

    pub fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    /// The manifest of settings, with these.
    pub fn manifest_of(&self, settings: &[(&str, &str)]) {
        let settings: Vec<Json> = settings
            .iter()
            .map(|(key, value)| json!({ "schema": SCHEMA, "key": key, "value": format!("'{value}'") }))
            .collect();
        let text = serde_json::to_string_pretty(&json!({ "settings": settings })).unwrap();
        fs::write(self.manifest(), text + "\n").unwrap();
    }

    /// What a layer of the manifest says of settings.
    pub fn wanted_in(&self, layer: &str) -> BTreeMap<String, String> {
        let text = self.read(&format!("repo/manifests/{layer}gsettings.json"));
        let json: Json = serde_json::from_str(&text).unwrap();
        let settings = json["settings"].as_array().unwrap();
        let map: BTreeMap<String, String> = settings
            .iter()
            .map(|entry| {
                let value = entry["value"].as_str().unwrap_or("absent").trim_matches('\'');
                (entry["key"].as_str().unwrap().to_owned(), value.to_owned())
            })
            .collect();
        assert_eq!(map.len(), settings.len(), "an entry stands there twice: {text}");
        map
    }

    pub fn wanted(&self) -> BTreeMap<String, String> {
        self.wanted_in("")
    }

    /// Sets a key as the person would, while no program looks.
    pub fn set(&mut self, key: &str, value: &str) {
        self.set.insert(format!("/org/bkt/test/{key}"), Variant::from(value));
        self.save();
    }

    /// Sets any key of dconf, while no program looks.
    pub fn set_raw(&mut self, key: &str, value: Variant) {
        self.set.insert(key.to_owned(), value);
        self.save();
    }

    /// Switches these extensions on.
    pub fn enable(&mut self, uuids: &[&str]) {
        self.set_raw("/org/gnome/shell/enabled-extensions", uuids.into());
    }

    /// Sets a key back to its default.
    pub fn unset(&mut self, key: &str) {
        self.set.remove(&format!("/org/bkt/test/{key}"));
        self.save();
    }

    fn save(&self) {
        let mut table = gvdb::write::HashTableBuilder::new();
        for (key, value) in &self.set {
            table.insert_gvariant(key, value.clone()).unwrap();
        }
        let database = gvdb::write::FileWriter::new().write_to_vec_with_table(table).unwrap();
        let file = self.path("home/.config/dconf/user");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, database).unwrap();
    }

    /// What dconf itself reads as the value of a key.
    pub fn value(&self, key: &str) -> Option<String> {
        let bytes = fs::read(self.path("home/.config/dconf/user")).ok()?;
        let file = gvdb::read::File::from_bytes(bytes.into()).unwrap();
        let value =
            file.hash_table().unwrap().get_gvariant(&format!("/org/bkt/test/{key}")).ok()?;
        value.get::<String>().or_else(|| value.as_variant()?.get::<String>())
    }

    /// A command in the repository, in this machine's environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            // Also where the tests themselves run in a box, nothing is handed over to its host.
            .env("BKT_ROOT", "/")
            .env("XDG_RUNTIME_DIR", self.path("run"))
            // Not this machine's own applications.
            .env("FLATPAK_SYSTEM_DIR", self.path("var/lib/flatpak"))
            .env("XDG_DATA_DIRS", self.path("usr/share"))
            .env("CONTAINERS_STORAGE_CONF", self.path("storage.conf"))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Test")
            .env("GIT_AUTHOR_EMAIL", "test@example.org")
            .env("GIT_COMMITTER_NAME", "Test")
            .env("GIT_COMMITTER_EMAIL", "test@example.org")
            .envs(&self.vars)
            .stdin(Stdio::null());
        command
    }

    pub fn bkt(&self, args: &[&str]) -> Run {
        Run::of(self.command(BKT).args(args).output().unwrap())
    }

    /// `bkt` inside a session: on a bus, where dconf's service is started when it is called.
    pub fn in_session(&self, args: &[&str]) -> Run {
        let mut command = self.command("dbus-run-session");
        command.arg("--").arg(BKT).args(args);
        Run::of(command.output().expect("dbus-run-session is needed: Debian's dbus has it"))
    }

    /// `bkt` with these answers on its standard input.
    pub fn answering(&self, answers: &str, args: &[&str]) -> Run {
        use std::io::Write;
        let mut child = self
            .command(BKT)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        Run::of(child.wait_with_output().unwrap())
    }

    pub fn git(&self, args: &[&str]) -> String {
        Run::of(self.command("git").args(args).output().unwrap()).exits(0).out
    }

    pub fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "as it is"]);
    }

    /// The state of every item that asks for attention.
    #[track_caller]
    pub fn drift(&self) -> BTreeMap<String, String> {
        let report = self.bkt(&["status", "--json"]).json();
        let subsystems = report["subsystems"].as_array().unwrap().iter();
        subsystems
            .flat_map(|subsystem| subsystem["items"].as_array().unwrap())
            .filter(|item| item.get("ignored").is_none() && item["state"] != "in-sync")
            .map(|item| {
                let text = |name: &str| item[name].as_str().unwrap().to_owned();
                (text("key").replace(&format!("{SCHEMA} "), ""), text("state"))
            })
            .collect()
    }

    /// The machine's name, as layers use it.
    pub fn hostname() -> String {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        name.trim().split('.').next().unwrap().to_owned()
    }

    /// Where this machine keeps its state of the repository.
    pub fn state(&self) -> PathBuf {
        let known: Json =
            serde_json::from_str(&self.read("home/.local/state/bkt/repos.json")).unwrap();
        self.path("home/.local/state/bkt").join(known["known"][0]["id"].as_str().unwrap())
    }
}

/// `strace` of `bkt ARGS` on `sandbox`, writing to `log`.
pub fn strace(sandbox: &Sandbox, log: &Path, options: &[&str], args: &[&str]) -> Output {
    let mut command = sandbox.command("strace");
    command.args(["-f", "-qq", "-o"]).arg(log).args(options).arg(BKT).args(args);
    command.output().expect("strace is needed to test crashes at every step: install it")
}

/// The items of the shape "key → state" that a scenario expects.
pub fn items(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(key, state)| ((*key).to_owned(), (*state).to_owned())).collect()
}
