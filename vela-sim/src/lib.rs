//! Deterministic tests of concurrent code: what is behind `#[vela::test]`.
#![doc = include_str!("../README.md")]

mod clock;
mod decision;
mod environment;
mod executor;
mod exploration;
mod faults;
mod ledger;
mod quiet;
mod report;
mod seed;
mod shrink;
mod simulation;
mod strategy;
mod test;
mod tree;
mod verdict;
mod watchdog;

pub use faults::Faults;
pub use simulation::{Failure, Passed, Simulation};
pub use strategy::Strategy;
#[doc(hidden)]
pub use test::simulate;
pub use verdict::{Output, TaskPanic, Verdict};
