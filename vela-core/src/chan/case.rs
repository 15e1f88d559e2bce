//! A channel operation as the select engine sees it: one case for all of them; what differs is an [`Operation`].
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::berth::{Berth, ChanRef};
use super::state::{Chan, Note, State, Want};
use crate::lock::{LOCKED, VERSION};
use crate::rt::Site;
use crate::rt::seam::{Operation as Named, Subject};
use crate::select::{Begun, Case, LockSet, Peek, Plain, Seat};
use crate::waitlist::{Claim, Wakes};

/// What one kind of operation does with the state.
pub trait Operation<T> {
    /// What comes out.
    type Output;
    /// The bit of the channel's word without which it surely has to wait.
    const READY: usize;
    /// What it waits for.
    const WANT: Want;
    /// What users call it.
    const NAME: &'static str;
    /// The end of the channel that it uses.
    const END: fn(usize) -> Subject;

    /// Completes under the lock if that needs no waiting. What is to be dropped stays in `value`.
    fn look(
        state: &mut State<T>,
        value: &mut Option<T>,
        claim: *const Claim,
        wakes: &mut Wakes,
    ) -> Option<Self::Output>;

    /// Completes without the general transition, where the channel's situation is plain.
    fn quick(_: &Chan<T>, _: Option<&mut Option<T>>) -> Option<Self::Output> {
        None
    }

    /// Locks the channel if the operation can happen at once with nobody else concerned; not in a simulation.
    fn begin(_: &Chan<T>, _: Option<&mut Option<T>>) -> Option<Begun> {
        None
    }

    /// The rest of it.
    ///
    /// # Safety
    ///
    /// `begin` gave `begun` just now, with the same arguments.
    unsafe fn complete(_: &Chan<T>, _: Option<&mut Option<T>>, _begun: Begun) -> Poll<Self::Output> {
        unreachable!("it never begins")
    }

    /// As `quick`, in the plain situations in which others wait, and not in a simulation.
    fn plain(_: &Chan<T>, _: Option<&mut Option<T>>) -> Plain<Self::Output> {
        Plain::Unclear
    }

    /// What a counterpart has done; `Pending` where it has only brought news.
    fn outcome(value: &mut Option<T>, note: Note) -> Poll<Self::Output>;
}

pin_project! {
    /// See the [module](self). `C` points to the channel.
    #[repr(C)]
    pub struct ChanCase<C: ChanRef, K> {
        site: Site,
        operation: PhantomData<fn() -> K>,
        #[pin]
        berth: Berth<C>,
    }
}

impl<C: ChanRef, K> fmt::Debug for ChanCase<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChanCase").finish_non_exhaustive()
    }
}

impl<C: ChanRef, K> ChanCase<C, K> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: C) -> Self {
        Self { berth: Berth::new(chan), site: Site::here(), operation: PhantomData }
    }

    /// One that carries a value, or will.
    #[inline]
    #[track_caller]
    pub(crate) fn with(chan: C, value: Option<C::Value>) -> Self {
        Self { berth: Berth::with(chan, value), site: Site::here(), operation: PhantomData }
    }

    /// The value slot, while the case does not wait.
    pub(crate) fn value(self: Pin<&mut Self>) -> &mut Option<C::Value> {
        self.project().berth.own_parts().1
    }

    /// Whether the case waits.
    pub(crate) fn is_enrolled(&self) -> bool {
        self.berth.is_enrolled()
    }

    #[inline]
    pub(crate) fn chan(&self) -> &Chan<C::Value> {
        self.berth.chan.chan()
    }
}

impl<C: ChanRef, K: Operation<C::Value>> ChanCase<C, K> {
    /// As [`Case::attempt`], also while the case waits under a claim that is held.
    ///
    /// After a mark it must see what the counterpart did that made the mark. The word is written at the end of a critical
    /// section and the mark within it, so the word counts only while nobody holds the lock.
    pub(crate) fn attempt_while_held(self: Pin<&mut Self>, claim: &Claim) -> Option<K::Output> {
        if self.chan().word() & (LOCKED | K::READY) == 0 {
            return None;
        }
        self.project().berth.look_again(|state, value, wakes| K::look(state, value, claim, wakes))
    }
}

/// Completes if that needs no waiting.
fn look<T, K: Operation<T>>(chan: &Chan<T>, value: &mut Option<T>) -> Option<K::Output> {
    let found = chan.with(|state, wakes| K::look(state, value, std::ptr::null(), wakes));
    if found.is_some() {
        // Nothing, or a value that the policy dropped.
        drop(value.take());
    }
    found
}

