//! An atomic machine below a directory: deployments in ostree's layout with their origins and rpm databases, `/usr` of
//! the one that runs, `/etc`, a repository, and a stand-in for rpm-ostree.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bucket::core::item::{ItemKey, SubsystemId};
use bucket::core::plan::Command;
use bucket::core::report::{ItemReport, Report};
use bucket::engine::{Engine, Outcome, Request};
use bucket::host::command::{self, RunError};
use bucket::host::{Environment, Host, Runner};
use bucket::manifest::repo::{Found, Repo};
use rusqlite::Connection;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// What the image is called in origins.
const IMAGE: &str = "ostree-image-signed:docker://registry.example.org/os:stable";

/// What a package brings with it, by rpm-ostree's stand-in.
const NEEDS: [(&str, &str); 1] = [("gimp", "gimp-libs")];

/// One machine below a directory; its files go when it is dropped.
pub struct Machine {
    dir: tempfile::TempDir,
    stand_in: Arc<StandInRpmOstree>,
}

/// What was asked for on top of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub requested: BTreeSet<String>,
    pub removed: BTreeSet<String>,
    /// Further lines of the origin, whole groups.
    pub more: String,
}

impl Machine {
    /// A machine started from an image with these packages: `name`, or `name.arch`.
    pub fn new(image: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_owned();
        let stand_in = StandInRpmOstree { root, ran: Mutex::default() };
        let machine = Self { dir, stand_in: Arc::new(stand_in) };
        machine.file("run/ostree-booted", "");
        machine.file("etc/os-release", "ID=test\n");
        fs::create_dir_all(machine.path("repo/manifests")).unwrap();
        fs::create_dir_all(machine.path("home")).unwrap();
        let place = machine.stand_in.deploy(image, &Asked::default());
        machine.boot(&place);
        machine
    }

