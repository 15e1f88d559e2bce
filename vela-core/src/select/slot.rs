//! One arm of a select: a case, the outcome it had, and which outcomes it fires on.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::case::{Case, Peek, Seat};
use super::locks::LockSet;
use crate::rt::seam::Operation;
use crate::waitlist::{Claim, Wakes};

/// Which outcomes an arm fires on; the others disable it.
pub trait Keep<O> {
    /// What the arm's pattern gets.
    type Kept;

    /// Whether the arm fires on this outcome.
    fn admits(outcome: &O) -> bool;

    /// The pattern's value, of an outcome that was admitted.
    fn keep(outcome: O) -> Option<Self::Kept>;
}

/// Fires on every outcome.
#[derive(Debug)]
pub struct Every;

/// Fires on `Some`; `None` disables.
#[derive(Debug)]
pub struct Values;

/// Fires on `Ok`; `Err` disables.
#[derive(Debug)]
pub struct Sent;

impl<O> Keep<O> for Every {
    type Kept = O;

    fn admits(_: &O) -> bool {
        true
    }

    fn keep(outcome: O) -> Option<O> {
        Some(outcome)
    }
}

impl<T> Keep<Option<T>> for Values {
    type Kept = T;

    fn admits(outcome: &Option<T>) -> bool {
        outcome.is_some()
    }

    fn keep(outcome: Option<T>) -> Option<T> {
        outcome
    }
}

impl<T, E> Keep<Result<T, E>> for Sent {
    type Kept = T;

    fn admits(outcome: &Result<T, E>) -> bool {
        outcome.is_ok()
    }

    fn keep(outcome: Result<T, E>) -> Option<T> {
        outcome.ok()
    }
}

/// A case that hands back the value it did not send.
#[diagnostic::on_unimplemented(
    message = "a value cannot be lent (`<- mut`) to this sender",
    note = "lending works with `vela::Sender`; elsewhere send the value itself: `tx <- value`"
)]
pub trait Lends: Case {
    /// The value that was lent.
    type Value;

    /// Takes the value out of a case that has withdrawn, or out of its failed outcome.
    fn reclaim(self: Pin<&mut Self>, outcome: Option<Self::Output>) -> Option<Self::Value>;
}

/// What a look at an arm gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nothing yet.
    NotReady,
    /// It has an outcome, on which [`Arm::judge`] decides.
    Outcome,
}

/// An arm as the engine sees it.
///
/// # Safety
///
/// As [`Case`], which it stands for.
pub unsafe trait Arm {
    /// Whether it can still fire.
    fn enabled(&self) -> bool;
    /// [`Case::attempt`].
    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Look;
    /// [`Case::enroll`].
    fn enroll(self: Pin<&mut Self>, seat: Seat<'_>) -> Look;
    /// [`Case::attempt_locked`].
    ///
    /// # Safety
    ///
    /// The caller holds all the locks that [`Arm::locks`] names.
    unsafe fn attempt_locked(self: Pin<&mut Self>, claim: &Claim, wakes: &mut Wakes) -> Look;
    /// [`Case::locks`].
    fn locks(&self, set: &mut LockSet);
    /// [`Case::peek`].
    fn peek(&self) -> Peek;
    /// [`Case::finish`].
    fn finish(self: Pin<&mut Self>, offset: u32) -> Look;
    /// [`Case::withdraw`].
    fn withdraw(self: Pin<&mut Self>);
    /// [`Case::settle`].
    fn settle(&self, offset: u32);
    /// [`Case::is_polled`].
    fn is_polled(&self) -> bool;
    /// [`Case::width`].
    fn width(&self) -> u32;
    /// [`Case::describe`].
    fn describe(&self, tell: &mut dyn FnMut(Operation));
    /// Whether the outcome makes the arm fire; else it is disabled from here on. Runs outside all locks.
    fn judge(self: Pin<&mut Self>) -> bool;
}

pin_project! {
    /// See the [module](self).
    pub struct Slot<C: Case, K> {
        #[pin]
        case: Option<C>,
        outcome: Option<C::Output>,
        enabled: bool,
        keep: PhantomData<fn() -> K>,
    }
}

impl<C: Case, K> fmt::Debug for Slot<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

impl<C: Lends, K> fmt::Debug for LendSlot<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.slot.fmt(f)
    }
}

impl<C: Case, K: Keep<C::Output>> Slot<C, K> {
    fn new(case: Option<C>) -> Self {
        Self { enabled: case.as_ref().is_some_and(Case::can_fire), case, outcome: None, keep: PhantomData }
    }

    /// What the winning arm's pattern gets.
    ///
    /// # Panics
    ///
    /// If the arm has not won.
    #[inline]
    pub fn take(self: Pin<&mut Self>) -> K::Kept {
        self.project().outcome.take().and_then(K::keep).expect("this arm has fired")
    }

