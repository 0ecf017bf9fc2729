//! `bkt` called in a box: the host's `bkt` does it, and nothing tells the difference.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use crate::sandbox::{BKT, Run, Sandbox};
use crate::session_helper::{self, Bus, wait_for};
use crate::terminal;

/// A toolbox, made up of files below `BKT_ROOT`, on a real machine.
struct Box {
    sandbox: Sandbox,
    /// The host's session bus, unless it has none.
    bus: Option<Bus>,
}

impl Box {
    /// A box of a host whose `bkt` is this shell script, or the real one where there is none.
    fn of_host(script: Option<&str>) -> Self {
        let mut made = Self::alone();
        match script {
            Some(script) => {
                made.sandbox.write("host/bin/bkt", &format!("#!/bin/bash\n{script}\n"));
                let path = made.sandbox.path("host/bin/bkt");
                fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
            }
            None => {
                fs::create_dir_all(made.sandbox.path("host/bin")).unwrap();
                symlink(BKT, made.sandbox.path("host/bin/bkt")).unwrap();
            }
        }
        made.bus = Some(Bus::start(&made.sandbox.path("run")));
        let host = made.host("env");
        let vars = host.get_envs();
        let vars =
            vars.filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.into())));
        session_helper::start(&made.sandbox.path("run"), vars.collect());
        made
    }

    /// A box without a session bus.
    fn alone() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.write("box/run/.containerenv", "engine=\"podman-5.4.2\"\nname=\"bootc-dev\"\n");
        sandbox.write("box/run/.toolboxenv", "");
        // The box has of the host's files the machine's, and not the program that is tested.
        let all = sandbox.path("");
        let seen = sandbox.path("box/run/host").join(all.strip_prefix("/").unwrap());
        fs::create_dir_all(seen.parent().unwrap()).unwrap();
        symlink(&all, seen).unwrap();
        sandbox.vars.insert("BKT_ROOT", sandbox.path("box").into());
        Self { sandbox, bus: None }
    }

    /// A command in the box.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(BKT);
        command.args(args);
        command
    }

    fn bkt(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// A command on the host.
    fn host(&self, program: &str) -> Command {
        let mut command = self.sandbox.command(program);
        let path = std::env::var_os("PATH").unwrap();
        let dirs = [self.sandbox.path("host/bin")].into_iter().chain(std::env::split_paths(&path));
        let root = self.sandbox.path("host");
        command.env("BKT_ROOT", root).env("PATH", std::env::join_paths(dirs).unwrap());
        command
    }

    /// A file that the host's script writes.
    fn file(&self, name: &str) -> PathBuf {
        self.sandbox.path("home").join(name)
    }
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed()).unwrap()
}

fn end(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

#[test]
fn everything_that_was_said_arrives_as_it_was() {
    let script =
        "printf '%s\\0' \"$@\" > ~/args; pwd -P > ~/cwd; env -0 > ~/env; cat; echo aside >&2";
    let mut the = Box::of_host(Some(script));
    the.sandbox.vars.insert("NO_COLOR", "1".into());
    the.sandbox.vars.insert("GH_TOKEN", "secret".into());
    let odd = OsString::from_vec(b"/no \xff\"where'\n".to_vec());
    let args = [OsStr::new("--repo"), &odd, "status".as_ref(), "a b".as_ref(), "".as_ref()];
    let mut child = the
        .command(&[])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let typed: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
    let mut stdin = child.stdin.take().unwrap();
    let sent = typed.clone();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &sent).unwrap());
    let output = end(child);
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == typed, "{} bytes came back", output.stdout.len());
    assert_eq!(output.stderr, b"aside\n");
    let expected: Vec<u8> = args.iter().flat_map(|arg| [arg.as_bytes(), b"\0"].concat()).collect();
    assert_eq!(fs::read(the.file("args")).unwrap(), expected);
    let here = fs::canonicalize(the.sandbox.repo()).unwrap();
    assert_eq!(fs::read_to_string(the.file("cwd")).unwrap().trim_end(), here.to_str().unwrap());
    let env = fs::read_to_string(the.file("env")).unwrap();
    let vars: Vec<&str> = env.split('\0').collect();
    let host = format!("BKT_ROOT={}", the.sandbox.path("host").display());
    for var in ["NO_COLOR=1", "LC_ALL=C.UTF-8", "BKT_CALLED_IN=toolbox bootc-dev", &host] {
        assert!(vars.contains(&var), "{var} is missing: {vars:?}");
    }
    assert!(!env.contains("GH_TOKEN"), "{env}");
}

