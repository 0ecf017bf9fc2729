//! Files in `/etc` on a machine that was started from an image, and the image's own modules.

use super::sandbox::{BKT, Run, Sandbox};

/// A machine whose image has two files in `/etc`, and a Containerfile with the section for modules.
fn atomic() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("run/ostree-booted", "");
    for dir in ["etc", "usr/etc"] {
        sandbox.write(&format!("{dir}/issue"), "Welcome\n");
        sandbox.write(&format!("{dir}/conf.d/a.conf"), "one\ntwo\nthree\n");
    }
    let file = "FROM scratch\n# mine\n# === IMAGE_CONFIG (managed by bkt) ===\n# === END IMAGE_CONFIG ===\nRUN true\n";
    sandbox.write("repo/Containerfile", file);
    sandbox
}

/// `bkt` on that machine.
fn bkt(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command(BKT);
    command.env("BKT_ROOT", sandbox.path(""));
    Run::of(command.args(args).output().unwrap())
}

#[test]
fn a_change_is_read_line_by_line_captured_into_the_image_and_taken_back() {
    let sandbox = atomic();
    let before = sandbox.read("repo/Containerfile");
    let mut lines = "one\n2\nthree\n".to_owned();
    sandbox.write("etc/conf.d/a.conf", &lines);
    bkt(&sandbox, &["status", "etc-files"]).exits(0).says("/etc/conf.d/a.conf");
    // A file that no manifest has is shown as it is, but not all of a long one.
    (0..40).for_each(|n| lines += &format!("line {n}\n"));
    sandbox.write("etc/conf.d/a.conf", &lines);
    let diff = bkt(&sandbox, &["diff", "etc-files"]).exits(0).says("+ 2").says("23 lines more");
    assert!(!diff.out.contains("line 39"));
    bkt(&sandbox, &["diff", "-v", "etc-files"]).exits(0).says("+ line 39");
    sandbox.write("etc/conf.d/a.conf", "one\n2\nthree\n");
    bkt(&sandbox, &["capture", "etc-files", "-y"]).exits(0).says("Track /etc/conf.d/a.conf");
    assert_eq!(sandbox.read("repo/system/etc/conf.d/a.conf"), "one\n2\nthree\n");
    let after = sandbox.read("repo/Containerfile");
    let copy = "# etc\nCOPY --chmod=0644 [\"system/etc/conf.d/a.conf\",\"/etc/conf.d/a.conf\"]\n";
    assert_eq!(after, before.replace("# === END", &format!("{copy}# === END")));
    // What changes later is shown by its lines.
    sandbox.write("etc/conf.d/a.conf", "one\n2\n3\n");
    let diff = bkt(&sandbox, &["diff", "etc-files"]).exits(0).says("− three").says("+ 3");
    assert!(!diff.out.contains("− 2"), "{diff:?}");
    sandbox.write("etc/conf.d/a.conf", "one\n2\nthree\n");
    bkt(&sandbox, &["diff", "etc-files"]).exits(0).says("There are no differences.");
    bkt(&sandbox, &["undo", "-y"]).exits(0);
    assert_eq!(sandbox.read("repo/Containerfile"), before);
    assert!(!sandbox.path("repo/system/etc/conf.d/a.conf").exists());
    assert_eq!(sandbox.read("etc/conf.d/a.conf"), "one\n2\nthree\n");
}

#[test]
fn what_the_manifest_wants_comes_with_the_next_image() {
    let sandbox = atomic();
    sandbox.write("repo/own/b.conf", "b\n");
    let manifest = r#"{"modules": [{"name": "own", "type": "files", "files": [{"src": "own/b.conf", "dest": "/etc/b.conf"}]}]}"#;
    sandbox.write("repo/manifests/image-config.json", manifest);
    let report = bkt(&sandbox, &["status", "--json", "etc-files", "image-config"]).exits(0).json();
    let state = |at: usize| report["subsystems"][at]["items"][0]["state"].clone();
    assert_eq!((state(0), state(1)), ("pending".into(), "in-sync".into()), "it is said once");
    bkt(&sandbox, &["apply", "etc-files", "-y"]).exits(0);
    assert!(!sandbox.path("etc/b.conf").exists());
    sandbox.write("repo/manifests/image-config.json", &manifest.replace("own/b.conf", "../b.conf"));
    let broken = bkt(&sandbox, &["status", "image-config"]).exits(1);
    broken.says("image-config.json:1:").says("is not a path in the repository");
}
