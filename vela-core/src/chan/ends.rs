//! How many handles of one kind a channel has.

use std::sync::atomic::{AtomicU32, Ordering};

/// More handles than this end the process, as with `Arc`: only leaked handles get there.
const MOST: u32 = u32::MAX / 2;

pub(crate) struct Ends(AtomicU32);

impl Ends {
    pub(super) fn one() -> Self {
        Self(AtomicU32::new(1))
    }

    pub(super) fn count(&self) -> usize {
        // Relaxed: the number may be old by the time it is read.
        self.0.load(Ordering::Relaxed) as usize
    }

    /// One more, next to one that is there.
    pub(super) fn add(&self) {
        // Relaxed: the new one exists because the other does.
        if self.0.fetch_add(1, Ordering::Relaxed) > MOST {
            std::process::abort();
        }
    }

    /// One more, unless there is none: an end that is gone does not come back.
    pub(super) fn add_to_some(&self) -> bool {
        // Relaxed: success only means that another end exists, which keeps everything alive.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n > 0 && n < MOST).then(|| n + 1)).is_ok()
    }

    /// One less; true if it was the last.
    pub(super) fn remove(&self) -> bool {
        // AcqRel: what others did before they were dropped happens before the close.
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }
}
