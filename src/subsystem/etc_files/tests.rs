//! Files in `/etc` on their way between machine, repository and image, through the engine, on machines put together below a
//! directory.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::core::ignore::Ignored;
use crate::core::merge::Drift;
use crate::core::plan::{Action, Command, Held, Plan};
use crate::core::report::Report;
use crate::engine::{Engine, Outcome, Pick, Request, Verb};
use crate::host::command::RunError;
use crate::host::testing::Machine;
use crate::host::{Environment, Runner, command};
use crate::manifest::repo::{Found as How2, Repo};

mod survey;

/// Runs `install`, `rm` and `cp` themselves; a stand-in for pkexec, which asks nobody.
struct Root;

impl Runner for Root {
    fn run(
        &self,
        command: &Command,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<String, RunError> {
        let mut inner = command.clone();
        assert_eq!(inner.program, "pkexec", "{command:?}");
        inner.program = inner.args.remove(0);
        assert!(matches!(&*inner.program, "install" | "rm" | "cp"), "{command:?}");
        command::Real.run(&inner, line, cancel)
    }
}

/// An atomic machine with a repository, which other machines may share.
struct Atomic {
    machine: Machine,
    repo: std::path::PathBuf,
}

impl Atomic {
    fn new() -> Self {
        let machine = Machine::new();
        let repo = machine.dir.path().join("repo");
        Self::sharing(machine, repo)
    }

    fn sharing(machine: Machine, repo: std::path::PathBuf) -> Self {
        fs::create_dir_all(repo.join("manifests")).unwrap();
        machine.file("run/ostree-booted", "");
        for dir in ["etc", "usr/etc"] {
            machine.file(&format!("{dir}/issue"), "Welcome\n");
            machine.file(&format!("{dir}/conf.d/a.conf"), "a = 1\n");
        }
        Self { machine, repo }
    }

    fn engine(&self) -> Engine {
        let env = Environment { is_root: false, ..Environment::below(self.machine.dir.path()) };
        let repo = Repo {
            root: self.repo.clone(),
            id: "repository".into(),
            found: How2::Named,
            trusted: true,
        };
        let all: Vec<Box<dyn Subsystem>> =
            vec![Box::new(EtcFiles), Box::new(super::super::image_config::ImageConfig)];
        Engine::new(Host::new(env, Arc::new(Root)), repo, all)
    }

    fn survey(&self) -> Report {
        self.engine().survey(&[]).unwrap()
    }

    /// The state of each file that is not ignored.
    fn states(&self) -> Vec<(String, Drift)> {
        let report = self.survey();
        assert!(!report.failed(), "{report:?}");
        let items = report.subsystems[0].items.iter();
        items
            .filter(|item| item.ignored.is_none())
            .map(|item| (item.key.to_string(), item.state))
            .collect()
    }

    fn run(&self, request: &Request) -> Outcome {
        let engine = self.engine();
        let plan = engine.plan(&engine.survey(&[]).unwrap(), request).unwrap();
        engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap()
    }

    fn does(&self, request: &Request) {
        let outcome = self.run(request);
        assert!(outcome.complete() && outcome.operation.is_some(), "{outcome:?}");
    }

    fn undo(&self) {
        let engine = self.engine();
        let plan = engine.plan_undo(None).unwrap();
        let outcome = engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
        assert!(outcome.complete(), "{outcome:?}");
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.machine.dir.path().join(path)).ok()
    }

    fn in_repo(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.repo.join(path)).ok()
    }

    fn mode(&self, path: &str, mode: u32) {
        let path = self.machine.dir.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// What the next image is made of becomes the image, as ostree merges it into `/etc`.
    fn update(&self) {
        let manifests = self.engine().manifests();
        for placed in sources::all(&manifests).unwrap().into_values() {
            let Content::Text(text) = placed.content else { panic!("no text") };
            let rest = placed.dest.as_str().strip_prefix("/etc/").unwrap();
            let untouched =
                self.read(&format!("etc/{rest}")) == self.read(&format!("usr/etc/{rest}"));
            self.machine.file(&format!("usr/etc/{rest}"), &text);
            self.mode(&format!("usr/etc/{rest}"), placed.mode);
            if untouched {
                self.machine.file(&format!("etc/{rest}"), &text);
                self.mode(&format!("etc/{rest}"), placed.mode);
            }
        }
    }
}

