//! Setting up a CPU pool.

use std::num::NonZero;
use std::sync::Arc;

use vela_core::Overflow;

use super::CpuPool;
use super::shared::Shared;
use super::threads::Threads;
use crate::error::{BuildError, Zero, thread_name};
use crate::snapshot::{Observed, register};

/// Sets up a [`CpuPool`].
///
/// # Examples
///
/// ```
/// use vela::Overflow;
/// use vela::pool::CpuPool;
///
/// let pool = CpuPool::builder()
///     .threads(2)
///     .name("thumbnails")
///     .queue(64)                       // jobs
///     .overflow(Overflow::Reject)
///     .build()?;
/// assert_eq!((pool.threads(), pool.capacity()), (2, 64));
/// # Ok::<(), vela::pool::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `build`"]
pub struct CpuPoolBuilder {
    threads: Option<usize>,
    name: Option<Arc<str>>,
    thread_name: Option<Box<str>>,
    bound: usize,
    overflow: Overflow,
}

impl CpuPoolBuilder {
    /// Jobs in the queue, unless told otherwise.
    const BOUND: usize = 1024;

    pub(super) fn new() -> Self {
        Self { threads: None, name: None, thread_name: None, bound: Self::BOUND, overflow: Overflow::Block }
    }

    /// The number of threads, at least 1; one for each core that the process may use unless told otherwise.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Names the pool: for [`snapshot`](crate::snapshot()), the metrics and the log. Two pools of one name are two snapshots, and one
    /// in the metrics: their numbers are added.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the names of its threads begin with; a number follows. By default the pool's name, or `vela-cpu`.
    pub fn thread_name(mut self, prefix: impl Into<Box<str>>) -> Self {
        self.thread_name = Some(prefix.into());
        self
    }

    /// How many jobs may wait for a thread; at least 1, and 1024 unless told otherwise.
    pub fn queue(mut self, jobs: usize) -> Self {
        self.bound = jobs;
        self
    }

    /// What happens to one job more when the queue is full; by default the caller waits. A job that
    /// [`DropOldest`](Overflow::DropOldest) or [`DropNewest`](Overflow::DropNewest) drops is cancelled, counted, and told of in
    /// the log.
    pub fn overflow(mut self, policy: Overflow) -> Self {
        self.overflow = policy;
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the system gives no more threads, for `threads(0)` and `queue(0)`, and for a name of its threads
    /// that holds a NUL.
    pub fn build(self) -> Result<CpuPool, BuildError> {
        Zero::THREADS.check(self.threads, self.name.as_ref())?;
        Zero::QUEUE.check(Some(self.bound), self.name.as_ref())?;
        let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = self.threads.unwrap_or_else(cores);
        let prefix = thread_name(self.thread_name, self.name.as_ref(), "vela-cpu")?;
        let named = self.name.is_some();
        let threads = Threads::start(threads, prefix)?;
        let shared = Arc::new(Shared::new(self.name, self.bound, self.overflow, threads));
        if named {
            let observed: Arc<dyn Observed> = Arc::clone(&shared) as _;
            register(Arc::downgrade(&observed));
        }
        Ok(CpuPool { shared })
    }
}