#[test]
fn it_ends_as_the_hosts_program_does() {
    let the = Box::of_host(Some("read -r end; exec sh -c \"$end\""));
    let ended = |with: &str| {
        the.sandbox.write("home/end", with);
        let file = fs::File::open(the.file("end")).unwrap();
        the.command(&["status"]).stdin(file).output().unwrap().status
    };
    for code in [0, 1, 3, 42, 255] {
        assert_eq!(ended(&format!("exit {code}\n")).code(), Some(code));
    }
    for signal in [1, 2, 3, 6, 9, 10, 11, 15] {
        let status = ended(&format!("kill -{signal} $$\n"));
        assert_eq!(status.signal(), Some(signal), "{status:?}");
    }
}

#[test]
fn signals_reach_the_hosts_program() {
    let script = "\
for s in HUP INT QUIT TERM USR1 USR2 WINCH; do trap \"echo $s >> ~/heard; [ $s = TERM ] && exit 7\" $s; done
echo $$ > ~/pid.new; mv ~/pid.new ~/pid; while :; do sleep 0.02; done";
    let the = Box::of_host(Some(script));
    let heard = || fs::read_to_string(the.file("heard")).unwrap_or_default();
    let child = start(the.command(&["status"]));
    wait_for(|| the.file("pid").exists());
    let all = ["HUP", "INT", "QUIT", "USR1", "USR2", "WINCH"];
    let signals =
        [Signal::HUP, Signal::INT, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::WINCH];
    for (name, signal) in all.into_iter().zip(signals) {
        kill_process(pid(&child), signal).unwrap();
        wait_for(|| heard().lines().any(|line| line == name));
    }
    // Ctrl-Z, and on again.
    let stat = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(')').next().unwrap().trim_start().chars().next().unwrap()
    };
    let theirs = fs::read_to_string(the.file("pid")).unwrap().trim_end().to_owned();
    let ours = child.id().to_string();
    kill_process(pid(&child), Signal::TSTP).unwrap();
    wait_for(|| stat(&theirs) == 'T' && stat(&ours) == 'T');
    kill_process(pid(&child), Signal::CONT).unwrap();
    wait_for(|| stat(&theirs) != 'T' && stat(&ours) != 'T');
    kill_process(pid(&child), Signal::TERM).unwrap();
    assert_eq!(end(child).status.code(), Some(7));
    assert_eq!(heard().lines().count(), all.len() + 1, "{}", heard());
}

#[test]
fn what_is_ignored_here_is_not_passed_on() {
    let script =
        "trap 'exit 9' HUP; trap 'exit 0' TERM; touch ~/ready; while :; do sleep 0.02; done";
    let the = Box::of_host(Some(script));
    let mut command = the.sandbox.command("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh", BKT, "status"]);
    let child = start(command);
    wait_for(|| the.file("ready").exists());
    kill_process(pid(&child), Signal::HUP).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    kill_process(pid(&child), Signal::TERM).unwrap();
    assert_eq!(end(child).status.code(), Some(0));
}

#[test]
fn when_we_are_killed_the_hosts_program_is_asked_to_end() {
    let script = "trap 'touch ~/asked; exit' INT; touch ~/ready; while :; do sleep 0.02; done";
    let the = Box::of_host(Some(script));
    let child = start(the.command(&["status"]));
    wait_for(|| the.file("ready").exists());
    kill_process(pid(&child), Signal::KILL).unwrap();
    end(child);
    wait_for(|| the.file("asked").exists());
}

#[test]
fn it_takes_as_long_as_it_takes() {
    // The bus gives up on an answer after a second.
    let the = Box::of_host(Some("sleep 3; echo done"));
    let run = the.bkt(&["status"]).exits(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("done\n", ""));
}