fn capture() -> Request {
    Request::all(Verb::Capture)
}

fn now() -> Request {
    Request { now: true, ..Request::all(Verb::Apply) }
}

fn pick(path: &str, verb: Verb) -> Request {
    let item = ItemKey::new(path);
    Request::picks(vec![Pick { subsystem: ID, item, fields: None, verb }])
}

fn is(path: &str, state: Drift) -> Vec<(String, Drift)> {
    vec![(path.to_owned(), state)]
}

const A: &str = "/etc/conf.d/a.conf";

#[test]
fn what_is_as_the_image_has_it_is_nothing() {
    let atomic = Atomic::new();
    assert_eq!(atomic.states(), []);
    atomic.machine.file("etc/conf.d/a.conf", "a = 2\n");
    assert_eq!(atomic.states(), is(A, Drift::Unmanaged), "the same size, and another content");
    fs::remove_file(atomic.machine.dir.path().join("run/ostree-booted")).unwrap();
    assert_eq!(atomic.states(), [], "no image");
}

#[test]
fn a_captured_file_is_in_sync_here_and_pending_elsewhere() {
    let atomic = Atomic::new();
    atomic.machine.file("etc/conf.d/a.conf", "a = 2\n");
    atomic.machine.file("etc/new/run.sh", "#!/bin/sh\n");
    atomic.mode("etc/new/run.sh", 0o755);
    atomic.does(&capture());
    assert_eq!(atomic.in_repo("system/etc/conf.d/a.conf").unwrap(), "a = 2\n");
    let json: serde_json::Value =
        serde_json::from_str(&atomic.in_repo("manifests/image-config.json").unwrap()).unwrap();
    let expected = serde_json::json!([{"name": "etc", "type": "files", "files": [
        {"src": "system/etc/conf.d/a.conf", "dest": A},
        {"src": "system/etc/new/run.sh", "dest": "/etc/new/run.sh", "mode": "0755"},
    ]}]);
    assert_eq!(json["modules"], expected);
    let synced = [(A.to_owned(), Drift::InSync), ("/etc/new/run.sh".to_owned(), Drift::InSync)];
    assert_eq!(atomic.states(), synced);
    // Law 1: there is nothing left to do either way.
    for request in [capture(), Request::all(Verb::Apply), now()] {
        assert_eq!(atomic.run(&request).operation, None);
    }
    // Law 2: on another machine it comes with the next image, or now where that is asked for.
    let other = Atomic::sharing(Machine::new(), atomic.repo.clone());
    assert_eq!(
        other.states().iter().map(|(_, state)| *state).collect::<Vec<_>>(),
        [Drift::Pending; 2]
    );
    assert_eq!(other.run(&Request::all(Verb::Apply)).operation, None);
    other.does(&now());
    assert_eq!(other.states(), synced);
    assert_eq!(other.read("etc/conf.d/a.conf").unwrap(), "a = 2\n");
    let mode =
        fs::metadata(other.machine.dir.path().join("etc/new/run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    // Law 4: and it is taken back exactly, from a new process.
    other.undo();
    assert_eq!(other.read("etc/conf.d/a.conf").unwrap(), "a = 1\n");
    assert_eq!(other.read("etc/new/run.sh"), None);
    assert_eq!(other.states()[0].1, Drift::Pending);
    other.update();
    assert_eq!(other.states(), synced);
    // The capture too.
    atomic.undo();
    assert_eq!(atomic.in_repo("system/etc/conf.d/a.conf"), None);
    assert_eq!(atomic.in_repo("manifests/image-config.json"), None);
    assert_eq!(atomic.read("etc/conf.d/a.conf").unwrap(), "a = 2\n");
}

#[test]
fn who_moved_is_told_and_a_local_edit_is_said_to_win() {
    let atomic = Atomic::new();
    atomic.machine.file("etc/conf.d/a.conf", "a = 2\n");
    atomic.does(&capture());
    atomic.survey();
    // The manifest moved: the machine's own edit stays until somebody applies.
    fs::write(atomic.repo.join("system/etc/conf.d/a.conf"), "a = 3\n").unwrap();
    atomic.update();
    assert_eq!(atomic.states(), is(A, Drift::ManifestChanged));
    let report = atomic.survey();
    let note = report.subsystems[0].items[0].note.clone().unwrap();
    assert!(note.contains("no new image overrides"), "{note}");
    atomic.does(&Request::all(Verb::Apply));
    assert_eq!(atomic.read("etc/conf.d/a.conf").unwrap(), "a = 3\n");
    // The system moved.
    atomic.machine.file("etc/conf.d/a.conf", "a = 4\n");
    assert_eq!(atomic.states(), is(A, Drift::SystemChanged));
    atomic.does(&capture());
    assert_eq!(atomic.in_repo("system/etc/conf.d/a.conf").unwrap(), "a = 4\n");
    // Both moved.
    fs::write(atomic.repo.join("system/etc/conf.d/a.conf"), "a = 5\n").unwrap();
    atomic.machine.file("etc/conf.d/a.conf", "a = 6\n");
    assert_eq!(atomic.states(), is(A, Drift::Conflict));
}

#[test]
fn a_file_that_is_no_longer_wanted_goes_back_to_what_the_image_has() {
    let atomic = Atomic::new();
    atomic.machine.file("etc/conf.d/a.conf", "a = 2\n");
    atomic.machine.file("etc/added", "x\n");
    atomic.does(&capture());
    atomic.survey();
    fs::remove_file(atomic.repo.join("manifests/image-config.json")).unwrap();
    let prune = Request { prune: true, ..Request::all(Verb::Apply) };
    atomic.does(&prune);
    assert_eq!(atomic.read("etc/conf.d/a.conf").unwrap(), "a = 1\n");
    assert_eq!(atomic.read("etc/added"), None);
    assert_eq!(atomic.states(), []);
    atomic.undo();
    assert_eq!(atomic.read("etc/conf.d/a.conf").unwrap(), "a = 2\n");
    assert_eq!(atomic.read("etc/added").unwrap(), "x\n");
    // What the image has may be a link.
    let atomic = Atomic::new();
    let root = atomic.machine.dir.path();
    fs::remove_file(root.join("etc/issue")).unwrap();
    fs::remove_file(root.join("usr/etc/issue")).unwrap();
    symlink("../usr/lib/issue", root.join("usr/etc/issue")).unwrap();
    atomic.machine.file("etc/issue", "mine\n");
    atomic.does(&capture());
    atomic.survey();
    fs::remove_file(atomic.repo.join("manifests/image-config.json")).unwrap();
    atomic.does(&prune);
    let link = || fs::read_link(root.join("etc/issue"));
    assert_eq!(link().unwrap().to_str(), Some("../usr/lib/issue"));
    atomic.undo();
    assert!(link().is_err());
    assert_eq!(atomic.read("etc/issue").unwrap(), "mine\n");
    // And what is gone here is taken out of the manifest.
    let atomic = Atomic::new();
    atomic.machine.file("etc/added", "x\n");
    atomic.does(&capture());
    atomic.survey();
    fs::remove_file(atomic.machine.dir.path().join("etc/added")).unwrap();
    atomic.machine.file("usr/etc/added", "x\n");
    assert_eq!(atomic.states(), is("/etc/added", Drift::SystemChanged));
    atomic.does(&pick("/etc/added", Verb::Apply));
    atomic.undo();
    assert_eq!(atomic.read("etc/added"), None, "it was deleted, and is again");
    atomic.does(&pick("/etc/added", Verb::Capture));
    assert_eq!(atomic.in_repo("system/etc/added"), None);
    assert_eq!(atomic.states(), []);
}

/// What a script that is taken out of the repository was, it is again: one that can be run.
#[test]
fn a_removed_script_comes_back_as_one_that_can_be_run() {
    let atomic = Atomic::new();
    let manifest = r#"{"modules": [{"name": "own", "type": "files", "files": [{"src": "system/run.sh", "dest": "/etc/run.sh"}]}]}"#;
    atomic.machine.file("repo/manifests/image-config.json", manifest);
    for path in ["repo/system/run.sh", "etc/run.sh", "usr/etc/run.sh"] {
        atomic.machine.file(path, "#!/bin/sh\n");
        atomic.mode(path, 0o755);
    }
    assert_eq!(atomic.states(), is("/etc/run.sh", Drift::InSync));
    fs::remove_file(atomic.machine.dir.path().join("etc/run.sh")).unwrap();
    let does = |plan: Plan| {
        let engine = atomic.engine();
        let outcome = engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
        assert!(outcome.complete(), "{outcome:?}");
    };
    let script = atomic.repo.join("system/run.sh");
    atomic.does(&pick("/etc/run.sh", Verb::Capture));
    for _ in 0..2 {
        assert!(!script.exists());
        does(atomic.engine().plan_undo(None).unwrap());
        assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o7777, 0o755);
        assert_eq!(atomic.in_repo("manifests/image-config.json").unwrap(), manifest);
        does(atomic.engine().plan_redo().unwrap());
    }
}

/// What the person does not want to hear of does not come along when everything is to be had now.
#[test]
fn what_is_ignored_does_not_come_now() {
    let atomic = Atomic::new();
    fs::create_dir_all(atomic.repo.join("own")).unwrap();
    fs::write(atomic.repo.join("own/b.conf"), "b\n").unwrap();
    let manifest = r#"{"modules": [{"name": "own", "type": "files", "files": [{"src": "own/b.conf", "dest": "/etc/b.conf"}]}]}"#;
    fs::write(atomic.repo.join("manifests/image-config.json"), manifest).unwrap();
    let ignore = r#"{"ignore": [{"subsystem": "etc-files", "item": "/etc/b.conf"}]}"#;
    let rules = atomic.repo.join("manifests/ignore.json");
    fs::write(&rules, ignore).unwrap();
    assert_eq!(atomic.run(&now()).operation, None);
    assert_eq!(atomic.read("etc/b.conf"), None);
    fs::remove_file(rules).unwrap();
    atomic.does(&now());
    assert_eq!(atomic.read("etc/b.conf").unwrap(), "b\n");
}

/// What belongs to somebody else, or has attributes, is more than a manifest can say: neither captured nor replaced.
#[test]
fn what_a_manifest_cannot_say_of_a_file_is_not_lost() {
    let atomic = Atomic::new();
    let etc = atomic.machine.dir.path().join("etc");
    for name in ["owned", "granted", "plain"] {
        atomic.machine.file(&format!("etc/{name}"), "x\n");
    }
    if rustix::fs::chown(etc.join("owned"), None, Some(rustix::fs::Gid::from_raw(7))).is_err() {
        return; // Only root can give a file away.
    }
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(etc.join("granted"), "user.note", b"mine", flags).unwrap();
    let names: Vec<String> = atomic.states().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["/etc/plain"]);
    let report = atomic.survey();
    let notice = &report.subsystems[0].notices[0].text;
    assert!(notice.ends_with("/etc/granted, /etc/owned"), "{notice}");
    // Nor does what a manifest says of it replace it, though it may be as the manifest says.
    fs::create_dir_all(atomic.repo.join("own")).unwrap();
    let entries: Vec<_> = ["owned", "granted"]
        .map(|name| serde_json::json!({"src": format!("own/{name}"), "dest": format!("/etc/{name}")}))
        .to_vec();
    let manifest =
        serde_json::json!({"modules": [{"name": "own", "type": "files", "files": entries}]});
    fs::write(atomic.repo.join("manifests/image-config.json"), manifest.to_string()).unwrap();
    for (text, expected) in [("x\n", Drift::InSync), ("y\n", Drift::Unknown)] {
        for name in ["owned", "granted"] {
            fs::write(atomic.repo.join("own").join(name), text).unwrap();
        }
        let report = atomic.survey();
        for path in ["/etc/owned", "/etc/granted"] {
            assert_eq!(report.item(&ID, &ItemKey::new(path)).unwrap().state, expected, "{path}");
        }
    }
    assert_eq!(atomic.run(&Request { force: true, ..now() }).operation, None);
}

