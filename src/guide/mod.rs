//! Guides: two for those who know something like it already, one on patterns, and one on tests.

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
