//! Waiting operations: intrusive FIFO lists of nodes that live in the waiters' own pinned futures, and the claim word.
//!
//! * W1. A list and the links of its nodes are touched only under the lock of the channel that owns the list.
//! * W2. A linked node is pinned: its owner unlinks it, under the lock, before its memory goes away (`Drop` of the
//!   future). A future that is leaked instead stays pinned for ever, and so stays valid.
//! * W3. A counterpart that wins the claim unlinks the node, writes value and note, and ends with `complete`; all of it
//!   under the lock. After that it never touches the node.
//! * W4. Value and note are touched by the owner while the node is not linked, and by whoever holds the lock otherwise.
//! * W5. A node has a value and is assigned before it is linked; links, claim and note do not exist before that.
#![allow(unsafe_code)]

pub(crate) mod claim;
#[cfg(all(test, vela_loom))]
mod loom_tests;

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::task::Waker;

pub(crate) use claim::{Bid, Claim, Phase};

/// One place in one waiter list: the value that is exchanged, and what is noted about the exchange.
///
/// Links and note are written when the node is assigned, so that an operation that needs not wait does not pay for them.
#[repr(C)]
pub(crate) struct Node<V, N> {
    value: UnsafeCell<MaybeUninit<V>>,
    seat: UnsafeCell<MaybeUninit<Seat<V, N>>>,
    _pinned: PhantomPinned,
}

struct Seat<V, N> {
    /// Its neighbours in the ring, while it is linked.
    prev: NonNull<Node<V, N>>,
    next: NonNull<Node<V, N>>,
    claim: *const Claim,
    key: u32,
    linked: bool,
    note: N,
}

// SAFETY: W1 and W4 say who may touch what; values and notes cross threads, so they must be `Send`.
unsafe impl<V: Send, N: Send> Send for Node<V, N> {}
// SAFETY: as above; `&Node` gives access only through unsafe functions that ask for the lock or for ownership.
unsafe impl<V: Send, N: Send> Sync for Node<V, N> {}

impl<V, N: Copy> Node<V, N> {
    /// One without a value.
    #[inline]
    pub(crate) fn vacant() -> Self {
        Self {
            value: UnsafeCell::new(MaybeUninit::uninit()),
            seat: UnsafeCell::new(MaybeUninit::uninit()),
            _pinned: PhantomPinned,
        }
    }

    /// One with a value, which its owner [drops](Self::drop_value).
    #[inline]
    pub(crate) fn with(value: V) -> Self {
        Self {
            value: UnsafeCell::new(MaybeUninit::new(value)),
            seat: UnsafeCell::new(MaybeUninit::uninit()),
            _pinned: PhantomPinned,
        }
    }

    /// Puts a value in where there is none.
    ///
    /// # Safety
    ///
    /// The node is not linked, and the caller owns it.
    #[inline]
    pub(crate) unsafe fn fill(&self, value: V) {
        // SAFETY: an unlinked node is its owner's alone.
        unsafe { (*self.value.get()).write(value) };
    }

    /// # Safety
    ///
    /// The node is not linked, the caller owns it, and it has a value, which is not used again.
    #[inline]
    pub(crate) unsafe fn drop_value(&self) {
        // SAFETY: by the caller.
        unsafe { (*self.value.get()).assume_init_drop() };
    }

    /// Says which operation the node belongs to.
    ///
    /// # Safety
    ///
    /// The node is not linked, and the caller owns it. `claim` stays valid while the node is linked.
    #[inline]
    pub(crate) unsafe fn assign(&self, claim: *const Claim, key: u32, note: N) {
        let own = NonNull::from(self);
        let seat = Seat { prev: own, next: own, claim, key, linked: false, note };
        // SAFETY: an unlinked node is its owner's alone.
        unsafe { (*self.seat.get()).write(seat) };
    }

    /// # Safety
    ///
    /// The node is assigned, and the caller may touch it (W1, W4); no other reference is alive.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    unsafe fn seat(&self) -> &mut Seat<V, N> {
        // SAFETY: by the caller.
        unsafe { (*self.seat.get()).assume_init_mut() }
    }

    /// The claim and the key that the node was last assigned.
    ///
    /// # Safety
    ///
    /// The caller owns the node, and it is assigned.
    pub(crate) unsafe fn claim(&self) -> (*const Claim, u32) {
        // SAFETY: only the owner writes them, and the caller is the owner.
        unsafe {
            let seat = (*self.seat.get()).as_ptr();
            ((*seat).claim, (*seat).key)
        }
    }

    /// # Safety
    ///
    /// The caller holds the lock of the list, and the node is assigned.
    pub(crate) unsafe fn is_linked(&self) -> bool {
        // SAFETY: W1.
        unsafe { self.seat().linked }
    }

    /// # Safety
    ///
    /// The node is not linked and the caller owns it, or the caller holds the lock (W4); it has a value; no other
    /// reference is alive.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn value(&self) -> &mut V {
        // SAFETY: W4, by the caller.
        unsafe { (*self.value.get()).assume_init_mut() }
    }

    /// # Safety
    ///
    /// As [`value`](Self::value), and the node is assigned.
    #[inline]
    pub(crate) unsafe fn note(&self) -> N {
        // SAFETY: W4, by the caller.
        unsafe { self.seat().note }
    }
}

