//! One receiver to many, many receivers to one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::join_all;

use super::builder::{Flow, from_source, starting};
use super::pipeline::Pipeline;
use super::until::unless;
use crate::chan::{Receiver, RecvFromSet, SelectSet, Sender, channel};
use crate::ops::Receive;
use crate::select::Polled;

/// `n` receivers of which each value goes to one: to the one that has waited longest. They are clones of `input`, so it needs
/// no task and no buffer; a slow one gets fewer values, and one that is dropped leaves its share to the others.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel(4);
/// let workers: Vec<_> = vela::flow::fan_out(rx, 3)
///     .into_iter()
///     .map(|jobs| vela::task::spawn(async move {
///         let mut sum = 0;
///         while let Some(n) = jobs.recv().await {
///             sum += n;
///         }
///         sum
///     }))
///     .collect();
/// for n in 1..=10 {
///     tx.send(n).await?;
/// }
/// drop(tx);
/// let mut sum = 0;
/// for worker in workers {
///     sum += worker.await?;
/// }
/// assert_eq!(sum, 55);
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn fan_out<T>(input: Receiver<T>, n: usize) -> Vec<Receiver<T>> {
    std::iter::repeat_n(input, n).collect()
}

/// `n` receivers of which each gets every value, each from a channel of its own that buffers `capacity` values (0 is a
/// rendezvous), in the order of `input`.
///
/// - **Overload.** The slowest holds up the others, and so the senders, once its channel is full.
/// - A receiver that is dropped is left out. With the last of them the task ends, and the senders see their channel closed.
/// - **Failure.** A `clone` that panics closes all channels; the [`Pipeline`] gives the panic.
///
/// To lose values instead of waiting for slow receivers, and for receivers that come and go: [`broadcast`](crate::broadcast).
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel(1);
/// let (outputs, pipeline) = vela::flow::fan_out_all(rx, 2, 1);
/// tx.send("all").await?;
/// drop(tx);
/// for output in &outputs {
///     assert_eq!(output.recv().await, Some("all"));
///     assert_eq!(output.recv().await, None);
/// }
/// pipeline.join().await?;
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn fan_out_all<T>(input: Receiver<T>, n: usize, capacity: usize) -> (Vec<Receiver<T>>, Pipeline)
where
    T: Clone + Send + 'static,
{
    let mut outputs = Vec::with_capacity(n);
    let mut receivers = Vec::with_capacity(n);
    for _ in 0..n {
        let (tx, rx) = channel(capacity);
        outputs.push(tx);
        receivers.push(rx);
    }
    let start = starting("fan_out_all", async move {
        copy(input, outputs).await;
        Ok(())
    });
    (receivers, Pipeline::start(vec![start], None::<Sender<()>>))
}

async fn copy<T: Clone>(input: Receiver<T>, mut outputs: Vec<Sender<T>>) {
    while !outputs.is_empty() {
        let Some(Some(value)) = unless(all_closed(&outputs), input.recv()).await else { return };
        let copies = vec![value; outputs.len()];
        // At once, so that the order in which the receivers look is theirs.
        let sent = join_all(outputs.iter().zip(copies).map(|(output, copy)| output.send(copy))).await;
        let mut sent = sent.into_iter();
        outputs.retain(|_| sent.next().is_some_and(|sent| sent.is_ok()));
    }
}

async fn all_closed<T>(outputs: &[Sender<T>]) {
    for output in outputs {
        output.closed().await;
    }
}

/// Many receivers as one source, without a task: `<-merged` gives the next value of any of them, and `None` once all of
/// them are closed and drained.
///
/// Among receivers that have a value each is equally likely; the values of one keep their order. Nothing is buffered, so the
/// senders are held up as if they had this receiver alone. Which receiver a value came from is told by
/// [`SelectSet`], of which this is made; as a `Stream` take futures' `select_all` of
/// [streams](Receiver::stream).
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (tx_a, a) = vela::channel(2);
/// let (tx_b, b) = vela::channel(2);
/// tx_a.send(1).await?;
/// tx_b.send(2).await?;
/// drop((tx_a, tx_b));
/// let mut merged = vela::flow::fan_in([a, b]);
/// let mut sum = 0;
/// while let Some(n) = merged.recv().await {     // `for n in <-merged { … }` inside `vela!`
///     sum += n;
/// }
/// assert_eq!(sum, 3);
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn fan_in<T>(receivers: impl IntoIterator<Item = Receiver<T>>) -> FanIn<T> {
    let mut set = SelectSet::new();
    for receiver in receivers {
        set.insert(receiver);
    }
    FanIn { set }
}

/// See [`fan_in`].
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let mut merged = vela::flow::fan_in([]);
/// let (tx, rx) = vela::channel(1);
/// merged.insert(rx);
/// tx.send(7).await?;
/// assert_eq!((merged.len(), merged.recv().await), (1, Some(7)));
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
pub struct FanIn<T> {
    set: SelectSet<T>,
}

impl<T> FanIn<T> {
    /// One receiver more.
    #[track_caller]
    pub fn insert(&mut self, receiver: Receiver<T>) {
        self.set.insert(receiver);
    }

    /// How many receivers there are; those that were found closed are not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether no receiver is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The next value of any receiver; `None` if none is left.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: a value that was handed to it goes back into its channel.
    #[track_caller]
    pub fn recv(&mut self) -> RecvFanIn<'_, T> {
        RecvFanIn { round: self.set.recv() }
    }

    /// A [pipeline](Flow) of the values.
    #[track_caller]
    pub fn flow(mut self) -> Flow<T>
    where
        T: Send + 'static,
    {
        from_source("fan_in", async move |output: Sender<T>| {
            while let Some(value) = self.recv().await {
                if output.send(value).await.is_err() {
                    break;
                }
            }
        })
    }
}

impl<'a, T> Receive for &'a mut FanIn<T> {
    type Output = Option<T>;
    type Case = Polled<RecvFanIn<'a, T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<T> fmt::Debug for FanIn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanIn").field("len", &self.len()).finish()
    }
}

/// The future of [`FanIn::recv`].
///
/// # Cancel safety
///
/// Dropping it loses nothing.
#[must_use = "futures do nothing unless they are awaited"]
pub struct RecvFanIn<'a, T> {
    round: RecvFromSet<'a, T>,
}

impl<T> Future for RecvFanIn<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            if self.round.set().is_empty() {
                return Poll::Ready(None);
            }
            let (index, value) = ready!(Pin::new(&mut self.round).poll(cx));
            if value.is_some() {
                return Poll::Ready(value);
            }
            // Closed: the others go on.
            self.round.set().remove(index);
        }
    }
}

impl<T> fmt::Debug for RecvFanIn<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFanIn").finish_non_exhaustive()
    }
}
