//! The metrics, as data: what each is called and means, and where its value is found.

use std::fmt;

use super::ChannelSnapshot;
use super::durations::Measured;
use super::registry::Totals;

/// All that [`publish`](super::publish) hands over: to make dashboards and alerts from, or to check those there are.
///
/// # Examples
///
/// ```
/// use vela_core::monitor::{METRICS, MetricKind};
///
/// // Each has the label `channel`; alerts on names that nobody publishes would never come.
/// let alerts = ["vela_channel_dropped_total", "vela_channel_saturated"];
/// assert!(alerts.iter().all(|name| METRICS.iter().any(|metric| metric.name() == *name)));
///
/// let durations: Vec<_> = METRICS.iter().filter(|metric| metric.kind() == MetricKind::Histogram).collect();
/// assert!(durations.iter().all(|metric| metric.unit() == Some("seconds")));
/// ```
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub const METRICS: &[MetricDescription] = &[
    counter("vela_channel_sent_total", "Values that got into the channel", |line| line.sent),
    counter("vela_channel_received_total", "Values that were received from the channel", |line| line.received),
    counter(
        "vela_channel_dropped_total",
        "Values that the overflow policy has dropped, or a slow receiver has missed",
        |line| line.dropped,
    ),
    counter("vela_channel_rejected_total", "Sends that were turned away for want of room", |line| line.rejected),
    counter("vela_channel_timeouts_total", "Sends and receives that gave up waiting", |line| line.timeouts),
    counter("vela_channel_waits_total", "Sends that had to wait for room", |line| line.waits),
    counter("vela_channel_saturations_total", "Times that the channel has become saturated", |line| line.saturations),
    gauge("vela_channel_channels", Some("count"), "Channels of this name", |line| Some(line.channels as f64)),
    gauge("vela_channel_depth", Some("count"), "Values in the channel", |line| Some(line.depth as f64)),
    gauge("vela_channel_capacity", Some("count"), "Values that the channel buffers", |line| {
        line.capacity.map(|capacity| capacity as f64)
    }),
    gauge("vela_channel_high_water", Some("count"), "Most values in the channel at one time", |line| {
        Some(line.high_water as f64)
    }),
    gauge("vela_channel_usage_ratio", None, "Depth by capacity, 0 to 1", |line| {
        // Of no channel 0: what was set last would stay.
        let none_left = (line.channels == 0).then_some(0.0);
        line.usage_percent().map(|percent| percent / 100.0).or(none_left)
    }),
    gauge("vela_channel_saturated", None, "1 from when the channel becomes saturated until it is relieved", |line| {
        Some(f64::from(u8::from(line.saturated)))
    }),
    histogram("vela_channel_queue_seconds", "How long values were in the channel", |totals| &totals.in_queue),
    histogram("vela_channel_blocked_seconds", "How long sends waited that had to", |totals| &totals.blocked),
];

/// One metric, of those in [`METRICS`].
///
/// # Examples
///
/// ```
/// let sent = vela_core::monitor::METRICS.iter().find(|metric| metric.name() == "vela_channel_sent_total").unwrap();
/// assert_eq!((sent.unit(), sent.help()), (Some("count"), "Values that got into the channel"));
/// ```
#[derive(Clone, Copy)]
pub struct MetricDescription {
    name: &'static str,
    unit: Option<&'static str>,
    help: &'static str,
    pub(super) value: Value,
}

/// Where the value is found.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Counter(fn(&ChannelSnapshot) -> u64),
    /// None: there is none now.
    Gauge(fn(&ChannelSnapshot) -> Option<f64>),
    Histogram(fn(&Totals) -> &Measured),
}

const fn counter(name: &'static str, help: &'static str, of: fn(&ChannelSnapshot) -> u64) -> MetricDescription {
    MetricDescription { name, unit: Some("count"), help, value: Value::Counter(of) }
}

const fn gauge(
    name: &'static str,
    unit: Option<&'static str>,
    help: &'static str,
    of: fn(&ChannelSnapshot) -> Option<f64>,
) -> MetricDescription {
    MetricDescription { name, unit, help, value: Value::Gauge(of) }
}

const fn histogram(name: &'static str, help: &'static str, of: fn(&Totals) -> &Measured) -> MetricDescription {
    MetricDescription { name, unit: Some("seconds"), help, value: Value::Histogram(of) }
}

impl MetricDescription {
    /// The name, as the recorder is given it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What kind of metric it is.
    #[must_use]
    pub fn kind(&self) -> MetricKind {
        match self.value {
            Value::Counter(_) => MetricKind::Counter,
            Value::Gauge(_) => MetricKind::Gauge,
            Value::Histogram(_) => MetricKind::Histogram,
        }
    }

    /// The unit, by its name in the crate `metrics`: `count`, `seconds`. None of a ratio, and of what is 0 or 1.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        self.unit
    }

    /// What it means.
    #[must_use]
    pub fn help(&self) -> &'static str {
        self.help
    }
}

impl fmt::Debug for MetricDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricDescription")
            .field("name", &self.name)
            .field("kind", &self.kind())
            .field("unit", &self.unit)
            .field("help", &self.help)
            .finish()
    }
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Many durations.
    Histogram,
}
