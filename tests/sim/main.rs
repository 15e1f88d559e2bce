//! `#[vela::test]` and `vela::sim` through the facade.
#![allow(missing_docs)]

mod engine;
mod planted;
mod tokio_inside;
mod unmodified;
