//! A set of receivers that keeps its registrations between rounds.
#![allow(unsafe_code)]

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::Receiver;
use super::case::ChanCase;
use super::recv::RecvCase;
use super::state::Chan;
use crate::ops::Receive;
use crate::rt;
use crate::select::{Case, Likely, LockSet, Mode, Polled, Seat, below, likely};
use crate::waitlist::{Claim, Phase, Wakes};

/// How often a round looks without holding all the locks before it does.
const QUICK_LOOKS: u32 = 3;

struct Member<T> {
    case: Pin<Box<RecvCase<Arc<Chan<T>>>>>,
    receiver: Receiver<T>,
}

/// Many receivers as one source, for a loop that waits for the same set again and again: a round costs the member that
/// fires, not the size of the set. For a set that is put together each time, see [`any`](crate::any).
///
/// A round gives the member's number and what it gave. Among ready members each is equally likely; a closed member fires
/// (with `None`) until it is removed; an empty set is never ready. In `select!` it is an arm: `(i, v) = <-set`.
///
/// # Cancel safety
///
/// Between rounds, and once a round's future is dropped, members keep their place in line but are handed nothing. (At
/// capacity 0 they count as receivers that wait, so a [`reserve`](super::Sender::reserve) is granted on account of them.)
///
/// # Examples
///
/// ```
/// use vela_core::{SelectSet, channel};
/// # vela_core::block_on(async {
/// let mut set = SelectSet::new();
/// let (tx, rx) = channel(1);
/// let first = set.insert(rx);
/// tx.send("hello").await.unwrap();
/// drop(tx);
/// assert_eq!(set.recv().await, (first, Some("hello")));
/// assert_eq!(set.recv().await, (first, None));
/// set.remove(first);
/// assert!(set.is_empty());
/// # });
/// ```
pub struct SelectSet<T> {
    // Before `claim`, to which their nodes point: fields are dropped in order.
    members: Vec<Option<Member<T>>>,
    claim: Pin<Box<Claim>>,
    /// Numbers of members that are not enrolled.
    idle: Vec<usize>,
    /// The members that may have something, unless `dirty`: those that are not enrolled, which nobody would tell of, and
    /// those that no look has found empty since a counterpart has passed over the set. Each once; some may have been removed.
    worth: Vec<usize>,
    /// Any member may have something.
    dirty: bool,
}

