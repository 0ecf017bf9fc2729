//! Units and kernel arguments from end to end, on a machine below a directory: units with the real systemctl, kernel
//! arguments with a stand-in for rpm-ostree, which has no package for the lab.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bucket::core::item::{ItemKey, Pending};
use bucket::core::merge::Drift;
use bucket::core::plan::Command;
use bucket::core::report::{ItemReport, Report};
use bucket::engine::{Engine, Outcome, Request, Verb};
use bucket::host::command::{Real, RunError};
use bucket::host::{Environment, Host, Runner};
use bucket::manifest::repo::{Found, Repo};
use bucket::subsystem::{kargs, units};
use glib::VariantDict;
use tokio_util::sync::CancellationToken;

use super::machine::write;

/// pkexec for a person who knows the password, and rpm-ostree as far as kernel arguments go; other programs are real.
struct StandIns {
    root: PathBuf,
    ran: Mutex<Vec<String>>,
}

impl Runner for StandIns {
    fn run(
        &self,
        command: &Command,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<String, RunError> {
        assert_eq!(command.program, "pkexec", "{command:?} needs root");
        let command = Command::new(command.args[0].clone()).args(command.args[1..].to_vec());
        let root = self.root.display().to_string();
        self.ran.lock().unwrap().push(command.args.join(" ").replace(&root, ""));
        match command.program.as_str() {
            "systemctl" | "install" | "rm" => Real.run(&command, line, cancel),
            "rpm-ostree" => {
                self.stage(&command.args);
                Ok(String::new())
            }
            other => panic!("{other} has no stand-in"),
        }
    }
}

impl StandIns {
    /// What `rpm-ostree kargs` leaves: a deployment that is made ready, with its arguments.
    fn stage(&self, args: &[String]) {
        assert_eq!(args[0], "kargs");
        let staged = self.root.join("run/ostree/staged-deployment");
        let known = fs::read(&staged).ok().and_then(|bytes| {
            let bytes = glib::Bytes::from_owned(bytes);
            let noted = glib::Variant::from_bytes_with_type(&bytes, glib::VariantTy::VARDICT);
            VariantDict::new(Some(&noted)).lookup::<Vec<String>>("kargs").ok()?
        });
        let line = fs::read_to_string(self.root.join("proc/cmdline")).unwrap();
        let running = || words(&line);
        let mut next: Vec<String> = known.unwrap_or_else(running);
        for arg in &args[1..] {
            let (option, argument) = arg.split_once('=').unwrap();
            let there = next.iter().any(|one| one == argument);
            match option {
                "--append-if-missing" if !there => next.push(argument.to_owned()),
                "--append-if-missing" => (),
                "--delete-if-present" => next.retain(|one| one != argument),
                other => panic!("{other} is no option of rpm-ostree kargs"),
            }
        }
        deploy(&self.root, 'b');
        let noted = VariantDict::new(None);
        noted.insert("kargs", &next);
        write(&staged, noted.end().data());
    }
}

/// A command line taken apart as ostree does: what stands between double quotes is not split.
fn words(line: &str) -> Vec<String> {
    let mut quoted = false;
    let split = line.trim().split(|c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    split.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A deployment of the one image there is.
fn deploy(root: &Path, digit: char) {
    let name = format!("{}.0", digit.to_string().repeat(64));
    let deployments = root.join("ostree/deploy/os/deploy");
    write(&deployments.join(format!("{name}.origin")), "[origin]\nrefspec=os\n");
    let dir = deployments.join(&name);
    fs::create_dir_all(&dir).unwrap();
    let _ = symlink("../../../../../usr", dir.join("usr"));
}

struct Machine {
    dir: tempfile::TempDir,
    stand_ins: Arc<StandIns>,
}

const UNIT: &str = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";

impl Machine {
    /// A machine as its image made it: `on.service` is enabled there, `base.service` masked, `quiet` given.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_owned();
        let machine = Self { dir, stand_ins: Arc::new(StandIns { root, ran: Mutex::default() }) };
        machine.file("run/ostree-booted", "");
        machine.file("proc/cmdline", "root=UUID=1 given local=1 ostree=/ostree/boot.1/os/f00/0\n");
        deploy(machine.dir.path(), 'a');
        fs::create_dir_all(machine.path("ostree/boot.1/os/f00")).unwrap();
        let place = format!("../../../deploy/os/deploy/{}.0", "a".repeat(64));
        symlink(place, machine.path("ostree/boot.1/os/f00/0")).unwrap();
        machine.file("usr/bin/rpm-ostree", "");
        machine.file("usr/lib/bootc/kargs.d/10-base.toml", "kargs = [\"given\"]\n");
        machine.file("usr/lib/systemd/system-preset/99-default.preset", "disable *\n");
        for unit in ["on", "off", "base", "socket"] {
            machine.file(&format!("usr/lib/systemd/system/{unit}.service"), UNIT);
        }
        machine.file("usr/lib/systemd/system/multi-user.target", "[Unit]\n");
        for etc in ["usr/etc", "etc"] {
            let link = |place: &str, target: &str| {
                let path = machine.path(etc).join("systemd/system").join(place);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                symlink(target, path).unwrap();
            };
            link("multi-user.target.wants/on.service", "/usr/lib/systemd/system/on.service");
            link("base.service", "/dev/null");
        }
        fs::create_dir_all(machine.path("repo/manifests")).unwrap();
        fs::create_dir_all(machine.path("home")).unwrap();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn file(&self, path: &str, content: &str) {
        write(&self.path(path), content);
    }

    fn engine(&self) -> Engine {
        let host = Host::new(Environment::below(self.dir.path()), self.stand_ins.clone());
        let repo = Repo {
            root: self.path("repo"),
            id: "switches".into(),
            found: Found::Named,
            trusted: true,
        };
        Engine::new(host, repo, bucket::subsystem::all())
    }

    fn survey(&self) -> Report {
        let before = self.ran().len();
        let report = self.engine().survey(&[kargs::ID, units::ID]).unwrap();
        assert_eq!(self.ran().len(), before, "a survey started a program");
        report
    }

    fn item(&self, key: &str) -> Option<ItemReport> {
        let report = self.survey();
        let key = ItemKey::new(key);
        report.item(&units::ID, &key).or_else(|| report.item(&kargs::ID, &key)).cloned()
    }

    #[track_caller]
    fn state(&self, key: &str) -> (Drift, Option<Pending>) {
        let item = self.item(key).unwrap_or_else(|| panic!("{key} is not listed"));
        (item.state, item.pending)
    }

    #[track_caller]
    fn act(&self, request: &Request) -> Outcome {
        let engine = self.engine();
        let plan = engine.plan(&self.survey(), request).unwrap();
        assert!(plan.blocked.is_empty(), "{:?}", plan.blocked);
        let done = engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
        assert!(done.complete(), "{done:#?}");
        done
    }

    #[track_caller]
    fn undo(&self) {
        let engine = self.engine();
        let plan = engine.plan_undo(None).unwrap();
        let done = engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
        assert!(done.complete(), "{done:#?}");
    }

    fn ran(&self) -> Vec<String> {
        self.stand_ins.ran.lock().unwrap().clone()
    }

    /// The next start, as ostree makes it: what was made ready runs.
    fn restart(&self) {
        let staged = self.path("run/ostree/staged-deployment");
        let bytes = glib::Bytes::from_owned(fs::read(&staged).unwrap());
        let noted = glib::Variant::from_bytes_with_type(&bytes, glib::VariantTy::VARDICT);
        let next = VariantDict::new(Some(&noted)).lookup::<Vec<String>>("kargs").unwrap().unwrap();
        self.file("proc/cmdline", &(next.join(" ") + "\n"));
        fs::remove_file(staged).unwrap();
    }

    /// Everything below a directory: files with their text, links with their targets.
    fn tree(&self, dir: &str) -> BTreeMap<PathBuf, String> {
        let mut all = BTreeMap::new();
        let mut dirs = vec![self.path(dir)];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.dir.path()).unwrap().to_owned();
                match fs::read_link(&path) {
                    Ok(target) => drop(all.insert(name, target.display().to_string())),
                    Err(_) if path.is_dir() => dirs.push(path),
                    Err(_) => drop(all.insert(name, fs::read_to_string(&path).unwrap())),
                }
            }
        }
        all
    }
}

