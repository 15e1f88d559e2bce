//! Selects whose arms are chosen at run time: `any` over a slice, and the builder.
#![allow(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::case::{Case, Peek, Seat};
use super::engine::{CLOSED, ELSE, Selector, unreachable_arm};
use super::locks::LockSet;
use super::order::{Mode, likely};
use super::slot::{Every, Sent, Slot, Values, every, sent, values};
use crate::ops::{Receive, Transmit};
use crate::rt::seam::Operation;
use crate::waitlist::{Claim, Wakes};

/// A set of sources of one type as one source: `(i, v) = <-any(&mut inputs)`.
///
/// Gives the index of the member that fired, and what it gave; among ready members each is equally likely. A closed
/// member fires (with `None`) until you remove it from the set; an empty set is never ready.
///
/// Up to four members wait inline in the caller's future; a larger set is allocated once per call. To wait for the same
/// large set again and again, use [`SelectSet`](crate::SelectSet), which keeps its registrations.
///
/// ```
/// use vela_core::{any, channel, ops::Receive, select::one};
/// # vela_core::block_on(async {
/// let (tx, rx) = channel(1);
/// let (_idle, other) = channel(1);
/// let mut inputs = vec![other, rx];
/// tx.try_send("hello").unwrap();
/// let (i, v) = one((&any(&mut inputs)).receive()).await;
/// assert_eq!((i, v), (1, Some("hello")));
/// # });
/// ```
pub fn any<H>(sources: &mut [H]) -> Any<'_, H> {
    Any { sources }
}

/// See [`any`].
#[derive(Debug)]
pub struct Any<'a, H> {
    sources: &'a [H],
}

impl<'a, H> Receive for &Any<'a, H>
where
    &'a H: Receive,
{
    type Output = (usize, <&'a H as Receive>::Output);
    type Case = AnyCase<<&'a H as Receive>::Case>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        let mut cases = self.sources.iter().map(Receive::receive);
        if self.sources.len() <= INLINE {
            AnyCase { cases: Cases::Inline(std::array::from_fn(|_| cases.next())) }
        } else {
            AnyCase { cases: Cases::Boxed(cases.map(Some).collect()) }
        }
    }
}

const INLINE: usize = 4;

#[derive(Debug)]
enum Cases<C> {
    Inline([Option<C>; INLINE]),
    Boxed(Box<[Option<C>]>),
}

/// The case of [`any`].
#[derive(Debug)]
pub struct AnyCase<C> {
    cases: Cases<C>,
}

impl<C> AnyCase<C> {
    fn all(&self) -> impl Iterator<Item = &C> {
        match &self.cases {
            Cases::Inline(cases) => &cases[..],
            Cases::Boxed(cases) => cases,
        }
        .iter()
        .flatten()
    }

    fn len(&self) -> usize {
        self.all().count()
    }

    fn at(self: Pin<&mut Self>, index: usize) -> Pin<&mut C> {
        // SAFETY: structural pinning: the cases are never moved out of the array or the box, which is not replaced
        // while `self` is pinned; `AnyCase` has no `Drop`.
        let case = unsafe {
            self.map_unchecked_mut(|this| match &mut this.cases {
                Cases::Inline(cases) => &mut cases[index],
                Cases::Boxed(cases) => &mut cases[index],
            })
        };
        case.as_pin_mut().expect("the first `len` places are filled")
    }
}

impl<C: Case> AnyCase<C> {
    fn visit<O>(mut self: Pin<&mut Self>, mut look: impl FnMut(Pin<&mut C>) -> Poll<O>) -> Poll<(usize, O)> {
        let likely = likely(self.all().map(|case| case.is_polled() || case.peek().maybe));
        let found = Mode::fair().visit(self.len(), &likely, |index| match look(self.as_mut().at(index)) {
            Poll::Ready(outcome) => Some((index, outcome)),
            Poll::Pending => None,
        });
        found.map_or(Poll::Pending, Poll::Ready)
    }
}

