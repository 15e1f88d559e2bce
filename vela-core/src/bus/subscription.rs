//! A subscription that is told of the events it was too slow for.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::sync::Notify;

use super::registry::Lease;
use super::{Events, OnLag};
use crate::broadcast::{Lagged, Receiver, Sender, TryRecvError};
use crate::ops::Receive;
use crate::rt;
use crate::select::Polled;
use crate::sync::look::{self, Look, Streaming, Wait};

/// The events of a topic from the time it was made; made by [`EventBus::subscribe`](super::EventBus::subscribe) and
/// [`Topic::subscribe`](super::Topic::subscribe).
///
/// A receive gives the next event, `Some(Err(Lagged))` if it was too slow for some, and `None` once the bus is gone and everything
/// was received. Several tasks may wait through one `&Subscription`: each event goes to one of them. It is also a `Stream`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let bus = vela::bus::EventBus::with_capacity(2);
/// let numbers = bus.subscribe::<u32>();
/// for n in 0..5_u32 {
///     bus.publish(n);
/// }
/// let missed = numbers.recv().await.and_then(Result::err).map(|lagged| lagged.missed());
/// assert_eq!(missed, Some(3));
/// assert_eq!(numbers.recv().await, Some(Ok(3)));
/// assert_eq!(numbers.lagged_total(), 3);
/// # });
/// ```
pub struct Subscription<E> {
    /// Before the lease, so that it is dropped before it: then the topic may go.
    receiver: Receiver<E>,
    lease: Lease,
    lagged: AtomicU64,
    streaming: Streaming,
}

impl<E: Clone + Send + 'static> Subscription<E> {
    pub(super) fn new(sender: &Sender<E>, lease: Lease) -> Self {
        Self { receiver: sender.subscribe(), lease, lagged: AtomicU64::new(0), streaming: Streaming::default() }
    }

    /// This subscription with another way to go on when it was too slow. It then gives events, and no errors.
    #[must_use]
    pub fn on_lag(self, policy: OnLag) -> Events<E> {
        Events::new(self, policy)
    }

    /// Waits for the next event: `None` once the bus is gone and everything was received.
    ///
    /// # Errors
    ///
    /// `Some(Err(Lagged))` says how many events this subscriber was too slow for; the next receive goes on with the oldest one
    /// kept.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, E> {
        Recv { wait: Wait::new(self, "bus recv") }
    }

    /// The next event, if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`]: nothing there, the bus is gone, or events were missed.
    pub fn try_recv(&self) -> Result<E, TryRecvError> {
        let result = self.receiver.try_recv();
        if let Err(TryRecvError::Lagged(lagged)) = &result {
            self.count(lagged.missed());
        }
        result
    }

    /// Waits on a thread that drives no tasks.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// In an async context.
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<Result<E, Lagged>> {
        rt::assert_may_block("bus::Subscription::recv_blocking");
        rt::park_on(self.recv())
    }

    /// One more subscription to the same topic, of the events that are published from now on.
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        let lagged = AtomicU64::new(0);
        let receiver = self.receiver.resubscribe();
        Self { receiver, lease: self.lease.clone(), lagged, streaming: Streaming::default() }
    }
}

impl<E> Subscription<E> {
    pub(super) fn receiver(&self) -> &Receiver<E> {
        &self.receiver
    }

    /// Counts events that were missed.
    pub(super) fn count(&self, missed: u64) {
        // Relaxed, here and below: a number to look at, which orders nothing.
        self.lagged.fetch_add(missed, Ordering::Relaxed);
    }

    /// How many events this subscriber was too slow for, since it was made; those that it has not been told of are not counted
    /// yet.
    #[must_use]
    pub fn lagged_total(&self) -> u64 {
        self.lagged.load(Ordering::Relaxed)
    }

    /// How many events it has not received yet, those it missed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.receiver.len()
    }

    /// Whether it has received everything so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// Whether the bus is gone; events may be left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.receiver.is_closed()
    }

    /// The topic's name; `None` if it is the topic of the type.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.lease.key().name()
    }
}

impl<E> fmt::Debug for Subscription<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("bus::Subscription").field("topic", &self.topic()).finish_non_exhaustive()
    }
}

impl<E: Clone + Send + 'static> Look for Subscription<E> {
    type Item = Option<Result<E, Lagged>>;

    fn look(&self) -> Poll<Self::Item> {
        match self.try_recv() {
            Ok(event) => Poll::Ready(Some(Ok(event))),
            Err(TryRecvError::Lagged(lagged)) => Poll::Ready(Some(Err(lagged))),
            Err(TryRecvError::Closed) => Poll::Ready(None),
            Err(TryRecvError::Empty) => Poll::Pending,
        }
    }

    fn bell(&self) -> &Arc<Notify> {
        self.receiver.bell()
    }
}

impl<'a, E: Clone + Send + 'static> Receive for &'a Subscription<E> {
    type Output = Option<Result<E, Lagged>>;
    type Case = Polled<Recv<'a, E>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a, E: Clone + Send + 'static> IntoFuture for &'a Subscription<E> {
    type Output = Option<Result<E, Lagged>>;
    type IntoFuture = Recv<'a, E>;

    #[track_caller]
    fn into_future(self) -> Recv<'a, E> {
        self.recv()
    }
}

impl<E: Clone + Send + 'static> Stream for Subscription<E> {
    type Item = Result<E, Lagged>;

    #[track_caller]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        look::poll_next(self.get_mut(), |this| &mut this.streaming, "bus recv", cx)
    }
}

pin_project! {
    /// The future of [`Subscription::recv`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Recv<'a, E> {
        #[pin]
        wait: Wait<'a, Subscription<E>>,
    }
}

impl<E: Clone + Send + 'static> Future for Recv<'_, E> {
    type Output = Option<Result<E, Lagged>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().wait.poll(cx)
    }
}

impl<E> fmt::Debug for Recv<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("bus::Recv").finish_non_exhaustive()
    }
}
