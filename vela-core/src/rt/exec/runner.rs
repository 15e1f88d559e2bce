//! Runners: Tokio tasks that poll ours, one per worker, and more while workers block in place.
#![allow(unsafe_code)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::coop;

use super::load::{Done, Verdict};
use super::monitor;
use super::share::{Ref, Shared};
use super::slot::{Entered, NUDGES, Slot};
use super::task::{self, After, Header};

/// How long a runner polls tasks before Tokio has its turn.
const SLICE: Duration = Duration::from_micros(200);
/// How long it polls between two looks at the clock, and at least between two occasions to share.
const STEP: Duration = Duration::from_nanos(12_500);
const OCCASION: Duration = Duration::from_micros(6);
/// If Tokio's turn took longer than this, its queue is long.
const LONG_TURN: Duration = Duration::from_micros(200);
/// The injector is looked at once in so many polls,
const LOOK: u32 = 8;
/// and the clock once in so many at most; more often if polls are long.
pub(super) const ROUND: u32 = 64;
/// So many tasks behind a poll that begins are worth waking another runner for.
const CROWD: usize = 4;
/// What a task finds left of its budget, at the least.
const BUDGET: usize = 8;

pub(super) struct Runner {
    pub(super) shared: Ref,
    pub(super) index: usize,
}

/// Starts the runner of a slot, and the tasks that drive others out of Tokio's LIFO slot for it.
pub(super) fn start(handle: &Handle, shared: &Ref, index: usize) {
    handle.spawn(Runner { shared: shared.clone(), index });
    if shared.several {
        for nth in 0..NUDGES {
            let shared = shared.clone();
            handle.spawn(std::future::poll_fn(move |cx| {
                shared.slots[index].0.nudges[nth].get_or_init(|| cx.waker().clone());
                Poll::<()>::Pending
            }));
        }
    }
}

impl Runner {
    pub(super) fn slot(&self) -> &Slot {
        &self.shared.slots[self.index].0
    }
}

impl Future for Runner {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (shared, slot) = (&*self.shared, self.slot());
        slot.waker.get_or_init(|| cx.waker().clone());
        let searching = shared.idle.0.awake(self.index);
        if shared.gate.0.is_closed() {
            return Poll::Pending;
        }
        monitor::busy();
        // Tokio's LIFO slot hands on what is left of a budget: with too little of it, a fresh one is needed.
        if shared.several && !enough_budget(cx) {
            if searching {
                shared.idle.0.still_called(self.index);
            }
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let entered = Entered::new(slot);
        let mut turn = Turn::begin(shared, slot, searching);
        while let Some(task) = turn.next() {
            turn.before();
            // Each task has the whole budget: dropping this takes the budget back to what it was.
            let budget = coop::poll_proceed(cx);
            // SAFETY: popped: ACTIVE is ours.
            let after = unsafe { task::run(task, |task| slot.adopt(task)) };
            drop(budget);
            if let After::Again = after {
                slot.push(task);
            }
            match turn.after() {
                Next::Poll => {}
                Next::GiveWay => {
                    drop(entered);
                    give_way(slot, cx, turn.shared_out);
                    break;
                }
                Next::End => break,
            }
        }
        Poll::Pending
    }
}

/// One poll of a runner.
struct Turn<'a> {
    shared: &'a Shared,
    slot: &'a Slot,
    /// It was called, and has not found anything yet.
    searching: bool,
    /// Polls since the last look at the clock.
    polls: u32,
    /// Since then, the queue was empty behind a poll: perhaps a pair that takes turns.
    alone: bool,
    /// When the clock was looked at first, and last, and when `alone` was last reset.
    start: Option<Instant>,
    since: Option<Instant>,
    reset: Option<Instant>,
    /// It has called another runner.
    shared_out: bool,
}

enum Next {
    Poll,
    /// Tokio has its turn.
    GiveWay,
    /// The runtime ends.
    End,
}

impl<'a> Turn<'a> {
    fn begin(shared: &'a Shared, slot: &'a Slot, searching: bool) -> Self {
        // The clock is looked at only by a runner that has more than a round to do.
        let start = slot.gave_way.take().map(|gave_way| {
            let now = Instant::now();
            slot.crowded.set(!slot.crowded.get() && now - gave_way > LONG_TURN);
            now
        });
        slot.drain_returns();
        slot.append(shared.take(searching));
        Self { shared, slot, searching, polls: 0, alone: false, start, since: start, reset: start, shared_out: false }
    }

