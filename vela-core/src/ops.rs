//! The traits behind `<-`: [`Receive`] for `<-source`, [`Transmit`] for `sink <- value`.
//!
//! Both are implemented on references, so that `<-rx` borrows `rx`: `&T` for Vela's own kinds, `&mut S` for every
//! [`Stream`] and for your own types.
//!
//! ```
//! use vela_core::ops::Receive;
//! use vela_core::select::Polled;
//!
//! /// Counts down; `<-countdown` gives the next number.
//! struct Countdown(u32);
//!
//! impl<'a> Receive for &'a mut Countdown {
//!     type Output = Option<u32>;
//!     type Case = Polled<std::future::Ready<Option<u32>>>;
//!
//!     fn receive(self) -> Self::Case {
//!         let next = self.0.checked_sub(1);
//!         self.0 = next.unwrap_or(0);
//!         Polled::new(std::future::ready(next))
//!     }
//! }
//! ```
#![allow(unsafe_code)]

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

pub use crate::rt::Named;
use crate::select::{Case, Lends, One, Peek, Polled, Seat, Sent, Slot, Values, one, quick, sent, values};
use crate::waitlist::{Claim, Wakes};

/// What `<-source` can receive from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be received from with `<-`",
    label = "not a source of values",
    note = "`<-` receives from channels, task handles, timers, tickers, `ctx.done()`, oneshot, watch, broadcast, subscriptions to signals and buses, inboxes and asks of actors, any `Stream`, an `Option` of those, and types that implement `vela::Receive`",
    note = "if a comparison with a negative number was meant, put a space between `<` and `-`"
)]
pub trait Receive {
    /// What comes out: `Option<T>` from a channel, `Result<T, TaskError>` from a task, `()` from a timer.
    type Output;
    /// How the select engine waits for it. For your own types: [`Polled`].
    type Case: Case<Output = Self::Output>;

    /// The operation, not begun yet.
    #[track_caller]
    fn receive(self) -> Self::Case;
}

/// What `sink <- value` can send to.
#[diagnostic::on_unimplemented(
    message = "this value cannot be sent to `{Self}` with `<-`",
    label = "does not take this value",
    note = "`<-` sends to `vela::Sender<T>` (a `T`), to `vela::broadcast` and `vela::watch` senders, to `vela::signal` setters, to buses and topics, to addresses of actors, and to types that implement `vela::Transmit`",
    note = "if a comparison with a negative number was meant, put a space between `<` and `-`"
)]
pub trait Transmit<V> {
    /// How it ended: mostly `Result<(), SendError<V>>`.
    type Output;
    /// How the select engine waits for it. For your own types: [`Polled`].
    type Case: Case<Output = Self::Output>;

    /// The operation, not begun yet.
    #[track_caller]
    fn transmit(self, value: V) -> Self::Case;
}

/// The method that expansions of `<-x` call: autoref finds `x`, `&x` or `&mut x`.
pub trait ReceiveExt {
    /// See [`Receive::receive`].
    #[track_caller]
    fn __vela_receive(self) -> <Self as Receive>::Case
    where
        Self: Receive + Sized;
}

impl<R: Receive + ?Sized> ReceiveExt for R {
    #[inline]
    #[track_caller]
    fn __vela_receive(self) -> <Self as Receive>::Case
    where
        Self: Receive + Sized,
    {
        self.receive()
    }
}

/// The method that expansions of `x <- v` call.
pub trait TransmitExt<V> {
    /// See [`Transmit::transmit`].
    #[track_caller]
    fn __vela_transmit(self, value: V) -> <Self as Transmit<V>>::Case
    where
        Self: Transmit<V> + Sized;

    /// The operation on its own: `sink <- value` outside `select!`. A [`Sender`](crate::Sender) has a method of this name
    /// that follows the channel's overflow policy; everything else (an `Option` of one, too) waits, as in a select.
    #[track_caller]
    fn __vela_send(self, value: V) -> One<<Self as Transmit<V>>::Case>
    where
        Self: Transmit<V> + Sized;
}

impl<V, S: Transmit<V> + ?Sized> TransmitExt<V> for S {
    #[inline]
    #[track_caller]
    fn __vela_transmit(self, value: V) -> <Self as Transmit<V>>::Case
    where
        Self: Transmit<V> + Sized,
    {
        self.transmit(value)
    }

    #[inline]
    #[track_caller]
    fn __vela_send(self, value: V) -> One<<Self as Transmit<V>>::Case>
    where
        Self: Transmit<V> + Sized,
    {
        one(self.transmit(value))
    }
}

/// The method that expansions of the select arm `pattern = future` call.
pub trait FutureExt {
    /// The future as a case.
    fn __vela_future(self) -> Polled<<Self as IntoFuture>::IntoFuture>
    where
        Self: IntoFuture + Sized;
}

