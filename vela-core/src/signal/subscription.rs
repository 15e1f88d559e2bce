//! A subscription: the values of a signal as a source for `<-`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::sync::Notify;

use super::Signal;
use super::root;
use crate::ops::Receive;
use crate::rt;
use crate::select::Polled;
use crate::sync::look::{self, Look, Streaming, Wait};

/// The values of a signal, the newest each time; made by [`Signal::subscribe`] and [`Signal::changes`].
///
/// A receive gives the newest value that this subscription has not given yet, and `None` once all setters are gone and the
/// last value was given. Several tasks may wait through one `&Subscription`: each value goes to one of them. A clone goes on by
/// itself from here. It is also a `Stream`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (setter, signal) = vela::signal::new(1);
/// let even = signal.map(|n| n % 2 == 0).distinct();
/// let values = even.subscribe();
/// assert_eq!(values.recv().await, Some(false));
/// setter.set(3);
/// setter.set(4);
/// assert_eq!(values.recv().await, Some(true));
/// # });
/// ```
pub struct Subscription<T> {
    signal: Signal<T>,
    /// Under which the bell is entered in the roots.
    number: u64,
    bell: Arc<Notify>,
    /// The stamp of what was given last.
    seen: Mutex<Option<u64>>,
    streaming: Streaming,
}

impl<T> Subscription<T> {
    pub(super) fn new(signal: Signal<T>, seen: Option<u64>) -> Self {
        let (number, bell) = (root::number(), Arc::new(Notify::new()));
        for root in signal.node.roots() {
            root.add_bell(number, &bell);
        }
        Self { signal, number, bell, seen: Mutex::new(seen), streaming: Streaming::default() }
    }

    /// The signal.
    #[must_use]
    pub fn signal(&self) -> &Signal<T> {
        &self.signal
    }

    /// Whether all setters are gone; a value may be left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.signal.is_closed()
    }
}

impl<T: Send + Sync + 'static> Subscription<T> {
    /// Waits for the next value: `None` once all setters are gone and the last value was given.
    ///
    /// # Panics
    ///
    /// When polled: as [`Signal::get`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, T>
    where
        T: Clone,
    {
        Recv { wait: Wait::new(self, "signal recv") }
    }

    /// The newest value, if it was not given yet.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`]: unchanged, or closed.
    ///
    /// # Panics
    ///
    /// As [`Signal::get`].
    pub fn try_recv(&self) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        self.take(|value| T::clone(value))
    }

    /// Waits on a thread that drives no tasks.
    ///
    /// # Panics
    ///
    /// In an async context, and as [`Signal::get`].
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<T>
    where
        T: Clone,
    {
        rt::assert_may_block("signal::Subscription::recv_blocking");
        rt::park_on(self.recv())
    }

    /// Whether there is a value that was not given.
    ///
    /// # Panics
    ///
    /// As [`Signal::get`].
    #[must_use]
    pub fn has_changed(&self) -> bool {
        let stamp = self.signal.look().stamp;
        self.is_new(stamp)
    }

    fn is_new(&self, stamp: u64) -> bool {
        self.seen.lock().is_none_or(|seen| seen < stamp)
    }

    /// Takes the newest value, through `copy`, which may be called in vain if somebody else takes it at the same time.
    fn take<R>(&self, copy: impl FnOnce(&Arc<T>) -> R) -> Result<R, TryRecvError> {
        // Asked first: the last setter's last value is seen below.
        let closed = self.is_closed();
        let version = self.signal.look();
        if self.is_new(version.stamp) {
            // Copied before it counts as given: if that panics, it was not.
            let value = copy(&version.value);
            let mut seen = self.seen.lock();
            if seen.is_none_or(|seen| seen < version.stamp) {
                *seen = Some(version.stamp);
                return Ok(value);
            }
        }
        Err(if closed { TryRecvError::Closed } else { TryRecvError::Unchanged })
    }

    fn look_through<R>(&self, copy: impl FnOnce(&Arc<T>) -> R) -> Poll<Option<R>> {
        match self.take(copy) {
            Ok(value) => Poll::Ready(Some(value)),
            Err(TryRecvError::Closed) => Poll::Ready(None),
            Err(TryRecvError::Unchanged) => Poll::Pending,
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Look for Subscription<T> {
    type Item = Option<T>;

    fn look(&self) -> Poll<Option<T>> {
        self.look_through(|value| T::clone(value))
    }

    fn bell(&self) -> &Arc<Notify> {
        &self.bell
    }
}

/// A subscription whose values are not copied.
pub(super) struct Whole<'a, T>(pub(super) &'a Subscription<T>);

impl<T: Send + Sync + 'static> Look for Whole<'_, T> {
    type Item = Option<Arc<T>>;

    fn look(&self) -> Poll<Option<Arc<T>>> {
        self.0.look_through(Arc::clone)
    }

    fn bell(&self) -> &Arc<Notify> {
        &self.0.bell
    }
}

impl<T> Clone for Subscription<T> {
    /// A subscription that has given what this one has given, and goes on by itself.
    fn clone(&self) -> Self {
        let seen = *self.seen.lock();
        Self::new(self.signal.clone(), seen)
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        for root in self.signal.node.roots() {
            root.remove_bell(self.number);
        }
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("signal::Subscription").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<'a, T: Clone + Send + Sync + 'static> Receive for &'a Subscription<T> {
    type Output = Option<T>;
    type Case = Polled<Recv<'a, T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a, T: Clone + Send + Sync + 'static> IntoFuture for &'a Subscription<T> {
    type Output = Option<T>;
    type IntoFuture = Recv<'a, T>;

    #[track_caller]
    fn into_future(self) -> Recv<'a, T> {
        self.recv()
    }
}

impl<T: Clone + Send + Sync + 'static> Stream for Subscription<T> {
    type Item = T;

    #[track_caller]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        look::poll_next(self.get_mut(), |this| &mut this.streaming, "signal recv", cx)
    }
}

pin_project! {
    /// The future of [`Subscription::recv`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Recv<'a, T> {
        #[pin]
        wait: Wait<'a, Subscription<T>>,
    }
}

impl<T: Clone + Send + Sync + 'static> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.project().wait.poll(cx)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("signal::Recv").finish_non_exhaustive()
    }
}

/// Why [`Subscription::try_recv`] gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// The newest value was given already.
    Unchanged,
    /// All setters are gone, and the newest value was given.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "the value has not changed",
            Self::Closed => "all setters of the signal are gone",
        })
    }
}

impl std::error::Error for TryRecvError {}
