//! Channels: what the contract promises, row by row.

pub(crate) mod by_hand;
pub(crate) mod runtimes;
pub(crate) mod tally;

mod batches;
mod blocking;
mod cancelled;
mod closing;
mod errors;
mod handed_back;
mod happens_before;
mod leaked;
mod looking;
mod model;
mod mutants;
mod order;
mod overflow;
mod permits;
mod receiving;
mod rendezvous;
mod sending;
mod sizes;
mod stream_and_sink;
mod stress;
mod values;
mod wakers;
mod weak_ends;
mod workloads;
