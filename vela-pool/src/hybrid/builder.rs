//! Setting up a hybrid pool.

use vela_core::Overflow;

use super::HybridPool;
use crate::cpu::{CpuPool, CpuPoolBuilder};
use crate::error::BuildError;
use crate::io::{IoPool, IoPoolBuilder};

/// Sets up a [`HybridPool`]: what is not said is as in [`CpuPoolBuilder`] and [`IoPoolBuilder`].
///
/// # Examples
///
/// ```
/// use vela::Overflow;
/// use vela::pool::HybridPool;
///
/// let pool = HybridPool::builder()
///     .name("backend")                 // `backend.cpu` and `backend.io`
///     .threads(2)
///     .queue(64)                       // jobs
///     .overflow(Overflow::Reject)
///     .worker_threads(1)
///     .limit(500)                      // futures at a time
///     .build()?;
/// assert_eq!((pool.cpu().capacity(), pool.io().pool_name()), (64, Some("backend.io")));
/// # Ok::<(), vela::pool::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `build`"]
pub struct HybridPoolBuilder {
    cpu: CpuPoolBuilder,
    io: IoPoolBuilder,
}

impl HybridPoolBuilder {
    pub(super) fn new() -> Self {
        Self { cpu: CpuPool::builder(), io: IoPool::builder() }
    }

    /// Names both: the one for what computes `name.cpu`, the one for what waits `name.io`, in [`snapshot`](crate::snapshot()), the
    /// metrics, the log and the names of threads.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        self.cpu = self.cpu.name(format!("{name}.cpu"));
        self.io = self.io.name(format!("{name}.io"));
        self
    }

    /// As [`CpuPoolBuilder::threads`].
    pub fn threads(mut self, threads: usize) -> Self {
        self.cpu = self.cpu.threads(threads);
        self
    }

    /// As [`CpuPoolBuilder::queue`].
    pub fn queue(mut self, jobs: usize) -> Self {
        self.cpu = self.cpu.queue(jobs);
        self
    }

    /// As [`CpuPoolBuilder::overflow`].
    pub fn overflow(mut self, policy: Overflow) -> Self {
        self.cpu = self.cpu.overflow(policy);
        self
    }

    /// As [`IoPoolBuilder::worker_threads`].
    pub fn worker_threads(mut self, workers: usize) -> Self {
        self.io = self.io.worker_threads(workers);
        self
    }

    /// As [`IoPoolBuilder::limit`].
    pub fn limit(mut self, futures: usize) -> Self {
        self.io = self.io.limit(futures);
        self
    }

    /// Starts the threads of both.
    ///
    /// # Errors
    ///
    /// As [`CpuPoolBuilder::build`] and [`IoPoolBuilder::build`].
    pub fn build(self) -> Result<HybridPool, BuildError> {
        Ok(HybridPool::of(self.cpu.build()?, self.io.build()?))
    }
}
