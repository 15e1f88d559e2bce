//! A value that changes, and those who watch it.
//!
//! Tokio's watch keeps the value and its version; the wake-ups are Vela's (see [`broadcast`](crate::broadcast)).
//! Order: the value is changed (or the last sender dropped) first, then those who wait are woken; a receiver
//! registers first and looks then.
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! # vela::block_on(async {
//! let (tx, rx) = vela::watch::channel(1);
//! assert_eq!(rx.get(), 1);
//! tx.send(2).ok();
//! tx.send(3).ok();
//! assert_eq!(rx.recv().await, Some(3));     // the newest; `<-rx` inside `vela!`
//! drop(tx);
//! assert_eq!(rx.recv().await, None);
//! # });
//! ```

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::sync::watch as inner;

use crate::monitor::{ChannelMonitor, Newest};
use crate::ops::{Receive, Transmit};
use crate::rt::seam::Subject;
use crate::rt::{self, Site};
use crate::select::Polled;

/// A value that starts as `initial`: receivers see the newest one, and may miss those between.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::watch::channel("starting");
/// tx.send("ready").ok();
/// assert_eq!(*rx.borrow(), "ready");
/// ```
#[must_use]
pub fn channel<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = inner::channel(initial);
    let changed = Arc::new(Notify::new());
    let receiver = Receiver { view: rx.clone(), seen: Mutex::new(rx), changed: Arc::clone(&changed), newest: None };
    (Sender { inner: tx, changed: Farewell(changed), newest: None }, receiver)
}

/// A [`channel`] with a name, which is [monitored](crate::monitor).
///
/// Changes count as sent, and each receive of one as received. The depth is 1 from a change until the first receiver has received it; what
/// is only looked at ([`borrow`](Receiver::borrow), [`get`](Receiver::get), [`wait_for`](Receiver::wait_for)) is not counted. A value
/// that was passed over is none that was dropped, and there is no capacity: a watch is never full.
///
/// The value's `clone` runs under the monitor's lock, too: it must not touch the channel.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::watch::channel_named("limits", 10);
/// tx.send(20).ok();
/// tx.send(30).ok();
/// assert_eq!(rx.try_recv(), Ok(30));
///
/// let seen = tx.monitor().expect("it has a name").snapshot();
/// assert_eq!((seen.sent, seen.received, seen.depth, seen.dropped), (2, 1, 0, 0));
/// ```
#[must_use]
pub fn channel_named<T>(name: impl Into<Box<str>>, initial: T) -> (Sender<T>, Receiver<T>) {
    let (mut tx, mut rx) = channel(initial);
    let newest = Newest::new(name.into());
    rx.newest = Some(Arc::clone(&newest));
    tx.newest = Some(newest);
    (tx, rx)
}

/// The end that changes the value; the channel closes with the last of its clones.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::watch::channel(vec![1]);
/// tx.modify(|list| list.push(2));
/// assert_eq!(rx.get(), [1, 2]);
/// ```
pub struct Sender<T> {
    inner: inner::Sender<T>,
    /// After `inner`, so that it is dropped after it.
    changed: Farewell,
    /// If it is monitored.
    newest: Option<Arc<Newest>>,
}

