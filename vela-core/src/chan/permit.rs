//! Permits: a place in the channel, taken before the value is there.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::case::{ChanCase, Operation};
use super::error::{SendError, SendErrorKind};
use super::state::{Chan, Note, Outcome, Place, Push, SEND, State, Want};
use crate::overflow::Overflow;
use crate::rt::seam::Subject;
use crate::rt::{self, Timer};
use crate::select::{One, one};
use crate::waitlist::{Claim, Wakes};

/// A place in a channel: [`send`](Permit::send) on it needs no waiting. Dropping it gives the place back.
///
/// Got by [`Sender::reserve`](super::Sender::reserve) and [`Sender::try_reserve`](super::Sender::try_reserve).
#[must_use = "a permit that is dropped at once gives its place back"]
pub struct Permit<'a, T> {
    chan: &'a Chan<T>,
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl<'a, T> Permit<'a, T> {
    pub(crate) fn new(chan: &'a Chan<T>) -> Self {
        Self { chan }
    }

    /// Sends without waiting.
    ///
    /// At capacity 0 the receiver that was waiting when the permit was granted may have left: then the value waits in
    /// the channel for the next one, and counts in `len()`.
    ///
    /// # Errors
    ///
    /// If the channel has been closed meanwhile; the value comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(1);
    /// let permit = tx.reserve().await.unwrap();
    /// assert!(tx.try_send(1).is_err()); // the only place is taken
    /// permit.send(2).unwrap();
    /// assert_eq!(rx.recv().await, Some(2));
    /// # });
    /// ```
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        let chan = self.chan;
        std::mem::forget(self);
        send_permitted(chan, value)
    }
}

/// Sends on a place that was granted.
pub(crate) fn send_permitted<T>(chan: &Chan<T>, value: T) -> Result<(), SendError<T>> {
    match chan.with(|state, wakes| state.push_permitted(value, wakes)) {
        // A value that the policy dropped is dropped here, outside the lock.
        Push::Done | Push::Dropped(_) => Ok(()),
        Push::Closed(value) => Err(SendError::new(SendErrorKind::Closed, value)),
        Push::Full(value) => Err(SendError::new(SendErrorKind::Full, value)),
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.chan.with(State::return_place);
    }
}

/// The channel was closed while a permit was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReserveError;

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reserving a place in a closed channel")
    }
}

impl std::error::Error for ReserveError {}

/// The wait for a place, as an [`Operation`].
#[derive(Debug)]
pub(crate) struct Reserving;

/// The wait for a place as the select engine sees it.
pub(crate) type ReserveCase<C> = ChanCase<C, Reserving>;

type Reserved = Result<(), ReserveError>;

impl<T> Operation<T> for Reserving {
    type Output = Reserved;
    const READY: usize = SEND;
    const WANT: Want = Want::Place;
    const NAME: &'static str = "reserve";
    const END: fn(usize) -> Subject = Subject::Sending;

    fn look(state: &mut State<T>, _: &mut Option<T>, _: *const Claim, _: &mut Wakes) -> Option<Reserved> {
        match state.take_place() {
            Place::Granted => Some(Ok(())),
            Place::Closed => Some(Err(ReserveError)),
            Place::None => None,
        }
    }

    fn outcome(_: &mut Option<T>, note: Note) -> Poll<Reserved> {
        match note.outcome {
            Outcome::Served => Poll::Ready(Ok(())),
            Outcome::Closed | Outcome::Pending => Poll::Ready(Err(ReserveError)),
        }
    }
}

/// The wait of a sink: nobody may poll it again, so it is told that there may be room, and never granted a place.
#[derive(Debug)]
pub(crate) struct Watching;

impl<T> Operation<T> for Watching {
    type Output = Reserved;
    const READY: usize = SEND;
    const WANT: Want = Want::Room;
    const NAME: &'static str = "reserve";
    const END: fn(usize) -> Subject = Subject::Sending;

    fn look(state: &mut State<T>, value: &mut Option<T>, claim: *const Claim, wakes: &mut Wakes) -> Option<Reserved> {
        Reserving::look(state, value, claim, wakes)
    }

    fn outcome(value: &mut Option<T>, note: Note) -> Poll<Reserved> {
        match note.outcome {
            Outcome::Served => Poll::Pending,
            _ => Reserving::outcome(value, note),
        }
    }
}

pin_project! {
    /// The future of [`Sender::reserve`](super::Sender::reserve).
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Reserve<'a, T> {
        #[pin]
        one: One<ReserveCase<&'a Chan<T>>>,
        chan: &'a Chan<T>,
    }
}

impl<'a, T> Reserve<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>) -> Self {
        Self { one: one(ChanCase::new(chan)), chan }
    }
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, ReserveError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.one.poll(cx).map(|reserved| reserved.map(|()| Permit::new(this.chan)))
    }
}

/// A place, or why a send would fail.
pub(super) async fn reserve_by_policy<T>(chan: &Chan<T>) -> Result<Permit<'_, T>, SendErrorKind> {
    match chan.look(|state| state.overflow()) {
        Overflow::Block | Overflow::DropOldest | Overflow::DropNewest => {
            Reserve::new(chan).await.map_err(|ReserveError| SendErrorKind::Closed)
        }
        Overflow::Timeout(limit) => {
            let deadline = rt::saturating_add(rt::now(), limit);
            let (mut reserve, mut timer) = (pin!(Reserve::new(chan)), pin!(None));
            poll_fn(|cx| {
                if let Poll::Ready(reserved) = reserve.as_mut().poll(cx) {
                    return Poll::Ready(reserved.map_err(|ReserveError| SendErrorKind::Closed));
                }
                ready!(Timer::poll_until(timer.as_mut(), deadline, cx));
                chan.count_timeout();
                Poll::Ready(Err(SendErrorKind::TimedOut))
            })
            .await
        }
        Overflow::Reject => try_places(chan, 0, Duration::ZERO).await,
        Overflow::Retry { attempts, backoff } => try_places(chan, attempts, backoff).await,
    }
}

/// Takes a place, with so many tries more.
async fn try_places<T>(chan: &Chan<T>, tries: u32, mut pause: Duration) -> Result<Permit<'_, T>, SendErrorKind> {
    for left in (0..=tries).rev() {
        match chan.with(|state, _| state.take_place()) {
            Place::Granted => return Ok(Permit::new(chan)),
            Place::Closed => return Err(SendErrorKind::Closed),
            Place::None if left > 0 => {
                let (next, mut timer) = (rt::saturating_add(rt::now(), pause), pin!(None));
                poll_fn(|cx| Timer::poll_until(timer.as_mut(), next, cx)).await;
                pause = pause.saturating_mul(2);
            }
            Place::None => {}
        }
    }
    chan.count_rejected();
    Err(SendErrorKind::Full)
}

super::opaque_debug!(Reserve<'_, T>);
