//! Putting a pipeline together.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::future::Map;
use futures_util::{FutureExt, StreamExt};

use super::pipeline::{Pipeline, Start};
use super::stage::{Turns, consume, work, work_in_order};
use super::timed::{self, Rule, Timed};
use crate::chan::{Receiver, SendErrorKind, Sender, channel};
use crate::error::{Error, Result};

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// A pipeline of the values of `input`, without stages yet.
///
/// Other receivers of the same channel share its values with the pipeline, as always.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel(4);
/// let (lengths, pipeline) = vela::flow::from(rx)
///     .filter(|word: &&str| word.len() > 1)
///     .map_unordered(2, |word: &str| async move { word.len() })
///     .into_receiver();
/// for word in ["a", "pipeline", "of"] {
///     tx.send(word).await?;
/// }
/// drop(tx);
/// let mut sum = 0;
/// while let Some(length) = lengths.recv().await {
///     sum += length;
/// }
/// assert_eq!(sum, 10);
/// pipeline.join().await?;
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
pub fn from<T: Send + 'static>(input: Receiver<T>) -> Flow<T> {
    Flow { input, fed_by: None, starts: Vec::new(), capacity: None }
}

/// A pipeline of the values of a stream, which is polled in a task of the pipeline.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use futures_util::{StreamExt, stream};
///
/// # vela::block_on(async {
/// let (rx, pipeline) = vela::flow::from_stream(stream::iter(1..=3)).map(2, |n| async move { n * 2 }).into_receiver();
/// assert_eq!(rx.stream().collect::<Vec<_>>().await, [2, 4, 6]);
/// pipeline.join().await?;
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn from_stream<S>(stream: S) -> Flow<S::Item>
where
    S: Stream<Item: Send> + Send + 'static,
{
    from_source("from_stream", async move |output: Sender<S::Item>| {
        let mut stream = pin!(stream);
        while let Some(value) = stream.next().await {
            if output.send(value).await.is_err() {
                break;
            }
        }
    })
}

/// A pipeline of what `source` sends.
#[track_caller]
pub(super) fn from_source<T, S, Fut>(name: &'static str, source: S) -> Flow<T>
where
    S: FnOnce(Sender<T>) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
    T: Send + 'static,
{
    let (fed_by, input) = channel(1);
    let source = source(fed_by.clone());
    let start = starting(name, async move {
        source.await;
        Ok(())
    });
    Flow { input, fed_by: Some(fed_by), starts: vec![start], capacity: None }
}

/// A pipeline in the making: a receiver, and the stages that its values go through. Nothing runs, and nothing is received,
/// until [`into_receiver`](Self::into_receiver), [`send_to`](Self::send_to) or [`for_each`](Self::for_each).
///
/// A stage with `workers` n (0 is taken as 1) has n tasks, so its function runs for up to n values at a time, in parallel. All of them
/// are started with the pipeline, and wait for values: n is a cost, not only a bound.
/// In order, a slow value holds up those behind it; unordered, results go on as they come.
///
/// - **Overload.** Channels between stages are bounded: a slow stage holds up those before it, and so the senders. A pipeline
///   holds at most one value for each worker, and what its channels buffer: as many as the stage before has workers, or
///   [`capacity`](Self::capacity). The worker of a [`batch`](Self::batch) holds the values of one batch, and behind it a value *is*
///   a batch: of up to `max` values, wherever one is held or buffered.
/// - **The consumer has had enough.** When the last receiver of the output is dropped, all stages stop, and the input's senders
///   see their channel closed (if nobody else receives from it); what could not be sent comes back to them. Values that are inside are dropped, with the futures
///   that work on them. That is no failure.
/// - **Failure.** The first `Err` or panic of a stage's function stops all stages in the same way. What was in the last channel
///   can still be received, then it is closed. The failure comes out of the [`Pipeline`].
/// - **The end.** When the input is closed, all values go through, then the output is closed.
///
/// # Examples
///
/// Functions return futures that can move to other threads: `|n| async move { … }`, an `async fn`, or `async |n| { … }` if it captures
/// nothing. (The compiler cannot yet be told that the future of an async closure that captures is `Send`.) What a function uses of
/// its surroundings it clones into the future:
///
/// ```
/// # use vela_core as vela;
/// # use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel(4);
/// let sum = Arc::new(AtomicU32::new(0));
/// let seen = Arc::clone(&sum);
/// let pipeline = vela::flow::from(rx).for_each(2, move |n| {
///     let seen = Arc::clone(&seen);
///     async move {
///         seen.fetch_add(n, Ordering::Relaxed);
///     }
/// });
/// for n in 1..=3 {
///     tx.send(n).await?;
/// }
/// drop(tx);
/// pipeline.join().await?;
/// assert_eq!(sum.load(Ordering::Relaxed), 6);
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "nothing runs until `into_receiver`, `send_to` or `for_each`"]
pub struct Flow<T> {
    input: Receiver<T>,
    /// What sends to `input`, if a stage does: for who watches whether anybody receives. The next stage drops it.
    fed_by: Option<Sender<T>>,
    starts: Vec<Start>,
    capacity: Option<usize>,
}

