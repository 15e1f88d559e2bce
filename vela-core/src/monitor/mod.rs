//! What happens on the named channels: how full they are, how long values and senders wait, what was dropped.
//!
//! A channel that was given a [name](crate::ChannelBuilder::name) is monitored; one without carries no monitor and pays nothing.
//! Counters are exact. Durations are sampled where a channel is busy, so that the time is not asked for at every operation, and
//! all are measured where it is not.
//!
//! Other kinds, if they have a name: [broadcasts](crate::broadcast::channel_named), [watches](crate::watch::channel_named), the topics of a
//! [bus](crate::bus::EventBus::with_name), and queues that are not Vela's, by hand ([`Recorder`]). Not oneshots, which have one
//! value, nor signals, which have a state and no queue.
//!
//! * Look yourself: [`Sender::monitor`](crate::Sender::monitor), or [`snapshot`] for all names at once (feature `serde`: it can be
//!   serialised).
//! * Feature `metrics`: `publish` hands everything to the recorder of the `metrics` facade, and with it to
//!   Prometheus, StatsD and others.
//! * Feature `tracing`: a warning when a channel becomes saturated, drops values, or has more load than it was sized for;
//!   of each at most one in [an interval](crate::ChannelBuilder::report_every), with the number of events since the last.
//!   (Without it, lines about dropped values go to the standard error output.)
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (tx, rx) = vela::Channel::bounded(10).name("orders.ingest").build()?;
//! for n in 0..9 {
//!     tx.try_send(n)?;
//! }
//! rx.try_recv()?;
//!
//! let monitor = tx.monitor().expect("it has a name");
//! assert_eq!((monitor.depth(), monitor.high_water()), (8, 9));
//! assert!(monitor.is_saturated(0.8));
//! assert_eq!(monitor.usage_percent(), Some(80.0));
//!
//! let line = vela::monitor::snapshot().into_iter().find(|line| line.name == "orders.ingest").unwrap();
//! assert_eq!((line.sent, line.received), (9, 1));
//! # Ok(())
//! # }
//! ```

mod audience;
mod durations;
#[cfg(feature = "metrics")]
mod export;
mod load;
mod meter;
#[cfg(feature = "metrics")]
mod metric;
mod recorder;
mod registry;
mod report;
mod watch;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use audience::{Audience, Newest, Seat};
#[doc(hidden)]
pub use durations::{Durations, Measured};
#[cfg(feature = "metrics")]
pub use export::{describe, publish};
pub(crate) use load::Expected;
pub(crate) use meter::{Limits, Meter};
#[cfg(feature = "metrics")]
pub use metric::{METRICS, MetricDescription, MetricKind};
pub use recorder::Recorder;
pub(crate) use registry::register;
pub(crate) use report::{tell_unbounded, tell_undersized};
pub(crate) use watch::Watch;

/// A view of one channel; clones see the same one.
///
/// # Examples
///
/// See the [module](self).
#[derive(Clone, Debug)]
pub struct ChannelMonitor {
    meter: Arc<Meter>,
}

impl ChannelMonitor {
    pub(crate) fn of(meter: &Arc<Meter>) -> Self {
        Self { meter: Arc::clone(meter) }
    }

    /// The name of the channel.
    #[must_use]
    pub fn name(&self) -> &str {
        self.meter.name()
    }

    /// How many values are in the channel.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.meter.len()
    }

    /// How many values it buffers; `None`: it has no bound.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.meter.capacity()
    }

    /// The most values that were in the channel at one time.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.meter.high()
    }

    /// How full the channel is, in percent of its capacity; `None` where that makes no sense: without a bound, and at
    /// capacity 0.
    #[must_use]
    pub fn usage_percent(&self) -> Option<f64> {
        usage_percent(self.depth(), self.capacity())
    }

    /// Whether the channel is at least this full now, from 0.0 to 1.0. Never without a bound, nor at capacity 0.
    #[must_use]
    pub fn is_saturated(&self, threshold: f64) -> bool {
        let (depth, capacity) = (self.depth(), self.capacity());
        capacity.is_some_and(|capacity| capacity > 0 && meter::share_of(depth, capacity) >= threshold)
    }

    /// Whether the channel has become saturated, and is not relieved yet: as the limits of the channel say, with hysteresis.
    #[must_use]
    pub fn is_in_saturation(&self) -> bool {
        self.meter.is_saturated()
    }

    /// Everything at once.
    #[must_use]
    pub fn snapshot(&self) -> ChannelSnapshot {
        let live = [Arc::clone(&self.meter)];
        registry::line(self.name().to_owned(), registry::Totals::default(), &live).0
    }
}

