//! A channel's values through a pool: a stage of a pipeline whose function runs there.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use vela_core::Receiver;
use vela_core::flow::{self, Flow};

use crate::cpu::CpuPool;
use crate::error::JobError;

/// Applies `f` to each value of `values` on the threads of `pool`, to up to `n` of them at a time (0 is taken as 1; more than the pool
/// has threads and places in its queue, or 1024 besides its threads, as that many). The results keep the order of the values.
///
/// It is a [stage](Flow): more may follow, and nothing runs until [`into_receiver`](Flow::into_receiver) or another end.
///
/// - **Cost.** `n` tasks, which are started with the pipeline.
/// - **Back-pressure.** It holds at most `n` values in the works and `n` results that nobody has received; then it takes no more,
///   and senders wait. It submits to the pool's queue beside others, and waits there if it is full; so `n` is the most that it
///   takes of the queue.
/// - **Failure.** The first panic of `f`, a job that the pool's policy drops or turns away, or a shutdown stops the pipeline,
///   which gives the [`JobError`].
/// - **The consumer has had enough**: jobs that are in the queue are cancelled.
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, par_map};
///
/// # vela::block_on(async {
/// let pool = CpuPool::builder().threads(2).build()?;
/// let (tx, rx) = vela::channel(4);
/// let (squares, pipeline) = par_map(rx, &pool, 2, |n: u64| n * n).into_receiver();
/// vela::task::spawn(async move {
///     for n in 1..=3 {
///         tx.send(n).await.ok();
///     }
/// });
/// let mut got = Vec::new();
/// while let Some(square) = squares.recv().await {
///     got.push(square);
/// }
/// assert_eq!(got, [1, 4, 9]);
/// pipeline.join().await?;
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn par_map<T, U, F>(values: Receiver<T>, pool: &CpuPool, n: usize, f: F) -> Flow<U>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> U + Send + Sync + 'static,
{
    flow::from(values).try_map(useful(n, pool), on(pool, f, Location::caller()))
}

/// As [`par_map`], with the results in the order in which they are ready.
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, par_map_unordered};
///
/// # vela::block_on(async {
/// let pool = CpuPool::builder().threads(2).build()?;
/// let (tx, rx) = vela::channel(4);
/// let (squares, pipeline) = par_map_unordered(rx, &pool, 2, |n: u64| n * n).into_receiver();
/// for n in 1..=3 {
///     tx.send(n).await?;
/// }
/// drop(tx);
/// let mut sum = 0;
/// while let Some(square) = squares.recv().await {
///     sum += square;
/// }
/// assert_eq!(sum, 14);
/// pipeline.join().await?;
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn par_map_unordered<T, U, F>(values: Receiver<T>, pool: &CpuPool, n: usize, f: F) -> Flow<U>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> U + Send + Sync + 'static,
{
    flow::from(values).try_map_unordered(useful(n, pool), on(pool, f, Location::caller()))
}

/// Each of the `n` is a task. More than the pool can be given at a time would wait for it instead of for a value.
fn useful(n: usize, pool: &CpuPool) -> usize {
    /// As the queue has places, unless told otherwise. One without a bound could be given any number.
    const PLACES: usize = 1024;
    n.min(pool.threads().saturating_add(pool.capacity().min(PLACES)))
}

/// A stage's function that runs `f` on the pool.
fn on<T, U, F>(
    pool: &CpuPool,
    f: F,
    site: &'static Location<'static>,
) -> impl Fn(T) -> Running<U> + Send + Sync + use<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> U + Send + Sync + 'static,
{
    let (pool, f) = (pool.clone(), Arc::new(f));
    move |value| {
        let f = Arc::clone(&f);
        Box::pin(pool.job().run_at(move || f(value), site))
    }
}

/// A job, cancelled when it is dropped.
type Running<U> = Pin<Box<dyn Future<Output = Result<U, JobError>> + Send>>;
