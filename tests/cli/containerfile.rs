//! The Containerfile beside the manifests: regenerated, checked, and taken back.

use crate::sandbox::Sandbox;

const FILE: &str = "repo/Containerfile";
const SHIMS: &str = "repo/manifests/host-shims.json";

/// A machine whose host has podman, with this Containerfile.
fn sandbox(containerfile: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("bin/podman", "#!/bin/sh\n");
    sandbox.write("bin/flatpak", "#!/bin/sh\n");
    for name in ["podman", "flatpak"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(sandbox.path("bin").join(name), mode).unwrap();
    }
    sandbox.write(FILE, containerfile);
    sandbox.commit();
    sandbox
}

/// Hand-written parts with a section between them.
fn with_section(before: &str, body: &str, after: &str) -> String {
    format!(
        "{before}# === HOST_SHIMS (managed by bkt) ===\n{body}# === END HOST_SHIMS ===\n{after}"
    )
}

fn empty() -> String {
    with_section("FROM base\n", "# No shims are wanted.\n", "RUN bootc container lint\n")
}

fn bkt(sandbox: &Sandbox, args: &[&str]) -> crate::sandbox::Run {
    let mut command = sandbox.command(crate::sandbox::BKT);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", sandbox.path("bin").display()));
    crate::sandbox::Run::of(command.args(args).output().unwrap())
}

#[test]
fn check_says_what_differs_and_sync_mends_it() {
    let own: String = (0..5000).map(|n| format!("RUN echo {n} \\\t\r\n  é \n\n")).collect();
    let sandbox = sandbox(&with_section(&own, "stale\n", "last"));
    let run = bkt(&sandbox, &["containerfile", "check"]).exits(3);
    let run = run.says("@@ -14999,6 +14999,6 @@").says("-stale").says("+# No shims are wanted.");
    run.says("bkt containerfile sync");
    assert_eq!(bkt(&sandbox, &["-q", "containerfile", "check"]).exits(3).out, "");
    bkt(&sandbox, &["containerfile", "diff"]).exits(0).says("-stale");
    let json = bkt(&sandbox, &["containerfile", "check", "--json"]).exits(3).json();
    let mut sections = json["sections"].as_array().unwrap().iter();
    let shims = sections.find(|one| one["name"] == "HOST_SHIMS").unwrap();
    assert_eq!((json["drift"].as_bool(), shims["state"].as_str()), (Some(true), Some("differs")));
    assert_eq!(shims["line"], 15001);
    assert_eq!(shims["file"], "stale\n");

    let before = sandbox.read(FILE);
    bkt(&sandbox, &["containerfile", "sync", "-n"])
        .exits(0)
        .says("Write the Containerfile")
        .says("-stale");
    assert_eq!(sandbox.read(FILE), before);
    bkt(&sandbox, &["containerfile", "sync"]).exits(0).says("bkt undo");
    assert_eq!(sandbox.read(FILE), with_section(&own, "# No shims are wanted.\n", "last"));
    bkt(&sandbox, &["containerfile", "check"]).exits(0).says("says what the manifests say.");
    bkt(&sandbox, &["containerfile", "sync"]).exits(0).says("says what the manifests say.");
    bkt(&sandbox, &["undo"]).exits(0);
    assert_eq!(sandbox.read(FILE), before);
}

#[test]
fn a_missing_section_is_named_and_added() {
    let sandbox = sandbox("FROM base\nRUN x\nRUN bootc container lint\n");
    let quiet = bkt(&sandbox, &["containerfile", "check"]).exits(0);
    assert!(!format!("{quiet:?}").contains("HOST_SHIMS"), "{quiet:#?}");
    let loud = bkt(&sandbox, &["containerfile", "check", "-v"]).exits(0);
    loud.says("HOST_SHIMS is missing in Containerfile, and nothing");
    let run = bkt(&sandbox, &["shim", "add", "podman"]).exits(0);
    run.says("The section HOST_SHIMS is missing in Containerfile, so").says("--add-missing");
    assert_eq!(sandbox.read(FILE), "FROM base\nRUN x\nRUN bootc container lint\n");
    let run = bkt(&sandbox, &["containerfile", "check"]).exits(3);
    run.says("The section HOST_SHIMS is missing in Containerfile, so").says("--add-missing");
    bkt(&sandbox, &["containerfile", "sync"]).exits(0).says("--add-missing");
    bkt(&sandbox, &["containerfile", "sync", "--add-missing"]).exits(0);
    let text = sandbox.read(FILE);
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(at("FROM base") < at("# === HOST_SHIMS (managed by bkt) ==="), "{text}");
    assert!(at("/etc/skel/.local/toolbox/shims/podman") < at("# === END HOST_SHIMS ==="), "{text}");
    assert!(at("# === END HOST_SHIMS ===") < at("RUN x"), "{text}");
    bkt(&sandbox, &["containerfile", "check"]).exits(0);
}

