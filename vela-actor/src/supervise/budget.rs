//! How many restarts a supervisor, or a child, may have in a time.
//!
//! A window slides over the restarts of the last `within`, its end included. What matters is the time that a child had to stay
//! up: while it waits to be started, its entries do not grow older ([`Budget::pause`]). So a delay that is longer than the
//! window hides no child that never stays up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeBounds;
use std::time::Duration;

use super::Key;

/// The budget and what has been used of it. Counting costs O(log n) on the average, n the children with restarts in the window.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) max_restarts: u32,
    pub(crate) within: Duration,
    strains: BTreeMap<Key, Strain>,
    /// When the oldest entry of a child ends, for all that do not wait.
    ends: BTreeSet<(Duration, Key)>,
    /// Entries of all children: at most one more than allowed.
    total: usize,
}

/// The restarts of one child in the window.
#[derive(Debug, Clone, Default)]
struct Strain {
    /// When, in the child's own time, which stands still while it waits. Oldest first, never empty between two calls.
    times: VecDeque<Duration>,
    /// How long it has waited in all.
    waited: Duration,
    /// Since when it waits now.
    since: Option<Duration>,
}

impl Strain {
    /// When the oldest entry ends, if the child waits no more until then.
    fn end(&self, within: Duration) -> Option<Duration> {
        self.times.front().map(|time| time.saturating_add(within).saturating_add(self.waited))
    }
}

impl Budget {
    /// `u32::MAX` restarts are as many as one likes: nothing is kept.
    pub(crate) fn new(max_restarts: u32, within: Duration) -> Self {
        Self { max_restarts, within, strains: BTreeMap::new(), ends: BTreeSet::new(), total: 0 }
    }

    /// Counts a restart, and says whether that was one too many.
    pub(crate) fn count(&mut self, now: Duration, key: Key) -> bool {
        if self.max_restarts == u32::MAX {
            return false;
        }
        self.resume(key..=key, now);
        self.expire(now);
        let strain = self.strains.entry(key).or_default();
        strain.times.push_back(now.saturating_sub(strain.waited));
        self.total += 1;
        if let (1, Some(end)) = (strain.times.len(), strain.end(self.within)) {
            self.ends.insert((end, key));
        }
        self.total > self.max_restarts as usize
    }

    /// These children wait from now on. Those that do already stay so.
    pub(crate) fn pause(&mut self, keys: impl RangeBounds<Key>, now: Duration) {
        self.expire(now);
        for (&key, strain) in self.strains.range_mut(keys).filter(|(_, strain)| strain.since.is_none()) {
            if let Some(end) = strain.end(self.within) {
                self.ends.remove(&(end, key));
            }
            strain.since = Some(now);
        }
    }

    /// These children wait no longer.
    pub(crate) fn resume(&mut self, keys: impl RangeBounds<Key>, now: Duration) {
        for (&key, strain) in self.strains.range_mut(keys) {
            let Some(since) = strain.since.take() else { continue };
            strain.waited = strain.waited.saturating_add(now.saturating_sub(since));
            if let Some(end) = strain.end(self.within) {
                self.ends.insert((end, key));
            }
        }
    }

    fn expire(&mut self, now: Duration) {
        while let Some(&(end, key)) = self.ends.first()
            && end < now
        {
            self.ends.pop_first();
            let Some(strain) = self.strains.get_mut(&key) else { continue };
            strain.times.pop_front();
            self.total -= 1;
            match strain.end(self.within) {
                Some(end) => _ = self.ends.insert((end, key)),
                None => _ = self.strains.remove(&key),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vela_core::time::{ms, secs};

    use super::*;

    const A: Key = Key(1);
    const B: Key = Key(2);
    const NS: Duration = Duration::from_nanos(1);

    #[test]
    fn an_entry_counts_up_to_the_very_end_of_the_window() {
        let mut budget = Budget::new(1, secs(5));
        assert!(!budget.count(secs(1), A));
        assert!(budget.clone().count(secs(6), B), "exactly at the end");
        assert!(!budget.count(secs(6) + NS, B), "one ns later");
    }

    #[test]
    fn nothing_is_allowed_by_zero_and_everything_by_the_largest_number() {
        assert!(Budget::new(0, secs(5)).count(secs(1), A));
        let mut unlimited = Budget::new(u32::MAX, secs(5));
        assert!((0..10_000).all(|_| !unlimited.count(secs(1), A)));
        assert_eq!(unlimited.total, 0);
    }

    #[test]
    fn restarts_below_the_rate_never_use_it_up() {
        let mut budget = Budget::new(3, secs(5));
        let mut now = Duration::ZERO;
        for n in 0..10_000 {
            now += secs(5) / 3 + NS;
            assert!(!budget.count(now, if n % 3 == 0 { B } else { A }), "restart {n}");
        }
        assert!(budget.total <= 4 && budget.strains.len() <= 2 && budget.ends.len() <= 2);
    }

    #[test]
    fn time_in_backoff_is_not_counted() {
        let mut budget = Budget::new(3, secs(5));
        let mut now = Duration::ZERO;
        for n in 0..4 {
            assert_eq!(budget.count(now, A), n == 3);
            budget.pause(A..=A, now);
            now += secs(30);
            // Who looks meanwhile must not make them older.
            budget.expire(now);
            budget.resume(A..=A, now);
        }
    }

    #[test]
    fn time_in_backoff_of_one_child_is_not_taken_from_another() {
        let mut budget = Budget::new(2, secs(5));
        assert!(!budget.count(secs(0), A));
        assert!(!budget.count(secs(0), B));
        budget.pause(A..=A, secs(0));
        assert!(!budget.count(secs(5) + NS, B), "B's first has ended");
        budget.resume(A..=A, secs(6));
        assert!(budget.clone().count(secs(10), B), "A's has not, B's second neither");
        assert!(!budget.count(secs(11) + NS, B), "both have");
    }

    #[test]
    fn with_few_restarts_each_and_many_children_it_stays_fast() {
        let mut budget = Budget::new(1_000_000, secs(5));
        for n in 0..100_000 {
            let (key, now) = (Key(n), ms(n));
            assert!(!budget.count(now, key));
            budget.pause(key..=key, now);
            budget.resume(key..=key, now + NS);
        }
        assert!(budget.total < 5_010);
    }
}
