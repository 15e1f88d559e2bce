//! When one runner is faster than two: tasks that mostly meet on the locks of the same channels.
//!
//! A channel operation costs some 10 ns where one core does both ends of it, and over 100 ns where its cache lines go back and
//! forth between two. So two runners whose tasks do little else *and* find locks taken get less done than one. Such a
//! runner brings its tasks to another that is in the same situation, which keeps them together for a while ([`Verdict`]).
//! Tasks that compute between their operations, or whose channels are their own, never come to that: the first are not
//! dense, the second do not contend. Whether it was right is measured: together they must get done what they did apart.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// So much is looked at together.
const WINDOW: Duration = Duration::from_micros(50);
/// Operations that take longer than this on average have something to do beside: a second core pays.
const DENSE: Duration = Duration::from_nanos(100);
/// The same where no lock was found taken, which makes operations longer.
const SPARSE: Duration = Duration::from_nanos(75);
/// To wait for locks for one part in so many of the time is too much.
const WAITED: u32 = 64;
/// So many windows in a row must be slow before they count.
const SLOW: u32 = 8;
/// How long tasks are kept together, at first and at most, before they are let apart to see whether they still contend.
const FIRST: Duration = Duration::from_millis(8);
const MOST: Duration = Duration::from_millis(128);
/// How long it is not tried again where it was wrong, at first; at most 64 times that.
const BARRED: Duration = Duration::from_millis(2);

/// What a runner has done.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Done {
    pub(super) time: Duration,
    /// Channel operations.
    pub(super) operations: u32,
    /// How much of the time it has waited for locks.
    pub(super) waited: Duration,
}

/// What a runner is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As before.
    GoOn,
    /// To bring its tasks to another hot runner, if there is one.
    Join,
}

/// The load of one runner. The cells belong to who polls it.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// It would gain by company.
    hot: AtomicBool,
    /// Its tasks have something to do beside their operations: what waits behind a poll is better done elsewhere.
    eager: AtomicBool,
    /// Operations a millisecond in the last window.
    rate: AtomicU64,
    /// What it must get done now that others have brought their tasks, in operations a millisecond; 0: nobody has.
    expected: AtomicU64,
    window: Cell<Done>,
    /// When the last window ended.
    since: Cell<Option<Instant>>,
    /// The first window since others came is not counted: they came in the middle of it.
    settled: Cell<bool>,
    /// How many windows in a row were slower than what is expected.
    slow: Cell<u32>,
    until: Cell<Option<Instant>>,
    keep: Cell<Duration>,
    barred: Cell<Option<Instant>>,
    bar: Cell<u32>,
}

impl Load {
    /// Whether its tasks are to stay together.
    #[inline]
    pub(super) fn is_gathered(&self) -> bool {
        self.expected.load(Ordering::Relaxed) != 0
    }

    #[inline]
    pub(super) fn is_eager(&self) -> bool {
        self.eager.load(Ordering::Relaxed)
    }

    pub(super) fn is_hot(&self) -> bool {
        self.hot.load(Ordering::Relaxed)
    }

    pub(super) fn rate(&self) -> u64 {
        self.rate.load(Ordering::Relaxed)
    }

    /// Another runner brings its tasks, which got `rate` done there.
    pub(super) fn gather(&self, rate: u64) {
        self.hot.store(false, Ordering::Relaxed);
        self.expected.fetch_max(self.rate() + rate, Ordering::Relaxed);
    }

    /// It has brought its tasks to another one.
    pub(super) fn leave(&self) {
        self.hot.store(false, Ordering::Relaxed);
        self.rate.store(0, Ordering::Relaxed);
    }

    /// Adds what was done up to `now`.
    pub(super) fn add(&self, done: Done, now: Instant) -> Verdict {
        let mut window = self.window.get();
        window.time += done.time;
        window.operations = window.operations.saturating_add(done.operations);
        window.waited += done.waited;
        let full = window.time >= WINDOW;
        self.window.set(if full { Done::default() } else { window });
        if full { self.judge(window, now) } else { Verdict::GoOn }
    }

    fn judge(&self, window: Done, now: Instant) -> Verdict {
        // Pauses count: what matters is what is done in the end.
        let elapsed = self.since.replace(Some(now)).map_or(window.time, |since| now - since);
        let rate = u64::from(window.operations) * 1_000_000 / elapsed.max(window.time).as_nanos() as u64;
        self.rate.store(rate, Ordering::Relaxed);
        let busy = window.time.saturating_sub(window.waited);
        let dense = DENSE * window.operations >= busy;
        let expected = self.expected.load(Ordering::Relaxed);
        if expected != 0 {
            self.judge_gathered(dense && rate * 10 >= expected * 7, now);
            return Verdict::GoOn;
        }
        let contends = window.waited * WAITED >= window.time;
        let barred = self.barred.get().is_some_and(|barred| now < barred);
        let hot = dense && contends && !barred;
        self.eager.store(!dense || !contends && SPARSE * window.operations < busy, Ordering::Relaxed);
        self.hot.store(hot, Ordering::Relaxed);
        if !hot && self.until.get().is_some_and(|until| now > until + 4 * WINDOW) {
            // They were let apart, and do not contend any more.
            self.until.set(None);
            self.keep.set(Duration::ZERO);
        }
        if hot { Verdict::Join } else { Verdict::GoOn }
    }

