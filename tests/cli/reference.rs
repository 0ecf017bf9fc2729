//! `docs/cli.md` is the help of every verb, as the program prints it.

use std::fmt::Write;
use std::path::Path;

/// Set to write the file instead of comparing it.
const REWRITE: &str = "BKT_REWRITE_REFERENCE";

#[test]
fn the_reference_is_the_help() {
    let mut text = String::from(
        "# `bkt`\n\nThe help of every verb, as the program prints it. A test compares this file with the program; \
         `BKT_REWRITE_REFERENCE=1 cargo test --no-default-features --test cli reference` writes it.\n",
    );
    let mut command = bucket::cli::command().term_width(100);
    command.build();
    describe(&mut command, &mut text);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(file == text, "docs/cli.md is not the help any more: set {REWRITE}=1 to write it");
}

/// The options that every verb has are in the first section only.
fn describe(command: &mut clap::Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or("bkt").to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
    for verb in command.get_subcommands_mut() {
        let says_what_to_use = verb.is_disable_help_flag_set();
        if verb.get_name() != "help" && !says_what_to_use {
            describe(verb, text);
        }
    }
}
