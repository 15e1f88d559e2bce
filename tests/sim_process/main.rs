//! Deterministic tests seen from outside: processes that fail, replay and hang, and what is the same in all of them.
#![cfg(all(feature = "macros", feature = "sim"))]
#![allow(missing_docs)]

mod child;
mod crawl;
mod hangs;
mod hashes;
mod process;
