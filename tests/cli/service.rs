//! `bkt --cli`, as systemd runs it.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::sandbox::{BKT, Run, Sandbox};

#[test]
fn lines_for_the_journal_carry_priorities() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    sandbox.write("repo/manifests/gnome-extensions.json", "{");
    let journal = sandbox.path("journal");
    let file = std::fs::File::create(&journal).unwrap();
    let stat = file.metadata().unwrap();
    let run = |options: &[&str]| {
        let output = sandbox
            .command(BKT)
            .args(options)
            .arg("status")
            .env("JOURNAL_STREAM", format!("{}:{}", stat.dev(), stat.ino()))
            .stderr(file.try_clone().unwrap())
            .output();
        Run::of(output.unwrap()).exits(1)
    };
    let out = run(&["--cli", "--color", "always"]).out;
    assert!(!out.contains('\x1b') && !out.contains("<6>"), "only one stream is the journal: {out}");
    let text = std::fs::read_to_string(&journal).unwrap();
    assert!(text.starts_with("<3>Error: Extensions: "), "{text}");
    assert!(text.lines().all(|line| line.starts_with("<3>")), "{text}");
    std::fs::write(&journal, "").unwrap();
    run(&[]);
    assert!(!std::fs::read_to_string(&journal).unwrap().contains("<3>"));
}

#[test]
fn systemd_is_told() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    let path = sandbox.path("notify");
    let name = format!("bkt-test-{}", std::process::id());
    let at_path = UnixDatagram::bind(&path).unwrap();
    let abstracted =
        UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let (path, name) = (path.to_str().unwrap().to_owned(), format!("@{name}"));
    for (socket, address) in [(at_path, path), (abstracted, name)] {
        sandbox.set("k01", &address);
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let output =
            sandbox.command(BKT).args(["--cli", "capture"]).env("NOTIFY_SOCKET", address).output();
        Run::of(output.unwrap()).exits(0);
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != "READY=1") {
            let mut bytes = [0; 1000];
            let length = socket.recv(&mut bytes).expect("READY=1 is sent");
            heard.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
        }
        assert!(heard[0].starts_with("STATUS=[1/1] "), "{heard:?}");
    }
}

#[test]
fn a_service_that_failed_is_not_ready() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    sandbox.write("repo/manifests/gsettings.json", "");
    let output = sandbox.command(BKT).args(["--cli", "apply"]).env("NOTIFY_SOCKET", &path).output();
    Run::of(output.unwrap()).exits(1);
    assert!(socket.recv(&mut [0; 100]).is_err());
}

#[test]
fn a_service_is_never_asked_and_takes_its_own_side() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "mine");
    sandbox.manifest_of(&[("k01", "theirs")]);
    // Without a base, an explicit direction takes its own side.
    sandbox.in_session(&["--cli", "apply"]).exits(0);
    assert_eq!(sandbox.value("k01").as_deref(), Some("theirs"));
    // What the person changed since is not taken back.
    sandbox.set("k01", "mine again");
    sandbox.in_session(&["--cli", "apply"]).exits(0).says("undoes what the other side changed");
    assert_eq!(sandbox.value("k01").as_deref(), Some("mine again"));
}
