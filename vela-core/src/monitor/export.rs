//! Everything that the monitors know, for the recorder of the `metrics` facade.

use std::collections::HashMap;

use metrics::{SharedString, Unit, counter, gauge, histogram};
use parking_lot::Mutex;

use super::durations::Measured;
use super::registry;

/// Durations that were handed over already, by name.
static PUBLISHED: Mutex<Option<HashMap<String, Published>>> = Mutex::new(None);

#[derive(Default)]
struct Published {
    /// A name that was forgotten begins anew.
    number: u64,
    durations: [Measured; 2],
}

/// About so many samples of a histogram are handed over at a time: most recorders take, and keep, one by one what is given at
/// once.
const MOST_SAMPLES: usize = 1024;

/// Hands everything to the recorder of the `metrics` facade, if there is one: call it now and then, or before a scrape.
///
/// Each metric has the label `channel`, and `component`, which is the name's part before the first dot, if it has one.
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
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub fn publish() {
    // One at a time: what is handed over must not be handed over twice.
    let mut published = PUBLISHED.lock();
    // Names that are forgotten there are forgotten here.
    let mut old = published.replace(HashMap::new()).unwrap_or_default();
    let published = published.get_or_insert_default();
    for known in registry::all() {
        let (line, totals) = registry::line(known.name, known.retired, &known.live);
        let labels = labels(&line.name);
        let count = |name: &'static str, n: u64| counter!(name, &labels).absolute(n);
        count("vela_channel_sent_total", line.sent);
        count("vela_channel_received_total", line.received);
        count("vela_channel_dropped_total", line.dropped);
        count("vela_channel_rejected_total", line.rejected);
        count("vela_channel_timeouts_total", line.timeouts);
        count("vela_channel_waits_total", line.waits);
        count("vela_channel_saturations_total", line.saturations);
        let set = |name: &'static str, value: f64| gauge!(name, &labels).set(value);
        set("vela_channel_channels", line.channels as f64);
        set("vela_channel_depth", line.depth as f64);
        set("vela_channel_high_water", line.high_water as f64);
        set("vela_channel_saturated", f64::from(u8::from(line.saturated)));
        if let Some(capacity) = line.capacity {
            set("vela_channel_capacity", capacity as f64);
        }
        if let Some(percent) = line.usage_percent() {
            set("vela_channel_usage_ratio", percent / 100.0);
        } else if line.channels == 0 {
            // What was set last would stay.
            set("vela_channel_usage_ratio", 0.0);
        }
        let before = old.remove(&line.name).filter(|before| before.number == known.number).unwrap_or_default();
        let durations =
            [("vela_channel_queue_seconds", totals.in_queue), ("vela_channel_blocked_seconds", totals.blocked)];
        for ((name, now), before) in durations.iter().zip(&before.durations) {
            for (seconds, n) in thinned(now.since(before)) {
                histogram!(*name, &labels).record_many(seconds, n);
            }
        }
        let durations = durations.map(|(_, now)| now);
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

/// Tells the recorder what the metrics mean, and their units. Once, after it is installed.
pub fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("vela_channel_sent_total", Unit::Count, "Values that got into the channel");
    describe_counter!("vela_channel_received_total", Unit::Count, "Values that were received from the channel");
    describe_counter!(
        "vela_channel_dropped_total",
        Unit::Count,
        "Values that the overflow policy has dropped, or a slow receiver has missed"
    );
    describe_counter!("vela_channel_rejected_total", Unit::Count, "Sends that were turned away for want of room");
    describe_counter!("vela_channel_timeouts_total", Unit::Count, "Sends and receives that gave up waiting");
    describe_counter!("vela_channel_waits_total", Unit::Count, "Sends that had to wait for room");
    describe_counter!("vela_channel_saturations_total", Unit::Count, "Times that the channel has become saturated");
    describe_gauge!("vela_channel_channels", Unit::Count, "Channels of this name");
    describe_gauge!("vela_channel_depth", Unit::Count, "Values in the channel");
    describe_gauge!("vela_channel_capacity", Unit::Count, "Values that the channel buffers");
    describe_gauge!("vela_channel_high_water", Unit::Count, "Most values in the channel at one time");
    describe_gauge!("vela_channel_usage_ratio", "Depth by capacity, 0 to 1");
    describe_gauge!("vela_channel_saturated", "1 from when the channel becomes saturated until it is relieved");
    describe_histogram!("vela_channel_queue_seconds", Unit::Seconds, "How long values were in the channel");
    describe_histogram!("vela_channel_blocked_seconds", Unit::Seconds, "How long sends waited that had to");
}

fn labels(name: &str) -> Vec<(&'static str, SharedString)> {
    let mut labels = vec![("channel", SharedString::from(name.to_owned()))];
    if let Some((component, _)) = name.split_once('.') {
        labels.push(("component", component.to_owned().into()));
    }
    labels
}