// SAFETY: every method is passed on to the cases; each has a key of its own.
unsafe impl<C: Case> Case for AnyCase<C> {
    type Output = (usize, C::Output);

    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.visit(|case| case.attempt(cx))
    }

    fn enroll(mut self: Pin<&mut Self>, seat: Seat<'_>) -> Poll<Self::Output> {
        let mut key = seat.key;
        for index in 0..self.len() {
            let case = self.as_mut().at(index);
            let width = case.width();
            if let Poll::Ready(outcome) = case.enroll(Seat { claim: seat.claim, key }) {
                return Poll::Ready((index, outcome));
            }
            key += width;
        }
        Poll::Pending
    }

    unsafe fn attempt_locked(self: Pin<&mut Self>, claim: &Claim, wakes: &mut Wakes) -> Poll<Self::Output> {
        // SAFETY: by the caller.
        self.visit(|case| unsafe { case.attempt_locked(claim, wakes) })
    }

    fn locks(&self, set: &mut LockSet) {
        self.all().for_each(|case| case.locks(set));
    }

    fn peek(&self) -> Peek {
        self.all().map(Case::peek).fold(Peek::NEVER, |all, peek| Peek {
            maybe: all.maybe | peek.maybe,
            version: all.version.wrapping_add(peek.version),
        })
    }

    fn finish(mut self: Pin<&mut Self>, offset: u32) -> Poll<Self::Output> {
        let Some((index, offset)) = member(self.all(), offset) else { return Poll::Pending };
        self.as_mut().at(index).finish(offset).map(|outcome| (index, outcome))
    }

    fn withdraw(mut self: Pin<&mut Self>) {
        for index in 0..self.len() {
            self.as_mut().at(index).withdraw();
        }
    }

    fn settle(&self, offset: u32) {
        if let Some((index, offset)) = member(self.all(), offset)
            && let Some(case) = self.all().nth(index)
        {
            case.settle(offset);
        }
    }

    fn is_polled(&self) -> bool {
        self.all().any(Case::is_polled)
    }

    fn describe(&self, tell: &mut dyn FnMut(Operation)) {
        self.all().for_each(|case| case.describe(tell));
    }

    fn width(&self) -> u32 {
        // An empty set keeps one key, so that it has a place of its own.
        self.all().map(Case::width).sum::<u32>().max(1)
    }
}

/// The member to which the key `offset` belongs.
fn member<'c, C: Case + 'c>(cases: impl Iterator<Item = &'c C>, mut offset: u32) -> Option<(usize, u32)> {
    for (index, case) in cases.enumerate() {
        if offset < case.width() {
            return Some((index, offset));
        }
        offset -= case.width();
    }
    None
}

/// A select that is put together at run time, from operations of any kinds; the same engine as `select!`.
///
/// Every arm has a closure that turns its outcome into the common result. `recv` and `send` arms are disabled once their
/// channel is closed, as `Some(x) = <-rx` and `tx <- v` in `select!`.
///
/// # Cancel safety
///
/// Dropping it while it waits loses nothing but values handed to [`send`](Self::send).
///
/// ```
/// use vela_core::{Select, channel};
/// # vela_core::block_on(async {
/// let (tx, rx) = channel(1);
/// let (out, _sink) = channel(1);
/// tx.try_send(2).unwrap();
/// let n = Select::biased()
///     .recv(&rx, |n| n * 10)
///     .send(&out, 1, || 0)
///     .wait()
///     .await;
/// assert_eq!(n, Some(20));
/// # });
/// ```
#[must_use = "a select does nothing until it is awaited"]
pub struct Select<'a, R> {
    arms: Vec<Pin<Box<dyn Chosen<R> + Send + 'a>>>,
    mode: Mode,
    or_else: Option<Box<dyn FnOnce() -> R + Send + 'a>>,
}

impl<R> std::fmt::Debug for Select<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Select").field("arms", &self.arms.len()).field("mode", &self.mode).finish()
    }
}

