//! Lets many tasks wait, through one `&`, for a source that remembers only the waker of its last poll.
//!
//! Invariants:
//!
//! - I1: while anybody waits, the source holds the waker of a waiter that is still there (the *baton*).
//! - I2: whoever has the baton and stops waiting, by success or by being dropped, wakes all the others: each
//!   polls again, and the last of them has the baton then.
//!
//! Lock order: only this one, and inside it whatever the source locks. The source's own waker slot is written
//! under it; the wakers kept here are cloned, dropped and woken outside.

use std::mem;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// A source and those who wait for it.
pub(crate) struct Shared<S> {
    state: Mutex<State<S>>,
}

struct State<S> {
    source: S,
    waiters: Waiters,
}

/// One entry inline, because one waiter is the rule.
#[derive(Default)]
struct Waiters {
    last_id: u64,
    baton: u64,
    first: Option<(u64, Waker)>,
    rest: Vec<(u64, Waker)>,
}

/// A waiter's place; 0 while it does not wait.
#[derive(Debug, Default)]
pub(crate) struct Place(u64);

impl<S> Shared<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { state: Mutex::new(State { source, waiters: Waiters::default() }) }
    }

    /// A look at the source without waiting. `f` must not run user code.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        f(&mut self.state.lock().source)
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        &mut self.state.get_mut().source
    }

    /// Polls the source for the waiter at `place`, which is then registered or, when ready, gone.
    pub(crate) fn poll<R>(
        &self,
        place: &mut Place,
        cx: &mut Context<'_>,
        f: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let mut mine = Some(cx.waker().clone());
        let mut state = self.state.lock();
        let result = f(&mut state.source, cx);
        let (old, others) = if result.is_pending() {
            (state.waiters.enter(place, &mut mine), Woken::default())
        } else {
            // The others must look again, whoever had the baton.
            (state.waiters.remove(place), state.waiters.take_all())
        };
        drop(state);
        drop((old, mine));
        others.wake();
        result
    }

    /// The waiter at `place` waits no longer.
    pub(crate) fn leave(&self, place: &mut Place) {
        if place.0 != 0 {
            let mut state = self.state.lock();
            let had_baton = state.waiters.baton == place.0;
            let old = state.waiters.remove(place);
            let others = if had_baton { state.waiters.take_all() } else { Woken::default() };
            drop(state);
            drop(old);
            others.wake();
        }
    }

    /// Everybody looks again: the source was changed by something other than a poll of theirs.
    pub(crate) fn wake_all(&self) {
        let others = self.state.lock().waiters.take_all();
        others.wake();
    }
}

/// Wakers to be woken once the lock is gone.
#[derive(Default)]
struct Woken {
    first: Option<(u64, Waker)>,
    rest: Vec<(u64, Waker)>,
}

impl Woken {
    fn wake(self) {
        for (_, waker) in self.first.into_iter().chain(self.rest) {
            waker.wake();
        }
    }
}

impl Waiters {
    /// Registers the waiter and gives it the baton: the source was just polled with its waker. Returns what it
    /// replaced, for the caller to drop outside the lock.
    fn enter(&mut self, place: &mut Place, waker: &mut Option<Waker>) -> Option<(u64, Waker)> {
        if place.0 == 0 {
            self.last_id += 1;
            place.0 = self.last_id;
        }
        self.baton = place.0;
        let entry = (place.0, waker.take()?);
        if let Some(kept) = self.rest.iter_mut().find(|(id, _)| *id == place.0) {
            return Some(mem::replace(kept, entry));
        }
        match &mut self.first {
            Some((id, _)) if *id != place.0 => {
                self.rest.push(entry);
                None
            }
            first => first.replace(entry),
        }
    }

    fn remove(&mut self, place: &mut Place) -> Option<(u64, Waker)> {
        let id = mem::take(&mut place.0);
        if self.first.as_ref().is_some_and(|(first, _)| *first == id) {
            return self.first.take();
        }
        let at = self.rest.iter().position(|(other, _)| *other == id)?;
        Some(self.rest.swap_remove(at))
    }

    fn take_all(&mut self) -> Woken {
        self.baton = 0;
        Woken { first: self.first.take(), rest: mem::take(&mut self.rest) }
    }
}
