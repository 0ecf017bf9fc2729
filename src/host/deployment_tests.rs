//! Deployments below a directory, in the layout that ostree leaves behind.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use glib::variant::ToVariant;

use super::*;
use crate::host::testing::Machine;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

/// A machine with these deployments; the first `linked` of them have boot entries.
fn machine(names: &[&str], linked: usize) -> Machine {
    let machine = Machine::new();
    machine.file("run/ostree-booted", "");
    machine.file("proc/cmdline", "root=UUID=1 ostree=/ostree/boot.1/os/f00/0 quiet\n");
    fs::create_dir_all(machine.dir.path().join("ostree/boot.1.1/os/f00")).unwrap();
    symlink("boot.1.1", machine.dir.path().join("ostree/boot.1")).unwrap();
    for (number, name) in names.iter().enumerate() {
        fs::create_dir_all(machine.dir.path().join("ostree/deploy/os/deploy").join(name)).unwrap();
        let origin =
            format!("[origin]\ncontainer-image-reference=ostree-image-signed:docker://{number}\n");
        machine.file(&format!("ostree/deploy/os/deploy/{name}.origin"), origin);
        if number < linked {
            let link = machine.dir.path().join(format!("ostree/boot.1.1/os/f00/{number}"));
            symlink(format!("../../../deploy/os/deploy/{name}"), link).unwrap();
        }
    }
    machine
}

fn names(deployments: &Deployments) -> (String, Option<String>, Vec<String>) {
    let name = |one: &Deployment| format!("{}.{}", &one.checksum[..1], one.serial);
    let staged = deployments.staged.as_ref().map(name);
    (name(&deployments.booted), staged, deployments.others.iter().map(name).collect())
}

#[test]
fn what_runs_what_waits_and_what_is_left_are_told_apart() {
    let (a, b, c) = (format!("{A}.0"), format!("{B}.2"), format!("{C}.0"));
    let machine = machine(&[&b, &a, &c], 2);
    let host = machine.host();
    let found = read(&host).unwrap().unwrap();
    assert_eq!(names(&found), ("b.2".into(), None, vec!["a.0".into(), "c.0".into()]));
    assert_eq!(found.next(), &found.booted);
    assert_eq!(found.booted.origin.image.as_deref(), Some("ostree-image-signed:docker://0"));
    assert!(found.booted.dir.ends_with(format!("ostree/deploy/os/deploy/{b}")));
    machine.file("run/ostree/staged-deployment", "x");
    let found = read(&host).unwrap().unwrap();
    assert_eq!(names(&found), ("b.2".into(), Some("c.0".into()), vec!["a.0".into()]));
    assert_eq!(found.next().checksum, C);
}

#[test]
fn after_a_soft_reboot_the_command_line_is_stale() {
    let (a, b) = (format!("{A}.0"), format!("{B}.0"));
    let machine = machine(&[&a, &b], 2);
    let dir = machine.dir.path().join("ostree/deploy/os/deploy").join(&b);
    let file = fs::metadata(dir).unwrap();
    let told = VariantDict::new(None);
    told.insert("backing-root-device-inode", (file.dev(), file.ino()).to_variant());
    told.insert("composefs", true);
    machine.file("run/ostree-booted", told.end().data());
    assert_eq!(names(&read(&machine.host()).unwrap().unwrap()).0, "b.0");
    // What is not what ostree writes is no reason to know nothing.
    machine.file("run/ostree-booted", "\0\0?");
    assert_eq!(names(&read(&machine.host()).unwrap().unwrap()).0, "a.0");
}

#[test]
fn other_machines_have_none_or_one() {
    let machine = Machine::new();
    machine.file("proc/cmdline", "quiet root=/dev/vda1");
    assert_eq!(read(&machine.host()).unwrap(), None);
    machine.file("proc/cmdline", "quiet composefs=?deadbeef rw");
    let found = read(&machine.host()).unwrap().unwrap();
    assert_eq!(found.booted.checksum, "deadbeef");
    assert_eq!(found.booted.dir, machine.dir.path());
}

#[test]
fn what_cannot_be_read_is_said_with_the_file() {
    let a = format!("{A}.0");
    let broken = machine(&[&a], 1);
    broken.file(&format!("ostree/deploy/os/deploy/{a}.origin"), "[origin]\nnothing\n");
    let error = read(&broken.host()).unwrap_err().to_string();
    assert!(error.contains(&format!("{a}.origin: line 2")), "{error}");
    broken.file("proc/cmdline", "quiet");
    let error = read(&broken.host()).unwrap_err().to_string();
    assert!(error.contains("no “ostree=”"), "{error}");
    broken.file("proc/cmdline", "ostree=/ostree/boot.1/os/f00/7");
    let error = read(&broken.host()).unwrap_err().to_string();
    assert!(error.contains("f00/7"), "{error}");
    let closed = machine(&[&a], 1);
    fs::remove_dir_all(closed.dir.path().join("ostree/deploy")).unwrap();
    closed.file("ostree/deploy", "no directory");
    let error = read(&closed.host()).unwrap_err().to_string();
    assert!(error.contains("ostree/deploy” could not be read"), "{error}");
}

#[test]
fn an_origin_says_what_was_asked_for() {
    let origin = Origin::parse(&format!(
        "[origin]\nbaserefspec=fedora:fedora/41/x86_64/silverblue\n\n\
         [packages]\nrequested=htop;vim-enhanced;\nrequested-local={A}:mine-1:1.0-2.noarch;\n\n\
         [overrides]\nremove=firefox;firefox-langpacks;\nreplace-local={B}:bash-5.2-1.x86_64;\nreplace=repo=updates,kernel;\n\n\
         [rpmostree]\nregenerate-initramfs=true\n\n[libostree-transient]\npinned=true\n"
    ))
    .unwrap();
    let all = Origin {
        image: None,
        refspec: Some("fedora:fedora/41/x86_64/silverblue".into()),
        requested: vec!["htop".into(), "vim-enhanced".into()],
        requested_local: vec!["mine-1:1.0-2.noarch".into()],
        removed: vec!["firefox".into(), "firefox-langpacks".into()],
        replaced: vec!["bash-5.2-1.x86_64".into(), "repo=updates,kernel".into()],
        initramfs: true,
        pinned: true,
        holds_back_bootc: true,
    };
    assert_eq!(origin, all);
    let plain =
        "[origin]\ncontainer-image-reference=ostree-unverified-registry:example.org/os:41\n";
    let plain = Origin::parse(plain).unwrap();
    let image = Some("ostree-unverified-registry:example.org/os:41".into());
    assert_eq!(plain, Origin { image, ..Origin::default() });
}

#[test]
fn an_image_has_a_name_where_it_comes_from_a_registry() {
    let published = |image: &str| {
        let origin = Origin { image: Some(image.to_owned()), ..Origin::default() };
        origin.published().map(String::from)
    };
    for how in [
        "ostree-unverified-registry:",
        "ostree-image-signed:docker://",
        "ostree-unverified-image:registry:",
        "ostree-remote-image:fedora:docker://",
        "ostree-remote-registry:fedora:",
    ] {
        let name = "registry.example:5000/a/os:42";
        assert_eq!(published(&format!("{how}{name}")).as_deref(), Some(name), "{how}");
    }
    for image in ["ostree-unverified-image:oci:/srv/os", "registry.example/os", "other:x", ""] {
        assert_eq!(published(image), None, "{image}");
    }
}
