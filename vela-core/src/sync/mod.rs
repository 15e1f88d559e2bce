//! Waiting for a number of things to end; sharing a number of permits, a set of resources, or the outcome of a call.

pub(crate) mod look;
mod pool;
mod semaphore;
pub(crate) mod shared;
mod singleflight;
mod wait_group;

pub use pool::{Pool, PoolError, Pooled};
pub use semaphore::{Permit, Semaphore, SemaphoreClosed, TryAcquireError};
pub use singleflight::{FlightPanicked, Singleflight};
pub use wait_group::{Wait, WaitFuture, WaitGroup, Work};
