//! Work for processors, on Rayon's threads.

mod builder;
mod job;
mod lanes;
mod line;
mod priority;
mod shared;
mod submit;
mod taken;
mod threads;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use vela_core::__private::{may_block, operation};
use vela_core::ops::Named;
use vela_core::task::Task;
use vela_core::time::{Instant, timeout_at};

pub use builder::CpuPoolBuilder;
pub use priority::Priority;
pub use submit::JobBuilder;

use crate::error::{BuildError, JobError, Leftover, SpawnError};
use crate::snapshot::{Observed, PoolSnapshot};
use shared::Shared;
use threads::Threads;

/// Threads for work that computes, with a bounded queue before them. Clones are handles of the same pool.
///
/// - **Jobs** are closures. A job's result comes as a [`Task`]: `<-task`, `task.await`, an arm of `select!`. Dropping the task
///   detaches it: the job is run.
/// - **Order.** A thread that is free takes the oldest job of the best [lane](Priority). No fairness among lanes.
/// - **A full queue.** By default [`spawn`](Self::spawn) waits for room, first come, first served, whatever the priority; the
///   builder takes the other [policies](vela_core::Overflow) of channels. [`try_spawn`](Self::try_spawn) never waits.
/// - **Cancelling.** [`Task::cancel`] takes a job out of the queue: it never runs, its place is free and its closure dropped
///   when `cancel` returns. A job that runs is run to its end.
/// - **A panic** is the job's own: its task gives it to who joins, with the place where it was submitted. It is reported, too,
///   as that of any task, and costs no thread.
/// - **What a job inherits**: the [`Context`](vela_core::context::Context) of who submitted it, a name and with it a span. Not a
///   runtime: tasks that a job starts run on that of `#[vela::main]`, or on a global one.
/// - **Data parallelism.** Inside of a job `par_iter`, `rayon::join` and `rayon::scope` use the threads of this pool. As always in
///   Rayon, a job that waits there may run another one meanwhile.
/// - **Jobs that submit jobs** into their own pool do not deadlock: see [`spawn_from_thread`](Self::spawn_from_thread). A job that *joins* another
///   one holds its thread meanwhile, and with one thread that is for ever: use `rayon::join` for that.
/// - **The end.** [`shutdown`](Self::shutdown). Dropping the last handle stops nothing that was accepted: it is run, then the
///   threads end. Nobody waits for them.
///
/// In a deterministic test no thread is used: a job is a step of a simulated task, and at most as many are under way as the pool
/// has threads. A pool that was made there, and is used outside later, starts its threads then, and panics if the system gives none.
///
/// # Examples
///
/// ```
/// use vela::pool::CpuPool;
///
/// # vela::block_on(async {
/// let pool = CpuPool::new()?;
/// let task = pool.spawn(|| (1..=20_u64).product::<u64>()).await?;
/// assert_eq!(task.await?, 2_432_902_008_176_640_000);
/// assert_eq!(pool.run(|| 6 * 7).await?, 42);                // both in one
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct CpuPool {
    shared: Arc<Shared>,
}

impl CpuPool {
    /// A pool with a thread for each core, and a queue of 1024 jobs for which callers wait.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the system gives no more threads.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// A pool with more to say about it.
    pub fn builder() -> CpuPoolBuilder {
        CpuPoolBuilder::new()
    }

    /// Jobs of this priority: `pool.priority(Priority::High).spawn(…)`.
    pub fn priority(&self, priority: Priority) -> JobBuilder {
        self.job().priority(priority)
    }

    /// A job with this name, which its errors say: `pool.name("hash").spawn(…)`. Costs two small allocations.
    pub fn name(&self, name: impl Into<Cow<'static, str>>) -> JobBuilder {
        self.job().name(name)
    }

