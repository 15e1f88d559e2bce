//! What is counted on one channel, for whoever looks.
//!
//! One thread at a time writes, who holds the channel's lock ([`Watch`](super::watch::Watch)), so plain loads and stores are
//! enough; anybody reads.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize};
use std::task::Wake;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::durations::{Durations, bump};
use super::load::Load;
use super::report::Report;
use crate::rt;

/// See the [module](self).
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Meter {
    // With every operation.
    sent: AtomicU64,
    /// How many values have left, one way or the other.
    left: AtomicU64,
    /// The most values that were in the channel; what there are now is not written down yet.
    high: AtomicUsize,
    /// What is to be told, once the channel is unlocked.
    news: AtomicU8,

    // Now and then.
    gone: AtomicU64,
    /// Where a value may be received several times, or never; elsewhere it follows from the rest.
    pub(super) received: Option<AtomicU64>,
    /// In the registry.
    pub(super) id: u64,
    made: Instant,
    name: Box<str>,
    /// `usize::MAX`: unbounded.
    capacity: AtomicUsize,
    limits: Mutex<Limits>,
    /// Lengths, from `limits` and the capacity.
    saturated_len: AtomicUsize,
    relieved_len: AtomicUsize,
    saturated: AtomicBool,
    saturations: AtomicU64,
    dropped: AtomicU64,
    rejected: AtomicU64,
    timeouts: AtomicU64,
    waits: AtomicU64,
    pub(super) in_queue: Durations,
    pub(super) blocked: Durations,
    pub(super) load: Load,
    report: Report,
}

/// From when on a channel counts as saturated, until when, and how often it says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// A share of the capacity, above 0, up to 1.
    pub(crate) saturated_at: f64,
    /// A smaller share, from 0.
    pub(crate) relieved_at: f64,
    /// One line of each kind in this time at most.
    pub(crate) report_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { saturated_at: 0.8, relieved_at: 0.5, report_every: Duration::from_secs(10) }
    }
}

/// The channel has become saturated.
pub(super) const SATURATED: u8 = 1;
/// It is no longer.
pub(super) const RELIEVED: u8 = 2;
/// Values were dropped.
pub(super) const DROPS: u8 = 4;
/// The load is not what the capacity was computed for.
pub(super) const OVERLOAD: u8 = 8;

impl Meter {
    pub(super) fn new(id: u64, name: Box<str>, capacity: usize, limits: Limits, load: Load) -> Self {
        let meter = Self {
            sent: AtomicU64::new(0),
            left: AtomicU64::new(0),
            high: AtomicUsize::new(0),
            news: AtomicU8::new(0),
            gone: AtomicU64::new(0),
            received: None,
            id,
            made: rt::now(),
            name,
            capacity: AtomicUsize::new(capacity),
            limits: Mutex::new(limits),
            saturated_len: AtomicUsize::new(usize::MAX),
            relieved_len: AtomicUsize::new(0),
            saturated: AtomicBool::new(false),
            saturations: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            in_queue: Durations::new(),
            blocked: Durations::new(),
            load,
            report: Report::new(),
        };
        meter.set_limits(capacity, limits);
        meter
    }

    // ---- by the watch, while the channel is locked ----

    #[inline]
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// How many values are in the channel, for who writes.
    #[inline]
    pub(super) fn written_len(&self) -> usize {
        difference(self.sent(), self.left.load(Relaxed))
    }

    #[inline]
    pub(super) fn show_sent(&self, sent: u64) {
        // Release: who sees it sees those that have left before, too.
        self.sent.store(sent, Release);
    }

    #[inline]
    pub(super) fn show_left(&self, left: u64) {
        // Release: who sees it sees those that were sent before, too.
        self.left.store(left, Release);
    }

    /// The channel had `len` values, and has fewer now.
    #[inline]
    pub(super) fn raise_high(&self, len: usize) {
        // No call: it is part of an inlined receive.
        if len > self.high.load(Relaxed) {
            self.high.store(len, Relaxed);
        }
    }

