//! Durations of which some are measured: to ask for the time twice for each costs more than to hand a small job over.

use vela_core::__private::{Durations, Measured};
use vela_core::time::Instant;

/// Written under the pool's lock.
#[derive(Debug)]
pub(crate) struct Samples {
    durations: Durations,
    /// How many are to be passed over.
    pass: u64,
    /// How many were, since the last that is measured.
    passed: u64,
}

/// One that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    at: Instant,
    /// How many it stands for.
    weight: u64,
}

impl Samples {
    pub(crate) fn new() -> Self {
        Self { durations: Durations::new(), pass: 0, passed: 0 }
    }

    /// Something begins: maybe it is to be measured. `now` is what the clock shows, if that is known.
    pub(crate) fn start(&mut self, now: Option<Instant>) -> Option<Start> {
        if self.pass > 0 {
            self.pass -= 1;
            self.passed += 1;
            return None;
        }
        let weight = std::mem::take(&mut self.passed) + 1;
        Some(Start { at: now.unwrap_or_else(Instant::now), weight })
    }

    /// It has ended at `now`; `born` is when the pool was made.
    pub(crate) fn end(&mut self, start: Start, now: Instant, born: Instant) {
        let nanos = |from| u64::try_from(now.duration_since(from).as_nanos()).unwrap_or(u64::MAX);
        self.pass = self.durations.note(nanos(born), nanos(start.at), start.weight) - 1;
    }

    pub(crate) fn load(&self) -> Measured {
        self.durations.load()
    }
}
