//! Models of the protocols of `vela-core`, checked state by state. See the README beside this crate's manifest.

pub mod graph;
pub mod select;