/// Wakes the receivers when a sender has gone: it may have been the last.
struct Farewell(Arc<Notify>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl<T> Sender<T> {
    /// Changes the value.
    ///
    /// # Errors
    ///
    /// [`SendError`] gives the value back if there is no receiver; [`set`](Self::set) changes it all the same.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let send = || match self.inner.receiver_count() {
            0 => Err(SendError(value)),
            _ => Ok(self.inner.send_replace(value)),
        };
        let old = self.change(send, Result::is_ok)?;
        self.changed.0.notify_waiters();
        // After the news is out, and outside of all locks: its drop may panic, or use the channel.
        drop(old);
        Ok(())
    }

    /// Changes the value, whether or not somebody watches, and gives the old one back.
    pub fn set(&self, value: T) -> T {
        let old = self.change(|| self.inner.send_replace(value), |_| true);
        self.changed.0.notify_waiters();
        old
    }

    /// Changes the value in place. `change` runs under the channel's lock: it must not touch the channel.
    pub fn modify(&self, change: impl FnOnce(&mut T)) {
        self.change(|| self.inner.send_modify(change), |()| true);
        self.changed.0.notify_waiters();
    }

    /// Changes the value in place; the receivers are told only if `change` returns true. Gives back what it returned.
    pub fn modify_if(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let changed = self.change(|| self.inner.send_if_modified(change), |changed| *changed);
        if changed {
            self.changed.0.notify_waiters();
        }
        changed
    }

    fn change<R>(&self, change: impl FnOnce() -> R, did: impl FnOnce(&R) -> bool) -> R {
        match &self.newest {
            None => change(),
            Some(newest) => newest.change(change, did),
        }
    }

    /// What is counted on the channel; `None` if it [has no name](channel).
    #[must_use]
    pub fn monitor(&self) -> Option<ChannelMonitor> {
        self.newest.as_ref().map(|newest| newest.monitor())
    }

    /// A look at the value. Changes wait until the [`Ref`] is dropped: do not hold it across an `.await`.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { inner: self.inner.borrow() }
    }

    /// A copy of the value.
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.inner.borrow().clone()
    }

    /// One more receiver, which has seen the value as it is now.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        let rx = self.inner.subscribe();
        let changed = Arc::clone(&self.changed.0);
        Receiver { view: rx.clone(), seen: Mutex::new(rx), changed, newest: self.newest.clone() }
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        // Each of ours holds two of Tokio's.
        self.inner.receiver_count() / 2
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.inner.sender_count()
    }

    /// Whether both change the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Whether there is no receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
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
        let changed = Farewell(Arc::clone(&self.changed.0));
        Self { inner: self.inner.clone(), changed, newest: self.newest.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Sender").field("receivers", &self.receiver_count()).finish()
    }
}

/// Ready at once: a watch never waits.
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
        Poll::Ready(self.sender.send(value))
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Send").finish_non_exhaustive()
    }
}

/// The end that watches. Several tasks may wait through one `&Receiver`: each change goes to one of them; a clone
/// gives each its own view.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::watch::channel(0);
/// assert!(!rx.has_changed());
/// tx.send(5).ok();
/// assert_eq!(rx.try_recv().ok(), Some(5));
/// assert!(!rx.has_changed());
/// ```
pub struct Receiver<T> {
    /// For looking: it needs no lock, and says nothing about what was received.
    view: inner::Receiver<T>,
    /// Knows which version was received last.
    seen: Mutex<inner::Receiver<T>>,
    changed: Arc<Notify>,
    /// If it is monitored. Its lock comes before that of `seen`.
    newest: Option<Arc<Newest>>,
}

