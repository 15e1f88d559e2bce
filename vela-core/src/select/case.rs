//! A case: one operation as the engine sees it. Channels implement it; the engine knows nothing else.
#![allow(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::locks::LockSet;
use crate::rt::seam::Operation;
use crate::waitlist::{Claim, Wakes};

/// Where a case is to enrol: the claim word of the operation it belongs to, and the key under which it is claimed.
#[derive(Debug, Clone, Copy)]
pub struct Seat<'a> {
    pub(crate) claim: &'a Claim,
    pub(crate) key: u32,
}

/// What a lock-free look at a case shows.
#[derive(Debug, Clone, Copy)]
pub struct Peek {
    /// False: at the time of the look the case was surely not ready.
    pub(crate) maybe: bool,
    /// A number that grows with every change of what the case looks at.
    pub(crate) version: usize,
}

/// An operation that has locked its channel, whose word was this.
#[derive(Debug)]
#[must_use]
pub struct Begun(pub(crate) usize);

/// What came of a try in the plain situations.
#[derive(Debug)]
pub enum Plain<R> {
    /// It has happened.
    Done(R),
    /// Nothing has happened; just now it would have had to wait.
    Wait,
    /// Nothing has happened.
    Unclear,
}

impl Peek {
    pub(crate) const NEVER: Self = Self { maybe: false, version: 0 };
}

/// One operation that a select can wait for: what [`Receive`](crate::ops::Receive) and
/// [`Transmit`](crate::ops::Transmit) give.
///
/// The methods belong to the engine. Types outside this crate use the cases that are here: [`Polled`] for any
/// cancel-safe future, or the case of a Vela type that they wrap.
///
/// # Safety
///
/// A case that enrols links its nodes to `seat.claim`, and unlinks them (under the lock of each) in `withdraw` and in
/// `Drop`; after `withdraw` no counterpart touches the claim through it.
pub unsafe trait Case {
    /// What comes out.
    type Output;

    /// Whether [`peek`](Self::peek) shows when it is surely not ready, and [`quick`](Self::quick) works.
    #[doc(hidden)]
    const QUICK: bool = false;

    /// As [`attempt`](Self::attempt), before it is pinned.
    #[doc(hidden)]
    fn quick(&mut self) -> Option<Self::Output> {
        None
    }

    /// Locks what it needs if it can happen at once with nobody else concerned: the first half of it, for a case that has
    /// not begun to wait, and not in a simulation. The second is [`complete`](Self::complete), which must follow.
    ///
    /// In two, so that the outcome is made in the place where the caller wants it: through an `Option` of it a large
    /// value would be copied once more, by loads that do not match the stores before them.
    #[doc(hidden)]
    fn begin(self: Pin<&mut Self>) -> Option<Begun> {
        None
    }

    /// The second half of it.
    ///
    /// # Safety
    ///
    /// `begun` is what [`begin`](Self::begin) gave just now.
    #[doc(hidden)]
    unsafe fn complete(self: Pin<&mut Self>, _begun: Begun) -> Poll<Self::Output> {
        unreachable!("it never begins")
    }

    /// As [`attempt`](Self::attempt) in the plain situations that `begin` leaves, and not in a simulation. It has not
    /// begun to wait.
    #[doc(hidden)]
    fn plain(self: Pin<&mut Self>) -> Plain<Self::Output> {
        Plain::Unclear
    }

    /// Completes if that needs no waiting; leaves nothing behind otherwise. A foreign case polls its future here.
    #[doc(hidden)]
    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output>;

    /// As `attempt`, and links the case's nodes if it has to wait, in the same critical section.
    #[doc(hidden)]
    fn enroll(self: Pin<&mut Self>, seat: Seat<'_>) -> Poll<Self::Output>;

    /// As `attempt`, on behalf of `claim` (with whose own nodes it never pairs), under the locks that `locks` named.
    ///
    /// # Safety
    ///
    /// The caller holds all of them.
    #[doc(hidden)]
    unsafe fn attempt_locked(self: Pin<&mut Self>, claim: &Claim, wakes: &mut Wakes) -> Poll<Self::Output>;

    /// Names the locks that `attempt_locked` needs.
    #[doc(hidden)]
    fn locks(&self, set: &mut LockSet);

    /// Looks without a lock. A foreign case is never ready here: it was polled.
    #[doc(hidden)]
    fn peek(&self) -> Peek;

    /// The outcome, after a counterpart has claimed the operation through this case.
    #[doc(hidden)]
    fn finish(self: Pin<&mut Self>, offset: u32) -> Poll<Self::Output>;

    /// Leaves every list, and gives back what a counterpart has put in and nobody has taken.
    #[doc(hidden)]
    fn withdraw(self: Pin<&mut Self>);

    /// Waits for a counterpart that is completing this case to be done with it.
    #[doc(hidden)]
    fn settle(&self, offset: u32);

    /// Gives the single claim it waits with another waker; false if a counterpart has completed it.
    #[doc(hidden)]
    fn renew(&self, _waker: &std::task::Waker) -> bool {
        unreachable!("only a case of a single node waits with a single claim")
    }

    /// Whether a single claim is enough for it: it has one node, and need not be polled.
    #[doc(hidden)]
    fn is_single(&self) -> bool {
        false
    }

    /// Whether the engine must poll it each time it wakes.
    #[doc(hidden)]
    fn is_polled(&self) -> bool {
        false
    }

    /// Whether it can ever be ready: a handle that is `None` cannot.
    #[doc(hidden)]
    fn can_fire(&self) -> bool {
        true
    }

    /// How many keys it takes.
    #[doc(hidden)]
    fn width(&self) -> u32 {
        1
    }

    /// Names the operation, for reports; a foreign future's is not known, or tells of itself.
    #[doc(hidden)]
    fn describe(&self, _tell: &mut dyn FnMut(Operation)) {}
}

pin_project! {
    /// A foreign source as a case: any future. It is polled while the select holds its claim word, so that it and a
    /// channel cannot both win; where it loses, it is dropped.
    ///
    /// Use it as the `Case` of your own [`Receive`](crate::ops::Receive) implementations. The future must be cancel
    /// safe: dropping it before it is ready must lose nothing.
    #[derive(Debug)]
    pub struct Polled<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Polled<F> {
    /// Wraps a future.
    pub fn new(future: F) -> Self {
        Self { future }
    }
}

// SAFETY: it links no node at all.
unsafe impl<F: Future> Case for Polled<F> {
    type Output = F::Output;

    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }

    fn enroll(self: Pin<&mut Self>, _: Seat<'_>) -> Poll<F::Output> {
        Poll::Pending
    }

    unsafe fn attempt_locked(self: Pin<&mut Self>, _: &Claim, _: &mut Wakes) -> Poll<F::Output> {
        Poll::Pending
    }

    fn locks(&self, _: &mut LockSet) {}

    fn peek(&self) -> Peek {
        Peek::NEVER
    }

    fn finish(self: Pin<&mut Self>, _: u32) -> Poll<F::Output> {
        Poll::Pending
    }

    fn withdraw(self: Pin<&mut Self>) {}

    fn settle(&self, _: u32) {}

    fn is_polled(&self) -> bool {
        true
    }
}
