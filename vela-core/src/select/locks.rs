//! All the locks of a select at once, in address order.
#![allow(unsafe_code)]

use std::cell::Cell;

use crate::lock::Lock;

/// Locks up to this many lie on the stack; beyond it a list is kept per thread and used again.
const INLINE: usize = 8;

thread_local! {
    static SPILL: Cell<Vec<*const Lock>> = const { Cell::new(Vec::new()) };
}

/// The locks that a select must hold to see all its cases at one instant.
#[derive(Debug)]
pub struct LockSet {
    inline: [*const Lock; INLINE],
    len: usize,
    spill: Vec<*const Lock>,
}

impl LockSet {
    pub(crate) fn new() -> Self {
        Self { inline: [std::ptr::null(); INLINE], len: 0, spill: Vec::new() }
    }

    pub(crate) fn push(&mut self, lock: &Lock) {
        let lock = std::ptr::from_ref(lock);
        if self.len < INLINE {
            self.inline[self.len] = lock;
        } else {
            if self.len == INLINE {
                self.spill = SPILL.take();
                self.spill.clear();
                self.spill.extend(self.inline);
            }
            self.spill.push(lock);
        }
        self.len += 1;
    }

    /// # Safety
    ///
    /// The locks are alive.
    unsafe fn sorted(&mut self) -> &mut [*const Lock] {
        let locks = if self.len <= INLINE { &mut self.inline[..self.len] } else { &mut self.spill[..] };
        // SAFETY: the locks are alive (`hold`'s contract).
        locks.sort_unstable_by_key(|&lock| unsafe { (*lock).rank() });
        locks
    }

    /// Locks them all (each once), runs `look`, and unlocks them.
    ///
    /// # Safety
    ///
    /// The locks are alive, and this thread holds none of them. `look` does not panic.
    pub(crate) unsafe fn hold<R>(&mut self, look: impl FnOnce() -> R) -> R {
        // SAFETY: by the caller.
        let locks = unsafe { self.sorted() };
        let each = |locks: &[*const Lock], act: &dyn Fn(&Lock)| {
            let mut last = std::ptr::null();
            for &lock in locks {
                if lock != last {
                    // SAFETY: alive, by the caller.
                    act(unsafe { &*lock });
                }
                last = lock;
            }
        };
        // Address order is the only order in which anybody holds two channel locks, so this cannot deadlock.
        each(locks, &|lock| {
            lock.lock();
        });
        let result = look();
        // SAFETY: locked above, by this thread, each once.
        each(locks, &|lock| unsafe { lock.unlock() });
        result
    }
}

impl Drop for LockSet {
    fn drop(&mut self) {
        if self.len > INLINE {
            SPILL.set(std::mem::take(&mut self.spill));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::LOCKED;
    use crate::ops::Receive;
    use crate::select::{Arm, Case, values};
    use crate::{any, channel};

    #[test]
    fn all_locks_are_held_during_the_look_and_none_after_it() {
        for n in [0, 1, 7, 8, 9, 10, 40] {
            let all: Vec<_> = (0..n).map(|_| Lock::new(0)).collect();
            let mut set = LockSet::new();
            // Each twice, as of a channel with two arms.
            all.iter().rev().chain(&all).take(n.max(n / 2 * 3)).for_each(|lock| set.push(lock));
            // SAFETY: the locks outlive the set, and nobody holds them.
            assert!(unsafe { set.hold(|| all.iter().all(|lock| lock.word() & LOCKED != 0)) }, "{n} locks");
            assert!(!all.iter().any(|lock| lock.word() & LOCKED != 0), "{n} locks");
        }
    }

    #[test]
    fn list_of_a_large_set_is_kept_for_the_next() {
        let lock = Lock::new(0);
        let drop_set_of = |n: usize| {
            let mut set = LockSet::new();
            (0..n).for_each(|_| set.push(&lock));
        };
        let kept = || {
            let list = SPILL.take();
            let capacity = list.capacity();
            SPILL.set(list);
            capacity
        };
        drop_set_of(INLINE);
        assert_eq!(kept(), 0, "a small set needs none");
        drop_set_of(100);
        drop_set_of(INLINE);
        drop_set_of(1);
        assert!(kept() >= 100);
    }

    #[test]
    fn arms_and_sets_of_sources_name_the_lock_of_each_channel() {
        let (_tx, rx) = channel::<u8>(1);
        let mut set = LockSet::new();
        values(Some((&rx).receive())).locks(&mut set);
        assert_eq!(set.len, 1);
        for n in [1, 3, 6] {
            let mut set = LockSet::new();
            (&any(&mut vec![rx.clone(); n])).receive().locks(&mut set);
            assert_eq!(set.len, n);
        }
    }
}