    fn judge_gathered(&self, pays: bool, now: Instant) {
        if !self.settled.replace(true) {
            self.slow.set(0);
            self.keep.set((2 * self.keep.get()).clamp(FIRST, MOST));
            self.until.set(Some(now + self.keep.get()));
            return;
        }
        // A thread is interrupted now and then.
        self.slow.set(if pays { 0 } else { self.slow.get() + 1 });
        let pays = self.slow.get() < SLOW;
        let over = self.until.get().is_none_or(|until| now >= until);
        if !pays {
            self.barred.set(Some(now + BARRED * (1 << self.bar.get())));
            self.bar.set((self.bar.get() + 1).min(6));
        } else if over {
            self.bar.set(0);
        }
        if over || !pays {
            self.settled.set(false);
            self.expected.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICRO: Duration = Duration::from_micros(1);

    /// Plays a runner window by window.
    struct Play {
        load: Load,
        now: Instant,
    }

    impl Play {
        fn new() -> Self {
            Self { load: Load::default(), now: Instant::now() }
        }

        /// A window in which an operation took `each`, and this part of the time was spent on waiting for locks.
        fn window(&mut self, each: Duration, waited: Duration) -> Verdict {
            self.now += WINDOW;
            let operations = ((WINDOW - waited).as_nanos() / each.as_nanos()) as u32;
            self.load.add(Done { time: WINDOW, operations, waited }, self.now)
        }

        fn gathered_windows(&mut self, each: Duration) -> u32 {
            let mut windows = 0;
            while self.load.is_gathered() {
                self.window(each, Duration::ZERO);
                windows += 1;
            }
            windows
        }
    }

    const QUICK: Duration = Duration::from_nanos(20);

    #[test]
    fn dense_tasks_that_wait_for_locks_are_brought_together() {
        let mut play = Play::new();
        assert_eq!(play.window(QUICK, Duration::ZERO), Verdict::GoOn);
        assert_eq!(play.window(QUICK, 5 * MICRO), Verdict::Join);
        assert!(play.load.is_hot() && !play.load.is_eager());
    }

    #[test]
    fn tasks_that_compute_are_spread_even_if_they_wait_for_locks() {
        let mut play = Play::new();
        assert_eq!(play.window(MICRO, 5 * MICRO), Verdict::GoOn);
        assert!(!play.load.is_hot() && play.load.is_eager());
        play.window(QUICK, Duration::ZERO);
        assert!(!play.load.is_eager());
    }

    #[test]
    fn a_part_of_a_window_is_no_verdict() {
        let play = Play::new();
        let done = Done { time: WINDOW / 2, operations: 1000, waited: WINDOW / 4 };
        assert_eq!(play.load.add(done, play.now), Verdict::GoOn);
        assert!(!play.load.is_hot());
        assert_eq!(play.load.add(done, play.now + WINDOW), Verdict::Join);
    }

    #[test]
    fn operations_are_counted_up_to_a_most() {
        // They come from a counter that goes no further, and may have been counted for long.
        let play = Play::new();
        let done = Done { time: WINDOW / 2, operations: u32::MAX, waited: Duration::from_nanos(20) * u32::MAX };
        assert_eq!(play.load.add(done, play.now), Verdict::GoOn);
        assert_eq!(play.load.add(done, play.now + WINDOW), Verdict::Join);
        assert!(play.load.is_hot());
    }

    #[test]
    fn tasks_stay_together_longer_each_time_while_it_pays() {
        let mut play = Play::new();
        let mut before = 0;
        for _ in 0..4 {
            play.window(QUICK, 5 * MICRO);
            play.load.gather(play.load.rate());
            assert!(play.load.is_gathered() && !play.load.is_hot());
            let windows = play.gathered_windows(QUICK / 2);
            assert!(windows > before, "{windows} after {before}");
            before = windows;
        }
        // They do not contend any more: the next time it begins with the shortest again.
        (0..10).for_each(|_| _ = play.window(QUICK, Duration::ZERO));
        play.window(QUICK, 5 * MICRO);
        play.load.gather(play.load.rate());
        assert!(play.gathered_windows(QUICK / 2) < before);
    }

    #[test]
    fn tasks_that_get_less_done_together_are_let_apart_and_barred() {
        let mut play = Play::new();
        let mut before = Duration::ZERO;
        for _ in 0..3 {
            play.window(QUICK, 5 * MICRO);
            assert!(play.load.is_hot());
            play.load.gather(play.load.rate());
            // One of two halves: what each runner would do with independent tasks.
            assert_eq!(play.gathered_windows(QUICK), 1 + SLOW);
            let since = play.now;
            while play.window(QUICK, 5 * MICRO) != Verdict::Join {}
            let barred = play.now - since;
            assert!(barred > before, "{barred:?} after {before:?}");
            before = barred;
        }
    }

    #[test]
    fn one_slow_window_is_an_interruption() {
        let mut play = Play::new();
        play.window(QUICK, 5 * MICRO);
        play.load.gather(play.load.rate());
        (0..4).for_each(|_| _ = play.window(QUICK / 2, Duration::ZERO));
        (0..SLOW - 1).for_each(|_| _ = play.window(MICRO, Duration::ZERO));
        assert!(play.load.is_gathered());
    }
}
