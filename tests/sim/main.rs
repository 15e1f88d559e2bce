//! `#[vela::test]` and `vela::sim` through the facade.
#![allow(missing_docs)]

mod unmodified;
