//! Shims: made, found, left alone where they are somebody else's, and taken back.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::sandbox::{BKT, Run, Sandbox, items};

const MANIFEST: &str = "repo/manifests/host-shims.json";
const SCRIPT: &str = "home/.local/toolbox/shims/docker";
const LINK: &str = "home/.local/bin/docker";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    program(&sandbox, "bin/podman", "#!/bin/sh\necho \"host $0 $*\"\n");
    sandbox
}

fn program(sandbox: &Sandbox, below: &str, text: &str) {
    sandbox.write(below, text);
    fs::set_permissions(sandbox.path(below), fs::Permissions::from_mode(0o755)).unwrap();
}

fn bkt(sandbox: &Sandbox, args: &[&str]) -> Run {
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    Run::of(sandbox.command(BKT).env("PATH", path).args(args).output().unwrap())
}

#[test]
fn a_shim_is_made_found_and_taken_back() {
    let sandbox = sandbox();
    bkt(&sandbox, &["shim", "add", "docker", "--host", "podman"]).exits(0);
    assert_eq!(
        fs::read_link(sandbox.path(LINK)).unwrap().to_str(),
        Some("../toolbox/shims/docker")
    );
    assert_eq!(fs::metadata(sandbox.path(SCRIPT)).unwrap().permissions().mode() & 0o7777, 0o755);
    assert!(sandbox.drift().is_empty(), "{:?}", sandbox.drift());
    bkt(&sandbox, &["shim", "list"]).exits(0).says("docker");
    // Called on the host, where the path leads to it first, it is the host's own.
    let bins = ["home/.local/bin", "bin"].map(|dir| sandbox.path(dir).display().to_string());
    let path = format!("{}:/usr/bin:/bin", bins.join(":"));
    if !std::path::Path::new("/run/.containerenv").exists() {
        let run = Run::of(
            sandbox.command("docker").env("PATH", &path).args(["a b", "c"]).output().unwrap(),
        );
        assert_eq!(run.exits(0).out, format!("host {}/podman a b c\n", bins[1]));
    }
    bkt(&sandbox, &["shim", "add", "docker", "--host", "git"]).exits(0);
    assert!(sandbox.read(SCRIPT).contains("--host git"));
    bkt(&sandbox, &["undo"]).exits(0);
    assert!(sandbox.read(SCRIPT).contains("--host podman"));
    assert!(sandbox.drift().is_empty());
    bkt(&sandbox, &["undo"]).exits(0);
    assert!(!sandbox.path(SCRIPT).exists() && !sandbox.path(LINK).is_symlink());
    assert!(!sandbox.path(MANIFEST).exists());
    bkt(&sandbox, &["redo"]).exits(0);
    bkt(&sandbox, &["shim", "remove", "docker"]).exits(0);
    assert!(!sandbox.path(SCRIPT).exists() && !sandbox.path(LINK).is_symlink());
    assert!(!sandbox.read(MANIFEST).contains("docker"));
    assert!(sandbox.drift().is_empty());
    bkt(&sandbox, &["shim", "remove", "docker"]).exits(1).says("there is no shim “docker”");
}

#[test]
fn capture_and_apply_settle_both_ways() {
    let sandbox = sandbox();
    // As an earlier tool has left it.
    program(&sandbox, SCRIPT, "#!/bin/bash\nexec flatpak-spawn --host podman \"$@\"\n");
    fs::create_dir_all(sandbox.path("home/.local/bin")).unwrap();
    symlink("../toolbox/shims/docker", sandbox.path(LINK)).unwrap();
    assert_eq!(sandbox.drift(), items(&[("docker", "unmanaged")]));
    bkt(&sandbox, &["shim", "capture"]).exits(0);
    let said: serde_json::Value = serde_json::from_str(&sandbox.read(MANIFEST)).unwrap();
    assert_eq!(said["shims"], serde_json::json!([{ "name": "docker", "host": "podman" }]));
    for verb in ["capture", "sync"] {
        bkt(&sandbox, &["shim", verb]).exits(0).says("nothing to do");
    }
    // Another machine with the same manifest; unknown keys and its form survive.
    let text = "{ // mine\n  \"shims\": [{\"name\": \"docker\", \"why\": \"x\"}, {\"name\": \"podman\"}]\n}\n";
    sandbox.write(MANIFEST, text);
    fs::remove_dir_all(sandbox.path("home/.local/toolbox")).unwrap();
    fs::remove_file(sandbox.path(LINK)).unwrap();
    bkt(&sandbox, &["shim", "sync", "--force"]).exits(0);
    assert!(sandbox.drift().is_empty(), "{:?}", sandbox.drift());
    assert!(sandbox.read(SCRIPT).contains("--host docker"));
    for verb in ["capture", "sync"] {
        bkt(&sandbox, &["shim", verb]).exits(0).says("nothing to do");
    }
    assert_eq!(sandbox.read(MANIFEST), text);
    bkt(&sandbox, &["shim", "add", "docker", "--host", "podman", "--manifest-only"]).exits(0);
    let said = sandbox.read(MANIFEST);
    for kept in ["// mine", "\"why\": \"x\"", "\"host\": \"podman\"", "{\"name\": \"podman\"}"] {
        assert!(said.contains(kept), "{kept}: {said}");
    }
    bkt(&sandbox, &["shim", "add", "docker", "--force", "--manifest-only"]).exits(0);
    let said = sandbox.read(MANIFEST);
    assert!(said.contains("why") && !said.contains("host\":"), "{said}");
}

