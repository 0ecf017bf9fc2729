//! What a survey costs: a well-used desktop, ten of them and a hundred of them in one.
//!
//! Two ratios are printed. *Growth*: the time over the time at 1×, over the size; it stays near 1 while nothing is
//! done per pair of items. *Floor*: the time over the time of reading the same files and nothing else.
//! `cargo bench --bench survey`; a smaller largest size with `-- 10`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../tests/machine/mod.rs"]
mod machine;
mod measure;
use machine::{Machine, Size};
use measure::median;

const RUNS: usize = 7;

fn main() {
    let largest = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100);
    let mut first = None;
    println!(
        "{:>5} {:>6} {:>6} {:>9} {:>10} {:>7} {:>6}",
        "size", "apps", "ext.", "settings", "survey", "growth", "floor"
    );
    for factor in [1, 10, 100].into_iter().filter(|factor| *factor <= largest) {
        let dir = tempfile::tempdir().unwrap();
        let size = Size::times(factor);
        let machine = Machine::make(dir.path(), size);
        let report = machine.engine().survey(&[]).unwrap();
        assert!(!report.failed(), "{report:?}");
        assert_eq!(report.drifted(), 0);
        let survey = median(RUNS, || drop(machine.engine().survey(&[]).unwrap()));
        let files = machine.files();
        let floor =
            median(RUNS, || files.iter().for_each(|file| drop(std::fs::read(file).unwrap())));
        let first = *first.get_or_insert(survey);
        println!(
            "{:>4}× {:>6} {:>6} {:>9} {:>10} {:>7.2} {:>6.1}",
            factor,
            size.apps,
            size.extensions,
            size.settings,
            format!("{:.1} ms", survey.as_secs_f64() * 1e3),
            survey.as_secs_f64() / first.as_secs_f64() / factor as f64,
            survey.as_secs_f64() / floor.as_secs_f64(),
        );
    }
}
