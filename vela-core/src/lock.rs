//! The lock of a channel: raw, one byte, so that a select can hold several at once and sort them by address.
#![allow(unsafe_code)]

#[cfg(not(vela_loom))]
mod imp {
    use parking_lot::lock_api::RawMutex as _;

    /// A raw mutual-exclusion lock (parking_lot's: it spins briefly, then parks the thread).
    pub(crate) struct Lock(parking_lot::RawMutex);

    impl Lock {
        pub(crate) const fn new() -> Self {
            Self(parking_lot::RawMutex::INIT)
        }

        /// Where it comes among the locks that one thread holds.
        pub(crate) fn rank(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }

        #[inline]
        pub(crate) fn lock(&self) {
            self.0.lock();
        }

        /// Whether somebody holds it; when not, all that was done under it is visible.
        pub(crate) fn is_locked(&self) -> bool {
            let locked = self.0.is_locked();
            // Acquire: if the load has seen an unlock, pairs with its release.
            std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
            locked
        }

        /// # Safety
        ///
        /// The calling thread holds the lock.
        #[inline]
        pub(crate) unsafe fn unlock(&self) {
            // SAFETY: the caller holds the lock, which is what `RawMutex::unlock` asks for.
            unsafe { self.0.unlock() }
        }
    }
}

#[cfg(vela_loom)]
mod imp {
    use loom::sync::atomic::{AtomicBool, Ordering};

    /// A spin lock on loom's atomics, so that loom sees every critical section.
    pub(crate) struct Lock(AtomicBool, usize);

    /// loom wants runs to repeat exactly, and addresses do not.
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    impl Lock {
        pub(crate) fn new() -> Self {
            Self(AtomicBool::new(false), NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        }

        pub(crate) fn rank(&self) -> usize {
            self.1
        }

        pub(crate) fn lock(&self) {
            while self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
                loom::thread::yield_now();
            }
        }

        pub(crate) fn is_locked(&self) -> bool {
            self.0.load(Ordering::Acquire)
        }

        /// # Safety
        ///
        /// The calling thread holds the lock.
        pub(crate) unsafe fn unlock(&self) {
            self.0.store(false, Ordering::Release);
        }
    }
}

pub(crate) use imp::Lock;
