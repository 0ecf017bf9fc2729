mod forms;
mod machine;
mod permissions;

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;

use glib::variant::ToVariant;
use serde_json::{Value as Json, json};

use crate::core::item::{ItemKey, Layer, Reading, Record};
use crate::core::plan::{Change, Side};
use crate::host::testing::Machine;
use crate::manifest::Manifests;
use crate::subsystem::Subsystem;

const USER: &str = "home/.local/share/flatpak";
const SYSTEM: &str = "var/lib/flatpak";

/// Deploys an app as flatpak does.
fn deploy(machine: &Machine, dir: &str, id: &str, branch: &str, commit: char, current: bool) {
    let commit = commit.to_string().repeat(64);
    let app = format!("{dir}/app/{id}");
    let extra = BTreeMap::from([
        ("deploy-version", 4i32.to_variant()),
        (
            "appdata-name",
            BTreeMap::from([("C", format!("The {branch} app")), ("de", "Die App".to_owned())])
                .to_variant(),
        ),
    ]);
    let none: Vec<String> = Vec::new();
    let data = ("hub", commit.as_str(), none, 1_000_000u64.swap_bytes(), extra).to_variant();
    let path = machine.file(&format!("{app}/x86_64/{branch}/{commit}/deploy"), data.data());
    symlink(&commit, path.parent().unwrap().with_file_name("active")).unwrap();
    if current {
        let link = machine.dir.path().join(&app).join("current");
        symlink(format!("x86_64/{branch}"), link).unwrap();
    }
}

/// The manifests of `machine`, one of them with this text.
fn manifests(machine: &Machine, file: &str, text: &str) -> Manifests {
    machine.file(&format!("repo/manifests/{file}"), text);
    Manifests::new(&machine.dir.path().join("repo/manifests"), "machine")
}

fn live(subsystem: &dyn Subsystem, machine: &Machine) -> BTreeMap<String, Record> {
    let records = subsystem.live(&machine.host(), &Default::default()).unwrap();
    assert_eq!(records.blind, []);
    let known = |live| match live {
        Reading::Known(record) => record,
        Reading::Absent => panic!("absent"),
        Reading::Unknown(reason) => panic!("{reason}"),
    };
    records.items.into_iter().map(|(key, live)| (key.to_string(), known(live.reading))).collect()
}

fn wanted(
    subsystem: &dyn Subsystem,
    manifests: &Manifests,
    machine: &Machine,
) -> BTreeMap<String, Record> {
    let wanted = subsystem.wanted(manifests, &machine.host()).unwrap();
    wanted.into_iter().map(|(key, wanted)| (key.to_string(), wanted.record)).collect()
}

fn change(
    subsystem: &dyn Subsystem,
    side: Side,
    key: &str,
    before: Option<&Record>,
    after: Option<&Record>,
    other: Option<&Record>,
) -> Change {
    Change {
        subsystem: subsystem.about().id.clone(),
        item: ItemKey::new(key),
        title: key.to_owned(),
        side,
        layer: Layer::Shared,
        before: before.cloned(),
        after: after.cloned(),
        other: other.cloned(),
        held: None,
    }
}

/// Captures what `live` says of an item over what `manifests` say, field by field, and gives the new text.
fn capture(
    subsystem: &dyn Subsystem,
    manifests: &mut Manifests,
    key: &str,
    before: Option<&Record>,
    live: Option<&Record>,
) -> String {
    let after = match (before, live) {
        (Some(before), Some(live)) => {
            let compared = crate::core::merge::compared(subsystem.about().fields, before, live);
            Some(compared)
        }
        _ => live.cloned(),
    };
    let change = change(subsystem, Side::Manifest, key, before, after.as_ref(), live);
    subsystem.capture(manifests, &[&change]).unwrap();
    manifests.edits().into_iter().filter_map(|edit| edit.after).collect()
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn record(fields: Json) -> Record {
    serde_json::from_value(fields).unwrap()
}

fn app(more: Json) -> Record {
    let mut fields = json!({ "remote": "hub", "branch": "stable", "commit": "a".repeat(64) });
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    record(fields)
}
