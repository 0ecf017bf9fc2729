//! Whole installations and manifests.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::super::{FlatpakApps, FlatpakRemotes};
use super::*;
use crate::core::plan::Action;
use crate::subsystem::Unreadable;

fn commands(steps: &[crate::core::plan::Step]) -> Vec<String> {
    steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Run(command) => Some(crate::host::command::display(command)),
            _ => None,
        })
        .collect()
}

#[test]
fn apps_are_read_with_their_overrides() {
    let mut machine = Machine::new();
    machine.vars.insert("LANG".into(), "de_DE.UTF-8".into());
    deploy(&machine, USER, "org.lab.Notes", "stable", 'a', true);
    deploy(&machine, USER, "org.lab.Notes", "beta", 'b', false);
    deploy(&machine, SYSTEM, "org.lab.Maps", "stable", 'a', true);
    machine.file(&format!("{USER}/app/org.lab.Gone/x86_64/stable/left"), "");
    machine.file(&format!("{SYSTEM}/repo/config"), "[core]\nxa.masked=org.lab.Ma*//stable;\n");
    machine.file(&format!("{USER}/overrides/org.lab.Notes"), "[Context]\nsockets=!x11;\n");
    machine.file(&format!("{USER}/overrides/org.lab.Maps"), "[Environment]\nA=1\n");
    machine.file(&format!("{SYSTEM}/overrides/org.lab.Maps"), "[Context]\ndevices=all;\n");
    machine.file(&format!("{SYSTEM}/overrides/org.lab.Notes"), "[Context]\ndevices=all;\n");
    machine.file(&format!("{USER}/overrides/global"), "[Context]\nfilesystems=!host;\n");
    machine.file(&format!("{SYSTEM}/overrides/global"), "");
    let notes = app(json!({ "user/Context/sockets/x11": "deny" }));
    let maps = app(json!({
        "masked": true, "user/Environment/A": "1", "system/Context/devices/all": "allow",
    }));
    let global = record(json!({ "user/Context/filesystems/host": "deny" }));
    let expected =
        [("global/user", global), ("system/org.lab.Maps", maps), ("user/org.lab.Notes", notes)];
    let expected = expected.map(|(key, record)| (key.to_owned(), record));
    assert_eq!(live(&FlatpakApps, &machine), BTreeMap::from(expected));
    let records = FlatpakApps.live(&machine.host(), &Default::default()).unwrap();
    let notes = &records.items[&ItemKey::new("user/org.lab.Notes")];
    assert_eq!(notes.title.as_deref(), Some("Die App"));
    assert_eq!(notes.note.as_deref(), Some("Also installed: beta"));
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let machine = Machine::new();
    let read = || FlatpakApps.live(&machine.host(), &Default::default());
    assert!(matches!(read(), Err(Unreadable::Unavailable { hint: Some(_), .. })));
    machine.file("usr/bin/flatpak", "");
    let mut there = Machine::new();
    there.vars.insert("PATH".into(), "/usr/bin".into());
    there.file("usr/bin/flatpak", "");
    assert!(live(&FlatpakApps, &there).is_empty());

    deploy(&machine, USER, "org.lab.Notes", "stable", 'a', true);
    deploy(&machine, USER, "org.lab.Maps", "stable", 'a', true);
    let deployed = format!("{USER}/app/org.lab.Notes/x86_64/stable/{}/deploy", "a".repeat(64));
    machine.file(&deployed, "nonsense");
    machine.file(&format!("{USER}/overrides/org.lab.Maps"), "nonsense");
    machine.file(&format!("{SYSTEM}/app"), "a file");
    let records = read().unwrap();
    for (key, why) in [
        ("user/org.lab.Notes", "deploy"),
        ("user/org.lab.Maps", "line 1"),
        ("system/org.x.Y", "app"),
    ] {
        match records.get(&ItemKey::new(key)).map(|live| live.reading.clone()) {
            Some(Reading::Unknown(reason)) => assert!(reason.contains(why), "{reason}"),
            other => panic!("{key}: {other:?}"),
        }
    }
    machine.file(&format!("{USER}/repo/config"), "[core\n");
    let remotes = FlatpakRemotes.live(&machine.host(), &Default::default()).unwrap();
    assert_eq!(remotes.blind.len(), 1);
    assert!(remotes.get(&ItemKey::new("system/hub")).is_none());
}

