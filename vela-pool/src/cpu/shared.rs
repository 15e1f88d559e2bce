//! The engine of a CPU pool: the queue, what runs, and the tickets. The README beside this file has the protocol and the
//! invariants P1 to P5.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use vela_core::Overflow;
use vela_core::time::Instant;

use super::Priority;
use super::job::{Job, abandon};
use super::lanes::{Lanes, Place};
use super::line::{InLine, Places};
use super::taken::{Followed, Running, Taken};
use super::threads::Threads;
use crate::error::{Limit, Refusal, SpawnErrorKind};
use crate::ledger::{Fate, Generation, Ledger};
use crate::report::{self, Drops};
use crate::sample::{Samples, Start};
use crate::snapshot::{Look, Observed, PoolSnapshot};

/// In this order: the lock lies beside the counts of handles, and what a job changes beside the lock.
#[repr(C)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// How many jobs are queued, as of the last section of the lock that changed it.
    queued: AtomicUsize,
    pub(super) name: Option<Arc<str>>,
    pub(super) bound: usize,
    pub(super) overflow: Overflow,
    pub(super) threads: Threads,
    /// Where the policy is to wait for a place in the queue: a permit for each place that is given to who waits.
    pub(super) line: Option<Semaphore>,
    born: Instant,
}

#[repr(C)]
struct State {
    /// Tickets that are out: as many threads serve, or will before long (P2).
    tickets: usize,
    /// How many of those run a job now, or something else.
    serving: usize,
    running: usize,
    closed: bool,
    high_water: usize,
    places: Places,
    lanes: Lanes<Entry>,
    ledger: Ledger,
    in_queue: Samples,
    run_time: Samples,
    drops: Drops,
}

/// A job in the queue.
struct Entry {
    job: Arc<dyn Job>,
    generation: Generation,
    queued: Option<Start>,
}

/// What a push has led to, to be done once the lock is gone.
#[derive(Default)]
struct Effects {
    needs_ticket: bool,
    /// A job that the policy has dropped.
    dropped: Option<Arc<dyn Job>>,
    /// How many drops are to be reported.
    to_tell: Option<u64>,
}

impl Shared {
    pub(super) fn new(name: Option<Arc<str>>, bound: usize, overflow: Overflow, threads: Threads) -> Self {
        // Who fails, tries again or drops looks at the queue itself.
        let waits = !matches!(
            overflow,
            Overflow::Reject | Overflow::DropOldest | Overflow::DropNewest | Overflow::Retry { .. }
        );
        let state = State {
            lanes: Lanes::new(),
            places: Places::default(),
            tickets: 0,
            serving: 0,
            running: 0,
            closed: false,
            ledger: Ledger::new(),
            high_water: 0,
            in_queue: Samples::new(),
            run_time: Samples::new(),
            drops: Drops::default(),
        };
        let line = waits.then(|| Semaphore::new(0));
        Self {
            name,
            bound,
            overflow,
            threads,
            line,
            queued: AtomicUsize::new(0),
            state: Mutex::new(state),
            born: Instant::now(),
        }
    }

    /// Puts a job into the queue, or what the policy does instead. `place`: of who has waited for one.
    ///
    /// `Err`: nothing has happened, and `job`, which makes it one of any type, was not called.
    pub(super) fn push(
        self: &Arc<Self>,
        job: &mut dyn FnMut() -> Arc<dyn Job>,
        priority: Priority,
        place: Option<&mut InLine>,
    ) -> Result<(), SpawnErrorKind> {
        let effects = self.state.lock().push(job, priority, place, self)?;
        if effects.needs_ticket {
            Threads::issue(self);
        }
        if let Some(job) = effects.dropped {
            abandon(&*job);
        }
        self.report(effects.to_tell);
        Ok(())
    }

    pub(super) fn refusal(&self, kind: SpawnErrorKind) -> Refusal {
        let waits = self.line.is_some() || matches!(self.overflow, Overflow::Retry { .. });
        let limit = if waits { Limit::Queue } else { Limit::QueueWithoutWaiting };
        Refusal::new(kind, self.name.as_ref(), self.bound, limit)
    }

    /// Whether what was taken may be dropped for what comes later.
    pub(super) fn drops(&self) -> bool {
        matches!(self.overflow, Overflow::DropOldest | Overflow::DropNewest)
    }

    /// A piece of work was turned away.
    pub(super) fn refused(&self, kind: SpawnErrorKind) {
        let counts = &mut self.state.lock().ledger.counts;
        match kind {
            SpawnErrorKind::Full => counts.rejected += 1,
            SpawnErrorKind::TimedOut => counts.timeouts += 1,
            SpawnErrorKind::Closed => {}
        }
    }

