//! A channel that gives each value to every receiver.
//!
//! Tokio's broadcast keeps the values; the wake-ups are Vela's, so that one `&Receiver` can be waited for by
//! several tasks and a wait that loses in a `select!` has nothing to give back. Order: a value is stored (or the
//! last sender dropped) first, then those who wait are woken; a receiver registers first and looks then.
//!
//! Values are cloned, and dropped where they are overwritten, under the channel's locks: a value's `clone` and `drop` must not
//! touch the channel. Put values for which that is not so into an `Arc`.
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! # vela::block_on(async {
//! let (tx, a) = vela::broadcast::channel(16);
//! let b = tx.subscribe();
//! tx.send("hello").ok();
//! assert_eq!(a.recv().await, Some(Ok("hello")));     // `<-a` inside `vela!`
//! assert_eq!(b.recv().await, Some(Ok("hello")));
//! # });
//! ```

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::sync::broadcast as inner;
use tokio::sync::futures::Notified;

use crate::monitor::{Audience, ChannelMonitor, Seat};
use crate::ops::{Receive, Transmit};
use crate::rt::seam::Subject;
use crate::rt::{self, Site};
use crate::select::Polled;

/// A channel that keeps the last `capacity` values (rounded up to a power of two, at least 1) for receivers
/// that are slower. A send never waits: who is further behind loses the oldest values and is told how many.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::broadcast::channel(2);
/// for n in 0..5 {
///     tx.send(n).ok();
/// }
/// assert_eq!(rx.try_recv().unwrap_err().lagged(), Some(3));
/// assert_eq!(rx.try_recv().ok(), Some(3));
/// ```
#[must_use]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = inner::channel(places(capacity));
    let sent = Arc::new(Notify::new());
    let receiver = Receiver { inner: Mutex::new(rx), sent: Arc::clone(&sent), seat: None };
    (Sender { inner: tx, sent: Farewell(sent), audience: None }, receiver)
}

/// A [`channel`] with a name, which is [monitored](crate::monitor).
///
/// Of each value is counted that it was sent, and by how many it was received; what a receiver was too slow for is counted as
/// dropped, once the receiver is told. The depth is what is kept for the slowest receiver, and a value is in the queue until the slowest
/// has had it, or has missed it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::broadcast::channel_named("prices", 4);
/// for price in 0..6 {
///     tx.send(price).ok();
/// }
/// let monitor = tx.monitor().expect("it has a name");
/// assert_eq!((monitor.depth(), monitor.capacity()), (4, Some(4)));
///
/// while rx.try_recv() != Err(vela::broadcast::TryRecvError::Empty) {}
/// let seen = monitor.snapshot();
/// assert_eq!((seen.sent, seen.received, seen.dropped, seen.depth), (6, 4, 2, 0));
/// ```
#[must_use]
pub fn channel_named<T: Clone>(name: impl Into<Box<str>>, capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (mut tx, mut rx) = channel(capacity);
    let audience = Audience::new(name.into(), places(capacity));
    rx.seat = Some(audience.seat(|| ()).1);
    tx.audience = Some(audience);
    (tx, rx)
}

/// How many values are kept for a slow receiver.
fn places(capacity: usize) -> usize {
    // Tokio's own bounds, which it would panic on.
    capacity.clamp(1, usize::MAX >> 2).next_power_of_two()
}

/// The sending end; its clones send to the same receivers. The channel closes with the last of them.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::broadcast::channel(8);
/// let more = tx.subscribe();
/// assert_eq!(tx.send("all").ok(), Some(2));
/// assert_eq!((rx.try_recv().ok(), more.try_recv().ok()), (Some("all"), Some("all")));
/// ```
pub struct Sender<T> {
    inner: inner::Sender<T>,
    /// After `inner`, so that it is dropped after it.
    sent: Farewell,
    /// If it is monitored.
    audience: Option<Arc<Audience>>,
}

/// Wakes the receivers when a sender has gone: it may have been the last.
struct Farewell(Arc<Notify>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl<T> Sender<T> {
    /// Gives the value to every receiver there is, and says how many these are.
    ///
    /// # Errors
    ///
    /// [`SendError`] gives the value back if there is no receiver. A later [`subscribe`](Self::subscribe) makes
    /// sending work again.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let send = || self.inner.send(value).map_err(|error| SendError(error.0));
        let receivers = match &self.audience {
            None => send()?,
            Some(audience) => audience.send(send)?,
        };
        self.sent.0.notify_waiters();
        Ok(receivers)
    }

    /// One more receiver, of the values that are sent from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::seated(self.audience.as_ref(), || self.inner.subscribe(), &self.sent.0)
    }

    /// What is counted on the channel; `None` if it [has no name](channel).
    #[must_use]
    pub fn monitor(&self) -> Option<ChannelMonitor> {
        self.audience.as_ref().map(|audience| audience.monitor())
    }

    /// How many values are kept for the slowest receiver.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether every receiver has had everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.inner.receiver_count()
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// Whether both send to the same receivers.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Whether there is no receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.receiver_count() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        rt::operation("closed", self.inner.closed())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        let sent = Farewell(Arc::clone(&self.sent.0));
        Self { inner: self.inner.clone(), sent, audience: self.audience.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Sender").field("receivers", &self.receiver_count()).finish()
    }
}

