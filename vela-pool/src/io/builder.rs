//! Setting up an IO pool.

use std::sync::Arc;

use super::IoPool;
use super::shared::{Own, Shared};
use crate::error::{BuildError, Zero, thread_name};
use crate::snapshot::{Observed, register};

/// Sets up an [`IoPool`].
///
/// # Examples
///
/// ```
/// use vela::pool::IoPool;
///
/// let pool = IoPool::builder().worker_threads(2).name("backend").limit(500).build()?;
/// assert_eq!(pool.snapshot().capacity, Some(500)); // futures at a time
/// # Ok::<(), vela::pool::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `build` or `on_current`"]
pub struct IoPoolBuilder {
    workers: Option<usize>,
    name: Option<Arc<str>>,
    thread_name: Option<Box<str>>,
    limit: Option<usize>,
}

impl IoPoolBuilder {
    pub(super) fn new() -> Self {
        Self { workers: None, name: None, thread_name: None, limit: None }
    }

    /// The number of the runtime's workers, at least 1; one for each core unless told otherwise.
    pub fn worker_threads(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Names the pool: for [`snapshot`](crate::snapshot()) and the metrics. Two pools of one name are two snapshots, and one in the
    /// metrics: their numbers are added.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name of its threads. By default the pool's name, or `vela-io`.
    pub fn thread_name(mut self, name: impl Into<Box<str>>) -> Self {
        self.thread_name = Some(name.into());
        self
    }

    /// Most futures at a time, at least 1. Without it there is no limit.
    pub fn limit(mut self, futures: usize) -> Self {
        self.limit = Some(futures);
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the system gives no more threads, for `worker_threads(0)` and `limit(0)`, and for a name of its threads
    /// that holds a NUL.
    pub fn build(mut self) -> Result<IoPool, BuildError> {
        Zero::WORKERS.check(self.workers, self.name.as_ref())?;
        Zero::LIMIT.check(self.limit, self.name.as_ref())?;
        let prefix = thread_name(self.thread_name.take(), self.name.as_ref(), "vela-io")?;
        let own = Own::start(self.workers, prefix)?;
        Ok(self.pool(Some(own)))
    }

    /// A pool without a runtime: work runs on the one where it is submitted.
    ///
    /// # Panics
    ///
    /// With `limit(0)`: nothing could ever start.
    #[must_use]
    #[track_caller]
    pub fn on_current(self) -> IoPool {
        if let Err(error) = Zero::LIMIT.check(self.limit, self.name.as_ref()) {
            panic!("vela: {error}");
        }
        self.pool(None)
    }

    fn pool(self, own: Option<Own>) -> IoPool {
        let named = self.name.is_some();
        let shared = Arc::new(Shared::new(self.name, own, self.limit));
        if named {
            let observed: Arc<dyn Observed> = Arc::clone(&shared) as _;
            register(Arc::downgrade(&observed));
        }
        IoPool { shared }
    }
}
