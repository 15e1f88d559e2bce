//! The state word of a task, and what can happen to it. Table, invariants and reasons: README.md.

#[cfg(vela_loom)]
use loom::sync::atomic::{AtomicUsize, Ordering, fence};
#[cfg(not(vela_loom))]
use std::sync::atomic::{AtomicUsize, Ordering, fence};

/// In a queue, or being polled. Who sets it owns the future, the link and the right to enqueue.
const ACTIVE: usize = 1;
/// Woken while ACTIVE: to be polled once more.
const NOTIFIED: usize = 1 << 1;
/// The future is gone. The output is there until the join handle takes it.
const COMPLETE: usize = 1 << 2;
/// To be dropped at the next opportunity.
const CANCELLED: usize = 1 << 3;
/// There is a join handle; the output is its, once COMPLETE is set.
const INTEREST: usize = 1 << 4;
/// The waker slot holds the join handle's waker, and belongs to who sets COMPLETE.
const WAITING: usize = 1 << 5;
/// One reference.
const REF: usize = 1 << 6;

pub(super) struct State(AtomicUsize);

/// How a poll begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Poll,
    /// The future is to be dropped instead.
    Cancelled,
}

/// How a poll that was not ready ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// ACTIVE was given up.
    Idle,
    /// Woken meanwhile: the caller still holds ACTIVE, and enqueues it.
    Again,
    /// The caller still holds ACTIVE, and drops the future.
    Cancelled,
}

/// Whose the output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The caller's, who drops it: there is no join handle.
    Callers,
    /// The join handle's, which does not wait.
    Handles,
    /// The join handle's, which waits: the caller takes its waker out of the slot.
    Awaited,
}

/// What a wake has to do.
#[derive(Debug)]
pub(super) enum Wake<T> {
    /// The caller has set ACTIVE, and enqueues the task.
    Enqueue(T),
    /// The task has ended, or nobody takes tasks any more: the reference was not used.
    Unused,
    Nothing,
}

/// How a join handle is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detached {
    /// With its reference.
    Whole,
    /// The slot may hold its waker, which the caller drops; then its reference.
    Slot,
    /// The caller drops the output, then the reference.
    Output,
}

