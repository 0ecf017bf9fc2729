//! Bucket: drift between an atomic desktop and the manifests its image is built from.
//!
//! A *manifest* says what a machine should have; the *system* is what it has; the *base* is what both said when
//! they last agreed. With the base we know which side moved, and so which side to take: [`core::merge`] is the
//! whole idea in one table, and everything else feeds it or acts on it.
//!
//! ```text
//! cli, gui ──▶ engine ──▶ subsystem ──▶ manifest ─┐
//!                │                      host ─────┴──▶ core
//!                └────────────────────────▲
//! ```
//!
//! | module | what it holds | start reading at |
//! |---|---|---|
//! | [`core`] | the idea without a machine: items, the merge, plans, ignore rules, the report | `merge.rs` |
//! | [`engine`] | survey → plan → execute → record, undo and redo, the journal, the base | `execute.rs` |
//! | [`subsystem`] | one file or folder per kind of thing that is compared | `mod.rs`: the trait and the list |
//! | [`manifest`] | the repository: found, trusted, read in layers, edited without loss | `doc.rs` |
//! | [`host`] | the machine: paths, programs, files, D-Bus, one file per format | `mod.rs` |
//! | [`words`] | texts for people, translated | |
//! | [`cli`] | `bkt`, one file per verb | `mod.rs` |
//!
//! The application, `bucket`, lives in `src/gui/` and is a program of its own: no type of GTK appears here.
//!
//! A survey reads each subsystem's two sides into [`core::item::Record`]s, compares them with the base, and gives a
//! [`core::report::Report`]. A request picks from it and becomes a [`core::plan::Plan`], which is shown, and
//! carried out as shown. The journal has every operation before it happens; an undo is the inverse plan.

pub mod cli;
pub mod core;
pub mod engine;
pub mod host;
pub mod manifest;
pub mod subsystem;
pub mod words;