/// An arm with what is to be done when it fires.
trait Chosen<R> {
    fn arm(self: Pin<&mut Self>) -> Pin<&mut (dyn super::slot::Arm + '_)>;
    fn run(self: Pin<&mut Self>) -> R;
}

pin_project! {
    struct ChosenArm<C: Case, K, F> {
        #[pin]
        slot: Slot<C, K>,
        body: Option<F>,
    }
}

impl<C, K, F, R> Chosen<R> for ChosenArm<C, K, F>
where
    C: Case,
    K: super::slot::Keep<C::Output>,
    F: FnOnce(K::Kept) -> R,
{
    fn arm(self: Pin<&mut Self>) -> Pin<&mut (dyn super::slot::Arm + '_)> {
        self.project().slot.arm()
    }

    fn run(self: Pin<&mut Self>) -> R {
        let this = self.project();
        let body = this.body.take().expect("an arm fires once");
        body(this.slot.take())
    }
}

impl<'a, R> Select<'a, R> {
    /// A select that chooses at random among ready arms.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { arms: Vec::new(), mode: Mode::fair(), or_else: None }
    }

    /// A select that prefers the arms that were added first.
    pub fn biased() -> Self {
        Self { mode: Mode::biased(), ..Self::new() }
    }

    /// Adds an arm that fires on a value of `source`, and is disabled once it has ended.
    #[track_caller]
    pub fn recv<S, T>(mut self, source: S, body: impl FnOnce(T) -> R + Send + 'a) -> Self
    where
        S: Receive<Output = Option<T>, Case: Send + 'a>,
        T: Send + 'a,
    {
        self.arms.push(Box::pin(ChosenArm::<_, Values, _> { slot: values(Some(source.receive())), body: Some(body) }));
        self
    }

    /// Adds an arm that fires on every outcome of `source`: a task, a timer, the close of a channel.
    #[track_caller]
    pub fn on<S>(mut self, source: S, body: impl FnOnce(S::Output) -> R + Send + 'a) -> Self
    where
        S: Receive<Case: Send + 'a, Output: Send + 'a>,
    {
        self.arms.push(Box::pin(ChosenArm::<_, Every, _> { slot: every(Some(source.receive())), body: Some(body) }));
        self
    }

    /// Adds an arm that fires once `sink` has taken `value`, and is disabled once it is closed.
    #[track_caller]
    pub fn send<S, V, E>(mut self, sink: S, value: V, body: impl FnOnce() -> R + Send + 'a) -> Self
    where
        S: Transmit<V, Output = Result<(), E>, Case: Send + 'a>,
        E: Send + 'a,
    {
        let slot = sent(Some(sink.transmit(value)));
        self.arms.push(Box::pin(ChosenArm::<_, Sent, _> { slot, body: Some(move |()| body()) }));
        self
    }

    /// What to do if nothing is ready now, instead of waiting (Go's `default`).
    pub fn or_else(mut self, body: impl FnOnce() -> R + Send + 'a) -> Self {
        self.or_else = Some(Box::new(body));
        self.mode = self.mode.or_else();
        self
    }

    /// Waits for one arm. `None`: every arm is disabled.
    pub fn wait(self) -> impl Future<Output = Option<R>> + Send
    where
        R: Send + 'a,
    {
        let Self { mut arms, mode, or_else } = self;
        async move {
            let mut selector = std::pin::pin!(Selector::new(mode.or_closed()));
            // After the selector: the arms must be dropped before it.
            let mut arms = std::mem::take(&mut arms);
            let won = std::future::poll_fn(|cx| {
                let mut looks: Vec<_> = arms.iter_mut().map(|arm| arm.as_mut().arm()).collect();
                selector.as_mut().poll(cx, &mut looks)
            })
            .await;
            match won {
                CLOSED => None,
                ELSE => or_else.map(|body| body()),
                index if index < arms.len() => Some(arms[index].as_mut().run()),
                _ => unreachable_arm(),
            }
        }
    }
}
