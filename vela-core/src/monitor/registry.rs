//! All meters of the process, by name.
//!
//! Channels of one name are one line in a report: their counters are added up, and stay when a channel goes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::ChannelSnapshot;
use super::durations::Measured;
use super::load::{Expected, Load};
use super::meter::{Counts, Limits, Meter};

static NAMES: Mutex<Names> = Mutex::new(Names { groups: BTreeMap::new(), dead: BTreeMap::new(), count: 0 });

/// So many names of which no channel is left are remembered.
const MOST_DEAD: usize = 1024;

struct Names {
    groups: BTreeMap<Box<str>, Group>,
    /// Names of which no channel is left, by the number of their death.
    dead: BTreeMap<u64, Box<str>>,
    /// Numbers that were given out, to groups and deaths.
    count: u64,
}

struct Group {
    /// A name that is forgotten and comes back has another.
    #[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "asked for where something was handed over"))]
    number: u64,
    live: BTreeMap<u64, Arc<Meter>>,
    /// Of the channels that have gone.
    retired: Totals,
    /// The number under which its name is among the dead.
    died: Option<u64>,
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
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn add(&mut self, meter: &Arc<Meter>) {
        if !self.groups.contains_key(meter.name()) {
            let group = Group { number: self.next(), live: BTreeMap::new(), retired: Totals::default(), died: None };
            self.groups.insert(meter.name().into(), group);
        }
        let group = self.groups.get_mut(meter.name()).expect("it was inserted");
        group.live.insert(meter.id, Arc::clone(meter));
        if let Some(death) = group.died.take() {
            self.dead.remove(&death);
        }
    }

    fn retire(&mut self, meter: &Meter, totals: &Totals) {
        let death = self.next();
        let Some(group) = self.groups.get_mut(meter.name()) else { return };
        group.live.remove(&meter.id);
        group.retired.join(totals);
        if group.live.is_empty() {
            group.died = Some(death);
            self.dead.insert(death, meter.name().into());
        }
        while self.dead.len() > MOST_DEAD {
            let (_, oldest) = self.dead.pop_first().expect("there are some");
            self.groups.remove(&oldest);
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
    NAMES.lock().add(&meter);
    meter
}

/// The channel of this meter is gone: what it has counted stays under its name.
pub(super) fn retire(meter: &Meter) {
    let mut totals = Totals::default();
    totals.add(meter);
    // From one to the other in one section: nobody sees the counts of a name fall.
    NAMES.lock().retire(meter, &totals);
}

/// What is known under a name.
pub(super) struct Known {
    pub(super) name: String,
    /// Another, if the name was forgotten meanwhile.
    #[cfg(feature = "metrics")]
    pub(super) number: u64,
    /// Of the channels that have gone.
    pub(super) retired: Totals,
    pub(super) live: Vec<Arc<Meter>>,
}

/// What is known under each name.
pub(super) fn all() -> Vec<Known> {
    let names = NAMES.lock();
    let known = names.groups.iter().map(|(name, group)| Known {
        name: name.to_string(),
        #[cfg(feature = "metrics")]
        number: group.number,
        retired: group.retired.clone(),
        live: group.live.values().cloned().collect(),
    });
    known.collect()
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
