//! A case whose outcome is made into another: what a type that wraps a channel gives.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::case::{Begun, Case, Peek, Plain, Seat};
use super::locks::LockSet;
use crate::rt::seam::Operation;
use crate::waitlist::{Claim, Wakes};

pin_project! {
    /// The case of a Vela type, with its outcome changed: the `Case` of your own type that wraps a
    /// [`Sender`](crate::Sender), say. It wins and loses exactly as what it wraps does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::ops::{Receive, Transmit};
    /// use vela::select::Mapped;
    /// use vela::{SendError, Sender};
    ///
    /// /// Sends numbers as text.
    /// struct Printer(Sender<String>);
    ///
    /// impl<'a> Transmit<u32> for &'a Printer {
    ///     type Output = bool;
    ///     type Case = Mapped<<&'a Sender<String> as Transmit<String>>::Case, bool>;
    ///
    ///     fn transmit(self, number: u32) -> Self::Case {
    ///         Mapped::new(self.0.transmit(number.to_string()), |outcome| outcome.is_ok())
    ///     }
    /// }
    /// # vela::block_on(async {
    /// let (tx, rx) = vela::channel(1);
    /// let printer = Printer(tx);
    /// let sent = vela::__private::one((&printer).transmit(7)).await;     // `printer <- 7` inside `vela!`
    /// assert_eq!((sent, rx.recv().await.as_deref()), (true, Some("7")));
    /// # });
    /// ```
    pub struct Mapped<C: Case, O, M = fn(<C as Case>::Output) -> O> {
        #[pin]
        case: C,
        map: M,
        outcome: PhantomData<fn() -> O>,
    }
}

/// What makes one outcome into another, for [`Mapped::by`]: a function, or a type of your own that knows more.
pub trait Mapping<I, O> {
    /// Called once, by who waits. No lock is held.
    fn map(&self, outcome: I) -> O;
}

impl<I, O> Mapping<I, O> for fn(I) -> O {
    #[inline]
    fn map(&self, outcome: I) -> O {
        self(outcome)
    }
}

impl<C: Case, O> Mapped<C, O> {
    /// `map` is called once, with the outcome, by who waits. No lock is held.
    #[inline]
    pub fn new(case: C, map: fn(C::Output) -> O) -> Self {
        Self::by(case, map)
    }
}

impl<C: Case, O, M: Mapping<C::Output, O>> Mapped<C, O, M> {
    /// As [`new`](Self::new), with more than a function.
    #[inline]
    pub fn by(case: C, map: M) -> Self {
        Self { case, map, outcome: PhantomData }
    }
}

impl<C: Case, O, M> fmt::Debug for Mapped<C, O, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mapped")
    }
}

// SAFETY: each call is passed on to the case, which keeps the contract; the outcome alone is changed.
unsafe impl<C: Case, O, M: Mapping<C::Output, O>> Case for Mapped<C, O, M> {
    type Output = O;

    const QUICK: bool = C::QUICK;

    #[inline]
    fn quick(&mut self) -> Option<O> {
        self.case.quick().map(|outcome| self.map.map(outcome))
    }

    #[inline]
    fn begin(self: Pin<&mut Self>) -> Option<Begun> {
        self.project().case.begin()
    }

    #[inline]
    unsafe fn complete(self: Pin<&mut Self>, begun: Begun) -> Poll<O> {
        let this = self.project();
        // SAFETY: the caller's promise.
        unsafe { this.case.complete(begun) }.map(|outcome| this.map.map(outcome))
    }

    fn plain(self: Pin<&mut Self>) -> Plain<O> {
        let this = self.project();
        match this.case.plain() {
            Plain::Done(outcome) => Plain::Done(this.map.map(outcome)),
            Plain::Wait => Plain::Wait,
            Plain::Unclear => Plain::Unclear,
        }
    }

    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        let this = self.project();
        this.case.attempt(cx).map(|outcome| this.map.map(outcome))
    }

    fn enroll(self: Pin<&mut Self>, seat: Seat<'_>) -> Poll<O> {
        let this = self.project();
        this.case.enroll(seat).map(|outcome| this.map.map(outcome))
    }

    unsafe fn attempt_locked(self: Pin<&mut Self>, claim: &Claim, wakes: &mut Wakes) -> Poll<O> {
        let this = self.project();
        // SAFETY: the caller's promise.
        unsafe { this.case.attempt_locked(claim, wakes) }.map(|outcome| this.map.map(outcome))
    }

    fn locks(&self, set: &mut LockSet) {
        self.case.locks(set);
    }

    fn peek(&self) -> Peek {
        self.case.peek()
    }

    fn finish(self: Pin<&mut Self>, offset: u32) -> Poll<O> {
        let this = self.project();
        this.case.finish(offset).map(|outcome| this.map.map(outcome))
    }

    fn withdraw(self: Pin<&mut Self>) {
        self.project().case.withdraw();
    }

    fn settle(&self, offset: u32) {
        self.case.settle(offset);
    }

    fn renew(&self, waker: &std::task::Waker) -> bool {
        self.case.renew(waker)
    }

    fn is_single(&self) -> bool {
        self.case.is_single()
    }

    fn is_polled(&self) -> bool {
        self.case.is_polled()
    }

    fn can_fire(&self) -> bool {
        self.case.can_fire()
    }

    fn width(&self) -> u32 {
        self.case.width()
    }

    fn describe(&self, tell: &mut dyn FnMut(Operation)) {
        self.case.describe(tell);
    }
}
