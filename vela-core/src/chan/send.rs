//! Sending: the case, and the futures made of it.

use std::collections::VecDeque;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::case::{ChanCase, Operation};
use super::error::{SendError, SendErrorKind, SendTimeoutError};
use super::overflow::Overflow;
use super::state::{Chan, Outcome, Packet, Push, SEND, State, Want};
use crate::rt::{self, Timer};
use crate::select::{Case, Lends, One, one};
use crate::waitlist::{Claim, Wakes};

/// A send, as an [`Operation`].
#[derive(Debug)]
pub struct Delivering;

/// A send as the select engine sees it: it waits for room under every policy but those that drop.
pub(crate) type SendCase<T, C> = ChanCase<T, C, Delivering>;

pub(crate) fn send_case<T, C: Deref<Target = Chan<T>>>(chan: C, value: Option<T>) -> SendCase<T, C> {
    ChanCase::new(chan, Want::Deliver, value)
}

type Sent<T> = Result<(), SendError<T>>;

impl<T> Operation<T> for Delivering {
    type Output = Sent<T>;
    const READY: usize = SEND;

    #[inline]
    fn look(state: &mut State<T>, packet: &mut Packet<T>, claim: *const Claim, wakes: &mut Wakes) -> Option<Sent<T>> {
        match state.push(packet.value.take()?, claim, wakes) {
            Push::Done => Some(Ok(())),
            Push::Dropped(dropped) => {
                packet.value = Some(dropped);
                Some(Ok(()))
            }
            Push::Closed(value) => Some(Err(SendError::new(SendErrorKind::Closed, value))),
            Push::Full(value) => {
                packet.value = Some(value);
                None
            }
        }
    }

