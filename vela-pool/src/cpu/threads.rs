//! What serves the queue: Rayon's threads, or, in a simulation, tasks.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use vela_core::__private::seam::simulated;
use vela_core::task::{TaskBuilder, yield_now};
use vela_core::time::Instant;

use super::shared::Shared;
use super::taken::Taken;
use crate::error::BuildError;

/// The threads of a pool.
#[derive(Debug)]
pub(super) struct Threads {
    /// Started by the builder, or, for a pool that was made in a simulation, when a thread is first needed outside of it.
    rayon: OnceLock<ThreadPool>,
    count: usize,
    prefix: Box<str>,
}

impl Threads {
    pub(super) fn start(count: usize, prefix: Box<str>) -> Result<Self, BuildError> {
        let threads = Self { rayon: OnceLock::new(), count, prefix };
        if !simulated() {
            let rayon = threads.build()?;
            threads.rayon.get_or_init(|| rayon);
        }
        Ok(threads)
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn build(&self) -> Result<ThreadPool, BuildError> {
        let prefix = self.prefix.clone();
        ThreadPoolBuilder::new()
            .num_threads(self.count)
            .thread_name(move |at| format!("{prefix}-{at}"))
            .build()
            .map_err(BuildError::new)
    }

    pub(super) fn rayon(&self) -> &ThreadPool {
        self.rayon.get_or_init(|| match self.build() {
            Ok(rayon) => rayon,
            Err(error) => panic!("vela: {error}"),
        })
    }

    /// One thread more that serves, before long. Its ticket is out already.
    pub(super) fn issue(pool: &Arc<Shared>) {
        let ticket = Ticket { pool: Arc::clone(pool), back: false };
        if simulated() {
            drop(TaskBuilder::new().name("thread of a pool").spawn(ticket.simulate()));
        } else {
            pool.threads.rayon().spawn(move || ticket.serve());
        }
    }

    /// For what no job waits for.
    pub(super) fn run_later(pool: &Arc<Shared>, work: impl FnOnce() + Send + 'static) {
        // Rayon ends the process at a panic; the hook has told of it.
        let work = move || drop(catch_unwind(AssertUnwindSafe(work)));
        pool.threads.rayon().spawn(work);
    }

    /// Calls `f` on a thread of Rayon's.
    pub(super) fn install<R: Send>(pool: &Arc<Shared>, f: impl FnOnce() -> R + Send) -> R {
        pool.threads.rayon().install(|| {
            let before = Installed(SERVING.replace(Serving::Job));
            if before.0 == Serving::Between {
                // It may take long, and tickets that this turn has met are of use to others.
                reissue(pool);
            }
            f()
        })
    }

    /// Whether this thread runs a job of `pool`.
    pub(super) fn is_here(pool: &Arc<Shared>) -> bool {
        let here = HERE.get() == Arc::as_ptr(pool).addr();
        here || pool.threads.rayon.get().is_some_and(|rayon| rayon.current_thread_index().is_some())
    }
}

/// How long a thread serves before Rayon has its turn: with parts of a parallel iterator that a job waits for, or an `install`.
const TURN: Duration = Duration::from_micros(100);

/// How often a thread that finds nothing to do gives way to other threads before it goes; Rayon itself does so more often before
/// it lets one sleep.
const PATIENCE: u32 = 16;

/// The right, and the duty, to run jobs until there are none (P2).
struct Ticket {
    pool: Arc<Shared>,
    /// It is not out any more.
    back: bool,
}

impl Ticket {
    /// On a thread of Rayon's, for a turn; then it is given to Rayon again, because this may be in the middle of something that waits
    /// for a part of itself, and is to go on once that is done.
    fn serve(mut self) {
        let before = SERVING.replace(Serving::Between);
        if before == Serving::Between {
            // In a turn of Rayon's, in which a part of something may wait for just this job. One, and then whose turn it is goes
            // on; for others there is a new ticket, which another thread may take (P5).
            MET.set(true);
            if self.serve_one() {
                self.back = true;
                self.pool.return_ticket();
                reissue(&self.pool);
            }
            return;
        }
        let more = if before == Serving::Job { self.serve_one() } else { self.serve_turn() };
        SERVING.set(before);
        if more {
            let pool = Arc::clone(&self.pool);
            pool.threads.rayon().spawn(move || self.serve());
        }
    }

