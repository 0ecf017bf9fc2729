//! Changelogs: whatever they hold, a release has every entry of the next one and every comment among them, and leaves a
//! file that parses.
//!
//! An input is a `changelog.json` and, after a line `----`, a YAML file of an entry that is not released.

#![no_main]

use std::path::Path;

use bucket::core::changelog::Version;
use bucket::manifest::changelog::{Log, released};
use libfuzzer_sys::fuzz_target;

mod comments;
use comments::comments;

fuzz_target!(|data: &str| {
    let (json, yaml) = match data.split_once("\n----\n") {
        Some((json, yaml)) => (json, Some(yaml)),
        None => (data, None),
    };
    let name = |name: &str| name.parse().expect("a path");
    let pending = yaml.map(|yaml| (name(".changelog/pending/1.yaml"), yaml.to_owned()));
    let versions = yaml.map(|yaml| (name(".changelog/versions/1.yaml"), yaml.to_owned()));
    let root = Path::new("/repository");
    // The same text as the file of a release, which it may be too.
    let whole = Log::of(root, None, Vec::new(), versions.into_iter().collect());
    for problem in whole.problems() {
        assert!(problem.line > 0 && problem.column > 0, "{problem}");
    }
    let log = Log::of(root, Some(json), pending.into_iter().collect(), Vec::new());
    for problem in log.problems().iter().chain(&log.draft_places()) {
        assert!(problem.line > 0 && problem.column > 0, "{problem}");
    }
    if !log.unread.is_empty() {
        return;
    }
    let path = root.join("changelog.json");
    let version: Version = "9999.12.31.9".parse().expect("a version");
    let text = released(&path, Some(json), &log, version, None)
        .unwrap_or_else(|error| panic!("{error}, of {json:?}"));
    let after = Log::of(root, Some(&text), Vec::new(), Vec::new());
    assert_eq!(after.unread, [], "in {text:?}");
    assert_eq!(after.changelog.unreleased, []);
    let release = after.changelog.release(version).expect("it was released");
    // Of the entries that were there before; those of the other file follow.
    let there = log.changelog.unreleased.len() - log.older();
    assert_eq!(release.entries.len(), log.changelog.unreleased.len(), "in {text:?}");
    assert_eq!(release.entries[..there], log.changelog.unreleased[..there]);
    let others = |log: &Log| {
        let mut others = log.changelog.versions.clone();
        others.retain(|other| other.version != version);
        others
    };
    assert_eq!(others(&after), others(&log));
    let sorted = |text: &str| -> Vec<String> {
        let mut all: Vec<String> = comments(text).into_iter().map(str::to_owned).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(json).len(), sorted(&text).len(), "a comment is gone from {text:?}");
});
