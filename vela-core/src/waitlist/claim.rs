//! The claim word: which one of all the counterparts that see a waiting operation may complete it.
//!
//! One [`Claim`] belongs to one waiting operation (a send, a receive, a whole select) and lies inside that operation's
//! pinned future. Every [`Node`](super::Node) of the operation points to it.
//!
//! ```text
//!            arm()/park()                 try_claim()              complete()
//!   BUSY ───────────────────▶ WAITING ───────────────▶ CLAIMED(key) ─────────▶ DONE(key)
//!    ▲ │ try_claim()            │  (counterpart, under its channel's lock)        │
//!    │ ▼                        │ hold() (owner)                                  │ reset() (owner, after it
//!   MISSED ◀───────────────  BUSY                                                 ▼ has left every list)
//!      rearm(): back to BUSY, then the owner looks again                        BUSY
//! ```
//!
//! * `BUSY`: the owner works on it (it polls foreign futures, swaps its waker, enrols). Nobody can claim it.
//! * `MISSED` (a bit): busy, and a counterpart has passed over it meanwhile: the owner must look again before it sleeps.
//! * `WAITING`: the owner sleeps or is about to; whoever wins the compare-and-swap may complete it.
//! * `CLAIMED`: a counterpart is writing the outcome, under the lock of the channel that `key` stands for.
//! * `DONE`: the outcome is written and the waker taken; the counterpart never touches this memory again.
//!
//! An operation with a single node is never `BUSY` while it is linked: its owner touches word and waker only under the
//! lock of the list, so the counterpart, who holds that lock, needs no exchange.
//!
//! An operation that ends once it is done is dead in every other list, and counterparts throw its nodes out there. A
//! *lasting* one (a [`SelectSet`](crate::SelectSet), which keeps its nodes linked between rounds) is treated as busy
//! instead: `CLAIMED` and `DONE` take the `MISSED` bit, too.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::task::Waker;

#[cfg(vela_loom)]
use loom::cell::UnsafeCell;
#[cfg(vela_loom)]
use loom::sync::atomic::{AtomicU32, Ordering};
#[cfg(not(vela_loom))]
use std::sync::atomic::{AtomicU32, Ordering};

/// std's cell with the interface of loom's, which checks every access.
#[cfg(not(vela_loom))]
struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(vela_loom))]
impl<T> UnsafeCell<T> {
    fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}

const BUSY: u32 = 0;
const WAITING: u32 = 1;
const CLAIMED: u32 = 2;
const DONE: u32 = 3;
const TAG: u32 = 0b11;
/// Beside any tag but `WAITING`: a counterpart has passed over it.
const MISSED: u32 = 0b100;
const KEY_SHIFT: u32 = 3;

/// The largest key: each node of an operation has its own.
pub(crate) const MAX_KEY: u32 = u32::MAX >> KEY_SHIFT;

/// What an owner sees when it looks at its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody has completed it.
    Waiting,
    /// A counterpart is completing it right now, under the lock of this key's channel.
    InProgress(u32),
    /// It is complete; this key won.
    Done(u32),
}

/// What a counterpart gets when it tries to claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bid {
    /// It is the counterpart's: it must write the outcome and call [`Claim::complete`].
    Won,
    /// The owner is awake and will look again; the node keeps its place.
    Busy,
    /// Somebody else has it; the node is dead.
    Lost,
}

/// See the [module](self).
pub struct Claim {
    word: AtomicU32,
    /// Written by the owner while `BUSY`, taken by the claimer while `CLAIMED`.
    waker: UnsafeCell<Option<Waker>>,
    /// How many cases have enrolled with it. The owner's alone.
    seats: Cell<u32>,
    kind: Kind,
    /// Nodes point to it: no reference to it may count as unique.
    _pinned: PhantomPinned,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of one operation with several nodes.
    Once,
    /// Of one operation with one node.
    Single,
    /// Of rounds.
    Lasting,
}

