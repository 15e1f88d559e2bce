//! One case on its own, as a future: every single send and receive.
#![allow(unsafe_code)]

use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::case::{Case, Seat};
use super::locks::LockSet;
use crate::rt;
use crate::waitlist::{Claim, Phase, Wakes};

pin_project! {
    /// A future that waits for one case: what `<-x` awaits.
    ///
    /// # Cancel safety
    ///
    /// That of the case: Vela's own lose nothing.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct One<C> {
        // Before `claim`, to which its nodes point: fields are dropped in order.
        #[pin]
        case: C,
        claim: Claim,
        enrolled: bool,
        #[pin]
        _pinned: PhantomPinned,
    }
}

/// Waits for one case.
#[inline]
pub fn one<C: Case>(case: C) -> One<C> {
    One { case, claim: Claim::new(), enrolled: false, _pinned: PhantomPinned }
}

impl<C> One<C> {
    /// The case, for whoever made it.
    pub(crate) fn case(self: Pin<&mut Self>) -> Pin<&mut C> {
        self.project().case
    }
}

impl<C: Case> One<C> {
    /// Stops waiting, as dropping it would.
    pub(crate) fn cancel(self: Pin<&mut Self>) {
        let this = self.project();
        this.case.withdraw();
        this.claim.reset();
        *this.enrolled = false;
    }
}

impl<C: Case> Future for One<C> {
    type Output = C::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        if self.case.is_polled() {
            // Foreign sources keep their own account of the budget; they must not see it exhausted by us.
            ready!(rt::poll_has_budget(cx));
            return self.poll_case(cx);
        }
        let budget = ready!(rt::poll_budget(cx));
        let result = self.as_mut().poll_case(cx);
        if rt::seam::detailed() {
            self.tell(result.is_ready());
        }
        if result.is_ready() {
            budget.charge();
        }
        result
    }
}

impl<C: Case> One<C> {
    #[cold]
    fn tell(&self, ready: bool) {
        self.case.describe(&mut |operation| rt::polled(ready, operation));
    }

    #[inline]
    fn poll_case(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        if !self.enrolled {
            return self.start(cx);
        }
        loop {
            let this = self.as_mut().project();
            match this.claim.phase() {
                Phase::Done(key) => {
                    let outcome = this.case.finish(key);
                    self.as_mut().cancel();
                    return match outcome {
                        Poll::Ready(outcome) => Poll::Ready(outcome),
                        Poll::Pending => self.start(cx),
                    };
                }
                Phase::InProgress(key) => this.case.settle(key),
                Phase::Waiting => {
                    if this.claim.hold() {
                        return self.resume(cx);
                    }
                }
            }
        }
    }

    /// The first look; enrols if it shows nothing.
    #[inline]
    fn start(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let mut this = self.project();
        if let Poll::Ready(outcome) = this.case.as_mut().attempt(cx) {
            return Poll::Ready(outcome);
        }
        // SAFETY: nothing is enrolled, so the word is BUSY and ours.
        unsafe { this.claim.set_waker(cx.waker()) };
        // With a single node nobody can claim it before its case has looked, under the same lock: it may be WAITING
        // from the start. Several nodes are linked one after the other, so their word stays BUSY until all are.
        let single = this.case.width() == 1 && !this.case.is_polled();
        if single {
            this.claim.arm();
        }
        // Before it is: a waker of somebody else may panic in there.
        *this.enrolled = true;
        let outcome = this.case.as_mut().enroll(Seat { claim: this.claim, key: 0 });
        if outcome.is_ready() {
            this.case.withdraw();
            this.claim.reset();
            *this.enrolled = false;
            // SAFETY: every node has left its list.
            unsafe { this.claim.clear_waker() };
            return outcome;
        }
        if single { Poll::Pending } else { Self::sleep(this.case, this.claim, this.enrolled) }
    }

    /// Awake while nobody has claimed it: a spurious poll, a new waker, or a foreign future that may be ready. The word
    /// is BUSY.
    fn resume(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let mut this = self.project();
        // SAFETY: the word is BUSY.
        unsafe { this.claim.set_waker(cx.waker()) };
        if this.case.is_polled()
            && let Poll::Ready(outcome) = this.case.as_mut().attempt(cx)
        {
            this.case.withdraw();
            this.claim.reset();
            *this.enrolled = false;
            return Poll::Ready(outcome);
        }
        Self::sleep(this.case, this.claim, this.enrolled)
    }

    /// `BUSY → WAITING`; looks again first if a counterpart has passed over it.
    fn sleep(mut case: Pin<&mut C>, claim: &Claim, enrolled: &mut bool) -> Poll<C::Output> {
        if claim.park() {
            return Poll::Pending;
        }
        claim.rearm();
        let mut locks = LockSet::new();
        case.locks(&mut locks);
        let mut wakes = Wakes::new();
        // SAFETY: the case keeps its channels alive; no lock is held here; looks run no user code.
        let outcome = unsafe {
            locks.hold(|| {
                let outcome = case.as_mut().attempt_locked(claim, &mut wakes);
                if outcome.is_pending() {
                    // Who could mark it meanwhile would need one of these locks.
                    claim.arm();
                }
                outcome
            })
        };
        wakes.wake();
        if outcome.is_ready() {
            case.withdraw();
            claim.reset();
            *enrolled = false;
        }
        outcome
    }
}
