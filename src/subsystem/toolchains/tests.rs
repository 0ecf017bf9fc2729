//! Reading what is there, and writing what was read.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use crate::core::item::{Layer, Live, Reading, Wanted};
use crate::host::testing::Machine;

mod laws;

/// A toolchain as rustup leaves it: packages, each with its target, “-” where it has none.
fn toolchain(machine: &Machine, name: &str, parts: &[(&str, &str)]) {
    let mut text = "config_version = \"1\"\n".to_owned();
    for (pkg, target) in parts {
        let target = match *target {
            "-" => String::new(),
            "host" => format!("target = \"{}\"\n", entry::triple()),
            target => format!("target = \"{target}\"\n"),
        };
        text += &format!("\n[[components]]\npkg = \"{pkg}\"\n{target}is_extension = false\n");
    }
    let dir = format!("home/.rustup/toolchains/{name}-{}", entry::triple());
    machine.file(&format!("{dir}/lib/rustlib/multirust-config.toml"), text);
}

fn settings(machine: &Machine, default: &str, profile: &str) {
    let text = format!(
        "version = \"12\"\ndefault_toolchain = \"{default}\"\nprofile = \"{profile}\"\n\n[overrides]\n"
    );
    machine.file("home/.rustup/settings.toml", text);
}

const USUAL: [(&str, &str); 6] = [
    ("cargo", "host"),
    ("clippy-preview", "host"),
    ("rust-docs", "host"),
    ("rust-std", "host"),
    ("rustc", "host"),
    ("rustfmt-preview", "host"),
];

fn rust(machine: &Machine) {
    settings(machine, &format!("stable-{}", entry::triple()), "default");
    let mut parts = USUAL.to_vec();
    parts.extend([("rust-src", "-"), ("rust-analyzer-preview", "host")]);
    parts.push(("rust-std", "wasm32-unknown-unknown"));
    toolchain(machine, "stable", &parts);
    toolchain(machine, "nightly-2025-01-31", &USUAL);
}

fn wanting(items: &[(&str, Json)]) -> WantedItems {
    let wanted = |(key, record): &(&str, Json)| {
        let record = serde_json::from_value(record.clone()).unwrap();
        (ItemKey::new(*key), Wanted { record, layer: Layer::Shared })
    };
    items.iter().map(wanted).collect()
}

/// What is there: the records of what is known, and the reasons of what is not.
fn there(machine: &Machine, wanted: &[(&str, Json)]) -> BTreeMap<String, Json> {
    let records = Toolchains.live(&machine.host(), &wanting(wanted)).unwrap();
    let told = |live: Live| match live.reading {
        Reading::Known(record) if live.unread.is_empty() => serde_json::to_value(record).unwrap(),
        Reading::Known(_) => json!(live.unread.into_values().next()),
        Reading::Absent => json!(live.note),
        Reading::Unknown(why) => json!(why),
    };
    let items = records.items.into_iter().map(|(key, live)| (key.to_string(), told(live)));
    let blind = records.blind.into_iter().map(|(prefix, why)| (format!("{prefix}*"), json!(why)));
    items.chain(blind).collect()
}

