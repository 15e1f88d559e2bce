//! Waiting operations: intrusive FIFO lists of nodes that live in the waiters' own pinned futures, and the claim word.
//!
//! * W1. A list and the links of its nodes are touched only under the lock of the channel that owns the list.
//! * W2. A linked node is pinned: its owner unlinks it, under the lock, before its memory goes away (`Drop` of the
//!   future). A future that is leaked instead stays pinned for ever, and so stays valid.
//! * W3. A counterpart that wins the claim unlinks the node, writes the packet, and ends with `complete`; all of it
//!   under the lock. After that it never touches the node.
//! * W4. The packet is touched by the owner while the node is not linked, and by whoever holds the lock otherwise.
#![allow(unsafe_code)]

pub(crate) mod claim;
#[cfg(all(test, vela_loom))]
mod loom_tests;

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::marker::PhantomPinned;
use std::ptr::NonNull;
use std::task::Waker;

pub(crate) use claim::{Bid, Claim, Phase};

/// One place in one waiter list, with the packet through which a value is handed over.
pub(crate) struct Node<P> {
    inner: UnsafeCell<Inner<P>>,
    _pinned: PhantomPinned,
}

struct Inner<P> {
    prev: Option<NonNull<Node<P>>>,
    next: Option<NonNull<Node<P>>>,
    claim: *const Claim,
    key: u32,
    linked: bool,
    packet: P,
}

// SAFETY: W1 and W4 say who may touch what; the packets cross threads, so they must be `Send`.
unsafe impl<P: Send> Send for Node<P> {}
// SAFETY: as above; `&Node` gives access only through unsafe functions that ask for the lock or for ownership.
unsafe impl<P: Send> Sync for Node<P> {}

impl<P> Node<P> {
    pub(crate) fn new(packet: P) -> Self {
        let inner = Inner { prev: None, next: None, claim: std::ptr::null(), key: 0, linked: false, packet };
        Self { inner: UnsafeCell::new(inner), _pinned: PhantomPinned }
    }

    /// Says which operation the node belongs to.
    ///
    /// # Safety
    ///
    /// The node is not linked, and the caller owns it. `claim` stays valid while the node is linked.
    pub(crate) unsafe fn assign(&self, claim: *const Claim, key: u32) {
        // SAFETY: an unlinked node is its owner's alone.
        let inner = unsafe { &mut *self.inner.get() };
        inner.claim = claim;
        inner.key = key;
    }

    /// The claim and the key that the node was last assigned.
    ///
    /// # Safety
    ///
    /// The caller owns the node.
    pub(crate) unsafe fn seat(&self) -> (*const Claim, u32) {
        // SAFETY: only the owner writes them, and the caller is the owner.
        unsafe { ((*self.inner.get()).claim, (*self.inner.get()).key) }
    }

    /// # Safety
    ///
    /// The caller holds the lock of the list.
    pub(crate) unsafe fn is_linked(&self) -> bool {
        // SAFETY: W1.
        unsafe { (*self.inner.get()).linked }
    }

    /// # Safety
    ///
    /// The node is not linked and the caller owns it, or the caller holds the lock (W4); no other reference is alive.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn packet(&self) -> &mut P {
        // SAFETY: W4, by the caller.
        unsafe { &mut (*self.inner.get()).packet }
    }
}

/// A FIFO list of waiting operations.
pub(crate) struct List<P> {
    head: Option<NonNull<Node<P>>>,
    tail: Option<NonNull<Node<P>>>,
}

// SAFETY: a list is only a pair of pointers to nodes, which are `Send`; W1 says who may follow them.
unsafe impl<P: Send> Send for List<P> {}

