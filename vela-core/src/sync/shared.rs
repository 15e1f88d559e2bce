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
    polls: u32,
    waiters: Waiters,
}

/// One entry inline, because one waiter is the rule; small, because it is part of every task's handle.
#[derive(Default)]
struct Waiters {
    last_id: u32,
    baton: u32,
    first: Option<Entry>,
    rest: Rest,
}

/// A waiter's number and waker.
type Entry = (u32, Waker);

type Rest = Option<Box<Vec<Entry>>>;

/// A waiter's place; 0 while it does not wait.
#[derive(Debug, Default)]
pub(crate) struct Place(u32);

impl<S> Shared<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { state: Mutex::new(State { source, polls: 0, waiters: Waiters::default() }) }
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
        mut f: impl FnMut(&mut S, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let mut state = self.state.lock();
        loop {
            let result = f(&mut state.source, cx);
            state.polls = state.polls.wrapping_add(1);
            if result.is_ready() {
                let old = state.waiters.remove(place);
                // The others must look again, whoever had the baton.
                let others = state.waiters.take_all();
                drop(state);
                drop(old);
                others.wake();
                return result;
            }
            if state.waiters.keep(place, cx.waker()) {
                return Poll::Pending;
            }
            // The waker is cloned outside the lock. Who polls the source meanwhile takes the baton: then once more (I1).
            let polls = state.polls;
            drop(state);
            let waker = cx.waker().clone();
            state = self.state.lock();
            if state.polls == polls {
                let old = state.waiters.enter(place, waker);
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            drop(state);
            drop(waker);
            state = self.state.lock();
        }
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
    first: Option<Entry>,
    rest: Rest,
}

impl Woken {
    fn wake(self) {
        for (_, waker) in self.first.into_iter().chain(self.rest.into_iter().flat_map(|rest| *rest)) {
            waker.wake();
        }
    }
}

impl Waiters {
    fn find(&mut self, id: u32) -> Option<&mut Entry> {
        match &mut self.first {
            Some(entry) if entry.0 == id => Some(entry),
            _ => self.rest.as_mut()?.iter_mut().find(|entry| entry.0 == id),
        }
    }

    /// Whether the waiter is registered with this waker already; then it has the baton: the source was just polled
    /// with its waker.
    fn keep(&mut self, place: &Place, waker: &Waker) -> bool {
        let kept = place.0 != 0 && self.find(place.0).is_some_and(|entry| entry.1.will_wake(waker));
        if kept {
            self.baton = place.0;
        }
        kept
    }

    /// Registers the waiter and gives it the baton. Returns what it replaced, for the caller to drop outside the lock.
    fn enter(&mut self, place: &mut Place, waker: Waker) -> Option<Entry> {
        if place.0 == 0 {
            // Wraps after 4 billion waits on one source; 0 stays free.
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            place.0 = self.last_id;
        }
        self.baton = place.0;
        let entry = (place.0, waker);
        if let Some(kept) = self.find(place.0) {
            return Some(mem::replace(kept, entry));
        }
        if self.first.is_none() {
            self.first = Some(entry);
        } else {
            self.rest.get_or_insert_default().push(entry);
        }
        None
    }

    fn remove(&mut self, place: &mut Place) -> Option<Entry> {
        let id = mem::take(&mut place.0);
        if self.first.as_ref().is_some_and(|(first, _)| *first == id) {
            return self.first.take();
        }
        let rest = self.rest.as_mut()?;
        let at = rest.iter().position(|(other, _)| *other == id)?;
        Some(rest.swap_remove(at))
    }

    fn take_all(&mut self) -> Woken {
        self.baton = 0;
        Woken { first: self.first.take(), rest: self.rest.take() }
    }
}
