//! When one runner is faster than two: tasks that mostly meet on the locks of the same channels.
//!
//! A channel operation costs some 10 ns where one core does both ends of it, and over 100 ns where its cache lines go back and
//! forth between two. So two runners whose tasks do little else *and* find locks taken get less done than one. Such a
//! runner brings its tasks to another that is in the same situation, which keeps them together for a while ([`Verdict`]).
//! Tasks that compute between their operations, or whose channels are their own, never come to that: the first are not
//! dense, the second do not contend. Whether it was right is measured: together they must get done what they did apart.
//!
//! Tasks can lose as much without ever meeting on a lock: what was shared out waits for the others after a few
//! microseconds, its runner sleeps, and is called again. To call it costs as much as a hundred operations. So who shares
//! out again and again keeps his tasks for a while, too ([`Load::shared_out`]), by the same measure.

use std::cell::{Cell, RefCell};
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
/// Who shares out so often in so short a time does it in vain: what is shared lasts where tasks do not wait for each other.
const IN_VAIN: u32 = 8;
const SHORT: Duration = Duration::from_millis(2);
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
    /// They are kept together because it has shared out in vain.
    vain: Cell<bool>,
    /// Channel operations so far.
    total: AtomicU64,
    /// Those of them that no window has counted.
    fresh: Cell<u32>,
    shares: RefCell<Shares>,
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

/// How often a runner has shared out lately.
#[derive(Debug, Default)]
struct Shares {
    count: u32,
    since: Option<Instant>,
    /// A bit for each runner that was called for it.
    called: u64,
    /// What each runner had done when the count began.
    before: Vec<u64>,
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