impl<P> List<P> {
    pub(crate) const fn new() -> Self {
        Self { head: None, tail: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Links a node at the tail.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list; `node` is pinned (W2), assigned and not linked.
    pub(crate) unsafe fn push_back(&mut self, node: &Node<P>) {
        let ptr = NonNull::from(node);
        // SAFETY: W1: the lock is held, so the links of `node` and of the tail are ours.
        unsafe {
            let inner = &mut *node.inner.get();
            debug_assert!(!inner.linked && !inner.claim.is_null());
            inner.linked = true;
            inner.prev = self.tail;
            inner.next = None;
            match self.tail {
                Some(tail) => (*tail.as_ref().inner.get()).next = Some(ptr),
                None => self.head = Some(ptr),
            }
        }
        self.tail = Some(ptr);
    }

    /// Unlinks a node, if it is linked.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list; `node` is linked here or nowhere.
    pub(crate) unsafe fn remove(&mut self, node: &Node<P>) -> bool {
        // SAFETY: W1: the lock is held; neighbours are linked, so they are valid (W2).
        unsafe {
            let inner = &mut *node.inner.get();
            if !inner.linked {
                return false;
            }
            inner.linked = false;
            let (prev, next) = (inner.prev.take(), inner.next.take());
            match prev {
                Some(prev) => (*prev.as_ref().inner.get()).next = next,
                None => self.head = next,
            }
            match next {
                Some(next) => (*next.as_ref().inner.get()).prev = prev,
                None => self.tail = prev,
            }
        }
        true
    }

    /// Claims the first waiter that can be claimed and whose packet `wanted` accepts, and unlinks it. Waiters of the
    /// operation `me` are passed over (nobody pairs with himself), busy ones are marked and keep their place, dead
    /// ones are unlinked on the way.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list, and keeps it until the claimed waiter is completed.
    pub(crate) unsafe fn claim_first(
        &mut self,
        me: *const Claim,
        mut wanted: impl FnMut(&P) -> bool,
    ) -> Option<Claimed<P>> {
        let mut cursor = self.head;
        while let Some(ptr) = cursor {
            // SAFETY: linked nodes are valid (W2) and ours under the lock (W1).
            let node = unsafe { ptr.as_ref() };
            // SAFETY: as above; no other reference to the inner part is alive.
            let (claim, key, next) = unsafe {
                let inner = &*node.inner.get();
                cursor = inner.next;
                if std::ptr::eq(inner.claim, me) || !wanted(&inner.packet) {
                    continue;
                }
                (inner.claim, inner.key, inner.next)
            };
            // SAFETY: a linked node's claim is valid: both lie in futures whose `Drop` unlinks the node first.
            match unsafe { (*claim).try_claim(key) } {
                Bid::Busy => cursor = next,
                bid => {
                    // SAFETY: the lock is held and the node is linked here.
                    unsafe { self.remove(node) };
                    if bid == Bid::Won {
                        return Some(Claimed { node: ptr });
                    }
                }
            }
        }
        None
    }

    /// How many waiters are linked that nobody has completed, counted up to `limit`; busy ones count, since they look
    /// again before they sleep.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of this list.
    pub(crate) unsafe fn count_waiting(&self, limit: usize) -> usize {
        let mut n = 0;
        let mut cursor = self.head;
        while let (Some(ptr), true) = (cursor, n < limit) {
            // SAFETY: linked nodes are valid (W2) and ours under the lock (W1); so are their claims.
            let inner = unsafe { &*ptr.as_ref().inner.get() };
            // SAFETY: as above.
            n += usize::from(unsafe { (*inner.claim).may_wait() });
            cursor = inner.next;
        }
        n
    }
}

/// A waiter that this thread has claimed and unlinked. It must be completed before the lock is released.
#[must_use]
pub(crate) struct Claimed<P> {
    node: NonNull<Node<P>>,
}

impl<P> Claimed<P> {
    /// The waiter's packet.
    pub(crate) fn packet(&mut self) -> &mut P {
        // SAFETY: between the claim and `complete` the node is valid, and its packet is the claimer's (W3).
        unsafe { self.node.as_ref().packet() }
    }

    /// Publishes the outcome. The waker is to be woken after the lock is released.
    pub(crate) fn complete(self) -> Option<Waker> {
        // SAFETY: the node is claimed by us and the lock is held (`claim_first`'s contract), so node and claim are
        // valid until `Claim::complete` has published; nothing is touched after it.
        unsafe {
            let inner = &*self.node.as_ref().inner.get();
            let (claim, key) = (inner.claim, inner.key);
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
    rest: VecDeque<Waker>,
}

impl Wakes {
    pub(crate) const fn new() -> Self {
        Self { first: None, second: None, rest: VecDeque::new() }
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
            self.rest.extend(waker);
        }
    }

    /// Wakes all, in the order in which they were pushed; all of them, also if one panics.
    #[inline]
    pub(crate) fn wake(self) {
        drop(self);
    }

    fn pop(&mut self) -> Option<Waker> {
        self.first.take().or_else(|| self.second.take()).or_else(|| self.rest.pop_front())
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        if self.first.is_some() {
            wake_all(self);
        }
    }
}

fn wake_all(wakes: &mut Wakes) {
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
        assert_eq!(wakes.rest.capacity(), 0);
        wakes.wake();
    }
}