#[test]
fn an_entry_of_any_module_is_where_its_file_is_captured_to() {
    let atomic = Atomic::new();
    for (path, text) in [("own/a.conf", "a = 1\n"), ("dir/x.conf", "x\n"), ("dir/y.conf", "y\n")] {
        let file = atomic.repo.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let manifest = r#"{"modules": [
  {"name": "mine", "type": "files", "pre_run": ["true"], "files": [
    {"src": "./own/a.conf", "dest": "/usr/etc/conf.d/", "comment": "kept"},
    {"src": "dir", "dest": "/etc/dir/"}
  ]}
]}
"#;
    fs::write(atomic.repo.join("manifests/image-config.json"), manifest).unwrap();
    let dir = [
        ("/etc/dir/x.conf".to_owned(), Drift::Pending),
        ("/etc/dir/y.conf".to_owned(), Drift::Pending),
    ];
    assert_eq!(atomic.states()[1..], dir);
    atomic.update();
    atomic.survey();
    atomic.machine.file("etc/conf.d/a.conf", "a = 2\n");
    atomic.machine.file("etc/dir/x.conf", "changed\n");
    atomic.does(&capture());
    assert_eq!(atomic.in_repo("own/a.conf").unwrap(), "a = 2\n");
    assert_eq!(atomic.in_repo("dir/x.conf").unwrap(), "changed\n");
    assert_eq!(atomic.in_repo("manifests/image-config.json").unwrap(), manifest);
    atomic.mode("etc/conf.d/a.conf", 0o600);
    atomic.mode("etc/conf.d/a.conf", 0o664);
    atomic.does(&capture());
    let after = atomic.in_repo("manifests/image-config.json").unwrap();
    assert!(
        after.contains(r#""comment": "kept", "mode": "0664""#)
            || after.contains("\"mode\": \"0664\""),
        "{after}"
    );
    assert!(atomic.states().iter().all(|(_, state)| *state == Drift::InSync));
}