    /// Operations were done. (What is not part of a step must be counted, too, for who looks at the [`total`](Self::total).)
    pub(super) fn count(&self, operations: u32) {
        // Written by this thread only.
        self.total.store(self.total() + u64::from(operations), Ordering::Relaxed);
        self.fresh.set(self.fresh.get().saturating_add(operations));
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// It has shared out, and runner `called` was called for it; `totals`: of all runners, of which this one is `me`. The
    /// runners that it has called in vain, one bit for each; from here on its tasks stay together.
    pub(super) fn shared_out(
        &self,
        me: usize,
        called: usize,
        now: Instant,
        totals: impl Iterator<Item = u64>,
    ) -> Option<u64> {
        let mut shares = self.shares.borrow_mut();
        let since = shares.since.filter(|&since| now - since <= SHORT && !self.is_eager() && !self.is_barred(now));
        let Some(since) = since else {
            shares.before.clear();
            shares.before.extend(totals);
            (shares.count, shares.since, shares.called) = (1, Some(now), 1 << called);
            return None;
        };
        shares.count += 1;
        shares.called |= 1 << called;
        if shares.count < IN_VAIN {
            return None;
        }
        shares.since = None;
        let counts = |&(index, _): &(usize, u64)| index == me || shares.called & 1 << index != 0;
        let done = totals.zip(&shares.before).map(|(now, before)| now - before).enumerate();
        let done: u64 = done.filter(counts).map(|(_, n)| n).sum();
        self.vain.set(true);
        self.hot.store(false, Ordering::Relaxed);
        self.expected.store((done * 1_000_000 / (now - since).as_nanos().max(1) as u64).max(1), Ordering::Relaxed);
        Some(shares.called)
    }

    /// There are so many tasks now that a share of them would last.
    pub(super) fn has_plenty(&self) {
        if self.vain.take() {
            self.part();
        }
    }

    fn part(&self) {
        self.settled.set(false);
        self.expected.store(0, Ordering::Relaxed);
    }

    fn is_barred(&self, now: Instant) -> bool {
        self.barred.get().is_some_and(|barred| now < barred)
    }

    /// Adds what was done up to `now`.
    pub(super) fn add(&self, done: Done, now: Instant) -> Verdict {
        self.count(done.operations);
        let mut window = self.window.get();
        window.time += done.time;
        window.operations = window.operations.saturating_add(self.fresh.take());
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
        let hot = dense && contends && !self.is_barred(now);
        self.eager.store(!dense || !contends && SPARSE * window.operations < busy, Ordering::Relaxed);
        self.hot.store(hot, Ordering::Relaxed);
        if !hot && self.until.get().is_some_and(|until| now > until + 2 * SHORT) {
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
            self.vain.set(false);
            self.part();
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

        fn windows(&mut self, times: u32, each: Duration) {
            for _ in 0..times {
                self.window(each, Duration::ZERO);
            }
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
        // 45 of 50 µs were operations.
        assert_eq!(play.load.rate(), 45_000);
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
    fn tasks_that_compute_a_little_are_spread_unless_they_contend() {
        let each = (SPARSE + DENSE) / 2;
        let mut play = Play::new();
        assert_eq!(play.window(each, Duration::ZERO), Verdict::GoOn);
        assert!(!play.load.is_hot() && play.load.is_eager());
        assert_eq!(play.window(each, 5 * MICRO), Verdict::Join);
        assert!(play.load.is_hot() && !play.load.is_eager());
    }

    #[test]
    fn a_short_calm_does_not_make_the_next_time_shorter() {
        let mut play = Play::new();
        let mut before = 0;
        for calm in [0, 1, 2] {
            (0..calm).for_each(|_| _ = play.window(QUICK, Duration::ZERO));
            play.window(QUICK, 5 * MICRO);
            play.load.gather(play.load.rate());
            let windows = play.gathered_windows(QUICK / 2);
            assert!(windows > before, "{windows} after {before}");
            before = windows;
        }
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
        play.windows(100, QUICK);
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

    impl Play {
        /// Shares out so many times, a window after each; runner 3, which is called, does one operation to ten of this one's.
        fn shares_out(&mut self, times: u32, each: Duration) -> Option<u64> {
            let mut found = None;
            for _ in 0..times {
                self.window(each, Duration::ZERO);
                let other = self.load.total() / 10;
                // Runner 1 has its own tasks.
                let totals = [self.load.total(), 7 * self.load.total(), 0, other];
                found = self.load.shared_out(0, 3, self.now, totals.into_iter());
                if found.is_some() {
                    break;
                }
            }
            found
        }
    }

    #[test]
    fn who_shares_out_in_vain_keeps_his_tasks() {
        let mut play = Play::new();
        assert_eq!(play.shares_out(IN_VAIN - 1, QUICK), None);
        assert!(!play.load.is_gathered());
        assert_eq!(play.shares_out(1, QUICK), Some(1 << 3));
        assert!(play.load.is_gathered());
        let expected = play.load.expected.load(Ordering::Relaxed);
        assert!(
            (54_000..56_000).contains(&expected),
            "{expected} of its own 50000 and 5000 of the one that it has called"
        );
        let first = play.gathered_windows(QUICK);
        assert!(first > SLOW + 1, "it gets as much done alone");
        assert!(play.shares_out(IN_VAIN, QUICK).is_some());
        assert!(play.gathered_windows(QUICK) > first);
    }

    #[test]
    fn who_gets_less_done_alone_shares_out_again_and_is_barred() {
        let mut play = Play::new();
        assert!(play.shares_out(IN_VAIN, QUICK).is_some());
        assert_eq!(play.gathered_windows(2 * QUICK), 1 + SLOW);
        assert_eq!(play.shares_out(IN_VAIN, QUICK), None);
    }

    #[test]
    fn plenty_of_tasks_is_shared_again_unless_others_have_brought_theirs() {
        let mut play = Play::new();
        assert!(play.shares_out(IN_VAIN, QUICK).is_some());
        play.load.has_plenty();
        assert!(!play.load.is_gathered());
        play.window(QUICK, 5 * MICRO);
        play.load.gather(play.load.rate());
        play.load.has_plenty();
        assert!(play.load.is_gathered());
    }

    #[test]
    fn sharing_now_and_then_is_not_in_vain() {
        let mut play = Play::new();
        for _ in 0..10 * IN_VAIN {
            play.windows(10, QUICK);
            assert_eq!(play.shares_out(1, QUICK), None);
        }
    }

    #[test]
    fn tasks_that_compute_are_shared_out_as_often_as_it_takes() {
        let mut play = Play::new();
        assert_eq!(play.shares_out(10 * IN_VAIN, MICRO), None);
    }

    #[test]
    fn what_was_done_between_windows_counts_in_the_next() {
        let mut play = Play::new();
        play.window(MICRO, Duration::ZERO);
        assert!(play.load.is_eager());
        play.load.count(1000);
        play.window(MICRO, Duration::ZERO);
        assert!(!play.load.is_eager());
        assert_eq!(play.load.total(), 1100);
    }

    #[test]
    fn one_slow_window_is_an_interruption() {
        let mut play = Play::new();
        play.window(QUICK, 5 * MICRO);
        play.load.gather(play.load.rate());
        play.windows(4, QUICK / 2);
        play.windows(SLOW - 1, MICRO);
        assert!(play.load.is_gathered());
    }
}