    /// A job was cancelled: takes it out of the queue, if it is there. If not, it was `popped`, or a thread has taken it.
    pub(super) fn cancelled(&self, place: Place, popped: &OnceLock<Fate>) {
        let mut state = self.state.lock();
        let (mut fate, mut give) = (Fate::Cancelled, false);
        if state.lanes.remove(place).is_some() {
            give = state.popped(self);
        } else if let Some(popped) = popped.get() {
            fate = *popped;
        } else {
            state.running -= 1;
        }
        state.ledger.count(fate);
        drop(state);
        if give {
            self.give_place();
        }
    }

    /// Those who join a job that was cancelled have heard of it.
    pub(super) fn settle(&self, generation: Generation) {
        let told = self.state.lock().ledger.close(generation);
        told.tell();
    }

    /// The job to run next, which counts as running from now on. `ticket`: for a ticket, which is no longer out if there is none.
    pub(super) fn take(self: &Arc<Self>, ticket: bool) -> Option<Taken> {
        let mut state = self.state.lock();
        let next = state.begin_next(self, None);
        state.tickets -= usize::from(ticket && next.is_none());
        state.serving += usize::from(ticket && next.is_some());
        let to_tell = state.drops.rest();
        drop(state);
        self.report(to_tell);
        let (job, give) = next?;
        if give {
            self.give_place();
        }
        Some(Taken::new(Arc::clone(self), job, ticket))
    }

    /// A job has ended here. `more`: the thread would take the next one.
    pub(super) fn ended(
        &self,
        generation: Generation,
        started: Option<Start>,
        ticket: bool,
        fate: Fate,
        more: bool,
    ) -> Followed {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        state.running -= 1;
        let now = started.map(|_| Instant::now());
        if let (Some(started), Some(now)) = (started, now) {
            state.run_time.end(started, now, self.born);
        }
        let told = state.ledger.settle(generation, fate);
        let next = if more { state.begin_next(self, now) } else { None };
        state.serving -= usize::from(ticket && next.is_none());
        Followed { told, next }
    }

    /// A job that was taken is not run: whoever cancels it accounts for the rest (P3).
    pub(super) fn not_run(&self, ticket: bool) {
        self.state.lock().serving -= usize::from(ticket);
    }

    /// A job that is run at once by who submits it (P4). It counts as running from now on. `None`: the pool is closed.
    pub(super) fn begin(self: &Arc<Self>, job: &mut dyn FnMut() -> Arc<dyn Job>) -> Option<Taken> {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        if state.closed {
            return None;
        }
        state.running += 1;
        let (generation, job) = (state.ledger.accept(), job());
        job.accepted(0, generation);
        let started = state.run_time.start(None);
        drop(guard);
        Some(Taken::new(Arc::clone(self), Running { job, generation, started }, false))
    }

    /// A look without the lock.
    pub(super) fn may_have_jobs(&self) -> bool {
        // Relaxed: who acts on it takes the lock.
        self.queued.load(Ordering::Relaxed) > 0
    }

    /// A ticket is given back. False: it was the last, and there are jobs in the queue.
    pub(super) fn return_ticket(&self) -> bool {
        let mut state = self.state.lock();
        state.tickets -= 1;
        state.tickets > 0 || state.lanes.len() == 0
    }

    /// Who has a ticket does something else, which may take long, or is back from there.
    pub(super) fn away(&self, away: bool) {
        let serving = &mut self.state.lock().serving;
        *serving = if away { *serving + 1 } else { *serving - 1 };
    }

    /// Whether one ticket more would help; then it is out.
    pub(super) fn reissue(&self) -> bool {
        self.state.lock().wants_ticket(self)
    }

    /// Whether there is surely no place in the queue. It may be wrong about what others do at the same time, not about what has
    /// happened before.
    pub(super) fn looks_full(&self) -> bool {
        // Relaxed: the caller has synchronised with whatever has happened before.
        !self.drops() && self.queued.load(Ordering::Relaxed) >= self.bound
    }