/// Ready at once: a broadcast never waits.
impl<'a, T> Transmit<T> for &'a Sender<T> {
    type Output = Result<(), SendError<T>>;
    type Case = Polled<Send<'a, T>>;

    fn transmit(self, value: T) -> Self::Case {
        Polled::new(Send { sender: self, value: Some(value) })
    }
}

/// The sending arm of a `select!`: it sends when it is polled.
///
/// # Cancel safety
///
/// Dropped before that, it drops the value, unsent.
#[must_use = "futures do nothing unless awaited"]
pub struct Send<'a, T> {
    sender: &'a Sender<T>,
    value: Option<T>,
}

// The value is never pinned.
impl<T> Unpin for Send<'_, T> {}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(rt::poll_budget(cx));
        let Some(value) = self.value.take() else { return Poll::Pending };
        budget.charge();
        Poll::Ready(self.sender.send(value).map(drop))
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Send").finish_non_exhaustive()
    }
}

/// The receiving end. Several tasks may wait through one `&Receiver`: each value goes to one of them.
pub struct Receiver<T> {
    inner: Mutex<inner::Receiver<T>>,
    sent: Arc<Notify>,
    /// If it is monitored. After `inner`, so that it is dropped after it.
    seat: Option<Seat>,
}

impl<T: Clone> Receiver<T> {
    /// Waits for the next value: `None` once the last sender is gone and everything was received.
    ///
    /// # Errors
    ///
    /// `Some(Err(Lagged))` says how many values this receiver was too slow for; the next receive goes on with the
    /// oldest one kept.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv { receiver: self, site: Site::here(), sent: self.sent.notified() }
    }

    /// The next value, if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`]: nothing there, closed, or lagged.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut inner = self.inner.lock();
        let result = self.take(&mut inner);
        drop(inner);
        self.tell();
        result
    }

    /// The next value, counted; the rest of a try, after the lock, is to [`tell`](Self::tell).
    fn take(&self, inner: &mut inner::Receiver<T>) -> Result<T, TryRecvError> {
        let result = inner.try_recv().map_err(|error| match error {
            inner::error::TryRecvError::Empty => TryRecvError::Empty,
            inner::error::TryRecvError::Closed => TryRecvError::Closed,
            inner::error::TryRecvError::Lagged(missed) => TryRecvError::Lagged(Lagged { missed }),
        });
        if let Some(seat) = &self.seat {
            match &result {
                Ok(_) => seat.took(1, 0),
                Err(TryRecvError::Lagged(lagged)) => seat.took(0, lagged.missed),
                Err(TryRecvError::Empty | TryRecvError::Closed) => {}
            }
        }
        result
    }

    fn tell(&self) {
        if let Some(seat) = &self.seat {
            seat.tell();
        }
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
    pub fn recv_blocking(&self) -> Option<Result<T, Lagged>> {
        rt::assert_may_block("broadcast::Receiver::recv_blocking");
        rt::park_on(self.recv())
    }

    /// The newest value, and how many were passed over on the way to it. It takes those there are at the time of the call: what is
    /// sent meanwhile may be left. Never `Lagged`.
    pub(crate) fn try_recv_newest(&self) -> (Result<T, TryRecvError>, u64) {
        let (mut newest, mut older, mut missed) = (Err(TryRecvError::Empty), Vec::new(), 0);
        let mut inner = self.inner.lock();
        for _ in 0..=inner.len() {
            match inner.try_recv() {
                Ok(value) => older.extend(std::mem::replace(&mut newest, Ok(value)).ok()),
                Err(inner::error::TryRecvError::Lagged(lost)) => missed += lost,
                Err(inner::error::TryRecvError::Empty) => break,
                Err(inner::error::TryRecvError::Closed) => {
                    if newest.is_err() {
                        newest = Err(TryRecvError::Closed);
                    }
                    break;
                }
            }
        }
        let passed = older.len() as u64;
        if let Some(seat) = &self.seat {
            // Those that were passed over were received; who asks for the newest leaves them out himself.
            seat.took(passed + u64::from(newest.is_ok()), missed);
        }
        drop(inner);
        self.tell();
        (newest, missed + passed)
    }

    /// The next value, and how many were missed. If some were, this was the end: it receives nothing any more, and counts no longer
    /// as a receiver. Both under one lock, so that nobody else receives what lies behind the gap. Never `Lagged`.
    pub(crate) fn try_recv_or_end(&self) -> (Result<T, TryRecvError>, u64) {
        let mut inner = self.inner.lock();
        let result = self.take(&mut inner);
        let Err(TryRecvError::Lagged(Lagged { missed })) = result else {
            drop(inner);
            self.tell();
            return (result, 0);
        };
        let (_, nothing) = inner::channel(1);
        let old = std::mem::replace(&mut *inner, nothing);
        if let Some(seat) = &self.seat {
            seat.leave();
        }
        drop(inner);
        drop(old);
        self.tell();
        self.sent.notify_waiters();
        (Err(TryRecvError::Closed), missed)
    }

    /// One more receiver, of the values that are sent from now on.
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        let audience = self.seat.as_ref().map(Seat::audience);
        let inner = self.inner.lock();
        Self::seated(audience, || inner.resubscribe(), &self.sent)
    }
}