/// All names of monitored channels, in alphabetical order. Channels of one name are added up; those that are gone still count.
///
/// Up to 1,024 names of which no channel is left are remembered.
///
/// # Examples
///
/// See the [module](self).
#[must_use]
pub fn snapshot() -> Vec<ChannelSnapshot> {
    registry::all().into_iter().map(|known| registry::line(known.name, known.retired, &known.live).0).collect()
}

/// What is known about the channels of one name at one time. Counters are those since the process began, or since the name was
/// forgotten.
///
/// With the feature `serde` it can be serialised; durations are seconds then.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ChannelSnapshot {
    /// The name.
    pub name: String,
    /// How many channels of that name there are.
    pub channels: usize,
    /// How many values are in them.
    pub depth: usize,
    /// How many values they buffer; `None`: at least one has no bound.
    pub capacity: Option<usize>,
    /// The most values that were in one of them at one time.
    pub high_water: usize,
    /// Values that got in.
    pub sent: u64,
    /// Values that were received; on a broadcast, by each receiver. (One that was handed to a receive which is then given up
    /// counts until it comes back.)
    pub received: u64,
    /// Values that the [overflow policy](crate::Overflow) has dropped; on a broadcast, that a receiver was too slow for.
    pub dropped: u64,
    /// Sends that were turned away because the channel was full, by `try_send`, `try_reserve` or the policy. (An arm of a select
    /// that loses to `else` is no send.)
    pub rejected: u64,
    /// Sends and receives that gave up waiting.
    pub timeouts: u64,
    /// How often somebody got in line for room, where the policy is to wait: a send, a permit, an arm of a select (also one that
    /// then loses), a sink.
    pub waits: u64,
    /// How often a channel has become saturated.
    pub saturations: u64,
    /// Whether one is now.
    pub saturated: bool,
    /// How long values were in the channel before they were received. Its count is that of the values that a sample stands for,
    /// also where some of them were dropped.
    pub in_queue: Summary,
    /// How long sends waited that had to.
    pub blocked: Summary,
    /// Messages per second, in the busiest of the stretches of at least a second between two looks at the clock. (Who sends
    /// seldom is looked at seldom.)
    pub peak_rate: f64,
    /// The longest that the receivers took for a message, while there was work all the time: over a second or more.
    #[cfg_attr(feature = "serde", serde(with = "seconds"))]
    pub processing_time: Duration,
}

impl ChannelSnapshot {
    /// How full the channels are, in percent; `None` where that makes no sense: without a bound, and at capacity 0.
    #[must_use]
    pub fn usage_percent(&self) -> Option<f64> {
        usage_percent(self.depth, self.capacity)
    }
}

/// Durations in short, estimated: some are measured, and each stands for those that were passed over before it. What was passed over
/// since the last one that was measured is not in it yet. Quantiles are of the samples, rounded up by 12.5 % at most.
///
/// How often something has happened is in the counters beside it, which are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Summary {
    /// About how many there were: the samples, and what they stand for. It follows the exact counters, some behind.
    pub count: u64,
    /// About how long all of them were together: divided by `count`, the mean.
    #[cfg_attr(feature = "serde", serde(with = "seconds"))]
    pub total: Duration,
    /// Half of them were shorter.
    #[cfg_attr(feature = "serde", serde(with = "seconds"))]
    pub p50: Duration,
    /// 90 % were shorter.
    #[cfg_attr(feature = "serde", serde(with = "seconds"))]
    pub p90: Duration,
    /// 99 % were shorter.
    #[cfg_attr(feature = "serde", serde(with = "seconds"))]
    pub p99: Duration,
    /// The longest that was measured.
    #[cfg_attr(feature = "serde", serde(with = "seconds"))]
    pub max: Duration,
}

#[allow(clippy::cast_precision_loss, reason = "a share")]
fn usage_percent(depth: usize, capacity: Option<usize>) -> Option<f64> {
    capacity.filter(|capacity| *capacity > 0).map(|capacity| depth as f64 * 100.0 / capacity as f64)
}

/// Durations as seconds.
#[cfg(feature = "serde")]
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
