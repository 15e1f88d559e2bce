//! Actors and supervision on the channels and tasks of Vela.

#[allow(dead_code, reason = "asks come later")]
pub(crate) mod deadline;
#[allow(dead_code, reason = "actors come later")]
pub mod events;
#[cfg(feature = "metrics")]
#[allow(dead_code, reason = "actors come later")]
pub mod export;
pub mod registry;
#[cfg(feature = "serde")]
mod seconds;
pub mod tree;
