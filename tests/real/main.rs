//! The verbs of toolchains with the real rustup and the real npm, whose own listings say what they have done.
//!
//! They are offered packages that are made here, and need no network. The box is a stand-in: it is this machine. Both
//! programs are in the root that `build-aux/dev` makes, where the stage `unit` runs these tests; elsewhere they are run
//! on request, by `cargo nextest run --run-ignored all -E 'binary(real)'`. proto is not packaged by Debian, and has a
//! stand-in only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and starts programs"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

#[path = "../cli/dev_box.rs"]
mod dev_box;
mod npm;
mod rustup;
#[allow(dead_code, reason = "more than these tests take is in it")]
#[path = "../cli/sandbox.rs"]
mod sandbox;

use sandbox::{Run, Sandbox};

/// A machine with a development box, in which this program of the real machine is.
fn sandbox_with(program: &str) -> Sandbox {
    let sandbox = dev_box::no_box();
    dev_box::add_box(&sandbox);
    let path = std::env::var_os("PATH").unwrap();
    let usual = [Path::new("/usr/bin").to_owned()].into_iter();
    let found = usual.chain(std::env::split_paths(&path)).map(|dir| dir.join(program));
    let found = found.into_iter().find(|path| path.is_file());
    let found = found.unwrap_or_else(|| panic!("{program} is needed: Debian's {program} has it"));
    // Where the box looks first.
    let place = sandbox.path("home/.cargo/bin");
    fs::create_dir_all(&place).unwrap();
    symlink(found, place.join(program)).unwrap();
    sandbox
}

/// What the program itself says in this home directory.
fn itself(sandbox: &Sandbox, program: &str, args: &[&str]) -> String {
    let program = sandbox.path("home/.cargo/bin").join(program);
    let output = sandbox.command(program.to_str().unwrap()).args(args).output().unwrap();
    Run::of(output).exits(0).out
}

/// Names of what is there, by the beginning of their keys, each with its fields.
fn there(sandbox: &Sandbox, prefix: &str) -> BTreeMap<String, serde_json::Value> {
    let all = dev_box::survey(sandbox).into_iter().filter(|item| !item["live"].is_null());
    let named = all.filter_map(|item| {
        let name = item["key"].as_str()?.strip_prefix(prefix)?.to_owned();
        Some((name, item["live"].clone()))
    });
    named.collect()
}

/// Packs directories below `dir` into an archive.
fn pack(dir: &Path, archive: &Path, what: &[&str]) {
    let mut command = Command::new("tar");
    command.arg("-C").arg(dir).arg("-czf").arg(archive).args(what);
    assert!(command.status().unwrap().success(), "{command:?}");
}
