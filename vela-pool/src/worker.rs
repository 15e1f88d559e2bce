//! What all pools have in common.

use std::future::Future;

use vela_core::task::Task;

use crate::cpu::CpuPool;
use crate::error::{JobError, SpawnError};
use crate::hybrid::HybridPool;
use crate::io::IoPool;

/// Something that takes work of the type `W`: closures for a [`CpuPool`], futures for an [`IoPool`], either for a
/// [`HybridPool`], as [`Cpu`] or [`Io`].
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, WorkerPool};
///
/// /// Works with any pool that takes closures, and with one that a test makes up.
/// async fn squares<P: WorkerPool<fn() -> u32, Output = u32>>(pool: &P) -> u32 {
///     let all: [fn() -> u32; 2] = [|| 2 * 2, || 3 * 3];
///     pool.submit_all(all).await.into_iter().filter_map(Result::ok).sum()
/// }
///
/// # vela::block_on(async {
/// let pool = CpuPool::builder().threads(1).build()?;
/// assert_eq!(squares(&pool).await, 13);
/// # Ok::<(), vela::pool::BuildError>(())
/// # }).unwrap();
/// ```
pub trait WorkerPool<W: Send>: Send + Sync {
    /// What a piece of work gives.
    type Output: Send + 'static;

    /// Submits a piece of work, once there is room for it.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], with the work, if the pool does not take it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready drops the work, which was not submitted.
    fn submit(&self, work: W) -> impl Future<Output = Result<Task<Self::Output>, SpawnError<W>>> + Send;

    /// Waits until everything that was accepted before, whoever submitted it, has ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    fn join_all(&self) -> impl Future<Output = ()> + Send;

    /// Submits all of it and waits for its results, in the order of submission.
    ///
    /// What the pool did not take reads as [`JobError::Refused`], which says why, and is dropped; [`submit`](Self::submit) gives it back.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, what was submitted is done, and its results are lost; the rest is not submitted.
    fn submit_all<I>(&self, work: I) -> impl Future<Output = Vec<Result<Self::Output, JobError>>> + Send
    where
        I: IntoIterator<Item = W, IntoIter: Send> + Send,
    {
        let work = work.into_iter();
        async move {
            let mut tasks = Vec::new();
            for work in work {
                tasks.push(self.submit(work).await.map_err(JobError::from));
            }
            let mut results = Vec::with_capacity(tasks.len());
            for task in tasks {
                results.push(match task {
                    Ok(task) => task.await.map_err(JobError::from),
                    Err(refused) => Err(refused),
                });
            }
            results
        }
    }
}

impl<F, R> WorkerPool<F> for CpuPool
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = R;

    #[track_caller]
    fn submit(&self, work: F) -> impl Future<Output = Result<Task<R>, SpawnError<F>>> + Send {
        self.spawn(work)
    }

    fn join_all(&self) -> impl Future<Output = ()> + Send {
        self.join_all()
    }
}

impl<F> WorkerPool<F> for IoPool
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    #[track_caller]
    fn submit(&self, work: F) -> impl Future<Output = Result<Task<F::Output>, SpawnError<F>>> + Send {
        self.spawn(work)
    }

    fn join_all(&self) -> impl Future<Output = ()> + Send {
        self.join_all()
    }
}

/// Work for the CPU side of a [`HybridPool`].
///
/// # Examples
///
/// ```
/// use vela::pool::{Cpu, HybridPool, Io, WorkerPool};
///
/// # vela::block_on(async {
/// let pool = HybridPool::new()?;
/// let sum = pool.submit(Cpu(|| 1 + 1)).await?;
/// let page = pool.submit(Io(async { "page" })).await?;
/// assert_eq!((sum.await?, page.await?), (2, "page"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu<F>(pub F);

/// Work for the IO side of a [`HybridPool`].
///
/// # Examples
///
/// See [`Cpu`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Io<F>(pub F);

impl<F, R> WorkerPool<Cpu<F>> for HybridPool
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = R;

    #[track_caller]
    fn submit(&self, work: Cpu<F>) -> impl Future<Output = Result<Task<R>, SpawnError<Cpu<F>>>> + Send {
        let submitted = self.spawn_cpu(work.0);
        async move { submitted.await.map_err(|error| error.map(Cpu)) }
    }

    fn join_all(&self) -> impl Future<Output = ()> + Send {
        self.join_all()
    }
}

impl<F> WorkerPool<Io<F>> for HybridPool
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    #[track_caller]
    fn submit(&self, work: Io<F>) -> impl Future<Output = Result<Task<F::Output>, SpawnError<Io<F>>>> + Send {
        let submitted = self.spawn_io(work.0);
        async move { submitted.await.map_err(|error| error.map(Io)) }
    }

    fn join_all(&self) -> impl Future<Output = ()> + Send {
        self.join_all()
    }
}
