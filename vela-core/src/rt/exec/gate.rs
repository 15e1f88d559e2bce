//! The way in for those who enqueue from outside of the runners, which closes when the runtime ends.

#[cfg(vela_loom)]
use loom::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    thread::yield_now,
};
#[cfg(not(vela_loom))]
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread::yield_now,
};

pub(super) struct Gate {
    /// How many have passed it and not left.
    inside: AtomicUsize,
    closed: AtomicBool,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { inside: AtomicUsize::new(0), closed: AtomicBool::new(false) }
    }

    /// False: it is closed.
    pub(super) fn enter(&self) -> bool {
        // SeqCst, here and in `close`: each of the two writes first and then looks at what the other writes, so that one
        // of them sees the other.
        self.inside.fetch_add(1, Ordering::SeqCst);
        total_order();
        let open = !self.closed.load(Ordering::SeqCst);
        if !open {
            self.leave();
        }
        open
    }

    pub(super) fn leave(&self) {
        // Release: pairs with the load in `close`; what was enqueued is seen there.
        self.inside.fetch_sub(1, Ordering::Release);
    }

    /// Turns away who comes, and waits for those inside. True for the first that closes it.
    pub(super) fn close(&self) -> bool {
        let first = !self.closed.swap(true, Ordering::SeqCst);
        total_order();
        // They run nothing but ours there.
        while self.inside.load(Ordering::SeqCst) != 0 {
            yield_now();
        }
        first
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// loom takes accesses that are SeqCst for AcqRel; a fence stands for what they are.
#[inline]
fn total_order() {
    #[cfg(vela_loom)]
    fence(Ordering::SeqCst);
}
