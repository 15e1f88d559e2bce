//! A receiver seen through a clock: batches, debouncing, throttling.
//!
//! One machine, [`Timed`], takes values while it is polled; a [`Rule`] says what becomes of them, and when.
//!
//! What it has taken lies in the `Timed`, not in the future that waits for it. So a wait that is dropped loses nothing, and the
//! time does not start again with the next one.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use crate::chan::{Receiver, RecvStream};
use crate::rt::{self, Timer};
use crate::time::Instant;

/// Gathers values: up to `max` of them (0 is taken as 1), or those that have come `within` so long after the first. When the
/// channel is closed, what is left makes the last batch. No batch is empty.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use futures_util::StreamExt;
/// use vela::{flow, time::ms};
///
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel(8);
/// let mut batches = flow::batch(rx, 2, ms(10));
/// for n in 1..=3 {
///     tx.send(n).await?;
/// }
/// assert_eq!(batches.next().await, Some(vec![1, 2]));       // `<-batches` inside `vela!`
/// assert_eq!(batches.next().await, Some(vec![3]));          // 10 ms later
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn batch<T>(input: Receiver<T>, max: usize, within: Duration) -> Timed<T, Batch<T>> {
    Timed::new(input, Batch { max: max.max(1), within, taken: Vec::new(), until: None })
}

/// Lets a value through once no other has come for `quiet`; a value that is followed by another one sooner is dropped. When
/// the channel is closed, the last value goes through at once.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use futures_util::StreamExt;
/// use vela::{flow, time::ms};
///
/// # vela::block_on(async {
/// let (keys, rx) = vela::channel(8);
/// let mut searches = flow::debounce(rx, ms(5));
/// for text in ["v", "ve", "vela"] {
///     keys.send(text).await?;
/// }
/// assert_eq!(searches.next().await, Some("vela"));
/// assert_eq!(searches.dropped(), 2);
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn debounce<T>(input: Receiver<T>, quiet: Duration) -> Timed<T, Debounce<T>> {
    Timed::new(input, Debounce { quiet, last: None, dropped: 0 })
}

/// Lets the newest value through, at most one `every` so often: the first at once, then the newest of those that have come
/// meanwhile; the others are dropped. When the channel is closed, the last value goes through at once.
///
#[cfg_attr(
    feature = "rate-limit",
    doc = "To hold values up instead of dropping them, use a [`RateLimiter`](super::RateLimiter)."
)]
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use futures_util::StreamExt;
/// use vela::{flow, time::ms};
///
/// # vela::block_on(async {
/// let (progress, rx) = vela::channel(8);
/// let mut shown = flow::throttle(rx, ms(5));
/// progress.send(1).await?;
/// assert_eq!(shown.next().await, Some(1));          // at once
/// progress.send(2).await?;
/// progress.send(3).await?;
/// assert_eq!(shown.next().await, Some(3));          // 5 ms after the first
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn throttle<T>(input: Receiver<T>, every: Duration) -> Timed<T, Throttle<T>> {
    Timed::new(input, Throttle { every, newest: None, next: Instant::now(), dropped: 0 })
}

/// A receiver seen through a clock; made by [`batch()`], [`debounce`] and [`throttle`]. It is a `Stream`, and so a source:
/// `<-timed`, `for item in <-timed`, an arm of `select!`, and all of `StreamExt`.
///
/// It takes values while somebody waits for it. While nobody does, they stay in the channel, and their senders are held up as
/// by any slow receiver; time that has run out meanwhile has run out when the next one looks.
///
/// # Cancel safety
///
/// Dropping a wait loses nothing: values that were taken stay here, with their time. Dropping the `Timed` drops them;
/// [`into_parts`](Self::into_parts) gives them out.
#[must_use = "it takes values only while it is received from"]
pub struct Timed<T, R> {
    input: RecvStream<T>,
    rule: R,
    /// Boxed, so that it can be moved: one allocation.
    timer: Pin<Box<Option<Timer>>>,
}

/// What becomes of values, and when: [`Batch`], [`Debounce`], [`Throttle`]. Not for others to implement.
pub trait Rule<T>: sealed::Sealed {
    /// What comes out.
    type Item;

    /// Takes a value.
    #[doc(hidden)]
    fn take(&mut self, value: T);

    /// When what was taken is to go out.
    #[doc(hidden)]
    fn due(&self) -> Due;

    /// What is to go out; `None` if nothing was taken.
    #[doc(hidden)]
    fn give(&mut self) -> Option<Self::Item>;

    /// How many values were dropped.
    #[doc(hidden)]
    fn dropped(&self) -> u64;
}

