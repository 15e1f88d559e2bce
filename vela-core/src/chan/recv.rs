//! Receiving: the case, and the futures made of it.
#![allow(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;

use super::berth::ChanRef;
use super::case::{ChanCase, Operation};
use super::error::RecvTimeoutError;
use super::state::{Chan, ENDING, Note, Outcome, Pop, QUIET, RECEIVE, State, Want};
use crate::rt::seam::Subject;
use crate::rt::{self, Timer};
use crate::select::{Begun, One, Plain, one};
use crate::waitlist::{Claim, Wakes};

/// A receive, as an [`Operation`].
#[derive(Debug)]
pub struct Receiving;

/// A receive as the select engine sees it.
pub(crate) type RecvCase<C> = ChanCase<C, Receiving>;

#[inline]
#[track_caller]
pub(crate) fn recv_case<C: ChanRef>(chan: C) -> RecvCase<C> {
    ChanCase::new(chan)
}

impl<T> Operation<T> for Receiving {
    type Output = Option<T>;
    const READY: usize = RECEIVE;
    const WANT: Want = Want::Value;
    const NAME: &'static str = "recv";
    const END: fn(usize) -> Subject = Subject::Receiving;

    #[inline]
    fn look(state: &mut State<T>, _: &mut Option<T>, claim: *const Claim, wakes: &mut Wakes) -> Option<Option<T>> {
        match state.pop(claim, wakes) {
            Pop::Value(value) => Some(Some(value)),
            Pop::Closed => Some(None),
            Pop::Empty => None,
        }
    }

    #[inline]
    fn quick(chan: &Chan<T>, _: Option<&mut Option<T>>) -> Option<Option<T>> {
        chan.receive_quickly().map(Some)
    }

    #[inline]
    fn begin(chan: &Chan<T>, _: Option<&mut Option<T>>) -> Option<Begun> {
        chan.begin_receive()
    }

    #[inline]
    unsafe fn complete(chan: &Chan<T>, _: Option<&mut Option<T>>, begun: Begun) -> Poll<Option<T>> {
        // SAFETY: by the caller.
        unsafe { chan.complete_receive(begun) }
    }

    #[inline]
    fn plain(chan: &Chan<T>, _: Option<&mut Option<T>>) -> Plain<Option<T>> {
        chan.receive_from_waiter()
    }

    #[inline]
    fn outcome(value: &mut Option<T>, note: Note) -> Poll<Option<T>> {
        match note.outcome {
            Outcome::Served => Poll::Ready(value.take()),
            // The close, before which there may be values still: look again.
            _ => Poll::Pending,
        }
    }
}

/// The receive of a stream: nobody may poll it again, so it is told that there may be a value, and never handed one.
#[derive(Debug)]
pub(crate) struct Listening;

impl<T> Operation<T> for Listening {
    type Output = Option<T>;
    const READY: usize = RECEIVE;
    const WANT: Want = Want::News;
    const NAME: &'static str = "recv";
    const END: fn(usize) -> Subject = Subject::Receiving;

    fn look(state: &mut State<T>, value: &mut Option<T>, claim: *const Claim, wakes: &mut Wakes) -> Option<Option<T>> {
        Receiving::look(state, value, claim, wakes)
    }

    fn quick(chan: &Chan<T>, _: Option<&mut Option<T>>) -> Option<Option<T>> {
        chan.receive_quickly().map(Some)
    }

    fn outcome(_: &mut Option<T>, _: Note) -> Poll<Option<T>> {
        Poll::Pending
    }
}

pin_project! {
    /// The future of [`Receiver::recv`](super::Receiver::recv).
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Recv<'a, T> {
        #[pin]
        one: One<RecvCase<&'a Chan<T>>>,
    }
}

impl<'a, T> Recv<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>) -> Self {
        Self { one: one(recv_case(chan)) }
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.project().one.poll(cx)
    }
}

