//! The transitions that nearly always happen, each in one short critical section.
//!
//! The word of a channel names three plain situations. In them a send, a receive or the wait for one is a few steps on
//! known ground; whatever is not plain comes back as `false` or `None`, with nothing changed, and goes the way of
//! [`State`].
//!
//! | situation | nobody but these waits | buffer | send | receive |
//! |---|---|---|---|---|
//! | `QUIET` | – | any | into the buffer, or wait → `CROWDED` | out of the buffer, or wait → `HUNGRY` |
//! | `HUNGRY` | receivers | empty | to the first of them | wait |
//! | `CROWDED` | senders | full, else not plain | wait | the oldest value; the first sender's moves up |
//! | `ENDING` | – | not empty | not plain | out of the buffer |
//!
//! In all of them no permit is out, and no value has come back; in all but the last the channel is open.
#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::task::Poll;

use super::state::{
    AT_ONCE, CLOSED, CROWDED, Chan, ENDING, HUNGRY, MONITORED, Note, Outcome, QUIET, RECEIVE, RESTLESS, SEND, State,
    Waiter, Want,
};
use crate::lock::LOCKED;
use crate::monitor::Watch;
use crate::rt;
use crate::select::{Begun, Plain, Seat};

impl<T> Chan<T> {
    /// Locks, if a value can go into the buffer and nobody waits; for who runs in no simulation.
    #[inline]
    pub(crate) fn begin_send(&self) -> Option<Begun> {
        let word = self.word();
        if word & (LOCKED | QUIET | SEND | RESTLESS) != QUIET | SEND || !self.raw_lock().lock_from(word) {
            return None;
        }
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        if state.buffer.len() >= state.capacity {
            // The policy is to drop.
            self.give_up();
            return None;
        }
        Some(Begun(word))
    }

    /// # Safety
    ///
    /// [`begin_send`](Self::begin_send) gave `begun` just now.
    #[inline]
    pub(crate) unsafe fn complete_send(&self, value: T, begun: Begun) {
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        let len = state.buffer.len() + 1;
        state.buffer.push_back(value, state.capacity);
        let send = if len < state.capacity || state.overflow().drops() { SEND } else { 0 };
        let bits = QUIET | RECEIVE | send;
        let bits = if begun.0 & MONITORED == 0 { bits } else { measured(state, bits, Watch::sent_into) };
        // SAFETY: locked; the word was `begun`.
        unsafe { self.replace_and_unlock_untold(state, begun.0, bits) };
        rt::sent_onto(len);
    }

    /// A plain send that does not go into the buffer.
    #[inline(never)]
    pub(crate) fn send_to_waiter<E>(&self, value: &mut Option<T>) -> Plain<Result<(), E>> {
        let word = self.word();
        if value.is_none() || word & LOCKED != 0 {
            return Plain::Unclear;
        }
        if word & HUNGRY == 0 {
            return if word & SEND == 0 { Plain::Wait } else { Plain::Unclear };
        }
        if !self.raw_lock().lock_from(word) {
            return Plain::Unclear;
        }
        // SAFETY: locked.
        if self.hand_over(unsafe { self.locked_state() }, word, value) {
            return Plain::Done(Ok(()));
        }
        self.give_up();
        Plain::Unclear
    }

    /// Locks, if a value is there and nobody waits; for who runs in no simulation.
    #[inline]
    pub(crate) fn begin_receive(&self) -> Option<Begun> {
        let word = self.word();
        if word & (LOCKED | QUIET | RECEIVE | RESTLESS) != QUIET | RECEIVE || !self.raw_lock().lock_from(word) {
            return None;
        }
        Some(Begun(word))
    }

    /// # Safety
    ///
    /// [`begin_receive`](Self::begin_receive) gave `begun` just now.
    #[inline]
    pub(crate) unsafe fn complete_receive(&self, begun: Begun) -> Poll<Option<T>> {
        /// The end of the section: once the value is where the caller wants it.
        struct End<'a, T>(&'a Chan<T>, Begun);

