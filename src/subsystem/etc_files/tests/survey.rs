//! What a survey of `/etc` finds, what it remembers, and what it leaves alone.

use super::*;

/// A survey with a cache, as if it were an hour later: what was just written has been left alone for long.
fn later(host: &Host) -> Vec<String> {
    let now = host.now() + std::time::Duration::from_secs(3600);
    let found = live(host, &WantedItems::new(), now).unwrap();
    found.items.keys().map(ToString::to_string).collect()
}

/// Writes a text of the same size, and gives the file the time it had.
fn rewrite(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::MetadataExt;
    let before = fs::metadata(path).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    // Until the clock of the file system has moved on.
    while fs::metadata(path).unwrap().ctime_nsec() == before.ctime_nsec() {
        fs::write(path, text).unwrap();
        file.set_modified(before.modified().unwrap()).unwrap();
    }
    let after = fs::metadata(path).unwrap();
    let times = |of: &fs::Metadata| (of.len(), of.mtime(), of.mtime_nsec(), of.ino());
    assert_eq!(times(&before), times(&after));
}

#[test]
fn an_edit_that_hides_in_size_and_time_is_noticed() {
    let atomic = Atomic::new();
    let (root, host) = (atomic.machine.dir.path(), atomic.machine.host());
    let cache = host.env().cache.join("bkt/etc-files");
    assert_eq!(later(&host), [""; 0]);
    let text = fs::read_to_string(&cache).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    let head = text.lines().next().unwrap();
    let digits = text[head.len()..].bytes().all(|b| b.is_ascii_digit() || b" .\n".contains(&b));
    assert!(digits && head == "1 -", "nothing but numbers: {text}");
    rewrite(&root.join("etc/conf.d/a.conf"), "a = 2\n");
    assert_eq!(later(&host), [A]);
    // On the image's side too, and what became equal is equal.
    rewrite(&root.join("usr/etc/conf.d/a.conf"), "a = 2\n");
    assert_eq!(later(&host), [""; 0]);
    rewrite(&root.join("usr/etc/issue"), "welcome\n");
    assert_eq!(later(&host), ["/etc/issue"]);
    // A file that took its place.
    let new = atomic.machine.file("etc/conf.d/new", "a = 3\n");
    fs::rename(new, root.join("etc/conf.d/a.conf")).unwrap();
    assert_eq!(later(&host), [A, "/etc/issue"]);
}

#[test]
fn what_was_written_in_the_same_tick_is_not_believed() {
    let atomic = Atomic::new();
    let (root, host) = (atomic.machine.dir.path(), atomic.machine.host());
    let cache = host.env().cache.join("bkt/etc-files");
    let now = |nanoseconds: i64| {
        let file = fs::metadata(root.join("etc/issue")).unwrap();
        let changed = jiff::Timestamp::try_from(file.modified().unwrap()).unwrap();
        live(&host, &WantedItems::new(), changed + jiff::SignedDuration::from_nanos(nanoseconds))
    };
    for early in [-3_600_000_000_000, 0, 1, 1_000_000_000, 1_999_999_999] {
        assert!(now(early).unwrap().items.is_empty());
        assert!(!cache.exists(), "{early}");
    }
    assert!(now(10_000_000_000).unwrap().items.is_empty());
    assert!(cache.exists());
}

#[test]
fn a_cache_that_is_of_no_use_costs_nothing_but_time() {
    let atomic = Atomic::new();
    let (root, host) = (atomic.machine.dir.path(), atomic.machine.host());
    let cache = host.env().cache.join("bkt/etc-files");
    assert_eq!(later(&host.clone().dry(true)), [""; 0]);
    assert!(!cache.exists(), "a dry run keeps nothing");
    later(&host);
    let good = fs::read_to_string(&cache).unwrap();
    let newer = good.replacen('1', "2", 1);
    let elsewhere = good.replacen('-', "0f", 1);
    let cut = &good[..good.len() - 3];
    let damaged = [&newer, &elsewhere, cut, "", "\n\n", "1", "1 -\nx y\n\0\n"];
    for text in damaged.map(str::as_bytes).into_iter().chain([&b"1 -\n\xff\xfe"[..]]) {
        fs::write(&cache, text).unwrap();
        atomic.machine.file("etc/issue", "welcome\n");
        assert_eq!(later(&host), ["/etc/issue"]);
        atomic.machine.file("etc/issue", "Welcome\n");
        assert_eq!(later(&host), [""; 0]);
        let text = fs::read_to_string(&cache).unwrap();
        assert!(text.starts_with("1 -\n") && text.lines().count() == 3, "{text}");
    }
    // One that says what it said is not written again.
    let written = || fs::metadata(&cache).unwrap().modified().unwrap();
    let before = written();
    later(&host);
    assert_eq!(written(), before);
    // And where none can be written, everything is read.
    fs::remove_file(&cache).unwrap();
    fs::remove_dir(cache.parent().unwrap()).unwrap();
    fs::write(cache.parent().unwrap(), "in the way").unwrap();
    assert_eq!(later(&host), [""; 0]);
    fs::remove_file(cache.parent().unwrap()).unwrap();
    fs::create_dir_all(cache.parent().unwrap()).unwrap();
    atomic.mode("home/.cache/bkt", 0o555);
    assert_eq!(later(&host), [""; 0]);
    assert_eq!(cache.exists(), rustix::process::geteuid().is_root());
    atomic.mode("home/.cache/bkt", 0o755);
    rewrite(&root.join("etc/issue"), "welcome\n");
    assert_eq!(later(&host), ["/etc/issue"]);
}

