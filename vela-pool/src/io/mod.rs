//! Futures on a runtime of their own, or with a limit on the current one.

mod builder;
mod leash;
mod shared;

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use vela_core::__private::operation;
use vela_core::ops::Named;
use vela_core::task::{Task, TaskBuilder};
use vela_core::time::Instant;

pub use builder::IoPoolBuilder;

use crate::cpu::{by, deadline};
use crate::error::{BuildError, JobError, Leftover, SpawnError};
use crate::snapshot::{Observed, PoolSnapshot};
use crate::wanted::Wanted;
use leash::Leash;
use shared::{Open, Shared};

/// Futures that wait for the outside, apart from others: on threads of their own, with a limit on how many, with an end. Clones are
/// handles of the same pool.
///
/// - [`new`](Self::new): a Tokio runtime of its own. What blocks or floods it holds up nothing else.
/// - [`current`](Self::current): no threads; work runs on the runtime where it is submitted, within the limit.
/// - A future's output comes as a [`Task`], as that of [`go!`](https://docs.rs/vela) does, with its panics, its context and its
///   place. [`Task::cancel`] drops the future at its next `.await`, and gives its place to the next one.
/// - With a limit, [`spawn`](Self::spawn) waits for a place, first come, first served.
/// - Dropping the last handle stops nothing that the pool has started: it keeps the runtime, which ends after it. Tasks that such
///   work has started itself (`go!`) do not keep it, and end with it. [`shutdown`](Self::shutdown) ends what the pool has started.
/// - Work that waits for a place in its own pool (`pool.run(…)` inside of `pool.spawn(…)`, with a limit) may wait for itself.
///
/// In a deterministic test all of it is simulated tasks.
///
/// # Examples
///
/// ```
/// use vela::pool::IoPool;
///
/// # vela::block_on(async {
/// let pool = IoPool::builder().worker_threads(1).limit(100).build()?;
/// let task = pool.spawn(async { "fetched" }).await?;
/// assert_eq!(task.await?, "fetched");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct IoPool {
    shared: Arc<Shared>,
}

impl IoPool {
    /// A pool on a multi-thread runtime of its own, with a worker for each core, without a limit.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the system gives no more threads.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// A pool of at most `limit` futures at a time, on the runtime where they are submitted.
    ///
    /// # Panics
    ///
    /// If `limit` is 0: nothing could ever start.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela::block_on(async {
    /// let pool = vela::pool::IoPool::current(1);
    /// let first = pool.try_spawn(std::future::pending::<()>()).unwrap();
    /// assert!(pool.try_spawn(async {}).is_err());
    /// first.cancel();
    /// assert!(pool.spawn(async {}).await.is_ok());       // waits until the first is gone
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn current(limit: usize) -> Self {
        Self::builder().limit(limit).on_current()
    }

    /// A pool with more to say about it.
    pub fn builder() -> IoPoolBuilder {
        IoPoolBuilder::new()
    }