fn bulk(verb: Verb) -> Request {
    Request { prune: true, force: true, ..Request::all(verb) }
}

/// How many changes either direction would still make.
fn left(machine: &Machine) -> usize {
    let plan = |verb| machine.engine().plan(&machine.survey(), &bulk(verb)).unwrap();
    let plans = [plan(Verb::Capture), plan(Verb::Apply)];
    plans.iter().map(|plan| plan.changes.len() + plan.held.len()).sum()
}

/// The person switches units, writes one, and changes what the kernel is started with.
fn live_in(machine: &Machine) {
    let systemctl = |args: &[&str]| {
        let root = format!("--root={}", machine.dir.path().display());
        let command = Command::new("systemctl").arg(root).args(args.iter().copied());
        Real.run(&command, &mut |_| (), &CancellationToken::new()).unwrap();
    };
    machine.file("etc/systemd/system/mine.service", UNIT);
    systemctl(&["enable", "off.service", "mine.service"]);
    systemctl(&["disable", "on.service"]);
    systemctl(&["mask", "socket.service"]);
    machine.stand_ins.stage(&["kargs".into(), "--append-if-missing=new=1".into()]);
}

#[test]
fn what_was_captured_is_in_force_and_comes_to_another_machine() {
    let machine = Machine::new();
    assert_eq!(machine.survey().drifted(), 1, "the local argument");
    live_in(&machine);
    let here = [
        ("off.service", "enabled"),
        ("mine.service", "enabled"),
        ("on.service", "disabled"),
        ("socket.service", "masked"),
    ];
    for (unit, state) in here {
        let item = machine.item(unit).unwrap();
        let live = item.live.unwrap();
        assert_eq!((item.state, live.text("state")), (Drift::Unmanaged, Some(state)), "{unit}");
    }
    assert_eq!(machine.state("file/mine.service"), (Drift::Unmanaged, None));
    assert_eq!(machine.state("append/new=1"), (Drift::Unmanaged, Some(Pending::Reboot)));
    let etc = machine.tree("etc");
    machine.act(&bulk(Verb::Capture));
    assert_eq!(left(&machine), 0);
    assert_eq!(machine.tree("etc"), etc, "a capture changes no machine");
    assert_eq!(machine.tree("repo/systemd").len(), 1);
    assert_eq!(machine.state("append/new=1"), (Drift::Pending, Some(Pending::Reboot)));
    assert!(machine.tree("repo").values().all(|text| !text.contains("root=")), "noise");

    let other = Machine::new();
    for (path, text) in machine.tree("repo") {
        write(&other.dir.path().join(path), text);
    }
    for (unit, _) in here {
        assert_eq!(other.state(unit), (Drift::Pending, Some(Pending::ImageBuild)), "{unit}");
    }
    assert_eq!(left(&other), 0, "it comes with the next image");
    let before = other.tree("etc");
    other.act(&Request { now: true, ..bulk(Verb::Apply) });
    let one_each: Vec<String> = other
        .ran()
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        one_each,
        [
            "kargs --append-if-missing=new=1",
            "-D -m",
            "--root= disable",
            "--root= enable",
            "--root= mask",
        ]
    );
    assert_eq!(left(&other), 0);
    for (unit, _) in here {
        assert_eq!(other.state(unit), (Drift::InSync, None), "{unit}");
    }
    assert_eq!(other.tree("etc"), machine.tree("etc"));
    let states = |machine: &Machine| -> Vec<(String, Drift)> {
        let report = machine.survey();
        let items = report.subsystems.iter().flat_map(|subsystem| &subsystem.items);
        items.map(|item| (item.key.to_string(), item.state)).collect()
    };
    assert_eq!(states(&other), states(&machine));
    other.undo();
    assert_eq!(other.tree("etc"), before);
    assert_eq!(other.tree("home/.cache/bkt/units").len(), 0);
    for (unit, _) in here {
        assert_eq!(other.state(unit), (Drift::Pending, Some(Pending::ImageBuild)), "{unit}");
    }
    assert_eq!(other.state("append/new=1"), (Drift::Pending, Some(Pending::ImageBuild)));
}

