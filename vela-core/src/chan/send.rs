//! Sending: the case, and the futures made of it.
#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::berth::ChanRef;
use super::case::{ChanCase, Operation};
use super::error::{SendError, SendErrorKind, SendTimeoutError};
use super::state::{Chan, Note, Outcome, Push, QUIET, SEND, State, Want};
use crate::overflow::Overflow;
use crate::rt::seam::Subject;
use crate::rt::{self, Timer};
use crate::select::{Begun, Case, Lends, One, Plain, one};
use crate::waitlist::{Claim, Wakes};

/// A send, as an [`Operation`].
#[derive(Debug)]
pub struct Delivering;

/// A send as the select engine sees it: it waits for room under every policy but those that drop.
pub(crate) type SendCase<C> = ChanCase<C, Delivering>;

#[inline]
#[track_caller]
pub(crate) fn send_case<C: ChanRef>(chan: C, value: Option<C::Value>) -> SendCase<C> {
    ChanCase::with(chan, value)
}

type Sent<T> = Result<(), SendError<T>>;

impl<T> Operation<T> for Delivering {
    type Output = Sent<T>;
    const READY: usize = SEND;
    const WANT: Want = Want::Deliver;
    const NAME: &'static str = "send";
    const END: fn(usize) -> Subject = Subject::Sending;

    #[inline]
    fn look(state: &mut State<T>, slot: &mut Option<T>, claim: *const Claim, wakes: &mut Wakes) -> Option<Sent<T>> {
        let value = slot.take().expect("a send was polled again after it was ready");
        match state.push(value, claim, wakes) {
            Push::Done => Some(Ok(())),
            Push::Dropped(dropped) => {
                *slot = Some(dropped);
                Some(Ok(()))
            }
            Push::Closed(value) => Some(Err(SendError::new(SendErrorKind::Closed, value))),
            Push::Full(value) => {
                *slot = Some(value);
                None
            }
        }
    }

    #[inline]
    fn quick(chan: &Chan<T>, load: Option<&mut Option<T>>) -> Option<Sent<T>> {
        chan.send_quickly(load?).then_some(Ok(()))
    }

    #[inline]
    fn begin(chan: &Chan<T>, load: Option<&mut Option<T>>) -> Option<Begun> {
        if load?.is_some() { chan.begin_send() } else { None }
    }

