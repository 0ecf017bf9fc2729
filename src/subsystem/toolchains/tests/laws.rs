//! The laws, with programs that keep what they have where the real ones do: `tests/standins/`.

#![allow(clippy::disallowed_methods, reason = "a test's own machine")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::super::place::DevBox;
use super::super::{ID, Toolchains, steps};
use crate::core::item::{ItemKey, Layer, Record, Records, WantedItems};
use crate::core::plan::{Change, Command, Plan};
use crate::core::report::Report;
use crate::engine::{Edit, Engine, Outcome, Reach, Request, Verb, Wish};
use crate::host::command::RunError;
use crate::host::{Environment, Host, Runner};
use crate::manifest::Manifests;
use crate::manifest::repo::{Found, Repo};
use crate::subsystem::{About, Label, Steps, Subsystem, Unfit, Unreadable, Watch};

/// The subsystem on a machine that has its development box.
struct InItsBox;

impl Subsystem for InItsBox {
    fn about(&self) -> &'static About {
        Toolchains.about()
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        Toolchains.live(host, wanted)
    }

    fn wanted(&self, manifests: &Manifests, host: &Host) -> anyhow::Result<WantedItems> {
        Toolchains.wanted(manifests, host)
    }

    fn validate(&self, host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
        Toolchains.validate(host, item, set)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> anyhow::Result<()> {
        Toolchains.capture(manifests, changes)
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> anyhow::Result<Steps> {
        steps::plan(changes, host, Ok(DevBox::made_up(host)))
    }

    fn label(&self, item: &ItemKey) -> Label {
        Toolchains.label(item)
    }

    fn describe(&self, change: &Change) -> String {
        Toolchains.describe(change)
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        Toolchains.watch(host)
    }
}

/// A box that is the machine itself, with a home of its own.
struct Enter {
    home: PathBuf,
}

impl Runner for Enter {
    fn run(
        &self,
        command: &Command,
        _: &mut dyn FnMut(&str),
        _: &CancellationToken,
    ) -> Result<String, RunError> {
        if command.args.starts_with(&["container".to_owned(), "exists".to_owned()]) {
            return Ok(String::new());
        }
        assert_eq!(command.program, "distrobox", "{command:?}");
        let words: Vec<&String> =
            command.args.iter().skip_while(|arg| *arg != "--").skip(1).collect();
        let output = std::process::Command::new(words[0])
            .args(&words[1..])
            // Not this machine's own toolchains: cargo says where they are.
            .env_clear()
            .env("HOME", &self.home)
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err(RunError::Failed {
                command: format!("{words:?}"),
                status: output.status.to_string(),
                tail: String::from_utf8(output.stderr).unwrap(),
            }),
        }
    }
}

