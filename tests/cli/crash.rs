//! Power cuts, many at once, and what is not started.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::sandbox::{BKT, KEYS, Sandbox, items, strace};

/// The calls that make, change or remove something on disk, and those that wait for the disk.
const CALLS: [&str; 11] = [
    "write",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "fsync",
    "fdatasync",
    "ftruncate",
    "mkdir",
    "flock",
];

/// Kills `bkt ARGS` on entry to every single one of [`CALLS`], one run each. Before each run `prepare` puts the
/// machine where it was; after each, `check` looks at it.
fn kill_everywhere(
    sandbox: &mut Sandbox,
    args: &[&str],
    prepare: &dyn Fn(&mut Sandbox),
    check: &dyn Fn(&Sandbox, &str),
) {
    let log = sandbox.path("strace");
    let mut deaths = 0;
    for call in CALLS {
        for number in 1.. {
            prepare(sandbox);
            let trace = format!("trace={call}");
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let output = strace(sandbox, &log, &["-e", &trace, "-e", &inject], args);
            let killed = output.status.signal() == Some(9) || output.status.code() == Some(137);
            let place = format!("killed at {call} number {number}: {output:?}");
            if !killed {
                assert_eq!(output.status.code(), Some(0), "{place}");
                break;
            }
            deaths += 1;
            check(sandbox, &place);
        }
    }
    assert!(deaths > 30, "only {deaths} places to die at were found");
}

/// The machine as it was before the first operation.
fn reset(sandbox: &Sandbox, kept: &str) {
    let restore = format!(
        "rm -rf repo home/.local/state && cp -a {kept}/repo repo && mkdir -p home/.local && cp -a {kept}/state home/.local/state"
    );
    let done = Command::new("sh").args(["-c", &restore]).current_dir(sandbox.path("")).status();
    assert!(done.unwrap().success());
}

fn keep(sandbox: &Sandbox, kept: &str) {
    let copy =
        format!("mkdir {kept} && cp -a repo {kept}/repo && cp -a home/.local/state {kept}/state");
    let done = Command::new("sh").args(["-c", &copy]).current_dir(sandbox.path("")).status();
    assert!(done.unwrap().success());
}

/// Two manifests that are written together, and a third that is not.
fn two_layers() -> (Sandbox, String) {
    let mut sandbox = Sandbox::new();
    let host = format!("repo/manifests/hosts/{}/gsettings.json", Sandbox::hostname());
    let here =
        "{\"settings\":[{\"schema\":\"org.bkt.test\",\"key\":\"k02\",\"value\":\"'old'\"}]}\n";
    sandbox.write(&host, here);
    sandbox.manifest_of(&[("k01", "old")]);
    sandbox.set("k01", "old");
    sandbox.set("k02", "old");
    sandbox.bkt(&["status"]).exits(0);
    sandbox.set("k01", "new");
    sandbox.set("k02", "new");
    (sandbox, host)
}

#[test]
fn a_capture_killed_anywhere_leaves_whole_manifests_and_can_be_finished() {
    let (mut sandbox, host) = two_layers();
    keep(&sandbox, "kept");
    let old = [sandbox.read("repo/manifests/gsettings.json"), sandbox.read(&host)];
    let new = old.clone().map(|text| text.replace("old", "new"));
    kill_everywhere(
        &mut sandbox,
        &["capture"],
        &|sandbox| reset(sandbox, "kept"),
        &|sandbox, place| {
            let files = ["repo/manifests/gsettings.json", host.as_str()];
            let mut expected = std::collections::BTreeMap::new();
            for (index, file) in files.iter().enumerate() {
                let text = sandbox.read(file);
                assert!(
                    text == old[index] || text == new[index],
                    "{place}: {file} is torn: {text}"
                );
                if text == old[index] {
                    expected.insert(["k01", "k02"][index].to_owned(), "system-changed".to_owned());
                }
            }
            assert_eq!(sandbox.drift(), expected, "{place}: the truth");
            sandbox.bkt(&["history"]).exits(0);
            sandbox.bkt(&["capture"]).exits(0);
            for (index, file) in files.iter().enumerate() {
                assert_eq!(sandbox.read(file), new[index], "{place}");
            }
            assert!(sandbox.drift().is_empty(), "{place}");
            let litter =
                sandbox.git(&["status", "--short", "--untracked-files=all", "--", "manifests"]);
            assert!(!litter.contains("/."), "{place}: a temporary file is left over: {litter}");
        },
    );
}

