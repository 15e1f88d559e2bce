//! How long something took, as a histogram of samples.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use histogram::{AtomicHistogram, Histogram};

/// 8 steps to each power of two: the error is at most 12.5 %.
const GROUPING_POWER: u8 = 3;
/// The longest that is told apart, as a power of two of nanoseconds: 19 minutes.
const MAX_POWER: u8 = 40;

/// A histogram of durations, and how often one is measured.
///
/// To ask for the time costs as much as an operation on a channel, so not every duration is measured: as many as make about a
/// hundred in a second or so, nearly all if there are fewer. Each counts for those that were passed over before it.
///
/// Written by one thread at a time (under the lock of what is measured), read by any.
#[derive(Debug)]
pub struct Durations {
    /// Made by the first sample.
    histogram: OnceLock<Box<AtomicHistogram>>,
    /// Of all samples, by weight, in nanoseconds.
    total: AtomicU64,
    /// One in how many is measured: a power of two.
    every: AtomicU64,
    /// When the last was measured, in nanoseconds.
    last: AtomicU64,
}

/// Samples that follow each other more quickly than this, in nanoseconds, become fewer.
const SOON: u64 = 2_000_000;
/// Samples that are further apart become more.
const LATE: u64 = 20_000_000;
/// At least one in so many is measured.
const RAREST: u64 = 1024;

impl Durations {
    /// None yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for Vela's crates only")]
    pub const fn new() -> Self {
        Self { histogram: OnceLock::new(), total: AtomicU64::new(0), every: AtomicU64::new(1), last: AtomicU64::new(0) }
    }

    /// Notes a measured duration, in nanoseconds, that ended at `now` and stands for `weight` of them; says how many are to be
    /// passed over before the next is measured.
    pub fn note(&self, now: u64, duration: u64, weight: u64) -> u64 {
        let histogram = self.histogram.get_or_init(|| Box::new(new_histogram()));
        // What is longer than the longest counts as that.
        let _in_range = histogram.add(duration.min((1 << MAX_POWER) - 1), weight);
        bump(&self.total, duration.saturating_mul(weight));

        let pause = now.saturating_sub(self.last.load(Ordering::Relaxed));
        self.last.store(now, Ordering::Relaxed);
        let every = self.every.load(Ordering::Relaxed);
        let every = match pause {
            ..SOON => (every * 2).min(RAREST),
            LATE.. => (every / 2).max(1),
            _ => every,
        };
        self.every.store(every, Ordering::Relaxed);
        every
    }

    /// What was measured so far.
    #[must_use]
    pub fn load(&self) -> Measured {
        Measured {
            histogram: self.histogram.get().map(|histogram| histogram.load()),
            total: Duration::from_nanos(self.total.load(Ordering::Relaxed)),
        }
    }
}

fn new_histogram() -> AtomicHistogram {
    AtomicHistogram::new(GROUPING_POWER, MAX_POWER).expect("the powers are in the histogram's range")
}

/// Adds to a counter that one thread at a time writes.
#[inline]
pub(super) fn bump(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}

/// Durations as they were at one time; several can be added up.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// `None`: there were none.
    histogram: Option<Histogram>,
    total: Duration,
}

impl Measured {
    /// Adds up.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        match (&mut self.histogram, &other.histogram) {
            (Some(histogram), Some(other)) => *histogram = histogram.wrapping_add(other).expect("all have one shape"),
            (none @ None, Some(other)) => *none = Some(other.clone()),
            (_, None) => {}
        }
    }

    /// What has come since `before`: middle of a bucket, in seconds, and how many.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn since(&self, before: &Self) -> Vec<(f64, usize)> {
        let Some(histogram) = &self.histogram else { return Vec::new() };
        let old = before.histogram.as_ref().map(Histogram::as_slice);
        let bucket = |(at, bucket): (usize, histogram::Bucket)| {
            let new = bucket.count().saturating_sub(old.map_or(0, |old| old[at]));
            (seconds(bucket.start() / 2 + bucket.end() / 2), usize::try_from(new).unwrap_or(usize::MAX))
        };
        histogram.iter().enumerate().map(bucket).filter(|(_, new)| *new > 0).collect()
    }

    /// In short.
    #[must_use]
    pub fn summary(&self) -> super::Summary {
        let Some(histogram) = &self.histogram else { return super::Summary::default() };
        let quantile = |q| {
            let found = histogram.quantile_bucket(q).ok().flatten();
            found.map_or(Duration::ZERO, |bucket| Duration::from_nanos(bucket.end()))
        };
        super::Summary {
            count: histogram.as_slice().iter().sum(),
            total: self.total,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: quantile(1.0),
        }
    }
}

#[cfg(feature = "metrics")]
#[allow(clippy::cast_precision_loss, reason = "nanoseconds of 19 minutes")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