#[test]
fn a_file_for_one_machine_is_put_in_place_there() {
    let atomic = Atomic::new();
    atomic.machine.file("etc/mine", "x\n");
    atomic.does(&Request { layer: Layer::Host("machine".into()), ..capture() });
    assert_eq!(atomic.in_repo("system/hosts/machine/etc/mine").unwrap(), "x\n");
    assert!(
        atomic
            .in_repo("manifests/hosts/machine/image-config.json")
            .unwrap()
            .contains("etc-machine")
    );
    let section = super::super::image_config::ImageConfig.section(&atomic.engine().manifests());
    assert_eq!(section.unwrap().unwrap().body(), "");
    let again = Atomic::sharing(Machine::new(), atomic.repo.clone());
    assert_eq!(again.states(), is("/etc/mine", Drift::Missing), "no image brings it");
    again.does(&Request::all(Verb::Apply));
    assert_eq!(again.states(), is("/etc/mine", Drift::InSync));
}

#[test]
fn what_is_run_is_what_is_shown() {
    let atomic = Atomic::new();
    atomic.machine.file("etc/conf.d/a.conf", "a = 2\n");
    atomic.machine.file("etc/conf.d/b.conf", "b\n");
    atomic.machine.file("etc/c.conf", "c\n");
    atomic.does(&capture());
    let other = Atomic::sharing(Machine::new(), atomic.repo.clone());
    let engine = other.engine();
    let plan = engine.plan(&engine.survey(&[]).unwrap(), &now()).unwrap();
    let root = other.machine.dir.path().display().to_string();
    let said: Vec<String> = plan
        .steps
        .iter()
        .map(|planned| match &planned.step.action {
            Action::Run(command) => {
                assert!(planned.step.risk.password);
                command::display(command).replace(&root, "")
            }
            Action::Write(edits) => format!("{} files", edits.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    let kept = |name: &str, text: &str| {
        let item = ItemKey::new(format!("/etc/{name}"));
        let path = crate::host::privilege::kept(engine.host(), &item, text);
        path.display().to_string().replace(&root, "")
    };
    let (a, b) = (kept("conf.d/a.conf", "a = 2\n"), kept("conf.d/b.conf", "b\n"));
    let expected = [
        "3 files".to_owned(),
        format!("pkexec install -D -m0644 -t /etc -- {}", kept("c.conf", "c\n")),
        format!("pkexec install -D -m0644 -t /etc/conf.d -- {a} {b}"),
    ];
    assert_eq!(said, expected);
    assert!(a.ends_with("/a.conf") && !a.contains("conf.d"), "{a}");
}