    /// Starts a future, once there is a place for it: its task. Also a source: `<-pool.spawn(…)`.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], with the future, if the pool is shut down.
    ///
    /// # Panics
    ///
    /// On the current runtime: if there is none, and none can be started.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future before it is ready drops the other one, which was not started.
    #[track_caller]
    pub fn spawn<F>(
        &self,
        future: F,
    ) -> Named<impl Future<Output = Result<Task<F::Output>, SpawnError<F>>> + Send + use<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (shared, site) = (Arc::clone(&self.shared), Location::caller());
        operation("spawn", async move {
            match shared.wait_for_leave().await.and_then(|permit| shared.accept(permit, false)) {
                Ok(open) => Ok(start(open, future, site)),
                Err(kind) => Err(SpawnError::new(shared.refusal(kind), future)),
            }
        })
    }

    /// Starts a future if there is a place for it now.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], with the future: the limit is reached, or the pool is shut down.
    ///
    /// # Panics
    ///
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<Task<F::Output>, SpawnError<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match self.shared.leave_now().and_then(|permit| self.shared.accept(permit, false)) {
            Ok(open) => Ok(start(open, future, Location::caller())),
            Err(kind) => Err(SpawnError::new(self.shared.refusal(kind), future)),
        }
    }

    /// Runs a future: starts it, and waits for its output. Also a source: `<-pool.run(…)`.
    ///
    /// # Errors
    ///
    /// [`JobError`]: the pool is shut down, or it panicked, or was cancelled by a shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future cancels the other one.
    #[track_caller]
    pub fn run<F>(&self, future: F) -> Named<impl Future<Output = Result<F::Output, JobError>> + Send + use<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let spawn = self.spawn(future);
        operation("run", async move {
            let task = Wanted(spawn.await?);
            Ok(task.0.join().await?)
        })
    }

    /// Runs `work`, which blocks its thread, on the runtime's threads for that. It counts as one of the pool's, but waits for no
    /// place.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], with the closure, if the pool is shut down.
    ///
    /// # Panics
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// # vela::block_on(async {
    /// let pool = vela::pool::IoPool::builder().worker_threads(1).build()?;
    /// let read = pool.spawn_blocking(|| std::fs::read_to_string("Cargo.toml"))?;
    /// assert!(read.await?.is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn_blocking<W, T>(&self, work: W) -> Result<Task<T>, SpawnError<W>>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let open = match self.shared.accept(None, true) {
            Ok(open) => open,
            Err(kind) => return Err(SpawnError::new(self.shared.refusal(kind), work)),
        };
        let pool = Arc::clone(open.pool());
        let _runtime = pool.enter();
        Ok(TaskBuilder::new().spawn_blocking(move || {
            let value = work();
            open.returned();
            value
        }))
    }

    /// The name; `None` if it was given none.
    #[must_use]
    pub fn pool_name(&self) -> Option<&str> {
        self.shared.name.as_deref()
    }

    /// What the pool has done so far, and does now.
    #[must_use]
    pub fn snapshot(&self) -> PoolSnapshot {
        self.shared.look().into_snapshot()
    }

    /// Waits until everything that was started before has ended; what comes later does not matter. Its task may read as unfinished for a
    /// moment still; who needs its output joins it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn join_all(&self) -> Named<impl Future<Output = ()> + Send + use<>> {
        let shared = Arc::clone(&self.shared);
        operation("join_all", async move { shared.settled().await })
    }

    /// Nothing is started from now on: those who wait for a place, and those who come, get their future back. What runs runs on.
    /// False: it was closed before.
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether it starts nothing any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Closes the pool, and waits until what runs has ended, at most so long, counted from the first poll. Futures that are left then are
    /// cancelled: those that wait are dropped soon after this returns, even if they could go on just now. One that computes in this
    /// moment counts as running; it may return still, and is dropped at its next `.await`.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled the pool stays closed, also when the future is dropped; what runs runs on.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::time::ms;
    ///
    /// # vela::block_on(async {
    /// let pool = vela::pool::IoPool::builder().worker_threads(1).build()?;
    /// let never = pool.try_spawn(std::future::pending::<()>())?;
    /// let left = pool.shutdown(ms(10)).await;
    /// assert_eq!((left.cancelled, left.running), (1, 0));
    /// assert!(never.await.unwrap_err().is_cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn shutdown(&self, within: Duration) -> Named<impl Future<Output = Leftover> + Send + use<>> {
        let pool = self.clone();
        operation("shutdown", async move { pool.end_by(deadline(within)).await })
    }

    /// As [`shutdown`](Self::shutdown), but futures are cancelled at once; it waits, at most so long, until they are gone.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled the pool is closed and what runs is cancelled, also when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::time::secs;
    ///
    /// # vela::block_on(async {
    /// let pool = vela::pool::IoPool::builder().worker_threads(1).build()?;
    /// let never = pool.try_spawn(std::future::pending::<()>())?;
    /// let left = pool.shutdown_now(secs(5)).await;
    /// assert_eq!((left.cancelled, left.running), (1, 0));
    /// assert!(never.await.unwrap_err().is_cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn shutdown_now(&self, within: Duration) -> Named<impl Future<Output = Leftover> + Send + use<>> {
        let pool = self.clone();
        operation("shutdown_now", async move { pool.end_now(deadline(within)).await })
    }

    /// As [`shutdown`](Self::shutdown), until then.
    pub(crate) async fn end_by(&self, until: Option<Instant>) -> Leftover {
        self.shared.close();
        if by(until, self.shared.settled()).await {
            return Leftover::default();
        }
        self.shared.cut().leftover()
    }

    /// As [`shutdown_now`](Self::shutdown_now), until then.
    pub(crate) async fn end_now(&self, until: Option<Instant>) -> Leftover {
        self.shared.close();
        let cut = self.shared.cut();
        by(until, self.shared.settled()).await;
        self.shared.after(&cut)
    }
}

/// Starts `future` as a task of the pool.
fn start<F>(open: Open, future: F, site: &'static Location<'static>) -> Task<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (pool, leash) = (Arc::clone(open.pool()), open.leash());
    let own = Arc::clone(&leash);
    let work = async move {
        let output = leashed(&own, future).await;
        open.returned();
        output
    };
    let _runtime = pool.enter();
    let task = TaskBuilder::new().spawn_at(work, site);
    leash.holds(task.canceller());
    task
}

/// Runs `future`, unless it is cut: then the task that runs it cancels itself.
async fn leashed<F: Future>(leash: &Leash, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if leash.enter() {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            if leash.leave() {
                return Poll::Pending;
            }
        }
        leash.cancel();
        Poll::Pending
    })
    .await
}

impl fmt::Debug for IoPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoPool").field("name", &self.pool_name()).finish_non_exhaustive()
    }
}
