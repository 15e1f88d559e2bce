//! The word of a channel: its lock, a version, and what can be known without the lock; so that a critical section costs
//! one atomic read-modify-write, and a select can hold several locks at once and sort them by address.
#![allow(unsafe_code)]

use std::cell::Cell;
#[cfg(not(vela_loom))]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[cfg(vela_loom)]
use loom::sync::atomic::{AtomicUsize, Ordering};

/// A thread is in a critical section.
pub(crate) const LOCKED: usize = 1;
/// The lowest of the bits that belong to the owner of the lock.
pub(crate) const BITS: usize = 2;
/// The version counts the critical sections that changed something; it is above the bits.
pub(crate) const VERSION: usize = 1024;

/// A lock and the word that is written at the end of each critical section.
///
/// Sections are a few nanoseconds long and run no user code, so whoever finds it locked spins; should the holder have
/// been preempted, he gives way, and then sleeps.
pub(crate) struct Lock {
    word: AtomicUsize,
    /// loom wants runs to repeat exactly, and addresses do not.
    #[cfg(vela_loom)]
    rank: usize,
}

impl Lock {
    pub(crate) fn new(bits: usize) -> Self {
        #[cfg(vela_loom)]
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        Self {
            word: AtomicUsize::new(bits),
            #[cfg(vela_loom)]
            rank: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Where it comes among the locks that one thread holds.
    pub(crate) fn rank(&self) -> usize {
        #[cfg(vela_loom)]
        return self.rank;
        #[cfg(not(vela_loom))]
        std::ptr::from_ref(self).addr()
    }

    /// Version and bits, as of the last unlock that this thread can know of.
    #[inline]
    pub(crate) fn word(&self) -> usize {
        // Acquire: pairs with the release in `publish` and `unlock`, so that two equal reads around a third mean that
        // nothing happened between them.
        self.word.load(Ordering::Acquire)
    }

    /// Locks it, and gives the word as it was.
    #[inline]
    pub(crate) fn lock(&self) -> usize {
        // Relaxed: the exchange looks again.
        let word = self.word.load(Ordering::Relaxed);
        if self.lock_from(word) { word } else { self.lock_contended() }
    }

    /// Locks it if the word is still `word`, and that is an unlocked one. It tries once.
    #[inline]
    pub(crate) fn lock_from(&self, word: usize) -> bool {
        // Acquire: pairs with the release of the last unlock.
        word & LOCKED == 0
            && self.word.compare_exchange(word, word | LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self) -> usize {
        let mut patience = Patience::default();
        loop {
            patience.wait();
            // Relaxed: as in `lock`.
            let word = self.word.load(Ordering::Relaxed);
            if self.lock_from(word) {
                return word;
            }
        }
    }

    /// Writes new bits and the next version; it stays locked.
    ///
    /// # Safety
    ///
    /// The calling thread holds the lock.
    #[inline]
    pub(crate) unsafe fn publish(&self, bits: usize) {
        // Relaxed: only the holder of the lock writes.
        self.word.store(next(self.word.load(Ordering::Relaxed), bits) | LOCKED, Ordering::Release);
    }

    /// Writes new bits and the next version, and unlocks.
    ///
    /// # Safety
    ///
    /// The calling thread holds the lock.
    #[inline]
    pub(crate) unsafe fn publish_and_unlock(&self, bits: usize) {
        // Relaxed: only the holder of the lock writes.
        self.word.store(next(self.word.load(Ordering::Relaxed), bits), Ordering::Release);
    }

    /// As [`publish_and_unlock`](Self::publish_and_unlock), where the word from before the section is at hand.
    ///
    /// # Safety
    ///
    /// The calling thread holds the lock, and the word was `before` when it took it.
    #[inline]
    pub(crate) unsafe fn replace_and_unlock(&self, before: usize, bits: usize) {
        self.word.store(next(before, bits), Ordering::Release);
    }

    /// # Safety
    ///
    /// The calling thread holds the lock, and has changed nothing since it was published.
    #[inline]
    pub(crate) unsafe fn unlock(&self) {
        // Relaxed: only the holder of the lock writes.
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(word & !LOCKED, Ordering::Release);
    }
}

thread_local! {
    /// How long this thread has waited for locks, in turns of a spin loop.
    static WAITED: Cell<u32> = const { Cell::new(0) };
}

/// About how long this thread has waited for locks since the last call.
#[inline]
pub(crate) fn take_waited() -> Duration {
    // A turn is 10 to 40 ns on the processors of today.
    Duration::from_nanos(20) * WAITED.take()
}

/// The word after `word`: the next version, with these bits.
#[inline]
fn next(word: usize, bits: usize) -> usize {
    (word & !(VERSION - 1)).wrapping_add(VERSION) | bits
}

/// What a thread does while another is in the section: it spins, for longer each time, then gives way, then sleeps.
#[cfg(not(vela_loom))]
#[derive(Default)]
struct Patience(u32);

#[cfg(not(vela_loom))]
impl Patience {
    const SPINS: u32 = 6;
    const YIELDS: u32 = 32;

    fn wait(&mut self) {
        self.0 += 1;
        let turns = if self.0 <= Self::SPINS {
            let turns = 1 << (self.0 + 3);
            (0..turns).for_each(|_| std::hint::spin_loop());
            turns
        } else if self.0 <= Self::YIELDS {
            std::thread::yield_now();
            32
        } else {
            // The holder may have a lower priority than this thread, and no other core to run on.
            std::thread::sleep(Duration::from_micros(50));
            2048
        };
        WAITED.set(WAITED.get().saturating_add(turns));
    }
}

#[cfg(vela_loom)]
#[derive(Default)]
struct Patience;

#[cfg(vela_loom)]
impl Patience {
    fn wait(&mut self) {
        loom::thread::yield_now();
    }
}