        impl<T> Drop for End<'_, T> {
            #[inline]
            fn drop(&mut self) {
                // SAFETY: locked.
                let state = unsafe { self.0.locked_state() };
                state.buffer.forget(1);
                let Begun(before) = self.1;
                let bits = quiet(state);
                let bits = if before & MONITORED == 0 { bits } else { measured(state, bits, Watch::received_from) };
                // SAFETY: locked; the word was `begun`.
                unsafe { self.0.replace_and_unlock_untold(state, before, bits) };
            }
        }

        let _end = End(self, begun);
        // SAFETY: locked; a value is there (S5), and the buffer forgets it before anybody else can look.
        Poll::Ready(Some(unsafe { self.locked_state().buffer.read_front() }))
    }

    /// A plain receive while others wait.
    #[inline(never)]
    pub(crate) fn receive_from_waiter(&self) -> Plain<Option<T>> {
        let word = self.word();
        if word & (LOCKED | RECEIVE) == 0 {
            return Plain::Wait;
        }
        if word & ENDING != 0 {
            return self.receive_at_the_end(word);
        }
        if word & (LOCKED | CROWDED) != CROWDED || !self.raw_lock().lock_from(word) {
            return Plain::Unclear;
        }
        // SAFETY: locked.
        match self.move_up(unsafe { self.locked_state() }, word) {
            Some(value) => Plain::Done(Some(value)),
            None => {
                self.give_up();
                Plain::Unclear
            }
        }
    }

    /// A plain receive of what a closed channel still has.
    fn receive_at_the_end(&self, word: usize) -> Plain<Option<T>> {
        if !self.raw_lock().lock_from(word) {
            return Plain::Unclear;
        }
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        let value = state.buffer.pop_front();
        // SAFETY: locked; the word was `word`.
        unsafe { self.replace_and_unlock(state, word, ending(state)) };
        Plain::Done(value)
    }

    /// Closes the channel and wakes everybody. False if it was closed already.
    pub(super) fn close(&self) -> bool {
        let before = self.raw_lock().lock();
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        if before & QUIET != 0 && state.close_alone() {
            // SAFETY: locked; the word was `before`.
            unsafe { self.replace_and_unlock(state, before, ending(state)) };
            return true;
        }
        self.give_up();
        self.with(State::close)
    }

    /// Sends, if that is plain and there is a value.
    #[inline]
    pub(crate) fn send_quickly(&self, value: &mut Option<T>) -> bool {
        if value.is_none() {
            return false;
        }
        let before = self.raw_lock().lock();
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        if before & (QUIET | SEND) == QUIET | SEND && state.buffer.len() < state.capacity {
            if let Some(value) = value.take() {
                state.buffer.push_back(value, state.capacity);
                state.count_sent(1);
            }
            // SAFETY: locked; the word was `before`.
            unsafe { self.replace_and_unlock(state, before, quiet(state)) };
            return true;
        }
        before & HUNGRY != 0 && self.hand_over(state, before, value) || self.give_up()
    }

    /// Receives a value, if that is plain.
    #[inline]
    pub(crate) fn receive_quickly(&self) -> Option<T> {
        let before = self.raw_lock().lock();
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        if before & (QUIET | RECEIVE) == QUIET | RECEIVE {
            let value = state.buffer.pop_front();
            // SAFETY: locked; the word was `before`.
            unsafe { self.replace_and_unlock(state, before, quiet(state)) };
            return value;
        }
        if before & CROWDED != 0
            && let Some(value) = self.move_up(state, before)
        {
            return Some(value);
        }
        self.give_up();
        None
    }

    /// Sends from the front of `from` while there is room, if nobody waits; says how many. (Not very many at once: others
    /// spin meanwhile.)
    pub(crate) fn send_many_quickly(&self, from: &mut VecDeque<T>) -> usize {
        let before = self.raw_lock().lock();
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        if before & (QUIET | SEND) != QUIET | SEND || state.buffer.len() >= state.capacity {
            self.give_up();
            return 0;
        }
        let count = from.len().min(state.capacity - state.buffer.len()).min(AT_ONCE);
        state.buffer.push_from(from, count, state.capacity);
        state.count_sent(count);
        // SAFETY: locked; the word was `before`.
        unsafe { self.replace_and_unlock(state, before, quiet(state)) };
        count
    }

    /// Receives up to `max` values, and no more than `into` has places for, if nobody waits; says how many.
    pub(crate) fn receive_many_quickly(&self, into: &mut Vec<T>, max: usize) -> usize {
        let before = self.raw_lock().lock();
        if before & RECEIVE == 0 || before & (QUIET | ENDING) == 0 {
            self.give_up();
            return 0;
        }
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        let had = into.len();
        state.buffer.pop_into(into, max.min(AT_ONCE));
        let bits = if before & ENDING == 0 { quiet(state) } else { ending(state) };
        // SAFETY: locked; the word was `before`.
        unsafe { self.replace_and_unlock(state, before, bits) };
        into.len() - had
    }

    /// Unlocks, with nothing changed.
    fn give_up(&self) -> bool {
        // SAFETY: who calls it holds the lock.
        unsafe { self.raw_lock().unlock() };
        false
    }

    /// Gives the value to the first receiver that waits, and unlocks; or neither.
    fn hand_over(&self, state: &mut State<T>, before: usize, value: &mut Option<T>) -> bool {
        // SAFETY: locked, as `&mut State` shows; the waiter is completed below, under the lock.
        let Some(mut waiter) = (unsafe { state.receivers.claim_head(|note| note.want == Want::Value) }) else {
            return false;
        };
        let (slot, note) = waiter.parts();
        if let Some(value) = value.take() {
            *slot = Some(value);
        }
        note.outcome = Outcome::Served;
        note.ticket = state.handed;
        state.handed += 1;
        if before & MONITORED != 0 {
            state.count_sent(1);
        }
        let single = waiter.is_single();
        let waker = waiter.complete();
        let bits = if state.receivers.is_empty() { quiet(state) } else { HUNGRY | SEND };
        // SAFETY: locked; the word was `before`.
        unsafe { self.replace_and_unlock(state, before, bits) };
        match waker {
            // A select finds the more the later it looks.
            Some(waker) if single => rt::wake_next(waker),
            Some(waker) => waker.wake(),
            None => {}
        }
        true
    }

    /// Takes the oldest value of a full channel, whose first sender moves up, or at capacity 0 that sender's own, and
    /// unlocks; or neither.
    fn move_up(&self, state: &mut State<T>, before: usize) -> Option<T> {
        if state.buffer.len() != state.capacity {
            return None;
        }
        // SAFETY: locked, as `&mut State` shows; the waiter is completed below, under the lock.
        let mut waiter = unsafe { state.senders.claim_head(|note| note.want == Want::Deliver) }?;
        let (slot, note) = waiter.parts();
        note.outcome = Outcome::Served;
        let (sent, since) = (slot.take(), note.ticket);
        let waker = waiter.complete();
        if before & MONITORED != 0
            && let Some(watch) = state.watch()
        {
            watch.sent(1);
            watch.end_wait(since);
        }
        let oldest = state.buffer.pop_front();
        let value = match (oldest, sent) {
            (Some(oldest), Some(sent)) => {
                state.buffer.push_back(sent, state.capacity);
                Some(oldest)
            }
            (oldest, sent) => oldest.or(sent),
        };
        let bits = if state.senders.is_empty() { quiet(state) } else { CROWDED | RECEIVE };
        // SAFETY: locked; the word was `before`.
        unsafe { self.replace_and_unlock(state, before, bits) };
        if let Some(waker) = waker {
            waker.wake();
        }
        value
    }

    /// Links a waiter, if it surely has to wait and that is plain. (A sender without a value is none.)
    ///
    /// # Safety
    ///
    /// The node is pinned, has a value and is not linked; the caller owns it. The claim stays valid while it is linked.
    #[inline]
    pub(crate) unsafe fn enlist_quickly(&self, node: &Waiter<T>, seat: Seat<'_>, want: Want) -> bool {
        let receives = matches!(want, Want::Value | Want::News);
        // SAFETY: by the caller.
        if want == Want::Deliver && unsafe { node.value() }.is_none() {
            return false;
        }
        let (ready, waiting) = match want {
            Want::Value | Want::News => (RECEIVE, HUNGRY),
            Want::Deliver | Want::Place | Want::Room => (SEND, CROWDED),
            Want::Close => return false,
        };
        let word = self.word();
        if word & ready != 0 || word & (QUIET | waiting) == 0 || !self.raw_lock().lock_from(word) {
            return false;
        }
        // SAFETY: locked.
        let state = unsafe { self.locked_state() };
        let ticket = if word & MONITORED == 0 {
            0
        } else if !receives && state.watch().is_some_and(|watch| watch.overlooks()) {
            // That is not all that changes.
            return self.give_up();
        } else {
            state.begin_wait(want)
        };
        // SAFETY: by the caller; the lock is held.
        unsafe {
            node.assign(seat.claim, seat.key, Note::new(want, ticket));
            if receives { state.receivers.push_back(node) } else { state.senders.push_back(node) }
        }
        let bits = if receives { HUNGRY | SEND } else { CROWDED | RECEIVE };
        self.tell_state(state);
        // SAFETY: locked; the word was `word`. Nothing that is counted has changed, but for the wait.
        unsafe { self.replace_and_unlock_untold(state, word, bits | word & MONITORED) };
        true
    }
}

/// The bits of a channel in which nobody waits any more.
#[inline]
fn quiet<T>(state: &State<T>) -> usize {
    let receive = if state.buffer.len() > 0 { RECEIVE } else { 0 };
    let send = if state.buffer.len() < state.capacity || state.overflow().drops() { SEND } else { 0 };
    QUIET | receive | send
}

/// Those of a monitored channel, after `measure`, which says whether it is still calm.
#[inline]
fn measured<T>(state: &mut State<T>, bits: usize, measure: impl FnOnce(&mut Watch, usize) -> bool) -> usize {
    let len = state.buffer.len();
    let watch = state.watch();
    debug_assert!(watch.is_some());
    // SAFETY: a channel whose word says `MONITORED` has a watch as long as it lives.
    let calm = measure(unsafe { watch.unwrap_unchecked() }, len);
    if calm { bits | MONITORED } else { bits | MONITORED | RESTLESS }
}

/// The bits of a closed channel in which nobody waits.
#[inline]
fn ending<T>(state: &State<T>) -> usize {
    CLOSED | RECEIVE | SEND | if state.buffer.len() > 0 { ENDING } else { 0 }
}