#[test]
fn what_the_person_switched_back_is_applied_and_undone() {
    let machine = Machine::new();
    machine.file(
        "repo/manifests/system-config.json",
        r#"{"kargs": {"append": ["given"], "remove": ["local=1"]},
            "systemd": {"enable": ["on.service"], "mask": ["base.service"]}}"#,
    );
    assert_eq!(machine.state("on.service"), (Drift::InSync, None));
    assert_eq!(machine.state("base.service"), (Drift::InSync, None));
    assert_eq!(machine.state("append/given"), (Drift::InSync, None));
    assert_eq!(machine.state("remove/local=1"), (Drift::Missing, None));
    fs::remove_file(machine.path("etc/systemd/system/base.service")).unwrap();
    fs::remove_file(machine.path("etc/systemd/system/multi-user.target.wants/on.service")).unwrap();
    machine.stand_ins.stage(&["kargs".into(), "--delete-if-present=given".into()]);
    assert_eq!(machine.state("on.service"), (Drift::SystemChanged, None));
    assert_eq!(machine.state("base.service"), (Drift::SystemChanged, None));
    assert_eq!(machine.state("append/given"), (Drift::SystemChanged, None));
    let before = machine.tree("etc");
    machine.act(&bulk(Verb::Apply));
    assert_eq!(
        machine.ran(),
        [
            "kargs --append-if-missing=given --delete-if-present=local=1",
            "--root= enable on.service",
            "--root= mask base.service",
        ]
    );
    assert_eq!(machine.state("on.service"), (Drift::InSync, None));
    assert_eq!(machine.state("append/given"), (Drift::InSync, None));
    assert_eq!(machine.state("remove/local=1"), (Drift::Pending, Some(Pending::Reboot)));
    machine.undo();
    assert_eq!(machine.tree("etc"), before);
    assert_eq!(machine.state("append/given"), (Drift::SystemChanged, None));
    assert_eq!(machine.state("remove/local=1"), (Drift::Missing, None));
    machine.act(&bulk(Verb::Apply));
    machine.restart();
    // Without a staged deployment only what runs can be told here.
    assert_eq!(machine.state("remove/local=1"), (Drift::InSync, None));
    assert_eq!(machine.state("append/given"), (Drift::InSync, None));
}

