//! All meters of the process, by name.
//!
//! Channels of one name are one line in a report: their counters are added up, and stay when a channel goes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::ChannelSnapshot;
use super::durations::Measured;
use super::load::{Expected, Load};
use super::meter::{Counts, Limits, Meter};

static NAMES: Mutex<Names> = Mutex::new(Names { groups: BTreeMap::new(), dead: VecDeque::new() });

/// So many names of which no channel is left are remembered.
const MOST_DEAD: usize = 1024;

struct Names {
    groups: BTreeMap<Box<str>, Group>,
    /// Names whose last channel has gone, in that order. (Some may live again.)
    dead: VecDeque<Box<str>>,
}

#[derive(Default)]
struct Group {
    live: BTreeMap<u64, Weak<Meter>>,
    /// Of the channels that have gone.
    retired: Totals,
}

/// What was measured on one or more channels.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) counts: Counts,
    pub(super) in_queue: Measured,
    pub(super) blocked: Measured,
    high: usize,
    peak_rate: f64,
    processing_time: Duration,
}

impl Totals {
    fn add(&mut self, meter: &Meter) {
        self.join(&Self {
            counts: meter.counts(),
            in_queue: meter.in_queue.load(),
            blocked: meter.blocked.load(),
            high: meter.high(),
            peak_rate: meter.load.peak_rate(),
            processing_time: meter.load.processing_time(),
        });
    }

    fn join(&mut self, other: &Self) {
        self.counts.add(other.counts);
        self.in_queue.add(&other.in_queue);
        self.blocked.add(&other.blocked);
        self.high = self.high.max(other.high);
        self.peak_rate = self.peak_rate.max(other.peak_rate);
        self.processing_time = self.processing_time.max(other.processing_time);
    }
}

impl Names {
    fn group(&mut self, name: &str) -> &mut Group {
        if !self.groups.contains_key(name) {
            self.groups.insert(name.into(), Group::default());
        }
        self.groups.get_mut(name).expect("it was inserted")
    }

    fn retire(&mut self, name: &str, id: u64, totals: &Totals) {
        let group = self.group(name);
        group.live.remove(&id);
        group.retired.join(totals);
        if group.live.is_empty() {
            self.dead.push_back(name.into());
        }
        while self.dead.len() > MOST_DEAD {
            let oldest = self.dead.pop_front().expect("there are some");
            if self.groups.get(&oldest).is_some_and(|group| group.live.is_empty()) {
                self.groups.remove(&oldest);
            }
        }
    }
}

/// Makes the meter of a channel known.
pub(crate) fn register(name: Box<str>, capacity: usize, limits: Limits, expected: Option<Expected>) -> Arc<Meter> {
    enter(Meter::new(next_id(), name, capacity, limits, Load::new(expected)))
}

/// The same for a channel whose values may be received several times, or never.
pub(super) fn register_counted(name: Box<str>, capacity: usize) -> Arc<Meter> {
    let mut meter = Meter::new(next_id(), name, capacity, Limits::default(), Load::new(None));
    meter.received = Some(AtomicU64::new(0));
    enter(meter)
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: only the number counts.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn enter(meter: Meter) -> Arc<Meter> {
    let meter = Arc::new(meter);
    NAMES.lock().group(meter.name()).live.insert(meter.id, Arc::downgrade(&meter));
    meter
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.end();
        let mut totals = Totals::default();
        totals.add(self);
        NAMES.lock().retire(self.name(), self.id, &totals);
    }
}

/// What is known under each name: the totals, and the channels that live.
pub(super) fn all() -> Vec<(String, Totals, Vec<Arc<Meter>>)> {
    // Meters are let go of after the lock: their end takes it.
    let names = NAMES.lock();
    let mut all = Vec::with_capacity(names.groups.len());
    for (name, group) in &names.groups {
        let live = group.live.values().filter_map(Weak::upgrade).collect();
        all.push((name.to_string(), group.retired.clone(), live));
    }
    all
}

/// One name, with all that is measured under it.
pub(super) fn line(name: String, mut totals: Totals, live: &[Arc<Meter>]) -> (ChannelSnapshot, Totals) {
    let mut line = ChannelSnapshot { name, channels: live.len(), capacity: Some(0), ..ChannelSnapshot::default() };
    for meter in live {
        totals.add(meter);
        line.depth += meter.len();
        line.capacity = line.capacity.zip(meter.capacity()).map(|(sum, one)| sum.saturating_add(one));
        line.saturated |= meter.is_saturated();
    }
    let counts = totals.counts;
    line.high_water = totals.high;
    line.sent = counts.sent;
    line.received = counts.received;
    line.dropped = counts.dropped;
    line.rejected = counts.rejected;
    line.timeouts = counts.timeouts;
    line.waits = counts.waits;
    line.saturations = counts.saturations;
    line.in_queue = totals.in_queue.summary();
    line.blocked = totals.blocked.summary();
    line.peak_rate = totals.peak_rate;
    line.processing_time = totals.processing_time;
    (line, totals)
}