impl<F: IntoFuture + ?Sized> FutureExt for F {
    #[inline]
    fn __vela_future(self) -> Polled<<Self as IntoFuture>::IntoFuture>
    where
        Self: IntoFuture + Sized,
    {
        Polled::new(self.into_future())
    }
}

/// The type of an arm's outcome, without the outcome.
pub struct Given<O>(PhantomData<fn() -> O>);

impl<O> fmt::Debug for Given<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

/// What the arm of `_case` gives. `None`: its guard is false.
#[inline]
pub fn given<C: Case>(_case: &Option<C>) -> Given<C::Output> {
    Given(PhantomData)
}

/// Outcomes that the pattern `Some(…)` fits: [`Given`] of an `Option`.
#[diagnostic::on_unimplemented(
    message = "`Some(…)` does not fit what this arm gives",
    label = "gives no `Option`",
    note = "bind the outcome and `match` it in the body: `outcome = … => match outcome …`"
)]
pub trait HasValues {
    /// What is in the `Some`.
    type Item;
}

impl<T> HasValues for Given<Option<T>> {
    type Item = T;
}

/// The method that expansions of the select arm `Some(pattern) = …` call.
pub trait ValuesExt {
    /// What makes the arm.
    fn __vela_values(self) -> ValuesOf<<Self as HasValues>::Item>
    where
        Self: HasValues + Sized;
}

impl<G: HasValues + ?Sized> ValuesExt for G {
    #[inline]
    fn __vela_values(self) -> ValuesOf<<Self as HasValues>::Item>
    where
        Self: HasValues + Sized,
    {
        ValuesOf(PhantomData)
    }
}

/// Makes an arm that fires on `Some`.
pub struct ValuesOf<T>(PhantomData<fn() -> T>);

impl<T> fmt::Debug for ValuesOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ValuesOf")
    }
}

impl<T> ValuesOf<T> {
    /// The arm.
    #[inline]
    pub fn slot<C: Case<Output = Option<T>>>(self, case: Option<C>) -> Slot<C, Values> {
        values(case)
    }

    /// Tries the arm before it is made.
    #[inline]
    pub fn quick<C: Case<Output = Option<T>>>(&self, case: &mut Option<C>) -> Option<T> {
        quick::<Values, C>(case)
    }
}

/// Outcomes of a send that can fail: [`Given`] of a `Result`.
#[diagnostic::on_unimplemented(
    message = "a send arm fires once the send has succeeded, and this one gives no `Result`",
    label = "gives no `Result`",
    note = "bind the outcome: `outcome = sink <- value => …`"
)]
pub trait HasResult {
    /// What a success gives.
    type Value;
    /// What a failure gives.
    type Error;
}

impl<T, E> HasResult for Given<Result<T, E>> {
    type Value = T;
    type Error = E;
}

/// The method that expansions of the select arm `sink <- value` call.
pub trait SentExt {
    /// What makes the arm.
    fn __vela_sent(self) -> SentOf<<Self as HasResult>::Value, <Self as HasResult>::Error>
    where
        Self: HasResult + Sized;
}

impl<G: HasResult + ?Sized> SentExt for G {
    #[inline]
    fn __vela_sent(self) -> SentOf<<Self as HasResult>::Value, <Self as HasResult>::Error>
    where
        Self: HasResult + Sized,
    {
        SentOf(PhantomData)
    }
}

/// Makes an arm that fires on `Ok`.
pub struct SentOf<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> fmt::Debug for SentOf<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentOf")
    }
}

impl<T, E> SentOf<T, E> {
    /// The arm.
    #[inline]
    pub fn slot<C: Case<Output = Result<T, E>>>(self, case: Option<C>) -> Slot<C, Sent> {
        sent(case)
    }

    /// Tries the arm before it is made.
    #[inline]
    pub fn quick<C: Case<Output = Result<T, E>>>(&self, case: &mut Option<C>) -> Option<T> {
        quick::<Sent, C>(case)
    }
}

/// What `for … in <-x` iterates over: sources whose output is an `Option`, `None` being the end.
#[diagnostic::on_unimplemented(
    message = "`for … in <-x` needs a source that ends, and this one gives `{Self}`",
    note = "channels, tickers, watch, oneshot, broadcast, subscriptions and streams give an `Option`, whose `None` ends the loop"
)]
pub trait Items {
    /// One round's value.
    type Item;

    /// The value, or the end.
    fn next_item(self) -> Option<Self::Item>;
}

impl<T> Items for Option<T> {
    type Item = T;

    #[inline]
    fn next_item(self) -> Option<T> {
        self
    }
}

/// See [`Items::next_item`].
#[inline]
pub fn next_item<O: Items>(output: O) -> Option<O::Item> {
    output.next_item()
}

/// The next item of a stream.
///
/// # Cancel safety
///
/// Dropping it loses nothing: an item leaves the stream only when the future is ready.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct NextItem<'a, S: ?Sized> {
    stream: &'a mut S,
}

