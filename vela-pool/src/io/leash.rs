//! What stops a future of the pool, and knows what that means for it.
//!
//! ```text
//!        poll begins
//!   idle ──────────▶ polled ──────────▶ its output, or a panic
//!   │ ▲    Pending     │
//!   │ └────────────────┤
//!   │ cut              │ cut
//!   ▼                  ▼        Pending
//!  cut              cut late ──────────▶ cancelled
//!   └─▶ never polled again: cancelled
//! ```
//!
//! - S1: a future that is idle when it is cut is cancelled, even if it could go on. Of one that is polled just then nobody knows: it may
//!   return before it comes to an `.await`.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicU8, AtomicUsize};

use vela_core::task::Canceller;

/// It is polled now, or has ended.
const POLLED: u8 = 1;
/// A shutdown has stopped it.
const CUT: u8 = 2;

/// One for each future that runs.
#[derive(Debug, Default)]
pub(super) struct Leash {
    state: AtomicU8,
    /// What cancels its task; it is there a moment after the task.
    task: OnceLock<Canceller>,
    /// Its place among those that run. Under the pool's lock, so relaxed.
    at: AtomicUsize,
}

/// What a cut has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    Idle,
    Polled,
    /// Another cut, when it was idle.
    Cut,
}

impl Leash {
    /// Its task is started.
    pub(super) fn holds(&self, task: Canceller) {
        self.task.get_or_init(|| task);
        // A write: either it comes before that of `cut`, whose thread finds the task then, or after it, and sees it here.
        if self.state.fetch_or(0, AcqRel) & CUT != 0 {
            self.cancel();
        }
    }

    /// A poll begins. False: it was cut, and is not to be polled.
    pub(super) fn enter(&self) -> bool {
        // Acquire: as in `leave`.
        self.state.compare_exchange(0, POLLED, AcqRel, Acquire).is_ok()
    }

    /// A poll was not the last. False: it was cut meanwhile.
    pub(super) fn leave(&self) -> bool {
        // Acquire, with `holds`: who sees the cut sees the task, if that was there before.
        self.state.compare_exchange(POLLED, 0, AcqRel, Acquire).is_ok()
    }

    /// A shutdown stops it; the caller then cancels it if it was idle (S1).
    pub(super) fn cut(&self) -> Met {
        match self.state.fetch_or(CUT, AcqRel) {
            0 => Met::Idle,
            CUT => Met::Cut,
            _ => Met::Polled,
        }
    }

    /// It was cut while it was polled.
    pub(super) fn was_cut_late(&self) -> bool {
        self.state.load(Relaxed) == POLLED | CUT
    }

    /// It was idle when it was cut: its task may be there for a moment still, and does nothing.
    pub(super) fn is_over(&self) -> bool {
        self.state.load(Relaxed) == CUT
    }

    /// Cancels the task, now or as soon as it is there. Not under the lock.
    pub(super) fn cancel(&self) {
        if let Some(task) = self.task.get() {
            task.cancel();
        }
    }

    pub(super) fn place(&self) -> usize {
        self.at.load(Relaxed)
    }

    pub(super) fn set_place(&self, at: usize) {
        self.at.store(at, Relaxed);
    }
}
