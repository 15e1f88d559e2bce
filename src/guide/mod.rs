//! Guides: two for those who know something like it already, one on patterns, one on tests, one for those who operate a program.

#[cfg(feature = "config")]
#[doc = include_str!("configuration.md")]
pub mod configuration {}

#[doc = include_str!("from_go.md")]
pub mod from_go {}

#[doc = include_str!("from_tokio.md")]
pub mod from_tokio {}

#[cfg(feature = "macros")]
#[doc = include_str!("patterns.md")]
pub mod patterns {}

#[cfg(all(feature = "macros", feature = "sim"))]
#[doc = include_str!("testing.md")]
pub mod testing {}
