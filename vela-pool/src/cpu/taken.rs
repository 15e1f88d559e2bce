//! A job on its way from the queue through a thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use vela_core::task::WorkEnd;

use super::job::{Job, abandon};
use super::shared::Shared;
use super::threads::{Here, Threads};
use crate::ledger::{Fate, Generation, Told};
use crate::sample::Start;

/// A thread's hand, with a job that counts as running. If it is dropped instead of run, its task reads as cancelled.
pub(super) struct Taken {
    pool: Arc<Shared>,
    /// `None` once it is run.
    job: Option<Running>,
    /// It was taken with a ticket.
    pub(super) ticket: bool,
}

/// A job that counts as running.
pub(super) struct Running {
    pub(super) job: Arc<dyn Job>,
    pub(super) generation: Generation,
    /// If its time is measured.
    pub(super) started: Option<Start>,
}

/// What follows the end of a job, in one section of the lock.
pub(super) struct Followed {
    pub(super) told: Told,
    /// The next job, and whether a place is to be given to the line.
    pub(super) next: Option<(Running, bool)>,
}

impl Taken {
    pub(super) fn new(pool: Arc<Shared>, job: Running, ticket: bool) -> Self {
        Self { pool, job: Some(job), ticket }
    }

    /// Runs the job. True: the thread has the next one in hand, because `more` has said that it would take it, and there is one.
    /// Does not panic; what the drop of a user's value or a waker has to say, the panic hook has told.
    pub(super) fn run(&mut self, more: &mut dyn FnMut() -> bool) -> bool {
        let Some(Running { job, generation, started }) = self.job.take() else { return false };
        let _here = Here::enter(&self.pool);
        let mut followed = None;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            job.run(&mut |end, wanted| {
                let fate = match end {
                    WorkEnd::Returned => Fate::Done,
                    WorkEnd::Panicked => Fate::Panicked,
                };
                // A result that nobody wants is dropped here, which may take long: then the next job is for whoever is free first.
                let more = wanted && more();
                followed.insert(self.pool.ended(generation, started, self.ticket, fate, more)).next.is_some()
            })
        }));
        let Some(Followed { told, next }) = followed else {
            // It was cancelled on its way here, and who did that settles it (P3).
            self.pool.not_run(self.ticket);
            return false;
        };
        told.tell();
        if let Ok(Some(rest)) = ran {
            Threads::run_later(&self.pool, move || drop(rest));
        }
        let Some((next, give)) = next else { return false };
        self.job = Some(next);
        if give {
            self.pool.give_place();
        }
        true
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(Running { job, .. }) = self.job.take() {
            self.pool.not_run(self.ticket);
            abandon(&*job);
        }
    }
}
