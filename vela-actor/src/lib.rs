//! Actors and supervision on the channels and tasks of Vela.

#[allow(dead_code, reason = "asks come later")]
pub(crate) mod deadline;
pub mod registry;
#[cfg(feature = "serde")]
mod seconds;
pub mod tree;
