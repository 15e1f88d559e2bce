//! What goes to the recorder of the `metrics` facade as names come and go: a process of its own, for the recorder is the
//! process's.
#![cfg(feature = "metrics")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use vela_core::{Channel, monitor};

/// Adds up what histograms are given; keeps the last value of gauges.
#[derive(Default, Clone)]
struct Sums(Arc<Inner>);

#[derive(Default)]
struct Inner {
    samples: AtomicUsize,
    usage: AtomicUsize,
}

struct Samples(Arc<Inner>);

impl metrics::HistogramFn for Samples {
    fn record(&self, _: f64) {
        self.record_many(0.0, 1);
    }
    fn record_many(&self, _: f64, count: usize) {
        self.0.samples.fetch_add(count, Ordering::Relaxed);
    }
}

struct Usage(Arc<Inner>);

impl metrics::GaugeFn for Usage {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn set(&self, value: f64) {
        self.0.usage.store((value * 100.0) as usize, Ordering::Relaxed);
    }
}

impl metrics::Recorder for Sums {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let ours = key.name() == "vela_channel_usage_ratio" && key.labels().any(|label| label.value() == "ours");
        if ours { Gauge::from_arc(Arc::new(Usage(Arc::clone(&self.0)))) } else { Gauge::noop() }
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let ours = key.name() == "vela_channel_queue_seconds" && key.labels().any(|label| label.value() == "ours");
        if ours { Histogram::from_arc(Arc::new(Samples(Arc::clone(&self.0)))) } else { Histogram::noop() }
    }
}

fn pass(values: u32) {
    let (tx, rx) = Channel::bounded(10).name("ours").build().unwrap();
    for n in 0..values {
        tx.try_send(n).unwrap();
        rx.try_recv().unwrap();
    }
}

fn forget_names() {
    for n in 0..1100 {
        drop(Channel::<u8>::bounded(1).name(format!("other.{n}")).build().unwrap());
    }
}

#[test]
fn publish() {
    let sums = Sums::default();
    metrics::set_global_recorder(sums.clone()).unwrap();
    let samples = || sums.0.samples.load(Ordering::Relaxed);

    pass(1);
    monitor::publish();
    assert_eq!(samples(), 1);
    monitor::publish();
    assert_eq!(samples(), 1, "each once");

    // The name is forgotten, and comes back.
    forget_names();
    pass(1);
    monitor::publish();
    assert_eq!(samples(), 2, "what is new");

    // The same, with a publication while nothing is known of it.
    forget_names();
    monitor::publish();
    pass(1);
    monitor::publish();
    assert_eq!(samples(), 3);

    // What many values were measured at costs no more than what a few were.
    pass(1_000_000);
    monitor::publish();
    assert!(samples() < 20_000, "{}", samples());

    // A channel that is gone is not full.
    let (tx, rx) = Channel::bounded(10).name("ours").build().unwrap();
    (0..9).for_each(|n| tx.try_send(n).unwrap());
    monitor::publish();
    assert_eq!(sums.0.usage.load(Ordering::Relaxed), 90);
    drop((tx, rx));
    monitor::publish();
    assert_eq!(sums.0.usage.load(Ordering::Relaxed), 0);
}
