//! Everything that the monitors know, for the recorder of the `metrics` facade.

use std::collections::HashMap;

use metrics::{SharedString, Unit, counter, gauge, histogram};
use parking_lot::Mutex;

use super::durations::Measured;
use super::metric::{METRICS, MetricKind, Value};
use super::registry;

/// Durations that were handed over already, by name.
static PUBLISHED: Mutex<Option<HashMap<String, Published>>> = Mutex::new(None);

struct Published {
    /// A name that was forgotten begins anew.
    number: u64,
    /// Of each histogram, in the order of [`METRICS`].
    durations: Vec<Measured>,
}

/// About so many samples of a histogram are handed over at a time: most recorders take, and keep, one by one what is given at
/// once.
const MOST_SAMPLES: usize = 1024;

/// Hands everything to the recorder of the `metrics` facade, if there is one: call it now and then, or before a scrape.
///
/// The metrics are there as data, too: [`METRICS`]. Each has the label `channel`, and `component`, which is the name's part before the first dot, if it has one.
///
/// | metric | kind | |
/// |---|---|---|
/// | `vela_channel_sent_total`, `…_received_total` | counter | values that got in, and out |
/// | `vela_channel_dropped_total` | counter | by the overflow policy, or missed by a slow receiver of a broadcast |
/// | `vela_channel_rejected_total` | counter | sends that found no room |
/// | `vela_channel_timeouts_total` | counter | sends and receives that gave up |
/// | `vela_channel_waits_total` | counter | sends that had to wait |
/// | `vela_channel_saturations_total` | counter | times that a channel has become saturated |
/// | `vela_channel_depth`, `…_capacity`, `…_high_water`, `…_channels` | gauge | capacity: only where there is a bound |
/// | `vela_channel_usage_ratio` | gauge | depth by capacity |
/// | `vela_channel_saturated` | gauge | 1 from when it becomes saturated until it is relieved |
/// | `vela_channel_queue_seconds` | histogram | how long values were in the channel |
/// | `vela_channel_blocked_seconds` | histogram | how long sends waited that had to |
///
/// Where there are thousands of durations since the last call, a part is handed over that stands for all: histograms tell how
/// long it took, counters how often it happened.
///
/// One call waits for another that is under way: a recorder must not call it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let prometheus = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
/// vela::monitor::describe();
/// let (tx, _rx) = vela::Channel::bounded(10).name("orders.ingest").build()?;
/// tx.try_send(1)?;
///
/// vela::monitor::publish(); // at each scrape, say
/// let page = prometheus.render();
/// assert!(page.contains(r#"vela_channel_sent_total{channel="orders.ingest",component="orders"} 1"#), "{page}");
/// # Ok(())
/// # }
/// ```
pub fn publish() {
    // One at a time: what is handed over must not be handed over twice.
    let mut published = PUBLISHED.lock();
    // Names that are forgotten there are forgotten here.
    let mut old = published.replace(HashMap::new()).unwrap_or_default();
    let published = published.get_or_insert_default();
    for known in registry::all() {
        let (line, totals) = registry::line(known.name, known.retired, &known.live);
        let labels = labels(&line.name);
        let before = old.remove(&line.name).filter(|before| before.number == known.number);
        let mut before = before.map(|before| before.durations).unwrap_or_default().into_iter();
        let mut durations = Vec::new();
        for metric in METRICS {
            match metric.value {
                Value::Counter(count) => counter!(metric.name(), &labels).absolute(count(&line)),
                Value::Gauge(value) => {
                    if let Some(value) = value(&line) {
                        gauge!(metric.name(), &labels).set(value);
                    }
                }
                Value::Histogram(measured) => {
                    let now = measured(&totals);
                    for (seconds, n) in thinned(now.since(&before.next().unwrap_or_default())) {
                        histogram!(metric.name(), &labels).record_many(seconds, n);
                    }
                    durations.push(now.clone());
                }
            }
        }
        published.insert(line.name, Published { number: known.number, durations });
    }
}

/// The same shares of fewer samples, if there are very many; at least one of each.
fn thinned(mut samples: Vec<(f64, usize)>) -> Vec<(f64, usize)> {
    let all: usize = samples.iter().map(|(_, n)| n).sum();
    let each = all.div_ceil(MOST_SAMPLES).max(1);
    samples.iter_mut().for_each(|(_, n)| *n = n.div_ceil(each));
    samples
}

/// Tells the recorder what the [metrics](METRICS) mean, and their units. Once, after it is installed.
pub fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    for metric in METRICS {
        let unit = metric.unit().and_then(Unit::from_string);
        match (metric.kind(), unit) {
            (MetricKind::Counter, Some(unit)) => describe_counter!(metric.name(), unit, metric.help()),
            (MetricKind::Counter, None) => describe_counter!(metric.name(), metric.help()),
            (MetricKind::Gauge, Some(unit)) => describe_gauge!(metric.name(), unit, metric.help()),
            (MetricKind::Gauge, None) => describe_gauge!(metric.name(), metric.help()),
            (MetricKind::Histogram, Some(unit)) => describe_histogram!(metric.name(), unit, metric.help()),
            (MetricKind::Histogram, None) => describe_histogram!(metric.name(), metric.help()),
        }
    }
}

fn labels(name: &str) -> Vec<(&'static str, SharedString)> {
    let mut labels = vec![("channel", SharedString::from(name.to_owned()))];
    if let Some((component, _)) = name.split_once('.') {
        labels.push(("component", component.to_owned().into()));
    }
    labels
}
