//! A waiter's place in one of a channel's lists: the node, and whether the waiter has enrolled.
#![allow(unsafe_code)]

use std::pin::Pin;
use std::sync::Arc;

use pin_project_lite::pin_project;

use super::state::{Chan, Outcome, Packet, State, Waiter, Want};
use crate::select::Seat;
use crate::waitlist::{Node, Phase, Wakes};

/// A pointer to a channel: `&Chan<T>` or `Arc<Chan<T>>`.
///
/// Cases have the pointer as their only parameter, and not `T` beside it: two mentions of `T` would have to agree in their
/// lifetimes, which the compiler cannot show where it checks that a task is `Send`.
pub trait ChanRef {
    /// What the channel carries.
    type Value;

    /// The channel.
    fn chan(&self) -> &Chan<Self::Value>;
}

impl<T> ChanRef for &Chan<T> {
    type Value = T;

    #[inline]
    fn chan(&self) -> &Chan<T> {
        self
    }
}

impl<T> ChanRef for Arc<Chan<T>> {
    type Value = T;

    #[inline]
    fn chan(&self) -> &Chan<T> {
        self
    }
}

pin_project! {
    /// The part that all of a channel's cases share.
    ///
    /// * B1. `enrolled` is true from the moment the node is linked until the owner has seen, under the lock, that it is
    ///   in no list and has put back what came in; or has taken the outcome.
    /// * B2. While `enrolled` is false the node is the owner's alone.
    pub(crate) struct Berth<C: ChanRef> {
        pub(crate) chan: C,
        #[pin]
        node: Waiter<C::Value>,
        enrolled: bool,
    }

    impl<C: ChanRef> PinnedDrop for Berth<C> {
        fn drop(this: Pin<&mut Self>) {
            this.withdraw();
        }
    }
}

impl<C: ChanRef> Berth<C> {
    pub(crate) fn new(chan: C, want: Want, value: Option<C::Value>) -> Self {
        Self { chan, node: Node::new(Packet::new(want, value)), enrolled: false }
    }

    /// Channel and packet, while the waiter is not enrolled.
    pub(crate) fn own_parts(self: Pin<&mut Self>) -> (&Chan<C::Value>, &mut Packet<C::Value>) {
        let this = self.project();
        assert!(!*this.enrolled, "the packet is shared while the waiter is enrolled");
        // SAFETY: B2; the pinned borrow of `self` keeps others off.
        (this.chan.chan(), unsafe { this.node.into_ref().get_ref().packet() })
    }

    /// Runs a transition under a lock that the caller holds already.
    ///
    /// # Safety
    ///
    /// As [`Chan::assume_locked`].
    pub(crate) unsafe fn locked<R>(
        self: Pin<&mut Self>,
        transition: impl FnOnce(&mut State<C::Value>, &mut Packet<C::Value>) -> R,
    ) -> R {
        let this = self.project();
        let node = this.node.into_ref().get_ref();
        // SAFETY: the lock is held: it protects the state, and the packet where the node is linked (W4).
        unsafe { this.chan.chan().assume_locked(|state| transition(state, node.packet())) }
    }

    /// Runs `look` under the lock, and links the node by `link` if it gives nothing.
    pub(crate) fn enroll<R>(
        self: Pin<&mut Self>,
        seat: Seat<'_>,
        look: impl FnOnce(&mut State<C::Value>, &mut Packet<C::Value>, &mut Wakes) -> Option<R>,
    ) -> Option<R> {
        let this = self.project();
        assert!(!*this.enrolled, "a case waits in one select at a time");
        let node = this.node.into_ref().get_ref();
        let mut wakes = Wakes::new();
        let mut state = this.chan.chan().lock();
        // SAFETY: B2: not linked, so the node is ours.
        let packet = unsafe { node.packet() };
        let found = look(&mut state, packet, &mut wakes);
        if found.is_none() {
            packet.outcome = Outcome::Pending;
            // SAFETY: the node is pinned and not linked; `seat.claim` stays until `stand` (it aborts otherwise); the
            // lock is held. `packet` is not used any more.
            unsafe {
                node.assign(seat.claim, seat.key);
                state.enlist(node, &mut wakes);
            }
            seat.claim.sit();
            *this.enrolled = true;
        }
        drop(state);
        wakes.wake();
        found
    }

    /// Runs `look` under the lock, enrolled or not.
    pub(crate) fn look_again<R>(
        self: Pin<&mut Self>,
        look: impl FnOnce(&mut State<C::Value>, &mut Packet<C::Value>, &mut Wakes) -> Option<R>,
    ) -> Option<R> {
        let this = self.project();
        let node = this.node.into_ref().get_ref();
        // SAFETY: the lock is held, and protects the packet where the node is linked (W4).
        this.chan.chan().with(|state, wakes| look(state, unsafe { node.packet() }, wakes))
    }

    pub(crate) fn is_enrolled(&self) -> bool {
        self.enrolled
    }

    /// What a counterpart did, after it has claimed this waiter: ends the enrolment.
    pub(crate) fn finish(self: Pin<&mut Self>) -> &mut Packet<C::Value> {
        let this = self.project();
        let node = this.node.into_ref().get_ref();
        assert!(*this.enrolled, "only a case that waits can finish");
        // SAFETY: the node is ours. The claim is alive: this waiter sits on it.
        let claim = unsafe {
            let (claim, key) = node.seat();
            assert!((*claim).phase() == Phase::Done(key), "another case has won");
            &*claim
        };
        *this.enrolled = false;
        claim.stand();
        // SAFETY: the claim is DONE for this node: the counterpart has unlinked it and is through with it (W3), and the
        // acquire of `Claim::phase` has made the packet visible.
        unsafe { node.packet() }
    }

    /// Leaves the list; what a counterpart has put in, or granted, goes back.
    pub(crate) fn withdraw(self: Pin<&mut Self>) {
        let this = self.project();
        if !std::mem::replace(this.enrolled, false) {
            return;
        }
        let node = this.node.into_ref().get_ref();
        let mut wakes = Wakes::new();
        let dropped = {
            let mut state = this.chan.chan().lock();
            // SAFETY: the node is ours and belongs to this channel; the lock is held.
            unsafe { if state.delist(node) { None } else { undo(&mut state, node.packet(), &mut wakes) } }
        };
        // SAFETY: the claim is alive: this waiter sits on it. The node is in no list, and ours.
        unsafe { (*node.seat().0).stand() };
        wakes.wake();
        drop(dropped);
    }

    /// Waits for a counterpart that is completing this waiter under the lock.
    pub(crate) fn settle(&self) {
        drop(self.chan.chan().lock());
    }
}

/// Puts back what a counterpart has put into the packet, or granted. What the policy drops comes out.
fn undo<T>(state: &mut State<T>, packet: &mut Packet<T>, wakes: &mut Wakes) -> Option<T> {
    if packet.outcome != Outcome::Served {
        return None;
    }
    match packet.want {
        Want::Value => {
            let value = packet.value.take()?;
            return state.give_back(packet.ticket, value, wakes);
        }
        Want::News => state.pass_news_on(wakes),
        Want::Place => state.return_place(wakes),
        Want::Room => state.settle(wakes),
        Want::Deliver | Want::Close => {}
    }
    None
}
