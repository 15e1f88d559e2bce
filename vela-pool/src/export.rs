//! Everything that pools count, for the recorder of the `metrics` facade.

use std::collections::BTreeMap;

use metrics::{SharedString, Unit, counter, gauge, histogram};
use parking_lot::Mutex;
use vela_core::__private::Measured;

use crate::snapshot::{Look, looks};

/// Durations that were handed over already, by the pool's name.
static PUBLISHED: Mutex<BTreeMap<String, [Measured; 2]>> = Mutex::new(BTreeMap::new());

/// Hands what the named pools have counted to the recorder of the `metrics` facade, if there is one: call it now and then, or
/// before a scrape. Pools of one name are added up; one that is gone is left out, so give pools that come and go names of their own, or
/// none.
///
/// Each metric has the label `pool`.
///
/// | metric | kind | |
/// |---|---|---|
/// | `vela_pool_jobs_accepted_total` | counter | pieces of work that were taken |
/// | `vela_pool_jobs_done_total`, `…_panicked_total`, `…_cancelled_total`, `…_dropped_total` | counter | what became of them |
/// | `vela_pool_jobs_rejected_total`, `…_timeouts_total` | counter | those that were not taken |
/// | `vela_pool_queue_depth`, `vela_pool_queue_capacity` | gauge | in the queue; capacity: only where there is a bound |
/// | `vela_pool_busy`, `vela_pool_threads` | gauge | what runs, and on how many threads |
/// | `vela_pool_queue_seconds` | histogram | how long jobs were in the queue |
/// | `vela_pool_run_seconds` | histogram | how long they ran |
///
/// The histograms are estimates from [samples](vela_core::monitor::Summary), and so are their `_count` and `_sum`: a mean is one divided
/// by the other; how many jobs there were is in the counters.
///
/// One call waits for another that is under way: a recorder must not call it.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let prometheus = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
/// vela::pool::describe();
/// let pool = vela::pool::CpuPool::builder().threads(1).name("hash").build()?;
/// pool.try_spawn(|| 7)?.join_blocking()?;
///
/// vela::pool::publish(); // at each scrape, say
/// let page = prometheus.render();
/// assert!(page.contains(r#"vela_pool_jobs_done_total{pool="hash"} 1"#), "{page}");
/// # Ok(())
/// # }
/// ```
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub fn publish() {
    // One at a time: what is handed over must not be handed over twice.
    let mut published = PUBLISHED.lock();
    for (name, Look { snapshot: seen, in_queue, run_time }) in by_name() {
        let labels = [("pool", SharedString::from(name.clone()))];
        let count = |metric: &'static str, n: u64| counter!(metric, &labels).absolute(n);
        count("vela_pool_jobs_accepted_total", seen.accepted);
        count("vela_pool_jobs_done_total", seen.done);
        count("vela_pool_jobs_panicked_total", seen.panicked);
        count("vela_pool_jobs_cancelled_total", seen.cancelled);
        count("vela_pool_jobs_dropped_total", seen.dropped);
        count("vela_pool_jobs_rejected_total", seen.rejected);
        count("vela_pool_jobs_timeouts_total", seen.timeouts);
        let set = |metric: &'static str, value: usize| gauge!(metric, &labels).set(value as f64);
        set("vela_pool_queue_depth", seen.queued);
        set("vela_pool_busy", seen.running);
        if let Some(capacity) = seen.capacity {
            set("vela_pool_queue_capacity", capacity);
        }
        if let Some(threads) = seen.threads {
            set("vela_pool_threads", threads);
        }
        let before = published.entry(name).or_default();
        let now = [("vela_pool_queue_seconds", in_queue), ("vela_pool_run_seconds", run_time)];
        for ((metric, now), before) in now.into_iter().zip(before) {
            for (seconds, n) in now.since(before) {
                histogram!(metric, &labels).record_many(seconds, n);
            }
            *before = now;
        }
    }
}

fn by_name() -> BTreeMap<String, Look> {
    let mut all: BTreeMap<String, Look> = BTreeMap::new();
    for look in looks() {
        match all.get_mut(&look.snapshot.name) {
            Some(sum) => sum.add(&look),
            None => drop(all.insert(look.snapshot.name.clone(), look)),
        }
    }
    all
}

/// Tells the recorder what the metrics mean, and their units. Once, after it is installed.
pub fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("vela_pool_jobs_accepted_total", Unit::Count, "Jobs that the pool has taken");
    describe_counter!("vela_pool_jobs_done_total", Unit::Count, "Jobs that have returned");
    describe_counter!("vela_pool_jobs_panicked_total", Unit::Count, "Jobs that have panicked");
    describe_counter!("vela_pool_jobs_cancelled_total", Unit::Count, "Jobs that were cancelled");
    describe_counter!("vela_pool_jobs_dropped_total", Unit::Count, "Jobs that the overflow policy has dropped");
    describe_counter!("vela_pool_jobs_rejected_total", Unit::Count, "Jobs that were turned away for want of room");
    describe_counter!("vela_pool_jobs_timeouts_total", Unit::Count, "Jobs for which there was no room in time");
    describe_gauge!("vela_pool_queue_depth", Unit::Count, "Jobs in the queue");
    describe_gauge!("vela_pool_queue_capacity", Unit::Count, "Jobs that the queue holds, or futures at a time");
    describe_gauge!("vela_pool_busy", Unit::Count, "Jobs that run");
    describe_gauge!("vela_pool_threads", Unit::Count, "Threads that run jobs");
    describe_histogram!(
        "vela_pool_queue_seconds",
        Unit::Seconds,
        "How long jobs were in the queue, estimated from samples"
    );
    describe_histogram!("vela_pool_run_seconds", Unit::Seconds, "How long jobs ran, estimated from samples");
}