    #[inline]
    fn outcome(packet: &mut Packet<T>) -> Poll<Sent<T>> {
        match (packet.outcome, packet.value.take()) {
            (Outcome::Closed, Some(value)) => Poll::Ready(Err(SendError::new(SendErrorKind::Closed, value))),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl<T, C: Deref<Target = Chan<T>>> Lends for SendCase<T, C> {
    type Value = T;

    fn reclaim(mut self: Pin<&mut Self>, outcome: Option<Sent<T>>) -> Option<T> {
        self.as_mut().withdraw();
        match outcome {
            Some(Err(error)) => Some(error.into_inner()),
            Some(Ok(())) => None,
            None => self.value().take(),
        }
    }
}

/// What a send does besides waiting, on a channel with such a policy or with a timeout of its own.
#[derive(Debug)]
enum Patience {
    /// Wait for room.
    Endless,
    /// Fail at once.
    Reject,
    /// Wait until then.
    Until(Instant),
    /// Try again after each pause.
    Retry { left: u32, pause: Duration, next: Option<Instant> },
}

impl Patience {
    fn of(overflow: Overflow) -> Self {
        match overflow {
            Overflow::Block | Overflow::DropOldest | Overflow::DropNewest => Self::Endless,
            Overflow::Reject => Self::Reject,
            Overflow::Timeout(d) => Self::Until(rt::saturating_add(rt::now(), d)),
            Overflow::Retry { attempts, backoff } => Self::Retry { left: attempts, pause: backoff, next: None },
        }
    }
}

pin_project! {
    /// What only an impatient send carries, in a box of its own: patience and the timer.
    #[derive(Debug)]
    struct Impatient {
        patience: Patience,
        #[pin]
        timer: Option<Timer>,
    }
}

pin_project! {
    /// The future of [`Sender::send`](super::Sender::send).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Send<'a, T> {
        #[pin]
        one: One<SendCase<T, &'a Chan<T>>>,
        chan: &'a Chan<T>,
        impatient: Option<Pin<Box<Impatient>>>,
    }
}

impl<'a, T> Send<'a, T> {
    pub(crate) fn new(chan: &'a Chan<T>, value: Option<T>) -> Self {
        let impatient = chan.impatient.then(|| {
            let overflow = chan.lock().overflow();
            Box::pin(Impatient { patience: Patience::of(overflow), timer: None })
        });
        Self { one: one(send_case(chan, value)), chan, impatient }
    }

    fn until(chan: &'a Chan<T>, value: T, deadline: Instant) -> Self {
        let impatient = Some(Box::pin(Impatient { patience: Patience::Until(deadline), timer: None }));
        Self { one: one(send_case(chan, Some(value))), chan, impatient }
    }

    /// The value slot; stops waiting first.
    fn value(self: Pin<&mut Self>) -> &mut Option<T> {
        let mut one = self.project().one;
        one.as_mut().cancel();
        one.case().value()
    }

    /// Puts the next value in, once the last send is over.
    fn refill(mut self: Pin<&mut Self>, value: T) {
        let overflow = self.chan.impatient.then(|| self.chan.lock().overflow());
        if let (Some(overflow), Some(impatient)) = (overflow, self.as_mut().project().impatient) {
            *impatient.as_mut().project().patience = Patience::of(overflow);
        }
        *self.value() = Some(value);
    }

    fn fail(self: Pin<&mut Self>, kind: SendErrorKind) -> Poll<Sent<T>> {
        // `one` has just been pending, so the value is there once it has stopped waiting, unless a receiver was quicker.
        Poll::Ready(self.value().take().map_or(Ok(()), |value| Err(SendError::new(kind, value))))
    }

    /// A send on a full channel whose policy is not to wait for ever.
    fn poll_impatient(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent<T>> {
        loop {
            let this = self.as_mut().project();
            let Some(impatient) = this.impatient else { return this.one.poll(cx) };
            let impatient = impatient.as_mut().project();
            match impatient.patience {
                Patience::Endless => return this.one.poll(cx),
                Patience::Reject => {
                    let sent = this.one.poll(cx);
                    return if sent.is_ready() { sent } else { self.fail(SendErrorKind::Full) };
                }
                Patience::Until(deadline) => {
                    if let Poll::Ready(sent) = this.one.poll(cx) {
                        return Poll::Ready(sent);
                    }
                    ready!(Timer::poll_until(impatient.timer, *deadline, cx));
                    return self.fail(SendErrorKind::TimedOut);
                }
                Patience::Retry { left, pause, next } => {
                    if let Some(at) = *next {
                        ready!(Timer::poll_until(impatient.timer, at, cx));
                        *next = None;
                    }
                    let mut one = this.one;
                    if let Poll::Ready(sent) = one.as_mut().poll(cx) {
                        return Poll::Ready(sent);
                    }
                    one.cancel();
                    if *left == 0 {
                        return self.fail(SendErrorKind::Full);
                    }
                    *left -= 1;
                    *next = Some(rt::saturating_add(rt::now(), *pause));
                    *pause = pause.saturating_mul(2);
                }
            }
        }
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Sent<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent<T>> {
        if self.impatient.is_some() { self.poll_impatient(cx) } else { self.project().one.poll(cx) }
    }
}

pin_project! {
    /// The future of [`Sender::send_timeout`](super::Sender::send_timeout).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct SendTimeout<'a, T> {
        #[pin]
        send: Send<'a, T>,
    }
}

impl<'a, T> SendTimeout<'a, T> {
    pub(crate) fn new(chan: &'a Chan<T>, value: T, deadline: Instant) -> Self {
        Self { send: Send::until(chan, value, deadline) }
    }
}

impl<T> Future for SendTimeout<'_, T> {
    type Output = Result<(), SendTimeoutError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().send.poll(cx).map(|sent| {
            sent.map_err(|error| match error.kind() {
                SendErrorKind::Closed => SendTimeoutError::Closed(error.into_inner()),
                SendErrorKind::Full | SendErrorKind::TimedOut => SendTimeoutError::Timeout(error.into_inner()),
            })
        })
    }
}

pin_project! {
    /// The future of [`Sender::send_from`](super::Sender::send_from).
    #[derive(Debug)]
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
            if let Some(value) = this.send.value().take() {
                **this.from = Some(value);
            }
        }
    }
}

impl<'a, T> SendFrom<'a, T> {
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
    #[derive(Debug)]
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
            if let Some(value) = this.send.value().take() {
                this.from.push_front(value);
            }
        }
    }
}

impl<'a, T> SendAll<'a, T> {
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
    loop {
        let (dropped, more) = chan.with(|state, wakes| {
            while let Some(value) = from.pop_front() {
                match state.push(value, std::ptr::null(), wakes) {
                    Push::Done if wakes.is_full() => return (None, true),
                    Push::Done => {}
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