#[test]
fn the_terminal_is_the_same() {
    let the = Box::of_host(Some("test -t 0 && test -t 1 && test -t 2 && stty size && echo $TERM"));
    terminal::typing(&the.sandbox, "", "status").exits(0).says("xterm");
}

#[test]
fn the_real_one_says_the_same_on_both_sides() {
    let mut the = Box::of_host(None);
    the.sandbox.set("k01", "here");
    let args = ["status", "--json"];
    let there = Run::of(the.host(BKT).args(args).output().unwrap()).exits(0);
    assert!(there.out.contains("k01"), "{there:?}");
    let here = the.bkt(&args).exits(0);
    let report = |run: &Run| {
        let mut report = run.json();
        report.as_object_mut().unwrap().remove("checked_at").unwrap();
        report
    };
    assert_eq!(report(&here), report(&there));
    the.bkt(&["drift", "check", "-q"]).exits(3);
    the.bkt(&["--cli", "capture", "-n"]).exits(0).says("Track org.bkt.test k01");
    assert!(!the.sandbox.manifest().exists());
    the.bkt(&["--cli", "capture"]).exits(0);
    assert_eq!(the.sandbox.wanted()["k01"], "here");
    the.bkt(&["status", "cats"]).exits(2).says("there is no subsystem “cats”");
}

#[test]
fn it_is_handed_over_once() {
    // A host that hands on: a shim, say, that enters the box.
    let mut the =
        Box::of_host(Some("echo once >> ~/calls; BKT_ROOT=$ROOT_OF_BOX exec $REAL \"$@\""));
    let root = the.sandbox.path("box");
    let script = the.sandbox.read("host/bin/bkt");
    let script = script.replace("$ROOT_OF_BOX", root.to_str().unwrap()).replace("$REAL", BKT);
    the.sandbox.write("host/bin/bkt", &script);
    the.bkt(&["status"]).exits(1).says("came back in the toolbox bootc-dev");
    assert_eq!(fs::read_to_string(the.file("calls")).unwrap(), "once\n");
    the.sandbox.vars.insert("BKT_CALLED_IN", "toolbox bootc-dev".into());
    let run = the.bkt(&["status", "--json"]).exits(1).says("unset it");
    assert_eq!(run.json()["error"]["exit"], 1);
}

#[test]
fn what_keeps_the_host_away_is_said() {
    let the = Box::alone();
    the.bkt(&["status"]).exits(1).says("in the toolbox bootc-dev").says("there is no session bus");
    let bus = Bus::start(&the.sandbox.path("run"));
    the.bkt(&["status"]).exits(1).says("org.freedesktop.Flatpak is not running");
    drop(bus);
    let the = Box::of_host(Some("exit 0"));
    fs::remove_file(the.sandbox.path("host/bin/bkt")).unwrap();
    the.bkt(&["status"]).exits(1).says("the host has no “bkt”").says("Install bkt on the host");
    fs::remove_dir_all(the.sandbox.path("box/run/host")).unwrap();
    the.bkt(&["status"]).exits(1).says("and not on the host").says("below your home directory");
    the.sandbox.write("box/.flatpak-info", "[Application]\nname=org.example.Terminal\n");
    drop(the.bus);
    let run =
        Run::of(the.sandbox.command(BKT).current_dir(the.sandbox.path("home")).output().unwrap());
    run.exits(1).says("--talk-name=org.freedesktop.Flatpak org.example.Terminal");
}

#[test]
fn a_helper_that_goes_away_leaves_nobody_waiting() {
    let mut the = Box::of_host(Some("exec >/dev/null 2>&1; touch ~/ready; sleep 5"));
    let child = start(the.command(&["status"]));
    wait_for(|| the.file("ready").exists());
    the.bus = None;
    Run::of(end(child)).exits(1).says("the connection to the host was lost");
}

#[test]
fn some_verbs_need_no_host() {
    let mut the = Box::alone();
    let standins = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/standins").into();
    the.sandbox.vars.insert("PATH", standins);
    for args in
        [&["--help"][..], &["--version"], &["schema", "repo.json"], &["completions", "bash"]]
    {
        the.bkt(args).exits(0);
    }
    the.bkt(&["dnf", "search", "-n", "x"]).exits(0).says("dnf5 search x");
}

