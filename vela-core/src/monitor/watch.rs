//! What a channel keeps under its lock for its [`Meter`], and every step of counting.
//!
//! The state here is plain, since only who holds the channel's lock touches it; what others read is copied to the meter. The
//! steps that happen with every operation are a few instructions; what happens now and then (a limit crossed, a sample) is
//! [attended to](Watch::attend), and a channel that is about to need that is not [calm](Watch::is_calm): it leaves its inlined
//! paths for one operation.
//!
//! * M1. The meter's `sent` counts the values that got into the channel, `left` those that are not in it any more, `gone` those of
//!   them that nobody received: so `received = left - gone` is never counted, and `len = sent - left`.
//! * M2. Values leave in the order in which they came, so value number `n` has left once `left >= n`: one number (`next_due`) is
//!   enough to measure how long a value was in the channel.
//! * M3. Nothing of the user's runs here (no `tracing`): what is to be told is noted in the meter, and told after the unlock.
//! * M4. Where the watch is calm before an operation, a send can end that only by `ceiling` and `next_sample`, a receive only by
//!   `floor` and `next_due`: so [`sent_into`](Watch::sent_into) and [`received_from`](Watch::received_from) look at two each.

use std::sync::Arc;

#[cfg(feature = "config")]
use super::load::Expected;
#[cfg(feature = "config")]
use super::meter::Limits;
use super::meter::Meter;
use super::registry;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Watch {
    meter: Arc<Meter>,
    /// Values that were sent since the meter was brought up to date.
    unseen: u64,
    /// There is something to do once the channel has more values than this …
    ceiling: usize,
    /// … or fewer than one less than this,
    floor: usize,
    /// once more values than this were sent,
    next_sample: u64,
    /// and once more values than this have left.
    next_due: u64,
    saturated: bool,
    /// How often `saturated` has changed lately, and since when.
    flips: u32,
    flips_since: u64,
    /// When the value was sent whose number is `next_due + 1`.
    since: u64,
    /// The number of the value that was measured last.
    measured: u64,
    waits: u64,
    /// How many waits were passed over since one was measured last.
    passed_over: u64,
    /// The number of the wait that is measured next.
    next_wait: u64,
}

/// Nothing is awaited.
const NEVER: u64 = u64::MAX;
/// More changes than this, each sooner than `MOMENT` after another, are a flutter: it is looked at with each sample only.
const FLUTTER: u32 = 16;
/// A millisecond, in nanoseconds.
const MOMENT: u64 = 1_000_000;

impl Watch {
    pub(crate) fn new(meter: Arc<Meter>) -> Self {
        let mut watch = Self {
            meter,
            unseen: 0,
            ceiling: 0,
            floor: 0,
            next_sample: 0,
            next_due: NEVER,
            saturated: false,
            flips: 0,
            flips_since: 0,
            since: 0,
            measured: 0,
            waits: 0,
            passed_over: 0,
            next_wait: 1,
        };
        watch.set_bounds();
        watch
    }

    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    // ---- with every operation ----

    /// A value got into the buffer of a channel that was calm, and that has `len` now; whether it still is.
    #[inline]
    pub(crate) fn sent_into(&mut self, len: usize) -> bool {
        let sent = self.meter.sent() + 1;
        self.meter.show_sent(sent);
        len < self.ceiling && sent < self.next_sample
    }

    /// A value was received out of the buffer of a channel that was calm, and that has `len` now; whether it still is.
    #[inline]
    pub(crate) fn received_from(&mut self, len: usize) -> bool {
        let left = left(self.meter.sent(), len);
        self.meter.show_left(left);
        self.meter.raise_high(len + 1);
        len >= self.floor && left < self.next_due
    }

    /// Values got into the channel.
    #[inline]
    pub(crate) fn sent(&mut self, n: usize) {
        self.unseen += n as u64;
    }

    /// Something has happened, and the channel has `len` values now.
    #[inline]
    pub(crate) fn observe(&mut self, len: usize) {
        // Nobody else writes: no need to look twice, as others have to.
        self.meter.raise_high(self.meter.written_len());
        let sent = self.total();
        self.unseen = 0;
        let left = left(sent, len);
        // In this order: for whoever looks meanwhile there may seem to be too few values, not more than there is room for.
        self.meter.show_left(left);
        self.meter.show_sent(sent);
        if len > self.ceiling || len + 1 < self.floor || sent > self.next_sample || left > self.next_due {
            self.attend(len, left);
        }
    }

    /// Whether the next send or receive needs no more than [`sent_into`](Self::sent_into) or
    /// [`received_from`](Self::received_from).
    #[inline]
    pub(crate) fn is_calm(&self, len: usize) -> bool {
        let sent = self.meter.sent();
        len < self.ceiling && sent < self.next_sample && len >= self.floor && left(sent, len) < self.next_due
    }

    /// How many values got into the channel.
    fn total(&self) -> u64 {
        self.meter.sent() + self.unseen
    }

    // ---- now and then ----

