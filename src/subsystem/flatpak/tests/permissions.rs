//! Effective permissions and edits of single ones. What is expected of merging is what `flatpak info
//! --show-permissions` 1.16 says of the same files; tests/lab/test_flatpak.py compares them at large.

use super::super::edit::{self, Stand};
use super::super::effective::{Effect, Entry, Permission, Permissions, Said, Source, permissions};
use super::super::grants::{Grant, grants};
use super::super::{Item, catalogue, check, flags, offers, overrides, raw};
use super::*;
use crate::host::flatpak::Scope;
use crate::host::keyfile::Keyfile;

const METADATA: &str = "[Application]\nname=org.lab.Notes\ncommand=run\n\n[Context]\nshared=network;ipc;\nsockets=x11;wayland;fallback-x11;\ndevices=dri;\nfilesystems=home;xdg-config/kdeglobals:ro;\npersistent=.notes;\n\n[Session Bus Policy]\norg.freedesktop.Notifications=talk\n\n[Environment]\nLAB_MODE=normal\n\n[Extension org.x]\ndirectory=x\n";

fn notes(scope: Scope) -> Item {
    Item::App(scope, "org.lab.Notes".parse().unwrap())
}

fn installed(dir: &str) -> Machine {
    let machine = Machine::new();
    deploy(&machine, dir, "org.lab.Notes", "stable", 'a', true);
    let commit = "a".repeat(64);
    machine.file(&format!("{dir}/app/org.lab.Notes/x86_64/stable/{commit}/metadata"), METADATA);
    machine
}

fn of(machine: &Machine, scope: Scope) -> Permissions {
    permissions(&machine.host(), &notes(scope)).unwrap()
}

fn entry(permissions: &Permissions, field: &str) -> Entry {
    permissions.get(&Permission::of_field(field).unwrap())
}

fn effects(permissions: &Permissions) -> BTreeMap<String, Effect> {
    permissions.entries.iter().map(|e| (e.permission.field(), e.effect.clone())).collect()
}

#[test]
fn every_layer_is_named_and_the_highest_wins() {
    let machine = installed(SYSTEM);
    machine.file(&format!("{SYSTEM}/overrides/global"), "[Context]\nsockets=!x11;cups;\n");
    machine.file(&format!("{SYSTEM}/overrides/org.lab.Notes"), "[Context]\nsockets=x11;\n");
    machine.file(&format!("{USER}/overrides/global"), "[Context]\nsockets=!x11;\n");
    let x11 = entry(&of(&machine, Scope::System), "Context/sockets/x11");
    assert_eq!((x11.effect, x11.source), (Effect::Off, Some(Source::UserGlobal)));
    let value = |text: &str| Said::Value(text.to_owned());
    let said = [
        (Source::App, value("allow")),
        (Source::SystemGlobal, value("deny")),
        (Source::SystemApp, value("allow")),
        (Source::UserGlobal, value("deny")),
        (Source::UserApp, Said::Nothing),
    ];
    assert_eq!(x11.said, said);
    // Every user's overrides are nothing to an app of the person's own.
    let machine = installed(USER);
    machine.file(&format!("{SYSTEM}/overrides/global"), "[Context]\nsockets=!x11;cups;\n");
    let own = of(&machine, Scope::User);
    assert_eq!(own.sources, [Source::App, Source::UserGlobal, Source::UserApp]);
    assert_eq!(entry(&own, "Context/sockets/x11").source, Some(Source::App));
    assert_eq!(entry(&own, "Context/sockets/cups").source, None);
}

