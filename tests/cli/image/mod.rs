//! The verbs of the image: on a machine that was started from one, and on others.
//!
//! rpm-ostree, dnf and pkexec are stand-ins in `tests/standins/`; systemctl is the real one, and what they all act on
//! are files below a directory.

mod admin;
mod atomic;
mod install;
mod own;
mod sync;
mod tools;
mod words;