fn of(items: &[(&str, Json)]) -> BTreeMap<String, Json> {
    items.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

#[test]
fn a_home_without_toolchains_has_none() {
    assert_eq!(there(&Machine::new(), &[]), of(&[]));
    let machine = Machine::new();
    machine.file("home/.local/lib/node_modules/.package-lock.json", "{}");
    machine.file("home/.proto/.prototools", "");
    assert_eq!(there(&machine, &[]), of(&[]));
}

#[test]
fn rust_is_what_its_profile_does_not_bring() {
    let machine = Machine::new();
    rust(&machine);
    let chosen = [
        ("rustup/default", json!({"toolchain": "stable"})),
        ("rustup/toolchain/stable", json!({})),
        ("rustup/toolchain/nightly-2025-01-31", json!({})),
        ("rustup/component/rust-src", json!({})),
        ("rustup/component/rust-analyzer", json!({})),
        ("rustup/target/wasm32-unknown-unknown", json!({})),
    ];
    assert_eq!(there(&machine, &[]), of(&chosen));
    // What a manifest names is compared, also where every toolchain comes with it.
    let mut more = chosen.to_vec();
    more.push(("rustup/component/clippy", json!({})));
    let wanted = [("rustup/component/clippy", json!({})), ("rustup/component/miri", json!({}))];
    assert_eq!(there(&machine, &wanted), of(&more));
    // Of a minimal toolchain it was asked for.
    settings(&machine, "stable", "minimal");
    for name in ["clippy", "rustfmt", "rust-docs"] {
        assert!(there(&machine, &[]).contains_key(&format!("rustup/component/{name}")), "{name}");
    }
}

#[test]
fn what_was_linked_by_hand_is_no_toolchain_to_track() {
    let machine = Machine::new();
    rust(&machine);
    machine.file("src/rust/bin/rustc", "");
    let link = machine.dir.path().join("home/.rustup/toolchains/mine");
    std::os::unix::fs::symlink(machine.dir.path().join("src/rust"), link).unwrap();
    assert!(!there(&machine, &[]).contains_key("rustup/toolchain/mine"));
    settings(&machine, "mine", "default");
    let there = there(&machine, &[]);
    for key in ["rustup/default", "rustup/component/*", "rustup/target/*"] {
        assert!(there[key].as_str().unwrap().contains("“mine”, was linked by hand"), "{there:?}");
    }
    assert_eq!(there["rustup/toolchain/stable"], json!({}));
}

#[test]
fn a_default_that_is_not_there_is_none() {
    let machine = Machine::new();
    settings(&machine, "stable", "default");
    let there = there(&machine, &[]);
    assert_eq!(
        there,
        of(&[("rustup/default", json!("rustup’s default is stable, which is not installed"))])
    );
}

#[test]
fn what_cannot_be_parsed_is_unknown_with_file_and_line() {
    let machine = Machine::new();
    rust(&machine);
    let broken = format!(
        "home/.rustup/toolchains/stable-{}/lib/rustlib/multirust-config.toml",
        entry::triple()
    );
    machine.file(&broken, "config_version = \"1\"\n[[components\n");
    let said = there(&machine, &[]);
    for key in ["rustup/component/*", "rustup/target/*"] {
        assert!(said[key].as_str().unwrap().contains("multirust-config.toml:2: "), "{said:?}");
    }
    assert_eq!(said["rustup/default"], json!({"toolchain": "stable"}));
    machine.file("home/.rustup/settings.toml", "version = \"12\"\ndefault_toolchain = 3\n");
    let said = there(&machine, &[]);
    assert!(
        said["rustup/default"].as_str().unwrap().starts_with("~/.rustup/settings.toml:2: "),
        "{said:?}"
    );
    assert_eq!(said["rustup/toolchain/stable"], json!({}));
    machine.file("home/.local/lib/node_modules/a/package.json", "{\n\"version\": \n}");
    machine.file("home/.proto/tools/node/20.1.0/x", "");
    machine.file("home/.proto/.prototools", "node = \"20.1.0\"\nbun =\n");
    let said = there(&machine, &[]);
    let says = |key: &str, text: &str| {
        assert!(said[key].as_str().unwrap().starts_with(text), "{key}: {said:?}");
    };
    says("npm/a", "~/.local/lib/node_modules/a/package.json:3: ");
    says("proto/node", "~/.proto/.prototools:2: ");
    machine.file("home/.npmrc", "a=b\nprefix=${OTHER}/x\n");
    machine.file("home/.local/state/bkt/scripts/bootc-dev/x.json", "{\n");
    machine.file("home/.local/state/bkt/scripts/bootc-dev/y.json", run(2, "[]"));
    let said = there(&machine, &[]);
    let says = |key: &str, text: &str| {
        assert!(said[key].as_str().unwrap().contains(text), "{key}: {said:?}");
    };
    says("npm/*", "~/.npmrc:2: ");
    says("script/x", "bootc-dev/x.json:2: ");
    says("script/y", "newer version of Bucket");
    std::fs::remove_dir_all(machine.dir.path().join("home/.proto/tools")).unwrap();
    machine.file("home/.proto/tools", "");
    assert!(there(&machine, &[])["proto/*"].as_str().unwrap().contains(".proto/tools"));
}

#[test]
fn npm_is_looked_for_where_it_is_told_to_install() {
    let machine = Machine::new();
    let package = |dir: &str, version: &str| {
        machine.file(&format!("{dir}/package.json"), json!({ "version": version }).to_string());
    };
    for name in ["a", "@s/b", "npm", "corepack"] {
        package(&format!("home/.local/lib/node_modules/{name}"), "1.2.3");
    }
    // What npm leaves behind, and what `npm link` puts there.
    machine.file("home/.local/lib/node_modules/.a-x1/package.json", "{}");
    machine.file("home/.local/lib/node_modules/empty/x", "");
    package("work/mine", "0.0.1");
    let link = machine.dir.path().join("home/.local/lib/node_modules/mine");
    std::os::unix::fs::symlink(machine.dir.path().join("work/mine"), link).unwrap();
    let found = [("npm/a", json!({"version": "1.2.3"})), ("npm/@s/b", json!({"version": "1.2.3"}))];
    assert_eq!(there(&machine, &[]), of(&found));
    for (wanted, told) in
        [("1.2.3", "1.2.3"), ("1", "1"), ("1.2", "1.2"), ("1.20", "1.2.3"), ("latest", "latest")]
    {
        let there = there(&machine, &[("npm/a", json!({ "version": wanted }))]);
        assert_eq!(there["npm/a"]["version"], told, "{wanted}");
    }
    for line in ["prefix=~/.npm-global", "prefix = ${HOME}/.npm-global", "prefix=\"~/.npm-global\""]
    {
        machine.file("home/.npmrc", format!("; mine\n{line}\n"));
        assert_eq!(there(&machine, &[]), of(&[]), "{line}");
    }
    package("home/.npm-global/lib/node_modules/c", "2.0.0");
    assert_eq!(there(&machine, &[]), of(&[("npm/c", json!({"version": "2.0.0"}))]));
}

#[test]
fn of_a_tool_the_pinned_version_counts() {
    let machine = Machine::new();
    for place in
        ["node/9.1.0", "node/20.11.1", "node/manifest.json", "proto/0.50.0", "bun/manifest.json"]
    {
        machine.file(&format!("home/.proto/tools/{place}/x"), "");
    }
    let node = |machine: &Machine, wanted: Option<&str>| {
        let wanted = wanted.map(|version| [("proto/node", json!({ "version": version }))]);
        let there = there(machine, wanted.as_ref().map_or(&[], |one| &one[..]));
        assert_eq!(there.len(), 1, "{there:?}");
        there["proto/node"].clone()
    };
    assert_eq!(node(&machine, None), json!({"version": "20.11.1"}));
    assert_eq!(node(&machine, Some("9")), json!({"version": "9"}));
    for (pins, told) in [
        ("node = \"9.1.0\"", json!({"version": "9.1.0"})),
        ("node = \"~9\"", json!({"version": "9"})),
        ("[node]\nversion = \"9.1.0\"", json!({"version": "9.1.0"})),
        ("[settings]\nx = 1\n[tools.node]\ny = 2", json!({"version": "20.11.1"})),
        ("node = \">=9 <21\"", json!("it is pinned to “>=9 <21”, which is more than one version")),
    ] {
        machine.file("home/.proto/.prototools", pins);
        assert_eq!(node(&machine, None), told, "{pins}");
    }
}

/// What is kept of a script that was run.
fn run(version: u32, args: &str) -> String {
    let args: Json = serde_json::from_str(args).unwrap();
    let sha256 = "0f".repeat(32);
    json!({"version": version, "url": "https://example.org/x", "sha256": sha256, "args": args})
        .to_string()
}

#[test]
fn a_script_was_run_as_it_was_kept() {
    let machine = Machine::new();
    machine.file("home/.local/state/bkt/scripts/bootc-dev/x.json", run(1, "[\"-y\", \"a b\"]"));
    machine.file("home/.local/state/bkt/scripts/other/y.json", run(1, "[]"));
    let sha256 = "0f".repeat(32);
    let record = |url: &str| json!({"url": url, "sha256": sha256, "args": "[\"-y\",\"a b\"]"});
    assert_eq!(there(&machine, &[]), of(&[("script/x", record("https://example.org/x"))]));
    // The same file in another place is the same script.
    let moved = [("script/x", record("https://example.net/y"))];
    assert_eq!(there(&machine, &moved), of(&moved));
    let other = [("script/x", json!({"url": "https://example.net/y", "sha256": "1e".repeat(32)}))];
    assert_eq!(there(&machine, &other), of(&[("script/x", record("https://example.org/x"))]));
}

fn manifests(machine: &Machine, shared: &Json, host: Option<&Json>) -> Manifests {
    machine.file(
        "repo/manifests/toolbox-packages.json",
        serde_json::to_string_pretty(shared).unwrap(),
    );
    if let Some(host) = host {
        machine.file("repo/manifests/hosts/machine/toolbox-packages.json", host.to_string());
    }
    Manifests::new(&machine.dir.path().join("repo/manifests"), "machine")
}

fn wants(manifests: &Manifests) -> BTreeMap<String, Json> {
    let wanted = entry::wanted(manifests).unwrap().into_iter();
    wanted.map(|(key, one)| (key.to_string(), serde_json::to_value(one.record).unwrap())).collect()
}

#[test]
fn the_manifest_is_read_in_every_form() {
    let machine = Machine::new();
    let sha256 = "0f".repeat(32);
    let shared = json!({"packages": ["gcc"], "toolchains": {
        "rustup": {"default": format!("stable-{}", entry::triple()), "toolchains": ["stable", "nightly"], "components": ["rust-src"], "targets": [{"name": "wasm32-unknown-unknown", "why": "x"}]},
        "npm": ["a", {"name": "@s/b", "version": "1"}],
        "scripts": [{"name": "x", "url": "https://example.org/x", "sha256": sha256, "args": ["-y"]}],
        "proto": [{"name": "node", "version": "20"}],
    }});
    let host = json!({"toolchains": {
        "rustup": {"default": "1.85.0", "toolchains": [{"name": "nightly", "absent": true}]},
        "npm": [{"name": "a", "absent": true}],
        "scripts": [{"name": "x", "absent": true}],
    }});
    let mut expected = of(&[
        ("rustup/default", json!({"toolchain": "stable"})),
        ("rustup/toolchain/stable", json!({})),
        ("rustup/toolchain/nightly", json!({})),
        ("rustup/component/rust-src", json!({})),
        ("rustup/target/wasm32-unknown-unknown", json!({})),
        ("npm/a", json!({})),
        ("npm/@s/b", json!({"version": "1"})),
        ("proto/node", json!({"version": "20"})),
        ("script/x", json!({"url": "https://example.org/x", "sha256": sha256, "args": "[\"-y\"]"})),
    ]);
    assert_eq!(wants(&manifests(&machine, &shared, None)), expected);
    for gone in ["rustup/toolchain/nightly", "npm/a", "script/x"] {
        expected.remove(gone);
    }
    expected.insert("rustup/default".to_owned(), json!({"toolchain": "1.85.0"}));
    expected.insert("rustup/toolchain/1.85.0".to_owned(), json!({}));
    assert_eq!(wants(&manifests(&machine, &shared, Some(&host))), expected);
    let host = json!({"toolchains": {"rustup": {"default": null}}});
    let wanted = wants(&manifests(&machine, &shared, Some(&host)));
    assert!(!wanted.contains_key("rustup/default") && wanted.contains_key("npm/a"));
}

#[test]
fn what_a_manifest_cannot_say_is_told_with_its_place() {
    let machine = Machine::new();
    for (toolchains, says) in [
        (json!({"rustup": {"default": "mine"}}), ":4:18: “mine” is not a Rust toolchain"),
        (json!({"rustup": {"targets": ["../x"]}}), "“../x” is not a Rust target"),
        (json!({"npm": [{"name": "a", "version": "$(id)"}]}), "“$(id)” is not a version"),
        (json!({"npm": ["-g"]}), "“-g” is not an npm package"),
        (json!({"proto": ["a", {"name": "a"}]}), "“proto/a” stands here twice"),
        (
            json!({"scripts": [{"name": "x", "url": "https://example.org"}]}),
            "missing field `sha256`",
        ),
        (
            json!({"scripts": [{"name": "x", "url": "ftp://a", "sha256": ""}]}),
            "“ftp://a” is not a web address",
        ),
        (
            json!({"scripts": [{"name": "x", "url": "https://a", "sha256": "0"}]}),
            "“0” is not a SHA-256 checksum",
        ),
    ] {
        let error = entry::wanted(&manifests(&machine, &json!({ "toolchains": toolchains }), None));
        let error = error.unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("toolbox-packages.json:"), "{error}");
    }
}

