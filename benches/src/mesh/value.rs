//! A value of the mesh: distinct, and nobody can drop it unseen.

use std::cell::Cell;

use super::violation::violation;

/// Who sent it, in which epoch, and as the how-manieth: 12, 20 and 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(u64);

/// Most channels of one round.
pub(crate) const MAX_EPOCHS: usize = 1 << 20;

impl Id {
    pub(crate) fn new(sender: usize, epoch: u32, seq: u32) -> Self {
        Self((sender as u64) << 52 | u64::from(epoch) << 32 | u64::from(seq))
    }

    pub(crate) fn sender(self) -> usize {
        (self.0 >> 52) as usize
    }

    pub(crate) fn epoch(self) -> u32 {
        (self.0 >> 32) as u32 & (MAX_EPOCHS as u32 - 1)
    }

    pub(crate) fn seq(self) -> u32 {
        self.0 as u32
    }

    /// For sums that tell sets of values apart: SplitMix64's finaliser.
    #[inline]
    pub(crate) fn hash(self) -> u64 {
        let mut z = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// What the channels carry. Its drop outside [`watch`] is a violation: a channel has lost it.
#[derive(Debug)]
pub(crate) struct Value(Id);

impl Value {
    pub(crate) fn new(id: Id) -> Self {
        Self(id)
    }

    /// Ends the value's life in order.
    #[inline]
    pub(crate) fn into_id(self) -> Id {
        let id = self.0;
        std::mem::forget(self);
        id
    }
}

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static DROPPED: Cell<Vec<Id>> = const { Cell::new(Vec::new()) };
}

impl Drop for Value {
    fn drop(&mut self) {
        if WATCHED.get() {
            let mut dropped = DROPPED.take();
            dropped.push(self.0);
            DROPPED.set(dropped);
        } else {
            violation(format_args!("{:?} was dropped where nothing may be dropped", self.0));
        }
    }
}

/// Runs `act`, in which values may be dropped, and appends those to `dropped`.
pub(crate) fn watch<R>(dropped: &mut Vec<Id>, act: impl FnOnce() -> R) -> R {
    let before = WATCHED.replace(true);
    let result = act();
    WATCHED.set(before);
    let mut seen = DROPPED.take();
    if !seen.is_empty() {
        dropped.append(&mut seen);
    }
    // Keeps the allocation.
    DROPPED.set(seen);
    result
}