    #[cold]
    #[inline(never)]
    fn attend(&mut self, len: usize, left: u64) {
        if left > self.next_due {
            self.measure_time_in_queue(self.next_due + 1, self.since);
        }
        let sent = self.meter.sent();
        if sent > self.next_sample {
            let now = self.meter.now();
            // The one that has just come is no backlog.
            self.meter.look_at_the_load(now, sent, left, len > 1);
            if len == 0 {
                // Straight to a receiver.
                self.measure_time_in_queue(sent, now);
            } else {
                self.since = now;
                self.next_due = sent - 1;
                self.next_sample = NEVER;
            }
            // Once more, in case it has fluttered.
            self.flips = self.flips.min(FLUTTER - 1);
        }
        self.attend_to_the_length(len);
    }

    fn attend_to_the_length(&mut self, len: usize) {
        let (saturated_len, relieved_len) = self.meter.limit_lengths();
        if !self.flutters() && if self.saturated { len <= relieved_len } else { len >= saturated_len } {
            self.saturated = !self.saturated;
            self.count_flip();
            self.meter.show_saturated(self.saturated);
        }
        self.set_bounds();
    }

    fn count_flip(&mut self) {
        self.flips += 1;
        if self.flutters() {
            let now = self.meter.now();
            if now.saturating_sub(self.flips_since) >= MOMENT * u64::from(FLUTTER) {
                self.flips = 0;
            }
            self.flips_since = now;
        }
    }

    /// Somebody found no room, which may be the last that is heard for a long time: it is looked at although it flutters.
    /// [`observe`](Self::observe) follows.
    pub(crate) fn found_full(&mut self) {
        if self.overlooks() {
            self.flips = FLUTTER - 1;
            self.set_bounds();
        }
    }

    /// Whether it may be saturated without having been seen to be.
    #[inline]
    pub(crate) fn overlooks(&self) -> bool {
        self.flutters() && !self.saturated
    }

    fn flutters(&self) -> bool {
        self.flips >= FLUTTER
    }

    fn set_bounds(&mut self) {
        let (saturated_len, relieved_len) = self.meter.limit_lengths();
        (self.ceiling, self.floor) = match (self.flutters(), self.saturated) {
            (true, _) => (usize::MAX, 0),
            (false, true) => (usize::MAX, relieved_len + 2),
            (false, false) => (saturated_len - 1, 0),
        };
    }

    /// Value number `number` was sent at `since`, and has been received.
    fn measure_time_in_queue(&mut self, number: u64, since: u64) {
        let pause = self.meter.note_time_in_queue(since, number.saturating_sub(self.measured));
        self.measured = number;
        self.follow_no_more(pause);
    }

    /// The next value to be followed comes after so many others.
    fn follow_no_more(&mut self, pause: u64) {
        self.next_due = NEVER;
        self.next_sample = self.total() + pause;
    }

    /// The oldest value was dropped to make room, before the new one is [sent](Self::sent); the channel has `len` without both.
    pub(crate) fn dropped_oldest(&mut self, len: usize) {
        if left(self.total(), len) > self.next_due {
            // It was the one that was followed: nobody received it.
            self.follow_no_more(1);
        }
        self.meter.count_gone(1);
        self.meter.count_dropped(1);
    }

    /// A new value was dropped: it never got in.
    pub(crate) fn dropped_newest(&mut self) {
        self.meter.count_dropped(1);
    }

    /// A receiver that was too slow has missed values, which others may have received.
    pub(super) fn missed(&mut self, n: u64) {
        self.meter.count_dropped(n);
    }

    /// Values were left when the last receiver went.
    pub(crate) fn discarded(&mut self, n: usize) {
        self.meter.count_gone(n as u64);
        self.follow_no_more(1);
    }

    /// Somebody begins to wait for room. What comes out is to be given to [`end_wait`](Self::end_wait).
    pub(crate) fn begin_wait(&mut self) -> u64 {
        self.waits += 1;
        self.meter.show_waits(self.waits);
        if self.waits < self.next_wait {
            self.passed_over += 1;
            0
        } else {
            self.meter.now()
        }
    }

    /// He waits no longer, whatever came of it.
    #[inline]
    pub(crate) fn end_wait(&mut self, since: u64) {
        if since != 0 {
            // Several may be measured at a time, each of which stands for itself.
            let weight = 1 + std::mem::take(&mut self.passed_over);
            self.next_wait = self.waits + self.meter.note_time_blocked(since, weight);
        }
    }

    /// The capacity, the limits or what is expected are others now.
    #[cfg(feature = "config")]
    pub(crate) fn set_limits(&mut self, capacity: usize, limits: Limits, expected: Option<Expected>, len: usize) {
        self.meter.set_limits(capacity, limits);
        self.meter.load.set_expected(expected);
        self.flips = 0;
        self.attend_to_the_length(len);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Whoever looks at the channel may keep the meter.
        registry::retire(&self.meter);
        self.meter.end();
    }
}

/// How many values have left, one way or the other.
#[inline]
fn left(sent: u64, len: usize) -> u64 {
    // A value that was handed out and came back may be in the channel twice for a moment.
    sent.saturating_sub(len as u64)
}
