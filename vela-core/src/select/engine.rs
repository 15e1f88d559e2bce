//! The wait of a `select!` over any number of arms.
#![allow(unsafe_code)]

use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::case::Seat;
use super::locks::LockSet;
use super::order::{Likely, Mode, likely};
use super::slot::{Arm, Look};
use crate::rt;
use crate::waitlist::claim::MAX_KEY;
use crate::waitlist::{Claim, Phase, Wakes};

/// [`Selector::poll`] gives it when every arm is disabled and the select has a `closed` arm.
pub const CLOSED: usize = usize::MAX;
/// [`Selector::poll`] gives it when nothing is ready and the select has an `else` arm.
pub const ELSE: usize = usize::MAX - 1;

/// For the arm numbers that [`Selector::poll`] never gives.
#[cold]
pub fn unreachable_arm() -> ! {
    unreachable!("the select engine gave an arm that the select does not have")
}

/// The claim word of a select, and its wait. It must outlive the arms: declare it before them.
#[derive(Debug)]
pub struct Selector {
    claim: Claim,
    mode: Mode,
    enrolled: bool,
    /// The arms have just been looked at, and none was ready.
    looked: bool,
    _pinned: PhantomPinned,
}

type Arms<'a, 'b> = [Pin<&'a mut (dyn Arm + 'b)>];

impl Selector {
    /// A select that has not begun.
    #[must_use]
    #[inline]
    pub fn new(mode: Mode) -> Self {
        Self::after_look(mode, false)
    }

    /// As [`new`](Self::new); `looked`: all arms have been looked at just now, and surely none was ready.
    #[inline]
    pub(crate) fn after_look(mode: Mode, looked: bool) -> Self {
        Self { claim: Claim::new(), mode, enrolled: false, looked, _pinned: PhantomPinned }
    }

