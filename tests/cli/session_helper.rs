//! A stand-in for Flatpak's session helper, on a bus of its own: it starts programs as the real one does, with the files
//! it was handed, in a session without a terminal, and says how they ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use zbus::{Connection, Message, MessageStream, OwnedFd, fdo};

const NAME: &str = "org.freedesktop.Flatpak";
const PATH: &str = "/org/freedesktop/Flatpak/Development";
const INTERFACE: &str = "org.freedesktop.Flatpak.Development";

/// A session bus at `$XDG_RUNTIME_DIR/bus`; it ends with this.
pub struct Bus(Child);

impl Bus {
    /// Starts it. Whoever waits longer than a second for an answer is told that none came.
    pub fn start(dir: &Path) -> Self {
        let config = dir.join("bus.conf");
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
             <busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy>\
             <limit name='reply_timeout'>1000</limit></busconfig>",
            dir.join("bus").display()
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(&config);
        let child = command.stderr(Stdio::null()).spawn();
        let bus = Self(child.expect("dbus-daemon is needed: Debian's dbus-daemon has it"));
        wait_for(|| std::os::unix::net::UnixStream::connect(dir.join("bus")).is_ok());
        bus
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is so.
#[track_caller]
pub fn wait_for(mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The helper on the bus in `dir`, until the bus ends. `env` is what the host's session has.
pub fn start(dir: &Path, env: BTreeMap<String, OsString>) {
    let socket = dir.join("bus");
    let (ready, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serve = async {
            let socket = std::os::unix::net::UnixStream::connect(socket).unwrap();
            let bus = zbus::connection::Builder::unix_stream(socket).build().await.unwrap();
            let mut calls = MessageStream::from(&bus);
            let rule = "type='signal',member='NameOwnerChanged'";
            let dbus = "org.freedesktop.DBus";
            bus.call_method(Some(dbus), "/org/freedesktop/DBus", Some(dbus), "AddMatch", &rule)
                .await
                .unwrap();
            bus.request_name(NAME).await.unwrap();
            ready.send(()).unwrap();
            let mut running = BTreeMap::new();
            while let Some(Ok(message)) = calls.next().await {
                hear(&bus, &env, &mut running, &message).await;
            }
        };
        tokio::task::LocalSet::new().block_on(&runtime, serve);
    });
    wait.recv().unwrap();
}

/// The programs by their process id: who asked for them, and whether they are told when that one is gone.
type Running = BTreeMap<u32, (String, bool)>;

async fn hear(
    bus: &Connection,
    env: &BTreeMap<String, OsString>,
    running: &mut Running,
    message: &Message,
) {
    let header = message.header();
    let caller = header.sender().map(ToString::to_string).unwrap_or_default();
    let member = header.member().map(ToString::to_string).unwrap_or_default();
    match (header.message_type(), member.as_str()) {
        (zbus::message::Type::MethodCall, "HostCommand") => {
            match spawn(env, message) {
                Ok((mut child, watch)) => {
                    let pid = child.id().unwrap();
                    running.insert(pid, (caller.clone(), watch));
                    bus.reply(&header, &pid).await.unwrap();
                    let bus = bus.clone();
                    tokio::task::spawn_local(async move {
                        let status = child.wait().await.unwrap().into_raw().cast_unsigned();
                        // Somebody else's program first: whoever listens has to tell them apart.
                        for body in [(pid + 1, 0), (pid, status)] {
                            let to = Some(caller.as_str());
                            let _ = bus
                                .emit_signal(to, PATH, INTERFACE, "HostCommandExited", &body)
                                .await;
                        }
                    });
                }
                Err(error) => bus.reply_dbus_error(&header, error).await.unwrap(),
            };
        }
        (zbus::message::Type::MethodCall, "HostCommandSignal") => {
            let (pid, signal, group): (u32, i32, bool) = {
                let (pid, signal, group): (u32, u32, bool) = message.body().deserialize().unwrap();
                (pid, signal.cast_signed(), group)
            };
            assert_eq!(running[&pid].0, caller);
            let signal = Signal::from_named_raw(signal).unwrap();
            let target = Pid::from_raw(pid.cast_signed()).unwrap();
            let _ = match group {
                true => kill_process_group(target, signal),
                false => kill_process(target, signal),
            };
        }
        (zbus::message::Type::Signal, "NameOwnerChanged") => {
            let (name, _, now): (String, String, String) = message.body().deserialize().unwrap();
            let of = running.iter().filter(|(_, (caller, watch))| *watch && *caller == name);
            for (pid, _) in of.filter(|_| now.is_empty()) {
                let _ = kill_process_group(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::INT);
            }
        }
        _ => (),
    }
}

type Asked = (Vec<u8>, Vec<Vec<u8>>, BTreeMap<u32, OwnedFd>, BTreeMap<String, String>, u32);

fn spawn(
    session: &BTreeMap<String, OsString>,
    message: &Message,
) -> Result<(tokio::process::Child, bool), fdo::Error> {
    let body = message.body();
    let (dir, argv, mut files, env, flags): Asked = body.deserialize().unwrap();
    let text = |mut bytes: Vec<u8>| {
        assert_eq!(bytes.pop(), Some(0), "a byte string ends with a zero byte");
        OsString::from_vec(bytes)
    };
    let argv: Vec<OsString> = argv.into_iter().map(text).collect();
    let dir = PathBuf::from(text(dir));
    let fail = |text: String| format!("Failed to start command: {text}");
    let program = std::env::split_paths(&session["PATH"])
        .map(|dir| dir.join(&argv[0]))
        .find(|path| path.is_file())
        .ok_or_else(|| fdo::Error::FileNotFound(fail("No such file or directory".to_owned())))?;
    let mut file = |number| Stdio::from(std::os::fd::OwnedFd::from(files.remove(&number).unwrap()));
    // setsid is the program itself after that: it keeps its process id where it leads no group.
    let child = tokio::process::Command::new("setsid")
        .arg(program)
        .args(&argv[1..])
        .current_dir(dir)
        .env_clear()
        .envs(session)
        .envs(env)
        .stdin(file(0))
        .stdout(file(1))
        .stderr(file(2))
        .spawn()
        .map_err(|error| fdo::Error::Failed(fail(error.to_string())))?;
    assert!(files.is_empty());
    Ok((child, flags & 2 != 0))
}
