//! Both kinds of work, told apart by the call.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use vela_core::__private::operation;
use vela_core::ops::Named;
use vela_core::task::Task;
use vela_core::time::Instant;

use crate::cpu::CpuPool;
use crate::error::{BuildError, Leftover, SpawnError};
use crate::io::IoPool;

/// A [`CpuPool`] and an [`IoPool`] under one name: each call says what its work is.
///
/// | call | for | on |
/// |---|---|---|
/// | [`spawn_cpu`](Self::spawn_cpu) | what computes | Rayon's threads, behind the bounded queue |
/// | [`spawn_io`](Self::spawn_io) | what waits with `.await` | the runtime's workers |
/// | [`spawn_blocking`](Self::spawn_blocking) | what waits and blocks its thread | the runtime's threads for that |
///
/// # Examples
///
/// ```
/// use vela::pool::HybridPool;
///
/// # vela::block_on(async {
/// let pool = HybridPool::new()?;
/// let text = pool.spawn_io(async { String::from("page") }).await?;
/// let text = text.await?;
/// let sum = pool.spawn_cpu(move || text.bytes().map(u64::from).sum::<u64>()).await?;
/// assert_eq!(sum.await?, 413);
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

    /// These two.
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

    /// Waits until everything that was accepted before, by either, has ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn join_all(&self) -> Named<impl Future<Output = ()> + Send + use<>> {
        let (cpu, io) = (self.cpu.join_all(), self.io.join_all());
        operation("join_all", async move {
            let (mut cpu, mut io) = (pin!(cpu), pin!(io));
            let (mut no_cpu, mut no_io) = (false, false);
            // Both waits begin with the first poll.
            poll_fn(|cx| {
                no_cpu = no_cpu || cpu.as_mut().poll(cx).is_ready();
                no_io = no_io || io.as_mut().poll(cx).is_ready();
                if no_cpu && no_io { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        })
    }

    /// Shuts both down, in the same time: what is left of both.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled both stay closed, also when the future is dropped; what they have accepted is done.
    #[track_caller]
    pub fn shutdown(&self, within: Duration) -> Named<impl Future<Output = Leftover> + Send + use<>> {
        let (pool, began) = (self.clone(), Instant::now());
        operation("shutdown", async move {
            pool.cpu.close();
            pool.io.close();
            let cpu = pool.cpu.shutdown(within).await;
            let io = pool.io.shutdown(within.saturating_sub(began.elapsed())).await;
            Leftover { cancelled: cpu.cancelled + io.cancelled, running: cpu.running + io.running }
        })
    }
}
