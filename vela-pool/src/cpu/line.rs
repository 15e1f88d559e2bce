//! Places in the queue, and the line of those who wait for one (P1). It exists only where the policy is to wait.
//!
//! A place is free, or taken by a job in the queue, or *given*: reserved for the line, as a permit of a semaphore that
//! nobody else puts permits into. The semaphore serves the line in order, and passes on the permit of one who has left. It sees no
//! waker that panics, for it would leave those behind it asleep.
//!
//! - R1: nobody is in line without a given place while there is a free one. So who comes later does not overtake.
//! - R2: `given` counts the permits in the semaphore, and those that were acquired for a push that is yet to come.

use std::sync::Arc;

use tokio::sync::Semaphore;
use vela_core::Overflow;
use vela_core::time::timeout;

use super::shared::Shared;
use crate::contained::contained;
use crate::error::SpawnErrorKind;

/// Under the pool's lock.
#[derive(Debug, Default)]
pub(super) struct Places {
    given: usize,
    /// How many are in line, those included who have been given a place.
    waiting: usize,
}

impl Places {
    /// Whether a job may be pushed past the line.
    pub(super) fn take(&mut self, queued: usize, bound: usize, line: &Semaphore) -> bool {
        if queued + self.given < bound {
            return true;
        }
        // Somebody may have left the line after he was given a place, and nobody was behind him.
        let left = self.given > 0 && line.try_acquire().map(|permit| permit.forget()).is_ok();
        self.given -= usize::from(left);
        left
    }

    /// A place has become free: whether it is given to the line, which the caller does once the lock is gone.
    pub(super) fn freed(&mut self) -> bool {
        let given = self.waiting > self.given;
        self.given += usize::from(given);
        given
    }

    /// Somebody gets in line: whether there is a place for him already, which the caller gives.
    pub(super) fn join(&mut self, queued: usize, bound: usize) -> bool {
        self.waiting += 1;
        let given = queued + self.given < bound;
        self.given += usize::from(given);
        given
    }

    /// Somebody leaves the line without a push. The place that he may have been given stays given.
    pub(super) fn leave(&mut self) {
        self.waiting -= 1;
    }

    /// Somebody leaves the line with a push.
    pub(super) fn pushed(&mut self) {
        self.waiting -= 1;
        self.given -= 1;
    }
}

/// Somebody in line.
pub(super) struct InLine {
    pool: Arc<Shared>,
    /// He has been given a place.
    place: bool,
    /// His job has it.
    pushed: bool,
}

impl InLine {
    /// For pools whose policy is to wait.
    pub(super) fn join(pool: &Arc<Shared>) -> Result<Self, SpawnErrorKind> {
        pool.join_line()?;
        Ok(Self { pool: Arc::clone(pool), place: false, pushed: false })
    }

    /// Waits for a place.
    pub(super) async fn wait(&mut self) -> Result<(), SpawnErrorKind> {
        let Some(line) = &self.pool.line else { return Ok(()) };
        let acquired = match self.pool.overflow {
            Overflow::Timeout(limit) => {
                timeout(limit, contained(line.acquire())).await.map_err(|_| SpawnErrorKind::TimedOut)?
            }
            _ => contained(line.acquire()).await,
        };
        acquired.map_err(|_| SpawnErrorKind::Closed)?.forget();
        self.place = true;
        Ok(())
    }

    /// His job is in the queue, and has his place.
    pub(super) fn pushed(&mut self) {
        self.pushed = true;
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        if !self.pushed {
            self.pool.leave_line();
            if self.place {
                self.pool.give_place();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue of two, by hand.
    #[test]
    fn a_place_that_was_given_to_one_who_left_is_used() {
        let (mut places, line) = (Places::default(), Semaphore::new(0));
        assert!(places.take(1, 2, &line) && !places.take(2, 2, &line));
        assert!(!places.join(2, 2), "the queue is full");
        assert!(places.freed());
        line.add_permits(1);
        assert!(!places.freed(), "nobody else is in line");
        // With no job in the queue and one place given, the other is free.
        assert!(places.take(0, 2, &line) && line.available_permits() == 1);
        places.leave();
        assert!(places.take(1, 2, &line), "the one that was given");
        assert!(line.available_permits() == 0 && !places.take(2, 2, &line));
    }

    #[test]
    fn who_comes_later_does_not_overtake() {
        let (mut places, line) = (Places::default(), Semaphore::new(0));
        assert!(!places.join(1, 1));
        assert!(places.freed(), "for the one in line");
        assert!(!places.take(0, 1, &line), "although the queue is empty");
        places.pushed();
        assert!(!places.freed() && places.take(0, 1, &line));
    }

    #[test]
    fn each_place_that_becomes_free_is_given() {
        let mut places = Places::default();
        assert!(!places.join(2, 2) && !places.join(2, 2));
        assert!(places.freed() && places.freed() && !places.freed());
    }

    /// As when the making of the task panics.
    #[test]
    fn who_leaves_with_a_place_gives_it_back() -> Result<(), crate::BuildError> {
        let pool = crate::CpuPool::builder().threads(1).queue(1).build()?;
        let mut first = InLine::join(&pool.shared).expect("the pool is open");
        vela_core::block_on(first.wait()).expect("there is a place");
        assert!(pool.try_spawn(|| ()).is_err(), "it is his");
        drop(first);
        assert!(pool.try_spawn(|| ()).is_ok());
        Ok(())
    }

    #[test]
    fn who_gets_in_line_too_late_has_a_place() {
        let mut places = Places::default();
        assert!(places.join(0, 1), "a thread has taken the job meanwhile");
        assert!(!places.join(0, 1), "that place is given");
    }
}
