//! Overrides in their three written forms.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::super::overrides::{self, Changes, Fields, Home};
use super::super::stores::Groups;
use super::super::{flags, openpgp};
use crate::host::keyfile::Keyfile;

/// What `flatpak override` 1.16 wrote for [`FLAGS`], with what newer versions and people may add.
const KEYFILE: &str = "# by hand\n[Context]\nshared=!network;\nsockets=wayland;!x11;\nfilesystems=xdg-music;/home/me/Games:ro;!home;/srv//data/:create;!host:reset;!host;\nunset-environment=EDITOR;\npersistent=.cache;\nfuture=a\\;b;\n\n[Environment]\nMODE=a;b\nEDITOR=\n\n[Session Bus Policy]\norg.lab.Bus=talk\n\n[System Bus Policy]\norg.lab.System=none\n\n[Policy lab]\nkey=on;!off;\n\n[USB Devices]\nenumerable-devices=all;\n\n[X Future]\nsome key=some value\n";

const FLAGS: [&str; 16] = [
    "--unshare=network",
    "--socket=wayland",
    "--nosocket=x11",
    "--filesystem=xdg-music:rw",
    "--filesystem=~/Games:ro",
    "--nofilesystem=home",
    "--filesystem=/srv/data:create",
    "--nofilesystem=host:reset",
    "--unset-env=EDITOR",
    "--persist=.cache",
    "--env=MODE=a;b",
    "--talk-name=org.lab.Bus",
    "--system-no-talk-name=org.lab.System",
    "--add-policy=lab.key=on",
    "--remove-policy=lab.key=off",
    "--usb=all",
];

fn home() -> Home {
    Home::of(Path::new("/home/me"))
}

