//! What calls `serve` for each ticket: Rayon's threads, or, in a simulation, a task.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use vela_core::__private::seam::simulated;
use vela_core::sync::Semaphore;
use vela_core::task::{TaskBuilder, yield_now};

use super::shared::Shared;
use crate::error::BuildError;

/// The threads of a pool.
#[derive(Debug)]
pub(super) struct Threads {
    /// Started by the builder, or, for a pool that was made in a simulation, when a thread is first needed outside of it.
    rayon: OnceLock<ThreadPool>,
    count: usize,
    prefix: Box<str>,
    /// In a simulation: how many jobs may run at a time.
    free: Semaphore,
}

impl Threads {
    pub(super) fn start(count: usize, prefix: Box<str>) -> Result<Self, BuildError> {
        let threads = Self { rayon: OnceLock::new(), count, prefix, free: Semaphore::new(count) };
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
            // A job's panic does not come so far. What does is the drop of a result that nobody wants: the panic hook has told
            // of it, and Rayon would end the process.
            .panic_handler(|_| ())
            .build()
            .map_err(BuildError::new)
    }

    pub(super) fn rayon(&self) -> &ThreadPool {
        self.rayon.get_or_init(|| match self.build() {
            Ok(rayon) => rayon,
            Err(error) => panic!("vela: {error}"),
        })
    }

    /// One call of `serve` more, on some thread, before long.
    pub(super) fn issue(pool: &Arc<Shared>) {
        if simulated() {
            return Self::simulate(pool);
        }
        let ticket = Ticket(Some(Arc::clone(pool)));
        pool.threads.rayon().spawn(move || ticket.serve());
    }

    /// As a task, with a step each for what takes time on a thread: to wake up, to run the job, to go on to the next.
    fn simulate(pool: &Arc<Shared>) {
        let ticket = Ticket(Some(Arc::clone(pool)));
        let free = pool.threads.free.clone();
        let thread = TaskBuilder::new().name("thread of a pool").spawn(async move {
            let _thread = free.acquire(1).await;
            let Some(taken) = ticket.take() else { return };
            yield_now().await;
            taken.run();
            yield_now().await;
        });
        drop(thread);
    }

    /// Whether this thread runs a job of `pool`.
    pub(super) fn is_here(pool: &Arc<Shared>) -> bool {
        let here = HERE.get() == Arc::as_ptr(pool).addr();
        here || pool.threads.rayon.get().is_some_and(|rayon| rayon.current_thread_index().is_some())
    }
}

/// The right, and the duty, to serve once (P2).
struct Ticket(Option<Arc<Shared>>);

impl Ticket {
    fn serve(self) {
        if let Some(taken) = self.take() {
            taken.run();
        }
    }

    fn take(mut self) -> Option<super::shared::Taken> {
        self.0.take()?.take(true)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A simulation has dropped its task: as many jobs go as tickets do, or the last would wait for ever.
        if let Some(pool) = self.0.take() {
            drop(pool.take(true));
        }
    }
}

thread_local! {
    /// The address of the pool whose job runs on this thread.
    static HERE: Cell<usize> = const { Cell::new(0) };
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