#[test]
fn installing_in_a_box_means_that_box() {
    let the = Box::of_host(None);
    the.sandbox.write("box/run/.containerenv", "name=\"debian\"\n");
    for verb in ["install", "remove"] {
        the.bkt(&["dnf", verb, "htop"])
            .exits(2)
            .says("in the toolbox debian, which is not the development box bootc-dev")
            .says(&format!("bkt dev dnf {verb}"));
    }
    let manifest = || fs::read_to_string(the.sandbox.path("repo/manifests/toolbox-packages.json"));
    assert!(manifest().is_err());
    the.sandbox.write("box/run/.containerenv", "name=\"bootc-dev\"\n");
    the.bkt(&["--cli", "dnf", "install", "--manifest-only", "--force", "htop"]).exits(0);
    assert!(manifest().unwrap().contains("htop"));
    assert!(!the.sandbox.path("repo/manifests/system-packages.json").exists());
    the.sandbox.write("repo/repo.json", "{ \"dev_container\": \"work\" }\n");
    the.bkt(&["-n", "dnf", "install", "htop"]).exits(2).says("the development box work");
}

#[test]
fn what_is_installed_in_the_development_box_is_in_it_and_recorded() {
    const MANIFEST: &str = "repo/manifests/toolbox-packages.json";
    let the = Box::of_host(None);
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins/boxes");
    for name in ["podman", "toolbox", "distrobox"] {
        symlink(&stand_in, the.sandbox.path("host/bin").join(name)).unwrap();
    }
    let image = json!({ "id": "a1", "packages": { "bash": "User" } });
    let newer = json!({ "id": "a2", "packages": { "bash": "User" } });
    let boxed = json!({ "id": "b1", "maker": "toolbox", "image": "registry.example/dev:1", "image_id": "a1",
        "running": true, "pid": 1001, "packages": { "bash": "User" } });
    let state = json!({
        "images": { "registry.example/dev:1": image }, "registry": { "registry.example/dev:1": newer },
        "repositories": ["bash", "gcc"], "groups": [], "boxes": { "bootc-dev": boxed },
    });
    the.sandbox.write("host/boxes.json", &state.to_string());
    the.sandbox.write("host/proc/sys/kernel/random/boot_id", "0b7f-1\n");
    the.sandbox.write(MANIFEST, "{\n  \"packages\": []\n}\n");
    // The stand-in lays out what podman leaves on a disk.
    let mut laid_out = the.host("toolbox");
    laid_out.args([
        "run",
        "--container",
        "bootc-dev",
        "sudo",
        "-n",
        "dnf5",
        "install",
        "-y",
        "bash",
    ]);
    Run::of(laid_out.output().unwrap()).exits(0);
    let state = || serde_json::from_str::<Json>(&the.sandbox.read("host/boxes.json")).unwrap();
    let manifest = || serde_json::from_str::<Json>(&the.sandbox.read(MANIFEST)).unwrap();
    let dev = || state()["boxes"]["bootc-dev"].clone();

    the.bkt(&["--cli", "dnf", "install", "gcc"]).exits(0);
    assert_eq!(
        (&dev()["packages"]["gcc"], &manifest()["packages"]),
        (&json!("User"), &json!(["gcc"]))
    );
    // What fails there fails here, and is not recorded.
    the.bkt(&["dnf", "install", "--force", "broken"]).exits(1).says("No match for argument");
    assert_eq!(manifest()["packages"], json!(["gcc"]));
    the.bkt(&["dnf", "remove", "gcc"]).exits(0);
    assert_eq!((dev()["packages"].get("gcc"), &manifest()["packages"]), (None, &json!([])));
    the.bkt(&["undo"]).exits(0);
    assert_eq!(dev()["packages"]["gcc"], "User");

    the.bkt(&["dev", "enter"]).exits(0).says("already");
    the.bkt(&["dev", "enter", "--", "exit", "42"]).exits(42);
    the.bkt(&["dev", "update", "--yes"]).exits(2).says("from inside of it").says("--no-image");
    assert_eq!((dev()["id"].clone(), dev()["running"].clone()), (json!("b1"), json!(true)));
    the.bkt(&["dev", "update", "--no-image"]).exits(0);
}