/// A machine, and a repository that others may use too.
struct Machine {
    dir: TempDir,
    repo: PathBuf,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let repo = dir.path().join("repo");
        Self { dir, repo }.set_up()
    }

    /// Another machine of the same repository.
    fn beside(other: &Self) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), repo: other.repo.clone() }.set_up()
    }

    fn set_up(self) -> Self {
        let standins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins");
        for (place, name) in
            [(".cargo/bin", "rustup"), (".proto/bin", "proto"), (".proto/shims", "npm")]
        {
            fs::create_dir_all(self.home().join(place)).unwrap();
            symlink(standins.join(name), self.home().join(place).join(name)).unwrap();
        }
        fs::create_dir_all(self.repo.join("manifests")).unwrap();
        self
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn engine(&self) -> Engine {
        let env = Environment::below(self.dir.path());
        let host = Host::new(env, Arc::new(Enter { home: self.home() }));
        let repo = Repo {
            root: self.repo.clone(),
            id: "repository".into(),
            found: Found::Named,
            trusted: true,
        };
        Engine::new(host, repo, vec![Box::new(InItsBox)])
    }

    fn manifest(&self) -> PathBuf {
        self.repo.join("manifests/toolbox-packages.json")
    }

    fn says(&self, toolchains: &Json) {
        let text =
            serde_json::to_string_pretty(&json!({ "packages": [], "toolchains": toolchains }));
        fs::write(self.manifest(), text.unwrap()).unwrap();
    }

    fn said(&self) -> Json {
        let text = fs::read_to_string(self.manifest()).unwrap();
        serde_json::from_str::<Json>(&text).unwrap()["toolchains"].clone()
    }

    /// Runs a program in the box, as the person would.
    fn by_hand(&self, place: &str, args: &[&str]) {
        let program = self.home().join(place);
        let done = std::process::Command::new(program)
            .args(args)
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/bin:/bin")
            .status();
        assert!(done.unwrap().success(), "{args:?}");
    }

    fn survey(&self) -> Report {
        self.engine().survey(&[]).unwrap()
    }

    /// What differs, and how.
    fn drift(&self) -> BTreeMap<String, String> {
        let report = self.survey();
        let items = report.subsystems.into_iter().flat_map(|one| one.items);
        let differs = items.filter(|item| item.counts());
        differs.map(|item| (item.key.to_string(), format!("{:?}", item.state))).collect()
    }

    fn settle(&self, verb: Verb) -> Outcome {
        let engine = self.engine();
        let report = engine.survey(&[]).unwrap();
        let request = Request { prune: true, force: true, ..Request::all(verb) };
        execute(&engine, &engine.plan(&report, &request).unwrap())
    }

    fn nothing_to_do(&self) {
        for verb in [Verb::Capture, Verb::Apply] {
            let engine = self.engine();
            let report = engine.survey(&[]).unwrap();
            let request = Request { prune: true, force: true, ..Request::all(verb) };
            let plan = engine.plan(&report, &request).unwrap();
            assert_eq!(plan.changes, [], "{verb:?}");
        }
        assert_eq!(self.drift(), BTreeMap::new());
    }

    fn wish(&self, wishes: &[(&str, Edit)]) -> Outcome {
        let engine = self.engine();
        let report = engine.survey(&[]).unwrap();
        let wish = |(item, edit): &(&str, Edit)| Wish {
            subsystem: ID,
            item: ItemKey::new(*item),
            edit: edit.clone(),
        };
        let wishes: Vec<Wish> = wishes.iter().map(wish).collect();
        let plan =
            engine.plan_wishes(&report, &wishes, Reach::Both, &Layer::Shared, false).unwrap();
        execute(&engine, &plan)
    }

    fn undo(&self) {
        let engine = self.engine();
        let outcome = execute(&engine, &engine.plan_undo(None).unwrap());
        assert!(outcome.complete(), "{outcome:?}");
    }

    /// All that is below the home directory that is not Bucket's own, and the manifest.
    fn bytes(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        let mut dirs = vec![self.home(), self.repo.clone()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() && name != "bkt" => dirs.push(entry.path()),
                    kind if kind.is_file() && !name.ends_with("-ran") => {
                        drop(files.insert(entry.path(), fs::read_to_string(entry.path()).unwrap()));
                    }
                    _ => (),
                }
            }
        }
        files
    }
}

fn execute(engine: &Engine, plan: &Plan) -> Outcome {
    engine.execute(plan, &mut |_| (), &CancellationToken::new()).unwrap()
}

fn put() -> Edit {
    Edit::put(Record::new())
}

fn everything() -> Json {
    json!({
        "rustup": {"default": "stable", "toolchains": ["nightly"], "components": ["rust-src", "clippy"], "targets": ["wasm32-unknown-unknown"]},
        "npm": [{"name": "@scope/tool"}, {"name": "is-number", "version": "6"}],
        "proto": [{"name": "bun"}, {"name": "node", "version": "20"}],
    })
}

#[test]
fn apply_settles_and_its_undo_leaves_nothing() {
    let machine = Machine::new();
    machine.says(&everything());
    let before = machine.survey();
    assert_eq!(machine.drift().len(), 10, "{:?}", machine.drift());
    let outcome = machine.settle(Verb::Apply);
    assert!(outcome.complete(), "{outcome:?}");
    machine.nothing_to_do();
    assert_eq!(machine.said(), everything());
    machine.undo();
    let sides =
        |report: Report| report.subsystems.into_iter().map(|one| one.items).collect::<Vec<_>>();
    assert_eq!(sides(machine.survey()), sides(before));
    let engine = machine.engine();
    assert!(execute(&engine, &engine.plan_redo().unwrap()).complete());
    machine.nothing_to_do();
}

#[test]
fn nobody_gets_a_default_that_was_not_asked_for() {
    let machine = Machine::new();
    machine.says(&json!({"rustup": {"toolchains": ["nightly"]}}));
    let outcome = machine.settle(Verb::Apply);
    assert!(outcome.complete(), "{outcome:?}");
    machine.nothing_to_do();
    machine.undo();
    assert_eq!(machine.drift().len(), 1, "{:?}", machine.drift());
}