    pub(super) fn show_waits(&self, waits: u64) {
        self.waits.store(waits, Relaxed);
    }

    /// The channel has become saturated, or is no longer.
    pub(super) fn show_saturated(&self, saturated: bool) {
        self.saturated.store(saturated, Relaxed);
        if saturated {
            bump(&self.saturations, 1);
            if self.report.may_tell_saturation(|| self.now(), self.report_every()) {
                self.add_news(SATURATED);
            }
        } else if self.report.has_told_saturation() {
            self.add_news(RELIEVED);
        }
    }

    /// Samples the time that a value was in the channel; it stands for `weight` of them. Says how many are to be passed over.
    pub(super) fn note_time_in_queue(&self, since: u64, weight: u64) -> u64 {
        let now = self.now();
        self.in_queue.note(now, now.saturating_sub(since), weight)
    }

    /// Samples the time that a send has waited; the same.
    pub(super) fn note_time_blocked(&self, since: u64, weight: u64) -> u64 {
        let now = self.now();
        self.blocked.note(now, now.saturating_sub(since), weight)
    }

    pub(super) fn look_at_the_load(&self, now: u64, sent: u64, left: u64, backlog: bool) {
        if self.load.look(now, sent, left, backlog) && self.report.may_tell_overload(|| now, self.report_every()) {
            self.add_news(OVERLOAD);
        }
    }

    pub(super) fn count_gone(&self, n: u64) {
        bump(&self.gone, n);
    }

    /// Values were received by one of several receivers.
    pub(super) fn count_received(&self, n: u64) {
        if let Some(received) = &self.received {
            bump(received, n);
        }
    }

    pub(super) fn count_dropped(&self, n: u64) {
        bump(&self.dropped, n);
        if self.report.may_tell_drops(n, || self.now(), self.report_every()) {
            self.add_news(DROPS);
        }
    }

    pub(super) fn set_limits(&self, capacity: usize, limits: Limits) {
        *self.limits.lock() = limits;
        self.capacity.store(capacity, Relaxed);
        let (saturated, relieved) = if capacity == usize::MAX || capacity == 0 {
            (usize::MAX, 0)
        } else {
            let saturated = share(capacity, limits.saturated_at).max(1);
            (saturated, share_down(capacity, limits.relieved_at).min(saturated - 1))
        };
        self.saturated_len.store(saturated, Relaxed);
        self.relieved_len.store(relieved, Relaxed);
    }

    /// From which length on the channel is saturated, and down to which it stays so.
    pub(super) fn limit_lengths(&self) -> (usize, usize) {
        (self.saturated_len.load(Relaxed), self.relieved_len.load(Relaxed))
    }

    fn report_every(&self) -> Duration {
        self.limits.lock().report_every
    }

    fn add_news(&self, news: u8) {
        // By one at a time, but `tell` takes them without the lock.
        self.news.fetch_or(news, Relaxed);
    }

    // ---- by anybody ----

    /// A send was turned away because there was no room.
    pub(crate) fn rejected(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }

