//! One case on its own, as a future: every single send and receive.
#![allow(unsafe_code)]

use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::case::{Case, Plain, Seat};
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
    #[repr(C)]
    pub struct One<C: Case> {
        // In this order what is not written at first is at the end, and moves do not copy it.
        enrolled: bool,
        #[pin]
        case: C,
        // O1. It exists exactly while `enrolled`: an operation that needs not wait does not pay for it.
        claim: MaybeUninit<Claim>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<C: Case> PinnedDrop for One<C> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            if this.enrolled {
                this.cancel();
            }
        }
    }
}

/// Waits for one case.
#[inline]
pub fn one<C: Case>(case: C) -> One<C> {
    One { case, claim: MaybeUninit::uninit(), enrolled: false, _pinned: PhantomPinned }
}

impl<C: Case> One<C> {
    /// The case, for whoever made it.
    pub(crate) fn case(self: Pin<&mut Self>) -> Pin<&mut C> {
        self.project().case
    }

    #[inline]
    pub(crate) fn target(&self) -> &C {
        &self.case
    }

    /// Stops waiting, as dropping it would.
    #[inline(never)]
    pub(crate) fn cancel(self: Pin<&mut Self>) {
        let this = self.project();
        if *this.enrolled {
            this.case.withdraw();
            *this.enrolled = false;
            // SAFETY: O1; and no node points to it any more.
            unsafe { this.claim.assume_init_drop() };
        }
    }
}

impl<C: Case> Future for One<C> {
    type Output = C::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        if !C::QUICK || !rt::take_free() {
            return self.poll_slowly(cx);
        }
        if !self.enrolled
            && let Some(begun) = self.as_mut().project().case.begin()
        {
            // SAFETY: it has just begun.
            return unsafe { self.project().case.complete(begun) };
        }
        self.poll_beside_others(cx)
    }
}

impl<C: Case> One<C> {
    /// Others wait, or this one has.
    #[inline(never)]
    fn poll_beside_others(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let result = if self.enrolled {
            self.wake_up(cx)
        } else {
            match self.as_mut().project().case.plain() {
                Plain::Done(outcome) => return Poll::Ready(outcome),
                Plain::Wait => self.enroll(cx),
                Plain::Unclear => self.start(cx),
            }
        };
        if result.is_pending() {
            rt::put_back_free();
        }
        result
    }

    /// A foreign source, a simulation, an exhausted budget.
    #[cold]
    #[inline(never)]
    fn poll_slowly(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
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

    #[cold]
    fn tell(&self, ready: bool) {
        self.case.describe(&mut |operation| rt::polled(ready, operation));
    }

    fn poll_case(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        if self.enrolled { self.wake_up(cx) } else { self.start(cx) }
    }

    /// Polled again while it waits.
    fn wake_up(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        loop {
            let this = self.as_mut().project();
            // SAFETY: O1.
            let claim = unsafe { this.claim.assume_init_ref() };
            match claim.phase() {
                Phase::Done(key) => {
                    let single = this.case.is_single();
                    let outcome = this.case.finish(key);
                    if single {
                        // Its one node is unlinked.
                        *this.enrolled = false;
                        // SAFETY: O1; and no node points to it any more.
                        unsafe { this.claim.assume_init_drop() };
                    } else {
                        self.as_mut().cancel();
                    }
                    return match outcome {
                        Poll::Ready(outcome) => Poll::Ready(outcome),
                        Poll::Pending => self.start(cx),
                    };
                }
                Phase::Waiting if this.case.is_single() => {
                    let waits = this.case.renew(cx.waker());
                    // The old waker's drop may have completed it meanwhile.
                    if claim.phase() == Phase::Waiting {
                        if waits {
                            return Poll::Pending;
                        }
                        // A panic (of a waker) has ended the last poll before the node was linked.
                        self.as_mut().cancel();
                        return self.start(cx);
                    }
                }
                Phase::InProgress(key) => this.case.settle(key),
                Phase::Waiting => {
                    if claim.hold() {
                        return self.resume(cx);
                    }
                }
            }
        }
    }

    /// The first look; enrols if it shows nothing.
    fn start(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        match self.as_mut().project().case.attempt(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => self.enroll(cx),
        }
    }

    fn enroll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let this = self.as_mut().project();
        let mut case = this.case;
        let single = case.is_single();
        let claim = this.claim.write(if single { Claim::single() } else { Claim::new() });
        // O1. (And before it is enrolled: a waker of somebody else may panic in there.)
        *this.enrolled = true;
        // SAFETY: nothing is enrolled, so the word is BUSY and ours.
        unsafe { claim.set_waker(cx.waker()) };
        // A single node is linked after a look, under the same lock: it may be WAITING from the start. Several are linked
        // one after the other, so their word stays BUSY until all are.
        if single {
            claim.arm();
        }
        let outcome = case.as_mut().enroll(Seat { claim, key: 0 });
        if outcome.is_ready() {
            self.cancel();
            return outcome;
        }
        if single { Poll::Pending } else { self.sleep() }
    }

    /// Awake while nobody has claimed it: a spurious poll, a new waker, or a foreign future that may be ready. The word
    /// is BUSY.
    fn resume(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let this = self.as_mut().project();
        // SAFETY: O1; the word is BUSY.
        unsafe { this.claim.assume_init_ref().set_waker(cx.waker()) };
        if this.case.is_polled()
            && let Poll::Ready(outcome) = this.case.attempt(cx)
        {
            self.cancel();
            return Poll::Ready(outcome);
        }
        self.sleep()
    }

    /// `BUSY → WAITING`; looks again first if a counterpart has passed over it.
    fn sleep(mut self: Pin<&mut Self>) -> Poll<C::Output> {
        let this = self.as_mut().project();
        let mut case = this.case;
        // SAFETY: O1.
        let claim = unsafe { this.claim.assume_init_ref() };
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
            self.cancel();
        }
        outcome
    }
}