    /// False: there was nothing to do, and the ticket is back.
    fn serve_one(&mut self) -> bool {
        let Some(mut taken) = self.take() else { return false };
        run(&mut taken, &mut || false);
        true
    }

    /// False: the ticket is back.
    fn serve_turn(&mut self) -> bool {
        let start = Instant::now();
        let mut over = false;
        while !over {
            let Some(mut taken) = self.linger() else { return false };
            while run(&mut taken, &mut || {
                over = start.elapsed() >= TURN;
                !over
            }) {}
            // A result that nobody wants was dropped after its job.
            over = over || start.elapsed() >= TURN;
        }
        give_way(&self.pool);
        true
    }

    /// The next job. Who submits many small ones is about to push it: to wait a moment for it costs less than to go and be called.
    fn linger(&mut self) -> Option<Taken> {
        for _ in 0..PATIENCE {
            if self.pool.may_have_jobs() {
                break;
            }
            std::thread::yield_now();
        }
        self.take()
    }

    /// `None`: there is none, and the ticket is back.
    fn take(&mut self) -> Option<Taken> {
        let taken = self.pool.take(true);
        self.back = taken.is_none();
        taken
    }

    /// As a task, with steps where a thread would take time: to wake up, and to run a job. Each job is a task, so that a panic is that of
    /// one job.
    async fn simulate(mut self) {
        yield_now().await;
        while let Some(taken) = self.take() {
            // In this order when a fault drops them.
            let both = (taken, self);
            let job = TaskBuilder::new().name("job of a pool").spawn(async move {
                let (mut taken, ticket) = both;
                taken.run(&mut || false);
                ticket
            });
            match job.await {
                Ok(ticket) => self = ticket,
                Err(_cancelled) => return,
            }
            yield_now().await;
        }
    }
}

/// Runs a job on a thread of Rayon's. True: the next one is in its hand.
fn run(taken: &mut Taken, more: &mut dyn FnMut() -> bool) -> bool {
    let before = SERVING.replace(Serving::Job);
    let next = taken.run(more);
    SERVING.set(before);
    next
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Only a simulation drops a ticket that is out. Without any thread, what is queued would wait for ever.
        if !self.back && !self.pool.return_ticket() {
            self.pool.cancel_queued();
        }
    }
}

/// Rayon's turn. It may hand other tickets to this thread, which are of no use here: they go back, and if another thread could use
/// them there are new ones afterwards (P5).
fn give_way(pool: &Arc<Shared>) {
    pool.away(true);
    for _ in 0..pool.threads.count() {
        MET.set(false);
        pool.threads.rayon().yield_now();
        if !MET.get() {
            break;
        }
    }
    pool.away(false);
    reissue(pool);
}

fn reissue(pool: &Arc<Shared>) {
    while pool.reissue() {
        Threads::issue(pool);
    }
}

/// What the thread did before an `install`; put back when this is dropped, also by a panic.
struct Installed(Serving);

impl Drop for Installed {
    fn drop(&mut self) {
        SERVING.set(self.0);
    }
}

/// What a thread does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Serving {
    Not,
    /// It has a ticket, and is between two jobs.
    Between,
    /// It runs a job.
    Job,
}

thread_local! {
    /// The address of the pool whose job runs on this thread.
    static HERE: Cell<usize> = const { Cell::new(0) };
    static SERVING: Cell<Serving> = const { Cell::new(Serving::Not) };
    /// A ticket has met another on this thread.
    static MET: Cell<bool> = const { Cell::new(false) };
}

/// A job of a pool runs on this thread.
pub(super) struct Here {
    before: usize,
}

impl Here {
    pub(super) fn enter(pool: &Arc<Shared>) -> Self {
        Self { before: HERE.replace(Arc::as_ptr(pool).addr()) }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        HERE.set(self.before);
    }
}
