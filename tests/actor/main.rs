//! Actors, through the facade: in the simulator, and the central behaviours on a runtime, too.

mod ask;
mod insight;
mod lanes;
mod lifecycle;
mod probe;
mod supervision;
