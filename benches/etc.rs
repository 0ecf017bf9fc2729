//! What comparing `/etc` with the image's own costs: 200 files, ten times as many and a hundred times as many.
//!
//! *Growth* and *floor* are as in `survey.rs`; the floor is reading both trees' files and nothing else. *Warm* is a survey
//! that knows what it found before, and *ratio* its time over that of one that knows nothing, the best of several each. It
//! has to be smaller than 0.9: the benchmark fails where it is not.
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
use std::time::{Duration, Instant};

use bucket::core::item::WantedItems;
use bucket::host::{Environment, Host, command};
use bucket::subsystem::Subsystem;
use bucket::subsystem::etc_files::EtcFiles;

mod measure;
use measure::median;

const RUNS: usize = 7;

/// How long one run takes.
fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

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

/// As much of the time of a survey that reads everything may one take that only looks, from 2,000 files on. Files that
/// were just read are in memory, so what is saved is opening, reading and comparing: not optimised and on a machine that
/// has much else to do it is between 0.60 and 0.76, at 2,000 files as at 20,000. What comes near 1 is not worth a file.
const MOST: f64 = 0.9;

fn main() {
    let largest = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100);
    let mut first = None;
    println!(
        "{:>5} {:>7} {:>10} {:>7} {:>6} {:>10} {:>6}",
        "size", "files", "survey", "growth", "floor", "warm", "ratio"
    );
    for factor in [1, 10, 100].into_iter().filter(|factor| *factor <= largest) {
        let dir = tempfile::tempdir().unwrap();
        let count = 200 * factor;
        let files = make(dir.path(), count);
        // What was just written is not kept.
        std::thread::sleep(Duration::from_millis(2_100));
        let host = Host::new(Environment::below(dir.path()), Arc::new(command::Real));
        let read = |host: &Host| EtcFiles.live(host, &WantedItems::new()).unwrap();
        let cold = host.clone().dry(true);
        assert_eq!(read(&cold).items.len(), count / 100);
        let cache = host.env().cache.join("bkt/etc-files");
        let survey = median(RUNS, || drop(read(&cold)));
        assert!(!cache.exists(), "a dry run keeps nothing");
        let text = || fs::read(&cache).unwrap();
        assert_eq!(read(&host).items.len(), count / 100);
        let kept = text();
        // In turn, so that both have the same from a busy machine.
        let (mut knows, mut reads) = (Vec::new(), Vec::new());
        for _ in 0..15 {
            knows.push(timed(|| assert_eq!(read(&host).items.len(), count / 100)));
            fs::remove_file(&cache).unwrap();
            reads.push(timed(|| assert_eq!(read(&cold).items.len(), count / 100)));
            fs::write(&cache, &kept).unwrap();
        }
        assert_eq!(text(), kept, "there was nothing to learn");
        let (warm, best) = (knows.into_iter().min().unwrap(), reads.into_iter().min().unwrap());
        let floor = median(RUNS, || files.iter().for_each(|file| drop(fs::read(file).unwrap())));
        let first = *first.get_or_insert(survey);
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let ratio = warm.as_secs_f64() / best.as_secs_f64();
        println!(
            "{:>4}× {:>7} {:>10} {:>7.2} {:>6.1} {:>10} {:>6.2}",
            factor,
            count,
            ms(survey),
            survey.as_secs_f64() / first.as_secs_f64() / factor as f64,
            survey.as_secs_f64() / floor.as_secs_f64(),
            ms(warm),
            ratio,
        );
        assert!(factor == 1 || ratio < MOST, "knowing saves too little: {ratio:.2}");
    }
}
