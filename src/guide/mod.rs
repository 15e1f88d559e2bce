//! Two short guides, for those who know something like it already.

#[doc = include_str!("from_go.md")]
pub mod from_go {}

#[doc = include_str!("from_tokio.md")]
pub mod from_tokio {}