#[test]
fn a_capture_settles_and_carries_to_the_next_machine() {
    let machine = Machine::new();
    machine.by_hand(".cargo/bin/rustup", &["default", "nightly"]);
    machine.by_hand(".cargo/bin/rustup", &["toolchain", "install", "--no-self-update", "1.85.0"]);
    machine
        .by_hand(".cargo/bin/rustup", &["component", "add", "--toolchain", "nightly", "rust-src"]);
    let prefix = machine.home().join(".local");
    let prefix = prefix.to_str().unwrap();
    machine
        .by_hand(".proto/shims/npm", &["install", "--global", "--prefix", prefix, "is-number@6"]);
    machine.by_hand(".proto/bin/proto", &["install", "node", "20", "--pin=global"]);
    assert_eq!(machine.drift().len(), 6, "{:?}", machine.drift());
    let outcome = machine.settle(Verb::Capture);
    assert!(outcome.complete(), "{outcome:?}");
    let expected = json!({
        "rustup": {"default": "nightly", "toolchains": ["1.85.0"], "components": ["rust-src"]},
        "npm": [{"name": "is-number"}],
        "proto": [{"name": "node"}],
    });
    assert_eq!(machine.said(), expected);
    machine.nothing_to_do();
    let next = Machine::beside(&machine);
    let outcome = next.settle(Verb::Apply);
    assert!(outcome.complete(), "{outcome:?}");
    next.nothing_to_do();
    let keys = |machine: &Machine| {
        let report = machine.survey();
        report
            .subsystems
            .into_iter()
            .flat_map(|one| one.items)
            .map(|item| (item.key, item.state))
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&machine), keys(&next));
    machine.undo();
    assert!(!machine.manifest().exists());
}

#[test]
fn another_default_takes_its_components_along_and_comes_back() {
    let machine = Machine::new();
    machine.says(&everything());
    machine.settle(Verb::Apply);
    let before = machine.bytes();
    let default = Edit::put(Record::new().with("toolchain", "1.85.0"));
    let outcome = machine.wish(&[("rustup/toolchain/1.85.0", put()), ("rustup/default", default)]);
    assert!(outcome.complete(), "{outcome:?}");
    machine.nothing_to_do();
    let mut expected = everything();
    expected["rustup"]["default"] = json!("1.85.0");
    expected["rustup"]["toolchains"] = json!(["nightly", "stable"]);
    assert_eq!(machine.said(), expected);
    machine.undo();
    assert_eq!(machine.bytes(), before);
    machine.nothing_to_do();
}

#[test]
fn versions_come_back_as_they_were() {
    let machine = Machine::new();
    machine.says(
        &json!({"npm": [{"name": "is-number", "version": "6.0.0"}], "proto": [{"name": "node"}]}),
    );
    machine.settle(Verb::Apply);
    let before = machine.bytes();
    let version = |version: &str| Edit::put(Record::new().with("version", version));
    let outcome =
        machine.wish(&[("npm/is-number", version("7.0.0")), ("proto/node", version("20"))]);
    assert!(outcome.complete(), "{outcome:?}");
    machine.nothing_to_do();
    assert_eq!(machine.said()["npm"], json!([{"name": "is-number", "version": "7.0.0"}]));
    assert_eq!(machine.said()["proto"], json!([{"name": "node", "version": "20"}]));
    machine.undo();
    machine.nothing_to_do();
    let now = machine.bytes();
    for (path, text) in before.iter().filter(|(path, _)| !path.ends_with("manifest.json")) {
        assert_eq!(now.get(path), Some(text), "{path:?}");
    }
}

#[test]
fn what_fails_changes_no_manifest() {
    let machine = Machine::new();
    machine.says(&everything());
    machine.settle(Verb::Apply);
    let before = machine.bytes();
    for (item, edit) in [
        ("npm/no-such-package", put()),
        ("rustup/toolchain/1.99.0", put()),
        ("rustup/component/no-such-component", put()),
        ("proto/no-such-tool", put()),
    ] {
        let outcome = machine.wish(&[(item, edit)]);
        assert!(!outcome.complete(), "{item}: {outcome:?}");
        assert_eq!(machine.bytes(), before, "{item}");
    }
}

#[test]
fn the_default_toolchain_is_not_uninstalled() {
    let machine = Machine::new();
    machine.says(&everything());
    machine.settle(Verb::Apply);
    let engine = machine.engine();
    let report = engine.survey(&[]).unwrap();
    let item = ItemKey::new("rustup/toolchain/stable");
    let wish = Wish { subsystem: ID, item, edit: Edit::Remove };
    let plan = engine.plan_wishes(&report, &[wish], Reach::Both, &Layer::Shared, false).unwrap();
    assert_eq!(plan.changes, []);
    assert!(
        plan.blocked.iter().any(|one| one.reason.contains("bkt dev rustup default")),
        "{plan:?}"
    );
}
