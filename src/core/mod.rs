//! The idea, without a machine: items, the three-way merge, plans, ignore rules and the report.
//!
//! Nothing here reads a file, the environment or the clock, and nothing here imports another module of ours.

pub mod build_info;
pub mod changelog;
pub mod digest;
pub mod ignore;
pub mod item;
pub mod merge;
pub mod names;
pub mod near;
pub mod package_list;
pub mod plan;
pub mod report;
pub mod resolve;
pub mod secret;
pub mod sh;
pub mod versions;
pub mod workflow;
