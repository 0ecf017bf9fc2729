//! Everything that can be wrong: one clear message with what to do, the rest works, nothing is lost, and not 0.

use std::fs;
use std::process::Command;

use crate::sandbox::{BKT, Run, Sandbox, items};

/// A machine with a difference in settings, and `text` as the manifest of extensions.
fn with_extensions(text: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.write("repo/manifests/gnome-extensions.json", text);
    sandbox
}

/// The manifest of extensions is refused where it is wrong, and the settings still work.
#[track_caller]
fn refused(text: &str, place: &str, what: &str) {
    let sandbox = with_extensions(text);
    let status = sandbox.bkt(&["status"]).exits(1);
    assert_eq!(status.err.matches("Error:").count(), 1, "{status:?}");
    status
        .says(&format!("gnome-extensions.json:{place}: "))
        .says(what)
        .says("Correct the file")
        .says("k01");
    sandbox.bkt(&["repo", "status"]).exits(1).says(place);
    sandbox.bkt(&["apply", "extension"]).exits(1);
    sandbox.bkt(&["capture"]).exits(5);
    assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
    assert_eq!(sandbox.read("repo/manifests/gnome-extensions.json"), text);
}

#[test]
fn broken_json() {
    refused("{\n  \"extensions\": [\n    \"a@b.c\"\n", "2:17", "");
    refused("", "1:1", "object");
    refused("[]", "1:1", "object");
    refused("{ \"extensions\": [] } trailing", "1:22", "");
}

#[test]
fn wrong_types() {
    refused("{\n  \"extensions\": {}\n}", "2:17", "list");
    refused("{ \"extensions\": [7] }", "1:18", "");
    refused("{ \"extensions\": [{ \"id\": \"a@b.c\", \"enabled\": \"yes\" }] }", "1:46", "boolean");
}

#[test]
fn the_same_thing_twice() {
    refused("{ \"extensions\": [],\n  \"extensions\": [] }", "2:3", "twice");
    refused("{ \"extensions\": [\"a@b.c\",\n  \"a@b.c\"] }", "2:3", "twice");
}

#[test]
fn a_name_that_is_none() {
    refused("{ \"extensions\": [\"../../etc\"] }", "1:18", "../../etc");
}

#[test]
fn a_directory_where_a_file_should_be() {
    let sandbox = with_extensions("");
    fs::remove_file(sandbox.path("repo/manifests/gnome-extensions.json")).unwrap();
    fs::create_dir(sandbox.path("repo/manifests/gnome-extensions.json")).unwrap();
    sandbox.bkt(&["status"]).exits(1).says("Is a directory").says("move it away").says("k01");
    sandbox.bkt(&["capture"]).exits(5);
    assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
    fs::remove_file(sandbox.manifest()).unwrap();
    fs::create_dir(sandbox.manifest()).unwrap();
    sandbox.bkt(&["capture"]).exits(1).says("gsettings.json");
    assert!(sandbox.manifest().is_dir());
}

#[test]
fn a_file_where_a_directory_should_be() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    sandbox.write("repo/manifests/hosts", "a file");
    sandbox.bkt(&["status"]).exits(1).says("A file is where a directory should be");
    assert_eq!(sandbox.read("repo/manifests/hosts"), "a file");
}

#[test]
fn text_that_is_none() {
    let sandbox = with_extensions("");
    fs::write(sandbox.path("repo/manifests/gnome-extensions.json"), b"{\"extensions\":[\"\xff\"]}")
        .unwrap();
    sandbox.bkt(&["status"]).exits(1).says("UTF-8").says("k01");
}

/// `bkt` as somebody who may not override permissions, which root may.
fn without_override(sandbox: &Sandbox, args: &[&str]) -> Run {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = match is_root {
        true => sandbox.command("setpriv"),
        false => sandbox.command("env"),
    };
    if is_root {
        // What root's programs may do is what may be inherited and what the bounding set allows.
        let override_caps = "-dac_override,-dac_read_search";
        command.arg(format!("--inh-caps={override_caps}"));
        command.arg(format!("--bounding-set={override_caps}"));
    }
    Run::of(command.arg(BKT).args(args).output().unwrap())
}