impl State {
    /// Of a task that is about to be queued; it has its own reference and the join handle's.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(ACTIVE | INTEREST | (2 * REF)))
    }

    // ------------------------------------------------------------------------------ by who holds ACTIVE

    #[inline]
    pub(super) fn begin(&self) -> Begin {
        // Relaxed: the queue has synchronised with who put it there, and a later wake is seen by `end`.
        if self.0.load(Ordering::Relaxed) & (NOTIFIED | CANCELLED) == 0 {
            return Begin::Poll;
        }
        // Acquire: pairs with the release in `wake`; the wakes until here are served by the poll that follows.
        // Release: hands on what the releases before it published, to whoever acquires after it.
        let seen = self.0.fetch_and(!NOTIFIED, Ordering::AcqRel);
        if seen & CANCELLED == 0 { Begin::Poll } else { Begin::Cancelled }
    }

    #[inline]
    pub(super) fn end(&self) -> End {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            if seen & CANCELLED != 0 {
                // Acquire: what was done before the cancelling is visible to the drop of the future.
                fence(Ordering::Acquire);
                return End::Cancelled;
            }
            if seen & NOTIFIED != 0 {
                // Cleared by the next `begin`.
                return End::Again;
            }
            // Release: pairs with the acquire of who sets ACTIVE next, who sees the future as it is now.
            match self.0.compare_exchange_weak(seen, seen & !ACTIVE, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return End::Idle,
                Err(now) => seen = now,
            }
        }
    }

    /// The output is in place and no list has the task: completes it and gives its own reference up, if nobody waits.
    #[inline]
    pub(super) fn complete_quietly(&self) -> bool {
        let seen = self.0.load(Ordering::Relaxed);
        let quiet = seen & (WAITING | INTEREST) == INTEREST && seen >= 2 * REF;
        // Release: pairs with the acquire of the join handle, which sees the output.
        quiet && {
            let next = (seen & !ACTIVE | COMPLETE) - REF;
            self.0.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        }
    }

    /// The output is in place. The caller keeps the task's own reference.
    pub(super) fn complete(&self) -> Output {
        // ACTIVE is set and COMPLETE is not: the sum changes these two bits and nothing else. Release: as above.
        // Acquire: pairs with the release of `offer`: the waker in the slot is whole.
        let seen = self.0.fetch_add(COMPLETE - ACTIVE, Ordering::AcqRel);
        if seen & INTEREST == 0 {
            Output::Callers
        } else if seen & WAITING == 0 {
            Output::Handles
        } else {
            Output::Awaited
        }
    }

    // --------------------------------------------------------------------------------- by who has a reference

    /// Wakes the task; `gives`: with the caller's reference, which is used up unless `Unused` is returned. `cancels`: it is
    /// to be dropped. `enter` is asked for the right to enqueue; `None`: the task is cancelled by others.
    #[inline]
    pub(super) fn wake<T>(&self, gives: bool, cancels: bool, mut enter: impl FnMut() -> Option<T>) -> Wake<T> {
        let given = if gives { REF } else { 0 };
        let also = if cancels { CANCELLED } else { 0 };
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            if seen & COMPLETE != 0 {
                return Wake::Unused;
            }
            if seen & ACTIVE != 0 {
                // Written also if it is NOTIFIED already: the poll that serves it has to see what this thread did before
                // (I5). Not the last reference: the task has its own.
                let next = (seen | NOTIFIED | also) - given;
                match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => return Wake::Nothing,
                    Err(now) => seen = now,
                }
                continue;
            }
            let Some(right) = enter() else { return Wake::Unused };
            let next = (seen | ACTIVE | also) - given;
            // Acquire: pairs with the release of `end`.
            match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Wake::Enqueue(right),
                Err(now) => seen = now,
            }
        }
    }

    /// Cancels an idle task, and sets ACTIVE. False: it has completed, or who holds ACTIVE will see that it is cancelled.
    pub(super) fn claim_cancelled(&self) -> bool {
        let mut seen = self.0.fetch_or(CANCELLED, Ordering::AcqRel) | CANCELLED;
        while seen & (COMPLETE | ACTIVE) == 0 {
            // Acquire: as in `wake`.
            match self.0.compare_exchange_weak(seen, seen | ACTIVE, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    pub(super) fn is_complete(&self) -> bool {
        // Acquire: pairs with the release of `complete`.
        self.0.load(Ordering::Acquire) & COMPLETE != 0
    }

    #[inline]
    pub(super) fn add_ref(&self) {
        // Relaxed: made from a reference that exists, as in `Arc`.
        let before = self.0.fetch_add(REF, Ordering::Relaxed);
        if before > isize::MAX as usize {
            // Leaked wakers without end: as in `Arc`.
            std::process::abort();
        }
    }

    /// True: that was the last reference, and the allocation is the caller's.
    #[inline]
    pub(super) fn release(&self) -> bool {
        // Release, and Acquire by the last: all uses of the task come before it is freed, as in `Arc`.
        let last = self.0.fetch_sub(REF, Ordering::Release) < 2 * REF;
        if last {
            fence(Ordering::Acquire);
        }
        last
    }

    // --------------------------------------------------------------------------------------- by the join handle

    /// Makes the waker slot the join handle's. False: the task is complete, and the output is the handle's.
    #[inline]
    pub(super) fn withdraw(&self) -> bool {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            if seen & COMPLETE != 0 {
                return false;
            }
            if seen & WAITING == 0 {
                return true;
            }
            // Withdrawn before the slot is even looked at: who completes the task takes the waker.
            match self.0.compare_exchange_weak(seen, seen & !WAITING, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
    }

    /// The slot holds a waker: leaves it to who completes the task. False: as [`withdraw`](Self::withdraw).
    #[inline]
    pub(super) fn offer(&self) -> bool {
        let mut seen = self.0.load(Ordering::Acquire);
        while seen & COMPLETE == 0 {
            // Release: pairs with the acquire of `complete`.
            match self.0.compare_exchange_weak(seen, seen | WAITING, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// The join handle goes.
    #[inline]
    pub(super) fn detach(&self) -> Detached {
        let mut seen = self.0.load(Ordering::Acquire);
        while seen & COMPLETE == 0 {
            // Where nothing waits, interest and reference go at once; a waker that was withdrawn goes with the task.
            let whole = seen & WAITING == 0 && seen >= 2 * REF;
            let next = if whole { (seen & !INTEREST) - REF } else { seen & !(INTEREST | WAITING) };
            match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return if whole { Detached::Whole } else { Detached::Slot },
                Err(now) => seen = now,
            }
        }
        Detached::Output
    }
}
