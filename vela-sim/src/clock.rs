//! Virtual time: it stands still while anything can run, and then jumps to the next timer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::task::Waker;
use std::time::{Duration, Instant};

/// The lower bits of a timer's number say where it is.
const PLACE_BITS: u32 = 24;

/// The clock and its timers.
///
/// - C1: the heap has exactly one entry for each timer that is armed, and entries of timers that are not any more; those
///   are dropped when they come up.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    now: Duration,
    heap: BinaryHeap<Reverse<(Duration, u64)>>,
    timers: Vec<Timer>,
    free: Vec<usize>,
    next: u64,
}

#[derive(Debug)]
struct Timer {
    number: u64,
    waker: Option<Waker>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            now: Duration::ZERO,
            heap: BinaryHeap::new(),
            timers: Vec::new(),
            free: Vec::new(),
            next: 0,
        }
    }

    /// Back to the start. Numbers of timers are not used again.
    pub(crate) fn reset(&mut self) -> Vec<Waker> {
        self.now = Duration::ZERO;
        self.heap.clear();
        self.free.clear();
        self.timers.drain(..).filter_map(|timer| timer.waker).collect()
    }

    pub(crate) fn now(&self) -> Instant {
        self.start + self.now
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.now
    }

    /// Whether the timer is armed with this waker.
    pub(crate) fn is_armed_for(&mut self, timer: u64, waker: &Waker) -> bool {
        self.find(timer).and_then(|timer| timer.waker.as_ref()).is_some_and(|known| known.will_wake(waker))
    }

    /// Sets a timer, or changes the waker of one. Gives the waker that is not needed any more.
    pub(crate) fn arm(&mut self, timer: Option<u64>, deadline: Instant, waker: Waker) -> (u64, Option<Waker>) {
        if let Some(number) = timer
            && let Some(timer) = self.find(number)
        {
            return (number, timer.waker.replace(waker));
        }
        let place = self.free.pop().unwrap_or(self.timers.len());
        self.next += 1;
        let number = self.next << PLACE_BITS | place as u64;
        let entry = Timer { number, waker: Some(waker) };
        match self.timers.get_mut(place) {
            Some(slot) => *slot = entry,
            None => self.timers.push(entry),
        }
        self.heap.push(Reverse((deadline.saturating_duration_since(self.start), number)));
        (number, None)
    }

    fn find(&mut self, number: u64) -> Option<&mut Timer> {
        let place = (number & ((1 << PLACE_BITS) - 1)) as usize;
        self.timers.get_mut(place).filter(|timer| timer.number == number && timer.waker.is_some())
    }

    /// Forgets a timer.
    pub(crate) fn disarm(&mut self, number: u64) -> Option<Waker> {
        let waker = self.find(number)?.waker.take();
        self.free.push((number & ((1 << PLACE_BITS) - 1)) as usize);
        waker
    }

    /// When the next timer goes off.
    fn next_deadline(&mut self) -> Option<Duration> {
        while let Some(&Reverse((deadline, number))) = self.heap.peek() {
            if self.find(number).is_some() {
                return Some(deadline);
            }
            self.heap.pop();
        }
        None
    }

    /// When the next timer goes off, as an instant.
    pub(crate) fn next_timer(&mut self) -> Option<Instant> {
        self.next_deadline().map(|deadline| self.start + deadline)
    }

    /// Whether any timer is armed.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.next_deadline().is_none()
    }

    /// Jumps to the next timer, and puts the wakers of all that go off then into `due`. False: there is none.
    pub(crate) fn advance(&mut self, due: &mut Vec<Waker>) -> bool {
        let Some(deadline) = self.next_deadline() else { return false };
        self.now = self.now.max(deadline);
        while let Some(next) = self.next_deadline() {
            if next > self.now {
                break;
            }
            if let Some(Reverse((_, number))) = self.heap.pop() {
                due.extend(self.disarm(number));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armed(clock: &mut Clock, ms: u64) -> u64 {
        let deadline = clock.now() + Duration::from_millis(ms);
        clock.arm(None, deadline, Waker::noop().clone()).0
    }

    #[test]
    fn jumps_to_the_next_timer_and_takes_all_of_that_instant() {
        let mut clock = Clock::new();
        armed(&mut clock, 5);
        armed(&mut clock, 3);
        armed(&mut clock, 3);
        let mut due = Vec::new();
        assert!(clock.advance(&mut due));
        assert_eq!((due.len(), clock.elapsed()), (2, Duration::from_millis(3)));
        assert!(clock.advance(&mut due));
        assert_eq!((due.len(), clock.elapsed()), (3, Duration::from_millis(5)));
        assert!(!clock.advance(&mut due));
    }

    #[test]
    fn a_timer_that_was_disarmed_does_not_go_off_and_its_place_is_used_again() {
        let mut clock = Clock::new();
        let first = armed(&mut clock, 1);
        assert!(clock.disarm(first).is_some());
        let second = armed(&mut clock, 2);
        assert_ne!(first, second);
        assert!(clock.disarm(first).is_none());
        let mut due = Vec::new();
        assert!(clock.advance(&mut due));
        assert_eq!((due.len(), clock.elapsed()), (1, Duration::from_millis(2)));
        assert!(clock.is_idle());
    }
}