fn change(
    key: &str,
    before: Option<Json>,
    after: Option<Json>,
    other: Option<Json>,
    layer: Layer,
) -> Change {
    let record = |json: Option<Json>| json.map(|json| serde_json::from_value(json).unwrap());
    Change {
        subsystem: ID,
        item: ItemKey::new(key),
        title: key.to_owned(),
        side: Side::Manifest,
        layer,
        before: record(before),
        after: record(after),
        other: record(other),
        held: None,
    }
}

fn captured(shared: &Json, host: Option<&Json>, changes: &[Change]) -> (Json, Json) {
    let machine = Machine::new();
    let mut manifests = manifests(&machine, shared, host);
    Toolchains.capture(&mut manifests, &changes.iter().collect::<Vec<_>>()).unwrap();
    let said = |layer: &Layer| {
        let sheet = manifests.sheet(layer, FILE).unwrap();
        sheet.map_or(Json::Null, |sheet| sheet.json()["toolchains"].clone())
    };
    (said(&Layer::Shared), said(&manifests.own_layer()))
}

#[test]
fn another_default_leaves_the_toolchain_before_it_wanted() {
    let default = |before: &str, after: Option<&str>| {
        let after = after.map(|after| json!({ "toolchain": after }));
        change("rustup/default", Some(json!({ "toolchain": before })), after, None, Layer::Shared)
    };
    let shared = json!({"packages": [], "toolchains": {"rustup": {"default": "stable"}}});
    let came =
        change("rustup/toolchain/nightly", None, Some(json!({})), Some(json!({})), Layer::Shared);
    let (said, _) = captured(&shared, None, &[came.clone(), default("stable", Some("nightly"))]);
    assert_eq!(said["rustup"], json!({"default": "nightly", "toolchains": ["stable"]}));
    // Unless it goes too.
    let went = change("rustup/toolchain/stable", Some(json!({})), None, None, Layer::Shared);
    let (said, _) =
        captured(&shared, None, &[default("stable", Some("nightly")), came, went.clone()]);
    assert_eq!(said["rustup"], json!({"default": "nightly"}));
    let (said, _) = captured(&shared, None, &[default("stable", None), went]);
    assert_eq!(said["rustup"], json!({}));
    let (said, _) = captured(&shared, None, &[default("stable", None)]);
    assert_eq!(said["rustup"], json!({"toolchains": ["stable"]}));
}

