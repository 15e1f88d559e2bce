//! The engine of an IO pool: the runtime, the limit, and the account of what runs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::runtime::{Builder, EnterGuard, Runtime};
use vela_core::__private::seam::simulated;
use vela_core::sync::{Permit, Semaphore};
use vela_core::time::Instant;

use super::leash::{Leash, Met};
use crate::contained::contained;
use crate::error::{BuildError, Leftover, Limit, Refusal, SpawnErrorKind};
use crate::ledger::{Fate, Generation, Ledger};
use crate::sample::{Samples, Start};
use crate::snapshot::{Look, Observed, PoolSnapshot};

pub(super) struct Shared {
    pub(super) name: Option<Arc<str>>,
    own: Option<Own>,
    pub(super) limit: Option<(usize, Semaphore)>,
    state: Mutex<State>,
    born: Instant,
}

struct State {
    /// The futures that run; each knows its place.
    futures: Vec<Arc<Leash>>,
    /// How many closures run that block a thread.
    blocking: usize,
    closed: bool,
    /// How many futures were cancelled that a shutdown had cut while they were polled.
    cut_late: usize,
    high_water: usize,
    ledger: Ledger,
    waits: Samples,
    run_time: Samples,
}

/// A runtime of the pool's own.
pub(super) struct Own {
    /// Started by the builder, or, for a pool that was made in a simulation, when it is first needed outside of it.
    runtime: OnceLock<Runtime>,
    workers: Option<usize>,
    prefix: Box<str>,
}

impl Own {
    pub(super) fn start(workers: Option<usize>, prefix: Box<str>) -> Result<Self, BuildError> {
        let own = Self { runtime: OnceLock::new(), workers, prefix };
        if !simulated() {
            let runtime = own.build()?;
            own.runtime.get_or_init(|| runtime);
        }
        Ok(own)
    }