    /// A directory with a repository, which was started from no image.
    pub fn bare() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let stand_in = StandInRpmOstree { root: dir.path().to_owned(), ran: Mutex::default() };
        let machine = Self { dir, stand_in: Arc::new(stand_in) };
        fs::create_dir_all(machine.path("repo/manifests")).unwrap();
        fs::create_dir_all(machine.path("home")).unwrap();
        machine
    }

    /// A path below its root.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    /// Writes a file below its root.
    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) {
        write(&self.path(path), content);
    }

    /// The directory of the deployment that runs.
    pub fn booted(&self) -> PathBuf {
        self.stand_in.deployments().join(self.stand_in.booted())
    }

    /// Writes a file into the image that runs, below its root: `usr/etc/x`.
    pub fn image_file(&self, path: &str, content: impl AsRef<[u8]>) {
        write(&self.booted().join(path), content);
    }

    /// Writes a manifest.
    pub fn manifest(&self, name: &str, json: &Json) {
        let path = self.path("repo/manifests").join(name);
        write(&path, serde_json::to_string_pretty(json).unwrap() + "\n");
    }

    /// What a manifest says.
    pub fn says(&self, name: &str) -> Json {
        let text = fs::read_to_string(self.path("repo/manifests").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The machine as a program sees it that was started now.
    pub fn host(&self) -> Host {
        Host::new(Environment::below(self.dir.path()), self.stand_in.clone())
    }

    /// A new process on this machine.
    pub fn engine(&self) -> Engine {
        let repo = Repo {
            root: self.path("repo"),
            id: "image-repository".into(),
            found: Found::Named,
            trusted: true,
        };
        Engine::new(self.host(), repo, bucket::subsystem::all())
    }

    /// Surveys one subsystem, which starts no program.
    pub fn survey(&self, subsystem: &SubsystemId) -> Report {
        let before = self.ran().len();
        let report = self.engine().survey(std::slice::from_ref(subsystem)).unwrap();
        assert_eq!(self.ran().len(), before, "a survey started a program");
        report
    }

    /// One item, as a survey finds it.
    pub fn item(&self, subsystem: &SubsystemId, key: &str) -> Option<ItemReport> {
        self.survey(subsystem).item(subsystem, &ItemKey::new(key)).cloned()
    }

    /// Plans and carries out.
    pub fn act(&self, subsystem: &SubsystemId, request: &Request) -> Outcome {
        let engine = self.engine();
        let plan = engine.plan(&self.survey(subsystem), request).unwrap();
        engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap()
    }

    /// What rpm-ostree was asked for, each as a command line.
    pub fn ran(&self) -> Vec<String> {
        self.stand_in.ran.lock().unwrap().clone()
    }

    /// The person asks rpm-ostree for something themselves.
    pub fn rpm_ostree(&self, args: &[&str]) {
        self.stand_in.ask(&args.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    }

    /// The person has dnf put packages on top until the next restart, or take them off.
    pub fn dnf_transient(&self, verb: &str, names: &[&str]) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        self.stand_in.transient(verb, &names);
    }

    /// An upgrade: another image is made ready, with what was asked for on top of it.
    pub fn stage_image(&self, image: &[&str]) {
        let asked = self.stand_in.asked(&self.stand_in.next());
        self.stand_in.stage(image, &asked);
    }

    /// Makes ready what the origin says too, as something else than rpm-ostree would write it.
    pub fn stage_origin(&self, more: &str) {
        let next = self.stand_in.next();
        let asked = Asked { more: more.to_owned(), ..self.stand_in.asked(&next) };
        let image = self.stand_in.image(&next);
        self.stand_in.stage(&image.iter().map(String::as_str).collect::<Vec<_>>(), &asked);
    }

    /// Starts the machine anew: what was made ready runs.
    pub fn reboot(&self) {
        let next = self.stand_in.next();
        let _ = fs::remove_file(self.path("run/ostree/staged-deployment"));
        self.boot(&next);
    }

    /// The person starts the image that was there first.
    pub fn roll_back(&self) {
        let first = fs::read_link(self.path("ostree/boot.1.1/os/f00/0")).unwrap();
        self.file("proc/cmdline", "quiet ostree=/ostree/boot.1/os/f00/0\n");
        fs::remove_file(self.path("usr")).unwrap();
        let place = first.file_name().unwrap().to_str().unwrap();
        symlink(format!("ostree/deploy/os/deploy/{place}/usr"), self.path("usr")).unwrap();
    }

    fn boot(&self, place: &str) {
        let kernel = self.path("ostree/boot.1.1/os/f00");
        let number = fs::read_dir(&kernel).map_or(0, Iterator::count);
        fs::create_dir_all(&kernel).unwrap();
        let link = kernel.join(number.to_string());
        symlink(format!("../../../deploy/os/deploy/{place}"), link).unwrap();
        if number == 0 {
            symlink("boot.1.1", self.path("ostree/boot.1")).unwrap();
        } else {
            fs::remove_file(self.path("usr")).unwrap();
            let _ = fs::remove_dir_all(self.path("overlay"));
        }
        self.file("proc/cmdline", format!("quiet ostree=/ostree/boot.1/os/f00/{number}\n"));
        symlink(format!("ostree/deploy/os/deploy/{place}/usr"), self.path("usr")).unwrap();
    }
}

/// Stands for rpm-ostree and dnf5, and for pkexec before them: does to the deployments what rpm-ostree would do, as far as it is
/// described. A transaction makes a new deployment from the one that comes next: the same base, the origin with the new
/// requests, and a database with what that brings; it is staged. Any other program is an error of the test.
struct StandInRpmOstree {
    root: PathBuf,
    ran: Mutex<Vec<String>>,
}

impl Runner for StandInRpmOstree {
    fn run(
        &self,
        asked: &Command,
        _: &mut dyn FnMut(&str),
        _: &CancellationToken,
    ) -> Result<String, RunError> {
        let line = command::display(asked);
        if line == "dnf5 --help" {
            return Ok("Global options:\n  --transient  Use a transient overlay\n".to_owned());
        }
        self.ran.lock().unwrap().push(line.clone());
        assert_eq!(asked.program, "pkexec", "{line}: only root may change deployments");
        let real = Command::new(asked.args[0].clone()).args(asked.args[1..].to_vec());
        match (real.program.as_str(), &real.args[..]) {
            ("install" | "rm" | "cp" | "systemctl", _) => {
                return command::Real.run(&real, &mut |_| (), &CancellationToken::new());
            }
            ("rpm-ostree", [verb, options @ ..]) if verb == "kargs" => {
                self.kargs(options);
                return Ok(String::new());
            }
            ("dnf5", [.., name]) if real.args.contains(&"copr".to_owned()) => {
                self.copr(&real.args, name);
                return Ok(String::new());
            }
            ("dnf5", [verb, option, yes, names @ ..]) if option == "--transient" => {
                assert_eq!(yes, "-y", "{line} would ask");
                self.transient(verb, names);
                return Ok(String::new());
            }
            ("rpm-ostree", _) => (),
            _ => panic!("{line} has no stand-in"),
        }
        let failed =
            |tail| RunError::Failed { command: line, status: "exit status: 1".into(), tail };
        self.ask(&asked.args[1..]).map(|()| String::new()).map_err(failed)
    }
}

impl StandInRpmOstree {
    fn deployments(&self) -> PathBuf {
        self.root.join("ostree/deploy/os/deploy")
    }

    /// The deployment that runs.
    fn booted(&self) -> String {
        let line = fs::read_to_string(self.root.join("proc/cmdline")).unwrap();
        let link = line.trim().rsplit_once("ostree=/").unwrap().1;
        let place = fs::read_link(self.root.join(link)).unwrap();
        place.file_name().unwrap().to_str().unwrap().to_owned()
    }

    /// What dnf5 leaves beside bootc: an overlay over `/usr`, which only its own database and notes are written into.
    fn transient(&self, verb: &str, names: &[String]) {
        let (usr, overlay) = (self.root.join("usr"), self.root.join("overlay"));
        let notes = "usr/lib/sysimage/libdnf5/packages.toml";
        if !overlay.exists() {
            let below = usr.canonicalize().unwrap();
            for name in ["bin", "etc", "lib/sysimage/rpm"] {
                if below.join(name).exists() {
                    let place = overlay.join(name);
                    fs::create_dir_all(place.parent().unwrap()).unwrap();
                    symlink(below.join(name), place).unwrap();
                }
            }
            fs::create_dir_all(overlay.join("share/rpm")).unwrap();
            let file = "share/rpm/rpmdb.sqlite";
            fs::copy(below.join(file), overlay.join(file)).unwrap();
            fs::remove_file(&usr).unwrap();
            symlink("overlay", &usr).unwrap();
        }
        let database = Connection::open(usr.join("share/rpm/rpmdb.sqlite")).unwrap();
        let mut reasons =
            fs::read_to_string(self.root.join(notes)).unwrap_or("[packages]\n".into());
        for name in names {
            let needed = NEEDS.iter().find(|one| one.0 == name).map(|one| one.1);
            for (name, reason) in [(Some(name.as_str()), "User"), (needed, "Dependency")] {
                let Some(name) = name else { continue };
                let note = format!("\"{name}.x86_64\" = {{ reason = \"{reason}\" }}\n");
                if verb == "install" {
                    let number = "SELECT 1 + coalesce(max(hnum), 0) FROM Packages";
                    let number: i64 = database.query_row(number, [], |row| row.get(0)).unwrap();
                    let header = header(name, "x86_64");
                    let put = "INSERT INTO Packages VALUES (?, ?)";
                    database.execute(put, (number, header)).unwrap();
                    database.execute("INSERT INTO Name VALUES (?, ?, 0)", (name, number)).unwrap();
                    reasons += &note;
                } else {
                    let gone = database.execute("DELETE FROM Name WHERE key = ?", [name]).unwrap();
                    assert!(gone > 0, "dnf {verb} {name}: not installed");
                    reasons = reasons.replace(&note, "");
                }
            }
        }
        database.close().unwrap();
        write(&self.root.join(notes), reasons);
    }

    /// The deployment that comes next: the one made last.
    fn next(&self) -> String {
        let made = |name: &String| {
            let path = self.deployments().join(format!("{name}.origin"));
            fs::metadata(path).unwrap().modified().unwrap()
        };
        let names = fs::read_dir(self.deployments()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".origin")).max_by_key(made).unwrap()
    }

    fn asked(&self, place: &str) -> Asked {
        let text = fs::read_to_string(self.deployments().join(format!("{place}.origin"))).unwrap();
        let list = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            let names = value.unwrap_or_default().split(';').filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        Asked { requested: list("requested"), removed: list("remove"), more: String::new() }
    }

    /// The packages of the image below a deployment.
    fn image(&self, place: &str) -> Vec<String> {
        let text = fs::read_to_string(self.deployments().join(place).join("image")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn ask(&self, args: &[String]) -> Result<(), String> {
        let next = self.next();
        let (before, image) = (self.asked(&next), self.image(&next));
        let mut asked = before.clone();
        let names = args.iter().filter(|arg| !arg.starts_with('-'));
        let words: Vec<&str> = names.map(String::as_str).collect();
        let has = |name: &str| args.iter().any(|arg| arg == name);
        match *words.as_slice() {
            ["install", ref names @ ..] => {
                for name in names {
                    match (*name, image.iter().any(|one| one == name)) {
                        ("no-such-package", _) => {
                            return Err(format!("error: Packages not found: {name}"));
                        }
                        (_, true) if !has("--allow-inactive") => {
                            return Err(format!("error: {name} is already provided by the base"));
                        }
                        _ => (),
                    }
                    if !asked.requested.insert((*name).to_owned()) && !has("--idempotent") {
                        return Err(format!("error: Package {name} is already requested"));
                    }
                }
            }
            ["uninstall", ref names @ ..] => {
                for name in names {
                    if !asked.requested.remove(*name) {
                        return Err(format!("error: Package {name} is not currently requested"));
                    }
                }
            }
            ["override", "remove", ref names @ ..] => {
                for name in names {
                    if !image.iter().any(|one| one == name) {
                        return Err(format!("error: Package {name} is not in the base"));
                    }
                    asked.removed.insert((*name).to_owned());
                }
            }
            ["override", "reset", ref names @ ..] => {
                for name in names {
                    if !asked.removed.remove(*name) {
                        return Err(format!("error: No overrides for {name}"));
                    }
                }
            }
            _ => return Err(format!("error: {args:?} has no stand-in")),
        }
        if asked != before {
            self.stage(&image.iter().map(String::as_str).collect::<Vec<_>>(), &asked);
        }
        Ok(())
    }

    fn stage(&self, image: &[&str], asked: &Asked) {
        // What was staged before is replaced, if nothing started it.
        let booted = self.booted();
        let staged = self.root.join("run/ostree/staged-deployment");
        let old = self.next();
        if staged.exists() && booted != old {
            fs::remove_dir_all(self.deployments().join(&old)).unwrap();
            fs::remove_file(self.deployments().join(format!("{old}.origin"))).unwrap();
        }
        self.deploy(image, asked);
        if !staged.exists() {
            write(&staged, "");
        }
    }

    /// What `rpm-ostree kargs` leaves: a deployment that is made ready, with its arguments.
    fn kargs(&self, options: &[String]) {
        let line = fs::read_to_string(self.root.join("proc/cmdline")).unwrap();
        let mut next: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        for option in options {
            match option.split_once('=').unwrap() {
                ("--append-if-missing", one) if !next.iter().any(|other| other == one) => {
                    next.push(one.to_owned());
                }
                ("--append-if-missing", _) => (),
                ("--delete-if-present", one) => next.retain(|other| other != one),
                (other, _) => panic!("{other} is no option of rpm-ostree kargs"),
            }
        }
        let latest = self.next();
        let (asked, image) = (self.asked(&latest), self.image(&latest));
        self.stage(&image.iter().map(String::as_str).collect::<Vec<_>>(), &asked);
        let noted = glib::VariantDict::new(None);
        noted.insert("kargs", &next);
        write(&self.root.join("run/ostree/staged-deployment"), noted.end().data());
    }

    /// What dnf's plugin leaves: a file for each project.
    fn copr(&self, args: &[String], name: &str) {
        let (owner, project) = name.split_once('/').unwrap();
        let id = format!("copr:copr.fedorainfracloud.org:{owner}:{project}");
        let place = self.root.join(format!("etc/yum.repos.d/_{id}.repo"));
        if args.iter().any(|arg| arg == "remove") {
            return fs::remove_file(place).unwrap();
        }
        let enabled = u8::from(args.iter().any(|arg| arg == "enable"));
        let text = format!(
            "[{id}]\nname=x\nbaseurl=https://example.org/\nenabled={enabled}\ngpgcheck=1\n"
        );
        write(&place, text);
    }

    /// Makes a deployment of an image with what was asked for, and says where it is.
    fn deploy(&self, image: &[&str], asked: &Asked) -> String {
        let content = format!("{image:?}{asked:?}");
        let checksum =
            Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let serial = (0..).find(|n| !self.deployments().join(format!("{checksum}.{n}")).exists());
        let place = format!("{checksum}.{}", serial.unwrap());
        let dir = self.deployments().join(&place);
        write(&dir.join("image"), image.join("\n"));
        let layered = asked.requested.iter().filter(|name| !image.contains(&name.as_str()));
        let needed = layered.clone().flat_map(|name| NEEDS.iter().filter(move |one| one.0 == name));
        let mut all: Vec<&str> =
            image.iter().copied().filter(|name| !asked.removed.contains(*name)).collect();
        all.extend(layered.map(String::as_str));
        all.extend(needed.map(|(_, need)| *need));
        rpmdb(&dir.join("usr/share/rpm"), &all);
        fs::create_dir_all(dir.join("usr/lib/sysimage")).unwrap();
        symlink("../../share/rpm", dir.join("usr/lib/sysimage/rpm")).unwrap();
        if all != image {
            rpmdb(&dir.join("usr/lib/sysimage/rpm-ostree-base-db"), image);
        }
        // What else the image has, as it was before.
        write(&dir.join("usr/bin/rpm-ostree"), "");
        let list =
            |names: &BTreeSet<String>| names.iter().map(|n| format!("{n};")).collect::<String>();
        let mut origin = format!("[origin]\ncontainer-image-reference={IMAGE}\n");
        if !asked.requested.is_empty() {
            origin += &format!("\n[packages]\nrequested={}\n", list(&asked.requested));
        }
        if !asked.removed.is_empty() {
            origin += &format!("\n[overrides]\nremove={}\n", list(&asked.removed));
        }
        write(&self.deployments().join(format!("{place}.origin")), origin + &asked.more);
        place
    }
}

pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Writes an rpm database with these packages, `name` or `name.arch`, in the tables that rpm's SQLite backend makes.
pub fn rpmdb(dir: &Path, packages: &[&str]) {
    fs::create_dir_all(dir).unwrap();
    let mut database = Connection::open(dir.join("rpmdb.sqlite")).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode=WAL;
             CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);
             CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL);
             CREATE INDEX 'Name_key_idx' ON 'Name'(key ASC);",
        )
        .unwrap();
    let all = database.transaction().unwrap();
    for (number, package) in packages.iter().enumerate() {
        let arch = ["i686", "x86_64", "noarch"]
            .into_iter()
            .find_map(|arch| Some((package.strip_suffix(arch)?.strip_suffix('.')?, arch)));
        let (name, arch) = arch.unwrap_or((*package, "x86_64"));
        let number = i64::try_from(number).unwrap() + 1;
        all.execute("INSERT INTO Packages VALUES (?, ?)", (number, header(name, arch))).unwrap();
        all.execute("INSERT INTO Name VALUES (?, ?, 0)", (name, number)).unwrap();
    }
    all.commit().unwrap();
}

/// A package's header as rpm stores it: counts, entries, data.
pub fn header(name: &str, arch: &str) -> Vec<u8> {
    let texts: [(u32, u32, &str); 5] = [
        (1000, 6, name),
        (1001, 6, "1.0"),
        (1002, 6, "1"),
        (1004, 9, "A package for tests"),
        (1022, 6, arch),
    ];
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (tag, kind, text) in texts {
        for number in [tag, kind, u32::try_from(data.len()).unwrap(), 1] {
            entries.extend(number.to_be_bytes());
        }
        data.extend(text.bytes());
        data.push(0);
    }
    let mut header = Vec::new();
    for number in [texts.len(), data.len()] {
        header.extend(u32::try_from(number).unwrap().to_be_bytes());
    }
    header.extend(entries);
    header.extend(data);
    header
}