/// When what was taken is to go out.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Due {
    /// Nothing was taken.
    Never,
    /// Before another value is taken.
    Now,
    /// At this moment, with what was taken till then.
    At(Instant),
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Batch<T> {}
    impl<T> Sealed for super::Debounce<T> {}
    impl<T> Sealed for super::Throttle<T> {}
}

impl<T, R> Timed<T, R> {
    #[track_caller]
    fn new(input: Receiver<T>, rule: R) -> Self {
        Self { input: input.stream(), rule, timer: Box::pin(None) }
    }
}

impl<T, R: Rule<T>> Timed<T, R> {
    /// How many values were dropped because a newer one came; always 0 for batches.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.rule.dropped()
    }

    /// The receiver, and what was taken from it and has not gone out.
    pub fn into_parts(mut self) -> (Receiver<T>, Option<R::Item>) {
        (self.input.into_inner(), self.rule.give())
    }
}

// Values are never pinned.
impl<T, R> Unpin for Timed<T, R> {}

impl<T, R: Rule<T>> Stream for Timed<T, R> {
    type Item = R::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R::Item>> {
        let this = self.get_mut();
        let mut took = false;
        loop {
            let due = this.rule.due();
            if matches!(due, Due::Now) {
                return Poll::Ready(this.rule.give());
            }
            // An exhausted budget is not an empty channel.
            if rt::poll_has_budget(cx).is_pending() {
                // A channel that is never empty leaves no other moment to look at the clock.
                return match due {
                    Due::At(at) if took && at <= Instant::now() => Poll::Ready(this.rule.give()),
                    _ => Poll::Pending,
                };
            }
            match Pin::new(&mut this.input).poll_next(cx) {
                Poll::Ready(Some(value)) => {
                    took = true;
                    this.rule.take(value);
                }
                Poll::Ready(None) => return Poll::Ready(this.rule.give()),
                Poll::Pending => {
                    let Due::At(at) = due else { return Poll::Pending };
                    ready!(Timer::poll_until(this.timer.as_mut(), at.into(), cx));
                    return Poll::Ready(this.rule.give());
                }
            }
        }
    }
}

impl<T, R> fmt::Debug for Timed<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").finish_non_exhaustive()
    }
}

/// The rule of [`batch()`].
pub struct Batch<T> {
    max: usize,
    within: Duration,
    taken: Vec<T>,
    /// While something is taken.
    until: Option<Instant>,
}

impl<T> Rule<T> for Batch<T> {
    type Item = Vec<T>;

    fn take(&mut self, value: T) {
        self.until.get_or_insert_with(|| Instant::now() + self.within);
        self.taken.push(value);
    }

    fn due(&self) -> Due {
        match self.until {
            Some(_) if self.taken.len() >= self.max => Due::Now,
            Some(until) => Due::At(until),
            None => Due::Never,
        }
    }

    fn give(&mut self) -> Option<Vec<T>> {
        self.until.take().map(|_| std::mem::take(&mut self.taken))
    }

    fn dropped(&self) -> u64 {
        0
    }
}

/// The rule of [`debounce`].
pub struct Debounce<T> {
    quiet: Duration,
    /// The last value, and when it goes out.
    last: Option<(T, Instant)>,
    dropped: u64,
}

impl<T> Rule<T> for Debounce<T> {
    type Item = T;

    fn take(&mut self, value: T) {
        if self.last.replace((value, Instant::now() + self.quiet)).is_some() {
            self.dropped += 1;
        }
    }

    fn due(&self) -> Due {
        // Looked at before each value, for the next one must not take the place of this one if its time is over. The others
        // need not look: a batch may be a little larger, and where the newest is wanted, the newer one is better.
        match &self.last {
            Some((_, at)) if *at <= Instant::now() => Due::Now,
            Some((_, at)) => Due::At(*at),
            None => Due::Never,
        }
    }

    fn give(&mut self) -> Option<T> {
        self.last.take().map(|(value, _)| value)
    }

    fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// The rule of [`throttle`].
pub struct Throttle<T> {
    every: Duration,
    newest: Option<T>,
    next: Instant,
    dropped: u64,
}

impl<T> Rule<T> for Throttle<T> {
    type Item = T;

    fn take(&mut self, value: T) {
        if self.newest.replace(value).is_some() {
            self.dropped += 1;
        }
    }

    fn due(&self) -> Due {
        if self.newest.is_some() { Due::At(self.next) } else { Due::Never }
    }

    fn give(&mut self) -> Option<T> {
        let newest = self.newest.take()?;
        self.next = Instant::now() + self.every;
        Some(newest)
    }

    fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// `Debug` that asks nothing of `T`.
macro_rules! opaque_debug {
    ($($name:ident),+) => {$(
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

opaque_debug!(Batch, Debounce, Throttle);