#[test]
fn an_undo_killed_anywhere_leaves_whole_manifests_and_can_be_repeated() {
    let (mut sandbox, host) = two_layers();
    let old = [sandbox.read("repo/manifests/gsettings.json"), sandbox.read(&host)];
    sandbox.bkt(&["capture"]).exits(0);
    keep(&sandbox, "kept");
    let new = [sandbox.read("repo/manifests/gsettings.json"), sandbox.read(&host)];
    kill_everywhere(
        &mut sandbox,
        &["undo"],
        &|sandbox| reset(sandbox, "kept"),
        &|sandbox, place| {
            for (index, file) in ["repo/manifests/gsettings.json", &host].iter().enumerate() {
                let text = sandbox.read(file);
                assert!(
                    text == old[index] || text == new[index],
                    "{place}: {file} is torn: {text}"
                );
            }
            sandbox.bkt(&["status"]).exits(0);
            sandbox.bkt(&["history"]).exits(0);
        },
    );
}

#[test]
fn forty_writers_at_once_lose_nothing() {
    let mut sandbox = Sandbox::new();
    let keys: Vec<String> = (0..KEYS).map(|number| format!("k{number:02}")).collect();
    for key in &keys {
        sandbox.set(key, key);
    }
    let children: Vec<_> = keys
        .iter()
        .map(|key| {
            let mut command = sandbox.command(BKT);
            command.args(["capture", "-i", key]).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        crate::sandbox::Run::of(child.wait_with_output().unwrap()).exits(0).says("1 change made");
    }
    let wanted: BTreeSet<String> = sandbox.wanted().into_keys().collect();
    assert_eq!(wanted, keys.iter().cloned().collect());
    assert!(sandbox.drift().is_empty());
    let history = sandbox.bkt(&["history", "--json"]).exits(0).json();
    assert_eq!(history["operations"].as_array().unwrap().len(), KEYS);
    // Nor were the values that both sides agreed on lost: each is a change now, not a newcomer.
    for key in &keys {
        sandbox.set(key, "changed");
    }
    assert!(
        sandbox.drift().values().all(|state| state == "system-changed"),
        "{:?}",
        sandbox.drift()
    );
}

#[test]
fn a_status_starts_no_program() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.manifest_of(&[("k02", "there")]);
    let log = sandbox.path("strace");
    for args in [&["status"][..], &["diff"], &[]] {
        let output =
            strace(&sandbox, &log, &["-e", "trace=execve,execveat,fork,vfork,clone,clone3"], args);
        assert!(output.status.success(), "{output:?}");
        let text = fs::read_to_string(&log).unwrap();
        // "881   execve(…": the name alone, for the checkout's path may hold any word.
        let calls = |names: &[&str]| {
            text.lines()
                .filter(|line| !line.contains("CLONE_THREAD"))
                .filter_map(|line| line.split_whitespace().nth(1)?.split('(').next())
                .filter(|name| names.contains(name))
                .count()
        };
        assert_eq!(calls(&["execve", "execveat"]), 1, "bkt itself, and nothing else: {text}");
        assert_eq!(calls(&["fork", "vfork", "clone", "clone3"]), 0, "{text}");
    }
    assert_eq!(sandbox.drift(), items(&[("k01", "unmanaged"), ("k02", "missing")]));
}

#[test]
fn ctrl_c_ends_with_what_was_done() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    let log = sandbox.path("strace");
    // While the lock is taken; then the disk takes its time to write the operation down, which is before its first
    // step.
    let options = [
        "-e",
        "trace=ftruncate,fdatasync",
        "-e",
        "inject=ftruncate:signal=INT:when=1",
        "-e",
        "inject=fdatasync:delay_exit=500000:when=1",
    ];
    let output = strace(&sandbox, &log, &options, &["capture"]);
    let run = crate::sandbox::Run::of(output).exits(130);
    run.says("Interrupted").says("k01: not done");
    assert!(!sandbox.manifest().exists());
    sandbox.bkt(&["history"]).exits(0).says("1 change not made");
    sandbox.bkt(&["capture"]).exits(0);
    assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
}
