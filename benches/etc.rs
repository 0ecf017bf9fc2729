//! What comparing `/etc` with the image's own costs: 200 files, ten times as many and a hundred times as many.
//!
//! *Growth* and *floor* are as in `survey.rs`; the floor is reading both trees' files and nothing else.
//! `cargo bench --bench etc`; a smaller largest size with `-- 10`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bucket::core::item::WantedItems;
use bucket::host::{Environment, Host, command};
use bucket::subsystem::Subsystem;
use bucket::subsystem::etc_files::EtcFiles;

mod measure;
use measure::median;

const RUNS: usize = 7;

/// Two trees that say the same, but for one file in a hundred.
fn make(root: &Path, count: usize) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for number in 0..count {
        for tree in ["usr/etc", "etc"] {
            let dir = root.join(tree).join(format!("dir-{}", number / 6));
            fs::create_dir_all(&dir).unwrap();
            let mut text = format!("key = {number}\n").repeat(1 + number % 90);
            if tree == "etc" && number % 100 == 0 {
                text += "own = 1\n";
            }
            let file = dir.join(format!("file-{number}.conf"));
            fs::write(&file, text).unwrap();
            files.push(file);
        }
    }
    fs::create_dir_all(root.join("run")).unwrap();
    fs::write(root.join("run/ostree-booted"), "").unwrap();
    files
}

fn main() {
    let largest = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100);
    let mut first = None;
    println!("{:>5} {:>7} {:>10} {:>7} {:>6}", "size", "files", "survey", "growth", "floor");
    for factor in [1, 10, 100].into_iter().filter(|factor| *factor <= largest) {
        let dir = tempfile::tempdir().unwrap();
        let count = 200 * factor;
        let files = make(dir.path(), count);
        let host = Host::new(Environment::below(dir.path()), Arc::new(command::Real));
        let read = || EtcFiles.live(&host, &WantedItems::new()).unwrap();
        assert_eq!(read().items.len(), count / 100);
        let survey = median(RUNS, || drop(read()));
        let floor = median(RUNS, || files.iter().for_each(|file| drop(fs::read(file).unwrap())));
        let first = *first.get_or_insert(survey);
        println!(
            "{:>4}× {:>7} {:>10} {:>7.2} {:>6.1}",
            factor,
            count,
            format!("{:.1} ms", survey.as_secs_f64() * 1e3),
            survey.as_secs_f64() / first.as_secs_f64() / factor as f64,
            survey.as_secs_f64() / floor.as_secs_f64(),
        );
    }
}
