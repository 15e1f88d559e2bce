//! A channel for one value.
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! # vela::block_on(async {
//! let (tx, rx) = vela::oneshot::channel();
//! vela::task::spawn(async move { tx.send(7) });
//! assert_eq!(rx.recv().await, Some(7));     // `<-rx` inside `vela!`
//! # });
//! ```

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot as inner;

use crate::ops::{Receive, Transmit};
use crate::rt::seam::Subject;
use crate::rt::{self, Site};
use crate::select::Polled;
use crate::sync::shared::{Place, Shared};

/// A channel for one value, with one end to send it and one to receive it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::oneshot::channel();
/// assert!(tx.send("done").is_ok());
/// assert_eq!(rx.try_recv(), Ok("done"));
/// ```
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = inner::channel();
    (Sender { inner: tx }, Receiver { inner: Shared::new(Source::Open(rx)) })
}

/// The sending end; dropping it closes the channel.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::oneshot::channel();
/// drop(rx);
/// assert_eq!(tx.send(7).map_err(|error| error.into_inner()), Err(7));
/// ```
pub struct Sender<T> {
    inner: inner::Sender<T>,
}

impl<T> Sender<T> {
    /// Sends the value; never waits.
    ///
    /// # Errors
    ///
    /// [`SendError`] gives the value back if the receiver is gone or closed.
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        self.inner.send(value).map_err(SendError)
    }

    /// Whether nobody can receive any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Waits until nobody can receive any more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        rt::operation("closed", self.inner.closed())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Sender").field("closed", &self.is_closed()).finish()
    }
}

/// Ready at once; the sender is used up, whether or not the value was taken.
impl<T> Transmit<T> for Sender<T> {
    type Output = Result<(), SendError<T>>;
    type Case = Polled<Send<T>>;

    fn transmit(self, value: T) -> Self::Case {
        Polled::new(Send { parts: Some((self, value)) })
    }
}

/// The sending arm of a `select!`: it sends when it is polled.
///
/// # Cancel safety
///
/// Dropped before that, it drops the sender and the value, unsent.
#[must_use = "futures do nothing unless awaited"]
pub struct Send<T> {
    parts: Option<(Sender<T>, T)>,
}

// The value is never pinned.
impl<T> Unpin for Send<T> {}

impl<T> Future for Send<T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(rt::poll_budget(cx));
        let Some((sender, value)) = self.parts.take() else { return Poll::Pending };
        budget.charge();
        Poll::Ready(sender.send(value))
    }
}

impl<T> fmt::Debug for Send<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Send").finish_non_exhaustive()
    }
}

/// The receiving end. Several tasks may wait through one `&Receiver`: one gets the value, the others `None`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = vela::oneshot::channel::<u8>();
/// drop(tx);
/// assert_eq!(rx.recv_blocking(), None);
/// ```
pub struct Receiver<T> {
    inner: Shared<Source<T>>,
}

enum Source<T> {
    Open(inner::Receiver<T>),
    /// Taken from Tokio's channel by a look, and not received yet.
    Here(T),
    /// The value was received, or none will come.
    Over,
}

impl<T> Receiver<T> {
    /// Waits for the value: `None` once the sender is gone without sending, or the value was received.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: the value waits for the next receive.
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv { receiver: self, site: Site::here(), place: Place::default() }
    }

    /// The value, if it is there.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`] says whether it may still come.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let (result, old) = self.inner.with(|source| {
            let result = match source {
                Source::Open(rx) => match rx.try_recv() {
                    Ok(value) => Ok(value),
                    Err(inner::error::TryRecvError::Empty) => return (Err(TryRecvError::Empty), None),
                    Err(inner::error::TryRecvError::Closed) => Err(TryRecvError::Closed),
                },
                Source::Here(_) | Source::Over => Err(TryRecvError::Closed),
            };
            (result, Some(std::mem::replace(source, Source::Over)))
        });
        if old.is_some() {
            self.inner.wake_all();
        }
        match old {
            Some(Source::Here(value)) => Ok(value),
            _ => result,
        }
    }

    /// Waits on a thread that drives no tasks.
    ///
    /// # Panics
    ///
    /// In an async context.
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<T> {
        rt::assert_may_block("oneshot::Receiver::recv_blocking");
        rt::park_on(self.recv())
    }

    /// Refuses the value from now on; one that was sent before can still be received.
    pub fn close(&self) {
        self.inner.with(|source| {
            if let Source::Open(rx) = source {
                rx.close();
            }
        });
        self.inner.wake_all();
    }

    /// Whether no value is there now and none will come.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let (closed, old) = self.inner.with(|source| {
            let next = match source {
                Source::Open(rx) => match rx.try_recv() {
                    Ok(value) => Source::Here(value),
                    Err(inner::error::TryRecvError::Empty) => return (false, None),
                    Err(inner::error::TryRecvError::Closed) => Source::Over,
                },
                Source::Here(_) => return (false, None),
                Source::Over => return (true, None),
            };
            (matches!(next, Source::Over), Some(std::mem::replace(source, next)))
        });
        if old.is_some() {
            self.inner.wake_all();
        }
        closed
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Receiver").finish_non_exhaustive()
    }
}

impl<'a, T> Receive for &'a Receiver<T> {
    type Output = Option<T>;
    type Case = Polled<Recv<'a, T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a, T> IntoFuture for &'a Receiver<T> {
    type Output = Option<T>;
    type IntoFuture = Recv<'a, T>;

    #[track_caller]
    fn into_future(self) -> Recv<'a, T> {
        self.recv()
    }
}

/// The future of [`Receiver::recv`].
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'a, T> {
    receiver: &'a Receiver<T>,
    site: Site,
    place: Place,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(rt::poll_has_budget(cx));
        let result = self.as_mut().step(cx);
        self.site.polled(result.is_ready(), "oneshot recv", || Subject::Other);
        result
    }
}

impl<T> Recv<'_, T> {
    fn step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        // Tokio's receiver charges the budget itself.
        let (value, old) = ready!(this.receiver.inner.poll(&mut this.place, cx, |source, cx| {
            let value = match source {
                Source::Open(rx) => ready!(Pin::new(rx).poll(cx)).ok(),
                Source::Here(_) | Source::Over => None,
            };
            Poll::Ready((value, std::mem::replace(source, Source::Over)))
        }));
        match old {
            Source::Here(value) => Poll::Ready(Some(value)),
            Source::Open(_) | Source::Over => Poll::Ready(value),
        }
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        self.receiver.inner.leave(&mut self.place);
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Recv").finish_non_exhaustive()
    }
}

/// Nobody can receive the value, which is inside.
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
        f.write_str("the receiver of the oneshot channel is gone")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// Why [`Receiver::try_recv`] gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// The value may still come.
    Empty,
    /// No value will come.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no value was sent yet",
            Self::Closed => "the oneshot channel is closed",
        })
    }
}

impl std::error::Error for TryRecvError {}
