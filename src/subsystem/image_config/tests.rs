//! Modules read, compared with an image, and made into a section.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::core::merge::Drift;
use crate::core::report::ItemReport;
use crate::host::testing::Machine;

const ALL: &str = r#"{
  "modules": [
    {
      "name": "rules",
      "type": "files",
      "comment": "Rules for\nthe keyboard.",
      "pre_run": ["groupadd -f input2"],
      "files": [
        {"src": "system/usr/rules", "dest": "/usr/lib/udev/rules.d/", "comment": "all of them"},
        {"src": "system/etc/a b.conf", "dest": "/usr/etc/a b.conf", "mode": "0600"}
      ],
      "post_run": ["udevadm hwdb --update"]
    },
    {"name": "odd", "type": "run", "commands": ["echo '$HOME' \"x\"", "true && \\\n  false"], "kept": {"a": [1, 2.50]}},
    {"name": "wants", "type": "systemd-enable", "scope": "user", "unit": "x.service", "target": "default.target"},
    {"name": "maybe", "type": "optional-feature", "arg": "ENABLE_X", "src": "system/x", "staging": "/usr/share/x/x", "dest": "/etc/x.d/x", "post_install": ["touch /y"]},
    {"name": "wrap", "type": "wrapper", "target": "/usr/bin/code", "slice": "app-code", "output": "/usr/local/bin/code", "description": "Code in a\nslice", "remote_cli": true}
  ]
}
"#;

fn repository(machine: &Machine, manifest: &str) -> Manifests {
    machine.file("repo/manifests/image-config.json", manifest);
    for (path, text) in [
        ("system/usr/rules/70-a.rules", "a\n"),
        ("system/usr/rules/deep/b.rules", "b\n"),
        ("system/etc/a b.conf", "c\n"),
        ("system/x", "x\n"),
    ] {
        machine.file(&format!("repo/{path}"), text);
    }
    Manifests::new(&machine.dir.path().join("repo/manifests"), "machine")
}

fn report(machine: &Machine, manifests: &Manifests) -> Vec<ItemReport> {
    let host = machine.host();
    let wanted = ImageConfig.wanted(manifests, &host).unwrap();
    let live = ImageConfig.live(&host, &wanted).unwrap();
    let judge = |(key, wanted): (&ItemKey, &Wanted)| {
        let live = live.get(key);
        let specs = ABOUT.fields;
        ItemReport::judge(specs, key.clone(), None, Some(wanted), live.as_deref(), None, &|_| false)
    };
    wanted.iter().map(judge).collect()
}

fn states(machine: &Machine, manifests: &Manifests) -> Vec<(String, Drift)> {
    report(machine, manifests).into_iter().map(|item| (item.key.to_string(), item.state)).collect()
}

#[test]
fn the_section_says_all_modules_in_their_order() {
    let machine = Machine::new();
    let manifests = repository(&machine, ALL);
    let section = ImageConfig.section(&manifests).unwrap().unwrap();
    assert_eq!(section.name(), "IMAGE_CONFIG");
    let expected = r#"# rules: Rules for the keyboard.
RUN <<'EOF'
set -eu
groupadd -f input2
EOF
# all of them
COPY --chmod=0644 ["system/usr/rules/70-a.rules","/usr/lib/udev/rules.d/70-a.rules"]
COPY --chmod=0644 ["system/usr/rules/deep/b.rules","/usr/lib/udev/rules.d/deep/b.rules"]
COPY --chmod=0600 ["system/etc/a b.conf","/etc/a b.conf"]
RUN <<'EOF'
set -eu
udevadm hwdb --update
EOF

# odd
RUN <<'EOF'
set -eu
echo '$HOME' "x"
true && \
  false
EOF

# wants
RUN set -eu; \
    mkdir -p /usr/lib/systemd/user/default.target.wants; \
    ln -sfn -- ../x.service /usr/lib/systemd/user/default.target.wants/x.service

# maybe
COPY --chmod=0644 ["system/x","/usr/share/x/x"]
ARG ENABLE_X=0
RUN <<'EOF'
set -eu
if [ "${ENABLE_X}" = "1" ]; then
install -Dpm0644 /usr/share/x/x /etc/x.d/x
touch /y
fi
EOF

"#;
    assert!(section.body().starts_with(expected), "{}", section.body());
    assert!(section.body().contains("/usr/local/bin/code"));
    assert_eq!(ImageConfig.section(&manifests).unwrap().unwrap(), section);
    // What only this machine's layer says is in no image.
    machine.file(
        "repo/manifests/hosts/machine/image-config.json",
        r#"{"modules": [{"name": "mine", "type": "run", "commands": ["false"]}]}"#,
    );
    let again = Manifests::new(&machine.dir.path().join("repo/manifests"), "machine");
    assert_eq!(ImageConfig.section(&again).unwrap().unwrap(), section);
}