fn permissions(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn no_permission_to_read() {
    let sandbox = with_extensions("{\"extensions\":[]}");
    let file = sandbox.path("repo/manifests/gnome-extensions.json");
    permissions(&file, 0o000);
    without_override(&sandbox, &["status"])
        .exits(1)
        .says("Permission denied")
        .says("ls -ld")
        .says("k01");
    without_override(&sandbox, &["capture"]).exits(5);
    assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
}

#[test]
fn no_permission_to_write() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.manifest_of(&[]);
    let dir = sandbox.path("repo/manifests");
    let before = fs::read(sandbox.manifest()).unwrap();
    permissions(&dir, 0o500);
    let run = without_override(&sandbox, &["capture"]).exits(1);
    permissions(&dir, 0o700);
    run.says("could not be written").says("Permission denied");
    assert_eq!(fs::read(sandbox.manifest()).unwrap(), before);
    assert_eq!(sandbox.drift(), items(&[("k01", "unmanaged")]));
    sandbox.bkt(&["capture"]).exits(0);
}

#[test]
fn no_permission_to_read_the_settings() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.manifest_of(&[("k01", "here")]);
    permissions(&sandbox.path("home/.config/dconf/user"), 0o000);
    let before = fs::read(sandbox.manifest()).unwrap();
    without_override(&sandbox, &["status"]).exits(1).says("Permission denied");
    without_override(&sandbox, &["capture", "--prune", "--force"]).exits(1);
    without_override(&sandbox, &["apply", "--prune", "--force"]).exits(1);
    assert_eq!(fs::read(sandbox.manifest()).unwrap(), before, "unknown is not removed");
}

/// Runs `bkt ARGS` with a file system of its own, full to the brim, over `dir`.
fn on_a_full_disk(sandbox: &Sandbox, dir: &std::path::Path, args: &str) -> Run {
    let script = format!(
        "set -e
        kept=$(mktemp -d); cp -a \"$1/.\" \"$kept\"
        mount -t tmpfs -o size=256k,mode=0700 tmpfs \"$1\"
        cp -a \"$kept/.\" \"$1\"; rm -r \"$kept\"
        dd if=/dev/zero of=\"$1/filler\" bs=1k 2>/dev/null || true
        find \"$1\" -type f ! -name filler ! -name lock ! -path '*/journal/*' -exec sha256sum {{}} + > \"$2.before\"
        code=0; {BKT} {args} || code=$?
        find \"$1\" -type f ! -name filler ! -name lock ! -path '*/journal/*' -exec sha256sum {{}} + > \"$2.after\"
        exit $code"
    );
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    command.arg(dir).arg(sandbox.path("files"));
    let run = Run::of(command.output().expect("unshare is needed for a full disk"));
    assert_eq!(sandbox.read("files.after"), sandbox.read("files.before"), "{run:?}");
    assert!(!sandbox.read("files.before").is_empty(), "{run:?}");
    run
}

#[test]
fn a_full_disk_under_the_manifests() {
    let mut sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k02", "long enough")]);
    sandbox.set("k01", &"x".repeat(20_000));
    let run = on_a_full_disk(&sandbox, &sandbox.path("repo/manifests"), "capture");
    run.exits(1).says("No space left on device");
    assert_eq!(sandbox.wanted(), items(&[("k02", "long enough")]));
    sandbox.bkt(&["capture"]).exits(0);
}

#[test]
fn a_full_disk_under_the_state() {
    let mut sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k02", "here")]);
    sandbox.set("k02", "here");
    sandbox.set("k01", &"x".repeat(20_000));
    sandbox.bkt(&["status"]).exits(0);
    let run = on_a_full_disk(&sandbox, &sandbox.state(), "capture");
    // What cannot be written down first is not done.
    run.exits(1).says("No space left on device").says("Make room");
    assert_eq!(sandbox.wanted(), items(&[("k02", "here")]));
    on_a_full_disk(&sandbox, &sandbox.state(), "status").exits(0).says("k01");
}

