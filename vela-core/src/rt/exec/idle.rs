//! Which runners have nothing to do, and which of them was called to look for work: as in Go and Tokio, at most one is
//! called at a time, and calls the next one when it has found something.

#[cfg(vela_loom)]
use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(vela_loom))]
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

pub(super) struct Idle {
    /// A bit for each runner that waits.
    idle: AtomicU64,
    /// A bit for each runner that was called and has not looked yet.
    called: AtomicU64,
    /// How many were called, and have neither found anything nor given up.
    searching: AtomicUsize,
}

impl Idle {
    /// `idle`: a bit for each runner.
    pub(super) fn new(idle: u64) -> Self {
        Self { idle: AtomicU64::new(idle), called: AtomicU64::new(0), searching: AtomicUsize::new(0) }
    }

    /// There is new work: which runner is to be woken for it, if any.
    pub(super) fn call(&self) -> Option<usize> {
        loop {
            // Pairs with the fence in `sleep`: either the work is seen there, or the bit is seen here.
            fence(Ordering::SeqCst);
            if self.is_searched() || !self.any() {
                return None;
            }
            self.searching.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst).ok()?;
            let called = self.call_first();
            if called.is_some() {
                return called;
            }
            // All have been woken meanwhile. Others may have left their work to this call, and one may sleep again.
            self.searching.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn call_first(&self) -> Option<usize> {
        loop {
            let idle = self.idle.load(Ordering::SeqCst);
            if idle == 0 {
                return None;
            }
            let bit = idle & idle.wrapping_neg();
            if self.idle.fetch_and(!bit, Ordering::SeqCst) & bit != 0 {
                self.called.fetch_or(bit, Ordering::SeqCst);
                return Some(bit.trailing_zeros() as usize);
            }
        }
    }

    /// Runner `me` is awake. Whether it was called: then it counts as searching.
    pub(super) fn awake(&self, me: usize) -> bool {
        let bit = 1 << me;
        if self.idle.load(Ordering::Relaxed) & bit != 0 {
            self.idle.fetch_and(!bit, Ordering::SeqCst);
        }
        self.called.load(Ordering::SeqCst) & bit != 0 && self.called.fetch_and(!bit, Ordering::SeqCst) & bit != 0
    }

    /// Runner `me`, which was called, could not look yet.
    pub(super) fn still_called(&self, me: usize) {
        self.called.fetch_or(1 << me, Ordering::SeqCst);
    }

    /// A searcher has found something or gives up. Whether it was the last one.
    pub(super) fn searched(&self) -> bool {
        self.searching.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Runner `me` has nothing to do. False: there is `work` after all.
    pub(super) fn sleep(&self, me: usize, work: impl FnOnce() -> bool) -> bool {
        let bit = 1 << me;
        self.idle.fetch_or(bit, Ordering::SeqCst);
        // Pairs with the fence in `call`.
        fence(Ordering::SeqCst);
        // If the bit is gone, it was called meanwhile, and will be polled.
        !(work() && self.idle.fetch_and(!bit, Ordering::SeqCst) & bit != 0)
    }

    /// Whether runner `who` waited, and has to be woken: there is work that was brought to it alone.
    pub(super) fn call_one(&self, who: usize) -> bool {
        let bit = 1 << who;
        // Pairs with the fence in `sleep`, as in `call`.
        fence(Ordering::SeqCst);
        self.idle.load(Ordering::SeqCst) & bit != 0 && self.idle.fetch_and(!bit, Ordering::SeqCst) & bit != 0
    }

    /// Whether some runner waits.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.idle.load(Ordering::SeqCst) != 0
    }

    pub(super) fn count(&self) -> usize {
        self.idle.load(Ordering::Relaxed).count_ones() as usize
    }

    /// Whether some runner is on its way.
    #[inline]
    pub(super) fn is_searched(&self) -> bool {
        self.searching.load(Ordering::SeqCst) != 0
    }
}
