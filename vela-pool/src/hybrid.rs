//! Both kinds of work, told apart by the call.

mod builder;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use vela_core::__private::operation;
use vela_core::ops::Named;
use vela_core::task::Task;

pub use builder::HybridPoolBuilder;

use crate::cpu::{CpuPool, deadline};
use crate::error::{BuildError, JobError, Leftover, SpawnError};
use crate::io::IoPool;
use crate::snapshot::PoolSnapshot;

/// A [`CpuPool`] and an [`IoPool`] under one name: each call says what its work is.
///
/// | call | for | on |
/// |---|---|---|
/// | [`spawn_cpu`](Self::spawn_cpu), [`run_cpu`](Self::run_cpu) | what computes | Rayon's threads, behind the bounded queue |
/// | [`spawn_io`](Self::spawn_io), [`run_io`](Self::run_io) | what waits with `.await` | the runtime's workers |
/// | [`spawn_blocking`](Self::spawn_blocking) | what waits and blocks its thread | the runtime's threads for that |
///
/// What only one of them has, priorities and names of jobs, say, is at [`cpu`](Self::cpu) and [`io`](Self::io):
/// `pool.cpu().priority(Priority::High).spawn(…)`.
///
/// # Examples
///
/// ```
/// use vela::pool::HybridPool;
///
/// # vela::block_on(async {
/// let pool = HybridPool::builder().name("pages").threads(2).worker_threads(1).build()?;
/// let text = pool.run_io(async { String::from("page") }).await?;
/// let sum = pool.run_cpu(move || text.bytes().map(u64::from).sum::<u64>()).await?;
/// assert_eq!(sum, 413);
///
/// let seen = pool.snapshot();
/// assert_eq!((&*seen.cpu.name, seen.cpu.done, &*seen.io.name, seen.io.done), ("pages.cpu", 1, "pages.io", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct HybridPool {
    cpu: CpuPool,
    io: IoPool,
}

impl HybridPool {
    /// Both with their defaults; the IO pool has a runtime of its own.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the system gives no more threads.
    pub fn new() -> Result<Self, BuildError> {
        Ok(Self::of(CpuPool::new()?, IoPool::new()?))
    }

    /// A pool with more to say about it, and one name for both.
    pub fn builder() -> HybridPoolBuilder {
        HybridPoolBuilder::new()
    }

    /// These two, which keep their names.
    #[must_use]
    pub fn of(cpu: CpuPool, io: IoPool) -> Self {
        Self { cpu, io }
    }

    /// The pool for what computes.
    #[must_use]
    pub fn cpu(&self) -> &CpuPool {
        &self.cpu
    }

    /// The pool for what waits.
    #[must_use]
    pub fn io(&self) -> &IoPool {
        &self.io
    }

    /// As [`CpuPool::spawn`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn spawn_cpu<F, R>(
        &self,
        job: F,
    ) -> Named<impl Future<Output = Result<Task<R>, SpawnError<F>>> + Send + use<F, R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.cpu.spawn(job)
    }

    /// As [`IoPool::spawn`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn spawn_io<F>(
        &self,
        future: F,
    ) -> Named<impl Future<Output = Result<Task<F::Output>, SpawnError<F>>> + Send + use<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.io.spawn(future)
    }

    /// As [`IoPool::spawn_blocking`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    #[track_caller]
    pub fn spawn_blocking<W, T>(&self, work: W) -> Result<Task<T>, SpawnError<W>>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.io.spawn_blocking(work)
    }

    /// As [`CpuPool::run`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn run_cpu<F, R>(&self, job: F) -> Named<impl Future<Output = Result<R, JobError>> + Send + use<F, R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.cpu.run(job)
    }

    /// As [`IoPool::run`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn run_io<F>(&self, future: F) -> Named<impl Future<Output = Result<F::Output, JobError>> + Send + use<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.io.run(future)
    }

    /// What both have done so far, and do now.
    #[must_use]
    pub fn snapshot(&self) -> HybridSnapshot {
        HybridSnapshot { cpu: self.cpu.snapshot(), io: self.io.snapshot() }
    }

    /// Waits until everything that was accepted before, by either, has ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn join_all(&self) -> Named<impl Future<Output = ()> + Send + use<>> {
        let (cpu, io) = (self.cpu.join_all(), self.io.join_all());
        operation("join_all", async move {
            both(cpu, io).await;
        })
    }

    /// Neither takes more work from now on; see [`CpuPool::close`] and [`IoPool::close`]. False: both were closed before.
    pub fn close(&self) -> bool {
        let cpu = self.cpu.close();
        self.io.close() || cpu
    }

    /// Whether neither takes more work.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.cpu.is_closed() && self.io.is_closed()
    }

    /// Shuts both down side by side, as [`CpuPool::shutdown`] and [`IoPool::shutdown`], in the same time, counted from the first poll: what
    /// is left of both.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled both stay closed, also when the future is dropped; what they have accepted is done.
    #[track_caller]
    pub fn shutdown(&self, within: Duration) -> Named<impl Future<Output = Leftover> + Send + use<>> {
        let pool = self.clone();
        operation("shutdown", async move {
            let until = deadline(within);
            sum(both(pool.cpu.end_by(until), pool.io.end_by(until)).await)
        })
    }

    /// Shuts both down side by side, as [`CpuPool::shutdown_now`] and [`IoPool::shutdown_now`], in the same time, counted from the first
    /// poll: what is left of both.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled both are closed, what is queued and what waits is cancelled, also when the future is dropped.
    #[track_caller]
    pub fn shutdown_now(&self, within: Duration) -> Named<impl Future<Output = Leftover> + Send + use<>> {
        let pool = self.clone();
        operation("shutdown_now", async move {
            let until = deadline(within);
            sum(both(pool.cpu.end_now(until), pool.io.end_now(until)).await)
        })
    }
}

/// What is known about both parts of a [`HybridPool`] at one time.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct HybridSnapshot {
    /// Of the pool for what computes.
    pub cpu: PoolSnapshot,
    /// Of the pool for what waits.
    pub io: PoolSnapshot,
}

fn sum((cpu, io): (Leftover, Leftover)) -> Leftover {
    Leftover { cancelled: cpu.cancelled + io.cancelled, running: cpu.running + io.running }
}

/// Waits for both; both begin with the first poll.
async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(output) = one.as_mut().poll(cx)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = other.as_mut().poll(cx)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            unfinished => {
                (first, second) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}