/// Looks, without the lock, for the bit without which an operation surely has to wait.
#[inline]
pub(super) fn peek<T>(chan: &Chan<T>, ready: usize) -> Peek {
    let word = chan.word();
    Peek { maybe: word & ready != 0, version: word / VERSION }
}

fn poll<R>(found: Option<R>) -> Poll<R> {
    found.map_or(Poll::Pending, Poll::Ready)
}

// SAFETY: `Berth` unlinks its node in `withdraw` and on drop, under the lock.
unsafe impl<C: ChanRef, K: Operation<C::Value>> Case for ChanCase<C, K> {
    type Output = K::Output;

    const QUICK: bool = true;

    #[inline]
    fn quick(&mut self) -> Option<K::Output> {
        let (chan, value) = self.berth.unpinned();
        if chan.word() & K::READY == 0 {
            return None;
        }
        K::quick(chan, Some(value)).or_else(|| look::<_, K>(chan, value))
    }

    #[inline]
    fn begin(self: Pin<&mut Self>) -> Option<Begun> {
        let (chan, load) = self.project().berth.load();
        K::begin(chan, load)
    }

    #[inline]
    unsafe fn complete(self: Pin<&mut Self>, begun: Begun) -> Poll<K::Output> {
        let (chan, load) = self.project().berth.load();
        // SAFETY: by the caller.
        unsafe { K::complete(chan, load, begun) }
    }

    #[inline]
    fn plain(self: Pin<&mut Self>) -> Plain<K::Output> {
        let (chan, load) = self.project().berth.load();
        K::plain(chan, load)
    }

    #[inline]
    fn attempt(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<K::Output> {
        if self.chan().word() & K::READY == 0 {
            return Poll::Pending;
        }
        let mut berth = self.project().berth;
        let (chan, load) = berth.as_mut().load();
        if let Some(found) = K::quick(chan, load) {
            return Poll::Ready(found);
        }
        let (chan, value) = berth.own_parts();
        poll(look::<_, K>(chan, value))
    }

    #[inline]
    fn enroll(self: Pin<&mut Self>, seat: Seat<'_>) -> Poll<K::Output> {
        let claim = std::ptr::from_ref(seat.claim);
        poll(self.project().berth.enroll(seat, K::WANT, |state, value, wakes| K::look(state, value, claim, wakes)))
    }

    unsafe fn attempt_locked(self: Pin<&mut Self>, claim: &Claim, wakes: &mut Wakes) -> Poll<K::Output> {
        // SAFETY: the caller holds the channel's lock.
        poll(unsafe { self.project().berth.locked(wakes, |state, value, wakes| K::look(state, value, claim, wakes)) })
    }

    fn locks(&self, set: &mut LockSet) {
        set.push(self.chan().raw_lock());
    }

    fn peek(&self) -> Peek {
        peek(self.chan(), K::READY)
    }

    #[inline]
    fn finish(self: Pin<&mut Self>, _: u32) -> Poll<K::Output> {
        let (value, note) = self.project().berth.finish();
        K::outcome(value, note)
    }

    fn withdraw(self: Pin<&mut Self>) {
        self.project().berth.withdraw();
    }

    fn settle(&self, _: u32) {
        self.berth.settle();
    }

    fn renew(&self, waker: &Waker) -> bool {
        self.berth.renew(waker)
    }

    #[inline]
    fn is_single(&self) -> bool {
        true
    }

    fn describe(&self, tell: &mut dyn FnMut(Named)) {
        tell(self.site.operation(K::NAME, (K::END)(self.chan().address())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channel;
    use crate::ops::Transmit;

    /// The channel may be full from now on, and nobody come by.
    #[test]
    fn what_a_select_does_under_its_locks_is_told_after_it() {
        let (tx, _rx) = Channel::bounded(1).name("case.news").build().unwrap();
        let (claim, mut wakes, mut locks) = (Claim::new(), Wakes::new(), LockSet::new());
        let mut send = Box::pin((&tx).transmit(1));
        send.locks(&mut locks);
        // SAFETY: the channel is alive, and its lock is held by nobody.
        let sent = unsafe { locks.hold(|| send.as_mut().attempt_locked(&claim, &mut wakes)) };
        assert!(sent.is_ready() && tx.monitor().unwrap().is_in_saturation());
        assert!(tx.chan().look(|state| state.news().is_some()), "not under the lock");
        wakes.wake();
        assert!(tx.chan().look(|state| state.news().is_none()));
    }
}
