use super::*;
use crate::host::testing::{Machine, database};

/// Written by `dconf compile` 0.40: six keys in three directories, one of them locked.
const COMPILED: &[u8] = include_bytes!("compiled.gvdb");

fn print(dconf: &Dconf, key: &str) -> String {
    dconf.user()[key].print(true).into()
}

#[test]
fn a_database_that_dconf_wrote_is_read() {
    let machine = Machine::new();
    machine.file("home/.config/dconf/user", COMPILED);
    let dconf = read(&machine.host()).unwrap();
    assert_eq!(dconf.user().len(), 6);
    assert_eq!(print(&dconf, "/org/gnome/desktop/interface/color-scheme"), "'prefer-dark'");
    assert_eq!(print(&dconf, "/org/gnome/desktop/interface/cursor-size"), "uint32 32");
    assert_eq!(print(&dconf, "/org/gnome/desktop/interface/text-scaling-factor"), "1.25");
    assert_eq!(print(&dconf, "/org/gnome/shell/enabled-extensions"), "@as []");
    assert_eq!(
        print(&dconf, "/org/gnome/desktop/input-sources/sources"),
        "[('xkb', 'us'), ('ibus', 'mozc')]"
    );
    // The person's own database locks nothing.
    assert!(!dconf.locked("/org/gnome/desktop/interface/color-scheme"));
}

#[test]
fn system_databases_give_defaults_and_locks() {
    let machine = Machine::new();
    machine
        .file("etc/dconf/profile/user", "user-db:user # mine\n\nsystem-db:local\nsystem-db:gone\n");
    machine.file("etc/dconf/db/local", COMPILED);
    let scheme = "/org/gnome/desktop/interface/color-scheme";
    let size = "/org/gnome/desktop/interface/cursor-size";
    machine.dconf(&[(scheme, "'default'"), (size, "uint32 48"), ("/a/b", "1")]);
    let dconf = read(&machine.host()).unwrap();
    assert!(dconf.locked(scheme) && !dconf.locked(size));
    assert_eq!(dconf.effective(scheme).unwrap().str(), Some("prefer-dark"));
    assert_eq!(dconf.effective(size).unwrap().get::<u32>(), Some(48));
    assert_eq!(dconf.system(size).unwrap().get::<u32>(), Some(32));
    assert_eq!(dconf.effective("/a/c"), None);
}

#[test]
fn no_database_is_no_settings_and_a_broken_one_is_an_error() {
    let machine = Machine::new();
    assert!(read(&machine.host()).unwrap().user().is_empty());
    let whole = database(&[("/a/b", "'text'"), ("/a/c", "[1, 2]")], &[]);
    for broken in [&b""[..], b"not a database", &COMPILED[..40], &whole[..whole.len() - 8]] {
        machine.file("home/.config/dconf/user", broken);
        let error = read(&machine.host()).err().unwrap();
        assert!(matches!(error, DconfError::Damaged { .. }), "{error}");
    }
    // Whatever the bytes, there is an answer.
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            machine.file("home/.config/dconf/user", &bytes);
            let _ = read(&machine.host());
        }
    }
    let machine = Machine::new();
    std::fs::create_dir_all(machine.dir.path().join("home/.config/dconf/user")).unwrap();
    assert!(matches!(read(&machine.host()).err().unwrap(), DconfError::File(_)));
}

#[test]
fn a_database_of_the_other_byte_order_is_read() {
    let mut table = gvdb::write::HashTableBuilder::new();
    table.insert("/a/b", 258u32).unwrap();
    let bytes = gvdb::write::FileWriter::for_big_endian().write_to_vec_with_table(table).unwrap();
    let machine = Machine::new();
    machine.file("home/.config/dconf/user", bytes);
    assert_eq!(print(&read(&machine.host()).unwrap(), "/a/b"), "uint32 258");
}

#[test]
fn profiles_are_found_in_dconfs_order() {
    let mut machine = Machine::new();
    let user = |machine: &Machine| profile(&machine.host()).map(|profile| profile.user);
    assert_eq!(user(&machine).unwrap(), "user");
    machine.file("usr/share/dconf/profile/user", "user-db:shared\n");
    assert_eq!(user(&machine).unwrap(), "shared");
    machine.file("etc/dconf/profile/user", "user-db:etc\n");
    assert_eq!(user(&machine).unwrap(), "etc");
    machine.file("run/user/dconf/profile", "user-db:runtime\n");
    assert_eq!(user(&machine).unwrap(), "runtime");
    machine.vars.insert("DCONF_PROFILE".to_owned(), "mine".to_owned());
    assert!(matches!(user(&machine), Err(DconfError::NoProfile(name)) if name == "mine"));
    machine.file("etc/dconf/profile/mine", "user-db:named\n");
    assert_eq!(user(&machine).unwrap(), "named");
    let path = machine.file("elsewhere", "service-db:keyfile/user\n");
    machine.vars.insert("DCONF_PROFILE".to_owned(), path.display().to_string());
    assert!(matches!(user(&machine), Err(DconfError::Source(_))));
    let uid = rustix::process::getuid().as_raw();
    machine.file(&format!("run/dconf/user/{uid}"), "user-db:mandatory\n");
    assert_eq!(user(&machine).unwrap(), "mandatory");
}

#[test]
fn writing_without_a_session_says_so_and_changes_nothing() {
    let machine = Machine::new();
    machine.dconf(&[("/a/b", "1")]);
    let edit = |before: &str| DconfEdit {
        key: "/a/b".to_owned(),
        before: Some(before.to_owned()),
        after: Some("2".to_owned()),
    };
    let error = format!("{:#}", write(&machine.host(), &[edit("1")]).unwrap_err());
    assert!(error.contains("no session bus"), "{error}");
    let error = format!("{:#}", write(&machine.host(), &[edit("7")]).unwrap_err());
    assert!(error.contains("changed meanwhile"), "{error}");
    assert_eq!(print(&read(&machine.host()).unwrap(), "/a/b"), "1");
    write(&machine.host(), &[]).unwrap();
}

#[test]
fn a_change_set_is_what_dconfs_service_reads() {
    let set = change_set(&[("/a/b", Some(Variant::from("x"))), ("/a/c", None)]);
    let kind = glib::VariantTy::new("a{smv}").unwrap();
    let read = Variant::from_data_with_type(set, kind);
    assert!(read.is_normal_form());
    assert_eq!(read.print(true), "{'/a/b': @mv <'x'>, '/a/c': nothing}");
}
