//! Runs the programs in `examples/`, each as a process of its own, and checks what they print and do.
//!
//! Cargo builds them before it runs the tests if it is called without a selection (`cargo test`).
#![cfg(feature = "macros")]

#[cfg(unix)]
mod chat;
#[cfg(unix)]
mod descriptors;
#[cfg(unix)]
mod echo;
mod process;
mod programs;
#[cfg(all(unix, feature = "actor"))]
mod rooms;