impl<T> Default for SelectSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for SelectSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> SelectSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            members: Vec::new(),
            claim: Box::pin(Claim::lasting()),
            idle: Vec::new(),
            worth: Vec::new(),
            dirty: false,
        }
    }

    /// Adds a receiver, and gives its number; numbers of removed members are used again.
    #[track_caller]
    pub fn insert(&mut self, receiver: Receiver<T>) -> usize {
        let case = Box::pin(ChanCase::new(Arc::clone(receiver.chan())));
        let member = Some(Member { case, receiver });
        let index = match self.members.iter().position(Option::is_none) {
            Some(free) => {
                self.members[free] = member;
                free
            }
            None => {
                self.members.push(member);
                self.members.len() - 1
            }
        };
        self.idle.push(index);
        // And so it is worth a look. (It may be listed already, by the number that it had before.)
        self.dirty = true;
        index
    }

    /// A member that a counterpart has completed is enrolled no more. (Nothing was worth a look when the set went to sleep,
    /// so it is not listed.)
    fn is_idle(&mut self, index: usize) {
        self.idle.push(index);
        self.worth.push(index);
    }

    /// Takes a member out.
    pub fn remove(&mut self, index: usize) -> Option<Receiver<T>> {
        // A round's future is gone, and has left the claim held; unless it was leaked.
        self.abandon();
        let mut member = self.members.get_mut(index)?.take()?;
        member.case.as_mut().withdraw();
        self.idle.retain(|&other| other != index);
        Some(member.receiver)
    }

    /// The receiver of this number.
    pub fn get(&self, index: usize) -> Option<&Receiver<T>> {
        self.members.get(index)?.as_ref().map(|member| &member.receiver)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.iter().flatten().count()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.iter().all(Option::is_none)
    }

    /// Waits for one round.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: a value that was handed to it goes back into its channel.
    #[track_caller]
    pub fn recv(&mut self) -> RecvFromSet<'_, T> {
        // The last round's future may have been leaked.
        self.abandon();
        RecvFromSet { set: self }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(usize, Option<T>)> {
        loop {
            match self.claim.phase() {
                Phase::Done(key) => {
                    let index = key as usize;
                    let member = self.members[index].as_mut().expect("a member that waits is in the set");
                    let outcome = member.case.as_mut().finish(0);
                    self.is_idle(index);
                    self.dirty |= self.claim.rearm();
                    if let Poll::Ready(value) = outcome {
                        return Poll::Ready((index, value));
                    }
                }
                Phase::InProgress(key) => {
                    if let Some(member) = &self.members[key as usize] {
                        member.case.settle(0);
                    }
                }
                Phase::Waiting => {
                    if self.claim.hold() {
                        return self.look(cx);
                    }
                }
            }
        }
    }

    /// The word is BUSY: looks at the members that may have something, enrols the others, sleeps.
    fn look(&mut self, cx: &mut Context<'_>) -> Poll<(usize, Option<T>)> {
        // SAFETY: the word is BUSY.
        unsafe { self.claim.set_waker(cx.waker()) };
        for _ in 0..QUICK_LOOKS {
            self.dirty |= self.claim.rearm();
            if let Some(found) = self.look_at_each() {
                return Poll::Ready(found);
            }
            if let Some(found) = self.enroll_idle() {
                return Poll::Ready(found);
            }
            self.worth.clear();
            if self.claim.park() {
                return Poll::Pending;
            }
        }
        self.look_locked()
    }

    /// Looks at the members that may have something. Each that has is equally likely: they all are among those.
    fn look_at_each(&mut self) -> Option<(usize, Option<T>)> {
        let likely = self.ready_members();
        let Self { members, claim, worth, dirty, .. } = self;
        if std::mem::take(dirty) {
            worth.clear();
            worth.extend(0..members.len());
        }
        if let Some(likely) = likely {
            let likely = Some(worth.iter().map(|&i| likely[i]).collect());
            return Mode::fair().visit(worth.len(), &likely, |i| {
                let case = members[worth[i]].as_mut()?.case.as_mut();
                case.attempt_while_held(claim).map(|value| (worth[i], value))
            });
        }
        // Those before `from` were looked at in this round.
        let mut from = 0;
        while from < worth.len() {
            let drawn = from + below(worth.len() - from);
            let index = worth[drawn];
            let found = members[index].as_mut().and_then(|member| member.case.as_mut().attempt_while_held(claim));
            if let Some(value) = found {
                return Some((index, value));
            }
            if members[index].as_ref().is_some_and(|member| !member.case.is_enrolled()) {
                worth.swap(from, drawn);
                from += 1;
            } else {
                // Who gives it something from now on passes over it, and marks the claim.
                worth.swap_remove(drawn);
            }
        }
        None
    }

    /// The members that are worth a draw, in a simulation.
    fn ready_members(&self) -> Likely {
        likely(self.members.iter().map(|member| member.as_ref().is_some_and(|member| member.case.peek().maybe)))
    }

    fn enroll_idle(&mut self) -> Option<(usize, Option<T>)> {
        while let Some(index) = self.idle.pop() {
            let key = u32::try_from(index).expect("fewer than 2^29 members");
            if let Some(member) = &mut self.members[index]
                && let Poll::Ready(value) = member.case.as_mut().enroll(Seat { claim: &self.claim, key })
            {
                self.idle.push(index);
                return Some((index, value));
            }
        }
        None
    }

    /// Counterparts keep coming by: looks at all members under all their locks, and sleeps before it releases them.
    fn look_locked(&mut self) -> Poll<(usize, Option<T>)> {
        self.claim.rearm();
        let likely = self.ready_members();
        let Self { members, claim, .. } = self;
        let mut locks = LockSet::new();
        for member in members.iter().flatten() {
            member.case.locks(&mut locks);
        }
        let mut wakes = Wakes::new();
        // SAFETY: the members keep their channels alive; no lock is held here; looks run no user code.
        let found = unsafe {
            locks.hold(|| {
                let found = Mode::fair().visit(members.len(), &likely, |index| {
                    let case = members[index].as_mut()?.case.as_mut();
                    match case.attempt_locked(claim, &mut wakes) {
                        Poll::Ready(value) => Some((index, value)),
                        Poll::Pending => None,
                    }
                });
                if found.is_none() {
                    claim.arm();
                }
                found
            })
        };
        wakes.wake();
        // Other members may have something, too.
        self.dirty = found.is_some();
        found.map_or(Poll::Pending, Poll::Ready)
    }

    /// The round is over without having been ready: keeps counterparts off, and gives back what came in.
    fn abandon(&mut self) {
        loop {
            match self.claim.phase() {
                Phase::Waiting => {
                    if self.claim.hold() {
                        return;
                    }
                }
                Phase::InProgress(key) | Phase::Done(key) => {
                    if let Some(member) = &mut self.members[key as usize]
                        && member.case.is_enrolled()
                    {
                        // Under the lock, so a counterpart in progress is through with it.
                        member.case.as_mut().withdraw();
                        self.is_idle(key as usize);
                    }
                    self.dirty |= self.claim.rearm();
                    return;
                }
            }
        }
    }
}

/// The future of [`SelectSet::recv`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct RecvFromSet<'a, T> {
    set: &'a mut SelectSet<T>,
}

impl<T> Future for RecvFromSet<'_, T> {
    type Output = (usize, Option<T>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(rt::poll_budget(cx));
        let next = self.set.poll_next(cx);
        if rt::seam::detailed() {
            self.tell(&next);
        }
        if next.is_ready() {
            budget.charge();
        }
        next
    }
}

impl<T> RecvFromSet<'_, T> {
    /// The set, once the round was ready; to poll on is another round.
    pub(crate) fn set(&mut self) -> &mut SelectSet<T> {
        self.set
    }

    #[cold]
    fn tell(&self, next: &Poll<(usize, Option<T>)>) {
        let only = match next {
            Poll::Ready((index, _)) => Some(*index),
            Poll::Pending => None,
        };
        for (index, member) in self.set.members.iter().enumerate() {
            if let Some(member) = member.as_ref().filter(|_| only.is_none_or(|only| only == index)) {
                member.case.describe(&mut |operation| rt::polled(next.is_ready(), operation));
            }
        }
    }
}

impl<T> Drop for RecvFromSet<'_, T> {
    fn drop(&mut self) {
        self.set.abandon();
    }
}

impl<'a, T> Receive for &'a mut SelectSet<T> {
    type Output = (usize, Option<T>);
    type Case = Polled<RecvFromSet<'a, T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

super::opaque_debug!(RecvFromSet<'_, T>);
