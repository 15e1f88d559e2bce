//! Guides: four for those who know something like it already, one on actors, one on patterns, one on work that
//! computes, one on rules that tools check, one on tests, two for those who operate a program.

#[cfg(all(feature = "actor", feature = "macros", feature = "sim"))]
#[doc = include_str!("actors.md")]
pub mod actors {}

#[cfg(feature = "config")]
#[doc = include_str!("configuration.md")]
pub mod configuration {}

#[cfg(all(feature = "actor", feature = "macros", feature = "sim"))]
#[doc = include_str!("from_actix.md")]
pub mod from_actix {}

#[doc = include_str!("from_go.md")]
pub mod from_go {}

#[cfg(all(feature = "actor", feature = "macros", feature = "sim"))]
#[doc = include_str!("from_otp.md")]
pub mod from_otp {}

#[doc = include_str!("from_tokio.md")]
pub mod from_tokio {}

#[doc = include_str!("lints.md")]
#[doc = "\n## The tables of `lints.toml`\n\n```toml"]
#[doc = include_str!("../../lints/lints.toml")]
#[doc = "```\n\n## The whole of `clippy.toml`\n\n```toml"]
#[doc = include_str!("../../lints/clippy.toml")]
#[doc = "```"]
pub mod lints {}

#[doc = include_str!("monitoring.md")]
pub mod monitoring {}

#[cfg(feature = "macros")]
#[doc = include_str!("patterns.md")]
pub mod patterns {}

#[cfg(all(feature = "macros", feature = "pool"))]
#[doc = include_str!("pools.md")]
pub mod pools {}

#[cfg(all(feature = "macros", feature = "sim"))]
#[doc = include_str!("testing.md")]
pub mod testing {}