// SAFETY: `word` is atomic; `seats` is touched by the owner alone. `waker` of a single claim is touched under the lock of its list. `waker` is touched by the owner in `BUSY` only and by one claimer in `CLAIMED` only; the
// transitions between them are acquire/release on `word`. `Waker` itself is `Send + Sync`.
unsafe impl Send for Claim {}
// SAFETY: as above.
unsafe impl Sync for Claim {}

impl Claim {
    #[inline]
    pub(crate) fn new() -> Self {
        Self::of(Kind::Once)
    }

    /// One for a single node.
    #[inline]
    pub(crate) fn single() -> Self {
        Self::of(Kind::Single)
    }

    /// One that keeps its nodes linked between rounds.
    #[inline]
    pub(crate) fn lasting() -> Self {
        Self::of(Kind::Lasting)
    }

    #[inline]
    fn of(kind: Kind) -> Self {
        Self {
            word: AtomicU32::new(BUSY),
            waker: UnsafeCell::new(None),
            seats: Cell::new(0),
            kind,
            _pinned: PhantomPinned,
        }
    }

    /// Whether no case has enrolled.
    #[inline]
    pub(crate) fn is_vacant(&self) -> bool {
        self.seats.get() == 0
    }

    /// Whether its owner waits, or will look again before it does. Any thread may ask.
    #[inline]
    pub(crate) fn may_wait(&self) -> bool {
        self.kind == Kind::Lasting || self.phase() == Phase::Waiting
    }

    /// A case has enrolled: from here on the claim must stay where it is until the case withdraws.
    #[inline]
    pub(crate) fn sit(&self) {
        self.seats.set(self.seats.get() + 1);
    }

    /// A case has withdrawn.
    #[inline]
    pub(crate) fn stand(&self) {
        self.seats.set(self.seats.get() - 1);
    }

    // ---- the owner ----

    /// Sets the waker to wake on completion.
    ///
    /// # Safety
    ///
    /// The caller is the owner and the word is `BUSY` (or `MISSED`).
    #[inline]
    pub(crate) unsafe fn set_waker(&self, waker: &Waker) {
        self.waker.with_mut(|slot| {
            // SAFETY: in BUSY the owner alone touches the cell (invariant at the field).
            let slot = unsafe { &mut *slot };
            match slot {
                Some(old) if old.will_wake(waker) => {}
                _ => *slot = Some(waker.clone()),
            }
        });
    }

    /// Takes the waker out again, when an operation completes without having slept.
    ///
    /// # Safety
    ///
    /// The caller is the owner, and the word is `BUSY`, `MISSED` or `DONE`.
    #[inline]
    pub(crate) unsafe fn clear_waker(&self) {
        // SAFETY: in these states no counterpart touches the cell.
        drop(self.waker.with_mut(|slot| unsafe { (*slot).take() }));
    }

    /// Changes the waker of a single claim; the one that it is not to wake any more comes back in `waker`.
    ///
    /// # Safety
    ///
    /// The caller is the owner, and holds the lock of the list in which the node is linked.
    pub(crate) unsafe fn swap_waker(&self, waker: &mut Option<Waker>) {
        // SAFETY: counterparts touch it under that lock only.
        self.waker.with_mut(|slot| unsafe { *waker = std::mem::replace(&mut *slot, waker.take()) });
    }

    /// `BUSY → WAITING` before any node is linked: nobody can have missed it.
    #[inline]
    pub(crate) fn arm(&self) {
        // Relaxed: the lock under which the nodes are linked publishes this store and the waker.
        self.word.store(WAITING, Ordering::Relaxed);
    }

    /// `BUSY → WAITING`; false if a counterpart passed over it meanwhile (the word stays `MISSED`).
    #[inline]
    pub(crate) fn park(&self) -> bool {
        // Release: publishes the waker to `try_claim`'s acquire. Failure Acquire: pairs with the mark.
        self.word.compare_exchange(BUSY, WAITING, Ordering::Release, Ordering::Acquire).is_ok()
    }

