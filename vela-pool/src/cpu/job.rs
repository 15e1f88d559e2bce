//! A job: a closure beside the outcome of its task, in one allocation.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::{fmt, mem};

use parking_lot::Mutex;
use vela_core::task::{OnCancel, Work, WorkEnd};

use super::Priority;
use super::lanes::Place;
use super::shared::Shared;
use crate::ledger::{Fate, Generation};

/// What is left of a job whose result nobody wants.
pub(super) type Rest = Box<dyn Send>;

/// A job of any type.
pub(super) trait Job: fmt::Debug + Send + Sync {
    /// Runs it here, unless it was cancelled: then nothing is called. `ended` is called before those who join hear of the end, and
    /// is told whether somebody else holds the task still; it says whether the thread has other work by then. Such a thread is given
    /// the rest instead of dropping it, because the drop of a user's value may take long.
    fn run(self: Arc<Self>, ended: &mut dyn FnMut(WorkEnd, bool) -> bool) -> Option<Rest>;

    /// Nobody will run it: its closure is dropped, and its task reads as cancelled. False: it was cancelled, or has begun.
    fn abandon(&self) -> bool;

    /// It was taken out of the queue for this fate, and will be abandoned. Under the pool's lock.
    fn popped(&self, fate: Fate);

    /// It was accepted, under the pool's lock. The number is that of its place in the queue, 0 if it never was there.
    fn accepted(&self, number: u64, generation: Generation);
}

/// [`Job::abandon`], for who has nothing to do with those who join. Does not panic: what does is a waker of theirs, once the job is
/// cancelled (E3 of the task).
pub(super) fn abandon(job: &dyn Job) -> bool {
    catch_unwind(AssertUnwindSafe(|| job.abandon())).unwrap_or(true)
}

/// What a job is besides its task.
pub(super) struct Closure<F> {
    work: Mutex<Held<F>>,
    priority: Priority,
    /// Its number in the queue, and its generation. Written under the pool's lock before anybody has the task; who cancels got the
    /// task from who has put it there, so relaxed loads see them.
    number: AtomicU64,
    generation: AtomicU64,
    popped: Popped,
}

/// What a job was taken out of the queue for, if not to run. Read and written under the pool's lock; who waits for the job reads it once
/// the job has ended.
pub(super) enum Popped {
    Own(OnceLock<Fate>),
    /// Who waits for the job wants to know, too.
    Told(Arc<OnceLock<Fate>>),
}

impl Popped {
    fn fate(&self) -> &OnceLock<Fate> {
        match self {
            Self::Own(fate) => fate,
            Self::Told(fate) => fate,
        }
    }
}

/// What a job holds. It is taken by whoever runs the job or cancels it (E1 of the task: there is only one), or by who could not put
/// it into the queue. So whoever keeps the task afterwards does not keep the pool.
enum Held<F> {
    Waiting(F, Arc<Shared>),
    /// Until those who join have heard of it.
    Cancelled(Arc<Shared>),
    Nothing,
}

impl<F> Closure<F> {
    pub(super) fn new(work: F, pool: Arc<Shared>, priority: Priority, popped: Popped) -> Self {
        Self {
            work: Mutex::new(Held::Waiting(work, pool)),
            priority,
            number: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            popped,
        }
    }

    pub(super) fn take(&self) -> Option<(F, Arc<Shared>)> {
        match mem::replace(&mut *self.work.lock(), Held::Nothing) {
            Held::Waiting(work, pool) => Some((work, pool)),
            Held::Cancelled(_) | Held::Nothing => None,
        }
    }
}

/// P3: whoever cancels a job accounts for it, wherever it is.
impl<F: Send + 'static> OnCancel for Closure<F> {
    fn cancelled(&self) {
        let Some((work, pool)) = self.take() else { return };
        let place = Place { priority: self.priority, number: self.number.load(Ordering::Relaxed) };
        pool.cancelled(place, self.popped.fate());
        *self.work.lock() = Held::Cancelled(pool);
        // Outside of all locks: the user's values are dropped with it.
        drop(work);
    }

    fn settled(&self) {
        let held = mem::replace(&mut *self.work.lock(), Held::Nothing);
        if let Held::Cancelled(pool) = held {
            pool.settle(Generation(self.generation.load(Ordering::Relaxed)));
        }
    }
}

impl<F, R> Job for Work<R, Closure<F>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    fn run(self: Arc<Self>, ended: &mut dyn FnMut(WorkEnd, bool) -> bool) -> Option<Rest> {
        let work = || match self.payload().take() {
            Some((work, pool)) => {
                // Who runs it has the pool, too.
                drop(pool);
                work()
            }
            None => unreachable!("a job runs once, and not after it was cancelled"),
        };
        let mut busy = false;
        Work::run(&self, work, |end| busy = ended(end, Arc::strong_count(&self) > 1));
        if busy { Arc::into_inner(self).map(|rest| Box::new(rest) as Rest) } else { None }
    }

    fn abandon(&self) -> bool {
        Work::abandon(self)
    }

    fn popped(&self, fate: Fate) {
        self.payload().popped.fate().get_or_init(|| fate);
    }

    fn accepted(&self, number: u64, generation: Generation) {
        self.payload().number.store(number, Ordering::Relaxed);
        self.payload().generation.store(generation.0, Ordering::Relaxed);
    }
}
