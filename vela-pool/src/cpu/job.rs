//! A job: a closure beside the outcome of its task, in one allocation.

use std::fmt;
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use vela_core::task::{OnCancel, Work, WorkEnd};

use super::Priority;
use super::lanes::Place;
use super::shared::Shared;

/// A job of any type.
pub(super) trait Job: fmt::Debug + Send + Sync {
    /// Runs it here, unless it was cancelled: then this is false. `ended` is called before those who join hear of the end.
    fn run(&self, ended: &mut dyn FnMut(WorkEnd)) -> bool;

    /// Nobody will run it: its closure is dropped, and its task reads as cancelled.
    fn abandon(&self);

    /// It was put into the queue under this number.
    fn queued(&self, number: u64);
}

/// What a job is besides its task.
pub(super) struct Closure<F> {
    /// Taken by whoever runs the job or cancels it (E1 of the task: there is only one), or by who could not put it into the queue.
    work: Mutex<Option<F>>,
    /// Whoever keeps the task does not keep the pool.
    pool: Weak<Shared>,
    priority: Priority,
    /// Its number in the queue; 0 before. Written under the pool's lock before anybody has the task; who cancels got the task
    /// from who has put it there, so relaxed loads see it.
    number: AtomicU64,
}

impl<F> Closure<F> {
    pub(super) fn new(work: F, pool: Weak<Shared>, priority: Priority) -> Self {
        Self { work: Mutex::new(Some(work)), pool, priority, number: AtomicU64::new(0) }
    }

    pub(super) fn take(&self) -> Option<F> {
        self.work.lock().take()
    }
}

impl<F: Send + 'static> OnCancel for Closure<F> {
    fn cancelled(&self) {
        let place = Place { priority: self.priority, number: self.number.load(Ordering::Relaxed) };
        // A pool that is gone has nothing in its queue.
        let told = self.pool.upgrade().map(|pool| pool.remove(place)).unwrap_or_default();
        // Outside of all locks: the user's values are dropped with it.
        let work = self.take();
        drop(work);
        told.tell();
    }
}

impl<F, R> Job for Work<R, Closure<F>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    fn run(&self, ended: &mut dyn FnMut(WorkEnd)) -> bool {
        let work = || match self.payload().take() {
            Some(work) => work(),
            None => unreachable!("a job runs once, and not after it was cancelled"),
        };
        Work::run(self, work, ended)
    }

    fn abandon(&self) {
        Work::abandon(self);
    }

    fn queued(&self, number: u64) {
        self.payload().number.store(number, Ordering::Relaxed);
    }
}