#[test]
fn flatpaks_rules_hold() {
    let machine = installed(USER);
    machine.file(
        &format!("{USER}/overrides/global"),
        "[Context]\nfilesystems=/b;!/c;host:ro;\n[Environment]\nA=1\n",
    );
    machine.file(
        &format!("{USER}/overrides/org.lab.Notes"),
        "[Context]\nshared=!network;bogus;\nsockets=!x11;x11;if:x11:!has-wayland;pcsc;\nfilesystems=!host:reset;xdg-music:ro;bogus;home/x;!xdg-config/kdeglobals;/a//b/;\npersistent=a;\nunset-environment=LAB_MODE;\n[Environment]\nLAB_MODE=\nBAR=\n[Session Bus Policy]\norg.freedesktop.Notifications=none\norg.x=see\norg.z=foo\n[Policy a]\nk=x;!y;z;!z;\n[USB Devices]\nenumerable-devices=all;\n[X]\na=b\n",
    );
    let found = of(&machine, Scope::User);
    let text = |text: &str| Effect::Text(text.to_owned());
    let expected = [
        ("Context/devices/dri", Effect::On),
        ("Context/filesystems//a/b", Effect::On),
        ("Context/filesystems//b", Effect::Off),
        ("Context/filesystems//c", Effect::Off),
        ("Context/filesystems/bogus", Effect::On),
        ("Context/filesystems/home", Effect::Off),
        ("Context/filesystems/host", Effect::Off),
        ("Context/filesystems/host:reset", Effect::Off),
        ("Context/filesystems/xdg-config/kdeglobals", Effect::Off),
        ("Context/filesystems/xdg-music", text("ro")),
        ("Context/filesystems/~/x", Effect::On),
        ("Context/persistent/.notes", Effect::On),
        ("Context/persistent/a", Effect::On),
        ("Context/shared/bogus", Effect::On),
        ("Context/shared/ipc", Effect::On),
        ("Context/shared/network", Effect::Off),
        ("Context/sockets/fallback-x11", Effect::On),
        ("Context/sockets/pcsc", Effect::On),
        ("Context/sockets/wayland", Effect::On),
        ("Context/sockets/x11", Effect::If(vec!["!has-wayland".to_owned()])),
        ("Environment/A", text("1")),
        ("Environment/BAR", text("")),
        ("Environment/LAB_MODE", Effect::Off),
        ("Policy a/k/x", Effect::On),
        ("Policy a/k/y", Effect::Off),
        ("Policy a/k/z", Effect::Off),
        ("Session Bus Policy/org.freedesktop.Notifications", Effect::Off),
        ("Session Bus Policy/org.x", text("see")),
        ("Session Bus Policy/org.z", text("foo")),
        ("USB Devices/enumerable-devices/all", Effect::On),
        ("X/a", text("b")),
    ];
    let expected = expected.map(|(field, effect)| (field.to_owned(), effect));
    assert_eq!(effects(&found), BTreeMap::from(expected));
    let home = entry(&found, "Context/filesystems/home");
    assert_eq!(home.said.last(), Some(&(Source::UserApp, Said::Resets)));
    let unset = entry(&found, "Context/unset-environment/LAB_MODE");
    assert_eq!(unset.said.last(), Some(&(Source::UserApp, Said::Unset)));
    let unknown: Vec<_> =
        found.entries.iter().filter(|e| !e.known).map(|e| e.permission.field()).collect();
    let expected =
        ["Context/filesystems/bogus", "Context/shared/bogus", "Session Bus Policy/org.z", "X/a"];
    assert_eq!(unknown, expected);
}

#[test]
fn conditions_add_up_until_a_denial() {
    let machine = installed(USER);
    let at = |global: &str, app: &str| {
        machine.file(&format!("{USER}/overrides/global"), format!("[Context]\nsockets={global}\n"));
        machine.file(
            &format!("{USER}/overrides/org.lab.Notes"),
            format!("[Context]\nsockets={app}\n"),
        );
        entry(&of(&machine, Scope::User), "Context/sockets/cups").effect
    };
    let when =
        |conditions: &[&str]| Effect::If(conditions.iter().map(|c| (*c).to_owned()).collect());
    assert_eq!(at("cups;if:cups:true;", "cups;if:cups:false;"), when(&["false", "true"]));
    assert_eq!(at("cups;if:cups:true;", "!cups;cups;if:cups:false;"), when(&["false"]));
    assert_eq!(at("cups;if:cups:true;", "cups;"), Effect::On);
    assert_eq!(at("cups;", "cups;if:cups:false;"), when(&["false"]));
    assert_eq!(at("cups;if:cups:true;", "!cups;"), Effect::Off);
}

#[test]
fn a_layer_for_all_apps_is_read_alone_and_what_is_unreadable_is_an_error() {
    let machine = installed(USER);
    machine.file(&format!("{USER}/overrides/global"), "[Context]\ndevices=all;\n");
    let global = permissions(&machine.host(), &Item::Global(Scope::User)).unwrap();
    assert_eq!(global.sources, [Source::UserGlobal]);
    assert_eq!(effects(&global).len(), 1);
    machine.file(&format!("{USER}/overrides/global"), "nonsense");
    let error = permissions(&machine.host(), &notes(Scope::User)).unwrap_err();
    assert!(error.contains("overrides/global") && error.contains("line 1"), "{error}");
    // An app that is not there has overrides all the same.
    let machine = Machine::new();
    machine.file(&format!("{USER}/overrides/org.lab.Notes"), "[Context]\ndevices=all;\n");
    let gone = of(&machine, Scope::User);
    assert!(!gone.installed && entry(&gone, "Context/devices/all").effect == Effect::On);
}