pin_project! {
    /// The future of [`Receiver::recv_timeout`](super::Receiver::recv_timeout).
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct RecvTimeout<'a, T> {
        #[pin]
        recv: Recv<'a, T>,
        #[pin]
        timer: Option<Timer>,
        deadline: Instant,
    }
}

impl<'a, T> RecvTimeout<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>, deadline: Instant) -> Self {
        Self { recv: Recv::new(chan), timer: None, deadline }
    }
}

impl<T> Future for RecvTimeout<'_, T> {
    type Output = Result<T, RecvTimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // An exhausted budget is not an empty channel.
        ready!(rt::poll_has_budget(cx));
        if let Poll::Ready(value) = this.recv.as_mut().poll(cx) {
            return Poll::Ready(value.ok_or(RecvTimeoutError::Closed));
        }
        ready!(Timer::poll_until(this.timer, *this.deadline, cx));
        // A value that has come in meanwhile goes to the next receiver.
        let mut one = this.recv.project().one;
        one.as_mut().cancel();
        one.target().chan().count_timeout();
        Poll::Ready(Err(RecvTimeoutError::Timeout))
    }
}

pin_project! {
    /// The future of [`Receiver::recv_many`](super::Receiver::recv_many).
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct RecvMany<'a, T> {
        #[pin]
        one: One<RecvCase<&'a Chan<T>>>,
        chan: &'a Chan<T>,
        into: &'a mut Vec<T>,
        max: usize,
    }
}

impl<'a, T> RecvMany<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>, into: &'a mut Vec<T>, max: usize) -> Self {
        Self { one: one(recv_case(chan)), chan, into, max }
    }
}

impl<T> Future for RecvMany<'_, T> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = self.project();
        if *this.max == 0 {
            return Poll::Ready(0);
        }
        if !this.one.target().is_enrolled() && this.chan.word() & (QUIET | ENDING) != 0 && rt::take_free() {
            // Values are there, and nobody waits: all at once.
            let taken = take_plainly(this.chan, this.into, *this.max);
            if taken > 0 {
                return Poll::Ready(taken);
            }
            rt::put_back_free();
        }
        // The first value by the common way (it waits, yields, keeps the order of waiters), the rest in bulk.
        this.one.poll(cx).map(|first| {
            let Some(first) = first else { return 0 };
            this.into.push(first);
            1 + take_many(this.chan, this.into, *this.max - 1)
        })
    }
}

/// Moves up to `max` values that are there into `into`, in as few critical sections as the wakers allow.
pub(crate) fn take_many<T>(chan: &Chan<T>, into: &mut Vec<T>, max: usize) -> usize {
    let mut taken = take_plainly(chan, into, max);
    let mut more = true;
    while more && taken < max && chan.word() & RECEIVE != 0 {
        more = chan.with(|state, wakes| {
            while taken < max {
                match state.pop(std::ptr::null(), wakes) {
                    Pop::Value(value) => into.push(value),
                    Pop::Empty | Pop::Closed => return false,
                }
                taken += 1;
                if wakes.is_full() {
                    return true;
                }
                let had = into.len();
                state.unload_many(into, max - taken);
                taken += into.len() - had;
            }
            false
        });
    }
    taken
}

/// Moves up to `max` values that are there into `into`, as long as nobody waits.
fn take_plainly<T>(chan: &Chan<T>, into: &mut Vec<T>, max: usize) -> usize {
    let mut taken = 0;
    if into.capacity() - into.len() < max && chan.word() & RECEIVE != 0 {
        // Outside the lock, as far as it can be known.
        into.reserve(max.min(chan.look(State::len)));
    }
    while taken < max && chan.word() & RECEIVE != 0 && chan.word() & (QUIET | ENDING) != 0 {
        match chan.receive_many_quickly(into, max - taken) {
            0 => break,
            more => taken += more,
        }
    }
    taken
}

super::opaque_debug!(Recv<'_, T>, RecvTimeout<'_, T>, RecvMany<'_, T>);
