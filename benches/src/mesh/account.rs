//! The books of one channel: what became of every value that was made for it.

use std::ops::AddAssign;

use super::epoch::Epoch;
use super::value::Id;
use super::violation::violation;

/// A set of values as its size and the sum of its hashes: equal sums mean equal sets, but for one chance in 2^64.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) values: u64,
    hashes: u64,
}

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, id: Id) {
        self.values += 1;
        self.hashes = self.hashes.wrapping_add(id.hash());
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.values += other.values;
        self.hashes = self.hashes.wrapping_add(other.hashes);
    }
}

/// See the [module](self).
#[derive(Debug, Default, Clone)]
pub(crate) struct Account {
    pub(crate) created: Tally,
    pub(crate) received: Tally,
    /// Came back to the sender, by an error or a cancelled `send_from`.
    pub(crate) returned: Tally,
    /// Dropped where the contract says so: a cancelled `send`, the last receiver's drop, a dropping policy.
    pub(crate) dropped: Tally,
    /// Received after a later value of the same sender.
    pub(crate) late: u64,
    /// Receives that were given up while they waited: each may make one value late for somebody else.
    pub(crate) cancelled: u64,
    /// Sampled values, each with what became of it, so that a difference can be told by name.
    pub(crate) sample: Vec<(Id, Fate)>,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Created,
    Received,
    Returned,
    Dropped,
}

impl Account {
    #[inline]
    pub(crate) fn note(&mut self, id: Id, fate: Fate) {
        match fate {
            Fate::Created => self.created.add(id),
            Fate::Received => self.received.add(id),
            Fate::Returned => self.returned.add(id),
            Fate::Dropped => self.dropped.add(id),
        }
        // Four neighbours of every 1024.
        if id.seq() & 0x3FC == 0 {
            self.sample.push((id, fate));
        }
    }

    pub(crate) fn merge(&mut self, mut other: Self) {
        self.created += other.created;
        self.received += other.received;
        self.returned += other.returned;
        self.dropped += other.dropped;
        self.late += other.late;
        self.cancelled += other.cancelled;
        self.sample.append(&mut other.sample);
    }

    /// Every value has had exactly one fate, and the order was kept.
    pub(crate) fn judge(&mut self, epoch: &Epoch) {
        let mut ends = self.received;
        ends += self.returned;
        ends += self.dropped;
        if ends != self.created {
            violation(format_args!(
                "{epoch:?}: {} values were made, {} received, {} handed back, {} dropped: {}",
                self.created.values,
                self.received.values,
                self.returned.values,
                self.dropped.values,
                match ends.values.cmp(&self.created.values) {
                    std::cmp::Ordering::Less => "some were lost",
                    std::cmp::Ordering::Equal => "the same number, but not the same values",
                    std::cmp::Ordering::Greater => "some were duplicated",
                }
            ));
        }
        self.judge_sample(epoch);
        let most_late = if epoch.keeps_order { 0 } else { self.cancelled };
        if self.late > most_late {
            violation(format_args!(
                "{epoch:?}: {} values came after later ones of their senders; at most {most_late} may",
                self.late
            ));
        }
    }

    fn judge_sample(&mut self, epoch: &Epoch) {
        self.sample.sort_unstable();
        for fates in self.sample.chunk_by(|(a, _), (b, _)| a == b) {
            let ok = matches!(fates, [(_, Fate::Created), (_, end)] if *end != Fate::Created);
            if !ok {
                let id = fates[0].0;
                let seen: Vec<Fate> = fates.iter().map(|&(_, fate)| fate).collect();
                violation(format_args!("{epoch:?}: value {} of task {}: {seen:?}", id.seq(), id.sender()));
            }
        }
    }
}
