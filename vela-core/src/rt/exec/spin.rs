//! A lock around a few instructions, which somebody else than its owner hardly ever takes: then it costs an exchange and
//! a store.

use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct Spin(AtomicBool);

impl Spin {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// `f` is short, does not panic, and does not lock again.
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        // Acquire: pairs with the release below.
        while self.0.swap(true, Ordering::Acquire) {
            while self.0.load(Ordering::Relaxed) {
                // Held for nanoseconds, unless its thread was interrupted.
                std::thread::yield_now();
            }
        }
        let result = f();
        self.0.store(false, Ordering::Release);
        result
    }
}
