//! Scenarios: the real `bkt`, on a home, a repository and settings of its own, as files in a directory.
//!
//! Nothing in it is a stand-in: git, GLib's schemas, dconf's database and, where something is applied, dconf's
//! service on a bus of its own. What needs a desktop is in `tests/lab/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and starts programs"
)]

mod base;
mod broken;
mod changelog;
mod containerfile;
mod crash;
mod delegate;
mod dev;
mod dev_box;
mod distrobox;
mod edits;
mod etc;
mod exit;
mod extension;
mod flatpak;
mod history;
mod image;
mod init;
mod json;
mod layers;
mod propose;
mod pull;
mod reference;
mod review;
mod sandbox;
mod service;
mod session_helper;
mod shim;
mod template;
mod terminal;
mod toolchains;
mod trust;
mod verbs;