    /// The next task to poll. `None`: there is none, and the runner waits.
    #[inline]
    fn next(&mut self) -> Option<NonNull<Header>> {
        loop {
            if let Some(task) = self.slot.pop() {
                return Some(task);
            }
            let mut more = self.shared.take(self.searching);
            if more.len() == 0 && self.shared.several {
                more = self.shared.steal(self.slot);
            }
            if more.len() != 0 {
                self.slot.append(more);
                continue;
            }
            if std::mem::take(&mut self.searching) {
                self.shared.idle.0.searched();
            }
            // Whoever has enqueued something without seeing that this one sleeps is seen by it.
            self.slot.load.count(crate::rt::budget::take_bought());
            if self.shared.idle.0.sleep(self.slot.index, || self.shared.injected() != 0 || self.slot.len() != 0) {
                return None;
            }
        }
    }

    #[inline]
    fn before(&mut self) {
        if std::mem::take(&mut self.searching) && self.shared.idle.0.searched() && self.shared.injected() != 0 {
            self.shared.notify();
        }
        let polls = &self.slot.polls;
        // Written by this thread only, for the monitor.
        polls.store(polls.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let behind = self.slot.len();
        self.alone |= behind == 0;
        if self.since.is_none() && behind != 0 && self.shared.idle.0.any() {
            // Something waits behind the first poll: should it be a long one, this is known when it ends.
            let now = Some(Instant::now());
            (self.start, self.since, self.reset) = (now, now, now);
            self.slot.round.set(1);
            self.alone = false;
        }
        if behind >= CROWD || behind > 0 && self.slot.load.is_eager() {
            self.shared_out |= self.shared.share(self.slot, 1);
        }
    }

    #[inline]
    fn after(&mut self) -> Next {
        self.polls += 1;
        if self.polls >= self.slot.round.get() {
            match self.look() {
                Next::Poll => {}
                next => return next,
            }
        }
        // Who is on the way to the injector must not come in vain.
        if self.polls.is_multiple_of(LOOK) && self.shared.injected() != 0 && !self.shared.idle.0.is_searched() {
            self.slot.append(self.shared.take(false));
        }
        Next::Poll
    }

    /// Looks at the clock.
    fn look(&mut self) -> Next {
        if self.shared.gate.0.is_closed() {
            return Next::End;
        }
        let now = Instant::now();
        let step = now - *self.since.get_or_insert(now);
        let fit = STEP.as_nanos() as u32 * self.polls / step.as_nanos().clamp(1, 1 << 30) as u32;
        self.slot.round.set(fit.clamp(1, (2 * self.polls).min(ROUND)));
        self.polls = 0;
        self.since = Some(now);
        if self.shared.several {
            let done =
                Done { time: step, operations: crate::rt::budget::take_bought(), waited: crate::lock::take_waited() };
            if self.slot.load.add(done, now) == Verdict::Join {
                self.shared.join(self.slot);
            }
        }
        if now - *self.reset.get_or_insert(now) >= OCCASION {
            self.reset = Some(now);
            if !std::mem::take(&mut self.alone) {
                self.shared_out |= self.shared.share(self.slot, 1);
            }
        }
        if now - *self.start.get_or_insert(now) >= SLICE { Next::GiveWay } else { Next::Poll }
    }
}

/// Whether [`BUDGET`] operations are left; takes none.
fn enough_budget(cx: &mut Context<'_>) -> bool {
    let mut held = [const { None }; BUDGET];
    for place in &mut held {
        if !coop::has_budget_remaining() {
            break;
        }
        if let Poll::Ready(one) = coop::poll_proceed(cx) {
            *place = Some(one);
        }
    }
    let enough = held[BUDGET - 1].is_some();
    // Each puts back what it found: the first one last.
    for place in held.iter_mut().rev() {
        *place = None;
    }
    enough
}

/// Lets Tokio's tasks and its driver have their turn.
fn give_way(slot: &Slot, cx: &mut Context<'_>, shared_out: bool) {
    if shared_out || slot.crowded.get() {
        // To the back of Tokio's queue. Who was called is in it as well: this worker may well be the first to take it up, and
        // the one that was woken for it then finds this runner.
        cx.waker().wake_by_ref();
    } else {
        // After the queue is empty (or 61 polls of it) and the driver was asked; without waking another worker.
        let _ = pin!(tokio::task::yield_now()).poll(cx);
    }
    slot.gave_way.set(Some(Instant::now()));
}