#[test]
fn an_edit_is_its_own_field_and_nothing_else() {
    let machine = installed(USER);
    let host = machine.host();
    let toggle = |token| Permission::element("Context", "sockets", token);
    let path = |path: &str| Permission::element("Context", "filesystems", path);
    let variable = |name| Permission::key("Environment", name);
    let bus = |name| Permission::key("Session Bus Policy", name);
    let stands = [
        (toggle("x11"), Stand::Deny),
        (toggle("cups"), Stand::If(vec!["!has-wayland".to_owned()])),
        (path("/home/me/Games"), Stand::Value("ro".to_owned())),
        (path("home/a"), Stand::Inherit),
        (path("host:reset"), Stand::Deny),
        (variable("A"), Stand::Value("b=c".to_owned())),
        (variable("B"), Stand::Deny),
        (variable("C"), Stand::Inherit),
        (bus("org.x.*"), Stand::Value("see".to_owned())),
        (bus("org.y"), Stand::Deny),
        (Permission::key("X New", "some"), Stand::Inherit),
    ];
    let home = machine.host().env().home.display().to_string();
    let stands = stands.map(|(permission, stand)| match permission.element.as_deref() {
        Some("/home/me/Games") => (path(&format!("{home}/Games")), stand),
        _ => (permission, stand),
    });
    let fields = edit::fields(&host, &notes(Scope::System), Scope::User, &stands).unwrap();
    let expected = record(json!({
        "user/Context/sockets/x11": "deny", "user/Context/sockets/cups": "reset allow if:!has-wayland",
        "user/Context/filesystems/~/Games": "ro", "user/Context/filesystems/host:reset": "deny",
        "user/Environment/A": "b=c", "user/Context/unset-environment/B": "unset",
        "user/Session Bus Policy/org.x.*": "see", "user/Session Bus Policy/org.y": "none",
    }));
    assert_eq!(fields.set, expected);
    let cleared = [
        "user/Context/filesystems/~/a",
        "user/Context/unset-environment/A",
        "user/Environment/B",
        "user/Environment/C",
        "user/Context/unset-environment/C",
        "user/X New/some",
    ];
    assert_eq!(fields.clear, cleared);
}