/// A FIFO list of waiting operations: a ring, so that a channel has one word for each.
pub(crate) struct List<V, N> {
    head: Option<NonNull<Node<V, N>>>,
}

// SAFETY: a list is only a pointer to nodes, which are `Send`; W1 says who may follow them.
unsafe impl<V: Send, N: Send> Send for List<V, N> {}

impl<V, N: Copy> List<V, N> {
    pub(crate) const fn new() -> Self {
        Self { head: None }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Links a node at the tail.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list; `node` is pinned (W2), assigned and not linked.
    #[inline]
    pub(crate) unsafe fn push_back(&mut self, node: &Node<V, N>) {
        let ptr = NonNull::from(node);
        // SAFETY: W1: the lock is held, so the links of `node` and of its neighbours are ours.
        unsafe {
            let seat = node.seat();
            debug_assert!(!seat.linked && !seat.claim.is_null());
            seat.linked = true;
            let Some(head) = self.head else {
                (seat.prev, seat.next) = (ptr, ptr);
                self.head = Some(ptr);
                return;
            };
            let tail = std::mem::replace(&mut head.as_ref().seat().prev, ptr);
            tail.as_ref().seat().next = ptr;
            (seat.prev, seat.next) = (tail, head);
        }
    }

    /// Unlinks a node, if it is linked.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list; `node` is linked here or nowhere.
    #[inline]
    pub(crate) unsafe fn remove(&mut self, node: &Node<V, N>) -> bool {
        // SAFETY: W1: the lock is held; neighbours are linked, so they are valid (W2).
        unsafe {
            let seat = node.seat();
            if !seat.linked {
                return false;
            }
            seat.linked = false;
            let (own, prev, next) = (NonNull::from(node), seat.prev, seat.next);
            if next == own {
                self.head = None;
                return true;
            }
            prev.as_ref().seat().next = next;
            next.as_ref().seat().prev = prev;
            if self.head == Some(own) {
                self.head = Some(next);
            }
        }
        true
    }

    /// Claims the first waiter that can be claimed and whose note `wanted` accepts, and unlinks it. Waiters of the
    /// operation `me` are passed over (nobody pairs with himself), busy ones are marked and keep their place, dead
    /// ones are unlinked on the way.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list, and keeps it until the claimed waiter is completed.
    pub(crate) unsafe fn claim_first(
        &mut self,
        me: *const Claim,
        mut wanted: impl FnMut(N) -> bool,
    ) -> Option<Claimed<V, N>> {
        let mut ptr = self.head?;
        loop {
            // SAFETY: linked nodes are valid (W2) and ours under the lock (W1).
            let node = unsafe { ptr.as_ref() };
            // SAFETY: as above; no other reference to the seat is alive.
            let (claim, key, next, theirs) = unsafe {
                let seat = node.seat();
                (seat.claim, seat.key, seat.next, !std::ptr::eq(seat.claim, me) && wanted(seat.note))
            };
            let is_last = self.head == Some(next);
            if theirs {
                // SAFETY: a linked node's claim is valid: both lie in futures whose `Drop` unlinks the node first.
                match unsafe { (*claim).try_claim(key) } {
                    Bid::Busy => {}
                    bid => {
                        // SAFETY: the lock is held and the node is linked here.
                        unsafe { self.remove(node) };
                        if bid == Bid::Won {
                            return Some(Claimed { node: ptr });
                        }
                    }
                }
            }
            if is_last {
                return None;
            }
            ptr = next;
        }
    }

    /// Claims the first waiter and unlinks it, if it can be claimed at once and `wanted` accepts its note.
    ///
    /// # Safety
    ///
    /// As [`claim_first`](Self::claim_first); the caller has no node in this list itself.
    #[inline]
    pub(crate) unsafe fn claim_head(&mut self, wanted: impl FnOnce(N) -> bool) -> Option<Claimed<V, N>> {
        let ptr = self.head?;
        // SAFETY: linked nodes are valid (W2) and ours under the lock (W1); their claims are valid as in `claim_first`.
        unsafe {
            let seat = ptr.as_ref().seat();
            if !wanted(seat.note) || (*seat.claim).try_claim(seat.key) != Bid::Won {
                return None;
            }
            self.remove(ptr.as_ref());
        }
        Some(Claimed { node: ptr })
    }

    /// How many waiters are linked that nobody has completed, counted up to `limit`; busy ones count, since they look
    /// again before they sleep.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list.
    pub(crate) unsafe fn count_waiting(&self, limit: usize) -> usize {
        let Some(mut ptr) = self.head else { return 0 };
        let mut n = 0;
        while n < limit {
            // SAFETY: linked nodes are valid (W2) and ours under the lock (W1); so are their claims.
            let (claim, next) = unsafe {
                let seat = ptr.as_ref().seat();
                (seat.claim, seat.next)
            };
            // SAFETY: as above.
            n += usize::from(unsafe { (*claim).may_wait() });
            if self.head == Some(next) {
                break;
            }
            ptr = next;
        }
        n
    }
}

/// A waiter that this thread has claimed and unlinked. It must be completed before the lock is released.
#[must_use]
pub(crate) struct Claimed<V, N> {
    node: NonNull<Node<V, N>>,
}

impl<V, N: Copy> Claimed<V, N> {
    /// What the waiter exchanges, and the note about it.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&mut V, &mut N) {
        // SAFETY: between the claim and `complete` the node is valid, assigned, and the claimer's (W3).
        unsafe {
            let node = self.node.as_ref();
            (node.value(), &mut node.seat().note)
        }
    }