    /// The arm as the engine takes it.
    #[inline]
    pub fn arm(self: Pin<&mut Self>) -> Pin<&mut (dyn Arm + '_)> {
        self
    }

    #[inline]
    fn look(self: Pin<&mut Self>, look: impl FnOnce(Pin<&mut C>) -> Poll<C::Output>) -> Look {
        let this = self.project();
        match this.case.as_pin_mut().map(look) {
            Some(Poll::Ready(outcome)) => {
                *this.outcome = Some(outcome);
                Look::Outcome
            }
            _ => Look::NotReady,
        }
    }
}

// SAFETY: every method is passed on to the case.
unsafe impl<C: Case, K: Keep<C::Output>> Arm for Slot<C, K> {
    fn enabled(&self) -> bool {
        self.enabled
    }

    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Look {
        self.look(|case| case.attempt(cx))
    }

    fn enroll(self: Pin<&mut Self>, seat: Seat<'_>) -> Look {
        self.look(|case| case.enroll(seat))
    }

    unsafe fn attempt_locked(self: Pin<&mut Self>, claim: &Claim, wakes: &mut Wakes) -> Look {
        // SAFETY: by the caller. The outcome is only stored: nothing of the user's is dropped under the locks.
        self.look(|case| unsafe { case.attempt_locked(claim, wakes) })
    }

    fn locks(&self, set: &mut LockSet) {
        if let Some(case) = &self.case {
            case.locks(set);
        }
    }

    fn peek(&self) -> Peek {
        self.case.as_ref().map_or(Peek::NEVER, Case::peek)
    }

    fn finish(self: Pin<&mut Self>, offset: u32) -> Look {
        self.look(|case| case.finish(offset))
    }

    fn withdraw(self: Pin<&mut Self>) {
        if let Some(case) = self.project().case.as_pin_mut() {
            case.withdraw();
        }
    }

    fn settle(&self, offset: u32) {
        if let Some(case) = &self.case {
            case.settle(offset);
        }
    }

    fn is_polled(&self) -> bool {
        self.case.as_ref().is_some_and(Case::is_polled)
    }

    fn width(&self) -> u32 {
        self.case.as_ref().map_or(1, Case::width)
    }

    fn describe(&self, tell: &mut dyn FnMut(Operation)) {
        if let Some(case) = &self.case {
            case.describe(tell);
        }
    }

    fn judge(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        *this.enabled = this.outcome.as_ref().is_some_and(K::admits);
        *this.enabled
    }
}

pin_project! {
    /// An arm whose value comes back when it loses.
    pub struct LendSlot<C: Lends, K> {
        #[pin]
        slot: Slot<C, K>,
        kept: Option<C::Value>,
    }
}

impl<C: Lends, K: Keep<C::Output>> LendSlot<C, K> {
    fn new(case: Result<C, C::Value>) -> Self {
        let (case, kept) = match case {
            Ok(case) => (Some(case), None),
            Err(value) => (None, Some(value)),
        };
        Self { slot: Slot::new(case), kept }
    }

    /// See [`Slot::take`].
    ///
    /// # Panics
    ///
    /// If the arm has not won.
    pub fn take(self: Pin<&mut Self>) -> K::Kept {
        self.project().slot.take()
    }

    /// The value, of an arm that has lost.
    ///
    /// # Panics
    ///
    /// If the arm has won.
    pub fn reclaim(self: Pin<&mut Self>) -> C::Value {
        let this = self.project();
        if let Some(value) = this.kept.take() {
            return value;
        }
        let slot = this.slot.project();
        let outcome = slot.outcome.take();
        slot.case.as_pin_mut().and_then(|case| case.reclaim(outcome)).expect("this arm has lost")
    }

    /// See [`Slot::arm`].
    pub fn arm(self: Pin<&mut Self>) -> Pin<&mut (dyn Arm + '_)> {
        self.project().slot.arm()
    }
}

/// An arm that fires on every outcome. `None`: its guard is false.
pub fn every<C: Case>(case: Option<C>) -> Slot<C, Every> {
    Slot::new(case)
}

/// An arm that fires on `Some` and is disabled by `None`.
pub fn values<C: Case<Output = Option<T>>, T>(case: Option<C>) -> Slot<C, Values> {
    Slot::new(case)
}

/// An arm that fires on `Ok` and is disabled by `Err`.
pub fn sent<C: Case<Output = Result<T, E>>, T, E>(case: Option<C>) -> Slot<C, Sent> {
    Slot::new(case)
}

/// As [`sent`], and gives the value back when it loses. `Err`: its guard is false.
pub fn lend<C: Lends<Output = Result<T, E>>, T, E>(case: Result<C, C::Value>) -> LendSlot<C, Sent> {
    LendSlot::new(case)
}

/// As [`every`], and gives the value back when it loses. `Err`: its guard is false.
pub fn lend_every<C: Lends>(case: Result<C, C::Value>) -> LendSlot<C, Every> {
    LendSlot::new(case)
}