#[test]
fn an_entry_keeps_its_form_and_a_new_one_names_no_version_that_only_happens_to_be_there() {
    let shared = json!({"packages": [], "toolchains": {"npm": ["a", {"name": "c", "why": "x"}]}});
    let version = |version: &str| Some(json!({ "version": version }));
    let shared_layer = || Layer::Shared;
    let changes = [
        // Captured as it is.
        change("npm/b", None, version("1.2.3"), version("1.2.3"), shared_layer()),
        // Asked for.
        change("npm/d", None, version("2"), None, shared_layer()),
        change("npm/c", Some(json!({})), version("3"), version("2.0.0"), shared_layer()),
        change("proto/node", None, version("20"), version("22.1.0"), shared_layer()),
    ];
    let (said, _) = captured(&shared, None, &changes);
    let npm = json!(["a", {"name": "b"}, {"name": "c", "why": "x", "version": "3"}, {"name": "d", "version": "2"}]);
    assert_eq!(said["npm"], npm);
    assert_eq!(said["proto"], json!([{"name": "node", "version": "20"}]));
}

#[test]
fn a_hosts_layer_takes_a_shared_entry_away() {
    let shared = json!({"toolchains": {"rustup": {"default": "stable", "components": ["rust-src"]}, "npm": ["a"]}});
    let own = || Layer::Host("machine".to_owned());
    let changes = [
        change("rustup/default", Some(json!({"toolchain": "stable"})), None, None, own()),
        change("rustup/toolchain/stable", Some(json!({})), None, None, own()),
        change("rustup/component/rust-src", Some(json!({})), None, None, own()),
        change("npm/a", Some(json!({})), None, None, own()),
    ];
    let (before, said) = captured(&shared, None, &changes);
    assert_eq!(before, shared["toolchains"]);
    let absent = |name: &str| json!([{ "name": name, "absent": true }]);
    assert_eq!(said["rustup"], json!({"default": null, "components": absent("rust-src")}));
    assert_eq!(said["npm"], absent("a"));
}

#[test]
fn without_a_box_nothing_is_run_and_what_to_do_is_said() {
    let machine = Machine::new();
    let mut wish = change("npm/a", None, Some(json!({})), None, Layer::Shared);
    wish.side = Side::System;
    let steps = Toolchains.steps(&[&wish], &machine.host()).unwrap();
    assert_eq!(steps.steps, []);
    assert!(steps.blocked[0].reason.starts_with("Podman is not installed"));
    assert!(!steps.blocked[0].later);
}