/// What an earlier tool made comes back as that tool made it.
#[test]
fn an_undo_brings_back_every_byte_of_a_script_and_its_link() {
    let sandbox = sandbox();
    let script = "#!/bin/bash\n# theirs\nexec flatpak-spawn --host 'podman' \"$@\"\n";
    program(&sandbox, SCRIPT, script);
    fs::set_permissions(sandbox.path(SCRIPT), fs::Permissions::from_mode(0o775)).unwrap();
    fs::create_dir_all(sandbox.path("home/.local/bin")).unwrap();
    symlink(sandbox.path(SCRIPT), sandbox.path(LINK)).unwrap();
    bkt(&sandbox, &["shim", "capture"]).exits(0);
    for args in [&["shim", "remove", "docker"][..], &["shim", "add", "docker", "--host", "git"]] {
        bkt(&sandbox, args).exits(0);
        assert!(!sandbox.path(SCRIPT).exists() || sandbox.read(SCRIPT) != script);
        bkt(&sandbox, &["undo"]).exits(0);
        assert_eq!(sandbox.read(SCRIPT), script);
        let mode = fs::metadata(sandbox.path(SCRIPT)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o775);
        assert_eq!(fs::read_link(sandbox.path(LINK)).unwrap(), sandbox.path(SCRIPT), "{args:?}");
    }
    bkt(&sandbox, &["redo"]).exits(0);
    assert!(sandbox.read(SCRIPT).contains("--host git"));
}

#[test]
fn what_is_not_ours_is_never_overwritten_or_removed() {
    let sandbox = sandbox();
    program(&sandbox, LINK, "#!/bin/sh\necho mine\n");
    let run = bkt(&sandbox, &["shim", "add", "docker", "--host", "podman"]).exits(1);
    run.says("“~/.local/bin/docker” is not one of Bucket’s shims");
    assert!(sandbox.read(LINK).contains("mine") && !sandbox.path(SCRIPT).exists());
    assert!(!sandbox.path(MANIFEST).exists(), "what cannot be made is not written down");
    fs::remove_file(sandbox.path(LINK)).unwrap();
    // A program, a directory, and a script that does more.
    program(&sandbox, SCRIPT, "");
    fs::write(sandbox.path(SCRIPT), b"\x7fELF\xff\xfe").unwrap();
    bkt(&sandbox, &["shim", "add", "docker", "--host", "podman"])
        .exits(1)
        .says("shims/docker” is not one");
    program(&sandbox, SCRIPT, "#!/bin/sh\nsetup\nexec flatpak-spawn --host podman \"$@\"\n");
    bkt(&sandbox, &["shim", "add", "docker", "--host", "podman"])
        .exits(1)
        .says("shims/docker” is not one");
    sandbox.write(MANIFEST, "{ \"shims\": [{\"name\": \"docker\"}] }\n");
    bkt(&sandbox, &["shim", "list"]).exits(0).says("docker");
    bkt(&sandbox, &["shim", "sync"]).exits(1).says("is not one of Bucket’s shims");
    bkt(&sandbox, &["shim", "remove", "docker"]).exits(0);
    assert!(sandbox.read(SCRIPT).contains("setup"));
}

#[test]
fn a_shim_without_its_link_is_mended() {
    let sandbox = sandbox();
    bkt(&sandbox, &["shim", "add", "docker", "--host", "podman"]).exits(0);
    fs::remove_file(sandbox.path(LINK)).unwrap();
    assert_eq!(sandbox.drift().get("docker").map(String::as_str), Some("system-changed"));
    bkt(&sandbox, &["shim", "sync", "--force"]).exits(0);
    assert!(sandbox.path(LINK).exists());
    fs::set_permissions(sandbox.path(SCRIPT), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(sandbox.drift().len(), 1);
    bkt(&sandbox, &["shim", "sync", "--force"]).exits(0);
    assert!(sandbox.drift().is_empty());
}

#[test]
fn a_command_that_the_host_does_not_have_is_refused() {
    let sandbox = sandbox();
    let run = bkt(&sandbox, &["shim", "add", "podmann"]).exits(1);
    run.says("the host has no command “podmann”").says("  podman").says("--force");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    bkt(&sandbox, &["shim", "add", "podmann", "--force"]).exits(0);
    // A shim is no command of the host, though the path leads to it.
    let bins = ["home/.local/bin", "bin"].map(|dir| sandbox.path(dir).display().to_string());
    let mut command = sandbox.command(BKT);
    command.env("PATH", format!("{}:/usr/bin:/bin", bins.join(":")));
    let run = Run::of(command.args(["shim", "add", "x", "--host", "podmann"]).output().unwrap());
    run.exits(1).says("the host has no command “podmann”");
}

#[test]
fn hostile_names_are_refused() {
    let sandbox = sandbox();
    for name in ["../x", "a\nb", "a;b", "a'b", "a\"b", "$(x)", "a b", "", "/bin/sh", ".x"] {
        for args in [
            &["shim", "add", name][..],
            &["shim", "remove", name],
            &["shim", "add", "x", "--host", name],
        ] {
            bkt(&sandbox, args).exits(2).says("is not a command name");
        }
    }
    bkt(&sandbox, &["shim", "add", "--", "-rf"]).exits(2).says("is not a command name");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert!(!sandbox.path("home/.local/bin").exists());
}