/// The script is read by a shell, and the target gets its arguments as they were given.
#[test]
#[allow(clippy::disallowed_methods, reason = "the shell is what is tested against")]
fn a_wrapper_runs_its_target_in_the_slice() {
    let machine = Machine::new();
    let manifests = repository(&machine, ALL);
    let modules = module::of_layer(&manifests, &Layer::Shared).unwrap().modules;
    let Some(Kind::Wrapper(wrapper)) = modules.last().map(|module| module.kind.clone()) else {
        panic!("no wrapper");
    };
    let target = machine.file("bin/target", "#!/bin/sh\nprintf '<%s>' target \"$@\"\n");
    let run = machine.file("bin/systemd-run", "#!/bin/sh\nprintf '<%s>' \"$@\"\n");
    for program in [&target, &run] {
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let place = target.to_str().unwrap().parse().unwrap();
    let script = section::script(&module::Wrapper { target: place, ..wrapper });
    let script = machine.file("script", script);
    let call = |inside: &str| {
        let mut command = std::process::Command::new("sh");
        command.arg(&script).args(["a b", "$x"]).env("VSCODE_IPC_HOOK_CLI", inside);
        let path = format!("{}:/usr/bin:/bin", machine.dir.path().join("bin").display());
        String::from_utf8(command.env("PATH", path).output().unwrap().stdout).unwrap()
    };
    let target = target.display();
    let expected =
        format!("<--user><--scope><--quiet><--slice=app-code.slice><--><{target}><a b><$x>");
    assert_eq!(call(""), expected);
    assert_eq!(call("/run/socket"), "<target><a b><$x>");
}

#[test]
fn what_a_module_lacks_is_said_with_its_place() {
    let machine = Machine::new();
    for (module, says) in [
        (r#"{"type": "run", "commands": []}"#, ":2:1: missing field `name`"),
        (r#"{"name": "a"}"#, ":2:1: “type” is missing"),
        (r#"{"name": "a", "type": "jump"}"#, ":2:23: unknown variant"),
        (r#"{"name": "a", "type": "run"}"#, ":2:1: “commands” is missing"),
        (r#"{"name": "a", "type": "run", "commands": ["a", 3]}"#, ":2:48: invalid type"),
        (r#"{"name": "a\nb", "type": "run", "commands": []}"#, ":2:10: “name” should be"),
        (
            r#"{"name": "a", "type": "files", "files": [{"src": "../x", "dest": "/x"}]}"#,
            ":2:50: “../x” is not a path in the repository",
        ),
        (
            r#"{"name": "a", "type": "files", "files": [{"src": "none", "dest": "/x"}]}"#,
            ":2:50: “none” is not in the repository",
        ),
        (
            r#"{"name": "a", "type": "files", "files": [{"src": "system/link", "dest": "/x"}]}"#,
            ":2:50: “system/link” is a link",
        ),
        (
            r#"{"name": "a", "type": "files", "files": [{"src": "system/x", "dest": "x"}]}"#,
            ":2:70: “x” is not a path in the image",
        ),
        (
            r#"{"name": "a", "type": "files", "files": [{"src": "system/x", "dest": "/x", "mode": "9"}]}"#,
            ":2:84: “9” is not a mode",
        ),
        (
            r#"{"name": "a", "type": "systemd-enable", "scope": "system", "unit": "a.service", "target": "../x.target"}"#,
            ":2:91: “../x.target” is not a systemd unit",
        ),
        (
            r#"{"name": "a", "type": "optional-feature", "arg": "X=$(id)", "src": "system/x", "staging": "/s", "dest": "/d"}"#,
            ":2:50: “X=$(id)” is not a build argument",
        ),
        (
            "{\"name\": \"a\", \"type\": \"run\", \"commands\": []},\n{\"name\": \"a\", \"type\": \"run\", \"commands\": []}",
            ":3:1: “a” stands here twice",
        ),
    ] {
        let manifests = repository(&machine, &format!("{{\"modules\": [\n{module}]}}"));
        let link = machine.dir.path().join("repo/system/link");
        let _ = symlink("/etc/passwd", &link);
        let error = ImageConfig.wanted(&manifests, &machine.host()).unwrap_err().to_string();
        assert!(error.contains(&format!("image-config.json{says}")), "{error}\n{module}");
    }
}

#[test]
fn what_the_image_has_is_in_force_and_the_rest_comes_with_the_next() {
    let machine = Machine::new();
    let manifests = repository(&machine, ALL);
    let all = |state: Drift| {
        ["maybe", "odd", "rules", "wants", "wrap"].map(|name| (name.to_owned(), state)).to_vec()
    };
    assert_eq!(states(&machine, &manifests), all(Drift::NotHere));
    machine.file("run/ostree-booted", "");
    // Of commands alone nothing can be told, and that is said.
    let mut expected = all(Drift::Pending);
    expected[1].1 = Drift::NotHere;
    assert_eq!(states(&machine, &manifests), expected);
    let odd = &report(&machine, &manifests)[1];
    assert!(odd.barred.as_ref().unwrap().reason().contains("commands"), "{odd:?}");
    assert!(!odd.counts() && odd.unknown.is_none());
    machine.file("usr/lib/udev/rules.d/70-a.rules", "a\n");
    machine.file("usr/lib/udev/rules.d/deep/b.rules", "old\n");
    machine.file("usr/share/x/x", "x\n");
    let wants = machine.file("usr/lib/systemd/user/default.target.wants/other", "");
    symlink("../x.service", wants.with_file_name("x.service")).unwrap();
    let modules = module::of_layer(&manifests, &Layer::Shared).unwrap().modules;
    let Kind::Wrapper(wrapper) = &modules[4].kind else { panic!("no wrapper") };
    let made = machine.file("usr/local/bin/code", section::script(wrapper));
    fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).unwrap();
    let mut expected = all(Drift::InSync);
    expected[1].1 = Drift::NotHere;
    expected[2].1 = Drift::Pending;
    assert_eq!(states(&machine, &manifests), expected);
    machine.file("usr/lib/udev/rules.d/deep/b.rules", "b\n");
    expected[2].1 = Drift::InSync;
    assert_eq!(states(&machine, &manifests), expected);
    fs::set_permissions(&made, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(states(&machine, &manifests)[4].1, Drift::Pending);
    fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).unwrap();
    // What the image was built from tells of commands too.
    let built = "usr/share/bkt/distribution/manifests/image-config.json";
    machine.file(built, ALL);
    assert_eq!(states(&machine, &manifests), all(Drift::InSync));
    machine.file(built, ALL.replace("touch /y", "touch /z"));
    assert_eq!(states(&machine, &manifests)[0].1, Drift::Pending);
    machine.file(built, ALL.replace("\"odd\"", "\"other\""));
    assert_eq!(states(&machine, &manifests)[1].1, Drift::Pending);
}

#[test]
fn a_module_is_never_captured_and_one_that_goes_leaves_the_rest() {
    let machine = Machine::new();
    let mut manifests = repository(&machine, ALL);
    let change = Change {
        subsystem: ID,
        item: ItemKey::new("wants"),
        title: "wants".into(),
        side: Side::Manifest,
        layer: Layer::Shared,
        before: Some(Record::new()),
        after: None,
        other: None,
        held: None,
    };
    let back = change.inverse();
    ImageConfig.capture(&mut manifests, &[&change]).unwrap();
    let edits = manifests.edits();
    let after = edits[0].after.clone().unwrap();
    assert!(!after.contains("\"wants\"") && after.contains("\"kept\": {\"a\": [1, 2.50]}"));
    assert!(ImageConfig.capture(&mut manifests, &[&back]).is_err());
}

fn put(root: &Path, dest: &str, text: Option<&str>) -> String {
    let mut manifests = Manifests::new(&root.join("manifests"), "machine");
    let change = Change {
        subsystem: crate::subsystem::etc_files::ID,
        item: ItemKey::new(dest),
        title: dest.into(),
        side: Side::Manifest,
        layer: Layer::Shared,
        before: None,
        after: text.map(|text| Record::new().with("content", text)),
        other: None,
        held: None,
    };
    crate::subsystem::etc_files::EtcFiles.capture(&mut manifests, &[&change]).unwrap();
    for edit in manifests.edits() {
        crate::host::fs::write(Path::new(&edit.path), edit.after.as_deref()).unwrap();
    }
    fs::read_to_string(root.join("manifests/image-config.json")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a module holds beside what we know, and in whatever order: it is there after a file was captured and
    /// after it was taken out again, and a file that was taken out leaves the manifest as it was.
    #[test]
    fn what_we_do_not_know_survives(
        order in Just(vec!["type", "files", "x-one", "name", "x-two"]).prop_shuffle(),
        odd in prop::collection::vec("[a-z\"\\\\é ]{0,6}", 1..4),
        captured in "[a-z]{1,8}",
        own in any::<bool>(),
    ) {
        let machine = Machine::new();
        let name = if own { "etc" } else { "theirs" };
        let mut module = serde_json::Map::new();
        for key in &order {
            module.insert((*key).to_owned(), match *key {
                "type" => json!("files"),
                "name" => json!(name),
                "files" => json!([{"x": odd, "dest": "/etc/zz0", "src": "system/x"}]),
                other => json!({ other: odd }),
            });
        }
        let text = serde_json::to_string_pretty(&json!({"x": odd, "modules": [module, {"type": "run", "name": "last", "commands": []}]})).unwrap();
        repository(&machine, &text);
        let root = machine.dir.path().join("repo");
        let after = put(&root, &format!("/etc/{captured}"), Some("one\n"));
        let json: Json = serde_json::from_str(&after).unwrap();
        let keys: Vec<&String> = json["modules"][0].as_object().unwrap().keys().collect();
        prop_assert_eq!(keys, order);
        prop_assert_eq!(&json["x"], &json!(odd));
        let files = json["modules"][0]["files"].as_array().unwrap();
        let kept = files.iter().find(|file| file["dest"] == "/etc/zz0").unwrap();
        prop_assert_eq!(&kept["x"], &json!(odd));
        prop_assert_eq!(json["modules"].as_array().unwrap().len(), if own { 2 } else { 3 });
        let copy = fs::read_to_string(root.join("system/etc").join(&captured)).unwrap();
        prop_assert_eq!(copy, "one\n");
        let gone = put(&root, &format!("/etc/{captured}"), None);
        prop_assert_eq!(serde_json::from_str::<Json>(&gone).unwrap(), serde_json::from_str::<Json>(&text).unwrap());
        prop_assert!(!root.join("system/etc").join(&captured).exists());
    }
}
