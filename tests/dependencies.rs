//! `docs/dependencies.md` says why each direct dependency is here: none without a reason, no reason without one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

/// The names in one `[section]` of Cargo.toml.
fn declared(cargo: &str, section: &str) -> BTreeSet<String> {
    cargo
        .split_once(&format!("\n[{section}]\n"))
        .unwrap()
        .1
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().to_owned()))
        .collect()
}

/// The names in the first column of the tables in `text`.
fn explained(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
        .collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let cargo = include_str!("../Cargo.toml");
    let (run, test) = include_str!("../docs/dependencies.md").split_once("For tests only").unwrap();
    assert_eq!(declared(cargo, "dependencies"), explained(run));
    assert_eq!(declared(cargo, "dev-dependencies"), explained(test));
}