    /// One more in line for a place.
    pub(super) fn join_line(&self) -> Result<(), SpawnErrorKind> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SpawnErrorKind::Closed);
        }
        let queued = state.lanes.len();
        let give = state.places.join(queued, self.bound);
        drop(state);
        if give {
            self.give_place();
        }
        Ok(())
    }

    /// One less.
    pub(super) fn leave_line(&self) {
        self.state.lock().places.leave();
    }

    /// A place is for the first in line. Wakes him: not under the lock.
    pub(super) fn give_place(&self) {
        if let Some(line) = &self.line {
            line.add_permits(1);
        }
    }

    /// Calls a subscriber of the user's: not under the lock. Does not panic: that would hit a stranger's job.
    fn report(&self, to_tell: Option<u64>) {
        if let Some(jobs) = to_tell {
            let _told = catch_unwind(AssertUnwindSafe(|| report::dropped(self.name.as_deref(), jobs, self.bound)));
        }
    }

    pub(super) fn close(&self) -> bool {
        let mut state = self.state.lock();
        let was_closed = std::mem::replace(&mut state.closed, true);
        let to_tell = state.drops.all();
        drop(state);
        if let Some(line) = &self.line {
            line.close();
        }
        self.report(to_tell);
        !was_closed
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Cancels everything that is queued: how much that was.
    pub(super) fn cancel_queued(&self) -> usize {
        let mut cancelled = 0;
        loop {
            let mut state = self.state.lock();
            let Some(entry) = state.lanes.pop() else { return cancelled };
            entry.job.popped(Fate::Cancelled);
            let give = state.popped(self);
            drop(state);
            // False: somebody has cancelled it just now, and settles it.
            cancelled += usize::from(abandon(&*entry.job));
            if give {
                self.give_place();
            }
        }
    }

    /// Waits until all that was accepted so far is settled.
    pub(super) async fn settled(&self) {
        let wait = self.state.lock().ledger.wait();
        if let Some(wait) = wait {
            // `None` if somebody's drop has panicked on the way: that is told, too.
            let _told = wait.recv().await;
        }
    }

    pub(super) fn running(&self) -> usize {
        self.state.lock().running
    }
}

impl State {
    fn push(
        &mut self,
        job: &mut dyn FnMut() -> Arc<dyn Job>,
        priority: Priority,
        place: Option<&mut InLine>,
        pool: &Shared,
    ) -> Result<Effects, SpawnErrorKind> {
        if self.closed {
            return Err(SpawnErrorKind::Closed);
        }
        let mut effects = Effects::default();
        match (&pool.line, place) {
            (Some(_), Some(place)) => {
                self.places.pushed();
                place.pushed();
            }
            (Some(line), None) if !self.places.take(self.lanes.len(), pool.bound, line) => {
                return Err(SpawnErrorKind::Full);
            }
            (None, _) if self.lanes.len() >= pool.bound => {
                let least = match pool.overflow {
                    Overflow::DropOldest => self.lanes.pop_least(priority),
                    Overflow::DropNewest => None,
                    _ => return Err(SpawnErrorKind::Full),
                };
                effects.to_tell = self.drops.note();
                let Some(entry) = least else {
                    let job = job();
                    job.accepted(0, self.ledger.accept());
                    job.popped(Fate::Dropped);
                    effects.dropped = Some(job);
                    return Ok(effects);
                };
                entry.job.popped(Fate::Dropped);
                effects.dropped = Some(entry.job);
            }
            _ => {}
        }
        let entry = Entry { generation: self.ledger.accept(), queued: self.in_queue.start(None), job: job() };
        self.lanes.push(priority, |number| {
            entry.job.accepted(number, entry.generation);
            entry
        });
        let queued = self.lanes.len();
        pool.queued.store(queued, Ordering::Relaxed);
        self.high_water = self.high_water.max(queued);
        effects.needs_ticket = self.wants_ticket(pool);
        Ok(effects)
    }

    /// A job has left the queue: whether its place is to be given to the line.
    fn popped(&mut self, pool: &Shared) -> bool {
        pool.queued.store(self.lanes.len(), Ordering::Relaxed);
        self.places.freed()
    }

    /// The job to run next, which counts as running from now on, and whether its place is to be given to the line. `now` is what the
    /// clock shows, if that is known.
    fn begin_next(&mut self, pool: &Shared, now: Option<Instant>) -> Option<(Running, bool)> {
        let entry = self.lanes.pop()?;
        let give = self.popped(pool);
        self.running += 1;
        let now = now.or_else(|| entry.queued.map(|_| Instant::now()));
        if let (Some(queued), Some(now)) = (entry.queued, now) {
            self.in_queue.end(queued, now, pool.born);
        }
        let started = self.run_time.start(now);
        Some((Running { job: entry.job, generation: entry.generation, started }, give))
    }

    /// P2. Who has a ticket and runs no job looks at the queue, under the lock, before it is back: so he comes for one of the jobs that are
    /// there. Others are for tickets that are not out yet, as long as there are threads without one.
    fn wants_ticket(&mut self, pool: &Shared) -> bool {
        let coming = self.tickets - self.serving;
        let wanted = coming < self.lanes.len() && self.tickets < pool.threads.count();
        self.tickets += usize::from(wanted);
        wanted
    }
}

impl Observed for Shared {
    fn look(&self) -> Look {
        let state = self.state.lock();
        let counts = state.ledger.counts;
        let (in_queue, run_time) = (state.in_queue.load(), state.run_time.load());
        let snapshot = PoolSnapshot {
            threads: Some(self.threads.count()),
            capacity: Some(self.bound),
            queued: state.lanes.len(),
            running: state.running,
            high_water: state.high_water,
            ..PoolSnapshot::of(self.name.as_deref(), counts)
        };
        drop(state);
        Look { snapshot, in_queue, run_time }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let to_tell = self.state.get_mut().drops.all();
        self.report(to_tell);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