    /// Waits for one of `arms` to fire, and gives its index, [`CLOSED`] or [`ELSE`]. Pass the same arms each time.
    ///
    /// When it is ready, every arm has left every list: what loses has had no effect and gets nothing any more.
    pub fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, arms: &mut Arms<'_, '_>) -> Poll<usize> {
        // An exhausted budget makes foreign sources look empty: yield before looking, charge the winner alone.
        let budget = rt::poll_has_budget(cx);
        // SAFETY: the claim is not moved; nothing else in here is pinned.
        let this = unsafe { self.get_unchecked_mut() };
        // It counts at the first poll only, and not behind another select's turn.
        let mut looked = std::mem::take(&mut this.looked);
        ready!(budget);
        loop {
            let step =
                if this.enrolled { this.wake_up(cx, arms) } else { this.start(std::mem::take(&mut looked), cx, arms) };
            match step {
                Step::Fired(arm) => {
                    tell(&arms[arm..=arm], true);
                    this.leave(arms);
                    rt::charge(cx);
                    return Poll::Ready(arm);
                }
                Step::Asleep => {
                    tell(arms, false);
                    return Poll::Pending;
                }
                Step::Again => {}
                Step::Over => {
                    this.leave(arms);
                    return match (this.mode.or_closed, this.mode.or_else) {
                        (true, _) => Poll::Ready(CLOSED),
                        (false, true) => Poll::Ready(ELSE),
                        // As Go's select of nil channels: nothing can ever happen.
                        (false, false) => Poll::Pending,
                    };
                }
                Step::NothingReady => {
                    if arms.iter().any(|arm| arm.enabled() && arm.is_polled()) {
                        // A foreign arm may have used up the budget, and the next have looked empty for that.
                        ready!(rt::poll_has_budget(cx));
                    }
                    return Poll::Ready(ELSE);
                }
            }
        }
    }

    /// The first look, at one arm after the other; then `else`, or to sleep.
    fn start(&mut self, looked: bool, cx: &mut Context<'_>, arms: &mut Arms<'_, '_>) -> Step {
        // Where the arms have just been looked at, the next look at each is that of its enrolment. (It goes by the text, so
        // it must not come long after.)
        if !looked && let Some(fired) = self.visit(arms, |arm| arm.attempt(cx)) {
            return Step::Fired(fired);
        }
        if !any_enabled(arms) {
            return Step::Over;
        }
        if self.mode.or_else {
            return self.look_at_one_instant(arms);
        }
        // SAFETY: nothing is enrolled, so the word is BUSY and ours.
        unsafe { self.claim.set_waker(cx.waker()) };
        self.enrolled = true;
        if let Some(fired) = self.enroll(arms) {
            return Step::Fired(fired);
        }
        self.sleep(arms)
    }

    /// Polled again while enrolled.
    fn wake_up(&mut self, cx: &mut Context<'_>, arms: &mut Arms<'_, '_>) -> Step {
        match self.claim.phase() {
            Phase::Done(key) => {
                let (index, offset) = arm_of(key, arms);
                let arm = &mut arms[index];
                if arm.as_mut().finish(offset) == Look::Outcome && arm.as_mut().judge() {
                    return Step::Fired(index);
                }
                // The arm was disabled (its channel closed). The claim is spent: the others have to enrol anew.
                self.leave(arms);
                Step::Again
            }
            Phase::InProgress(key) => {
                let (index, offset) = arm_of(key, arms);
                arms[index].settle(offset);
                Step::Again
            }
            Phase::Waiting if self.claim.hold() => {
                // SAFETY: the word is BUSY.
                unsafe { self.claim.set_waker(cx.waker()) };
                match self.visit(arms, |arm| if arm.is_polled() { arm.attempt(cx) } else { Look::NotReady }) {
                    Some(fired) => Step::Fired(fired),
                    None => self.sleep(arms),
                }
            }
            Phase::Waiting => Step::Again,
        }
    }

    /// Looks at the enabled arms in the select's order, outside all locks.
    fn visit(&self, arms: &mut Arms<'_, '_>, mut look: impl FnMut(Pin<&mut (dyn Arm + '_)>) -> Look) -> Option<usize> {
        let likely = ready_arms(arms);
        self.mode.visit(arms.len(), &likely, |index| {
            let arm = &mut arms[index];
            if !arm.enabled() || look(arm.as_mut()) == Look::NotReady {
                return None;
            }
            if arm.as_mut().judge() {
                return Some(index);
            }
            arm.as_mut().withdraw();
            None
        })
    }

    /// Links every enabled arm's nodes, each after a look under its own lock. The word is BUSY: a counterpart that
    /// meets a linked node marks it, and the select looks again before it sleeps.
    fn enroll(&self, arms: &mut Arms<'_, '_>) -> Option<usize> {
        let mut key = 0;
        for (index, arm) in arms.iter_mut().enumerate() {
            let width = arm.width();
            assert!(MAX_KEY - key > width, "a select with more than 2^29 sources");
            if arm.enabled() && arm.as_mut().enroll(Seat { claim: &self.claim, key }) == Look::Outcome {
                if arm.as_mut().judge() {
                    return Some(index);
                }
                arm.as_mut().withdraw();
            }
            key += width;
        }
        None
    }

    /// `BUSY → WAITING`; if a counterpart has passed over it, looks again first, at all arms at one instant.
    fn sleep(&mut self, arms: &mut Arms<'_, '_>) -> Step {
        if !any_enabled(arms) {
            return Step::Over;
        }
        if self.claim.park() {
            return Step::Asleep;
        }
        self.claim.rearm();
        // The mark is gone, so there is no way back to `park` before a look has found nothing in any arm.
        loop {
            match self.look_locked(arms, true) {
                None => return Step::Asleep,
                Some(index) if arms[index].as_mut().judge() => return Step::Fired(index),
                Some(index) => arms[index].as_mut().withdraw(),
            }
            if !any_enabled(arms) {
                return Step::Over;
            }
        }
    }

    /// `else`: is there an instant at which no arm is ready?
    fn look_at_one_instant(&mut self, arms: &mut Arms<'_, '_>) -> Step {
        // A double collect of the versions. If none changed between two reads of each, then all the states that the
        // first round saw held together at the moment between the rounds.
        for _ in 0..2 {
            let (maybe, before) = collect(arms);
            if maybe {
                break;
            }
            if collect(arms).1 == before {
                return Step::NothingReady;
            }
        }
        match self.look_locked(arms, false) {
            None => Step::NothingReady,
            Some(index) if arms[index].as_mut().judge() => Step::Fired(index),
            Some(_) => Step::Again,
        }
    }

    /// Looks at all arms under all their locks; with `park` the word becomes `WAITING` before they are released.
    fn look_locked(&self, arms: &mut Arms<'_, '_>, park: bool) -> Option<usize> {
        let mut locks = LockSet::new();
        for arm in arms.iter().filter(|arm| arm.enabled()) {
            arm.locks(&mut locks);
        }
        let likely = ready_arms(arms);
        let mut wakes = Wakes::new();
        // SAFETY: the arms keep their channels alive; no lock is held here; looks run no user code.
        let found = unsafe {
            locks.hold(|| {
                let found = self.mode.visit(arms.len(), &likely, |index| {
                    let arm = &mut arms[index];
                    let look = arm.enabled() && arm.as_mut().attempt_locked(&self.claim, &mut wakes) == Look::Outcome;
                    look.then_some(index)
                });
                if found.is_none() && park {
                    // Who could mark it between `rearm` and here would have needed one of these locks.
                    self.claim.arm();
                }
                found
            })
        };
        wakes.wake();
        found
    }

    /// Leaves every list; the claim can be used again.
    fn leave(&mut self, arms: &mut Arms<'_, '_>) {
        if self.enrolled {
            for arm in arms {
                arm.as_mut().withdraw();
            }
            assert!(self.claim.is_vacant(), "a select is polled with the same arms each time");
            self.claim.reset();
            // SAFETY: every node has left its list.
            unsafe { self.claim.clear_waker() };
            self.enrolled = false;
        }
    }
}

enum Step {
    /// This arm has fired.
    Fired(usize),
    /// Enrolled, and nobody has come.
    Asleep,
    /// Look again.
    Again,
    /// Every arm is disabled.
    Over,
    /// At some instant no arm was ready.
    NothingReady,
}

/// Tells a simulation what the select waits for, or has done.
#[inline]
fn tell(arms: &Arms<'_, '_>, ready: bool) {
    if rt::seam::detailed() {
        for arm in arms.iter().filter(|arm| ready || arm.enabled()) {
            arm.describe(&mut |operation| rt::polled(ready, operation));
        }
    }
}

fn any_enabled(arms: &Arms<'_, '_>) -> bool {
    arms.iter().any(|arm| arm.enabled())
}

/// The arms that are worth a draw, in a simulation.
fn ready_arms(arms: &Arms<'_, '_>) -> Likely {
    likely(arms.iter().map(|arm| arm.enabled() && (arm.is_polled() || arm.peek().maybe)))
}

fn collect(arms: &Arms<'_, '_>) -> (bool, usize) {
    arms.iter().filter(|arm| arm.enabled()).map(|arm| arm.peek()).fold((false, 0), |(maybe, sum), peek| {
        // Versions only grow, so their sum stays the same only if each does.
        (maybe | peek.maybe, sum.wrapping_add(peek.version))
    })
}

fn arm_of(key: u32, arms: &Arms<'_, '_>) -> (usize, u32) {
    let mut offset = key;
    for (index, arm) in arms.iter().enumerate() {
        let width = arm.width();
        if offset < width {
            return (index, offset);
        }
        offset -= width;
    }
    unreachable_arm()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Receive;
    use crate::select::{Case, Peek, Polled, values};
    use crate::{Sender, channel};

    /// Never ready; sends when it is peeked at for the second time, as another thread could.
    struct Sends {
        to: Sender<u8>,
        peeks: std::cell::Cell<u32>,
        width: u32,
    }

    impl Sends {
        fn new(to: Sender<u8>, width: u32) -> Self {
            Self { to, peeks: std::cell::Cell::new(0), width }
        }
    }

    // SAFETY: it links no node at all.
    unsafe impl Case for Sends {
        type Output = Option<u8>;

        fn attempt(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u8>> {
            Poll::Pending
        }

        fn enroll(self: Pin<&mut Self>, _: Seat<'_>) -> Poll<Option<u8>> {
            Poll::Pending
        }

        unsafe fn attempt_locked(self: Pin<&mut Self>, _: &Claim, _: &mut Wakes) -> Poll<Option<u8>> {
            Poll::Pending
        }

        fn locks(&self, _: &mut LockSet) {}

        fn peek(&self) -> Peek {
            self.peeks.set(self.peeks.get() + 1);
            if self.peeks.get() == 2 {
                self.to.try_send(1).unwrap();
            }
            Peek::NEVER
        }

        fn finish(self: Pin<&mut Self>, _: u32) -> Poll<Option<u8>> {
            Poll::Pending
        }

        fn withdraw(self: Pin<&mut Self>) {}

        fn settle(&self, _: u32) {}

        fn width(&self) -> u32 {
            self.width
        }
    }

    #[test]
    fn change_between_the_two_collects_is_seen() {
        let (tx, rx) = channel(1);
        let mut selector = std::pin::pin!(Selector::new(Mode::biased().or_else()));
        let mut first = std::pin::pin!(values(Some(Sends::new(tx, 1))));
        let mut second = std::pin::pin!(values(Some((&rx).receive())));
        let mut third = std::pin::pin!(values(Some(Polled::new(std::future::pending::<Option<u8>>()))));
        let mut arms = [first.as_mut().arm(), second.as_mut().arm(), third.as_mut().arm()];
        let won = selector.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()), &mut arms);
        assert_eq!(won, Poll::Ready(1));
    }

    #[test]
    fn every_change_of_a_channel_grows_its_version() {
        let (tx, rx) = channel(1);
        let case = (&rx).receive();
        let mut last = case.peek();
        assert!(!last.maybe);
        for round in 0..20 {
            let send = round % 2 == 0;
            assert!(if send { tx.try_send(1).is_ok() } else { rx.try_recv().is_ok() });
            let peek = case.peek();
            assert_eq!(peek.maybe, send);
            assert!(peek.version > last.version, "{peek:?} after {last:?}");
            last = peek;
        }
    }

    #[test]
    #[should_panic(expected = "more than 2^29 sources")]
    fn more_sources_than_keys_panic() {
        let (tx, _rx) = channel(1);
        let mut selector = std::pin::pin!(Selector::new(Mode::biased()));
        let mut arm = std::pin::pin!(values(Some(Sends::new(tx, 1 << 29))));
        let _ = selector.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()), &mut [arm.as_mut().arm()]);
    }
}
