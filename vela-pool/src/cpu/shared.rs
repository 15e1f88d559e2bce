//! The engine of a CPU pool: the queue, what runs, and the tickets. The README beside this file has the protocol and the
//! invariants P1 to P5.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use vela_core::Overflow;
use vela_core::task::WorkEnd;
use vela_core::time::{Instant, timeout};

use super::Priority;
use super::job::Job;
use super::lanes::{Lanes, Place};
use super::threads::{Here, Threads};
use crate::error::SpawnErrorKind;
use crate::ledger::{Fate, Generation, Ledger, Told};
use crate::report::{self, Drops};
use crate::sample::{Samples, Start};
use crate::snapshot::{Look, Observed, PoolSnapshot};

pub(super) struct Shared {
    pub(super) name: Option<Box<str>>,
    pub(super) bound: usize,
    pub(super) overflow: Overflow,
    pub(super) threads: Threads,
    /// Free places in the queue, where the policy is to wait for one.
    pub(super) room: Option<Semaphore>,
    /// How many jobs are queued, as of the last section of the lock that changed it.
    queued: AtomicUsize,
    state: Mutex<State>,
    born: Instant,
}

struct State {
    lanes: Lanes<Entry>,
    /// Tickets that are out: as many threads serve, or will before long (P2).
    tickets: usize,
    /// How many of those run a job now, or something else.
    serving: usize,
    running: usize,
    closed: bool,
    ledger: Ledger,
    high_water: usize,
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
    told: Told,
}