#[test]
fn a_verb_edits_manifest_and_containerfile_together_and_undo_takes_both_back() {
    let sandbox = sandbox(&empty());
    bkt(&sandbox, &["shim", "add", "podman", "-n"])
        .exits(0)
        .says("1 manifest and the Containerfile");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    bkt(&sandbox, &["shim", "add", "podman"]).exits(0);
    assert!(sandbox.read(SHIMS).contains("podman"));
    assert!(
        sandbox.read(FILE).contains("exec flatpak-spawn --host podman"),
        "{}",
        sandbox.read(FILE)
    );
    bkt(&sandbox, &["containerfile", "check"]).exits(0);
    let (with, manifest) = (sandbox.read(FILE), sandbox.read(SHIMS));
    bkt(&sandbox, &["undo"]).exits(0);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    bkt(&sandbox, &["redo"]).exits(0);
    assert_eq!((sandbox.read(FILE), sandbox.read(SHIMS)), (with, manifest));
}

/// An undo takes the section back, and nothing that the person wrote meanwhile.
#[test]
fn what_was_written_outside_since_survives_an_undo() {
    let sandbox = sandbox(&empty());
    bkt(&sandbox, &["shim", "add", "podman"]).exits(0);
    let mine = |text: String| text.replace("FROM base\n", "FROM other\n# mine\n");
    sandbox.write(FILE, &mine(sandbox.read(FILE)));
    bkt(&sandbox, &["undo"]).exits(0);
    assert_eq!(sandbox.read(FILE), mine(empty()));
    assert!(!sandbox.path(SHIMS).exists() || !sandbox.read(SHIMS).contains("podman"));
    bkt(&sandbox, &["redo"]).exits(0);
    assert!(sandbox.read(FILE).contains("# mine\n"));
    bkt(&sandbox, &["containerfile", "check"]).exits(0);
    // One of two operations: the other's section stays.
    bkt(&sandbox, &["shim", "add", "flatpak"]).exits(0);
    let history = bkt(&sandbox, &["history", "--json"]).json();
    let first = history["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["number"].as_u64().unwrap())
        .min();
    bkt(&sandbox, &["undo", &first.unwrap().to_string()]).exits(0);
    let text = sandbox.read(FILE);
    assert!(
        text.contains("--host flatpak")
            && !text.contains("--host podman")
            && text.contains("# mine\n"),
        "{text}"
    );
}

#[test]
fn broken_markers_stop_what_needs_them_with_file_and_line() {
    let broken = "FROM base\n\n# === HOST_SHIMS (managed by bkt) ===\nRUN x\n";
    let sandbox = sandbox(broken);
    for args in [
        &["containerfile", "check"][..],
        &["containerfile", "sync"],
        &["containerfile", "diff"],
        &["shim", "add", "podman"],
    ] {
        let run = bkt(&sandbox, args).exits(1);
        run.says("Containerfile:3:1: the section HOST_SHIMS begins here and never ends");
    }
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert!(!sandbox.path("home/.local/bin/podman").exists(), "the machine was changed");
    // What no image is made of does not need it.
    sandbox.write("home/.local/share/flatpak/overrides/org.x.App", "[Context]\nshared=network;\n");
    bkt(&sandbox, &["containerfile", "check", "--json"]).exits(1);
    bkt(&sandbox, &["gsetting", "set", "--manifest-only", "--force", "org.bkt.test", "k01", "'x'"])
        .exits(0);
    // Bytes that are no text are said to be none.
    std::fs::write(sandbox.path(FILE), b"FROM \xff\n").unwrap();
    bkt(&sandbox, &["containerfile", "check"]).exits(1).says("UTF-8");
}

#[test]
fn no_containerfile_is_nothing_to_sync() {
    let sandbox = sandbox("");
    std::fs::remove_file(sandbox.path(FILE)).unwrap();
    for verb in ["check", "diff", "sync"] {
        bkt(&sandbox, &["containerfile", verb]).exits(0).says("has no Containerfile");
    }
    bkt(&sandbox, &["shim", "add", "podman"]).exits(0);
    assert!(!sandbox.path(FILE).exists());
}

/// What this machine alone wants is no part of an image that all of them have.
#[test]
fn the_layer_of_one_machine_is_not_built_into_the_image() {
    let sandbox = sandbox(&empty());
    bkt(&sandbox, &["shim", "add", "podman", "--layer", "host"]).exits(0);
    assert_eq!(sandbox.read(FILE), empty());
    bkt(&sandbox, &["containerfile", "check"]).exits(0);
}

/// A manifest that cannot be read leaves its own section as it is, and stops no other subsystem.
#[test]
fn a_broken_manifest_of_an_image_is_an_error_of_check() {
    let sandbox = sandbox(&empty());
    sandbox.write(SHIMS, "{ \"shims\": [ {\"name\": \"../x\"} ] }\n");
    bkt(&sandbox, &["containerfile", "check"])
        .exits(1)
        .says("host-shims.json:1:")
        .says("is not a command name");
    assert_eq!(sandbox.read(FILE), empty());
}
