//! What a pool has accepted, what has become of it, and who waits for that. It lies under the pool's lock.
//!
//! Work is accepted into the generation of now. Who waits for everything that was accepted so far ends that generation, so that
//! what comes later is of the next, and is woken when no generation up to his has open work.
//!
//! - L1: `open` is never empty; its last is the generation of now, and its first has open work unless it is the last.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vela_core::oneshot;

/// Which of the waits a piece of work belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(pub(crate) u64);

/// What has become of a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    Panicked,
    Cancelled,
    /// By the overflow policy.
    Dropped,
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) done: u64,
    pub(crate) panicked: u64,
    pub(crate) cancelled: u64,
    pub(crate) dropped: u64,
    /// Turned away for want of room, and because the wait for it took too long.
    pub(crate) rejected: u64,
    pub(crate) timeouts: u64,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    /// The number of the first generation in `open`.
    first: u64,
    /// How much work of each generation is open.
    open: VecDeque<usize>,
    waiting: Vec<(u64, oneshot::Sender<()>)>,
    pub(crate) counts: Counts,
}

/// Those whose wait is over, to be told once the lock is gone.
#[derive(Debug, Default)]
#[must_use = "they wait"]
pub(crate) struct Told(Vec<oneshot::Sender<()>>);

impl Told {
    /// Does not panic: a waker that does is not ours to report, and the others are told nevertheless.
    pub(crate) fn tell(self) {
        for waiter in self.0 {
            // He may have given up.
            let _woken = catch_unwind(AssertUnwindSafe(|| waiter.send(()).ok()));
        }
    }
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { first: 0, open: VecDeque::from([0]), waiting: Vec::new(), counts: Counts::default() }
    }

    /// One piece of work more.
    pub(crate) fn accept(&mut self) -> Generation {
        self.counts.accepted += 1;
        let at = self.open.len() - 1;
        self.open[at] += 1;
        Generation(self.first + at as u64)
    }

    /// One has met its fate, and is no longer open.
    pub(crate) fn settle(&mut self, generation: Generation, fate: Fate) -> Told {
        self.count(fate);
        self.close(generation)
    }

    /// One has met its fate.
    pub(crate) fn count(&mut self, fate: Fate) {
        match fate {
            Fate::Done => self.counts.done += 1,
            Fate::Panicked => self.counts.panicked += 1,
            Fate::Cancelled => self.counts.cancelled += 1,
            Fate::Dropped => self.counts.dropped += 1,
        }
    }

    /// One is no longer open.
    pub(crate) fn close(&mut self, generation: Generation) -> Told {
        let at = usize::try_from(generation.0 - self.first).unwrap_or(usize::MAX);
        self.open[at] -= 1;
        let before = self.first;
        while self.open.len() > 1 && self.open[0] == 0 {
            self.open.pop_front();
            self.first += 1;
        }
        if self.first == before || self.waiting.is_empty() {
            return Told::default();
        }
        let first = self.first;
        Told(self.waiting.extract_if(.., |(last, _)| *last < first).map(|(_, waiter)| waiter).collect())
    }

    /// What ends when all that was accepted so far is settled; `None`: it is.
    pub(crate) fn wait(&mut self) -> Option<oneshot::Receiver<()>> {
        if self.open[self.open.len() - 1] > 0 {
            self.open.push_back(0);
        }
        if self.open.len() == 1 {
            return None;
        }
        // Those who gave up are forgotten, so that impatient ones do not pile up. To drop one wakes nobody: nobody waits for it.
        self.waiting.retain(|(_, waiter)| !waiter.is_closed());
        let (told, wait) = oneshot::channel();
        self.waiting.push((self.first + self.open.len() as u64 - 2, told));
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_for_what_came_before_it_only() {
        let mut ledger = Ledger::new();
        assert!(ledger.wait().is_none());
        let early = ledger.accept();
        let wait = ledger.wait().unwrap();
        let late = ledger.accept();
        ledger.settle(late, Fate::Done).tell();
        assert!(wait.try_recv().is_err(), "the early one is open");
        let late = ledger.accept();
        ledger.settle(early, Fate::Done).tell();
        assert!(wait.try_recv().is_ok(), "the late one does not matter");
        ledger.settle(late, Fate::Panicked).tell();
        assert!(ledger.wait().is_none());
        assert_eq!((ledger.counts.accepted, ledger.counts.done, ledger.counts.panicked), (3, 2, 1));
    }

    #[test]
    fn a_later_generation_that_ends_first_waits_for_the_earlier_ones() {
        let mut ledger = Ledger::new();
        let first = ledger.accept();
        let wait_first = ledger.wait().unwrap();
        let second = ledger.accept();
        let wait_second = ledger.wait().unwrap();
        ledger.settle(second, Fate::Done).tell();
        assert!(wait_second.try_recv().is_err());
        ledger.settle(first, Fate::Cancelled).tell();
        assert!(wait_first.try_recv().is_ok() && wait_second.try_recv().is_ok());
    }

    #[test]
    fn waits_that_were_given_up_are_forgotten() {
        let mut ledger = Ledger::new();
        ledger.accept();
        for _ in 0..100 {
            drop(ledger.wait());
        }
        assert!(ledger.waiting.len() <= 1 && ledger.open.len() == 2);
    }
}