    /// `MISSED` or `DONE` → `BUSY`, before the owner looks again. True if a counterpart had passed over it.
    #[inline]
    pub(crate) fn rearm(&self) -> bool {
        // Acquire: pairs with the mark. Release: nothing is published, but the swap must not lose a later mark.
        self.word.swap(BUSY, Ordering::AcqRel) & MISSED != 0
    }

    /// `WAITING → BUSY`: keeps counterparts off while the owner is awake. False if it is claimed or done. A word that
    /// is `BUSY` already (a foreign future panicked while it was) stays so.
    #[inline]
    pub(crate) fn hold(&self) -> bool {
        match self.word.compare_exchange(WAITING, BUSY, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => true,
            Err(word) => word & TAG == BUSY,
        }
    }

    /// What has become of it.
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        // Acquire: pairs with the release in `complete`, so that the outcome is visible.
        let word = self.word.load(Ordering::Acquire);
        match word & TAG {
            CLAIMED => Phase::InProgress(word >> KEY_SHIFT),
            DONE => Phase::Done(word >> KEY_SHIFT),
            _ => Phase::Waiting,
        }
    }

    /// Back to `BUSY`, after every node has left its list (under the list's lock), so that nobody can see it.
    #[inline]
    pub(crate) fn reset(&self) {
        self.word.store(BUSY, Ordering::Relaxed);
    }

    // ---- a counterpart, under the lock of the list in which it found the node ----

    /// Tries to become the one that completes the operation.
    #[inline]
    pub(crate) fn try_claim(&self, key: u32) -> Bid {
        // Relaxed: a single claim was armed under the lock that the caller holds.
        let mut word = self.word.load(Ordering::Relaxed);
        if self.kind == Kind::Single {
            return if word == WAITING { Bid::Won } else { Bid::Lost };
        }
        let lasting = self.kind == Kind::Lasting;
        loop {
            let next = match word & TAG {
                WAITING => CLAIMED | key << KEY_SHIFT,
                CLAIMED | DONE if !lasting => return Bid::Lost,
                // A lasting owner looks at words that are written after the mark: each counterpart writes a mark of its own,
                // so that what it did before is visible to the owner's `rearm`.
                _ if word & MISSED != 0 && !lasting => return Bid::Busy,
                _ => word | MISSED,
            };
            // Acquire: pairs with the release in `park` (the waker). Release: a mark is seen by `park`'s acquire.
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if next & MISSED != 0 => return Bid::Busy,
                Ok(_) => return Bid::Won,
                Err(seen) => word = seen,
            }
        }
    }

    #[inline]
    pub(crate) fn is_single(&self) -> bool {
        self.kind == Kind::Single
    }

    /// `CLAIMED → DONE`: publishes the outcome and gives the waker to wake once the lock is released.
    ///
    /// # Safety
    ///
    /// The caller got [`Bid::Won`] for `key`, still holds that channel's lock, and has written the outcome. Once the
    /// word is `DONE` the owner may free the memory, so the caller must not touch it again.
    #[inline]
    pub(crate) unsafe fn complete(&self, key: u32) -> Option<Waker> {
        // SAFETY: in CLAIMED the claimer alone touches the cell.
        let waker = self.waker.with_mut(|slot| unsafe { (*slot).take() });
        // Release: pairs with `phase`'s acquire. Only a lasting claim can be marked meanwhile; the mark must survive.
        if self.kind == Kind::Lasting {
            self.word.fetch_add(DONE - CLAIMED, Ordering::Release);
        } else {
            self.word.store(DONE | key << KEY_SHIFT, Ordering::Release);
        }
        waker
    }
}

impl Drop for Claim {
    #[inline]
    fn drop(&mut self) {
        if self.seats.get() != 0 {
            // A case is still linked to memory that is about to go: only wrong use of the hidden interface of the
            // macros can get here, and going on would corrupt memory.
            std::process::abort();
        }
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("phase", &self.phase()).finish()
    }
}
