//! Channel ends as `Stream` and `Sink`.
//!
//! Nobody may poll a stream again, so its waiter is woken but never handed a value, and hands the wake-up on when it is
//! dropped. Each adaptor allocates its waiter once, so that it can be moved.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;

use super::case::ChanCase;
use super::error::{SendError, SendErrorKind};
use super::permit::{Watching, send_permitted};
use super::recv::Listening;
use super::state::{Chan, State};
use super::{Receiver, Sender};
use crate::select::{One, one};

type Waiter<C> = Pin<Box<One<C>>>;

/// A receiver as a [`Stream`]; made by [`Receiver::stream`].
#[must_use = "streams do nothing unless they are polled"]
pub struct RecvStream<T> {
    one: Waiter<ChanCase<Arc<Chan<T>>, Listening>>,
    receiver: Receiver<T>,
    ended: bool,
}

impl<T> RecvStream<T> {
    #[track_caller]
    pub(crate) fn new(receiver: Receiver<T>) -> Self {
        Self { one: Box::pin(one(ChanCase::new(Arc::clone(receiver.chan())))), receiver, ended: false }
    }

    /// The receiver, whose waiter is gone.
    pub fn into_inner(self) -> Receiver<T> {
        self.receiver
    }
}

impl<T> Stream for RecvStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let value = ready!(self.one.as_mut().poll(cx));
        self.ended = value.is_none();
        Poll::Ready(value)
    }
}

impl<T> FusedStream for RecvStream<T> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

struct Open<T> {
    waiter: Waiter<ChanCase<Arc<Chan<T>>, Watching>>,
    sender: Sender<T>,
}

/// A sender as a [`Sink`]; made by [`Sender::sink`].
///
/// Once `poll_ready` has said so, the sink holds a place in the channel until `start_send` or its drop.
#[must_use = "sinks do nothing unless they are polled"]
pub struct SendSink<T> {
    /// `None` once the sink is closed.
    open: Option<Open<T>>,
    granted: bool,
}

impl<T> SendSink<T> {
    #[track_caller]
    pub(crate) fn new(sender: Sender<T>) -> Self {
        let waiter = Box::pin(one(ChanCase::new(Arc::clone(sender.chan()))));
        Self { open: Some(Open { waiter, sender }), granted: false }
    }

    fn release(&mut self) {
        if let Some(open) = &self.open
            && std::mem::take(&mut self.granted)
        {
            open.sender.chan().with(State::return_place);
        }
    }
}

fn closed<T>() -> SendError<Option<T>> {
    SendError::new(SendErrorKind::Closed, None)
}

/// Errors carry the value that could not be sent, if there was one.
impl<T> Sink<T> for SendSink<T> {
    type Error = SendError<Option<T>>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.granted {
            return Poll::Ready(Ok(()));
        }
        let Some(open) = &mut self.open else { return Poll::Ready(Err(closed())) };
        let reserved = ready!(open.waiter.as_mut().poll(cx));
        self.granted = reserved.is_ok();
        Poll::Ready(reserved.map_err(|_| closed()))
    }

    /// # Panics
    ///
    /// If `poll_ready` has not said that the sink is ready.
    fn start_send(mut self: Pin<&mut Self>, value: T) -> Result<(), Self::Error> {
        assert!(std::mem::take(&mut self.granted), "`start_send` without `poll_ready`");
        match &self.open {
            Some(open) => send_permitted(open.sender.chan(), value).map_err(|error| error.map(Some)),
            None => Err(SendError::new(SendErrorKind::Closed, Some(value))),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    /// Gives up this sender. The channel closes when it was the last.
    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.release();
        self.open = None;
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for SendSink<T> {
    fn drop(&mut self) {
        self.release();
    }
}

super::opaque_debug!(RecvStream<T>, SendSink<T>);
