//! What is said about work that a pool drops: never nothing, and at most one line in ten seconds.

use std::time::Duration;

use vela_core::time::Instant;

const EVERY: Duration = Duration::from_secs(10);

/// Under the pool's lock.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    last: Option<Instant>,
    untold: u64,
}

impl Drops {
    /// One more was dropped; how many are to be told now, if any.
    pub(crate) fn note(&mut self) -> Option<u64> {
        self.untold += 1;
        self.rest()
    }

    /// How many are to be told now, if any, though no more was dropped.
    pub(crate) fn rest(&mut self) -> Option<u64> {
        // Most pools drop nothing, and need no clock here.
        let due = self.untold > 0 && self.last.is_none_or(|last| last.elapsed() >= EVERY);
        due.then(|| self.all()).flatten()
    }

    /// How many are untold, which are to be told now: there is no later.
    pub(crate) fn all(&mut self) -> Option<u64> {
        if self.untold == 0 {
            return None;
        }
        self.last = Some(Instant::now());
        Some(std::mem::take(&mut self.untold))
    }
}

/// Outside of all locks.
pub(crate) fn dropped(pool: Option<&str>, jobs: u64, bound: usize) {
    let pool = pool.unwrap_or("without a name");
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "vela::pool", pool, jobs, bound, "the pool is full, and drops jobs");
    #[cfg(not(feature = "tracing"))]
    if !vela_core::__private::seam::simulated() {
        vela_core::__private::say(format_args!("vela: {}", line(pool, jobs, bound)));
    }
}

#[cfg(any(test, not(feature = "tracing")))]
fn line(pool: &str, jobs: u64, bound: usize) -> String {
    let noun = if jobs == 1 { "job" } else { "jobs" };
    format!("the pool {pool} (bound {bound}) is full: {jobs} {noun} dropped")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn one_job_is_not_many() {
        assert_eq!(line("small", 1, 4), "the pool small (bound 4) is full: 1 job dropped");
        assert_eq!(line("small", 2, 4), "the pool small (bound 4) is full: 2 jobs dropped");
    }
}
