//! The changelog's files: read in all their shapes, edited without loss.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::core::changelog::{Described, Kind, drafts};
use crate::core::item::{ItemKey, SubsystemId};

const JSON: &str = r#"{
  // What people should know.
  "$schema": "https://example.org/changelog.json",
  "unreleased": [
    // The clock.
    {
      "timestamp": "2025-01-02T10:30:00Z",
      "type": "added",
      "category": "gsettings",
      "message": "Seconds in the clock", // finally
      "draft": true,
      "odd": {"kept": [1, 2.50]},
      "manual_steps": ["Log out"]
    },
    {"type": "removed", "category": "shims", "message": "No more podman"} /* why: see 12 */
    // the end
  ],
  "mine": null,
  "versions": [
    {
      "version": "2025.01.01.2",
      "date": "2025-01-01",
      "entries": [{"type": "fixed", "category": "units", "message": "Sound"}], // one
      "base_digest": "sha256:0f"
    }
  ]
}
"#;

/// A repository with these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn manifests(dir: &tempfile::TempDir) -> Manifests {
    Manifests::new(&dir.path().join("manifests"), "machine")
}

fn draft(item: &str, kind: Kind, message: &str) -> Entry {
    let change = Described {
        subsystem: SubsystemId::new("gsettings"),
        item: ItemKey::new(item),
        kind,
        message: message.to_owned(),
    };
    drafts(&[change], "2025-01-03T10:00:00Z".parse().unwrap()).remove(0)
}

fn text(manifests: &Manifests) -> String {
    manifests.other(&file().unwrap()).unwrap().unwrap()
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn messages(manifests: &Manifests) -> Vec<String> {
    let log = read(manifests).unwrap();
    log.changelog.unreleased.into_iter().map(|entry| entry.message).collect()
}

#[test]
fn an_entry_is_added_and_nothing_else_is_touched() {
    let dir = repository(&[(FILE, JSON)]);
    let mut manifests = manifests(&dir);
    add(&mut manifests, vec![draft("a", Kind::Added, "Track a")]).unwrap();
    let added = text(&manifests);
    let entry = r#", /* why: see 12 */
    {
      "timestamp": "2025-01-03T10:00:00Z",
      "type": "added",
      "category": "gsettings",
      "message": "Track a",
      "draft": true,
      "item": "a",
      "drafted": "Track a"
    }"#;
    assert_eq!(added, JSON.replace(" /* why: see 12 */", entry));
    // Twice says no more than once, and taking it back leaves what was there.
    add(&mut manifests, vec![draft("a", Kind::Added, "Track a")]).unwrap();
    assert_eq!(text(&manifests), added);
    add(&mut manifests, vec![draft("a", Kind::Removed, "Stop tracking a")]).unwrap();
    assert_eq!(text(&manifests), JSON);
}

#[test]
fn the_file_is_made_when_the_first_entry_comes() {
    let dir = repository(&[]);
    let mut manifests = manifests(&dir);
    assert!(!read(&manifests).unwrap().is_there());
    add(&mut manifests, vec![]).unwrap();
    assert!(manifests.edits().is_empty());
    add(&mut manifests, vec![draft("a", Kind::Added, "A"), draft("b", Kind::Added, "B")]).unwrap();
    assert_eq!(messages(&manifests), ["A", "B"]);
    assert!(text(&manifests).starts_with("{\n  \"unreleased\": [\n    {\n      \"timestamp\""));
    let mut bad = draft("c", Kind::Added, "C");
    bad.message.clear();
    assert!(add(&mut manifests, vec![bad]).unwrap_err().to_string().contains("says nothing"));
}

#[test]
fn a_draft_becomes_ready_and_keeps_what_is_beside_it() {
    let dir = repository(&[(FILE, JSON)]);
    let mut manifests = manifests(&dir);
    let log = read(&manifests).unwrap();
    assert_eq!(log.changelog.drafts().count(), 1);
    ready(&mut manifests, &log, &[0]).unwrap();
    assert_eq!(text(&manifests), JSON.replace("      \"draft\": true,\n", ""));
    add(&mut manifests, vec![draft("a", Kind::Added, "Track a")]).unwrap();
    let log = read(&manifests).unwrap();
    ready(&mut manifests, &log, &[2]).unwrap();
    let json: Value = serde_json::from_str(&without_comments(&text(&manifests))).unwrap();
    assert_eq!(json["unreleased"][2].get("draft"), None);
    assert_eq!(
        (json["unreleased"][2].get("drafted"), &json["unreleased"][2]["item"]),
        (None, &json!("a"))
    );
}

#[test]
fn a_release_moves_the_entries_with_their_comments() {
    let dir = repository(&[(FILE, &JSON.replace("      \"draft\": true,\n", ""))]);
    let mut manifests = manifests(&dir);
    let log = read(&manifests).unwrap();
    release(&mut manifests, &log, version("2025.01.02.1"), Some("sha256:1e")).unwrap();
    let expected = r#"{
  // What people should know.
  "$schema": "https://example.org/changelog.json",
  "unreleased": [],
  "mine": null,
  "versions": [
    {
      "version": "2025.01.02.1",
      "date": "2025-01-02",
      "entries": [
        // The clock.
        {
          "timestamp": "2025-01-02T10:30:00Z",
          "type": "added",
          "category": "gsettings",
          "message": "Seconds in the clock", // finally
          "odd": {"kept": [1, 2.50]},
          "manual_steps": ["Log out"]
        },
        {"type": "removed", "category": "shims", "message": "No more podman"} /* why: see 12 */
        // the end
      ],
      "base_digest": "sha256:1e"
    },
    {
      "version": "2025.01.01.2",
      "date": "2025-01-01",
      "entries": [{"type": "fixed", "category": "units", "message": "Sound"}], // one
      "base_digest": "sha256:0f"
    }
  ]
}
"#;
    assert_eq!(text(&manifests), expected);
    assert_eq!(read(&manifests).unwrap().problems(), []);
}

