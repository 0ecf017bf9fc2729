//! Boxes that distrobox makes.

pub mod ini;
pub mod lint;