fn list(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

fn keyfile(text: &str) -> Fields {
    overrides::read(&Keyfile::parse(text).unwrap(), &home())
}

#[test]
fn the_forms_say_the_same() {
    let mut fields = keyfile(KEYFILE);
    assert_eq!(fields.remove("Context/future").as_deref(), Some("a\\;b;"));
    assert_eq!(fields.remove("X Future/some key").as_deref(), Some("some value"));
    let expected = [
        ("Context/filesystems//srv/data", "create"),
        ("Context/filesystems/home", "deny"),
        ("Context/filesystems/host", "deny"),
        ("Context/filesystems/host:reset", "deny"),
        ("Context/filesystems/xdg-music", "allow"),
        ("Context/filesystems/~/Games", "ro"),
        ("Context/persistent/.cache", "allow"),
        ("Context/shared/network", "deny"),
        ("Context/sockets/wayland", "allow"),
        ("Context/sockets/x11", "deny"),
        ("Context/unset-environment/EDITOR", "unset"),
        ("Environment/MODE", "a;b"),
        ("Policy lab/key/off", "deny"),
        ("Policy lab/key/on", "allow"),
        ("Session Bus Policy/org.lab.Bus", "talk"),
        ("System Bus Policy/org.lab.System", "none"),
        ("USB Devices/enumerable-devices/all", "allow"),
    ];
    let expected: Fields =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(fields, expected);
    assert_eq!(flags::read(&list(&FLAGS), &home()), expected);
    let mut groups = Groups::new();
    let all = expected.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    overrides::write(&mut groups, &all, &home());
    assert_eq!(overrides::read(&groups, &home()), expected);
    assert_eq!(groups["Context"]["sockets"], json!(["wayland", "!x11"]));
    assert_eq!(groups["Environment"], json!({ "EDITOR": "", "MODE": "a;b" }));
}

#[test]
fn conditions_are_one_value() {
    let fields = keyfile("[Context]\nsockets=!x11;x11;if:x11:!has-wayland;wayland;\n");
    assert_eq!(fields["Context/sockets/x11"], "reset allow if:!has-wayland");
    assert_eq!(fields["Context/sockets/wayland"], "allow");
    let flags = list(&["--nosocket=x11", "--socket-if=x11:!has-wayland", "--socket=wayland"]);
    assert_eq!(flags::read(&flags, &home()), fields);
    let mut file = Keyfile::parse("[Context]\nsockets=cups;\n").unwrap();
    let changes = overrides::changes(&keyfile("[Context]\nsockets=cups;\n"), &fields);
    overrides::write(&mut file, &changes, &home());
    assert_eq!(overrides::read(&file, &home()), fields);
}

#[test]
fn a_write_touches_what_changes_and_nothing_else() {
    let old = keyfile(KEYFILE);
    let mut new = old.clone();
    new.insert("Context/sockets/x11".into(), "allow".into());
    new.remove("Context/filesystems/~/Games");
    new.remove("Context/unset-environment/EDITOR");
    new.insert("Environment/MODE".into(), "c".into());
    let mut file = Keyfile::parse(KEYFILE).unwrap();
    overrides::write(&mut file, &overrides::changes(&old, &new), &home());
    let expected = KEYFILE
        .replace("wayland;!x11;", "wayland;x11;")
        .replace("/home/me/Games:ro;", "")
        .replace("unset-environment=EDITOR;\n", "")
        .replace("MODE=a;b\nEDITOR=\n", "MODE=c\n");
    assert_eq!(file.to_string(), expected);
    assert_eq!(overrides::read(&file, &home()), new);
}

#[test]
fn flags_that_say_something_else_stay_where_they_are() {
    let mut changes = Changes::new();
    changes.insert("Context/sockets/x11".into(), Some("allow".into()));
    changes.insert("Context/filesystems/~/Games".into(), None);
    changes.insert("Environment/NEW".into(), Some("x".into()));
    let written = flags::write(&list(&FLAGS), &changes, &home()).unwrap();
    let mut expected = list(&FLAGS);
    expected[2] = "--socket=x11".into();
    expected.remove(4);
    expected.push("--env=NEW=x".into());
    assert_eq!(written, expected);
    // No flag says “see”.
    changes.insert("Session Bus Policy/org.x".into(), Some("see".into()));
    assert_eq!(flags::write(&list(&FLAGS), &changes, &home()), None);
    for unknown in ["--frob=x", "filesystem=x", "--filesystem", "--filesystem=", "--env=A"] {
        assert!(!flags::is_known(unknown), "{unknown}");
    }
}

fn fields() -> impl Strategy<Value = Fields> {
    let permission = prop_oneof![
        (
            "Context/(sockets/(x11|cups|new)|shared/network|devices/dri)",
            "allow|deny|allow if:a|reset allow if:!b"
        ),
        ("Context/filesystems/(~/[a-c;]{1,2}|home|/srv/x|xdg-run/é)", "allow|deny|ro|create"),
        ("Context/persistent/[a-c]", "allow"),
        ("Context/unset-environment/[A-C]", "unset"),
        ("Environment/[A-E]", "[a-c; \\\\=é]{0,3}"),
        ("(Session|System) Bus Policy/org[.](a|b|[*])", "talk|own|none|see"),
        ("Policy a%2Fb/k/[xy]", "allow|deny"),
        ("USB Devices/hidden-devices/(all|cls:03:[*])", "allow"),
        ("X New/[a-c]", "[a-c;]{1,3}"),
    ];
    prop::collection::btree_map("[0-9]{8}", permission, 0..8).prop_map(|map| {
        let mut fields: Fields = map.into_values().collect();
        // A variable is either set or unset.
        for name in ["A", "B", "C"] {
            if fields.contains_key(&format!("Context/unset-environment/{name}")) {
                fields.remove(&format!("Environment/{name}"));
            }
        }
        fields
    })
}

proptest! {
    #[test]
    fn every_form_says_what_it_is_told(old in fields(), new in fields()) {
        let from_nothing = overrides::changes(&Fields::new(), &old);
        let changes = overrides::changes(&old, &new);
        let mut file = Keyfile::default();
        overrides::write(&mut file, &from_nothing, &home());
        prop_assert_eq!(overrides::read(&file, &home()), old.clone());
        let before = file.to_string();
        overrides::write(&mut file, &Changes::new(), &home());
        prop_assert_eq!(file.to_string(), before);
        overrides::write(&mut file, &changes, &home());
        prop_assert_eq!(overrides::read(&Keyfile::parse(&file.to_string()).unwrap(), &home()), new.clone());
        prop_assert_eq!(new.is_empty(), file.is_blank());

        let mut groups = Groups::new();
        overrides::write(&mut groups, &from_nothing, &home());
        prop_assert_eq!(overrides::read(&groups, &home()), old.clone());
        overrides::write(&mut groups, &changes, &home());
        prop_assert_eq!(overrides::read(&groups, &home()), new.clone());
        prop_assert_eq!(new.is_empty(), groups.is_empty());

        if let Some(list) = flags::write(&[], &from_nothing, &home()) {
            prop_assert_eq!(flags::read(&list, &home()), old.clone());
            if let Some(list) = flags::write(&list, &changes, &home()) {
                prop_assert_eq!(flags::read(&list, &home()), new);
            }
        }
    }
}

#[test]
fn a_keyring_is_the_same_in_every_spelling() {
    // A key and a user id: once with old headers and a trust packet between, once with new headers.
    let gpg = [&[0x99, 0, 3, 4, 1, 2][..], &[0xb0, 2, 9, 9], &[0xb4, 1, b'x']].concat();
    let sent = [0xc6, 3, 4, 1, 2, 0xcd, 1, b'x'];
    let canonical = openpgp::canonical(&gpg).unwrap();
    assert_eq!(openpgp::canonical(&sent), Some(canonical.clone()));
    assert_eq!(openpgp::canonical_text(&canonical), Some(canonical.clone()));
    let armour = format!(
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\n{}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n",
        glib::base64_encode(&sent)
    );
    assert_eq!(openpgp::canonical_text(&armour), Some(canonical));
    for bad in ["", "no key", "https://example.org/key.gpg", "AAAA"] {
        assert_eq!(openpgp::canonical_text(bad), None, "{bad}");
    }
}