/// What a machine has in `/etc` after a year of use, beside what was set on purpose.
#[test]
fn of_a_used_machine_only_what_was_set_on_purpose_is_shown() {
    let atomic = Atomic::new();
    let noise = [
        "machine-id",
        "hostname",
        "adjtime",
        "locale.conf",
        "vconsole.conf",
        "fstab",
        "crypttab",
        "passwd",
        "passwd-",
        "group",
        "group-",
        "shadow",
        "gshadow",
        "subuid",
        "subuid-",
        "subgid",
        "ssh/ssh_host_ed25519_key",
        "ssh/ssh_host_ed25519_key.pub",
        "resolv.conf",
        "machine-info",
        "default/grub",
        "lvm/archive/fedora_00000.vg",
        "lvm/backup/fedora",
        "lvm/devices/system.devices",
        "ld.so.cache",
        "udev/hwdb.bin",
        "pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "pki/java/cacerts",
        "crypto-policies/back-ends/openssl.config",
        "crypto-policies/state/current",
        "selinux/targeted/policy/policy.33",
        "selinux/targeted/contexts/files/file_contexts",
        "selinux/targeted/.policy.sha512",
        "cups/printers.conf",
        "cups/printers.conf.O",
        "cups/subscriptions.conf",
        "cups/ppd/Office.ppd",
        "printcap",
        "NetworkManager/system-connections/Home.nmconnection",
        "dnf/dnf.conf.rpmnew",
        "pam.d/system-auth.rpmsave",
        ".updated",
        ".pwd.lock",
        "cni/net.d/87-podman.conflist",
        "containers/networks/podman.json",
        "nvme/hostid",
        "nvme/hostnqn",
        "iscsi/initiatorname.iscsi",
        "dconf/db/local",
        "libvirt/qemu/networks/default.xml",
        "fwupd/remotes.d/lvfs.conf",
        "aliases.db",
        "sysconfig/anaconda",
        "kernel/cmdline",
        "X11/xorg.conf.d/00-keyboard.conf",
        "conf.d/a.conf~",
        "conf.d/.a.conf.swp",
        "krb5.keytab",
        "wireguard/wg0.conf",
        "ostree/auth.json",
        "xml/catalog",
        "firewalld/zones/public.xml.old",
        "brlapi.key",
    ];
    for path in noise {
        atomic.machine.file(&format!("etc/{path}"), "x\n");
    }
    atomic.mode("etc/shadow", 0o000);
    let etc = atomic.machine.dir.path().join("etc");
    symlink("../usr/share/zoneinfo/Europe/Berlin", etc.join("localtime")).unwrap();
    fs::create_dir(etc.join("alternatives")).unwrap();
    symlink("/usr/bin/vim", etc.join("alternatives/vi")).unwrap();
    atomic.machine.file("etc/systemd/system/mine.service", "[Unit]\n");
    atomic.machine.file("etc/yum.repos.d/code.repo", "[code]\n");
    let meant = ["conf.d/b.conf", "dconf/db/local.d/00-mine", "hosts", "sysctl.d/90-mine.conf"];
    for path in meant {
        atomic.machine.file(&format!("etc/{path}"), "x = 1\n");
    }
    let expected: Vec<_> =
        meant.iter().map(|path| (format!("/etc/{path}"), Drift::Unmanaged)).collect();
    assert_eq!(atomic.states(), expected);
    let report = atomic.survey();
    assert!(report.subsystems[0].notices.is_empty(), "{:?}", report.subsystems[0].notices);
    let ignored = report.subsystems[0].items.iter().filter(|item| item.ignored.is_some());
    assert!(ignored.clone().count() > 50);
    for item in ignored {
        assert!(matches!(&item.ignored, Some(Ignored::Noise(why)) if !why.is_empty()), "{item:?}");
    }
}

