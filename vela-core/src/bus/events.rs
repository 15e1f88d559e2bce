//! A subscription that goes on by itself when it was too slow.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::sync::Notify;

use super::Subscription;
use crate::broadcast::TryRecvError;
use crate::ops::Receive;
use crate::rt;
use crate::select::Polled;
use crate::sync::look::{self, Look, Streaming, Wait};

/// What a subscriber that was too slow wants; without one, it is told.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::bus::{EventBus, OnLag};
///
/// let bus = EventBus::with_capacity(2);
/// let skip = bus.subscribe::<u32>().on_lag(OnLag::Skip);
/// let newest = bus.subscribe::<u32>().on_lag(OnLag::Newest);
/// let close = bus.subscribe::<u32>().on_lag(OnLag::Close);
/// for n in 0..5_u32 {
///     bus.publish(n);
/// }
/// let next = [skip.recv_blocking(), newest.recv_blocking(), close.recv_blocking()];
/// assert_eq!(next, [Some(3), Some(4), None]);
/// assert_eq!([skip.lagged_total(), newest.lagged_total(), close.lagged_total()], [3, 4, 3]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnLag {
    /// To go on with the oldest event that is kept.
    Skip,
    /// To get the newest event each time, and to leave out those before it, also if it was not too slow for them.
    Newest,
    /// To end: nothing more is received, and it is no subscriber any longer.
    Close,
}

/// The events of a topic, without errors; made by [`Subscription::on_lag`].
///
/// A receive gives an event, and `None` once the bus is gone and everything was received. Several tasks may wait through one
/// `&Events`: each event goes to one of them. It is also a `Stream`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::bus::{EventBus, OnLag};
///
/// # vela::block_on(async {
/// let bus = EventBus::new();
/// let lines = bus.subscribe::<&str>().on_lag(OnLag::Skip);
/// bus.publish("hello");
/// assert_eq!(lines.recv().await, Some("hello"));
/// # });
/// ```
pub struct Events<E> {
    subscription: Subscription<E>,
    policy: OnLag,
    streaming: Streaming,
}

impl<E: Clone + Send + 'static> Events<E> {
    pub(super) fn new(subscription: Subscription<E>, policy: OnLag) -> Self {
        Self { subscription, policy, streaming: Streaming::default() }
    }

    /// Waits for the next event: `None` once the bus is gone and everything was received, or this subscriber was too slow under
    /// [`OnLag::Close`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn recv(&self) -> EventsRecv<'_, E> {
        EventsRecv { wait: Wait::new(self, "bus recv") }
    }

    /// The next event, if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`]: nothing there, or closed. Never `Lagged`.
    pub fn try_recv(&self) -> Result<E, TryRecvError> {
        let receiver = self.subscription.receiver();
        let (result, left_out) = match self.policy {
            OnLag::Skip => loop {
                let result = self.subscription.try_recv();
                if !matches!(result, Err(TryRecvError::Lagged(_))) {
                    return result;
                }
            },
            OnLag::Newest => receiver.try_recv_newest(),
            OnLag::Close => receiver.try_recv_or_end(),
        };
        self.subscription.count(left_out);
        result
    }

    /// Waits on a thread that drives no tasks.
    ///
    /// # Panics
    ///
    /// In an async context.
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<E> {
        rt::assert_may_block("bus::Events::recv_blocking");
        rt::park_on(self.recv())
    }
}

impl<E> Events<E> {
    /// What it does when it was too slow.
    #[must_use]
    pub fn policy(&self) -> OnLag {
        self.policy
    }

    /// How many events this subscriber has left out, since it was made: those it was too slow for, and under [`OnLag::Newest`]
    /// those that were not the newest.
    #[must_use]
    pub fn lagged_total(&self) -> u64 {
        self.subscription.lagged_total()
    }

    /// How many events it has not received yet, those it missed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subscription.len()
    }

    /// Whether it has received everything so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscription.is_empty()
    }

    /// Whether the bus is gone, or this subscriber was ended for being too slow; in the first case events may be left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.subscription.is_closed()
    }

    /// The topic's name; `None` if it is the topic of the type.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.subscription.topic()
    }
}

impl<E> fmt::Debug for Events<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("bus::Events");
        out.field("topic", &self.topic()).field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl<E: Clone + Send + 'static> Look for Events<E> {
    type Item = Option<E>;

    fn look(&self) -> Poll<Option<E>> {
        match self.try_recv() {
            Ok(event) => Poll::Ready(Some(event)),
            Err(TryRecvError::Closed) => Poll::Ready(None),
            Err(TryRecvError::Empty | TryRecvError::Lagged(_)) => Poll::Pending,
        }
    }

    fn bell(&self) -> &Arc<Notify> {
        self.subscription.receiver().bell()
    }
}

impl<'a, E: Clone + Send + 'static> Receive for &'a Events<E> {
    type Output = Option<E>;
    type Case = Polled<EventsRecv<'a, E>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a, E: Clone + Send + 'static> IntoFuture for &'a Events<E> {
    type Output = Option<E>;
    type IntoFuture = EventsRecv<'a, E>;

    #[track_caller]
    fn into_future(self) -> EventsRecv<'a, E> {
        self.recv()
    }
}

impl<E: Clone + Send + 'static> Stream for Events<E> {
    type Item = E;

    #[track_caller]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E>> {
        look::poll_next(self.get_mut(), |this| &mut this.streaming, "bus recv", cx)
    }
}

pin_project! {
    /// The future of [`Events::recv`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless awaited"]
    pub struct EventsRecv<'a, E> {
        #[pin]
        wait: Wait<'a, Events<E>>,
    }
}

impl<E: Clone + Send + 'static> Future for EventsRecv<'_, E> {
    type Output = Option<E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E>> {
        self.project().wait.poll(cx)
    }
}

impl<E> fmt::Debug for EventsRecv<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("bus::EventsRecv").finish_non_exhaustive()
    }
}
