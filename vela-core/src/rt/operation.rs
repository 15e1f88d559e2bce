//! What an operation is called and where the user wrote it: for reports.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::seam::{self, Operation, Subject};
use super::{charge, poll_has_budget};

/// The user's line, taken where an operation is made.
#[derive(Clone, Copy, Debug)]
pub struct Site(&'static Location<'static>);

impl Site {
    /// The line of the caller.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn here() -> Self {
        Self(Location::caller())
    }

    pub(crate) fn of(site: &'static Location<'static>) -> Self {
        Self(site)
    }

    /// One poll of an operation: asks for the budget, tells a simulation how it ended, and charges what is done.
    ///
    /// `step` polls no foreign future that is charged on its own account.
    #[inline]
    pub(crate) fn operate<R>(
        self,
        cx: &mut Context<'_>,
        name: &'static str,
        on: Subject,
        step: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        ready!(poll_has_budget(cx));
        let result = step(cx);
        self.polled(result.is_ready(), name, || on);
        if result.is_ready() {
            charge(cx);
        }
        result
    }

    /// Tells a simulation how a poll of an operation ended.
    #[inline]
    pub fn polled(self, ready: bool, name: &'static str, on: impl FnOnce() -> Subject) {
        if seam::detailed() {
            self.report(ready, name, on());
        }
    }

    #[cold]
    fn report(self, ready: bool, name: &'static str, on: Subject) {
        polled(ready, self.operation(name, on));
    }

    pub(crate) fn operation(self, name: &'static str, on: Subject) -> Operation {
        Operation { name, on, site: self.0 }
    }
}

/// As [`Site::polled`].
pub(crate) fn polled(ready: bool, operation: Operation) {
    seam::with(|executor| executor.polled(operation, ready));
}

pin_project! {
    /// An operation that is made of other futures: a future, and a source for `<-`, by value: `<-semaphore.acquire(2)`.
    ///
    /// It has a name in reports, is a yield point of a simulation, and counts in the cooperative budget.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Named<F> {
        #[pin]
        future: F,
        name: &'static str,
        site: Site,
    }
}

impl<F> fmt::Debug for Named<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Names a future.
#[track_caller]
pub fn operation<F>(name: &'static str, future: F) -> Named<F> {
    Named { future, name, site: Site::here() }
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        ready!(poll_has_budget(cx));
        let result = this.future.poll(cx);
        this.site.polled(result.is_ready(), this.name, || Subject::Other);
        if result.is_ready() {
            charge(cx);
        }
        result
    }
}