impl<T> Receiver<T> {
    fn seated(
        audience: Option<&Arc<Audience>>,
        subscribe: impl FnOnce() -> inner::Receiver<T>,
        sent: &Arc<Notify>,
    ) -> Self {
        let (inner, seat) = match audience {
            None => (subscribe(), None),
            Some(audience) => {
                let (inner, seat) = audience.seat(subscribe);
                (inner, Some(seat))
            }
        };
        Self { inner: Mutex::new(inner), sent: Arc::clone(sent), seat }
    }

    /// What is counted on the channel; `None` if it [has no name](channel).
    #[must_use]
    pub fn monitor(&self) -> Option<ChannelMonitor> {
        self.seat.as_ref().map(|seat| seat.audience().monitor())
    }

    /// Rung after each value, and when a sender has gone.
    pub(crate) fn bell(&self) -> &Arc<Notify> {
        &self.sent
    }

    /// How many values this receiver has not received yet, those it missed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().len()
    }

    /// Whether it has received everything so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.lock().is_empty()
    }

    /// Whether the last sender is gone; values may be left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.lock().is_closed()
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.inner.lock().sender_strong_count()
    }

    /// Whether both receive from the same senders.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.sent, &other.sent)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Receiver").finish_non_exhaustive()
    }
}

impl<'a, T: Clone> Receive for &'a Receiver<T> {
    type Output = Option<Result<T, Lagged>>;
    type Case = Polled<Recv<'a, T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a, T: Clone> IntoFuture for &'a Receiver<T> {
    type Output = Option<Result<T, Lagged>>;
    type IntoFuture = Recv<'a, T>;

    #[track_caller]
    fn into_future(self) -> Recv<'a, T> {
        self.recv()
    }
}

pin_project! {
    /// The future of [`Receiver::recv`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Recv<'a, T> {
        receiver: &'a Receiver<T>,
        site: Site,
        #[pin]
        sent: Notified<'a>,
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Option<Result<T, Lagged>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        this.site.operate(cx, "broadcast recv", Subject::Other, |cx| {
            loop {
                // Registered first, then looked: a send in between wakes us.
                this.sent.as_mut().enable();
                let output = match this.receiver.try_recv() {
                    Ok(value) => Some(Ok(value)),
                    Err(TryRecvError::Lagged(lagged)) => Some(Err(lagged)),
                    Err(TryRecvError::Closed) => None,
                    Err(TryRecvError::Empty) => {
                        if this.sent.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        // Woken for a value that another task has taken through the same receiver.
                        this.sent.set(this.receiver.sent.notified());
                        continue;
                    }
                };
                return Poll::Ready(output);
            }
        })
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Recv").finish_non_exhaustive()
    }
}

/// There is no receiver; the value is inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> SendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the broadcast channel has no receiver")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// A receiver was too slow and has missed values.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::broadcast::channel(1);
/// tx.send(1).ok();
/// tx.send(2).ok();
/// let missed = rx.recv_blocking().and_then(Result::err).map(|lagged| lagged.missed());
/// assert_eq!(missed, Some(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged {
    missed: u64,
}

impl Lagged {
    /// How many values were missed.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the receiver was too slow and has missed {} values", self.missed)
    }
}

impl std::error::Error for Lagged {}

/// Why [`Receiver::try_recv`] gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing is there now.
    Empty,
    /// The last sender is gone and everything was received.
    Closed,
    /// Values were missed; the next receive goes on with the oldest one kept.
    Lagged(Lagged),
}

impl TryRecvError {
    /// How many values were missed, if that is the error.
    #[must_use]
    pub fn lagged(&self) -> Option<u64> {
        match self {
            Self::Lagged(lagged) => Some(lagged.missed),
            Self::Empty | Self::Closed => None,
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no value is there"),
            Self::Closed => f.write_str("the broadcast channel is closed"),
            Self::Lagged(lagged) => lagged.fmt(f),
        }
    }
}

impl std::error::Error for TryRecvError {}