impl<T> Receiver<T> {
    /// A look at the value as it is now, which does not count as received. Changes wait until the [`Ref`] is
    /// dropped: do not hold it across an `.await`.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { inner: self.view.borrow() }
    }

    /// A copy of the value as it is now, which does not count as received.
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.view.borrow().clone()
    }

    /// Waits for a change and gives the newest value: `None` once the last sender is gone and the last change was
    /// received. The value there was when the receiver was made is no change.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, T>
    where
        T: Clone,
    {
        Recv { receiver: self, site: Site::here(), changed: self.changed.notified() }
    }

    /// The newest value, if it was not received yet.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`]: unchanged, or closed.
    pub fn try_recv(&self) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        match &self.newest {
            None => self.take(),
            Some(newest) => newest.receive(|| self.take()),
        }
    }

    fn take(&self) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        let mut seen = self.seen.lock();
        // Asked before looking at the value: a change by the last sender before it went is seen below.
        let closed = seen.is_closed();
        let value = seen.borrow_and_update();
        if value.has_changed() {
            Ok(value.clone())
        } else if closed {
            Err(TryRecvError::Closed)
        } else {
            Err(TryRecvError::Unchanged)
        }
    }

    /// Waits until the value, as it is now or after a change, satisfies `condition`, and gives a copy; `None` if the
    /// last sender goes first. `condition` runs under the channel's lock: it must not touch the channel.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn wait_for(&self, mut condition: impl FnMut(&T) -> bool) -> impl Future<Output = Option<T>>
    where
        T: Clone,
    {
        // Through the bell, and not through a receiver of Tokio's own: that would count as one.
        rt::operation("wait_for", async move {
            loop {
                let mut changed = pin!(self.changed.notified());
                changed.as_mut().enable();
                // Asked before looking at the value: a change by the last sender before it went is seen below.
                let closed = self.is_closed();
                let found = {
                    let value = self.view.borrow();
                    condition(&value).then(|| value.clone())
                };
                if closed || found.is_some() {
                    return found;
                }
                changed.await;
            }
        })
    }

    /// Waits on a thread that drives no tasks.
    ///
    /// # Panics
    ///
    /// In an async context.
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<T>
    where
        T: Clone,
    {
        rt::assert_may_block("watch::Receiver::recv_blocking");
        rt::park_on(self.recv())
    }

    /// Whether there is a change that was not received.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.seen.lock().borrow().has_changed()
    }

    /// Makes the value as it is now count as not received: the next receive gives it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// let (_tx, rx) = vela::watch::channel("initial");
    /// rx.mark_changed();
    /// assert_eq!(rx.try_recv(), Ok("initial"));
    /// ```
    pub fn mark_changed(&self) {
        self.seen.lock().mark_changed();
        self.changed.notify_waiters();
    }

    /// Makes the value as it is now count as received.
    pub fn mark_unchanged(&self) {
        self.seen.lock().mark_unchanged();
    }

    /// What is counted on the channel; `None` if it [has no name](channel).
    #[must_use]
    pub fn monitor(&self) -> Option<ChannelMonitor> {
        self.newest.as_ref().map(|newest| newest.monitor())
    }

    /// Whether the last sender is gone; a change may be left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.view.is_closed()
    }

    /// Whether both watch the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.view.same_channel(&other.view)
    }
}

impl<T> Clone for Receiver<T> {
    /// A receiver that has seen what this one has seen, and goes on by itself.
    fn clone(&self) -> Self {
        let seen = Mutex::new(self.seen.lock().clone());
        Self { view: self.view.clone(), seen, changed: Arc::clone(&self.changed), newest: self.newest.clone() }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Receiver").finish_non_exhaustive()
    }
}

impl<'a, T: Clone> Receive for &'a Receiver<T> {
    type Output = Option<T>;
    type Case = Polled<Recv<'a, T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a, T: Clone> IntoFuture for &'a Receiver<T> {
    type Output = Option<T>;
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
        changed: Notified<'a>,
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        this.site.operate(cx, "watch recv", Subject::Other, |cx| {
            loop {
                // Registered first, then looked: a change in between wakes us.
                this.changed.as_mut().enable();
                let output = match this.receiver.try_recv() {
                    Ok(value) => Some(value),
                    Err(TryRecvError::Closed) => None,
                    Err(TryRecvError::Unchanged) => {
                        if this.changed.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        // Woken for a change that another task has taken through the same receiver.
                        this.changed.set(this.receiver.changed.notified());
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
        f.debug_struct("watch::Recv").finish_non_exhaustive()
    }
}

/// A look at the value; the senders wait until it is dropped.
pub struct Ref<'a, T> {
    inner: inner::Ref<'a, T>,
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
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
        f.write_str("the watch channel has no receiver")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// Why [`Receiver::try_recv`] gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// The newest value was received already.
    Unchanged,
    /// The last sender is gone, and the newest value was received.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "the value has not changed",
            Self::Closed => "the watch channel is closed",
        })
    }
}

impl std::error::Error for TryRecvError {}
