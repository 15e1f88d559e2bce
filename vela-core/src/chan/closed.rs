//! Waiting for a channel to close.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::case::{ChanCase, Operation};
use super::state::{CLOSED, Chan, Note, State, Want};
use crate::rt::seam::Subject;
use crate::select::{One, one};
use crate::waitlist::{Claim, Wakes};

/// The wait for the close, as an [`Operation`].
#[derive(Debug)]
pub struct Closing;

/// The wait for the close as the select engine sees it.
pub(crate) type ClosedCase<C> = ChanCase<C, Closing>;

impl<T> Operation<T> for Closing {
    type Output = ();
    const READY: usize = CLOSED;
    const WANT: Want = Want::Close;
    const NAME: &'static str = "closed";
    const END: fn(usize) -> Subject = Subject::Channel;

    fn look(state: &mut State<T>, _: &mut Option<T>, _: *const Claim, _: &mut Wakes) -> Option<()> {
        state.is_closed().then_some(())
    }

    fn outcome(_: &mut Option<T>, _: Note) -> Poll<()> {
        Poll::Ready(())
    }
}

pin_project! {
    /// The future of [`Sender::closed`](super::Sender::closed) and [`Receiver::closed`](super::Receiver::closed); also a
    /// source for `<-`.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Closed<'a, T> {
        #[pin]
        one: One<ClosedCase<&'a Chan<T>>>,
        chan: &'a Chan<T>,
    }
}

impl<'a, T> Closed<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>) -> Self {
        Self { one: one(ChanCase::new(chan)), chan }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().one.poll(cx)
    }
}

impl<'a, T> crate::ops::Receive for &Closed<'a, T> {
    type Output = ();
    type Case = ClosedCase<&'a Chan<T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        ChanCase::new(self.chan)
    }
}

super::opaque_debug!(Closed<'_, T>);