#[test]
fn an_edit_that_cannot_be_says_why() {
    let host = Machine::new().host();
    let element = |key, token| Permission::element("Context", key, token);
    for (permission, stand, why) in [
        (element("sockets", "x12"), Stand::Allow, "there are wayland, x11"),
        (element("sockets", "x11"), Stand::Value("ro".into()), "cannot be changed so"),
        (element("sockets", "x11"), Stand::If(vec!["maybe".into()]), "“maybe” is no condition"),
        (element("filesystems", "/"), Stand::Allow, "called “host”"),
        (element("persistent", ".a"), Stand::Deny, "not denied"),
        (Permission::key("Environment", "1A"), Stand::Deny, "does not start with a digit"),
        (Permission::key("Session Bus Policy", "org"), Stand::Allow, "“org” is no bus name"),
        (Permission::key("Session Bus Policy", "org.x"), Stand::Value("all".into()), "cannot be"),
        (Permission::key("X New", "some"), Stand::Allow, "cannot be changed so"),
    ] {
        let item = notes(Scope::User);
        let error = edit::fields(&host, &item, Scope::User, &[(permission, stand)]).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let stands = [(element("sockets", "x11"), Stand::Allow)];
    assert!(edit::fields(&host, &notes(Scope::User), Scope::System, &stands).is_err());
    assert!(edit::fields(&host, &Item::Global(Scope::User), Scope::System, &stands).is_err());
}

#[test]
fn what_is_typed_is_judged_as_flatpak_does() {
    for (typed, expected) in [
        ("~/Games:ro", ("~/Games", "ro")),
        ("home", ("home", "allow")),
        ("~", ("home", "allow")),
        ("home/x/:create", ("~/x", "create")),
        ("xdg-run/pipewire-0", ("xdg-run/pipewire-0", "allow")),
        ("/srv//data:rw", ("/srv/data", "allow")),
        ("/p\\:q", ("/p\\:q", "allow")),
    ] {
        assert_eq!(check::path(typed), Ok((expected.0.to_owned(), expected.1)), "{typed}");
    }
    for bad in [
        "",
        "/",
        "foo",
        "~root/x",
        "xdg-run",
        "~/../b",
        "a/b",
        "!home",
        "/a:xx",
        "host:reset",
        "host/x",
        "/a\nb",
    ] {
        assert!(check::path(bad).is_err(), "{bad}");
    }
    for good in ["all", "vnd:046D", "vnd:12ab+dev:5678", "cls:03:*", "cls:03:01"] {
        assert!(check::usb(good).is_ok(), "{good}");
    }
    for bad in ["foo", "vnd:1", "dev:1234", "vnd:1234+vnd:1235", "cls:3:*", "all+vnd:1234", ""] {
        assert!(check::usb(bad).is_err(), "{bad}");
    }
    for (name, good) in [
        ("org.x", true),
        ("org.x.*", true),
        ("org.*", false),
        ("*", false),
        ("1x.y", false),
        (":1.2", false),
    ] {
        assert_eq!(check::bus_name(name).is_ok(), good, "{name}");
    }
    assert_eq!(check::assignment("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
    for bad in ["A", "=b", "1=b", "A B=c"] {
        assert!(check::assignment(bad).is_err(), "{bad}");
    }
    assert_eq!(check::policy("a.b.c=d").map(|p| p.field()), Ok("Policy a/b.c/d".to_owned()));
    for bad in ["a=b", "a.b", "a.b=!c", ".b=c"] {
        assert!(check::policy(bad).is_err(), "{bad}");
    }
    for bad in ["", "/abs", "a/../b"] {
        assert!(check::directory(bad).is_err(), "{bad}");
    }
}

/// Each permission of the catalogue has a flag, a group of its own and words.
#[test]
fn the_catalogue_is_in_order() {
    let mut seen = std::collections::BTreeSet::new();
    for known in &catalogue::KNOWN {
        let permission = known.permission();
        assert!(seen.insert(permission.field()), "{known:?} stands twice");
        assert_eq!(catalogue::Group::of(&permission), known.group);
        assert_eq!(known.group.place(), Some(("Context", known.key)));
        assert!(check::is_known(&permission, "allow"), "{known:?}");
        assert!(!known.title().is_empty() && !known.description().is_empty());
        let text = format!("[Context]\n{}={};\n", known.key, known.token);
        let fields = overrides::read(&Keyfile::parse(&text).unwrap(), &overrides::Home::Nobody);
        let changes = overrides::changes(&Default::default(), &fields);
        assert!(flags::write(&[], &changes, &overrides::Home::Nobody).is_some(), "{known:?}");
    }
}

#[test]
fn grants_are_read_from_the_permission_store() {
    use gvdb::write::{FileWriter, HashTableBuilder};
    let machine = Machine::new();
    assert_eq!(grants(&machine.host()), Ok(Vec::new()));
    let allowed = BTreeMap::from([("org.lab.Notes", vec!["yes"]), ("", vec!["no"])]);
    let entry = (glib::Variant::from(0u8).to_variant(), allowed).to_variant();
    assert_eq!(entry.type_().as_str(), "(va{sas})");
    let mut main = HashTableBuilder::with_path_separator(None);
    main.insert_gvariant("microphone", entry).unwrap();
    let mut root = HashTableBuilder::with_path_separator(None);
    root.insert_table("main", main).unwrap();
    let bytes = FileWriter::new().write_to_vec_with_table(root).unwrap();
    machine.file(&format!("{USER}/db/devices"), bytes);
    let grant = |app: &str, permission: &str| Grant {
        app: app.to_owned(),
        table: "devices".to_owned(),
        id: "microphone".to_owned(),
        permissions: vec![permission.to_owned()],
    };
    let expected = vec![grant("", "no"), grant("org.lab.Notes", "yes")];
    assert_eq!(grants(&machine.host()), Ok(expected));
    machine.file(&format!("{USER}/db/location"), "nonsense");
    assert!(grants(&machine.host()).unwrap_err().contains("db/location"));
}

#[test]
fn offers_are_read_from_what_flatpak_keeps() {
    let machine = Machine::new();
    let arch = std::env::consts::ARCH;
    let name = |id: &str, branch: &str| format!("app/{id}/{arch}/{branch}");
    let xml = format!(
        "<components><component><bundle type=\"flatpak\">{}</bundle></component><bundle type='flatpak' sdk='a/b'>runtime/x/y/z</bundle></components>",
        name("org.lab.Notes", "stable")
    );
    machine.file(&format!("{USER}/appstream/hub/{arch}/active/appstream.xml"), xml);
    let nothing = || (0u64, Vec::<u8>::new(), BTreeMap::<String, glib::Variant>::new());
    let refs = vec![
        (name("org.lab.Maps", "beta"), nothing()),
        ("app/org.lab.Other/sparc/stable".to_owned(), nothing()),
    ];
    let summary = (refs, BTreeMap::<String, glib::Variant>::new()).to_variant();
    assert_eq!(summary.type_().as_str(), "(a(s(taya{sv}))a{sv})");
    machine.file(&format!("{USER}/repo/tmp/cache/summaries/hub-{arch}-0123.sub"), summary.data());
    machine.file(&format!("{USER}/repo/tmp/cache/summaries/hubcap"), summary.data());
    let kept = offers::kept(&machine.host(), Scope::User, "hub");
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["org.lab.Maps", "org.lab.Notes"]);
    assert!(kept["org.lab.Maps"].contains("beta"));
    assert!(offers::kept(&machine.host(), Scope::System, "hub").is_empty());
    // What is kept is enough: no program is run, which this machine would not survive.
    machine.file(&format!("{USER}/repo/config"), "[remote \"hub\"]\nurl=https://hub.example/\n");
    let item = ItemKey::new("user/org.lab.Notes");
    let set = record(json!({ "remote": "hub", "branch": "stable" }));
    assert_eq!(super::super::FlatpakApps.validate(&machine.host(), &item, &set), Ok(()));
    let set = record(json!({ "remote": "hup" }));
    let error = super::super::FlatpakApps.validate(&machine.host(), &item, &set).unwrap_err();
    assert_eq!((error.close, error.unsure), (vec!["hub".to_owned()], false));
    assert!(error.message.contains("there are hub"), "{}", error.message);
}

#[test]
fn a_remote_is_an_address_and_a_key() {
    let judge = |fields| {
        let item = ItemKey::new("user/hub");
        super::super::FlatpakRemotes.validate(&Machine::new().host(), &item, &record(fields))
    };
    let signed = |url: &str| json!({ "url": url, "gpg_key": "x" });
    for good in ["https://hub.example/repo", "file:///srv/repo", "oci+https://registry.example"] {
        assert_eq!(judge(signed(good)), Ok(()), "{good}");
    }
    for bad in [
        "hub.example",
        "https://",
        "file://srv",
        "ftp://x/y",
        "https://a b",
        "https://x/a.flatpakrepo",
    ] {
        assert!(judge(signed(bad)).is_err(), "{bad}");
    }
    assert!(judge(json!({ "url": "https://hub.example/" })).is_err());
    assert_eq!(judge(json!({ "url": "https://hub.example/", "gpg_verify": false })), Ok(()));
    assert_eq!(judge(json!({ "url": "file:///srv/repo" })), Ok(()));
}

#[test]
fn a_file_is_shown_beside_what_the_manifest_would_make_of_it() {
    let machine = installed(USER);
    let text = "# Mine.\n[Context]\nsockets=!x11;\nsee=this;\n";
    machine.file(&format!("{USER}/overrides/org.lab.Notes"), text);
    let item = notes(Scope::User);
    let of =
        |wanted: Option<&Record>| raw::raw(&machine.host(), &item, Scope::User, wanted).unwrap();
    assert_eq!((of(None).now.as_str(), of(None).wanted), (text, None));
    // What both say, and what a manifest does not speak of in words that we know, stays as it stands.
    let wanted = record(json!({
        "user/Context/see": "this;", "user/Context/sockets/x11": "deny", "user/Context/shared/ipc": "deny",
    }));
    let expected = "# Mine.\n[Context]\nsockets=!x11;\nsee=this;\nshared=!ipc;\n";
    assert_eq!(of(Some(&wanted)).wanted.as_deref(), Some(expected));
}

#[test]
fn an_edit_is_a_flag_where_there_is_one() {
    let host = Machine::new().host();
    let flags = |permission: Permission, stand| {
        let item = notes(Scope::User);
        raw::flags(&edit::fields(&host, &item, Scope::User, &[(permission, stand)]).unwrap())
    };
    let one = |flag: &str| Some(vec![flag.to_owned()]);
    let x11 = || Permission::element("Context", "sockets", "x11");
    assert_eq!(flags(x11(), Stand::Deny), one("--nosocket=x11"));
    assert_eq!(flags(x11(), Stand::Inherit), None);
    let variable = Permission::key("Environment", "A");
    assert_eq!(flags(variable.clone(), Stand::Value("b c".into())), one("--env=A=b c"));
    assert_eq!(flags(variable, Stand::Deny), one("--unset-env=A"));
    let bus = Permission::key("Session Bus Policy", "org.x");
    assert_eq!(flags(bus, Stand::Value("see".into())), None);
}