    #[inline]
    unsafe fn complete(chan: &Chan<T>, load: Option<&mut Option<T>>, begun: Begun) -> Poll<Sent<T>> {
        // SAFETY: by the caller; it has begun, so there is a value.
        unsafe { chan.complete_send(load.and_then(Option::take).unwrap_unchecked(), begun) };
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn plain(chan: &Chan<T>, load: Option<&mut Option<T>>) -> Plain<Sent<T>> {
        load.map_or(Plain::Unclear, |value| chan.send_to_waiter(value))
    }

    #[inline]
    fn outcome(value: &mut Option<T>, note: Note) -> Poll<Sent<T>> {
        match (note.outcome, value.take()) {
            (Outcome::Closed, Some(value)) => Poll::Ready(Err(SendError::new(SendErrorKind::Closed, value))),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl<C: ChanRef> Lends for SendCase<C> {
    type Value = C::Value;

    fn reclaim(mut self: Pin<&mut Self>, outcome: Option<Sent<C::Value>>) -> Option<C::Value> {
        self.as_mut().withdraw();
        match outcome {
            Some(Err(error)) => Some(error.into_inner()),
            Some(Ok(())) => None,
            None => self.value().take(),
        }
    }
}

/// How a send on a full channel goes on whose policy is neither to wait for ever nor to fail at once.
#[derive(Debug)]
enum Patience {
    /// It waits in line until then.
    Until(Instant),
    /// It tries again after each pause; between two tries it is not in line.
    Retry { left: u32, pause: Duration, next: Instant },
}

pin_project! {
    /// What only such a send carries, and only once it has found the channel full.
    #[derive(Debug)]
    struct Impatient {
        patience: Patience,
        #[pin]
        timer: Option<Timer>,
    }
}

pin_project! {
    /// The future of [`Sender::send`](super::Sender::send).
    ///
    /// On a channel with a timed policy ([`Timeout`](Overflow::Timeout), [`Retry`](Overflow::Retry)) it allocates a timer
    /// once it has found the channel full; otherwise it allocates nothing.
    #[must_use = "futures do nothing unless they are awaited"]
    #[repr(C)]
    pub struct Send<'a, T> {
        impatient: Slow,
        #[pin]
        one: One<SendCase<&'a Chan<T>>>,
    }
}

/// How an impatient send goes on, where there is something. Its drop is inlined as long as there is nothing.
#[derive(Debug, Default)]
struct Slow(ManuallyDrop<Option<Pin<Box<Impatient>>>>);

impl Slow {
    #[cold]
    #[inline(never)]
    fn clear(&mut self) {
        *self.0 = None;
    }
}

impl Drop for Slow {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.clear();
        }
    }
}

impl<'a, T> Send<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>, value: Option<T>) -> Self {
        Self { impatient: Slow::default(), one: one(send_case(chan, value)) }
    }

    /// Takes the value back, unless it is sent; stops waiting first.
    fn reclaim(self: Pin<&mut Self>) -> Option<T> {
        let mut one = self.project().one;
        one.as_mut().cancel();
        one.case().value().take()
    }

    /// Puts the next value in, once the last send is over.
    fn refill(self: Pin<&mut Self>, value: T) {
        let mut this = self.project();
        this.impatient.clear();
        this.one.as_mut().cancel();
        *this.one.case().value() = Some(value);
    }

    /// Stops waiting; true if a receiver has been quicker, and the value is sent.
    fn leave_line(self: Pin<&mut Self>) -> bool {
        let mut one = self.project().one;
        one.as_mut().cancel();
        one.case().value().is_none()
    }

    /// Ends a send that was pending just now: a failure, unless a receiver has been quicker.
    fn fail(mut self: Pin<&mut Self>, kind: SendErrorKind) -> Poll<Sent<T>> {
        let Some(value) = self.as_mut().reclaim() else { return Poll::Ready(Ok(())) };
        let chan = self.one.target().chan();
        if kind == SendErrorKind::TimedOut {
            chan.count_timeout();
        } else {
            chan.count_rejected();
        }
        Poll::Ready(Err(SendError::new(kind, value)))
    }

    fn poll_impatient(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent<T>> {
        // An exhausted budget is not a full channel.
        ready!(rt::poll_has_budget(cx));
        let mut this = self.as_mut().project();
        if this.impatient.0.is_none() {
            if let Poll::Ready(sent) = this.one.as_mut().poll(cx) {
                return Poll::Ready(sent);
            }
            let overflow = this.one.target().chan().look(|state| state.overflow());
            let (patience, wait) = match overflow {
                Overflow::Timeout(d) => (Patience::Until(rt::saturating_add(rt::now(), d)), true),
                Overflow::Retry { attempts: left @ 1.., backoff: pause } => {
                    (Patience::Retry { left, pause, next: rt::saturating_add(rt::now(), pause) }, false)
                }
                _ => return self.fail(SendErrorKind::Full),
            };
            *this.impatient.0 = Some(Box::pin(Impatient { patience, timer: None }));
            if !wait && self.as_mut().leave_line() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_waiting(cx)
    }

    fn poll_waiting(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent<T>> {
        loop {
            let this = self.as_mut().project();
            let impatient = this.impatient.0.as_mut().expect("set by `poll_impatient`").as_mut().project();
            match impatient.patience {
                Patience::Until(deadline) => {
                    if let Poll::Ready(sent) = this.one.poll(cx) {
                        return Poll::Ready(sent);
                    }
                    ready!(Timer::poll_until(impatient.timer, *deadline, cx));
                    return self.fail(SendErrorKind::TimedOut);
                }
                Patience::Retry { left, pause, next } => {
                    ready!(Timer::poll_until(impatient.timer, *next, cx));
                    let mut one = this.one;
                    if let Poll::Ready(sent) = one.as_mut().poll(cx) {
                        return Poll::Ready(sent);
                    }
                    *left -= 1;
                    if *left == 0 {
                        return self.fail(SendErrorKind::Full);
                    }
                    *pause = pause.saturating_mul(2);
                    *next = rt::saturating_add(rt::now(), *pause);
                    if self.as_mut().leave_line() {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Sent<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent<T>> {
        if self.one.target().chan().impatient { self.poll_impatient(cx) } else { self.project().one.poll(cx) }
    }
}

pin_project! {
    /// The future of [`Sender::send_timeout`](super::Sender::send_timeout).
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct SendTimeout<'a, T> {
        #[pin]
        one: One<SendCase<&'a Chan<T>>>,
        #[pin]
        timer: Option<Timer>,
        deadline: Instant,
    }
}

impl<'a, T> SendTimeout<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>, value: T, deadline: Instant) -> Self {
        Self { one: one(send_case(chan, Some(value))), timer: None, deadline }
    }
}

impl<T> Future for SendTimeout<'_, T> {
    type Output = Result<(), SendTimeoutError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        ready!(rt::poll_has_budget(cx));
        if let Poll::Ready(sent) = this.one.as_mut().poll(cx) {
            return Poll::Ready(sent.map_err(|error| SendTimeoutError::Closed(error.into_inner())));
        }
        ready!(Timer::poll_until(this.timer, *this.deadline, cx));
        this.one.as_mut().cancel();
        let Some(value) = this.one.as_mut().case().value().take() else { return Poll::Ready(Ok(())) };
        this.one.target().chan().count_timeout();
        Poll::Ready(Err(SendTimeoutError::Timeout(value)))
    }
}

pin_project! {
    /// The future of [`Sender::send_from`](super::Sender::send_from).
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct SendFrom<'a, T> {
        #[pin]
        send: Send<'a, T>,
        from: &'a mut Option<T>,
        started: bool,
    }

    impl<T> PinnedDrop for SendFrom<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(value) = this.send.reclaim() {
                **this.from = Some(value);
            }
        }
    }
}

