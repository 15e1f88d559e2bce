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
        each(locks, &|lock| lock.lock());
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