    fn build(&self) -> Result<Runtime, BuildError> {
        let mut builder = Builder::new_multi_thread();
        if let Some(workers) = self.workers {
            builder.worker_threads(workers);
        }
        builder.thread_name(&*self.prefix).enable_all().build().map_err(BuildError::new)
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.get_or_init(|| match self.build() {
            Ok(runtime) => runtime,
            Err(error) => panic!("vela: {error}"),
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last handle may be dropped by a worker of any runtime, this one too, where nobody may wait.
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    pub(super) fn new(name: Option<Arc<str>>, own: Option<Own>, limit: Option<usize>) -> Self {
        let state = State {
            futures: Vec::new(),
            blocking: 0,
            closed: false,
            cut_late: 0,
            high_water: 0,
            ledger: Ledger::new(),
            waits: Samples::new(),
            run_time: Samples::new(),
        };
        Self {
            name,
            own,
            limit: limit.map(|limit| (limit, Semaphore::new(limit))),
            state: Mutex::new(state),
            born: Instant::now(),
        }
    }

    /// Makes the pool's runtime the current one, where it has one and that makes sense.
    pub(super) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.own.as_ref().filter(|_| !simulated()).map(|own| own.runtime().enter())
    }

    pub(super) fn refusal(&self, kind: SpawnErrorKind) -> Refusal {
        let bound = self.limit.as_ref().map_or(usize::MAX, |(limit, _)| *limit);
        Refusal::new(kind, self.name.as_ref(), bound, Limit::Running)
    }

    /// Waits for leave to run one more. `None`: there is no limit.
    pub(super) async fn wait_for_leave(&self) -> Result<Option<Permit>, SpawnErrorKind> {
        let Some((_, limit)) = &self.limit else { return Ok(None) };
        let start = self.state.lock().waits.start(None);
        let permit = contained(limit.acquire(1)).await.map_err(|_| SpawnErrorKind::Closed)?;
        if let Some(start) = start {
            self.state.lock().waits.end(start, Instant::now(), self.born);
        }
        Ok(Some(permit))
    }

    /// Leave to run one more, if there is no need to wait for it.
    pub(super) fn leave_now(&self) -> Result<Option<Permit>, SpawnErrorKind> {
        use vela_core::sync::TryAcquireError;
        let Some((_, limit)) = &self.limit else { return Ok(None) };
        match limit.try_acquire(1) {
            Ok(permit) => Ok(Some(permit)),
            Err(TryAcquireError::TooFew) => {
                self.state.lock().ledger.counts.rejected += 1;
                Err(SpawnErrorKind::Full)
            }
            Err(TryAcquireError::Closed) => Err(SpawnErrorKind::Closed),
        }
    }

    /// One piece of work more runs until the result is dropped: a future, or a closure that blocks.
    pub(super) fn accept(self: &Arc<Self>, permit: Option<Permit>, blocking: bool) -> Result<Open, SpawnErrorKind> {
        let leash = (!blocking).then(Arc::<Leash>::default);
        let mut guard = self.state.lock();
        let state = &mut *guard;
        if state.closed {
            return Err(SpawnErrorKind::Closed);
        }
        match &leash {
            Some(leash) => {
                leash.set_place(state.futures.len());
                state.futures.push(Arc::clone(leash));
            }
            None => state.blocking += 1,
        }
        state.high_water = state.high_water.max(state.running());
        let (generation, start) = (state.ledger.accept(), state.run_time.start(None));
        drop(guard);
        Ok(Open { pool: Arc::clone(self), generation, start, _permit: permit, leash, returned: false })
    }

    pub(super) fn close(&self) -> bool {
        let was_closed = std::mem::replace(&mut self.state.lock().closed, true);
        if let Some((_, limit)) = &self.limit {
            limit.close();
        }
        !was_closed
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Stops the futures of a closed pool: what that has cancelled, and what runs on, for a while at least.
    pub(super) fn cut(&self) -> Cut {
        let state = self.state.lock();
        let mut idle = Vec::new();
        for leash in &state.futures {
            if leash.cut() == Met::Idle {
                idle.push(Arc::clone(leash));
            }
        }
        let cut = Cut { cancelled: idle.len(), running: state.at_work(), before: state.cut_late };
        drop(state);
        for leash in idle {
            leash.cancel();
        }
        cut
    }

    /// What has become by now of what was cut.
    pub(super) fn after(&self, cut: &Cut) -> Leftover {
        let state = self.state.lock();
        Leftover { cancelled: cut.cancelled + state.cut_late - cut.before, running: state.at_work() }
    }

    /// Waits until all that was accepted so far is settled.
    pub(super) async fn settled(&self) {
        let wait = self.state.lock().ledger.wait();
        if let Some(wait) = wait {
            let _told = wait.recv().await;
        }
    }
}

/// What a cut has led to.
#[derive(Debug)]
pub(super) struct Cut {
    cancelled: usize,
    running: usize,
    /// How many had been cut late before.
    before: usize,
}

impl Cut {
    pub(super) fn leftover(&self) -> Leftover {
        Leftover { cancelled: self.cancelled, running: self.running }
    }
}

impl State {
    fn running(&self) -> usize {
        self.futures.len() + self.blocking
    }

    /// As `running`, without futures that are over, though their tasks may be there for a moment still.
    fn at_work(&self) -> usize {
        self.futures.iter().filter(|leash| !leash.is_over()).count() + self.blocking
    }

    /// A future has ended. Its leash is not to be dropped under the lock: with it goes a handle of its task.
    fn remove(&mut self, leash: &Leash) -> Arc<Leash> {
        let removed = self.futures.swap_remove(leash.place());
        if let Some(moved) = self.futures.get(leash.place()) {
            moved.set_place(leash.place());
        }
        removed
    }
}

/// A piece of work that was accepted. It lies in its future, and ends with it.
pub(super) struct Open {
    pool: Arc<Shared>,
    generation: Generation,
    start: Option<Start>,
    _permit: Option<Permit>,
    /// `None`: it is a closure that blocks.
    leash: Option<Arc<Leash>>,
    returned: bool,
}

impl Open {
    pub(super) fn pool(&self) -> &Arc<Shared> {
        &self.pool
    }

    /// Of a future.
    pub(super) fn leash(&self) -> Arc<Leash> {
        self.leash.clone().unwrap_or_default()
    }

    /// It has returned.
    pub(super) fn returned(mut self) {
        self.returned = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let fate = match self.returned {
            true => Fate::Done,
            // A poll unwinds through the future that this lies in.
            false if std::thread::panicking() => Fate::Panicked,
            false => Fate::Cancelled,
        };
        let mut guard = self.pool.state.lock();
        let state = &mut *guard;
        let leash = self.leash.as_deref().map(|leash| state.remove(leash));
        state.blocking -= usize::from(leash.is_none());
        if fate == Fate::Cancelled && leash.as_ref().is_some_and(|leash| leash.was_cut_late()) {
            state.cut_late += 1;
        }
        if let Some(start) = self.start {
            state.run_time.end(start, Instant::now(), self.pool.born);
        }
        let told = state.ledger.settle(self.generation, fate);
        drop(guard);
        told.tell();
    }
}

impl Observed for Shared {
    fn look(&self) -> Look {
        let state = self.state.lock();
        let (in_queue, run_time) = (state.waits.load(), state.run_time.load());
        let snapshot = PoolSnapshot {
            threads: self.own.as_ref().and_then(|own| own.workers),
            capacity: self.limit.as_ref().map(|(limit, _)| *limit),
            running: state.running(),
            high_water: state.high_water,
            ..PoolSnapshot::of(self.name.as_deref(), state.ledger.counts)
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
