//! A waiter's place in one of a channel's lists: the node, and whether the waiter has enrolled.
#![allow(unsafe_code)]

use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use pin_project_lite::pin_project;

use super::state::{Chan, Note, Outcome, State, Waiter, Want};
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
    /// * B1. `stage` is `Enrolled` from the moment the node is linked until the owner has seen, under the lock, that it is
    ///   in no list and has put back what came in; or has taken the outcome.
    /// * B2. In the other stages the node is the owner's alone.
    /// * B3. The node has a value in every stage but `Vacant`.
    #[repr(C)]
    pub(crate) struct Berth<C: ChanRef> {
        pub(crate) chan: C,
        stage: Stage,
        #[pin]
        node: Waiter<C::Value>,
    }

    impl<C: ChanRef> PinnedDrop for Berth<C> {
        #[inline]
        fn drop(mut this: Pin<&mut Self>) {
            if this.stage == Stage::Enrolled {
                this.as_mut().withdraw();
            }
            if this.stage != Stage::Vacant {
                // SAFETY: B2, B3; it is not used again.
                unsafe { this.node.drop_value() };
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing has been written to the node: a receive that may need not wait.
    Vacant,
    /// The node has a value (`None` or `Some`).
    Ready,
    Enrolled,
}

impl<C: ChanRef> Berth<C> {
    /// Without a value.
    #[inline]
    pub(crate) fn new(chan: C) -> Self {
        Self { chan, node: Node::vacant(), stage: Stage::Vacant }
    }

    /// With a value, if there is one, or the place for one.
    #[inline]
    pub(crate) fn with(chan: C, value: Option<C::Value>) -> Self {
        Self { chan, node: Node::with(value), stage: Stage::Ready }
    }

    /// Channel, and the value if the waiter was made with one, while it is not enrolled.
    #[inline]
    pub(crate) fn load(self: Pin<&mut Self>) -> (&Chan<C::Value>, Option<&mut Option<C::Value>>) {
        let this = self.project();
        let node = this.node.into_ref().get_ref();
        // SAFETY: B2, B3; the pinned borrow of `self` keeps others off.
        let value = (*this.stage == Stage::Ready).then(|| unsafe { node.value() });
        (this.chan.chan(), value)
    }

    /// As [`load`](Self::load), before it is pinned; a place for a value, where there is none, is made.
    #[inline]
    pub(crate) fn unpinned(&mut self) -> (&Chan<C::Value>, &mut Option<C::Value>) {
        assert!(self.stage != Stage::Enrolled, "a case that waits is pinned");
        // SAFETY: B2, B3; the borrow of `self` keeps others off.
        unsafe {
            if self.stage == Stage::Vacant {
                self.node.fill(None);
                self.stage = Stage::Ready;
            }
            (self.chan.chan(), self.node.value())
        }
    }

    /// Channel and value, while the waiter is not enrolled.
    #[inline]
    pub(crate) fn own_parts(self: Pin<&mut Self>) -> (&Chan<C::Value>, &mut Option<C::Value>) {
        let this = self.fill().project();
        assert!(*this.stage != Stage::Enrolled, "the value is shared while the waiter is enrolled");
        let node = this.node.into_ref().get_ref();
        // SAFETY: B2; the pinned borrow of `self` keeps others off.
        unsafe { (this.chan.chan(), node.value()) }
    }

    /// Leaves the stage in which there is no value.
    #[inline]
    fn fill(mut self: Pin<&mut Self>) -> Pin<&mut Self> {
        if self.stage == Stage::Vacant {
            // SAFETY: B2.
            unsafe { self.node.fill(None) };
            *self.as_mut().project().stage = Stage::Ready;
        }
        self
    }

    /// Runs a transition under a lock that the caller holds already.
    ///
    /// # Safety
    ///
    /// As [`Chan::assume_locked`].
    pub(crate) unsafe fn locked<R>(
        self: Pin<&mut Self>,
        wakes: &mut Wakes,
        transition: impl FnOnce(&mut State<C::Value>, &mut Option<C::Value>, &mut Wakes) -> R,
    ) -> R {
        let this = self.fill().project();
        let node = this.node.into_ref().get_ref();
        // SAFETY: the lock is held: it protects the state, and the value where the node is linked (W4).
        unsafe { this.chan.chan().assume_locked(wakes, |state, wakes| transition(state, node.value(), wakes)) }
    }

    /// Runs `look` under the lock, and links the node by `link` if it gives nothing.
    pub(crate) fn enroll<R>(
        self: Pin<&mut Self>,
        seat: Seat<'_>,
        want: Want,
        look: impl FnOnce(&mut State<C::Value>, &mut Option<C::Value>, &mut Wakes) -> Option<R>,
    ) -> Option<R> {
        let this = self.fill().project();
        assert!(*this.stage != Stage::Enrolled, "a case waits in one select at a time");
        let node = this.node.into_ref().get_ref();
        // SAFETY: the node is pinned, ours (B2), and has a value; `seat.claim` stays until `stand` (it aborts otherwise).
        if unsafe { this.chan.chan().enlist_quickly(node, seat, want) } {
            seat.claim.sit();
            *this.stage = Stage::Enrolled;
            return None;
        }
        let mut wakes = Wakes::new();
        let mut state = this.chan.chan().lock();
        // SAFETY: B2: not linked, so the node is ours.
        let value = unsafe { node.value() };
        let found = look(&mut state, value, &mut wakes);
        if found.is_none() {
            // SAFETY: the node is pinned and not linked; `seat.claim` stays until `stand` (it aborts otherwise); the
            // lock is held. `value` is not used any more.
            unsafe {
                let note = Note::new(want, state.begin_wait(want));
                node.assign(seat.claim, seat.key, note);
                state.enlist(node, &mut wakes);
            }
            seat.claim.sit();
            *this.stage = Stage::Enrolled;
        }
        drop(state);
        wakes.wake();
        found
    }

    /// Runs `look` under the lock, enrolled or not.
    pub(crate) fn look_again<R>(
        self: Pin<&mut Self>,
        look: impl FnOnce(&mut State<C::Value>, &mut Option<C::Value>, &mut Wakes) -> Option<R>,
    ) -> Option<R> {
        let this = self.fill().project();
        let node = this.node.into_ref().get_ref();
        // SAFETY: the lock is held, and protects the value where the node is linked (W4).
        this.chan.chan().with(|state, wakes| look(state, unsafe { node.value() }, wakes))
    }

    pub(crate) fn is_enrolled(&self) -> bool {
        self.stage == Stage::Enrolled
    }

    /// What a counterpart did, after it has claimed this waiter: ends the enrolment.
    #[inline]
    pub(crate) fn finish(self: Pin<&mut Self>) -> (&mut Option<C::Value>, Note) {
        let this = self.project();
        let node = this.node.into_ref().get_ref();
        assert!(*this.stage == Stage::Enrolled, "only a case that waits can finish");
        // SAFETY: the node is ours, and assigned (B1). The claim is alive: this waiter sits on it.
        let claim = unsafe {
            let (claim, key) = node.claim();
            debug_assert!((*claim).phase() == Phase::Done(key), "another case has won");
            &*claim
        };
        *this.stage = Stage::Ready;
        claim.stand();
        // SAFETY: the claim is DONE for this node: the counterpart has unlinked it and is through with it (W3), and the
        // acquire of `Claim::phase` has made value and note visible.
        let (value, note) = unsafe { (node.value(), node.note()) };
        if note.outcome == Outcome::Closed {
            // Who closes the channel may not have unlocked it yet: until then its word says that it is open.
            drop(this.chan.chan().lock());
        }
        (value, note)
    }

    /// Leaves the list; what a counterpart has put in, or granted, goes back.
    #[inline(never)]
    pub(crate) fn withdraw(self: Pin<&mut Self>) {
        let this = self.project();
        if *this.stage != Stage::Enrolled {
            return;
        }
        *this.stage = Stage::Ready;
        let node = this.node.into_ref().get_ref();
        let mut wakes = Wakes::new();
        let dropped = {
            let mut state = this.chan.chan().lock();
            // SAFETY: the node is ours and belongs to this channel; the lock is held.
            unsafe { if state.delist(node) { None } else { undo(&mut state, node.value(), node.note(), &mut wakes) } }
        };
        // SAFETY: the claim is alive: this waiter sits on it. The node is in no list, and ours.
        unsafe { (*node.claim().0).stand() };
        wakes.wake();
        drop(dropped);
    }

    /// Gives the claim it waits with another waker; false if a counterpart has completed it, or it does not wait.
    pub(crate) fn renew(&self, waker: &Waker) -> bool {
        if self.stage != Stage::Enrolled {
            return false;
        }
        // Cloned and dropped outside the lock: it is somebody else's code.
        let mut waker = Some(waker.clone());
        let state = self.chan.chan().lock();
        // SAFETY: enrolled, so the node is assigned, and its claim alive; the lock is held.
        let waits = unsafe {
            let waits = self.node.is_linked();
            if waits {
                (*self.node.claim().0).swap_waker(&mut waker);
            }
            waits
        };
        drop(state);
        waits
    }

    /// Waits for a counterpart that is completing this waiter under the lock.
    pub(crate) fn settle(&self) {
        drop(self.chan.chan().lock());
    }
}

/// Puts back what a counterpart has put into the node, or granted. What the policy drops comes out.
fn undo<T>(state: &mut State<T>, value: &mut Option<T>, note: Note, wakes: &mut Wakes) -> Option<T> {
    if note.outcome != Outcome::Served {
        return None;
    }
    match note.want {
        Want::Value => {
            let value = value.take()?;
            return state.give_back(note.ticket, value, wakes);
        }
        Want::News => state.pass_news_on(wakes),
        Want::Place => state.return_place(wakes),
        Want::Room => state.settle(wakes),
        Want::Deliver | Want::Close => {}
    }
    None
}
