//! What comes with an image, on machines below a directory: everything is as ostree, rpm and systemd leave it, and only
//! rpm-ostree, which has no package for the lab, is a stand-in. See `machine`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod machine;

mod all;
mod injection;
mod layers;
mod packages;
mod repos;
mod switches;
