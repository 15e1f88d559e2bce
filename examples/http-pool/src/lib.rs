//! A small HTTP service with a trivial route and one that computes: `/ping`, and `/hash?n=…`.
//!
//! What computes goes to a [`CpuPool`](vela::pool::CpuPool) with a bounded queue, so that the threads that serve are never held up,
//! and a client that comes when the queue is full is told so at once. The README shows what that is worth, measured.

pub mod client;
pub mod measure;
pub mod server;
pub mod work;
