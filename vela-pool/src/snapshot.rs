//! What pools have done, as numbers.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use vela_core::__private::Measured;
use vela_core::monitor::Summary;

use crate::ledger::Counts;

/// What is known about a pool at one time. `accepted` is the sum of `done`, `panicked`, `cancelled`, `dropped`, and of what is
/// queued and running.
///
/// With the feature `serde` it can be serialised; durations are seconds then.
///
/// # Examples
///
/// ```
/// # vela::block_on(async {
/// let pool = vela::pool::CpuPool::builder().threads(1).name("hash").build()?;
/// pool.run(|| 1 + 1).await.unwrap();
/// let seen = pool.snapshot();
/// assert_eq!((seen.name.as_str(), seen.accepted, seen.done, seen.queued), ("hash", 1, 1, 0));
/// # Ok::<(), vela::pool::BuildError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PoolSnapshot {
    /// The name; empty if it has none.
    pub name: String,
    /// How many threads run its work; `None`: that is the runtime's business.
    pub threads: Option<usize>,
    /// Most pieces of work in its queue, or, for an [`IoPool`](crate::IoPool), at a time; `None`: there is no bound.
    pub capacity: Option<usize>,
    /// How many are in the queue.
    pub queued: usize,
    /// How many run. On a CPU pool that is the number of busy threads, unless a job waits inside Rayon, where its thread may run another,
    /// or runs one itself that it could not put into the full queue.
    pub running: usize,
    /// The most that were in the queue, or, for an [`IoPool`](crate::IoPool), at work, at one time.
    pub high_water: usize,
    /// How many were taken.
    pub accepted: u64,
    /// How many have returned.
    pub done: u64,
    /// How many have panicked.
    pub panicked: u64,
    /// How many were cancelled: on a CPU pool before they had begun.
    pub cancelled: u64,
    /// How many the overflow policy has dropped.
    pub dropped: u64,
    /// How many were turned away for want of room.
    pub rejected: u64,
    /// How many were turned away because the wait for room took too long.
    pub timeouts: u64,
    /// How long jobs were in the queue before they ran. An estimate from samples, its `count` too, which may be some jobs behind
    /// `accepted` and `done`; those are exact.
    pub in_queue: Summary,
    /// How long they ran. An estimate, as `in_queue`.
    pub run_time: Summary,
}

impl PoolSnapshot {
    pub(crate) fn of(name: Option<&str>, counts: Counts) -> Self {
        let Counts { accepted, done, panicked, cancelled, dropped, rejected, timeouts } = counts;
        let name = name.unwrap_or_default().to_owned();
        Self { name, accepted, done, panicked, cancelled, dropped, rejected, timeouts, ..Self::default() }
    }
}

/// A snapshot, and the durations behind its summaries.
pub(crate) struct Look {
    pub(crate) snapshot: PoolSnapshot,
    pub(crate) in_queue: Measured,
    pub(crate) run_time: Measured,
}

impl Look {
    pub(crate) fn into_snapshot(self) -> PoolSnapshot {
        let (in_queue, run_time) = (self.in_queue.summary(), self.run_time.summary());
        PoolSnapshot { in_queue, run_time, ..self.snapshot }
    }
}

#[cfg(feature = "metrics")]
impl Look {
    /// Adds another pool of the same name. A bound that is none, `usize::MAX` say, stays that.
    pub(crate) fn add(&mut self, other: &Self) {
        let (sum, more) = (&mut self.snapshot, &other.snapshot);
        for (sum, more) in [(&mut sum.threads, more.threads), (&mut sum.capacity, more.capacity)] {
            *sum = sum.zip(more).map(|(one, other)| one.saturating_add(other));
        }
        let sizes = [
            (&mut sum.queued, more.queued),
            (&mut sum.running, more.running),
            // It may not have been at one time.
            (&mut sum.high_water, more.high_water),
        ];
        for (sum, more) in sizes {
            *sum = sum.saturating_add(more);
        }
        let counts = [
            (&mut sum.accepted, more.accepted),
            (&mut sum.done, more.done),
            (&mut sum.panicked, more.panicked),
            (&mut sum.cancelled, more.cancelled),
            (&mut sum.dropped, more.dropped),
            (&mut sum.rejected, more.rejected),
            (&mut sum.timeouts, more.timeouts),
        ];
        for (sum, more) in counts {
            *sum = sum.saturating_add(more);
        }
        self.in_queue.add(&other.in_queue);
        self.run_time.add(&other.run_time);
    }
}

/// A pool that can be looked at.
pub(crate) trait Observed: Send + Sync {
    fn look(&self) -> Look;
}

/// The pools that have a name.
static NAMED: Mutex<Vec<Weak<dyn Observed>>> = Mutex::new(Vec::new());

pub(crate) fn register(pool: Weak<dyn Observed>) {
    let mut named = NAMED.lock();
    named.retain(|pool| pool.strong_count() > 0);
    named.push(pool);
}

pub(crate) fn looks() -> Vec<Look> {
    let named: Vec<Arc<dyn Observed>> = NAMED.lock().iter().filter_map(Weak::upgrade).collect();
    named.iter().map(|pool| pool.look()).collect()
}

/// All pools that have a name and are still there, in the order in which they were made; two of one name are two of them. (In the
/// metrics they are added up.)
///
/// # Examples
///
/// ```
/// let pool = vela::pool::CpuPool::builder().threads(1).name("thumbnails").build()?;
/// assert!(vela::pool::snapshot().iter().any(|pool| pool.name == "thumbnails"));
/// # drop(pool);
/// # Ok::<(), vela::pool::BuildError>(())
/// ```
#[must_use]
pub fn snapshot() -> Vec<PoolSnapshot> {
    looks().into_iter().map(Look::into_snapshot).collect()
}
