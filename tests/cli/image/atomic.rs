//! A machine that was started from an image, or one that was not, below a directory.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value as Json;

use crate::sandbox::{Run, Sandbox};

/// The Containerfile that the scenarios begin with.
pub const CONTAINERFILE: &str = "\
FROM registry.example.org/base:42

# === SYSTEM_PACKAGES (managed by bkt) ===
# === END SYSTEM_PACKAGES ===

# === KERNEL_ARGUMENTS (managed by bkt) ===
# === END KERNEL_ARGUMENTS ===

# === SYSTEMD_UNITS (managed by bkt) ===
# === END SYSTEMD_UNITS ===

# Mine.
RUN echo hello
RUN bootc container lint
";

pub struct Atomic {
    pub sandbox: Sandbox,
}

impl Atomic {
    /// A machine that was started from an image with bash, vim and firefox.
    pub fn new() -> Self {
        let atomic = Self::not_atomic();
        atomic.stand_in(&["make-machine", "bash", "vim", "firefox"]);
        atomic
    }

    /// A machine with the same programs that was installed in the usual way.
    pub fn not_atomic() -> Self {
        let mut sandbox = Sandbox::new();
        let programs = sandbox.path("usr/bin");
        std::fs::create_dir_all(&programs).unwrap();
        let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins");
        for name in ["rpm-ostree", "dnf5", "pkexec"] {
            symlink(stand_ins.join(name), programs.join(name)).unwrap();
        }
        let mut path = OsString::from(programs);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        sandbox.vars.insert("PATH", path);
        sandbox.vars.insert("BKT_ROOT", sandbox.path("").into());
        sandbox.write("repositories", "bash\nvim\nfirefox\nhtop\nhtpdate\nripgrep\ngit\n");
        sandbox.write("groups", "c-development\neditors\n");
        sandbox.write("proc/cmdline", "quiet\n");
        sandbox.write("proc/sys/kernel/random/boot_id", "0b7f-1\n");
        sandbox.write("repo/Containerfile", CONTAINERFILE);
        sandbox.commit();
        Self { sandbox }
    }

    /// The same machine without a program.
    pub fn without(self, name: &str) -> Self {
        std::fs::remove_file(self.sandbox.path("usr/bin").join(name)).unwrap();
        self
    }

    /// A word of its own that rpm-ostree's stand-in knows.
    pub fn stand_in(&self, args: &[&str]) {
        self.stand_in_of("rpm-ostree", args);
    }

    /// The person calls a stand-in themselves.
    pub fn stand_in_of(&self, name: &str, args: &[&str]) {
        let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins");
        let program = stand_ins.join(name);
        let output = self.sandbox.command(program.to_str().unwrap()).args(args).output().unwrap();
        Run::of(output).exits(0);
    }

    pub fn bkt(&self, args: &[&str]) -> Run {
        self.sandbox.bkt(args)
    }

    /// What rpm-ostree was asked for since this was called last.
    pub fn ran(&self) -> Vec<String> {
        let path = self.sandbox.path("ran");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text.lines()
            .filter(|line| !line.starts_with("rpm-ostree search"))
            .map(str::to_owned)
            .collect()
    }

    /// What a list of a manifest says, by a path of names.
    pub fn says(&self, file: &str, list: &str) -> Vec<String> {
        let path = self.sandbox.path("repo/manifests").join(file);
        let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
        let json: Json = serde_json::from_str(&text).unwrap();
        let list = list.split('/').try_fold(&json, |json, name| json.get(name));
        let list = list.and_then(Json::as_array).cloned().unwrap_or_default();
        list.iter()
            .map(|entry| entry.as_str().map_or_else(|| entry.to_string(), str::to_owned))
            .collect()
    }

    pub fn packages(&self) -> Vec<String> {
        self.says("system-packages.json", "packages")
    }

    pub fn excluded(&self) -> Vec<String> {
        self.says("system-packages.json", "excluded")
    }

    pub fn containerfile(&self) -> String {
        self.sandbox.read("repo/Containerfile")
    }

    /// Nothing of the repository has changed since it was committed.
    #[track_caller]
    pub fn untouched(&self) {
        assert_eq!(self.sandbox.git(&["status", "--short"]), "");
    }

    /// The items of a subsystem that were listed: key and state.
    pub fn items(&self, subsystem: &str) -> Vec<(String, String)> {
        let report = self.bkt(&["status", subsystem, "--json"]).json();
        let items = report["subsystems"][0]["items"].as_array().cloned().unwrap_or_default();
        let text = |item: &Json, name: &str| item[name].as_str().unwrap().to_owned();
        items.iter().map(|item| (text(item, "key"), text(item, "state"))).collect()
    }
}