    /// A send or a receive gave up.
    pub(crate) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Relaxed);
    }

    /// Whether there is something to [tell](Self::tell).
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.news.load(Relaxed) != 0
    }

    /// Tells the news. Never while the channel is locked.
    ///
    /// Who listens may use channels himself, perhaps this one: what comes of that is told the next time, lest it goes on for
    /// ever.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell(&self) {
        thread_local! {
            static TELLING: Cell<bool> = const { Cell::new(false) };
        }
        struct Told;

        impl Drop for Told {
            fn drop(&mut self) {
                TELLING.set(false);
            }
        }

        if !TELLING.replace(true) {
            let _told = Told;
            self.tell_now();
        }
    }

    fn tell_now(&self) {
        let news = self.news.swap(0, Relaxed);
        if news != 0 {
            self.report.tell(news, self);
        }
    }

    /// The channel is gone: what is not told yet is told now.
    pub(super) fn end(&self) {
        if self.report.has_untold_drops() {
            self.add_news(DROPS);
        }
        self.tell_now();
    }

    /// Nanoseconds since the meter was made; never 0.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(rt::now().saturating_duration_since(self.made).as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    // ---- looks ----

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How many values are in the channel.
    pub(super) fn len(&self) -> usize {
        /// Two counters cannot be read at once. A reader that is held up between them must not take what went through
        /// meanwhile for what is there.
        const TRIES: usize = 8;
        // Acquire: pairs with the release in `show_left`; so it is never fewer than none.
        let mut left = self.left.load(Acquire);
        let mut len = 0;
        for _ in 0..TRIES {
            // Acquire: the second look at `left` comes after it.
            len = difference(self.sent.load(Acquire), left);
            let again = self.left.load(Acquire);
            if again == left {
                return len;
            }
            left = again;
        }
        // Too busy to tell; more than it can hold, or ever held, it has not.
        let most = self.capacity.load(Relaxed);
        len.min(if most == usize::MAX { self.high.load(Relaxed) } else { most.max(self.high.load(Relaxed)) })
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        let capacity = self.capacity.load(Relaxed);
        (capacity != usize::MAX).then_some(capacity)
    }

    pub(super) fn high(&self) -> usize {
        self.high.load(Relaxed).max(self.len())
    }

    /// Whether the channel is saturated. (That of one that flutters is not written down each time.)
    pub(super) fn is_saturated(&self) -> bool {
        let (saturated_len, relieved_len) = self.limit_lengths();
        let len = self.len();
        len >= saturated_len || self.saturated.load(Relaxed) && len > relieved_len
    }

    pub(super) fn counts(&self) -> Counts {
        // Acquire: as in `len`. What was dropped meanwhile may be missed or counted twice for a moment, on the safe side.
        let left = self.left.load(Acquire);
        let sent = self.sent.load(Relaxed);
        Counts {
            sent,
            received: match &self.received {
                Some(received) => received.load(Relaxed),
                // What was handed over at once may be in `left` before it is in `sent`.
                None => left.min(sent).saturating_sub(self.gone.load(Relaxed)),
            },
            dropped: self.dropped.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
            waits: self.waits.load(Relaxed),
            saturations: self.saturations.load(Relaxed),
        }
    }
}

/// How many values were sent and have not left.
#[inline]
fn difference(sent: u64, left: u64) -> usize {
    usize::try_from(sent.saturating_sub(left)).unwrap_or(usize::MAX)
}

/// So that what was noted under several locks at once is told once they are released, as wakers are woken.
impl Wake for Meter {
    fn wake(self: Arc<Self>) {
        self.tell();
    }
}

/// Counters that only grow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) dropped: u64,
    pub(super) rejected: u64,
    pub(super) timeouts: u64,
    pub(super) waits: u64,
    pub(super) saturations: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.dropped += other.dropped;
        self.rejected += other.rejected;
        self.timeouts += other.timeouts;
        self.waits += other.waits;
        self.saturations += other.saturations;
    }
}

/// How much of a capacity a length is. The quotient of two integers is rounded as a share that is written is, so that the two
/// are equal where they should be; their product with the capacity is not.
#[allow(clippy::cast_precision_loss, reason = "a share")]
pub(super) fn share_of(len: usize, capacity: usize) -> f64 {
    len as f64 / capacity as f64
}

/// A share of a capacity, rounded up.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is 0..=1"
)]
fn share(capacity: usize, share: f64) -> usize {
    let len = (capacity as f64 * share).ceil() as usize;
    if len > 0 && share_of(len - 1, capacity) >= share { len - 1 } else { len }
}

/// A share of a capacity, rounded down.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is 0..=1"
)]
fn share_down(capacity: usize, share: f64) -> usize {
    let len = (capacity as f64 * share).floor() as usize;
    if share_of(len + 1, capacity) <= share { len + 1 } else { len }
}