#[test]
fn state_of_a_newer_version_is_refused_and_kept() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.bkt(&["capture"]).exits(0);
    sandbox.set("k01", "there");
    let newer = "{\"version\": 99, \"treasure\": true}\n";
    for file in ["base.json", "skips.json", "journal/000002.jsonl"] {
        let path = sandbox.state().join(file);
        let before = fs::read_to_string(&path).ok();
        let text = match file.ends_with("jsonl") {
            true => {
                "{\"line\":\"begin\",\"version\":99,\"at\":\"\",\"undoes\":null,\"changes\":[],\"steps\":[],\"bases\":[]}\n"
            }
            false => newer,
        };
        fs::write(&path, text).unwrap();
        sandbox.bkt(&["capture"]).exits(1).says("newer version of Bucket").says("Update Bucket");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(sandbox.wanted(), items(&[("k01", "here")]));
        match before {
            Some(before) => fs::write(&path, before).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    sandbox.bkt(&["capture"]).exits(0);
}

#[test]
fn damaged_state_is_named_and_kept() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    sandbox.bkt(&["capture"]).exits(0);
    let base = sandbox.state().join("base.json");
    fs::write(&base, "{ \"version\": 1, ").unwrap();
    sandbox.bkt(&["status"]).exits(1).says("base.json").says("is damaged").says("Move it away");
    assert_eq!(fs::read_to_string(&base).unwrap(), "{ \"version\": 1, ");
    fs::remove_file(&base).unwrap();
    sandbox.bkt(&["status"]).exits(0);
}

#[test]
fn no_bus() {
    let sandbox = Sandbox::new();
    sandbox.manifest_of(&[("k01", "wanted")]);
    sandbox.bkt(&["status"]).exits(0).says("Only in the manifest");
    sandbox.bkt(&["apply"]).exits(1).says("no session bus");
    assert_eq!(sandbox.value("k01"), None);
    assert_eq!(sandbox.drift(), items(&[("k01", "missing")]));
    sandbox.in_session(&["apply"]).exits(0);
}

#[test]
fn no_shell() {
    let mut sandbox = Sandbox::new();
    sandbox.schemas(false);
    sandbox.set("k01", "here");
    // Nobody wants extensions, so that there is no Shell is only worth a word.
    sandbox.bkt(&["status"]).exits(0).says("GNOME Shell is not installed").says("k01");
    sandbox.write("repo/manifests/gnome-extensions.json", "{ \"extensions\": [\"a@b.c\"] }");
    sandbox
        .bkt(&["status"])
        .exits(1)
        .says("Error: Extensions: GNOME Shell is not installed")
        .says("k01");
    sandbox.bkt(&["capture"]).exits(5).says("1 change made");
    sandbox.bkt(&["apply", "extension"]).exits(1);
}

#[test]
fn no_flatpak() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "here");
    // Nothing is on the path, so that there is no flatpak either.
    let bkt = |args: &[&str]| {
        let path = sandbox.path("bin");
        Run::of(sandbox.command(BKT).env("PATH", path).args(args).output().unwrap())
    };
    bkt(&["status"]).exits(0).says("Flatpak is not installed").says("k01");
    let wanted =
        "{ \"apps\": [{ \"id\": \"org.example.App\", \"remote\": \"hub\", \"scope\": \"user\" }] }";
    sandbox.write("repo/manifests/flatpak-apps.json", wanted);
    bkt(&["status"]).exits(1).says("Error: Flatpak Apps: ").says("k01");
    bkt(&["apply", "flatpak"]).exits(1);
    bkt(&["capture", "--prune", "--force"]).exits(5).says("1 change made");
    assert_eq!(sandbox.read("repo/manifests/flatpak-apps.json"), wanted, "unknown is not removed");
}

#[test]
fn a_setting_whose_schema_is_not_installed() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "repo/manifests/gsettings.json",
        "{\"settings\":[{\"schema\":\"org.nowhere\",\"key\":\"a\",\"value\":\"1\"},{\"schema\":\"org.bkt.test\",\"key\":\"k01\",\"value\":\"'a'\"}]}",
    );
    // It is meant for other machines: nothing is wrong with this one.
    let said = "Not on this machine: the schema org.nowhere is not installed";
    sandbox.bkt(&["status", "--exit-code"]).exits(3).says(said);
    sandbox.in_session(&["apply"]).exits(0).says("1 change made");
    sandbox.bkt(&["status", "--exit-code"]).exits(0).says(said);
    sandbox.bkt(&["capture", "--prune", "--force"]).exits(0).says("nothing to do");
    assert!(sandbox.read("repo/manifests/gsettings.json").contains("org.nowhere"));
    assert_eq!(sandbox.value("k01").as_deref(), Some("a"));
}