impl<T: Send + 'static> Flow<T> {
    /// How many values the output of each following stage buffers; 0 is a rendezvous. Without it: as many as the stage has
    /// workers.
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = Some(capacity);
        self
    }

    /// Applies `f` to each value, to up to `workers` of them at a time. The results keep the order of the values.
    #[track_caller]
    pub fn map<F, Fut>(self, workers: usize, f: F) -> Flow<Fut::Output>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Send> + Send + 'static,
    {
        self.in_order("map", workers, infallible(f))
    }

    /// As [`map`](Self::map), with the results in the order in which they are ready.
    #[track_caller]
    pub fn map_unordered<F, Fut>(self, workers: usize, f: F) -> Flow<Fut::Output>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Send> + Send + 'static,
    {
        self.unordered("map_unordered", workers, infallible(f))
    }

    /// As [`map`](Self::map); the first `Err` stops the pipeline.
    #[track_caller]
    pub fn try_map<F, Fut, U, E>(self, workers: usize, f: F) -> Flow<U>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
        U: Send + 'static,
        E: Into<BoxedError> + 'static,
    {
        self.in_order("try_map", workers, fallible(f))
    }

    /// As [`map_unordered`](Self::map_unordered); the first `Err` stops the pipeline.
    #[track_caller]
    pub fn try_map_unordered<F, Fut, U, E>(self, workers: usize, f: F) -> Flow<U>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
        U: Send + 'static,
        E: Into<BoxedError> + 'static,
    {
        self.unordered("try_map_unordered", workers, fallible(f))
    }

    /// Lets those values through for which `keep` is true.
    #[track_caller]
    pub fn filter(self, mut keep: impl FnMut(&T) -> bool + Send + 'static) -> Self {
        self.one_worker("filter", async move |input, output| {
            while let Some(value) = input.recv().await {
                if keep(&value) && output.send(value).await.is_err() {
                    break;
                }
            }
        })
    }

    /// Gathers values: see [`flow::batch`](super::batch()).
    #[track_caller]
    pub fn batch(self, max: usize, within: Duration) -> Flow<Vec<T>> {
        self.timed("batch", move |input| timed::batch(input, max, within))
    }

    /// Lets a value through when no other has come for `quiet`: see [`flow::debounce`](super::debounce).
    #[track_caller]
    pub fn debounce(self, quiet: Duration) -> Self {
        self.timed("debounce", move |input| timed::debounce(input, quiet))
    }

    /// Lets the newest value through, one `every` so often: see [`flow::throttle`](super::throttle).
    #[track_caller]
    pub fn throttle(self, every: Duration) -> Self {
        self.timed("throttle", move |input| timed::throttle(input, every))
    }

    /// Lets each value through when `limiter` permits it. The limiter can be shared with others.
    #[cfg(feature = "rate-limit")]
    #[track_caller]
    pub fn rate_limit(self, limiter: super::RateLimiter) -> Self {
        self.one_worker("rate_limit", async move |input, output| {
            while let Some(value) = input.recv().await {
                limiter.turn().await;
                if output.send(value).await.is_err() {
                    break;
                }
            }
        })
    }

    /// Starts the pipeline: its output, and the handle that gives its failure.
    #[track_caller]
    pub fn into_receiver(self) -> (Receiver<T>, Pipeline) {
        (self.input, Pipeline::start(self.starts, self.fed_by))
    }

    /// Starts the pipeline, whose output goes to `output`. It stops when that is closed; a value that its policy turns away
    /// (full, timed out) is a failure of the pipeline.
    #[track_caller]
    pub fn send_to(mut self, output: Sender<T>) -> Pipeline {
        let (input, tx) = (self.input, output.clone());
        self.starts.push(starting("send_to", async move {
            while let Some(value) = input.recv().await {
                match tx.send(value).await {
                    Ok(()) => {}
                    Err(error) if error.kind() == SendErrorKind::Closed => break,
                    // The value is lost, and nobody else would say so.
                    Err(error) => return Err(Error::msg(error.to_string())),
                }
            }
            Ok(())
        }));
        drop(self.fed_by);
        Pipeline::start(self.starts, Some(output))
    }

    /// Starts the pipeline, with `f` as its last stage.
    #[track_caller]
    pub fn for_each<F, Fut>(self, workers: usize, f: F) -> Pipeline
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.ending("for_each", workers, infallible(f))
    }

    /// As [`for_each`](Self::for_each); the first `Err` stops the pipeline.
    #[track_caller]
    pub fn try_for_each<F, Fut, E>(self, workers: usize, f: F) -> Pipeline
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxedError> + 'static,
    {
        self.ending("try_for_each", workers, fallible(f))
    }

    // ---- how stages are made ----

    /// A stage whose output is `capacity` values, or as many as there are workers.
    #[track_caller]
    fn stage<U: Send + 'static>(self, workers: usize, start: impl FnOnce(Receiver<T>, Sender<U>) -> Start) -> Flow<U> {
        let Self { input, fed_by, mut starts, capacity } = self;
        // So that the channel closes with the stage before.
        drop(fed_by);
        let (tx, output) = channel(capacity.unwrap_or(workers));
        starts.push(start(input, tx.clone()));
        Flow { input: output, fed_by: Some(tx), starts, capacity }
    }

    #[track_caller]
    fn in_order<U, F, Fut>(self, name: &'static str, workers: usize, f: F) -> Flow<U>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U>> + Send + 'static,
        U: Send + 'static,
    {
        if workers <= 1 {
            return self.unordered(name, 1, f);
        }
        let site = Location::caller();
        self.stage(workers, move |input, output| {
            Box::new(move |all| {
                let (f, turns) = (Arc::new(f), Turns::new());
                for _ in 0..workers {
                    let worker = work_in_order(input.clone(), output.clone(), Arc::clone(&f), turns.clone());
                    all.spawn(name, site, worker);
                }
            })
        })
    }

    #[track_caller]
    fn unordered<U, F, Fut>(self, name: &'static str, workers: usize, f: F) -> Flow<U>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U>> + Send + 'static,
        U: Send + 'static,
    {
        let workers = workers.max(1);
        let site = Location::caller();
        self.stage(workers, move |input, output| {
            Box::new(move |all| {
                let f = Arc::new(f);
                for _ in 0..workers {
                    all.spawn(name, site, work(input.clone(), output.clone(), Arc::clone(&f)));
                }
            })
        })
    }

    #[track_caller]
    fn one_worker<U, W, Fut>(self, name: &'static str, worker: W) -> Flow<U>
    where
        W: FnOnce(Receiver<T>, Sender<U>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
        U: Send + 'static,
    {
        let site = Location::caller();
        self.stage(1, move |input, output| {
            let worker = worker(input, output);
            Box::new(move |workers| {
                workers.spawn(name, site, async move {
                    worker.await;
                    Ok(())
                });
            })
        })
    }

    #[track_caller]
    fn timed<R>(
        self,
        name: &'static str,
        see: impl FnOnce(Receiver<T>) -> Timed<T, R> + Send + 'static,
    ) -> Flow<R::Item>
    where
        R: Rule<T, Item: Send> + Send + 'static,
    {
        self.one_worker(name, async move |input, output| {
            // Here, so that its clock starts with the pipeline.
            let mut timed = see(input);
            while let Some(item) = timed.next().await {
                if output.send(item).await.is_err() {
                    break;
                }
            }
        })
    }

    #[track_caller]
    fn ending<F, Fut>(mut self, name: &'static str, workers: usize, f: F) -> Pipeline
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let (input, site) = (self.input, Location::caller());
        self.starts.push(Box::new(move |all| {
            let f = Arc::new(f);
            for _ in 0..workers.max(1) {
                all.spawn(name, site, consume(input.clone(), Arc::clone(&f)));
            }
        }));
        drop(self.fed_by);
        Pipeline::start(self.starts, None::<Sender<()>>)
    }
}

/// What starts a stage of one worker.
#[track_caller]
pub(super) fn starting(name: &'static str, worker: impl Future<Output = Result<()>> + Send + 'static) -> Start {
    let site = Location::caller();
    Box::new(move |workers| workers.spawn(name, site, worker))
}

/// A future whose output is turned into a worker's result.
type Judged<Fut, U> = Map<Fut, fn(<Fut as Future>::Output) -> Result<U>>;

/// A function that never fails, as one that may.
fn infallible<T, F, Fut>(f: F) -> impl Fn(T) -> Judged<Fut, Fut::Output>
where
    F: Fn(T) -> Fut,
    Fut: Future,
{
    move |value| f(value).map(Ok)
}

/// A function whose errors are of any kind.
fn fallible<T, F, Fut, U, E>(f: F) -> impl Fn(T) -> Judged<Fut, U>
where
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<U, E>>,
    E: Into<BoxedError>,
{
    move |value| f(value).map(|result| result.map_err(|error| Error::from_boxed(error.into())))
}

impl<T> fmt::Debug for Flow<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("stages", &self.starts.len()).finish_non_exhaustive()
    }
}
