//! How many orders have come how far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts; each is exact once whoever changes it has ended.
#[derive(Debug, Default)]
pub struct Progress {
    pub(crate) accepted: AtomicU64,
    pub(crate) stored: AtomicU64,
    pub(crate) rejected: AtomicU64,
}

impl Progress {
    /// Orders whose clients were told that they are accepted.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Orders that are in the store.
    pub fn stored(&self) -> u64 {
        self.stored.load(Relaxed)
    }

    /// Dead letters that are in the store.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Relaxed)
    }

    /// Orders that were accepted, and are not in the store.
    pub fn left(&self) -> u64 {
        // An order may be stored a moment before its client has been told anything.
        self.accepted().saturating_sub(self.stored() + self.rejected())
    }
}
