//! The engine under the simulator: every async operation, in every schedule of a small program or in thousands of a larger
//! one, with spurious polls, delays, panics, and cancellation at every await.

mod channels;
mod closing;
mod forms;
mod kinds;
mod overflow;
mod selects;
mod sources;
mod tally;
mod tasks;
mod times;
mod ways;