    /// Whether its task waits for this alone.
    #[inline]
    pub(crate) fn is_single(&self) -> bool {
        // SAFETY: as in `complete`.
        unsafe { (*self.node.as_ref().claim().0).is_single() }
    }

    /// Publishes the outcome. The waker is to be woken after the lock is released.
    #[inline]
    pub(crate) fn complete(self) -> Option<Waker> {
        // SAFETY: the node is claimed by us and the lock is held (`claim_first`'s contract), so node and claim are
        // valid until `Claim::complete` has published; nothing is touched after it.
        unsafe {
            let (claim, key) = self.node.as_ref().claim();
            (*claim).complete(key)
        }
    }
}

/// Wakers collected under a lock, to be woken after it. Two inline; a close may collect more.
#[derive(Debug, Default)]
#[must_use]
pub struct Wakes {
    first: Option<Waker>,
    second: Option<Waker>,
    #[allow(
        clippy::box_collection,
        reason = "one word that is nearly always `None`, in a value that is made for each operation"
    )]
    rest: Option<Box<VecDeque<Waker>>>,
}

impl Wakes {
    pub(crate) const fn new() -> Self {
        Self { first: None, second: None, rest: None }
    }

    /// Whether another waker would need an allocation.
    pub(crate) fn is_full(&self) -> bool {
        self.second.is_some()
    }

    #[inline]
    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        if waker.is_none() {
        } else if self.first.is_none() {
            self.first = waker;
        } else if self.second.is_none() {
            self.second = waker;
        } else {
            self.rest.get_or_insert_default().extend(waker);
        }
    }

    /// Wakes all, in the order in which they were pushed; all of them, also if one panics.
    #[inline]
    pub(crate) fn wake(&mut self) {
        // By reference: a move would cost more than the usual one wake-up.
        if self.first.is_some() {
            wake_all(self);
        }
    }

    fn pop(&mut self) -> Option<Waker> {
        self.first.take().or_else(|| self.second.take()).or_else(|| self.rest.as_mut()?.pop_front())
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        self.wake();
    }
}

#[inline]
fn wake_all(wakes: &mut Wakes) {
    if wakes.second.is_none() {
        // By far the most common. (The rest is only there behind a second.)
        if let Some(waker) = wakes.first.take() {
            waker.wake();
        }
    } else {
        wake_many(wakes);
    }
}

#[cold]
fn wake_many(wakes: &mut Wakes) {
    /// Goes on where a waker has panicked.
    struct Rest<'a>(&'a mut Wakes);

    impl Drop for Rest<'_> {
        fn drop(&mut self) {
            while let Some(waker) = self.0.pop() {
                waker.wake();
            }
        }
    }

    let rest = Rest(wakes);
    while let Some(waker) = rest.0.pop() {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_wakers_are_kept_without_an_allocation() {
        let mut wakes = Wakes::new();
        for (pushed, full) in [(None, false), (Some(Waker::noop().clone()), false), (None, false)] {
            wakes.push(pushed);
            assert_eq!(wakes.is_full(), full);
        }
        wakes.push(Some(Waker::noop().clone()));
        assert!(wakes.is_full());
        assert!(wakes.rest.is_none());
        wakes.wake();
    }
}