    /// Submits a job, once there is room for it: its task. Also a source: `<-pool.spawn(…)`.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], with the closure: the pool is shut down, or its policy is not to wait, or not for so long.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready drops the closure, which was not submitted, and the place in the line.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela::block_on(async {
    /// let pool = vela::pool::CpuPool::builder().threads(1).build()?;
    /// let task = pool.spawn(|| "done").await?;
    /// assert_eq!(task.await?, "done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn<F, R>(&self, job: F) -> Named<impl Future<Output = Result<Task<R>, SpawnError<F>>> + Send + use<F, R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.job().spawn(job)
    }

    /// Submits a job if there is room for it now.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], with the closure: the queue is full, or the pool is shut down. Under a policy that drops a full queue is none: there
    /// is a task in any case. What [`DropOldest`](vela_core::Overflow::DropOldest) drops is a job of no better lane, and this one if
    /// there is none; [`DropNewest`](vela_core::Overflow::DropNewest) drops this one. The task of what was dropped reads as cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = vela::pool::CpuPool::builder().threads(1).build()?;
    /// let task = pool.try_spawn(|| 7)?;
    /// assert_eq!(task.join_blocking()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn try_spawn<F, R>(&self, job: F) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.job().try_spawn(job)
    }

    /// As [`spawn`](Self::spawn), for threads that drive no tasks.
    ///
    /// In a job of this pool it does not wait. Where the policy is to wait, and the queue is full, the new job runs at once, on the
    /// thread and the stack of the one that asks. Otherwise the job gets its closure back, or the policy drops one. (Jobs of two pools that
    /// submit into each other, with both queues full, do wait for each other.)
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    ///
    /// In an async context.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = vela::pool::CpuPool::builder().threads(1).queue(1).build()?;
    /// let inside = pool.clone();
    /// let all = pool.try_spawn(move || {
    ///     (0..10).filter_map(|n| inside.spawn_from_thread(move || n).ok()).collect::<Vec<_>>()
    /// });
    /// let all = all?.join_blocking()?;
    /// let sum: i32 = all.iter().filter_map(|task| task.join_blocking().ok()).sum();
    /// assert_eq!(sum, 45);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_from_thread<F, R>(&self, job: F) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.job().spawn_from_thread(job)
    }

    /// Runs a job: submits it, and waits for its result. Also a source: `<-pool.run(…)`.
    ///
    /// # Errors
    ///
    /// [`JobError`]: the pool did not take it, or it panicked, or was dropped by the policy, or cancelled by a shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the job: one that is in the queue does not run, of one that runs the result is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela::block_on(async {
    /// let pool = vela::pool::CpuPool::builder().threads(1).build()?;
    /// assert_eq!(pool.run(|| 1 + 1).await?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn run<F, R>(&self, job: F) -> Named<impl Future<Output = Result<R, JobError>> + Send + use<F, R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.job().run(job)
    }

    /// Calls `f` on a thread of the pool, and waits for it: for `par_iter` and the like. It goes before the jobs in the queue, and
    /// may borrow. In a simulation it is called here, and Rayon's global pool does what is parallel.
    ///
    /// # Panics
    ///
    /// If `f` does; and in an async context, because it blocks its thread: use [`run`](Self::run) there.
    ///
    /// # Examples
    ///
    /// ```
    /// use rayon::prelude::*;
    ///
    /// let pool = vela::pool::CpuPool::builder().threads(2).build()?;
    /// let numbers = [1, 2, 3];
    /// assert_eq!(pool.install(|| numbers.par_iter().sum::<u32>()), 6);
    /// # Ok::<(), vela::pool::BuildError>(())
    /// ```
    #[track_caller]
    pub fn install<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        if vela_core::__private::seam::simulated() {
            return f();
        }
        if !Threads::is_here(&self.shared) {
            may_block("CpuPool::install", "`CpuPool::run`");
        }
        Threads::install(&self.shared, f)
    }

    /// A job without a name, of normal priority.
    pub(crate) fn job(&self) -> JobBuilder {
        JobBuilder::new(&self.shared)
    }

    /// The name; `None` if it was given none.
    #[must_use]
    pub fn pool_name(&self) -> Option<&str> {
        self.shared.name.as_deref()
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.shared.threads.count()
    }

    /// Most jobs in the queue.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.bound
    }

    /// What the pool has done so far, and does now.
    #[must_use]
    pub fn snapshot(&self) -> PoolSnapshot {
        self.shared.look().into_snapshot()
    }

    /// Waits until every job that was accepted before is done, or cancelled; those that come later do not matter.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela::block_on(async {
    /// let pool = vela::pool::CpuPool::builder().threads(2).build()?;
    /// let tasks: Vec<_> = (0..10).filter_map(|n| pool.try_spawn(move || n).ok()).collect();
    /// pool.join_all().await;
    /// assert!(tasks.iter().all(|task| task.is_finished()));
    /// # Ok::<(), vela::pool::BuildError>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn join_all(&self) -> Named<impl Future<Output = ()> + Send + use<>> {
        let shared = Arc::clone(&self.shared);
        operation("join_all", async move { shared.settled().await })
    }

    /// No more jobs from now on: those who wait for room, and those who come, get their closure back. What is queued is run. False: it
    /// was closed before.
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether it takes no more jobs.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Closes the pool, and waits until what it has accepted is done, at most so long, counted from the first poll. What is queued still
    /// when the time is up is cancelled; what runs then runs on.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled the pool stays closed, also when the future is dropped; what it has accepted is run.
    ///
    /// # Examples
    ///
    /// See [`Leftover`].
    #[track_caller]
    pub fn shutdown(&self, within: Duration) -> Named<impl Future<Output = Leftover> + Send + use<>> {
        let pool = self.clone();
        operation("shutdown", async move { pool.end_by(deadline(within)).await })
    }

    /// As [`shutdown`](Self::shutdown), but what is queued is cancelled at once.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled the pool is closed and its queue empty, also when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::time::secs;
    ///
    /// # vela::block_on(async {
    /// let pool = vela::pool::CpuPool::builder().threads(1).build()?;
    /// let left = pool.shutdown_now(secs(5)).await;
    /// assert_eq!((left.cancelled, left.running), (0, 0));
    /// assert!(pool.is_closed());
    /// # Ok::<(), vela::pool::BuildError>(())
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
        finish(&self.shared, until).await
    }

    /// As [`shutdown_now`](Self::shutdown_now), until then.
    pub(crate) async fn end_now(&self, until: Option<Instant>) -> Leftover {
        self.shared.close();
        let cancelled = self.shared.cancel_queued();
        let left = finish(&self.shared, until).await;
        Leftover { cancelled: cancelled + left.cancelled, ..left }
    }
}

/// Of a wait that begins now. `None`: it is too far away to be told.
pub(crate) fn deadline(within: Duration) -> Option<Instant> {
    Instant::now().checked_add(within)
}

/// Waits for `settled`, at most until then. False: the time is up.
pub(crate) async fn by(until: Option<Instant>, settled: impl Future<Output = ()>) -> bool {
    match until {
        Some(until) => timeout_at(until, settled).await.is_ok(),
        None => {
            settled.await;
            true
        }
    }
}

/// Waits until a closed pool has nothing more to do, or the time is up.
async fn finish(shared: &Shared, until: Option<Instant>) -> Leftover {
    if by(until, shared.settled()).await {
        return Leftover::default();
    }
    let cancelled = shared.cancel_queued();
    Leftover { cancelled, running: shared.running() }
}

impl fmt::Debug for CpuPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuPool")
            .field("name", &self.pool_name())
            .field("threads", &self.threads())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