impl<'a, T> SendFrom<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>, from: &'a mut Option<T>) -> Self {
        Self { send: Send::new(chan, None), from, started: false }
    }
}

impl<T> Future for SendFrom<'_, T> {
    type Output = Result<(), SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !*this.started {
            let Some(value) = this.from.take() else { return Poll::Ready(Ok(())) };
            this.send.as_mut().refill(value);
            *this.started = true;
        }
        this.send.poll(cx).map(|sent| {
            sent.map_err(|error| {
                error.map(|value| {
                    **this.from = Some(value);
                })
            })
        })
    }
}

pin_project! {
    /// The future of [`Sender::send_all`](super::Sender::send_all).
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct SendAll<'a, T> {
        #[pin]
        send: Send<'a, T>,
        chan: &'a Chan<T>,
        from: &'a mut VecDeque<T>,
        waiting: bool,
    }

    impl<T> PinnedDrop for SendAll<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(value) = this.send.reclaim() {
                this.from.push_front(value);
            }
        }
    }
}

impl<'a, T> SendAll<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(chan: &'a Chan<T>, from: &'a mut VecDeque<T>) -> Self {
        Self { send: Send::new(chan, None), chan, from, waiting: false }
    }
}

impl<T> Future for SendAll<'_, T> {
    type Output = Result<(), SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if !*this.waiting {
                if this.chan.word() & (QUIET | SEND) == QUIET | SEND && !this.from.is_empty() && rt::take_free() {
                    // There is room, and nobody waits: all at once.
                    if !store_plainly(this.chan, this.from) {
                        rt::put_back_free();
                    }
                }
                // The first of a batch by the common way (it waits, yields, keeps the order of waiters).
                let Some(value) = this.from.pop_front() else { return Poll::Ready(Ok(())) };
                this.send.as_mut().refill(value);
                *this.waiting = true;
            }
            let sent = ready!(this.send.as_mut().poll(cx));
            *this.waiting = false;
            if let Err(error) = sent {
                return Poll::Ready(Err(error.map(|value| this.from.push_front(value))));
            }
            push_many(this.chan, this.from);
        }
    }
}

/// Sends values from the front of `from` while that needs no waiting, in as few critical sections as wakers and drops
/// allow.
fn push_many<T>(chan: &Chan<T>, from: &mut VecDeque<T>) {
    store_plainly(chan, from);
    while !from.is_empty() && chan.word() & SEND != 0 {
        let (dropped, more) = chan.with(|state, wakes| {
            while let Some(value) = from.pop_front() {
                match state.push(value, std::ptr::null(), wakes) {
                    Push::Done if wakes.is_full() => return (None, true),
                    Push::Done => state.store_many(from),
                    Push::Dropped(value) => return (Some(value), true),
                    Push::Full(value) | Push::Closed(value) => {
                        from.push_front(value);
                        return (None, false);
                    }
                }
            }
            (None, false)
        });
        drop(dropped);
        if !more {
            return;
        }
    }
}

/// Sends values from the front of `from` as long as there is room and nobody waits; false if it sent none.
fn store_plainly<T>(chan: &Chan<T>, from: &mut VecDeque<T>) -> bool {
    let had = from.len();
    while !from.is_empty() && chan.word() & (QUIET | SEND) == QUIET | SEND && chan.send_many_quickly(from) > 0 {}
    from.len() < had
}

super::opaque_debug!(Send<'_, T>, SendTimeout<'_, T>, SendFrom<'_, T>, SendAll<'_, T>);