#[test]
fn a_release_is_refused_where_it_would_not_be_one() {
    let dir = repository(&[(FILE, JSON)]);
    let mut manifests = manifests(&dir);
    let log = read(&manifests).unwrap();
    let mut refused = |log: &Log, version: Version| {
        let error = release(&mut manifests, log, version, None).unwrap_err();
        error.downcast::<ChangelogError>().unwrap()
    };
    assert_eq!(refused(&log, version("2025.01.02.1")), ChangelogError::Drafts { count: 1 });
    let other = repository(&[(FILE, &JSON.replace("\"draft\": true,", ""))]);
    let log = read(&super::tests::manifests(&other)).unwrap();
    for old in ["2025.01.01.2", "2025.01.01.1", "2024.12.31.9"] {
        let newest = version("2025.01.01.2");
        let not_newer = ChangelogError::NotNewer { version: version(old), newest };
        assert_eq!(refused(&log, version(old)), not_newer);
    }
    let empty = repository(&[(FILE, "{}")]);
    let log = read(&super::tests::manifests(&empty)).unwrap();
    assert_eq!(refused(&log, version("2025.01.02.1")), ChangelogError::Nothing);
}

#[test]
fn the_order_of_the_versions_stays() {
    let one = r#"{"type":"added","category":"units","message":"m"}"#;
    let release_of = |v: &str| format!(r#"{{"version":"{v}","entries":[{one}]}}"#);
    let oldest_first = format!(
        r#"{{"versions":[{},{}],"unreleased":[{one}]}}"#,
        release_of("2025.01.01.9"),
        release_of("2025.01.01.10")
    );
    let dir = repository(&[(FILE, &oldest_first)]);
    let mut manifests = manifests(&dir);
    let log = read(&manifests).unwrap();
    assert_eq!(log.problems(), []);
    release(&mut manifests, &log, version("2025.01.01.11"), None).unwrap();
    let log = read(&manifests).unwrap();
    let versions: Vec<String> =
        log.changelog.versions.iter().map(|release| release.version.to_string()).collect();
    assert_eq!(versions, ["2025.01.01.9", "2025.01.01.10", "2025.01.01.11"]);
    assert_eq!((log.problems(), log.changelog.versions[2].entries.len()), (vec![], 1));
    assert_eq!(log.newest_first()[0].version, version("2025.01.01.11"));
}

const PENDING_YAML: &str = "# by hand\ntimestamp: 2025-01-02T10:30:00Z\ntype: added\ncategory: flatpak\nmessage: \"org.gnome.Calculator\"\npr: null  # later\ncommand: \"bkt flatpak add org.gnome.Calculator\"\nextra: {a: 1}\ndraft: true\n";
const VERSION_YAML: &str = "version: 2025.01.02.10\ndate: 2025-01-02T08:00:00Z\nimage_digest: sha256:abc\nchanges:\n  - type: added\n    category: flatpak\n    message: Calculator\n    pr: 42\n  - type: security\n    category: system\n    message: \"\"\n";

#[test]
fn older_files_are_read_and_move_when_they_are_released() {
    let dir = repository(&[
        (
            ".changelog/pending/002.yaml",
            "- {type: fixed, category: units, message: Sound}\n- type: removed\n  category: shims\n  message: podman\n",
        ),
        (".changelog/pending/001.yaml", PENDING_YAML),
        (".changelog/pending/README.md", "# not one of them"),
        (".changelog/versions/2025.01.02.9.yaml", "version: 2025.01.02.9\nentries: []\n"),
        (".changelog/versions/2025.01.02.10.yaml", VERSION_YAML),
    ]);
    let mut manifests = manifests(&dir);
    let log = read(&manifests).unwrap();
    assert_eq!(messages(&manifests), ["org.gnome.Calculator", "Sound", "podman"]);
    assert_eq!(log.changelog.newest(), Some(version("2025.01.02.10")));
    let problems: Vec<String> = log.problems().iter().map(ToString::to_string).collect();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let file = at(".changelog/versions/2025.01.02.10.yaml");
    assert_eq!(problems, [format!("{file}:9:1: the message says nothing")]);
    let drafts: Vec<String> = log.draft_places().iter().map(ToString::to_string).collect();
    let file = at(".changelog/pending/001.yaml");
    assert_eq!(drafts, [format!("{file}:2:1: “org.gnome.Calculator” is a draft")]);

    ready(&mut manifests, &log, &[0]).unwrap();
    assert_eq!(messages(&manifests), ["org.gnome.Calculator", "Sound", "podman"]);
    let json: Value = serde_json::from_str(&text(&manifests)).unwrap();
    assert_eq!(
        json["unreleased"],
        json!([{
            "timestamp": "2025-01-02T10:30:00Z", "type": "added", "category": "flatpak",
            "message": "org.gnome.Calculator", "command": "bkt flatpak add org.gnome.Calculator",
            "extra": { "a": 1 },
        }])
    );
    let log = read(&manifests).unwrap();
    release(&mut manifests, &log, version("2025.01.03.1"), None).unwrap();
    let log = read(&manifests).unwrap();
    assert!(log.changelog.unreleased.is_empty());
    assert_eq!(log.changelog.release(version("2025.01.03.1")).unwrap().entries.len(), 3);
    assert_eq!(log.changelog.versions.len(), 3);
    let mut removed: Vec<String> = manifests
        .edits()
        .into_iter()
        .filter(|edit| edit.after.is_none())
        .map(|edit| edit.path)
        .collect();
    removed.sort();
    assert_eq!(removed, [at(".changelog/pending/001.yaml"), at(".changelog/pending/002.yaml")]);
}

#[test]
fn a_word_of_an_older_file_stays_a_word() {
    for (yaml, said) in [("y", "y"), ("no", "no"), ("on", "on"), ("\"12\"", "12"), ("~/x", "~/x")] {
        let yaml = format!("type: fixed\ncategory: units\nmessage: {yaml}\n");
        let dir = repository(&[(".changelog/pending/1.yaml", &yaml)]);
        let mut manifests = manifests(&dir);
        let log = read(&manifests).unwrap();
        release(&mut manifests, &log, version("2025.01.03.1"), None).unwrap();
        let json: Value = serde_json::from_str(&text(&manifests)).unwrap();
        assert_eq!(json["versions"][0]["entries"][0]["message"], said, "{yaml}");
    }
}

#[test]
fn every_problem_is_named_with_its_place() {
    let dir = repository(&[
        (
            FILE,
            "{\n\"unreleased\": [\n  {\"type\": \"better\", \"category\": \"units\", \"message\": \"m\"},\n  {\"type\": \"added\", \"category\": \"units\",\n   \"message\": 3},\n  {\"type\": \"added\", \"category\": \"units\",\n   \"message\": \"\"}\n],\n\"versions\": [\n  {\"version\": \"2025.13.01.1\"},\n  {\"version\": \"2025.01.01.1\", \"date\": \"2025-01-02\",\n   \"entries\": [3, {\"type\": \"added\", \"category\": \"\", \"message\": \"m\"}]}\n]}",
        ),
        (".changelog/pending/1.yaml", "type: added\ncategory: units\nmessage: [a\n"),
        (".changelog/pending/2.yaml", "type: wrong\ncategory: units\nmessage: a\n"),
        (".changelog/pending/3.yaml", ""),
        (".changelog/versions/1.yaml", "version: 1.0\nchanges: []\n"),
    ]);
    let manifests = manifests(&dir);
    let log = look(&manifests).unwrap();
    let root = format!("{}/", dir.path().display());
    let problems: Vec<String> =
        log.problems().iter().map(|error| error.to_string().replace(&root, "")).collect();
    let starts = [
        "changelog.json:3:12: unknown variant `better`, expected one of",
        "changelog.json:5:15: invalid type: integer `3`, expected a string",
        "changelog.json:10:15: “2025.13.01.1” is not a version",
        "changelog.json:12:16: invalid type: integer `3`",
        ".changelog/pending/1.yaml:",
        ".changelog/pending/2.yaml:1:",
        ".changelog/pending/3.yaml:1:1: ",
        ".changelog/versions/1.yaml:1:",
        "changelog.json:7:15: the message says nothing",
        "changelog.json:11:39: the version 2025.01.01.1 is of another day",
        "changelog.json:12:49: the category should be one word",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{start}\n{problems:#?}");
    }
    assert!(read(&manifests).is_err());
    // What is no JSON is one problem, and no more is made of it.
    std::fs::write(dir.path().join(FILE), "{ \"unreleased\": [").unwrap();
    assert_eq!(look(&super::tests::manifests(&dir)).unwrap().problems().len(), 5);
}

#[test]
fn nothing_is_written_through_a_link_that_leads_out() {
    let (dir, other) = (repository(&[]), repository(&[(FILE, "{}")]));
    std::os::unix::fs::symlink(other.path().join(FILE), dir.path().join(FILE)).unwrap();
    let mut manifests = manifests(&dir);
    let error = add(&mut manifests, vec![draft("a", Kind::Added, "A")]).unwrap_err();
    assert!(error.to_string().contains("leads out of the repository"), "{error:#}");
    assert!(manifests.edits().is_empty());
    // One that stays inside is a way like any other.
    std::fs::remove_file(dir.path().join(FILE)).unwrap();
    std::fs::write(dir.path().join("elsewhere.json"), "{}").unwrap();
    std::os::unix::fs::symlink("elsewhere.json", dir.path().join(FILE)).unwrap();
    let mut manifests = super::tests::manifests(&dir);
    add(&mut manifests, vec![draft("a", Kind::Added, "A")]).unwrap();
    assert_eq!(manifests.edits().len(), 1);
}

fn without_comments(text: &str) -> String {
    let sheet = Sheet::parse(Path::new(FILE), text).unwrap();
    let keys = ["$schema", "unreleased", "mine", "versions"];
    let map = keys.iter().filter_map(|key| Some(((*key).to_owned(), sheet.get(key)?.clone())));
    Value::Object(map.collect()).to_string()
}

fn an_entry() -> impl Strategy<Value = Value> {
    let comment = prop::option::of("[a-z ]{0,6}");
    ("[a-zé\"\\\\]{1,5}", prop::collection::btree_map("[x-z]", "[a-z\\]\\[{}]{0,3}", 0..3), comment)
        .prop_map(|(message, odd, comment)| {
            let mut entry =
                json!({ "type": "added", "category": "units", "message": message, "odd": odd });
            if let Some(comment) = comment {
                entry["comment"] = comment.into();
            }
            entry
        })
}

proptest! {
    /// Whatever stands in the list, and however it is laid out, a release has it, and nothing else changes.
    #[test]
    fn a_release_loses_nothing(
        entries in prop::collection::vec(an_entry(), 1..4),
        pretty in any::<bool>(),
        versions_first in any::<bool>(),
        older in prop::collection::vec(an_entry(), 0..2),
    ) {
        let versions = json!([{ "version": "2025.01.01.1", "entries": older, "x": 1 }]);
        let mut map = serde_json::Map::new();
        if versions_first {
            map.insert("versions".to_owned(), versions.clone());
        }
        map.insert("unreleased".to_owned(), json!(entries));
        map.insert("odd".to_owned(), json!({ "unreleased": [1] }));
        map.entry("versions").or_insert(versions);
        let json = Value::Object(map);
        let written = if pretty { serde_json::to_string_pretty(&json).unwrap() } else { json.to_string() };
        let dir = repository(&[(FILE, &written)]);
        let mut manifests = manifests(&dir);
        let log = read(&manifests).unwrap();
        release(&mut manifests, &log, version("2025.01.02.1"), None).unwrap();
        let after: Value = serde_json::from_str(&text(&manifests)).unwrap();
        prop_assert_eq!(&after["versions"][0]["entries"], &json!(entries));
        prop_assert_eq!(&after["versions"][1], &json["versions"][0]);
        prop_assert_eq!(&after["unreleased"], &json!([]));
        prop_assert_eq!(&after["odd"], &json["odd"]);
    }
}