#[test]
fn what_no_repository_should_hold_is_left_alone_and_told_of() {
    let atomic = Atomic::new();
    let etc = atomic.machine.dir.path().join("etc");
    atomic.machine.file("etc/private.conf", "x\n");
    atomic.mode("etc/private.conf", 0o640);
    atomic.machine.file("etc/setuid", "x\n");
    atomic.mode("etc/setuid", 0o4755);
    atomic.machine.file("etc/binary", b"\0\x01");
    atomic.machine.file("etc/large", "x".repeat(LARGEST + 1));
    atomic.machine.file("etc/closed/inside", "x\n");
    atomic.mode("etc/closed", 0o700);
    symlink("/home", etc.join("away")).unwrap();
    atomic.machine.file("home/secret", "x\n");
    fs::remove_file(etc.join("issue")).unwrap();
    assert_eq!(atomic.states(), []);
    let report = atomic.survey();
    let notices: Vec<&str> =
        report.subsystems[0].notices.iter().map(|notice| notice.text.as_str()).collect();
    let [gone, left] = notices[..] else { panic!("{notices:?}") };
    assert!(gone.starts_with("Deleted here") && gone.ends_with(": /etc/issue"), "{gone}");
    let names = "/etc/away, /etc/binary, /etc/large, /etc/private.conf, /etc/setuid";
    assert!(left.ends_with(names), "{left}");
    assert_eq!(atomic.run(&capture()).operation, None);
    // A private key that everyone may read is held until somebody says yes.
    atomic
        .machine
        .file("etc/key.pem", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n");
    // So is a line without an end.
    atomic.machine.file("etc/one-line", "api_token=abc123x");
    let engine = atomic.engine();
    let plan = engine.plan(&engine.survey(&[]).unwrap(), &capture()).unwrap();
    assert!(plan.changes.is_empty() && plan.steps.is_empty());
    assert!(plan.held.len() == 2 && plan.held.iter().all(|one| one.held == Some(Held::Secret)));
    atomic.does(&Request { secrets: true, ..capture() });
    assert!(atomic.in_repo("system/etc/key.pem").is_some());
}

#[test]
fn what_cannot_be_told_of_a_wanted_file_is_unknown() {
    let atomic = Atomic::new();
    let etc = atomic.machine.dir.path().join("etc");
    atomic.machine.file("outside/b.conf", "theirs\n");
    for (path, text) in
        [("linked", "l\n"), ("way/b.conf", "w\n"), ("closed/c.conf", "c\n"), ("blob", "b\n")]
    {
        let src = format!("system/etc/{path}");
        let file = atomic.repo.join(&src);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let files: Vec<_> = ["linked", "way/b.conf", "closed/c.conf", "blob"]
        .map(|path| serde_json::json!({"src": format!("system/etc/{path}"), "dest": format!("/etc/{path}")}))
        .to_vec();
    let manifest =
        serde_json::json!({"modules": [{"name": "mine", "type": "files", "files": files}]});
    fs::write(atomic.repo.join("manifests/image-config.json"), manifest.to_string()).unwrap();
    symlink("../outside/b.conf", etc.join("linked")).unwrap();
    symlink("../outside", etc.join("way")).unwrap();
    atomic.machine.file("etc/closed/c.conf", "other\n");
    atomic.mode("etc/closed", 0o700);
    atomic.machine.file("etc/blob", b"\xff\xfe");
    let report = atomic.survey();
    let items = &report.subsystems[0].items;
    assert_eq!(items.len(), 4);
    assert!(
        items.iter().all(|item| item.state == Drift::Unknown && item.live.is_none()),
        "{items:?}"
    );
    // Law 3: nothing is done about them, and the link's target is as it was.
    for request in [capture(), now(), Request { force: true, prune: true, ..now() }] {
        assert_eq!(atomic.run(&request).operation, None);
    }
    assert_eq!(atomic.read("outside/b.conf").unwrap(), "theirs\n");
    // Where both sides say the same, it is known.
    atomic.machine.file("etc/closed/c.conf", "c\n");
    let report = atomic.survey();
    let closed = report.item(&ID, &ItemKey::new("/etc/closed/c.conf")).unwrap();
    // Only root can look into it.
    let expected =
        if rustix::process::geteuid().is_root() { Drift::InSync } else { Drift::Unknown };
    assert_eq!(closed.state, expected);
}