#[test]
fn an_argument_with_quotes_comes_goes_and_is_undone() {
    let machine = Machine::new();
    let cmdline = "root=UUID=1 given old=\"a b\" bare=\"x\" ostree=/ostree/boot.1/os/f00/0\n";
    machine.file("proc/cmdline", cmdline);
    machine.file(
        "repo/manifests/system-config.json",
        r#"{"kargs": {"append": ["dyndbg=\"file a.c +p; module b -p\"", "given"],
            "remove": ["old=\"a b\"", "bare=x"]}}"#,
    );
    let new = "append/dyndbg=\"file a.c +p; module b -p\"";
    let (old, bare) = ("remove/old=\"a b\"", "remove/bare=x");
    assert_eq!(machine.state(new), (Drift::Pending, Some(Pending::ImageBuild)));
    assert_eq!(machine.state(old), (Drift::Missing, None));
    assert_eq!(machine.state(bare), (Drift::Missing, None));
    let now = Request { now: true, ..bulk(Verb::Apply) };
    machine.act(&now);
    // ostree takes away what is spelt as it has it.
    assert_eq!(
        machine.ran(),
        [
            "kargs --append-if-missing=dyndbg=\"file a.c +p; module b -p\" --delete-if-present=bare=x --delete-if-present=bare=\"x\" --delete-if-present=old=\"a b\""
        ]
    );
    for item in [new, old, bare] {
        assert_eq!(machine.state(item), (Drift::Pending, Some(Pending::Reboot)), "{item}");
    }
    machine.undo();
    assert_eq!(machine.state(new), (Drift::Pending, Some(Pending::ImageBuild)));
    assert_eq!(machine.state(old), (Drift::Missing, None));
    assert_eq!(machine.state(bare), (Drift::Missing, None));
    machine.act(&now);
    machine.restart();
    assert_eq!(left(&machine), 0);
    for item in [new, old, bare] {
        assert_eq!(machine.state(item), (Drift::InSync, None), "{item}");
    }
    // GRUB moves the quotes.
    let line = fs::read_to_string(machine.path("proc/cmdline")).unwrap();
    machine.file("proc/cmdline", &line.replace("dyndbg=\"", "\"dyndbg="));
    assert_eq!(machine.state(new), (Drift::InSync, None));
}

#[test]
fn what_cannot_be_read_changes_nothing_and_stops_nobody() {
    let machine = Machine::new();
    machine.file(
        "repo/manifests/system-config.json",
        r#"{"kargs": {"append": ["given"]}, "systemd": {"enable": ["off.service"]}}"#,
    );
    machine.survey();
    fs::remove_file(machine.path("proc/cmdline")).unwrap();
    fs::create_dir(machine.path("proc/cmdline")).unwrap();
    let report = machine.survey();
    assert!(report.subsystem(&kargs::ID).unwrap().failed());
    assert!(!report.subsystem(&units::ID).unwrap().failed());
    assert_eq!(left(&machine), 0);
    let units_dir = machine.path("usr/lib/systemd/system");
    fs::remove_dir_all(&units_dir).unwrap();
    fs::write(&units_dir, "").unwrap();
    assert!(machine.survey().subsystem(&units::ID).unwrap().failed());
    assert_eq!(left(&machine), 0);
}
