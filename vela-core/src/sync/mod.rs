//! Waiting for a number of things to end, and sharing a number of permits.

pub(crate) mod look;
mod semaphore;
pub(crate) mod shared;
mod wait_group;

pub use semaphore::{Permit, Semaphore, SemaphoreClosed, TryAcquireError};
pub use wait_group::{Wait, WaitFuture, WaitGroup, Work};