impl Shared {
    pub(super) fn new(name: Option<Box<str>>, bound: usize, overflow: Overflow, threads: Threads) -> Self {
        // Who fails, tries again or drops looks at the queue itself.
        let waits = !matches!(
            overflow,
            Overflow::Reject | Overflow::DropOldest | Overflow::DropNewest | Overflow::Retry { .. }
        );
        let state = State {
            lanes: Lanes::new(),
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
        let room = waits.then(|| Semaphore::new(bound.min(Semaphore::MAX_PERMITS)));
        Self {
            name,
            bound,
            overflow,
            threads,
            room,
            queued: AtomicUsize::new(0),
            state: Mutex::new(state),
            born: Instant::now(),
        }
    }

    /// Puts a job into the queue, or what the policy does instead. Where there is a semaphore, the caller has taken a permit,
    /// which is the job's then (P1).
    ///
    /// `Err`: nothing has happened to either.
    pub(super) fn push(self: &Arc<Self>, job: Arc<dyn Job>, priority: Priority) -> Result<(), SpawnErrorKind> {
        let effects = self.state.lock().push(job, priority, self)?;
        if effects.needs_ticket {
            Threads::issue(self);
        }
        if let Some(job) = effects.dropped {
            job.abandon();
        }
        effects.told.tell();
        if let Some(jobs) = effects.to_tell {
            report::dropped(self.name.as_deref(), jobs, self.bound);
        }
        Ok(())
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

    /// Takes a cancelled job out of the queue, if it is there; who waited for it is told when the caller has dropped it.
    pub(super) fn remove(&self, place: Place) -> Told {
        let mut state = self.state.lock();
        let Some(entry) = state.lanes.remove(place) else { return Told::default() };
        self.queued.store(state.lanes.len(), Ordering::Relaxed);
        let told = state.ledger.settle(entry.generation, Fate::Cancelled);
        drop(state);
        self.free();
        told
    }

    /// The job to run next, which counts as running from now on. `ticket`: for a ticket, which is no longer out if there is none.
    pub(super) fn take(self: &Arc<Self>, ticket: bool) -> Option<Taken> {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let Some(entry) = state.lanes.pop() else {
            state.tickets -= usize::from(ticket);
            return None;
        };
        self.queued.store(state.lanes.len(), Ordering::Relaxed);
        state.running += 1;
        state.serving += usize::from(ticket);
        let now = entry.queued.map(|_| Instant::now());
        if let (Some(queued), Some(now)) = (entry.queued, now) {
            state.in_queue.end(queued, now, self.born);
        }
        let started = state.run_time.start(now);
        drop(guard);
        // First: if a waker panics that is woken for the place, the job is settled nevertheless.
        let taken = Taken { pool: Arc::clone(self), entry, started, ticket, run: false };
        self.free();
        Some(taken)
    }

    /// A job that is run at once by who submits it (P4). It counts as running from now on. `None`: the pool is closed.
    pub(super) fn begin(self: &Arc<Self>, job: Arc<dyn Job>) -> Option<Taken> {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        if state.closed {
            return None;
        }
        state.running += 1;
        let entry = Entry { generation: state.ledger.accept(), queued: None, job };
        let started = state.run_time.start(None);
        drop(guard);
        Some(Taken { pool: Arc::clone(self), entry, started, ticket: false, run: false })
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

    /// There is a place more in the queue.
    pub(super) fn free(&self) {
        if let Some(room) = &self.room {
            room.add_permits(1);
        }
    }

    /// Waits for a place in the queue, where the policy is to wait. It is the caller's then.
    pub(super) async fn wait_for_room(&self) -> Result<(), SpawnErrorKind> {
        let Some(room) = &self.room else { return Ok(()) };
        let acquired = match self.overflow {
            Overflow::Timeout(limit) => timeout(limit, room.acquire()).await.map_err(|_| SpawnErrorKind::TimedOut)?,
            _ => room.acquire().await,
        };
        acquired.map(SemaphorePermit::forget).map_err(|_| SpawnErrorKind::Closed)
    }

    pub(super) fn close(&self) -> bool {
        let was_closed = std::mem::replace(&mut self.state.lock().closed, true);
        if let Some(room) = &self.room {
            room.close();
        }
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
            self.queued.store(state.lanes.len(), Ordering::Relaxed);
            let told = state.ledger.settle(entry.generation, Fate::Cancelled);
            drop(state);
            cancelled += 1;
            entry.job.abandon();
            told.tell();
            self.free();
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
    fn push(&mut self, job: Arc<dyn Job>, priority: Priority, pool: &Shared) -> Result<Effects, SpawnErrorKind> {
        if self.closed {
            return Err(SpawnErrorKind::Closed);
        }
        let mut effects = Effects::default();
        if pool.room.is_none() && self.lanes.len() >= pool.bound {
            let dropped = match pool.overflow {
                Overflow::DropOldest => self.lanes.pop_least(priority),
                Overflow::DropNewest => None,
                _ => return Err(SpawnErrorKind::Full),
            };
            effects.to_tell = self.drops.note();
            let Some(entry) = dropped else {
                let generation = self.ledger.accept();
                effects.told = self.ledger.settle(generation, Fate::Dropped);
                effects.dropped = Some(job);
                return Ok(effects);
            };
            effects.told = self.ledger.settle(entry.generation, Fate::Dropped);
            effects.dropped = Some(entry.job);
        }
        let entry = Entry { generation: self.ledger.accept(), queued: self.in_queue.start(None), job };
        self.lanes.push(priority, |number| {
            entry.job.queued(number);
            entry
        });
        let queued = self.lanes.len();
        pool.queued.store(queued, Ordering::Relaxed);
        self.high_water = self.high_water.max(queued);
        effects.needs_ticket = self.wants_ticket(pool);
        Ok(effects)
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

/// A job that counts as running. If it is dropped instead of run, its task reads as cancelled.
pub(super) struct Taken {
    pool: Arc<Shared>,
    entry: Entry,
    started: Option<Start>,
    ticket: bool,
    run: bool,
}

impl Taken {
    pub(super) fn run(mut self) {
        self.run = true;
        let mut told = Told::default();
        let _here = Here::enter(&self.pool);
        let ran = self.entry.job.run(&mut |end| {
            let fate = match end {
                WorkEnd::Returned => Fate::Done,
                WorkEnd::Panicked => Fate::Panicked,
            };
            told = self.settle(fate);
        });
        if !ran {
            // It was cancelled while it was on its way here (P3).
            told = self.settle(Fate::Cancelled);
        }
        told.tell();
    }

    fn settle(&self, fate: Fate) -> Told {
        let mut guard = self.pool.state.lock();
        let state = &mut *guard;
        state.running -= 1;
        state.serving -= usize::from(self.ticket);
        if let Some(started) = self.started {
            state.run_time.end(started, Instant::now(), self.pool.born);
        }
        state.ledger.settle(self.entry.generation, fate)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.run {
            let told = self.settle(Fate::Cancelled);
            self.entry.job.abandon();
            told.tell();
        }
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

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