impl<S: Stream + Unpin + ?Sized> Future for NextItem<'_, S> {
    type Output = Option<S::Item>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.stream).poll_next(cx)
    }
}

impl<'a, S: Stream + Unpin + ?Sized> Receive for &'a mut S {
    type Output = Option<S::Item>;
    type Case = Polled<NextItem<'a, S>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(NextItem { stream: self })
    }
}

impl<F: Future> Receive for Named<F> {
    type Output = F::Output;
    type Case = Polled<Self>;

    fn receive(self) -> Self::Case {
        Polled::new(self)
    }
}

/// The case of an `Option` of a handle: `None` is never ready (Go's nil channel).
#[derive(Debug)]
pub struct Maybe<C, V = ()> {
    case: Option<C>,
    /// The value that was to be sent, where there is nobody to send it to.
    kept: Option<V>,
}

impl<C, V> Maybe<C, V> {
    fn case(self: Pin<&mut Self>) -> Option<Pin<&mut C>> {
        // SAFETY: structural pinning of `case`; nothing moves out of it, and `Maybe` has no `Drop`.
        unsafe { self.map_unchecked_mut(|this| &mut this.case) }.as_pin_mut()
    }
}

// SAFETY: every method is passed on to the case.
unsafe impl<C: Case, V> Case for Maybe<C, V> {
    type Output = C::Output;

    const QUICK: bool = C::QUICK;

    #[inline]
    fn quick(&mut self) -> Option<C::Output> {
        self.case.as_mut()?.quick()
    }

    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        self.case().map_or(Poll::Pending, |case| case.attempt(cx))
    }

    fn enroll(self: Pin<&mut Self>, seat: Seat<'_>) -> Poll<C::Output> {
        self.case().map_or(Poll::Pending, |case| case.enroll(seat))
    }

    unsafe fn attempt_locked(self: Pin<&mut Self>, claim: &Claim, wakes: &mut Wakes) -> Poll<C::Output> {
        // SAFETY: by the caller.
        self.case().map_or(Poll::Pending, |case| unsafe { case.attempt_locked(claim, wakes) })
    }

    fn locks(&self, set: &mut crate::select::LockSet) {
        if let Some(case) = &self.case {
            case.locks(set);
        }
    }

    fn peek(&self) -> Peek {
        self.case.as_ref().map_or(Peek::NEVER, Case::peek)
    }

    fn finish(self: Pin<&mut Self>, offset: u32) -> Poll<C::Output> {
        self.case().map_or(Poll::Pending, |case| case.finish(offset))
    }

    fn withdraw(self: Pin<&mut Self>) {
        if let Some(case) = self.case() {
            case.withdraw();
        }
    }

    fn settle(&self, offset: u32) {
        if let Some(case) = &self.case {
            case.settle(offset);
        }
    }

    fn is_polled(&self) -> bool {
        self.case.as_ref().is_some_and(Case::is_polled)
    }

    fn is_single(&self) -> bool {
        self.case.as_ref().is_some_and(Case::is_single)
    }

    fn renew(&self, waker: &Waker) -> bool {
        self.case.as_ref().is_some_and(|case| case.renew(waker))
    }

    fn can_fire(&self) -> bool {
        self.case.as_ref().is_some_and(Case::can_fire)
    }

    fn width(&self) -> u32 {
        self.case.as_ref().map_or(1, Case::width)
    }

    fn describe(&self, tell: &mut dyn FnMut(crate::rt::seam::Operation)) {
        if let Some(case) = &self.case {
            case.describe(tell);
        }
    }
}

impl<'a, H> Receive for &'a Option<H>
where
    &'a H: Receive,
{
    type Output = <&'a H as Receive>::Output;
    type Case = Maybe<<&'a H as Receive>::Case>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Maybe { case: self.as_ref().map(Receive::receive), kept: None }
    }
}

impl<'a, H, V> Transmit<V> for &'a Option<H>
where
    &'a H: Transmit<V>,
{
    type Output = <&'a H as Transmit<V>>::Output;
    type Case = Maybe<<&'a H as Transmit<V>>::Case, V>;

    #[track_caller]
    fn transmit(self, value: V) -> Self::Case {
        match self {
            Some(sink) => Maybe { case: Some(sink.transmit(value)), kept: None },
            None => Maybe { case: None, kept: Some(value) },
        }
    }
}

impl<C: Lends> Lends for Maybe<C, C::Value> {
    type Value = C::Value;

    fn reclaim(mut self: Pin<&mut Self>, outcome: Option<C::Output>) -> Option<C::Value> {
        // SAFETY: `kept` is not structurally pinned.
        let kept = unsafe { self.as_mut().get_unchecked_mut() }.kept.take();
        kept.or_else(|| self.case()?.reclaim(outcome))
    }
}
