//! What the changelog costs `bkt status`, as a ratio to the rest of it: to the survey of a well-used desktop.
//!
//! A year of weekly releases with eight entries each, ten years and a hundred years, in the repository and in the
//! image's copy. One entry in eight has something to do by hand, and a file of an earlier version waits for the next
//! release. `cargo bench --bench changelog`; a smaller largest size with `-- 10`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::fs;
use std::path::Path;
use std::time::Duration;

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../tests/machine/mod.rs"]
mod machine;
mod measure;
use jiff::ToSpan;
use machine::{Machine, Size};
use measure::median;
use serde_json::json;

const ENTRIES: usize = 8;
const RUNS: usize = 21;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A changelog of so many releases, the newest first.
fn changelog(releases: usize) -> String {
    let entry = |number: usize| {
        let steps: &[&str] = if number == 0 { &["Log out and in again"] } else { &[] };
        json!({
            "timestamp": "2025-01-31T10:30:00Z",
            "type": "added",
            "category": "flatpak-apps",
            "message": format!("Track the app number {number} of this release, which does what it does"),
            "command": format!("bkt flatpak add org.example.App{number}"),
            "manual_steps": steps,
        })
    };
    let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
    let first = jiff::civil::date(1990, 1, 1);
    let versions = (0..releases).rev().map(|number| {
        let date = first + (7 * i64::try_from(number).unwrap()).days();
        let version = format!("{}.1", date.strftime("%Y.%m.%d"));
        json!({ "version": version, "date": date.to_string(), "entries": entries })
    });
    let versions: Vec<_> = versions.collect();
    serde_json::to_string_pretty(&json!({ "unreleased": entries, "versions": versions })).unwrap()
}

fn main() {
    let largest = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100);
    let dir = tempfile::tempdir().unwrap();
    let machine = Machine::make(dir.path(), Size::times(1));
    let survey = median(RUNS, || drop(machine.engine().survey(&[]).unwrap()));
    let none = median(RUNS, || assert!(machine.engine().changelog().unwrap().is_none()));
    let row = |what: &str, took: Duration| {
        let ratio = took.as_secs_f64() / survey.as_secs_f64();
        let took = format!("{:.2} ms", took.as_secs_f64() * 1e3);
        println!("{what:>16} {took:>12} {:>9}", format!("{ratio:.3}"));
    };
    println!("{:>16} {:>12} {:>9}", "", "time", "ratio");
    row("survey", survey);
    row("no changelog", none);
    for factor in [1, 10, 100].into_iter().filter(|factor| *factor <= largest) {
        let text = changelog(52 * factor);
        let root = machine.engine().repo().root.clone();
        write(&root.join("changelog.json"), &text);
        write(&dir.path().join("usr/share/bkt/distribution/changelog.json"), &text);
        let pending = "type: added\ncategory: flatpak\nmessage: Calculator\ndraft: true\n";
        write(&root.join(".changelog/pending/001.yaml"), pending);
        let took = median(RUNS, || {
            let standing = machine.engine().changelog().unwrap().unwrap();
            assert_eq!(standing.manual_steps.len(), 52 * factor);
            assert_eq!((standing.unreleased, standing.drafts), (ENTRIES + 1, 1));
        });
        row(&format!("{} releases", 52 * factor), took);
    }
}
