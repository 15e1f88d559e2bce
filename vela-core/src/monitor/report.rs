//! What is said about a channel in the log: at most one line of a kind in a time.

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use parking_lot::Mutex;

use super::meter::{DROPS, Meter, OVERLOAD, RELIEVED, SATURATED};

/// When what was said last, and what has happened since.
#[derive(Debug)]
pub(super) struct Report {
    saturation: Interval,
    /// The last saturation was told, so its end is told, too.
    told: AtomicBool,
    drops: Interval,
    overload: Interval,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            saturation: Interval::new(),
            told: AtomicBool::new(false),
            drops: Interval::new(),
            overload: Interval::new(),
        }
    }

    /// The channel is saturated: may that be said?
    pub(super) fn may_tell_saturation(&self, now: impl FnOnce() -> u64, every: Duration) -> bool {
        let may = self.saturation.passes(1, now, every);
        self.told.store(may, Relaxed);
        may
    }

    pub(super) fn has_told_saturation(&self) -> bool {
        self.told.load(Relaxed)
    }

    /// Values were dropped: may that be said?
    pub(super) fn may_tell_drops(&self, values: u64, now: impl FnOnce() -> u64, every: Duration) -> bool {
        self.drops.passes(values, now, every)
    }

    pub(super) fn has_untold_drops(&self) -> bool {
        self.drops.untold.load(Relaxed) > 0
    }

    /// The load is higher than expected: may that be said?
    pub(super) fn may_tell_overload(&self, now: impl FnOnce() -> u64, every: Duration) -> bool {
        self.overload.passes(1, now, every)
    }

    pub(super) fn tell(&self, news: u8, meter: &Meter) {
        let has = |kind| news & kind != 0;
        if has(SATURATED) {
            line::saturated(meter, self.saturation.take());
        }
        if has(RELIEVED) {
            line::relieved(meter);
        }
        if has(DROPS) {
            line::dropped(meter, self.drops.take());
        }
        if has(OVERLOAD) {
            self.overload.take();
            line::overload(meter);
        }
    }
}

/// At most one line in a time, with the number of events since the last.
#[derive(Debug)]
struct Interval {
    /// Nothing is said before this, in nanoseconds.
    next: AtomicU64,
    untold: AtomicU64,
}

impl Interval {
    fn new() -> Self {
        Self { next: AtomicU64::new(0), untold: AtomicU64::new(0) }
    }

    /// Counts events; true if they may be told. By one thread at a time.
    fn passes(&self, events: u64, now: impl FnOnce() -> u64, every: Duration) -> bool {
        self.untold.fetch_add(events, Relaxed);
        let now = now();
        if now < self.next.load(Relaxed) {
            return false;
        }
        let every = u64::try_from(every.as_nanos()).unwrap_or(u64::MAX);
        self.next.store(now.saturating_add(every), Relaxed);
        true
    }

    fn take(&self) -> u64 {
        self.untold.swap(0, Relaxed)
    }
}

/// Says, once for each place in the program, that a channel without a bound was made.
pub(crate) fn tell_unbounded(site: &'static Location<'static>) {
    static TOLD: Mutex<BTreeSet<(&str, u32, u32)>> = Mutex::new(BTreeSet::new());
    if TOLD.lock().insert((site.file(), site.line(), site.column())) {
        line::unbounded(site);
    }
}

/// Says, once for each name and size, that a channel is smaller than what its sizing asks for.
pub(crate) fn tell_undersized(name: &str, capacity: usize, wanted: usize) {
    /// Names that are made up as a program runs are not remembered for ever.
    const MOST: usize = 1024;
    static TOLD: Mutex<BTreeSet<(Box<str>, usize)>> = Mutex::new(BTreeSet::new());
    let first = {
        let mut told = TOLD.lock();
        if told.len() == MOST {
            told.clear();
        }
        told.insert((name.into(), capacity))
    };
    if first {
        line::undersized(name, capacity, wanted);
    }
}

fn why_dropped(meter: &Meter) -> &'static str {
    if meter.received.is_some() {
        "a receiver was too slow for the channel and has missed values"
    } else {
        "the channel has dropped values, as its overflow policy says"
    }
}

/// The lines. A subscriber that panics does not reach the operation that happened to tell: others wait to be woken by it.
#[cfg(feature = "tracing")]
mod line {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{Location, Meter, why_dropped};

    fn tell(line: impl FnOnce()) {
        let _panicked = catch_unwind(AssertUnwindSafe(line));
    }

    pub(super) fn saturated(meter: &Meter, times: u64) {
        tell(|| {
            tracing::warn!(
                target: "vela::channel",
                channel = meter.name(),
                depth = meter.len(),
                capacity = meter.capacity(),
                times,
                "the channel is saturated: its receivers are slower than its senders"
            );
        });
    }

    pub(super) fn unbounded(site: &Location<'_>) {
        tell(|| {
            tracing::warn!(
                target: "vela::channel",
                file = site.file(),
                line = site.line(),
                "a channel without a bound: the configuration says `unbounded = \"warn\"`"
            );
        });
    }

    pub(super) fn undersized(name: &str, capacity: usize, wanted: usize) {
        tell(|| {
            tracing::warn!(
                target: "vela::channel",
                channel = name,
                capacity,
                wanted,
                "the channel is smaller than what its sizing asks for"
            );
        });
    }

    pub(super) fn relieved(meter: &Meter) {
        tell(|| {
            tracing::info!(target: "vela::channel", channel = meter.name(), depth = meter.len(), "the channel is no longer saturated");
        });
    }

    pub(super) fn dropped(meter: &Meter, values: u64) {
        tell(|| {
            tracing::warn!(
                target: "vela::channel",
                channel = meter.name(),
                dropped = values,
                dropped_total = meter.counts().dropped,
                capacity = meter.capacity(),
                "{}",
                why_dropped(meter)
            );
        });
    }

    pub(super) fn overload(meter: &Meter) {
        let Some(expected) = meter.load.expected() else { return };
        tell(|| {
            tracing::warn!(
                target: "vela::channel",
                channel = meter.name(),
                peak_rate = meter.load.peak_rate(),
                expected_rate = expected.peak_rate,
                processing_time = ?meter.load.processing_time(),
                expected_time = ?expected.processing_time,
                capacity = meter.capacity(),
                "the load is higher than the one that the capacity was computed for"
            );
        });
    }
}

/// Without `tracing`, lines about lost values go to the standard error output, where panics of detached tasks go, too; the
/// others are left to the [snapshots](super::snapshot).
#[cfg(not(feature = "tracing"))]
mod line {
    use super::{Location, Meter, why_dropped};
    use crate::rt::{say, simulated};

    pub(super) fn unbounded(site: &Location<'_>) {
        say(format_args!("vela: {site}: a channel without a bound: the configuration says `unbounded = \"warn\"`"));
    }

    pub(super) fn undersized(name: &str, capacity: usize, wanted: usize) {
        say(format_args!(
            "vela: the channel `{name}` (capacity {capacity}) is smaller than what its sizing asks for, {wanted}"
        ));
    }

    pub(super) fn saturated(_: &Meter, _: u64) {}

    pub(super) fn relieved(_: &Meter) {}

    pub(super) fn dropped(meter: &Meter, values: u64) {
        if !simulated() {
            let (name, capacity) = (meter.name(), meter.capacity().unwrap_or(usize::MAX));
            let why = why_dropped(meter);
            say(format_args!("vela: the channel `{name}` (capacity {capacity}), {values} values: {why}"));
        }
    }

    pub(super) fn overload(_: &Meter) {}
}
