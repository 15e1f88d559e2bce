//! The load of a channel, and whether it is the one that its capacity was computed for.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use parking_lot::Mutex;

/// What a capacity was computed from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Expected {
    /// Messages per second.
    pub(crate) peak_rate: f64,
    /// Of one message.
    pub(crate) processing_time: Duration,
}

/// Load is measured over at least this, in nanoseconds.
const WINDOW: u64 = 1_000_000_000;
/// What differs by less than this is as expected.
const TOLERANCE: f64 = 1.1;

/// The load as it was in the busiest second or more. Written by one thread at a time.
#[derive(Debug)]
pub(crate) struct Load {
    expected: Mutex<Option<Expected>>,
    /// Where the running window began: the time, the values that were sent and had left, and whether some were there.
    began: AtomicU64,
    sent: AtomicU64,
    left: AtomicU64,
    backlog: AtomicBool,
    /// Messages per second, in thousandths.
    peak_rate: AtomicU64,
    /// Nanoseconds for a message while others waited; the longest.
    processing_time: AtomicU64,
}

impl Load {
    pub(crate) fn new(expected: Option<Expected>) -> Self {
        Self {
            expected: Mutex::new(expected),
            began: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            left: AtomicU64::new(0),
            backlog: AtomicBool::new(false),
            peak_rate: AtomicU64::new(0),
            processing_time: AtomicU64::new(0),
        }
    }

    /// Looks at the counters now and then; true if a window has ended in which the load was higher than expected.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts in a window"
    )]
    pub(super) fn look(&self, now: u64, sent: u64, left: u64, backlog: bool) -> bool {
        let began = self.began.load(Relaxed);
        let lasted = now.saturating_sub(began);
        if began != 0 && lasted < WINDOW {
            return false;
        }
        let arrived = sent.saturating_sub(self.sent.swap_plainly(sent));
        let gone = left.saturating_sub(self.left.swap_plainly(left));
        let had_backlog = self.backlog.load(Relaxed);
        self.backlog.store(backlog, Relaxed);
        self.began.store(now, Relaxed);
        if began == 0 {
            return false;
        }
        let rate = arrived as f64 * 1e9 / lasted as f64;
        raise(&self.peak_rate, (rate * 1000.0) as u64);
        // Only while there was work all the time is the pace of the receivers the time that they need. One look at the
        // beginning and one at the end cannot tell that for sure.
        let processing = if had_backlog && backlog && gone > 0 { lasted / gone } else { 0 };
        raise(&self.processing_time, processing);
        self.expected().is_some_and(|expected| {
            rate > expected.peak_rate * TOLERANCE
                || processing as f64 > expected.processing_time.as_nanos() as f64 * TOLERANCE
        })
    }

    pub(super) fn expected(&self) -> Option<Expected> {
        *self.expected.lock()
    }

    /// The capacity was computed anew.
    #[cfg(feature = "config")]
    pub(super) fn set_expected(&self, expected: Option<Expected>) {
        *self.expected.lock() = expected;
    }

    /// Messages per second.
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    pub(super) fn peak_rate(&self) -> f64 {
        self.peak_rate.load(Relaxed) as f64 / 1000.0
    }

    pub(super) fn processing_time(&self) -> Duration {
        Duration::from_nanos(self.processing_time.load(Relaxed))
    }
}

fn raise(highest: &AtomicU64, to: u64) {
    if to > highest.load(Relaxed) {
        highest.store(to, Relaxed);
    }
}

trait SwapPlainly {
    /// A load and a store: one thread at a time writes.
    fn swap_plainly(&self, value: u64) -> u64;
}

impl SwapPlainly for AtomicU64 {
    fn swap_plainly(&self, value: u64) -> u64 {
        let old = self.load(Relaxed);
        self.store(value, Relaxed);
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn expecting(peak_rate: f64, processing_time: Duration) -> Load {
        Load::new(Some(Expected { peak_rate, processing_time }))
    }

    #[test]
    fn a_rate_above_the_expected_is_seen_at_the_end_of_a_window() {
        let load = expecting(100.0, Duration::from_secs(1));
        assert!(!load.look(1, 0, 0, false));
        assert!(!load.look(SECOND / 2, 500, 500, false), "no window has ended");
        assert!(load.look(1 + SECOND, 500, 500, false));
        assert!((load.peak_rate() - 500.0).abs() < 1.0);
        assert!(!load.look(1 + 2 * SECOND, 600, 600, false), "100 in a second were expected");
        assert!((load.peak_rate() - 500.0).abs() < 1.0, "the highest stays");
    }

    #[test]
    fn receivers_that_are_too_slow_are_seen_while_work_is_there() {
        let load = expecting(1000.0, Duration::from_millis(10));
        load.look(1, 10, 0, true);
        assert!(load.look(1 + SECOND, 100, 50, true), "20 ms each");
        assert_eq!(load.processing_time(), Duration::from_millis(20));
        assert!(!load.look(1 + 2 * SECOND, 110, 110, false), "they had nothing to do for a time");
    }

    #[test]
    fn nothing_is_wrong_where_nothing_is_expected() {
        let load = Load::new(None);
        load.look(1, 0, 0, false);
        assert!(!load.look(1 + SECOND, 1_000_000, 0, true));
    }
}