const APPS: &str = r#"{
  "apps": [
    // Notes of mine.
    { "id": "org.lab.Notes", "remote": "hub", "scope": "user", "odd": 1, "overrides": ["--filesystem=~/Notes", "--nosocket=x11"] },
    {
      "id": "org.lab.Zoo",
      "remote": "hub",
      "scope": "system",
      "overrides": { "Context": { "filesystems": ["/home/me/Zoo", "!home"], /* why */ "new": "x" } }
    }
  ],
  "global_overrides": { "user": ["--env=A=b"] }
}
"#;

#[test]
fn a_capture_edits_the_entry_in_the_form_it_has() {
    let machine = Machine::new();
    let mut repo = manifests(&machine, "flatpak-apps.json", APPS);
    let before = wanted(&FlatpakApps, &repo, &machine);
    let notes = app(json!({
        "user/Context/filesystems/~/Notes": "ro", "user/Context/sockets/x11": "deny", "user/Environment/MODE": "q",
    }));
    let key = "user/org.lab.Notes";
    let text = capture(&FlatpakApps, &mut repo, key, before.get(key), Some(&notes));
    let expected = APPS.replace(
        r#"["--filesystem=~/Notes", "--nosocket=x11"]"#,
        r#"["--filesystem=~/Notes:ro", "--nosocket=x11", "--env=MODE=q"]"#,
    );
    assert_eq!(text, expected);

    let key = "system/org.lab.Zoo";
    let zoo = app(json!({
        "remote": "other", "user/Context/filesystems/home": "deny", "user/Context/new": "x",
        "system/Context/sockets/cups": "allow",
    }));
    let text = capture(&FlatpakApps, &mut repo, key, before.get(key), Some(&zoo));
    let expected = expected
        .replace("\"remote\": \"hub\",\n", "\"remote\": \"other\",\n")
        .replace("[\"/home/me/Zoo\", \"!home\"]", "[\"!home\"]")
        .replace(
            "\"new\": \"x\" } }\n",
            "\"new\": \"x\" } },\n      \"system_overrides\": {\n        \"Context\": {\n          \"sockets\": [\"cups\"]\n        }\n      }\n",
        );
    assert_eq!(
        json(&text.replace("// Notes of mine.", "").replace("/* why */", "")),
        json(&expected.replace("// Notes of mine.", "").replace("/* why */", ""))
    );
    assert!(text.contains("// Notes of mine.") && text.contains("/* why */"));
    let again = wanted(&FlatpakApps, &repo, &machine);
    assert_eq!(again[key].0.len(), 4);

    let global = record(json!({ "user/Environment/A": "c" }));
    let text =
        capture(&FlatpakApps, &mut repo, "global/user", before.get("global/user"), Some(&global));
    assert!(text.contains(r#""global_overrides": { "user": ["--env=A=c"] }"#), "{text}");
    let text = capture(&FlatpakApps, &mut repo, "global/user", Some(&global), None);
    assert!(!text.contains("global_overrides"), "{text}");
}

#[test]
fn a_new_entry_names_its_branch_and_only_a_pinned_commit() {
    let machine = Machine::new();
    let mut repo = manifests(&machine, "flatpak-apps.json", "{\n  \"apps\": []\n}\n");
    let plain = app(json!({ "user/Context/sockets/x11": "deny" }));
    capture(&FlatpakApps, &mut repo, "user/org.lab.Plain", None, Some(&plain));
    let held = app(json!({ "masked": true, "branch": "beta" }));
    let text = capture(&FlatpakApps, &mut repo, "user/org.lab.Held", None, Some(&held));
    let expected = json!({ "apps": [
        { "id": "org.lab.Plain", "remote": "hub", "scope": "user", "branch": "stable",
          "overrides": { "Context": { "sockets": ["!x11"] } } },
        { "id": "org.lab.Held", "remote": "hub", "scope": "user", "branch": "beta", "commit": "a".repeat(64) },
    ] });
    assert_eq!(json(&text), expected);
    capture(&FlatpakApps, &mut repo, "user/org.lab.Held", Some(&held), None);
    let text = capture(&FlatpakApps, &mut repo, "user/org.lab.Plain", Some(&plain), None);
    assert!(!text.contains("org.lab"), "{text}");
}

#[test]
fn wrong_types_are_errors_with_their_place() {
    let machine = Machine::new();
    for (entry, expected) in [
        (r#""id": "org.lab.A", "remote": "hub""#, "missing field `scope`"),
        (
            r#""id": "notes", "remote": "hub", "scope": "user""#,
            "1:18: “notes” is not a Flatpak application id",
        ),
        (
            r#""id": "org.lab.A", "remote": "hub", "scope": "user", "overrides": ["--frob=x"]"#,
            "1:79: “--frob=x” is no flag",
        ),
        (
            r#""id": "org.lab.A", "remote": "hub", "scope": "user", "overrides": {"Context": 1}"#,
            "1:90: invalid type",
        ),
        (r#""id": "org.lab.A", "scope": "user""#, "an app needs its “remote”"),
    ] {
        let repo =
            manifests(&machine, "flatpak-apps.json", &format!("{{\"apps\": [{{{entry}}}]}}"));
        let error = FlatpakApps.wanted(&repo, &machine.host()).unwrap_err().to_string();
        assert!(error.contains("flatpak-apps.json:1:") && error.contains(expected), "{error}");
    }
}

#[test]
fn an_app_in_both_scopes_has_one_persons_layer() {
    let machine = Machine::new();
    let text = r#"{"apps": [
      {"id": "org.lab.A", "remote": "hub", "scope": "system"},
      {"id": "org.lab.A", "remote": "hub", "scope": "user", "overrides": ["--share=ipc"]}]}"#;
    let mut repo = manifests(&machine, "flatpak-apps.json", text);
    let before = wanted(&FlatpakApps, &repo, &machine);
    let field = "user/Context/shared/ipc";
    assert!(before.values().all(|record| record.text(field) == Some("allow")));
    for key in ["system/org.lab.A", "user/org.lab.A"] {
        capture(
            &FlatpakApps,
            &mut repo,
            key,
            before.get(key),
            Some(&app(json!({ field: "deny" }))),
        );
    }
    assert_eq!(repo.edits()[0].after.as_deref().unwrap(), text.replace("--share", "--unshare"));
}

#[test]
fn steps_are_batched_by_scope_and_remote() {
    let machine = Machine::new();
    let old = app(json!({}));
    for (dir, id) in [(USER, "org.lab.Old"), (USER, "org.lab.Older"), (SYSTEM, "org.lab.Sys")] {
        deploy(&machine, dir, id, "stable", 'a', true);
    }
    let new = |remote: &str| record(json!({ "remote": remote, "branch": "stable" }));
    let steps = |changes: &[(&str, Option<&Record>, Option<&Record>)]| {
        let changes: Vec<Change> = changes
            .iter()
            .map(|(key, before, after)| {
                let mut entry = after.cloned();
                if let (Some(_), Some(entry)) = (before, &mut entry) {
                    entry.0.remove("commit");
                }
                change(&FlatpakApps, Side::System, key, *before, *after, entry.as_ref())
            })
            .collect();
        FlatpakApps.steps(&changes.iter().collect::<Vec<_>>(), &machine.host()).unwrap()
    };
    let (hub, other) = (new("hub"), new("other"));
    let pinned = record(json!({ "remote": "hub", "branch": "beta", "commit": "c".repeat(64) }));
    // A manifest names the commit only where it pins one.
    let planned = steps(&[
        ("user/org.lab.A", None, Some(&hub)),
        ("user/org.lab.B", None, Some(&hub)),
        ("user/org.lab.C", None, Some(&other)),
        ("user/org.lab.D", None, Some(&pinned)),
        ("system/org.lab.E", None, Some(&hub)),
        ("user/org.lab.Old", Some(&old), None),
        ("user/org.lab.Older", Some(&old), None),
        ("system/org.lab.Sys", Some(&old), None),
    ]);
    let sha = "c".repeat(64);
    assert_eq!(commands(&planned.steps), [
        "flatpak install --system --noninteractive --or-update hub org.lab.E//stable".to_owned(),
        "flatpak install --user --noninteractive --or-update hub org.lab.A//stable org.lab.B//stable org.lab.D//beta".to_owned(),
        "flatpak install --user --noninteractive --or-update other org.lab.C//stable".to_owned(),
        format!("flatpak update --user --noninteractive --commit={sha} org.lab.D//beta"),
        "flatpak mask --user org.lab.D".to_owned(),
        "flatpak uninstall --system --noninteractive org.lab.Sys/x86_64/stable".to_owned(),
        "flatpak uninstall --user --noninteractive org.lab.Old/x86_64/stable org.lab.Older/x86_64/stable".to_owned(),
    ]);
    // Another remote, another branch, and a branch that is there already.
    let moved = app(json!({ "remote": "other" }));
    let beta = app(json!({ "branch": "beta" }));
    let planned = steps(&[
        ("user/org.lab.Old", Some(&old), Some(&moved)),
        ("user/org.lab.Older", Some(&old), Some(&beta)),
    ]);
    assert_eq!(
        commands(&planned.steps),
        [
            "flatpak install --user --noninteractive --or-update hub org.lab.Older//beta",
            "flatpak install --user --noninteractive --or-update --reinstall other org.lab.Old//stable",
            "flatpak uninstall --user --noninteractive org.lab.Older/x86_64/stable",
        ]
    );
    deploy(&machine, USER, "org.lab.Older", "beta", 'b', false);
    let planned = steps(&[("user/org.lab.Older", Some(&old), Some(&beta))]);
    assert_eq!(commands(&planned.steps), ["flatpak make-current --user org.lab.Older beta"]);
}

#[test]
fn override_files_are_edited_in_one_step() {
    let machine = Machine::new();
    deploy(&machine, USER, "org.lab.Notes", "stable", 'a', true);
    deploy(&machine, SYSTEM, "org.lab.Maps", "stable", 'a', true);
    let text = "# mine\n[Context]\nsockets=!x11;\nfuture=1\n";
    let path = machine.file(&format!("{USER}/overrides/org.lab.Notes"), text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let before = live(&FlatpakApps, &machine);
    let notes = app(json!({ "user/Context/filesystems/~/N": "allow", "user/Context/future": "1" }));
    let maps = app(json!({ "system/Context/devices/all": "allow" }));
    let global = record(json!({ "user/Environment/A": "1" }));
    let changes =
        [("user/org.lab.Notes", &notes), ("system/org.lab.Maps", &maps), ("global/user", &global)]
            .map(|(key, after)| {
                change(&FlatpakApps, Side::System, key, before.get(key), Some(after), Some(after))
            });
    let planned = FlatpakApps.steps(&changes.iter().collect::<Vec<_>>(), &machine.host()).unwrap();
    assert_eq!(planned.blocked.len(), 1, "root writes the system's");
    assert_eq!(planned.blocked[0].item.as_str(), "system/org.lab.Maps");
    let command = "sudo flatpak override --system --device=all org.lab.Maps";
    assert!(planned.blocked[0].reason.contains(command), "{planned:?}");
    // Notes would move to where it cannot go, so it stays where it is.
    let there = app(json!({ "system/Context/devices/all": "allow" }));
    let moves = [
        change(
            &FlatpakApps,
            Side::System,
            "system/org.lab.Notes",
            None,
            Some(&there),
            Some(&there),
        ),
        change(&FlatpakApps, Side::System, "user/org.lab.Notes", Some(&notes), None, None),
    ];
    let moves = FlatpakApps.steps(&moves.iter().collect::<Vec<_>>(), &machine.host()).unwrap();
    assert_eq!((moves.steps.len(), moves.blocked.len()), (0, 2), "{moves:?}");
    let [step] = planned.steps.as_slice() else { panic!("{planned:?}") };
    let Action::Write(edits) = &step.action else { panic!("{step:?}") };
    let after: Vec<_> = edits.iter().map(|edit| edit.after.as_deref().unwrap()).collect();
    assert_eq!(after, ["[Environment]\nA=1\n", "# mine\n[Context]\nfuture=1\nfilesystems=~/N;\n"]);
    assert_eq!(edits[1].before.as_deref(), Some(text));
}

#[test]
fn remotes_are_read_captured_and_added() {
    let machine = Machine::new();
    let config = "[core]\nrepo_version=1\n\n[remote \"hub\"]\nurl=https://example.org/repo/\nxa.title=Hub\ngpg-verify=true\n\n[remote \"lab\"]\nurl=file:///srv/lab\ngpg-verify=false\nxa.disable=true\n";
    machine.file(&format!("{USER}/repo/config"), config);
    machine.file(&format!("{USER}/repo/hub.trustedkeys.gpg"), [0xc6, 3, 4, 1, 2]);
    let found = live(&FlatpakRemotes, &machine);
    let mut repo = manifests(&machine, "flatpak-remotes.json", "{\"remotes\": []}");
    for key in ["user/hub", "user/lab"] {
        capture(&FlatpakRemotes, &mut repo, key, None, found.get(key));
    }
    let text = repo.edits()[0].after.clone().unwrap();
    let gpg_key = super::super::openpgp::canonical(&[0xc6, 3, 4, 1, 2]).unwrap();
    assert_eq!(
        json(&text),
        json!({ "remotes": [
        { "name": "hub", "url": "https://example.org/repo", "scope": "user", "gpg_key": gpg_key, "title": "Hub" },
        { "name": "lab", "url": "file:///srv/lab", "scope": "user", "disabled": true, "gpg_verify": false },
    ] })
    );
    let wanted = wanted(&FlatpakRemotes, &repo, &machine);
    for (key, wanted) in &wanted {
        let specs = FlatpakRemotes.about().fields;
        assert_eq!(crate::core::merge::compared(specs, wanted, &found[key]), *wanted);
    }
    let add = |key: &str| {
        let change =
            change(&FlatpakRemotes, Side::System, key, None, wanted.get(key), wanted.get(key));
        FlatpakRemotes.steps(&[&change], &machine.host()).unwrap().steps
    };
    assert_eq!(
        commands(&add("user/lab")),
        ["flatpak remote-add --user --disable --no-gpg-verify lab file:///srv/lab"]
    );
    let steps = add("user/hub");
    let Action::Write(edits) = &steps[0].action else { panic!("{steps:?}") };
    assert!(edits[0].after.as_deref().unwrap().contains(&format!("GPGKey={gpg_key}\n")));
    assert_eq!(
        commands(&steps),
        [format!("flatpak remote-add --user --title=Hub --from hub {}", edits[0].path)]
    );
    let mut moved = found["user/hub"].clone();
    moved.set("url", "https://example.com");
    moved.set("disabled", true);
    let moved = change(
        &FlatpakRemotes,
        Side::System,
        "user/hub",
        found.get("user/hub"),
        Some(&moved),
        None,
    );
    let steps = FlatpakRemotes.steps(&[&moved], &machine.host()).unwrap().steps;
    assert_eq!(
        commands(&steps),
        ["flatpak remote-modify --user --url=https://example.com --disable hub"]
    );
}
